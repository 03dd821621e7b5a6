//! What only the whole installation can tell about a flow: whether what it names is there.

use super::action::{Action, Contact, Message, Participant, Query, Target, Words};
use super::fault::Fault;
use super::model::{Flow, FlowType, Node};
use super::speech::Speech;
use super::template::is_dynamic;
use crate::ids::{AgentId, FlowId, HoursId, PromptId, QueueId};
use std::collections::{BTreeMap, BTreeSet};

/// The names an installation has.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// By name and, where known, by ARN too.
    pub flows: BTreeMap<FlowId, FlowType>,
    pub queues: BTreeSet<QueueId>,
    pub hours: BTreeSet<HoursId>,
    pub agents: BTreeSet<AgentId>,
    pub prompts: BTreeSet<PromptId>,
    pub speech: Speech,
}

/// Everything in `flow` that names what is not there. References are known only in a call and pass.
#[must_use]
pub fn check(flow: &Flow, names: &Names) -> Vec<Fault> {
    let mut faults = Vec::new();
    for node in &flow.nodes {
        let mut fault = |problem: String, cure: String| faults.push(at(flow, node, problem, cure));
        match &node.action {
            Action::Participant(participant) => words(participant, names, &mut fault),
            Action::Contact(contact) => named(contact, names, &mut fault),
            Action::Query(query) => asked(query, names, &mut fault),
            Action::Control(_) => {}
        }
    }
    faults
}

pub(super) fn at(flow: &Flow, node: &Node, problem: String, cure: String) -> Fault {
    Fault {
        file: flow.file.clone(),
        line: node.line,
        column: None,
        action: Some(node.identifier.clone()),
        problem,
        cure,
    }
}

fn words(participant: &Participant, names: &Names, fault: &mut impl FnMut(String, String)) {
    for words in participant.words() {
        match words {
            Words::Prompt(text) | Words::Text(text) | Words::Ssml(text) if is_dynamic(text) => {}
            Words::Prompt(prompt) => {
                if !names.prompts.contains(prompt.as_str()) {
                    fault(
                        format!("there is no prompt {prompt}"),
                        "Put a WAV file of that name into the prompts folder.".into(),
                    );
                }
            }
            Words::Text(text) => spoken(Message::Text(text.clone()), names, fault),
            Words::Ssml(text) => spoken(Message::Ssml(text.clone()), names, fault),
        }
    }
}

fn spoken(message: Message, names: &Names, fault: &mut impl FnMut(String, String)) {
    if let Err(unspoken) = names.speech.render(&message) {
        fault(unspoken.to_string(), "Record it, and name text and file in the prompts folder's index.toml.".into());
    }
}

fn named(contact: &Contact, names: &Names, fault: &mut impl FnMut(String, String)) {
    match contact {
        Contact::SetHook(Some((hook, flow))) if !is_dynamic(flow) => match names.flows.get(flow.as_str()) {
            Some(kind) if *kind == hook.flow_type() => {}
            Some(kind) => fault(
                format!("the hook {hook:?} cannot take {flow}, which is a {} flow", kind.token()),
                format!("Name a {} flow.", hook.flow_type().token()),
            ),
            None => fault(
                format!("there is no flow {flow}"),
                "Put it into the flows folder, or name one that is there.".into(),
            ),
        },
        Contact::SetTarget(of) => target(of, names, fault),
        _ => {}
    }
}

fn target(target: &Target, names: &Names, fault: &mut impl FnMut(String, String)) {
    match target {
        Target::Queue(queue) if !is_dynamic(queue) && !names.queues.contains(queue.as_str()) => {
            fault(format!("there is no queue {queue}"), "Name the id of one of the [[queues]].".into());
        }
        Target::Agent(agent) if !is_dynamic(agent) && !names.agents.contains(agent.as_str()) => {
            fault(format!("there is no agent {agent}"), "Name the id of one of the [[agents]].".into());
        }
        Target::Queue(_) | Target::Agent(_) => {}
    }
}

fn asked(query: &Query, names: &Names, fault: &mut impl FnMut(String, String)) {
    match query {
        Query::Hours(Some(hours)) if !is_dynamic(hours) && !names.hours.contains(hours.as_str()) => {
            fault(format!("there are no hours {hours}"), "Name the id of one of the [[hours]].".into());
        }
        Query::Metric(_, Some(of)) => target(of, names, fault),
        Query::Hours(_) | Query::Metric(_, None) => {}
    }
}
