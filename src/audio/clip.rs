//! A piece of sound, ready to go out in every codec, and the library of them.

use super::{AudioError, Codec, Encoder, FRAME_SAMPLES, SAMPLE_RATE, wav};
use crate::ids::PromptId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Telephone sound with its encodings made beforehand: playing a frame is a copy of 160 bytes.
/// The last frame is filled up with silence.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    pcm: Vec<i16>,
    ulaw: Vec<u8>,
    alaw: Vec<u8>,
    duration: Duration,
}

impl Clip {
    /// Samples at [`SAMPLE_RATE`].
    #[must_use]
    pub fn new(mut pcm: Vec<i16>) -> Self {
        let duration = Duration::from_micros(pcm.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE));
        pcm.resize(pcm.len().next_multiple_of(FRAME_SAMPLES), 0);
        let encoded = |codec| {
            let mut bytes = vec![0; pcm.len()];
            Encoder::new(codec).encode(&pcm, &mut bytes);
            bytes
        };
        let (ulaw, alaw) = (encoded(Codec::Pcmu), encoded(Codec::Pcma));
        Clip { pcm, ulaw, alaw, duration }
    }

    /// A WAV file of any common rate, width and number of channels.
    pub fn read(file: &[u8]) -> Result<Self, AudioError> {
        wav::read(file).map(Clip::new)
    }

    #[must_use]
    pub fn pcm(&self) -> &[i16] {
        &self.pcm
    }

    /// The whole sound as payload bytes.
    #[must_use]
    pub fn encoded(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcmu => &self.ulaw,
            Codec::Pcma => &self.alaw,
        }
    }

    /// How long the sound itself is, without what fills up its last frame.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// How many frames of 20 ms it takes to play.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.pcm.len() / FRAME_SAMPLES
    }

    /// One frame's payload.
    #[must_use]
    pub fn frame(&self, codec: Codec, number: usize) -> Option<&[u8]> {
        let from = number.checked_mul(FRAME_SAMPLES)?;
        self.encoded(codec).get(from..from.checked_add(FRAME_SAMPLES)?)
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({:?})", self.duration)
    }
}

/// Every prompt of the installation, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    pub prompts: BTreeMap<PromptId, Arc<Clip>>,
}

impl Library {
    #[must_use]
    pub fn clip(&self, prompt: &PromptId) -> Option<&Arc<Clip>> {
        self.prompts.get(prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_frame_is_filled_up() {
        let clip = Clip::new(vec![1000; 200]);
        assert_eq!(clip.duration(), Duration::from_millis(25));
        assert_eq!(clip.frames(), 2);
        assert_eq!(clip.frame(Codec::Pcmu, 1).map(|f| f[159]), Some(0xff));
        assert_eq!(clip.frame(Codec::Pcma, 0).map(<[u8]>::len), Some(160));
        assert_eq!(clip.frame(Codec::Pcmu, 2), None);
    }
}
