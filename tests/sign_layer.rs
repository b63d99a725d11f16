//! Calls of the Open API over sockets: clocks that are off, servers that refuse, tokens that expire.
#![allow(clippy::needless_pass_by_value, reason = "called once, with what is made for it")]

#[path = "common/server.rs"]
mod server;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, Request, Response, StatusCode, Uri},
};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use server::{serve, within};
use tower_layer::Layer as _;
use tower_service::Service;
use trusthooks::{
    Secret, SignError, Timestamp, VerifyError,
    tower::{SignLayer, SignService},
    trustoo::open_api::{
        Answer, AnswerError, Authentication, Bearer, Clock, Signer, Status, Verifier,
    },
};

/// A time that a test moves.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn at(unix: u64) -> Self {
        Self(Arc::new(AtomicU64::new(unix)))
    }
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
    fn clock(&self) -> Clock {
        let time = self.clone();
        Clock::from_fn(move || time.now())
    }
}

const NOON: u64 = 1_780_000_000;
// `date --utc --rfc-email --date=@1780001200` and `@1780003600`.
const TWENTY_PAST: &str = "Thu, 28 May 2026 20:46:40 GMT";
const AN_HOUR_PAST: &str = "Thu, 28 May 2026 21:26:40 GMT";

/// The server's reaction to a request, in place of judging it.
#[derive(Clone)]
enum Fault {
    /// Answers with this status, as a proxy that has nothing of the API's to say.
    Http(StatusCode),
    /// Judges it after so many seconds.
    Late(u64),
    /// Answers with this body.
    Says(&'static str),
    /// Answers with this `Date` and this body.
    Dated(&'static str, &'static str),
}

struct Seen {
    timestamp: Option<String>,
    body: Bytes,
    code: i64,
}

/// The server's side, as the Quick Start describes it.
struct Api {
    time: Time,
    faults: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<Seen>>,
}

impl Api {
    async fn start(time: Time, faults: impl IntoIterator<Item = Fault>) -> (Arc<Self>, String) {
        let faults = Mutex::new(faults.into_iter().collect());
        let api = Arc::new(Self { time, faults, seen: Mutex::default() });
        let app = Router::new().fallback({
            let api = Arc::clone(&api);
            move |method, uri, headers, body| {
                let answer = api.answer(method, &uri, &headers, body);
                async move { answer }
            }
        });
        let port = serve(app).await;
        (api, format!("http://127.0.0.1:{port}/api/v1/openapi/get_reviews?page=1&q=a+b"))
    }

    fn answer(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<axum::body::Body> {
        let fault = self.faults.lock().unwrap().pop_front();
        let timestamp = headers.get("timestamp").map(|value| value.to_str().unwrap().to_owned());
        let see =
            |code| self.seen.lock().unwrap().push(Seen { timestamp, body: body.clone(), code });
        // hyper would send the date of the machine that the test runs on.
        let dated = |date| Response::builder().header("date", date);
        match fault {
            Some(Fault::Http(status)) => {
                see(i64::from(status.as_u16()));
                return dated(AN_HOUR_PAST)
                    .status(status)
                    .body("<html>busy</html>".into())
                    .unwrap();
            }
            Some(Fault::Says(answer)) => {
                see(-1);
                return dated("none").body(answer.into()).unwrap();
            }
            Some(Fault::Dated(date, answer)) => {
                see(-1);
                return dated(date).body(answer.into()).unwrap();
            }
            Some(Fault::Late(seconds)) => self.time.pass(seconds),
            None => {}
        }
        let code = if Authentication::of(headers) == Authentication::Bearer {
            if headers["authorization"] == "Bearer fresh" { 0 } else { 16 }
        } else {
            let mut request =
                Request::builder().method(method).uri(uri).body(body.clone()).unwrap();
            *request.headers_mut() = headers.clone();
            let verifier = Verifier::new(Secret::new("private").unwrap());
            match verifier.verify_request_at(&request, self.time.now()) {
                Ok(_) => 0,
                Err(VerifyError::Expired { .. } | VerifyError::FromFuture { .. }) => 4,
                Err(_) => 16,
            }
        };
        see(code);
        let data = if code == 0 { r#""done""# } else { "null" };
        let time = self.time.now();
        let answer = format!(r#"{{"code":{code},"data":{data},"request_id":"r","time":{time}}}"#);
        Response::new(answer.into())
    }

    /// The server's answers so far, each with the time since noon that its request was signed at.
    fn seen(&self) -> Vec<(i64, i64)> {
        let since_noon = |timestamp: &str| timestamp.parse::<i64>().unwrap() - NOON.cast_signed();
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|seen| (seen.code, seen.timestamp.as_deref().map_or(0, since_noon)))
            .collect()
    }
}

type Caller = SignService<Client<HttpConnector, Full<Bytes>>>;

fn caller(clock: Clock) -> Caller {
    let signer = Signer::new("public", Secret::new("private").unwrap());
    layered(SignLayer::new(signer).clock(clock))
}

fn layered(layer: SignLayer) -> Caller {
    layer.layer(Client::builder(TokioExecutor::new()).build_http())
}

async fn call(caller: &mut Caller, request: Request<Full<Bytes>>) -> Response<Bytes> {
    within(caller.call(request)).await.unwrap()
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

fn done(answer: &Response<Bytes>) {
    assert_eq!(Answer::<String>::from_bytes(answer.body()).unwrap().data, "done");
}

fn refused(answer: &Response<Bytes>) -> Status {
    match Answer::<String>::from_bytes(answer.body()) {
        Err(AnswerError::Refused(error)) => error.status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_clock_that_is_off_costs_one_attempt() {
    for local in [NOON - 1200, NOON + 1200] {
        let (api, url) = Api::start(Time::at(NOON), []).await;
        let time = Time::at(local);
        let mut caller = caller(time.clock());
        let off = local.cast_signed() - NOON.cast_signed();

        done(&call(&mut caller, get(&url)).await);
        assert_eq!(api.seen(), [(4, off), (0, 0)]);
        // From then on it is known, and time goes on for both.
        api.time.pass(7);
        time.pass(7);
        let post = Request::post(&url).body(Full::from(r#"{"id":1}"#)).unwrap();
        done(&call(&mut caller, post).await);
        assert_eq!(api.seen(), [(4, off), (0, 0), (0, 7)]);
    }
}

#[tokio::test]
async fn the_second_attempt_has_the_same_body_and_its_own_signature() {
    let (api, url) = Api::start(Time::at(NOON), []).await;
    let mut caller = caller(Time::at(NOON - 1200).clock());
    let post = Request::post(&url).body(Full::from(r#"{"id":1}"#)).unwrap();
    done(&call(&mut caller, post).await);
    let seen = api.seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.body == r#"{"id":1}"#));
}

#[tokio::test]
async fn many_at_once_are_all_corrected() {
    let (api, url) = Api::start(Time::at(NOON), []).await;
    let caller = caller(Time::at(NOON + 1200).clock());
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let (mut caller, request) = (caller.clone(), get(&url));
            tokio::spawn(async move { done(&call(&mut caller, request).await) })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let seen = api.seen();
    assert_eq!(seen.iter().filter(|(code, _)| *code == 0).count(), 32);
    assert!(seen.len() <= 64, "{}", seen.len());
}

#[tokio::test]
async fn a_retry_after_16_minutes_is_signed_anew() {
    let time = Time::at(NOON);
    let busy = Fault::Http(StatusCode::SERVICE_UNAVAILABLE);
    let (api, url) = Api::start(time.clone(), [busy]).await;
    let mut caller = caller(time.clock());

    assert_eq!(call(&mut caller, get(&url)).await.status(), 503);
    time.pass(16 * 60);
    done(&call(&mut caller, get(&url)).await);
    assert_eq!(api.seen(), [(503, 0), (0, 16 * 60)]);

    // The same headers once more would not do: this is what the layer is for.
    let mut stale = Request::get(&url).body(Bytes::new()).unwrap();
    let signer = Signer::new("public", Secret::new("private").unwrap());
    signer.sign_request_at(&mut stale, Timestamp::from_unix(NOON)).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    within(client.request(stale.map(Full::new))).await.unwrap();
    assert_eq!(api.seen()[2], (4, 0));
}

#[tokio::test]
async fn a_request_that_was_16_minutes_on_its_way_is_sent_again() {
    let time = Time::at(NOON);
    let (api, url) = Api::start(time.clone(), [Fault::Late(16 * 60)]).await;
    done(&call(&mut caller(time.clock()), get(&url)).await);
    assert_eq!(api.seen(), [(4, 0), (0, 16 * 60)]);
}

#[tokio::test]
async fn limits_and_outages_are_the_callers_and_each_attempt_is_signed_by_its_time() {
    let time = Time::at(NOON);
    let faults = [429, 503, 429].map(|status| Fault::Http(StatusCode::from_u16(status).unwrap()));
    let (api, url) = Api::start(time.clone(), faults).await;
    let mut caller = caller(time.clock());
    for expected in [429, 503, 429, 200] {
        assert_eq!(call(&mut caller, get(&url)).await.status(), expected);
        time.pass(60);
    }
    assert_eq!(api.seen(), [(429, 0), (503, 60), (429, 120), (0, 180)]);
}

#[tokio::test]
async fn an_answer_without_a_time_corrects_by_its_date() {
    let limited = Fault::Dated(TWENTY_PAST, r#"{"code":9999,"message":"busy"}"#);
    let (api, url) = Api::start(Time::at(NOON + 1200), [limited]).await;
    let mut caller = caller(Time::at(NOON).clock());
    assert_eq!(refused(&call(&mut caller, get(&url)).await), Status::Other(9999));
    done(&call(&mut caller, get(&url)).await);
    assert_eq!(api.seen(), [(-1, 0), (0, 1200)]);
}

/// A proxy in front has a clock of its own, and the API's was told already.
#[tokio::test]
async fn the_date_of_a_proxy_corrects_nothing() {
    let busy = Fault::Http(StatusCode::BAD_GATEWAY);
    let (api, url) = Api::start(Time::at(NOON + 1200), [busy.clone(), busy.clone()]).await;
    let mut caller = caller(Time::at(NOON).clock());
    assert_eq!(call(&mut caller, get(&url)).await.status(), 502);
    assert_eq!(call(&mut caller, get(&url)).await.status(), 502);
    done(&call(&mut caller, get(&url)).await);
    assert_eq!(api.seen(), [(502, 0), (502, 0), (4, 0), (0, 1200)]);

    api.faults.lock().unwrap().extend([busy]);
    assert_eq!(call(&mut caller, get(&url)).await.status(), 502);
    done(&call(&mut caller, get(&url)).await);
    assert_eq!(api.seen()[4..], [(502, 1200), (0, 1200)]);
}

#[tokio::test]
async fn a_deadline_that_the_clock_does_not_explain_is_not_tried_again() {
    for answer in [
        r#"{"code":4,"time":1780000000}"#,
        // Four minutes are no reason either.
        r#"{"code":4,"time":1780000240}"#,
        r#"{"code":4,"time":"soon"}"#,
        // Nothing may move the clock by more than a day.
        r#"{"code":4,"time":1780086401}"#,
        r#"{"code":4,"time":9223372036854775807}"#,
    ] {
        let (api, url) = Api::start(Time::at(NOON), [Fault::Says(answer)]).await;
        let mut caller = caller(Time::at(NOON).clock());
        assert_eq!(refused(&call(&mut caller, get(&url)).await), Status::DeadlineExceeded);
        assert_eq!(api.seen.lock().unwrap().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn an_expired_access_token_is_refreshed_by_the_caller() {
    // However wrong the clock is: nothing is signed by it.
    let (api, url) =
        Api::start(Time::at(NOON), [Fault::Says(r#"{"code":4,"time":1780000000}"#)]).await;
    let mut caller = caller(Time::at(NOON - 1200).clock());
    let with = |token: &str| {
        let mut request = get(&url);
        Bearer::new(token).apply(request.headers_mut()).unwrap();
        request
    };
    assert_eq!(refused(&call(&mut caller, with("stale")).await), Status::DeadlineExceeded);
    assert_eq!(refused(&call(&mut caller, with("stale")).await), Status::Unauthenticated);
    done(&call(&mut caller, with("fresh")).await);
    let seen = api.seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.timestamp.is_none()));
}

#[tokio::test]
async fn what_cannot_be_signed_or_taken_is_an_error() {
    let (api, url) = Api::start(Time::at(NOON), []).await;
    let mut caller = caller(Time::at(NOON).clock());
    let reserved = get(&format!("{url}&timestamp=1"));
    let error = within(caller.call(reserved)).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&SignError::ReservedParameter));
    assert!(api.seen().is_empty());

    let signer = Signer::new("public", Secret::new("private").unwrap());
    let mut caller = layered(SignLayer::new(signer).clock(Time::at(NOON).clock()).limit(10));
    let error = within(caller.call(get(&url))).await.unwrap_err();
    assert!(error.is::<http_body_util::LengthLimitError>(), "{error}");
}

/// A service that is not ready, or never will be.
#[derive(Clone)]
struct Unready(Option<&'static str>);

impl Service<Request<Full<Bytes>>> for Unready {
    type Response = Response<Full<Bytes>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.map_or(Poll::Pending, |error| Poll::Ready(Err(error.into())))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        unreachable!("it was not ready")
    }
}

#[test]
fn the_layer_is_ready_when_the_service_is() {
    let layer = SignLayer::new(Signer::new("public", Secret::new("private").unwrap()));
    let mut context = Context::from_waker(Waker::noop());
    let mut waits = layer.layer(Unready(None));
    assert!(Service::<Request<Full<Bytes>>>::poll_ready(&mut waits, &mut context).is_pending());
    let mut fails = layer.layer(Unready(Some("it is closed")));
    match Service::<Request<Full<Bytes>>>::poll_ready(&mut fails, &mut context) {
        Poll::Ready(Err(error)) => assert_eq!(error.to_string(), "it is closed"),
        other => panic!("{other:?}"),
    }
}
