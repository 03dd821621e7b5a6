//! What stands outside the API proper: the front page, health, metrics.

use super::Api;
use super::problem::Problem;
use crate::telemetry;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

pub(super) const FRONT: &str = "\
Cordboard is running.

There is no agent's page yet. Buttons are pressed on the phone itself (feature codes), with `cordboard ctl`, or here:

  GET    /api/agents                          every agent's snapshot
  GET    /api/agents/{id}                     one agent's
  PUT    /api/agents/{id}/status              {\"status\": \"Available\"}
  POST   /api/agents/{id}/actions/{method}    createAdditionalConnection, conferenceConnections, leave, ...
  GET    /api/events[?agent={id}]             every change, as server-sent events
  GET    /api/queues                          who waits, and who is there to serve them
  GET    /api/contacts                        the records of completed contacts, the newest first
  GET    /api/contacts/{id}                   one of them, and its chain
  GET    /api/contacts/{id}/recording         its sound, where it was recorded
  POST   /api/session                         sign in with a cookie
  GET    /openapi.json                        all of it, with shapes and faults
  GET    /metrics  /healthz  /readyz

Sign in with `Authorization: Bearer` and the admin token, or HTTP Basic with an agent's id and password:

  curl -u john:PASSWORD http://HOST:PORT/api/agents/john
";

pub(crate) async fn front() -> &'static str {
    FRONT
}

#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200, description = "The process is alive")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses(
    (status = 200, description = "Takes new calls"),
    (status = 503, description = "Starting, or draining before it ends", body = Problem),
))]
pub(crate) async fn ready(State(api): State<Api>) -> Result<&'static str, Problem> {
    if api.gate.is_ready() {
        Ok("ready\n")
    } else {
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The switch takes no new calls now."))
    }
}

#[utoipa::path(get, path = "/metrics", tag = "operations", security(()), responses(
    (status = 200, description = "Prometheus text", content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    api.gate.count_states();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics::render())
}
