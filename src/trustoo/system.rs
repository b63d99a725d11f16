//! System webhooks: the OAuth lifecycle of a platform's authorizations.
//!
//! One header, `X-Trustoo-Signature`, with 64 hex digits: the MAC over the body, with the
//! platform's `client_secret`. The only signed time is the event's own, in the body, which a retry
//! repeats. So no window applies, and a byte-identical repeat is either a retry or a replay.
//! Source: the vendor's "Trustoo Open API — Quick Start", section 1.3.

use super::ACK_BODY;
#[cfg(not(feature = "json"))]
crate::event::unread_event!();
#[cfg(feature = "json")]
pub use super::event::system::{Event, EventKind};
use crate::{
    error::VerifyError,
    headers::{HeaderName, Headers, SignedHeaders},
    scheme::Scheme,
    secret::{Keys, Secret, Secrets},
    signature::Preamble,
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

/// The scheme, which signs no time.
pub static SCHEME: Scheme = Scheme {
    name: "trustoo-system",
    id: None,
    timestamp: None,
    signature: HeaderName::new("x-trustoo-signature"),
    prefix: "",
    window: ReplayWindow::UNBOUNDED,
};

/// Verifies Trustoo system webhooks.
///
/// ```
/// use trusthooks::{Secret, trustoo::system};
///
/// let verifier = system::Verifier::new(Secret::new("the platform's client_secret")?);
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Keys,
}

impl Verifier {
    /// Accepts deliveries signed by any of `secrets`, at any time.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self { keys: Keys::One(secrets.into()) }
    }
}

impl Verify for Verifier {
    type Event = Event;
    const ACK_BODY: &'static str = ACK_BODY;

    fn scheme(&self) -> Option<&'static Scheme> {
        Some(&SCHEME)
    }

    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let presented = SCHEME.read(headers, &self.keys)?;
        Verification::start(&presented, &self.keys, &SCHEME.window, Preamble::EMPTY, now)
    }
}

/// Signs as Trustoo does, for tests and simulators.
#[derive(Debug, Clone)]
pub struct Signer {
    secret: Secret,
}

impl Signer {
    /// Signs with the platform's client secret.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret }
    }

    /// The header of a delivery of `body`. The time is not used; it is there so that all signers
    /// have the same parameters.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], _: Timestamp) -> SignedHeaders {
        SCHEME.sign(None, Preamble::EMPTY, &self.secret, body)
    }
}
