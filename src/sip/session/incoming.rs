//! A call of theirs until it is up: ringing, accepting, and the 200 that is repeated until its ACK comes
//! (RFC 3261 section 13.3).

use super::core::{Core, Extra, body_of};
use super::reliable::{First, Said};
use super::timer::Timer;
use super::{Phase, Ringing, Session, Talk, Unacked, reason};
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::{By, Event, Out, SessionId};
use crate::sip::link::Link;
use crate::sip::transaction::{Backoff, Purpose, ServerKey};
use crate::sip::{Request, Response, Status, Text, Uri};
use crate::time::{Duration, Time};
use bytes::Bytes;

/// RFC 3261 section 13.3.1.1: proxies give up after three minutes without news, so there is news every minute.
pub(super) const RING_AGAIN: Duration = Duration::from_secs(60);

impl Session {
    pub fn called(now: Time, id: SessionId, from: Link, key: ServerKey, invite: Request, dialog: Dialog) -> Session {
        let mut session = Session {
            id,
            local_tag: dialog.local_tag.clone(),
            call_id: dialog.call_id.clone(),
            owner: false,
            link: from,
            proves: None,
            contact: None,
            dialog: Some(dialog),
            phase: Phase::Over,
            talk: Talk::default(),
            timer: Timer::default(),
            unpracked: None,
            allow: None,
            supported: None,
            user_agent: None,
            armed: None,
        };
        session.learn(&invite.headers);
        let first = if invite.body.is_empty() { First::Nobodys } else { First::Theirs };
        let expires = invite.headers.expires().map(|seconds| now + Duration::from_secs(seconds.into()));
        let (invite, reliably) = (Box::new(invite), Box::default());
        session.phase = Phase::Ringing(Ringing { key, invite, last: None, expires, first, reliably });
        session
    }

    pub fn trying(&self, core: &Core, out: &mut Vec<Out>) {
        if let Phase::Ringing(ringing) = &self.phase {
            core.transactions.trying(ringing.key, out);
        }
    }

    pub(super) fn ring_again(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        if ringing.expires.is_some_and(|at| at <= now) {
            // Section 13.3.1: as long as the caller would wait, and no longer.
            return self.withdrawn(now, None, core, out);
        }
        if let Some((status, due)) = ringing.last
            && due <= now
        {
            self.say(now, Said { status, headers: Vec::new(), body: None }, core, out);
        }
    }

    pub fn accept(
        &mut self,
        now: Time,
        contact: Uri,
        headers: Extra,
        body: Bytes,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let waits = self.talk.theirs.is_some();
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        self.contact = Some(contact);
        if ringing.reliably.holds_the_answer() || waits {
            ringing.reliably.accept_later(headers, body);
        } else {
            self.accept_now(now, headers, body, core, out);
        }
    }

    pub(super) fn accept_now(&mut self, now: Time, headers: Extra, body: Bytes, core: &mut Core, out: &mut Vec<Out>) {
        let Some(ringing) = self.leave_ringing(Phase::Up) else { return };
        let unpracked = ringing.unpracked();
        let Ringing { key, invite, first, .. } = ringing;
        self.unpracked = unpracked;
        // RFC 6337 section 3.1.1: what was agreed reliably is not said again.
        let body = if first == First::Agreed { Bytes::new() } else { body };
        self.take(now, key, &invite, first == First::Nobodys, headers, body, core, out);
    }

    /// Sends the 200 to an INVITE or re-INVITE and repeats it from now on. `offered`: its body is an offer of ours.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn take(
        &mut self,
        now: Time,
        key: ServerKey,
        invite: &Request,
        offered: bool,
        headers: Extra,
        body: Bytes,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let mut response = Response::for_request(invite, Status::OK);
        if let Some(contact) = &self.contact {
            core.introduce(&mut response.headers, contact);
        }
        self.timer.grant(now, invite, &mut response.headers, core);
        let sent = core.reply(now, key, response, &self.local_tag, headers, body_of(&body), out);
        let (Some((to, response)), Ok(cseq)) = (sent, invite.headers.cseq()) else { return };
        let timers = core.settings.timers;
        self.talk.unacked = Some(Unacked {
            seq: cseq.number,
            to,
            response,
            offered,
            again: Backoff::new(now, timers.t1),
            give_up: now + timers.patience(),
        });
    }

    pub(super) fn wake_unacked(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let Some(unacked) = &mut self.talk.unacked else { return };
        if unacked.give_up <= now {
            // Section 13.3.1.4: the dialog is confirmed all the same, so it is ended by a BYE.
            self.talk.unacked = None;
            self.tell(
                Event::Ended {
                    session: self.id,
                    by: By::Timeout,
                    status: Some(Status::REQUEST_TIMEOUT),
                    reason: None,
                    user_to_user: None,
                },
                out,
            );
            let headers = match &mut self.phase {
                Phase::Owing(headers) => std::mem::take(headers),
                _ => Vec::new(),
            };
            self.hang_up(now, headers, core, out);
        } else if unacked.again.at <= now {
            // Over streams too: a proxy on the way may speak UDP.
            unacked.again = unacked.again.next(now, core.settings.timers.t2);
            out.push(Out::Send { to: unacked.to, bytes: unacked.response.clone() });
        }
    }

    /// The ACK of a 2xx of ours.
    pub fn acked(&mut self, now: Time, from: Link, request: &Request, core: &mut Core, out: &mut Vec<Out>) {
        let Ok(cseq) = request.headers.cseq() else { return };
        if self.talk.unacked.as_ref().is_none_or(|unacked| unacked.seq != cseq.number) {
            return;
        }
        self.talk.unacked = None;
        self.link = from;
        self.tell(Event::Acked { session: self.id, body: body_of(&request.body) }, out);
        if let Phase::Owing(headers) = &mut self.phase {
            let headers = std::mem::take(headers);
            self.hang_up(now, headers, core, out);
        }
    }

    /// A CANCEL for an INVITE of theirs. After our final response it changes nothing (section 9.2).
    pub fn cancelled(&mut self, now: Time, invite: ServerKey, cancel: &Request, core: &mut Core, out: &mut Vec<Out>) {
        match &self.phase {
            Phase::Ringing(ringing) if ringing.key == invite => {
                self.withdrawn(now, reason(&cancel.headers), core, out);
            }
            _ => {
                if let Some(theirs) = self.talk.theirs.take_if(|theirs| theirs.key == invite) {
                    self.refuse(now, invite, &theirs.request, Status::REQUEST_TERMINATED, core, out);
                    self.tell(Event::OfferWithdrawn { session: self.id }, out);
                }
            }
        }
    }

    /// The caller of an unanswered call wants it no more.
    fn withdrawn(&mut self, now: Time, reason: Option<Text>, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Ringing(ringing) = &self.phase else { return };
        let (key, invite) = (ringing.key, ringing.invite.clone());
        self.drop_their_offer(now, core, out);
        self.refuse(now, key, &invite, Status::REQUEST_TERMINATED, core, out);
        let (by, status, user_to_user) = (By::Remote, None, None);
        self.tell(Event::Ended { session: self.id, by, status, reason, user_to_user }, out);
        self.leave_refused(now, core);
    }

    /// The stream that an unanswered caller waited on is gone, and with it the way to answer or to CANCEL.
    pub fn caller_gone(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Ringing(ringing) = &self.phase else { return };
        let (key, invite) = (ringing.key, ringing.invite.clone());
        self.refuse(now, key, &invite, Status::REQUEST_TERMINATED, core, out);
        self.tell(
            Event::Ended { session: self.id, by: By::Transport, status: None, reason: None, user_to_user: None },
            out,
        );
        self.phase = Phase::Over;
    }

    /// Sends the BYE that ends an answered session.
    pub(super) fn hang_up(&mut self, now: Time, headers: Extra, core: &mut Core, out: &mut Vec<Out>) {
        self.talk.unacked = None;
        match &mut self.dialog {
            Some(dialog) => {
                core.bye(now, dialog, self.link, headers, Purpose::Bye(self.id), out);
                self.phase = Phase::Leaving;
            }
            None => self.phase = Phase::Over,
        }
    }
}
