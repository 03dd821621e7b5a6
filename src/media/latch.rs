//! From where a port takes packets, and where it sends them: symmetric RTP that no stranger can move.

use crate::time::{Duration, Time};
use std::net::SocketAddr;

/// After a phone has told a new address, packets from its old one are still under way.
const UNDER_WAY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default)]
pub(super) struct Latch {
    /// What the SDP says.
    expected: Option<SocketAddr>,
    symmetric: bool,
    /// Settled by the first valid packet, and by nothing after it.
    settled: Option<SocketAddr>,
    /// Where it was before, and until when that still counts.
    former: Option<(SocketAddr, Time)>,
}

impl Latch {
    pub fn expect(&mut self, now: Time, remote: Option<SocketAddr>, symmetric: bool) {
        self.symmetric = symmetric;
        if remote == self.expected {
            return;
        }
        self.expected = remote;
        if let Some(before) = self.settled.take() {
            if Some(before) == remote {
                self.settled = remote;
            } else {
                self.former = Some((before, now + UNDER_WAY));
            }
        }
    }

    /// Whether a packet from there counts; a `valid` one settles the address.
    pub fn admits(&mut self, now: Time, from: SocketAddr, valid: bool) -> bool {
        if let Some(settled) = self.settled {
            return same(settled, from);
        }
        let Some(expected) = self.expected else { return false };
        if same(expected, from) {
            if valid {
                self.settled = Some(expected);
            }
            return true;
        }
        if self.former.is_some_and(|(former, until)| same(former, from) && now < until) {
            return true;
        }
        if self.symmetric && valid {
            self.settled = Some(from);
            return true;
        }
        false
    }

    /// RTCP comes from the same host; its port is anybody's guess behind a NAT.
    pub fn knows(&self, host: SocketAddr) -> bool {
        self.target().is_some_and(|target| target.ip().to_canonical() == host.ip().to_canonical())
    }

    /// Where packets go. Nowhere before the SDP says so, nor to the address that once meant hold (RFC 2543).
    pub fn target(&self) -> Option<SocketAddr> {
        self.settled.or(self.expected).filter(|to| !to.ip().is_unspecified() && to.port() != 0)
    }

    /// Whether packets go elsewhere than the SDP says.
    pub fn moved(&self) -> bool {
        self.settled.is_some() && self.settled != self.expected
    }
}

/// An IPv4 address may come in IPv6 clothes.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn secs(n: u64) -> Time {
        Time::from_micros(n * 1_000_000)
    }

    #[test]
    fn the_first_valid_packet_settles_the_address() {
        for (case, symmetric, packets, target) in [
            ("as the SDP says", true, vec![(1, true, true), (2, true, false)], 1),
            ("behind a NAT", true, vec![(2, true, true), (1, true, false), (3, true, false)], 2),
            ("an unknown payload type does not move it", true, vec![(2, false, false), (1, true, true)], 1),
            ("not symmetric", false, vec![(2, true, false), (1, true, true)], 1),
        ] {
            let mut latch = Latch::default();
            latch.expect(secs(0), Some(at(1)), symmetric);
            for (from, valid, admitted) in packets {
                assert_eq!(latch.admits(secs(1), at(from), valid), admitted, "{case}: {from}");
            }
            assert_eq!(latch.target(), Some(at(target)), "{case}");
        }
    }

    #[test]
    fn a_new_address_begins_anew_and_the_old_one_does_not_take_it_back() {
        let mut latch = Latch::default();
        latch.expect(secs(0), Some(at(1)), true);
        assert!(latch.admits(secs(0), at(1), true));
        latch.expect(secs(1), Some(at(2)), true);
        assert!(latch.admits(secs(1), at(1), true), "under way");
        assert_eq!(latch.target(), Some(at(2)));
        assert!(latch.admits(secs(1), at(2), true));
        assert!(!latch.admits(secs(1), at(1), true));
        latch.expect(secs(3), Some(at(2)), true);
        assert!(!latch.admits(secs(3), at(9), true), "the same wish again opens nothing");
    }

    #[test]
    fn nothing_is_sent_nowhere() {
        let mut latch = Latch::default();
        assert!(!latch.admits(secs(0), at(1), true));
        for remote in [None, Some(SocketAddr::from(([0, 0, 0, 0], 5004))), Some(at(0))] {
            latch.expect(secs(0), remote, true);
            assert_eq!(latch.target(), None, "{remote:?}");
        }
    }
}
