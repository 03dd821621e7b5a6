//! The engine in virtual time, and raw messages to it from any address.

use bytes::Bytes;
use cordboard::config::{self, Source};
use cordboard::engine::{Engine, Input, Output};
use cordboard::sip::{Link, Name, Request, Transport, Uri, digest, parse};
use cordboard::site::Site;
use cordboard::time::{Duration, Time};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

pub const US: &str = "127.0.0.1:5060";

/// A message of the engine, and where it goes.
#[derive(Clone, Debug)]
pub struct Sent {
    pub to: SocketAddr,
    pub text: String,
}

impl Sent {
    pub fn status(&self) -> &str {
        self.text.strip_prefix("SIP/2.0 ").map_or("", |rest| &rest[..3])
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub struct Bench {
    pub engine: Engine,
    pub now: Time,
    branch: u32,
}

impl Bench {
    pub fn new(change: impl FnOnce(&mut Site)) -> Bench {
        static LAB: OnceLock<Site> = OnceLock::new();
        let lab = || config::load(&Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut site = LAB.get_or_init(lab).clone();
        // Nobody is to be asked whether he is there.
        site.trunks.clear();
        change(&mut site);
        let now = Time::from_micros(1_795_363_200_000_000);
        let locals = vec![(Transport::Udp, US.parse().unwrap()), (Transport::Tcp, US.parse().unwrap())];
        Bench { engine: Engine::new(now, Arc::new(site), 7, locals, 1), now, branch: 0 }
    }

    /// Time passes; what is sent meanwhile.
    pub fn pass(&mut self, ms: u64) -> Vec<Sent> {
        let end = self.now + Duration::from_millis(ms);
        let mut sent = Vec::new();
        while let Some(at) = self.engine.deadline()
            && at <= end
        {
            self.now = self.now.max(at);
            self.engine.handle_input(self.now, Input::Wake);
            sent.extend(self.drain());
        }
        self.now = end;
        sent
    }

    pub fn drain(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            if let Output::Send { to, bytes } = output {
                sent.push(Sent { to: to.remote, text: String::from_utf8_lossy(&bytes).into_owned() });
            }
        }
        sent
    }

    pub fn hear_over(&mut self, transport: Transport, from: &str, text: &str) -> Vec<Sent> {
        let from = Link { transport, local: US.parse().unwrap(), remote: from.parse().unwrap() };
        let message = parse(Bytes::from(text.to_owned())).unwrap_or_else(|fault| panic!("{fault} in {text}"));
        self.engine.handle_input(self.now, Input::Sip { from, message });
        self.drain()
    }

    pub fn hear(&mut self, from: &str, text: &str) -> Vec<Sent> {
        self.hear_over(Transport::Udp, from, text)
    }

    /// A fresh branch.
    pub fn via(&mut self, from: &str) -> String {
        self.branch += 1;
        format!("Via: SIP/2.0/UDP {from};branch=z9hG4bKbench{};rport\r\n", self.branch)
    }

    /// A request outside of dialogs. `to` is a user, or a whole URI.
    pub fn request(&mut self, method: &str, from: &str, user: &str, to: &str, seq: u32, extra: &str) -> String {
        let via = self.via(from);
        let target = if method == "REGISTER" { "sip:cordboard.lab".to_owned() } else { uri(to) };
        format!(
            "{method} {target} SIP/2.0\r\n{via}From: <{}>;tag=t{user}\r\nTo: <{}>\r\nCall-ID: {user}-{method}@{from}\r\n\
             CSeq: {seq} {method}\r\nMax-Forwards: 70\r\n{extra}",
            uri_of(user),
            uri(to)
        )
    }

    #[allow(clippy::too_many_arguments)]
    /// The request, and again with an answer to the challenge; the last answer.
    pub fn prove(
        &mut self,
        at: &str,
        method: &str,
        user: &str,
        password: &str,
        to: &str,
        seq: u32,
        extra: &str,
    ) -> Sent {
        let text = self.request(method, at, user, to, seq, extra);
        let answer = finals(self.hear(at, &whole(&text))).remove(0);
        if answer.status() != "401" {
            return answer;
        }
        let credentials = credentials(&answer, method, user, password, text.split(' ').nth(1).unwrap());
        let text = self.request(method, at, user, to, seq + 1, &format!("{extra}{credentials}"));
        finals(self.hear(at, &whole(&text))).remove(0)
    }

    pub fn register(&mut self, at: &str, user: &str, password: &str, seq: u32) -> Sent {
        let contact = format!("Contact: <sip:{user}@{at}>\r\n");
        self.prove(at, "REGISTER", user, password, user, seq, &contact)
    }
}

fn uri(to: &str) -> String {
    if to.contains(':') { to.to_owned() } else { uri_of(to) }
}

fn uri_of(user: &str) -> String {
    if user.contains('@') { format!("sip:{user}") } else { format!("sip:{user}@cordboard.lab") }
}

/// With its end.
pub fn whole(text: &str) -> String {
    format!("{text}Content-Length: 0\r\n\r\n")
}

pub fn with_sdp(text: &str, at: &str) -> String {
    let ip = at.split(':').next().unwrap();
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=sendrecv\r\n"
    );
    format!("{text}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
}

/// The Authorization line that answers a challenge.
pub fn credentials(challenge: &Sent, method: &str, user: &str, password: &str, uri: &str) -> String {
    let value = challenge.header("WWW-Authenticate").unwrap_or_else(|| panic!("no challenge in {challenge:?}"));
    let challenge = digest::Challenge::read(&value.to_owned().into()).unwrap();
    let method = Request::new(cordboard::sip::Method::read(&method.into()), Uri::parse("sip:x").unwrap()).method;
    let value = digest::answer(&challenge, user, password, &method, uri, "0a4f113b", 1);
    format!("{}: {value}\r\n", Name::Authorization)
}

/// Without the provisional responses.
pub fn finals(sent: Vec<Sent>) -> Vec<Sent> {
    sent.into_iter().filter(|sent| !sent.status().starts_with('1')).collect()
}
