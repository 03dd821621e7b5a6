//! Hours of operation: when a queue is open, by the clocks of its time zone.

use crate::time::Time;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::ops::Range;

const DAY: u32 = 24 * 60;

/// Open at these times of each day. Summer time comes and goes by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    zone: TimeZone,
    /// Minutes of the day from Monday to Sunday, each range up to its end, which is not open any more.
    week: [Vec<Range<u32>>; 7],
}

impl Hours {
    /// Closed on every day, in the time zone of this name: `Europe/Berlin`, `UTC`.
    #[must_use]
    pub fn closed(zone: &str) -> Option<Hours> {
        let zone = TimeZoneDatabase::bundled().get(zone).ok()?;
        Some(Hours { zone, week: <[Vec<Range<u32>>; 7]>::default() })
    }

    /// Open at any time.
    #[must_use]
    pub fn always() -> Hours {
        Hours { zone: TimeZone::UTC, week: std::array::from_fn(|_| std::iter::once(0..DAY).collect()) }
    }

    /// Opens on a day, Monday being 0: `09:00-17:00`, `00:00-24:00`. Says whether it could be understood.
    pub fn open(&mut self, day: usize, hours: &str) -> bool {
        let range = hours.split_once('-').and_then(|(from, to)| Some(minutes(from.trim())?..minutes(to.trim())?));
        match (self.week.get_mut(day), range) {
            (Some(day), Some(range)) if !range.is_empty() => {
                day.push(range);
                true
            }
            _ => false,
        }
    }

    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        let Ok(now) = i64::try_from(now.micros()).map(Timestamp::from_microsecond) else { return false };
        let Ok(local) = now.map(|now| self.zone.to_datetime(now)) else { return false };
        let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
        let minute = u32::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or_default();
        self.week.get(day).is_some_and(|ranges| ranges.iter().any(|range| range.contains(&minute)))
    }
}

/// `09:30` as minutes of the day; `24:00` is its end.
fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.chars().all(|c| c.is_ascii_digit());
    let (hour, minute) = (digits(hour) && digits(minute)).then_some((hour, minute))?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_in_its_own_time_zone() {
        let mut office = Hours::closed("Europe/Berlin").unwrap();
        for day in 0..5 {
            assert!(office.open(day, "09:00-12:00") && office.open(day, "13:00 - 17:30"));
        }
        assert!(office.open(6, "22:00-24:00"));
        for (seconds, what, open) in [
            (1_795_420_799, "Monday, 23 November 2026, 08:59:59", false),
            (1_795_420_800, "09:00", true),
            (1_795_431_600, "12:00", false),
            (1_795_435_200, "13:00", true),
            (1_795_451_399, "17:29:59", true),
            (1_795_451_400, "17:30", false),
            (1_795_381_200, "Sunday, 22:00", true),
            (1_795_388_399, "Sunday, 23:59:59", true),
            (1_795_388_400, "Monday, 00:00", false),
            (1_795_249_800, "Saturday, 09:30", false),
            // The clocks went back on 25 October: the day before, 09:00 was an hour earlier in UTC.
            (1_792_738_799, "Friday, 23 October 2026, 08:59:59 in summer time", false),
            (1_792_738_800, "09:00 in summer time", true),
            (1_793_001_600, "Monday, 26 October 2026, 09:00", true),
            (1_793_001_599, "Monday, 26 October 2026, 08:59:59", false),
        ] {
            assert_eq!(office.is_open(Time::from_micros(seconds * 1_000_000)), open, "{what}");
        }
    }

    #[test]
    fn the_same_moment_elsewhere() {
        // 2026-11-22 16:00 UTC.
        let now = Time::from_micros(1_795_363_200_000_000);
        for (zone, hours, open) in [
            ("UTC", "16:00-16:01", true),
            ("America/New_York", "11:00-11:01", true),
            ("Asia/Kolkata", "21:30-21:31", true),
            ("Pacific/Auckland", "05:00-05:01", false),
        ] {
            let mut sunday = Hours::closed(zone).unwrap();
            assert!(sunday.open(6, hours));
            assert_eq!(sunday.is_open(now), open, "{zone}");
        }
        assert!(Hours::always().is_open(now) && Hours::always().is_open(Time::default()));
        assert!(!Hours::closed("UTC").unwrap().is_open(now));
        assert!(!Hours::always().is_open(Time::NEVER));
        assert!(Hours::closed("Europe/Atlantis").is_none());
    }

    #[test]
    fn what_are_no_hours() {
        let mut hours = Hours::closed("UTC").unwrap();
        for text in ["", "09:00", "9:00-17:00", "09:00-25:00", "09:60-10:00", "17:00-09:00", "09:00-09:00", "a-b", "-"]
        {
            assert!(!hours.open(0, text), "{text}");
        }
        assert!(!hours.open(7, "09:00-17:00"));
    }
}
