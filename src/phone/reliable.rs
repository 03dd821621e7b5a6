//! Provisional responses that must arrive: sent again until their PRACK, and acknowledged by one (RFC 3262).

use super::line::LineState;
use super::transaction::{Client, LONG, Purpose, T1};
use super::wire::{Draft, Received};
use super::{LineId, Phone};
use crate::time::{Duration, Time};
use rsip::Method;
use std::net::SocketAddr;

/// What a phone has of RFC 3262, whoever calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reliable {
    #[default]
    No,
    Supported,
    /// Its calls are refused by whoever has none of it; it rings reliably wherever it may.
    Required,
}

/// One line's share.
#[derive(Clone, Debug, Default)]
pub(super) struct Provisionals {
    /// The last RSeq of theirs that was in order.
    seen: Option<u32>,
    /// The last RSeq of ours.
    sent: u32,
    waiting: Option<Waiting>,
    /// A hand has answered while a body of ours was not acknowledged: section 3 forbids the 200 until it is.
    pub answer: bool,
    /// Offer and answer went by a reliable response, so the 200 has none (RFC 6337 section 3.1.1).
    pub agreed: bool,
}

/// A reliable response of ours without a PRACK.
#[derive(Clone, Debug)]
struct Waiting {
    to: SocketAddr,
    bytes: Vec<u8>,
    body: bool,
    interval: Duration,
    resend: Time,
    ends: Time,
}

impl Provisionals {
    pub fn deadline(&self) -> Option<Time> {
        self.waiting.as_ref().map(|waiting| waiting.resend.min(waiting.ends))
    }

    /// Whether the 200 must wait.
    pub fn holds_back(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.body)
    }

    pub fn stop(&mut self) {
        self.waiting = None;
    }
}

impl Phone {
    /// Options that this phone has, for Supported.
    pub(super) fn options(&self) -> Vec<&'static str> {
        let habits = &self.config.habits;
        let mut options = Vec::new();
        if habits.reliable != Reliable::No {
            options.push("100rel");
        }
        if habits.timer.is_some() {
            options.push("timer");
        }
        options
    }

    /// Sends a provisional response, reliably where both sides can.
    pub(super) fn provide(&mut self, now: Time, id: LineId, status: u16, body: Option<&str>) -> bool {
        let Some(key) = self.invite_key(id) else { return false };
        let mut extra = if status == 100 { Vec::new() } else { self.call_headers() };
        let asked = self.servers.get(&key).is_some_and(|server| {
            let has = |name| server.request.list(name).iter().any(|option| option == "100rel");
            has("Require") || has("Supported") && self.config.habits.reliable != Reliable::No
        });
        if status == 100 || !asked {
            self.respond(now, &key, status, extra, body);
            return true;
        }
        let Some(line) = self.lines.get_mut(&id) else { return false };
        if line.provisionals.waiting.is_some() {
            return false; // section 3: one at a time
        }
        line.provisionals.sent += 1;
        extra.extend([("Require", "100rel".into()), ("RSeq", line.provisionals.sent.to_string())]);
        self.respond(now, &key, status, extra, body);
        let Some(server) = self.servers.get(&key) else { return false };
        let (to, bytes) = (server.to, server.last.clone().unwrap_or_default());
        if let Some(line) = self.lines.get_mut(&id) {
            let (body, resend, ends) = (body.is_some(), now + T1, now + LONG);
            line.provisionals.waiting = Some(Waiting { to, bytes, body, interval: T1, resend, ends });
        }
        true
    }

    pub(super) fn wake_provisional(&mut self, now: Time, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(waiting) = line.provisionals.waiting.as_mut() else { return };
        if now >= waiting.ends {
            // Section 3: the INVITE gets a 5xx.
            line.provisionals.stop();
            self.judge.complain(now, Some(id), "no PRACK for our reliable response");
            self.refuse_call(now, id, 504);
        } else if now >= waiting.resend {
            waiting.interval *= 2;
            waiting.resend = now + waiting.interval;
            let (to, bytes) = (waiting.to, waiting.bytes.clone());
            self.send(to, bytes);
        }
    }

    /// A PRACK.
    pub(super) fn pracked(&mut self, now: Time, key: &(String, String), id: LineId, request: &Received) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let invite = line.remote_invite;
        let named = request.value("RAck").unwrap_or_default();
        if named != format!("{} {invite} INVITE", line.provisionals.sent) || line.provisionals.sent == 0 {
            self.judge.complain(now, Some(id), format!("PRACK with the RAck `{named}`"));
            return self.respond(now, key, 481, Vec::new(), None);
        }
        let body = line.provisionals.waiting.take().is_some_and(|waiting| waiting.body);
        line.provisionals.agreed |= body;
        let mut answer = None;
        match (request.sdp(), std::mem::take(&mut line.ack_answers) && body) {
            (Some(sdp), true) => drop(line.session.accept(sdp)),
            (None, true) => self.judge.complain(now, Some(id), "the PRACK does not answer our offer"),
            (Some(sdp), false) if line.session.stream.is_some() => match line.session.answer(sdp) {
                Ok(said) => answer = Some(said),
                Err(status) => return self.respond(now, key, status, Vec::new(), None),
            },
            (Some(_), false) => self.judge.complain(now, Some(id), "a PRACK with SDP where nothing is agreed"),
            (None, false) => {}
        }
        self.collect_faults(now, id);
        self.respond(now, key, 200, Vec::new(), answer.as_deref());
        self.tune(now, id);
        let answers = self.lines.get_mut(&id).is_some_and(|line| std::mem::take(&mut line.provisionals.answer));
        if answers {
            self.answer(now, id);
        }
    }

    /// A provisional response to our INVITE. False when it is one again, or out of order: then it says nothing new.
    pub(super) fn reliably(&mut self, now: Time, id: LineId, client: &Client, response: &Received) -> bool {
        if !response.list("Require").iter().any(|option| option == "100rel") {
            return true;
        }
        let asked = self.config.habits.reliable != Reliable::No;
        let Some(line) = self.lines.get_mut(&id) else { return false };
        let number =
            response.value("RSeq").and_then(|text| text.parse::<u32>().ok()).filter(|n| (1..1 << 31).contains(n));
        let Some(number) = number.filter(|_| asked) else {
            let text = if asked { "a reliable response without an RSeq" } else { "100rel, which we do not list" };
            self.judge.complain(now, Some(id), text);
            return true;
        };
        // Section 4: only what follows the last one is acknowledged.
        if line.provisionals.seen.is_some_and(|seen| number != seen + 1) {
            return false;
        }
        line.provisionals.seen = Some(number);
        line.remote.clone_from(&response.head.to.text);
        line.remote_tag.clone_from(&response.head.to.tag);
        line.routes = response.list("Record-Route");
        line.routes.reverse();
        line.refresh_target(response);
        if response.contact().is_none() {
            self.judge.complain(now, Some(id), "a reliable response without a Contact");
        }
        let Some(line) = self.lines.get_mut(&id) else { return false };
        let answer = match response.sdp() {
            // RFC 3262 section 5: the answer to an offer in a response is in its PRACK.
            Some(offer) if client.draft.body.is_none() && line.session.stream.is_none() => {
                line.session.answer(offer).ok()
            }
            _ => None,
        };
        let mut draft = Draft { body: answer.map(|body| ("application/sdp", body)), ..line.draft(Method::PRack) };
        draft.headers = vec![("RAck", format!("{number} {} INVITE", client.draft.cseq))];
        let to = line.next_hop();
        self.request(now, to, draft, Purpose::Prack(id));
        true
    }

    /// A PRACK was refused, or nobody answered it.
    pub(super) fn prack_failed(&mut self, now: Time, id: LineId, status: u16) {
        let ringing = self.lines.get(&id).is_some_and(|line| line.state == LineState::Calling && !line.leaving);
        if ringing {
            self.judge.complain(now, Some(id), format!("our PRACK came to {status}"));
        }
    }
}
