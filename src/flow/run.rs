//! One walk through a flow: plain data, one step at a time.

use super::action::{Act, Effect, Step};
use super::model::{ErrorType, Flow, Node};
use super::template::{Data, fill};
use crate::limits::FLOW_STEPS;
use std::sync::Arc;

/// How the last step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run has just been started.
    Begin,
    Done,
    Failed(ErrorType),
    /// What conditions test.
    Result(String),
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The participant is to be disconnected.
    Disconnect,
    /// The flow has done its part: a whisper is over, a queued contact stays queued.
    Ended,
    /// The contact is in a queue or with an agent.
    Transferred,
    /// An error that no branch takes, with what went wrong.
    Failed(String),
}

#[derive(Clone, Debug)]
pub struct Run {
    flow: Arc<Flow>,
    place: Place,
    /// Actions since something was last played, so that no circle holds the switch.
    hurried: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// At an action, by its index; `played` when it waits for sound to end.
    At {
        node: usize,
        played: bool,
    },
    Over,
}

impl Run {
    /// Nothing happens before the first [`Run::step`] with [`Outcome::Begin`].
    #[must_use]
    pub fn start(flow: Arc<Flow>) -> Run {
        Run { flow, place: Place::Start, hurried: 0 }
    }

    #[must_use]
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// The Identifier of the action it is at.
    #[must_use]
    pub fn at(&self) -> Option<&str> {
        match self.place {
            Place::At { node, .. } => self.flow.nodes.get(node).map(|node| node.identifier.as_str()),
            Place::Start | Place::Over => None,
        }
    }

    /// Takes how the last step went and gives the next one. After an [`Step::End`] it ends again and again.
    pub fn step(&mut self, outcome: Outcome, data: &dyn Data) -> Step {
        let flow = Arc::clone(&self.flow);
        let mut outcome = outcome;
        let mut next = match self.place {
            Place::Over => return Step::End(Ending::Ended),
            Place::Start => Ok(flow.start),
            Place::At { node, played } => {
                if played && !matches!(outcome, Outcome::Failed(_)) {
                    self.hurried = 0;
                }
                successor(&flow, node, &outcome, data)
            }
        };
        loop {
            let node = match next {
                Ok(node) => node,
                Err(ending) => return self.end(ending),
            };
            self.hurried += 1;
            if self.hurried > FLOW_STEPS {
                return self.end(Ending::Failed(format!(
                    "{}: more than {FLOW_STEPS} actions without a sound between them",
                    flow.id
                )));
            }
            let Some(action) = flow.nodes.get(node).map(|node| &node.action) else {
                return self.end(Ending::Failed(format!("{}: no action {node}", flow.id)));
            };
            match action.begin(data) {
                Act::Ask(Step::End(ending)) => return self.end(ending),
                Act::Ask(step) => {
                    self.place = Place::At { node, played: matches!(step, Step::Play { .. }) };
                    return step;
                }
                Act::Now(happened) => {
                    outcome = happened;
                    next = successor(&flow, node, &outcome, data);
                }
            }
        }
    }

    fn end(&mut self, ending: Ending) -> Step {
        self.place = Place::Over;
        Step::End(ending)
    }
}

/// Connect's order: an error takes its branch, else the catch-all; a result the first condition that holds, else
/// NoMatchingCondition; all else the next action.
fn successor(flow: &Flow, at: usize, outcome: &Outcome, data: &dyn Data) -> Result<usize, Ending> {
    let Some(node) = flow.nodes.get(at) else {
        return Err(Ending::Failed(format!("{}: no action {at}", flow.id)));
    };
    let branch = |error: ErrorType| node.errors.iter().find(|(kind, _)| *kind == error).map(|(_, next)| *next);
    match outcome {
        Outcome::Failed(error) => branch(*error)
            .or_else(|| branch(ErrorType::NoMatchingError))
            .or(node.next.filter(|_| node.action.forgives()))
            .ok_or_else(|| failed(flow, node, &format!("{} has no branch", error.token()))),
        Outcome::Result(result) => node
            .conditions
            .iter()
            .find(|(test, _)| test.operator.holds(result, &fill(&test.operand, data)))
            .map(|(_, next)| *next)
            .or_else(|| branch(ErrorType::NoMatchingCondition))
            .or(node.next)
            .ok_or_else(|| failed(flow, node, &format!("the result {result} has no branch"))),
        Outcome::Begin | Outcome::Done => {
            if let Some(ending) = node.action.ending() {
                return Err(ending);
            }
            node.next.ok_or_else(|| failed(flow, node, "there is no next action"))
        }
    }
}

fn failed(flow: &Flow, node: &Node, why: &str) -> Ending {
    Ending::Failed(format!("{}, action {}: {why}", flow.id, node.identifier))
}

impl Effect {
    /// Whether the run is over once it is done.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, Effect::TransferToQueue | Effect::TransferToAgent)
    }
}
