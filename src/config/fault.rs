//! What is wrong with a configuration, where, and what to do about it.

use crate::flow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub file: String,
    /// Counted from 1; absent when the file as a whole is meant.
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub problem: String,
    pub cure: String,
}

impl Fault {
    #[must_use]
    pub fn file(file: &str, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Fault { file: file.to_owned(), line: None, column: None, problem: problem.into(), cure: cure.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}. {}", self.problem, self.cure)
    }
}

impl From<flow::Fault> for Fault {
    fn from(fault: flow::Fault) -> Self {
        let problem = match fault.action {
            Some(action) => format!("action {action}: {}", fault.problem),
            None => fault.problem,
        };
        Fault { file: fault.file, line: fault.line, column: fault.column, problem, cure: fault.cure }
    }
}

/// Collects the faults of one configuration, so that all of them can be told at once.
pub(super) struct Faults {
    file: String,
    /// Where each line begins.
    lines: Vec<usize>,
    text: String,
    list: RefCell<Vec<Fault>>,
}

impl Faults {
    pub fn new(file: String, text: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Faults { file, lines, text: text.to_owned(), list: RefCell::default() }
    }

    /// A fault in the configuration file itself.
    pub fn at(&self, span: Range<usize>, problem: impl Into<String>, cure: impl Into<String>) {
        let line = self.lines.partition_point(|start| *start <= span.start).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..span.start).map_or(0, |before| before.chars().count()) + 1;
        self.add(Fault {
            line: Some(line),
            column: Some(column),
            ..Fault::file(&self.file, problem.into(), cure.into())
        });
    }

    pub fn add(&self, fault: impl Into<Fault>) {
        self.list.borrow_mut().push(fault.into());
    }

    /// All of them, those of this file first, each said once.
    pub fn into_list(self) -> Vec<Fault> {
        let mut list = self.list.into_inner();
        list.sort_by(|a, b| (a.file != self.file, a).cmp(&(b.file != self.file, b)));
        list.dedup();
        list
    }
}
