//! Offers in a call that is up, a row or a test per rule.

use super::world::World;
use crate::sip::{Busy, Event, Name, OfferBy, Status, Text};
use crate::time::Duration;
use bytes::Bytes;

#[test]
fn offers_in_an_answered_call() {
    // Who offers and how, what the other side says, and what is sent and told.
    for (rule, by, body, reply, sent, told) in [
        (
            "section 14",
            OfferBy::ReInvite,
            "hold",
            Ok("held"),
            "b>a INVITE, a>b 100, a>b 200, b>a ACK",
            "OfferAnswered 200 held",
        ),
        ("RFC 3311", OfferBy::Update, "hold", Ok("held"), "b>a UPDATE, a>b 200", "OfferAnswered 200 held"),
        (
            "14.1: a refusal leaves the session as it was",
            OfferBy::ReInvite,
            "hold",
            Err(Status::NOT_ACCEPTABLE_HERE),
            "b>a INVITE, a>b 100, a>b 488, b>a ACK",
            "OfferAnswered 488",
        ),
        (
            "RFC 3311",
            OfferBy::Update,
            "hold",
            Err(Status::NOT_ACCEPTABLE_HERE),
            "b>a UPDATE, a>b 488",
            "OfferAnswered 488",
        ),
        (
            "12.2.1.2: 481 is the end",
            OfferBy::ReInvite,
            "hold",
            Err(Status::NO_SUCH_CALL),
            "b>a INVITE, a>b 100, a>b 481, b>a ACK",
            "Ended Remote 481",
        ),
        (
            "12.2.1.2: 408 is the end, and a BYE tells the peer",
            OfferBy::Update,
            "hold",
            Err(Status::REQUEST_TIMEOUT),
            "b>a UPDATE, a>b 408, b>a BYE, a>b 200",
            "Ended Timeout 408",
        ),
    ] {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.up();
        assert_eq!(world.offer(1, callee, by, body), Ok(()));
        assert_eq!(world.offer(1, callee, by, body), Err(Busy), "one at a time");
        world.run(2);
        assert_eq!(world.told(0), format!("Offered {by:?} {body}"), "{rule}");
        assert_eq!(world.offer(0, caller, by, body), Err(Busy), "one in either direction");
        world.answer(0, caller, reply);
        world.run(5);
        assert_eq!((world.sent().as_str(), world.told(1).as_str()), (sent, told), "{rule}");
        world.end(0, caller);
        world.end(1, callee);
        world.finish();
    }
}

#[test]
fn glare_in_both_directions_backs_off_by_who_owns_the_call_id() {
    for (one, other, sent) in [
        (OfferBy::ReInvite, OfferBy::ReInvite, "INVITE"),
        (OfferBy::Update, OfferBy::Update, "UPDATE"),
        (OfferBy::ReInvite, OfferBy::Update, ""),
    ] {
        for seed in 0..50 {
            let mut world = World::new(seed, 2);
            let (caller, callee) = world.up();
            world.offer(0, caller, one, "x").unwrap();
            world.offer(1, callee, other, "y").unwrap();
            world.run(5);
            assert!(world.sent().starts_with(&format!("a>b {sent}")));
            let wait = |world: &mut World, node: usize| {
                let [Event::OfferAnswered { status, retry_after, .. }] = world.nodes[node].events.as_slice() else {
                    panic!("{:?}", world.nodes[node].events)
                };
                assert_eq!(*status, Status::REQUEST_PENDING);
                retry_after.unwrap()
            };
            let (owner, guest) = (wait(&mut world, 0), wait(&mut world, 1));
            let ms = Duration::from_millis;
            assert!(ms(2100) <= owner && owner <= ms(4000) && guest <= ms(2000), "{owner:?} {guest:?}");
            assert_eq!((owner.as_millis() % 10, guest.as_millis() % 10), (0, 0), "units of 10 ms");
            world.end(0, caller);
            world.finish();
        }
    }
}

#[test]
fn an_offer_waits_for_the_ack() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(10);
    assert_eq!(world.offer(1, callee, OfferBy::ReInvite, "x"), Err(Busy), "14.1");
    assert!(world.nodes[1].endpoint.may_offer(callee, OfferBy::Update), "RFC 3311 section 5.1");
    world.run(600);
    assert_eq!(world.told(1), "Acked");
    assert_eq!(world.offer(1, callee, OfferBy::ReInvite, "x"), Ok(()));
    world.end(1, callee);
    world.finish();
}

#[test]
fn a_new_invite_stands_for_the_ack_that_got_lost() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(10);
    world.told(0);
    assert_eq!(world.offer(0, caller, OfferBy::ReInvite, "hold"), Ok(()));
    world.run(3);
    assert_eq!(world.told(1), "Acked, Offered ReInvite hold");
    world.answer(1, callee, Ok("held"));
    world.run(5);
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("OfferAnswered 200 held", "Acked"));
    world.end(1, callee);
    world.finish();
}

#[test]
fn offers_can_be_asked_for() {
    let mut world = World::new(1, 2);
    let call = world.call_to(0, world.nodes[1].address, None);
    let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
    world.run(5);
    let callee = world.incoming(1);
    world.accept(1, callee);
    world.run(600);
    assert_eq!(world.told(0), "Answered answer", "13.2.1: that is the offer now");
    assert_eq!(world.offer(0, caller, OfferBy::Update, "x"), Err(Busy));
    world.sent();
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"agreed"), out));
    world.run(5);
    assert_eq!((world.sent().as_str(), world.told(1).as_str()), ("a>b ACK", "Acked agreed"));

    assert_eq!(world.offer(0, caller, OfferBy::ReInvite, ""), Ok(()));
    world.run(5);
    assert_eq!(world.told(1), "Offered ReInvite");
    world.answer(1, callee, Ok("offer"));
    world.run(5);
    assert_eq!(world.told(0), "OfferAnswered 200 offer");
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"agreed"), out));
    world.run(5);
    assert_eq!(world.told(1), "Acked agreed");
    world.end(1, callee);
    world.finish();
}

#[test]
fn a_bye_answers_what_still_waits() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    world.offer(0, caller, OfferBy::ReInvite, "hold").unwrap();
    world.run(3);
    world.end(0, caller);
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, a>b BYE, b>a 200, b>a 487, a>b ACK", "15.1.2");
    assert_eq!(world.told(1), "Offered ReInvite hold, Ended Remote Q.850;cause=16");
    world.answer(1, callee, Ok("too late"));
    world.finish();
}

#[test]
fn an_update_that_is_answered_after_the_end_gets_no_ack() {
    let mut world = World::new(1, 2);
    let (caller, _) = world.up();
    world.offer(0, caller, OfferBy::Update, "").unwrap();
    world.end(0, caller);
    world.run(5);
    assert_eq!(world.sent(), "a>b UPDATE, a>b BYE, b>a 200, b>a 200", "17.1.1.3: ACK is for INVITE");
    world.finish();
}

#[test]
fn a_call_ended_before_its_ack_takes_no_offer() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(5);
    world.end(1, callee);
    world.sent();
    world.offer(0, caller, OfferBy::ReInvite, "x").unwrap();
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 481, b>a BYE, a>b ACK, a>b 481");
    assert_eq!(world.told(0), "Answered answer, Ended Remote 481");
    world.finish();
}

#[test]
fn a_peer_that_never_answers_an_offer_is_given_up() {
    for hang_up_after in [170_000, 190_000] {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.up();
        world.offer(0, caller, OfferBy::ReInvite, "x").unwrap();
        world.run(5);
        world.lose = vec![(0, "BYE", 99)];
        world.run(hang_up_after);
        world.end(0, caller);
        world.run(60_000);
        let told = world.told(0);
        assert_eq!(told, if hang_up_after > 180_000 { "Ended Timeout 408" } else { "" });
        assert_eq!(world.told(1), "Offered ReInvite x");
        world.end(1, callee);
        world.finish();
    }
}

#[test]
fn who_we_are_may_change_for_those_who_understand_it() {
    for (rule, understands, from) in [
        ("RFC 4916 section 4.4.2", true, "\"New\" <sip:new@192.0.2.1>"),
        ("RFC 4916 section 4.1: never said so", false, "\"a\" <sip:a@192.0.2.1:5060>"),
    ] {
        let mut world = World::new(1, 2);
        if !understands {
            world.nodes[1].endpoint.settings_mut().supported.clear();
        }
        let (caller, callee) = world.up();
        let named = vec![(Name::From, Text::from("\"New\" <sip:new@192.0.2.1>"))];
        world.at(0, |endpoint, now, out| endpoint.offer(now, caller, OfferBy::Update, named, None, out)).unwrap();
        world.run(5);
        assert!(world.header(0, "From").starts_with(&format!("{from};tag=")), "{rule}: {}", world.header(0, "From"));
        // And the peer calls us so from now on.
        world.offer(1, callee, OfferBy::Update, "").unwrap();
        world.run(5);
        let to = if understands { from } else { "\"a\"" };
        assert!(world.header(0, "To").starts_with(to), "{rule}: {}", world.header(0, "To"));
        world.end(0, caller);
        world.finish();
    }
}
