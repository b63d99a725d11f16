//! The words for each finding: one entry each, with what was seen, why a request is refused for
//! it, and what to do.
#![allow(clippy::too_many_lines, reason = "a table")]

use std::{borrow::Cow, time::Duration};

use super::{Encoding, Finding, Rewrite, Variation};

/// The three things that are said of a finding.
struct Words {
    seen: Cow<'static, str>,
    why: &'static str,
    fix: &'static str,
}

fn words(seen: impl Into<Cow<'static, str>>, why: &'static str, fix: &'static str) -> Words {
    Words { seen: seen.into(), why, fix }
}

const RAW_BYTES: &str =
    "verify the raw bytes of the request, before any parser, template or text conversion";
const ONE_SPELLING: &str = "the vendor writes headers in one spelling, and no other is taken";
const PASS_ON: &str = "pass the header's value on as the vendor sent it; if you are the sender, write it like the vendor";
const ALIGN_SENDER: &str =
    "let the sender build the string as the vendor documents it; `--show` prints both";

impl Finding {
    /// The fact that was seen.
    #[must_use]
    pub fn seen(&self) -> String {
        self.words().seen.into_owned()
    }

    /// Why the request was refused for it.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.words().why
    }

    /// The remedy.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        self.words().fix
    }

    fn words(&self) -> Words {
        match self {
            Self::OtherScheme { scheme, fits: true } => words(
                format!("the signature fits the secret by the rules of {scheme}"),
                "the endpoint takes another scheme, which has other headers and another secret",
                "point the vendor's webhook at the endpoint for it, or verify it with that scheme's verifier",
            ),
            Self::OtherScheme { scheme, fits: false } => words(
                format!("the headers are those of {scheme}"),
                "each scheme has headers and a secret of its own; this one's secret is not among those given",
                "point the vendor's webhook at the endpoint for it, or verify it with that scheme's verifier",
            ),
            Self::OldAlgorithm => words(
                "the signature is the plain SHA-256 of the sorted parameters and the private token",
                "Trustoo replaced that algorithm by HMAC-SHA256 in November 2025",
                "update the sender: sign with `open_api::Signer` or the Quick Start's code",
            ),
            Self::BearerToken => words(
                "`Authorization` is not empty",
                "the server takes such a request for one with an OAuth token and does not look at its signature",
                "send either `Authorization` or `Public-Token`, `Timestamp` and `Sign`, not both",
            ),

            Self::HeaderMissing { header } => words(
                format!("there is no header `{header}`, nor any that it is commonly renamed to"),
                "an endpoint without a secret sends no signature, and a proxy may drop headers it does not know",
                "set a secret for the endpoint in the vendor's settings; let the proxy pass the header on",
            ),
            Self::HeaderRenamed { header, found } => words(
                format!("the value of `{header}` stands under `{found}`"),
                "a gateway or a CGI environment gives headers names of its own, and only the vendor's is read",
                "pass the header on under its name, or map it back in an `impl Headers`",
            ),
            Self::HeaderRepeated { header, times } => words(
                format!("`{header}` came {times} times"),
                "programs differ in which of several values they take, so none is taken",
                "find the proxy or middleware that adds the header again, and let it pass it on unchanged",
            ),
            Self::HeaderJoined { header, values } => words(
                format!("`{header}` holds {values} values, joined with commas"),
                "programs differ in which of several values they take, so none is taken",
                "find the proxy or middleware that adds the header again, and let it pass it on unchanged",
            ),
            Self::HeaderPadded { header } => words(
                format!("the value of `{header}` has white space or quotation marks around it"),
                ONE_SPELLING,
                PASS_ON,
            ),
            Self::OtherPublicToken => words(
                "the public token of the request is not the configured one",
                "it selects the private token, and none is configured for it",
                "configure that shop's tokens, or point its webhook at its own endpoint",
            ),
            Self::ReservedParameter => words(
                "the query has a parameter `timestamp`",
                "the signature adds that parameter itself, from the header",
                "call that parameter something else",
            ),

            Self::PrefixMissing => {
                words("the signature lacks the `sha256=` before its digits", ONE_SPELLING, PASS_ON)
            }
            Self::PrefixAdded => {
                words("`sha256=` stands before the digits of the signature", ONE_SPELLING, PASS_ON)
            }
            Self::UpperCase => words("the signature is in upper case", ONE_SPELLING, PASS_ON),
            Self::SignatureBase64 => {
                words("the signature is base64, not hex", ONE_SPELLING, PASS_ON)
            }
            Self::SignatureMalformed { length } => words(
                format!(
                    "the signature is {length} bytes long and neither 64 hex digits nor base64 of 32 bytes"
                ),
                "it was cut, is masked, or is the digest of another algorithm",
                "compare the header with the vendor's delivery log and with the proxy's",
            ),

            Self::TimestampMalformed { header } => words(
                format!("`{header}` is not Unix seconds in plain digits"),
                "the time is signed as the digits stand, so only one spelling of it is taken",
                PASS_ON,
            ),
            Self::Milliseconds => words(
                "the timestamp is in milliseconds",
                "read as seconds it lies tens of thousands of years ahead; the vendor sends seconds",
                "divide by 1000 where the timestamp is made",
            ),
            Self::WholeHours { minutes } => {
                let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
                let side = if *minutes < 0 { "ahead of" } else { "behind" };
                words(
                    format!(
                        "signed {hours} h {rest:02} min {side} this clock's time, to the minute"
                    ),
                    if *minutes < 0 {
                        "it lies further ahead than the replay window allows; so much to the minute looks like a clock that shows local time as UTC"
                    } else {
                        "it is older than the replay window allows: a clock that shows local time as UTC, or a delivery that was held or sent again that much later; both look the same"
                    },
                    "if fresh deliveries are refused too, set the system clock to UTC and configure the time zone separately; if only this one is, it was late: wait for the vendor's retry, or judge it at the time of its arrival (`--now`)",
                )
            }
            Self::Late { age } => words(
                format!("signed {} ago", span(*age)),
                "it is older than the replay window allows: captured earlier, held in a queue, replayed, or one of the clocks is wrong",
                "judge a capture at the time of its arrival (`--now`); if fresh deliveries are refused too, run NTP on this machine",
            ),
            Self::Early { ahead } => words(
                format!("signed {} ahead of this clock's time", span(*ahead)),
                "it lies further ahead than the replay window allows, so one of the two clocks is wrong",
                "run NTP on this machine; ask the vendor only if this clock is right",
            ),

            Self::SecretWhiteSpace { given: true } => words(
                "the signature fits the secret without the white space in it or around it",
                "files end with a line break, and pasted text brings spaces along; they became part of the key",
                "trim the secret where it is read, or store it without (`printf %s`, not `echo`)",
            ),
            Self::SecretWhiteSpace { given: false } => words(
                "the signature fits the secret with white space around it",
                "the sender's setting holds a line break or a space that was not copied",
                "save the secret in the vendor's settings again, without the white space",
            ),
            Self::SecretQuoted { given: true } => words(
                "the signature fits the secret without the quotation marks around it",
                "not every reader of .env files takes quotation marks away; they became part of the key",
                "store the secret without quotation marks",
            ),
            Self::SecretQuoted { given: false } => words(
                "the signature fits the secret with quotation marks around it",
                "the sender's setting holds quotation marks that were not copied",
                "save the secret in the vendor's settings again, without the quotation marks",
            ),
            Self::SecretHex { given_as_text: true } => words(
                "the signature fits the bytes that the secret is the hex of",
                "the sender decoded the secret; the vendors use the text as it is shown",
                "let the sender use the secret's text, as the vendor does",
            ),
            Self::SecretHex { given_as_text: false } => words(
                "the signature fits the hex of the secret",
                "the secret was decoded on this side; the vendors use the text as it is shown",
                "give `Secret::new` the text as the vendor shows it, without decoding",
            ),
            Self::SecretBase64 { given_as_text: true } => words(
                "the signature fits the bytes that the secret is the base64 of",
                "the sender decoded the secret; the vendors use the text as it is shown",
                "let the sender use the secret's text, as the vendor does",
            ),
            Self::SecretBase64 { given_as_text: false } => words(
                "the signature fits the base64 of the secret",
                "the secret was decoded on this side; the vendors use the text as it is shown",
                "give `Secret::new` the text as the vendor shows it, without decoding",
            ),
            Self::SecretEntities { given: true } => words(
                "the signature fits the secret with its HTML entities resolved",
                "the secret was copied from a page's source or from a database that keeps it escaped",
                "store the secret as the vendor's page shows it: `&` and not `&amp;`",
            ),
            Self::SecretEntities { given: false } => words(
                "the signature fits the secret with HTML entities in it",
                "the sender keeps the secret escaped for HTML and signs with that, `&amp;` in place of `&`",
                "choose a secret of letters and digits alone; until then, give the escaped text",
            ),
            Self::SecretSlashes { given: true } => words(
                "the signature fits the secret without its backslashes",
                "WordPress and PHP put a backslash before each quotation mark; they became part of the key",
                "store the secret without them (`wp_unslash`)",
            ),
            Self::SecretSlashes { given: false } => words(
                "the signature fits the secret with backslashes before its quotation marks",
                "WordPress put them there when the secret was saved, and the sender signs with them",
                "choose a secret of letters and digits alone; until then, give the text with backslashes",
            ),
            Self::SecretUrlEncoded { given: true } => words(
                "the signature fits the secret with its percent-encoding resolved",
                "the secret was copied from a URL or a form's data",
                "store the secret as the vendor's page shows it",
            ),
            Self::SecretUrlEncoded { given: false } => words(
                "the signature fits the secret percent-encoded",
                "the sender took the secret from a URL or a form without decoding it",
                "let the sender decode it, or choose a secret of letters and digits alone",
            ),
            Self::SecretByteOrderMark { given: true } => words(
                "the signature fits the secret without the byte order mark before it",
                "the file with the secret was saved as \"UTF-8 with BOM\"; the mark became part of the key",
                "save the file as UTF-8 without a byte order mark",
            ),
            Self::SecretByteOrderMark { given: false } => words(
                "the signature fits the secret with a byte order mark before it",
                "the sender read the secret from a file that was saved as \"UTF-8 with BOM\"",
                "save the sender's file as UTF-8 without a byte order mark",
            ),
            Self::SecretAssignment => words(
                "the signature fits what stands after the `=` of the secret",
                "a whole line of an .env file was given, with the name of the variable",
                "give the value alone",
            ),
            Self::SecretPrefix { given: true } => words(
                "the signature fits the secret without the `whsec_` before it",
                "the sender's setting holds the secret without it",
                "store the secret as the vendor's page shows it, with or without `whsec_`",
            ),
            Self::SecretPrefix { given: false } => words(
                "the signature fits the secret with `whsec_` before it",
                "it belongs to the secret where the vendor's page shows it, and was left out",
                "store the secret as the vendor's page shows it, with `whsec_`",
            ),
            Self::SecretEscapes { given: true } => words(
                "the signature fits the secret with its escapes (`\\u00e9`) resolved",
                "the secret was copied from JSON or from a program's source",
                "store the secret as the vendor's page shows it",
            ),
            Self::SecretEscapes { given: false } => words(
                "the signature fits the secret with escapes (`\\u00e9`) in it",
                "the sender took the secret from JSON or from a program's source without resolving them",
                "choose a secret of letters and digits alone; until then, give the text with escapes",
            ),
            Self::SecretCharset { given: true } => words(
                "the signature fits the secret converted to UTF-8",
                "the secret was read from a file in another character set",
                "save that file as UTF-8",
            ),
            Self::SecretCharset { given: false } => words(
                "the signature fits the secret in Latin-1 or Windows-1252",
                "the sender keeps the secret in another character set than UTF-8",
                "choose a secret of letters and digits alone; until then, give the bytes that the sender has",
            ),
            Self::PreviousSecret { index } => words(
                match index {
                    0 => "the signature fits the previous secret".to_owned(),
                    _ => format!(
                        "the signature fits a previous secret, the one given as number {}",
                        index.saturating_add(1)
                    ),
                },
                "the sender has not taken over the new secret yet, or signed before it did",
                "accept both for a while: `Secrets::from(current).and(previous)`",
            ),

            Self::BodyEmpty => words(
                "the body is empty, and the signature is not that of an empty body",
                "something read the body before it was verified, a redirect dropped it, or the capture lacks it",
                "take the body once, as bytes, before any parser; answer at the URL that the vendor calls",
            ),
            Self::BodyRewritten { rewrites } => {
                let rewrites: Vec<_> = rewrites.iter().map(|rewrite| rewrite.seen()).collect();
                words(
                    match rewrites.as_slice() {
                        [] => "the signature fits another spelling of this JSON".to_owned(),
                        rewrites => format!(
                            "the signature fits another spelling of this JSON: {}",
                            rewrites.join(", ")
                        ),
                    },
                    "it was parsed and written again on its way here, and a signature is over bytes",
                    RAW_BYTES,
                )
            }
            Self::BodyNewline { added: true } => words(
                "the signature fits the body without the white space around it",
                "an editor, a shell or a template put white space there, on the way or only in this capture; a signature is over bytes",
                "if the capture was saved by an editor, the request itself may be fine: cut the white space off and try again; otherwise verify the raw bytes",
            ),
            Self::BodyNewline { added: false } => words(
                "the signature fits the body with white space after it",
                "an editor, a shell or a template cut the end off, on the way or only in this capture; a signature is over bytes",
                RAW_BYTES,
            ),
            Self::BodyLineEndings => words(
                "the signature fits the body with other line breaks",
                "the body went through a text mode that changes line breaks, and a signature is over bytes",
                RAW_BYTES,
            ),
            Self::BodyByteOrderMark { added: true } => words(
                "the signature fits the body without the byte order mark before it",
                "the body was read or saved as text, and a signature is over bytes",
                RAW_BYTES,
            ),
            Self::BodyByteOrderMark { added: false } => words(
                "the signature fits the body with a byte order mark before it",
                "the body was read or saved as text, and a signature is over bytes",
                RAW_BYTES,
            ),
            Self::BodyBase64 => words(
                "the signature fits the bytes that the body is the base64 of",
                "AWS Lambda hands over binary bodies in base64 and says so in `isBase64Encoded`",
                "decode the body from base64 before it is verified",
            ),
            Self::BodyCompressed => words(
                "the body is compressed, and the signature fits its content",
                "a proxy compressed the body on its way here, and a signature is over bytes",
                "turn the proxy's compression of requests off, or decompress before verifying",
            ),
            Self::BodyDecompressed => words(
                "`content-encoding` says that the body is compressed, and it is not",
                "something decompressed it; if the compressed bytes were signed, they cannot be had back",
                "verify before anything decompresses; capture the body there and try again",
            ),
            Self::BodyCharset { signed, received } => words(
                format!(
                    "the signature fits the body in {}, and it is in {} here",
                    signed.name(),
                    received.name()
                ),
                "the body was turned into another character set, and a signature is over bytes",
                RAW_BYTES,
            ),
            Self::BodyMojibake { read_as } => words(
                format!(
                    "the signature fits the body before its UTF-8 was read as {} and written as UTF-8 again",
                    read_as.name()
                ),
                "a database, a log or a framework took the body for another character set",
                RAW_BYTES,
            ),
            Self::BodyEntities { added: true } => words(
                "the signature fits the body with its HTML entities resolved",
                "the body was escaped for HTML on its way here, or is copied from a page's source",
                RAW_BYTES,
            ),
            Self::BodyEntities { added: false } => words(
                "the signature fits the body with HTML entities in it",
                "the body's entities were resolved on its way here",
                RAW_BYTES,
            ),
            Self::BodySlashes { added: true } => words(
                "the signature fits the body without its backslashes",
                "WordPress and old PHP put a backslash before each quotation mark of a request",
                "read `php://input` instead of `$_POST`, and do not add slashes",
            ),
            Self::BodySlashes { added: false } => words(
                "the signature fits the body with backslashes before its quotation marks",
                "something took backslashes away (`stripslashes`, `wp_unslash`), and a signature is over bytes",
                "read `php://input`, and do not strip slashes before the body is verified",
            ),
            Self::BodyTypography => words(
                "the signature fits the body with plain quotation marks and spaces",
                "a word processor, a chat or a mail program made the text look better",
                "take the body from a log or a recorder, not from a message",
            ),
            Self::BodyUrlEncoded { added: true } => words(
                "the signature fits the body with its percent-encoding resolved",
                "the body was sent on as a form or in a URL",
                RAW_BYTES,
            ),
            Self::BodyUrlEncoded { added: false } => words(
                "the signature fits the body percent-encoded",
                "the body was decoded like a form before it was verified",
                RAW_BYTES,
            ),
            Self::BodyWrapped => words(
                "the signature fits a part of this body",
                "a queue, a function's event or a relay put the request's body into a document of its own",
                "take the body out of that document, as text and before it is parsed, and verify that",
            ),
            Self::BodyUnwrapped => words(
                "the signature fits this body as a JSON string",
                "the sender encoded its JSON a second time, and a parser on this side undid it",
                RAW_BYTES,
            ),
            Self::BodyParsed => words(
                "the capture has the body as parsed JSON, and no usual spelling of it fits",
                "the bytes that were signed are not in the capture, so it cannot tell whether the request was genuine",
                "capture the raw body; the secret of another endpoint looks the same here",
            ),
            Self::BodyReplaced => words(
                "the body has U+FFFD in it, which programs write in place of bytes that they cannot read",
                "if bytes were replaced, those that were signed are not there, and cannot be had back",
                "capture the raw bytes of the body, in a file or as base64",
            ),
            Self::BodyLength { announced, received } => words(
                format!("`content-length` says {announced} bytes, the body has {received}"),
                "the body was cut off or changed, or the recorder kept the length of something else",
                "raise the limit that cuts it, and capture the raw bytes",
            ),

            Self::SignedOtherwise { how } => how.words(),
            Self::NothingFits => words(
                "the signature fits nothing that was tried",
                "most likely it was made with another endpoint's secret, or the body differs in what it says",
                "copy the secret of this very endpoint again, and capture the raw bytes of the body",
            ),
            Self::SearchEnded { macs } => words(
                format!(
                    "the signature fits none of the {macs} readings that were tried, and more are possible"
                ),
                "for a body this long or this many secrets, not everything can be tried within the bound on work",
                "give fewer previous secrets and a shorter delivery of the same endpoint; most likely the secret is another endpoint's",
            ),
        }
    }
}

impl Variation {
    fn words(self) -> Words {
        const BY_KEY: &str =
            "sort all parameters and `timestamp` by their keys' bytes, then join them";
        const VALUES: &str =
            "percent-decode keys and values, `+` as a space, before they are joined";
        let (seen, why, fix) = match self {
            Self::ParametersUnsorted => (
                "the signature fits the parameters in the order of the URL, with `timestamp` after them",
                "the server sorts them by key before it signs",
                BY_KEY,
            ),
            Self::SortedOtherwise => (
                "the signature fits the parameters in another order",
                "the server sorts by the bytes of the keys alone; capitals come before small letters, and repeated keys keep their order",
                BY_KEY,
            ),
            Self::ParametersAsSent => (
                "the signature fits the parameters as they stand in the URL, escapes and all",
                "the server decodes them before it signs",
                VALUES,
            ),
            Self::ParametersEncoded => (
                "the signature fits the parameters percent-encoded",
                "the server decodes them before it signs",
                VALUES,
            ),
            Self::PlusLiteral => (
                "the signature fits the parameters with `+` as itself",
                "in a query `+` stands for a space, and so it is signed",
                "write `%2B` for a plus sign and sign the decoded value",
            ),
            Self::TimestampLast => (
                "the signature fits with the time at the end",
                "the time has its documented place: sorted among the parameters, or ahead of the body",
                ALIGN_SENDER,
            ),
            Self::TimestampFirst => (
                "the signature fits with `timestamp` before the parameters",
                "it is sorted among the parameters by its name",
                BY_KEY,
            ),
            Self::TimestampLeftOut => (
                "the signature fits without the time",
                "without it a captured request could be replayed at any time, so it is part of what is signed",
                ALIGN_SENDER,
            ),
            Self::TimestampBare => (
                "the signature fits the time without `timestamp=` before it",
                "the time is signed as a parameter",
                ALIGN_SENDER,
            ),
            Self::EmptyLeftOut => (
                "the signature fits without the parameters that are empty",
                "an empty parameter is signed as `key=`",
                "sign every parameter that is sent, or do not send empty ones",
            ),
            Self::BareParameter => (
                "the signature fits a parameter without `=`",
                "a parameter without a value is signed as `key=`",
                "sign `key=`, or do not send parameters without a value",
            ),
            Self::QuestionMark => (
                "the signature fits with a `?` before the parameters",
                "the canonical string starts with the first parameter",
                ALIGN_SENDER,
            ),
            Self::PathIncluded => (
                "the signature fits with the path before the parameters",
                "neither path nor method is signed",
                ALIGN_SENDER,
            ),
            Self::UrlIncluded => (
                "the signature fits with the URL before the parameters",
                "neither host nor path is signed",
                ALIGN_SENDER,
            ),
            Self::SeparatorMissing => (
                "the signature fits without the separator before the body",
                "a separator parts the body from the rest: `.` for TrustLens, `|` for Trustoo",
                ALIGN_SENDER,
            ),
            Self::SeparatorAdded => (
                "the signature fits with a separator although there is no body",
                "where there is no body the canonical string ends with the last parameter",
                ALIGN_SENDER,
            ),
            Self::SeparatorOther => (
                "the signature fits with another separator before the body",
                "the separator is `.` for TrustLens and `|` for Trustoo",
                ALIGN_SENDER,
            ),
            Self::BodyIncluded => (
                "the signature fits with the body, and the request is no POST",
                "the body is signed for POST requests only",
                "leave the body out of the string, and out of the request",
            ),
            Self::BodyLeftOut => (
                "the signature fits without the body",
                "the body of a POST is part of what is signed",
                "append the separator and the exact bytes of the body",
            ),
            Self::QueryIncluded => (
                "the signature fits with the query of the URL counted in",
                "the verifier takes no query into account unless it is told to",
                "give the verifier the query (`shop::Verifier::with_query`), or register the URL without one",
            ),
        };
        words(seen, why, fix)
    }
}

/// A span in its two largest units.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let minutes = seconds / 60;
    let (days, hours, minutes) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0..10) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {:02} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes:02} min"),
        (1, _, _) => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Latin1 => "Latin-1",
            Self::Windows1252 => "Windows-1252",
        }
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
            Self::HtmlUnescaped => r"`\u003c` and the like became `<` and the like",
            Self::HtmlEscaped => r"`<` and the like became `\u003c` and the like",
            Self::EscapeCase => {
                r"the digits of `\uXXXX` changed between capitals and small letters"
            }
            Self::EmptyExchanged => "`{}` and `[]` were exchanged",
        }
    }
}
