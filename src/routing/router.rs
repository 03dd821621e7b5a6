//! The decisions: who is offered which contact, when, and what follows from how the offer went.

use super::agent::{Activity, Agent, OFFLINE, State, Trouble};
use super::queue::{Arrival, Precedence, Queue, Target, Turn, Way};
use super::setup::{QueueSetup, Setup};
use crate::ids::{AgentId, ContactId, QueueId};
use crate::limits;
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What routing has decided or noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Ring this agent for this contact; say how it went by `accepted` or `failed`.
    Offer { agent: AgentId, contact: ContactId },
    /// The contact is gone while it was being offered: stop ringing.
    Withdraw { agent: AgentId, contact: ContactId },
    /// The contact waited where nobody can be waited for any more: it is to go elsewhere.
    QueueGone { contact: ContactId },
    /// Status, next status or state changed.
    State(AgentId),
}

/// Why a contact cannot be put where it should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("there is no such queue or agent")]
    Unknown,
    #[error("the queue is at capacity")]
    AtCapacity,
    #[error("the queue is disabled")]
    Disabled,
    #[error("the contact is in a queue already")]
    AlreadyQueued,
    #[error("the agent is not free")]
    AgentBusy,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub target: Target,
    pub turn: Turn,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Offered(AgentId),
    /// She has answered; the contact leaves the queue when her whisper is over.
    Accepted(AgentId),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Queue(Target),
    Agent(AgentId),
}

#[derive(Clone, Debug, Default)]
pub struct Router {
    pub(super) setup: Setup,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(super) queues: BTreeMap<Target, Queue>,
    pub(super) contacts: BTreeMap<ContactId, Entry>,
    alarms: BTreeSet<(Time, Alarm)>,
    arrivals: u64,
}

impl Router {
    #[must_use]
    pub fn new(now: Time, setup: Setup) -> Self {
        let mut router = Router::default();
        router.reload(now, setup, &mut Vec::new());
        router
    }

    /// Another installation. Who talks goes on talking, and who waits goes on waiting, unless his queue is gone; an agent who
    /// is gone gets nothing new.
    pub fn reload(&mut self, now: Time, setup: Setup, out: &mut Vec<Out>) {
        let known: Vec<AgentId> = self.agents.keys().cloned().collect();
        for id in &known {
            self.unlist(id);
        }
        for (id, setup) in &setup.agents {
            let agent = self.agents.entry(id.clone()).or_insert_with(|| Agent::new(setup.clone(), now));
            agent.setup = setup.clone();
            agent.leaving = false;
            self.queues.entry(Target::Agent(id.clone())).or_default();
        }
        for queue in setup.queues.keys() {
            self.queues.entry(Target::Queue(queue.clone())).or_default();
        }
        self.setup = setup;
        let gone: Vec<Target> = self.queues.keys().filter(|target| !self.is_there(target)).cloned().collect();
        for target in gone {
            self.let_go(now, &target, out);
        }
        for id in known {
            if !self.setup.agents.contains_key(&id) {
                self.change(now, &id, out, |agent| {
                    agent.leaving = true;
                    agent.next_status = None;
                    OFFLINE.clone_into(&mut agent.status);
                    if matches!(agent.activity, Activity::AfterCallWork(_)) {
                        agent.free(now);
                    }
                });
            }
            self.change(now, &id, out, |_| {});
            self.serve(now, &id, out);
        }
    }

    /// Whether the installation has this queue.
    fn is_there(&self, target: &Target) -> bool {
        match target {
            Target::Queue(queue) => self.setup.queues.contains_key(queue),
            Target::Agent(agent) => self.setup.agents.contains_key(agent),
        }
    }

    /// Nobody waits in a queue that is gone. Whoever is being asked may still take the contact.
    fn let_go(&mut self, now: Time, target: &Target, out: &mut Vec<Out>) {
        let Some(queue) = self.queues.get(target) else { return };
        for contact in queue.turns().map(|turn| turn.contact).collect::<Vec<_>>() {
            self.remove(now, contact);
            out.push(Out::QueueGone { contact });
        }
        self.drop_empty(target);
    }

    /// A queue that is gone is kept for those only who are being offered out of it.
    fn drop_empty(&mut self, target: &Target) {
        if !self.is_there(target) && self.queues.get(target).is_some_and(|queue| queue.entered.is_empty()) {
            self.queues.remove(target);
        }
    }

    /// Puts a contact into a queue. It is offered in its turn, perhaps at once.
    pub fn enqueue(
        &mut self,
        now: Time,
        contact: ContactId,
        target: Target,
        arrival: Arrival,
        out: &mut Vec<Out>,
    ) -> Result<(), Refused> {
        if self.contacts.contains_key(&contact) {
            return Err(Refused::AlreadyQueued);
        }
        let size = self.queues.get(&target).ok_or(Refused::Unknown)?.entered.len();
        if size >= self.limit(&target, arrival.way)? {
            return Err(Refused::AtCapacity);
        }
        self.arrivals += 1;
        let entered = arrival.since;
        let mut turn = Turn { priority: 0, since: entered, number: self.arrivals, contact, entered };
        turn.set(arrival.precedence);
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.entered.insert((entered, contact));
            queue.put(turn);
        }
        let entry = Entry { target: target.clone(), turn, stage: Stage::Waiting };
        self.contacts.insert(contact, entry);
        self.serve_queue(now, &target, out);
        Ok(())
    }

    /// How many contacts a queue takes that come this way.
    fn limit(&self, target: &Target, way: Way) -> Result<usize, Refused> {
        if !self.is_there(target) {
            return Err(Refused::Unknown);
        }
        match (target, way) {
            (_, Way::Returned) => Ok(usize::MAX),
            (Target::Agent(_), _) => Ok(limits::AGENT_QUEUE),
            (Target::Queue(queue), way) => match (self.setup.queues.get(queue).ok_or(Refused::Unknown)?, way) {
                (QueueSetup { disabled: true, .. }, _) => Err(Refused::Disabled),
                (QueueSetup { max_contacts: 0, .. }, _) => Ok(usize::MAX),
                // Connect lets transfers exceed the limit by a fifth.
                (QueueSetup { max_contacts, .. }, Way::Transferred) => Ok(max_contacts + max_contacts / 5),
                (QueueSetup { max_contacts, .. }, _) => Ok(*max_contacts),
            },
        }
    }

    /// A contact that waits gets another turn.
    pub fn prioritise(&mut self, now: Time, contact: ContactId, precedence: Precedence, out: &mut Vec<Out>) {
        let Some(entry) = self.contacts.get_mut(&contact) else { return };
        let old = entry.turn;
        entry.turn.set(precedence);
        let (target, turn, waits) = (entry.target.clone(), entry.turn, entry.stage == Stage::Waiting);
        if let (true, Some(queue)) = (waits, self.queues.get_mut(&target)) {
            queue.take(&old);
            queue.put(turn);
            self.serve_queue(now, &target, out);
        }
    }

    /// To this agent now or never: she is pulled out of after-call work, but not out of a contact or a status.
    pub fn direct(
        &mut self,
        now: Time,
        contact: ContactId,
        id: &AgentId,
        arrival: Arrival,
        out: &mut Vec<Out>,
    ) -> Result<(), Refused> {
        let agent = self.agents.get(id).ok_or(Refused::Unknown)?;
        let mut free = agent.clone();
        if matches!(free.activity, Activity::AfterCallWork(_)) {
            free.free(now);
        }
        if !free.is_routable() {
            return Err(Refused::AgentBusy);
        }
        // In her queue before she is pulled out, so that nothing else can come first.
        let first = Precedence { priority: 0, ..arrival.precedence };
        self.enqueue(now, contact, Target::Agent(id.clone()), Arrival { precedence: first, ..arrival }, out)?;
        if let Some(Activity::AfterCallWork(_)) = self.agents.get(id).map(|agent| agent.activity) {
            self.change(now, id, out, |agent| agent.free(now));
            self.serve(now, id, out);
        }
        Ok(())
    }

    /// The contact is no longer to be routed: it was given up, or ended. Whoever has accepted it keeps it until
    /// `release`.
    pub fn leave(&mut self, now: Time, contact: ContactId, out: &mut Vec<Out>) {
        let Some(entry) = self.remove(now, contact) else { return };
        if let Stage::Offered(agent) = entry.stage {
            out.push(Out::Withdraw { agent: agent.clone(), contact });
            // She did nothing, so she keeps her place among the idle; but what she chose meanwhile holds now.
            self.change(now, &agent, out, |agent| {
                let since = agent.idle_since;
                agent.free(now);
                agent.idle_since = since;
            });
            self.serve(now, &agent, out);
        }
    }

    /// The agent has answered. The contact stays in its queue while she hears her whisper.
    pub fn accepted(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        let Some(entry) = self.contacts.get_mut(&contact) else { return };
        if entry.stage == Stage::Offered(id.clone()) {
            entry.stage = Stage::Accepted(id.clone());
            self.change(now, id, out, |agent| agent.activity = Activity::Busy(contact));
        }
    }

    /// The agent's whisper is over: the contact leaves its queue and is hers.
    pub fn dequeue(&mut self, now: Time, contact: ContactId) {
        if matches!(self.contacts.get(&contact), Some(Entry { stage: Stage::Accepted(_), .. })) {
            self.remove(now, contact);
        }
    }

    /// The offer came to nothing, or she hung up in a whisper: the contact waits on in its old turn, unless it has left
    /// its queue already, and she is not offered anything until she says that she is available.
    pub fn failed(&mut self, now: Time, id: &AgentId, contact: ContactId, why: Trouble, out: &mut Vec<Out>) {
        let troubled = |agent: &mut Agent| {
            agent.free(now);
            agent.trouble = Some(why);
        };
        let Some(entry) = self.contacts.get_mut(&contact) else {
            if self.agents.get(id).is_some_and(|agent| agent.activity == Activity::Busy(contact)) {
                self.change(now, id, out, troubled);
            }
            return;
        };
        if entry.stage != Stage::Offered(id.clone()) && entry.stage != Stage::Accepted(id.clone()) {
            return;
        }
        entry.stage = Stage::Waiting;
        let (target, turn) = (entry.target.clone(), entry.turn);
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.put(turn);
        }
        self.change(now, id, out, troubled);
        if !self.is_there(&target) {
            return self.let_go(now, &target, out);
        }
        self.serve_queue(now, &target, out);
    }

    /// The agent is on a contact that came to her by no queue: a direct call, or one that she made. While she has
    /// another in hand, or is being offered one, it is hers besides.
    pub fn occupy(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| match agent.activity {
            Activity::Idle | Activity::AfterCallWork(_) => agent.activity = Activity::Busy(contact),
            // The customer has answered.
            Activity::Calling(on) if on == contact => agent.activity = Activity::Busy(contact),
            Activity::Busy(on) if on == contact => {}
            Activity::Busy(_) | Activity::Offered(_) | Activity::Calling(_) if agent.besides.contains(&contact) => {}
            Activity::Busy(_) | Activity::Offered(_) | Activity::Calling(_) => agent.besides.push(contact),
        });
    }

    /// A supervisor listens to somebody else's contact: nothing is offered to him, and no after-call work follows.
    pub fn monitor(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        if let Some(agent) = self.agents.get_mut(id) {
            agent.monitors = Some(contact);
        }
        self.occupy(now, id, contact, out);
    }

    /// An agent who has nothing in hand calls a customer: nothing is offered to him.
    pub fn calls(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| {
            if matches!(agent.activity, Activity::Idle | Activity::AfterCallWork(_)) {
                agent.trouble = None;
                agent.activity = Activity::Calling(contact);
            }
        });
    }

    /// He has called in vain, and is offered nothing until he has seen it.
    pub fn called_in_vain(&mut self, now: Time, id: &AgentId, contact: ContactId, why: Trouble, out: &mut Vec<Out>) {
        if self.agents.get(id).is_some_and(|agent| agent.activity == Activity::Calling(contact)) {
            self.change(now, id, out, |agent| {
                agent.free(now);
                agent.trouble = Some(why);
            });
        }
    }

    /// Whether he could call somebody now: he has nothing in hand, and nothing is being offered to him.
    #[must_use]
    pub fn may_call(&self, id: &AgentId) -> bool {
        let idle = |agent: &Agent| matches!(agent.activity, Activity::Idle | Activity::AfterCallWork(_));
        self.agents.get(id).is_some_and(|agent| idle(agent) && !agent.leaving)
    }

    /// The agent has left her contact: after-call work, then what she chose.
    pub fn release(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        if let Some(agent) = self.agents.get_mut(id) {
            agent.besides.retain(|other| *other != contact);
        }
        if self.agents.get(id).is_some_and(|agent| agent.activity == Activity::Busy(contact)) {
            self.change(now, id, out, |agent| agent.finish(now));
            self.serve(now, id, out);
        }
    }

    /// A contact that she was called for has come to nothing for her: no after-call work follows from what never was.
    pub fn vacate(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        if let Some(agent) = self.agents.get_mut(id) {
            agent.besides.retain(|other| *other != contact);
        }
        let is_hers = |agent: &Agent| [Activity::Busy(contact), Activity::Calling(contact)].contains(&agent.activity);
        if self.agents.get(id).is_some_and(is_hers) {
            self.change(now, id, out, |agent| agent.free(now));
            self.serve(now, id, out);
        }
    }

    /// She clears her contact: after-call work is over, an offer that came to nothing is seen.
    pub fn clear(&mut self, now: Time, id: &AgentId, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| {
            let working = matches!(agent.activity, Activity::AfterCallWork(_));
            if working || (agent.activity == Activity::Idle && agent.trouble.is_some()) {
                agent.trouble = None;
                agent.free(now);
            }
        });
        self.serve(now, id, out);
    }

    /// She chooses a status. While on a contact or being offered one it is her next status.
    pub fn set_status(&mut self, now: Time, id: &AgentId, status: &str, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| agent.choose(now, status));
        self.serve(now, id, out);
    }

    /// A phone of hers has registered, or the last one is gone.
    pub fn reachable(&mut self, now: Time, id: &AgentId, reachable: bool, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| {
            if reachable && !agent.reachable && agent.activity == Activity::Idle {
                agent.idle_since = now;
            }
            agent.reachable = reachable;
        });
        self.serve(now, id, out);
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.alarms.first().map(|(time, _)| *time)
    }

    /// Delays pass, after-call work ends.
    pub fn wake(&mut self, now: Time, out: &mut Vec<Out>) {
        while self.alarms.first().is_some_and(|(time, _)| *time <= now) {
            match self.alarms.pop_first() {
                Some((_, Alarm::Queue(target))) => {
                    if let Some(queue) = self.queues.get_mut(&target) {
                        queue.alarm = None;
                    }
                    self.serve_queue(now, &target, out);
                }
                Some((time, Alarm::Agent(id))) => {
                    if self.agents.get(&id).is_some_and(|a| a.activity == Activity::AfterCallWork(Some(time))) {
                        self.change(now, &id, out, |agent| agent.free(now));
                        self.serve(now, &id, out);
                    }
                }
                None => return,
            }
        }
    }

    #[must_use]
    pub fn state(&self, id: &AgentId) -> Option<State> {
        self.agents.get(id).map(Agent::state)
    }

    #[must_use]
    pub fn status(&self, id: &AgentId) -> Option<&str> {
        self.agents.get(id).map(|agent| agent.status.as_str())
    }

    #[must_use]
    pub fn next_status(&self, id: &AgentId) -> Option<&str> {
        self.agents.get(id)?.next_status.as_deref()
    }

    /// Whether an offer could reach her at all.
    #[must_use]
    pub fn is_reachable(&self, id: &AgentId) -> bool {
        self.agents.get(id).is_some_and(|agent| agent.reachable)
    }

    /// The contact she is offered or on.
    #[must_use]
    pub fn contact_of(&self, id: &AgentId) -> Option<ContactId> {
        match self.agents.get(id)?.activity {
            Activity::Offered(contact) | Activity::Calling(contact) | Activity::Busy(contact) => Some(contact),
            Activity::Idle | Activity::AfterCallWork(_) => None,
        }
    }

    #[must_use]
    pub fn is_queued(&self, contact: ContactId) -> bool {
        self.contacts.contains_key(&contact)
    }

    /// How many contacts are in a queue, those being offered included.
    #[must_use]
    pub fn size(&self, target: &Target) -> usize {
        self.queues.get(target).map_or(0, |queue| queue.entered.len())
    }

    /// How many agents could take a contact of this queue now, their delay aside.
    #[must_use]
    pub fn available(&self, queue: &QueueId) -> usize {
        let queue = self.queues.get(&Target::Queue(queue.clone()));
        queue.map_or(0, |queue| queue.idle.values().map(BTreeSet::len).sum())
    }

    /// Changes an agent, keeps her idle lists and her alarm true to it, and tells what can be seen of it.
    fn change(&mut self, now: Time, id: &AgentId, out: &mut Vec<Out>, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(id) else { return };
        let seen = |agent: &Agent| (agent.state(), agent.status.clone(), agent.next_status.clone());
        let (before, worked) = (seen(agent), agent.activity);
        change(agent);
        let (after, works) = (seen(agent), agent.activity);
        let want = agent.is_routable().then_some(agent.idle_since);
        let have = agent.listed;
        let gone = agent.leaving && works == Activity::Idle;
        if worked != works {
            if let Activity::AfterCallWork(Some(until)) = worked {
                self.alarms.remove(&(until, Alarm::Agent(id.clone())));
            }
            if let Activity::AfterCallWork(Some(until)) = works {
                self.alarms.insert((until, Alarm::Agent(id.clone())));
            }
        }
        if want != have {
            self.unlist(id);
            if let Some(since) = want {
                for (target, _, delay) in self.served(id) {
                    if let Some(queue) = self.queues.get_mut(&target) {
                        queue.list(delay, since, id);
                    }
                    self.set_alarm(now, &target);
                }
                if let Some(agent) = self.agents.get_mut(id) {
                    agent.listed = Some(since);
                }
            }
        }
        if gone {
            self.agents.remove(id);
        }
        if before != after {
            out.push(Out::State(id.clone()));
        }
    }

    fn unlist(&mut self, id: &AgentId) {
        let Some(since) = self.agents.get_mut(id).and_then(|agent| agent.listed.take()) else { return };
        for (target, _, delay) in self.served(id) {
            if let Some(queue) = self.queues.get_mut(&target) {
                queue.unlist(delay, since, id);
            }
        }
    }

    /// The queues an agent serves, with priority and delay: her own before all.
    fn served(&self, id: &AgentId) -> Vec<(Target, u8, Duration)> {
        let own = (Target::Agent(id.clone()), 0, Duration::ZERO);
        let profile = self.agents.get(id).and_then(|agent| self.setup.profiles.get(&agent.setup.profile));
        let served = profile.into_iter().flat_map(|profile| &profile.queues);
        std::iter::once(own)
            .chain(served.map(|served| (Target::Queue(served.queue.clone()), served.priority.max(1), served.delay)))
            .collect()
    }

    /// Finds an idle agent the contact she is to have: by the priority of the queue, then by the contact's turn.
    fn serve(&mut self, now: Time, id: &AgentId, out: &mut Vec<Out>) {
        if self.agents.get(id).is_none_or(|agent| agent.listed.is_none()) {
            return;
        }
        let best = self
            .served(id)
            .into_iter()
            .filter_map(|(target, priority, delay)| Some((priority, self.queues.get(&target)?.first(now, delay)?)))
            .min();
        if let Some((_, turn)) = best {
            self.offer(now, id.clone(), turn.contact, out);
        }
    }

    /// Finds the contacts of a queue their agents, as long as there are both.
    fn serve_queue(&mut self, now: Time, target: &Target, out: &mut Vec<Out>) {
        while let Some(queue) = self.queues.get(target) {
            let first = queue.idle.keys().filter_map(|delay| queue.first(now, *delay)).min();
            let Some(turn) = first else { break };
            let Some(agent) = queue.longest_idle(now, turn.priority) else { break };
            self.offer(now, agent, turn.contact, out);
        }
        self.set_alarm(now, target);
    }

    fn offer(&mut self, now: Time, id: AgentId, contact: ContactId, out: &mut Vec<Out>) {
        let Some(entry) = self.contacts.get_mut(&contact) else { return };
        entry.stage = Stage::Offered(id.clone());
        let (target, turn) = (entry.target.clone(), entry.turn);
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.take(&turn);
        }
        self.change(now, &id, out, |agent| agent.activity = Activity::Offered(contact));
        self.set_alarm(now, &target);
        out.push(Out::Offer { agent: id, contact });
    }

    fn remove(&mut self, now: Time, contact: ContactId) -> Option<Entry> {
        let entry = self.contacts.remove(&contact)?;
        if let Some(queue) = self.queues.get_mut(&entry.target) {
            queue.entered.remove(&(entry.turn.entered, contact));
            queue.take(&entry.turn);
        }
        self.set_alarm(now, &entry.target);
        self.drop_empty(&entry.target);
        Some(entry)
    }

    fn set_alarm(&mut self, now: Time, target: &Target) {
        let Some(queue) = self.queues.get_mut(target) else { return };
        let next = queue.next_alarm(now);
        if next != queue.alarm {
            if let Some(old) = queue.alarm.take() {
                self.alarms.remove(&(old, Alarm::Queue(target.clone())));
            }
            queue.alarm = next;
            if let Some(next) = next {
                self.alarms.insert((next, Alarm::Queue(target.clone())));
            }
        }
    }
}
