//! The agents: what their screens show, and their buttons.

use super::Api;
use super::actions::{ActionBody, button, read};
use super::auth::Caller;
use super::problem::{OfAgent, OfCaller, OfPress, Problem};
use crate::engine::Button;
use crate::engine::snapshot::AgentSnapshot;
use crate::ids::AgentId;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[utoipa::path(get, path = "/api/agents", tag = "agents", responses(
    (status = 200, description = "The snapshots of all agents, by id; for an agent who is no supervisor, only his own", body = Vec<AgentSnapshot>),
    OfCaller,
))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Json<Vec<Arc<AgentSnapshot>>> {
    let agents = api.gate.agents();
    Json(agents.into_iter().filter(|(id, _)| caller.may_see(id).is_ok()).map(|(_, snapshot)| snapshot).collect())
}

#[utoipa::path(get, path = "/api/agents/{id}", tag = "agents", params(("id" = String, Path, description = "The agent's id")), responses(
    (status = 200, description = "The snapshot", body = AgentSnapshot),
    OfAgent,
))]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgentSnapshot>, Problem> {
    let agent = AgentId::from(id);
    caller.may_see(&agent)?;
    press(&api, &agent, Button::Snapshot).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusBody {
    /// `Available` or `Offline`, in any case, or a custom status: 1 to 50 characters, none of them a control character, and not
    /// the name of a state that only the switch gives. On a contact it becomes the next status.
    status: String,
}

#[utoipa::path(put, path = "/api/agents/{id}/status", tag = "agents", params(("id" = String, Path, description = "The agent's id")),
    request_body = StatusBody, responses(
    (status = 200, description = "The new snapshot", body = AgentSnapshot),
    OfPress,
))]
pub(crate) async fn status(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<AgentSnapshot>, Problem> {
    let agent = AgentId::from(id);
    caller.may(&agent)?;
    let StatusBody { status } = read(&headers, body)?;
    press(&api, &agent, Button::PutAgentState { status }).await
}

#[utoipa::path(post, path = "/api/agents/{id}/actions/{method}", tag = "agents", params(
        ("id" = String, Path, description = "The agent's id"),
        ("method" = String, Path, description = "rejectContact, clearContact, createOutboundContact, createAdditionalConnection, conferenceConnections, \
            toggleActiveConnections, holdAll, resumeAll, holdConnection, resumeConnection, destroyConnection, muteParticipant, \
            unmuteParticipant, suspendContactRecording, resumeContactRecording, sendDigits, leave; \
            of a supervisor: monitorContact, updateMonitorParticipantState. acceptContact is always refused with \
            InvalidStateException: the switch cannot lift a receiver; the agent answers at the phone, or it answers by itself \
            where the agent has auto_accept"),
    ), request_body = ActionBody, responses(
    (status = 200, description = "Done: the new snapshot", body = AgentSnapshot),
    OfPress,
))]
pub(crate) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((id, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<AgentSnapshot>, Problem> {
    let agent = AgentId::from(id);
    caller.may(&agent)?;
    let body: ActionBody = read(&headers, body)?;
    press(&api, &agent, button(&method, body)?).await
}

async fn press(api: &Api, agent: &AgentId, button: Button) -> Result<Json<AgentSnapshot>, Problem> {
    Ok(Json(api.gate.press(agent, button).await?))
}
