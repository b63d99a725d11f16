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
//! an empty body leaves out the `|`. A retry has a fresh timestamp and so a fresh signature. Source:
//! the vendor's "Trustoo Open API — Quick Start", sections 2 and 3.

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    string::{String, ToString as _},
    sync::Arc,
};
use core::fmt;

#[cfg(not(feature = "json"))]
crate::event::unread_event!();
#[cfg(feature = "json")]
pub use super::event::shop::{
    CustomerEvent, CustomerEventType, DeletedReview, DeviceType, Event, EventKind, EventSource,
    Media, MediaType, OsType, Product, Reply, Review, ReviewSource,
};
#[cfg(feature = "json")]
pub use super::topic::Topic;
use super::{
    ACK_BODY, Claim, Keys, Names, WINDOW,
    canonical::{Parameters, Spelling},
};
use crate::{
    error::{SignError, VerifyError},
    headers::{Headers, Name, SignedHeaders},
    secret::{Secret, Secrets},
    time::{ReplayWindow, Timestamp},
    verify::{Verification, Verify},
};

static NAMES: Names = Names {
    public_token: Name::new("open-trustoo-webhook-public-token"),
    timestamp: Name::new("open-trustoo-webhook-timestamp"),
    signature: Name::new("open-trustoo-webhook-sign"),
};

/// The private tokens of several shops, by public token.
///
/// Implemented for maps from `String` to [`Secrets`]. A store of your own lends its secrets, or
/// gives them away where it cannot lend (behind a lock, say):
///
/// ```
/// use std::{borrow::Cow, collections::HashMap, sync::RwLock};
/// use trusthooks::{Secrets, trustoo::shop::SecretStore};
///
/// struct Shops(RwLock<HashMap<String, Secrets>>);
///
/// impl SecretStore for Shops {
///     fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>> {
///         self.0.read().ok()?.get(public_token).cloned().map(Cow::Owned)
///     }
/// }
/// ```
///
/// It is asked while a request is verified, after the headers were found well formed, and must not
/// block: load what it needs ahead of time.
pub trait SecretStore: Send + Sync {
    /// The secrets of the shop with this public token; `None` where there is no such shop.
    fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>>;
}

#[cfg(feature = "std")]
impl<S> SecretStore for std::collections::HashMap<String, Secrets, S>
where
    S: core::hash::BuildHasher + Send + Sync,
{
    fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>> {
        self.get(public_token).map(Cow::Borrowed)
    }
}

impl SecretStore for BTreeMap<String, Secrets> {
    fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>> {
        self.get(public_token).map(Cow::Borrowed)
    }
}

impl<T: SecretStore + ?Sized> SecretStore for Arc<T> {
    fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>> {
        (**self).secrets(public_token)
    }
}

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
    /// Accepts what any of one shop's `secrets` signed up to 900 s ago or ahead. The public token
    /// is not looked at.
    #[must_use]
    pub fn new(secrets: impl Into<Secrets>) -> Self {
        Self::of(Keys::OneShop(secrets.into()))
    }

    /// Accepts what any of the secrets signed that `store` has for the request's public token.
    #[must_use]
    pub fn with_store(store: impl SecretStore + 'static) -> Self {
        Self::of(Keys::ByToken(Arc::new(store)))
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

    /// Counts the query of the URL at which the webhooks arrive among the signed parameters, the
    /// way the Open API does. By default it takes no part: the documents show no such case.
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

    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        let claim = Claim::read(headers, &NAMES, &self.keys)?;
        let secrets = self.keys.select(claim.public_token)?;
        self.window.check(claim.signed_at, now)?;
        let preamble = self.parameters.preamble(claim.signed_at);
        Ok(Verification::new(secrets, claim.signature, preamble, self.window))
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
        let signature = Parameters::none().preamble(at).sign(self.secret.key(), body);
        SignedHeaders::new(&NAMES.signature, signature.to_hex(""))
            .with(&NAMES.public_token, &*self.public_token)
            .with(&NAMES.timestamp, at.to_string())
    }
}
