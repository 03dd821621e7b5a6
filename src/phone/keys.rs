//! The phone's keys: what a hand does to it. A key that means nothing now does nothing, and says so by `false`.

use super::line::{Line, LineState};
use super::session::{Direction, HoldForm};
use super::transaction::Purpose;
use super::wire::Draft;
use super::{Codec, LineId, Phone, PhoneEvent, Reliable};
use crate::time::Time;
use rsip::{Method, Uri};

impl Phone {
    /// Calls a number, a user of the domain, or a whole `sip:` address.
    pub fn call(&mut self, now: Time, target: &str) -> LineId {
        self.call_with(now, target, Vec::new())
    }

    pub(super) fn call_with(&mut self, now: Time, target: &str, headers: Vec<(&'static str, String)>) -> LineId {
        let id = self.next_line();
        let mut line = Line::new(now, id, false, &self.config, &mut self.mint);
        let uri = self.target(target);
        let late = self.config.habits.offers_late;
        line.local = format!("{};tag={}", self.address_of_record(), line.local_tag);
        line.remote = format!("<{uri}>");
        line.target = uri;
        let mut draft = line.draft(Method::Invite);
        draft.headers = self.call_headers();
        draft.headers.extend(self.timer_headers(id));
        draft.headers.extend(headers);
        if self.config.habits.reliable == Reliable::Required {
            draft.headers.push(("Require", "100rel".into()));
        }
        draft.body = (!late).then(|| ("application/sdp", line.session.offer()));
        self.lines.insert(id, line);
        let branch = self.request(now, self.config.registrar, draft, Purpose::Invite(id));
        if let Some(line) = self.lines.get_mut(&id) {
            line.invite = Some(branch);
        }
        id
    }

    pub(super) fn next_line(&mut self) -> LineId {
        self.last_line += 1;
        LineId(self.last_line)
    }

    pub(super) fn call_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers =
            vec![("Contact", self.contact()), ("Allow", self.allow()), ("User-Agent", "Cordboard phone".into())];
        let options = self.options();
        if !options.is_empty() {
            headers.push(("Supported", options.join(", ")));
        }
        headers
    }

    pub(super) fn target(&self, target: &str) -> Uri {
        if target.starts_with("sip:")
            && let Ok(uri) = Uri::try_from(target)
        {
            return uri;
        }
        Uri {
            scheme: Some(rsip::Scheme::Sip),
            auth: Some(rsip::Auth { user: target.trim_start_matches("sip:").to_owned(), password: None }),
            host_with_port: rsip::Host::from(self.config.domain.as_str()).into(),
            ..Uri::default()
        }
    }

    /// Sends 180 on a line that came in while `rings` was off.
    pub fn ring(&mut self, now: Time, line: LineId) -> bool {
        self.ringing(line) && self.provisional(now, line, 180)
    }

    pub fn answer(&mut self, now: Time, line: LineId) -> bool {
        if !self.ringing(line) {
            return false;
        }
        if let Some(line) = self.lines.get_mut(&line).filter(|line| line.provisionals.holds_back()) {
            line.provisionals.answer = true;
            return true;
        }
        self.accept_call(now, line)
    }

    pub fn decline(&mut self, now: Time, line: LineId, status: u16) -> bool {
        self.ringing(line) && self.refuse_call(now, line, status)
    }

    fn ringing(&self, line: LineId) -> bool {
        self.lines.get(&line).is_some_and(|line| line.state == LineState::Ringing)
    }

    /// Ends the line, whatever it is doing: CANCEL, a refusal, or BYE.
    pub fn hang_up(&mut self, now: Time, line: LineId) -> bool {
        match self.lines.get(&line).map(|line| line.state) {
            Some(LineState::Calling) => self.cancel(now, line),
            Some(LineState::Ringing) => self.refuse_call(now, line, 603),
            Some(LineState::Up) => {
                self.send_bye(now, line);
                self.end(now, line, true, None, None);
                true
            }
            Some(LineState::Ended) | None => false,
        }
    }

    /// Gives up a call that nobody has answered yet (RFC 3261 section 9.1).
    pub fn cancel(&mut self, now: Time, id: LineId) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Calling) else { return false };
        if std::mem::replace(&mut line.leaving, true) {
            return false;
        }
        let branch = line.invite.clone().unwrap_or_default();
        let proceeding =
            self.clients.get(&(branch.clone(), Method::Invite.to_string())).is_some_and(|client| client.proceeding());
        if proceeding {
            self.send_cancel(now, &branch);
        }
        // Else the CANCEL waits for the first provisional response.
        true
    }

    pub(super) fn send_cancel(&mut self, now: Time, branch: &str) {
        let Some(client) = self.clients.get_mut(&(branch.to_owned(), Method::Invite.to_string())) else { return };
        client.cancelled(now);
        // RFC 3261 section 9.1: everything that identifies the INVITE, and the method CANCEL.
        let draft = Draft { method: Method::Cancel, headers: Vec::new(), body: None, ..client.draft.clone() };
        let to = client.to;
        self.request_in(now, to, draft, Purpose::Cancel, branch.to_owned());
    }

    pub(super) fn send_bye(&mut self, now: Time, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (draft, to) = (line.draft(Method::Bye), line.next_hop());
        self.request(now, to, draft, Purpose::Bye);
    }

    /// The Hold key: a re-INVITE that stops what we hear.
    pub fn hold(&mut self, now: Time, line: LineId) -> bool {
        let form = self.config.habits.holds;
        let want = if form == HoldForm::Inactive { Direction::Inactive } else { Direction::SendOnly };
        self.turn(now, line, want, form == HoldForm::ZeroAddress)
    }

    pub fn resume(&mut self, now: Time, line: LineId) -> bool {
        self.want(now, line, Direction::SendRecv)
    }

    pub(super) fn want(&mut self, now: Time, id: LineId, want: Direction) -> bool {
        self.turn(now, id, want, false)
    }

    fn turn(&mut self, now: Time, id: LineId, want: Direction, zeroed: bool) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        if (line.session.want, line.session.zeroed) == (want, zeroed) {
            return false;
        }
        line.session.want = want;
        line.session.zeroed = zeroed;
        line.changing = true;
        self.change(now, id);
        true
    }

    /// Offers these codecs and no others from now on.
    pub fn offer_codecs(&mut self, now: Time, id: LineId, codecs: &[Codec]) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        line.session.codecs = codecs.to_vec();
        line.changing = true;
        self.change(now, id);
        true
    }

    /// A re-INVITE that changes nothing; without an offer, where late offers are the phone's habit.
    pub fn refresh(&mut self, now: Time, id: LineId) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        line.changing = true;
        self.change(now, id);
        true
    }

    /// Sends the re-INVITE or UPDATE that a key asked for, unless another exchange is under way: then it waits for that.
    pub(super) fn change(&mut self, now: Time, id: LineId) {
        let mut headers = self.call_headers();
        headers.extend(self.timer_headers(id));
        let habits = &self.config.habits;
        let (by_update, late) = (habits.changes_by_update, habits.offers_late);
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return };
        // RFC 3261 section 14.1: no INVITE while another is in progress in the dialog; RFC 3264 section 4: no offer
        // either.
        if !line.changing || line.invite.is_some() || line.session.pending() || line.retry_at.is_some() {
            return;
        }
        line.changing = false;
        let method = if by_update && line.allows_update { Method::Update } else { Method::Invite };
        let mut draft = line.draft(method);
        draft.headers = headers;
        draft.body = (method == Method::Update || !late).then(|| ("application/sdp", line.session.offer()));
        let to = line.next_hop();
        if method == Method::Update {
            self.request(now, to, draft, Purpose::Update(id));
            return;
        }
        let branch = self.request(now, to, draft, Purpose::Reinvite(id));
        if let Some(line) = self.lines.get_mut(&id) {
            line.invite = Some(branch);
        }
    }

    /// Sends an UPDATE without an offer: a sign of life that changes nothing (RFC 3311).
    pub fn update(&mut self, now: Time, id: LineId) -> bool {
        let mut headers = self.call_headers();
        headers.extend(self.timer_headers(id));
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        let mut draft = line.draft(Method::Update);
        draft.headers = headers;
        let to = line.next_hop();
        self.request(now, to, draft, Purpose::Update(id));
        true
    }

    /// Presses digits: RFC 4733 where agreed, else one INFO each.
    pub fn dtmf(&mut self, now: Time, id: LineId, digits: &str) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        let by_rtp = line.session.stream.as_ref().is_some_and(|stream| stream.event.is_some());
        if by_rtp && !self.config.habits.digits_by_info {
            line.sound.press(digits);
            return true;
        }
        self.info(now, id, digits)
    }

    /// Presses digits: one INFO each, whatever was agreed.
    pub fn info(&mut self, now: Time, id: LineId, digits: &str) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        let idle = line.infos.is_empty();
        line.infos.extend(digits.chars());
        if idle {
            self.next_info(now, id);
        }
        true
    }

    /// A digit waits until the one before it is answered, or the network could swap them.
    pub(super) fn next_info(&mut self, now: Time, id: LineId) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return };
        let Some(digit) = line.infos.front() else { return };
        let body = format!("Signal={digit}\r\nDuration=160\r\n");
        let mut draft = line.draft(Method::Info);
        draft.body = Some(("application/dtmf-relay", body));
        let to = line.next_hop();
        self.request(now, to, draft, Purpose::Info(id));
    }

    /// Sends nothing at all from now on, or sends again: what no key does, but many a phone.
    pub fn fall_silent(&mut self, now: Time, silent: bool) {
        self.habits_mut().no_rtp = silent;
        let lines: Vec<LineId> = self.lines().map(crate::phone::Line::id).collect();
        for line in lines {
            self.tune(now, line);
        }
    }

    /// The Mute key: silence goes out instead of the note.
    pub fn mute(&mut self, line: LineId, muted: bool) -> bool {
        let Some(line) = self.lines.get_mut(&line) else { return false };
        line.sound.muted = muted;
        true
    }

    pub(super) fn end(&mut self, now: Time, id: LineId, local: bool, status: Option<u16>, reason: Option<String>) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.is_live()) else { return };
        line.state = LineState::Ended;
        line.ended_at = Some(now);
        line.ending = Some((status, reason.clone()));
        line.sound.stop();
        self.tell(PhoneEvent::Ended { line: id, local, status, reason });
    }
}
