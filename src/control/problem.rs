//! Every fault as problem+json (RFC 9457).

use crate::engine::Refusal;
use crate::time::Duration;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds after which what was too busy is worth another try.
const AGAIN: u64 = 2;

/// What went wrong, for a program (`type`, `status`) and for a person (`title`, `detail`).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, PartialEq)]
pub struct Problem {
    /// `/problems/` and the name of one of Connect's exceptions, or `about:blank` where the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The reason, in a sentence.
    pub detail: String,
    /// When it is worth another try, in seconds: Retry-After.
    #[serde(skip)]
    again: Option<u64>,
}

/// The names of faults and what each means. The first six are Connect's.
const NAMES: &[(&str, &str)] = &[
    ("InvalidStateException", "The state of the agent, the contact or the connection forbids it. Nothing was done."),
    ("BadEndpointException", "The quick connect or destination does not exist or cannot be called from here."),
    ("ResourceNotFoundException", "No such agent, contact, connection or action."),
    ("InvalidParameterException", "The request is malformed, or a value in it is."),
    ("QuotaExceededException", "A limit is reached: parties of a contact, for one."),
    ("AccessDeniedException", "Signed in, but this belongs to somebody else, or to supervisors."),
    ("UnauthorizedException", "Not signed in, or with the wrong password or token."),
    ("ServiceUnavailable", "Something that the switch needs for this does not answer: the database. Try again later."),
    (
        "ThrottlingException",
        "The switch has too much to do now, or too many passwords have been wrong. Try again after Retry-After seconds.",
    ),
];

impl Problem {
    /// A fault that the HTTP status describes fully.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Refused").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            again: None,
        }
    }

    /// A fault by the name that Connect gives it.
    #[must_use]
    pub fn named(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Problem {
            kind: format!("/problems/{name}"),
            title: name.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            again: None,
        }
    }

    /// Passwords have been guessed from there, or for this account, and one must wait so long.
    pub(crate) fn guessing(wait: Duration) -> Self {
        // Whole seconds, and not too early.
        let seconds = wait.as_secs().saturating_add(1);
        let detail = format!("Too many wrong passwords; try again in {seconds} s.");
        let problem = Problem::named(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", detail);
        Problem { again: Some(seconds), ..problem }
    }

    pub(crate) fn parameter(detail: impl Into<String>) -> Self {
        Problem::named(StatusCode::BAD_REQUEST, "InvalidParameterException", detail)
    }

    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Problem::named(StatusCode::NOT_FOUND, "ResourceNotFoundException", detail)
    }

    pub(crate) fn busy() -> Self {
        Problem::named(StatusCode::SERVICE_UNAVAILABLE, "ThrottlingException", "The switch has too much to do now.")
    }

    pub(crate) fn denied(detail: impl Into<String>) -> Self {
        Problem::named(StatusCode::FORBIDDEN, "AccessDeniedException", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Problem::named(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", detail)
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Problem::named(StatusCode::UNAUTHORIZED, "UnauthorizedException", detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, name) = match &refusal {
            Refusal::InvalidState(_) => (StatusCode::CONFLICT, "InvalidStateException"),
            Refusal::BadEndpoint(_) => (StatusCode::BAD_REQUEST, "BadEndpointException"),
            Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Refusal::InvalidParameter(_) => (StatusCode::BAD_REQUEST, "InvalidParameterException"),
            Refusal::QuotaExceeded(_) => (StatusCode::CONFLICT, "QuotaExceededException"),
            Refusal::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
        };
        Problem::named(status, name, refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                // Bearer only: naming Basic too would make a browser ask for a password with its own window.
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"cordboard\""));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.again.unwrap_or(AGAIN)));
            }
            _ => {}
        }
        response
    }
}

/// What any call may come to whose sender must say who he is.
pub(crate) struct OfCaller;

impl IntoResponses for OfCaller {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        described(&[
            (401, "UnauthorizedException"),
            (
                429,
                "ThrottlingException: too many wrong passwords from this address or for this agent; Retry-After says when",
            ),
        ])
    }
}

/// What any call about an agent may come to besides its success, for the description of the API.
pub(crate) struct OfAgent;

impl IntoResponses for OfAgent {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let mut all = OfCaller::responses();
        all.extend(described(&[
            (403, "AccessDeniedException: another agent's, or a page of another origin"),
            (404, "ResourceNotFoundException: no such agent"),
            (503, "ThrottlingException"),
        ]));
        all
    }
}

/// The same of a call with a body, which presses something.
pub(crate) struct OfPress;

impl IntoResponses for OfPress {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let mut all = OfAgent::responses();
        all.extend(described(&[
            (400, "InvalidParameterException, BadEndpointException"),
            (403, "AccessDeniedException: another agent's, a supervisor's, or a page of another origin"),
            (404, "ResourceNotFoundException: no such agent, contact, connection or method"),
            (409, "InvalidStateException, QuotaExceededException: the reason is in `detail`; nothing was done"),
            (413, "The body is too large"),
            (415, "The body is not JSON"),
        ]));
        all
    }
}

fn described(faults: &[(u16, &str)]) -> BTreeMap<String, RefOr<Described>> {
    let one = |(status, description): &(u16, &str)| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(*description).content(MEDIA_TYPE, content).build();
        (status.to_string(), RefOr::T(response))
    };
    faults.iter().map(one).collect()
}

/// Whether a response already tells its fault properly.
pub(crate) fn is_one(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == MEDIA_TYPE.as_bytes())
}

/// What a `type` points at.
pub(crate) async fn explain(Path(name): Path<String>) -> Result<String, Problem> {
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((name, meaning)) => Ok(format!("{name}\n{meaning}\n")),
        None => Err(Problem::missing(format!("No problem is called {name}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_connects_names() {
        for (refusal, status, name) in [
            (Refusal::InvalidState("a".into()), 409, "InvalidStateException"),
            (Refusal::BadEndpoint("a".into()), 400, "BadEndpointException"),
            (Refusal::NotFound("a".into()), 404, "ResourceNotFoundException"),
            (Refusal::InvalidParameter("a".into()), 400, "InvalidParameterException"),
            (Refusal::QuotaExceeded("a".into()), 409, "QuotaExceededException"),
        ] {
            let problem = Problem::from(refusal);
            assert_eq!((problem.status, problem.title.as_str(), problem.detail.as_str()), (status, name, "a"));
            assert!(NAMES.iter().any(|(known, _)| *known == name));
        }
    }
}
