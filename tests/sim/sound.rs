//! The media side of a run: the real plane with its packets, or a stand-in that only knows how long things take.

use cordboard::audio::Library;
use cordboard::ids::{Mint, PlayId, PortId, ShardId};
use cordboard::media::{
    Handed, MediaCommand, MediaEvent, Plane, PortSpec, PortStats, Settings, Sink, Sound, Source, Start,
};
use cordboard::time::{Duration, Time, earliest};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// How often the stand-in looks who still hums, and how long nobody may before the port says so.
const ROUND: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(60);

/// A port as the stand-in knows it; beside the real plane only what it was told.
#[derive(Clone, Debug)]
pub struct Known {
    pub local: SocketAddr,
    pub spec: PortSpec,
    play: Option<PlayId>,
    ends: Option<Time>,
    alive: Time,
    told: bool,
}

/// What the plane says.
#[derive(Default)]
pub struct Said {
    pub events: Vec<MediaEvent>,
    pub packets: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
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

    fn hand_over(&mut self, _handed: Handed, _to: ShardId) {}
}

pub struct Media {
    pub real: Option<Plane>,
    pub said: Said,
    library: Arc<Library>,
    known: BTreeMap<PortId, Known>,
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
    pub fn new(real: bool, unbindable: u64, library: &Arc<Library>, seed: u64) -> Media {
        Media {
            real: real.then(|| Plane::new(seed, Arc::clone(library), Settings::default())),
            said: Said::default(),
            library: Arc::clone(library),
            known: BTreeMap::new(),
            round: None,
            unbindable,
            mint: Mint::new(seed),
            told_at: Time::default(),
            faults: Vec::new(),
        }
    }

    pub fn ports(&self) -> impl Iterator<Item = (&PortId, &Known)> {
        self.known.iter()
    }

    /// Ports that are open, as told and in truth.
    pub fn open(&self) -> usize {
        self.known.len() + self.real.as_ref().map_or(0, Plane::ports)
    }

    pub fn port_at(&self, local: SocketAddr) -> Option<PortId> {
        self.known.iter().find(|(_, known)| known.local == local).map(|(port, _)| *port)
    }

    pub fn command(&mut self, now: Time, command: MediaCommand) {
        self.told_at = now;
        match &command {
            MediaCommand::Open { port, local } => {
                if self.known.values().any(|known| known.local == *local) {
                    self.faults.push(format!("{port} opens {local}, which is open"));
                }
                let known =
                    Known { local: *local, spec: PortSpec::default(), play: None, ends: None, alive: now, told: false };
                self.known.insert(*port, known);
                self.round = self.round.or(Some(now + ROUND));
                if self.real.is_none() && self.mint.below(1000) < self.unbindable {
                    let reason = "in use".to_owned();
                    self.said.events.push(MediaEvent::BindFailed { port: *port, reason });
                }
            }
            MediaCommand::Set { port, spec } => match self.known.get_mut(port) {
                Some(known) => {
                    known.spec = spec.clone();
                    if self.real.is_none() {
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
            MediaCommand::HandOver { port, .. } | MediaCommand::Expect { port } => {
                self.faults.push(format!("{port} is to move, and there is one media thread"));
            }
            MediaCommand::Close { port } => {
                if self.known.remove(port).is_none() {
                    self.faults.push(format!("{port} is closed and was not open"));
                }
                if self.real.is_none() {
                    self.said.events.push(MediaEvent::Closed { port: *port, stats: PortStats::default() });
                }
            }
        }
        if let Some(plane) = &mut self.real {
            plane.command(now, command, &mut self.said);
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        match &self.real {
            Some(plane) => plane.deadline(),
            None => {
                let ends = self.known.values().filter_map(|known| known.ends).min();
                earliest(ends, self.round.filter(|_| !self.known.is_empty()))
            }
        }
    }

    /// `hums`: whether a phone sends to that address now.
    pub fn wake(&mut self, now: Time, hums: impl Fn(SocketAddr) -> bool) {
        if let Some(plane) = &mut self.real {
            return plane.tick(now, &mut self.said);
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
                (known.alive, known.told) = (now, false);
            } else if now.since(known.alive) >= SILENT && !known.told {
                known.told = true;
                self.said.events.push(MediaEvent::Silent { port: *port });
            }
        }
    }

    /// A packet of a phone.
    pub fn rtp(&mut self, now: Time, from: SocketAddr, to: SocketAddr, bytes: &mut [u8]) {
        if let (Some(plane), Some(port)) = (&mut self.real, self.said.ports.get(&to).copied()) {
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
