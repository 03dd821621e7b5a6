//! What is heard in place of packets that did not come: the last pitch period again and again, fading to nothing, and
//! joined without a seam to what comes next (after the idea of ITU-T G.711 appendix I).

use super::stretch::best_lag;

/// So much is repeated as it was; then it begins to fade.
const STEADY: usize = 80;
/// After so much, three frames, the voice is not guessed at any more.
const FADED: usize = 480;
/// Two of the longest periods and the stretch that is compared.
const MEMORY: usize = 280;
/// Pitch periods of voices: 200 to 66 Hz. A higher one fits in several times.
const LAGS: std::ops::RangeInclusive<usize> = 40..=120;
/// How long what was guessed and what came overlap: 4 ms.
const SEAM: usize = 32;

/// Remembers the last sound of one stream.
#[derive(Clone, Debug, Default)]
pub struct Concealment {
    past: Vec<i16>,
    lag: usize,
    filled: usize,
}

impl Concealment {
    /// What really came. Behind a gap its beginning is blended with the guess.
    pub fn heard(&mut self, pcm: &mut [i16]) {
        if self.filled > 0 {
            for (n, sample) in pcm.iter_mut().take(SEAM).enumerate() {
                let guess = i32::from(self.guess(self.filled + n));
                let (came, n) = (i32::from(*sample), n as i32);
                *sample = ((came * n + guess * (SEAM as i32 - n)) / SEAM as i32) as i16;
            }
            self.filled = 0;
        }
        self.past.extend_from_slice(pcm);
        self.past.drain(..self.past.len().saturating_sub(MEMORY));
    }

    /// Appends `samples` of a guess. False once there is only silence left to give.
    pub fn fill(&mut self, samples: usize, pcm: &mut Vec<i16>) -> bool {
        if self.filled == 0 {
            self.lag = best_lag(&self.past, LAGS).unwrap_or(self.past.len());
        }
        let voiced = self.filled < FADED && !self.past.is_empty();
        pcm.extend((0..samples).map(|n| self.guess(self.filled + n)));
        self.filled = self.filled.saturating_add(samples).min(FADED);
        voiced
    }

    /// Nothing that was is worth repeating: what comes next fades in.
    pub fn forget(&mut self) {
        self.filled = FADED;
    }

    /// The sample `n` behind the last that came.
    fn guess(&self, n: usize) -> i16 {
        let left = FADED.saturating_sub(n).min(FADED - STEADY);
        if left == 0 || self.lag == 0 {
            return 0;
        }
        let at = |back: usize| self.past.len().checked_sub(back).and_then(|at| self.past.get(at)).copied().unwrap_or(0);
        let place = n % self.lag;
        let back = self.lag - place;
        let mut sample = i32::from(at(back));
        // The end of each period leads over to its beginning: it turns into what came before that.
        let seam = self.lag / 4;
        if back <= seam && self.past.len() >= 2 * self.lag {
            let (new, all) = ((seam - back + 1) as i32, seam as i32);
            sample = (sample * (all - new) + i32::from(at(back + self.lag)) * new) / all;
        }
        (sample * left as i32 / (FADED - STEADY) as i32) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::super::{level_db, note};
    use super::*;

    #[test]
    fn a_gap_fades_out_in_three_frames() {
        let mut conceal = Concealment::default();
        conceal.heard(&mut [1000; 160]);
        let mut pcm = Vec::new();
        assert!(conceal.fill(160, &mut pcm));
        assert!(conceal.fill(320, &mut pcm));
        assert!(!conceal.fill(160, &mut pcm));
        assert_eq!(pcm.len(), 640);
        assert_eq!(pcm[..STEADY], [1000; STEADY]);
        assert!(pcm.windows(2).all(|w| w[1] <= w[0]), "never louder again");
        assert!(pcm[FADED..].iter().all(|s| *s == 0));
    }

    #[test]
    fn nothing_heard_yet_is_silence() {
        let mut pcm = Vec::new();
        assert!(!Concealment::default().fill(10, &mut pcm));
        assert_eq!(pcm, [0; 10]);
    }

    #[test]
    fn a_lost_packet_of_a_steady_voice_is_hardly_heard() {
        // A voice of several harmonics, and pure tones; one packet in eight is lost.
        for pitch in [90.0, 125.0, 180.0, 220.0, 437.0, 1000.0] {
            let voice = |from: u64, samples: usize| -> Vec<i16> {
                let parts: Vec<Vec<i16>> =
                    (1..=3).map(|n| note(pitch * n as f32, 6_000.0 as i16 / n, from, samples)).collect();
                (0..samples).map(|at| parts.iter().map(|part| part[at]).sum()).collect()
            };
            let mut conceal = Concealment::default();
            let mut heard = Vec::new();
            for packet in 0..64_u64 {
                if packet % 8 == 7 {
                    conceal.fill(160, &mut heard);
                } else {
                    let mut pcm = voice(packet * 160, 160);
                    conceal.heard(&mut pcm);
                    heard.extend(pcm);
                }
            }
            let original = voice(0, heard.len());
            let steepest =
                |pcm: &[i16]| pcm.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
            let (was, is) = (steepest(&original), steepest(&heard));
            assert!(is <= was * 13 / 10 + 300, "{pitch} Hz: a click of {is}, where the voice has {was}");
            let level = level_db(&original);
            for (n, frame) in heard.chunks(160).enumerate() {
                assert!((level_db(frame) - level).abs() < 3.0, "{pitch} Hz: frame {n} is {} dB", level_db(frame));
            }
        }
    }
}
