//! TrustLens, the risk plugin for WooCommerce shops.
//!
//! From version 1.2.3 the plugin signs `<timestamp>.<body>` ("v2"); settings webhooks, the global
//! webhook and automation rules all do. This module verifies that. What came before is in [`v1`],
//! and a [`Verifier`] never falls back to it.
//!
//! | header | meaning | signed |
//! |---|---|---|
//! | `X-TrustLens-Timestamp` | Unix seconds at delivery | yes |
//! | `X-TrustLens-Signature` | `sha256=` and 64 hex digits | – |
//! | `X-TrustLens-Event` | the event's name | **no** |
//! | `X-TrustLens-Delivery` | UUID of the delivery | **no** |
//! | `X-TrustLens-Webhook-ID` | UUID of the endpoint | **no** |
//!
//! An endpoint for which no secret was set sends no signature; its deliveries are refused as
//! [`VerifyError::MissingHeader`]. Answer any 2xx, quickly, and refuse with a 4xx. Automation rules
//! retry on anything but 2xx after 60, 120 and 240 seconds, signed anew each time; settings webhooks
//! are sent once.
//!
//! Source: the vendor's guide "How to Use TrustLens Webhooks to Sync WooCommerce Customer Risk With
//! Your CRM or Helpdesk", checked there against plugin 1.2.5, and its documentation page "API and
//! Webhooks".

use alloc::{borrow::Cow, string::ToString as _};
use core::{fmt, time::Duration};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    error::VerifyError,
    headers::{self, Headers, Name, SignedHeaders},
    secret::{Secret, Secrets},
    signature::{Preamble, Signature},
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

#[cfg(feature = "json")]
mod envelope;
#[cfg(feature = "json")]
mod event;
pub mod v1;

#[cfg(not(feature = "json"))]
crate::event::unread_event!();
#[cfg(feature = "json")]
pub use event::{Customer, Dispute, Event, EventKind, Order, Rule, Segment, Site};

static TIMESTAMP: Name = Name::new("x-trustlens-timestamp");
static SIGNATURE: Name = Name::new("x-trustlens-signature");
static EVENT: Name = Name::new("x-trustlens-event");
static DELIVERY: Name = Name::new("x-trustlens-delivery");
static WEBHOOK_ID: Name = Name::new("x-trustlens-webhook-id");

/// What stands before the hex digits.
const PREFIX: &str = "sha256=";

/// 5 minutes in both directions.
pub(crate) const WINDOW: ReplayWindow = ReplayWindow::symmetric(Duration::from_secs(300));

/// What is signed ahead of the body: `<timestamp>.`
pub(crate) const fn preamble(signed_at: Timestamp) -> Preamble<'static> {
    Preamble { before: b"", signed_at: Some(signed_at), after: b".", separator: b"" }
}

/// Verifies TrustLens webhooks of plugin 1.2.3 and later.
///
/// ```
/// use trusthooks::{Secret, Verify, trustlens};
///
/// # fn receive(headers: &http::HeaderMap, body: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = trustlens::Verifier::new(Secret::new("the endpoint's signing secret")?);
/// let delivery = verifier.verify(headers, body)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    secrets: Secrets,
    window: ReplayWindow,
}

impl Verifier {
    /// Accepts what any of `secrets` signed up to 300 s ago or ahead.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self { secrets: secrets.into(), window: WINDOW }
    }

    /// Accepts within another window. The vendor advises against more than 900 s.
    #[must_use]
    pub fn with_window(mut self, window: ReplayWindow) -> Self {
        self.window = window;
        self
    }
}

impl Verify for Verifier {
    type Event = Event;

    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let timestamp = headers::single(headers, &TIMESTAMP)?;
        let signature = headers::single(headers, &SIGNATURE)?;
        let signed_at = Timestamp::from_decimal(timestamp)
            .ok_or(VerifyError::MalformedTimestamp { header: TIMESTAMP.as_str() })?;
        let claimed = claimed(signature)?;
        self.window.check(signed_at, now)?;
        let secrets = Cow::Borrowed(&self.secrets);
        Ok(Verification::new(secrets, claimed, preamble(signed_at), self.window))
    }
}

/// The signature as it was sent, in v1 and v2 alike.
fn claimed(signature: &[u8]) -> Result<Signature, VerifyError> {
    Signature::from_hex(signature, PREFIX)
        .ok_or(VerifyError::MalformedSignature { header: SIGNATURE.as_str() })
}

/// Signs as the plugin does, for tests and simulators.
#[derive(Debug, Clone)]
pub struct Signer {
    secret: Secret,
}

impl Signer {
    /// Signs with `secret`.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret }
    }

    /// The headers of a delivery of `body` at a given time.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], at: Timestamp) -> SignedHeaders {
        let signature = preamble(at).sign(self.secret.key(), body);
        SignedHeaders::new(&SIGNATURE, signature.to_hex(PREFIX)).with(&TIMESTAMP, at.to_string())
    }
}

/// Headers that TrustLens sends and does **not** sign.
///
/// Who replays a genuine delivery can write anything here, so use them for routing and logging, and
/// never to decide what to do or whether a delivery was seen before. The signed event name is in
/// the body; so is the delivery id of automation rules.
///
/// ```
/// use trusthooks::trustlens::Unsigned;
///
/// let headers = [("X-TrustLens-Event", "high_risk_order"), ("X-TrustLens-Delivery", "6f0d2a52")];
/// let claims = Unsigned::from_headers(&headers);
/// assert_eq!(claims.event(), Some("high_risk_order"));
/// assert_eq!(claims.webhook_id(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsigned<'h> {
    event: Option<&'h str>,
    delivery_id: Option<&'h str>,
    webhook_id: Option<&'h str>,
}

impl<'h> Unsigned<'h> {
    /// Reads what is there. A header that is repeated or not UTF-8 reads as absent.
    #[must_use]
    pub fn from_headers<H: Headers + ?Sized>(headers: &'h H) -> Self {
        let text = |name| core::str::from_utf8(headers::single(headers, name).ok()?).ok();
        Self { event: text(&EVENT), delivery_id: text(&DELIVERY), webhook_id: text(&WEBHOOK_ID) }
    }

    /// The event's name, as `X-TrustLens-Event` claims.
    #[must_use]
    pub const fn event(&self) -> Option<&'h str> {
        self.event
    }

    /// UUID of the delivery, the same across retries, as `X-TrustLens-Delivery` claims.
    #[must_use]
    pub const fn delivery_id(&self) -> Option<&'h str> {
        self.delivery_id
    }

    /// UUID of the endpoint, as `X-TrustLens-Webhook-ID` claims.
    #[must_use]
    pub const fn webhook_id(&self) -> Option<&'h str> {
        self.webhook_id
    }
}

/// What TrustLens stores of the key for its REST API: the key's SHA-256.
///
/// For gateways and mocks that answer calls with `X-TrustLens-API-Key` as the plugin does.
///
/// ```
/// use sha2::{Digest, Sha256};
/// use trusthooks::trustlens::ApiKeyHash;
///
/// let stored = ApiKeyHash::from_sha256(Sha256::digest("tl_live_1234").into());
/// assert!(stored.matches(b"tl_live_1234"));
/// assert!(!stored.matches(b"tl_live_1235"));
/// ```
#[derive(Clone)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// Takes the 32 bytes that are stored, hex decoded.
    #[must_use]
    pub const fn from_sha256(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Whether `presented` is the key, compared in constant time.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        presented.ct_eq(&self.0).into()
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(..)")
    }
}
