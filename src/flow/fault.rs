//! What is wrong with a flow file, where, and what to do about it.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    /// Counted from 1; absent when the file as a whole is meant.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// The Identifier of the action meant.
    pub action: Option<String>,
    pub problem: String,
    pub cure: String,
}

impl Fault {
    #[must_use]
    pub fn file(file: &str, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Fault {
            file: file.to_owned(),
            line: None,
            column: None,
            action: None,
            problem: problem.into(),
            cure: cure.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        if let Some(action) = &self.action {
            write!(f, ": action {action}")?;
        }
        write!(f, ": {}. {}", self.problem, self.cure)
    }
}
