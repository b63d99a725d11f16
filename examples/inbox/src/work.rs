//! Works on stored deliveries, and tries again those that failed.

use std::{
    hash::{BuildHasher as _, RandomState},
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use trusthooks::{
    trustlens,
    trustoo::{shop, system},
};

use crate::{
    BoxError, causes,
    store::{ATTEMPTS, Row, Store, Transaction, now},
    variable,
};

/// The work of this example: a line for each event.
pub(crate) const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS journal (
    endpoint text NOT NULL,
    event text NOT NULL,
    subject text NOT NULL
);";

/// Replace this by what your shop does with an event. What it writes through `transaction` is there
/// once the delivery is done, and not before. What it does elsewhere (a mail, a call of another
/// service) can happen again after a failure.
pub(crate) async fn handle(row: &Row, transaction: &impl Transaction) -> Result<(), BoxError> {
    let (event, subject) = read(row)?;
    let insert = "INSERT INTO journal (endpoint, event, subject) VALUES ($1, $2, $3)";
    transaction.execute(insert, &[&row.endpoint, &event, &subject]).await?;
    fail_if_asked()
}

/// The event's name, and what it is about. Fields that do not fit are logged and do no harm.
fn read(row: &Row) -> Result<(String, String), BoxError> {
    let id = row.id;
    let log = |mismatches: &[trusthooks::Mismatch]| {
        for mismatch in mismatches {
            println!("delivery {id}: `{}` is not {}", mismatch.path(), mismatch.expected());
        }
    };
    match row.endpoint.as_str() {
        "/trustlens" => {
            let event: trustlens::Event = serde_json::from_slice(&row.body)?;
            log(event.mismatches());
            let customer = event.customer.as_ref().and_then(|customer| customer.email_hash.clone());
            Ok((event.name().to_owned(), customer.unwrap_or_default()))
        }
        "/trustoo/shop" => {
            let event: shop::Event = serde_json::from_slice(&row.body)?;
            log(event.mismatches());
            let subject = match &event.kind {
                shop::EventKind::ReviewCreated(review) | shop::EventKind::ReviewUpdated(review) => {
                    review.id.clone()
                }
                shop::EventKind::ReviewDeleted(review) => review.id.clone(),
                _ => String::new(),
            };
            Ok((event.name().to_owned(), subject))
        }
        _ => {
            let event: system::Event = serde_json::from_slice(&row.body)?;
            log(event.mismatches());
            Ok((event.name().to_owned(), event.shop_id.as_str().to_owned()))
        }
    }
}

/// For the crash test: with `CHAOS=3` a third of the work fails, after it has written.
fn fail_if_asked() -> Result<(), BoxError> {
    let Some(one_in) = variable("CHAOS").and_then(|text| text.parse::<u64>().ok()) else {
        return Ok(());
    };
    match RandomState::new().hash_one(0).checked_rem(one_in) {
        Some(0) => Err("failed on purpose".into()),
        _ => Ok(()),
    }
}

/// How often a worker looks when nothing is due, and after an error of the store.
const LOOK: Duration = Duration::from_millis(200);

/// How often what was done long ago is deleted.
const CLEAN_UP: Duration = Duration::from_secs(600);

/// Works until the process ends.
pub(crate) async fn run<S: Store>(store: &S, pause: Duration) {
    let mut cleaned_up = Instant::now();
    loop {
        let worked = step(store, pause).await;
        if let Err(error) = &worked {
            println!("the store failed: {}", causes(&**error));
        }
        if !worked.unwrap_or(false) {
            tokio::time::sleep(LOOK).await;
        }
        if cleaned_up.elapsed() > CLEAN_UP {
            cleaned_up = Instant::now();
            if let Err(error) = store.clean_up().await {
                println!("the store failed: {}", causes(&*error));
            }
        }
    }
}

/// Takes a delivery and works on it; whether there was one.
pub(crate) async fn step<S: Store>(store: &S, pause: Duration) -> Result<bool, BoxError> {
    let Some(row) = store.take(now(), pause).await? else { return Ok(false) };
    if row.attempts > ATTEMPTS {
        // The last attempt left no note: the process died in it.
        println!("delivery {} is put aside: the process died in the last attempt", row.id);
        store.note(&row, "the process died in the last attempt").await?;
        return Ok(true);
    }
    // A panic is a failure, and not the end of the worker.
    let worked = AssertUnwindSafe(store.work_on(&row)).catch_unwind().await;
    if let Err(error) = worked.unwrap_or_else(|_| Err("the work panicked".into())) {
        let error = causes(&*error);
        println!("delivery {} failed, attempt {}: {error}", row.id, row.attempts);
        store.note(&row, &error).await?;
    }
    Ok(true)
}
