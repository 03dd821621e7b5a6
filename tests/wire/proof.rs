//! Writing and reading proven on made-up messages: what our own printer writes, and what becomes of it on a bad day.

use bytes::Bytes;
use cordboard::sip::{Frame, Framer, Message, Method, Name, NameAddr, Request, Text, Uri, Via, parse};
use proptest::prelude::*;

/// A user part in any characters at all.
fn user() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "[+*#0-9]{1,12}", "[ -~]{1,10}", "\\PC{1,6}"]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("cordboard.lab".to_owned()),
        "[a-z]{1,8}\\.[a-z]{2,3}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
    ]
}

fn uri() -> impl Strategy<Value = Uri> {
    (user(), host(), any::<Option<u16>>(), proptest::option::of("[a-z]{1,5}")).prop_map(
        |(user, host, port, transport)| {
            let mut uri = Uri::sip(&user, host.as_str(), port);
            if let Some(transport) = transport {
                uri.params.set("transport", &transport);
                uri.params.set_flag("lr");
            }
            uri
        },
    )
}

fn address() -> impl Strategy<Value = NameAddr> {
    let display = proptest::option::of(prop_oneof!["[a-zA-Z ]{1,10}", "[ -~]{1,12}", "\\PC{1,8}"]);
    (display, uri(), proptest::option::of("[a-z0-9]{1,8}")).prop_map(|(display, uri, tag)| {
        let address = NameAddr::new(display.as_deref(), uri);
        match tag {
            Some(tag) => address.with_tag(&tag),
            None => address,
        }
    })
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Invite),
        Just(Method::Register),
        Just(Method::Update),
        "[A-Z][A-Z0-9.!*-]{0,8}".prop_map(|name| Method::read(&Text::from(name))),
    ]
}

prop_compose! {
    fn request()(
        method in method(), uri in uri(), from in address(), to in address(), contacts in prop::collection::vec(address(), 0..3),
        via_host in host(), cseq in any::<u32>(), subject in "\\PC{0,20}", extra in "X-[a-z]{1,8}", body in any::<Vec<u8>>(),
    ) -> Request {
        let mut request = Request::new(method.clone(), uri);
        request.headers.push(Name::Via, Via::new("UDP", via_host.as_str(), Some(5060), "z9hG4bKproof"));
        request.headers.push(Name::From, &from);
        request.headers.push(Name::To, &to);
        request.headers.push(Name::CallId, "proof@example.com");
        request.headers.push(Name::CSeq, format!("{cseq} {method}"));
        if !contacts.is_empty() {
            let list: Vec<_> = contacts.iter().map(NameAddr::to_string).collect();
            request.headers.push(Name::Contact, list.join(", "));
        }
        request.headers.push(Name::Subject, subject.trim());
        request.headers.push(extra.as_str(), "a, b; c");
        if !body.is_empty() {
            request.set_body("application/octet-stream", body.into());
        }
        request
    }
}

fn lines(message: &Message) -> Vec<String> {
    message.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(request in request(), cut in 1usize..2000) {
        let bytes = request.to_bytes();
        let message = parse(bytes.clone()).unwrap();
        let Message::Request(read) = &message else { panic!("a request") };
        prop_assert_eq!(&read.method, &request.method);
        prop_assert_eq!(&read.uri, &request.uri);
        prop_assert_eq!(read.uri.user(), request.uri.user());
        prop_assert_eq!(&read.body, &request.body);
        prop_assert_eq!(lines(&message), lines(&Message::Request(request.clone())));
        prop_assert_eq!(read.headers.from().unwrap(), request.headers.from().unwrap());
        prop_assert_eq!(read.headers.contacts().unwrap(), request.headers.contacts().unwrap());
        prop_assert_eq!(message.to_bytes(), bytes.clone());
        // A stream gives it back wherever it was cut.
        let mut framer = Framer::new();
        let (one, two) = bytes.split_at(cut.min(bytes.len()));
        framer.push(one);
        let early: Vec<_> = framer.by_ref().map(Result::unwrap).collect();
        framer.push(two);
        let frames: Vec<_> = early.into_iter().chain(framer.map(Result::unwrap)).collect();
        prop_assert_eq!(frames, vec![Frame::Message(bytes)]);
    }

    #[test]
    fn no_bytes_upset_the_reader(request in request(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), end in any::<prop::sample::Index>()) {
        let mut bytes = request.to_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        let bytes = Bytes::from(bytes);
        let mut framer = Framer::new();
        framer.push(&bytes);
        let _ = framer.map(|frame| frame.is_ok()).count();
        match parse(bytes) {
            // What was once read can be written and read again, and means the same.
            Ok(message) => {
                let headers = message.headers();
                let _ = (headers.contacts(), headers.routes(), headers.record_routes(), headers.content_type(), headers.expires());
                prop_assert!(headers.via().is_ok() && headers.from().is_ok() && headers.to().is_ok() && headers.cseq().is_ok());
                let again = parse(message.to_bytes()).unwrap();
                prop_assert_eq!(lines(&again), lines(&message));
                prop_assert_eq!(again.body(), message.body());
            }
            Err(error) => {
                let answer = error.answer("[2001:db8::1]:5060".parse().unwrap());
                prop_assert_eq!(answer.is_some(), error.status().is_some());
            }
        }
    }

    #[test]
    fn equal_addresses_are_equal_both_ways(a in uri(), b in uri()) {
        prop_assert_eq!(&a, &a);
        prop_assert_eq!(a == b, b == a);
        prop_assert_eq!(Uri::parse(&a.to_string()).unwrap(), a);
    }
}
