//! An extractor: the handler that asks for a verified delivery gets one.

use axum_core::{
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;

use crate::{
    error::VerifyError,
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
/// Where the state is a struct of yours, derive or write `FromRef` for each verifier in it. An
/// `Arc` of a verifier is a verifier too: `Webhook<Arc<trustlens::Verifier>>`.
///
/// The headers are judged before the body is read, and the body is taken under axum's
/// [`DefaultBodyLimit`](https://docs.rs/axum/0.8/axum/extract/struct.DefaultBodyLimit.html), 2 MB
/// unless it says otherwise. It remembers nothing: for replay protection use
#[cfg_attr(feature = "tower", doc = "[`VerifyLayer`](crate::tower::VerifyLayer),")]
#[cfg_attr(not(feature = "tower"), doc = "`tower::VerifyLayer`,")]
/// or claim in the handler.
#[derive(Debug, Clone)]
pub struct Webhook<V: Verify>(pub Delivery<V::Event, Bytes>);

impl<V, S> FromRequest<S> for Webhook<V>
where
    V: Verify + FromRef<S> + Send + Sync,
    S: Send + Sync,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRejection> {
        let verifier = V::from_ref(state);
        let verification = verifier.begin(request.headers(), Timestamp::now())?;
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| WebhookRejection::Body(rejection.into_response()))?;
        Ok(Self(verification.deliver_whole(body, Timestamp::now())?))
    }
}

/// Why there is no delivery.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebhookRejection {
    /// The request is not a genuine delivery: the answer is empty, with
    /// [`VerifyError::status`] and the error in its extensions.
    Unverified(VerifyError),
    /// The body is too large or could not be read: axum's own answer.
    Body(Response),
}

impl From<VerifyError> for WebhookRejection {
    fn from(error: VerifyError) -> Self {
        Self::Unverified(error)
    }
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Unverified(error) => error.into_response(),
            Self::Body(answer) => answer,
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
