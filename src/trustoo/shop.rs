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
/// ```
/// use std::{collections::{HashMap, HashSet}, error::Error, sync::{Arc, RwLock}};
///
/// use axum::{
///     Router,
///     extract::{Request, State},
///     http::StatusCode,
///     middleware::{Next, from_fn_with_state},
///     response::Response,
///     routing::post,
/// };
/// use tokio::sync::Mutex;
/// use trusthooks::{Secret, Secrets, tower::VerifyLayer, trustoo::shop};
///
/// #[derive(Default)]
/// struct Shops {
///     /// Every public token, 24 bytes each, as loaded at the start.
///     installed: RwLock<HashSet<String>>,
///     /// The secrets of the shops that sent something since; no more than are installed.
///     loaded: Arc<RwLock<HashMap<String, Secrets>>>,
///     /// Held while a secret comes or goes: of many requests at once, one asks the database.
///     changing: Mutex<()>,
/// }
///
/// impl Shops {
///     fn lacks(&self, token: &str) -> bool {
///         self.installed.read().unwrap().contains(token)
///             && !self.loaded.read().unwrap().contains_key(token)
///     }
///
///     async fn load(&self, token: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
///         if self.lacks(token) {
///             let _changing = self.changing.lock().await;
///             if self.lacks(token) {
///                 let secret = Secret::new(private_token(token).await?)?;
///                 self.loaded.write().unwrap().insert(token.to_owned(), secret.into());
///             }
///         }
///         Ok(())
///     }
///
///     fn install(&self, token: &str) {
///         self.installed.write().unwrap().insert(token.to_owned());
///     }
///
///     /// After its private token was replaced; the next delivery loads the new one.
///     async fn forget_secret(&self, token: &str) {
///         let _changing = self.changing.lock().await;
///         self.loaded.write().unwrap().remove(token);
///     }
///
///     async fn uninstall(&self, token: &str) {
///         let _changing = self.changing.lock().await;
///         self.installed.write().unwrap().remove(token);
///         self.loaded.write().unwrap().remove(token);
///     }
/// }
///
/// /// Stands in front of the verifier.
/// async fn load_secret(
///     State(shops): State<Arc<Shops>>,
///     request: Request,
///     next: Next,
/// ) -> Result<Response, StatusCode> {
///     if let Some(token) = shop::Unsigned::from_headers(request.headers()).public_token() {
///         // The database failed. Trustoo retries after a 503.
///         shops.load(token).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
///     }
///     Ok(next.run(request).await)
/// }
///
/// fn app(shops: Arc<Shops>) -> Router {
///     let verifier = shop::Verifier::with_store(Arc::clone(&shops.loaded));
///     let webhook = post(async || StatusCode::NO_CONTENT)
///         .layer(VerifyLayer::new(verifier))
///         .layer(from_fn_with_state(shops, load_secret));
///     Router::new().route("/trustoo/shop", webhook)
/// }
/// # use std::{sync::atomic::{AtomicUsize, Ordering}, time::Duration};
/// # static ASKED: AtomicUsize = AtomicUsize::new(0);
/// # async fn private_token(shop: &str) -> Result<String, std::io::Error> {
/// #     ASKED.fetch_add(1, Ordering::Relaxed);
/// #     tokio::time::sleep(Duration::from_millis(1)).await;
/// #     if shop == "lost" { return Err(std::io::Error::other("down")) }
/// #     Ok(format!("of {shop}"))
/// # }
/// # async fn status(mut app: Router, token: &str) -> u16 {
/// #     use tower_service::Service as _;
/// #     let secret = Secret::new(format!("of {token}")).unwrap();
/// #     let now = trusthooks::Timestamp::now();
/// #     let mut request = Request::post("/trustoo/shop").body(axum::body::Body::from("{}")).unwrap();
/// #     let signed = shop::Signer::new(token, secret).sign_at(b"{}", now);
/// #     signed.apply(request.headers_mut()).unwrap();
/// #     app.call(request).await.unwrap().status().as_u16()
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let shops = Arc::new(Shops::default());
/// # shops.install("known");
/// # shops.install("lost");
/// # let requests: Vec<_> =
/// #     (0..10).map(|_| tokio::spawn(status(app(shops.clone()), "known"))).collect();
/// # for request in requests { assert_eq!(request.await.unwrap(), 204); }
/// # assert_eq!(ASKED.load(Ordering::Relaxed), 1);
/// # assert_eq!(status(app(shops.clone()), "made up").await, 401);
/// # assert_eq!(ASKED.load(Ordering::Relaxed), 1);
/// # assert_eq!(status(app(shops.clone()), "lost").await, 503);
/// # shops.forget_secret("known").await;
/// # assert_eq!(status(app(shops.clone()), "known").await, 204);
/// # assert_eq!(ASKED.load(Ordering::Relaxed), 3);
/// # shops.uninstall("known").await;
/// # assert_eq!(status(app(shops), "known").await, 401);
/// # }
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
