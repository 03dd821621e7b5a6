//! Sign-in for a browser: a cookie that scripts cannot read and other sites cannot send.

use super::Api;
use super::actions::read;
use super::auth::{COOKIE, Caller, Claim, SESSION, Source};
use super::problem::{OfCaller, Problem};
use crate::site::Role;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Either an agent's id and password, or the admin token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// An agent's id.
    id: Option<String>,
    password: Option<String>,
    /// The admin token.
    token: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// The agent's id; null for the administrator.
    agent: Option<String>,
    /// `agent`, `supervisor` or `admin`.
    role: &'static str,
}

impl From<&Caller> for SignedIn {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Admin => SignedIn { agent: None, role: "admin" },
            Caller::Agent(id, Role::Agent) => SignedIn { agent: Some(id.to_string()), role: "agent" },
            Caller::Agent(id, Role::Supervisor) => SignedIn { agent: Some(id.to_string()), role: "supervisor" },
        }
    }
}

#[utoipa::path(post, path = "/api/session", tag = "session", security(()), request_body = SignIn, responses(
    (status = 200, description = "Signed in for 12 hours: Set-Cookie, HttpOnly and SameSite=Strict", body = SignedIn),
    (status = 400, description = "InvalidParameterException", body = Problem),
    OfCaller,
))]
pub(crate) async fn open(
    State(api): State<Api>,
    source: Source,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let now = api.gate.now();
    let SignIn { id, password, token } = read(&headers, body)?;
    let claim = match (id, password, token) {
        (Some(id), Some(password), None) => Claim::Password { id, password },
        (None, None, Some(token)) => Claim::Token(token),
        _ => return Err(Problem::parameter("Send {\"id\", \"password\"} or {\"token\"}.")),
    };
    let caller = api.keys.sign_in(&claim, source, now)?;
    let value = api.keys.open(caller.clone(), now);
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", SESSION.as_secs());
    Ok(([(header::SET_COOKIE, cookie)], Json(SignedIn::from(&caller))).into_response())
}

#[utoipa::path(get, path = "/api/session", tag = "session", responses(
    (status = 200, description = "Who is signed in", body = SignedIn),
    OfCaller,
))]
pub(crate) async fn who(caller: Caller) -> Json<SignedIn> {
    Json(SignedIn::from(&caller))
}

#[utoipa::path(delete, path = "/api/session", tag = "session", security(()), responses(
    (status = 204, description = "Signed out"),
    (status = 403, description = "AccessDeniedException: a page of another origin", body = Problem),
))]
pub(crate) async fn close(State(api): State<Api>, headers: HeaderMap) -> Response {
    api.keys.close(&headers);
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}
