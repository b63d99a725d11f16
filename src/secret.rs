//! Secrets: known to the vendor and the receiver alone.

use alloc::{collections::BTreeMap, sync::Arc};
#[cfg(feature = "std")]
use core::hash::{BuildHasher, Hash};
use core::{borrow::Borrow, fmt};
#[cfg(feature = "std")]
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use arrayvec::ArrayString;
use zeroize::ZeroizeOnDrop;

use crate::{
    error::{SecretError, VerifyError},
    signature::Key,
};

/// A shared secret: TrustLens' signing secret, Trustoo's private token or client secret.
///
/// Give it the text as the vendor shows it, in UTF-8. It is not trimmed and not decoded from hex or
/// base64; a newline at the end of a file would be part of it.
///
/// The secret itself is not kept. Only the state of HMAC-SHA256 after its key block is, so that no
/// check pays for the key again. The state is wiped on drop. The stack that the key passed through
/// is wiped at once. (With the feature `aws-lc-rs` the state lives in a context of AWS-LC, which
/// overwrites it when the context is freed.) A secret cannot be printed, compared or serialized:
///
/// ```
/// # use trusthooks::Secret;
/// let secret = Secret::new("correct horse battery staple")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
/// ```compile_fail
/// # use trusthooks::Secret;
/// let secret = Secret::new("correct horse battery staple").unwrap();
/// println!("{secret}");
/// ```
/// ```compile_fail
/// # use trusthooks::Secret;
/// let secret = Secret::new("correct horse battery staple").unwrap();
/// assert!(secret == secret);
/// ```
/// ```compile_fail,E0277
/// # use trusthooks::Secret;
/// let secret = Secret::new("correct horse battery staple").unwrap();
/// serde_json::to_string(&secret).unwrap();
/// ```
#[derive(Clone)]
pub struct Secret {
    key: Key,
}

impl Secret {
    /// Reads the secret's bytes. Wiping them is up to the caller.
    ///
    /// # Errors
    /// [`SecretError::Empty`] for an empty secret, and [`SecretError::Nul`] for NUL bytes alone.
    /// HMAC would take both for the same key: an unset environment variable or a buffer that was
    /// never filled must not become a key that everyone knows.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        // A frame of its own, so that its leftovers lie within the stack that is wiped next.
        #[inline(never)]
        fn key(secret: &[u8]) -> Key {
            Key::new(secret)
        }

        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        if secret.iter().all(|byte| *byte == 0) {
            return Err(SecretError::Nul);
        }
        let key = key(secret);
        zeroize::zeroize_stack::<KEYING_STACK>();
        Ok(Self { key })
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }
}

/// More stack in bytes than keying takes, in debug builds too.
const KEYING_STACK: usize = if cfg!(feature = "aws-lc-rs") { 16 * 1024 } else { 4 * 1024 };

// The fields wipe themselves; with the feature `aws-lc-rs` it is the library that wipes its key.
impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The secrets that a sender may be using: the current one, and previous ones that are being
/// replaced.
///
/// ```
/// use trusthooks::{Secret, Secrets, trustlens};
///
/// let secrets = Secrets::from(Secret::new("this month's")?).and(Secret::new("last month's")?);
/// let verifier = trustlens::Verifier::new(secrets);
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// They are tried in this order, up to the first that fits. So a previous secret costs nothing
/// while the current one fits. (A streamed body is hashed for each.)
/// [`Receipt::secret_index`](crate::Receipt::secret_index)
/// says which one fitted. Once it has been 0 for long enough, drop the others.
///
/// Clones share the keyed states, which are wiped when the last of them is dropped.
#[derive(Clone)]
pub struct Secrets(
    // Never empty. The count and the current secret's state stand in one block of memory.
    Arc<[Secret]>,
);

impl Secrets {
    /// Accepts `previous` too.
    #[must_use]
    pub fn and(self, previous: Secret) -> Self {
        Self(self.iter().cloned().chain([previous]).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }
}

impl From<Secret> for Secrets {
    fn from(current: Secret) -> Self {
        Self(Arc::new([current]))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The secrets of several shops or endpoints, by the id that a request carries: Trustoo's public
/// token, TrustLens' webhook id.
///
/// The id is not secret and not signed. It only selects the key, and a wrong id selects a key that
/// does not fit.
///
/// Implemented for maps from text to [`Secrets`], and for a store in an `Arc` or an `RwLock`, so
/// that secrets can change while the process runs:
///
/// ```
/// use std::{collections::HashMap, sync::{Arc, RwLock}};
/// use trusthooks::{Secret, Secrets, trustoo::shop};
///
/// let shops = Arc::new(RwLock::new(HashMap::<String, Secrets>::new()));
/// let verifier = shop::Verifier::with_store(Arc::clone(&shops));
///
/// // Later, when a merchant installs the app:
/// let secret = Secret::new("private token")?;
/// shops.write().unwrap().insert("public token".to_owned(), Secrets::from(secret));
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// The verifier calls the store once the headers are well formed. The store must not block. To load
/// a secret from a database, do so before verifying: see
/// [`shop::Unsigned`](crate::trustoo::shop::Unsigned).
pub trait SecretStore: Send + Sync {
    /// The secrets under this id; `None` where the id is unknown.
    fn secrets(&self, id: &str) -> Option<Secrets>;
}

#[cfg(feature = "std")]
impl<K, S> SecretStore for HashMap<K, Secrets, S>
where
    K: Borrow<str> + Eq + Hash + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn secrets(&self, id: &str) -> Option<Secrets> {
        self.get(id).cloned()
    }
}

impl<K: Borrow<str> + Ord + Send + Sync> SecretStore for BTreeMap<K, Secrets> {
    fn secrets(&self, id: &str) -> Option<Secrets> {
        self.get(id).cloned()
    }
}

/// A lock that was poisoned by a panic works all the same.
#[cfg(feature = "std")]
impl<T: SecretStore + ?Sized> SecretStore for RwLock<T> {
    fn secrets(&self, id: &str) -> Option<Secrets> {
        self.read().unwrap_or_else(PoisonError::into_inner).secrets(id)
    }
}

impl<T: SecretStore + ?Sized> SecretStore for Arc<T> {
    fn secrets(&self, id: &str) -> Option<Secrets> {
        (**self).secrets(id)
    }
}

/// The source of a verifier's secrets.
#[derive(Clone)]
pub(crate) enum Keys {
    /// One shop or endpoint, whose requests need no id.
    One(Secrets),
    /// Several, selected by id.
    Store(Arc<dyn SecretStore>),
}

impl Keys {
    pub(crate) fn store(store: impl SecretStore + 'static) -> Self {
        Self::Store(Arc::new(store))
    }

    /// The secrets for a request, or `unknown` where its id selects none.
    #[inline]
    pub(crate) fn select(
        &self,
        id: Option<(&[u8], &VerifyError)>,
    ) -> Result<Selected<'_>, VerifyError> {
        match (self, id) {
            (Self::One(secrets), _) => Ok(Selected::Configured(secrets)),
            (Self::Store(store), Some((id, unknown))) => {
                let id = core::str::from_utf8(id).map_err(|_| *unknown)?;
                let secrets = store.secrets(id).ok_or(*unknown)?;
                Ok(Selected::Stored(secrets, KeyId::new(id)))
            }
            // Without an id there is no secret that could fit.
            (Self::Store(_), None) => Err(VerifyError::SignatureMismatch),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One(..)",
            Self::Store(_) => "Store(..)",
        })
    }
}

/// The secrets for one request.
pub(crate) enum Selected<'a> {
    Configured(&'a Secrets),
    Stored(Secrets, KeyId),
}

impl Selected<'_> {
    #[inline]
    pub(crate) fn secrets(&self) -> &Secrets {
        match self {
            Self::Configured(secrets) => secrets,
            Self::Stored(secrets, _) => secrets,
        }
    }

    #[inline]
    pub(crate) fn id(&self) -> Option<&KeyId> {
        match self {
            Self::Configured(_) => None,
            Self::Stored(_, id) => Some(id),
        }
    }
}

/// The id by which a store was asked. Public tokens and UUIDs take no allocation.
#[derive(Clone)]
pub(crate) enum KeyId {
    Short(ArrayString<{ Self::SHORT }>),
    Long(Arc<str>),
}

impl KeyId {
    /// The length of a UUID.
    const SHORT: usize = 36;

    fn new(id: &str) -> Self {
        ArrayString::from(id).map_or_else(|_| Self::Long(Arc::from(id)), Self::Short)
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Short(id) => id,
            Self::Long(id) => id,
        }
    }
}
