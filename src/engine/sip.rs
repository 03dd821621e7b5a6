//! The SIP wing: what phones did, told to their legs and calls.

use super::Engine;
use crate::contact::Reason;
use crate::ids::LegId;
use crate::leg::{Heard, Leg};
use crate::sip::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE};
use crate::sip::{By, End, Event, Method, Name, Request, Response, ServerKey, SessionId, Status, Text};
use tracing::debug;

impl Engine {
    pub(super) fn on_sip(&mut self, event: Event) {
        match event {
            Event::Invite { session, from, request } => self.on_invite(session, from, &request),
            Event::Request { key, from, request } => match request.method {
                Method::Register => self.on_register(key, from, &request),
                Method::Options => self.on_options(key, &request),
                // A REFER that is in no call would have us call anybody for anybody; a NOTIFY was asked for by nobody.
                Method::Refer => self.respond(key, Response::for_request(&request, Status::FORBIDDEN)),
                Method::Notify => self.respond(key, Response::for_request(&request, Status::NO_SUCH_CALL)),
                // RFC 3515 section 2.4.4: nobody subscribes to a REFER but by sending it.
                Method::Subscribe => {
                    let known = request.headers.valued(&Name::Event, "Event").ok().flatten();
                    let ours = known.is_some_and(|event| event.is("refer"));
                    let status = if ours { Status::FORBIDDEN } else { Status::BAD_EVENT };
                    let response = Response::for_request(&request, status);
                    self.respond(key, response.with_header(Name::AllowEvents, Text::from_static("refer")));
                }
                _ => self.respond(key, Response::for_request(&request, Status::NOT_FOUND)),
            },
            Event::Stranger { session, key, from, request } => self.on_stranger(session, key, from, request),
            Event::Reply { request, status, response } => self.on_reply(request, status, response.as_ref()),
            Event::InDialog { session, key, request } => self.on_in_dialog(session, key, &request),
            Event::Progress { session, status, fork, body, .. } => {
                let Some((leg, connection, call)) = self.whose(session) else { return };
                self.heard_outside(connection);
                if status.code() >= 180 {
                    self.with_call(call, |call, cx| call.ringing(cx, connection));
                }
                let early = self.with_leg(leg, |leg, doors| leg.progress(fork, body.as_ref(), doors));
                if early == Some(true) {
                    self.with_call(call, |call, cx| call.early(cx, connection, true));
                }
            }
            Event::Answered { session, fork, body, .. } => {
                let Some((leg, connection, call)) = self.whose(session) else { return };
                self.heard_outside(connection);
                self.only(connection, leg);
                match self.with_leg(leg, |leg, doors| leg.answered(fork, body.as_ref(), doors)) {
                    Some(Ok(())) => self.with_call(call, |call, cx| call.answered(cx, connection)),
                    Some(Err(status)) => {
                        self.end_leg(leg, End::with(status));
                        self.with_call(call, |call, cx| call.failed(cx, connection, Reason::Failed));
                    }
                    None => {}
                }
            }
            Event::Failed { session, status, response } => {
                self.on_failed(session, status, response.as_ref());
            }
            Event::Acked { session, body } => {
                let Some((leg, connection, call)) = self.whose(session) else { return };
                let taken = self.with_leg(leg, |leg, doors| leg.acked(body.as_ref(), doors));
                if let Some(Ok(Heard::PhoneHold(on))) = taken {
                    self.with_call(call, |call, cx| call.phone_hold(cx, connection, on));
                }
                self.unless_agreed(leg, taken.map(|taken| taken.map(|_| ())));
            }
            Event::Pracked { session, body } => {
                let Some((leg, ..)) = self.whose(session) else { return };
                let taken = self.with_leg(leg, |leg, doors| leg.pracked(body.as_ref(), doors));
                self.unless_agreed(leg, taken);
            }
            Event::Offered { session, by, fork, body, .. } => {
                let Some((leg, connection, call)) = self.whose(session) else { return };
                let heard = self.with_leg(leg, |leg, doors| leg.offered(&by, fork, body.as_ref(), doors));
                if let Some(Heard::PhoneHold(on)) = heard {
                    self.with_call(call, |call, cx| call.phone_hold(cx, connection, on));
                }
            }
            Event::Renamed { session, name, headers } => self.on_renamed(session, &name, &headers),
            Event::Refresh { session, by } => {
                if let Some((leg, ..)) = self.whose(session) {
                    self.with_leg(leg, |leg, doors| leg.refresh(by, doors));
                }
            }
            Event::OfferWithdrawn { .. } => {}
            Event::Replied { session, request, status, .. } => {
                self.notified(session, request, status);
                if let Some((leg, ..)) = self.whose(session) {
                    self.with_leg(leg, |leg, doors| leg.replied(request, status, doors));
                }
            }
            Event::OfferAnswered { session, status, body, retry_after, .. } => {
                let retry = retry_after.map(|after| self.now + after);
                let Some((leg, connection, call)) = self.whose(session) else { return };
                let heard = self.with_leg(leg, |leg, doors| leg.offer_answered(status, body.as_ref(), retry, doors));
                if heard == Some(Heard::Deaf) {
                    self.end_leg(leg, End::with(Status::NOT_ACCEPTABLE_HERE));
                    self.with_call(call, |call, cx| call.broke(cx, connection));
                }
            }
            Event::Ended { session, by, status, user_to_user, reason } => {
                let Some((leg, connection, call)) = self.whose(session) else { return };
                debug!(%leg, ?by, ?status, "session ended");
                self.drop_leg(leg, connection);
                if let Some(line) = self.lines.get_mut(&connection) {
                    line.reason = reason;
                }
                self.with_call(call, |call, cx| match by {
                    By::Remote => call.hung_up(cx, connection),
                    _ => call.broke(cx, connection),
                });
                self.pass_farewell(call, connection, user_to_user);
            }
        }
    }

    /// A caller's answer to our offer came to nothing: there is no call without one.
    fn unless_agreed(&mut self, leg: LegId, taken: Option<Result<(), Status>>) {
        let Some(Err(status)) = taken else { return };
        let Some(connection) = self.legs.get(&leg).map(|leg| leg.connection) else { return };
        self.end_leg(leg, End::with(status));
        if let Some(call) = self.lines.get(&connection).map(|line| line.call) {
            self.with_call(call, |call, cx| call.broke(cx, connection));
        }
    }

    pub(super) fn whose(&self, session: SessionId) -> Option<(LegId, crate::ids::ConnectionId, super::CallId)> {
        let leg = *self.sessions.get(&session)?;
        let connection = self.legs.get(&leg)?.connection;
        Some((leg, connection, self.lines.get(&connection)?.call))
    }

    /// One phone will not answer; when it was the last, the party will not.
    fn on_failed(&mut self, session: SessionId, status: Status, response: Option<&Response>) {
        let Some((leg, connection, call)) = self.whose(session) else { return };
        let c = self.calls.get(&call).and_then(|c| c.connections().get(&connection));
        let (rang, waited) = c.and_then(|c| c.rang(self.now)).unwrap_or_default();
        let outside = c.is_some_and(|c| c.agent.is_none());
        if self.goes_on(leg, (call, connection), status, response, rang) {
            return;
        }
        let reason = response.and_then(reason_in);
        let why = match status.code() {
            _ if outside => why_outside(status, rang),
            // Busy at once, before it rang, is a line engaged; later it is somebody's hand.
            486 | 600 if !rang && waited.as_millis() < 1000 => Reason::Busy,
            480 | 486 | 600 | 603 => Reason::Rejected,
            408 if rang => Reason::NoAnswer,
            404 | 408 | 410 | 430 | 503 | 604 => Reason::Unreachable,
            _ => Reason::Failed,
        };
        self.drop_leg(leg, connection);
        if status.code() >= 600 {
            // RFC 3261 section 16.7 step 5: that was said for all of his phones.
            for other in self.legs_of(connection) {
                let reason = format!("SIP;cause={};text=\"{}\"", status.code(), status.reason());
                self.end_leg(other, End::with(Status::REQUEST_TERMINATED).reason(reason));
            }
        }
        let Some(line) = self.lines.get_mut(&connection) else { return };
        // A hand on one phone says more than the silence of another.
        let worse = matches!(line.failed, Some((Reason::Rejected, _)));
        if !worse {
            line.failed = Some((why, status));
            line.reason = reason;
        }
        let failed = line.failed.filter(|_| line.legs.is_empty());
        let speaks = |id: &LegId| self.legs.get(id).is_some_and(Leg::is_heard_early);
        let silent = !line.legs.iter().any(speaks);
        match failed {
            Some((why, _)) => self.with_call(call, |call, cx| call.failed(cx, connection, why)),
            // Of several phones one has gone; the others ring on, and another is heard now if one speaks.
            None => self.with_call(call, |call, cx| {
                let heard = call.connections().get(&connection).is_some_and(crate::contact::Connection::is_heard_early);
                if heard && silent {
                    call.early(cx, connection, false);
                }
            }),
        }
    }

    /// As an INVITE would be answered (RFC 3261 section 11.2), but that nobody learns from it who is called what here.
    fn on_options(&mut self, key: ServerKey, request: &Request) {
        let status = match () {
            () if self.draining => Status::SERVICE_UNAVAILABLE,
            () if request.uri.is_sip() && !self.is_ours(&request.uri) => Status::NOT_FOUND,
            () => Status::OK,
        };
        let mut response = self.truthful(Response::for_request(request, status));
        if self.draining {
            response.headers.push(Name::RetryAfter, Text::from_static("30"));
        }
        self.respond(key, response);
    }

    /// What we take and understand (RFC 3261 section 11.2).
    fn truthful(&self, response: Response) -> Response {
        let settings = self.endpoint.settings();
        let response = response
            .with_header(Name::Allow, settings.allow_value())
            .with_header(Name::Accept, ACCEPT)
            .with_header(Name::AcceptEncoding, ACCEPT_ENCODING)
            .with_header(Name::AcceptLanguage, ACCEPT_LANGUAGE);
        if settings.supported.is_empty() {
            response
        } else {
            response.with_header(Name::Supported, settings.supported_value())
        }
    }

    pub(super) fn respond(&mut self, key: ServerKey, response: Response) {
        self.endpoint.respond(self.now, key, response, &mut self.sip_out);
    }

    fn on_in_dialog(&mut self, session: SessionId, key: ServerKey, request: &Request) {
        let status = match request.method {
            Method::Refer => return self.on_refer(session, key, request),
            Method::Subscribe => return self.on_subscribe(session, key, request),
            // We subscribe to nothing (RFC 6665 section 4.1.3); the call has nothing to do with it.
            Method::Notify => Status::NO_SUCH_CALL,
            Method::Info => return self.on_info(session, key, request),
            Method::Options => Status::OK,
            _ => Status::NOT_IMPLEMENTED,
        };
        let response = self.truthful(Response::for_request(request, status));
        self.respond(key, response);
    }
}

/// What the network says of a number (RFC 3398 section 7.2.4.1): engaged or turned down, not answered, not to be had, or
/// the way there is broken.
fn why_outside(status: Status, rang: bool) -> Reason {
    match status.code() {
        486 | 600 => Reason::Busy,
        403 | 603 | 607 | 608 => Reason::Rejected,
        408 | 480 if rang => Reason::NoAnswer,
        404 | 410 | 480 | 484 | 485 | 604 => Reason::Unreachable,
        _ => Reason::Failed,
    }
}

/// RFC 6432: a response may say why, too.
fn reason_in(response: &Response) -> Option<Text> {
    response.headers.first(&Name::Reason).map(|reason| Text::from(reason.as_bytes().to_vec()))
}
