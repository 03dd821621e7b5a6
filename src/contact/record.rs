//! What happened in a contact, kept for its record: moments, and how long each situation lasted.
//!
//! Nothing here is told by those who make it happen. After every event [`Call::note`] looks at how things stand, and
//! what has changed since the last look is the fact.

use super::plan::same_person;
use super::{Call, Connection, Contact, Cx, Event, Identity, Kind, Method, Monitor, Out, Phase, Reason, State};
use crate::ids::{AgentId, ConnectionId, ContactId, QuickConnectId};
use crate::limits::{NEXT_CONTACTS, STATE_TRANSITIONS};
use crate::time::{Duration, Time};

/// How often something was so, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spell {
    since: Option<Time>,
    pub times: u32,
    pub total: Duration,
    pub longest: Duration,
}

impl Spell {
    fn is(&mut self, now: Time, so: bool) {
        match (self.since, so) {
            (None, true) => {
                self.since = Some(now);
                self.times += 1;
            }
            (Some(since), false) => {
                self.since = None;
                self.total += now - since;
                self.longest = self.longest.max(now - since);
            }
            _ => {}
        }
    }
}

/// Why a contact ended: Connect's DisconnectReason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Customer,
    Agent,
    ThirdParty,
    /// A phone or a network failed; whether it was the agent's.
    Telecom {
        agent: bool,
    },
    /// A supervisor who has barged in dropped the agent.
    Barged,
    Flow,
    Other,
}

impl Cause {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Customer => "CUSTOMER_DISCONNECT",
            Cause::Agent => "AGENT_DISCONNECT",
            Cause::ThirdParty => "THIRD_PARTY_DISCONNECT",
            Cause::Telecom { .. } => "TELECOM_PROBLEM",
            Cause::Barged => "BARGED",
            Cause::Flow => "CONTACT_FLOW_DISCONNECT",
            Cause::Other => "OTHER",
        }
    }
}

/// A contact that came after this one: somebody whom its agent called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub contact: ContactId,
    pub initiated: Time,
    pub quick_connect: Option<QuickConnectId>,
}

/// The agent who has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub agent: AgentId,
    pub line: ConnectionId,
    pub accepted: Time,
}

#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the customer has dialled.
    pub system: Option<String>,
    pub customer: Option<(ConnectionId, Identity)>,
    /// Since when the customer is there; for somebody called, since he answered.
    pub to_system: Option<Time>,
    pub dequeued: Option<Time>,
    /// Rung at agents.
    pub attempts: Spell,
    pub served: Option<Served>,
    /// The agent talks with the customer.
    pub interaction: Spell,
    /// A customer whom the agent has talked to is on hold; by this agent himself.
    pub hold: Spell,
    pub own_hold: Spell,
    /// Somebody outside talks with the customer.
    pub third_party: Spell,
    /// What a supervisor was, since when each.
    pub transitions: Vec<(Time, Monitor)>,
    pub next: Vec<Next>,
    /// When its agent was gone and the customer was left to somebody else, and to whom, if it was not a flow.
    pub transferred: Option<(Time, Option<Identity>)>,
    /// Since when it was recorded, and until when.
    pub recorded: Option<(Time, Option<Time>)>,
    pub ended: Option<(Time, Cause)>,
    /// The contact before knows of this one.
    linked: bool,
    waits: bool,
    pending: bool,
}

impl Call {
    #[must_use]
    pub fn facts(&self, contact: ContactId) -> Option<&Facts> {
        self.facts.get(&contact)
    }

    /// What was dialled to come here.
    pub fn dialled(&mut self, connection: ConnectionId, number: &str) {
        if let Some(c) = self.connections.get(&connection) {
            self.facts.entry(c.contact).or_default().system.get_or_insert_with(|| number.to_owned());
        }
    }

    /// Notes what the last event has changed.
    pub fn note(&mut self, cx: &mut Cx) {
        let cause = self.cause();
        let customer = self.connections.values().filter(|c| self.is_customer(c)).max_by_key(|c| c.is_up()).cloned();
        let open: Vec<ContactId> = self
            .contacts
            .keys()
            .filter(|id| self.facts.get(*id).is_none_or(|facts| facts.ended.is_none()))
            .copied()
            .collect();
        for id in open {
            self.link(id);
            let Some(k) = self.contacts.get(&id) else { continue };
            let Some(mut facts) = self.facts.remove(&id).or_else(|| Some(Facts::default())) else { continue };
            let was_to_system = facts.to_system.is_some();
            self.look(cx.now, k, customer.as_ref(), &mut facts);
            if k.is_over() {
                self.look_back(cx.now, k, customer.as_ref(), cause, &mut facts);
            }
            if !was_to_system && facts.to_system.is_some() && !k.is_over() {
                cx.out.push(Out::Event { contact: id, event: Event::ConnectedToSystem });
            }
            self.facts.insert(id, facts);
        }
        let gone = self.connections.values().filter(|c| c.is_gone()).map(|c| c.id);
        self.gone = gone.collect();
    }

    /// The contact before this one learns of it, and what was dialled is the same for both.
    fn link(&mut self, id: ContactId) {
        let Some(k) = self.contacts.get(&id) else { return };
        // Whoever listens comes after nobody.
        let Some(previous) = k.previous.filter(|previous| *previous != id && !k.is_monitor()) else { return };
        let next = Next { contact: id, initiated: k.initiated, quick_connect: k.quick_connect.clone() };
        let facts = self.facts.entry(id).or_default();
        if std::mem::replace(&mut facts.linked, true) {
            return;
        }
        let Some(before) = self.facts.get_mut(&previous) else { return };
        if before.next.len() == NEXT_CONTACTS {
            before.next.remove(0);
        }
        before.next.push(next);
        let system = before.system.clone();
        let facts = self.facts.entry(id).or_default();
        facts.system = facts.system.take().or(system);
    }

    fn look(&self, now: Time, k: &Contact, customer: Option<&Connection>, facts: &mut Facts) {
        let row = k.agent.and_then(|id| self.connections.get(&id));
        let up = row.filter(|row| row.is_up());
        if let Some(c) = customer {
            facts.customer.get_or_insert_with(|| (c.id, c.identity.clone()));
        }
        facts.to_system = facts.to_system.or_else(|| {
            if k.method == Method::External {
                row.and_then(|row| row.answered)
            } else if k.previous.is_some() {
                Some(now)
            } else {
                // Who was transferred into a room has been there for longer.
                self.connections.get(&k.party).and_then(|party| party.answered).map(|at| at.max(k.initiated))
            }
        });
        let waits = matches!(k.phase, Phase::Queued(_) | Phase::Offered(_) | Phase::AgentWhisper { .. });
        if facts.waits != waits {
            facts.dequeued = (!waits).then_some(now);
        }
        facts.waits = waits;
        facts.attempts.is(now, row.is_some_and(|row| row.agent.is_some() && row.is_ringing()));
        if let Some(row) = up
            && let (Some(agent), Some(accepted)) = (&row.agent, row.answered)
        {
            match &mut facts.served {
                // On another of his lines now.
                Some(served) if !k.is_pending() && served.agent == *agent => served.line = row.id,
                _ => facts.served = Some(Served { agent: agent.clone(), line: row.id, accepted }),
            }
        }
        let talks = match (up, customer) {
            (Some(row), Some(customer)) => {
                self.connections.values().any(|l| same_person(l, row) && self.talkers(l).contains(&customer.id))
            }
            _ => false,
        };
        let is_agent = row.is_some_and(|row| row.agent.is_some());
        facts.interaction.is(now, talks && is_agent);
        facts.third_party.is(now, talks && !is_agent);
        let held = customer.filter(|c| up.is_some() && c.state == State::Hold && facts.interaction.times > 0);
        facts.hold.is(now, held.is_some());
        let by = held.and_then(|c| c.held_by).and_then(|by| self.connections.get(&by));
        facts.own_hold.is(now, by.zip(row).is_some_and(|(by, row)| same_person(by, row)));
        if let Some(State::Monitor(monitor)) = up.map(|row| row.state)
            && facts.transitions.last().is_none_or(|(_, last)| *last != monitor)
        {
            if facts.transitions.len() == STATE_TRANSITIONS {
                facts.transitions.remove(0);
            }
            facts.transitions.push((now, monitor));
        }
        match (&mut facts.recorded, self.is_recorded(k)) {
            (none @ None, true) => *none = Some((now, None)),
            (Some((_, until)), true) => *until = None,
            (Some((_, until)), false) => *until = until.or(Some(now)),
            (None, false) => {}
        }
        facts.pending = if k.is_over() { facts.pending } else { k.is_pending() || matches!(k.phase, Phase::Line(_)) };
    }

    /// It has ended in this event.
    fn look_back(
        &self,
        now: Time,
        k: &Contact,
        customer: Option<&Connection>,
        cause: Option<Cause>,
        facts: &mut Facts,
    ) {
        for spell in [&mut facts.interaction, &mut facts.hold, &mut facts.own_hold, &mut facts.third_party] {
            spell.is(now, false);
        }
        let by_itself = if facts.pending { Cause::Flow } else { Cause::Agent };
        facts.ended = Some((now, cause.or_else(|| self.in_vain(k)).unwrap_or(by_itself)));
        // Whom its agent has called last, if somebody is left with him.
        let after = |n: &&Contact| n.previous == Some(k.id) && !n.is_over() && !n.is_monitor();
        let heir = self.contacts.values().filter(after).max_by_key(|n| n.initiated);
        let Some(heir) = heir else { return };
        let row = heir.agent.and_then(|id| self.connections.get(&id));
        // Between two who are no customers of an agent, whoever is left.
        if k.agent.is_none() || customer.is_some_and(Connection::is_up) {
            facts.transferred = Some((now, row.map(|row| row.identity.clone())));
        }
    }

    /// Who called in, or was called for the contact's own sake; not who was added to it.
    fn is_customer(&self, c: &Connection) -> bool {
        let added = |k: &Contact| k.agent == Some(c.id) && k.previous.is_some();
        c.agent.is_none() && c.second_line_of.is_none() && !self.contacts.values().any(added)
    }

    /// What ended whatever ended in this event: somebody's hand before anything that follows from it.
    fn cause(&self) -> Option<Cause> {
        if self.ended_by_us {
            return Some(Cause::Other);
        }
        let by_supervisor = |c: &Connection| c.agent.is_some() && c.kind != Kind::Monitoring && self.is_supervised();
        let rank = |c: &Connection| match c.state {
            State::Disconnected(Reason::HungUp) => 0,
            // While somebody has barged in, nobody else drops an agent.
            State::Disconnected(Reason::Dropped) if by_supervisor(c) => 1,
            State::Disconnected(Reason::Left) => 1,
            State::Disconnected(Reason::Failed | Reason::Unreachable) => 2,
            State::Disconnected(Reason::Cancelled) => 3,
            State::Disconnected(Reason::Busy | Reason::Rejected | Reason::NoAnswer) => 4,
            _ => 5,
        };
        let first =
            self.connections.values().filter(|c| c.is_gone() && !self.gone.contains(&c.id)).min_by_key(|c| rank(c))?;
        match rank(first) {
            0 if first.agent.is_some() => Some(Cause::Agent),
            0 if self.is_customer(first) => Some(Cause::Customer),
            0 => Some(Cause::ThirdParty),
            1 if first.state == State::Disconnected(Reason::Dropped) => Some(Cause::Barged),
            1 | 3 => Some(Cause::Agent),
            _ => not_reached(first),
        }
    }

    /// Whom an agent has called in vain is still what ended it when the agent has heard so.
    fn in_vain(&self, k: &Contact) -> Option<Cause> {
        let called = k.called().filter(|_| k.method == Method::Outbound);
        called.and_then(|id| self.connections.get(&id)).filter(|c| c.answered.is_none()).and_then(not_reached)
    }
}

/// Why somebody was not reached, or is no more.
fn not_reached(c: &Connection) -> Option<Cause> {
    match c.state {
        State::Disconnected(Reason::Failed | Reason::Unreachable) => Some(Cause::Telecom { agent: c.agent.is_some() }),
        State::Disconnected(Reason::Busy | Reason::Rejected | Reason::NoAnswer) => Some(Cause::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_add_up() {
        let mut spell = Spell::default();
        for (at, so, expected) in [
            (1, false, (0, 0, 0)),
            (2, true, (1, 0, 0)),
            (4, true, (1, 0, 0)),
            (5, false, (1, 3, 3)),
            (9, true, (2, 3, 3)),
            (10, false, (2, 4, 3)),
        ] {
            spell.is(Time::from_micros(at * 1_000_000), so);
            assert_eq!((spell.times, spell.total.as_secs(), spell.longest.as_secs()), expected, "at {at}");
        }
    }
}
