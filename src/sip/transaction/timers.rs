//! The timer values of RFC 3261 table 4 and RFC 6026, all derived from T1, T2 and T4.

use crate::time::{Duration, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip time estimate.
    pub t1: Duration,
    /// The longest pause between retransmissions of non-INVITE requests and INVITE responses.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Timers { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// Timers B, F, H, L and M: how long an answer or an ACK may take, and how long a 2xx is still expected.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// How long an INVITE may go without news. As long as timer C (RFC 3261 section 16.6): more than three minutes.
    pub(super) fn c(&self) -> Duration {
        self.t1 * 400
    }

    /// Timer D: how long retransmitted final responses are still acknowledged.
    pub(super) fn d(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.patience().max(Duration::from_secs(32)) }
    }

    /// Timers I and K: how long late ACKs or responses are still absorbed.
    pub(super) fn linger(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.t4 }
    }

    /// Timer J: how long retransmitted non-INVITE requests are still answered.
    pub(super) fn j(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.patience() }
    }
}

/// One retransmission schedule: when next, and how long after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub at: Time,
    pub pause: Duration,
}

impl Backoff {
    #[must_use]
    pub fn new(now: Time, pause: Duration) -> Self {
        Backoff { at: now + pause, pause }
    }

    /// The next round: twice the pause, up to `longest`.
    #[must_use]
    pub fn next(self, now: Time, longest: Duration) -> Self {
        Backoff::new(now, (self.pause * 2).min(longest))
    }
}
