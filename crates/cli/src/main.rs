//! Webhooks of TrustLens and Trustoo: explained, sent, recorded, signed.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

mod client;
mod explain;
mod files;
mod record;
mod secrets;
mod send;
mod sign;
mod terminal;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Explains, sends, records and signs webhooks of TrustLens and Trustoo.
#[derive(Parser)]
#[command(name = "trusthooks", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Explain(explain::Args),
    Send(send::Args),
    Record(record::Args),
    Sign(sign::Args),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  trusthooks completions bash > ~/.local/share/bash-completion/completions/trusthooks"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The exit status that `sh` gives a program whose pipe was closed.
const BROKEN_PIPE: u8 = 141;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Explain(args) => {
            let env = |name: &str| env::var(name);
            explain::run(&args, env, terminal::is_colored(), &mut io::stdout().lock())
        }
        Command::Send(args) => with_runtime(send::run(args)),
        Command::Sign(args) => sign::run(&args),
        Command::Record(args) => with_runtime(record::run(args)),
        Command::Completions { shell } => completions(shell),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&*error) => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            // Nothing is left to do where standard error is closed too.
            let _ = writeln!(io::stderr(), "trusthooks: {error}");
            ExitCode::from(2)
        }
    }
}

fn with_runtime(run: impl Future<Output = Result<bool>>) -> Result<bool> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run)
}

fn completions(shell: Shell) -> Result<bool> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trusthooks", &mut script);
    io::stdout().write_all(&script)?;
    Ok(true)
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
