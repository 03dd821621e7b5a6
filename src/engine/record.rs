//! The record of a contact, in the shape and with the names of Amazon Connect's.
//!
//! Times are ISO 8601 in UTC, so that their order is that of their text; durations are whole seconds. Where Connect has an
//! ARN there stands the id that the configuration gives.

use super::Engine;
use crate::contact::{self, Call, Cause, Contact, Facts, Identity, Method, Monitor, Place, QuickConnectTo};
use crate::flow::Recorded;
use crate::ids::{AgentId, ContactId};
use crate::limits::{DEVICE_NAME, POOR_JITTER, POOR_LOSS, POOR_ROUND_TRIP};
use crate::media::PortStats;
use crate::time::{Duration, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use utoipa::ToSchema;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ContactRecord {
    pub contact_id: String,
    /// The first contact of the chain; nothing in its own record.
    pub initial_contact_id: Option<String>,
    /// The contact of the agent who made this one; of a MONITOR contact, the one that was listened to.
    pub previous_contact_id: Option<String>,
    /// The last one that this contact's agent has made.
    pub next_contact_id: Option<String>,
    pub next_contacts: Vec<NextContact>,
    /// Of a MONITOR contact: the one that was listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related_contact_id: Option<String>,
    /// The same for all contacts of a chain.
    pub contact_association_id: String,
    /// `INBOUND`, `OUTBOUND`, `TRANSFER`, `EXTERNAL_OUTBOUND`, `MONITOR`
    pub initiation_method: String,
    /// Always `VOICE`.
    pub channel: String,
    pub initiation_timestamp: String,
    pub connected_to_system_timestamp: Option<String>,
    pub disconnect_timestamp: String,
    /// `CUSTOMER_DISCONNECT`, `AGENT_DISCONNECT`, `THIRD_PARTY_DISCONNECT`, `TELECOM_PROBLEM`, `BARGED`, `CONTACT_FLOW_DISCONNECT`,
    /// `OTHER`
    pub disconnect_reason: String,
    pub disconnect_details: Option<DisconnectDetails>,
    pub last_update_timestamp: String,
    /// When the agent was gone and the customer was left to somebody whom the agent had called.
    pub transfer_completed_timestamp: Option<String>,
    pub transferred_to_endpoint: Option<Endpoint>,
    pub customer_endpoint: Option<Endpoint>,
    /// What the customer has dialled.
    pub system_endpoint: Option<Endpoint>,
    pub queue: Option<QueueInfo>,
    /// Lower comes first; 5 when no flow said anything.
    pub queue_priority: u8,
    /// How much longer it counted as having waited.
    pub queue_time_adjustment_seconds: i32,
    /// The agent who was connected.
    pub agent: Option<AgentInfo>,
    /// How often an agent's phones were rung.
    pub agent_connection_attempts: u32,
    pub external_third_party: Option<ExternalThirdParty>,
    /// What was recorded: one file, or nothing.
    #[serde(default)]
    pub recordings: Vec<RecordingInfo>,
    pub attributes: BTreeMap<String, String>,
    pub quality_metrics: QualityMetrics,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct NextContact {
    /// `QUICK_CONNECT`
    #[serde(rename = "Type")]
    pub kind: String,
    pub contact_id: String,
    pub initiation_timestamp: String,
    pub quick_connect_id: Option<String>,
    pub quick_connect_name: Option<String>,
    /// `AGENT`, `QUEUE`, `EXTERNAL`
    pub quick_connect_type: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DisconnectDetails {
    /// `AGENT_CONNECTIVITY_ISSUE`: the agent's phone or network failed.
    pub potential_disconnect_issue: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Endpoint {
    pub address: String,
    /// `TELEPHONE_NUMBER`
    #[serde(rename = "Type")]
    pub kind: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueueInfo {
    pub name: String,
    /// The queue's id; of an agent's own queue, the agent's.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// `STANDARD`, `AGENT`
    pub queue_type: String,
    pub enqueue_timestamp: String,
    pub dequeue_timestamp: Option<String>,
    pub duration: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AgentInfo {
    pub username: String,
    #[serde(rename = "ARN")]
    pub arn: String,
    pub accepted_by_agent_timestamp: String,
    pub connected_to_agent_timestamp: String,
    /// With the customer: talking with a colleague does not count.
    pub agent_interaction_duration: u64,
    /// A customer whom the agent had talked to was on hold, by whomever.
    pub customer_hold_duration: u64,
    /// By this agent.
    pub agent_initiated_hold_duration: u64,
    pub longest_hold_duration: u64,
    pub number_of_holds: u32,
    pub after_contact_work_start_timestamp: String,
    pub after_contact_work_end_timestamp: String,
    pub after_contact_work_duration: u64,
    pub routing_profile: RoutingProfile,
    /// The phone that he answered with.
    #[serde(default)]
    pub device_info: Option<DeviceInfo>,
    /// Of a supervisor: what he was, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state_transitions: Vec<StateTransition>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct StateTransition {
    /// `SILENT_MONITOR`, `COACH`, `BARGE`
    pub state: String,
    pub state_start_timestamp: String,
    pub state_end_timestamp: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceInfo {
    /// What the phone calls itself (User-Agent), as `Linphone-Desktop`.
    pub platform_name: Option<String>,
    pub platform_version: Option<String>,
    /// Where it was, address and port.
    pub address: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RoutingProfile {
    #[serde(rename = "ARN")]
    pub arn: String,
}

/// A recording: `GET /api/contacts/{id}/recording` gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecordingInfo {
    /// Always `FILE`.
    pub storage_type: String,
    /// Its path in the folder of the recordings.
    pub location: String,
    /// Always `AUDIO`.
    pub media_stream_type: String,
    /// `ALL`; `AGENT`, `CUSTOMER`: only those.
    pub participant_type: String,
    pub start_timestamp: String,
    pub stop_timestamp: String,
    /// Always `AVAILABLE`.
    pub status: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ExternalThirdParty {
    pub external_third_party_interaction_duration: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QualityMetrics {
    pub agent: Option<PartyQuality>,
    pub customer: Option<PartyQuality>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PartyQuality {
    pub audio: AudioQuality,
}

/// How the sound of one phone arrived here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AudioQuality {
    /// The mean opinion score, 1.0 to 4.4 (ITU-T G.107).
    pub quality_score: f64,
    /// `HighPacketLoss`, `HighRoundTripTime`, `HighJitterBuffer`
    pub potential_quality_issues: Vec<String>,
}

impl ContactRecord {
    /// The contact that the chain is named after.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.contact_association_id
    }

    /// Only so much of its recording could be kept.
    pub(super) fn recorded_for(&mut self, since: Time, kept: Duration) {
        for recording in &mut self.recordings {
            recording.stop_timestamp = (since + kept).iso8601();
        }
        self.recordings.retain(|_| !kept.is_zero());
    }

    /// After-call work is over.
    pub(super) fn worked_until(&mut self, now: Time, since: Time) {
        if let Some(agent) = &mut self.agent {
            agent.after_contact_work_end_timestamp = now.iso8601();
            agent.after_contact_work_duration = (now - since).as_secs();
        }
    }
}

impl DeviceInfo {
    /// A phone that says so of itself, and is there.
    pub(super) fn of(user_agent: Option<&str>, address: SocketAddr) -> DeviceInfo {
        // RFC 9110 section 10.1.5: the product that matters most comes first. Some part name and version by a blank.
        let mut words = user_agent.unwrap_or_default().split_whitespace();
        let short = |text: &str| text.chars().take(DEVICE_NAME).collect::<String>();
        let first = words.next().unwrap_or_default();
        let (name, version) = match first.split_once('/') {
            Some((name, version)) => (name, Some(version)),
            None => (
                first,
                words.next().filter(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())),
            ),
        };
        DeviceInfo {
            platform_name: Some(short(name)).filter(|name| !name.is_empty()),
            platform_version: version.map(short).filter(|version| !version.is_empty()),
            address: address.to_string(),
        }
    }
}

impl PartyQuality {
    /// Nothing, where nothing came.
    pub(super) fn of(stats: &PortStats) -> Option<PartyQuality> {
        let expected = stats.packets_received + stats.packets_lost;
        #[allow(clippy::cast_precision_loss)]
        let loss = stats.packets_lost as f64 / expected.max(1) as f64;
        let issues = [
            ("HighPacketLoss", loss > POOR_LOSS),
            ("HighRoundTripTime", stats.round_trip.is_some_and(|span| span > POOR_ROUND_TRIP)),
            ("HighJitterBuffer", stats.jitter > POOR_JITTER),
        ];
        Some(PartyQuality {
            audio: AudioQuality {
                quality_score: (stats.mos? * 100.0).round() / 100.0,
                potential_quality_issues: issues.iter().filter(|(_, so)| *so).map(|(name, _)| (*name).into()).collect(),
            },
        })
    }
}

impl Engine {
    /// The record of a contact that is over, as far as it is known before its agent's after-call work.
    pub(super) fn record_of(&self, call: &Call, id: ContactId) -> Option<ContactRecord> {
        let k = call.contacts().get(&id)?;
        let nothing = Facts::default();
        let facts = call.facts(id).unwrap_or(&nothing);
        let (ended, cause) = facts.ended.unwrap_or((self.now, Cause::Other));
        let text = |id: ContactId| id.to_string();
        let outside = k.method == Method::External;
        Some(ContactRecord {
            contact_id: text(k.id),
            initial_contact_id: k.initial.map(text),
            previous_contact_id: k.previous.map(text),
            next_contact_id: facts.next.last().map(|next| text(next.contact)),
            next_contacts: facts.next.iter().map(|next| self.next_contact(next)).collect(),
            related_contact_id: k.previous.filter(|_| k.is_monitor()).map(text),
            contact_association_id: text(k.initial.unwrap_or(k.id)),
            initiation_method: k.method.as_str().into(),
            channel: "VOICE".into(),
            initiation_timestamp: k.initiated.iso8601(),
            connected_to_system_timestamp: facts.to_system.map(Time::iso8601),
            disconnect_timestamp: ended.iso8601(),
            disconnect_reason: cause.as_str().into(),
            disconnect_details: (cause == Cause::Telecom { agent: true })
                .then(|| DisconnectDetails { potential_disconnect_issue: "AGENT_CONNECTIVITY_ISSUE".into() }),
            last_update_timestamp: ended.iso8601(),
            transfer_completed_timestamp: facts.transferred.as_ref().map(|(at, _)| at.iso8601()),
            transferred_to_endpoint: facts.transferred.as_ref().and_then(|(_, to)| to.as_ref()).map(endpoint),
            customer_endpoint: facts.customer.as_ref().map(|(_, who)| endpoint(who)),
            system_endpoint: facts
                .system
                .as_ref()
                .map(|number| endpoint(&Identity { name: String::new(), address: number.clone() })),
            queue: match (&k.queued, k.place()) {
                (Some((place, since)), _) => Some(self.queue_info(place, *since, facts.dequeued)),
                // Who is called waits for nobody.
                (None, Some(place)) => {
                    let at = facts.to_system.unwrap_or(k.initiated);
                    Some(self.queue_info(place, at, Some(at)))
                }
                (None, None) => None,
            },
            queue_priority: k.precedence.priority,
            queue_time_adjustment_seconds: k.precedence.adjustment,
            agent: self.agent_info(k, facts, ended),
            agent_connection_attempts: facts.attempts.times,
            external_third_party: outside.then(|| ExternalThirdParty {
                external_third_party_interaction_duration: seconds(facts.third_party.total),
            }),
            recordings: recording(k, facts, ended).into_iter().collect(),
            attributes: k.attributes.clone(),
            quality_metrics: QualityMetrics::default(),
        })
    }

    fn next_contact(&self, next: &contact::Next) -> NextContact {
        let quick = next.quick_connect.as_ref();
        let known = quick.and_then(|id| self.site.catalog.quick_connects.get(id));
        NextContact {
            kind: "QUICK_CONNECT".into(),
            contact_id: next.contact.to_string(),
            initiation_timestamp: next.initiated.iso8601(),
            quick_connect_id: quick.map(ToString::to_string),
            quick_connect_name: known.map(|quick| quick.name.clone()),
            quick_connect_type: known.map(|quick| {
                match quick.to {
                    QuickConnectTo::Agent { .. } => "AGENT",
                    QuickConnectTo::Queue { .. } => "QUEUE",
                    QuickConnectTo::External { .. } => "EXTERNAL",
                }
                .into()
            }),
        }
    }

    pub(super) fn queue_info(&self, place: &Place, since: Time, until: Option<Time>) -> QueueInfo {
        let catalog = &self.site.catalog;
        let (arn, name, kind) = match place {
            Place::Queue(id) => (id.as_str(), catalog.queues.get(id).map(|queue| queue.name.clone()), "STANDARD"),
            Place::Agent(id) => (id.as_str(), catalog.agents.get(id).map(|agent| agent.name.clone()), "AGENT"),
        };
        QueueInfo {
            name: name.unwrap_or_else(|| arn.to_owned()),
            arn: arn.to_owned(),
            queue_type: kind.into(),
            enqueue_timestamp: since.iso8601(),
            dequeue_timestamp: until.map(Time::iso8601),
            duration: until.map_or(Duration::ZERO, |until| until - since).as_secs(),
        }
    }

    fn agent_info(&self, k: &Contact, facts: &Facts, ended: Time) -> Option<AgentInfo> {
        let (served, connected) = (facts.served.as_ref()?, k.connected?);
        Some(AgentInfo {
            username: served.agent.to_string(),
            arn: served.agent.to_string(),
            accepted_by_agent_timestamp: served.accepted.iso8601(),
            connected_to_agent_timestamp: connected.iso8601(),
            agent_interaction_duration: seconds(facts.interaction.total),
            customer_hold_duration: seconds(facts.hold.total),
            agent_initiated_hold_duration: seconds(facts.own_hold.total),
            longest_hold_duration: seconds(facts.hold.longest),
            number_of_holds: facts.hold.times,
            after_contact_work_start_timestamp: ended.iso8601(),
            after_contact_work_end_timestamp: ended.iso8601(),
            after_contact_work_duration: 0,
            routing_profile: RoutingProfile { arn: self.profile_of(&served.agent) },
            device_info: self.devices.get(&k.id).cloned(),
            state_transitions: transitions(&facts.transitions, ended),
        })
    }

    fn profile_of(&self, agent: &AgentId) -> String {
        self.site.routing.agents.get(agent).map(|setup| setup.profile.to_string()).unwrap_or_default()
    }
}

/// Each lasted until the next.
fn transitions(begun: &[(Time, Monitor)], ended: Time) -> Vec<StateTransition> {
    let ends = begun.iter().skip(1).map(|(at, _)| *at).chain([ended]);
    begun
        .iter()
        .zip(ends)
        .map(|((since, monitor), until)| StateTransition {
            state: monitor.as_str().to_uppercase(),
            state_start_timestamp: since.iso8601(),
            state_end_timestamp: until.iso8601(),
        })
        .collect()
}

/// A recording of nothing is none.
fn recording(k: &Contact, facts: &Facts, ended: Time) -> Option<RecordingInfo> {
    let (since, until) = facts.recorded?;
    let until = until.unwrap_or(ended);
    let recorded = match k.recording.who {
        Recorded { agent: true, customer: true } => "ALL",
        Recorded { agent: true, customer: false } => "AGENT",
        Recorded { agent: false, .. } => "CUSTOMER",
    };
    (until > since).then(|| RecordingInfo {
        storage_type: "FILE".into(),
        location: location(k.id, since),
        media_stream_type: "AUDIO".into(),
        participant_type: recorded.into(),
        start_timestamp: since.iso8601(),
        stop_timestamp: until.iso8601(),
        status: "AVAILABLE".into(),
    })
}

/// Where the recording of a contact stands in the folder of the recordings: by the day on which it began.
#[must_use]
pub fn location(contact: ContactId, since: Time) -> String {
    let moment = since.iso8601();
    format!("{}/{contact}.wav", moment.split('T').next().unwrap_or_default())
}

/// Every second that has begun: who has met is never told apart by nothing.
fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn endpoint(who: &Identity) -> Endpoint {
    Endpoint { address: who.address.clone(), kind: "TELEPHONE_NUMBER".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_known_by_what_they_call_themselves() {
        let address = SocketAddr::from(([192, 0, 2, 7], 5060));
        let long = "x".repeat(1_000);
        for (user_agent, name, version) in [
            (
                Some("Linphone-Desktop/5.2.4 (host) ubuntu/22.04 LinphoneSDK/5.3"),
                Some("Linphone-Desktop"),
                Some("5.2.4"),
            ),
            (Some("baresip v3.10.0 (x86_64/Linux)"), Some("baresip"), Some("v3.10.0")),
            (Some("Yealink SIP-T46U 108.86.0.20"), Some("Yealink"), None),
            (Some("MicroSIP/3.21.3"), Some("MicroSIP"), Some("3.21.3")),
            (Some("/"), None, None),
            (Some("  "), None, None),
            (None, None, None),
            (Some(long.as_str()), Some(&long[..DEVICE_NAME]), None),
        ] {
            let device = DeviceInfo::of(user_agent, address);
            let told = (device.platform_name.as_deref(), device.platform_version.as_deref(), device.address.as_str());
            assert_eq!(told, (name, version, "192.0.2.7:5060"));
        }
    }
}
