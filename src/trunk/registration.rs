//! Our registration at a trunk: kept alive before it runs out, taken to the next host when one fails, and begun anew ever
//! more patiently when none takes it (RFC 3261 section 10.2, RFC 5626 section 4.5).

use super::setup::Login;
use crate::ids::Mint;
use crate::limits::{FLOW_BASE, FLOW_MAX, TRUNK_EXPIRES};
use crate::sip::digest::Account;
use crate::sip::{Method, Name, Response, Status, Text, Uri};
use crate::time::{Duration, Time};

/// How a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    Not,
    Until(Time),
}

#[derive(Clone, Debug)]
pub(super) struct Registration {
    account: Account,
    /// Section 10.2: one for all registrations, with a number that counts on.
    call_id: Text,
    seq: u32,
    /// What is asked for, in seconds.
    expires: u32,
    phase: Phase,
    until: Option<Time>,
    /// Times in a row that no host took it.
    failures: u32,
    /// Which of the hosts is asked.
    place: usize,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Due(Time),
    Asked,
}

/// What is to be done after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask at once again: with credentials, for longer, or the next host.
    Again,
    Wait,
}

/// What every REGISTER of ours says.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub call_id: Text,
    pub seq: u32,
    pub headers: Vec<(Name, Text)>,
}

impl Registration {
    pub fn new(now: Time, login: &Login, mint: &mut Mint) -> Registration {
        Registration {
            account: Account::new(&login.user, &login.password),
            call_id: mint.token().into(),
            seq: 0,
            expires: TRUNK_EXPIRES,
            phase: Phase::Due(now),
            until: None,
            failures: 0,
            place: 0,
        }
    }

    pub fn standing(&self, now: Time) -> Registered {
        self.until.filter(|until| *until > now).map_or(Registered::Not, Registered::Until)
    }

    pub fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Due(at) => Some(at),
            Phase::Asked => None,
        }
    }

    pub fn is_due(&self, now: Time) -> bool {
        self.deadline().is_some_and(|due| due <= now)
    }

    /// Which of the hosts is asked next, of so many.
    pub fn place(&self, hosts: usize) -> usize {
        if self.place < hosts { self.place } else { 0 }
    }

    /// A REGISTER to the Request-URI. `stay`: for as long as can be; else it takes our binding away.
    pub fn ask(&mut self, uri: &Uri, stay: bool, mint: &mut Mint) -> Words {
        self.phase = Phase::Asked;
        self.seq = self.seq.saturating_add(1);
        let expires = if stay { self.expires } else { 0 };
        let mut headers = vec![(Name::Expires, Text::from(expires.to_string()))];
        headers.extend(self.account.answers(&Method::Register, &uri.to_string(), mint));
        Words { call_id: self.call_id.clone(), seq: self.seq, headers }
    }

    /// There is a host to ask, at last.
    pub fn hurry(&mut self, now: Time) {
        self.failures = 0;
        self.phase = Phase::Due(now);
    }

    /// There is no host to ask, or no way there.
    pub fn unsent(&mut self, now: Time, mint: &mut Mint) {
        self.back_off(now, None, mint);
    }

    /// The outcome of a REGISTER that named this Contact, with so many hosts to ask.
    pub fn replied(
        &mut self,
        now: Time,
        status: Status,
        response: Option<&Response>,
        contact: &Uri,
        hosts: usize,
        mint: &mut Mint,
    ) -> Next {
        if let Some(response) = response {
            match status {
                Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED => {
                    if self.account.challenged(response) {
                        return Next::Again;
                    }
                    // A password may be mended at their end: it is tried again, much later.
                    self.account.accepted();
                }
                // RFC 3261 section 10.2.8.
                Status::INTERVAL_TOO_BRIEF => {
                    let least = response.headers.first(&Name::MinExpires).and_then(|v| v.as_str().trim().parse().ok());
                    if let Some(least) = least.filter(|least| *least > self.expires) {
                        self.expires = least;
                        return Next::Again;
                    }
                }
                status if status.is_success() => {
                    self.account.accepted();
                    if let Some(granted) = granted(response, contact, self.expires) {
                        self.took(now, granted);
                        return Next::Wait;
                    }
                }
                _ => {}
            }
        }
        // RFC 3263 section 4.3: only who is not there, or has no time, is passed over for the next.
        let elsewhere = matches!(status, Status::REQUEST_TIMEOUT | Status::SERVICE_UNAVAILABLE);
        if elsewhere && self.place + 1 < hosts {
            self.place += 1;
            return Next::Again;
        }
        self.back_off(now, response.and_then(Response::retry_after), mint);
        Next::Wait
    }

    fn took(&mut self, now: Time, granted: u32) {
        let whole = Duration::from_secs(u64::from(granted));
        self.until = Some(now + whole);
        self.failures = 0;
        // Time for every repetition of a request that gets lost (timer F), and for another host after it; a short one is
        // refreshed half-way.
        let early = (whole / 10).max(Duration::from_secs(70)).min(whole / 2);
        self.phase = Phase::Due(now + (whole - early));
    }

    /// RFC 5626 section 4.5, when no flow is up: at least half of twice the base for each failure in a row.
    fn back_off(&mut self, now: Time, at_least: Option<Duration>, mint: &mut Mint) {
        self.place = 0;
        self.failures = self.failures.saturating_add(1);
        let longest = FLOW_BASE.saturating_mul(1 << self.failures.min(10)).min(FLOW_MAX);
        let half = u64::try_from(longest.as_millis() / 2).unwrap_or(u64::MAX);
        let wait = Duration::from_millis(half + mint.below(half + 1));
        self.phase = Phase::Due(now + wait.max(at_least.unwrap_or_default().min(FLOW_MAX)));
    }
}

/// For how many seconds our Contact is bound (RFC 3261 section 10.2.4); `None`: it is not.
fn granted(response: &Response, contact: &Uri, asked: u32) -> Option<u32> {
    let all = response.headers.expires().unwrap_or(asked);
    let bindings = response.headers.addresses(&Name::Contact, "Contact").unwrap_or_default();
    if bindings.is_empty() {
        // It should say which; a 200 means ours all the same.
        return (all > 0).then_some(all);
    }
    let of = |ours: bool| {
        let same = |uri: &Uri| uri.host == contact.host && uri.port == contact.port && uri.user() == contact.user();
        bindings.iter().filter(move |binding| !ours || same(&binding.uri))
    };
    // Some registrars write our Contact back as they see it: where it stands alone it is ours.
    let binding = of(true).next().or_else(|| of(false).next().filter(|_| bindings.len() == 1))?;
    let seconds = binding.params.get("expires").and_then(|value| value.as_str().parse().ok()).unwrap_or(all);
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Message, parse};
    use bytes::Bytes;

    const CONTACT: &str = "sip:lab@192.0.2.1:5060";

    fn response(status: u16, headers: &str) -> Response {
        let text = format!(
            "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 1 REGISTER\r\n{}Content-Length: 0\r\n\r\n",
            headers.split('|').filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect::<String>()
        );
        match parse(Bytes::from(text)) {
            Ok(Message::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_registrar_grants() {
        let ours = format!("Contact: <{CONTACT}>");
        for (rule, headers, seconds) in [
            ("its own word on our Contact", format!("{ours};expires=120|Expires: 60"), Some(120)),
            ("else its word on all", format!("{ours}|Expires: 60"), Some(60)),
            ("else what we asked for", ours.clone(), Some(3600)),
            (
                "others' bindings do not count",
                format!("Contact: <sip:lab@192.0.2.7>;expires=9, <{CONTACT}>;expires=90"),
                Some(90),
            ),
            ("a Contact as it sees it", "Contact: <sip:lab@203.0.113.1:1024>;expires=90".into(), Some(90)),
            ("others only", "Contact: <sip:x@192.0.2.7>, <sip:y@192.0.2.8>".into(), None),
            ("no Contact at all", String::new(), Some(3600)),
            ("bound for nothing", format!("{ours};expires=0"), None),
        ] {
            let contact = Uri::parse(CONTACT).unwrap();
            assert_eq!(granted(&response(200, &headers), &contact, 3600), seconds, "{rule}");
        }
    }

    /// Answers, each to a REGISTER; what each leads to, and when the next is due, in seconds from the last answer.
    #[test]
    fn how_a_registration_goes_on() {
        const ASK: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
        let took = format!("Contact: <{CONTACT}>;expires=3600");
        let brief = format!("Contact: <{CONTACT}>;expires=100");
        let took = took.as_str();
        for (rule, hosts, answers, next, least, most) in [
            ("refreshed a tenth before its end", 1, vec![(200, took)], Next::Wait, 3240, 3240),
            ("a short one half-way", 1, vec![(200, brief.as_str())], Next::Wait, 50, 50),
            ("a challenge is answered", 1, vec![(401, ASK)], Next::Again, 0, 0),
            ("once", 1, vec![(401, ASK), (401, ASK)], Next::Wait, 30, 60),
            ("for longer, if it must be", 1, vec![(423, "Min-Expires: 7200")], Next::Again, 0, 0),
            ("not for less", 1, vec![(423, "Min-Expires: 60")], Next::Wait, 30, 60),
            ("RFC 5626 4.5: one failure", 1, vec![(403, "")], Next::Wait, 30, 60),
            ("two", 1, vec![(403, ""), (403, "")], Next::Wait, 60, 120),
            ("three", 1, vec![(403, ""), (403, ""), (500, "")], Next::Wait, 120, 240),
            ("never more than half an hour", 1, vec![(403, ""); 20], Next::Wait, 900, 1800),
            ("Retry-After", 1, vec![(503, "Retry-After: 600")], Next::Wait, 600, 600),
            ("success forgets failures", 1, vec![(403, ""), (403, ""), (200, took), (403, "")], Next::Wait, 30, 60),
            ("the next host", 2, vec![(503, "")], Next::Again, 0, 0),
            ("until there is none", 2, vec![(503, ""), (0, "")], Next::Wait, 30, 60),
            ("silence is as good", 2, vec![(0, "")], Next::Again, 0, 0),
            ("but a no is a no", 2, vec![(403, "")], Next::Wait, 30, 60),
        ] {
            let mut mint = Mint::new(1);
            let mut now = Time::from_micros(1_000_000);
            let login = Login { user: "lab".into(), password: "p".into() };
            let mut registration = Registration::new(now, &login, &mut mint);
            let (uri, contact) = (Uri::parse("sip:192.0.2.9").unwrap(), Uri::parse(CONTACT).unwrap());
            let mut last = Next::Wait;
            let mut seq = 0;
            for (status, headers) in answers {
                let words = registration.ask(&uri, true, &mut mint);
                assert!(words.seq > seq, "{rule}: the number counts on");
                seq = words.seq;
                now += Duration::from_secs(1);
                let response = (status > 0).then(|| response(status, headers));
                let status = Status::new(status).unwrap_or(Status::REQUEST_TIMEOUT);
                last = registration.replied(now, status, response.as_ref(), &contact, hosts, &mut mint);
            }
            assert_eq!(last, next, "{rule}");
            if next == Next::Wait {
                let due = registration.deadline().unwrap().since(now).as_secs();
                assert!((least..=most).contains(&due), "{rule}: {due} s");
            }
        }
    }

    #[test]
    fn what_a_register_says() {
        let mut mint = Mint::new(1);
        let login = Login { user: "lab".into(), password: "p".into() };
        let mut registration = Registration::new(Time::default(), &login, &mut mint);
        let uri = Uri::parse("sip:pstn.example").unwrap();
        let first = registration.ask(&uri, true, &mut mint);
        assert_eq!(first.headers, [(Name::Expires, Text::from("3600"))]);
        let challenge = response(401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
        let contact = Uri::parse(CONTACT).unwrap();
        registration.replied(Time::default(), challenge.status, Some(&challenge), &contact, 1, &mut mint);
        let second = registration.ask(&uri, true, &mut mint);
        assert_eq!(second.call_id, first.call_id);
        let (name, value) = second.headers.last().unwrap();
        assert_eq!(*name, Name::Authorization);
        assert!(value.as_str().contains("uri=\"sip:pstn.example\""), "{value:?}");
        let last = registration.ask(&uri, false, &mut mint);
        assert_eq!(last.headers.first().unwrap().1.as_str(), "0", "and takes itself back");
    }
}
