//! One line of a story as words, and a cursor that reads phrases, names and durations from it.

use super::fault::{Trouble, nearest};
use super::script::Party;
use crate::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
    column: usize,
}

/// The words of one line. Phrases are matched without regard to case; `'s` and `,` are words of their own.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    words: Vec<Word>,
    at: usize,
    end: usize,
    parties: &'a [Party],
}

/// Cuts a comment off: `#` at the start or after a blank, so that the feature code `*411#` stays whole.
pub fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut blank_before = true;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && blank_before => return line.get(..at).unwrap_or(line),
            _ => {}
        }
        blank_before = c.is_whitespace();
    }
    line
}

impl<'a> Words<'a> {
    /// Splits a line that has lost its comment.
    pub fn split(line: &str, parties: &'a [Party]) -> Result<Self, Trouble> {
        let mut words = Vec::new();
        let mut letters = line.chars().enumerate().peekable();
        let mut end = 1;
        while let Some((at, c)) = letters.next() {
            let column = at + 1;
            end = column + 1;
            if c.is_whitespace() {
                continue;
            }
            let mut text = String::new();
            if c == '"' {
                let mut closed = false;
                for (_, c) in letters.by_ref() {
                    if c == '"' {
                        closed = true;
                        break;
                    }
                    text.push(c);
                }
                if !closed {
                    return Err(Trouble::new(column, "a quotation mark is left open", "close it with \""));
                }
                words.push(Word { text, quoted: true, column });
                continue;
            }
            text.push(if c == '\u{2019}' { '\'' } else { c });
            while let Some((_, c)) = letters.next_if(|(_, c)| !c.is_whitespace() && *c != '"') {
                text.push(if c == '\u{2019}' { '\'' } else { c });
            }
            push_word(&mut words, text, column);
        }
        if let Some(last) = words.last() {
            end = end.max(last.column + last.text.chars().count());
        }
        Ok(Words { words, at: 0, end, parties })
    }

    /// Where the cursor stands, for a fault.
    pub fn column(&self) -> usize {
        self.words.get(self.at).map_or(self.end, |w| w.column)
    }

    pub fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(|w| w.text.as_str())
    }

    /// What stands from the cursor on, for a fault.
    pub fn rest(&self) -> String {
        let mut text = String::new();
        for word in self.words.iter().skip(self.at) {
            if !text.is_empty() && word.text != "'s" && word.text != "," {
                text.push(' ');
            }
            text.push_str(&word.text);
        }
        text
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.words.len()
    }

    /// Steps over a phrase if it stands here, whole.
    pub fn take(&mut self, phrase: &str) -> bool {
        let mut at = self.at;
        for wanted in phrase.split(' ') {
            match self.words.get(at) {
                Some(word) if !word.quoted && word.text.eq_ignore_ascii_case(wanted) => at += 1,
                _ => return false,
            }
        }
        self.at = at;
        true
    }

    /// Steps over the first of several phrases that stands here; longer ones must come first.
    pub fn take_any<'p>(&mut self, phrases: &[&'p str]) -> Option<&'p str> {
        phrases.iter().find(|phrase| self.take(phrase)).copied()
    }

    /// Puts a word before the rest, as if it had stood there.
    pub fn say(&mut self, text: &str) {
        let column = self.column();
        self.words.insert(self.at, Word { text: text.to_owned(), quoted: false, column });
    }

    /// One word back: what was taken is read again as something else.
    pub fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    pub fn word(&mut self, what: &str) -> Result<String, Trouble> {
        match self.words.get(self.at) {
            Some(word) => {
                self.at += 1;
                Ok(word.text.clone())
            }
            None => {
                Err(Trouble::new(self.end, format!("{what} is missing"), format!("add {what} at the end of the line")))
            }
        }
    }

    /// A quoted text, or else one word; says whether it was quoted.
    pub fn text(&mut self, what: &str) -> Result<(String, bool), Trouble> {
        let quoted = self.words.get(self.at).is_some_and(|w| w.quoted);
        self.word(what).map(|text| (text, quoted))
    }

    /// A party that the head of the story names.
    pub fn party(&mut self) -> Result<Party, Trouble> {
        if let Some(party) = self.take_party() {
            return Ok(party);
        }
        let column = self.column();
        let word = self.word("a party's name")?;
        Err(self.unknown_party(&word, column))
    }

    pub fn take_party(&mut self) -> Option<Party> {
        let word = self.words.get(self.at).filter(|w| !w.quoted)?;
        let party = self.parties.iter().find(|p| p.as_str().eq_ignore_ascii_case(&word.text))?.clone();
        self.at += 1;
        Some(party)
    }

    /// `john`, `john and maria`, `customer, john and maria`.
    pub fn parties(&mut self) -> Result<Vec<Party>, Trouble> {
        let mut found = vec![self.party()?];
        loop {
            let before = self.at;
            if !(self.take(", and") || self.take(",") || self.take("and")) {
                return Ok(found);
            }
            match self.take_party() {
                Some(party) => found.push(party),
                None => {
                    self.at = before;
                    return Ok(found);
                }
            }
        }
    }

    pub fn unknown_party(&self, word: &str, column: usize) -> Trouble {
        let names: Vec<&str> = self.parties.iter().map(Party::as_str).collect();
        let cure = match nearest(word, names.iter().copied()) {
            Some(name) => format!("write `{name}`"),
            None if names.is_empty() => "name the parties first: `Guests: customer` and `Agents: john`".to_owned(),
            None => format!("use one of {}, or add `{word}` to `Guests:` or `Agents:` at the top", names.join(", ")),
        };
        Trouble::new(column, format!("`{word}` is no party of this story"), cure)
    }

    /// `60 ms`, `2 s`, `1.5 seconds`, `1 minute`, also without the blank.
    pub fn duration(&mut self) -> Result<Duration, Trouble> {
        const CURE: &str = "write it as `60 ms`, `2 s` or `1 min`";
        let column = self.column();
        let first = self.word("a duration")?;
        let split = first.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(first.len());
        let (digits, unit) = first.split_at(split);
        let unit = if unit.is_empty() { self.word("a unit of time (ms, s, min)")? } else { unit.to_owned() };
        let per: f64 = match unit.to_ascii_lowercase().as_str() {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "second" | "seconds" => 1.0,
            "min" | "minute" | "minutes" => 60.0,
            _ => return Err(Trouble::new(column, format!("`{digits} {unit}` is no duration"), CURE)),
        };
        match digits.parse::<f64>() {
            // A day is longer than any story; the bound keeps the arithmetic from overflowing.
            Ok(n) if n * per <= 86_400.0 => Ok(Duration::from_secs_f64(n * per)),
            Ok(_) => {
                Err(Trouble::new(column, format!("`{digits} {unit}` is longer than a day"), "write a shorter time"))
            }
            Err(_) => Err(Trouble::new(column, format!("`{first}` is no duration"), CURE)),
        }
    }

    /// A SIP status of `range`.
    pub fn status(&mut self, range: std::ops::RangeInclusive<u16>) -> Result<u16, Trouble> {
        let column = self.column();
        let word = self.word("a SIP status")?;
        word.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            Trouble::new(
                column,
                format!("`{word}` is no SIP status here"),
                format!("write a number from {low} to {high}"),
            )
        })
    }

    /// Nothing may be left.
    pub fn done(&self) -> Result<(), Trouble> {
        if self.is_done() {
            return Ok(());
        }
        Err(Trouble::new(
            self.column(),
            format!("`{}` is not understood here", self.rest()),
            "take it away, or see docs/stories.md for what may follow",
        ))
    }
}

fn push_word(words: &mut Vec<Word>, mut text: String, column: usize) {
    let mut tail = Vec::new();
    let end = column + text.chars().count();
    if text.len() > 1 && text.ends_with(',') {
        text.pop();
        tail.push(Word { text: ",".to_owned(), quoted: false, column: end - 1 });
    }
    if text.len() > 2 && text.ends_with("'s") {
        text.truncate(text.len() - 2);
        tail.insert(0, Word { text: "'s".to_owned(), quoted: false, column: column + text.chars().count() });
    }
    words.push(Word { text, quoted: false, column });
    words.extend(tail);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Party> {
        vec![Party::from("customer"), Party::from("john"), Party::from("maria")]
    }

    #[test]
    fn a_comment_needs_a_blank_before_it() {
        for (line, rest) in [
            ("john answers # at last", "john answers "),
            ("# all of it", ""),
            ("john keys *411#", "john keys *411#"),
            ("john hears \"press # now\" # so", "john hears \"press # now\" "),
        ] {
            assert_eq!(without_comment(line), rest);
        }
    }

    #[test]
    fn names_phrases_and_possessives_are_read() {
        let names = names();
        let mut words = Words::split("John's row maria, and customer hear each other", &names).unwrap();
        assert_eq!(words.party().unwrap(), Party::from("john"));
        assert!(words.take("'s row"));
        assert_eq!(words.parties().unwrap().len(), 2);
        assert!(!words.take("hear one another"));
        assert!(words.take("hear each other"));
        assert!(words.done().is_ok());
    }

    #[test]
    fn durations_take_the_usual_units() {
        for (text, millis) in [("60 ms", 60), ("60ms", 60), ("2 s", 2000), ("1.5 seconds", 1500), ("1 min", 60_000)] {
            let mut words = Words::split(text, &[]).unwrap();
            assert_eq!(words.duration().unwrap(), Duration::from_millis(millis), "{text}");
        }
        for text in ["soon", "5", "5 parsecs", "1.2.3 s", "9999999999999999 min", ""] {
            assert!(Words::split(text, &[]).unwrap().duration().is_err(), "{text}");
        }
    }

    #[test]
    fn a_fault_knows_its_column() {
        let names = names();
        let mut words = Words::split("  jon answers", &names).unwrap();
        let fault = words.party().unwrap_err();
        assert_eq!((fault.column, fault.cure.as_str()), (3, "write `john`"));
        assert_eq!(Words::split("say \"hello", &names).unwrap_err().column, 5);
    }
}
