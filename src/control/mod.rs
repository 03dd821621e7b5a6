//! The HTTP API and its event stream.

mod actions;
mod agents;
mod auth;
mod contacts;
mod events;
mod gate;
mod openapi;
mod page;
mod problem;
mod queues;
mod recording;
mod session;

pub use auth::{Account, Keys};
pub use contacts::{Archive, Unavailable};
pub use gate::{Gate, Notice};
pub use problem::Problem;
pub use recording::{Shelf, Stored};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use std::sync::Arc;

/// No call of the API has a body near this size.
const BODY_BYTES: usize = 16 * 1024;

/// What every handler sees.
#[derive(Clone)]
pub(crate) struct Api {
    pub gate: Arc<Gate>,
    pub keys: Arc<Keys>,
    pub archive: Option<Arc<Archive>>,
    pub shelf: Option<Arc<Shelf>>,
}

/// The whole API; without an archive no record and no recording can be asked for. Whoever serves it bounds the connections and the time a request may take.
pub fn router(gate: Arc<Gate>, keys: Arc<Keys>, archive: Option<(Archive, Shelf)>) -> Router {
    let (archive, shelf) =
        archive.map_or((None, None), |(archive, shelf)| (Some(Arc::new(archive)), Some(Arc::new(shelf))));
    let api = Api { gate, keys, archive, shelf };
    Router::new()
        .route("/", get(page::front))
        .route("/healthz", get(page::alive))
        .route("/readyz", get(page::ready))
        .route("/metrics", get(page::metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/problems/{name}", get(problem::explain))
        .route("/api/session", post(session::open).delete(session::close).get(session::who))
        .route("/api/agents", get(agents::list))
        .route("/api/agents/{id}", get(agents::one))
        .route("/api/agents/{id}/status", put(agents::status))
        .route("/api/agents/{id}/actions/{method}", post(agents::act))
        .route("/api/contacts", get(contacts::list))
        .route("/api/contacts/{id}", get(contacts::one))
        .route("/api/contacts/{id}/recording", get(recording::one))
        .route("/api/events", get(events::stream))
        .route("/api/queues", get(queues::list))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), same_origin))
        .layer(middleware::from_fn(finish))
        .with_state(api)
}

async fn nowhere(request: Request) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("There is nothing at {}; see /openapi.json.", request.uri().path()))
}

async fn wrong_method(request: Request) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for {path}; see the Allow header."))
}

/// A page of another site must not press buttons with this browser's cookie.
async fn same_origin(State(api): State<Api>, request: Request, next: Next) -> Result<Response, Problem> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Signing in needs no cookie, so an old one that comes along does not matter.
    let signs_in = request.method() == Method::POST && request.uri().path() == "/api/session";
    if !safe && !signs_in && api.keys.by_cookie(request.headers()) && !auth::is_same_origin(request.headers()) {
        return Err(Problem::named(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "A call signed in by cookie must come from a page of this switch.",
        ));
    }
    Ok(next.run(request).await)
}

/// What every answer gets: counted, never cached, never sniffed; an empty fault gets its problem+json.
async fn finish(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !problem::is_one(&response) {
        // A fault of the framework's own (an encoding in a path, say) has plain text; only its headers are kept.
        let mut told = Problem::new(status, status.canonical_reason().unwrap_or("refused")).into_response();
        if let Some(allow) = response.headers().get(header::ALLOW) {
            told.headers_mut().insert(header::ALLOW, allow.clone());
        }
        response = told;
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    metrics::counter!(crate::telemetry::metrics::HTTP_REQUESTS, "status" => status.as_u16().to_string()).increment(1);
    response
}
