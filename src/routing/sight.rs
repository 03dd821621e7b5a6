//! What can be seen of the queues: Connect's real-time metrics, and who waits in which order.

use super::agent::{AVAILABLE, Activity, Agent, OFFLINE};
use super::queue::{Queue, Target};
use super::router::Router;
use crate::ids::{ContactId, QueueId, RoutingProfileId};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// One queue now. Agents count in every queue that they serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// With a phone, and in any status but Offline.
    pub online: usize,
    /// Online, and in no status of the installation's own.
    pub staffed: usize,
    /// Could take a contact now.
    pub available: usize,
    /// On a contact, or in the work after one.
    pub on_contact: usize,
    pub after_contact_work: usize,
    /// Idle in a status of the installation's own.
    pub non_productive: usize,
    /// Did not take their last offer, and have not said since that they are there.
    pub error: usize,
    /// Waiting, being offered, or while their agents hear a whisper.
    pub contacts: usize,
    /// Since when the one waits who came first.
    pub oldest: Option<Time>,
}

impl Router {
    #[must_use]
    pub fn metrics(&self, target: &Target) -> Option<Metrics> {
        let queue = self.queues.get(target)?;
        let mut metrics = Metrics::of(queue);
        match target {
            Target::Agent(id) => self.agents.get(id).into_iter().for_each(|agent| metrics.count(agent)),
            Target::Queue(id) => {
                let profiles = self.serving(id);
                let serves = |agent: &&Agent| profiles.contains(&agent.setup.profile);
                self.agents.values().filter(serves).for_each(|agent| metrics.count(agent));
            }
        }
        Some(metrics)
    }

    /// Those of every queue, at the cost of one look at each agent.
    #[must_use]
    pub fn every_queue(&self) -> BTreeMap<QueueId, Metrics> {
        let mut profiles: BTreeMap<&RoutingProfileId, Metrics> = BTreeMap::new();
        for agent in self.agents.values() {
            profiles.entry(&agent.setup.profile).or_default().count(agent);
        }
        let mut queues: BTreeMap<QueueId, Metrics> = BTreeMap::new();
        for id in self.setup.queues.keys() {
            let Some(queue) = self.queues.get(&Target::Queue(id.clone())) else { continue };
            queues.insert(id.clone(), Metrics::of(queue));
        }
        for (id, agents) in profiles {
            let Some(profile) = self.setup.profiles.get(id) else { continue };
            for served in &profile.queues {
                if let Some(queue) = queues.get_mut(&served.queue) {
                    queue.add(&agents);
                }
            }
        }
        queues
    }

    fn serving(&self, queue: &QueueId) -> BTreeSet<&RoutingProfileId> {
        let serves = |profile: &super::Profile| profile.queues.iter().any(|served| served.queue == *queue);
        self.setup.profiles.iter().filter(|(_, profile)| serves(profile)).map(|(id, _)| id).collect()
    }

    /// Those who wait, in the order of their turns, and since when each really waits. Not those who are being offered.
    pub fn waiting(&self, target: &Target) -> impl Iterator<Item = (ContactId, Time)> {
        let turns = self.queues.get(target).into_iter().flat_map(Queue::turns);
        turns.map(|turn| (turn.contact, turn.entered))
    }
}

impl Metrics {
    fn of(queue: &Queue) -> Metrics {
        let oldest = queue.entered.first().map(|(since, _)| *since);
        Metrics { contacts: queue.entered.len(), oldest, ..Metrics::default() }
    }

    /// The agents of one profile to those of the others.
    fn add(&mut self, agents: &Metrics) {
        self.online += agents.online;
        self.staffed += agents.staffed;
        self.available += agents.available;
        self.on_contact += agents.on_contact;
        self.after_contact_work += agents.after_contact_work;
        self.non_productive += agents.non_productive;
        self.error += agents.error;
    }

    fn count(&mut self, agent: &Agent) {
        if agent.reachable && agent.status != OFFLINE {
            self.online += 1;
            self.staffed += usize::from(agent.status == AVAILABLE);
        }
        match agent.activity {
            // Whoever listens is on nobody's contact, and free for none.
            Activity::Busy(contact) if agent.monitors == Some(contact) => {}
            // Connect counts an outbound call that rings.
            Activity::Busy(_) | Activity::Calling(_) => self.on_contact += 1,
            Activity::AfterCallWork(_) => {
                self.on_contact += 1;
                self.after_contact_work += 1;
            }
            Activity::Offered(_) => {}
            Activity::Idle if agent.trouble.is_some() => self.error += 1,
            Activity::Idle if agent.is_routable() => self.available += 1,
            Activity::Idle => {
                let custom = agent.reachable && agent.status != OFFLINE && agent.status != AVAILABLE;
                self.non_productive += usize::from(custom);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Mint;
    use crate::routing::{AfterCallWork, AgentSetup, Arrival, Precedence, Profile, QueueSetup, Served, Setup, Trouble};
    use crate::time::Duration;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn agents_are_counted_by_what_they_do_and_contacts_by_their_turns() {
        let work = AfterCallWork::Manual;
        let agent = |profile: &str| AgentSetup {
            profile: profile.into(),
            initial_status: AVAILABLE.into(),
            after_call_work: work,
        };
        let served = |queue: &str| Served { queue: queue.into(), priority: 1, delay: Duration::ZERO };
        let names = ["ann", "bob", "cat", "dan", "eve", "fay", "gus"];
        let setup = Setup {
            agents: names.map(|id| (id.into(), agent(if id == "gus" { "other" } else { "sellers" }))).into(),
            profiles: [
                ("sellers".into(), Profile { queues: vec![served("sales")] }),
                ("other".into(), Profile { queues: vec![served("help")] }),
            ]
            .into(),
            queues: [("sales".into(), QueueSetup::default()), ("help".into(), QueueSetup::default())].into(),
        };
        let (mut router, mut out, mut mint) = (Router::new(at(0), setup), Vec::new(), Mint::new(1));
        let sales = Target::Queue("sales".into());
        for id in names.iter().filter(|id| **id != "fay") {
            router.reachable(at(1), &(*id).into(), true, &mut out);
        }
        // Ann talks, Bob works on, Cat has missed, Dan is at lunch, Eve is free, Fay has no phone.
        for (id, contact) in [("ann", mint.contact_id()), ("bob", mint.contact_id())] {
            router.occupy(at(2), &id.into(), contact, &mut out);
            if id == "bob" {
                router.release(at(3), &id.into(), contact, &mut out);
            }
        }
        router.set_status(at(3), &"eve".into(), "Lunch", &mut out);
        router.set_status(at(3), &"dan".into(), "Lunch", &mut out);
        let missed = mint.contact_id();
        router.enqueue(at(4), missed, sales.clone(), Arrival::at(at(4)), &mut out).unwrap();
        router.failed(at(5), &"cat".into(), missed, Trouble::Missed, &mut out);
        router.leave(at(6), missed, &mut out);
        router.set_status(at(7), &"eve".into(), AVAILABLE, &mut out);
        let expected = Metrics {
            online: 5,
            staffed: 4,
            available: 1,
            on_contact: 2,
            after_contact_work: 1,
            non_productive: 1,
            error: 1,
            contacts: 0,
            oldest: None,
        };
        assert_eq!(router.metrics(&sales), Some(expected));
        assert_eq!(router.every_queue()[&QueueId::from("sales")], expected);

        let contacts: Vec<ContactId> = (0..4).map(|_| mint.contact_id()).collect();
        for (n, contact) in contacts.iter().enumerate() {
            let since = at(10 + n as u64);
            router.enqueue(since, *contact, sales.clone(), Arrival::at(since), &mut out).unwrap();
        }
        router.prioritise(at(20), contacts[3], Precedence { priority: 1, adjustment: 0 }, &mut out);
        // The first is being offered to Eve.
        let waiting: Vec<_> = router.waiting(&sales).collect();
        assert_eq!(waiting, [(contacts[3], at(13)), (contacts[1], at(11)), (contacts[2], at(12))]);
        let metrics = router.metrics(&sales).unwrap();
        assert_eq!((metrics.contacts, metrics.oldest, metrics.available), (4, Some(at(10)), 0));
        let own = router.metrics(&Target::Agent("ann".into())).unwrap();
        assert_eq!((own.online, own.on_contact, own.contacts), (1, 1, 0));
        assert_eq!(router.metrics(&Target::Queue("help".into())).unwrap().available, 1);
        assert_eq!(router.metrics(&Target::Queue("nothing".into())), None);
        for (id, metrics) in router.every_queue() {
            assert_eq!(router.metrics(&Target::Queue(id.clone())), Some(metrics), "{id}");
        }
    }
}
