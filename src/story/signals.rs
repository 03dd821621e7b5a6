//! What can be expected of the SIP that a phone sees: ringing, methods, re-INVITEs, who is shown, how a call ends.

use super::fault::{Trouble, nearest};
use super::keys;
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
    /// The switch took its REFER.
    TransferAccepted {
        who: Party,
    },
    /// The switch refused its REFER, with this status if it is said.
    TransferRefused {
        who: Party,
        status: Option<u16>,
    },
    /// A NOTIFY told it how its transfer goes.
    Told {
        who: Party,
        told: Told,
    },
    /// No NOTIFY of its transfer comes for so long, or none that tells this.
    ToldNot {
        who: Party,
        told: Option<Told>,
        lasting: Duration,
    },
    /// Digits came, one after the other and no others.
    Digits {
        who: Party,
        digits: String,
    },
    /// No digit comes for so long.
    DigitsNot {
        who: Party,
        lasting: Duration,
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

/// How a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A provisional status, this one if it is said.
    UnderWay(Option<u16>),
    Succeeded,
    Failed(Option<u16>),
}

impl Told {
    #[must_use]
    pub fn is(self, status: u16) -> bool {
        match self {
            Told::UnderWay(said) => status < 200 && said.is_none_or(|said| said == status),
            Told::Succeeded => (200..300).contains(&status),
            Told::Failed(said) => status >= 300 && said.is_none_or(|said| said == status),
        }
    }
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
    } else if words.take("transfer is accepted") {
        Signal::TransferAccepted { who }
    } else if words.take("transfer is refused") {
        let status = if words.take("with") { Some(words.status(300..=699)?) } else { None };
        Signal::TransferRefused { who, status }
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
    } else if words.take("is told that the transfer") {
        Signal::Told { who, told: told(words)? }
    } else if words.take("is not told that the transfer") {
        let told = Some(told(words)?);
        Signal::ToldNot { who, told, lasting: away(words)? }
    } else if words.take("is told nothing of the transfer") {
        Signal::ToldNot { who, told: None, lasting: away(words)? }
    } else if words.take("gets the digits") {
        Signal::Digits { who, digits: keys::digits(words)? }
    } else if words.take("gets no digits") {
        Signal::DigitsNot { who, lasting: away(words)? }
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
             `shows Maria`, `is registered`, `is told that the transfer succeeded`, `gets the digits 12`",
        ));
    };
    Ok(signal)
}

/// What follows `is told that the transfer`.
fn told(words: &mut Words) -> Result<Told, Trouble> {
    if words.take("is under way") {
        let status = if words.take("with") { Some(words.status(100..=199)?) } else { None };
        return Ok(Told::UnderWay(status));
    }
    if words.take("succeeded") {
        return Ok(Told::Succeeded);
    }
    if words.take("failed") {
        let status = if words.take("with") { Some(words.status(300..=699)?) } else { None };
        return Ok(Told::Failed(status));
    }
    Err(Trouble::new(
        words.column(),
        format!("a transfer is not said to have `{}`", words.rest()),
        "write `is under way with 180`, `succeeded`, or `failed with 486`",
    ))
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
            ("transfer is refused with 403", Signal::TransferRefused { who: who(), status: Some(403) }),
            (
                "phone is told that the transfer is under way with 180",
                Signal::Told { who: who(), told: Told::UnderWay(Some(180)) },
            ),
            (
                "phone is told that the transfer failed with 486",
                Signal::Told { who: who(), told: Told::Failed(Some(486)) },
            ),
            (
                "phone is not told that the transfer succeeded for 5 s",
                Signal::ToldNot { who: who(), told: Some(Told::Succeeded), lasting: Duration::from_secs(5) },
            ),
            (
                "phone is told nothing of the transfer",
                Signal::ToldNot { who: who(), told: None, lasting: Duration::from_secs(1) },
            ),
            ("phone gets the digits 12#", Signal::Digits { who: who(), digits: "12#".into() }),
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
