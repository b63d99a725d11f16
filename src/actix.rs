//! An extractor for actix-web: a verified delivery as a handler's argument.

use alloc::boxed::Box;
use core::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    body::{BodyStream, MessageBody as _},
    dev,
    error::PayloadError,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    web::{Bytes, BytesMut, Data},
};

use crate::{
    error::VerifyError,
    headers::Headers,
    replay::{ReplayError, ReplayStore},
    time::Timestamp,
    verify::{Delivery, Verify},
};

/// A verified delivery, as an argument of a handler. The verifier comes from the app's data.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use trusthooks::{Secret, actix::Webhook, trustoo::shop};
///
/// async fn on_shop(webhook: Webhook<shop::Verifier>) -> HttpResponse {
///     println!("verified: {} bytes", webhook.0.body().len());
///     webhook.ack()
/// }
///
/// let verifier = web::Data::new(shop::Verifier::new(Secret::new("private token")?));
/// let app = App::new().app_data(verifier).route("/trustoo", web::post().to(on_shop));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// It verifies the bytes as they came over the wire. actix's own extractors decompress a body first
/// if any crate of the build turns on one of actix-web's `compress-*` features; the result is then
/// not what was signed.
///
/// Only a POST is verified; any other method is answered with 405. The headers are judged before
/// the body is hashed. The window is checked again when the body is complete. The body limit is 1
/// MiB, unless the app's data has a [`BodyLimit`]; a
/// [`PayloadConfig`](actix_web::web::PayloadConfig) applies only to actix's own extractors. Before
/// a refusal is sent, the rest of the body is read and dropped, up to eight times the limit: a
/// sender whose connection closes while it writes does not see the answer.
#[derive(Debug, Clone)]
pub struct Webhook<V: Verify>(pub Delivery<V::Event, Bytes>);

impl<V: Verify> Webhook<V> {
    /// The vendor's acknowledgement: 200 with [`Verify::ACK_BODY`].
    #[must_use]
    pub fn ack(&self) -> HttpResponse {
        acknowledgement(V::ACK_BODY)
    }

    /// Claims the delivery by its [key](Delivery::replay_key) within `scope`, so that it is
    /// processed once.
    ///
    /// # Errors
    /// [`WebhookError::Replay`], which answers a duplicate with the vendor's acknowledgement.
    pub async fn claim<S: ReplayStore>(
        &self,
        store: &S,
        scope: &str,
    ) -> Result<S::Claim, WebhookError> {
        let (key, retention) = self.0.replay_key(scope);
        let claim = store.claim(key, retention, Timestamp::now()).await;
        claim.map_err(|error| WebhookError::Replay { error, ack_body: V::ACK_BODY })
    }
}

fn acknowledgement(body: &'static str) -> HttpResponse {
    if body.is_empty() {
        return HttpResponse::Ok().finish();
    }
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// The limit of a [`Webhook`]'s body in bytes, as a part of the app's data; 1 MiB without it.
///
/// ```
/// use actix_web::App;
/// use trusthooks::actix::BodyLimit;
///
/// let app = App::new().app_data(BodyLimit(64 * 1024));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

impl BodyLimit {
    /// How much of a refused body is read and dropped, as a multiple of the limit.
    const TIMES: usize = 8;
}

impl Default for BodyLimit {
    fn default() -> Self {
        Self(1024 * 1024)
    }
}

impl<V: Verify + 'static> FromRequest for Webhook<V> {
    type Error = WebhookError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebhookError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let mut body = Body(BodyStream::new(payload.take()));
        Box::pin(async move {
            let limit = request.app_data::<BodyLimit>().copied().unwrap_or_default();
            let mut unwanted = limit.0.saturating_mul(BodyLimit::TIMES);
            let taken = take::<V>(&request, &mut body, limit, &mut unwanted).await;
            if taken.is_err() {
                body.drain(unwanted).await;
            }
            taken.map(Self)
        })
    }
}

/// Verifies a request. Counts down `unwanted` by the bytes that it reads.
async fn take<V: Verify + 'static>(
    request: &HttpRequest,
    body: &mut Body,
    BodyLimit(limit): BodyLimit,
    unwanted: &mut usize,
) -> Result<Delivery<V::Event, Bytes>, WebhookError> {
    let verifier = request.app_data::<Data<V>>().ok_or(WebhookError::NotConfigured)?;
    if request.method() != Method::POST {
        return Err(WebhookError::Method);
    }
    let mut verification = verifier.begin(request.headers(), Timestamp::now())?;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(WebhookError::TooLarge { limit });
    }
    let mut collected = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(WebhookError::Unreadable)?;
        *unwanted = unwanted.saturating_sub(piece.len());
        if piece.len() > limit.saturating_sub(collected.len()) {
            return Err(WebhookError::TooLarge { limit });
        }
        verification.update(&piece);
        collected.extend_from_slice(&piece);
    }
    let delivery = verification.deliver_fed(collected.freeze(), Timestamp::now())?;
    Ok(delivery.keeping_its_event())
}

/// A request's body as it comes over the wire.
struct Body(BodyStream<dev::Payload>);

impl Body {
    async fn next(&mut self) -> Option<Result<Bytes, PayloadError>> {
        poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await
    }

    /// Reads up to `limit` bytes and keeps nothing of them.
    async fn drain(&mut self, mut limit: usize) {
        while let Some(Ok(piece)) = self.next().await {
            match limit.checked_sub(piece.len()) {
                Some(rest) => limit = rest,
                None => return,
            }
        }
    }
}

/// Why there is no delivery, or none to process. Its answer is empty, but for a duplicate's.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebhookError {
    /// The request is not a POST: 405.
    Method,

    /// The request is not a genuine delivery: [`VerifyError::status_code`].
    Unverified(VerifyError),

    /// The body is longer than the [`BodyLimit`]: 413.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },

    /// The body ended early, or the connection did: 400.
    Unreadable(PayloadError),

    /// The delivery is a duplicate, or cannot be claimed: [`ReplayError::status_code`]. The answer
    /// to a duplicate is the vendor's acknowledgement.
    #[non_exhaustive]
    Replay {
        /// Why.
        error: ReplayError,
        /// The vendor's [`Verify::ACK_BODY`].
        ack_body: &'static str,
    },

    /// The app's data has no `Data<V>` with the verifier: 500.
    NotConfigured,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("the request is no POST"),
            Self::Unverified(error) => error.fmt(f),
            Self::TooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::Unreadable(_) => f.write_str("the body could not be read to its end"),
            Self::Replay { error, .. } => error.fmt(f),
            Self::NotConfigured => {
                f.write_str("the app has no `Data` with the verifier of this webhook")
            }
        }
    }
}

impl Error for WebhookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable(cause) => Some(cause),
            Self::Replay { error, .. } => error.source(),
            _ => None,
        }
    }
}

impl From<VerifyError> for WebhookError {
    fn from(error: VerifyError) -> Self {
        Self::Unverified(error)
    }
}

impl ResponseError for WebhookError {
    fn status_code(&self) -> StatusCode {
        let number = |code| StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unverified(error) => number(error.status_code()),
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Replay { error, .. } => number(error.status_code()),
            Self::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Replay { error: ReplayError::Duplicate, ack_body } => acknowledgement(ack_body),
            Self::Method => {
                HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "POST")).finish()
            }
            _ => HttpResponse::new(self.status_code()),
        }
    }
}

/// actix-web has a header map of its own.
impl Headers for HeaderMap {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.get_all(name).map(header::HeaderValue::as_bytes)
    }
}
