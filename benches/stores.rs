//! The stores that machines share, beside the least that their servers must do for it.
//!
//! ```text
//! cargo bench -p trusthooks-stores
//! ```
//!
//! Starts a Redis and a PostgreSQL of its own, and takes turns over one connection.

#[path = "../tests/common/postgres.rs"]
mod postgres_server;
#[path = "../tests/common/process.rs"]
mod process;

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use postgres_server::Postgres;
use process::Program;
use redis::{Client, aio::MultiplexedConnection};
use tokio_postgres::NoTls;
use trusthooks::{
    ReplayKey, ReplayStore as _, Timestamp,
    postgres::{self, Claimed},
    redis::RedisStore,
    replay::Retention,
};

const ROUNDS: u64 = 2_000;
const LATER: Retention = Retention::span(Duration::from_secs(300));

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn print(name: &str, ours: Vec<Duration>, least: Vec<Duration>) {
    let (ours, least) = (median(ours), median(least));
    let ratio = ours.as_secs_f64() / least.as_secs_f64();
    println!("| {name} | {ratio:.2} | {ours:.1?} | {least:.1?} |");
}

async fn set(connection: &mut MultiplexedConnection, round: u64) {
    let mut command = redis::cmd("SET");
    command.arg(round).arg(1).arg("PX").arg(300_000);
    command.query_async::<()>(connection).await.unwrap();
}

/// Claim and commit, beside two `SET`s.
async fn redis() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    let server = Program::start(command);
    server.line_with("Ready to accept connections");
    let client = Client::open(("127.0.0.1", port)).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let store = RedisStore::new(client);

    let (mut ours, mut least) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let key = ReplayKey::derive([round.to_be_bytes()]);
        let start = Instant::now();
        let claim = store.claim(key, LATER, Timestamp::now()).await.expect("new");
        store.commit(claim).await.expect("there");
        ours.push(start.elapsed());
        let start = Instant::now();
        set(&mut connection, round).await;
        set(&mut connection, round).await;
        least.push(start.elapsed());
    }
    print("Redis: claim and commit, to two `SET`s", ours, least);
}

/// A transaction that claims and works, beside one that only works.
async fn postgres() {
    let server = Postgres::start().expect("PostgreSQL");
    let (mut client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(postgres::SCHEMA).await.unwrap();
    client.batch_execute("CREATE TABLE work (id bigint PRIMARY KEY)").await.unwrap();
    let work = client.prepare("INSERT INTO work VALUES ($1)").await.unwrap();

    let until = Timestamp::from_unix(Timestamp::now().as_unix() + 300);
    let (mut ours, mut least) = (Vec::new(), Vec::new());
    for round in 0..i64::try_from(ROUNDS).unwrap() {
        let key = ReplayKey::derive([round.to_be_bytes()]);
        let start = Instant::now();
        let transaction = client.transaction().await.unwrap();
        assert_eq!(postgres::claim(&transaction, key, until).await.unwrap(), Claimed::New);
        transaction.execute(&work, &[&(2 * round)]).await.unwrap();
        transaction.commit().await.unwrap();
        ours.push(start.elapsed());
        let start = Instant::now();
        let transaction = client.transaction().await.unwrap();
        transaction.execute(&work, &[&(2 * round + 1)]).await.unwrap();
        transaction.commit().await.unwrap();
        least.push(start.elapsed());
    }
    print("PostgreSQL: a transaction with a claim, to one without", ours, least);
}

#[tokio::main]
async fn main() {
    // Not where `cargo test` only wants to see it compile.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("| | ratio | with | without |");
    println!("|---|---|---|---|");
    redis().await;
    postgres().await;
}
