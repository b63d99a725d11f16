//! Headers: incoming ones, of any library, and those that a signer sends.

use alloc::{string::String, vec::Vec};
use core::fmt;

#[cfg(feature = "http")]
use crate::error::SignError;
use crate::error::VerifyError;

/// A source of a request's headers.
///
/// Implemented for [`http::HeaderMap`](https://docs.rs/http) (feature `http`) and for lists of
/// pairs (arrays, slices and `Vec`s of names and values), as servers without `http` and test cases
/// have them. For anything else, implement one function:
///
/// ```
/// use trusthooks::Headers;
///
/// struct Env(std::collections::HashMap<String, String>); // CGI: HTTP_X_TRUSTLENS_SIGNATURE
///
/// impl Headers for Env {
///     fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
///         let variable = format!("HTTP_{}", name.replace('-', "_").to_uppercase());
///         self.0.get(&variable).map(String::as_bytes).into_iter()
///     }
/// }
/// ```
pub trait Headers {
    /// Every value sent under `name`, unjoined, in any order.
    ///
    /// `name` is in lower case; the ASCII case of the names that were sent does not matter. Report
    /// a header that came twice as two values, so that the verifier can refuse it. An
    /// implementation that reports only one of them removes that protection.
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]>;

    /// The same, by one of this crate's header names. Implement it for a map that looks up names in
    /// a parsed form, like that of [`HeaderName::as_http`]: parsing a name costs as much as finding
    /// it.
    #[inline]
    fn values_of<'h>(&'h self, name: &'static HeaderName) -> impl Iterator<Item = &'h [u8]> {
        self.values(name.text)
    }
}

/// The name of a header that a [`Scheme`](crate::Scheme) has.
#[derive(Debug)]
pub struct HeaderName {
    text: &'static str,
    #[cfg(feature = "http")]
    parsed: http::HeaderName,
}

impl HeaderName {
    /// Meant for `static`s: text that is not a lower-case name does not compile there.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self {
            text,
            #[cfg(feature = "http")]
            parsed: http::HeaderName::from_static(text),
        }
    }

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.text
    }

    /// The name for an `http::HeaderMap`.
    #[cfg(feature = "http")]
    #[must_use]
    pub const fn as_http(&self) -> &http::HeaderName {
        &self.parsed
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.iter()
            .filter(move |(sent, _)| sent.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const K: usize> Headers for [(N, V); K] {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.as_slice().values(name)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for Vec<(N, V)> {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.as_slice().values(name)
    }
}

#[cfg(feature = "http")]
impl Headers for http::HeaderMap {
    fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }

    #[inline]
    fn values_of<'h>(&'h self, name: &'static HeaderName) -> impl Iterator<Item = &'h [u8]> {
        self.get_all(&name.parsed).iter().map(http::HeaderValue::as_bytes)
    }
}

/// The one value of a header that the scheme needs.
#[inline]
pub(crate) fn single<'h, H>(
    headers: &'h H,
    name: &'static HeaderName,
) -> Result<&'h [u8], VerifyError>
where
    H: Headers + ?Sized,
{
    let header = name.as_str();
    let mut values = headers.values_of(name);
    let value = values.next().ok_or(VerifyError::MissingHeader { header })?;
    match values.next() {
        None => Ok(value),
        Some(_) => Err(VerifyError::RepeatedHeader { header }),
    }
}

/// Reads a header that no verdict depends on. A repeated one, or one that is not UTF-8, is `None`.
pub(crate) fn text<'h, H>(headers: &'h H, name: &'static HeaderName) -> Option<&'h str>
where
    H: Headers + ?Sized,
{
    core::str::from_utf8(single(headers, name).ok()?).ok()
}

/// The headers that sign a request.
///
/// ```
/// use trusthooks::{Secret, Timestamp, trustlens};
///
/// let signer = trustlens::Signer::new(Secret::new("the endpoint's secret")?);
/// let signed = signer.sign_at(br#"{"event":"test"}"#, Timestamp::from_unix(1_780_000_000));
/// for (name, value) in signed.iter() {
///     println!("{name}: {value}");
/// }
///
/// let mut request = http::Request::post("https://example.com/hooks").body(())?;
/// signed.apply(request.headers_mut())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SignedHeaders {
    plain: Vec<(&'static str, String)>,
    signature: (&'static str, String),
}

impl SignedHeaders {
    pub(crate) fn new(
        plain: impl Iterator<Item = (&'static HeaderName, String)>,
        (name, signature): (&'static HeaderName, String),
    ) -> Self {
        let plain = plain.map(|(name, value)| (name.as_str(), value)).collect();
        Self { plain, signature: (name.as_str(), signature) }
    }

    /// Names, in lower case, and values; the signature comes last.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.plain.iter().chain([&self.signature]).map(|(name, value)| (*name, value.as_str()))
    }

    /// Puts the headers into `headers`, in place of any of the same names, the signature marked
    /// sensitive so that HTTP/2 does not index it and `Debug` does not print it.
    ///
    /// # Errors
    /// [`SignError::InvalidHeaderValue`] where a public token holds bytes that no header can carry;
    /// `headers` is then left as it was. Schemes without a public token never fail here.
    #[cfg(feature = "http")]
    pub fn apply(&self, headers: &mut http::HeaderMap) -> Result<(), SignError> {
        let parsed = self
            .iter()
            .map(|(header, value)| {
                let value = http::HeaderValue::from_str(value)
                    .map_err(|_| SignError::InvalidHeaderValue { header })?;
                Ok((http::HeaderName::from_static(header), value))
            })
            .collect::<Result<Vec<_>, SignError>>()?;
        for (name, mut value) in parsed {
            value.set_sensitive(name.as_str() == self.signature.0);
            headers.insert(name, value);
        }
        Ok(())
    }
}

impl fmt::Debug for SignedHeaders {
    /// Everything but the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.plain.iter().map(|(name, value)| (name, value)))
            .entry(&self.signature.0, &format_args!(".."))
            .finish()
    }
}
