//! The command line: what is asked, and the answer.

use std::{
    env::VarError,
    error::Error,
    ffi::OsString,
    fs,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use lexopt::prelude::*;
use trusthooks::{ReplayWindow, Timestamp};
use trusthooks_explain::{Explainer, Scheme, capture::Capture};

#[cfg(test)]
mod tests;

pub(crate) const USAGE: &str = "\
Says why a captured webhook is refused.

usage: explain --scheme SCHEME --secret-env NAME [options] CAPTURE

  CAPTURE               a request in a file, `-` for standard input: raw HTTP, a curl command,
                        a HAR archive or one entry of it, or headers alone with --body

  --scheme SCHEME       trustlens, trustlens-v1, trustoo-shop, trustoo-system, trustoo-open-api
  --secret-env NAME     the environment variable that holds the secret
  --previous-env NAME   the same for a secret that was in use before; may be repeated
  --public-token TOKEN  take this shop's requests only
  --now SECONDS         when the request arrived, in Unix seconds; the system clock's time if absent
  --window SECONDS      another replay window than the scheme's
  --body FILE           the body, where CAPTURE has the headers alone
  --entry N             which entry of a HAR archive, from 1; the first POST if absent
  --json                the report as JSON

exit status: 0 verified, 1 refused, 2 unusable input";

/// Runs the command; whether the request is verified.
pub(crate) fn run(
    args: impl IntoIterator<Item = impl Into<OsString>>,
    env: impl Fn(&str) -> Result<String, VarError>,
    colored: bool,
    out: &mut impl Write,
) -> Result<bool, Box<dyn Error>> {
    let Some(options) = Options::read(args)? else {
        writeln!(out, "{USAGE}")?;
        return Ok(true);
    };
    let secret = |name: &str| match env(name) {
        Ok(secret) if secret.is_empty() => Err(format!("{name} is empty")),
        Ok(secret) => Ok(secret),
        Err(VarError::NotPresent) => Err(format!("{name} is not set")),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    };
    let capture = options.capture()?;
    let mut explainer =
        Explainer::new(options.scheme, secret(&options.secret_env)?)?.query(&*capture.query);
    for name in &options.previous_env {
        explainer = explainer.previous(secret(name)?);
    }
    if let Some(token) = &options.public_token {
        explainer = explainer.public_token(&**token);
    }
    if let Some(window) = options.window {
        explainer = explainer.with_window(ReplayWindow::symmetric(window));
    }

    let now = options.now.unwrap_or_else(Timestamp::now);
    let report = explainer.explain(&capture.headers, &capture.body, now);
    if options.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else if colored {
        writeln!(out, "{}", report.colored())?;
    } else {
        writeln!(out, "{report}")?;
    }
    Ok(report.verdict().is_ok())
}

struct Options {
    scheme: Scheme,
    secret_env: String,
    previous_env: Vec<String>,
    public_token: Option<String>,
    now: Option<Timestamp>,
    window: Option<Duration>,
    body: Option<PathBuf>,
    entry: Option<usize>,
    json: bool,
    file: PathBuf,
}

impl Options {
    /// `None` where help is asked for.
    fn read(
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        let (mut scheme, mut secret_env, mut file) = (None, None, None);
        let (mut previous_env, mut public_token) = (Vec::new(), None);
        let (mut now, mut window, mut body, mut entry, mut json) = (None, None, None, None, false);
        let mut args = lexopt::Parser::from_args(args);
        while let Some(arg) = args.next()? {
            match arg {
                Long("scheme") => scheme = Some(args.value()?.parse()?),
                Long("secret-env") => secret_env = Some(args.value()?.string()?),
                Long("previous-env") => previous_env.push(args.value()?.string()?),
                Long("public-token") => public_token = Some(args.value()?.string()?),
                Long("now") => now = Some(args.value()?.parse()?),
                Long("window") => window = Some(Duration::from_secs(args.value()?.parse()?)),
                Long("body") => body = Some(args.value()?.into()),
                Long("entry") => entry = Some(args.value()?.parse()?),
                Long("json") => json = true,
                Long("help") | Short('h') => return Ok(None),
                Value(path) if file.is_none() => file = Some(path.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(Self {
            scheme: scheme.ok_or("--scheme is missing; see --help")?,
            secret_env: secret_env.ok_or("--secret-env is missing; see --help")?,
            file: file.ok_or("CAPTURE is missing; see --help")?,
            previous_env,
            public_token,
            now,
            window,
            body,
            entry,
            json,
        }))
    }

    fn capture(&self) -> Result<Capture, Box<dyn Error>> {
        let shown = self.file.display();
        let text = read(&self.file)?;
        match &self.body {
            Some(body) => Capture::from_parts(&text, read(body)?),
            None => Capture::read(&text, self.entry, |path| read(Path::new(path))),
        }
        .map_err(|error| format!("{shown}: {error}").into())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|error| format!("{}: {error}", path.display()))
}
