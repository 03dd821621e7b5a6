//! Session timers: one side gives a sign of life now and then, the other hangs up when none comes (RFC 4028).

use super::line::LineState;
use super::transaction::Client;
use super::wire::Received;
use super::{LineId, Phone};
use crate::time::{Duration, Time};
use rsip::Method;

/// Nobody may ask for less (RFC 4028 section 5).
const LEAST: u32 = 90;

/// Whom a phone wants to refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresher {
    #[default]
    Unsaid,
    Us,
    Them,
}

/// How a phone has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    /// What it asks for.
    pub seconds: u32,
    /// What it takes, its Min-SE.
    pub least: u32,
    pub refresher: Refresher,
    /// False for a phone that promises to refresh and does not.
    pub keeps_its_word: bool,
}

impl SessionTimer {
    #[must_use]
    pub fn of(seconds: u32) -> SessionTimer {
        SessionTimer { seconds, least: LEAST, refresher: Refresher::Unsaid, keeps_its_word: true }
    }
}

/// One line's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timer {
    seconds: u32,
    ours: bool,
    at: Time,
}

impl Timer {
    fn new(now: Time, seconds: u32, ours: bool) -> Timer {
        // Section 10: refreshed at half the time; given up a third, or 32 s, before its end.
        let wait = if ours { seconds / 2 } else { seconds - (seconds / 3).min(32) };
        Timer { seconds, ours, at: now + Duration::from_secs(u64::from(wait)) }
    }

    pub fn deadline(self) -> Time {
        self.at
    }
}

impl Phone {
    /// What an INVITE or UPDATE of ours asks for.
    pub(super) fn timer_headers(&self, id: LineId) -> Vec<(&'static str, String)> {
        let Some(habit) = self.config.habits.timer else { return Vec::new() };
        let line = self.lines.get(&id);
        let least = line.map_or(LEAST, |line| line.least).max(habit.least);
        let running = line.and_then(|line| line.timer);
        // Section 7.4: who refreshes goes on doing so.
        let refresher = match (running.map(|timer| timer.ours), habit.refresher) {
            (Some(true), _) | (None, Refresher::Us) => ";refresher=uac",
            (Some(false), _) | (None, Refresher::Them) => ";refresher=uas",
            (None, Refresher::Unsaid) => "",
        };
        let seconds = running.map_or(habit.seconds, |timer| timer.seconds).max(least);
        let mut headers = vec![("Session-Expires", format!("{seconds}{refresher}"))];
        if least > LEAST {
            headers.push(("Min-SE", least.to_string()));
        }
        headers
    }

    /// The 200 to an INVITE or UPDATE of ours says what was agreed (section 7.2).
    pub(super) fn timer_agreed(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        let Some((seconds, refresher)) = expires(response) else {
            if let Some(line) = self.lines.get_mut(&id) {
                // Whoever refreshes somebody without timers goes on by himself.
                line.timer = line.timer.filter(|timer| timer.ours);
            }
            return;
        };
        let asked = client.draft.headers.iter().find(|(name, _)| *name == "Session-Expires");
        let asked: Option<(u32, Option<String>)> = asked.and_then(|(_, value)| read(value));
        let habit = self.config.habits.timer;
        let mut faults = Vec::new();
        match &asked {
            Some((asked, _)) if seconds > *asked => {
                faults.push(format!("a timer of {seconds} s, we asked for {asked}"))
            }
            // Section 9: a UAS may ask for itself what the UAC did not.
            None if refresher.as_deref() != Some("uas") => faults.push("a session timer that nobody asked for".into()),
            _ => {}
        }
        if let Some((_, Some(said))) = &asked
            && refresher.as_ref() != Some(said)
        {
            faults.push(format!("refresher={} where we said {said}", refresher.as_deref().unwrap_or("nobody")));
        }
        if refresher.is_none() {
            faults.push("Session-Expires in a 200 without a refresher".into());
        }
        let ours = refresher.as_deref() == Some("uac");
        if ours && !response.list("Require").iter().any(|option| option == "timer") {
            faults.push("refresher=uac without Require: timer".into());
        }
        for fault in faults {
            self.judge.complain(now, Some(id), fault);
        }
        if let Some(line) = self.lines.get_mut(&id) {
            line.timer = habit.map(|_| Timer::new(now, seconds.max(1), ours));
        }
    }

    /// 422: the INVITE or UPDATE again with what is asked for there (section 7.3). False when that is no help.
    pub(super) fn too_brief(&mut self, now: Time, id: LineId, client: &Client, response: &Received) -> bool {
        let least = response.value("Min-SE").and_then(|text| text.split(';').next()?.trim().parse().ok());
        let (Some(line), Some(least)) = (self.lines.get_mut(&id), least) else {
            self.judge.complain(now, Some(id), "422 without a Min-SE");
            return false;
        };
        if line.least >= least || line.leaving {
            self.judge.complain(now, Some(id), "422 to what it asked for itself");
            return false;
        }
        line.least = least;
        let mut draft = client.draft.clone();
        line.cseq += 1;
        draft.cseq = line.cseq;
        draft.headers.retain(|(name, _)| !matches!(*name, "Session-Expires" | "Min-SE"));
        let headers = self.timer_headers(id);
        draft.headers.extend(headers);
        let branch = self.request(now, client.to, draft, client.purpose);
        if let Some(line) = self.lines.get_mut(&id)
            && client.draft.method == Method::Invite
        {
            line.invite = Some(branch);
        }
        true
    }

    /// Whether an INVITE or UPDATE of theirs asks for less than we take: then it has got its 422.
    pub(super) fn refused_as_too_brief(&mut self, now: Time, key: &(String, String), request: &Received) -> bool {
        let Some(habit) = self.config.habits.timer else { return false };
        let brief = expires(request).is_some_and(|(seconds, _)| seconds < habit.least);
        if brief {
            self.respond(now, key, 422, vec![("Min-SE", habit.least.to_string())], None);
        }
        brief
    }

    /// What our 200 to their INVITE or UPDATE says, and starts (section 9).
    pub(super) fn timer_granted(&mut self, now: Time, id: LineId, request: &Received) -> Vec<(&'static str, String)> {
        let Some(habit) = self.config.habits.timer else { return Vec::new() };
        let knows = request.list("Supported").iter().any(|option| option == "timer");
        let asked = expires(request);
        let Some(line) = self.lines.get_mut(&id) else { return Vec::new() };
        let least = request.value("Min-SE").and_then(|text| text.trim().parse().ok()).unwrap_or(LEAST);
        let seconds = asked.as_ref().map_or(habit.seconds, |(seconds, _)| habit.seconds.min(*seconds)).max(least);
        let said = asked.and_then(|(_, refresher)| refresher);
        let ours = match (said.as_deref(), habit.refresher) {
            _ if !knows => true,
            (Some(said), _) => said == "uas",
            (None, wanted) => wanted != Refresher::Them,
        };
        line.timer = Some(Timer::new(now, seconds, ours));
        let mut headers =
            vec![("Session-Expires", format!("{seconds};refresher={}", if ours { "uas" } else { "uac" }))];
        if !ours {
            headers.push(("Require", "timer".into()));
        }
        headers
    }

    pub(super) fn wake_timer(&mut self, now: Time, id: LineId) {
        let Some(habit) = self.config.habits.timer else { return };
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return };
        let Some(timer) = line.timer.filter(|timer| timer.at <= now) else { return };
        if !timer.ours {
            // Section 10: nobody has refreshed.
            line.timer = None;
            self.send_bye(now, id);
            return self.end(now, id, true, Some(408), None);
        }
        line.timer = Some(Timer::new(now, timer.seconds, true));
        if !habit.keeps_its_word {
            return;
        }
        if line.allows_update {
            self.update(now, id);
        } else {
            line.changing = true;
            self.change(now, id);
        }
    }

    /// The response to an UPDATE of ours.
    pub(super) fn update_response(&mut self, now: Time, id: LineId, client: &Client, response: &Received) {
        match response.status() {
            100..=199 => {}
            200..=299 => {
                if client.draft.body.is_some() {
                    self.changed_by_update(now, id, response);
                }
                self.timer_agreed(now, id, client, response);
            }
            422 if self.too_brief(now, id, client, response) => {}
            status => self.failed(now, client, status, Some(response)),
        }
    }

    fn changed_by_update(&mut self, now: Time, id: LineId, response: &Received) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.refresh_target(response);
        line.sound.changed_at = now;
        if response.sdp().is_none_or(|sdp| !line.session.accept(sdp)) {
            line.session.rollback();
            self.judge.complain(now, Some(id), "200 to UPDATE without a usable answer");
        }
        self.collect_faults(now, id);
        self.tune(now, id);
        self.changed_by_us(now, id, response);
    }
}

/// Session-Expires of a message, with its refresher (section 4; `x` is its short form, which rsip does not know).
fn expires(message: &Received) -> Option<(u32, Option<String>)> {
    read(&message.value("Session-Expires")?)
}

fn read(value: &str) -> Option<(u32, Option<String>)> {
    let mut parts = value.split(';').map(str::trim);
    let seconds = parts.next()?.parse().ok()?;
    Some((seconds, parts.find_map(|part| part.strip_prefix("refresher=").map(str::to_owned))))
}
