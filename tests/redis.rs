//! The store in Redis, against a real server that the test starts, kills and starts again.
//!
//! Where there is no `redis-server` the tests say so and pass; with `CI` set they fail.

#[path = "common/process.rs"]
mod process;
#[path = "common/server.rs"]
mod server;

use std::{
    collections::HashMap,
    net::TcpListener,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use process::Program;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use server::{exchange, serve, within};
use trusthooks::{
    ReplayError, ReplayKey, ReplayStore, Secret, Timestamp, redis::RedisStore, tower::VerifyLayer,
    trustlens,
};

/// A server of one test, with its files in a folder of its own.
struct Redis {
    port: u16,
    folder: std::path::PathBuf,
    program: Option<Program>,
}

impl Redis {
    fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "redis-server is not installed");
            println!("skipped: redis-server is not installed");
            return None;
        }
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("trusthooks-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut redis = Self { port, folder, program: None };
        redis.run();
        Some(redis)
    }

    /// Every write is on the disk before it is answered, so a restart remembers it.
    fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]).current_dir(&self.folder);
        let program = Program::start(command);
        program.line_with("Ready to accept connections");
        self.program = Some(program);
    }

    fn kill(&mut self) {
        self.program.take().unwrap().kill();
    }

    async fn store(&self) -> RedisStore<ConnectionManager> {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(10))
            .set_response_timeout(Some(Duration::from_secs(1)));
        RedisStore::new(ConnectionManager::new_with_config(client, config).await.unwrap())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.program.take();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const LATER: Timestamp = Timestamp::from_unix(1_780_000_300);

fn key(name: &str) -> ReplayKey {
    ReplayKey::derive([name])
}

async fn code<S: ReplayStore>(store: &S, name: &str) -> &'static str {
    match store.claim(key(name), LATER, NOW).await {
        Ok(claim) => {
            store.commit(claim).await.unwrap();
            "processed"
        }
        Err(error) => error.code(),
    }
}

#[test]
fn a_store_shows_no_connection() {
    let store = RedisStore::new("redis://user:password@host").with_prefix("shop:");
    let shown = r#"RedisStore { prefix: "shop:", lease: 60s, .. }"#;
    assert_eq!(format!("{store:?}"), shown);
}

#[tokio::test]
async fn machines_that_share_a_redis_share_what_they_know() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.store().await, redis.store().await);

    let claim = one.claim(key("a"), LATER, NOW).await.unwrap();
    assert_eq!(code(&other, "a").await, "in_flight");
    one.commit(claim).await.unwrap();
    assert_eq!(code(&other, "a").await, "duplicate");
    assert_eq!(code(&one, "a").await, "duplicate");

    let claim = one.claim(key("b"), LATER, NOW).await.unwrap();
    one.release(claim).await;
    assert_eq!(code(&other, "b").await, "processed");

    let early = Timestamp::from_unix(1);
    assert!(matches!(one.claim(key("c"), early, NOW).await, Err(ReplayError::Expired)));
    let apart = redis.store().await.with_prefix("elsewhere:");
    assert_eq!(code(&apart, "a").await, "processed");
}

#[tokio::test]
async fn what_is_committed_is_remembered_until_its_window_closes() {
    let Some(redis) = Redis::start() else { return };
    let store = redis.store().await.with_lease(Duration::from_secs(30));
    let mut connection = redis::Client::open(("127.0.0.1", redis.port))
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let name = format!("trusthooks:{}", hex::encode(key("a").as_bytes()));
    let mut left = async || -> i64 {
        redis::cmd("TTL").arg(&name).query_async(&mut connection).await.unwrap()
    };
    let claim = store.claim(key("a"), LATER, NOW).await.unwrap();
    assert!((25..=30).contains(&left().await));
    store.commit(claim).await.unwrap();
    // A minute longer than the window, for machines whose clocks are behind.
    assert!((355..=360).contains(&left().await));

    // As long as Redis can count, where there is no end.
    let claim = store.claim(key("for ever"), Timestamp::from_unix(u64::MAX), NOW).await.unwrap();
    store.commit(claim).await.unwrap();
    assert_eq!(code(&store, "for ever").await, "duplicate");
}

#[tokio::test]
async fn a_lease_that_ran_out_is_free_and_its_owner_releases_nothing() {
    let Some(redis) = Redis::start() else { return };
    let short = redis.store().await.with_lease(Duration::from_millis(50));
    let store = redis.store().await;
    let late = short.claim(key("a"), LATER, NOW).await.unwrap();
    let next = within(async {
        loop {
            match store.claim(key("a"), LATER, NOW).await {
                Ok(claim) => break claim,
                Err(error) => assert_eq!(error.code(), "in_flight"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    short.release(late).await;
    assert_eq!(code(&store, "a").await, "in_flight");
    store.commit(next).await.unwrap();
    assert_eq!(code(&store, "a").await, "duplicate");

    // A claim that is merely dropped is one whose lease runs out.
    drop(short.claim(key("b"), LATER, NOW).await.unwrap());
    within(async {
        while code(&store, "b").await != "processed" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Senders retry until they are told of success, while Redis dies and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_dies_nothing_is_lost_and_nothing_runs_twice() {
    const DELIVERIES: usize = 60;
    let Some(mut redis) = Redis::start() else { return };
    let secret = || Secret::new("s").unwrap();
    let runs = Arc::new(Mutex::new(HashMap::<Bytes, usize>::new()));
    let refused = Arc::new(AtomicUsize::new(0));
    let handler = {
        let runs = Arc::clone(&runs);
        post(async move |body: Bytes| {
            tokio::time::sleep(Duration::from_millis(2)).await;
            *runs.lock().unwrap().entry(body).or_default() += 1;
            StatusCode::NO_CONTENT
        })
    };
    let store = redis.store().await.with_lease(Duration::from_millis(500));
    let layer = VerifyLayer::new(trustlens::Verifier::new(secret())).store(store);
    let port = serve(Router::new().route("/", handler).layer(layer)).await;

    let deliver = |i: usize| {
        let body = i.to_string().into_bytes();
        let request =
            server::post(&trustlens::Signer::new(secret()).sign_at(&body, Timestamp::now()), &body);
        let refused = Arc::clone(&refused);
        async move {
            loop {
                match exchange(port, &request).await.status {
                    200 | 204 => break,
                    503 => _ = refused.fetch_add(1, Ordering::Relaxed),
                    409 => {}
                    other => panic!("answered {other}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    let senders: Vec<_> = (0..DELIVERIES)
        .map(|i| {
            let sender = deliver(i);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(10 * i as u64)).await;
                sender.await;
            })
        })
        .collect();

    let processed = |least: usize| {
        let runs = Arc::clone(&runs);
        within(async move {
            while runs.lock().unwrap().len() < least {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    processed(10).await;
    redis.kill();
    within(async {
        while refused.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(runs.lock().unwrap().len() < DELIVERIES, "it was killed too late to matter");
    redis.run();
    for sender in senders {
        within(sender).await.unwrap();
    }
    let runs = runs.lock().unwrap();
    assert_eq!(runs.len(), DELIVERIES);
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
}
