//! Which row of an agent's screen a story means, and which button of the API its words are.

use super::buttons::Press;
use super::evidence::Evidence;
use super::script::Party;
use crate::contact::Monitor;
use crate::engine::snapshot::{ConnectionSnapshot, ContactSnapshot};
use crate::engine::{Addressee, Button};
use crate::ids::QuickConnectId;

/// The row of this party: by name, by the user part of its address, or `customer` for the one who called in.
/// A party that came twice is the latest that is still there.
#[must_use]
pub fn find<'a>(contact: &'a ContactSnapshot, of: &str) -> Option<&'a ConnectionSnapshot> {
    let user = |address: &str| {
        let bare = address.split_once(':').map_or(address, |(_, rest)| rest);
        bare.split(['@', ';', '>']).next().unwrap_or_default().to_lowercase()
    };
    let of = of.to_lowercase();
    let named = |row: &&ConnectionSnapshot| row.name.to_lowercase() == of || user(&row.address) == of;
    let gone = |row: &&ConnectionSnapshot| row.state == "disconnected";
    let rows = || contact.connections.iter().rev().filter(named);
    rows().find(|row| !gone(row)).or_else(|| rows().next())
}

/// What the switch says that a row hears: parties by name in order, a flow by name, or silence.
#[must_use]
pub fn hears(row: &ConnectionSnapshot) -> String {
    if let Some(parties) = &row.hears.parties {
        return parties.join(" and ");
    }
    row.hears.flow.clone().unwrap_or_else(|| "silence".to_owned())
}

/// The API's button for the story's; the error says which row is missing.
pub fn button(press: &Press, agent: &Party, evidence: &Evidence) -> Result<Button, String> {
    let first = |of: &Party| evidence.screens.get(of).and_then(|screen| screen.contacts.first());
    let contact = None;
    let connection = |of: &str| {
        let on_screen = first(agent);
        let row = on_screen.and_then(|c| evidence.row(c, of)).ok_or_else(|| format!("there is no row {of}"))?;
        Ok::<_, String>(row.connection_id.clone())
    };
    Ok(match press {
        Press::QuickConnect(id) => {
            let target = Addressee::QuickConnect(QuickConnectId::from(id.as_str()));
            Button::CreateAdditionalConnection { contact, target }
        }
        Press::Dial(to) => Button::CreateAdditionalConnection { contact, target: Addressee::Destination(to.clone()) },
        Press::Call(to) => Button::CreateOutboundContact { target: Addressee::Destination(to.clone()) },
        Press::CallQuickConnect(id) => {
            let target = Addressee::QuickConnect(QuickConnectId::from(id.as_str()));
            Button::CreateOutboundContact { target }
        }
        Press::Join => Button::ConferenceConnections { contact },
        Press::Swap => Button::ToggleActiveConnections { contact },
        Press::HoldAll => Button::HoldAll { contact },
        Press::ResumeAll => Button::ResumeAll { contact },
        Press::Hold(of) => Button::HoldConnection { contact, connection: connection(of.as_str())? },
        Press::Resume(of) => Button::ResumeConnection { contact, connection: connection(of.as_str())? },
        Press::Drop(of) => Button::DestroyConnection { contact, connection: connection(of.as_str())? },
        Press::Mute(of) => Button::MuteParticipant { contact, connection: connection(of.as_str())? },
        Press::Unmute(of) => Button::UnmuteParticipant { contact, connection: connection(of.as_str())? },
        Press::Digits(digits, of) => {
            Button::SendDigits { contact, connection: connection(of.as_str())?, digits: digits.clone() }
        }
        Press::Leave => Button::Leave { contact },
        Press::Accept => Button::AcceptContact { contact },
        Press::Reject => Button::RejectContact { contact },
        Press::Clear => Button::ClearContact { contact },
        Press::SuspendRecording => Button::SuspendContactRecording { contact },
        Press::ResumeRecording => Button::ResumeContactRecording { contact },
        Press::Status(status) => Button::PutAgentState { status: status.clone() },
        Press::Monitor(of) => {
            let theirs = first(of).map(|k| k.contact_id.clone());
            // Who has no contact now had one, perhaps: the switch says what is wrong with it.
            Button::MonitorContact { contact: theirs.ok_or_else(|| format!("{of} is on no contact"))? }
        }
        Press::Listen => Button::UpdateMonitorParticipantState { contact, state: Monitor::Silent },
        Press::Coach => Button::UpdateMonitorParticipantState { contact, state: Monitor::Coach },
        Press::Barge => Button::UpdateMonitorParticipantState { contact, state: Monitor::Barge },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, name: &str, address: &str, state: &str) -> ConnectionSnapshot {
        ConnectionSnapshot {
            connection_id: id.into(),
            name: name.into(),
            address: address.into(),
            state: state.into(),
            ..ConnectionSnapshot::default()
        }
    }

    #[test]
    fn a_row_is_found_by_name_or_address() {
        let contact = ContactSnapshot {
            connections: vec![
                row("1", "Customer", "sip:customer@127.0.0.1", "hold"),
                row("2", "Maria", "maria", "disconnected"),
                row("3", "Maria Example", "sip:maria@cordboard.lab", "connected"),
            ],
            ..ContactSnapshot::default()
        };
        for (of, id) in [("customer", Some("1")), ("maria", Some("3")), ("Maria Example", Some("3")), ("peter", None)] {
            assert_eq!(find(&contact, of).map(|r| r.connection_id.as_str()), id, "{of}");
        }
    }
}
