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
use utoipa::openapi::RefOr;
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
    modifiers(&Schemes, &Faults),
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

/// Every fault is told as problem+json, whatever the media type that its handler's description gives it.
struct Faults;

impl Modify for Faults {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let operations = document.paths.paths.values_mut().flat_map(|path| {
            [&mut path.get, &mut path.put, &mut path.post, &mut path.delete].into_iter().filter_map(Option::as_mut)
        });
        for (status, response) in operations.flat_map(|operation| &mut operation.responses.responses) {
            if let RefOr::T(response) = response
                && status.starts_with(['4', '5'])
                && let Some(content) = response.content.shift_remove("application/json")
            {
                response.content.insert(problem::MEDIA_TYPE.to_owned(), content);
            }
        }
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
        let press = &described["paths"]["/api/agents/{id}/actions/{method}"]["post"];
        let parameters = press["parameters"].as_array().unwrap();
        let named = parameters.iter().find(|one| one["name"] == "method").unwrap()["description"].as_str().unwrap();
        for method in actions::METHODS {
            assert!(named.split([' ', ',', ';', '.']).any(|word| word == *method), "{method} in {named}");
        }
        let press = &press["responses"];
        for status in ["200", "400", "401", "403", "404", "409", "413", "415", "503"] {
            assert!(press[status]["description"].is_string(), "{status} in {press:#}");
        }
        let paths = described["paths"].as_object().unwrap().values();
        for call in paths.flat_map(|path| path.as_object().unwrap().values()) {
            let can = |status: &str| call["responses"][status].is_object();
            assert_eq!(can("401"), can("429"), "whoever signs in may have to wait: {call:#}");
        }
    }

    #[test]
    fn the_front_page_names_every_address() {
        for path in Document::openapi().paths.paths.keys() {
            let named = page::FRONT.split([' ', '\n', '[']).any(|word| word == path);
            assert!(named, "{path}");
        }
    }

    #[test]
    fn every_fault_is_described_as_the_problem_that_is_sent() {
        let described = serde_json::to_value(Document::openapi()).unwrap();
        for (path, operations) in described["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    if status.starts_with(['4', '5']) {
                        let kinds: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
                        assert_eq!(kinds, [problem::MEDIA_TYPE], "{method} {path} {status}");
                        let schema = &response["content"][problem::MEDIA_TYPE]["schema"]["$ref"];
                        assert_eq!(schema, "#/components/schemas/Problem", "{method} {path} {status}");
                    }
                }
            }
        }
    }
}
