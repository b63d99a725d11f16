//! Says why a captured webhook is refused:
//!
//! ```text
//! TRUSTLENS_SECRET=… cargo run --example explain -- \
//!     --scheme trustlens --secret-env TRUSTLENS_SECRET capture.http
//! ```
//!
//! See `--help` for the options, and `tests/captures` for what a capture may look like.

use std::{
    env,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

mod capture;
mod cli;

fn main() -> ExitCode {
    let colored =
        io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    let mut out = io::stdout().lock();
    match cli::run(env::args_os().skip(1), |name| env::var(name), colored, &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Nothing is left to do where standard error is closed too.
            let _ = writeln!(io::stderr(), "explain: {error}");
            ExitCode::from(2)
        }
    }
}
