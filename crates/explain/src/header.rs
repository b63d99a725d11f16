//! The headers of a request, read generously to find what was meant.

use trusthooks::{Headers, Timestamp};

use crate::{
    base64,
    finding::Finding,
    scheme::{Names, spellings},
};

/// More values than this under one name are not looked at.
const MAX_VALUES: usize = 4;

/// A timestamp from here on is in milliseconds: as seconds, it is in the year 5138.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

/// Longer timestamps are not taken for one that was signed.
const MAX_TIME: usize = 64;

/// More readings of the time are not tried.
const MAX_TIMES: usize = 6;

/// An HMAC-SHA256, or something as long.
pub(super) type Mac = [u8; 32];

/// Whether a text can be a header's name (RFC 9110, 5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    let is_in = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_in)
}

/// The values under a name or else under one that it is renamed to, and which that is.
pub(super) fn find<'h, H>(
    own: &'static str,
    headers: &'h H,
) -> Option<(&'static str, Vec<&'h [u8]>)>
where
    H: Headers + ?Sized,
{
    spellings(own).find_map(|name| {
        let values: Vec<_> = headers.values(name).take(MAX_VALUES).collect();
        (!values.is_empty()).then_some((name, values))
    })
}

pub(super) fn is_in<H: Headers + ?Sized>(own: &'static str, headers: &H) -> bool {
    headers.values(own).next().is_some()
}

/// Every value that a header may be meant to have.
fn read<'h, H>(header: &'static str, headers: &'h H, findings: &mut Vec<Finding>) -> Vec<&'h [u8]>
where
    H: Headers + ?Sized,
{
    let Some((found, values)) = find(header, headers) else {
        findings.push(Finding::HeaderMissing { header });
        return Vec::new();
    };
    if found != header {
        findings.push(Finding::HeaderRenamed { header, found });
    }
    if values.len() > 1 {
        findings.push(Finding::HeaderRepeated { header, times: values.len() });
    }
    let parts: Vec<_> = values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
        .take(MAX_VALUES)
        .collect();
    if parts.len() > values.len() {
        findings.push(Finding::HeaderJoined { header, values: parts.len() });
    }
    let joined = parts.len() > 1;
    parts
        .into_iter()
        .map(|part| {
            let bare = bare(part);
            // The blank after a comma came with the comma.
            if bare.len() < part.len() && !joined {
                findings.push(Finding::HeaderPadded { header });
            }
            bare
        })
        .collect()
}

/// Without white space and quotation marks around it.
fn bare(value: &[u8]) -> &[u8] {
    let mut value = value.trim_ascii();
    while let [b'"' | b'\'', inner @ .., b'"' | b'\''] = value {
        value = inner.trim_ascii();
    }
    value
}

/// The claims of a request's headers, as far as they can be made out.
#[derive(Default)]
pub(super) struct Claim {
    pub(super) signatures: Vec<Mac>,
    /// The texts that may have been signed as the time, as it was sent first.
    pub(super) times: Vec<Vec<u8>>,
    /// The times that they name, in seconds.
    moments: Vec<Timestamp>,
    /// The faults of the headers.
    pub(super) findings: Vec<Finding>,
}

impl Claim {
    pub(super) fn read<H: Headers + ?Sized>(headers: &H, names: &Names) -> Self {
        let mut claim = Self::default();
        if let Some(name) = names.timestamp {
            claim.read_times(name, headers);
        }
        for value in read(names.signature, headers, &mut claim.findings) {
            claim.signatures.extend(signature(value, names.prefix, &mut claim.findings));
        }
        // Two values of one header may have the same fault.
        let mut said: Vec<Finding> = Vec::new();
        claim.findings.retain(|finding| {
            let new = !said.contains(finding);
            said.push(finding.clone());
            new
        });
        claim
    }

    /// Compares the public token with the one that is configured.
    pub(super) fn check_public_token<H>(
        &mut self,
        name: &'static str,
        configured: &str,
        headers: &H,
    ) where
        H: Headers + ?Sized,
    {
        let tokens = read(name, headers, &mut self.findings);
        if !tokens.is_empty() && !tokens.contains(&configured.as_bytes()) {
            self.findings.push(Finding::OtherPublicToken);
        }
    }

    /// The times that may have been signed, for requests whose own scheme signs none.
    pub(super) fn borrow_times<H: Headers + ?Sized>(&mut self, name: &'static str, headers: &H) {
        if self.times.is_empty() && is_in(name, headers) {
            let findings = self.findings.clone();
            self.read_times(name, headers);
            self.findings = findings;
            self.moments.clear();
        }
    }

    fn read_times<H: Headers + ?Sized>(&mut self, name: &'static str, headers: &H) {
        for value in read(name, headers, &mut self.findings) {
            if value.len() > MAX_TIME {
                self.findings.push(Finding::TimestampMalformed { header: name });
                continue;
            }
            let is_strict =
                str::from_utf8(value).is_ok_and(|text| text.parse::<Timestamp>().is_ok());
            if !is_strict {
                self.findings.push(Finding::TimestampMalformed { header: name });
            }
            // It is signed as it was sent.
            self.push_time(value.to_vec());
            let Some(time) = lenient_time(value) else { continue };
            self.push_time(time.to_string().into_bytes());
            self.moments.push(Timestamp::from_unix(time));
            if time >= FIRST_MILLISECONDS {
                let seconds = time / 1000;
                self.findings.push(Finding::Milliseconds);
                self.push_time(seconds.to_string().into_bytes());
                self.moments.push(Timestamp::from_unix(seconds));
            }
        }
    }

    fn push_time(&mut self, time: Vec<u8>) {
        if self.times.len() < MAX_TIMES && !self.times.contains(&time) {
            self.times.push(time);
        }
    }

    /// When the request was signed, in seconds, for comparison with a clock.
    pub(super) fn signed_at(&self) -> Option<Timestamp> {
        self.moments.iter().min().copied()
    }
}

/// A number with a sign, leading zeros or a fraction.
fn lenient_time(value: &[u8]) -> Option<u64> {
    let text = str::from_utf8(value).ok()?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.trim_start_matches('+').parse().ok()
}

/// 64 hex digits, in lower case.
fn from_hex(digits: &[u8]) -> Option<Mac> {
    let mut mac = Mac::default();
    hex::decode_to_slice(digits, &mut mac).ok().map(|()| mac)
}

/// A signature in any spelling.
fn signature(value: &[u8], prefix: &str, findings: &mut Vec<Finding>) -> Option<Mac> {
    const PREFIX: &[u8] = b"sha256=";
    let given = value
        .split_at_checked(PREFIX.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(PREFIX));
    let (start, digits) = given.unwrap_or((b"", value));
    let lower = digits.to_ascii_lowercase();
    let (signature, spelling) = match from_hex(&lower) {
        Some(signature) => {
            let has_upper = [start, digits].concat().iter().any(u8::is_ascii_uppercase);
            (signature, has_upper.then_some(Finding::UpperCase))
        }
        None => match base64(digits).and_then(|bytes| {
            // The MAC, or its hex digits.
            <Mac>::try_from(&*bytes).ok().or_else(|| from_hex(&bytes))
        }) {
            Some(signature) => (signature, Some(Finding::SignatureBase64)),
            None => {
                findings.push(Finding::SignatureMalformed { length: digits.len() });
                return None;
            }
        },
    };
    findings.extend(match (start.is_empty(), prefix.is_empty()) {
        (true, false) => Some(Finding::PrefixMissing),
        (false, true) => Some(Finding::PrefixAdded),
        _ => None,
    });
    findings.extend(spelling);
    Some(signature)
}
