//! A second chance for phones from addresses never seen, while very many others begin something: a challenge that costs no
//! state (RFC 3261 section 8.2.7). Whoever answers it is where he says that he is, and no flood of forged addresses is.

use super::door::Door;
use super::inbox::{Late, come_later};
use crate::sip::{Link, Method, Name, Request, Response, Status, Transport};
use crate::time::Time;
use bytes::Bytes;

/// What becomes of a request that there was no room for.
pub(super) enum Turn {
    /// It comes in after all.
    In,
    /// This is all the answer that it gets.
    Away(Bytes),
}

impl Door {
    /// There was no room for this request among those of all strangers.
    pub fn turn(&self, now: Time, from: Link, request: &Request) -> Turn {
        let ip = from.remote.ip();
        // Guests cannot answer a challenge, and agents call from where they are registered.
        let (false, Some(keeper)) = (request.method != Method::Register, self.keeper()) else {
            return Turn::Away(come_later(request, from.remote, Late::TooMany));
        };
        // Nobody opens a stream from where he is not.
        let there = from.transport == Transport::Tcp || keeper.is_answered(now, request, ip);
        if !there {
            let mut response = Response::for_request(request, Status::UNAUTHORIZED)
                // The same for every retransmission.
                .to_tag("there")
                .with_header(Name::WwwAuthenticate, keeper.challenge(now, request, ip));
            // A Via that cannot be stamped goes back as it came.
            let _as_it_came = response.headers.stamp(from.remote);
            return Turn::Away(response.to_bytes());
        }
        match self.begin_there(now, ip) {
            Ok(()) => Turn::In,
            Err(_) => Turn::Away(come_later(request, from.remote, Late::TooMany)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REACHABLE_BEGIN;
    use crate::sip::digest::{Challenge, Guard, answer};
    use crate::sip::{Message, Text, parse};
    use std::net::IpAddr;

    const BEGIN: Time = Time::from_micros(1_795_363_200_000_000);
    const OURS: &str = "192.0.2.1:5060";

    fn link(transport: Transport, from: &str) -> Link {
        Link { transport, local: OURS.parse().unwrap(), remote: format!("{from}:5070").parse().unwrap() }
    }

    fn request(method: &str, authorization: Option<&Text>) -> Request {
        let proof = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let text = format!(
            "{method} sip:cordboard.lab SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport\r\n\
             From: <sip:john@cordboard.lab>;tag=j\r\nTo: <sip:john@cordboard.lab>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
             {proof}Content-Length: 0\r\n\r\n"
        );
        let Ok(Message::Request(request)) = parse(Bytes::from(text)) else { panic!("{method}") };
        request
    }

    fn door() -> Door {
        let door = Door::default();
        door.set_keeper(Guard::new([7; 32]).keeper("cordboard.lab"));
        door
    }

    /// How a request is turned: `in`, or the status of its answer.
    fn turned(door: &Door, from: Link, request: &Request) -> String {
        match door.turn(BEGIN, from, request) {
            Turn::In => "in".to_owned(),
            Turn::Away(bytes) => String::from_utf8_lossy(&bytes).get(8..11).unwrap_or_default().to_owned(),
        }
    }

    /// What answers the challenge that this host gets.
    fn proof(door: &Door, from: Link) -> Text {
        let Turn::Away(bytes) = door.turn(BEGIN, from, &request("REGISTER", None)) else { panic!("no challenge") };
        let Ok(Message::Response(response)) = parse(bytes) else { panic!("no response") };
        assert_eq!(response.headers.via().unwrap().rport(), Some(from.remote.port()));
        let (challenge, _) = Challenge::first(&response.headers).unwrap();
        answer(&challenge, "john", "john", &Method::Register, "sip:cordboard.lab", "c", 1)
    }

    #[test]
    fn who_is_there_gets_in() {
        let door = door();
        let (here, there) = (link(Transport::Udp, "192.0.2.9"), link(Transport::Udp, "192.0.2.10"));
        let mine = proof(&door, here);
        let stranger = Guard::new([8; 32]).keeper("cordboard.lab");
        let foreign = stranger.challenge(BEGIN, &request("REGISTER", None), here.remote.ip());
        let foreign = Challenge::read(&foreign).unwrap();
        let foreign = answer(&foreign, "john", "john", &Method::Register, "sip:cordboard.lab", "c", 1);
        for (rule, method, from, proof, wanted) in [
            ("he has heard nothing yet", "REGISTER", here, None, "401"),
            ("he has heard the challenge", "REGISTER", here, Some(&mine), "in"),
            ("somebody else has", "REGISTER", there, Some(&mine), "401"),
            ("nobody has", "REGISTER", here, Some(&foreign), "401"),
            ("a stream is proof enough", "REGISTER", link(Transport::Tcp, "192.0.2.11"), None, "in"),
            ("a guest could not answer", "INVITE", here, None, "503"),
            ("nor does he need to", "OPTIONS", here, Some(&mine), "503"),
        ] {
            assert_eq!(turned(&door, from, &request(method, proof)), wanted, "{rule}");
        }
        assert_eq!(turned(&Door::default(), here, &request("REGISTER", None)), "503", "before anybody can answer");
    }

    #[test]
    fn what_the_engine_has_challenged_is_answered_as_well() {
        let (door, here) = (door(), link(Transport::Udp, "192.0.2.9"));
        for (host, wanted) in [("192.0.2.9", "in"), ("::ffff:192.0.2.9", "in"), ("192.0.2.10", "401")] {
            let challenges = Guard::new([7; 32]).challenge(BEGIN, "cordboard.lab", false, host.parse().unwrap());
            for challenge in challenges {
                let challenge = Challenge::read(&challenge).unwrap();
                let proof = answer(&challenge, "john", "john", &Method::Register, "sip:cordboard.lab", "c", 1);
                assert_eq!(turned(&door, here, &request("REGISTER", Some(&proof))), wanted, "sent to {host}");
            }
        }
    }

    #[test]
    fn the_engine_takes_the_answer_too() {
        let door = door();
        let here = link(Transport::Udp, "192.0.2.9");
        let mine = proof(&door, here);
        let mut guard = Guard::new([7; 32]);
        let verdict =
            guard.check(BEGIN, &request("REGISTER", Some(&mine)), &Name::Authorization, "cordboard.lab", |_| {
                Some("john")
            });
        assert_eq!(verdict, crate::sip::digest::Verdict::Ok("john".to_owned()));
    }

    #[test]
    fn those_who_are_there_share_a_ration_too() {
        let door = door();
        let from = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let passed = (0..2 * REACHABLE_BEGIN.burst).filter(|n| door.begin_there(BEGIN, from(*n)).is_ok()).count();
        assert_eq!(passed, REACHABLE_BEGIN.burst as usize);
    }
}
