//! Requests in a dialog, theirs and ours, that do not change the session: INFO, OPTIONS, REFER, NOTIFY, MESSAGE
//! (RFC 3261 section 12.2).

use super::core::{Core, Extra};
use super::{Phase, Session};
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::{Event, NoSession, Out, RequestId};
use crate::sip::link::Link;
use crate::sip::transaction::{Purpose, ServerKey};
use crate::sip::{Method, Request, Response, Status, Text};
use crate::time::Time;
use bytes::Bytes;

impl Session {
    /// Any request of theirs that names this dialog, but ACK and CANCEL.
    pub fn receive(
        &mut self,
        now: Time,
        from: Link,
        key: ServerKey,
        request: Request,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        match (&self.phase, &request.method) {
            // Their BYE crosses ours: both succeed.
            (Phase::Leaving, Method::Bye) => return self.refuse(now, key, &request, Status::OK, core, out),
            (Phase::Refused { .. }, Method::Prack) => {}
            // Nothing else has a dialog any more.
            (Phase::Leaving | Phase::Refused { .. }, _) => {
                return self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out);
            }
            _ => {}
        }
        let Ok(cseq) = request.headers.cseq() else {
            return self.refuse(now, key, &request, Status::BAD_REQUEST, core, out);
        };
        let tag = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
        match self.dialog_with(&tag).map(|dialog| dialog.in_order(cseq.number)) {
            Some(true) => self.link = from,
            // Section 12.2.2.
            Some(false) => return self.refuse(now, key, &request, Status::SERVER_INTERNAL_ERROR, core, out),
            // Our INVITE is answered, but the answer is lost or still on its way: only these mean anything before it.
            None if matches!(request.method, Method::Bye | Method::Invite | Method::Update) => {}
            None => return self.refuse(now, key, &request, Status::SERVER_INTERNAL_ERROR, core, out),
        }
        if let (Phase::Owing(headers), Method::Invite) = (&mut self.phase, &request.method) {
            // A new INVITE proves that our 2xx came, which is all that our BYE has been waiting for.
            let headers = std::mem::take(headers);
            self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out);
            return self.hang_up(now, headers, core, out);
        }
        match request.method {
            Method::Bye => self.bye_received(now, key, &request, core, out),
            _ if matches!(self.phase, Phase::Owing(_)) => {
                self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out);
            }
            Method::Invite | Method::Update => self.offered(now, key, request, core, out),
            Method::Prack => self.pracked(now, key, request, core, out),
            _ if self.is_silent() => self.refuse(now, key, &request, Status::NO_SUCH_CALL, core, out),
            _ => out.push(Out::Event(Event::InDialog { session: self.id, key, request })),
        }
    }

    /// The dialog, or the early dialog, with this peer.
    pub(super) fn dialog_with(&mut self, remote_tag: &Text) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(calling) => {
                calling.forks.iter_mut().map(|fork| &mut fork.dialog).find(|dialog| dialog.remote_tag == *remote_tag)
            }
            _ => self.dialog.as_mut(),
        }
    }

    pub fn request(
        &mut self,
        now: Time,
        method: Method,
        headers: Extra,
        body: Option<(Text, Bytes)>,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) -> Result<RequestId, NoSession> {
        if self.is_silent() {
            return Err(NoSession);
        }
        let Some(dialog) = &mut self.dialog else { return Err(NoSession) };
        let request = core.request_id();
        let seq = dialog.next_seq();
        let purpose = match method {
            Method::Notify => Purpose::Notify(self.id, request),
            _ => Purpose::Request(self.id, request),
        };
        let mut ready = core.begin_inside(dialog, self.link, method, seq);
        // REFER and SUBSCRIBE make dialogs of their own and need it; it hurts no other.
        if let Some(contact) = &self.contact {
            ready.0.headers.push(crate::sip::Name::Contact, format!("<{contact}>"));
        }
        core.send(now, ready, headers, body, purpose, out);
        Ok(request)
    }

    /// The outcome of a request of ours; 481 and 408 are also the end of the dialog (section 12.2.1.2).
    pub(super) fn request_done(
        &mut self,
        now: Time,
        request: RequestId,
        status: Status,
        response: Option<Response>,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) {
        let unreachable = response.is_none();
        self.tell(Event::Replied { session: self.id, request, status, response }, out);
        if unreachable || Self::kills(status) {
            self.dead(now, status, core, out);
        }
    }
}
