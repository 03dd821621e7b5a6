//! What each party heard, measured: drawn side by side as text, and as sound.

use super::page::WIDTH;
use crate::phone::Phone;
use crate::site::Site;
use crate::story::evidence::{Call, Heard, Watch, alike, spans};
use crate::time::{Duration, Time};
use std::fmt::Write as _;

/// What is shorter is the rim of another sound, and nobody would notice it.
const BRIEF: Duration = Duration::from_millis(100);
/// What begins within so long of each other stands in one row.
const TOGETHER: Duration = Duration::from_millis(60);
/// Columns for the time at the left edge.
const MARGIN: usize = 9;
/// A column need not be wider to be read.
const WIDEST: usize = 44;
/// A frame that comes so much too early or too late was still sent right after the one before.
const JITTER: usize = 480;

/// One sound at one party's ear.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sound {
    from: Time,
    to: Time,
    what: String,
}

/// All that one party heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    title: String,
    sounds: Vec<Sound>,
}

impl Column {
    pub fn new(party: &str, watch: &Watch, site: &Site) -> Column {
        let mut sounds: Vec<Sound> = watch.calls.iter().flat_map(|call| heard(call, site)).collect();
        sounds.sort_by_key(|sound| sound.from);
        Column { title: format!("{party} hears"), sounds }
    }
}

fn heard(call: &Call, site: &Site) -> Vec<Sound> {
    let mut kept: Vec<crate::story::evidence::Span> = Vec::new();
    for span in spans(&call.frames, Time::default()).into_iter().filter(|span| span.lasts() >= BRIEF) {
        match kept.last_mut() {
            Some(last) if alike(&last.heard, &span.heard) => last.to = span.to,
            _ => kept.push(span),
        }
    }
    let mut sounds: Vec<Sound> =
        kept.into_iter().map(|span| Sound { from: span.from, to: span.to, what: said(&span.heard, site) }).collect();
    if let (Some(ended), Some(_)) = (call.ended, call.answered) {
        sounds.push(Sound { from: ended, to: ended, what: "(the call is over)".to_owned() });
    }
    sounds
}

/// A prompt by its words, if it has some.
fn said(heard: &Heard, site: &Site) -> String {
    match heard {
        Heard::Prompt { prompt, .. } => {
            site.catalog.speech.words(prompt).map_or_else(|| prompt.to_string(), |words| format!("\"{words}\""))
        }
        heard => heard.to_string(),
    }
}

/// The columns side by side; `notes` are lines across them: what was done, what was seen.
pub(super) fn draw(columns: &[Column], notes: &[(Time, String)], begin: Time) -> String {
    let width = ((WIDTH - MARGIN) / columns.len().max(1)).min(WIDEST);
    let mut drawing = String::new();
    let heads: Vec<String> = columns.iter().map(|column| cell(&column.title, width)).collect();
    let _ = writeln!(drawing, "{}", format!("{:>7}  {}", "seconds", heads.concat()).trim_end());
    let mut moments: Vec<(Time, Option<usize>, &str)> =
        notes.iter().map(|(at, text)| (*at, None, text.as_str())).collect();
    for (number, column) in columns.iter().enumerate() {
        moments.extend(column.sounds.iter().map(|sound| (sound.from, Some(number), sound.what.as_str())));
    }
    moments.sort_by_key(|(at, column, _)| (*at, *column));
    let mut moments = moments.into_iter().peekable();
    while let Some((at, column, text)) = moments.next() {
        let seconds = at.since(begin).as_secs_f64();
        let Some(number) = column else {
            let _ = writeln!(drawing, "{seconds:>7.2}  -- {text}");
            continue;
        };
        // Everybody whose sound goes on through this row.
        let mut row: Vec<Option<&str>> = columns
            .iter()
            .map(|column| column.sounds.iter().any(|sound| sound.from < at && at < sound.to).then_some("|"))
            .collect();
        let mut begins = vec![(number, text)];
        while let Some((_, Some(number), text)) = moments.next_if(|(next, column, _)| {
            *next <= at + TOGETHER && column.is_some_and(|n| begins.iter().all(|(taken, _)| *taken != n))
        }) {
            begins.push((number, text));
        }
        for (number, text) in begins {
            if let Some(place) = row.get_mut(number) {
                *place = Some(text);
            }
        }
        let cells: Vec<String> = row.into_iter().map(|text| cell(text.unwrap_or_default(), width)).collect();
        let _ = writeln!(drawing, "{}", format!("{seconds:>7.2}  {}", cells.concat()).trim_end());
    }
    drawing
}

/// Cut and filled up to a width, two blanks after it.
fn cell(text: &str, width: usize) -> String {
    let room = width.saturating_sub(2);
    if text.chars().count() <= room {
        return format!("{text:width$}");
    }
    let quote = if text.starts_with('"') { "..\"" } else { ".." };
    let cut: String = text.chars().take(room - quote.len()).collect();
    format!("{:width$}", format!("{cut}{quote}"))
}

/// Everything that a phone received from `begin` on, all its lines together.
pub(super) fn recording(phone: &Phone, begin: Time) -> Vec<i16> {
    let mut sound: Vec<i16> = Vec::new();
    for line in phone.lines() {
        let mut end = 0;
        for frame in line.heard() {
            let came = usize::try_from(frame.at.since(begin).as_micros() / 125).unwrap_or(0);
            // As a phone's jitter buffer would: frames stand in a row unless there is a gap.
            let at = if came.abs_diff(end) <= JITTER { end } else { came.max(end) };
            end = at + frame.pcm.len();
            sound.resize(sound.len().max(end), 0);
            crate::audio::add(sound.get_mut(at..end).unwrap_or_default(), &frame.pcm);
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn what_goes_on_is_a_bar_and_what_begins_together_one_row() {
        let sound = |from, to, what: &str| Sound { from: at(from), to: at(to), what: what.to_owned() };
        let columns = [
            Column {
                title: "customer hears".into(),
                sounds: vec![sound(0, 3000, "Hold.wav"), sound(3020, 4000, "john")],
            },
            Column {
                title: "john hears".into(),
                sounds: vec![
                    sound(1000, 3000, "\"Transferring to agent, and many a word more than there is room\""),
                    sound(3040, 4000, "customer"),
                ],
            },
        ];
        let notes = [(at(990), "john presses quick connect maria".to_owned())];
        assert_eq!(
            draw(&columns, &notes, at(0)),
            "\
seconds  customer hears                              john hears
   0.00  Hold.wav
   0.99  -- john presses quick connect maria
   1.00  |                                           \"Transferring to agent, and many a word..\"
   3.02  john                                        customer
"
        );
    }
}
