//! Actions on the participant: what is said to it, and hanging up on it.

use super::parameters::{Misread, Parameters, named};
use super::{ALL_TYPES, Act, Next, Rule, Step};
use crate::flow::model::{ErrorType, FlowType};
use crate::flow::run::{Ending, Outcome};
use crate::flow::template::{Data, fill, value};
use crate::ids::PromptId;
use serde_json::Value;
use std::time::Duration;

/// One message, its references filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Prompt(PromptId),
    Text(String),
    Ssml(String),
}

/// One message as it stands in the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Words {
    Prompt(String),
    Text(String),
    Ssml(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) enum Participant {
    Message(Words),
    Iteratively { messages: Vec<Words>, interrupt_after: Option<Duration> },
    Disconnect,
}

impl Participant {
    pub const TYPES: &'static [&'static str] =
        &["MessageParticipant", "MessageParticipantIteratively", "DisconnectParticipant"];

    pub fn read(kind: &str, parameters: &Parameters<'_>) -> Option<Result<Self, Misread>> {
        Some(match kind {
            "MessageParticipant" => words(parameters).map(Participant::Message),
            "MessageParticipantIteratively" => iteratively(parameters),
            "DisconnectParticipant" => Ok(Participant::Disconnect),
            _ => return None,
        })
    }

    pub fn rule(&self) -> Rule {
        match self {
            Participant::Message(_) => Rule {
                next: Next::Required,
                errors: &[],
                allowed: &[
                    FlowType::Inbound,
                    FlowType::AgentTransfer,
                    FlowType::QueueTransfer,
                    FlowType::CustomerQueue,
                    FlowType::CustomerWhisper,
                    FlowType::AgentWhisper,
                    FlowType::OutboundWhisper,
                ],
            },
            Participant::Iteratively { .. } => Rule {
                next: Next::Optional,
                errors: &[],
                allowed: &[FlowType::CustomerQueue, FlowType::CustomerHold, FlowType::AgentHold],
            },
            Participant::Disconnect => Rule { next: Next::Terminal, errors: &[], allowed: ALL_TYPES },
        }
    }

    pub fn begin(&self, data: &dyn Data) -> Act {
        let spoken = match self {
            Participant::Message(words) => words.fill(data).map(|message| Step::Play {
                messages: vec![message],
                repeat: false,
                interrupt_after: None,
            }),
            Participant::Iteratively { messages, interrupt_after } => messages
                .iter()
                .map(|words| words.fill(data))
                .collect::<Option<Vec<_>>>()
                .map(|messages| Step::Play { messages, repeat: true, interrupt_after: *interrupt_after }),
            Participant::Disconnect => Some(Step::End(Ending::Disconnect)),
        };
        spoken.map_or(Act::Now(Outcome::Failed(ErrorType::NoMatchingError)), Act::Ask)
    }

    /// Everything it may say.
    pub fn words(&self) -> &[Words] {
        match self {
            Participant::Message(words) => std::slice::from_ref(words),
            Participant::Iteratively { messages, .. } => messages,
            Participant::Disconnect => &[],
        }
    }
}

impl Words {
    fn fill(&self, data: &dyn Data) -> Option<Message> {
        Some(match self {
            Words::Prompt(prompt) => Message::Prompt(value(prompt, data)?.into()),
            Words::Text(text) => Message::Text(fill(text, data)),
            Words::Ssml(text) => Message::Ssml(fill(text, data)),
        })
    }
}

/// Exactly one of PromptId, Text, SSML.
fn words(parameters: &Parameters<'_>) -> Result<Words, Misread> {
    if parameters.value("Media").is_some() {
        return Err(Misread::new(
            "a prompt from S3 cannot be fetched",
            "Put the WAV file into the prompts folder and name it as PromptId.",
        ));
    }
    let found = [
        parameters.reference("PromptId")?.map(Words::Prompt),
        parameters.text("Text")?.map(Words::Text),
        parameters.text("SSML")?.map(Words::Ssml),
    ];
    let mut found = found.into_iter().flatten().filter(|words| !words.is_empty());
    match (found.next(), found.next()) {
        (Some(words), None) => Ok(words),
        (None, _) => Err(Misread::new("nothing to say", "Give one of PromptId, Text and SSML.")),
        (Some(_), Some(_)) => Err(Misread::new("more than one thing to say", "Keep one of PromptId, Text and SSML.")),
    }
}

impl Words {
    fn is_empty(&self) -> bool {
        let (Words::Prompt(text) | Words::Text(text) | Words::Ssml(text)) = self;
        text.trim().is_empty()
    }
}

fn iteratively(parameters: &Parameters<'_>) -> Result<Participant, Misread> {
    let Some(Value::Array(list)) = parameters.value("Messages") else {
        return Err(Misread::new("no Messages", "Give a list of {\"Text\": …}, {\"SSML\": …} or {\"PromptId\": …}."));
    };
    let mut messages = Vec::new();
    for (place, one) in list.iter().enumerate() {
        let inner = Parameters { values: one, metadata: &Value::Null };
        let mut words = words(&inner)
            .map_err(|fault| Misread::new(format!("message {}: {}", place + 1, fault.problem), fault.cure))?;
        if let Words::Prompt(prompt) = &mut words {
            let name = parameters
                .metadata
                .pointer(&format!("/parameters/Messages/{place}/PromptId/displayName"))
                .or_else(|| parameters.metadata.pointer(&format!("/audio/{place}/text")))
                .and_then(Value::as_str);
            *prompt = named("PromptId", std::mem::take(prompt), name)?;
        }
        messages.push(words);
    }
    if messages.is_empty() {
        return Err(Misread::new("Messages is empty", "Give at least one message: a loop of nothing is silence."));
    }
    let interrupt_after = match parameters.text("InterruptFrequencySeconds")? {
        None => None,
        Some(text) => match text.trim().parse::<u64>() {
            Ok(seconds) if seconds > 0 => Some(Duration::from_secs(seconds)),
            _ => {
                return Err(Misread::new(
                    format!("InterruptFrequencySeconds is \"{text}\""),
                    "Write whole seconds, at least \"1\"; more than \"20\" is wise, as a contact that is being offered cannot leave its queue.",
                ));
            }
        },
    };
    Ok(Participant::Iteratively { messages, interrupt_after })
}
