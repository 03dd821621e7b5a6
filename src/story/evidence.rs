//! What was observed while a story played: heard by each phone, seen in its SIP, shown on the agents' screens.

use super::keys::Line;
use super::recorded::Sides;
use super::rows;
use super::script::Party;
use crate::audio::Tone;
use crate::engine::snapshot::{AgentSnapshot, ConnectionSnapshot, ContactSnapshot};
use crate::ids::PromptId;
use crate::limits::FRAME;
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// What 20 ms of received sound are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Silence,
    /// Frame `frame` of the `frames` of a prompt.
    Prompt {
        prompt: PromptId,
        frame: usize,
        frames: usize,
    },
    Tone(Tone),
    /// The notes of these parties, and nothing else.
    Notes(BTreeSet<Party>),
    /// Nothing that the ear knows.
    Noise,
}

#[derive(Clone, Debug)]
pub struct Frame {
    pub at: Time,
    pub heard: Heard,
}

/// One call of a phone.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub began: Time,
    pub answered: Option<Time>,
    pub ended: Option<Time>,
    /// What arrived until then is in `frames`.
    pub heard_until: Time,
    pub frames: Vec<Frame>,
}

/// Something that a phone saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Rings,
    StopsRinging,
    Request(String),
    /// A re-INVITE or UPDATE with SDP, and its direction from the switch's view.
    ReInvite(String),
    Shows(String),
    Registered,
    NotRegistered(u16),
    Answered,
    Ended(Option<u16>),
    /// The response to its REFER.
    Referred(u16),
    /// How its transfer goes.
    TransferTold(u16),
    Digit(char),
    /// The switch broke a rule of SIP, SDP or RTP. One is enough to fail a story.
    Complaint(String),
}

#[derive(Clone, Debug)]
pub struct Sight {
    pub at: Time,
    pub what: Seen,
    /// An expectation was met by it already.
    pub used: bool,
}

/// All that one phone has heard and seen.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    pub calls: Vec<Call>,
    pub sights: Vec<Sight>,
}

/// All that was observed so far.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub phones: BTreeMap<Party, Watch>,
    pub screens: BTreeMap<Party, Arc<AgentSnapshot>>,
    /// What is recorded of each agent's contacts, where the stage can tell.
    pub recordings: BTreeMap<Party, Sides>,
    /// How the last button of each agent went: why it was refused, if it was.
    pub presses: BTreeMap<Party, Option<String>>,
    /// Under which number somebody outside is called.
    pub numbers: BTreeMap<Party, Party>,
    /// No contact, no call, no port is left in the switch.
    pub empty: bool,
}

impl Evidence {
    /// The row of this party on a screen: by name, else by number.
    #[must_use]
    pub fn row<'a>(&self, contact: &'a ContactSnapshot, of: &str) -> Option<&'a ConnectionSnapshot> {
        let number = self.numbers.get(&Party::from(of));
        rows::find(contact, of).or_else(|| rows::find(contact, number?.as_str()))
    }

    pub fn saw(&mut self, party: &Party, at: Time, what: Seen) {
        self.phones.entry(party.clone()).or_default().sights.push(Sight { at, what, used: false });
    }

    /// The call of a line. Lines are counted in the order in which the calls that are up began.
    #[must_use]
    pub fn call(&self, party: &Party, line: Line) -> Option<&Call> {
        let calls = &self.phones.get(party)?.calls;
        let mut up = calls.iter().filter(|call| call.ended.is_none());
        match line {
            Line::InUse => calls.iter().rev().find(|call| call.ended.is_none()).or(calls.last()),
            Line::First => up.next(),
            Line::Second => up.nth(1),
        }
    }

    /// Parties whose phones are in an answered call.
    pub fn talking(&self) -> impl Iterator<Item = &Party> {
        self.phones.iter().filter_map(|(party, watch)| {
            watch.calls.iter().any(|call| call.answered.is_some() && call.ended.is_none()).then_some(party)
        })
    }

    /// The first complaint of any phone.
    #[must_use]
    pub fn complaint(&self) -> Option<(&Party, &Sight, &str)> {
        self.phones.iter().find_map(|(party, watch)| {
            watch.sights.iter().find_map(|sight| match &sight.what {
                Seen::Complaint(text) => Some((party, sight, text.as_str())),
                _ => None,
            })
        })
    }
}

/// A stretch of the same sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
    pub heard: Heard,
}

impl Span {
    #[must_use]
    pub fn lasts(&self) -> Duration {
        self.to - self.from
    }
}

/// Frames as stretches of the same sound from `since` on. A single odd frame between two equal ones belongs to them:
/// it is where two sounds meet inside one frame of a jitter buffer or a codec.
#[must_use]
pub fn spans(frames: &[Frame], since: Time) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let first = frames.partition_point(|f| f.at < since);
    for frame in frames.get(first..).unwrap_or_default() {
        match spans.last_mut() {
            Some(last) if alike(&last.heard, &frame.heard) && frame.at - last.to <= FRAME * 3 => {
                last.to = frame.at + FRAME;
            }
            _ => spans.push(Span { from: frame.at, to: frame.at + FRAME, heard: frame.heard.clone() }),
        }
    }
    let mut smooth: Vec<Span> = Vec::new();
    for span in spans {
        match smooth.as_mut_slice() {
            [.., before, odd]
                if odd.lasts() <= FRAME && alike(&before.heard, &span.heard) && span.from - before.to <= FRAME * 3 =>
            {
                before.to = span.to;
                smooth.pop();
            }
            _ => smooth.push(span),
        }
    }
    smooth
}

/// The same sound; of a prompt, wherever in it.
#[must_use]
pub fn alike(a: &Heard, b: &Heard) -> bool {
    match (a, b) {
        (Heard::Prompt { prompt: a, .. }, Heard::Prompt { prompt: b, .. }) => a == b,
        (a, b) => a == b,
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Heard::Silence => f.write_str("silence"),
            Heard::Prompt { prompt, .. } => write!(f, "{prompt}"),
            Heard::Tone(Tone::Beep) => f.write_str("a beep"),
            Heard::Tone(Tone::Ringback) => f.write_str("ringback"),
            Heard::Tone(Tone::Busy) => f.write_str("the busy tone"),
            Heard::Tone(Tone::Congestion) => f.write_str("the congestion tone"),
            Heard::Notes(parties) => {
                for (n, party) in parties.iter().enumerate() {
                    write!(f, "{}{party}", if n == 0 { "" } else { " and " })?;
                }
                Ok(())
            }
            Heard::Noise => f.write_str("noise"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_odd_frame_does_not_break_a_sound() {
        let john = Heard::Notes([Party::from("john")].into());
        let sounds = [&john, &john, &Heard::Noise, &john, &Heard::Silence, &Heard::Silence, &john];
        let frames: Vec<Frame> = sounds
            .iter()
            .enumerate()
            .map(|(n, heard)| Frame { at: Time::from_micros(n as u64 * 20_000), heard: (*heard).clone() })
            .collect();
        let told: Vec<_> =
            spans(&frames, Time::default()).iter().map(|s| (s.heard.to_string(), s.lasts().as_millis())).collect();
        assert_eq!(told, [("john".to_owned(), 80), ("silence".to_owned(), 40), ("john".to_owned(), 20)]);
    }
}
