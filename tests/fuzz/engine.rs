//! A running switch with a call up, and somebody on the wire who changes, repeats, drops and invents datagrams: no bug is
//! tripped, every law of a call holds, every INVITE gets its final answer, and when everybody has gone nothing is left.
//!
//! The phones are the built-in ones; what they believe after such treatment is nobody's concern here.

use bytes::Bytes;
use cordboard::config::{self, Source};
use cordboard::engine::{Addressee, Button, Engine, Input, Output};
use cordboard::ids::{AgentId, ContactId, PlayId, PortId, QuickConnectId, Ticket};
use cordboard::media::{self, MediaCommand, MediaEvent, PortStats};
use cordboard::phone::{LineId, LineState, Phone, PhoneConfig, PhoneOut};
use cordboard::sip::{Link, Message, Method, Transport, parse};
use cordboard::site::Site;
use cordboard::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

const BEGIN: Time = Time::from_micros(1_795_363_200_000_000);
/// Who has a phone; the first three are agents.
const PEOPLE: [&str; 5] = ["john", "maria", "peter", "carol", "dave"];
const AGENTS: usize = 3;
/// What one byte string may do; more teaches nothing new and takes long.
const ACTIONS: usize = 120;
/// Outputs of one input: a HangUpAll of all calls there can be stays far below.
const OUTPUTS: usize = 2_000;
/// Datagrams on the wire without time passing: more is a circle.
const CIRCLE: usize = 20_000;
/// Long after the last timer of RFC 3261, and after whoever rings.
const AFTERWARDS: Duration = Duration::from_secs(400);
const WAITS: [u64; 16] =
    [0, 1, 10, 50, 100, 300, 500, 1_000, 2_000, 4_000, 6_000, 10_000, 21_000, 33_000, 65_000, 190_000];
const NUMBERS: [&str; 8] =
    ["1000", "9001", "9002", "conf1", "maria", "7777", "sip:qc-maria@cordboard.lab", "sip:qc-peter@cordboard.lab"];
const KEYS: [&str; 8] = ["*1", "*2", "*3", "*411#", "*412#", "*5", "*6", "5"];

/// Records of a byte that says what, one that says with whom, one that says how long, and so many bytes.
pub fn run(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first() else { return };
    let mut world = World::new();
    world.begin(*first);
    for _ in 0..ACTIONS {
        let [what, whom, length, tail @ ..] = rest else { break };
        let (bytes, after) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = after;
        world.act(*what, usize::from(*whom), bytes);
        world.hold_the_laws();
    }
    world.end();
}

fn lab() -> Arc<Site> {
    static LAB: OnceLock<Arc<Site>> = OnceLock::new();
    let load = || {
        let mut site = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("the lab is wrong: {faults:?}"));
        Arc::get_mut(&mut site.catalog).expect("nobody else has it").record = true;
        Arc::new(site)
    };
    Arc::clone(LAB.get_or_init(load))
}

/// What is done to the next datagrams of the phones.
#[derive(Clone, Copy, PartialEq)]
enum Trick {
    Drop,
    Repeat,
    Keep,
}

struct World {
    now: Time,
    engine: Engine,
    switch: SocketAddr,
    phones: Vec<Phone>,
    /// What the phones said of late, to be said again by somebody.
    said: VecDeque<(usize, Vec<u8>)>,
    /// What waits on the wire: whose phone it comes from or goes to, and whether the switch is the receiver.
    wire: VecDeque<(bool, usize, Vec<u8>)>,
    kept: Vec<(bool, usize, Vec<u8>)>,
    tricks: VecDeque<(bool, Trick)>,
    ports: BTreeMap<PortId, Option<PlayId>>,
    recorded: BTreeSet<ContactId>,
    /// INVITEs of the phones without a final answer: by whom, and the branch and sender of the topmost Via.
    open: BTreeSet<(usize, String)>,
    answered: BTreeSet<(usize, String)>,
    ticket: u64,
    inputs: usize,
}

impl World {
    fn new() -> World {
        let switch = SocketAddr::from(([127, 0, 0, 1], 5060));
        let engine = Engine::new(BEGIN, lab(), 11, vec![(Transport::Udp, switch), (Transport::Tcp, switch)], 1);
        let phones = PEOPLE.iter().enumerate().map(|(number, user)| {
            let address = |port| SocketAddr::from(([127, 0, 1, number as u8 + 1], port));
            let mut config = PhoneConfig::new(user, switch, address(5060), address(40_000));
            config.password = (number < AGENTS).then(|| (*user).to_owned());
            config.habits.no_rtp = true;
            config.seed = number as u64 + 1;
            Phone::new(config)
        });
        World {
            now: BEGIN,
            engine,
            switch,
            phones: phones.collect(),
            said: VecDeque::new(),
            wire: VecDeque::new(),
            kept: Vec::new(),
            tricks: VecDeque::new(),
            ports: BTreeMap::new(),
            recorded: BTreeSet::new(),
            open: BTreeSet::new(),
            answered: BTreeSet::new(),
            ticket: 0,
            inputs: 0,
        }
    }

    /// How far things have come when the bytes begin: everybody registered, and a customer's call under way or up.
    fn begin(&mut self, far: u8) {
        for number in 0..AGENTS {
            self.phones[number].register(self.now);
            self.settle();
        }
        for (agent, far) in [("john", far), ("maria", far), ("peter", far & 4)] {
            if far != 0 {
                self.press(agent, Button::PutAgentState { status: "Available".into() });
            }
        }
        if far & 1 != 0 {
            self.phones[3].call(self.now, "1000");
            self.settle();
            self.pass(Duration::from_secs(2));
            self.pass(Duration::from_secs(2));
        }
        if far & 2 != 0 {
            self.at_every_ringing_phone(|phone, now, line| phone.answer(now, line));
            self.pass(Duration::from_secs(1));
            self.pass(Duration::from_secs(1));
        }
        assert!(self.phones[..AGENTS].iter().all(Phone::is_registered));
        // A customer waits or talks, and whoever rang has answered.
        let legs = [0, 2, 0, 2][usize::from(far & 3)];
        assert_eq!(self.engine.counts().legs, legs, "the call that everything begins with");
        self.hold_the_laws();
    }

    fn act(&mut self, what: u8, whom: usize, bytes: &[u8]) {
        let first = usize::from(bytes.first().copied().unwrap_or(0));
        let person = whom % PEOPLE.len();
        match what % 32 {
            0 | 1 => self.receive(person, bytes.to_vec()),
            // What a phone said is said again with something written over, by that phone or by another.
            2..8 => self.say_again(what, whom, bytes),
            8 => self.tricks.extend(bytes.iter().map(|byte| (byte & 4 != 0, trick(*byte)))),
            9 => {
                let kept = std::mem::take(&mut self.kept);
                self.wire.extend(kept);
            }
            10 => {
                self.phones[person].call(self.now, NUMBERS[first % NUMBERS.len()]);
            }
            11 => self.at_every_ringing_phone(|phone, now, line| phone.answer(now, line)),
            12 => self.at_every_ringing_phone(|phone, now, line| phone.decline(now, line, 486)),
            13 => self.at(person, |phone, now, line| phone.hang_up(now, line)),
            14 => self.at(person, |phone, now, line| phone.hold(now, line)),
            15 => self.at(person, |phone, now, line| phone.resume(now, line)),
            16 => self.at(person, |phone, now, line| phone.info(now, line, KEYS[first % KEYS.len()])),
            17 => self.at(person, |phone, now, line| phone.transfer(now, line, NUMBERS[first % NUMBERS.len()])),
            18 => self.phones[person].register(self.now),
            19 => self.phones[person].unregister(self.now),
            20..23 => {
                let button = button(first, bytes.get(1).copied().unwrap_or(0), &self.a_connection(PEOPLE[person]));
                self.press(PEOPLE[person], button);
            }
            23 => self.media_event(whom, first),
            24 => self.input(Input::LinkClosed(self.link(person, Transport::Tcp))),
            25 => self.at(person, |phone, now, line| phone.update(now, line)),
            26 if first == 255 => self.input(Input::Drain),
            27 if first == 255 => self.input(Input::HangUpAll),
            28 => self.receive_tcp(person, bytes.to_vec()),
            _ => self.pass(Duration::from_millis(WAITS[whom % WAITS.len()])),
        }
        self.settle();
    }

    /// Bytes: how far back, where, how much of it, and what stands there instead.
    fn say_again(&mut self, what: u8, whom: usize, bytes: &[u8]) {
        let [back, high, low, length, patch @ ..] = bytes else { return };
        let at = usize::from(*back) % self.said.len().max(1);
        let Some((by, mut datagram)) = self.said.iter().rev().nth(at).cloned() else { return };
        let text = String::from_utf8_lossy(&datagram).into_owned();
        let from = match what % 3 {
            // Anywhere; at the start of a line; at the value of a header.
            0 => usize::from(u16::from_be_bytes([*high, *low])) % datagram.len().max(1),
            1 => text.match_indices('\n').map(|(at, _)| at + 1).nth(usize::from(*high) % 20).unwrap_or(0),
            _ => text.match_indices(": ").map(|(at, _)| at + 2).nth(usize::from(*high) % 20).unwrap_or(0),
        };
        let to = (from + usize::from(*length)).min(datagram.len());
        if from <= to {
            datagram.splice(from..to, patch.iter().copied());
        }
        let by = if whom & 0x80 == 0 { by } else { whom % PEOPLE.len() };
        self.receive(by, datagram);
    }

    fn at(&mut self, person: usize, act: impl Fn(&mut Phone, Time, LineId) -> bool) {
        if let Some(line) = self.phones[person].live_line() {
            act(&mut self.phones[person], self.now, line);
        }
    }

    fn at_every_ringing_phone(&mut self, act: impl Fn(&mut Phone, Time, LineId) -> bool) {
        for phone in &mut self.phones {
            let ringing: Vec<LineId> =
                phone.lines().filter(|line| line.state() == LineState::Ringing).map(|line| line.id()).collect();
            for line in ringing {
                act(phone, self.now, line);
            }
        }
        self.settle();
    }

    fn a_connection(&self, agent: &str) -> String {
        let screen = self.engine.snapshot(&AgentId::from(agent));
        let contacts = screen.map(|screen| screen.contacts).unwrap_or_default();
        let connections: Vec<_> = contacts.iter().flat_map(|contact| &contact.connections).collect();
        connections.get(self.inputs % connections.len().max(1)).map(|c| c.connection_id.clone()).unwrap_or_default()
    }

    fn press(&mut self, agent: &str, button: Button) {
        self.ticket += 1;
        self.input(Input::Button { agent: AgentId::from(agent), button, ticket: Ticket(self.ticket) });
        self.settle();
    }

    fn media_event(&mut self, which: usize, what: usize) {
        let Some((port, play)) = self.ports.iter().nth(which % self.ports.len().max(1)).map(|(p, play)| (*p, *play))
        else {
            return;
        };
        let digits = ['*', '#', '1', '2', '3', '4', '5', '0'];
        let event = match what % 16 {
            0 => MediaEvent::BindFailed { port, reason: "in use".into() },
            1 => MediaEvent::FirstRtp { port },
            2 => MediaEvent::Silent { port },
            3..8 => match play {
                Some(play) => MediaEvent::Played { port, play },
                None => MediaEvent::FirstRtp { port },
            },
            _ => MediaEvent::Digit { port, digit: digits[what % digits.len()] },
        };
        self.input(Input::Media(event));
    }

    fn link(&self, person: usize, transport: Transport) -> Link {
        Link { transport, local: self.switch, remote: self.phones[person].config().sip }
    }

    fn receive(&mut self, person: usize, bytes: Vec<u8>) {
        self.take(person, Transport::Udp, bytes);
    }

    fn receive_tcp(&mut self, person: usize, bytes: Vec<u8>) {
        self.take(person, Transport::Tcp, bytes);
    }

    fn take(&mut self, person: usize, transport: Transport, bytes: Vec<u8>) {
        let link = self.link(person, transport);
        match parse(Bytes::from(bytes)) {
            Ok(message) => {
                if let Some(key) = invite(person, &message)
                    && !self.answered.contains(&key)
                {
                    self.open.insert(key);
                }
                self.input(Input::Sip { from: link, message });
            }
            Err(error) => drop(error.answer(link.remote)),
        }
    }

    fn input(&mut self, input: Input) {
        self.inputs += 1;
        self.engine.handle_input(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.engine.poll_output() {
            outputs += 1;
            assert!(outputs <= OUTPUTS, "one input, {outputs} outputs and more");
            match output {
                Output::Send { to, bytes } => self.sent(to, bytes),
                Output::Media(_, command) => self.command(command),
                Output::Reply(..)
                | Output::Ccp(..)
                | Output::Contact(_)
                | Output::Record(..)
                | Output::Remember(..)
                | Output::Ask(_) => {}
            }
        }
    }

    fn sent(&mut self, to: Link, bytes: Bytes) {
        // A Via chooses the port of the answer, never the host.
        let person = self.phones.iter().position(|phone| phone.config().sip.ip() == to.remote.ip());
        let message = parse(bytes.clone());
        assert!(message.is_ok(), "the switch sends what it would not read: {}", String::from_utf8_lossy(&bytes));
        let Some(person) = person else { return };
        if let Ok(Message::Response(response)) = &message
            && response.status.code() >= 200
            && let Ok(cseq) = response.headers.cseq()
            && cseq.method == Method::Invite
            && let Ok(via) = response.headers.via()
            && let Some(branch) = via.unique_branch()
        {
            let key = (person, format!("{branch} {}", via.sent_by()));
            self.open.remove(&key);
            self.answered.insert(key);
        }
        self.wire.push_back((false, person, bytes.to_vec()));
    }

    fn command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Open { port, .. } => {
                self.ports.entry(port).or_insert(None);
            }
            MediaCommand::Set { port, spec } => {
                let known = self.ports.get_mut(&port).expect("a port that is open");
                *known = match spec.source {
                    media::Source::Play { play, repeat: false, .. } if spec.start != media::Start::Wait => Some(play),
                    _ => None,
                };
            }
            MediaCommand::Digits { port, .. } => assert!(self.ports.contains_key(&port), "{port} is not open"),
            MediaCommand::HandOver { port, .. } | MediaCommand::Expect { port } => {
                panic!("{port} is to move, and there is one media thread")
            }
            MediaCommand::Record(recording) => {
                for port in recording.left.iter().chain(&recording.right) {
                    assert!(self.ports.contains_key(port), "{port} is to be recorded and is not open");
                }
                self.recorded.insert(recording.contact);
            }
            MediaCommand::EndRecording { contact, elsewhere } => {
                assert!(self.recorded.remove(&contact) && !elsewhere, "{contact} is not recorded");
            }
            MediaCommand::Close { port } => {
                assert!(self.ports.remove(&port).is_some(), "{port} was not open");
                self.engine
                    .handle_input(self.now, Input::Media(MediaEvent::Closed { port, stats: PortStats::default() }));
            }
        }
    }

    /// Carries datagrams until nobody says anything more.
    fn settle(&mut self) {
        for _ in 0..CIRCLE {
            for person in 0..self.phones.len() {
                while let Some(out) = self.phones[person].poll_output() {
                    if let PhoneOut::Sip { bytes, .. } = out {
                        self.said.push_back((person, bytes.clone()));
                        if self.said.len() > 24 {
                            self.said.pop_front();
                        }
                        self.wire.push_back((true, person, bytes));
                    }
                }
            }
            let Some((to_switch, person, bytes)) = self.wire.pop_front() else { return };
            let trick = match self.tricks.front() {
                Some((side, trick)) if *side == to_switch => {
                    let trick = *trick;
                    self.tricks.pop_front();
                    Some(trick)
                }
                _ => None,
            };
            match trick {
                Some(Trick::Drop) => continue,
                Some(Trick::Keep) => {
                    self.kept.push((to_switch, person, bytes));
                    continue;
                }
                Some(Trick::Repeat) => self.wire.push_back((to_switch, person, bytes.clone())),
                None => {}
            }
            if to_switch {
                self.receive(person, bytes);
            } else {
                self.phones[person].sip(self.now, self.switch, &bytes);
            }
        }
        panic!("the wire never falls silent");
    }

    /// Time passes; what plays has been played at its end.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        let mut still = 0;
        loop {
            let phones = self.phones.iter().filter_map(Phone::deadline);
            let Some(next) = phones.chain(self.engine.deadline()).min().filter(|at| *at <= until) else { break };
            still = if next <= self.now { still + 1 } else { 0 };
            assert!(still < 1_000, "time stands still");
            self.now = self.now.max(next);
            if self.engine.deadline().is_some_and(|at| at <= self.now) {
                self.input(Input::Wake);
            }
            for phone in &mut self.phones {
                if phone.deadline().is_some_and(|at| at <= self.now) {
                    phone.wake(self.now);
                }
            }
            self.settle();
        }
        self.now = until;
        if time >= Duration::from_secs(1) {
            let played: Vec<_> = self.ports.iter().filter_map(|(port, play)| Some((*port, (*play)?))).collect();
            for (port, play) in played {
                if self.ports.get(&port) == Some(&Some(play)) {
                    self.ports.insert(port, None);
                    self.input(Input::Media(MediaEvent::Played { port, play }));
                    self.settle();
                }
            }
        }
    }

    fn hold_the_laws(&self) {
        let broken = self.engine.broken_laws();
        assert!(broken.is_empty(), "{broken:#?}");
        let counts = self.engine.counts();
        // What came in may be remembered for its 32 seconds, and rings at so many phones.
        let most = 8 * self.inputs + 64;
        assert!(counts.calls.max(counts.legs).max(counts.sessions).max(counts.transactions) <= most, "{counts:?}");
    }

    fn end(&mut self) {
        self.tricks.clear();
        self.input(Input::HangUpAll);
        self.settle();
        for person in 0..self.phones.len() {
            while let Some(line) = self.phones[person].live_line() {
                if !self.phones[person].hang_up(self.now, line) {
                    break;
                }
            }
        }
        self.settle();
        self.pass(AFTERWARDS);
        self.hold_the_laws();
        assert!(self.open.is_empty(), "INVITEs without a final answer: {:?}", self.open);
        assert!(self.engine.is_empty(), "everybody has gone and there is {:?}", self.engine.counts());
        assert!(self.ports.is_empty(), "everybody has gone and these ports are open: {:?}", self.ports);
    }
}

/// The key of an INVITE of its own: one without a branch that tells it apart is known by more than its answer shows.
fn invite(person: usize, message: &Message) -> Option<(usize, String)> {
    let Message::Request(request) = message else { return None };
    let via = request.headers.via().ok()?;
    let branch = via.unique_branch()?;
    (request.method == Method::Invite).then(|| (person, format!("{branch} {}", via.sent_by())))
}

fn trick(byte: u8) -> Trick {
    match byte % 4 {
        0 => Trick::Drop,
        1 | 2 => Trick::Repeat,
        _ => Trick::Keep,
    }
}

fn button(which: usize, more: u8, connection: &str) -> Button {
    let (contact, connection) = (None, connection.to_owned());
    let colleague = PEOPLE[usize::from(more) % AGENTS];
    let target = match more % 5 {
        4 => Addressee::Destination(NUMBERS[usize::from(more >> 4) % NUMBERS.len()].to_owned()),
        _ => Addressee::QuickConnect(QuickConnectId::from(colleague)),
    };
    match which % 16 {
        0 => Button::PutAgentState { status: if more & 1 == 0 { "Available" } else { "Offline" }.into() },
        1 => Button::AcceptContact { contact },
        2 => Button::RejectContact { contact },
        3 => Button::ClearContact { contact },
        4..7 => Button::CreateAdditionalConnection { contact, target },
        7 => Button::ConferenceConnections { contact },
        8 => Button::ToggleActiveConnections { contact },
        9 => Button::HoldAll { contact },
        10 => Button::ResumeAll { contact },
        11 => Button::HoldConnection { contact, connection },
        12 => Button::ResumeConnection { contact, connection },
        13 => Button::DestroyConnection { contact, connection },
        14 => Button::SendDigits { contact, connection, digits: "1,2#".into() },
        _ if more & 2 == 0 => Button::Leave { contact },
        _ if more & 1 == 0 => Button::SuspendContactRecording { contact },
        _ => Button::ResumeContactRecording { contact },
    }
}
