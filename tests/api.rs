//! The HTTP API over a real loopback socket, with a made-up engine behind its gate.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use cordboard::control::{Account, Gate, Keys, router};
use cordboard::engine::snapshot::{AgentSnapshot, ContactSnapshot, QueueSnapshot};
use cordboard::engine::{Button, CcpEvent, ContactEvent, Input, Refusal};
use cordboard::ids::{AgentId, Ticket};
use cordboard::site::Role;
use cordboard::time::Time;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const TOKEN: &str = "0123456789abcdef";

struct Lab {
    address: SocketAddr,
    gate: Arc<Gate>,
    pressed: Arc<Mutex<Vec<(AgentId, Button)>>>,
    agent: ureq::Agent,
    _runtime: tokio::runtime::Runtime,
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn snapshot(id: &str) -> AgentSnapshot {
    AgentSnapshot {
        id: id.into(),
        name: id.to_uppercase(),
        status: "Available".into(),
        state: "Available".into(),
        ..Default::default()
    }
}

/// What the made-up engine says to a button.
fn engine(agent: &AgentId, button: &Button) -> Result<AgentSnapshot, Refusal> {
    match button {
        _ if !["john", "maria"].contains(&agent.as_str()) => {
            Err(Refusal::NotFound(format!("There is no agent {agent}.")))
        }
        Button::ConferenceConnections { .. } => Err(Refusal::InvalidState("Nobody is there to join.".into())),
        Button::CreateAdditionalConnection { .. } => Err(Refusal::BadEndpoint("No such quick connect.".into())),
        Button::MonitorContact { .. } => Err(Refusal::AccessDenied(format!("{agent} is no supervisor"))),
        Button::PutAgentState { status } => Ok(AgentSnapshot { status: status.clone(), ..snapshot(agent.as_str()) }),
        _ => Ok(snapshot(agent.as_str())),
    }
}

impl Lab {
    fn start() -> Lab {
        let pressed: Arc<Mutex<Vec<_>>> = Arc::default();
        let this: Arc<OnceLock<Arc<Gate>>> = Arc::default();
        let (log, later) = (Arc::clone(&pressed), Arc::clone(&this));
        let inlet = move |input| {
            let Input::Button { agent, button, ticket } = input else { panic!("only buttons come from the API") };
            // Peter's engine is overloaded.
            if agent.as_str() == "peter" {
                return false;
            }
            let reply = engine(&agent, &button);
            log.lock().unwrap().push((agent, button));
            later.get().unwrap().reply(ticket, reply);
            true
        };
        let gate = Arc::new(Gate::new(Box::new(inlet), Box::new(|| Time::from_micros(1_000_000))));
        assert!(this.set(Arc::clone(&gate)).is_ok());
        gate.set_agents(["john", "maria"].map(snapshot));
        let account = |id, role| (AgentId::from(id), Account { password: format!("{id}-secret"), role });
        let accounts = [account("john", Role::Agent), account("maria", Role::Supervisor)];
        let keys = Keys::new(TOKEN, accounts.into(), Box::new(|| [7; 32]));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let router = router(Arc::clone(&gate), Arc::new(keys), None);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
        });
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Lab { address, gate, pressed, agent, _runtime: runtime }
    }

    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body.to_owned()).unwrap()).unwrap(),
            None => self.agent.run(request.body(()).unwrap()).unwrap(),
        };
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }
}

fn basic(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn who_may_do_what() {
    let lab = Lab::start();
    let admin = format!("Bearer {TOKEN}");
    let (john, wrong) = (basic("john:john-secret"), basic("john:guess"));
    let maria = basic("maria:maria-secret");
    let who = [("nobody", ""), ("wrong", &wrong), ("john", &john), ("maria", &maria), ("admin", &admin)];
    // The status for nobody, a wrong password, John, Maria, who is a supervisor, the administrator.
    for (method, path, body, expected) in [
        ("GET", "/api/agents", None, [401, 401, 200, 200, 200]),
        ("GET", "/api/agents/john", None, [401, 401, 200, 200, 200]),
        ("GET", "/api/agents/maria", None, [401, 401, 403, 200, 200]),
        ("GET", "/api/agents/eve", None, [401, 401, 403, 404, 404]),
        ("PUT", "/api/agents/john/status", Some(r#"{"status": "Offline"}"#), [401, 401, 200, 403, 200]),
        ("PUT", "/api/agents/maria/status", Some(r#"{"status": "Offline"}"#), [401, 401, 403, 200, 200]),
        ("POST", "/api/agents/john/actions/holdAll", Some("{}"), [401, 401, 200, 403, 200]),
        ("POST", "/api/agents/maria/actions/holdAll", Some("{}"), [401, 401, 403, 200, 200]),
        ("GET", "/api/events?agent=maria", None, [401, 401, 403, 0, 0]),
        ("GET", "/api/queues", None, [401, 401, 403, 200, 200]),
        ("GET", "/api/session", None, [401, 401, 200, 200, 200]),
        ("GET", "/", None, [200, 200, 200, 200, 200]),
        ("GET", "/healthz", None, [200, 200, 200, 200, 200]),
        ("GET", "/metrics", None, [200, 200, 200, 200, 200]),
        ("GET", "/openapi.json", None, [200, 200, 200, 200, 200]),
    ] {
        for ((name, authorization), status) in who.iter().zip(expected) {
            if status == 0 {
                continue; // an event stream does not end
            }
            let mut headers = vec![JSON];
            if !authorization.is_empty() {
                headers.push(("authorization", authorization));
            }
            let answer = lab.call(method, path, &headers, body);
            assert_eq!(answer.status, status, "{name}: {method} {path}: {}", answer.body);
            if status == 401 {
                assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"cordboard\"");
            }
        }
    }
    let own = lab.call("GET", "/api/agents", &[("authorization", &john)], None).json();
    assert_eq!(own.as_array().unwrap().len(), 1, "an agent sees himself only");
    let every = lab.call("GET", "/api/agents", &[("authorization", &maria)], None).json();
    assert_eq!(every.as_array().unwrap().len(), 2, "a supervisor sees all");
    for (authorization, role) in [(&john, "agent"), (&maria, "supervisor"), (&admin, "admin")] {
        let session = lab.call("GET", "/api/session", &[("authorization", authorization)], None).json();
        assert_eq!(session["role"], role);
    }
}

#[test]
fn every_fault_is_a_problem() {
    let lab = Lab::start();
    let admin = format!("Bearer {TOKEN}");
    let big = format!("{{\"status\": \"{}\"}}", "x".repeat(20_000));
    for (method, path, kind, body, status, title) in [
        ("GET", "/nowhere", "", None, 404, "Not Found"),
        ("GET", "/api/agents/eve", "", None, 404, "ResourceNotFoundException"),
        ("GET", "/api/agents/%ff", "", None, 400, "Bad Request"),
        ("DELETE", "/api/agents", "", None, 405, "Method Not Allowed"),
        ("GET", "/api/agents/john/status", "", None, 405, "Method Not Allowed"),
        ("PUT", "/api/agents/john/status", "application/json", Some("{"), 400, "InvalidParameterException"),
        ("PUT", "/api/agents/john/status", "application/json", Some("{}"), 400, "InvalidParameterException"),
        ("PUT", "/api/agents/john/status", "application/json", Some("[1]"), 400, "InvalidParameterException"),
        (
            "PUT",
            "/api/agents/john/status",
            "application/json",
            Some(r#"{"status": 3}"#),
            400,
            "InvalidParameterException",
        ),
        ("PUT", "/api/agents/john/status", "application/json", Some(&big), 413, "Payload Too Large"),
        (
            "PUT",
            "/api/agents/john/status",
            "text/plain",
            Some(r#"{"status": "Offline"}"#),
            415,
            "Unsupported Media Type",
        ),
        ("POST", "/api/agents/john/actions/dance", "application/json", Some("{}"), 404, "ResourceNotFoundException"),
        (
            "POST",
            "/api/agents/john/actions/holdConnection",
            "application/json",
            Some("{}"),
            400,
            "InvalidParameterException",
        ),
        (
            "POST",
            "/api/agents/john/actions/holdAll",
            "application/json",
            Some(r#"{"who": 1}"#),
            400,
            "InvalidParameterException",
        ),
        ("POST", "/api/agents/john/actions/conferenceConnections", "", None, 409, "InvalidStateException"),
        (
            "POST",
            "/api/agents/john/actions/createAdditionalConnection",
            "application/json",
            Some(r#"{"quickConnectId": "eve"}"#),
            400,
            "BadEndpointException",
        ),
        (
            "POST",
            "/api/agents/john/actions/monitorContact",
            "application/json",
            Some(r#"{"contactId": "x"}"#),
            403,
            "AccessDeniedException",
        ),
        (
            "POST",
            "/api/agents/john/actions/updateMonitorParticipantState",
            "application/json",
            Some(r#"{"state": "whisper"}"#),
            400,
            "InvalidParameterException",
        ),
        ("GET", "/api/agents/peter", "", None, 503, "ThrottlingException"),
        ("GET", "/api/events?agnet=john", "", None, 400, "InvalidParameterException"),
        ("GET", "/api/events?agent=eve", "", None, 404, "ResourceNotFoundException"),
        ("POST", "/api/session", "application/json", Some(r#"{"id": "john"}"#), 400, "InvalidParameterException"),
        ("POST", "/api/session", "application/json", Some(r#"{"token": "x"}"#), 401, "UnauthorizedException"),
        ("GET", "/readyz", "", None, 503, "Service Unavailable"),
    ] {
        let mut headers = vec![("authorization", admin.as_str())];
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        let answer = lab.call(method, path, &headers, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        let problem = answer.json();
        assert_eq!((&problem["title"], &problem["status"]), (&json!(title), &json!(status)), "{method} {path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        match status {
            405 => assert!(!answer.header("allow").is_empty(), "{method} {path}"),
            503 => assert!(!answer.header("retry-after").is_empty()),
            _ => {}
        }
        if problem["type"] != "about:blank" {
            let meaning = lab.call("GET", problem["type"].as_str().unwrap(), &[], None);
            assert_eq!(meaning.status, 200, "{}", problem["type"]);
        }
    }
}

#[test]
fn buttons_reach_the_engine_and_the_snapshot_comes_back() {
    let lab = Lab::start();
    let john = basic("john:john-secret");
    let headers = [("authorization", john.as_str()), JSON];
    let answer = lab.call("PUT", "/api/agents/john/status", &headers, Some(r#"{"status": "Lunch"}"#));
    assert_eq!(answer.json()["status"], "Lunch");
    assert_eq!(answer.header("cache-control"), "no-store");
    lab.call(
        "POST",
        "/api/agents/john/actions/sendDigits",
        &headers,
        Some(r#"{"connectionId": "c2", "digits": "1#"}"#),
    );
    lab.call("POST", "/api/agents/john/actions/leave", &headers, None);
    let agent = AgentId::from("john");
    assert_eq!(
        *lab.pressed.lock().unwrap(),
        [
            (agent.clone(), Button::PutAgentState { status: "Lunch".into() }),
            (agent.clone(), Button::SendDigits { contact: None, connection: "c2".into(), digits: "1#".into() }),
            (agent, Button::Leave { contact: None }),
        ]
    );
    // A ticket that nobody waits for any more is no fault.
    lab.gate.reply(Ticket(99), Ok(snapshot("john")));
}

#[test]
fn the_queues_and_their_gauges() {
    cordboard::telemetry::metrics::start();
    let lab = Lab::start();
    let queue = |id: &str, contacts_in_queue| QueueSnapshot {
        id: id.into(),
        contacts_in_queue,
        agents_staffed: 3,
        oldest_contact_age: 7,
        ..QueueSnapshot::default()
    };
    lab.gate.set_queues(vec![queue("Gone", 4), queue("Sales", 2)]);
    lab.gate.set_queues(vec![queue("Sales", 5)]);
    let admin = format!("Bearer {TOKEN}");
    let told = lab.call("GET", "/api/queues", &[("authorization", &admin)], None).json();
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!((&told[0]["id"], &told[0]["contactsInQueue"]), (&json!("Sales"), &json!(5)));
    let metrics = lab.call("GET", "/metrics", &[], None).body;
    for line in [
        "cordboard_queue_contacts{queue=\"Sales\"} 5",
        "cordboard_queue_contacts{queue=\"Gone\"} 0",
        "cordboard_queue_agents{queue=\"Sales\",state=\"staffed\"} 3",
        "cordboard_queue_agents{queue=\"Gone\",state=\"staffed\"} 0",
        "cordboard_queue_oldest_contact_age_seconds{queue=\"Sales\"} 7",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn a_browser_signs_in_with_a_cookie_that_other_sites_cannot_use() {
    let lab = Lab::start();
    let answer = lab.call("POST", "/api/session", &[JSON], Some(r#"{"id": "john", "password": "john-secret"}"#));
    assert_eq!((answer.status, &answer.json()["agent"]), (200, &json!("john")));
    let set = answer.header("set-cookie").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let here = format!("http://{}", lab.address);

    assert_eq!(lab.call("GET", "/api/agents/john", &[("cookie", cookie)], None).status, 200);
    assert_eq!(lab.call("GET", "/api/agents/maria", &[("cookie", cookie)], None).status, 403);
    let leave = "/api/agents/john/actions/leave";
    for (origin, status) in [(Some(here.as_str()), 200), (Some("http://evil.example"), 403), (None, 403)] {
        let mut headers = vec![("cookie", cookie), JSON];
        headers.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(lab.call("POST", leave, &headers, Some("{}")).status, status, "{origin:?}");
    }
    assert_eq!(lab.pressed.lock().unwrap().len(), 2, "the look and the one press that came from our page");
    assert_eq!(lab.call("DELETE", "/api/session", &[("cookie", cookie), ("origin", &here)], None).status, 204);
    assert_eq!(lab.call("GET", "/api/agents/john", &[("cookie", cookie)], None).status, 401);
}

/// A page that signs in is held to the same as a header, and whoever has the token never waits.
#[test]
fn guessing_is_slowed_on_either_way_in() {
    let lab = Lab::start();
    let sign_in = |id: &str, password: &str| {
        let body = json!({"id": id, "password": password}).to_string();
        lab.call("POST", "/api/session", &[JSON], Some(&body))
    };
    assert_eq!(sign_in("john", "john-secret").status, 200);
    let guesses: Vec<u16> = (0..12).map(|_| sign_in("maria", "guess").status).collect();
    assert_eq!(guesses, [401; 12]);
    let by_header = || lab.call("GET", "/api/agents", &[("authorization", &basic("maria:guess"))], None);
    let guesses: Vec<u16> = (0..8).map(|_| by_header().status).collect();
    assert_eq!(guesses, [401; 8]);
    for waits in [sign_in("maria", "maria-secret"), by_header()] {
        assert_eq!((waits.status, waits.header("retry-after")), (429, "11"), "{}", waits.body);
        assert_eq!(waits.json()["title"], "ThrottlingException");
        assert!(waits.json()["detail"].as_str().unwrap().contains("try again in 11 s"), "{}", waits.body);
    }
    assert_eq!(sign_in("john", "john-secret").status, 200, "he has been here before");
    let admin = format!("Bearer {TOKEN}");
    assert_eq!(lab.call("GET", "/api/agents", &[("authorization", &admin)], None).status, 200);
    let body = json!({ "token": TOKEN }).to_string();
    assert_eq!(lab.call("POST", "/api/session", &[JSON], Some(&body)).status, 200);
}

/// Reads server-sent events: name and data.
fn events(lab: &Lab, path: &str, authorization: &str) -> impl Iterator<Item = (String, Value)> + use<> {
    let url = format!("http://{}{path}", lab.address);
    let response = lab.agent.get(url).header("authorization", authorization).call().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    std::iter::from_fn(move || {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let line = lines.next()?.ok()?;
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = text.to_owned();
            } else if line.is_empty() && !data.is_empty() {
                return Some((name, serde_json::from_str(&data).unwrap()));
            }
        }
    })
}

fn contact_event(kind: &'static str, contact: &str, agent: Option<&str>) -> ContactEvent {
    ContactEvent {
        event_type: kind,
        contact_id: contact.into(),
        initiation_method: "INBOUND",
        agent: agent.map(str::to_owned),
        timestamp: "2026-11-22T16:04:41.250Z".into(),
        ..ContactEvent::default()
    }
}

#[test]
fn events_begin_with_how_things_are_and_go_on_with_what_changes() {
    let lab = Lab::start();
    let mut all = events(&lab, "/api/events", &format!("Bearer {TOKEN}"));
    let mut johns = events(&lab, "/api/events", &basic("john:john-secret"));
    let mut of_john = events(&lab, "/api/events?agent=john", &basic("maria:maria-secret"));
    for id in ["john", "maria"] {
        let (name, data) = all.next().unwrap();
        assert_eq!((name.as_str(), &data["id"]), ("snapshot", &json!(id)));
    }
    assert_eq!(johns.next().unwrap().1["id"], "john");
    assert_eq!(of_john.next().unwrap().1["id"], "john", "asked for by a supervisor");

    let contact = ContactSnapshot { contact_id: "x".into(), ..Default::default() };
    let busy = |id: &str, contacts| {
        CcpEvent::Snapshot(Arc::new(AgentSnapshot { state: "Busy".into(), contacts, ..snapshot(id) }))
    };
    lab.gate.ccp("maria".into(), busy("maria", vec![]));
    lab.gate.contact(contact_event("QUEUED", "other", None));
    lab.gate.ccp("john".into(), busy("john", vec![contact]));
    lab.gate.contact(contact_event("DISCONNECTED", "x", None));
    lab.gate.contact(contact_event("CONNECTED_TO_AGENT", "y", Some("john")));

    let seen: Vec<_> = all.by_ref().take(5).map(|(name, _)| name).collect();
    assert_eq!(seen, ["snapshot", "QUEUED", "snapshot", "DISCONNECTED", "CONNECTED_TO_AGENT"]);
    let seen: Vec<_> = of_john.by_ref().take(3).map(|(name, _)| name).collect();
    assert_eq!(seen, ["snapshot", "DISCONNECTED", "CONNECTED_TO_AGENT"]);
    let seen: Vec<_> =
        johns.by_ref().take(3).map(|(name, data)| (name, data["state"].clone(), data["contactId"].clone())).collect();
    assert_eq!(
        seen,
        [
            ("snapshot".into(), json!("Busy"), Value::Null),
            ("DISCONNECTED".into(), Value::Null, json!("x")),
            ("CONNECTED_TO_AGENT".into(), Value::Null, json!("y")),
        ]
    );
}

#[test]
fn a_reader_that_falls_behind_gets_how_things_are_now() {
    let lab = Lab::start();
    let mut all = events(&lab, "/api/events", &format!("Bearer {TOKEN}"));
    assert_eq!(all.by_ref().take(2).count(), 2);
    // Far more than the reader's backlog and the sockets' buffers hold together.
    for number in 0..20_000 {
        let name = format!("{number}-{}", "x".repeat(500));
        lab.gate.ccp("john".into(), CcpEvent::Snapshot(Arc::new(AgentSnapshot { name, ..snapshot("john") })));
    }
    std::thread::sleep(Duration::from_millis(50));
    let last = all.find(|(_, data)| data["name"].as_str().unwrap().starts_with("19999-"));
    assert!(last.is_some());
}

#[test]
fn readiness_follows_the_switch() {
    let lab = Lab::start();
    lab.gate.set_ready(true);
    assert_eq!(lab.call("GET", "/readyz", &[], None).status, 200);
    lab.gate.set_ready(false);
    assert_eq!(lab.call("GET", "/readyz", &[], None).status, 503);
    assert_eq!(lab.call("HEAD", "/healthz", &[], None).status, 200);
    let document = lab.call("GET", "/openapi.json", &[], None).json();
    assert!(document["paths"]["/api/agents/{id}/actions/{method}"]["post"]["responses"]["409"].is_object());
}
