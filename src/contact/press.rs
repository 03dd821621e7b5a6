//! What an agent can press, and when it is refused. A refused button changes nothing.

use super::running::{Role, Running};
use super::{
    Call, Callee, CallerId, Contact, Cx, Event, Identity, Kind, Method, Monitor, Out, Phase, Place, QuickConnectTo,
    Reason, Refused, State,
};
use crate::flow::Outcome;
use crate::ids::{AgentId, ConnectionId, ContactId, QuickConnectId};
use crate::limits::PARTIES;
use std::collections::BTreeSet;
use tracing::info;

/// The buttons of a contact, in Connect's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// createAdditionalConnection
    QuickConnect(QuickConnectId),
    /// The same with a number of the number pad.
    Call(Callee),
    /// conferenceConnections
    Join,
    /// toggleActiveConnections
    Swap,
    HoldAll,
    ResumeAll,
    /// holdConnection, resumeConnection, destroyConnection
    Hold(ConnectionId),
    Resume(ConnectionId),
    Drop(ConnectionId),
    /// The party added last, one still on its way included.
    DropLast,
    Leave,
    Mute(ConnectionId),
    Unmute(ConnectionId),
    Digits(ConnectionId, String),
    /// updateMonitorParticipantState
    Monitor(Monitor),
    /// suspendContactRecording, resumeContactRecording
    SuspendRecording,
    ResumeRecording,
}

/// Somebody can be added: whom, and what is needed for it.
enum Ready {
    /// By a transfer flow.
    Flow {
        id: QuickConnectId,
        identity: Identity,
        target: Option<AgentId>,
        place: Place,
        run: Running,
    },
    Outside {
        callee: Callee,
        caller: CallerId,
    },
}

fn state(text: impl Into<String>) -> Refused {
    Refused::State(text.into())
}

impl Call {
    /// An agent on this call presses a button.
    pub fn press(&mut self, cx: &mut Cx, agent: &AgentId, press: &Press) -> Result<(), Refused> {
        if let Some(own) = self.only_ends(agent, press) {
            self.leave(cx, own);
            self.settle(cx);
            return Ok(());
        }
        let actor = self.actor(agent)?;
        info!(%agent, ?press, "pressed");
        if let Some(contact) = self.connections.get(&actor).and_then(|c| c.transfers) {
            return self.press_while_transferring(cx, actor, contact, press);
        }
        self.may_press(actor, press)?;
        match press {
            Press::QuickConnect(id) => {
                let (ready, from) = self.ready(cx, actor, id)?;
                self.add_party(cx, actor, actor, ready, &from);
            }
            Press::Call(callee) => {
                let (ready, from) = self.ready_outside(cx, actor, callee)?;
                self.add_party(cx, actor, actor, ready, &from);
            }
            Press::Join => self.join(cx, actor)?,
            Press::Swap => self.swap(cx, actor)?,
            Press::HoldAll => {
                self.take_part(cx, actor);
                for id in self.others(actor).filter(|c| self.can_hold(c.id)).map(|c| c.id).collect::<Vec<_>>() {
                    self.set_hold(cx, id, Some(actor));
                }
            }
            Press::ResumeAll => {
                self.take_part(cx, actor);
                for id in self.others(actor).map(|c| c.id).collect::<Vec<_>>() {
                    self.set_hold(cx, id, None);
                }
            }
            Press::Hold(id) => {
                let c = self.known(actor, *id)?;
                if self.connections.get(&actor).is_some_and(|me| super::plan::same_person(me, c)) {
                    return Err(state("an agent holds the others, not himself"));
                }
                if !self.can_hold(*id) {
                    return Err(state("a party that is still connecting cannot be held"));
                }
                self.take_part(cx, actor);
                self.set_hold(cx, *id, Some(actor));
            }
            Press::Resume(id) => {
                self.known(actor, *id)?;
                self.take_part(cx, actor);
                self.set_hold(cx, *id, None);
            }
            Press::Drop(id) => {
                self.known(actor, *id)?;
                if *id == actor {
                    self.leave(cx, actor);
                } else {
                    self.drop_party(cx, *id);
                }
            }
            Press::DropLast => {
                let customer = self.customer().map(|c| c.id);
                let last = self
                    .connections
                    .values()
                    .rfind(|c| c.kind == Kind::Outbound && !c.is_gone() && c.id != actor && Some(c.id) != customer)
                    .map(|c| c.id)
                    .ok_or_else(|| state("there is no added party to drop"))?;
                self.drop_party(cx, last);
            }
            Press::Leave => self.leave(cx, actor),
            Press::Mute(id) => {
                if !self.known(actor, *id)?.is_up() {
                    return Err(state("that party has not answered"));
                }
                // What a supervisor has muted stays his to undo.
                if self.is_monitor(actor) || !self.connections.get(id).is_some_and(|c| self.is_muted_by_supervisor(c)) {
                    self.set_muted(*id, Some(actor));
                }
            }
            Press::Unmute(id) => {
                // Connect: an agent unmutes himself only; anybody may unmute a party that is no agent, and a supervisor all.
                let c = self.known(actor, *id)?;
                if c.agent.is_some() && *id != actor && !self.is_monitor(actor) {
                    return Err(state("only that agent can unmute himself"));
                }
                self.set_muted(*id, None);
            }
            Press::Digits(id, digits) => {
                if !self.known(actor, *id)?.is_up() || self.is_target_of_pending(*id) {
                    return Err(state("that party is not there yet"));
                }
                cx.out.push(Out::Digits { connection: *id, digits: digits.clone() });
            }
            Press::Monitor(monitor) => self.take_part_as(cx, actor, *monitor)?,
            Press::SuspendRecording => self.suspend_recording(actor, true)?,
            Press::ResumeRecording => self.suspend_recording(actor, false)?,
        }
        self.settle(cx);
        Ok(())
    }

    /// End call where there is nothing else to press: on a plain call; and before they talk, when who calls gives up, or she
    /// does not want what she hears in her whisper.
    fn only_ends(&self, agent: &AgentId, press: &Press) -> Option<ConnectionId> {
        let own = self.place_of(agent)?;
        let silent = !self.has_buttons() || self.is_target_of_pending(own.id);
        let ends = self.calls_out(own) || (own.is_up() && silent);
        (ends && [Press::Leave, Press::Drop(own.id)].contains(press)).then_some(own.id)
    }

    /// An agent dials a quick connect on his second line: the same as pressing it, heard on that line.
    pub fn second_line(&mut self, cx: &mut Cx, agent: &AgentId, id: &QuickConnectId) -> Result<ConnectionId, Refused> {
        let first = self.first_line(agent)?;
        let (ready, from) = self.ready(cx, first.id, id)?;
        Ok(self.add_by_second_line(cx, first, ready, &from))
    }

    /// The same with a number.
    pub fn second_line_outside(
        &mut self,
        cx: &mut Cx,
        agent: &AgentId,
        callee: &Callee,
    ) -> Result<ConnectionId, Refused> {
        let first = self.first_line(agent)?;
        let (ready, from) = self.ready_outside(cx, first.id, callee)?;
        Ok(self.add_by_second_line(cx, first, ready, &from))
    }

    /// The line of an agent who may have another.
    fn first_line(&self, agent: &AgentId) -> Result<super::Connection, Refused> {
        let first = self.actor(agent)?;
        if self.connections.values().any(|o| o.second_line_of == Some(first) && !o.is_gone()) {
            return Err(state("both lines are in use"));
        }
        let c = self.connections.get(&first).cloned().ok_or_else(|| state("not on this contact"))?;
        self.may_transfer(&c)?;
        if c.transfers.is_some() {
            return Err(state("a transfer is under way"));
        }
        Ok(c)
    }

    fn add_by_second_line(
        &mut self,
        cx: &mut Cx,
        first: super::Connection,
        ready: Ready,
        from: &Contact,
    ) -> ConnectionId {
        let line = self.add(cx, first.contact, first.identity, first.agent, first.kind, State::Connected);
        if let Some(l) = self.connections.get_mut(&line) {
            l.second_line_of = Some(first.id);
            l.muted_by = first.muted_by;
        }
        self.answer(cx, line);
        self.add_party(cx, first.id, line, ready, from);
        self.settle(cx);
        line
    }

    /// Who waits to be replaced can go before that, or take the others back.
    fn press_while_transferring(
        &mut self,
        cx: &mut Cx,
        actor: ConnectionId,
        contact: ContactId,
        press: &Press,
    ) -> Result<(), Refused> {
        let row = self.contacts.get(&contact).and_then(|k| k.agent);
        match press {
            Press::Leave => self.leave(cx, actor),
            Press::ResumeAll | Press::DropLast => {
                self.give_back(cx, contact, Reason::Cancelled);
            }
            Press::Drop(id) if Some(*id) == row => {
                self.give_back(cx, contact, Reason::Cancelled);
            }
            _ => return Err(state("a transfer is under way")),
        }
        self.settle(cx);
        Ok(())
    }

    /// The agent's own line, if he is past the whispers.
    fn actor(&self, agent: &AgentId) -> Result<ConnectionId, Refused> {
        let c = self.place_of(agent).ok_or_else(|| Refused::NotFound("not on this contact".into()))?;
        if !c.is_up() || self.is_target_of_pending(c.id) {
            return Err(state("the contact is not connected yet"));
        }
        if !self.has_buttons() {
            return Err(state("a plain call is only ended"));
        }
        Ok(c.id)
    }

    fn known(&self, actor: ConnectionId, id: ConnectionId) -> Result<&super::Connection, Refused> {
        let me = self.connections.get(&actor);
        self.connections
            .get(&id)
            .filter(|c| !c.is_gone() && me.is_some_and(|me| self.sees(me, c)))
            .ok_or_else(|| Refused::NotFound(format!("there is no connection {id} on this contact")))
    }

    /// Everybody else who is there, supervisors only if they have barged in.
    pub(super) fn others(&self, actor: ConnectionId) -> impl Iterator<Item = &super::Connection> {
        let me = self.connections.get(&actor);
        let there = |c: &&super::Connection| !c.is_gone() && c.is_party();
        self.connections.values().filter(there).filter(move |c| me.is_none_or(|me| !super::plan::same_person(me, c)))
    }

    /// The same, with one line of a person who has two, and no supervisor at all.
    fn other_persons(&self, actor: ConnectionId) -> impl Iterator<Item = &super::Connection> {
        self.others(actor).filter(|c| c.second_line_of.is_none() && c.kind != Kind::Monitoring)
    }

    pub(super) fn can_hold(&self, id: ConnectionId) -> bool {
        let holds = |c: &super::Connection| c.is_up() && c.kind != Kind::Monitoring;
        self.connections.get(&id).is_some_and(holds) && !self.is_target_of_pending(id)
    }

    /// Puts a party on hold or takes it off, on all of its lines; doing so twice changes nothing.
    pub(super) fn set_hold(&mut self, cx: &mut Cx, id: ConnectionId, by: Option<ConnectionId>) {
        for line in self.lines_of(id) {
            self.set_line_hold(cx, line, by);
        }
    }

    /// A contact has come and gone for two who talk with each other: no button is left that would take anybody off hold.
    pub(super) fn hold_nobody_on_a_plain_call(&mut self, cx: &mut Cx) {
        if self.has_buttons() {
            return;
        }
        let held = self.connections.values().filter(|c| c.state == State::Hold);
        for id in held.map(|c| c.id).collect::<Vec<_>>() {
            self.set_hold(cx, id, None);
        }
    }

    /// An agent on hold who holds, resumes or adds somebody is back: else two who hold each other leave the customer alone.
    fn take_part(&mut self, cx: &mut Cx, actor: ConnectionId) {
        self.set_hold(cx, actor, None);
    }

    pub(super) fn lines_of(&self, id: ConnectionId) -> Vec<ConnectionId> {
        let Some(c) = self.connections.get(&id) else { return Vec::new() };
        self.connections.values().filter(|o| super::plan::same_person(o, c)).map(|o| o.id).collect()
    }

    fn set_line_hold(&mut self, cx: &mut Cx, id: ConnectionId, by: Option<ConnectionId>) {
        let Some(c) = self.connections.get(&id).filter(|c| c.is_up()) else { return };
        let (contact, on_hold) = (c.contact, c.state == State::Hold);
        match (by, on_hold) {
            (Some(by), false) => {
                let flow = self.hold_hook(id).and_then(|hook| self.start_running(cx, contact, hook));
                if let Some(c) = self.connections.get_mut(&id) {
                    c.state = State::Hold;
                    c.held_by = Some(by);
                    c.hold_flow = flow;
                }
                self.drive(cx, Role::Hold(id), Outcome::Begin);
            }
            (None, true) => {
                if let Some(c) = self.connections.get_mut(&id) {
                    c.state = State::Connected;
                    c.held_by = None;
                    c.hold_flow = None;
                }
                for holds in self.connections.values_mut().filter_map(|c| c.phone_holds.as_mut()) {
                    holds.remove(&id);
                }
            }
            _ => {}
        }
    }

    /// Mutes a person, on whichever line he speaks.
    fn set_muted(&mut self, id: ConnectionId, by: Option<ConnectionId>) {
        for line in self.lines_of(id) {
            if let Some(c) = self.connections.get_mut(&line) {
                c.muted_by = by;
            }
        }
    }

    pub(super) fn check_quick_connect(&self, cx: &Cx, actor: ConnectionId, id: &QuickConnectId) -> Result<(), Refused> {
        let agent = self.connections.get(&actor).and_then(|c| c.agent.as_ref());
        let listed = agent.and_then(|a| cx.catalog.agents.get(a)).is_some_and(|a| a.quick_connects.contains(id));
        let Some(quick) = cx.catalog.quick_connects.get(id).filter(|_| listed) else {
            return Err(Refused::NotFound(format!("there is no quick connect {id} on this agent's list")));
        };
        // A supervisor who only listens is nowhere to be seen: he is called as anybody is who is busy.
        let is_here = |target: &AgentId| {
            self.connections.values().any(|c| c.agent.as_ref() == Some(target) && !c.is_gone() && c.is_party())
        };
        if let QuickConnectTo::Agent { agent: target, .. } = &quick.to
            && is_here(target)
        {
            return Err(state(format!("{target} is on this contact already")));
        }
        self.check_room()
    }

    /// One party is called at a time, and six are on a contact.
    pub(super) fn check_room(&self) -> Result<(), Refused> {
        if self.calls_another() {
            return Err(state("another party is still being called"));
        }
        if self.persons() >= PARTIES {
            return Err(Refused::Quota(format!("a contact holds {PARTIES} parties")));
        }
        Ok(())
    }

    /// Somebody is being added.
    pub(super) fn calls_another(&self) -> bool {
        self.contacts.values().any(|k| k.method.adds() && k.is_pending())
    }

    /// Everything that a quick connect needs, and all that can be in its way: nothing is begun that may yet be refused.
    fn ready(&self, cx: &Cx, actor: ConnectionId, id: &QuickConnectId) -> Result<(Ready, Contact), Refused> {
        self.check_quick_connect(cx, actor, id)?;
        let Some(quick) = cx.catalog.quick_connects.get(id).cloned() else {
            return Err(Refused::NotFound(format!("there is no quick connect {id}")));
        };
        if let Some(callee) = Callee::of(id, &quick) {
            return self.ready_outside(cx, actor, &callee);
        }
        let (flow, target, place) = match quick.to {
            QuickConnectTo::Agent { agent, flow } => (flow, Some(agent.clone()), Place::Agent(agent)),
            QuickConnectTo::Queue { queue, flow } => (flow, None, Place::Queue(queue)),
            QuickConnectTo::External { .. } => return Err(state("an external quick connect has no flow")),
        };
        let run = Call::start_flow(cx, &flow).ok_or_else(|| state(format!("the flow {flow} is not there")))?;
        let address = target.as_ref().map_or_else(|| id.to_string(), ToString::to_string);
        let identity = Identity { name: quick.name, address };
        Ok((Ready::Flow { id: id.clone(), identity, target, place, run }, self.contact_at(actor)?))
    }

    fn ready_outside(&self, cx: &Cx, actor: ConnectionId, callee: &Callee) -> Result<(Ready, Contact), Refused> {
        self.check_room()?;
        let from = self.contact_at(actor)?;
        let caller = self.caller_id(cx, actor, from.id, &callee.caller_id)?;
        Ok((Ready::Outside { callee: callee.clone(), caller }, from))
    }

    /// The contact that an agent is on.
    fn contact_at(&self, actor: ConnectionId) -> Result<Contact, Refused> {
        let from = self.contact_served_by(actor).and_then(|id| self.contacts.get(&id)).cloned();
        from.ok_or_else(|| state("the contact has ended"))
    }

    /// Adds a connection to the contact: the others are held. By a quick connect a second contact runs the transfer flow for
    /// him who pressed it, as if he were its customer.
    fn add_party(&mut self, cx: &mut Cx, actor: ConnectionId, line: ConnectionId, ready: Ready, from: &Contact) {
        self.take_part(cx, actor);
        if let Some(holds) = self.connections.get_mut(&line).and_then(|c| c.phone_holds.as_mut()) {
            // Whom this line's Hold key holds is held for the new party from now on.
            holds.clear();
        }
        for other in self.others(actor).filter(|c| self.can_hold(c.id)).map(|c| c.id).collect::<Vec<_>>() {
            self.set_hold(cx, other, Some(actor));
        }
        let (id, identity, target, place, run) = match ready {
            Ready::Flow { id, identity, target, place, run } => (id, identity, target, place, run),
            Ready::Outside { callee, caller } => return self.add_outside(cx, line, from, &callee, caller),
        };
        let contact = cx.names.contact();
        // Connect shows an agent quick connect as connected once its flow starts, a queue's once it is queued.
        let row_state = if target.is_some() { State::Connected } else { State::Connecting };
        let row = self.add(cx, contact, identity, target, Kind::Outbound, row_state);
        let k = Contact {
            method: Method::Transfer,
            party: line,
            agent: Some(row),
            quick_connect: Some(id),
            phase: Phase::InFlow(run),
            target: Some(place),
            ..Contact::after(contact, from, cx)
        };
        self.contacts.insert(contact, k);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        self.drive(cx, Role::Party(contact), Outcome::Begin);
    }

    /// Everybody off hold and together; who is still being called comes in when he answers.
    fn join(&mut self, cx: &mut Cx, actor: ConnectionId) -> Result<(), Refused> {
        if self.other_persons(actor).count() < 2 {
            return Err(state("there are no two parties to join"));
        }
        self.take_part(cx, actor);
        for id in self.others(actor).map(|c| c.id).collect::<Vec<_>>() {
            self.set_hold(cx, id, None);
        }
        Ok(())
    }

    /// The one on hold and the one talked to change places.
    fn swap(&mut self, cx: &mut Cx, actor: ConnectionId) -> Result<(), Refused> {
        let parties: Vec<ConnectionId> = self.other_persons(actor).map(|c| c.id).collect();
        let [first, second] = parties.as_slice() else {
            return Err(state("swap needs exactly three parties"));
        };
        self.take_part(cx, actor);
        let held = |id: &ConnectionId| self.connections.get(id).is_some_and(|c| c.state == State::Hold);
        let (resume, hold) = match (held(first), held(second)) {
            (true, false) => (Some(*first), Some(*second)),
            (false, true) => (Some(*second), Some(*first)),
            // Streams takes the first on hold, else holds the last of those who talk.
            (true, true) => (Some(*first), None),
            (false, false) => (None, Some(if self.can_hold(*second) { *second } else { *first })),
        };
        if let Some(id) = resume {
            self.set_hold(cx, id, None);
        }
        if let Some(id) = hold.filter(|id| self.can_hold(*id)) {
            self.set_hold(cx, id, Some(actor));
        }
        Ok(())
    }

    /// destroyConnection: that party goes, whether it has answered or not.
    fn drop_party(&mut self, cx: &mut Cx, id: ConnectionId) {
        let consult = self.contact_served_by(id).filter(|k| self.contacts.get(k).is_some_and(|k| k.method.adds()));
        if let Some(contact) = consult {
            self.withdraw(cx, contact);
            return;
        }
        self.end_second_lines(cx, id, Reason::Dropped);
        cx.out.push(Out::HangUp { connection: id, why: Reason::Dropped, like: None });
        self.gone(cx, id, Reason::Dropped);
    }

    pub(super) fn leave(&mut self, cx: &mut Cx, actor: ConnectionId) {
        self.end_second_lines(cx, actor, Reason::Left);
        cx.out.push(Out::HangUp { connection: actor, why: Reason::Left, like: None });
        self.gone(cx, actor, Reason::Left);
    }

    /// The phone's own Hold key. An agent's holds the one he talks to, in a conference all; a customer's is only shown.
    pub fn phone_hold(&mut self, cx: &mut Cx, connection: ConnectionId, on: bool) {
        let turns = |c: &&mut super::Connection| c.is_up() && c.is_held_by_phone() != on;
        let Some(c) = self.connections.get_mut(&connection).filter(turns) else { return };
        let before = std::mem::replace(&mut c.phone_holds, on.then(BTreeSet::new));
        let me = c.clone();
        if on {
            if me.agent.is_some() && !self.is_bridged(&me) && self.may_hold(&me) {
                self.hold_by_phone(cx, &me);
            }
        } else {
            if let Some(contact) = me.transfers.filter(|_| me.agent.is_some()) {
                // His Resume key: he wants them back.
                self.give_back(cx, contact, Reason::Cancelled);
            }
            if me.agent.is_some() && self.may_hold(&me) {
                self.resume_by_phone(cx, &me, before.unwrap_or_default());
            }
        }
        self.settle(cx);
    }

    /// Whom he talks to on this line his phone holds from now on.
    pub(super) fn hold_by_phone(&mut self, cx: &mut Cx, me: &super::Connection) {
        let focus: BTreeSet<ConnectionId> = self.talkers(me).into_iter().filter(|id| self.can_hold(*id)).collect();
        for id in &focus {
            self.set_hold(cx, *id, Some(me.id));
        }
        if let Some(holds) = self.connections.get_mut(&me.id).and_then(|c| c.phone_holds.as_mut()) {
            holds.extend(focus);
        }
    }

    /// His Resume key takes back whom his Hold key holds; but brings nobody into a talk that has begun meanwhile.
    fn resume_by_phone(&mut self, cx: &mut Cx, me: &super::Connection, held: BTreeSet<ConnectionId>) {
        if !self.talkers(me).is_empty() {
            return;
        }
        for id in held {
            self.set_hold(cx, id, None);
        }
    }

    /// A contact of the contact centre, which has buttons; not a test line, a room or a bridge.
    #[must_use]
    pub fn has_buttons(&self) -> bool {
        self.contacts.values().any(|k| !matches!(k.phase, Phase::Line(_) | Phase::Ended))
    }

    /// Keys that are no feature code, for whoever this party talks with.
    pub fn digits(&mut self, cx: &mut Cx, connection: ConnectionId, digits: &str) {
        let Some(c) = self.connections.get(&connection) else { return };
        for to in self.talkers(c) {
            cx.out.push(Out::Digits { connection: to, digits: digits.to_owned() });
        }
    }

    /// An agent declines the contact that rings at his phones.
    pub fn reject(&mut self, cx: &mut Cx, agent: &AgentId) -> Result<(), Refused> {
        let ringing = self.place_of(agent).filter(|c| c.dialled.is_some()).map(|c| c.id);
        let id = ringing.ok_or_else(|| state("no contact is being offered"))?;
        cx.out.push(Out::HangUp { connection: id, why: Reason::Rejected, like: None });
        self.failed(cx, id, Reason::Rejected);
        Ok(())
    }

    pub(super) fn is_bridged(&self, c: &super::Connection) -> bool {
        self.contacts.get(&c.contact).is_some_and(|k| matches!(k.phase, Phase::Line(_)))
    }
}
