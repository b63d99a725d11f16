//! What is said about a finding.

use std::time::Duration;

use super::{Finding, Rewrite};

impl Finding {
    /// What was seen.
    #[must_use]
    pub fn seen(&self) -> String {
        match self {
            Self::OtherScheme { scheme, fits: true } => {
                format!("the signature fits the secret by the rules of {scheme}")
            }
            Self::OtherScheme { scheme, fits: false } => {
                format!("the headers are those of {scheme}")
            }
            Self::HeaderMissing { header } => {
                format!("there is no header `{header}`, nor any that it is commonly renamed to")
            }
            Self::HeaderRenamed { header, found } => {
                format!("the value of `{header}` stands under `{found}`")
            }
            Self::HeaderRepeated { header, times } => format!("`{header}` came {times} times"),
            Self::HeaderJoined { header, values } => {
                format!("`{header}` holds {values} values, joined with commas")
            }
            Self::HeaderPadded { header } => {
                format!("the value of `{header}` has white space or quotation marks around it")
            }
            Self::SignatureMalformed { length } => format!(
                "the signature is {length} bytes long and neither 64 hex digits nor base64 of 32 bytes"
            ),
            Self::TimestampMalformed { header } => {
                format!("`{header}` is not Unix seconds in plain digits")
            }
            Self::TimeZone { minutes } => {
                let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
                let side = side(*minutes);
                format!("signed {hours} h {rest:02} min {side} this clock's time, to the minute")
            }
            Self::ClockDrift { seconds } => {
                format!("signed {} s {} this clock's time", seconds.abs(), side(*seconds))
            }
            Self::Stale { age } => format!("signed {} ago", long_span(*age)),
            Self::PreviousSecret { index } => match index {
                0 => "the signature fits the previous secret".to_string(),
                _ => format!(
                    "the signature fits a previous secret, the one given as number {}",
                    index.saturating_add(1)
                ),
            },
            Self::BodyRewritten { rewrites } => {
                let rewrites: Vec<_> = rewrites.iter().map(|rewrite| rewrite.seen()).collect();
                match rewrites.as_slice() {
                    [] => "the signature fits another spelling of this JSON".to_string(),
                    _ => format!(
                        "the signature fits another spelling of this JSON: {}",
                        rewrites.join(", ")
                    ),
                }
            }
            Self::BodyLength { announced, received } => {
                format!("`content-length` says {announced} bytes, the body has {received}")
            }
            _ => self.fixed_seen().to_string(),
        }
    }

    /// What was seen, where it is always the same.
    const fn fixed_seen(&self) -> &'static str {
        match self {
            Self::OldAlgorithm => {
                "the signature is the plain SHA-256 of the sorted parameters and the private token"
            }
            Self::OtherPublicToken => "the public token of the request is not the configured one",
            Self::ReservedParameter => "the query has a parameter `timestamp`",
            Self::PrefixMissing => "the signature lacks the `sha256=` before its digits",
            Self::PrefixAdded => "`sha256=` stands before the digits of the signature",
            Self::UpperCase => "the signature is in upper case",
            Self::SignatureBase64 => "the signature is base64, not hex",
            Self::Milliseconds => "the timestamp is in milliseconds",
            Self::SecretWhiteSpace { given: true } => {
                "the signature fits the secret without the white space around it"
            }
            Self::SecretWhiteSpace { given: false } => {
                "the signature fits the secret with a line break after it"
            }
            Self::SecretQuoted { given: true } => {
                "the signature fits the secret without the quotation marks around it"
            }
            Self::SecretQuoted { given: false } => {
                "the signature fits the secret with quotation marks around it"
            }
            Self::SecretHex { given_as_text: true } => {
                "the signature fits the bytes that the secret is the hex of"
            }
            Self::SecretHex { given_as_text: false } => "the signature fits the hex of the secret",
            Self::SecretBase64 { given_as_text: true } => {
                "the signature fits the bytes that the secret is the base64 of"
            }
            Self::SecretBase64 { given_as_text: false } => {
                "the signature fits the base64 of the secret"
            }
            Self::BodyEmpty => "the body is empty, and the signature is not that of an empty body",
            Self::BodyNewline { added: true } => {
                "the signature fits the body without the white space around it"
            }
            Self::BodyNewline { added: false } => {
                "the signature fits the body with a line break after it"
            }
            Self::BodyLineEndings => "the signature fits the body with other line breaks",
            Self::BodyByteOrderMark { added: true } => {
                "the signature fits the body without the byte order mark before it"
            }
            Self::BodyByteOrderMark { added: false } => {
                "the signature fits the body with a byte order mark before it"
            }
            Self::BodyBase64 => "the signature fits what the body is the base64 of",
            Self::BodyCompressed => "the body is gzip, and the signature fits what is in it",
            Self::BodyDecompressed => {
                "`content-encoding` says that the body is compressed, and it is not"
            }
            _ => "the signature fits nothing that was tried",
        }
    }

    /// Why the request was refused for it.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        match self {
            Self::OtherScheme { fits: true, .. } => {
                "the endpoint takes another scheme, which has other headers and another secret"
            }
            Self::OtherScheme { fits: false, .. } => {
                "each scheme has headers and a secret of its own; this one's secret is not among those given"
            }
            Self::OldAlgorithm => "Trustoo replaced that algorithm by HMAC-SHA256 in November 2025",
            Self::HeaderMissing { .. } => {
                "an endpoint without a secret sends no signature, and a proxy may drop headers it does not know"
            }
            Self::HeaderRenamed { .. } => {
                "a gateway or a CGI environment gives headers names of its own, and only the vendor's is read"
            }
            Self::HeaderRepeated { .. } | Self::HeaderJoined { .. } => {
                "which of several values counts differs from program to program, so none is taken"
            }
            Self::HeaderPadded { .. }
            | Self::PrefixMissing
            | Self::PrefixAdded
            | Self::UpperCase
            | Self::SignatureBase64 => {
                "the vendor writes headers in one spelling, and no other is taken"
            }
            Self::OtherPublicToken => "it selects the private token, and none is configured for it",
            Self::ReservedParameter => "the signature adds that parameter itself, from the header",
            Self::SignatureMalformed { .. } => {
                "it was cut, is masked, or is the digest of another algorithm"
            }
            Self::TimestampMalformed { .. } => {
                "the time is signed as the digits stand, so only one spelling of it is taken"
            }
            Self::Milliseconds => {
                "read as seconds it lies tens of thousands of years ahead; the vendor sends seconds"
            }
            Self::TimeZone { .. } => {
                "one of the two clocks shows local time as if it were UTC; Unix time has no zones"
            }
            Self::ClockDrift { seconds: ..=-1 } => {
                "it lies further ahead than the replay window allows, so one of the two clocks is wrong"
            }
            Self::ClockDrift { .. } => {
                "it is older than the replay window allows: a clock is wrong, or the delivery waited"
            }
            Self::Stale { .. } => {
                "it is older than the replay window allows: captured earlier, replayed, or held in a queue"
            }
            Self::SecretWhiteSpace { given: true } => {
                "files end with a line break, and pasted text brings spaces along; they became part of the key"
            }
            Self::SecretWhiteSpace { given: false } => {
                "the sender's setting holds a line break that was not copied"
            }
            Self::SecretQuoted { given: false } => {
                "the sender's setting holds quotation marks that were not copied"
            }
            Self::SecretQuoted { given: true } => {
                "not every reader of .env files takes quotation marks away; they became part of the key"
            }
            Self::SecretHex { given_as_text: true }
            | Self::SecretBase64 { given_as_text: true } => {
                "the sender decoded the secret; the vendors use the text as it is shown"
            }
            Self::SecretHex { given_as_text: false }
            | Self::SecretBase64 { given_as_text: false } => {
                "the secret was decoded on this side; the vendors use the text as it is shown"
            }
            Self::PreviousSecret { .. } => {
                "the sender has not taken over the new secret yet, or signed before it did"
            }
            Self::BodyEmpty => {
                "something read the body before it was verified, or a redirect dropped it"
            }
            Self::BodyRewritten { .. } => {
                "it was parsed and written again on its way here, and a signature is over bytes"
            }
            Self::BodyNewline { .. } => {
                "an editor, a shell or a template changed the end of the body, and a signature is over bytes"
            }
            Self::BodyLineEndings => {
                "the body went through a text mode that changes line breaks, and a signature is over bytes"
            }
            Self::BodyByteOrderMark { .. } => {
                "the body was read or saved as text, and a signature is over bytes"
            }
            Self::BodyBase64 => {
                "AWS Lambda hands over binary bodies in base64 and says so in `isBase64Encoded`"
            }
            Self::BodyCompressed => {
                "a proxy compressed the body on its way here, and a signature is over bytes"
            }
            Self::BodyDecompressed => {
                "something decompressed it; if the compressed bytes were signed, they cannot be had back"
            }
            Self::BodyLength { .. } => "it was cut off or changed on its way here",
            Self::NothingFits => {
                "most likely it was made with another endpoint's secret, or the body differs in what it says"
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::OtherScheme { .. } => {
                "point the vendor's webhook at the endpoint for it, or verify it with that scheme's verifier"
            }
            Self::OldAlgorithm => {
                "update the sender: sign with `open_api::Signer` or the Quick Start's code"
            }
            Self::HeaderMissing { .. } => {
                "set a secret for the endpoint in the vendor's settings; let the proxy pass the header on"
            }
            Self::HeaderRenamed { .. } => {
                "pass the header on under its name, or map it back in an `impl Headers`"
            }
            Self::HeaderRepeated { .. } | Self::HeaderJoined { .. } => {
                "find the proxy or middleware that adds the header again, and let it pass it on unchanged"
            }
            Self::HeaderPadded { .. }
            | Self::PrefixMissing
            | Self::PrefixAdded
            | Self::UpperCase
            | Self::SignatureBase64
            | Self::TimestampMalformed { .. } => {
                "pass the header's value on as the vendor sent it; if you are the sender, write it like the vendor"
            }
            Self::OtherPublicToken => {
                "configure that shop's tokens, or point its webhook at its own endpoint"
            }
            Self::ReservedParameter => "call that parameter something else",
            Self::SignatureMalformed { .. } => {
                "compare the header with what the vendor's delivery log shows, and with what the proxy's shows"
            }
            Self::Milliseconds => "divide by 1000 where the timestamp is made",
            Self::TimeZone { .. } => {
                "set the clock to UTC and the zone apart from it; take the time from a Unix clock"
            }
            Self::ClockDrift { .. } => {
                "run NTP on this machine; ask the vendor only if this clock is right"
            }
            Self::Stale { .. } => {
                "for a capture, pass the time at which it arrived; otherwise wait for the vendor's retry"
            }
            Self::SecretWhiteSpace { given: true } => {
                "trim the secret where it is read, or store it without (`printf %s`, not `echo`)"
            }
            Self::SecretWhiteSpace { given: false } => {
                "save the secret in the vendor's settings again, without the line break"
            }
            Self::SecretQuoted { given: true } => "store the secret without quotation marks",
            Self::SecretQuoted { given: false } => {
                "save the secret in the vendor's settings again, without the quotation marks"
            }
            Self::SecretHex { given_as_text: true }
            | Self::SecretBase64 { given_as_text: true } => {
                "let the sender use the secret's text, as the vendor does"
            }
            Self::SecretHex { given_as_text: false }
            | Self::SecretBase64 { given_as_text: false } => {
                "give `Secret::new` the text as the vendor shows it, without decoding"
            }
            Self::PreviousSecret { .. } => {
                "accept both for a while: `Secrets::from(current).and(previous)`"
            }
            Self::BodyEmpty => {
                "take the body once, as bytes, before any parser; answer at the URL that the vendor calls"
            }
            Self::BodyRewritten { .. }
            | Self::BodyNewline { .. }
            | Self::BodyLineEndings
            | Self::BodyByteOrderMark { .. } => {
                "verify the raw bytes of the request, before any parser, template or text conversion"
            }
            Self::BodyBase64 => "decode the body from base64 before it is verified",
            Self::BodyCompressed => {
                "turn the proxy's compression of requests off, or decompress before verifying"
            }
            Self::BodyDecompressed => {
                "verify before anything decompresses; capture the body there and try again"
            }
            Self::BodyLength { .. } => "raise the limit that cuts it, and capture the raw bytes",
            Self::NothingFits => {
                "copy the secret of this very endpoint again, and capture the raw bytes of the body"
            }
        }
    }
}

const fn side(older_by: i64) -> &'static str {
    if older_by < 0 { "ahead of" } else { "behind" }
}

/// A span of more than an hour, in its two largest units.
fn long_span(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let (days, hours, minutes) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    match days {
        0 => format!("{hours} h {minutes:02} min"),
        1 => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

impl Rewrite {
    const fn seen(self) -> &'static str {
        match self {
            Self::Compacted => "white space between values was dropped",
            Self::Spaced => "white space between values was added",
            Self::KeysReordered => "keys were put into another order",
            Self::SlashesUnescaped => r"`\/` became `/`",
            Self::SlashesEscaped => r"`/` became `\/`",
            Self::UnicodeUnescaped => r"`\uXXXX` became plain characters",
            Self::UnicodeEscaped => r"plain characters became `\uXXXX`",
        }
    }
}
