//! Session timers (RFC 4028): a session that nobody refreshes any more ends at both ends.

use super::core::Core;
use super::{Ours, Phase, Session};
use crate::sip::endpoint::{Event, OfferBy, Out};
use crate::sip::{Headers, Method, Name, Request, Response, Status, Text};
use crate::time::{Duration, Time, earliest};

/// The option tag.
pub const TIMER: &str = "timer";

/// How soon a refresh is tried again that something else stands in the way of.
const SOON: Duration = Duration::from_secs(1);

/// What is agreed of refreshing, in seconds as on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Timer {
    /// The largest Min-SE that anybody on the way has asked for.
    least: u32,
    running: Option<Running>,
    /// An UPDATE of ours was refused as such: a re-INVITE refreshes from now on.
    by_invite: bool,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    interval: u32,
    /// We refresh.
    ours: bool,
    refresh: Option<Time>,
    end: Time,
}

impl Timer {
    fn start(&mut self, now: Time, interval: u32, ours: bool) {
        let whole = Duration::from_secs(u64::from(interval));
        // Section 10: the end comes a third of the interval before it is over, at most 32 s.
        let end = now + (whole - (whole / 3).min(Duration::from_secs(32)));
        // Section 7.2: half-way.
        self.running = Some(Running { interval, ours, refresh: ours.then(|| now + (whole / 2)), end });
    }

    pub fn deadline(&self) -> Option<Time> {
        self.running.and_then(|running| earliest(running.refresh, Some(running.end)))
    }

    /// Whether a 422 asks for more than has been offered.
    fn raise(&mut self, response: &Response, core: &Core) -> bool {
        let asked = self.interval(core);
        match seconds(&response.headers, &Name::MinSe) {
            Some((least, _)) if least > asked => {
                self.least = least;
                true
            }
            _ => false,
        }
    }

    fn interval(&self, core: &Core) -> u32 {
        self.running.map_or(core.settings.session_expires, |running| running.interval).max(self.least)
    }

    /// Sections 7.1 and 7.4: what a request of ours asks for; in a session, the refresher stays who it is.
    pub fn ask(&self, headers: &mut Headers, core: &Core) {
        let refresher = match self.running {
            Some(Running { ours: true, .. }) => ";refresher=uac",
            Some(_) => ";refresher=uas",
            None => "",
        };
        headers.push(Name::SessionExpires, format!("{}{refresher}", self.interval(core)));
        if self.least > core.settings.min_se {
            headers.push(Name::MinSe, self.least.to_string());
        }
    }

    /// Section 9: what a 2xx of ours grants.
    pub fn grant(&mut self, now: Time, request: &Request, headers: &mut Headers, core: &Core) {
        self.running = None;
        let ours = core.settings.session_expires;
        let knows = request.headers.supports(TIMER);
        let least = seconds(&request.headers, &Name::MinSe).map_or(0, |(least, _)| least).max(core.settings.min_se);
        let (interval, refresher) = match seconds(&request.headers, &Name::SessionExpires) {
            Some((asked, refresher)) => (asked.min(ours).max(least), refresher),
            None if knows => (ours.max(least), Some("uas".into())),
            // Nobody has asked, and nobody would refresh.
            None => return,
        };
        // Table 2: who does not know of timers cannot refresh; who has no wish does it himself.
        let by_them = knows && refresher.is_none_or(|who| !who.eq_ignore_case("uas"));
        let who = if by_them { "uac" } else { "uas" };
        headers.push(Name::SessionExpires, format!("{interval};refresher={who}"));
        if by_them {
            headers.push(Name::Require, Text::from_static(TIMER));
        }
        self.start(now, interval, !by_them);
    }

    /// Section 7.2: what the 2xx to a request of ours grants.
    pub fn granted(&mut self, now: Time, headers: &Headers) {
        self.running = None;
        if let Some((interval, refresher)) = seconds(headers, &Name::SessionExpires) {
            // What is below the least that the RFC allows would be a storm of refreshes.
            let by_them = refresher.is_some_and(|who| who.eq_ignore_case("uas"));
            self.start(now, interval.max(crate::limits::MIN_SE), !by_them);
        }
    }
}

impl Core {
    /// Section 9: an interval below our least is answered 422.
    pub fn is_too_short(&self, request: &Request) -> bool {
        matches!(request.method, Method::Invite | Method::Update)
            && request.headers.supports(TIMER)
            && seconds(&request.headers, &Name::SessionExpires).is_some_and(|(asked, _)| asked < self.settings.min_se)
    }
}

impl Session {
    pub(super) fn timer_deadline(&self) -> Option<Time> {
        self.timer.deadline().filter(|_| matches!(self.phase, Phase::Up))
    }

    pub(super) fn wake_timer(&mut self, now: Time, core: &mut Core, out: &mut Vec<Out>) {
        let Some(running) = self.timer.running.as_mut().filter(|_| matches!(self.phase, Phase::Up)) else { return };
        if running.end <= now {
            return self.dead(now, Status::REQUEST_TIMEOUT, core, out);
        }
        if running.refresh.is_none_or(|at| at > now) {
            return;
        }
        running.refresh = Some(now + SOON);
        let update = !self.timer.by_invite && self.peer_takes(&Method::Update);
        let by = if update { OfferBy::Update } else { OfferBy::ReInvite };
        if !self.may_offer(by) {
            return;
        }
        // Only who knows what was said last can repeat it.
        self.tell(Event::Refresh { session: self.id, by }, out);
        if let Some(running) = &mut self.timer.running {
            // Its outcome sets the next; if none comes, this is the last.
            running.refresh = None;
        }
    }

    /// The final response to a request of ours that carried an interval. `retry`: when that request may be repeated.
    pub(super) fn refreshed(&mut self, now: Time, ours: Ours, response: &Response, core: &Core) -> Option<Duration> {
        let status = response.status;
        if status.is_success() {
            if response.headers.cseq().is_ok() {
                self.timer.granted(now, &response.headers);
            }
            return None;
        }
        let again = (status == Status::SESSION_INTERVAL_TOO_SMALL && self.timer.raise(response, core))
            .then_some(Duration::ZERO);
        if let Some(running) = &mut self.timer.running
            && running.ours
            && running.refresh.is_none()
        {
            // A refusal is no end: that comes when the interval is over (section 10). Until then it is tried again, by the
            // other way first.
            let plain = ours.by == OfferBy::Update && !ours.offered;
            let other_way = plain && status != Status::REQUEST_PENDING;
            let pause = Duration::from_secs(u64::from(running.interval / 10));
            running.refresh = Some(now + if other_way { SOON } else { pause });
            self.timer.by_invite |= other_way && again.is_none();
        }
        again
    }

    /// A 422 to our first INVITE: whether to ask again (section 7.3).
    pub(super) fn asks_again(&mut self, response: &Response, core: &Core) -> bool {
        response.status == Status::SESSION_INTERVAL_TOO_SMALL && self.timer.raise(response, core)
    }
}

/// Seconds, and who refreshes.
fn seconds(headers: &Headers, name: &Name) -> Option<(u32, Option<Text>)> {
    let valued = headers.valued(name, "Session-Expires").ok()??;
    Some((valued.value.as_str().trim().parse().ok()?, valued.params.get("refresher")))
}
