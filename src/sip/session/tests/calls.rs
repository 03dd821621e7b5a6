//! Calls that come up, are refused, cross and go down, a row or a test per rule.

use super::world::World;
use crate::sip::refer::Replaces;
use crate::sip::session::Standing;
use crate::sip::{End, Endpoint, Event, Method, OfferBy, Out, Response, Status, Transport};

#[test]
fn a_call_comes_up_and_goes_down() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    world.say(1, callee, Status::RINGING, None);
    world.run(5);
    world.accept(1, callee);
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, b>a 180, b>a 200, a>b ACK");
    assert_eq!(world.told(0), "Progress 180 fork 0, Answered answer");
    assert_eq!(world.told(1), "Acked");
    let peer = world.nodes[0].endpoint.peer(caller).unwrap();
    assert_eq!(peer.remote_target.map(|uri| uri.to_string()).as_deref(), Some("sip:b@192.0.2.1:5061"));
    assert!(peer.allow.contains(&Method::Update));
    world.end(0, caller);
    world.run(5);
    assert_eq!((world.sent().as_str(), world.told(1).as_str()), ("a>b BYE, b>a 200", "Ended Remote Q.850;cause=16"));
    world.finish();
    assert_eq!(world.told(0), "");
}

#[test]
fn a_refused_call() {
    for status in [Status::BUSY_HERE, Status::UNAUTHORIZED, Status::MOVED_TEMPORARILY, Status::DECLINE] {
        let mut world = World::new(1, 2);
        let (_, callee) = world.ringing();
        world.at(1, |endpoint, now, out| endpoint.end(now, callee, End::with(status), out));
        world.run(5);
        assert_eq!(world.sent(), format!("a>b INVITE, b>a 100, b>a {0}, a>b ACK", status.code()));
        assert_eq!(world.told(0), format!("Failed {}", status.code()));
        world.finish();
    }
}

#[test]
fn nobody_there() {
    let mut world = World::new(1, 2);
    world.lose = vec![(0, "INVITE", 99)];
    world.call(0, 1);
    world.run(31_990);
    assert_eq!(world.told(0), "");
    world.run(20);
    assert_eq!(world.told(0), "Failed 408");
    assert_eq!(world.ladder.len(), 7, "timer A: {:?}", world.ladder);
    world.finish();
}

#[test]
fn it_rings_for_three_minutes_and_says_so_every_minute() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.say(1, callee, Status::RINGING, None);
    world.run(300_000);
    assert_eq!(world.sent().matches("b>a 180").count(), 6);
    world.lose = vec![(1, "180", 99)];
    world.run(200_000);
    let told = world.told(0);
    assert!(told.ends_with("Failed 408"), "{told}");
    assert_eq!(world.told(1), "Ended Remote");
    world.finish();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut world = World::new(1, 2);
    world.lose = vec![(1, "100", 1)];
    let caller = world.call(0, 1);
    world.run(5);
    world.end(0, caller);
    assert_eq!(world.sent(), "a>b INVITE, b>! 100", "RFC 3261 section 9.1");
    world.run(600);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, a>b CANCEL, b>a 200, b>a 487, a>b ACK");
    assert_eq!(world.told(1), "Invite, Ended Remote Q.850;cause=16");
    world.finish();
    assert_eq!(world.told(0), "", "whoever ends a call is not told that it ended");
}

#[test]
fn cancel_crosses_the_answer() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    world.accept(1, callee);
    world.end(0, caller);
    world.run(5);
    assert_eq!(
        world.sent(),
        "a>b INVITE, b>a 100, b>a 200, a>b CANCEL, a>b ACK, a>b BYE, b>a 200, b>a 200",
        "9.2: too late; section 15: so a BYE"
    );
    assert_eq!(world.told(1), "Acked, Ended Remote");
    world.finish();
    assert_eq!(world.told(0), "");
}

#[test]
fn a_cancel_that_nobody_heeds_is_given_up() {
    let mut world = World::new(1, 2);
    let caller = world.call(0, 1);
    world.run(5);
    world.lose = vec![(0, "CANCEL", 99)];
    world.end(0, caller);
    world.run(33_000);
    assert_eq!(world.nodes[0].endpoint.len().0, 0, "9.1: after 64*T1");
    let callee = world.incoming(1);
    world.end(1, callee);
    world.finish();
}

#[test]
fn the_200_is_repeated_until_its_ack() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.sent();
    world.lose = vec![(0, "ACK", 3)];
    world.accept(1, callee);
    world.run(10_000);
    assert_eq!(world.sent(), "b>a 200, a>! ACK, b>a 200, a>! ACK, b>a 200, a>! ACK, b>a 200, a>b ACK");
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("Answered answer", "Acked"));
    world.end(1, callee);
    world.finish();
}

#[test]
fn without_an_ack_the_call_ends() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::new(1, 2);
        world.transport = transport;
        let (_, callee) = world.ringing();
        world.lose = vec![(0, "ACK", 99)];
        world.accept(1, callee);
        world.run(33_000);
        assert_eq!(world.told(1), "Ended Timeout 408", "13.3.1.4");
        assert_eq!(world.told(0), "Answered answer, Ended Remote");
        world.finish();
    }
}

#[test]
fn the_callee_hangs_up_only_after_the_ack() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.sent();
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(5);
    world.end(1, callee);
    assert_eq!(world.sent(), "b>a 200, a>! ACK", "section 15");
    world.run(600);
    assert_eq!(world.sent(), "b>a 200, a>b ACK, b>a BYE, a>b 200");
    assert_eq!(world.told(1), "");
    world.finish();
}

#[test]
fn both_hang_up_at_once() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    world.end(0, caller);
    world.end(1, callee);
    world.run(5);
    assert_eq!(world.sent(), "a>b BYE, b>a BYE, b>a 200, a>b 200");
    assert_eq!((world.told(0), world.told(1)), (String::new(), String::new()));
    world.finish();
}

#[test]
fn a_fork_that_loses_is_acknowledged_and_hung_up() {
    for slow_ack in [false, true] {
        let mut world = World::new(1, 3);
        let proxy = "192.0.2.1:5099".parse().unwrap();
        world.forks.insert(proxy, vec![1, 2]);
        let call = world.call_to(0, proxy, Some("offer"));
        let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
        world.run(5);
        let (b, c) = (world.incoming(1), world.incoming(2));
        world.say(1, b, Status::RINGING, None);
        world.say(2, c, Status::RINGING, None);
        world.run(5);
        assert_eq!(world.told(0), "Progress 180 fork 0, Progress 180 fork 1");
        world.sent();
        world.accept(1, b);
        world.run(5);
        if slow_ack {
            // Each fork's repetitions get their own ACK.
            world.lose = vec![(0, "ACK", 2)];
        }
        world.accept(2, c);
        world.run(3_000);
        assert_eq!(world.told(0), "Answered answer", "the first wins");
        assert_eq!(world.told(1), "Acked");
        let sent = world.sent();
        assert!(sent.starts_with("b>a 200, a>b ACK, c>a 200, a>"), "{sent}");
        let lost = world.told(2);
        assert!(lost == if slow_ack { "Ended Remote" } else { "Acked, Ended Remote" }, "{lost}: 13.2.2.4");
        world.end(0, caller);
        world.finish();
        assert_eq!(world.told(1), "Ended Remote Q.850;cause=16");
    }
}

#[test]
fn what_a_closed_stream_ends() {
    let mut world = World::new(1, 2);
    world.transport = Transport::Tcp;
    world.call(0, 1);
    let (to_b, to_a) = (world.link(0, world.nodes[1].address), world.link(1, world.nodes[0].address));
    world.run(5);
    let callee = world.incoming(1);
    world.at(1, |endpoint, now, out| endpoint.link_closed(now, to_a, out));
    assert_eq!(world.told(1), "Ended Transport", "nobody is there to answer");
    world.at(0, |endpoint, now, out| endpoint.link_closed(now, to_b, out));
    assert_eq!(world.told(0), "Failed 503", "8.1.3.1");
    assert!(world.nodes[1].endpoint.peer(callee).is_none());
    world.finish();

    let mut world = World::new(2, 2);
    world.transport = Transport::Tcp;
    let (caller, callee) = world.up();
    world.at(1, |endpoint, now, out| endpoint.link_closed(now, to_a, out));
    assert_eq!(world.told(1), "", "a call that is up needs no stream until it has something to say");
    world.offer(1, callee, OfferBy::ReInvite, "x").unwrap();
    world.at(1, |endpoint, now, out| endpoint.link_closed(now, to_a, out));
    assert_eq!(world.told(1), "Ended Transport 503");
    world.run(5);
    world.end(0, caller);
    world.finish();
}

#[test]
fn a_bye_tells_of_an_answer_that_never_came() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.lose = vec![(1, "200", 99)];
    world.accept(1, callee);
    world.run(33_000);
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("Failed 487", "Ended Timeout 408"), "13.3.1.4");
    world.finish();
}

#[test]
fn a_caller_may_hang_up_what_rings() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    world.say(1, callee, Status::RINGING, None);
    world.run(5);
    world.sent();
    world.forge(0, "BYE", 90_000, "Reason: SIP;cause=200\r\n", "");
    assert_eq!(
        (world.sent().as_str(), world.told(1).as_str()),
        ("b>a 200, b>a 487", "Ended Remote SIP;cause=200"),
        "15.1.2"
    );
    world.finish();
}

#[test]
fn a_request_that_finds_no_early_dialog_ends_the_call() {
    for (status, ended) in [
        (Status::NO_SUCH_CALL, "Ended Remote 481"),
        (Status::REQUEST_TIMEOUT, "Ended Timeout 408"),
        (Status::FORBIDDEN, ""),
    ] {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.ringing();
        world.say(1, callee, Status::RINGING, None);
        world.run(5);
        world.told(0);
        let info = |endpoint: &mut Endpoint, now, out: &mut Vec<Out>| {
            endpoint.request(now, callee, Method::Info, Vec::new(), None, out)
        };
        world.at(1, info).unwrap();
        world.run(3);
        let Some(Event::InDialog { key, request, .. }) = world.nodes[0].events.pop() else { panic!() };
        let response = Response::for_request(&request, status);
        world.at(0, |endpoint, now, out| endpoint.respond(now, key, response, out));
        world.run(5);
        let replied = format!("Replied {}", status.code());
        let told = world.told(1);
        if ended.is_empty() {
            assert_eq!(told, replied);
            world.end(0, caller);
        } else {
            assert_eq!(told, format!("{replied}, {ended}"), "12.2.1.2");
            assert_eq!(world.told(0), "Failed 487");
        }
        world.finish();
    }
}

#[test]
fn nobody_is_told_of_what_fails_after_the_end() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    world.lose = vec![(0, "INFO", 99), (0, "BYE", 99)];
    world.at(0, |endpoint, now, out| endpoint.request(now, caller, Method::Info, Vec::new(), None, out)).unwrap();
    world.end(0, caller);
    world.run(33_000);
    assert_eq!((world.told(0).as_str(), world.nodes[0].endpoint.len().0), ("", 0));
    world.end(1, callee);
    world.finish();
}

/// RFC 3891 section 3, either way round: phones differ in whose tag is the To tag.
#[test]
fn a_dialog_is_found_by_the_name_that_others_give_it() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    world.say(1, callee, Status::RINGING, None);
    world.run(5);
    let replaces = |world: &World| {
        let (from_tag, to_tag, call_id) = world.tags.clone().unwrap();
        Replaces { call_id: call_id.into(), to_tag: to_tag.into(), from_tag: from_tag.into(), early_only: false }
    };
    let expect = |world: &mut World, a: Option<Standing>, b: Option<Standing>| {
        let meant = replaces(world);
        let turned = Replaces { to_tag: meant.from_tag.clone(), from_tag: meant.to_tag.clone(), ..meant.clone() };
        for named in [&meant, &turned] {
            assert_eq!(world.nodes[0].endpoint.named(named), a.map(|standing| (caller, standing)));
            assert_eq!(world.nodes[1].endpoint.named(named), b.map(|standing| (callee, standing)));
        }
        for wrong in [
            Replaces { call_id: "other".into(), ..meant.clone() },
            Replaces { to_tag: "other".into(), ..meant.clone() },
            Replaces { from_tag: "other".into(), ..meant.clone() },
            Replaces { to_tag: meant.from_tag.clone(), ..meant.clone() },
        ] {
            assert!(world.nodes.iter().all(|node| node.endpoint.named(&wrong).is_none()), "{wrong:?}");
        }
    };
    expect(&mut world, Some(Standing::Calling), Some(Standing::Called));
    world.accept(1, callee);
    world.run(5);
    expect(&mut world, Some(Standing::Confirmed), Some(Standing::Confirmed));
    world.end(0, caller);
    expect(&mut world, None, Some(Standing::Confirmed));
    world.finish();
}
