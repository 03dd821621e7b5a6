//! Tests of the phone: phones against phones, and against a scripted peer, in virtual time.

use super::*;
use crate::ids::Mint;
use std::collections::BTreeMap;

mod options;
mod transfers;

/// Phones on one wire, each sending to the others by address. Loses, repeats and delays as it is told, from a seed.
struct Net {
    now: Time,
    phones: Vec<Phone>,
    events: Vec<(usize, PhoneEvent)>,
    /// By arrival time, then by order of sending.
    wire: BTreeMap<(Time, u64), Datagram>,
    sent: u64,
    mint: Mint,
    loss_percent: u64,
    sip_log: Vec<String>,
}

struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
    rtp: bool,
}

fn sip(n: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1 + n as u8], 5060))
}

fn rtp(n: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1 + n as u8], 4000))
}

const NOTES: [f32; 3] = [350.0, 550.0, 650.0];

impl Net {
    fn new(count: usize) -> Net {
        let phones = (0..count)
            .map(|n| {
                let other = sip((n + 1) % count);
                let mut config = PhoneConfig::new(["ann", "bob", "cid"][n], other, sip(n), rtp(n));
                config.note_hz = NOTES[n];
                config.seed = n as u64 + 10;
                Phone::new(config)
            })
            .collect();
        Net {
            now: Time::from_micros(1_000_000),
            phones,
            events: Vec::new(),
            wire: BTreeMap::new(),
            sent: 0,
            mint: Mint::new(5),
            loss_percent: 0,
            sip_log: Vec::new(),
        }
    }

    fn collect(&mut self) {
        for n in 0..self.phones.len() {
            while let Some(out) = self.phones[n].poll_output() {
                let (from, to, bytes, rtp) = match out {
                    PhoneOut::Event(event) => {
                        self.events.push((n, event));
                        continue;
                    }
                    PhoneOut::Sip { to, bytes } => (sip(n), to, bytes, false),
                    PhoneOut::Rtp { to, bytes } => (rtp(n), to, bytes, true),
                };
                if !rtp {
                    let line = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned();
                    self.sip_log.push(format!("{n} {line}"));
                }
                if self.mint.below(100) >= self.loss_percent {
                    self.sent += 1;
                    let delay = Duration::from_millis(5);
                    self.wire.insert((self.now + delay, self.sent), Datagram { from, to, bytes, rtp });
                }
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        loop {
            self.collect();
            let timers = self.phones.iter().filter_map(Phone::deadline).min();
            let next = earliest(timers, self.wire.first_key_value().map(|((at, _), _)| *at));
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let Datagram { from, to, bytes, rtp: is_rtp } = entry.remove();
                let here = |n: &usize| if is_rtp { rtp(*n) == to } else { sip(*n) == to };
                let Some(n) = (0..self.phones.len()).find(here) else { continue };
                if is_rtp {
                    self.phones[n].rtp(self.now, from, &bytes);
                } else {
                    self.phones[n].sip(self.now, from, &bytes);
                }
            }
            for phone in &mut self.phones {
                phone.wake(self.now);
            }
        }
        self.now = end;
    }

    fn heard(&self, n: usize) -> usize {
        self.phones[n].lines().map(|line| line.heard().len()).sum()
    }

    fn digits(&self, n: usize) -> String {
        let digit = |(of, event): &(usize, PhoneEvent)| match event {
            PhoneEvent::Digit { digit, .. } if *of == n => Some(*digit),
            _ => None,
        };
        self.events.iter().filter_map(digit).collect()
    }

    fn ended(&self, n: usize) -> Option<(bool, Option<u16>)> {
        self.events.iter().find_map(|(of, event)| match event {
            PhoneEvent::Ended { local, status, .. } if *of == n => Some((*local, *status)),
            _ => None,
        })
    }

    fn count(&self, line: &str) -> usize {
        self.sip_log.iter().filter(|each| each.contains(line)).count()
    }

    #[track_caller]
    fn no_complaints(&self) {
        for phone in &self.phones {
            assert!(phone.complaints().is_empty(), "{}: {:#?}", phone.config.user, phone.complaints());
        }
    }

    /// Ann calls Bob, who answers after 300 ms.
    fn up(&mut self) -> (LineId, LineId) {
        self.phones[1].habits_mut().answers_after = Some(Duration::from_millis(300));
        let line = self.phones[0].call(self.now, "bob");
        self.run(600);
        assert_eq!(self.phones[0].line(line).unwrap().state(), LineState::Up);
        (line, LineId(1))
    }
}

#[test]
fn a_call_from_ring_to_bye() {
    let mut net = Net::new(2);
    let line = net.phones[0].call(net.now, "bob");
    net.run(100);
    let ringing = PhoneEvent::Ringing { line: LineId(1), from_display: None, from_uri: "ann@cordboard.lab".into() };
    assert!(net.events.contains(&(1, ringing)), "{:?}", net.events);
    assert!(net.events.contains(&(0, PhoneEvent::Progress { line, status: 180 })));
    assert!(net.phones[1].answer(net.now, LineId(1)));
    net.run(1000);
    for n in [0, 1] {
        assert!(net.events.contains(&(n, PhoneEvent::Answered { line: LineId(1) })));
        assert!((48..=51).contains(&net.heard(n)), "{n} heard {}", net.heard(n));
    }
    assert!(net.phones[0].hang_up(net.now, line));
    net.run(40_000);
    assert_eq!((net.ended(0), net.ended(1)), (Some((true, None)), Some((false, None))));
    assert_eq!((net.count("INVITE sip"), net.count("BYE"), net.count("ACK")), (1, 1, 1));
    net.no_complaints();
    assert_eq!(net.phones[0].deadline(), None, "everything is over");
}

#[test]
fn a_call_is_refused() {
    for status in [486, 603, 480] {
        let mut net = Net::new(2);
        net.phones[1].habits_mut().declines_with = Some(status);
        net.phones[0].call(net.now, "bob");
        net.run(40_000);
        assert_eq!(net.ended(0), Some((false, Some(status))));
        assert_eq!(net.count("ACK"), 1);
        net.no_complaints();
    }
}

#[test]
fn a_call_is_given_up() {
    for wait in [0, 100] {
        let mut net = Net::new(2);
        let line = net.phones[0].call(net.now, "bob");
        net.run(wait);
        net.phones[0].hang_up(net.now, line);
        net.run(40_000);
        assert_eq!((net.ended(0), net.ended(1)), (Some((true, Some(487))), Some((false, Some(487)))), "{wait}");
        assert_eq!((net.count("0 CANCEL"), net.count("1 SIP/2.0 487")), (1, 1));
        net.no_complaints();
    }
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut net = Net::new(2);
    let line = net.phones[0].call(net.now, "bob");
    net.run(100);
    net.phones[0].hang_up(net.now, line);
    net.phones[1].answer(net.now, LineId(1));
    net.run(40_000);
    assert_eq!((net.count("0 ACK"), net.count("0 BYE")), (1, 1));
    assert!(net.phones.iter().all(|phone| phone.live_line().is_none()));
    net.no_complaints();
}

#[test]
fn nobody_there_is_a_timeout() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().silent = true;
    net.phones[0].call(net.now, "bob");
    net.run(40_000);
    assert_eq!(net.ended(0), Some((false, Some(408))));
    // RFC 3261 section 17.1.1.2: at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    assert_eq!(net.count("0 INVITE"), 7);
}

#[test]
fn hold_and_resume() {
    for form in [HoldForm::SendOnly, HoldForm::Inactive, HoldForm::ZeroAddress] {
        let mut net = Net::new(2);
        net.phones[0].habits_mut().holds = form;
        let (a, b) = net.up();
        assert!(net.phones[0].hold(net.now, a));
        assert!(!net.phones[0].hold(net.now, a), "it is held already");
        net.run(200);
        let (ours, theirs) = match form {
            HoldForm::Inactive => (Direction::Inactive, Direction::Inactive),
            HoldForm::SendOnly | HoldForm::ZeroAddress => (Direction::SendOnly, Direction::RecvOnly),
        };
        assert_eq!(net.phones[0].line(a).unwrap().direction(), Some(ours));
        assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(theirs));
        assert!(net.phones[1].line(b).unwrap().is_held());
        assert!(net.events.contains(&(1, PhoneEvent::ReInvited { line: b, direction: theirs })));
        let before = net.heard(0);
        net.run(1000);
        assert_eq!(net.heard(0), before, "the held side is quiet");
        assert!(net.phones[0].resume(net.now, a));
        net.run(500);
        assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::SendRecv));
        assert!(net.heard(0) > before);
        net.no_complaints();
    }
}

#[test]
fn re_invites_that_meet_are_tried_again() {
    let mut net = Net::new(2);
    let (a, b) = net.up();
    net.phones[0].hold(net.now, a);
    net.phones[1].hold(net.now, b);
    net.run(10_000);
    assert!(net.count("491") >= 1);
    for line in [net.phones[0].line(a), net.phones[1].line(b)] {
        assert_eq!(line.unwrap().direction(), Some(Direction::Inactive), "both hold");
    }
    net.no_complaints();
}

#[test]
fn refusals_of_a_re_invite_keep_the_call() {
    let mut net = Net::new(2);
    let (a, b) = net.up();
    net.phones[1].habits_mut().refuses_reinvite = true;
    net.phones[0].hold(net.now, a);
    net.run(500);
    let kept = PhoneEvent::Changed { line: a, status: 488, direction: Direction::SendRecv };
    assert!(net.events.contains(&(0, kept)), "{:?}", net.events);
    net.phones[1].habits_mut().refuses_reinvite = false;
    net.phones[1].habits_mut().glares = 2;
    net.phones[0].hold(net.now, a);
    net.run(10_000);
    assert_eq!(net.count("491"), 2);
    assert_eq!(net.phones[1].line(b).unwrap().direction(), Some(Direction::RecvOnly));
    net.no_complaints();
}

#[test]
fn digits_by_rtp_and_by_info() {
    for by_info in [false, true] {
        let mut net = Net::new(2);
        net.phones[0].habits_mut().digits_by_info = by_info;
        let (a, _) = net.up();
        net.phones[0].dtmf(net.now, a, "*411#");
        net.run(3000);
        assert_eq!(net.digits(1), "*411#", "by info: {by_info}");
        assert_eq!(net.count("INFO"), if by_info { 5 } else { 0 });
        net.no_complaints();
    }
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().early_media = true;
    let line = net.phones[0].call(net.now, "bob");
    net.run(500);
    assert!(net.events.contains(&(0, PhoneEvent::Progress { line, status: 183 })));
    assert!(net.heard(0) > 20, "{}", net.heard(0));
    assert_eq!(net.heard(1), 0);
    net.phones[1].answer(net.now, LineId(1));
    net.run(500);
    assert!(net.heard(1) > 20);
    net.no_complaints();
}

#[test]
fn codecs_meet_or_the_call_is_refused() {
    let mut net = Net::new(2);
    net.phones[1].config.codecs = vec![Codec::Pcma];
    net.up();
    assert_eq!(net.phones[0].line(LineId(1)).unwrap().session.stream.as_ref().unwrap().codec, (8, Codec::Pcma));
    net.no_complaints();
    let mut net = Net::new(2);
    net.phones[0].config.codecs = vec![Codec::Pcmu];
    net.phones[1].config.codecs = vec![Codec::Pcma];
    net.phones[1].habits_mut().answers_after = Some(Duration::ZERO);
    net.phones[0].call(net.now, "bob");
    net.run(500);
    assert_eq!(net.ended(0), Some((false, Some(488))));
}

#[test]
fn lossy_links_change_nothing_but_the_time() {
    for seed in 0..30 {
        let mut net = Net::new(2);
        (net.loss_percent, net.mint) = (20, Mint::new(seed));
        net.phones[1].habits_mut().answers_after = Some(Duration::from_millis(300));
        let line = net.phones[0].call(net.now, "bob");
        net.run(12_000);
        assert!(net.events.contains(&(1, PhoneEvent::Answered { line: LineId(1) })), "seed {seed}: {:?}", net.sip_log);
        net.phones[0].hold(net.now, line);
        net.run(10_000);
        assert_eq!(net.phones[1].line(LineId(1)).unwrap().direction(), Some(Direction::RecvOnly), "seed {seed}");
        net.phones[1].hang_up(net.now, LineId(1));
        net.run(80_000);
        assert!(net.phones.iter().all(|phone| phone.live_line().is_none()), "seed {seed}");
        assert!(net.phones.iter().all(|phone| phone.deadline().is_none()), "seed {seed}");
        net.no_complaints();
    }
}

#[test]
fn several_lines_at_once() {
    let mut net = Net::new(3);
    net.phones[1].habits_mut().answers_after = Some(Duration::ZERO);
    net.phones[2].config.registrar = sip(1);
    let (one, two) = (net.phones[0].call(net.now, "bob"), net.phones[2].call(net.now, "bob"));
    net.run(1000);
    assert_eq!(net.phones[1].lines().filter(|line| line.state() == LineState::Up).count(), 2);
    assert!(net.phones[1].lines().all(|line| (40..=50).contains(&line.heard().len())));
    net.phones[0].hang_up(net.now, one);
    net.run(100);
    assert_eq!(net.phones[2].line(two).unwrap().state(), LineState::Up);
    net.phones[1].config.lines = 1;
    net.phones[0].call(net.now, "bob");
    net.run(100);
    assert_eq!(net.count("1 SIP/2.0 486"), 1);
    net.no_complaints();
}

#[test]
fn a_phone_without_update_or_rtp() {
    let mut net = Net::new(2);
    net.phones[1].habits_mut().no_rtp = true;
    net.phones[1].habits_mut().no_update = true;
    let (a, _) = net.up();
    assert_eq!(net.heard(0), 0);
    net.phones[0].update(net.now, a);
    net.run(100);
    assert_eq!(net.phones[1].complaints().len(), 1, "an UPDATE that was not allowed");
    assert_eq!(net.count("1 SIP/2.0 405"), 1);
}

/// A peer made of text: it sees what the phone sends and answers by hand.
struct Script {
    now: Time,
    phone: Phone,
}

impl Script {
    fn new(password: Option<&str>) -> Script {
        let mut config = PhoneConfig::new("john", sip(9), sip(0), rtp(0));
        config.password = password.map(str::to_owned);
        config.habits.answers_after = Some(Duration::ZERO);
        Script { now: Time::from_micros(1_000_000), phone: Phone::new(config) }
    }

    /// Everything it sent since the last time.
    fn sent(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(out) = self.phone.poll_output() {
            if let PhoneOut::Sip { bytes, .. } = out {
                sent.push(String::from_utf8(bytes).unwrap());
            }
        }
        sent
    }

    fn say(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        self.phone.sip(self.now, sip(9), text.as_bytes());
    }

    fn later(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.phone.deadline().filter(|at| *at <= end) {
            self.now = at;
            self.phone.wake(at);
        }
        self.now = end;
    }

    fn complaints(&self) -> String {
        self.phone.complaints().iter().map(|complaint| complaint.text.clone()).collect::<Vec<_>>().join("; ")
    }
}

fn header(message: &str, name: &str) -> String {
    let line = message.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{}:", name.to_lowercase())));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// A response to what the phone sent.
fn reply(request: &str, status: &str, extra: &str) -> String {
    let tag = if header(request, "To").contains("tag=") { "" } else { ";tag=r1" };
    let copied = ["Via", "From", "Call-ID", "CSeq"].map(|name| format!("{name}: {}", header(request, name))).join("\n");
    format!("SIP/2.0 {status}\n{copied}\nTo: {}{tag}\n{extra}Content-Length: 0\n\n", header(request, "To"))
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"lab\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"\n\
    WWW-Authenticate: Digest realm=\"lab\", nonce=\"n2\", algorithm=MD5, qop=\"auth\"\n";

#[test]
fn registering_answers_the_challenge_and_refreshes() {
    let mut script = Script::new(Some("secret"));
    script.phone.register(script.now);
    let first = script.sent().remove(0);
    assert!(first.starts_with("REGISTER sip:cordboard.lab SIP/2.0"), "{first}");
    script.say(&reply(&first, "401 Unauthorized", CHALLENGE));
    let second = script.sent().remove(0);
    let credentials = header(&second, "Authorization");
    assert!(credentials.contains("nonce=\"n2\"") && credentials.contains("nc=00000001"), "{credentials}");
    assert_eq!((header(&first, "Call-ID"), "2 REGISTER".into()), (header(&second, "Call-ID"), header(&second, "CSeq")));
    let contact = header(&second, "Contact");
    script.say(&reply(&second, "200 OK", &format!("Contact: <sip:x@10.9.9.9>;expires=5, {contact};expires=60\n")));
    assert!(script.phone.is_registered());
    script.later(44_000);
    assert!(script.sent().is_empty());
    script.later(2_000);
    assert!(script.sent().remove(0).starts_with("REGISTER"), "refreshed at three quarters");
    assert_eq!(script.complaints(), "");
}

#[test]
fn a_wrong_password_is_given_up() {
    let mut script = Script::new(Some("wrong"));
    script.phone.register(script.now);
    for asked in [1, 1, 1, 0] {
        let sent = script.sent();
        assert_eq!(sent.len(), asked);
        if let Some(request) = sent.first() {
            script.say(&reply(request, "401 Unauthorized", CHALLENGE));
        }
    }
    assert!(!script.phone.is_registered());
}

#[test]
fn a_challenged_call_is_made_again() {
    let mut script = Script::new(Some("secret"));
    script.phone.call(script.now, "1000");
    let first = script.sent().remove(0);
    let challenge = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate");
    script.say(&reply(&first, "407 Proxy Authentication Required", &challenge));
    let sent = script.sent();
    assert!(sent[0].starts_with("ACK sip:1000@cordboard.lab SIP/2.0"), "{}", sent[0]);
    assert_eq!(header(&sent[0], "CSeq"), "1 ACK");
    assert_eq!(header(&sent[0], "Via"), header(&first, "Via"));
    assert_eq!(header(&sent[1], "CSeq"), "2 INVITE");
    assert!(header(&sent[1], "Proxy-Authorization").contains("response="));
    assert_ne!(header(&sent[1], "Via"), header(&first, "Via"));
    assert_eq!(script.complaints(), "");
}

const SDP: &str = "v=0\no=- 1 1 IN IP4 10.0.0.10\ns=-\nc=IN IP4 10.0.0.10\nt=0 0\nm=audio 9000 RTP/AVP 0\na=sendrecv\n";

fn request(method: &str, branch: &str, cseq: u32, to_tag: &str, body: &str) -> String {
    let body = body.replace('\n', "\r\n");
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "{method} sip:john@10.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.10:5060;branch=z9hG4bK{branch}\n\
         Max-Forwards: 70\nFrom: <sip:1000@cordboard.lab>;tag=p1\nTo: <sip:john@cordboard.lab>{to_tag}\nCall-ID: c1\n\
         CSeq: {cseq} {method}\nContact: <sip:10.0.0.10:5060>\n{kind}Content-Length: {}\n\n{body}",
        body.len()
    )
}

/// The phone in a call that the peer made; what the peer needs for the dialog.
fn in_call() -> (Script, String) {
    let mut script = Script::new(None);
    script.say(&request("INVITE", "1", 1, "", SDP));
    let answer = script.sent().pop().unwrap();
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    let tag = header(&answer, "To").split_once(';').map(|(_, tag)| format!(";{tag}")).unwrap();
    script.say(&request("ACK", "2", 1, &tag, ""));
    (script, tag)
}

#[test]
fn rules_that_are_broken_are_named() {
    let held = SDP.replace("sendrecv", "sendonly");
    let (good, stale, jumped) = (held.replace("1 1 IN", "1 2 IN"), held.clone(), held.replace("1 1 IN", "1 9 IN"));
    for (method, branch, cseq, body, fault) in [
        ("INVITE", "3", 2, good.as_str(), ""),
        ("INVITE", "3", 2, SDP, ""),
        ("BYE", "3", 2, "", ""),
        ("INFO", "3", 7, "", ""),
        ("INVITE", "3", 2, stale.as_str(), "version went 1 to 1"),
        ("INVITE", "3", 2, jumped.as_str(), "version went 1 to 9"),
        ("BYE", "3", 1, "", "CSeq of BYE is 1, not above 1"),
        ("BYE", "1", 2, "", "reuses the branch"),
        ("ACK", "3", 9, "", "no INVITE had"),
        ("ACK", "1", 1, "", "has the INVITE's branch"),
    ] {
        let (mut script, tag) = in_call();
        if fault.contains("the INVITE's branch") {
            script = Script::new(None);
            script.say(&request("INVITE", "1", 1, "", SDP));
        }
        script.say(&request(method, branch, cseq, &tag, body));
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{method} {cseq}: {told}");
        assert!(told.contains(fault), "{method} {cseq}: {told}");
    }
}

#[test]
fn broken_messages_are_named() {
    for (from, to, fault) in [
        ("", "", ""),
        ("Max-Forwards: 70\n", "", "without Max-Forwards"),
        ("Contact: <sip:10.0.0.10:5060>\n", "", "without a Contact"),
        (";tag=p1", "", "without a From tag"),
        ("z9hG4bK", "x", "with the branch x1"),
        ("Content-Length: ", "Content-Length: 4", "wrong Content-Length"),
        ("Content-Type: application/sdp\n", "", "no Content-Type"),
        ("Call-ID: c1\n", "", "Call-ID"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "CSeq of BYE"),
        ("sip:john@10.0.0.1:5060", "sip:mary@10.0.0.1:5060", "not our Contact"),
        ("Via", "v", "Via"),
    ] {
        let mut script = Script::new(None);
        let invite = request("INVITE", "1", 1, "", SDP);
        script.say(&if from.is_empty() { invite } else { invite.replacen(from, to, 1) });
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{from}: {told}");
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

#[test]
fn an_answer_without_ack_is_repeated_and_then_hung_up() {
    let mut script = Script::new(None);
    script.say(&request("INVITE", "1", 1, "", SDP));
    script.later(33_000);
    let sent = script.sent();
    let answers = sent.iter().filter(|message| message.starts_with("SIP/2.0 200")).count();
    assert_eq!(answers, 11, "RFC 3261 section 13.3.1.4: at T1, then doubling to T2, for 64*T1");
    assert!(sent.iter().any(|message| message.starts_with("BYE sip:10.0.0.10:5060 SIP/2.0")));
    assert!(script.complaints().contains("no ACK"));
}

#[test]
fn an_offer_in_our_answer_is_answered_in_the_ack() {
    let mut script = Script::new(None);
    script.say(&request("INVITE", "1", 1, "", ""));
    let answer = script.sent().pop().unwrap();
    assert!(answer.contains("m=audio 4000 RTP/AVP 0 8 101"), "{answer}");
    let tag = header(&answer, "To").split_once(';').map(|(_, tag)| format!(";{tag}")).unwrap();
    script.say(&request("ACK", "2", 1, &tag, SDP));
    assert_eq!(script.complaints(), "");
    assert_eq!(script.phone.line(LineId(1)).unwrap().remote_rtp(), Some("10.0.0.10:9000".parse().unwrap()));
}

#[test]
fn who_is_there_is_shown_anew() {
    let (mut script, tag) = in_call();
    let update = request("UPDATE", "3", 2, &tag, "")
        .replace("Max-Forwards", "P-Asserted-Identity: \"Maria\" <sip:maria@cordboard.lab>\nMax-Forwards");
    script.say(&update);
    assert_eq!(script.complaints(), "");
    let shown = script.phone.line(LineId(1)).unwrap().identity().unwrap();
    assert_eq!((shown.name.as_deref(), shown.address.as_str()), (Some("Maria"), "maria@cordboard.lab"));
    assert!(script.sent().iter().any(|message| message.starts_with("SIP/2.0 200")));
}

#[test]
fn what_it_does_not_know_it_refuses() {
    for (method, extra, status) in
        [("REFER", "", "405"), ("OPTIONS", "", "200"), ("OPTIONS", "Require: x-foo\n", "420"), ("BYE", "", "405")]
    {
        let mut script = Script::new(None);
        script.say(&request(method, "1", 1, "", "").replace("Max-Forwards", &format!("{extra}Max-Forwards")));
        let sent = script.sent().pop().unwrap();
        assert!(sent.starts_with(&format!("SIP/2.0 {status}")), "{method}: {sent}");
    }
    let mut script = Script::new(None);
    script.say(&request("BYE", "1", 1, ";tag=gone", ""));
    assert!(script.sent().pop().unwrap().starts_with("SIP/2.0 481"));
}

#[test]
fn sound_that_breaks_its_own_clock_is_named() {
    use crate::rtp::{HEADER, Header, write};
    let packet = |payload_type, seq, timestamp, ssrc| {
        let mut packet = vec![0; HEADER + 160];
        write(&Header { payload_type, marker: false, seq, timestamp, ssrc }, &[0xff; 160], None, &mut packet);
        packet
    };
    for (second, fault) in [
        (packet(0, 2, 160, 7), ""),
        (packet(0, 4, 480, 7), ""),
        (packet(0, 2, 160, 8), "SSRC changed"),
        (packet(0, 2, 0, 7), "went back"),
        (packet(9, 2, 160, 7), "payload type 9 was not agreed"),
        (vec![1, 2, 3], "no RTP"),
    ] {
        let (mut script, _) = in_call();
        let peer = "10.0.0.10:9000".parse().unwrap();
        script.phone.rtp(script.now, peer, &packet(0, 1, 0, 7));
        script.phone.rtp(script.now, peer, &second);
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{told}");
        assert!(told.contains(fault), "{told}");
    }
}
