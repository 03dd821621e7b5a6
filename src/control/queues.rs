//! The queues: who waits, and who is there to serve them.

use super::Api;
use super::auth::Caller;
use super::problem::{OfCaller, Problem};
use crate::engine::snapshot::QueueSnapshot;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

#[utoipa::path(get, path = "/api/queues", tag = "queues", responses(
    (status = 200, description = "The real-time metrics of every queue, by id, not older than a second", body = Vec<QueueSnapshot>),
    OfCaller,
    (status = 403, description = "AccessDeniedException: for supervisors and the administrator", body = Problem),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Arc<Vec<QueueSnapshot>>>, Problem> {
    caller.sees_all()?;
    Ok(Json(api.gate.queues()))
}
