//! The keys that may have been used, given the secrets that are known.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{base64, finding::Finding};

/// A key, and what is wrong with the given secrets if it is the one that was used.
pub(super) struct Candidate {
    pub(super) mac: Hmac<Sha256>,
    /// For Trustoo's old algorithm, which is no HMAC.
    pub(super) raw: Zeroizing<Vec<u8>>,
    pub(super) findings: Vec<Finding>,
}

/// The current secret, then what may be meant by it, then the previous ones.
pub(super) fn candidates(current: &[u8], previous: &[Zeroizing<Vec<u8>>]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    readings(current, &[], &mut candidates);
    for (index, secret) in previous.iter().enumerate() {
        readings(secret, &[Finding::PreviousSecret { index }], &mut candidates);
    }
    candidates
}

/// One secret as it is, and in every way that it may have been meant.
fn readings(secret: &[u8], known: &[Finding], candidates: &mut Vec<Candidate>) {
    let mut push = |raw: Vec<u8>, finding: Option<Finding>| {
        let raw = Zeroizing::new(raw);
        if let Ok(mac) = Hmac::new_from_slice(&raw)
            && !raw.is_empty()
        {
            let findings = known.iter().cloned().chain(finding).collect();
            candidates.push(Candidate { mac, raw, findings });
        }
    };
    push(secret.to_vec(), None);

    let trimmed = trim(secret);
    if trimmed.len() < secret.len() {
        push(trimmed.to_vec(), Some(Finding::SecretWhiteSpace { given: true }));
    }
    if let Some(unquoted) = unquote(trimmed) {
        push(unquoted.to_vec(), Some(Finding::SecretQuoted { given: true }));
    }
    if let Ok(decoded) = hex::decode(trimmed) {
        push(decoded, Some(Finding::SecretHex { given_as_text: true }));
    }
    if let Some(decoded) = base64(trimmed) {
        push(decoded, Some(Finding::SecretBase64 { given_as_text: true }));
    }
    push(hex::encode(secret).into_bytes(), Some(Finding::SecretHex { given_as_text: false }));
    push(
        BASE64_STANDARD.encode(secret).into_bytes(),
        Some(Finding::SecretBase64 { given_as_text: false }),
    );
    for line_break in ["\n", "\r\n"] {
        let longer = [secret, line_break.as_bytes()].concat();
        push(longer, Some(Finding::SecretWhiteSpace { given: false }));
    }
    for mark in ["\"", "'"] {
        let quoted = [mark.as_bytes(), secret, mark.as_bytes()].concat();
        push(quoted, Some(Finding::SecretQuoted { given: false }));
    }
}

/// Without white space at either end, be it the bytes themselves or spelled `\n`, as some readers
/// of .env files leave it.
fn trim(secret: &[u8]) -> &[u8] {
    let mut trimmed = secret.trim_ascii();
    while let Some(shorter) = trimmed.strip_suffix(br"\n").or_else(|| trimmed.strip_suffix(br"\r"))
    {
        trimmed = shorter.trim_ascii();
    }
    trimmed
}

/// Without a pair of quotation marks.
fn unquote(secret: &[u8]) -> Option<&[u8]> {
    [b"\"", b"'", b"`"]
        .into_iter()
        .find_map(|mark| secret.strip_prefix(mark)?.strip_suffix(mark))
        .map(trim)
}
