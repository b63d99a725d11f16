//! Secrets that are replaced under load, in the program that is the example.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use trusthooks::{Secret, Timestamp, trustoo::shop};

const BODY: &[u8] = br#"{"event":"review/deleted","shop_id":"1","data":{"id":"2"}}"#;
const ROUNDS: usize = 25;

struct Receiver {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Receiver {
    fn start(file: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trusthooks-rotation"));
        let mut child =
            command.arg(file).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, lines, port }
    }

    /// Has it load its file again, and gives what it says of it.
    fn reload(&mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The status of the answer to a delivery that was signed with this secret.
fn deliver(port: u16, secret: &str) -> u16 {
    let signer = shop::Signer::new("public", Secret::new(secret).unwrap());
    let mut head = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n",
        BODY.len()
    );
    for (name, value) in signer.sign_at(BODY, Timestamp::now()).iter() {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(&[head.as_bytes(), b"\r\n", BODY].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn secrets_are_replaced_under_load_without_a_wrong_verdict() {
    let file = std::env::temp_dir().join(format!("rotation-{}.json", std::process::id()));
    let write = |secrets: &[String]| {
        fs::write(&file, serde_json::json!({ "public": secrets, "another": ["x"] }).to_string())
            .unwrap();
    };
    let named = |round: usize| format!("secret {round}");
    write(&[named(0)]);
    let mut receiver = Receiver::start(file.to_str().unwrap());
    let port = receiver.port;

    // Which secret the vendor signs with. Held while a delivery is on its way.
    let current = RwLock::new(0_usize);
    let done = AtomicBool::new(false);
    let delivered = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let round = current.read().unwrap();
                    // Nobody signs with the one after the next yet, nor with the one before the
                    // last any more.
                    let before = round.checked_sub(2).map(|round| (round, 401));
                    for (signed, expected) in
                        [(*round, 200), (*round + 2, 401)].into_iter().chain(before)
                    {
                        let status = deliver(port, &named(signed));
                        if status != expected {
                            wrong.lock().unwrap().push((*round, signed, status));
                        }
                    }
                    delivered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 1..=ROUNDS {
            write(&[named(round), named(round - 1)]);
            assert_eq!(receiver.reload(), "loaded 2 shops");
            *current.write().unwrap() = round;
            if round % 5 == 0 {
                // Half a file is none.
                fs::write(&file, r#"{"public": ["#).unwrap();
                assert!(receiver.reload().starts_with("kept what there was"));
            }
            write(&[named(round)]);
            assert_eq!(receiver.reload(), "loaded 2 shops");
            let before = delivered.load(Ordering::SeqCst);
            while delivered.load(Ordering::SeqCst) < before + 3 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(wrong.into_inner().unwrap(), [], "round, signed with, status");
    assert!(delivered.into_inner() >= 3 * ROUNDS);
    fs::remove_file(file).unwrap();
}
