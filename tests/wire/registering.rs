//! What a registrar must answer (RFC 3261 section 10.3 and its kin), and how a call reaches what is registered.

use super::trunks::{FIRST, trunk};
use super::world::{World, fault_in, request, sdp, site};
use cordboard::engine::Input;
use std::sync::Arc;

const PHONE: &str = "192.0.2.9:5070";

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
            "420\nUnsupported: gruu",
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
            "RFC 3327 5.1: who must have it followed",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Require: path\nPath: <sip:p1.example.com;lr>",
            "200\nPath: <sip:p1.example.com;lr>",
        ),
        (
            "RFC 3327 5.3: a path that cannot be read leads nowhere",
            "sip:cordboard.lab",
            "sip:john@cordboard.lab",
            "Path: <sip:p1",
            "400",
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

/// Maria's phone registers over a stream of its own with these lines; what it is told.
fn registers(world: &mut World, from: &str, lines: &str) -> String {
    let own = |n: u8, more: &str| {
        let headers = format!(
            "From: <sip:maria@cordboard.lab>;tag=m\nTo: <sip:maria@cordboard.lab>\nCSeq: {n} REGISTER\n{more}\n\
             Via: SIP/2.0/TCP 192.0.2.20:5070;branch=z9hG4bKr{n}\n{lines}"
        );
        request("REGISTER", "sip:cordboard.lab", from, &headers, "")
    };
    world.hear(from, own(1, "").as_bytes());
    let credentials = world.credentials("maria", "maria", "REGISTER sip:cordboard.lab SIP/2.0");
    world.hear(from, own(2, &format!("Authorization: {credentials}")).as_bytes());
    world.told()
}

/// Where maria's phone is rung when john calls her.
fn rung(world: &mut World) -> String {
    let call = |n: u8, more: &str| {
        let headers = format!(
            "From: <sip:john@cordboard.lab>;tag=j\nCSeq: {n} INVITE\n{more}\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKi{n}"
        );
        request("INVITE", "sip:maria@cordboard.lab", PHONE, &headers, &sdp("192.0.2.9", 4000))
    };
    world.hear(PHONE, call(1, "").as_bytes());
    let credentials = world.credentials("john", "john", "INVITE sip:maria@cordboard.lab SIP/2.0");
    world.hear(PHONE, call(2, &format!("Authorization: {credentials}")).as_bytes());
    let invite = world.take().into_iter().find(|(_, text)| text.starts_with("INVITE"));
    invite.map_or_else(String::new, |(to, _)| to)
}

#[test]
fn a_contact_has_nobody_called_but_the_phone_that_registered_it() {
    let mut faults = Vec::new();
    // What is registered from a stream, what that is told, and who is rung once the stream is gone.
    for (rule, from, lines, told, wanted) in [
        ("the phone itself", "192.0.2.20", "Contact: <sip:maria@192.0.2.20:5070>", "401 200", "192.0.2.20:5070"),
        ("by its maddr", "192.0.2.20", "Contact: <sip:m@example.com;maddr=192.0.2.20>", "401 200", "192.0.2.20:5060"),
        (
            "RFC 3327 5.4: by the proxy that it registered by",
            "192.0.2.20",
            "Contact: <sip:maria@10.0.0.7>\nPath: <sip:192.0.2.20:5070;lr>",
            "401 200",
            "192.0.2.20:5070",
        ),
        ("no number at a trunk's host", "192.0.2.20", "Contact: <sip:+19005550000@198.51.100.1>", "401 403", ""),
        ("nor in other words", "192.0.2.20", "Contact: <sip:+1900@x;maddr=198.51.100.1;transport=tcp>", "401 403", ""),
        ("nor from next to it", "198.51.100.1", "Contact: <sip:+1900@198.51.100.1:5060>", "401 403", ""),
        (
            "nor by a path over it",
            "192.0.2.20",
            "Contact: <sip:+1900@192.0.2.20>\nPath: <sip:198.51.100.1;lr>",
            "401 200",
            "",
        ),
        (
            "a path over it, next to it",
            "198.51.100.1",
            "Contact: <sip:+1900@x>\nPath: <sip:198.51.100.1;lr>",
            "401 200",
            "",
        ),
        ("nobody else", "192.0.2.20", "Contact: <sip:+19005550000@203.0.113.9:5060>", "401 200", ""),
        ("nobody by name", "192.0.2.20", "Contact: <sip:+19005550000@pstn.example>", "401 200", ""),
    ] {
        let mut site = site();
        site.trunks = vec![trunk("pstn", &[FIRST])];
        let from = format!("tcp:{from}:40000");
        for closed in [false, true] {
            let mut world = World::with(site.clone());
            let answered = registers(&mut world, &from, lines);
            if closed {
                world.close(&from);
            }
            let by_stream = if told == "401 200" { from.as_str() } else { "" };
            let wanted = (told, if closed { wanted } else { by_stream });
            let rung = rung(&mut world);
            if (answered.as_str(), rung.as_str()) != wanted {
                faults
                    .push(format!("{rule}, stream closed: {closed}: {answered}, rung {rung:?} instead of {wanted:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_trunk_that_comes_later_to_where_a_phone_was_is_not_called_as_a_phone() {
    const THERE: &str = "192.0.2.20:5070";
    let mut world = World::new();
    let from = "tcp:192.0.2.20:40000";
    assert_eq!(registers(&mut world, from, &format!("Contact: <sip:+19005550000@{THERE}>")), "401 200");
    world.close(from);
    let mut other = site();
    other.trunks = vec![trunk("pstn", &[THERE])];
    world.input(Input::Reload(Arc::new(other)));
    assert_eq!(rung(&mut world), "");
}
