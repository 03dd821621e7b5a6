//! Questions to the database.

use super::{Statement, Value};

/// Which contacts are wanted, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub agent: Option<String>,
    pub queue: Option<String>,
    pub method: Option<String>,
    /// Begun at or after, before.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only those after this one in the list.
    pub after: Option<Cursor>,
    pub limit: u32,
}

/// A place in the list of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub initiated: String,
    pub contact: String,
}

impl Cursor {
    /// `2026-11-22T16:04:41.250Z~b2c0…`
    #[must_use]
    pub fn parse(text: &str) -> Option<Cursor> {
        let (initiated, contact) = text.split_once('~')?;
        Some(Cursor { initiated: initiated.to_owned(), contact: contact.to_owned() })
    }

    #[must_use]
    pub fn text(&self) -> String {
        format!("{}~{}", self.initiated, self.contact)
    }
}

impl Query {
    /// Gives the records as text.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let mut values: Vec<Value> = Vec::new();
        let mut conditions: Vec<String> = Vec::new();
        let equal = [("agent =", &self.agent), ("queue =", &self.queue), ("method =", &self.method)];
        let within = [("initiated >=", &self.from), ("initiated <", &self.to)];
        for (condition, value) in equal.into_iter().chain(within) {
            if let Some(value) = value {
                values.push(value.as_str().into());
                conditions.push(format!("{condition} ${}", values.len()));
            }
        }
        if let Some(after) = &self.after {
            values.push(after.initiated.as_str().into());
            values.push(after.contact.as_str().into());
            conditions.push(format!("(initiated, contact_id) < (${}, ${})", values.len() - 1, values.len()));
        }
        let mut sql = "SELECT record FROM contacts".to_owned();
        if !conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&conditions.join(" AND "));
        }
        values.push(Value::Number(self.limit.into()));
        sql.push_str(&format!(" ORDER BY initiated DESC, contact_id DESC LIMIT ${}", values.len()));
        Statement { sql, values }
    }
}

/// The records of every contact of the chain that this one belongs to, the oldest first.
#[must_use]
pub fn chain(contact: &str) -> Statement {
    Statement {
        sql: "SELECT record FROM contacts WHERE root = (SELECT root FROM contacts WHERE contact_id = $1) \
              ORDER BY initiated, contact_id"
            .into(),
        values: vec![contact.into()],
    }
}

/// What is remembered of every agent.
#[must_use]
pub fn remembered() -> Statement {
    Statement { sql: "SELECT memory FROM agents ORDER BY agent".into(), values: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_a_condition() {
        let all = Query { limit: 50, ..Query::default() };
        let some = |text: &str| Some(text.to_owned());
        let after = Some(Cursor { initiated: "2026".into(), contact: "c".into() });
        for (query, conditions, bound) in [
            (all.clone(), "", 1),
            (Query { agent: some("john"), ..all.clone() }, " WHERE agent = $1", 2),
            (Query { queue: some("q"), to: some("2026"), ..all.clone() }, " WHERE queue = $1 AND initiated < $2", 3),
            (
                Query { from: some("2025"), after, ..all.clone() },
                " WHERE initiated >= $1 AND (initiated, contact_id) < ($2, $3)",
                4,
            ),
            (Query { agent: some("' OR 1=1 --"), ..all }, " WHERE agent = $1", 2),
        ] {
            let Statement { sql, values } = query.statement();
            assert_eq!(
                sql,
                format!(
                    "SELECT record FROM contacts{conditions} ORDER BY initiated DESC, contact_id DESC LIMIT ${bound}"
                )
            );
            assert_eq!(values.len(), bound);
        }
    }

    #[test]
    fn a_place_in_the_list_comes_back() {
        let cursor = Cursor { initiated: "2026-11-22T16:04:41.250Z".into(), contact: "a-b".into() };
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        assert_eq!(Cursor::parse("nonsense"), None);
    }
}
