//! Dialogs move only for their owner, whatever somebody else has overheard.

use super::world::{World, brief};
use crate::sip::{
    End, Endpoint, Event, Link, Method, OfferBy, Out, Response, SessionId, Status, Text, Transport, parse,
};
use crate::time::Time;
use bytes::Bytes;

const ELSEWHERE: &str = "192.0.2.66:5060";

/// What the endpoint of a node would send now: overheard, for it never leaves.
fn overheard(world: &World, node: usize, act: impl FnOnce(&mut Endpoint, Time, &mut Vec<Out>)) -> Bytes {
    let mut out = Vec::new();
    act(&mut world.nodes[node].endpoint.clone(), world.now, &mut out);
    let sent = out.into_iter().find_map(|out| match out {
        Out::Send { bytes, .. } => Some(bytes),
        Out::Event(_) => None,
    });
    sent.expect("a message")
}

/// A node hears these bytes from there: the statuses it answers, and what it is told.
fn heard(world: &mut World, node: usize, transport: Transport, from: &str, bytes: &Bytes) -> String {
    let link = Link { transport, local: world.nodes[node].address, remote: from.parse().unwrap() };
    let (message, now) = (parse(bytes.clone()).unwrap(), world.now);
    let mut out = Vec::new();
    world.nodes[node].endpoint.receive(now, link, message, &mut out);
    let mut seen = Vec::new();
    for out in out {
        match out {
            Out::Send { to, bytes } => {
                assert!(to.is_same_host(link), "what a stranger sends is answered to the stranger, not to {to}");
                seen.push(String::from_utf8_lossy(&bytes[8..11]).into_owned());
            }
            Out::Event(event) => {
                seen.push(brief(&event));
                world.nodes[node].events.push(event);
            }
        }
    }
    seen.join(", ")
}

fn in_dialog(world: &World, node: usize, session: SessionId, method: &Method) -> Bytes {
    overheard(world, node, |endpoint, now, out| match method {
        Method::Bye => endpoint.end(now, session, End::with(Status::OK), out),
        Method::Invite => {
            let body = Some(Bytes::from_static(b"mine"));
            endpoint.offer(now, session, OfferBy::ReInvite, Vec::new(), body, out).unwrap();
        }
        Method::Update => {
            let body = Some(Bytes::from_static(b"mine"));
            endpoint.offer(now, session, OfferBy::Update, Vec::new(), body, out).unwrap();
        }
        method => drop(endpoint.request(now, session, method.clone(), Vec::new(), None, out).unwrap()),
    })
}

const METHODS: [Method; 8] = [
    Method::Bye,
    Method::Invite,
    Method::Update,
    Method::Info,
    Method::Refer,
    Method::Notify,
    Method::Subscribe,
    Method::Options,
];

#[test]
fn a_request_in_the_dialog_counts_only_from_the_peers_host() {
    for method in METHODS {
        for (from, transport, peer) in [
            (ELSEWHERE, Transport::Udp, false),
            (ELSEWHERE, Transport::Tcp, false),
            // A NAT that gives another port; a phone that has opened a new stream.
            ("192.0.2.1:40001", Transport::Udp, true),
            ("192.0.2.1:40001", Transport::Tcp, true),
            ("[::ffff:192.0.2.1]:40001", Transport::Udp, true),
        ] {
            // Towards the one who was called, and towards the one who called.
            for node in [0, 1] {
                let mut world = World::new(1, 2);
                let (caller, callee) = world.up();
                let session = if node == 0 { caller } else { callee };
                let bytes = in_dialog(&world, node, session, &method);
                let answer = heard(&mut world, 1 - node, transport, from, &bytes);
                assert_eq!(answer == "481", !peer, "{method} from {from}: {answer}");
                assert!(world.nodes[1 - node].endpoint.peer(if node == 0 { callee } else { caller }).is_some() || peer);
                if !peer {
                    // The call is what it was before.
                    world.end(node, session);
                    world.run(5);
                    assert_eq!(world.told(1 - node), "Ended Remote Q.850;cause=16", "{method}");
                    world.finish();
                }
            }
        }
    }
}

#[test]
fn a_peer_with_a_name_may_prove_it_from_elsewhere() {
    for method in METHODS {
        let mut world = World::new(1, 2);
        let (caller, callee) = world.up();
        world.nodes[1].endpoint.entrust(callee, "ann".into());
        let bytes = in_dialog(&world, 0, caller, &method);
        let answer = heard(&mut world, 1, Transport::Udp, ELSEWHERE, &bytes);
        assert_eq!(answer, format!("Stranger {method}"));
        let Some(Event::Stranger { session, key, from, request }) = world.nodes[1].events.pop() else { panic!() };
        assert_eq!(session, callee);
        let mut out = Vec::new();
        let now = world.now;
        if method == Method::Info {
            // It does not prove anything: the dialog stays where it is.
            let response = Response::for_request(&request, Status::UNAUTHORIZED);
            world.nodes[1].endpoint.respond(now, key, response, &mut out);
            assert_eq!(world.nodes[1].endpoint.peer(callee).unwrap().link.remote, world.nodes[0].address);
            continue;
        }
        world.nodes[1].endpoint.admit(now, session, key, from, request, &mut out);
        let peer = world.nodes[1].endpoint.peer(callee).map(|peer| peer.link.remote.to_string());
        assert_eq!(peer.as_deref(), (method != Method::Bye).then_some(ELSEWHERE), "{method}");
    }
}

#[test]
fn a_strangers_ack_confirms_nothing() {
    let mut world = World::new(1, 2);
    world.lose = vec![(0, "ACK", 1)];
    // A late offer: the ACK would carry the answer.
    let call = world.call_to(0, world.nodes[1].address, None);
    let caller = world.at(0, |endpoint, now, out| endpoint.invite(now, call, out));
    world.run(5);
    let callee = world.incoming(1);
    world.nodes[1].endpoint.entrust(callee, "ann".into());
    world.accept(1, callee);
    world.run(3);
    let ack = overheard(&world, 0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"mine"), out));
    assert_eq!(heard(&mut world, 1, Transport::Udp, ELSEWHERE, &ack), "");
    world.at(0, |endpoint, now, out| endpoint.ack(now, caller, Bytes::from_static(b"theirs"), out));
    world.run(600);
    assert_eq!(world.told(1), "Acked theirs");
}

#[test]
fn a_strangers_cancel_finds_no_call() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.ringing();
    let cancel =
        overheard(&world, 0, |endpoint, now, out| endpoint.end(now, caller, End::with(Status::BUSY_HERE), out));
    assert!(cancel.starts_with(b"CANCEL"));
    assert_eq!(heard(&mut world, 1, Transport::Udp, ELSEWHERE, &cancel), "481");
    assert_eq!(world.told(1), "");
    world.accept(1, callee);
    world.run(5);
    assert_eq!(world.told(0), "Answered answer");
    // From its caller's host it would have been one.
    let mut world = World::new(1, 2);
    let caller = world.call(0, 1);
    world.run(5);
    world.incoming(1);
    world.at(0, |endpoint, now, out| endpoint.end(now, caller, End::with(Status::BUSY_HERE), out));
    world.run(5);
    assert_eq!(world.told(1), "Ended Remote");
}

#[test]
fn an_answer_counts_only_from_where_the_request_went() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    let contact = world.contact(1);
    let answer = overheard(&world, 1, |endpoint, now, out| {
        endpoint.accept(now, callee, contact, Vec::new(), Bytes::from_static(b"mine"), out);
    });
    let refusal = overheard(&world, 1, |endpoint, now, out| endpoint.end(now, callee, End::with(Status::DECLINE), out));
    for forged in [answer, refusal] {
        assert_eq!(heard(&mut world, 0, Transport::Udp, ELSEWHERE, &forged), "");
    }
    world.accept(1, callee);
    world.run(5);
    assert_eq!(world.told(0), "Answered answer");
}

/// What the doors and the switch's patience with guests go by.
#[test]
fn a_host_is_known_by_a_call_that_it_has_confirmed() {
    let mut world = World::new(1, 2);
    let (_, callee) = world.ringing();
    let host = |world: &World| world.nodes[1].endpoint.parties().map(|(ip, proven)| format!("{ip} {proven}")).next();
    let (caller, elsewhere) = (world.link(1, world.nodes[0].address), world.link(1, ELSEWHERE.parse().unwrap()));
    let waiting = |world: &World, from| world.nodes[1].endpoint.unacknowledged(from);
    world.lose = vec![(0, "ACK", 1)];
    world.accept(1, callee);
    world.run(5);
    assert_eq!((host(&world), waiting(&world, caller)), (None, 1), "a forged address never hears the 200");
    assert_eq!(waiting(&world, elsewhere), 0);
    world.run(600);
    assert_eq!((host(&world).as_deref(), waiting(&world, caller)), (Some("192.0.2.1 false"), 0));
    world.nodes[1].endpoint.entrust(callee, "ann".into());
    assert_eq!(host(&world).as_deref(), Some("192.0.2.1 true"));
    assert_eq!(world.nodes[1].endpoint.owner(callee).map(Text::as_str), Some("ann"));
    world.end(1, callee);
    assert_eq!(
        (host(&world), world.nodes[1].endpoint.owner(callee)),
        (None, Some(&"ann".into())),
        "its BYE is under way"
    );
    world.finish();
}
