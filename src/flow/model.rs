//! A flow as it is after loading: actions joined by index, so that no run can meet a dangling transition.

use super::action::Action;
use crate::ids::FlowId;

/// The types of a flow. They cannot stand in for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowType {
    Inbound,
    CustomerQueue,
    CustomerHold,
    CustomerWhisper,
    OutboundWhisper,
    AgentHold,
    AgentWhisper,
    AgentTransfer,
    QueueTransfer,
}

impl FlowType {
    pub const ALL: [FlowType; 9] = [
        FlowType::Inbound,
        FlowType::CustomerQueue,
        FlowType::CustomerHold,
        FlowType::CustomerWhisper,
        FlowType::OutboundWhisper,
        FlowType::AgentHold,
        FlowType::AgentWhisper,
        FlowType::AgentTransfer,
        FlowType::QueueTransfer,
    ];

    /// As Connect's API writes it.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            FlowType::Inbound => "CONTACT_FLOW",
            FlowType::CustomerQueue => "CUSTOMER_QUEUE",
            FlowType::CustomerHold => "CUSTOMER_HOLD",
            FlowType::CustomerWhisper => "CUSTOMER_WHISPER",
            FlowType::OutboundWhisper => "OUTBOUND_WHISPER",
            FlowType::AgentHold => "AGENT_HOLD",
            FlowType::AgentWhisper => "AGENT_WHISPER",
            FlowType::AgentTransfer => "AGENT_TRANSFER",
            FlowType::QueueTransfer => "QUEUE_TRANSFER",
        }
    }

    /// As the Metadata of an export writes it.
    #[must_use]
    pub const fn metadata(self) -> &'static str {
        match self {
            FlowType::Inbound => "contactFlow",
            FlowType::CustomerQueue => "customerQueue",
            FlowType::CustomerHold => "customerHold",
            FlowType::CustomerWhisper => "customerWhisper",
            FlowType::OutboundWhisper => "outboundWhisper",
            FlowType::AgentHold => "agentHold",
            FlowType::AgentWhisper => "agentWhisper",
            FlowType::AgentTransfer => "agentTransfer",
            FlowType::QueueTransfer => "queueTransfer",
        }
    }

    /// The flow that runs where no other of this type is set, by the name every Connect instance gives it.
    #[must_use]
    pub const fn default_name(self) -> Option<&'static str> {
        match self {
            FlowType::Inbound => None,
            FlowType::CustomerQueue => Some("Default customer queue"),
            FlowType::CustomerHold => Some("Default customer hold"),
            FlowType::CustomerWhisper => Some("Default customer whisper"),
            FlowType::OutboundWhisper => Some("Default outbound"),
            FlowType::AgentHold => Some("Default agent hold"),
            FlowType::AgentWhisper => Some("Default agent whisper"),
            FlowType::AgentTransfer => Some("Default agent transfer"),
            FlowType::QueueTransfer => Some("Default queue transfer"),
        }
    }

    /// Either spelling.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        FlowType::ALL.into_iter().find(|kind| kind.token() == token || kind.metadata() == token)
    }
}

/// One flow, checked as far as it can be without knowing the installation.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    pub arn: Option<String>,
    pub kind: FlowType,
    /// The file it came from, for faults.
    pub file: String,
    pub(super) start: usize,
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub identifier: String,
    /// Where it stands in the file.
    pub line: Option<usize>,
    pub action: Action,
    pub next: Option<usize>,
    pub errors: Vec<(ErrorType, usize)>,
    pub conditions: Vec<(Condition, usize)>,
}

/// Why an action failed; each has its own branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorType {
    /// Any error that no other branch names.
    NoMatchingError,
    /// A result that no condition names.
    NoMatchingCondition,
    QueueAtCapacity,
    InputTimeLimitExceeded,
    InvalidPhoneNumber,
    CallFailed,
    ConnectionTimeLimitExceeded,
    InvalidCallbackNumber,
    CallbackNumberNotDialable,
    ParticipantNotFound,
    ChannelMismatch,
}

impl ErrorType {
    pub const ALL: [ErrorType; 11] = [
        ErrorType::NoMatchingError,
        ErrorType::NoMatchingCondition,
        ErrorType::QueueAtCapacity,
        ErrorType::InputTimeLimitExceeded,
        ErrorType::InvalidPhoneNumber,
        ErrorType::CallFailed,
        ErrorType::ConnectionTimeLimitExceeded,
        ErrorType::InvalidCallbackNumber,
        ErrorType::CallbackNumberNotDialable,
        ErrorType::ParticipantNotFound,
        ErrorType::ChannelMismatch,
    ];

    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            ErrorType::NoMatchingError => "NoMatchingError",
            ErrorType::NoMatchingCondition => "NoMatchingCondition",
            ErrorType::QueueAtCapacity => "QueueAtCapacity",
            ErrorType::InputTimeLimitExceeded => "InputTimeLimitExceeded",
            ErrorType::InvalidPhoneNumber => "InvalidPhoneNumber",
            ErrorType::CallFailed => "CallFailed",
            ErrorType::ConnectionTimeLimitExceeded => "ConnectionTimeLimitExceeded",
            ErrorType::InvalidCallbackNumber => "InvalidCallbackNumber",
            ErrorType::CallbackNumberNotDialable => "CallbackNumberNotDialable",
            ErrorType::ParticipantNotFound => "ParticipantNotFound",
            ErrorType::ChannelMismatch => "ChannelMismatch",
        }
    }

    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        ErrorType::ALL.into_iter().find(|error| error.token() == token)
    }
}

/// A test of an action's result. The operand may hold `$.` references.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub operator: Operator,
    pub operand: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equals,
    TextStartsWith,
    TextEndsWith,
    TextContains,
    NumberGreaterThan,
    NumberGreaterOrEqualTo,
    NumberLessThan,
    NumberLessOrEqualTo,
}

impl Operator {
    pub const ALL: [(Operator, &'static str); 8] = [
        (Operator::Equals, "Equals"),
        (Operator::TextStartsWith, "TextStartsWith"),
        (Operator::TextEndsWith, "TextEndsWith"),
        (Operator::TextContains, "TextContains"),
        (Operator::NumberGreaterThan, "NumberGreaterThan"),
        (Operator::NumberGreaterOrEqualTo, "NumberGreaterOrEqualTo"),
        (Operator::NumberLessThan, "NumberLessThan"),
        (Operator::NumberLessOrEqualTo, "NumberLessOrEqualTo"),
    ];

    pub fn holds(self, result: &str, operand: &str) -> bool {
        // What is no number fails every number test; it is no error.
        let numbers = || Some((result.trim().parse::<f64>().ok()?, operand.trim().parse::<f64>().ok()?));
        match self {
            Operator::Equals => result == operand,
            Operator::TextStartsWith => result.starts_with(operand),
            Operator::TextEndsWith => result.ends_with(operand),
            Operator::TextContains => result.contains(operand),
            Operator::NumberGreaterThan => numbers().is_some_and(|(a, b)| a > b),
            Operator::NumberGreaterOrEqualTo => numbers().is_some_and(|(a, b)| a >= b),
            Operator::NumberLessThan => numbers().is_some_and(|(a, b)| a < b),
            Operator::NumberLessOrEqualTo => numbers().is_some_and(|(a, b)| a <= b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_every_type() {
        for kind in FlowType::ALL {
            assert_eq!(FlowType::parse(kind.token()), Some(kind));
            assert_eq!(FlowType::parse(kind.metadata()), Some(kind));
        }
        assert_eq!(FlowType::parse("CAMPAIGN"), None);
    }

    #[test]
    fn operators() {
        for (operator, result, operand, holds) in [
            (Operator::Equals, "a", "a", true),
            (Operator::Equals, "a", "A", false),
            (Operator::TextStartsWith, "abc", "ab", true),
            (Operator::TextEndsWith, "abc", "ab", false),
            (Operator::TextContains, "abc", "b", true),
            (Operator::NumberGreaterThan, "10", "9", true),
            (Operator::NumberGreaterThan, "ten", "9", false),
            (Operator::NumberGreaterOrEqualTo, "9", "9", true),
            (Operator::NumberLessThan, "9", "9.5", true),
            (Operator::NumberLessOrEqualTo, "9", "8", false),
        ] {
            assert_eq!(operator.holds(result, operand), holds, "{operator:?} {result} {operand}");
        }
    }
}
