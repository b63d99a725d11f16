//! A layer in front of a service: a refused request never reaches it.

use alloc::{boxed::Box, sync::Arc};
use core::{
    error::Error,
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    error::VerifyError,
    replay::{ReplayError, ReplayKey, ReplayStore, Retention},
    time::Timestamp,
    verify::{Delivery, Verify},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// Derives a key from a verified delivery.
type KeyOf<V> = dyn Fn(&Delivery<<V as Verify>::Event, Bytes>) -> Option<ReplayKey> + Send + Sync;

/// Verifies every request before the service sees it.
///
/// - The headers are judged first: a stale, malformed or unknown request is answered before its
///   body is read, and to a client that waits for `100 Continue` the body is never asked for.
/// - The body is collected under a [`limit`](Self::limit), 1 MiB by default, and hashed as it
///   arrives. Past the limit the answer is 413, whether or not the length was announced.
/// - A refusal has an empty body, [`VerifyError::status`] as its status, and the error in its
///   extensions, for logging further out: a [`VerifyError`], [`BodyError`] or [`ReplayError`].
/// - A verified request goes on with its body intact, as [`Full<Bytes>`], and its
///   [`Delivery<V::Event, Bytes>`](Delivery) in its extensions.
/// - With a [`store`](Self::store), each delivery is processed once: claimed, handed on, committed
///   on a 2xx, and released on anything else, or when the request is cancelled or the handler
///   panics. (Trustoo takes [`trustoo::ack`](crate::trustoo::ack) for success and nothing else, so
///   answer it with that.)
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
/// let app: Router = Router::new()
///     .route("/trustlens", post(on_trustlens))
///     .layer(VerifyLayer::new(verifier).store(ReplayGuard::new(100_000)));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// The signature is over the bytes as they were sent, so put nothing in front that decompresses or
/// rewrites bodies. The layer has no clock with which to interrupt a client that sends slowly: put a
/// timeout in front, as for any service that reads bodies.
///
/// The service's answers must have a body that can be made of [`Bytes`], as axum's and [`Full`]
/// have.
pub struct VerifyLayer<V: Verify, S = Unguarded> {
    verifier: Arc<V>,
    store: Arc<S>,
    key: Option<Arc<KeyOf<V>>>,
    limit: usize,
}

impl<V: Verify> VerifyLayer<V> {
    /// Verifies with `verifier`, takes bodies up to 1 MiB, and remembers nothing.
    pub fn new(verifier: V) -> Self {
        let (verifier, store) = (Arc::new(verifier), Arc::new(Unguarded(())));
        Self { verifier, store, key: None, limit: 1024 * 1024 }
    }
}

impl<V: Verify, S> VerifyLayer<V, S> {
    /// Takes bodies up to this many bytes.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Processes each delivery once, as far as `store` knows.
    ///
    /// A finished duplicate is answered with the vendor's success without calling the service, one
    /// still in flight with 409, and where the store is full or down the answer is 503, so that the
    /// vendor retries. Should the store fail only when the work is done, the service's answer is
    /// given all the same, with the [`ReplayError`] in its extensions.
    #[must_use]
    pub fn store<T: ReplayStore>(self, store: T) -> VerifyLayer<V, T> {
        let Self { verifier, key, limit, .. } = self;
        VerifyLayer { verifier, store: Arc::new(store), key, limit }
    }

    /// Knows a delivery by a key of its event, so that a retry that was signed anew is a duplicate
    /// too. Where `key` gives `None`, it is known by its fingerprint. See
    /// [which vendor needs which](crate::replay#which-key).
    #[must_use]
    pub fn key<F>(mut self, key: F) -> Self
    where
        F: Fn(&Delivery<V::Event, Bytes>) -> Option<ReplayKey> + Send + Sync + 'static,
    {
        self.key = Some(Arc::new(key));
        self
    }
}

impl<V: Verify, S> Clone for VerifyLayer<V, S> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
            store: Arc::clone(&self.store),
            key: self.key.clone(),
            limit: self.limit,
        }
    }
}

impl<V: Verify + fmt::Debug, S: fmt::Debug> fmt::Debug for VerifyLayer<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.verifier)
            .field("store", &self.store)
            .field("limit", &self.limit)
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
    V: Verify<Event: 'static> + Send + Sync + 'static,
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
        // The service that was polled ready is the one to call; its clone waits for the next.
        let clone = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (request, claim) = match layer.admit(request).await {
                Ok(admitted) => admitted,
                Err(refusal) => return Ok(refusal.answer(V::ACK_BODY)),
            };
            // Should this panic, or not be polled to its end, the claim is dropped.
            let mut answer = inner.call(request).await;
            match &mut answer {
                Ok(answer) if answer.status().is_success() => {
                    if let Err(error) = layer.store.commit(claim).await {
                        answer.extensions_mut().insert(error);
                    }
                }
                _ => layer.store.release(claim).await,
            }
            answer
        })
    }
}

impl<V, S> VerifyLayer<V, S>
where
    V: Verify<Event: 'static>,
    S: ReplayStore,
{
    /// The request as the service gets to see it, and the right to process it.
    async fn admit<B>(
        &self,
        request: Request<B>,
    ) -> Result<(Request<Full<Bytes>>, S::Claim), Refusal>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let (mut parts, body) = request.into_parts();
        let delivery = self.verify(&parts, body, Timestamp::now()).await?;
        // A clock read before the body would be the sender's to hold back: a store that has let go
        // of the first copy by now would be told of a time when it had not.
        let now = Timestamp::now();
        let receipt = delivery.receipt();
        let (key, retention) = match self.key.as_ref().and_then(|key| key(&delivery)) {
            Some(key) => (key, Retention::of_key(receipt)),
            None => (receipt.fingerprint().into(), Retention::of_fingerprint(receipt)),
        };
        let claim = self.store.claim(key, retention, now).await?;
        let body = Full::new(delivery.clone().into_body());
        parts.extensions.insert(delivery);
        Ok((Request::from_parts(parts, body), claim))
    }

    async fn verify<B>(
        &self,
        parts: &Parts,
        body: B,
        now: Timestamp,
    ) -> Result<Delivery<V::Event, Bytes>, Refusal>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let mut verification = self.verifier.begin(&parts.headers, now)?;
        let too_large = BodyError::TooLarge { limit: self.limit };
        let limit = self.limit as u64;
        let mut body = pin!(body);
        let announced = body.size_hint().lower();
        if announced > limit {
            return Err(too_large.into());
        }
        let mut collected = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| BodyError::Unreadable(Arc::from(error.into())))?;
            // Trailers are not signed and take no part.
            let Ok(mut data) = frame.into_data() else { continue };
            let data = data.copy_to_bytes(data.remaining());
            if data.len() > self.limit.saturating_sub(collected.len()) {
                return Err(too_large.into());
            }
            verification.update(&data);
            collected.put(data);
        }
        Ok(verification.deliver_fed(collected.freeze(), Timestamp::now())?)
    }
}

/// Why a body could not be taken.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than the layer's limit. Answered with 413.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The layer's limit in bytes.
        limit: usize,
    },

    /// It ended early, or the connection did. Answered with 400.
    #[error("the body could not be read to its end")]
    Unreadable(#[source] Arc<dyn Error + Send + Sync>),
}

/// Every reason for not calling the service.
enum Refusal {
    Unverified(VerifyError),
    Body(BodyError),
    Replay(ReplayError),
}

impl Refusal {
    fn answer<R: From<Bytes>>(self, ack_body: &'static str) -> Response<R> {
        let status = match &self {
            Self::Unverified(error) => error.status(),
            Self::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Unreadable(_)) => StatusCode::BAD_REQUEST,
            Self::Replay(error) => error.status(),
        };
        let body = if status.is_success() { ack_body } else { "" };
        let mut answer = Response::new(R::from(Bytes::from_static(body.as_bytes())));
        *answer.status_mut() = status;
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            answer.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        match self {
            Self::Unverified(error) => answer.extensions_mut().insert(error).map(drop),
            Self::Body(error) => answer.extensions_mut().insert(error).map(drop),
            Self::Replay(error) => answer.extensions_mut().insert(error).map(drop),
        };
        answer
    }
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

/// The store of a layer that was given none: it remembers nothing.
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
