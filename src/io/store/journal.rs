//! The journal: a file to which everything is appended and synced before anybody is told.

use super::{Parcel, publish};
use crate::control::Gate;
use crate::engine::Memory;
use crate::io::signalling::Course;
use crate::limits::{self, BATCH};
use crate::store::Entry;
use crate::telemetry::metrics as names;
use metrics::{counter, gauge};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long until a disk that took nothing is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How far the journal is written and taken, in bytes.
#[derive(Clone, Default)]
pub(super) struct Marks {
    inner: Arc<Mutex<Positions>>,
    pub written: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Positions {
    pub written: u64,
    pub taken: u64,
}

impl Marks {
    pub fn get(&self) -> Positions {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database has what stands in the journal up to here.
    pub fn took(&self, bytes: u64) {
        self.lock().taken += bytes;
    }
}

pub(super) struct Journal {
    file: File,
    marks: Marks,
    /// How each agent was last. That stays in the file: a database that is not there at the next start cannot tell.
    memories: BTreeMap<String, Memory>,
    /// From this length on it is begun anew.
    full: u64,
}

impl Journal {
    /// Opens a journal and cuts off the line that a crash has torn.
    /// # Errors
    /// `WouldBlock` when another switch has it.
    pub fn open(path: &Path) -> io::Result<Journal> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // Two that write would cut each other's lines off. The system lets go of it with the file, also after a crash.
        file.try_lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(bytes = bytes.len() - whole, "the journal's last line is torn and cut off");
            file.set_len(whole as u64)?;
        }
        bytes.truncate(whole);
        // A new file is there after a crash only when its folder says so.
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder).and_then(|folder| folder.sync_all())?;
        }
        let marks = Marks::default();
        marks.lock().written = whole as u64;
        let mut journal = Journal { file, marks, memories: BTreeMap::new(), full: limits::JOURNAL };
        String::from_utf8_lossy(&bytes).lines().filter_map(Entry::read).for_each(|entry| journal.note(entry));
        Ok(journal)
    }

    /// How each agent was last, as far as is known here.
    pub fn memories(&self) -> Vec<Memory> {
        self.memories.values().cloned().collect()
    }

    /// What the database remembers counts where nothing later is known. Whatever it has is not kept twice.
    pub fn merge(&mut self, remembered: Vec<Memory>) -> io::Result<()> {
        remembered.into_iter().for_each(|memory| self.note(Entry::Memory(memory)));
        let Positions { written, taken } = self.marks.get();
        if written == taken { self.begin_anew() } else { Ok(()) }
    }

    /// The latest stays, in whatever order they come.
    fn note(&mut self, entry: Entry) {
        if let Entry::Memory(memory) = entry
            && self.memories.get(&memory.agent).is_none_or(|known| known.changed <= memory.changed)
        {
            self.memories.insert(memory.agent.clone(), memory);
        }
    }

    pub fn marks(&self) -> Marks {
        self.marks.clone()
    }

    /// Runs until the engine has ended and everything is written.
    pub fn run(mut self, parcels: &Receiver<Parcel>, gate: &Gate, course: &Course) {
        loop {
            let first = match parcels.recv() {
                Ok(first) => first,
                Err(_) => return self.tidy(),
            };
            let mut batch = vec![first];
            batch.extend(parcels.try_iter().take(BATCH - 1));
            let lines: String = batch.iter().map(|parcel| parcel.entry.line()).collect();
            let mut told = false;
            while let Err(fault) = self.append(lines.as_bytes()) {
                if !std::mem::replace(&mut told, true) {
                    tracing::error!(%fault, "the journal cannot be written; contact records wait in memory");
                }
                counter!(names::JOURNAL_FAULTS).increment(1);
                if course.stop.load(Ordering::Relaxed) {
                    tracing::error!(records = batch.len(), "the switch ends and the journal cannot be written");
                    return;
                }
                #[allow(clippy::disallowed_methods)]
                std::thread::sleep(AGAIN);
            }
            if told {
                tracing::info!("the journal is written again");
            }
            for Parcel { entry, event } in batch {
                self.note(entry);
                if let Some(event) = event {
                    publish(gate, *event);
                }
            }
            self.marks.written.notify_one();
        }
    }

    /// All of it, or nothing.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let Positions { written, taken } = self.marks.get();
        if written >= self.full && written == taken {
            self.begin_anew()?;
        }
        let begin = self.marks.get().written;
        if let Err(fault) = self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            self.file.set_len(begin)?;
            return Err(fault);
        }
        let end = begin + lines.len() as u64;
        self.marks.lock().written = end;
        let waiting = self.marks.get();
        #[allow(clippy::cast_precision_loss)]
        gauge!(names::JOURNAL_BYTES).set((waiting.written - waiting.taken) as f64);
        Ok(())
    }

    /// The database has everything: the taker looks at nothing until more is written.
    fn begin_anew(&mut self) -> io::Result<()> {
        let lines: String = self.memories.values().map(|memory| Entry::Memory(memory.clone()).line()).collect();
        self.file.set_len(0)?;
        *self.marks.lock() = Positions::default();
        if let Err(fault) = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data()) {
            self.file.set_len(0)?;
            return Err(fault);
        }
        let length = lines.len() as u64;
        *self.marks.lock() = Positions { written: length, taken: length };
        self.full = limits::JOURNAL.max(2 * length);
        Ok(())
    }

    /// What the database has need not be read again.
    fn tidy(mut self) {
        let Positions { written, taken } = self.marks.get();
        if written == taken {
            // A journal that is left as it is costs the next start a moment.
            let _left = self.begin_anew();
        }
    }
}

/// Whole lines from a place in the journal on, and how many bytes they are.
pub(super) fn read(file: &mut File, from: u64, to: u64, most: usize) -> io::Result<(Vec<Entry>, u64)> {
    let wanted = usize::try_from(to - from).unwrap_or(usize::MAX);
    let mut size = most.min(wanted);
    loop {
        let mut bytes = vec![0; size];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole == 0 && size < wanted {
            size = (size * 2).min(wanted); // one long line
            continue;
        }
        bytes.truncate(whole);
        let entries = String::from_utf8_lossy(&bytes)
            .lines()
            .filter_map(|line| {
                let entry = Entry::read(line);
                if entry.is_none() {
                    tracing::error!(line, "the journal has a line that is none of ours; it is passed over");
                }
                entry
            })
            .collect();
        return Ok((entries, whole.max(if size == wanted { size } else { 0 }) as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{Gate, Notice};
    use crate::engine::ContactEvent;
    use crate::engine::record::ContactRecord;
    use crate::time::Time;
    use std::sync::mpsc::sync_channel;

    /// A line that somebody else is writing looks torn, and must not be cut off.
    #[test]
    fn a_journal_has_one_switch() {
        let path = std::env::temp_dir().join(format!("cordboard-{}-one-switch", std::process::id()));
        let first = Journal::open(&path).unwrap();
        std::fs::write(&path, "half a line").unwrap();
        assert_eq!(Journal::open(&path).err().map(|fault| fault.kind()), Some(io::ErrorKind::WouldBlock));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a line");
        drop(first);
        assert!(Journal::open(&path).is_ok());
        std::fs::remove_file(&path).unwrap();
    }

    /// COMPLETED is told when it is on the disk, and not when the disk takes nothing.
    #[test]
    fn nothing_is_told_that_is_not_written() {
        let folder = std::env::temp_dir().join(format!("cordboard-{}-journal", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for writable in [true, false] {
            let path = folder.join(format!("journal-{writable}"));
            let mut journal = Journal::open(&path).unwrap();
            if !writable {
                journal.file = File::open(&path).unwrap();
            }
            let gate = Gate::new(Box::new(|_| true), Box::new(Time::default));
            let mut notices = gate.subscribe();
            let event = ContactEvent { event_type: "COMPLETED", contact_id: "a".into(), ..ContactEvent::default() };
            let (sender, parcels) = sync_channel(1);
            sender.send(Parcel { entry: Entry::Record(Box::default()), event: Some(Box::new(event)) }).unwrap();
            drop(sender);
            // The switch ends: a disk that takes nothing is not waited for.
            let course = Course::default();
            course.stop.store(true, Ordering::Relaxed);
            journal.run(&parcels, &gate, &course);
            let told = matches!(notices.try_recv(), Ok(Notice::Contact(event)) if event.contact_id == "a");
            assert_eq!(told, writable);
            let lines = std::fs::read_to_string(&path).unwrap();
            assert_eq!(lines.lines().filter_map(Entry::read).count(), usize::from(writable), "{lines}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// However often it is begun anew, and however it ends: how the agents were is in it.
    #[test]
    fn how_the_agents_are_stays_in_the_file() {
        let folder = std::env::temp_dir().join(format!("cordboard-{}-remembers", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("journal");
        let memory = |agent: &str, changed| Memory {
            agent: agent.into(),
            status: format!("{agent}-{changed}"),
            changed,
            ..Memory::default()
        };
        let known = |journal: &Journal| journal.memories().into_iter().map(|m| m.status).collect::<Vec<_>>();
        let write = |journal: &mut Journal, entry: Entry| {
            journal.append(entry.line().as_bytes()).unwrap();
            journal.note(entry);
        };
        let take = |journal: &Journal| journal.marks.took(journal.marks.get().written - journal.marks.get().taken);

        // As a switch would find it that starts now; this one still has the file.
        let found = || {
            std::fs::copy(&path, path.with_extension("found")).unwrap();
            known(&Journal::open(&path.with_extension("found")).unwrap())
        };

        // What the database remembers, unless something later stands in the file that it has not taken yet.
        let mut journal = Journal::open(&path).unwrap();
        write(&mut journal, Entry::Memory(memory("john", 5)));
        journal.merge(vec![memory("john", 4), memory("maria", 6)]).unwrap();
        assert_eq!(known(&journal), ["john-5", "maria-6"]);
        assert_eq!(found(), ["john-5"]);
        take(&journal);
        journal.merge(Vec::new()).unwrap();
        assert_eq!(found(), ["john-5", "maria-6"]);

        // Records come and are taken; the file does not grow with them.
        let record =
            Entry::Record(Box::new(ContactRecord { contact_id: "a".repeat(1_000), ..ContactRecord::default() }));
        for changed in 10..200 {
            write(&mut journal, record.clone());
            write(&mut journal, Entry::Memory(memory("peter", changed)));
            take(&journal);
            assert_eq!(journal.marks.get().written, std::fs::metadata(&path).unwrap().len());
        }
        assert!(190 * record.line().len() as u64 > 2 * limits::JOURNAL);
        assert!(journal.marks.get().written <= limits::JOURNAL + 4_096);
        let all = ["john-5", "maria-6", "peter-199"];
        assert_eq!(found(), all, "after a crash");
        journal.tidy();
        assert_eq!(found(), all);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3, "and nothing else");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
