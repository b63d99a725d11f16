//! The Open API at <https://rapi.trustoo.io>: requests that you sign.
//!
//! | header | meaning | signed |
//! |---|---|---|
//! | `Public-Token` | which shop | **no**, it only selects the key |
//! | `Timestamp` | Unix seconds; the server allows 15 minutes | yes |
//! | `Sign` | 64 hex digits | – |
//!
//! [`Signer`] makes them, [`Verifier`] is the server's side for gateways and mocks, and
//! [`CanonicalString`] shows the signed string. [`Bearer`] is the alternative: an access token.
#![cfg_attr(
    feature = "json",
    doc = "[`Answer`] reads what the server answers, [`Scope`] names what a platform may do."
)]
//!
//! Re-sign each attempt, by the server's [`Clock`]: a signature is valid for 15 minutes.
#![cfg_attr(
    all(feature = "tower", feature = "json"),
    doc = "[`SignLayer`](crate::tower::SignLayer) does both for hyper, reqwest and other clients that speak tower."
)]
//! docs/open-api.md has recipes for reqwest and ureq.
//!
//! Source: the vendor's "Trustoo Open API — Quick Start", sections 1, 2 and 5. (Until November 2025
//! the signature was a plain SHA-256; such signatures are no longer valid and not made here.)

#[cfg(feature = "http")]
use alloc::format;
use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

#[cfg(all(feature = "tower", feature = "json"))]
pub(crate) use self::answer::Head;
#[cfg(feature = "std")]
pub use self::clock::Clock;
pub use self::status::Status;
#[cfg(feature = "json")]
pub use self::{
    answer::{Answer, AnswerError, ApiError},
    scope::{Scope, Scopes},
};
pub use super::canonical::CanonicalString;
use super::{
    WINDOW,
    canonical::{Parameters, Spelling},
};
use crate::{
    error::{SignError, VerifyError},
    headers::{HeaderName, Headers, SignedHeaders},
    scheme::Scheme,
    secret::{Keys, Secret, SecretStore, Secrets},
    time::{ReplayWindow, Timestamp},
    verify::{Receipt, Verification},
};

#[cfg(feature = "json")]
mod answer;
#[cfg(feature = "std")]
mod clock;
#[cfg(feature = "json")]
mod scope;
mod status;

/// The scheme, with a window of 15 minutes in both directions.
pub static SCHEME: Scheme = Scheme {
    name: "trustoo-open-api",
    id: Some((HeaderName::new("public-token"), VerifyError::UnknownPublicToken)),
    timestamp: Some(HeaderName::new("timestamp")),
    signature: HeaderName::new("sign"),
    prefix: "",
    window: WINDOW,
};

const AUTHORIZATION: &str = "authorization";

/// Signs requests to the Open API.
///
/// ```
/// use trusthooks::{Secret, Timestamp, trustoo::open_api};
///
/// let signer = open_api::Signer::new("GfKu22TCaj4gULtrA3/OgA==", Secret::new("private token")?);
/// let mut request = http::Request::get("https://rapi.trustoo.io/api/v1/openapi/get_reviews?page=1")
///     .body(Vec::new())?;
/// signer.sign_request_at(&mut request, Timestamp::now())?;
/// assert!(request.headers().contains_key("sign"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Signer {
    public_token: String,
    secret: Secret,
    spelling: Spelling,
}

impl Signer {
    /// Signs for the shop with `public_token`, with its private token as `secret`.
    #[must_use]
    pub fn new(public_token: impl Into<String>, secret: Secret) -> Self {
        Self { public_token: public_token.into(), secret, spelling: Spelling::Decoded }
    }

    /// Signs keys and values as they stand in the query instead of percent-decoded.
    ///
    /// By default, `q=a+b` and `q=a%20b` are both signed as `q=a b`, since the API's public clients
    /// sign the values before they encode the URL. With `as_sent`, they are signed as `q=a+b` and
    /// `q=a%20b`. (Send a plus sign as `%2B`.)
    #[must_use]
    pub fn as_sent(mut self) -> Self {
        self.spelling = Spelling::AsSent;
        self
    }

    /// The headers of a request with this query, the part of its URL between the `?` and a `#`, and
    /// this body. `body` is for a POST; an empty one counts as none.
    ///
    /// # Errors
    /// [`SignError::NotAQuery`] where the query has a leading `?` or a `#`;
    /// [`SignError::ReservedParameter`] where the query has a parameter `timestamp`.
    pub fn sign_at(
        &self,
        query: &str,
        body: Option<&[u8]>,
        at: Timestamp,
    ) -> Result<SignedHeaders, SignError> {
        if query.starts_with('?') || query.contains('#') {
            return Err(SignError::NotAQuery);
        }
        let parameters = Parameters::of(query, self.spelling)?;
        let (preamble, body) = (parameters.preamble().at(at), body.unwrap_or_default());
        Ok(SCHEME.sign(Some(&self.public_token), preamble, &self.secret, body))
    }

    /// Signs a request and adds the headers. The body is signed only if the method is POST.
    ///
    /// # Errors
    /// Those of [`sign_at`](Self::sign_at); [`SignError::Authorization`] if the server would treat
    /// the request as one with a bearer token; [`SignError::InvalidHeaderValue`] if no header can
    /// carry the public token. The request is then left as it was.
    #[cfg(feature = "http")]
    pub fn sign_request_at<B: AsRef<[u8]>>(
        &self,
        request: &mut http::Request<B>,
        at: Timestamp,
    ) -> Result<(), SignError> {
        if Authentication::of(request.headers()) == Authentication::Bearer {
            return Err(SignError::Authorization);
        }
        let query = request.uri().query().unwrap_or_default();
        self.sign_at(query, signed_body(request), at)?.apply(request.headers_mut())
    }
}

/// "Append Body (POST requests only)."
#[cfg(feature = "http")]
fn signed_body<B: AsRef<[u8]>>(request: &http::Request<B>) -> Option<&[u8]> {
    (request.method() == http::Method::POST).then(|| request.body().as_ref())
}

/// The server's side: whether a request was signed with a shop's private token.
///
/// It checks only the signature. If requests may have a bearer token instead, call
/// [`Authentication::of`] first, as the server does.
///
/// The canonical string does not say where a key, a value or the query ends, so one signature fits
/// several requests:
///
/// - a signature of `a=1%26b%3D2` fits `a=1&b=2`, and one of `filter=x%3Dy` fits `filter%3Dx=y`;
/// - a signature of a value with `|` fits a POST with the rest of the value as its body;
/// - a signature of a value with `&timestamp=` fits a request at another time.
///
/// An attacker can use that with a captured request whose parameters came from a stranger. In a
/// gateway, rule it out with [`refuse_ambiguous`](Self::refuse_ambiguous).
///
/// ```
/// use trusthooks::{Secret, Timestamp, trustoo::open_api};
///
/// let now = Timestamp::from_unix(1_732_180_800);
/// let signer = open_api::Signer::new("public token", Secret::new("private token")?);
/// let signed = signer.sign_at("page=1", None, now)?;
/// let headers: Vec<_> = signed.iter().collect();
///
/// let verifier = open_api::Verifier::new(Secret::new("private token")?);
/// assert!(verifier.verify_at(&headers, "page=1", None, now).is_ok());
/// assert!(verifier.verify_at(&headers, "page=2", None, now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Keys,
    window: ReplayWindow,
    spelling: Spelling,
    refuses_ambiguous: bool,
}

impl Verifier {
    /// Accepts requests that any of one shop's `secrets` signed up to 900 s ago or ahead. Ignores
    /// the public token.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self::of(Keys::One(secrets.into()))
    }

    /// Accepts requests signed by any of the secrets that `store` has for their public token.
    #[must_use]
    pub fn with_store(store: impl SecretStore + 'static) -> Self {
        Self::of(Keys::store(store))
    }

    fn of(keys: Keys) -> Self {
        let spelling = Spelling::Decoded;
        Self { keys, window: WINDOW, spelling, refuses_ambiguous: false }
    }

    /// Accepts within another window.
    #[must_use]
    pub fn with_window(mut self, window: ReplayWindow) -> Self {
        self.window = window;
        self
    }

    /// Takes keys and values as they stand in the query instead of percent-decoded.
    #[must_use]
    pub fn as_sent(mut self) -> Self {
        self.spelling = Spelling::AsSent;
        self
    }

    /// Refuses queries of which a decoded key or value holds `&` or `|`, or a key holds `=`, as
    /// [`AmbiguousQuery`](VerifyError::AmbiguousQuery). Every signature then fits one list of
    /// parameters (apart from the order of different keys), one time and one body.
    ///
    /// Off by default: the vendor's server takes such queries.
    #[must_use]
    pub fn refuse_ambiguous(mut self) -> Self {
        self.refuses_ambiguous = true;
        self
    }

    /// Verifies a request by its headers, its query and, for a POST, its body.
    ///
    /// # Errors
    /// The first [`VerifyError`] that applies, in the order of the variants.
    pub fn verify_at<H: Headers + ?Sized>(
        &self,
        headers: &H,
        query: &str,
        body: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Receipt, VerifyError> {
        let presented = SCHEME.read(headers, &self.keys)?;
        let parameters =
            Parameters::of(query, self.spelling).map_err(|_| VerifyError::ReservedParameter)?;
        if self.refuses_ambiguous && parameters.is_ambiguous {
            return Err(VerifyError::AmbiguousQuery);
        }
        Verification::start(&presented, &self.keys, &self.window, parameters.preamble(), now)?
            .finish_with(body.unwrap_or_default())
    }

    /// Verifies a whole request. The body is signed only if the method is POST: a receipt for
    /// another method says nothing about the body. No receipt says anything about the method and
    /// the path.
    ///
    /// # Errors
    /// The first [`VerifyError`] that applies, in the order of the variants.
    #[cfg(feature = "http")]
    pub fn verify_request_at<B: AsRef<[u8]>>(
        &self,
        request: &http::Request<B>,
        now: Timestamp,
    ) -> Result<Receipt, VerifyError> {
        let query = request.uri().query().unwrap_or_default();
        self.verify_at(request.headers(), query, signed_body(request), now)
    }
}

/// The two ways in which a request to the Open API can prove its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// By an OAuth access token in `Authorization`.
    Bearer,
    /// By `Public-Token`, `Timestamp` and `Sign`.
    Signature,
}

impl Authentication {
    /// The server's rule: a non-empty `Authorization` means a bearer token, even beside a signature
    /// (Quick Start, 1).
    ///
    /// ```
    /// use trusthooks::trustoo::open_api::Authentication;
    ///
    /// let both = [("Authorization", "Bearer 4Nv0…"), ("Sign", "c3f6910a…")];
    /// assert_eq!(Authentication::of(&both), Authentication::Bearer);
    /// assert_eq!(Authentication::of(&[("Authorization", "")]), Authentication::Signature);
    /// ```
    #[must_use]
    pub fn of<H: Headers + ?Sized>(headers: &H) -> Self {
        if headers.values(AUTHORIZATION).any(|value| !value.is_empty()) {
            Self::Bearer
        } else {
            Self::Signature
        }
    }
}

/// An OAuth access token, for platforms that act for several merchants.
///
/// It expires after an hour (Quick Start, 1.2). `Debug` does not show it, and it is wiped on drop.
///
/// ```
/// use trusthooks::trustoo::open_api::Bearer;
///
/// let mut request = http::Request::get("https://rapi.trustoo.io/api/v1/openapi/get_rating").body(())?;
/// Bearer::new("access token").apply(request.headers_mut())?;
/// assert_eq!(request.headers()["authorization"], "Bearer access token");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Bearer {
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "without `http`, nothing to put it into")
    )]
    access_token: Zeroizing<String>,
}

impl Bearer {
    /// Takes the access token alone, without the word `Bearer`.
    #[must_use]
    pub fn new(access_token: impl Into<String>) -> Self {
        Self { access_token: Zeroizing::new(access_token.into()) }
    }

    /// Puts the `Authorization` header in, in place of any, marked sensitive.
    ///
    /// # Errors
    /// [`SignError::InvalidHeaderValue`] where the token is empty, or holds bytes that no header can
    /// carry; `headers` is then left as it was.
    #[cfg(feature = "http")]
    pub fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), SignError> {
        let invalid = SignError::InvalidHeaderValue { header: AUTHORIZATION };
        if self.access_token.is_empty() {
            return Err(invalid);
        }
        let value = Zeroizing::new(format!("Bearer {}", *self.access_token));
        let mut value = http::HeaderValue::from_str(&value).map_err(|_| invalid)?;
        value.set_sensitive(true);
        headers.insert(http::header::AUTHORIZATION, value);
        Ok(())
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(..)")
    }
}
