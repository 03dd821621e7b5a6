//! The whole SIP user agent behind one door: transactions, dialogs and sessions, in and out by value.

mod requests;
mod vocabulary;

pub use super::settings::Settings;
pub use vocabulary::*;

use self::requests::open_body;
use super::body;
use super::link::Link;
use super::refer::Replaces;
use super::session::{Core, Login, Session, Standing};
use super::transaction::{Heard, Lost, Purpose, ServerKey};
use super::{Message, Method, Name, Request, Response, Status, Text, Uri};
use crate::ids::Mint;
use crate::time::{Time, earliest};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

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
        let mut call = call;
        if let Some(account) = call.account.take() {
            self.core.logins.insert(id, Login::new(account));
        }
        let session = Session::call(now, id, call, &mut self.core, out);
        self.adopt(session);
        id
    }

    /// Sends a request outside of any dialog. `Reply` tells the outcome.
    pub fn ask(&mut self, now: Time, asked: Outside, out: &mut Vec<Out>) -> RequestId {
        let id = self.core.request_id();
        let (mut request, branch) = self.core.begin(asked.to, asked.method.clone(), asked.uri);
        let mut from = asked.from;
        from.params.set("tag", self.core.token().as_str());
        let call_id = asked.call_id.unwrap_or_else(|| self.core.token());
        let headers = &mut request.headers;
        headers.push(Name::From, from.to_string());
        headers.push(Name::To, asked.to_header.to_string());
        headers.push(Name::CallId, call_id);
        headers.push(Name::CSeq, format!("{} {}", asked.seq, asked.method));
        self.core.send(now, (request, branch, asked.to), asked.headers, None, Purpose::Outside(id), out);
        id
    }

    /// Whether the peer of a call of ours has said anything yet, if only that it is trying.
    #[must_use]
    pub fn is_proceeding(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(Session::is_proceeding)
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

    /// An incoming call is not refused at once: its 100 goes out.
    pub fn trying(&mut self, session: SessionId, out: &mut Vec<Out>) {
        if let Some(session) = self.sessions.get(&session) {
            session.trying(&self.core, out);
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
            self.core.logins.remove(&id);
        }
    }

    fn lost(&mut self, now: Time, lost: Lost, out: &mut Vec<Out>) {
        if let Purpose::Outside(request) = lost.purpose {
            return out.push(Out::Event(Event::Reply { request, status: lost.status, response: None }));
        }
        let Some(id) = lost.purpose.session() else { return };
        self.with(id, out, |session, core, out| session.lost(now, lost, core, out));
    }

    fn receive_response(&mut self, now: Time, from: Link, mut response: Response, out: &mut Vec<Out>) {
        // RFC 3261 section 8.1.3.3: a response with two Vias was meant for somebody else.
        if response.headers.all(&Name::Via).count() != 1 {
            return;
        }
        let Some(Heard { client, purpose }) = self.core.transactions.response(now, from, &response, out) else {
            return;
        };
        // Nobody can be told of an answer that cannot be read: the session finds that it does not fit.
        let _as_it_came = body::open(&mut response.headers, &mut response.body);
        if let Purpose::Outside(request) = purpose {
            if response.status.is_final() {
                let status = response.status;
                out.push(Out::Event(Event::Reply { request, status, response: Some(response) }));
            }
            return;
        }
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
}
