//! A story's text to its data: a head, headings, and under them what is done and what is expected.

use super::fault::{Fault, Trouble, nearest};
use super::head::{self, Head};
use super::hearing::{self, Subject};
use super::script::{Action, Clause, Expectation, Party, Phase, Role, Step, Story, What};
use super::words::{Words, without_comment};
use super::{buttons, keys, recorded, signals, states};
use crate::time::Duration;

/// How long an expectation may take that does not say it: enough for a phone to be rung, too short to hide a wait.
pub const ALLOW: Duration = Duration::from_secs(2);

/// Reads a whole story, or lists every fault in it.
///
/// # Errors
/// Every fault with file, line, column, problem and cure.
pub fn parse(file: &str, text: &str) -> Result<Story, Vec<Fault>> {
    let mut reader = Reader { head: Head::default(), parties: Vec::new(), phases: Vec::new(), block: None };
    let mut faults = Vec::new();
    for (number, raw) in text.lines().enumerate() {
        if let Err(trouble) = reader.line(number + 1, raw) {
            faults.push(trouble.at(file, number + 1));
        }
    }
    let last = text.lines().count().max(1);
    let Reader { head, phases, .. } = reader;
    if head.title.is_none() {
        faults.insert(0, Trouble::new(1, "the story has no title", "begin with `Story: what it tells`").at(file, 1));
    }
    if head.members.is_empty() {
        faults.push(Trouble::new(1, "nobody takes part", "write `Guests: customer` and `Agents: john`").at(file, 1));
    }
    if phases.iter().all(|phase| phase.steps.is_empty()) && faults.is_empty() {
        faults.push(
            Trouble::new(1, "nothing happens", "write a heading ending in `:` and indented steps below it")
                .at(file, last),
        );
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Story {
        file: file.to_owned(),
        title: head.title.unwrap_or_default(),
        members: head.members,
        installation: head.installation,
        allow: head.allow.unwrap_or(ALLOW),
        network: head.network,
        phases,
    })
}

struct Reader {
    head: Head,
    parties: Vec<Party>,
    phases: Vec<Phase>,
    /// The indentation and the time of the `expect` that the next deeper lines belong to.
    block: Option<(usize, Option<Duration>)>,
}

impl Reader {
    fn line(&mut self, number: usize, raw: &str) -> Result<(), Trouble> {
        let line = without_comment(raw).trim_end();
        let text = line.trim_start();
        if text.is_empty() {
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if line.chars().take(indent).any(|c| c != ' ') {
            return Err(Trouble::new(1, "the line is indented with a tab", "indent with blanks"));
        }
        if indent == 0 {
            self.block = None;
            return self.unindented(number, line);
        }
        if let Some((of, within)) = self.block {
            if indent > of {
                let expectation = self.expectation(number, line, within)?;
                if let Some(Step { what: What::Expect(block), .. }) =
                    self.phases.last_mut().and_then(|p| p.steps.last_mut())
                {
                    block.push(expectation);
                }
                return Ok(());
            }
            self.close_block(number)?;
        }
        let Some(_) = self.phases.last() else {
            return Err(Trouble::new(
                indent + 1,
                "a step stands before the first heading",
                "write a heading that ends in `:` above it",
            ));
        };
        let what = self.step(number, line, indent)?;
        if let Some(phase) = self.phases.last_mut() {
            phase.steps.push(Step { line: number, what });
        }
        Ok(())
    }

    /// An `expect` with nothing below it expects nothing.
    fn close_block(&mut self, _number: usize) -> Result<(), Trouble> {
        self.block = None;
        match self.phases.last_mut().and_then(|p| p.steps.last()) {
            Some(Step { what: What::Expect(block), line }) if block.is_empty() => Err(Trouble::new(
                1,
                format!("nothing is expected by the `expect` of line {line}"),
                "write what is expected behind it, or below it and deeper indented",
            )),
            _ => Ok(()),
        }
    }

    fn unindented(&mut self, number: usize, line: &str) -> Result<(), Trouble> {
        if self.phases.is_empty() && head::read(&mut self.head, line)? {
            self.parties = self.head.members.iter().map(|m| m.party.clone()).collect();
            return Ok(());
        }
        if let Some(title) = line.strip_suffix(':') {
            self.phases.push(Phase { line: number, title: title.trim().to_owned(), steps: Vec::new() });
            return Ok(());
        }
        if let Some((key, _)) = line.split_once(':')
            && head::KEYS.contains(&key)
        {
            return Err(Trouble::new(1, format!("`{key}:` stands below a heading"), "move it to the top of the story"));
        }
        Err(Trouble::new(
            line.chars().count(),
            "an unindented line is a heading, and a heading ends with `:`",
            "indent the line if it is a step; else end it with `:`",
        ))
    }

    fn step(&mut self, number: usize, line: &str, indent: usize) -> Result<What, Trouble> {
        let mut words = Words::split(line, &self.parties)?;
        if words.take("expect") {
            let within = if words.take("within") { Some(words.duration()?) } else { None };
            let block = if words.is_done() || (words.take(":") && words.is_done()) {
                Vec::new()
            } else {
                vec![self.clause(number, line, words, within)?]
            };
            self.block = Some((indent, within));
            return Ok(What::Expect(block));
        }
        let text = line.trim().to_owned();
        if words.take_any(&["wait", "waits"]).is_some() {
            let time = words.duration()?;
            words.done()?;
            return Ok(What::Act { text, action: Action::Wait(time) });
        }
        let column = words.column();
        let Some(party) = words.take_party() else {
            let word = words.word("who does something")?;
            if ["nobody", "everybody", "the", "contact"].contains(&word.to_lowercase().as_str()) {
                return Err(Trouble::new(column, "this is an expectation, not an action", "write `expect` before it"));
            }
            if nearest(&word, ["expect", "wait"]).is_some() {
                return Err(Trouble::new(
                    column,
                    format!("`{word}` begins no step"),
                    "write `expect ...` or `wait 2 s`",
                ));
            }
            return Err(words.unknown_party(&word, column));
        };
        let action = self.action(&mut words, &party, line)?;
        words.done()?;
        Ok(What::Act { text, action })
    }

    fn action(&self, words: &mut Words, party: &Party, line: &str) -> Result<Action, Trouble> {
        if words.take("waits") {
            return Ok(Action::Wait(words.duration()?));
        }
        let column = words.column();
        if let Some(key) = keys::read(words)? {
            return Ok(Action::Phone(party.clone(), key));
        }
        if words.take("presses") {
            if !self.is_agent(party) {
                return Err(Trouble::new(
                    column,
                    format!("{party} has no buttons, only a phone"),
                    "let an agent press it, or name the party under `Agents:`",
                ));
            }
            let (press, by) = buttons::read(words)?;
            return Ok(Action::Button(party.clone(), press, by));
        }
        // Somebody who forgot `expect` is told so.
        if let Ok(again) = Words::split(line, &self.parties)
            && self.clause(0, line, again, None).is_ok()
        {
            return Err(Trouble::new(column, "this is an expectation, not an action", "write `expect` before it"));
        }
        Err(keys::unknown(words, buttons::FORMS))
    }

    fn expectation(&self, number: usize, line: &str, within: Option<Duration>) -> Result<Expectation, Trouble> {
        let mut words = Words::split(line, &self.parties)?;
        words.take("and");
        self.clause(number, line, words, within)
    }

    fn clause(
        &self,
        number: usize,
        line: &str,
        mut words: Words,
        block: Option<Duration>,
    ) -> Result<Expectation, Trouble> {
        let (clause, own) = self.read_clause(&mut words)?;
        let own = match own {
            Some(own) => Some(own),
            None if words.take("within") => Some(words.duration()?),
            None => None,
        };
        words.done()?;
        let text = line.trim();
        let text = text.strip_prefix("expect ").unwrap_or(text).to_owned();
        Ok(Expectation { line: number, text, clause, within: own.or(block) })
    }

    fn read_clause(&self, words: &mut Words) -> Result<(Clause, Option<Duration>), Trouble> {
        if words.take("the switch") {
            return Ok((Clause::Signal(signals::read_switch(words)?), None));
        }
        if words.take("the recording of") {
            let agent = self.agent(words)?;
            let (recorded, within) = recorded::read(words, agent)?;
            return Ok((Clause::Recorded(recorded), within));
        }
        if words.take("contact of") {
            let agent = self.agent(words)?;
            // `contact of maria is rejected` reads as `maria's contact is rejected`.
            words.say("contact");
            let state = states::read_of(words, &agent)?;
            return state.map(|s| (Clause::State(s), None)).ok_or_else(|| unknown_clause(words));
        }
        let start = words.column();
        let subject = if words.take("nobody") {
            Subject::Nobody
        } else if words.take("everybody") {
            Subject::Everybody
        } else {
            Subject::These(words.parties()?)
        };
        if let Subject::These(parties) = &subject
            && let [party] = parties.as_slice()
        {
            if words.take("'s") {
                if let Some(signal) = signals::read_of(words, party)? {
                    return Ok((Clause::Signal(signal), None));
                }
                let state = states::read_of(words, party)?;
                self.must_be_agent(party, start)?;
                return state.map(|s| (Clause::State(s), None)).ok_or_else(|| unknown_clause(words));
            }
            if let Some(state) = states::read(words, party)? {
                self.must_be_agent(party, start)?;
                return Ok((Clause::State(state), None));
            }
        }
        match hearing::read(words, &subject)? {
            Some((hearing, within)) => Ok((Clause::Hearing(hearing), within)),
            None => Err(unknown_clause(words)),
        }
    }

    fn agent(&self, words: &mut Words) -> Result<Party, Trouble> {
        let column = words.column();
        let party = words.party()?;
        self.must_be_agent(&party, column)?;
        Ok(party)
    }

    fn is_agent(&self, party: &Party) -> bool {
        self.head.members.iter().any(|m| m.party == *party && matches!(m.role, Role::Agent { .. }))
    }

    fn must_be_agent(&self, party: &Party, column: usize) -> Result<(), Trouble> {
        if self.is_agent(party) {
            return Ok(());
        }
        Err(Trouble::new(
            column,
            format!("{party} has no screen, only a phone"),
            "say it of an agent, or name the party under `Agents:`",
        ))
    }
}

fn unknown_clause(words: &Words) -> Trouble {
    const SAID: &[&str] = &[
        "hears",
        "does not hear",
        "hear each other",
        "phone",
        "call",
        "row",
        "state",
        "status",
        "banner",
        "contact",
        "can",
        "cannot",
        "has no",
        "is refused",
    ];
    let rest = words.rest();
    let near = words.peek().and_then(|word| nearest(word, SAID.iter().copied()));
    let cure = match near {
        Some(near) => format!("write `{near}`"),
        None => "write `hears ...`, `does not hear ...`, `hear each other`, `'s phone ...`, `'s call ends`, `'s row maria is ...`, \
                 `'s state is ...`, `'s banner is ...`, `'s contact is ...`, `can join`, `has no row maria`, `is refused`"
            .to_owned(),
    };
    Trouble::new(words.column(), format!("`{rest}` is nothing that can be expected"), cure)
}

#[cfg(test)]
mod tests {
    use super::super::buttons::{By, Press};
    use super::super::keys::Key;
    use super::super::signals::Signal;
    use super::*;

    const SHORT: &str = "\
# How a call reaches John.
Story: A call
Guests: customer
Agents: john, maria not registered
Allow: 3 s

The call comes in:
  customer dials 1000   # the support line
  expect john's phone rings within 10 s
    and customer hears CustomerQueue.wav
  john answers
  expect within 500 ms
    john hears customer
    customer and john hear each other within 1 s

He asks Maria:
  john presses quick connect maria by feature code *411#
  wait 2 s
  expect nobody hears more than 60 ms of dead air
";

    #[test]
    fn a_story_is_read() {
        let story = parse("a.story", SHORT).unwrap();
        assert_eq!((story.title.as_str(), story.allow), ("A call", Duration::from_secs(3)));
        assert_eq!(story.members.len(), 3);
        let [first, second] = story.phases.as_slice() else { panic!() };
        assert_eq!((first.title.as_str(), second.title.as_str()), ("The call comes in", "He asks Maria"));
        let john = Party::from("john");
        let What::Expect(block) = &first.steps[1].what else { panic!() };
        assert_eq!(block.len(), 2);
        assert_eq!(block[0].clause, Clause::Signal(Signal::Rings { who: john.clone() }));
        assert_eq!((block[0].within, block[1].within), (Some(Duration::from_secs(10)), None));
        assert_eq!(block[1].text, "and customer hears CustomerQueue.wav");
        let What::Expect(block) = &first.steps[3].what else { panic!() };
        assert_eq!(block[0].within, Some(Duration::from_millis(500)));
        assert_eq!(block[1].within, Some(Duration::from_secs(1)));
        let What::Act { action, text } = &first.steps[0].what else { panic!() };
        assert_eq!(*action, Action::Phone(Party::from("customer"), Key::Dial { target: "1000".into() }));
        assert_eq!(text, "customer dials 1000");
        let What::Act { action, .. } = &second.steps[0].what else { panic!() };
        assert_eq!(*action, Action::Button(john, Press::QuickConnect("maria".into()), By::FeatureCode("*411#".into())));
    }

    /// Each row puts one line into a story and names the cure it must be told.
    #[test]
    fn every_fault_names_line_and_cure() {
        for (line, cure) in [
            ("  john heers maria", "write `expect ...`"),
            ("  john hears maria", "write `expect` before it"),
            ("  nobody hears dead air", "write `expect` before it"),
            ("  expect john heers maria", "write `hears`"),
            ("  expect jon hears maria", "write `john`"),
            ("  jon answers", "write `john`"),
            ("  john anwsers", "write `answers`"),
            ("  customer presses join", "let an agent press it, or name the party under `Agents:`"),
            ("  expect customer's banner is x", "say it of an agent, or name the party under `Agents:`"),
            ("  expect john hears maria loudly", "take it away, or see docs/stories.md for what may follow"),
            ("\tjohn answers", "indent with blanks"),
            ("john answers", "indent the line if it is a step; else end it with `:`"),
            ("Agents: peter", "move it to the top of the story"),
            ("  expect the recording of john hears maria", "write `has john right, customer left`"),
            ("  expect the recording of john has maria", "write `has john right, customer left`"),
            ("  expect the recording of john has maria left, john left", "name each side once"),
            ("  expetc john hears maria", "write `expect ...` or `wait 2 s`"),
            ("  expect the moon is empty", ""),
        ] {
            let text = format!("Story: x\nGuests: customer\nAgents: john, maria\nA phase:\n  john answers\n{line}\n");
            let faults = parse("x.story", &text).unwrap_err();
            assert_eq!(faults.len(), 1, "{line}: {faults:?}");
            assert_eq!((faults[0].line, faults[0].file.as_str()), (6, "x.story"), "{line}");
            if line != "  john heers maria" {
                assert!(faults[0].cure.contains(cure), "{line}: {}", faults[0]);
            }
        }
    }

    #[test]
    fn all_faults_are_listed() {
        let faults = parse("x.story", "Guests: customer\nA phase:\n  customer sings\n  john answers\n").unwrap_err();
        assert_eq!(faults.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(parse("x.story", "").is_err());
        assert!(parse("x.story", "Story: x\nGuests: a\nPhase:\n  expect\n  a answers\n").is_err());
        assert!(parse("x.story", "Story: x\nGuests: customer2\nPhase:\n").is_err());
    }
}
