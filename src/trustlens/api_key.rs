//! The key of the REST API.

#[cfg(feature = "http")]
use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
#[cfg(feature = "http")]
use zeroize::Zeroizing;

#[cfg(feature = "http")]
use crate::error::SignError;

#[cfg(feature = "http")]
const NAME: &str = "x-trustlens-api-key";

/// The key for the plugin's REST API, under `/wp-json/trustlens/v1/` (the vendor's page "API and
/// Webhooks").
///
/// The plugin shows it once and keeps its [hash](ApiKeyHash). `Debug` does not show it, and it is
/// wiped on drop; the copies of it in a request are the HTTP client's. The answer of
/// `customers/lookup` reads as a
#[cfg_attr(feature = "json", doc = "[`Customer`](super::Customer).")]
#[cfg_attr(not(feature = "json"), doc = "`Customer`, with the feature `json`.")]
///
/// ```
/// use trusthooks::trustlens::ApiKey;
///
/// let url = "https://shop.example/wp-json/trustlens/v1/customers/lookup?email=jane%40example.com";
/// let mut request = http::Request::get(url).body(())?;
/// ApiKey::new("tl_live_1234").apply(request.headers_mut())?;
/// assert_eq!(request.headers()["x-trustlens-api-key"], "tl_live_1234");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "http")]
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

#[cfg(feature = "http")]
impl ApiKey {
    /// Takes the key as the plugin showed it.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(Zeroizing::new(key.into()))
    }

    /// Puts the `X-TrustLens-API-Key` header in, in place of any, marked sensitive so that HTTP/2
    /// does not index it and `Debug` does not print it.
    ///
    /// # Errors
    /// [`SignError::InvalidHeaderValue`] where the key is empty, or holds bytes that no header can
    /// carry; `headers` is then left as it was.
    pub fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), SignError> {
        let value = http::HeaderValue::from_str(&self.0).ok().filter(|value| !value.is_empty());
        let mut value = value.ok_or(SignError::InvalidHeaderValue { header: NAME })?;
        value.set_sensitive(true);
        headers.insert(NAME, value);
        Ok(())
    }
}

#[cfg(feature = "http")]
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// The SHA-256 of a key for the REST API, which TrustLens stores in place of the key.
///
/// For gateways and mocks that answer calls with `X-TrustLens-API-Key` as the plugin does.
///
/// ```
/// use sha2::{Digest, Sha256};
/// use trusthooks::trustlens::ApiKeyHash;
///
/// let stored = ApiKeyHash::from_sha256(Sha256::digest("tl_live_1234").into());
/// assert!(stored.matches(b"tl_live_1234"));
/// assert!(!stored.matches(b"tl_live_1235"));
/// ```
#[derive(Clone)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// Takes the 32 bytes that are stored, hex decoded.
    #[must_use]
    pub const fn from_sha256(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Whether `presented` is the key, compared in constant time.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        presented.ct_eq(&self.0).into()
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(..)")
    }
}
