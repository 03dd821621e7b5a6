//! Plays a list of sounds, a ready-made frame every 20 ms.

use super::command::{Codec, Sound};
use crate::audio::{Clip, Library, Tones};
use crate::ids::PlayId;
use crate::limits::FRAME;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Player {
    pub play: PlayId,
    sounds: Vec<Piece>,
    repeat: bool,
    index: usize,
    frame: usize,
    finished: bool,
    told: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Clip { clip: Arc<Clip>, round: bool },
    Pause { frames: usize },
}

impl Piece {
    fn frames(&self) -> usize {
        match self {
            Piece::Clip { clip, .. } => clip.frames(),
            Piece::Pause { frames } => *frames,
        }
    }
}

impl Player {
    pub fn new(play: PlayId, sounds: &[Sound], repeat: bool, library: &Library, tones: &Tones) -> Self {
        let sounds: Vec<Piece> = sounds
            .iter()
            .filter_map(|sound| match sound {
                // What the library lacks was a fault at start; a call goes on without it.
                Sound::Prompt(prompt) => {
                    library.clip(prompt).map(|clip| Piece::Clip { clip: Arc::clone(clip), round: false })
                }
                Sound::Tone(tone) => Some(Piece::Clip { clip: Arc::clone(tones.clip(*tone)), round: tone.cadenced() }),
                Sound::Pause(span) => {
                    let frames = span.as_micros().div_ceil(FRAME.as_micros());
                    Some(Piece::Pause { frames: usize::try_from(frames).unwrap_or(usize::MAX) })
                }
            })
            .filter(|piece| piece.frames() > 0)
            .collect();
        let finished = sounds.is_empty();
        Player { play, sounds, repeat, index: 0, frame: 0, finished, told: false }
    }

    /// The payload of the frame that is due; `None` is silence.
    pub fn frame(&self, codec: Codec) -> Option<&[u8]> {
        match self.sounds.get(self.index) {
            Some(Piece::Clip { clip, .. }) if !self.finished => clip.frame(codec, self.frame),
            _ => None,
        }
    }

    /// Goes on by a frame.
    pub fn advance(&mut self) {
        let Some(piece) = self.sounds.get(self.index).filter(|_| !self.finished) else { return };
        self.frame += 1;
        if self.frame < piece.frames() {
            return;
        }
        self.frame = 0;
        if matches!(piece, Piece::Clip { round: true, .. }) {
            return;
        }
        self.index += 1;
        if self.index < self.sounds.len() {
            return;
        }
        self.index = 0;
        self.finished = !self.repeat;
    }

    /// True once, at the end. A list of nothing that repeats never ends.
    pub fn ended(&mut self) -> bool {
        self.finished && !self.repeat && !std::mem::replace(&mut self.told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::Tone;
    use super::*;
    use crate::ids::PromptId;
    use crate::time::Duration;

    #[test]
    fn lists_are_played_in_order() {
        let mut library = Library::default();
        for (name, frames) in [("a", 2), ("b", 1)] {
            library.prompts.insert(PromptId::from(name), Arc::new(Clip::new(vec![frames as i16 * 100; frames * 160])));
        }
        let (a, b) = (Sound::Prompt(PromptId::from("a")), Sound::Prompt(PromptId::from("b")));
        let pause = Sound::Pause(Duration::from_millis(30));
        let none = Sound::Prompt(PromptId::from("none"));
        for (case, sounds, repeat, told) in [
            ("in order", vec![a.clone(), b.clone()], false, "aab!...."),
            ("repeated", vec![a.clone(), b.clone()], true, "aabaabaa"),
            ("a pause takes whole frames", vec![b.clone(), pause, b.clone()], false, "b..b!..."),
            ("what is missing is passed over", vec![none.clone(), b.clone()], false, "b!......"),
            ("nothing ends at once", vec![none.clone()], false, "!......."),
            ("nothing, repeated", vec![none], true, "........"),
            ("a cadence goes round", vec![Sound::Tone(Tone::Congestion), b], false, "tttttttttttt"),
        ] {
            let mut player = Player::new(PlayId(1), &sounds, repeat, &library, &Tones::new());
            let mut heard = String::new();
            if player.ended() {
                heard.push('!');
            }
            while heard.len() < told.len() {
                heard.push(match player.frame(Codec::Pcmu) {
                    None => '.',
                    Some(payload) if payload == library.prompts["a"].frame(Codec::Pcmu, 0).unwrap() => 'a',
                    Some(payload) if payload == library.prompts["b"].frame(Codec::Pcmu, 0).unwrap() => 'b',
                    Some(_) => 't',
                });
                player.advance();
                if player.ended() {
                    heard.push('!');
                }
            }
            assert_eq!(heard, told, "{case}");
        }
    }
}
