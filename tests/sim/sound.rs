//! The media side of a run: the real plane with its packets, or a stand-in that only knows how long things take.

use cordboard::audio::Library;
use cordboard::ids::{ContactId, Mint, PlayId, PortId, ShardId};
use cordboard::media::{
    Handed, MediaCommand, MediaEvent, Piece, Plane, PortSpec, PortStats, Settings, Sink, Sound, Source, Start,
};
use cordboard::time::{Duration, Time, earliest};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// How often the stand-in looks who still hums, and how long nobody may before the port says so.
const ROUND: Duration = Duration::from_secs(5);
/// The longest that a port is on its way from one media thread to another.
const MOVES: u64 = 15;
const SILENT: Duration = Duration::from_secs(60);

/// A port as the stand-in knows it; beside the real plane only what it was told.
#[derive(Clone, Debug)]
pub struct Known {
    pub local: SocketAddr,
    pub spec: PortSpec,
    /// Its media thread.
    shard: ShardId,
    /// The one that expects it.
    expected: Option<ShardId>,
    play: Option<PlayId>,
    ends: Option<Time>,
    alive: Time,
}

/// What the plane says.
#[derive(Default)]
pub struct Said {
    pub events: Vec<MediaEvent>,
    pub packets: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    moves: Vec<(Handed, ShardId)>,
    pub pieces: Vec<Piece>,
    locals: BTreeMap<PortId, SocketAddr>,
    ports: BTreeMap<SocketAddr, PortId>,
}

impl Sink for Said {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        if let Some(from) = self.locals.get(&port) {
            self.packets.push((*from, to, packet.to_vec()));
        }
    }

    fn rtcp(&mut self, _port: PortId, _to: SocketAddr, _packet: &[u8]) {}

    fn event(&mut self, event: MediaEvent) {
        self.events.push(event);
    }

    fn open(&mut self, port: PortId, local: SocketAddr) {
        self.locals.insert(port, local);
        self.ports.insert(local, port);
    }

    fn close(&mut self, port: PortId) {
        if let Some(local) = self.locals.remove(&port) {
            self.ports.remove(&local);
        }
    }

    fn hand_over(&mut self, handed: Handed, to: ShardId) {
        self.moves.push((handed, to));
    }

    fn record(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }
}

pub struct Media {
    /// A plane a media thread; none where there is no sound.
    real: Vec<Plane>,
    /// Ports between two of them, and when they arrive.
    moving: VecDeque<(Time, Handed, ShardId)>,
    pub said: Said,
    library: Arc<Library>,
    known: BTreeMap<PortId, Known>,
    /// Which media thread records which contact.
    recorded: BTreeMap<ContactId, ShardId>,
    round: Option<Time>,
    /// Of a thousand ports so many cannot be bound.
    unbindable: u64,
    mint: Mint,
    /// When anything was last told.
    pub told_at: Time,
    /// Commands that make no sense.
    pub faults: Vec<String>,
}

impl Media {
    pub fn new(real: bool, shards: u16, unbindable: u64, library: &Arc<Library>, seed: u64) -> Media {
        Media {
            real: (0..if real { shards } else { 0 })
                .map(|shard| Plane::new(seed + u64::from(shard), Arc::clone(library), Settings::default()))
                .collect(),
            moving: VecDeque::new(),
            said: Said::default(),
            library: Arc::clone(library),
            known: BTreeMap::new(),
            recorded: BTreeMap::new(),
            round: None,
            unbindable,
            mint: Mint::new(seed),
            told_at: Time::default(),
            faults: Vec::new(),
        }
    }

    #[must_use]
    pub fn is_real(&self) -> bool {
        !self.real.is_empty()
    }

    pub fn ports(&self) -> impl Iterator<Item = (&PortId, &Known)> {
        self.known.iter()
    }

    /// Ports that are open, as told and in truth.
    pub fn open(&self) -> usize {
        let told = self.known.len() + self.moving.len() + self.recorded.len();
        told + self.real.iter().map(|plane| plane.ports() + plane.recordings()).sum::<usize>()
    }

    pub fn port_at(&self, local: SocketAddr) -> Option<PortId> {
        self.known.iter().find(|(_, known)| known.local == local).map(|(port, _)| *port)
    }

    /// Ports that are told to hear each other live on one media thread.
    #[must_use]
    pub fn torn(&self) -> Vec<String> {
        let told = self.known.iter().flat_map(|(port, known)| match &known.spec.source {
            Source::Hear(others) => others.iter().map(|other| (port, known, other)).collect(),
            _ => Vec::new(),
        });
        told.filter(|(_, known, other)| self.known.get(other).is_some_and(|other| other.shard != known.shard))
            .map(|(port, _, other)| format!("{port} is to hear {other}, which is on another media thread"))
            .collect()
    }

    pub fn command(&mut self, now: Time, shard: ShardId, command: MediaCommand) {
        self.told_at = now;
        if let Some(known) = command.port().and_then(|port| self.known.get(&port))
            && !matches!(command, MediaCommand::Expect { .. } | MediaCommand::Open { .. })
            && known.shard != shard
        {
            self.faults.push(format!("{shard:?} is told {command:?}, and the port is with {:?}", known.shard));
        }
        match &command {
            MediaCommand::Open { port, local } => {
                if self.known.values().any(|known| known.local == *local) {
                    self.faults.push(format!("{port} opens {local}, which is open"));
                }
                let known = Known {
                    local: *local,
                    spec: PortSpec::default(),
                    shard,
                    expected: None,
                    play: None,
                    ends: None,
                    alive: now,
                };
                self.known.insert(*port, known);
                self.round = self.round.or(Some(now + ROUND));
                if self.real.is_empty() && self.mint.below(1000) < self.unbindable {
                    let reason = "in use".to_owned();
                    self.said.events.push(MediaEvent::BindFailed { port: *port, reason });
                }
            }
            MediaCommand::Set { port, spec } => match self.known.get_mut(port) {
                Some(known) => {
                    known.spec = spec.clone();
                    if self.real.is_empty() {
                        known.play_on(now, &self.library);
                    }
                }
                None => self.faults.push(format!("{port} is told something and is not open")),
            },
            MediaCommand::Digits { port, .. } => {
                if !self.known.contains_key(port) {
                    self.faults.push(format!("{port} is to dial and is not open"));
                }
            }
            MediaCommand::Expect { port } => match self.known.get_mut(port) {
                Some(known) if known.shard != shard => known.expected = Some(shard),
                _ => self.faults.push(format!("{port} is expected where it is, or is not open")),
            },
            MediaCommand::HandOver { port, to } => match self.known.get_mut(port) {
                Some(known) if known.expected == Some(*to) => (known.shard, known.expected) = (*to, None),
                _ => self.faults.push(format!("{port} is handed to {to:?}, which does not expect it")),
            },
            MediaCommand::Record(recording) => {
                let strange = |port: &&PortId| self.known.get(port).is_none_or(|known| known.shard != shard);
                if let Some(port) = recording.left.iter().chain(&recording.right).find(strange) {
                    self.faults.push(format!("{shard:?} is to record {port}, which is not with it"));
                }
                let before = self.recorded.insert(recording.contact, shard);
                if before.is_some_and(|before| before != shard) {
                    self.faults.push(format!("{} is recorded on {before:?} and on {shard:?}", recording.contact));
                }
            }
            MediaCommand::EndRecording { contact, .. } => {
                if self.recorded.remove(contact) != Some(shard) {
                    self.faults.push(format!("{shard:?} is to end the recording of {contact}, which it does not make"));
                }
            }
            MediaCommand::Close { port } => {
                if self.known.remove(port).is_none() {
                    self.faults.push(format!("{port} is closed and was not open"));
                }
                if self.real.is_empty() {
                    self.said.events.push(MediaEvent::Closed { port: *port, stats: PortStats::default() });
                }
            }
        }
        if let Some(plane) = self.real.get_mut(usize::from(shard.0)) {
            plane.command(now, command, &mut self.said);
        }
        self.move_on(now);
    }

    /// What was handed over arrives a little later, and in order.
    fn move_on(&mut self, now: Time) {
        for (handed, to) in std::mem::take(&mut self.said.moves) {
            let at = now + Duration::from_millis(self.mint.below(MOVES));
            let at = self.moving.back().map_or(at, |(last, ..)| at.max(*last));
            self.moving.push_back((at, handed, to));
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        if self.is_real() {
            let arrives = self.moving.front().map(|(at, ..)| *at);
            return self.real.iter().filter_map(Plane::deadline).chain(arrives).min();
        }
        let ends = self.known.values().filter_map(|known| known.ends).min();
        earliest(ends, self.round.filter(|_| !self.known.is_empty()))
    }

    /// `hums`: whether a phone sends to that address now.
    pub fn wake(&mut self, now: Time, hums: impl Fn(SocketAddr) -> bool) {
        if self.is_real() {
            while let Some((_, handed, to)) = self.moving.pop_front_if(|(at, ..)| *at <= now) {
                if let Some(plane) = self.real.get_mut(usize::from(to.0)) {
                    plane.arrive(now, handed, &mut self.said);
                }
            }
            for plane in &mut self.real {
                if plane.deadline().is_some_and(|at| at <= now) {
                    plane.tick(now, &mut self.said);
                }
            }
            return self.move_on(now);
        }
        for (port, known) in &mut self.known {
            if known.ends.is_some_and(|at| at <= now)
                && let Some(play) = known.play
            {
                known.ends = None;
                self.said.events.push(MediaEvent::Played { port: *port, play });
            }
        }
        if self.round.is_none_or(|at| at > now) {
            return;
        }
        self.round = Some(now + ROUND);
        for (port, known) in &mut self.known {
            if known.spec.start == Start::Wait || hums(known.local) {
                known.alive = now;
            } else if now.since(known.alive) >= SILENT {
                known.alive = now;
                self.said.events.push(MediaEvent::Silent { port: *port });
            }
        }
    }

    /// A packet of a phone.
    pub fn rtp(&mut self, now: Time, from: SocketAddr, to: SocketAddr, bytes: &mut [u8]) {
        let Some(port) = self.said.ports.get(&to).copied() else { return };
        let shard = self.known.get(&port).map_or(0, |known| usize::from(known.shard.0));
        if let Some(plane) = self.real.get_mut(shard) {
            plane.rtp(now, port, from, bytes, &mut self.said);
        }
    }
}

impl Known {
    /// Begins what is new, goes on with what is not.
    fn play_on(&mut self, now: Time, library: &Library) {
        let Source::Play { play, sounds, repeat } = &self.spec.source else {
            (self.play, self.ends) = (None, None);
            return;
        };
        let begin = match self.spec.start {
            Start::Wait => return,
            Start::FirstRtpOr(at) => at.max(now),
            Start::Now => now,
        };
        if self.play == Some(*play) {
            return;
        }
        let mut length = Duration::ZERO;
        let mut endless = *repeat;
        for sound in sounds {
            match sound {
                Sound::Prompt(prompt) => length += library.clip(prompt).map_or(Duration::ZERO, |clip| clip.duration()),
                Sound::Pause(time) => length += *time,
                Sound::Tone(tone) => {
                    endless |= tone.cadenced();
                    length += Duration::from_millis(200);
                }
            }
        }
        self.play = Some(*play);
        self.ends = (!endless).then_some(begin + length);
    }
}
