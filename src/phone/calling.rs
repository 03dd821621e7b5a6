//! What comes back for the requests the phone sends.

use super::line::{Line, LineState};
use super::transaction::{Client, Purpose};
use super::wire::{Draft, Received};
use super::{LineId, Phone, PhoneEvent};
use crate::time::{Duration, Time};
use rsip::Method;

impl Phone {
    pub(super) fn response(&mut self, now: Time, response: &Received) {
        let key = (response.head.branch.clone(), response.head.method.to_string());
        let Some(client) = self.clients.get(&key) else {
            let text = format!("{} to {} for no transaction of ours", response.status(), response.head.method);
            return self.judge.complain(now, None, text);
        };
        let line = match client.purpose {
            Purpose::Invite(line)
            | Purpose::Reinvite(line)
            | Purpose::Info(line)
            | Purpose::Update(line)
            | Purpose::Prack(line)
            | Purpose::Refer(line) => Some(line),
            Purpose::Register { .. } | Purpose::Cancel | Purpose::Bye => None,
        };
        if let Some(asked) = &client.asked {
            self.judge.response(now, line, response, asked);
        }
        let status = response.status();
        let Some(client) = self.clients.get_mut(&key) else { return };
        if client.done() {
            // The final response again: our ACK was lost (RFC 3261 sections 13.2.2.4 and 17.1.1.2).
            if status >= 200
                && let Some((to, ack)) = client.ack.clone()
            {
                self.send(to, ack);
            }
            return;
        }
        if status < 200 {
            client.provisional(now);
        } else {
            client.finish(now);
        }
        let client = client.clone();
        if status >= 300 && client.draft.method == Method::Invite {
            self.ack_refusal(&key, &client, response);
        }
        match client.purpose {
            Purpose::Register { expires } => self.register_response(now, response, expires),
            Purpose::Invite(line) => self.invite_response(now, line, &client, response),
            Purpose::Reinvite(line) => self.reinvite_response(now, line, &client, response),
            Purpose::Update(line) => self.update_response(now, line, &client, response),
            Purpose::Prack(line) if status >= 300 => self.prack_failed(now, line, status),
            Purpose::Refer(line)
                if matches!(status, 401 | 407) && self.challenged(now, line, &client, response).is_some() => {}
            Purpose::Info(_) | Purpose::Refer(_) if status >= 300 => {
                self.failed(now, &client, status, Some(response));
            }
            Purpose::Info(line) if status >= 200 => self.informed(now, line),
            Purpose::Refer(line) if status >= 200 => {
                self.referred(now, line, client.draft.cseq, status, Some(response));
            }
            Purpose::Info(_) | Purpose::Prack(_) | Purpose::Refer(_) | Purpose::Cancel | Purpose::Bye => {}
        }
    }

    /// RFC 3261 section 17.1.1.3: the ACK of a refusal is part of the INVITE's transaction.
    fn ack_refusal(&mut self, key: &(String, String), client: &Client, response: &Received) {
        let draft = Draft {
            method: Method::Ack,
            to: response.head.to.text.clone(),
            headers: Vec::new(),
            body: None,
            ..client.draft.clone()
        };
        let ack = draft.print(self.config.sip, &client.branch);
        self.send(client.to, ack.clone());
        if let Some(client) = self.clients.get_mut(key) {
            client.ack = Some((client.to, ack));
        }
    }

    fn invite_response(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        let status = response.status();
        match status {
            100 => {}
            101..=199 => self.early(now, id, client, response),
            200..=299 => self.answered(now, id, client, response),
            401 | 407 if self.invited_again(now, id, client, response) => {}
            422 if self.too_brief(now, id, client, response) => {}
            _ => self.failed(now, client, status, Some(response)),
        }
        let leaving = self.lines.get(&id).is_some_and(|line| line.leaving && line.state == LineState::Calling);
        let cancelled = self.clients.contains_key(&(client.branch.clone(), Method::Cancel.to_string()));
        if status < 200 && leaving && !cancelled {
            self.send_cancel(now, &client.branch);
        }
    }

    fn invited_again(&mut self, now: Time, id: LineId, client: &Client, response: &Received) -> bool {
        let Some(branch) = self.challenged(now, id, client, response) else { return false };
        if let Some(line) = self.lines.get_mut(&id) {
            line.invite = Some(branch);
        }
        true
    }

    /// Answers a challenge to a request with a new one and says its branch. `None` when there is no answer.
    fn challenged(&mut self, now: Time, id: LineId, client: &Client, response: &Received) -> Option<String> {
        let mut draft = client.draft.clone();
        let line = self.lines.get_mut(&id).filter(|line| line.attempts < 2 && !line.leaving)?;
        line.attempts += 1;
        line.cseq += 1;
        draft.cseq = line.cseq;
        if let Some(transfer) = line.transfers.iter_mut().find(|transfer| transfer.cseq == client.draft.cseq) {
            transfer.cseq = draft.cseq;
        }
        if !self.authorize(&mut draft, response) {
            return None;
        }
        Some(self.request(now, client.to, draft, client.purpose))
    }

    fn informed(&mut self, now: Time, id: LineId) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.infos.pop_front();
        }
        self.next_info(now, id);
    }

    fn early(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        if !self.reliably(now, id, client, response) {
            return;
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.remote_tag.clone_from(&response.head.to.tag);
        if let Some(sdp) = response.sdp().filter(|_| client.draft.body.is_some()) {
            line.session.accept(sdp);
        }
        self.collect_faults(now, id);
        self.tell(PhoneEvent::Progress { line: id, status: response.status() });
        self.show(id, response, false);
    }

    /// 200 to our first INVITE: the dialog is there (RFC 3261 section 12.1.2), the ACK goes out, sound flows.
    fn answered(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.remote_tag.clone_from(&response.head.to.tag);
        line.remote.clone_from(&response.head.to.text);
        line.routes = response.list("Record-Route");
        line.routes.reverse();
        line.refresh_target(response);
        line.invite = None;
        let late = client.draft.body.is_none() && line.session.stream.is_none();
        let (answer, agreed) = self.take_answer(id, late, response);
        self.ack(id, client, answer);
        self.timer_agreed(now, id, client, response);
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.state == LineState::Ended {
            // The answer crossed our giving up: BYE (RFC 3261 section 9.1).
            return self.send_bye(now, id);
        }
        line.attempts = 0;
        line.state = LineState::Up;
        line.answered_at = Some(now);
        line.sound.changed_at = now;
        if line.leaving || !agreed {
            if !line.leaving {
                self.judge.complain(now, Some(id), "200 to INVITE without a usable answer");
            }
            self.send_bye(now, id);
            let leaving = self.lines.get(&id).is_some_and(|line| line.leaving);
            return self.end(now, id, leaving, (!leaving).then_some(488), None);
        }
        self.collect_faults(now, id);
        self.tell(PhoneEvent::Answered { line: id });
        self.show(id, response, false);
        self.tune(now, id);
        self.lock_codec(now, id);
    }

    /// What a 2xx agrees on; for a late offer also our answer, which goes with the ACK (RFC 3261 section 13.2.2.4).
    fn take_answer(&mut self, id: LineId, late: bool, response: &Received) -> (Option<String>, bool) {
        let Some(line) = self.lines.get_mut(&id) else { return (None, false) };
        match response.sdp() {
            Some(offer) if late => {
                let answer = line.session.answer(offer).ok();
                (answer.clone(), answer.is_some())
            }
            Some(sdp) => (None, line.session.accept(sdp)),
            None => (None, !late && !line.session.pending()),
        }
    }

    fn lock_codec(&mut self, now: Time, id: LineId) {
        let locks = self.config.habits.locks_codec;
        let headers = self.call_headers();
        let Some(line) = self.lines.get_mut(&id).filter(|line| locks && line.allows_update) else { return };
        let Some(codec) = line.session.several() else { return };
        line.session.codecs = vec![codec];
        let mut draft = line.draft(Method::Update);
        draft.headers = headers;
        draft.body = Some(("application/sdp", line.session.offer()));
        let to = line.next_hop();
        self.request(now, to, draft, Purpose::Update(id));
    }

    /// The ACK of a 2xx: a request of its own, kept for when the 2xx comes again.
    fn ack(&mut self, id: LineId, client: &Client, answer: Option<String>) {
        let branch = format!("z9hG4bK{}", self.mint.token());
        let Some(line) = self.lines.get_mut(&id) else { return };
        let mut draft = line.draft(Method::Ack);
        // RFC 3261 section 13.2.2.4: the INVITE's number and credentials.
        draft.cseq = client.draft.cseq;
        draft.body = answer.map(|answer| ("application/sdp", answer));
        let credential = |(name, _): &&(&'static str, String)| name.ends_with("Authorization");
        draft.headers = client.draft.headers.iter().filter(credential).cloned().collect();
        let to = line.next_hop();
        let ack = draft.print(self.config.sip, &branch);
        self.send(to, ack.clone());
        let key = (client.branch.clone(), Method::Invite.to_string());
        if let Some(client) = self.clients.get_mut(&key) {
            client.ack = Some((to, ack));
        }
    }

    fn reinvite_response(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        let status = response.status();
        match status {
            100..=199 => {}
            200..=299 => {
                let Some(line) = self.lines.get_mut(&id) else { return };
                line.invite = None;
                line.refresh_target(response);
                line.sound.changed_at = now;
                let (answer, agreed) = match response.sdp() {
                    Some(_) => self.take_answer(id, client.draft.body.is_none(), response),
                    None => (None, false),
                };
                if !agreed {
                    if let Some(line) = self.lines.get_mut(&id) {
                        line.session.rollback();
                    }
                    self.judge.complain(now, Some(id), "200 to re-INVITE without a usable description");
                }
                self.ack(id, client, answer);
                self.timer_agreed(now, id, client, response);
                self.collect_faults(now, id);
                self.tune(now, id);
                self.changed_by_us(now, id, response);
            }
            401 | 407 if self.invited_again(now, id, client, response) => {}
            422 if self.too_brief(now, id, client, response) => {}
            _ => self.failed(now, client, status, Some(response)),
        }
    }

    /// A re-INVITE or UPDATE of ours was taken.
    pub(super) fn changed_by_us(&mut self, now: Time, id: LineId, response: &Received) {
        let direction = self.lines.get(&id).and_then(|line| line.direction()).unwrap_or_default();
        self.tell(PhoneEvent::Changed { line: id, status: response.status(), direction });
        self.show(id, response, false);
        self.change(now, id);
        self.send_refer(now, id);
    }

    /// A request came to nothing: a refusal, or 408 when nobody answered at all.
    pub(super) fn failed(&mut self, now: Time, client: &Client, status: u16, response: Option<&Received>) {
        let reason = response.and_then(|response| response.value("Reason"));
        match client.purpose {
            Purpose::Register { .. } => self.registration_failed(status),
            Purpose::Invite(id) => {
                let local = self.lines.get(&id).is_some_and(|line| line.leaving);
                if let Some(line) = self.lines.get_mut(&id) {
                    line.invite = None;
                }
                self.end(now, id, local, Some(status), reason);
            }
            Purpose::Prack(id) => self.prack_failed(now, id, status),
            Purpose::Reinvite(id) | Purpose::Update(id) => {
                let Some(line) = self.lines.get_mut(&id) else { return };
                if matches!(client.purpose, Purpose::Reinvite(_)) {
                    line.invite = None;
                }
                let offered = client.draft.method == Method::Invite || client.draft.body.is_some();
                if offered {
                    line.session.rollback();
                }
                match status {
                    _ if !line.is_live() => {}
                    491 if offered => {
                        // RFC 3261 section 14.1: who made the Call-ID waits 2.1 to 4 s, the other up to 2 s.
                        let wait = if line.incoming { self.mint.below(200) } else { 210 + self.mint.below(191) };
                        line.changing = true;
                        line.retry_at = Some(now + Duration::from_millis(wait * 10));
                    }
                    481 | 408 => {
                        self.send_bye(now, id);
                        self.end(now, id, false, Some(status), reason);
                    }
                    _ if !offered => {}
                    _ => {
                        let direction = line.direction().unwrap_or_default();
                        line.session.want = direction;
                        line.session.zeroed = false;
                        self.tell(PhoneEvent::Changed { line: id, status, direction });
                        self.send_refer(now, id);
                    }
                }
            }
            Purpose::Info(id) | Purpose::Refer(id) => {
                if matches!(client.purpose, Purpose::Refer(_)) {
                    self.referred(now, id, client.draft.cseq, status, response);
                }
                // RFC 3261 section 12.2.1.2: these two end the dialog.
                let live = self.lines.get(&id).is_some_and(Line::is_live);
                if live && matches!(status, 481 | 408) {
                    self.send_bye(now, id);
                    self.end(now, id, false, Some(status), reason);
                } else if matches!(client.purpose, Purpose::Info(_)) {
                    self.informed(now, id);
                }
            }
            Purpose::Cancel | Purpose::Bye => {}
        }
    }

    /// Shows who the other side says it is.
    pub(super) fn show(&mut self, id: LineId, message: &Received, request: bool) {
        let otherwise = if request { &message.head.from } else { &message.head.to };
        let party = message.identity(otherwise);
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.show(&party) {
            let (name, address) = (party.name.clone(), party.address());
            self.tell(PhoneEvent::Identity { line: id, name, address });
        }
    }

    pub(super) fn collect_faults(&mut self, now: Time, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        for fault in std::mem::take(&mut line.session.faults) {
            self.judge.complain(now, Some(id), fault);
        }
    }

    pub(super) fn tune(&mut self, now: Time, id: LineId) {
        let habits = &self.config.habits;
        let (silent, on_hold) = (habits.no_rtp, habits.hums_on_hold);
        if let Some(line) = self.lines.get_mut(&id) {
            line.tune(now, silent, on_hold);
        }
    }
}
