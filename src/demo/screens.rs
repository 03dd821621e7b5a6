//! The agents' screens and buttons, over the switch's own HTTP API.

use crate::engine::snapshot::AgentSnapshot;
use crate::engine::{Addressee, Button};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};

/// The API with the admin token.
#[derive(Clone)]
pub(super) struct Screens {
    url: String,
    token: String,
    agent: ureq::Agent,
}

impl Screens {
    pub fn new(url: String, token: &str) -> Screens {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Screens { url, token: format!("Bearer {token}"), agent }
    }

    /// Presses a button; the error is what the switch says against it.
    pub fn press(&self, agent: &str, button: &Button) -> Result<(), String> {
        let (put, path, body) = request(button);
        let url = format!("{}/api/agents/{agent}/{path}", self.url);
        let call = if put { self.agent.put(url) } else { self.agent.post(url) };
        let sent = call.header("authorization", &self.token).send_json(&body);
        let mut response = sent.map_err(|fault| format!("the API does not answer: {fault}"))?;
        if response.status().is_success() {
            // Read to its end, so that the connection can be used again.
            return response.body_mut().read_to_vec().map(drop).map_err(|fault| fault.to_string());
        }
        let status = response.status();
        let problem: Value = response.body_mut().read_json().unwrap_or_default();
        let detail = problem.get("detail").and_then(Value::as_str);
        Err(detail.map_or_else(|| status.to_string(), str::to_owned))
    }

    /// The event stream.
    pub fn open(&self) -> Result<impl Read + Send + 'static, String> {
        let call = self.agent.get(format!("{}/api/events", self.url)).header("authorization", &self.token);
        let response = call.call().map_err(|fault| fault.to_string())?;
        if !response.status().is_success() {
            return Err(response.status().to_string());
        }
        Ok(response.into_body().into_reader())
    }
}

/// Every screen that comes down the event stream, until the stream or `show` ends it.
pub(super) fn watch(events: impl Read, mut show: impl FnMut(AgentSnapshot) -> bool) {
    let (mut is_snapshot, mut data) = (false, String::new());
    for line in BufReader::new(events).lines() {
        let Ok(line) = line else { return };
        if let Some(name) = line.strip_prefix("event:") {
            is_snapshot = name.trim() == "snapshot";
        } else if let Some(text) = line.strip_prefix("data:") {
            data.push_str(text.trim());
        } else if line.is_empty() {
            let told = std::mem::take(&mut data);
            if is_snapshot
                && let Ok(screen) = serde_json::from_str(&told)
                && !show(screen)
            {
                return;
            }
        }
    }
}

/// Whether it is a PUT, the path below the agent, and the body.
fn request(button: &Button) -> (bool, String, Value) {
    let act = |method: &str, contact: &Option<String>, mut body: Value| {
        if let (Some(contact), Some(fields)) = (contact, body.as_object_mut()) {
            fields.insert("contactId".to_owned(), Value::from(contact.as_str()));
        }
        (false, format!("actions/{method}"), body)
    };
    let of = |connection: &String| json!({ "connectionId": connection });
    match button {
        // Looking changes nothing, and needs no press: the stream shows it.
        Button::Snapshot => (false, String::new(), json!({})),
        Button::PutAgentState { status } => (true, "status".to_owned(), json!({ "status": status })),
        Button::AcceptContact { contact } => act("acceptContact", contact, json!({})),
        Button::RejectContact { contact } => act("rejectContact", contact, json!({})),
        Button::ClearContact { contact } => act("clearContact", contact, json!({})),
        Button::CreateOutboundContact { target } => act("createOutboundContact", &None, whom(target)),
        Button::CreateAdditionalConnection { contact, target } => {
            act("createAdditionalConnection", contact, whom(target))
        }
        Button::ConferenceConnections { contact } => act("conferenceConnections", contact, json!({})),
        Button::ToggleActiveConnections { contact } => act("toggleActiveConnections", contact, json!({})),
        Button::HoldAll { contact } => act("holdAll", contact, json!({})),
        Button::ResumeAll { contact } => act("resumeAll", contact, json!({})),
        Button::HoldConnection { contact, connection } => act("holdConnection", contact, of(connection)),
        Button::ResumeConnection { contact, connection } => act("resumeConnection", contact, of(connection)),
        Button::DestroyConnection { contact, connection } => act("destroyConnection", contact, of(connection)),
        Button::MuteParticipant { contact, connection } => act("muteParticipant", contact, of(connection)),
        Button::UnmuteParticipant { contact, connection } => act("unmuteParticipant", contact, of(connection)),
        Button::SendDigits { contact, connection, digits } => {
            act("sendDigits", contact, json!({ "connectionId": connection, "digits": digits }))
        }
        Button::Leave { contact } => act("leave", contact, json!({})),
        Button::MonitorContact { contact } => act("monitorContact", &Some(contact.clone()), json!({})),
        Button::UpdateMonitorParticipantState { contact, state } => {
            act("updateMonitorParticipantState", contact, json!({ "state": state.as_str() }))
        }
        Button::SuspendContactRecording { contact } => act("suspendContactRecording", contact, json!({})),
        Button::ResumeContactRecording { contact } => act("resumeContactRecording", contact, json!({})),
    }
}

fn whom(target: &Addressee) -> Value {
    match target {
        Addressee::QuickConnect(id) => json!({ "quickConnectId": id.as_str() }),
        Addressee::Destination(destination) => json!({ "destination": destination }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_are_the_api_s_actions() {
        let contact = || Some("x".to_owned());
        for (button, wanted) in [
            (Button::HoldAll { contact: None }, (false, "actions/holdAll", json!({}))),
            (
                Button::HoldConnection { contact: contact(), connection: "c2".into() },
                (false, "actions/holdConnection", json!({"connectionId": "c2", "contactId": "x"})),
            ),
            (
                Button::CreateAdditionalConnection { contact: None, target: Addressee::QuickConnect("maria".into()) },
                (false, "actions/createAdditionalConnection", json!({"quickConnectId": "maria"})),
            ),
            (Button::PutAgentState { status: "Lunch".into() }, (true, "status", json!({"status": "Lunch"}))),
        ] {
            let (put, path, body) = request(&button);
            assert_eq!((put, path.as_str(), body), wanted);
        }
    }

    #[test]
    fn screens_are_picked_out_of_the_stream() {
        let screen = |id: &str| serde_json::to_string(&AgentSnapshot { id: id.into(), ..Default::default() }).unwrap();
        let stream = format!(
            "event: snapshot\ndata: {}\n\n: keep-alive\n\nevent: QUEUED\ndata: {{}}\n\nevent: snapshot\ndata: {}\n\n",
            screen("john"),
            screen("maria")
        );
        let mut seen = Vec::new();
        watch(stream.as_bytes(), |screen| {
            seen.push(screen.id);
            true
        });
        assert_eq!(seen, ["john", "maria"]);
    }
}
