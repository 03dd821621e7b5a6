//! Actions on the contact: its hooks, its target and its way into a queue or to an agent.

use super::parameters::{Misread, Parameters, named, text};
use super::{ALL_TYPES, Act, Effect, Next, Rule, Step};
use crate::flow::model::{ErrorType, FlowType};
use crate::flow::run::Outcome;
use crate::flow::template::{Data, value};
use serde_json::Value;

/// The moments of a contact for which a flow may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    AgentHold,
    AgentWhisper,
    CustomerHold,
    CustomerQueue,
    /// The agents have left and the customer is still there: Connect's disconnect flow.
    CustomerRemaining,
    CustomerWhisper,
}

impl Hook {
    const ALL: [(Hook, &'static str); 6] = [
        (Hook::AgentHold, "AgentHold"),
        (Hook::AgentWhisper, "AgentWhisper"),
        (Hook::CustomerHold, "CustomerHold"),
        (Hook::CustomerQueue, "CustomerQueue"),
        (Hook::CustomerRemaining, "CustomerRemaining"),
        (Hook::CustomerWhisper, "CustomerWhisper"),
    ];

    /// The type of flow that may be set.
    #[must_use]
    pub const fn flow_type(self) -> FlowType {
        match self {
            Hook::AgentHold => FlowType::AgentHold,
            Hook::AgentWhisper => FlowType::AgentWhisper,
            Hook::CustomerHold => FlowType::CustomerHold,
            Hook::CustomerQueue => FlowType::CustomerQueue,
            Hook::CustomerRemaining => FlowType::Inbound,
            Hook::CustomerWhisper => FlowType::CustomerWhisper,
        }
    }
}

/// Hooks of Connect's agent workspace. They show pages, so a call goes on without them.
const SCREEN_HOOKS: [&str; 4] = ["DefaultAgentUI", "DisconnectAgentUI", "PauseContact", "ResumeContact"];

/// Where a contact goes next; an id, a name, or (of an agent) the user name or an ARN that the data gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Queue(String),
    /// The agent's own queue.
    Agent(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) enum Contact {
    /// No hook: one of the agent workspace's.
    SetHook(Option<(Hook, String)>),
    /// The text inside may be a reference still.
    SetTarget(Target),
    TransferToQueue,
    TransferToAgent,
}

impl Contact {
    pub const TYPES: &'static [&'static str] =
        &["UpdateContactEventHooks", "UpdateContactTargetQueue", "TransferContactToQueue", "TransferContactToAgent"];

    pub fn read(kind: &str, parameters: &Parameters<'_>) -> Option<Result<Self, Misread>> {
        Some(match kind {
            "UpdateContactEventHooks" => hook(parameters),
            "UpdateContactTargetQueue" => target(parameters).map(Contact::SetTarget),
            "TransferContactToQueue" => Ok(Contact::TransferToQueue),
            "TransferContactToAgent" => Ok(Contact::TransferToAgent),
            _ => return None,
        })
    }

    pub fn rule(&self) -> Rule {
        const TRANSFERS: &[FlowType] = &[FlowType::AgentTransfer, FlowType::QueueTransfer];
        const ROUTING: &[FlowType] = &[FlowType::Inbound, FlowType::AgentTransfer, FlowType::QueueTransfer];
        const ANY: &[ErrorType] = &[ErrorType::NoMatchingError];
        match self {
            Contact::SetHook(_) => Rule { next: Next::Required, errors: ANY, allowed: ALL_TYPES },
            Contact::SetTarget(_) => Rule { next: Next::Required, errors: ANY, allowed: ROUTING },
            Contact::TransferToQueue => Rule {
                next: Next::Optional,
                errors: &[ErrorType::QueueAtCapacity, ErrorType::NoMatchingError],
                allowed: ROUTING,
            },
            Contact::TransferToAgent => Rule { next: Next::Terminal, errors: &[], allowed: TRANSFERS },
        }
    }

    pub fn begin(&self, data: &dyn Data) -> Act {
        let effect = match self {
            Contact::SetHook(None) => return Act::Now(Outcome::Done),
            Contact::SetHook(Some((hook, flow))) => value(flow, data).map(|flow| Effect::SetHook { hook: *hook, flow }),
            Contact::SetTarget(Target::Queue(queue)) => {
                value(queue, data).map(|queue| Effect::SetTarget(Target::Queue(queue)))
            }
            Contact::SetTarget(Target::Agent(agent)) => {
                value(agent, data).map(|agent| Effect::SetTarget(Target::Agent(agent)))
            }
            Contact::TransferToQueue => Some(Effect::TransferToQueue),
            Contact::TransferToAgent => Some(Effect::TransferToAgent),
        };
        effect.map_or(Act::Now(Outcome::Failed(ErrorType::NoMatchingError)), |effect| Act::Ask(Step::Do(effect)))
    }
}

/// EventHooks holds exactly one key.
fn hook(parameters: &Parameters<'_>) -> Result<Contact, Misread> {
    const CURE: &str = "Set one of AgentHold, AgentWhisper, CustomerHold, CustomerQueue, CustomerRemaining and \
                        CustomerWhisper per action.";
    let Some(Value::Object(hooks)) = parameters.value("EventHooks") else {
        return Err(Misread::new("no EventHooks", CURE));
    };
    let mut hooks = hooks.iter();
    let (Some((key, flow)), None) = (hooks.next(), hooks.next()) else {
        return Err(Misread::new("EventHooks does not hold exactly one hook", CURE));
    };
    if SCREEN_HOOKS.contains(&key.as_str()) {
        return Ok(Contact::SetHook(None));
    }
    let Some((hook, _)) = Hook::ALL.into_iter().find(|(_, name)| name == key) else {
        return Err(Misread::new(format!("there is no hook {key}"), CURE));
    };
    let metadata = parameters.metadata;
    let name = metadata
        .pointer(&format!("/parameters/EventHooks/{key}/displayName"))
        .or_else(|| metadata.pointer("/contactFlow/text"))
        .and_then(Value::as_str);
    Ok(Contact::SetHook(Some((hook, named(key, text(key, flow)?, name)?))))
}

/// QueueId or AgentId, not both.
fn target(parameters: &Parameters<'_>) -> Result<Target, Misread> {
    let cure = "Give QueueId or, for an agent's own queue, AgentId.";
    match (parameters.reference("QueueId")?, parameters.reference("AgentId")?) {
        (Some(queue), None) => Ok(Target::Queue(queue)),
        (None, Some(agent)) => Ok(Target::Agent(agent)),
        (None, None) => Err(Misread::new("no queue", cure)),
        (Some(_), Some(_)) => Err(Misread::new("both a queue and an agent", cure)),
    }
}
