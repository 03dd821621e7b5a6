//! The fingerprints of every prompt and tone: which 20 ms of which sound a frame is.

use super::{Heard, measure};
use crate::audio::{Codec, Decoder, FRAME_SAMPLES, Library, Tone};
use crate::ids::PromptId;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Clone, Debug, PartialEq)]
enum Name {
    Prompt(PromptId),
    Tone(Tone),
}

/// One sound, as far as it must be kept beside its fingerprints.
#[derive(Clone, Debug)]
struct Sound {
    name: Name,
    /// Which of its frames are silent: those fit wherever they are expected, and mean nothing elsewhere.
    silent: Vec<bool>,
}

/// A frame of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub sound: usize,
    pub frame: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    sounds: Vec<Sound>,
    /// Looked up and never walked through.
    places: HashMap<u64, Vec<Place>>,
}

fn fingerprint(pcm: &[i16]) -> u64 {
    let mut hasher = DefaultHasher::new();
    pcm.hash(&mut hasher);
    hasher.finish()
}

impl Index {
    pub fn new(library: &Library) -> Index {
        let mut index = Index::default();
        for (prompt, clip) in &library.prompts {
            index.add(Name::Prompt(prompt.clone()), |codec| clip.encoded(codec).to_vec());
        }
        for tone in Tone::ALL {
            let clip = tone.clip();
            index.add(Name::Tone(tone), |codec| clip.encoded(codec).to_vec());
        }
        index
    }

    fn add(&mut self, name: Name, encoded: impl Fn(Codec) -> Vec<u8>) {
        let sound = self.sounds.len();
        let mut silent: Vec<bool> = Vec::new();
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let mut pcm = Vec::new();
            Decoder::new(codec).decode(&encoded(codec), &mut pcm);
            // What is just above silence may be just below it in the other codec.
            silent.resize(pcm.len().div_ceil(FRAME_SAMPLES), false);
            silent.iter_mut().zip(pcm.chunks(FRAME_SAMPLES)).for_each(|(is, pcm)| *is |= measure::is_silent(pcm));
            for (frame, pcm) in pcm.chunks(FRAME_SAMPLES).enumerate().filter(|(_, pcm)| !measure::is_silent(pcm)) {
                let places = self.places.entry(fingerprint(pcm)).or_default();
                let place = Place { sound, frame: u32::try_from(frame).unwrap_or(u32::MAX) };
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        self.sounds.push(Sound { name, silent });
    }

    fn frames(&self, place: Place) -> u32 {
        self.sounds.get(place.sound).map_or(0, |sound| u32::try_from(sound.silent.len()).unwrap_or(u32::MAX))
    }

    /// The place so many frames later, round the end: most sounds repeat.
    pub fn later(&self, place: Place, frames: u32) -> Option<Place> {
        let whole = self.frames(place);
        (whole > 0 && frames <= whole).then(|| Place { frame: (place.frame + frames) % whole, ..place })
    }

    pub fn earlier(&self, place: Place, frames: u32) -> Option<Place> {
        let whole = self.frames(place);
        (whole > 0 && frames > 0 && frames <= whole)
            .then(|| Place { frame: (place.frame + whole - frames) % whole, ..place })
    }

    /// Whether a frame may stand in a place.
    pub fn fits(&self, pcm: &[i16], place: Place) -> bool {
        if measure::is_silent(pcm) {
            return self.is_silent(place);
        }
        self.places.get(&fingerprint(pcm)).is_some_and(|places| places.contains(&place))
    }

    fn is_silent(&self, place: Place) -> bool {
        self.sounds
            .get(place.sound)
            .and_then(|sound| sound.silent.get(usize::try_from(place.frame).ok()?))
            .is_some_and(|silent| *silent)
    }

    /// Where a frame stands: where it is expected; else later in the same sound; else nearest to a beginning.
    pub fn find(&self, pcm: &[i16], expected: Option<Place>) -> Option<Place> {
        if measure::is_silent(pcm) {
            // A sound that has ended leaves silence; only a tone goes round through its pause.
            let place = expected.filter(|place| self.is_silent(*place))?;
            let tone = matches!(self.sounds.get(place.sound)?.name, Name::Tone(_));
            return (tone || place.frame > 0).then_some(place);
        }
        let places = self.places.get(&fingerprint(pcm))?;
        let rank = |place: &&Place| match expected {
            Some(expected) if expected == **place => (0, 0),
            Some(expected) if expected.sound == place.sound => (1, place.frame.wrapping_sub(expected.frame)),
            _ => (2, place.frame),
        };
        places.iter().min_by_key(rank).copied()
    }

    pub fn heard(&self, place: Place) -> Heard {
        match self.sounds.get(place.sound).map(|sound| &sound.name) {
            Some(Name::Prompt(prompt)) => Heard::Prompt(prompt.clone(), place.frame),
            Some(Name::Tone(tone)) => Heard::Tone(*tone),
            None => Heard::Unknown,
        }
    }
}
