//! Actions on the contact: its hooks, its target, its turn, what is recorded, and its way into a queue or to an agent.

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

/// Who is recorded, once an agent is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub agent: bool,
    /// Everybody who is no agent.
    pub customer: bool,
}

impl Recorded {
    pub const NOBODY: Recorded = Recorded { agent: false, customer: false };
    pub const BOTH: Recorded = Recorded { agent: true, customer: true };
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) enum Contact {
    /// No hook: one of the agent workspace's.
    SetHook(Option<(Hook, String)>),
    /// The text inside may be a reference still.
    SetTarget(Target),
    SetPriority(u8),
    AdjustQueueTime(i32),
    /// Nobody said: as it was. And what else is asked that no switch of ours does.
    SetRecording(Option<Recorded>, Vec<&'static str>),
    TransferToQueue,
    TransferToAgent,
}

impl Contact {
    pub const TYPES: &'static [&'static str] = &[
        "UpdateContactEventHooks",
        "UpdateContactTargetQueue",
        "UpdateContactRoutingBehavior",
        "UpdateContactRecordingBehavior",
        "TransferContactToQueue",
        "TransferContactToAgent",
    ];

    pub fn read(kind: &str, parameters: &Parameters<'_>) -> Option<Result<Self, Misread>> {
        Some(match kind {
            "UpdateContactEventHooks" => hook(parameters),
            "UpdateContactTargetQueue" => target(parameters).map(Contact::SetTarget),
            "UpdateContactRoutingBehavior" => routing_behavior(parameters),
            "UpdateContactRecordingBehavior" => recording_behavior(parameters),
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
            Contact::SetPriority(_) | Contact::AdjustQueueTime(_) | Contact::SetRecording(..) => Rule {
                next: Next::Required,
                errors: &[],
                allowed: &[
                    FlowType::Inbound,
                    FlowType::AgentTransfer,
                    FlowType::QueueTransfer,
                    FlowType::CustomerQueue,
                    FlowType::OutboundWhisper,
                ],
            },
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
            Contact::SetTarget(target) => target.known(data).map(Effect::SetTarget),
            Contact::SetPriority(priority) => Some(Effect::SetPriority(*priority)),
            Contact::AdjustQueueTime(seconds) => Some(Effect::AdjustQueueTime(*seconds)),
            Contact::SetRecording(recorded, passed_over) => {
                Some(Effect::SetRecording { recorded: *recorded, passed_over: passed_over.clone() })
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

fn target(parameters: &Parameters<'_>) -> Result<Target, Misread> {
    let cure = "Give QueueId or, for an agent's own queue, AgentId.";
    Target::read(parameters, cure)?.ok_or_else(|| Misread::new("no queue", cure))
}

impl Target {
    /// QueueId or AgentId, not both; `None` when neither is named.
    pub(in crate::flow) fn read(parameters: &Parameters<'_>, cure: &str) -> Result<Option<Target>, Misread> {
        match (parameters.reference("QueueId")?, parameters.reference("AgentId")?) {
            (Some(queue), None) => Ok(Some(Target::Queue(queue))),
            (None, Some(agent)) => Ok(Some(Target::Agent(agent))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(Misread::new("both a queue and an agent", cure)),
        }
    }

    /// With its reference looked up; `None` when that names nothing.
    pub(in crate::flow) fn known(&self, data: &dyn Data) -> Option<Target> {
        Some(match self {
            Target::Queue(queue) => Target::Queue(value(queue, data)?),
            Target::Agent(agent) => Target::Agent(value(agent, data)?),
        })
    }
}

/// QueuePriority or QueueTimeAdjustmentSeconds, not both. Priorities after 255 are all the last.
fn routing_behavior(parameters: &Parameters<'_>) -> Result<Contact, Misread> {
    let cure = "Give QueuePriority from \"1\" on, or QueueTimeAdjustmentSeconds.";
    let whole = |key: &str| match parameters.text(key)? {
        None => Ok(None),
        Some(text) => match text.trim().parse::<i32>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Misread::new(format!("{key} is \"{text}\""), cure)),
        },
    };
    match (whole("QueuePriority")?, whole("QueueTimeAdjustmentSeconds")?) {
        (Some(priority), None) if priority > 0 => Ok(Contact::SetPriority(u8::try_from(priority).unwrap_or(u8::MAX))),
        (None, Some(seconds)) => Ok(Contact::AdjustQueueTime(seconds)),
        (Some(_), None) => Err(Misread::new("QueuePriority is below 1", cure)),
        (None, None) => Err(Misread::new("nothing to change", cure)),
        (Some(_), Some(_)) => Err(Misread::new("both a priority and a queue time", cure)),
    }
}

/// RecordedParticipants. What else may stand beside it concerns what is not recorded here: it is passed over, and the run
/// says so.
fn recording_behavior(parameters: &Parameters<'_>) -> Result<Contact, Misread> {
    let cure = "Write RecordingBehavior with RecordedParticipants: \"Agent\", \"Customer\", both, or none of them.";
    let mut passed_over = Vec::new();
    let behavior = parameters.value("RecordingBehavior");
    let inside = |key: &str| behavior.and_then(|behavior| behavior.get(key)).filter(|value| !value.is_null());
    match inside("IVRRecordingBehavior").map(Value::as_str) {
        Some(Some("Enabled")) => passed_over.push("IVRRecordingBehavior"),
        None | Some(Some("Disabled")) => {}
        Some(_) => return Err(Misread::new("IVRRecordingBehavior is neither Enabled nor Disabled", cure)),
    }
    if inside("ScreenRecordedParticipants").is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty())) {
        passed_over.push("ScreenRecordedParticipants");
    }
    if parameters.value("AnalyticsBehavior").is_some() {
        passed_over.push("AnalyticsBehavior");
    }
    let recorded = match inside("RecordedParticipants") {
        Some(Value::Array(list)) => {
            let mut recorded = Recorded::NOBODY;
            for one in list {
                match one.as_str() {
                    Some("Agent") => recorded.agent = true,
                    Some("Customer") => recorded.customer = true,
                    _ => return Err(Misread::new(format!("nobody is called {one}"), cure)),
                }
            }
            Some(recorded)
        }
        Some(_) => return Err(Misread::new("RecordedParticipants is no list", cure)),
        None if behavior.is_none() && passed_over.is_empty() => return Err(Misread::new("no RecordingBehavior", cure)),
        None => None,
    };
    Ok(Contact::SetRecording(recorded, passed_over))
}
