//! Which way messages go: streams for what is too large, and what becomes of them when streams fail.

use super::world::{US, World, request, sdp, site};
use cordboard::engine::Input;
use cordboard::site::{Number, NumberTo};
use cordboard::time::Duration;

const CALLER: &str = "192.0.2.9:5070";
const CALLEE: &str = "192.0.2.200:5060";

/// A switch whose number 77 is somebody else's.
fn bridge() -> World {
    bridge_to(&format!("sip:uas@{CALLEE}"))
}

fn bridge_to(address: &str) -> World {
    let mut site = site();
    let to = NumberTo::Dial(address.to_owned());
    site.numbers.push(Number { dialled: "77".to_owned(), prefix: false, to });
    World::with(site)
}

/// A call to 77 by somebody with a long name makes us send a large INVITE: where to, and the message.
fn large_call(world: &mut World, name: usize) -> (String, String) {
    let from = format!("From: \"{}\" <sip:guest@{CALLER}>;tag=g", "x".repeat(name));
    world.hear(CALLER, request("INVITE", "sip:77@192.0.2.1", CALLER, &from, &sdp("192.0.2.9", 4000)).as_bytes());
    world.take().into_iter().find(|(_, text)| text.starts_with("INVITE")).expect("a call to the other side")
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap_or_else(|| panic!("{name} in {text}"))
}

fn branch(text: &str) -> &str {
    let via = line(text, "Via");
    via.split("branch=").nth(1).and_then(|rest| rest.split(';').next()).unwrap()
}

#[test]
fn what_is_too_large_for_a_datagram_goes_over_a_stream() {
    let (to, small) = large_call(&mut bridge(), 10);
    assert_eq!(to, CALLEE);
    assert!(line(&small, "Via").starts_with(&format!("Via: SIP/2.0/UDP {US};")));

    // RFC 3261 section 18.1.1: above 1300 bytes, with the Via of the stream.
    let mut world = bridge();
    let (to, large) = large_call(&mut world, 600);
    assert!(large.len() > 1300, "{}", large.len());
    assert_eq!(to, format!("tcp:{CALLEE}"));
    assert_eq!(line(&large, "Via"), format!("Via: SIP/2.0/TCP {US};branch={}", branch(&large)));

    // Its peer answers there: it stays there.
    let trying = format!(
        "SIP/2.0 100 Trying\r\n{}\r\n{}\r\n{}\r\n{}\r\n{}\r\nContent-Length: 0\r\n\r\n",
        line(&large, "Via"),
        line(&large, "From"),
        line(&large, "To"),
        line(&large, "Call-ID"),
        line(&large, "CSeq")
    );
    world.hear(&format!("tcp:{CALLEE}"), trying.as_bytes());
    world.pass(Duration::from_secs(4));
    assert_eq!(world.told(), "");
}

#[test]
fn a_peer_without_streams_gets_the_datagram_after_all() {
    // How the stream fails: refused, or nothing comes back at all.
    for refused in [true, false] {
        let mut world = bridge();
        let (_, large) = large_call(&mut world, 600);
        if refused {
            world.close(&format!("tcp:{CALLEE}"));
        } else {
            world.pass(Duration::from_millis(999));
            assert_eq!(world.told(), "");
            world.pass(Duration::from_millis(1));
        }
        let sent = world.take();
        let [(to, datagram)] = sent.as_slice() else { panic!("{sent:#?}") };
        assert_eq!(to, CALLEE);
        assert!(line(datagram, "Via").starts_with(&format!("Via: SIP/2.0/UDP {US};")));
        assert_eq!(branch(datagram), branch(&large), "section 17.2.3: the same request to whoever got both");
        assert_eq!(datagram.split_once("\n\n").unwrap().1, large.split_once("\n\n").unwrap().1);
        world.pass(Duration::from_millis(500));
        assert_eq!(world.told(), "INVITE", "and from now on it is repeated");
    }
}

#[test]
fn answers_outlive_the_stream_of_their_request() {
    let from = "tcp:192.0.2.9:40000";
    let via = format!("Via: SIP/2.0/TCP {CALLER};branch=z9hG4bKs");
    let contact = format!("Contact: <sip:guest@{CALLER};transport=tcp>");
    let call = |number: &str| {
        let uri = format!("sip:{number}@192.0.2.1");
        request("INVITE", &uri, from, &format!("{via}\n{contact}"), &sdp("192.0.2.9", 4000))
    };
    // A caller who cannot be answered there is answered where he listens (section 18.2.2); he can take back nothing
    // any more, so his call ends.
    let mut world = bridge();
    world.hear(from, call("77").as_bytes());
    world.take();
    world.close(from);
    let sent = world.take();
    let (to, _) = sent.iter().find(|(_, text)| text.starts_with("SIP/2.0 487")).expect("a final answer");
    assert_eq!(*to, format!("tcp:{CALLER}"));

    // A call that is up goes on, and its BYE takes the way to the Contact.
    let mut world = World::new();
    world.hear(from, call("9001").as_bytes());
    let sent = world.take();
    let tag = line(&sent[1].1, "To").split("tag=").nth(1).unwrap().to_owned();
    let to = format!("To: <sip:9001@192.0.2.1>;tag={tag}\nVia: SIP/2.0/TCP {CALLER};branch=z9hG4bKa");
    world.hear(from, request("ACK", "sip:9001@192.0.2.1", from, &to, "").as_bytes());
    world.close(from);
    assert_eq!(world.told(), "");
    world.input(Input::HangUpAll);
    let sent = world.take();
    let [(to, bye)] = sent.as_slice() else { panic!("{sent:#?}") };
    assert!(bye.starts_with("BYE sip:guest@192.0.2.9:5070;transport=tcp SIP/2.0\n"), "{bye}");
    assert_eq!(*to, format!("tcp:{CALLER}"));
}

#[test]
fn where_an_address_leads() {
    for (rule, address, wanted) in [
        ("8.1.2 the host", "sip:uas@192.0.2.200", "192.0.2.200:5060"),
        ("19.1.1 and its port", "sip:uas@192.0.2.200:5080;transport=udp", "192.0.2.200:5080"),
        ("19.1.1 by TCP", "sip:uas@192.0.2.200;transport=TCP", "tcp:192.0.2.200:5060"),
        ("19.1.1 maddr stands for the host", "sip:uas@example.com;maddr=192.0.2.201", "192.0.2.201:5060"),
        ("not to a network full of peers", "sip:uas@192.0.2.200;maddr=224.0.1.75;ttl=16", ""),
        ("nor to everybody", "sip:uas@255.255.255.255", ""),
        ("nor to nobody", "sip:uas@0.0.0.0", ""),
        ("nor to ourselves", "sip:uas@192.0.2.1", ""),
        ("26.2.2 sips needs TLS", "sips:uas@192.0.2.200", ""),
        ("a transport that is not spoken", "sip:uas@192.0.2.200;transport=sctp", ""),
        ("a name that would need DNS", "sip:uas@example.com", ""),
    ] {
        let mut world = bridge_to(address);
        let call = request("INVITE", "sip:77@192.0.2.1", CALLER, "", &sdp("192.0.2.9", 4000));
        world.hear(CALLER, call.as_bytes());
        let sent = world.take();
        let invite = sent.iter().find(|(_, text)| text.starts_with("INVITE"));
        assert_eq!(invite.map_or("", |(to, _)| to.as_str()), wanted, "{rule}");
        let refused = sent.iter().any(|(_, text)| text.starts_with("SIP/2.0 480"));
        assert_eq!(refused, wanted.is_empty(), "{rule}: {sent:#?}");
    }
}

#[test]
fn a_phone_is_called_over_its_stream_and_at_its_contact_when_that_is_gone() {
    for closed in [false, true] {
        let from = "tcp:192.0.2.20:40000";
        let mut world = World::new();
        let own = |n: u8, more: &str| {
            let headers = format!(
                "From: <sip:maria@cordboard.lab>;tag=m\nTo: <sip:maria@cordboard.lab>\nCSeq: {n} REGISTER\n{more}\n\
                 Via: SIP/2.0/TCP 192.0.2.20:5070;branch=z9hG4bKr{n}\nContact: <sip:maria@192.0.2.20:5070;transport=tcp>"
            );
            request("REGISTER", "sip:cordboard.lab", from, &headers, "")
        };
        world.hear(from, own(1, "").as_bytes());
        let credentials = world.credentials("maria", "maria", "REGISTER sip:cordboard.lab SIP/2.0");
        world.hear(from, own(2, &format!("Authorization: {credentials}")).as_bytes());
        assert_eq!(world.told(), "401 200");
        if closed {
            world.close(from);
        }
        let call = |n: u8, more: &str| {
            let headers = format!(
                "From: <sip:john@cordboard.lab>;tag=j\nCSeq: {n} INVITE\n{more}\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKi{n}"
            );
            request("INVITE", "sip:maria@cordboard.lab", CALLER, &headers, &sdp("192.0.2.9", 4000))
        };
        world.hear(CALLER, call(1, "").as_bytes());
        let credentials = world.credentials("john", "john", "INVITE sip:maria@cordboard.lab SIP/2.0");
        world.hear(CALLER, call(2, &format!("Authorization: {credentials}")).as_bytes());
        let sent = world.take();
        let (to, invite) = sent.iter().find(|(_, text)| text.starts_with("INVITE")).expect("maria is rung");
        assert_eq!(to, if closed { "tcp:192.0.2.20:5070" } else { from });
        assert!(invite.starts_with("INVITE sip:maria@192.0.2.20:5070;transport=tcp SIP/2.0\n"), "{invite}");
    }
}
