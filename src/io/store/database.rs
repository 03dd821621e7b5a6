//! The database, SQLite or PostgreSQL, behind one pool of connections.

use crate::store::{self, Statement, Value};
use sqlx::any::{AnyArguments, AnyPoolOptions, AnyQueryResult};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Row};
use std::sync::Arc;
use std::time::Duration;

/// A request of the API waits no longer for a connection.
const PATIENCE: Duration = Duration::from_secs(3);
/// One that writes, some that read.
const CONNECTIONS: u32 = 4;

#[derive(Clone)]
pub(super) struct Database {
    pool: AnyPool,
    /// Which it is, for the log.
    pub name: Arc<str>,
    /// What to look at when it is not there.
    pub cure: &'static str,
}

impl Database {
    /// Opens nothing yet. `Err` when the URL is none.
    pub fn new(url: &str) -> Result<Database, String> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_lazy(&store::reachable_url(url))
            .map_err(|fault| fault.to_string())?;
        let cure = if url.starts_with("sqlite:") {
            "its folder must be there, and this user able to write in it: see [store] url"
        } else {
            "is it running, and does it let this user in? see [store] url"
        };
        Ok(Database { pool, name: store::shown_url(url).into(), cure })
    }

    /// Brings the tables up to what this switch knows.
    pub async fn migrate(&self) -> sqlx::Result<()> {
        let mut connection = self.pool.acquire().await?;
        run(&mut connection, "CREATE TABLE IF NOT EXISTS cordboard_schema (version BIGINT NOT NULL)").await?;
        let found = sqlx::query(store::VERSION).fetch_optional(&mut *connection).await?;
        let version: i64 = match &found {
            Some(row) => row.try_get(0)?,
            None => {
                run(&mut connection, "INSERT INTO cordboard_schema (version) VALUES (0)").await?;
                0
            }
        };
        let done = usize::try_from(version).unwrap_or(0);
        drop(connection);
        for (number, step) in store::MIGRATIONS.iter().enumerate().skip(done) {
            let mut transaction = self.pool.begin().await?;
            for sql in *step {
                run(&mut transaction, sql).await?;
            }
            let version = i64::try_from(number + 1).unwrap_or(i64::MAX);
            sqlx::query(store::WRITE_VERSION).bind(version).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// All of them, or none.
    pub async fn write(&self, statements: &[Statement]) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin().await?;
        for statement in statements {
            prepared(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// The first column of every row.
    pub async fn texts(&self, statement: &Statement) -> sqlx::Result<Vec<String>> {
        let rows = prepared(statement).fetch_all(&self.pool).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

async fn run(connection: &mut AnyConnection, sql: &'static str) -> sqlx::Result<AnyQueryResult> {
    sqlx::query(sql).execute(connection).await
}

/// The text is ours alone; whatever comes from outside is bound.
fn prepared(statement: &Statement) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(AssertSqlSafe(statement.sql.clone()));
    statement.values.iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Number(number) => query.bind(*number),
    })
}
