//! The ways to break a delivery, by name, and the answer that a receiver should give to each.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};
use trusthooks_explain::SchemeName;

use super::delivery::{Delivery, signature_header, time_header};

/// A named way of breaking a delivery.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The verdict of a strict verifier.
    pub(crate) verdict: &'static str,
    /// Which schemes can have it.
    of: Of,
    how: How,
    /// Whether any sound receiver refuses it. Others are genuine but oddly written, and only a
    /// strict receiver refuses those.
    pub(crate) is_forgery: bool,
}

/// Which schemes a fault is possible in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    All,
    /// Those that sign the time.
    Timed,
    /// Those that name the shop.
    Shop,
    TrustLens,
    Trustoo,
    System,
}

/// When a fault is made.
enum How {
    /// Before signing: another key, another body, another time.
    Before(fn(&mut Delivery)),
    /// After signing: what a proxy does, or a forger.
    After(fn(&mut Delivery)),
}
use How::{After, Before};

/// A request that no holder of the secret has sent, or not now.
const fn fault(name: &'static str, verdict: &'static str, of: Of, how: How) -> Fault {
    Fault { name, verdict, of, how, is_forgery: true }
}

/// A genuine delivery that is written otherwise than the vendor writes it.
const fn odd(name: &'static str, verdict: &'static str, of: Of, how: How) -> Fault {
    Fault { name, verdict, of, how, is_forgery: false }
}

const MISSING: &str = "missing_header";
const REPEATED: &str = "repeated_header";
const TIMESTAMP: &str = "malformed_timestamp";
const SIGNATURE: &str = "malformed_signature";
const TOKEN: &str = "unknown_public_token";
const EXPIRED: &str = "expired";
const FUTURE: &str = "from_future";
const MISMATCH: &str = "signature_mismatch";

const PUBLIC_TOKEN: &str = "open-trustoo-webhook-public-token";

/// Every verdict of the protocol first, then findings of `trusthooks explain` under their names.
pub(crate) const FAULTS: &[Fault] = &[
    fault("missing_signature", MISSING, Of::All, After(|it| drop_header(it, signature(it)))),
    fault("missing_timestamp", MISSING, Of::Timed, After(|it| drop_header(it, time(it)))),
    odd("missing_public_token", MISSING, Of::Shop, After(|it| drop_header(it, PUBLIC_TOKEN))),
    odd("repeated_signature", REPEATED, Of::All, After(|it| repeat(it, signature(it)))),
    odd("repeated_timestamp", REPEATED, Of::Timed, After(|it| repeat(it, time(it)))),
    odd("repeated_public_token", REPEATED, Of::Shop, After(|it| repeat(it, PUBLIC_TOKEN))),
    fault(
        "malformed_timestamp",
        TIMESTAMP,
        Of::Timed,
        After(|it| change(it, time(it), |_| "now".into())),
    ),
    fault(
        "malformed_signature",
        SIGNATURE,
        Of::All,
        After(|it| change(it, signature(it), |_| "none".into())),
    ),
    odd(
        "unknown_public_token",
        TOKEN,
        Of::Shop,
        After(|it| change(it, PUBLIC_TOKEN, |_| "nobody's".into())),
    ),
    fault("expired", EXPIRED, Of::Timed, Before(|it| it.at -= 1000)),
    fault("from_future", FUTURE, Of::Timed, Before(|it| it.at += 1000)),
    fault("signature_mismatch", MISMATCH, Of::All, Before(|it| it.key = b"somebody else's".into())),
    fault("tampered_body", MISMATCH, Of::All, After(|it| it.body.extend(b"!"))),
    fault(
        "tampered_timestamp",
        MISMATCH,
        Of::Timed,
        After(|it| {
            let later = (it.at + 1).to_string();
            change(it, time(it), |_| later.clone());
        }),
    ),
    fault("secret_white_space", MISMATCH, Of::All, Before(|it| it.key.push(b'\n'))),
    fault(
        "secret_quoted",
        MISMATCH,
        Of::All,
        Before(|it| it.key = [b"\"", &*it.key, b"\""].concat()),
    ),
    fault("secret_hex", MISMATCH, Of::All, Before(|it| it.key = hex::encode(&it.key).into())),
    fault(
        "secret_base64",
        MISMATCH,
        Of::All,
        Before(|it| it.key = BASE64_STANDARD.encode(&it.key).into()),
    ),
    fault("previous_secret", MISMATCH, Of::All, Before(|it| it.key.extend(b" of last month"))),
    fault(
        "other_scheme",
        MISMATCH,
        Of::TrustLens,
        After(|it| {
            let time = it.headers.iter().find(|(name, _)| name == "x-trustlens-timestamp").cloned();
            resign(it, SchemeName::TrustLensV1);
            it.headers.extend(time);
        }),
    ),
    fault("other_scheme", MISSING, Of::Shop, After(|it| resign(it, SchemeName::TrustooSystem))),
    fault("other_scheme", MISSING, Of::System, After(|it| resign(it, SchemeName::TrustooShop))),
    fault("open_api", MISSING, Of::Trustoo, After(|it| resign(it, SchemeName::TrustooOpenApi))),
    fault(
        "old_algorithm",
        MISMATCH,
        Of::Shop,
        After(|it| {
            let hash =
                Sha256::digest([format!("timestamp={}", it.at).as_bytes(), &it.key].concat());
            change(it, signature(it), |_| hex::encode(hash));
        }),
    ),
    odd(
        "header_renamed",
        MISSING,
        Of::All,
        After(|it| {
            let name = signature(it);
            let renamed = format!("x-amzn-remapped-{name}");
            let found = it.headers.iter_mut().find(|(sent, _)| sent == name);
            if let Some((name, _)) = found {
                name.clone_from(&renamed);
            }
        }),
    ),
    odd(
        "header_joined",
        SIGNATURE,
        Of::All,
        After(|it| {
            change(it, signature(it), |value| format!("{value}, {value}"));
        }),
    ),
    odd(
        "header_padded",
        SIGNATURE,
        Of::All,
        After(|it| {
            change(it, signature(it), |value| format!("\"{value}\""));
        }),
    ),
    odd(
        "prefix_missing",
        SIGNATURE,
        Of::TrustLens,
        After(|it| {
            change(it, signature(it), |value| value.replace("sha256=", ""));
        }),
    ),
    odd(
        "prefix_added",
        SIGNATURE,
        Of::Trustoo,
        After(|it| {
            change(it, signature(it), |value| format!("sha256={value}"));
        }),
    ),
    odd("upper_case", SIGNATURE, Of::All, After(|it| change(it, signature(it), str::to_uppercase))),
    odd(
        "signature_base64",
        SIGNATURE,
        Of::All,
        After(|it| {
            change(it, signature(it), |value| {
                let digits = value.strip_prefix("sha256=").unwrap_or(value);
                let prefix = &value[..value.len() - digits.len()];
                format!(
                    "{prefix}{}",
                    BASE64_STANDARD.encode(hex::decode(digits).unwrap_or_default())
                )
            });
        }),
    ),
    fault(
        "signature_malformed",
        SIGNATURE,
        Of::All,
        After(|it| {
            change(it, signature(it), |value| value[..value.len() - 1].into());
        }),
    ),
    odd(
        "timestamp_malformed",
        TIMESTAMP,
        Of::Timed,
        After(|it| {
            change(it, time(it), |value| format!("+{value}"));
        }),
    ),
    odd(
        "milliseconds",
        FUTURE,
        Of::Timed,
        After(|it| {
            change(it, time(it), |value| format!("{value}000"));
        }),
    ),
    fault("whole_hours", EXPIRED, Of::Timed, Before(|it| it.at -= 2 * 60 * 60)),
    fault("early", FUTURE, Of::Timed, Before(|it| it.at += 1300)),
    fault("late", EXPIRED, Of::Timed, Before(|it| it.at -= 3 * 24 * 60 * 60)),
    fault("body_empty", MISMATCH, Of::All, After(|it| it.body.clear())),
    fault("body_rewritten", MISMATCH, Of::All, Before(|it| it.signed = spaced(&it.body))),
    fault("body_newline", MISMATCH, Of::All, After(|it| it.body.push(b'\n'))),
    fault(
        "body_line_endings",
        MISMATCH,
        Of::All,
        Before(|it| {
            let lines = String::from_utf8_lossy(&it.body).replacen('{', "{\n", 1);
            it.signed = lines.clone().into();
            it.body = lines.replace('\n', "\r\n").into();
        }),
    ),
    fault(
        "body_byte_order_mark",
        MISMATCH,
        Of::All,
        After(|it| {
            it.body = [b"\xef\xbb\xbf", &*it.body].concat();
        }),
    ),
    fault(
        "body_base64",
        MISMATCH,
        Of::All,
        After(|it| {
            it.body = BASE64_STANDARD.encode(&it.body).into();
        }),
    ),
    fault("body_compressed", MISMATCH, Of::All, After(|it| it.body = gzip(&it.body))),
    fault(
        "body_decompressed",
        MISMATCH,
        Of::All,
        Before(|it| {
            it.signed = gzip(&it.body);
            it.headers.push(("content-encoding".into(), "gzip".into()));
        }),
    ),
    fault("body_length", MISMATCH, Of::All, After(|it| it.body.truncate(it.body.len() / 2))),
];

impl Fault {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        FAULTS.iter().find(|fault| fault.name == name)
    }

    /// Whether a scheme's deliveries can have it.
    pub(crate) fn is_of(&self, scheme: SchemeName) -> bool {
        match self.of {
            Of::All => true,
            Of::Timed => time_header(scheme).is_some(),
            Of::Shop => scheme == SchemeName::TrustooShop,
            Of::TrustLens => scheme == SchemeName::TrustLens,
            Of::System => scheme == SchemeName::TrustooSystem,
            Of::Trustoo => matches!(scheme, SchemeName::TrustooShop | SchemeName::TrustooSystem),
        }
    }

    /// The status that goes with the verdict: 400 for what is missing or malformed, 401 for the
    /// rest.
    pub(crate) fn status(&self) -> u16 {
        match self.verdict {
            MISSING | REPEATED | TIMESTAMP | SIGNATURE => 400,
            _ => 401,
        }
    }

    /// Signs a delivery, with the fault made before or after.
    pub(crate) fn make(&self, mut delivery: Delivery) -> crate::Result<Delivery> {
        if let Before(fault) = self.how {
            fault(&mut delivery);
        }
        delivery.sign()?;
        if let After(fault) = self.how {
            fault(&mut delivery);
        }
        Ok(delivery)
    }
}

fn signature(delivery: &Delivery) -> &'static str {
    signature_header(delivery.scheme)
}

fn time(delivery: &Delivery) -> &'static str {
    time_header(delivery.scheme).unwrap_or("date")
}

fn change(delivery: &mut Delivery, name: &str, change: impl Fn(&str) -> String) {
    let value = delivery.header(name);
    *value = change(value);
}

fn drop_header(delivery: &mut Delivery, name: &str) {
    delivery.headers.retain(|(sent, _)| sent != name);
}

fn repeat(delivery: &mut Delivery, name: &str) {
    let value = delivery.header(name).clone();
    delivery.headers.push((name.to_owned(), value));
}

/// Takes another scheme's headers in place of its own.
fn resign(delivery: &mut Delivery, scheme: SchemeName) {
    let own = delivery.scheme;
    let shop = [PUBLIC_TOKEN, "open-trustoo-webhook-requestid"];
    delivery.headers.retain(|(name, _)| {
        name != signature_header(own)
            && time_header(own) != Some(&**name)
            && !shop.contains(&&**name)
    });
    delivery.scheme = scheme;
    // The key has signed before, so it is not empty.
    let _ = delivery.sign();
    delivery.scheme = own;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // A `Vec` takes all that is written to it.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// JSON as Python writes it: with a space after each comma and colon.
fn spaced(json: &[u8]) -> Vec<u8> {
    let (mut spaced, mut in_string, mut escaped) = (Vec::new(), false, false);
    for byte in json {
        spaced.push(*byte);
        in_string ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        if !in_string && matches!(byte, b',' | b':') {
            spaced.push(b' ');
        }
    }
    spaced
}
