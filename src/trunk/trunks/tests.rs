//! Several trunks at once: which way a call goes, and who is calling.

use super::*;
use crate::sip::{Host, Message, OfferBy, Transport, parse};
use crate::trunk::{Login, Place, Rewrite};
use bytes::Bytes;

const START: Time = Time::from_micros(1_000_000);

fn setup(id: &str, hosts: &str, prefixes: &str) -> TrunkSetup {
    let place = |text: &str| match text.rsplit_once(':').filter(|_| !text.ends_with(']')) {
        Some((host, port)) => Place { host: Host::from(host), port: port.parse().ok() },
        None => Place { host: Host::from(text), port: None },
    };
    TrunkSetup {
        id: id.into(),
        hosts: hosts.split_whitespace().map(place).collect(),
        transport: Some(Transport::Udp),
        prefixes: prefixes.split_whitespace().map(Into::into).collect(),
        to_e164: Vec::new(),
        from_e164: Vec::new(),
        max_calls: None,
        login: None,
        register: false,
        trusted: false,
        probe: Some(Duration::from_secs(30)),
        hold_signalling: Some(OfferBy::ReInvite),
    }
}

fn login(user: &str) -> Option<Login> {
    Some(Login { user: user.into(), password: "p".into() })
}

fn trunks(setups: &[TrunkSetup]) -> Trunks {
    Trunks::new(START, setups, Mint::new(1))
}

fn server(address: &str) -> Server {
    Server { transport: Transport::Udp, address: address.parse().unwrap() }
}

fn link(transport: Transport, remote: &str) -> Link {
    Link { transport, local: "192.0.2.100:5060".parse().unwrap(), remote: remote.parse().unwrap() }
}

/// Where a call goes, in order, or why nowhere.
fn ways(trunks: &mut Trunks, number: &str) -> String {
    match trunks.ways(START, number) {
        Ok(ways) => {
            let text =
                |way: &Way| format!("{} {} {}", way.trunk, way.server.address, way.uri.user().unwrap_or_default());
            ways.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        Err(why) => format!("{why:?}"),
    }
}

#[test]
fn which_way_a_number_goes() {
    let rewrite = |strip: &str, add: &str| Rewrite { strip: strip.into(), add: add.into() };
    let mut german = setup("german", "192.0.2.3", "+49 110");
    german.to_e164 = vec![rewrite("00", "+"), rewrite("0", "+49")];
    german.from_e164 = vec![rewrite("+49", "0"), rewrite("+", "00")];
    let mut trunks = trunks(&[
        setup("first", "192.0.2.1", "+1555 +1"),
        setup("second", "192.0.2.2:5070 192.0.2.4", "+1555 +15559"),
        german,
    ]);
    for (rule, number, wanted) in [
        (
            "equal prefixes: in order of configuration, hosts in order",
            "+15551",
            "first 192.0.2.1:5060 +15551, second 192.0.2.2:5070 +15551, second 192.0.2.4:5060 +15551",
        ),
        (
            "the longest prefix first, the others after it",
            "+15559",
            "second 192.0.2.2:5070 +15559, second 192.0.2.4:5060 +15559, first 192.0.2.1:5060 +15559",
        ),
        ("one prefix of several", "+1444", "first 192.0.2.1:5060 +1444"),
        ("as it is written there", "+49301234", "german 192.0.2.3:5060 0301234"),
        ("as it is dialled here", "0301234", "german 192.0.2.3:5060 0301234"),
        ("with a way out", "0049 30 1234", "german 192.0.2.3:5060 0301234"),
        ("a number of its own kind", "110", "german 192.0.2.3:5060 110"),
        ("no prefix", "+44201234", "NotAllowed(\"+44201234\")"),
        ("nor by another spelling", "0044201234", "NotAllowed(\"0044201234\")"),
        ("no number", "maria", "NoNumber(\"maria\")"),
        ("nor one with a tail", "+1555@192.0.2.66", "NoNumber(\"+1555@192.0.2.66\")"),
    ] {
        assert_eq!(ways(&mut trunks, number), wanted, "{rule}");
    }
}

#[test]
fn a_call_goes_where_there_is_room_and_somebody_is_there() {
    let mut small = setup("small", "192.0.2.1 192.0.2.2", "+1");
    small.max_calls = Some(2);
    let mut trunks = trunks(&[small, setup("large", "192.0.2.3", "+1")]);
    let (small, large) = (TrunkId::from("small"), TrunkId::from("large"));
    trunks.failed(START, &small, server("192.0.2.1:5060"), Failure::Silent);
    assert_eq!(ways(&mut trunks, "+1"), "small 192.0.2.2:5060 +1, large 192.0.2.3:5060 +1", "who is down is left out");
    trunks.failed(START, &small, server("192.0.2.2:5060"), Failure::Busy(None));
    assert_eq!(ways(&mut trunks, "+1"), "small 192.0.2.2:5060 +1, large 192.0.2.3:5060 +1", "a call's own affair");
    assert!(trunks.seize(&small) && trunks.seize(&small) && !trunks.seize(&small), "two calls and no more");
    assert_eq!(ways(&mut trunks, "+1"), "large 192.0.2.3:5060 +1");
    trunks.failed(START, &large, server("192.0.2.3:5060"), Failure::Busy(Some(Duration::from_secs(60))));
    assert_eq!(ways(&mut trunks, "+1"), "Down(\"+1\")");
    trunks.release(&small);
    assert_eq!(ways(&mut trunks, "+1"), "small 192.0.2.2:5060 +1");
    trunks.heard(&small, server("192.0.2.1:5060"));
    assert_eq!(ways(&mut trunks, "+1"), "small 192.0.2.1:5060 +1, small 192.0.2.2:5060 +1", "who is heard of is up");
    assert!(trunks.seize(&small));
    assert!(!trunks.seize(&"gone".into()), "of a trunk that is not there");
    trunks.release(&small);
    trunks.release(&small);
    assert!(trunks.is_idle());
    let mut full = setup("small", "192.0.2.1", "+1");
    full.max_calls = Some(0);
    trunks.reload(START, &[full], &mut Vec::new());
    assert_eq!(ways(&mut trunks, "+1"), "Full(\"+1\")");
}

#[test]
fn who_is_calling_by_where_from() {
    let mut named = setup("named", "192.0.2.1 192.0.2.2:5070", "+1");
    named.login = login("lab");
    let mut twin = setup("twin", "192.0.2.1", "+1");
    twin.login = login("other");
    let trunks = trunks(&[named, twin, setup("v6", "[2001:db8::1]", "+1")]);
    for (rule, transport, remote, listens, called, wanted) in [
        ("its host and port", Transport::Udp, "192.0.2.1:5060", 5060, "1000", Some("named")),
        ("another host of it", Transport::Udp, "192.0.2.2:5070", 5070, "1000", Some("named")),
        ("another port is somebody else", Transport::Udp, "192.0.2.1:5062", 5062, "1000", None),
        ("also if he says otherwise", Transport::Udp, "192.0.2.1:5062", 5060, "1000", None),
        ("a stream comes from any port", Transport::Tcp, "192.0.2.1:40000", 5060, "1000", Some("named")),
        ("of a peer that listens there", Transport::Tcp, "192.0.2.1:40000", 5061, "1000", None),
        ("another host", Transport::Udp, "192.0.2.3:5060", 5060, "1000", None),
        ("mapped", Transport::Udp, "[::ffff:192.0.2.1]:5060", 5060, "1000", Some("named")),
        ("two at one place: whose account is called", Transport::Udp, "192.0.2.1:5060", 5060, "other", Some("twin")),
        ("IPv6", Transport::Udp, "[2001:db8::1]:5060", 5060, "1000", Some("v6")),
    ] {
        let found = trunks.at(link(transport, remote), listens, called);
        assert_eq!(found.map(|setup| setup.id.as_str()), wanted, "{rule}");
    }
    assert_eq!(trunks.by_login("other").map(|setup| setup.id.as_str()), Some("twin"));
}

/// What is wanted, in short.
fn wanted(out: &mut Vec<Out>) -> String {
    let short = |out: &Out| match out {
        Out::Ask(question) => format!("{question:?}"),
        Out::Options { server, uri, .. } => format!("OPTIONS {uri} at {server}"),
        Out::Register { server, uri, own, headers, .. } => {
            let expires = headers.first().map(|(_, value)| value.as_str().to_owned()).unwrap_or_default();
            let signed = if headers.len() > 1 { " signed" } else { "" };
            format!("REGISTER {uri} as {own} at {server} for {expires}{signed}")
        }
    };
    let text = out.iter().map(short).collect::<Vec<_>>().join(", ");
    out.clear();
    text
}

fn records(list: Vec<Record>, seconds: u64) -> Answer {
    Answer::Records(list, Duration::from_secs(seconds))
}

#[test]
fn names_are_asked_for_and_asked_again_when_they_run_out() {
    let srv = |priority, target: &str| Record::Srv { priority, weight: 0, port: 5070, target: target.into() };
    let address = |ip: &str| Record::Address(ip.parse().unwrap());
    let mut trunks = trunks(&[setup("pstn", "pstn.example", "+1")]);
    let mut out = Vec::new();
    let service = Question::Srv("_sip._udp.pstn.example".into());
    let (a, b) = (Question::Address("a.pstn.example".into()), Question::Address("b.pstn.example".into()));
    trunks.wake(START, &mut out);
    assert_eq!(wanted(&mut out), "Srv(\"_sip._udp.pstn.example\")");
    assert_eq!(ways(&mut trunks, "+1"), "Down(\"+1\")", "not known yet");
    trunks.answered(START, &service, records(vec![srv(2, "b.pstn.example"), srv(1, "a.pstn.example")], 60));
    trunks.wake(START, &mut out);
    assert_eq!(wanted(&mut out), "Address(\"a.pstn.example\"), Address(\"b.pstn.example\")");
    trunks.answered(START, &b, records(vec![address("192.0.2.2")], 3600));
    trunks.answered(START, &a, records(vec![address("192.0.2.1")], 3600));
    assert_eq!(ways(&mut trunks, "+1"), "pstn 192.0.2.1:5070 +1, pstn 192.0.2.2:5070 +1");
    assert_eq!(trunks.ways(START, "+1").unwrap()[0].uri.to_string(), "sip:+1@pstn.example", "RFC 3263: the name stays");
    assert!(trunks.at(link(Transport::Udp, "192.0.2.2:5070"), 5070, "").is_some(), "a resolved address is the trunk's");
    trunks.wake(START, &mut out);
    let uri = "sip:pstn.example";
    let both = format!("OPTIONS {uri} at udp:192.0.2.1:5070, OPTIONS {uri} at udp:192.0.2.2:5070");
    assert_eq!(wanted(&mut out), both, "each address is asked for itself");

    let later = START + Duration::from_secs(60);
    trunks.wake(later, &mut out);
    assert_eq!(wanted(&mut out), "Srv(\"_sip._udp.pstn.example\")", "its time is over");
    trunks.answered(later, &service, Answer::Failed);
    assert!(ways(&mut trunks, "+1").contains("Down"), "nobody answered the OPTIONS");
    trunks.heard(&"pstn".into(), server("192.0.2.1:5070"));
    assert_eq!(ways(&mut trunks, "+1"), "pstn 192.0.2.1:5070 +1", "what was known holds");
    let again = later + NAME_AGAIN;
    trunks.wake(again, &mut out);
    assert!(wanted(&mut out).contains("Srv("));
    trunks.answered(again, &service, records(vec![srv(1, "b.pstn.example")], 0));
    assert_eq!(trunks.hosts().count(), 1, "who is named no more is forgotten");
    trunks.answered(again, &a, records(vec![address("192.0.2.9")], 60));
    assert_eq!(trunks.hosts().count(), 1, "and so is a late answer about him");
    trunks.wake(again + Duration::from_secs(1), &mut out);
    assert!(!wanted(&mut out).contains("Srv("), "a record without a life is not asked for at once again");
}

fn response(status: u16, header: &str) -> Response {
    let text = format!(
        "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\
         Call-ID: 1\r\nCSeq: 1 REGISTER\r\n{header}\r\nContent-Length: 0\r\n\r\n"
    );
    match parse(Bytes::from(text)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_registration_is_made_moved_and_taken_back() {
    let mut pstn = setup("pstn", "192.0.2.1 192.0.2.2:5070", "+1");
    pstn.login = login("lab");
    pstn.register = true;
    pstn.probe = None;
    let mut trunks = trunks(&[pstn.clone()]);
    let mut out = Vec::new();
    trunks.wake(START, &mut out);
    assert_eq!(wanted(&mut out), "REGISTER sip:192.0.2.1 as sip:lab@192.0.2.1 at udp:192.0.2.1:5060 for 3600");
    let errand = Errand::Register { trunk: "pstn".into(), contact: Uri::parse("sip:lab@192.0.2.100").unwrap() };
    trunks.replied(START, &errand, Status::REQUEST_TIMEOUT, None, &mut out);
    let second = "REGISTER sip:192.0.2.2:5070 as sip:lab@192.0.2.2:5070 at udp:192.0.2.2:5070 for 3600";
    assert_eq!(wanted(&mut out), second, "RFC 3263 section 4.3");
    let challenge = response(401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    trunks.replied(START, &errand, challenge.status, Some(&challenge), &mut out);
    assert_eq!(wanted(&mut out), format!("{second} signed"));
    let standing = |trunks: &Trunks| trunks.standings(START).next().unwrap().registered;
    assert_eq!(standing(&trunks), Some(Registered::Not));
    let taken = response(200, "Contact: <sip:lab@192.0.2.100>;expires=600");
    trunks.replied(START, &errand, taken.status, Some(&taken), &mut out);
    assert_eq!(standing(&trunks), Some(Registered::Until(START + Duration::from_secs(600))));
    assert_eq!(wanted(&mut out), "");
    trunks.reload(START, &[pstn], &mut out);
    assert_eq!(wanted(&mut out), "", "a trunk that is written as it was goes on");
    assert_ne!(standing(&trunks), Some(Registered::Not));
    let due = trunks.deadline().unwrap();
    assert_eq!(due, START + Duration::from_secs(530));
    trunks.close(&mut out);
    assert_eq!(wanted(&mut out), second.replace("3600", "0") + " signed");
    trunks.close(&mut out);
    trunks.wake(due, &mut out);
    assert_eq!((wanted(&mut out).as_str(), trunks.deadline()), ("", None), "and nothing more");

    let mut other = setup("pstn", "192.0.2.1", "+1");
    (other.login, other.register) = (login("lab"), true);
    let mut trunks = Trunks::new(START, &[other], Mint::new(1));
    trunks.wake(START, &mut out);
    trunks.replied(START, &errand, taken.status, Some(&taken), &mut out);
    wanted(&mut out);
    trunks.reload(START, &[], &mut out);
    assert!(wanted(&mut out).ends_with("for 0"), "a trunk that is gone is told so");
}

#[test]
fn a_registration_waits_for_the_name_service() {
    let mut pstn = setup("pstn", "pstn.example:5060", "+1");
    (pstn.login, pstn.register) = (login("lab"), true);
    let mut trunks = trunks(&[pstn]);
    let mut out = Vec::new();
    trunks.wake(START, &mut out);
    let question = Question::Address("pstn.example".into());
    assert_eq!(wanted(&mut out), "Address(\"pstn.example\")");
    trunks.answered(START, &question, records(vec![Record::Address("192.0.2.1".parse().unwrap())], 60));
    trunks.wake(START, &mut out);
    assert!(wanted(&mut out).contains("REGISTER sip:pstn.example:5060 as sip:lab@pstn.example:5060 at udp:192.0.2.1"));
    let errand = Errand::Register { trunk: "pstn".into(), contact: Uri::parse("sip:lab@192.0.2.100").unwrap() };
    trunks.unsent(START, &errand);
    let wait = trunks.deadline().unwrap().since(START);
    assert!(wait > Duration::from_secs(5), "no socket reaches there: {wait:?}");
}
