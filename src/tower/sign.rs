//! A layer in front of a client: each attempt is signed by the server's clock.

use alloc::{boxed::Box, sync::Arc};
use core::{
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    time::Timestamp,
    trustoo::open_api::{Authentication, Clock, Head, Signer, Status},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// Signs every request to the Trustoo Open API, at the moment at which it is sent.
///
/// - Each attempt is re-signed, so put it below layers that retry, such as `tower::retry`.
/// - It signs by the server's [`Clock`], and corrects that by the `time` of every answer of the API,
///   or by the `Date` header of one that has no `time`. An answer that is not the API's, such as a
///   proxy's 502, corrects nothing.
/// - If the server refuses a timestamp (code 4) and the corrected clock tells another time, it sends
///   the request a second time. It passes on any other code 4, since the server may have begun the
///   work.
/// - It sends a request with a non-empty `Authorization` unchanged: the server treats it as one
///   with a [`Bearer`](crate::trustoo::open_api::Bearer) token and ignores any signature.
/// - Answers are read whole, up to a [`limit`](Self::limit), for
///   [`Answer::from_bytes`](crate::trustoo::open_api::Answer::from_bytes).
///
/// The body must be a type that can be made from [`Bytes`], such as `Full<Bytes>`, axum's or
/// reqwest's. Errors are those of the client, a [`SignError`](crate::SignError) if the request
/// cannot be signed, or a [`LengthLimitError`](http_body_util::LengthLimitError).
///
/// ```no_run
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use tower_layer::Layer as _;
/// use tower_service::Service as _;
/// use trusthooks::{Secret, tower::SignLayer, trustoo::open_api::{Answer, Signer}};
///
/// # async fn list() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let signer = Signer::new("public token", Secret::new("private token")?);
/// let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
/// let mut client = SignLayer::new(signer).layer(client);
///
/// let url = "http://localhost/api/v1/openapi/get_rating?is_store_rating=1";
/// let answer = client.call(http::Request::get(url).body(Full::default())?).await?;
/// let answer = Answer::<serde_json::Value>::from_bytes(answer.body())?;
/// println!("{}", answer.data["rating_value"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SignLayer {
    signer: Arc<Signer>,
    clock: Clock,
    limit: usize,
}

impl SignLayer {
    /// Signs with `signer` by a clock of its own, and takes answers up to 16 MiB.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self { signer: Arc::new(signer), clock: Clock::new(), limit: 16 * 1024 * 1024 }
    }

    /// Signs by this clock, which several clients of one server can share.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes answers up to this many bytes.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<T> Layer<T> for SignLayer {
    type Service = SignService<T>;

    fn layer(&self, inner: T) -> SignService<T> {
        SignService { inner, layer: self.clone() }
    }
}

/// A client behind a [`SignLayer`].
#[derive(Debug, Clone)]
pub struct SignService<T> {
    inner: T,
    layer: SignLayer,
}

impl<T, B, R> Service<Request<B>> for SignService<T>
where
    T: Service<Request<B>, Response = Response<R>, Error: Into<BoxError>> + Clone + Send + 'static,
    T::Future: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + From<Bytes> + Send + 'static,
    R: Body<Data: Send, Error: Into<BoxError>> + Send,
{
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone waits for the next.
        let clone = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(Into::into)?.to_bytes();
            let first = layer.send(&mut inner, &parts, &body).await?;
            if !first.was_untimely {
                return Ok(first.answer);
            }
            poll_fn(|cx| inner.poll_ready(cx)).await.map_err(Into::into)?;
            Ok(layer.send(&mut inner, &parts, &body).await?.answer)
        })
    }
}

/// The result of an attempt.
struct Attempt {
    answer: Response<Bytes>,
    /// Whether it was refused for its timestamp, and a new attempt would sign another one.
    was_untimely: bool,
}

impl SignLayer {
    async fn send<T, B, R>(
        &self,
        client: &mut T,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<Attempt, BoxError>
    where
        T: Service<Request<B>, Response = Response<R>, Error: Into<BoxError>>,
        B: From<Bytes>,
        R: Body<Error: Into<BoxError>>,
    {
        let mut request = Request::from_parts(parts.clone(), body.clone());
        let by_signature = Authentication::of(request.headers()) == Authentication::Signature;
        let signed_at = self.clock.now();
        if by_signature {
            self.signer.sign_request_at(&mut request, signed_at)?;
        }
        let sent = self.clock.local();
        let answer = client.call(request.map(B::from)).await.map_err(Into::into)?;
        let received = self.clock.local();

        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, self.limit).collect().await?.to_bytes();
        let head = Head::read(&body).ok();
        // Of an answer of the API alone: a proxy's error tells the proxy's time.
        let time = |head: &Head| head.time.or_else(|| date(&parts.headers));
        if let Some(time) = head.as_ref().and_then(time) {
            self.clock.observe_between(time, sent, received);
        }
        let was_refused = head.is_some_and(|head| head.status == Status::DeadlineExceeded);
        let was_untimely = by_signature && was_refused && self.clock.contradicts(signed_at);
        Ok(Attempt { answer: Response::from_parts(parts, body), was_untimely })
    }
}

/// When the answer was made, by the header that every HTTP server with a clock sends (RFC 9110,
/// 6.6.1).
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let since_epoch = httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_unix(since_epoch.as_secs()))
}
