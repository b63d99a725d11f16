//! Programs that a test starts and that do not outlive it.
#![allow(dead_code, unreachable_pub, reason = "not every test takes everything")]

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

pub struct Program {
    child: Child,
    lines: mpsc::Receiver<String>,
    read: RefCell<Vec<String>>,
}

impl Program {
    /// Starts a program and reads what it prints.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, read: RefCell::default() }
    }

    /// Waits for a line with this text in it.
    pub fn line_with(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30)).expect(text);
            self.read.borrow_mut().push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// What was read up to the last line that was waited for.
    pub fn lines_so_far(&self) -> Vec<String> {
        self.read.borrow().clone()
    }

    /// The port at the end of the line that says where it listens.
    pub fn port(&self) -> u16 {
        let line = self.line_with("listening");
        line.rsplit(':').next().unwrap().trim().parse().expect(&line)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    /// Waits for its end; whether that was a good one.
    pub fn succeeds(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Kills it on the spot.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An example, by `env!("CARGO_BIN_EXE_…")`, without the variables of whoever runs the test.
pub fn example(program: &str) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars() {
        if variable.starts_with("TRUST") || ["LOG", "LISTEN", "REDIS_URL"].contains(&&*variable) {
            command.env_remove(variable);
        }
    }
    command.env("LISTEN", "127.0.0.1:0").env("NO_COLOR", "1");
    command
}
