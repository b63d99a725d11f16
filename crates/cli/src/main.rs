//! Webhooks of TrustLens and Trustoo: explained, sent, recorded.

mod explain;
mod send;
use std::{
    env,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    match args.next().as_ref().and_then(|name| name.to_str()) {
        Some("explain") => {
            let colored = io::stdout().is_terminal()
                && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            let mut out = io::stdout().lock();
            match explain::run(args, |name| env::var(name), colored, &mut out) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::from(1),
                Err(error) => {
                    let _ = writeln!(io::stderr(), "explain: {error}");
                    ExitCode::from(2)
                }
            }
        }
        Some("send") => send::start(args.collect()),
        _ => ExitCode::from(2),
    }
}
