//! What the story of a call knows of the installation: flows, queues, quick connects, who is called what.

use crate::flow::{Flow, FlowType, Speech};
use crate::ids::{AgentId, FlowId, HoursId, QueueId, QuickConnectId};
use crate::routing::Hours;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    /// The flow of each type that runs where nothing else is set (Connect's default flows).
    pub defaults: BTreeMap<FlowType, FlowId>,
    pub queues: BTreeMap<QueueId, Queue>,
    pub hours: BTreeMap<HoursId, Hours>,
    pub quick_connects: BTreeMap<QuickConnectId, QuickConnect>,
    pub agents: BTreeMap<AgentId, Agent>,
    /// Whether contacts are recorded whose flow does not say.
    pub record: bool,
    pub speech: Speech,
    pub feature_codes: super::FeatureCodes,
}

#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub name: String,
    /// `None`: open at any time.
    pub hours: Option<HoursId>,
    pub customer_queue_flow: Option<FlowId>,
    pub outbound_whisper_flow: Option<FlowId>,
    pub outbound_caller_id: Option<CallerId>,
    pub quick_connects: Vec<QuickConnectId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    pub name: String,
    pub number: String,
}

#[derive(Clone, Debug)]
pub struct QuickConnect {
    pub name: String,
    /// What is dialled after the quick-connect feature code.
    pub code: Option<String>,
    pub to: QuickConnectTo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuickConnectTo {
    Agent { agent: AgentId, flow: FlowId },
    Queue { queue: QueueId, flow: FlowId },
    External { to: Outside, caller_id: CallerIdChoice },
}

/// Where somebody outside is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// An E.164 number, by a trunk.
    Number(String),
    /// One SIP address.
    Address(String),
}

impl Outside {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Outside::Number(text) | Outside::Address(text) => text,
        }
    }
}

/// Whose number an external party sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallerIdChoice {
    #[default]
    Queue,
    Customer,
    Fixed(CallerId),
}

#[derive(Clone, Debug, Default)]
pub struct Agent {
    pub name: String,
    /// Those of every queue of the routing profile and of its default outbound queue, in order, once each.
    pub quick_connects: Vec<QuickConnectId>,
    pub default_outbound_queue: Option<QueueId>,
}
