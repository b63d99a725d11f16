//! Processing each delivery once, though it may arrive several times.
//!
//! A window limits how long a captured request can be replayed. Within the window, and for schemes
//! that sign no time, only memory helps. A [`ReplayGuard`] is that memory for one process. With the
//! feature `redis`, machines share it. With `postgres`, it is part of your own transaction. Claim a
//! delivery, do the work, and commit the claim; a handler that fails loses nothing:
//!
//! ```
//! use trusthooks::{ReplayError, ReplayGuard, Secret, Timestamp, Verify, trustoo::system};
//!
//! let guard = ReplayGuard::new(100_000);
//! let secret = Secret::new("client secret")?;
//! let verifier = system::Verifier::new(secret.clone());
//! let now = Timestamp::now();
//! let signed = system::Signer::new(secret).sign_at(b"{}", now);
//! let delivery = verifier.verify_at(&signed.iter().collect::<Vec<_>>(), b"{}", now)?;
//!
//! let claim = guard.claim_delivery(&delivery, "crm", now)?;
//! // … handle the delivery; when that fails, dropping the claim lets the vendor's retry in …
//! claim.commit();
//!
//! let again = guard.claim_delivery(&delivery, "crm", now);
//! assert!(matches!(again, Err(ReplayError::Duplicate)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which key
//!
//! The key comes from signed data, never from an unsigned header, which a replayer can change:
//!
//! | deliveries | a retry is | key |
//! |---|---|---|
//! | TrustLens settings webhooks | not sent | the [fingerprint](crate::Fingerprint) of the MAC |
//! | TrustLens rule webhooks | re-signed | the delivery id in the event |
//! | Trustoo shop webhooks | re-signed | the whole event |
//! | Trustoo system webhooks | the same bytes | the fingerprint |
//!
//! [`Delivery::replay_key`] is this key, together with a scope, the scheme and the key id. A
//! fingerprint is remembered for as long as the request could be replayed. A fingerprint without a
//! signed time, or a key from an event, is remembered for [`RETENTION`]. After that, the event's
//! `check_age` refuses old deliveries by the time in their signed body.

use alloc::sync::Arc;
use core::{error::Error, fmt, future::Future, time::Duration};

use crate::{
    event::Event,
    fingerprint::ReplayKey,
    time::Timestamp,
    verify::{Delivery, Receipt},
};

#[cfg(feature = "std")]
mod guard;

#[cfg(feature = "std")]
pub use guard::{Claim, ReplayGuard};

/// The time for which a store remembers deliveries without a signed time, and those whose retries
/// are re-signed: 24 hours. Trustoo retries for 135 minutes, TrustLens for 7.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a delivery must not be processed now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReplayError {
    /// It was processed before. Answer with success, so that the vendor stops sending it.
    Duplicate,

    /// It is being processed right now. Answer with 409, so that the vendor retries.
    InFlight,

    /// The guard is at its capacity, and no delivery in it has expired. Answer with 503.
    Full,

    /// At the time of the claim, the delivery's window has closed, so it may have been forgotten.
    /// Happens if a request is verified just before and claimed just after. Answer with 503.
    Expired,

    /// The store cannot be asked. Answer with 503.
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl ReplayError {
    /// The error's name, for logs and metrics: `duplicate`, `in_flight`, `full`, `expired` or
    /// `unavailable`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::InFlight => "in_flight",
            Self::Full => "full",
            Self::Expired => "expired",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The status of the answer: 200 for a processed delivery, 409 for one in flight, and 503
    /// otherwise, so that the vendor retries. Trustoo wants a body too: see [`answer`](Self::answer).
    #[cfg(feature = "http")]
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        match self {
            Self::Duplicate => http::StatusCode::OK,
            Self::InFlight => http::StatusCode::CONFLICT,
            Self::Full | Self::Expired | Self::Unavailable(_) => {
                http::StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// [`status`](Self::status) as a number, for frameworks with another `http`.
    #[must_use]
    pub const fn status_code(&self) -> u16 {
        match self {
            Self::Duplicate => 200,
            Self::InFlight => 409,
            Self::Full | Self::Expired | Self::Unavailable(_) => 503,
        }
    }

    /// The answer to a delivery of `V` that must not be processed: the vendor's acknowledgement for
    /// a duplicate, and empty otherwise. The error is in its extensions.
    ///
    /// ```
    /// use trusthooks::{ReplayError, trustoo::shop};
    ///
    /// let answer = ReplayError::Duplicate.answer::<shop::Verifier>();
    /// assert_eq!(answer.status(), 200);
    /// assert_eq!(*answer.body(), r#"{"code":0,"message":"success"}"#);
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn answer<V: crate::Verify>(self) -> http::Response<&'static str> {
        let status = self.status();
        let body = if status.is_success() { V::ACK_BODY } else { "" };
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        if !body.is_empty() {
            let json = http::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
        }
        answer.extensions_mut().insert(self);
        answer
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "the delivery was processed before",
            Self::InFlight => "the delivery is being processed",
            Self::Full => "the replay guard is full",
            Self::Expired => "the delivery's window has closed",
            Self::Unavailable(_) => "the replay store is unavailable",
        })
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }
}

impl<E: Event, B: AsRef<[u8]>> Delivery<E, B> {
    /// The key that the layer claims for the delivery, and how long to remember it. Use it to claim
    /// by hand.
    ///
    /// The key covers the scope, the scheme, the [key id](Self::key_id), and [`Event::retry_key`],
    /// which re-signed retries share. If an event has no retry key, the fingerprint takes its
    /// place. If several endpoints share a store and must each get every event, give each its own
    /// scope.
    #[must_use]
    pub fn replay_key(&self, scope: &str) -> (ReplayKey, Retention) {
        #[cfg(feature = "json")]
        if let Some(key) = self.retry_key() {
            return self.scoped_key(scope, key);
        }
        self.request_key(scope)
    }

    /// The same by the fingerprint.
    pub(crate) fn request_key(&self, scope: &str) -> (ReplayKey, Retention) {
        let receipt = self.receipt();
        let key = self.key_within(scope, "request", receipt.fingerprint().as_bytes());
        (key, Retention::of_fingerprint(receipt))
    }

    /// The same with a key in place of the event's.
    #[cfg(any(feature = "json", feature = "tower"))]
    pub(crate) fn scoped_key(&self, scope: &str, key: ReplayKey) -> (ReplayKey, Retention) {
        let key = self.key_within(scope, "event", key.as_bytes());
        (key, Retention::of_key(self.receipt()))
    }

    fn key_within(&self, scope: &str, kind: &str, key: &[u8]) -> ReplayKey {
        let scheme = self.receipt().scheme().as_bytes();
        // A key without an id differs from one with an empty id.
        let (has_id, id) = self.key_id().map_or(("", ""), |id| ("id", id));
        let parts =
            [scope.as_bytes(), scheme, has_id.as_bytes(), id.as_bytes(), kind.as_bytes(), key];
        ReplayKey::derive(parts)
    }
}

/// The time for which a delivery is to be remembered.
///
/// A request whose signing time is checked is remembered until its window closes. Everything else
/// is remembered for a span that starts at the claim: a [`ReplayGuard`] and Redis count it on
/// clocks of their own, so that a step of this machine's clock changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    window: Option<Window>,
    span: Option<Duration>,
}

/// The window in which a signed request is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The last moment at which the request is accepted.
    pub(crate) closes: Timestamp,
    /// From signing to closing, in seconds.
    pub(crate) length: u64,
}

impl Retention {
    /// Remembers for `span`, counted from the claim.
    #[must_use]
    pub const fn span(span: Duration) -> Self {
        Self { window: None, span: Some(span) }
    }

    /// Remembers a request by its fingerprint: until its window closes, and for [`RETENTION`] where
    /// no time was signed.
    #[must_use]
    pub fn of_fingerprint(receipt: &Receipt) -> Self {
        let window = Window::of(receipt);
        Self { window, span: window.is_none().then_some(RETENTION) }
    }

    /// Remembers an event by its key: for [`RETENTION`], or longer if the window is so wide that
    /// the same request could still be accepted after that.
    #[must_use]
    pub fn of_key(receipt: &Receipt) -> Self {
        let window = Window::of(receipt);
        let open = window.map_or(Duration::ZERO, |_| receipt.window().length());
        Self { window, span: Some(RETENTION.max(open)) }
    }

    /// The time left from `now`; `None` if the window has closed.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        match (self.span, self.window) {
            (Some(span), _) => Some(span),
            (None, Some(window)) => {
                window.closes.as_unix().checked_sub(now.as_unix()).map(Duration::from_secs)
            }
            (None, None) => Some(Duration::ZERO),
        }
    }

    /// The last moment at which it is remembered, for stores that keep a time.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.left(now).unwrap_or_default())
    }

    #[cfg(feature = "std")]
    pub(crate) const fn parts(&self) -> (Option<Window>, Option<Duration>) {
        (self.window, self.span)
    }
}

impl Window {
    fn of(receipt: &Receipt) -> Option<Self> {
        let closes = receipt.expires_at()?;
        let signed_at = receipt.signed_at().map_or(0, Timestamp::as_unix);
        Some(Self { closes, length: closes.as_unix().saturating_sub(signed_at) })
    }
}

/// A store of claims: in memory ([`ReplayGuard`]) or elsewhere. Its futures need no particular
/// runtime.
pub trait ReplayStore: Send + Sync {
    /// The right to process one delivery. If it is dropped, for example because the request was
    /// cancelled, the delivery must become free again: at once, or when a lease ends.
    type Claim: Send;

    /// Claims a delivery by its fingerprint, to be remembered for as long as it could be replayed;
    /// for [`RETENTION`] where no time was signed.
    fn claim_receipt(
        &self,
        receipt: &Receipt,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Claim, ReplayError>> + Send {
        self.claim(receipt.fingerprint().into(), Retention::of_fingerprint(receipt), now)
    }

    /// Claims a delivery as the layer does, by its [key](Delivery::replay_key) within `scope`.
    fn claim_delivery<E: Event, B: AsRef<[u8]>>(
        &self,
        delivery: &Delivery<E, B>,
        scope: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Claim, ReplayError>> + Send {
        let (key, retention) = delivery.replay_key(scope);
        self.claim(key, retention, now)
    }

    /// Claims the delivery with this `key`. Once committed, it is remembered for `retention`. `now`
    /// is the time of the claim, not the time when the request began to arrive.
    fn claim(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Claim, ReplayError>> + Send;

    /// Marks the delivery as processed.
    fn commit(&self, claim: Self::Claim) -> impl Future<Output = Result<(), ReplayError>> + Send;

    /// Releases the claim, so that a retry is processed.
    fn release(&self, claim: Self::Claim) -> impl Future<Output = ()> + Send;
}
