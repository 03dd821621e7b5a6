//! The words of a command line, and what they ask of the API.

use serde_json::{Map, Value};

#[derive(Debug, PartialEq)]
pub(super) enum Command {
    Agents,
    Queues,
    Watch(Option<String>),
    Show(String),
    Status(String, String),
    /// `party` becomes the body's connectionId once the snapshot has been read.
    Act {
        agent: String,
        method: &'static str,
        body: Map<String, Value>,
        party: Option<String>,
    },
}

/// A verb, the method behind it, and what follows the verb.
const VERBS: &[(&str, &str, &[Word])] = &[
    ("accept", "acceptContact", &[]),
    ("reject", "rejectContact", &[]),
    ("clear", "clearContact", &[]),
    ("call", "createOutboundContact", &[Word::Field("destination")]),
    ("quick-connect", "createAdditionalConnection", &[Word::Field("quickConnectId")]),
    ("dial", "createAdditionalConnection", &[Word::Field("destination")]),
    ("join", "conferenceConnections", &[]),
    ("swap", "toggleActiveConnections", &[]),
    ("hold-all", "holdAll", &[]),
    ("resume-all", "resumeAll", &[]),
    ("leave", "leave", &[]),
    ("suspend-recording", "suspendContactRecording", &[]),
    ("resume-recording", "resumeContactRecording", &[]),
    ("hold", "holdConnection", &[Word::Party]),
    ("resume", "resumeConnection", &[Word::Party]),
    ("drop", "destroyConnection", &[Word::Party]),
    ("mute", "muteParticipant", &[Word::Party]),
    ("unmute", "unmuteParticipant", &[Word::Party]),
    ("digits", "sendDigits", &[Word::Party, Word::Field("digits")]),
    ("monitor", "monitorContact", &[Word::Field("contactId")]),
    ("listen", "updateMonitorParticipantState", &[Word::Fixed("state", "silent_monitor")]),
    ("coach", "updateMonitorParticipantState", &[Word::Fixed("state", "coach")]),
    ("barge", "updateMonitorParticipantState", &[Word::Fixed("state", "barge")]),
];

enum Word {
    Field(&'static str),
    /// Said by the verb itself.
    Fixed(&'static str, &'static str),
    Party,
}

pub(super) fn parse(words: &[String]) -> Result<Command, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Err("nothing was asked for".to_owned()),
        ["agents"] => Ok(Command::Agents),
        ["queues"] => Ok(Command::Queues),
        ["watch"] => Ok(Command::Watch(None)),
        ["watch", agent] => Ok(Command::Watch(Some((*agent).to_owned()))),
        [agent] => Ok(Command::Show((*agent).to_owned())),
        [agent, "status", rest @ ..] if !rest.is_empty() => Ok(Command::Status((*agent).to_owned(), rest.join(" "))),
        [_, "status"] => Err("which status?".to_owned()),
        [agent, verb, rest @ ..] => {
            let Some((_, method, wanted)) = VERBS.iter().find(|(known, ..)| known == verb) else {
                return Err(format!("`{verb}` is nothing an agent can do"));
            };
            let said = wanted.iter().filter(|word| !matches!(word, Word::Fixed(..))).count();
            if rest.len() != said {
                return Err(format!("`{verb}` takes {said} more words, not {}", rest.len()));
            }
            let (mut body, mut party, mut rest) = (Map::new(), None, rest.iter());
            for word in *wanted {
                match word {
                    Word::Fixed(name, text) => {
                        body.insert((*name).to_owned(), Value::String((*text).to_owned()));
                    }
                    Word::Field(name) => {
                        body.insert((*name).to_owned(), rest.next().map_or(Value::Null, |text| Value::from(*text)));
                    }
                    Word::Party => party = rest.next().map(|text| (*text).to_owned()),
                }
            }
            Ok(Command::Act { agent: (*agent).to_owned(), method, body, party })
        }
    }
}

/// The connection that a word means: an id, or a name that only one party still there has.
pub(super) fn connection(snapshot: &Value, contact: Option<&str>, party: &str) -> Result<String, String> {
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let connections: Vec<Value> = list(snapshot, "contacts")
        .iter()
        .filter(|one| contact.is_none_or(|id| text(one, "contactId") == id))
        .flat_map(|one| list(one, "connections"))
        .collect();
    if connections.iter().any(|one| text(one, "connectionId") == party) {
        return Ok(party.to_owned());
    }
    let named: Vec<_> = connections
        .iter()
        .filter(|one| text(one, "state") != "disconnected")
        .filter(|one| text(one, "name").eq_ignore_ascii_case(party) || text(one, "address").eq_ignore_ascii_case(party))
        .map(|one| text(one, "connectionId"))
        .collect();
    match named.as_slice() {
        [one] => Ok(one.clone()),
        // Not on the screen: the switch says why it does not know it.
        [] => Ok(party.to_owned()),
        several => Err(format!("several parties are called {party}: {}", several.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Command, String> {
        parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_calls() {
        let act = |method, body: Value, party: Option<&str>| {
            let Value::Object(body) = body else { panic!("an object") };
            Ok(Command::Act { agent: "john".into(), method, body, party: party.map(str::to_owned) })
        };
        for (text, command) in [
            ("agents", Ok(Command::Agents)),
            ("queues", Ok(Command::Queues)),
            ("watch", Ok(Command::Watch(None))),
            ("watch john", Ok(Command::Watch(Some("john".into())))),
            ("john", Ok(Command::Show("john".into()))),
            ("john status Available", Ok(Command::Status("john".into(), "Available".into()))),
            ("john status Lunch break", Ok(Command::Status("john".into(), "Lunch break".into()))),
            ("john join", act("conferenceConnections", serde_json::json!({}), None)),
            (
                "john quick-connect maria",
                act("createAdditionalConnection", serde_json::json!({"quickConnectId": "maria"}), None),
            ),
            (
                "john call +15550199",
                act("createOutboundContact", serde_json::json!({"destination": "+15550199"}), None),
            ),
            (
                "john dial +15550199",
                act("createAdditionalConnection", serde_json::json!({"destination": "+15550199"}), None),
            ),
            ("john digits c2 12#", act("sendDigits", serde_json::json!({"digits": "12#"}), Some("c2"))),
            ("john monitor 12ab", act("monitorContact", serde_json::json!({"contactId": "12ab"}), None)),
            ("john coach", act("updateMonitorParticipantState", serde_json::json!({"state": "coach"}), None)),
            ("john drop Maria", act("destroyConnection", serde_json::json!({}), Some("Maria"))),
        ] {
            assert_eq!(words(text), command, "{text}");
        }
        for text in ["", "john status", "john dance", "john join maria", "john hold", "agents all now", "john barge in"]
        {
            assert!(words(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parties_go_by_id_or_by_a_name_that_is_theirs_alone() {
        let snapshot = serde_json::json!({"contacts": [{"contactId": "x", "connections": [
            {"connectionId": "c1", "name": "John", "state": "connected", "address": "john"},
            {"connectionId": "c2", "name": "Maria", "state": "disconnected", "address": "maria"},
            {"connectionId": "c3", "name": "Maria", "state": "connected", "address": "maria"},
            {"connectionId": "c4", "name": "Bank", "state": "hold", "address": "+1"},
            {"connectionId": "c5", "name": "Bank", "state": "hold", "address": "+2"},
        ]}]});
        for (party, id) in
            [("c2", Some("c2")), ("maria", Some("c3")), ("+2", Some("c5")), ("bank", None), ("eve", Some("eve"))]
        {
            assert_eq!(connection(&snapshot, None, party).ok().as_deref(), id, "{party}");
        }
    }
}
