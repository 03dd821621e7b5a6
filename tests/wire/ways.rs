//! How bytes become messages, and how answers find their way back (RFC 3261 section 18).

use super::world::{World, request, sdp};
use cordboard::time::Duration;

const PHONE: &str = "192.0.2.9:5070";

#[test]
fn keep_alives_and_noise_on_datagrams_are_not_answered() {
    let mut world = World::new();
    for bytes in [
        // RFC 5626 section 4.4.1 asks for an answer on streams only; phones send all of these to keep a NAT open.
        &b"\r\n"[..],
        b"\r\n\r\n",
        b"\0",
        b"\0\0\0\0",
        b"hello",
        // STUN, an RTP packet, a response to nothing.
        b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl",
        b"\x80\x00\x00\x01\x00\x00\x00\xa0\x12\x34\x56\x78",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"",
    ] {
        world.hear(PHONE, bytes);
    }
    assert_eq!(world.told(), "");
    assert!(world.engine.is_empty());
}

#[test]
fn answers_find_their_way() {
    for (rule, from, via, to) in [
        (
            "18.2.2 back to where it came from",
            "192.0.2.9:5070",
            "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1",
            "192.0.2.9:5070",
        ),
        (
            "18.2.2 the port that it listens on",
            "192.0.2.9:40000",
            "SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1",
            "192.0.2.9:5070",
        ),
        (
            "18.2.2 5060 when it says none",
            "192.0.2.9:40000",
            "SIP/2.0/UDP phone.example.com;branch=z9hG4bK1",
            "192.0.2.9:5060",
        ),
        (
            "RFC 3581 the port it came from",
            "192.0.2.9:40000",
            "SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1",
            "192.0.2.9:40000",
        ),
        (
            "18.2.1 received is ours to say",
            "192.0.2.9:5070",
            "SIP/2.0/UDP 192.0.2.9:5070;received=203.0.113.9;branch=z9hG4bK1",
            "192.0.2.9:5070",
        ),
        (
            "18.2.2 maddr would let anybody aim our answers: not followed",
            "192.0.2.9:5070",
            "SIP/2.0/UDP 192.0.2.9:5070;maddr=203.0.113.9;branch=z9hG4bK1",
            "192.0.2.9:5070",
        ),
        (
            "18.2.2 over the stream it came by",
            "tcp:192.0.2.9:40000",
            "SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bK1",
            "tcp:192.0.2.9:40000",
        ),
        (
            "IPv6, in brackets or without",
            "[2001:db8::9]:5070",
            "SIP/2.0/UDP [2001:db8::9]:5070;received=2001:db8::7;branch=z9hG4bK1",
            "[2001:db8::9]:5070",
        ),
        (
            "RFC 2543 a branch without the cookie",
            "192.0.2.9:5070",
            "SIP/2.0/UDP 192.0.2.9:5070;branch=1",
            "192.0.2.9:5070",
        ),
    ] {
        let mut world = World::new();
        let text = request("OPTIONS", "sip:1000@192.0.2.1", from, &format!("Via: {via}"), "");
        world.hear(from, text.as_bytes());
        let sent = world.take();
        assert_eq!(sent.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [to], "{rule}");
        assert!(sent[0].1.starts_with("SIP/2.0 200"), "{rule}");
    }
}

#[test]
fn responses_that_nobody_waits_for_vanish() {
    let mut world = World::new();
    for via in [
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnothing",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK2",
        "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1",
    ] {
        for status in ["100 Trying", "200 OK", "486 Busy Here", "699 What"] {
            let text = format!(
                "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@192.0.2.9>;tag=2\r\n\
                 Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
            );
            world.hear(PHONE, text.as_bytes());
        }
    }
    assert_eq!(world.told(), "");
    assert!(world.engine.is_empty());
}

#[test]
fn a_stream_carries_messages_of_any_cut() {
    let from = "tcp:192.0.2.9:40000";
    let options =
        |n: u8| request("OPTIONS", "sip:1000@192.0.2.1", from, &format!("Via: SIP/2.0/TCP a;branch=z9hG4bK{n}"), "");
    for (rule, stream, wanted) in [
        ("18.3 one", options(1), "200"),
        ("18.3 three in one segment", options(1) + &options(2) + &options(3), "200 200 200"),
        ("RFC 5626 4.4.1 a ping between", options(1) + "\r\n\r\n" + &options(2), "200 pong 200"),
        ("20.14 without a length and without a body", options(1).replace("Content-Length: 0\r\n", ""), "200"),
        (
            "18.3 the length of the body is not known",
            options(1).replace("Content-Length: 0", "Content-Type: text/plain"),
            "400 closed",
        ),
        ("18.3 a length that is no number", options(1).replace("Length: 0", "Length: many"), "400 closed"),
        ("21.5.7 too large", options(1).replace("Length: 0", "Length: 1000000"), "513 closed"),
        ("another protocol", "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "closed"),
        ("noise", "\u{1}\u{2}\u{3}".to_owned(), "closed"),
        ("after one that was good", options(1) + "noise without any end of line\r\n", "200 closed"),
    ] {
        for step in [1, 7, 100, usize::MAX] {
            let mut world = World::new();
            for piece in stream.as_bytes().chunks(step) {
                world.hear(from, piece);
            }
            assert_eq!(world.told(), wanted, "{rule}, in steps of {step}");
        }
    }
}

/// Sections 12.2.1.1 and 13.2.2.4: where no proxy on the way stays on it, the ACK and all that follows come from where the
/// Contact says.
#[test]
fn a_dialog_moves_for_the_host_that_its_owner_has_named() {
    let route = "\nRecord-Route: <sip:203.0.113.9;lr>";
    for (rule, route, from, owner) in [
        ("the remote target", "", "203.0.113.7:5060", true),
        ("from another port of its", "", "203.0.113.7:40001", true),
        ("still the host that the INVITE came from", "", PHONE, true),
        ("nobody else", "", "203.0.113.8:5060", false),
        ("16.6: with a route, the first of it", route, "203.0.113.9:5060", true),
        ("and not who is behind it", route, "203.0.113.7:5060", false),
    ] {
        let mut world = World::new();
        let uri = "sip:9002@192.0.2.1";
        let contact = "Contact: <sip:guest@203.0.113.7>";
        let invite = request("INVITE", uri, PHONE, &format!("{contact}{route}"), &sdp("192.0.2.9", 4000));
        world.hear(PHONE, invite.as_bytes());
        let ok = world.take().pop().expect("a 200").1;
        let to = ok.lines().find(|line| line.starts_with("To: ")).expect("a To").to_owned();
        let inside = |method: &str, seq: u32| {
            let headers = format!("{contact}\n{to}\nCSeq: {seq} {method}");
            request(method, uri, from, &headers, "").replace("z9hG4bK1", &format!("z9hG4bK{method}"))
        };
        world.hear(from, inside("ACK", 1).as_bytes());
        world.pass(Duration::from_secs(2));
        assert_eq!(world.told().is_empty(), owner, "{rule}: the 200 comes again until its ACK");
        world.hear(from, inside("BYE", 2).as_bytes());
        assert_eq!(world.told(), if owner { "200" } else { "481" }, "{rule}");
    }
}
