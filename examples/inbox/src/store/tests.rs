//! Putting deliveries aside, looking at them and trying again, over both stores.

#[path = "../../../../tests/common/postgres.rs"]
mod postgres_server;

use std::time::Duration;

use postgres_server::Postgres as Server;
use trusthooks::ReplayKey;

use super::{New, Store, postgres::Postgres, sqlite::Sqlite};
use crate::work;

const PAUSE: Duration = Duration::from_secs(10);

async fn insert<S: Store>(store: &S, body: &str) {
    let key = ReplayKey::derive([body]);
    let new = New { key, endpoint: "/trustlens", body: body.as_bytes().to_vec() };
    store.insert(new).await.unwrap();
}

/// Works until nothing is due; how many attempts that took.
async fn work<S: Store>(store: &S) -> usize {
    let mut attempts = 0;
    while work::step(store, Duration::ZERO).await.unwrap() {
        attempts += 1;
        assert!(attempts < 100, "it never ends");
    }
    attempts
}

async fn what_fails_ten_times_is_put_aside<S: Store>(store: &S) {
    insert(store, r#"{"event":"test"}"#).await;
    insert(store, "no event").await;
    insert(store, "none either").await;
    // A retry of the vendor is known, and changes nothing.
    insert(store, "no event").await;
    assert_eq!(work(store).await, 1 + 10 + 10);

    let failed = store.failed().await.unwrap();
    let [one, two] = &failed[..] else { panic!("{} were put aside", failed.len()) };
    for row in [one, two] {
        assert_eq!((row.endpoint.as_str(), row.attempts), ("/trustlens", 10));
        assert_eq!(row.error, "expected ident at line 1 column 2");
    }
    assert_eq!(store.body(one.id).await.unwrap().unwrap(), b"no event");
    assert_eq!(store.body(two.id).await.unwrap().unwrap(), b"none either");
    // Finished deliveries are not put aside, and unknown ones are not found.
    assert_eq!(store.body(one.id - 1).await.unwrap(), None);
    assert_eq!(store.body(999).await.unwrap(), None);
    // A vendor that sends it once more does not start it again.
    insert(store, "no event").await;
    assert_eq!(work(store).await, 0);

    // One is tried again, with ten attempts before it; then all.
    assert_eq!(store.retry(Some(999)).await.unwrap(), 0);
    assert_eq!(store.retry(Some(one.id)).await.unwrap(), 1);
    assert_eq!(store.failed().await.unwrap().len(), 1);
    assert_eq!(work(store).await, 10);
    assert_eq!(store.retry(None).await.unwrap(), 2);
    assert_eq!(store.failed().await.unwrap().len(), 0);
    assert_eq!(work(store).await, 20);
    assert_eq!(store.failed().await.unwrap().len(), 2);
}

async fn the_pauses_grow_up_to_an_hour<S: Store>(store: &S) {
    insert(store, "no event").await;
    let mut now = super::now() + 1;
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600] {
        let row = store.take(now, PAUSE).await.unwrap().unwrap();
        let due = now + seconds * 1000;
        assert!(store.take(due - 1, PAUSE).await.unwrap().is_none(), "{}", row.attempts);
        now = due;
    }
}

/// The process dies in each attempt, before it notes an error.
async fn what_kills_the_process_is_put_aside_too<S: Store>(store: &S) {
    insert(store, r#"{"event":"test"}"#).await;
    for attempt in 1..=10 {
        let row = store.take(super::now(), Duration::ZERO).await.unwrap().unwrap();
        assert_eq!(row.attempts, attempt);
    }
    assert_eq!(work(store).await, 1);
    let failed = store.failed().await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].error, "the process died in the last attempt");
    // It can be tried again, and here it works.
    assert_eq!(store.retry(None).await.unwrap(), 1);
    assert_eq!(work(store).await, 1);
    assert_eq!(store.failed().await.unwrap().len(), 0);
}

#[tokio::test]
async fn sqlite() {
    what_fails_ten_times_is_put_aside(&Sqlite::open(":memory:").unwrap()).await;
    the_pauses_grow_up_to_an_hour(&Sqlite::open(":memory:").unwrap()).await;
    what_kills_the_process_is_put_aside_too(&Sqlite::open(":memory:").unwrap()).await;
}

#[tokio::test]
async fn postgres() {
    let Some(server) = Server::start() else { return };
    let empty = async || {
        let store = Postgres::open(&server.url()).unwrap();
        store.clear().await;
        store
    };
    what_fails_ten_times_is_put_aside(&empty().await).await;
    the_pauses_grow_up_to_an_hour(&empty().await).await;
    what_kills_the_process_is_put_aside_too(&empty().await).await;
}
