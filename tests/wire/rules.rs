//! The rules of RFC 3261 for a user agent server and those of its kin, a row each: one request to the whole switch, and
//! what it must be answered with.

use super::world::{World, check, fault_in, request, sdp};
use cordboard::engine::Input;

const PHONE: &str = "192.0.2.9:5070";

const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS";

#[test]
fn what_a_request_is_answered_with() {
    let ok = &sdp("192.0.2.9", 4000);
    let long = format!("Subject: {}", "x".repeat(66_000));
    let rows = [
        ("8.2 a call", "INVITE", "sip:1000@192.0.2.1", "", ok.as_str(), "100 200\nContact: <sip:1000@192.0.2.1:5060>"),
        (
            "13.2.1 a call that asks for our offer",
            "INVITE",
            "sip:9002@192.0.2.1",
            "",
            "",
            "100 200\nContent-Type: application/sdp\nm=audio ",
        ),
        (
            "12.1.1 the route is given back",
            "INVITE",
            "sip:9002@192.0.2.1",
            "Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com>",
            ok,
            "100 200\nRecord-Route: <sip:p2.example.com;lr>, <sip:p1.example.com>",
        ),
        ("8.2.1 a method that others take", "PUBLISH", "sip:1000@192.0.2.1", "", "", &format!("405\n{ALLOW}")),
        ("8.2.1 a method nobody knows", "DANCE", "sip:1000@192.0.2.1", "", "", "501"),
        ("7.1 methods are case-sensitive", "options", "sip:1000@192.0.2.1", "", "", "501"),
        ("8.2.2.1 an unknown scheme", "INVITE", "pstn:1000", "To: <sip:1000@192.0.2.1>", "", "416"),
        ("8.2.2.1 whatever the method", "OPTIONS", "http://192.0.2.1/", "To: <sip:1000@192.0.2.1>", "", "416"),
        (
            "8.2.2.1 a scheme in To is the sender's affair",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "To: <isbn:2983792873>",
            "",
            "200",
        ),
        ("19.1.6 a telephone number", "INVITE", "tel:1000", "", ok, "100 200"),
        ("RFC 3966 5.1.1 as it is written", "INVITE", "tel:10-0(0);phone-context=lab", "", ok, "100 200"),
        ("19.1.6 its parameters in an address", "INVITE", "sip:1000;phone-context=lab@192.0.2.1", "", ok, "100 200"),
        ("26.2.2 sips is an address, too", "INVITE", "sips:1000@192.0.2.1", "", ok, "100 200"),
        ("16.12 we relay for nobody", "INVITE", "sip:1000@203.0.113.1", "", ok, "404"),
        ("21.4.22 nothing dialled", "INVITE", "sip:192.0.2.1", "", ok, "484"),
        (
            "8.2.2.3 what is required and unknown",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Require: 100rel-not, nothing",
            ok,
            "420\nUnsupported: 100rel-not, nothing",
        ),
        (
            "8.2.2.3 whatever the method",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "Require: nothing",
            "",
            "420\nUnsupported: nothing",
        ),
        (
            "20.29 Proxy-Require is for proxies, and we relay nothing",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "Proxy-Require: nothing",
            "",
            "200",
        ),
        (
            "8.2.3 a body of another kind",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Content-Type: application/unknownformat",
            "x",
            "415\nAccept: application/sdp",
        ),
        (
            "8.2.3 packed",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Content-Encoding: gzip",
            ok,
            "415\nAccept-Encoding: identity\n!Accept:",
        ),
        (
            "8.2.3 packed, by its compact name",
            "INVITE",
            "sip:1000@192.0.2.1",
            "e: gzip",
            ok,
            "415\nAccept-Encoding: identity",
        ),
        (
            "8.2.3 another kind that need not be understood",
            "INVITE",
            "sip:9002@192.0.2.1",
            "Content-Type: text/plain\nContent-Disposition: render;handling=optional",
            "hello",
            "100 200\nContent-Type: application/sdp",
        ),
        ("20.13 languages do not matter to SDP", "INVITE", "sip:1000@192.0.2.1", "Content-Language: fr", ok, "100 200"),
        (
            "8.2.3 whatever the method",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "Content-Type: text/plain",
            "x",
            "415\nAccept: application/sdp",
        ),
        (
            "21.4.28 sealed for somebody else",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Content-Type: application/pkcs7-mime",
            "x",
            "493",
        ),
        (
            "13.3.1.3 an offer without a codec of ours",
            "INVITE",
            "sip:9002@192.0.2.1",
            "",
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n",
            "100 488\nWarning: 305 ",
        ),
        ("21.4.1 SDP that is none", "INVITE", "sip:9002@192.0.2.1", "", "hello", "100 400"),
        ("8.1.1.6, 16.3 no hop left for a call", "INVITE", "sip:1000@192.0.2.1", "Max-Forwards: 0", ok, "483"),
        ("11.2 as a call would be: we relay for nobody", "OPTIONS", "sip:1000@203.0.113.1", "", "", "404"),
        ("11.2 nobody learns who is called what", "OPTIONS", "sip:nobody@192.0.2.1", "", "", "200"),
        ("11 no hop left, and it is for us", "OPTIONS", "sip:1000@192.0.2.1", "Max-Forwards: 0", "", "200"),
        ("RFC 2543 no Max-Forwards", "INVITE", "sip:1000@192.0.2.1", "Max-Forwards:", ok, "100 200"),
        (
            "11.2 what we can",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "",
            "",
            &format!("200\n{ALLOW}\nAccept: application/sdp\nAccept-Encoding: identity\nAccept-Language: en"),
        ),
        ("8.1.1.8, 12.1.1 no Contact, no dialog", "INVITE", "sip:1000@192.0.2.1", "Contact:", ok, "400"),
        ("7.4.1 no such version", "OPTIONS", "sip:1000@192.0.2.1 SIP/3.0 ", "", "", "400"),
        ("21.5.7 too large", "OPTIONS", "sip:1000@192.0.2.1", &long, "", "513"),
        ("12.2.2 a dialog that never was", "BYE", "sip:1000@192.0.2.1", "To: <sip:1000@192.0.2.1>;tag=x", "", "481"),
        ("12.2.2 nor by INVITE", "INVITE", "sip:1000@192.0.2.1", "To: <sip:1000@192.0.2.1>;tag=x", ok, "481"),
        ("9.2 a CANCEL of nothing", "CANCEL", "sip:1000@192.0.2.1", "Contact:", "", "481"),
        (
            "8.2.2.3 Require does not matter in a CANCEL",
            "CANCEL",
            "sip:1000@192.0.2.1",
            "Require: nothing\nContact:",
            "",
            "481",
        ),
        ("17 a stray ACK", "ACK", "sip:1000@192.0.2.1", "To: <sip:1000@192.0.2.1>;tag=x", "", ""),
        ("8.2.6.1 a refusal at once needs no 100", "INVITE", "sip:192.0.2.1", "Timestamp: 54.21", "", "484"),
        (
            "16.4 a strict router put us in front",
            "INVITE",
            "sip:192.0.2.1;lr",
            "Route: <sip:p1.example.com;lr>, <sip:9002@192.0.2.1>",
            ok,
            "100 200\nContact: <sip:9002@192.0.2.1:5060>",
        ),
        ("16.4 a Route to us above us", "INVITE", "sip:9002@192.0.2.1", "Route: <sip:192.0.2.1;lr>", ok, "100 200"),
        (
            "19.1.1 parameters of the address",
            "INVITE",
            "sip:9002@192.0.2.1:5060;transport=udp;maddr=239.255.255.1;ttl=16;user=phone;method=INVITE",
            "",
            ok,
            "100 200",
        ),
        ("19.1.2 escaped", "INVITE", "sip:%39%30%30%32@192.0.2.1", "", ok, "100 200"),
        (
            "7.3.3 compact forms",
            "INVITE",
            "sip:9002@192.0.2.1",
            "Via:\nFrom:\nTo:\nCall-ID:\nContact:\nContent-Type:\nContent-Length:\nv: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKc;rport\nf: <sip:a@192.0.2.9>;tag=1\nt: <sip:9002@192.0.2.1>\ni: c2\nm: <sip:a@192.0.2.9:5070>\nc: application/sdp\ns: lunch\nk: timer",
            ok,
            "100 200",
        ),
        ("20.8 no Call-ID", "OPTIONS", "sip:1000@192.0.2.1", "Call-ID:", "", "400"),
        ("8.1.1.5 CSeq of another method", "OPTIONS", "sip:1000@192.0.2.1", "CSeq: 1 INVITE", "", "400"),
        ("20.16 the body is shorter than it says", "OPTIONS", "sip:1000@192.0.2.1", "Content-Length: 10", "", "400"),
        (
            "18.3 and longer: the rest is nobody's",
            "OPTIONS",
            "sip:1000@192.0.2.1",
            "Content-Length: 0\nContent-Type:",
            "rest",
            "200",
        ),
    ];
    check(
        rows.map(|(rule, method, uri, headers, body, wanted)| {
            (rule, request(method, uri, PHONE, headers, body), wanted)
        }),
    );
}

#[test]
fn what_goes_back_with_an_answer() {
    let vias = "Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;rport, SIP/2.0/TCP p2.example.com;branch=z9hG4bK2";
    let more = format!("{vias}\nv : SIP/2.0/SCTP p3.example.com;branch=z9hG4bK3");
    let bytes = request("INVITE", "sip:9002@192.0.2.1", PHONE, "Timestamp: 54.21", &sdp("192.0.2.9", 4000));
    let bytes = bytes.replacen("Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;rport", &more.replace('\n', "\r\n"), 1);
    let mut world = World::new();
    world.hear(PHONE, bytes.as_bytes());
    let sent = world.take();
    let [(_, trying), (_, ok)] = sent.as_slice() else { panic!("{sent:#?}") };
    let vias = "Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;rport=5070;received=192.0.2.9, SIP/2.0/TCP \
                p2.example.com;branch=z9hG4bK2\nVia: SIP/2.0/SCTP p3.example.com;branch=z9hG4bK3\n";
    for (rule, part) in [
        ("8.2.6.2 every Via, in order", vias),
        ("8.2.6.2 From", "From: <sip:guest@192.0.2.9:5070>;tag=g\n"),
        ("8.2.6.2 Call-ID", "Call-ID: c1\n"),
        ("8.2.6.2 CSeq", "CSeq: 1 INVITE\n"),
    ] {
        assert!(trying.contains(part) && ok.contains(part), "{rule}: {part} in {trying}{ok}");
    }
    assert!(trying.contains("Timestamp: 54.21\n"), "8.2.6.1: {trying}");
    assert!(trying.contains("To: <sip:9002@192.0.2.1>\n"), "8.2.6.2: no tag in a 100: {trying}");
    assert!(ok.contains("To: <sip:9002@192.0.2.1>;tag="), "8.2.6.2: {ok}");
}

#[test]
fn a_draining_switch_says_when_to_come_back() {
    for (rule, method, wanted) in
        [("21.5.4 a call", "INVITE", "503"), ("11.2 as a call would be", "OPTIONS", "503"), ("8.2.1", "BYE", "481")]
    {
        let mut world = World::new();
        world.input(Input::Drain);
        world.hear(PHONE, request(method, "sip:1000@192.0.2.1", PHONE, "", "").as_bytes());
        let last = world.sent.back().map(|(_, text)| text.clone()).unwrap_or_default();
        assert_eq!(world.told(), wanted, "{rule}");
        assert_eq!(last.contains("\nRetry-After: 30\n"), wanted.ends_with("503"), "{rule}: {last}");
    }
}

#[test]
fn a_call_is_read_however_it_is_written() {
    let ok = sdp("192.0.2.9", 4000);
    let plain = request("INVITE", "sip:9002@192.0.2.1", PHONE, "", &ok);
    let part = |kind: &str, body: &str| format!("--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let isup =
        "--b\r\nContent-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\0\r\n\r\n";
    let sealed = |encoding: &str, body: &str| {
        format!("--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n")
    };
    let mixed = |parts: &str| {
        let body = format!("{parts}--b--\r\n");
        request("INVITE", "sip:9002@192.0.2.1", PHONE, "Content-Type: multipart/mixed;boundary=b", &body)
    };
    let folded = plain.replace("Max-Forwards: 70", "Max-Forwards:\r\n  70\r\nSubject: so\r\n\t long");
    let spaced = plain.replace("Call-ID: ", "Call-ID  :   ");
    let (head, body) = plain.split_once("\r\n\r\n").unwrap();
    let typed = format!("{}\n\n{body}", head.replace("\r\n", "\n"));
    check([
        ("plain", plain.clone(), "100 200"),
        ("7.3.1 folded lines", folded, "100 200"),
        ("7.3.1 white space before the colon", spaced, "100 200"),
        ("7.5 empty lines before", format!("\r\n\r\n{plain}"), "100 200"),
        ("typed by hand", typed, "100 200"),
        (
            "RFC 2046 SDP beside something optional",
            mixed(&(isup.to_owned() + &part("application/sdp", &ok))),
            "100 200",
        ),
        (
            "RFC 2045 6.7 SDP as a mail program sends it",
            mixed(&sealed("quoted-printable", &ok.replace("=", "=3D"))),
            "100 200",
        ),
        ("RFC 2045 6.1 as nobody knows it", mixed(&sealed("x-zip", &ok)), "415\nAccept: application/sdp"),
        (
            "RFC 5621 SDP beside something required",
            mixed(&(part("application/sdp", &ok) + &part("image/png", "x"))),
            "415\nAccept: application/sdp, multipart/mixed",
        ),
    ]);
}

#[test]
fn what_a_request_in_a_call_is_answered_with() {
    let ok = sdp("192.0.2.9", 4002);
    let deaf = ok.replace("RTP/AVP 0", "RTP/AVP 18").replace("a=rtpmap:0 PCMU/8000\r\n", "");
    for (rule, method, headers, body, wanted) in [
        ("14.2 another offer", "INVITE", "", ok.as_str(), "100 200\nContact: \nContent-Type: application/sdp"),
        ("14.2 ours is asked for", "INVITE", "", "", "100 200\nContent-Type: application/sdp"),
        ("14.2 an offer that cannot be taken: nothing changes", "INVITE", "", &deaf, "100 488\nWarning: 305 "),
        ("8.2.3 a body of another kind", "INVITE", "Content-Type: text/plain", "x", "415\nAccept: application/sdp"),
        ("8.2.3 packed", "UPDATE", "Content-Encoding: gzip", &ok, "415\nAccept-Encoding: identity"),
        ("8.2.2.3 what is required and unknown", "INFO", "Require: nothing", "", "420\nUnsupported: nothing"),
        ("RFC 3311 5.2 another offer", "UPDATE", "", &ok, "200\nContent-Type: application/sdp"),
        ("RFC 3311 5.2 nothing but a new Contact", "UPDATE", "", "", "200\n!Content-Type"),
        ("11.2 are you there", "OPTIONS", "", "", "200\nAllow: INVITE"),
        ("8.2.1 a method that is not for us", "MESSAGE", "", "", "405\nAllow: INVITE"),
        ("8.2.1 a method nobody knows", "DANCE", "", "", "501"),
        ("RFC 3262 3 a PRACK of nothing", "PRACK", "RAck: 1 1 INVITE", "", "481"),
        ("RFC 6665 4.1.3 nobody asked", "NOTIFY", "Event: dialog\nSubscription-State: active", "", "481"),
        ("12.2.2 older than the last", "INFO", "CSeq: 9 INFO", "", "500\nRetry-After: "),
        ("12.2.2 another Call-ID", "INFO", "Call-ID: c2", "", "481"),
        ("12.2.2 another From tag", "INFO", "From: <sip:guest@192.0.2.9:5070>;tag=h", "", "481"),
        ("9.2 a CANCEL of nothing", "CANCEL", "", "", "481"),
        ("RFC 3515 2.4.2 nowhere to go", "REFER", "", "", "400"),
        (
            "RFC 3515 2.4.2, 20.43 it says why not",
            "REFER",
            "Refer-To: <sip:9001@192.0.2.1>",
            "",
            "603\nWarning: 399 cordboard \"there is nobody to transfer\"",
        ),
    ] {
        let mut world = World::new();
        let uri = "sip:9002@192.0.2.1:5060";
        let first = request("INVITE", uri, PHONE, "CSeq: 10 INVITE", &sdp("192.0.2.9", 4000));
        world.hear(PHONE, first.as_bytes());
        let (_, answer) = world.sent.pop_back().expect("a 200");
        let to = answer.lines().find(|line| line.starts_with("To: ")).expect("a To").to_owned();
        let inside = |method: &str, n: u8, more: &str, body: &str| {
            let own = format!("{to}\nCSeq: {n} {method}\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKin{n};rport\n{more}");
            request(method, uri, PHONE, &own, body)
        };
        world.hear(PHONE, inside("ACK", 10, "", "").as_bytes());
        world.take();
        world.hear(PHONE, inside(method, 11, headers, body).as_bytes());
        if let Some(fault) = fault_in(rule, &world.take(), wanted) {
            panic!("{fault}");
        }
        // Whatever it was, the call goes on; and a BYE ends it whatever it carries.
        world.hear(PHONE, inside("ACK", 11, "", "").as_bytes());
        world.hear(PHONE, inside("BYE", 12, "Content-Type: application/isup\nContent-Encoding: gzip", "x").as_bytes());
        assert_eq!(world.told(), "200", "{rule}: the BYE after it");
    }
}

#[test]
fn the_same_request_by_two_ways_is_merged_or_a_loop() {
    let by = |branch: &str, tag: &str| {
        let headers = format!("Via: SIP/2.0/UDP {PHONE};branch=z9hG4bK{branch};rport\nFrom: <sip:a@{PHONE}>;tag={tag}");
        request("INVITE", "sip:conf1@192.0.2.1", PHONE, &headers, &sdp("192.0.2.9", 4000))
    };
    let mut world = World::new();
    world.hear(PHONE, by("one", "x").as_bytes());
    assert_eq!(world.told(), "100 200");
    world.hear(PHONE, by("one", "x").as_bytes());
    assert_eq!(world.told(), "", "RFC 6026 7.1: a repetition after the 200 vanishes");
    world.hear(PHONE, by("two", "x").as_bytes());
    assert_eq!(world.told(), "482", "8.2.2.2: the same request by another way");
    world.hear(PHONE, by("three", "y").as_bytes());
    assert_eq!(world.told(), "100 200", "another request");
}
