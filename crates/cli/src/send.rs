//! Sends webhooks as the vendors do, whole or broken on purpose:
//!
//! ```text
//! TRUSTLENS_SECRET=… TRUSTOO_PUBLIC_TOKEN=… TRUSTOO_PRIVATE_TOKEN=… TRUSTOO_CLIENT_SECRET=… \
//!     cargo run --example send -- --fault all
//! ```
//!
//! With `--fault all` it sends every scheme's deliveries with every fault to a receiver in whatever
//! language, and compares the answers with what the protocol says. See `--help`.

use std::{
    env,
    error::Error,
    ffi::OsString,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, uri::Authority};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use lexopt::prelude::*;
use tokio::net::{TcpStream, lookup_host};
use trusthooks::Timestamp;
use trusthooks_explain::Scheme;

use self::{
    delivery::{Account, Delivery, events},
    fault::{FAULTS, Fault},
};

mod delivery;
mod fault;
#[cfg(test)]
mod tests;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
Sends webhooks as TrustLens and Trustoo do, whole or broken on purpose.

usage: send [options] [URL]

  URL                where the receiver is, http://127.0.0.1:8787 if absent; without a path, the
                     scheme's is added: /trustlens, /trustlens/v1, /trustoo/shop, /trustoo/system
  --scheme SCHEME    trustlens (if absent), trustlens-v1, trustoo-shop or trustoo-system
  --event NAME       a sample event of the scheme, or `list`
  --fault NAME       breaks the delivery in a named way, or `list`; `all` sends every fault of every
                     scheme (or of the one that --scheme names) and compares the answers
  --one-shop         the receiver serves one shop and does not look at public tokens
  --lenient          any 4xx will do for a refusal
  --retry            sends again, signed anew, on the vendor's schedule until it is taken
  --retry-scale X    the same on a schedule X times as long, 0.001 to try it
  --allow-remote     sends to other hosts than this one

secrets: TRUSTLENS_SECRET, TRUSTOO_PUBLIC_TOKEN, TRUSTOO_PRIVATE_TOKEN, TRUSTOO_CLIENT_SECRET
exit status: 0 every answer as it should be, 1 a wrong answer, 2 nothing could be sent";

/// Those that are tried where none is named. Version 1 of TrustLens has to be asked for.
const SCHEMES: [Scheme; 3] = [Scheme::TrustLens, Scheme::TrustooShop, Scheme::TrustooSystem];

struct Options {
    url: Uri,
    scheme: Option<Scheme>,
    event: Option<String>,
    fault: Option<String>,
    one_shop: bool,
    lenient: bool,
    /// How much longer than the vendor's schedule; `None` for no retries.
    retry: Option<f64>,
    allow_remote: bool,
}

impl Options {
    /// `None` where help is asked for.
    fn read(args: Vec<OsString>) -> Result<Option<Self>> {
        let mut options = Self {
            url: Uri::from_static("http://127.0.0.1:8787"),
            scheme: None,
            event: None,
            fault: None,
            one_shop: false,
            lenient: false,
            retry: None,
            allow_remote: false,
        };
        let mut args = lexopt::Parser::from_args(args);
        while let Some(arg) = args.next()? {
            match arg {
                Long("scheme") => options.scheme = Some(args.value()?.parse()?),
                Long("event") => options.event = Some(args.value()?.string()?),
                Long("fault") => options.fault = Some(args.value()?.string()?),
                Long("one-shop") => options.one_shop = true,
                Long("lenient") => options.lenient = true,
                Long("retry") => options.retry = options.retry.or(Some(1.0)),
                Long("retry-scale") => options.retry = Some(args.value()?.parse()?),
                Long("allow-remote") => options.allow_remote = true,
                Long("help") | Short('h') => return Ok(None),
                Value(url) => options.url = url.parse()?,
                other => return Err(other.unexpected().into()),
            }
        }
        if options.scheme == Some(Scheme::TrustooOpenApi) {
            return Err("trustoo-open-api is no webhook: the vendor does not send it".into());
        }
        if options.url.scheme_str() != Some("http") {
            return Err("only http:// URLs can be sent to; put the receiver's TLS aside".into());
        }
        if options.retry.is_some_and(|scale| !(0.0..=1000.0).contains(&scale)) {
            return Err("--retry-scale takes a number from 0 to 1000".into());
        }
        Ok(Some(options))
    }

    fn account(scheme: Scheme) -> Result<Account> {
        let secret = match scheme {
            Scheme::TrustLens | Scheme::TrustLensV1 => "TRUSTLENS_SECRET",
            Scheme::TrustooSystem => "TRUSTOO_CLIENT_SECRET",
            _ => "TRUSTOO_PRIVATE_TOKEN",
        };
        let read = |name: &str| match env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value),
            _ => Err(format!("{name} is not set")),
        };
        let is_shop = scheme == Scheme::TrustooShop;
        let public_token = if is_shop { read("TRUSTOO_PUBLIC_TOKEN")? } else { String::new() };
        Ok(Account { secret: read(secret)?, public_token })
    }

    /// A genuine delivery, not signed yet.
    fn delivery(&self, scheme: Scheme) -> Result<Delivery> {
        let mut samples = events(scheme);
        let sample = match &self.event {
            None => samples.next(),
            Some(name) => samples.find(|(sample, _)| sample == name),
        };
        let sample = sample.ok_or("the scheme has no such event; `--event list` shows them")?;
        let now = Timestamp::now().as_unix();
        Ok(Delivery::new(scheme, &Self::account(scheme)?, sample, now))
    }
}

/// Where the receiver is, once it is known to be one that may be sent to.
struct Receiver {
    address: SocketAddr,
    authority: Authority,
    path: Option<String>,
}

impl Receiver {
    async fn find(options: &Options) -> Result<Self> {
        let authority = options.url.authority().ok_or("the URL has no host")?.clone();
        let host = authority.host().trim_matches(['[', ']']);
        let port = authority.port_u16().unwrap_or(80);
        let address = lookup_host((host, port))
            .await
            .map_err(|error| format!("{host}: {error}"))?
            .next()
            .ok_or_else(|| format!("{host} has no address"))?;
        if !address.ip().is_loopback() && !options.allow_remote {
            return Err(format!("{host} is another machine; --allow-remote sends to it").into());
        }
        let path = options.url.path_and_query().map(ToString::to_string);
        Ok(Self { address, authority, path: path.filter(|path| path != "/") })
    }

    fn path(&self, scheme: Scheme) -> &str {
        self.path.as_deref().unwrap_or(match scheme {
            Scheme::TrustLens => "/trustlens",
            Scheme::TrustLensV1 => "/trustlens/v1",
            Scheme::TrustooSystem => "/trustoo/system",
            _ => "/trustoo/shop",
        })
    }

    /// Sends a delivery over a connection of its own, as both vendors do.
    async fn send(&self, delivery: &Delivery) -> Result<Answer> {
        // TrustLens waits for 10 seconds, Trustoo for 5.
        let patience = Duration::from_secs(match delivery.scheme {
            Scheme::TrustLens | Scheme::TrustLensV1 => 10,
            _ => 5,
        });
        let answer = tokio::time::timeout(patience, self.exchange(delivery)).await;
        answer.map_err(|_| format!("no answer within {} seconds", patience.as_secs()))?
    }

    async fn exchange(&self, delivery: &Delivery) -> Result<Answer> {
        let stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| format!("{}: {error}", self.authority))?;
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request =
            Request::post(self.path(delivery.scheme)).header("host", self.authority.as_str());
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(delivery.body.clone()));
        let answer = client.send_request(request.body(body)?).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), 64 * 1024).collect().await?.to_bytes();
        Ok(Answer { status, body })
    }
}

struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl Answer {
    /// Whether the vendor takes it as success.
    fn is_success(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::TrustLens | Scheme::TrustLensV1 => self.status.is_success(),
            _ => self.status == StatusCode::OK && self.acknowledges(),
        }
    }

    /// `{"code":0,…}`
    fn acknowledges(&self) -> bool {
        serde_json::from_slice::<serde_json::Value>(&self.body).is_ok_and(|body| body["code"] == 0)
    }
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn start(args: Vec<OsString>) -> ExitCode {
    match run(args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "send: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Vec<OsString>) -> Result<bool> {
    let Some(options) = Options::read(args)? else {
        println!("{USAGE}");
        return Ok(true);
    };
    let scheme = options.scheme.unwrap_or(Scheme::TrustLens);
    if options.event.as_deref() == Some("list") {
        events(scheme).for_each(|(name, _)| println!("{name}"));
        return Ok(true);
    }
    if options.fault.as_deref() == Some("list") {
        let faults = FAULTS.iter().filter(|fault| fault.is_of(scheme));
        faults.for_each(|fault| println!("{:<22}  {}", fault.name, fault.verdict));
        return Ok(true);
    }
    let receiver = Receiver::find(&options).await?;
    match options.fault.as_deref() {
        Some("all") => send_all(&options, &receiver).await,
        Some(name) => {
            let known = Fault::named(name).ok_or("no such fault; `--fault list` shows them")?;
            let fault = FAULTS.iter().find(|fault| fault.name == known.name && fault.is_of(scheme));
            let fault =
                fault.ok_or("the scheme cannot have this fault; `--fault list` shows those")?;
            let answer = receiver.send(&fault.make(options.delivery(scheme)?)?).await?;
            println!("{} (expected {} for {})", answer.status, fault.status(), fault.verdict);
            Ok(is_refused(&options, &answer, fault.status()))
        }
        None => send_one(&options, &receiver, scheme).await,
    }
}

fn is_refused(options: &Options, answer: &Answer, expected: u16) -> bool {
    answer.status.as_u16() == expected || (options.lenient && answer.status.is_client_error())
}

/// One genuine delivery, and the vendor's retries where they are asked for.
async fn send_one(options: &Options, receiver: &Receiver, scheme: Scheme) -> Result<bool> {
    // Automation rules of TrustLens after 60, 120 and 240 seconds; Trustoo ten times in 135 minutes.
    let delays: Vec<u64> = match scheme {
        Scheme::TrustLens | Scheme::TrustLensV1 => vec![60, 120, 240],
        _ => (1..10).map(|attempt| attempt * 3 * 60).collect(),
    };
    let first = options.delivery(scheme)?;
    let mut delays = delays.into_iter();
    for attempt in 1.. {
        let mut delivery = first.clone();
        // Signed anew: the id and the body stay, the time does not.
        delivery.at = Timestamp::now().as_unix();
        delivery.sign()?;
        let answer = receiver.send(&delivery).await;
        match &answer {
            Ok(answer) => println!("attempt {attempt}: {}", answer.status),
            Err(error) => println!("attempt {attempt}: {error}"),
        }
        if answer.as_ref().is_ok_and(|answer| answer.is_success(scheme)) {
            return Ok(true);
        }
        let (Some(scale), Some(delay)) = (options.retry, delays.next()) else {
            // Without an answer there is nothing to judge.
            return answer.map(|_| false);
        };
        let delay = Duration::from_secs(delay).mul_f64(scale);
        println!("again in {delay:?}");
        tokio::time::sleep(delay).await;
    }
    Ok(false)
}

/// Every fault, and a genuine delivery of every sample event before them.
async fn send_all(options: &Options, receiver: &Receiver) -> Result<bool> {
    let schemes = match options.scheme {
        Some(scheme) => vec![scheme],
        None if receiver.path.is_some() => {
            return Err("a URL with a path serves one scheme; name it with --scheme".into());
        }
        None => SCHEMES.to_vec(),
    };
    // The whole list before the first is sent, so that nothing is left out for want of a secret.
    let mut cases = Vec::new();
    for scheme in schemes {
        let account = Options::account(scheme)?;
        for event in events(scheme) {
            let now = Timestamp::now().as_unix();
            let mut delivery = Delivery::new(scheme, &account, event, now);
            delivery.sign()?;
            cases.push((event.0, "ok", None, delivery));
        }
        for fault in FAULTS.iter().filter(|fault| fault.is_of(scheme)) {
            let delivery = fault.make(options.delivery(scheme)?)?;
            let ignored = options.one_shop && fault.name.ends_with("public_token");
            let (verdict, status) =
                if ignored { ("ok", None) } else { (fault.verdict, Some(fault.status())) };
            cases.push((fault.name, verdict, status, delivery));
        }
    }

    println!("Sending {} deliveries to {}.\n", cases.len(), receiver.authority);
    println!("  {:<14}  {:<22}  {:<20}  expected  answer", "scheme", "sent", "verdict");
    let progress = io::stderr().is_terminal();
    let (total, mut right) = (cases.len(), 0_usize);
    for (i, (name, verdict, status, delivery)) in cases.into_iter().enumerate() {
        if progress {
            eprint!("\r{}/{total} {name}\x1b[K", i + 1);
        }
        let scheme = delivery.scheme;
        let answer = receiver.send(&delivery).await;
        if progress {
            eprint!("\r\x1b[K");
        }
        let (is_right, shown) = match &answer {
            // A receiver that cannot be reached is none that can be judged.
            Err(error) if i == 0 => return Err(error.to_string().into()),
            Err(error) => (false, error.to_string()),
            Ok(answer) => {
                let is_right = match status {
                    Some(status) => is_refused(options, answer, status),
                    None => answer.is_success(scheme),
                };
                (is_right, answer.status.as_u16().to_string())
            }
        };
        right += usize::from(is_right);
        let expected = match status {
            Some(_) if options.lenient => "4xx".to_owned(),
            Some(status) => status.to_string(),
            None if scheme == Scheme::TrustLens || scheme == Scheme::TrustLensV1 => {
                "2xx".to_owned()
            }
            None => "200 ack".to_owned(),
        };
        let mark = if is_right { ' ' } else { '!' };
        println!("{mark} {:<14}  {name:<22}  {verdict:<20}  {expected:<8}  {shown}", scheme.code());
    }
    println!("\n{right} of {total} answers as the protocol says");
    Ok(right == total)
}
