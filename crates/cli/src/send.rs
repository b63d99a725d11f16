//! `trusthooks send`: deliveries as the vendors make them, whole or broken on purpose, and a judgement
//! of what a receiver answers.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use bytes::Bytes;
use http::Uri;
use serde_json::json;
use trusthooks::{SignedHeaders, Timestamp};
use trusthooks_explain::{SchemeName, capture::Reader};

use self::{
    delivery::{Account, Delivery, events},
    fault::{FAULTS, Fault},
    judge::{Case, Expected, Severity, Tally},
};
use crate::{
    Result,
    client::{Answer, Host},
    files, secrets,
    terminal::{self, Paint, Visible},
};

mod delivery;
mod fault;
mod judge;
#[cfg(test)]
mod tests;

/// Send webhooks as TrustLens and Trustoo do, and judge a receiver's answers
///
/// With `--fault all` it sends every sample event, each again as a retry, and every forgery, and ends
/// with a summary. Secrets come from TRUSTLENS_SECRET, TRUSTOO_PUBLIC_TOKEN, TRUSTOO_PRIVATE_TOKEN and
/// TRUSTOO_CLIENT_SECRET. Exits with 0 where every answer is right, 1 where one is not, 2 where nothing
/// could be sent.
#[derive(clap::Args)]
#[allow(clippy::doc_markdown, clippy::struct_excessive_bools, reason = "help text and flags")]
#[command(after_help = "\
Examples:
  trusthooks send                                   a genuine test event to 127.0.0.1:8787
  trusthooks send --fault all http://localhost:3000
  trusthooks send --scheme trustoo-shop --event review/created http://localhost:3000/hooks
  trusthooks send --again captures/0001.http --sign http://localhost:3000")]
pub(crate) struct Args {
    /// Where the receiver is; without a path, the scheme's is added: /trustlens, /trustlens/v1,
    /// /trustoo/shop, /trustoo/system
    #[arg(default_value = "http://127.0.0.1:8787")]
    url: Uri,

    /// trustlens, trustlens-v1, trustoo-shop or trustoo-system
    #[arg(long)]
    scheme: Option<SchemeName>,

    /// A sample event of the scheme, or `list`
    #[arg(long, value_name = "NAME")]
    event: Option<String>,

    /// Break the delivery in a named way; `list` names them, `all` sends all of them
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// Judge by the statuses of this crate, and oddly written deliveries too
    #[arg(long)]
    strict: bool,

    /// A URL whose answer is the number of deliveries that the receiver has processed, to see
    /// whether duplicates are
    #[arg(long, value_name = "URL")]
    runs: Option<Uri>,

    /// Send again on the vendor's schedule, with a fresh signature, until the delivery is taken
    #[arg(long, conflicts_with = "fault")]
    retry: bool,

    /// The same on a schedule so many times as long; 0.001 to try it
    #[arg(long, value_name = "FACTOR", conflicts_with = "fault")]
    retry_scale: Option<f64>,

    /// Send a captured request once more, as it was
    #[arg(long, value_name = "CAPTURE", conflicts_with_all = ["fault", "event", "retry", "retry_scale"])]
    again: Option<PathBuf>,

    /// With --again: sign it afresh, at the current time
    #[arg(long, requires = "again")]
    sign: bool,

    /// Wait so long for an answer [default: as the vendor, 10 s for TrustLens and 5 s for Trustoo]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,

    /// Send to other hosts than this one
    #[arg(long)]
    allow_remote: bool,

    /// Print what was sent and answered as JSON
    #[arg(long)]
    json: bool,
}

/// Those that are tried where none is named. Version 1 of TrustLens has to be asked for.
const SCHEMES: [SchemeName; 3] =
    [SchemeName::TrustLens, SchemeName::TrustooShop, SchemeName::TrustooSystem];

/// So many deliveries without an answer, one after another, and the rest is not sent.
const MAX_SILENCE: usize = 3;

/// Runs the command; whether every answer is right.
pub(crate) async fn run(args: Args) -> Result<bool> {
    if args.scheme == Some(SchemeName::TrustooOpenApi) && args.again.is_none() {
        return Err("trustoo-open-api is no webhook: the vendor does not send it".into());
    }
    let is_number = |number: f64| (0.0..=100_000.0).contains(&number);
    if ![args.retry_scale, args.timeout].into_iter().flatten().all(is_number) {
        return Err("--retry-scale and --timeout take a number from 0 to 100000".into());
    }
    let scheme = args.scheme.unwrap_or(SchemeName::TrustLens);
    let mut out = io::stdout().lock();
    if args.event.as_deref() == Some("list") {
        for (name, _) in events(scheme) {
            writeln!(out, "{name}")?;
        }
        return Ok(true);
    }
    if args.fault.as_deref() == Some("list") {
        for fault in FAULTS.iter().filter(|fault| fault.is_of(scheme)) {
            writeln!(out, "{:<22}  {}", fault.name, fault.verdict)?;
        }
        return Ok(true);
    }
    let receiver = Receiver {
        host: Host::of(&args.url, args.allow_remote).await?,
        path: args.url.path_and_query().map(ToString::to_string).filter(|path| path != "/"),
        timeout: args.timeout.map(Duration::from_secs_f64),
    };
    if let Some(capture) = &args.again {
        return again(&args, capture, &receiver, &mut out).await;
    }
    match args.fault.as_deref() {
        Some("all") => send_all(&args, &receiver, &mut out).await,
        Some(name) => {
            let known = Fault::named(name).ok_or("no such fault; `--fault list` shows them")?;
            let fault = FAULTS.iter().find(|fault| fault.name == known.name && fault.is_of(scheme));
            let fault =
                fault.ok_or("the scheme cannot have this fault; `--fault list` shows those")?;
            let delivery = fault.make(delivery(&args, scheme)?)?;
            let answer = receiver.send(&delivery).await?;
            let is_right = if args.strict {
                answer.status.as_u16() == fault.status()
            } else {
                !fault.is_forgery || !is_taken(scheme, &answer)
            };
            if args.json {
                let status = answer.status.as_u16();
                let json = json!({ "sent": fault.name, "verdict": fault.verdict, "status": status,
                    "ok": is_right });
                writeln!(out, "{json}")?;
            } else {
                writeln!(
                    out,
                    "{} (a strict verifier answers {} for {})",
                    answer.status,
                    fault.status(),
                    fault.verdict
                )?;
            }
            Ok(is_right)
        }
        None => send_one(&args, &receiver, scheme, &mut out).await,
    }
}

/// Where deliveries go.
struct Receiver {
    host: Host,
    path: Option<String>,
    timeout: Option<Duration>,
}

impl Receiver {
    fn path(&self, scheme: SchemeName) -> &str {
        self.path.as_deref().unwrap_or(match scheme {
            SchemeName::TrustLens => "/trustlens",
            SchemeName::TrustLensV1 => "/trustlens/v1",
            SchemeName::TrustooSystem => "/trustoo/system",
            _ => "/trustoo/shop",
        })
    }

    fn patience(&self, scheme: SchemeName) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(match scheme {
            SchemeName::TrustLens | SchemeName::TrustLensV1 => 10,
            _ => 5,
        }))
    }

    async fn send(&self, delivery: &Delivery) -> Result<Answer> {
        let headers = delivery.headers.iter().map(|(name, value)| (name, value));
        let (path, patience) = (self.path(delivery.scheme), self.patience(delivery.scheme));
        self.host.send("POST", path, headers, delivery.body.clone().into(), patience).await
    }
}

/// Whether the vendor takes an answer as success.
fn is_success(scheme: SchemeName, answer: &Answer) -> bool {
    match scheme {
        SchemeName::TrustLens | SchemeName::TrustLensV1 => answer.status.is_success(),
        _ => answer.status == 200 && acknowledgement(&answer.body) == Some(0),
    }
}

/// Whether a receiver took a delivery, with or without the right acknowledgement. An answer that says a code
/// other than 0 is a refusal.
fn is_taken(scheme: SchemeName, answer: &Answer) -> bool {
    let is_trustoo = !matches!(scheme, SchemeName::TrustLens | SchemeName::TrustLensV1);
    let says_no = is_trustoo && acknowledgement(&answer.body).is_some_and(|code| code != 0);
    answer.status.is_success() && !says_no
}

/// `{"code":0,…}`
fn acknowledgement(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<serde_json::Value>(body).ok()?.get("code")?.as_i64()
}

/// Reads the secrets and ids of the schemes; the error names every variable that is missing.
fn account(schemes: &[SchemeName]) -> Result<impl Fn(SchemeName) -> Account + use<>> {
    let mut missing: Vec<_> = schemes
        .iter()
        .flat_map(|scheme| secrets::needed(*scheme))
        .filter(|name| secrets::get(name).is_none())
        .collect();
    missing.dedup();
    if !missing.is_empty() {
        let hint =
            if schemes.len() > 1 { "; --scheme sends those of one scheme alone" } else { "" };
        return Err(format!("not set: {}{hint}", missing.join(", ")).into());
    }
    Ok(|scheme| Account {
        secret: secrets::get(secrets::variable(scheme)).unwrap_or_default().into_bytes(),
        public_token: secrets::get(secrets::PUBLIC_TOKEN).unwrap_or_default(),
    })
}

/// The headers that sign a body, and the query of an Open API request, with the secrets that are set.
pub(crate) fn signed(
    scheme: SchemeName,
    query: &str,
    body: &[u8],
    at: Timestamp,
) -> Result<SignedHeaders> {
    let account = account(&[scheme])?(scheme);
    delivery::signed(scheme, &account, query, body, at.as_unix())
}

/// A genuine delivery, not signed yet.
fn delivery(args: &Args, scheme: SchemeName) -> Result<Delivery> {
    let account = account(&[scheme])?(scheme);
    let mut samples = events(scheme);
    let sample = match &args.event {
        None => samples.next(),
        Some(name) => samples.find(|(sample, _)| sample == name),
    };
    let sample = sample.ok_or("the scheme has no such event; `--event list` shows them")?;
    Ok(Delivery::new(scheme, &account, sample, Timestamp::now().as_unix()))
}

/// One genuine delivery, and the vendor's retries where they are asked for.
async fn send_one(
    args: &Args,
    receiver: &Receiver,
    scheme: SchemeName,
    out: &mut impl Write,
) -> Result<bool> {
    // Automation rules of TrustLens after 60, 120 and 240 seconds; Trustoo ten times in 135 minutes.
    let delays: Vec<u64> = match scheme {
        SchemeName::TrustLens | SchemeName::TrustLensV1 => vec![60, 120, 240],
        _ => (1..10).map(|attempt| attempt * 3 * 60).collect(),
    };
    let scale = args.retry_scale.or(args.retry.then_some(1.0));
    let mut delivery = delivery(args, scheme)?;
    delivery.sign()?;
    let mut delays = delays.into_iter();
    for attempt in 1.. {
        let answer = receiver.send(&delivery).await;
        let is_taken = answer.as_ref().is_ok_and(|answer| is_success(scheme, answer));
        let said = match &answer {
            Ok(answer) if answer.status.is_success() && !is_taken => {
                format!("{}, without the acknowledgement", answer.status)
            }
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        if args.json {
            let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
            writeln!(out, "{}", json!({ "attempt": attempt, "status": status, "ok": is_taken }))?;
        } else {
            writeln!(out, "attempt {attempt}: {said}")?;
        }
        if is_taken {
            return Ok(true);
        }
        let (Some(scale), Some(delay)) = (scale, delays.next()) else {
            // Without an answer there is nothing to judge.
            return answer.map(|_| false);
        };
        let delay = Duration::from_secs(delay).mul_f64(scale);
        if !args.json {
            writeln!(out, "again in {delay:?}")?;
        }
        tokio::time::sleep(delay).await;
        // Re-signed: the id and the body stay, the time does not.
        delivery = delivery.again(Timestamp::now().as_unix())?;
    }
    Ok(false)
}

/// Every sample event, each again as a retry, and every fault.
fn cases(args: &Args, schemes: &[SchemeName]) -> Result<Vec<Case>> {
    let account = account(schemes)?;
    let now = Timestamp::now().as_unix();
    let mut cases = Vec::new();
    for scheme in schemes.iter().copied() {
        let account = account(scheme);
        for (name, body) in events(scheme) {
            let mut delivery = Delivery::new(scheme, &account, (name, body), now);
            delivery.sign()?;
            cases.push(Case::new(name, Expected::Taken, delivery));
        }
        let mut genuine = delivery(args, scheme)?;
        genuine.body = with_mark(&genuine.body, now).into_bytes();
        genuine.signed.clone_from(&genuine.body);
        genuine.sign()?;
        cases.push(Case::new("new", Expected::Taken, genuine.clone()));
        cases.push(Case::new("duplicate", Expected::NotRunAgain, genuine.clone()));
        // The window is not left, and the signature is another one.
        if scheme != SchemeName::TrustooSystem && scheme != SchemeName::TrustLensV1 {
            cases.push(Case::new("retry", Expected::NotRunAgain, genuine.again(now + 1)?));
        }
        for fault in FAULTS.iter().filter(|fault| fault.is_of(scheme)) {
            let delivery = fault.make(delivery(args, scheme)?)?;
            let expected = match (args.strict, fault.is_forgery) {
                (true, _) => Expected::Status(fault.status()),
                (false, true) => Expected::Refused,
                (false, false) => continue,
            };
            cases
                .push(Case { verdict: fault.verdict, ..Case::new(fault.name, expected, delivery) });
        }
    }
    Ok(cases)
}

/// The body with a field that makes it one that was not sent before.
fn with_mark(body: &[u8], mark: u64) -> String {
    let body = String::from_utf8_lossy(body);
    let id = format!("6f0d2a52-6e6b-4b0e-9d7b-{mark:012x}");
    match body.trim_start().strip_prefix('{') {
        Some(rest) => format!(r#"{{"delivery_id":"{id}",{rest}"#),
        None => body.into_owned(),
    }
}

async fn send_all(args: &Args, receiver: &Receiver, out: &mut impl Write) -> Result<bool> {
    let schemes = match args.scheme {
        Some(scheme) => vec![scheme],
        None if receiver.path.is_some() => {
            return Err("a URL with a path serves one scheme; name it with --scheme".into());
        }
        None => SCHEMES.to_vec(),
    };
    // The whole list before the first is sent, so that nothing is left out for want of a secret.
    let cases = cases(args, &schemes)?;
    // A receiver that cannot be reached is none that can be judged.
    drop(receiver.host.connect().await?);
    let runs = match &args.runs {
        Some(url) => Some(Runs::new(url, args.allow_remote).await?),
        None => None,
    };
    let paint = Paint(terminal::is_colored() && !args.json);
    if !args.json {
        writeln!(out, "Sending {} deliveries to {}.\n", cases.len(), receiver.host.authority)?;
        writeln!(
            out,
            "  {:<14}  {:<22}  {:<20}  {:<9}  answer",
            "scheme", "sent", "verdict", "expected"
        )?;
    }
    let mut progress = Progress { is_shown: terminal::has_progress() && !args.json };
    let (total, mut tally, mut lines) = (cases.len(), Tally::default(), Vec::new());
    let (mut left_out, mut silence): (Vec<SchemeName>, usize) = (Vec::new(), 0);
    for (i, case) in cases.into_iter().enumerate() {
        let scheme = case.delivery.scheme;
        if left_out.contains(&scheme) {
            continue;
        }
        progress.show(&format!("{}/{total} {} {}", i + 1, scheme.code(), case.name));
        let before = match &runs {
            Some(runs) if case.expected == Expected::NotRunAgain => Some(runs.count().await?),
            _ => None,
        };
        let answer = receiver.send(&case.delivery).await;
        let ran = match (&runs, before) {
            (Some(runs), Some(before)) => Some(runs.count().await? > before),
            _ => None,
        };
        progress.clear();
        let (severity, shown) = match &answer {
            Err(error) => (Some(case.silence()), error.to_string()),
            Ok(answer) => {
                let severity = case.judge(answer, ran);
                (severity, answer.status.as_u16().to_string())
            }
        };
        tally.count(severity);
        if args.json {
            lines.push(json!({
                "scheme": scheme.code(), "sent": case.name, "verdict": case.verdict,
                "expected": case.expected_text(), "ok": severity.is_none(),
                "status": answer.as_ref().ok().map(|answer| answer.status.as_u16()),
                "severity": severity.map(Severity::code),
            }));
        } else {
            let line = format!(
                "{:<14}  {:<22}  {:<20}  {:<9}  {shown}",
                scheme.code(),
                case.name,
                case.verdict,
                case.expected_text(),
            );
            match severity {
                None => writeln!(out, "  {line}")?,
                Some(severity) => {
                    writeln!(out, "{}", paint.bad(&format!("! {line}  {}", severity.text())))?;
                }
            }
        }
        silence = if answer.is_err() { silence + 1 } else { 0 };
        let is_absent = answer.is_ok_and(|answer| matches!(answer.status.as_u16(), 404 | 405));
        let reason = if is_absent && case.expected == Expected::Taken {
            Some(format!("there is no route for POST {}", receiver.path(scheme)))
        } else if silence >= MAX_SILENCE {
            Some(format!("{MAX_SILENCE} deliveries in a row got no answer"))
        } else {
            None
        };
        if let Some(reason) = reason {
            tally.leave_out(format!(
                "{}: {reason}; its other deliveries are left out",
                scheme.code()
            ));
            left_out.push(scheme);
            silence = 0;
        }
    }
    if args.json {
        writeln!(out, "{:#}", json!({ "deliveries": lines, "summary": tally.as_json() }))?;
    } else {
        tally.write(out, paint, args.strict, runs.is_some())?;
    }
    Ok(tally.is_right())
}

/// A line on standard error that is written over.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn show(&mut self, text: &str) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r{text}\x1b[K");
        }
    }

    fn clear(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// How many deliveries a receiver has processed, by its own count.
struct Runs {
    host: Host,
    target: String,
}

impl Runs {
    async fn new(url: &Uri, may_be_remote: bool) -> Result<Self> {
        let target = url.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Ok(Self { host: Host::of(url, may_be_remote).await?, target })
    }

    async fn count(&self) -> Result<u64> {
        let none: [(&str, &[u8]); 0] = [];
        let patience = Duration::from_secs(5);
        let answer = self.host.send("GET", &self.target, none, Bytes::new(), patience).await?;
        let text = String::from_utf8_lossy(&answer.body);
        let number = text.trim().parse();
        number.map_err(|_| format!("--runs: {} answers no number", self.target).into())
    }
}

/// Headers of the connection, which are made again.
const OF_CONNECTION: [&str; 7] =
    ["host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "expect"];

/// A captured request once more.
async fn again(
    args: &Args,
    path: &std::path::Path,
    receiver: &Receiver,
    out: &mut impl Write,
) -> Result<bool> {
    let shown = Visible(path.as_os_str().as_encoded_bytes());
    let capture = Reader::new().read(&files::read(path)?);
    let capture = capture.map_err(|error| format!("{shown}: {error}"))?;
    if !capture.is_exact {
        return Err(format!("{shown}: the body in it is not the one that was sent").into());
    }
    let scheme = args.scheme.or_else(|| SchemeName::of(&capture.headers));
    let scheme = scheme.ok_or("the capture has no signature; name the scheme with --scheme")?;
    let mut headers = capture.headers.clone();
    headers.retain(|(name, _)| !OF_CONNECTION.contains(&&*name.to_ascii_lowercase()));
    let default = receiver.path(scheme).to_owned();
    let target = match &receiver.path {
        Some(path) => path.clone(),
        None if capture.target.starts_with('/') => capture.target.clone(),
        None => default,
    };
    if args.sign {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let signed = signed(scheme, query, &capture.body, Timestamp::now())?;
        headers.retain(|(name, _)| !signed.iter().any(|(own, _)| name.eq_ignore_ascii_case(own)));
        headers.extend(signed.iter().map(|(name, value)| (name.to_owned(), value.into())));
    }
    let method = capture.method.as_deref().unwrap_or("POST");
    let patience = receiver.patience(scheme);
    let body = capture.body.into();
    let answer = receiver.host.send(method, &target, headers_of(&headers), body, patience).await?;
    let is_taken = is_success(scheme, &answer);
    let status = answer.status;
    if args.json {
        writeln!(out, "{}", json!({ "status": status.as_u16(), "ok": is_taken }))?;
    } else {
        let note =
            if status.is_success() && !is_taken { ", without the acknowledgement" } else { "" };
        writeln!(out, "{status}{note}")?;
    }
    Ok(is_taken)
}

fn headers_of(headers: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}
