//! Sound that somebody else's phone recorded: no frame is exact, levels and clocks differ.

use super::{Ear, Heard, Hearing, measure};
use crate::audio::{FRAME_SAMPLES, Tone, level_db};
use crate::ids::PromptId;
use crate::limits::FRAME;
use crate::time::Time;

/// Softer is silence: comfort noise lies below, everything a phone plays above.
const SILENCE_DB: f32 = -48.0;
/// What is measured at a time: two frames, which part notes 25 Hz from each other.
const WINDOW: usize = 2 * FRAME_SAMPLES;
/// What a prompt is looked for with, and how alike it must be.
const SAMPLE: usize = 10 * FRAME_SAMPLES;
const ALIKE: f32 = 0.6;
/// Looking for a prompt anywhere is done on a quarter of the samples.
const COARSE: usize = 4;
/// After a search that found nothing, so many frames go by before the next.
const REST: usize = 5;
/// How far a jitter buffer may move a prompt between two frames.
const DRIFT: usize = 2 * FRAME_SAMPLES;
/// Busy sounds for 500 ms, congestion for 250.
const LONG_BURST: usize = 18;

/// A prompt being followed: where in it the next frame should lie.
#[derive(Clone, Debug)]
struct Track {
    prompt: PromptId,
    at: usize,
}

impl Ear {
    /// What a recording at 8 kHz holds, which began at `start`. Prompts are found by their likeness, notes and tones by
    /// measuring; a boundary is right to about 40 ms.
    #[must_use]
    pub fn listen_to_recording(&self, start: Time, pcm: &[i16]) -> Hearing {
        let coarse: Vec<(PromptId, Vec<f32>)> =
            self.library.prompts.iter().map(|(id, clip)| (id.clone(), thin(clip.pcm()))).collect();
        let mut frames = Vec::new();
        let mut track: Option<Track> = None;
        let mut rest = 0;
        for at in (0..pcm.len()).step_by(FRAME_SAMPLES) {
            let window = pcm.get(at..(at + WINDOW).min(pcm.len())).unwrap_or_default();
            let moment = start + FRAME * u32::try_from(at / FRAME_SAMPLES).unwrap_or(u32::MAX);
            rest = usize::saturating_sub(rest, 1);
            let heard = if let Some(heard) = self.follow(&mut track, pcm, at) {
                heard
            } else if level_db(window) < SILENCE_DB {
                Heard::Silence
            } else if let Some(tone) = measure::tone(window) {
                Heard::Tone(tone)
            } else {
                let notes = measure::notes(window, &self.notes);
                if notes == Heard::Unknown && rest == 0 {
                    rest = REST;
                    track = search(&coarse, pcm.get(at..(at + SAMPLE).min(pcm.len())).unwrap_or_default());
                    self.follow(&mut track, pcm, at).unwrap_or(notes)
                } else {
                    notes
                }
            };
            frames.push((moment, heard));
        }
        part_by_cadence(&mut frames);
        Hearing { frames }
    }

    /// Goes on with the prompt that is playing, as long as it is alike; its own pauses pass.
    fn follow(&self, track: &mut Option<Track>, pcm: &[i16], at: usize) -> Option<Heard> {
        let Track { prompt, at: place } = track.clone()?;
        let clip = self.library.clip(&prompt)?.pcm();
        let here = pcm.get(at..(at + WINDOW).min(pcm.len()))?;
        let there = clip.get(place..(place + here.len()).min(clip.len())).unwrap_or_default();
        let frame = u32::try_from(place / FRAME_SAMPLES).unwrap_or(u32::MAX);
        if there.len() < FRAME_SAMPLES {
            *track = None;
            return None;
        }
        if level_db(there) < SILENCE_DB && level_db(here) < SILENCE_DB {
            *track = Some(Track { prompt: prompt.clone(), at: place + FRAME_SAMPLES });
            return Some(Heard::Prompt(prompt, frame));
        }
        let from = place.saturating_sub(DRIFT);
        let (found, likeness) =
            best(&floats(clip.get(from..(place + DRIFT + here.len()).min(clip.len()))?), &floats(here))?;
        if likeness < ALIKE {
            *track = None;
            return None;
        }
        let place = from + found;
        *track = Some(Track { prompt: prompt.clone(), at: place + FRAME_SAMPLES });
        Some(Heard::Prompt(prompt, u32::try_from(place / FRAME_SAMPLES).unwrap_or(u32::MAX)))
    }
}

fn search(prompts: &[(PromptId, Vec<f32>)], sample: &[i16]) -> Option<Track> {
    let wanted = thin(sample);
    let found = prompts.iter().filter_map(|(prompt, pcm)| {
        let (at, likeness) = best(pcm, &wanted)?;
        Some((likeness, Track { prompt: prompt.clone(), at: at * COARSE }))
    });
    let (likeness, track) = found.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness >= ALIKE).then_some(track)
}

fn floats(pcm: &[i16]) -> Vec<f32> {
    pcm.iter().map(|sample| f32::from(*sample)).collect()
}

/// A quarter of the samples, each the mean of four.
fn thin(pcm: &[i16]) -> Vec<f32> {
    pcm.chunks_exact(COARSE)
        .map(|four| four.iter().map(|sample| f32::from(*sample)).sum::<f32>() / COARSE as f32)
        .collect()
}

/// Where `wanted` lies in `within` most alike, and how alike: the normalised cross-correlation, -1 to 1.
fn best(within: &[f32], wanted: &[f32]) -> Option<(usize, f32)> {
    let own: f32 = wanted.iter().map(|x| x * x).sum();
    if wanted.is_empty() || own <= 0.0 || within.len() < wanted.len() {
        return None;
    }
    let mut energy: f64 = within.iter().take(wanted.len()).map(|x| f64::from(*x) * f64::from(*x)).sum();
    let mut found = (0, f32::MIN);
    for (at, window) in within.windows(wanted.len()).enumerate() {
        let scale = (energy.max(0.0) * f64::from(own)).sqrt() as f32;
        if scale > own * 1e-4 {
            let likeness = window.iter().zip(wanted).map(|(a, b)| a * b).sum::<f32>() / scale;
            if likeness > found.1 {
                found = (at, likeness);
            }
        }
        let (first, next) = (window.first().copied().unwrap_or(0.0), within.get(at + wanted.len()).copied());
        energy += next.map_or(0.0, |next| f64::from(next) * f64::from(next)) - f64::from(first) * f64::from(first);
    }
    Some(found)
}

/// Busy and congestion differ by how long a burst is.
fn part_by_cadence(frames: &mut [(Time, Heard)]) {
    for run in frames.chunk_by_mut(|(_, a), (_, b)| a == b) {
        if run.len() < LONG_BURST {
            for (_, heard) in run.iter_mut().filter(|(_, heard)| *heard == Heard::Tone(Tone::Busy)) {
                *heard = Heard::Tone(Tone::Congestion);
            }
        }
    }
}
