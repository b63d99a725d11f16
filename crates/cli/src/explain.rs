//! `trusthooks explain`: why a captured request is refused.

use std::{env::VarError, io::Write, path::PathBuf, time::Duration};

use serde_json::json;
use trusthooks::{ReplayWindow, Timestamp};
use trusthooks_explain::{
    Explainer, Report, SchemeName, Strings,
    capture::{Capture, Reader},
};

use crate::{
    Result, files,
    terminal::{Paint, Visible},
};

/// Say why a captured webhook is refused
///
/// Exits with 0 for a genuine request, 1 for one that is refused, 2 for input that cannot be used.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  trusthooks explain --secret-env TRUSTLENS_SECRET capture.http
  trusthooks explain --secret-env TRUSTLENS_SECRET --now 1780000000 --show request.curl
  pbpaste | trusthooks explain --scheme trustoo-shop --secret-env TRUSTOO_PRIVATE_TOKEN -")]
pub(crate) struct Args {
    /// A captured request, `-` for standard input: raw HTTP, a curl command, a HAR archive, other
    /// JSON with headers and a body, or headers alone with --body
    capture: PathBuf,

    /// trustlens, trustlens-v1, trustoo-shop, trustoo-system or trustoo-open-api; found by the
    /// headers if absent
    #[arg(long)]
    scheme: Option<SchemeName>,

    /// The environment variable that holds the secret
    #[arg(long, value_name = "VAR")]
    secret_env: String,

    /// The same for a secret that was in use before; may be repeated
    #[arg(long, value_name = "VAR")]
    previous_env: Vec<String>,

    /// Take this shop's requests only
    #[arg(long, value_name = "TOKEN")]
    public_token: Option<String>,

    /// When the request arrived, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    now: Option<Timestamp>,

    /// Another replay window than the scheme's
    #[arg(long, value_name = "SECONDS")]
    window: Option<u64>,

    /// The body, where the capture has the headers alone
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,

    /// Which request of several, from 1 [default: the first with a signature]
    #[arg(long, value_name = "N")]
    entry: Option<usize>,

    /// Open the files that a curl command names with `@`
    #[arg(long)]
    files: bool,

    /// Show what is signed, and where it differs; it holds the body
    #[arg(long)]
    show: bool,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command; whether the request is verified.
pub(crate) fn run(
    args: &Args,
    env: impl Fn(&str) -> std::result::Result<String, VarError>,
    is_colored: bool,
    out: &mut impl Write,
) -> Result<bool> {
    let report = match report(args, env) {
        Ok(report) => report,
        Err(error) => {
            if args.json {
                writeln!(out, "{:#}", json!({ "error": error.to_string() }))?;
            }
            return Err(error);
        }
    };
    if args.json {
        let mut json = serde_json::to_value(&report)?;
        if let Some(strings) = report.strings().filter(|_| args.show) {
            json["strings"] = as_json(strings);
        }
        writeln!(out, "{json:#}")?;
    } else {
        if is_colored {
            writeln!(out, "{}", report.colored())?;
        } else {
            writeln!(out, "{report}")?;
        }
        if let Some(strings) = report.strings().filter(|_| args.show) {
            show(strings, Paint(is_colored), out)?;
        }
    }
    Ok(report.verdict().is_ok())
}

fn report(
    args: &Args,
    env: impl Fn(&str) -> std::result::Result<String, VarError>,
) -> Result<Report> {
    let secret = |name: &str| match env(name) {
        Ok(secret) if secret.is_empty() => Err(format!("{name} is empty")),
        Ok(secret) => Ok(secret),
        Err(VarError::NotPresent) => Err(format!("{name} is not set")),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    };
    let current = secret(&args.secret_env)?;
    let previous: Vec<_> =
        args.previous_env.iter().map(|name| secret(name)).collect::<std::result::Result<_, _>>()?;
    let capture = capture(args)?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let explain = |scheme: SchemeName| -> Result<Report> {
        let mut explainer = Explainer::new(scheme, &current)?;
        for secret in &previous {
            explainer = explainer.previous(secret);
        }
        if let Some(token) = &args.public_token {
            explainer = explainer.public_token(&**token);
        }
        if let Some(window) = args.window {
            explainer = explainer.with_window(ReplayWindow::symmetric(Duration::from_secs(window)));
        }
        Ok(explainer.explain_capture(&capture, now))
    };
    if let Some(scheme) = args.scheme {
        return explain(scheme);
    }
    let unknown = || {
        let names: Vec<_> = capture.headers.iter().take(12).map(|(name, _)| &**name).collect();
        format!(
            "no header of the capture is a signature of TrustLens or Trustoo; it has {}. If one was \
             dropped or renamed, name the scheme with --scheme",
            names.join(", ")
        )
    };
    match SchemeName::of(&capture.headers).ok_or_else(unknown)? {
        // A request of today that lost its time looks the same as one of before 1.2.3.
        SchemeName::TrustLensV1 => match explain(SchemeName::TrustLensV1)? {
            report if report.verdict().is_ok() => Ok(report),
            _ => explain(SchemeName::TrustLens),
        },
        scheme => explain(scheme),
    }
}

fn capture(args: &Args) -> Result<Capture> {
    let text = files::read(&args.capture)?;
    let open = |path: &str| files::read(path.as_ref());
    let mut reader = Reader::new();
    if let Some(entry) = args.entry {
        reader = reader.entry(entry);
    }
    if let Some(body) = &args.body {
        reader = reader.body(files::read(body)?);
    }
    if args.files {
        reader = reader.files(&open);
    }
    let shown = Visible(args.capture.as_os_str().as_encoded_bytes());
    reader.read(&text).map_err(|error| format!("{shown}: {error}").into())
}

fn as_json(strings: &Strings) -> serde_json::Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    json!({
        "expected": text(&strings.expected),
        "signed": strings.signed.as_deref().map(text),
        "differ_at": strings.difference(),
    })
}

/// Prints the string that should be signed, and marks where the one that was signed differs.
fn show(strings: &Strings, paint: Paint, out: &mut impl Write) -> Result<()> {
    /// So much is shown ahead of a difference, and after it.
    const AROUND: usize = 40;
    let label = |text: &str| paint.faint(text);
    writeln!(out, "\n{}  {}", label("by the rules"), Visible(&strings.expected))?;
    let Some(signed) = &strings.signed else { return Ok(()) };
    writeln!(out, "{}        {}", label("signed"), Visible(signed))?;
    let Some(at) = strings.difference() else { return Ok(()) };
    writeln!(out, "\nThey differ from byte {at} on:")?;
    for (name, text) in [("by the rules", &strings.expected), ("signed      ", signed)] {
        let start = at.saturating_sub(AROUND);
        let before = text.get(start..at).unwrap_or_default();
        let after = text.get(at..text.len().min(at.saturating_add(AROUND))).unwrap_or_default();
        let dots = if start > 0 { "…" } else { "" };
        let after =
            if after.is_empty() { "(the end)".to_owned() } else { Visible(after).to_string() };
        writeln!(out, "{}  {dots}{}{}", label(name), Visible(before), paint.strong(&after))?;
    }
    Ok(())
}
