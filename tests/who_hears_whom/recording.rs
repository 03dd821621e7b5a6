//! Who is recorded on which side, phase by phase, on the call alone.

use crate::flows::{flow, with};
use crate::stage::{Stage, catalog};
use cordboard::contact::{Press, State};
use cordboard::flow::FlowType;
use cordboard::ids::{ConnectionId, ContactId};
use cordboard::time::Duration;
use serde_json::json;

fn everybody() -> Stage {
    let mut catalog = catalog();
    catalog.record = true;
    Stage::talking_with(catalog)
}

impl Stage {
    /// Each recorded contact by its agent: `john:customer|john`, left and right.
    fn recorded(&self) -> String {
        let name = |id: &ConnectionId| self.who.iter().find(|(_, v)| *v == id).map_or("?", |(k, _)| *k);
        let side = |ids: &[ConnectionId]| ids.iter().map(name).collect::<Vec<_>>().join("+");
        let words = self.call.recordings().into_iter().map(|(contact, tracks)| {
            let row = self.call.contacts()[&contact].agent.unwrap();
            format!("{}:{}|{}", name(&row), side(&tracks.left), side(&tracks.right))
        });
        let mut words: Vec<String> = words.collect();
        words.sort_unstable();
        words.join(" ")
    }

    #[track_caller]
    fn records(&self, expected: &str) {
        assert_eq!(self.recorded(), expected);
    }

    fn contact_of(&self, who: &str) -> ContactId {
        self.call.connections()[&self.id(who)].contact
    }
}

#[test]
fn the_table_of_who_is_recorded() {
    let mut s = everybody();
    s.records("john:customer|john");
    // The customer's hold and anybody's mute.
    s.press("john", Press::HoldAll);
    s.records("john:|john");
    s.press("john", Press::ResumeAll);
    s.press("john", Press::Mute(s.id("john")));
    s.records("john:customer|");
    s.press("john", Press::Mute(s.id("customer")));
    s.records("john:|");
    s.press("john", Press::Unmute(s.id("john")));
    s.press("john", Press::Unmute(s.id("customer")));
    // What an agent's phone plays while it holds is not he; a customer's may be anything.
    let john = s.id("john");
    s.act(|call, cx| call.phone_hold(cx, john, true));
    s.records("john:|");
    s.act(|call, cx| call.phone_hold(cx, john, false));
    s.records("john:customer|john");
    // A consult is on both contacts, once Maria's begins; each follows its own agent.
    s.press("john", Press::QuickConnect("maria".into()));
    s.records("john:|john");
    s.played("john");
    s.offer("maria");
    s.answer("maria");
    s.records("john:|john");
    s.played("maria");
    s.played("john");
    s.records("john:|john+maria maria:|john+maria");
    s.press("john", Press::Swap);
    s.records("john:customer|john maria:|");
    s.press("john", Press::Join);
    s.records("john:customer|john+maria maria:customer|john+maria");
    s.press("maria", Press::Hold(s.id("john")));
    s.records("john:| maria:customer|maria");
    s.press("john", Press::Join);
    // One leaves, and the other's goes on.
    let contact = s.contact_of("john");
    s.bye("john");
    s.records("maria:customer|maria");
    assert_eq!(s.call.recording_state(contact), None, "the stage notes nothing");
    s.bye("customer");
    s.records("");
}

#[test]
fn a_flow_records_one_side_alone() {
    for (who, expected) in [
        (&["Agent", "Customer"][..], "john:customer|john"),
        (&["Agent"], "john:|john"),
        (&["Customer"], "john:customer|"),
        (&[], ""),
    ] {
        let records = json!({"RecordingBehavior": {"RecordedParticipants": who, "IVRRecordingBehavior": "Disabled"}});
        let line = [
            ("UpdateContactRecordingBehavior", records),
            ("UpdateContactTargetQueue", json!({"QueueId": "Support"})),
            ("TransferContactToQueue", json!({})),
        ];
        let mut s = Stage::of(with([flow("Line", FlowType::Inbound, &line)]), "Line");
        s.offer("john");
        s.answer("john");
        s.played("john");
        s.played("customer");
        s.hears("customer:john john:customer");
        s.records(expected);
    }
}

#[test]
fn only_the_agent_of_a_recorded_contact_suspends_it() {
    let mut s = Stage::talking();
    s.records("");
    assert!(s.refuses("john", &Press::SuspendRecording) && s.refuses("john", &Press::ResumeRecording));
    assert!(!s.call.actions(s.id("john")).iter().any(|lit| lit.contains("Recording")));

    let mut s = everybody();
    let lit = |s: &Stage| {
        s.call.actions(s.id("john")).into_iter().filter(|lit| lit.contains("Recording")).collect::<Vec<_>>()
    };
    assert_eq!(lit(&s), ["suspendContactRecording"]);
    assert!(s.refuses("john", &Press::ResumeRecording));
    s.press("john", Press::SuspendRecording);
    s.records("john:|");
    assert_eq!(lit(&s), ["resumeContactRecording"]);
    assert!(s.refuses("john", &Press::SuspendRecording));
    // It outlives whatever happens meanwhile.
    s.press("john", Press::HoldAll);
    s.press("john", Press::ResumeAll);
    s.records("john:|");
    s.press("john", Press::ResumeRecording);
    s.records("john:customer|john");
    // What cannot be kept is over for good.
    let contact = s.contact_of("john");
    s.act(|call, _| call.recording_failed(contact, Duration::from_secs(3)));
    s.records("");
    assert!(s.refuses("john", &Press::SuspendRecording));
    assert!(matches!(s.call.connections()[&s.id("john")].state, State::Connected), "and nothing else is");
}
