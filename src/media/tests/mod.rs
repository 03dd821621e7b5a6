//! The plane under virtual time, with phones that hum.

mod arriving;
mod handover;
mod hearing;
mod recording;
mod streams;

use crate::audio::{Clip, Decoder, Encoder, Library, level_db, note, power};
use crate::ids::{Mint, PlayId, PortId, PromptId, ShardId};
use crate::media::command::{
    Codec, MediaCommand, MediaEvent, Piece, PortSpec, PortStats, Recording, Sound, Source, Start, Tone,
};
use crate::media::plane::{Handed, Plane, Settings, Sink};
use crate::rtp::{self, Header, Packet, ahead, seq_ahead};
use crate::time::{Duration, Time};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const MS: Duration = Duration::from_millis(1);
const EVENT: u8 = 101;

/// A packet that went out, and when.
#[derive(Clone, Debug)]
struct Out {
    at: Time,
    to: SocketAddr,
    header: Header,
    payload: Vec<u8>,
}

#[derive(Default)]
struct Wire {
    now: Time,
    rtp: BTreeMap<PortId, Vec<Out>>,
    rtcp: Vec<(PortId, SocketAddr, Vec<u8>)>,
    /// RTCP on RTP's socket.
    muxed: Vec<(PortId, SocketAddr, Vec<u8>)>,
    events: Vec<MediaEvent>,
    bound: Vec<PortId>,
    handed: Vec<(Handed, ShardId)>,
    pieces: Vec<Piece>,
}

impl Sink for Wire {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        if rtp::is_rtcp(packet) {
            return self.muxed.push((port, to, packet.to_vec()));
        }
        let read = Packet::read(packet).expect("what goes out is RTP");
        let out = Out { at: self.now, to, header: read.header, payload: read.payload.to_vec() };
        self.rtp.entry(port).or_default().push(out);
    }
    fn rtcp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        self.rtcp.push((port, to, packet.to_vec()));
    }
    fn event(&mut self, event: MediaEvent) {
        self.events.push(event);
    }
    fn open(&mut self, port: PortId, _local: SocketAddr) {
        self.bound.push(port);
    }
    fn close(&mut self, port: PortId) {
        self.bound.retain(|bound| *bound != port);
    }
    fn hand_over(&mut self, handed: Handed, to: ShardId) {
        self.handed.push((handed, to));
    }
    fn record(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }
}

/// A phone that hums.
#[derive(Clone, Debug)]
struct Phone {
    hz: f32,
    codec: Codec,
    ptime: u64,
    address: SocketAddr,
    ssrc: u32,
    seq: u16,
    timestamp: u32,
    /// When it hums next; silent when it does not.
    due: Option<Time>,
}

struct Lab {
    plane: Plane,
    wire: Wire,
    phones: BTreeMap<u64, Phone>,
    specs: BTreeMap<u64, PortSpec>,
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn play(play: u64, sounds: &[Sound], repeat: bool) -> Source {
    Source::Play { play: PlayId(play), sounds: sounds.to_vec(), repeat }
}

fn prompt(name: &str) -> Sound {
    Sound::Prompt(PromptId::from(name))
}

fn hear(ports: &[u64]) -> Source {
    Source::Hear(ports.iter().map(|port| PortId(*port)).collect())
}

impl Lab {
    fn plane(seed: u64) -> Plane {
        let mut library = Library::default();
        for (name, hz, millis) in [("welcome", 1500.0, 500), ("hold", 1700.0, 2000)] {
            library.prompts.insert(name.into(), Arc::new(Clip::new(note(hz, 9_000, 0, millis * 8))));
        }
        let settings = Settings { rtp_timeout: Duration::from_secs(10), ..Settings::default() };
        Plane::new(seed, Arc::new(library), settings)
    }

    fn new() -> Self {
        let wire = Wire { now: Time::from_micros(1_795_363_481_003_000), ..Wire::default() };
        Lab { plane: Lab::plane(7), wire, phones: BTreeMap::new(), specs: BTreeMap::new() }
    }

    /// Opens port `id` for a phone that hums at `hz`, and lets it send.
    fn phone(&mut self, id: u64, hz: f32, codec: Codec) -> &mut Phone {
        let local = address(20_000 + 2 * id as u16);
        self.command(MediaCommand::Open { port: PortId(id), local });
        let remote = address(30_000 + 2 * id as u16);
        let spec = PortSpec {
            remote: Some(remote),
            latch: true,
            codec: Some((codec, codec.payload_type())),
            accepts: vec![(0, Codec::Pcmu), (8, Codec::Pcma)],
            telephone_event: Some(EVENT),
            accepts_event: Some(EVENT),
            send: true,
            receive: true,
            start: Start::Now,
            ..PortSpec::default()
        };
        self.specs.insert(id, spec);
        self.set(id, |_| {});
        // Each has its own phase, and a clock that is about to wrap.
        let due = Some(self.wire.now + MS * (3 * id as u32 % 20));
        let phone = Phone {
            hz,
            codec,
            ptime: 20,
            address: remote,
            ssrc: id as u32,
            seq: 65_500,
            timestamp: u32::MAX - 4000,
            due,
        };
        self.phones.insert(id, phone);
        self.phones.get_mut(&id).unwrap()
    }

    fn command(&mut self, command: MediaCommand) {
        self.plane.command(self.wire.now, command, &mut self.wire);
    }

    fn set(&mut self, id: u64, change: impl FnOnce(&mut PortSpec)) {
        let spec = self.specs.get_mut(&id).unwrap();
        change(spec);
        spec.generation += 1;
        let spec = spec.clone();
        self.command(MediaCommand::Set { port: PortId(id), spec });
    }

    fn source(&mut self, id: u64, source: Source) {
        self.set(id, |spec| spec.source = source);
    }

    fn inject(&mut self, id: u64, from: SocketAddr, header: Header, payload: &[u8]) {
        let mut datagram = [0; 700];
        let length = rtp::write(&header, payload, None, &mut datagram).unwrap();
        self.plane.rtp(self.wire.now, PortId(id), from, &mut datagram[..length], &mut self.wire);
    }

    /// Lets time pass, a millisecond at a time.
    fn run(&mut self, millis: u64) {
        for _ in 0..millis {
            self.wire.now += MS;
            let ids: Vec<u64> = self.phones.keys().copied().collect();
            for id in ids {
                let now = self.wire.now;
                let phone = self.phones.get_mut(&id).unwrap();
                if !phone.due.is_some_and(|due| due <= now) {
                    continue;
                }
                phone.due = phone.due.map(|due| due + MS * phone.ptime as u32);
                let samples = phone.ptime as usize * 8;
                let pcm = note(phone.hz, 7_000, u64::from(phone.timestamp.wrapping_add(4000)), samples);
                let mut payload = vec![0; samples];
                Encoder::new(phone.codec).encode(&pcm, &mut payload);
                let header = Header {
                    payload_type: phone.codec.payload_type(),
                    marker: false,
                    seq: phone.seq,
                    timestamp: phone.timestamp,
                    ssrc: phone.ssrc,
                };
                phone.seq = phone.seq.wrapping_add(1);
                phone.timestamp = phone.timestamp.wrapping_add(samples as u32);
                let from = phone.address;
                self.inject(id, from, header, &payload);
            }
            if self.plane.deadline().is_some_and(|due| due <= self.wire.now) {
                self.plane.tick(self.wire.now, &mut self.wire);
            }
        }
    }

    fn sent(&self, id: u64) -> &[Out] {
        self.wire.rtp.get(&PortId(id)).map_or(&[], Vec::as_slice)
    }

    /// What the phone has got since the last look, decoded.
    fn heard(&mut self, id: u64) -> Vec<i16> {
        let mut pcm = Vec::new();
        for out in self.wire.rtp.remove(&PortId(id)).unwrap_or_default() {
            let codec = if out.header.payload_type == 8 { Codec::Pcma } else { Codec::Pcmu };
            if out.header.payload_type != EVENT {
                Decoder::new(codec).decode(&out.payload, &mut pcm);
            }
        }
        pcm
    }

    /// Which of these frequencies a phone heard in the last stretch.
    fn notes(&mut self, id: u64, all: &[f32]) -> Vec<f32> {
        let pcm = self.heard(id);
        all.iter().copied().filter(|hz| power(&pcm, *hz) > 2_000.0).collect()
    }
}

const NOTES: [f32; 5] = [400.0, 550.0, 750.0, 1500.0, 1700.0];

fn three() -> Lab {
    let mut lab = Lab::new();
    for (id, hz) in [(1, 400.0), (2, 550.0), (3, 750.0)] {
        lab.phone(id, hz, Codec::Pcmu);
    }
    lab
}

impl Lab {
    fn plane_clip(&self, name: &str) -> Clip {
        let (hz, millis) = if name == "welcome" { (1500.0, 500) } else { (1700.0, 2000) };
        Clip::new(note(hz, 9_000, 0, millis * 8))
    }
}
