//! Tests of the phone: phones against phones, and against a scripted peer, in virtual time.

use super::*;
use crate::ids::Mint;
use std::collections::BTreeMap;

mod calls;
mod judging;
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
