//! Puts packets back into order and gives them out at an even pace.
//!
//! It begins to give when the first packet has waited long enough for its successors to be late by as much as they
//! usually are. When it runs dry it begins again, so that its delay grows with the network's unrest; its owner sees when
//! each packet came, and takes more or less when they come earlier or later than need be.

use super::seq_ahead;
use crate::time::{Duration, Time};

/// 640 ms of ordinary packets: more than any conversation bears.
const SLOTS: usize = 32;
/// What every network and scheduler is late by.
const MARGIN: Duration = Duration::from_millis(10);
/// Beyond this a conversation suffers more from the delay than from the gaps.
const MAX_WAIT: Duration = Duration::from_millis(120);
/// A packet this far behind is no straggler: the sender began anew.
const STRAGGLER: i16 = 100;

#[derive(Clone, Debug)]
struct Slot<K> {
    seq: u16,
    came: Time,
    /// What its packet is; nothing while it is empty.
    kind: Option<K>,
    payload: Vec<u8>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    Kept,
    /// Its turn is over.
    Late,
    Duplicate,
    /// Out of reach of what is kept: everything begins anew with it.
    Restarted,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a, K> {
    Packet {
        kind: K,
        came: Time,
        payload: &'a [u8],
    },
    /// A packet is missing, and a later one is here.
    Lost,
    /// Nothing is here, or it is not yet time to begin.
    Empty,
}

/// `K` is what its owner must know of each packet: how to decode it.
#[derive(Clone, Debug)]
pub struct Jitter<K> {
    slots: Vec<Slot<K>>,
    /// The sequence number whose turn it is, while playing.
    next: Option<u16>,
    queued: usize,
    ssrc: Option<u32>,
    late: u64,
}

impl<K: Copy> Default for Jitter<K> {
    fn default() -> Self {
        let empty = Slot { seq: 0, came: Time::default(), kind: None, payload: Vec::new() };
        Jitter { slots: vec![empty; SLOTS], next: None, queued: 0, ssrc: None, late: 0 }
    }
}

impl<K: Copy> Jitter<K> {
    /// How many packets wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many came after their turn.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    pub fn insert(&mut self, now: Time, kind: K, ssrc: u32, seq: u16, payload: &[u8]) -> Inserted {
        let mut outcome = Inserted::Kept;
        if self.ssrc.replace(ssrc).is_some_and(|before| before != ssrc) {
            self.clear();
            outcome = Inserted::Restarted;
        }
        if let Some(first) = self.next.or_else(|| self.oldest()) {
            let step = seq_ahead(seq, first);
            if self.next.is_some() && (-STRAGGLER..0).contains(&step) {
                self.late += 1;
                return Inserted::Late;
            }
            if step < -STRAGGLER || usize::try_from(step).unwrap_or(0) >= SLOTS {
                self.clear();
                outcome = Inserted::Restarted;
            }
        }
        let Some(slot) = self.slots.get_mut(usize::from(seq) % SLOTS) else { return Inserted::Late };
        if slot.kind.is_some() && slot.seq == seq {
            return Inserted::Duplicate;
        }
        self.queued += usize::from(slot.kind.is_none());
        slot.seq = seq;
        slot.came = now;
        slot.kind = Some(kind);
        slot.payload.clear();
        slot.payload.extend_from_slice(payload);
        outcome
    }

    /// `unrest` is the measured jitter of the stream.
    pub fn next(&mut self, now: Time, unrest: Duration) -> Next<'_, K> {
        if self.next.is_none() {
            let came = self.slots.iter().filter(|slot| slot.kind.is_some()).map(|slot| slot.came).min();
            let wait = (MARGIN + unrest * 2).min(MAX_WAIT);
            if came.is_none_or(|came| now.since(came) < wait) {
                return Next::Empty;
            }
            self.next = self.oldest();
        }
        let Some(turn) = self.next else { return Next::Empty };
        if self.queued == 0 {
            // Dry: what comes next has to wait anew.
            self.next = None;
            return Next::Empty;
        }
        self.next = Some(turn.wrapping_add(1));
        let Some(slot) = self.slots.get_mut(usize::from(turn) % SLOTS).filter(|slot| slot.seq == turn) else {
            return Next::Lost;
        };
        match slot.kind.take() {
            Some(kind) => {
                self.queued -= 1;
                Next::Packet { kind, came: slot.came, payload: &slot.payload }
            }
            None => Next::Lost,
        }
    }

    fn oldest(&self) -> Option<u16> {
        let mut full = self.slots.iter().filter(|slot| slot.kind.is_some()).map(|slot| slot.seq);
        let first = full.next()?;
        Some(full.fold(first, |oldest, seq| if seq_ahead(seq, oldest) < 0 { seq } else { oldest }))
    }

    fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.kind = None;
        }
        self.queued = 0;
        self.next = None;
    }
}
