//! The store at work: a thread that writes the journal, a task that takes it into the database, and the way to ask.
//!
//! ```text
//!   engine --bounded queue--> journal (append, fsync) --> COMPLETED is published
//!                                 |
//!                                 +--> taker --> database (again and again while it is down)
//! ```
//! The engine never waits. What the database has not taken stays in the journal, also over a restart; how the agents are
//! stays there in any case, for a switch that starts before its database.

mod database;
mod journal;
mod taker;

use super::clock::Clock;
use super::signalling::Course;
use crate::control::{Archive, Gate};
use crate::engine::record::ContactRecord;
use crate::engine::{ContactEvent, Memory};
use crate::ids::AgentId;
use crate::limits::{RECORDS_WAITING, REMEMBER};
use crate::site;
use crate::store::Entry;
use crate::telemetry::metrics as names;
use crate::time::Time;
use database::Database;
use journal::Journal;
use metrics::counter;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use taker::{Taker, archive};

/// How long a start waits for the database until it goes on without.
const START: Duration = Duration::from_secs(5);

/// Something to write down, and what may be told once that is done.
pub(super) struct Parcel {
    entry: Entry,
    event: Option<Box<ContactEvent>>,
}

/// A store that is open: what its threads need, and what was in it.
pub(super) struct Opened {
    journal: Journal,
    taker: Taker,
    pub memories: Vec<Memory>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the journal {path}: {cause} (its folder must be there, and this user able to write in it: see [store] journal)"
    )]
    Journal { path: String, cause: io::Error },
    #[error(
        "the journal {path} is another switch's, which is running (give this one a [store] url and journal of its own)"
    )]
    Taken { path: String },
    #[error("the database's URL: {0} (see [store] url)")]
    Url(String),
}

/// Opens the journal, takes what is left in it into the database, and reads what is remembered. A database that is not
/// there is no reason not to start: what it would have been given waits.
pub(super) fn open(
    store: &site::Store,
    recordings: &Path,
    clock: Clock,
    runtime: &tokio::runtime::Runtime,
) -> Result<Opened, OpenError> {
    let bad = |cause: io::Error| {
        let path = std::path::absolute(&store.journal).unwrap_or_else(|_| store.journal.clone()).display().to_string();
        match cause.kind() {
            io::ErrorKind::WouldBlock => OpenError::Taken { path },
            _ => OpenError::Journal { path, cause },
        }
    };
    let mut journal = Journal::open(&store.journal).map_err(bad)?;
    let database = {
        let _runtime = runtime.enter();
        Database::new(&store.url).map_err(OpenError::Url)?
    };
    let retention = store.retention.map(|kept| (kept, recordings.to_owned()));
    let mut taker = Taker::new(database, journal.marks(), &store.journal, clock, retention);
    let remembered = runtime.block_on(async {
        let all = async {
            taker.catch_up().await?;
            taker.remembered().await
        };
        match tokio::time::timeout(START, all).await {
            Ok(Ok(memories)) => memories,
            Ok(Err(fault)) => {
                let Database { name, cure, .. } = &taker.database;
                tracing::error!(database = %name, %fault, cure, "the database is not there; contact records wait in the journal");
                Vec::new()
            }
            Err(_) => {
                let Database { name, cure, .. } = &taker.database;
                tracing::error!(database = %name, cure, "the database does not answer; contact records wait in the journal");
                Vec::new()
            }
        }
    });
    journal.merge(remembered).map_err(bad)?;
    Ok(Opened { memories: journal.memories(), journal, taker })
}

impl Opened {
    /// Starts the taker; gives the engine's way in, the API's way to ask, and what the journal's thread is to run.
    pub fn start(
        self,
        gate: Arc<Gate>,
        course: Arc<Course>,
        runtime: &tokio::runtime::Runtime,
    ) -> (Books, Archive, impl FnOnce() + Send + 'static) {
        let archive = archive(&self.taker);
        runtime.spawn(self.taker.run());
        let (sender, parcels) = sync_channel(RECORDS_WAITING);
        let journal = self.journal;
        let books = Books { sender, memories: BTreeMap::new(), urgent: BTreeSet::new(), told: Time::default() };
        (books, archive, move || journal.run(&parcels, &gate, &course))
    }
}

/// The engine's end of the store: gives, and never waits.
pub(super) struct Books {
    sender: SyncSender<Parcel>,
    /// The latest of each agent, until it is given.
    memories: BTreeMap<AgentId, Memory>,
    urgent: BTreeSet<AgentId>,
    told: Time,
}

impl Books {
    pub fn record(&self, record: Box<ContactRecord>, event: Box<ContactEvent>) {
        let contact = event.contact_id.clone();
        let parcel = Parcel { entry: Entry::Record(record), event: Some(event) };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.sender.try_send(parcel) {
            // Thousands wait already for a disk that takes nothing: calls go on, and this is told.
            counter!(names::RECORDS_LOST).increment(1);
            tracing::error!(%contact, "the disk has taken nothing for too long; a contact record is lost");
        }
    }

    pub fn remember(&mut self, memory: Memory, urgent: bool) {
        let agent = AgentId::from(memory.agent.as_str());
        if urgent {
            self.urgent.insert(agent.clone());
        }
        self.memories.insert(agent, memory);
    }

    /// Gives what is urgent now, and phones that have only registered again once a second.
    pub fn flush(&mut self, now: Time, last: bool) {
        let all = last || now.since(self.told) >= REMEMBER;
        if all {
            self.told = now;
        }
        let due: Vec<AgentId> =
            if all { self.memories.keys().cloned().collect() } else { self.urgent.iter().cloned().collect() };
        for agent in due {
            let Some(memory) = self.memories.remove(&agent) else { continue };
            let parcel = Parcel { entry: Entry::Memory(memory), event: None };
            if let Err(TrySendError::Full(Parcel { entry: Entry::Memory(memory), .. })) = self.sender.try_send(parcel) {
                self.memories.insert(agent, memory);
                return;
            }
            self.urgent.remove(&agent);
        }
    }
}

/// Lets the world know of a contact event.
pub(super) fn publish(gate: &Gate, event: ContactEvent) {
    counter!(names::CONTACT_EVENTS, "type" => event.event_type).increment(1);
    tracing::info!(
        contact = %event.contact_id,
        event = event.event_type,
        method = event.initiation_method,
        queue = event.queue.as_deref(),
        agent = event.agent.as_deref(),
        previous = event.previous_contact_id.as_deref(),
        "contact"
    );
    gate.contact(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine never waits: of records those go that find no room, what is remembered comes later.
    #[test]
    fn nobody_waits_for_a_queue_that_is_full() {
        let (sender, parcels) = sync_channel(1);
        let mut books = Books { sender, memories: BTreeMap::new(), urgent: BTreeSet::new(), told: Time::default() };
        let record = || (Box::<ContactRecord>::default(), Box::<ContactEvent>::default());
        let at = |ms: u64| Time::from_micros(ms * 1000);
        let (first, event) = record();
        books.record(first, event);
        let (second, event) = record();
        books.record(second, event);
        let john = |status: &str| Memory { agent: "john".into(), status: status.into(), ..Memory::default() };
        books.remember(john("Lunch"), true);
        books.flush(at(1), false);
        books.remember(john("Available"), true);
        assert!(matches!(parcels.try_recv(), Ok(Parcel { entry: Entry::Record(_), .. })));
        assert!(parcels.try_recv().is_err(), "nothing but what there was room for");
        books.flush(at(2), false);
        assert!(matches!(parcels.try_recv(), Ok(Parcel { entry: Entry::Memory(m), .. }) if m.status == "Available"));

        // A phone that has only registered again can wait for a second.
        books.flush(at(1_100), false);
        books.remember(john("Available"), false);
        books.flush(at(1_200), false);
        assert!(parcels.try_recv().is_err());
        books.flush(at(2_200), false);
        assert!(parcels.try_recv().is_ok());
    }
}
