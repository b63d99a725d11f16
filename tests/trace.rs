//! The layer and `tracing`: facts as fields of the span, and one event for each refusal.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower_layer::Layer as _;
use tower_service::Service as _;
use tracing::{
    Event, Instrument as _, Metadata, Subscriber,
    field::{Empty, Field, Visit},
    info_span,
    span::{Attributes, Id, Record},
    subscriber,
};
use tracing_core::span::Current;
use trusthooks::{
    ReplayError, ReplayGuard, ReplayKey, ReplayStore, Secret, Secrets, Timestamp,
    replay::Retention, tower::VerifyLayer, trustlens,
};

const BODY: &[u8] = br#"{"event":"test","message":"MARKER"}"#;

type Fields = BTreeMap<String, String>;

/// Keeps the fields of the one span, and the events with level and target.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<(Fields, Vec<Fields>)>>, Arc<OnceLock<&'static Metadata<'static>>>);

struct Visitor<'a>(&'a mut Fields);

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Visitor(&mut self.0.lock().unwrap().0));
        self.1.get_or_init(|| span.metadata());
        Id::from_u64(1)
    }

    fn current_span(&self) -> Current {
        self.1.get().map_or_else(Current::none, |span| Current::new(Id::from_u64(1), span))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Visitor(&mut self.0.lock().unwrap().0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        // Other crates' events are their own.
        if !event.metadata().target().starts_with("trusthooks") {
            return;
        }
        let mut fields = Fields::new();
        event.record(&mut Visitor(&mut fields));
        fields.insert("level".to_owned(), event.metadata().level().to_string());
        fields.insert("target".to_owned(), event.metadata().target().to_owned());
        self.0.lock().unwrap().1.push(fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A store that is down from the claim on, or from the commit on.
struct Down {
    at_claim: bool,
}

impl Down {
    fn error() -> ReplayError {
        ReplayError::Unavailable(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
            "the cause",
        )))
    }
}

impl ReplayStore for Down {
    type Claim = ();

    async fn claim(&self, _: ReplayKey, _: Retention, _: Timestamp) -> Result<(), ReplayError> {
        if self.at_claim { Err(Self::error()) } else { Ok(()) }
    }

    async fn commit(&self, (): ()) -> Result<(), ReplayError> {
        Err(Self::error())
    }

    async fn release(&self, (): ()) {}
}

fn layer() -> VerifyLayer<trustlens::Verifier> {
    let secrets = Secrets::from(Secret::new("the new one").unwrap());
    let secrets = secrets.and(Secret::new("the old one").unwrap());
    VerifyLayer::new(trustlens::Verifier::new(secrets)).limit(100)
}

/// A request signed with the old secret, with the marker wherever a sender can write.
fn request(method: &str, signed: &[u8], body: &'static [u8]) -> Request<Full<Bytes>> {
    let signer = trustlens::Signer::new(Secret::new("the old one").unwrap());
    let mut request = Request::builder()
        .method(method)
        .uri("/MARKER?MARKER=MARKER")
        .header("x-trustlens-event", "MARKER")
        .header("MARKER", "MARKER")
        .body(Full::new(Bytes::from_static(body)))
        .unwrap();
    signer.sign_at(signed, Timestamp::now()).apply(request.headers_mut()).unwrap();
    request
}

/// The events that these requests log, and the fields of the last one's span.
async fn logged<S: ReplayStore + 'static>(
    layer: VerifyLayer<trustlens::Verifier, S>,
    requests: Vec<Request<Full<Bytes>>>,
) -> (Fields, Vec<Fields>) {
    let log = Log::default();
    let _guard = subscriber::set_default(log.clone());
    let inner = Answering(StatusCode::NO_CONTENT);
    let mut service = layer.layer(inner);
    for request in requests {
        let span = info_span!(
            "webhook",
            webhook.verdict = Empty,
            webhook.scheme = Empty,
            webhook.status = Empty,
            webhook.age_seconds = Empty,
            webhook.secret_index = Empty,
            webhook.body_length = Empty,
            webhook.took_seconds = Empty,
        );
        log.0.lock().unwrap().0.clear();
        service.call(request).instrument(span).await.unwrap();
    }
    let seen = log.0.lock().unwrap().clone();
    assert!(!format!("{seen:?}").contains("MARKER"), "{seen:?}");
    seen
}

/// Answers everything with one status.
#[derive(Clone)]
struct Answering(StatusCode);

impl tower_service::Service<Request<Full<Bytes>>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.0;
        std::future::ready(Ok(response))
    }
}

/// The one event, without its text: level, code, status, error.
fn only(events: &[Fields]) -> [&str; 4] {
    let [event] = events else { panic!("one event, not {events:?}") };
    assert_eq!(event["target"], "trusthooks");
    assert_eq!(event["scheme"], "\"trustlens\"");
    ["level", "code", "status", "error"].map(|name| event[name].trim_matches('"'))
}

#[tokio::test]
async fn a_genuine_request_has_its_facts_in_the_span_and_no_event() {
    let (span, events) = logged(layer(), vec![request("POST", BODY, BODY)]).await;
    assert_eq!(events, []);
    assert!(span["webhook.took_seconds"].parse::<f64>().unwrap() > 0.0);
    let names = ["verdict", "scheme", "status", "secret_index", "body_length"];
    let facts = names.map(|name| span[&format!("webhook.{name}")].as_str());
    assert_eq!(facts, ["\"processed\"", "\"trustlens\"", "204", "1", "35"]);
    assert!(span["webhook.age_seconds"].parse::<u64>().unwrap() < 60);
}

#[tokio::test]
async fn a_refusal_is_one_event() {
    for (request, expected) in [
        (
            request("POST", b"another body", BODY),
            [
                "WARN",
                "signature_mismatch",
                "401",
                "no configured secret made this signature over these bytes",
            ],
        ),
        (request("PUT", BODY, BODY), ["WARN", "method", "405", "not a POST"]),
        (
            request("POST", &[b'x'; 101], &[b'x'; 101]),
            ["WARN", "body_too_large", "413", "the body is larger than 100 bytes"],
        ),
    ] {
        let (span, events) = logged(layer(), vec![request]).await;
        assert_eq!(only(&events), expected);
        // Unknown facts have no field.
        assert!(!span.contains_key("webhook.secret_index"), "{span:?}");
        assert_eq!(span["webhook.status"], expected[2]);
    }
}

#[tokio::test]
async fn a_duplicate_is_no_warning() {
    let requests = || vec![request("POST", BODY, BODY), request("POST", BODY, BODY)];
    let (span, events) = logged(layer().store(ReplayGuard::new(10)), requests()).await;
    let expected = ["INFO", "replay_duplicate", "200", "the delivery was processed before"];
    assert_eq!(only(&events), expected);
    assert_eq!(span["webhook.secret_index"], "1");
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_with_its_cause() {
    for (at_claim, code, status) in
        [(true, "replay_unavailable", "503"), (false, "unmarked", "204")]
    {
        let layer = layer().store(Down { at_claim });
        let (span, events) = logged(layer, vec![request("POST", BODY, BODY)]).await;
        let [level, seen, answered, error] = only(&events);
        assert_eq!([level, seen, answered], ["ERROR", code, status]);
        assert!(error.ends_with(": the cause"), "{error}");
        assert_eq!(span["webhook.verdict"], format!("{code:?}"));
    }
}
