//! Two readings of RFC 3261: ours and `rsip`'s agree wherever `rsip` is right; where it is not, its faults are listed, and
//! each row says so when a newer `rsip` has mended it.

use bytes::Bytes;
use cordboard::sip::{Contacts, Message, NameAddr, Text, parse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rsip::headers::{ToTypedHeader, UntypedHeader, untyped};
use rsip::message::{HasHeaders, HeadersExt};
use std::collections::BTreeMap;

/// What a message says, in words: the same words for both readers.
type Facts = BTreeMap<&'static str, String>;

fn ours(bytes: &[u8]) -> Result<Facts, String> {
    let message = parse(Bytes::copy_from_slice(bytes)).map_err(|fault| fault.to_string())?;
    let headers = message.headers();
    let mut facts = Facts::new();
    match &message {
        Message::Request(request) => {
            facts.insert("method", request.method.to_string());
            facts.insert("uri", request.uri.to_string());
        }
        Message::Response(response) => {
            facts.insert("status", response.status.code().to_string());
        }
    }
    let party = |address: NameAddr| {
        let tag = address.tag().map(|tag| format!(" tag {tag}")).unwrap_or_default();
        format!("{:?} {}{tag}", address.display.as_ref().map(Text::to_string).unwrap_or_default(), address.uri)
    };
    facts.insert("from", party(headers.from().map_err(|fault| fault.to_string())?));
    facts.insert("to", party(headers.to().map_err(|fault| fault.to_string())?));
    if let Contacts::List(contacts) = headers.contacts().map_err(|fault| fault.to_string())? {
        let contacts: Vec<String> = contacts.into_iter().map(party).collect();
        facts.insert("contacts", contacts.join(" | "));
    }
    let via = headers.via().map_err(|fault| fault.to_string())?;
    facts.insert("via", format!("{} {}", via.transport, via.sent_by()));
    facts.insert("branch", via.branch().map(|branch| branch.to_string()).unwrap_or_default());
    facts.insert("call-id", headers.call_id().map(Text::to_string).unwrap_or_default());
    facts.insert("cseq", headers.cseq().map_err(|fault| fault.to_string())?.to_string());
    facts.insert("body", String::from_utf8_lossy(message.body()).into_owned());
    Ok(facts)
}

fn theirs(bytes: &[u8]) -> Result<Facts, String> {
    let message = rsip::SipMessage::try_from(bytes).map_err(|fault| fault.to_string())?;
    let mut facts = Facts::new();
    match &message {
        rsip::SipMessage::Request(request) => {
            facts.insert("method", request.method.to_string());
            facts.insert("uri", request.uri.to_string());
        }
        rsip::SipMessage::Response(response) => {
            facts.insert("status", response.status_code.code().to_string());
        }
    }
    let party = |value: &str| -> Result<String, String> {
        let read = untyped::Contact::new(value.to_owned()).typed().map_err(|fault| fault.to_string())?;
        // It leaves the quotes on, by design.
        let display = read.display_name.clone().unwrap_or_default().trim_matches('"').to_owned();
        let tag = read.params.iter().find_map(|param| match param {
            rsip::Param::Tag(tag) => Some(format!(" tag {tag}")),
            _ => None,
        });
        Ok(format!("{display:?} {}{}", read.uri, tag.unwrap_or_default()))
    };
    facts.insert("from", party(message.from_header().map_err(|fault| fault.to_string())?.value())?);
    facts.insert("to", party(message.to_header().map_err(|fault| fault.to_string())?.value())?);
    let mut contacts = Vec::new();
    for header in message.headers().iter() {
        if let rsip::Header::Contact(contact) = header {
            contacts.push(party(contact.value())?);
        }
    }
    facts.insert("contacts", contacts.join(" | "));
    let via = message.via_header().map_err(|fault| fault.to_string())?.clone().typed().map_err(|f| f.to_string())?;
    facts.insert("via", format!("{} {}", via.transport, via.uri.host_with_port));
    facts.insert("branch", via.branch().map(ToString::to_string).unwrap_or_default());
    let call_id = message.call_id_header().map_err(|fault| fault.to_string())?;
    facts.insert("call-id", call_id.value().to_owned());
    let cseq = message.cseq_header().map_err(|fault| fault.to_string())?.clone().typed().map_err(|f| f.to_string())?;
    facts.insert("cseq", format!("{} {}", cseq.seq, cseq.method));
    facts.insert("body", String::from_utf8_lossy(message.body()).into_owned());
    Ok(facts)
}

/// A message that both read the same, with one line taken from it and others put there.
fn with(line: &str, instead: &str) -> String {
    let plain = "INVITE sip:bob@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP pc33.example.com:5061;branch=z9hG4bK776\r\n\
        From: \"Alice\" <sip:alice@example.com>;tag=88s\r\n\
        To: <sip:bob@example.com>\r\n\
        Contact: <sip:alice@pc33.example.com>\r\n\
        Call-ID: a84b4c76e66710\r\n\
        CSeq: 314159 INVITE\r\n\
        Content-Type: text/plain\r\n\
        Content-Length: 2\r\n\
        \r\n\
        hi";
    let found = plain.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("no line {line}"));
    plain.replacen(found, instead, 1)
}

/// What is written there, where in the plain message, and what is meant by it.
struct Row {
    what: &'static str,
    line: &'static str,
    instead: &'static str,
    fact: &'static str,
    meant: &'static str,
}

const fn row(
    what: &'static str,
    line: &'static str,
    instead: &'static str,
    fact: &'static str,
    meant: &'static str,
) -> Row {
    Row { what, line, instead, fact, meant }
}

/// Odd and valid, and read the same by both.
const AGREED: &[Row] = &[
    row("no room behind the colon (section 7.3.1)", "CSeq", "CSeq:314159 INVITE", "cseq", "314159 INVITE"),
    row("much room behind the colon", "Call-ID", "Call-ID:   a84b4c76e66710", "call-id", "a84b4c76e66710"),
    row(
        "a comma in quotes",
        "From",
        "From: \"Doe, Alice\" <sip:alice@example.com>;tag=88s",
        "from",
        "\"Doe, Alice\" sip:alice@example.com tag 88s",
    ),
    row(
        "a name right before the bracket (RFC 4475 section 3.1.1.6)",
        "From",
        "From: Alice<sip:alice@example.com>;tag=88s",
        "from",
        "\"Alice\" sip:alice@example.com tag 88s",
    ),
    row(
        "a semicolon in the user part (RFC 4475 section 3.1.1.9)",
        "To",
        "To: <sip:bob;x=y@example.com>",
        "to",
        "\"\" sip:bob;x=y@example.com",
    ),
    row("a question mark in the user part", "To", "To: <sip:bob?x@example.com>", "to", "\"\" sip:bob?x@example.com"),
    row(
        "headers in a URI (section 19.1.1)",
        "Contact",
        "Contact: <sip:a@example.com?Subject=x>",
        "contacts",
        "\"\" sip:a@example.com?Subject=x",
    ),
    row("names in another case (section 7.3.1)", "Call-ID", "CALL-id: a84b4c76e66710", "call-id", "a84b4c76e66710"),
    row("a scheme in capitals (section 19.1.4)", "To", "To: <SIP:bob@example.com>", "to", "\"\" sip:bob@example.com"),
    row(
        "a password (section 19.1.1)",
        "To",
        "To: <sip:bob:secret@example.com>",
        "to",
        "\"\" sip:bob:secret@example.com",
    ),
    row("an empty reason phrase (RFC 4475 section 3.1.1.13)", "INVITE", "SIP/2.0 200 ", "status", "200"),
    row(
        "a header that it does not know, without a value",
        "CSeq",
        "CSeq: 314159 INVITE\r\nX-Empty:",
        "cseq",
        "314159 INVITE",
    ),
    row("numbers with leading zeros", "CSeq", "CSeq: 0000000009 INVITE", "cseq", "9 INVITE"),
    row(
        "CSeq up to 2**32-1 (section 8.1.1.5 allows it in what is read)",
        "CSeq",
        "CSeq: 4294967295 INVITE",
        "cseq",
        "4294967295 INVITE",
    ),
    row("Latin-1 text", "Content-Type", "Subject: caf\u{e9}", "cseq", "314159 INVITE"),
];

/// The faults of rsip 0.4. The built-in phones share them, which is why nothing here is judged by them alone.
const FAULTS: &[Row] = &[
    row(
        "compact names are other headers (RFC 3261 section 7.3.3)",
        "Call-ID",
        "i: a84b4c76e66710",
        "call-id",
        "a84b4c76e66710",
    ),
    row("compact f", "From", "f: <sip:alice@example.com>;tag=88s", "from", "\"\" sip:alice@example.com tag 88s"),
    row(
        "a folded line is the end (section 7.3.1)",
        "From",
        "From:\r\n <sip:alice@example.com>;tag=88s",
        "from",
        "\"\" sip:alice@example.com tag 88s",
    ),
    row("room before the colon (section 7.3.1)", "CSeq", "CSeq : 314159 INVITE", "cseq", "314159 INVITE"),
    row("a tab in CSeq (section 25.1, LWS)", "CSeq", "CSeq: 314159\tINVITE", "cseq", "314159 INVITE"),
    row(
        "IPv6 in a URI (section 25.1, IPv6reference)",
        "INVITE",
        "INVITE sip:bob@[2001:db8::1] SIP/2.0",
        "uri",
        "sip:bob@[2001:db8::1]",
    ),
    row(
        "IPv6 in a Via",
        "Via",
        "Via: SIP/2.0/UDP [2001:db8::1]:5061;branch=z9hG4bK776",
        "via",
        "UDP [2001:db8::1]:5061",
    ),
    row("tel URIs (section 19.1.6)", "To", "To: <tel:+12015550123>", "to", "\"\" tel:+12015550123"),
    row("other schemes", "To", "To: <urn:service:sos>", "to", "\"\" urn:service:sos"),
    row(
        "an unknown method (section 7.1, extension-method)",
        "INVITE",
        "DANCE sip:bob@example.com SIP/2.0",
        "method",
        "DANCE",
    ),
    row(
        "an unknown transport (section 25.1, other-transport)",
        "Via",
        "Via: SIP/2.0/PIGEON pc33.example.com;branch=z9hG4bK776",
        "via",
        "PIGEON pc33.example.com",
    ),
    row(
        "room in a Via (section 25.1, SLASH)",
        "Via",
        "Via: SIP / 2.0 / UDP pc33.example.com;branch=z9hG4bK776",
        "via",
        "UDP pc33.example.com",
    ),
    row(
        "room around a parameter's equals sign (section 25.1, EQUAL)",
        "From",
        "From: <sip:alice@example.com> ; tag = 88s",
        "from",
        "\"\" sip:alice@example.com tag 88s",
    ),
    row(
        "several values a line (section 7.3.1)",
        "Contact",
        "Contact: <sip:a@example.com>, <sip:b@example.com>",
        "contacts",
        "\"\" sip:a@example.com | \"\" sip:b@example.com",
    ),
    row(
        "an angle bracket in quotes",
        "From",
        "From: \"<A>\" <sip:alice@example.com>;tag=88s",
        "from",
        "\"<A>\" sip:alice@example.com tag 88s",
    ),
    row(
        "escaped quotes in a name (section 25.1, quoted-pair)",
        "From",
        "From: \"A \\\"B\\\" C\" <sip:alice@example.com>;tag=88s",
        "from",
        "\"A \\\"B\\\" C\" sip:alice@example.com tag 88s",
    ),
    row(
        "a semicolon in a parameter's quotes",
        "From",
        "From: <sip:alice@example.com>;x=\"a;tag=no\";tag=88s",
        "from",
        "\"\" sip:alice@example.com tag 88s",
    ),
    row("the body beyond Content-Length (section 18.3)", "Content-Length", "Content-Length: 1", "body", "h"),
    row(
        "bare line feeds (RFC 4475 is strict here, phones are not)",
        "CSeq",
        "CSeq: 314159 INVITE\nX: y",
        "cseq",
        "314159 INVITE",
    ),
    row(
        "empty lines before the start line (section 7.5)",
        "INVITE",
        "\r\n\r\nINVITE sip:bob@example.com SIP/2.0",
        "uri",
        "sip:bob@example.com",
    ),
    row("a user part that starts with a semicolon", "To", "To: <sip:;.@example.com>", "to", "\"\" sip:;.@example.com"),
    row("a password after a dot", "To", "To: <sip:0.:a@example.com>", "to", "\"\" sip:0.:a@example.com"),
    row(
        "a user part that looks like a host with a parameter",
        "To",
        "To: <sip:0.;@example.com>",
        "to",
        "\"\" sip:0.;@example.com",
    ),
];

/// What is wrong with our reading of a row, and whether theirs is the same.
fn read(row: &Row) -> (Option<String>, bool) {
    let mut text = with(row.line, row.instead);
    if row.fact == "method" {
        text = text.replace("314159 INVITE", &format!("314159 {}", row.meant));
    }
    let read = ours(text.as_bytes());
    let fault = match &read {
        Ok(facts) if facts.get(row.fact).map(String::as_str) == Some(row.meant) => None,
        Ok(facts) => Some(format!("{}: ours has {} {:?}", row.what, row.fact, facts.get(row.fact))),
        Err(fault) => Some(format!("{}: ours says {fault}", row.what)),
    };
    (fault, theirs(text.as_bytes()) == read)
}

#[test]
fn both_read_what_is_odd_and_valid() {
    for row in AGREED {
        assert_eq!(read(row), (None, true), "{}", row.what);
    }
}

#[test]
fn where_rsip_is_wrong_ours_is_right() {
    for row in FAULTS {
        assert_eq!(read(row), (None, false), "{}: where both agree, the row belongs to the others", row.what);
    }
}

/// Within what rsip can read, as odd as it can be.
fn party() -> BoxedStrategy<String> {
    let display = prop_oneof![Just(String::new()), "[A-Za-z]{1,6} ?", "\"[ !#-;=?-\\[\\]-~]{1,10}\" ?"];
    let user = prop_oneof!["", "[a-z0-9][a-z0-9&=+$,/_!~*'()-]{0,8}@", "[a-z]{1,8}:[a-z]{1,4}@"];
    let host = prop_oneof!["[a-z]{1,8}\\.example", any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string())];
    let params = prop_oneof![Just(""), Just(";lr"), Just(";transport=TCP"), Just(";user=phone;x=y")];
    let tag = prop_oneof![Just(String::new()), "(;x-[a-z]{1,3}(=[a-z0-9]{1,4})?)?;tag=[a-z0-9.-]{1,8}"];
    (display, "(sip|sips)", user, host, proptest::option::of(1u16..), params, tag)
        .prop_map(|(display, scheme, user, host, port, params, tag)| {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("{display}<{scheme}:{user}{host}{port}{params}>{tag}")
        })
        .boxed()
}

// Always the same messages: a fault of rsip's that is still unknown stops nobody's work.
proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_what_rsip_can_read_the_same(
        from in party(), to in party(), contacts in prop::collection::vec(party(), 0..3), uri in party(), answer in any::<bool>(),
        via in ("(UDP|TCP|TLS)", "[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?", "[a-zA-Z0-9.-]{1,9}", any::<bool>()),
        call_id in "[a-zA-Z0-9.!%*_+`'~()<>:\\\\/\\[\\]?{}-]{1,16}(@[a-z0-9.]{1,9})?", cseq in any::<u32>(), body in "[ -~]{0,40}",
        method in "(INVITE|BYE|OPTIONS|REGISTER|UPDATE|REFER|INFO)", case in any::<bool>(), order in Just([0usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let (start, end) = (uri.find('<').unwrap() + 1, uri.find('>').unwrap());
        let first = if answer { "SIP/2.0 486 Busy Here".to_owned() } else { format!("{method} {} SIP/2.0", &uri[start..end]) };
        let (transport, sent_by, branch, rport) = via;
        let rport = if rport { ";rport" } else { "" };
        let contacts: String = contacts.iter().map(|contact| format!("Contact: {contact}\r\n")).collect();
        let groups = [
            format!("Via: SIP/2.0/{transport} {sent_by}{rport};branch=z9hG4bK{branch}\r\n"),
            format!("{}: {from}\r\n", if case { "FROM" } else { "From" }),
            format!("{}:{to}\r\n", if case { "to" } else { "To" }),
            contacts,
            format!("Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"),
        ];
        let lines: String = order.iter().map(|at| groups[*at].as_str()).collect();
        let text = format!("{first}\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len());
        let (ours, theirs) = (ours(text.as_bytes()), theirs(text.as_bytes()));
        prop_assert!(ours.is_ok(), "{:?}: {}", ours, text);
        prop_assert_eq!(&ours, &theirs, "{}", text);
        // And what it writes, we read.
        let written: Vec<u8> = rsip::SipMessage::try_from(text.as_bytes()).unwrap().into();
        prop_assert_eq!(self::ours(&written), ours);
    }
}
