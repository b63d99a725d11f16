//! The canonical string: what the Open API and shop webhooks sign.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use percent_encoding::percent_decode;

use crate::{error::SignError, signature::Preamble, time::Timestamp};

/// The parameter that the signature adds, under the name that it is sorted by.
const TIMESTAMP: &[u8] = b"timestamp";

/// How the keys and values of a query enter the canonical string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Percent-decoded, `+` as a space: values as the caller meant them.
    Decoded,
    /// Byte for byte as they stand in the query.
    AsSent,
}

/// A query's parameters in canonical order, with a gap where the time belongs.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    /// `page=1&timestamp=&variant=2`
    text: Vec<u8>,
    /// Where in `text` the time is missing.
    gap: usize,
    /// Whether another query, or one with a body, could have the same text.
    pub(crate) is_ambiguous: bool,
}

impl Parameters {
    /// Those of a request without a query.
    pub(crate) fn none() -> Self {
        let text = b"timestamp=".to_vec();
        Self { gap: text.len(), text, is_ambiguous: false }
    }

    /// Reads a query, the part of a URL after the `?`. Empty pieces between `&&` vanish, a key
    /// without `=` has an empty value, and keys that are equal keep their order.
    pub(crate) fn of(query: &str, spelling: Spelling) -> Result<Self, SignError> {
        let mut pairs: Vec<_> = query
            .split('&')
            .filter(|piece| !piece.is_empty())
            .map(|piece| {
                let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
                (spelling.read(key), spelling.read(value))
            })
            .collect();
        if pairs.iter().any(|(key, _)| *key == TIMESTAMP) {
            return Err(SignError::ReservedParameter);
        }
        pairs.push((Cow::Borrowed(TIMESTAMP), Cow::Borrowed(b"")));
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));

        let mut parameters = Self { text: Vec::new(), gap: 0, is_ambiguous: false };
        for (key, value) in &pairs {
            if !parameters.text.is_empty() {
                parameters.text.push(b'&');
            }
            parameters.text.extend_from_slice(key);
            parameters.text.push(b'=');
            if *key == TIMESTAMP {
                parameters.gap = parameters.text.len();
            }
            parameters.text.extend_from_slice(value);
            let ends = |byte: &u8| matches!(byte, b'&' | b'|');
            parameters.is_ambiguous |= key.contains(&b'=') || key.iter().chain(&**value).any(ends);
        }
        Ok(parameters)
    }

    /// The bytes that are signed around the time and ahead of a body.
    pub(crate) fn preamble(&self) -> Preamble<'_> {
        let (before, after) = self.text.split_at(self.gap);
        Preamble { before, signed_at: None, after, separator: b"|" }
    }
}

impl Spelling {
    fn read(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::AsSent => Cow::Borrowed(text.as_bytes()),
            Self::Decoded if text.contains('+') => {
                Cow::Owned(percent_decode(text.replace('+', " ").as_bytes()).collect())
            }
            Self::Decoded => percent_decode(text.as_bytes()).into(),
        }
    }
}

/// The exact bytes that a request's signature is over: all query parameters and `timestamp`, sorted
/// by key in ascending byte order and joined as `key=value` with `&`; then, where there is a body,
/// `|` and the body (Quick Start, 2.1).
///
/// ```
/// use trusthooks::{Timestamp, trustoo::open_api::CanonicalString};
///
/// let query = "product_ids=9228589138176&page_size=20&page=1";
/// let canonical = CanonicalString::new(query, None, Timestamp::from_unix(1_732_180_800))?;
/// assert_eq!(
///     canonical.to_string(),
///     "page=1&page_size=20&product_ids=9228589138176&timestamp=1732180800",
/// );
/// # Ok::<(), trusthooks::SignError>(())
/// ```
///
/// If two signatures differ, compare it with the other side's. `Display` replaces bytes that are
/// not UTF-8; [`as_bytes`](Self::as_bytes) is exact. Both show the body, with the data in it;
/// `Debug` shows only the length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CanonicalString(Vec<u8>);

impl CanonicalString {
    /// The canonical string of a query, the part of a URL after the `?`, and a body.
    ///
    /// Keys and values are percent-decoded first: `+` is a space, bytes need not be UTF-8, and a
    /// `%` that starts no escape stays itself. (The documents are silent on this; the public
    /// clients of the API join the values before they encode the URL.)
    ///
    /// # Errors
    /// [`SignError::ReservedParameter`] where the query has a `timestamp` of its own.
    pub fn new(query: &str, body: Option<&[u8]>, at: Timestamp) -> Result<Self, SignError> {
        Ok(Self::join(&Parameters::of(query, Spelling::Decoded)?, body, at))
    }

    /// The same with keys and values as they stand in the query, escapes and all.
    ///
    /// # Errors
    /// [`SignError::ReservedParameter`] where the query has a `timestamp` of its own.
    pub fn as_sent(query: &str, body: Option<&[u8]>, at: Timestamp) -> Result<Self, SignError> {
        Ok(Self::join(&Parameters::of(query, Spelling::AsSent)?, body, at))
    }

    fn join(parameters: &Parameters, body: Option<&[u8]>, at: Timestamp) -> Self {
        let mut bytes = Vec::new();
        let preamble = parameters.preamble().at(at);
        preamble.feed(body.unwrap_or_default(), |piece| bytes.extend_from_slice(piece));
        Self(bytes)
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CanonicalString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).fmt(f)
    }
}

impl fmt::Debug for CanonicalString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalString({} bytes)", self.0.len())
    }
}
