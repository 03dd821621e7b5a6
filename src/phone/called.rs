//! What the phone does with the requests that reach it.

use super::line::{Line, LineState};
use super::transaction::{LONG, Served, Server};
use super::wire::{self, Received};
use super::{LineId, Phone, PhoneEvent, Reliable};
use crate::time::{Duration, Time};
use rsip::{Method, SipMessage};
use std::net::SocketAddr;

type Extra = Vec<(&'static str, String)>;

impl Phone {
    /// A SIP datagram.
    pub fn sip(&mut self, now: Time, from: SocketAddr, bytes: &[u8]) {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return; // a keep-alive (RFC 5626 section 3.5.1)
        }
        match wire::read(bytes) {
            Err(fault) => self.judge.complain(now, None, fault),
            Ok(message) => match &message.message {
                SipMessage::Response(_) => self.response(now, &message),
                SipMessage::Request(_) if self.config.habits.silent => {}
                SipMessage::Request(request) => {
                    let uri = request.uri.clone();
                    self.serve(now, from, message, &uri);
                }
            },
        }
    }

    fn serve(&mut self, now: Time, from: SocketAddr, request: Received, uri: &rsip::Uri) {
        let method = request.head.method;
        let line = self.lines.values().find(|line| line.owns(&request.head)).map(|line| line.id);
        let again = self.judge.request(now, line, &request);
        match method {
            Method::Ack => return self.acked(now, line, &request),
            Method::Cancel => return self.cancelled(now, from, request, uri),
            _ => {}
        }
        let key = (request.head.branch.clone(), method.to_string());
        if let Some(server) = self.servers.get(&key) {
            // A retransmission gets what the first one got (RFC 3261 section 17.2).
            if let Some(last) = server.last.clone() {
                let to = server.to;
                self.send(to, last);
            }
            return;
        }
        if again {
            return; // its transaction is over
        }
        self.servers.insert(key.clone(), Server::new(request.clone(), from, line));
        let known = self.options();
        let mut unknown = request.list("Require");
        unknown.retain(|option| !known.contains(&option.as_str()));
        if !unknown.is_empty() {
            // RFC 3261 section 8.2.2.3.
            return self.respond(now, &key, 420, vec![("Unsupported", unknown.join(", "))], None);
        }
        match (line, request.head.to.tag.is_some()) {
            (Some(line), _) => self.in_dialog(now, &key, line, from, &request, uri),
            (None, true) => self.respond(now, &key, 481, Vec::new(), None),
            (None, false) => self.outside(now, &key, from, &request, uri),
        }
    }

    /// Requests that belong to no call of ours.
    fn outside(&mut self, now: Time, key: &(String, String), from: SocketAddr, request: &Received, uri: &rsip::Uri) {
        match request.head.method {
            Method::Invite => self.called(now, key, from, request, uri),
            Method::Options => self.respond(now, key, 200, self.call_headers(), None),
            Method::Message | Method::Notify => self.respond(now, key, 200, Vec::new(), None),
            _ => self.respond(now, key, 405, vec![("Allow", self.allow())], None),
        }
    }

    fn called(&mut self, now: Time, key: &(String, String), from: SocketAddr, request: &Received, uri: &rsip::Uri) {
        let live = self.lines.values().filter(|line| line.is_live()).count();
        if live >= self.config.lines {
            return self.respond(now, key, 486, Vec::new(), None);
        }
        let id = self.next_line();
        let mut line = Line::new(now, id, true, &self.config, &mut self.mint);
        let head = &request.head;
        line.call_id.clone_from(&head.call_id);
        line.local = format!("{};tag={}", head.to.text, line.local_tag);
        line.remote.clone_from(&head.from.text);
        line.remote_tag.clone_from(&head.from.tag);
        line.remote_cseq = Some(head.cseq);
        line.routes = request.list("Record-Route");
        line.source = from;
        line.refresh_target(request);
        line.invite = Some(key.0.clone());
        line.remote_invite = head.cseq;
        line.offer = request.sdp().map(<[u8]>::to_vec);
        let shown = request.identity(&head.from);
        line.show(&shown);
        self.lines.insert(id, line);
        if let Some(server) = self.servers.get_mut(key) {
            server.line = Some(id);
        }
        self.check_uri(now, id, uri);
        if !request.body().is_empty() && request.sdp().is_none() {
            self.respond(now, key, 415, vec![("Accept", "application/sdp".into())], None);
            return self.end(now, id, true, Some(415), None);
        }
        if self.refused_as_too_brief(now, key, request) {
            self.lines.remove(&id);
            return;
        }
        self.tell(PhoneEvent::Ringing { line: id, from_display: shown.name.clone(), from_uri: shown.address() });
        let habits = self.config.habits.clone();
        if let Some(status) = habits.declines_with {
            self.refuse_call(now, id, status);
            return;
        }
        if habits.early_media {
            self.early_media(now, id);
        } else {
            self.provisional(now, id, if habits.rings { 180 } else { 100 });
        }
        let told = || Some(Duration::ZERO).filter(|_| habits.auto_answer && is_told_to_answer(request));
        if let Some(wait) = habits.answers_after.or_else(told) {
            if let Some(line) = self.lines.get_mut(&id) {
                line.answer_at = Some(now + wait);
            }
            self.wake(now);
        }
    }

    pub(super) fn invite_key(&self, id: LineId) -> Option<(String, String)> {
        let branch = self.lines.get(&id)?.invite.clone()?;
        Some((branch, Method::Invite.to_string()))
    }

    pub(super) fn provisional(&mut self, now: Time, id: LineId, status: u16) -> bool {
        self.provide(now, id, status, None)
    }

    /// 183 with our answer, and the hum before anybody has answered.
    fn early_media(&mut self, now: Time, id: LineId) {
        let late = self.lines.get(&id).is_some_and(|line| line.offer.is_none());
        let reliable = self.config.habits.reliable != Reliable::No;
        let body = if late && !reliable { Err(183) } else { self.our_answer(now, id) };
        let Ok(body) = body else {
            // RFC 3261 section 13.2.1: an offer of ours must arrive.
            self.provisional(now, id, 180);
            return;
        };
        self.provide(now, id, 183, Some(&body));
        if let Some(line) = self.lines.get_mut(&id) {
            line.early_sound = true;
        }
        self.tune(now, id);
    }

    /// The body of our 200, made once: it repeats that of the 183 (RFC 3261 section 13.2.1).
    fn our_answer(&mut self, now: Time, id: LineId) -> Result<String, u16> {
        let Some(line) = self.lines.get_mut(&id) else { return Err(481) };
        let answer = match line.offer.take() {
            Some(offer) => line.session.answer(&offer),
            None if line.session.stream.is_some() => Ok(line.session.said()),
            None => {
                line.ack_answers = true;
                Ok(line.session.offer())
            }
        };
        line.sound.changed_at = now;
        self.collect_faults(now, id);
        answer
    }

    pub(super) fn accept_call(&mut self, now: Time, id: LineId) -> bool {
        let Some(key) = self.invite_key(id) else { return false };
        let body = match self.our_answer(now, id) {
            Ok(body) => body,
            Err(status) => return self.refuse_call(now, id, status),
        };
        let agreed = self.lines.get(&id).is_some_and(|line| line.provisionals.agreed);
        let mut headers = self.call_headers();
        if let Some(request) = self.servers.get(&key).map(|server| server.request.clone()) {
            headers.extend(self.timer_granted(now, id, &request));
        }
        self.respond(now, &key, 200, headers, Some(&*body).filter(|_| !agreed));
        if let Some(line) = self.lines.get_mut(&id) {
            line.state = LineState::Up;
            line.provisionals.stop();
            line.answer_at = None;
            line.answered_at = Some(now);
        }
        self.tune(now, id);
        true
    }

    pub(super) fn refuse_call(&mut self, now: Time, id: LineId, status: u16) -> bool {
        let Some(key) = self.invite_key(id) else { return false };
        self.respond(now, &key, status, Vec::new(), None);
        self.end(now, id, true, Some(status), None);
        true
    }

    fn in_dialog(
        &mut self,
        now: Time,
        key: &(String, String),
        id: LineId,
        from: SocketAddr,
        request: &Received,
        uri: &rsip::Uri,
    ) {
        let head = &request.head;
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (state, last) = (line.state, line.remote_cseq);
        if line.remote_tag.is_some() && line.remote_tag != head.from.tag {
            self.judge.complain(now, Some(id), format!("{} with another From tag", head.method));
            return self.respond(now, key, 481, Vec::new(), None);
        }
        if last.is_some_and(|last| head.cseq <= last) {
            // RFC 3261 section 12.2.2: out of order.
            let text = format!("the CSeq of {} is {}, not above {}", head.method, head.cseq, last.unwrap_or_default());
            self.judge.complain(now, Some(id), text);
            return self.refuse_offer(now, key, id, request, 500);
        }
        line.remote_cseq = Some(head.cseq);
        line.source = from;
        if state == LineState::Ended && head.method == Method::Notify && self.expects_notify(id) {
            // RFC 5057 section 4.1: the subscription of a REFER outlives the call.
            let status = self.notified(now, id, request);
            return self.respond(now, key, status, Vec::new(), None);
        }
        if state == LineState::Ended {
            // Our BYE and theirs may cross; anything else comes too late.
            let status = if head.method == Method::Bye { 200 } else { 481 };
            return self.respond(now, key, status, Vec::new(), None);
        }
        self.check_uri(now, id, uri);
        match head.method {
            Method::Bye => {
                self.respond(now, key, 200, Vec::new(), None);
                if let Some(open) = self.invite_key(id).filter(|_| state == LineState::Ringing) {
                    // RFC 3261 section 15.1.2: a pending request gets 487.
                    self.respond(now, &open, 487, Vec::new(), None);
                }
                self.end(now, id, false, None, request.value("Reason"));
            }
            Method::Invite => self.reinvited(now, key, id, request),
            Method::PRack => self.pracked(now, key, id, request),
            Method::Update => self.updated(now, key, id, request),
            Method::Info => {
                self.respond(now, key, 200, Vec::new(), None);
                if let Some(digit) = info_digit(request) {
                    self.tell(PhoneEvent::Digit { line: id, digit });
                }
            }
            Method::Options => self.respond(now, key, 200, self.call_headers(), None),
            Method::Message => self.respond(now, key, 200, Vec::new(), None),
            Method::Notify => {
                let status = self.notified(now, id, request);
                self.respond(now, key, status, Vec::new(), None);
                self.leave_transferred(now, id);
            }
            _ => self.respond(now, key, 405, vec![("Allow", self.allow())], None),
        }
    }

    fn reinvited(&mut self, now: Time, key: &(String, String), id: LineId, request: &Received) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.state == LineState::Ringing {
            let text = "a second INVITE came before the first was answered";
            self.judge.complain(now, Some(id), text);
            return self.respond(now, key, 500, vec![("Retry-After", "1".into())], None);
        }
        if line.invite.as_ref().is_some_and(|branch| self.clients.contains_key(&(branch.clone(), key.1.clone()))) {
            // RFC 3261 section 14.2: ours is under way.
            return self.refuse_offer(now, key, id, request, 491);
        }
        if line.session.pending() {
            // RFC 3311 section 5.2: the offer of our UPDATE is open.
            return self.refuse_offer(now, key, id, request, 491);
        }
        if self.refused_as_too_brief(now, key, request) {
            return;
        }
        if self.config.habits.refuses_reinvite {
            return self.refuse_offer(now, key, id, request, 488);
        }
        if self.config.habits.glares > 0 {
            self.config.habits.glares -= 1;
            return self.refuse_offer(now, key, id, request, 491);
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        let body = match request.sdp() {
            Some(offer) => line.session.answer(offer),
            None => {
                line.ack_answers = true;
                Ok(line.session.offer())
            }
        };
        self.changed(now, key, id, request, body);
    }

    /// RFC 3311: an UPDATE may carry an offer, or only new names.
    fn updated(&mut self, now: Time, key: &(String, String), id: LineId, request: &Received) {
        if self.config.habits.no_update {
            self.judge.complain(now, Some(id), "UPDATE although our Allow does not list it");
            return self.respond(now, key, 405, vec![("Allow", self.allow())], None);
        }
        if self.refused_as_too_brief(now, key, request) {
            return;
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(offer) = request.sdp() else {
            line.refresh_target(request);
            let mut headers = self.call_headers();
            headers.extend(self.timer_granted(now, id, request));
            self.respond(now, key, 200, headers, None);
            return self.show(id, request, true);
        };
        if line.session.pending() {
            return self.refuse_offer(now, key, id, request, 491);
        }
        if line.session.stream.is_none() || line.provisionals.holds_back() {
            // RFC 3311 section 5.2: the offer of the INVITE comes first.
            line.session.refuse(offer);
            self.judge.complain(now, Some(id), "an UPDATE with an offer before the INVITE's was answered");
            return self.respond(now, key, 500, vec![("Retry-After", "2".into())], None);
        }
        if self.config.habits.refuses_reinvite {
            return self.refuse_offer(now, key, id, request, 488);
        }
        let body = line.session.answer(offer);
        self.changed(now, key, id, request, body);
    }

    fn refuse_offer(&mut self, now: Time, key: &(String, String), id: LineId, request: &Received, status: u16) {
        if let (Some(line), Some(offer)) = (self.lines.get_mut(&id), request.sdp()) {
            line.session.refuse(offer);
        }
        self.respond(now, key, status, Vec::new(), None);
    }

    fn changed(
        &mut self,
        now: Time,
        key: &(String, String),
        id: LineId,
        request: &Received,
        body: Result<String, u16>,
    ) {
        self.collect_faults(now, id);
        match body {
            Err(status) => self.respond(now, key, status, Vec::new(), None),
            Ok(body) => {
                let mut headers = self.call_headers();
                headers.extend(self.timer_granted(now, id, request));
                self.respond(now, key, 200, headers, Some(&body));
                let Some(line) = self.lines.get_mut(&id) else { return };
                line.refresh_target(request);
                line.sound.changed_at = now;
                let direction = line.direction().unwrap_or_default();
                self.tune(now, id);
                self.tell(PhoneEvent::ReInvited { line: id, direction });
                self.show(id, request, true);
            }
        }
    }

    fn cancelled(&mut self, now: Time, from: SocketAddr, request: Received, uri: &rsip::Uri) {
        let branch = request.head.branch.clone();
        let (key, invite) = ((branch.clone(), Method::Cancel.to_string()), (branch, Method::Invite.to_string()));
        if let Some(server) = self.servers.get(&key) {
            let (to, last) = (server.to, server.last.clone().unwrap_or_default());
            return self.send(to, last);
        }
        self.servers.insert(key.clone(), Server::new(request.clone(), from, None));
        let Some(server) = self.servers.get(&invite) else {
            return self.respond(now, &key, 481, Vec::new(), None);
        };
        let (line, open, asked) = (server.line, server.state == Served::Open, server.request.clone());
        // RFC 3261 section 9.1: Request-URI, Call-ID, To, From and the number are the INVITE's.
        let (a, b) = (&request.head, &asked.head);
        let same_uri = matches!(&asked.message, SipMessage::Request(invite) if invite.uri == *uri);
        if !same_uri
            || (&a.call_id, &a.to.text, &a.from.text, a.cseq) != (&b.call_id, &b.to.text, &b.from.text, b.cseq)
            || a.vias != 1
        {
            self.judge.complain(now, line, "CANCEL does not repeat its INVITE");
        }
        self.respond(now, &key, 200, Vec::new(), None);
        if let (Some(line), true) = (line, open) {
            self.respond(now, &invite, 487, Vec::new(), None);
            self.end(now, line, false, Some(487), request.value("Reason"));
        }
    }

    fn acked(&mut self, now: Time, line: Option<LineId>, request: &Received) {
        let key = (request.head.branch.clone(), Method::Invite.to_string());
        if let Some(server) = self.servers.get_mut(&key) {
            match server.state {
                Served::Refused => server.acked(now),
                Served::Accepted => {
                    self.judge.complain(now, line, "the ACK of a 200 has the INVITE's branch");
                }
                Served::Open | Served::Over => {}
            }
            if self.servers.get(&key).is_some_and(|server| server.state != Served::Accepted) {
                return;
            }
        }
        // RFC 3261 section 13.3.1.4: the ACK of a 2xx is found by its dialog and number.
        let Some(id) = line else {
            return self.judge.complain(now, None, "ACK for no dialog of ours");
        };
        let found = self.servers.values_mut().find(|server| {
            server.line == Some(id)
                && server.request.head.method == Method::Invite
                && server.request.head.cseq == request.head.cseq
                && matches!(server.state, Served::Accepted | Served::Over)
        });
        let Some(server) = found else {
            let text = format!("ACK with the CSeq {}, which no INVITE had", request.head.cseq);
            return self.judge.complain(now, line, text);
        };
        let first = server.state == Served::Accepted;
        server.acked(now);
        let Some(line) = self.lines.get_mut(&id).filter(|_| first) else { return };
        line.invite = None;
        let fresh = line.is_live() && !std::mem::replace(&mut line.confirmed, true);
        if std::mem::take(&mut line.ack_answers) {
            match request.sdp() {
                Some(sdp) => drop(line.session.accept(sdp)),
                None => {
                    line.session.rollback();
                    self.judge.complain(now, Some(id), "the ACK does not answer our offer");
                }
            }
            self.collect_faults(now, id);
            self.tune(now, id);
        } else if !request.body().is_empty() {
            self.judge.complain(now, Some(id), "ACK with a body although nothing was offered");
        }
        if fresh {
            self.tell(PhoneEvent::Answered { line: id });
        }
        self.change(now, id);
    }

    /// RFC 3261 section 13.3.1.4: no ACK in 64*T1, so the session ends.
    pub(super) fn never_acked(&mut self, now: Time, id: LineId) {
        let live = self.lines.get(&id).is_some_and(Line::is_live);
        if live {
            self.judge.complain(now, Some(id), format!("no ACK for our 200 in {} s", LONG.as_secs()));
            self.send_bye(now, id);
            self.end(now, id, true, Some(408), None);
        }
    }

    /// What is sent to us is sent to our Contact (RFC 3261 sections 12.2.1.1 and 16.5); a call that found us without a
    /// registrar may name our address of record.
    fn check_uri(&mut self, now: Time, id: LineId, uri: &rsip::Uri) {
        let first = self.lines.get(&id).is_some_and(|line| line.state == LineState::Ringing);
        let ours = wire::destination(uri) == Some(self.config.sip)
            || (first && uri.host().to_string().eq_ignore_ascii_case(&self.config.domain));
        if uri.user() != Some(&self.config.user) || !ours {
            self.judge.complain(now, Some(id), format!("a request for {uri}, which is not our Contact"));
        }
    }

    pub(super) fn respond(&mut self, now: Time, key: &(String, String), status: u16, extra: Extra, body: Option<&str>) {
        let Some(server) = self.servers.get_mut(key) else { return };
        let line = server.line.and_then(|line| self.lines.get(&line));
        let tag = line.map_or_else(|| self.mint.token(), |line| line.local_tag.clone());
        let bytes = wire::response(&server.request, status, &tag, &extra, body);
        server.responded(now, status, bytes.clone());
        let to = server.to;
        self.send(to, bytes);
    }
}

/// The digit of an INFO, in either of the two formats in use.
fn info_digit(request: &Received) -> Option<char> {
    let body = String::from_utf8_lossy(request.body()).into_owned();
    match request.value("Content-Type")?.trim() {
        "application/dtmf-relay" => {
            let signal = body.lines().find_map(|line| line.trim().strip_prefix("Signal"))?;
            signal.trim_start_matches([' ', '=']).chars().next()
        }
        "application/dtmf" => body.trim().chars().next(),
        _ => None,
    }
}

/// `Call-Info: <…>;answer-after=0`, or `Alert-Info: <…>;info=alert-autoanswer`: both, as either may be all a phone knows.
fn is_told_to_answer(request: &Received) -> bool {
    let says =
        |name: &str, what: &str| request.list(name).iter().any(|value| value.split(';').any(|p| p.trim() == what));
    says("Call-Info", "answer-after=0") && says("Alert-Info", "info=alert-autoanswer")
}
