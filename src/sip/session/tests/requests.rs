//! Requests in and outside of dialogs that are no offers, a row or a test per rule.

use super::world::World;
use crate::ids::Mint;
use crate::sip::{Endpoint, Event, Link, Method, Out, Response, Settings, Status, Transport, parse};
use crate::time::Time;
use bytes::Bytes;

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

/// Who is on hold is asked whether he is still there: any answer but these two says so.
#[test]
fn an_options_that_finds_no_dialog_ends_the_call() {
    for (status, told) in [
        (Status::OK, "Replied 200"),
        (Status::NOT_IMPLEMENTED, "Replied 501"),
        (Status::NO_SUCH_CALL, "Replied 481, Ended Remote 481"),
        (Status::REQUEST_TIMEOUT, "Replied 408, Ended Timeout 408"),
    ] {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.up();
        world
            .at(0, |endpoint, now, out| endpoint.request(now, caller, Method::Options, Vec::new(), None, out))
            .unwrap();
        world.run(3);
        let Some(Event::InDialog { key, request, .. }) = world.nodes[1].events.pop() else { panic!() };
        let response = Response::for_request(&request, status);
        world.at(1, |endpoint, now, out| endpoint.respond(now, key, response, out));
        world.run(5);
        assert_eq!(world.told(0), told, "RFC 3261 section 12.2.1.2");
        world.end(1, callee);
        world.finish();
    }
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
        (
            "a call: the engine is told, and says when to send the 100",
            "INVITE",
            "",
            "Contact: <sip:x@192.0.2.9>\n",
            "",
            1,
        ),
        ("12.1.1: no Contact, no dialog", "INVITE", "", "", "400", 0),
        ("8.2.2.3: Require", "INVITE", "", "Contact: <sip:x@192.0.2.9>\nRequire: foo, bar\n", "420", 0),
        ("16.3: no hop left", "INVITE", "", "Contact: <sip:x@192.0.2.9>\nMax-Forwards: 0\n", "483", 0),
        ("12.2.2: no such dialog", "INVITE", ";tag=gone", "Contact: <sip:x@192.0.2.9>\n", "481", 0),
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
    assert_eq!(world.sent(), "a>a INVITE, a>a 482, a>a ACK");
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
    world.end(1, callee);
    world.finish();
}
