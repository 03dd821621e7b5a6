//! What the headers of a message mean, a row per rule.

use super::*;

fn headers(lines: &[(&str, &str)]) -> Headers {
    lines.iter().copied().collect()
}

#[test]
fn several_values_a_line_and_several_lines_are_one_list() {
    for (name, lines, wanted) in [
        ("Route", vec!["<sip:a;lr>, <sip:b;lr>", "<sip:c,d;lr>"], vec!["<sip:a;lr>", "<sip:b;lr>", "<sip:c,d;lr>"]),
        ("Contact", vec!["\"x, y\" <sip:a>;q=0.7 , sip:b"], vec!["\"x, y\" <sip:a>;q=0.7", "sip:b"]),
        ("Supported", vec!["100rel,timer", "", "replaces"], vec!["100rel", "timer", "replaces"]),
        // A comma in these is part of the value (RFC 3261 section 7.3.1).
        ("Authorization", vec!["Digest a=\"1\", b=2"], vec!["Digest a=\"1\", b=2"]),
        ("Subject", vec!["one, two"], vec!["one, two"]),
        ("Date", vec!["Sun, 22 Nov 2026 16:00:00 GMT"], vec!["Sun, 22 Nov 2026 16:00:00 GMT"]),
        ("X-Unknown", vec!["a, b"], vec!["a, b"]),
    ] {
        let all: Headers = lines.iter().map(|line| (name, *line)).collect();
        let got: Vec<_> = all.all(&name.into()).map(|value| value.to_string()).collect();
        assert_eq!(got, wanted, "{name}");
    }
}

#[test]
fn lines_are_set_added_and_removed_in_place() {
    let mut all = headers(&[("Via", "1"), ("Via", "2"), ("X-A", "a"), ("x-a", "b")]);
    all.push_front(Name::Via, "0");
    all.set("X-A", "c");
    all.set("Expires", "60");
    let got: Vec<_> = all.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(got, ["Via: 0", "Via: 1", "Via: 2", "X-A: c", "Expires: 60"]);
    all.remove(&Name::Via);
    assert_eq!(all.len(), 2);
}

#[test]
fn no_value_adds_a_line_of_its_own() {
    let all = headers(&[("Subject", "hello\r\nVia: evil")]);
    assert_eq!(all.first(&Name::Subject).unwrap(), "hello  Via: evil");
}

#[test]
fn the_source_is_noted_as_the_rfcs_ask() {
    for (via, source, wanted) in [
        // RFC 3261 section 18.2.1: sent-by differs from the source.
        (
            "SIP/2.0/UDP pc.example.com;branch=z9hG4bK1",
            "192.0.2.1:9",
            "SIP/2.0/UDP pc.example.com;branch=z9hG4bK1;received=192.0.2.1",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
            "192.0.2.1:9",
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.1",
        ),
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1:9", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
        // RFC 3581 section 4: rport asks for both.
        (
            "SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1",
            "192.0.2.1:9",
            "SIP/2.0/UDP 192.0.2.1;rport=9;branch=z9hG4bK1;received=192.0.2.1",
        ),
        ("SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1", "[2001:db8::1]:9", "SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1"),
        ("SIP/2.0/UDP a;branch=z9hG4bK1", "[2001:db8::1]:9", "SIP/2.0/UDP a;branch=z9hG4bK1;received=2001:db8::1"),
        // What the sender says about itself is not believed.
        (
            "SIP/2.0/UDP 192.0.2.1;received=10.9.9.9;branch=z9hG4bK1",
            "192.0.2.1:9",
            "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        ),
        // Only the topmost is ours to write.
        (
            "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;rport",
            "192.0.2.1:9",
            "SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/UDP b;rport",
        ),
    ] {
        let mut all = headers(&[("Via", via), ("Via", "SIP/2.0/UDP z")]);
        all.stamp(source.parse().unwrap()).unwrap();
        assert_eq!(all.first(&Name::Via).unwrap(), wanted);
        assert_eq!(all.vias().unwrap().last().unwrap().sent_by(), "z");
    }
    // What is no UTF-8 goes back as it came, or its sender does not know its transaction again.
    let via = Text::from(b"SIP/2.0/UDP a;branch=z9hG4bK\xf6".to_vec());
    let mut all: Headers = [(Name::Via, via)].into_iter().collect();
    all.stamp("192.0.2.1:9".parse().unwrap()).unwrap();
    assert_eq!(all.first(&Name::Via).unwrap().as_bytes(), b"SIP/2.0/UDP a;branch=z9hG4bK\xf6;received=192.0.2.1");
}

#[test]
fn numbers_have_their_bounds_and_defaults() {
    for (value, hops) in [
        ("70", Some(70)),
        ("0068", Some(68)),
        ("0", Some(0)),
        ("255", Some(255)),
        ("256", None),
        ("-1", None),
        ("x", None),
    ] {
        assert_eq!(headers(&[("Max-Forwards", value)]).max_forwards(), hops, "{value}");
    }
    // RFC 3261 section 20.19; RFC 4475 section 3.1.2.4 for what is past 32 bits.
    for (value, expires) in
        [("0", 0), ("3599", 3599), ("4294967295", u32::MAX), ("4294967296", 3600), ("soon", 3600), ("", 3600)]
    {
        assert_eq!(headers(&[("Expires", value)]).expires(), Some(expires), "{value}");
    }
    assert_eq!(headers(&[]).expires(), None);
}

#[test]
fn what_the_peer_can_do_is_read_from_lists() {
    let all =
        headers(&[("Allow", "INVITE, ACK,BYE"), ("Allow", "UPDATE"), ("k", "timer , replaces"), ("Require", "100rel")]);
    for (method, allowed) in
        [(Method::Invite, true), (Method::Update, true), (Method::Info, false), (Method::Other("invite".into()), false)]
    {
        assert_eq!(all.allows(&method), allowed, "{method}");
    }
    for (option, supported) in [("timer", true), ("Replaces", true), ("100rel", true), ("path", false)] {
        assert_eq!(all.supports(option), supported, "{option}");
    }
    assert_eq!(all.requires(), ["100rel"]);
}

#[test]
fn contacts_are_a_star_or_a_list() {
    assert_eq!(headers(&[("m", "*")]).contacts().unwrap(), Contacts::Star);
    assert_eq!(headers(&[]).contacts().unwrap(), Contacts::List(vec![]));
    let all = headers(&[("m", "<sip:a@b>;expires=60, sip:c@d;expires=99999999999"), ("Contact", "sip:e@f")]);
    let Contacts::List(list) = all.contacts().unwrap() else { panic!("a list") };
    let expires: Vec<_> = list.iter().map(NameAddr::expires).collect();
    assert_eq!(expires, [Some(60), Some(3600), None]);
}

#[test]
fn a_tag_is_added_to_what_has_none() {
    for (to, wanted) in [
        ("<sip:a@b>", "<sip:a@b>;tag=9"),
        ("sip:a@b", "sip:a@b;tag=9"),
        ("sip:a@b;tag=1", "sip:a@b;tag=1"),
        ("A  <sip:a@b;tag=no>", "A  <sip:a@b;tag=no>;tag=9"),
    ] {
        let mut all = headers(&[("To", to)]);
        all.tag_to("9");
        assert_eq!(all.first(&Name::To).unwrap(), wanted);
    }
}
