//! What a packet and a frame cost: relayed, mixed, played, heard through loss and another codec, reported.

use cordboard::audio::{Clip, Library, note};
use cordboard::ids::{Mint, PlayId, PortId, ShardId};
use cordboard::media::{
    Codec, Handed, MediaCommand, MediaEvent, Piece, Plane, PortSpec, Recording, Settings, Sink, Sound, Source, Start,
    Tone,
};
use cordboard::rtp::{self, Header};
use cordboard::time::{Duration, Time};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

/// Sends nowhere: the system calls are another matter.
struct Nowhere;

impl Sink for Nowhere {
    fn rtp(&mut self, _: PortId, _: SocketAddr, packet: &[u8]) {
        black_box(packet);
    }
    fn rtcp(&mut self, _: PortId, _: SocketAddr, packet: &[u8]) {
        black_box(packet);
    }
    fn event(&mut self, _: MediaEvent) {}
    fn open(&mut self, _: PortId, _: SocketAddr) {}
    fn close(&mut self, _: PortId) {}
    fn hand_over(&mut self, _: Handed, _: ShardId) {}
    fn record(&mut self, piece: Piece) {
        black_box(piece);
    }
}

const BEGIN: Time = Time::from_micros(1_795_363_481_000_000);

fn address(port: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, (port >> 8) as u8, port as u8], 30_000))
}

/// A port that talks to its phone.
fn spec(id: u64) -> PortSpec {
    PortSpec {
        remote: Some(address(id)),
        latch: true,
        codec: Some((Codec::Pcmu, 0)),
        telephone_event: Some(101),
        accepts_event: Some(101),
        send: true,
        receive: true,
        start: Start::Now,
        ..PortSpec::default()
    }
}

/// As many ports as wished, each hearing what `source` says.
fn plane(ports: u64, source: impl Fn(u64) -> Source) -> Plane {
    let mut library = Library::default();
    library.prompts.insert("hold".into(), Arc::new(Clip::new(note(437.0, 9_000, 0, 80_000))));
    let mut plane = Plane::new(1, Arc::new(library), Settings::default());
    for id in 0..ports {
        let local = address(id);
        plane.command(BEGIN, MediaCommand::Open { port: PortId(id), local }, &mut Nowhere);
    }
    for id in 0..ports {
        let spec = PortSpec { source: source(id), ..spec(id) };
        plane.command(BEGIN, MediaCommand::Set { port: PortId(id), spec }, &mut Nowhere);
    }
    plane
}

fn packet(id: u64, n: u64, out: &mut [u8; 172]) {
    let header = Header { payload_type: 0, marker: false, seq: n as u16, timestamp: (n * 160) as u32, ssrc: id as u32 };
    rtp::write(&header, &[0x55; 160], None, out);
}

fn hear(ports: &[u64]) -> Source {
    Source::Hear(ports.iter().map(|port| PortId(*port)).collect())
}

fn relay(c: &mut Criterion) {
    let mut group = c.benchmark_group("relay");
    for pairs in [1, 2_500] {
        let mut plane = plane(2 * pairs, |id| hear(&[id ^ 1]));
        let (mut n, mut bytes) = (0_u64, [0; 172]);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("a packet among {pairs} calls"), |b| {
            b.iter(|| {
                let (id, round) = (n % (2 * pairs), n / (2 * pairs));
                packet(id, round, &mut bytes);
                plane.rtp(BEGIN + Duration::from_millis(20 * round), PortId(id), address(id), &mut bytes, &mut Nowhere);
                n += 1;
            });
        });
    }
    group.finish();
}

/// The same packets recorded beside: kept, decoded, and put into two channels.
fn record(c: &mut Criterion) {
    let mut group = c.benchmark_group("record");
    for calls in [1, 500] {
        for (name, recorded) in [("relayed", false), ("relayed and recorded", true)] {
            let mut plane = plane(2 * calls, |id| hear(&[id ^ 1]));
            for call in (0..calls).filter(|_| recorded) {
                let contact = Mint::new(call).contact_id();
                let (left, right) = (vec![PortId(2 * call)], vec![PortId(2 * call + 1)]);
                let wish = Recording { contact, since: BEGIN, left, right };
                plane.command(BEGIN, MediaCommand::Record(wish), &mut Nowhere);
            }
            let (mut n, mut bytes) = (0_u64, [0; 172]);
            group.throughput(Throughput::Elements(calls));
            group.bench_function(format!("20 ms of {calls} calls, {name}"), |b| {
                b.iter(|| {
                    n += 1;
                    let now = BEGIN + Duration::from_millis(20 * n);
                    plane.tick(now, &mut Nowhere);
                    for id in 0..2 * calls {
                        packet(id, n, &mut bytes);
                        plane.rtp(now, PortId(id), address(id), &mut bytes, &mut Nowhere);
                    }
                });
            });
        }
    }
    group.finish();
}

/// What a relay cannot do: the codecs differ, so each packet waits in a jitter buffer, one in fifty is lost and concealed.
fn translate(c: &mut Criterion) {
    let mut group = c.benchmark_group("translate");
    let mut plane = plane(2, |id| hear(&[id ^ 1]));
    let spec = PortSpec { generation: 1, codec: Some((Codec::Pcma, 8)), source: hear(&[0]), ..spec(1) };
    plane.command(BEGIN, MediaCommand::Set { port: PortId(1), spec }, &mut Nowhere);
    let (mut n, mut bytes) = (0_u64, [0; 172]);
    group.throughput(Throughput::Elements(1));
    group.bench_function("a frame from the one law to the other, 2 % lost", |b| {
        b.iter(|| {
            n += 1;
            let now = BEGIN + Duration::from_millis(20 * n);
            if n % 50 != 0 {
                packet(0, n, &mut bytes);
                plane.rtp(now, PortId(0), address(0), &mut bytes, &mut Nowhere);
            }
            plane.tick(now, &mut Nowhere);
        });
    });
    group.finish();
}

/// A report of the phone's, read, weighed and answered in its time.
fn report(c: &mut Criterion) {
    let mut plane = plane(2, |id| hear(&[id ^ 1]));
    let (mut n, mut bytes) = (0_u64, [0; 172]);
    let receiver: [u8; 32] = {
        // RR of one block (RFC 3550 section 6.4.2), about whatever stream it is.
        let mut report = [0; 32];
        report[..4].copy_from_slice(&[0x81, 201, 0, 7]);
        report[12] = 12;
        report
    };
    let above = SocketAddr::new(address(0).ip(), address(0).port() + 1);
    c.bench_function("five seconds of sound one way, and a report of it", |b| {
        b.iter(|| {
            for _ in 0..250 {
                n += 1;
                let now = BEGIN + Duration::from_millis(20 * n);
                packet(0, n, &mut bytes);
                plane.rtp(now, PortId(0), address(0), &mut bytes, &mut Nowhere);
                plane.tick(now, &mut Nowhere);
            }
            plane.rtcp(BEGIN + Duration::from_millis(20 * n), PortId(0), above, &receiver);
        });
    });
}

fn mix(c: &mut Criterion) {
    let mut group = c.benchmark_group("mix");
    for rooms in [1, 500] {
        let mut plane = plane(3 * rooms, |id| {
            let first = id / 3 * 3;
            let others: Vec<u64> = (first..first + 3).filter(|other| *other != id).collect();
            hear(&others)
        });
        let (mut n, mut bytes) = (0_u64, [0; 172]);
        group.throughput(Throughput::Elements(rooms));
        group.bench_function(format!("a tick of {rooms} rooms of three, packets and all"), |b| {
            b.iter(|| {
                n += 1;
                let now = BEGIN + Duration::from_millis(20 * n);
                plane.tick(now, &mut Nowhere);
                for id in 0..3 * rooms {
                    packet(id, n, &mut bytes);
                    plane.rtp(now, PortId(id), address(id), &mut bytes, &mut Nowhere);
                }
            });
        });
    }
    group.finish();
}

fn play(c: &mut Criterion) {
    let mut group = c.benchmark_group("play");
    for (name, sound) in [("a prompt", Sound::Prompt("hold".into())), ("a tone", Sound::Tone(Tone::Ringback))] {
        for ports in [1, 5_000] {
            let mut plane =
                plane(ports, |id| Source::Play { play: PlayId(id), sounds: vec![sound.clone()], repeat: true });
            let mut now = BEGIN;
            group.throughput(Throughput::Elements(ports));
            group.bench_function(format!("a frame of {name} to {ports}"), |b| {
                b.iter(|| {
                    now += Duration::from_millis(20);
                    plane.tick(now, &mut Nowhere);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, relay, record, translate, report, mix, play);
criterion_main!(benches);
