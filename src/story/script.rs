//! A story as data: parties, phases, what is done and what is expected.

use super::buttons::{By, Press};
use super::hearing::Hearing;
use super::keys::Key;
use super::recorded::Recorded;
use super::signals::Signal;
use super::states::State;
use crate::time::Duration;
use std::fmt;
use std::sync::Arc;

/// Somebody with a phone. An agent's party name is her agent id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(Arc<str>);

impl Party {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Party {
    fn from(name: &str) -> Self {
        Party(name.to_lowercase().into())
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub party: Party,
    pub role: Role,
    /// Whose account this phone has; the party's own if absent. Of somebody outside, the number.
    pub of: Option<Party>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Calls without an account.
    Guest,
    /// Has an account; her phone registers before the story begins, unless `registered` is false.
    Agent { registered: bool },
    /// At the far end of a trunk, under a number.
    Outside,
}

/// What the network between the phones and the switch does to datagrams. Shares are out of a hundred.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub delay: Duration,
    pub loses: u8,
    pub repeats: u8,
    pub reorders: u8,
}

impl Default for Network {
    fn default() -> Self {
        Network { delay: Duration::from_millis(5), loses: 0, repeats: 0, reorders: 0 }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    pub file: String,
    pub title: String,
    pub members: Vec<Member>,
    /// The configuration of the switch, beside the story; the lab if absent.
    pub installation: Option<String>,
    /// How long an expectation may take that does not say it itself.
    pub allow: Duration,
    /// What the network does; said only where the story depends on it.
    pub network: Option<Network>,
    pub phases: Vec<Phase>,
}

/// Steps under one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    pub line: usize,
    pub title: String,
    pub steps: Vec<Step>,
}

/// One action, or one block of expectations that are judged together.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub line: usize,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Act { text: String, action: Action },
    Expect(Vec<Expectation>),
}

/// All that can be done, by family.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// At the phone.
    Phone(Party, Key),
    /// On the agent's screen.
    Button(Party, Press, By),
    /// Nothing.
    Wait(Duration),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    pub line: usize,
    pub text: String,
    pub clause: Clause,
    /// How long it may take; the story's allowance if absent.
    pub within: Option<Duration>,
}

/// All that can be expected, by family.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// In the received audio.
    Hearing(Hearing),
    /// In what the switch records.
    Recorded(Recorded),
    /// On the agent's screen.
    State(State),
    /// In the SIP that a phone sees.
    Signal(Signal),
}

impl Expectation {
    /// Met by something that a phone saw once.
    #[must_use]
    pub fn is_sight(&self) -> bool {
        matches!(
            self.clause,
            Clause::Signal(
                Signal::Rings { .. }
                    | Signal::StopsRinging { .. }
                    | Signal::Gets { .. }
                    | Signal::ReInvited { .. }
                    | Signal::TransferAccepted { .. }
                    | Signal::TransferRefused { .. }
                    | Signal::Told { .. }
                    | Signal::Digits { .. }
                    | Signal::Answered { .. }
                    | Signal::Ends { .. }
            )
        )
    }

    #[must_use]
    pub fn speaks_of_refusal(&self, of: &Party) -> bool {
        matches!(&self.clause, Clause::State(State::Refused { agent } | State::Done { agent }) if agent == of)
    }
}
