//! What the records of a story must say: chains, times, and the word that Connect's rules find for every party added.

use cordboard::engine::ContactEvent;
use cordboard::engine::record::ContactRecord;
use std::collections::{BTreeMap, BTreeSet};

/// What each party that somebody added was, in the order in which they were called: `nobody`, if it was never there. (In `transfer_of_direct_call` agents pass each other on; Connect has no word for that.)
#[rustfmt::skip]
const WORDS: &[(&str, &[&str])] = &[
    ("agent_cancels", &["nobody"]),
    ("agent_declines_for_all_phones", &["nobody"]),
    ("agent_does_not_answer", &["internal consult"]),
    ("agent_is_not_registered", &["internal consult"]),
    ("agent_leaves_in_flow", &["internal transfer"]),
    ("agent_leaves_in_queue", &["internal transfer"]),
    ("agent_leaves_while_ringing", &["internal transfer"]),
    ("agent_quick_connect", &["internal transfer"]),
    ("agent_quick_connect_by_feature_code", &["internal conference"]),
    ("agent_quick_connect_by_second_line", &["internal consult"]),
    ("agent_rejects", &["internal consult"]),
    ("agent_with_two_phones", &["internal consult", "internal conference", "nobody"]),
    ("agents_hold_key", &["internal conference"]),
    ("attended_transfer", &["internal transfer", "internal transfer"]),
    ("attended_transfer_of_consult", &["internal transfer", "internal transfer"]),
    ("attended_transfer_of_direct_calls", &["internal transfer", "internal transfer"]),
    ("attended_transfer_while_ringing", &["nobody", "internal transfer"]),
    ("customer_hangs_up_in_consult", &["internal consult"]),
    ("customer_hangs_up_in_flow", &["internal consult"]),
    ("customer_hangs_up_in_whisper", &["internal consult"]),
    ("customer_hangs_up_while_ringing", &["nobody"]),
    ("customer_transfers", &["nobody", "nobody", "internal consult"]),
    ("external_by_phone", &["external consult", "external consult", "external transfer"]),
    ("external_caller_ids", &["nobody", "nobody", "external consult", "nobody", "external consult"]),
    ("external_cold", &["external transfer", "nobody", "internal transfer", "external consult"]),
    ("external_early_sound", &["external consult", "nobody"]),
    ("external_failures", &["nobody", "nobody", "nobody", "nobody", "nobody", "nobody", "external consult"]),
    ("external_quick_connect", &["external transfer"]),
    ("external_transfer", &["nobody", "nobody", "external transfer"]),
    ("external_two_parties", &["external conference", "external consult", "external consult"]),
    ("feature_code_on_either_line", &["internal transfer"]),
    ("hold_key_of_the_second_line", &["internal transfer"]),
    ("join_while_ringing", &["internal conference"]),
    ("lossy_network", &["internal transfer"]),
    ("monitor_barges_in", &[]),
    ("monitor_coaches", &["internal transfer"]),
    ("monitor_ends", &["internal transfer"]),
    ("monitor_follows", &["internal transfer", "internal consult", "internal consult"]),
    ("monitor_forces_mute", &[]),
    ("monitor_in_a_consult", &["internal transfer"]),
    ("monitor_listens", &[]),
    ("monitor_sixth", &[]),
    ("mute_outlives_hold", &["internal conference"]),
    ("queue_by_phone", &["internal consult", "internal consult", "internal transfer"]),
    ("queue_closed", &["nobody"]),
    ("queue_cold", &["internal transfer"]),
    ("queue_cold_in_flow", &["internal transfer"]),
    ("queue_disabled", &["nobody"]),
    ("queue_full", &["nobody", "nobody"]),
    ("queue_next_idle_agent", &["internal consult"]),
    ("queue_quick_connect", &["internal transfer"]),
    ("queue_unstaffed", &["nobody", "internal consult"]),
    ("recording", &["internal transfer"]),
    ("recording_by_default", &["internal consult"]),
    ("recording_of_transfer", &["internal transfer"]),
    ("reinvite_refused_488", &["internal transfer"]),
    ("resume_while_ringing", &["internal conference"]),
    ("second_line_refused", &["nobody", "internal transfer"]),
    ("target_drops_in_conference", &["internal conference"]),
    ("target_drops_in_consult", &["internal consult"]),
    ("target_drops_in_whisper", &["internal consult", "nobody"]),
    ("transfer_and_leave", &["internal transfer", "internal transfer", "internal transfer"]),
    ("transfer_by_consulted_agent", &["internal consult", "internal transfer"]),
    ("transfer_in_conference", &["internal transfer", "internal transfer", "nobody"]),
    ("transfer_left", &["internal transfer"]),
    ("transfer_meets_glare", &["internal transfer", "internal transfer", "internal transfer", "internal transfer"]),
    ("transfer_not_wanted", &["nobody"]),
    ("transfer_of_direct_call", &["nobody", "nobody", "internal transfer", "internal consult", "nobody", "internal transfer", "internal consult"]),
    ("transfer_taken_back", &["nobody", "nobody", "nobody", "nobody", "internal transfer"]),
    ("transfer_to_address", &["nobody", "nobody", "external transfer"]),
    ("transfer_to_agent", &["nobody", "nobody", "nobody", "internal transfer"]),
    ("transfer_to_number", &["nobody", "internal transfer", "nobody"]),
    ("transfer_to_quick_connect", &["nobody", "nobody", "internal transfer"]),
    ("transfer_with_a_consult_open", &["internal consult", "internal transfer", "internal transfer", "internal transfer"]),
];

/// Why each contact of a story ended, in the order in which they began.
const REASONS: &[(&str, &[&str])] = &[
    ("agent_cancels", &["CUSTOMER_DISCONNECT", "AGENT_DISCONNECT"]),
    ("agent_quick_connect", &["AGENT_DISCONNECT", "CUSTOMER_DISCONNECT"]),
    (
        "external_cold",
        &[
            "AGENT_DISCONNECT",
            "CUSTOMER_DISCONNECT",
            "AGENT_DISCONNECT",
            "OTHER",
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
        ],
    ),
    ("external_quick_connect", &["AGENT_DISCONNECT", "THIRD_PARTY_DISCONNECT"]),
    (
        "outbound_failures",
        &[
            "OTHER",
            "CUSTOMER_DISCONNECT",
            "TELECOM_PROBLEM",
            "TELECOM_PROBLEM",
            "OTHER",
            "TELECOM_PROBLEM",
            "OTHER",
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
            "OTHER",
            "TELECOM_PROBLEM",
        ],
    ),
    ("customer_abandons", &["CUSTOMER_DISCONNECT", "CUSTOMER_DISCONNECT", "CUSTOMER_DISCONNECT"]),
    ("monitor_barges_in", &["BARGED", "AGENT_DISCONNECT"]),
    (
        "monitor_follows",
        &[
            // The customer goes, then the agent from who has barged in;
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
            // the agent goes, then the customer;
            "AGENT_DISCONNECT",
            "CUSTOMER_DISCONNECT",
            // she listens to one and then to the other;
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
            "CUSTOMER_DISCONNECT",
            // the customer goes, and one agent hands the other on to a third.
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
            "AGENT_DISCONNECT",
        ],
    ),
    ("queue_closed", &["CUSTOMER_DISCONNECT", "CONTACT_FLOW_DISCONNECT"]),
    ("rtp_timeout", &["TELECOM_PROBLEM"]),
    ("target_drops_in_consult", &["CUSTOMER_DISCONNECT", "AGENT_DISCONNECT"]),
    ("transfer_to_address", &["AGENT_DISCONNECT", "OTHER", "OTHER", "THIRD_PARTY_DISCONNECT"]),
];

/// Who is recorded of each contact of a story, in the order in which they began; nothing, where nobody is.
const RECORDED: &[(&str, &[&str])] = &[
    ("recording", &["ALL", ""]),
    ("recording_by_default", &["ALL", "ALL", "AGENT", "", ""]),
    ("recording_of_transfer", &["", "ALL"]),
    ("recording_outside", &["ALL", "", ""]),
    ("recording_with_supervisor", &["ALL", ""]),
];

/// Connect's way to tell transfer, consult and conference apart by two records.
fn word(initiator: &ContactRecord, added: &ContactRecord) -> String {
    let left = |record: &ContactRecord| match &record.agent {
        Some(agent) => agent.after_contact_work_start_timestamp.clone(),
        None => record.disconnect_timestamp.clone(),
    };
    let handed_over = initiator.transfer_completed_timestamp.is_some() && left(initiator) <= left(added);
    if let Some(outside) = &added.external_third_party {
        if added.connected_to_system_timestamp.is_none() {
            return "nobody".into();
        }
        let held = initiator.agent.as_ref().map_or(0, |agent| agent.customer_hold_duration);
        let kind = if handed_over {
            "transfer"
        } else if held > outside.external_third_party_interaction_duration {
            "consult"
        } else {
            "conference"
        };
        return format!("external {kind}");
    }
    let Some(agent) = &added.agent else { return "nobody".into() };
    let kind = if handed_over {
        "transfer"
    } else if agent.agent_interaction_duration == 0 {
        "consult"
    } else {
        "conference"
    };
    format!("internal {kind}")
}

pub fn judge(story: &str, records: &[ContactRecord], events: &[ContactEvent]) {
    let by_id: BTreeMap<&str, &ContactRecord> = records.iter().map(|r| (r.contact_id.as_str(), r)).collect();
    assert_eq!(by_id.len(), records.len(), "one record a contact");
    events_are_in_order(records, events);
    for record in records {
        times_are_in_order(record);
        system_is_told_of(record, events);
        chain_holds(record, &by_id);
    }
    let mut begun: Vec<&ContactRecord> = records.iter().collect();
    begun.sort_by_key(|r| &r.initiation_timestamp);
    let recorded: Vec<&str> =
        begun.iter().map(|r| r.recordings.first().map_or("", |recording| &recording.participant_type)).collect();
    match RECORDED.iter().find(|(name, _)| *name == story) {
        Some((_, expected)) => assert_eq!(recorded, *expected, "{story}"),
        None => assert!(recorded.iter().all(|who| who.is_empty()), "the lab records nobody: {recorded:?}"),
    }
    // Who listens is added by nobody.
    let is_monitor = |r: &&ContactRecord| r.initiation_method == "MONITOR";
    for monitor in records.iter().filter(is_monitor) {
        monitoring_holds(monitor);
    }
    let mut added: Vec<&ContactRecord> =
        records.iter().filter(|r| r.previous_contact_id.is_some() && !is_monitor(r)).collect();
    added.sort_by_key(|r| &r.initiation_timestamp);
    let words: Vec<String> = added.iter().map(|r| word(by_id[r.previous_contact_id.as_deref().unwrap()], r)).collect();
    if let Some((_, expected)) = REASONS.iter().find(|(name, _)| *name == story) {
        assert_eq!(begun.iter().map(|r| r.disconnect_reason.as_str()).collect::<Vec<_>>(), *expected);
    }
    if let Some((_, expected)) = WORDS.iter().find(|(name, _)| *name == story) {
        assert_eq!(words, *expected, "{story}: {}", serde_json::to_string_pretty(records).unwrap());
    } else {
        println!("{story}: {words:?}");
    }
}

fn events_are_in_order(records: &[ContactRecord], events: &[ContactEvent]) {
    const ORDER: [&str; 6] =
        ["INITIATED", "CONNECTED_TO_SYSTEM", "QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED", "COMPLETED"];
    let begun: BTreeSet<&str> =
        events.iter().filter(|e| e.event_type == "INITIATED").map(|e| e.contact_id.as_str()).collect();
    let recorded: BTreeSet<&str> = records.iter().map(|r| r.contact_id.as_str()).collect();
    assert_eq!(begun, recorded, "every contact that began has its record");
    for id in begun {
        let told: Vec<&str> = events.iter().filter(|e| e.contact_id == id).map(|e| e.event_type).collect();
        for one in ["INITIATED", "DISCONNECTED", "COMPLETED"] {
            assert_eq!(told.iter().filter(|event| **event == one).count(), 1, "{one} of {id} in {told:?}");
        }
        let rank = |event: &&str| ORDER.iter().position(|name| name == event);
        assert!(told.is_sorted_by_key(rank), "{told:?}");
    }
}

/// By an event of the same time; one that is over in that moment may do without.
fn system_is_told_of(record: &ContactRecord, events: &[ContactEvent]) {
    let told = events.iter().filter(|e| e.contact_id == record.contact_id && e.event_type == "CONNECTED_TO_SYSTEM");
    let told: Vec<&str> = told.map(|e| e.timestamp.as_str()).collect();
    let since: Vec<&str> = record.connected_to_system_timestamp.as_deref().into_iter().collect();
    let over_at_once = since == [record.disconnect_timestamp.as_str()];
    assert!(told == since || (told.is_empty() && over_at_once), "{told:?}: {record:?}");
}

fn times_are_in_order(record: &ContactRecord) {
    let mut times = vec![record.initiation_timestamp.clone()];
    times.extend(record.connected_to_system_timestamp.clone());
    if let Some(queue) = &record.queue {
        times.push(queue.enqueue_timestamp.clone());
        times.push(queue.dequeue_timestamp.clone().expect("nobody waits in a contact that is over"));
    }
    if let Some(agent) = &record.agent {
        let called = record.initiation_method == "OUTBOUND" || record.queue.is_none();
        assert!(record.agent_connection_attempts > 0 || called, "{record:?}");
        times.push(agent.connected_to_agent_timestamp.clone());
        assert!(agent.accepted_by_agent_timestamp <= agent.connected_to_agent_timestamp);
        assert!(agent.longest_hold_duration <= agent.customer_hold_duration);
        assert!(agent.agent_initiated_hold_duration <= agent.customer_hold_duration);
    }
    assert!(record.external_third_party.is_none() || record.agent_connection_attempts == 0, "no agent: {record:?}");
    let called = !record.next_contacts.is_empty();
    assert!(called || record.transfer_completed_timestamp.is_none(), "handed on to nobody: {record:?}");
    for recording in &record.recordings {
        let day = &recording.start_timestamp[..10];
        assert_eq!(recording.location, format!("{day}/{}.wav", record.contact_id));
        assert!(record.agent.is_some(), "nobody is recorded without an agent: {record:?}");
        times.extend([recording.start_timestamp.clone(), recording.stop_timestamp.clone()]);
    }
    times.push(record.disconnect_timestamp.clone());
    times.push(record.last_update_timestamp.clone());
    assert!(times.is_sorted(), "{times:?}: {record:?}");
}

/// A supervisor was one thing after the other, from his answer to his end, beginning by listening.
fn monitoring_holds(record: &ContactRecord) {
    assert_eq!(record.related_contact_id, record.previous_contact_id);
    let Some(agent) = &record.agent else {
        assert_eq!(record.queue, None);
        return;
    };
    let states = &agent.state_transitions;
    assert_eq!(states[0].state, "SILENT_MONITOR");
    assert_eq!(states[0].state_start_timestamp, agent.connected_to_agent_timestamp);
    assert_eq!(states.last().unwrap().state_end_timestamp, record.disconnect_timestamp);
    for two in states.windows(2) {
        assert_ne!(two[0].state, two[1].state);
        assert_eq!(two[0].state_end_timestamp, two[1].state_start_timestamp);
    }
    let barged = states.iter().any(|one| one.state == "BARGE");
    assert!(barged || agent.agent_interaction_duration == 0, "who only listens talks with nobody: {record:?}");
    assert_eq!(agent.after_contact_work_duration, 0);
}

fn chain_holds(record: &ContactRecord, by_id: &BTreeMap<&str, &ContactRecord>) {
    let Some(previous) = &record.previous_contact_id else {
        assert_eq!(record.initial_contact_id, None);
        assert_eq!(record.contact_association_id, record.contact_id);
        return;
    };
    let before = by_id[previous.as_str()];
    let root = before.initial_contact_id.as_ref().unwrap_or(previous);
    assert_eq!(record.initial_contact_id.as_ref(), Some(root), "all of a chain name its first contact");
    assert_eq!(&record.contact_association_id, root);
    let by_its_agent =
        |r: &&&ContactRecord| r.previous_contact_id.as_ref() == Some(previous) && r.initiation_method != "MONITOR";
    let mut made: Vec<&&ContactRecord> = by_id.values().filter(by_its_agent).collect();
    made.sort_by_key(|r| &r.initiation_timestamp);
    let named: Vec<&str> = before.next_contacts.iter().map(|next| next.contact_id.as_str()).collect();
    assert_eq!(named, made.iter().map(|r| r.contact_id.as_str()).collect::<Vec<_>>());
    assert_eq!(before.next_contact_id.as_deref(), named.last().copied(), "the last one he called");
}
