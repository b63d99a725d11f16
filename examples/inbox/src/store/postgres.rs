//! A database that several machines share.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, types::ToSql};

use super::{ATTEMPTS, Failed, KNOWN, New, Row, Store, milliseconds, now};
use crate::{BoxError, work};

const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    endpoint text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    attempts bigint NOT NULL DEFAULT 0,
    due bigint NOT NULL,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS inbox_due ON inbox (state, due);";

/// Two that create the same table at once can fail, so one waits for the other.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7455)";

/// A connection, made when it is needed and made again when it is lost.
pub(crate) struct Postgres {
    url: String,
    client: Mutex<Option<Arc<Client>>>,
}

impl Postgres {
    async fn client(&self) -> Result<Arc<Client>, BoxError> {
        let mut current = self.client.lock().await;
        if let Some(client) = current.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(connect(&self.url).await?);
        client.batch_execute(&format!("BEGIN; {LOCK}; {SCHEMA} {} COMMIT", work::SCHEMA)).await?;
        *current = Some(Arc::clone(&client));
        Ok(client)
    }
}

#[cfg(test)]
impl Postgres {
    pub(super) async fn clear(&self) {
        self.client().await.unwrap().batch_execute("TRUNCATE inbox").await.unwrap();
    }
}

async fn connect(url: &str) -> Result<Client, BoxError> {
    let mut config: tokio_postgres::Config = url.parse()?;
    config.connect_timeout(Duration::from_secs(2));
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

impl Store for Postgres {
    fn open(url: &str) -> Result<Self, BoxError> {
        Ok(Self { url: url.to_owned(), client: Mutex::new(None) })
    }

    async fn insert(&self, new: New) -> Result<(), BoxError> {
        let insert = "INSERT INTO inbox (key, endpoint, body, due) VALUES ($1, $2, $3, $4)
             ON CONFLICT (key) DO NOTHING";
        let key = new.key.as_bytes().as_slice();
        self.client().await?.execute(insert, &[&key, &new.endpoint, &new.body, &now()]).await?;
        Ok(())
    }

    async fn take(&self, now: i64, pause: Duration) -> Result<Option<Row>, BoxError> {
        let take = "UPDATE inbox SET attempts = attempts + 1,
                 due = $1 + least($2 * (1::bigint << least(attempts, 20)::int), 3600000)
             WHERE id = (
                 SELECT id FROM inbox WHERE state = 'waiting' AND due <= $1 ORDER BY due LIMIT 1
                 FOR UPDATE SKIP LOCKED
             )
             RETURNING id, endpoint, body, attempts";
        let client = self.client().await?;
        let row = client.query_opt(take, &[&now, &milliseconds(pause)]).await?;
        Ok(row.map(|row| Row {
            id: row.get(0),
            endpoint: row.get(1),
            body: row.get(2),
            attempts: row.get(3),
        }))
    }

    async fn work_on(&self, row: &Row) -> Result<bool, BoxError> {
        // A worker has the client for itself, but for this moment nobody else can have it.
        self.client().await?;
        let mut current = self.client.lock().await;
        let client = current.as_mut().and_then(Arc::get_mut).ok_or("the connection is in use")?;
        let transaction = client.transaction().await?;
        let lock = "SELECT FROM inbox WHERE id = $1 AND state = 'waiting' FOR UPDATE SKIP LOCKED";
        if transaction.query_opt(lock, &[&row.id]).await?.is_none() {
            return Ok(false);
        }
        work::handle(row, &transaction).await?;
        let done = "UPDATE inbox SET state = 'done', body = '', error = '', due = $2 WHERE id = $1";
        transaction.execute(done, &[&row.id, &now()]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn note(&self, row: &Row, error: &str) -> Result<(), BoxError> {
        let note = "UPDATE inbox SET error = $2,
                 state = CASE WHEN attempts >= $3 THEN 'failed' ELSE state END
             WHERE id = $1 AND state = 'waiting'";
        // Text in PostgreSQL holds no NUL.
        let error = error.replace('\0', "");
        self.client().await?.execute(note, &[&row.id, &error, &ATTEMPTS]).await?;
        Ok(())
    }

    async fn clean_up(&self) -> Result<(), BoxError> {
        let delete = "DELETE FROM inbox WHERE state = 'done' AND due < $1";
        self.client().await?.execute(delete, &[&(now() - milliseconds(KNOWN))]).await?;
        Ok(())
    }

    async fn body(&self, id: i64) -> Result<Option<Vec<u8>>, BoxError> {
        let body = "SELECT body FROM inbox WHERE state = 'failed' AND id = $1";
        Ok(self.client().await?.query_opt(body, &[&id]).await?.map(|row| row.get(0)))
    }

    async fn failed(&self) -> Result<Vec<Failed>, BoxError> {
        let failed =
            "SELECT id, endpoint, attempts, error FROM inbox WHERE state = 'failed' ORDER BY id";
        let rows = self.client().await?.query(failed, &[]).await?;
        let rows = rows.iter().map(|row| Failed {
            id: row.get(0),
            endpoint: row.get(1),
            attempts: row.get(2),
            error: row.get(3),
        });
        Ok(rows.collect())
    }

    async fn retry(&self, id: Option<i64>) -> Result<u64, BoxError> {
        let retry = "UPDATE inbox SET state = 'waiting', attempts = 0, due = $2
             WHERE state = 'failed' AND ($1::bigint IS NULL OR id = $1)";
        Ok(self.client().await?.execute(retry, &[&id, &now()]).await?)
    }
}

impl super::Transaction for tokio_postgres::Transaction<'_> {
    async fn execute(&self, sql: &str, values: &[&str]) -> Result<(), BoxError> {
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        tokio_postgres::Transaction::execute(self, sql, &values).await?;
        Ok(())
    }
}
