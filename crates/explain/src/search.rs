//! The search for what was signed, and with what.

use hmac::Mac as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use trusthooks::{Timestamp, trustoo::open_api::CanonicalString};

use crate::{Scheme, body, finding::Finding, header::Claim, key};

/// The most signatures that one explanation computes, whatever the request. For large bodies it is
/// fewer: as many as take 32 MiB, but at least 16.
pub const MAX_MACS: usize = 400;

const MIN_MACS: usize = 16;
const MAX_HASHED: usize = 32 * 1024 * 1024;

/// How many faults at once are looked for, apart from those of headers and clocks.
const MAX_FAULTS: usize = 2;

/// What is signed around a body, and how.
enum Rule {
    Mac {
        before: Vec<u8>,
        separator: &'static [u8],
    },
    /// SHA-256 over these parameters and the private token.
    OldAlgorithm(CanonicalString),
}

pub(super) struct Search<'a> {
    pub(super) claim: &'a Claim,
    /// The scheme whose signature it should be.
    pub(super) scheme: Scheme,
    /// The scheme of the endpoint.
    pub(super) endpoint: Scheme,
    pub(super) keys: Vec<key::Candidate>,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

impl Search<'_> {
    /// What explains the signature: nothing, where it fits as it is. `None` where nothing fits.
    /// Counts the signatures that it computes in `macs`.
    ///
    /// Fewer faults are tried before more, and likely ones before odd ones.
    pub(super) fn run(&self, macs: &mut usize) -> Option<Vec<Finding>> {
        if self.claim.signatures.is_empty() {
            return None;
        }
        let bodies = body::candidates(self.body);
        let rules = self.rules();
        let mut tries = Vec::new();
        for (k, key) in self.keys.iter().enumerate() {
            for (r, (rule, other)) in rules.iter().enumerate() {
                for (b, body) in bodies.iter().enumerate() {
                    let faults = [other.iter().len(), body.finding.iter().len()];
                    let faults = faults.into_iter().fold(key.findings.len(), usize::saturating_add);
                    let bodiless = matches!(rule, Rule::OldAlgorithm(_)) && b > 0;
                    if faults <= MAX_FAULTS && !bodiless {
                        let rank = k.saturating_add(r).saturating_add(b);
                        tries.push((faults, rank, (key, rule, other, body)));
                    }
                }
            }
        }
        tries.sort_by_key(|(faults, rank, _)| (*faults, *rank));

        let longest = bodies.iter().map(|body| body.bytes.len()).max().unwrap_or(0).max(1);
        let allowed = (MAX_HASHED.checked_div(longest).unwrap_or(0)).clamp(MIN_MACS, MAX_MACS);
        tries.into_iter().take(allowed).find_map(|(_, _, (key, rule, other, body))| {
            *macs = macs.saturating_add(1);
            self.fits(key, rule, &body.bytes).then(|| {
                let rule = other.iter().cloned();
                rule.chain(key.findings.iter().cloned()).chain(body.finding.clone()).collect()
            })
        })
    }

    /// The scheme's own rule for each time that may have been signed, then those of the others.
    fn rules(&self) -> Vec<(Rule, Option<Finding>)> {
        let mut rules: Vec<_> =
            self.preambles(self.scheme).into_iter().map(|rule| (rule, None)).collect();
        // TrustLens v1 and Trustoo's system webhooks sign the same, so the vendor's own come first.
        let mut others = Scheme::ALL;
        others.sort_by_key(|other| {
            (*other != self.endpoint, other.is_trustoo() != self.scheme.is_trustoo())
        });
        for scheme in others.into_iter().filter(|other| *other != self.scheme) {
            let other = Finding::OtherScheme { scheme, fits: true };
            let preambles = self.preambles(scheme).into_iter();
            rules.extend(preambles.map(|rule| (rule, Some(other.clone()))));
        }
        for time in &self.claim.times {
            if let Ok(parameters) = CanonicalString::new(self.query, None, *time) {
                rules.push((Rule::OldAlgorithm(parameters), Some(Finding::OldAlgorithm)));
            }
        }
        rules
    }

    /// What a scheme signs ahead of a body, for each time that may have been signed.
    fn preambles(&self, scheme: Scheme) -> Vec<Rule> {
        // A query that cannot be signed counts as none.
        let canonical = |query: &str, time: &Timestamp| {
            let string = CanonicalString::new(query, None, *time);
            string.map_or_else(
                |_| format!("timestamp={time}").into_bytes(),
                |string| string.as_bytes().to_vec(),
            )
        };
        let timed = |time: &Timestamp| match scheme {
            // The separator is part of what is signed even where the body is empty.
            Scheme::TrustLens => {
                Some(Rule::Mac { before: format!("{time}.").into_bytes(), separator: b"" })
            }
            Scheme::TrustooShop => Some(Rule::Mac { before: canonical("", time), separator: b"|" }),
            Scheme::TrustooOpenApi => {
                Some(Rule::Mac { before: canonical(self.query, time), separator: b"|" })
            }
            Scheme::TrustLensV1 | Scheme::TrustooSystem => None,
        };
        let timeless = matches!(scheme, Scheme::TrustLensV1 | Scheme::TrustooSystem);
        let timeless = timeless.then_some(Rule::Mac { before: Vec::new(), separator: b"" });
        self.claim.times.iter().filter_map(timed).chain(timeless).collect()
    }

    fn fits(&self, key: &key::Candidate, rule: &Rule, body: &[u8]) -> bool {
        let mut sent = self.claim.signatures.iter();
        match rule {
            Rule::Mac { before, separator } => {
                let mut mac = key.mac.clone();
                mac.update(before);
                if !body.is_empty() {
                    mac.update(separator);
                    mac.update(body);
                }
                let mac = mac.finalize().into_bytes();
                sent.any(|sent| mac.as_slice().ct_eq(sent).into())
            }
            Rule::OldAlgorithm(parameters) => {
                let hash = Sha256::new().chain_update(parameters.as_bytes());
                let hash: [u8; 32] = hash.chain_update(&*key.raw).finalize().into();
                sent.any(|sent| hash.ct_eq(sent).into())
            }
        }
    }
}
