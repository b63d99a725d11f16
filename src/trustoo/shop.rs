//! Shop webhooks: the reviews and customer events that a shop subscribed to.
//!
//! | header | meaning | signed |
//! |---|---|---|
//! | `Open-Trustoo-Webhook-Public-Token` | which shop | **no**, it only selects the key |
//! | `Open-Trustoo-Webhook-Timestamp` | Unix seconds of this request | yes |
//! | `Open-Trustoo-Webhook-Sign` | 64 hex digits | – |
//! | `Open-Trustoo-Webhook-RequestId` | trace id | **no** |
//!
//! The MAC is the Open API's, with the shop's private token, over `timestamp=<timestamp>|<body>`;
//! an empty body leaves out the `|`. A retry has a fresh timestamp and so a fresh signature.
//! Source: the vendor's "Trustoo Open API — Quick Start", sections 2 and 3.

use alloc::string::String;
use core::fmt;

#[cfg(not(feature = "json"))]
crate::event::unread_event!();
#[cfg(feature = "json")]
pub use self::topic::Topic;
#[cfg(feature = "json")]
pub use super::event::shop::{
    CustomerEvent, CustomerEventType, DeletedReview, DeviceType, Event, EventKind, EventSource,
    Media, MediaType, OsType, Product, Reply, Review, ReviewSource,
};
use super::{
    ACK_BODY, WINDOW,
    canonical::{Parameters, Spelling},
};
pub use crate::secret::SecretStore;
use crate::{
    error::{SignError, VerifyError},
    headers::{self, HeaderName, Headers, SignedHeaders},
    scheme::Scheme,
    secret::{Keys, Secret, Secrets},
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

#[cfg(feature = "json")]
mod topic;

/// The scheme, with a window of 15 minutes in both directions.
pub static SCHEME: Scheme = Scheme {
    name: "trustoo-shop",
    id: Some((
        HeaderName::new("open-trustoo-webhook-public-token"),
        VerifyError::UnknownPublicToken,
    )),
    timestamp: Some(HeaderName::new("open-trustoo-webhook-timestamp")),
    signature: HeaderName::new("open-trustoo-webhook-sign"),
    prefix: "",
    window: WINDOW,
};

static REQUEST_ID: HeaderName = HeaderName::new("open-trustoo-webhook-requestid");

/// Verifies Trustoo shop webhooks.
///
/// ```
/// use std::collections::HashMap;
/// use trusthooks::{Secret, Secrets, trustoo::shop};
///
/// // One shop.
/// let verifier = shop::Verifier::new(Secret::new("private token")?);
///
/// // Several: the public token in the headers says which.
/// let mut shops = HashMap::new();
/// shops.insert("GfKu22TCaj4gULtrA3/OgA==".to_owned(), Secrets::from(Secret::new("first's")?));
/// shops.insert("kF2bW0xrQ1yO8l5m4Zt3pA==".to_owned(), Secrets::from(Secret::new("second's")?));
/// let verifier = shop::Verifier::with_store(shops);
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Keys,
    window: ReplayWindow,
    parameters: Parameters,
}

impl Verifier {
    /// Accepts deliveries that any of one shop's `secrets` signed up to 900 s ago or ahead. Ignores
    /// the public token.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self::of(Keys::One(secrets.into()))
    }

    /// Accepts deliveries signed by any of the secrets that `store` has for their public token.
    #[must_use]
    pub fn with_store(store: impl SecretStore + 'static) -> Self {
        Self::of(Keys::store(store))
    }

    fn of(keys: Keys) -> Self {
        Self { keys, window: WINDOW, parameters: Parameters::none() }
    }

    /// Accepts within another window.
    #[must_use]
    pub fn with_window(mut self, window: ReplayWindow) -> Self {
        self.window = window;
        self
    }

    /// Adds the query of the webhooks' URL to the signed parameters, as the Open API does. By
    /// default it is left out: the documents show no such case.
    ///
    /// # Errors
    /// [`SignError::ReservedParameter`] where the query has a parameter `timestamp`.
    pub fn with_query(mut self, query: &str) -> Result<Self, SignError> {
        self.parameters = Parameters::of(query, Spelling::Decoded)?;
        Ok(self)
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
        let preamble = self.parameters.preamble();
        Verification::start(&presented, &self.keys, &self.window, preamble, now)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// Signs as Trustoo does, for tests and simulators.
#[derive(Debug, Clone)]
pub struct Signer {
    public_token: String,
    secret: Secret,
}

impl Signer {
    /// Signs for the shop with `public_token`, with its private token as `secret`.
    #[must_use]
    pub fn new(public_token: impl Into<String>, secret: Secret) -> Self {
        Self { public_token: public_token.into(), secret }
    }

    /// The headers of a delivery of `body` at a given time.
    #[must_use]
    pub fn sign_at(&self, body: &[u8], at: Timestamp) -> SignedHeaders {
        let parameters = Parameters::none();
        SCHEME.sign(Some(&self.public_token), parameters.preamble().at(at), &self.secret, body)
    }
}

/// Headers that Trustoo sends with shop webhooks and does **not** sign.
///
/// A replayer can write anything here. The public token says which secret to look for, and the
/// request id is for logs and for the vendor's support.
///
/// # Secrets in a database
///
/// A [`SecretStore`] must not block, so load a shop's secret into the verifier's store before
/// verifying. The verifier still judges everything, and refuses an unknown token. Anyone can send
/// made-up tokens: keep the known ones in memory, and ask the database for no others.
///
/// When a shop uninstalls, remove it from both collections; when its private token changes, from
/// `loaded`. Answer a failure of the database with 503, so that Trustoo retries.
///
/// ```
/// use std::{collections::{HashMap, HashSet}, sync::{Arc, RwLock}};
/// use http::HeaderMap;
/// use trusthooks::{Delivery, Secret, Secrets, Verify, trustoo::shop};
///
/// struct Receiver {
///     /// Every public token, 24 bytes each: loaded at the start, added to when a shop installs.
///     installed: RwLock<HashSet<String>>,
///     /// The secrets of the shops that sent something since; no more than are installed.
///     loaded: Arc<RwLock<HashMap<String, Secrets>>>,
///     /// `shop::Verifier::with_store(Arc::clone(&loaded))`
///     verifier: shop::Verifier,
/// }
/// # type Error = Box<dyn std::error::Error>;
/// # async fn private_token(shop: &str) -> Result<String, Error> { Ok(format!("of {shop}")) }
///
/// async fn receive(
///     receiver: &Receiver,
///     headers: &HeaderMap,
///     body: Vec<u8>,
/// ) -> Result<Delivery<shop::Event, Vec<u8>>, Error> {
///     if let Some(shop) = shop::Unsigned::from_headers(headers).public_token() {
///         let is_new = !receiver.loaded.read().unwrap().contains_key(shop)
///             && receiver.installed.read().unwrap().contains(shop);
///         if is_new {
///             let secret = Secret::new(private_token(shop).await?)?;
///             receiver.loaded.write().unwrap().insert(shop.to_owned(), secret.into());
///         }
///     }
///     Ok(receiver.verifier.verify(headers, body)?)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsigned<'h> {
    public_token: Option<&'h str>,
    request_id: Option<&'h str>,
}

impl<'h> Unsigned<'h> {
    /// Reads the headers. One that is repeated or not UTF-8 reads as absent.
    #[must_use]
    pub fn from_headers<H: Headers + ?Sized>(headers: &'h H) -> Self {
        let text = |name| headers::text(headers, name);
        Self { public_token: SCHEME.id().and_then(text), request_id: text(&REQUEST_ID) }
    }

    /// The shop's public token, as `Open-Trustoo-Webhook-Public-Token` claims.
    #[must_use]
    pub const fn public_token(&self) -> Option<&'h str> {
        self.public_token
    }

    /// Trustoo's trace id, as `Open-Trustoo-Webhook-RequestId` claims.
    #[must_use]
    pub const fn request_id(&self) -> Option<&'h str> {
        self.request_id
    }
}
