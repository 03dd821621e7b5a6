//! The decisions: who is offered which contact, when, and what follows from how the offer went.

use super::agent::{Activity, Agent, OFFLINE, State, Trouble};
use super::queue::{Arrival, Queue, Target, Turn};
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
    #[error("the contact is in a queue already")]
    AlreadyQueued,
    #[error("the agent is not free")]
    AgentBusy,
}

#[derive(Clone, Debug)]
struct Entry {
    target: Target,
    turn: Turn,
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
    setup: Setup,
    agents: BTreeMap<AgentId, Agent>,
    queues: BTreeMap<Target, Queue>,
    contacts: BTreeMap<ContactId, Entry>,
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

    /// Another installation. Who waits goes on waiting, who talks goes on talking; an agent who is gone gets nothing new.
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
        for id in known {
            if !self.setup.agents.contains_key(&id) {
                self.change(now, &id, out, |agent| {
                    agent.leaving = true;
                    agent.next_status = None;
                    OFFLINE.clone_into(&mut agent.status);
                });
            }
            self.change(now, &id, out, |_| {});
            self.serve(now, &id, out);
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
        let size = self.queues.get(&target).ok_or(Refused::Unknown)?.size;
        let limit = match &target {
            Target::Agent(agent) if !self.setup.agents.contains_key(agent) => return Err(Refused::Unknown),
            Target::Agent(_) => limits::AGENT_QUEUE,
            Target::Queue(queue) => match self.setup.queues.get(queue).ok_or(Refused::Unknown)? {
                QueueSetup { max_contacts: 0 } => usize::MAX,
                // Connect lets transfers exceed the limit by a fifth.
                QueueSetup { max_contacts } if arrival.transferred => max_contacts + max_contacts / 5,
                QueueSetup { max_contacts } => *max_contacts,
            },
        };
        if size >= limit {
            return Err(Refused::AtCapacity);
        }
        self.arrivals += 1;
        let turn = Turn { priority: arrival.priority, since: arrival.since, number: self.arrivals, contact };
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.size += 1;
            queue.put(turn);
        }
        self.contacts.insert(contact, Entry { target: target.clone(), turn, stage: Stage::Waiting });
        self.serve_queue(now, &target, out);
        Ok(())
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
        self.enqueue(now, contact, Target::Agent(id.clone()), Arrival { priority: 0, ..arrival }, out)?;
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

    /// The offer came to nothing, or she hung up in her whisper: the contact waits on in its old turn, and she is not
    /// offered anything until she says that she is available.
    pub fn failed(&mut self, now: Time, id: &AgentId, contact: ContactId, why: Trouble, out: &mut Vec<Out>) {
        let Some(entry) = self.contacts.get_mut(&contact) else { return };
        if entry.stage != Stage::Offered(id.clone()) && entry.stage != Stage::Accepted(id.clone()) {
            return;
        }
        entry.stage = Stage::Waiting;
        let (target, turn) = (entry.target.clone(), entry.turn);
        if let Some(queue) = self.queues.get_mut(&target) {
            queue.put(turn);
        }
        self.change(now, id, out, |agent| {
            agent.free(now);
            agent.trouble = Some(why);
        });
        self.serve_queue(now, &target, out);
    }

    /// The agent is on a contact that came to her by no queue: a direct call, or one that she made. While she has
    /// another in hand, or is being offered one, it is hers besides.
    pub fn occupy(&mut self, now: Time, id: &AgentId, contact: ContactId, out: &mut Vec<Out>) {
        self.change(now, id, out, |agent| match agent.activity {
            Activity::Idle | Activity::AfterCallWork(_) => agent.activity = Activity::Busy(contact),
            Activity::Busy(on) if on == contact => {}
            Activity::Busy(_) | Activity::Offered(_) if agent.besides.contains(&contact) => {}
            Activity::Busy(_) | Activity::Offered(_) => agent.besides.push(contact),
        });
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
        if self.agents.get(id).is_some_and(|agent| agent.activity == Activity::Busy(contact)) {
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
            Activity::Offered(contact) | Activity::Busy(contact) => Some(contact),
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
        self.queues.get(target).map_or(0, |queue| queue.size)
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
            let Some(agent) = queue.longest_idle(now, turn.since) else { break };
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
            queue.size = queue.size.saturating_sub(1);
            queue.take(&entry.turn);
        }
        self.set_alarm(now, &entry.target);
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

#[cfg(test)]
mod tests {
    use super::super::setup::{AfterCallWork, AgentSetup, Profile, Served};
    use super::*;
    use crate::ids::RoutingProfileId;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn contact(n: u64) -> ContactId {
        ContactId::parse(&format!("{n:032x}")).unwrap()
    }

    /// ann and bob serve sales, then help; cat serves help first and sales after 10 s; dan serves no queue but works
    /// 5 s after each call, eve until she clears it.
    fn router() -> Router {
        let agent = |profile: &str, after_call_work| AgentSetup {
            profile: profile.into(),
            initial_status: super::super::AVAILABLE.into(),
            after_call_work,
        };
        let served =
            |queue: &str, priority, delay| Served { queue: queue.into(), priority, delay: Duration::from_secs(delay) };
        let none = AfterCallWork::None;
        let setup = Setup {
            agents: [
                ("ann", agent("sellers", none)),
                ("bob", agent("sellers", none)),
                ("cat", agent("helpers", none)),
                ("dan", agent("nobody", AfterCallWork::For(Duration::from_secs(5)))),
                ("eve", agent("nobody", AfterCallWork::Manual)),
            ]
            .map(|(id, agent)| (AgentId::from(id), agent))
            .into(),
            profiles: [
                ("sellers", vec![served("sales", 1, 0), served("help", 2, 0)]),
                ("helpers", vec![served("help", 1, 0), served("sales", 1, 10)]),
            ]
            .map(|(id, queues)| (RoutingProfileId::from(id), Profile { queues }))
            .into(),
            queues: [("sales", 5), ("help", 0)]
                .map(|(id, max_contacts)| (QueueId::from(id), QueueSetup { max_contacts }))
                .into(),
        };
        Router::new(at(0), setup)
    }

    /// One line of a scenario: `SECONDS DEED ARGUMENTS`, and what came of it: offers as `agent<contact`, withdrawals as
    /// `agent>contact`, changes as `agent:State`.
    fn play(router: &mut Router, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let now = at(words[0].parse().unwrap());
        let mut out = Vec::new();
        router.wake(now, &mut out);
        let number = |place: usize| contact(words[place].parse().unwrap());
        let agent = |place: usize| AgentId::from(words[place]);
        let target = |place: usize| match words[place] {
            queue @ ("sales" | "help" | "nothing") => Target::Queue(queue.into()),
            agent => Target::Agent(agent.into()),
        };
        let mut refused = None;
        match words[1] {
            "wait" => {}
            "phone" => router.reachable(now, &agent(2), true, &mut out),
            "gone" => router.reachable(now, &agent(2), false, &mut out),
            "status" => router.set_status(now, &agent(2), words[3], &mut out),
            "queue" => refused = router.enqueue(now, number(2), target(3), Arrival::at(now), &mut out).err(),
            "urgent" => {
                let arrival = Arrival { priority: 1, ..Arrival::at(now) };
                refused = router.enqueue(now, number(2), target(3), arrival, &mut out).err();
            }
            "transfer" => {
                let arrival = Arrival { transferred: true, ..Arrival::at(now) };
                refused = router.enqueue(now, number(2), target(3), arrival, &mut out).err();
            }
            "direct" => refused = router.direct(now, number(2), &agent(3), Arrival::at(now), &mut out).err(),
            "leave" => router.leave(now, number(2), &mut out),
            "accept" => router.accepted(now, &agent(2), number(3), &mut out),
            "dequeue" => router.dequeue(now, number(2)),
            "missed" => router.failed(now, &agent(2), number(3), Trouble::Missed, &mut out),
            "rejected" => router.failed(now, &agent(2), number(3), Trouble::Rejected, &mut out),
            "hungup" => router.failed(now, &agent(2), number(3), Trouble::HungUp, &mut out),
            "occupy" => router.occupy(now, &agent(2), number(3), &mut out),
            "release" => router.release(now, &agent(2), number(3), &mut out),
            "vacate" => router.vacate(now, &agent(2), number(3), &mut out),
            "clear" => router.clear(now, &agent(2), &mut out),
            deed => panic!("no deed {deed}"),
        }
        let number = |contact: ContactId| u128::from_str_radix(&contact.to_string().replace('-', ""), 16).unwrap();
        let mut told: Vec<String> = out
            .iter()
            .map(|out| match out {
                Out::Offer { agent, contact } => format!("{agent}<{}", number(*contact)),
                Out::Withdraw { agent, contact } => format!("{agent}>{}", number(*contact)),
                Out::State(agent) => match router.next_status(agent) {
                    Some(next) => format!("{agent}:{}/{next}", router.state(agent).unwrap()),
                    None => format!("{agent}:{}", router.state(agent).unwrap()),
                },
            })
            .collect();
        // Two changes in one event read alike, as the state is asked for afterwards.
        told.dedup();
        told.extend(refused.map(|why| format!("{why:?}")));
        told.join(" ")
    }

    fn scenario(lines: &[(&str, &str)]) -> Router {
        let mut router = router();
        for (line, told) in lines {
            assert_eq!(play(&mut router, line), *told, "{line}");
        }
        router
    }

    #[test]
    fn the_longest_idle_is_offered_first() {
        scenario(&[
            ("1 phone bob", "bob:Available"),
            ("2 phone ann", "ann:Available"),
            ("3 queue 1 sales", "bob:PendingBusy bob<1"),
            ("4 queue 2 sales", "ann:PendingBusy ann<2"),
            ("5 accept bob 1", "bob:Busy"),
            ("5 accept ann 2", "ann:Busy"),
            ("6 dequeue 1", ""),
            ("7 release bob 1", "bob:Available"),
            ("8 release ann 2", "ann:Available"),
            ("9 queue 3 sales", "bob:PendingBusy bob<3"),
        ]);
    }

    #[test]
    fn who_was_only_rung_keeps_her_place() {
        scenario(&[
            ("1 phone bob", "bob:Available"),
            ("2 phone ann", "ann:Available"),
            ("3 queue 1 sales", "bob:PendingBusy bob<1"),
            ("4 leave 1", "bob>1 bob:Available"),
            ("5 queue 2 sales", "bob:PendingBusy bob<2"),
        ]);
    }

    #[test]
    fn contacts_go_by_queue_priority_then_their_own_then_age() {
        scenario(&[
            ("1 queue 1 help", ""),
            ("2 queue 2 sales", ""),
            ("3 queue 3 sales", ""),
            ("4 urgent 4 sales", ""),
            ("5 queue 5 ann", ""),
            ("6 phone ann", "ann:PendingBusy ann<5"),
            ("7 accept ann 5", "ann:Busy"),
            ("7 dequeue 5", ""),
            ("8 release ann 5", "ann:PendingBusy ann<4"),
            ("9 leave 4", "ann>4 ann:PendingBusy ann<2"),
            ("10 leave 2", "ann>2 ann:PendingBusy ann<3"),
            ("11 leave 3", "ann>3 ann:PendingBusy ann<1"),
        ]);
    }

    #[test]
    fn a_profile_waits_for_its_delay() {
        let mut router = scenario(&[
            ("1 phone cat", "cat:Available"),
            ("2 queue 1 sales", ""),
            ("11 wait", ""),
            ("12 wait", "cat:PendingBusy cat<1"),
            ("12 queue 2 sales", ""),
            ("13 leave 1", "cat>1 cat:Available"),
            ("14 queue 3 help", "cat:PendingBusy cat<3"),
            ("30 leave 3", "cat>3 cat:PendingBusy cat<2"),
        ]);
        assert_eq!(router.deadline(), None);
        play(&mut router, "31 leave 2");
        play(&mut router, "31 queue 4 sales");
        assert_eq!(router.deadline(), Some(at(41)));
        play(&mut router, "32 leave 4");
        assert_eq!(router.deadline(), None);
    }

    #[test]
    fn an_offer_that_failed_goes_to_the_next_and_not_back() {
        let router = scenario(&[
            ("1 phone ann", "ann:Available"),
            ("2 phone bob", "bob:Available"),
            ("3 queue 1 sales", "ann:PendingBusy ann<1"),
            ("4 queue 2 ann", ""),
            ("23 missed ann 1", "ann:MissedCallAgent bob:PendingBusy bob<1"),
            ("24 rejected bob 1", "bob:RejectedCallAgent"),
            ("24 rejected bob 1", ""),
            ("25 phone bob", ""),
            ("26 clear ann", "ann:PendingBusy ann<2"),
            ("27 status bob Available", "bob:PendingBusy bob<1"),
            ("28 accept bob 1", "bob:Busy"),
            ("29 hungup bob 1", "bob:AgentHungUp"),
        ]);
        assert_eq!(router.size(&Target::Queue("sales".into())), 1);
    }

    #[test]
    fn status_and_next_status() {
        scenario(&[
            ("1 status ann Lunch", "ann:Offline"),
            ("2 phone ann", "ann:Lunch"),
            ("3 queue 1 sales", ""),
            ("4 status ann Available", "ann:PendingBusy ann<1"),
            ("5 status ann Offline", "ann:PendingBusy/Offline"),
            ("6 accept ann 1", "ann:Busy/Offline"),
            ("7 status ann Available", "ann:Busy"),
            ("8 status ann Lunch", "ann:Busy/Lunch"),
            ("9 release ann 1", "ann:Lunch"),
            ("10 gone ann", "ann:Offline"),
            ("11 phone ann", "ann:Lunch"),
        ]);
    }

    #[test]
    fn after_call_work() {
        scenario(&[
            ("1 phone dan", "dan:Available"),
            ("1 phone eve", "eve:Available"),
            ("2 queue 1 dan", "dan:PendingBusy dan<1"),
            ("2 queue 2 eve", "eve:PendingBusy eve<2"),
            ("3 accept dan 1", "dan:Busy"),
            ("3 accept eve 2", "eve:Busy"),
            ("3 dequeue 1", ""),
            ("3 dequeue 2", ""),
            ("4 queue 3 dan", ""),
            ("5 release dan 1", "dan:AfterCallWork"),
            ("5 release eve 2", "eve:AfterCallWork"),
            ("9 wait", ""),
            ("10 wait", "dan:PendingBusy dan<3"),
            ("11 clear eve", "eve:Available"),
        ]);
    }

    #[test]
    fn who_was_called_in_vain_has_no_after_call_work() {
        scenario(&[
            ("1 phone dan", "dan:Available"),
            ("1 phone eve", "eve:Available"),
            ("2 occupy dan 7", "dan:Busy"),
            ("2 occupy eve 8", "eve:Busy"),
            ("3 queue 1 dan", ""),
            ("4 vacate dan 9", ""),
            ("5 vacate dan 7", "dan:PendingBusy dan<1"),
            ("5 vacate eve 8", "eve:Available"),
        ]);
    }

    #[test]
    fn direct_is_now_or_never() {
        scenario(&[
            ("1 direct 1 dan", "AgentBusy"),
            ("1 phone dan", "dan:Available"),
            ("2 direct 1 dan", "dan:PendingBusy dan<1"),
            ("3 direct 2 dan", "AgentBusy"),
            ("4 accept dan 1", "dan:Busy"),
            ("4 dequeue 1", ""),
            ("5 release dan 1", "dan:AfterCallWork"),
            ("6 queue 3 dan", ""),
            ("7 direct 2 dan", "dan:PendingBusy dan<2"),
            ("8 direct 4 nobody", "Unknown"),
        ]);
    }

    #[test]
    fn calls_by_no_queue_occupy() {
        scenario(&[
            ("1 phone ann", "ann:Available"),
            ("2 occupy ann 9", "ann:Busy"),
            ("2 occupy ann 9", ""),
            ("2 occupy ann 8", ""),
            ("3 queue 1 sales", ""),
            ("4 release ann 8", ""),
            ("5 release ann 9", "ann:PendingBusy ann<1"),
            // She calls while she is rung: a missed contact does not make her idle.
            ("6 occupy ann 9", ""),
            ("7 missed ann 1", "ann:Busy"),
            ("8 release ann 9", "ann:MissedCallAgent"),
            ("9 clear ann", "ann:PendingBusy ann<1"),
            ("9 accept ann 1", "ann:Busy"),
            ("9 dequeue 1", ""),
            ("9 queue 2 sales", ""),
            // Nor does the end of the contact she has in hand.
            ("9 occupy ann 7", ""),
            ("10 release ann 1", ""),
            ("11 release ann 7", "ann:PendingBusy ann<2"),
        ]);
    }

    #[test]
    fn capacity() {
        let mut router = scenario(&[("1 queue 1 nothing", "Unknown"), ("1 queue 1 zoe", "Unknown")]);
        for n in 1..=5 {
            assert_eq!(play(&mut router, &format!("1 queue {n} sales")), "");
        }
        assert_eq!(play(&mut router, "1 queue 5 help"), "AlreadyQueued");
        assert_eq!(play(&mut router, "1 queue 6 sales"), "AtCapacity");
        assert_eq!(play(&mut router, "1 transfer 6 sales"), "");
        assert_eq!(play(&mut router, "1 transfer 7 sales"), "AtCapacity");
        for n in 10..20 {
            assert_eq!(play(&mut router, &format!("1 transfer {n} eve")), "");
        }
        assert_eq!(play(&mut router, "1 transfer 20 eve"), "AtCapacity");
        assert_eq!(play(&mut router, "2 leave 10"), "");
        assert_eq!(play(&mut router, "2 transfer 20 eve"), "");
    }

    #[test]
    fn a_reload_changes_who_serves_what() {
        let mut router = scenario(&[
            ("1 phone ann", "ann:Available"),
            ("1 phone bob", "bob:Available"),
            ("2 queue 1 sales", "ann:PendingBusy ann<1"),
            ("3 accept ann 1", "ann:Busy"),
        ]);
        let mut setup = router.setup.clone();
        setup.agents.remove(&AgentId::from("ann"));
        setup.profiles.get_mut(&RoutingProfileId::from("sellers")).unwrap().queues.remove(0);
        let mut out = Vec::new();
        router.reload(at(4), setup, &mut out);
        for (line, told) in [
            ("5 queue 2 sales", ""),
            ("6 queue 3 help", "bob:PendingBusy bob<3"),
            ("7 queue 4 ann", "Unknown"),
            ("8 dequeue 1", ""),
        ] {
            assert_eq!(play(&mut router, line), told, "{line}");
        }
        assert!(router.state(&"ann".into()).is_some());
        router.release(at(9), &"ann".into(), contact(1), &mut out);
        assert!(router.state(&"ann".into()).is_none());
    }

    #[test]
    fn what_is_said_twice_or_too_late_changes_nothing() {
        scenario(&[
            ("1 phone ann", "ann:Available"),
            ("1 leave 7", ""),
            ("1 accept ann 7", ""),
            ("1 release ann 7", ""),
            ("2 queue 1 sales", "ann:PendingBusy ann<1"),
            ("3 leave 1", "ann>1 ann:Available"),
            ("3 accept ann 1", ""),
            ("3 missed ann 1", ""),
            ("4 status zoe Available", ""),
        ]);
    }
}
