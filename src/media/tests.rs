//! The plane under virtual time: who hears what, and that every stream goes on unbroken.

use super::command::{Codec, MediaCommand, MediaEvent, PortSpec, Sound, Source, Start, Tone};
use super::plane::{Plane, Settings, Sink};
use crate::audio::{Clip, Decoder, Encoder, Library, level_db, note, power};
use crate::ids::{Mint, PlayId, PortId, PromptId};
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
    events: Vec<MediaEvent>,
    bound: Vec<PortId>,
}

impl Sink for Wire {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
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
    fn new() -> Self {
        let mut library = Library::default();
        for (name, hz, millis) in [("welcome", 1500.0, 500), ("hold", 1700.0, 2000)] {
            library.prompts.insert(name.into(), Arc::new(Clip::new(note(hz, 9_000, 0, millis * 8))));
        }
        let settings = Settings { rtp_timeout: Duration::from_secs(10), ..Settings::default() };
        let wire = Wire { now: Time::from_micros(1_795_363_481_003_000), ..Wire::default() };
        Lab { plane: Plane::new(7, Arc::new(library), settings), wire, phones: BTreeMap::new(), specs: BTreeMap::new() }
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

#[test]
fn everybody_hears_what_the_plan_says() {
    use Codec::{Pcma, Pcmu};
    let hold = play(1, &[prompt("hold")], true);
    let echo = hear(&[1]);
    for (case, codecs, sources, expected) in [
        (
            "two talk, the third hears a prompt",
            [Pcmu, Pcmu, Pcmu],
            [hear(&[2]), hear(&[1]), hold.clone()],
            [vec![550.0], vec![400.0], vec![1700.0]],
        ),
        (
            "two laws are translated",
            [Pcmu, Pcma, Pcma],
            [hear(&[2]), hear(&[1]), hold.clone()],
            [vec![550.0], vec![400.0], vec![1700.0]],
        ),
        (
            "three talk: the sum minus one's own",
            [Pcmu, Pcma, Pcmu],
            [hear(&[2, 3]), hear(&[1, 3]), hear(&[1, 2])],
            [vec![550.0, 750.0], vec![400.0, 750.0], vec![400.0, 550.0]],
        ),
        (
            "one listens to both, who do not hear him",
            [Pcmu, Pcmu, Pcmu],
            [hear(&[2]), hear(&[1]), hear(&[1, 2])],
            [vec![550.0], vec![400.0], vec![400.0, 550.0]],
        ),
        (
            "silence and an echo",
            [Pcmu, Pcmu, Pcma],
            [echo, Source::Silence, hear(&[3])],
            [vec![400.0], vec![], vec![750.0]],
        ),
        (
            "a port that is not there adds nothing",
            [Pcmu, Pcmu, Pcmu],
            [hear(&[2, 99]), hear(&[99]), hear(&[1, 2, 99])],
            [vec![550.0], vec![], vec![400.0, 550.0]],
        ),
    ] {
        let mut lab = Lab::new();
        for ((id, hz), codec) in [(1, 400.0), (2, 550.0), (3, 750.0)].into_iter().zip(codecs) {
            lab.phone(id, hz, codec);
        }
        lab.run(100);
        for (id, source) in (1..).zip(sources) {
            lab.source(id, source);
        }
        lab.run(100);
        for id in 1..=3 {
            lab.heard(id);
        }
        lab.run(1000);
        for (id, notes) in (1..).zip(expected) {
            let packets = lab.sent(id).len();
            assert!((49..=51).contains(&packets), "{case}: {packets} packets to {id}");
            assert_eq!(lab.notes(id, &NOTES), notes, "{case}: {id}");
        }
    }
}

#[test]
fn a_sum_is_the_sum() {
    let mut lab = three();
    lab.source(1, hear(&[2, 3]));
    lab.run(200);
    lab.heard(1);
    lab.run(1000);
    let pcm = lab.heard(1);
    for hz in [550.0, 750.0] {
        let found = power(&pcm, hz);
        assert!((6_600.0..7_400.0).contains(&found), "{hz}: {found}");
    }
}

#[test]
fn a_held_or_muted_party_is_heard_by_nobody() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.source(3, hear(&[1, 2]));
    lab.run(200);
    lab.set(2, |spec| spec.receive = false);
    lab.heard(1);
    lab.heard(3);
    lab.run(500);
    assert_eq!(lab.notes(1, &NOTES), [0.0; 0]);
    assert_eq!(lab.notes(3, &NOTES), [400.0]);
    lab.set(2, |spec| spec.receive = true);
    lab.run(100);
    lab.heard(1);
    lab.heard(3);
    lab.run(500);
    assert_eq!(lab.notes(1, &NOTES), [550.0]);
    assert_eq!(lab.notes(3, &NOTES), [400.0, 550.0]);
}

#[test]
fn a_closed_port_is_gone_for_everybody() {
    let mut lab = three();
    lab.source(1, hear(&[2, 3]));
    lab.source(2, hear(&[1, 3]));
    lab.source(3, hear(&[1, 2]));
    lab.run(300);
    lab.phones.remove(&3);
    lab.command(MediaCommand::Close { port: PortId(3) });
    assert!(matches!(lab.wire.events.last(), Some(MediaEvent::Closed { port: PortId(3), .. })));
    assert_eq!(lab.wire.bound, [PortId(1), PortId(2)]);
    let (_, _, goodbye) = lab.wire.rtcp.last().unwrap();
    assert_eq!(rtp::reports(goodbye).unwrap().gone.len(), 1);
    lab.run(100);
    lab.heard(1);
    // Its slot is another's now; nobody hears that one by mistake.
    lab.phone(4, 1700.0, Codec::Pcmu);
    lab.run(500);
    assert_eq!(lab.notes(1, &NOTES), [550.0], "the conference is a relay of two");
    for id in [1, 2, 4] {
        lab.command(MediaCommand::Close { port: PortId(id) });
    }
    assert_eq!((lab.plane.deadline(), lab.plane.ports()), (None, 0));
}

#[test]
fn a_relayed_packet_goes_out_at_once() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(1000);
    let sent = lab.sent(1);
    let packets = sent.len();
    for pair in sent[packets - 20..].windows(2) {
        assert_eq!(pair[1].at - pair[0].at, MS * 20, "in the phone's own rhythm");
        // Phone 2 hums 6 ms past the start, as no tick does.
        assert_ne!((pair[0].at.micros() - 1_795_363_481_003_000) % 20_000, 0);
    }
}

#[test]
fn a_prompt_waits_for_the_first_packet() {
    for (case, hums_after, start_after, first_sound) in
        [("the phone speaks", Some(100), 400, 100..=120), ("it does not", None, 400, 400..=420)]
    {
        let mut lab = Lab::new();
        let begin = lab.wire.now;
        let due = hums_after.map(|ms| begin + MS * ms);
        lab.phone(1, 400.0, Codec::Pcmu).due = due;
        lab.set(1, |spec| {
            spec.start = Start::FirstRtpOr(begin + MS * start_after);
            spec.source = play(1, &[prompt("welcome")], false);
        });
        lab.run(1200);
        let sent = lab.sent(1);
        assert!(sent[0].at - begin <= MS * 20, "{case}: silence at once");
        let sound = sent.iter().position(|out| out.payload.iter().any(|byte| *byte != 0xff)).unwrap();
        let after = (sent[sound].at - begin).as_millis();
        assert!(first_sound.contains(&after), "{case}: {after} ms");
        assert!(sent[sound].header.marker, "{case}: a talk-spurt begins with a mark");
        let clip = lab.plane_clip("welcome");
        let played: Vec<u8> = sent[sound..sound + clip.frames()].iter().flat_map(|out| out.payload.clone()).collect();
        assert_eq!(played, clip.encoded(Codec::Pcmu), "{case}: bit for bit");
        assert!(sent[sound + clip.frames()..].iter().all(|out| out.payload == [0xff; 160]), "{case}: then silence");
        let told: Vec<_> = lab.wire.events.iter().filter(|e| matches!(e, MediaEvent::Played { .. })).collect();
        assert_eq!(told, [&MediaEvent::Played { port: PortId(1), play: PlayId(1) }], "{case}");
    }
}

impl Lab {
    fn plane_clip(&self, name: &str) -> Clip {
        let (hz, millis) = if name == "welcome" { (1500.0, 500) } else { (1700.0, 2000) };
        Clip::new(note(hz, 9_000, 0, millis * 8))
    }
}

#[test]
fn nothing_goes_out_before_the_start_or_against_the_direction() {
    let mut lab = Lab::new();
    lab.phone(1, 400.0, Codec::Pcmu);
    lab.set(1, |spec| spec.start = Start::Wait);
    lab.wire.rtp.clear();
    lab.run(200);
    assert_eq!(lab.sent(1).len(), 0);
    assert!(lab.wire.events.contains(&MediaEvent::FirstRtp { port: PortId(1) }), "early media counts");
    lab.set(1, |spec| {
        spec.start = Start::Now;
        spec.send = false;
        spec.source = play(1, &[prompt("welcome")], false);
    });
    lab.run(600);
    assert_eq!(lab.sent(1).len(), 0);
    assert!(lab.wire.events.contains(&MediaEvent::Played { port: PortId(1), play: PlayId(1) }), "no flow hangs");
}

#[test]
fn the_same_play_goes_on_and_another_begins_anew() {
    let mut lab = Lab::new();
    lab.phone(1, 400.0, Codec::Pcmu);
    let clip = lab.plane_clip("hold");
    lab.source(1, play(1, &[prompt("hold")], true));
    lab.run(500);
    lab.set(1, |spec| spec.receive = false);
    lab.run(1000);
    let expected: Vec<_> = (0..).map(|n| clip.frame(Codec::Pcmu, n % clip.frames()).unwrap()).take(70).collect();
    let sent: Vec<_> = lab.sent(1).iter().map(|out| out.payload.as_slice()).collect();
    assert_eq!(sent[1..71], expected[..], "one playing, whatever else changes");
    lab.wire.rtp.clear();
    lab.source(1, play(2, &[prompt("hold")], true));
    lab.run(40);
    assert_eq!(lab.sent(1)[0].payload, clip.frame(Codec::Pcmu, 0).unwrap());
    // An older wish changes nothing.
    let old = PortSpec { generation: 1, ..lab.specs[&1].clone() };
    lab.command(MediaCommand::Set { port: PortId(1), spec: PortSpec { source: Source::Silence, ..old } });
    lab.wire.rtp.clear();
    lab.run(40);
    assert_ne!(lab.sent(1)[0].payload, [0xff; 160]);
}

/// The laws of a stream: one SSRC, numbers without a gap, timestamps that rise with the time, no long silence.
fn continuous(case: &str, sent: &[Out]) {
    let first = &sent[0];
    let mut shift = 0_i64;
    for (n, pair) in sent.windows(2).enumerate() {
        let (a, b) = (&pair[0], &pair[1]);
        let here = format!("{case}: packet {n} at {:?}", b.at - first.at);
        assert_eq!(b.header.ssrc, first.header.ssrc, "{here}");
        assert_eq!(seq_ahead(b.header.seq, a.header.seq), 1, "{here}");
        if b.header.payload_type == EVENT {
            continue;
        }
        let ended = if a.header.payload_type == EVENT { 0 } else { a.payload.len() as i32 };
        assert!(ahead(b.header.timestamp, a.header.timestamp) >= ended, "{here}: sound upon sound");
        assert!(b.at - a.at <= MS * 60, "{here}: {:?} without a packet", b.at - a.at);
        let elapsed = (b.at - first.at).as_micros() as i64 * 8 / 1000;
        shift = i64::from(ahead(b.header.timestamp, first.header.timestamp)) - elapsed;
        assert!((-170..=170).contains(&shift), "{here}: {shift} ticks from the clock");
    }
    assert!(shift.abs() <= 170);
    let span = (sent[sent.len() - 1].at - first.at).as_millis() as usize / 20;
    assert!(
        sent.len() + span / 10 + 3 >= span && sent.len() <= span + span / 10 + 3,
        "{case}: {} in {span}",
        sent.len()
    );
}

#[test]
fn whatever_the_source_the_stream_goes_on() {
    for seed in 0..60 {
        let mut mint = Mint::new(seed);
        let mut lab = three();
        lab.phone(4, 1000.0, Codec::Pcma);
        lab.run(50);
        for change in 0..60 {
            let source = match mint.below(9) {
                0 => Source::Silence,
                1 => play(100 + change, &[prompt("welcome")], false),
                2 => play(100 + change, &[Sound::Tone(Tone::Busy)], true),
                3 => hear(&[3]),
                4 => hear(&[4]),
                5 => hear(&[2, 3]),
                6 => hear(&[2, 3, 4]),
                7 => hear(&[1]),
                _ => hear(&[2]),
            };
            lab.source(1, source);
            match mint.below(8) {
                0 => {
                    // Phone 2 falls silent for a while, its clock running on or standing still.
                    let phone = lab.phones.get_mut(&2).unwrap();
                    let pause = 1 + mint.below(300) as u32;
                    phone.due = phone.due.map(|due| due + MS * pause);
                    if mint.below(2) == 0 {
                        phone.timestamp = phone.timestamp.wrapping_add(pause * 8);
                    }
                }
                1 => {
                    // It begins a new stream.
                    let phone = lab.phones.get_mut(&2).unwrap();
                    (phone.ssrc, phone.seq, phone.timestamp) = (mint.u32(), mint.u32() as u16, mint.u32());
                }
                2 => {
                    let receive = mint.below(2) == 0;
                    lab.set(2, |spec| spec.receive = receive);
                }
                _ => {}
            }
            lab.run(mint.below(160));
        }
        continuous(&format!("seed {seed}"), lab.sent(1));
        assert_eq!(lab.plane.stats(PortId(1)).unwrap().packets_sent, lab.sent(1).len() as u64);
    }
}

#[test]
fn a_relayed_stream_of_any_ptime_is_not_filled_up() {
    for ptime in [10, 20, 30, 40, 60] {
        let mut lab = three();
        lab.phones.get_mut(&2).unwrap().ptime = ptime;
        lab.source(1, hear(&[2]));
        lab.run(200);
        lab.wire.rtp.clear();
        lab.run(1200);
        let sent = lab.sent(1);
        assert!((1200 / ptime - 1..=1200 / ptime + 1).contains(&(sent.len() as u64)), "{ptime}: {}", sent.len());
        assert!(sent.iter().all(|out| out.payload.len() as u64 == ptime * 8));
    }
}

#[test]
fn a_relayed_phone_that_falls_silent_leaves_silent_frames() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(500);
    lab.phones.get_mut(&2).unwrap().due = None;
    lab.run(500);
    lab.phones.get_mut(&2).unwrap().due = Some(lab.wire.now);
    lab.run(500);
    let sent = lab.sent(1).to_vec();
    continuous("silence and back", &sent);
    let silent = sent.iter().filter(|out| out.payload == [0xff; 160]).count();
    assert!((22..=27).contains(&silent), "{silent} silent frames");
    let back = sent.iter().rposition(|out| out.payload == [0xff; 160]).unwrap() + 1;
    assert!(sent[back].header.marker);
}

#[test]
fn a_lossy_relay_keeps_order_and_losses() {
    let mut lab = three();
    lab.phones.clear();
    lab.source(1, hear(&[2]));
    let from = address(30_004);
    for seq in [10, 11, 13, 12, 12, 15, 16] {
        let header = Header { payload_type: 0, marker: false, seq, timestamp: u32::from(seq) * 160, ssrc: 5 };
        lab.inject(2, from, header, &[seq as u8; 160]);
        lab.run(12);
    }
    let seen: Vec<_> = lab.sent(1).iter().filter(|out| out.payload != [0xff; 160]).collect();
    let first = seen[0].header.seq;
    let order: Vec<_> = seen.iter().map(|out| (out.payload[0], seq_ahead(out.header.seq, first))).collect();
    assert_eq!(order, [(10, 0), (11, 1), (13, 3), (12, 2), (15, 5), (16, 6)]);
}

#[test]
fn a_drifting_clock_is_followed_and_never_adds_up() {
    // A phone 500 ppm fast talks for ten minutes; then a prompt goes on without a gap.
    let mut lab = three();
    lab.phones.clear();
    lab.source(1, hear(&[2]));
    let begin = lab.wire.now;
    for n in 0..30_000_u32 {
        let at = begin + Duration::from_micros(u64::from(n) * 19_990);
        while lab.wire.now < at {
            lab.wire.now += MS;
            lab.plane.tick(lab.wire.now, &mut lab.wire);
        }
        let header = Header { payload_type: 0, marker: false, seq: n as u16, timestamp: n * 160, ssrc: 5 };
        lab.inject(2, address(30_004), header, &[1; 160]);
    }
    assert!(lab.sent(1).len() <= 30_050, "{} packets", lab.sent(1).len());
    lab.source(1, play(1, &[prompt("hold")], true));
    lab.run(200);
    let sent = lab.sent(1);
    for pair in sent[1..].windows(2) {
        assert!(pair[1].at - pair[0].at <= MS * 60);
        assert_eq!(seq_ahead(pair[1].header.seq, pair[0].header.seq), 1);
    }
}

#[test]
fn no_stranger_moves_a_port() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(200);
    let stranger = address(6666);
    let header = Header { payload_type: 0, marker: false, seq: 1, timestamp: 0, ssrc: 666 };
    lab.wire.rtp.clear();
    lab.inject(2, stranger, header, &[0x80; 160]);
    lab.inject(1, stranger, header, &[0x80; 160]);
    let own = address(30_002);
    lab.inject(1, own, Header { payload_type: 77, ..header }, &[0x80; 160]);
    lab.plane.rtp(lab.wire.now, PortId(1), own, &mut [0; 40], &mut lab.wire);
    assert_eq!(lab.sent(1).len(), 0, "nothing of it is heard");
    lab.run(100);
    assert!(lab.sent(1).iter().all(|out| out.to == own));
    assert_eq!(lab.plane.stats(PortId(1)).unwrap().packets_refused, 3);
    assert_eq!(lab.plane.stats(PortId(2)).unwrap().packets_refused, 1);
}

#[test]
fn a_phone_behind_a_nat_is_followed_once() {
    let mut lab = Lab::new();
    let nat = address(40_000);
    lab.phone(1, 400.0, Codec::Pcmu).address = nat;
    lab.run(200);
    assert_eq!(lab.sent(1).last().unwrap().to, nat);
    lab.phones.get_mut(&1).unwrap().address = address(40_002);
    lab.run(200);
    assert_eq!(lab.sent(1).last().unwrap().to, nat);
}

#[test]
fn digits_come_in_once_and_are_not_relayed() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    // Held, and still a feature code works.
    lab.set(2, |spec| spec.receive = false);
    lab.run(100);
    lab.wire.rtp.clear();
    for (timestamp, code) in [(1000, 10), (3000, 4), (5000, 1), (7000, 1), (9000, 11)] {
        for (seq, duration) in [(0, 160_u16), (1, 320), (2, 480), (2, 480)] {
            let [high, low] = duration.to_be_bytes();
            let header = Header { payload_type: EVENT, marker: seq == 0, seq, timestamp, ssrc: 5 };
            let end = if duration == 480 { 0x8a } else { 10 };
            lab.inject(2, address(30_004), header, &[code, end, high, low]);
        }
    }
    let digits: String = lab
        .wire
        .events
        .iter()
        .filter_map(|event| match event {
            MediaEvent::Digit { port: PortId(2), digit } => Some(*digit),
            _ => None,
        })
        .collect();
    assert_eq!(digits, "*411#");
    assert_eq!(lab.sent(1).len(), 0);
}

#[test]
fn digits_go_out_between_the_sound() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(203);
    lab.command(MediaCommand::Digits { port: PortId(1), digits: "5#".into() });
    lab.run(1000);
    let sent = lab.sent(1).to_vec();
    continuous("digits", &sent);
    let events: Vec<_> = sent.iter().filter(|out| out.header.payload_type == EVENT).collect();
    assert_eq!(events.len(), 20, "eight packets and two more ends a digit");
    for (digit, told) in [5, 11].into_iter().zip(events.chunks(10)) {
        assert!(told[0].header.marker && told[1..].iter().all(|out| !out.header.marker));
        assert!(told.iter().all(|out| out.header.timestamp == told[0].header.timestamp && out.payload[0] == digit));
        let ends = told.iter().filter(|out| out.payload[1] & 0x80 != 0).count();
        assert_eq!(ends, 3);
    }
    // Without an agreed telephone-event nothing happens.
    lab.set(1, |spec| spec.telephone_event = None);
    lab.wire.rtp.clear();
    lab.command(MediaCommand::Digits { port: PortId(1), digits: "5".into() });
    lab.run(200);
    assert!(lab.sent(1).iter().all(|out| out.header.payload_type == 0));
}

#[test]
fn a_held_up_thread_catches_up_without_a_burst() {
    let mut lab = Lab::new();
    lab.phone(1, 400.0, Codec::Pcmu).due = None;
    lab.source(1, play(1, &[prompt("hold")], true));
    lab.run(200);
    lab.wire.rtp.clear();
    lab.wire.now += MS * 500;
    lab.plane.tick(lab.wire.now, &mut lab.wire);
    assert_eq!(lab.sent(1).len(), 3);
    lab.run(100);
    let sent = lab.sent(1);
    assert_eq!(sent.len(), 8);
    for pair in sent.windows(2) {
        assert_eq!(ahead(pair[1].header.timestamp, pair[0].header.timestamp), 160);
    }
}

#[test]
fn reports_go_out_and_are_understood() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(30_000);
    let mine: Vec<_> = lab.wire.rtcp.iter().filter(|(port, ..)| *port == PortId(1)).collect();
    assert!((4..=12).contains(&mine.len()), "{} reports in half a minute", mine.len());
    let (_, to, datagram) = mine.last().unwrap();
    assert_eq!(*to, address(30_003));
    let report = rtp::reports(datagram).unwrap();
    assert_eq!((report.senders.len(), report.reports[0].ssrc, report.reports[0].lost), (1, 1, 0));
    let (ssrc, ntp) = report.senders[0];
    assert_eq!(ssrc, lab.sent(1)[0].header.ssrc);
    // The phone's answer is here 50 ms after our report; it held it for 10.
    let block = rtp::Report { ssrc, last_report: (ntp >> 16) as u32, delay: 655, ..rtp::Report::default() };
    let peer = rtp::Sender { ssrc: 1, ..rtp::Sender::default() };
    let answer = rtp::report(&peer, Some(block), "phone");
    let came = Time::from_micros(((ntp >> 32) - 2_208_988_800) * 1_000_000 + (((ntp & 0xffff_ffff) * 1_000_000) >> 32));
    lab.plane.rtcp(came + MS * 50, PortId(1), address(30_003), &answer);
    let round = lab.plane.stats(PortId(1)).unwrap().round_trip.unwrap();
    assert!((39_000..41_000).contains(&round.as_micros()), "{round:?}");
    // Somebody else's report says nothing of this phone.
    lab.plane.rtcp(came + MS * 500, PortId(1), SocketAddr::from(([10, 0, 0, 1], 30_003)), &answer);
    assert_eq!(lab.plane.stats(PortId(1)).unwrap().round_trip, Some(round));
}

#[test]
fn silence_is_told_once_until_something_comes() {
    let mut lab = three();
    lab.run(1000);
    for phone in lab.phones.values_mut() {
        phone.due = None;
    }
    lab.run(25_000);
    let told = |lab: &Lab| lab.wire.events.iter().filter(|e| matches!(e, MediaEvent::Silent { .. })).count();
    assert_eq!(told(&lab), 3);
    lab.phones.get_mut(&1).unwrap().due = Some(lab.wire.now);
    lab.run(100);
    lab.phones.get_mut(&1).unwrap().due = None;
    lab.run(11_000);
    assert_eq!(told(&lab), 4);
}

#[test]
fn a_join_and_a_leave_are_not_heard_as_a_gap() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.source(2, hear(&[1]));
    lab.run(500);
    lab.heard(1);
    lab.source(1, hear(&[2, 3]));
    lab.run(500);
    lab.source(1, hear(&[2]));
    lab.run(500);
    let pcm = lab.heard(1);
    let mut gap = 0;
    for part in pcm.chunks(80) {
        gap = if level_db(part) < -45.0 { gap + 10 } else { 0 };
        assert!(gap <= 60, "{gap} ms of dead air");
    }
}
