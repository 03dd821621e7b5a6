//! The contact wing: hands a call its events, and tells the others what it wants.

use super::{Alarm, CallId, CcpEvent, Engine, Output, Work};
use crate::contact::{Admission, Call, Cx, Hears, Out, Place, Reason, Sound as Heard, Tone as HeardTone, why_not};
use crate::flow::Metric;
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::leg::Want;
use crate::media::{Sound, Source, Tone};
use crate::routing::{self, Arrival, Target, Trouble, Way};
use crate::time::Time;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing::{error, info};

impl Engine {
    /// Runs something on a call. A bug in there costs this call, never the switch: its effects are dropped with it.
    pub(super) fn with_call(&mut self, id: CallId, run: impl FnOnce(&mut Call, &mut Cx)) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let mut out = Vec::new();
        let site = self.site.clone();
        let mut names = self.names.clone();
        let survived = catch_unwind(AssertUnwindSafe(|| {
            let mut cx = Cx { now: self.now, catalog: &site.catalog, names: &mut names, out: &mut out };
            run(&mut call, &mut cx);
            call.note(&mut cx);
        }))
        .is_ok();
        self.names = names;
        self.calls.insert(id, call);
        if survived {
            self.work.extend(out.into_iter().map(|out| Work::Call(id, out)));
            self.touched.insert(id);
        } else {
            error!(call = id.0, "a bug ended this call");
            self.scrap(id);
        }
    }

    /// Starts a call and gives its first connection.
    pub(super) fn new_call(&mut self, make: impl FnOnce(&mut Cx) -> (Call, ConnectionId)) -> (CallId, ConnectionId) {
        let id = CallId(self.count());
        let mut out = Vec::new();
        let site = self.site.clone();
        let mut cx = Cx { now: self.now, catalog: &site.catalog, names: &mut self.names, out: &mut out };
        let (mut call, connection) = make(&mut cx);
        call.note(&mut cx);
        self.calls.insert(id, call);
        self.work.extend(out.into_iter().map(|out| Work::Call(id, out)));
        self.touched.insert(id);
        (id, connection)
    }

    /// Ends everything of a call without asking it.
    fn scrap(&mut self, id: CallId) {
        self.cut_short(id);
        let Some(call) = self.calls.remove(&id) else { return };
        for connection in call.connections().keys() {
            self.hang_up(*connection, Reason::Failed, None);
        }
        for contact in call.contacts().values() {
            let mut routed = Vec::new();
            self.router.leave(self.now, contact.id, &mut routed);
            for agent in self.site.agents.keys() {
                self.router.release(self.now, agent, contact.id, &mut routed);
            }
            self.work.extend(routed.into_iter().map(Work::Routing));
        }
        self.forget(id, &call);
    }

    fn forget(&mut self, id: CallId, call: &Call) {
        self.end_recordings(call);
        for contact in call.contacts().keys() {
            self.contacts.remove(contact);
        }
        for connection in call.connections().keys() {
            self.lines.remove(connection);
        }
        self.rooms.retain(|_, room| *room != id);
        self.hops.remove(&id);
        for agent in call.connections().values().filter_map(|c| c.agent.as_ref()) {
            self.let_go(call, agent);
        }
        self.arm(Alarm::Call(id), None);
        for agent in call.connections().values().filter_map(|c| c.agent.clone()) {
            if let Some(desk) = self.desks.get_mut(&agent) {
                desk.calls.remove(&id);
            }
            self.dirty.insert(agent);
        }
    }

    /// An agent has nothing to do with a call any more; whoever never answered in it has no after-call work.
    fn let_go(&mut self, call: &Call, agent: &AgentId) {
        let answered = |c: &crate::contact::Connection| c.agent.as_ref() == Some(agent) && c.answered.is_some();
        let spoke = call.connections().values().any(answered);
        let mut routed = Vec::new();
        for contact in call.contacts().keys() {
            if spoke {
                if self.router.contact_of(agent) == Some(*contact) {
                    // Shown while there is after-call work.
                    self.keep_last_of(call, *contact, agent, "ended", "After contact work");
                }
                self.router.release(self.now, agent, *contact, &mut routed);
            } else {
                self.router.vacate(self.now, agent, *contact, &mut routed);
            }
        }
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.dirty.insert(agent.clone());
    }

    /// What a call asks of the world.
    pub(super) fn on_call(&mut self, id: CallId, out: Out) {
        match out {
            Out::Ring { connection, early } => self.ring(connection, early),
            Out::Answer { connection } => self.answer(connection),
            Out::Dial { connection, contact, previous, to, from } => {
                self.dial(id, connection, contact, previous, &to, from);
            }
            Out::HangUp { connection, why, like } => self.hang_up(connection, why, like),
            Out::Enqueue { contact, place, direct } => self.enqueue(id, contact, place, direct),
            Out::Requeue { contact, place, since } => self.requeue(id, contact, &place, since),
            Out::Prioritise { contact, precedence } => {
                let mut routed = Vec::new();
                self.router.prioritise(self.now, contact, precedence, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
            }
            Out::Measure { contact, metric, place } => {
                let figure = self.figure(metric, &place);
                self.with_call(id, |call, cx| call.measured(cx, contact, figure));
            }
            Out::Dequeue { contact } => {
                let mut routed = Vec::new();
                self.router.leave(self.now, contact, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
            }
            Out::OfferEnded { contact, agent, failure } => self.offer_ended(id, contact, &agent, failure),
            Out::Occupy { contact, agent } => {
                let mut routed = Vec::new();
                self.router.occupy(self.now, &agent, contact, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
            }
            Out::Monitor { contact, agent } => {
                let mut routed = Vec::new();
                self.router.monitor(self.now, &agent, contact, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
            }
            Out::Calls { contact, agent } => self.agent_calls(contact, agent),
            Out::InVain { contact, agent, why, himself } => self.called_in_vain(id, contact, agent, why, himself),
            Out::Vacate { contact, agent } => {
                let mut routed = Vec::new();
                self.router.vacate(self.now, &agent, contact, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
                self.dirty.insert(agent);
            }
            Out::Transfer { connection, progress } => self.transfer_progressed(connection, progress),
            Out::Left { agent } => {
                if let Some(call) = self.calls.get(&id).cloned() {
                    self.let_go(&call, &agent);
                }
            }
            Out::Released { contact, agent } => {
                let mut routed = Vec::new();
                self.keep_last(id, contact, &agent, "ended", "After contact work");
                self.router.release(self.now, &agent, contact, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
                self.dirty.insert(agent);
            }
            Out::Digits { connection, digits } => {
                let leg = self.lines.get(&connection).and_then(|line| line.legs.first()).copied();
                if let Some(leg) = leg {
                    self.with_leg(leg, |leg, doors| leg.digits(&digits, doors));
                }
            }
            Out::Event { contact, event } => self.contact_event(id, contact, event),
        }
    }

    fn enqueue(&mut self, id: CallId, contact: ContactId, place: Place, direct: bool) {
        if !self.calls.get(&id).is_some_and(|call| call.asks_for_a_queue(contact)) {
            // It has ended in the same moment: nobody would ever take it out again.
            return;
        }
        let target = target(&place);
        let arrival = self.arrival(id, contact, self.now, Way::New);
        let mut routed = Vec::new();
        let result = match (&target, direct) {
            (Target::Agent(agent), true) => self.router.direct(self.now, contact, agent, arrival, &mut routed),
            _ => self.router.enqueue(self.now, contact, target, arrival, &mut routed),
        };
        if let Err(refused) = &result {
            info!(contact = %contact, %refused, "not queued");
        }
        // The contact learns that it is queued before it learns that it is offered.
        let unreachable = matches!(&place, Place::Agent(agent) if !self.router.is_reachable(agent));
        let admission = match &result {
            Ok(()) if unreachable => Admission::Unreachable,
            Ok(()) => Admission::Waiting,
            Err(_) if direct && unreachable => Admission::Refused(Reason::Unreachable),
            Err(routing::Refused::AtCapacity) => Admission::AtCapacity(Reason::Busy),
            Err(routing::Refused::AgentBusy) => Admission::Refused(Reason::Busy),
            Err(_) => Admission::Refused(Reason::Failed),
        };
        self.with_call(id, |call, cx| call.enqueued(cx, contact, place, direct, admission));
        self.work.extend(routed.into_iter().map(Work::Routing));
    }

    fn arrival(&self, id: CallId, contact: ContactId, since: Time, way: Way) -> Arrival {
        let k = self.calls.get(&id).and_then(|c| c.contacts().get(&contact));
        let transferred = way == Way::New && k.is_some_and(|k| k.previous.is_some());
        let precedence = k.map(|k| k.precedence).unwrap_or_default();
        Arrival { precedence, since, way: if transferred { Way::Transferred } else { way } }
    }

    /// Its agent dropped before they were connected: it waits again, as long as it has waited.
    fn requeue(&mut self, id: CallId, contact: ContactId, place: &Place, since: Time) {
        let arrival = self.arrival(id, contact, since, Way::Returned);
        let mut routed = Vec::new();
        if let Err(refused) = self.router.enqueue(self.now, contact, target(place), arrival, &mut routed) {
            // It is gone with a reload: nobody would ever come.
            info!(contact = %contact, %refused, "not queued again");
            self.with_call(id, |call, cx| call.give_up(cx, contact));
        }
        self.work.extend(routed.into_iter().map(Work::Routing));
    }

    /// What CheckMetricData asks of a queue.
    fn figure(&self, metric: Metric, place: &Place) -> Option<u64> {
        let metrics = self.router.metrics(&target(place))?;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Some(match metric {
            Metric::AgentsAvailable => count(metrics.available),
            Metric::AgentsStaffed => count(metrics.staffed),
            Metric::AgentsOnline => count(metrics.online),
            Metric::ContactsInQueue => count(metrics.contacts),
            Metric::OldestContactAge => metrics.oldest.map_or(0, |since| self.now.since(since).as_secs()),
        })
    }

    fn offer_ended(&mut self, id: CallId, contact: ContactId, agent: &AgentId, failure: Option<Reason>) {
        let mut routed = Vec::new();
        match failure {
            None => self.router.accepted(self.now, agent, contact, &mut routed),
            Some(Reason::Cancelled) => {}
            Some(why) => {
                let (trouble, state) = self.trouble_of(agent, why);
                let banner = match trouble {
                    Trouble::FailedConnect => "Failed to connect",
                    Trouble::HungUp => "Hung up",
                    _ => why_not(why),
                };
                self.keep_last(id, contact, agent, state, banner);
                self.router.failed(self.now, agent, contact, trouble, &mut routed);
            }
        }
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.leave_desk(id, agent);
        self.dirty.insert(agent.clone());
    }

    /// The state of an agent whose phone was called in vain, and that of the contact on her screen.
    pub(super) fn trouble_of(&self, agent: &AgentId, why: Reason) -> (Trouble, &'static str) {
        match why {
            Reason::Rejected => (Trouble::Rejected, "rejected"),
            Reason::NoAnswer => (Trouble::Missed, "missed"),
            Reason::Busy => (Trouble::LineEngaged, "error"),
            // Registered, and yet it does not answer SIP; or gone from where it was.
            Reason::Unreachable if self.router.is_reachable(agent) => (Trouble::FailedConnect, "error"),
            Reason::Unreachable => (Trouble::BadAddress, "error"),
            Reason::HungUp | Reason::Dropped | Reason::Left => (Trouble::HungUp, "error"),
            Reason::Failed | Reason::Cancelled => (Trouble::FailedConnect, "error"),
        }
    }

    /// A row that was an agent's for one offer is hers no more, nor is the call.
    fn leave_desk(&mut self, id: CallId, agent: &AgentId) {
        let hers = |call: &Call| call.connections().values().any(|c| c.agent.as_ref() == Some(agent));
        if !self.calls.get(&id).is_some_and(hers)
            && let Some(desk) = self.desks.get_mut(agent)
        {
            desk.calls.remove(&id);
        }
    }

    /// What routing has decided.
    pub(super) fn on_routing(&mut self, out: crate::routing::Out) {
        match out {
            crate::routing::Out::Offer { agent, contact } => match self.contacts.get(&contact).copied() {
                Some(id) => {
                    if let Some(desk) = self.desks.get_mut(&agent) {
                        desk.last = None;
                    }
                    self.with_call(id, |call, cx| call.offer(cx, contact, &agent));
                }
                None => {
                    let mut routed = Vec::new();
                    self.router.leave(self.now, contact, &mut routed);
                    self.work.extend(routed.into_iter().map(Work::Routing));
                }
            },
            crate::routing::Out::QueueGone { contact } => {
                info!(%contact, "its queue is gone");
                if let Some(id) = self.contacts.get(&contact).copied() {
                    self.with_call(id, |call, cx| call.give_up(cx, contact));
                }
            }
            // The call that left has ended its own ringing.
            crate::routing::Out::Withdraw { .. } => {}
            crate::routing::Out::State(agent) => {
                self.look_at_work(&agent);
                self.dirty.insert(agent);
            }
        }
    }

    /// Gives every leg of a call what the call's plan wants of it, and lets a call go that is over.
    pub(super) fn carry_out(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let plan = call.plan();
        let deadline = call.deadline();
        let over = call.is_over();
        for agent in call.connections().values().filter_map(|c| c.agent.as_ref()) {
            if let Some(desk) = self.desks.get_mut(agent) {
                desk.calls.insert(id);
            }
            self.dirty.insert(agent.clone());
        }
        for contact in call.contacts().keys() {
            self.contacts.insert(*contact, id);
        }
        self.gather(id);
        for (connection, want) in plan {
            let Some(leg) = self.voice(connection) else { continue };
            let source = match want.hears {
                Hears::Silence => Source::Silence,
                Hears::Sound(sounding) => Source::Play {
                    play: sounding.play,
                    sounds: sounding.sounds.iter().map(sound).collect(),
                    repeat: sounding.repeat,
                },
                Hears::Parties(parties) => Source::Hear(
                    parties
                        .iter()
                        .filter_map(|c| self.voice(*c))
                        .filter_map(|leg| self.legs.get(&leg))
                        .map(|leg| leg.port)
                        .collect(),
                ),
            };
            // Whoever was called by a trunk goes on seeing the number that he was called with.
            let by_trunk = self.lines.get(&connection).is_some_and(|line| line.hunt.is_some());
            let shows = want.shows.filter(|_| !by_trunk);
            let want = Want { source, heard: want.heard, held: want.held, shows };
            self.with_leg(leg, |leg, doors| leg.set(want, doors));
        }
        self.record(id);
        self.arm(Alarm::Call(id), deadline);
        if over && let Some(call) = self.calls.remove(&id) {
            self.forget(id, &call);
        }
    }

    /// Draws again the screens that may have changed.
    pub(super) fn draw(&mut self) {
        for agent in std::mem::take(&mut self.dirty) {
            self.drop_cleared(&agent);
            self.remember(&agent);
            let Some(snapshot) = self.snapshot(&agent) else { continue };
            let Some(desk) = self.desks.get_mut(&agent) else { continue };
            if desk.shown.as_deref() != Some(&snapshot) {
                let snapshot = std::sync::Arc::new(snapshot);
                desk.shown = Some(snapshot.clone());
                self.outputs.push_back(Output::Ccp(agent, CcpEvent::Snapshot(snapshot)));
            }
        }
    }
}

fn target(place: &Place) -> Target {
    match place {
        Place::Queue(queue) => Target::Queue(queue.clone()),
        Place::Agent(agent) => Target::Agent(agent.clone()),
    }
}

fn sound(heard: &Heard) -> Sound {
    match heard {
        Heard::Prompt(prompt) => Sound::Prompt(prompt.clone()),
        Heard::Pause(time) => Sound::Pause(*time),
        Heard::Tone(HeardTone::Beep) => Sound::Tone(Tone::Beep),
        Heard::Tone(HeardTone::Ringback) => Sound::Tone(Tone::Ringback),
        Heard::Tone(HeardTone::Busy) => Sound::Tone(Tone::Busy),
        Heard::Tone(HeardTone::Congestion) => Sound::Tone(Tone::Congestion),
    }
}
