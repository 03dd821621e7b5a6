//! A call outside that is sent on to somebody else - followed to where it might have gone at first, and nowhere else - or
//! rings in several places at once.

use super::trunks::{CALLER, FIRST, SECOND, answer, calls, invited, line, told, trunk, world};
use super::world::sdp;

/// What a call to +15550199 becomes when the trunk at FIRST, or SECOND, answers 302 with these Contacts: the request that
/// goes out next, and where.
fn sent_on(contacts: &str) -> Option<(String, String)> {
    let mut world = world(vec![trunk("pstn", &[FIRST, SECOND])]);
    calls(&mut world, "77", "one");
    let invite = invited(&mut world, FIRST);
    answer(&mut world, FIRST, &invite, "302 Moved Temporarily", &format!("Contact: {contacts}\n"));
    let next = world.take().into_iter().find(|(_, text)| text.starts_with("INVITE"));
    next.map(|(to, text)| (to, text.split(' ').nth(1).unwrap_or_default().to_owned()))
}

#[test]
fn where_a_redirect_may_lead() {
    for (what, contacts, to) in [
        ("another number", "<sip:+15550188@198.51.100.1>", Some((FIRST, "sip:+15550188@198.51.100.1"))),
        ("a telephone number", "<tel:+1-555-0188>", Some((FIRST, "sip:+15550188@198.51.100.1:5060"))),
        (
            "a number anywhere goes by the trunk all the same",
            "<sip:+15550188@203.0.113.66>",
            Some((FIRST, "sip:+15550188@198.51.100.1:5060")),
        ),
        (
            "another host of the trunk",
            "<sip:+15550199@198.51.100.2:5080>",
            Some((SECOND, "sip:+15550199@198.51.100.2:5080")),
        ),
        (
            "the most wanted first",
            "<sip:+15550187@198.51.100.1>;q=0.2, <sip:+15550188@198.51.100.1>;q=0.9",
            Some((FIRST, "sip:+15550188@198.51.100.1")),
        ),
        ("outside of the prefixes", "<sip:+4420123@198.51.100.1>", None),
        ("outside of the prefixes, by telephone number", "<tel:+4420123>", None),
        ("somebody who is no number", "<sip:premium@203.0.113.66>", None),
        ("ourselves", "<sip:maria@192.0.2.1>", None),
        ("nothing of SIP", "<mailto:bank@example.com>", None),
        ("nobody at all", "*", None),
    ] {
        let to = to.map(|(host, uri)| (host.to_owned(), uri.to_owned()));
        assert_eq!(sent_on(contacts), to, "{what}: {contacts}");
    }
}

/// Twenty numbers that name each other in a circle.
#[test]
fn a_call_that_is_sent_round_and_round_ends() {
    let mut world = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut world, "77", "one");
    let mut invite = invited(&mut world, FIRST);
    for next in 0..20 {
        let contact = format!("Contact: <sip:+155501{next:02}@198.51.100.1>\n");
        answer(&mut world, FIRST, &invite, "302 Moved Temporarily", &contact);
        let (short, text) = told(&mut world, FIRST);
        if short == "ACK" {
            assert!((4..8).contains(&next), "after {next}");
            return;
        }
        assert_eq!(short, "ACK INVITE");
        invite = text;
    }
    panic!("it goes round for ever");
}

#[test]
fn a_call_that_is_sent_back_to_where_it_was_ends() {
    let mut world = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut world, "77", "one");
    let invite = invited(&mut world, FIRST);
    let contact = format!("Contact: <{}>\n", invite.split(' ').nth(1).unwrap());
    answer(&mut world, FIRST, &invite, "302 Moved Temporarily", &contact);
    assert_eq!(told(&mut world, FIRST).0, "ACK");
}

/// After a redirect it goes on like any other call.
#[test]
fn a_call_that_was_sent_on_is_answered() {
    let mut world = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut world, "77", "one");
    let invite = invited(&mut world, FIRST);
    answer(&mut world, FIRST, &invite, "302 Moved Temporarily", "Contact: <sip:+15550188@198.51.100.1>\n");
    let (short, again) = told(&mut world, FIRST);
    assert_eq!(short, "ACK INVITE");
    assert_eq!(line(&again, "To"), "<sip:+15550188@198.51.100.1>");
    assert_ne!(
        line(&again, "Call-ID"),
        line(&invite, "Call-ID"),
        "RFC 3261 8.1.3.4 recommends it, RFC 3261 20.8 allows it"
    );
    answer(&mut world, FIRST, &again, "200 OK", "");
    assert_eq!(told(&mut world, FIRST).0, "ACK");
}

/// It rings at two places, each with a sound of its own; the second answers, then the first all the same.
#[test]
fn of_several_places_that_answer_one_is_taken() {
    let mut world = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut world, "77", "one");
    let invite = invited(&mut world, FIRST);
    let says = |status: &str, tag: &str, port: u16| {
        let body = sdp("198.51.100.1", port);
        let copied = ["Via", "From", "Call-ID", "CSeq"].map(|name| format!("{name}: {}\r\n", line(&invite, name)));
        format!(
            "SIP/2.0 {status}\r\n{}To: {};tag={tag}\r\nContact: <sip:{tag}@{FIRST}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            copied.concat(),
            line(&invite, "To"),
            body.len()
        )
    };
    for (tag, port) in [("a", 6000), ("b", 6100)] {
        world.hear(FIRST, says("183 Session Progress", tag, port).as_bytes());
    }
    assert_eq!(told(&mut world, CALLER).0, "180 183", "what the first says is passed on, once");
    world.hear(FIRST, says("200 OK", "b", 6100).as_bytes());
    let sent = world.take();
    let of = |method: &str, who: &str| {
        let found = sent.iter().find(|(to, text)| to == who && text.starts_with(method));
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    };
    assert!(of("ACK", FIRST).starts_with("ACK sip:b@"));
    assert!(!of("SIP/2.0 200", CALLER).is_empty(), "{sent:?}");
    world.hear(FIRST, says("200 OK", "a", 6000).as_bytes());
    let sent: Vec<String> = world.take().into_iter().filter(|(to, _)| to == FIRST).map(|(_, text)| text).collect();
    let lines: Vec<&str> = sent.iter().map(|text| text.lines().next().unwrap_or_default()).collect();
    assert!(lines.iter().any(|line| line.starts_with("ACK sip:a@")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("BYE sip:a@")), "RFC 3261 13.2.2.4: {lines:?}");
    assert!(!lines.iter().any(|line| line.contains("sip:b@")), "who was taken stays: {lines:?}");
}
