//! A port goes from one media thread to another while somebody listens.

use super::streams::continuous;
use super::*;

impl Lab {
    /// All ports go to another plane, which the lab then runs; its clock ticks at another phase.
    fn move_all(&mut self, seed: u64) {
        let ids: Vec<PortId> = self.phones.keys().map(|id| PortId(*id)).collect();
        for port in &ids {
            self.command(MediaCommand::HandOver { port: *port, to: ShardId(1) });
        }
        assert_eq!((self.plane.ports(), self.plane.deadline()), (0, None), "nothing is left behind");
        self.plane = Lab::plane(seed);
        for port in &ids {
            self.command(MediaCommand::Expect { port: *port });
        }
        for (handed, to) in std::mem::take(&mut self.wire.handed) {
            assert_eq!(to, ShardId(1));
            self.plane.arrive(self.wire.now, handed, &mut self.wire);
        }
    }
}

#[test]
fn whatever_its_source_the_stream_goes_on_elsewhere() {
    for (case, source) in [
        ("a prompt", play(1, &[prompt("hold")], true)),
        ("a relay", hear(&[2])),
        ("a mix", hear(&[2, 3])),
        ("another law", hear(&[4])),
        ("an echo", hear(&[1])),
        ("silence", Source::Silence),
    ] {
        for phase in [0, 1, 7, 13, 19] {
            let here = format!("{case}, moved after {phase} ms");
            let mut lab = three();
            lab.phone(4, 1000.0, Codec::Pcma);
            lab.source(1, source.clone());
            lab.run(500 + phase);
            let notes = lab.wire.rtp.get(&PortId(1)).map_or(0, Vec::len);
            assert!(notes > 20, "{here}");
            for round in 0..6 {
                lab.move_all(100 + round);
                lab.run(300);
            }
            continuous(&here, lab.sent(1));
            let sent = lab.sent(1).len();
            assert!((112..=122).contains(&sent), "{here}: {sent} packets in 2.3 s");
            assert_eq!(lab.wire.bound.len(), 4, "{here}: the sockets stay bound");
            let stats = lab.plane.stats(PortId(2)).unwrap();
            assert_eq!((stats.packets_lost, stats.packets_refused), (0, 0), "{here}");
            assert!(stats.packets_received > 110, "{here}: the count goes on");
        }
    }
}

#[test]
fn a_mix_that_moves_loses_no_more_than_a_frame() {
    for phase in 0..20 {
        let mut lab = three();
        lab.source(1, hear(&[2, 3]));
        lab.run(500 + phase);
        lab.heard(1);
        lab.move_all(9);
        lab.run(500);
        let pcm = lab.heard(1);
        let mut quiet = 0;
        for part in pcm.chunks(40) {
            quiet = if level_db(part) < -40.0 { quiet + 5 } else { 0 };
            assert!(quiet <= 20, "moved after {phase} ms: {quiet} ms of nothing");
        }
    }
}

#[test]
fn a_prompt_goes_on_where_it_was_and_its_end_is_told() {
    let mut lab = three();
    lab.source(1, play(1, &[prompt("welcome")], false));
    lab.run(250);
    lab.move_all(9);
    lab.run(400);
    let clip = lab.plane_clip("welcome");
    let sounding: Vec<_> = lab.sent(1).iter().filter(|out| out.payload != [0xff; 160]).collect();
    assert_eq!(sounding.len(), clip.frames());
    for (n, out) in sounding.iter().enumerate() {
        assert_eq!(Some(out.payload.as_slice()), clip.frame(Codec::Pcmu, n), "frame {n}");
    }
    assert!(lab.wire.events.contains(&MediaEvent::Played { port: PortId(1), play: PlayId(1) }));
}

#[test]
fn what_is_said_before_it_is_there_is_kept() {
    let mut lab = three();
    lab.run(200);
    let mut other = Lab::plane(9);
    lab.command(MediaCommand::HandOver { port: PortId(1), to: ShardId(1) });
    std::mem::swap(&mut lab.plane, &mut other);
    // In the order in which the engine tells the new thread.
    lab.command(MediaCommand::Expect { port: PortId(1) });
    lab.source(1, play(1, &[prompt("welcome")], false));
    lab.source(1, play(2, &[prompt("hold")], true));
    lab.command(MediaCommand::Digits { port: PortId(1), digits: "5".into() });
    lab.run(10);
    assert_eq!(lab.plane.ports(), 0);
    let (handed, _) = lab.wire.handed.pop().unwrap();
    assert_eq!(handed.port(), PortId(1));
    lab.wire.rtp.clear();
    lab.plane.arrive(lab.wire.now, handed, &mut lab.wire);
    lab.run(400);
    assert!(lab.sent(1).iter().any(|out| out.header.payload_type == EVENT), "the digit");
    assert_eq!(lab.notes(1, &NOTES), [1700.0], "the latest wish");
    // Closed while it is on its way back: it closes where it arrives, and is told of once.
    lab.command(MediaCommand::HandOver { port: PortId(1), to: ShardId(0) });
    std::mem::swap(&mut lab.plane, &mut other);
    lab.command(MediaCommand::Expect { port: PortId(1) });
    lab.command(MediaCommand::Close { port: PortId(1) });
    let (handed, _) = lab.wire.handed.pop().unwrap();
    lab.plane.arrive(lab.wire.now, handed, &mut lab.wire);
    let closed = lab.wire.events.iter().filter(|e| matches!(e, MediaEvent::Closed { port: PortId(1), .. })).count();
    assert_eq!((closed, lab.plane.ports(), lab.wire.bound.as_slice()), (1, 2, &[PortId(2), PortId(3)][..]));
}

#[test]
fn there_and_back_again_at_once() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(200);
    let mut other = Lab::plane(9);
    let port = PortId(1);
    // Everything is told before the first thread gets to it.
    for command in [MediaCommand::Expect { port }, MediaCommand::HandOver { port, to: ShardId(0) }] {
        other.command(lab.wire.now, command, &mut lab.wire);
    }
    lab.command(MediaCommand::HandOver { port, to: ShardId(1) });
    lab.command(MediaCommand::Expect { port });
    lab.source(1, hear(&[3]));
    while let Some((handed, to)) = lab.wire.handed.pop() {
        let plane = if to == ShardId(1) { &mut other } else { &mut lab.plane };
        plane.arrive(lab.wire.now, handed, &mut lab.wire);
    }
    lab.run(100);
    lab.heard(1);
    lab.run(300);
    assert_eq!((lab.plane.ports(), other.ports()), (3, 0));
    assert_eq!(lab.notes(1, &NOTES), [750.0]);
}
