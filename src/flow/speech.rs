//! Texts and the recordings that speak them.

use super::action::Message;
use crate::ids::PromptId;
use crate::time::Duration;
use std::collections::BTreeMap;

/// Which recording speaks which text. Texts are the same when they differ in white space only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    recordings: BTreeMap<String, PromptId>,
}

/// A piece of a message, ready to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    Prompt(PromptId),
    Pause(Duration),
}

/// A text for which there is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no recording speaks \"{0}\"")]
pub struct Unspoken(pub String);

impl Speech {
    pub fn new(index: impl IntoIterator<Item = (String, PromptId)>) -> Self {
        Speech { recordings: index.into_iter().map(|(text, prompt)| (collapse(&text), prompt)).collect() }
    }

    #[must_use]
    pub fn recording(&self, text: &str) -> Option<&PromptId> {
        self.recordings.get(&collapse(text))
    }

    /// What a recording says.
    #[must_use]
    pub fn words(&self, recording: &PromptId) -> Option<&str> {
        self.recordings.iter().find(|(_, prompt)| *prompt == recording).map(|(text, _)| text.as_str())
    }

    /// A message as the recordings and pauses that speak it; an empty text is nothing at all.
    pub fn render(&self, message: &Message) -> Result<Vec<Spoken>, Unspoken> {
        match message {
            Message::Prompt(prompt) => Ok(vec![Spoken::Prompt(prompt.clone())]),
            Message::Text(text) => self.pieces(vec![Piece::Text(text.clone())]),
            Message::Ssml(text) => self.pieces(ssml(text)),
        }
    }

    fn pieces(&self, pieces: Vec<Piece>) -> Result<Vec<Spoken>, Unspoken> {
        let mut spoken = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Pause(time) => spoken.push(Spoken::Pause(time)),
                Piece::Text(text) if text.trim().is_empty() => {}
                Piece::Text(text) => match self.recording(&text) {
                    Some(prompt) => spoken.push(Spoken::Prompt(prompt.clone())),
                    None => return Err(Unspoken(collapse(&text))),
                },
            }
        }
        Ok(spoken)
    }
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

enum Piece {
    Text(String),
    Pause(Duration),
}

/// The texts and breaks of an SSML document; what else it marks up is how to say it, which a recording has settled.
fn ssml(document: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = document;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(&unescape(before));
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        rest = after;
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        if name == "break" {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Pause(break_time(tag)));
        } else {
            // A tag parts words: `one<p>two</p>`.
            text.push(' ');
        }
    }
    text.push_str(&unescape(rest));
    pieces.push(Piece::Text(text));
    pieces
}

/// `time="10s"` or `time="300ms"`, at most the 10 s that Connect allows; else `strength`, else a medium break.
fn break_time(tag: &str) -> Duration {
    const LONGEST: Duration = Duration::from_secs(10);
    if let Some(time) = attribute(tag, "time") {
        let number = |suffix: &str| time.strip_suffix(suffix).and_then(|n| n.trim().parse::<f64>().ok());
        let seconds = number("ms").map(|ms| ms / 1000.0).or_else(|| number("s")).unwrap_or_default();
        return Duration::try_from_secs_f64(seconds).unwrap_or_default().min(LONGEST);
    }
    Duration::from_millis(match attribute(tag, "strength") {
        Some("none" | "x-weak") => 0,
        Some("strong") => 800,
        Some("x-strong") => 1200,
        _ => 400,
    })
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = tag.split_once(name)?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    after.get(1..)?.split_once(quote).map(|(value, _)| value)
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_pauses_and_what_cannot_be_spoken() {
        let speech = Speech::new([
            ("You are on hold".to_owned(), PromptId::from("hold.wav")),
            ("Tom & Jerry".to_owned(), PromptId::from("tom.wav")),
        ]);
        let prompt = |name: &str| Spoken::Prompt(PromptId::from(name));
        let pause = |ms| Spoken::Pause(Duration::from_millis(ms));
        for (message, spoken) in [
            (Message::Prompt("Beep.wav".into()), Ok(vec![prompt("Beep.wav")])),
            (Message::Text(" You are\n on  hold ".into()), Ok(vec![prompt("hold.wav")])),
            (
                Message::Ssml("<speak>You are on hold <break time=\"10s\"/></speak>".into()),
                Ok(vec![prompt("hold.wav"), pause(10_000)]),
            ),
            (
                Message::Ssml("<speak><break time='300ms'/><p>You are</p> on hold<break/></speak>".into()),
                Ok(vec![pause(300), prompt("hold.wav"), pause(400)]),
            ),
            (Message::Ssml("Tom &amp; Jerry<break time=\"99s\"/>".into()), Ok(vec![prompt("tom.wav"), pause(10_000)])),
            (Message::Ssml("<break time=\"-4s\"/><break strength=\"none\"/>".into()), Ok(vec![pause(0), pause(0)])),
            (Message::Text("  ".into()), Ok(vec![])),
            (Message::Text("Never heard of".into()), Err(Unspoken("Never heard of".into()))),
            (Message::Ssml("<speak>Never <b>heard".into()), Err(Unspoken("Never heard".into()))),
        ] {
            assert_eq!(speech.render(&message), spoken, "{message:?}");
        }
    }
}
