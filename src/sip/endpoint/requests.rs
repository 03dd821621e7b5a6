//! Requests that come in: each is checked as RFC 3261 section 8.2 says, and given to whom it is for.

use super::{Endpoint, Event, Out, SessionId};
use crate::sip::body;
use crate::sip::dialog::Dialog;
use crate::sip::link::Link;
use crate::sip::session::{Session, Standpoint};
use crate::sip::settings::join;
use crate::sip::transaction::{Arrival, ServerKey};
use crate::sip::{Method, Name, Request, Response, Scheme, Status, Text};
use crate::time::Time;

impl Endpoint {
    pub(super) fn receive_request(&mut self, now: Time, from: Link, mut request: Request, out: &mut Vec<Out>) {
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
        self.adopt(Session::called(now, id, from, key, request.clone(), dialog));
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

    pub(super) fn refuse(&mut self, now: Time, key: ServerKey, request: &Request, status: Status, out: &mut Vec<Out>) {
        let tag = self.core.token();
        self.core.refuse(now, key, request, status, &tag, out);
    }

    pub(super) fn refuse_body(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        unfit: body::Unfit,
        out: &mut Vec<Out>,
    ) {
        let mut response = Response::for_request(request, unfit.status);
        if let Some((name, value)) = unfit.header {
            response.headers.push(name, value);
        }
        self.respond(now, key, response, out);
    }
}

/// RFC 3261 section 8.2.3, for the requests whose bodies we read as session descriptions or not at all. A BYE ends its
/// call whatever it carries, and what an INFO or a NOTIFY is about its reader knows.
pub(super) fn open_body(request: &mut Request) -> Result<(), body::Unfit> {
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
