//! What the engine answers to those who guess, forge and overhear.

use super::bench::{Bench, Sent, US, credentials, finals, whole, with_sdp};
use cordboard::site::Guests;

const HOME: &str = "192.0.2.7:5070";
const ELSEWHERE: &str = "198.51.100.9:5060";

fn statuses(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(Sent::status).collect()
}

/// John's call to the echo, up: its To with our tag.
fn echo(bench: &mut Bench, at: &str) -> String {
    assert_eq!(bench.register(at, "john", "john", 1).status(), "200");
    let contact = format!("Contact: <sip:john@{at}>\r\n");
    let invite = bench.request("INVITE", at, "john", "9002", 10, &contact);
    let challenge = finals(bench.hear(at, &with_sdp(&invite, at))).remove(0);
    assert_eq!(challenge.status(), "401");
    let credentials = credentials(&challenge, "INVITE", "john", "john", "sip:9002@cordboard.lab");
    let invite = bench.request("INVITE", at, "john", "9002", 11, &format!("{contact}{credentials}"));
    let answer = finals(bench.hear(at, &with_sdp(&invite, at))).remove(0);
    assert_eq!(answer.status(), "200", "{answer:?}");
    let to = answer.header("To").unwrap().to_owned();
    let ack = inside(bench, "ACK", at, &to, 11, "");
    assert!(bench.hear(at, &ack).is_empty());
    to
}

fn inside(bench: &mut Bench, method: &str, at: &str, to: &str, seq: u32, extra: &str) -> String {
    let via = bench.via(at);
    whole(&format!(
        "{method} sip:9002@{US} SIP/2.0\r\n{via}From: <sip:john@cordboard.lab>;tag=tjohn\r\nTo: {to}\r\n\
         Call-ID: john-INVITE@{HOME}\r\nCSeq: {seq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:john@{at}>\r\n{extra}"
    ))
}

#[test]
fn a_phone_whose_address_has_changed_proves_whose_it_is() {
    for method in ["BYE", "INFO", "OPTIONS", "REFER", "INVITE", "UPDATE"] {
        let mut bench = Bench::new(|_| ());
        let to = echo(&mut bench, HOME);
        assert!(!bench.engine.is_idle());
        let text = inside(&mut bench, method, ELSEWHERE, &to, 20, "");
        let challenge = finals(bench.hear(ELSEWHERE, &text)).remove(0);
        assert_eq!((challenge.status(), challenge.to.to_string().as_str()), ("401", ELSEWHERE), "{method}");
        assert!(!bench.engine.is_idle(), "{method} of a stranger");
        // Another agent's password does not help, nor does a wrong one.
        let target = format!("sip:9002@{US}");
        for (user, password, wanted) in [("maria", "maria", "403"), ("john", "guess", "401")] {
            let proof = credentials(&challenge, method, user, password, &target);
            let text = inside(&mut bench, method, ELSEWHERE, &to, 21, &proof);
            assert_eq!(statuses(&finals(bench.hear(ELSEWHERE, &text))), [wanted], "{method} by {user}");
        }
        let text = inside(&mut bench, method, ELSEWHERE, &to, 22, "");
        let challenge = finals(bench.hear(ELSEWHERE, &text)).remove(0);
        let proof = credentials(&challenge, method, "john", "john", &target);
        let text = inside(&mut bench, method, ELSEWHERE, &to, 23, &proof);
        let answer = finals(bench.hear(ELSEWHERE, &text)).remove(0);
        assert!(!["401", "403", "481"].contains(&answer.status()), "{method}: {answer:?}");
        assert_eq!(bench.engine.is_idle(), method == "BYE");
    }
}

#[test]
fn a_guests_dialog_is_his_hosts_alone() {
    for method in ["BYE", "INFO", "OPTIONS", "REFER", "INVITE", "UPDATE", "NOTIFY", "SUBSCRIBE"] {
        let mut bench = Bench::new(|site| site.sip.guests = Guests::Any);
        let contact = format!("Contact: <sip:x@{HOME}>\r\n");
        let invite = bench.request("INVITE", HOME, "x@example.com", "9002", 1, &contact);
        let answer = finals(bench.hear(HOME, &with_sdp(&invite, HOME))).remove(0);
        assert_eq!(answer.status(), "200", "{answer:?}");
        let to = answer.header("To").unwrap().to_owned();
        let say = |bench: &mut Bench, method: &str, at: &str, seq| {
            let via = bench.via(at);
            let text = whole(&format!(
                "{method} sip:9002@{US} SIP/2.0\r\n{via}From: <sip:x@example.com>;tag=tx@example.com\r\nTo: {to}\r\n\
                 Call-ID: x@example.com-INVITE@{HOME}\r\nCSeq: {seq} {method}\r\nMax-Forwards: 70\r\n{contact}"
            ));
            finals(bench.hear(at, &text))
        };
        assert!(say(&mut bench, "ACK", ELSEWHERE, 1).is_empty());
        assert_eq!(statuses(&bench.pass(600)), ["200"], "a stranger's ACK confirms nothing");
        say(&mut bench, "ACK", HOME, 1);
        assert!(bench.pass(600).is_empty());
        assert_eq!(statuses(&say(&mut bench, method, ELSEWHERE, 2)), ["481"], "{method}");
        assert!(!bench.engine.is_idle(), "{method}");
        assert_eq!(statuses(&say(&mut bench, "BYE", "192.0.2.7:9", 3)), ["200"], "from another port of his host");
        assert!(bench.engine.is_idle());
    }
}

#[test]
fn nobody_learns_from_an_answer_which_agents_there_are() {
    for guests in [Guests::None, Guests::Loopback, Guests::Any] {
        for at in ["127.0.0.1:7000", ELSEWHERE] {
            for (method, from, to) in [
                ("REGISTER", "{}", "{}"),
                ("INVITE", "{}", "1000"),
                ("INVITE", "x@example.com", "{}"),
                ("INVITE", "{}", "{}"),
                ("INVITE", "x@example.com", "qc-{}"),
                ("OPTIONS", "x@example.com", "{}"),
                ("OPTIONS", "{}", "1000"),
                ("MESSAGE", "x@example.com", "{}"),
                ("SUBSCRIBE", "x@example.com", "{}"),
            ] {
                // On this machine guests call themselves what they like, and are told when it is an agent's name.
                if (method, from, to) == ("INVITE", "{}", "1000") && at.starts_with("127") && guests != Guests::None {
                    continue;
                }
                let [one, other] = ["maria", "mario"].map(|name| {
                    let mut bench = Bench::new(|site| site.sip.guests = guests);
                    let (user, to) = (from.replace("{}", name), to.replace("{}", name));
                    let contact = format!("Contact: <sip:x@{at}>\r\n");
                    let first = bench.request(method, at, &user, &to, 1, &contact);
                    let first = finals(bench.hear(at, &whole(&first))).remove(0);
                    let second = bench.prove(at, method, &user, "guess", &to, 5, &contact);
                    format!("{}\n{}", first.text, second.text).replace(name, "NAME")
                });
                // The seed is the same, so but for the name everything is.
                assert_eq!(one, other, "{guests:?} {at} {method} from {from} to {to}");
            }
        }
    }
}

#[test]
fn a_guest_who_refers_learns_no_names() {
    let mut bench = Bench::new(|site| site.sip.guests = Guests::Any);
    let contact = format!("Contact: <sip:x@{HOME}>\r\n");
    let invite = bench.request("INVITE", HOME, "x@example.com", "9002", 1, &contact);
    let answer = finals(bench.hear(HOME, &with_sdp(&invite, HOME))).remove(0);
    let to = answer.header("To").unwrap().to_owned();
    for (seq, target) in [(2, "maria"), (3, "mario"), (4, "qc-maria"), (5, "qc-mario")] {
        let via = bench.via(HOME);
        let text = whole(&format!(
            "REFER sip:9002@{US} SIP/2.0\r\n{via}From: <sip:x@example.com>;tag=tx@example.com\r\nTo: {to}\r\n\
             Call-ID: x@example.com-INVITE@{HOME}\r\nCSeq: {seq} REFER\r\nMax-Forwards: 70\r\n{contact}\
             Refer-To: <sip:{target}@cordboard.lab>\r\n"
        ));
        assert_eq!(statuses(&finals(bench.hear(HOME, &text))), ["403"], "{target}");
    }
}

#[test]
fn passwords_are_guessed_slowly_and_their_owner_gets_in() {
    let mut bench = Bench::new(|_| ());
    assert_eq!(bench.register(HOME, "john", "john", 1).status(), "200");
    let mut seq = 10;
    let mut guess = |bench: &mut Bench, at: &str, user: &str| {
        seq += 2;
        bench.register(at, user, "guess", seq).status().to_owned()
    };
    let mut tried = 0;
    while guess(&mut bench, ELSEWHERE, "john") == "401" {
        tried += 1;
        assert!(tried < 100, "it goes on for ever");
    }
    let late = bench.register(ELSEWHERE, "john", "john", 1_000);
    assert_eq!(late.status(), "503", "even the right one is not looked at");
    assert!((1..=60).contains(&late.header("Retry-After").unwrap().parse::<u64>().unwrap()));
    // The owner: on the phone that he has, on one beside it, and on a new one.
    assert_eq!(bench.register(HOME, "john", "john", 1_001).status(), "200");
    assert_eq!(bench.register("192.0.2.7:6000", "john", "john", 1).status(), "200");
    assert_eq!(bench.register("203.0.113.5:5060", "john", "john", 1).status(), "200");
    // Thousands of sources together get no further than a few.
    let mut tried = 0;
    for source in 0..2_000 {
        let at = format!("10.1.{}.{}:5060", source / 250, source % 250 + 1);
        tried += usize::from(guess(&mut bench, &at, "john") == "401");
    }
    assert!(tried < 60, "{tried}");
    assert_eq!(bench.register(HOME, "john", "john", 1_003).status(), "200");
    assert_eq!(bench.register("203.0.113.5:5060", "john", "john", 3).status(), "200");
    assert_eq!(bench.register("203.0.113.6:5060", "maria", "maria", 1).status(), "200", "nobody else is concerned");
    // Whoever guesses from beside the agent's phone, on the same host, does not lock the phone out.
    while guess(&mut bench, "192.0.2.7:7777", "john") == "401" {}
    assert_eq!(bench.register(HOME, "john", "john", 1_005).status(), "200");
}

#[test]
fn malformed_credentials_are_refused_and_those_for_proxies_are_not_read() {
    let mut bench = Bench::new(|_| ());
    let text = bench.request("REGISTER", HOME, "john", "john", 1, "");
    let challenge = finals(bench.hear(HOME, &whole(&text))).remove(0);
    let right = credentials(&challenge, "REGISTER", "john", "john", "sip:cordboard.lab");
    for (seq, (why, line, wanted)) in [
        ("for another target", right.replace("uri=\"sip:cordboard.lab\"", "uri=\"sip:elsewhere\""), "400"),
        ("without nc", right.replace("nc=00000001, ", ""), "400"),
        ("without cnonce", right.replace("cnonce=\"0a4f113b\", ", ""), "400"),
        ("auth-int", right.replace("qop=auth,", "qop=auth-int,"), "400"),
        ("a session algorithm", right.replace("algorithm=MD5", "algorithm=MD5-sess"), "401"),
        ("for proxies", right.replace("Authorization:", "Proxy-Authorization:"), "401"),
        ("whole and right", right.clone(), "200"),
        ("a second time", right.clone(), "401"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = bench.request("REGISTER", HOME, "john", "john", seq as u32 + 2, &line);
        let answer = finals(bench.hear(HOME, &whole(&text))).remove(0);
        assert_eq!(answer.status(), wanted, "{why}: {answer:?}");
        let stale = answer.header("WWW-Authenticate").is_some_and(|value| value.contains("stale=true"));
        assert_eq!(stale, why == "a second time");
    }
}

#[test]
fn a_contact_that_is_no_phones_is_not_registered() {
    let mut bench = Bench::new(|_| ());
    for (seq, (host, wanted)) in [
        (US, "403"),
        ("224.0.1.75", "403"),
        ("255.255.255.255:5060", "403"),
        ("0.0.0.0:5060", "403"),
        ("[ff02::1]:5060", "403"),
        ("laptop.invalid:5060;maddr=224.0.1.75", "403"),
        ("laptop.invalid:5060;maddr=127.0.0.1", "403"),
        // A phone on this machine that leaves out its port, one behind its own NAT, and one with a name only.
        ("127.0.0.1", "200"),
        ("10.0.0.7:5060", "200"),
        ("laptop.invalid", "200"),
    ]
    .into_iter()
    .enumerate()
    {
        let contact = format!("Contact: <sip:john@{host}>\r\n");
        let answer = bench.prove(HOME, "REGISTER", "john", "john", "john", 10 * (seq as u32 + 1), &contact);
        assert_eq!(answer.status(), wanted, "{host}: {answer:?}");
        assert_eq!(answer.header("Warning").is_some(), wanted == "403");
    }
}

#[test]
fn a_phone_that_names_us_as_its_own_address_is_rung_where_it_is() {
    let mut bench = Bench::new(|_| ());
    let contact = "Contact: <sip:john@127.0.0.1>\r\n";
    assert_eq!(bench.prove("127.0.0.1:7001", "REGISTER", "john", "john", "john", 1, contact).status(), "200");
    assert_eq!(bench.register("127.0.0.1:7002", "maria", "maria", 1).status(), "200");
    let contact = "Contact: <sip:maria@127.0.0.1:7002>\r\n";
    let invite = bench.request("INVITE", "127.0.0.1:7002", "maria", "john", 10, contact);
    let challenge = finals(bench.hear("127.0.0.1:7002", &whole(&invite))).remove(0);
    let proof = credentials(&challenge, "INVITE", "maria", "maria", "sip:john@cordboard.lab");
    let invite = bench.request("INVITE", "127.0.0.1:7002", "maria", "john", 11, &format!("{contact}{proof}"));
    let sent = bench.hear("127.0.0.1:7002", &with_sdp(&invite, "127.0.0.1:7002"));
    let rung: Vec<_> = sent.iter().filter(|sent| sent.text.starts_with("INVITE")).collect();
    assert_eq!(rung.len(), 1, "{sent:?}");
    assert_eq!(rung[0].to.to_string(), "127.0.0.1:7001");
    // Its answer comes back to us from ourselves: a loop, and the caller hears that nobody is there.
    let back = bench.hear("127.0.0.1:7001", &rung[0].text);
    assert_eq!(statuses(&finals(back.clone())), ["482"], "{back:?}");
    let refused = rung[0].text.lines().find_map(|line| line.strip_prefix("Via: ")).unwrap().to_owned();
    let head: String = ["From", "To", "Call-ID", "CSeq"]
        .iter()
        .map(|name| format!("{name}: {}\r\n", rung[0].header(name).unwrap()))
        .collect();
    let answer = whole(&format!("SIP/2.0 482 Loop Detected\r\nVia: {refused}\r\n{head}"));
    bench.hear("127.0.0.1:7001", &answer);
    bench.pass(60_000);
    assert!(bench.engine.is_idle());
}

#[test]
fn a_forged_address_is_not_flooded_with_answers() {
    let mut bench = Bench::new(|site| site.sip.guests = Guests::Any);
    let contact = format!("Contact: <sip:x@{HOME}>\r\n");
    let mut taken = 0;
    for n in 0..200 {
        let user = format!("x{n}@example.com");
        let invite = bench.request("INVITE", HOME, &user, "9002", 1, &contact);
        taken += usize::from(statuses(&finals(bench.hear(HOME, &with_sdp(&invite, HOME)))).contains(&"200"));
    }
    assert!((10..=30).contains(&taken), "{taken} calls that nobody acknowledges are answered");
    let other = bench.request("INVITE", ELSEWHERE, "y@example.com", "9002", 1, &contact);
    assert_eq!(
        statuses(&finals(bench.hear(ELSEWHERE, &with_sdp(&other, ELSEWHERE)))),
        ["200"],
        "another is not concerned"
    );
    bench.pass(120_000);
    let counts = bench.engine.counts();
    assert_eq!((counts.calls, counts.legs, counts.sessions, counts.transactions), (0, 0, 0, 0));
}
