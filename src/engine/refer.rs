//! REFER in a dialog: who wants whom transferred where, and what he is told of it (RFC 3515).

use super::caller::Dialled;
use super::outside::{NotOutside, refused_with_warning};
use super::register::refused_with;
use super::uui::USER_TO_USER;
use super::{Alarm, CallId, Engine};
use crate::contact::{Call, Goal, Progress, Reason, Refused};
use crate::ids::{AgentId, ConnectionId, QuickConnectId};
use crate::sip::{
    End, Method, Name, Notice, Refer, Request, RequestId, Response, Scheme, ServerKey, SessionId, Status, Subscription,
    Text,
};
use crate::site::NumberTo;
use crate::time::Time;
use tracing::{debug, info};

/// The last REFER of a session, and who listens to what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Referral {
    /// Who waits to be replaced: his first line, whichever the REFER came on.
    pub by: ConnectionId,
    /// The transfer is under way.
    pub pending: bool,
    pub subscription: Option<Subscription>,
    /// NOTIFYs without an answer.
    asked: Vec<RequestId>,
    /// What goes along to the new party: Referred-By (RFC 3892) and User-to-User (RFC 7433).
    pub along: Vec<(Name, Text)>,
}

/// Into this call, or out of it.
enum Where {
    To(Goal),
    Room(String),
}

/// What the phone is told, and why (RFC 3261 section 20.43).
fn refusal(by: ConnectionId, refused: &Refused) -> End {
    info!(connection = %by, %refused, "a transfer is refused");
    let status = match refused {
        Refused::NotFound(_) => Status::NOT_FOUND,
        Refused::State(_) | Refused::Quota(_) => Status::DECLINE,
    };
    refused_with_warning(status, &refused.to_string())
}

impl Engine {
    pub(super) fn on_refer(&mut self, session: SessionId, key: ServerKey, request: &Request) {
        if let Err(end) = self.take_refer(session, key, request) {
            info!(status = end.status.code(), "a REFER is refused");
            let none = Referral {
                by: ConnectionId(0),
                pending: false,
                subscription: None,
                asked: Vec::new(),
                along: Vec::new(),
            };
            if self.sessions.contains_key(&session) {
                // It has been one of this dialog's all the same.
                self.referrals.entry(session).or_insert(none);
            }
            self.respond(key, refused_with(request, end));
        }
    }

    fn take_refer(&mut self, session: SessionId, key: ServerKey, request: &Request) -> Result<(), End> {
        let refer = Refer::read(request).map_err(End::with)?;
        let (leg, connection, call) = self.whose(session).ok_or(End::with(Status::NO_SUCH_CALL))?;
        if self.referrals.get(&session).is_some_and(|referral| referral.pending) {
            return Err(End::with(Status::REQUEST_PENDING));
        }
        let failed = match &refer.replaces {
            // Accepted whatever comes of it: the phone is told what the call to that line would have been told.
            Some(replaces) => self.bring_together(session, replaces).err(),
            None => self.transfer(call, connection, &refer)?,
        };
        let mut response = Response::for_request(request, Status::ACCEPTED);
        if let Some(leg) = self.legs.get(&leg) {
            response = response.with_header(Name::Contact, format!("<{}>", leg.contact));
        }
        if !refer.notify {
            // RFC 4488 section 4: agreed, no subscription.
            response = response.with_header(Name::ReferSub, Text::from_static("false"));
        }
        self.respond(key, response);
        // Two calls may have become one meanwhile, in which it is somebody's second line.
        let first = self.whose(session).and_then(|(_, connection, call)| {
            let c = self.calls.get(&call)?.connections().get(&connection)?;
            c.second_line_of
        });
        self.remember_refer(session, first.unwrap_or(connection), &refer, request);
        self.tell_referrer(session, Status::TRYING);
        if let Some(status) = failed {
            self.tell_referrer(session, status);
        }
        Ok(())
    }

    /// Without a named dialog: a cold transfer. Some failures are only told after it is accepted.
    fn transfer(&mut self, call: CallId, by: ConnectionId, refer: &Refer) -> Result<Option<Status>, End> {
        let c = self.calls.get(&call).and_then(|c| c.connections().get(&by));
        let c = c.ok_or(End::with(Status::NO_SUCH_CALL))?;
        let goal = match self.goal(c.agent.as_ref(), refer).map_err(End::with)? {
            Where::To(goal) => goal,
            Where::Room(room) => return self.transfer_to_room(call, by, room).map(|()| None),
        };
        if matches!(&goal, Goal::Agent(callee) if self.router.contact_of(callee).is_some()) {
            return Ok(Some(Status::BUSY_HERE));
        }
        let mut outcome = Ok(());
        self.with_call(call, |call, cx| outcome = call.transfer(cx, by, goal));
        outcome.map(|()| None).map_err(|refused| refusal(by, &refused))
    }

    /// Into a conference room, which is there already or is made for it.
    fn transfer_to_room(&mut self, call: CallId, by: ConnectionId, room: String) -> Result<(), End> {
        let mut moved = Err(Refused::State("the call is over".into()));
        self.with_call(call, |call, cx| moved = call.transfer_to_room(cx, by));
        let moved = moved.map_err(|refused| refusal(by, &refused))?;
        let connection = moved.id;
        let there = match self.rooms.get(&room).copied() {
            Some(there) => {
                self.with_call(there, |call, _| call.enter_room(moved));
                there
            }
            None => {
                let (there, _) = self.new_call(|cx| Call::room_of(cx, moved));
                self.rooms.insert(room, there);
                there
            }
        };
        if let Some(line) = self.lines.get_mut(&connection) {
            line.call = there;
        }
        Ok(())
    }

    fn remember_refer(&mut self, session: SessionId, by: ConnectionId, refer: &Refer, request: &Request) {
        // RFC 3515 section 2.4.6: the second REFER of a dialog and those after it are told apart by their CSeq.
        let id = self.referrals.contains_key(&session).then(|| request.headers.cseq().map(|cseq| cseq.number).ok());
        let subscription = refer.notify.then(|| Subscription::new(self.now, id.flatten()));
        let mut along = Vec::new();
        along.extend(refer.referred_by.clone().map(|by| (Name::ReferredBy, by)));
        along.extend(refer.user_to_user.clone().map(|data| (Name::from(USER_TO_USER), data)));
        let referral = Referral { by, pending: true, subscription, asked: Vec::new(), along };
        self.referrals.insert(session, referral);
    }

    /// Where a REFER leads: the same as dialling it, by who sends it.
    fn goal(&self, agent: Option<&AgentId>, refer: &Refer) -> Result<Where, Status> {
        let target = &refer.target;
        if target.scheme != Scheme::Tel && !self.is_ours(target) {
            // We relay for nobody.
            return Err(Status::FORBIDDEN);
        }
        let user = target.dialled().ok_or(Status::NOT_FOUND)?;
        Ok(Where::To(match self.dialled(&user) {
            Dialled::QuickConnect(_) | Dialled::Agent(_) if agent.is_none() => return Err(Status::FORBIDDEN),
            Dialled::QuickConnect(id) => Goal::QuickConnect(QuickConnectId::from(id)),
            // Nobody takes his own place.
            Dialled::Agent(callee) if Some(&callee) == agent => return Err(Status::DECLINE),
            Dialled::Agent(callee) => Goal::Agent(callee),
            Dialled::Status(_) => return Err(Status::DECLINE),
            Dialled::Number => match self.site.number(&user).map(|number| &number.to) {
                Some(NumberTo::Flow(flow)) => Goal::Flow(flow.clone()),
                Some(NumberTo::Play { prompt, repeat }) => Goal::Play { prompt: prompt.clone(), repeat: *repeat },
                Some(NumberTo::Echo) => Goal::Echo,
                Some(NumberTo::Dial(number)) if number.starts_with('+') => Goal::Number(number.clone()),
                Some(NumberTo::Dial(address)) => Goal::Address(address.clone()),
                Some(NumberTo::Room) => return Ok(Where::Room(user)),
                // Who may not call agents does not learn from the answer who is one.
                None if agent.is_none() => return Err(Status::FORBIDDEN),
                None => Goal::Outside(self.callee(&user).map_err(|why| match why {
                    NotOutside::Forbidden(_) => Status::FORBIDDEN,
                    NotOutside::Unknown(_) => Status::NOT_FOUND,
                })?),
            },
        }))
    }

    /// How far a transfer is.
    pub(super) fn transfer_progressed(&mut self, by: ConnectionId, progress: Progress) {
        let waits = |(_, referral): &(&SessionId, &Referral)| referral.by == by && referral.pending;
        let Some(session) = self.referrals.iter().find(waits).map(|(session, _)| *session) else { return };
        let status = match progress {
            Progress::Queued => Status::QUEUED,
            Progress::Rings => Status::RINGING,
            Progress::Connected => Status::OK,
            Progress::Failed { why, like } => self.status_of(why, like),
        };
        self.tell_referrer(session, status);
    }

    fn tell_referrer(&mut self, session: SessionId, status: Status) {
        let now = self.now;
        let Some(referral) = self.referrals.get_mut(&session) else { return };
        referral.pending = !status.is_final();
        if status.is_final() {
            info!(connection = %referral.by, status = status.code(), "a REFER has come to its end");
        }
        let Some(subscription) = &mut referral.subscription else { return };
        let notice = subscription.tell(now, status);
        if status.is_final() {
            referral.subscription = None;
        }
        self.notify(session, notice);
    }

    fn notify(&mut self, session: SessionId, (headers, body): Notice) {
        let until = self.referrals.get(&session).and_then(|r| r.subscription.as_ref()).map(Subscription::until);
        self.arm(Alarm::Referral(session), until);
        let sent = self.endpoint.request(self.now, session, Method::Notify, headers, Some(body), &mut self.sip_out);
        if let (Ok(id), Some(referral)) = (sent, self.referrals.get_mut(&session)) {
            referral.asked.push(id);
        }
    }

    /// A phone that knows of no subscription gets no more NOTIFYs; its transfer and its call go on.
    pub(super) fn notified(&mut self, session: SessionId, request: RequestId, status: Status) {
        let Some(referral) = self.referrals.get_mut(&session) else { return };
        let known = referral.asked.contains(&request);
        referral.asked.retain(|id| *id != request);
        if known && Subscription::is_unwanted(status) {
            debug!(status = status.code(), "a NOTIFY is refused");
            referral.subscription = None;
            self.arm(Alarm::Referral(session), None);
        }
    }

    pub(super) fn referral_due(&mut self, session: SessionId, now: Time) {
        let ended = self
            .referrals
            .get_mut(&session)
            .and_then(|referral| referral.subscription.take_if(|subscription| subscription.until() <= now));
        if let Some(subscription) = ended {
            self.notify(session, subscription.end());
        }
    }

    /// SUBSCRIBE in a dialog: more time for what a REFER began, or none (RFC 6665, RFC 3515 section 2.4.4).
    pub(super) fn on_subscribe(&mut self, session: SessionId, key: ServerKey, request: &Request) {
        let now = self.now;
        let refuse = |status| Response::for_request(request, status);
        let event = match request.headers.valued(&Name::Event, "Event") {
            Ok(Some(event)) if event.is("refer") => event,
            Ok(Some(_)) => {
                let response = refuse(Status::BAD_EVENT).with_header(Name::AllowEvents, Text::from_static("refer"));
                return self.respond(key, response);
            }
            _ => return self.respond(key, refuse(Status::BAD_EVENT)),
        };
        let contact = self.whose(session).and_then(|(leg, ..)| self.legs.get(&leg)).map(|leg| leg.contact.to_string());
        let Some(referral) = self.referrals.get_mut(&session) else {
            return self.respond(key, refuse(Status::NO_SUCH_CALL));
        };
        let Some(subscription) = referral.subscription.as_mut().filter(|s| s.is_meant(&event)) else {
            return self.respond(key, refuse(Status::NO_SUCH_CALL));
        };
        let granted = subscription.refresh(now, request.headers.expires());
        let notice = if granted == 0 { subscription.end() } else { subscription.again(now) };
        if granted == 0 {
            referral.subscription = None;
        }
        let mut response = refuse(Status::OK).with_header(Name::Expires, granted.to_string());
        if let Some(contact) = contact {
            response = response.with_header(Name::Contact, format!("<{contact}>"));
        }
        self.respond(key, response);
        self.notify(session, notice);
    }

    /// We end the session: whoever listens is told that nothing more comes.
    pub(super) fn end_referral(&mut self, session: SessionId) {
        let listens = self.referrals.get_mut(&session).and_then(|referral| referral.subscription.take());
        if let Some(subscription) = listens {
            self.notify(session, subscription.cut_short());
        }
    }

    /// The session is gone, and whoever listened with it.
    pub(super) fn forget_referral(&mut self, session: SessionId) {
        if self.referrals.remove(&session).is_some() {
            self.arm(Alarm::Referral(session), None);
        }
    }

    /// What goes along with a transfer in this call.
    pub(super) fn referred(&self, call: CallId) -> Vec<(Name, Text)> {
        let of_call = |referral: &&Referral| {
            referral.pending && self.lines.get(&referral.by).is_some_and(|line| line.call == call)
        };
        self.referrals.values().find(of_call).map(|referral| referral.along.clone()).unwrap_or_default()
    }

    /// The status that says why a party is not there, or that its phone gave, where that is about the call. What a server
    /// says to us alone (a challenge, a redirection, what it does not understand) is not for whoever called: RFC 3261
    /// sections 21.4.2, 21.4.8 and 21.4.15 have it come with headers that mean nothing on another leg.
    pub(super) fn status_of(&self, why: Reason, like: Option<ConnectionId>) -> Status {
        let same = like.and_then(|other| self.lines.get(&other)).and_then(|line| line.failed).map(|(_, status)| status);
        same.filter(|status| is_about_the_call(*status)).unwrap_or(match why {
            Reason::Busy => Status::BUSY_HERE,
            Reason::Rejected => Status::DECLINE,
            Reason::NoAnswer | Reason::Unreachable => Status::TEMPORARILY_UNAVAILABLE,
            Reason::Cancelled => Status::REQUEST_TERMINATED,
            Reason::Failed => Status::SERVER_INTERNAL_ERROR,
            Reason::HungUp | Reason::Dropped | Reason::Left => Status::TEMPORARILY_UNAVAILABLE,
        })
    }
}

fn is_about_the_call(status: Status) -> bool {
    matches!(status.code(), 403 | 404 | 408 | 410 | 433 | 480 | 484..=488 | 500..)
}
