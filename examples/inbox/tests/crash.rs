//! Receiver and workers killed with SIGKILL at random moments, while deliveries and their retries
//! come in and a third of the work fails: every effect is there once, none lost, none twice.
//!
//! ```text
//! DELIVERIES=10000 cargo test --release --test crash -- --nocapture --test-threads 1
//! ```

#[path = "../../../tests/common/postgres.rs"]
mod postgres_server;
#[path = "../../../tests/common/server.rs"]
mod server;

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use postgres_server::Postgres;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::Semaphore, time::sleep};
use trusthooks::{
    Secret, SignedHeaders, Timestamp, trustlens,
    trustoo::{shop, system},
};

/// The processes of one inbox, and how they are started.
struct Inbox {
    variables: Vec<(&'static str, String)>,
    port: u16,
    receiver: Mutex<Child>,
    worker: Mutex<Child>,
}

impl Inbox {
    fn start(database: (&'static str, String)) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let secrets = ["TRUSTLENS_SECRET", "TRUSTOO_PRIVATE_TOKEN", "TRUSTOO_CLIENT_SECRET"];
        let mut variables: Vec<_> = secrets.map(|name| (name, "a secret".to_owned())).into();
        variables.push(("LISTEN", format!("127.0.0.1:{port}")));
        variables.extend([("CHAOS", "3".to_owned()), ("PAUSE_MS", "20".to_owned()), database]);
        let spawn = |what| Mutex::new(command(&variables, &[what]).spawn().unwrap());
        let (receiver, worker) = (spawn("receive"), spawn("work"));
        Self { variables, port, receiver, worker }
    }

    /// Kills it on the spot and starts it again.
    fn kill(&self, what: &str) {
        let mut child = if what == "work" { &self.worker } else { &self.receiver }.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        *child = command(&self.variables, &[what]).spawn().unwrap();
    }

    /// The output of a command.
    fn run(&self, arguments: &[&str]) -> String {
        let output = command(&self.variables, arguments).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        for child in [&self.receiver, &self.worker] {
            let mut child = child.lock().unwrap();
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(variables: &[(&str, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inbox"));
    command.args(arguments).env_clear().envs(variables.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn chance(bound: u64) -> u64 {
    RandomState::new().hash_one(0) % bound
}

/// A third for each endpoint. A retry is re-signed, and says the same otherwise.
fn request(number: usize, attempt: u64) -> Vec<u8> {
    let secret = Secret::new("a secret").unwrap();
    let now = Timestamp::now();
    let sent = |path: &str, signed: &SignedHeaders, body: &str| {
        let request = server::post(signed, body.as_bytes());
        [format!("POST {path}").as_bytes(), &request[b"POST /".len()..]].concat()
    };
    match number % 3 {
        0 => {
            let body = format!(
                r#"{{"event":"score_updated","delivery_id":"{number}","timestamp":{attempt},"rule":{{}},"data":{{"customer":{{"email_hash":"{number}"}}}}}}"#
            );
            let signed = trustlens::Signer::new(secret).sign_at(body.as_bytes(), now);
            sent("/trustlens", &signed, &body)
        }
        1 => {
            let body =
                format!(r#"{{"event":"review/created","shop_id":"1","data":{{"id":"{number}"}}}}"#);
            let signed = shop::Signer::new("public", secret).sign_at(body.as_bytes(), now);
            sent("/trustoo/shop", &signed, &body)
        }
        _ => {
            let body = format!(
                r#"{{"event":"app/authorized","shop_id":{number},"timestamp":1780000000}}"#
            );
            let signed = system::Signer::new(secret).sign_at(body.as_bytes(), now);
            sent("/trustoo/system", &signed, &body)
        }
    }
}

/// The status of the answer; 0 where there is none.
async fn status(port: u16, request: &[u8]) -> u16 {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(request).await?;
        std::io::Result::Ok(server::answer(&mut stream).await.status)
    };
    let exchanged = tokio::time::timeout(Duration::from_secs(10), exchange).await;
    exchanged.map_or(0, Result::unwrap_or_default)
}

struct Figures {
    requests: usize,
    refused: usize,
    kills: usize,
    put_aside: usize,
}

/// Sends everything, up to 50 at a time. Kills at the first delivery, and then after at most 79 more.
async fn storm(inbox: Inbox) -> (Inbox, Figures) {
    let inbox = Arc::new(inbox);
    let (requests, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (mut kills, mut next_kill) = (0, 0);
    let at_a_time = Arc::new(Semaphore::new(50));
    let mut senders = Vec::new();
    for number in 0..deliveries() {
        let permit = Arc::clone(&at_a_time).acquire_owned().await.unwrap();
        let (requests, refused) = (Arc::clone(&requests), Arc::clone(&refused));
        let port = inbox.port;
        senders.push(tokio::spawn(async move {
            // Sometimes the vendor does not hear the answer, and sends again.
            let mut wanted = 1 + u64::from(chance(5) == 0) + u64::from(chance(25) == 0);
            let mut attempt = 1_780_000_000;
            while wanted > 0 {
                attempt += 1;
                requests.fetch_add(1, Ordering::Relaxed);
                match status(port, &request(number, attempt)).await {
                    200 | 204 => wanted -= 1,
                    0 | 503 => {
                        refused.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_millis(20 + chance(50))).await;
                    }
                    other => panic!("answered {other}"),
                }
            }
            drop(permit);
        }));
        if number == next_kill {
            let inbox = Arc::clone(&inbox);
            let what = if chance(2) == 0 { "work" } else { "receive" };
            tokio::task::spawn_blocking(move || inbox.kill(what)).await.unwrap();
            kills += 1;
            next_kill += 20 + usize::try_from(chance(60)).unwrap();
        }
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let inbox = Arc::into_inner(inbox).unwrap();
    let (requests, refused) = (requests.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
    (inbox, Figures { requests, refused, kills, put_aside: 0 })
}

fn deliveries() -> usize {
    std::env::var("DELIVERIES").map_or(300, |text| text.parse().unwrap())
}

/// The effects that there must be.
fn expected() -> HashSet<(String, String)> {
    let endpoints = ["/trustlens", "/trustoo/shop", "/trustoo/system"];
    (0..deliveries()).map(|number| (endpoints[number % 3].to_owned(), number.to_string())).collect()
}

/// How many wait, how many were put aside, and each effect.
type State = (i64, i64, Vec<(String, String)>);

/// Lets it work to the end, tries again what was put aside, and compares.
async fn check(name: &str, inbox: Inbox, mut figures: Figures, state: impl AsyncFn() -> State) {
    let start = Instant::now();
    let mut before = 0;
    let effects = loop {
        let (waiting, failed, effects) = state().await;
        if waiting == 0 && failed == 0 {
            break effects;
        }
        // Workers go on being killed, as long as they get something done in between.
        if waiting > 0 && effects.len() > before + 50 {
            before = effects.len();
            inbox.kill("work");
            figures.kills += 1;
        }
        if waiting == 0 {
            let failed = usize::try_from(failed).unwrap();
            assert_eq!(inbox.run(&["failed"]).lines().count(), failed);
            assert_eq!(inbox.run(&["retry", "all"]), format!("{failed} to try again\n"));
            figures.put_aside += failed;
        }
        assert!(start.elapsed() < Duration::from_secs(900), "{waiting} still wait");
        sleep(Duration::from_millis(300)).await;
    };
    let Figures { requests, refused, kills, put_aside } = figures;
    println!(
        "{name}: {} deliveries in {requests} requests, {refused} of them without success; \
         {kills} kills; {put_aside} put aside and tried again; {} effects",
        deliveries(),
        effects.len()
    );
    let different: HashSet<_> = effects.iter().cloned().collect();
    assert_eq!(effects.len(), different.len(), "some are there twice");
    assert_eq!(different, expected(), "some are lost");
    assert!(kills > 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let path = std::env::temp_dir().join(format!("inbox-{}.sqlite", std::process::id()));
    let database = ("INBOX", path.to_str().unwrap().to_owned());
    let (inbox, figures) = storm(Inbox::start(database)).await;
    let state = async || {
        let database = rusqlite::Connection::open(&path).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        let count = |state: &str| {
            let count = "SELECT count(*) FROM inbox WHERE state = ?1";
            database.query_row(count, [state], |row| row.get(0)).unwrap()
        };
        let mut effects = database.prepare("SELECT endpoint, subject FROM journal").unwrap();
        let effects = effects.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let effects = effects.collect::<Result<_, _>>().unwrap();
        (count("waiting"), count("failed"), effects)
    };
    check("SQLite", inbox, figures, state).await;
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let database = ("DATABASE_URL", postgres.url());
    let (inbox, figures) = storm(Inbox::start(database)).await;
    let (client, connection) =
        tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let state = async || {
        let count = "SELECT count(*) FILTER (WHERE state = 'waiting'),
                 count(*) FILTER (WHERE state = 'failed') FROM inbox";
        let counts = client.query_one(count, &[]).await.unwrap();
        let effects = client.query("SELECT endpoint, subject FROM journal", &[]).await.unwrap();
        let effects = effects.iter().map(|row| (row.get(0), row.get(1))).collect();
        (counts.get(0), counts.get(1), effects)
    };
    check("PostgreSQL", inbox, figures, state).await;
}
