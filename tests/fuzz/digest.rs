//! Any credentials and any challenge: nobody gets in without the password, nobody gets in twice on one answer, and every
//! challenge we understand we can answer.

use bytes::Bytes;
use cordboard::sip::digest::{Challenge, Guard, Verdict, answer};
use cordboard::sip::{Headers, Message, Method, Name, Request, Text, parse};
use cordboard::time::{Duration, Time};

const NOW: Time = Time::from_micros(1_795_363_200_000_000);
const REALM: &str = "cordboard.lab";

/// The first byte says what the rest is: credentials as they are, a right answer with something changed, or a challenge.
pub fn run(data: &[u8]) {
    let Some((what, text)) = data.split_first() else { return };
    match what % 3 {
        0 => credentials(text),
        1 => changed(text),
        _ => challenge(text),
    }
}

fn request(credentials: &[u8]) -> Option<Request> {
    let head = b"REGISTER sip:cordboard.lab SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKfuzz\r\n\
        From: <sip:john@cordboard.lab>;tag=1\r\nTo: <sip:john@cordboard.lab>\r\nCall-ID: fuzz\r\nCSeq: 1 REGISTER\r\n\
        Authorization: ";
    let bytes = [head, credentials, b"\r\n\r\n"].concat();
    match parse(Bytes::from(bytes)) {
        Ok(Message::Request(request)) => Some(request),
        _ => None,
    }
}

fn weigh(guard: &mut Guard, request: &Request) -> Verdict {
    let lookup = |name: &str| (name == "john").then_some("secret");
    guard.check(NOW + Duration::from_secs(1), request, &Name::Authorization, REALM, lookup)
}

/// Without the password there is no way in.
fn credentials(text: &[u8]) {
    let mut guard = Guard::new([7; 32]);
    let _ = guard.challenge(NOW, REALM, false, std::net::Ipv4Addr::LOCALHOST.into());
    if let Some(request) = request(text) {
        let verdict = weigh(&mut guard, &request);
        // A nonce that is not ours makes the right password stale, for instance in RFC 2617's own form.
        assert!(!matches!(verdict, Verdict::Ok(_)), "{verdict:?}");
    }
}

/// A right answer, one stretch of it written over: it is still right or it is not, but it is good for once.
fn changed(text: &[u8]) {
    let mut guard = Guard::new([7; 32]);
    let challenges = guard.challenge(NOW, REALM, false, std::net::Ipv4Addr::LOCALHOST.into());
    let [at, length, patch @ ..] = text else { return };
    let challenge = challenges.get(usize::from(*at) % challenges.len()).and_then(Challenge::read).expect("our own");
    let right = answer(&challenge, "john", "secret", &Method::Register, "sip:cordboard.lab", "c0ffee", 1);
    let mut bytes = right.as_bytes().to_vec();
    let from = usize::from(*at).wrapping_mul(3) % bytes.len();
    let to = (from + usize::from(*length)).min(bytes.len());
    if !patch.is_empty() || *length > 0 {
        bytes.splice(from..to, patch.iter().copied());
    }
    let Some(request) = request(&bytes) else { return };
    let first = weigh(&mut guard, &request);
    if let Verdict::Ok(name) = &first {
        assert_eq!(name, "john");
    }
    let second = weigh(&mut guard, &request);
    assert!(!matches!(second, Verdict::Ok(_)), "the same answer twice: {first:?}, then {second:?}");
}

/// Whatever challenge is understood is answered, and with an answer that can be read.
fn challenge(text: &[u8]) {
    let value =
        Text::from(text.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }).collect::<Vec<u8>>());
    let mut headers = Headers::new();
    headers.push(Name::WwwAuthenticate, value.clone());
    let read = Challenge::read(&value);
    assert_eq!(Challenge::first(&headers).map(|(challenge, _)| challenge), read);
    let Some(challenge) = read else { return };
    let credentials = answer(&challenge, "jo\"hn", "secret", &Method::Invite, "sip:a@b", "c0ffee", 9);
    assert!(!credentials.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n')), "{credentials}");
    let request = request(credentials.as_bytes()).expect("a header of one line");
    let lookup = |name: &str| (name == "jo\"hn").then_some("secret");
    let mut guard = Guard::new([7; 32]);
    let realm = challenge.realm.to_str_lossy().into_owned();
    let verdict = guard.check(NOW, &request, &Name::Authorization, &realm, lookup);
    assert!(!matches!(verdict, Verdict::Ok(_)), "a nonce that was never ours");
}
