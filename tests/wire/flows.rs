//! Call flows as text: what comes in (`>>>`), what goes out (`<<<`), and what is done and told between.
//!
//! A block starts with its mark and ends with an empty line:
//! - `>>> ADDRESS` a message from there; Content-Length is added, lines after `|` are its body. `tcp:` before the address
//!   is a stream. `Authorization: @digest USER PASSWORD` answers the last challenge; `| @sdp PORT [DIRECTION]` is an offer
//!   or an answer; `@its METHOD TAG` is Via, From, To (with that tag), Call-ID and CSeq of the last such request that was expected there
//! - `<<< ADDRESS` the next message that is sent there: its first line, then lines that it has among others, in order;
//!   `!Name` is a header that it may not have
//! - `=== DEED` what is done, in the words of the folder's machine
//! - `--- EVENT` the next thing a user agent's owner is told
//! - `+++ MS` time passes
//! - `@@@ FILE` what stands in that file of the folder comes first
//!
//! `{name}` is whatever stands there the first time, and the same from then on. Anything else is for the reader.
//!
//! In `flows` a user agent stands alone: `invite URI`, `ring`, `accept`, `entrust`, `admit`, `answer`, `offer`,
//! `end STATUS`. In the folders named after RFCs the whole switch does, with the installation of `biloxi.toml`:
//! `press AGENT BUTTON`, `close ADDRESS`
//! (a stream ends), `drain`, `register USER PASSWORD ADDRESS` (which the first flows show in full).

use super::world::{World, sdp};
use bytes::Bytes;
use cordboard::config::{self, Source};
use cordboard::engine::{Addressee, Button, Input};
use cordboard::ids::{Mint, QuickConnectId, Ticket};
use cordboard::sip::{
    Call, End, Endpoint, Event, Link, NameAddr, OfferBy, Out, SessionId, Settings, Status, Transport, Uri, parse,
};
use cordboard::time::{Duration, Time};
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

const US: &str = "192.0.2.1:5060";

/// What a flow is played against.
trait Machine {
    fn receive(&mut self, from: &str, text: &str);
    fn act(&mut self, deed: &str);
    fn pass(&mut self, time: Duration);
    /// Where to and what, since the last time.
    fn sent(&mut self) -> Vec<(String, String)>;
    fn told(&mut self) -> Option<String>;
    fn credentials(&mut self, user: &str, password: &str, request_line: &str) -> String;
    fn is_empty(&self) -> bool;
}

struct UserAgent {
    endpoint: Endpoint,
    now: Time,
    session: Option<SessionId>,
    stranger: Option<Event>,
    sent: Vec<(String, String)>,
    told: VecDeque<String>,
}

impl UserAgent {
    fn new() -> UserAgent {
        UserAgent {
            endpoint: Endpoint::new(Settings::default(), Mint::new(1)),
            now: Time::from_micros(1_000_000),
            session: None,
            stranger: None,
            sent: Vec::new(),
            told: VecDeque::new(),
        }
    }

    fn link(remote: &str) -> Link {
        Link { transport: Transport::Udp, local: US.parse().unwrap(), remote: remote.parse().expect("an address") }
    }

    fn carry(&mut self, out: Vec<Out>) {
        for out in out {
            match out {
                Out::Send { to, bytes } => {
                    let text = String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n");
                    self.sent.push((to.remote.to_string(), text));
                }
                Out::Event(event) => {
                    if let Event::Invite { session, .. } = &event {
                        self.session = Some(*session);
                        let mut out = Vec::new();
                        self.endpoint.trying(*session, &mut out);
                        self.carry(out);
                    }
                    self.told.push_back(name_of(&event));
                    if let Event::Stranger { .. } = &event {
                        self.stranger = Some(event);
                    }
                }
            }
        }
    }
}

impl Machine for UserAgent {
    fn receive(&mut self, from: &str, text: &str) {
        let message = parse(Bytes::from(text.to_owned())).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
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
                    account: None,
                };
                self.session = Some(endpoint.invite(now, call, &mut out));
            }
            "ring" => endpoint.progress(now, session, contact, Status::RINGING, Vec::new(), None, &mut out),
            "accept" => endpoint.accept(now, session, contact, Vec::new(), body, &mut out),
            "entrust" => endpoint.entrust(session, "alice".into()),
            "admit" => {
                let Some(Event::Stranger { session, key, from, request }) = self.stranger.take() else {
                    panic!("nobody to admit");
                };
                endpoint.admit(now, session, key, from, request, &mut out);
            }
            "answer" => endpoint.answer(now, session, Ok(body), Vec::new(), &mut out),
            "offer" => endpoint.offer(now, session, OfferBy::ReInvite, Vec::new(), Some(body), &mut out).unwrap(),
            "end" => endpoint.end(now, session, End::with(status()), &mut out),
            other => panic!("unknown deed {other}"),
        }
        self.carry(out);
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
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

    fn sent(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.sent)
    }

    fn told(&mut self) -> Option<String> {
        self.told.pop_front()
    }

    fn credentials(&mut self, _user: &str, _password: &str, request_line: &str) -> String {
        panic!("nobody asks for credentials: {request_line}")
    }

    fn is_empty(&self) -> bool {
        self.endpoint.is_empty()
    }
}

impl Machine for World {
    fn receive(&mut self, from: &str, text: &str) {
        self.hear(from, text.as_bytes());
    }

    fn act(&mut self, deed: &str) {
        let words: Vec<&str> = deed.split(' ').collect();
        let contact = None;
        match words.as_slice() {
            ["press", agent, button @ ..] => {
                let button = match button {
                    ["quick", "connect", id] => {
                        let target = Addressee::QuickConnect(QuickConnectId::from(*id));
                        Button::CreateAdditionalConnection { contact, target }
                    }
                    ["join"] => Button::ConferenceConnections { contact },
                    ["swap"] => Button::ToggleActiveConnections { contact },
                    ["resume", "all"] => Button::ResumeAll { contact },
                    ["leave"] => Button::Leave { contact },
                    other => panic!("unknown button {other:?}"),
                };
                self.input(Input::Button { agent: (*agent).into(), button, ticket: Ticket(1) });
            }
            ["register", user, password, address] => self.register(user, password, address),
            ["close", address] => self.close(address),
            ["drain"] => self.input(Input::Drain),
            other => panic!("unknown deed {other:?}"),
        }
    }

    fn pass(&mut self, time: Duration) {
        World::pass(self, time);
    }

    fn sent(&mut self) -> Vec<(String, String)> {
        self.take()
    }

    fn told(&mut self) -> Option<String> {
        None
    }

    fn credentials(&mut self, user: &str, password: &str, request_line: &str) -> String {
        World::credentials(self, user, password, request_line)
    }

    fn is_empty(&self) -> bool {
        self.engine.is_empty()
    }
}

/// A flow under way.
struct Play<'a> {
    machine: &'a mut dyn Machine,
    /// By address, in order.
    sent: BTreeMap<String, VecDeque<String>>,
    /// The last request of each method to each address: the head of an answer to it, without the To tag.
    asked: BTreeMap<(String, String), Vec<String>>,
    names: BTreeMap<String, String>,
}

impl Play<'_> {
    fn collect(&mut self) {
        for (to, text) in self.machine.sent() {
            self.sent.entry(to).or_default().push_back(text);
        }
    }

    fn receive(&mut self, from: &str, block: &[&str]) {
        let lines: Vec<String> = block.iter().map(|line| fill(line, &self.names)).collect();
        let address = from.trim_start_matches("tcp:").rsplit_once(':').map_or(from, |(ip, _)| ip);
        let (mut head, mut body) = (String::new(), String::new());
        for line in &lines {
            if let Some(line) = line.strip_prefix('|') {
                match line.trim().strip_prefix("@sdp ") {
                    Some(what) => body += &description(address, what),
                    None => body += &format!("{}\r\n", line.trim_start()),
                }
            } else if let Some((method, tag)) = line.strip_prefix("@its ").and_then(|its| its.split_once(' ')) {
                let asked = self.asked.get(&(from.to_owned(), method.to_owned()));
                for line in asked.unwrap_or_else(|| panic!("{from} has had no {method}")) {
                    let tagged = line.starts_with("To: ") && !line.contains(";tag=");
                    head += &if tagged { format!("{line};tag={tag}\r\n") } else { format!("{line}\r\n") };
                }
            } else if let Some((name, who)) = line.split_once(": @digest ") {
                let (user, password) = who.split_once(' ').expect("a user and a password");
                let value = self.machine.credentials(user, password, &lines[0]);
                head += &format!("{name}: {value}\r\n");
            } else {
                head += &format!("{line}\r\n");
            }
        }
        self.machine.receive(from, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    fn expect(&mut self, to: &str, lines: &[&str]) {
        let next = self.sent.get_mut(to).and_then(VecDeque::pop_front);
        let text = next.unwrap_or_else(|| panic!("nothing goes to {to}, not even {}, but {:#?}", lines[0], self.sent));
        if !text.starts_with("SIP/2.0 ") {
            let method = text.split(' ').next().unwrap_or_default().to_owned();
            let echoed = |line: &&str| {
                ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "].iter().any(|name| line.starts_with(name))
            };
            let head = text.lines().filter(echoed).map(str::to_owned).collect();
            self.asked.insert((to.to_owned(), method), head);
        }
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

/// `PORT [DIRECTION]` as SDP.
fn description(address: &str, what: &str) -> String {
    let (port, direction) = what.split_once(' ').unwrap_or((what, ""));
    let direction = if direction.is_empty() { String::new() } else { format!("a={direction}\r\n") };
    sdp(address, port.parse().expect("a port")) + &direction
}

fn name_of(event: &Event) -> String {
    match event {
        Event::Invite { .. } => "Invite".into(),
        Event::Progress { status, .. } => format!("Progress {}", status.code()),
        Event::Answered { .. } => "Answered".into(),
        Event::Failed { status, .. } => format!("Failed {}", status.code()),
        Event::Acked { .. } => "Acked".into(),
        Event::Stranger { .. } => "Stranger".into(),
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

/// A flow with the flows that it begins with.
fn read(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    let lines = text.lines().map(|line| match line.strip_prefix("@@@ ") {
        Some(first) => read(&file.with_file_name(first)) + "\n",
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn play(text: &str, machine: &mut dyn Machine) {
    let mut play = Play { machine, sent: BTreeMap::new(), asked: BTreeMap::new(), names: BTreeMap::new() };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((mark, rest)) = line.split_at_checked(3) else { continue };
        let rest = rest.trim();
        match mark {
            "---" => assert_eq!(play.machine.told().as_deref(), Some(rest), "what is told"),
            "===" => play.machine.act(&fill(rest, &play.names)),
            "+++" => play.machine.pass(Duration::from_millis(rest.parse().expect("milliseconds"))),
            ">>>" | "<<<" => {
                let block: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
                if mark == ">>>" { play.receive(rest, &block) } else { play.expect(rest, &block) }
            }
            // Anything else is for the reader.
            _ => {}
        }
        play.collect();
    }
    play.sent.retain(|_, waiting| !waiting.is_empty());
    assert!(play.sent.is_empty(), "also sent: {:#?}", play.sent);
    assert_eq!(play.machine.told(), None, "also told");
    play.machine.pass(Duration::from_secs(120));
    assert!(play.machine.is_empty(), "something is left");
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").join(name)
}

fn flows(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|file| file.extension().is_some_and(|e| e == "flow")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn call_flows_of_a_user_agent_go_as_written() {
    play_all("flows", || Box::new(UserAgent::new()));
}

/// Every flow of a folder, each against a switch of its own.
fn play_on_the_switch(name: &str) {
    let installation = Source::File(folder("biloxi.toml"));
    let site = config::load(&installation).unwrap_or_else(|faults| panic!("{faults:#?}"));
    play_all(name, || Box::new(World::with(site.clone())));
}

/// Plays every flow of a folder, and tells in the end which went wrong; how, each has said itself.
fn play_all(name: &str, machine: impl Fn() -> Box<dyn Machine>) {
    let mut wrong = Vec::new();
    for file in flows(name) {
        let text = read(&file);
        let played = std::panic::catch_unwind(AssertUnwindSafe(|| play(&text, machine().as_mut())));
        if played.is_err() {
            wrong.push(file.file_name().unwrap().to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn basic_call_flows_of_rfc_3665() {
    play_on_the_switch("rfc3665");
}

#[test]
fn refer_and_what_goes_along_with_calls() {
    play_on_the_switch("rfc3515");
}

#[test]
fn service_examples_of_rfc_5359() {
    play_on_the_switch("rfc5359");
}
