//! Attacks on "processed once", over real sockets: by somebody who replays what was captured and has
//! no secret, by a tenant against another, by clocks, and by senders as they are.

#[path = "common/server.rs"]
mod server;

use std::{
    collections::HashMap,
    convert::Infallible,
    io::{Read as _, Write as _},
    net::TcpStream,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{FromRequest as _, State},
    http::{HeaderMap, Request, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::{any, get, post},
};
use http_body::Frame;
use server::{Answer, answer, connect, exchange, head, serve, with, within};
use tokio::io::AsyncWriteExt as _;
use trusthooks::{
    Delivery, ReplayGuard, ReplayKey, ReplayWindow, Secret, SignedHeaders, Timestamp, Verify as _,
    axum::{Webhook, WebhookRejection},
    tower::{Outcome, VerifyLayer},
    trustlens,
    trustoo::{self, shop, system},
};

const BODY: &[u8] = br#"{"event":"test","message":"hello"}"#;
const ACK: &str = r#"{"code":0,"message":"success"}"#;

fn secret() -> Secret {
    Secret::new("a secret").unwrap()
}

fn trustlens_layer() -> VerifyLayer<trustlens::Verifier> {
    VerifyLayer::new(trustlens::Verifier::new(secret()))
}

fn signed(body: &[u8]) -> SignedHeaders {
    trustlens::Signer::new(secret()).sign_at(body, Timestamp::now())
}

/// Counts its calls and answers 200.
fn counting(calls: &Arc<AtomicUsize>) -> axum::routing::MethodRouter {
    let calls = Arc::clone(calls);
    any(move || async move {
        calls.fetch_add(1, Ordering::Relaxed);
    })
}

fn count(calls: &Arc<AtomicUsize>) -> usize {
    calls.load(Ordering::Relaxed)
}

/// The same request with another method and path.
fn sent_as(request: &[u8], method: &str, path: &str) -> Vec<u8> {
    let rest = request.strip_prefix(b"POST /").unwrap();
    [format!("{method} {path}").as_bytes(), rest].concat()
}

// ---- A delivery is lost by a replayer without a secret. ------------------------------------------

/// Even where the layer lies over a router, as it should not.
#[tokio::test]
async fn another_method_or_route_uses_nothing_up() {
    let calls = Arc::new(AtomicUsize::new(0));
    let app = Router::new()
        .route("/", counting(&calls))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(get(|| async { "the front page" }))
        .layer(trustlens_layer().store(ReplayGuard::new(100)));
    let port = serve(app).await;
    let genuine = server::post(&signed(BODY), BODY);
    for (method, path) in [
        ("GET", "/healthz"),
        ("HEAD", "/healthz"),
        ("GET", "/nowhere"),
        ("GET", "/"),
        ("HEAD", "/"),
        ("PUT", "/"),
        ("DELETE", "/"),
        ("OPTIONS", "/"),
        ("post", "/"),
    ] {
        let answer = exchange(port, &sent_as(&genuine, method, path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
    }
    assert_eq!(count(&calls), 0);
    assert_eq!(exchange(port, &genuine).await.status, 200);
    assert_eq!(count(&calls), 1);
}

#[tokio::test]
async fn the_extractor_takes_a_post_and_nothing_else() {
    let handler = any(|_: Webhook<trustlens::Verifier>| async {});
    let app = Router::new().route("/", handler).with_state(trustlens::Verifier::new(secret()));
    let port = serve(app).await;
    let genuine = server::post(&signed(BODY), BODY);
    for method in ["GET", "HEAD", "PUT", "post"] {
        assert_eq!(exchange(port, &sent_as(&genuine, method, "/")).await.status, 405, "{method}");
    }
    assert_eq!(exchange(port, &genuine).await.status, 200);
}

// ---- It is processed outside its window. ---------------------------------------------------------

#[tokio::test]
async fn a_body_that_was_held_back_until_the_window_closed_is_refused() {
    let calls = Arc::new(AtomicUsize::new(0));
    let verifier = || {
        let window = ReplayWindow::new(Duration::from_secs(1), Duration::from_secs(1));
        trustlens::Verifier::new(secret()).with_window(window)
    };
    let layer = || VerifyLayer::new(verifier());
    let keyed = |_: &Delivery<trustlens::Event, Bytes>| Some(ReplayKey::derive(["a"]));
    let extractor = {
        let calls = Arc::clone(&calls);
        post(move |_: Webhook<trustlens::Verifier>| async move {
            calls.fetch_add(1, Ordering::Relaxed);
        })
    };
    let apps = [
        Router::new().route("/", counting(&calls).layer(layer())),
        Router::new().route("/", counting(&calls).layer(layer().store(ReplayGuard::new(9)))),
        Router::new()
            .route("/", counting(&calls).layer(layer().store(ReplayGuard::new(9)).key(keyed))),
        Router::new().route("/", extractor).with_state(verifier()),
    ];
    let mut streams = Vec::new();
    for app in apps {
        let port = serve(app).await;
        // In time it is processed.
        assert_eq!(exchange(port, &server::post(&signed(b"soon"), b"soon")).await.status, 200);
        let mut stream = connect(port).await;
        let request = server::post(&signed(BODY), BODY);
        stream.write_all(&request[..request.len() - 1]).await.unwrap();
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(3100)).await;
    for mut stream in streams {
        stream.write_all(&BODY[BODY.len() - 1..]).await.unwrap();
        assert_eq!(answer(&mut stream).await.status, 401);
    }
    assert_eq!(count(&calls), 4);
}

// ---- It is forgotten, or the endpoint is shut, by a step of the clock. ---------------------------

#[derive(Clone)]
struct Stepping {
    guard: ReplayGuard,
    clock: Arc<AtomicU64>,
}

/// Claims by hand, by a clock that the test sets. `/system` signs no time.
fn stepping(state: Stepping) -> Router {
    async fn receive(
        State(Stepping { guard, clock }): State<Stepping>,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        let now = Timestamp::from_unix(clock.load(Ordering::Relaxed));
        let claimed = if uri.path() == "/system" {
            system::Verifier::new(secret())
                .verify_at(&headers, body, now)
                .map(|delivery| guard.claim_delivery(&delivery, "", now))
        } else {
            trustlens::Verifier::new(secret())
                .verify_at(&headers, body, now)
                .map(|delivery| guard.claim_delivery(&delivery, "", now))
        };
        match claimed {
            Err(error) => error.into_response(),
            Ok(Err(error)) => (StatusCode::IM_A_TEAPOT, error.code()).into_response(),
            Ok(Ok(claim)) => {
                claim.commit();
                "processed".into_response()
            }
        }
    }
    Router::new().fallback(receive).with_state(state)
}

#[tokio::test]
async fn a_clock_that_steps_neither_forgets_nor_shuts() {
    const DAY: u64 = 86_400;
    let now = Timestamp::now().as_unix();
    for (first, wrong) in [(now, now + 25 * 3600), (now, 0), (0, now), (now, now - 40 * DAY)] {
        let clock = Arc::new(AtomicU64::new(first));
        let state = Stepping { guard: ReplayGuard::new(1000), clock: Arc::clone(&clock) };
        let port = serve(stepping(state)).await;
        let system = |body: &str| {
            let signed = system::Signer::new(secret()).sign_at(body.as_bytes(), Timestamp::now());
            sent_as(&server::post(&signed, body.as_bytes()), "POST", "/system")
        };
        let trustlens = |body: &str, at: u64| {
            let signed = trustlens::Signer::new(secret());
            let signed = signed.sign_at(body.as_bytes(), Timestamp::from_unix(at));
            server::post(&signed, body.as_bytes())
        };
        let send = async |request: &[u8]| within(exchange(port, request)).await.body;

        assert_eq!(send(&system("first")).await, "processed");
        assert_eq!(send(&trustlens("first", first)).await, "processed");
        clock.store(wrong, Ordering::Relaxed);
        assert_eq!(send(&system("first")).await, "duplicate");
        assert_eq!(send(&system("second")).await, "processed");
        assert_eq!(send(&trustlens("second", wrong)).await, "processed");
        clock.store(first + 10, Ordering::Relaxed);
        for body in ["first", "second"] {
            assert_eq!(send(&system(body)).await, "duplicate");
        }
        assert_eq!(send(&trustlens("first", first)).await, "duplicate");
        // Whatever is new gets in: signed now, before, and in the same second.
        assert_eq!(send(&system("third")).await, "processed");
        for (number, at) in [first, first.saturating_sub(280), first + 10].into_iter().enumerate() {
            assert_eq!(send(&trustlens(&format!("new {number}"), at)).await, "processed");
        }
    }
}

// ---- An endpoint never gets its event. -----------------------------------------------------------

#[tokio::test]
async fn endpoints_with_one_secret_and_one_store_get_each_event() {
    let store = ReplayGuard::new(100);
    let calls = Arc::new(AtomicUsize::new(0));
    let app = Router::new()
        .route("/crm", counting(&calls).layer(trustlens_layer().store(store.clone()).scope("crm")))
        .route(
            "/mail",
            counting(&calls).layer(trustlens_layer().store(store.clone()).scope("mail")),
        );
    let port = serve(app).await;
    let request = server::post(&signed(BODY), BODY);
    for processed in [2, 2] {
        for path in ["/crm", "/mail"] {
            assert_eq!(exchange(port, &sent_as(&request, "POST", path)).await.status, 200);
        }
        assert_eq!(count(&calls), processed);
    }
}

/// Two schemes that sign the body alone make equal MACs of it.
#[tokio::test]
async fn schemes_with_one_secret_and_one_store_get_each_event() {
    let store = ReplayGuard::new(100);
    let calls = Arc::new(AtomicUsize::new(0));
    let v1 = VerifyLayer::new(trustlens::v1::Verifier::new(secret())).store(store.clone());
    let oauth = VerifyLayer::new(system::Verifier::new(secret())).store(store.clone());
    let app = Router::new()
        .route("/v1", counting(&calls).layer(v1))
        .route("/system", counting(&calls).layer(oauth));
    let port = serve(app).await;
    let body: &[u8] = br#"{"event":"app/uninstalled","shop_id":1,"timestamp":1780000000}"#;
    let signed = system::Signer::new(secret()).sign_at(body, Timestamp::now());
    let (_, mac) = signed.iter().next().unwrap();
    let of_v1 = format!("sha256={mac}");
    let length = body.len().to_string();
    let headers = [("x-trustlens-signature", of_v1.as_str()), ("content-length", length.as_str())];
    let v1 = sent_as(&[head(headers).as_bytes(), body].concat(), "POST", "/v1");
    let system = sent_as(&server::post(&signed, body), "POST", "/system");
    for processed in [2, 2] {
        for request in [&v1, &system] {
            assert_eq!(exchange(port, request).await.status, 200);
        }
        assert_eq!(count(&calls), processed);
    }

    // By hand, by the receipts alone.
    let headers = [("x-trustlens-signature", of_v1.as_str())];
    let v1 = trustlens::v1::Verifier::new(secret()).verify(&headers, body).unwrap();
    let headers: Vec<_> = signed.iter().collect();
    let system = system::Verifier::new(secret()).verify(&headers, body).unwrap();
    let guard = ReplayGuard::new(10);
    guard.claim(v1.receipt(), Timestamp::now()).unwrap().commit();
    assert!(guard.claim(system.receipt(), Timestamp::now()).is_ok());
}

// ---- One tenant's event is taken for another's. --------------------------------------------------

#[tokio::test]
async fn a_shop_cannot_use_up_the_events_of_another() {
    let (mallory, alice) = (Secret::new("mallory").unwrap(), Secret::new("alice").unwrap());
    let shops: HashMap<_, _> =
        [("pub_m".to_owned(), mallory.clone().into()), ("pub_a".to_owned(), alice.clone().into())]
            .into();
    let whose = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let whose = Arc::clone(&whose);
        post(move |delivery: Extension<Delivery<shop::Event, Bytes>>| async move {
            whose.lock().unwrap().push(delivery.key_id().map(str::to_owned));
        })
    };
    let layer = VerifyLayer::new(shop::Verifier::with_store(shops)).store(ReplayGuard::new(100));
    let port = serve(Router::new().route("/", handler.layer(layer))).await;
    // The same event, of Alice's shop by what it says.
    let body = br#"{"event":"review/created","shop_id":"alice","data":{"id":"1","updated_at":"2026-05-19T06:58:30Z"}}"#;
    for (token, secret) in [("pub_m", mallory), ("pub_a", alice)] {
        let signed = shop::Signer::new(token, secret).sign_at(body, Timestamp::now());
        let request = server::post(&signed, body);
        assert_eq!(exchange(port, &request).await.status, 200);
        assert_eq!(exchange(port, &request).await.body, ACK);
    }
    let expected = ["pub_m", "pub_a"].map(|token| Some(token.to_owned()));
    assert_eq!(*whose.lock().unwrap(), expected);
}

// ---- It runs twice by default. -------------------------------------------------------------------

/// A first try and its retry, re-signed.
fn signed_twice(sign: impl Fn(Timestamp) -> SignedHeaders, body: &[u8]) -> [Vec<u8>; 2] {
    let now = Timestamp::now().as_unix();
    [now - 60, now].map(|at| server::post(&sign(Timestamp::from_unix(at)), body))
}

const RULE: &[u8] =
    br#"{"event":"score_updated","delivery_id":"0c5f","timestamp":1780000000,"rule":{},"data":{}}"#;
const REVIEW: &[u8] = br#"{"event":"review/created","shop_id":"1","data":{"id":"57748"}}"#;

#[tokio::test]
async fn a_retry_that_was_signed_anew_is_a_duplicate() {
    let calls = Arc::new(AtomicUsize::new(0));
    let store = ReplayGuard::new(100);
    let shop_layer = VerifyLayer::new(shop::Verifier::new(secret())).store(store.clone());
    let trustlens = trustlens_layer().store(store.clone());
    let by_fingerprint = trustlens_layer().store(store).scope("by fingerprint").key(|_| None);
    let app = Router::new()
        .route("/trustlens", counting(&calls).layer(trustlens))
        .route("/shop", counting(&calls).layer(shop_layer))
        .route("/fingerprint", counting(&calls).layer(by_fingerprint));
    let port = serve(app).await;
    let rule = signed_twice(|at| trustlens::Signer::new(secret()).sign_at(RULE, at), RULE);
    let review = signed_twice(|at| shop::Signer::new("p", secret()).sign_at(REVIEW, at), REVIEW);
    for (path, requests, ack, processed) in [
        ("/trustlens", &rule, "", 1),
        ("/shop", &review, ACK, 2),
        // `key` replaces the event's own.
        ("/fingerprint", &rule, "", 4),
    ] {
        for (request, body) in requests.iter().zip(["", ack]) {
            let answer = exchange(port, &sent_as(request, "POST", path)).await;
            assert_eq!(answer, Answer { status: 200, body: body.to_owned() }, "{path}");
        }
        assert_eq!(count(&calls), processed, "{path}");
    }
}

#[derive(Clone)]
struct ByHand {
    guard: ReplayGuard,
    calls: Arc<AtomicUsize>,
}

impl axum::extract::FromRef<ByHand> for Arc<shop::Verifier> {
    fn from_ref(_: &ByHand) -> Self {
        Self::new(shop::Verifier::new(secret()))
    }
}

/// With the extractor and one line, and with nothing at all.
#[tokio::test]
async fn a_duplicate_is_acknowledged_by_hand_too() {
    async fn extracted(
        State(state): State<ByHand>,
        webhook: Webhook<Arc<shop::Verifier>>,
    ) -> Result<Response, WebhookRejection> {
        let claim = webhook.claim(&state.guard, "extracted").await?;
        state.calls.fetch_add(1, Ordering::Relaxed);
        claim.commit();
        Ok(trustoo::ack().map(Body::from))
    }

    async fn by_hand(State(state): State<ByHand>, headers: HeaderMap, body: Bytes) -> Response {
        let delivery = match shop::Verifier::new(secret()).verify(&headers, body) {
            Ok(delivery) => delivery,
            Err(error) => return error.into_response(),
        };
        match state.guard.claim_delivery(&delivery, "by hand", Timestamp::now()) {
            Ok(claim) => claim.commit(),
            Err(error) => return error.answer::<shop::Verifier>().map(Body::from),
        }
        state.calls.fetch_add(1, Ordering::Relaxed);
        trustoo::ack().map(Body::from)
    }

    let calls = Arc::new(AtomicUsize::new(0));
    let guard = ReplayGuard::new(100);
    let app = Router::new()
        .route("/extracted", post(extracted))
        .route("/by-hand", post(by_hand))
        .with_state(ByHand { guard: guard.clone(), calls: Arc::clone(&calls) });
    let port = serve(app).await;
    let review = signed_twice(|at| shop::Signer::new("p", secret()).sign_at(REVIEW, at), REVIEW);
    for (path, processed) in [("/extracted", 1), ("/by-hand", 2)] {
        for request in &review {
            let answer = exchange(port, &sent_as(request, "POST", path)).await;
            assert_eq!(answer, Answer { status: 200, body: ACK.to_owned() }, "{path}");
        }
        assert_eq!(count(&calls), processed, "{path}");
    }
    // In flight is no success.
    let signed = shop::Signer::new("p", secret()).sign_at(REVIEW, Timestamp::now());
    let headers: Vec<_> = signed.iter().collect();
    let delivery = shop::Verifier::new(secret()).verify(&headers, REVIEW).unwrap();
    let _claim = guard.claim_delivery(&delivery, "elsewhere", Timestamp::now()).unwrap();
    let error = guard.claim_delivery(&delivery, "elsewhere", Timestamp::now()).unwrap_err();
    assert_eq!((error.status_code(), error.status().as_u16()), (409, 409));
    let error = error.answer::<shop::Verifier>();
    assert_eq!((error.status().as_u16(), *error.body()), (409, ""));
}

// ---- An answer never arrives. --------------------------------------------------------------------

/// Writes the whole request before it reads, as most clients do; the status that it sees.
fn stubborn(port: u16, request: &[u8]) -> Result<u16, std::io::Error> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    for piece in request.chunks(64 * 1024) {
        stream.write_all(piece)?;
    }
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8(text).unwrap();
    Ok(text.split(' ').nth(1).unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_seen_by_a_sender_that_writes_first() {
    const LARGE: usize = 3 * 1024 * 1024;
    // `post` would answer a GET by itself.
    let extractor = any(|_: Webhook<trustlens::Verifier>| async {});
    let app = Router::new()
        .route("/layer", any(|| async {}).layer(trustlens_layer()))
        .route("/extractor", extractor)
        .with_state(trustlens::Verifier::new(secret()));
    let port = serve(app).await;
    let body = vec![b'x'; LARGE];
    let length = LARGE.to_string();
    let stale = trustlens::Signer::new(secret()).sign_at(b"", Timestamp::from_unix(1));
    let announced = [("content-length", length.as_str())];
    let mut chunked = with(&signed(b""), &[("transfer-encoding", "chunked")], b"");
    for piece in body.chunks(100_000) {
        chunked.extend(format!("{:x}\r\n", piece.len()).bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let requests = [
        (with(&stale, &announced, &body), 401),
        ([head(announced).as_bytes(), &body].concat(), 400),
        (with(&signed(&body), &announced, &body), 413),
        (chunked, 413),
    ];
    for path in ["/layer", "/extractor"] {
        for (request, expected) in &requests {
            let request: Arc<[u8]> = sent_as(request, "POST", path).into();
            let senders: Vec<_> = (0..20)
                .map(|_| {
                    let request = Arc::clone(&request);
                    tokio::task::spawn_blocking(move || stubborn(port, &request))
                })
                .collect();
            for sender in senders {
                assert_eq!(sender.await.unwrap().unwrap(), *expected, "{path}");
            }
        }
        let request = sent_as(&requests[0].0, "GET", path);
        let seen = tokio::task::spawn_blocking(move || stubborn(port, &request));
        assert_eq!(seen.await.unwrap().unwrap(), 405);
    }
}

/// What waits to be asked is not asked, and what never ends is cut off.
#[tokio::test]
async fn no_more_is_taken_off_the_wire_than_is_good() {
    let app = Router::new().route("/", post(|| async {}).layer(trustlens_layer().limit(1000)));
    let port = serve(app).await;
    let stale = trustlens::Signer::new(secret()).sign_at(b"", Timestamp::from_unix(1));
    for expect in ["100-continue", "100-Continue"] {
        let extra = [("expect", expect), ("content-length", "900")];
        assert_eq!(exchange(port, &with(&stale, &extra, b"")).await.status, 401);
        let extra = [("expect", expect), ("content-length", "1001")];
        assert_eq!(exchange(port, &with(&signed(b""), &extra, b"")).await.status, 413);
    }
    // Eight times the limit comes, and then nothing more: the answer is there before the end.
    let mut stream = connect(port).await;
    let extra = [("content-length", "1000000")];
    stream.write_all(&with(&stale, &extra, &[b'x'; 8_001])).await.unwrap();
    assert_eq!(answer(&mut stream).await.status, 401);
    // With less it is waited for.
    let mut stream = connect(port).await;
    stream.write_all(&with(&stale, &extra, &[b'x'; 7_000])).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), answer(&mut stream)).await;
    assert!(early.is_err(), "{early:?}");
}

/// The same piece without end; counts how often it was taken.
struct Endless {
    piece: Bytes,
    taken: Arc<AtomicUsize>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
    }
}

#[tokio::test]
async fn the_extractor_takes_eight_times_axums_limit_off_the_wire() {
    let verifier = trustlens::Verifier::new(secret());
    let stale = trustlens::Signer::new(secret()).sign_at(b"", Timestamp::from_unix(1));
    // Refused by its headers: 16 MiB, and the piece that exceeds them. Refused by its length: two
    // more, with a third that exceeds axum's limit.
    for (headers, pieces) in [(stale, 17), (signed(b""), 3 + 17)] {
        let taken = Arc::default();
        let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
        let body = Body::new(Endless { piece, taken: Arc::clone(&taken) });
        let mut request = Request::post("/").body(body).unwrap();
        headers.apply(request.headers_mut()).unwrap();
        Webhook::<trustlens::Verifier>::from_request(request, &verifier).await.unwrap_err();
        assert_eq!(count(&taken), pieces);
    }
}

// ---- What one sees. ------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_has_one_outcome() {
    let seen: Arc<Mutex<Vec<Outcome>>> = Arc::default();
    let observer = {
        let seen = Arc::clone(&seen);
        move |outcome: &Outcome| seen.lock().unwrap().push(outcome.clone())
    };
    let handler = post(|body: Bytes| async move {
        match body.as_ref() {
            b"fails" => StatusCode::INTERNAL_SERVER_ERROR,
            b"hangs" => std::future::pending().await,
            _ => StatusCode::NO_CONTENT,
        }
    });
    let verifier = trustlens::Verifier::new(
        trusthooks::Secrets::from(Secret::new("the new secret").unwrap()).and(secret()),
    );
    let layer =
        VerifyLayer::new(verifier).limit(100).store(ReplayGuard::new(1000)).on_outcome(observer);
    let port = serve(Router::new().route("/", handler.layer(layer))).await;

    let genuine = Arc::new(server::post(&signed(BODY), BODY));
    let senders: Vec<_> = (0..50)
        .map(|number| {
            let body = number.to_string().into_bytes();
            let request = server::post(&signed(&body), &body);
            tokio::spawn(async move { exchange(port, &request).await.status })
        })
        .collect();
    for sender in senders {
        assert_eq!(sender.await.unwrap(), 204);
    }
    exchange(port, &genuine).await;
    exchange(port, &genuine).await;
    exchange(port, &server::post(&signed(b"fails"), b"fails")).await;
    exchange(port, &server::post(&signed(b"other"), BODY)).await;
    exchange(port, &server::post(&signed(&[b'x'; 101]), &[b'x'; 101])).await;
    exchange(port, &sent_as(&genuine, "PUT", "/")).await;
    let mut hangs = connect(port).await;
    hangs.write_all(&server::post(&signed(b"hangs"), b"hangs")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(hangs);
    within(async {
        while seen.lock().unwrap().len() < 57 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;

    let seen = seen.lock().unwrap();
    let mut codes = HashMap::new();
    for outcome in seen.iter() {
        let status = outcome.status.map_or(0, |status| status.as_u16());
        *codes.entry((outcome.verdict.code(), status)).or_insert(0) += 1;
        assert_eq!(outcome.scheme.unwrap().name(), "trustlens");
        assert!(outcome.took > Duration::ZERO);
    }
    let expected = [
        (("processed", 204), 51),
        (("replay_duplicate", 200), 1),
        (("failed", 500), 1),
        (("signature_mismatch", 401), 1),
        (("body_too_large", 413), 1),
        (("method", 405), 1),
        (("cancelled", 0), 1),
    ];
    assert_eq!(codes, expected.into());
    let duplicate = seen.iter().find(|outcome| outcome.verdict.code() == "replay_duplicate");
    let duplicate = duplicate.unwrap();
    assert_eq!((duplicate.secret_index, duplicate.body_length), (Some(1), BODY.len()));
    assert!(duplicate.age.unwrap() < Duration::from_secs(60));
    let mismatch = seen.iter().find(|outcome| outcome.verdict.code() == "signature_mismatch");
    let mismatch = mismatch.unwrap();
    assert_eq!((mismatch.secret_index, mismatch.age), (None, None));
    assert_eq!(mismatch.body_length, BODY.len());
}
