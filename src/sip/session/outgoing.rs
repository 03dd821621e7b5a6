//! A call of ours until it is answered: provisional responses, forks, and the 2xx that wins (RFC 3261 section 13.2).

use super::core::{Core, add, body_of};
use super::reliable::prack;
use super::timer::Timer;
use super::{Calling, Cancel, Fork, Owed, Phase, Session, Talk, fork_of};
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::{Call, Event, Out, SessionId};
use crate::sip::link::Link;
use crate::sip::transaction::{ClientKey, Lost, Purpose};
use crate::sip::{Method, Name, Response, Status, Text};
use crate::time::Time;

/// Early dialogs of one call. A proxy that rings more phones than this at once is not believed.
const FORKS: usize = 32;

impl Session {
    pub fn call(now: Time, id: SessionId, call: Call, core: &mut Core, out: &mut Vec<Out>) -> Session {
        let local_tag = core.token();
        let call_id = core.token();
        // RFC 3261 section 8.1.1.5: below 2^31, and arbitrary.
        let seq = u32::try_from(core.mint.below(1 << 16)).unwrap_or(0) + 1;
        let (mut request, branch) = core.begin(call.to, Method::Invite, call.uri);
        let mut from = call.from;
        from.params.set("tag", local_tag.as_str());
        let headers = &mut request.headers;
        for route in &call.routes {
            headers.push(Name::Route, route.to_string());
        }
        headers.push(Name::From, from.to_string());
        headers.push(Name::To, call.to_header.to_string());
        headers.push(Name::CallId, call_id.clone());
        headers.push(Name::CSeq, format!("{seq} INVITE"));
        core.introduce(headers, &call.contact);
        let timer = Timer::default();
        timer.ask(headers, core);
        let offered = call.body.is_some();
        let mut invite = Box::new(request.clone());
        add(&mut invite.headers, call.headers.clone());
        if let Some((content_type, body)) = &call.body {
            invite.headers.set(Name::ContentType, content_type.clone());
            invite.body = body.clone();
        }
        let ready = (request, branch, call.to);
        let client = core.send(now, ready, call.headers, call.body, Purpose::Invite(id), out);
        let until = now + core.settings.ring_limit;
        Session {
            id,
            local_tag,
            call_id,
            owner: true,
            link: call.to,
            proves: None,
            contact: Some(call.contact),
            dialog: None,
            phase: Phase::Calling(Calling {
                client,
                invite,
                offered,
                proceeding: false,
                forks: Vec::new(),
                cancel: Cancel::No,
                until,
            }),
            talk: Talk::default(),
            timer,
            unpracked: None,
            allow: None,
            supported: None,
            user_agent: None,
            armed: None,
        }
    }

    /// A response to any request of ours.
    #[allow(clippy::too_many_arguments)]
    pub fn response(
        &mut self,
        now: Time,
        from: Link,
        client: ClientKey,
        purpose: Purpose,
        response: Response,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        if self.has_asked_again(now, client, purpose, &response, core, out) {
            return;
        }
        match purpose {
            Purpose::Invite(_) => self.invite_response(now, from, client, response, core, out),
            Purpose::ReInvite(_) | Purpose::Update(_) => self.offer_response(now, from, client, response, core, out),
            Purpose::Bye(_) if response.status.is_final() => self.phase = Phase::Over,
            Purpose::Request(_, request) if response.status.is_final() => {
                self.link = from;
                self.request_done(now, request, response.status, Some(response), core, out);
            }
            Purpose::Notify(_, request) if response.status.is_final() => {
                self.link = from;
                let (session, status) = (self.id, response.status);
                self.tell(Event::Replied { session, request, status, response: Some(response) }, out);
            }
            Purpose::Bye(_) | Purpose::Request(..) | Purpose::Notify(..) | Purpose::Outside(_) | Purpose::Nothing => {}
        }
    }

    /// No response came, or no connection.
    pub fn lost(&mut self, now: Time, lost: Lost, core: &mut Core, out: &mut Vec<Out>) {
        match lost.purpose {
            Purpose::Invite(_) => {
                if let Phase::Calling(_) = self.phase {
                    self.tell(Event::Failed { session: self.id, status: lost.status, response: None }, out);
                    self.phase = Phase::Over;
                }
            }
            Purpose::ReInvite(_) | Purpose::Update(_) => {
                if self.talk.ours.as_ref().is_some_and(|ours| ours.client == lost.client) {
                    self.dead(now, lost.status, core, out);
                }
            }
            Purpose::Bye(_) => self.phase = Phase::Over,
            Purpose::Request(_, request) => self.request_done(now, request, lost.status, None, core, out),
            Purpose::Notify(_, request) => {
                self.tell(Event::Replied { session: self.id, request, status: lost.status, response: None }, out);
            }
            Purpose::Outside(_) | Purpose::Nothing => {}
        }
    }

    fn invite_response(
        &mut self,
        now: Time,
        from: Link,
        client: ClientKey,
        response: Response,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let status = response.status;
        if !matches!(self.phase, Phase::Calling(_)) {
            // The transaction passes nothing but 2xx now: a repetition, or a fork that lost (section 13.2.2.4).
            if !core.transactions.ack_again(client, &fork_of(&response), out) {
                core.drop_fork(now, client, from, &response, true, out);
            }
            return;
        }
        self.link = from;
        let challenged = core.is_challenged(self.id, &response);
        if status.is_provisional() {
            self.provisional(now, response, core, out);
        } else if status.is_success() {
            self.answered(now, client, response, core, out);
        } else if self.asks_again(&response, core) && self.invite_again(now, core, out) {
            // RFC 4028 section 7.3: the same call, with more time.
        } else if challenged && self.invite_again(now, core, out) {
            // RFC 3261 section 22.2: the same call, with credentials.
        } else {
            self.tell(Event::Failed { session: self.id, status, response: Some(response) }, out);
            self.phase = Phase::Over;
        }
    }

    /// The INVITE once more in the same call, with what its refusal asks for (RFC 3261 section 8.1.3.5).
    fn invite_again(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) -> bool {
        let (Phase::Calling(calling), timer) = (&mut self.phase, &self.timer) else { return false };
        let Ok(cseq) = calling.invite.headers.cseq() else { return false };
        if !matches!(calling.cancel, Cancel::No) {
            return false;
        }
        let (mut request, branch) = core.begin(self.link, Method::Invite, calling.invite.uri.clone());
        for (name, value) in calling.invite.headers.iter() {
            if !matches!(name, Name::Via | Name::MaxForwards | Name::CSeq | Name::SessionExpires | Name::MinSe) {
                request.headers.push(name.clone(), value.clone());
            }
        }
        request.headers.push(Name::CSeq, format!("{} INVITE", cseq.number.saturating_add(1)));
        timer.ask(&mut request.headers, core);
        request.body = calling.invite.body.clone();
        *calling.invite = request.clone();
        let ready = (request, branch, self.link);
        calling.client = core.send(now, ready, Vec::new(), None, Purpose::Invite(self.id), out);
        calling.proceeding = false;
        calling.forks.clear();
        calling.until = now + core.settings.ring_limit;
        true
    }

    fn provisional(&mut self, now: Time, response: Response, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Calling(calling) = &mut self.phase else { return };
        calling.proceeding = true;
        calling.until = now + core.settings.ring_limit;
        if let Cancel::Wanted(headers) = &mut calling.cancel {
            let headers = std::mem::take(headers);
            core.transactions.cancel(now, calling.client, headers, out);
            calling.cancel = Cancel::Sent { give_up: now + core.settings.timers.patience() };
        }
        let tag = fork_of(&response);
        if response.status == Status::TRYING {
            return;
        }
        // Without a To tag there is no dialog, but there is progress (RFC 2543 peers).
        let known = calling.forks.iter().position(|fork| fork.dialog.remote_tag == tag);
        let at = known.unwrap_or(calling.forks.len());
        if known.is_none()
            && at < FORKS
            && !tag.is_empty()
            && let Ok(dialog) = Dialog::of_response(&response)
        {
            calling.forks.push(Fork { dialog, rseq: None, agreed: false });
        }
        let mut body = body_of(&response.body);
        let offered = calling.offered;
        if let Some(fork) = calling.forks.get_mut(at) {
            // RFC 6337 section 2.2: once there is an answer for certain, no other counts.
            body = body.filter(|_| !fork.agreed);
            let described = body.is_some();
            let headers = &response.headers;
            let (news, owed) = Self::acknowledge(now, self.link, fork, headers, described, offered, core, out);
            if !news {
                return;
            }
            self.talk.owed = owed.or(self.talk.owed.take());
        }
        self.learn(&response.headers);
        self.tell(
            Event::Progress {
                session: self.id,
                status: response.status,
                fork: u32::try_from(at).unwrap_or(u32::MAX),
                body,
                headers: response.headers,
            },
            out,
        );
    }

    fn answered(&mut self, now: Time, client: ClientKey, response: Response, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Calling(calling) = &self.phase else { return };
        let Ok(mut dialog) = Dialog::of_response(&response) else {
            // Nothing can be acknowledged without From, To, Call-ID and CSeq.
            self.tell(Event::Failed { session: self.id, status: Status::BAD_GATEWAY, response: Some(response) }, out);
            self.phase = Phase::Over;
            return;
        };
        let seq = dialog.local_seq;
        let (offered, cancelled) = (calling.offered, !matches!(calling.cancel, Cancel::No));
        let mut body = body_of(&response.body);
        let fork = calling.fork(&dialog.remote_tag);
        let early = fork.and_then(|at| calling.forks.get(at as usize));
        let mut answers = offered;
        if let Some(early) = early {
            dialog.take_over(&early.dialog);
            // RFC 6337 section 2.2: what was agreed before is not changed by a body here.
            body = body.filter(|_| !early.agreed);
            answers |= early.agreed;
        }
        let fork = fork.unwrap_or(u32::try_from(calling.forks.len()).unwrap_or(u32::MAX));
        // An offer in an early dialog has no answer any more; the 2xx has another.
        self.talk.owed = None;
        if answers || cancelled {
            core.ack(&dialog, self.link, seq, client, None, out);
        } else {
            core.transactions.owe_ack(client, dialog.remote_tag.clone());
            self.talk.owed = Some(Owed::Ack { client, seq });
        }
        if cancelled {
            // The 200 crossed our CANCEL: the call is up, and we do not want it (section 15).
            core.bye(now, &mut dialog, self.link, Vec::new(), Purpose::Bye(self.id), out);
            self.dialog = Some(dialog);
            self.phase = Phase::Leaving;
            return;
        }
        self.dialog = Some(dialog);
        self.phase = Phase::Up;
        self.learn(&response.headers);
        self.timer.granted(now, &response.headers);
        self.tell(Event::Answered { session: self.id, fork, body, response }, out);
    }

    /// The answer to the offer of a response: its ACK or PRACK goes out.
    pub fn ack(&mut self, now: Time, body: bytes::Bytes, core: &mut Core, out: &mut Vec<Out>) {
        match (self.talk.owed.take(), &self.dialog, &mut self.phase) {
            (Some(Owed::Ack { client, seq }), Some(dialog), _) => {
                core.ack(dialog, self.link, seq, client, Some(body), out);
            }
            (Some(Owed::Prack { fork, rack }), _, Phase::Calling(calling)) => {
                if let Some(fork) = calling.forks.iter_mut().find(|each| each.dialog.remote_tag == fork) {
                    fork.agreed = true;
                    prack(now, self.link, &mut fork.dialog, rack, Some(body), core, out);
                }
            }
            _ => {}
        }
    }

    /// Deadlines of an unanswered call, in either direction.
    pub(super) fn wake_call(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        match &mut self.phase {
            Phase::Calling(Calling { client, cancel: Cancel::Sent { give_up }, .. }) if *give_up <= now => {
                // Section 9.1: the INVITE is considered cancelled.
                core.transactions.abandon(*client);
                self.phase = Phase::Over;
            }
            Phase::Calling(calling) if calling.until <= now && matches!(calling.cancel, Cancel::No) => {
                let status = Status::REQUEST_TIMEOUT;
                self.tell(Event::Failed { session: self.id, status, response: None }, out);
                self.cancel(now, Vec::new(), core, out);
            }
            Phase::Ringing(_) => self.ring_again(now, core, out),
            Phase::Refused { until } if *until <= now => self.phase = Phase::Over,
            _ => {}
        }
    }

    /// Takes our INVITE back, now or when the first provisional response allows it (section 9.1).
    pub(super) fn cancel(&mut self, now: Time, headers: Vec<(Name, Text)>, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Calling(calling) = &mut self.phase else { return };
        if !matches!(calling.cancel, Cancel::No) {
            return;
        }
        if calling.proceeding {
            core.transactions.cancel(now, calling.client, headers, out);
            calling.cancel = Cancel::Sent { give_up: now + core.settings.timers.patience() };
        } else {
            // Timer B ends the INVITE if nothing ever comes.
            calling.cancel = Cancel::Wanted(headers);
        }
    }
}
