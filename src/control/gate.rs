//! The only way from the API to the engine: inputs in, replies to tickets and notices out.

use super::problem::Problem;
use crate::engine::snapshot::{AgentSnapshot, QueueSnapshot};
use crate::engine::{Button, CcpEvent, ContactEvent, Input, Refusal};
use crate::ids::{AgentId, Ticket};
use crate::telemetry;
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{broadcast, oneshot};

/// Notices kept for a slow reader of the event stream; one that falls further behind gets fresh snapshots instead.
const BACKLOG: usize = 1024;

/// News for the event stream.
#[derive(Clone, Debug)]
pub enum Notice {
    Snapshot(AgentId, Arc<AgentSnapshot>),
    Contact(Arc<ContactEvent>),
}

type Reply = Result<AgentSnapshot, Refusal>;

/// Hands an input to the engine; false when its queue is full.
pub type Inlet = Box<dyn Fn(Input) -> bool + Send + Sync>;

/// Reads the clock for the length of sessions: this room has none of its own.
pub type Clock = Box<dyn Fn() -> Time + Send + Sync>;

pub struct Gate {
    inlet: Inlet,
    clock: Clock,
    next: AtomicU64,
    waiting: Mutex<BTreeMap<Ticket, oneshot::Sender<Reply>>>,
    agents: RwLock<BTreeMap<AgentId, Arc<AgentSnapshot>>>,
    queues: RwLock<Arc<Vec<QueueSnapshot>>>,
    notices: broadcast::Sender<Notice>,
    ready: AtomicBool,
    /// Every agent state ever counted, so that one nobody is in any more is told as 0.
    counted: Mutex<BTreeMap<String, u32>>,
}

impl Gate {
    #[must_use]
    pub fn new(inlet: Inlet, clock: Clock) -> Self {
        Gate {
            inlet,
            clock,
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
            agents: RwLock::default(),
            queues: RwLock::default(),
            notices: broadcast::Sender::new(BACKLOG),
            ready: AtomicBool::new(false),
            counted: Mutex::default(),
        }
    }

    // What the engine's thread calls.

    /// Answers a button. A caller who has gone away is no fault.
    pub fn reply(&self, ticket: Ticket, reply: Reply) {
        if let Some(caller) = self.waiting().remove(&ticket) {
            let _gone = caller.send(reply);
        }
    }

    /// An agent's screen has changed.
    pub fn ccp(&self, agent: AgentId, event: CcpEvent) {
        let CcpEvent::Snapshot(snapshot) = event;
        write(&self.agents).insert(agent.clone(), Arc::clone(&snapshot));
        let _nobody_listens = self.notices.send(Notice::Snapshot(agent, snapshot));
    }

    pub fn contact(&self, event: ContactEvent) {
        let _nobody_listens = self.notices.send(Notice::Contact(Arc::new(event)));
    }

    /// The whole list of agents, at start and after a reload.
    pub fn set_agents(&self, agents: impl IntoIterator<Item = AgentSnapshot>) {
        let agents = agents.into_iter().map(|shown| (AgentId::from(shown.id.as_str()), Arc::new(shown))).collect();
        *write(&self.agents) = agents;
    }

    /// How the queues stand. To be called every second: ages grow.
    pub fn set_queues(&self, queues: Vec<QueueSnapshot>) {
        for queue in &queues {
            measure(queue);
        }
        let before = std::mem::replace(&mut *write(&self.queues), Arc::new(queues));
        let now = self.queues();
        // A queue that a reload has taken away keeps no agents and no contacts.
        for gone in before.iter().filter(|gone| !now.iter().any(|queue| queue.id == gone.id)) {
            measure(&QueueSnapshot { id: gone.id.clone(), ..QueueSnapshot::default() });
        }
    }

    /// Whether new calls are taken: true once everything is bound, false while draining.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    // What the handlers call.

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    pub(crate) fn now(&self) -> Time {
        (self.clock)()
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) fn agents(&self) -> BTreeMap<AgentId, Arc<AgentSnapshot>> {
        self.agents.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn queues(&self) -> Arc<Vec<QueueSnapshot>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the gauge how many agents are in each state.
    pub(crate) fn count_states(&self) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.values_mut().for_each(|count| *count = 0);
        for snapshot in self.agents().values() {
            *counted.entry(snapshot.state.clone()).or_default() += 1;
        }
        for (state, count) in &*counted {
            metrics::gauge!(telemetry::metrics::AGENTS, "state" => state.clone()).set(f64::from(*count));
        }
    }

    /// Presses a button and waits for what comes of it.
    pub(crate) async fn press(&self, agent: &AgentId, button: Button) -> Result<AgentSnapshot, Problem> {
        let ticket = Ticket(self.next.fetch_add(1, Ordering::Relaxed));
        let (answer, reply) = oneshot::channel();
        self.waiting().insert(ticket, answer);
        // A caller who hangs up drops this future: his ticket must not stay.
        let _ticket = Returned { gate: self, ticket };
        if !(self.inlet)(Input::Button { agent: agent.clone(), button, ticket }) {
            return Err(Problem::busy());
        }
        match reply.await {
            Ok(reply) => Ok(reply?),
            Err(_) => Err(Problem::busy()),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Ticket, oneshot::Sender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Returned<'a> {
    gate: &'a Gate,
    ticket: Ticket,
}

impl Drop for Returned<'_> {
    fn drop(&mut self) {
        self.gate.waiting().remove(&self.ticket);
    }
}

/// Tells the gauges of one queue.
fn measure(queue: &QueueSnapshot) {
    use telemetry::metrics::{QUEUE_AGENTS, QUEUE_CONTACTS, QUEUE_OLDEST};
    #[allow(clippy::cast_precision_loss)]
    let set = |gauge: metrics::Gauge, value: usize| gauge.set(value as f64);
    set(metrics::gauge!(QUEUE_CONTACTS, "queue" => queue.id.clone()), queue.contacts_in_queue);
    let age = usize::try_from(queue.oldest_contact_age).unwrap_or(usize::MAX);
    set(metrics::gauge!(QUEUE_OLDEST, "queue" => queue.id.clone()), age);
    for (state, count) in [
        ("online", queue.agents_online),
        ("staffed", queue.agents_staffed),
        ("available", queue.agents_available),
        ("on_contact", queue.agents_on_contact),
        ("after_contact_work", queue.agents_after_contact_work),
        ("non_productive", queue.agents_non_productive),
        ("error", queue.agents_error),
    ] {
        set(metrics::gauge!(QUEUE_AGENTS, "queue" => queue.id.clone(), "state" => state), count);
    }
}

/// A panic of another thread leaves a map of snapshots whole, so a poisoned lock is opened.
fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
