//! Takes the journal into the database, in order, for as long as it takes; and answers who asks the database.

use super::database::Database;
use super::journal::{self, Marks, Positions};
use crate::control::{Archive, Unavailable};
use crate::engine::Memory;
use crate::io::Clock;
use crate::io::recordings::expire;
use crate::limits::{RETENTION_ROUND, TAKE_BYTES};
use crate::store::{self, Entry, Statement};
use crate::telemetry::metrics as names;
use crate::time::Time;
use metrics::gauge;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// How long until a database that is down is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long who asks waits for what was journaled before he asked.
const READ_YOUR_WRITES: Duration = Duration::from_secs(2);

pub(super) struct Taker {
    pub database: Database,
    marks: Marks,
    path: PathBuf,
    clock: Clock,
    /// How long records are kept, and the folder of the recordings that go with them.
    retention: Option<(Duration, PathBuf)>,
    expired: Option<Time>,
    migrated: bool,
    down: Arc<AtomicBool>,
    took: Arc<Notify>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("the journal: {0}")]
    Journal(#[from] std::io::Error),
}

impl Taker {
    pub fn new(
        database: Database,
        marks: Marks,
        path: &Path,
        clock: Clock,
        retention: Option<(Duration, PathBuf)>,
    ) -> Taker {
        Taker {
            database,
            marks,
            path: path.to_owned(),
            clock,
            retention,
            expired: None,
            migrated: false,
            down: Arc::default(),
            took: Arc::default(),
        }
    }

    /// Runs as long as the switch.
    pub async fn run(mut self) {
        loop {
            let result = self.catch_up().await;
            let down = result.is_err();
            let was_down = self.down.swap(down, Ordering::Relaxed);
            gauge!(names::STORE_UP).set(if down { 0.0 } else { 1.0 });
            match result {
                Err(fault) if !was_down => {
                    let Database { name, cure, .. } = &self.database;
                    tracing::error!(database = %name, %fault, cure, "the database takes nothing; contact records wait in the journal");
                }
                Ok(()) if was_down => tracing::info!("the database has taken what waited in the journal"),
                _ => {}
            }
            if down {
                self.took.notify_waiters();
                tokio::time::sleep(AGAIN).await;
            } else {
                let _round = tokio::time::timeout(RETENTION_ROUND, self.marks.written.notified()).await;
            }
        }
    }

    /// Takes what is written and not yet taken.
    pub async fn catch_up(&mut self) -> Result<(), Fault> {
        if !self.migrated {
            self.database.migrate().await?;
            self.migrated = true;
        }
        loop {
            let Positions { written, taken } = self.marks.get();
            if taken >= written {
                break;
            }
            let (entries, bytes) = journal::read(&mut File::open(&self.path)?, taken, written, TAKE_BYTES)?;
            let statements: Vec<Statement> = entries.iter().map(Entry::statement).collect();
            self.database.write(&statements).await?;
            self.marks.took(bytes);
            self.took.notify_waiters();
        }
        self.expire().await
    }

    /// Forgets what is older than it is to be kept.
    async fn expire(&mut self) -> Result<(), Fault> {
        let (Some((kept, recordings)), now) = (self.retention.clone(), self.clock.now()) else { return Ok(()) };
        if self.expired.is_none_or(|last| now.since(last) >= RETENTION_ROUND) {
            self.database.write(&[store::expire(now, kept)]).await?;
            self.expired = Some(now);
            // Also those of contacts of which a crash has left no record.
            let before = SystemTime::UNIX_EPOCH + Duration::from_micros(now.micros()).saturating_sub(kept);
            let round = tokio::task::spawn_blocking(move || expire(&recordings, before));
            match round.await {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(gone)) => tracing::info!(gone, "recordings past their time are deleted"),
                Ok(Err(fault)) => tracing::error!(%fault, "recordings past their time cannot be deleted"),
            }
        }
        Ok(())
    }

    pub async fn remembered(&self) -> Result<Vec<Memory>, Fault> {
        let texts = self.database.texts(&store::remembered()).await?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }
}

/// How the API asks: it finds everything that was journaled before it asked.
pub(super) fn archive(taker: &Taker) -> Archive {
    let (database, marks) = (taker.database.clone(), taker.marks.clone());
    let (down, took) = (Arc::clone(&taker.down), Arc::clone(&taker.took));
    Box::new(move |statement| {
        let (database, marks, down, took) = (database.clone(), marks.clone(), Arc::clone(&down), Arc::clone(&took));
        Box::pin(async move {
            let caught_up = async {
                loop {
                    let notified = took.notified();
                    let Positions { written, taken } = marks.get();
                    if taken >= written || down.load(Ordering::Relaxed) {
                        return;
                    }
                    notified.await;
                }
            };
            let _waited = tokio::time::timeout(READ_YOUR_WRITES, caught_up).await;
            database.texts(&statement).await.map_err(|fault| {
                tracing::warn!(database = %database.name, %fault, cure = database.cure, "a question to the database");
                Unavailable
            })
        })
    })
}
