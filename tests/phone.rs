//! The built-in phone, which reads SIP by `rsip`, against the switch's own reading of it: each must understand the other.

use bytes::{Bytes, BytesMut};
use cordboard::phone::{Phone, PhoneConfig, PhoneOut};
use cordboard::sip::digest::{Guard, Verdict};
use cordboard::sip::{Message, Name, Request, Response, Status, parse};
use cordboard::time::{Duration, Time};
use std::net::SocketAddr;

fn sent(phone: &mut Phone) -> Vec<Request> {
    let mut requests = Vec::new();
    while let Some(out) = phone.poll_output() {
        if let PhoneOut::Sip { bytes, .. } = out {
            match parse(Bytes::from(bytes)).expect("the switch reads its phones") {
                Message::Request(request) => requests.push(request),
                Message::Response(_) => {}
            }
        }
    }
    requests
}

fn say(phone: &mut Phone, now: Time, response: &Response) {
    let mut bytes = BytesMut::new();
    response.print(&mut bytes);
    let from: SocketAddr = "127.0.0.1:5060".parse().expect("an address");
    phone.sip(now, from, &bytes);
}

#[test]
fn a_phone_of_ours_proves_itself_to_a_guard_of_ours() {
    let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
    let config =
        PhoneConfig::new("john", address("127.0.0.1:5060"), address("127.0.0.1:5070"), address("127.0.0.1:7070"));
    for (password, welcome) in [("john", true), ("wrong", false)] {
        let mut phone = Phone::new(PhoneConfig { password: Some(password.into()), ..config.clone() });
        let mut guard = Guard::new([7; 32]);
        let mut now = Time::from_micros(1_000_000_000);
        phone.register(now);
        let mut verdicts = Vec::new();
        while let Some(request) = sent(&mut phone).pop() {
            now += Duration::from_millis(20);
            let lookup = |user: &str| (user == "john").then_some("john");
            let verdict = guard.check(now, &request, &Name::Authorization, "cordboard.lab", lookup);
            let known = matches!(&verdict, Verdict::Ok(user) if user == "john");
            let mut response =
                Response::for_request(&request, if known { Status::OK } else { Status::UNAUTHORIZED }).to_tag("r1");
            if known {
                let contact = request.headers.first(&Name::Contact).expect("a Contact").as_str().to_owned();
                response.headers.push(Name::Contact, format!("{contact};expires=60"));
            } else {
                for challenge in guard.challenge(now, "cordboard.lab", false, std::net::Ipv4Addr::LOCALHOST.into()) {
                    response.headers.push(Name::WwwAuthenticate, challenge);
                }
            }
            verdicts.push(verdict);
            say(&mut phone, now, &response);
        }
        assert_eq!(phone.is_registered(), welcome, "{password}: {verdicts:?}");
        assert!(phone.complaints().is_empty(), "{:?}", phone.complaints());
    }
}
