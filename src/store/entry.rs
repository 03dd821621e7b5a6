//! One line of the journal, and what it means for the database.

use super::{Statement, Value};
use crate::engine::Memory;
use crate::engine::record::ContactRecord;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    Record(Box<ContactRecord>),
    Memory(Memory),
}

impl Entry {
    /// As it stands in the journal, its line's end included.
    #[must_use]
    pub fn line(&self) -> String {
        // Maps with text keys and finite numbers only: this cannot fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// A line of the journal; `None` when it is none of ours.
    #[must_use]
    pub fn read(line: &str) -> Option<Entry> {
        serde_json::from_str(line).ok()
    }

    /// What it does to the database, however often it is done.
    #[must_use]
    pub fn statement(&self) -> Statement {
        match self {
            Entry::Record(record) => Statement {
                // Written once: whoever takes a journal up again finds it there.
                sql: "INSERT INTO contacts (contact_id, root, initiated, disconnected, method, queue, agent, record) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (contact_id) DO NOTHING"
                    .into(),
                values: vec![
                    record.contact_id.as_str().into(),
                    record.root().into(),
                    record.initiation_timestamp.as_str().into(),
                    record.disconnect_timestamp.as_str().into(),
                    record.initiation_method.as_str().into(),
                    record.queue.as_ref().map(|queue| queue.arn.as_str()).into(),
                    record.agent.as_ref().map(|agent| agent.username.as_str()).into(),
                    serde_json::to_string(record).unwrap_or_default().as_str().into(),
                ],
            },
            Entry::Memory(memory) => Statement {
                // The latest stays, in whatever order they come.
                sql: "INSERT INTO agents (agent, changed, memory) VALUES ($1, $2, $3) ON CONFLICT (agent) DO UPDATE \
                      SET changed = excluded.changed, memory = excluded.memory WHERE excluded.changed >= agents.changed"
                    .into(),
                values: vec![
                    memory.agent.as_str().into(),
                    Value::Number(i64::try_from(memory.changed).unwrap_or(i64::MAX)),
                    serde_json::to_string(memory).unwrap_or_default().as_str().into(),
                ],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::{AgentInfo, QueueInfo};

    fn record() -> ContactRecord {
        ContactRecord {
            contact_id: "b".into(),
            initial_contact_id: Some("a".into()),
            contact_association_id: "a".into(),
            initiation_method: "TRANSFER".into(),
            initiation_timestamp: "2026-11-22T16:04:41.250Z".into(),
            disconnect_timestamp: "2026-11-22T16:05:00.000Z".into(),
            attributes: [("note".to_owned(), "two\nlines, \"quoted\"".to_owned())].into(),
            queue: Some(QueueInfo { arn: "Support".into(), ..QueueInfo::default() }),
            agent: Some(AgentInfo { username: "maria".into(), ..AgentInfo::default() }),
            ..ContactRecord::default()
        }
    }

    #[test]
    fn a_line_is_one_line_and_comes_back() {
        for entry in [
            Entry::Record(Box::new(record())),
            Entry::Record(Box::default()),
            Entry::Memory(Memory { agent: "john".into(), status: "Lunch\n".into(), ..Memory::default() }),
        ] {
            let line = entry.line();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(Entry::read(line.trim_end()), Some(entry));
        }
        for torn in ["", "{", "{\"Record\":{\"ContactId\":\"a\"", "{\"Other\":1}"] {
            assert_eq!(Entry::read(torn), None, "{torn}");
        }
    }

    #[test]
    fn a_record_is_found_by_its_columns() {
        let Statement { sql, values } = Entry::Record(Box::new(record())).statement();
        assert!(sql.contains("DO NOTHING"), "{sql}");
        let expected =
            ["b", "a", "2026-11-22T16:04:41.250Z", "2026-11-22T16:05:00.000Z", "TRANSFER", "Support", "maria"];
        assert_eq!(values[..7], expected.map(Value::from));
        let Value::Text(Some(whole)) = &values[7] else { panic!("{values:?}") };
        assert_eq!(serde_json::from_str::<ContactRecord>(whole).unwrap(), record());
    }
}
