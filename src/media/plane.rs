//! All ports of one media thread: commands and packets in, packets and events out, on one 20 ms clock.

mod arriving;
mod feeds;
mod handover;
mod recording;

pub use handover::Handed;

use super::command::{MediaCommand, MediaEvent, Piece, PortSpec, PortStats, Source, Start};
use super::latch::Expectation;
use super::mixer::Mixer;
use super::player::Player;
use super::port::{Feed, Port};
use super::recorder::Recorder;
use crate::audio::{Library, Tones};
use crate::ids::{ContactId, Mint, PortId, ShardId};
use crate::limits::FRAME;
use crate::rtp::{self, Sequencer};
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// A thread that was held up sends at most so many frames at once; what is older was not heard.
const CATCH_UP: u32 = 3;
/// Reports and the watchdog look at each port once in so many frames, in turn.
const ROUNDS: usize = 25;

/// Where everything goes that comes out of a [`Plane`].
pub trait Sink {
    /// From the port's RTP socket: also RTCP, where both share one.
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]);
    fn rtcp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]);
    fn event(&mut self, event: MediaEvent);
    /// Bind RTP at `local` and RTCP one above.
    fn open(&mut self, port: PortId, local: SocketAddr);
    fn close(&mut self, port: PortId);
    /// Give the port with its sockets to another thread's plane: [`Plane::arrive`].
    fn hand_over(&mut self, handed: Handed, to: ShardId);
    /// To whoever keeps the recordings. Must not wait.
    fn record(&mut self, piece: Piece);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a port may receive nothing before [`MediaEvent::Silent`]; zero is for ever.
    pub rtp_timeout: Duration,
    /// Our name in RTCP (RFC 3550 section 6.5.1).
    pub cname: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { rtp_timeout: Duration::from_secs(60), cname: "switch@cordboard".into() }
    }
}

/// One media thread's ports, without its sockets.
#[derive(Debug)]
pub struct Plane {
    mint: Mint,
    library: Arc<Library>,
    tones: Tones,
    settings: Settings,
    /// By slot. A slot is what ports call each other by; it is free again when its port closes.
    ports: Vec<Option<Port>>,
    free: Vec<usize>,
    /// Only looked up, never walked through.
    slots: HashMap<PortId, usize>,
    /// Who wishes to hear whom, whether that port is there or not.
    hearers: BTreeMap<PortId, BTreeSet<PortId>>,
    /// Ports on their way here from another thread, and what was said of them since.
    expected: BTreeMap<PortId, Vec<MediaCommand>>,
    mixer: Mixer,
    recorders: BTreeMap<ContactId, Recorder>,
    /// How many recorders listen to a port, whether it is there or not.
    taps: BTreeMap<PortId, usize>,
    /// When the next frame is due.
    next: Option<Time>,
    round: usize,
}

impl Plane {
    #[must_use]
    pub fn new(seed: u64, library: Arc<Library>, settings: Settings) -> Self {
        Plane {
            mint: Mint::new(seed),
            library,
            tones: Tones::new(),
            settings,
            ports: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            hearers: BTreeMap::new(),
            expected: BTreeMap::new(),
            mixer: Mixer::default(),
            recorders: BTreeMap::new(),
            taps: BTreeMap::new(),
            next: None,
            round: 0,
        }
    }

    /// New prompts; what is being played goes on as it is.
    pub fn set_library(&mut self, library: Arc<Library>) {
        self.library = library;
    }

    /// How many ports are open.
    #[must_use]
    pub fn ports(&self) -> usize {
        self.slots.len()
    }

    #[must_use]
    pub fn stats(&self, port: PortId) -> Option<PortStats> {
        Some(self.port(*self.slots.get(&port)?)?.stats())
    }

    /// When [`Plane::tick`] has something to do. Nothing, while no port is open.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.next
    }

    pub fn command(&mut self, now: Time, command: MediaCommand, sink: &mut impl Sink) {
        let Some(command) = self.keep(command) else { return };
        match command {
            MediaCommand::Open { port, local } => self.open(now, port, local, sink),
            MediaCommand::Set { port, spec } => self.set(now, port, spec, sink),
            MediaCommand::Digits { port, digits } => {
                if let Some(port) = self.at(port) {
                    port.dialer.dial(&digits);
                }
            }
            MediaCommand::HandOver { port, to } => self.hand_over(port, to, sink),
            MediaCommand::Expect { port } => self.expect(port),
            MediaCommand::Close { port } => self.close(now, port, sink),
            MediaCommand::Record(recording) => self.record(recording),
            MediaCommand::EndRecording { contact, elsewhere } => self.end_recording(now, contact, elsewhere, sink),
        }
    }

    fn open(&mut self, now: Time, id: PortId, local: SocketAddr, sink: &mut impl Sink) {
        sink.open(id, local);
        if self.slots.contains_key(&id) {
            return; // Another address for a port whose first one could not be bound.
        }
        let sequencer = Sequencer::new(self.mint.u32(), self.mint.u32() as u16, self.mint.u32());
        self.settle(Port::new(id, sequencer));
        self.next.get_or_insert(now + FRAME);
        self.plan_hearers(id);
    }

    /// Gives a port a slot.
    fn settle(&mut self, mut port: Port) -> usize {
        for _ in 0..self.taps_of(port.out.id) {
            port.tapped(true);
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.ports.push(None);
                self.ports.len() - 1
            }
        };
        self.slots.insert(port.out.id, slot);
        if let Some(place) = self.ports.get_mut(slot) {
            *place = Some(port);
        }
        slot
    }

    /// Takes a port out of its slot, which nobody may hear any more.
    fn release(&mut self, slot: usize) -> Option<Port> {
        let port = self.ports.get_mut(slot).and_then(Option::take)?;
        self.free.push(slot);
        if self.slots.is_empty() {
            self.next = None;
        }
        Some(port)
    }

    fn set(&mut self, now: Time, id: PortId, spec: PortSpec, sink: &mut impl Sink) {
        let Some(slot) = self.slots.get(&id).copied() else { return };
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) else { return };
        if spec.generation < port.spec.generation {
            return; // Overtaken by a later wish.
        }
        let before = std::mem::replace(&mut *port.spec, spec);
        if (before.receive, before.send) != (port.spec.receive, port.spec.send) {
            // Whoever was held need not have said anything: the watchdog begins anew.
            port.alive = port.alive.map(|_| now);
        }
        if (before.remote, before.rtcp) != (port.spec.remote, port.spec.rtcp) {
            port.rtcp_seen = None;
        }
        let wish = Expectation {
            remote: port.spec.remote,
            symmetric: port.spec.latch,
            signalled: port.spec.signalled,
            confirmed: port.spec.start != Start::Wait,
            sends: port.spec.send,
        };
        port.latch.expect(now, wish);
        port.aim();
        if port.spec.telephone_event != before.telephone_event {
            port.dialer.clear();
        }
        let source = (before.source != port.spec.source).then(|| port.spec.source.clone());
        let heard =
            (before.receive, before.codec, &before.accepts) != (port.spec.receive, port.spec.codec, &port.spec.accepts);
        if let Some(Source::Play { play, sounds, repeat }) = &source
            && port.player.as_ref().is_none_or(|player| player.play != *play)
        {
            let mut player = Player::new(*play, sounds, *repeat, &self.library, &self.tones);
            if player.ended() {
                sink.event(MediaEvent::Played { port: id, play: *play });
            }
            port.player = Some(player);
            port.out.sequencer.change();
        }
        if let Some(source) = source {
            self.listen(id, &before.source, false);
            self.listen(id, &source, true);
        }
        self.plan(slot);
        if heard {
            self.plan_hearers(id);
        }
    }

    fn close(&mut self, now: Time, id: PortId, sink: &mut impl Sink) {
        let Some(slot) = self.slots.remove(&id) else { return };
        if let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) {
            if let Some(to) = port.rtcp_to() {
                let report = port.reception.report(now);
                let goodbye = rtp::goodbye(&port.sender(now), report, &self.settings.cname);
                port.send_rtcp(to, &goodbye, sink);
            }
            let source = std::mem::take(&mut port.spec.source);
            self.listen(id, &source, false);
        }
        self.feed(slot, Feed::Silence);
        // Whoever heard it lets go of its slot before that is given to another.
        self.plan_hearers(id);
        if let Some(port) = self.release(slot) {
            sink.event(MediaEvent::Closed { port: id, stats: port.stats() });
        }
        sink.close(id);
    }

    /// Runs every frame that is due.
    pub fn tick(&mut self, now: Time, sink: &mut impl Sink) {
        let Some(mut due) = self.next.filter(|due| *due <= now) else { return };
        let behind = u32::try_from(now.since(due).as_micros() / FRAME.as_micros()).unwrap_or(u32::MAX);
        due += FRAME * behind.saturating_sub(CATCH_UP - 1);
        while due <= now {
            self.frame(due, sink);
            due += FRAME;
        }
        self.next = Some(due);
    }

    fn frame(&mut self, now: Time, sink: &mut impl Sink) {
        for port in self.ports.iter_mut().flatten() {
            port.pull(now);
        }
        self.mixer.mix(&self.ports);
        self.record_frame(now, sink);
        self.round = (self.round + 1) % ROUNDS;
        for (slot, port) in self.ports.iter_mut().enumerate() {
            let Some(port) = port else { continue };
            port.frame(now, &self.mixer, sink);
            if slot % ROUNDS == self.round {
                look_after(now, port, &self.settings, &mut self.mint, sink);
            }
        }
    }

    fn port(&self, slot: usize) -> Option<&Port> {
        self.ports.get(slot)?.as_ref()
    }

    fn at(&mut self, id: PortId) -> Option<&mut Port> {
        let slot = *self.slots.get(&id)?;
        self.ports.get_mut(slot)?.as_mut()
    }
}

/// Reports, quality and the watchdog.
fn look_after(now: Time, port: &mut Port, settings: &Settings, mint: &mut Mint, sink: &mut impl Sink) {
    if port.taps == 0 {
        // A port that was handed over is heard here again by now, or never.
        port.deafen();
    }
    if port.fell_silent(now, settings.rtp_timeout) {
        sink.event(MediaEvent::Silent { port: port.out.id });
    }
    if let Some(stats) = port.quality(now) {
        sink.event(MediaEvent::Quality { port: port.out.id, stats });
    }
    let Some(to) = port.rtcp_to() else { return };
    match port.report_due {
        Some(due) if due <= now => {
            port.report_due = Some(now + rtp::interval(false, mint));
            let report = port.reception.report(now);
            port.send_rtcp(to, &rtp::report(&port.sender(now), report, &settings.cname), sink);
        }
        Some(_) => {}
        None => port.report_due = Some(now + rtp::interval(true, mint)),
    }
}
