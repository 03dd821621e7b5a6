//! Whether what a port receives is heard too late or too early, by how long its packets wait for their turn.

use crate::audio::SAMPLE_RATE;
use crate::time::Duration;

/// A packet that waits less was nearly missed.
const NARROW: Duration = Duration::from_millis(4);
/// When every packet waits longer than this, for as long as the network is remembered, the delay is of no use.
const AMPLE: Duration = Duration::from_millis(32);
/// So long is the remains of a standstill and not drift: it goes at once.
const STANDSTILL: Duration = Duration::from_millis(120);
/// Frames in which the shortest wait is looked for.
const WINDOW: u32 = 50;
/// How many windows the network is remembered.
const WINDOWS: usize = 8;
/// Frames between two changes, so that they are not heard as a voice that hurries.
const REST: u32 = 8;

/// What to do with the frame that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// Put a pitch period in.
    Longer,
    /// Take one out.
    Shorter,
    /// Leave it out.
    Skip,
}

/// Times here are in microseconds and may become negative: a wait that was too short by so much.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// The shortest wait of this window.
    low: Option<i64>,
    /// Of the windows before, the newest last.
    lows: Vec<i64>,
    frames: u32,
    rest: u32,
    /// A packet came after its turn.
    missed: bool,
}

impl Pace {
    /// A packet was taken after so long.
    pub fn waited(&mut self, wait: Duration) {
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        self.low = Some(self.low.map_or(wait, |low| low.min(wait)));
    }

    pub fn late(&mut self) {
        self.missed = true;
    }

    /// Called once a frame, when its packets are taken.
    pub fn step(&mut self) -> Step {
        self.frames += 1;
        self.rest = self.rest.saturating_sub(1);
        if self.frames >= WINDOW {
            self.frames = 0;
            if let Some(low) = self.low.take() {
                self.lows.push(low);
                self.lows.drain(..self.lows.len().saturating_sub(WINDOWS));
            }
        }
        if self.rest > 0 {
            return Step::On;
        }
        let micros = |span: Duration| span.as_micros() as i64;
        if std::mem::take(&mut self.missed) || self.low.is_some_and(|low| low < micros(NARROW)) {
            return Step::Longer;
        }
        let least = |windows: usize| self.lows.iter().rev().take(windows).chain(&self.low).min().copied();
        if self.lows.len() >= 2 && least(2).is_some_and(|low| low > micros(STANDSTILL)) {
            return Step::Skip;
        }
        if self.lows.len() >= WINDOWS && least(WINDOWS).is_some_and(|low| low > micros(AMPLE)) {
            return Step::Shorter;
        }
        Step::On
    }

    /// The frame was made longer, or shorter, by so many samples: what waits, waits that much longer or shorter.
    pub fn moved(&mut self, samples: isize) {
        let by = samples as i64 * 1_000_000 / i64::from(SAMPLE_RATE);
        self.low.iter_mut().chain(&mut self.lows).for_each(|low| *low += by);
        // A whole frame that is skipped is a cut already; the next may follow at once.
        self.rest = if samples.unsigned_abs() >= 160 { 0 } else { REST };
        // What was measured in this window was too near: it is measured anew.
        if samples > 0 {
            self.low = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done in a thousand frames whose packets wait so long.
    fn steps(waits: impl Fn(u32) -> u64) -> (usize, usize, usize) {
        let mut pace = Pace::default();
        let (mut longer, mut shorter, mut skipped) = (0, 0, 0);
        for frame in 0..1000 {
            pace.waited(Duration::from_millis(waits(frame)));
            match pace.step() {
                Step::On => {}
                Step::Longer => longer += 1,
                Step::Shorter => shorter += 1,
                Step::Skip => skipped += 1,
            }
        }
        (longer, shorter, skipped)
    }

    #[test]
    fn waits_that_fit_are_left_alone() {
        for (case, low, high) in [("as it begins", 10, 10), ("a frame later", 29, 29), ("unrest", 8, 100)] {
            assert_eq!(steps(|frame| if frame % 40 == 7 { low } else { high }), (0, 0, 0), "{case}");
        }
    }

    #[test]
    fn too_short_and_too_long_are_told_apart() {
        let (longer, shorter, skipped) = steps(|_| 2);
        assert!(longer > 900 && shorter + skipped == 0, "until it is told that it moved");
        let (longer, shorter, skipped) = steps(|_| 40);
        assert!(longer + skipped == 0 && shorter > 500);
        let (longer, shorter, skipped) = steps(|_| 300);
        assert!(longer + shorter == 0 && skipped > 800);
        // One packet in seven seconds that needs it is reason enough to keep the delay.
        let (_, shorter, _) = steps(|frame| if frame % 350 == 0 { 20 } else { 90 });
        assert_eq!(shorter, 0);
    }

    #[test]
    fn a_change_is_waited_for_before_the_next() {
        let mut pace = Pace::default();
        let mut longer = 0;
        for _ in 0..80 {
            pace.waited(Duration::from_millis(2));
            if pace.step() == Step::Longer {
                longer += 1;
                pace.moved(60);
            }
        }
        assert_eq!(longer, 10);
    }
}
