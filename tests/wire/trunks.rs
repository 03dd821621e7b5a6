//! The world outside on the wire: where a call to a number goes, what its trunk is told, and who calls from there.

use super::world::{World, request, sdp, site};
use cordboard::engine::{Addressee, Button, Fact, Input, Question};
use cordboard::ids::{Mint, Ticket};
use cordboard::sip::digest::{Guard, Verdict};
use cordboard::sip::{Host, Message, Name, OfferBy, Request, Transport, parse};
use cordboard::site::{Guests, Number, NumberTo, Site};
use cordboard::time::Duration;
use cordboard::trunk::{Answer, Login, Place, Record, Rewrite, TrunkSetup};

pub const CALLER: &str = "192.0.2.9:5070";
pub const FIRST: &str = "198.51.100.1:5060";
pub const SECOND: &str = "198.51.100.2:5080";
/// What a host says that is there.
const THERE: &str = "200 OK";

pub fn trunk(id: &str, hosts: &[&str]) -> TrunkSetup {
    let place = |text: &&str| {
        let (host, port) = text.split_once(':').map_or((*text, None), |(host, port)| (host, port.parse().ok()));
        Place { host: Host::from(host), port }
    };
    TrunkSetup {
        id: id.into(),
        hosts: hosts.iter().map(place).collect(),
        transport: None,
        prefixes: vec!["+1555".into()],
        to_e164: Vec::new(),
        from_e164: Vec::new(),
        max_calls: None,
        login: None,
        register: false,
        trusted: false,
        probe: None,
        hold_signalling: Some(OfferBy::ReInvite),
    }
}

fn login() -> Option<Login> {
    Some(Login { user: "lab-at-pstn".into(), password: "secret".into() })
}

/// The lab with trunks; 77 leads to a number outside that they allow, 78 to one that none does, +15550100 is a test line.
fn lab(trunks: Vec<TrunkSetup>) -> Site {
    let mut site = site();
    site.trunks = trunks;
    for (dialled, to) in [
        ("77", NumberTo::Dial("+15550199".into())),
        ("78", NumberTo::Dial("+4420123".into())),
        ("+15550100", NumberTo::Echo),
    ] {
        site.numbers.push(Number { dialled: dialled.to_owned(), prefix: false, to });
    }
    site
}

pub fn world(trunks: Vec<TrunkSetup>) -> World {
    let mut world = World::with(lab(trunks));
    world.pass(Duration::from_millis(1));
    world
}

pub fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
}

/// Somebody inside calls a number; a call of its own by its name.
pub fn calls(world: &mut World, number: &str, name: &str) {
    let lines = format!(
        "From: \"Jane\" <sip:jane@{CALLER}>;tag={name}\nCall-ID: {name}\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{name}"
    );
    let invite = request("INVITE", &format!("sip:{number}@192.0.2.1"), CALLER, &lines, &sdp("192.0.2.9", 4000));
    world.hear(CALLER, invite.as_bytes());
}

/// What went to somebody since the last look: methods and statuses without 100 and repetitions, and the last of it.
pub fn told(world: &mut World, who: &str) -> (String, String) {
    let texts: Vec<String> = world.take().into_iter().filter(|(to, _)| to == who).map(|(_, text)| text).collect();
    let short = |text: &String| {
        let text = text.strip_prefix("SIP/2.0 ").unwrap_or(text);
        text.split([' ', '\n']).next().unwrap_or_default().to_owned()
    };
    let mut words: Vec<String> = texts.iter().map(short).filter(|word| word != "100").collect();
    words.dedup();
    (words.join(" "), texts.last().cloned().unwrap_or_default())
}

/// The INVITE that went to somebody, alone of what went there.
pub fn invited(world: &mut World, who: &str) -> String {
    let (short, text) = told(world, who);
    assert_eq!(short, "INVITE", "to {who}: {text}");
    text
}

pub fn answer(world: &mut World, who: &str, request: &str, status: &str, lines: &str) {
    let tag = if line(request, "To").contains("tag=") { "" } else { ";tag=theirs" };
    let body = if status.starts_with("200") && request.starts_with("INVITE") {
        sdp("198.51.100.1", 6000)
    } else {
        String::new()
    };
    let contact =
        if body.is_empty() { String::new() } else { format!("Contact: <sip:{who}>\nContent-Type: application/sdp\n") };
    let text = format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {}{tag}\nCall-ID: {}\nCSeq: {}\n{contact}{lines}Content-Length: {}\n\n",
        line(request, "Via"),
        line(request, "From"),
        line(request, "To"),
        line(request, "Call-ID"),
        line(request, "CSeq"),
        body.len(),
    );
    world.hear(who, format!("{}{body}", text.replace('\n', "\r\n")).as_bytes());
}

fn read(text: &str) -> Request {
    match parse(text.replace('\n', "\r\n").into_bytes().into()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_trunk_is_told_of_a_call() {
    for (rule, trusted, account) in
        [("a peer", false, false), ("a peer that is trusted", true, false), ("with an account", false, true)]
    {
        let mut pstn = trunk("pstn", &[FIRST]);
        pstn.trusted = trusted;
        pstn.login = login().filter(|_| account);
        pstn.from_e164 = vec![Rewrite { strip: "+1".into(), add: "001".into() }];
        let mut world = world(vec![pstn]);
        calls(&mut world, "77", "a");
        let invite = invited(&mut world, FIRST);
        assert!(
            invite.starts_with("INVITE sip:0015550199@198.51.100.1:5060 SIP/2.0"),
            "{rule}: as it is written there"
        );
        let host = if account { "198.51.100.1" } else { "cordboard.lab" };
        assert!(line(&invite, "From").starts_with(&format!("\"Jane\" <sip:jane@{host}>;tag=")), "{rule}: {invite}");
        assert_eq!(invite.contains("\nP-Asserted-Identity: \"Jane\" "), trusted, "RFC 3325 section 5, {rule}");
        assert_eq!(invite.contains("\nX-Contact-Id: "), trusted, "{rule}: our own affairs");
        let user = if account { "lab-at-pstn" } else { "cordboard" };
        assert!(line(&invite, "Contact").starts_with(&format!("<sip:{user}@192.0.2.1")), "{rule}");
    }
}

#[test]
fn a_call_goes_on_at_the_next_host_until_one_rings() {
    // What the first host does; then what both were told, and what the caller was told.
    for (rule, first, second, caller) in [
        ("RFC 3263 4.3: 503", &["503 Busy"][..], "INVITE", ""),
        ("with a 100 before", &["100 Trying", "503 Busy"], "INVITE", ""),
        ("408", &["408 Late"], "INVITE", ""),
        ("silence", &[], "INVITE", ""),
        ("but not when somebody is at it", &["100 Trying"], "", ""),
        ("nor when it has rung", &["180 Ringing", "503 Busy"], "", "180 503"),
        ("nor when it has been answered at once", &[THERE], "", "200"),
        ("a no is a no", &["403 No"], "", "403"),
        ("and so is a busy line", &["486 Busy"], "", "486"),
    ] {
        let mut world = world(vec![trunk("pstn", &[FIRST]), trunk("other", &[SECOND])]);
        calls(&mut world, "77", "a");
        let invite = invited(&mut world, FIRST);
        for status in first {
            answer(&mut world, FIRST, &invite, status, "");
        }
        world.pass(Duration::from_millis(4_100));
        let sent = world.take();
        world.sent.extend(sent.clone());
        assert_eq!(told(&mut world, SECOND).0, second, "{rule}");
        world.sent.extend(sent);
        assert_eq!(told(&mut world, CALLER).0, caller, "{rule}");
    }
}

#[test]
fn a_host_that_was_passed_over_late_is_called_back() {
    let mut world = world(vec![trunk("pstn", &[FIRST, SECOND])]);
    calls(&mut world, "77", "a");
    let late = invited(&mut world, FIRST);
    world.pass(Duration::from_millis(4_100));
    let (_, second) = told(&mut world, SECOND);
    answer(&mut world, FIRST, &late, "180 Ringing", "");
    assert_eq!(told(&mut world, FIRST).0, "CANCEL", "RFC 3261 section 9.1: as soon as it says something");
    answer(&mut world, SECOND, &second, THERE, "");
    assert_eq!(told(&mut world, CALLER).0, "200");
    calls(&mut world, "77", "b");
    assert_eq!(told(&mut world, FIRST).0, "", "it is not asked for the next call");
}

#[test]
fn nobody_left_is_told_to_the_caller() {
    let mut one = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut one, "77", "a");
    let invite = invited(&mut one, FIRST);
    answer(&mut one, FIRST, &invite, "503 Busy", "Retry-After: 60\n");
    assert_eq!(told(&mut one, CALLER).0, "503");
    calls(&mut one, "77", "b");
    assert_eq!(told(&mut one, CALLER).0, "503", "section 21.5.4: not before its time");
    one.pass(Duration::from_secs(60));
    one.take();
    calls(&mut one, "77", "c");
    invited(&mut one, FIRST);
}

#[test]
fn outside_of_the_prefixes_nothing_is_dialled() {
    let mut world = world(vec![trunk("pstn", &[FIRST])]);
    calls(&mut world, "78", "a");
    assert_eq!(told(&mut world, CALLER).0, "403");
    assert_eq!(told(&mut world, FIRST).0, "");
    // Nor by whoever comes from outside, and asks for a number of his own.
    for (from, number) in [(CALLER, "+15550199"), (FIRST, "+15550199"), (FIRST, "+4420123")] {
        let lines = format!("From: <sip:+4420999@{from}>;tag=b{number}\nCall-ID: b{number}{from}");
        let invite = request("INVITE", &format!("sip:{number}@192.0.2.1"), from, &lines, &sdp("192.0.2.9", 4000));
        world.hear(from, invite.replace("z9hG4bK1", &format!("z9hG4bK{number}{}", from.len())).as_bytes());
        assert_eq!(told(&mut world, from).0, "404", "{from} {number}");
    }
}

#[test]
fn a_trunk_has_no_more_calls_than_it_may() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.max_calls = Some(1);
    let mut world = world(vec![pstn]);
    calls(&mut world, "77", "a");
    let invite = invited(&mut world, FIRST);
    calls(&mut world, "77", "b");
    assert_eq!(told(&mut world, CALLER).0, "503");
    let inbound = |world: &mut World, name: &str| {
        let lines = format!("From: <sip:+1999@{FIRST}>;tag={name}\nCall-ID: {name}");
        let text = request("INVITE", "sip:+15550100@192.0.2.1", FIRST, &lines, &sdp("198.51.100.1", 4000));
        world.hear(FIRST, text.replace("z9hG4bK1", &format!("z9hG4bK{name}")).as_bytes());
        told(world, FIRST).0
    };
    assert_eq!(inbound(&mut world, "in1"), "503", "both ways together");
    answer(&mut world, FIRST, &invite, "486 Busy", "");
    world.take();
    assert_eq!(inbound(&mut world, "in2"), "200", "one has ended");
    calls(&mut world, "77", "c");
    assert_eq!(told(&mut world, CALLER).0, "503");
}

#[test]
fn a_password_is_proven_when_it_is_asked_for() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.login = login();
    let mut world = world(vec![pstn]);
    let mut guard = Guard::new(Mint::new(7).secret());
    calls(&mut world, "77", "a");
    let invite = invited(&mut world, FIRST);
    let challenge = guard.challenge(world.now, "pstn.example", false, [192, 0, 2, 1].into()).remove(0);
    answer(&mut world, FIRST, &invite, "407 Who", &format!("Proxy-Authenticate: {challenge}\n"));
    let (short, again) = told(&mut world, FIRST);
    assert_eq!(short, "ACK INVITE");
    let password = |user: &str| (user == "lab-at-pstn").then_some("secret");
    let verdict = guard.check(world.now, &read(&again), &Name::ProxyAuthorization, "pstn.example", password);
    assert_eq!(verdict, Verdict::Ok("lab-at-pstn".into()));
    answer(&mut world, FIRST, &again, THERE, "");
    assert_eq!(told(&mut world, CALLER).0, "200");
}

#[test]
fn who_calls_from_a_trunk() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.trusted = true;
    pstn.to_e164 =
        vec![Rewrite { strip: "00".into(), add: "+".into() }, Rewrite { strip: "0".into(), add: "+15550".into() }];
    (pstn.login, pstn.register) = (login(), true);
    let mut stranger = trunk("stranger", &[SECOND]);
    stranger.to_e164 = vec![Rewrite { strip: "00".into(), add: "+".into() }];
    for (rule, from, uri, lines, status) in [
        ("a number of nobody", FIRST, "sip:00100@192.0.2.1", "", "404"),
        ("ours, as it writes it", FIRST, "sip:0015550100@192.0.2.1", "", "200"),
        ("as it is written nearby", FIRST, "sip:0100@192.0.2.1", "", "200"),
        ("in E.164", FIRST, "sip:+15550100@192.0.2.1", "", "200"),
        (
            "by the account that is registered",
            FIRST,
            "sip:lab-at-pstn@192.0.2.1",
            "To: <sip:+15550100@pstn.example>",
            "200",
        ),
        ("another trunk", SECOND, "sip:0015550100@192.0.2.1", "", "200"),
        ("another port is somebody else", "198.51.100.1:5062", "sip:+15550100@192.0.2.1", "", "401"),
        ("another host, too", CALLER, "sip:+15550100@192.0.2.1", "", "401"),
        (
            "an agent by name is challenged",
            FIRST,
            "sip:+15550100@192.0.2.1",
            "From: <sip:maria@cordboard.lab>;tag=g",
            "401",
        ),
        ("so is who asks for one", FIRST, "sip:maria@192.0.2.1", "", "401"),
    ] {
        let mut site = lab(vec![pstn.clone(), stranger.clone()]);
        site.sip.guests = Guests::None;
        let mut world = World::with(site);
        let lines = if lines.contains("From:") {
            lines.to_owned()
        } else {
            format!("From: <sip:001999@{from}>;tag=g\n{lines}")
        };
        world.hear(from, request("INVITE", uri, from, &lines, &sdp("198.51.100.1", 4000)).as_bytes());
        assert_eq!(told(&mut world, from).0, format!("{status}"), "{rule}");
    }
}

#[test]
fn a_trunks_caller_is_named_as_it_says() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.to_e164 = vec![Rewrite { strip: "00".into(), add: "+".into() }];
    let pai = "\nP-Asserted-Identity: \"Bank\" <tel:001555444>";
    for (rule, trusted, lines, shown) in [
        ("its From", true, "", "\"Joe\" <sip:+1999@"),
        ("RFC 3325 section 5: what it asserts", true, pai, "\"Bank\" <sip:+1555444@"),
        ("from whom we trust", false, pai, "\"Joe\" <sip:+1999@"),
        ("RFC 3323: unless he does not want it", true, &format!("{pai}\nPrivacy: id"), "\"Anonymous\" <sip:anonymous@"),
    ] {
        pstn.trusted = trusted;
        let mut other = trunk("other", &[SECOND]);
        other.prefixes = vec!["+15550199".into()];
        let mut world = world(vec![other, pstn.clone()]);
        let lines = format!("From: Joe <sip:001999@{FIRST}>;tag=g{lines}");
        world.hear(FIRST, request("INVITE", "sip:77@192.0.2.1", FIRST, &lines, &sdp("198.51.100.1", 4000)).as_bytes());
        let invite = invited(&mut world, SECOND);
        assert!(line(&invite, "From").starts_with(shown), "{rule}: {invite}");
    }
}

#[test]
fn a_trunk_that_calls_from_anywhere_proves_who_it_is() {
    const ELSEWHERE: &str = "203.0.113.7:5060";
    for (rule, password, status) in [("with the password", "secret", "200"), ("not without", "wrong", "401")] {
        let mut pstn = trunk("pstn", &[FIRST]);
        pstn.login = login();
        let mut world = world(vec![pstn]);
        let uri = "sip:+15550100@192.0.2.1";
        let invite = |n: u32, more: &str| {
            let lines = format!(
                "From: <sip:lab-at-pstn@cordboard.lab>;tag=g\nCSeq: {n} INVITE\nVia: SIP/2.0/UDP {ELSEWHERE};branch=z9hG4bK{n}{more}"
            );
            request("INVITE", uri, ELSEWHERE, &lines, &sdp("203.0.113.7", 4000))
        };
        world.hear(ELSEWHERE, invite(1, "").as_bytes());
        assert_eq!(told(&mut world, ELSEWHERE).0, "401", "guests are welcome here, but he says to be somebody");
        let credentials = world.credentials("lab-at-pstn", password, &format!("INVITE {uri}"));
        world.hear(ELSEWHERE, invite(2, &format!("\nAuthorization: {credentials}")).as_bytes());
        assert_eq!(told(&mut world, ELSEWHERE).0, status, "{rule}");
    }
}

#[test]
fn what_else_a_trunk_is_answered() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.login = login();
    for (rule, method, lines, status) in [
        ("RFC 3261 section 11: is anybody there", "OPTIONS", "", "200"),
        ("it is no agent's phone", "REGISTER", "To: <sip:lab-at-pstn@cordboard.lab>", "401"),
        ("nobody calls anybody for it", "REFER", "Refer-To: <sip:+1555@192.0.2.1>", "403"),
        ("nobody has asked", "NOTIFY", "Event: refer\nSubscription-State: active", "481"),
        ("no messages", "MESSAGE", "", "405"),
    ] {
        let mut world = world(vec![pstn.clone()]);
        let uri = if method == "REGISTER" { "sip:cordboard.lab" } else { "sip:192.0.2.1" };
        world.hear(FIRST, request(method, uri, FIRST, lines, "").as_bytes());
        assert_eq!(told(&mut world, FIRST).0, status, "{rule}");
    }
    let mut world = world(vec![pstn]);
    let register = |n: u32, more: &str| {
        let own = format!(
            "From: <sip:lab-at-pstn@cordboard.lab>;tag=g\nTo: <sip:lab-at-pstn@cordboard.lab>\nCSeq: {n} REGISTER"
        );
        let via = format!("Via: SIP/2.0/UDP {FIRST};branch=z9hG4bK{n}");
        request("REGISTER", "sip:cordboard.lab", FIRST, &format!("{own}\n{via}{more}"), "")
    };
    world.hear(FIRST, register(1, "").as_bytes());
    let credentials = world.credentials("lab-at-pstn", "secret", "REGISTER sip:cordboard.lab");
    world.hear(FIRST, register(2, &format!("\nAuthorization: {credentials}")).as_bytes());
    assert_eq!(told(&mut world, FIRST).0, "401 403", "it may call us, not be called as an agent");
}

#[test]
fn a_host_is_asked_whether_it_is_there() {
    let mut pstn = trunk("pstn", &[FIRST]);
    pstn.probe = Some(Duration::from_secs(30));
    let mut world = world(vec![pstn]);
    let (short, options) = told(&mut world, FIRST);
    assert_eq!(short, "OPTIONS");
    assert!(options.starts_with("OPTIONS sip:198.51.100.1:5060 SIP/2.0"), "{options}");
    answer(&mut world, FIRST, &options, THERE, "");
    world.pass(Duration::from_millis(30_500));
    assert_eq!(told(&mut world, FIRST).0, "OPTIONS", "in time");
    world.pass(Duration::from_secs(8));
    world.take();
    calls(&mut world, "77", "a");
    assert_eq!(told(&mut world, CALLER).0, "503", "nobody waits for a host that is down");
    world.pass(Duration::from_secs(60));
    let (_, options) = told(&mut world, FIRST);
    answer(&mut world, FIRST, &options, "405 What", "");
    world.take();
    calls(&mut world, "77", "b");
    invited(&mut world, FIRST);
}

#[test]
fn we_register_where_we_have_an_account() {
    let mut pstn = trunk("pstn", &[FIRST]);
    (pstn.login, pstn.register) = (login(), true);
    let mut world = world(vec![pstn]);
    let (short, register) = told(&mut world, FIRST);
    assert_eq!(short, "REGISTER");
    for (name, value) in [
        ("To", "<sip:lab-at-pstn@198.51.100.1:5060>"),
        ("Contact", "<sip:lab-at-pstn@192.0.2.1:5060>"),
        ("Expires", "3600"),
    ] {
        assert_eq!(line(&register, name), value);
    }
    let mut guard = Guard::new(Mint::new(7).secret());
    let challenge = guard.challenge(world.now, "pstn.example", false, [192, 0, 2, 1].into()).remove(0);
    answer(&mut world, FIRST, &register, "401 Who", &format!("WWW-Authenticate: {challenge}\n"));
    let (short, again) = told(&mut world, FIRST);
    assert_eq!(short, "REGISTER");
    assert_eq!(line(&again, "Call-ID"), line(&register, "Call-ID"), "RFC 3261 section 10.2");
    assert_eq!(line(&again, "CSeq"), "2 REGISTER");
    let password = |user: &str| (user == "lab-at-pstn").then_some("secret");
    let verdict = guard.check(world.now, &read(&again), &Name::Authorization, "pstn.example", password);
    assert_eq!(verdict, Verdict::Ok("lab-at-pstn".into()));
    answer(&mut world, FIRST, &again, THERE, "Contact: <sip:lab-at-pstn@192.0.2.1:5060>;expires=600\n");
    world.pass(Duration::from_secs(529));
    assert_eq!(told(&mut world, FIRST).0, "");
    world.pass(Duration::from_secs(2));
    assert_eq!(told(&mut world, FIRST).0.split(' ').next(), Some("REGISTER"), "before it runs out");
    world.input(Input::Drain);
    let (_, last) = told(&mut world, FIRST);
    assert_eq!(line(&last, "Expires"), "0", "whoever goes says so");
}

#[test]
fn a_host_by_name_is_looked_up_before_it_is_called() {
    let mut pstn = trunk("pstn", &["pstn.example"]);
    pstn.transport = Some(Transport::Udp);
    let mut world = world(vec![pstn]);
    let srv = |priority, port, target: &str| Record::Srv { priority, weight: 0, port, target: target.into() };
    let address = |ip: [u8; 4]| vec![Record::Address(ip.into())];
    for (question, records) in [
        ("Srv(\"_sip._udp.pstn.example\")", vec![srv(2, 5080, "b.pstn.example"), srv(1, 5060, "a.pstn.example")]),
        ("Address(\"a.pstn.example\")", address([198, 51, 100, 1])),
        ("Address(\"b.pstn.example\")", address([198, 51, 100, 2])),
    ] {
        let at = world.asked.iter().position(|Question::Resolve(asked)| format!("{asked:?}") == question);
        let asked = world.asked.remove(at.unwrap_or_else(|| panic!("{question} in {:?}", world.asked)));
        let answer = Answer::Records(records, Duration::from_secs(600));
        world.input(Input::Answer(asked, Fact::Resolved(answer)));
        world.pass(Duration::from_millis(1));
    }
    world.take();
    calls(&mut world, "77", "a");
    let invite = invited(&mut world, FIRST);
    assert!(invite.starts_with("INVITE sip:+15550199@pstn.example SIP/2.0"), "RFC 3263 section 4: {invite}");
    answer(&mut world, FIRST, &invite, "503 Busy", "");
    let (short, _) = told(&mut world, SECOND);
    assert_eq!(short, "INVITE", "section 4.3: the next that SRV names");
    let lines = format!("From: <sip:+1999@{SECOND}>;tag=g");
    let inbound = request("INVITE", "sip:+15550100@192.0.2.1", SECOND, &lines, &sdp("198.51.100.2", 4000));
    world.hear(SECOND, inbound.as_bytes());
    assert_eq!(told(&mut world, SECOND).0, "200", "and it is known when it calls");
}

#[test]
fn an_outbound_contact_rings_at_its_agent_first_and_not_at_all_in_a_switch_that_is_about_to_end() {
    const JOHN: &str = "192.0.2.50:5060";
    for (draining, wanted) in [(false, "INVITE"), (true, "")] {
        let mut site = lab(vec![trunk("pstn", &[FIRST])]);
        site.sip.domain = "biloxi.example.com".into();
        let mut world = World::with(site);
        world.register("john", "john", JOHN);
        if draining {
            world.input(Input::Drain);
        }
        world.take();
        let target = Addressee::Destination("+15550199".into());
        let button = Button::CreateOutboundContact { target };
        world.input(Input::Button { agent: "john".into(), button, ticket: Ticket(1) });
        assert_eq!(told(&mut world, JOHN).0, wanted, "draining: {draining}");
        assert_eq!(told(&mut world, FIRST).0, "", "nobody is called before he has answered");
    }
}

#[test]
fn a_customer_who_is_lost_as_he_goes_back_into_his_queue_is_offered_to_nobody() {
    const MARIA: &str = "192.0.2.60:5060";
    let mut site = lab(vec![trunk("pstn", &[FIRST])]);
    site.sip.domain = "biloxi.example.com".into();
    let mut world = World::with(site);
    world.register("maria", "maria", MARIA);
    world.take();
    // She has a customer, and calls the bank for him: neither he nor the bank answers anything any more.
    calls(&mut world, "2000", "a");
    world.pass(Duration::from_millis(10));
    let sent = world.take();
    let to = |who: &str, start: &str| {
        let found = sent.iter().find(|(to, text)| to == who && text.starts_with(start));
        found.map(|(_, text)| text.clone()).unwrap_or_else(|| panic!("no {start} to {who}: {sent:#?}"))
    };
    let (ok, offer) = (to(CALLER, "SIP/2.0 200"), to(MARIA, "INVITE"));
    let target = line(&ok, "Contact").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
    let his = |seq: &str| {
        format!(
            "From: {}\nTo: {}\nCall-ID: a\nCSeq: {seq}\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKack",
            line(&ok, "From"),
            line(&ok, "To")
        )
    };
    world.hear(CALLER, request("ACK", &target, CALLER, &his("1 ACK"), "").as_bytes());
    answer(&mut world, MARIA, &offer, THERE, "");
    world.pass(Duration::from_secs(2));
    let target = Addressee::QuickConnect("bank".into());
    let button = Button::CreateAdditionalConnection { contact: None, target };
    world.take();
    world.input(Input::Button { agent: "maria".into(), button, ticket: Ticket(1) });
    let sent: Vec<String> = world.take().into_iter().map(|(to, _)| to).collect();
    assert!([FIRST, CALLER].iter().all(|who| sent.iter().any(|to| to == who)), "bank called, customer held: {sent:?}");
    let hers = format!(
        "From: {};tag=theirs\nTo: {}\nCall-ID: {}\nVia: SIP/2.0/UDP {MARIA};branch=z9hG4bKbye",
        line(&offer, "To"),
        line(&offer, "From"),
        line(&offer, "Call-ID")
    );
    let target = line(&offer, "Contact").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
    world.hear(MARIA, request("BYE", &target, MARIA, &hers, "").as_bytes());
    assert_eq!(told(&mut world, MARIA).0, "200");
    // Both come to 408 in the same moment.
    world.pass(Duration::from_secs(40));
    assert_eq!(world.engine.broken_laws(), Vec::<String>::new());
    assert_eq!(told(&mut world, MARIA).0, "", "she is asked for nobody");
    assert_eq!(world.engine.snapshot(&"maria".into()).map(|screen| screen.state), Some("Available".into()));
}

#[test]
fn nothing_more_is_said_to_a_trunk_when_a_plain_call_is_answered() {
    for trusted in [false, true] {
        let mut pstn = trunk("pstn", &[FIRST]);
        pstn.trusted = trusted;
        let mut world = world(vec![pstn]);
        calls(&mut world, "77", "a");
        let invite = invited(&mut world, FIRST);
        answer(&mut world, FIRST, &invite, "200 OK", "Allow: INVITE, ACK, CANCEL, BYE\n");
        world.pass(Duration::from_secs(2));
        let sent = told(&mut world, FIRST);
        assert_eq!(sent.0, "ACK", "trusted: {trusted}: {}", sent.1);
    }
}
