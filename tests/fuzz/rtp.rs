//! Any packets at three ports that are relayed, mixed and play: what goes out is RTP of one stream each, and goes to nobody
//! who is not a party.

use cordboard::audio::Library;
use cordboard::ids::{Mint, PlayId, PortId, ShardId};
use cordboard::media::{
    Codec, Handed, MediaCommand, MediaEvent, Piece, Plane, PortSpec, Recording, Settings, Sink, Sound, Source, Start,
    Tone,
};
use cordboard::rtp::{Digits, HEADER, Header, Packet, rewrite, write};
use cordboard::time::{Duration, Time};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const EVENT: u8 = 101;
const PORTS: u64 = 3;

/// Records of a byte that says what, one that says how long, and so many bytes.
pub fn run(data: &[u8]) {
    by_itself(data);
    let mut room = Room::new();
    let mut rest = data;
    for _ in 0..400 {
        let [what, length, tail @ ..] = rest else { break };
        let (bytes, after) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = after;
        room.act(*what, bytes);
    }
    room.close();
}

/// One packet, read, written and written again in its place.
fn by_itself(data: &[u8]) {
    let Ok(packet) = Packet::read(data) else { return };
    let place = packet.place();
    assert_eq!(data.get(place.clone()), Some(packet.payload));
    let mut out = vec![0; HEADER + packet.payload.len()];
    assert_eq!(write(&packet.header, packet.payload, None, &mut out), Some(out.len()));
    let again = Packet::read(&out).expect("what is written is read");
    assert_eq!((again.header, again.payload), (packet.header, packet.payload));
    let header = Header { ssrc: 1, seq: 2, ..packet.header };
    let mut copy = data.to_vec();
    let relayed = rewrite(&mut copy, &place, &header).expect("there is room before a payload that was read");
    let relayed = Packet::read(relayed).expect("what is relayed is read");
    assert_eq!((relayed.header, relayed.payload), (header, packet.payload));
    let mut ear = Digits::default();
    for chunk in packet.payload.chunks(4) {
        let _ = ear.hear(header.ssrc, header.timestamp, header.marker, chunk);
    }
}

struct Room {
    plane: Plane,
    now: Time,
    wire: Wire,
    generation: u64,
    /// When the one recording began.
    since: Option<Time>,
}

#[derive(Default)]
struct Wire {
    /// Who may be sent to: whom SDP named, and whoever sent something.
    known: Vec<SocketAddr>,
    streams: BTreeMap<PortId, u32>,
    sent: usize,
    /// How far the one recording is.
    recorded: u64,
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], port))
}

impl Sink for Wire {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        if cordboard::rtp::is_rtcp(packet) {
            return self.rtcp(port, to, packet);
        }
        assert!(self.known.contains(&to), "a packet for {to}");
        let packet = Packet::read(packet).expect("what goes out is RTP");
        let ssrc = *self.streams.entry(port).or_insert(packet.header.ssrc);
        assert_eq!(ssrc, packet.header.ssrc, "a stream keeps its SSRC");
        self.sent += 1;
    }
    fn rtcp(&mut self, _port: PortId, to: SocketAddr, packet: &[u8]) {
        assert!(self.known.contains(&to), "a report for {to}");
        assert!(cordboard::rtp::reports(packet).is_some(), "what goes out is RTCP");
    }
    fn event(&mut self, event: MediaEvent) {
        assert!(event.port().0 < PORTS);
    }
    fn open(&mut self, _port: PortId, _local: SocketAddr) {}
    fn close(&mut self, _port: PortId) {}
    fn hand_over(&mut self, _handed: Handed, _to: ShardId) {}
    fn record(&mut self, piece: Piece) {
        assert!(piece.from <= piece.to && piece.from >= self.recorded, "a recording only goes on");
        assert!(piece.pcm.is_empty() || piece.pcm.len() as u64 == 2 * (piece.to - piece.from));
        self.recorded = if piece.last { 0 } else { piece.to };
    }
}

impl Room {
    fn new() -> Room {
        let settings = Settings { rtp_timeout: Duration::from_secs(10), ..Settings::default() };
        let mut room = Room {
            plane: Plane::new(7, Arc::new(Library::default()), settings),
            now: Time::from_micros(1_795_363_200_000_000),
            wire: Wire::default(),
            generation: 0,
            since: None,
        };
        for port in 0..PORTS {
            let local = address(20_000 + 2 * port as u16);
            room.plane.command(room.now, MediaCommand::Open { port: PortId(port), local }, &mut room.wire);
            room.set(port, Source::Hear(vec![PortId((port + 1) % PORTS)]), 0);
        }
        room
    }

    fn set(&mut self, port: u64, source: Source, wish: u8) {
        self.generation += 1;
        let remote = address(30_000 + 2 * port as u16);
        for known in [remote, address(30_001 + 2 * port as u16)] {
            if !self.wire.known.contains(&known) {
                self.wire.known.push(known);
            }
        }
        let codec = if wish & 1 == 0 { Codec::Pcmu } else { Codec::Pcma };
        let spec = PortSpec {
            generation: self.generation,
            remote: Some(remote),
            rtcp: Some(address(30_001 + 2 * port as u16)),
            rtcp_mux: wish & 2 != 0,
            latch: wish & 4 == 0,
            codec: Some((codec, codec.payload_type())),
            accepts: vec![(0, Codec::Pcmu), (8, Codec::Pcma)],
            telephone_event: Some(EVENT),
            accepts_event: Some(EVENT),
            send: wish & 8 == 0,
            receive: wish & 16 == 0,
            start: Start::Now,
            source,
            ..PortSpec::default()
        };
        self.plane.command(self.now, MediaCommand::Set { port: PortId(port), spec }, &mut self.wire);
    }

    fn act(&mut self, what: u8, bytes: &[u8]) {
        let port = u64::from(what >> 5) % PORTS;
        let first = bytes.first().copied().unwrap_or(0);
        match what & 0x1f {
            // From the phone itself, or from a stranger who knows the port.
            0..8 => self.packet(port, address(30_000 + 2 * port as u16), bytes.to_vec()),
            8 | 9 => self.packet(port, address(40_000 + u16::from(first)), bytes.to_vec()),
            10 | 11 => {
                let from = address(30_001 + 2 * port as u16 - u16::from(what & 1));
                self.plane.rtcp(self.now, PortId(port), from, bytes);
            }
            // A packet that has a header, so that what is behind it is reached.
            12..18 => {
                let [kind, seq, ticks, ssrc, payload @ ..] = bytes else { return };
                let types = [0, 8, EVENT, 13];
                let header = Header {
                    payload_type: types.get(usize::from(kind & 3)).copied().unwrap_or(0),
                    marker: kind & 4 != 0,
                    seq: u16::from(*seq).wrapping_mul(if kind & 8 == 0 { 1 } else { 257 }),
                    timestamp: u32::from(*ticks).wrapping_mul(if kind & 16 == 0 { 160 } else { 0x0101_0101 }),
                    ssrc: u32::from(*ssrc),
                };
                let mut packet = vec![0; HEADER + payload.len()];
                let _ = write(&header, payload, None, &mut packet);
                self.packet(port, address(30_000 + 2 * port as u16), packet);
            }
            18..22 => {
                let sources = [
                    Source::Silence,
                    Source::Play {
                        play: PlayId(u64::from(first)),
                        sounds: vec![Sound::Tone(Tone::Busy)],
                        repeat: false,
                    },
                    Source::Hear(vec![PortId(u64::from(first) % 4)]),
                    Source::Hear(vec![PortId(u64::from(first) % 3), PortId(u64::from(first >> 2) % 4)]),
                ];
                let source = sources.get(usize::from(what & 3)).cloned().unwrap_or_default();
                self.set(port, source, bytes.get(1).copied().unwrap_or(0));
            }
            22 => {
                let digits = String::from_utf8_lossy(bytes).into_owned();
                self.plane.command(self.now, MediaCommand::Digits { port: PortId(port), digits }, &mut self.wire);
            }
            23 => {
                let contact = Mint::new(1).contact_id();
                let command = match first {
                    0 => MediaCommand::EndRecording { contact, elsewhere: false },
                    _ => {
                        let those = |bits: u8| (0..PORTS).filter(|port| bits >> port & 1 == 1).map(PortId).collect();
                        let since = *self.since.get_or_insert(self.now);
                        MediaCommand::Record(Recording { contact, since, left: those(first), right: those(first >> 4) })
                    }
                };
                if first == 0 {
                    self.since = None;
                }
                self.plane.command(self.now, command, &mut self.wire);
            }
            _ => self.pass(Duration::from_millis(1 + u64::from(first))),
        }
    }

    fn packet(&mut self, port: u64, from: SocketAddr, mut bytes: Vec<u8>) {
        // Whoever sends may become the one who is answered: RTP where it came from, reports one port above.
        for known in [from, SocketAddr::new(from.ip(), from.port() + 1)] {
            if !self.wire.known.contains(&known) {
                self.wire.known.push(known);
            }
        }
        let before = self.wire.sent;
        self.plane.rtp(self.now, PortId(port), from, &mut bytes, &mut self.wire);
        assert!(self.wire.sent - before <= PORTS as usize, "one packet in, {} out", self.wire.sent - before);
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.plane.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let before = self.wire.sent;
            self.plane.tick(self.now, &mut self.wire);
            assert!(self.plane.deadline().is_none_or(|next| next > self.now), "the clock stands still");
            assert!(self.wire.sent - before <= 4 * PORTS as usize, "one tick, {} packets", self.wire.sent - before);
        }
        self.now = until;
    }

    fn close(mut self) {
        self.pass(Duration::from_millis(60));
        for port in 0..PORTS {
            self.plane.command(self.now, MediaCommand::Close { port: PortId(port) }, &mut self.wire);
        }
        assert_eq!((self.plane.ports(), self.plane.deadline()), (0, None));
    }
}
