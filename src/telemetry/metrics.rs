//! Every metric's name in one place, and the recorder that renders them for Prometheus.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

pub const SIP_RECEIVED: &str = "cordboard_sip_messages_received_total";
pub const SIP_SENT: &str = "cordboard_sip_messages_sent_total";
pub const SIP_MALFORMED: &str = "cordboard_sip_messages_malformed_total";
pub const SIP_SHED: &str = "cordboard_sip_requests_shed_total";
pub const SIP_REFUSED: &str = "cordboard_sip_messages_refused_total";
pub const SIP_UNSENT: &str = "cordboard_sip_messages_unsent_total";
pub const TCP_CONNECTIONS: &str = "cordboard_sip_tcp_connections";
pub const INBOX_DEPTH: &str = "cordboard_engine_inbox_depth";
pub const STEP_SECONDS: &str = "cordboard_engine_step_seconds";
pub const CONTACT_EVENTS: &str = "cordboard_contact_events_total";
pub const TRUNK_HOSTS: &str = "cordboard_trunk_hosts";
pub const TRUNK_CALLS: &str = "cordboard_trunk_calls";
pub const TRUNK_REGISTERED: &str = "cordboard_trunk_registered";
pub const AGENTS: &str = "cordboard_agents";
pub const QUEUE_AGENTS: &str = "cordboard_queue_agents";
pub const QUEUE_CONTACTS: &str = "cordboard_queue_contacts";
pub const QUEUE_OLDEST: &str = "cordboard_queue_oldest_contact_age_seconds";
pub const MEDIA_PORTS: &str = "cordboard_media_ports";
pub const MEDIA_RECEIVED: &str = "cordboard_media_packets_received_total";
pub const MEDIA_SENT: &str = "cordboard_media_packets_sent_total";
pub const MEDIA_UNSENT: &str = "cordboard_media_packets_unsent_total";
pub const MEDIA_LATE_TICKS: &str = "cordboard_media_late_ticks_total";
pub const RECORDINGS: &str = "cordboard_recordings";
pub const RECORDINGS_FAILED: &str = "cordboard_recordings_failed_total";
pub const RECORDING_PIECES_LOST: &str = "cordboard_recording_pieces_lost_total";
pub const STORE_UP: &str = "cordboard_store_up";
pub const JOURNAL_BYTES: &str = "cordboard_store_journal_waiting_bytes";
pub const JOURNAL_FAULTS: &str = "cordboard_store_journal_faults_total";
pub const RECORDS_LOST: &str = "cordboard_store_records_lost_total";
pub const HTTP_REQUESTS: &str = "cordboard_http_requests_total";

/// Upper bounds of the step histogram: an engine step is microseconds; one past 10 ms is a fault worth seeing.
const STEP_BUCKETS: &[f64] = &[0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 1.0];

static RENDERER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the recorder, once per process however many switches run in it.
pub fn start() {
    RENDERER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(STEP_SECONDS.to_owned()), STEP_BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let handle = builder.install_recorder().ok();
        describe();
        handle
    });
}

/// Prometheus text; empty when another recorder was installed first.
#[must_use]
pub fn render() -> String {
    match RENDERER.get() {
        Some(Some(handle)) => handle.render(),
        _ => String::new(),
    }
}

/// Counts the samples of the histograms, which pile up until then whether somebody scrapes or not. To be called now and
/// then, by whoever has a clock.
pub fn count_samples() {
    if let Some(Some(handle)) = RENDERER.get() {
        handle.run_upkeep();
    }
}

fn describe() {
    describe_counter!(SIP_RECEIVED, "SIP messages received, by transport");
    describe_counter!(SIP_SENT, "SIP messages sent, by transport");
    describe_counter!(SIP_MALFORMED, "Received data that is no SIP message, by transport");
    describe_counter!(SIP_SHED, "Requests answered 503 because the engine or their source had too much, by transport");
    describe_counter!(SIP_REFUSED, "Messages dropped unread because their source had sent too many, by transport");
    describe_counter!(SIP_UNSENT, "SIP messages that the network refused, by transport");
    describe_gauge!(TCP_CONNECTIONS, "Open SIP connections over TCP");
    describe_gauge!(INBOX_DEPTH, "Inputs waiting for the engine");
    describe_histogram!(STEP_SECONDS, Unit::Seconds, "Time one batch of inputs took in the engine, outputs included");
    describe_counter!(CONTACT_EVENTS, "Contact events, by type");
    describe_gauge!(RECORDINGS, "Recordings being written");
    describe_counter!(
        RECORDINGS_FAILED,
        "Recordings that ended early because they could not be written: a full disk, for one"
    );
    describe_counter!(
        RECORDING_PIECES_LOST,
        "Half seconds of recordings that are silent because the disk was too slow"
    );
    describe_gauge!(STORE_UP, "1 while the database takes contact records, 0 while they wait in the journal");
    describe_gauge!(
        JOURNAL_BYTES,
        Unit::Bytes,
        "What stood in the journal and not yet in the database when it was last written"
    );
    describe_counter!(JOURNAL_FAULTS, "Failed attempts to write the journal: a full disk, for one");
    describe_counter!(RECORDS_LOST, "Contact records lost because the journal could not be written for too long");
    describe_gauge!(TRUNK_HOSTS, "Addresses of a trunk, by state: up, down, unknown");
    describe_gauge!(TRUNK_CALLS, "Calls that a trunk has now, both ways");
    describe_gauge!(TRUNK_REGISTERED, "Whether we are registered at a trunk that wants it: 1 or 0");
    describe_gauge!(AGENTS, "Agents, by state");
    describe_gauge!(QUEUE_AGENTS, "Agents who serve a queue, by queue and state; one may count in several states");
    describe_gauge!(QUEUE_CONTACTS, "Contacts waiting or being offered, by queue");
    describe_gauge!(QUEUE_OLDEST, Unit::Seconds, "How long the contact waits that came first, by queue");
    describe_gauge!(MEDIA_PORTS, "Open RTP ports, by media thread");
    describe_counter!(MEDIA_RECEIVED, "RTP and RTCP packets received, by media thread");
    describe_counter!(MEDIA_SENT, "RTP and RTCP packets sent, by media thread");
    describe_counter!(MEDIA_UNSENT, "RTP and RTCP packets that the network refused, by media thread");
    describe_counter!(MEDIA_LATE_TICKS, "Ticks that began 10 ms or more too late, by media thread");
    describe_counter!(HTTP_REQUESTS, "HTTP requests answered, by status");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_rendered_with_their_descriptions() {
        start();
        start();
        metrics::counter!(SIP_SHED, "transport" => "udp").increment(1);
        metrics::histogram!(STEP_SECONDS).record(0.000_02);
        let text = render();
        assert!(text.contains("# HELP cordboard_sip_requests_shed_total"), "{text}");
        assert!(text.contains("cordboard_sip_requests_shed_total{transport=\"udp\"}"), "{text}");
        assert!(text.contains("cordboard_engine_step_seconds_bucket{le=\"0.00005\"}"), "{text}");
    }
}
