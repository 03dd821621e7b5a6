//! Single calls, a row or a test per rule.

use super::world::World;
use crate::ids::Mint;
use crate::sip::{
    Busy, End, Endpoint, Event, Link, Method, Name, OfferBy, Out, Response, SessionId, Settings, Status, Text,
    Transport, parse,
};
use crate::time::{Duration, Time};
use bytes::Bytes;

fn end(world: &mut World, node: usize, session: SessionId) {
    let end = End::with(Status::BUSY_HERE).reason("Q.850;cause=16");
    world.at(node, |endpoint, now, out| endpoint.end(now, session, end, out));
}

fn offer(world: &mut World, node: usize, session: SessionId, by: OfferBy, body: &'static str) -> Result<(), Busy> {
    let body = (!body.is_empty()).then(|| Bytes::from_static(body.as_bytes()));
    world.at(node, |endpoint, now, out| endpoint.offer(now, session, by, Vec::new(), body, out))
}

fn answer(world: &mut World, node: usize, session: SessionId, answer: Result<&'static str, Status>) {
    let answer = answer.map(|body| Bytes::from_static(body.as_bytes()));
    world.at(node, |endpoint, now, out| endpoint.answer(now, session, answer, Vec::new(), out));
}

fn progress(world: &mut World, node: usize, session: SessionId, status: Status) {
    let contact = world.contact(node);
    world.at(node, |endpoint, now, out| endpoint.progress(now, session, contact, status, Vec::new(), None, out));
}

#[test]
fn a_call_comes_up_and_goes_down() {
    let mut world = World::new(1, 2);
    let caller = world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    progress(&mut world, 1, callee, Status::RINGING);
    world.run(5);
    world.accept(1, callee);
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, b>a 180, b>a 200, a>b ACK");
    assert_eq!(world.told(0), "Progress 180 fork 0, Answered answer");
    assert_eq!(world.told(1), "Acked");
    let peer = world.nodes[0].endpoint.peer(caller).unwrap();
    assert_eq!(peer.remote_target.map(|uri| uri.to_string()).as_deref(), Some("sip:b@192.0.2.1:5061"));
    assert!(peer.allow.contains(&Method::Update));
    end(&mut world, 0, caller);
    world.run(5);
    assert_eq!((world.sent().as_str(), world.told(1).as_str()), ("a>b BYE, b>a 200", "Ended Remote Q.850;cause=16"));
    world.finish();
    assert_eq!(world.told(0), "");
}

#[test]
fn a_refused_call() {
    for status in [Status::BUSY_HERE, Status::UNAUTHORIZED, Status::MOVED_TEMPORARILY, Status::DECLINE] {
        let mut world = World::new(1, 2);
        world.call(0, 1);
        world.run(5);
        let callee = world.incoming(1);
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
    world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    progress(&mut world, 1, callee, Status::RINGING);
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
    end(&mut world, 0, caller);
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
    let caller = world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.accept(1, callee);
    end(&mut world, 0, caller);
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
    end(&mut world, 0, caller);
    world.run(33_000);
    assert_eq!(world.nodes[0].endpoint.len().0, 0, "9.1: after 64*T1");
    let callee = world.incoming(1);
    end(&mut world, 1, callee);
    world.finish();
}

#[test]
fn the_200_is_repeated_until_its_ack() {
    let mut world = World::new(1, 2);
    world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.sent();
    world.lose = vec![(0, "ACK", 3)];
    world.accept(1, callee);
    world.run(10_000);
    assert_eq!(world.sent(), "b>a 200, a>! ACK, b>a 200, a>! ACK, b>a 200, a>! ACK, b>a 200, a>b ACK");
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("Answered answer", "Acked"));
    end(&mut world, 1, callee);
    world.finish();
}

#[test]
fn without_an_ack_the_call_ends() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::new(1, 2);
        world.transport = transport;
        world.call(0, 1);
        world.run(5);
        let callee = world.incoming(1);
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
    world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.sent();
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(5);
    end(&mut world, 1, callee);
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
    end(&mut world, 0, caller);
    end(&mut world, 1, callee);
    world.run(5);
    assert_eq!(world.sent(), "a>b BYE, b>a BYE, b>a 200, a>b 200");
    assert_eq!((world.told(0), world.told(1)), (String::new(), String::new()));
    world.finish();
}

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
        assert_eq!(offer(&mut world, 1, callee, by, body), Ok(()));
        assert_eq!(offer(&mut world, 1, callee, by, body), Err(Busy), "one at a time");
        world.run(2);
        assert_eq!(world.told(0), format!("Offered {by:?} {body}"), "{rule}");
        assert_eq!(offer(&mut world, 0, caller, by, body), Err(Busy), "one in either direction");
        answer(&mut world, 0, caller, reply);
        world.run(5);
        assert_eq!((world.sent().as_str(), world.told(1).as_str()), (sent, told), "{rule}");
        end(&mut world, 0, caller);
        end(&mut world, 1, callee);
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
            offer(&mut world, 0, caller, one, "x").unwrap();
            offer(&mut world, 1, callee, other, "y").unwrap();
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
            end(&mut world, 0, caller);
            world.finish();
        }
    }
}

#[test]
fn an_offer_waits_for_the_ack() {
    let mut world = World::new(1, 2);
    world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(10);
    assert_eq!(offer(&mut world, 1, callee, OfferBy::ReInvite, "x"), Err(Busy), "14.1");
    assert!(world.nodes[1].endpoint.may_offer(callee, OfferBy::Update), "RFC 3311 section 5.1");
    world.run(600);
    assert_eq!(world.told(1), "Acked");
    assert_eq!(offer(&mut world, 1, callee, OfferBy::ReInvite, "x"), Ok(()));
    end(&mut world, 1, callee);
    world.finish();
}

#[test]
fn a_new_invite_stands_for_the_ack_that_got_lost() {
    let mut world = World::new(1, 2);
    let caller = world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(10);
    world.told(0);
    assert_eq!(offer(&mut world, 0, caller, OfferBy::ReInvite, "hold"), Ok(()));
    world.run(3);
    assert_eq!(world.told(1), "Acked, Offered ReInvite hold");
    answer(&mut world, 1, callee, Ok("held"));
    world.run(5);
    assert_eq!((world.told(0).as_str(), world.told(1).as_str()), ("OfferAnswered 200 held", "Acked"));
    end(&mut world, 1, callee);
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
    assert_eq!(offer(&mut world, 0, caller, OfferBy::Update, "x"), Err(Busy));
    world.sent();
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"agreed"), out));
    world.run(5);
    assert_eq!((world.sent().as_str(), world.told(1).as_str()), ("a>b ACK", "Acked agreed"));

    assert_eq!(offer(&mut world, 0, caller, OfferBy::ReInvite, ""), Ok(()));
    world.run(5);
    assert_eq!(world.told(1), "Offered ReInvite");
    answer(&mut world, 1, callee, Ok("offer"));
    world.run(5);
    assert_eq!(world.told(0), "OfferAnswered 200 offer");
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"agreed"), out));
    world.run(5);
    assert_eq!(world.told(1), "Acked agreed");
    end(&mut world, 1, callee);
    world.finish();
}

#[test]
fn a_bye_answers_what_still_waits() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    offer(&mut world, 0, caller, OfferBy::ReInvite, "hold").unwrap();
    world.run(3);
    end(&mut world, 0, caller);
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, a>b BYE, b>a 200, b>a 487, a>b ACK", "15.1.2");
    assert_eq!(world.told(1), "Offered ReInvite hold, Ended Remote Q.850;cause=16");
    answer(&mut world, 1, callee, Ok("too late"));
    world.finish();
}

#[test]
fn an_update_that_is_answered_after_the_end_gets_no_ack() {
    let mut world = World::new(1, 2);
    let (caller, _) = world.up();
    offer(&mut world, 0, caller, OfferBy::Update, "").unwrap();
    end(&mut world, 0, caller);
    world.run(5);
    assert_eq!(world.sent(), "a>b UPDATE, a>b BYE, b>a 200, b>a 200", "17.1.1.3: ACK is for INVITE");
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
        progress(&mut world, 1, b, Status::RINGING);
        progress(&mut world, 2, c, Status::RINGING);
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
        end(&mut world, 0, caller);
        world.finish();
        assert_eq!(world.told(1), "Ended Remote Q.850;cause=16");
    }
}

#[test]
fn requests_in_the_dialog() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    let ask = |world: &mut World, method| {
        world.at(0, |endpoint, now, out| endpoint.request(now, caller, method, Vec::new(), None, out)).unwrap();
        world.run(3);
    };
    ask(&mut world, Method::Info);
    let Some(Event::InDialog { key, request, session }) = world.nodes[1].events.pop() else { panic!() };
    assert_eq!(session, callee);
    let response = Response::for_request(&request, Status::OK);
    world.at(1, |endpoint, now, out| endpoint.respond(now, key, response, out));
    world.run(3);
    assert_eq!((world.sent().as_str(), world.told(0).as_str()), ("a>b INFO, b>a 200", "Replied 200"));
    // 8.2.1 and 21.5.2.
    ask(&mut world, Method::Publish);
    assert_eq!((world.sent().as_str(), world.told(0).as_str()), ("a>b PUBLISH, b>a 405", "Replied 405"));
    ask(&mut world, Method::Other("DANCE".into()));
    assert_eq!((world.sent().as_str(), world.told(0).as_str()), ("a>b DANCE, b>a 501", "Replied 501"));
    // An OPTIONS that nobody answers proves the dialog dead; the BYE reaches the peer all the same.
    world.lose = vec![(0, "OPTIONS", 99)];
    ask(&mut world, Method::Options);
    world.run(33_000);
    assert_eq!(world.told(0), "Replied 408, Ended Timeout 408");
    assert_eq!(world.told(1), "Ended Remote");
    world.finish();
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
    offer(&mut world, 1, callee, OfferBy::ReInvite, "x").unwrap();
    world.at(1, |endpoint, now, out| endpoint.link_closed(now, to_a, out));
    assert_eq!(world.told(1), "Ended Transport 503");
    world.run(5);
    end(&mut world, 0, caller);
    world.finish();
}

fn stranger() -> Link {
    Link {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.9:5060".parse().unwrap(),
    }
}

/// What an endpoint without calls answers to a request, and whether it tells of it.
fn answer_of(request: &str) -> (Vec<String>, usize) {
    let mut endpoint = Endpoint::new(Settings::default(), Mint::new(1));
    let request = request.replace("            ", "").replace('\n', "\r\n");
    let mut out = Vec::new();
    let message = parse(Bytes::from(request)).unwrap();
    endpoint.receive(Time::from_micros(1), stranger(), message, &mut out);
    let answers = out.iter().filter_map(|out| match out {
        Out::Send { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Out::Event(_) => None,
    });
    let answers: Vec<String> = answers.collect();
    let told = out.len() - answers.len();
    (answers, told)
}

#[test]
fn requests_outside_of_dialogs() {
    for (rule, method, to_tag, extra, wanted, told) in [
        ("a call: 100, and the engine is told", "INVITE", "", "Contact: <sip:x@192.0.2.9>\n", "100", 1),
        ("12.1.1: no Contact, no dialog", "INVITE", "", "", "100, 400", 0),
        ("8.2.2.3: Require", "INVITE", "", "Contact: <sip:x@192.0.2.9>\nRequire: foo, bar\n", "100, 420", 0),
        ("16.3: no hop left", "INVITE", "", "Contact: <sip:x@192.0.2.9>\nMax-Forwards: 0\n", "100, 483", 0),
        ("12.2.2: no such dialog", "INVITE", ";tag=gone", "Contact: <sip:x@192.0.2.9>\n", "100, 481", 0),
        ("12.2.2: no such dialog", "BYE", ";tag=gone", "", "481", 0),
        ("a BYE of nothing", "BYE", "", "", "481", 0),
        ("an INFO of nothing", "INFO", "", "", "481", 0),
        ("an UPDATE of nothing", "UPDATE", "", "", "481", 0),
        ("9.2: a CANCEL of nothing", "CANCEL", "", "", "481", 0),
        ("section 17: a stray ACK is never answered", "ACK", ";tag=gone", "", "", 0),
        ("21.5.2: unknown", "DANCE", "", "", "501", 0),
        ("8.2.1: known and not taken", "PUBLISH", "", "", "405", 0),
        ("left to the engine", "OPTIONS", "", "", "", 1),
        ("left to the engine, even with no hop left", "OPTIONS", "", "Max-Forwards: 0\n", "", 1),
        ("left to the engine", "REGISTER", "", "", "", 1),
    ] {
        let max = if extra.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\n" };
        let (answers, events) = answer_of(&format!(
            "{method} sip:us@192.0.2.1 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport
            From: <sip:x@192.0.2.9>;tag=x
            To: <sip:us@192.0.2.1>{to_tag}
            Call-ID: c1
            CSeq: 1 {method}
            {max}{extra}Content-Length: 0

            "
        ));
        let statuses: Vec<&str> = answers.iter().filter_map(|text| text.get(8..11)).collect();
        assert_eq!((statuses.join(", ").as_str(), events), (wanted, told), "{rule}: {method}");
        for (status, header) in [("405", "Allow: INVITE"), ("420", "Unsupported: foo, bar")] {
            if wanted.ends_with(status) {
                assert!(answers.last().unwrap().contains(header), "{answers:?}");
            }
        }
        for text in answers.iter().filter(|text| !text.starts_with("SIP/2.0 100")) {
            assert!(to_tag != "" || text.contains("\r\nTo: <sip:us@192.0.2.1>;tag="), "8.2.6.2: {text}");
        }
    }
}

#[test]
fn a_call_to_ourselves_is_a_loop() {
    let mut world = World::new(1, 1);
    world.call(0, 0);
    world.run(10);
    assert_eq!(world.sent(), "a>a INVITE, a>a 100, a>a 482, a>a ACK");
    assert_eq!(world.told(0), "Failed 482");
    world.finish();
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    // The second request overtakes the first.
    world.lose = vec![(0, "INFO", 1)];
    for method in [Method::Info, Method::Options] {
        world.at(0, |endpoint, now, out| endpoint.request(now, caller, method, Vec::new(), None, out)).unwrap();
    }
    world.run(3);
    assert_eq!(world.told(1), "InDialog OPTIONS");
    world.run(600);
    assert_eq!(world.told(1), "");
    assert_eq!(world.told(0), "Replied 500", "12.2.2");
    end(&mut world, 1, callee);
    world.finish();
}

#[test]
fn a_call_ended_before_its_ack_takes_no_offer() {
    let mut world = World::new(1, 2);
    let caller = world.call(0, 1);
    world.run(5);
    let callee = world.incoming(1);
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(5);
    end(&mut world, 1, callee);
    world.sent();
    offer(&mut world, 0, caller, OfferBy::ReInvite, "x").unwrap();
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100, b>a 481, b>a BYE, a>b ACK, a>b 481");
    assert_eq!(world.told(0), "Answered answer, Ended Remote 481");
    world.finish();
}

#[test]
fn a_peer_that_never_answers_an_offer_is_given_up() {
    for hang_up_after in [170_000, 190_000] {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.up();
        offer(&mut world, 0, caller, OfferBy::ReInvite, "x").unwrap();
        world.run(5);
        world.lose = vec![(0, "BYE", 99)];
        world.run(hang_up_after);
        end(&mut world, 0, caller);
        world.run(60_000);
        let told = world.told(0);
        assert_eq!(told, if hang_up_after > 180_000 { "Ended Timeout 408" } else { "" });
        assert_eq!(world.told(1), "Offered ReInvite x");
        end(&mut world, 1, callee);
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
        offer(&mut world, 1, callee, OfferBy::Update, "").unwrap();
        world.run(5);
        let to = if understands { from } else { "\"a\"" };
        assert!(world.header(0, "To").starts_with(to), "{rule}: {}", world.header(0, "To"));
        end(&mut world, 0, caller);
        world.finish();
    }
}
