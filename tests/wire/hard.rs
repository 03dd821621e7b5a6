//! Messages as hard as the grammar allows - compact names, folds, odd white space, quotes, escapes, several values a line,
//! IPv6, parameters in any order - read as they were meant, and printed without a change of meaning.

use bytes::Bytes;
use cordboard::sip::{Contacts, Frame, Framer, Message, NameAddr, Text, parse};
use proptest::prelude::*;
use std::fmt::Write as _;

/// White space where it may stand and need not (RFC 3261 section 25.1, SWS and LWS).
fn sws() -> BoxedStrategy<&'static str> {
    prop_oneof![6 => Just(""), 2 => Just(" "), 1 => Just("\t"), 1 => Just("  "), 1 => Just("\r\n "), 1 => Just(" \r\n\t ")]
    .boxed()
}

/// White space where some must stand.
fn lws() -> BoxedStrategy<&'static str> {
    prop_oneof![6 => Just(" "), 1 => Just("\t"), 1 => Just("\r\n "), 1 => Just("  \r\n  ")].boxed()
}

fn token() -> BoxedStrategy<String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,9}".boxed()
}

/// Between quotes: text as it is meant, with what must be escaped in it.
fn quoted() -> BoxedStrategy<String> {
    prop_oneof!["[ -~]{0,14}", "[a-z\"\\\\,;<>@]{1,8}", "[\u{e4}-\u{f6}\u{5927}\u{505c} ]{1,4}"].boxed()
}

fn quote(text: &str, needless: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') || needless && c.is_ascii_alphanumeric() {
            out.push('\\');
        }
        out.push(c);
    }
    out + "\""
}

/// A host and optional port as they are written.
fn host() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,6}[a-z0-9]\\.(example|invalid)",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
    ]
    .boxed()
}

fn host_port() -> BoxedStrategy<String> {
    (host(), proptest::option::of(1u16..))
        .prop_map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        })
        .boxed()
}

/// A URI as it stands in angle brackets.
fn uri() -> BoxedStrategy<String> {
    let user = prop_oneof!["[a-z0-9&=+$,;?/_.!~*'()-]{1,8}", "(%[0-9a-fA-F]{2}){1,3}", "\\+[0-9]{3,9}"];
    let params = prop_oneof![
        Just(String::new()),
        Just(";lr".to_owned()),
        Just(";transport=tcp;lr".to_owned()),
        Just(";user=phone;x=%3b".to_owned()),
        Just(";lr;maddr=192.0.2.1;ttl=16".to_owned()),
    ];
    let headers = prop_oneof![4 => Just(""), 1 => Just("?Subject=a%20b&Replaces=x%40y%3Bto-tag%3D1")];
    prop_oneof![
        6 => ("sips?", proptest::option::of((user, proptest::option::of("[a-z0-9]{0,4}"))), host_port(), params, headers).prop_map(
            |(scheme, user, host, params, headers)| {
                let user = user.map(|(user, password)| match password {
                    Some(password) => format!("{user}:{password}@"),
                    None => format!("{user}@"),
                });
                format!("{scheme}:{}{host}{params}{headers}", user.unwrap_or_default())
            },
        ),
        1 => "tel:\\+[0-9][0-9.()-]{1,9}(;phone-context=\\+49)?",
        1 => "(urn|http|x-y\\.z):[!-;=?-~]{1,9}".prop_filter("fit for brackets", |uri| !uri.contains('"')),
    ]
    .boxed()
}

/// Parameters as they are written, and as they are meant.
#[derive(Clone, Debug)]
struct Params {
    text: String,
    meant: Vec<(String, String)>,
}

fn params(must: Vec<(&'static str, String)>) -> BoxedStrategy<Params> {
    let value = prop_oneof![
        Just(None),
        token().prop_map(|value| Some((value.clone(), value))),
        (quoted(), any::<bool>()).prop_map(|(text, needless)| Some((quote(&text, needless), text))),
        host().prop_map(|host| Some((host.clone(), host))),
    ];
    let extra = prop::collection::vec(("x-[a-z]{1,3}", value), 0..3);
    (extra, prop::collection::vec((sws(), sws(), sws(), sws()), 8), any::<prop::sample::Index>())
        .prop_map(move |(extra, spaces, at)| {
            let mut all: Vec<(String, Option<(String, String)>)> = Vec::new();
            for (name, value) in extra {
                if all.iter().all(|(known, _)| *known != name) {
                    all.push((name, value));
                }
            }
            for (name, value) in &must {
                let at = at.index(all.len() + 1);
                all.insert(at, ((*name).to_owned(), Some((value.clone(), value.clone()))));
            }
            let mut written = Params { text: String::new(), meant: Vec::new() };
            for ((name, value), (a, b, c, d)) in all.into_iter().zip(spaces) {
                let _ = write!(written.text, "{a};{b}{name}");
                if let Some((text, _)) = &value {
                    let _ = write!(written.text, "{c}={d}{text}");
                }
                written.meant.push((name, value.map(|(_, meant)| meant).unwrap_or_default()));
            }
            written
        })
        .boxed()
}

/// From, To or a Contact: as it is written, and as it is meant.
#[derive(Clone, Debug)]
struct Party {
    text: String,
    display: Option<String>,
    uri: String,
    params: Vec<(String, String)>,
}

fn party(must: Vec<(&'static str, String)>) -> BoxedStrategy<Party> {
    let display = prop_oneof![
        Just(None),
        prop::collection::vec(token(), 1..3).prop_map(|words| Some((words.join(" "), words.join(" ")))),
        (quoted(), any::<bool>()).prop_map(|(text, needless)| Some((quote(&text, needless), text))),
    ];
    (display, uri(), params(must), sws(), any::<bool>())
        .prop_map(|(display, uri, params, space, bare)| {
            // Without a name, and with nothing in the URI that would be taken for the header's, brackets may be left out.
            let bare = bare && display.is_none() && !uri.contains([';', '?', ',']);
            let text = match &display {
                _ if bare => format!("{uri}{}", params.text),
                // A token needs no space before the bracket, and tokens may end in one.
                Some((name, _)) => format!("{name}{space}<{uri}>{}", params.text),
                None => format!("<{uri}>{}", params.text),
            };
            let display = display.map(|(_, meant)| meant).filter(|name| !name.is_empty());
            Party { text, display, uri, params: params.meant }
        })
        .boxed()
}

#[derive(Clone, Debug)]
struct Hop {
    text: String,
    sent_by: String,
    params: Vec<(String, String)>,
}

fn hop() -> BoxedStrategy<Hop> {
    let must = "[a-z0-9.-]{1,9}".prop_flat_map(|branch| params(vec![("branch", format!("z9hG4bK{branch}"))]));
    (host(), proptest::option::of(1u16..), must, (sws(), sws(), sws(), sws()), lws(), (sws(), sws()))
        .prop_map(|(host, port, params, (a, b, c, d), space, (e, f))| {
            let port_text = port.map(|port| format!("{e}:{f}{port}")).unwrap_or_default();
            let sent_by = port.map_or(host.clone(), |port| format!("{host}:{port}"));
            let text = format!("SIP{a}/{b}2.0{c}/{d}UDP{space}{host}{port_text}{}", params.text);
            Hop { text, sent_by, params: params.meant }
        })
        .boxed()
}

/// One header line: a name in any case, long or compact, and its colon with room around it.
fn line(long: &'static str, short: Option<&'static str>) -> BoxedStrategy<String> {
    (0..4, prop_oneof![Just(""), Just(" "), Just("\t")], sws())
        .prop_map(move |(form, before, after)| {
            let name = match (form, short) {
                (0, Some(short)) => short.to_owned(),
                (1, Some(short)) => short.to_uppercase(),
                (2, _) => long.to_lowercase(),
                _ => long.to_owned(),
            };
            format!("{name}{before}:{after}")
        })
        .boxed()
}

#[derive(Clone, Debug)]
struct Hard {
    bytes: Vec<u8>,
    method: String,
    uri: String,
    vias: Vec<Hop>,
    from: Party,
    to: Party,
    contacts: Vec<Party>,
    call_id: String,
    cseq: u32,
    body: Vec<u8>,
}

/// Values that share lines with commas, or have lines of their own.
fn lines(heads: &[String], values: Vec<&str>, joints: &[(bool, &str, &str)]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, value) in values.into_iter().enumerate() {
        let (own, a, b) = joints[at % joints.len()];
        match found.last_mut() {
            Some(last) if !own => {
                let _ = write!(last, "{a},{b}{value}");
            }
            _ => found.push(format!("{}{value}", heads[at % heads.len()])),
        }
    }
    found
}

prop_compose! {
    fn hard()(
        method in prop_oneof![Just("INVITE".to_owned()), Just("REGISTER".to_owned()), "[A-Z][A-Za-z0-9.!*-]{0,8}"],
        uri in uri().prop_filter("a Request-URI has no headers", |uri| !uri.contains('?')),
        vias in prop::collection::vec(hop(), 1..4),
        from in "[a-z0-9]{1,8}".prop_flat_map(|tag| party(vec![("tag", tag)])),
        to in party(vec![]),
        contacts in prop::collection::vec(party(vec![]), 0..4),
        call_id in "[a-zA-Z0-9.!%*_+`'~()<>:\\\\/\\[\\]?{}-]{1,16}(@[a-z0-9.]{1,9})?",
        cseq in any::<u32>(),
        body in any::<Vec<u8>>(),
        heads in (
            prop::collection::vec(line("Via", Some("v")), 3), line("From", Some("f")), line("To", Some("t")),
            prop::collection::vec(line("Contact", Some("m")), 3), line("Call-ID", Some("i")), line("CSeq", None),
            line("Content-Length", Some("l")), line("X-Odd", None),
        ),
        joints in prop::collection::vec((any::<bool>(), sws(), sws()), 4),
        seq_space in lws(),
        odd in "\\PC{0,12}",
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
        ends in prop_oneof![3 => Just("\r\n"), 1 => Just("\n")],
    ) -> Hard {
        let mut groups = vec![
            lines(&heads.0, vias.iter().map(|via| via.text.as_str()).collect(), &joints),
            vec![format!("{}{}", heads.1, from.text)],
            vec![format!("{}{}", heads.2, to.text)],
            lines(&heads.3, contacts.iter().map(|contact| contact.text.as_str()).collect(), &joints),
            vec![format!("{}{call_id}", heads.4)],
            vec![format!("{}{cseq}{seq_space}{method}", heads.5), format!("{}{odd}", heads.7)],
        ];
        let mut text = format!("{method} {uri} SIP/2.0\r\n");
        for at in order {
            for line in std::mem::take(&mut groups[at]) {
                text.push_str(&line);
                text.push_str("\r\n");
            }
        }
        let _ = write!(text, "{}{}\r\n\r\n", heads.6, body.len());
        // A person at a keyboard ends lines by a bare line feed.
        let mut bytes = text.replace("\r\n", ends).into_bytes();
        bytes.extend_from_slice(&body);
        Hard { bytes, method, uri, vias, from, to, contacts, call_id, cseq, body }
    }
}

fn same_party(read: &NameAddr, meant: &Party) -> Result<(), TestCaseError> {
    prop_assert_eq!(read.display.as_ref().map(Text::to_string), meant.display.clone());
    prop_assert_eq!(read.uri.to_string(), meant.uri.clone());
    for (name, value) in &meant.params {
        prop_assert_eq!(read.params.get(name).map(|text| text.to_string()), Some(value.clone()), "{}", name);
    }
    prop_assert_eq!(read.params.iter().count(), meant.params.len());
    Ok(())
}

fn same_message(read: &Message, meant: &Hard) -> Result<(), TestCaseError> {
    let Message::Request(request) = read else { return Err(TestCaseError::fail("a request")) };
    let headers = &request.headers;
    prop_assert_eq!(request.method.to_string(), meant.method.clone());
    prop_assert_eq!(request.uri.to_string(), meant.uri.clone());
    same_party(&headers.from().unwrap(), &meant.from)?;
    same_party(&headers.to().unwrap(), &meant.to)?;
    let Contacts::List(contacts) = headers.contacts().unwrap() else { return Err(TestCaseError::fail("a list")) };
    prop_assert_eq!(contacts.len(), meant.contacts.len());
    for (read, meant) in contacts.iter().zip(&meant.contacts) {
        same_party(read, meant)?;
    }
    let vias = headers.vias().unwrap();
    prop_assert_eq!(vias.len(), meant.vias.len());
    for (read, meant) in vias.iter().zip(&meant.vias) {
        prop_assert_eq!((read.sent_by(), read.transport.to_string()), (meant.sent_by.clone(), "UDP".to_owned()));
        for (name, value) in &meant.params {
            prop_assert_eq!(read.params.get(name).map(|text| text.to_string()), Some(value.clone()), "{}", name);
        }
    }
    prop_assert_eq!(headers.call_id().unwrap().to_string(), meant.call_id.clone());
    prop_assert_eq!(headers.cseq().unwrap().number, meant.cseq);
    prop_assert_eq!(&request.body[..], &meant.body[..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_hardest_valid_message_is_read_as_it_is_meant(hard in hard()) {
        let bytes = Bytes::from(hard.bytes.clone());
        let message = match parse(bytes.clone()) {
            Ok(message) => message,
            Err(error) => return Err(TestCaseError::fail(format!("{error}: {}", bytes.escape_ascii()))),
        };
        same_message(&message, &hard)?;
        let printed = message.to_bytes();
        let again = parse(printed.clone()).unwrap();
        same_message(&again, &hard)?;
        prop_assert_eq!(again.to_bytes(), printed);
        // On a stream it ends where it ends.
        let mut framer = Framer::new();
        framer.push(&bytes);
        prop_assert_eq!(framer.next().unwrap().unwrap(), Frame::Message(bytes));
        prop_assert!(framer.next().is_none() && !framer.is_waiting());
    }
}
