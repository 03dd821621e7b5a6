//! A stage in virtual time: the engine, its media plane, the phones and the wires between them in one loop.
//!
//! Nothing here waits: time is what the next deadline says. An hour of story is seconds of test.

use super::cast::{Cast, Place, Sent, Switchboard};
use super::evidence::Evidence;
use super::keys::Key;
use super::network::{Parcel, Wires};
use super::outside::with_far_ends;
use super::script::{Party, Story};
use super::stage::Stage;
use crate::engine::record::ContactRecord;
use crate::engine::snapshot::AgentSnapshot;
use crate::engine::{Button, CcpEvent, ContactEvent, Engine, Fact, Input, Output, Refusal};
use crate::ids::{AgentId, PortId, ShardId, Ticket};
use crate::media::{Handed, MediaCommand, MediaEvent, Piece, Plane, Sink};
use crate::sip::{self, Link, Transport};
use crate::site::Site;
use crate::telemetry::Ladder;
use crate::time::{Duration, Time, earliest};
use crate::trunk::Answer;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Stories begin on a fixed day, so that what they record is the same every time.
const BEGIN: Time = Time::from_micros(1_795_363_200_000_000);
/// Rungs of the ladder that are kept.
const RUNGS: usize = 2_000;
/// As many as it takes for calls to live on different media threads.
const SHARDS: u16 = 2;

pub struct VirtualStage {
    now: Time,
    site: Arc<Site>,
    engine: Engine,
    planes: Vec<Plane>,
    ports: PortTable,
    cast: Cast,
    wires: Wires,
    pub ladder: Ladder,
    /// The records of the contacts that are completed, in the order of their ends.
    pub records: Vec<ContactRecord>,
    pub events: Vec<ContactEvent>,
    switch: SocketAddr,
    ticket: u64,
    replies: BTreeMap<Ticket, Result<(), Refusal>>,
    /// Bounds the loop: a circle of inputs without time passing is a fault of the switch.
    pub steps: u64,
}

/// The sockets that the plane has asked for, and what it sent through them.
#[derive(Default)]
struct PortTable {
    by_port: BTreeMap<PortId, SocketAddr>,
    by_address: BTreeMap<SocketAddr, PortId>,
    /// On which plane a port lives.
    home: BTreeMap<PortId, ShardId>,
    sent: Vec<Parcel>,
    events: Vec<MediaEvent>,
    handed: Vec<(Handed, ShardId)>,
    pieces: Vec<Piece>,
}

impl Sink for PortTable {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        if let Some(from) = self.by_port.get(&port) {
            self.sent.push(Parcel { from: *from, to, bytes: packet.to_vec(), is_sip: false });
        }
    }

    /// The phones have no ear for RTCP.
    fn rtcp(&mut self, _port: PortId, _to: SocketAddr, _packet: &[u8]) {}

    fn event(&mut self, event: MediaEvent) {
        self.events.push(event);
    }

    fn open(&mut self, port: PortId, local: SocketAddr) {
        self.by_port.insert(port, local);
        self.by_address.insert(local, port);
    }

    fn close(&mut self, port: PortId) {
        if let Some(local) = self.by_port.remove(&port) {
            self.by_address.remove(&local);
        }
        self.home.remove(&port);
    }

    fn hand_over(&mut self, handed: Handed, to: ShardId) {
        self.handed.push((handed, to));
    }

    fn record(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }
}

impl VirtualStage {
    #[must_use]
    pub fn new(story: &Story, site: Arc<Site>, seed: u64) -> VirtualStage {
        let switch = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        let place = |number: usize| {
            let ip = Ipv4Addr::new(127, 0, 1, u8::try_from(number + 1).unwrap_or(u8::MAX));
            Place { sip: (ip, 5060).into(), rtp: (ip, 40_000).into() }
        };
        let site = Arc::new(with_far_ends(Site::clone(&site), story, |number| place(number).sip));
        let board = Switchboard::of(&site, switch);
        let cast = Cast::new(story, &board, &site.library, seed, place);
        let mut ladder = Ladder::new(RUNGS);
        let mut members = story.members.iter();
        if let Some(first) = members.next() {
            ladder.party(first.party.as_str());
        }
        ladder.party("switch");
        members.for_each(|member| ladder.party(member.party.as_str()));
        ladder.name(switch, "switch");
        for party in cast.parties() {
            if let Some(phone) = cast.phone(party) {
                ladder.name(phone.config().sip, party.as_str());
            }
        }
        VirtualStage {
            now: BEGIN,
            engine: Engine::new(BEGIN, Arc::clone(&site), seed, vec![(Transport::Udp, switch)], SHARDS),
            planes: (1..=u64::from(SHARDS))
                .map(|number| Plane::new(seed ^ number, Arc::clone(&site.library), site.plane_settings()))
                .collect(),
            site,
            ports: PortTable::default(),
            cast,
            wires: Wires::new(story.network.clone().unwrap_or_default(), seed ^ 2),
            ladder,
            records: Vec::new(),
            events: Vec::new(),
            switch,
            ticket: 0,
            replies: BTreeMap::new(),
            steps: 0,
        }
    }

    #[must_use]
    pub fn begin(&self) -> Time {
        BEGIN
    }

    #[must_use]
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    pub fn cast_mut(&mut self) -> &mut Cast {
        &mut self.cast
    }

    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ports that the media plane still holds open.
    #[must_use]
    pub fn open_ports(&self) -> usize {
        self.planes.iter().map(Plane::ports).sum()
    }

    fn deadline(&self) -> Option<Time> {
        let switch = self.planes.iter().map(Plane::deadline).fold(self.engine.deadline(), earliest);
        earliest(switch, earliest(self.wires.deadline(), self.cast.deadline()))
    }

    /// Everything that is due at this moment.
    fn step(&mut self, evidence: &mut Evidence) {
        self.steps += 1;
        while let Some(parcel) = self.wires.arrived(self.now) {
            self.deliver(parcel, evidence);
            self.flush(evidence);
        }
        if self.engine.deadline().is_some_and(|at| at <= self.now) {
            self.engine.handle_input(self.now, Input::Wake);
            self.flush(evidence);
        }
        for plane in &mut self.planes {
            plane.tick(self.now, &mut self.ports);
        }
        self.flush(evidence);
        self.cast.wake(self.now);
        self.flush(evidence);
    }

    fn deliver(&mut self, parcel: Parcel, evidence: &mut Evidence) {
        let Parcel { from, to, mut bytes, is_sip } = parcel;
        if self.cast.at(to).is_some() {
            self.cast.receive(self.now, from, to, &bytes, is_sip, evidence);
        } else if to == self.switch {
            let link = Link { transport: Transport::Udp, local: self.switch, remote: from };
            match sip::parse(Bytes::from(bytes)) {
                Ok(message) => self.engine.handle_input(self.now, Input::Sip { from: link, message }),
                Err(fault) => {
                    if let Some(answer) = fault.answer(from) {
                        self.send_sip(from, answer.to_vec());
                    }
                }
            }
        } else if let Some(port) = self.ports.by_address.get(&to).copied()
            && let Some(home) = self.ports.home.get(&port)
            && let Some(plane) = self.planes.get_mut(usize::from(home.0))
        {
            plane.rtp(self.now, port, from, &mut bytes, &mut self.ports);
        }
    }

    fn send_sip(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.ladder.wire(self.now, self.switch, to, &bytes);
        self.wires.send(self.now, Parcel { from: self.switch, to, bytes, is_sip: true });
    }

    /// Carries everything that was said to where it goes, until nobody says anything more.
    fn flush(&mut self, evidence: &mut Evidence) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.engine.poll_output() {
                quiet = false;
                match output {
                    Output::Send { to, bytes } => self.send_sip(to.remote, bytes.to_vec()),
                    Output::Media(shard, command) => self.command(shard, command),
                    Output::Reply(ticket, reply) => {
                        let outcome = reply.map(|screen| show(evidence, Arc::new(screen)));
                        self.replies.insert(ticket, outcome);
                    }
                    Output::Ccp(_, CcpEvent::Snapshot(screen)) => show(evidence, screen),
                    Output::Remember(..) => {}
                    Output::Contact(event) => self.events.push(event),
                    Output::Record(record, event) => {
                        self.records.push(*record);
                        self.events.push(*event);
                    }
                    // No story has a name service.
                    Output::Ask(question) => {
                        let none = Fact::Resolved(Answer::Failed);
                        self.engine.handle_input(self.now, Input::Answer(question, none));
                    }
                }
            }
            for piece in std::mem::take(&mut self.ports.pieces) {
                self.recorded(&piece, evidence);
            }
            for event in std::mem::take(&mut self.ports.events) {
                quiet = false;
                self.engine.handle_input(self.now, Input::Media(event));
            }
            for parcel in std::mem::take(&mut self.ports.sent) {
                self.wires.send(self.now, parcel);
            }
            let mut sent = Vec::new();
            self.cast.flush(self.now, evidence, &mut sent);
            for Sent { from, to, bytes, is_sip } in sent {
                if is_sip {
                    self.ladder.wire(self.now, from, to, &bytes);
                }
                self.wires.send(self.now, Parcel { from, to, bytes, is_sip });
            }
            if quiet {
                return;
            }
        }
    }

    /// Recordings are kept as what is heard on each side, under the name of the agent whose contact it is.
    fn recorded(&self, piece: &Piece, evidence: &mut Evidence) {
        let contact = piece.contact.to_string();
        let told = self.events.iter().find_map(|event| event.agent.as_ref().filter(|_| event.contact_id == contact));
        let Some(agent) = told else { return };
        let at = |sample: u64| piece.since + Duration::from_micros(sample * 125);
        let sides = evidence.recordings.entry(Party::from(agent.as_str())).or_default();
        for (side, call) in [&mut sides.left, &mut sides.right].into_iter().enumerate() {
            let pcm: Vec<i16> = piece.pcm.iter().skip(side).step_by(2).copied().collect();
            call.frames.extend(self.cast.listen_to_side(at(piece.from), &pcm));
            call.heard_until = at(piece.to);
        }
    }

    fn command(&mut self, shard: ShardId, command: MediaCommand) {
        if let MediaCommand::Open { port, .. } = command {
            self.ports.home.insert(port, shard);
        }
        if let Some(plane) = self.planes.get_mut(usize::from(shard.0)) {
            plane.command(self.now, command, &mut self.ports);
        }
        while let Some((handed, to)) = self.ports.handed.pop() {
            self.ports.home.insert(handed.port(), to);
            if let Some(plane) = self.planes.get_mut(usize::from(to.0)) {
                plane.arrive(self.now, handed, &mut self.ports);
            }
        }
    }
}

fn show(evidence: &mut Evidence, screen: Arc<AgentSnapshot>) {
    evidence.screens.insert(Party::from(screen.id.as_str()), screen);
}

impl Stage for VirtualStage {
    fn now(&self) -> Time {
        self.now
    }

    fn run(&mut self, until: Time, evidence: &mut Evidence) {
        while let Some(next) = self.deadline().filter(|next| *next <= until) {
            // A deadline in the past is due now.
            self.now = self.now.max(next);
            self.step(evidence);
        }
        self.now = self.now.max(until);
        self.cast.listen(self.now, false, evidence);
        let counts = self.engine.counts();
        evidence.empty = counts.calls + counts.legs + counts.sessions + self.open_ports() == 0;
    }

    fn key(&mut self, party: &Party, key: &Key, evidence: &mut Evidence) -> Result<(), String> {
        let done = self.cast.key(self.now, party, key);
        self.flush(evidence);
        done
    }

    fn is_keying(&self, party: &Party) -> bool {
        self.cast.is_keying(self.now, party)
    }

    fn press(&mut self, agent: &Party, button: Button, evidence: &mut Evidence) -> Result<(), String> {
        self.ticket += 1;
        let ticket = Ticket(self.ticket);
        let agent = AgentId::from(agent.as_str());
        self.engine.handle_input(self.now, Input::Button { agent, button, ticket });
        self.flush(evidence);
        match self.replies.remove(&ticket) {
            Some(Ok(())) => Ok(()),
            Some(Err(refusal)) => Err(refusal.to_string()),
            None => Err("the switch did not reply".to_owned()),
        }
    }

    fn site(&self) -> &Site {
        &self.site
    }
}
