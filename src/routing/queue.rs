//! One queue: who waits in it, and who is idle to serve it.

use crate::ids::{AgentId, ContactId, QueueId};
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Where a contact waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    Queue(QueueId),
    /// An agent's own queue.
    Agent(AgentId),
}

/// What a contact's flow says of its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precedence {
    /// Lower comes first within one queue; 5 when nothing was said.
    pub priority: u8,
    /// Seconds that it counts as having waited longer than it has, or less long.
    pub adjustment: i32,
}

impl Default for Precedence {
    fn default() -> Self {
        Precedence { priority: 5, adjustment: 0 }
    }
}

/// By which way a contact comes to a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    New,
    /// Handed over by an agent or from another queue: such contacts may exceed a queue's limit by a fifth.
    Transferred,
    /// It was in this queue, and its agent dropped: it has its place back, whatever the queue takes now.
    Returned,
}

/// How a contact comes to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub precedence: Precedence,
    /// Since when it waits.
    pub since: Time,
    pub way: Way,
}

impl Arrival {
    #[must_use]
    pub fn at(since: Time) -> Self {
        Arrival { precedence: Precedence::default(), since, way: Way::New }
    }
}

/// A contact's place in the order of its queue: priority, then age as its flow says, then order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub priority: u8,
    /// Since when it counts as waiting.
    pub since: Time,
    pub number: u64,
    pub contact: ContactId,
    /// Since when it really waits.
    pub entered: Time,
}

impl Turn {
    pub fn set(&mut self, precedence: Precedence) {
        let by = Duration::from_secs(precedence.adjustment.unsigned_abs().into());
        self.priority = precedence.priority;
        self.since = if precedence.adjustment < 0 { self.entered + by } else { self.entered.before(by) };
    }
}

/// Those who wait with one priority.
#[derive(Clone, Debug, Default)]
pub(super) struct Rank {
    turns: BTreeSet<Turn>,
    /// The one that really waits longest ahead, whatever their flows say of their turns.
    entered: BTreeSet<(Time, ContactId)>,
}

impl Rank {
    /// When a profile with this delay may have one of them: Connect asks how long the oldest has waited.
    fn due(&self, delay: Duration) -> Option<Time> {
        self.entered.first().map(|(entered, _)| *entered + delay)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// By contact priority, so that the first and the oldest of each can be found without a search.
    waiting: BTreeMap<u8, Rank>,
    /// Contacts in the queue, the one that came first ahead: waiting, offered, or while their agents hear a whisper.
    pub entered: BTreeSet<(Time, ContactId)>,
    /// By the delay of their profile: since when idle, and who.
    pub idle: BTreeMap<Duration, BTreeSet<(Time, AgentId)>>,
    /// When a delay passes that lets somebody idle take a contact.
    pub alarm: Option<Time>,
}

impl Queue {
    pub fn put(&mut self, turn: Turn) {
        let rank = self.waiting.entry(turn.priority).or_default();
        rank.entered.insert((turn.entered, turn.contact));
        rank.turns.insert(turn);
    }

    pub fn take(&mut self, turn: &Turn) {
        if let Some(rank) = self.waiting.get_mut(&turn.priority)
            && rank.turns.remove(turn)
        {
            rank.entered.remove(&(turn.entered, turn.contact));
            if rank.turns.is_empty() {
                self.waiting.remove(&turn.priority);
            }
        }
    }

    /// All who wait, in order.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.waiting.values().flat_map(|rank| &rank.turns)
    }

    /// The first contact of those whose oldest has waited `delay`.
    pub fn first(&self, now: Time, delay: Duration) -> Option<Turn> {
        let due = |rank: &&Rank| rank.due(delay).is_some_and(|due| due <= now);
        self.waiting.values().find(due).and_then(|rank| rank.turns.first()).copied()
    }

    /// The agent idle longest of those who may take a contact of this priority.
    pub fn longest_idle(&self, now: Time, priority: u8) -> Option<AgentId> {
        let rank = self.waiting.get(&priority)?;
        self.idle
            .iter()
            .take_while(|(delay, _)| rank.due(**delay).is_some_and(|due| due <= now))
            .filter_map(|(_, agents)| agents.first())
            .min()
            .map(|(_, agent)| agent.clone())
    }

    pub fn list(&mut self, delay: Duration, since: Time, agent: &AgentId) {
        self.idle.entry(delay).or_default().insert((since, agent.clone()));
    }

    pub fn unlist(&mut self, delay: Duration, since: Time, agent: &AgentId) {
        if let Some(agents) = self.idle.get_mut(&delay) {
            agents.remove(&(since, agent.clone()));
            if agents.is_empty() {
                self.idle.remove(&delay);
            }
        }
    }

    /// The next moment at which a waiting contact comes into the reach of an idle agent.
    pub fn next_alarm(&self, now: Time) -> Option<Time> {
        let due = |delay: &Duration| {
            let delay = *delay;
            self.waiting.values().filter_map(move |rank| rank.due(delay))
        };
        self.idle.keys().flat_map(due).filter(|time| *time > now).min()
    }
}
