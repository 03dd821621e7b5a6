//! What goes into the engine and what comes out: nothing else passes its door.

use super::Memory;
use super::record::ContactRecord;
use super::snapshot::AgentSnapshot;
use crate::contact::Monitor;
use crate::ids::{AgentId, ContactId, QuickConnectId, ShardId, Ticket};
use crate::media::{MediaCommand, MediaEvent};
use crate::sip::{Link, Message};
use crate::site::Site;
use crate::time::Duration;
use crate::trunk;
use bytes::Bytes;
use std::sync::Arc;

// A message is by far the largest and by far the most frequent: boxing it would cost an allocation for nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Input {
    /// A message that parsed. What did not is answered at the door.
    Sip {
        from: Link,
        message: Message,
    },
    /// A stream closed, or could not be opened.
    LinkClosed(Link),
    Media(MediaEvent),
    /// What is recorded of a contact cannot be kept any more, after so much of it.
    RecordingFailed {
        contact: ContactId,
        kept: Duration,
    },
    Button {
        agent: AgentId,
        button: Button,
        ticket: Ticket,
    },
    /// What was asked by [`Output::Ask`].
    Answer(Question, Fact),
    /// A new, checked installation.
    Reload(Arc<Site>),
    /// How the agents were when the switch ended.
    Restore(Vec<Memory>),
    /// No new calls; the rest may end by themselves.
    Drain,
    /// End everything now.
    HangUpAll,
    /// The deadline has come.
    Wake,
}

#[derive(Debug)]
pub enum Output {
    Send {
        to: Link,
        bytes: Bytes,
    },
    Media(ShardId, MediaCommand),
    Reply(Ticket, Result<AgentSnapshot, Refusal>),
    /// Something an agent's screen shows has changed: his whole new snapshot.
    Ccp(AgentId, CcpEvent),
    /// The world's view of a contact, for the event stream and the log.
    Contact(ContactEvent),
    /// A contact is completed: its record, and the event to publish once the record is safe.
    Record(Box<ContactRecord>, Box<ContactEvent>),
    /// What is to be known of an agent after the switch's own end. Whether it is worth writing down at once.
    Remember(Box<Memory>, bool),
    /// To be looked up outside, without haste; the answer comes as [`Input::Answer`].
    Ask(Question),
}

/// What the engine does not know itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Of the name service.
    Resolve(trunk::Question),
}

/// An answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Resolved(trunk::Answer),
}

#[derive(Clone, Debug)]
pub enum CcpEvent {
    Snapshot(Arc<AgentSnapshot>),
}

/// A contact event as Connect names them (Amazon Connect contact events).
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactEvent {
    /// INITIATED CONNECTED_TO_SYSTEM QUEUED CONNECTED_TO_AGENT DISCONNECTED COMPLETED
    pub event_type: &'static str,
    pub contact_id: String,
    pub initial_contact_id: Option<String>,
    pub previous_contact_id: Option<String>,
    pub channel: &'static str,
    pub initiation_method: &'static str,
    pub queue: Option<String>,
    pub queue_info: Option<QueueDetails>,
    pub agent: Option<String>,
    pub agent_info: Option<AgentDetails>,
    pub initiation_timestamp: String,
    pub connected_to_system_timestamp: Option<String>,
    pub disconnect_timestamp: Option<String>,
    pub timestamp: String,
}

#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueDetails {
    pub queue_arn: String,
    /// `STANDARD`, `AGENT`
    pub queue_type: String,
    pub enqueue_timestamp: String,
}

#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentDetails {
    pub agent_arn: String,
    pub connected_to_agent_timestamp: String,
}

/// What an agent can do, by the names of Connect's CTI methods. `contact` may be left out when there is one.
#[derive(Clone, Debug, PartialEq)]
pub enum Button {
    /// Only look.
    Snapshot,
    PutAgentState {
        status: String,
    },
    AcceptContact {
        contact: Option<String>,
    },
    RejectContact {
        contact: Option<String>,
    },
    ClearContact {
        contact: Option<String>,
    },
    CreateOutboundContact {
        target: Addressee,
    },
    CreateAdditionalConnection {
        contact: Option<String>,
        target: Addressee,
    },
    ConferenceConnections {
        contact: Option<String>,
    },
    ToggleActiveConnections {
        contact: Option<String>,
    },
    HoldAll {
        contact: Option<String>,
    },
    ResumeAll {
        contact: Option<String>,
    },
    HoldConnection {
        contact: Option<String>,
        connection: String,
    },
    ResumeConnection {
        contact: Option<String>,
        connection: String,
    },
    DestroyConnection {
        contact: Option<String>,
        connection: String,
    },
    MuteParticipant {
        contact: Option<String>,
        connection: String,
    },
    UnmuteParticipant {
        contact: Option<String>,
        connection: String,
    },
    SendDigits {
        contact: Option<String>,
        connection: String,
        digits: String,
    },
    Leave {
        contact: Option<String>,
    },
    MonitorContact {
        contact: String,
    },
    UpdateMonitorParticipantState {
        contact: Option<String>,
        state: Monitor,
    },
    SuspendContactRecording {
        contact: Option<String>,
    },
    ResumeContactRecording {
        contact: Option<String>,
    },
}

/// Whom to add: Connect's endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    QuickConnect(QuickConnectId),
    Destination(String),
}

/// Why a button did nothing. The names are Connect's exceptions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    InvalidState(String),
    #[error("{0}")]
    BadEndpoint(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("{0}")]
    QuotaExceeded(String),
    #[error("{0}")]
    AccessDenied(String),
}
