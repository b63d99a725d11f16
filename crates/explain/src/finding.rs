//! What can be found, and what is said about it.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::Scheme;

mod text;

/// One reason for a refusal. Each was seen in the request or recomputed; none is a guess.
///
/// [`code`](Self::code) is its name, for programs; [`seen`](Self::seen), [`why`](Self::why) and
/// [`fix`](Self::fix) are for people. None of them holds a secret, a MAC or a value of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The request is another scheme's.
    OtherScheme {
        /// Which.
        scheme: Scheme,
        /// Whether its signature fits one of the given secrets under that scheme's rules. Otherwise
        /// its headers tell.
        fits: bool,
    },
    /// Signed by Trustoo's algorithm of before November 2025: SHA-256, without HMAC or body.
    OldAlgorithm,

    /// A header is absent, under every name that proxies are known to give it.
    HeaderMissing {
        /// The header's name, in lower case.
        header: &'static str,
    },
    /// A header arrived under another name.
    HeaderRenamed {
        /// The name that the vendor sends, in lower case.
        header: &'static str,
        /// The name that it has here.
        found: &'static str,
    },
    /// A header arrived several times.
    HeaderRepeated {
        /// The header's name, in lower case.
        header: &'static str,
        /// How often.
        times: usize,
    },
    /// Several values were joined into one, with commas.
    HeaderJoined {
        /// The header's name, in lower case.
        header: &'static str,
        /// How many.
        values: usize,
    },
    /// White space or quotation marks stand around a header's value.
    HeaderPadded {
        /// The header's name, in lower case.
        header: &'static str,
    },
    /// The public token is another shop's.
    OtherPublicToken,
    /// The query of an Open API request has a parameter `timestamp`.
    ReservedParameter,

    /// The digits stand without the `sha256=` before them.
    PrefixMissing,
    /// A prefix stands before the digits, and the vendor sends none.
    PrefixAdded,
    /// The signature is in upper case.
    UpperCase,
    /// The signature is base64 instead of hex.
    SignatureBase64,
    /// The value is no HMAC-SHA256 in any spelling.
    SignatureMalformed {
        /// How many bytes long it is; 64 hex digits are right.
        length: usize,
    },

    /// The timestamp is a number in another spelling than the vendor's, or none.
    TimestampMalformed {
        /// The header's name, in lower case.
        header: &'static str,
    },
    /// The timestamp is in milliseconds.
    Milliseconds,
    /// The two clocks differ by whole hours, or by what separates two time zones.
    TimeZone {
        /// By how many minutes the signature is older than this clock's time.
        minutes: i64,
    },
    /// The two clocks differ, or the delivery took its time.
    ClockDrift {
        /// By how many seconds the signature is older than this clock's time.
        seconds: i64,
    },
    /// Signed more than an hour ago.
    Stale {
        /// How long ago.
        age: Duration,
    },

    /// The secret has white space around it, or lacks some that the sender's has.
    SecretWhiteSpace {
        /// Whether it is the given secret that has it.
        given: bool,
    },
    /// The secret has quotation marks around it, or lacks those that the sender's has.
    SecretQuoted {
        /// Whether it is the given secret that has them.
        given: bool,
    },
    /// The one side takes the secret as text, the other as hex.
    SecretHex {
        /// Whether the given secret is the text; the sender decodes it.
        given_as_text: bool,
    },
    /// The one side takes the secret as text, the other as base64.
    SecretBase64 {
        /// Whether the given secret is the text; the sender decodes it.
        given_as_text: bool,
    },
    /// Signed with a secret that was in use before.
    PreviousSecret {
        /// Which of the previous ones, from 0.
        index: usize,
    },

    /// The body is empty, and the signature is of one that is not.
    BodyEmpty,
    /// The body was parsed and written again.
    BodyRewritten {
        /// What became of it.
        rewrites: Vec<Rewrite>,
    },
    /// White space at the end of the body (or the start) was added or removed.
    BodyNewline {
        /// Whether the body as received has it.
        added: bool,
    },
    /// Line breaks were turned from LF to CRLF, or back.
    BodyLineEndings,
    /// A byte order mark was put before the body, or taken away.
    BodyByteOrderMark {
        /// Whether the body as received has it.
        added: bool,
    },
    /// The body is handed over in base64.
    BodyBase64,
    /// The body is compressed, and what is in it was signed.
    BodyCompressed,
    /// The headers say that the body is compressed, and it is not. What was signed cannot be had
    /// back: two compressors seldom agree.
    BodyDecompressed,
    /// The body has another length than the headers say.
    BodyLength {
        /// What `content-length` says.
        announced: u64,
        /// How long it is.
        received: u64,
    },

    /// Nothing that was tried fits.
    NothingFits,
}

/// What a parser and a serializer made of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rewrite {
    /// White space between values was dropped.
    Compacted,
    /// White space between values was added: indented, or with a space after each comma.
    Spaced,
    /// An object's keys have another order.
    KeysReordered,
    /// `\/` became `/`.
    SlashesUnescaped,
    /// `/` became `\/`.
    SlashesEscaped,
    /// `\uXXXX` became the character.
    UnicodeUnescaped,
    /// The character became `\uXXXX`.
    UnicodeEscaped,
}

impl Finding {
    /// The finding's name, in snake case, such as `body_rewritten`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherScheme { .. } => "other_scheme",
            Self::OldAlgorithm => "old_algorithm",
            Self::HeaderMissing { .. } => "header_missing",
            Self::HeaderRenamed { .. } => "header_renamed",
            Self::HeaderRepeated { .. } => "header_repeated",
            Self::HeaderJoined { .. } => "header_joined",
            Self::HeaderPadded { .. } => "header_padded",
            Self::OtherPublicToken => "other_public_token",
            Self::ReservedParameter => "reserved_parameter",
            Self::PrefixMissing => "prefix_missing",
            Self::PrefixAdded => "prefix_added",
            Self::UpperCase => "upper_case",
            Self::SignatureBase64 => "signature_base64",
            Self::SignatureMalformed { .. } => "signature_malformed",
            Self::TimestampMalformed { .. } => "timestamp_malformed",
            Self::Milliseconds => "milliseconds",
            Self::TimeZone { .. } => "time_zone",
            Self::ClockDrift { .. } => "clock_drift",
            Self::Stale { .. } => "stale",
            Self::SecretWhiteSpace { .. } => "secret_white_space",
            Self::SecretQuoted { .. } => "secret_quoted",
            Self::SecretHex { .. } => "secret_hex",
            Self::SecretBase64 { .. } => "secret_base64",
            Self::PreviousSecret { .. } => "previous_secret",
            Self::BodyEmpty => "body_empty",
            Self::BodyRewritten { .. } => "body_rewritten",
            Self::BodyNewline { .. } => "body_newline",
            Self::BodyLineEndings => "body_line_endings",
            Self::BodyByteOrderMark { .. } => "body_byte_order_mark",
            Self::BodyBase64 => "body_base64",
            Self::BodyCompressed => "body_compressed",
            Self::BodyDecompressed => "body_decompressed",
            Self::BodyLength { .. } => "body_length",
            Self::NothingFits => "nothing_fits",
        }
    }
}

impl Serialize for Finding {
    /// `code`, `seen`, `why` and `fix`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut finding = serializer.serialize_struct("Finding", 4)?;
        finding.serialize_field("code", self.code())?;
        finding.serialize_field("seen", &self.seen())?;
        finding.serialize_field("why", self.why())?;
        finding.serialize_field("fix", self.fix())?;
        finding.end()
    }
}
