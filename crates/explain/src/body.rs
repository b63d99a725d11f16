//! The bodies that may have been signed, given the one that was received.

use std::{borrow::Cow, io::Read as _};

use flate2::read::GzDecoder;

use super::{base64, finding::Finding, json};

/// Longer bodies are tried as they are, and without what stands around them.
const MAX_COPIED: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP: &[u8] = b"\x1f\x8b";

/// A body, and what happened to it if it is the one that was signed.
pub(super) struct Candidate<'b> {
    pub(super) bytes: Cow<'b, [u8]>,
    pub(super) finding: Option<Finding>,
}

/// The body as received, then what it may have been, most likely first.
pub(super) fn candidates(body: &[u8]) -> Vec<Candidate<'_>> {
    let mut candidates = vec![Candidate { bytes: body.into(), finding: None }];
    if body.is_empty() {
        return candidates;
    }
    let trimmed = body.trim_ascii();
    let had_blanks = trimmed.len() < body.len();
    if had_blanks {
        let finding = Some(Finding::BodyNewline { added: true });
        candidates.push(Candidate { bytes: trimmed.into(), finding });
    }
    if let Some(unmarked) = body.strip_prefix(BYTE_ORDER_MARK) {
        let finding = Some(Finding::BodyByteOrderMark { added: true });
        candidates.push(Candidate { bytes: unmarked.into(), finding });
    }
    if body.len() > MAX_COPIED {
        return candidates;
    }

    let mut push = |bytes: Vec<u8>, finding| {
        candidates.push(Candidate { bytes: bytes.into(), finding: Some(finding) });
    };
    if !had_blanks {
        push([body, b"\n"].concat(), Finding::BodyNewline { added: false });
        push([body, b"\r\n"].concat(), Finding::BodyNewline { added: false });
    }
    if body.starts_with(GZIP) {
        push(inflated(body), Finding::BodyCompressed);
    }
    if let Some(decoded) = base64(trimmed) {
        push(decoded, Finding::BodyBase64);
    }
    if body.contains(&b'\n') {
        push(line_endings(body, b"\n"), Finding::BodyLineEndings);
        push(line_endings(body, b"\r\n"), Finding::BodyLineEndings);
    }
    let unmarked = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    for (signed, rewrites) in json::spellings(unmarked) {
        push(signed.into_bytes(), Finding::BodyRewritten { rewrites });
    }
    if unmarked.len() == body.len() {
        let marked = [BYTE_ORDER_MARK, body].concat();
        push(marked, Finding::BodyByteOrderMark { added: false });
    }
    candidates
}

/// What is in a gzip, up to the length that other bodies are copied to.
fn inflated(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came out before an error may be all there was: a checksum that was cut off, say.
    let _ = GzDecoder::new(gzip).take(MAX_COPIED as u64).read_to_end(&mut bytes);
    bytes
}

fn line_endings(text: &[u8], ending: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = text
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    lines.join(ending)
}
