//! What the records of a story must say: chains, times, and the word that Connect's rules find for every party added.

use cordboard::engine::ContactEvent;
use cordboard::engine::record::ContactRecord;
use std::collections::{BTreeMap, BTreeSet};

/// What each party that somebody added was, in the order in which they were called. A story that is not here adds nobody.
const WORDS: &[(&str, &[&str])] = &[];

/// Connect's way to tell transfer, consult and conference apart by two records.
fn word(initiator: &ContactRecord, added: &ContactRecord) -> String {
    let left = |record: &ContactRecord| match &record.agent {
        Some(agent) => agent.after_contact_work_start_timestamp.clone(),
        None => record.disconnect_timestamp.clone(),
    };
    let handed_over = initiator.transfer_completed_timestamp.is_some() && left(initiator) < left(added);
    if let Some(outside) = &added.external_third_party {
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
    let Some(agent) = &added.agent else { return "unanswered".into() };
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
        chain_holds(record, &by_id);
    }
    let mut added: Vec<&ContactRecord> = records.iter().filter(|r| r.previous_contact_id.is_some()).collect();
    added.sort_by_key(|r| &r.initiation_timestamp);
    let words: Vec<String> =
        added.iter().map(|r| word(by_id[r.previous_contact_id.as_deref().unwrap()], r)).collect();
    let expected = WORDS.iter().find(|(name, _)| *name == story).map_or(&[][..], |(_, words)| *words);
    assert_eq!(words, expected, "{story}: {}", serde_json::to_string_pretty(records).unwrap());
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

fn times_are_in_order(record: &ContactRecord) {
    let mut times = vec![record.initiation_timestamp.clone()];
    times.extend(record.connected_to_system_timestamp.clone());
    if let Some(queue) = &record.queue {
        times.push(queue.enqueue_timestamp.clone());
        times.push(queue.dequeue_timestamp.clone().expect("nobody waits in a contact that is over"));
    }
    if let Some(agent) = &record.agent {
        assert!(record.agent_connection_attempts > 0 || record.queue.is_none(), "{record:?}");
        times.push(agent.connected_to_agent_timestamp.clone());
        assert!(agent.accepted_by_agent_timestamp <= agent.connected_to_agent_timestamp);
        assert!(agent.longest_hold_duration <= agent.customer_hold_duration);
        assert!(agent.agent_initiated_hold_duration <= agent.customer_hold_duration);
    }
    times.push(record.disconnect_timestamp.clone());
    times.push(record.last_update_timestamp.clone());
    assert!(times.is_sorted(), "{times:?}: {record:?}");
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
    let mut made: Vec<&&ContactRecord> =
        by_id.values().filter(|r| r.previous_contact_id.as_ref() == Some(previous)).collect();
    made.sort_by_key(|r| &r.initiation_timestamp);
    let named: Vec<&str> = before.next_contacts.iter().map(|next| next.contact_id.as_str()).collect();
    assert_eq!(named, made.iter().map(|r| r.contact_id.as_str()).collect::<Vec<_>>());
    assert_eq!(before.next_contact_id.as_deref(), named.last().copied(), "the last one he called");
}
