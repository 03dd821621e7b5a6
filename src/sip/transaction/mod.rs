//! The transaction layer: who repeats what, and until when (RFC 3261 section 17, RFC 6026).

mod client;
mod follow;
mod invite_client;
mod invite_server;
mod key;
mod server;
mod table;
#[cfg(test)]
mod tests;
mod timers;

pub(super) use table::{Arrival, Heard, Lost, Transactions};
pub use timers::{Backoff, Timers};

use super::endpoint::{RequestId, SessionId};
use bytes::Bytes;

/// A server transaction that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub u64);

/// A client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientKey(pub u64);

/// What the user agent core wanted with a request of ours. The transaction layer only hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new call.
    Invite(SessionId),
    ReInvite(SessionId),
    Update(SessionId),
    Bye(SessionId),
    Request(SessionId, RequestId),
    /// A NOTIFY: its outcome is that of a subscription, never of the call (RFC 5057 section 5.1).
    Notify(SessionId, RequestId),
    /// Outside of any dialog.
    Outside(RequestId),
    /// A CANCEL, or the BYE of a fork that lost: however it goes, nobody waits for it.
    Nothing,
}

impl Purpose {
    pub fn session(self) -> Option<SessionId> {
        match self {
            Purpose::Invite(session)
            | Purpose::ReInvite(session)
            | Purpose::Update(session)
            | Purpose::Bye(session)
            | Purpose::Request(session, _)
            | Purpose::Notify(session, _) => Some(session),
            Purpose::Outside(_) | Purpose::Nothing => None,
        }
    }
}

/// What a machine wants done after an event.
#[derive(Debug, Default)]
struct Moves {
    send: Option<Bytes>,
    tell: Option<Tell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tell {
    /// The message is news for the user agent core.
    Message,
    TimedOut,
}

impl Moves {
    fn send(bytes: Bytes) -> Self {
        Moves { send: Some(bytes), tell: None }
    }

    fn tell(tell: Tell) -> Self {
        Moves { send: None, tell: Some(tell) }
    }
}
