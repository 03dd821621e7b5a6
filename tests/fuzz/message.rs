//! Any datagram at the door: what is read can be printed and means the same, what is refused is answered the same each time.

use bytes::Bytes;
use cordboard::limits::MESSAGE_BYTES;
use cordboard::sip::digest::Challenge;
use cordboard::sip::{Contacts, Headers, Message, Name, NameAddr, Request, Response, Status, Text, parse};
use std::net::SocketAddr;

pub fn run(data: &[u8]) {
    let source: SocketAddr = "[2001:db8::77]:5099".parse().expect("an address");
    let bytes = Bytes::copy_from_slice(data);
    match parse(bytes.clone()) {
        Ok(message) => {
            look_at(message.headers());
            prints_the_same(&message);
            if let Message::Request(request) = &message {
                is_answered(request, source);
            }
        }
        Err(error) => {
            let answer = error.answer(source);
            assert_eq!(answer.is_some(), error.status().is_some());
            if let Some(answer) = answer {
                assert_eq!(parse(bytes).expect_err("refused before").answer(source).as_ref(), Some(&answer));
                stays_one_message(&answer);
                // What goes back is what came, and a little: nobody is flooded through us.
                assert!(answer.len() <= data.len() + 512, "{} bytes answer {}", answer.len(), data.len());
            }
        }
    }
}

/// Everything a header can be asked for is an answer, never a panic; what is understood is printed as it was meant.
fn look_at(headers: &Headers) {
    assert!(headers.via().is_ok() && headers.cseq().is_ok() && headers.call_id().is_some(), "checked by the reader");
    let mut addresses: Vec<NameAddr> = [headers.from(), headers.to()].map(|read| read.expect("checked")).into();
    addresses.extend(headers.routes().unwrap_or_default());
    addresses.extend(headers.record_routes().unwrap_or_default());
    if let Ok(Contacts::List(contacts)) = headers.contacts() {
        addresses.extend(contacts);
    }
    for address in addresses {
        let printed = Text::from(&address);
        let again = NameAddr::read(&printed, "again").expect("what was printed is read");
        assert_eq!(Text::from(&again), printed);
        // A line end within a name cannot be written, and becomes a space.
        let name = address.display.as_ref().map(|name| name.as_bytes().iter().map(|b| spaced(*b)).collect::<Vec<u8>>());
        assert_eq!(again.display, name.map(Text::from));
        assert_eq!((again.tag(), again.expires()), (address.tag(), address.expires()));
        let _ = (again.uri.user(), again.uri.transport(), again.uri.header_pairs(), again.uri.without_headers());
    }
    let _ = (headers.vias(), headers.max_forwards(), headers.expires(), headers.requires(), headers.content_type());
    let _ = (headers.supports("100rel"), headers.content_is("application/sdp"), Challenge::first(headers));
    for (name, _) in headers.iter() {
        let _ = (headers.valued(name, "any"), headers.addresses(name, "any"), headers.all(name).count());
    }
}

fn spaced(byte: u8) -> u8 {
    if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }
}

fn prints_the_same(message: &Message) {
    let printed = message.to_bytes();
    if printed.len() > MESSAGE_BYTES {
        return;
    }
    let again = parse(printed.clone()).expect("what was printed is read");
    assert_eq!(again.headers(), message.headers());
    assert_eq!(again.body(), message.body());
    assert_eq!(again.to_bytes(), printed);
}

/// The answer of RFC 3261 section 8.2.6 finds its way back and is a message of its own.
fn is_answered(request: &Request, source: SocketAddr) {
    let mut request = request.clone();
    let (via, from, to) = (request.headers.via(), request.headers.from(), request.headers.to());
    request.headers.stamp(source).expect("a Via that was read");
    let stamped = request.headers.via().expect("a Via that was printed");
    let via = via.expect("read before");
    assert_eq!((stamped.branch(), stamped.sent_by()), (via.branch(), via.sent_by()));
    assert_eq!(stamped.received(), Some(source.ip()));
    let answer = Response::for_request(&request, Status::BUSY_HERE).to_tag("ours");
    assert!(answer.headers.to().expect("as it was read").tag().is_some());
    let bytes = answer.to_bytes();
    stays_one_message(&bytes);
    if bytes.len() <= MESSAGE_BYTES {
        let read = parse(bytes).expect("our answer is read");
        assert_eq!(read.headers().from(), from);
        assert_eq!(read.headers().to().map(|to| to.uri.to_string()), to.map(|to| to.uri.to_string()));
        assert_eq!(read.headers().lines(&Name::Via).count(), request.headers.lines(&Name::Via).count());
    }
}

/// Nothing that came in ends the head early: no header and no body is smuggled into what goes out.
fn stays_one_message(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    assert_eq!(end + 4, bytes.len(), "an answer without a body ends with its head");
}
