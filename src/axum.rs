//! An extractor for axum: a verified delivery as a handler's argument.

use alloc::sync::Arc;
use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum_core::{
    body::Body,
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body::Frame;

use crate::{
    drain,
    error::VerifyError,
    replay::ReplayStore,
    time::Timestamp,
    verify::{Delivery, Verify},
};

/// A verified delivery, as the last argument of a handler. The verifier comes from the state.
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use trusthooks::{Secret, axum::Webhook, trustlens};
///
/// async fn on_trustlens(Webhook(delivery): Webhook<trustlens::Verifier>) -> StatusCode {
///     println!("verified: {} bytes", delivery.body().len());
///     StatusCode::NO_CONTENT
/// }
///
/// let app: Router = Router::new()
///     .route("/trustlens", post(on_trustlens))
///     .with_state(trustlens::Verifier::new(Secret::new("the endpoint's signing secret")?));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// If the state is a struct of yours, derive or write `FromRef` for each verifier in it. An
/// `Arc` of a verifier is a verifier too: `Webhook<Arc<trustlens::Verifier>>`.
///
/// Only a POST is verified; any other method is answered with 405. The headers are judged before
/// the body is hashed. The window is checked again when the body is there. The limit of a body is
/// axum's [`DefaultBodyLimit`](https://docs.rs/axum/0.8/axum/extract/struct.DefaultBodyLimit.html),
/// 2 MB by default. A refusal is sent after the rest of the body was read and dropped, up to 16 MB:
/// a sender whose connection closes while it writes does not see the answer. A client that waits
/// for `100 Continue` is refused at once.
///
/// The extractor remembers nothing by itself. [`claim`](Self::claim) adds that in one line; `?`
/// answers deliveries that must not be processed:
///
/// ```
/// use axum::{extract::State, http::StatusCode};
/// use trusthooks::{ReplayGuard, axum::{Webhook, WebhookRejection}, trustlens};
///
/// async fn on_trustlens(
///     State(guard): State<ReplayGuard>,
///     webhook: Webhook<trustlens::Verifier>,
/// ) -> Result<StatusCode, WebhookRejection> {
///     let claim = webhook.claim(&guard, "crm").await?;
///     // … the work; when it fails, dropping the claim lets the vendor's retry in …
///     claim.commit();
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Webhook<V: Verify>(pub Delivery<V::Event, Bytes>);

impl<V: Verify> Webhook<V> {
    /// Claims the delivery by its [key](Delivery::replay_key) within `scope`.
    ///
    /// # Errors
    /// [`WebhookRejection::Replay`], which answers a duplicate with the vendor's acknowledgement.
    pub async fn claim<S: ReplayStore>(
        &self,
        store: &S,
        scope: &str,
    ) -> Result<S::Claim, WebhookRejection> {
        let (key, retention) = self.0.replay_key(scope);
        store
            .claim(key, retention, Timestamp::now())
            .await
            .map_err(|error| WebhookRejection::Replay(error.answer::<V>().map(Body::from)))
    }
}

/// Eight times axum's own limit.
const UNWANTED: usize = drain::TIMES * 2 * 1024 * 1024;

impl<V, S> FromRequest<S> for Webhook<V>
where
    V: Verify + FromRef<S> + Send + Sync,
    S: Send + Sync,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
        let verifier = V::from_ref(state);
        let (parts, body) = request.into_parts();
        let begun = match parts.method {
            Method::POST => verifier.begin(&parts.headers, Timestamp::now()).map_err(Into::into),
            _ => Err(WebhookRejection::Method),
        };
        let verification = match begun {
            Ok(verification) => verification,
            Err(rejection) => {
                drain::drain_unread(&parts.headers, body, UNWANTED).await;
                return Err(rejection);
            }
        };

        let body = Shared(Arc::new(Mutex::new(body)));
        let request = Request::from_parts(parts, Body::new(body.clone()));
        let body = match Bytes::from_request(request, state).await {
            Ok(body) => body,
            Err(rejection) => {
                drain::drain(body, UNWANTED).await;
                return Err(WebhookRejection::Body(rejection.into_response()));
            }
        };
        let delivery = verification.deliver_whole(body, Timestamp::now())?;
        Ok(Self(delivery.keeping_its_event()))
    }
}

/// A body that can be drained after axum's extractor gave up on it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// Nobody panics while holding it.
    fn body(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl http_body::Body for Shared {
    type Data = Bytes;
    type Error = axum_core::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum_core::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(cx)
    }
}

/// Why there is no delivery, or why it must not be processed.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebhookRejection {
    /// The request is no POST: 405.
    Method,
    /// The request is not a genuine delivery: the answer is empty, with
    /// [`VerifyError::status`] and the error in its extensions.
    Unverified(VerifyError),
    /// The body is too large or could not be read: axum's own answer.
    Body(Response),
    /// The delivery is a duplicate, or cannot be claimed:
    /// [`ReplayError::answer`](crate::ReplayError::answer).
    Replay(Response),
}

impl From<VerifyError> for WebhookRejection {
    fn from(error: VerifyError) -> Self {
        Self::Unverified(error)
    }
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
            }
            Self::Unverified(error) => error.into_response(),
            Self::Body(answer) | Self::Replay(answer) => answer,
        }
    }
}

impl IntoResponse for VerifyError {
    /// An empty answer with [`VerifyError::status`] and the error in its extensions.
    fn into_response(self) -> Response {
        let mut answer = self.status().into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
