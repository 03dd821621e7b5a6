//! The whole SIP user agent behind one door: transactions, dialogs and sessions, in and out by value.

use super::body;
use super::dialog::Dialog;
use super::link::Link;
use super::refer::Replaces;
pub use super::settings::Settings;
use super::settings::join;
use super::session::{Core, Session, Standing, Standpoint};
use super::transaction::{Arrival, Heard, Lost, Purpose, ServerKey};
use super::{Headers, Message, Method, Name, NameAddr, Request, Response, Scheme, Status, Text, Uri};
use crate::ids::Mint;
use crate::time::{Duration, Time, earliest};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;

/// One call leg of ours, from its INVITE to its BYE.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session{}", self.0)
    }
}

/// A request of ours in a dialog, made by [`Endpoint::request`].
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
    /// A new call; its 100 is sent. `accept` it, or `end` it (a challenge is an `end` with 401 and its headers).
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
    /// The session is to be refreshed by a re-INVITE that describes it as it is (RFC 4028 section 7.4).
    Refresh { session: SessionId },
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
    /// Over. `reason` is the Reason header of the BYE or CANCEL; `status` what a request of ours was answered with.
    /// `user_to_user` is that of the BYE.
    Ended { session: SessionId, by: By, status: Option<Status>, reason: Option<Text>, user_to_user: Option<Text> },
}

#[derive(Clone, Debug)]
pub struct Endpoint {
    core: Core,
    sessions: BTreeMap<SessionId, Session>,
    /// By our tag: dialogs, early dialogs, and INVITEs of ours that have none yet.
    tags: HashMap<Text, SessionId>,
    deadlines: BTreeSet<(Time, SessionId)>,
    /// Calls that came over a stream and are not answered yet: they end with it.
    waiting: BTreeSet<(Link, SessionId)>,
    next: u64,
}

impl Endpoint {
    #[must_use]
    pub fn new(settings: Settings, mint: Mint) -> Self {
        Endpoint {
            core: Core::new(settings, mint),
            sessions: BTreeMap::new(),
            tags: HashMap::new(),
            deadlines: BTreeSet::new(),
            waiting: BTreeSet::new(),
            next: 0,
        }
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.core.settings
    }

    /// When `wake` has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        earliest(self.core.transactions.deadline(), self.deadlines.first().map(|(at, _)| *at))
    }

    /// Nothing is kept of anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.tags.is_empty() && self.waiting.is_empty() && self.core.transactions.is_empty()
    }

    /// Sessions and transactions that are kept.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.sessions.len(), self.core.transactions.len())
    }

    pub fn receive(&mut self, now: Time, from: Link, message: Message, out: &mut Vec<Out>) {
        match message {
            Message::Request(request) => self.receive_request(now, from, request, out),
            Message::Response(response) => self.receive_response(now, from, response, out),
        }
    }

    /// A stream closed, or could not be opened.
    pub fn link_closed(&mut self, now: Time, link: Link, out: &mut Vec<Out>) {
        for lost in self.core.transactions.link_closed(now, link, out) {
            self.lost(now, lost, out);
        }
        if link.transport.is_reliable() {
            self.sessions.values_mut().for_each(|session| session.link_closed(link));
        }
        let callers: Vec<SessionId> = self
            .waiting
            .range((link, SessionId(0))..=(link, SessionId(u64::MAX)))
            .map(|(_, session)| *session)
            .collect();
        for session in callers {
            self.with(session, out, |session, core, out| session.caller_gone(now, core, out));
        }
    }

    /// Does everything that is due.
    pub fn wake(&mut self, now: Time, out: &mut Vec<Out>) {
        crate::limits::give_back(&mut self.tags);
        while let Some(lost) = self.core.transactions.wake(now, out) {
            if let Some(lost) = lost {
                self.lost(now, lost, out);
            }
        }
        while let Some((at, session)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.with(session, out, |session, core, out| session.wake(now, core, out));
        }
    }

    /// Answers a request outside of dialogs, or one in a dialog that is not about the session itself.
    pub fn respond(&mut self, now: Time, key: ServerKey, response: Response, out: &mut Vec<Out>) {
        let tag = self.core.token();
        self.core.reply(now, key, response, &tag, Vec::new(), None, out);
    }

    pub fn invite(&mut self, now: Time, call: Call, out: &mut Vec<Out>) -> SessionId {
        let id = self.session_id();
        let session = Session::call(now, id, call, &mut self.core, out);
        self.adopt(session);
        id
    }

    /// The peer of this session has a name that it can prove. A request in the dialog from another host is told as
    /// [`Event::Stranger`] from now on, instead of being refused.
    pub fn entrust(&mut self, session: SessionId, owner: Text) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.entrust(owner);
        }
    }

    /// Who a session is entrusted to.
    #[must_use]
    pub fn owner(&self, session: SessionId) -> Option<&Text> {
        self.sessions.get(&session)?.owner()
    }

    /// Takes a request that came from its session's peer after all; the dialog goes on from there.
    pub fn admit(
        &mut self,
        now: Time,
        session: SessionId,
        key: ServerKey,
        from: Link,
        mut request: Request,
        out: &mut Vec<Out>,
    ) {
        if let Err(unfit) = open_body(&mut request) {
            self.refuse_body(now, key, &request, unfit, out);
        } else if self.sessions.contains_key(&session) {
            self.with(session, out, |session, core, out| session.receive(now, from, key, request, core, out));
        } else {
            self.refuse(now, key, &request, Status::NO_SUCH_CALL, out);
        }
    }

    /// A provisional response to an incoming call: a reliable one where the caller requires it, or understands it and
    /// there is a body (RFC 3262). A body answers the INVITE's offer, or is one: that only reaches who understands it.
    #[allow(clippy::too_many_arguments)]
    pub fn progress(
        &mut self,
        now: Time,
        session: SessionId,
        contact: Uri,
        status: Status,
        headers: Vec<(Name, Text)>,
        body: Option<Bytes>,
        out: &mut Vec<Out>,
    ) {
        self.with(session, out, |session, core, out| session.progress(now, contact, status, headers, body, core, out));
    }

    /// Takes an incoming call, as soon as what was said before is acknowledged where it must be. The 200 is repeated until
    /// its ACK comes; when none does, the session ends by Timeout.
    pub fn accept(
        &mut self,
        now: Time,
        session: SessionId,
        contact: Uri,
        headers: Vec<(Name, Text)>,
        body: Bytes,
        out: &mut Vec<Out>,
    ) {
        self.with(session, out, |session, core, out| session.accept(now, contact, headers, body, core, out));
    }

    /// The answer to an offer that came in a response: sends the ACK or PRACK that has been waiting for it.
    pub fn ack(&mut self, now: Time, session: SessionId, body: Bytes, out: &mut Vec<Out>) {
        self.with(session, out, |session, core, out| session.ack(now, body, core, out));
    }

    /// Ends a session by whatever its state asks for: CANCEL, a final response, or BYE.
    pub fn end(&mut self, now: Time, session: SessionId, end: End, out: &mut Vec<Out>) {
        self.with(session, out, |session, core, out| session.end(now, end, core, out));
    }

    /// Offers a change by re-INVITE or UPDATE. `OfferAnswered` tells how it went. A From among the headers is who we are
    /// from now on, to peers that understand it (RFC 4916).
    /// # Errors
    /// When an offer is under way already, or the session is not up.
    #[allow(clippy::too_many_arguments)]
    pub fn offer(
        &mut self,
        now: Time,
        session: SessionId,
        by: OfferBy,
        headers: Vec<(Name, Text)>,
        body: Option<Bytes>,
        out: &mut Vec<Out>,
    ) -> Result<(), Busy> {
        self.with(session, out, |session, core, out| session.offer(now, by, headers, body, core, out))
            .unwrap_or(Err(Busy))
    }

    /// Whether `offer` would go out now.
    #[must_use]
    pub fn may_offer(&self, session: SessionId, by: OfferBy) -> bool {
        self.sessions.get(&session).is_some_and(|session| session.may_offer(by))
    }

    /// Answers the peer's re-INVITE or UPDATE: with a body, or with a refusal.
    pub fn answer(
        &mut self,
        now: Time,
        session: SessionId,
        answer: Result<Bytes, Status>,
        headers: Vec<(Name, Text)>,
        out: &mut Vec<Out>,
    ) {
        self.with(session, out, |session, core, out| session.answer(now, answer, headers, core, out));
    }

    /// Sends INFO, OPTIONS, NOTIFY, REFER ... in the dialog. `Replied` tells the outcome.
    /// # Errors
    /// When the session has no dialog (yet, or any more).
    #[allow(clippy::too_many_arguments)]
    pub fn request(
        &mut self,
        now: Time,
        session: SessionId,
        method: Method,
        headers: Vec<(Name, Text)>,
        body: Option<(Text, Bytes)>,
        out: &mut Vec<Out>,
    ) -> Result<RequestId, NoSession> {
        self.with(session, out, |session, core, out| session.request(now, method, headers, body, core, out))
            .unwrap_or(Err(NoSession))
    }

    /// The session of the dialog that a Replaces names, and how far it is (RFC 3891 section 3).
    #[must_use]
    pub fn named(&self, replaces: &Replaces) -> Option<(SessionId, Standing)> {
        [&replaces.to_tag, &replaces.from_tag].into_iter().find_map(|tag| {
            let id = *self.tags.get(tag)?;
            Some((id, self.sessions.get(&id)?.standing(replaces)?))
        })
    }

    /// The hosts that calls are up with, and whether the peer there has proven who it is.
    pub fn parties(&self) -> impl Iterator<Item = (IpAddr, bool)> {
        self.sessions.values().filter_map(Session::party)
    }

    /// Calls from this host that we have answered, and whose ACK has not come.
    #[must_use]
    pub fn unacknowledged(&self, from: Link) -> usize {
        self.sessions.values().filter(|session| session.is_unacknowledged(from)).count()
    }

    #[must_use]
    pub fn peer(&self, session: SessionId) -> Option<Peer> {
        self.sessions.get(&session).map(Session::peer)
    }

    fn session_id(&mut self) -> SessionId {
        self.next += 1;
        SessionId(self.next)
    }

    /// Takes a new session into the tables.
    fn adopt(&mut self, session: Session) {
        let id = session.id;
        self.tags.insert(session.local_tag.clone(), id);
        if let Some(link) = session.waits_on() {
            self.waiting.insert((link, id));
        }
        self.sessions.insert(id, session);
        self.settle(id);
    }

    /// Runs something on a session, then brings the tables up to date with what it has become.
    fn with<R>(
        &mut self,
        id: SessionId,
        out: &mut Vec<Out>,
        run: impl FnOnce(&mut Session, &mut Core, &mut Vec<Out>) -> R,
    ) -> Option<R> {
        let session = self.sessions.get_mut(&id)?;
        let waited_on = session.waits_on();
        let result = run(session, &mut self.core, out);
        let waits_on = session.waits_on();
        if waits_on != waited_on {
            if let Some(link) = waited_on {
                self.waiting.remove(&(link, id));
            }
            if let Some(link) = waits_on {
                self.waiting.insert((link, id));
            }
        }
        self.settle(id);
        Some(result)
    }

    fn settle(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let due = session.deadline();
        if session.armed != due {
            if let Some(at) = session.armed.take() {
                self.deadlines.remove(&(at, id));
            }
            if let Some(at) = due {
                self.deadlines.insert((at, id));
            }
            session.armed = due;
        }
        if session.is_over()
            && let Some(session) = self.sessions.remove(&id)
        {
            self.tags.remove(&session.local_tag);
        }
    }

    fn lost(&mut self, now: Time, lost: Lost, out: &mut Vec<Out>) {
        let Some(id) = lost.purpose.session() else { return };
        self.with(id, out, |session, core, out| session.lost(now, lost, core, out));
    }

    fn receive_response(&mut self, now: Time, from: Link, mut response: Response, out: &mut Vec<Out>) {
        // RFC 3261 section 8.1.3.3: a response with two Vias was meant for somebody else.
        if response.headers.all(&Name::Via).count() != 1 {
            return;
        }
        let Some(Heard { client, purpose }) = self.core.transactions.response(now, from, &response, out) else { return };
        // Nobody can be told of an answer that cannot be read: the session finds that it does not fit.
        let _as_it_came = body::open(&mut response.headers, &mut response.body);
        if let Some(id) = purpose.session()
            && self.sessions.contains_key(&id)
        {
            self.with(id, out, |session, core, out| session.response(now, from, client, purpose, response, core, out));
            return;
        }
        // The session is gone, and a 2xx still wants its ACK.
        let tag = response.headers.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let hang_up = match purpose {
            Purpose::Invite(_) => true,
            Purpose::ReInvite(_) => false,
            _ => return,
        };
        if response.status.is_success() && !self.core.transactions.ack_again(client, &tag, out) {
            self.core.drop_fork(now, client, from, &response, hang_up, out);
        }
    }

    fn receive_request(&mut self, now: Time, from: Link, mut request: Request, out: &mut Vec<Out>) {
        match self.core.transactions.request(now, from, &mut request, out) {
            Arrival::Absorbed | Arrival::Merged => {}
            Arrival::Ack => {
                if let Some(id) = self.find(&request)
                    // It cannot be challenged either (RFC 3261 section 22.1).
                    && self.standpoint(id, from) == Standpoint::Peer
                {
                    let _as_it_came = body::open(&mut request.headers, &mut request.body);
                    self.with(id, out, |session, core, out| session.acked(now, from, &request, core, out));
                }
                // Any other ACK is stray, and is never answered (RFC 3261 section 17).
            }
            Arrival::New(key) if self.has_come_round(&request) => {
                self.refuse(now, key, &request, Status::LOOP_DETECTED, out);
            }
            Arrival::Cancel(key, invite) => self.cancelled(now, key, invite, &request, out),
            Arrival::New(key) => self.new_request(now, from, key, request, out),
        }
    }

    /// RFC 3261 section 9.2. The CANCEL itself succeeds whenever its INVITE is known, even if it comes too late.
    fn cancelled(
        &mut self,
        now: Time,
        key: ServerKey,
        invite: Option<ServerKey>,
        request: &Request,
        out: &mut Vec<Out>,
    ) {
        let Some(invite) = invite else {
            let tag = self.core.token();
            self.core.refuse(now, key, request, Status::NO_SUCH_CALL, &tag, out);
            return;
        };
        let session = self.core.transactions.session_of(invite);
        let known = session.and_then(|id| self.sessions.get(&id)).map(|session| session.local_tag.clone());
        let tag = known.unwrap_or_else(|| self.core.token());
        self.core.refuse(now, key, request, Status::OK, &tag, out);
        if let Some(id) = session {
            self.with(id, out, |session, core, out| session.cancelled(now, invite, request, core, out));
        }
    }

    fn new_request(&mut self, now: Time, from: Link, key: ServerKey, mut request: Request, out: &mut Vec<Out>) {
        follow_strict_route(&mut request);
        let headers = &request.headers;
        let method = &request.method;
        if !self.core.settings.allow.contains(method) {
            // RFC 3261 sections 21.5.2 and 8.2.1.
            let status =
                if matches!(method, Method::Other(_)) { Status::NOT_IMPLEMENTED } else { Status::METHOD_NOT_ALLOWED };
            return self.refuse(now, key, &request, status, out);
        }
        // RFC 3261 section 8.2.2.3.
        let unsupported: Vec<Text> =
            headers.requires().into_iter().filter(|tag| !self.core.settings.supports(tag.as_str())).collect();
        if !unsupported.is_empty() {
            let mut response = Response::for_request(&request, Status::BAD_EXTENSION);
            response.headers.push(Name::Unsupported, join(unsupported.iter().map(Text::as_str)));
            return self.respond(now, key, response, out);
        }
        let (Ok(from_header), Ok(to_header)) = (headers.from(), headers.to()) else {
            return self.refuse(now, key, &request, Status::BAD_REQUEST, out);
        };
        if to_header.tag().is_some() && *method != Method::Register {
            return match self.find(&request) {
                Some(id) => match self.standpoint(id, from) {
                    Standpoint::Peer => self.admit(now, id, key, from, request, out),
                    Standpoint::Doubtful => {
                        out.push(Out::Event(Event::Stranger { session: id, key, from, request }));
                    }
                    // As if it had guessed wrong.
                    Standpoint::Stranger => self.refuse(now, key, &request, Status::NO_SUCH_CALL, out),
                },
                // RFC 3261 section 12.2.2.
                None => self.refuse(now, key, &request, Status::NO_SUCH_CALL, out),
            };
        }
        // RFC 3261 section 8.2.2.1.
        if !matches!(request.uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return self.refuse(now, key, &request, Status::UNSUPPORTED_URI_SCHEME, out);
        }
        // Our own tag in the From of a request that starts something: it is ours, come back.
        if from_header.tag().is_some_and(|tag| self.tags.contains_key(&tag)) {
            return self.refuse(now, key, &request, Status::LOOP_DETECTED, out);
        }
        if let Err(unfit) = open_body(&mut request) {
            return self.refuse_body(now, key, &request, unfit, out);
        }
        match request.method {
            Method::Invite => self.incoming(now, from, key, request, out),
            // These mean nothing outside of a dialog.
            Method::Bye | Method::Info | Method::Update | Method::Prack => {
                self.refuse(now, key, &request, Status::NO_SUCH_CALL, out);
            }
            _ => out.push(Out::Event(Event::Request { key, from, request })),
        }
    }

    fn incoming(&mut self, now: Time, from: Link, key: ServerKey, request: Request, out: &mut Vec<Out>) {
        // A call is passed on, so it needs another hop (RFC 3261 section 16.3).
        if request.headers.max_forwards() == Some(0) {
            return self.refuse(now, key, &request, Status::TOO_MANY_HOPS, out);
        }
        let tag = self.core.token();
        if !body::is_taken_back(&request.headers) {
            // RFC 3261 sections 20.1 and 21.4.7: whatever we answer, it would not be read.
            let mut response = Response::for_request(&request, Status::NOT_ACCEPTABLE);
            response.headers.push(Name::Warning, Text::from_static("399 cordboard \"Only SDP is spoken here\""));
            return self.respond(now, key, response, out);
        }
        let Ok(dialog) = Dialog::of_request(&request, &tag) else {
            return self.core.refuse(now, key, &request, Status::BAD_REQUEST, &tag, out);
        };
        if self.core.is_too_short(&request) {
            return self.core.refuse(now, key, &request, Status::SESSION_INTERVAL_TOO_SMALL, &tag, out);
        }
        let id = self.session_id();
        self.core.transactions.belongs_to(key, id);
        self.adopt(Session::called(id, from, key, request.clone(), dialog));
        out.push(Out::Event(Event::Invite { session: id, from, request }));
    }

    /// A Via of ours in a request: it has been here before, or says so (RFC 3261 section 16.3 step 4).
    fn has_come_round(&self, request: &Request) -> bool {
        request.headers.vias().is_ok_and(|vias| vias.iter().any(|via| self.core.settings.is_ours(via)))
    }

    fn standpoint(&self, id: SessionId, from: Link) -> Standpoint {
        self.sessions.get(&id).map_or(Standpoint::Stranger, |session| session.standpoint(from))
    }

    /// The session whose dialog a request says to be in (RFC 3261 section 12.2.2).
    fn find(&self, request: &Request) -> Option<SessionId> {
        let tag = request.headers.to().ok()?.tag()?;
        let id = *self.tags.get(&tag)?;
        self.sessions.get(&id)?.is_with(request).then_some(id)
    }

    fn refuse(&mut self, now: Time, key: ServerKey, request: &Request, status: Status, out: &mut Vec<Out>) {
        let tag = self.core.token();
        self.core.refuse(now, key, request, status, &tag, out);
    }

    fn refuse_body(&mut self, now: Time, key: ServerKey, request: &Request, unfit: body::Unfit, out: &mut Vec<Out>) {
        let mut response = Response::for_request(request, unfit.status);
        if let Some((name, value)) = unfit.header {
            response.headers.push(name, value);
        }
        self.respond(now, key, response, out);
    }
}

/// RFC 3261 section 8.2.3, for the requests whose bodies we read as session descriptions or not at all. A BYE ends its
/// call whatever it carries, and what an INFO or a NOTIFY is about its reader knows.
fn open_body(request: &mut Request) -> Result<(), body::Unfit> {
    use Method::{Invite, Options, Prack, Register, Update};
    match request.method {
        Invite | Update | Prack | Options | Register => body::open(&mut request.headers, &mut request.body),
        _ => Ok(()),
    }
}

/// A strict router has put us into the Request-URI and its target at the end of the Route (RFC 3261 section 16.4).
fn follow_strict_route(request: &mut Request) {
    if !request.uri.params.has("lr") {
        return;
    }
    if let Ok(mut routes) = request.headers.routes()
        && let Some(target) = routes.pop()
    {
        request.uri = target.uri.without_headers();
        request.headers.remove(&Name::Route);
        for route in routes {
            request.headers.push(Name::Route, &route);
        }
    }
}
