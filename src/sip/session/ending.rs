//! The end of a session, by us, by them, or by silence (RFC 3261 section 15).

use super::core::Core;
use super::{Owed, Phase, Ringing, Session, reason};
use crate::sip::endpoint::{By, End, Event, Out};
use crate::sip::transaction::ServerKey;
use crate::sip::{Name, Request, Response, Status, Text};
use crate::time::Time;

impl Session {
    /// We want it over: CANCEL, a final response, or BYE, as the state asks for.
    pub fn end(&mut self, now: Time, end: End, core: &mut Core, out: &mut Vec<Out>) {
        match &self.phase {
            Phase::Calling(_) => self.cancel(now, end.headers, core, out),
            Phase::Ringing(_) => {
                self.drop_their_offer(now, core, out);
                let Some(Ringing { key, invite, .. }) = self.leave_refused(now, core) else { return };
                let status = if end.status.is_failure() { end.status } else { Status::DECLINE };
                let response = Response::for_request(&invite, status);
                core.reply(now, key, response, &self.local_tag, end.headers, None, out);
            }
            Phase::Up => {
                self.drop_their_offer(now, core, out);
                // Whatever its outcome, nobody waits for it; a 2xx still gets its ACK.
                self.talk.ours = None;
                if let Some(Owed::Ack { client, seq }) = self.talk.owed.take()
                    && let Some(dialog) = &self.dialog
                {
                    core.ack(dialog, self.link, seq, client, None, out);
                }
                if self.talk.unacked.is_some() {
                    // Section 15: no BYE before the ACK, or before it is clear that none comes.
                    self.phase = Phase::Owing(end.headers);
                } else {
                    self.hang_up(now, end.headers, core, out);
                }
            }
            Phase::Owing(_) | Phase::Leaving | Phase::Refused { .. } | Phase::Over => {}
        }
    }

    /// From an unanswered incoming call on to its end.
    pub(super) fn leave_refused(&mut self, now: Time, core: &Core) -> Option<Ringing> {
        let ringing = self.leave_ringing(Phase::Over)?;
        if let Some(unpracked) = ringing.unpracked() {
            self.unpracked = Some(unpracked);
            self.phase = Phase::Refused { until: now + core.settings.timers.patience() };
        }
        Some(ringing)
    }

    /// Section 15.1.2: the BYE is answered, and so is whatever still waits for an answer.
    pub(super) fn bye_received(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        self.refuse(now, key, request, Status::OK, core, out);
        self.drop_their_offer(now, core, out);
        let reason = reason(&request.headers);
        let user_to_user =
            request.headers.first(&Name::from("User-to-User")).map(|d| Text::from(d.as_bytes().to_vec()));
        match &self.phase {
            Phase::Calling(_) => {
                // The callee gave up on an ACK for a 2xx that never reached us.
                let status = Status::REQUEST_TERMINATED;
                self.tell(Event::Failed { session: self.id, status, response: None }, out);
                self.cancel(now, Vec::new(), core, out);
                return;
            }
            Phase::Ringing(ringing) => {
                let (key, invite) = (ringing.key, ringing.invite.clone());
                self.refuse(now, key, &invite, Status::REQUEST_TERMINATED, core, out);
            }
            _ => {}
        }
        self.tell(Event::Ended { session: self.id, by: By::Remote, status: None, reason, user_to_user }, out);
        self.phase = Phase::Over;
    }

    /// A request of ours went unanswered or was answered as if there were no dialog: there is none (section 12.2.1.2).
    pub(super) fn dead(&mut self, now: Time, status: Status, core: &mut Core, out: &mut Vec<Out>) {
        if !matches!(self.phase, Phase::Ringing(_) | Phase::Up) {
            return;
        }
        let by = match status {
            Status::NO_SUCH_CALL => By::Remote,
            Status::SERVICE_UNAVAILABLE => By::Transport,
            _ => By::Timeout,
        };
        self.tell(Event::Ended { session: self.id, by, status: Some(status), reason: None, user_to_user: None }, out);
        self.drop_their_offer(now, core, out);
        self.talk.ours = None;
        self.talk.unacked = None;
        if let Phase::Ringing(ringing) = &self.phase {
            let (key, invite) = (ringing.key, ringing.invite.clone());
            self.refuse(now, key, &invite, Status::REQUEST_TERMINATED, core, out);
            self.phase = Phase::Over;
        } else if by == By::Timeout {
            // Only this request may have got lost; the peer must not keep a call that we have given up.
            self.hang_up(now, Vec::new(), core, out);
        } else {
            self.phase = Phase::Over;
        }
    }

    pub(super) fn drop_their_offer(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        if let Some(theirs) = self.talk.theirs.take() {
            self.refuse(now, theirs.key, &theirs.request, Status::REQUEST_TERMINATED, core, out);
        }
    }
}
