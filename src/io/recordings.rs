//! The recordings' thread: takes pieces from the media threads and writes each to its file.
//!
//! Whatever the disk does, it holds up nobody but this thread. A file is right after every piece: its header says as much as
//! is there, so that what a crash leaves can be played.

mod shelf;
mod tape;

pub(super) use shelf::{expire, shelf};
pub(super) use tape::Tapes;

use super::inbox::{Inbox, Refused};
use crate::engine::Input;
use crate::engine::record::location;
use crate::ids::ContactId;
use crate::limits::PIECES_WAITING;
use crate::media::Piece;
use crate::telemetry::metrics as names;
use crate::time::Duration;
use metrics::{counter, gauge};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

/// What a second of both channels takes.
const RATE: u64 = crate::audio::SAMPLE_RATE as u64;
const SAMPLE_BYTES: u64 = 4;

/// The way in for every media thread, and what the recordings' thread is to run.
pub(super) fn recordings(folder: &Path, inbox: &Inbox) -> (Tapes, impl FnOnce() + Send + 'static) {
    let (sender, pieces) = sync_channel(PIECES_WAITING);
    let writer = Writer { folder: folder.to_owned(), inbox: Some(inbox.clone()), files: BTreeMap::new() };
    (Tapes::new(sender), move || writer.run(&pieces))
}

struct Writer {
    folder: PathBuf,
    /// Where it is told that something could not be kept.
    inbox: Option<Inbox>,
    files: BTreeMap<ContactId, Kept>,
}

enum Kept {
    /// So many samples of each channel stand in it.
    Open { file: File, samples: u64 },
    /// And whether the engine knows.
    Failed { samples: u64, told: bool },
}

impl Writer {
    /// Runs until the media threads have ended.
    fn run(mut self, pieces: &Receiver<Piece>) {
        for piece in pieces {
            self.take(&piece);
        }
    }

    fn take(&mut self, piece: &Piece) {
        let contact = piece.contact;
        let kept = match self.files.remove(&contact) {
            Some(Kept::Open { file, samples }) => self.write(piece, file, samples),
            Some(failed @ Kept::Failed { .. }) => failed,
            None => match open(&self.path(piece)) {
                Ok(file) => self.write(piece, file, 0),
                Err(fault) => self.fail(piece, 0, &fault),
            },
        };
        let kept = self.tell(contact, kept);
        if !piece.last || matches!(kept, Kept::Failed { told: false, .. }) {
            self.files.insert(contact, kept);
        }
        #[allow(clippy::cast_precision_loss)]
        gauge!(names::RECORDINGS).set(self.files.len() as f64);
    }

    fn path(&self, piece: &Piece) -> PathBuf {
        self.folder.join(location(piece.contact, piece.since))
    }

    fn write(&self, piece: &Piece, file: File, samples: u64) -> Kept {
        match append(&file, piece, samples) {
            Ok(samples) => Kept::Open { file, samples },
            Err(fault) => self.fail(piece, samples, &fault),
        }
    }

    /// The call goes on without; whoever is in charge hears of it.
    fn fail(&self, piece: &Piece, samples: u64, fault: &io::Error) -> Kept {
        let path = self.path(piece);
        tracing::error!(contact = %piece.contact, path = %path.display(), seconds = samples / RATE, %fault,
            "a recording cannot be written and ends here; the call goes on");
        counter!(names::RECORDINGS_FAILED).increment(1);
        if samples == 0 {
            // Nothing in it: nobody misses it.
            let _gone = std::fs::remove_file(path);
        }
        Kept::Failed { samples, told: false }
    }

    fn tell(&self, contact: ContactId, kept: Kept) -> Kept {
        let (Kept::Failed { samples, told: false }, Some(inbox)) = (&kept, &self.inbox) else { return kept };
        let input = Input::RecordingFailed { contact, kept: Duration::from_micros(samples * 1_000_000 / RATE) };
        let told = !matches!(inbox.offer(input), Err(Refused::Full(_)));
        Kept::Failed { samples: *samples, told }
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(day) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(day)?;
    }
    // One that is there already goes on: its contact was recorded until a moment ago.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// First the sound, then the header that speaks of it. What nobody has written is silence.
fn append(file: &File, piece: &Piece, samples: u64) -> io::Result<u64> {
    let header = crate::audio::STEREO_HEADER as u64;
    let samples = samples.max(piece.to);
    if piece.pcm.is_empty() {
        file.set_len(file.metadata()?.len().max(header + samples * SAMPLE_BYTES))?;
    } else {
        let bytes: Vec<u8> = piece.pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        file.write_all_at(&bytes, header + piece.from * SAMPLE_BYTES)?;
    }
    file.write_all_at(&crate::audio::stereo_header(samples), 0)?;
    Ok(samples)
}

#[cfg(test)]
mod tests;
