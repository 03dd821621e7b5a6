//! What a hand does at a phone: dial, answer, decline, hold, key digits, and the phone's own whims.

use super::fault::{Trouble, nearest};
use super::habits::{self, Habit};
use super::script::Party;
use super::words::Words;
use crate::audio::Codec;
use crate::phone::HoldForm;

/// Which of the phone's calls is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// The one in use: the latest that has not ended.
    #[default]
    InUse,
    First,
    Second,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Register {
        password: Option<String>,
    },
    Unregister,
    /// On a new line; what it holds or not is up to the story.
    Dial {
        target: String,
    },
    Answer,
    Decline {
        status: u16,
    },
    /// Ends the call in whatever state it is: CANCEL before the answer, BYE after it.
    HangUp(Line),
    Hold(Line, HoldForm),
    Resume(Line),
    /// Digits as telephone-events (RFC 4733).
    Digits(String),
    /// Digits as INFO requests.
    Infos(String),
    /// REFER of a line to a number, an agent or an address.
    Transfer {
        target: String,
        line: Line,
    },
    /// REFER with Replaces: the other of two lines goes to the party of this one.
    TransferToLine(Line),
    /// INVITE with Replaces of another party's call.
    PickUp(Party),
    /// How the phone behaves from now on.
    Habit(Habit),
    /// A re-INVITE that offers this codec alone.
    Offer(Codec),
    /// A re-INVITE that changes nothing.
    Refresh(Line),
    /// An UPDATE without an offer.
    Update(Line),
    /// Goes on ringing: said for the reader.
    LetRing,
    /// Every re-INVITE and UPDATE with an offer is refused with 488 from now on, or taken again.
    RefuseReInvites(bool),
    /// The microphone sends no packets at all, or does again.
    Mute(bool),
    /// Answers nothing, as if its cable were pulled, or is back.
    Unplug(bool),
}

/// The forms, for the fault that lists them.
const FORMS: &[&str] = &[
    "registers",
    "unregisters",
    "dials 1000",
    "answers",
    "declines with 486",
    "does not answer",
    "hangs up",
    "cancels",
    "keys 123#",
    "keys 123# by INFO",
    "transfers to 1000",
    "transfers to maria on the first line",
    "transfers to the second line",
    "picks up maria's call",
    "offers PCMA alone",
    "sends a re-INVITE",
    "sends UPDATE",
    "presses the hold key",
    "presses the hold key as inactive",
    "presses the hold key as c=0.0.0.0",
    "presses the resume key",
    "refuses re-INVITEs with 488",
    "takes re-INVITEs again",
    "stops sending sound",
    "sends sound again",
    "is unplugged",
    "is plugged in again",
];

/// Reads what follows the party's name; `None` if it is of another family.
pub fn read(words: &mut Words) -> Result<Option<Key>, Trouble> {
    let key = if words.take("registers") {
        let password = if words.take("with password") { Some(words.word("the password")?) } else { None };
        Key::Register { password }
    } else if words.take("unregisters") {
        Key::Unregister
    } else if words.take("dials") {
        let target = words.word("a number or a sip: address")?;
        // The line may be named for the reader: a call that is dialled always gets a line of its own.
        let _ = line(words);
        Key::Dial { target }
    } else if words.take("answers") {
        Key::Answer
    } else if words.take("declines") {
        let status = if words.take("with") { words.status(400..=699)? } else { 486 };
        Key::Decline { status }
    } else if words.take_any(&["does not answer", "lets it ring"]).is_some() {
        Key::LetRing
    } else if let Some(habit) = habits::read(words)? {
        Key::Habit(habit)
    } else if words.take("offers") {
        let codec = codec(words)?;
        words.take("alone");
        Key::Offer(codec)
    } else if words.take("sends a re-INVITE") {
        Key::Refresh(line(words))
    } else if words.take("sends UPDATE") {
        Key::Update(line(words))
    } else if words.take("transfers to") {
        transfer(words)?
    } else if words.take("picks up") {
        let party = words.party()?;
        if !words.take("'s call") {
            return Err(Trouble::new(
                words.column(),
                "whose call is meant is not said",
                "write `picks up maria's call`",
            ));
        }
        Key::PickUp(party)
    } else if words.take("hangs up") {
        Key::HangUp(line(words))
    } else if words.take("cancels") {
        Key::HangUp(Line::InUse)
    } else if words.take("keys") {
        let digits = digits(words)?;
        if words.take("by INFO") { Key::Infos(digits) } else { Key::Digits(digits) }
    } else if words.take_any(&["presses the hold key", "presses his hold key", "presses her hold key"]).is_some() {
        let form = hold_form(words)?;
        Key::Hold(line(words), form)
    } else if words.take_any(&["presses the resume key", "presses his resume key", "presses her resume key"]).is_some()
    {
        Key::Resume(line(words))
    } else if words.take("refuses re-INVITEs") {
        if words.take("with") {
            words.status(488..=488)?;
        }
        Key::RefuseReInvites(true)
    } else if words.take("takes re-INVITEs again") {
        Key::RefuseReInvites(false)
    } else if words.take("stops sending sound") {
        Key::Mute(true)
    } else if words.take("sends sound again") {
        Key::Mute(false)
    } else if words.take("is unplugged") {
        Key::Unplug(true)
    } else if words.take("is plugged in again") {
        Key::Unplug(false)
    } else {
        return Ok(None);
    };
    Ok(Some(key))
}

fn codec(words: &mut Words) -> Result<Codec, Trouble> {
    let column = words.column();
    match words.word("a codec")?.to_ascii_uppercase().as_str() {
        "PCMU" => Ok(Codec::Pcmu),
        "PCMA" => Ok(Codec::Pcma),
        other => Err(Trouble::new(column, format!("`{other}` is no codec of this phone"), "write `PCMU` or `PCMA`")),
    }
}

/// What follows `transfers to`.
fn transfer(words: &mut Words) -> Result<Key, Trouble> {
    for (phrases, other) in [
        (["the first line", "his first line", "her first line"], Line::First),
        (["the second line", "his second line", "her second line"], Line::Second),
    ] {
        if words.take_any(&phrases).is_some() {
            return Ok(Key::TransferToLine(other));
        }
    }
    let target = words.word("a number, an agent or a sip: address")?;
    Ok(Key::Transfer { target, line: line(words) })
}

fn hold_form(words: &mut Words) -> Result<HoldForm, Trouble> {
    if !words.take("as") {
        return Ok(HoldForm::SendOnly);
    }
    let column = words.column();
    match words.word("how it holds")?.as_str() {
        "sendonly" => Ok(HoldForm::SendOnly),
        "inactive" => Ok(HoldForm::Inactive),
        "c=0.0.0.0" => Ok(HoldForm::ZeroAddress),
        other => Err(Trouble::new(
            column,
            format!("`{other}` is no way to hold"),
            "use one of: sendonly, inactive, c=0.0.0.0",
        )),
    }
}

/// `on the second line`, or the one in use.
pub fn line(words: &mut Words) -> Line {
    if words.take_any(&["on the first line", "on his first line", "on her first line"]).is_some() {
        Line::First
    } else if words.take_any(&["on the second line", "on his second line", "on her second line"]).is_some() {
        Line::Second
    } else {
        Line::InUse
    }
}

/// Keys that a phone has.
pub fn digits(words: &mut Words) -> Result<String, Trouble> {
    let column = words.column();
    let text = words.word("the digits")?;
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || "*#ABCD".contains(c)) {
        return Err(Trouble::new(
            column,
            format!("`{text}` cannot be keyed"),
            "use 0-9, *, # and A-D, as in `keys *411#`",
        ));
    }
    Ok(text)
}

/// The fault for a verb that nobody knows.
pub fn unknown(words: &Words, others: &[&str]) -> Trouble {
    let rest = words.rest();
    let first = words.peek().unwrap_or_default();
    let forms = FORMS.iter().chain(habits::FORMS).chain(others).copied();
    let near = nearest(first, forms.clone().map(|form| form.split(' ').next().unwrap_or(form)));
    let cure = match near {
        Some(near) => {
            let like: Vec<&str> = forms.filter(|form| form.split(' ').next() == Some(near)).collect();
            format!("write `{}`", like.join("` or `"))
        }
        None => format!("a party {}", forms.collect::<Vec<_>>().join(" | ")),
    };
    Trouble::new(words.column(), format!("`{rest}` is nothing that a party does"), cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::AfterTransfer;

    #[test]
    fn every_form_in_the_list_is_read() {
        for form in FORMS {
            let parties = [Party::from("maria")];
            let mut words = Words::split(form, &parties).unwrap();
            assert!(read(&mut words).unwrap().is_some(), "{form}");
            assert!(words.done().is_ok(), "{form}");
        }
    }

    #[test]
    fn keys_mean_what_they_say() {
        for (text, key) in [
            (
                "dials sip:qc-maria@cordboard.lab on the second line",
                Key::Dial { target: "sip:qc-maria@cordboard.lab".into() },
            ),
            ("declines", Key::Decline { status: 486 }),
            ("declines with 603", Key::Decline { status: 603 }),
            ("hangs up on his second line", Key::HangUp(Line::Second)),
            ("keys *411#", Key::Digits("*411#".into())),
            ("keys *1 by INFO", Key::Infos("*1".into())),
            ("presses his hold key", Key::Hold(Line::InUse, HoldForm::SendOnly)),
            ("presses the hold key as c=0.0.0.0", Key::Hold(Line::InUse, HoldForm::ZeroAddress)),
            ("presses her hold key as inactive on her first line", Key::Hold(Line::First, HoldForm::Inactive)),
            ("transfers to qc-maria", Key::Transfer { target: "qc-maria".into(), line: Line::InUse }),
            ("transfers to 1000 on the first line", Key::Transfer { target: "1000".into(), line: Line::First }),
            ("transfers to his second line", Key::TransferToLine(Line::Second)),
            ("hangs up once a transfer is done", Key::Habit(Habit::AfterTransfer(AfterTransfer::LeavesWhenDone))),
            ("offers PCMA alone", Key::Offer(Codec::Pcma)),
            ("sends a re-INVITE on the first line", Key::Refresh(Line::First)),
            ("registers with password wrong", Key::Register { password: Some("wrong".into()) }),
        ] {
            let mut words = Words::split(text, &[]).unwrap();
            assert_eq!(read(&mut words).unwrap(), Some(key), "{text}");
            assert!(words.done().is_ok(), "{text}");
        }
        for text in ["declines with 200", "keys 12x", "dials", "presses the hold key as hold", "transfers to"] {
            assert!(read(&mut Words::split(text, &[]).unwrap()).is_err(), "{text}");
        }
    }
}
