//! Who may call whom, by which address, and how far.

use super::world::{US, World, check, request, sdp};
use cordboard::site::Guests;

const PHONE: &str = "192.0.2.9:5070";

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
    assert_eq!(world.told(), "401");
    let credentials = world.credentials("john", "john", line);
    world.hear(PHONE, call(&format!("CSeq: 2 INVITE\nAuthorization: {credentials}")).as_bytes());
    assert_eq!(world.told(), "484", "21.4.22");
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
            "401",
        ),
        ("a guest, where none are let in", Guests::None, "sip:a@example.com", "sip:1000@192.0.2.1", "401"),
        ("who says to be an agent has to prove it", Guests::Any, "sip:john@cordboard.lab", "sip:1000@192.0.2.1", "401"),
        (
            "and so has who says to be somebody else here",
            Guests::Any,
            "sip:nobody@cordboard.lab",
            "sip:1000@192.0.2.1",
            "401",
        ),
        ("by our address, too", Guests::Any, "sip:nobody@192.0.2.1", "sip:1000@192.0.2.1", "401"),
        ("an agent is called by agents", Guests::Any, "sip:a@example.com", "sip:maria@192.0.2.1", "401"),
        ("an agent that does not exist, too", Guests::Any, "sip:a@example.com", "sip:nobody@192.0.2.1", "401"),
        ("wherever guests are let in", Guests::None, "sip:a@example.com", "sip:nobody@192.0.2.1", "401"),
        ("a quick connect, too", Guests::Any, "sip:a@example.com", "sip:qc-nothing@192.0.2.1", "401"),
        ("no agent is a telephone number here", Guests::Any, "sip:a@example.com", "sip:4711@192.0.2.1", "404"),
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
        ("sip:9002@example.com", "404"),
        ("sip:9002@192.0.2.2", "404"),
    ];
    check(rows.map(|(uri, wanted)| (uri, request("INVITE", uri, PHONE, "", &sdp("192.0.2.9", 4000)), wanted)));
}
