//! RTP port numbers: taken at random, not reused while a late packet for the last call may still come.

use crate::ids::Mint;
use crate::time::{Duration, Time};
use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

/// A stranger cannot guess the next one, and packets of a call that ended find nobody.
const QUARANTINE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Ports {
    mint: Mint,
    free: Vec<u16>,
    /// Given back lately, and until when they rest, the longest first.
    resting: VecDeque<(Time, u16)>,
    taken: BTreeSet<u16>,
}

impl Ports {
    /// Even numbers of the range whose odd neighbour, for RTCP, lies in it too (RFC 3550 section 11).
    #[must_use]
    pub fn new(range: &RangeInclusive<u16>, mint: &mut Mint) -> Self {
        let free = range.clone().filter(|p| p % 2 == 0 && *p < *range.end()).collect();
        Ports { mint: mint.branch(), free, resting: VecDeque::new(), taken: BTreeSet::new() }
    }

    /// Any that has rested; of those that have not, the one given back first, and only when there is no other.
    pub fn take(&mut self, now: Time) -> Option<u16> {
        while let Some((_, number)) = self.resting.pop_front_if(|(until, _)| *until <= now) {
            self.free.push(number);
        }
        let number = if self.free.is_empty() {
            self.resting.pop_front()?.1
        } else {
            let at = self.mint.below(self.free.len() as u64);
            self.free.swap_remove(usize::try_from(at).unwrap_or(0))
        };
        self.taken.insert(number);
        Some(number)
    }

    pub fn release(&mut self, now: Time, number: u16) {
        self.taken.remove(&number);
        self.resting.push_back((now + QUARANTINE, number));
    }

    /// Somebody else on this host has it: it is not taken again.
    pub fn give_up(&mut self, number: u16) {
        self.taken.remove(&number);
    }

    /// Whether this is a port of ours, for RTP or for RTCP.
    #[must_use]
    pub fn is_ours(&self, number: u16) -> bool {
        self.taken.contains(&(number & !1))
    }

    #[must_use]
    pub fn free(&self) -> usize {
        self.free.len() + self.resting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Time {
        Time::from_micros(n * 1_000_000)
    }

    #[test]
    fn numbers_are_even_and_at_random() {
        let mut ports = Ports::new(&(100..=109), &mut Mint::new(1));
        let all: Vec<u16> = std::iter::from_fn(|| ports.take(secs(0))).collect();
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|p| p % 2 == 0));
        assert_ne!(all, [100, 102, 104, 106, 108]);
        assert_eq!(ports.free(), 0);
    }

    #[test]
    fn a_number_rests_for_two_seconds_while_there_is_another() {
        let mut ports = Ports::new(&(100..=107), &mut Mint::new(1));
        let all: Vec<u16> = std::iter::from_fn(|| ports.take(secs(0))).collect();
        for (at, number) in all.iter().enumerate() {
            ports.release(secs(at as u64), *number);
        }
        // The first two have rested by now; then those that have not, in the order in which they were given back.
        let mut rested: Vec<_> = (0..2).filter_map(|_| ports.take(secs(3))).collect();
        rested.sort_unstable();
        let mut expected = all[..2].to_vec();
        expected.sort_unstable();
        assert_eq!(rested, expected);
        assert_eq!((ports.take(secs(3)), ports.take(secs(3)), ports.take(secs(3))), (Some(all[2]), Some(all[3]), None));
    }

    #[test]
    fn both_of_a_pair_are_ours_until_it_is_given_back() {
        let mut ports = Ports::new(&(100..=101), &mut Mint::new(1));
        assert!(!ports.is_ours(100));
        assert_eq!(ports.take(secs(0)), Some(100));
        assert_eq!((ports.is_ours(100), ports.is_ours(101), ports.is_ours(102)), (true, true, false));
        ports.release(secs(0), 100);
        assert!(!ports.is_ours(101));
        assert_eq!(ports.take(secs(0)), Some(100));
        ports.give_up(100);
        assert_eq!((ports.is_ours(100), ports.take(secs(9))), (false, None));
    }

    #[test]
    fn a_lone_last_port_has_no_room_for_rtcp() {
        assert_eq!(Ports::new(&(100..=100), &mut Mint::new(1)).free(), 0);
    }
}
