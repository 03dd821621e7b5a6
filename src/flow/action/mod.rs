//! What an action may be, and what it asks of the host: one file per family, closed matches.

mod contact;
mod control;
mod parameters;
mod participant;
mod query;

pub use contact::{Hook, Recorded, Target};
pub use participant::Message;
pub use query::Metric;

pub(super) use contact::Contact;
pub(super) use control::Control;
pub(super) use parameters::{Misread, Parameters};
pub(super) use participant::{Participant, Words};
pub(super) use query::Query;

use super::model::{ErrorType, FlowType};
use super::run::{Ending, Outcome};
use super::template::Data;
use std::time::Duration;

/// What a run wants next. The host does it, then says how it went by [`super::Run::step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Play to the participant. Played to the end is `Done`; a message that cannot be spoken is
    /// `Failed(NoMatchingError)`. With `repeat` it goes on for ever, or until `interrupt_after`, which is
    /// `Result("MessagesInterrupted")`.
    Play { messages: Vec<Message>, repeat: bool, interrupt_after: Option<Duration> },
    /// Change something, at once.
    Do(Effect),
    /// The run is over.
    End(Ending),
}

/// What a run changes in its contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `flow` is the ARN or the name of a flow of the hook's type.
    SetHook {
        hook: Hook,
        flow: String,
    },
    SetTarget(Target),
    /// The contact's place in its queue: lower comes first.
    SetPriority(u8),
    /// It counts as having waited so many seconds longer.
    AdjustQueueTime(i32),
    /// Who is recorded from now on, if that is said; and what the flow asks beside it and nobody does.
    SetRecording {
        recorded: Option<Recorded>,
        passed_over: Vec<&'static str>,
    },
    /// Whether these hours, or the target queue's, are open now: the result is `True` or `False`.
    CheckHours(Option<String>),
    /// What this queue's, or the target's, figure is now: the result is a number.
    Measure(Metric, Option<Target>),
    /// Into the queue that is the target. `Done` ends the run.
    TransferToQueue,
    /// To the target agent, now or never. `Done` ends the run.
    TransferToAgent,
}

/// One action with its parameters, by family.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    Participant(Participant),
    Contact(Contact),
    Query(Query),
    Control(Control),
}

/// What an action leads to: something for the host, or a successor at once.
pub(super) enum Act {
    Ask(Step),
    Now(Outcome),
}

/// Which transitions an action must and may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub next: Next,
    /// Errors without which Connect does not publish a flow.
    pub errors: &'static [ErrorType],
    /// The flow types it may stand in.
    pub allowed: &'static [FlowType],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Required,
    Optional,
    /// The action ends the flow.
    Terminal,
}

impl Action {
    /// Reads an action; `None` when no family knows the type.
    pub fn read(kind: &str, parameters: &Parameters<'_>) -> Option<Result<Action, Misread>> {
        None.or_else(|| Participant::read(kind, parameters).map(|read| read.map(Action::Participant)))
            .or_else(|| Contact::read(kind, parameters).map(|read| read.map(Action::Contact)))
            .or_else(|| Query::read(kind, parameters).map(|read| read.map(Action::Query)))
            .or_else(|| Control::read(kind).map(|read| Ok(Action::Control(read))))
    }

    /// The types there are, for a fault that names them.
    pub fn types() -> impl Iterator<Item = &'static str> {
        Participant::TYPES.iter().chain(Contact::TYPES).chain(Query::TYPES).chain(Control::TYPES).copied()
    }

    pub fn rule(&self) -> Rule {
        match self {
            Action::Participant(action) => action.rule(),
            Action::Contact(action) => action.rule(),
            Action::Query(action) => action.rule(),
            Action::Control(action) => action.rule(),
        }
    }

    /// Begins the action.
    pub fn begin(&self, data: &dyn Data) -> Act {
        match self {
            Action::Participant(action) => action.begin(data),
            Action::Contact(action) => action.begin(data),
            Action::Query(action) => action.begin(data),
            Action::Control(action) => action.begin(),
        }
    }

    /// How the run ends when this action is done and there is no way on by design.
    pub fn ending(&self) -> Option<Ending> {
        match self {
            Action::Contact(Contact::TransferToQueue | Contact::TransferToAgent) => Some(Ending::Transferred),
            _ => None,
        }
    }

    /// Results that each need a condition of their own.
    pub fn results(&self) -> &'static [&'static str] {
        match self {
            Action::Query(action) => action.results(),
            _ => &[],
        }
    }

    /// Old exports have no error branch here, and Connect goes on as if nothing had happened.
    pub fn forgives(&self) -> bool {
        matches!(self, Action::Participant(Participant::Message(_)))
    }
}

pub(super) const ALL_TYPES: &[FlowType] = &FlowType::ALL;
