//! Offers in a session that is up: re-INVITE and UPDATE in both directions, one at a time
//! (RFC 3261 section 14, RFC 3311, RFC 6337 section 3).

use super::core::{Core, Extra, body_of};
use super::reliable::{First, is_next, prack, reliable};
use super::{Fork, Ours, Owed, Phase, Session, Theirs, fork_of};
use crate::sip::endpoint::{Busy, Event, OfferBy, Out};
use crate::sip::link::Link;
use crate::sip::transaction::{ClientKey, Purpose, ServerKey};
use crate::sip::{Method, Name, NameAddr, Request, Response, Status, Text};
use crate::time::Time;
use bytes::Bytes;

/// The option tag of RFC 4916: the From of a dialog may change in its middle.
pub const FROM_CHANGE: &str = "from-change";

impl OfferBy {
    fn method(self) -> Method {
        match self {
            OfferBy::ReInvite => Method::Invite,
            OfferBy::Update => Method::Update,
        }
    }
}

impl Session {
    pub fn may_offer(&self, by: OfferBy) -> bool {
        let talk = &self.talk;
        let free =
            matches!(self.phase, Phase::Up) && talk.ours.is_none() && talk.theirs.is_none() && talk.owed.is_none();
        free && match (&talk.unacked, by) {
            (None, _) => true,
            // Section 14.1: not while an INVITE transaction is going on, and it does until its ACK.
            (Some(_), OfferBy::ReInvite) => false,
            // RFC 3311 section 5.1: not while an offer of ours waits for its answer.
            (Some(unacked), OfferBy::Update) => !unacked.offered,
        }
    }

    /// RFC 4916 section 4.1: only who says so understands it.
    fn changes_from(&self) -> bool {
        super::elements(self.supported.as_ref()).any(|tag| tag.eq_ignore_case(FROM_CHANGE))
    }

    pub fn offer(
        &mut self,
        now: Time,
        by: OfferBy,
        headers: Extra,
        body: Option<Bytes>,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) -> Result<(), Busy> {
        if !self.may_offer(by) {
            return Err(Busy);
        }
        let changes = self.changes_from();
        let (Some(dialog), Some(contact)) = (&mut self.dialog, &self.contact) else { return Err(Busy) };
        let (named, headers): (Extra, Extra) = headers.into_iter().partition(|(name, _)| *name == Name::From);
        if let Some(from) = named.first().filter(|_| changes).and_then(|(_, from)| NameAddr::read(from, "From").ok()) {
            dialog.rename(&from);
        }
        let seq = dialog.next_seq();
        let mut ready = core.begin_inside(dialog, self.link, by.method(), seq);
        core.introduce(&mut ready.0.headers, contact);
        self.timer.ask(&mut ready.0.headers, core);
        let purpose = match by {
            OfferBy::ReInvite => Purpose::ReInvite(self.id),
            OfferBy::Update => Purpose::Update(self.id),
        };
        let offered = body.is_some();
        let body = body.map(|body| (Text::from_static("application/sdp"), body));
        let client = core.send(now, ready, headers, body, purpose, out);
        let until = now + core.settings.ring_limit;
        self.talk.ours = Some(Ours { client, by, seq, offered, rseq: None, answer: None, until });
        Ok(())
    }

    /// A response to our re-INVITE or UPDATE.
    pub(super) fn offer_response(
        &mut self,
        now: Time,
        from: Link,
        client: ClientKey,
        response: Response,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let status = response.status;
        if status.is_provisional() {
            return self.offer_progress(now, client, &response, core, out);
        }
        let Some(mut ours) = self.talk.ours.take_if(|ours| ours.client == client) else {
            // Ended meanwhile, or the 2xx once more: that of an INVITE is acknowledged, and that is all.
            let invited = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            if invited && status.is_success() && !core.transactions.ack_again(client, &fork_of(&response), out) {
                core.drop_fork(now, client, from, &response, false, out);
            }
            return;
        };
        self.link = from;
        let early = ours.answer.take();
        if status.is_success() {
            self.offer_taken(&ours, &response, core, out);
        } else if Self::kills(status) {
            return self.dead(now, status, core, out);
        }
        let again = self.refreshed(now, ours, &response, core);
        let retry_after = match status {
            Status::SESSION_INTERVAL_TOO_SMALL => again,
            Status::REQUEST_PENDING => Some(core.back_off(self.owner)),
            Status::SERVER_INTERNAL_ERROR | Status::SERVICE_UNAVAILABLE => response.retry_after(),
            _ => None,
        };
        // RFC 6337 section 3.1.1: what was agreed reliably need not be said again.
        let body = body_of(&response.body).or(early.filter(|_| status.is_success()));
        let headers = response.headers;
        self.tell(Event::OfferAnswered { session: self.id, status, body, headers, retry_after }, out);
    }

    /// A reliable provisional response to our re-INVITE wants its PRACK as one to an INVITE does (RFC 3262 section 4).
    fn offer_progress(
        &mut self,
        now: Time,
        client: ClientKey,
        response: &Response,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let ours = self.talk.ours.as_mut().filter(|ours| ours.client == client && ours.by == OfferBy::ReInvite);
        let (Some(ours), Some(dialog)) = (ours, &mut self.dialog) else { return };
        let Some(rseq) = reliable(&response.headers).filter(|rseq| is_next(ours.rseq, *rseq)) else { return };
        ours.rseq = Some(rseq);
        if ours.offered && ours.answer.is_none() {
            ours.answer = body_of(&response.body);
        }
        let rack = Text::from(format!("{rseq} {} INVITE", ours.seq));
        prack(now, self.link, dialog, rack, None, core, out);
    }

    fn offer_taken(&mut self, ours: &Ours, response: &Response, core: &mut Core, out: &mut Vec<Out>) {
        self.learn(&response.headers);
        let Some(dialog) = &mut self.dialog else { return };
        dialog.refresh(&response.headers);
        if ours.by == OfferBy::ReInvite {
            let hung_up = !matches!(self.phase, Phase::Up);
            if ours.offered || hung_up {
                core.ack(dialog, self.link, ours.seq, ours.client, None, out);
            } else {
                core.transactions.owe_ack(ours.client, dialog.remote_tag.clone());
                self.talk.owed = Some(Owed::Ack { client: ours.client, seq: ours.seq });
            }
        }
    }

    /// Their re-INVITE or UPDATE.
    pub(super) fn offered(&mut self, now: Time, key: ServerKey, request: Request, core: &mut Core, out: &mut Vec<Out>) {
        if core.is_too_short(&request) {
            return self.refuse(now, key, &request, Status::SESSION_INTERVAL_TOO_SMALL, core, out);
        }
        if let Some(status) = self.clash(&request) {
            return self.refuse(now, key, &request, status, core, out);
        }
        core.transactions.trying(key, out);
        core.transactions.belongs_to(key, self.id);
        self.learn(&request.headers);
        if request.method == Method::Update && request.body.is_empty() {
            // Nothing is offered: it only refreshes the target (RFC 3311 section 5.2).
            let theirs = Theirs { key, request: Box::new(request) };
            return self.agree(now, theirs, Bytes::new(), Vec::new(), core, out);
        }
        if request.method == Method::Invite && self.talk.unacked.take().is_some() {
            // Whoever sends a new INVITE has the 2xx of the one before; only its ACK was lost.
            self.tell(Event::Acked { session: self.id, body: None }, out);
        }
        self.offer_of_theirs(key, request, out);
    }

    /// Why a re-INVITE or UPDATE of theirs cannot be taken now.
    pub(super) fn clash(&self, request: &Request) -> Option<Status> {
        let talk = &self.talk;
        let our_offer = talk.unacked.as_ref().is_some_and(|unacked| unacked.offered);
        let empty = request.body.is_empty();
        if request.method == Method::Invite {
            return match &self.phase {
                // The answer to our INVITE is still on its way: our own offer is open (RFC 3261 section 14.2).
                Phase::Calling(_) => Some(Status::REQUEST_PENDING),
                // Their first INVITE is not answered yet.
                Phase::Ringing(_) => Some(Status::SERVER_INTERNAL_ERROR),
                _ if talk.theirs.is_some() => Some(Status::SERVER_INTERNAL_ERROR),
                _ => (talk.ours.is_some() || our_offer || talk.owed.is_some()).then_some(Status::REQUEST_PENDING),
            };
        }
        // RFC 3311 section 5.2, for every offer that is open.
        match &talk.theirs {
            Some(theirs) if theirs.request.method != Method::Invite || !empty => {
                return Some(Status::SERVER_INTERNAL_ERROR);
            }
            _ if empty => return None,
            _ => {}
        }
        let tag = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        let agreed = |fork: &Fork| fork.agreed && fork.dialog.remote_tag == tag;
        match &self.phase {
            Phase::Calling(calling) if calling.forks.iter().any(agreed) => None,
            // RFC 6337 section 3.2: their offer in a response waits for our ACK or PRACK, which is our answer.
            _ if talk.owed.is_some() => Some(Status::SERVER_INTERNAL_ERROR),
            Phase::Calling(_) => Some(Status::REQUEST_PENDING),
            Phase::Ringing(ringing) => match ringing.first {
                First::Agreed => None,
                First::Ours => Some(Status::REQUEST_PENDING),
                First::Theirs | First::Nobodys => Some(Status::SERVER_INTERNAL_ERROR),
            },
            _ => (talk.ours.is_some() || our_offer).then_some(Status::REQUEST_PENDING),
        }
    }

    pub fn answer(
        &mut self,
        now: Time,
        answer: Result<Bytes, Status>,
        headers: Extra,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let Some(theirs) = self.talk.theirs.take() else { return };
        match answer {
            Ok(body) => self.agree(now, theirs, body, headers, core, out),
            Err(status) => {
                let response = Response::for_request(&theirs.request, status);
                core.reply(now, theirs.key, response, &self.local_tag, headers, None, out);
            }
        }
        self.go_on(now, core, out);
    }

    /// The 2xx to their re-INVITE, UPDATE or PRACK. RFC 6141 section 4.1: with it the remote target moves, not before.
    fn agree(&mut self, now: Time, theirs: Theirs, body: Bytes, headers: Extra, core: &mut Core, out: &mut Vec<Out>) {
        let Theirs { key, request } = theirs;
        let tag = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        let changes = self.changes_from();
        if request.method != Method::Prack
            && let Some(dialog) = self.dialog_with(&tag)
        {
            dialog.refresh(&request.headers);
            if let Some(name) = changes.then(|| dialog.renamed(&request.headers)).flatten() {
                let headers = request.headers.clone();
                self.tell(Event::Renamed { session: self.id, name, headers }, out);
            }
        }
        if request.method == Method::Invite {
            let offered = request.body.is_empty();
            return self.take(now, key, &request, offered, headers, body, core, out);
        }
        let mut response = Response::for_request(&request, Status::OK);
        if let (Some(contact), Method::Update) = (&self.contact, &request.method) {
            core.introduce(&mut response.headers, contact);
        }
        if request.method == Method::Update && matches!(self.phase, Phase::Up) {
            self.timer.grant(now, &request, &mut response.headers, core);
        }
        core.reply(now, key, response, &self.local_tag, headers, body_of(&body), out);
    }
}
