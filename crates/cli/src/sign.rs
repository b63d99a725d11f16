//! `trusthooks sign`: the headers that make a request a signed one.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use trusthooks::Timestamp;
use trusthooks_explain::SchemeName;

use crate::{Result, files, send};

/// Print the headers that sign a body
///
/// Secrets come from TRUSTLENS_SECRET, TRUSTOO_PUBLIC_TOKEN, TRUSTOO_PRIVATE_TOKEN and
/// TRUSTOO_CLIENT_SECRET.
#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "it is the help text")]
#[command(after_help = "\
Examples:
  trusthooks sign --scheme trustlens body.json
  trusthooks sign --scheme trustoo-open-api --query 'page=1&page_size=20'
  curl --json @body.json -H \"$(trusthooks sign --scheme trustoo-system body.json)\" http://127.0.0.1:8787/trustoo/system")]
pub(crate) struct Args {
    /// The body, `-` for standard input; none if absent
    body: Option<PathBuf>,

    /// trustlens, trustlens-v1, trustoo-shop, trustoo-system or trustoo-open-api
    #[arg(long)]
    scheme: SchemeName,

    /// The part of the URL after the `?`, which Open API requests sign
    #[arg(long, default_value = "", hide_default_value = true)]
    query: String,

    /// When it is signed, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    now: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<bool> {
    let body = match &args.body {
        Some(path) => files::read(path)?,
        None => Vec::new(),
    };
    let now = args.now.unwrap_or_else(Timestamp::now);
    let signed = send::signed(args.scheme, &args.query, &body, now)?;
    let mut out = io::stdout().lock();
    for (name, value) in signed.iter() {
        writeln!(out, "{name}: {value}")?;
    }
    Ok(true)
}
