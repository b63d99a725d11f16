//! A file on this machine.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params, params_from_iter};
use tokio::task::spawn_blocking;

use super::{ATTEMPTS, Failed, KNOWN, New, Row, Store, milliseconds, now};
use crate::{BoxError, work};

const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS inbox (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS inbox_due ON inbox (state, due);";

/// A connection.
pub(crate) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        lock(&self.0)
    }
}

/// A transaction that panicked was rolled back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Sqlite {
    fn open(path: &str) -> Result<Self, BoxError> {
        let connection = Connection::open(path)?;
        // Writers wait for each other; what is committed is on the disk.
        connection.busy_timeout(Duration::from_secs(3))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(SCHEMA)?;
        connection.execute_batch(work::SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    async fn insert(&self, new: New) -> Result<(), BoxError> {
        let connection = Arc::clone(&self.0);
        let insert = move || {
            lock(&connection).execute(
                "INSERT INTO inbox (key, endpoint, body, due) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO NOTHING",
                params![new.key.as_bytes(), new.endpoint, new.body, now()],
            )
        };
        spawn_blocking(insert).await??;
        Ok(())
    }

    async fn take(&self, now: i64, pause: Duration) -> Result<Option<Row>, BoxError> {
        // One statement is a transaction of its own, and SQLite lets in one writer at a time.
        let taken = self.connection().query_row(
            "UPDATE inbox SET attempts = attempts + 1,
                 due = ?1 + min(?2 * (1 << min(attempts, 20)), 3600000)
             WHERE id = (
                 SELECT id FROM inbox WHERE state = 'waiting' AND due <= ?1 ORDER BY due LIMIT 1
             )
             RETURNING id, endpoint, body, attempts",
            params![now, milliseconds(pause)],
            |row| {
                Ok(Row {
                    id: row.get(0)?,
                    endpoint: row.get(1)?,
                    body: row.get(2)?,
                    attempts: row.get(3)?,
                })
            },
        );
        Ok(taken.optional()?)
    }

    #[expect(clippy::await_holding_lock, reason = "a worker has connection and thread for itself")]
    async fn work_on(&self, row: &Row) -> Result<bool, BoxError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // First the mark: it also finds out whether the work is still to be done.
        let waiting = transaction.execute(
            "UPDATE inbox SET state = 'done', body = '', error = '', due = ?2
             WHERE id = ?1 AND state = 'waiting'",
            params![row.id, now()],
        )?;
        if waiting == 0 {
            return Ok(false);
        }
        work::handle(row, &transaction).await?;
        transaction.commit()?;
        Ok(true)
    }

    async fn note(&self, row: &Row, error: &str) -> Result<(), BoxError> {
        self.connection().execute(
            "UPDATE inbox SET error = ?2,
                 state = CASE WHEN attempts >= ?3 THEN 'failed' ELSE state END
             WHERE id = ?1 AND state = 'waiting'",
            params![row.id, error, ATTEMPTS],
        )?;
        Ok(())
    }

    async fn clean_up(&self) -> Result<(), BoxError> {
        self.connection().execute(
            "DELETE FROM inbox WHERE state = 'done' AND due < ?1",
            params![now() - milliseconds(KNOWN)],
        )?;
        Ok(())
    }

    async fn body(&self, id: i64) -> Result<Option<Vec<u8>>, BoxError> {
        let body = "SELECT body FROM inbox WHERE state = 'failed' AND id = ?1";
        Ok(self.connection().query_row(body, [id], |row| row.get(0)).optional()?)
    }

    async fn failed(&self) -> Result<Vec<Failed>, BoxError> {
        let connection = self.connection();
        let mut rows = connection.prepare(
            "SELECT id, endpoint, attempts, error FROM inbox WHERE state = 'failed' ORDER BY id",
        )?;
        let rows = rows.query_map([], |row| {
            Ok(Failed {
                id: row.get(0)?,
                endpoint: row.get(1)?,
                attempts: row.get(2)?,
                error: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    async fn retry(&self, id: Option<i64>) -> Result<u64, BoxError> {
        let retried = self.connection().execute(
            "UPDATE inbox SET state = 'waiting', attempts = 0, due = ?2
             WHERE state = 'failed' AND (?1 IS NULL OR id = ?1)",
            params![id, now()],
        )?;
        Ok(retried as u64)
    }
}

impl super::Transaction for rusqlite::Transaction<'_> {
    async fn execute(&self, sql: &str, values: &[&str]) -> Result<(), BoxError> {
        self.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(())
    }
}
