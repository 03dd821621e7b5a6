//! Plays a story on a stage, step by step, and stops where something that was expected did not happen.

use super::buttons::{By, Press};
use super::evidence::{Evidence, Seen};
use super::judge::{Sounded, Verdict, Window, judge};
use super::keys::{Key, Line};
use super::rows;
use super::script::{Action, Expectation, Member, Party, Role, Story, What};
use super::stage::Stage;
use crate::limits::FRAME;
use crate::time::{Duration, Time};
use std::fmt;

/// How finely time is cut while something is awaited.
const STEP: Duration = Duration::from_millis(10);
/// How long phones may take to register before a story begins.
const REGISTER: Duration = Duration::from_secs(10);
/// How long a switch may take to become empty when everybody has hung up: a BYE that is lost for good is given up after
/// 64*T1 (RFC 3261 section 17.1.2.2).
const CURTAIN: Duration = Duration::from_secs(40);
/// The longest that keying a feature code takes.
const KEYING: Duration = Duration::from_secs(20);

/// What a runner tells while it plays.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    Phase(&'a str),
    /// Something was done.
    Did {
        at: Time,
        line: usize,
        text: &'a str,
    },
    /// Something expected happened; `began` so long after the action.
    Met {
        at: Time,
        line: usize,
        text: &'a str,
        took: Duration,
    },
}

/// Where a story broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub file: String,
    pub line: usize,
    pub text: String,
    /// What was there instead.
    pub instead: String,
    /// The action that it was expected of.
    pub after: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    did not happen", self.file, self.line, self.text)?;
        if !self.after.is_empty() {
            write!(f, " after `{}`", self.after)?;
        }
        write!(f, ": {}", self.instead)
    }
}

/// Plays all of it; `tell` hears of every step. The evidence is whole also when the story fails.
///
/// # Errors
/// Where the story broke off, and what was there instead.
pub fn play(
    story: &Story,
    stage: &mut dyn Stage,
    evidence: &mut Evidence,
    tell: &mut dyn FnMut(&Told),
) -> Result<(), Failure> {
    let now = stage.now();
    let outside = story.members.iter().filter(|member| member.role == Role::Outside);
    evidence.numbers = outside.filter_map(|member| Some((member.party.clone(), member.of.clone()?))).collect();
    let mut runner =
        Runner { story, stage, evidence, tell, action: now, mark: now, doing: false, after: String::new() };
    runner.overture()?;
    for phase in &story.phases {
        (runner.tell)(&Told::Phase(&phase.title));
        for step in &phase.steps {
            match &step.what {
                What::Act { text, action } => runner.act(step.line, text, action)?,
                What::Expect(block) => runner.expect(block)?,
            }
            runner.complaints(step.line)?;
        }
    }
    runner.curtain()
}

struct Runner<'a> {
    story: &'a Story,
    stage: &'a mut dyn Stage,
    evidence: &'a mut Evidence,
    tell: &'a mut dyn FnMut(&Told),
    /// The first of the last actions in a row: what phones saw counts from here.
    action: Time,
    /// What is heard counts from here.
    mark: Time,
    /// The last step was an action.
    doing: bool,
    after: String,
}

impl Runner<'_> {
    /// The agents' phones register.
    fn overture(&mut self) -> Result<(), Failure> {
        let registered = |m: &&Member| m.role == Role::Agent { registered: true };
        let agents: Vec<Party> = self.story.members.iter().filter(registered).map(|m| m.party.clone()).collect();
        for agent in &agents {
            let done = self.stage.key(agent, &Key::Register { password: None }, self.evidence);
            done.map_err(|instead| self.failure(1, &format!("{agent} registers"), instead))?;
        }
        let until = self.stage.now() + REGISTER;
        for agent in &agents {
            while !self.is_registered(agent) {
                if self.stage.now() >= until {
                    let instead = "no 200 came from the switch".to_owned();
                    return Err(self.failure(1, &format!("{agent}'s phone is registered"), instead));
                }
                self.stage.run(self.stage.now() + STEP, self.evidence);
            }
        }
        self.complaints(1)
    }

    fn is_registered(&self, agent: &Party) -> bool {
        self.evidence.phones.get(agent).is_some_and(|watch| watch.sights.iter().any(|s| s.what == Seen::Registered))
    }

    /// Everybody hangs up, and nothing may be left.
    fn curtain(&mut self) -> Result<(), Failure> {
        let line = self.story.phases.last().and_then(|p| p.steps.last()).map_or(1, |step| step.line);
        let parties: Vec<Party> = self.story.members.iter().map(|m| m.party.clone()).collect();
        let until = self.stage.now() + CURTAIN;
        "everybody hangs up at the end".clone_into(&mut self.after);
        for party in &parties {
            // A phone takes no hand that is unplugged.
            self.stage.key(party, &Key::Unplug(false), self.evidence).ok();
        }
        loop {
            for party in &parties {
                while self.stage.key(party, &Key::HangUp(Line::InUse), self.evidence).is_ok() {}
            }
            self.stage.run(self.stage.now() + FRAME * 10, self.evidence);
            if self.evidence.empty {
                break;
            }
            if self.stage.now() >= until {
                let instead = "a call, a contact or a port is left in it".to_owned();
                return Err(self.failure(line, "the switch is empty", instead));
            }
        }
        self.complaints(line)
    }

    fn act(&mut self, line: usize, text: &str, action: &Action) -> Result<(), Failure> {
        let now = self.stage.now();
        if !self.doing {
            self.action = now;
        }
        self.doing = true;
        (self.tell)(&Told::Did { at: now, line, text });
        let done = match action {
            Action::Wait(time) => {
                self.stage.run(now + *time, self.evidence);
                self.mark = self.stage.now();
                return Ok(());
            }
            Action::Phone(party, key) => self.key(party, key),
            Action::Button(agent, press, by) => self.press(agent, press, by),
        };
        text.clone_into(&mut self.after);
        self.mark = self.stage.now();
        done.map_err(|instead| self.failure(line, text, instead))
    }

    fn key(&mut self, party: &Party, key: &Key) -> Result<(), String> {
        self.stage.key(party, key, self.evidence)?;
        if matches!(key, Key::Digits(_) | Key::Infos(_)) {
            self.keying(party);
        }
        Ok(())
    }

    /// Digits take their time on the wire; the action is over with the last of them.
    fn keying(&mut self, party: &Party) {
        let until = self.stage.now() + KEYING;
        while self.stage.is_keying(party) && self.stage.now() < until {
            self.stage.run(self.stage.now() + FRAME, self.evidence);
        }
    }

    fn press(&mut self, agent: &Party, press: &Press, by: &By) -> Result<(), String> {
        match (by, press) {
            (By::Screen, _) => {
                let button = rows::button(press, agent, self.evidence)?;
                let outcome = self.stage.press(agent, button, self.evidence);
                self.evidence.presses.insert(agent.clone(), outcome.err());
                Ok(())
            }
            (By::FeatureCode(digits), _) => self.key(agent, &Key::Digits(digits.clone())),
            (By::SecondLine, Press::QuickConnect(id)) => {
                let target = self.stage.quick_connect(id);
                self.key(agent, &Key::Dial { target })
            }
            (By::SecondLine, Press::Dial(number)) => self.key(agent, &Key::Dial { target: number.clone() }),
            (By::SecondLine, Press::Drop(_)) => self.key(agent, &Key::HangUp(Line::Second)),
            (By::SecondLine, _) => Err("only a quick connect and a number can be called on a second line".to_owned()),
        }
    }

    fn expect(&mut self, block: &[Expectation]) -> Result<(), Failure> {
        self.doing = false;
        self.refused_unsaid(block)?;
        // What says no time of its own has the longest of its block.
        let longest = block.iter().filter_map(|e| e.within).max().unwrap_or_default().max(self.story.allow);
        let mut met: Vec<Option<Option<Sounded>>> = vec![None; block.len()];
        loop {
            let mut open = false;
            for (expectation, met) in block.iter().zip(&mut met) {
                // What a phone saw is used up when it is met; all else must be true when the whole block is.
                if met.is_some() && expectation.is_sight() {
                    continue;
                }
                let window = Window {
                    action: self.action,
                    mark: self.mark,
                    now: self.stage.now(),
                    within: expectation.within.unwrap_or(longest),
                };
                match judge(expectation, window, self.evidence, &*self.stage) {
                    Verdict::Met(sounded) => *met = Some(sounded),
                    Verdict::Wait(_) => {
                        *met = None;
                        open = true;
                    }
                    Verdict::Broken(instead) => {
                        return Err(self.failure(expectation.line, &expectation.text, instead));
                    }
                }
            }
            if !open {
                break;
            }
            self.stage.run(self.stage.now() + STEP, self.evidence);
        }
        // A refusal is spoken of once.
        self.evidence.presses.retain(|agent, _| !block.iter().any(|e| e.speaks_of_refusal(agent)));
        let at = self.stage.now();
        for (expectation, met) in block.iter().zip(&met) {
            let took = met.flatten().map_or(Duration::ZERO, |sounded| sounded.began.since(self.mark));
            (self.tell)(&Told::Met { at, line: expectation.line, text: &expectation.text, took });
        }
        // A refusal is spoken of once.
        let said = |of: &Party| block.iter().any(|expectation| expectation.speaks_of_refusal(of));
        self.evidence.presses.retain(|agent, refusal| refusal.is_none() || !said(agent));
        // What comes next in the story comes after these.
        let next = met.iter().flatten().flatten().map(|sounded| sounded.next).max();
        self.mark = next.unwrap_or(self.mark).max(self.mark);
        Ok(())
    }

    /// A button that was refused without the story saying so is a failure of the button, not of what follows.
    fn refused_unsaid(&mut self, block: &[Expectation]) -> Result<(), Failure> {
        let first = block.first().map_or(0, |e| e.line);
        let unsaid = self.evidence.presses.iter().find_map(|(agent, refusal)| {
            let why = refusal.as_ref()?;
            let said = block.iter().any(|e| e.speaks_of_refusal(agent));
            (!said).then(|| format!("{agent}'s button was refused: {why}"))
        });
        match unsaid {
            Some(instead) => Err(self.failure(first, &self.after.clone(), instead)),
            None => Ok(()),
        }
    }

    fn complaints(&self, line: usize) -> Result<(), Failure> {
        match self.evidence.complaint() {
            Some((party, sight, text)) => {
                let instead = format!("{party}'s phone complained at {}: {text}", sight.at.iso8601());
                Err(self.failure(line, "every phone is content with the switch's SIP, SDP and RTP", instead))
            }
            None => Ok(()),
        }
    }

    fn failure(&self, line: usize, text: &str, instead: String) -> Failure {
        Failure {
            file: self.story.file.clone(),
            line,
            text: text.to_owned(),
            instead,
            after: if self.after == text { String::new() } else { self.after.clone() },
        }
    }
}
