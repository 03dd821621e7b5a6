//! What outlives the switch: the journal's lines, the tables of the database, and how one becomes the other.
//!
//! Everything is written to a journal on disk first and taken from there into the database, in order. A line that is taken
//! twice changes nothing, so that a journal may be read again after a crash. The same SQL serves SQLite and PostgreSQL.
//! Files, connections and time are `io`'s.

mod entry;
mod query;
mod schema;

pub use entry::Entry;
pub use query::{Cursor, Query, chain, remembered};
pub use schema::{MIGRATIONS, VERSION, WRITE_VERSION, expire, reachable_url, shown_url};

/// A statement of SQL and what is bound to its `$1`, `$2`, …
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(Option<String>),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Value::Text(text.map(str::to_owned))
    }
}
