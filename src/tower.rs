//! A layer in front of a service: a refused request never reaches it.

use alloc::{boxed::Box, sync::Arc};
use core::{
    error::Error,
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower_layer::Layer;
use tower_service::Service;

mod outcome;

use outcome::{Observer, Watch};
pub use outcome::{Outcome, Verdict};

use crate::{
    drain,
    error::VerifyError,
    fingerprint::ReplayKey,
    replay::{ReplayError, ReplayStore, Retention},
    time::Timestamp,
    verify::{Delivery, Verification, Verify},
};

#[cfg(feature = "json")]
mod sign;
#[cfg(feature = "tracing")]
mod trace;

#[cfg(feature = "json")]
pub use sign::{SignLayer, SignService};

type BoxError = Box<dyn Error + Send + Sync>;

/// Derives a key from a verified delivery.
type KeyOf<V> = dyn Fn(&Delivery<<V as Verify>::Event, Bytes>) -> Option<ReplayKey> + Send + Sync;

/// Verifies every request before the service sees it.
///
/// - Only a POST is verified; anything else is answered with 405. Method and path are not signed, so
///   somebody who replays a request chooses them: put the layer on the route of the webhook, never
///   over a router with other routes.
/// - The headers are judged first: a stale, malformed or unknown request is refused before its body
///   is hashed, and a client that waits for `100 Continue` is never asked for the body. The window
///   is checked again when the body is complete.
/// - The body is collected under a [`limit`](Self::limit), 1 MiB by default, and hashed as it
///   arrives. Past the limit the answer is 413, whether or not the length was announced.
/// - A refusal has an empty body, [`VerifyError::status`] as its status, and the error in its
///   extensions, for logging further out: a [`VerifyError`], [`BodyError`] or [`ReplayError`]. It is
///   sent after the rest of the body was read and dropped, up to eight times the limit: a sender
///   whose connection closes while it writes does not see the answer.
/// - A verified request goes on with its body intact, as [`Full<Bytes>`], and its
///   [`Delivery<V::Event, Bytes>`](Delivery) in its extensions. Its event is read only
///   once.
/// - With a [`store`](Self::store), each delivery is processed once: claimed, handed on, committed
///   on a 2xx, and released on anything else, or when the request is cancelled or the handler
///   panics. (Trustoo accepts only [`trustoo::ack`](crate::trustoo::ack) as success.)
///
/// ```
/// use axum::{Extension, Router, body::Bytes, routing::post};
/// use trusthooks::{Delivery, ReplayGuard, Secret, tower::VerifyLayer, trustlens};
///
/// async fn on_trustlens(Extension(delivery): Extension<Delivery<trustlens::Event, Bytes>>) {
///     println!("verified: {} bytes", delivery.body().len());
/// }
///
/// let verifier = trustlens::Verifier::new(Secret::new("the endpoint's signing secret")?);
/// let layer = VerifyLayer::new(verifier).store(ReplayGuard::new(100_000));
/// let app: Router = Router::new().route("/trustlens", post(on_trustlens).layer(layer));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// # Observability
/// [`on_outcome`](Self::on_outcome) is called for each request. With the feature `tracing`, the
/// layer also records the same facts as fields of the span that the request came in:
/// `webhook.verdict`, `webhook.scheme`, `webhook.status`, `webhook.age_seconds`,
/// `webhook.secret_index`, `webhook.body_length` and `webhook.took_seconds`. A span takes those
/// that it declares. Each refusal is one event with the target `trusthooks`: a warning, `info`
/// for a delivery that was or is being processed, and an error for any other answer of a store.
/// Its fields are `scheme`, `code`, `status` and `error`. Neither contains text of the sender.
///
/// ```
/// use tracing::{field::Empty, info_span};
///
/// // For tower-http's `TraceLayer::make_span_with`, around the layer.
/// let span = info_span!(
///     "webhook",
///     webhook.verdict = Empty,
///     webhook.scheme = Empty,
///     webhook.status = Empty,
///     webhook.age_seconds = Empty,
///     webhook.secret_index = Empty,
///     webhook.body_length = Empty,
///     webhook.took_seconds = Empty,
/// );
/// ```
///
/// The signature covers the bytes as they were sent, so do not put anything in front that
/// decompresses or rewrites bodies. The layer does not limit the time that a client takes: put a
/// timeout in front, as for any service that reads bodies.
///
/// The service's answers must have a body that can be made from [`Bytes`], such as axum's or
/// [`Full`].
pub struct VerifyLayer<V: Verify, S = Unguarded> {
    verifier: Arc<V>,
    store: Arc<S>,
    options: Arc<Options<V>>,
}

struct Options<V: Verify> {
    key: Option<Arc<KeyOf<V>>>,
    scope: Arc<str>,
    /// Whether there is a store.
    remembers: bool,
    limit: usize,
    observer: Option<Arc<Observer>>,
}

impl<V: Verify> VerifyLayer<V> {
    /// Verifies with `verifier`, takes bodies up to 1 MiB, and remembers nothing.
    pub fn new(verifier: V) -> Self {
        let options = Options {
            key: None,
            scope: Arc::from(""),
            remembers: false,
            limit: 1024 * 1024,
            observer: None,
        };
        Self {
            verifier: Arc::new(verifier),
            store: Arc::new(Unguarded(())),
            options: Arc::new(options),
        }
    }
}

impl<V: Verify, S> VerifyLayer<V, S> {
    /// Takes bodies up to this many bytes.
    #[must_use]
    pub fn limit(self, bytes: usize) -> Self {
        self.with(|options| options.limit = bytes)
    }

    /// Processes each delivery once, as far as `store` knows.
    ///
    /// A delivery is identified by its [key](Delivery::replay_key): its event's key, which retries
    /// share, or else its fingerprint, together with its scheme and key id. A processed duplicate
    /// is answered with the vendor's acknowledgement, without calling the service. One still in
    /// flight is answered with 409. If the store is full or down, the answer is 503, so that the
    /// vendor retries. If the store fails after the work is done, the service's answer is sent all
    /// the same, with the [`ReplayError`] in its extensions.
    #[must_use]
    pub fn store<T: ReplayStore>(self, store: T) -> VerifyLayer<V, T> {
        let Self { verifier, options, .. } = self.with(|options| options.remembers = true);
        VerifyLayer { verifier, store: Arc::new(store), options }
    }

    /// Separates this endpoint's keys from those of others in the same store.
    ///
    /// Use one for each of several endpoints that get the same events under the same secret.
    /// Otherwise an event at the first endpoint would be a duplicate at the others.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.with(|options| options.scope = Arc::from(scope))
    }

    /// Deduplicates by a key of your own in place of
    /// [`Event::retry_key`](crate::Event::retry_key). If `key` returns `None`, the
    /// fingerprint is used. Derive it from the event alone: a replayer can change everything that
    /// is not signed.
    #[must_use]
    pub fn key<F>(self, key: F) -> Self
    where
        F: Fn(&Delivery<V::Event, Bytes>) -> Option<ReplayKey> + Send + Sync + 'static,
    {
        self.with(|options| options.key = Some(Arc::new(key)))
    }

    /// Calls `observer` once for each request: when its answer leaves the layer, or when it is
    /// cancelled. It runs on the request's task, so it should only count or log.
    #[must_use]
    pub fn on_outcome<F>(self, observer: F) -> Self
    where
        F: Fn(&Outcome) + Send + Sync + 'static,
    {
        self.with(|options| options.observer = Some(Arc::new(observer)))
    }

    fn with(mut self, change: impl FnOnce(&mut Options<V>)) -> Self {
        change(Arc::make_mut(&mut self.options));
        self
    }
}

impl<V: Verify> Clone for Options<V> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            scope: Arc::clone(&self.scope),
            remembers: self.remembers,
            limit: self.limit,
            observer: self.observer.clone(),
        }
    }
}

impl<V: Verify, S> Clone for VerifyLayer<V, S> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
            store: Arc::clone(&self.store),
            options: Arc::clone(&self.options),
        }
    }
}

impl<V: Verify + fmt::Debug, S: fmt::Debug> fmt::Debug for VerifyLayer<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.verifier)
            .field("store", &self.store)
            .field("scope", &self.options.scope)
            .field("limit", &self.options.limit)
            .finish_non_exhaustive()
    }
}

impl<V: Verify, S, T> Layer<T> for VerifyLayer<V, S> {
    type Service = VerifyService<T, V, S>;

    fn layer(&self, inner: T) -> Self::Service {
        VerifyService { inner, layer: self.clone() }
    }
}

/// A service behind a [`VerifyLayer`].
#[derive(Debug)]
pub struct VerifyService<T, V: Verify, S = Unguarded> {
    inner: T,
    layer: VerifyLayer<V, S>,
}

impl<T: Clone, V: Verify, S> Clone for VerifyService<T, V, S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<T, V, S, B, R> Service<Request<B>> for VerifyService<T, V, S>
where
    T: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    T::Future: Send,
    T::Error: Send,
    V: Verify + Send + Sync + 'static,
    S: ReplayStore + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    R: From<Bytes> + Send,
{
    type Response = Response<R>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, T::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Calls the service that was polled ready; its clone waits for the next request.
        let clone = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let options = &layer.options;
            let mut watch = Watch::start(options.observer.as_ref(), layer.verifier.scheme());
            let (request, claim) = match layer.admit(request, &mut watch).await {
                Ok(admitted) => admitted,
                Err(refusal) => return Ok(refusal.answer::<V, R>(&mut watch)),
            };
            // If this panics, or is not polled to its end, the claim is dropped.
            let mut answer = inner.call(request).await;
            match &mut answer {
                Ok(answer) if answer.status().is_success() => {
                    watch.ended(Verdict::Processed, Some(answer.status()));
                    if let Err(error) = layer.store.commit(claim).await {
                        watch.ended(Verdict::Unmarked(error.clone()), Some(answer.status()));
                        answer.extensions_mut().insert(error);
                    }
                }
                failed => {
                    watch.ended(Verdict::Failed, failed.as_ref().ok().map(Response::status));
                    layer.store.release(claim).await;
                }
            }
            answer
        })
    }
}

impl<V: Verify, S: ReplayStore> VerifyLayer<V, S> {
    /// The request as the service gets to see it, and the right to process it.
    async fn admit<B>(
        &self,
        request: Request<B>,
        watch: &mut Watch,
    ) -> Result<(Request<Full<Bytes>>, S::Claim), Refusal>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let (mut parts, body) = request.into_parts();
        let delivery = self.verify(&parts, body, watch).await?.keeping_its_event();
        // A clock read before the body would be the sender's to hold back: a store that has let go
        // of the first copy by now would be told of a time when it had not.
        let now = Timestamp::now();
        watch.verified(delivery.receipt(), now);
        let (key, retention) = self.options.replay_key(&delivery);
        let claim = self.store.claim(key, retention, now).await?;
        let body = Full::new(delivery.clone().into_body());
        parts.extensions.insert(delivery);
        Ok((Request::from_parts(parts, body), claim))
    }

    async fn verify<B>(
        &self,
        parts: &Parts,
        body: B,
        watch: &mut Watch,
    ) -> Result<Delivery<V::Event, Bytes>, Refusal>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let limit = self.options.limit;
        let too_large = || BodyError::TooLarge { limit };
        let mut unwanted = limit.saturating_mul(drain::TIMES);
        let mut body = pin!(body);

        let begun = match parts.method {
            Method::POST => {
                self.verifier.begin(&parts.headers, Timestamp::now()).map_err(Refusal::from)
            }
            _ => Err(Refusal::Method),
        };
        let begun = match begun {
            Ok(_) if body.size_hint().lower() > limit as u64 => Err(too_large().into()),
            begun => begun,
        };
        let mut verification = match begun {
            Ok(verification) => verification,
            Err(refusal) => {
                drain::drain_unread(&parts.headers, body, unwanted).await;
                return Err(refusal);
            }
        };

        let mut collected = Collected::default();
        while let Some(data) = next_piece(body.as_mut()).await? {
            if data.len() > limit.saturating_sub(collected.len()) {
                unwanted = unwanted.saturating_sub(collected.len()).saturating_sub(data.len());
                drain::drain(body, unwanted).await;
                return Err(too_large().into());
            }
            collected.push(data, &mut verification);
            watch.read(collected.len());
        }
        Ok(collected.deliver(verification, Timestamp::now())?)
    }
}

impl<V: Verify> Options<V> {
    fn replay_key(&self, delivery: &Delivery<V::Event, Bytes>) -> (ReplayKey, Retention) {
        match &self.key {
            _ if !self.remembers => (ReplayKey::NONE, Retention::span(Duration::ZERO)),
            None => delivery.replay_key(&self.scope),
            Some(key) => match key(delivery) {
                Some(key) => delivery.scoped_key(&self.scope, key),
                None => delivery.request_key(&self.scope),
            },
        }
    }
}

/// The next piece of a body. Skips trailers, which are not signed.
async fn next_piece<B>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Error: Into<BoxError>>,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::Unreadable(Arc::from(error.into())))?;
        if let Ok(mut data) = frame.into_data() {
            return Ok(Some(data.copy_to_bytes(data.remaining())));
        }
    }
    Ok(None)
}

/// The body so far, hashed as it arrives. A body in one piece, as most are, is not copied, and is
/// hashed for the next secret only if the last did not fit.
#[derive(Default)]
struct Collected {
    first: Bytes,
    rest: BytesMut,
}

impl Collected {
    fn len(&self) -> usize {
        self.first.len().saturating_add(self.rest.len())
    }

    fn push(&mut self, data: Bytes, verification: &mut Verification<'_>) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            verification.update(&self.first);
            self.rest.put(core::mem::take(&mut self.first));
        }
        verification.update(&data);
        self.rest.put(data);
    }

    fn deliver<E>(
        self,
        verification: Verification<'_>,
        now: Timestamp,
    ) -> Result<Delivery<E, Bytes>, VerifyError> {
        if self.rest.is_empty() {
            return verification.deliver_whole(self.first, now);
        }
        verification.deliver_fed(self.rest.freeze(), now)
    }
}

/// Why a body was refused.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than the layer's limit. Answered with 413.
    TooLarge {
        /// The layer's limit in bytes.
        limit: usize,
    },

    /// It ended early, or the connection did. Answered with 400.
    Unreadable(Arc<dyn Error + Send + Sync>),
}

impl BodyError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::Unreadable(_) => f.write_str("the body could not be read to its end"),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Unreadable(cause) => Some(cause),
        }
    }
}

/// Every reason for not calling the service.
enum Refusal {
    Method,
    Unverified(VerifyError),
    Body(BodyError),
    Replay(ReplayError),
}

impl Refusal {
    fn answer<V: Verify, R: From<Bytes>>(self, watch: &mut Watch) -> Response<R> {
        let (answer, verdict) = match self {
            Self::Method => {
                let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
                answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
                (answer, Verdict::Method)
            }
            Self::Unverified(error) => (with(error.status(), error), Verdict::Unverified(error)),
            Self::Body(error) => (with(error.status(), error.clone()), Verdict::Body(error)),
            Self::Replay(error) => (error.clone().answer::<V>(), Verdict::Replay(error)),
        };
        watch.ended(verdict, Some(answer.status()));
        answer.map(|body| R::from(Bytes::from_static(body.as_bytes())))
    }
}

fn empty(status: StatusCode) -> Response<&'static str> {
    let mut answer = Response::new("");
    *answer.status_mut() = status;
    answer
}

fn with<E: Clone + Send + Sync + 'static>(status: StatusCode, error: E) -> Response<&'static str> {
    let mut answer = empty(status);
    answer.extensions_mut().insert(error);
    answer
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::Unverified(error)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<ReplayError> for Refusal {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

/// The default store, which remembers nothing.
#[derive(Debug)]
pub struct Unguarded(());

impl ReplayStore for Unguarded {
    type Claim = ();

    async fn claim(&self, _: ReplayKey, _: Retention, _: Timestamp) -> Result<(), ReplayError> {
        Ok(())
    }

    async fn commit(&self, (): ()) -> Result<(), ReplayError> {
        Ok(())
    }

    async fn release(&self, (): ()) {}
}
