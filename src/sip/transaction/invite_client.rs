//! The INVITE client transaction (RFC 3261 section 17.1.1, Accepted state of RFC 6026 section 7.2).

use super::timers::{Backoff, Timers};
use super::{Moves, Tell};
use crate::time::{Duration, Time, earliest};
use bytes::Bytes;

/// ```text
///            INVITE sent
///                |
///   A: again   Calling ----- B ------------------------+
///                |  |1xx                               |
///                |  v                                  |
///                | Proceeding                          |
///        2xx +---+---+ 300-699: ACK                    |
///            v       v                                 v
///        Accepted  Completed -------- D, M -----> Terminated
/// ```
#[derive(Clone, Debug)]
pub enum InviteClient {
    Calling {
        invite: Bytes,
        again: Option<Backoff>,
        give_up: Time,
    },
    /// The user agent core watches how long it rings; whoever it has forgotten is forgotten here too.
    Proceeding {
        until: Time,
    },
    /// A final response that is no 2xx came: its repetitions get the same ACK.
    Completed {
        ack: Bytes,
        until: Time,
    },
    /// A 2xx came: its repetitions, and those of other forks, go to the user agent core, which sends their ACKs.
    Accepted {
        until: Time,
    },
    Terminated,
}

impl InviteClient {
    pub fn new(now: Time, invite: Bytes, timers: &Timers, reliable: bool) -> Self {
        InviteClient::Calling {
            invite,
            again: (!reliable).then(|| Backoff::new(now, timers.t1)),
            give_up: now + timers.patience(),
        }
    }

    /// `ack` builds the ACK of a non-2xx final response (section 17.1.1.3); it is called at most once.
    pub fn response(
        &mut self,
        now: Time,
        status: u16,
        timers: &Timers,
        reliable: bool,
        ack: impl FnOnce() -> Bytes,
    ) -> Moves {
        match (&*self, status) {
            (InviteClient::Calling { .. } | InviteClient::Proceeding { .. }, ..200) => {
                *self = InviteClient::Proceeding { until: now + timers.c() };
                Moves::tell(Tell::Message)
            }
            (InviteClient::Calling { .. } | InviteClient::Proceeding { .. }, 200..300) => {
                *self = InviteClient::Accepted { until: now + timers.patience() };
                Moves::tell(Tell::Message)
            }
            (InviteClient::Calling { .. } | InviteClient::Proceeding { .. }, _) => {
                let ack = ack();
                let linger = timers.d(reliable);
                *self = if linger == Duration::ZERO {
                    InviteClient::Terminated
                } else {
                    InviteClient::Completed { ack: ack.clone(), until: now + linger }
                };
                Moves { send: Some(ack), tell: Some(Tell::Message) }
            }
            (InviteClient::Completed { ack, .. }, 300..) => Moves::send(ack.clone()),
            (InviteClient::Accepted { .. }, 200..300) => Moves::tell(Tell::Message),
            // A 1xx or a failure of another fork after the final response concerns nobody any more.
            _ => Moves::default(),
        }
    }

    pub fn wake(&mut self, now: Time) -> Moves {
        match self {
            InviteClient::Calling { give_up, .. } if *give_up <= now => {
                *self = InviteClient::Terminated;
                Moves::tell(Tell::TimedOut)
            }
            InviteClient::Calling { invite, again: Some(again), .. } if again.at <= now => {
                // Timer A doubles without a ceiling; timer B ends it.
                *again = again.next(now, Duration::MAX);
                Moves::send(invite.clone())
            }
            InviteClient::Proceeding { until } if *until <= now => {
                *self = InviteClient::Terminated;
                Moves::tell(Tell::TimedOut)
            }
            InviteClient::Completed { until, .. } | InviteClient::Accepted { until } if *until <= now => {
                *self = InviteClient::Terminated;
                Moves::default()
            }
            _ => Moves::default(),
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        match self {
            InviteClient::Calling { again, give_up, .. } => earliest(again.map(|a| a.at), Some(*give_up)),
            InviteClient::Proceeding { until }
            | InviteClient::Completed { until, .. }
            | InviteClient::Accepted { until } => Some(*until),
            InviteClient::Terminated => None,
        }
    }

    /// No final response yet.
    pub fn is_open(&self) -> bool {
        matches!(self, InviteClient::Calling { .. } | InviteClient::Proceeding { .. })
    }
}
