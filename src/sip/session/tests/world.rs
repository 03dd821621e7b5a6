//! Endpoints joined by a link that can lose, repeat, reorder and fork, in virtual time, from one seed.

use crate::ids::Mint;
use crate::sip::{
    Busy, Call, End, Endpoint, Event, Link, Method, Name, NameAddr, OfferBy, Out, SessionId, Settings, Status, Text,
    Transport, Uri, parse,
};
use crate::time::{Duration, Time};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub struct Node {
    pub endpoint: Endpoint,
    pub address: SocketAddr,
    /// What happened and has not been looked at.
    pub events: Vec<Event>,
}

pub struct World {
    pub now: Time,
    pub nodes: Vec<Node>,
    pub transport: Transport,
    /// Per mille.
    pub loss: u64,
    pub repeat: u64,
    /// Every packet takes 1 ms, and up to this much longer.
    pub jitter: Duration,
    /// The next so many packets from this node that start like this vanish.
    pub lose: Vec<(usize, &'static str, usize)>,
    /// Requests to this address reach these nodes instead, as a forking proxy would do it.
    pub forks: BTreeMap<SocketAddr, Vec<usize>>,
    /// Every packet sent: `a>b INVITE`, in capitals where it got lost: `a>! INVITE`.
    pub ladder: Vec<String>,
    /// The tags of the last response's From and To, and its Call-ID; and that response.
    pub tags: Option<(String, String, String)>,
    last: String,
    chance: Mint,
    wire: BTreeMap<(Time, u64), (usize, usize, Bytes)>,
    sent: u64,
}

impl World {
    pub fn new(seed: u64, nodes: usize) -> World {
        let mut chance = Mint::new(seed);
        let nodes = (0..nodes)
            .map(|index| Node {
                endpoint: Endpoint::new(Settings::default(), chance.branch()),
                address: format!("192.0.2.1:{}", 5060 + index).parse().unwrap(),
                events: Vec::new(),
            })
            .collect();
        World {
            now: Time::from_micros(1_000_000),
            nodes,
            transport: Transport::Udp,
            loss: 0,
            repeat: 0,
            jitter: Duration::ZERO,
            lose: Vec::new(),
            forks: BTreeMap::new(),
            ladder: Vec::new(),
            tags: None,
            last: String::new(),
            chance,
            wire: BTreeMap::new(),
            sent: 0,
        }
    }

    pub fn link(&self, from: usize, to: SocketAddr) -> Link {
        Link { transport: self.transport, local: self.nodes[from].address, remote: to }
    }

    pub fn contact(&self, node: usize) -> Uri {
        Uri::parse(&format!("sip:{}@{}", name(node), self.nodes[node].address)).unwrap()
    }

    /// Does something at a node and carries away what comes of it.
    pub fn at<R>(&mut self, node: usize, act: impl FnOnce(&mut Endpoint, Time, &mut Vec<Out>) -> R) -> R {
        let mut out = Vec::new();
        let result = act(&mut self.nodes[node].endpoint, self.now, &mut out);
        for out in out {
            match out {
                Out::Send { to, bytes } => self.send(node, to, bytes),
                Out::Event(event) => {
                    if let Event::Invite { session, .. } = &event {
                        let mut out = Vec::new();
                        self.nodes[node].endpoint.trying(*session, &mut out);
                        for out in out {
                            let Out::Send { to, bytes } = out else { panic!("{out:?}") };
                            self.send(node, to, bytes);
                        }
                    }
                    let stale = match &event {
                        Event::Refresh { session, by: OfferBy::Update } => Some(*session),
                        _ => None,
                    };
                    self.nodes[node].events.push(event);
                    // Whoever is told to says nothing new.
                    if let Some(session) = stale {
                        assert_eq!(self.offer(node, session, OfferBy::Update, ""), Ok(()));
                    }
                }
            }
        }
        result
    }

    fn send(&mut self, from: usize, to: Link, bytes: Bytes) {
        let is_request = !bytes.starts_with(b"SIP/2.0");
        let mut targets: Vec<usize> = match self.forks.get(&to.remote) {
            Some(nodes) if is_request => nodes.clone(),
            _ => self.nodes.iter().position(|node| node.address == to.remote).into_iter().collect(),
        };
        let line = String::from_utf8_lossy(&bytes);
        if !is_request {
            self.last = line.clone().into_owned();
            let tag = |name| self.header(0, name).split(";tag=").nth(1).map(str::to_owned);
            if let (Some(from), Some(to)) = (tag("From"), tag("To")) {
                self.tags = Some((from, to, self.header(0, "Call-ID")));
            }
        }
        let line = line.lines().next().unwrap_or_default().to_owned();
        let short = line.strip_prefix("SIP/2.0 ").unwrap_or(&line).split(' ').next().unwrap_or_default().to_owned();
        if let Some((_, _, left)) =
            self.lose.iter_mut().find(|(node, start, left)| *node == from && short.starts_with(start) && *left > 0)
        {
            *left -= 1;
            self.ladder.push(format!("{}>! {short}", name(from)));
            return;
        }
        if targets.is_empty() {
            self.ladder.push(format!("{}>? {short}", name(from)));
        }
        for target in std::mem::take(&mut targets) {
            self.ladder.push(format!("{}>{} {short}", name(from), name(target)));
            let copies = 1 + usize::from(self.chance.below(1000) < self.repeat);
            for _ in 0..copies {
                if self.chance.below(1000) < self.loss {
                    continue;
                }
                let late = Duration::from_micros(self.chance.below(self.jitter.as_micros() as u64 + 1));
                self.sent += 1;
                let at = self.now + Duration::from_millis(1) + late;
                self.wire.insert((at, self.sent), (from, target, bytes.clone()));
            }
        }
    }

    /// The next moment at which anything happens by itself.
    pub fn next(&self) -> Option<Time> {
        let wire = self.wire.first_key_value().map(|((at, _), _)| *at);
        self.nodes.iter().filter_map(|node| node.endpoint.deadline()).chain(wire).min()
    }

    /// Lets everything happen that is due by then.
    pub fn until(&mut self, end: Time) {
        while let Some(at) = self.next()
            && at <= end
        {
            self.now = self.now.max(at);
            while let Some(entry) = self.wire.first_entry()
                && entry.key().0 <= self.now
            {
                let (from, to, bytes) = entry.remove();
                let link = self.link(to, self.nodes[from].address);
                let message = parse(bytes.clone()).unwrap_or_else(|error| panic!("{error:?} in {bytes:?}"));
                self.at(to, |endpoint, now, out| endpoint.receive(now, link, message, out));
            }
            for node in 0..self.nodes.len() {
                if self.nodes[node].endpoint.deadline().is_some_and(|due| due <= self.now) {
                    self.at(node, |endpoint, now, out| endpoint.wake(now, out));
                    let due = self.nodes[node].endpoint.deadline();
                    assert!(due.is_none_or(|due| due > self.now), "woken for nothing at {:?}", self.now);
                }
            }
        }
        self.now = self.now.max(end);
    }

    pub fn run(&mut self, ms: u64) {
        self.until(self.now + Duration::from_millis(ms));
    }

    /// Until nothing happens any more; then no endpoint may know anything.
    pub fn finish(&mut self) {
        let limit = self.now + Duration::from_secs(600);
        self.until(limit);
        for (index, node) in self.nodes.iter().enumerate() {
            assert!(
                node.endpoint.is_empty(),
                "left at {}: {:#?}\n{}",
                name(index),
                node.endpoint,
                self.ladder.join("\n")
            );
        }
        assert_eq!(self.next(), None);
    }

    pub fn call_to(&self, from: usize, to: SocketAddr, body: Option<&str>) -> Call {
        let uri = Uri::parse(&format!("sip:{to}")).unwrap();
        Call {
            to: self.link(from, to),
            uri: uri.clone(),
            from: NameAddr::new(Some(name(from)), self.contact(from)),
            to_header: uri.into(),
            contact: self.contact(from),
            headers: vec![(Name::Subject, Text::from("test"))],
            body: body.map(|body| ("application/sdp".into(), Bytes::from(body.to_owned()))),
            routes: Vec::new(),
            account: None,
        }
    }

    pub fn call(&mut self, from: usize, to: usize) -> SessionId {
        let call = self.call_to(from, self.nodes[to].address, Some("offer"));
        self.at(from, |endpoint, now, out| endpoint.invite(now, call, out))
    }

    pub fn accept(&mut self, node: usize, session: SessionId) {
        let contact = self.contact(node);
        let body = Bytes::from_static(b"answer");
        self.at(node, |endpoint, now, out| endpoint.accept(now, session, contact, Vec::new(), body, out));
    }

    /// The incoming call that a node has been told of.
    pub fn incoming(&mut self, node: usize) -> SessionId {
        let at = self.nodes[node].events.iter().position(|event| matches!(event, Event::Invite { .. }));
        let Event::Invite { session, .. } = self.nodes[node].events.remove(at.expect("an incoming call")) else {
            unreachable!()
        };
        session
    }

    /// What goes before the answer.
    pub fn say(&mut self, node: usize, session: SessionId, status: Status, body: Option<&'static str>) {
        let contact = self.contact(node);
        let body = body.map(|body| Bytes::from_static(body.as_bytes()));
        self.at(node, |endpoint, now, out| endpoint.progress(now, session, contact, status, Vec::new(), body, out));
    }

    /// An offer in a call; without a body the peer is asked for one.
    pub fn offer(&mut self, node: usize, session: SessionId, by: OfferBy, body: &'static str) -> Result<(), Busy> {
        let body = (!body.is_empty()).then(|| Bytes::from_static(body.as_bytes()));
        self.at(node, |endpoint, now, out| endpoint.offer(now, session, by, Vec::new(), body, out))
    }

    pub fn answer(&mut self, node: usize, session: SessionId, answer: Result<&'static str, Status>) {
        let answer = answer.map(|body| Bytes::from_static(body.as_bytes()));
        self.at(node, |endpoint, now, out| endpoint.answer(now, session, answer, Vec::new(), out));
    }

    pub fn end(&mut self, node: usize, session: SessionId) {
        let end = End::with(Status::BUSY_HERE).reason("Q.850;cause=16");
        self.at(node, |endpoint, now, out| endpoint.end(now, session, end, out));
    }

    /// A call of `a` that `b` has been told of.
    pub fn ringing(&mut self) -> (SessionId, SessionId) {
        let caller = self.call(0, 1);
        self.run(5);
        (caller, self.incoming(1))
    }

    /// A call that is up, at both ends; the ladder starts afresh.
    pub fn up(&mut self) -> (SessionId, SessionId) {
        let (caller, callee) = self.ringing();
        self.accept(1, callee);
        self.run(5);
        self.ladder.clear();
        for node in &mut self.nodes {
            node.events.clear();
        }
        (caller, callee)
    }

    /// A request of a node in the dialog of the last response that carried tags, as no endpoint of ours would make it; it
    /// arrives at once.
    pub fn forge(&mut self, from: usize, method: &str, seq: u32, lines: &str, body: &str) {
        let Some((local, remote, call_id)) = self.tags.clone() else { panic!("no dialog yet") };
        // `a` called: its tag is in From.
        let (from_tag, to_tag) = if from == 0 { (local, remote) } else { (remote, local) };
        let to = 1 - from;
        let (at, its) = (self.nodes[to].address, self.nodes[from].address);
        let text = format!(
            "{method} sip:x@{at} SIP/2.0\r\nVia: SIP/2.0/UDP {its};branch=z9hG4bK{method}{seq}{from}\r\nMax-Forwards: 70\r\n\
             From: <sip:f@{its}>;tag={from_tag}\r\nTo: <sip:t@{at}>;tag={to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {seq} {method}\r\n\
             {lines}Content-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        let (link, message) = (self.link(to, its), parse(Bytes::from(text)).unwrap());
        self.at(to, |endpoint, now, out| endpoint.receive(now, link, message, out));
    }

    /// The body of the last response.
    pub fn body(&self) -> &str {
        self.last.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// A word of a header of the last response.
    pub fn header(&self, word: usize, name: &str) -> String {
        let line = self.last.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let line = line.unwrap_or_default();
        // Addresses are one word.
        if line.contains('<') { line.to_owned() } else { line.split(' ').nth(word).unwrap_or_default().to_owned() }
    }

    /// What has happened at a node, in short, and forgets it.
    pub fn told(&mut self, node: usize) -> String {
        let events = std::mem::take(&mut self.nodes[node].events);
        events.iter().map(brief).collect::<Vec<_>>().join(", ")
    }

    /// What has been sent, and forgets it.
    pub fn sent(&mut self) -> String {
        std::mem::take(&mut self.ladder).join(", ")
    }
}

pub fn name(node: usize) -> &'static str {
    ["a", "b", "c", "d"][node]
}

fn text(body: Option<&Bytes>) -> String {
    body.map_or_else(String::new, |body| format!(" {}", String::from_utf8_lossy(body)))
}

pub fn brief(event: &Event) -> String {
    match event {
        Event::Invite { .. } => "Invite".into(),
        Event::Request { request, .. } => format!("Request {}", request.method),
        Event::Stranger { request, .. } => format!("Stranger {}", request.method),
        Event::InDialog { request, .. } => format!("InDialog {}", request.method),
        Event::Progress { status, fork, body, .. } => {
            format!("Progress {} fork {fork}{}", status.code(), text(body.as_ref()))
        }
        Event::Answered { body, .. } => format!("Answered{}", text(body.as_ref())),
        Event::Failed { status, .. } => format!("Failed {}", status.code()),
        Event::Acked { body, .. } => format!("Acked{}", text(body.as_ref())),
        Event::Pracked { body, .. } => format!("Pracked{}", text(body.as_ref())),
        Event::Offered { by, body, .. } => {
            let by = if *by == Method::Invite { "ReInvite".into() } else { format!("{by:?}") };
            format!("Offered {by}{}", text(body.as_ref()))
        }
        Event::Renamed { name, .. } => format!("Renamed {}", name.uri),
        Event::Refresh { by, .. } => format!("Refresh {by:?}"),
        Event::OfferWithdrawn { .. } => "OfferWithdrawn".into(),
        Event::OfferAnswered { status, body, .. } => format!("OfferAnswered {}{}", status.code(), text(body.as_ref())),
        Event::Reply { status, .. } => format!("Reply {}", status.code()),
        Event::Replied { status, .. } => format!("Replied {}", status.code()),
        Event::Ended { by, status, reason, .. } => {
            let status = status.map_or_else(String::new, |status| format!(" {}", status.code()));
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" {reason}"));
            format!("Ended {by:?}{status}{reason}")
        }
    }
}
