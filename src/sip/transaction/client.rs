//! The non-INVITE client transaction (RFC 3261 section 17.1.2).

use super::timers::{Backoff, Timers};
use super::{Moves, Tell};
use crate::time::{Duration, Time, earliest};
use bytes::Bytes;

/// ```text
///            request sent
///                |
///   E: again  Trying ------ F -----------------+
///                | 1xx                         |
///   E: again  Proceeding -- F -----------------+
///                | 200-699                     |
///             Completed ---------- K ----> Terminated
/// ```
#[derive(Clone, Debug)]
pub enum Client {
    /// Trying and Proceeding differ only in how fast timer E runs.
    Open {
        request: Bytes,
        again: Option<Backoff>,
        proceeding: bool,
        give_up: Time,
    },
    Completed {
        until: Time,
    },
    Terminated,
}

impl Client {
    pub fn new(now: Time, request: Bytes, timers: &Timers, reliable: bool) -> Self {
        Client::Open {
            request,
            again: (!reliable).then(|| Backoff::new(now, timers.t1)),
            proceeding: false,
            give_up: now + timers.patience(),
        }
    }

    pub fn response(&mut self, now: Time, status: u16, timers: &Timers, reliable: bool) -> Moves {
        match (&mut *self, status) {
            (Client::Open { proceeding, .. }, ..200) => {
                *proceeding = true;
                Moves::tell(Tell::Message)
            }
            (Client::Open { .. }, _) => {
                let linger = timers.linger(reliable);
                *self = if linger == Duration::ZERO {
                    Client::Terminated
                } else {
                    Client::Completed { until: now + linger }
                };
                Moves::tell(Tell::Message)
            }
            (Client::Completed { .. } | Client::Terminated, _) => Moves::default(),
        }
    }

    pub fn wake(&mut self, now: Time, timers: &Timers) -> Moves {
        match self {
            Client::Open { give_up, .. } if *give_up <= now => {
                *self = Client::Terminated;
                Moves::tell(Tell::TimedOut)
            }
            Client::Open { request, again: Some(again), proceeding, .. } if again.at <= now => {
                *again = if *proceeding { Backoff::new(now, timers.t2) } else { again.next(now, timers.t2) };
                Moves::send(request.clone())
            }
            Client::Completed { until } if *until <= now => {
                *self = Client::Terminated;
                Moves::default()
            }
            _ => Moves::default(),
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        match self {
            Client::Open { again, give_up, .. } => earliest(again.map(|a| a.at), Some(*give_up)),
            Client::Completed { until } => Some(*until),
            Client::Terminated => None,
        }
    }

    /// No final response yet.
    pub fn is_open(&self) -> bool {
        matches!(self, Client::Open { .. })
    }
}
