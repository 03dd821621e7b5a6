//! The Transfer key: somebody goes, and a new party takes his place with those he talked to (a cold transfer).
//!
//! He falls silent at once and is gone when the new party is really there. If that comes to nothing he has the others
//! back; if he has hung up meanwhile, the transfer goes on without him.

use super::running::{Role, Running};
use super::{
    Call, Callee, CallerId, Connection, Contact, Cx, Dial, Event, Identity, Kind, Line, Method, Out, Phase, Place,
    Progress, QuickConnectTo, Reason, Recording, Refused, Sound, Sounding, State,
};
use crate::flow::Outcome;
use crate::ids::{AgentId, ConnectionId, ContactId, FlowId, PromptId, QuickConnectId};
use crate::limits::PARTIES;
use crate::routing::Precedence;
use std::collections::BTreeMap;
use tracing::info;

/// Whom or what a party is transferred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    QuickConnect(QuickConnectId),
    Agent(AgentId),
    Address(String),
    /// A number outside, which sees who is transferred.
    Number(String),
    /// Somebody outside, as the number pad or an external quick connect would call him.
    Outside(Callee),
    Flow(FlowId),
    Play {
        prompt: PromptId,
        repeat: bool,
    },
    Echo,
}

fn state(text: impl Into<String>) -> Refused {
    Refused::State(text.into())
}

impl Call {
    /// The phone of `by` asks to be replaced by somebody else.
    pub fn transfer(&mut self, cx: &mut Cx, by: ConnectionId, goal: Goal) -> Result<(), Refused> {
        let party = self.transferee(by)?;
        info!(connection = %by, ?goal, "transfers");
        match goal {
            Goal::QuickConnect(id) => self.transfer_by_flow(cx, by, party, &id)?,
            Goal::Agent(agent) => {
                if self.connections.values().any(|c| c.agent.as_ref() == Some(&agent) && !c.is_gone()) {
                    return Err(state(format!("{agent} is on this call already")));
                }
                let name = cx.catalog.agents.get(&agent).map_or_else(|| agent.to_string(), |a| a.name.clone());
                let identity = Identity { name, address: agent.to_string() };
                self.transfer_by_dialling(cx, by, party, identity, Dial::Agent(agent))?;
            }
            Goal::Address(address) => {
                let identity = Identity { name: String::new(), address: address.clone() };
                self.transfer_by_dialling(cx, by, party, identity, Dial::Address(address))?;
            }
            Goal::Number(number) => {
                let identity = Identity { name: String::new(), address: number.clone() };
                let who = self.connections.get(&party).map(|c| c.identity.clone()).unwrap_or_default();
                let caller = CallerId { name: who.name, number: who.address };
                self.transfer_by_dialling(cx, by, party, identity, Dial::Number { number, caller })?;
            }
            Goal::Outside(callee) => {
                self.transfer_outside(cx, by, party, &callee)?;
            }
            Goal::Flow(flow) => {
                let run = Call::start_flow(cx, &flow).ok_or_else(|| state(format!("the flow {flow} is not there")))?;
                let contact = self.hand_over(cx, by, party, Phase::InFlow(run))?;
                self.drive(cx, Role::Party(contact), Outcome::Begin);
            }
            Goal::Play { prompt, repeat } => {
                let sounding =
                    Sounding { play: cx.names.play(), sounds: vec![Sound::Prompt(prompt)], repeat, flow: None };
                self.hand_over(cx, by, party, Phase::Line(Line::Play(sounding)))?;
            }
            Goal::Echo => {
                self.hand_over(cx, by, party, Phase::Line(Line::Echo))?;
            }
        }
        self.settle(cx);
        Ok(())
    }

    /// Whom the new party will talk with: of several the customer first. An agent is replaced with all whom he talks to,
    /// anybody else with the one he has.
    pub(super) fn transferee(&self, by: ConnectionId) -> Result<ConnectionId, Refused> {
        let me = self.connections.get(&by).filter(|c| c.is_up()).ok_or_else(|| state("not on this call"))?;
        self.may_transfer(me)?;
        if self.is_target_of_pending(by) {
            return Err(state("the contact is not connected yet"));
        }
        if self.contacts.values().any(|k| matches!(k.phase, Phase::Line(Line::Room))) {
            return Err(state("whoever is in a room leaves it by hanging up"));
        }
        if self.talks_apart(me) {
            return Err(state("somebody is on each line: bring them together, or hang up on one of them"));
        }
        if self.calls_another() {
            return Err(state("another party is still being called"));
        }
        // Whoever only hears a whisper does not yet know whom he gets.
        let there = |c: &&Connection| c.is_up() && !self.is_target_of_pending(c.id);
        let others: Vec<&Connection> = self.others(by).filter(there).collect();
        let first = others.first().ok_or_else(|| state("there is nobody to transfer"))?;
        if me.agent.is_none() && others.len() > 1 {
            return Err(state("only an agent can be replaced in a conference"));
        }
        let talked_to: Vec<&&Connection> = others.iter().filter(|c| !self.is_held_from(c, by)).collect();
        let customer = talked_to.iter().find(|c| self.is_for(c));
        Ok(customer.or(talked_to.first()).map_or(first.id, |c| c.id))
    }

    /// On hold by somebody else: that one's affair.
    fn is_held_from(&self, c: &Connection, by: ConnectionId) -> bool {
        let mine = self.lines_of(by);
        let other = |holder: ConnectionId| {
            !mine.contains(&holder) && self.connections.get(&holder).is_some_and(Connection::is_up)
        };
        c.held_by.is_some_and(other)
    }

    /// `sip:qc-…`: as the button, but for those he leaves behind instead of himself.
    fn transfer_by_flow(
        &mut self,
        cx: &mut Cx,
        by: ConnectionId,
        party: ConnectionId,
        id: &QuickConnectId,
    ) -> Result<(), Refused> {
        self.check_quick_connect(cx, by, id)?;
        let Some(quick) = cx.catalog.quick_connects.get(id).cloned() else { return Ok(()) };
        if let Some(callee) = Callee::of(id, &quick) {
            let contact = self.transfer_outside(cx, by, party, &callee)?;
            if let Some(k) = self.contacts.get_mut(&contact) {
                k.quick_connect = Some(id.clone());
            }
            return Ok(());
        }
        let (flow, target, place) = match &quick.to {
            QuickConnectTo::Agent { agent, flow } => (flow, Some(agent.clone()), Place::Agent(agent.clone())),
            QuickConnectTo::Queue { queue, flow } => (flow, None, Place::Queue(queue.clone())),
            QuickConnectTo::External { .. } => return Ok(()),
        };
        let run = Call::start_flow(cx, flow).ok_or_else(|| state(format!("the flow {flow} is not there")))?;
        let contact = self.open_transfer(cx, by, party, Phase::InFlow(run));
        let address = target.as_ref().map_or_else(|| id.to_string(), ToString::to_string);
        let identity = Identity { name: quick.name, address };
        let row = self.add(cx, contact, identity, target, Kind::Outbound, State::Connecting);
        if let Some(k) = self.contacts.get_mut(&contact) {
            k.agent = Some(row);
            k.quick_connect = Some(id.clone());
            k.target = Some(place);
        }
        self.stand_back(cx, by, contact);
        self.drive(cx, Role::Party(contact), Outcome::Begin);
        Ok(())
    }

    /// Somebody outside, who is shown the caller ID that his quick connect says.
    fn transfer_outside(
        &mut self,
        cx: &mut Cx,
        by: ConnectionId,
        party: ConnectionId,
        callee: &Callee,
    ) -> Result<ContactId, Refused> {
        let from = self.contact_of_party(by).ok_or_else(|| state("the contact has ended"))?;
        let caller = self.caller_id(cx, by, from, &callee.caller_id)?;
        self.transfer_by_dialling(cx, by, party, callee.identity(), callee.dial(caller))
    }

    /// An agent or a number without a flow: those left behind hear their hold flow while it rings.
    fn transfer_by_dialling(
        &mut self,
        cx: &mut Cx,
        by: ConnectionId,
        party: ConnectionId,
        identity: Identity,
        to: Dial,
    ) -> Result<ContactId, Refused> {
        if self.persons() >= PARTIES {
            return Err(Refused::Quota(format!("a contact holds {PARTIES} parties")));
        }
        let run = self.waiting_flow(cx, party)?;
        let who = self.connections.get(&party).map(|c| c.identity.clone()).unwrap_or_default();
        let contact = self.open_transfer(cx, by, party, Phase::Dialling(run));
        let agent = to.agent().cloned();
        let row = self.add(cx, contact, identity, agent.clone(), Kind::Outbound, State::Connecting);
        let previous = self.contacts.get_mut(&contact).and_then(|k| {
            k.agent = Some(row);
            if agent.is_none() {
                k.method = Method::External;
            }
            k.previous
        });
        if let Some(agent) = agent {
            cx.out.push(Out::Occupy { contact, agent });
        }
        self.stand_back(cx, by, contact);
        self.drive(cx, Role::Party(contact), Outcome::Begin);
        self.dial(cx, row, contact, previous, to, who);
        Ok(contact)
    }

    /// The one he talks to goes into a room, which is a call of its own.
    pub fn transfer_to_room(&mut self, cx: &mut Cx, by: ConnectionId) -> Result<Connection, Refused> {
        let party = self.transferee(by)?;
        if self.others(by).count() > 1 {
            return Err(state("several who talk with each other do not go into a room"));
        }
        self.set_hold(cx, party, None);
        let moved = self.connections.remove(&party).ok_or_else(|| state("there is nobody to transfer"))?;
        if let Some(agent) = moved.agent.clone() {
            cx.out.push(Out::Left { agent });
        }
        cx.out.push(Out::Transfer { connection: by, progress: Progress::Connected });
        self.leave(cx, by);
        self.settle(cx);
        Ok(moved)
    }

    /// A flow or a test line is there at once.
    fn hand_over(
        &mut self,
        cx: &mut Cx,
        by: ConnectionId,
        party: ConnectionId,
        phase: Phase,
    ) -> Result<ContactId, Refused> {
        if self.others(by).count() > 1 {
            return Err(state("several who talk with each other cannot all hear one flow"));
        }
        let contact = self.open_transfer(cx, by, party, phase);
        self.stand_back(cx, by, contact);
        self.transferred(cx, contact);
        Ok(contact)
    }

    /// The contact of what comes after `by`.
    fn open_transfer(&mut self, cx: &mut Cx, by: ConnectionId, party: ConnectionId, phase: Phase) -> ContactId {
        let before = self.contact_of_party(by);
        let from = before.and_then(|id| self.contacts.get(&id)).cloned();
        let contact = cx.names.contact();
        self.contacts.insert(
            contact,
            Contact {
                id: contact,
                initial: from.as_ref().map(|k| k.initial.unwrap_or(k.id)),
                previous: before,
                method: Method::Transfer,
                party,
                agent: None,
                quick_connect: None,
                phase,
                hooks: BTreeMap::new(),
                attributes: from.as_ref().map(|k| k.attributes.clone()).unwrap_or_default(),
                // Where those left behind wait if nobody is there to take them back.
                target: before.and_then(|id| self.home(id)),
                precedence: Precedence::default(),
                recording: Recording::new(cx),
                direct: false,
                queued: None,
                initiated: cx.now,
                connected: None,
            },
        );
        self.unbridge(party, contact);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        contact
    }

    /// The contact that somebody is in now: the one he serves, or the one that serves him.
    fn contact_of_party(&self, id: ConnectionId) -> Option<ContactId> {
        let served = || {
            let his = self.contacts.values().filter(|k| k.party == id && !k.is_over() && !k.is_monitor());
            his.max_by_key(|k| k.initiated).map(|k| k.id)
        };
        let begun = || self.connections.get(&id).map(|c| c.contact);
        self.contact_served_by(id).or_else(served).or_else(begun)
    }

    /// Who is at one end of a bridge is not to go with the other end: the new contact is his now.
    pub(super) fn unbridge(&mut self, party: ConnectionId, contact: ContactId) {
        if let Some(c) = self.connections.get_mut(&party)
            && self.contacts.get(&c.contact).is_some_and(|k| matches!(k.phase, Phase::Line(_)))
        {
            c.contact = contact;
        }
    }

    /// What a party hears while somebody is called for it.
    pub(super) fn waiting_flow(&self, cx: &Cx, party: ConnectionId) -> Result<Running, Refused> {
        let c = self.connections.get(&party).ok_or_else(|| state("there is nobody to transfer"))?;
        let flow = self.hold_hook(party).and_then(|hook| self.start_running(cx, c.contact, hook));
        flow.ok_or_else(|| state("there is no hold flow to wait with"))
    }

    /// The queue in which the customer of a contact last waited, also that of a contact before it.
    pub(super) fn home(&self, contact: ContactId) -> Option<Place> {
        let k = self.contacts.get(&contact)?;
        match k.place() {
            Some(place @ Place::Queue(_)) => Some(place.clone()),
            _ => self.home(k.previous?),
        }
    }

    /// He neither speaks nor hears any more, and nobody is on hold for him.
    pub(super) fn stand_back(&mut self, cx: &mut Cx, by: ConnectionId, contact: ContactId) {
        for id in self.others(by).filter(|c| !self.is_held_from(c, by)).map(|c| c.id).collect::<Vec<_>>() {
            self.set_hold(cx, id, None);
        }
        self.set_hold(cx, by, None);
        for line in self.lines_of(by) {
            if let Some(c) = self.connections.get_mut(&line).filter(|c| !c.is_gone()) {
                c.transfers = Some(contact);
            }
        }
    }

    /// Who waits for this contact to come about, to be gone then.
    pub(super) fn transferor(&self, contact: ContactId) -> Option<ConnectionId> {
        let waits = |c: &&Connection| c.transfers == Some(contact) && c.is_up() && c.second_line_of.is_none();
        self.connections.values().find(waits).map(|c| c.id)
    }

    /// The new party is there: he goes.
    pub(super) fn transferred(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(by) = self.transferor(contact) else { return };
        info!(contact = %contact, connection = %by, "transferred");
        cx.out.push(Out::Transfer { connection: by, progress: Progress::Connected });
        self.leave(cx, by);
    }

    /// The new party will not come: he has the others back. Says whether he was there to take them.
    pub(super) fn give_back(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) -> bool {
        let Some(by) = self.transferor(contact) else { return false };
        let (row, party) = self.contacts.get(&contact).map_or((None, by), |k| (k.agent, k.party));
        info!(contact = %contact, connection = %by, reason = why.as_str(), "a transfer came to nothing");
        self.close(cx, contact, why);
        for line in self.lines_of(by) {
            if let Some(c) = self.connections.get_mut(&line) {
                c.transfers = None;
            }
        }
        if let (Some(mine), Some(c)) = (self.connections.get(&by).map(|c| c.contact), self.connections.get_mut(&party))
            && c.contact == contact
        {
            c.contact = mine;
        }
        cx.out.push(Out::Transfer { connection: by, progress: Progress::Failed { why, like: row } });
        self.hold_for_phone(cx, by);
        true
    }

    /// His phone still holds: whoever is given back to it is held by it.
    fn hold_for_phone(&mut self, cx: &mut Cx, by: ConnectionId) {
        let Some(me) = self.connections.get(&by).filter(|c| c.is_held_by_phone()).cloned() else { return };
        if me.agent.is_some() && !self.is_bridged(&me) {
            self.hold_by_phone(cx, &me);
        }
    }

    /// Somebody goes who waits for a transfer, or for whom one is made.
    pub(super) fn transfer_loses(&mut self, cx: &mut Cx, gone: &Connection, why: Reason) {
        let for_him = self
            .contacts
            .values()
            .find(|k| k.party == gone.id && k.is_pending() && self.transferor(k.id).is_some())
            .map(|k| k.id);
        if let Some(contact) = for_him {
            self.give_back(cx, contact, why);
        }
        if let Some(k) = gone.transfers.and_then(|id| self.contacts.get_mut(&id)) {
            // Nobody is there any more to take the others back: they wait for whom they were promised.
            k.direct = false;
        }
    }

    /// Nobody answered who was dialled.
    pub(super) fn dialling_failed(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        if self.give_back(cx, contact, why) {
            return;
        }
        let consults = self.contacts.get(&contact).and_then(|k| self.connections.get(&k.party));
        let consults = consults.is_some_and(|c| c.agent.is_some() && c.is_up());
        let Some((run, place)) = self.waits_again(cx, contact).filter(|_| !consults) else {
            self.contact_failed(cx, contact, why);
            return;
        };
        self.wait_again(cx, contact, run, place, why);
    }

    /// Back to where the customer once waited: whoever transferred him is gone.
    pub(super) fn wait_again(&mut self, cx: &mut Cx, contact: ContactId, mut run: Running, place: Place, why: Reason) {
        let outside = self.contacts.get(&contact).is_some_and(|k| k.method == Method::External);
        let waits = if outside { self.waits_after(cx, contact, why) } else { self.waits_in(cx, contact, why) };
        let Some(k) = waits.and_then(|id| self.contacts.get_mut(&id)) else { return };
        run.ask();
        k.phase = Phase::InFlow(run);
        k.target = Some(place.clone());
        cx.out.push(Out::Enqueue { contact: k.id, place, direct: false });
    }

    /// An agent who was not there leaves her contact to whom the queue finds.
    fn waits_in(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) -> Option<ContactId> {
        let k = self.contacts.get_mut(&contact)?;
        k.quick_connect = None;
        if let Some(agent) = k.agent.take().and_then(|row| self.mark_missed(row, why)) {
            cx.out.push(Out::Vacate { contact, agent });
        }
        Some(contact)
    }

    /// That somebody outside was called is a contact of its own (Connect's EXTERNAL_OUTBOUND): another one follows it.
    fn waits_after(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) -> Option<ContactId> {
        let from = self.contacts.get(&contact).cloned()?;
        self.close(cx, contact, why);
        let id = cx.names.contact();
        let (hooks, target) = (from.hooks.clone(), from.target.clone());
        let next = Contact { method: Method::Transfer, hooks, target, ..Contact::after(id, &from, cx) };
        self.contacts.insert(id, next);
        cx.out.push(Out::Event { contact: id, event: Event::Initiated });
        Some(id)
    }

    fn mark_missed(&mut self, row: ConnectionId, why: Reason) -> Option<AgentId> {
        let c = self.connections.get_mut(&row)?;
        c.state = State::Disconnected(why);
        c.agent.clone()
    }

    pub(super) fn persons(&self) -> usize {
        let person = |c: &&Connection| !c.is_gone() && c.second_line_of.is_none() && c.kind != Kind::Monitoring;
        self.connections.values().filter(person).count()
    }
}
