//! What the parties of one recorded contact say, in two channels, in step with the clock.
//!
//! Each frame stands where its moment says. What each port receives is taken as the mixer takes it, after its jitter buffer:
//! loss is concealed there and another clock followed, so that nothing here can slip. A tick that was skipped, or a time
//! when nobody is to be recorded, is silence of the same length.

use super::command::{Piece, Recording};
use super::plane::Sink;
use crate::audio::{self, FRAME_SAMPLES};
use crate::ids::PortId;
use crate::limits::{FRAME, RECORDED_PIECE};
use crate::time::Time;

/// Samples of both channels in one piece.
const PIECE: usize = RECORDED_PIECE * 2 * FRAME_SAMPLES;

#[derive(Debug)]
pub(super) struct Recorder {
    pub wish: Recording,
    /// The number of the frame whose turn it is.
    next: u64,
    /// Frames not yet given away, up to that one.
    pcm: Vec<i16>,
    voiced: bool,
}

impl Recorder {
    pub fn new(wish: Recording) -> Self {
        Recorder { wish, next: 0, pcm: Vec::new(), voiced: false }
    }

    /// Takes the frame that was due at `now`. `heard` is what a port receives, if that may be heard.
    pub fn frame<'a>(
        &mut self,
        now: Time,
        heard: impl Fn(PortId) -> Option<&'a [i16; FRAME_SAMPLES]>,
        sink: &mut impl Sink,
    ) {
        let number = self.age(now) / FRAME.as_micros() as u64;
        if number < self.next {
            return; // Two media threads' clocks tick at different phases.
        }
        if number > self.next {
            self.give(sink);
            self.next = number;
        }
        let mut sides = [[0_i16; FRAME_SAMPLES]; 2];
        for (side, ports) in sides.iter_mut().zip([&self.wish.left, &self.wish.right]) {
            for frame in ports.iter().filter_map(|port| heard(*port)) {
                audio::add(side, frame);
                self.voiced = true;
            }
        }
        if self.pcm.capacity() == 0 {
            self.pcm.reserve_exact(PIECE);
        }
        let [left, right] = &sides;
        self.pcm.extend(left.iter().zip(right).flat_map(|(left, right)| [*left, *right]));
        self.next += 1;
        if self.pcm.len() >= PIECE {
            self.give(sink);
        }
    }

    /// Microseconds since it began.
    fn age(&self, now: Time) -> u64 {
        now.micros().saturating_sub(self.wish.since.micros())
    }

    /// Gives away what there is.
    fn give(&mut self, sink: &mut impl Sink) {
        if self.pcm.is_empty() {
            return;
        }
        let to = self.next * FRAME_SAMPLES as u64;
        let from = to - (self.pcm.len() / 2) as u64;
        let pcm = if std::mem::take(&mut self.voiced) { std::mem::take(&mut self.pcm) } else { Vec::new() };
        self.pcm.clear();
        sink.record(Piece { contact: self.wish.contact, since: self.wish.since, from, to, pcm, last: false });
    }

    /// The recording is over, as long as the time that it took; or it goes on elsewhere.
    pub fn end(mut self, now: Time, elsewhere: bool, sink: &mut impl Sink) {
        self.give(sink);
        if elsewhere {
            return;
        }
        let from = self.next * FRAME_SAMPLES as u64;
        let to = (self.age(now) * FRAME_SAMPLES as u64 / FRAME.as_micros() as u64).max(from);
        let (contact, since) = (self.wish.contact, self.wish.since);
        sink.record(Piece { contact, since, from, to, pcm: Vec::new(), last: true });
    }
}
