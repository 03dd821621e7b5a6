//! Who is on which side of a recording, and when.

use super::*;
use crate::media::plane::Plane;

/// Both channels, put together from pieces as they say where they belong.
fn channels(pieces: &[Piece]) -> (Vec<i16>, Vec<i16>) {
    let length = pieces.iter().map(|piece| piece.to).max().unwrap_or(0) as usize;
    let (mut left, mut right) = (vec![0; length], vec![0; length]);
    let mut last = 0;
    for piece in pieces {
        assert!(piece.from >= last && piece.from <= piece.to, "{piece:?}");
        assert!(piece.pcm.is_empty() || piece.pcm.len() as u64 == 2 * (piece.to - piece.from));
        last = piece.to;
        for (n, pair) in piece.pcm.chunks_exact(2).enumerate() {
            let at = piece.from as usize + n;
            (left[at], right[at]) = (pair[0], pair[1]);
        }
    }
    (left, right)
}

/// It is as long as the time that it took, or less than a frame longer.
#[track_caller]
fn lasted(pcm: &[i16], millis: usize) {
    assert!((0..=160).contains(&(pcm.len() - millis * 8)), "{} samples in {millis} ms", pcm.len());
}

/// Which notes of the lab's phones are in a stretch, in milliseconds.
fn notes(pcm: &[i16], from: usize, to: usize) -> Vec<f32> {
    let part = &pcm[from * 8..to * 8];
    NOTES.into_iter().filter(|hz| power(part, *hz) > 2_000.0).collect()
}

impl Lab {
    fn record(&mut self, since: Time, left: &[u64], right: &[u64]) {
        let ports = |ids: &[u64]| ids.iter().map(|id| PortId(*id)).collect();
        let contact = Mint::new(1).contact_id();
        let wish = Recording { contact, since, left: ports(left), right: ports(right) };
        self.command(MediaCommand::Record(wish));
    }

    fn end(&mut self, elsewhere: bool) {
        self.command(MediaCommand::EndRecording { contact: Mint::new(1).contact_id(), elsewhere });
    }

    /// What was recorded, as left and right, in whole milliseconds.
    fn recorded(&mut self) -> (Vec<i16>, Vec<i16>) {
        self.end(false);
        assert_eq!(self.plane.recordings(), 0);
        assert!(self.wire.pieces.last().is_some_and(|piece| piece.last));
        channels(&self.wire.pieces)
    }
}

#[test]
fn each_party_is_on_its_side_and_hears_what_it_heard_before() {
    for (case, mixed) in [("relayed", false), ("mixed", true)] {
        let mut lab = three();
        let all: &[u64] = if mixed { &[1, 2, 3] } else { &[1, 2] };
        for id in all {
            let others: Vec<u64> = all.iter().copied().filter(|other| other != id).collect();
            lab.source(*id, hear(&others));
        }
        lab.run(400);
        let relayed = |lab: &Lab| lab.plane.stats(PortId(1)).unwrap().packets_sent;
        let sent = relayed(&lab);
        let since = lab.wire.now;
        // The customer left; his agent, and in the mix a second one, right.
        lab.record(since, &[1], if mixed { &[2, 3] } else { &[2] });
        lab.run(2_000);
        assert!(relayed(&lab) - sent >= 99, "{case}: nobody's sound suffers from it");
        let (left, right) = lab.recorded();
        lasted(&left, 2_000);
        for from in (200..1_900).step_by(100) {
            assert_eq!(notes(&left, from, from + 100), [400.0], "{case}, left at {from} ms");
            let agents: &[f32] = if mixed { &[550.0, 750.0] } else { &[550.0] };
            assert_eq!(notes(&right, from, from + 100), agents, "{case}, right at {from} ms");
        }
        lab.heard(1);
        lab.run(300);
        assert_eq!(lab.notes(1, &NOTES), if mixed { vec![550.0, 750.0] } else { vec![550.0] }, "{case}: afterwards");
    }
}

#[test]
fn who_is_held_muted_or_left_out_is_silence_of_the_same_length() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.source(2, hear(&[1]));
    let since = lab.wire.now;
    lab.record(since, &[1], &[2]);
    lab.run(1_000);
    // The customer is held: the agent goes on being recorded.
    lab.set(1, |spec| spec.receive = false);
    lab.run(1_000);
    lab.set(1, |spec| spec.receive = true);
    lab.set(2, |spec| spec.receive = false);
    lab.run(1_000);
    lab.set(2, |spec| spec.receive = true);
    // Suspended.
    lab.record(since, &[], &[]);
    lab.run(1_000);
    lab.record(since, &[1], &[2]);
    lab.run(1_000);
    let (left, right) = lab.recorded();
    lasted(&left, 5_000);
    for (second, customer, agent) in
        [(0, true, true), (1, false, true), (2, true, false), (3, false, false), (4, true, true)]
    {
        let (from, to) = (second * 1_000 + 200, second * 1_000 + 980);
        let heard = |there: bool, hz: f32| if there { vec![hz] } else { vec![] };
        assert_eq!(notes(&left, from, to), heard(customer, 400.0), "left in second {second}");
        assert_eq!(notes(&right, from, to), heard(agent, 550.0), "right in second {second}");
        for (side, there) in [(&left, customer), (&right, agent)] {
            let silent = side[from * 8..to * 8].iter().all(|sample| *sample == 0);
            assert_eq!(silent, !there, "second {second}");
        }
    }
}

#[test]
fn a_port_that_comes_later_or_goes_earlier_is_recorded_while_it_is_there() {
    let mut lab = Lab::new();
    let since = lab.wire.now;
    lab.record(since, &[1], &[2]);
    lab.run(500);
    lab.phone(2, 550.0, Codec::Pcma);
    lab.run(500);
    lab.phone(1, 400.0, Codec::Pcmu);
    lab.run(1_000);
    lab.command(MediaCommand::Close { port: PortId(2) });
    lab.phones.remove(&2);
    lab.run(1_000);
    let (left, right) = lab.recorded();
    // Without a port there is no clock, and yet the time counts.
    lasted(&left, 3_000);
    for (from, on_left, on_right) in
        [(0, None, None), (700, None, Some(550.0)), (1_300, Some(400.0), Some(550.0)), (2_300, Some(400.0), None)]
    {
        assert_eq!(notes(&left, from, from + 300).first().copied(), on_left, "left from {from} ms");
        assert_eq!(notes(&right, from, from + 300).first().copied(), on_right, "right from {from} ms");
    }
}

/// When a side goes over from one note to the other, in milliseconds.
fn turns(pcm: &[i16], low: f32, high: f32) -> Vec<i64> {
    let is_high: Vec<bool> = pcm.chunks_exact(80).map(|part| power(part, high) > power(part, low)).collect();
    let turns = (1..is_high.len()).filter(|at| is_high[*at] != is_high[at - 1]);
    let mut found: Vec<i64> = Vec::new();
    for at in turns.map(|at| at as i64 * 10) {
        // What is guessed for a lost packet may hesitate.
        if found.last().is_none_or(|last| at - last > 300) {
            found.push(at);
        }
    }
    found
}

#[test]
fn loss_other_clocks_and_a_thread_held_up_do_not_skew_the_sides() {
    let mut lab = three();
    lab.phones.remove(&3);
    lab.source(1, hear(&[2]));
    lab.source(2, hear(&[1]));
    let since = lab.wire.now;
    lab.record(since, &[1], &[2]);
    let mut mint = Mint::new(9);
    let mut skipped = 0;
    for second in 0..300_u64 {
        for phone in lab.phones.values_mut() {
            // Both change their notes in the same moment.
            phone.hz = if second % 2 == 0 { 400.0 } else { 1_500.0 };
        }
        if second % 5 == 4 {
            // 200 ppm: one clock is slow, the other fast.
            let due = |lab: &Lab, id: u64| lab.phones[&id].due.unwrap();
            let (slow, fast) = (due(&lab, 1) + MS, due(&lab, 2).before(MS));
            lab.phones.get_mut(&1).unwrap().due = Some(slow);
            lab.phones.get_mut(&2).unwrap().due = Some(fast);
        }
        for _ in 0..50 {
            let phone = lab.phones.get_mut(&2).unwrap();
            if mint.below(20) == 0 {
                // One packet in twenty is lost.
                phone.seq = phone.seq.wrapping_add(1);
                phone.timestamp = phone.timestamp.wrapping_add(160);
                phone.due = phone.due.map(|due| due + MS * 20);
            }
            lab.run(20);
        }
        if second == 150 {
            // The thread is held up for longer than it makes up for.
            lab.wire.now += MS * 2_000;
            skipped = 2_000;
            for phone in lab.phones.values_mut() {
                phone.due = phone.due.map(|due| due + MS * 2_000);
            }
        }
    }
    let (left, right) = lab.recorded();
    lasted(&left, 300_000 + skipped);
    let (left, right) = (turns(&left, 400.0, 1_500.0), turns(&right, 400.0, 1_500.0));
    for (side, turns) in [("left", &left), ("right", &right)] {
        for second in 1..300_i64 {
            let at = second * 1_000 + if second > 150 { 2_000 } else { 0 };
            let late = turns.iter().map(|turn| turn - at).find(|late| (-20..=150).contains(late));
            assert!(second == 151 || late.is_some(), "{side}, second {second}: {turns:?}");
        }
    }
}

#[test]
fn a_recording_goes_on_where_its_ports_have_gone() {
    for phase in 0..20 {
        let mut lab = three();
        lab.source(1, hear(&[2]));
        lab.source(2, hear(&[1]));
        let since = lab.wire.now;
        lab.record(since, &[1], &[2]);
        lab.run(1_000 + phase);
        // Another thread, whose clock ticks at another phase.
        let mut other = Lab::plane(9);
        let ids = [1, 2, 3].map(PortId);
        for port in ids {
            lab.command(MediaCommand::HandOver { port, to: ShardId(1) });
        }
        lab.end(true);
        assert!(!lab.wire.pieces.iter().any(|piece| piece.last), "it is not over");
        std::mem::swap(&mut lab.plane, &mut other);
        for port in ids {
            lab.command(MediaCommand::Expect { port });
        }
        lab.record(since, &[1], &[2]);
        for (handed, _) in std::mem::take(&mut lab.wire.handed) {
            lab.plane.arrive(lab.wire.now, handed, &mut lab.wire);
        }
        lab.run(1_000);
        let (left, right) = overlapping(&mut lab);
        lasted(&left, 2_000 + phase as usize);
        for (side, hz) in [(&left, 400.0), (&right, 550.0)] {
            let mut quiet = 0;
            for part in side[200 * 8..].chunks(40) {
                quiet = if level_db(part) < -40.0 { quiet + 5 } else { 0 };
                assert!(quiet <= 20, "moved after {phase} ms: {quiet} ms of nothing");
            }
            assert_eq!(notes(side, 200, 1_900), [hz]);
        }
    }
}

/// Two threads' frames may overlap by less than one: the later stays.
fn overlapping(lab: &mut Lab) -> (Vec<i16>, Vec<i16>) {
    lab.end(false);
    let mut pieces = std::mem::take(&mut lab.wire.pieces);
    let mut last = 0;
    for piece in &mut pieces {
        let behind = last - piece.from.min(last);
        assert!(behind <= 160, "{behind} samples twice");
        let both = usize::try_from(behind * 2).unwrap().min(piece.pcm.len());
        piece.pcm.drain(..both);
        piece.from = piece.from.max(last);
        last = piece.to;
    }
    channels(&pieces)
}

#[test]
fn nothing_is_kept_for_a_recording_that_is_over() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    let since = lab.wire.now;
    for _ in 0..3 {
        lab.record(since, &[1, 3], &[2]);
        lab.run(100);
        lab.record(since, &[1], &[2, 2]);
        lab.run(100);
        lab.end(false);
    }
    lab.end(false);
    lab.run(600);
    let plane: &Plane = &lab.plane;
    assert_eq!(plane.taps(), 0, "nobody listens beside the phones");
    assert_eq!(lab.wire.pieces.iter().filter(|piece| piece.last).count(), 3);
}
