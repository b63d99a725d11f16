//! The bodies that may have been signed, given the one that was received.

use std::{
    borrow::Cow,
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    io::Read as _,
};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::{
    base64,
    convert::{self, BYTE_ORDER_MARK, Charset},
    finding::Finding,
    json,
};

/// Longer bodies are tried as they are, and without what stands around them.
const MAX_COPIED: usize = 1024 * 1024;

/// All that is made of a body takes no more than this, or what the body itself takes.
const MAX_KEPT: usize = 24 * 1024 * 1024;

const GZIP: &[u8] = b"\x1f\x8b";

/// A body, and what happened to it if it is the one that was signed.
pub(super) struct Candidate<'b> {
    pub(super) bytes: Cow<'b, [u8]>,
    pub(super) finding: Option<Finding>,
}

/// The bodies that may have been signed, most likely first: as received, then otherwise.
pub(super) struct Candidates<'b> {
    pub(super) list: Vec<Candidate<'b>>,
    /// Whether all of it is there: of long bodies less is made.
    pub(super) is_complete: bool,
    known: HashSet<u64>,
    kept: usize,
}

impl<'b> Candidates<'b> {
    fn push(&mut self, bytes: impl Into<Cow<'b, [u8]>>, finding: Finding) {
        let bytes = bytes.into();
        if let Cow::Owned(bytes) = &bytes {
            if self.kept.saturating_add(bytes.len()) > MAX_KEPT {
                self.is_complete = false;
                return;
            }
            let mut hash = DefaultHasher::new();
            bytes.hash(&mut hash);
            if !self.known.insert(hash.finish()) {
                return;
            }
            self.kept = self.kept.saturating_add(bytes.len());
        }
        if self.list.first().is_none_or(|received| received.bytes != bytes) {
            self.list.push(Candidate { bytes, finding: Some(finding) });
        }
    }
}

/// The body as received, then what it may have been.
pub(super) fn candidates(body: &[u8]) -> Candidates<'_> {
    let mut candidates = Candidates {
        list: vec![Candidate { bytes: body.into(), finding: None }],
        is_complete: true,
        known: HashSet::new(),
        kept: 0,
    };
    if body.is_empty() {
        return candidates;
    }
    let trimmed = body.trim_ascii();
    let had_blanks = trimmed.len() < body.len();
    if had_blanks {
        let shorter = [
            body.strip_suffix(b"\n"),
            body.strip_suffix(b"\r\n"),
            Some(body.trim_ascii_end()),
            Some(trimmed),
        ];
        for shorter in shorter.into_iter().flatten() {
            candidates.push(shorter, Finding::BodyNewline { added: true });
        }
    }
    let unmarked = body.strip_prefix(BYTE_ORDER_MARK);
    if let Some(unmarked) = unmarked {
        candidates.push(unmarked, Finding::BodyByteOrderMark { added: true });
    }
    if body.len() > MAX_COPIED {
        candidates.is_complete = false;
        return candidates;
    }
    for blank in [&b"\n"[..], b"\r\n", b" "] {
        candidates.push([body, blank].concat(), Finding::BodyNewline { added: false });
    }
    let inflated = if body.starts_with(GZIP) {
        inflated(MultiGzDecoder::new(body))
    } else if body.first().is_some_and(|byte| byte & 0x0f == 8) {
        inflated(ZlibDecoder::new(body))
    } else if body.is_ascii() {
        Vec::new()
    } else {
        inflated(DeflateDecoder::new(body))
    };
    if !inflated.is_empty() {
        candidates.is_complete &= inflated.len() < MAX_COPIED;
        candidates.push(inflated, Finding::BodyCompressed);
    }
    if let Some(decoded) = base64(trimmed) {
        candidates.push(decoded, Finding::BodyBase64);
    }
    if body.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        for ending in [&b"\n"[..], b"\r\n", b"\r"] {
            candidates.push(line_endings(body, ending), Finding::BodyLineEndings);
        }
    }
    rewritten(unmarked.unwrap_or(body), &mut candidates);
    charsets(body, &mut candidates);
    escaped(body, &mut candidates);
    if unmarked.is_none() {
        let marked = [BYTE_ORDER_MARK, body].concat();
        candidates.push(marked, Finding::BodyByteOrderMark { added: false });
    }
    candidates
}

/// JSON in other spellings, and documents within it.
fn rewritten(body: &[u8], candidates: &mut Candidates<'_>) {
    let json = json::readings(body);
    let mut push = |(signed, rewrites): (String, _)| {
        candidates.push(signed.into_bytes(), Finding::BodyRewritten { rewrites });
    };
    json.usual.into_iter().for_each(&mut push);
    json.odd.into_iter().for_each(&mut push);
    candidates.is_complete &= json.is_complete;
    for inner in json.inside {
        if let Some(decoded) = base64(&inner) {
            candidates.push(decoded, Finding::BodyWrapped);
        }
        candidates.push(inner, Finding::BodyWrapped);
    }
}

/// Text with other escapes: of HTML, of WordPress, of URLs, of JSON.
fn escaped(body: &[u8], candidates: &mut Candidates<'_>) {
    if let Some(plain) = convert::without_entities(body) {
        candidates.push(plain, Finding::BodyEntities { added: true });
    }
    for escaped in convert::with_entities(body) {
        candidates.push(escaped, Finding::BodyEntities { added: false });
    }
    if let Some(plain) = convert::without_slashes(body) {
        candidates.push(plain, Finding::BodySlashes { added: true });
    }
    for slashed in convert::with_slashes(body) {
        candidates.push(slashed, Finding::BodySlashes { added: false });
    }
    for decoded in convert::url_decoded(body) {
        candidates.push(decoded, Finding::BodyUrlEncoded { added: true });
    }
    // A form with the body as its one field.
    let field = body.iter().position(|byte| *byte == b'=').filter(|at| *at < 32);
    if let Some(value) = field.and_then(|at| body.get(at.saturating_add(1)..)) {
        for decoded in convert::url_decoded(value) {
            candidates.push(decoded, Finding::BodyUrlEncoded { added: true });
        }
    }
    for encoded in convert::url_encoded(body) {
        candidates.push(encoded, Finding::BodyUrlEncoded { added: false });
    }
    if let Ok(text) = str::from_utf8(body) {
        for plain in convert::without_typography(text) {
            candidates.push(plain, Finding::BodyTypography);
        }
        for string in convert::json_strings(text) {
            candidates.push(string.into_bytes(), Finding::BodyUnwrapped);
        }
    }
}

/// Text that was read in one character set and written in another.
fn charsets(body: &[u8], candidates: &mut Candidates<'_>) {
    use crate::finding::Encoding::{Latin1, Utf8, Utf16, Windows1252};
    let said = |set| match set {
        Charset::Latin1 => Latin1,
        Charset::Windows1252 => Windows1252,
    };
    let text = str::from_utf8(body);
    for set in Charset::ALL {
        if !body.is_ascii() {
            // The letters that were sent, before a program that took UTF-8 for this set made them longer.
            if let Some(signed) = text.ok().and_then(|text| set.encode(text)) {
                let finding = match str::from_utf8(&signed) {
                    Ok(_) => Finding::BodyMojibake { read_as: said(set) },
                    Err(_) => Finding::BodyCharset { signed: said(set), received: Utf8 },
                };
                // Some do it twice.
                let twice = str::from_utf8(&signed).ok().and_then(|text| set.encode(text));
                if let Some(twice) = twice.filter(|twice| str::from_utf8(twice).is_ok()) {
                    candidates.push(twice, Finding::BodyMojibake { read_as: said(set) });
                }
                candidates.push(signed, finding);
            }
            // UTF-8 that was turned into this set.
            if text.is_err() {
                let finding = Finding::BodyCharset { signed: Utf8, received: said(set) };
                candidates.push(set.to_utf8(body), finding);
            }
        }
    }
    if let Some(signed) = convert::from_utf16(body) {
        candidates.push(signed, Finding::BodyCharset { signed: Utf8, received: Utf16 });
    }
    if let Ok(text) = text {
        for signed in convert::to_utf16(text) {
            candidates.push(signed, Finding::BodyCharset { signed: Utf16, received: Utf8 });
        }
    }
}

/// Decompresses a body, up to the length that other bodies are copied to.
fn inflated(decoder: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Bytes that came before an error may be all there are: if only the checksum was cut off.
    let _ = decoder.take(MAX_COPIED as u64).read_to_end(&mut bytes);
    bytes
}

fn line_endings(text: &[u8], ending: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len());
    let mut bytes = text.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&&b'\n');
                lines.extend_from_slice(ending);
            }
            b'\n' => lines.extend_from_slice(ending),
            byte => lines.push(*byte),
        }
    }
    lines
}
