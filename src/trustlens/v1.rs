//! TrustLens before plugin 1.2.3: the body alone is signed.
//!
//! The header and its prefix are the same as today's. No time in the headers is signed, so the
//! verifier accepts a captured delivery again at any later time. Two things detect a replay:
//!
//! - a [replay store](crate::replay), for as long as it remembers;
//! - the time in the body, which is signed: `Event::check_age` refuses an event that is too old. In an
//!   envelope it is the time of the attempt. In a settings webhook it is the time of the event.
//!
//! Today's scheme puts the time in front of the body. Under the same secret, a delivery signed by
//! it passes here as one with the body `<timestamp>.<body>`. So use v1 only for a shop that cannot
//! update, with a secret that nothing newer uses.
//!
//! Source: the section "Upgrading from before TrustLens 1.2.3" of the vendor's webhooks guide.

use super::{Event, PREFIX, SIGNATURE};
use crate::{
    error::VerifyError,
    headers::{Headers, SignedHeaders},
    scheme::Scheme,
    secret::{Keys, Secret, Secrets},
    signature::Preamble,
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

/// The scheme of plugins before 1.2.3, which signs no time.
pub static SCHEME: Scheme = Scheme {
    name: "trustlens-v1",
    id: None,
    timestamp: None,
    signature: SIGNATURE,
    prefix: PREFIX,
    window: ReplayWindow::UNBOUNDED,
};

/// Verifies webhooks of TrustLens before 1.2.3, without any protection against replay.
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

/// Signs as the plugin did, for tests and simulators.
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

    /// The headers of a delivery of `body`. The time is not used; it is there so that all signers
    /// have the same parameters.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], _: Timestamp) -> SignedHeaders {
        SCHEME.sign(None, Preamble::EMPTY, &self.secret, body)
    }
}
