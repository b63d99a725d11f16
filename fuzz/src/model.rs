//! What a strict verifier answers, written down once more without any care for speed: lists are
//! searched, messages joined, digits compared as text.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use trusthooks::VerifyError;

use crate::input::Request;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    TrustLens,
    TrustLensV1,
    Shop,
    System,
}

pub struct Names {
    pub token: &'static str,
    pub timestamp: Option<&'static str>,
    pub signature: &'static str,
    pub prefix: &'static [u8],
}

impl Scheme {
    pub const ALL: [Self; 4] = [Self::TrustLens, Self::TrustLensV1, Self::Shop, Self::System];

    pub fn names(self) -> Names {
        let (timestamp, signature, prefix) = match self {
            Self::TrustLens => (Some("x-trustlens-timestamp"), "x-trustlens-signature", "sha256="),
            Self::TrustLensV1 => (None, "x-trustlens-signature", "sha256="),
            Self::Shop => (Some("open-trustoo-webhook-timestamp"), "open-trustoo-webhook-sign", ""),
            Self::System => (None, "x-trustoo-signature", ""),
        };
        let token = "open-trustoo-webhook-public-token";
        Names { token, timestamp, signature, prefix: prefix.as_bytes() }
    }

    /// What is signed.
    pub fn message(self, seconds: u64, body: &[u8]) -> Vec<u8> {
        match self {
            Self::TrustLens => [format!("{seconds}.").as_bytes(), body].concat(),
            Self::Shop if body.is_empty() => format!("timestamp={seconds}").into_bytes(),
            Self::Shop => [format!("timestamp={seconds}|").as_bytes(), body].concat(),
            Self::TrustLensV1 | Self::System => body.to_vec(),
        }
    }
}

pub fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

pub fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// `0` or `[1-9][0-9]*` up to 2⁶³−1: whatever is printed as it was read.
pub fn timestamp(text: &[u8]) -> Option<u64> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number >= 0 && number.to_string().as_bytes() == text).then_some(number as u64)
}

/// The prefix and 64 of sixteen characters.
pub fn signature<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    let digits = text.get(prefix.len()..)?;
    let well_formed = text.starts_with(prefix)
        && digits.len() == 64
        && digits.iter().all(|digit| b"0123456789abcdef".contains(digit));
    well_formed.then_some(digits)
}

/// What the headers said, well formed and in time.
#[derive(Debug, PartialEq, Eq)]
pub struct Begun {
    pub seconds: Option<u64>,
    pub digits: Vec<u8>,
    pub secrets: Vec<Vec<u8>>,
}

fn only<'h>(
    headers: &'h [(String, Vec<u8>)],
    header: &'static str,
) -> Result<&'h [u8], VerifyError> {
    let values: Vec<_> =
        headers.iter().filter(|(name, _)| name.to_ascii_lowercase() == header).collect();
    match values[..] {
        [] => Err(VerifyError::MissingHeader { header }),
        [(_, value)] => Ok(value),
        _ => Err(VerifyError::RepeatedHeader { header }),
    }
}

pub fn begin(request: &Request) -> Result<Begun, VerifyError> {
    let names = request.scheme.names();
    let headers = &request.headers;
    let token = if request.store { Some(only(headers, names.token)?) } else { None };
    let time = match names.timestamp {
        Some(name) => Some((name, only(headers, name)?)),
        None => None,
    };
    let sent = only(headers, names.signature)?;
    let seconds = match time {
        Some((header, text)) => {
            Some(timestamp(text).ok_or(VerifyError::MalformedTimestamp { header })?)
        }
        None => None,
    };
    let digits = signature(sent, names.prefix)
        .ok_or(VerifyError::MalformedSignature { header: names.signature })?;
    let secrets = match token {
        None => &request.keys[0].1,
        Some(token) => {
            let shop = request.keys.iter().find(|(known, _)| known.as_bytes() == token);
            &shop.ok_or(VerifyError::UnknownPublicToken)?.1
        }
    };
    if let Some(seconds) = seconds {
        let usual = if request.scheme == Scheme::TrustLens { 300 } else { 900 };
        let (past, future) = request.window.unwrap_or((usual, usual));
        let (past, future) = (i128::from(past), i128::from(future));
        let age = i128::from(request.now) - i128::from(seconds);
        let span = |length: i128| Duration::from_secs(length.try_into().unwrap());
        if age > past {
            return Err(VerifyError::Expired { age: span(age), window: span(past) });
        }
        if -age > future {
            return Err(VerifyError::FromFuture { ahead: span(-age), window: span(future) });
        }
    }
    Ok(Begun { seconds, digits: digits.to_vec(), secrets: secrets.clone() })
}

/// The index of the secret that fits.
pub fn verify(request: &Request) -> Result<(Begun, usize), VerifyError> {
    let begun = begin(request)?;
    let message = request.scheme.message(begun.seconds.unwrap_or(0), &request.body);
    let index =
        begun.secrets.iter().position(|secret| hex(&hmac(secret, &message)) == begun.digits);
    index.map(|index| (begun, index)).ok_or(VerifyError::SignatureMismatch)
}
