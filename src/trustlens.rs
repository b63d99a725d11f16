//! TrustLens, the risk plugin for WooCommerce shops.
//!
//! Since version 1.2.3, the plugin signs `<timestamp>.<body>` ("v2") for settings webhooks, the
//! global webhook and automation rules. This module verifies that. The signature of older versions
//! is in [`v1`], and a [`Verifier`] never falls back to it.
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
//! [`MissingHeader`](VerifyError::MissingHeader). Answer any 2xx, quickly, and refuse with a 4xx.
//! Automation rules retry on anything but 2xx after 60, 120 and 240 seconds, with a fresh signature
//! each time; settings webhooks are sent once.
//!
//! Source: the vendor's guide "How to Use TrustLens Webhooks to Sync WooCommerce Customer Risk With
//! Your CRM or Helpdesk", checked there against plugin 1.2.5, and its documentation page "API and
//! Webhooks".

use alloc::string::String;
use core::time::Duration;

use crate::{
    error::VerifyError,
    headers::{self, HeaderName, Headers, SignedHeaders},
    scheme::Scheme,
    secret::{Keys, Secret, SecretStore, Secrets},
    signature::Preamble,
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

mod api_key;
#[cfg(feature = "json")]
mod envelope;
#[cfg(feature = "json")]
mod event;
pub mod v1;

#[cfg(feature = "http")]
pub use api_key::ApiKey;
pub use api_key::ApiKeyHash;

#[cfg(not(feature = "json"))]
crate::event::unread_event!();
#[cfg(feature = "json")]
pub use event::{Customer, Dispute, Event, EventKind, Order, Rule, Segment, Site};

/// The scheme of plugin 1.2.3 and later, with a window of 5 minutes in both directions.
pub static SCHEME: Scheme = Scheme {
    name: "trustlens",
    id: Some((WEBHOOK_ID, VerifyError::UnknownWebhookId)),
    timestamp: Some(HeaderName::new("x-trustlens-timestamp")),
    signature: SIGNATURE,
    prefix: PREFIX,
    window: ReplayWindow::symmetric(Duration::from_secs(300)),
};

/// `<timestamp>.`, and then the body.
pub(crate) const PREAMBLE: Preamble<'static> =
    Preamble { before: b"", signed_at: None, after: b".", separator: b"" };

// Constants, since v1 has them too.
const SIGNATURE: HeaderName = HeaderName::new("x-trustlens-signature");
const WEBHOOK_ID: HeaderName = HeaderName::new("x-trustlens-webhook-id");
const PREFIX: &str = "sha256=";

static EVENT: HeaderName = HeaderName::new("x-trustlens-event");
static DELIVERY: HeaderName = HeaderName::new("x-trustlens-delivery");

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
    keys: Keys,
    window: ReplayWindow,
}

impl Verifier {
    /// Accepts deliveries that any of `secrets` signed up to 300 s ago or ahead. Ignores the
    /// webhook id.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self { keys: Keys::One(secrets.into()), window: SCHEME.window }
    }

    /// Accepts deliveries signed by any of the secrets that `store` has for the request's
    /// `X-TrustLens-Webhook-ID`.
    ///
    /// The id is not signed; it selects the secret and nothing else. An absent or repeated id is
    /// refused as such, like the other headers that the scheme needs. An id that the store does not
    /// know is refused as [`UnknownWebhookId`](VerifyError::UnknownWebhookId). An endpoint whose
    /// plugin sends no id needs a verifier of its own.
    #[must_use]
    pub fn with_store(store: impl SecretStore + 'static) -> Self {
        Self { keys: Keys::store(store), window: SCHEME.window }
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

    fn scheme(&self) -> Option<&'static Scheme> {
        Some(&SCHEME)
    }

    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let presented = SCHEME.read(headers, &self.keys)?;
        Verification::start(&presented, &self.keys, &self.window, PREAMBLE, now)
    }
}

/// Signs as the plugin does, for tests and simulators.
///
/// ```
/// use trusthooks::{Secret, Timestamp, trustlens::Signer};
///
/// let signer = Signer::new(Secret::new("signing secret")?).with_webhook_id("7c0e");
/// let signed = signer.sign_at(b"{}", Timestamp::from_unix(1_780_000_000));
/// assert_eq!(signed.iter().next(), Some(("x-trustlens-webhook-id", "7c0e")));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Signer {
    webhook_id: Option<String>,
    secret: Secret,
}

impl Signer {
    /// Signs with `secret`.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { webhook_id: None, secret }
    }

    /// Sends this `X-TrustLens-Webhook-ID` too, for a [verifier with a store](Verifier::with_store).
    #[must_use]
    pub fn with_webhook_id(mut self, id: impl Into<String>) -> Self {
        self.webhook_id = Some(id.into());
        self
    }

    /// The headers of a delivery of `body` at a given time.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], at: Timestamp) -> SignedHeaders {
        SCHEME.sign(self.webhook_id.as_deref(), PREAMBLE.at(at), &self.secret, body)
    }
}

/// Headers that TrustLens sends and does **not** sign.
///
/// A replayer can write anything here. Use them for routing and logging, and never to choose an
/// action or to recognize a delivery that was seen before. The signed event name is in the body;
/// the delivery id of automation rules is there too.
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
    /// Reads the headers that are there. A header that is repeated or not UTF-8 reads as absent.
    #[must_use]
    pub fn from_headers<H: Headers + ?Sized>(headers: &'h H) -> Self {
        let text = |name| headers::text(headers, name);
        Self {
            event: text(&EVENT),
            delivery_id: text(&DELIVERY),
            webhook_id: SCHEME.id().and_then(text),
        }
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
