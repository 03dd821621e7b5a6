//! What an agent's screen shows: the shape of Streams' agent snapshot.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentSnapshot {
    pub id: String,
    pub name: String,
    /// What the human says: `Available`, `Offline` or a custom name.
    pub status: String,
    pub next_status: Option<String>,
    /// What the switch sees: `Available`, `Offline`, `PendingBusy`, `Busy`, `Monitoring`, `AfterCallWork`, `MissedCallAgent`, ...
    pub state: String,
    /// Contact addresses of the registered phones.
    pub phones: Vec<String>,
    pub contacts: Vec<ContactSnapshot>,
    pub quick_connects: Vec<QuickConnectSnapshot>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactSnapshot {
    pub contact_id: String,
    pub initial_contact_id: Option<String>,
    pub previous_contact_id: Option<String>,
    pub queue: Option<String>,
    /// `INBOUND`, `OUTBOUND`, `TRANSFER`, `MONITOR`, ...
    pub initiation_method: String,
    /// `init`, `incoming`, `connecting`, `connected`, `missed`, `rejected`, `error`, `ended`.
    pub state: String,
    /// What the screen says in one word or two.
    pub banner: String,
    pub attributes: BTreeMap<String, String>,
    /// Nothing, while it has not been recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingSnapshot>,
    pub connections: Vec<ConnectionSnapshot>,
    /// The buttons that are lit.
    pub actions: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingSnapshot {
    /// `recording`; `suspended`: silence goes into the file; `stopped`: for good, because the agent is gone or the disk takes no more.
    pub state: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSnapshot {
    pub connection_id: String,
    /// `agent`, `inbound`, `outbound`, `monitoring`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `init`, `connecting`, `connected`, `hold`, `disconnected`; a supervisor's: `silent_monitor`, `coach`, `barge`.
    pub state: String,
    /// Once disconnected: `rejected`, `no_answer`, `unreachable`, `busy`, `failed`, `cancelled`, `hung_up`, `dropped`, `left`.
    /// On a quick connect that still waits: how its last offer ended.
    pub reason: Option<String>,
    pub name: String,
    pub address: String,
    /// True only when that party answered.
    pub answered: bool,
    pub answered_at: Option<String>,
    pub held_by: Option<String>,
    pub muted_by: Option<String>,
    pub hears: Hears,
    /// How its sound arrives; from the tenth second of it on, and anew every ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualitySnapshot>,
    pub actions: Vec<String>,
}

/// How the sound of one phone arrives here, and ours there. Packets and bytes (of payload) count RTP from the beginning
/// of the leg.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualitySnapshot {
    pub packets_received: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    /// Never came.
    pub packets_lost: u64,
    /// Came after their turn, and were not heard.
    pub packets_late: u64,
    pub packets_duplicate: u64,
    /// Junk, and packets of strangers.
    pub packets_refused: u64,
    /// Interarrival jitter (RFC 3550 section 6.4.1) in milliseconds.
    pub jitter_ms: f64,
    /// To the phone and back, in milliseconds; only if the phone answers our RTCP reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    /// How many of our packets the phone says it lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_packets_lost: Option<u64>,
    /// The jitter of our packets as the phone sees it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_jitter_ms: Option<f64>,
    /// The mean opinion score of the last ten seconds, estimated by the E-model (ITU-T G.107): 1.0 (bad) to 4.4 (as good as
    /// G.711 gets).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1.0, maximum = 4.5)]
    pub mos: Option<f64>,
}

/// What a party hears now, taken from the plan the media plane carries out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hears {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parties: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<bool>,
}

/// One queue now: Connect's real-time metrics. An agent counts in every queue that his routing profile serves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueSnapshot {
    pub id: String,
    pub name: String,
    /// False: it takes nobody new.
    pub enabled: bool,
    /// Whether its hours of operation say that it is open.
    pub open: bool,
    /// 0: no limit.
    pub max_contacts: usize,
    /// With a registered phone, and in any status but Offline.
    pub agents_online: usize,
    /// Online, and in no custom status.
    pub agents_staffed: usize,
    /// Could take a contact now.
    pub agents_available: usize,
    /// On a contact, after-call work included.
    pub agents_on_contact: usize,
    pub agents_after_contact_work: usize,
    /// Idle in a custom status.
    pub agents_non_productive: usize,
    /// Have not taken their last offer, and have not said since that they are there.
    pub agents_error: usize,
    /// Waiting or being offered, until the agent's whisper is over.
    pub contacts_in_queue: usize,
    /// Since when the contact waits that came first.
    pub oldest_contact: Option<String>,
    /// In seconds; 0 when nobody waits.
    pub oldest_contact_age: u64,
    /// The first hundred who wait, in their order; not those who are being offered.
    pub contacts: Vec<WaitingSnapshot>,
}

/// A contact that waits in a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingSnapshot {
    pub contact_id: String,
    /// 1 is the next.
    pub position: usize,
    pub enqueued_at: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuickConnectSnapshot {
    pub id: String,
    pub name: String,
    /// `agent`, `queue`, `external`.
    #[serde(rename = "type")]
    pub kind: String,
    pub code: Option<String>,
    /// The target agent's state; how many of a queue's agents are available; whether a number outside could be called now:
    /// `Available`, `Busy` (no room on a trunk), `Offline`.
    pub presence: Option<String>,
}
