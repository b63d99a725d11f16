//! A receiver that stores what it verified, acknowledges, and works later.
//!
//! ```text
//! TRUSTLENS_SECRET=… cargo run                # receives and works
//! cargo run receive                           # receives
//! cargo run work                              # works
//! cargo run failed                            # lists what was put aside
//! cargo run show 17                           # prints the body of one
//! cargo run retry 17                          # tries it again; `retry all`
//! ```
//!
//! | variable | meaning |
//! |---|---|
//! | `TRUSTLENS_SECRET` | serves `POST /trustlens` |
//! | `TRUSTOO_PRIVATE_TOKEN` | serves `POST /trustoo/shop` |
//! | `TRUSTOO_CLIENT_SECRET` | serves `POST /trustoo/system` |
//! | `DATABASE_URL` | PostgreSQL, for several machines |
//! | `INBOX` | otherwise this `SQLite` file, `inbox.sqlite` by default |
//! | `LISTEN` | address, 127.0.0.1:8787 by default |
//! | `WORKERS` | how many work at a time, 2 by default |
//! | `PAUSE_MS` | the pause after the first failure, 10,000 by default; it doubles up to an hour |
//!
//! Every part can die at any moment. A delivery is acknowledged only when it is stored; the work and
//! the mark that it is done are one transaction; what fails ten times is put aside and not lost.

use std::{env, error::Error, io::Write as _, process::ExitCode, sync::Arc, time::Duration};

mod receive;
mod store;
mod work;

use store::{Store, postgres::Postgres, sqlite::Sqlite};

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match variable("DATABASE_URL") {
        Some(url) => run::<Postgres>(&url, &arguments),
        None => {
            let path = variable("INBOX").unwrap_or_else(|| "inbox.sqlite".to_owned());
            run::<Sqlite>(&path, &arguments)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run<S: Store>(address: &str, arguments: &[&str]) -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let store = Arc::new(S::open(address)?);
    match arguments {
        [] => {
            start_workers::<S>(address)?;
            runtime.block_on(receive::serve(store))
        }
        ["receive"] => runtime.block_on(receive::serve(store)),
        ["work"] => {
            start_workers::<S>(address)?;
            println!("working");
            Ok(runtime.block_on(tokio::signal::ctrl_c())?)
        }
        ["failed"] => {
            for row in runtime.block_on(store.failed())? {
                println!("{}\t{}\t{} times\t{}", row.id, row.endpoint, row.attempts, row.error);
            }
            Ok(())
        }
        ["show", which] => {
            let body = runtime.block_on(store.body(id(which)?))?;
            let body = body.ok_or("no delivery of this number was put aside")?;
            Ok(std::io::stdout().write_all(&body)?)
        }
        ["retry", which] => {
            let id = if *which == "all" { None } else { Some(id(which)?) };
            let count = runtime.block_on(store.retry(id))?;
            println!("{count} to try again");
            Ok(())
        }
        _ => Err("usage: inbox [receive | work | failed | show ID | retry ID | retry all]".into()),
    }
}

fn id(text: &str) -> Result<i64, BoxError> {
    text.parse().map_err(|_| format!("`{text}` is not a number").into())
}

/// Each with a connection and a thread of its own.
fn start_workers<S: Store>(address: &str) -> Result<(), BoxError> {
    let workers: usize = parsed("WORKERS", 2)?;
    let pause = Duration::from_millis(parsed("PAUSE_MS", 10_000)?);
    for _ in 0..workers {
        let store = S::open(address)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || runtime.block_on(work::run(&store, pause)));
    }
    Ok(())
}

fn parsed<T: std::str::FromStr>(name: &str, default: T) -> Result<T, BoxError> {
    let Some(text) = variable(name) else { return Ok(default) };
    text.parse().map_err(|_| format!("{name} is not a number").into())
}

/// An empty variable is one that is not set.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// An error with what caused it.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
