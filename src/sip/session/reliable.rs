//! Provisional responses that must arrive (RFC 3262), sent and received, and the offers and answers they carry.

use super::core::{Core, Extra, body_of};
use super::{Fork, Owed, Phase, Ringing, Session, Theirs};
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::{By, Event, Out};
use crate::sip::link::Link;
use crate::sip::transaction::{Backoff, Purpose, ServerKey};
use crate::sip::{Headers, Method, Name, Request, Response, Status, Text, Uri};
use crate::time::{Duration, Time, earliest};
use bytes::Bytes;

/// The option tag of RFC 3262.
pub const RELIABLE: &str = "100rel";

/// Provisional responses that wait behind one which is not acknowledged yet. A caller who is this slow needs no more.
const WAITING: usize = 4;

/// How far the offer of the first INVITE is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// It came without one, and we have made none yet.
    Nobodys,
    /// The caller's, without our answer.
    Theirs,
    /// Ours, in a reliable response: the PRACK has the answer (section 5).
    Ours,
    Agreed,
}

/// A provisional response to send.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub status: Status,
    pub headers: Extra,
    pub body: Option<Bytes>,
}

/// Our reliable responses to one INVITE: one at a time (section 3).
#[derive(Clone, Debug, Default)]
pub(super) struct Reliably {
    /// The last RSeq; 0: none yet.
    rseq: u32,
    waiting: Option<Waiting>,
    next: Vec<Said>,
    /// The 200, which has to wait: its headers and body.
    accept: Option<(Extra, Bytes)>,
}

/// A reliable response without its PRACK.
#[derive(Clone, Debug)]
struct Waiting {
    to: Link,
    response: Bytes,
    described: bool,
    again: Backoff,
    give_up: Time,
}

impl Reliably {
    pub fn deadline(&self) -> Option<Time> {
        self.waiting.as_ref().and_then(|waiting| earliest(Some(waiting.again.at), Some(waiting.give_up)))
    }

    /// Section 3: no 2xx while a session description of ours is unacknowledged.
    pub fn holds_the_answer(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.described)
    }

    pub fn accept_later(&mut self, headers: Extra, body: Bytes) {
        self.accept = Some((headers, body));
    }
}

impl Ringing {
    pub fn requires_reliable(&self) -> bool {
        self.invite.headers.requires().iter().any(|tag| tag.eq_ignore_case(RELIABLE))
    }

    /// RSeq and CSeq of what is unacknowledged when the final response goes out: its PRACK may still come.
    pub fn unpracked(&self) -> Option<(u32, u32)> {
        let seq = self.invite.headers.cseq().map_or(0, |cseq| cseq.number);
        self.reliably.waiting.as_ref().map(|_| (self.reliably.rseq, seq))
    }
}

impl Session {
    /// A provisional response to an incoming call.
    #[allow(clippy::too_many_arguments)]
    pub fn progress(
        &mut self,
        now: Time,
        contact: Uri,
        status: Status,
        headers: Extra,
        body: Option<Bytes>,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        if matches!(self.phase, Phase::Ringing(_)) && status.is_provisional() && status != Status::TRYING {
            self.contact = Some(contact);
            self.say(now, Said { status, headers, body }, core, out);
        }
    }

    pub(super) fn say(&mut self, now: Time, said: Said, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        ringing.last = Some((said.status, now + super::incoming::RING_AGAIN));
        let supported = ringing.invite.headers.supports(RELIABLE);
        let reliable = ringing.requires_reliable() || (said.body.is_some() && supported);
        if reliable && ringing.reliably.waiting.is_some() {
            let next = &mut ringing.reliably.next;
            if let Some(last) = next.last_mut().filter(|last| last.body.is_none() && said.body.is_none()) {
                *last = said;
            } else if next.len() < WAITING {
                next.push(said);
            }
            return;
        }
        // Another description would be a second answer, or an offer that may get lost (RFC 6337 section 2.2).
        let described = said.body.is_some()
            && match ringing.first {
                First::Nobodys => reliable,
                First::Theirs => true,
                First::Ours | First::Agreed => false,
            };
        let mut response = Response::for_request(&ringing.invite, said.status);
        if let Some(contact) = &self.contact {
            core.introduce(&mut response.headers, contact);
        }
        if reliable {
            let rseq = match ringing.reliably.rseq {
                // Section 3: the first lies between 1 and 2^31 - 1.
                0 => u32::try_from(core.mint.below(1 << 16)).unwrap_or(0) + 1,
                last => last.saturating_add(1),
            };
            ringing.reliably.rseq = rseq;
            response.headers.push(Name::Require, Text::from_static(RELIABLE));
            response.headers.push(Name::RSeq, rseq.to_string());
        }
        let body = said.body.filter(|_| described);
        let sent = core.reply(now, ringing.key, response, &self.local_tag, said.headers, body, out);
        if let (true, Some((to, response))) = (reliable, sent) {
            let timers = core.settings.timers;
            ringing.reliably.waiting = Some(Waiting {
                to,
                response,
                described,
                again: Backoff::new(now, timers.t1),
                give_up: now + timers.patience(),
            });
            ringing.first = match ringing.first {
                First::Nobodys if described => First::Ours,
                First::Theirs if described => First::Agreed,
                first => first,
            };
        }
    }

    pub(super) fn wake_reliable(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        let Some(waiting) = &mut ringing.reliably.waiting else { return };
        if waiting.give_up <= now {
            // Section 3: the caller does not hear us, so the call is refused.
            let (key, invite) = (ringing.key, ringing.invite.clone());
            self.drop_their_offer(now, core, out);
            self.refuse(now, key, &invite, Status::SERVER_TIMEOUT, core, out);
            let status = Some(Status::SERVER_TIMEOUT);
            self.tell(
                Event::Ended { session: self.id, by: By::Timeout, status, reason: None, user_to_user: None },
                out,
            );
            self.phase = Phase::Over;
        } else if waiting.again.at <= now {
            // Section 3: the pause doubles without a ceiling.
            waiting.again = waiting.again.next(now, Duration::MAX);
            out.push(Out::Send { to: waiting.to, bytes: waiting.response.clone() });
        }
    }

    /// Their PRACK.
    pub(super) fn pracked(&mut self, now: Time, key: ServerKey, request: Request, core: &mut Core, out: &mut Vec<Out>) {
        let acknowledges = |rseq: u32, invite: u32| {
            let value = request.headers.first(&Name::RAck).map(Text::as_str).unwrap_or_default();
            let mut words = value.split_ascii_whitespace();
            let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
            let numbers = (number(), number()) == (Some(rseq), Some(invite));
            numbers && words.next().is_some_and(|method| method == Method::Invite.as_str())
        };
        let Phase::Ringing(ringing) = &mut self.phase else {
            // Section 3: one that the final response has overtaken is still answered.
            if self.unpracked.take_if(|(rseq, invite)| acknowledges(*rseq, *invite)).is_none() {
                return self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out);
            }
            if matches!(self.phase, Phase::Refused { .. }) {
                self.phase = Phase::Over;
            } else if !request.body.is_empty() {
                // Section 5: an offer may come with it, and wants its answer.
                return match self.clash(&request) {
                    Some(status) => self.refuse(now, key, &request, status, core, out),
                    None => self.offer_of_theirs(key, request, out),
                };
            }
            return self.refuse(now, key, &request, Status::OK, core, out);
        };
        let seq = ringing.invite.headers.cseq().map_or(0, |cseq| cseq.number);
        if ringing.reliably.waiting.is_none() || !acknowledges(ringing.reliably.rseq, seq) {
            return self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out);
        }
        match (ringing.first, body_of(&request.body)) {
            // Section 5: the answer to our offer is owed, and no offer may cross another.
            (First::Ours, None) | (First::Theirs | First::Nobodys, Some(_)) => {
                return self.refuse(now, key, &request, Status::BAD_REQUEST, core, out);
            }
            (First::Agreed, Some(_)) => {
                ringing.reliably.waiting = None;
                self.offer_of_theirs(key, request, out);
            }
            (First::Ours, body) => {
                ringing.reliably.waiting = None;
                ringing.first = First::Agreed;
                self.refuse(now, key, &request, Status::OK, core, out);
                self.tell(Event::Pracked { session: self.id, body }, out);
            }
            (_, None) => {
                ringing.reliably.waiting = None;
                self.refuse(now, key, &request, Status::OK, core, out);
            }
        }
        self.go_on(now, core, out);
    }

    /// What has been waiting for a PRACK, or for the answer to an early offer.
    pub(super) fn go_on(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let waits = self.talk.theirs.is_some();
        let Phase::Ringing(Ringing { reliably, .. }) = &mut self.phase else { return };
        if reliably.waiting.is_some() || waits {
            return;
        }
        if let Some((headers, body)) = reliably.accept.take() {
            self.accept_now(now, headers, body, core, out);
        } else if !reliably.next.is_empty() {
            let said = reliably.next.remove(0);
            self.say(now, said, core, out);
        }
    }

    /// A reliable response of theirs: whether it is news, and its PRACK. `invite`: its sequence number.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn acknowledge(
        now: Time,
        link: Link,
        fork: &mut Fork,
        headers: &Headers,
        described: bool,
        offered: bool,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) -> (bool, Option<Owed>) {
        let Some(rseq) = reliable(headers) else { return (true, None) };
        if !is_next(fork.rseq, rseq) {
            return (false, None);
        }
        fork.rseq = Some(rseq);
        let invite = headers.cseq().map_or(0, |cseq| cseq.number);
        let rack = Text::from(format!("{rseq} {invite} INVITE"));
        let offer = described && !offered && !fork.agreed;
        fork.agreed |= described && offered;
        if offer {
            return (true, Some(Owed::Prack { fork: fork.dialog.remote_tag.clone(), rack }));
        }
        prack(now, link, &mut fork.dialog, rack, None, core, out);
        (true, None)
    }
}

/// The number of a response that wants a PRACK.
pub(super) fn reliable(headers: &Headers) -> Option<u32> {
    let rseq = headers.first(&Name::RSeq).and_then(|rseq| rseq.as_str().trim().parse::<u32>().ok());
    rseq.filter(|_| headers.requires().iter().any(|tag| tag.eq_ignore_case(RELIABLE)))
}

/// Section 4: each in its turn; a repetition is absorbed, and what comes too early comes again.
pub(super) fn is_next(last: Option<u32>, rseq: u32) -> bool {
    last.is_none_or(|last| last.checked_add(1) == Some(rseq))
}

/// Acknowledges a reliable response of theirs.
pub(super) fn prack(
    now: Time,
    link: Link,
    dialog: &mut Dialog,
    rack: Text,
    answer: Option<Bytes>,
    core: &mut Core,
    out: &mut Vec<Out>,
) {
    let seq = dialog.next_seq();
    let mut ready = core.begin_inside(dialog, link, Method::Prack, seq);
    ready.0.headers.push(Name::RAck, rack);
    let body = answer.map(|answer| (Text::from_static("application/sdp"), answer));
    // Whatever becomes of it: while it is missing, the response comes again, and the call ends by its final one.
    core.send(now, ready, Vec::new(), body, Purpose::Nothing, out);
}

impl Session {
    /// An offer of theirs that may be answered now.
    pub(super) fn offer_of_theirs(&mut self, key: ServerKey, request: Request, out: &mut Vec<Out>) {
        let tag = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        let fork = match &self.phase {
            Phase::Calling(calling) => calling.fork(&tag),
            _ => None,
        };
        let (by, body, headers) = (request.method.clone(), body_of(&request.body), request.headers.clone());
        self.talk.theirs = Some(Theirs { key, request: Box::new(request) });
        self.tell(Event::Offered { session: self.id, by, fork, body, headers }, out);
    }
}
