//! What a call needs to go on, and what it asks of the world.

use super::{CallerId, Identity, Place, Reason};
use crate::flow::Metric;
use crate::ids::{AgentId, ConnectionId, ContactId, Mint, PlayId};
use crate::routing::Precedence;
use crate::time::Time;

/// Everything a handler needs besides the call itself.
pub struct Cx<'a> {
    pub now: Time,
    pub catalog: &'a super::Catalog,
    pub names: &'a mut Names,
    pub out: &'a mut Vec<Out>,
}

/// Where new names come from; one for all calls.
#[derive(Clone, Debug)]
pub struct Names {
    mint: Mint,
    next: u64,
}

impl Names {
    #[must_use]
    pub fn new(mint: Mint) -> Self {
        Names { mint, next: 1 }
    }

    pub fn contact(&mut self) -> ContactId {
        self.mint.contact_id()
    }

    pub fn connection(&mut self) -> ConnectionId {
        ConnectionId(self.count())
    }

    pub fn play(&mut self) -> PlayId {
        PlayId(self.count())
    }

    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// What the story asks of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// Let the caller know that it rings. `early`: and hear what the plan gives him to hear, if his phone can.
    Ring {
        connection: ConnectionId,
        early: bool,
    },
    /// Answer the caller.
    Answer {
        connection: ConnectionId,
    },
    /// Call an agent's phones or an address.
    Dial {
        connection: ConnectionId,
        contact: ContactId,
        previous: Option<ContactId>,
        to: Dial,
        from: Identity,
    },
    /// End the session that fills this connection, whatever its state. With `like`, for the same cause as that one.
    HangUp {
        connection: ConnectionId,
        why: Reason,
        like: Option<ConnectionId>,
    },
    /// Wait in a queue for an agent. `direct`: only if she can take it now.
    Enqueue {
        contact: ContactId,
        place: Place,
        direct: bool,
    },
    /// Back to the place where it waited, whatever the queue takes now.
    Requeue {
        contact: ContactId,
        place: Place,
        since: Time,
    },
    /// Its turn in the queue is another one.
    Prioritise {
        contact: ContactId,
        precedence: Precedence,
    },
    /// A flow asks for a figure of a queue; [`super::Call::measured`] tells it.
    Measure {
        contact: ContactId,
        metric: Metric,
        place: Place,
    },
    /// No longer waiting.
    Dequeue {
        contact: ContactId,
    },
    /// How an offer ended; `None`: she accepted.
    OfferEnded {
        contact: ContactId,
        agent: AgentId,
        failure: Option<Reason>,
    },
    /// An agent is called by no queue: nothing else is to be offered to her.
    Occupy {
        contact: ContactId,
        agent: AgentId,
    },
    /// A supervisor is called to listen: nothing is to be offered to him meanwhile.
    Monitor {
        contact: ContactId,
        agent: AgentId,
    },
    /// An agent was called in vain, or a supervisor listens no more.
    Vacate {
        contact: ContactId,
        agent: AgentId,
    },
    /// An agent calls somebody outside: nothing is to be offered to him.
    Calls {
        contact: ContactId,
        agent: AgentId,
    },
    /// He has called in vain. `himself`: it was his own phone that did not answer.
    InVain {
        contact: ContactId,
        agent: AgentId,
        why: Reason,
        himself: bool,
    },
    /// How far the transfer is that this party asked for.
    Transfer {
        connection: ConnectionId,
        progress: Progress,
    },
    /// An agent is in this call no longer, whatever she was in it.
    Left {
        agent: AgentId,
    },
    /// An agent's part is over.
    Released {
        contact: ContactId,
        agent: AgentId,
    },
    /// Press these keys towards a party.
    Digits {
        connection: ConnectionId,
        digits: String,
    },
    Event {
        contact: ContactId,
        event: Event,
    },
}

/// What becomes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Queued,
    Rings,
    /// The new party is really there.
    Connected,
    /// With `like`, for the same cause as that party's.
    Failed {
        why: Reason,
        like: Option<ConnectionId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dial {
    Agent(AgentId),
    Address(String),
    /// An E.164 number, by whichever trunk leads there; the called party sees this caller.
    Number {
        number: String,
        caller: CallerId,
    },
}

impl Dial {
    /// Whose phones these are, if an agent's.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Dial::Agent(agent) => Some(agent),
            Dial::Address(_) | Dial::Number { .. } => None,
        }
    }
}

/// What a queue says to a contact that asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Waiting,
    /// Waiting for an agent who has no phone.
    Unreachable,
    /// There is no room.
    AtCapacity(Reason),
    Refused(Reason),
}

/// Connect's contact events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Initiated,
    ConnectedToSystem,
    Queued,
    ConnectedToAgent,
    Disconnected,
    Completed,
}

impl Event {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Event::Initiated => "INITIATED",
            Event::ConnectedToSystem => "CONNECTED_TO_SYSTEM",
            Event::Queued => "QUEUED",
            Event::ConnectedToAgent => "CONNECTED_TO_AGENT",
            Event::Disconnected => "DISCONNECTED",
            Event::Completed => "COMPLETED",
        }
    }
}

/// Why a button does nothing now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    State(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Quota(String),
}
