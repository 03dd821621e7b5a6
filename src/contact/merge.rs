//! Two calls of one person become one, and he leaves those he talked to with each other (an attended transfer).

use super::plan::same_person;
use super::running::Role;
use super::{Call, Connection, Contact, Cx, Kind, Line, Method, Out, Phase, Progress, Reason, Refused};
use crate::flow::Outcome;
use crate::ids::{AgentId, ConnectionId, ContactId};
use std::collections::BTreeSet;
use tracing::info;

fn state(text: impl Into<String>) -> Refused {
    Refused::State(text.into())
}

/// What somebody's other call is to him.
enum Part {
    /// He serves a contact.
    Agent,
    /// A contact, a flow or a test line serves him.
    Party(ContactId),
    /// One end of a bridge, and who is at the other.
    End(ContactId, ConnectionId),
}

impl Call {
    /// He completes the transfer for which he called somebody on his second line. Who is still being called takes his
    /// place when she answers; until then he waits.
    pub fn complete(&mut self, cx: &mut Cx, by: ConnectionId, other: ConnectionId) -> Result<(), Refused> {
        let first = self.connections.get(&by).map(|c| c.second_line_of.unwrap_or(by));
        let me = first.and_then(|id| self.connections.get(&id)).filter(|c| c.is_up() && c.transfers.is_none()).cloned();
        let me = me.ok_or_else(|| state("not on this call"))?;
        self.may_transfer(&me)?;
        let mine = self.lines_of(me.id);
        if by == other || !mine.contains(&other) {
            return Err(state("those are not two lines of one person"));
        }
        // The one of the second line: on the first he may have consulted somebody else.
        let second = |k: &&Contact| self.connections.get(&k.party).is_some_and(|c| c.second_line_of.is_some());
        let his = |k: &&Contact| mine.contains(&k.party) && k.method.adds() && !k.is_over();
        let consult = self.contacts.values().filter(his).find(second).or(self.contacts.values().find(his));
        let consult = consult.map(|k| k.id).ok_or_else(|| state("nobody was called on the other line"))?;
        let new = self.contacts.get(&consult).and_then(|k| k.agent);
        let left: Vec<ConnectionId> = self
            .others(me.id)
            .filter(|c| c.is_up() && Some(c.id) != new && !self.is_target_of_pending(c.id))
            .map(|c| c.id)
            .collect();
        let customer = self.customer().map(|c| c.id).filter(|id| left.contains(id));
        let heir = customer.or(left.first().copied()).ok_or_else(|| state("there is nobody to transfer"))?;
        info!(contact = %consult, connection = %me.id, "completes a transfer");
        if let Some(k) = self.contacts.get_mut(&consult) {
            k.party = heir;
        }
        self.unbridge(heir, consult);
        // A line that nobody has answered has nothing more to wait for.
        let unanswered = |line: &&ConnectionId| self.connections.get(*line).is_some_and(|c| !c.is_up() && !c.is_gone());
        for line in mine.iter().filter(unanswered).copied().collect::<Vec<_>>() {
            cx.out.push(Out::HangUp { connection: line, why: Reason::Cancelled, like: None });
            self.mark_gone(line, Reason::Cancelled);
        }
        self.stand_back(cx, me.id, consult);
        let Some(k) = self.contacts.get(&consult) else { return Ok(()) };
        if !k.is_pending() || k.agent.is_none() {
            self.transferred(cx, consult);
        } else if new.and_then(|row| self.connections.get(&row)).and_then(|c| c.dialled).is_some_and(|d| d.rings) {
            cx.out.push(Out::Transfer { connection: me.id, progress: Progress::Rings });
        }
        self.settle(cx);
        Ok(())
    }

    /// Whether `merge` would do something.
    pub fn can_merge(&self, cx: &Cx, mine: ConnectionId, other: &Call, theirs: ConnectionId) -> Result<(), Refused> {
        let party = self.transferee(mine)?;
        let lines = |call: &Call, line| call.lines_of(line).into_iter().filter(|id| call.is_here(*id)).count();
        if lines(self, mine) > 1 || lines(other, theirs) > 1 {
            return Err(state("two lines are brought together, not three"));
        }
        // Whoever is on both calls besides would be brought together with himself.
        let others =
            |call: &Call, line| call.others(line).filter_map(|c| c.agent.clone()).collect::<BTreeSet<AgentId>>();
        let mut here = others(self, mine);
        here.extend(self.connections.get(&mine).and_then(|c| c.agent.clone()));
        if let Some(agent) = others(other, theirs).intersection(&here).next() {
            return Err(state(format!("{agent} is on both calls")));
        }
        match other.part(theirs)? {
            Part::Agent => return Err(state("both are contacts")),
            Part::End(_, end) if other.connections.get(&end).is_none_or(|c| !c.is_up() && !c.is_ringing()) => {
                return Err(state("nobody is there"));
            }
            Part::End(..) => {
                self.waiting_flow(cx, party)?;
            }
            Part::Party(_) => {}
        }
        Ok(())
    }

    /// Whether he can only bring those of this call to another one, not the other way round.
    #[must_use]
    pub fn serves(&self, connection: ConnectionId) -> bool {
        matches!(self.part(connection), Ok(Part::Agent))
    }

    /// Everything of the other call moves here; his line there becomes his second one, and with it he completes the
    /// transfer.
    pub fn merge(&mut self, cx: &mut Cx, mine: ConnectionId, other: Call, theirs: ConnectionId) -> Result<(), Refused> {
        self.can_merge(cx, mine, &other, theirs)?;
        let part = other.part(theirs)?;
        let before = self.contact_served_by(mine).or_else(|| self.connections.get(&mine).map(|c| c.contact));
        let initial = before.and_then(|id| self.contacts.get(&id)).and_then(|k| k.initial).or(before);
        let wait = self.transferee(mine).and_then(|party| self.waiting_flow(cx, party));
        self.contacts.extend(other.contacts);
        self.connections.extend(other.connections);
        self.facts.extend(other.facts);
        self.gone.extend(other.gone);
        if let (Some(c), Some(before)) = (self.connections.get_mut(&theirs), before) {
            c.second_line_of = Some(mine);
            c.contact = before;
        }
        let (contact, row) = match part {
            Part::Agent => return Ok(()),
            Part::Party(contact) => (contact, None),
            Part::End(contact, end) => (contact, Some(end)),
        };
        let end = row.and_then(|id| self.connections.get(&id));
        let (up, outside) = (end.is_some_and(Connection::is_up), end.is_some_and(|end| end.agent.is_none()));
        if let Some(c) = row.and_then(|id| self.connections.get_mut(&id)) {
            c.kind = Kind::Outbound;
        }
        if let Some(k) = self.contacts.get_mut(&contact) {
            k.method = if outside { Method::External } else { Method::Transfer };
            k.previous = before;
            k.initial = initial;
            k.party = theirs;
            if row.is_some() {
                k.agent = row;
                k.phase = match wait {
                    Ok(wait) if !up => Phase::Dialling(wait),
                    _ => Phase::Connected,
                };
                k.connected = up.then_some(cx.now);
            }
        }
        if row.is_some() && !up {
            self.drive(cx, Role::Party(contact), Outcome::Begin);
        }
        self.complete(cx, mine, theirs)
    }

    fn is_here(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|c| !c.is_gone())
    }

    fn part(&self, connection: ConnectionId) -> Result<Part, Refused> {
        let c = self.connections.get(&connection).filter(|c| !c.is_gone()).ok_or_else(|| state("not on this call"))?;
        if self.contact_served_by(connection).is_some() {
            return Ok(Part::Agent);
        }
        if let Some(end) = self.other_end(c) {
            return Ok(Part::End(c.contact, end));
        }
        let serves = |k: &&Contact| {
            k.party == connection && !k.is_over() && !matches!(k.phase, Phase::Line(Line::Room | Line::Bridge))
        };
        let other = |o: &&Connection| !o.is_gone() && o.is_party() && !same_person(o, c);
        let alone = self.connections.values().filter(other).count() <= 1;
        let contact = self.contacts.values().find(serves).filter(|_| alone);
        contact.map(|k| Part::Party(k.id)).ok_or_else(|| state("nobody can be brought together there"))
    }
}
