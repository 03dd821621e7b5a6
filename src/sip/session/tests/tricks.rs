//! Addresses in a message that would have the switch talk to itself, to everybody, or to somebody who has not asked.

use crate::ids::Mint;
use crate::sip::{End, Endpoint, Event, Link, Out, SessionId, Settings, Status, Transport, Uri, parse};
use crate::time::{Duration, Time};
use bytes::Bytes;

const OURS: &str = "192.0.2.1:5060";

struct Guest {
    endpoint: Endpoint,
    now: Time,
    from: Link,
    session: Option<SessionId>,
    /// Where each message went, and how it starts.
    sent: Vec<(String, String)>,
}

impl Guest {
    fn at(address: &str) -> Guest {
        let ours = OURS.parse().unwrap();
        let settings = Settings { locals: vec![ours], ..Settings::default() };
        Guest {
            endpoint: Endpoint::new(settings, Mint::new(1)),
            now: Time::from_micros(1_000_000),
            from: Link { transport: Transport::Udp, local: ours, remote: address.parse().unwrap() },
            session: None,
            sent: Vec::new(),
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Endpoint, Time, &mut Vec<Out>)) {
        let mut out = Vec::new();
        act(&mut self.endpoint, self.now, &mut out);
        for out in out {
            match out {
                Out::Send { to, bytes } => {
                    assert_eq!(to.remote.ip(), self.from.remote.ip(), "to a third party: {bytes:?}");
                    assert_ne!(to.remote, OURS.parse().unwrap(), "to ourselves: {bytes:?}");
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let start = text.strip_prefix("SIP/2.0 ").unwrap_or(&text).split(' ').next().unwrap().to_owned();
                    self.sent.push((to.remote.to_string(), start));
                }
                Out::Event(Event::Invite { session, .. }) => self.session = Some(session),
                Out::Event(_) => {}
            }
        }
    }

    fn hear(&mut self, text: &str) {
        let message = parse(Bytes::from(text.replace("            ", "").replace('\n', "\r\n"))).unwrap();
        let from = self.from;
        let known = self.session;
        self.act(|endpoint, now, out| endpoint.receive(now, from, message, out));
        if let Some(session) = self.session.filter(|_| known.is_none()) {
            self.act(|endpoint, _, out| endpoint.trying(session, out));
        }
    }

    fn invite(&mut self, via: &str, more: &str) {
        self.hear(&format!(
            "INVITE sip:us@192.0.2.1 SIP/2.0
            {via}
            From: <sip:x@example.com>;tag=x
            To: <sip:us@192.0.2.1>
            Call-ID: c1
            CSeq: 1 INVITE
            Max-Forwards: 70
            {more}Content-Length: 0

            "
        ));
    }

    /// Takes the call, waits in vain for its ACK, and hangs up: everything that an endpoint may send to a guest.
    fn take_and_wait(&mut self) {
        let session = self.session.expect("a call");
        let contact = Uri::parse("sip:us@192.0.2.1:5060").unwrap();
        self.act(|endpoint, now, out| {
            endpoint.accept(now, session, contact, Vec::new(), Bytes::from_static(b"offer"), out);
        });
        for _ in 0..700 {
            self.now += Duration::from_millis(100);
            self.act(|endpoint, now, out| endpoint.wake(now, out));
        }
        assert!(self.endpoint.is_empty());
    }

    /// Where the final answer went, and where the BYE.
    fn went(&self) -> (String, String) {
        let to = |what: &str| self.sent.iter().find(|(_, start)| start == what).map_or("-", |(to, _)| to).to_owned();
        (to("200"), to("BYE"))
    }
}

const VIA: &str = "Via: SIP/2.0/UDP 192.0.2.9:41000;branch=z9hG4bK1;rport";

#[test]
fn a_guest_is_answered_where_he_is_whatever_he_says() {
    let guest = "192.0.2.9:41000";
    for (trick, via, more, answered, hung_up) in [
        ("none", VIA, "Contact: <sip:x@192.0.2.9:41000>\n", guest, guest),
        ("another port of his own", VIA, "Contact: <sip:x@192.0.2.9:5070>\n", guest, "192.0.2.9:5070"),
        ("a Contact elsewhere", VIA, "Contact: <sip:x@198.51.100.1:5060>\n", guest, guest),
        ("a Contact that is ours", VIA, "Contact: <sip:x@192.0.2.1:5060>\n", guest, guest),
        ("a Contact that is a group", VIA, "Contact: <sip:x@224.0.1.75>\n", guest, guest),
        ("a Contact that is everybody", VIA, "Contact: <sip:x@255.255.255.255>\n", guest, guest),
        ("a Contact that is nobody", VIA, "Contact: <sip:x@0.0.0.0>\n", guest, guest),
        ("maddr", VIA, "Contact: <sip:x@192.0.2.9:41000;maddr=198.51.100.1>\n", guest, guest),
        (
            "a Record-Route elsewhere",
            VIA,
            "Contact: <sip:x@192.0.2.9:41000>\nRecord-Route: <sip:198.51.100.1;lr>\n",
            guest,
            guest,
        ),
        (
            "a strict Record-Route that is ours",
            VIA,
            "Contact: <sip:x@192.0.2.9:41000>\nRecord-Route: <sip:192.0.2.1:5060>\n",
            guest,
            guest,
        ),
        (
            "a Via elsewhere",
            "Via: SIP/2.0/UDP 198.51.100.1:5080;branch=z9hG4bK1",
            "Contact: <sip:x@192.0.2.9:41000>\n",
            "192.0.2.9:5080",
            guest,
        ),
        (
            "received, rport and maddr of his own making",
            "Via: SIP/2.0/UDP 192.0.2.9:41000;branch=z9hG4bK1;received=198.51.100.1;rport=9;maddr=224.0.1.75",
            "Contact: <sip:x@192.0.2.9:41000>\n",
            guest,
            guest,
        ),
        (
            "a Via with port 0",
            "Via: SIP/2.0/UDP 192.0.2.9:0;branch=z9hG4bK1",
            "Contact: <sip:x@192.0.2.9:41000>\n",
            "192.0.2.9:5060",
            guest,
        ),
    ] {
        let mut world = Guest::at(guest);
        world.invite(via, more);
        world.take_and_wait();
        assert_eq!(world.went(), (answered.to_owned(), hung_up.to_owned()), "{trick}");
    }
}

#[test]
fn a_guest_on_our_own_host_cannot_make_us_talk_to_ourselves() {
    for (trick, via, more) in [
        ("Contact", "Via: SIP/2.0/UDP 192.0.2.1:7000;branch=z9hG4bK1;rport", "Contact: <sip:x@192.0.2.1:5060>\n"),
        ("Contact without a port", "Via: SIP/2.0/UDP x:7000;branch=z9hG4bK1;rport", "Contact: <sip:x@192.0.2.1>\n"),
        (
            "Record-Route",
            "Via: SIP/2.0/UDP 192.0.2.1:7000;branch=z9hG4bK1",
            "Contact: <sip:x@192.0.2.1:7000>\nRecord-Route: <sip:192.0.2.1;lr>\n",
        ),
        ("Via", "Via: SIP/2.0/UDP x:5060;branch=z9hG4bK1", "Contact: <sip:x@192.0.2.1:7000>\n"),
        ("Via without a port", "Via: SIP/2.0/UDP x;branch=z9hG4bK1", "Contact: <sip:x@192.0.2.1:7000>\n"),
    ] {
        let mut guest = Guest::at("192.0.2.1:7000");
        guest.invite(via, more);
        guest.take_and_wait();
        assert_eq!(guest.went(), ("192.0.2.1:7000".to_owned(), "192.0.2.1:7000".to_owned()), "{trick}");
    }
}

#[test]
fn what_has_come_round_is_a_loop() {
    for via in [
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0.a7",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0.a7;rport",
        "Via: SIP/2.0/UDP 192.0.2.9:41000;branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0.a7",
    ] {
        let mut guest = Guest::at("192.0.2.9:41000");
        guest.invite(via, "Contact: <sip:x@192.0.2.9:41000>\n");
        let starts: Vec<&str> = guest.sent.iter().map(|(_, start)| start.as_str()).collect();
        assert_eq!((starts, guest.session), (vec!["482"], None), "16.3: {via}");
    }
    // A phone behind a NAT that has our private address in its own house.
    let mut guest = Guest::at("192.0.2.9:41000");
    guest.invite("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77;rport", "Contact: <sip:x@192.0.2.1:5060>\n");
    assert!(guest.session.is_some());
    guest.take_and_wait();
}

#[test]
fn nobody_answers_an_answer() {
    for first in ["SIP/2.0 200 OK", "SIP/2.0 401 Unauthorized", "SIP/2.0 100 Trying"] {
        let mut guest = Guest::at("192.0.2.9:41000");
        guest.hear(&format!(
            "{first}
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0.made.up
            From: <sip:x@example.com>;tag=x
            To: <sip:us@192.0.2.1>;tag=y
            Call-ID: c1
            CSeq: 1 INVITE
            Content-Length: 0

            "
        ));
        assert!(guest.sent.is_empty(), "{first}");
    }
    let mut guest = Guest::at("192.0.2.9:41000");
    guest.invite(VIA, "Contact: <sip:x@192.0.2.9:41000>\n");
    let session = guest.session.unwrap();
    guest.act(|endpoint, now, out| endpoint.end(now, session, End::with(Status::BUSY_HERE), out));
    assert_eq!(guest.sent.len(), 2);
}
