//! How much of something each of many may have in a time: token buckets in bounded memory.

use crate::limits::Pace;
use crate::time::{Duration, Time};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

impl Pace {
    /// How far ahead of its time a key may be before it has to wait.
    fn room(self) -> Duration {
        self.every * self.burst.saturating_sub(1)
    }

    /// Takes one at a time that stands for a bucket: the moment at which the bucket will be full again.
    fn take(self, now: Time, full: &mut Time) -> Result<(), Duration> {
        let wait = full.since(now).saturating_sub(self.room());
        if wait > Duration::ZERO {
            return Err(wait);
        }
        *full = (*full).max(now) + self.every;
        Ok(())
    }
}

/// A bucket for each key. A full bucket is as good as none, so only those that were drawn from take memory; when there are
/// too many of them, those who come then share one.
#[derive(Clone, Debug)]
pub struct Rations<K> {
    most: usize,
    /// When each bucket will be full again.
    full: BTreeMap<K, Time>,
    others: Time,
    swept: Time,
}

/// How often the full buckets are looked for when there is no room: a walk over all of them.
const SWEEP: Duration = Duration::from_secs(1);

impl<K: Ord> Rations<K> {
    #[must_use]
    pub fn new(most: usize) -> Self {
        let never = Time::from_micros(0);
        Rations { most, full: BTreeMap::new(), others: never, swept: never }
    }

    /// Takes one.
    /// # Errors
    /// How long to wait until there is one.
    pub fn take(&mut self, now: Time, key: K, pace: Pace) -> Result<(), Duration> {
        if let Some(full) = self.full.get_mut(&key) {
            return pace.take(now, full);
        }
        if self.full.len() >= self.most && now.since(self.swept) >= SWEEP {
            self.swept = now;
            self.full.retain(|_, full| *full > now);
        }
        if self.full.len() >= self.most {
            return pace.take(now, &mut self.others);
        }
        let mut full = now;
        let taken = pace.take(now, &mut full);
        self.full.insert(key, full);
        taken
    }

    /// Whether there is one to take.
    /// # Errors
    /// How long to wait until there is.
    pub fn ask(&self, now: Time, key: &K, pace: Pace) -> Result<(), Duration> {
        let mut full = match self.full.get(key) {
            Some(full) => *full,
            None if self.full.len() >= self.most => self.others,
            None => now,
        };
        pace.take(now, &mut full)
    }

    /// Gives a key all of its ration back.
    pub fn refill(&mut self, key: &K) {
        self.full.remove(key);
    }

    /// Buckets that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full.is_empty()
    }
}

/// Whose ration an address draws from. A host of IPv6 has a whole /64 to choose its addresses from.
#[must_use]
pub fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Time {
        Time::from_micros(1_000_000) + Duration::from_millis(ms)
    }

    const PACE: Pace = Pace { burst: 3, every: Duration::from_millis(100) };

    #[test]
    fn a_burst_and_then_one_at_a_time() {
        let mut rations = Rations::new(10);
        for (at, wait) in [
            (0, None),
            (0, None),
            (0, None),
            (0, Some(100)),
            (60, Some(40)),
            (100, None),
            (100, Some(100)),
            // Who has waited long has a burst again, and no more.
            (10_000, None),
            (10_000, None),
            (10_000, None),
            (10_000, Some(100)),
        ] {
            let wanted = wait.map_or(Ok(()), |wait| Err(Duration::from_millis(wait)));
            assert_eq!(rations.ask(ms(at), &"a", PACE), wanted, "at {at}");
            assert_eq!(rations.take(ms(at), "a", PACE), wanted, "at {at}");
        }
        assert_eq!(rations.take(ms(10_000), "b", PACE), Ok(()), "another has its own");
        rations.refill(&"a");
        assert_eq!(rations.take(ms(10_000), "a", PACE), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_who_comes_too_late_shares() {
        let mut rations = Rations::new(100);
        for key in 0..100 {
            rations.take(ms(0), key, PACE).unwrap();
        }
        let passed = (100..1_000).filter(|key| rations.take(ms(0), *key, PACE).is_ok()).count();
        assert_eq!((passed, rations.len()), (3, 100), "all of the others together");
        assert!(rations.ask(ms(0), &5_000, PACE).is_err());
        assert!(rations.take(ms(0), 7, PACE).is_ok(), "who was there before keeps what is his");
        // Once their buckets are full again they give way.
        assert!(rations.take(ms(2_000), 5_000, PACE).is_ok());
        assert_eq!(rations.len(), 1);
    }

    #[test]
    fn a_source_is_a_host() {
        for (ip, wanted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(source(ip.parse().unwrap()).to_string(), wanted);
        }
    }
}
