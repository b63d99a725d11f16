//! Trustoo, the review app for Shopify shops.
//!
//! | | [`shop`] webhooks | [`system`] webhooks | [`open_api`] requests |
//! |---|---|---|---|
//! | who sends | Trustoo | Trustoo | you |
//! | what about | reviews, customer events | the OAuth lifecycle | anything |
//! | key | the shop's private token | the platform's client secret | the shop's private token |
//! | signed | `timestamp=<t>`, then `\|` and the body | the body | all parameters and the time, then `\|` and the body of a POST |
//! | window | 900 s both ways | none | 900 s both ways |
//!
//! Answer every webhook with [`ack`]. Source: the vendor's "Trustoo Open API — Quick Start".

use alloc::{borrow::Cow, sync::Arc};
use core::{fmt, time::Duration};

use crate::{
    error::VerifyError,
    headers::{self, Headers, Name},
    secret::Secrets,
    signature::Signature,
    time::{ReplayWindow, Timestamp},
};

pub(crate) mod canonical;
#[cfg(feature = "json")]
mod event;
pub mod open_api;
pub mod shop;
pub mod system;
#[cfg(feature = "json")]
mod topic;

#[cfg(feature = "json")]
pub use event::ShopId;

/// The body of the answer that Trustoo takes as success.
pub const ACK_BODY: &str = r#"{"code":0,"message":"success"}"#;

/// The answer that Trustoo takes as success: HTTP 200 exactly, with [`ACK_BODY`].
///
/// It must arrive within 5 seconds. Anything else, a 204 too, is retried: ten attempts over 135
/// minutes (Quick Start, 3.1 and 3.3).
///
/// ```
/// let answer = trusthooks::trustoo::ack();
/// assert_eq!(answer.status(), 200);
/// assert_eq!(*answer.body(), r#"{"code":0,"message":"success"}"#);
/// ```
#[cfg(feature = "http")]
#[must_use]
pub fn ack() -> http::Response<&'static str> {
    let mut answer = http::Response::new(ACK_BODY);
    let json = http::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    answer
}

/// 15 minutes in both directions: the documents give the length, not the direction.
pub(crate) const WINDOW: ReplayWindow = ReplayWindow::symmetric(Duration::from_secs(900));

/// The three headers that carry a signature with a public token. Shop webhooks and the Open API
/// have the same rules under other names.
struct Names {
    public_token: Name,
    timestamp: Name,
    signature: Name,
}

/// What the three headers say, well formed but unproven.
struct Claim<'h> {
    public_token: Option<&'h [u8]>,
    signed_at: Timestamp,
    signature: Signature,
}

impl<'h> Claim<'h> {
    fn read<H>(headers: &'h H, names: &'static Names, keys: &Keys) -> Result<Self, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let public_token = match keys {
            Keys::OneShop(_) => None,
            Keys::ByToken(_) => Some(headers::single(headers, &names.public_token)?),
        };
        let timestamp = headers::single(headers, &names.timestamp)?;
        let signature = headers::single(headers, &names.signature)?;
        let signed_at = Timestamp::from_decimal(timestamp)
            .ok_or(VerifyError::MalformedTimestamp { header: names.timestamp.as_str() })?;
        let signature = Signature::from_hex(signature, "")
            .ok_or(VerifyError::MalformedSignature { header: names.signature.as_str() })?;
        Ok(Self { public_token, signed_at, signature })
    }
}

/// Whose private tokens are known.
#[derive(Clone)]
enum Keys {
    /// One shop's: its requests need not say whose they are.
    OneShop(Secrets),
    /// Several shops', selected by public token.
    ByToken(Arc<dyn shop::SecretStore>),
}

impl Keys {
    /// The secrets that the public token selects. It is neither secret nor signed: a wrong one
    /// selects a key that does not fit.
    fn select(&self, public_token: Option<&[u8]>) -> Result<Cow<'_, Secrets>, VerifyError> {
        match self {
            Self::OneShop(secrets) => Ok(Cow::Borrowed(secrets)),
            Self::ByToken(store) => public_token
                .and_then(|token| core::str::from_utf8(token).ok())
                .and_then(|token| store.secrets(token))
                .ok_or(VerifyError::UnknownPublicToken),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneShop(_) => "OneShop(..)",
            Self::ByToken(_) => "ByToken(..)",
        })
    }
}
