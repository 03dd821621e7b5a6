//! What goes into the endpoint and comes out of it: calls, offers, ends, and the events that tell of them.

use crate::sip::digest::Account;
use crate::sip::link::Link;
use crate::sip::transaction::ServerKey;
use crate::sip::{Headers, Method, Name, NameAddr, Request, Response, Status, Text, Uri};
use crate::time::Duration;
use bytes::Bytes;
use std::fmt;

/// One call leg of ours, from its INVITE to its BYE.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session{}", self.0)
    }
}

/// A request of ours, made by [`Endpoint::request`] or [`Endpoint::ask`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

#[allow(clippy::large_enum_variant)] // moved once, from one list to its handler
#[derive(Clone, Debug)]
pub enum Out {
    Send { to: Link, bytes: Bytes },
    Event(Event),
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct Call {
    pub to: Link,
    pub uri: Uri,
    /// Our tag is added.
    pub from: NameAddr,
    pub to_header: NameAddr,
    pub contact: Uri,
    pub headers: Vec<(Name, Text)>,
    /// Content-Type and body; without one the peer makes the offer.
    pub body: Option<(Text, Bytes)>,
    /// Route headers, in order.
    pub routes: Vec<NameAddr>,
    /// Who we are to a peer that asks for a password.
    pub account: Option<Account>,
}

/// A request to send outside of any dialog: OPTIONS, REGISTER.
#[derive(Clone, Debug)]
pub struct Outside {
    pub to: Link,
    pub method: Method,
    pub uri: Uri,
    /// Our tag is added.
    pub from: NameAddr,
    pub to_header: NameAddr,
    /// Where there is none, one of its own.
    pub call_id: Option<Text>,
    pub seq: u32,
    pub headers: Vec<(Name, Text)>,
}

/// How to end a session: the status for an incoming call that is unanswered, and headers for whatever is sent
/// (a Reason, a challenge, a Contact to go to).
#[derive(Clone, Debug)]
pub struct End {
    pub status: Status,
    pub headers: Vec<(Name, Text)>,
}

impl End {
    #[must_use]
    pub fn with(status: Status) -> Self {
        End { status, headers: Vec::new() }
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<Text>) -> Self {
        self.headers.push((Name::Reason, reason.into()));
        self
    }
}

/// How a session is offered a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferBy {
    ReInvite,
    Update,
}

/// Another offer is on its way in one direction or the other; its outcome comes as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an offer is already under way in this session")]
pub struct Busy;

/// There is no dialog to send the request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has no dialog")]
pub struct NoSession;

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// BYE, CANCEL, or a 481 to something of ours.
    Remote,
    /// An ACK, or the answer to a request of ours, never came.
    Timeout,
    /// The stream to the peer closed under something that needed it.
    Transport,
}

/// What is known of the other side.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Empty when it never said.
    pub allow: Vec<Method>,
    pub supported: Vec<Text>,
    /// Its unanswered INVITE takes reliable provisional responses only (RFC 3262).
    pub requires_reliable: bool,
    pub user_agent: Option<Text>,
    /// Its Contact, once there is a dialog.
    pub remote_target: Option<Uri>,
    /// Where it last spoke from.
    pub link: Link,
}

/// After [`Endpoint::end`], `Failed` and `Ended` a session is gone: no event names it any more.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new call. `end` it at once (a challenge is an `end` with 401 and its headers), or tell it of `trying` and `accept`
    /// or `end` it later.
    Invite { session: SessionId, from: Link, request: Request },
    /// A request outside of dialogs that is ours to answer with `respond`: REGISTER, OPTIONS, MESSAGE ...
    Request { key: ServerKey, from: Link, request: Request },
    /// A request in a dialog: INFO, OPTIONS, REFER, NOTIFY ...; it waits for `respond`.
    InDialog { session: SessionId, key: ServerKey, request: Request },
    /// A request in the dialog of an [`Endpoint::entrust`]ed session, from a host that it is not with: to be refused or
    /// challenged with `respond`, or, when it proves to be the peer's, taken with `admit`.
    Stranger { session: SessionId, key: ServerKey, from: Link, request: Request },
    /// A provisional response; `fork` counts the early dialogs of this call from 0. Our INVITE had no offer: a body is
    /// one, and `ack` answers it.
    Progress { session: SessionId, status: Status, fork: u32, body: Option<Bytes>, headers: Headers },
    /// The call is up. Our INVITE had an offer: the ACK is sent. It had none: the body is the offer, and `ack` answers it.
    /// No body, although there was an offer: this fork has answered it before, and reliably.
    Answered { session: SessionId, fork: u32, body: Option<Bytes>, response: Response },
    /// Our call was refused, or got no answer (408), or no connection (503).
    Failed { session: SessionId, status: Status, response: Option<Response> },
    /// The ACK of our 2xx came, with the answer if that 2xx had the offer. A newer INVITE also proves that the 2xx came.
    Acked { session: SessionId, body: Option<Bytes> },
    /// The PRACK of a provisional response that had our offer came, with the answer.
    Pracked { session: SessionId, body: Option<Bytes> },
    /// The peer's re-INVITE, UPDATE or PRACK: it waits for `answer`. A re-INVITE without a body asks for our offer.
    /// `fork`: the early dialog that it came in, while our call is unanswered.
    Offered { session: SessionId, by: Method, fork: Option<u32>, body: Option<Bytes>, headers: Headers },
    /// The peer has another name from now on (RFC 4916), as it says itself.
    Renamed { session: SessionId, name: NameAddr, headers: Headers },
    /// The session is to be refreshed by an `offer`: an UPDATE that says nothing new, or a re-INVITE that describes it as it
    /// is (RFC 4028 section 7.4).
    Refresh { session: SessionId, by: OfferBy },
    /// The peer took back its re-INVITE with a CANCEL before it was answered.
    OfferWithdrawn { session: SessionId },
    /// How our `offer` went. `retry_after`: try again then (a 491, or a Retry-After). A 2xx to an offer without a body
    /// brings the peer's offer, and `ack` answers it.
    OfferAnswered {
        session: SessionId,
        status: Status,
        body: Option<Bytes>,
        headers: Headers,
        retry_after: Option<Duration>,
    },
    /// The final response to a `request`; `None` when there was none (408, 503).
    Replied { session: SessionId, request: RequestId, status: Status, response: Option<Response> },
    /// The final response to a request outside of dialogs; `None` when there was none (408, 503).
    Reply { request: RequestId, status: Status, response: Option<Response> },
    /// Over. `reason` is the Reason header of the BYE or CANCEL; `status` what a request of ours was answered with.
    /// `user_to_user` is that of the BYE.
    Ended { session: SessionId, by: By, status: Option<Status>, reason: Option<Text>, user_to_user: Option<Text> },
}
