//! What the transaction layer promises, a row per rule of RFC 3261 section 17 and RFC 6026.

use super::client::Client;
use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::key::Key;
use super::server::Server;
use super::table::{Arrival, Transactions};
use super::{Moves, Purpose, Tell, Timers};
use crate::sip::endpoint::Out;
use crate::sip::{Link, Message, Method, Request, Response, Status, Transport, parse};
use crate::time::Time;
use bytes::Bytes;

const UDP: bool = false;
const TCP: bool = true;

fn ms(ms: u64) -> Time {
    Time::from_micros(ms * 1000)
}

/// Wakes a machine at each of its deadlines and notes when it sent (`s`), timed out (`t`) and ended (`.`).
/// Woken too early, for somebody else's sake, it does nothing.
fn trace(mut deadline: impl FnMut() -> Option<Time>, mut wake: impl FnMut(Time) -> Moves) -> String {
    let mut seen = Vec::new();
    while let Some(at) = deadline() {
        let early = wake(Time::from_micros(at.micros() - 1));
        assert_eq!((early.send, early.tell, deadline()), (None, None, Some(at)), "{seen:?}");
        assert!(seen.len() < 20, "it goes on for ever: {seen:?}");
        let moves = wake(at);
        let mark = match (moves.send, moves.tell) {
            (Some(_), _) => "s",
            (None, Some(Tell::TimedOut)) => "t",
            _ => ".",
        };
        seen.push(format!("{mark}{}", at.micros() / 1000));
    }
    seen.join(" ")
}

fn machine_trace<M>(machine: M, deadline: fn(&M) -> Option<Time>, wake: impl Fn(&mut M, Time) -> Moves) -> String {
    let machine = std::cell::RefCell::new(machine);
    trace(|| deadline(&machine.borrow()), |at| wake(&mut machine.borrow_mut(), at))
}

#[test]
fn invite_client_timers() {
    let timers = Timers::default();
    // What has come before the silence, and what the silence does. D is 32 s, M is 64*T1.
    for (rule, reliable, statuses, wanted) in [
        ("17.1.1.2 A doubles, B ends", UDP, &[][..], "s500 s1500 s3500 s7500 s15500 s31500 t32000"),
        ("17.1.1.2 no A on streams", TCP, &[], "t32000"),
        ("17.1.1.2 a provisional stops both; 16.6 C, for whom nobody waits any more", UDP, &[100], "t200000"),
        ("17.1.1.2 D on datagrams", UDP, &[180, 486], ".32000"),
        ("17.1.1.2 no D on streams", TCP, &[180, 486], ""),
        ("6026 7.2 M after 2xx", UDP, &[200], ".32000"),
        ("6026 7.2 M on streams too", TCP, &[200], ".32000"),
    ] {
        let mut machine = InviteClient::new(ms(0), Bytes::from_static(b"INVITE"), &timers, reliable);
        for status in statuses {
            machine.response(ms(0), *status, &timers, reliable, || Bytes::from_static(b"ACK"));
        }
        assert_eq!(machine_trace(machine, InviteClient::deadline, |m, at| m.wake(at)), wanted, "{rule}");
    }
}

#[test]
fn invite_client_responses() {
    let timers = Timers::default();
    // Each status, and whether it is told (`+`) and acknowledged (`a`).
    for (rule, statuses, wanted) in [
        ("every 1xx is told", &[100, 180, 183][..], "+ + +"),
        ("a failure is told once, and acknowledged each time", &[180, 486, 486], "+ +a a"),
        ("17.1.1.2 another final after a failure is acknowledged only if it is one", &[486, 180, 200], "+a - -"),
        ("6026 7.2 each 2xx is told: forks and repetitions", &[200, 200], "+ +"),
        ("6026 7.2 what is no 2xx after it is dropped", &[200, 180, 486], "+ - -"),
    ] {
        let mut machine = InviteClient::new(ms(0), Bytes::new(), &timers, UDP);
        let seen: Vec<&str> = statuses
            .iter()
            .map(|status| {
                let moves = machine.response(ms(1), *status, &timers, UDP, || Bytes::from_static(b"ACK"));
                match (moves.tell, moves.send) {
                    (Some(_), Some(_)) => "+a",
                    (Some(_), None) => "+",
                    (None, Some(_)) => "a",
                    (None, None) => "-",
                }
            })
            .collect();
        assert_eq!(seen.join(" "), wanted, "{rule}");
    }
}

#[test]
fn client_timers() {
    let timers = Timers::default();
    for (rule, reliable, statuses, wanted) in [
        (
            "17.1.2.2 E doubles up to T2, F ends",
            UDP,
            &[][..],
            "s500 s1500 s3500 s7500 s11500 s15500 s19500 s23500 s27500 s31500 t32000",
        ),
        ("17.1.2.2 no E on streams", TCP, &[], "t32000"),
        ("17.1.2.2 E is T2 in Proceeding", UDP, &[100], "s500 s4500 s8500 s12500 s16500 s20500 s24500 s28500 t32000"),
        ("17.1.2.2 K on datagrams", UDP, &[200], ".5000"),
        ("17.1.2.2 no K on streams", TCP, &[404], ""),
    ] {
        let mut machine = Client::new(ms(0), Bytes::new(), &timers, reliable);
        for status in statuses {
            machine.response(ms(0), *status, &timers, reliable);
        }
        assert_eq!(machine_trace(machine, Client::deadline, |m, at| m.wake(at, &timers)), wanted, "{rule}");
    }
}

#[test]
fn invite_server_timers() {
    let timers = Timers::default();
    for (rule, reliable, status, acked, wanted) in [
        ("17.2.1 Proceeding waits for ever", UDP, 180, false, ""),
        (
            "17.2.1 G doubles up to T2, H ends",
            UDP,
            486,
            false,
            "s500 s1500 s3500 s7500 s11500 s15500 s19500 s23500 s27500 s31500 t32000",
        ),
        ("17.2.1 no G on streams, but H", TCP, 486, false, "t32000"),
        ("26.3.2.4 no G for a challenge", UDP, 401, false, "t32000"),
        ("26.3.2.4 no G for a challenge", UDP, 407, false, "t32000"),
        ("17.2.1 I after the ACK", UDP, 486, true, ".5000"),
        ("17.2.1 no I on streams", TCP, 486, true, ""),
        ("6026 7.1 L after 2xx, nothing repeated here", UDP, 200, false, ".32000"),
        ("6026 7.1 L on streams too", TCP, 200, true, ".32000"),
    ] {
        let mut machine = InviteServer::new(Bytes::from_static(b"100"));
        machine.respond(ms(0), status, Bytes::from_static(b"response"), &timers, reliable);
        if acked {
            machine.ack(ms(0), &timers, reliable);
        }
        assert_eq!(machine_trace(machine, InviteServer::deadline, |m, at| m.wake(at, &timers)), wanted, "{rule}");
    }
}

#[test]
fn invite_server_repetitions() {
    let timers = Timers::default();
    // What a repeated INVITE gets after these responses (and an ACK).
    for (rule, statuses, acked, wanted) in [
        ("17.2.1 the 100", &[][..], false, Some("100")),
        ("17.2.1 the last provisional", &[180, 183], false, Some("183")),
        ("17.2.1 the failure", &[180, 486], false, Some("486")),
        ("26.3.2.4 the challenge, for whoever has not got it", &[401], false, Some("401")),
        ("17.2.1 one final response is all", &[486, 200], false, Some("486")),
        ("17.2.1 nothing once confirmed", &[486], true, None),
        ("6026 7.1 nothing after a 2xx", &[200], false, None),
        ("6026 7.1 a failure after a 2xx is not sent", &[200, 486], false, None),
    ] {
        let mut machine = InviteServer::new(Bytes::from_static(b"100"));
        for status in statuses {
            machine.respond(ms(0), *status, Bytes::from(status.to_string()), &timers, UDP);
        }
        if acked {
            machine.ack(ms(0), &timers, UDP);
        }
        assert_eq!(machine.repeated().send.as_deref(), wanted.map(str::as_bytes), "{rule}");
    }
}

#[test]
fn server_timers_and_repetitions() {
    let timers = Timers::default();
    for (rule, reliable, statuses, again, ends) in [
        ("17.2.2 Trying is silent, and ends with the client's timer F", UDP, &[][..], None, Some(32_000)),
        ("17.2.2 Proceeding repeats the provisional", UDP, &[100], Some("100"), Some(32_000)),
        ("17.2.2 Completed repeats the final, until J", UDP, &[200], Some("200"), Some(32_000)),
        ("17.2.2 one final response is all", UDP, &[200, 404], Some("200"), Some(32_000)),
        ("17.2.2 no J on streams", TCP, &[200], None, None),
    ] {
        let mut machine = Server::new(ms(0), &timers);
        for status in statuses {
            machine.respond(ms(0), *status, Bytes::from(status.to_string()), &timers, reliable);
        }
        assert_eq!(machine.repeated().send.as_deref(), again.map(str::as_bytes), "{rule}");
        assert_eq!(machine.deadline(), ends.map(ms), "{rule}");
        machine.wake(ms(32_000));
        assert_eq!(machine.deadline(), None, "{rule}");
    }
}

fn link(transport: Transport) -> Link {
    Link { transport, local: "192.0.2.1:5060".parse().unwrap(), remote: "192.0.2.2:41000".parse().unwrap() }
}

fn request(method: &str, via: &str, to_tag: &str, call_id: &str, seq: u32) -> Request {
    let text = format!(
        "{method} sip:bob@192.0.2.1 SIP/2.0\r\nVia: {via}\r\nFrom: <sip:alice@example.com>;tag=a\r\n\
         To: <sip:bob@192.0.2.1>{to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {seq} {method}\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    );
    match parse(Bytes::from(text)).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => unreachable!(),
    }
}

const VIA: &str = "SIP/2.0/UDP pc.example.com;branch=z9hG4bK1;rport";

#[test]
fn which_messages_are_one_transaction() {
    let first = ("INVITE", VIA, "", "c1", 1);
    for (rule, one, other, same) in [
        ("17.2.3 branch, sent-by and method", first, first, true),
        ("17.2.3 the rest does not matter", first, ("INVITE", VIA, ";tag=x", "c2", 2), true),
        ("17.2.3 ACK is its INVITE's", first, ("ACK", VIA, ";tag=x", "c1", 1), true),
        ("17.2.3 another method is another", first, ("CANCEL", VIA, "", "c1", 1), false),
        (
            "17.2.3 another sent-by is another",
            first,
            ("INVITE", "SIP/2.0/UDP other.example.com;branch=z9hG4bK1", "", "c1", 1),
            false,
        ),
        (
            "sent-by is compared without case, and 5060 is the default",
            first,
            ("INVITE", "SIP/2.0/UDP PC.example.com:5060;branch=z9hG4bK1", "", "c1", 1),
            true,
        ),
        (
            "another branch is another",
            first,
            ("INVITE", "SIP/2.0/UDP pc.example.com;branch=z9hG4bK2", "", "c1", 1),
            false,
        ),
        (
            "17.2.3 RFC 2543: Call-ID, CSeq, From tag, target and Via",
            ("INVITE", "SIP/2.0/UDP old.example.com", "", "c1", 1),
            ("INVITE", "SIP/2.0/UDP old.example.com", "", "c1", 1),
            true,
        ),
        (
            "17.2.3 RFC 2543: the ACK has a To tag",
            ("INVITE", "SIP/2.0/UDP old.example.com", "", "c1", 1),
            ("ACK", "SIP/2.0/UDP old.example.com", ";tag=x", "c1", 1),
            true,
        ),
        (
            "17.2.3 RFC 2543: another CSeq is another",
            ("INVITE", "SIP/2.0/UDP old.example.com", "", "c1", 1),
            ("INVITE", "SIP/2.0/UDP old.example.com", "", "c1", 2),
            false,
        ),
        (
            "17.2.3 RFC 2543: a branch without the cookie does not count",
            ("INVITE", "SIP/2.0/UDP old.example.com;branch=1", "", "c1", 1),
            ("INVITE", "SIP/2.0/UDP old.example.com;branch=1", "", "c2", 1),
            false,
        ),
    ] {
        let key = |(method, via, tag, call_id, seq): (&str, &str, &str, &str, u32), from: Link| {
            let request = request(method, via, tag, call_id, seq);
            let via = request.headers.via().unwrap();
            let method = if method == "ACK" { Method::Invite } else { request.method.clone() };
            Key::server(&request, &via, &method, from)
        };
        let from = link(Transport::Udp);
        assert_eq!(key(one, from) == key(other, from), same, "{rule}");
        // Another port is the same host behind its NAT; another host is a stranger, whatever it has overheard.
        let [port, host] = ["192.0.2.2:9", "192.0.2.3:41000"].map(|at| Link { remote: at.parse().unwrap(), ..from });
        assert_eq!(key(one, from) == key(other, port), same, "{rule}, from another port");
        assert_ne!(key(one, from), key(other, host), "{rule}, from another host");
    }
}

#[test]
fn what_becomes_of_a_request() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let from = link(Transport::Udp);
    let mut out = Vec::new();
    let mut invite = request("INVITE", VIA, "", "c1", 1);
    let Arrival::New(key) = table.request(ms(0), from, &mut invite, &mut out) else { panic!("{out:?}") };
    assert!(out.is_empty(), "what is refused at once needs no 100");
    table.trying(key, &mut out);
    assert_eq!(out.len(), 1, "the 100");
    // RFC 3581: the answer goes to the port it came from, and says so.
    let via = invite.headers.via().unwrap();
    assert_eq!((via.rport(), via.received().map(|ip| ip.to_string())), (Some(41000), Some("192.0.2.2".into())));
    out.clear();

    let mut again = request("INVITE", VIA, "", "c1", 1);
    assert!(matches!(table.request(ms(1), from, &mut again, &mut out), Arrival::Absorbed));
    assert_eq!(out.len(), 1, "the 100 again");
    out.clear();

    // RFC 3261 section 8.2.2.2: the same request by another way.
    let mut merged = request("INVITE", "SIP/2.0/UDP pc.example.com;branch=z9hG4bK9;rport", "", "c1", 1);
    assert!(matches!(table.request(ms(2), from, &mut merged, &mut out), Arrival::Merged));
    let Some(Out::Send { bytes, .. }) = out.last() else { panic!() };
    assert!(bytes.starts_with(b"SIP/2.0 482"), "{bytes:?}");
    out.clear();

    let mut cancel = request("CANCEL", VIA, "", "c1", 1);
    let Arrival::Cancel(_, Some(target)) = table.request(ms(3), from, &mut cancel, &mut out) else { panic!() };
    assert_eq!(target, key);
    let mut stray = request("CANCEL", "SIP/2.0/UDP pc.example.com;branch=z9hG4bK8", "", "c3", 1);
    assert!(matches!(table.request(ms(3), from, &mut stray, &mut out), Arrival::Cancel(_, None)));

    table.respond(ms(4), key, &Response::for_request(&invite, Status::REQUEST_TERMINATED), &mut out);
    let mut ack = request("ACK", VIA, ";tag=b", "c1", 1);
    assert!(matches!(table.request(ms(5), from, &mut ack, &mut out), Arrival::Absorbed));
    let mut stray = request("ACK", "SIP/2.0/UDP pc.example.com;branch=z9hG4bK7", ";tag=b", "c1", 1);
    assert!(matches!(table.request(ms(6), from, &mut stray, &mut out), Arrival::Ack));

    for _ in 0..20 {
        if let Some(at) = table.deadline() {
            table.wake(at, &mut out);
        }
    }
    assert!(table.is_empty() && table.deadline().is_none(), "{table:?}");
}

#[test]
fn where_answers_go() {
    for (rule, transport, via, wanted) in [
        ("RFC 3581: rport", Transport::Udp, "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport", "192.0.2.2:41000"),
        ("18.2.2: the port of sent-by", Transport::Udp, "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1", "192.0.2.2:5070"),
        ("18.2.2: 5060 where it says none", Transport::Udp, "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "192.0.2.2:5060"),
        (
            "18.2.2: nobody listens on port 0",
            Transport::Udp,
            "SIP/2.0/UDP 10.0.0.1:0;branch=z9hG4bK1",
            "192.0.2.2:5060",
        ),
        ("18.2.2: the stream it came by", Transport::Tcp, "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1", "192.0.2.2:41000"),
    ] {
        let mut table = Transactions::new(Timers::default(), Vec::new());
        let mut out = Vec::new();
        let mut options = request("OPTIONS", via, "", "c1", 1);
        let Arrival::New(key) = table.request(ms(0), link(transport), &mut options, &mut out) else { panic!() };
        table.respond(ms(0), key, &Response::for_request(&options, Status::OK), &mut out);
        let Some(Out::Send { to, .. }) = out.last() else { panic!() };
        assert_eq!(to.remote.to_string(), wanted, "{rule}");
    }
}

#[test]
fn what_was_refused_may_come_anew_with_the_same_cseq() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let mut first = request("REGISTER", VIA, "", "c1", 1);
    let Arrival::New(key) = table.request(ms(0), link(Transport::Udp), &mut first, &mut out) else { panic!() };
    table.respond(ms(0), key, &Response::for_request(&first, Status::UNAUTHORIZED), &mut out);
    let mut second = request("REGISTER", "SIP/2.0/UDP pc.example.com;branch=z9hG4bK2;rport", "", "c1", 1);
    assert!(matches!(table.request(ms(1), link(Transport::Udp), &mut second, &mut out), Arrival::New(_)));
}

#[test]
fn a_closed_stream_fails_what_waits_on_it() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let options = request("OPTIONS", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKmine", "", "c1", 1);
    table.start(ms(0), link(Transport::Tcp), options, &"z9hG4bKmine".into(), Purpose::Nothing, &mut out);
    let other = Link { remote: "192.0.2.9:1".parse().unwrap(), ..link(Transport::Tcp) };
    assert!(table.link_closed(ms(1), other, &mut out).is_empty());
    let lost = table.link_closed(ms(1), link(Transport::Tcp), &mut out);
    assert_eq!(lost.iter().map(|lost| lost.status).collect::<Vec<_>>(), [Status::SERVICE_UNAVAILABLE]);
    assert!(table.is_empty() && table.deadline().is_none());
}

#[test]
fn the_ack_of_a_failure_is_made_from_its_invite() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let mut invite = request("INVITE", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKmine", "", "c1", 7);
    invite.headers.push("Route", "<sip:p1;lr>, <sip:p2;lr>");
    let client =
        table.start(ms(0), link(Transport::Udp), invite.clone(), &"z9hG4bKmine".into(), Purpose::Nothing, &mut out);
    out.clear();
    table.cancel(ms(1), client, Vec::new(), &mut out);
    let response = Response::for_request(&invite, Status::BUSY_HERE).to_tag("b");
    assert!(table.response(ms(2), link(Transport::Udp), &response, &mut out).is_some());
    let sent: Vec<String> = out
        .iter()
        .map(|out| match out {
            Out::Send { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
            Out::Event(event) => panic!("{event:?}"),
        })
        .collect();
    let [cancel, ack] = sent.as_slice() else { panic!("{sent:#?}") };
    for (text, method, to) in [(cancel, "CANCEL", "To: <sip:bob@192.0.2.1>\r\n"), (ack, "ACK", ";tag=b\r\n")] {
        for part in [
            &format!("{method} sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKmine\r\n"),
            &format!("CSeq: 7 {method}\r\n"),
            "Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\n",
            "Call-ID: c1\r\n",
            to,
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
    assert!(table.response(ms(3), link(Transport::Udp), &response, &mut out).is_none(), "told once");
    assert_eq!(out.len(), 3, "acknowledged again");
}

/// Everything that was sent: the start line, and where it went.
fn sent(out: &mut Vec<Out>) -> Vec<String> {
    out.drain(..)
        .map(|out| match out {
            Out::Send { to, bytes } => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                format!("{} to {to}", text.lines().next().unwrap_or_default())
            }
            Out::Event(event) => panic!("{event:?}"),
        })
        .collect()
}

#[test]
fn the_ack_of_a_2xx_is_kept_for_each_fork() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let udp = link(Transport::Udp);
    let invite = request("INVITE", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKmine", "", "c1", 1);
    let client = table.start(ms(0), udp, invite.clone(), &"z9hG4bKmine".into(), Purpose::Nothing, &mut out);
    assert_eq!((table.len(), table.is_empty()), (1, false));
    for fork in ["one", "two"] {
        let answer = Response::for_request(&invite, Status::OK).to_tag(fork);
        assert!(table.response(ms(1), udp, &answer, &mut out).is_some(), "each fork is told");
    }
    out.clear();
    let ack = request("ACK", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKack", ";tag=one", "c1", 1);
    let there = Link { remote: "192.0.2.3:5060".parse().unwrap(), ..udp };
    let line = "ACK sip:bob@192.0.2.1 SIP/2.0 to udp:192.0.2.3:5060";
    // Nobody has heard of it; it is owed; it has been sent.
    assert!(!table.ack_again(client, &"one".into(), &mut out));
    table.owe_ack(client, "one".into());
    assert!(table.ack_again(client, &"one".into(), &mut out));
    assert_eq!(sent(&mut out), [""; 0]);
    table.ack(client, "one".into(), there, &ack, &mut out);
    assert_eq!(sent(&mut out), [line]);
    assert!(table.ack_again(client, &"one".into(), &mut out));
    assert_eq!(sent(&mut out), [line]);
    assert!(!table.ack_again(client, &"two".into(), &mut out), "the other fork's is another");
    table.abandon(client);
    assert!(!table.ack_again(client, &"one".into(), &mut out));
    assert!(table.is_empty() && table.deadline().is_none());
    let late = Response::for_request(&invite, Status::OK).to_tag("one");
    assert!(table.response(ms(2), udp, &late, &mut out).is_none(), "it is forgotten");
}

#[test]
fn what_a_stream_does_not_carry_goes_as_a_datagram() {
    // RFC 3261 section 18.1.1: at once when the stream cannot be had, after two round trips when nothing comes back.
    let timers = Timers::default();
    let (udp, tcp) = (link(Transport::Udp), link(Transport::Tcp));
    let large = request("INVITE", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKmine", "", "c1", 1);
    let small = request("INVITE", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKmine", "", "c1", 1);
    let start = |out: &mut Vec<Out>| {
        let mut table = Transactions::new(timers, Vec::new());
        let datagram = Some((udp, small.clone()));
        table.start_over(ms(0), tcp, large.clone(), datagram, &"z9hG4bKmine".into(), Purpose::Nothing, out);
        assert_eq!(sent(out), ["INVITE sip:bob@192.0.2.1 SIP/2.0 to tcp:192.0.2.2:41000"]);
        table
    };
    let again = "INVITE sip:bob@192.0.2.1 SIP/2.0 to udp:192.0.2.2:41000";
    let mut out = Vec::new();

    let mut table = start(&mut out);
    assert!(table.link_closed(ms(7), tcp, &mut out).is_empty(), "it has not failed");
    assert_eq!(sent(&mut out), [again]);
    assert_eq!(table.deadline(), Some(ms(507)), "timer A runs");
    assert!(table.link_closed(ms(8), tcp, &mut out).is_empty() && out.is_empty(), "the stream is of no concern now");
    assert_eq!(table.len(), 1);

    let mut table = start(&mut out);
    assert_eq!(table.deadline(), Some(ms(1000)));
    assert!(table.wake(ms(999), &mut out).is_none());
    assert!(matches!(table.wake(ms(1000), &mut out), Some(None)));
    assert_eq!(sent(&mut out), [again]);
    assert_eq!(table.deadline(), Some(ms(1500)));

    let mut table = start(&mut out);
    let ringing = Response::for_request(&large, Status::RINGING).to_tag("b");
    assert!(table.response(ms(1), tcp, &ringing, &mut out).is_some());
    assert_eq!(table.deadline(), Some(ms(200_001)), "the stream works");
    assert_eq!(table.link_closed(ms(2), tcp, &mut out).len(), 1);
    assert!(out.is_empty() && table.is_empty());

    // Once it is answered it waits for nothing on that stream (17.1.4), and there is nothing to cancel (9.1).
    let mut table = start(&mut out);
    let answer = Response::for_request(&large, Status::OK).to_tag("b");
    let heard = table.response(ms(1), tcp, &answer, &mut out).unwrap();
    assert!(table.link_closed(ms(2), tcp, &mut out).is_empty());
    table.cancel(ms(3), heard.client, Vec::new(), &mut out);
    assert_eq!((sent(&mut out), table.len()), (vec![], 1));
}

#[test]
fn an_answer_whose_stream_is_gone_goes_to_where_the_peer_listens() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let tcp = link(Transport::Tcp);
    let mut options = request("OPTIONS", "SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bK1", "", "c1", 1);
    let Arrival::New(key) = table.request(ms(0), tcp, &mut options, &mut out) else { panic!() };
    // Somebody else's stream is nothing to it; its own is.
    let other = Link { remote: "192.0.2.9:1".parse().unwrap(), ..tcp };
    table.link_closed(ms(1), other, &mut out);
    table.respond(ms(1), key, &Response::for_request(&options, Status::TRYING), &mut out);
    assert_eq!(sent(&mut out), ["SIP/2.0 100 Trying to tcp:192.0.2.2:41000"]);
    table.link_closed(ms(2), tcp, &mut out);
    table.respond(ms(3), key, &Response::for_request(&options, Status::OK), &mut out);
    assert_eq!(sent(&mut out), ["SIP/2.0 200 OK to tcp:192.0.2.2:5070"]);
    assert!(table.is_empty() && table.deadline().is_none(), "on a stream nothing lingers");
    assert!(table.respond(ms(4), key, &Response::for_request(&options, Status::OK), &mut out).is_none());
}

#[test]
fn whose_invite_it_is_stays_known_while_it_is_answered() {
    use crate::sip::SessionId;
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let mut invite = request("INVITE", VIA, "", "c1", 1);
    let Arrival::New(key) = table.request(ms(0), link(Transport::Udp), &mut invite, &mut out) else { panic!() };
    assert_eq!(table.session_of(key), None);
    table.belongs_to(key, SessionId(7));
    assert_eq!(table.session_of(key), Some(SessionId(7)));
}

#[test]
fn what_is_due_runs_one_after_the_other_and_each_failure_is_told_once() {
    let mut table = Transactions::new(Timers::default(), Vec::new());
    let mut out = Vec::new();
    let udp = link(Transport::Udp);
    let options = request("OPTIONS", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa", "", "c1", 1);
    let client = table.start(ms(0), udp, options, &"z9hG4bKa".into(), Purpose::Nothing, &mut out);
    let mut invite = request("INVITE", VIA, "", "c2", 1);
    let Arrival::New(key) = table.request(ms(0), udp, &mut invite, &mut out) else { panic!() };
    table.respond(ms(0), key, &Response::for_request(&invite, Status::BUSY_HERE).to_tag("b"), &mut out);
    assert_eq!(table.len(), 2);
    out.clear();
    // Timers E and G are due at the same moment.
    assert!(matches!(table.wake(ms(500), &mut out), Some(None)));
    assert!(matches!(table.wake(ms(500), &mut out), Some(None)));
    assert!(table.wake(ms(500), &mut out).is_none());
    let busy = "SIP/2.0 486 Busy Here to udp:192.0.2.2:41000";
    assert_eq!(sent(&mut out), ["OPTIONS sip:bob@192.0.2.1 SIP/2.0 to udp:192.0.2.2:41000", busy]);
    let mut lost = Vec::new();
    while let Some(at) = table.deadline() {
        assert!(at <= ms(32_000) && out.len() < 40, "it goes on for ever");
        lost.extend(table.wake(at, &mut out).flatten());
    }
    assert_eq!(
        lost.iter().map(|lost| (lost.client, lost.status)).collect::<Vec<_>>(),
        [(client, Status::REQUEST_TIMEOUT)]
    );
    assert!(table.is_empty());
}
