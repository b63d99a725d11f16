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
    let mut readings = Readings { first: candidates.len(), known, candidates };
    readings.push(secret.to_vec(), None);
    mistaken_here(secret, &mut readings);
    mistaken_there(secret, &mut readings);
}

/// The candidates of one secret, each key once.
struct Readings<'a> {
    first: usize,
    known: &'a [Finding],
    candidates: &'a mut Vec<Candidate>,
}

impl Readings<'_> {
    fn push(&mut self, raw: Vec<u8>, finding: impl Into<Option<Finding>>) {
        let raw = Zeroizing::new(raw);
        let is_new = self.candidates.iter().skip(self.first).all(|known| known.raw != raw);
        if is_new
            && !raw.is_empty()
            && let Ok(mac) = Hmac::new_from_slice(&raw)
        {
            let findings = self.known.iter().cloned().chain(finding.into()).collect();
            self.candidates.push(Candidate { mac, raw, findings });
        }
    }
}

/// The given secret is not what the sender has; what it may have been made of.
fn mistaken_here(secret: &[u8], readings: &mut Readings<'_>) {
    let trimmed = trim(secret);
    readings.push(trimmed.to_vec(), Finding::SecretWhiteSpace { given: true });
    if let Some(unmarked) = secret.strip_prefix(BYTE_ORDER_MARK) {
        readings.push(unmarked.to_vec(), Finding::SecretByteOrderMark { given: true });
        readings.push(trim(unmarked).to_vec(), Finding::SecretByteOrderMark { given: true });
    }
    // No-break spaces and the like are not shown, wherever they stand.
    let visible = str::from_utf8(secret).unwrap_or_default();
    let visible: String = visible.chars().filter(|char| !is_invisible(*char)).collect();
    readings.push(visible.into_bytes(), Finding::SecretWhiteSpace { given: true });
    if let Some(unquoted) = unquote(trimmed) {
        readings.push(unquoted.to_vec(), Finding::SecretQuoted { given: true });
    }
    for bare in [secret, trimmed] {
        if let Some(plain) = convert::without_entities(bare) {
            if let Some(twice) = convert::without_entities(&plain) {
                readings.push(twice, Finding::SecretEntities { given: true });
            }
            readings.push(plain, Finding::SecretEntities { given: true });
        }
        if let Some(plain) = convert::without_slashes(bare) {
            readings.push(plain, Finding::SecretSlashes { given: true });
        }
        for plain in convert::url_decoded(bare) {
            readings.push(plain, Finding::SecretUrlEncoded { given: true });
        }
    }
    if let Some(value) = assigned(trimmed) {
        readings.push(value.to_vec(), Finding::SecretAssignment);
        let unquoted = unquote(value).unwrap_or(value);
        readings.push(unquoted.to_vec(), Finding::SecretAssignment);
    }
    if let Some(bare) = trimmed.strip_prefix(PREFIX) {
        readings.push(bare.to_vec(), Finding::SecretPrefix { given: true });
    }
    if let Some(plain) = convert::without_escapes(trimmed) {
        readings.push(plain, Finding::SecretEscapes { given: true });
    }
    if let Some(plain) = convert::from_utf16(secret) {
        readings.push(plain, Finding::SecretCharset { given: true });
    }
    if str::from_utf8(secret).is_err() {
        for charset in Charset::ALL {
            readings.push(charset.to_utf8(secret), Finding::SecretCharset { given: true });
        }
    }
    // The text was decoded on this side.
    readings.push(hex::encode(secret).into_bytes(), Finding::SecretHex { given_as_text: false });
    let base64 = BASE64_STANDARD.encode(secret).into_bytes();
    readings.push(base64, Finding::SecretBase64 { given_as_text: false });
}

/// The sender has made something else of the secret that was given.
fn mistaken_there(secret: &[u8], readings: &mut Readings<'_>) {
    let trimmed = trim(secret);
    if let Ok(decoded) = hex::decode(trimmed) {
        readings.push(decoded, Finding::SecretHex { given_as_text: true });
    }
    if let Some(decoded) = base64(trimmed) {
        readings.push(decoded, Finding::SecretBase64 { given_as_text: true });
    }
    for escaped in convert::with_entities(secret) {
        readings.push(escaped, Finding::SecretEntities { given: false });
    }
    for slashed in convert::with_slashes(secret) {
        readings.push(slashed, Finding::SecretSlashes { given: false });
    }
    for encoded in convert::url_encoded(secret) {
        readings.push(encoded, Finding::SecretUrlEncoded { given: false });
    }
    for blank in ["\n", "\r\n", " ", "\t", "\u{a0}", "\\n"] {
        let longer = [secret, blank.as_bytes()].concat();
        readings.push(longer, Finding::SecretWhiteSpace { given: false });
    }
    for blank in [" ", "\u{a0}"] {
        let longer = [blank.as_bytes(), secret].concat();
        let around = [&*longer, blank.as_bytes()].concat();
        readings.push(around, Finding::SecretWhiteSpace { given: false });
        readings.push(longer, Finding::SecretWhiteSpace { given: false });
    }
    let marked = [BYTE_ORDER_MARK, secret].concat();
    readings.push(marked, Finding::SecretByteOrderMark { given: false });
    for mark in ["\"", "'"] {
        let quoted = [mark.as_bytes(), secret, mark.as_bytes()].concat();
        readings.push(quoted, Finding::SecretQuoted { given: false });
    }
    if !trimmed.starts_with(PREFIX) {
        readings.push([PREFIX, trimmed].concat(), Finding::SecretPrefix { given: false });
    }
    let Some(text) = str::from_utf8(secret).ok().filter(|text| !text.is_ascii()) else { return };
    for escaped in convert::json_strings(text) {
        let bare = escaped.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let bare = bare.unwrap_or_default().as_bytes().to_vec();
        readings.push(bare, Finding::SecretEscapes { given: false });
    }
    for encoded in Charset::ALL.into_iter().filter_map(|charset| charset.encode(text)) {
        readings.push(encoded, Finding::SecretCharset { given: false });
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
