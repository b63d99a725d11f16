//! Why a request is refused, said in words: for development and support.
//!
//! A verifier says `signature_mismatch` and no more, as it should. This module takes the same
//! request apart: it tries what commonly goes wrong on the way from a vendor to a handler, by
//! computing signatures anew, and reports what fits. So a [`Finding`] is a fact: with the white space
//! around the secret gone, this signature *is* that of this body.
//!
//! ```
//! use trusthooks::{Secret, Timestamp, trustlens};
//! use trusthooks_explain::{Explainer, Finding, Scheme};
//!
//! let now = Timestamp::from_unix(1_780_000_000);
//! let body = br#"{"event":"test"}"#;
//! let signed = trustlens::Signer::new(Secret::new("the endpoint's secret")?).sign_at(body, now);
//! let headers: Vec<_> = signed.iter().collect();
//!
//! // The secret was read from a file, with the line break at its end.
//! let explainer = Explainer::new(Scheme::TrustLens, "the endpoint's secret\n")?;
//! let report = explainer.explain(&headers, body, now);
//!
//! assert_eq!(report.verdict().unwrap_err().code(), "signature_mismatch");
//! assert_eq!(report.findings(), [Finding::SecretWhiteSpace { given: true }]);
//! assert!(report.recomputed());
//! println!("{report}");
//! # Ok::<(), trusthooks::SecretError>(())
//! ```
//!
//! Keep it off the path of requests: it needs the raw secrets, which a [`Secret`] does not keep, and
//! works harder on a request the less it fits. How hard is bounded, see [`MAX_MACS`]. A report shows
//! no secret, no MAC and no value of a body; which of its findings holds is nothing to tell a
//! stranger all the same, so log it and answer the verdict's status.

use std::{collections::BTreeMap, fmt, time::Duration};

use ::base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use trusthooks::{
    Headers, Receipt, ReplayWindow, Secret, SecretError, Secrets, Timestamp, Verify, VerifyError,
    trustlens,
    trustoo::{open_api, shop, system},
};

use crate::header::Claim;

mod body;
pub mod capture;
mod finding;
mod header;
mod json;
mod key;
mod report;
mod scheme;
mod search;

pub use finding::{Finding, Rewrite};
pub use report::{Colored, Report};
pub use scheme::{Scheme, SchemeError};
pub use search::MAX_MACS;

/// Explains refusals at one endpoint.
///
/// It has the secrets as bytes, and wipes them on drop. See the [module](self) for an example.
pub struct Explainer {
    scheme: Scheme,
    current: Zeroizing<Vec<u8>>,
    previous: Vec<Zeroizing<Vec<u8>>>,
    public_token: Option<String>,
    query: String,
    window: Option<ReplayWindow>,
}

impl Explainer {
    /// For an endpoint that takes requests of `scheme` under `secret`.
    ///
    /// # Errors
    /// [`SecretError::Empty`] for an empty secret.
    pub fn new(scheme: Scheme, secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
        let current = Zeroizing::new(secret.as_ref().to_vec());
        if current.is_empty() {
            return Err(SecretError::Empty);
        }
        Ok(Self {
            scheme,
            current,
            previous: Vec::new(),
            public_token: None,
            query: String::new(),
            window: None,
        })
    }

    /// Tries `secret` too, one that was in use before the current one. The verdict takes the current
    /// one alone.
    #[must_use]
    pub fn previous(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.previous.push(Zeroizing::new(secret.as_ref().to_vec()));
        self
    }

    /// Takes requests of the shop with this public token only, as a verifier with a store does.
    #[must_use]
    pub fn public_token(mut self, token: impl Into<String>) -> Self {
        self.public_token = Some(token.into());
        self
    }

    /// The query of the request's URL, which Open API requests sign. (Shop webhooks are taken to
    /// sign none: an endpoint that counts its query in, by `shop::Verifier::with_query`, is not
    /// known here.)
    #[must_use]
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// Takes another window than the scheme's verifier has by default.
    #[must_use]
    pub fn with_window(mut self, window: ReplayWindow) -> Self {
        self.window = Some(window);
        self
    }

    /// The verdict on a request at a given time, and, where it is a refusal, what explains it.
    ///
    /// `body` is what the receiver verified, be it rightly or not.
    #[must_use]
    pub fn explain<H>(&self, headers: &H, body: &[u8], now: Timestamp) -> Report
    where
        H: Headers + ?Sized,
    {
        let verdict = self.verdict(headers, body, now);
        let mut report = Report::new(self.scheme, verdict);
        if verdict.is_err() {
            self.find(&mut report, headers, body, now);
        }
        report
    }

    /// What the strict verifier says.
    fn verdict<H>(&self, headers: &H, body: &[u8], now: Timestamp) -> Result<Receipt, VerifyError>
    where
        H: Headers + ?Sized,
    {
        fn receipt<V, H>(
            verifier: &V,
            headers: &H,
            body: &[u8],
            now: Timestamp,
        ) -> Result<Receipt, VerifyError>
        where
            V: Verify,
            H: Headers + ?Sized,
        {
            Ok(*verifier.verify_at(headers, body, now)?.receipt())
        }

        let Ok(secret) = Secret::new(&*self.current) else {
            return Err(VerifyError::SignatureMismatch);
        };
        let window = self.window(self.scheme);
        let store = |secret| {
            let entry = |token: &String| (token.to_owned(), Secrets::from(secret));
            self.public_token.as_ref().map(entry).map(|entry| BTreeMap::from([entry]))
        };
        match self.scheme {
            Scheme::TrustLens => {
                let verifier = trustlens::Verifier::new(secret).with_window(window);
                receipt(&verifier, headers, body, now)
            }
            Scheme::TrustLensV1 => {
                receipt(&trustlens::v1::Verifier::new(secret), headers, body, now)
            }
            Scheme::TrustooShop => {
                let verifier = match store(secret.clone()) {
                    Some(store) => shop::Verifier::with_store(store),
                    None => shop::Verifier::new(secret),
                };
                receipt(&verifier.with_window(window), headers, body, now)
            }
            Scheme::TrustooSystem => receipt(&system::Verifier::new(secret), headers, body, now),
            Scheme::TrustooOpenApi => {
                let verifier = match store(secret.clone()) {
                    Some(store) => open_api::Verifier::with_store(store),
                    None => open_api::Verifier::new(secret),
                };
                verifier.with_window(window).verify_at(headers, &self.query, Some(body), now)
            }
        }
    }

    fn window(&self, scheme: Scheme) -> ReplayWindow {
        self.window.unwrap_or(scheme.window())
    }

    /// Headers first, then the clock, then what a search for the signature finds: the order of the
    /// verdicts. Another scheme comes before all of that.
    fn find<H>(&self, report: &mut Report, headers: &H, body: &[u8], now: Timestamp)
    where
        H: Headers + ?Sized,
    {
        let worn = self.worn(headers);
        let names = worn.names();
        let mut claim = Claim::read(headers, &names);
        if let (Some(name), Some(token)) = (names.public_token, &self.public_token) {
            claim.check_public_token(name, token, headers);
        }
        for name in Scheme::ALL.into_iter().filter_map(|scheme| scheme.names().timestamp) {
            claim.borrow_times(name, headers);
        }
        if matches!(report.verdict(), Err(VerifyError::ReservedParameter)) {
            report.findings.push(Finding::ReservedParameter);
        }
        report.findings.append(&mut claim.findings);
        if names.timestamp.is_some() {
            let skew = claim.signed_at().and_then(|at| clock(at, now, self.window(worn)));
            report.findings.extend(skew);
        }

        let found = search::Search {
            claim: &claim,
            scheme: worn,
            endpoint: self.scheme,
            keys: key::candidates(&self.current, &self.previous),
            query: &self.query,
            body,
        }
        .run(&mut report.macs);

        let mut other = (worn != self.scheme).then_some(worn);
        match found {
            Some(mut findings) => {
                report.recomputed = true;
                if let Some(Finding::OtherScheme { scheme, .. }) = findings.first() {
                    other = Some(*scheme);
                    findings.remove(0);
                }
                report.findings.append(&mut findings);
            }
            None if claim.signatures.is_empty() || other.is_some() => {}
            None if names.timestamp.is_some() && claim.times.is_empty() => {}
            None => report.findings.push(unfit(worn, headers, body)),
        }
        if let Some(scheme) = other {
            // What either scheme's headers lack needs no saying.
            let lacks = |finding: &Finding| matches!(finding, Finding::HeaderMissing { .. });
            report.findings.retain(|finding| !lacks(finding));
            let finding = if scheme == self.scheme {
                let header = self.scheme.names().signature.own;
                Finding::HeaderRenamed { header, found: names.signature.own }
            } else {
                Finding::OtherScheme { scheme, fits: report.recomputed }
            };
            report.findings.insert(0, finding);
        }
    }

    /// The scheme whose headers the request has: the endpoint's own, unless it lacks that signature
    /// and has another's.
    fn worn<H: Headers + ?Sized>(&self, headers: &H) -> Scheme {
        if self.scheme.names().signature.find(headers).is_some() {
            return self.scheme;
        }
        Scheme::ALL
            .into_iter()
            .find(|scheme| scheme.names().signature.is_in(headers))
            .unwrap_or(self.scheme)
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer")
            .field("scheme", &self.scheme)
            .field("previous", &self.previous.len())
            .field("window", &self.window(self.scheme))
            .finish_non_exhaustive()
    }
}

/// How the clocks differ, where they differ by more than the window allows.
fn clock(signed_at: Timestamp, now: Timestamp, window: ReplayWindow) -> Option<Finding> {
    /// What lies between two zones, apart from whole hours.
    const ODD_ZONES: [u64; 9] = [210, 270, 330, 345, 390, 525, 570, 630, 765];
    /// How far from a zone's difference the clocks may be.
    const TOLERANCE: u64 = 60;
    const HOUR: u64 = 60 * 60;

    window.check(signed_at, now).err()?;
    let gap = now.as_unix().abs_diff(signed_at.as_unix());
    let zones = (1..=14).map(|hours: u64| hours.saturating_mul(60)).chain(ODD_ZONES);
    let zone =
        zones.into_iter().find(|minutes| gap.abs_diff(minutes.saturating_mul(60)) <= TOLERANCE);

    let ahead = signed_at > now;
    let signed = |size: u64| {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        if ahead { size.saturating_neg() } else { size }
    };
    Some(match zone {
        Some(minutes) => Finding::TimeZone { minutes: signed(minutes) },
        None if ahead || gap <= HOUR => Finding::ClockDrift { seconds: signed(gap) },
        None => Finding::Stale { age: Duration::from_secs(gap) },
    })
}

/// What can be said where no signature fits.
fn unfit<H: Headers + ?Sized>(scheme: Scheme, headers: &H, body: &[u8]) -> Finding {
    let value =
        |name| headers.values(name).next().and_then(|value| std::str::from_utf8(value).ok());
    let received = body.len() as u64;
    let announced = value("content-length").and_then(|length| length.trim().parse::<u64>().ok());
    let encoding = value("content-encoding").map(str::trim).unwrap_or_default();
    let is_encoded =
        ["gzip", "br", "deflate", "zstd"].iter().any(|name| encoding.eq_ignore_ascii_case(name));
    let is_text = body.first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    match announced {
        // An Open API request may have none.
        _ if body.is_empty() && scheme != Scheme::TrustooOpenApi => Finding::BodyEmpty,
        _ if is_encoded && is_text => Finding::BodyDecompressed,
        Some(announced) if announced != received => Finding::BodyLength { announced, received },
        _ => Finding::NothingFits,
    }
}

/// Reads base64 of either alphabet, padded or not.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok().filter(|bytes| !bytes.is_empty())
}
