//! Replay protection in the transaction that does the work.
//!
//! The work of a webhook usually ends in a database. If that is PostgreSQL, write the mark "was
//! processed" in the same transaction as the work. Then either both are written or neither is, no
//! matter what fails and when. It needs no lease and no other store, and nothing can run twice.
//!
//! ```no_run
//! use tokio_postgres::Client;
//! use trusthooks::{
//!     Delivery, Timestamp,
//!     postgres::{self, Claimed},
//!     trustoo::shop,
//! };
//!
//! async fn process(
//!     client: &mut Client,
//!     delivery: &Delivery<shop::Event, Vec<u8>>,
//! ) -> Result<Claimed, tokio_postgres::Error> {
//!     let (key, retention) = delivery.replay_key("crm");
//!     let transaction = client.transaction().await?;
//!     let claimed = postgres::claim(&transaction, key, retention.until(Timestamp::now())).await?;
//!     if claimed == Claimed::New {
//!         transaction.execute("UPDATE …", &[]).await?;
//!         transaction.commit().await?;
//!     }
//!     // New and Duplicate: acknowledge. InFlight: 409. An error: 503.
//!     Ok(claimed)
//! }
//! ```
//!
//! With sqlx or diesel, run [`SCHEMA`] as a migration, and [`CLAIM`] in your transaction.

use tokio_postgres::{Error, GenericClient, Transaction, types::Type};

use crate::{fingerprint::ReplayKey, time::Timestamp};

/// Creates the table, where it does not exist. Run it at the start, or as a migration.
pub const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS trusthooks_claims (
    key bytea PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS trusthooks_claims_until ON trusthooks_claims (until);
";

/// The statement of [`claim`]. Its parameters are the key's 32 bytes (`bytea`), the last moment at
/// which it is remembered in Unix seconds (`bigint`), and the first eight bytes of the key as a
/// number (`bigint`, big-endian). Its one row tells whether no other transaction is processing the
/// delivery (`free`), and whether the delivery is new (`new`).
///
/// The lock is a transaction's own and ends with it. Without it, a second claim would wait for the
/// first transaction and hold a connection meanwhile.
pub const CLAIM: &str = "\
WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($3) AS free),
claimed AS (
    INSERT INTO trusthooks_claims AS known (key, until)
    SELECT $1, to_timestamp($2) FROM lock WHERE free
    ON CONFLICT (key) DO UPDATE SET until = excluded.until
    WHERE known.until < now() - interval '1 minute'
    RETURNING 1
)
SELECT free, EXISTS (SELECT FROM claimed) AS new FROM lock";

/// The statement of [`delete_expired`], with the number of rows that it deletes at most (`bigint`).
pub const DELETE_EXPIRED: &str = "\
DELETE FROM trusthooks_claims WHERE key IN (
    SELECT key FROM trusthooks_claims WHERE until < now() - interval '1 minute'
    ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED
)";

/// The end of the year 9999. Later moments are stored as this one.
const LATEST: i64 = 253_402_300_799;

/// The outcome of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only what is new may be processed"]
pub enum Claimed {
    /// It is new, and claimed by this transaction: do the work and commit. If the transaction is
    /// rolled back, or lost with the connection, the delivery is new again.
    New,
    /// It was processed before. Answer with the vendor's acknowledgement.
    Duplicate,
    /// Another transaction is at it. Answer with 409, so that the vendor comes back later.
    InFlight,
}

/// Claims the delivery known by `key` within a transaction, to be remembered through `until`.
///
/// `until` is compared with the server's clock, with a minute's grace for machines whose clocks are
/// behind. Under `REPEATABLE READ` and `SERIALIZABLE` a claim can fail with a serialization error
/// (SQLSTATE 40001) like any other statement.
///
/// # Errors
/// Those of the database. Then nothing was claimed, and the transaction is aborted; answer with
/// 503.
pub async fn claim(
    transaction: &Transaction<'_>,
    key: ReplayKey,
    until: Timestamp,
) -> Result<Claimed, Error> {
    let until = i64::try_from(until.as_unix()).unwrap_or(LATEST).min(LATEST);
    let row = transaction
        .query_typed_one(
            CLAIM,
            &[
                (&key.as_bytes().as_slice(), Type::BYTEA),
                (&until, Type::INT8),
                (&key.number(), Type::INT8),
            ],
        )
        .await?;
    Ok(match (row.try_get("free")?, row.try_get("new")?) {
        (true, true) => Claimed::New,
        (true, false) => Claimed::Duplicate,
        (false, _) => Claimed::InFlight,
    })
}

/// Deletes up to `limit` claims that expired, and says how many. Run it every few minutes, from any
/// number of machines; what is not deleted costs room and nothing else.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(client: &impl GenericClient, limit: u32) -> Result<u64, Error> {
    client.execute(DELETE_EXPIRED, &[&i64::from(limit)]).await
}
