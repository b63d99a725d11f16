//! The keys that may have been used, given the secrets that are known.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    base64, convert,
    convert::{BYTE_ORDER_MARK, Charset},
    finding::Finding,
};

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
    let first = candidates.len();
    let mut push = |raw: Vec<u8>, finding: Option<Finding>| {
        let raw = Zeroizing::new(raw);
        let is_new = candidates.iter().skip(first).all(|known| known.raw != raw);
        if is_new
            && !raw.is_empty()
            && let Ok(mac) = Hmac::new_from_slice(&raw)
        {
            let findings = known.iter().cloned().chain(finding).collect();
            candidates.push(Candidate { mac, raw, findings });
        }
    };
    push(secret.to_vec(), None);

    let trimmed = trim(secret);
    push(trimmed.to_vec(), Some(Finding::SecretWhiteSpace { given: true }));
    if let Some(unmarked) = secret.strip_prefix(BYTE_ORDER_MARK) {
        push(unmarked.to_vec(), Some(Finding::SecretByteOrderMark { given: true }));
        push(trim(unmarked).to_vec(), Some(Finding::SecretByteOrderMark { given: true }));
    }
    // What is not shown: no-break spaces and the like, anywhere.
    let visible = str::from_utf8(secret).unwrap_or_default();
    let visible: String = visible.chars().filter(|char| !is_invisible(*char)).collect();
    push(visible.into_bytes(), Some(Finding::SecretWhiteSpace { given: true }));
    if let Some(unquoted) = unquote(trimmed) {
        push(unquoted.to_vec(), Some(Finding::SecretQuoted { given: true }));
    }
    for bare in [secret, trimmed] {
        if let Some(plain) = convert::without_entities(bare) {
            if let Some(twice) = convert::without_entities(&plain) {
                push(twice, Some(Finding::SecretEntities { given: true }));
            }
            push(plain, Some(Finding::SecretEntities { given: true }));
        }
        if let Some(plain) = convert::without_slashes(bare) {
            push(plain, Some(Finding::SecretSlashes { given: true }));
        }
        for plain in convert::url_decoded(bare) {
            push(plain, Some(Finding::SecretUrlEncoded { given: true }));
        }
    }
    if let Some(value) = assigned(trimmed) {
        push(value.to_vec(), Some(Finding::SecretAssignment));
        push(unquote(value).unwrap_or(value).to_vec(), Some(Finding::SecretAssignment));
    }
    match trimmed.strip_prefix(PREFIX) {
        Some(bare) => push(bare.to_vec(), Some(Finding::SecretPrefix { given: true })),
        None => {
            let prefixed = [PREFIX, trimmed].concat();
            push(prefixed, Some(Finding::SecretPrefix { given: false }));
        }
    }
    if let Some(plain) = convert::without_escapes(trimmed) {
        push(plain, Some(Finding::SecretEscapes { given: true }));
    }
    match str::from_utf8(secret) {
        Ok(text) if !text.is_ascii() => {
            for escaped in convert::json_strings(text) {
                let bare = escaped.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                let bare = bare.unwrap_or_default().as_bytes().to_vec();
                push(bare, Some(Finding::SecretEscapes { given: false }));
            }
            for charset in Charset::ALL {
                if let Some(encoded) = charset.encode(text) {
                    push(encoded, Some(Finding::SecretCharset { given: false }));
                }
            }
        }
        Ok(_) => {}
        Err(_) => {
            for charset in Charset::ALL {
                push(charset.to_utf8(secret), Some(Finding::SecretCharset { given: true }));
            }
        }
    }
    if let Some(plain) = convert::from_utf16(secret) {
        push(plain, Some(Finding::SecretCharset { given: true }));
    }
    if let Ok(decoded) = hex::decode(trimmed) {
        push(decoded, Some(Finding::SecretHex { given_as_text: true }));
    }
    if let Some(decoded) = base64(trimmed) {
        push(decoded, Some(Finding::SecretBase64 { given_as_text: true }));
    }
    for escaped in convert::with_entities(secret) {
        push(escaped, Some(Finding::SecretEntities { given: false }));
    }
    for slashed in convert::with_slashes(secret) {
        push(slashed, Some(Finding::SecretSlashes { given: false }));
    }
    for encoded in convert::url_encoded(secret) {
        push(encoded, Some(Finding::SecretUrlEncoded { given: false }));
    }
    push(hex::encode(secret).into_bytes(), Some(Finding::SecretHex { given_as_text: false }));
    push(
        BASE64_STANDARD.encode(secret).into_bytes(),
        Some(Finding::SecretBase64 { given_as_text: false }),
    );
    for blank in ["\n", "\r\n", " ", "\t", "\u{a0}", "\\n"] {
        let longer = [secret, blank.as_bytes()].concat();
        push(longer, Some(Finding::SecretWhiteSpace { given: false }));
    }
    for blank in [" ", "\u{a0}"] {
        let longer = [blank.as_bytes(), secret].concat();
        push(
            [&*longer, blank.as_bytes()].concat(),
            Some(Finding::SecretWhiteSpace { given: false }),
        );
        push(longer, Some(Finding::SecretWhiteSpace { given: false }));
    }
    let marked = [BYTE_ORDER_MARK, secret].concat();
    push(marked, Some(Finding::SecretByteOrderMark { given: false }));
    for mark in ["\"", "'"] {
        let quoted = [mark.as_bytes(), secret, mark.as_bytes()].concat();
        push(quoted, Some(Finding::SecretQuoted { given: false }));
    }
}

/// Stands before some secrets. Where it does, it belongs to them.
const PREFIX: &[u8] = b"whsec_";

/// The value of a whole line of an .env file or a shell script.
fn assigned(secret: &[u8]) -> Option<&[u8]> {
    let line = secret.strip_prefix(b"export ").unwrap_or(secret);
    let (name, value) = line.split_at_checked(line.iter().position(|byte| *byte == b'=')?)?;
    let name = name.trim_ascii();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_a_name =
        name.iter().all(is_name) && name.first().is_some_and(|first| !first.is_ascii_digit());
    is_a_name.then(|| trim(value.get(1..).unwrap_or_default()))
}

/// Whether nothing is seen of a character: white space, also within a secret.
fn is_invisible(char: char) -> bool {
    char.is_whitespace()
        || char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Without white space at either end, as bytes or spelled `\n`, as some readers
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
