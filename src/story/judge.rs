//! Whether what was observed is what was expected.

use super::evidence::{Evidence, Seen};
use super::script::{Clause, Expectation, Party};
use super::signals::Signal;
use super::stage::Stage;
use super::states::{Row, SETTLE, State};
use super::{judge_hearing, recorded, rows};
use crate::engine::snapshot::ConnectionSnapshot;
use crate::time::{Duration, Time};

/// When a sound was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sounded {
    /// From when on what comes after it counts: its beginning; its end, if it had to be heard in full.
    pub next: Time,
    pub began: Time,
}

/// From when on something counts.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The last action: what phones saw counts from here.
    pub action: Time,
    /// The last action, or the beginning of the sounds that were expected since: what is heard counts from here.
    pub mark: Time,
    pub now: Time,
    /// How long this may take.
    pub within: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened; a sound also says when.
    Met(Option<Sounded>),
    /// Not yet; what is there instead.
    Wait(String),
    /// It cannot happen any more.
    Broken(String),
}

pub fn judge(expectation: &Expectation, window: Window, evidence: &mut Evidence, stage: &dyn Stage) -> Verdict {
    let verdict = match &expectation.clause {
        Clause::Hearing(hearing) => judge_hearing::judge(hearing, window, evidence, stage),
        Clause::Recorded(wanted) => recorded::judge(wanted, window, evidence, stage),
        Clause::State(state) => judge_state(state, window, evidence),
        Clause::Signal(signal) => judge_signal(signal, window, evidence),
    };
    match verdict {
        Verdict::Wait(instead) if window.now > window.mark + window.within + grace(expectation) => {
            Verdict::Broken(instead)
        }
        verdict => verdict,
    }
}

/// A sound that begins in time needs its own length to be recognised; an absence needs to last.
fn grace(expectation: &Expectation) -> Duration {
    match &expectation.clause {
        Clause::Hearing(hearing) => judge_hearing::grace(hearing),
        Clause::Signal(
            Signal::RingsNot { lasting, .. }
            | Signal::GetsNot { lasting, .. }
            | Signal::ToldNot { lasting, .. }
            | Signal::DigitsNot { lasting, .. },
        ) => *lasting,
        Clause::Recorded(wanted) => recorded::grace(wanted),
        Clause::State(_) => SETTLE,
        Clause::Signal(_) => Duration::ZERO,
    }
}

fn judge_state(state: &State, window: Window, evidence: &Evidence) -> Verdict {
    if window.now < window.mark + SETTLE {
        return Verdict::Wait("it has just been done".to_owned());
    }
    if let State::Refused { agent } | State::Done { agent } = state {
        let wanted = matches!(state, State::Refused { .. });
        return match evidence.presses.get(agent) {
            None => Verdict::Broken(format!("{agent} has pressed nothing")),
            Some(refusal) if refusal.is_some() == wanted => Verdict::Met(None),
            Some(Some(why)) => Verdict::Broken(format!("it was refused: {why}")),
            Some(None) => Verdict::Broken("it was done".to_owned()),
        };
    }
    let agent = match state {
        State::Agent { agent, .. }
        | State::Status { agent, .. }
        | State::NextStatus { agent, .. }
        | State::Banner { agent, .. }
        | State::Contact { agent, .. }
        | State::Recording { agent, .. }
        | State::Row { agent, .. }
        | State::NoRow { agent, .. }
        | State::Lit { agent, .. }
        | State::Refused { agent }
        | State::Done { agent } => agent,
    };
    let Some(screen) = evidence.screens.get(agent) else {
        return Verdict::Wait(format!("{agent}'s screen shows nothing yet"));
    };
    let contact = screen.contacts.first();
    let same = |wanted: &str, is: &str| {
        if wanted == is { Verdict::Met(None) } else { Verdict::Wait(format!("it is {is}")) }
    };
    match state {
        State::Agent { state, .. } => same(state, &screen.state),
        State::Status { status, .. } => same(status, &screen.status),
        State::NextStatus { status, .. } => {
            same(status.as_deref().unwrap_or("none"), screen.next_status.as_deref().unwrap_or("none"))
        }
        State::Banner { text, .. } => same(text, contact.map_or("no banner", |c| &c.banner)),
        State::Contact { state, .. } => {
            same(state.as_deref().unwrap_or("no contact"), contact.map_or("no contact", |c| &c.state))
        }
        State::Recording { state, .. } => {
            let is = contact.and_then(|c| c.recording.as_ref()).map_or("none", |recording| &recording.state);
            same(state, is)
        }
        State::Row { of, want, .. } => match contact.and_then(|c| evidence.row(c, of)) {
            Some(row) => judge_row(want, row),
            None => Verdict::Wait(format!("{agent} has no row {of}")),
        },
        State::NoRow { of, .. } => match contact.and_then(|c| evidence.row(c, of)) {
            Some(row) => Verdict::Wait(format!("the row is {}", row.state)),
            None => Verdict::Met(None),
        },
        State::Lit { button, of, lit, .. } => {
            let actions = match (contact, of) {
                (Some(contact), Some(of)) => evidence.row(contact, of).map(|row| &row.actions),
                (contact, _) => contact.map(|c| &c.actions),
            };
            if actions.is_some_and(|lit| lit.contains(button)) == *lit {
                Verdict::Met(None)
            } else {
                Verdict::Wait(format!("lit are {}", actions.map_or(String::new(), |a| a.join(", "))))
            }
        }
        State::Refused { .. } | State::Done { .. } => Verdict::Met(None),
    }
}

fn judge_row(want: &Row, row: &ConnectionSnapshot) -> Verdict {
    let hears = rows::hears(row);
    let held_by = row.held_by.as_deref().unwrap_or("nobody");
    let right = want.state.as_ref().is_none_or(|state| *state == row.state)
        && want.answered.is_none_or(|answered| answered == row.answered)
        && want.reason.as_ref().is_none_or(|reason| Some(reason) == row.reason.as_ref())
        && want.kind.as_ref().is_none_or(|kind| *kind == row.kind)
        && want.held_by.as_ref().is_none_or(|by| by.eq_ignore_ascii_case(held_by))
        && want.hears.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&hears));
    if right {
        return Verdict::Met(None);
    }
    let answered = if row.answered { "yes" } else { "no" };
    let reason = row.reason.as_deref().unwrap_or("none");
    Verdict::Wait(format!(
        "it is {} ({}), answered {answered}, reason {reason}, held by {held_by}, hears \"{hears}\"",
        row.state, row.kind
    ))
}

fn judge_signal(signal: &Signal, window: Window, evidence: &mut Evidence) -> Verdict {
    match signal {
        Signal::Rings { who } => use_sight(evidence, who, window, |seen| *seen == Seen::Rings),
        Signal::StopsRinging { who } => use_sight(evidence, who, window, |seen| *seen == Seen::StopsRinging),
        Signal::Gets { who, method } => {
            use_sight(evidence, who, window, |seen| matches!(seen, Seen::Request(got) if got == method))
        }
        Signal::ReInvited { who, direction } => {
            use_sight(evidence, who, window, |seen| matches!(seen, Seen::ReInvite(got) if got == direction))
        }
        Signal::Answered { who } => use_sight(evidence, who, window, |seen| *seen == Seen::Answered),
        Signal::Ends { who, status } => use_sight(
            evidence,
            who,
            window,
            |seen| matches!(seen, Seen::Ended(got) if status.is_none() || got == status),
        ),
        Signal::RingsNot { who, lasting } => absent(evidence, who, window, *lasting, |seen| *seen == Seen::Rings),
        Signal::GetsNot { who, method, lasting } => {
            absent(evidence, who, window, *lasting, |seen| matches!(seen, Seen::Request(got) if got == method))
        }
        Signal::TransferAccepted { who } => {
            use_sight(evidence, who, window, |seen| matches!(seen, Seen::Referred(..300)))
        }
        Signal::TransferRefused { who, status } => use_sight(
            evidence,
            who,
            window,
            |seen| matches!(seen, Seen::Referred(got @ 300..) if status.is_none_or(|status| status == *got)),
        ),
        Signal::Told { who, told } => {
            use_sight(evidence, who, window, |seen| matches!(seen, Seen::TransferTold(got) if told.is(*got)))
        }
        Signal::ToldNot { who, told, lasting } => absent(
            evidence,
            who,
            window,
            *lasting,
            |seen| matches!(seen, Seen::TransferTold(got) if told.is_none_or(|told| told.is(*got))),
        ),
        Signal::Digits { who, digits } => judge_digits(evidence, who, window, digits),
        Signal::DigitsNot { who, lasting } => {
            absent(evidence, who, window, *lasting, |seen| matches!(seen, Seen::Digit(_)))
        }
        Signal::Shows { who, text } => {
            let shown = latest(evidence, who, |seen| match seen {
                Seen::Shows(text) => Some(text.clone()),
                _ => None,
            });
            match shown {
                Some(shown) if shown.eq_ignore_ascii_case(text) => Verdict::Met(None),
                Some(shown) => Verdict::Wait(format!("it shows {shown}")),
                None => Verdict::Wait("it shows nobody".to_owned()),
            }
        }
        Signal::Registered { who } | Signal::NotRegistered { who, .. } => {
            let wanted = match signal {
                Signal::NotRegistered { status, .. } => Some(*status),
                _ => None,
            };
            let is = latest(evidence, who, |seen| match seen {
                Seen::Registered => Some(None),
                Seen::NotRegistered(status) => Some(Some(*status)),
                _ => None,
            });
            match is {
                Some(is) if is == wanted => Verdict::Met(None),
                Some(None) => Verdict::Wait("it is registered".to_owned()),
                Some(Some(status)) => Verdict::Wait(format!("the register was refused with {status}")),
                None => Verdict::Wait("no register was answered".to_owned()),
            }
        }
        Signal::SwitchEmpty if evidence.empty => Verdict::Met(None),
        Signal::SwitchEmpty => Verdict::Wait("a call, a contact or a port is left in it".to_owned()),
    }
}

/// All digits since the action are these.
fn judge_digits(evidence: &Evidence, who: &Party, window: Window, digits: &str) -> Verdict {
    let sights = evidence.phones.get(who).map(|watch| watch.sights.as_slice()).unwrap_or_default();
    let since = sights.iter().filter(|sight| sight.at >= window.action);
    let came: String = since
        .filter_map(|sight| match sight.what {
            Seen::Digit(digit) => Some(digit),
            _ => None,
        })
        .collect();
    if came == digits {
        return Verdict::Met(None);
    }
    let instead = if came.is_empty() { "no digit came".to_owned() } else { format!("the digits {came} came") };
    if digits.starts_with(&came) { Verdict::Wait(instead) } else { Verdict::Broken(instead) }
}

/// The first sight of this kind since the action that met no other expectation.
fn use_sight(evidence: &mut Evidence, who: &Party, window: Window, is: impl Fn(&Seen) -> bool) -> Verdict {
    let sights = evidence.phones.get_mut(who).map(|watch| watch.sights.as_mut_slice()).unwrap_or_default();
    let mut since = sights.iter_mut().filter(|sight| sight.at >= window.action);
    if let Some(sight) = since.find(|sight| !sight.used && is(&sight.what)) {
        sight.used = true;
        return Verdict::Met(None);
    }
    let seen: Vec<String> = evidence
        .phones
        .get(who)
        .map(|watch| watch.sights.iter().filter(|s| s.at >= window.action).map(|s| format!("{:?}", s.what)).collect())
        .unwrap_or_default();
    Verdict::Wait(if seen.is_empty() {
        "the phone saw nothing".to_owned()
    } else {
        format!("the phone saw {}", seen.join(", "))
    })
}

fn absent(evidence: &Evidence, who: &Party, window: Window, lasting: Duration, is: impl Fn(&Seen) -> bool) -> Verdict {
    let found =
        evidence.phones.get(who).and_then(|watch| watch.sights.iter().find(|s| s.at > window.mark && is(&s.what)));
    match found {
        Some(sight) => Verdict::Broken(format!("the phone saw {:?} after {:?}", sight.what, sight.at - window.mark)),
        None if window.now >= window.mark + lasting => Verdict::Met(None),
        None => Verdict::Wait("not so long yet".to_owned()),
    }
}

fn latest<T>(evidence: &Evidence, who: &Party, of: impl Fn(&Seen) -> Option<T>) -> Option<T> {
    evidence.phones.get(who)?.sights.iter().rev().find_map(|sight| of(&sight.what))
}
