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
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use process::Program;
use redis::{
    Client, ConnectionAddr, FromRedisValue, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelServerType},
};
use server::{exchange, serve, within};
use trusthooks::{
    Receipt, ReplayKey, ReplayStore, Secret, Timestamp, Verify as _, redis::RedisStore,
    replay::Retention, tower::VerifyLayer, trustlens,
};

/// A server of one test, with its files in a folder of its own.
struct Redis {
    port: u16,
    folder: std::path::PathBuf,
    options: Vec<String>,
    program: Option<Program>,
}

impl Redis {
    fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "redis-server is not installed");
            println!("skipped: redis-server is not installed");
            return None;
        }
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("trusthooks-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut redis = Self { port, folder, options, program: None };
        redis.run();
        Some(redis)
    }

    /// Every write is on the disk before it is answered, so a restart remembers it.
    fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]).args(&self.options);
        let program = Program::start({
            command.current_dir(&self.folder);
            command
        });
        program.line_with("Ready to accept connections");
        self.program = Some(program);
    }

    fn kill(&mut self) {
        self.program.take().unwrap().kill();
    }

    fn signal(&self, signal: &str) {
        self.program.as_ref().unwrap().signal(signal);
    }

    fn client(&self) -> Client {
        Client::open(("127.0.0.1", self.port)).unwrap()
    }

    fn store(&self) -> RedisStore<Client> {
        RedisStore::new(self.client())
    }

    /// A command over a connection of its own.
    async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let mut connection = self.client().get_multiplexed_async_connection().await?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await
    }

    async fn replicates(&self, primary: &Self) {
        self.ask::<()>(&["REPLICAOF", "127.0.0.1", &primary.port.to_string()]).await.unwrap();
        self.is_replica().await;
    }

    async fn is_replica(&self) {
        within(async {
            while !self.ask::<String>(&["INFO", "replication"]).await.is_ok_and(|info| {
                info.contains("role:slave") && info.contains("master_link_status:up")
            }) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Waits until this replica has all that was written to the primary so far.
    async fn has_caught_up_with(&self, primary: &Self) {
        let written = primary.offset("master_repl_offset").await;
        within(async {
            while self.offset("slave_repl_offset").await < written {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// A position in the stream of writes.
    async fn offset(&self, name: &str) -> u64 {
        let info = self.ask::<String>(&["INFO", "replication"]).await.unwrap();
        let offset = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        offset.unwrap().parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.program.take();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Below the range from which Linux takes ports for connections, and room for the bus of a cluster.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 15_000 + u16::try_from(std::process::id() % 5_000).unwrap();
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed);
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const LATER: Retention = Retention::span(Duration::from_secs(300));

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

/// A delivery that nobody has seen, until it is processed; how many claims that took.
async fn processed_in_the_end<S: ReplayStore>(store: &S, name: &str) -> usize {
    let start = Instant::now();
    for tries in 1.. {
        assert!(start.elapsed() < Duration::from_secs(30), "still refused after {tries} tries");
        match store.claim(key(name), LATER, NOW).await {
            Ok(claim) => {
                store.commit(claim).await.unwrap();
                return tries;
            }
            Err(error) => assert_eq!(error.code(), "unavailable"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!()
}

/// Signed at `NOW`, under a window of 300 s.
fn receipt() -> Receipt {
    let secret = Secret::new("s").unwrap();
    let signed = trustlens::Signer::new(secret.clone()).sign_at(b"", NOW);
    let headers: Vec<_> = signed.iter().collect();
    *trustlens::Verifier::new(secret).verify_at(&headers, b"", NOW).unwrap().receipt()
}

#[test]
fn a_store_shows_no_connection() {
    let store =
        RedisStore::new(Client::open("redis://user:password@host").unwrap()).with_prefix("shop:");
    let shown = r#"RedisStore { prefix: "shop:", lease: 60s, .. }"#;
    assert_eq!(format!("{store:?}"), shown);
}

#[tokio::test]
async fn machines_that_share_a_redis_share_what_they_know() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (redis.store(), redis.store());

    let claim = one.claim(key("a"), LATER, NOW).await.unwrap();
    assert_eq!(code(&other, "a").await, "in_flight");
    one.commit(claim).await.unwrap();
    assert_eq!(code(&other, "a").await, "duplicate");
    assert_eq!(code(&one, "a").await, "duplicate");

    let claim = one.claim(key("b"), LATER, NOW).await.unwrap();
    one.release(claim).await;
    assert_eq!(code(&other, "b").await, "processed");

    let later = Timestamp::from_unix(NOW.as_unix() + 301);
    assert_eq!(one.claim_receipt(&receipt(), later).await.unwrap_err().code(), "expired");
    assert!(one.claim_receipt(&receipt(), NOW).await.is_ok());
    let apart = redis.store().with_prefix("elsewhere:");
    assert_eq!(code(&apart, "a").await, "processed");
}

#[tokio::test]
async fn what_is_committed_is_remembered_until_its_window_closes() {
    let Some(redis) = Redis::start() else { return };
    let store = redis.store().with_lease(Duration::from_secs(30));
    let mut connection = Client::open(("127.0.0.1", redis.port))
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
    let claim = store.claim(key("for ever"), Retention::span(Duration::MAX), NOW).await.unwrap();
    store.commit(claim).await.unwrap();
    assert_eq!(code(&store, "for ever").await, "duplicate");
}

#[tokio::test]
async fn a_lease_that_ran_out_is_free_and_its_owner_releases_nothing() {
    let Some(redis) = Redis::start() else { return };
    let short = redis.store().with_lease(Duration::from_millis(50));
    let store = redis.store();
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
    let store = redis.store().with_lease(Duration::from_millis(500));
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

/// The old primary stays up as a replica, and its connections with it: it answers READONLY.
#[tokio::test]
async fn after_a_failover_the_store_asks_the_new_primary() {
    let Some(one) = Redis::start() else { return };
    let other = Redis::start().unwrap();
    other.replicates(&one).await;

    // What a name that is looked up again does, or a proxy.
    let primary = Arc::new(AtomicU16::new(one.port));
    let store = RedisStore::new({
        let primary = Arc::clone(&primary);
        move || {
            let client = Client::open(("127.0.0.1", primary.load(Ordering::Relaxed))).unwrap();
            async move { client.get_multiplexed_async_connection().await }
        }
    });
    assert_eq!(code(&store, "before").await, "processed");
    let claim = store.claim(key("during"), LATER, NOW).await.unwrap();
    other.has_caught_up_with(&one).await;
    other.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    one.replicates(&other).await;

    // Nobody tells the new address yet: the cause is named.
    let error = store.claim(key("after"), LATER, NOW).await.unwrap_err();
    assert_eq!(error.code(), "unavailable");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.to_lowercase().contains("read"), "{cause}");

    // From the first claim on, and for the commit of one that was made before.
    primary.store(other.port, Ordering::Relaxed);
    store.commit(claim).await.unwrap();
    for name in ["before", "during"] {
        assert_eq!(code(&store, name).await, "duplicate");
    }
    assert_eq!(code(&store, "after").await, "processed");
}

/// Sentinel moves the primary twice: once since it is told to, once since the primary is killed.
#[tokio::test]
async fn sentinel_moves_the_primary() {
    let Some(one) = Redis::start() else { return };
    let mut other = Redis::start().unwrap();
    other.replicates(&one).await;
    let port = free_port();
    let folder = one.folder.join("sentinel");
    std::fs::create_dir_all(&folder).unwrap();
    let configuration = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 {} 1\n\
         sentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 2000\n",
        one.port
    );
    std::fs::write(folder.join("sentinel.conf"), configuration).unwrap();
    let mut command = Command::new("redis-sentinel");
    command.arg("sentinel.conf").current_dir(&folder);
    let sentinel = Program::start(command);
    sentinel.line_with("+slave");

    let address = ConnectionAddr::Tcp("127.0.0.1".to_owned(), port);
    let client =
        SentinelClient::build(vec![address], "shop".into(), None, SentinelServerType::Master);
    let client = Arc::new(tokio::sync::Mutex::new(client.unwrap()));
    let store = RedisStore::new(move || {
        let client = Arc::clone(&client);
        async move { client.lock().await.get_async_connection().await }
    });
    assert_eq!(code(&store, "first").await, "processed");
    other.has_caught_up_with(&one).await;

    let ask = Client::open(("127.0.0.1", port)).unwrap();
    let mut ask = ask.get_multiplexed_async_connection().await.unwrap();
    // It takes a while to find the replica good enough.
    let failover = redis::cmd("SENTINEL").arg(&["FAILOVER", "shop"]).clone();
    within(async {
        while failover.query_async::<()>(&mut ask).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    sentinel.line_with("+switch-master");
    // Until the old primary is told, it takes writes that are lost: what Redis promises is no more.
    one.is_replica().await;
    processed_in_the_end(&store, "second").await;
    assert_eq!(code(&store, "first").await, "duplicate");

    sentinel.line_with("+slave");
    one.has_caught_up_with(&other).await;
    other.kill();
    sentinel.line_with("+switch-master");
    assert!(processed_in_the_end(&store, "third").await >= 1);
    for name in ["first", "second", "third"] {
        assert_eq!(code(&store, name).await, "duplicate");
    }
}

#[tokio::test]
async fn a_cluster_of_three_holds_one_part_each() {
    let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
    let Some(first) = Redis::start_with(&options) else { return };
    let nodes = [first, Redis::start_with(&options).unwrap(), Redis::start_with(&options).unwrap()];
    let addresses = nodes.each_ref().map(|node| format!("127.0.0.1:{}", node.port));
    let mut create = Command::new("redis-cli");
    create.args(["--cluster", "create"]).args(&addresses).arg("--cluster-yes");
    assert!(create.output().unwrap().status.success());
    within(async {
        for node in &nodes {
            while !node
                .ask::<String>(&["CLUSTER", "INFO"])
                .await
                .is_ok_and(|info| info.contains("cluster_state:ok"))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await;

    let urls: Vec<_> = addresses.iter().map(|address| format!("redis://{address}")).collect();
    let store = || {
        let client = ClusterClient::new(urls.clone()).unwrap();
        RedisStore::new(move || {
            let client = client.clone();
            async move { client.get_async_connection().await }
        })
    };
    let (one, other) = (store(), store());
    for number in 0..60 {
        let name = number.to_string();
        let claim = one.claim(key(&name), LATER, NOW).await.unwrap();
        assert_eq!(code(&other, &name).await, "in_flight");
        if number % 2 == 0 {
            one.commit(claim).await.unwrap();
            assert_eq!(code(&other, &name).await, "duplicate");
        } else {
            one.release(claim).await;
            assert_eq!(code(&other, &name).await, "processed");
        }
    }
    for node in &nodes {
        assert!(node.ask::<i64>(&["DBSIZE"]).await.unwrap() > 0, "a part each");
    }
}

/// It takes connections and answers nothing. Nobody waits for long, however many there are.
#[tokio::test]
async fn a_frozen_server_is_unavailable_and_no_more() {
    let Some(redis) = Redis::start() else { return };
    let store = redis.store();
    assert_eq!(code(&store, "before").await, "processed");
    redis.signal("STOP");
    let claims: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { code(&store, &number.to_string()).await })
        })
        .collect();
    // A limit for a hang, not a measure: one after the other they would take longer by far.
    let all = async {
        for claim in claims {
            assert_eq!(claim.await.unwrap(), "unavailable");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    redis.signal("CONT");
    processed_in_the_end(&store, "after").await;
    assert_eq!(code(&store, "before").await, "duplicate");
}

/// Connections of which the first loses the answer to its first `SET`.
#[derive(Clone)]
struct Lossy {
    connection: MultiplexedConnection,
    sets: Arc<AtomicUsize>,
    error: std::io::ErrorKind,
}

impl ConnectionLike for Lossy {
    fn req_packed_command<'a>(
        &'a mut self,
        command: &'a redis::Cmd,
    ) -> redis::RedisFuture<'a, Value> {
        Box::pin(async move {
            let answer = self.connection.req_packed_command(command).await;
            let set = command.args_iter().next() == Some(redis::Arg::Simple(b"SET"));
            if set && self.sets.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(std::io::Error::from(self.error).into());
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> redis::RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(commands, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

/// A store over such connections; how many `SET`s were sent, and how many connections made.
fn lossy(redis: &Redis, error: std::io::ErrorKind) -> (impl ReplayStore, [Arc<AtomicUsize>; 2]) {
    let [sets, connects] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let counts = [Arc::clone(&sets), Arc::clone(&connects)];
    let client = redis.client();
    let store = RedisStore::new(move || {
        let (client, sets) = (client.clone(), Arc::clone(&sets));
        connects.fetch_add(1, Ordering::Relaxed);
        async move {
            let connection = client.get_multiplexed_async_connection().await?;
            Ok(Lossy { connection, sets, error })
        }
    });
    (store, counts)
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_a_claim() {
    let Some(redis) = Redis::start() else { return };
    let (store, counts) = lossy(&redis, std::io::ErrorKind::BrokenPipe);
    let claim = store.claim(key("a"), LATER, NOW).await.unwrap();
    assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [2, 2]);
    assert_eq!(code(&redis.store(), "a").await, "in_flight");
    store.commit(claim).await.unwrap();
    assert_eq!(code(&redis.store(), "a").await, "duplicate");
}

#[tokio::test]
async fn a_connection_that_timed_out_is_not_used_again() {
    let Some(redis) = Redis::start() else { return };
    let (store, counts) = lossy(&redis, std::io::ErrorKind::TimedOut);
    let count = || counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    // The vendor waits, so the command is not sent a second time.
    assert_eq!(code(&store, "a").await, "unavailable");
    assert_eq!(count(), [1, 1]);
    assert_eq!(code(&store, "b").await, "processed");
    assert_eq!(count()[1], 2);
}
