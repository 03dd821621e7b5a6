//! The rules of RFC 3261 for a user agent server and those of its kin, a row each: one request to the whole switch, and
//! what it must be answered with.

use super::world::{US, World, request, sdp};
use cordboard::engine::Input;
use cordboard::site::Guests;

const PHONE: &str = "192.0.2.9:5070";

/// What is wrong with the answers to a request. `wanted`: the statuses, then lines that the last answer has; `!` before
/// one that it may not have.
fn faults(rule: &str, bytes: &str, wanted: &str) -> Option<String> {
    let mut world = World::new();
    world.hear(PHONE, bytes.as_bytes());
    fault_in(rule, &world.take(), wanted)
}

fn fault_in(rule: &str, sent: &[(String, String)], wanted: &str) -> Option<String> {
    let statuses: Vec<&str> =
        sent.iter().map(|(_, text)| text.strip_prefix("SIP/2.0 ").and_then(|t| t.get(..3)).unwrap_or(text)).collect();
    let mut wanted_lines = wanted.lines().map(str::trim);
    let wanted = wanted_lines.next().unwrap_or_default();
    if statuses.join(" ") != wanted {
        return Some(format!("{rule}: {} instead of {wanted}: {:#?}", statuses.join(" "), sent.last()));
    }
    wanted_lines.find_map(|line| {
        let last = &sent.last()?.1;
        let (line, there) = line.strip_prefix('!').map_or((line, true), |line| (line, false));
        (last.lines().any(|found| found.starts_with(line)) != there).then(|| format!("{rule}: {line} in {last}"))
    })
}

fn check<'a>(rows: impl IntoIterator<Item = (&'a str, String, &'a str)>) {
    let faults: Vec<String> =
        rows.into_iter().filter_map(|(rule, bytes, wanted)| faults(rule, &bytes, wanted)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

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
        ("8.2.2.1 an unknown scheme", "INVITE", "pstn:1000", "To: <sip:1000@192.0.2.1>", "", "100 416"),
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
        ("26.2.2 sips is an address, too", "INVITE", "sips:1000@192.0.2.1", "", ok, "100 200"),
        ("16.12 we relay for nobody", "INVITE", "sip:1000@203.0.113.1", "", ok, "100 404"),
        ("21.4.22 nothing dialled", "INVITE", "sip:192.0.2.1", "", ok, "100 484"),
        (
            "8.2.2.3 what is required and unknown",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Require: 100rel-not, nothing",
            ok,
            "100 420\nUnsupported: 100rel-not, nothing",
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
            "100 415\nAccept: application/sdp",
        ),
        (
            "8.2.3 packed",
            "INVITE",
            "sip:1000@192.0.2.1",
            "Content-Encoding: gzip",
            ok,
            "100 415\nAccept-Encoding: identity\n!Accept:",
        ),
        (
            "8.2.3 packed, by its compact name",
            "INVITE",
            "sip:1000@192.0.2.1",
            "e: gzip",
            ok,
            "100 415\nAccept-Encoding: identity",
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
            "100 493",
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
        ("8.1.1.6, 16.3 no hop left for a call", "INVITE", "sip:1000@192.0.2.1", "Max-Forwards: 0", ok, "100 483"),
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
        ("8.1.1.8, 12.1.1 no Contact, no dialog", "INVITE", "sip:1000@192.0.2.1", "Contact:", ok, "100 400"),
        ("7.4.1 no such version", "OPTIONS", "sip:1000@192.0.2.1 SIP/3.0 ", "", "", "400"),
        ("21.5.7 too large", "OPTIONS", "sip:1000@192.0.2.1", &long, "", "513"),
        ("12.2.2 a dialog that never was", "BYE", "sip:1000@192.0.2.1", "To: <sip:1000@192.0.2.1>;tag=x", "", "481"),
        ("12.2.2 nor by INVITE", "INVITE", "sip:1000@192.0.2.1", "To: <sip:1000@192.0.2.1>;tag=x", ok, "100 481"),
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
        ("8.2.6.1 Timestamp goes back in the 100", "INVITE", "sip:192.0.2.1", "Timestamp: 54.21", "", "100 484"),
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
        [("21.5.4 a call", "INVITE", "100 503"), ("11.2 as a call would be", "OPTIONS", "503"), ("8.2.1", "BYE", "481")]
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
fn what_is_registered_and_how() {
    let register = "REGISTER sip:cordboard.lab SIP/2.0";
    let rows = [
        ("10.3 step 1: another's domain", "sip:example.com", "sip:john@cordboard.lab", "", "404"),
        (
            "10.3 step 2: what is required and unknown",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Require: gruu",
            "420",
        ),
        ("10.3 step 4: another's address", "sip:cordboard.lab", "sip:maria@cordboard.lab", "", "403"),
        ("10.3 step 5: an address of another's domain", "sip:cordboard.lab", "sip:john@example.com", "", "404"),
        (
            "10.3 step 6: * and another",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Contact: *\nm: <sip:john@192.0.2.9>\nExpires: 0",
            "400",
        ),
        ("10.3 step 6: * without Expires 0", "sip:cordboard.lab", "sip:john@cordboard.lab", "Contact: *", "400"),
        ("10.3 step 6: *", "sip:cordboard.lab", "sip:john@cordboard.lab", "Contact: *\nExpires: 0", "200\n!Contact"),
        (
            "10.3 step 7: too brief",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Expires: 59",
            "423\nMin-Expires: 60",
        ),
        (
            "10.3 step 8: what there is",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "",
            "200\nContact: <sip:guest@192.0.2.9:5070>;expires=600\nDate: ",
        ),
        (
            "10.3 step 8: several",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Contact: <sip:a@192.0.2.9>;q=0.2;expires=90, \"B, b\" <sip:b@192.0.2.9;x=1>;q=1.0",
            "200\nContact: <sip:b@192.0.2.9;x=1>;expires=600\nContact: <sip:a@192.0.2.9>;expires=90",
        ),
        (
            "20.10: an expiry that is none counts as an hour",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Contact: <sip:a@192.0.2.9>;expires=soon",
            "200\nContact: <sip:a@192.0.2.9>;expires=3600",
        ),
        ("19.1.4: escaped is the same", "sip:cordboard.lab", "sip:%6aohn@CORDBOARD.lab;x=y", "", "200"),
        (
            "RFC 3327 5.3: the path goes back",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Path: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>",
            "200\nPath: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>",
        ),
        (
            "RFC 5627: no GRUU is offered, and none is needed",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Supported: gruu, outbound, path\nContact: <sip:a@192.0.2.9>;+sip.instance=\"<urn:uuid:1>\";reg-id=1",
            "200\nContact: <sip:a@192.0.2.9>;expires=600\n!Supported: gruu",
        ),
    ];
    for (rule, uri, to, headers, wanted) in rows {
        let mut world = World::new();
        let own = format!("From: <sip:john@cordboard.lab>;tag=j\nTo: <{to}>\n{headers}");
        world.hear(
            PHONE,
            request("REGISTER", "sip:cordboard.lab", PHONE, &own.replace("Require: gruu", ""), "").as_bytes(),
        );
        if !to.ends_with("example.com") {
            assert_eq!(world.told(), "401", "{rule}: without credentials nothing is said");
            let credentials = world.credentials("john", "john", &register.replace("sip:cordboard.lab", uri));
            let again = format!(
                "{own}\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bK2\nCSeq: 2 REGISTER\nAuthorization: {credentials}"
            );
            world.hear(PHONE, request("REGISTER", uri, PHONE, &again, "").as_bytes());
        }
        let sent = world.take();
        if let Some(fault) = fault_in(rule, &sent, wanted) {
            panic!("{fault}");
        }
    }
}

#[test]
fn a_path_is_followed() {
    let mut world = World::new();
    let own = "From: <sip:maria@cordboard.lab>;tag=m\nTo: <sip:maria@cordboard.lab>\nContact: <sip:maria@10.0.0.7>\n\
               Path: <sip:192.0.2.77;lr>";
    let proxy = "192.0.2.77:5060";
    let line = "REGISTER sip:cordboard.lab SIP/2.0";
    world.hear(proxy, request("REGISTER", "sip:cordboard.lab", proxy, own, "").as_bytes());
    let credentials = world.credentials("maria", "maria", line);
    let again =
        format!("{own}\nVia: SIP/2.0/UDP {proxy};branch=z9hG4bK2\nCSeq: 2 REGISTER\nAuthorization: {credentials}");
    world.hear(proxy, request("REGISTER", "sip:cordboard.lab", proxy, &again, "").as_bytes());
    assert_eq!(world.told(), "401 200");
    let call = |extra: &str| {
        let headers = format!("From: <sip:john@cordboard.lab>;tag=j\n{extra}");
        request("INVITE", "sip:maria@cordboard.lab", PHONE, &headers, &sdp("192.0.2.9", 4000))
    };
    world.hear(PHONE, call("").as_bytes());
    let credentials = world.credentials("john", "john", "INVITE sip:maria@cordboard.lab SIP/2.0");
    let via = format!("Via: SIP/2.0/UDP {PHONE};branch=z9hG4bK2");
    world.hear(PHONE, call(&format!("CSeq: 2 INVITE\n{via}\nAuthorization: {credentials}")).as_bytes());
    let sent = world.take();
    let (to, invite) = sent.iter().find(|(_, text)| text.starts_with("INVITE")).expect("maria is rung");
    assert_eq!(to, proxy);
    assert!(invite.starts_with("INVITE sip:maria@10.0.0.7 SIP/2.0\n"), "{invite}");
    assert!(invite.contains("\nRoute: <sip:192.0.2.77;lr>\n"), "RFC 3327 section 5.4: {invite}");
}

#[test]
fn a_call_is_read_however_it_is_written() {
    let ok = sdp("192.0.2.9", 4000);
    let plain = request("INVITE", "sip:9002@192.0.2.1", PHONE, "", &ok);
    let part = |kind: &str, body: &str| format!("--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
    let isup =
        "--b\r\nContent-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\0\r\n\r\n";
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
            "RFC 5621 SDP beside something required",
            mixed(&(part("application/sdp", &ok) + &part("image/png", "x"))),
            "100 415\nAccept: application/sdp, multipart/mixed",
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
        ("8.2.3 a body of another kind", "INVITE", "Content-Type: text/plain", "x", "100 415\nAccept: application/sdp"),
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

#[test]
fn a_call_that_is_passed_on_has_one_hop_less() {
    for (max_forwards, wanted) in [("Max-Forwards: 11", "Max-Forwards: 10"), ("Max-Forwards:", "Max-Forwards: 70")] {
        let mut site = super::world::site();
        for number in &mut site.numbers {
            if let cordboard::site::NumberTo::Dial(address) = &mut number.to {
                *address = "sip:uas@192.0.2.200".to_owned();
            }
        }
        site.numbers.push(cordboard::site::Number {
            dialled: "77".to_owned(),
            prefix: false,
            to: cordboard::site::NumberTo::Dial("sip:uas@192.0.2.200".to_owned()),
        });
        let mut world = World::with(site);
        let call = request("INVITE", "sip:77@192.0.2.1", PHONE, max_forwards, &sdp("192.0.2.9", 4000));
        world.hear(PHONE, call.as_bytes());
        let sent = world.take();
        let (to, invite) = sent.iter().find(|(_, text)| text.starts_with("INVITE")).expect("a call to the other side");
        assert_eq!(to, "192.0.2.200:5060");
        assert!(invite.lines().any(|line| line == wanted), "RFC 7332 section 4: {invite}");
    }
}

#[test]
fn a_number_may_be_incomplete_for_those_we_know() {
    let mut world = World::new();
    let line = "INVITE sip:100@192.0.2.1 SIP/2.0";
    let from = "From: <sip:john@cordboard.lab>;tag=j";
    let call = |extra: &str| {
        let headers = format!("{from}\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bK{};rport\n{extra}", extra.len());
        request("INVITE", "sip:100@192.0.2.1", PHONE, &headers, &sdp("192.0.2.9", 4000))
    };
    world.hear(PHONE, call("").as_bytes());
    assert_eq!(world.told(), "100 401");
    let credentials = world.credentials("john", "john", line);
    world.hear(PHONE, call(&format!("CSeq: 2 INVITE\nAuthorization: {credentials}")).as_bytes());
    assert_eq!(world.told(), "100 484", "21.4.22");
}

#[test]
fn who_may_call() {
    let offer = sdp("192.0.2.9", 4000);
    for (rule, guests, from, uri, wanted) in [
        ("a guest calls a number", Guests::Any, "sip:a@example.com", "sip:1000@192.0.2.1", "100 200"),
        (
            "a guest, where only neighbours are let in",
            Guests::Loopback,
            "sip:a@example.com",
            "sip:1000@192.0.2.1",
            "100 401",
        ),
        ("a guest, where none are let in", Guests::None, "sip:a@example.com", "sip:1000@192.0.2.1", "100 401"),
        (
            "who says to be an agent has to prove it",
            Guests::Any,
            "sip:john@cordboard.lab",
            "sip:1000@192.0.2.1",
            "100 401",
        ),
        (
            "and so has who says to be somebody else here",
            Guests::Any,
            "sip:nobody@cordboard.lab",
            "sip:1000@192.0.2.1",
            "100 401",
        ),
        ("by our address, too", Guests::Any, "sip:nobody@192.0.2.1", "sip:1000@192.0.2.1", "100 401"),
        ("an agent is called by agents", Guests::Any, "sip:a@example.com", "sip:maria@192.0.2.1", "100 401"),
        ("an agent that does not exist, too", Guests::Any, "sip:a@example.com", "sip:nobody@192.0.2.1", "100 401"),
        ("wherever guests are let in", Guests::None, "sip:a@example.com", "sip:nobody@192.0.2.1", "100 401"),
        ("a quick connect, too", Guests::Any, "sip:a@example.com", "sip:qc-nothing@192.0.2.1", "100 401"),
        ("no agent is a telephone number here", Guests::Any, "sip:a@example.com", "sip:4711@192.0.2.1", "100 404"),
    ] {
        let mut site = super::world::site();
        site.sip.guests = guests;
        let mut world = World::with(site);
        world.hear(PHONE, request("INVITE", uri, PHONE, &format!("From: <{from}>;tag=1"), &offer).as_bytes());
        assert_eq!(world.told(), wanted, "{rule}");
    }
}

#[test]
fn what_is_for_us_is_told_by_its_address() {
    assert_eq!(US, "192.0.2.1:5060");
    let rows = [
        ("sip:9002@192.0.2.1", "100 200"),
        ("sip:9002@192.0.2.1:5060", "100 200"),
        ("sip:9002@cordboard.lab", "100 200"),
        ("sip:9002@CORDBOARD.LAB;transport=tcp", "100 200"),
        ("sip:9002@example.com", "100 404"),
        ("sip:9002@192.0.2.2", "100 404"),
    ];
    check(rows.map(|(uri, wanted)| (uri, request("INVITE", uri, PHONE, "", &sdp("192.0.2.9", 4000)), wanted)));
}
