//! That what a phone gets goes on unbroken whatever its source.

use super::*;

/// The laws of a stream: one SSRC, numbers without a gap, timestamps that rise with the time, no long silence.
pub(super) fn continuous(case: &str, sent: &[Out]) {
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
fn packets_have_the_length_that_the_phone_wants() {
    for (talks, wants) in
        [(20, 10), (20, 30), (20, 40), (20, 60), (10, 20), (30, 20), (60, 20), (30, 60), (60, 10), (30, 30)]
    {
        for source in [hear(&[2]), hear(&[2, 3]), play(1, &[prompt("hold")], true)] {
            let here = format!("{talks} ms to {wants} ms, {source:?}");
            let mut lab = three();
            lab.phones.get_mut(&2).unwrap().ptime = talks;
            lab.set(1, |spec| spec.ptime = Some(wants));
            lab.source(1, source);
            lab.run(500);
            lab.wire.rtp.clear();
            lab.run(1200);
            let sent = lab.sent(1);
            assert!(sent.iter().all(|out| out.payload.len() == usize::from(wants) * 8), "{here}");
            let expected = 1200 / usize::from(wants);
            assert!((expected - 1..=expected + 1).contains(&sent.len()), "{here}: {} packets", sent.len());
            for pair in sent.windows(2) {
                assert_eq!(seq_ahead(pair[1].header.seq, pair[0].header.seq), 1, "{here}");
                assert_eq!(ahead(pair[1].header.timestamp, pair[0].header.timestamp), i32::from(wants) * 8, "{here}");
            }
            let pcm = lab.heard(1);
            for part in pcm.chunks_exact(160) {
                assert!(level_db(part) > -20.0, "{here}: a hole");
            }
        }
    }
}

#[test]
fn a_phone_that_sends_noise_while_nobody_speaks_is_neither_lost_nor_dead() {
    for source in [hear(&[2]), hear(&[2, 3])] {
        let mut lab = three();
        lab.phones.get_mut(&3).unwrap().due = None;
        lab.source(1, source.clone());
        lab.run(500);
        for _ in 0..40 {
            let phone = lab.phones.get_mut(&2).unwrap();
            phone.due = None;
            let (seq, timestamp) = (phone.seq, phone.timestamp);
            phone.seq = seq.wrapping_add(1);
            phone.timestamp = timestamp.wrapping_add(8000);
            lab.inject(2, address(30_004), Header { payload_type: 13, marker: false, seq, timestamp, ssrc: 2 }, &[60]);
            lab.run(1000);
        }
        lab.phones.get_mut(&2).unwrap().due = Some(lab.wire.now);
        lab.run(500);
        continuous("noise", lab.sent(1));
        let stats = lab.plane.stats(PortId(2)).unwrap();
        assert_eq!((stats.packets_refused, stats.packets_lost), (0, 0));
        assert!(!lab.wire.events.contains(&MediaEvent::Silent { port: PortId(2) }), "the noise is a sign of life");
        lab.wire.rtp.clear();
        lab.run(300);
        assert_eq!(lab.notes(1, &NOTES), [550.0], "{source:?}");
    }
}

#[test]
fn a_stray_packet_does_not_break_the_stream_and_a_restart_is_followed() {
    let mut lab = three();
    lab.source(1, hear(&[2, 3]));
    lab.source(3, hear(&[2]));
    lab.run(500);
    let header = Header { payload_type: 0, marker: false, seq: 30_000, timestamp: 7, ssrc: 2 };
    lab.heard(1);
    lab.inject(2, address(30_004), header, &[0x80; 160]);
    lab.run(300);
    for part in lab.heard(1).chunks_exact(160).skip(1) {
        assert!(level_db(part) > -20.0, "nobody hears it");
    }
    let phone = lab.phones.get_mut(&2).unwrap();
    (phone.seq, phone.timestamp) = (9_000, 5);
    lab.run(200);
    lab.heard(1);
    lab.heard(3);
    lab.run(500);
    continuous("relayed", lab.sent(3));
    assert_eq!(lab.notes(1, &NOTES), [550.0, 750.0]);
    assert_eq!(lab.notes(3, &NOTES), [550.0]);
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
fn silence_that_stands_in_never_keeps_the_phone_out() {
    // A burst puts the stream ahead of the clock, silence stands in; then the phone talks again, a little later each time.
    for burst in [1, 3, 5] {
        for late in 0..40 {
            let mut lab = three();
            lab.source(1, hear(&[2]));
            lab.run(500);
            let phone = lab.phones.get_mut(&2).unwrap();
            phone.due = phone.due.map(|due| Time::from_micros(due.micros() - 20_000 * burst));
            lab.run(20);
            let pause = 300 + late;
            let phone = lab.phones.get_mut(&2).unwrap();
            phone.due = phone.due.map(|due| due + MS * pause);
            phone.timestamp = phone.timestamp.wrapping_add(300 * 8);
            lab.run(u64::from(pause) + 200);
            lab.wire.rtp.clear();
            lab.run(500);
            let voiced = lab.sent(1).iter().filter(|out| out.payload != [0xff; 160]).count();
            assert!(voiced >= 23, "a burst of {burst}, {late} ms late: {voiced} of 25 packets are relayed");
        }
    }
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

/// Some phones go on sounding while a key is down. What is not passed on leaves no hole that the far end would report.
#[test]
fn what_is_kept_from_a_relayed_stream_leaves_no_hole_in_it() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(203);
    lab.wire.rtp.clear();
    for n in 0..200_u32 {
        let (payload_type, payload): (u8, &[u8]) = match n % 10 {
            1 => (EVENT, &[5, 10, 1, 0]),
            // Comfort noise, and what nobody has agreed on.
            3 => (13, &[60]),
            5 => (97, &[0; 40]),
            _ => {
                lab.run(20);
                continue;
            }
        };
        let phone = lab.phones.get_mut(&2).unwrap();
        let (seq, timestamp, from) = (phone.seq, phone.timestamp, phone.address);
        phone.seq = phone.seq.wrapping_add(1);
        let header = Header { payload_type, marker: false, seq, timestamp, ssrc: 2 };
        lab.inject(2, from, header, payload);
    }
    continuous("relayed", lab.sent(1));
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
    // Without an agreed telephone-event they are tones: a row and a column of the keypad.
    lab.set(1, |spec| spec.telephone_event = None);
    lab.run(200);
    for (digit, wanted) in [("5", [770.0, 1336.0]), ("#", [941.0, 1477.0]), ("D", [941.0, 1633.0])] {
        lab.wire.rtp.clear();
        lab.command(MediaCommand::Digits { port: PortId(1), digits: digit.into() });
        lab.run(160);
        assert!(lab.sent(1).iter().all(|out| out.header.payload_type == 0));
        let keys = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
        assert_eq!(lab.notes(1, &keys), wanted, "{digit}");
        lab.run(400);
    }
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
