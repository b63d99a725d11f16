//! The findings, and the texts that explain them.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::SchemeName;

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
        scheme: SchemeName,
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
    /// Signed a whole number of hours before or after this clock's time, or by what separates two
    /// time zones: a clock that shows local time, or a delivery that late.
    WholeHours {
        /// By how many minutes the signature is older than this clock's time.
        minutes: i64,
    },
    /// Signed longer ago than the window allows.
    Late {
        /// How long ago.
        age: Duration,
    },
    /// Signed further ahead of this clock than the window allows.
    Early {
        /// How far ahead.
        ahead: Duration,
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
    /// The one side has the secret with HTML entities.
    SecretEntities {
        /// Whether it is the given secret that has them.
        given: bool,
    },
    /// The one side has the secret with backslashes before its quotation marks.
    SecretSlashes {
        /// Whether it is the given secret that has them.
        given: bool,
    },
    /// The one side has the secret percent-encoded.
    SecretUrlEncoded {
        /// Whether it is the given secret that is.
        given: bool,
    },
    /// The one side has the secret with a byte order mark before it.
    SecretByteOrderMark {
        /// Whether it is the given secret that has one.
        given: bool,
    },
    /// The secret is a whole assignment, `NAME=value`, and its value was used.
    SecretAssignment,
    /// The one side has the secret with `whsec_` before it.
    SecretPrefix {
        /// Whether it is the given secret that has it.
        given: bool,
    },
    /// The one side has the secret with escapes for characters, `\u00e9`.
    SecretEscapes {
        /// Whether it is the given secret that has them.
        given: bool,
    },
    /// The one side has the secret in another character set than UTF-8.
    SecretCharset {
        /// Whether it is the given secret that is.
        given: bool,
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
        /// The changes that were made.
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
    /// The body was turned from one character set into another.
    BodyCharset {
        /// The one that it was signed in.
        signed: Encoding,
        /// The one that it is in now.
        received: Encoding,
    },
    /// The body's UTF-8 was read as another character set and written as UTF-8 again.
    BodyMojibake {
        /// The other set.
        read_as: Encoding,
    },
    /// HTML entities were put into the body, or resolved.
    BodyEntities {
        /// Whether the body as received has them.
        added: bool,
    },
    /// Backslashes were put before the body's quotation marks, or taken away.
    BodySlashes {
        /// Whether the body as received has them.
        added: bool,
    },
    /// Quotation marks and spaces of the body were replaced by those of a typesetter.
    BodyTypography,
    /// The body was percent-encoded, or decoded.
    BodyUrlEncoded {
        /// Whether the body as received is encoded.
        added: bool,
    },
    /// The signature is of a value inside of the body as received.
    BodyWrapped,
    /// The signature is of a JSON string that holds the body as received.
    BodyUnwrapped,
    /// The recorder parsed the body, so the bytes that were signed are not in the capture.
    BodyParsed,
    /// The body is compressed, and the signature is of its content.
    BodyCompressed,
    /// The headers say that the body is compressed, and it is not. The bytes that were signed cannot
    /// be restored: two compressors seldom agree.
    BodyDecompressed,
    /// The body has U+FFFD in it, which programs write in place of bytes that they cannot read.
    BodyReplaced,
    /// The body has another length than the headers say.
    BodyLength {
        /// The length in `content-length`.
        announced: u64,
        /// The length of the body.
        received: u64,
    },

    /// The signature is over another string than the vendor's documents say.
    SignedOtherwise {
        /// Which.
        how: Variation,
    },
    /// The request carries an `Authorization` besides its signature.
    BearerToken,

    /// Nothing that was tried fits, and all of it was tried.
    NothingFits,
    /// Nothing that was tried fits, and the bound on work came before the end.
    SearchEnded {
        /// How many signatures were computed.
        macs: usize,
    },
}

/// A way that the string that is signed differs from the documented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Variation {
    /// Parameters in the order of the URL.
    ParametersUnsorted,
    /// Parameters sorted by something else than their keys' bytes.
    SortedOtherwise,
    /// Keys and values as they stand in the URL.
    ParametersAsSent,
    /// Keys and values percent-encoded again.
    ParametersEncoded,
    /// `+` as itself and not as a space.
    PlusLiteral,
    /// `timestamp` after all other parameters.
    TimestampLast,
    /// `timestamp` before all other parameters.
    TimestampFirst,
    /// No `timestamp`.
    TimestampLeftOut,
    /// The time without `timestamp=` before it.
    TimestampBare,
    /// Without the parameters that are empty.
    EmptyLeftOut,
    /// Without the `=` of a parameter that has none in the URL.
    BareParameter,
    /// With a `?` before the parameters.
    QuestionMark,
    /// With the path before the parameters.
    PathIncluded,
    /// With the whole URL before the parameters.
    UrlIncluded,
    /// Without what parts the body from the rest.
    SeparatorMissing,
    /// With a separator although there is no body.
    SeparatorAdded,
    /// With another separator.
    SeparatorOther,
    /// With the body of a request that is no POST.
    BodyIncluded,
    /// Without the body.
    BodyLeftOut,
    /// With the query of the receiver's URL.
    QueryIncluded,
}

/// A character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, of either byte order.
    Utf16,
    /// ISO 8859-1.
    Latin1,
    /// Windows-1252.
    Windows1252,
}

/// A change that a parser and a serializer made to a body.
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
    /// `\u003c` became `<`, and so on.
    HtmlUnescaped,
    /// `<` became `\u003c`, and so on.
    HtmlEscaped,
    /// `\u00e9` became `\u00E9`, or back.
    EscapeCase,
    /// `{}` became `[]`, or back.
    EmptyExchanged,
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
            Self::WholeHours { .. } => "whole_hours",
            Self::Late { .. } => "late",
            Self::Early { .. } => "early",
            Self::SecretWhiteSpace { .. } => "secret_white_space",
            Self::SecretQuoted { .. } => "secret_quoted",
            Self::SecretHex { .. } => "secret_hex",
            Self::SecretBase64 { .. } => "secret_base64",
            Self::SecretEntities { .. } => "secret_entities",
            Self::SecretSlashes { .. } => "secret_slashes",
            Self::SecretAssignment => "secret_assignment",
            Self::SecretPrefix { .. } => "secret_prefix",
            Self::SecretEscapes { .. } => "secret_escapes",
            Self::SecretCharset { .. } => "secret_charset",
            Self::SecretUrlEncoded { .. } => "secret_url_encoded",
            Self::SecretByteOrderMark { .. } => "secret_byte_order_mark",
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
            Self::BodyCharset { .. } => "body_charset",
            Self::BodyMojibake { .. } => "body_mojibake",
            Self::BodyEntities { .. } => "body_entities",
            Self::BodySlashes { .. } => "body_slashes",
            Self::BodyTypography => "body_typography",
            Self::BodyUrlEncoded { .. } => "body_url_encoded",
            Self::BodyWrapped => "body_wrapped",
            Self::BodyUnwrapped => "body_unwrapped",
            Self::BodyParsed => "body_parsed",
            Self::BodyReplaced => "body_replaced",
            Self::SignedOtherwise { how } => how.code(),
            Self::BearerToken => "bearer_token",
            Self::NothingFits => "nothing_fits",
            Self::SearchEnded { .. } => "search_ended",
        }
    }
}

impl Variation {
    /// The finding's name.
    const fn code(self) -> &'static str {
        match self {
            Self::ParametersUnsorted => "parameters_unsorted",
            Self::SortedOtherwise => "sorted_otherwise",
            Self::ParametersAsSent => "parameters_as_sent",
            Self::ParametersEncoded => "parameters_encoded",
            Self::PlusLiteral => "plus_literal",
            Self::TimestampLast => "timestamp_last",
            Self::TimestampFirst => "timestamp_first",
            Self::TimestampLeftOut => "timestamp_left_out",
            Self::TimestampBare => "timestamp_bare",
            Self::EmptyLeftOut => "empty_left_out",
            Self::BareParameter => "bare_parameter",
            Self::QuestionMark => "question_mark",
            Self::PathIncluded => "path_included",
            Self::UrlIncluded => "url_included",
            Self::SeparatorMissing => "separator_missing",
            Self::SeparatorAdded => "separator_added",
            Self::SeparatorOther => "separator_other",
            Self::BodyIncluded => "body_included",
            Self::BodyLeftOut => "body_left_out",
            Self::QueryIncluded => "query_included",
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
