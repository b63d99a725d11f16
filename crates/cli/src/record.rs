//! `trusthooks record`: listens, judges what arrives, and keeps it.

use std::{
    cell::Cell,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, request::Parts};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use trusthooks::{Timestamp, trustoo};
use trusthooks_explain::{Explainer, Refusal, Report, SchemeName, capture::Capture};

use crate::{
    Result,
    client::{Answer, Host},
    secrets,
    terminal::{self, Paint, Visible},
};

/// Longer bodies are refused.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// How long a request may take to arrive, and an answer to be given by where it is forwarded to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listen for webhooks, print the verdict on each, and keep them as captures
///
/// Secrets come from TRUSTLENS_SECRET, TRUSTOO_PUBLIC_TOKEN, TRUSTOO_PRIVATE_TOKEN and
/// TRUSTOO_CLIENT_SECRET. Genuine deliveries are answered as the vendor wants it, others with the
/// status of their verdict; with --forward, the answer is the receiver's. Captures hold customers'
/// data: they are readable by you alone.
#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "it is the help text")]
#[command(after_help = "\
Examples:
  trusthooks record
  trusthooks record --listen 127.0.0.1:8787 --forward http://127.0.0.1:3000
  trusthooks explain --secret-env TRUSTLENS_SECRET captures/0001.http")]
pub(crate) struct Args {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// The folder for captures; it is made where it is missing
    #[arg(long, default_value = "captures", value_name = "FOLDER")]
    dir: PathBuf,

    /// Hold requests to this scheme's rules instead of finding it by the headers
    #[arg(long)]
    scheme: Option<SchemeName>,

    /// Send each request on to this URL, and answer what it answers
    #[arg(long, value_name = "URL")]
    forward: Option<Uri>,

    /// Forward to other hosts than this one
    #[arg(long, requires = "forward")]
    allow_remote: bool,

    /// Stop after so many requests
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// Print a line of JSON for each request
    #[arg(long)]
    json: bool,
}

/// Judges, keeps and forwards requests.
struct Recorder {
    args: Args,
    forward: Option<Host>,
    next: Cell<usize>,
    paint: Paint,
    /// The failure of standard output or of the folder, if any.
    failure: Cell<Option<Result<bool>>>,
    done: tokio::sync::Notify,
}

/// Runs the command until it is stopped.
pub(crate) async fn run(args: Args) -> Result<bool> {
    let forward = match &args.forward {
        Some(url) => Some(Host::of(url, args.allow_remote).await?),
        None => None,
    };
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("{}: {error}", args.listen))?;
    let paint = Paint(terminal::is_colored() && !args.json);
    let address = listener.local_addr()?;
    if args.json {
        writeln!(io::stdout(), "{}", json!({ "listening": address.to_string() }))?;
    } else {
        writeln!(io::stdout(), "listening on http://{address}")?;
    }
    let recorder = Rc::new(Recorder {
        args,
        forward,
        next: Cell::new(1),
        paint,
        failure: Cell::new(None),
        done: tokio::sync::Notify::new(),
    });
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            loop {
                tokio::select! {
                    () = recorder.done.notified() => {
                        // The last answer is still on its way.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        return recorder.failure.take().unwrap_or(Ok(true));
                    }
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let recorder = Rc::clone(&recorder);
                        tokio::task::spawn_local(async move {
                            let service = service_fn(move |request| {
                                let recorder = Rc::clone(&recorder);
                                async move { Ok::<_, io::Error>(recorder.serve(request).await) }
                            });
                            let _ = hyper::server::conn::http1::Builder::new()
                                .timer(TokioTimer::new())
                                .header_read_timeout(PATIENCE)
                                .serve_connection(TokioIo::new(stream), service)
                                .await;
                        });
                    }
                }
            }
        })
        .await
}

impl Recorder {
    async fn serve(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await;
        let body = match body {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT),
        };
        let capture = captured(&parts, &body);
        let now = Timestamp::now();
        let scheme = self.args.scheme.or_else(|| SchemeName::of(&capture.headers));
        let report = scheme.map(|scheme| judged(scheme, &capture, now));
        let answer = match &self.forward {
            Some(host) => self.forwarded(host, &capture).await,
            None => answered(scheme, report.as_ref()),
        };
        let number = self.next.get();
        self.next.set(number.saturating_add(1));
        let said = self.keep(&capture).and_then(|file| {
            Ok(self.print(&capture, scheme, report.as_ref(), answer.status(), &file)?)
        });
        if let Err(error) = said {
            self.failure.set(Some(Err(error)));
            self.done.notify_one();
        } else if self.args.count.is_some_and(|count| number >= count) {
            self.done.notify_one();
        }
        answer
    }

    async fn forwarded(&self, host: &Host, capture: &Capture) -> Response<Full<Bytes>> {
        const OF_CONNECTION: [&str; 9] = [
            "host",
            "connection",
            "content-length",
            "transfer-encoding",
            "keep-alive",
            "te",
            "trailer",
            "upgrade",
            "expect",
        ];
        let headers = capture.headers.iter().filter(|(name, _)| !OF_CONNECTION.contains(&&**name));
        let base = self.args.forward.as_ref().map_or("", |url| url.path()).trim_end_matches('/');
        let target = format!("{base}{}", capture.target);
        let method = capture.method.as_deref().unwrap_or("POST");
        let headers = headers.map(|(name, value)| (name, value));
        let body = capture.body.clone().into();
        match host.send(method, &target, headers, body, PATIENCE).await {
            Ok(Answer { status, headers, body }) => {
                let mut answer = Response::new(Full::new(body));
                *answer.status_mut() = status;
                for (name, value) in &headers {
                    if !OF_CONNECTION.contains(&name.as_str()) {
                        answer.headers_mut().append(name, value.clone());
                    }
                }
                answer
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "not forwarded: {error}");
                plain(StatusCode::BAD_GATEWAY)
            }
        }
    }

    /// Writes a request to a file of its own, as it would stand on the wire.
    fn keep(&self, capture: &Capture) -> Result<PathBuf> {
        let method = capture.method.as_deref().unwrap_or("POST");
        let mut text = format!("{method} {} HTTP/1.1\r\n", capture.target).into_bytes();
        for (name, value) in &capture.headers {
            if !matches!(&**name, "content-length" | "transfer-encoding") {
                text.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
            }
        }
        text.extend(format!("content-length: {}\r\n\r\n", capture.body.len()).into_bytes());
        text.extend(&capture.body);

        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        for number in 1..100_000 {
            let path = self.args.dir.join(format!("{number:04}.http"));
            match options.open(&path) {
                Ok(mut file) => {
                    file.write_all(&text)
                        .map_err(|error| format!("{}: {error}", path.display()))?;
                    return Ok(path);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("{}: {error}", path.display()).into()),
            }
        }
        Err(format!("{} is full of captures", self.args.dir.display()).into())
    }

    fn print(
        &self,
        capture: &Capture,
        scheme: Option<SchemeName>,
        report: Option<&Result<Report>>,
        status: StatusCode,
        file: &std::path::Path,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let method = capture.method.as_deref().unwrap_or_default();
        let problem = report.and_then(|report| report.as_ref().err()).map(ToString::to_string);
        let report = report.and_then(|report| report.as_ref().ok());
        if self.args.json {
            let verdict = report.map(|report| {
                report.verdict().err().as_ref().map_or("ok", Refusal::code).to_owned()
            });
            let line = json!({
                "method": method, "target": capture.target, "scheme": scheme.map(SchemeName::code),
                "verdict": verdict, "findings": report.map(Report::findings),
                "status": status.as_u16(), "file": file.display().to_string(), "problem": problem,
            });
            return writeln!(out, "{line}");
        }
        let paint = self.paint;
        let target = Visible(capture.target.as_bytes());
        let scheme = scheme.map_or("no signature", SchemeName::code);
        let verdict = match report.map(Report::verdict) {
            Some(Ok(_)) => paint.good("verified"),
            Some(Err(refusal)) => paint.bad(refusal.code()),
            None => paint.faint(&match &problem {
                Some(problem) => format!("not judged: {problem}"),
                None => "not judged".to_owned(),
            }),
        };
        let file = file.display().to_string();
        writeln!(
            out,
            "{} {target}  {scheme}  {verdict}  {}  {}",
            Visible(method.as_bytes()),
            status.as_u16(),
            paint.faint(&Visible(file.as_bytes()).to_string())
        )?;
        if let Some(finding) = report.and_then(|report| report.findings().first()) {
            writeln!(out, "    {}: {}", finding.code(), finding.seen())?;
        }
        Ok(())
    }
}

fn captured(parts: &Parts, body: &Bytes) -> Capture {
    let headers = parts.headers.iter();
    Capture {
        method: Some(parts.method.as_str().to_owned()),
        target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
        is_exact: true,
    }
}

/// The report on a request, or why there is none.
fn judged(scheme: SchemeName, capture: &Capture, now: Timestamp) -> Result<Report> {
    let name = secrets::variable(scheme);
    let secret = secrets::get(name).ok_or_else(|| format!("{name} is not set"))?;
    let mut explainer = Explainer::new(scheme, secret)?;
    let is_shop = matches!(scheme, SchemeName::TrustooShop | SchemeName::TrustooOpenApi);
    if let Some(token) = secrets::get(secrets::PUBLIC_TOKEN).filter(|_| is_shop) {
        explainer = explainer.public_token(token);
    }
    Ok(explainer.explain_capture(capture, now))
}

/// The answer to the vendor.
fn answered(scheme: Option<SchemeName>, report: Option<&Result<Report>>) -> Response<Full<Bytes>> {
    let verdict = report.and_then(|report| report.as_ref().ok()).map(Report::verdict);
    let is_trustoo = matches!(
        scheme,
        Some(SchemeName::TrustooShop | SchemeName::TrustooSystem | SchemeName::TrustooOpenApi)
    );
    match verdict {
        Some(Err(Refusal::Verify(error))) => plain(error.status()),
        Some(Err(_)) => plain(StatusCode::UNAUTHORIZED),
        // Taken, so that the vendor does not retry a request that is kept here.
        Some(Ok(_)) | None if is_trustoo => {
            let mut answer = Response::new(Full::new(trustoo::ACK_BODY.into()));
            let json = http::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
            answer
        }
        Some(Ok(_)) | None => plain(StatusCode::NO_CONTENT),
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
