//! Why a webhook of TrustLens or Trustoo is refused, said in words: for development and support.
//!
//! [`Explainer`] judges a request as the scheme's verifier does and, where that refuses it, tries
//! what commonly goes wrong on the way from a vendor to a handler, by recomputing signatures. A
//! [`Finding`] is a fact: with the white space around the secret gone, this signature *is* that of
//! this body. [`capture`] reads requests as people have them.
//!
//! ```
//! use trusthooks::{Secret, Timestamp, trustlens};
//! use trusthooks_explain::{Explainer, Finding, SchemeName};
//!
//! let now = Timestamp::from_unix(1_780_000_000);
//! let body = br#"{"event":"test"}"#;
//! let signed = trustlens::Signer::new(Secret::new("the endpoint's secret")?).sign_at(body, now);
//! let headers: Vec<_> = signed.iter().collect();
//!
//! // The secret was read from a file, with the line break at its end.
//! let explainer = Explainer::new(SchemeName::TrustLens, "the endpoint's secret\n")?;
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
//! works harder on a request the less it fits, up to [`MAX_MACS`]. A report shows no secret, no MAC
//! and no value of a body; all the same, log it and answer the verdict's status, since a stranger
//! could learn from it.
// No input may cause a panic.
#![warn(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use std::{collections::BTreeMap, fmt, time::Duration};

use ::base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use trusthooks::{
    Headers, Receipt, ReplayWindow, Secret, SecretError, Secrets, Timestamp, Verify, VerifyError,
    trustlens,
    trustoo::{
        open_api::{self, Authentication},
        shop, system,
    },
};
use zeroize::Zeroizing;

use crate::{capture::Capture, header::Claim, search::Search};

mod body;
pub mod capture;
mod convert;
mod finding;
mod header;
mod json;
mod key;
mod report;
mod scheme;
mod search;
mod signed;

pub use finding::{Encoding, Finding, Rewrite, Variation};
pub use report::{Colored, Refusal, Report, Strings};
pub use scheme::{SchemeError, SchemeName};
pub use search::MAX_MACS;

/// The code in the documentation compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/explain.md")]
struct Documents;

/// Explains refusals at one endpoint.
///
/// It has the secrets as bytes, and wipes them on drop. See the [crate](self) for an example.
pub struct Explainer {
    scheme: SchemeName,
    current: Zeroizing<Vec<u8>>,
    previous: Vec<Zeroizing<Vec<u8>>>,
    public_token: Option<String>,
    query: String,
    window: Option<ReplayWindow>,
}

/// The parts of a request that count besides its headers.
#[derive(Clone, Copy)]
struct Request<'a> {
    method: Option<&'a str>,
    path: &'a str,
    query: &'a str,
    body: &'a [u8],
    is_exact: bool,
}

impl Request<'_> {
    /// Whether the body of an Open API request is signed. Where nobody said the method, a request
    /// with a body is a POST.
    fn is_post(&self) -> bool {
        self.method.map_or(!self.body.is_empty(), |method| method == "POST")
    }
}

impl Explainer {
    /// For an endpoint that takes requests of `scheme` under `secret`.
    ///
    /// # Errors
    /// [`SecretError::Empty`] for an empty secret.
    pub fn new(scheme: SchemeName, secret: impl AsRef<[u8]>) -> Result<Self, SecretError> {
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

    /// The query of the request's URL, which Open API requests sign. A [`Capture`] has its own.
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
    /// `body` is what the receiver verified, rightly or not.
    #[must_use]
    pub fn explain<H>(&self, headers: &H, body: &[u8], now: Timestamp) -> Report
    where
        H: Headers + ?Sized,
    {
        let request = Request { method: None, path: "", query: &self.query, body, is_exact: true };
        self.judge(headers, request, now)
    }

    /// The same for a captured request. An Open API request is judged by its method and its
    /// `Authorization` too, as the server does.
    #[must_use]
    pub fn explain_capture(&self, capture: &Capture, now: Timestamp) -> Report {
        let request = Request {
            method: capture.method.as_deref(),
            path: capture.path(),
            query: capture.query(),
            body: &capture.body,
            is_exact: capture.is_exact,
        };
        self.judge(&capture.headers, request, now)
    }

    fn judge<H>(&self, headers: &H, request: Request<'_>, now: Timestamp) -> Report
    where
        H: Headers + ?Sized,
    {
        let verdict = self.verdict(headers, request, now);
        let mut report = Report::new(self.scheme, verdict);
        self.find(&mut report, headers, request, now);
        report
    }

    /// The verdict of the strict verifier.
    fn verdict<H>(
        &self,
        headers: &H,
        request: Request<'_>,
        now: Timestamp,
    ) -> Result<Receipt, Refusal>
    where
        H: Headers + ?Sized,
    {
        fn receipt<V, H>(
            verifier: &V,
            headers: &H,
            body: &[u8],
            now: Timestamp,
        ) -> Result<Receipt, Refusal>
        where
            V: Verify,
            H: Headers + ?Sized,
        {
            Ok(*verifier.verify_at(headers, body, now)?.receipt())
        }

        let Ok(secret) = Secret::new(&*self.current) else {
            return Err(VerifyError::SignatureMismatch.into());
        };
        let Request { query, body, .. } = request;
        let window = self.window(self.scheme);
        let store = |secret| {
            let entry = |token: &String| (token.to_owned(), Secrets::from(secret));
            self.public_token.as_ref().map(entry).map(|entry| BTreeMap::from([entry]))
        };
        match self.scheme {
            SchemeName::TrustLens => {
                let verifier = trustlens::Verifier::new(secret).with_window(window);
                receipt(&verifier, headers, body, now)
            }
            SchemeName::TrustLensV1 => {
                receipt(&trustlens::v1::Verifier::new(secret), headers, body, now)
            }
            SchemeName::TrustooShop => {
                let verifier = match store(secret.clone()) {
                    Some(store) => shop::Verifier::with_store(store),
                    None => shop::Verifier::new(secret),
                };
                receipt(&verifier.with_window(window), headers, body, now)
            }
            SchemeName::TrustooSystem => {
                receipt(&system::Verifier::new(secret), headers, body, now)
            }
            SchemeName::TrustooOpenApi => {
                if Authentication::of(headers) == Authentication::Bearer {
                    return Err(Refusal::BearerToken);
                }
                let verifier = match store(secret.clone()) {
                    Some(store) => open_api::Verifier::with_store(store),
                    None => open_api::Verifier::new(secret),
                };
                let body = request.is_post().then_some(body);
                Ok(verifier.with_window(window).verify_at(headers, query, body, now)?)
            }
        }
    }

    fn window(&self, scheme: SchemeName) -> ReplayWindow {
        self.window.unwrap_or(scheme.window())
    }

    /// Headers first, then the clock, then what a search for the signature finds: the order of the
    /// verdicts. Another scheme comes before all of that.
    fn find<H>(&self, report: &mut Report, headers: &H, request: Request<'_>, now: Timestamp)
    where
        H: Headers + ?Sized,
    {
        let worn = self.worn(headers);
        let names = worn.names();
        let mut claim = Claim::read(headers, &names);
        if let (Some(name), Some(token)) = (names.public_token, &self.public_token) {
            claim.check_public_token(name, token, headers);
        }
        for name in SchemeName::ALL.into_iter().filter_map(|scheme| scheme.names().timestamp) {
            claim.borrow_times(name, headers);
        }
        let host = headers.values("host").next().and_then(|host| str::from_utf8(host).ok());
        let search = Search {
            claim: &claim,
            scheme: worn,
            endpoint: self.scheme,
            keys: key::candidates(&self.current, &self.previous),
            parts: signed::Parts {
                times: &claim.times,
                query: request.query,
                path: request.path,
                host: host.unwrap_or_default(),
                is_post: request.is_post(),
            },
            body: request.body,
        };
        if report.verdict().is_ok() {
            report.strings = strings(search.expected(), None);
            return;
        }
        match report.verdict() {
            Err(Refusal::BearerToken) => report.findings.push(Finding::BearerToken),
            Err(Refusal::Verify(VerifyError::ReservedParameter)) => {
                report.findings.push(Finding::ReservedParameter);
            }
            _ => {}
        }
        report.findings.extend(claim.findings.iter().cloned());
        if names.timestamp.is_some() {
            let skew = claim.signed_at().and_then(|at| clock(at, now, self.window(worn)));
            report.findings.extend(skew);
        }

        let mut outcome = search.run();
        report.macs = outcome.macs;
        report.strings = strings(outcome.expected.take(), outcome.signed.take());
        let mut other = (worn != self.scheme).then_some(worn);
        let is_timeless = names.timestamp.is_some() && claim.signed_at().is_none();
        match outcome.findings.take() {
            Some(mut findings) => {
                report.recomputed = true;
                if let Some(Finding::OtherScheme { scheme, .. }) = findings.first() {
                    other = Some(*scheme);
                    findings.remove(0);
                }
                report.findings.append(&mut findings);
            }
            None if claim.signatures.is_empty() || other.is_some() => {}
            // The signed time is not known, so not everything was tried.
            None if is_timeless => {}
            None if matches!(report.verdict(), Err(Refusal::BearerToken)) => {}
            None => report.findings.push(unfit(worn, headers, request, &outcome)),
        }
        if let Some(scheme) = other {
            // Headers that either scheme lacks need no mention.
            let lacks = |finding: &Finding| matches!(finding, Finding::HeaderMissing { .. });
            report.findings.retain(|finding| !lacks(finding));
            let finding = if scheme == self.scheme {
                let header = self.scheme.names().signature;
                Finding::HeaderRenamed { header, found: names.signature }
            } else {
                Finding::OtherScheme { scheme, fits: report.recomputed }
            };
            report.findings.insert(0, finding);
        }
    }

    /// The scheme whose headers the request has: the endpoint's own, unless it lacks that signature
    /// and has another's.
    fn worn<H: Headers + ?Sized>(&self, headers: &H) -> SchemeName {
        if header::find(self.scheme.names().signature, headers).is_some() {
            return self.scheme;
        }
        SchemeName::ALL
            .into_iter()
            .find(|scheme| header::is_in(scheme.names().signature, headers))
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

/// Strings that are short enough to keep.
fn strings(expected: Option<Vec<u8>>, signed: Option<Vec<u8>>) -> Option<Strings> {
    const MAX_KEPT: usize = 1024 * 1024 + 4096;
    let expected = expected.filter(|text| text.len() <= MAX_KEPT)?;
    Some(Strings { expected, signed: signed.filter(|text| text.len() <= MAX_KEPT) })
}

/// The difference of the clocks, where it is more than the window allows.
fn clock(signed_at: Timestamp, now: Timestamp, window: ReplayWindow) -> Option<Finding> {
    /// Differences between zones that are no whole hours, in minutes.
    const ODD_ZONES: [u64; 9] = [210, 270, 330, 345, 390, 525, 570, 630, 765];
    /// The tolerance around a zone's difference, in seconds.
    const TOLERANCE: u64 = 60;

    window.check(signed_at, now).err()?;
    let gap = now.as_unix().abs_diff(signed_at.as_unix());
    let zones = (1..=14).map(|hours: u64| hours.saturating_mul(60)).chain(ODD_ZONES);
    let zone =
        zones.into_iter().find(|minutes| gap.abs_diff(minutes.saturating_mul(60)) <= TOLERANCE);
    let is_ahead = signed_at > now;
    Some(match zone {
        Some(minutes) => {
            let minutes = i64::try_from(minutes).unwrap_or(i64::MAX);
            let minutes = if is_ahead { minutes.saturating_neg() } else { minutes };
            Finding::WholeHours { minutes }
        }
        None if is_ahead => Finding::Early { ahead: Duration::from_secs(gap) },
        None => Finding::Late { age: Duration::from_secs(gap) },
    })
}

/// The finding where no signature fits.
fn unfit<H: Headers + ?Sized>(
    scheme: SchemeName,
    headers: &H,
    request: Request<'_>,
    outcome: &search::Outcome,
) -> Finding {
    let body = request.body;
    let value = |name| headers.values(name).next().and_then(|value| str::from_utf8(value).ok());
    let received = body.len() as u64;
    let announced = value("content-length").and_then(|length| length.trim().parse::<u64>().ok());
    let encoding = value("content-encoding").map(str::trim).unwrap_or_default();
    let is_encoded =
        ["gzip", "br", "deflate", "zstd"].iter().any(|name| encoding.eq_ignore_ascii_case(name));
    let is_text = body.first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    match announced {
        // An Open API request may have none.
        _ if body.is_empty() && scheme != SchemeName::TrustooOpenApi => Finding::BodyEmpty,
        _ if !request.is_exact => Finding::BodyParsed,
        _ if body.windows(3).any(|bytes| bytes == b"\xef\xbf\xbd") => Finding::BodyReplaced,
        _ if is_encoded && is_text => Finding::BodyDecompressed,
        Some(announced) if announced != received => Finding::BodyLength { announced, received },
        _ if outcome.is_complete => Finding::NothingFits,
        _ => Finding::SearchEnded { macs: outcome.macs },
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
