//! Who is shown to whom, and why a call ended: what one leg's messages carry over to the other's.

use super::world::{World, request, sdp, site};
use cordboard::site::{Number, NumberTo};
use cordboard::time::Duration;

pub(super) const CALLER: &str = "192.0.2.9:5070";
pub(super) const CALLEE: &str = "192.0.2.200:5060";

/// A switch whose number 77 is somebody else's.
pub(super) fn bridge() -> World {
    let mut site = site();
    let to = NumberTo::Dial(format!("sip:uas@{CALLEE}"));
    site.numbers.push(Number { dialled: "77".to_owned(), prefix: false, to });
    World::with(site)
}

pub(super) fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
}

/// What we send at last that starts like this.
pub(super) fn sent(world: &mut World, start: &str) -> String {
    let found = world.take().into_iter().map(|(_, text)| text).filter(|text| text.starts_with(start)).next_back();
    found.unwrap_or_else(|| panic!("no {start}"))
}

pub(super) fn answer(status: &str, request: &str, lines: &str) -> String {
    let tag = if line(request, "To").contains("tag=") { "" } else { ";tag=callee" };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n{lines}",
        line(request, "Via"),
        line(request, "From"),
        line(request, "To"),
        line(request, "Call-ID"),
        line(request, "CSeq"),
    )
}

pub(super) fn invite(lines: &str) -> String {
    let from = format!("From: \"Jane\" <sip:jane@{CALLER}>;tag=g{lines}");
    request("INVITE", "sip:77@192.0.2.1", CALLER, &from, &sdp("192.0.2.9", 4000))
}

/// A call to 77 that the other side has answered: the INVITEs of both legs.
fn up(world: &mut World) -> (String, String) {
    up_saying(world, "")
}

/// The same; the other side's 200 says this too.
fn up_saying(world: &mut World, lines: &str) -> (String, String) {
    let theirs = invite("");
    world.hear(CALLER, theirs.as_bytes());
    let ours = sent(world, "INVITE");
    let body = sdp("192.0.2.200", 6000);
    let lines = format!(
        "{lines}Contact: <sip:uas@{CALLEE}>\r\nContent-Type: application/sdp\r\nContent-Length: {}",
        body.len()
    );
    world.hear(CALLEE, format!("{}{lines}\r\n\r\n{body}", answer("200 OK", &ours, "")).as_bytes());
    let ok = sent(world, "SIP/2.0 200");
    let to = format!("To: {}\nCSeq: 1 ACK", line(&ok, "To"));
    let from = format!("From: {}", line(&theirs, "From"));
    let ack = request("ACK", "sip:77@192.0.2.1", CALLER, &format!("{from}\n{to}"), "");
    world.hear(CALLER, ack.replace("z9hG4bK1", "z9hG4bKack").as_bytes());
    world.take();
    (theirs, ours)
}

#[test]
fn who_does_not_want_to_be_named_is_nobody() {
    for (rule, lines, name) in [
        ("a name", "", format!("\"Jane\" <sip:jane@cordboard.lab>")),
        ("RFC 3325 section 9.3", "\r\nPrivacy: id", "\"Anonymous\" <sip:anonymous@anonymous.invalid>".into()),
        (
            "RFC 3323 section 4.2",
            "\r\nPrivacy: header;user;critical",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>".into(),
        ),
        ("RFC 3323 section 4.2", "\r\nPrivacy: none", format!("\"Jane\" <sip:jane@cordboard.lab>")),
        (
            "RFC 3325 section 6: an assertion of somebody whom we do not trust",
            "\r\nP-Asserted-Identity: <sip:president@example.com>",
            format!("\"Jane\" <sip:jane@cordboard.lab>"),
        ),
    ] {
        let mut world = bridge();
        world.hear(CALLER, invite(lines).as_bytes());
        let call = sent(&mut world, "INVITE");
        assert!(line(&call, "From").starts_with(&format!("{name};tag=")), "{rule}: {call}");
        let secret = lines.contains("Privacy") && !lines.contains("none");
        assert_eq!(line(&call, "P-Asserted-Identity").is_empty(), secret, "{rule}: {call}");
        assert!(!secret || !call.contains("jane"), "{rule}: {call}");
        assert!(!call.contains("president"), "{rule}: {call}");
    }
}

#[test]
fn why_one_end_hangs_up_is_told_to_the_other() {
    let reason = "Q.850;cause=16;text=\"Terminated\"";
    let with = format!("Reason: {reason}\r\nContent-Length: 0\r\n\r\n");
    // The caller gives up before the answer.
    let mut world = bridge();
    let theirs = invite("");
    world.hear(CALLER, theirs.as_bytes());
    let ours = sent(&mut world, "INVITE");
    world.hear(CALLEE, format!("{}Content-Length: 0\r\n\r\n", answer("180 Ringing", &ours, "")).as_bytes());
    world.take();
    let from = format!("From: {}", line(&theirs, "From"));
    let cancel = request("CANCEL", "sip:77@192.0.2.1", CALLER, &format!("{from}\nReason: {reason}"), "");
    world.hear(CALLER, cancel.as_bytes());
    assert_eq!(line(&sent(&mut world, "CANCEL"), "Reason"), reason, "RFC 3326 section 2");

    // The called party hangs up.
    let mut world = bridge();
    let (_, ours) = up(&mut world);
    let (from, to) = (line(&ours, "From"), line(&ours, "To"));
    let bye = format!(
        "BYE sip:cordboard@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLEE};branch=z9hG4bKbye\r\nMax-Forwards: 70\r\n\
         From: {to};tag=callee\r\nTo: {from}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\n{with}",
        line(&ours, "Call-ID")
    );
    world.hear(CALLEE, bye.as_bytes());
    assert_eq!(line(&sent(&mut world, "BYE"), "Reason"), reason, "RFC 3326 section 2");

    // The called party refuses (RFC 6432: in a response too).
    let mut world = bridge();
    world.hear(CALLER, invite("").as_bytes());
    let ours = sent(&mut world, "INVITE");
    world.hear(CALLEE, format!("{}{with}", answer("486 Busy Here", &ours, "")).as_bytes());
    assert_eq!(line(&sent(&mut world, "SIP/2.0 486"), "Reason"), reason, "RFC 6432");
}

#[test]
fn who_takes_over_at_the_other_end_is_shown() {
    for (rule, from, lines, shown) in [
        (
            "RFC 4916 section 4.4.2: another is there now",
            "\"Bob\" <sip:bob@example.com>",
            "Supported: from-change",
            "\"Bob\" <sip:bob@cordboard.lab>",
        ),
        ("the same as before", &format!("<sip:uas@{CALLEE}>"), "Supported: from-change", ""),
        ("section 4.2: only who says so changes his From", "\"Bob\" <sip:bob@example.com>", "", ""),
        ("nobody becomes one of us", "\"Bob\" <sip:john@cordboard.lab>", "Supported: from-change", ""),
        (
            "RFC 3323: and does not want to be named",
            "\"Bob\" <sip:bob@example.com>",
            "Supported: from-change\nPrivacy: id",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
        ),
    ] {
        for (method, body) in [("UPDATE", String::new()), ("INVITE", sdp("192.0.2.200", 6000))] {
            let mut world = bridge();
            let (_, ours) = up(&mut world);
            let headers = format!(
                "From: {from};tag=callee\nTo: {}\nCall-ID: {}\nContact: <sip:uas@{CALLEE}>\n{lines}",
                line(&ours, "From"),
                line(&ours, "Call-ID")
            );
            world.hear(CALLEE, request(method, "sip:cordboard@192.0.2.1", CALLEE, &headers, &body).as_bytes());
            let sent = world.take();
            let told = sent.iter().filter(|(to, text)| to == CALLER && text.starts_with("INVITE")).next_back();
            let identity = told.map(|(_, text)| line(text, "P-Asserted-Identity")).unwrap_or_default();
            assert_eq!(identity, shown, "{rule}, by {method}: {sent:#?}");
        }
    }
}

#[test]
fn what_refreshes_a_session_names_who_is_there() {
    for (rule, allow, method) in [
        ("RFC 4028 section 7.4, RFC 3325 section 9.1", "INVITE, ACK, BYE, UPDATE", "UPDATE"),
        ("and where there is no UPDATE", "INVITE, ACK, BYE", "INVITE"),
    ] {
        let mut world = bridge();
        let lines = format!("Allow: {allow}\r\nSession-Expires: 90;refresher=uac\r\n");
        let (_, ours) = up_saying(&mut world, &lines);
        world.pass(Duration::from_secs(46));
        let refresh = sent(&mut world, method);
        assert_eq!(line(&refresh, "P-Asserted-Identity"), line(&ours, "P-Asserted-Identity"), "{rule}: {refresh}");
        assert_eq!(refresh.contains("m=audio"), method == "INVITE", "{rule}: {refresh}");
    }
}

#[test]
fn what_a_phone_tells_us_alone_is_not_for_the_caller() {
    for (status, wanted) in [
        ("486 Busy Here", "486"),
        ("404 Not Found", "404"),
        ("503 Service Unavailable", "503"),
        ("600 Busy Everywhere", "600"),
        // RFC 3261 section 21.4.2, 21.4.8, 21.4.15: each with a header that means nothing on another leg.
        ("401 Unauthorized", "500"),
        ("407 Proxy Authentication Required", "500"),
        ("420 Bad Extension", "500"),
        ("491 Request Pending", "500"),
        ("482 Loop Detected", "500"),
        ("415 Unsupported Media Type", "500"),
    ] {
        let mut world = bridge();
        world.hear(CALLER, invite("").as_bytes());
        let ours = sent(&mut world, "INVITE");
        world.hear(CALLEE, answer(status, &ours, "Content-Length: 0\r\n\r\n").as_bytes());
        assert!(sent(&mut world, "SIP/2.0").starts_with(&format!("SIP/2.0 {wanted}")), "{status}");
    }
}

/// RFC 3261 section 13.3.1.
#[test]
fn a_caller_who_says_how_long_he_waits_waits_no_longer() {
    let mut world = bridge();
    world.hear(CALLER, invite("\nExpires: 20").as_bytes());
    let ours = sent(&mut world, "INVITE");
    world.hear(CALLEE, answer("180 Ringing", &ours, "Content-Length: 0\r\n\r\n").as_bytes());
    assert_eq!(world.told(), "180");
    world.pass(Duration::from_secs(19));
    assert_eq!(world.told(), "");
    world.pass(Duration::from_secs(1));
    assert_eq!(world.told(), "487 CANCEL");
}
