//! Snapshots as text that a person can read.

use serde_json::Value;
use std::fmt::Write as _;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Rows under their heads, each column as wide as its widest cell.
fn columns(indent: &str, rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut drawn = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(drawn, "{}", line.trim_end());
    }
    drawn
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// One line an agent.
pub(super) fn agents(list_of: &Value) -> String {
    let mut rows = vec![row(&["AGENT", "NAME", "STATUS", "STATE", "PHONES", "CONTACT"])];
    for agent in list_of.as_array().map_or(&[][..], Vec::as_slice) {
        let phones = list(agent, "phones").len().to_string();
        let contacts: Vec<_> = list(agent, "contacts").iter().map(|contact| text(contact, "banner")).collect();
        let contacts = contacts.join(", ");
        rows.push(row(&[
            text(agent, "id"),
            text(agent, "name"),
            &status(agent),
            text(agent, "state"),
            &phones,
            &contacts,
        ]));
    }
    columns("", &rows)
}

/// One line a queue.
pub(super) fn queues(list_of: &Value) -> String {
    let mut rows = vec![row(&["QUEUE", "WAITING", "OLDEST", "AVAILABLE", "STAFFED", "ONLINE", "ON CONTACT", "OPEN"])];
    for queue in list_of.as_array().map_or(&[][..], Vec::as_slice) {
        let number = |name: &str| queue.get(name).and_then(Value::as_u64).unwrap_or(0);
        let says = |name: &str| queue.get(name).and_then(Value::as_bool).unwrap_or(false);
        let open = match (says("enabled"), says("open")) {
            (false, _) => "disabled",
            (true, true) => "yes",
            (true, false) => "no",
        };
        let mut cells = vec![text(queue, "id").to_owned(), number("contactsInQueue").to_string()];
        cells.push(format!("{} s", number("oldestContactAge")));
        let agents = ["agentsAvailable", "agentsStaffed", "agentsOnline", "agentsOnContact"];
        cells.extend(agents.map(|name| number(name).to_string()));
        cells.push(open.to_owned());
        rows.push(cells);
    }
    columns("", &rows)
}

fn status(agent: &Value) -> String {
    match text(agent, "nextStatus") {
        "" => text(agent, "status").to_owned(),
        next => format!("{} (next: {next})", text(agent, "status")),
    }
}

/// Everything on one agent's screen.
pub(super) fn agent(agent: &Value) -> String {
    let mut drawn =
        format!("{} ({}): {}, {}\n", text(agent, "id"), text(agent, "name"), status(agent), text(agent, "state"));
    let phones: Vec<_> = list(agent, "phones").iter().filter_map(Value::as_str).collect();
    let _ =
        writeln!(drawn, "phones: {}", if phones.is_empty() { "none registered".to_owned() } else { phones.join(", ") });
    for contact in list(agent, "contacts") {
        let _ = write!(drawn, "\ncontact {}: {}", text(contact, "contactId"), text(contact, "banner"));
        let _ = write!(drawn, " ({}, {}", text(contact, "state"), text(contact, "initiationMethod"));
        match text(contact, "queue") {
            "" => drawn.push_str(")\n"),
            queue => {
                let _ = writeln!(drawn, ", queue {queue})");
            }
        }
        let mut rows = vec![row(&["ID", "TYPE", "NAME", "ADDRESS", "STATE", "HEARS"])];
        for one in list(contact, "connections") {
            rows.push(row(&[
                text(one, "connectionId"),
                text(one, "type"),
                text(one, "name"),
                text(one, "address"),
                &state(one),
                &hears(contact, one),
            ]));
        }
        drawn.push_str(&columns("  ", &rows));
        let buttons: Vec<_> = list(contact, "actions").iter().filter_map(Value::as_str).collect();
        let _ = writeln!(drawn, "  buttons: {}", buttons.join(" "));
    }
    let quick_connects = list(agent, "quickConnects");
    if !quick_connects.is_empty() {
        drawn.push_str("\nquick connects\n");
        let mut rows = vec![row(&["ID", "NAME", "TYPE", "CODE", "PRESENCE"])];
        for one in quick_connects {
            rows.push(row(&[
                text(one, "id"),
                text(one, "name"),
                text(one, "type"),
                text(one, "code"),
                text(one, "presence"),
            ]));
        }
        drawn.push_str(&columns("  ", &rows));
    }
    drawn
}

fn state(connection: &Value) -> String {
    let mut words = text(connection, "state").to_owned();
    if !text(connection, "reason").is_empty() {
        let _ = write!(words, " ({})", text(connection, "reason"));
    }
    if !text(connection, "heldBy").is_empty() {
        // A customer who pressed his own Hold key is on no hold of ours.
        let held = if words == "hold" { "" } else { ", held" };
        let _ = write!(words, "{held} by {}", text(connection, "heldBy"));
    }
    if words == "connected" && connection.get("answered").and_then(Value::as_bool) == Some(false) {
        words.push_str(", not answered");
    }
    if !text(connection, "mutedBy").is_empty() {
        let _ = write!(words, ", muted by {}", text(connection, "mutedBy"));
    }
    words
}

/// Parties by name where the contact knows them.
fn hears(contact: &Value, connection: &Value) -> String {
    let Some(hears) = connection.get("hears") else { return String::new() };
    if !text(hears, "flow").is_empty() {
        return format!("flow {}", text(hears, "flow"));
    }
    let parties: Vec<_> = list(hears, "parties")
        .iter()
        .filter_map(Value::as_str)
        .map(|id| {
            let named = list(contact, "connections").iter().find(|one| text(one, "connectionId") == id);
            named.map(|one| text(one, "name")).filter(|name| !name.is_empty()).unwrap_or(id)
        })
        .collect();
    match parties.as_slice() {
        [] if hears.get("silence").and_then(Value::as_bool) == Some(true) => "silence".to_owned(),
        parties => parties.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_who_holds_whom() {
        for (connection, words) in [
            (serde_json::json!({"state": "hold", "heldBy": "John"}), "hold by John"),
            (serde_json::json!({"state": "connected", "heldBy": "customer"}), "connected, held by customer"),
            (serde_json::json!({"state": "connected", "answered": false}), "connected, not answered"),
            (serde_json::json!({"state": "disconnected", "reason": "left"}), "disconnected (left)"),
        ] {
            assert_eq!(state(&connection), words);
        }
    }

    #[test]
    fn a_screen_reads_like_one() {
        let snapshot = serde_json::json!({
            "id": "john", "name": "John", "status": "Available", "nextStatus": "Offline", "state": "Busy",
            "phones": ["sip:john@127.0.0.1:5070"],
            "contacts": [{"contactId": "1-2", "banner": "On hold", "state": "connected", "initiationMethod": "INBOUND",
                "queue": "Support", "actions": ["holdAll", "leave"], "connections": [
                {"connectionId": "c1", "type": "agent", "name": "John", "address": "john", "state": "connected",
                    "answered": true, "hears": {"parties": ["c3"]}},
                {"connectionId": "c2", "type": "inbound", "name": "", "address": "+15550123", "state": "hold",
                    "heldBy": "john", "answered": true, "hears": {"flow": "Default customer hold"}},
                {"connectionId": "c3", "type": "outbound", "name": "Maria", "address": "maria", "state": "connected",
                    "answered": false, "hears": {"silence": true}}]}],
            "quickConnects": [{"id": "maria", "name": "Maria", "type": "agent", "code": "11", "presence": "Busy"}]
        });
        assert_eq!(
            agent(&snapshot),
            "\
john (John): Available (next: Offline), Busy
phones: sip:john@127.0.0.1:5070

contact 1-2: On hold (connected, INBOUND, queue Support)
  ID  TYPE      NAME   ADDRESS    STATE                    HEARS
  c1  agent     John   john       connected                Maria
  c2  inbound          +15550123  hold by john             flow Default customer hold
  c3  outbound  Maria  maria      connected, not answered  silence
  buttons: holdAll leave

quick connects
  ID     NAME   TYPE   CODE  PRESENCE
  maria  Maria  agent  11    Busy
"
        );
        assert_eq!(
            agents(&serde_json::json!([snapshot])),
            "\
AGENT  NAME  STATUS                     STATE  PHONES  CONTACT
john   John  Available (next: Offline)  Busy   1       On hold
"
        );
    }
}
