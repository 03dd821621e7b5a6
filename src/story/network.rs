//! A network in virtual time: datagrams with a delay, some lost, repeated or overtaken, all of it from one seed.

use super::script::Network;
use crate::ids::Mint;
use crate::time::{Duration, Time};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    pub is_sip: bool,
}

/// A datagram that is overtaken is this much later.
const OVERTAKEN: Duration = Duration::from_millis(45);

#[derive(Clone, Debug)]
pub struct Wires {
    network: Network,
    mint: Mint,
    under_way: BTreeMap<(Time, u64), Parcel>,
    count: u64,
}

impl Wires {
    #[must_use]
    pub fn new(network: Network, seed: u64) -> Wires {
        Wires { network, mint: Mint::new(seed), under_way: BTreeMap::new(), count: 0 }
    }

    pub fn send(&mut self, now: Time, parcel: Parcel) {
        if self.happens(self.network.loses) {
            return;
        }
        let mut at = now + self.network.delay;
        if self.happens(self.network.reorders) {
            at += OVERTAKEN;
        }
        if self.happens(self.network.repeats) {
            self.put(at + Duration::from_millis(1), parcel.clone());
        }
        self.put(at, parcel);
    }

    fn put(&mut self, at: Time, parcel: Parcel) {
        self.count += 1;
        self.under_way.insert((at, self.count), parcel);
    }

    /// A kind network draws nothing, so that its stories do not depend on the seed.
    fn happens(&mut self, share: u8) -> bool {
        share > 0 && self.mint.below(100) < u64::from(share)
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// The next datagram that has arrived by now.
    pub fn arrived(&mut self, now: Time) -> Option<Parcel> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(n: u8) -> Parcel {
        let address = "127.0.0.1:5060".parse().unwrap();
        Parcel { from: address, to: address, bytes: vec![n], is_sip: true }
    }

    #[test]
    fn a_kind_network_keeps_order_and_loses_nothing() {
        let mut wires = Wires::new(Network::default(), 1);
        let now = Time::from_micros(1_000_000);
        (0..50).for_each(|n| wires.send(now, parcel(n)));
        assert!(wires.arrived(now).is_none());
        let later = wires.deadline().unwrap();
        let came: Vec<u8> = std::iter::from_fn(|| wires.arrived(later)).flat_map(|p| p.bytes).collect();
        assert_eq!(came, (0..50).collect::<Vec<u8>>());
    }

    #[test]
    fn an_unkind_one_does_as_much_as_it_was_told() {
        let network = Network { loses: 10, repeats: 10, reorders: 10, ..Network::default() };
        let mut wires = Wires::new(network, 7);
        (0..1000).for_each(|n| wires.send(Time::from_micros(n * 1000), parcel(0)));
        let came = std::iter::from_fn(|| wires.arrived(Time::NEVER)).count();
        assert!((930..1070).contains(&came), "{came}");
    }
}
