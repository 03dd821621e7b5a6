//! A TOML table, read key by key: a key that nobody asks for is a fault, and so is one of the wrong kind.

use super::fault::Faults;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads TOML; every place where it is none becomes a fault.
pub(super) fn parse<'t>(text: &'t str, faults: &Faults) -> Option<Spanned<DeTable<'t>>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let problem = error.message().lines().next().unwrap_or("this is no TOML").to_owned();
        faults.at(error.span().unwrap_or_default(), problem, "Mend the TOML; https://toml.io shows how it is written.");
    }
    errors.is_empty().then_some(document)
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl<T> At<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), span: self.span }
    }
}

type Entry<'a> = (Range<usize>, Spanned<DeValue<'a>>);

pub(super) struct Table<'a> {
    /// As the file writes it: `[sip]`, `[[agents]]`.
    name: String,
    pub span: Range<usize>,
    entries: BTreeMap<String, Entry<'a>>,
    /// The keys that were asked for, for the cure of one that was not.
    known: Vec<&'static str>,
    pub faults: &'a Faults,
}

impl<'a> Table<'a> {
    pub fn root(document: Spanned<DeTable<'a>>, faults: &'a Faults) -> Self {
        let span = document.span();
        Table::new(String::new(), span, document.into_inner(), faults)
    }

    fn new(name: String, span: Range<usize>, table: DeTable<'a>, faults: &'a Faults) -> Self {
        let entries = table.into_iter().map(|(key, value)| (key.get_ref().to_string(), (key.span(), value))).collect();
        Table { name, span, entries, known: Vec::new(), faults }
    }

    pub fn fault(&self, span: Range<usize>, problem: impl Into<String>, cure: impl Into<String>) {
        self.faults.at(span, problem, cure);
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.entries.remove(key).map(|(_, value)| value)
    }

    fn wrong(&self, key: &str, span: Range<usize>, kind: &str) {
        self.fault(span, format!("{key} is not {kind}"), format!("Write {key} = {}.", example(kind)));
    }

    pub fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.take(key)?;
        let span = value.span();
        match value.into_inner() {
            DeValue::String(text) => Some(At { value: text.into_owned(), span }),
            _ => {
                self.wrong(key, span, "a text");
                None
            }
        }
    }

    /// A text that must be there and say something.
    pub fn required(&mut self, key: &'static str) -> Option<At<String>> {
        if !self.entries.contains_key(key) {
            self.known.push(key);
            self.fault(self.span.clone(), format!("{} has no {key}", self.name), format!("Add {key} = \"…\"."));
            return None;
        }
        let text = self.text(key)?;
        if text.value.trim().is_empty() {
            self.fault(text.span, format!("{key} is empty"), format!("Write something between the quotes of {key}."));
            return None;
        }
        Some(text)
    }

    pub fn whole(&mut self, key: &'static str) -> Option<At<u64>> {
        let value = self.take(key)?;
        let span = value.span();
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, span.clone(), "a whole number of 0 or more");
        }
        number.map(|value| At { value, span })
    }

    pub fn flag(&mut self, key: &'static str) -> Option<At<bool>> {
        let value = self.take(key)?;
        let span = value.span();
        match value.get_ref() {
            DeValue::Boolean(value) => Some(At { value: *value, span }),
            _ => {
                self.wrong(key, span, "true or false");
                None
            }
        }
    }

    /// A whole number, or a text.
    pub fn whole_or_text(&mut self, key: &'static str) -> Option<At<Result<u64, String>>> {
        self.known.push(key);
        let (_, value) = self.entries.get(key)?;
        if matches!(value.get_ref(), DeValue::String(_)) {
            self.text(key).map(|text| text.map(Err))
        } else {
            self.whole(key).map(|number| number.map(Ok))
        }
    }

    /// A text, or a list of them.
    pub fn text_or_texts(&mut self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        self.known.push(key);
        let (_, value) = self.entries.get(key)?;
        if matches!(value.get_ref(), DeValue::Array(_)) {
            self.texts(key)
        } else {
            self.text(key).map(|text| At { span: text.span.clone(), value: vec![text] })
        }
    }

    pub fn texts(&mut self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let value = self.take(key)?;
        let span = value.span();
        let DeValue::Array(list) = value.into_inner() else {
            self.wrong(key, span, "a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for one in list {
            let place = one.span();
            match one.into_inner() {
                DeValue::String(text) => texts.push(At { value: text.into_owned(), span: place }),
                _ => self.wrong(key, place, "a list of texts"),
            }
        }
        Some(At { value: texts, span })
    }

    /// A table; an empty one where there is none, so that its defaults hold.
    pub fn table(&mut self, key: &'static str) -> Table<'a> {
        let name = if self.name.is_empty() { format!("[{key}]") } else { key.to_owned() };
        match self.take(key) {
            None => Table::new(name, self.span.clone(), DeTable::new(), self.faults),
            Some(value) => {
                let span = value.span();
                match value.into_inner() {
                    DeValue::Table(table) => Table::new(name, span, table, self.faults),
                    _ => {
                        self.wrong(key, span.clone(), "a table");
                        Table::new(name, span, DeTable::new(), self.faults)
                    }
                }
            }
        }
    }

    /// A list of tables.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'a>> {
        let name = if self.name.is_empty() { format!("[[{key}]]") } else { key.to_owned() };
        let Some(value) = self.take(key) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(list) = value.into_inner() else {
            self.wrong(key, span, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for one in list {
            let place = one.span();
            match one.into_inner() {
                DeValue::Table(table) => tables.push(Table::new(name.clone(), place, table, self.faults)),
                _ => self.wrong(key, place, "a list of tables"),
            }
        }
        tables
    }

    /// Every key with its text, for a table whose keys are free.
    pub fn into_texts(self) -> Vec<(String, At<String>)> {
        let mut texts = Vec::new();
        for (key, (_, value)) in self.entries {
            let span = value.span();
            match value.into_inner() {
                DeValue::String(text) => texts.push((key, At { value: text.into_owned(), span })),
                _ => self.faults.at(span, format!("\"{key}\" is not a text"), format!("Write \"{key}\" = \"…\".")),
            }
        }
        texts
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub fn is_table(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|(_, value)| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Where a key stands, for a fault about it; the table itself when it is not there.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.entries.get(key).map_or_else(|| self.span.clone(), |(span, _)| span.clone())
    }

    /// Every key has been asked for; what is left is unknown.
    pub fn finish(self) {
        for (key, (span, _)) in &self.entries {
            let place = if self.name.is_empty() { "the configuration".to_owned() } else { self.name.clone() };
            let problem = format!("{place} has no key {key}");
            let cure = match nearest(key, &self.known) {
                Some(meant) => format!("Did you mean {meant}?"),
                None => format!("It has {}.", self.known.join(", ")),
            };
            self.faults.at(span.clone(), problem, cure);
        }
    }
}

fn example(kind: &str) -> &'static str {
    match kind {
        "a text" => "\"…\"",
        "true or false" => "true",
        "a list of texts" => "[\"…\", \"…\"]",
        "a list of tables" => "[{ … }], or a [[table]] for each",
        "a table" => "{ … }",
        _ => "1",
    }
}

/// The known word that is the least change away, if it is near enough to have been meant.
pub(super) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    known
        .iter()
        .map(|other| (distance(word, other), *other))
        .min()
        .filter(|(distance, _)| *distance <= 1 + word.chars().count() / 4)
        .map(|(_, other)| other)
}

/// How many letters have to be changed, added or taken away.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            next.push((at(&row, j) + usize::from(x != *y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
