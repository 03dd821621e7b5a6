//! The non-INVITE server transaction (RFC 3261 section 17.2.2).

use super::Moves;
use super::timers::Timers;
use crate::time::{Duration, Time};
use bytes::Bytes;

/// ```text
///       request received
///             |
///          Trying ------- nobody answered in 64*T1 --+
///             | 1xx                                  |
///         Proceeding ---- the same ------------------+
///             | 200-699                              |
///         Completed --------------- J --------> Terminated
/// ```
/// RFC 4320 section 4.2: no 408 is ever sent; after 64*T1 the client has given up, so the transaction just ends.
#[derive(Clone, Debug)]
pub enum Server {
    Trying { until: Time },
    Proceeding { provisional: Bytes, until: Time },
    Completed { response: Bytes, until: Time },
    Terminated,
}

impl Server {
    pub fn new(now: Time, timers: &Timers) -> Self {
        Server::Trying { until: now + timers.patience() }
    }

    /// The same request again.
    pub fn repeated(&self) -> Moves {
        match self {
            Server::Proceeding { provisional: last, .. } | Server::Completed { response: last, .. } => {
                Moves::send(last.clone())
            }
            Server::Trying { .. } | Server::Terminated => Moves::default(),
        }
    }

    pub fn respond(&mut self, now: Time, status: u16, response: Bytes, timers: &Timers, reliable: bool) -> Moves {
        match (&*self, status) {
            (Server::Trying { until } | Server::Proceeding { until, .. }, ..200) => {
                *self = Server::Proceeding { provisional: response.clone(), until: *until };
                Moves::send(response)
            }
            (Server::Trying { .. } | Server::Proceeding { .. }, _) => {
                let linger = timers.j(reliable);
                *self = if linger == Duration::ZERO {
                    Server::Terminated
                } else {
                    Server::Completed { response: response.clone(), until: now + linger }
                };
                Moves::send(response)
            }
            (Server::Completed { .. } | Server::Terminated, _) => Moves::default(),
        }
    }

    pub fn wake(&mut self, now: Time) {
        if self.deadline().is_some_and(|at| at <= now) {
            *self = Server::Terminated;
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        match self {
            Server::Trying { until } | Server::Proceeding { until, .. } | Server::Completed { until, .. } => {
                Some(*until)
            }
            Server::Terminated => None,
        }
    }
}
