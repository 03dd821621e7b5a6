//! The tones of a telephone, and plain notes for tests and built-in phones.

use super::{Clip, SAMPLE_RATE};
use std::f64::consts::TAU;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// 200 ms of 1000 Hz.
    Beep,
    /// 440 + 480 Hz, 2 s on, 4 s off.
    Ringback,
    /// 480 + 620 Hz, 0.5 s on, 0.5 s off.
    Busy,
    /// 480 + 620 Hz, 0.25 s on, 0.25 s off: the call cannot be completed.
    Congestion,
}

impl Tone {
    pub const ALL: [Tone; 4] = [Tone::Beep, Tone::Ringback, Tone::Busy, Tone::Congestion];

    /// A cadenced tone goes round until something else is wished for; a beep ends.
    #[must_use]
    pub fn cadenced(self) -> bool {
        self != Tone::Beep
    }

    /// The notes in it, and how long it sounds and is quiet, in milliseconds.
    fn plan(self) -> (&'static [f64], u32, u32) {
        match self {
            Tone::Beep => (&[1000.0], 200, 0),
            Tone::Ringback => (&[440.0, 480.0], 2000, 4000),
            Tone::Busy => (&[480.0, 620.0], 500, 500),
            Tone::Congestion => (&[480.0, 620.0], 250, 250),
        }
    }

    /// One beep, or one round of the cadence.
    #[must_use]
    pub fn clip(self) -> Clip {
        let (notes, on, off) = self.plan();
        let samples = |millis: u32| millis * SAMPLE_RATE / 1000;
        // -13 dBm0 a frequency, as ITU-T E.180 section 3 asks of a tone; loud enough to be heard through a headset.
        let amplitude = 0.15 * 32_767.0;
        // Edges of 5 ms, so that a tone does not click.
        let edge = f64::from(samples(5));
        let mut pcm: Vec<i16> = (0..samples(on))
            .map(|n| {
                let wave: f64 = notes.iter().map(|hz| (TAU * hz * f64::from(n) / f64::from(SAMPLE_RATE)).sin()).sum();
                let gain = (f64::from(n.min(samples(on) - n)) / edge).min(1.0);
                (wave * amplitude * gain) as i16
            })
            .collect();
        pcm.resize(samples(on + off) as usize, 0);
        Clip::new(pcm)
    }
}

/// Every tone, ready to be played.
#[derive(Clone, Debug)]
pub struct Tones([Arc<Clip>; 4]);

impl Tones {
    #[must_use]
    pub fn new() -> Self {
        Tones(Tone::ALL.map(|tone| Arc::new(tone.clip())))
    }

    #[must_use]
    pub fn clip(&self, tone: Tone) -> &Arc<Clip> {
        let [beep, ringback, busy, congestion] = &self.0;
        match tone {
            Tone::Beep => beep,
            Tone::Ringback => ringback,
            Tone::Busy => busy,
            Tone::Congestion => congestion,
        }
    }
}

impl Default for Tones {
    fn default() -> Self {
        Self::new()
    }
}

/// The pair of notes of a key by its code (ITU-T Q.23; codes as RFC 4733 section 3.2 has them), from its sample `from` on.
#[must_use]
pub fn digit(code: u8, from: u64, samples: usize) -> Vec<i16> {
    const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
    const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    // The keypad, row by row: 1 2 3 A, 4 5 6 B, 7 8 9 C, * 0 # D.
    const PAD: [u8; 16] = [1, 2, 3, 12, 4, 5, 6, 13, 7, 8, 9, 14, 10, 0, 11, 15];
    let place = PAD.iter().position(|key| *key == code).unwrap_or(0);
    let (low, high) = (LOW.get(place / 4).copied().unwrap_or(0.0), HIGH.get(place % 4).copied().unwrap_or(0.0));
    // -10 dBm0 together, what telephone-events say of themselves.
    let amplitude = 7_000;
    let low = note(low, amplitude, from, samples);
    low.iter().zip(note(high, amplitude, from, samples)).map(|(a, b)| a.saturating_add(b)).collect()
}

/// A sine of `hz`, from its sample `from` on, so that a note goes on through many frames without a seam.
#[must_use]
pub fn note(hz: f32, amplitude: i16, from: u64, samples: usize) -> Vec<i16> {
    let step = f64::from(hz) / f64::from(SAMPLE_RATE);
    (from..from + samples as u64)
        .map(|n| ((TAU * (step * n as f64).fract()).sin() * f64::from(amplitude)) as i16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{FRAME_SAMPLES, level_db, power};
    use super::*;

    #[test]
    fn tones_have_their_notes_and_their_cadence() {
        for (tone, millis, notes, sounding) in [
            (Tone::Beep, 200, &[1000.0][..], 200),
            (Tone::Ringback, 6000, &[440.0, 480.0][..], 2000),
            (Tone::Busy, 1000, &[480.0, 620.0][..], 500),
            (Tone::Congestion, 500, &[480.0, 620.0][..], 250),
        ] {
            let clip = tone.clip();
            assert_eq!(clip.duration().as_millis(), millis, "{tone:?}");
            let on = clip.pcm().iter().rposition(|s| *s != 0).unwrap() / 8 + 1;
            assert!((sounding - 2..=sounding).contains(&on), "{tone:?} sounds {on} ms");
            for hz in notes {
                let found = power(&clip.pcm()[400..1600], *hz);
                assert!((4500.0..5300.0).contains(&found), "{tone:?} {hz}: {found}");
            }
            let quiet = clip.pcm().chunks(FRAME_SAMPLES).filter(|frame| level_db(frame) < -60.0).count();
            assert!(quiet * 20 + sounding >= usize::try_from(millis).unwrap() - 20, "{tone:?}: {quiet} quiet frames");
        }
    }

    #[test]
    fn a_note_has_no_seams() {
        let whole = note(437.0, 9000, 0, 320);
        let parts = [note(437.0, 9000, 0, 160), note(437.0, 9000, 160, 160)].concat();
        assert_eq!(whole, parts);
    }
}
