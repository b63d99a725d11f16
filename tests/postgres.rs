//! Claims in PostgreSQL, against a real server that the test starts, kills and starts again.

#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "common/server.rs"]
mod server;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::post,
};
use postgres_server::Postgres;
use server::{exchange, serve, within};
use tokio_postgres::{Client, NoTls};
use trusthooks::{
    ReplayKey, Secret, Timestamp,
    axum::Webhook,
    postgres::{self, Claimed},
    trustlens,
};

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn ready(postgres: &Postgres) -> Client {
    let client = connect(&postgres.url()).await.unwrap();
    client.batch_execute(postgres::SCHEMA).await.unwrap();
    client
}

fn key(name: &str) -> ReplayKey {
    ReplayKey::derive([name])
}

fn soon() -> Timestamp {
    Timestamp::from_unix(Timestamp::now().as_unix() + 300)
}

#[tokio::test]
async fn a_claim_lives_and_dies_with_its_transaction() {
    let Some(postgres) = Postgres::start() else { return };
    let (mut one, mut other) = (ready(&postgres).await, ready(&postgres).await);

    let first = one.transaction().await.unwrap();
    let second = other.transaction().await.unwrap();
    assert_eq!(postgres::claim(&first, key("a"), soon()).await.unwrap(), Claimed::New);
    // It does not wait for the first.
    let claimed = within(postgres::claim(&second, key("a"), soon())).await.unwrap();
    assert_eq!(claimed, Claimed::InFlight);
    assert_eq!(postgres::claim(&second, key("b"), soon()).await.unwrap(), Claimed::New);
    first.rollback().await.unwrap();
    assert_eq!(postgres::claim(&second, key("a"), soon()).await.unwrap(), Claimed::New);
    second.commit().await.unwrap();

    let again = one.transaction().await.unwrap();
    for name in ["a", "b"] {
        let claimed = postgres::claim(&again, key(name), soon()).await.unwrap();
        assert_eq!(claimed, Claimed::Duplicate);
    }
    assert_eq!(postgres::claim(&again, key("c"), soon()).await.unwrap(), Claimed::New);
    assert_eq!(postgres::claim(&again, key("c"), soon()).await.unwrap(), Claimed::Duplicate);
    // A connection that breaks rolls back.
    drop(again);
    drop(one);
    within(async {
        loop {
            let transaction = other.transaction().await.unwrap();
            match postgres::claim(&transaction, key("c"), soon()).await.unwrap() {
                Claimed::New => break,
                claimed => assert_eq!(claimed, Claimed::InFlight),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_expired_is_new_and_can_be_deleted() {
    let Some(postgres) = Postgres::start() else { return };
    let mut client = ready(&postgres).await;
    let at = |offset: i64| {
        Timestamp::from_unix(Timestamp::now().as_unix().saturating_add_signed(offset))
    };
    let transaction = client.transaction().await.unwrap();
    let moments = [("long ago", at(-3600)), ("just now", at(-10)), ("soon", at(300))];
    let for_ever =
        [("for ever", Timestamp::from_unix(u64::MAX)), ("1970", Timestamp::from_unix(0))];
    for (name, until) in moments.into_iter().chain(for_ever) {
        let claimed = postgres::claim(&transaction, key(name), until).await.unwrap();
        assert_eq!(claimed, Claimed::New, "{name}");
    }
    transaction.commit().await.unwrap();

    let transaction = client.transaction().await.unwrap();
    for (name, expected) in [
        ("long ago", Claimed::New),
        // Another machine's clock may be behind.
        ("just now", Claimed::Duplicate),
        ("soon", Claimed::Duplicate),
        ("for ever", Claimed::Duplicate),
        ("1970", Claimed::New),
    ] {
        let claimed = postgres::claim(&transaction, key(name), soon()).await.unwrap();
        assert_eq!(claimed, expected, "{name}");
    }
    transaction.rollback().await.unwrap();

    assert_eq!(postgres::delete_expired(&client, 1).await.unwrap(), 1);
    assert_eq!(postgres::delete_expired(&client, 100).await.unwrap(), 1);
    assert_eq!(postgres::delete_expired(&client, 100).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_new() {
    let Some(postgres) = Postgres::start() else { return };
    drop(ready(&postgres).await);
    let new = Arc::new(AtomicUsize::new(0));
    for round in 0..10 {
        let claims: Vec<_> = (0..20)
            .map(|_| {
                let (url, new) = (postgres.url(), Arc::clone(&new));
                tokio::spawn(async move {
                    let mut client = connect(&url).await.unwrap();
                    let transaction = client.transaction().await.unwrap();
                    let key = key(&round.to_string());
                    if postgres::claim(&transaction, key, soon()).await.unwrap() == Claimed::New {
                        transaction.commit().await.unwrap();
                        new.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for claim in claims {
            within(claim).await.unwrap();
        }
        assert_eq!(new.load(Ordering::Relaxed), round + 1);
    }
}

#[derive(Clone)]
struct App {
    verifier: Arc<trustlens::Verifier>,
    url: Arc<str>,
}

impl FromRef<App> for Arc<trustlens::Verifier> {
    fn from_ref(app: &App) -> Self {
        Self::clone(&app.verifier)
    }
}

/// Verifies, and does the work and marks it in one transaction; a third of the work fails.
async fn receive(
    State(App { url, .. }): State<App>,
    Webhook(delivery): Webhook<Arc<trustlens::Verifier>>,
) -> StatusCode {
    let work = async {
        let mut client = connect(&url).await?;
        let transaction = client.transaction().await?;
        let (key, retention) = delivery.replay_key("");
        let until = retention.until(Timestamp::now());
        Ok::<_, tokio_postgres::Error>(match postgres::claim(&transaction, key, until).await? {
            Claimed::New => {
                let body = delivery.body();
                transaction.execute("INSERT INTO effects (body) VALUES ($1)", &[&body]).await?;
                if FAILS.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) {
                    return Ok(StatusCode::INTERNAL_SERVER_ERROR);
                }
                transaction.commit().await?;
                StatusCode::OK
            }
            Claimed::Duplicate => StatusCode::OK,
            Claimed::InFlight => StatusCode::CONFLICT,
        })
    };
    work.await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

static FAILS: AtomicUsize = AtomicUsize::new(0);

/// Senders retry until they are told of success, while PostgreSQL is killed three times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_postgres_dies_every_effect_is_there_once() {
    const DELIVERIES: usize = 300;
    const EFFECTS: i64 = 300;
    let Some(mut postgres) = Postgres::start() else { return };
    let client = ready(&postgres).await;
    client.batch_execute("CREATE TABLE effects (body bytea NOT NULL)").await.unwrap();
    drop(client);
    let secret = || Secret::new("s").unwrap();
    let app =
        App { verifier: trustlens::Verifier::new(secret()).into(), url: postgres.url().into() };
    let port = serve(Router::new().route("/", post(receive)).with_state(app)).await;

    let (done, down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let senders: Vec<_> = (0..DELIVERIES)
        .map(|number| {
            let (done, down) = (Arc::clone(&done), Arc::clone(&down));
            let body = number.to_string().into_bytes();
            let signed = trustlens::Signer::new(secret()).sign_at(&body, Timestamp::now());
            let request = server::post(&signed, &body);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(10 * number as u64)).await;
                loop {
                    match exchange(port, &request).await.status {
                        200 => break,
                        503 => _ = down.fetch_add(1, Ordering::Relaxed),
                        409 | 500 => {}
                        other => panic!("answered {other}"),
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    for part in 1..=3 {
        within(async {
            while done.load(Ordering::Relaxed) < part * DELIVERIES / 5 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        postgres.kill();
        assert!(done.load(Ordering::Relaxed) < DELIVERIES, "it was killed too late to matter");
        postgres.run();
    }
    for sender in senders {
        within(sender).await.unwrap();
    }
    assert!(down.load(Ordering::Relaxed) > 0);
    let client = connect(&postgres.url()).await.unwrap();
    let row =
        client.query_one("SELECT count(*), count(DISTINCT body) FROM effects", &[]).await.unwrap();
    let (effects, different): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!((effects, different), (EFFECTS, EFFECTS));
}
