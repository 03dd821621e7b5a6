//! What is heard in place of a packet that did not come: the last sound again, fading to nothing.

/// How long a concealment takes to fade out: three frames, after which the voice is not guessed at any more.
const FADE: usize = 480;
/// How much of the past is repeated.
const MEMORY: usize = 160;

/// Remembers the last sound of one stream.
#[derive(Clone, Debug, Default)]
pub struct Concealment {
    last: Vec<i16>,
    filled: usize,
}

impl Concealment {
    /// What really came.
    pub fn heard(&mut self, pcm: &[i16]) {
        let tail = pcm.get(pcm.len().saturating_sub(MEMORY)..).unwrap_or_default();
        self.last.clear();
        self.last.extend_from_slice(tail);
        self.filled = 0;
    }

    /// Appends `samples` of a guess. False once there is only silence left to give.
    pub fn fill(&mut self, samples: usize, pcm: &mut Vec<i16>) -> bool {
        let voiced = self.filled < FADE && !self.last.is_empty();
        let from = self.filled;
        self.filled = from.saturating_add(samples).min(FADE);
        if !voiced {
            pcm.resize(pcm.len() + samples, 0);
            return false;
        }
        pcm.extend(self.last.iter().cycle().take(samples).enumerate().map(|(n, sample)| {
            let left = FADE.saturating_sub(from + n) as i32;
            (i32::from(*sample) * left / FADE as i32) as i16
        }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_fades_out_in_three_frames() {
        let mut conceal = Concealment::default();
        conceal.heard(&[1000; 160]);
        let mut pcm = Vec::new();
        assert!(conceal.fill(160, &mut pcm));
        assert!(conceal.fill(320, &mut pcm));
        assert!(!conceal.fill(160, &mut pcm));
        assert_eq!(pcm.len(), 640);
        assert_eq!(pcm[0], 1000);
        assert!(pcm.windows(2).all(|w| w[1] <= w[0]), "never louder again");
        assert!(pcm[480..].iter().all(|s| *s == 0));
    }

    #[test]
    fn nothing_heard_yet_is_silence() {
        let mut pcm = Vec::new();
        assert!(!Concealment::default().fill(10, &mut pcm));
        assert_eq!(pcm, [0; 10]);
    }
}
