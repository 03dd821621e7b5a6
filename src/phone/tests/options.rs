//! What only some phones have: reliable responses, session timers, late offers, UPDATE, more streams, longer packets.

use super::*;

impl Net {
    fn habits(&mut self, n: usize) -> &mut Habits {
        self.phones[n].habits_mut()
    }

    /// Both have a call and hear each other.
    #[track_caller]
    fn talk(&mut self) {
        let before = [self.heard(0), self.heard(1)];
        self.run(1000);
        assert!(self.heard(0) > before[0] + 40 && self.heard(1) > before[1] + 40, "{:#?}", self.sip_log);
        self.no_complaints();
    }

    /// Nobody hums: hours pass in no time.
    fn quiet(&mut self) {
        self.phones.iter_mut().for_each(|phone| phone.habits_mut().no_rtp = true);
    }

    fn first(&self, line: LineId) -> (Option<Direction>, LineState) {
        let line = self.phones[0].line(line).unwrap();
        (line.direction(), line.state())
    }
}

#[test]
fn a_reliable_response_is_acknowledged_whatever_it_carries() {
    for (caller, called, early, late, pracks) in [
        (Reliable::No, Reliable::Supported, false, false, 0),
        (Reliable::Supported, Reliable::No, true, false, 0),
        (Reliable::Supported, Reliable::Supported, false, false, 1),
        (Reliable::Supported, Reliable::Supported, true, false, 1),
        (Reliable::Required, Reliable::Supported, true, false, 1),
        (Reliable::Supported, Reliable::Supported, true, true, 1),
        (Reliable::Supported, Reliable::Supported, false, true, 1),
    ] {
        for loss_percent in [0, 25] {
            let mut net = Net::new(2);
            net.loss_percent = loss_percent;
            net.habits(0).reliable = caller;
            net.habits(1).reliable = called;
            net.habits(1).early_media = early;
            net.habits(0).offers_late = late;
            net.phones[0].call(net.now, "bob");
            net.run(if loss_percent > 0 { 12_000 } else { 300 });
            let line = net.phones[1].live_line().unwrap();
            if early && pracks > 0 && loss_percent == 0 {
                assert!(net.heard(0) > 5, "no early sound: {:#?}", net.sip_log);
            }
            net.phones[1].answer(net.now, line);
            net.run(if loss_percent > 0 { 12_000 } else { 300 });
            if loss_percent == 0 {
                let counted = net.count("0 PRACK");
                assert_eq!(counted, pracks, "{caller:?} {called:?} {early} {late}: {:#?}", net.sip_log);
                net.talk();
            }
            assert_eq!(net.phones[0].lines().next().unwrap().state(), LineState::Up);
            assert_eq!(net.phones[1].line(line).unwrap().state(), LineState::Up);
            net.no_complaints();
        }
    }
}

#[test]
fn who_needs_reliability_does_without_those_who_lack_it() {
    let mut net = Net::new(2);
    net.habits(0).reliable = Reliable::Required;
    net.phones[0].call(net.now, "bob");
    net.run(500);
    assert_eq!(net.ended(0), Some((false, Some(420))));
}

#[test]
fn a_reliable_response_without_prack_is_given_up() {
    let mut script = Script::new(None);
    script.phone.habits_mut().answers_after = None;
    script.phone.habits_mut().reliable = Reliable::Supported;
    script.say(&request("INVITE", "1", 1, "", SDP).replace("Contact:", "Supported: 100rel\nContact:"));
    let ringing = script.sent().pop().unwrap();
    assert_eq!((header(&ringing, "RSeq"), header(&ringing, "Require")), ("1".into(), "100rel".into()));
    script.later(33_000);
    let sent = script.sent();
    assert_eq!(sent.iter().filter(|sent| **sent == ringing).count(), 6, "at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s");
    assert!(sent.iter().any(|sent| sent.starts_with("SIP/2.0 504")), "{sent:?}");
}

#[test]
fn late_offers_are_made_and_answered() {
    let mut net = Net::new(2);
    net.habits(0).offers_late = true;
    let (a, b) = net.up();
    net.talk();
    net.phones[0].hold(net.now, a);
    net.run(200);
    assert_eq!(net.first(a), (Some(Direction::SendOnly), LineState::Up));
    assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::RecvOnly));
    net.phones[0].resume(net.now, a);
    net.run(200);
    net.talk();
    assert_eq!(net.count("0 UPDATE"), 0);
}

#[test]
fn holding_by_update_and_locking_a_codec() {
    let mut net = Net::new(2);
    net.habits(0).changes_by_update = true;
    net.habits(0).locks_codec = true;
    let (a, b) = net.up();
    net.run(200);
    assert_eq!(net.count("0 UPDATE"), 1, "two codecs were left");
    net.phones[0].hold(net.now, a);
    net.phones[0].resume(net.now, a);
    net.run(500);
    net.phones[0].hold(net.now, a);
    net.run(500);
    assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::RecvOnly));
    // A hold by UPDATE that meets the other's re-INVITE.
    net.phones[0].resume(net.now, a);
    net.phones[1].hold(net.now, b);
    net.run(10_000);
    assert_eq!(net.first(a), (Some(Direction::RecvOnly), LineState::Up));
    assert_eq!(net.count("0 INVITE"), 1);
    net.no_complaints();
}

#[test]
fn video_is_offered_in_vain_and_keeps_its_place() {
    for video in [Video::Before, Video::After] {
        let mut net = Net::new(2);
        net.habits(0).video = video;
        let (a, _) = net.up();
        net.talk();
        net.phones[0].hold(net.now, a);
        net.run(200);
        net.phones[0].resume(net.now, a);
        net.run(200);
        net.talk();
    }
}

#[test]
fn packets_of_every_length_are_heard() {
    for ptime in [10, 20, 30, 40, 60] {
        let mut net = Net::new(2);
        net.habits(0).ptime = ptime;
        let (a, _) = net.up();
        let before = net.heard(1);
        net.run(1200);
        let heard = net.heard(1) - before;
        assert!((56..=64).contains(&heard), "{ptime} ms: {heard} frames in 1.2 s");
        net.phones[0].dtmf(net.now, a, "12");
        net.run(2000);
        assert_eq!(net.digits(1), "12", "{ptime} ms");
        net.no_complaints();
    }
}

#[test]
fn session_timers_are_kept_by_either_side() {
    let timer = |refresher| Some(SessionTimer { refresher, ..SessionTimer::of(90) });
    for (ours, theirs, refreshes) in [
        (timer(Refresher::Unsaid), timer(Refresher::Us), "1 UPDATE"),
        (timer(Refresher::Unsaid), timer(Refresher::Them), "0 UPDATE"),
        (timer(Refresher::Us), timer(Refresher::Us), "0 UPDATE"),
        (timer(Refresher::Them), timer(Refresher::Them), "1 UPDATE"),
        (None, timer(Refresher::Unsaid), "1 UPDATE"),
        (timer(Refresher::Unsaid), None, "none"),
    ] {
        let mut net = Net::new(2);
        net.habits(0).timer = ours;
        net.habits(1).timer = theirs;
        net.quiet();
        let (a, _) = net.up();
        net.run(400_000);
        let counted = net.count("UPDATE");
        let wanted = if refreshes == "none" { 0..=0 } else { 8..=9 };
        assert!(wanted.contains(&counted) && net.count(refreshes) == counted, "{ours:?} {theirs:?}: {counted}");
        assert_eq!(net.first(a).1, LineState::Up);
        net.no_complaints();
    }
}

#[test]
fn re_invites_refresh_where_update_is_unknown() {
    let mut net = Net::new(2);
    net.habits(0).timer = Some(SessionTimer { refresher: Refresher::Us, ..SessionTimer::of(90) });
    net.habits(1).timer = Some(SessionTimer::of(90));
    net.habits(1).no_update = true;
    net.quiet();
    net.up();
    net.run(100_000);
    assert_eq!(net.count("0 INVITE"), 3);
    net.no_complaints();
}

#[test]
fn a_timer_that_is_not_kept_ends_the_call() {
    let mut net = Net::new(2);
    let lazy = SessionTimer { refresher: Refresher::Us, keeps_its_word: false, ..SessionTimer::of(90) };
    net.habits(0).timer = Some(lazy);
    net.habits(1).timer = Some(SessionTimer::of(90));
    net.quiet();
    net.up();
    net.run(59_000);
    assert_eq!(net.count("BYE"), 0);
    net.run(2000);
    assert_eq!((net.count("1 BYE"), net.ended(0)), (1, Some((false, None))), "90 - 30 s without a sign of life");
}

#[test]
fn a_timer_that_is_too_short_is_asked_for_again() {
    let mut net = Net::new(2);
    net.habits(0).timer = Some(SessionTimer::of(90));
    net.habits(1).timer = Some(SessionTimer { least: 600, ..SessionTimer::of(1800) });
    net.quiet();
    net.up();
    assert_eq!(net.count("422"), 1);
    net.run(301_000);
    assert_eq!(net.count("UPDATE"), 1);
    net.no_complaints();
}
