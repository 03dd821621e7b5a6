//! A whole switch without sockets: bytes go in at its door from any address, and what it sends is kept for a look.

use bytes::Bytes;
use cordboard::config;
use cordboard::engine::record::ContactRecord;
use cordboard::engine::{Engine, Input, Output, Question};
use cordboard::ids::PortId;
use cordboard::media::{MediaCommand, MediaEvent, PortStats, Source};
use cordboard::sip::digest::{Challenge, answer};
use cordboard::sip::{Frame, Framer, Link, Method, Text, Transport, parse};
use cordboard::site::{Guests, Site};
use cordboard::time::{Duration, Time};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// The lab at an address of its own, open to guests, so that its callers may be anywhere.
pub const US: &str = "192.0.2.1:5060";

pub struct World {
    pub engine: Engine,
    pub now: Time,
    /// Where to and what, in order; `tcp:` before the address of a stream.
    pub sent: VecDeque<(String, String)>,
    /// Every port that was opened, in order.
    pub ports: Vec<PortId>,
    /// What the engine wants to have looked up.
    pub asked: Vec<Question>,
    /// The contacts that are completed.
    pub records: Vec<ContactRecord>,
    /// Streams; `None` once we have hung up on one.
    framers: BTreeMap<SocketAddr, Option<Framer>>,
    challenge: Option<Challenge>,
    counts: u32,
}

pub fn site() -> Site {
    static LAB: OnceLock<Site> = OnceLock::new();
    let mut site =
        LAB.get_or_init(|| config::load(&config::Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"))).clone();
    site.sip.guests = Guests::Any;
    site.media.listen = [192, 0, 2, 1].into();
    // Nobody of these tests is at its end.
    site.trunks.clear();
    site
}

pub fn link(from: &str) -> Link {
    let (transport, remote) = match from.strip_prefix("tcp:") {
        Some(remote) => (Transport::Tcp, remote),
        None => (Transport::Udp, from),
    };
    Link { transport, local: US.parse().unwrap(), remote: remote.parse().unwrap_or_else(|_| panic!("address {from}")) }
}

impl World {
    pub fn new() -> World {
        World::with(site())
    }

    pub fn with(site: Site) -> World {
        let now = Time::from_micros(1_795_363_200_000_000);
        let us = US.parse().unwrap();
        let locals = vec![(Transport::Udp, us), (Transport::Tcp, us)];
        World {
            engine: Engine::new(now, Arc::new(site), 1, locals, 1),
            now,
            sent: VecDeque::new(),
            ports: Vec::new(),
            asked: Vec::new(),
            records: Vec::new(),
            framers: BTreeMap::new(),
            challenge: None,
            counts: 0,
        }
    }

    /// Bytes from somewhere: a datagram, or a piece of a stream.
    pub fn hear(&mut self, from: &str, bytes: &[u8]) {
        let link = link(from);
        if link.transport == Transport::Udp {
            return self.message(link, Bytes::copy_from_slice(bytes));
        }
        let Some(framer) = self.framers.entry(link.remote).or_insert_with(|| Some(Framer::new())) else { return };
        framer.push(bytes);
        let frames: Vec<_> = framer.by_ref().collect();
        for frame in frames {
            match frame {
                Ok(Frame::Message(bytes)) => self.message(link, bytes),
                Ok(Frame::Ping) => self.sent.push_back((from.to_owned(), "pong".to_owned())),
                Err(fault) => {
                    if let Some(answer) = fault.answer(link.remote) {
                        self.note(link, &answer);
                    }
                    self.sent.push_back((from.to_owned(), "closed".to_owned()));
                    self.framers.insert(link.remote, None);
                    self.input(Input::LinkClosed(link));
                }
            }
        }
    }

    /// A stream ends.
    pub fn close(&mut self, from: &str) {
        self.framers.remove(&link(from).remote);
        self.input(Input::LinkClosed(link(from)));
    }

    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.engine.deadline()
            && at <= until
        {
            self.now = self.now.max(at);
            self.input(Input::Wake);
        }
        self.now = until;
    }

    fn message(&mut self, from: Link, bytes: Bytes) {
        match parse(bytes) {
            Ok(message) => self.input(Input::Sip { from, message }),
            Err(fault) => {
                if let Some(answer) = fault.answer(from.remote) {
                    self.note(from, &answer);
                }
            }
        }
    }

    pub fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle_input(self.now, input);
            while let Some(output) = self.engine.poll_output() {
                match output {
                    Output::Send { to, bytes } => self.note(to, &bytes),
                    Output::Media(_, command) => {
                        if let MediaCommand::Open { port, .. } = &command {
                            self.ports.push(*port);
                        }
                        inputs.extend(played(&command).map(Input::Media));
                    }
                    Output::Ask(question) => self.asked.push(question),
                    Output::Record(record, _) => self.records.push(*record),
                    _ => {}
                }
            }
        }
    }

    fn note(&mut self, to: Link, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        if let Some(line) = text.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")) {
            self.challenge = Challenge::read(&Text::from(line));
            self.counts = 0;
        }
        let prefix = if to.transport == Transport::Tcp { "tcp:" } else { "" };
        self.sent.push_back((format!("{prefix}{}", to.remote), text));
    }

    /// An Authorization that answers the last challenge, for this request line.
    pub fn credentials(&mut self, user: &str, password: &str, request_line: &str) -> String {
        let challenge = self.challenge.clone().expect("a challenge");
        let mut words = request_line.split(' ');
        let method = Method::read(&Text::from(words.next().unwrap_or_default()));
        let uri = words.next().unwrap_or_default();
        self.counts += 1;
        answer(&challenge, user, password, &method, uri, "0a4f113b", self.counts).to_string()
    }

    /// A phone registers, with all that belongs to it.
    pub fn register(&mut self, user: &str, password: &str, from: &str) {
        let uri = "sip:biloxi.example.com";
        let own = format!(
            "From: <sip:{user}@biloxi.example.com>;tag={user}\nTo: <sip:{user}@biloxi.example.com>\n\
             Call-ID: reg-{user}-{from}\nContact: <sip:{user}@{}>",
            from.trim_start_matches("tcp:")
        );
        let via = |n: u8| {
            format!("Via: SIP/2.0/UDP {};branch=z9hG4bKreg{n}{user}{from};rport", from.trim_start_matches("tcp:"))
        };
        self.hear(from, request("REGISTER", uri, from, &format!("{own}\n{}", via(1)), "").as_bytes());
        assert_eq!(self.told(), "401");
        let credentials = self.credentials(user, password, &format!("REGISTER {uri}"));
        let again = format!("{own}\n{}\nCSeq: 2 REGISTER\nAuthorization: {credentials}", via(2));
        self.hear(from, request("REGISTER", uri, from, &again, "").as_bytes());
        assert_eq!(self.told(), "200");
    }

    /// What was sent since the last look.
    pub fn take(&mut self) -> Vec<(String, String)> {
        self.sent.drain(..).collect()
    }

    /// The first lines of what was sent since the last look, without `SIP/2.0`; requests by their method.
    pub fn told(&mut self) -> String {
        let first = |text: String| match text.strip_prefix("SIP/2.0 ") {
            Some(status) => status.get(..3).unwrap_or_default().to_owned(),
            None => text.split([' ', '\n']).next().unwrap_or_default().to_owned(),
        };
        self.take().into_iter().map(|(_, text)| first(text)).collect::<Vec<_>>().join(" ")
    }
}

/// Media for those who do not listen: every sound that ends has ended at once, and ports close when they are told to.
fn played(command: &MediaCommand) -> Option<MediaEvent> {
    match command {
        MediaCommand::Close { port } => Some(MediaEvent::Closed { port: *port, stats: PortStats::default() }),
        MediaCommand::Set { port, spec } => match &spec.source {
            Source::Play { play, repeat: false, .. } => Some(MediaEvent::Played { port: *port, play: *play }),
            _ => None,
        },
        _ => None,
    }
}

/// A request as text: `headers` are lines that take the place of those of the same name, or are added; a line `Name:`
/// with nothing after the colon takes one away. Content-Length is that of the body.
pub fn request(method: &str, uri: &str, from: &str, headers: &str, body: &str) -> String {
    let (transport, address) = match from.strip_prefix("tcp:") {
        Some(address) => ("TCP", address),
        None => ("UDP", from),
    };
    let mut lines = vec![
        format!("Via: SIP/2.0/{transport} {address};branch=z9hG4bK1;rport"),
        "Max-Forwards: 70".to_owned(),
        format!("From: <sip:guest@{address}>;tag=g"),
        format!("To: <{uri}>"),
        "Call-ID: c1".to_owned(),
        format!("CSeq: 1 {method}"),
        format!("Contact: <sip:guest@{address}>"),
        format!("Content-Length: {}", body.len()),
    ];
    if !body.is_empty() {
        lines.push("Content-Type: application/sdp".to_owned());
    }
    let name_of = |line: &str| line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    for header in headers.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let empty = header.ends_with(':');
        match lines.iter().position(|line| name_of(line) == name_of(header)) {
            Some(at) if empty => drop(lines.remove(at)),
            Some(at) => lines[at] = header.to_owned(),
            None if empty => {}
            None => lines.push(header.to_owned()),
        }
    }
    format!("{method} {uri} SIP/2.0\r\n{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// What a phone offers or answers.
pub fn sdp(address: &str, port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    )
}

/// What is wrong with the answers to a request. `wanted`: the statuses, then lines that the last answer has; `!` before
/// one that it may not have.
fn faults(rule: &str, bytes: &str, wanted: &str) -> Option<String> {
    let mut world = World::new();
    world.hear("192.0.2.9:5070", bytes.as_bytes());
    fault_in(rule, &world.take(), wanted)
}

pub fn fault_in(rule: &str, sent: &[(String, String)], wanted: &str) -> Option<String> {
    let statuses: Vec<&str> =
        sent.iter().map(|(_, text)| text.strip_prefix("SIP/2.0 ").and_then(|t| t.get(..3)).unwrap_or(text)).collect();
    let mut wanted_lines = wanted.lines().map(str::trim);
    let wanted = wanted_lines.next().unwrap_or_default();
    if statuses.join(" ") != wanted {
        return Some(format!("{rule}: {} instead of {wanted}: {:#?}", statuses.join(" "), sent.last()));
    }
    wanted_lines.find_map(|line| {
        let last = &sent.last()?.1;
        let (line, there) = line.strip_prefix('!').map_or((line, true), |line| (line, false));
        (last.lines().any(|found| found.starts_with(line)) != there).then(|| format!("{rule}: {line} in {last}"))
    })
}

pub fn check<'a>(rows: impl IntoIterator<Item = (&'a str, String, &'a str)>) {
    let faults: Vec<String> =
        rows.into_iter().filter_map(|(rule, bytes, wanted)| faults(rule, &bytes, wanted)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
