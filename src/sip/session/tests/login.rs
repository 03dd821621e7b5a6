//! Peers that ask for a password, a row per rule of RFC 3261 section 22.

use crate::ids::Mint;
use crate::sip::digest::{Account, Guard, Verdict};
use crate::sip::{
    Call, End, Endpoint, Event, Link, Message, Method, Name, OfferBy, Out, Outside, Request, Response, SessionId,
    Settings, Status, Text, Transport, Uri, parse,
};
use crate::time::{Duration, Time};
use bytes::Bytes;

const REALM: &str = "pstn.example";

/// Our endpoint, and a server that is played by hand.
struct Play {
    now: Time,
    endpoint: Endpoint,
    guard: Guard,
    out: Vec<Out>,
    link: Link,
}

impl Play {
    fn new() -> Play {
        let mut mint = Mint::new(1);
        let guard = Guard::new(mint.secret());
        let link = Link {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:5060".parse().unwrap(),
        };
        let endpoint = Endpoint::new(Settings::default(), mint);
        Play { now: Time::from_micros(1_000_000), endpoint, guard, out: Vec::new(), link }
    }

    fn call(&mut self, password: &str) -> SessionId {
        let us = Uri::parse("sip:us@192.0.2.1").unwrap();
        let them = Uri::parse("sip:+15550199@192.0.2.9").unwrap();
        let call = Call {
            to: self.link,
            uri: them.clone(),
            from: us.clone().into(),
            to_header: them.into(),
            contact: us,
            headers: Vec::new(),
            body: Some(("application/sdp".into(), Bytes::from_static(b"offer"))),
            routes: Vec::new(),
            account: Some(Account::new("lab", password)),
        };
        self.endpoint.invite(self.now, call, &mut self.out)
    }

    /// What has been sent; what has happened is kept.
    fn sent(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        self.out.retain(|out| match out {
            Out::Send { bytes, .. } => {
                if let Ok(Message::Request(request)) = parse(bytes.clone()) {
                    requests.push(request);
                }
                false
            }
            Out::Event(_) => true,
        });
        requests
    }

    fn only(&mut self) -> Request {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    fn told(&mut self) -> String {
        let out = std::mem::take(&mut self.out);
        let events = out.iter().filter_map(|out| match out {
            Out::Event(event) => Some(super::world::brief(event)),
            Out::Send { .. } => None,
        });
        events.collect::<Vec<_>>().join(", ")
    }

    fn answer(&mut self, request: &Request, status: Status, headers: Vec<(Name, Text)>) {
        let mut response = Response::for_request(request, status).to_tag("theirs");
        if status.is_success() && request.method == Method::Invite {
            response = response.with_header(Name::Contact, "<sip:192.0.2.9>");
            response.set_body("application/sdp", Bytes::from_static(b"answer"));
        }
        let response = headers.into_iter().fold(response, |response, (name, value)| response.with_header(name, value));
        let Ok(Message::Response(response)) = parse(response.to_bytes()) else { panic!("what is sent can be read") };
        self.endpoint.receive(self.now, self.link, Message::Response(response), &mut self.out);
    }

    fn challenge(&mut self, request: &Request, stale: bool) {
        let challenges = self.guard.challenge(self.now, REALM, stale, self.link.local.ip());
        let headers = challenges.into_iter().map(|value| (Name::ProxyAuthenticate, value)).collect();
        self.answer(request, Status::PROXY_AUTHENTICATION_REQUIRED, headers);
    }

    fn verdict(&mut self, request: &Request) -> Verdict {
        let password = |user: &str| (user == "lab").then_some("secret");
        self.guard.check(self.now, request, &Name::ProxyAuthorization, REALM, password)
    }

    /// A call that is up, its INVITE challenged once.
    fn up(&mut self) -> SessionId {
        let session = self.call("secret");
        let invite = self.only();
        self.challenge(&invite, false);
        let again = self.sent();
        let [ack, invite] = again.as_slice() else { panic!("{again:?}") };
        assert_eq!((&ack.method, &invite.method), (&Method::Ack, &Method::Invite));
        assert_eq!(self.verdict(invite), Verdict::Ok("lab".into()));
        self.answer(invite, Status::OK, Vec::new());
        assert_eq!(self.told(), "Answered answer");
        session
    }
}

fn credentials(request: &Request) -> Option<String> {
    request.headers.first(&Name::ProxyAuthorization).map(|value| value.as_str().to_owned())
}

#[test]
fn a_challenged_invite_goes_again_in_the_same_call() {
    let mut play = Play::new();
    play.call("secret");
    let first = play.only();
    assert_eq!(credentials(&first), None, "nobody has asked");
    play.challenge(&first, false);
    let again = play.sent();
    let [ack, second] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!(ack.method, Method::Ack);
    assert_eq!(play.told(), "", "nobody needs to know");
    // RFC 3261 section 22.2: Call-ID, From and To stay, CSeq goes up.
    for name in [Name::CallId, Name::From, Name::To, Name::Contact] {
        assert_eq!(first.headers.first(&name), second.headers.first(&name), "{name}");
    }
    assert_eq!(second.headers.cseq().unwrap().number, first.headers.cseq().unwrap().number + 1);
    assert_eq!(second.body, first.body);
    assert_eq!(play.verdict(second), Verdict::Ok("lab".into()));
    play.answer(second, Status::OK, Vec::new());
    let ack = play.only();
    assert_eq!(ack.method, Method::Ack);
    assert_eq!(credentials(&ack), credentials(second), "section 22.1");
    assert_eq!(play.told(), "Answered answer");
}

#[test]
fn what_a_refused_password_comes_to() {
    for (rule, password, stale, tries) in [
        ("not tried again", "wrong", false, 2),
        ("tried again while only the nonce is at fault, not for ever", "secret", true, 3),
    ] {
        let mut play = Play::new();
        play.call(password);
        let mut invites = 0;
        while let Some(invite) = play.sent().into_iter().find(|sent| sent.method == Method::Invite) {
            invites += 1;
            play.challenge(&invite, stale && invites > 1);
        }
        assert_eq!((invites, play.told().as_str()), (tries, "Failed 407"), "{rule}");
        play.endpoint.wake(play.now + Duration::from_secs(60), &mut play.out);
        assert!(play.endpoint.is_empty(), "{rule}");
    }
}

#[test]
fn a_call_that_is_taken_back_answers_no_challenge() {
    let mut play = Play::new();
    let session = play.call("secret");
    let invite = play.only();
    play.endpoint.end(play.now, session, End::with(Status::REQUEST_TERMINATED), &mut play.out);
    play.challenge(&invite, false);
    let sent: Vec<Method> = play.sent().into_iter().map(|sent| sent.method).collect();
    assert_eq!(sent, [Method::Ack]);
    assert_eq!(play.told(), "");
}

#[test]
fn requests_in_the_dialog_are_signed_at_once_and_again_when_asked() {
    let mut play = Play::new();
    let session = play.up();
    play.sent();
    let body = Some(Bytes::from_static(b"hold"));
    play.endpoint.offer(play.now, session, OfferBy::ReInvite, Vec::new(), body, &mut play.out).unwrap();
    let reinvite = play.only();
    assert_eq!(play.verdict(&reinvite), Verdict::Ok("lab".into()), "with the nonce of the INVITE, counted on");
    play.challenge(&reinvite, false);
    let again = play.sent().pop().unwrap();
    assert_eq!((&again.method, &again.body), (&Method::Invite, &reinvite.body));
    assert!(again.headers.cseq().unwrap().number > reinvite.headers.cseq().unwrap().number);
    assert_eq!(play.verdict(&again), Verdict::Ok("lab".into()));
    assert_ne!(credentials(&again), credentials(&reinvite));
    play.answer(&again, Status::OK, Vec::new());
    assert_eq!(credentials(&play.only()), credentials(&again), "the ACK");
    assert_eq!(play.told(), "OfferAnswered 200 answer");

    play.endpoint.request(play.now, session, Method::Info, Vec::new(), None, &mut play.out).unwrap();
    let info = play.only();
    play.challenge(&info, true);
    let again = play.only();
    assert_eq!(play.verdict(&again), Verdict::Ok("lab".into()));
    play.answer(&again, Status::OK, Vec::new());
    assert_eq!(play.told(), "Replied 200");

    play.endpoint.end(play.now, session, End::with(Status::OK), &mut play.out);
    let bye = play.only();
    play.challenge(&bye, false);
    let again = play.only();
    assert_eq!((&again.method, play.verdict(&again)), (&Method::Bye, Verdict::Ok("lab".into())));
    play.challenge(&again, false);
    assert!(play.sent().is_empty(), "a refused password ends the call all the same");
    play.endpoint.wake(play.now + Duration::from_secs(60), &mut play.out);
    assert!(play.endpoint.is_empty());
    assert_eq!(play.told(), "");
}

#[test]
fn requests_outside_of_dialogs_tell_their_outcome() {
    for (rule, answer, told) in [
        ("an answer", Some(Status::NOT_FOUND), "Reply 404"),
        ("only the final one", Some(Status::TRYING), "Reply 408"),
        ("none", None, "Reply 408"),
    ] {
        let mut play = Play::new();
        let uri = Uri::parse("sip:192.0.2.9").unwrap();
        let asked = Outside {
            to: play.link,
            method: Method::Options,
            uri: uri.clone(),
            from: uri.clone().into(),
            to_header: uri.into(),
            call_id: None,
            seq: 1,
            headers: vec![(Name::Accept, Text::from("application/sdp"))],
        };
        play.endpoint.ask(play.now, asked, &mut play.out);
        let request = play.only();
        assert_eq!(request.method, Method::Options);
        assert!(request.headers.from().unwrap().tag().is_some() && request.headers.call_id().is_some(), "{rule}");
        if let Some(status) = answer {
            play.answer(&request, status, Vec::new());
        }
        while let Some(due) = play.endpoint.deadline() {
            play.now = due;
            play.endpoint.wake(due, &mut play.out);
        }
        assert_eq!(play.told(), told, "{rule}");
        assert!(play.endpoint.is_empty(), "{rule}");
    }
}

#[test]
fn a_peer_of_ours_is_known_to_be_there_by_its_first_word() {
    let mut play = Play::new();
    let session = play.call("secret");
    assert!(!play.endpoint.is_proceeding(session));
    let invite = play.only();
    play.answer(&invite, Status::TRYING, Vec::new());
    assert!(play.endpoint.is_proceeding(session));
    assert!(!matches!(play.out.last(), Some(Out::Event(Event::Progress { .. }))));
}
