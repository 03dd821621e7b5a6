//! What a registrar must answer (RFC 3261 section 10.3 and its kin), and how a call reaches what is registered.

use super::world::{World, fault_in, request, sdp};

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
