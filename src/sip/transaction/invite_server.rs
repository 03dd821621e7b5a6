//! The INVITE server transaction (RFC 3261 section 17.2.1, Accepted state of RFC 6026 section 7.1).

use super::timers::{Backoff, Timers};
use super::{Moves, Tell};
use crate::time::{Duration, Time, earliest};
use bytes::Bytes;

/// ```text
///               INVITE received
///                    |
///               Proceeding
///        2xx  +------+-----+ 300-699
///             v            v   G: again, but for 401 and 407
///         Accepted     Completed ---- H ----+
///             |            | ACK            |
///             L        Confirmed            |
///             |            | I              |
///             +------------+-----------> Terminated
/// ```
#[derive(Clone, Debug)]
pub enum InviteServer {
    Proceeding {
        provisional: Bytes,
    },
    /// The 2xx is the user agent core's to repeat; here the INVITE's repetitions only vanish.
    Accepted {
        until: Time,
    },
    Completed {
        response: Bytes,
        again: Option<Backoff>,
        give_up: Time,
    },
    Confirmed {
        until: Time,
    },
    Terminated,
}

impl InviteServer {
    pub fn new(trying: Bytes) -> Self {
        InviteServer::Proceeding { provisional: trying }
    }

    /// The same INVITE again.
    pub fn repeated(&self) -> Moves {
        match self {
            InviteServer::Proceeding { provisional: last } | InviteServer::Completed { response: last, .. } => {
                Moves::send(last.clone())
            }
            InviteServer::Accepted { .. } | InviteServer::Confirmed { .. } | InviteServer::Terminated => {
                Moves::default()
            }
        }
    }

    /// The user agent core answers; whether the answer goes out depends on the state.
    pub fn respond(&mut self, now: Time, status: u16, response: Bytes, timers: &Timers, reliable: bool) -> Moves {
        match (&*self, status) {
            (InviteServer::Proceeding { .. }, ..200) => {
                *self = InviteServer::Proceeding { provisional: response.clone() };
                Moves::send(response)
            }
            (InviteServer::Proceeding { .. }, 200..300) => {
                *self = InviteServer::Accepted { until: now + timers.patience() };
                Moves::send(response)
            }
            (InviteServer::Proceeding { .. }, _) => {
                // RFC 3261 section 26.3.2.4: a challenge to a forged address is not to hit it eleven times. A caller who has
                // not got it repeats his INVITE.
                let challenges = matches!(status, 401 | 407);
                *self = InviteServer::Completed {
                    response: response.clone(),
                    again: (!reliable && !challenges).then(|| Backoff::new(now, timers.t1)),
                    give_up: now + timers.patience(),
                };
                Moves::send(response)
            }
            // One final response is all there is.
            _ => Moves::default(),
        }
    }

    /// An ACK with this transaction's branch: that of a 300-699.
    pub fn ack(&mut self, now: Time, timers: &Timers, reliable: bool) {
        if matches!(self, InviteServer::Completed { .. }) {
            let linger = timers.linger(reliable);
            *self = if linger == Duration::ZERO {
                InviteServer::Terminated
            } else {
                InviteServer::Confirmed { until: now + linger }
            };
        }
    }

    pub fn wake(&mut self, now: Time, timers: &Timers) -> Moves {
        match self {
            InviteServer::Completed { give_up, .. } if *give_up <= now => {
                *self = InviteServer::Terminated;
                Moves::tell(Tell::TimedOut)
            }
            InviteServer::Completed { response, again: Some(again), .. } if again.at <= now => {
                *again = again.next(now, timers.t2);
                Moves::send(response.clone())
            }
            InviteServer::Accepted { until } | InviteServer::Confirmed { until } if *until <= now => {
                *self = InviteServer::Terminated;
                Moves::default()
            }
            _ => Moves::default(),
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        match self {
            InviteServer::Completed { again, give_up, .. } => earliest(again.map(|a| a.at), Some(*give_up)),
            InviteServer::Accepted { until } | InviteServer::Confirmed { until } => Some(*until),
            InviteServer::Proceeding { .. } | InviteServer::Terminated => None,
        }
    }
}
