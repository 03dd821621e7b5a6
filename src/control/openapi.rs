//! The API's description in OpenAPI, made from the handlers themselves.

use super::{actions, agents, contacts, events, page, problem, queues, recording, session};
use crate::engine::record::ContactRecord;
use crate::engine::snapshot::{
    AgentSnapshot, ConnectionSnapshot, ContactSnapshot, Hears, QueueSnapshot, QuickConnectSnapshot, RecordingSnapshot,
    WaitingSnapshot,
};
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cordboard",
        description = "A SIP/RTP softswitch that does Amazon Connect's quick connects on ordinary phones. Names follow Amazon Connect Streams. \
            Times are ISO 8601 in UTC with milliseconds. Faults are problem+json (RFC 9457)."
    ),
    paths(
        session::open, session::who, session::close,
        agents::list, agents::one, agents::status, agents::act,
        contacts::list, contacts::one, recording::one,
        events::stream, queues::list,
        page::alive, page::ready, page::metrics,
    ),
    components(schemas(
        AgentSnapshot, ContactSnapshot, ConnectionSnapshot, RecordingSnapshot, Hears, QuickConnectSnapshot, QueueSnapshot, WaitingSnapshot,
        ContactRecord, contacts::Page, contacts::Chained,
        problem::Problem, agents::StatusBody, actions::ActionBody, session::SignIn, session::SignedIn,
    )),
    security(("token" = []), ("password" = []), ("cookie" = [])),
    modifiers(&Schemes),
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("password", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(super::auth::COOKIE));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

pub(crate) async fn document() -> impl IntoResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| Document::openapi().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_named_in_the_description() {
        let text = Document::openapi().to_json().unwrap();
        for method in actions::METHODS {
            assert!(text.contains(method), "{method}");
        }
        for path in [
            "/api/agents/{id}/status",
            "/api/contacts",
            "/api/contacts/{id}",
            "/api/contacts/{id}/recording",
            "/api/events",
            "/api/queues",
            "/api/session",
            "/readyz",
        ] {
            assert!(text.contains(&format!("\"{path}\"")), "{path}");
        }
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        let press = &described["paths"]["/api/agents/{id}/actions/{method}"]["post"]["responses"];
        for status in ["200", "400", "401", "403", "404", "409", "413", "415", "503"] {
            assert!(press[status]["description"].is_string(), "{status} in {press:#}");
        }
        let paths = described["paths"].as_object().unwrap().values();
        for call in paths.flat_map(|path| path.as_object().unwrap().values()) {
            let can = |status: &str| call["responses"][status].is_object();
            assert_eq!(can("401"), can("429"), "whoever signs in may have to wait: {call:#}");
        }
        assert_eq!(
            press["409"]["content"]["application/problem+json"]["schema"]["$ref"],
            "#/components/schemas/Problem"
        );
    }
}
