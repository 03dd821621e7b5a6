//! From the queue to a conversation: offer, agent whisper, customer whisper, connected; and back to the queue when
//! the agent does not take it.

use super::running::Role;
use super::{
    Call, Connection, Contact, Cx, Dial, Dialled, Event, Identity, Kind, Line, Method, Out, Phase, Place, Progress,
    Reason, State,
};
use crate::flow::{Ending, Hook, Outcome};
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::limits::{NO_PROVISIONAL, OUTSIDE_RING, RING, WHISPER};
use crate::time::{Duration, Time};
use tracing::info;

impl Call {
    /// The queue offers this contact to an agent: her phones ring for 20 s.
    pub fn offer(&mut self, cx: &mut Cx, contact: ContactId, agent: &AgentId) {
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let Phase::Queued(run) = &k.phase else {
            // Withdrawn while the offer was on its way.
            cx.out.push(Out::OfferEnded { contact, agent: agent.clone(), failure: Some(Reason::Cancelled) });
            return;
        };
        k.phase = Phase::Offered(run.clone());
        let (method, previous, party) = (k.method, k.previous, k.party);
        let name = cx.catalog.agents.get(agent).map_or_else(|| agent.to_string(), |a| a.name.clone());
        let identity = Identity { name, address: agent.to_string() };
        let row = match (method, k.agent) {
            (Method::Transfer, Some(row)) => row,
            _ => {
                let row = self.add(cx, contact, identity.clone(), Some(agent.clone()), Kind::Agent, State::Connecting);
                if let Some(k) = self.contacts.get_mut(&contact) {
                    k.agent = Some(row);
                }
                row
            }
        };
        if let Some(c) = self.connections.get_mut(&row) {
            c.agent = Some(agent.clone());
            c.identity = identity;
            c.last_offer = None;
        }
        info!(contact = %contact, %agent, "offered");
        let from = self.connections.get(&party).map(|p| p.identity.clone()).unwrap_or_default();
        self.dial(cx, row, contact, previous, Dial::Agent(agent.clone()), from);
    }

    pub(super) fn dial(
        &mut self,
        cx: &mut Cx,
        connection: ConnectionId,
        contact: ContactId,
        previous: Option<ContactId>,
        to: Dial,
        from: Identity,
    ) {
        if let Some(c) = self.connections.get_mut(&connection) {
            c.dialled = Some(Dialled { at: cx.now, rings: false, early: false });
            cx.out.push(Out::Dial { connection, contact, previous, to, from });
        }
    }

    /// An agent's last phone is gone while it rings: the contact waits for it no longer.
    pub fn lost(&mut self, cx: &mut Cx, contact: ContactId) {
        let rings = |k: &&Contact| matches!(k.phase, Phase::Offered(_) | Phase::Lifting(..));
        let ringing = self.contacts.get(&contact).filter(rings).and_then(|k| k.agent);
        if let Some(row) = ringing {
            cx.out.push(Out::HangUp { connection: row, why: Reason::Unreachable, like: None });
            self.failed(cx, row, Reason::Unreachable);
        }
    }

    /// A phone rings.
    pub fn ringing(&mut self, cx: &mut Cx, connection: ConnectionId) {
        let first = match self.connections.get_mut(&connection).and_then(|c| c.dialled.as_mut()) {
            Some(dialled) => !std::mem::replace(&mut dialled.rings, true),
            None => false,
        };
        if first {
            self.line_ringing(cx, connection);
            self.outside_rings(cx, connection);
            let by = self.contact_served_by(connection).and_then(|contact| self.transferor(contact));
            if let Some(connection) = by {
                cx.out.push(Out::Transfer { connection, progress: Progress::Rings });
            }
        }
    }

    /// A party that was called can be heard before it answers; or no more, when the phone that spoke is gone.
    pub fn early(&mut self, cx: &mut Cx, connection: ConnectionId, heard: bool) {
        if let Some(dialled) = self.connections.get_mut(&connection).and_then(|c| c.dialled.as_mut()) {
            dialled.early = heard;
            self.line_ringing(cx, connection);
            self.outside_rings(cx, connection);
        }
    }

    /// A party that was called has answered.
    pub fn answered(&mut self, cx: &mut Cx, connection: ConnectionId) {
        let Some(c) = self.connections.get_mut(&connection).filter(|c| c.dialled.is_some()) else {
            // An answer that crossed our CANCEL.
            cx.out.push(Out::HangUp { connection, why: Reason::Cancelled, like: None });
            return;
        };
        c.answered = Some(cx.now);
        c.dialled = None;
        let agent = c.agent.clone();
        match (self.dialled_for(connection), self.contact_served_by(connection)) {
            (Some(contact), _) => self.dialled_answered(cx, contact),
            (None, Some(contact)) if self.is_monitored_by(contact) => self.monitor_answered(cx, contact),
            (None, Some(contact)) => {
                if let Some(agent) = agent {
                    cx.out.push(Out::OfferEnded { contact, agent, failure: None });
                }
                self.begin_agent_whisper(cx, contact);
            }
            (None, None) => self.line_answered(cx, connection),
        }
        self.settle(cx);
    }

    /// A party that was called will not answer.
    pub fn failed(&mut self, cx: &mut Cx, connection: ConnectionId, why: Reason) {
        let Some(c) = self.connections.get_mut(&connection).filter(|c| c.dialled.is_some()) else {
            return;
        };
        c.dialled = None;
        match (self.dialled_for(connection), self.contact_served_by(connection)) {
            (Some(contact), _) => self.dialled_failed(cx, contact, why),
            (None, Some(contact)) if self.is_monitored_by(contact) => self.monitor_failed(cx, contact, why),
            (None, Some(contact)) => self.offer_failed(cx, contact, why),
            (None, None) => self.line_failed(cx, connection, why),
        }
        self.settle(cx);
    }

    /// The agent did not take it: back to its place in the queue.
    pub(super) fn offer_failed(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let run = match std::mem::replace(&mut k.phase, Phase::Ended) {
            Phase::Offered(run) | Phase::AgentWhisper { queue: run, .. } => run,
            other => {
                k.phase = other;
                return;
            }
        };
        k.phase = Phase::Queued(run);
        let (method, row, direct) = (k.method, k.agent, k.direct);
        let waits_as = k.waits_as(cx);
        let agent = row.and_then(|id| self.connections.get(&id)).and_then(|c| c.agent.clone());
        if let Some(c) = row.and_then(|id| self.connections.get_mut(&id)) {
            c.answered = None;
            c.dialled = None;
            c.last_offer = Some(why);
            // Whoever comes next has another line: it is not muted, and its phone holds nobody.
            c.muted_by = None;
            c.phone_holds = None;
            if let Some(identity) = waits_as {
                // Nobody's row again: the next to be offered may be somebody else.
                c.agent = None;
                c.identity = identity;
            }
            if method != Method::Transfer {
                c.state = State::Disconnected(why);
            }
        }
        if let (true, Some(k)) = (method != Method::Transfer, self.contacts.get_mut(&contact)) {
            k.agent = None;
        }
        if let Some(agent) = agent {
            info!(contact = %contact, %agent, reason = why.as_str(), "offer not taken");
            cx.out.push(Out::OfferEnded { contact, agent, failure: Some(why) });
        }
        if direct {
            self.contact_failed(cx, contact, why);
        }
    }

    fn begin_agent_whisper(&mut self, cx: &mut Cx, contact: ContactId) {
        let whisper = self.start_running(cx, contact, Hook::AgentWhisper);
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let Phase::Offered(queue) = &k.phase else { return };
        match whisper {
            Some(whisper) => {
                k.phase = Phase::AgentWhisper { queue: queue.clone(), whisper, until: cx.now + WHISPER };
                self.drive(cx, Role::AgentWhisper(contact), Outcome::Begin);
            }
            None => self.begin_customer_whisper(cx, contact),
        }
    }

    /// The agent whisper is over: the contact leaves the queue, and its party hears its whisper.
    fn begin_customer_whisper(&mut self, cx: &mut Cx, contact: ContactId) {
        cx.out.push(Out::Dequeue { contact });
        let whisper = self.start_running(cx, contact, Hook::CustomerWhisper);
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        match whisper {
            Some(whisper) => {
                k.phase = Phase::CustomerWhisper { whisper, until: cx.now + WHISPER };
                self.drive(cx, Role::CustomerWhisper(contact), Outcome::Begin);
            }
            None => self.connect(cx, contact),
        }
    }

    /// Both whispers are over: they talk.
    pub(super) fn connect(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        k.phase = Phase::Connected;
        k.connected = Some(cx.now);
        if let Some(c) = k.agent.and_then(|id| self.connections.get_mut(&id)) {
            c.state = State::Connected;
        }
        info!(contact = %contact, "connected to agent");
        cx.out.push(Out::Event { contact, event: Event::ConnectedToAgent });
        self.transferred(cx, contact);
    }

    /// A flow came to its end; what that means depends on whose it was.
    pub(super) fn flow_ended(&mut self, cx: &mut Cx, role: Role, contact: ContactId, ending: Ending) {
        match (role, ending) {
            (Role::Party(_), Ending::Transferred) => {}
            (Role::Hold(_), _) => self.play_default(cx, role),
            (Role::Party(_), Ending::Ended | Ending::Failed(_)) if self.is_waiting(contact) => {
                // Connect: the contact stays queued when its queue flow ends.
                self.play_default(cx, role);
            }
            (Role::Party(_), _) => self.contact_failed(cx, contact, Reason::Dropped),
            (Role::AgentWhisper(_), Ending::Disconnect) => self.agent_lost_in_whisper(cx, contact, Reason::Dropped),
            (Role::AgentWhisper(_), _) => self.begin_customer_whisper(cx, contact),
            (Role::CustomerWhisper(_), Ending::Disconnect) => self.contact_failed(cx, contact, Reason::Dropped),
            (Role::CustomerWhisper(_), _) => self.connect(cx, contact),
        }
    }

    fn is_waiting(&self, contact: ContactId) -> bool {
        self.waits_with(Role::Party(contact)).is_some()
    }

    /// Her leg is ended by the switch while she alone hears her whisper: the contact waits again.
    fn agent_lost_in_whisper(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        if let Some(row) = self.contacts.get(&contact).and_then(|k| k.agent) {
            cx.out.push(Out::HangUp { connection: row, why, like: None });
        }
        self.offer_failed(cx, contact, why);
    }

    pub(super) fn next_offer_end(&self) -> Option<Time> {
        self.connections
            .values()
            .filter(|c| !self.is_bridge(c.contact))
            .filter_map(|c| c.dialled.map(|d| d.at + patience(c, d)))
            .min()
    }

    /// 20 s without an answer, or 5 s without a sign of life from any phone.
    pub(super) fn offers_due(&mut self, cx: &mut Cx) {
        let due: Vec<(ConnectionId, Reason)> = self
            .connections
            .values()
            .filter(|c| !self.is_bridge(c.contact))
            .filter_map(|c| {
                let d = c.dialled?;
                let why = if d.rings { Reason::NoAnswer } else { Reason::Unreachable };
                (d.at + patience(c, d) <= cx.now).then_some((c.id, why))
            })
            .collect();
        for (connection, why) in due {
            cx.out.push(Out::HangUp { connection, why, like: None });
            self.failed(cx, connection, why);
        }
    }

    fn is_bridge(&self, contact: ContactId) -> bool {
        self.contacts.get(&contact).is_some_and(|k| matches!(k.phase, Phase::Line(Line::Bridge)))
    }

    pub(super) fn next_whisper_end(&self) -> Option<Time> {
        self.contacts
            .values()
            .filter_map(|k| match k.phase {
                Phase::AgentWhisper { until, .. } | Phase::CustomerWhisper { until, .. } => Some(until),
                _ => None,
            })
            .min()
    }

    /// Connect cuts a whisper at two minutes and disconnects who heard it.
    pub(super) fn whispers_due(&mut self, cx: &mut Cx) {
        let due: Vec<(ContactId, bool)> = self
            .contacts
            .values()
            .filter_map(|k: &Contact| match k.phase {
                Phase::AgentWhisper { until, .. } if until <= cx.now => Some((k.id, true)),
                Phase::CustomerWhisper { until, .. } if until <= cx.now => Some((k.id, false)),
                _ => None,
            })
            .collect();
        for (contact, agent) in due {
            info!(contact = %contact, "a whisper took longer than two minutes");
            if agent {
                self.agent_lost_in_whisper(cx, contact, Reason::Dropped);
            } else {
                self.contact_failed(cx, contact, Reason::Dropped);
            }
        }
    }
}

impl Contact {
    /// What the row of a queue quick connect shows while it waits for whoever takes it.
    fn waits_as(&self, cx: &Cx) -> Option<Identity> {
        let (Some((Place::Queue(_), _)), Some(id)) = (&self.queued, &self.quick_connect) else { return None };
        let quick = cx.catalog.quick_connects.get(id)?;
        Some(Identity { name: quick.name.clone(), address: id.to_string() })
    }
}

/// How long somebody may be called: an agent's phone is to show that it rings, a number outside has its network between.
fn patience(c: &Connection, dialled: Dialled) -> Duration {
    match (&c.agent, dialled.rings) {
        (None, _) => OUTSIDE_RING,
        (Some(_), true) => RING,
        (Some(_), false) => NO_PROVISIONAL,
    }
}
