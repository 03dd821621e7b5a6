//! What is wrong with a story: file, line, column, the problem and its cure.

use std::fmt;

/// One fault of a story file. A reader lists all of them, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub problem: String,
    pub cure: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}; cure: {}", self.file, self.line, self.column, self.problem, self.cure)
    }
}

/// A fault before it knows its file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub column: usize,
    pub problem: String,
    pub cure: String,
}

impl Trouble {
    pub fn new(column: usize, problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Trouble { column, problem: problem.into(), cure: cure.into() }
    }

    pub fn at(self, file: &str, line: usize) -> Fault {
        Fault { file: file.to_owned(), line, column: self.column, problem: self.problem, cure: self.cure }
    }
}

/// The candidate that was most likely meant: at most two letters away, less for short words.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(far, candidate)| *far <= 2 && *far * 2 <= candidate.chars().count().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, dropped or changed (Levenshtein), one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((j, y), pair) in b.iter().enumerate().zip(row.windows(2)) {
            let [above_left, above] = [pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)];
            let left = next.get(j).copied().unwrap_or(0);
            next.push((above_left + usize::from(x != *y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised() {
        for (word, meant) in [
            ("heers", Some("hears")),
            ("hear", Some("hears")),
            ("Answers", Some("answers")),
            ("answer", Some("answers")),
            ("sings", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, ["hears", "answers", "declines"]), meant, "{word}");
        }
    }
}
