//! The torture messages of RFC 4475: each one read for what it is, answered, or ignored.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use cordboard::sip::{Contacts, Message, Name, ParseError, parse};
use cordboard::site::{Number, NumberTo};

use Made::{Answered, Ignored, Read};

/// What must become of a message.
enum Made {
    /// It is read, with these particulars.
    Read(&'static [(&'static str, &'static str)]),
    /// It is answered with this status, for this reason.
    Answered(u16, &'static str),
    /// Nobody is answered.
    Ignored(&'static str),
}

/// In the order of the RFC. Where it leaves a choice, strictness wins: what is refused with 400 cannot be misread later.
const TABLE: &[(&str, &str, Made)] = &[
    (
        "wsinv",
        "3.1.1.1 a short tortuous INVITE",
        Read(&[
            ("method", "INVITE"),
            ("uri", "sip:vivekg@chair-dnrc.example.com;unknownparam"),
            ("to", "<sip:vivekg@chair-dnrc.example.com>"),
            ("to tag", "1918181833n"),
            ("from display", "J Rosenberg \\\""),
            ("from tag", "98asjd8"),
            ("max-forwards", "68"),
            ("cseq", "9 INVITE"),
            (
                "vias",
                "UDP 192.0.2.2 390skdjuw | TCP spindle.example.com z9hG4bK9ikj8 | UDP 192.168.255.111 z9hG4bK30239",
            ),
            ("header Subject", ""),
            ("header NewFangledHeader", "newfangled value continued newfangled value"),
            ("header UnknownHeaderWithUnusualValue", ";;,,;;,;"),
            ("routes", "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"),
            (
                "contacts",
                "\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com>; newparam = newvalue ; secondparam ; q = 0.33",
            ),
            ("body", "150"),
        ]),
    ),
    (
        "intmeth",
        "3.1.1.2 a wide range of valid characters",
        Read(&[
            ("method", "!interesting-Method0123456789_*+`.%indeed'~"),
            ("user", "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"),
            ("to display", "BEL:\x07 NUL:\0 DEL:\x7f"),
            ("from display", "token1~` token2'+_ token3*%!.-"),
            ("from tag", "_token~1'+`*%!-."),
            ("call-id", "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"),
            ("header extensionHeader-!.%*+_`'~", "\u{feff}\u{5927}\u{505c}\u{96fb}"),
            ("max-forwards", "255"),
            ("body", "0"),
        ]),
    ),
    (
        "esc01",
        "3.1.1.3 valid use of the % escaping mechanism",
        Read(&[
            ("uri", "sip:sips%3Auser%40example.com@example.net"),
            ("user", "sips:user@example.com"),
            ("to user", "user"),
            ("from user", "I have spaces"),
            ("contacts", "<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>"),
            ("body", "150"),
        ]),
    ),
    (
        "escnull",
        "3.1.1.4 escaped nulls in URIs",
        Read(&[
            ("to user", "null-\0-null"),
            ("contacts", "<sip:%00@host5.example.com> | <sip:%00%00@host5.example.com>"),
        ]),
    ),
    (
        "esc02",
        "3.1.1.5 a % that escapes nothing",
        Read(&[
            ("method", "RE%47IST%45R"),
            ("to display", "%Z%45"),
            ("vias", "TCP host.example.com z9hG4bK209%fzsnel234"),
            ("contacts", "<sip:alias1@host1.example.com> | <sip:alias3@host3.example.com>"),
            ("header C%6Fntact", "<sip:alias2@host2.example.com>"),
        ]),
    ),
    (
        "lwsdisp",
        "3.1.1.6 no white space between name and <",
        Read(&[("from display", "caller"), ("from", "\"caller\" <sip:caller@example.com>"), ("from tag", "323")]),
    ),
    (
        "longreq",
        "3.1.1.7 long values in header fields",
        Read(&[("via count", "34"), ("cseq", "3882340 INVITE"), ("to tag", ""), ("body", "150")]),
    ),
    (
        "dblreq",
        "3.1.1.8 extra trailing octets in a datagram",
        Read(&[("method", "REGISTER"), ("contacts", "<sip:j.user@host.example.com>"), ("body", "0")]),
    ),
    (
        "semiuri",
        "3.1.1.9 semicolon-separated parameters in the user part",
        Read(&[
            ("user", "user;par=u@example.net"),
            (
                "header Accept",
                "application/sdp, application/pkcs7-mime, multipart/mixed, multipart/signed, message/sip, message/sipfrag",
            ),
        ]),
    ),
    (
        "transports",
        "3.1.1.10 varied and unknown transport types",
        Read(&[(
            "vias",
            "UDP t1.example.com z9hG4bKkdjuw | SCTP t2.example.com z9hG4bKklasjdhf | TLS t3.example.com z9hG4bK2980unddj | UNKNOWN t4.example.com z9hG4bKasd0f3en | TCP t5.example.com z9hG4bK0a9idfnee",
        )]),
    ),
    (
        "mpart01",
        "3.1.1.11 multipart MIME with a binary part",
        Read(&[
            ("content-type", "multipart/mixed 7a9cbec02ceef655"),
            ("body", "553"),
            ("routes", "<sip:127.0.0.1:5080>"),
        ]),
    ),
    (
        "unreason",
        "3.1.1.12 an unusual reason phrase",
        Read(&[
            ("status", "200"),
            (
                "reason",
                "= 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e} \u{434}\u{435}\u{432}\u{44f}\u{43d}\u{43e}\u{441}\u{442}\u{43e} \u{434}\u{435}\u{432}\u{44f}\u{442}\u{44c} - \u{43f}\u{440}\u{43e}\u{441}\u{442}\u{43e}\u{435}",
            ),
        ]),
    ),
    ("noreason", "3.1.1.13 an empty reason phrase", Read(&[("status", "100"), ("reason", ""), ("cseq", "35 INVITE")])),
    ("badinv01", "3.1.2.1 extraneous separators", Answered(400, "Via: a parameter without a proper name")),
    ("clerr", "3.1.2.2 Content-Length larger than the message", Answered(400, "shorter than Content-Length")),
    ("ncl", "3.1.2.3 a negative Content-Length", Answered(400, "Content-Length: no number")),
    ("scalar02", "3.1.2.4 request scalars past their ranges", Answered(400, "CSeq")),
    ("scalarlg", "3.1.2.5 response scalars past their ranges", Ignored("a broken response")),
    ("quotbal", "3.1.2.6 an unterminated quoted string", Answered(400, "To: a quoted name that does not end")),
    ("ltgtruri", "3.1.2.7 <> around the Request-URI", Answered(400, "Request-URI")),
    ("lwsruri", "3.1.2.8 white space in the Request-URI", Answered(400, "Request-URI")),
    ("lwsstart", "3.1.2.9 several spaces in the request line", Answered(400, "spaces in the request line")),
    ("trws", "3.1.2.10 spaces at the end of the request line", Answered(400, "spaces in the request line")),
    ("escruri", "3.1.2.11 escaped headers in the Request-URI", Answered(400, "headers in the Request-URI")),
    (
        "baddate",
        "3.1.2.12 a time zone in Date",
        Read(&[("header Date", "Fri, 01 Jan 2010 16:00:00 EST"), ("body", "150")]),
    ),
    (
        "regbadct",
        "3.1.2.13 a Contact with ? outside <>",
        Answered(400, "Contact: an address that should stand in angle brackets"),
    ),
    ("badaspec", "3.1.2.14 spaces within <>", Answered(400, "To: a byte that must be escaped")),
    ("baddn", "3.1.2.15 a comma in an unquoted name", Answered(400, "From: a name that should be quoted")),
    ("badvers", "3.1.2.16 an unknown protocol version", Answered(505, "only SIP/2.0")),
    ("mismatch01", "3.1.2.17 start line and CSeq disagree", Answered(400, "CSeq: another method")),
    ("mismatch02", "3.1.2.18 so do those of an unknown method", Answered(400, "CSeq: another method")),
    ("bigcode", "3.1.2.19 an overlarge response code", Ignored("a response with a broken status line")),
    // The cookie alone: the transaction layer must not match by it.
    (
        "badbranch",
        "3.2.1 a branch that is only the cookie",
        Read(&[("vias", "UDP 192.0.2.1 z9hG4bK"), ("unique", "no")]),
    ),
    ("insuf", "3.3.1 missing required headers", Answered(400, "From: missing")),
    // From here on the parser has nothing to object: other rooms answer 416, 420, 415, 401, 488...
    (
        "unkscm",
        "3.3.2 an unknown scheme in the Request-URI",
        Read(&[("uri", "nobodyKnowsThisScheme:totallyopaquecontent"), ("sip", "no")]),
    ),
    ("novelsc", "3.3.3 a known scheme of no use here", Read(&[("uri", "soap.beep://192.0.2.103:3002"), ("sip", "no")])),
    (
        "unksm2",
        "3.3.4 unknown schemes in headers",
        Read(&[("to", "<isbn:2983792873>"), ("from", "<http://www.example.com>"), ("contacts", "<name:John_Smith>")]),
    ),
    (
        "bext01",
        "3.3.5 Require and Proxy-Require",
        Read(&[("requires", "nothingSupportsThis | nothingSupportsThisEither")]),
    ),
    ("invut", "3.3.6 an unknown Content-Type", Read(&[("content-type", "application/unknownformat "), ("body", "40")])),
    (
        "regaut01",
        "3.3.7 an unknown authorization scheme",
        Read(&[("header Authorization", "NoOneKnowsThisScheme opaque-data=here")]),
    ),
    ("multi01", "3.3.8 several values in single-value headers", Answered(400, "more than one")),
    ("mcl01", "3.3.9 two Content-Lengths", Answered(400, "Content-Length: no number, or two")),
    (
        "bcast",
        "3.3.10 a 200 with a broadcast Via",
        Read(&[("status", "200"), ("vias", "UDP 192.0.2.198 z9hG4bK1324923 | UDP 255.255.255.255 z9hG4bK1saber23")]),
    ),
    ("zeromf", "3.3.11 Max-Forwards of zero", Read(&[("max-forwards", "0")])),
    // Outside angle brackets it belongs to the header, inside to the URI.
    (
        "cparam01",
        "3.3.12 REGISTER with a Contact parameter",
        Read(&[("contacts", "<sip:+19725552222@gw1.example.net>;unknownparam")]),
    ),
    (
        "cparam02",
        "3.3.13 REGISTER with a URI parameter",
        Read(&[("contacts", "<sip:+19725552222@gw1.example.net;unknownparam>")]),
    ),
    (
        "regescrt",
        "3.3.14 REGISTER with an escaped Route",
        Read(&[("contacts", "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>")]),
    ),
    ("sdp01", "3.3.15 an Accept without SDP", Read(&[("header Accept", "text/nobodyKnowsThis"), ("body", "150")])),
    (
        "inv2543",
        "3.4.1 an INVITE of RFC 2543",
        Read(&[
            ("unique", "no"),
            ("max-forwards", ""),
            ("from tag", ""),
            ("content-type", "application/sdp "),
            ("routes", ""),
        ]),
    ),
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/rfc4475")
}

fn joined<T: ToString>(list: impl IntoIterator<Item = T>) -> String {
    list.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" | ")
}

/// One particular of a message, in words.
fn particular(message: &Message, what: &str) -> String {
    let headers = message.headers();
    let address = |party: &str| if party == "to" { headers.to() } else { headers.from() }.unwrap();
    let text = |text: Option<cordboard::sip::Text>| text.map(|text| text.to_string()).unwrap_or_default();
    match (what, message) {
        ("method", Message::Request(request)) => request.method.to_string(),
        ("uri", Message::Request(request)) => request.uri.to_string(),
        ("user", Message::Request(request)) => request.uri.user().unwrap_or_default(),
        ("sip", Message::Request(request)) => if request.uri.is_sip() { "yes" } else { "no" }.to_owned(),
        ("status", Message::Response(response)) => response.status.code().to_string(),
        ("reason", Message::Response(response)) => response.reason.to_string(),
        ("to" | "from", _) => {
            let mut address = address(what);
            address.params.remove("tag");
            address.to_string()
        }
        ("to tag" | "from tag", _) => text(address(&what[..what.len() - 4]).tag()),
        ("to display" | "from display", _) => text(address(&what[..what.len() - 8]).display),
        ("to user" | "from user", _) => address(&what[..what.len() - 5]).uri.user().unwrap_or_default(),
        ("call-id", _) => text(headers.call_id().cloned()),
        ("cseq", _) => headers.cseq().unwrap().to_string(),
        ("max-forwards", _) => headers.max_forwards().map(|hops| hops.to_string()).unwrap_or_default(),
        ("vias", _) => joined(
            headers
                .vias()
                .unwrap()
                .iter()
                .map(|via| format!("{} {} {}", via.transport, via.sent_by(), text(via.branch()))),
        ),
        ("via count", _) => headers.vias().unwrap().len().to_string(),
        ("unique", _) => if headers.via().unwrap().unique_branch().is_some() { "yes" } else { "no" }.to_owned(),
        ("contacts", _) => match headers.contacts().unwrap() {
            Contacts::Star => "*".to_owned(),
            Contacts::List(list) => joined(list),
        },
        ("routes", _) => joined(headers.routes().unwrap()),
        ("requires", _) => joined(headers.requires()),
        ("content-type", _) => {
            let found = headers.content_type().unwrap().unwrap();
            format!("{} {}", found.value, text(found.params.get("boundary")))
        }
        ("body", _) => message.body().len().to_string(),
        _ => match what.strip_prefix("header ") {
            Some(name) => joined(headers.lines(&Name::from(name))),
            None => panic!("no particular is called {what}"),
        },
    }
}

#[test]
fn each_is_read_answered_or_ignored_as_it_must() {
    let mut faults = Vec::new();
    for (name, title, made) in TABLE {
        let bytes = Bytes::from(fs::read(folder().join(format!("{name}.dat"))).unwrap());
        let got = parse(bytes.clone());
        match (made, &got) {
            (Read(particulars), Ok(message)) => {
                let again = parse(message.to_bytes()).unwrap_or_else(|e| panic!("{name} printed: {e}"));
                for (what, wanted) in *particulars {
                    for (which, message) in [("read", message), ("printed and read", &again)] {
                        let found = particular(message, what);
                        if found != *wanted {
                            faults.push(format!("{name} ({title}) {which}: {what} is {found:?}, not {wanted:?}"));
                        }
                    }
                }
                assert_eq!(message.body(), again.body(), "{name}");
            }
            (Answered(status, why), Err(ParseError::Answerable(broken))) => {
                if broken.status.code() != *status || !broken.why.contains(why) {
                    faults.push(format!("{name} ({title}): {} {}", broken.status.code(), broken.why));
                }
            }
            (Ignored(why), Err(ParseError::Ignore(found))) if why == found => {}
            _ => faults.push(format!("{name} ({title}): {got:?}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_message_of_the_rfc_has_its_row() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".dat").map(str::to_owned))
        .collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(files, rows);
    assert_eq!(rows.len(), 49);
}

#[test]
fn answers_find_their_way_back_and_never_change() {
    let source = "192.0.2.77:5099".parse().unwrap();
    for (name, _, made) in TABLE {
        let bytes = Bytes::from(fs::read(folder().join(format!("{name}.dat"))).unwrap());
        let Answered(status, _) = made else { continue };
        let answer = parse(bytes.clone()).unwrap_err().answer(source).unwrap();
        assert_eq!(parse(bytes.clone()).unwrap_err().answer(source).unwrap(), answer, "{name}");
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert!(text.starts_with(&format!("SIP/2.0 {status} ")), "{name}: {text}");
        assert!(text.ends_with("Content-Length: 0\r\n\r\n"), "{name}: {text}");
        // Whatever could be read of where it came from is there.
        let via = text.lines().find(|line| line.starts_with("Via: ")).unwrap();
        let readable = !matches!(*name, "badinv01" | "badvers");
        assert_eq!(via.contains("received=192.0.2.77"), readable, "{name}: {via}");
        if let Ok(Message::Response(response)) = parse(answer) {
            assert!(response.headers.to().unwrap().tag().is_some(), "{name}");
        }
    }
}

/// What the whole switch answers, when it is the server that the message is meant for and takes any number. In the order
/// of the RFC; a 401 is the registrar's usual question, so that all before it was in order.
const ANSWERS: &[(&str, &str)] = &[
    // Its To has a tag: it says to be in a dialog.
    ("wsinv", "481"),
    ("intmeth", "501"),
    // Its From is an address of the server's domain, which has to be proven.
    ("esc01", "401"),
    ("escnull", "401"),
    ("esc02", "501"),
    ("lwsdisp", "200"),
    ("longreq", "100 200"),
    // One answer: what follows the first message's body is nobody's.
    ("dblreq", "401"),
    ("semiuri", "200"),
    ("transports", "200"),
    // MESSAGE is not for us; that its parts are well-formed is seen above.
    ("mpart01", "405"),
    ("unreason", ""),
    ("noreason", ""),
    ("badinv01", "400"),
    ("clerr", "400"),
    ("ncl", "400"),
    ("scalar02", "400"),
    ("scalarlg", ""),
    ("quotbal", "400"),
    ("ltgtruri", "400"),
    ("lwsruri", "400"),
    ("lwsstart", "400"),
    ("trws", "400"),
    ("escruri", "400"),
    // Nobody here needs the date, so it does no harm.
    ("baddate", "100 200"),
    ("regbadct", "400"),
    ("badaspec", "400"),
    ("baddn", "400"),
    ("badvers", "505"),
    ("mismatch01", "400"),
    ("mismatch02", "400"),
    ("bigcode", ""),
    ("badbranch", "200"),
    ("insuf", "400"),
    ("unkscm", "416"),
    ("novelsc", "416"),
    // An address of record that is none of ours.
    ("unksm2", "404"),
    ("bext01", "420"),
    ("invut", "415"),
    ("regaut01", "401"),
    ("multi01", "400"),
    ("mcl01", "400"),
    ("bcast", ""),
    ("zeromf", "200"),
    ("cparam01", "401"),
    ("cparam02", "401"),
    ("regescrt", "401"),
    ("sdp01", "406"),
    ("inv2543", "100 200"),
];

#[test]
fn the_switch_answers_each_as_the_rfc_asks() {
    let mut faults = Vec::new();
    for ((name, title, _), (same, wanted)) in TABLE.iter().zip(ANSWERS) {
        assert_eq!(name, same);
        let bytes = fs::read(folder().join(format!("{name}.dat"))).unwrap();
        let mut site = super::world::site();
        site.numbers = vec![Number { dialled: String::new(), prefix: true, to: NumberTo::Echo }];
        if let Ok(Message::Request(request)) = parse(Bytes::from(bytes.clone())) {
            site.sip.domain = request.uri.host.to_string();
        }
        let mut world = super::world::World::with(site);
        world.hear("192.0.2.77:5099", &bytes);
        let told = world.told();
        if told != *wanted {
            faults.push(format!("{name} ({title}): {told:?} instead of {wanted:?}"));
        }
    }
    assert_eq!(TABLE.len(), ANSWERS.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
