//! What only the vendor and the receiver know.

use alloc::vec::Vec;
use core::fmt;

use zeroize::ZeroizeOnDrop;

use crate::{error::SecretError, signature::Key};

/// A shared secret: TrustLens' signing secret, Trustoo's private token or client secret.
///
/// Give it the text as the vendor shows it, as UTF-8 bytes: it is never trimmed and never decoded
/// from hex or base64, and a newline that came along from a file is part of it.
///
/// The secret itself is not kept. What is kept is the state of HMAC-SHA256 after its key block, so
/// that no check pays for the key again; it is wiped on drop, as is the stack that the key passed
/// through. (With the feature `aws-lc-rs` the state lives in a context of AWS-LC, which overwrites
/// it when the context is freed.) It cannot be printed, compared or serialized:
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
    /// Takes the secret's bytes. They stay the caller's to wipe.
    ///
    /// # Errors
    /// [`SecretError::Empty`] for an empty secret, which HMAC would take: an unset environment
    /// variable must not become a key that everyone knows.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        // A frame of its own, so that what it leaves on the stack lies within what is wiped next.
        #[inline(never)]
        fn key(secret: &[u8]) -> Key {
            Key::new(secret)
        }

        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(SecretError::Empty);
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

/// The secrets that a sender may be using: the current one, and those that it is rotating away
/// from.
///
/// ```
/// use trusthooks::{Secret, Secrets, trustlens};
///
/// let secrets = Secrets::from(Secret::new("this month's")?).and(Secret::new("last month's")?);
/// let verifier = trustlens::Verifier::new(secrets);
/// # Ok::<(), trusthooks::SecretError>(())
/// ```
///
/// They are tried in this order and the first that fits ends the search, so a previous secret
/// costs nothing while the current one fits. [`Receipt::secret_index`](crate::Receipt::secret_index)
/// says which did: when it has been 0 for long enough, drop the others.
#[derive(Clone)]
pub struct Secrets {
    current: Secret,
    previous: Vec<Secret>,
}

impl Secrets {
    /// Accepts `previous` too.
    #[must_use]
    pub fn and(mut self, previous: Secret) -> Self {
        self.previous.push(previous);
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        core::iter::once(&self.current).chain(&self.previous)
    }
}

impl From<Secret> for Secrets {
    fn from(current: Secret) -> Self {
        Self { current, previous: Vec::new() }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
