//! RTP port numbers: taken in random order, not reused while a late packet for the last call may still come.

use crate::ids::Mint;
use crate::time::{Duration, Time};
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// A stranger cannot guess the next one, and packets of a call that ended find nobody.
const QUARANTINE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Ports {
    free: VecDeque<(Time, u16)>,
}

impl Ports {
    /// Even numbers of the range whose odd neighbour, for RTCP, lies in it too (RFC 3550 section 11).
    #[must_use]
    pub fn new(range: &RangeInclusive<u16>, mint: &mut Mint) -> Self {
        let mut numbers: Vec<u16> = range.clone().filter(|p| p % 2 == 0 && *p < *range.end()).collect();
        for at in (1..numbers.len()).rev() {
            let other = usize::try_from(mint.below(at as u64 + 1)).unwrap_or(0);
            numbers.swap(at, other);
        }
        Ports { free: numbers.into_iter().map(|p| (Time::default(), p)).collect() }
    }

    /// The number free the longest; one of the last two seconds only when there is no other.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front().map(|(_, port)| port)
    }

    pub fn release(&mut self, now: Time, port: u16) {
        self.free.push_back((now + QUARANTINE, port));
    }

    #[must_use]
    pub fn free(&self) -> usize {
        self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_random_and_come_back_last() {
        let mut ports = Ports::new(&(100..=109), &mut Mint::new(1));
        let all: Vec<u16> = std::iter::from_fn(|| ports.take()).collect();
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|p| p % 2 == 0));
        assert_ne!(all, [100, 102, 104, 106, 108]);
        ports.release(Time::default(), 104);
        ports.release(Time::default(), 100);
        assert_eq!((ports.take(), ports.take(), ports.take()), (Some(104), Some(100), None));
    }

    #[test]
    fn a_lone_last_port_has_no_room_for_rtcp() {
        assert_eq!(Ports::new(&(100..=100), &mut Mint::new(1)).free(), 0);
    }
}
