//! Whether one address of a trunk is there: asked by OPTIONS, and learned from calls.

use crate::limits::{PROBE_DOWN, PROBE_SILENT, REST, RETRY_AFTER};
use crate::sip::Status;
use crate::time::{Duration, Time, earliest};

/// ```text
///              any answer but 503, a call that is heard of
///   Unknown ----------------------------------------------> Up
///      |  ^                                                 ^ |
///      |  | not probed: rest is over             any answer | | 503 with Retry-After, silence,
///      v  |                                                 | v no connection
///      Down <---------------------------------------------- Down
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    #[default]
    Unknown,
    Up,
    Down,
}

impl State {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Unknown => "unknown",
            State::Up => "up",
            State::Down => "down",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Health {
    pub state: State,
    /// It has asked to be left alone until then (RFC 3261 section 21.5.4).
    spared: Option<Time>,
    /// How often it is asked; `None`: never.
    every: Option<Duration>,
    probe: Probe,
}

#[derive(Clone, Copy, Debug)]
enum Probe {
    /// Due then. A host that is never asked is thought of anew then, if it is down.
    Due(Time),
    /// On its way since.
    Asked(Time),
}

impl Health {
    pub fn new(now: Time, every: Option<Duration>) -> Health {
        Health { state: State::Unknown, spared: None, every, probe: Probe::Due(now) }
    }

    /// Whether a call may go there.
    pub fn is_usable(&self, now: Time) -> bool {
        self.state != State::Down && self.spared.is_none_or(|until| until <= now)
    }

    pub fn deadline(&self) -> Option<Time> {
        match self.probe {
            Probe::Asked(since) => (self.state != State::Down).then(|| since + PROBE_SILENT),
            Probe::Due(at) if self.every.is_some() || self.state == State::Down => {
                Some(self.spared.map_or(at, |until| until.max(at)))
            }
            Probe::Due(_) => None,
        }
    }

    /// Whether an OPTIONS is to be sent now.
    pub fn wake(&mut self, now: Time) -> bool {
        if self.deadline().is_none_or(|due| due > now) {
            return false;
        }
        match (self.probe, self.every) {
            (Probe::Asked(_), _) => {
                self.state = State::Down;
                false
            }
            (Probe::Due(_), Some(_)) => {
                self.spared = None;
                self.probe = Probe::Asked(now);
                true
            }
            (Probe::Due(_), None) => {
                self.spared = None;
                self.state = State::Unknown;
                false
            }
        }
    }

    /// The OPTIONS could not be sent: no socket of ours reaches there.
    pub fn unsent(&mut self, now: Time) {
        self.down(now);
    }

    /// What the OPTIONS came to; `answered` is false where nothing has.
    pub fn replied(&mut self, now: Time, status: Status, answered: bool, retry_after: Option<Duration>) {
        match status {
            Status::SERVICE_UNAVAILABLE if answered => self.spare(now, retry_after.unwrap_or(PROBE_DOWN)),
            // Whatever it says of the question, it is there (RFC 3261 section 11).
            _ if answered && status != Status::REQUEST_TIMEOUT => self.up(now),
            _ => self.down(now),
        }
    }

    /// A call there has been heard of.
    pub fn heard(&mut self) {
        if self.spared.is_none() {
            self.state = State::Up;
        }
    }

    /// A call got nothing from there.
    pub fn silent(&mut self, now: Time) {
        self.down(now);
    }

    /// A call was answered 503. Without a time it is that call's affair alone (RFC 3261 section 21.5.4).
    pub fn busy(&mut self, now: Time, retry_after: Option<Duration>) {
        if let Some(after) = retry_after {
            self.spare(now, after);
        }
    }

    fn up(&mut self, now: Time) {
        self.state = State::Up;
        self.spared = None;
        self.probe = Probe::Due(now + self.every.unwrap_or(REST));
    }

    fn down(&mut self, now: Time) {
        self.state = State::Down;
        self.probe = Probe::Due(now + self.every.map_or(REST, |every| every.min(PROBE_DOWN)));
    }

    fn spare(&mut self, now: Time, after: Duration) {
        self.state = State::Down;
        let until = now + after.min(RETRY_AFTER);
        self.spared = Some(until);
        self.probe = Probe::Due(until);
    }
}

/// The earliest of many.
pub(super) fn first(deadlines: impl Iterator<Item = Option<Time>>) -> Option<Time> {
    deadlines.fold(None, earliest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events at seconds; then whether a call may go there, how it stands, and when something is due.
    fn play(every: Option<u64>, events: &[(u64, &str)]) -> (bool, State, Option<u64>) {
        let at = |seconds: u64| Time::from_micros(seconds * 1_000_000);
        let mut health = Health::new(at(0), every.map(Duration::from_secs));
        let mut now = at(0);
        for (seconds, event) in events {
            now = at(*seconds);
            match *event {
                "asks" => assert!(health.wake(now), "at {seconds} s"),
                "asks not" => assert!(!health.wake(now), "at {seconds} s"),
                "lost" => health.replied(now, Status::REQUEST_TIMEOUT, false, None),
                "no connection" => health.replied(now, Status::SERVICE_UNAVAILABLE, false, None),
                "heard" => health.heard(),
                "silent" => health.silent(now),
                "busy" => health.busy(now, None),
                "busy 60" => health.busy(now, Some(Duration::from_secs(60))),
                "busy 99999" => health.busy(now, Some(Duration::from_secs(99_999))),
                "503 after 60" => {
                    health.replied(now, Status::SERVICE_UNAVAILABLE, true, Some(Duration::from_secs(60)));
                }
                status => health.replied(now, Status::new(status.parse().unwrap()).unwrap(), true, None),
            }
        }
        (health.is_usable(now), health.state, health.deadline().map(|due| due.micros() / 1_000_000))
    }

    #[test]
    fn what_becomes_of_a_host() {
        use State::{Down, Up};
        for (rule, every, events, wanted) in [
            ("asked at once, and tried meanwhile", Some(30), vec![(0, "asks")], (true, State::Unknown, Some(8))),
            ("it answers", Some(30), vec![(0, "asks"), (1, "200")], (true, Up, Some(31))),
            ("any answer is one", Some(30), vec![(0, "asks"), (1, "404")], (true, Up, Some(31))),
            ("also for a password", Some(30), vec![(0, "asks"), (1, "401")], (true, Up, Some(31))),
            ("asked again in time", Some(30), vec![(0, "asks"), (1, "200"), (31, "asks")], (true, Up, Some(39))),
            ("not before", Some(30), vec![(0, "asks"), (1, "200"), (30, "asks not")], (true, Up, Some(31))),
            ("silence", Some(30), vec![(0, "asks"), (8, "asks not")], (false, Down, None)),
            (
                "is asked again soon",
                Some(30),
                vec![(0, "asks"), (8, "asks not"), (32, "lost")],
                (false, Down, Some(42)),
            ),
            ("every time", Some(30), vec![(0, "asks"), (32, "lost"), (42, "asks")], (false, Down, None)),
            ("a late answer counts", Some(30), vec![(0, "asks"), (8, "asks not"), (9, "200")], (true, Up, Some(39))),
            ("no connection", Some(30), vec![(0, "asks"), (1, "no connection")], (false, Down, Some(11))),
            ("503 is down", Some(30), vec![(0, "asks"), (1, "503")], (false, Down, Some(11))),
            ("21.5.4: for so long", Some(30), vec![(0, "asks"), (1, "503 after 60")], (false, Down, Some(61))),
            ("a call is heard of", Some(30), vec![(0, "asks"), (1, "heard")], (true, Up, Some(8))),
            (
                "but it wants its rest",
                Some(30),
                vec![(0, "asks"), (1, "busy 60"), (2, "heard")],
                (false, Down, Some(61)),
            ),
            ("a call gets nothing", Some(30), vec![(0, "asks"), (1, "200"), (5, "silent")], (false, Down, Some(15))),
            ("21.5.4: no time, no rest", Some(30), vec![(0, "asks"), (1, "200"), (5, "busy")], (true, Up, Some(31))),
            ("a time, and rest", Some(30), vec![(0, "asks"), (1, "200"), (5, "busy 60")], (false, Down, Some(65))),
            ("not for ever", Some(30), vec![(0, "busy 99999")], (false, Down, Some(300))),
            ("and after it", Some(30), vec![(0, "busy 60"), (60, "asks")], (false, Down, None)),
            ("never asked", None, vec![(0, "asks not")], (true, State::Unknown, None)),
            ("down by a call", None, vec![(5, "silent")], (false, Down, Some(35))),
            ("for a while", None, vec![(5, "silent"), (35, "asks not")], (true, State::Unknown, None)),
            ("or as long as it says", None, vec![(5, "busy 60"), (65, "asks not")], (true, State::Unknown, None)),
        ] {
            assert_eq!(play(every, &events), wanted, "{rule}");
        }
    }
}
