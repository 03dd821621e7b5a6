//! What can be expected of the recording of an agent's contact: who is on which side of it.

use super::evidence::{Call, Evidence};
use super::fault::Trouble;
use super::hearing::{self, Extent, Sound, Subject, Tail};
use super::judge::{Verdict, Window};
use super::judge_hearing::{self, Want};
use super::script::Party;
use super::stage::Stage;
use super::words::Words;
use crate::limits::{FRAME, RECORDED_PIECE};
use crate::time::Duration;

/// What has been recorded of one agent's contacts, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    pub left: Call,
    pub right: Call,
}

/// At the same time each side has this and nothing else; a side that is not named may have anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub agent: Party,
    pub left: Option<Sound>,
    pub right: Option<Sound>,
    pub lasting: Option<Duration>,
}

/// Reads what follows `the recording of john`, with how long it may take.
pub fn read(words: &mut Words, agent: Party) -> Result<(Recorded, Option<Duration>), Trouble> {
    let column = words.column();
    let cure = "write `has john right, customer left`";
    if !words.take("has") {
        return Err(Trouble::new(column, format!("a recording does not do `{}`", words.rest()), cure));
    }
    let mut recorded = Recorded { agent: agent.clone(), left: None, right: None, lasting: None };
    loop {
        let sound = hearing::sound(words, &Subject::These(vec![agent.clone()]))?;
        let column = words.column();
        let side = match words.take_any(&["left", "on the left", "right", "on the right"]) {
            Some(side) if side.ends_with("left") => &mut recorded.left,
            Some(_) => &mut recorded.right,
            None => return Err(Trouble::new(column, "a recording has two sides", cure)),
        };
        if side.replace(sound).is_some() {
            return Err(Trouble::new(column, "this side is named twice", "name each side once"));
        }
        if !(words.take(",") || words.take("and")) {
            break;
        }
    }
    let tail = Tail::read(words)?;
    tail.refuse_after(column)?;
    recorded.lasting = tail.lasting;
    Ok((recorded, tail.within))
}

/// What is recorded is told in pieces.
pub fn grace(recorded: &Recorded) -> Duration {
    let piece = FRAME * u32::try_from(RECORDED_PIECE).unwrap_or(u32::MAX);
    recorded.lasting.unwrap_or(judge_hearing::HEARD) + piece * 2
}

pub fn judge(recorded: &Recorded, window: Window, evidence: &Evidence, stage: &dyn Stage) -> Verdict {
    let Some(sides) = evidence.recordings.get(&recorded.agent) else {
        return Verdict::Wait(format!("no contact of {}'s is recorded on this stage", recorded.agent));
    };
    let each = [("left", &recorded.left, &sides.left), ("right", &recorded.right, &sides.right)];
    judge_hearing::all(each.into_iter().filter_map(|(name, sound, call)| {
        let want = match Want::of(sound.as_ref()?, stage) {
            Ok(want) => want,
            Err(problem) => return Some(Verdict::Broken(problem)),
        };
        Some(judge_hearing::heard(name, call, &want, recorded.lasting, Extent::Any, window))
    }))
}
