//! A scheme as data: the headers that carry a signature, and how they are read and written.
//!
//! To add a vendor, write one module with
//! 1. a `static SCHEME`, which has its headers, prefix and window;
//! 2. a [`Preamble`], the bytes that are signed around the time and ahead of the body;
//! 3. a `Verifier`, whose [`begin`](crate::Verify::begin) hands what [`Scheme::read`] found to
//!    [`Verification::start`](crate::Verification::start);
//! 4. a `Signer`, whose headers come from [`Scheme::sign`];
//! 5. the type of its events.
//!
//! `trustoo/system.rs` is the shortest example.

use alloc::string::ToString;
use core::fmt;

use crate::{
    error::VerifyError,
    headers::{self, HeaderName, Headers, SignedHeaders},
    secret::{Keys, Secret},
    signature::{Preamble, Signature},
    time::{ReplayWindow, Timestamp},
};

/// A way of signing: its headers, its prefix and its replay window.
///
/// Each module has its own, as `SCHEME`:
///
/// ```
/// use trusthooks::trustlens;
///
/// assert_eq!(trustlens::SCHEME.name(), "trustlens");
/// assert_eq!(trustlens::SCHEME.signature().as_str(), "x-trustlens-signature");
/// assert_eq!(trustlens::SCHEME.prefix(), "sha256=");
/// assert!(trustlens::v1::SCHEME.timestamp().is_none());
/// ```
pub struct Scheme {
    pub(crate) name: &'static str,
    /// The header that selects the key, and the verdict where it selects none.
    pub(crate) id: Option<(HeaderName, VerifyError)>,
    pub(crate) timestamp: Option<HeaderName>,
    pub(crate) signature: HeaderName,
    pub(crate) prefix: &'static str,
    pub(crate) window: ReplayWindow,
}

/// The content of a request's headers: well formed, and unproven.
pub(crate) struct Presented<'h> {
    /// The name of the scheme.
    pub(crate) scheme: &'static str,
    /// The id that selects the key, and the verdict where it selects none.
    pub(crate) id: Option<(&'h [u8], &'static VerifyError)>,
    pub(crate) signed_at: Option<Timestamp>,
    pub(crate) signature: Signature,
}

impl Scheme {
    /// The scheme's name for logs, metrics and command lines: `trustlens`, `trustlens-v1`,
    /// `trustoo-shop`, `trustoo-system` or `trustoo-open-api`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The header that tells whose key signed the request, if the scheme has one. The header itself
    /// is not signed.
    #[must_use]
    pub fn id(&self) -> Option<&HeaderName> {
        self.id.as_ref().map(|(name, _)| name)
    }

    /// The header with the time of signing, where the scheme signs one.
    #[must_use]
    pub const fn timestamp(&self) -> Option<&HeaderName> {
        self.timestamp.as_ref()
    }

    /// The header with the signature.
    #[must_use]
    pub const fn signature(&self) -> &HeaderName {
        &self.signature
    }

    /// The text ahead of the signature's 64 hex digits.
    #[must_use]
    pub const fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The default window of a verifier; unbounded if the scheme signs no time.
    #[must_use]
    pub const fn window(&self) -> ReplayWindow {
        self.window
    }

    /// Reads the headers. The id is asked for only where several keys are configured.
    #[inline]
    pub(crate) fn read<'h, H>(
        &'static self,
        headers: &'h H,
        keys: &Keys,
    ) -> Result<Presented<'h>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let id = match (keys, &self.id) {
            (Keys::Store(_), Some((name, unknown))) => {
                Some((headers::single(headers, name)?, unknown))
            }
            _ => None,
        };
        let timestamp = match &self.timestamp {
            Some(name) => Some((headers::single(headers, name)?, name)),
            None => None,
        };
        let signature = headers::single(headers, &self.signature)?;
        let signed_at = match timestamp {
            Some((text, name)) => Some(
                Timestamp::from_decimal(text)
                    .ok_or(VerifyError::MalformedTimestamp { header: name.as_str() })?,
            ),
            None => None,
        };
        let signature = Signature::from_hex(signature, self.prefix)
            .ok_or(VerifyError::MalformedSignature { header: self.signature.as_str() })?;
        Ok(Presented { scheme: self.name, id, signed_at, signature })
    }

    /// Signs a body, and writes the headers.
    pub(crate) fn sign(
        &'static self,
        id: Option<&str>,
        preamble: Preamble<'_>,
        secret: &Secret,
        body: &[u8],
    ) -> SignedHeaders {
        let signature = preamble.sign(secret.key(), body).to_hex(self.prefix);
        let id = self.id().zip(id.map(ToString::to_string));
        let time = self.timestamp().zip(preamble.signed_at.map(|at| at.to_string()));
        SignedHeaders::new(id.into_iter().chain(time), (&self.signature, signature))
    }
}

/// Its name; the rest is the same in every program.
impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scheme").field(&self.name).finish()
    }
}
