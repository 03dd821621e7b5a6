//! Call flows as text: what comes in (`>>>`), what goes out (`<<<`), and what the engine does and hears between.
//!
//! A block starts with its mark and ends with an empty line:
//! - `>>> ADDRESS` a message from there; Content-Length is added, lines after `|` are its body
//! - `<<< ADDRESS` the next message we send, to there: its first line, then lines that it has among others, in order;
//!   `!Name` is a header that it may not have
//! - `=== DEED` what the engine does with the call: `invite URI`, `ring`, `accept`, `answer`, `offer`, `end STATUS`
//! - `--- EVENT` the next thing it is told
//! - `+++ MS` time passes
//!
//! `{name}` is whatever stands there the first time, and the same from then on.

use bytes::Bytes;
use cordboard::ids::Mint;
use cordboard::sip::{
    Call, End, Endpoint, Event, Link, NameAddr, OfferBy, Out, SessionId, Settings, Status, Transport, Uri, parse,
};
use cordboard::time::{Duration, Time};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

const US: &str = "192.0.2.1:5060";

struct Stage {
    endpoint: Endpoint,
    now: Time,
    session: Option<SessionId>,
    sent: VecDeque<(SocketAddr, String)>,
    told: VecDeque<String>,
    names: BTreeMap<String, String>,
}

impl Stage {
    fn link(remote: &str) -> Link {
        Link { transport: Transport::Udp, local: US.parse().unwrap(), remote: remote.parse().expect("an address") }
    }

    fn carry(&mut self, out: Vec<Out>) {
        for out in out {
            match out {
                Out::Send { to, bytes } => {
                    self.sent.push_back((to.remote, String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")));
                }
                Out::Event(event) => {
                    if let Event::Invite { session, .. } = &event {
                        self.session = Some(*session);
                    }
                    self.told.push_back(name_of(&event));
                }
            }
        }
    }

    fn receive(&mut self, from: &str, lines: &[String]) {
        let body: String = lines
            .iter()
            .filter_map(|line| line.strip_prefix('|'))
            .fold(String::new(), |body, line| body + line.trim_start() + "\r\n");
        let mut text: String =
            lines.iter().filter(|line| !line.starts_with('|')).fold(String::new(), |text, line| text + line + "\r\n");
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let message = parse(Bytes::from(text.clone())).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
        let mut out = Vec::new();
        self.endpoint.receive(self.now, Self::link(from), message, &mut out);
        self.carry(out);
    }

    fn act(&mut self, deed: &str) {
        let mut out = Vec::new();
        let (endpoint, now) = (&mut self.endpoint, self.now);
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        let body = Bytes::from_static(b"ours\r\n");
        let contact = Uri::parse("sip:us@192.0.2.1:5060").unwrap();
        let session = self.session.unwrap_or(SessionId(0));
        let status = || Status::new(rest.parse().unwrap_or(603)).unwrap();
        match verb {
            "invite" => {
                let uri = Uri::parse(rest).unwrap();
                let to = format!("{}:{}", uri.host.ip().unwrap(), uri.port.unwrap_or(5060));
                let call = Call {
                    to: Self::link(&to),
                    uri: uri.clone(),
                    from: NameAddr::new(Some("Us"), Uri::parse("sip:us@cordboard.lab").unwrap()),
                    to_header: uri.into(),
                    contact,
                    headers: Vec::new(),
                    body: Some(("application/sdp".into(), body)),
                    routes: Vec::new(),
                };
                self.session = Some(endpoint.invite(now, call, &mut out));
            }
            "ring" => endpoint.progress(now, session, contact, Status::RINGING, Vec::new(), None, &mut out),
            "accept" => endpoint.accept(now, session, contact, Vec::new(), body, &mut out),
            "answer" => endpoint.answer(now, session, Ok(body), Vec::new(), &mut out),
            "offer" => endpoint.offer(now, session, OfferBy::ReInvite, Vec::new(), Some(body), &mut out).unwrap(),
            "end" => endpoint.end(now, session, End::with(status()), &mut out),
            other => panic!("unknown deed {other}"),
        }
        self.carry(out);
    }

    fn pass(&mut self, until: Time) {
        while let Some(at) = self.endpoint.deadline()
            && at <= until
        {
            self.now = at;
            let mut out = Vec::new();
            self.endpoint.wake(at, &mut out);
            self.carry(out);
        }
        self.now = until;
    }

    fn expect(&mut self, to: &str, lines: &[String]) {
        let (address, text) = self.sent.pop_front().unwrap_or_else(|| panic!("nothing is sent, not even {}", lines[0]));
        assert_eq!(address.to_string(), to, "the way of\n{text}");
        let mut found = text.lines();
        for (index, wanted) in lines.iter().enumerate() {
            if let Some(name) = wanted.strip_prefix('!') {
                assert!(!text.contains(&format!("\n{name}:")), "{name} in\n{text}");
            } else if index == 0 {
                let first = found.next().unwrap_or_default();
                assert!(matches(wanted, first, &mut self.names), "{wanted:?} is not the start of\n{text}");
            } else {
                let wanted = wanted.strip_prefix("| ").unwrap_or(wanted);
                assert!(
                    found.any(|line| matches(wanted, line, &mut self.names)),
                    "{wanted:?} is not (or not there) in\n{text}"
                );
            }
        }
    }
}

fn name_of(event: &Event) -> String {
    match event {
        Event::Invite { .. } => "Invite".into(),
        Event::Progress { status, .. } => format!("Progress {}", status.code()),
        Event::Answered { .. } => "Answered".into(),
        Event::Failed { status, .. } => format!("Failed {}", status.code()),
        Event::Acked { .. } => "Acked".into(),
        Event::Offered { .. } => "Offered".into(),
        Event::OfferAnswered { status, .. } => format!("OfferAnswered {}", status.code()),
        Event::OfferWithdrawn { .. } => "OfferWithdrawn".into(),
        Event::Ended { by, .. } => format!("Ended {by:?}"),
        other => format!("{other:?}"),
    }
}

/// Whether a line is as the pattern has it; names that are new are learned if it is.
fn matches(pattern: &str, line: &str, names: &mut BTreeMap<String, String>) -> bool {
    let mut learned = names.clone();
    let (mut pattern, mut line) = (pattern, line);
    while let Some((before, after)) = pattern.split_once('{') {
        let Some(rest) = line.strip_prefix(before) else { return false };
        let (name, after) = after.split_once('}').expect("a closing brace");
        let next = after.split('{').next().unwrap_or_default();
        let end = if next.is_empty() { rest.len() } else { rest.find(next).unwrap_or(usize::MAX) };
        let Some(value) = rest.get(..end) else { return false };
        if learned.entry(name.to_owned()).or_insert_with(|| value.to_owned()) != value {
            return false;
        }
        (pattern, line) = (after, &rest[end..]);
    }
    let same = pattern == line;
    if same {
        *names = learned;
    }
    same
}

fn fill(line: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(line.to_owned(), |line, (name, value)| line.replace(&format!("{{{name}}}"), value))
}

fn play(text: &str) {
    let mut stage = Stage {
        endpoint: Endpoint::new(Settings::default(), Mint::new(1)),
        now: Time::from_micros(1_000_000),
        session: None,
        sent: VecDeque::new(),
        told: VecDeque::new(),
        names: BTreeMap::new(),
    };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((mark, rest)) = line.split_at_checked(3) else { continue };
        let rest = rest.trim();
        match mark {
            "---" => {
                assert_eq!(stage.told.pop_front().as_deref(), Some(rest), "what is told");
            }
            "===" => stage.act(rest),
            "+++" => stage.pass(stage.now + Duration::from_millis(rest.parse().expect("milliseconds"))),
            ">>>" | "<<<" => {
                let block: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                if mark == ">>>" {
                    let filled: Vec<String> = block.iter().map(|line| fill(line, &stage.names)).collect();
                    stage.receive(rest, &filled);
                } else {
                    let wanted: Vec<String> = block.iter().map(ToString::to_string).collect();
                    stage.expect(rest, &wanted);
                }
            }
            // Anything else is for the reader.
            _ => {}
        }
    }
    assert!(stage.sent.is_empty(), "also sent: {:#?}", stage.sent);
    assert!(stage.told.is_empty(), "also told: {:?}", stage.told);
    stage.pass(stage.now + Duration::from_secs(120));
    assert!(stage.endpoint.is_empty(), "left: {:#?}", stage.endpoint);
}

#[test]
fn call_flows_go_as_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/flows");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        eprintln!("{}", file.display());
        play(&std::fs::read_to_string(&file).unwrap());
    }
}
