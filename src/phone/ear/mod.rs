//! What a phone heard, put into words: prompts, tones, notes of other phones, silence.
//!
//! [`Ear::listen`] takes the packets as they came in. A prompt or tone of ours is known exactly: every 20 ms frame of
//! it, through either law, has its fingerprint. Notes are measured, alone or mixed. [`Ear::listen_to_recording`] takes
//! sound that went through somebody else's phone, where nothing is exact any more.

mod index;
mod measure;
mod recording;

use crate::audio::{FRAME_SAMPLES, Library, Tone};
use crate::ids::PromptId;
use crate::limits::FRAME;
use crate::phone::HeardFrame;
use crate::time::{Duration, Time};
use index::{Index, Place};
use std::fmt;
use std::sync::Arc;

/// Notes for phones to hum, in Hz: whole cycles in 20 ms, so that any mixture of them comes apart in one frame, and
/// clear of every tone of a telephone.
pub const NOTES: [u16; 14] = [350, 550, 650, 750, 850, 950, 1150, 1250, 1350, 1450, 1550, 1650, 1750, 1850];

/// Packets lost in between do not end a span that goes on after them.
const LOST: Duration = Duration::from_millis(60);

/// What one frame was.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Silence,
    /// A prompt, and which 20 ms of it. Its own pauses are part of it.
    Prompt(PromptId, u32),
    /// A tone, the pauses of its cadence too.
    Tone(Tone),
    /// Phones that hum, in Hz, lowest first.
    Notes(Vec<u16>),
    /// Sound that is none of these.
    Unknown,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    Silence,
    Prompt(PromptId),
    Tone(Tone),
    /// This note, alone or with others.
    Note(u16),
    /// Exactly these notes, lowest first.
    Notes(Vec<u16>),
    Unknown,
    /// Anything but silence.
    Sound,
}

impl Heard {
    #[must_use]
    pub fn is(&self, label: &Label) -> bool {
        match (self, label) {
            (Heard::Silence, Label::Silence) | (Heard::Unknown, Label::Unknown) => true,
            (heard, Label::Sound) => *heard != Heard::Silence,
            (Heard::Prompt(prompt, _), Label::Prompt(wanted)) => prompt == wanted,
            (Heard::Tone(tone), Label::Tone(wanted)) => tone == wanted,
            (Heard::Notes(notes), Label::Note(wanted)) => notes.contains(wanted),
            (Heard::Notes(notes), Label::Notes(wanted)) => notes == wanted,
            _ => false,
        }
    }

    /// The narrowest label that fits.
    #[must_use]
    pub fn label(&self) -> Label {
        match self {
            Heard::Silence => Label::Silence,
            Heard::Prompt(prompt, _) => Label::Prompt(prompt.clone()),
            Heard::Tone(tone) => Label::Tone(*tone),
            Heard::Notes(notes) => Label::Notes(notes.clone()),
            Heard::Unknown => Label::Unknown,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Silence => f.write_str("silence"),
            Label::Prompt(prompt) => write!(f, "{prompt}"),
            Label::Tone(tone) => f.write_str(match tone {
                Tone::Beep => "beep",
                Tone::Ringback => "ringback",
                Tone::Busy => "busy tone",
                Tone::Congestion => "congestion tone",
            }),
            Label::Note(hz) => write!(f, "{hz} Hz"),
            Label::Notes(notes) => {
                let notes: Vec<String> = notes.iter().map(u16::to_string).collect();
                write!(f, "{} Hz", notes.join(" + "))
            }
            Label::Unknown => f.write_str("unknown sound"),
            Label::Sound => f.write_str("sound"),
        }
    }
}

/// One stretch of the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
    pub label: Label,
}

/// Everything heard, frame by frame, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hearing {
    /// When each frame began to be heard, and what it was; each lasts 20 ms.
    pub frames: Vec<(Time, Heard)>,
}

impl Hearing {
    /// What was heard at a moment; `None` when nothing came in.
    #[must_use]
    pub fn at(&self, moment: Time) -> Option<&Heard> {
        let after = self.frames.partition_point(|(at, _)| *at <= moment);
        let (at, heard) = self.frames.get(after.checked_sub(1)?)?;
        (moment.since(*at) < FRAME * 2).then_some(heard)
    }

    fn between(&self, from: Time, to: Time) -> impl Iterator<Item = &(Time, Heard)> {
        self.frames.iter().filter(move |(at, _)| *at >= from && *at < to)
    }

    /// When a label was heard, between two moments.
    #[must_use]
    pub fn spans(&self, label: &Label, from: Time, to: Time) -> Vec<(Time, Time)> {
        let mut spans: Vec<(Time, Time)> = Vec::new();
        let mut going = false;
        for (at, heard) in self.between(from, to) {
            let end = (*at + FRAME).min(to);
            let fits = heard.is(label);
            match spans.last_mut() {
                Some((_, last)) if fits && going && at.since(*last) <= LOST => *last = end,
                _ if fits => spans.push((*at, end)),
                _ => {}
            }
            going = fits;
        }
        spans
    }

    /// Everything, as stretches of the same, each with its narrowest label.
    #[must_use]
    pub fn story(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (at, heard) in &self.frames {
            let end = *at + FRAME;
            match spans.last_mut() {
                Some(span) if at.since(span.to) <= LOST && heard.is(&span.label) => span.to = end,
                _ => spans.push(Span { from: *at, to: end, label: heard.label() }),
            }
        }
        spans
    }

    /// The longest time without any sound between two moments, whether silence or nothing came in.
    #[must_use]
    pub fn dead_air(&self, from: Time, to: Time) -> Duration {
        let (mut longest, mut quiet_since) = (Duration::ZERO, from);
        for (at, heard) in self.frames.iter().filter(|(at, _)| *at + FRAME > from && *at < to) {
            if *heard != Heard::Silence {
                longest = longest.max(at.since(quiet_since));
                quiet_since = quiet_since.max(*at + FRAME);
            }
        }
        longest.max(to.since(quiet_since))
    }

    /// The share of the time between two moments in which a label was heard, 0 to 1.
    #[must_use]
    pub fn share(&self, label: &Label, from: Time, to: Time) -> f64 {
        let window = to.since(from).as_secs_f64();
        if window <= 0.0 {
            return 0.0;
        }
        let heard = self.between(from, to).filter(|(_, heard)| heard.is(label)).count();
        (heard as f64 * FRAME.as_secs_f64() / window).min(1.0)
    }

    /// When a label was first heard at or after a moment.
    #[must_use]
    pub fn first(&self, label: &Label, from: Time) -> Option<Time> {
        self.frames.iter().find(|(at, heard)| *at >= from && heard.is(label)).map(|(at, _)| *at)
    }
}

/// Knows the prompts and tones of an installation and the notes of its phones.
#[derive(Clone, Debug)]
pub struct Ear {
    library: Arc<Library>,
    index: Index,
    notes: Vec<u16>,
}

impl Ear {
    /// `notes`: what the phones around hum; [`NOTES`] where that is not known.
    #[must_use]
    pub fn new(library: Arc<Library>, notes: &[u16]) -> Ear {
        let mut notes = notes.to_vec();
        notes.sort_unstable();
        notes.dedup();
        Ear { index: Index::new(&library), library, notes }
    }

    /// What these packets were, as they came in.
    #[must_use]
    pub fn listen(&self, frames: &[HeardFrame]) -> Hearing {
        let mut places: Vec<Option<Place>> = Vec::with_capacity(frames.len());
        let mut before: Option<(Place, u32)> = None;
        for frame in frames {
            // How many frames lie between this one and the last that was known, by the sender's clock.
            let expected = before.and_then(|(place, timestamp)| {
                let ahead = frame.timestamp.wrapping_sub(timestamp) / FRAME_SAMPLES as u32;
                self.index.later(place, ahead)
            });
            let place = self.index.find(&frame.pcm, expected);
            if let Some(place) = place {
                before = Some((place, frame.timestamp));
            } else if !measure::is_silent(&frame.pcm) {
                before = None;
            }
            places.push(place);
        }
        self.look_back(frames, &mut places);
        let heard = |(frame, place): (&HeardFrame, Option<Place>)| {
            let heard = match place {
                Some(place) => self.index.heard(place),
                None if measure::is_silent(&frame.pcm) => Heard::Silence,
                None => measure::notes(&frame.pcm, &self.notes),
            };
            (frame.at, heard)
        };
        let mut frames: Vec<(Time, Heard)> = frames.iter().zip(places).map(heard).collect();
        frames.sort_by_key(|(at, _)| *at);
        Hearing { frames }
    }

    /// What began with silence, or with a sound that another begins with too, is known by what comes after it.
    fn look_back(&self, frames: &[HeardFrame], places: &mut [Option<Place>]) {
        for at in (1..places.len()).rev() {
            let (Some(Some(place)), Some(before), Some(frame)) =
                (places.get(at).copied(), frames.get(at - 1), frames.get(at))
            else {
                continue;
            };
            let step = frame.timestamp.wrapping_sub(before.timestamp) / FRAME_SAMPLES as u32;
            let Some(earlier) = self.index.earlier(place, step) else { continue };
            let same = places.get(at - 1).copied().flatten().is_some_and(|known| known.sound == place.sound);
            if !same
                && self.index.fits(&before.pcm, earlier)
                && let Some(known) = places.get_mut(at - 1)
            {
                *known = Some(earlier);
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
