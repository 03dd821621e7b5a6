//! A flow file in any of the containers people have them in, to checked flows.

use super::action::{Action, Next, Parameters};
use super::fault::Fault;
use super::model::{Condition, ErrorType, Flow, FlowType, Node, Operator};
use crate::ids::FlowId;
use serde_json::Value;
use std::collections::BTreeMap;

/// The one version of the language there is.
const VERSION: &str = "2019-10-30";

/// Reads the flows of one file: the bare document, an answer of DescribeContactFlow (its Content a string or an
/// object), or a list of these. Every fault is listed, not only the first.
pub fn load(file: &str, bytes: &[u8]) -> Result<Vec<Flow>, Vec<Fault>> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        vec![Fault {
            line: Some(error.line()),
            column: Some(error.column()),
            ..Fault::file(file, format!("this is no JSON: {error}"), "Export the flow again, or mend it there.")
        }]
    })?;
    let text = String::from_utf8_lossy(bytes);
    let documents = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let (mut flows, mut faults) = (Vec::new(), Vec::new());
    if documents.is_empty() {
        faults.push(Fault::file(file, "there is no flow in it", "Put a flow document there."));
    }
    for document in &documents {
        match contained(file, &text, document) {
            Ok(flow) => flows.push(flow),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(flows) } else { Err(faults) }
}

/// Takes a document out of its container, with the name, type and ARN that the container gives it.
fn contained(file: &str, text: &str, value: &Value) -> Result<Flow, Vec<Fault>> {
    if value.get("modules").is_some() && value.get("start").is_some() {
        return Err(vec![Fault::file(
            file,
            "this flow is in the legacy format (modules), which Connect no longer imports either",
            "Open it in the Connect console, publish it and export it again.",
        )]);
    }
    let Some(container) = value.get("ContactFlow").or_else(|| value.get("Content").map(|_| value)) else {
        return document(file, text, value, &Value::Null);
    };
    match container.get("Content") {
        Some(Value::String(content)) => match serde_json::from_str(content) {
            Ok(inner) => document(file, text, &inner, container),
            Err(error) => Err(vec![Fault::file(
                file,
                format!("its Content is no JSON: {error}"),
                "Fetch the flow again with describe-contact-flow.",
            )]),
        },
        Some(inner @ Value::Object(_)) => document(file, text, inner, container),
        _ => Err(vec![Fault::file(
            file,
            "it has no Content",
            "Fetch the flow with describe-contact-flow, which gives it.",
        )]),
    }
}

fn document(file: &str, text: &str, value: &Value, container: &Value) -> Result<Flow, Vec<Fault>> {
    let mut faults = Vec::new();
    let metadata = value.get("Metadata").unwrap_or(&Value::Null);
    if value.get("Version").and_then(Value::as_str) != Some(VERSION) {
        faults.push(Fault::file(file, format!("its Version is not {VERSION}"), "Export the flow again."));
    }
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file).trim_end_matches(".json");
    let name = first([container.get("Name"), metadata.get("name")]).unwrap_or(stem);
    let kind = match first([container.get("Type"), metadata.get("type")]) {
        Some(token) => FlowType::parse(token).ok_or_else(|| format!("there is no flow type {token}")),
        None => Err("it does not say its type".to_owned()),
    };
    let kind = kind.unwrap_or_else(|problem| {
        let types = FlowType::ALL.map(FlowType::metadata).join(", ");
        faults.push(Fault::file(file, problem, format!("Set Metadata.type to one of {types}.")));
        FlowType::Inbound
    });
    let empty = Vec::new();
    let list = value.get("Actions").and_then(Value::as_array).unwrap_or(&empty);
    if list.is_empty() {
        faults.push(Fault::file(file, "it has no Actions", "Export the flow again."));
    }
    let mut reader = Reader { file, text, metadata, indexes: BTreeMap::new(), faults };
    reader.index(list);
    let nodes: Vec<Node> = list.iter().filter_map(|action| reader.node(action)).collect();
    let start = reader.start(value.get("StartAction"));
    let mut faults = reader.faults;
    let flow = Flow {
        id: FlowId::from(name),
        arn: first([container.get("Arn"), metadata.get("arn")]).map(str::to_owned),
        kind,
        file: file.to_owned(),
        start,
        nodes,
    };
    rules(&flow, &mut faults);
    if faults.is_empty() { Ok(flow) } else { Err(faults) }
}

/// The first of two places that holds a text.
fn first(places: [Option<&Value>; 2]) -> Option<&str> {
    places.into_iter().flatten().find_map(Value::as_str).map(str::trim).filter(|found| !found.is_empty())
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    metadata: &'a Value,
    indexes: BTreeMap<&'a str, usize>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, action: &str, problem: impl Into<String>, cure: impl Into<String>) {
        let fault =
            Fault { line: self.line(action), action: Some(action.to_owned()), ..Fault::file(self.file, problem, cure) };
        self.faults.push(fault);
    }

    /// The line of an action, found by its Identifier: JSON values carry no places.
    fn line(&self, identifier: &str) -> Option<usize> {
        let mut at = 0;
        while let Some(found) = self.text.get(at..)?.find("\"Identifier\"") {
            at += found + "\"Identifier\"".len();
            let value = self.text.get(at..)?.trim_start().strip_prefix(':')?.trim_start();
            if value
                .strip_prefix('"')
                .and_then(|value| value.strip_prefix(identifier))
                .is_some_and(|v| v.starts_with('"'))
            {
                return Some(self.text.get(..at)?.matches('\n').count() + 1);
            }
        }
        None
    }

    fn index(&mut self, list: &'a [Value]) {
        for (place, action) in list.iter().enumerate() {
            match action.get("Identifier").and_then(Value::as_str) {
                None | Some("") => self.faults.push(Fault::file(
                    self.file,
                    format!("action {} has no Identifier", place + 1),
                    "Give it one that no other action has.",
                )),
                Some(identifier) => {
                    if self.indexes.insert(identifier, place).is_some() {
                        self.fault(identifier, "there are two actions of this Identifier", "Rename one of them.");
                    }
                }
            }
        }
    }

    fn start(&mut self, start: Option<&Value>) -> usize {
        let start = start.and_then(Value::as_str).unwrap_or_default();
        self.indexes.get(start).copied().unwrap_or_else(|| {
            self.faults.push(Fault::file(
                self.file,
                format!("its StartAction \"{start}\" is not among its Actions"),
                "Name the Identifier of the first action.",
            ));
            0
        })
    }

    /// `None` for what is no action; the faults then say why.
    fn node(&mut self, value: &Value) -> Option<Node> {
        let identifier = value.get("Identifier").and_then(Value::as_str)?;
        let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
        let parameters = Parameters {
            values: value.get("Parameters").unwrap_or(&Value::Null),
            metadata: self.metadata.get("ActionMetadata").and_then(|all| all.get(identifier)).unwrap_or(&Value::Null),
        };
        let action = match Action::read(kind, &parameters) {
            Some(Ok(action)) => Some(action),
            Some(Err(misread)) => {
                self.fault(identifier, misread.problem, misread.cure);
                None
            }
            None => {
                let known: Vec<_> = Action::types().collect();
                self.fault(
                    identifier,
                    format!("there is no action of type \"{kind}\" here"),
                    format!("Use what there is: {}.", known.join(", ")),
                );
                None
            }
        };
        let transitions = value.get("Transitions").unwrap_or(&Value::Null);
        let next = transitions.get("NextAction").and_then(Value::as_str);
        let next = next.map(|next| self.target(identifier, "NextAction", next));
        let list = |key: &str| transitions.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let errors = list("Errors").iter().filter_map(|branch| self.error(identifier, branch)).collect();
        let conditions = list("Conditions").iter().filter_map(|branch| self.condition(identifier, branch)).collect();
        let line = self.line(identifier);
        Some(Node { identifier: identifier.to_owned(), line, action: action?, next, errors, conditions })
    }

    /// Where a branch leads. One that leads nowhere is a fault, and a flow with a fault never runs.
    fn target(&mut self, action: &str, branch: &str, next: &str) -> usize {
        self.indexes.get(next).copied().unwrap_or_else(|| {
            self.fault(action, format!("its {branch} leads to \"{next}\", which is no action"), "Mend the transition.");
            0
        })
    }

    fn error(&mut self, action: &str, branch: &Value) -> Option<(ErrorType, usize)> {
        let token = branch.get("ErrorType").and_then(Value::as_str).unwrap_or_default();
        let Some(error) = ErrorType::parse(token) else {
            let known = ErrorType::ALL.map(ErrorType::token).join(", ");
            self.fault(action, format!("there is no error type \"{token}\""), format!("Use one of {known}."));
            return None;
        };
        let next = branch.get("NextAction").and_then(Value::as_str).unwrap_or_default();
        Some((error, self.target(action, token, next)))
    }

    fn condition(&mut self, action: &str, branch: &Value) -> Option<(Condition, usize)> {
        let test = branch.get("Condition").unwrap_or(&Value::Null);
        let token = test.get("Operator").and_then(Value::as_str).unwrap_or_default();
        let Some((operator, _)) = Operator::ALL.into_iter().find(|(_, name)| *name == token) else {
            let known = Operator::ALL.map(|(_, name)| name).join(", ");
            self.fault(action, format!("there is no operator \"{token}\""), format!("Use one of {known}."));
            return None;
        };
        let Some([Value::String(operand)]) = test.get("Operands").and_then(Value::as_array).map(Vec::as_slice) else {
            self.fault(action, format!("{token} needs one operand"), "Write Operands as a list of one string.");
            return None;
        };
        let next = branch.get("NextAction").and_then(Value::as_str).unwrap_or_default();
        Some((Condition { operator, operand: operand.clone() }, self.target(action, token, next)))
    }
}

/// What each type of action must and may have around it.
fn rules(flow: &Flow, faults: &mut Vec<Fault>) {
    for node in &flow.nodes {
        let mut fault =
            |problem: String, cure: &str| faults.push(super::check::at(flow, node, problem, cure.to_owned()));
        let rule = node.action.rule();
        match rule.next {
            Next::Required if node.next.is_none() => {
                fault("it has no NextAction".into(), "Lead it on, for instance to an EndFlowExecution.");
            }
            Next::Terminal if node.next.is_some() || !node.errors.is_empty() || !node.conditions.is_empty() => {
                fault("it ends the flow and yet has transitions".into(), "Make its Transitions {}.");
            }
            Next::Required | Next::Optional | Next::Terminal => {}
        }
        for error in rule.errors {
            if !node.errors.iter().any(|(there, _)| there == error) {
                fault(format!("it has no {} branch", error.token()), "Add it to Errors; Connect asks for it, too.");
            }
        }
        for result in node.action.results() {
            let named = |test: &Condition| test.operator == Operator::Equals && test.operand == *result;
            if !node.conditions.iter().any(|(test, _)| named(test)) {
                fault(
                    format!("it has no condition for {result}"),
                    "Add it to Conditions, as Equals; Connect asks for it, too.",
                );
            }
        }
        if !rule.allowed.contains(&flow.kind) {
            fault(
                format!("it may not stand in a flow of type {}", flow.kind.token()),
                "Move it to a flow of a type that may have it, or take another action.",
            );
        }
    }
}
