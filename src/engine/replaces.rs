//! Replaces: a dialog named by its Call-ID and tags, to be transferred to or to be taken over (RFC 3891).

use super::{Alarm, CallId, Engine, Work};
use crate::contact::Refused;
use crate::ids::{AgentId, ConnectionId};
use crate::leg::{Leg, Stage};
use crate::sip::{End, Link, Replaces, Request, SessionId, Standing, Status, Text};
use tracing::info;

/// Why the old leg of a call that was taken over ends.
const REPLACED: &str = "SIP;cause=200;text=\"Replaced\"";

impl Engine {
    /// REFER with Replaces: the party of this line is brought together with that of another line of the same phone.
    /// # Errors
    /// The status that the INVITE with Replaces would have met.
    pub(super) fn bring_together(&mut self, session: SessionId, replaces: &Replaces) -> Result<(), Status> {
        let (named, standing) = self.endpoint.named(replaces).ok_or(Status::NO_SUCH_CALL)?;
        match standing {
            // Section 3: an early dialog is replaced only by whoever began it.
            Standing::Calling => return Err(Status::NO_SUCH_CALL),
            Standing::Confirmed if replaces.early_only => return Err(Status::BUSY_HERE),
            Standing::Called | Standing::Confirmed => {}
        }
        let (_, mine, call) = self.whose(session).ok_or(Status::NO_SUCH_CALL)?;
        let (_, theirs, other) = self.whose(named).ok_or(Status::NO_SUCH_CALL)?;
        let owners = (self.agent_at(call, mine), self.agent_at(other, theirs));
        let same = match owners {
            (Some(a), Some(b)) => a == b,
            // Without an account a phone is known by where it speaks from.
            (None, None) => {
                let remote = |session| self.endpoint.peer(session).map(|peer| peer.link.remote);
                remote(session) == remote(named)
            }
            _ => false,
        };
        if !same {
            return Err(Status::FORBIDDEN);
        }
        let mut outcome = Ok(());
        if call == other {
            self.with_call(call, |call, cx| outcome = call.complete(cx, mine, theirs));
        } else {
            outcome = self.merge((call, mine), (other, theirs));
        }
        outcome.map_err(|refused| {
            info!(%refused, "two lines are not brought together");
            Status::DECLINE
        })
    }

    /// Makes one call of two: the one in which he serves a contact takes in the other.
    fn merge(&mut self, a: (CallId, ConnectionId), b: (CallId, ConnectionId)) -> Result<(), Refused> {
        let serves = |(call, line): (CallId, ConnectionId)| self.calls.get(&call).is_some_and(|c| c.serves(line));
        let ((keep, mine), (gone, theirs)) = if serves(b) && !serves(a) { (b, a) } else { (a, b) };
        let Some(other) = self.calls.get(&gone).cloned() else {
            return Err(Refused::NotFound("that call is over".into()));
        };
        let mut fits = Err(Refused::State("that call is over".into()));
        self.with_call(keep, |call, cx| fits = call.can_merge(cx, mine, &other, theirs));
        fits?;
        self.calls.remove(&gone);
        for id in other.connections().keys() {
            if let Some(line) = self.lines.get_mut(id) {
                line.call = keep;
            }
        }
        for contact in other.contacts().keys() {
            self.contacts.insert(*contact, keep);
        }
        for desk in self.desks.values_mut() {
            if desk.calls.remove(&gone) {
                desk.calls.insert(keep);
            }
        }
        for work in &mut self.work {
            if let Work::Call(id, _) = work
                && *id == gone
            {
                *id = keep;
            }
        }
        if let Some(hops) = self.hops.remove(&gone) {
            let fewest = self.hops.entry(keep).or_insert(hops);
            *fewest = hops.min(*fewest);
        }
        self.touched.remove(&gone);
        self.arm(Alarm::Call(gone), None);
        let mut outcome = Ok(());
        self.with_call(keep, |call, cx| outcome = call.merge(cx, mine, other, theirs));
        outcome
    }

    fn agent_at(&self, call: CallId, connection: ConnectionId) -> Option<AgentId> {
        self.calls.get(&call)?.connections().get(&connection)?.agent.clone()
    }

    /// INVITE with Replaces: another phone of the same agent takes over what one of them has or is rung with.
    pub(super) fn take_over(
        &mut self,
        session: SessionId,
        from: Link,
        request: &Request,
        replaces: &Replaces,
    ) -> Result<(), End> {
        let agent = self.authenticate_agent(from, request)?;
        let refuse = |status| Err(End::with(status));
        let Some((named, standing)) = self.endpoint.named(replaces) else { return refuse(Status::NO_SUCH_CALL) };
        match standing {
            // Section 3: it matches an early dialog that we have not begun.
            Standing::Called => return refuse(Status::NO_SUCH_CALL),
            Standing::Confirmed if replaces.early_only => return refuse(Status::BUSY_HERE),
            Standing::Calling | Standing::Confirmed => {}
        }
        let Some((old, connection, call)) = self.whose(named) else { return refuse(Status::NO_SUCH_CALL) };
        if self.agent_at(call, connection) != Some(agent.clone()) {
            info!(%agent, "somebody else's call is not taken over");
            return refuse(Status::FORBIDDEN);
        }
        let user = request.uri.user().unwrap_or_default();
        let Some(mut plot) = self.plot(call, connection, from, &user) else {
            return refuse(Status::SERVICE_UNAVAILABLE);
        };
        plot.session = session;
        self.endpoint.trying(session, &mut self.sip_out);
        self.endpoint.entrust(session, Text::from(agent.as_str().to_owned()));
        let offer = (!request.body.is_empty()).then(|| request.body.clone());
        let mut doors = self.doors();
        let mut leg = Leg::incoming(plot, offer, &mut doors);
        let answered = leg.answer(&mut doors);
        let new = leg.id;
        self.adopt(leg);
        if let Err(status) = answered {
            // What it has now stays as it is.
            self.drop_leg(new, connection);
            return refuse(status);
        }
        info!(%agent, %connection, "taken over by another phone");
        let early = self.legs.get(&old).is_some_and(|leg| leg.stage == Stage::Calling);
        if early {
            self.only(connection, new);
            self.with_call(call, |call, cx| call.answered(cx, connection));
        } else {
            self.end_leg(old, End::with(Status::REQUEST_TERMINATED).reason(REPLACED));
            // The Hold key of a phone that has nothing to do with it any more.
            self.with_call(call, |call, cx| call.phone_hold(cx, connection, false));
        }
        Ok(())
    }
}
