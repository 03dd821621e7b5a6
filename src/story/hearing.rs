//! What can be expected of the received audio: who hears whom, which prompt, which tone, silence, dead air.

use super::fault::{Trouble, nearest};
use super::keys::{self, Line};
use super::script::Party;
use super::words::Words;
use crate::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub enum Hearing {
    /// Each of them hears this and nothing else, without a break, for `lasting`.
    Hears { who: Vec<Party>, sound: Sound, line: Line, lasting: Option<Duration>, extent: Extent },
    /// From `after` on, until the block is met and for `lasting` at least, none of them hears any of this.
    HearsNot { who: Who, sound: Sound, line: Line, after: Option<Duration>, lasting: Option<Duration> },
    /// Each hears all the others and nothing else.
    EachOther { who: Vec<Party>, lasting: Option<Duration> },
    /// Silence or no packets at all, at most for so long on end, from the action on.
    DeadAir { who: Who, most: Duration },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    These(Vec<Party>),
    /// All that are in a call at that moment.
    Everybody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// The notes that these phones hum, all of them.
    Parties(Vec<Party>),
    /// A prompt by its file name.
    Prompt(String),
    /// A prompt by the words it speaks.
    Words(String),
    Ringback,
    Busy,
    Congestion,
    /// The generated tone; the default customer whisper is the prompt `Beep.wav`.
    Beep,
    Silence,
}

/// How much of a prompt must be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    #[default]
    Any,
    FromItsStart,
    InFull,
}

/// The longest dead air that a change may leave.
pub const DEAD_AIR: Duration = Duration::from_millis(60);

/// Reads what follows the subject, with how long it may take. `None`: another family.
pub fn read(words: &mut Words, who: &Subject) -> Result<Option<(Hearing, Option<Duration>)>, Trouble> {
    let column = words.column();
    let (negated, heard) = match who {
        Subject::Nobody => (true, words.take_any(&["hears", "hear"]).is_some()),
        _ if words.take_any(&["does not hear", "do not hear"]).is_some() => (true, true),
        _ => (false, words.take_any(&["hears", "hear"]).is_some()),
    };
    if !heard {
        return Ok(None);
    }
    if let Some(most) = dead_air(words, matches!(who, Subject::Nobody))? {
        return Ok(Some((Hearing::DeadAir { who: who.to_who(), most }, None)));
    }
    if words.take("each other") {
        let Subject::These(parties) = who else {
            return Err(Trouble::new(
                column,
                "nobody hears each other",
                "name the parties, as in `john and maria hear each other`",
            ));
        };
        if parties.len() < 2 || negated {
            return Err(Trouble::new(
                column,
                "`hear each other` needs two parties or more, and no `not`",
                "write `john and maria hear each other`, or `john does not hear maria` for each",
            ));
        }
        let tail = Tail::read(words)?;
        tail.refuse_after(column)?;
        return Ok(Some((Hearing::EachOther { who: parties.clone(), lasting: tail.lasting }, tail.within)));
    }
    let sound = sound(words, who)?;
    let tail = Tail::read(words)?;
    let is_prompt = matches!(sound, Sound::Prompt(_) | Sound::Words(_));
    if tail.extent != Extent::Any && (!is_prompt || negated) {
        return Err(Trouble::new(
            column,
            "only a prompt that is heard has a start and an end",
            "take `from its start` or `in full` away, or name a prompt",
        ));
    }
    if negated {
        if tail.within.is_some() {
            return Err(Trouble::new(
                column,
                "`within` says by when something is heard; this is something that is not",
                "write `after 60 ms` for the moment from which it must be gone",
            ));
        }
        let who = match who {
            Subject::Nobody => Who::Everybody,
            other => other.to_who(),
        };
        return Ok(Some((
            Hearing::HearsNot { who, sound, line: tail.line, after: tail.after, lasting: tail.lasting },
            None,
        )));
    }
    tail.refuse_after(column)?;
    let Subject::These(parties) = who else {
        return Err(Trouble::new(
            column,
            "`everybody` cannot hear one thing",
            "name the parties: `customer and maria hear john`",
        ));
    };
    let hears =
        Hearing::Hears { who: parties.clone(), sound, line: tail.line, lasting: tail.lasting, extent: tail.extent };
    Ok(Some((hears, tail.within)))
}

/// Who a clause speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    These(Vec<Party>),
    Nobody,
    Everybody,
}

impl Subject {
    fn to_who(&self) -> Who {
        match self {
            Subject::These(parties) => Who::These(parties.clone()),
            Subject::Nobody | Subject::Everybody => Who::Everybody,
        }
    }
}

/// `more than 60 ms of dead air` after nobody, `no more than 60 ms of dead air` after the others.
fn dead_air(words: &mut Words, nobody: bool) -> Result<Option<Duration>, Trouble> {
    if words.take("no dead air") || (nobody && words.take("dead air")) {
        return Ok(Some(DEAD_AIR));
    }
    let phrase = if nobody { "more than" } else { "no more than" };
    if !words.take(phrase) {
        return Ok(None);
    }
    let most = words.duration()?;
    if !words.take("of dead air") && !words.take("dead air") {
        return Err(Trouble::new(words.column(), "more than so long of what?", "write `of dead air` after the time"));
    }
    Ok(Some(most))
}

pub(super) fn sound(words: &mut Words, who: &Subject) -> Result<Sound, Trouble> {
    for (phrases, sound) in [
        (&["silence", "nothing"][..], Sound::Silence),
        (&["ringback", "the ringback"][..], Sound::Ringback),
        (&["the busy tone", "busy tone", "a busy tone"][..], Sound::Busy),
        (&["the congestion tone", "congestion tone", "a congestion tone"][..], Sound::Congestion),
        (&["a beep", "the beep", "the reminder beep", "a reminder beep", "beep"][..], Sound::Beep),
    ] {
        if words.take_any(phrases).is_some() {
            return Ok(sound);
        }
    }
    if words.take_any(&["himself", "herself", "itself"]).is_some() {
        let Subject::These(parties) = who else {
            return Err(Trouble::new(words.column(), "who hears himself?", "name one party before `hears itself`"));
        };
        return Ok(Sound::Parties(parties.clone()));
    }
    if words.take_party().is_some() {
        words.back();
        return words.parties().map(Sound::Parties);
    }
    let column = words.column();
    let (text, quoted) = words.text("what is heard")?;
    if text.to_ascii_lowercase().ends_with(".wav") {
        Ok(Sound::Prompt(text))
    } else if quoted {
        Ok(Sound::Words(text))
    } else if nearest(&text, ["silence", "ringback", "busy", "beep"]).is_some() {
        Err(Trouble::new(
            column,
            format!("`{text}` is nothing that can be heard"),
            "write `silence`, `ringback`, `the busy tone` or `a beep`",
        ))
    } else {
        let trouble = words.unknown_party(&text, column);
        Err(Trouble {
            problem: format!("`{text}` is nothing that can be heard"),
            cure: format!(
                "{}; a prompt is named by its file (`Beep.wav`) or by its words in quotation marks; else `silence`, `ringback`, \
                 `the busy tone`, `a beep`",
                trouble.cure
            ),
            ..trouble
        })
    }
}

/// What may stand at the end, in any order.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) within: Option<Duration>,
    after: Option<Duration>,
    pub(super) lasting: Option<Duration>,
    line: Line,
    extent: Extent,
}

impl Tail {
    pub(super) fn read(words: &mut Words) -> Result<Self, Trouble> {
        let mut tail = Tail::default();
        loop {
            let here = words.column();
            if words.take("within") {
                tail.within = Some(words.duration()?);
            } else if words.take("after") {
                tail.after = Some(words.duration()?);
            } else if words.take("for") {
                tail.lasting = Some(words.duration()?);
            } else if words.take("in full") {
                tail.extent = Extent::InFull;
            } else if words.take("from its start") {
                tail.extent = Extent::FromItsStart;
            } else {
                let line = keys::line(words);
                if words.column() == here {
                    return Ok(tail);
                }
                tail.line = line;
            }
        }
    }

    pub(super) fn refuse_after(&self, column: usize) -> Result<(), Trouble> {
        match self.after {
            None => Ok(()),
            Some(_) => Err(Trouble::new(
                column,
                "`after` says from when on something is not heard; this is something that is",
                "write `within 60 ms` for the moment by which it must be heard",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(names: &[&str]) -> Vec<Party> {
        names.iter().map(|n| Party::from(*n)).collect()
    }

    fn read_as(subject: &Subject, text: &str) -> Result<Option<(Hearing, Option<Duration>)>, Trouble> {
        let parties = these(&["customer", "john", "maria"]);
        let mut words = Words::split(text, &parties).unwrap();
        let read = read(&mut words, subject)?;
        words.done()?;
        Ok(read)
    }

    #[test]
    fn sounds_are_named_as_a_listener_names_them() {
        let customer = Subject::These(these(&["customer"]));
        for (text, wanted) in [
            ("hears john", Sound::Parties(these(&["john"]))),
            ("hears john and maria", Sound::Parties(these(&["john", "maria"]))),
            ("hears itself", Sound::Parties(these(&["customer"]))),
            ("hears CustomerHold.wav", Sound::Prompt("CustomerHold.wav".into())),
            ("hears \"Transferring to agent.\"", Sound::Words("Transferring to agent.".into())),
            ("hears the busy tone", Sound::Busy),
            ("hears a beep", Sound::Beep),
            ("hears silence", Sound::Silence),
        ] {
            let Ok(Some((Hearing::Hears { sound, .. }, None))) = read_as(&customer, text) else { panic!("{text}") };
            assert_eq!(sound, wanted, "{text}");
        }
    }

    #[test]
    fn times_and_lines_stand_in_any_order() {
        let customer = Subject::These(these(&["customer"]));
        let (hears, within) =
            read_as(&customer, "hears Beep.wav in full on the second line for 1 s within 60 ms").unwrap().unwrap();
        assert_eq!(within, Some(Duration::from_millis(60)));
        let Hearing::Hears { line, lasting, extent, .. } = hears else { panic!() };
        assert_eq!((line, lasting, extent), (Line::Second, Some(Duration::from_secs(1)), Extent::InFull));
    }

    #[test]
    fn dead_air_is_said_of_nobody_or_of_some() {
        let most = Duration::from_millis(60);
        let some = these(&["customer", "john"]);
        for (subject, text, who) in [
            (Subject::Nobody, "hears more than 60 ms of dead air", Who::Everybody),
            (Subject::Nobody, "hears dead air", Who::Everybody),
            (Subject::These(some.clone()), "hear no more than 60 ms of dead air", Who::These(some)),
        ] {
            assert_eq!(read_as(&subject, text).unwrap().unwrap().0, Hearing::DeadAir { who, most }, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_cure() {
        let customer = Subject::These(these(&["customer"]));
        for text in [
            "hears each other",
            "does not hear john within 60 ms",
            "hears john after 60 ms",
            "hears john in full",
            "hears jon",
            "hears",
            "hears more than 60 ms of jam",
        ] {
            assert!(read_as(&customer, text).is_err(), "{text}");
        }
    }
}
