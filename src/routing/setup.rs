//! What routing knows of the installation.

use crate::ids::{AgentId, QueueId, RoutingProfileId};
use crate::time::Duration;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    pub agents: BTreeMap<AgentId, AgentSetup>,
    pub profiles: BTreeMap<RoutingProfileId, Profile>,
    pub queues: BTreeMap<QueueId, QueueSetup>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSetup {
    /// A profile that is not there serves no queue but the agent's own.
    pub profile: RoutingProfileId,
    pub initial_status: String,
    pub after_call_work: AfterCallWork,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterCallWork {
    #[default]
    None,
    For(Duration),
    /// Until the agent clears the contact.
    Manual,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub queues: Vec<Served>,
}

/// How a profile serves a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub queue: QueueId,
    /// 1 comes first.
    pub priority: u8,
    /// The oldest contact must have waited so long before this profile is offered any.
    pub delay: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSetup {
    /// 0: no limit.
    pub max_contacts: usize,
    /// Takes nobody new. Who waits in it is served.
    pub disabled: bool,
}
