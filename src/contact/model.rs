//! The nouns: contact, connection, what a party hears.

use super::running::Running;
use super::{Cx, Dial, Recording};
use crate::flow::Hook;
use crate::ids::{AgentId, ConnectionId, ContactId, FlowId, PlayId, PromptId, QueueId, QuickConnectId};
use crate::routing::Precedence;
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Who somebody is to the others: a display name and an address (a number, a user, a SIP URI).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An agent whose own contact this is: an inbound contact's agent.
    Agent,
    /// The customer.
    Inbound,
    /// A party that somebody added (Streams shows all of these as outbound).
    Outbound,
    /// A supervisor, who is no party until he barges in.
    Monitoring,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Agent => "agent",
            Kind::Inbound => "inbound",
            Kind::Outbound => "outbound",
            Kind::Monitoring => "monitoring",
        }
    }
}

/// Connect's ConnectionState:
///
/// ```text
/// init -> connecting -> connected <-> hold
///              |            |          |
///              +------------+----------+--> disconnected(reason)
/// ```
///
/// and a monitor's: `connecting -> silent_monitor <-> coach <-> barge -> disconnected`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Init,
    Connecting,
    Connected,
    Hold,
    Monitor(Monitor),
    Disconnected(Reason),
}

/// How far a supervisor takes part. Connect has the first and the last; coaching is what PBXs have between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// He hears everybody, and nobody knows.
    Silent,
    /// The agent hears him as well, and nobody else does.
    Coach,
    /// He is one of them, with all rights; the agents keep two: to mute themselves and to leave.
    Barge,
}

impl Monitor {
    pub const ALL: [Monitor; 3] = [Monitor::Silent, Monitor::Coach, Monitor::Barge];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Monitor::Silent => "silent_monitor",
            Monitor::Coach => "coach",
            Monitor::Barge => "barge",
        }
    }
}

impl State {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Hold => "hold",
            State::Monitor(monitor) => monitor.as_str(),
            State::Disconnected(_) => "disconnected",
        }
    }
}

/// Why a party is not there. Never the same word for two different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Rejected,
    NoAnswer,
    Unreachable,
    Busy,
    Failed,
    /// Withdrawn before it was answered.
    Cancelled,
    /// The party put down the phone.
    HungUp,
    /// Another party or the switch ended it.
    Dropped,
    /// An agent left and the others go on.
    Left,
}

impl Reason {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Rejected => "rejected",
            Reason::NoAnswer => "no_answer",
            Reason::Unreachable => "unreachable",
            Reason::Busy => "busy",
            Reason::Failed => "failed",
            Reason::Cancelled => "cancelled",
            Reason::HungUp => "hung_up",
            Reason::Dropped => "dropped",
            Reason::Left => "left",
        }
    }
}

/// One party's place in the call. It outlives the SIP session that fills it: a quick connect's row waits, is offered,
/// rejected and offered again, all in one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub id: ConnectionId,
    pub kind: Kind,
    /// The contact this party is on: a consulted agent's is the TRANSFER contact.
    pub contact: ContactId,
    pub agent: Option<AgentId>,
    pub identity: Identity,
    pub state: State,
    /// When this party answered; `None` until it really has.
    pub answered: Option<Time>,
    /// How the last offer of a row that still waits ended.
    pub last_offer: Option<Reason>,
    pub held_by: Option<ConnectionId>,
    pub muted_by: Option<ConnectionId>,
    /// The phone's own Hold key is down: it sends its music, or nothing. An agent's holds these, as long as nobody takes
    /// them back by another way.
    pub(super) phone_holds: Option<BTreeSet<ConnectionId>>,
    /// The same person's first line, if this is his second.
    pub second_line_of: Option<ConnectionId>,
    /// He has asked to be replaced: this contact is to come in his place.
    pub(super) transfers: Option<ContactId>,
    /// What plays while held.
    pub(super) hold_flow: Option<Running>,
    /// What an agent hears who is left alone with a held customer.
    pub(super) notice: Option<Notice>,
    /// Ringing since, and seen to ring.
    pub(super) dialled: Option<Dialled>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Dialled {
    pub at: Time,
    pub rings: bool,
    /// It can be heard although it has not answered: an announcement, a ringback of its own.
    pub early: bool,
}

impl Connection {
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.state, State::Disconnected(_))
    }

    /// By its own Hold key.
    #[must_use]
    pub const fn is_held_by_phone(&self) -> bool {
        self.phone_holds.is_some()
    }

    /// Whether it has rung, and for how long it has been called.
    #[must_use]
    pub fn rang(&self, now: Time) -> Option<(bool, Duration)> {
        self.dialled.map(|d| (d.rings, now - d.at))
    }

    /// Silent, because somebody else is to take his place.
    #[must_use]
    pub fn transfers(&self) -> bool {
        self.transfers_to().is_some()
    }

    /// The contact that is to come in his place.
    #[must_use]
    pub fn transfers_to(&self) -> Option<ContactId> {
        self.transfers.filter(|_| !self.is_gone())
    }

    /// One of those who talk, hold and leave: everybody but a supervisor who has not barged in.
    #[must_use]
    pub fn is_party(&self) -> bool {
        self.kind != Kind::Monitoring || self.state == State::Monitor(Monitor::Barge)
    }

    /// Being called.
    #[must_use]
    pub fn is_ringing(&self) -> bool {
        self.dialled.is_some() && !self.is_gone()
    }

    /// Whether it can be heard although it has not answered.
    #[must_use]
    pub fn is_heard_early(&self) -> bool {
        self.dialled.is_some_and(|d| d.early) && !self.is_gone()
    }

    /// Somebody is on this line: answered and not gone.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.answered.is_some() && !self.is_gone()
    }
}

/// A failed consult's tone, then a reminder that the customer is still held.
#[derive(Clone, Debug)]
pub(super) enum Notice {
    Tone { sounding: Sounding, until: Time },
    Reminder(Sounding),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    Prompt(PromptId),
    Pause(Duration),
    Tone(Tone),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Beep,
    Ringback,
    Busy,
    Congestion,
}

/// Sounds being played to whoever hears the flow they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sounding {
    pub play: PlayId,
    pub sounds: Vec<Sound>,
    pub repeat: bool,
    /// The flow's name, for the screen; `None` for the switch's own tones.
    pub flow: Option<FlowId>,
}

/// What one party hears: exactly one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hears {
    #[default]
    Silence,
    Sound(Sounding),
    Parties(Vec<ConnectionId>),
}

/// What one leg should be. Equal wants send nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    pub hears: Hears,
    /// Whether anybody may hear this party.
    pub heard: bool,
    /// Whether its phone is told that it is held.
    pub held: bool,
    /// Whom its phone should show; `None`: whoever it shows.
    pub shows: Option<Identity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Inbound,
    /// An agent who was on no contact has called somebody outside.
    Outbound,
    Transfer,
    Monitor,
    /// Somebody outside was added to a contact, or comes in an agent's place.
    External,
}

impl Method {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Inbound => "INBOUND",
            Method::Outbound => "OUTBOUND",
            Method::Transfer => "TRANSFER",
            Method::Monitor => "MONITOR",
            Method::External => "EXTERNAL_OUTBOUND",
        }
    }

    /// A contact for whom somebody on another one has called.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Method::Transfer | Method::External)
    }

    /// The method of that name; what is no other is inbound.
    #[must_use]
    pub fn parse(name: &str) -> Method {
        let others = [Method::Outbound, Method::Transfer, Method::Monitor, Method::External];
        others.into_iter().find(|method| method.as_str() == name).unwrap_or(Method::Inbound)
    }
}

/// A contact of Connect: one agent's part of the story. A quick connect makes a second one, in which the agent who
/// pressed it plays the customer's role (`party`). So does a supervisor who listens: the agent he listens to is its party.
#[derive(Clone, Debug)]
pub struct Contact {
    pub id: ContactId,
    pub initial: Option<ContactId>,
    pub previous: Option<ContactId>,
    pub method: Method,
    pub party: ConnectionId,
    /// The agent's place in it: a quick connect's row from the start, else from the first offer.
    pub agent: Option<ConnectionId>,
    pub quick_connect: Option<QuickConnectId>,
    pub phase: Phase,
    pub hooks: BTreeMap<Hook, FlowId>,
    pub attributes: BTreeMap<String, String>,
    pub(super) target: Option<Place>,
    /// What its flow says of its turn in a queue.
    pub precedence: Precedence,
    pub recording: super::Recording,
    /// TransferContactToAgent: the agent now or never.
    pub(super) direct: bool,
    pub queued: Option<(Place, Time)>,
    pub initiated: Time,
    pub connected: Option<Time>,
}

/// A queue, or an agent's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Queue(QueueId),
    Agent(AgentId),
}

/// How far a contact is:
///
/// ```text
/// in_flow -> queued <-> offered -> agent_whisper -> customer_whisper -> connected -> ended
///               ^______________________|  (the agent drops)    ^
///                     outbound: (lifting ->) calling ----------+---> in_vain ---------> ended
/// ```
#[derive(Clone, Debug)]
pub enum Phase {
    /// Its inbound or transfer flow runs for `party`.
    InFlow(Running),
    /// It waits; the customer queue flow runs for `party`.
    Queued(Running),
    /// An agent's phone rings; the queue flow goes on.
    Offered(Running),
    /// The agent alone hears her whisper; `party` still the queue flow.
    AgentWhisper {
        queue: Running,
        whisper: Running,
        until: Time,
    },
    /// `party` alone hears its whisper; the agent silence.
    CustomerWhisper {
        whisper: Running,
        until: Time,
    },
    /// Somebody is called without a queue and without whispers; `party` hears its hold flow.
    Dialling(Running),
    /// Somebody outside is called, and whoever waits for him hears how it goes: what comes from there, else our ringback.
    Calling(Sounding),
    /// The agent's own phone rings, so that he can call somebody, as this one.
    Lifting(Dial, Identity),
    /// Nobody was reached: the agent hears why, then it is over.
    InVain {
        tone: Sounding,
        why: Reason,
        until: Time,
    },
    Connected,
    /// A supervisor is called to listen, or listens.
    Monitoring,
    /// Not a contact centre's story: a test line, a room, a plain bridge.
    Line(Line),
    Ended,
}

#[derive(Clone, Debug)]
pub enum Line {
    Play(Sounding),
    Echo,
    Room,
    Bridge,
}

impl Contact {
    /// Still on its way to an agent: `party` hears its flows when it talks to nobody.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !matches!(self.phase, Phase::Connected | Phase::Monitoring | Phase::Ended | Phase::Line(_))
    }

    #[must_use]
    pub fn is_monitor(&self) -> bool {
        self.method == Method::Monitor
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// One that follows from another; who is in it is still to be said.
    pub(super) fn after(id: ContactId, from: &Contact, cx: &Cx) -> Contact {
        Contact {
            id,
            initial: Some(from.initial.unwrap_or(from.id)),
            previous: Some(from.id),
            agent: None,
            quick_connect: None,
            phase: Phase::Ended,
            hooks: BTreeMap::new(),
            target: None,
            precedence: Precedence::default(),
            direct: false,
            queued: None,
            recording: Recording::new(cx),
            initiated: cx.now,
            connected: None,
            ..from.clone()
        }
    }

    /// Whom it calls: of an outbound contact the customer, else whom somebody has added.
    #[must_use]
    pub fn called(&self) -> Option<ConnectionId> {
        if self.method == Method::Outbound { Some(self.party) } else { self.agent }
    }

    /// The queue in which it waits or has waited, or in whose name it calls.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        let calls = || self.target.as_ref().filter(|_| self.method == Method::Outbound);
        self.queued.as_ref().map(|(place, _)| place).or_else(calls)
    }
}
