//! Engine, media, wires and phones in one loop of virtual time.

use crate::sound::Media;
use cordboard::engine::snapshot::AgentSnapshot;
use cordboard::engine::{Button, CcpEvent, ContactEvent, Engine, Input, Output, Refusal};
use cordboard::ids::{AgentId, Mint, Ticket};
use cordboard::phone::{Direction, LineId, LineState, Phone, PhoneConfig, PhoneEvent, PhoneOut, ear};
use cordboard::sip::{self, Link, Transport};
use cordboard::site::Site;
use cordboard::story::network::{Parcel, Wires};
use cordboard::story::script::Network;
use cordboard::telemetry::Ladder;
use cordboard::time::{Time, earliest};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

pub const BEGIN: Time = Time::from_micros(1_795_363_200_000_000);
/// Rounds without time passing: more is a circle.
const STANDSTILL: u32 = 2_000;

pub struct Handset {
    pub name: String,
    pub agent: bool,
    pub phone: Phone,
    pub plugged: bool,
    /// It has missed something, or takes no requests: what it believes may be wrong.
    pub was_unplugged: bool,
    /// Lines whose Hold key was pressed at some time.
    pub held: BTreeSet<LineId>,
    /// Lines that its own hand, or a time that ran out, has ended.
    pub left: BTreeSet<LineId>,
    pub heard_at: BTreeMap<LineId, Time>,
    deadline: Option<Time>,
}

impl Handset {
    pub fn live(&self) -> impl Iterator<Item = &cordboard::phone::Line> {
        self.phone.lines().filter(|line| line.state() != LineState::Ended)
    }
}

/// INVITEs and REFERs that have arrived and have no final answer yet, by the address of the phone, the Call-ID and the CSeq.
#[derive(Default)]
struct Invites {
    open: BTreeSet<(bool, SocketAddr, String, String)>,
    done: BTreeSet<(bool, SocketAddr, String, String)>,
}

pub struct World {
    pub now: Time,
    pub mint: Mint,
    pub site: Arc<Site>,
    pub engine: Engine,
    pub media: Media,
    pub wires: Wires,
    pub network: Network,
    pub hands: Vec<Handset>,
    pub trace: Vec<(Time, String)>,
    pub broken: Vec<String>,
    pub ladder: Option<Ladder>,
    places: BTreeMap<SocketAddr, usize>,
    invites: Invites,
    switch: SocketAddr,
    ticket: u64,
    replies: BTreeMap<Ticket, Result<(), Refusal>>,
    /// Laws are held after every input, not only after those by which something of a call changed.
    pub thorough: bool,
    /// Laws are held only when somebody asks for it: there is too much to look at.
    pub asked: bool,
    /// What supervisors' screens have said at some time.
    pub banners: BTreeSet<&'static str>,
    /// Laws are to be held.
    stirred: bool,
    /// What was told of contacts: which, what, and whether it came by a transfer. Only where laws are asked for.
    pub contacts: Vec<(String, &'static str, bool)>,
    /// The contacts that agents' phones are called for, by Call-ID.
    pub offers: BTreeMap<String, String>,
    still: u32,
}

impl World {
    pub fn new(seed: u64, site: Arc<Site>, network: Network, real: bool, people: Vec<PhoneConfig>) -> World {
        let switch = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        let mut mint = Mint::new(seed);
        let unbindable = if mint.below(10) == 0 { 100 } else { 0 };
        let shards = 1 + u16::try_from(seed % 3).unwrap_or(0);
        let mut world = World {
            now: BEGIN,
            engine: Engine::new(BEGIN, Arc::clone(&site), mint.u64(), vec![(Transport::Udp, switch)], shards),
            media: Media::new(real, shards, unbindable, &site.library, mint.u64()),
            wires: Wires::new(network.clone(), mint.u64()),
            network,
            mint,
            site,
            hands: Vec::new(),
            trace: Vec::new(),
            broken: Vec::new(),
            ladder: None,
            places: BTreeMap::new(),
            invites: Invites::default(),
            switch,
            ticket: 0,
            replies: BTreeMap::new(),
            thorough: real || seed.is_multiple_of(10),
            asked: false,
            banners: BTreeSet::new(),
            stirred: false,
            contacts: Vec::new(),
            offers: BTreeMap::new(),
            still: 0,
        };
        for (number, mut config) in people.into_iter().enumerate() {
            config.note_hz = ear::NOTES.get(number % ear::NOTES.len()).copied().map_or(350.0, f32::from);
            config.registrar = switch;
            config.domain.clone_from(&world.site.sip.domain);
            config.seed = world.mint.u64();
            config.habits.no_rtp |= !real;
            for address in [config.sip, config.rtp] {
                world.places.insert(address, number);
            }
            let twins = world.hands.iter().filter(|hand| hand.phone.config().user == config.user).count();
            let name = if twins == 0 { config.user.clone() } else { format!("{}-{}", config.user, twins + 1) };
            let was_unplugged = config.habits.silent;
            world.hands.push(Handset {
                name,
                agent: config.password.is_some(),
                phone: Phone::new(config),
                plugged: true,
                was_unplugged,
                held: BTreeSet::new(),
                left: BTreeSet::new(),
                heard_at: BTreeMap::new(),
                deadline: None,
            });
        }
        world
    }

    pub fn draw_ladder(&mut self) {
        let mut ladder = Ladder::new(4_000);
        ladder.party("switch");
        ladder.name(self.switch, "switch");
        for hand in &self.hands {
            ladder.name(hand.phone.config().sip, &hand.name);
        }
        self.ladder = Some(ladder);
    }

    pub fn tell(&mut self, text: impl Into<String>) {
        let text = text.into();
        if let Some(ladder) = &mut self.ladder {
            ladder.note(self.now, text.clone());
        }
        self.trace.push((self.now, text));
    }

    fn deadline(&self) -> Option<Time> {
        let switch = earliest(self.engine.deadline(), self.media.deadline());
        let hands = self.hands.iter().filter_map(|hand| hand.deadline).min();
        earliest(switch, earliest(self.wires.deadline(), hands))
    }

    pub fn run(&mut self, until: Time) {
        while let Some(next) = self.deadline().filter(|next| *next <= until) {
            self.still = if next <= self.now { self.still + 1 } else { 0 };
            if self.still > STANDSTILL {
                let due = [self.engine.deadline(), self.media.deadline(), self.wires.deadline()];
                self.broken.push(format!("time stands still: engine, media, wires are due at {due:?}"));
                return;
            }
            self.now = self.now.max(next);
            self.step();
            if !self.broken.is_empty() {
                return;
            }
        }
        self.now = self.now.max(until);
    }

    fn step(&mut self) {
        while let Some(parcel) = self.wires.arrived(self.now) {
            self.deliver(parcel);
            self.flush();
        }
        if self.engine.deadline().is_some_and(|at| at <= self.now) {
            self.input(Input::Wake);
            self.flush();
        }
        if self.media.deadline().is_some_and(|at| at <= self.now) {
            let hands = &self.hands;
            self.media.wake(self.now, |local| {
                hands.iter().filter(|hand| hand.plugged).any(|hand| {
                    hand.live()
                        .any(|line| line.remote_rtp() == Some(local) && line.direction().is_some_and(Direction::sends))
                })
            });
            self.flush();
        }
        for at in 0..self.hands.len() {
            if self.hands[at].deadline.is_some_and(|due| due <= self.now) {
                self.hands[at].phone.wake(self.now);
                self.attend(at);
            }
        }
        self.flush();
        if std::mem::take(&mut self.stirred) && !self.asked {
            self.hold_the_laws();
        }
    }

    pub fn hold_the_laws(&mut self) {
        self.broken.extend(self.engine.broken_laws());
        self.broken.append(&mut self.media.faults);
        self.broken.extend(self.media.torn());
    }

    fn input(&mut self, input: Input) {
        self.stirred |= self.thorough;
        self.engine.handle_input(self.now, input);
    }

    pub fn event(&mut self, event: cordboard::media::MediaEvent) {
        self.input(Input::Media(event));
        self.flush();
    }

    fn deliver(&mut self, parcel: Parcel) {
        let Parcel { from, to, mut bytes, is_sip } = parcel;
        if let Some(at) = self.places.get(&to).copied() {
            if !self.hands[at].plugged {
                return;
            }
            if is_sip {
                if !self.hands[at].phone.habits().silent {
                    self.invites.arrived(false, to, &bytes);
                }
                self.hands[at].phone.sip(self.now, from, &bytes);
            } else {
                let hand = &mut self.hands[at];
                hand.phone.rtp(self.now, from, &bytes);
                let line = hand.live().find(|line| line.remote_rtp() == Some(from)).map(cordboard::phone::Line::id);
                if let Some(line) = line {
                    hand.heard_at.insert(line, self.now);
                }
            }
            self.attend(at);
        } else if to == self.switch {
            self.invites.arrived(true, from, &bytes);
            let link = Link { transport: Transport::Udp, local: self.switch, remote: from };
            match sip::parse(bytes.into()) {
                Ok(message) => self.input(Input::Sip { from: link, message }),
                Err(fault) => {
                    if let Some(answer) = fault.answer(from) {
                        self.send(self.switch, from, answer.to_vec());
                    }
                }
            }
        } else {
            self.media.rtp(self.now, from, to, &mut bytes);
        }
    }

    fn told_of(&mut self, event: &ContactEvent) {
        if self.asked {
            let transfer = event.initiation_method == "TRANSFER";
            self.contacts.push((event.contact_id.clone(), event.event_type, transfer));
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if self.asked && from == self.switch && bytes.starts_with(b"INVITE ") {
            let value = |name| value(&bytes, name);
            self.offers.extend(value("\r\nCall-ID: ").zip(value("\r\nX-Contact-Id: ")));
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.wire(self.now, from, to, &bytes);
        }
        let by_switch = from == self.switch;
        self.invites.answered(by_switch, if by_switch { to } else { from }, &bytes);
        self.wires.send(self.now, Parcel { from, to, bytes, is_sip: true });
    }

    /// Takes what a phone has to say.
    fn attend(&mut self, at: usize) {
        let (sip, rtp) = (self.hands[at].phone.config().sip, self.hands[at].phone.config().rtp);
        while let Some(out) = self.hands[at].phone.poll_output() {
            match out {
                PhoneOut::Sip { .. } | PhoneOut::Rtp { .. } if !self.hands[at].plugged => {}
                PhoneOut::Sip { to, bytes } => self.send(sip, to, bytes),
                PhoneOut::Rtp { to, bytes } => {
                    self.wires.send(self.now, Parcel { from: rtp, to, bytes, is_sip: false });
                }
                PhoneOut::Event(event) => self.notice(at, &event),
            }
        }
        self.hands[at].deadline = self.hands[at].phone.deadline();
    }

    fn notice(&mut self, at: usize, event: &PhoneEvent) {
        let name = self.hands[at].name.clone();
        match event {
            PhoneEvent::Ringing { line, .. } => self.tell(format!("  {name}'s {line} rings")),
            PhoneEvent::Answered { line } => self.tell(format!("  {name}'s {line} is up")),
            PhoneEvent::Ended { line, local: true, .. } => {
                self.hands[at].left.insert(*line);
            }
            PhoneEvent::Ended { line, local: false, status, .. } => {
                self.tell(format!("  {name}'s {line} is ended with {status:?}"));
            }
            PhoneEvent::Referred { line, status } => self.tell(format!("  {name}'s transfer of {line} gets {status}")),
            PhoneEvent::TransferTold { line, status, .. } => {
                self.tell(format!("  {name} is told {status} of the transfer of {line}"));
            }
            PhoneEvent::Complaint(complaint) => {
                self.tell(format!("  {name} complains: {}", complaint.text));
                if !crate::laws::explained(&complaint.text, &self.hands[at], self) {
                    self.broken.push(format!("{name} complains: {complaint}"));
                }
            }
            _ => {}
        }
    }

    pub fn flush(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.engine.poll_output() {
                quiet = false;
                // What changes in a call is heard, seen on a screen, or told as a contact's event.
                self.stirred |= matches!(output, Output::Media(..) | Output::Ccp(..) | Output::Contact(..));
                match output {
                    Output::Send { to, bytes } => self.send(self.switch, to.remote, bytes.to_vec()),
                    Output::Media(shard, command) => self.media.command(self.now, shard, command),
                    Output::Reply(ticket, reply) => {
                        self.replies.insert(ticket, reply.map(drop));
                    }
                    Output::Contact(event) => self.told_of(&event),
                    Output::Record(_, event) => self.told_of(&event),
                    Output::Ccp(_, CcpEvent::Snapshot(_)) | Output::Remember(..) | Output::Ask(_) => {}
                }
            }
            for event in std::mem::take(&mut self.media.said.events) {
                quiet = false;
                self.input(Input::Media(event));
            }
            for (from, to, bytes) in std::mem::take(&mut self.media.said.packets) {
                self.wires.send(self.now, Parcel { from, to, bytes, is_sip: false });
            }
            if quiet {
                return;
            }
        }
    }

    /// A hand at a phone.
    pub fn with_phone<R>(&mut self, at: usize, act: impl FnOnce(Time, &mut Phone) -> R) -> R {
        let result = act(self.now, &mut self.hands[at].phone);
        self.attend(at);
        self.flush();
        result
    }

    pub fn press(&mut self, agent: &str, button: Button) -> String {
        self.ticket += 1;
        let ticket = Ticket(self.ticket);
        self.input(Input::Button { agent: AgentId::from(agent), button, ticket });
        self.flush();
        match self.replies.remove(&ticket) {
            Some(Ok(())) => "done".to_owned(),
            Some(Err(refusal)) => refusal.to_string(),
            None => {
                self.broken.push("a button got no reply".to_owned());
                "no reply".to_owned()
            }
        }
    }

    pub fn hang_up_all(&mut self) {
        self.input(Input::HangUpAll);
        self.flush();
    }

    /// Another installation, taken over without dropping a call.
    pub fn reload(&mut self, site: Arc<Site>) {
        self.site = Arc::clone(&site);
        self.input(Input::Reload(site));
        self.flush();
    }

    pub fn screen(&self, agent: &str) -> Option<AgentSnapshot> {
        self.engine.snapshot(&AgentId::from(agent))
    }

    /// INVITEs and REFERs that came to one end and never got a final answer from there.
    pub fn unanswered(&self) -> Vec<String> {
        let name = |address: &SocketAddr| {
            self.places.get(address).and_then(|at| self.hands.get(*at)).map_or("?", |hand| hand.name.as_str())
        };
        let whom = |by_switch: &bool, phone| {
            if *by_switch {
                format!("{}'s at the switch", name(phone))
            } else {
                format!("the switch's at {}", name(phone))
            }
        };
        // An unplugged phone's answers go nowhere.
        let deaf = |phone| self.places.get(phone).and_then(|at| self.hands.get(*at)).is_some_and(|h| h.was_unplugged);
        let open = self.invites.open.iter().filter(|(at_switch, phone, ..)| *at_switch || !deaf(phone));
        open.map(|(switch, phone, id, cseq)| format!("a request of {}: {id} {cseq}", whom(switch, phone))).collect()
    }
}

/// What stands behind a header's name.
fn value(bytes: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let from = text.find(name)? + name.len();
    text.get(from..)?.lines().next().map(str::to_owned)
}

impl Invites {
    fn key(at_switch: bool, phone: SocketAddr, bytes: &[u8]) -> Option<(bool, SocketAddr, String, String)> {
        let value = |name| value(bytes, name);
        let cseq = value("\r\nCSeq: ")?;
        (cseq.ends_with("INVITE") || cseq.ends_with("REFER")).then_some((
            at_switch,
            phone,
            value("\r\nCall-ID: ")?,
            cseq,
        ))
    }

    fn arrived(&mut self, at_switch: bool, phone: SocketAddr, bytes: &[u8]) {
        if (bytes.starts_with(b"INVITE ") || bytes.starts_with(b"REFER "))
            && let Some(key) = Invites::key(at_switch, phone, bytes)
            && !self.done.contains(&key)
        {
            self.open.insert(key);
        }
    }

    fn answered(&mut self, by_switch: bool, phone: SocketAddr, bytes: &[u8]) {
        let is_final = bytes.starts_with(b"SIP/2.0 ") && bytes.get(8).is_some_and(|digit| *digit >= b'2');
        if is_final && let Some(key) = Invites::key(by_switch, phone, bytes) {
            self.open.remove(&key);
            self.done.insert(key);
        }
    }
}
