//! Phones that call each other, over good lines and bad ones.

use super::*;

#[test]
fn a_call_from_ring_to_bye() {
    let mut net = Net::new(2);
    let line = net.phones[0].call(net.now, "bob");
    net.run(100);
    let ringing = PhoneEvent::Ringing { line: LineId(1), from_display: None, from_uri: "ann@cordboard.lab".into() };
    assert!(net.events.contains(&(1, ringing)), "{:?}", net.events);
    assert!(net.events.contains(&(0, PhoneEvent::Progress { line, status: 180 })));
    assert!(net.phones[1].answer(net.now, LineId(1)));
    net.run(1000);
    for n in [0, 1] {
        assert!(net.events.contains(&(n, PhoneEvent::Answered { line: LineId(1) })));
        assert!((48..=51).contains(&net.heard(n)), "{n} heard {}", net.heard(n));
    }
    assert!(net.phones[0].hang_up(net.now, line));
    net.run(40_000);
    assert_eq!((net.ended(0), net.ended(1)), (Some((true, None)), Some((false, None))));
    assert_eq!((net.count("INVITE sip"), net.count("BYE"), net.count("ACK")), (1, 1, 1));
    net.no_complaints();
    assert_eq!(net.phones[0].deadline(), None, "everything is over");
}

#[test]
fn a_call_is_refused() {
    for status in [486, 603, 480] {
        let mut net = Net::new(2);
        net.phones[1].habits_mut().declines_with = Some(status);
        net.phones[0].call(net.now, "bob");
        net.run(40_000);
        assert_eq!(net.ended(0), Some((false, Some(status))));
        assert_eq!(net.count("ACK"), 1);
        net.no_complaints();
    }
}

#[test]
fn a_call_is_given_up() {
    for wait in [0, 100] {
        let mut net = Net::new(2);
        let line = net.phones[0].call(net.now, "bob");
        net.run(wait);
        net.phones[0].hang_up(net.now, line);
        net.run(40_000);
        assert_eq!((net.ended(0), net.ended(1)), (Some((true, Some(487))), Some((false, Some(487)))), "{wait}");
        assert_eq!((net.count("0 CANCEL"), net.count("1 SIP/2.0 487")), (1, 1));
        net.no_complaints();
    }
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut net = Net::new(2);
    let line = net.phones[0].call(net.now, "bob");
    net.run(100);
    net.phones[0].hang_up(net.now, line);
    net.phones[1].answer(net.now, LineId(1));
    net.run(40_000);
    assert_eq!((net.count("0 ACK"), net.count("0 BYE")), (1, 1));
    assert!(net.phones.iter().all(|phone| phone.live_line().is_none()));
    net.no_complaints();
}

#[test]
fn nobody_there_is_a_timeout() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().silent = true;
    net.phones[0].call(net.now, "bob");
    net.run(40_000);
    assert_eq!(net.ended(0), Some((false, Some(408))));
    // RFC 3261 section 17.1.1.2: at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    assert_eq!(net.count("0 INVITE"), 7);
}

#[test]
fn hold_and_resume() {
    for form in [HoldForm::SendOnly, HoldForm::Inactive, HoldForm::ZeroAddress] {
        let mut net = Net::new(2);
        net.phones[0].habits_mut().holds = form;
        let (a, b) = net.up();
        assert!(net.phones[0].hold(net.now, a));
        assert!(!net.phones[0].hold(net.now, a), "it is held already");
        net.run(200);
        let (ours, theirs) = match form {
            HoldForm::Inactive => (Direction::Inactive, Direction::Inactive),
            HoldForm::SendOnly | HoldForm::ZeroAddress => (Direction::SendOnly, Direction::RecvOnly),
        };
        assert_eq!(net.phones[0].line(a).unwrap().direction(), Some(ours));
        assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(theirs));
        assert!(net.phones[1].line(b).unwrap().is_held());
        assert!(net.events.contains(&(1, PhoneEvent::ReInvited { line: b, direction: theirs })));
        let before = net.heard(0);
        net.run(1000);
        assert_eq!(net.heard(0), before, "the held side is quiet");
        assert!(net.phones[0].resume(net.now, a));
        net.run(500);
        assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::SendRecv));
        assert!(net.heard(0) > before);
        net.no_complaints();
    }
}

#[test]
fn re_invites_that_meet_are_tried_again() {
    let mut net = Net::new(2);
    let (a, b) = net.up();
    net.phones[0].hold(net.now, a);
    net.phones[1].hold(net.now, b);
    net.run(10_000);
    assert!(net.count("491") >= 1);
    for line in [net.phones[0].line(a), net.phones[1].line(b)] {
        assert_eq!(line.unwrap().direction(), Some(Direction::Inactive), "both hold");
    }
    net.no_complaints();
}

#[test]
fn refusals_of_a_re_invite_keep_the_call() {
    let mut net = Net::new(2);
    let (a, b) = net.up();
    net.phones[1].habits_mut().refuses_reinvite = true;
    net.phones[0].hold(net.now, a);
    net.run(500);
    let kept = PhoneEvent::Changed { line: a, status: 488, direction: Direction::SendRecv };
    assert!(net.events.contains(&(0, kept)), "{:?}", net.events);
    net.phones[1].habits_mut().refuses_reinvite = false;
    net.phones[1].habits_mut().glares = 2;
    net.phones[0].hold(net.now, a);
    net.run(10_000);
    assert_eq!(net.count("491"), 2);
    assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::RecvOnly));
    net.no_complaints();
}

#[test]
fn digits_by_rtp_and_by_info() {
    for by_info in [false, true] {
        let mut net = Net::new(2);
        net.phones[0].habits_mut().digits_by_info = by_info;
        let (a, _) = net.up();
        net.phones[0].dtmf(net.now, a, "*411#");
        net.run(3000);
        assert_eq!(net.digits(1), "*411#", "by info: {by_info}");
        assert_eq!(net.count("INFO"), if by_info { 5 } else { 0 });
        net.no_complaints();
    }
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().early_media = true;
    let line = net.phones[0].call(net.now, "bob");
    net.run(500);
    assert!(net.events.contains(&(0, PhoneEvent::Progress { line, status: 183 })));
    assert!(net.heard(0) > 20, "{}", net.heard(0));
    assert_eq!(net.heard(1), 0);
    net.phones[1].answer(net.now, LineId(1));
    net.run(500);
    assert!(net.heard(1) > 20);
    net.no_complaints();
}

#[test]
fn codecs_meet_or_the_call_is_refused() {
    let mut net = Net::new(2);
    net.phones[1].config.codecs = vec![Codec::Pcma];
    net.up();
    assert_eq!(net.phones[0].line(LineId(1)).unwrap().session.stream.as_ref().unwrap().codec, (8, Codec::Pcma));
    net.no_complaints();
    let mut net = Net::new(2);
    net.phones[0].config.codecs = vec![Codec::Pcmu];
    net.phones[1].config.codecs = vec![Codec::Pcma];
    net.phones[1].habits_mut().answers_after = Some(Duration::ZERO);
    net.phones[0].call(net.now, "bob");
    net.run(500);
    assert_eq!(net.ended(0), Some((false, Some(488))));
}

#[test]
fn lossy_links_change_nothing_but_the_time() {
    for seed in 0..30 {
        let mut net = Net::new(2);
        (net.loss_percent, net.mint) = (20, Mint::new(seed));
        net.phones[1].habits_mut().answers_after = Some(Duration::from_millis(300));
        let line = net.phones[0].call(net.now, "bob");
        net.run(12_000);
        assert!(net.events.contains(&(1, PhoneEvent::Answered { line: LineId(1) })), "seed {seed}: {:?}", net.sip_log);
        net.phones[0].hold(net.now, line);
        net.run(10_000);
        assert_eq!(net.phones[1].line(LineId(1)).unwrap().direction(), Some(Direction::RecvOnly), "seed {seed}");
        net.phones[1].hang_up(net.now, LineId(1));
        net.run(80_000);
        assert!(net.phones.iter().all(|phone| phone.live_line().is_none()), "seed {seed}");
        assert!(net.phones.iter().all(|phone| phone.deadline().is_none()), "seed {seed}");
        net.no_complaints();
    }
}

#[test]
fn several_lines_at_once() {
    let mut net = Net::new(3);
    net.phones[1].habits_mut().answers_after = Some(Duration::ZERO);
    net.phones[2].config.registrar = sip(1);
    let (one, two) = (net.phones[0].call(net.now, "bob"), net.phones[2].call(net.now, "bob"));
    net.run(1000);
    assert_eq!(net.phones[1].lines().filter(|line| line.state() == LineState::Up).count(), 2);
    assert!(net.phones[1].lines().all(|line| (40..=50).contains(&line.heard().len())));
    net.phones[0].hang_up(net.now, one);
    net.run(100);
    assert_eq!(net.phones[2].line(two).unwrap().state(), LineState::Up);
    net.phones[1].config.lines = 1;
    net.phones[0].call(net.now, "bob");
    net.run(100);
    assert_eq!(net.count("1 SIP/2.0 486"), 1);
    net.no_complaints();
}

#[test]
fn a_phone_without_update_or_rtp() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().no_rtp = true;
    net.phones[1].habits_mut().no_update = true;
    let (a, _) = net.up();
    assert_eq!(net.heard(0), 0);
    net.phones[0].update(net.now, a);
    net.run(100);
    assert_eq!(net.phones[1].complaints().len(), 1, "an UPDATE that was not allowed");
    assert_eq!(net.count("1 SIP/2.0 405"), 1);
}
