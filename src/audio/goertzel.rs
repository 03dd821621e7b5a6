//! How much of one frequency there is in a stretch of samples.

use super::SAMPLE_RATE;
use std::f32::consts::PI;

/// A detector of one frequency that is fed sample by sample.
#[derive(Clone, Debug)]
pub struct Goertzel {
    factor: f32,
    before: (f32, f32),
    samples: u32,
}

impl Goertzel {
    #[must_use]
    pub fn new(hz: f32) -> Self {
        let factor = 2.0 * (2.0 * PI * hz / SAMPLE_RATE as f32).cos();
        Goertzel { factor, before: (0.0, 0.0), samples: 0 }
    }

    pub fn feed(&mut self, pcm: &[i16]) {
        for sample in pcm {
            let now = f32::from(*sample) + self.factor * self.before.0 - self.before.1;
            self.before = (now, self.before.0);
        }
        self.samples += pcm.len() as u32;
    }

    /// The amplitude of a sine of this frequency that would give what was fed since the last call; begins anew.
    pub fn amplitude(&mut self) -> f32 {
        let (a, b) = std::mem::take(&mut self.before);
        let samples = std::mem::take(&mut self.samples).max(1) as f32;
        2.0 * (a * a + b * b - self.factor * a * b).max(0.0).sqrt() / samples
    }
}

/// The amplitude of one frequency in `pcm`.
#[must_use]
pub fn power(pcm: &[i16], hz: f32) -> f32 {
    let mut ear = Goertzel::new(hz);
    ear.feed(pcm);
    ear.amplitude()
}

/// The loudness of `pcm` in decibels below full scale; silence is -120.
#[must_use]
pub fn level_db(pcm: &[i16]) -> f32 {
    let squares: f64 = pcm.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    let mean = squares / pcm.len().max(1) as f64;
    (10.0 * (mean / (32_768.0 * 32_768.0)).max(1e-12).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::super::note;
    use super::*;

    #[test]
    fn one_note_is_told_from_another() {
        for hz in [350.0, 500.0, 875.0, 1200.0] {
            let pcm = note(hz, 8000, 0, 320);
            for other in [350.0, 500.0, 875.0, 1200.0] {
                let found = power(&pcm, other);
                if hz == other {
                    assert!((7900.0..8100.0).contains(&found), "{hz}: {found}");
                } else {
                    assert!(found < 800.0, "{hz} at {other}: {found}");
                }
            }
        }
    }

    #[test]
    fn loudness_is_told_in_decibels() {
        assert_eq!(level_db(&[0; 160]), -120.0);
        assert!(level_db(&[i16::MAX; 160]).abs() < 0.01);
        assert!((level_db(&note(1000.0, 32_767, 0, 160)) + 3.01).abs() < 0.05);
    }
}
