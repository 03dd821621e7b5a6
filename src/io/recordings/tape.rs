//! A media thread's end of the recordings: gives pieces, and never waits.

use crate::ids::ContactId;
use crate::media::Piece;
use crate::telemetry::metrics as names;
use metrics::{Counter, counter};
use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{SyncSender, TrySendError};

/// One for each media thread.
pub(in crate::io) struct Tapes {
    pieces: SyncSender<Piece>,
    /// Ends of recordings for which there was no room: they must not be lost.
    ends: VecDeque<Piece>,
    /// Contacts of whose recording something was lost, and nothing was taken since.
    broken: BTreeSet<ContactId>,
    lost: Counter,
}

impl Tapes {
    pub fn new(pieces: SyncSender<Piece>) -> Self {
        Tapes { pieces, ends: VecDeque::new(), broken: BTreeSet::new(), lost: counter!(names::RECORDING_PIECES_LOST) }
    }

    /// The same way for another thread.
    pub fn another(&self) -> Self {
        Tapes::new(self.pieces.clone())
    }

    pub fn is_idle(&self) -> bool {
        self.ends.is_empty()
    }

    /// A piece for which there is no room is silence in the file: everything after it stands where it belongs.
    pub fn give(&mut self, piece: Piece) {
        let (contact, last) = (piece.contact, piece.last);
        match self.pieces.try_send(piece) {
            Ok(()) => {
                self.broken.remove(&contact);
            }
            Err(TrySendError::Full(piece)) if last => self.ends.push_back(piece),
            Err(TrySendError::Full(_)) => {
                self.lost.increment(1);
                if self.broken.insert(contact) {
                    tracing::error!(%contact, "the disk is too slow: silence takes the place of what was to be recorded");
                }
            }
            // The switch ends.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Once a tick: what could not be given before.
    pub fn flush(&mut self) {
        while let Some(piece) = self.ends.pop_front() {
            let contact = piece.contact;
            match self.pieces.try_send(piece) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => {
                    self.broken.remove(&contact);
                }
                Err(TrySendError::Full(piece)) => return self.ends.push_front(piece),
            }
        }
    }
}
