//! The search for what was signed, and with what.

use hmac::Mac as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{SchemeName, body, finding::Finding, header::Claim, key, signed};

/// The most signatures that one explanation computes. For large bodies it is fewer: as many as take
/// 32 MiB, but at least 16.
pub const MAX_MACS: usize = 4000;

const MIN_MACS: usize = 16;
const MAX_HASHED: usize = 32 * 1024 * 1024;

/// The most faults at once that are looked for, apart from those of headers and clocks.
const MAX_FAULTS: usize = 2;

pub(super) struct Search<'a> {
    pub(super) claim: &'a Claim,
    /// The scheme whose signature it should be.
    pub(super) scheme: SchemeName,
    /// The scheme of the endpoint.
    pub(super) endpoint: SchemeName,
    pub(super) keys: Vec<key::Candidate>,
    pub(super) parts: signed::Parts<'a>,
    pub(super) body: &'a [u8],
}

/// The result of a search.
pub(super) struct Outcome {
    /// The faults that explain the signature; empty where it fits as it is. `None` where nothing fits.
    pub(super) findings: Option<Vec<Finding>>,
    /// The string that was signed, where something fits.
    pub(super) signed: Option<Vec<u8>>,
    /// The string that would be signed by the scheme's own rule.
    pub(super) expected: Option<Vec<u8>>,
    /// Whether each single fault was tried.
    pub(super) is_complete: bool,
    pub(super) macs: usize,
}

impl Search<'_> {
    /// The string that the scheme signs of this request.
    pub(super) fn expected(&self) -> Option<Vec<u8>> {
        let rules = signed::rules(self.scheme, self.endpoint, self.parts);
        let rule = rules.first().filter(|rule| rule.findings.is_empty())?;
        Some(rule.pieces(self.body).concat())
    }

    /// Fewer faults are tried before more, and likely ones before odd ones.
    pub(super) fn run(&self) -> Outcome {
        let bodies = body::candidates(self.body);
        let rules = signed::rules(self.scheme, self.endpoint, self.parts);
        let expected = rules.first().filter(|rule| rule.findings.is_empty());
        let mut outcome = Outcome {
            findings: None,
            signed: None,
            expected: expected.map(|rule| rule.pieces(self.body).concat()),
            is_complete: true,
            macs: 0,
        };
        if self.claim.signatures.is_empty() {
            return outcome;
        }
        let by_faults = |wanted: usize| {
            rules.iter().enumerate().filter(move |(_, rule)| rule.findings.len() == wanted)
        };
        let mut hashed = 0_usize;
        for faults in 0..=MAX_FAULTS {
            let mut tries = Vec::new();
            for of_rule in 0..=faults {
                for (r, rule) in by_faults(of_rule) {
                    for (k, key) in self.keys.iter().enumerate() {
                        let rest = faults.checked_sub(of_rule);
                        let rest = rest.and_then(|rest| rest.checked_sub(key.findings.len()));
                        let Some(rest) = rest else { continue };
                        for (b, body) in bodies.list.iter().enumerate() {
                            let is_idle = b > 0 && !rule.has_body;
                            if body.finding.iter().len() == rest && !is_idle {
                                let rank = k.saturating_add(r).saturating_add(b);
                                tries.push((rank, (key, rule, body)));
                            }
                        }
                    }
                }
            }
            tries.sort_by_key(|(rank, _)| *rank);
            for (_, (key, rule, body)) in tries {
                let pieces = rule.pieces(&body.bytes);
                let length = pieces.iter().map(|piece| piece.len()).fold(0, usize::saturating_add);
                hashed = hashed.saturating_add(length);
                let is_spent = hashed > MAX_HASHED && outcome.macs >= MIN_MACS;
                if is_spent || outcome.macs >= MAX_MACS {
                    outcome.is_complete =
                        bodies.is_complete && self.parts.is_short() && faults == MAX_FAULTS;
                    return outcome;
                }
                outcome.macs = outcome.macs.saturating_add(1);
                if self.fits(key, rule, &pieces) {
                    let findings = rule.findings.iter().chain(&key.findings).chain(&body.finding);
                    outcome.findings = Some(findings.cloned().collect());
                    outcome.signed = Some(pieces.concat());
                    return outcome;
                }
            }
        }
        outcome.is_complete = bodies.is_complete && self.parts.is_short();
        outcome
    }

    fn fits(&self, key: &key::Candidate, rule: &signed::Rule, pieces: &[&[u8]]) -> bool {
        let computed: [u8; 32] = if rule.is_old {
            let hash = pieces.iter().fold(Sha256::new(), Sha256::chain_update);
            hash.chain_update(&*key.raw).finalize().into()
        } else {
            let mut mac = key.mac.clone();
            for piece in pieces {
                mac.update(piece);
            }
            mac.finalize().into_bytes().into()
        };
        self.claim.signatures.iter().any(|sent| computed.ct_eq(sent).into())
    }
}
