//! Errors, one type per question that a caller asks.
//!
//! No message holds a secret, a MAC or any part of a body. Messages print names of headers and
//! lengths of time, and nothing else of a request. They are written by hand: a macro for that takes
//! a fifth of the time in which a program with this crate compiles.

use core::{error::Error, fmt, time::Duration};

#[cfg(feature = "json")]
mod event;
#[cfg(feature = "json")]
pub use event::{EventError, EventErrorKind};

/// Why a request was refused.
///
/// The variants are tried in this order: the first that applies is the verdict. Headers
/// are looked for one by one, so a repeated timestamp comes before a missing signature.
///
/// All but [`SignatureMismatch`](Self::SignatureMismatch) and [`UnknownTime`](Self::UnknownTime) are
/// decided by the headers and the query, before the body is read and before anything is hashed.
/// The window is checked once more when the body is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header that the scheme needs is absent. An endpoint that was set up without a secret
    /// arrives here too: its deliveries carry no signature.
    MissingHeader {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// A header that the scheme needs came more than once, even with equal values. Proxies and
    /// frameworks differ in which one they take, so none is taken.
    RepeatedHeader {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The timestamp is not Unix seconds in their one spelling: `0` or `[1-9][0-9]*`, at most
    /// 2⁶³−1.
    MalformedTimestamp {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The signature is not the scheme's prefix and 64 lower-case hex digits.
    MalformedSignature {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// An Open API request has a query parameter called `timestamp`, which the signature reserves
    /// for itself. Only [`trustoo::open_api::Verifier`](crate::trustoo::open_api::Verifier) gives
    /// this verdict.
    ReservedParameter,

    /// A key or value of an Open API request's query could stand for several parameters, or for the
    /// body. Only a verifier with
    /// [`refuse_ambiguous`](crate::trustoo::open_api::Verifier::refuse_ambiguous) refuses this.
    AmbiguousQuery,

    /// The public token selects no configured shop.
    UnknownPublicToken,

    /// The webhook id selects no configured TrustLens endpoint.
    UnknownWebhookId,

    /// Signed longer ago than the replay window allows.
    Expired {
        /// Time since it was signed.
        age: Duration,
        /// The length of the window into the past.
        window: Duration,
    },

    /// Signed further ahead of this clock than the replay window allows.
    FromFuture {
        /// Time until the moment at which it claims to be signed.
        ahead: Duration,
        /// The length of the window into the future.
        window: Duration,
    },

    /// The event has no time that can be read. Only `check_age` of an event gives this verdict,
    /// such as [`trustlens::Event::check_age`](crate::trustlens::Event).
    UnknownTime,

    /// No configured secret made this signature over these bytes.
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

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { header } => write!(f, "missing header `{header}`"),
            Self::RepeatedHeader { header } => write!(f, "header `{header}` sent more than once"),
            Self::MalformedTimestamp { header } => {
                write!(f, "header `{header}` is not a Unix timestamp in seconds")
            }
            Self::MalformedSignature { header } => {
                write!(f, "header `{header}` is not a hex-encoded HMAC-SHA256 in the vendor's form")
            }
            Self::ReservedParameter => {
                f.write_str("the query has a parameter `timestamp`, which the signature reserves")
            }
            Self::AmbiguousQuery => {
                f.write_str("the query has a key or value that could be signed for another request")
            }
            Self::UnknownPublicToken => {
                f.write_str("the public token belongs to no configured shop")
            }
            Self::UnknownWebhookId => {
                f.write_str("the webhook id belongs to no configured endpoint")
            }
            Self::Expired { age, window } => {
                write!(f, "signed {age:?} ago, the replay window allows {window:?}")
            }
            Self::FromFuture { ahead, window } => {
                write!(
                    f,
                    "signed {ahead:?} ahead of this clock, the replay window allows {window:?}"
                )
            }
            Self::UnknownTime => f.write_str("the event has no time that can be read"),
            Self::SignatureMismatch => {
                f.write_str("no configured secret made this signature over these bytes")
            }
        }
    }
}

impl Error for VerifyError {}

/// Why bytes cannot be a [`Secret`](crate::Secret).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretError {
    /// The secret is empty. HMAC would take it, and anyone could then sign.
    Empty,

    /// The secret is made of NUL bytes alone. HMAC pads short keys with them, so such a secret
    /// equals the empty one.
    Nul,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the secret is empty",
            Self::Nul => "the secret is nothing but NUL bytes",
        })
    }
}

impl Error for SecretError {}

/// Why text is not a [`Timestamp`](crate::Timestamp).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a Unix timestamp in seconds: `0` or `[1-9][0-9]*`, at most 2^63-1")
    }
}

impl Error for TimestampError {}

/// Why text is not an amount of [`Money`](crate::Money).
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MoneyError;

#[cfg(feature = "json")]
impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a decimal number of at most 38 digits")
    }
}

#[cfg(feature = "json")]
impl Error for MoneyError {}

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignError {
    /// The query already has a parameter `timestamp`; the signature adds its own.
    ReservedParameter,

    /// The query starts with `?` or contains a `#`. It must be only the part of a URL between the
    /// two, with any `#` in it escaped as `%23`.
    NotAQuery,

    /// A public token, access token or API key holds bytes that no header can carry, such as a line
    /// break. Or an access token or API key is empty.
    InvalidHeaderValue {
        /// The header's name, in lower case.
        header: &'static str,
    },

    /// The request has a non-empty `authorization` header. The server would take it as a bearer
    /// token and never look at the signature.
    Authorization,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedParameter => {
                f.write_str("the query has a parameter `timestamp`, which the signature reserves")
            }
            Self::NotAQuery => f.write_str("not a query: it starts with `?` or holds a `#`"),
            Self::InvalidHeaderValue { header } => {
                write!(
                    f,
                    "the token for header `{header}` is empty or holds bytes that no header can carry"
                )
            }
            Self::Authorization => f.write_str(
                "the request has an `authorization` header, so the server would ignore a signature",
            ),
        }
    }
}

impl Error for SignError {}
