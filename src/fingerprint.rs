//! Marks that tell one delivery from another.

use core::fmt;

use sha2::{Digest as _, Sha256};

/// 32 bytes that are the same for a byte-identical repeat of a request and for nothing else.
///
/// It is the SHA-256 of the MAC that was checked and of the scheme's name, so it depends on the
/// secret, on the time of signing and on every byte of the body. A reader of logs or of a database
/// cannot make a signature from it. A retry that the vendor re-signs (with a fresh timestamp) has
/// another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The bytes, as a key for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    /// 64 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A key that two deliveries share if they are to be processed as one.
///
/// ```
/// use trusthooks::ReplayKey;
///
/// let key = ReplayKey::derive(["review/updated", "57748", "2023-11-21T12:45:00Z"]);
/// assert_ne!(key, ReplayKey::derive(["review/updated", "577482023-11-21T12:45:00Z", ""]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey([u8; 32]);

impl ReplayKey {
    /// For a store that looks at none.
    #[cfg(feature = "tower")]
    pub(crate) const NONE: Self = Self([0; 32]);

    /// A key from parts of a **verified** event, such as its name, the id of its object and the
    /// time of the change. It is the SHA-256 of the parts and their lengths: different parts, or
    /// the same bytes split differently, give a different key.
    #[must_use]
    pub fn derive<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            let part = part.as_ref();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The bytes, as a key for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first of the bytes as a number.
    #[cfg(feature = "postgres")]
    pub(crate) fn number(&self) -> i64 {
        self.0.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    /// Half of the bytes as two numbers.
    #[cfg(feature = "std")]
    pub(crate) fn halves(&self) -> [u64; 2] {
        [0, 8].map(|from| {
            let half = self.0.iter().skip(from).take(8);
            half.fold(0, |number, byte| number << 8 | u64::from(*byte))
        })
    }
}

impl fmt::Display for ReplayKey {
    /// 64 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Fingerprint> for ReplayKey {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(*fingerprint.as_bytes())
    }
}
