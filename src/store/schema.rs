//! The tables, by the steps that make them.

use super::Statement;
use crate::time::{Duration, Time};

/// How many steps have been done: nothing, in a database of nobody's.
pub const VERSION: &str = "SELECT version FROM cordboard_schema";
pub const WRITE_VERSION: &str = "UPDATE cordboard_schema SET version = $1";

/// Each step is done once, in order, in a transaction of its own. What has been released is never changed, only added to.
/// Times and ids are text: ISO 8601 in UTC sorts as it counts.
pub const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE contacts (contact_id TEXT PRIMARY KEY, root TEXT NOT NULL, initiated TEXT NOT NULL, \
     disconnected TEXT NOT NULL, method TEXT NOT NULL, queue TEXT, agent TEXT, record TEXT NOT NULL)",
    "CREATE INDEX contacts_by_time ON contacts (initiated, contact_id)",
    "CREATE INDEX contacts_by_agent ON contacts (agent, initiated)",
    "CREATE INDEX contacts_by_queue ON contacts (queue, initiated)",
    "CREATE INDEX contacts_by_root ON contacts (root)",
    "CREATE INDEX contacts_by_end ON contacts (disconnected)",
    "CREATE TABLE agents (agent TEXT PRIMARY KEY, changed BIGINT NOT NULL, memory TEXT NOT NULL)",
]];

/// Forgets the records of contacts that ended longer ago than they are kept.
#[must_use]
pub fn expire(now: Time, kept: Duration) -> Statement {
    let before = Time::from_micros(now.micros().saturating_sub(u64::try_from(kept.as_micros()).unwrap_or(u64::MAX)));
    Statement {
        sql: "DELETE FROM contacts WHERE disconnected < $1".into(),
        values: vec![before.iso8601().as_str().into()],
    }
}

/// The URL with which a database is opened: a file that is not there yet is made.
#[must_use]
pub fn reachable_url(url: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(rest) if !rest.contains("mode=") => format!("{url}{}mode=rwc", if rest.contains('?') { '&' } else { '?' }),
        _ => url.to_owned(),
    }
}

/// The URL as it may stand in a log: without a password, and without the options, of which one may be it.
#[must_use]
pub fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    match authority.rsplit_once('@') {
        Some((account, host)) => {
            let user = account.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("sqlite:cordboard.db", "sqlite:cordboard.db"),
            ("sqlite:///var/a@b.db?mode=rw", "sqlite:///var/a@b.db"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres://u:secret@h:5432/d?password=secret", "postgres://u@h:5432/d"),
            ("postgresql://u:sec:re@t@h", "postgresql://u@h"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_made() {
        for (url, opened) in [
            ("sqlite:cordboard.db", "sqlite:cordboard.db?mode=rwc"),
            ("sqlite:a.db?cache=private", "sqlite:a.db?cache=private&mode=rwc"),
            ("sqlite:a.db?mode=rw", "sqlite:a.db?mode=rw"),
            ("postgres://u@h/d", "postgres://u@h/d"),
        ] {
            assert_eq!(reachable_url(url), opened);
        }
    }

    #[test]
    fn what_is_older_than_it_is_kept_goes() {
        let now = Time::from_micros(1_795_363_481_000_000);
        let statement = expire(now, Duration::from_secs(86_400));
        assert_eq!(statement.values, ["2026-11-21T16:04:41.000Z".into()]);
    }
}
