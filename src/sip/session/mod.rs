//! One session: the INVITE usage of a dialog from the first INVITE to the last BYE (RFC 3261 sections 13 to 15).
//!
//! `outgoing` and `incoming` bring a session up, `reliable` makes sure of what is said before, `change` renegotiates it,
//! `timer` keeps it alive, `inside` carries other requests, `ending` takes it down. All of them are one state, `Phase`, and what is
//! under way beside it, `Talk`.

mod change;
mod core;
mod ending;
mod incoming;
mod inside;
mod login;
mod named;
mod outgoing;
mod owner;
mod reliable;
#[cfg(test)]
mod tests;
mod timer;

pub(super) use self::change::FROM_CHANGE;
pub(super) use self::core::Core;
pub(super) use self::login::Login;
pub(super) use self::reliable::RELIABLE;
pub(super) use self::timer::TIMER;
pub use named::Standing;
pub(super) use owner::Standpoint;

use self::core::Extra;
use self::reliable::{First, Reliably};
use self::timer::Timer;
use super::dialog::Dialog;
use super::endpoint::{Event, OfferBy, Out, Peer, SessionId};
use super::link::Link;
use super::transaction::{Backoff, ClientKey, ServerKey};
use super::{Headers, Method, Name, Request, Response, Status, Text, Uri};
use crate::time::{Time, earliest};
use bytes::Bytes;

#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub local_tag: Text,
    call_id: Text,
    /// We made the Call-ID: that decides who waits longer after a 491 (RFC 3261 section 14.1).
    owner: bool,
    /// Where the peer last spoke from.
    link: Link,
    /// The name that the peer can prove, wherever it speaks from.
    proves: Option<Text>,
    /// Our Contact.
    contact: Option<Uri>,
    /// For a call of theirs, early or confirmed; for one of ours, once it is answered.
    dialog: Option<Dialog>,
    phase: Phase,
    talk: Talk,
    timer: Timer,
    /// RSeq and CSeq of a reliable response of ours that the final one has overtaken.
    unpracked: Option<(u32, u32)>,
    /// What the peer said of itself, as it said it; read when asked.
    allow: Option<Text>,
    supported: Option<Text>,
    user_agent: Option<Text>,
    /// The deadline that stands in the endpoint's table.
    pub armed: Option<Time>,
}

/// ```text
///    our INVITE         their INVITE
///        |                   |
///     Calling             Ringing
///      |   | 2xx      accept |  | refused, CANCEL
///      |   +------> Up <-----+  |
///      | failed     |      (PRACK missing: Refused -> )
///      |            | BYE of ours
///      |    (ACK owed: Owing -> ) Leaving
///      +------------+-----------+----> Over
/// ```
#[derive(Clone, Debug)]
enum Phase {
    Calling(Calling),
    Ringing(Ringing),
    Up,
    /// Ended by us while the ACK of our 2xx is missing: the BYE waits for it (RFC 3261 section 15).
    Owing(Extra),
    /// Our BYE is under way. Theirs may cross it.
    Leaving,
    /// Refused, and the PRACK of what was said before may still come until then (RFC 3262 section 3).
    Refused {
        until: Time,
    },
    Over,
}

/// An INVITE of ours without its final response.
#[derive(Clone, Debug)]
struct Calling {
    client: ClientKey,
    /// As it was sent, should it have to go again.
    invite: Box<Request>,
    offered: bool,
    /// A response has come, so a CANCEL may go out.
    proceeding: bool,
    /// Early dialogs, in the order in which they appeared.
    forks: Vec<Fork>,
    cancel: Cancel,
    /// Until when it may ring.
    until: Time,
}

impl Calling {
    /// The number of the early dialog with this tag.
    fn fork(&self, tag: &Text) -> Option<u32> {
        let at = self.forks.iter().position(|fork| fork.dialog.remote_tag == *tag)?;
        u32::try_from(at).ok()
    }
}

/// An early dialog of a call of ours.
#[derive(Clone, Debug)]
struct Fork {
    dialog: Dialog,
    /// Of the last reliable response that came.
    rseq: Option<u32>,
    /// The first offer has been answered reliably, so that the next may be made (RFC 3311 section 5.1).
    agreed: bool,
}

#[derive(Clone, Debug)]
enum Cancel {
    No,
    /// Ended by us, and no provisional response yet: the CANCEL waits for one (RFC 3261 section 9.1).
    Wanted(Extra),
    /// Sent; whoever does not heed it by then never will.
    Sent {
        give_up: Time,
    },
}

/// An INVITE of theirs without our final response.
#[derive(Clone, Debug)]
struct Ringing {
    key: ServerKey,
    invite: Box<Request>,
    /// The last provisional response but 100, and when it is due again (RFC 3261 section 13.3.1.1).
    last: Option<(Status, Time)>,
    /// Until when the caller waits (section 20.19).
    expires: Option<Time>,
    first: First,
    reliably: Box<Reliably>,
}

/// Offers, answers and the INVITEs that carry them: at most one in each direction.
#[derive(Clone, Debug, Default)]
struct Talk {
    ours: Option<Ours>,
    theirs: Option<Theirs>,
    unacked: Option<Unacked>,
    owed: Option<Owed>,
}

/// Our re-INVITE or UPDATE without its final response.
#[derive(Clone, Debug)]
struct Ours {
    client: ClientKey,
    by: OfferBy,
    seq: u32,
    offered: bool,
    /// Of the last reliable provisional response, and the answer that one of them had.
    rseq: Option<u32>,
    answer: Option<Bytes>,
    /// A peer that only ever answers provisionally is as dead as one that never answers.
    until: Time,
}

/// Their re-INVITE, UPDATE or PRACK, waiting for `answer`.
#[derive(Clone, Debug)]
struct Theirs {
    key: ServerKey,
    request: Box<Request>,
}

/// Our 2xx to an INVITE of theirs, until its ACK comes (RFC 3261 section 13.3.1.4).
#[derive(Clone, Debug)]
struct Unacked {
    seq: u32,
    to: Link,
    response: Bytes,
    /// It carried the offer, so the ACK carries the answer.
    offered: bool,
    again: Backoff,
    give_up: Time,
}

/// What acknowledges a response that carried an offer, until `ack` brings the answer.
#[derive(Clone, Debug)]
enum Owed {
    Ack { client: ClientKey, seq: u32 },
    Prack { fork: Text, rack: Text },
}

impl Session {
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// The link that an unanswered caller waits on.
    pub fn waits_on(&self) -> Option<Link> {
        (matches!(self.phase, Phase::Ringing(_)) && self.link.transport.is_reliable()).then_some(self.link)
    }

    /// Whether a request that names our tag is in this session: the Call-ID has to match too, and, once there is only one
    /// dialog, the peer's tag (RFC 3261 section 12.2.2).
    pub fn is_with(&self, request: &Request) -> bool {
        let headers = &request.headers;
        let tag = headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        headers.call_id().is_some_and(|call_id| *call_id == self.call_id)
            && self.dialog.as_ref().is_none_or(|dialog| dialog.remote_tag == tag)
    }

    pub fn peer(&self) -> Peer {
        Peer {
            allow: elements(self.allow.as_ref()).map(|method| Method::read(&method)).collect(),
            supported: elements(self.supported.as_ref()).collect(),
            requires_reliable: match &self.phase {
                Phase::Ringing(ringing) => ringing.requires_reliable(),
                _ => false,
            },
            user_agent: self.user_agent.clone(),
            remote_target: self.dialog.as_ref().map(|dialog| dialog.remote_target.clone()),
            link: self.link,
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        let phase = match &self.phase {
            Phase::Calling(calling) => match &calling.cancel {
                Cancel::No => Some(calling.until),
                // Without any response, the transaction itself times out.
                Cancel::Wanted(_) => None,
                Cancel::Sent { give_up } => Some(*give_up),
            },
            Phase::Ringing(ringing) => {
                let due = earliest(ringing.last.map(|(_, due)| due), ringing.expires);
                earliest(due, ringing.reliably.deadline())
            }
            Phase::Up | Phase::Owing(_) | Phase::Leaving => None,
            Phase::Refused { until } => Some(*until),
            Phase::Over => return None,
        };
        let unacked = self.talk.unacked.as_ref().map(|unacked| unacked.again.at.min(unacked.give_up));
        let ours = self.talk.ours.as_ref().map(|ours| ours.until);
        earliest(earliest(phase, self.timer_deadline()), earliest(unacked, ours))
    }

    pub fn wake(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        self.wake_call(now, core, out);
        self.wake_reliable(now, core, out);
        self.wake_timer(now, core, out);
        self.wake_unacked(now, core, out);
        if self.talk.ours.take_if(|ours| ours.until <= now).is_some() {
            self.dead(now, Status::REQUEST_TIMEOUT, core, out);
        }
    }

    /// The stream that the peer last spoke over is gone: from now on it is looked for where its Contact says that it
    /// listens, if that is its own address (RFC 3261 section 18.1.1).
    pub fn link_closed(&mut self, link: Link) {
        if self.link != link {
            return;
        }
        let Some(target) = self.dialog.as_ref().map(|dialog| &dialog.remote_target) else { return };
        if target.host.ip().is_some_and(|ip| ip.to_canonical() == link.remote.ip().to_canonical()) {
            self.link.remote.set_port(target.port.unwrap_or(5060));
            if let Some(unacked) = self.talk.unacked.as_mut().filter(|unacked| unacked.to == link) {
                unacked.to = self.link;
            }
        }
    }

    /// What a message tells of the peer, beside its errand.
    fn learn(&mut self, headers: &Headers) {
        self.allow = list(headers, &Name::Allow).or_else(|| self.allow.take());
        self.supported = list(headers, &Name::Supported).or_else(|| self.supported.take());
        if let Some(name) = headers.first(&Name::UserAgent).or_else(|| headers.first(&Name::Server)) {
            self.user_agent = Some(Text::from(name.as_bytes().to_vec()));
        }
    }

    /// Whether it has said that it takes these.
    fn peer_takes(&self, method: &Method) -> bool {
        elements(self.allow.as_ref()).any(|allowed| allowed == method.as_str())
    }

    /// From an unanswered incoming call on to something else.
    fn leave_ringing(&mut self, next: Phase) -> Option<Ringing> {
        match std::mem::replace(&mut self.phase, next) {
            Phase::Ringing(ringing) => Some(ringing),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Whether a call of ours has been answered by anything, a 100 included.
    pub fn is_proceeding(&self) -> bool {
        matches!(&self.phase, Phase::Calling(calling) if calling.proceeding)
    }

    /// The engine has been told, or has said itself, that this session is gone.
    fn is_silent(&self) -> bool {
        match &self.phase {
            Phase::Calling(calling) => !matches!(calling.cancel, Cancel::No),
            Phase::Ringing(_) | Phase::Up => false,
            Phase::Owing(_) | Phase::Leaving | Phase::Refused { .. } | Phase::Over => true,
        }
    }

    fn tell(&self, event: Event, out: &mut Vec<Out>) {
        if !self.is_silent() {
            out.push(Out::Event(event));
        }
    }

    /// Refuses a request of theirs.
    fn refuse(
        &self,
        now: Time,
        key: ServerKey,
        request: &Request,
        status: Status,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        core.refuse(now, key, request, status, &self.local_tag, out);
    }

    /// Whether this response is the final one to a request that proves the dialog dead (RFC 3261 section 12.2.1.2).
    fn kills(status: Status) -> bool {
        matches!(status, Status::NO_SUCH_CALL | Status::REQUEST_TIMEOUT)
    }
}

/// All values of a list header on one line, as text of its own.
fn list(headers: &Headers, name: &Name) -> Option<Text> {
    let mut lines = headers.lines(name);
    let mut all = lines.next()?.as_bytes().to_vec();
    for line in lines {
        all.extend_from_slice(b",");
        all.extend_from_slice(line.as_bytes());
    }
    Some(all.into())
}

fn elements(list: Option<&Text>) -> impl Iterator<Item = Text> {
    let list = list.map(Text::as_str).unwrap_or_default();
    list.split(',').map(str::trim).filter(|element| !element.is_empty()).map(Text::from)
}

/// The Reason of a message, as text of its own.
fn reason(headers: &Headers) -> Option<Text> {
    headers.first(&Name::Reason).map(|reason| Text::from(reason.as_bytes().to_vec()))
}

/// The fork that a response is from.
fn fork_of(response: &Response) -> Text {
    response.headers.to().ok().and_then(|to| to.tag()).unwrap_or_default()
}
