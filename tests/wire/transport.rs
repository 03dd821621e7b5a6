//! Which way messages go: streams for what is too large, and what becomes of them when streams fail.

use super::world::{US, World, request, sdp, site};
use cordboard::engine::Input;
use cordboard::site::{Number, NumberTo};
use cordboard::time::Duration;

const CALLER: &str = "192.0.2.9:5070";
const CALLEE: &str = "192.0.2.200:5060";

/// A switch whose number 77 is somebody else's.
fn bridge() -> World {
    let mut site = site();
    let to = NumberTo::Dial(format!("sip:uas@{CALLEE}"));
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
