//! Whether a phone heard what a story says it hears, measured in the frames it received.

use super::evidence::{Call, Evidence, Frame, Heard, Span, spans};
use super::hearing::{Extent, Hearing, Sound, Who};
use super::judge::{Sounded, Verdict, Window};
use super::keys::Line;
use super::script::Party;
use super::stage::Stage;
use crate::audio::Tone;
use crate::ids::PromptId;
use crate::limits::FRAME;
use crate::time::{Duration, Time};

/// How long a sound must last to have been heard, when the story does not say it.
pub(super) const HEARD: Duration = Duration::from_millis(200);
/// What is shorter than this is the rim of another sound, not a sound that should not be there.
const RIM: Duration = Duration::from_millis(60);
/// From when on something that was heard before must be gone, when the story does not say it.
const GONE: Duration = Duration::from_millis(100);
/// A packet may be this late without having left a gap.
const JITTER: Duration = Duration::from_millis(10);
/// The longest prompt of an installation: so long an `in full` may take.
const LONGEST: Duration = Duration::from_secs(60);

/// A sound as frames show it.
pub(super) enum Want {
    Notes(std::collections::BTreeSet<Party>),
    Prompt(PromptId),
    Tone(Tone),
    Silence,
}

impl Want {
    fn is(&self, heard: &Heard) -> bool {
        match (self, heard) {
            (Want::Notes(want), Heard::Notes(heard)) => want == heard,
            (Want::Prompt(want), Heard::Prompt { prompt, .. }) => want == prompt,
            (Want::Tone(want), Heard::Tone(heard)) => want == heard,
            (Want::Silence, Heard::Silence) => true,
            _ => false,
        }
    }

    /// Any of it is in what was heard.
    fn is_in(&self, heard: &Heard) -> bool {
        match (self, heard) {
            (Want::Notes(want), Heard::Notes(heard)) => !want.is_disjoint(heard),
            _ => self.is(heard),
        }
    }

    pub(super) fn of(sound: &Sound, stage: &dyn Stage) -> Result<Want, String> {
        Ok(match sound {
            Sound::Parties(parties) => Want::Notes(parties.iter().cloned().collect()),
            Sound::Prompt(file) => {
                Want::Prompt(stage.prompt(file).ok_or_else(|| format!("this installation has no prompt {file}"))?)
            }
            Sound::Words(words) => Want::Prompt(
                stage.spoken(words).ok_or_else(|| format!("no prompt of this installation speaks \"{words}\""))?,
            ),
            Sound::Ringback => Want::Tone(Tone::Ringback),
            Sound::Busy => Want::Tone(Tone::Busy),
            Sound::Congestion => Want::Tone(Tone::Congestion),
            Sound::Beep => Want::Tone(Tone::Beep),
            Sound::Silence => Want::Silence,
        })
    }
}

pub fn grace(hearing: &Hearing) -> Duration {
    let slack = FRAME * 5;
    match hearing {
        Hearing::Hears { extent: Extent::InFull, .. } => LONGEST,
        Hearing::Hears { lasting, .. } | Hearing::EachOther { lasting, .. } => lasting.unwrap_or(HEARD) + slack,
        Hearing::HearsNot { after, lasting, .. } => after.unwrap_or(GONE) + lasting.unwrap_or(HEARD) + slack,
        Hearing::DeadAir { .. } => HEARD + slack,
    }
}

pub fn judge(hearing: &Hearing, window: Window, evidence: &Evidence, stage: &dyn Stage) -> Verdict {
    match hearing {
        Hearing::Hears { who, sound, line, lasting, extent } => {
            let want = match Want::of(sound, stage) {
                Ok(want) => want,
                Err(problem) => return Verdict::Broken(problem),
            };
            all(who.iter().map(|party| hears(party, &want, *line, *lasting, *extent, window, evidence)))
        }
        Hearing::EachOther { who, lasting } => all(who.iter().map(|party| {
            let others = who.iter().filter(|other| *other != party).cloned().collect();
            hears(party, &Want::Notes(others), Line::InUse, *lasting, Extent::Any, window, evidence)
        })),
        Hearing::HearsNot { who, sound, line, after, lasting } => {
            let want = match Want::of(sound, stage) {
                Ok(want) => want,
                Err(problem) => return Verdict::Broken(problem),
            };
            let since = window.mark + after.unwrap_or(GONE);
            let over = since + lasting.unwrap_or(HEARD);
            let own = matches!(who, Who::Everybody);
            let heard = everybody(who, evidence).into_iter().find_map(|party| {
                // `nobody hears john` is not about John.
                if own && matches!(&want, Want::Notes(notes) if notes.contains(&party)) {
                    return None;
                }
                let call = evidence.call(&party, *line)?;
                let span = spans(&call.frames, since).into_iter().find(|s| want.is_in(&s.heard) && s.lasts() >= RIM)?;
                Some(format!("{party} heard {} from {}", span.heard, moment(span.from, window.mark)))
            });
            match heard {
                Some(heard) => Verdict::Broken(heard),
                None if window.now >= over => Verdict::Met(None),
                None => Verdict::Wait("not so long yet".to_owned()),
            }
        }
        Hearing::DeadAir { who, most } => {
            let dead = everybody(who, evidence).into_iter().find_map(|party| {
                let call = evidence.call(&party, Line::InUse)?;
                let (from, gap) = longest_gap(call, window)?;
                (gap > *most + JITTER).then(|| {
                    format!("{party} heard nothing for {} ms from {}", gap.as_millis(), moment(from, window.mark))
                })
            });
            match dead {
                Some(dead) => Verdict::Broken(dead),
                None if window.now >= window.mark + HEARD => Verdict::Met(None),
                None => Verdict::Wait("not so long yet".to_owned()),
            }
        }
    }
}

fn everybody(who: &Who, evidence: &Evidence) -> Vec<Party> {
    match who {
        Who::These(parties) => parties.clone(),
        Who::Everybody => evidence.talking().cloned().collect(),
    }
}

/// Met when each is; the latest beginning counts.
pub(super) fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut latest = None;
    for verdict in verdicts {
        match verdict {
            Verdict::Met(onset) => latest = latest.max(onset),
            other => return other,
        }
    }
    Verdict::Met(latest)
}

fn hears(
    party: &Party,
    want: &Want,
    line: Line,
    lasting: Option<Duration>,
    extent: Extent,
    window: Window,
    evidence: &Evidence,
) -> Verdict {
    match evidence.call(party, line) {
        Some(call) => heard(party.as_str(), call, want, lasting, extent, window),
        None => Verdict::Wait(format!("{party} is in no call")),
    }
}

/// The same of any frames, whoever's they are.
pub(super) fn heard(
    party: &str,
    call: &Call,
    want: &Want,
    lasting: Option<Duration>,
    extent: Extent,
    window: Window,
) -> Verdict {
    let latest = window.mark + window.within;
    if matches!(want, Want::Silence) {
        return hears_silence(party, call, lasting.unwrap_or(HEARD), window, latest);
    }
    let told = spans(&call.frames, window.mark);
    let found = told.iter().filter(|span| want.is(&span.heard) && span.from <= latest).find_map(|span| {
        let frames = stretch(call, span);
        let begun = frames.iter().position(|f| matches!(f.heard, Heard::Prompt { frame, .. } if frame <= 1));
        match extent {
            Extent::Any => {
                let whole = match frames.first().map(|f| &f.heard) {
                    Some(Heard::Prompt { frames, .. }) => {
                        FRAME * u32::try_from(*frames).unwrap_or(u32::MAX).saturating_sub(1)
                    }
                    _ => HEARD,
                };
                (span.lasts() >= lasting.unwrap_or(HEARD.min(whole))).then_some((span.from, span.from))
            }
            Extent::FromItsStart => {
                let start = frames.get(begun?)?.at;
                (span.to - start >= lasting.unwrap_or(HEARD)).then_some((start, start))
            }
            Extent::InFull => {
                let rest = frames.get(begun?..)?;
                let is_last =
                    |f: &&Frame| matches!(f.heard, Heard::Prompt { frame, frames, .. } if frame + 2 >= frames);
                Some((rest.first()?.at, rest.iter().find(is_last)?.at))
            }
        }
    });
    match found {
        Some((began, next)) => Verdict::Met(Some(Sounded { next, began })),
        None => Verdict::Wait(format!("{party} heard {}", list(&told, window.mark))),
    }
}

fn hears_silence(party: &str, call: &Call, lasting: Duration, window: Window, latest: Time) -> Verdict {
    let audible = || call.frames.iter().filter(|f| f.at >= window.mark && f.heard != Heard::Silence);
    let mut from = window.mark;
    for frame in audible() {
        if frame.at - from >= lasting && from <= latest {
            return Verdict::Met(Some(Sounded { next: from, began: from }));
        }
        from = frame.at + FRAME;
    }
    if call.heard_until.since(from) >= lasting + FRAME * 2 && from <= latest {
        return Verdict::Met(Some(Sounded { next: from, began: from }));
    }
    Verdict::Wait(format!("{party} heard {}", list(&spans(&call.frames, window.mark), window.mark)))
}

fn stretch<'a>(call: &'a Call, span: &Span) -> &'a [Frame] {
    let first = call.frames.partition_point(|f| f.at < span.from);
    let last = call.frames.partition_point(|f| f.at < span.to);
    call.frames.get(first..last).unwrap_or_default()
}

/// The longest time without sound inside the window, and when it began.
fn longest_gap(call: &Call, window: Window) -> Option<(Time, Duration)> {
    let answered = call.answered?;
    let start = window.mark.max(answered);
    let end = call.ended.unwrap_or(call.heard_until).min(call.heard_until);
    let mut from = start;
    let mut longest = (start, Duration::ZERO);
    for frame in call.frames.iter().filter(|f| f.heard != Heard::Silence && f.at >= start) {
        if frame.at > end {
            break;
        }
        if frame.at - from > longest.1 {
            longest = (from, frame.at - from);
        }
        from = frame.at + FRAME;
    }
    // The packets of the last moments are still on their way.
    let open = (end - from).saturating_sub(FRAME * 3);
    if open > longest.1 {
        longest = (from, open);
    }
    Some(longest)
}

fn moment(at: Time, mark: Time) -> String {
    format!("{} ms on", at.since(mark).as_millis())
}

/// What was heard, with times since the mark.
fn list(told: &[Span], mark: Time) -> String {
    const MOST: usize = 12;
    if told.is_empty() {
        return "nothing at all".to_owned();
    }
    let one = |s: &Span| format!("{} {}-{} ms", s.heard, s.from.since(mark).as_millis(), s.to.since(mark).as_millis());
    let mut text: Vec<String> = told.iter().take(MOST).map(one).collect();
    if told.len() > MOST {
        text.push(format!("and {} more", told.len() - MOST));
    }
    text.join(", ")
}
