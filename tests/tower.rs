//! The layer and the extractor in real servers, and what clients can do to them.

#[path = "common/server.rs"]
mod server;

use std::{
    error::Error as _,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::DefaultBodyLimit,
    http::{Request, StatusCode},
    middleware::map_response,
    response::Response,
    routing::post,
};
use http_body::Frame;
use http_body_util::Full;
use server::{Answer, answer, connect, exchange, head, serve, with, within};
use tokio::{io::AsyncWriteExt as _, sync::Notify};
use tower_http::timeout::TimeoutLayer;
use tower_layer::Layer as _;
use tower_service::Service;
use trusthooks::{
    Delivery, ReplayError, ReplayGuard, ReplayKey, ReplayStore, ReplayWindow, Secret,
    SignedHeaders, Timestamp, Verify as _, VerifyError,
    axum::Webhook,
    replay::Retention,
    tower::{BodyError, VerifyLayer},
    trustlens,
    trustoo::{shop, system},
};

const BODY: &[u8] = br#"{"event":"test","message":"hello"}"#;

fn secret() -> Secret {
    Secret::new("a secret").unwrap()
}

fn layer() -> VerifyLayer<trustlens::Verifier> {
    VerifyLayer::new(trustlens::Verifier::new(secret()))
}

fn signed(body: &[u8]) -> SignedHeaders {
    trustlens::Signer::new(secret()).sign_at(body, Timestamp::now())
}

fn genuine(body: &[u8]) -> Vec<u8> {
    server::post(&signed(body), body)
}

/// Answers with the body that it was given, and counts.
fn echo(calls: &Arc<AtomicUsize>) -> Router {
    let calls = Arc::clone(calls);
    Router::new().route(
        "/",
        post(|delivery: Extension<Delivery<trustlens::Event, Bytes>>, body: Bytes| async move {
            calls.fetch_add(1, Ordering::Relaxed);
            assert_eq!(delivery.body(), body);
            body
        }),
    )
}

fn status(status: u16) -> Answer {
    Answer { status, body: String::new() }
}

#[tokio::test]
async fn a_verified_request_goes_on_intact_and_a_refused_one_does_not() {
    let calls = Arc::new(AtomicUsize::new(0));
    let port = serve(echo(&calls).layer(layer())).await;
    let answer = exchange(port, &genuine(BODY)).await;
    assert_eq!((answer.status, answer.body.as_bytes()), (200, BODY));

    let mut tampered = genuine(BODY);
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(exchange(port, &tampered).await, status(401));
    assert_eq!(exchange(port, head([("content-length", "0")]).as_bytes()).await, status(400));
    let stale = trustlens::Signer::new(secret()).sign_at(BODY, Timestamp::from_unix(1));
    assert_eq!(exchange(port, &server::post(&stale, BODY)).await, status(401));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_error_is_in_the_extensions() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let app = echo(&Arc::default()).layer(layer().limit(40).store(ReplayGuard::new(1)));
    let app = app.layer(map_response({
        let seen = Arc::clone(&seen);
        move |answer: Response| {
            let extensions = answer.extensions();
            let verify = extensions.get::<VerifyError>().map(VerifyError::code);
            let replay = extensions.get::<ReplayError>().map(ReplayError::code);
            let body = extensions.get::<BodyError>().map(|error| match error {
                BodyError::TooLarge { limit: 40 } => "too_large",
                _ => "unreadable",
            });
            seen.lock().unwrap().push(verify.or(replay).or(body));
            async { answer }
        }
    }));
    let port = serve(app).await;
    let first = genuine(BODY);
    for request in [
        &first,
        &first,
        &genuine(b"another"),
        &genuine(&[b'x'; 41]),
        &server::post(&signed(b""), BODY),
        &b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
    ] {
        exchange(port, request).await;
    }
    assert_eq!(
        *seen.lock().unwrap(),
        [
            None,
            Some("duplicate"),
            Some("full"),
            Some("too_large"),
            Some("signature_mismatch"),
            Some("missing_header")
        ]
    );
}

/// The answer comes while the body is still to be sent, and the client is never told to send it.
#[tokio::test]
async fn headers_are_judged_before_the_body_is_read() {
    let port = serve(echo(&Arc::default()).layer(layer())).await;
    let wait = [("expect", "100-continue"), ("content-length", "1000000")];
    let mut refused: Vec<_> =
        vec![("x-trustlens-timestamp", "1"), ("x-trustlens-signature", "sha256=00")];
    refused.extend(wait);
    assert_eq!(exchange(port, head(refused).as_bytes()).await, status(400));

    // A request that may yet be genuine is asked for its body.
    let headers = signed(BODY);
    let length = BODY.len().to_string();
    let mut stream = connect(port).await;
    let request = with(&headers, &[("expect", "100-continue"), ("content-length", &length)], b"");
    stream.write_all(&request).await.unwrap();
    let mut interim = [0; 25];
    within(tokio::io::AsyncReadExt::read_exact(&mut stream, &mut interim)).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(BODY).await.unwrap();
    assert_eq!(answer(&mut stream).await.status, 200);
}

#[tokio::test]
async fn bodies_are_limited_whether_announced_or_not() {
    let calls = Arc::new(AtomicUsize::new(0));
    let port = serve(echo(&calls).layer(layer().limit(1000))).await;
    let fits = vec![b'x'; 1000];
    let large = vec![b'x'; 1001];
    assert_eq!(exchange(port, &genuine(&fits)).await.status, 200);
    assert_eq!(exchange(port, &genuine(&large)).await, status(413));

    let chunked = |body: &[u8]| {
        let mut request = with(&signed(body), &[("transfer-encoding", "chunked")], b"");
        for piece in body.chunks(7) {
            request.extend(format!("{:x}\r\n", piece.len()).bytes());
            request.extend(piece);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        request
    };
    assert_eq!(exchange(port, &chunked(&fits)).await.status, 200);
    assert_eq!(exchange(port, &chunked(&large)).await, status(413));
    assert_eq!(calls.load(Ordering::Relaxed), 2);

    // By default a mebibyte.
    let port = serve(echo(&calls).layer(DefaultBodyLimit::disable()).layer(layer())).await;
    assert_eq!(exchange(port, &genuine(&vec![b'x'; 1 << 20])).await.status, 200);
    assert_eq!(exchange(port, &genuine(&vec![b'x'; (1 << 20) + 1])).await, status(413));
}

#[tokio::test]
async fn a_length_that_lies_is_no_delivery() {
    let calls = Arc::new(AtomicUsize::new(0));
    let port = serve(echo(&calls).layer(layer())).await;
    // More is announced than comes: what came is signed, and still it is refused.
    let mut stream = connect(port).await;
    stream.write_all(&with(&signed(BODY), &[("content-length", "1000")], BODY)).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(matches!(answer(&mut stream).await.status, 0 | 400));
    // Less is announced than comes: the rest is not part of the request.
    let long = [BODY, b"and more"].concat();
    let length = BODY.len().to_string();
    let answer = exchange(port, &with(&signed(&long), &[("content-length", &length)], &long)).await;
    assert_eq!(answer, status(401));
    // Two lengths that differ are not HTTP.
    let answer = exchange(
        port,
        &with(&signed(BODY), &[("content-length", &length), ("content-length", "3")], BODY),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

/// A connection that breaks.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("the connection broke"))))
    }
}

#[tokio::test]
async fn an_unreadable_body_says_why() {
    let mut request = Request::post("/").body(Body::new(Broken)).unwrap();
    signed(BODY).apply(request.headers_mut()).unwrap();
    let answer = echo(&Arc::default()).layer(layer()).call(request).await.unwrap();
    assert_eq!(answer.status(), 400);
    let error = answer.extensions().get::<BodyError>().unwrap();
    assert_eq!(error.to_string(), "the body could not be read to its end");
    assert_eq!(error.source().unwrap().to_string(), "the connection broke");
}

#[tokio::test]
async fn a_slow_body_ends_with_the_timeout_in_front() {
    let calls = Arc::new(AtomicUsize::new(0));
    let patience =
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_millis(100));
    let port = serve(echo(&calls).layer(layer()).layer(patience)).await;
    let mut stream = connect(port).await;
    let length = BODY.len().to_string();
    let request = with(&signed(BODY), &[("content-length", &length)], &BODY[..5]);
    stream.write_all(&request).await.unwrap();
    assert_eq!(answer(&mut stream).await, status(408));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn http_1_0_is_served() {
    let port = serve(echo(&Arc::default()).layer(layer())).await;
    let request = String::from_utf8(genuine(BODY)).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(exchange(port, request.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn an_empty_body_is_a_body() {
    let port = serve(echo(&Arc::default()).layer(layer())).await;
    assert_eq!(exchange(port, &with(&signed(b""), &[], b"")).await.status, 200);
    assert_eq!(exchange(port, &genuine(b"")).await.status, 200);
    assert_eq!(exchange(port, &with(&signed(BODY), &[], b"")).await, status(401));
}

/// The signature is over what is sent: a compressed body verifies compressed, and is handed on so.
#[tokio::test]
async fn a_compressed_body_is_taken_as_sent() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let app = Router::new().route(
        "/",
        post(|body: Bytes| async move {
            assert_eq!(body.get(..2), Some(&b"\x1f\x8b"[..]));
            seen.fetch_add(1, Ordering::Relaxed);
        }),
    );
    let port = serve(app.layer(layer())).await;
    let gzip = b"\x1f\x8b\x08\x00 whatever follows";
    let length = gzip.len().to_string();
    let extra = [("content-encoding", "gzip"), ("content-length", length.as_str())];
    assert_eq!(exchange(port, &with(&signed(gzip), &extra, gzip)).await.status, 200);
    assert_eq!(exchange(port, &with(&signed(BODY), &extra, gzip)).await, status(401));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_hundred_headers_of_one_name_are_refused() {
    let port = serve(echo(&Arc::default()).layer(layer())).await;
    let headers = signed(BODY);
    let length = BODY.len().to_string();
    let (name, value) = headers.iter().last().unwrap();
    let repeated = |times: usize| {
        let mut extra = vec![("content-length", length.as_str())];
        extra.extend(std::iter::repeat_n((name, value), times));
        with(&headers, &extra, BODY)
    };
    assert_eq!(exchange(port, &repeated(0)).await.status, 200);
    assert_eq!(exchange(port, &repeated(1)).await, status(400));
    assert_eq!(exchange(port, &repeated(90)).await, status(400));
    // Past its own limit the server answers before anyone looks.
    assert_eq!(exchange(port, &repeated(120)).await.status, 431);
}

#[tokio::test]
async fn the_extractor_gives_the_delivery_or_the_error() {
    let app =
        Router::new()
            .route(
                "/",
                post(|Webhook(delivery): Webhook<trustlens::Verifier>| async move {
                    delivery.into_body()
                }),
            )
            .with_state(trustlens::Verifier::new(secret()))
            .layer(DefaultBodyLimit::max(1000));
    let codes = Arc::new(Mutex::new(Vec::new()));
    let app = app.layer(map_response({
        let codes = Arc::clone(&codes);
        move |answer: Response| {
            codes
                .lock()
                .unwrap()
                .push(answer.extensions().get::<VerifyError>().map(VerifyError::code));
            async { answer }
        }
    }));
    let port = serve(app).await;
    let answer = exchange(port, &genuine(BODY)).await;
    assert_eq!((answer.status, answer.body.as_bytes()), (200, BODY));
    assert_eq!(exchange(port, &server::post(&signed(b"other"), BODY)).await, status(401));
    assert_eq!(exchange(port, &genuine(&[b'x'; 1001])).await.status, 413);
    // Judged before the body is asked for.
    let waiting =
        [("x-trustlens-timestamp", "1"), ("expect", "100-continue"), ("content-length", "900")];
    assert_eq!(exchange(port, head(waiting).as_bytes()).await, status(400));
    assert_eq!(
        *codes.lock().unwrap(),
        [None, Some("signature_mismatch"), None, Some("missing_header")]
    );
}

#[tokio::test]
async fn the_extractor_shares_a_verifier_behind_an_arc() {
    let app = Router::new()
        .route(
            "/",
            post(|Webhook(delivery): Webhook<Arc<trustlens::Verifier>>| async move {
                delivery.into_body()
            }),
        )
        .with_state(Arc::new(trustlens::Verifier::new(secret())));
    let port = serve(app).await;
    assert_eq!(exchange(port, &genuine(BODY)).await.status, 200);
}

/// A service that takes no requests, and says so.
#[derive(Clone)]
struct Closed;

impl Service<Request<Full<Bytes>>> for Closed {
    type Response = Response<Bytes>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Err("closed"))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        panic!("called although it was not ready")
    }
}

#[test]
fn the_layer_is_as_ready_as_its_service() {
    let mut service = layer().layer(Closed);
    let context = &mut Context::from_waker(Waker::noop());
    let ready = Service::<Request<Full<Bytes>>>::poll_ready(&mut service, context);
    assert_eq!(ready, Poll::Ready(Err("closed")));
}

#[test]
fn a_layer_shows_its_parts_and_no_secret() {
    assert_eq!(
        format!("{:?}", layer().limit(10).store(ReplayGuard::new(1))),
        "VerifyLayer { verifier: Verifier { keys: One(..), window: ReplayWindow \
         { past: 300s, future: 300s } }, store: ReplayGuard { len: 0, capacity: 1, .. }, scope: \"\", limit: 10, .. }"
    );
}

// ---- Replay protection. ------------------------------------------------------------------------

#[tokio::test]
async fn without_a_store_no_key_is_derived() {
    let keys = Arc::new(AtomicUsize::new(0));
    let derived = Arc::clone(&keys);
    let layer = layer().key(move |_| {
        derived.fetch_add(1, Ordering::Relaxed);
        None
    });
    let without = serve(echo(&Arc::default()).layer(layer.clone())).await;
    assert_eq!(exchange(without, &genuine(BODY)).await.status, 200);
    assert_eq!(keys.load(Ordering::Relaxed), 0);
    let with_store = serve(echo(&Arc::default()).layer(layer.store(ReplayGuard::new(1)))).await;
    assert_eq!(exchange(with_store, &genuine(BODY)).await.status, 200);
    assert_eq!(keys.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_duplicate_is_answered_with_the_vendors_success() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let handler = post(move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        "handled"
    });
    let app = Router::new().route("/", handler.clone()).layer(layer().store(ReplayGuard::new(10)));
    let port = serve(app).await;
    let request = genuine(BODY);
    assert_eq!(exchange(port, &request).await.body, "handled");
    assert_eq!(exchange(port, &request).await, status(200));
    assert_eq!(calls.load(Ordering::Relaxed), 1);

    // Trustoo wants to read it.
    let layer = VerifyLayer::new(system::Verifier::new(secret())).store(ReplayGuard::new(10));
    let port = serve(Router::new().route("/", handler).layer(layer)).await;
    let request =
        server::post(&system::Signer::new(secret()).sign_at(BODY, Timestamp::now()), BODY);
    assert_eq!(exchange(port, &request).await.body, "handled");
    let again = exchange(port, &request).await;
    assert_eq!((again.status, &*again.body), (200, r#"{"code":0,"message":"success"}"#));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// A store that writes down what it is asked to remember, and lets everything in.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(Retention, Timestamp)>>>);

impl ReplayStore for Notes {
    type Claim = ();

    async fn claim(
        &self,
        _: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<(), ReplayError> {
        self.0.lock().unwrap().push((retention, now));
        Ok(())
    }

    async fn commit(&self, (): ()) -> Result<(), ReplayError> {
        Ok(())
    }

    async fn release(&self, (): ()) {}
}

/// A store that is down when the work is done.
#[derive(Clone)]
struct Forgetful;

impl ReplayStore for Forgetful {
    type Claim = ();

    async fn claim(&self, _: ReplayKey, _: Retention, _: Timestamp) -> Result<(), ReplayError> {
        Ok(())
    }

    async fn commit(&self, (): ()) -> Result<(), ReplayError> {
        Err(ReplayError::Unavailable(Arc::new(io::Error::other("down"))))
    }

    async fn release(&self, (): ()) {}
}

/// A 503 would have the work done again.
#[tokio::test]
async fn the_answer_stands_when_only_the_commit_fails() {
    let seen = Arc::new(Mutex::new(None));
    let app = echo(&Arc::default()).layer(layer().store(Forgetful)).layer(map_response({
        let seen = Arc::clone(&seen);
        move |answer: Response| {
            *seen.lock().unwrap() = answer.extensions().get::<ReplayError>().map(ReplayError::code);
            async { answer }
        }
    }));
    let port = serve(app).await;
    let answer = exchange(port, &genuine(BODY)).await;
    assert_eq!((answer.status, answer.body.as_bytes()), (200, BODY));
    assert_eq!(*seen.lock().unwrap(), Some("unavailable"));
}

/// Otherwise a sender that holds back the last byte until the store has forgotten could have the request
/// run again.
#[tokio::test]
async fn a_claim_has_the_time_when_the_body_was_there() {
    let notes = Notes::default();
    let port = serve(echo(&Arc::default()).layer(layer().store(notes.clone()))).await;
    let mut request = genuine(BODY);
    let last = request.split_off(request.len() - 1);
    let mut stream = connect(port).await;
    stream.write_all(&request).await.unwrap();
    let began = Timestamp::now();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    stream.write_all(&last).await.unwrap();
    assert_eq!(answer(&mut stream).await.status, 200);
    let (_, claimed) = notes.0.lock().unwrap()[0];
    assert!(claimed > began, "{claimed} {began}");
}

#[tokio::test]
async fn a_receipt_is_claimed_for_as_long_as_it_could_be_replayed() {
    let notes = Notes::default();
    let now = Timestamp::now();
    let signed = signed(BODY);
    let headers: Vec<_> = signed.iter().collect();
    let delivery = trustlens::Verifier::new(secret()).verify(&headers, BODY).unwrap();
    notes.claim_receipt(delivery.receipt(), now).await.unwrap();
    let signed = system::Signer::new(secret()).sign_at(BODY, now);
    let headers: Vec<_> = signed.iter().collect();
    let timeless = system::Verifier::new(secret()).verify(&headers, BODY).unwrap();
    notes.claim_receipt(timeless.receipt(), now).await.unwrap();
    let closes = delivery.receipt().expires_at().unwrap();
    let day = Timestamp::from_unix(now.as_unix() + 86_400);
    let notes = notes.0.lock().unwrap();
    let until: Vec<_> =
        notes.iter().map(|(retention, now)| (retention.until(*now), *now)).collect();
    assert_eq!(until, [(closes, now), (day, now)]);
}

/// A key never shortens what the window alone would ask for.
#[tokio::test]
async fn a_key_is_remembered_for_a_day_or_for_the_window() {
    const HOUR: u64 = 3600;
    let signed_at = Timestamp::now();
    // A window of 30 hours is open for up to 60: from 30 before the time of signing to 30 after.
    for (window, expected) in [(1, 24), (30, 60)] {
        let notes = Notes::default();
        let window = ReplayWindow::symmetric(Duration::from_secs(window * HOUR));
        let verifier = trustlens::Verifier::new(secret()).with_window(window);
        let layer = VerifyLayer::new(verifier).store(notes.clone());
        let layer = layer.key(|delivery| Some(ReplayKey::derive([delivery.body()])));
        let port = serve(echo(&Arc::default()).layer(layer)).await;
        let signed = trustlens::Signer::new(secret()).sign_at(BODY, signed_at);
        assert_eq!(exchange(port, &server::post(&signed, BODY)).await.status, 200);
        let (retention, now) = notes.0.lock().unwrap()[0];
        assert_eq!(retention.left(now), Some(Duration::from_secs(expected * HOUR)));
    }
}

#[tokio::test]
async fn an_answer_has_a_type_where_it_has_a_body() {
    let types = Arc::new(Mutex::new(Vec::new()));
    let layer = VerifyLayer::new(system::Verifier::new(secret())).store(ReplayGuard::new(10));
    let app = Router::new().route("/", post(|| async {})).layer(layer).layer(map_response({
        let types = Arc::clone(&types);
        move |answer: Response| {
            let kind = answer.headers().get("content-type");
            types.lock().unwrap().push(kind.map(|kind| kind.to_str().unwrap().to_owned()));
            async { answer }
        }
    }));
    let port = serve(app).await;
    let signed = system::Signer::new(secret()).sign_at(BODY, Timestamp::now());
    for (body, expected) in [(BODY, 200), (BODY, 200), (b"another", 401)] {
        assert_eq!(exchange(port, &server::post(&signed, body)).await.status, expected);
    }
    assert_eq!(*types.lock().unwrap(), [None, Some("application/json".to_owned()), None]);
}

#[tokio::test]
async fn a_retry_signed_anew_is_known_by_its_key() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let app = Router::new().route(
        "/",
        post(move || async move {
            count.fetch_add(1, Ordering::Relaxed);
        }),
    );
    let layer = VerifyLayer::new(shop::Verifier::new(secret()))
        .store(ReplayGuard::new(10))
        .key(|delivery| Some(ReplayKey::derive([delivery.body()])));
    let port = serve(app.layer(layer)).await;
    let now = Timestamp::now().as_unix();
    for at in [now - 60, now, now] {
        let signed = shop::Signer::new("public", secret()).sign_at(BODY, Timestamp::from_unix(at));
        assert_eq!(exchange(port, &server::post(&signed, BODY)).await.status, 200);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// What the handler does next: an answer, or a panic.
type Script = Arc<Mutex<Vec<Option<u16>>>>;

#[tokio::test]
async fn what_fails_is_let_in_again() {
    let script: Script =
        Arc::new(Mutex::new(vec![Some(204), None, Some(301), Some(404), Some(500)]));
    let next = Arc::clone(&script);
    let handler = post(move || async move {
        let step = next.lock().unwrap().pop().unwrap();
        StatusCode::from_u16(step.expect("the handler panics")).unwrap()
    });
    let port =
        serve(Router::new().route("/", handler).layer(layer().store(ReplayGuard::new(10)))).await;
    let request = genuine(BODY);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(exchange(port, &request).await.status);
    }
    // The connection of the handler that panicked is closed without an answer.
    assert_eq!(statuses, [500, 404, 301, 0, 204, 200]);
    assert!(script.lock().unwrap().is_empty());
}

#[tokio::test]
async fn in_flight_is_409_and_a_cancelled_request_lets_go() {
    let (calls, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, wait) = (Arc::clone(&calls), Arc::clone(&go));
    let handler = post(move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        wait.notified().await;
    });
    let guard = ReplayGuard::new(10);
    let port = serve(Router::new().route("/", handler).layer(layer().store(guard.clone()))).await;
    let request = genuine(BODY);

    let until = |done: fn(usize, usize) -> bool| {
        let (calls, guard) = (Arc::clone(&calls), guard.clone());
        within(async move {
            while !done(calls.load(Ordering::Relaxed), guard.len()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    let mut first = connect(port).await;
    first.write_all(&request).await.unwrap();
    until(|calls, _| calls == 1).await;
    assert_eq!(exchange(port, &request).await, status(409));
    // The client hangs up while the handler is at work.
    drop(first);
    until(|_, known| known == 0).await;

    let mut second = connect(port).await;
    second.write_all(&request).await.unwrap();
    until(|calls, _| calls == 2).await;
    go.notify_one();
    assert_eq!(answer(&mut second).await.status, 200);
    assert_eq!(exchange(port, &request).await.status, 200);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_full_guard_is_503() {
    let port = serve(echo(&Arc::default()).layer(layer().store(ReplayGuard::new(1)))).await;
    assert_eq!(exchange(port, &genuine(b"one")).await.status, 200);
    assert_eq!(exchange(port, &genuine(b"two")).await, status(503));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_tasks_one_call() {
    let calls = Arc::new(AtomicUsize::new(0));
    let port = serve(echo(&calls).layer(layer().store(ReplayGuard::new(1000)))).await;
    for round in 0..5 {
        let request: Arc<[u8]> = genuine(round.to_string().as_bytes()).into();
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let request = Arc::clone(&request);
                tokio::spawn(async move { exchange(port, &request).await.status })
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), 200 | 409));
        }
        assert_eq!(calls.load(Ordering::Relaxed), round + 1);
    }
}

/// Handlers that fail two times in three, and senders that retry until they are told of success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_handlers_and_retries_end_with_each_delivery_processed_once() {
    const DELIVERIES: usize = 50;
    let (attempts, processed) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, done) = (Arc::clone(&attempts), Arc::clone(&processed));
    let handler = post(move |body: Bytes| async move {
        tokio::task::yield_now().await;
        match count.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => StatusCode::INTERNAL_SERVER_ERROR,
            1 => panic!("the handler fails"),
            _ => {
                done.lock().unwrap().push(body);
                StatusCode::NO_CONTENT
            }
        }
    });
    let port =
        serve(Router::new().route("/", handler).layer(layer().store(ReplayGuard::new(DELIVERIES))))
            .await;
    let senders: Vec<_> = (0..DELIVERIES * 2)
        .map(|i| {
            // Each delivery from two senders at once.
            let request = genuine((i / 2).to_string().as_bytes());
            tokio::spawn(async move {
                while !matches!(exchange(port, &request).await.status, 200 | 204) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let mut processed: Vec<usize> = processed
        .lock()
        .unwrap()
        .iter()
        .map(|body| std::str::from_utf8(body).unwrap().parse().unwrap())
        .collect();
    processed.sort_unstable();
    assert_eq!(processed, (0..DELIVERIES).collect::<Vec<_>>());
    assert!(attempts.load(Ordering::Relaxed) > DELIVERIES);
}
