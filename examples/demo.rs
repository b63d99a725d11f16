//! A receiver, and requests of every kind sent to it over HTTP:
//!
//! ```text
//! cargo run --example demo
//! ```
//!
//! It serves every scheme on a free loopback port, sends each genuine and forged requests, prints
//! what came of them, and exits with 1 if a single verdict is not the expected one.

use std::{collections::HashMap, error::Error, process::ExitCode, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request, State},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use trusthooks::{
    Secret, SecretError, Secrets, SignedHeaders, Timestamp, Verify, VerifyError, trustlens,
    trustoo::{self, open_api, shop, system},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const BODY: &str = r#"{"event":"test","message":"This is a test webhook."}"#;
const BODY_LIMIT: usize = 64 * 1024;
const MINUTE: i64 = 60;

// ---- The receiver. -----------------------------------------------------------------------------

/// One handler for the webhooks of every scheme.
async fn receive<V: Verify>(verifier: State<Arc<V>>, headers: HeaderMap, body: Bytes) -> Response {
    match verifier.verify(&headers, body) {
        Ok(_delivery) => trustoo::ack().map(Body::from), // Any 2xx will do for TrustLens.
        Err(error) => refuse(error),
    }
}

/// The Open API's side of things, as a gateway or a mock has it.
async fn gateway(verifier: State<Arc<open_api::Verifier>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request::from_parts(parts, body);
    match verifier.verify_request_at(&request, Timestamp::now()) {
        Ok(_receipt) => trustoo::ack().map(Body::from),
        Err(error) => refuse(error),
    }
}

/// The verdict goes into the body for this demonstration; a real receiver keeps it in its log.
fn refuse(error: VerifyError) -> Response {
    (error.status(), error.code()).into_response()
}

/// Each scheme under its path. What a vendor calls its secret differs; what it is does not.
fn receiver() -> std::result::Result<Router, SecretError> {
    let rotated = || Ok(Secrets::from(secret()?).and(Secret::new("last month's secret")?));
    let shops = HashMap::from([(PUBLIC_TOKEN.to_owned(), rotated()?)]);
    Ok(Router::new()
        .route("/trustlens", post(receive::<trustlens::Verifier>))
        .with_state(Arc::new(trustlens::Verifier::new(rotated()?)))
        .route("/trustlens/v1", post(receive::<trustlens::v1::Verifier>))
        .with_state(Arc::new(trustlens::v1::Verifier::new(rotated()?)))
        .route("/trustoo/shop", post(receive::<shop::Verifier>))
        .with_state(Arc::new(shop::Verifier::with_store(shops)))
        .route("/trustoo/system", post(receive::<system::Verifier>))
        .with_state(Arc::new(system::Verifier::new(rotated()?)))
        .route("/api/v1/openapi/{call}", any(gateway))
        .with_state(Arc::new(open_api::Verifier::new(rotated()?)))
        .layer(DefaultBodyLimit::max(BODY_LIMIT)))
}

// ---- The senders. ------------------------------------------------------------------------------

const PUBLIC_TOKEN: &str = "GfKu22TCaj4gULtrA3/OgA==";

fn secret() -> std::result::Result<Secret, SecretError> {
    Secret::new("this month's secret")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    TrustLens,
    TrustLensV1,
    Shop,
    System,
}

impl Scheme {
    const ALL: [Self; 4] = [Self::TrustLens, Self::TrustLensV1, Self::Shop, Self::System];

    fn name(self) -> &'static str {
        match self {
            Self::TrustLens => "TrustLens",
            Self::TrustLensV1 => "TrustLens v1",
            Self::Shop => "Trustoo shop",
            Self::System => "Trustoo system",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::TrustLens => "/trustlens",
            Self::TrustLensV1 => "/trustlens/v1",
            Self::Shop => "/trustoo/shop",
            Self::System => "/trustoo/system",
        }
    }

    fn signature_header(self) -> &'static str {
        match self {
            Self::TrustLens | Self::TrustLensV1 => "x-trustlens-signature",
            Self::Shop => "open-trustoo-webhook-sign",
            Self::System => "x-trustoo-signature",
        }
    }

    fn signs_the_time(self) -> bool {
        matches!(self, Self::TrustLens | Self::Shop)
    }

    fn sign(self, secret: Secret, body: &str, at: Timestamp) -> SignedHeaders {
        let body = body.as_bytes();
        match self {
            Self::TrustLens => trustlens::Signer::new(secret).sign_at(body, at),
            Self::TrustLensV1 => trustlens::v1::Signer::new(secret).sign_at(body, at),
            Self::Shop => shop::Signer::new(PUBLIC_TOKEN, secret).sign_at(body, at),
            Self::System => system::Signer::new(secret).sign_at(body, at),
        }
    }
}

/// One request and what should come of it.
struct Case {
    scheme: &'static str,
    sent: &'static str,
    request: http::Request<String>,
    expected: &'static str,
}

/// A moment relative to now, in seconds.
fn at(offset: i64) -> Timestamp {
    Timestamp::from_unix(Timestamp::now().as_unix().saturating_add_signed(offset))
}

/// The requests that each webhook scheme is sent.
fn webhook_cases(scheme: Scheme) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut case = |sent, headers: HeaderMap, body: &str, expected| -> Result<()> {
        let mut request = http::Request::post(scheme.path()).body(body.to_owned())?;
        *request.headers_mut() = headers;
        cases.push(Case { scheme: scheme.name(), sent, request, expected });
        Ok(())
    };
    let signed = |secret: Secret, body: &str, offset| -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        scheme.sign(secret, body, at(offset)).apply(&mut headers)?;
        Ok(headers)
    };
    let genuine = || signed(secret()?, BODY, 0);
    let name = HeaderName::from_static(scheme.signature_header());

    case("genuine", genuine()?, BODY, "ok")?;
    let previous = signed(Secret::new("last month's secret")?, BODY, 0)?;
    case("genuine, signed with the previous secret", previous, BODY, "ok")?;
    case("body tampered with", genuine()?, &BODY.replace("test", "best"), "signature_mismatch")?;
    let strangers = signed(Secret::new("somebody else's secret")?, BODY, 0)?;
    case("signed with a wrong secret", strangers, BODY, "signature_mismatch")?;

    let hour_old = signed(secret()?, BODY, -60 * MINUTE)?;
    if scheme.signs_the_time() {
        case("captured an hour ago", hour_old, BODY, "expired")?;
        let early = signed(secret()?, BODY, 60 * MINUTE)?;
        case("from an hour ahead", early, BODY, "from_future")?;
        let mut headers = genuine()?;
        if let Some(time) = headers.values_mut().find(|value| value.len() == 10) {
            *time = HeaderValue::from_str(&format!("+{}", time.to_str()?))?;
        }
        case("timestamp with a plus sign", headers, BODY, "malformed_timestamp")?;
    } else {
        case("captured an hour ago (no time is signed)", hour_old, BODY, "ok")?;
    }

    let mut headers = genuine()?;
    headers.remove(&name);
    case("signature missing", headers, BODY, "missing_header")?;
    let mut headers = genuine()?;
    if let Some(value) = headers.get(&name).cloned() {
        headers.append(&name, value);
    }
    case("signature header repeated", headers, BODY, "repeated_header")?;
    let mut headers = genuine()?;
    headers.insert(&name, HeaderValue::from_static("sha256=not hex"));
    case("signature not hex", headers, BODY, "malformed_signature")?;

    let mut headers = HeaderMap::new();
    let other = match scheme {
        Scheme::TrustLens | Scheme::TrustLensV1 => Scheme::Shop,
        Scheme::Shop | Scheme::System => Scheme::TrustLens,
    };
    other.sign(secret()?, BODY, at(0)).apply(&mut headers)?;
    case("the other vendor's signature", headers, BODY, "missing_header")?;

    if scheme == Scheme::Shop {
        let mut headers = genuine()?;
        headers.insert("open-trustoo-webhook-public-token", HeaderValue::from_static("nobody's"));
        case("a shop that is not ours", headers, BODY, "unknown_public_token")?;
    }
    let oversized = "x".repeat(BODY_LIMIT.saturating_add(1));
    case("oversized body", signed(secret()?, &oversized, 0)?, &oversized, "too large")?;
    Ok(cases)
}

/// The requests that the Open API is sent.
fn open_api_cases() -> Result<Vec<Case>> {
    let get = || {
        http::Request::get("/api/v1/openapi/get_reviews?page=1&q=good%20value").body(String::new())
    };
    let post = || http::Request::post("/api/v1/openapi/create_shop_webhook").body(BODY.to_owned());
    let signer = open_api::Signer::new(PUBLIC_TOKEN, secret()?);
    let case =
        |sent, request, expected| Case { scheme: "Trustoo Open API", sent, request, expected };

    let mut genuine_get = get()?;
    signer.sign_request_at(&mut genuine_get, at(0))?;
    let mut genuine_post = post()?;
    signer.sign_request_at(&mut genuine_post, at(0))?;
    let mut other_page = genuine_get.clone();
    *other_page.uri_mut() = "/api/v1/openapi/get_reviews?page=2&q=good%20value".parse()?;
    let mut other_body = genuine_post.clone();
    other_body.body_mut().push(' ');
    let mut stale = get()?;
    signer.sign_request_at(&mut stale, at(-16 * MINUTE))?;
    let mut own_time = genuine_get.clone();
    *own_time.uri_mut() = "/api/v1/openapi/get_reviews?timestamp=1".parse()?;
    Ok(vec![
        case("genuine GET", genuine_get, "ok"),
        case("genuine POST", genuine_post, "ok"),
        case("query tampered with", other_page, "signature_mismatch"),
        case("body tampered with", other_body, "signature_mismatch"),
        case("16 minutes old", stale, "expired"),
        case("unsigned", get()?, "missing_header"),
        case("`timestamp` in the query", own_time, "reserved_parameter"),
    ])
}

/// Sends a request over a connection of its own; gives the status and the verdict.
async fn send(port: u16, request: http::Request<String>) -> Result<(StatusCode, String)> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = request.map(|body| Full::new(Bytes::from(body)));
    request.headers_mut().insert(http::header::HOST, HeaderValue::from_static("127.0.0.1"));
    let answer = client.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    let verdict = match status {
        StatusCode::OK => "ok".to_owned(),
        StatusCode::PAYLOAD_TOO_LARGE => "too large".to_owned(),
        _ => String::from_utf8_lossy(&body).into_owned(),
    };
    Ok((status, verdict))
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(axum::serve(listener, receiver()?).into_future());

    let mut cases = Vec::new();
    for scheme in Scheme::ALL {
        cases.extend(webhook_cases(scheme)?);
    }
    cases.extend(open_api_cases()?);

    println!("A receiver on 127.0.0.1:{port}, and what came of each request sent to it.\n");
    println!("  {:<16}  {:<40}  {:<20}  {:<20}  status", "scheme", "sent", "expected", "got");
    let (total, mut wrong) = (cases.len(), 0_usize);
    let mut last = "";
    for Case { scheme, sent, request, expected } in cases {
        let (status, got) = send(port, request).await?;
        let right = got == expected;
        wrong = wrong.saturating_add(usize::from(!right));
        let shown = if scheme == last { "" } else { scheme };
        let mark = if right { ' ' } else { '!' };
        if shown == scheme {
            println!();
        }
        println!("{mark} {shown:<16}  {sent:<40}  {expected:<20}  {got:<20}  {}", status.as_u16());
        last = scheme;
    }
    println!("\n{} of {total} verdicts as expected", total.saturating_sub(wrong));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
