//! The first exchange of a leg, up to its answer: what is said and heard before it, early dialogs, and the agreement
//! without which there is no call (RFC 3261 section 13, RFC 3262).

use super::{Doors, Heard, Leg, Stage};
use crate::limits::FIRST_RTP;
use crate::media::Start;
use crate::sdp::{Agreed, Direction};
use crate::sip::{Peer, Status};
use bytes::Bytes;
use tracing::debug;

impl Leg {
    /// Answers their INVITE. An offer that cannot be agreed to is the error, with its status.
    pub fn answer(&mut self, doors: &mut Doors) -> Result<(), Status> {
        if self.stage != Stage::Offered {
            return Ok(());
        }
        let body = match self.described.clone() {
            // RFC 3261 section 13.2.1: the answer is what it was.
            Some(body) => body,
            None => self.describe()?,
        };
        self.offer = None;
        self.stage = Stage::Answering;
        doors.endpoint.accept(doors.now, self.session, self.contact.clone(), Vec::new(), body, doors.sip);
        self.push_spec(doors);
        Ok(())
    }

    /// Our side of the first exchange: the answer to the INVITE's offer, or, where it has none, an offer (RFC 3261
    /// section 13.2.1).
    fn describe(&mut self) -> Result<Bytes, Status> {
        let local = self.local();
        let body = match &self.offer {
            Some(offer) => self.negotiator.answer(offer, &local).map(|(body, _)| body).map_err(|fault| {
                debug!(leg = %self.id, %fault, "an offer cannot be answered");
                Status::new(fault.status()).unwrap_or(Status::NOT_ACCEPTABLE_HERE)
            })?,
            None => self.negotiator.offer(&local),
        };
        self.told_held = local.direction == Direction::SendOnly;
        Ok(body)
    }

    /// Tells an unanswered caller that it rings. `early`: and lets him hear what there is to hear, if he can.
    pub fn ring(&mut self, early: bool, doors: &mut Doors) {
        if self.stage != Stage::Offered {
            return;
        }
        let peer = doors.endpoint.peer(self.session);
        let reliable = |peer: &Peer| peer.requires_reliable || peer.supported.iter().any(|tag| tag == "100rel");
        // RFC 3262 section 5: an offer goes reliably, and in the first response that is reliable.
        let may = early && (self.offer.is_some() || peer.as_ref().is_some_and(reliable));
        let must = self.offer.is_none() && peer.is_some_and(|peer| peer.requires_reliable);
        let body = if (may || must) && self.described.is_none() { self.describe().ok() } else { None };
        let status = if early && body.is_some() { Status::SESSION_PROGRESS } else { Status::RINGING };
        let contact = self.contact.clone();
        doors.endpoint.progress(doors.now, self.session, contact, status, Vec::new(), body.clone(), doors.sip);
        if body.is_some() {
            self.described = body;
            self.start = Start::Now;
            self.push_spec(doors);
        }
    }

    /// The PRACK of what we said early came, with the answer. One that does not fit is the error.
    pub fn pracked(&mut self, body: Option<&Bytes>, doors: &mut Doors) -> Result<(), Status> {
        self.take_answer(body)?;
        self.push_spec(doors);
        Ok(())
    }

    /// The answer to an offer of ours that waits for one.
    fn take_answer(&mut self, body: Option<&Bytes>) -> Result<Option<Agreed>, Status> {
        if !self.negotiator.pending() {
            return Ok(None);
        }
        let told_held = self.negotiator.offers() == Some(Direction::SendOnly);
        let fault = match body.map(|body| self.negotiator.accept(body)) {
            Some(Ok(agreed)) => {
                self.told_held = told_held;
                return Ok(Some(agreed));
            }
            Some(Err(fault)) => Some(fault),
            None => None,
        };
        debug!(leg = %self.id, ?fault, "an answer does not fit the offer, or there is none");
        self.negotiator.rollback();
        Err(Status::NOT_ACCEPTABLE_HERE)
    }

    /// The ACK of our 200 came. A call without an agreement is the error; a call that had one keeps it. Whoever re-INVITEd
    /// without an offer says in it whether he holds.
    pub fn acked(&mut self, body: Option<&Bytes>, doors: &mut Doors) -> Result<Heard, Status> {
        let taken = self.take_answer(body);
        let mut heard = Heard::Nothing;
        if self.stage == Stage::Answering {
            self.stage = Stage::Up;
            if self.start == Start::Wait {
                self.start = Start::FirstRtpOr(doors.now + FIRST_RTP);
            }
            taken?;
        } else if let Ok(Some(agreed)) = taken {
            heard = self.phone_hold(&agreed);
        }
        self.push_spec(doors);
        self.reconcile(doors);
        Ok(heard)
    }

    /// A phone that we call says something before it answers. Whether it is heard from now on: the first that says where
    /// its sound comes from is, no other.
    pub fn progress(&mut self, fork: u32, body: Option<&Bytes>, doors: &mut Doors) -> bool {
        let Some(body) = body.filter(|_| self.stage == Stage::Calling) else { return false };
        let early = self.forks.entry(fork).or_insert_with(|| self.negotiator.clone());
        if let Err(fault) = early.accept(body) {
            debug!(leg = %self.id, %fault, "an early answer does not fit the offer");
            return false;
        }
        let first = self.heard_early.is_none();
        self.heard_early.get_or_insert(fork);
        self.push_spec(doors);
        first
    }

    /// Whether the phone is heard although it has not answered.
    #[must_use]
    pub fn is_heard_early(&self) -> bool {
        self.stage == Stage::Calling && self.heard_early.is_some()
    }

    /// They answered our INVITE; the ACK is sent. An answer that does not fit is the error.
    pub fn answered(&mut self, fork: u32, body: Option<&Bytes>, doors: &mut Doors) -> Result<(), Status> {
        self.stage = Stage::Up;
        self.start = Start::FirstRtpOr(doors.now + FIRST_RTP);
        if let Some(early) = self.forks.remove(&fork) {
            self.negotiator = early;
        }
        self.forks.clear();
        self.heard_early = None;
        match body {
            Some(body) => {
                self.negotiator.accept(body).map_err(|fault| {
                    debug!(leg = %self.id, %fault, "an answer does not fit the offer");
                    Status::NOT_ACCEPTABLE_HERE
                })?;
            }
            // Answered early, and no more said of it.
            None if !self.negotiator.pending() => {}
            None => return Err(Status::NOT_ACCEPTABLE_HERE),
        }
        self.push_spec(doors);
        self.reconcile(doors);
        Ok(())
    }
}
