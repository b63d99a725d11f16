//! Errors, one type per question that a caller asks.
//!
//! No message holds a secret, a MAC or any part of a body. Messages print names of headers and
//! lengths of time, and nothing else of a request.

use core::time::Duration;

#[cfg(feature = "json")]
mod event;
#[cfg(feature = "json")]
pub use event::{EventError, EventErrorKind};

/// Why a request was refused.
///
/// The variants stand in the order in which they are tried: the first that applies is the verdict.
/// Everything but [`SignatureMismatch`](Self::SignatureMismatch) is decided from the headers (for
/// [`ReservedParameter`](Self::ReservedParameter), the query), before the body is read or anything
/// is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header that the scheme needs is absent. An endpoint that was set up without a secret
    /// arrives here too: its deliveries carry no signature.
    #[error("missing header `{header}`")]
    MissingHeader {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// A header that the scheme needs came more than once, even with equal values. Proxies and
    /// frameworks differ in which one they take, so none is taken.
    #[error("header `{header}` sent more than once")]
    RepeatedHeader {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The timestamp is not Unix seconds in their one spelling: `0` or `[1-9][0-9]*`, at most
    /// 2⁶³−1.
    #[error("header `{header}` is not a Unix timestamp in seconds")]
    MalformedTimestamp {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The signature is not the scheme's prefix and 64 lower-case hex digits.
    #[error("header `{header}` is not a hex-encoded HMAC-SHA256 in the vendor's form")]
    MalformedSignature {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// An Open API request has a query parameter called `timestamp`, which the signature reserves
    /// for itself. Only [`trustoo::open_api::Verifier`](crate::trustoo::open_api::Verifier) gives
    /// this verdict.
    #[error("the query has a parameter `timestamp`, which the signature reserves")]
    ReservedParameter,

    /// A key or value of an Open API request's query could stand for several parameters, or for the
    /// body. Only a verifier with
    /// [`refuse_ambiguous`](crate::trustoo::open_api::Verifier::refuse_ambiguous) refuses this.
    #[error("the query has a key or value that could be signed for another request")]
    AmbiguousQuery,

    /// The public token selects no configured shop.
    #[error("the public token belongs to no configured shop")]
    UnknownPublicToken,

    /// The webhook id selects no configured TrustLens endpoint.
    #[error("the webhook id belongs to no configured endpoint")]
    UnknownWebhookId,

    /// Signed longer ago than the replay window allows.
    #[error("signed {age:?} ago, the replay window allows {window:?}")]
    Expired {
        /// Time since it was signed.
        age: Duration,
        /// How far back the window reaches.
        window: Duration,
    },

    /// Signed further ahead of this clock than the replay window allows.
    #[error("signed {ahead:?} ahead of this clock, the replay window allows {window:?}")]
    FromFuture {
        /// Time until the moment at which it claims to be signed.
        ahead: Duration,
        /// How far ahead the window reaches.
        window: Duration,
    },

    /// The event has no time that can be read. Only `check_age` of an event gives this verdict,
    /// such as [`trustlens::Event::check_age`](crate::trustlens::Event).
    #[error("the event has no time that can be read")]
    UnknownTime,

    /// No configured secret made this signature over these bytes.
    #[error("no configured secret made this signature over these bytes")]
    SignatureMismatch,
}

impl VerifyError {
    /// The verdict's name, for logs and metrics: `missing_header`, `repeated_header`,
    /// `malformed_timestamp`, `malformed_signature`, `reserved_parameter`, `ambiguous_query`,
    /// `unknown_public_token`, `unknown_webhook_id`, `expired`, `from_future`, `unknown_time` or
    /// `signature_mismatch`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingHeader { .. } => "missing_header",
            Self::RepeatedHeader { .. } => "repeated_header",
            Self::MalformedTimestamp { .. } => "malformed_timestamp",
            Self::MalformedSignature { .. } => "malformed_signature",
            Self::ReservedParameter => "reserved_parameter",
            Self::AmbiguousQuery => "ambiguous_query",
            Self::UnknownPublicToken => "unknown_public_token",
            Self::UnknownWebhookId => "unknown_webhook_id",
            Self::Expired { .. } => "expired",
            Self::FromFuture { .. } => "from_future",
            Self::UnknownTime => "unknown_time",
            Self::SignatureMismatch => "signature_mismatch",
        }
    }

    /// The status to answer with: 400 where something is missing or malformed, 401 otherwise.
    ///
    /// Both vendors take any 4xx as a refusal. Trustoo retries it, like everything but a 200.
    #[cfg(feature = "http")]
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        if self.is_malformed() {
            http::StatusCode::BAD_REQUEST
        } else {
            http::StatusCode::UNAUTHORIZED
        }
    }

    /// The same as a number, for frameworks that do not use `http`, or another version of it.
    #[must_use]
    pub const fn status_code(&self) -> u16 {
        if self.is_malformed() { 400 } else { 401 }
    }

    const fn is_malformed(&self) -> bool {
        match self {
            Self::MissingHeader { .. }
            | Self::RepeatedHeader { .. }
            | Self::MalformedTimestamp { .. }
            | Self::MalformedSignature { .. }
            | Self::ReservedParameter
            | Self::AmbiguousQuery => true,
            Self::UnknownPublicToken
            | Self::UnknownWebhookId
            | Self::Expired { .. }
            | Self::FromFuture { .. }
            | Self::UnknownTime
            | Self::SignatureMismatch => false,
        }
    }
}

/// Why bytes cannot be a [`Secret`](crate::Secret).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty. HMAC would take it, and anyone could then sign.
    #[error("the secret is empty")]
    Empty,

    /// The secret is made of NUL bytes alone. HMAC fills a short key up with them, so such a
    /// secret is the empty one again.
    #[error("the secret is nothing but NUL bytes")]
    Nul,
}

/// Why text is not a [`Timestamp`](crate::Timestamp).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a Unix timestamp in seconds: `0` or `[1-9][0-9]*`, at most 2^63-1")]
#[non_exhaustive]
pub struct TimestampError;

/// Why text is not an amount of [`Money`](crate::Money).
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a decimal number of at most 38 digits")]
#[non_exhaustive]
pub struct MoneyError;

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The query already has a parameter `timestamp`; the signature adds its own.
    #[error("the query has a parameter `timestamp`, which the signature reserves")]
    ReservedParameter,

    /// The query starts with `?` or holds a `#`: it is not the part of a URL between the two, or a
    /// `#` in it is not escaped (`%23`).
    #[error("not a query: it starts with `?` or holds a `#`")]
    NotAQuery,

    /// A public token, access token or API key holds bytes that no header can carry, such as a line
    /// break.
    #[error("the token for header `{header}` holds bytes that no header can carry")]
    InvalidHeaderValue {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The request has a non-empty `authorization` header. The server would take it as a bearer
    /// token and never look at the signature.
    #[error("the request has an `authorization` header, so the server would ignore a signature")]
    Authorization,
}
