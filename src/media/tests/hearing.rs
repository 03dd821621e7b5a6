//! Who hears whom, and from when.

use super::*;

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
