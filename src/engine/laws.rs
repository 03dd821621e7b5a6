//! What must hold whenever the engine has nothing more to say: laws said against its own state, for simulators and tests.

use super::Engine;
use crate::contact::{self, Call, Connection, Hears, Kind, Line, Monitor, Phase, State, Want};
use crate::ids::{AgentId, ConnectionId, ShardId};
use crate::leg::Stage;
use crate::limits::MONITORS;
use crate::media::Source;
use crate::routing;
use std::collections::{BTreeMap, BTreeSet};

type Plan = BTreeMap<ConnectionId, Want>;

impl Engine {
    /// Every law that is broken now, in words.
    #[must_use]
    pub fn broken_laws(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (id, call) in &self.calls {
            let mut said = Vec::new();
            let plan = call.plan();
            nobody_is_stranded(call, &plan, &mut said);
            nobody_hears_the_held(call, &plan, &mut said);
            supervisors_are_no_parties(call, &plan, &mut said);
            self.lines_are_filled(call, self.shard_of(*id), &mut said);
            self.ports_do_what_is_planned(&plan, &mut said);
            self.queues_know(call, &mut said);
            if call.is_over() {
                said.push("is over and still here".to_owned());
            }
            broken.extend(said.into_iter().map(|text| format!("call {}: {text}", id.0)));
        }
        for agent in self.site.agents.keys() {
            self.one_contact_an_agent(agent, &mut broken);
        }
        self.nothing_is_left_over(&mut broken);
        broken
    }

    /// What should have come to its end when nobody has done anything for as long as a phone rings.
    #[must_use]
    pub fn unrest(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (id, call) in &self.calls {
            for k in call.contacts().values() {
                let what = match k.phase {
                    Phase::InFlow(_) => "its flow",
                    Phase::Offered(_) => "an offer",
                    Phase::AgentWhisper { .. } => "the agent whisper",
                    Phase::CustomerWhisper { .. } => "the customer whisper",
                    Phase::Dialling(_) | Phase::Calling(_) | Phase::Lifting(..) => "somebody's ringing",
                    Phase::InVain { .. } => "a tone",
                    Phase::Queued(_) | Phase::Connected | Phase::Monitoring | Phase::Line(_) | Phase::Ended => continue,
                };
                found.push(format!("call {}: {what} of {} takes for ever", id.0, k.id));
            }
        }
        for leg in self.legs.values() {
            if matches!(leg.stage, Stage::Offered | Stage::Answering) && !self.is_bridged(leg.connection) {
                found.push(format!("{} of {} is {:?} for ever", leg.id, leg.connection, leg.stage));
            }
            if leg.stage == Stage::Up && !leg.is_settled() {
                found.push(format!("{} of {} has an offer without an answer", leg.id, leg.connection));
            }
        }
        found
    }

    fn is_bridged(&self, connection: ConnectionId) -> bool {
        let call = self.lines.get(&connection).and_then(|line| self.calls.get(&line.call));
        call.is_some_and(|call| call.contacts().values().any(|k| matches!(k.phase, Phase::Line(Line::Bridge))))
    }

    /// Who is up has one leg, who is called has some, who is gone has none; and all are on one media thread.
    fn lines_are_filled(&self, call: &Call, shard: ShardId, said: &mut Vec<String>) {
        for c in call.connections().values() {
            let legs = self.legs_of(c.id);
            let called = c.rang(self.now).is_some();
            let right = match (c.is_gone(), c.is_up(), called) {
                (true, ..) => legs.is_empty(),
                (_, true, _) => legs.len() == 1,
                (.., true) => !legs.is_empty(),
                _ => true,
            };
            if !right {
                said.push(format!("{} has {} legs", name(c), legs.len()));
            }
            for leg in legs {
                let stage = self.legs.get(&leg).filter(|l| l.connection == c.id).map(|l| l.stage);
                let right = match stage {
                    None | Some(Stage::Gone) => false,
                    Some(stage) => !c.is_up() || matches!(stage, Stage::Up | Stage::Answering),
                };
                if !right {
                    said.push(format!("{} has {leg}, which is {stage:?}", name(c)));
                }
                if self.legs.get(&leg).is_some_and(|l| l.shard != shard) {
                    said.push(format!("{leg} of {} is on another media thread than its call", name(c)));
                }
            }
        }
    }

    /// Each leg has the one source that the plan gives it, and is heard only if the plan lets it.
    fn ports_do_what_is_planned(&self, plan: &Plan, said: &mut Vec<String>) {
        for (id, want) in plan {
            let Some(leg) = self.voice(*id).and_then(|leg| self.legs.get(&leg)) else { continue };
            let spec = leg.spec();
            let right = match (&want.hears, &spec.source) {
                (Hears::Silence, Source::Silence) => true,
                (Hears::Sound(sounding), Source::Play { play, .. }) => sounding.play == *play,
                (Hears::Parties(parties), Source::Hear(ports)) => {
                    let planned: BTreeSet<ConnectionId> = parties.iter().copied().collect();
                    let heard: BTreeSet<ConnectionId> = ports
                        .iter()
                        .filter_map(|port| self.port_legs.get(port))
                        .filter_map(|leg| self.legs.get(leg))
                        .map(|leg| leg.connection)
                        .collect();
                    planned == heard
                }
                _ => false,
            };
            if !right {
                said.push(format!("{id} is to hear {:?} and its port has {:?}", want.hears, spec.source));
            }
            if spec.receive != want.heard {
                said.push(format!("{id} is heard: {}, planned: {}", spec.receive, want.heard));
            }
        }
    }

    /// A contact waits in routing as long as it waits here.
    fn queues_know(&self, call: &Call, said: &mut Vec<String>) {
        for k in call.contacts().values() {
            let waits = matches!(k.phase, Phase::Queued(_) | Phase::Offered(_) | Phase::AgentWhisper { .. });
            let queued = self.router.is_queued(k.id);
            if waits != queued {
                said.push(format!("contact {} waits: {waits}, is queued: {queued}", k.id));
            }
            let party = call.connections().get(&k.party);
            // Who calls in vain hears so for a while.
            let in_vain = matches!(k.phase, Phase::InVain { .. });
            if k.is_pending() && !in_vain && party.is_none_or(Connection::is_gone) {
                said.push(format!("contact {} is on its way for nobody", k.id));
            }
        }
    }

    /// An agent is on one contact, and routing knows which.
    fn one_contact_an_agent(&self, agent: &AgentId, broken: &mut Vec<String>) {
        let mut up = BTreeSet::new();
        let mut rung = BTreeSet::new();
        let mut lines = BTreeSet::new();
        for (id, call) in &self.calls {
            for c in call.connections().values().filter(|c| c.agent.as_ref() == Some(agent) && !c.is_gone()) {
                // Routing gives nobody two. What came by no queue is his own doing, or a colleague's: who is dialled is busy
                // while it rings, and who called a colleague, beside a contact of his, may be handed on by her.
                let serves = |k: &contact::Contact| k.agent == Some(c.id) && !k.is_over();
                let nowhere = !c.is_up() && c.rang(self.now).is_none() && self.legs_of(c.id).is_empty();
                if nowhere && call.contacts().values().any(serves) {
                    // Her place waits for her: nobody has called her yet, nor has she called.
                    continue;
                }
                let by_queue = |k: &contact::Contact| serves(k) && k.queued.is_some();
                if !call.has_buttons() || !call.contacts().values().any(by_queue) {
                    lines.insert(*id);
                } else if c.is_up() {
                    up.insert(*id);
                } else if c.rang(self.now).is_some() {
                    rung.insert(*id);
                }
            }
        }
        if up.len() + rung.len() > 1 {
            broken.push(format!("{agent} is on the calls {up:?} and rung by {rung:?}"));
        }
        let contact = self.router.contact_of(agent);
        let call = contact.and_then(|contact| self.contacts.get(&contact));
        let state = self.router.state(agent);
        let right = match &state {
            Some(routing::State::Busy | routing::State::Monitoring | routing::State::CallingCustomer) => {
                call.is_some_and(|id| up.contains(id) || lines.contains(id))
            }
            Some(routing::State::PendingBusy) => call.is_some_and(|id| rung.contains(id)),
            _ => up.is_empty() && rung.is_empty() && lines.is_empty(),
        };
        if !right {
            let state = state.map(|s| s.to_string()).unwrap_or_default();
            broken.push(format!(
                "{agent} is {state} with {contact:?}, on {up:?}, rung by {rung:?}, directly on {lines:?}"
            ));
        }
    }

    /// Nothing belongs to a call that is not here.
    fn nothing_is_left_over(&self, broken: &mut Vec<String>) {
        for (id, line) in &self.lines {
            if self.calls.get(&line.call).is_none_or(|call| !call.connections().contains_key(id)) {
                broken.push(format!("{id} is a line of no call"));
            }
        }
        for (id, leg) in &self.legs {
            if self.lines.get(&leg.connection).is_none_or(|line| !line.legs.contains(id)) {
                broken.push(format!("{id} is a leg of no line"));
            }
            if self.sessions.get(&leg.session) != Some(id) || self.port_legs.get(&leg.port) != Some(id) {
                broken.push(format!("{id} is known neither by its session nor by its port"));
            }
        }
        for (contact, call) in &self.contacts {
            if !self.calls.contains_key(call) {
                broken.push(format!("contact {contact} is of no call"));
            }
        }
    }
}

/// Each person that is up hears somebody, or something; or is an agent who holds the others and can take them back; or an
/// agent whose party just hears its whisper; or alone in a room.
fn nobody_is_stranded(call: &Call, plan: &Plan, said: &mut Vec<String>) {
    let silent = |id: &ConnectionId| plan.get(id).is_none_or(|want| want.hears == Hears::Silence);
    // Where nothing is said there is nothing to listen to.
    for c in call.connections().values().filter(|c| c.is_up() && c.is_party() && c.second_line_of.is_none()) {
        let second = call.connections().values().find(|o| o.is_up() && o.second_line_of == Some(c.id));
        if !silent(&c.id) || second.is_some_and(|second| !silent(&second.id)) {
            continue;
        }
        let others = || call.connections().values().filter(|o| o.id != c.id && o.second_line_of != Some(c.id));
        let holds = others().any(|o| o.is_up() && o.state == State::Hold);
        let can_resume = call.actions(c.id).contains(&"resumeAll");
        let waits = call.contacts().values().any(|k| match &k.phase {
            Phase::CustomerWhisper { .. } => k.agent == Some(c.id),
            Phase::Line(Line::Room) => !others().any(Connection::is_up),
            _ => false,
        });
        let under_way = |id| call.contacts().get(&id).is_some_and(contact::Contact::is_pending);
        let waits = waits || c.transfers_to().is_some_and(under_way);
        if !(waits || c.agent.is_some() && holds && can_resume) {
            said.push(format!("{} hears nothing", name(c)));
        }
    }
}

fn nobody_hears_the_held(call: &Call, plan: &Plan, said: &mut Vec<String>) {
    for c in call.connections().values().filter(|c| c.is_up() && c.state == State::Hold) {
        let heard = plan.get(&c.id).is_some_and(|want| want.heard)
            || plan.values().any(|want| matches!(&want.hears, Hears::Parties(parties) if parties.contains(&c.id)));
        if heard {
            said.push(format!("{} is held and heard", name(c)));
        }
    }
}

/// Who only listens is heard by nobody, who coaches by his agent alone; neither holds anybody, and neither is there without
/// an agent. Nobody is told of them.
fn supervisors_are_no_parties(call: &Call, plan: &Plan, said: &mut Vec<String>) {
    let line = |id: &ConnectionId| call.connections().get(id);
    let up = || call.connections().values().filter(|c| c.kind == Kind::Monitoring && !c.is_gone());
    if up().count() > MONITORS {
        said.push(format!("{} supervisors are on it", up().count()));
    }
    for c in up() {
        let party = call.contacts().get(&c.contact).and_then(|k| line(&k.party));
        if c.state == State::Hold || c.held_by.is_some() {
            said.push(format!("{} is held", name(c)));
        }
        if c.is_party() {
            continue;
        }
        if !party.is_some_and(|party| party.is_up() && party.agent.is_some() && party.kind != Kind::Monitoring) {
            said.push(format!("{} listens to no agent", name(c)));
        }
        let coaches = c.state == State::Monitor(Monitor::Coach);
        let hears = |want: &Want| matches!(&want.hears, Hears::Parties(parties) if parties.contains(&c.id));
        for id in plan.iter().filter(|(_, want)| hears(want)).map(|(id, _)| id) {
            if !coaches || line(id).and_then(|l| l.agent.as_ref()) != party.and_then(|party| party.agent.as_ref()) {
                said.push(format!("{} is heard by {id}", name(c)));
            }
        }
        for other in call.connections().values().filter(|other| other.id != c.id) {
            if call.sees(other, c) || !call.connection_actions(other.id, c.id).is_empty() {
                said.push(format!("{} is seen by {}", name(c), name(other)));
            }
            if other.held_by == Some(c.id) {
                said.push(format!("{} is held by {}, who only listens", name(other), name(c)));
            }
        }
    }
}

fn name(c: &Connection) -> String {
    let second = if c.second_line_of.is_some() { ", second line" } else { "" };
    format!("{} ({}, {:?}{second})", c.identity.address, c.id, c.state)
}
