//! The event stream as lines, until it ends or somebody interrupts.

use super::{Api, Fault};
use serde_json::Value;
use std::io::{BufRead, BufReader};

pub(super) fn watch(api: &Api, agent: Option<&str>, json: bool) -> Result<(), Fault> {
    let path = match agent {
        Some(agent) => format!("/api/events?agent={}", super::agent_path(agent).trim_start_matches("/api/agents/")),
        None => "/api/events".to_owned(),
    };
    let response = api.open(&path)?;
    let reader = BufReader::new(response.into_body().into_reader());
    let (mut event, mut data) = (String::new(), String::new());
    for line in reader.lines() {
        let line = line.map_err(|cause| Fault::Unreachable { url: api.url.clone(), cause: cause.to_string() })?;
        if let Some(name) = line.strip_prefix("event:") {
            name.trim().clone_into(&mut event);
        } else if let Some(text) = line.strip_prefix("data:") {
            data.push_str(text.trim());
        } else if line.is_empty() && !data.is_empty() {
            if json {
                println!("{data}");
            } else {
                let value: Value = serde_json::from_str(&data).map_err(|cause| Fault::Garbled(cause.to_string()))?;
                println!("{}", told(&event, &value));
            }
            event.clear();
            data.clear();
        }
    }
    Err(Fault::Unreachable { url: api.url.clone(), cause: "the stream has ended".to_owned() })
}

/// One event in one line.
fn told(event: &str, value: &Value) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    if event != "snapshot" {
        let agent = text(value, "agent");
        let with = if agent.is_empty() { String::new() } else { format!(" with {agent}") };
        return format!("{} contact {} {}{with}", text(value, "timestamp"), text(value, "contactId"), event);
    }
    let mut line = format!("{}: {}, {}", text(value, "id"), text(value, "status"), text(value, "state"));
    for contact in value.get("contacts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
        let rows: Vec<_> = contact
            .get("connections")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|one| {
                let name = text(one, "name");
                format!("{} {}", if name.is_empty() { text(one, "address") } else { name }, text(one, "state"))
            })
            .collect();
        line.push_str(&format!("; {} [{}]", text(contact, "banner"), rows.join(", ")));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_lines() {
        let snapshot = serde_json::json!({"id": "john", "status": "Available", "state": "Busy", "contacts": [
            {"banner": "Connected", "connections": [{"name": "", "address": "+1", "state": "connected"}]}]});
        assert_eq!(told("snapshot", &snapshot), "john: Available, Busy; Connected [+1 connected]");
        let contact = serde_json::json!({"timestamp": "T", "contactId": "x", "agent": "john"});
        assert_eq!(told("CONNECTED_TO_AGENT", &contact), "T contact x CONNECTED_TO_AGENT with john");
    }
}
