//! Where deliveries wait: SQLite on one machine, PostgreSQL for several.

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use trusthooks::ReplayKey;

use crate::BoxError;

pub(crate) mod postgres;
pub(crate) mod sqlite;
#[cfg(test)]
mod tests;

/// After so many failures a delivery is put aside.
pub(crate) const ATTEMPTS: i64 = 10;

/// How long a delivery that is done is known, and what failed is not deleted at all. Trustoo retries
/// for 135 minutes, TrustLens for 7; a captured request is refused after 15.
const KNOWN: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// A delivery on its way in.
pub(crate) struct New {
    /// The same for a delivery and its retries.
    pub(crate) key: ReplayKey,
    pub(crate) endpoint: &'static str,
    pub(crate) body: Vec<u8>,
}

/// A delivery that is to be worked on.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) endpoint: String,
    pub(crate) body: Vec<u8>,
    /// This one included.
    pub(crate) attempts: i64,
}

/// A delivery that was put aside.
pub(crate) struct Failed {
    pub(crate) id: i64,
    pub(crate) endpoint: String,
    pub(crate) attempts: i64,
    pub(crate) error: String,
}

/// The receiver has one, and each worker one of its own.
pub(crate) trait Store: Send + Sync + Sized + 'static {
    /// Opens it, and makes what is missing in there.
    fn open(address: &str) -> Result<Self, BoxError>;

    /// Stores a delivery durably, unless it is known.
    fn insert(&self, new: New) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Takes a delivery that is due at `now`, and counts the attempt. Makes it due again after a pause,
    /// should nobody finish it. The count is kept even where the process dies.
    fn take(
        &self,
        now: i64,
        pause: Duration,
    ) -> impl Future<Output = Result<Option<Row>, BoxError>>;

    /// Does the work and marks it as done in one transaction. False where another worker did it or is
    /// at it.
    fn work_on(&self, row: &Row) -> impl Future<Output = Result<bool, BoxError>>;

    /// Notes why it failed, and puts it aside where that was the last attempt.
    fn note(&self, row: &Row, error: &str) -> impl Future<Output = Result<(), BoxError>>;

    /// Deletes what was done long ago.
    fn clean_up(&self) -> impl Future<Output = Result<(), BoxError>>;

    /// The body of a delivery that was put aside.
    fn body(&self, id: i64) -> impl Future<Output = Result<Option<Vec<u8>>, BoxError>>;

    /// The deliveries that were put aside.
    fn failed(&self) -> impl Future<Output = Result<Vec<Failed>, BoxError>>;

    /// Tries again what was put aside, one or all; how many that are.
    fn retry(&self, id: Option<i64>) -> impl Future<Output = Result<u64, BoxError>>;
}

/// The transaction in which the work is done. Parameters are `$1`, `$2`, … in order.
pub(crate) trait Transaction {
    fn execute(&self, sql: &str, values: &[&str]) -> impl Future<Output = Result<(), BoxError>>;
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
