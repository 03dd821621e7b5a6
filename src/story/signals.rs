//! What can be expected of the SIP that a phone sees: ringing, methods, re-INVITEs, who is shown, how a call ends.

use super::fault::{Trouble, nearest};
use super::script::Party;
use super::words::Words;
use crate::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    Rings {
        who: Party,
    },
    /// No INVITE comes for so long.
    RingsNot {
        who: Party,
        lasting: Duration,
    },
    /// The INVITE is cancelled or ended before it was answered.
    StopsRinging {
        who: Party,
    },
    /// A request of this method from the switch.
    Gets {
        who: Party,
        method: String,
    },
    GetsNot {
        who: Party,
        method: String,
        lasting: Duration,
    },
    /// A re-INVITE or UPDATE with SDP whose direction, from the switch's view, is this.
    ReInvited {
        who: Party,
        direction: String,
    },
    /// The phone's display names this party.
    Shows {
        who: Party,
        text: String,
    },
    Registered {
        who: Party,
    },
    /// The register was refused.
    NotRegistered {
        who: Party,
        status: u16,
    },
    /// The switch took the call.
    Answered {
        who: Party,
    },
    /// The switch ended or refused the call; with this status, if it was not yet answered.
    Ends {
        who: Party,
        status: Option<u16>,
    },
    /// No contact, no call, no port is left.
    SwitchEmpty,
}

const DIRECTIONS: &[&str] = &["sendrecv", "sendonly", "recvonly", "inactive"];
const METHODS: &[&str] = &["INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "OPTIONS", "INFO", "NOTIFY", "MESSAGE", "REFER"];

/// How long something must stay away when the story does not say it.
const AWAY: Duration = Duration::from_secs(1);

/// What follows `john's phone`, and `john's call`. `None`: another family.
pub fn read_of(words: &mut Words, who: &Party) -> Result<Option<Signal>, Trouble> {
    let who = who.clone();
    let signal = if words.take("phone") {
        phone(words, who)?
    } else if words.take("call is answered") {
        Signal::Answered { who }
    } else if words.take("call ends") || words.take("call is refused") {
        let status = if words.take("with") { Some(words.status(300..=699)?) } else { None };
        Signal::Ends { who, status }
    } else {
        return Ok(None);
    };
    Ok(Some(signal))
}

fn phone(words: &mut Words, who: Party) -> Result<Signal, Trouble> {
    let signal = if words.take("rings") {
        Signal::Rings { who }
    } else if words.take("does not ring") {
        Signal::RingsNot { who, lasting: away(words)? }
    } else if words.take("stops ringing") {
        Signal::StopsRinging { who }
    } else if words.take("gets no") {
        let method = method(words)?;
        Signal::GetsNot { who, method, lasting: away(words)? }
    } else if words.take("gets") {
        Signal::Gets { who, method: method(words)? }
    } else if words.take("is re-INVITEd") {
        let column = words.column();
        let word = words.word("a direction")?;
        let Some(direction) = DIRECTIONS.iter().find(|d| d.eq_ignore_ascii_case(&word)) else {
            return Err(Trouble::new(
                column,
                format!("`{word}` is no direction"),
                format!("use one of: {}", DIRECTIONS.join(", ")),
            ));
        };
        Signal::ReInvited { who, direction: (*direction).to_owned() }
    } else if words.take("is not re-INVITEd") {
        Signal::GetsNot { who, method: "INVITE".to_owned(), lasting: away(words)? }
    } else if words.take("shows") {
        Signal::Shows { who, text: words.text("the name shown")?.0 }
    } else if words.take("is registered") {
        Signal::Registered { who }
    } else if words.take("is not registered") {
        let status = if words.take("with") || words.take("because of") { words.status(400..=699)? } else { 401 };
        Signal::NotRegistered { who, status }
    } else {
        return Err(Trouble::new(
            words.column(),
            format!("a phone does not say `{}`", words.rest()),
            "write `rings`, `does not ring for 30 s`, `stops ringing`, `gets CANCEL`, `gets no INVITE`, `is re-INVITEd sendonly`, \
             `shows Maria`, `is registered`",
        ));
    };
    Ok(signal)
}

/// `the switch is empty`.
pub fn read_switch(words: &mut Words) -> Result<Signal, Trouble> {
    if words.take("is empty") {
        return Ok(Signal::SwitchEmpty);
    }
    Err(Trouble::new(
        words.column(),
        format!("the switch is not said to be `{}`", words.rest()),
        "write `the switch is empty`",
    ))
}

fn away(words: &mut Words) -> Result<Duration, Trouble> {
    if words.take("for") { words.duration() } else { Ok(AWAY) }
}

fn method(words: &mut Words) -> Result<String, Trouble> {
    let column = words.column();
    let word = words.word("a SIP method")?;
    if let Some(known) = METHODS.iter().find(|m| m.eq_ignore_ascii_case(&word)) {
        return Ok((*known).to_owned());
    }
    let cure = match nearest(&word, METHODS.iter().copied()) {
        Some(near) => format!("write `{near}`"),
        None => format!("use one of: {}", METHODS.join(", ")),
    };
    Err(Trouble::new(column, format!("`{word}` is no SIP method"), cure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_watched_by_what_it_gets() {
        let who = || Party::from("maria");
        for (text, signal) in [
            ("phone rings", Signal::Rings { who: who() }),
            ("phone does not ring for 30 s", Signal::RingsNot { who: who(), lasting: Duration::from_secs(30) }),
            ("phone gets CANCEL", Signal::Gets { who: who(), method: "CANCEL".into() }),
            ("phone is re-INVITEd sendonly", Signal::ReInvited { who: who(), direction: "sendonly".into() }),
            ("phone shows \"John Doe\"", Signal::Shows { who: who(), text: "John Doe".into() }),
            ("call ends with 486", Signal::Ends { who: who(), status: Some(486) }),
            ("call ends", Signal::Ends { who: who(), status: None }),
        ] {
            let mut words = Words::split(text, &[]).unwrap();
            assert_eq!(read_of(&mut words, &who()).unwrap(), Some(signal), "{text}");
            assert!(words.done().is_ok(), "{text}");
        }
        let fault = read_of(&mut Words::split("phone gets CANCLE", &[]).unwrap(), &who()).unwrap_err();
        assert_eq!(fault.cure, "write `CANCEL`");
        assert!(read_of(&mut Words::split("phone is re-INVITEd sideways", &[]).unwrap(), &who()).is_err());
    }
}
