//! What can be expected of an agent's screen: state, status, banner, contact, rows, lit buttons, refusals.

use super::fault::{Trouble, nearest};
use super::script::Party;
use super::words::Words;
use crate::routing::STATES;
use crate::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// What the switch sees of the agent.
    Agent {
        agent: Party,
        state: String,
    },
    /// What the agent has chosen.
    Status {
        agent: Party,
        status: String,
    },
    NextStatus {
        agent: Party,
        status: Option<String>,
    },
    Banner {
        agent: Party,
        text: String,
    },
    /// The state of the contact; `None`: there is none.
    Contact {
        agent: Party,
        state: Option<String>,
    },
    /// `recording`, `suspended`, `stopped`, `none`.
    Recording {
        agent: Party,
        state: String,
    },
    Row {
        agent: Party,
        of: String,
        want: Row,
    },
    NoRow {
        agent: Party,
        of: String,
    },
    /// A button is lit or not, on the contact or on one of its rows.
    Lit {
        agent: Party,
        button: String,
        of: Option<String>,
        lit: bool,
    },
    /// The last button was refused.
    Refused {
        agent: Party,
    },
    /// The last button was not refused.
    Done {
        agent: Party,
    },
}

/// What a row must say; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub state: Option<String>,
    pub answered: Option<bool>,
    pub reason: Option<String>,
    pub held_by: Option<String>,
    /// What kind of connection it is.
    pub kind: Option<String>,
    /// What the switch says that party hears: parties by name, a flow by name, or silence.
    pub hears: Option<String>,
}

const CONNECTION_STATES: &[&str] =
    &["init", "connecting", "connected", "hold", "disconnected", "silent_monitor", "coach", "barge"];
const CONNECTION_TYPES: &[&str] = &["agent", "inbound", "outbound", "monitoring"];
const REASONS: &[&str] =
    &["rejected", "no_answer", "unreachable", "busy", "failed", "cancelled", "hung_up", "dropped", "left"];
const CONTACT_STATES: &[&str] =
    &["init", "incoming", "pending", "connecting", "connected", "missed", "error", "ended", "rejected"];
const RECORDING_STATES: &[&str] = &["recording", "suspended", "stopped", "none"];

/// Buttons as a story says them, and as the API names them.
const BUTTONS: &[(&str, &str)] = &[
    ("join", "conferenceConnections"),
    ("swap", "toggleActiveConnections"),
    ("hold all", "holdAll"),
    ("resume all", "resumeAll"),
    ("suspend recording", "suspendContactRecording"),
    ("resume recording", "resumeContactRecording"),
    ("hold", "holdConnection"),
    ("resume", "resumeConnection"),
    ("drop", "destroyConnection"),
    ("leave", "leave"),
    ("accept", "acceptContact"),
    ("reject", "rejectContact"),
    ("clear", "clearContact"),
    ("quick connect", "createAdditionalConnection"),
    ("mute", "muteParticipant"),
    ("unmute", "unmuteParticipant"),
    ("listen", "updateMonitorParticipantState"),
    ("coach", "updateMonitorParticipantState"),
    ("barge", "updateMonitorParticipantState"),
];

/// What follows `john's`. `None`: another family.
pub fn read_of(words: &mut Words, agent: &Party) -> Result<Option<State>, Trouble> {
    let agent = agent.clone();
    let state = if words.take("state is") {
        State::Agent { agent, state: one_of(words, STATES, "an agent's state")? }
    } else if words.take("status is") {
        State::Status { agent, status: words.text("a status")?.0 }
    } else if words.take("next status is") {
        let status = if words.take("none") { None } else { Some(words.text("a status")?.0) };
        State::NextStatus { agent, status }
    } else if words.take("banner is") || words.take("banner says") {
        State::Banner { agent, text: words.text("the banner's text")?.0 }
    } else if words.take("contact is") {
        State::Contact { agent, state: Some(one_of(words, CONTACT_STATES, "a contact's state")?) }
    } else if words.take("recording is") {
        State::Recording { agent, state: one_of(words, RECORDING_STATES, "a recording's state")? }
    } else if words.take("row") {
        let of = words.text("whose row")?.0;
        row(words, agent, of)?
    } else {
        return Ok(None);
    };
    Ok(Some(state))
}

/// What follows the agent's name.
pub fn read(words: &mut Words, agent: &Party) -> Result<Option<State>, Trouble> {
    let agent = agent.clone();
    let state = if words.take("has no contact") {
        State::Contact { agent, state: None }
    } else if words.take("has no row") {
        State::NoRow { agent, of: words.text("whose row")?.0 }
    } else if words.take("can") {
        let (button, of) = lit(words)?;
        State::Lit { agent, button, of, lit: true }
    } else if words.take("cannot") {
        let (button, of) = lit(words)?;
        State::Lit { agent, button, of, lit: false }
    } else if words.take("is refused") {
        State::Refused { agent }
    } else if words.take("is not refused") {
        State::Done { agent }
    } else {
        return Ok(None);
    };
    Ok(Some(state))
}

fn row(words: &mut Words, agent: Party, of: String) -> Result<State, Trouble> {
    let mut want = Row::default();
    loop {
        if words.take("is held by") || words.take("held by") {
            want.held_by = Some(words.text("who holds")?.0);
        } else if words.take("is") {
            want.state = Some(one_of(words, CONNECTION_STATES, "a connection's state")?);
        } else if words.take("answered yes") {
            want.answered = Some(true);
        } else if words.take("answered no") {
            want.answered = Some(false);
        } else if words.take("reason") {
            want.reason = Some(one_of(words, REASONS, "a reason")?);
        } else if words.take("type") {
            want.kind = Some(one_of(words, CONNECTION_TYPES, "a connection's type")?);
        } else if words.take("hears") {
            want.hears = Some(words.text("what the row says it hears")?.0);
        } else {
            return Err(Trouble::new(
                words.column(),
                format!("a row does not say `{}`", words.rest()),
                "write `is connected`, `answered yes`, `answered no`, `reason rejected`, `held by customer` or `hears \"...\"`, with commas between",
            ));
        }
        if !(words.take(",") || words.take("and")) {
            return Ok(State::Row { agent, of, want });
        }
    }
}

fn lit(words: &mut Words) -> Result<(String, Option<String>), Trouble> {
    let column = words.column();
    for (said, name) in BUTTONS {
        if words.take(said) {
            let on_row = matches!(*said, "hold" | "resume" | "drop" | "mute" | "unmute") && !words.is_done();
            let of = if on_row { Some(words.text("whose row")?.0) } else { None };
            return Ok(((*name).to_owned(), of));
        }
    }
    let known: Vec<&str> = BUTTONS.iter().map(|(said, _)| *said).collect();
    Err(Trouble::new(
        column,
        format!("there is no button `{}`", words.rest()),
        format!("use one of: {}", known.join(", ")),
    ))
}

/// A word of a closed list, in the list's own spelling.
fn one_of(words: &mut Words, list: &[&str], what: &str) -> Result<String, Trouble> {
    let column = words.column();
    let word = words.word(what)?;
    if let Some(known) = list.iter().find(|known| known.eq_ignore_ascii_case(&word)) {
        return Ok((*known).to_owned());
    }
    let cure = match nearest(&word, list.iter().copied()) {
        Some(near) => format!("write `{near}`"),
        None => format!("use one of: {}", list.join(", ")),
    };
    Err(Trouble::new(column, format!("`{word}` is not {what}"), cure))
}

/// A state is judged when it has had this long to come about after the action, so that the old one is not taken for it.
pub const SETTLE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn john() -> Party {
        Party::from("john")
    }

    #[test]
    fn a_row_says_several_things_at_once() {
        let mut words = Words::split("row maria is connected, answered no", &[]).unwrap();
        let want = Row { state: Some("connected".into()), answered: Some(false), ..Row::default() };
        assert_eq!(read_of(&mut words, &john()).unwrap(), Some(State::Row { agent: john(), of: "maria".into(), want }));
        let mut words = Words::split("row maria is disconnected and reason rejected", &[]).unwrap();
        assert!(read_of(&mut words, &john()).unwrap().is_some());
    }

    #[test]
    fn states_are_spelt_as_the_switch_spells_them() {
        let mut words = Words::split("state is missedcallagent", &[]).unwrap();
        assert_eq!(
            read_of(&mut words, &john()).unwrap(),
            Some(State::Agent { agent: john(), state: "MissedCallAgent".into() })
        );
        let fault = read_of(&mut Words::split("state is Bussy", &[]).unwrap(), &john()).unwrap_err();
        assert_eq!(fault.cure, "write `Busy`");
        assert!(read_of(&mut Words::split("row maria is gone", &[]).unwrap(), &john()).is_err());
        assert!(read(&mut Words::split("can fly", &[]).unwrap(), &john()).is_err());
    }
}
