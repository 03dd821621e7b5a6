//! What an agent may say of herself: Available, Offline, or a name of the installation's own.

use super::agent::{AVAILABLE, OFFLINE};
use crate::limits::STATUS_CHARS;

/// Every state that the switch itself gives to an agent, by Connect's names.
pub const STATES: &[&str] = &[
    AVAILABLE,
    OFFLINE,
    "PendingBusy",
    "Busy",
    "Monitoring",
    "AfterCallWork",
    "CallingCustomer",
    "MissedCallAgent",
    "RejectedCallAgent",
    "BadAddressAgent",
    "FailedConnectAgent",
    "LineEngagedAgent",
    "AgentHungUp",
    "MissedCallCustomer",
    "BadAddressCustomer",
    "FailedConnectCustomer",
    "LineEngagedCustomer",
];

/// Why a text is no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStatus {
    #[error("a status has 1 to {STATUS_CHARS} characters")]
    Length,
    #[error("a status has no control characters")]
    Control,
    #[error("{0} is a state that only the switch gives")]
    State(&'static str),
}

/// The status that a text names. A slip of the shift key or a blank must not make a name of its own of what reads like
/// Available, because nothing is offered under that; and a name like one of the switch's states would be taken for it.
/// # Errors
/// Why it is none.
pub fn status(text: &str) -> Result<&str, NoStatus> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > STATUS_CHARS {
        return Err(NoStatus::Length);
    }
    if text.contains(char::is_control) {
        return Err(NoStatus::Control);
    }
    match STATES.iter().copied().find(|state| state.eq_ignore_ascii_case(text)) {
        Some(named @ (AVAILABLE | OFFLINE)) => Ok(named),
        Some(state) => Err(NoStatus::State(state)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, Trouble};
    use super::*;

    #[test]
    fn a_text_is_a_status_or_says_why_not() {
        let longest = "x".repeat(STATUS_CHARS);
        let longer = "x".repeat(STATUS_CHARS + 1);
        for (text, named) in [
            ("Available", Ok(AVAILABLE)),
            ("available", Ok(AVAILABLE)),
            ("AVAILABLE", Ok(AVAILABLE)),
            (" Available\t", Ok(AVAILABLE)),
            ("\u{a0}offline\n", Ok(OFFLINE)),
            ("Lunch", Ok("Lunch")),
            ("lunch", Ok("lunch")),
            (" Coffee break ", Ok("Coffee break")),
            ("Büro", Ok("Büro")),
            ("Busy with mail", Ok("Busy with mail")),
            (&longest, Ok(&longest)),
            (&longer, Err(NoStatus::Length)),
            ("", Err(NoStatus::Length)),
            (" \r\n", Err(NoStatus::Length)),
            ("Lun\u{7}ch", Err(NoStatus::Control)),
            ("Lunch\r\nX: y", Err(NoStatus::Control)),
            ("a\u{85}b", Err(NoStatus::Control)),
            ("Busy", Err(NoStatus::State("Busy"))),
            (" busy ", Err(NoStatus::State("Busy"))),
            ("AFTERCALLWORK", Err(NoStatus::State("AfterCallWork"))),
        ] {
            assert_eq!(status(text), named, "{text:?}");
        }
    }

    #[test]
    fn every_state_of_the_switch_is_known() {
        let troubles = [
            Trouble::Missed,
            Trouble::Rejected,
            Trouble::BadAddress,
            Trouble::FailedConnect,
            Trouble::LineEngaged,
            Trouble::HungUp,
            Trouble::CustomerMissed,
            Trouble::CustomerBadAddress,
            Trouble::CustomerFailedConnect,
            Trouble::CustomerLineEngaged,
        ];
        let others = [State::PendingBusy, State::CallingCustomer, State::Busy, State::Monitoring, State::AfterCallWork];
        let states = others.into_iter().chain(troubles.map(State::Trouble)).chain([State::Available, State::Offline]);
        assert_eq!(states.clone().count(), STATES.len());
        for state in states {
            assert!(STATES.contains(&state.to_string().as_str()), "{state}");
        }
    }
}
