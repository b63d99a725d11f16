//! A PostgreSQL server of one test.
//!
//! Where none is installed the tests say so and pass; with `CI` set they fail.
#![allow(dead_code, unreachable_pub, reason = "not every test takes everything")]

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

pub struct Postgres {
    pub port: u16,
    bin: PathBuf,
    folder: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    pub fn start() -> Option<Self> {
        let Some(bin) = binaries() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let folder =
            std::env::temp_dir().join(format!("trusthooks-pg-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut postgres = Self { port, bin, folder, server: None };
        if is_root() {
            assert!(
                Command::new("chown")
                    .arg("postgres")
                    .arg(&postgres.folder)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let mut initdb = postgres.command("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"]);
        assert!(initdb.arg(postgres.data()).output().unwrap().status.success());
        postgres.run();
        Some(postgres)
    }

    /// The server, once it takes connections.
    pub fn run(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-k"]);
        command.arg(&self.folder).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        let ready = || {
            let mut ask = self.command("pg_isready");
            ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ask.status().is_ok_and(|status| status.success())
        };
        for _ in 0..600 {
            if ready() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the server does not start");
    }

    /// All of its processes, on the spot.
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let _ = server.kill();
        let _ = server.wait();
        // The others notice that the first is gone, and end by themselves.
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() || self.shares_memory() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Whether processes of the server are left: a new one does not start beside them.
    fn shares_memory(&self) -> bool {
        let data = self.data();
        let Ok(processes) = std::fs::read_dir("/proc") else { return false };
        processes.flatten().any(|process| {
            std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data)
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The server refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--pdeathsig=KILL",
            ]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// Where Debian has them, the newest first; or beside what is on the path.
fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths: Vec<_> = std::env::split_paths(&paths).collect();
    versions.into_iter().rev().chain(paths).find(|folder| Path::exists(&folder.join("initdb")))
}
