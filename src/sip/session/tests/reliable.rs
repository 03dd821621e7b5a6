//! Provisional responses that must arrive, and the offers that go before the answer, a row or a test per rule.

use super::world::World;
use crate::sip::{Name, OfferBy, SessionId, Status};
use bytes::Bytes;

/// A call of `a` with 100rel in this header, that `b` has been told of.
fn rung(world: &mut World, header: Name, body: Option<&str>) -> (SessionId, SessionId) {
    let mut call = world.call_to(0, world.nodes[1].address, body);
    call.headers.push((header, "100rel".into()));
    let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
    world.run(5);
    (caller, world.incoming(1))
}

/// A call of `a` at `b`, that has the answer of a reliable 183.
fn early(world: &mut World) -> (SessionId, SessionId) {
    let (caller, callee) = rung(world, Name::Supported, Some("offer"));
    world.say(1, callee, Status::SESSION_PROGRESS, Some("early"));
    world.run(5);
    assert_eq!(world.told(0), "Progress 183 fork 0 early");
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, b>a 183, a>b PRACK, b>a 200");
    (caller, callee)
}

#[test]
fn what_is_said_reliably() {
    for (rule, header, status, body, wanted) in [
        ("section 3: required, so always", Name::Require, Status::RINGING, None, "b>a 180, a>b PRACK, b>a 200"),
        ("understood, and nothing would be lost", Name::Supported, Status::RINGING, None, "b>a 180"),
        (
            "understood, and it has an answer",
            Name::Supported,
            Status::SESSION_PROGRESS,
            Some("x"),
            "b>a 183, a>b PRACK, b>a 200",
        ),
    ] {
        let mut world = World::new(1, 2);
        let (caller, callee) = rung(&mut world, header, Some("offer"));
        world.sent();
        world.say(1, callee, status, body);
        world.run(10);
        assert_eq!(world.sent(), wanted, "{rule}");
        world.end(0, caller);
        world.finish();
    }
}

#[test]
fn they_are_repeated_until_the_prack_and_told_once() {
    for (lost, node) in [("180", 1), ("PRACK", 0)] {
        let mut world = World::new(1, 2);
        let (caller, callee) = rung(&mut world, Name::Require, Some("offer"));
        world.lose = vec![(node, lost, 2)];
        world.say(1, callee, Status::RINGING, None);
        world.run(10_000);
        assert_eq!(world.told(0), "Progress 180 fork 0", "{lost}");
        let sent = world.sent();
        assert!(sent.ends_with("a>b PRACK, b>a 200"), "{sent}");
        world.end(0, caller);
        world.finish();
    }
}

#[test]
fn without_a_prack_the_call_is_refused() {
    let mut world = World::new(1, 2);
    let (_, callee) = rung(&mut world, Name::Require, Some("offer"));
    world.lose = vec![(0, "PRACK", 99)];
    world.sent();
    world.say(1, callee, Status::RINGING, None);
    world.run(31_900);
    assert_eq!(world.sent().matches("b>a 180").count(), 7, "0.5 s, doubled without a ceiling");
    world.run(200);
    assert_eq!(
        (world.told(0).as_str(), world.told(1).as_str()),
        ("Progress 180 fork 0, Failed 504", "Ended Timeout 504")
    );
    world.finish();
}

#[test]
fn the_next_waits_for_the_one_before() {
    let mut world = World::new(1, 2);
    let (caller, callee) = rung(&mut world, Name::Require, Some("offer"));
    world.sent();
    world.say(1, callee, Status::RINGING, None);
    world.say(1, callee, Status::SESSION_PROGRESS, Some("early"));
    world.accept(1, callee);
    world.run(10);
    // The 200 of the INVITE comes after the PRACK of the answer, and repeats nothing.
    assert_eq!(
        world.sent(),
        "b>a 180, b>a 200, a>b PRACK, a>b ACK, b>a 200",
        "a 200 overtakes what says nothing of media (section 3), and its late PRACK is answered"
    );
    assert_eq!(world.told(0), "Progress 180 fork 0, Answered answer");
    world.end(0, caller);
    world.finish();
}

#[test]
fn the_200_waits_for_the_prack_of_the_answer() {
    let mut world = World::new(1, 2);
    let (caller, callee) = rung(&mut world, Name::Supported, Some("offer"));
    world.lose = vec![(0, "PRACK", 1)];
    world.sent();
    world.say(1, callee, Status::SESSION_PROGRESS, Some("early"));
    world.run(10);
    world.accept(1, callee);
    world.run(10);
    assert_eq!(world.sent(), "b>a 183, a>! PRACK", "section 3");
    world.run(1_000);
    assert!(world.sent().ends_with("a>b PRACK, b>a 200, b>a 200, a>b ACK"));
    assert_eq!(world.told(0), "Progress 183 fork 0 early, Answered", "RFC 6337 section 3.1.1: once is enough");
    world.end(0, caller);
    world.finish();
}

#[test]
fn the_first_offer_may_be_ours() {
    let mut world = World::new(1, 2);
    let (caller, callee) = rung(&mut world, Name::Supported, None);
    world.say(1, callee, Status::SESSION_PROGRESS, Some("offer"));
    world.run(10);
    assert_eq!(world.told(0), "Progress 183 fork 0 offer");
    world.accept(1, callee);
    world.run(10);
    assert_eq!(world.told(0), "", "the answer is owed");
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"agreed"), out));
    world.run(10);
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("Answered", "Pracked agreed, Acked"), "section 5");
    world.end(0, caller);
    world.finish();
}

#[test]
fn an_offer_that_could_get_lost_is_not_made() {
    let mut world = World::new(1, 2);
    for node in &mut world.nodes {
        node.endpoint.settings_mut().supported.clear();
    }
    let call = world.call_to(0, world.nodes[1].address, None);
    let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
    world.run(5);
    let callee = world.incoming(1);
    world.say(1, callee, Status::SESSION_PROGRESS, Some("offer"));
    world.run(5);
    assert_eq!(world.told(0), "Progress 183 fork 0", "RFC 3261 section 13.2.1");
    world.end(0, caller);
    world.finish();
}

/// Of a peer that has moved.
const MOVED: &str = "Contact: <sip:moved@192.0.2.9:5070>\r\n";

#[test]
fn early_offers() {
    // Who offers by UPDATE, what has been said before, and what becomes of it.
    for (rule, from, settled, body, answer, told) in [
        ("RFC 3311 section 5.2: after a reliable answer", 0, true, "new", "200", "Offered Update new"),
        ("and in the other direction", 1, true, "new", "200", "Offered Update new"),
        ("RFC 3311 section 5.2: theirs is unanswered", 0, false, "new", "500", ""),
        ("RFC 3311 section 5.2: ours is unanswered", 1, false, "new", "491", ""),
        (
            "nothing is offered: the target moves, and has another name",
            0,
            false,
            "",
            "200",
            "Renamed sip:f@192.0.2.1:5060",
        ),
        (
            "nothing is offered: the target moves, and has another name",
            1,
            false,
            "",
            "200",
            "Renamed sip:f@192.0.2.1:5061",
        ),
    ] {
        let mut world = World::new(1, 2);
        let (caller, callee) = if settled {
            early(&mut world)
        } else {
            let both = rung(&mut world, Name::Supported, Some("offer"));
            world.say(1, both.1, Status::RINGING, None);
            world.run(5);
            both
        };
        world.told(0);
        world.told(1);
        world.sent();
        let to = 1 - from;
        world.forge(from, "UPDATE", if from == 0 { 90_000 } else { 1 }, MOVED, body);
        let session = if to == 0 { caller } else { callee };
        assert_eq!(world.told(to), told, "{rule}");
        if !told.is_empty() {
            world.answer(to, session, Ok("answer"));
        }
        let (sent, name) = (world.sent(), super::world::name);
        assert_eq!(sent, format!("{}>{} {answer}", name(to), name(from)), "{rule}");
        if answer == "200" && to == 1 {
            let target = world.nodes[1].endpoint.peer(callee).and_then(|peer| peer.remote_target).unwrap();
            assert_eq!(target.to_string(), "sip:moved@192.0.2.9:5070", "{rule}");
        }
    }
}

#[test]
fn pracks_that_do_not_fit() {
    for (rule, rack, body, answer) in [
        ("section 3: no such response", "1 1 INVITE", "", "481"),
        ("nor without a RAck", "", "", "481"),
        ("RFC 6337 section 2.2: no offer before the answer", "{rseq} {seq} INVITE", "new", "400"),
        ("it fits", "{rseq} {seq} INVITE", "", "200"),
        ("another method's", "{rseq} {seq} OPTIONS", "", "481"),
    ] {
        let mut world = World::new(1, 2);
        let (_, callee) = rung(&mut world, Name::Require, Some("offer"));
        world.lose = vec![(0, "PRACK", 99)];
        world.say(1, callee, Status::RINGING, None);
        world.run(5);
        world.sent();
        let rack = rack.replace("{rseq}", &world.header(0, "RSeq")).replace("{seq}", &world.header(0, "CSeq"));
        let lines = if rack.is_empty() { String::new() } else { format!("RAck: {rack}\r\n") };
        world.forge(0, "PRACK", 90_000, &lines, body);
        assert_eq!(world.sent(), format!("b>a {answer}"), "{rule}");
    }
}

/// RFC 3262 section 5: after the answer of a reliable response, the PRACK of the next may offer anew.
#[test]
fn a_prack_may_carry_an_offer() {
    for accepted_meanwhile in [false, true] {
        let mut world = World::new(1, 2);
        let (_, callee) = rung(&mut world, Name::Require, Some("offer"));
        world.say(1, callee, Status::SESSION_PROGRESS, Some("early"));
        world.run(5);
        assert_eq!(world.body(), "", "a PRACK without an offer");
        world.lose = vec![(0, "PRACK", 99)];
        world.say(1, callee, Status::RINGING, None);
        world.run(5);
        let lines = format!("RAck: {} {} INVITE\r\n", world.header(0, "RSeq"), world.header(0, "CSeq"));
        world.sent();
        world.forge(0, "PRACK", 90_000, &lines, "new");
        assert_eq!(world.told(1), "Offered Prack new");
        if accepted_meanwhile {
            world.accept(1, callee);
            assert_eq!(world.sent(), "", "RFC 6337 section 2.2: no 200 while an offer is open");
        }
        world.answer(1, callee, Ok("answer"));
        if !accepted_meanwhile {
            assert_eq!((world.sent().as_str(), world.body()), ("b>a 200", "answer"));
            world.accept(1, callee);
            assert_eq!(world.body(), "", "what is agreed is not said again");
        }
        let sent = world.sent();
        assert_eq!(sent, if accepted_meanwhile { "b>a 200, b>a 200" } else { "b>a 200" });
        world.run(5);
        assert_eq!(world.told(1), "Acked");
        world.end(1, callee);
        world.finish();
    }
}

#[test]
fn every_fork_gets_its_own_prack() {
    let mut world = World::new(1, 3);
    let proxy = "192.0.2.1:5099".parse().unwrap();
    world.forks.insert(proxy, vec![1, 2]);
    let call = world.call_to(0, proxy, Some("offer"));
    let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
    world.run(5);
    let (b, c) = (world.incoming(1), world.incoming(2));
    world.sent();
    world.say(1, b, Status::SESSION_PROGRESS, Some("b"));
    world.say(2, c, Status::SESSION_PROGRESS, Some("c"));
    world.run(5);
    assert_eq!(world.told(0), "Progress 183 fork 0 b, Progress 183 fork 1 c");
    world.accept(2, c);
    world.run(5);
    assert_eq!(world.told(0), "Answered", "with what it said before");
    world.accept(1, b);
    world.run(5);
    // The BYE of the fork that lost comes after its PRACK, in its own count.
    assert_eq!(world.told(1), "Acked, Ended Remote");
    assert_eq!(world.told(2), "Acked");
    world.end(0, caller);
    world.finish();
}

#[test]
fn a_cancel_ends_what_waits_for_a_prack() {
    let mut world = World::new(1, 2);
    let (caller, callee) = early(&mut world);
    world.at(1, |endpoint, now, out| {
        let contact = crate::sip::Uri::parse("sip:b@192.0.2.2").unwrap();
        let body = Some(Bytes::from_static(b"again"));
        endpoint.progress(now, callee, contact, Status::SESSION_PROGRESS, Vec::new(), body, out);
    });
    world.end(0, caller);
    world.run(5);
    assert_eq!(world.told(1), "Ended Remote Q.850;cause=16");
    world.finish();
    assert!(!world.nodes[0].endpoint.may_offer(caller, OfferBy::Update));
}

#[test]
fn a_prack_that_crosses_the_refusal_is_answered() {
    // Who ends the call while the PRACK is lost once, and what goes over the wire.
    for (rule, node, refusal) in
        [("section 3: we refuse", 1, "b>a 486"), ("RFC 3261 section 9.2: they give up", 0, "b>a 487")]
    {
        let mut world = World::new(1, 2);
        let (caller, callee) = rung(&mut world, Name::Require, Some("offer"));
        world.lose = vec![(0, "PRACK", 1)];
        world.say(1, callee, Status::RINGING, None);
        world.run(5);
        world.end(node, if node == 0 { caller } else { callee });
        world.run(5);
        let sent = world.sent();
        assert!(sent.contains(refusal), "{rule}: {sent}");
        world.told(1);
        world.run(600);
        assert_eq!(world.sent(), "a>b PRACK, b>a 200", "{rule}");
        assert_eq!(world.told(1), "", "{rule}: the session is gone");
        // Once is enough: another has nothing left to acknowledge.
        let lines = format!("RAck: {} {}\r\n", world.header(0, "RSeq"), world.header(0, "CSeq"));
        world.forge(0, "PRACK", 90_000, &lines, "");
        assert_eq!(world.sent(), "b>a 481", "{rule}");
        world.finish();
    }
}

#[test]
fn a_refused_call_is_kept_no_longer_than_its_prack_may_take() {
    let mut world = World::new(1, 2);
    let (_, callee) = rung(&mut world, Name::Require, Some("offer"));
    world.lose = vec![(0, "PRACK", 99)];
    world.say(1, callee, Status::RINGING, None);
    world.run(5);
    world.end(1, callee);
    world.run(31_000);
    assert_eq!(world.nodes[1].endpoint.len().0, 1);
    world.run(1_100);
    assert_eq!(world.nodes[1].endpoint.len().0, 0);
    world.finish();
}
