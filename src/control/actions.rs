//! The buttons by the names of Connect's CTI methods, and what each needs in its body.

use super::problem::Problem;
use crate::contact::Monitor;
use crate::engine::{Addressee, Button};
use crate::ids::QuickConnectId;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// Every method that can be pressed.
pub(crate) const METHODS: &[&str] = &[
    "acceptContact",
    "rejectContact",
    "clearContact",
    "createOutboundContact",
    "createAdditionalConnection",
    "conferenceConnections",
    "toggleActiveConnections",
    "holdAll",
    "resumeAll",
    "holdConnection",
    "resumeConnection",
    "destroyConnection",
    "muteParticipant",
    "unmuteParticipant",
    "sendDigits",
    "leave",
    "monitorContact",
    "updateMonitorParticipantState",
    "suspendContactRecording",
    "resumeContactRecording",
];

/// What an action needs besides its name. A field that the action has no use for is a fault.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ActionBody {
    /// A UUID from the snapshot. May be left out when the agent has one contact; for monitorContact it is another agent's.
    contact_id: Option<String>,
    /// From the snapshot: for holdConnection, resumeConnection, destroyConnection, muteParticipant,
    /// unmuteParticipant and sendDigits.
    connection_id: Option<String>,
    /// For createAdditionalConnection, and createOutboundContact where it is an external one: this or `destination`.
    quick_connect_id: Option<String>,
    /// For createAdditionalConnection and createOutboundContact: a number that a trunk's prefixes allow, or the SIP URI of
    /// an external quick connect.
    destination: Option<String>,
    /// For sendDigits: `0`-`9`, `*`, `#`, `A`-`D`, at most 50.
    digits: Option<String>,
    /// For updateMonitorParticipantState: `silent_monitor`, `coach` or `barge`.
    state: Option<String>,
}

/// The longest string of digits that one press may send.
const DIGITS: usize = 50;

pub(crate) fn button(method: &str, body: ActionBody) -> Result<Button, Problem> {
    let ActionBody { contact_id: contact, connection_id, quick_connect_id, destination, digits, state } = body;
    // Each field is taken once; what is left over at the end was not meant for this method.
    let mut left = [
        ("connectionId", connection_id),
        ("quickConnectId", quick_connect_id),
        ("destination", destination),
        ("digits", digits),
        ("state", state),
    ];
    let mut take = |name: &str| left.iter_mut().find(|(field, _)| *field == name).and_then(|(_, value)| value.take());
    let needed = |name: &str, value: Option<String>| {
        value.filter(|text| !text.is_empty()).ok_or_else(|| Problem::parameter(format!("{method} needs {name}.")))
    };
    let button = match method {
        "acceptContact" => Button::AcceptContact { contact },
        "rejectContact" => Button::RejectContact { contact },
        "clearContact" => Button::ClearContact { contact },
        "createAdditionalConnection" | "createOutboundContact" => {
            let target = match (take("quickConnectId"), take("destination")) {
                (Some(id), None) => Addressee::QuickConnect(QuickConnectId::from(id)),
                (None, Some(destination)) => Addressee::Destination(destination),
                _ => {
                    return Err(Problem::parameter(format!(
                        "{method} needs quickConnectId or destination, one of them."
                    )));
                }
            };
            match (method, &contact) {
                ("createAdditionalConnection", _) => Button::CreateAdditionalConnection { contact, target },
                (_, None) => Button::CreateOutboundContact { target },
                (_, Some(_)) => return Err(Problem::parameter(format!("{method} has no use for contactId."))),
            }
        }
        "conferenceConnections" => Button::ConferenceConnections { contact },
        "toggleActiveConnections" => Button::ToggleActiveConnections { contact },
        "holdAll" => Button::HoldAll { contact },
        "resumeAll" => Button::ResumeAll { contact },
        "leave" => Button::Leave { contact },
        "suspendContactRecording" => Button::SuspendContactRecording { contact },
        "resumeContactRecording" => Button::ResumeContactRecording { contact },
        "holdConnection" => {
            Button::HoldConnection { contact, connection: needed("connectionId", take("connectionId"))? }
        }
        "resumeConnection" => {
            Button::ResumeConnection { contact, connection: needed("connectionId", take("connectionId"))? }
        }
        "destroyConnection" => {
            Button::DestroyConnection { contact, connection: needed("connectionId", take("connectionId"))? }
        }
        "muteParticipant" => {
            Button::MuteParticipant { contact, connection: needed("connectionId", take("connectionId"))? }
        }
        "unmuteParticipant" => {
            Button::UnmuteParticipant { contact, connection: needed("connectionId", take("connectionId"))? }
        }
        "sendDigits" => {
            let connection = needed("connectionId", take("connectionId"))?;
            let digits = needed("digits", take("digits"))?;
            if digits.len() > DIGITS || !digits.chars().all(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')) {
                return Err(Problem::parameter(format!("digits are 0-9, *, #, A-D, at most {DIGITS} of them.")));
            }
            Button::SendDigits { contact, connection, digits }
        }
        "monitorContact" => Button::MonitorContact { contact: needed("contactId", contact)? },
        "updateMonitorParticipantState" => {
            let wanted = needed("state", take("state"))?;
            let Some(state) = Monitor::ALL.into_iter().find(|state| state.as_str() == wanted) else {
                let known: Vec<&str> = Monitor::ALL.iter().map(|state| state.as_str()).collect();
                return Err(Problem::parameter(format!("state is one of {}.", known.join(", "))));
            };
            Button::UpdateMonitorParticipantState { contact, state }
        }
        _ => {
            return Err(Problem::missing(format!("There is no action {method}; there are: {}.", METHODS.join(", "))));
        }
    };
    match left.iter().find(|(_, value)| value.is_some()) {
        Some((field, _)) => Err(Problem::parameter(format!("{method} has no use for {field}."))),
        None => Ok(button),
    }
}

/// A JSON body. An empty one counts as `{}`.
pub(crate) fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    let body = body.map_err(|fault| {
        let status = fault.status();
        let detail = match status {
            StatusCode::PAYLOAD_TOO_LARGE => format!("The body is larger than {} bytes.", super::BODY_BYTES),
            _ => fault.body_text(),
        };
        Problem::new(status, detail)
    })?;
    if body.is_empty() {
        return serde_json::from_str("{}").map_err(|fault| Problem::parameter(format!("The body is empty: {fault}.")));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    // Also what keeps a foreign page's form from being understood.
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send JSON with Content-Type: application/json."));
    }
    serde_json::from_slice(&body).map_err(|fault| Problem::parameter(format!("The body cannot be read: {fault}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(method: &str, body: &str) -> Result<Button, Problem> {
        button(method, serde_json::from_str(body).unwrap())
    }

    #[test]
    fn every_method_is_a_button() {
        let full = |method: &str| match method {
            "createAdditionalConnection" | "createOutboundContact" => r#"{"quickConnectId": "maria"}"#,
            "sendDigits" => r#"{"connectionId": "c2", "digits": "1*#D"}"#,
            "monitorContact" => r#"{"contactId": "x"}"#,
            "updateMonitorParticipantState" => r#"{"state": "coach"}"#,
            _ if method.ends_with("Connection") || method.ends_with("Participant") => r#"{"connectionId": "c2"}"#,
            _ => "{}",
        };
        for method in METHODS {
            assert!(press(method, full(method)).is_ok(), "{method}");
        }
        assert_eq!(
            press("createAdditionalConnection", r#"{"contactId": "x", "destination": "+15550199"}"#),
            Ok(Button::CreateAdditionalConnection {
                contact: Some("x".into()),
                target: Addressee::Destination("+15550199".into())
            })
        );
    }

    #[test]
    fn what_is_missing_or_too_much_is_said() {
        for (method, body, status, word) in [
            ("holdConnection", "{}", 400, "connectionId"),
            ("holdConnection", r#"{"connectionId": ""}"#, 400, "connectionId"),
            ("createAdditionalConnection", "{}", 400, "quickConnectId"),
            ("createAdditionalConnection", r#"{"quickConnectId": "a", "destination": "b"}"#, 400, "one of them"),
            ("createOutboundContact", "{}", 400, "one of them"),
            ("createOutboundContact", r#"{"contactId": "x", "destination": "+1555"}"#, 400, "no use for contactId"),
            ("sendDigits", r#"{"connectionId": "c2"}"#, 400, "digits"),
            ("sendDigits", r#"{"connectionId": "c2", "digits": "12a"}"#, 400, "digits"),
            ("leave", r#"{"connectionId": "c2"}"#, 400, "no use for connectionId"),
            ("monitorContact", "{}", 400, "contactId"),
            ("updateMonitorParticipantState", "{}", 400, "state"),
            ("updateMonitorParticipantState", r#"{"state": "whisper"}"#, 400, "silent_monitor, coach, barge"),
            ("monitorContact", r#"{"contactId": "x", "state": "barge"}"#, 400, "no use for state"),
            ("dance", "{}", 404, "acceptContact"),
        ] {
            let problem = press(method, body).unwrap_err();
            assert_eq!(problem.status, status, "{method} {body}");
            assert!(problem.detail.contains(word), "{method} {body}: {}", problem.detail);
        }
    }
}
