//! How long it takes from an agent becoming free to her phone's INVITE, over real sockets, while 1,000 contacts wait and hear
//! music: `cargo bench --bench offers`. `OFFERS_WAITING=`, `OFFERS_AGENTS=`, `OFFERS_COUNT=` change the scene.
//!
//! Free is what her BYE says: the time is from the BYE that leaves her socket to the INVITE that comes in there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::disallowed_methods)]

use cordboard::config::{self, Source};
use cordboard::io::{Options, Switch};
use cordboard::sip::{Method, Name, Request, Transport, Uri, digest};
use cordboard::site::Store;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two agents who hang up.
const EVERY: Duration = Duration::from_millis(10);

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A queue with its agents, behind one number; whispers that say nothing.
fn switch(agents: usize, folder: &Path) -> Switch {
    let flows = folder.join("flows");
    std::fs::create_dir_all(&flows).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(shipped.join("sip-configs/flows")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("default-") {
            std::fs::copy(entry.path(), flows.join(entry.file_name())).unwrap();
        }
    }
    let flow = |name: &str, kind: &str, actions: &str| {
        let text = format!(
            r#"{{"Version":"2019-10-30","StartAction":"1","Metadata":{{"name":"{name}","type":"{kind}"}},"Actions":[{actions}]}}"#
        );
        std::fs::write(flows.join(format!("{name}.json")), text).unwrap();
    };
    let nothing = r#"{"Identifier":"1","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}"#;
    flow("no agent whisper", "agentWhisper", nothing);
    flow("no customer whisper", "customerWhisper", nothing);
    let hook = |id: u32, hook: &str, flow: &str| {
        format!(
            r#"{{"Identifier":"{id}","Type":"UpdateContactEventHooks","Parameters":{{"EventHooks":{{"{hook}":"{flow}"}}}},"Transitions":{{"NextAction":"{}","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"5"}}]}}}},"#,
            id + 1
        )
    };
    flow(
        "Line",
        "contactFlow",
        &(hook(1, "AgentWhisper", "no agent whisper")
            + &hook(2, "CustomerWhisper", "no customer whisper")
            + r#"{"Identifier":"3","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"Work"},"Transitions":{"NextAction":"4","Errors":[{"ErrorType":"NoMatchingError","NextAction":"5"}]}},
        {"Identifier":"4","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"5","Errors":[{"ErrorType":"QueueAtCapacity","NextAction":"5"},{"ErrorType":"NoMatchingError","NextAction":"5"}]}},
        {"Identifier":"5","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}"#),
    );
    let mut text = format!(
        "[sip]\ndomain = \"cordboard.lab\"\nlisten = [\"udp:127.0.0.1:0\"]\nunlimited_nets = [\"127.0.0.1\"]\n\
         [media]\nports = \"10000-20999\"\n[http]\nlisten = \"127.0.0.1:0\"\nadmin_token_file = {:?}\n\
         [flows]\ndir = \"flows\"\n[prompts]\ndir = {:?}\n[[queues]]\nid = \"Work\"\n[[numbers]]\nnumber = \"5000\"\nflow = \"Line\"\n\
         [[routing_profiles]]\nid = \"work\"\nqueues = [{{ queue = \"Work\" }}]\n",
        folder.join("token").display().to_string(),
        shipped.join("prompts").display().to_string()
    );
    for n in 0..agents {
        let _ = writeln!(
            text,
            "[[agents]]\nid = \"agent{n}\"\nname = \"Agent {n}\"\npassword = \"secret{n}\"\nrouting_profile = \"work\""
        );
    }
    let file = folder.join("offers.toml");
    std::fs::write(&file, text).unwrap();
    let mut site = config::load(&Source::File(file)).unwrap_or_else(|faults| panic!("{faults:#?}"));
    site.store = Some(Store {
        url: format!("sqlite:{}", folder.join("offers.db").display()),
        journal: folder.join("offers.journal"),
        retention: None,
    });
    Switch::start(Arc::new(site), Options { seed: Some(7), media_threads: None }).unwrap()
}

/// All phones of one side, behind one socket.
struct Phones {
    socket: UdpSocket,
    me: SocketAddr,
    switch: SocketAddr,
    rtp: u16,
    count: u32,
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

fn headers<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter(move |line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ")))
}

impl Phones {
    fn new(switch: SocketAddr, rtp: &UdpSocket) -> Phones {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let me = socket.local_addr().unwrap();
        Phones { socket, me, switch, rtp: rtp.local_addr().unwrap().port(), count: 0 }
    }

    fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.switch).unwrap();
    }

    fn hear(&self, patience: Duration) -> Option<String> {
        let mut buffer = [0; 65_536];
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn sdp(&self) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\na=sendrecv\r\n",
            self.rtp
        )
    }

    fn whole(&self, head: &str, sdp: bool) -> String {
        let (kind, body) = if sdp { ("Content-Type: application/sdp\r\n", self.sdp()) } else { ("", String::new()) };
        format!("{head}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn via(&mut self) -> String {
        self.count += 1;
        format!("Via: SIP/2.0/UDP {};branch=z9hG4bKo{};rport\r\n", self.me, self.count)
    }

    fn register(&mut self, n: usize) {
        let mut proof = String::new();
        for seq in 1..=2 {
            let via = self.via();
            let head = format!(
                "REGISTER sip:cordboard.lab SIP/2.0\r\n{via}From: <sip:agent{n}@cordboard.lab>;tag=r{n}\r\n\
                 To: <sip:agent{n}@cordboard.lab>\r\nCall-ID: reg{n}\r\nCSeq: {seq} REGISTER\r\nMax-Forwards: 70\r\n\
                 Contact: <sip:agent{n}@{}>\r\n{proof}",
                self.me
            );
            self.send(&self.whole(&head, false));
            let answer = self.hear(Duration::from_secs(4)).expect("an answer to REGISTER");
            if let Some(challenge) = headers(&answer, "WWW-Authenticate").next() {
                let value = challenge.split_once(": ").unwrap().1.to_owned();
                let challenge = digest::Challenge::read(&value.into()).unwrap();
                let method = Request::new(Method::read(&"REGISTER".into()), Uri::parse("sip:x").unwrap()).method;
                let (user, password) = (format!("agent{n}"), format!("secret{n}"));
                let value = digest::answer(&challenge, &user, &password, &method, "sip:cordboard.lab", "0a4f", 1);
                proof = format!("{}: {value}\r\n", Name::Authorization);
            }
        }
    }

    fn call(&mut self, n: usize) {
        let via = self.via();
        let head = format!(
            "INVITE sip:5000@cordboard.lab SIP/2.0\r\n{via}From: <sip:c{n}@example.com>;tag=c{n}\r\n\
             To: <sip:5000@cordboard.lab>\r\nCall-ID: call{n}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
             Contact: <sip:c{n}@{}>\r\n",
            self.me
        );
        self.send(&self.whole(&head, true));
    }

    /// Answers a request.
    fn answer(&self, request: &str, status: &str, sdp: bool) {
        let vias: String = headers(request, "Via").map(|line| format!("{line}\r\n")).collect();
        let to = header(request, "To");
        let tag = if to.contains(";tag=") { "" } else { ";tag=us" };
        let head = format!(
            "SIP/2.0 {status}\r\n{vias}From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:x@{}>\r\n",
            header(request, "From"),
            header(request, "Call-ID"),
            header(request, "CSeq"),
            self.me
        );
        self.send(&self.whole(&head, sdp));
    }

    /// The ACK of a 200 of ours.
    fn ack(&mut self, answer: &str) {
        let via = self.via();
        let target = header(answer, "Contact").trim_start_matches('<').split('>').next().unwrap().to_owned();
        let head = format!(
            "ACK {target} SIP/2.0\r\n{via}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\n",
            header(answer, "From"),
            header(answer, "To"),
            header(answer, "Call-ID")
        );
        self.send(&self.whole(&head, false));
    }
}

/// Customers: everybody who is hung up on calls again, so that as many wait as before.
fn customers(mut phones: Phones, until: Instant, calls: usize) {
    for n in 0..calls {
        phones.call(n);
        if n % 20 == 19 {
            std::thread::sleep(Duration::from_millis(5));
        }
        while let Some(text) = phones.hear(Duration::from_micros(1)) {
            one(&mut phones, &text, None);
        }
    }
    let mut next = calls;
    while Instant::now() < until {
        if let Some(text) = phones.hear(Duration::from_millis(20)) {
            one(&mut phones, &text, Some(&mut next));
        }
    }
}

fn one(phones: &mut Phones, text: &str, next: Option<&mut usize>) {
    if text.starts_with("SIP/2.0 200") && header(text, "CSeq").ends_with("INVITE") {
        phones.ack(text);
    } else if text.starts_with("BYE ") {
        phones.answer(text, "200 OK", false);
        if let Some(next) = next {
            phones.call(*next);
            *next += 1;
        }
    } else if text.starts_with("INVITE ") {
        phones.answer(text, "200 OK", true);
    }
}

fn main() {
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let (waiting, agents) = (number("OFFERS_WAITING", 1_000), number("OFFERS_AGENTS", 200));
    let count = number("OFFERS_COUNT", 1_000);
    let folder = std::env::temp_dir().join(format!("cordboard-{}-offers", std::process::id()));
    let running = switch(agents, &folder);
    let at = running.sip().iter().find(|(transport, _)| *transport == Transport::Udp).unwrap().1;
    let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut phones = Phones::new(at, &rtp);
    (0..agents).for_each(|n| phones.register(n));
    let (outside, calls) = (Phones::new(at, &rtp), waiting + agents);
    let run = EVERY * u32::try_from(count).unwrap() + Duration::from_secs(25);
    let until = Instant::now() + run;
    let customers = std::thread::spawn(move || customers(outside, until, calls));

    // Each agent's call: who she is, the dialog, and since when she is in it.
    let mut up: HashMap<String, (String, Instant)> = HashMap::new();
    let mut freed: HashMap<String, Instant> = HashMap::new();
    let mut took: Vec<Duration> = Vec::new();
    let mut next_free = Instant::now() + Duration::from_secs(8);
    while Instant::now() < until && took.len() < count {
        if let Some(text) = phones.hear(Duration::from_millis(2)) {
            let now = Instant::now();
            if text.starts_with("INVITE ") && !header(&text, "To").contains(";tag=") {
                let agent = text.split([':', '@']).nth(1).unwrap().to_owned();
                if let Some(since) = freed.remove(&agent) {
                    took.push(now - since);
                }
                phones.answer(&text, "180 Ringing", false);
                phones.answer(&text, "200 OK", true);
                up.insert(agent, (text, now));
            } else if text.starts_with("INVITE ") {
                phones.answer(&text, "200 OK", true);
            } else if text.starts_with("BYE ") || text.starts_with("CANCEL ") || text.starts_with("UPDATE ") {
                phones.answer(&text, "200 OK", false);
            }
        }
        if Instant::now() >= next_free {
            next_free += EVERY;
            // She has talked for a second: her whispers are over.
            let ready = up.iter().filter(|(_, (_, since))| since.elapsed() > Duration::from_secs(1));
            let Some(agent) = ready.min_by_key(|(_, (_, since))| *since).map(|(agent, _)| agent.clone()) else {
                continue;
            };
            let Some((invite, _)) = up.remove(&agent) else { continue };
            let target = header(&invite, "Contact").trim_start_matches('<').split('>').next().unwrap().to_owned();
            let via = phones.via();
            let head = format!(
                "BYE {target} SIP/2.0\r\n{via}From: {};tag=us\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n",
                header(&invite, "To"),
                header(&invite, "From"),
                header(&invite, "Call-ID")
            );
            let bye = phones.whole(&head, false);
            freed.insert(agent, Instant::now());
            phones.send(&bye);
        }
    }
    took.sort();
    let share = |percent: usize| took.get(took.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    println!(
        "{agents} agents, {waiting} waiting: from a BYE to the next INVITE, {} times: p50 {:?}, p90 {:?}, p99 {:?}, worst {:?}; never: {}",
        took.len(),
        share(50),
        share(90),
        share(99),
        share(100),
        freed.len()
    );
    assert_eq!(took.len(), count, "offers were missing");
    drop(customers);
    drop(running);
    let _left = std::fs::remove_dir_all(&folder);
}
