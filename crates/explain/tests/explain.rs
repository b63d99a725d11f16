//! Each fault is explained by what it is, a genuine request by nothing, a forgery never as genuine.
#![allow(clippy::too_many_lines, reason = "a table of faults")]

use std::{fmt::Write as _, io::Write as _, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use trusthooks::{
    Secret, SignedHeaders, Timestamp, VerifyError, trustlens,
    trustoo::{open_api, shop, system},
};
use trusthooks_explain::{
    Encoding, Explainer, Finding, MAX_MACS, Report, Rewrite, SchemeName, Strings, Variation,
    capture::Capture,
};

const NOW: u64 = 1_780_000_000;
const SECRET: &str = "whsec_5f0c1d";
const TOKEN: &str = "GfKu22TCaj4gULtrA3/OgA==";

/// As PHP writes it: compact, slashes and letters beyond ASCII escaped.
const PHP: &str =
    r#"{"event":"test","message":"Gr\u00fc\u00dfe","site":{"url":"https:\/\/yourstore.com"}}"#;
/// The same after a parser and a serializer that leave such characters alone.
const PLAIN: &str = r#"{"event":"test","message":"Grüße","site":{"url":"https://yourstore.com"}}"#;

/// Every other string that is signed by mistake.
const VARIATIONS: [Variation; 20] = {
    use Variation::*;
    [
        ParametersUnsorted,
        SortedOtherwise,
        ParametersAsSent,
        ParametersEncoded,
        PlusLiteral,
        TimestampLast,
        TimestampFirst,
        TimestampLeftOut,
        TimestampBare,
        EmptyLeftOut,
        BareParameter,
        QuestionMark,
        PathIncluded,
        UrlIncluded,
        SeparatorMissing,
        SeparatorAdded,
        SeparatorOther,
        BodyIncluded,
        BodyLeftOut,
        QueryIncluded,
    ]
};

const fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

fn sign(scheme: SchemeName, secret: impl AsRef<[u8]>, body: &[u8], at: u64) -> SignedHeaders {
    let (secret, at) = (Secret::new(secret).unwrap(), Timestamp::from_unix(at));
    match scheme {
        SchemeName::TrustLens => trustlens::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustLensV1 => trustlens::v1::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustooShop => shop::Signer::new(TOKEN, secret).sign_at(body, at),
        SchemeName::TrustooSystem => system::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustooOpenApi => {
            open_api::Signer::new(TOKEN, secret).sign_at("", Some(body), at).unwrap()
        }
        _ => panic!("a new scheme"),
    }
}

/// A request at an endpoint, genuine until something is done to it.
#[derive(Clone)]
struct Case {
    scheme: SchemeName,
    secret: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now: u64,
}

impl Case {
    fn of(scheme: SchemeName, body: impl AsRef<[u8]>) -> Self {
        Self::signed(scheme, SECRET, body)
    }

    fn signed(scheme: SchemeName, secret: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        Self {
            scheme,
            headers: pairs(&sign(scheme, secret, body.as_ref(), NOW)),
            secret: SECRET.into(),
            body: body.as_ref().to_vec(),
            now: NOW,
        }
    }

    fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = secret.as_ref().to_vec();
        self
    }

    fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    fn at(mut self, scheme: SchemeName) -> Self {
        self.scheme = scheme;
        self
    }

    fn later(mut self, seconds: i64) -> Self {
        self.now = NOW.checked_add_signed(seconds).unwrap();
        self
    }

    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Changes a header that is there.
    fn change(mut self, name: &str, change: impl Fn(&str) -> String) -> Self {
        let (_, value) = self.headers.iter_mut().find(|(sent, _)| sent == name).unwrap();
        *value = change(str::from_utf8(value).unwrap()).into_bytes();
        self
    }

    fn rename(mut self, name: &str, new: &str) -> Self {
        new.clone_into(&mut self.headers.iter_mut().find(|(sent, _)| sent == name).unwrap().0);
        self
    }

    fn drop(mut self, name: &str) -> Self {
        self.headers.retain(|(sent, _)| sent != name);
        self
    }

    fn explainer(&self) -> Explainer {
        Explainer::new(self.scheme, &self.secret).unwrap()
    }

    fn explain(&self) -> Report {
        self.explain_by(&self.explainer())
    }

    fn explain_by(&self, explainer: &Explainer) -> Report {
        let report = explainer.explain(&self.headers, &self.body, Timestamp::from_unix(self.now));
        assert!(report.macs() <= MAX_MACS);
        report
    }
}

fn pairs(signed: &SignedHeaders) -> Vec<(String, Vec<u8>)> {
    signed.iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lens() -> Case {
    Case::of(SchemeName::TrustLens, PHP)
}

const LENS_SIGNATURE: &str = "x-trustlens-signature";
const LENS_TIME: &str = "x-trustlens-timestamp";
const SHOP_SIGNATURE: &str = "open-trustoo-webhook-sign";

fn rewritten(rewrites: &[Rewrite]) -> Finding {
    Finding::BodyRewritten { rewrites: rewrites.to_vec() }
}

/// One fault each, and what is found: that alone, and the signature recomputed.
fn recomputed() -> Vec<(&'static str, Case, Finding)> {
    use Rewrite::{
        Compacted, EmptyExchanged, EscapeCase, HtmlUnescaped, KeysReordered, SlashesEscaped,
        SlashesUnescaped, Spaced, UnicodeEscaped, UnicodeUnescaped,
    };
    use SchemeName::{TrustLens, TrustLensV1, TrustooOpenApi, TrustooShop, TrustooSystem};

    let white_space = |given| Finding::SecretWhiteSpace { given };
    let hex = |given_as_text| Finding::SecretHex { given_as_text };
    let b64 = |given_as_text| Finding::SecretBase64 { given_as_text };
    let other = |scheme| Finding::OtherScheme { scheme, fits: true };
    let newline = |added| Finding::BodyNewline { added };
    let mark = |added| Finding::BodyByteOrderMark { added };
    let hours = |minutes| Finding::WholeHours { minutes };
    let late = |seconds| Finding::Late { age: Duration::from_secs(seconds) };
    let renamed = |header, found| Finding::HeaderRenamed { header, found };
    let php_plain = [SlashesUnescaped, UnicodeUnescaped];

    let compact = r#"{"event":"test","order":{"id":1,"total":249.00,"tags":[],"meta":{}}}"#;
    let spaced =
        r#"{"event": "test", "order": {"id": 1, "total": 249.00, "tags": [], "meta": {}}}"#;
    let indented = "{\n  \"event\": \"test\",\n  \"order\": {\n    \"id\": 1,\n    \"total\": 249.00,\n    \"tags\": [],\n    \"meta\": {}\n  }\n}";
    let sorted = r#"{"event":"test","message":"Gr\u00fc\u00dfe","site":{"name":"S","url":"https:\/\/s.com"},"timestamp":"t"}"#;
    let documented = r#"{"event":"test","timestamp":"t","message":"Gr\u00fc\u00dfe","site":{"url":"https:\/\/s.com","name":"S"}}"#;
    let rule = include_str!("../../../tests/events/trustlens_rule_envelope_chargeback_filed.json")
        .trim_end();
    let settings = include_str!("../../../tests/events/trustlens_score_updated.json").trim_end();
    let review = include_str!("../../../tests/events/trustoo_review_created.json").trim_end();
    let by_key = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap().to_string();

    vec![
        // The secret.
        ("newline", lens().secret("whsec_5f0c1d\n"), white_space(true)),
        ("crlf", lens().secret("whsec_5f0c1d\r\n"), white_space(true)),
        ("spaces", lens().secret(" \twhsec_5f0c1d "), white_space(true)),
        ("a spelled newline", lens().secret(r"whsec_5f0c1d\n"), white_space(true)),
        (
            "the sender's has one",
            Case::signed(TrustLens, "whsec_5f0c1d\n", PHP),
            white_space(false),
        ),
        ("double quotes", lens().secret("\"whsec_5f0c1d\""), Finding::SecretQuoted { given: true }),
        ("single quotes", lens().secret("'whsec_5f0c1d'"), Finding::SecretQuoted { given: true }),
        (
            "the sender's is quoted",
            Case::signed(TrustLens, "'whsec_5f0c1d'", PHP),
            Finding::SecretQuoted { given: false },
        ),
        (
            "sender decodes hex",
            Case::signed(TrustLens, [0xa5; 16], PHP).secret("a5".repeat(16)),
            hex(true),
        ),
        (
            "receiver decoded hex",
            Case::signed(TrustLens, "a5".repeat(16), PHP).secret([0xa5; 16]),
            hex(false),
        ),
        (
            "sender decodes base64",
            Case::signed(TrustooShop, [0xfb; 16], PHP).secret(BASE64_STANDARD.encode([0xfb; 16])),
            b64(true),
        ),
        (
            "receiver decoded base64",
            Case::signed(TrustooShop, BASE64_STANDARD.encode([0xfb; 16]), PHP).secret([0xfb; 16]),
            b64(false),
        ),
        // The scheme.
        ("v1 at v2", Case::of(TrustLensV1, PHP).at(TrustLens), other(TrustLensV1)),
        (
            "v1 with a time at v2",
            Case::of(TrustLensV1, PHP).at(TrustLens).header(LENS_TIME, "1780000000"),
            other(TrustLensV1),
        ),
        ("v2 at v1", lens().at(TrustLensV1), other(TrustLens)),
        ("shop at system", Case::of(TrustooShop, PHP).at(TrustooSystem), other(TrustooShop)),
        ("system at shop", Case::of(TrustooSystem, PHP).at(TrustooShop), other(TrustooSystem)),
        ("open api at shop", Case::of(TrustooOpenApi, PHP).at(TrustooShop), other(TrustooOpenApi)),
        (
            "open api at system",
            Case::of(TrustooOpenApi, PHP).at(TrustooSystem),
            other(TrustooOpenApi),
        ),
        (
            "open api at trustlens",
            Case::of(TrustooOpenApi, PHP).at(TrustLens),
            other(TrustooOpenApi),
        ),
        ("trustlens at shop", lens().at(TrustooShop), other(TrustLens)),
        (
            "the signature of a system webhook at shop",
            Case::of(TrustooShop, PHP).change(SHOP_SIGNATURE, |_| {
                let signed = sign(TrustooSystem, SECRET, PHP.as_bytes(), NOW);
                signed.iter().last().unwrap().1.to_owned()
            }),
            other(TrustooSystem),
        ),
        ("shop at trustlens", Case::of(TrustooShop, PHP).at(TrustLens), other(TrustooShop)),
        (
            "before November 2025",
            Case::of(TrustooShop, PHP).change(SHOP_SIGNATURE, |_| {
                hex::encode(Sha256::digest(format!("timestamp={NOW}{SECRET}")))
            }),
            Finding::OldAlgorithm,
        ),
        // The body.
        ("parsed and written by JavaScript", lens().body(PLAIN), rewritten(&php_plain)),
        ("slashes", lens().body(PHP.replace("\\/", "/")), rewritten(&[SlashesUnescaped])),
        (
            "letters",
            lens().body(PHP.replace("\\u00fc", "ü").replace("\\u00df", "ß")),
            rewritten(&[UnicodeUnescaped]),
        ),
        (
            "written by PHP",
            Case::of(TrustLens, PLAIN).body(PHP),
            rewritten(&[SlashesEscaped, UnicodeEscaped]),
        ),
        ("compact", Case::of(TrustLens, indented).body(compact), rewritten(&[Compacted])),
        (
            "compact, from Python",
            Case::of(TrustLens, spaced).body(compact),
            rewritten(&[Compacted]),
        ),
        ("pretty", Case::of(TrustLens, compact).body(indented), rewritten(&[Spaced])),
        (
            "pretty, with a newline",
            Case::of(TrustLens, compact).body(format!("{indented}\n")),
            rewritten(&[Spaced]),
        ),
        ("written by Python", Case::of(TrustooShop, compact).body(spaced), rewritten(&[Spaced])),
        ("keys sorted", Case::of(TrustLens, documented).body(sorted), rewritten(&[KeysReordered])),
        (
            "keys of a settings webhook sorted",
            Case::of(TrustLens, settings).body(by_key(settings)),
            rewritten(&[KeysReordered]),
        ),
        (
            "keys of a rule webhook sorted",
            Case::of(TrustLens, rule).body(sort(rule)),
            rewritten(&[KeysReordered]),
        ),
        (
            "keys of a review sorted",
            Case::of(TrustooShop, review).body(by_key(review)),
            rewritten(&[KeysReordered]),
        ),
        (
            "keys unsorted",
            Case::of(TrustLens, sorted).body(documented),
            rewritten(&[KeysReordered]),
        ),
        (
            "an empty list within a list",
            Case::of(TrustLens, r#"{"items":[{"meta":[]}],"tags":{}}"#)
                .body(r#"{"items":[{"meta":{}}],"tags":{}}"#),
            rewritten(&[EmptyExchanged]),
        ),
        (
            "one empty list of many",
            Case::of(TrustLens, r#"{"a":{},"b":[],"c":[],"d":{},"e":[],"f":{},"g":[]}"#)
                .body(r#"{"a":{},"b":[],"c":{},"d":{},"e":[],"f":{},"g":[]}"#),
            rewritten(&[EmptyExchanged]),
        ),
        (
            "escapes in capital letters",
            Case::of(TrustLens, r#"{"t":"\u00fc"}"#).body(r#"{"t":"\u00FC"}"#),
            rewritten(&[EscapeCase]),
        ),
        (
            "PHP's escapes of HTML, which are in capital letters",
            Case::of(TrustLens, r#"{"t":"\u003Cb\u003E \u00fc"}"#).body(r#"{"t":"<b> \u00fc"}"#),
            rewritten(&[HtmlUnescaped]),
        ),
        ("newline added", lens().body(format!("{PHP}\n")), newline(true)),
        ("newline removed", Case::of(TrustLens, format!("{PHP}\n")).body(PHP), newline(false)),
        (
            "crlf",
            Case::of(TrustLens, indented).body(indented.replace('\n', "\r\n")),
            Finding::BodyLineEndings,
        ),
        (
            "lf",
            Case::of(TrustLens, indented.replace('\n', "\r\n")).body(indented),
            Finding::BodyLineEndings,
        ),
        ("mark added", lens().body(format!("\u{feff}{PHP}")), mark(true)),
        ("mark removed", Case::of(TrustLens, format!("\u{feff}{PHP}")).body(PHP), mark(false)),
        ("base64", lens().body(BASE64_STANDARD.encode(PHP)), Finding::BodyBase64),
        ("gzip", lens().body(gzip(PHP.as_bytes())), Finding::BodyCompressed),
        ("zlib", lens().body(zlib(PHP.as_bytes())), Finding::BodyCompressed),
        ("deflate", lens().body(deflate(PHP.as_bytes())), Finding::BodyCompressed),
        // The clock.
        (
            "milliseconds",
            lens().change(LENS_TIME, |time| format!("{time}000")),
            Finding::Milliseconds,
        ),
        ("signed milliseconds", milliseconds(), Finding::Milliseconds),
        ("two hours", lens().later(2 * 3600 + 7), hours(120)),
        ("five hours the other way", lens().later(-5 * 3600 - 2), hours(-300)),
        ("India", lens().later(19_800), hours(330)),
        ("drift", lens().later(420), late(420)),
        (
            "drift the other way",
            lens().later(-420),
            Finding::Early { ahead: Duration::from_secs(420) },
        ),
        ("days", lens().later(3 * 86_400 + 5000), late(3 * 86_400 + 5000)),
        (
            "a plus sign",
            lens().change(LENS_TIME, |time| format!("+{time}")),
            Finding::TimestampMalformed { header: LENS_TIME },
        ),
        // The headers.
        (
            "no prefix",
            lens().change(LENS_SIGNATURE, |value| value.replace("sha256=", "")),
            Finding::PrefixMissing,
        ),
        (
            "a prefix",
            Case::of(TrustooSystem, PHP)
                .change("x-trustoo-signature", |value| format!("sha256={value}")),
            Finding::PrefixAdded,
        ),
        (
            "upper case",
            lens().change(LENS_SIGNATURE, |value| value.to_uppercase().replace("SHA", "sha")),
            Finding::UpperCase,
        ),
        ("base64", lens().change(LENS_SIGNATURE, to_base64), Finding::SignatureBase64),
        (
            "base64",
            Case::of(TrustooShop, PHP).change(SHOP_SIGNATURE, to_base64),
            Finding::SignatureBase64,
        ),
        (
            "CGI",
            lens().rename(LENS_SIGNATURE, "HTTP_X_TRUSTLENS_SIGNATURE"),
            renamed(LENS_SIGNATURE, "http_x_trustlens_signature"),
        ),
        (
            "API Gateway",
            lens().rename(LENS_TIME, "X-Amzn-Remapped-X-TrustLens-Timestamp"),
            renamed(LENS_TIME, "x-amzn-remapped-x-trustlens-timestamp"),
        ),
        (
            "without X",
            lens().rename(LENS_SIGNATURE, "TrustLens-Signature"),
            renamed(LENS_SIGNATURE, "trustlens-signature"),
        ),
        (
            "joined",
            lens().change(LENS_SIGNATURE, |value| format!("{value}, {value}")),
            Finding::HeaderJoined { header: LENS_SIGNATURE, values: 2 },
        ),
        (
            "time joined",
            lens().change(LENS_TIME, |value| format!("{value},{value}")),
            Finding::HeaderJoined { header: LENS_TIME, values: 2 },
        ),
        (
            "repeated",
            {
                let case = lens();
                let value = case.headers.last().unwrap().1.clone();
                case.header("X-TrustLens-Signature", value)
            },
            Finding::HeaderRepeated { header: LENS_SIGNATURE, times: 2 },
        ),
        (
            "under another scheme's name",
            Case::of(TrustooSystem, PHP).rename("x-trustoo-signature", SHOP_SIGNATURE),
            renamed("x-trustoo-signature", SHOP_SIGNATURE),
        ),
        (
            "quoted",
            lens().change(LENS_SIGNATURE, |value| format!("\"{value}\"")),
            Finding::HeaderPadded { header: LENS_SIGNATURE },
        ),
    ]
}

/// One fault each, of the kind that leaves nothing to recompute.
fn unaccountable() -> Vec<(&'static str, Case, Finding)> {
    use SchemeName::{TrustLens, TrustLensV1, TrustooShop, TrustooSystem};
    vec![
        ("empty body", lens().body(""), Finding::BodyEmpty),
        (
            "decompressed",
            Case::of(TrustLens, gzip(PHP.as_bytes())).body(PHP).header("Content-Encoding", "gzip"),
            Finding::BodyDecompressed,
        ),
        (
            "cut off",
            lens().body(&PHP[..40]).header("content-length", PHP.len().to_string()),
            Finding::BodyLength { announced: PHP.len() as u64, received: 40 },
        ),
        (
            "no signature",
            lens().drop(LENS_SIGNATURE),
            Finding::HeaderMissing { header: LENS_SIGNATURE },
        ),
        ("no time", lens().drop(LENS_TIME), Finding::HeaderMissing { header: LENS_TIME }),
        (
            "half a signature",
            lens().change(LENS_SIGNATURE, |value| value[..39].to_owned()),
            Finding::SignatureMalformed { length: 32 },
        ),
        (
            "an ISO time",
            lens().change(LENS_TIME, |_| "2026-05-28T20:26:40Z".to_owned()),
            Finding::TimestampMalformed { header: LENS_TIME },
        ),
        (
            "shop at system, another secret",
            Case::signed(TrustooShop, "private", PHP).at(TrustooSystem),
            Finding::OtherScheme { scheme: TrustooShop, fits: false },
        ),
        ("another secret", lens().secret("another endpoint's"), Finding::NothingFits),
        ("no assignment", lens().secret("9=whsec_5f0c1d"), Finding::NothingFits),
        ("nor this", lens().secret("a-b=whsec_5f0c1d"), Finding::NothingFits),
        (
            "v1, another secret",
            Case::of(TrustLensV1, PHP).secret("another endpoint's"),
            Finding::NothingFits,
        ),
        (
            "another secret, and compressed",
            lens().body(gzip(PHP.as_bytes())).secret("another endpoint's"),
            Finding::NothingFits,
        ),
        ("another body", lens().body(PHP.replace("test", "best")), Finding::NothingFits),
        (
            "another secret, and a length that is right",
            lens().secret("another endpoint's").header("content-length", PHP.len().to_string()),
            Finding::NothingFits,
        ),
        (
            "a document with something after it",
            Case::of(TrustLens, r#"{"event": "test"}"#).body(r#"{"event":"test"}{}"#),
            Finding::NothingFits,
        ),
        (
            "the time of another scheme's header",
            lens()
                .change(LENS_TIME, |_| (NOW + 1).to_string())
                .header("timestamp", NOW.to_string()),
            Finding::NothingFits,
        ),
        (
            "a newline too few, in a body too long for copies",
            Case::of(TrustLens, "x".repeat(1024 * 1024 + 1) + "\n")
                .body("x".repeat(1024 * 1024 + 1)),
            Finding::SearchEnded { macs: 33 },
        ),
    ]
}

/// PHP, JavaScript, Go and Python escape one text each in its own way; a spelling of another one is
/// named.
#[test]
fn each_serializer_is_known_by_its_escapes() {
    use Rewrite::{
        HtmlEscaped, HtmlUnescaped, SlashesEscaped, SlashesUnescaped, UnicodeEscaped,
        UnicodeUnescaped,
    };

    let php = r#"{"t":"q\" \n\r\t\b\f\u0001 <\/>& \u00e9 \ud83d\ude00\\"}"#;
    let php_unicode = r#"{"t":"q\" \n\r\t\b\f\u0001 <\/>& é 😀\\"}"#;
    let javascript = r#"{"t":"q\" \n\r\t\b\f\u0001 </>& é 😀\\"}"#;
    let go = r#"{"t":"q\" \n\r\t\b\f\u0001 \u003c/\u003e\u0026 é 😀\\"}"#;
    let python = r#"{"t":"q\" \n\r\t\b\f\u0001 </>& \u00e9 \ud83d\ude00\\"}"#;
    for (signed, received, expected) in [
        (php, javascript, &[SlashesUnescaped, UnicodeUnescaped][..]),
        (php_unicode, javascript, &[SlashesUnescaped]),
        (go, javascript, &[HtmlUnescaped]),
        (python, javascript, &[UnicodeUnescaped]),
        (javascript, php, &[SlashesEscaped, UnicodeEscaped]),
        (javascript, go, &[HtmlEscaped]),
    ] {
        let report = Case::of(SchemeName::TrustLens, signed).body(received).explain();
        assert_eq!(report.findings(), [rewritten(expected)], "{signed}");
    }
    // JavaScript's line separators, which Go escapes.
    let report =
        Case::of(SchemeName::TrustLens, r#"["\u2028\u2029"]"#).body("[\"\u{2028}\u{2029}\"]");
    assert_eq!(report.explain().findings(), [rewritten(&[UnicodeUnescaped])]);
}

/// Java, .NET, Go and PHP with any of its flags: which characters each escapes, and with which digits.
#[test]
fn each_serializer_of_text_with_markup_is_known() {
    let text = "<a b='x'>\"R&D\" =+`/é\u{2028}";
    let written = |html: &str, html_upper: bool, slashes, unicode, upper| {
        let mut json = r#"{"t":""#.to_owned();
        for char in text.chars() {
            let is_html = html.contains(char);
            match char {
                _ if is_html && (html_upper || upper) => write!(json, "\\u{:04X}", char as u32),
                _ if is_html => write!(json, "\\u{:04x}", char as u32),
                '\u{80}'.. if unicode && upper => write!(json, "\\u{:04X}", char as u32),
                '\u{80}'.. if unicode => write!(json, "\\u{:04x}", char as u32),
                '"' => write!(json, "\\\""),
                '/' if slashes => write!(json, "\\/"),
                char => write!(json, "{char}"),
            }
            .unwrap();
        }
        json + r#""}"#
    };
    let javascript = written("", false, false, false, false);
    let mut signed = vec![
        ("Gson", written("<>&='\u{2028}\u{2029}", false, false, false, false)),
        (".NET", written("<>&'\"+`", true, false, true, true)),
    ];
    for (slashes, unicode) in [(true, true), (false, true), (true, false), (false, false)] {
        for html in ["<>", "<>&", "<>&'", "<>&'\""] {
            signed.push(("PHP", written(html, true, slashes, unicode, false)));
        }
        for html in ["", "<>&\u{2028}\u{2029}", "<>&='\u{2028}\u{2029}"] {
            for upper in [false, true] {
                signed.push(("another", written(html, false, slashes, unicode, upper)));
            }
        }
    }
    for (serializer, signed) in signed.into_iter().filter(|(_, signed)| *signed != javascript) {
        let report = Case::of(SchemeName::TrustLens, &signed).body(&javascript).explain();
        let codes: Vec<_> = report.findings().iter().map(Finding::code).collect();
        assert_eq!(codes, ["body_rewritten"], "{serializer}: {signed}");
    }
}

#[test]
fn bodies_are_rewritten_up_to_64_kib_and_copied_up_to_a_mebibyte() {
    let long = |blank: &str| format!(r#"{{"a":{blank}"{}"}}"#, "x".repeat(60_000));
    let report = Case::of(SchemeName::TrustLens, long(" ")).body(long("")).explain();
    assert_eq!(report.findings(), [rewritten(&[Rewrite::Compacted])]);

    let largest = "x".repeat(1024 * 1024);
    let report = Case::of(SchemeName::TrustLens, format!("{largest}\n")).body(largest).explain();
    assert_eq!(report.findings(), [Finding::BodyNewline { added: false }]);
}

#[test]
fn utf_16_is_known_in_either_order_with_and_without_a_mark() {
    let little: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [[b"\xff\xfe", &*little].concat(), [b"\xfe\xff", &*big].concat()];
    for utf16 in [&little, &big, &marked[0], &marked[1]] {
        for (signed, received, [from, to]) in [
            (PLAIN.as_bytes(), &**utf16, [Encoding::Utf8, Encoding::Utf16]),
            (&**utf16, PLAIN.as_bytes(), [Encoding::Utf16, Encoding::Utf8]),
        ] {
            let report = Case::of(SchemeName::TrustLens, signed).body(received).explain();
            let expected = Finding::BodyCharset { signed: from, received: to };
            assert_eq!(report.findings(), [expected], "{received:02x?}");
        }
    }
}

fn to_base64(signature: &str) -> String {
    let (prefix, digits) = signature.split_at(signature.len() - 64);
    format!("{prefix}{}", BASE64_STANDARD.encode(hex::decode(digits).unwrap()))
}

/// A sender that counts milliseconds signs them too.
fn milliseconds() -> Case {
    let headers = pairs(&sign(SchemeName::TrustLens, SECRET, PHP.as_bytes(), NOW * 1000 + 123));
    Case { headers, ..lens() }
}

/// Sorts the keys and leaves numbers as they stand, where `Value` would turn 145.00 into 145.0.
fn sort(json: &str) -> String {
    let numbers = ["145.00", "5.00", "0.00"];
    let quote = |json: String, number: &&str| {
        json.replace(&format!(":{number},"), &format!(":\"<{number}>\","))
    };
    let json = numbers.iter().fold(json.to_owned(), quote);
    let sorted = serde_json::from_str::<serde_json::Value>(&json).unwrap().to_string();
    sorted.replace("\"<", "").replace(">\"", "")
}

#[test]
fn each_fault_is_explained_by_what_it_is() {
    for (name, case, finding) in recomputed() {
        let report = case.explain();
        assert!(report.verdict().is_err(), "{name}");
        assert_eq!(report.findings(), [finding], "{name}");
        assert!(report.recomputed(), "{name}");
    }
    for (name, case, finding) in unaccountable() {
        let report = case.explain();
        assert!(report.verdict().is_err(), "{name}");
        assert_eq!(report.findings(), [finding], "{name}");
        assert!(!report.recomputed(), "{name}");
    }
}

#[test]
fn an_explainer_shows_no_secret() {
    let explainer = lens().explainer().previous("the one before");
    assert_eq!(
        format!("{explainer:?}"),
        "Explainer { scheme: TrustLens, previous: 1, \
         window: ReplayWindow { past: 300s, future: 300s }, .. }"
    );
}

#[test]
fn the_previous_secret_is_found() {
    let case = Case::signed(SchemeName::TrustLens, "older", PHP);
    let explainer = case.explainer().previous("old").previous("older");
    let report = case.explain_by(&explainer);
    assert_eq!(report.verdict().unwrap_err(), VerifyError::SignatureMismatch);
    assert_eq!(report.findings(), [Finding::PreviousSecret { index: 1 }]);
    let report = case.explain_by(&case.explainer().previous("older\n"));
    let white_space = Finding::SecretWhiteSpace { given: true };
    assert_eq!(report.findings(), [Finding::PreviousSecret { index: 0 }, white_space]);
}

#[test]
fn the_public_token_is_compared_where_one_is_configured() {
    let case = Case::of(SchemeName::TrustooShop, PHP);
    assert!(case.explain_by(&case.explainer().public_token(TOKEN)).verdict().is_ok());
    let report = case.explain_by(&case.explainer().public_token("another"));
    assert_eq!(report.verdict().unwrap_err(), VerifyError::UnknownPublicToken);
    assert_ne!(report.verdict().unwrap_err(), VerifyError::SignatureMismatch);
    assert_eq!(report.findings(), [Finding::OtherPublicToken]);

    let header = "open-trustoo-webhook-public-token";
    let case = case.drop(header);
    assert!(case.explain().verdict().is_ok());
    let report = case.explain_by(&case.explainer().public_token(TOKEN));
    assert_eq!(report.findings(), [Finding::HeaderMissing { header }]);
}

#[test]
fn open_api_requests_are_explained_with_their_query() {
    let at = now();
    let signer = open_api::Signer::new(TOKEN, Secret::new(SECRET).unwrap());
    let headers = pairs(&signer.sign_at("b=2&a=1", None, at).unwrap());
    let explainer = Explainer::new(SchemeName::TrustooOpenApi, SECRET).unwrap().query("b=2&a=1");
    assert!(explainer.explain(&headers, b"", at).verdict().is_ok());

    // printf %s 'a=1&b=2&timestamp=1780000000whsec_5f0c1d' | sha256sum
    let old = "8bbd8276d9be953126a5b264db4ea3dad0fd9eae1ba6f234abba552ebe252cf2";
    let headers = [("Timestamp", "1780000000"), ("Sign", old), ("Public-Token", TOKEN)];
    let report = explainer.explain(&headers, b"", at);
    assert_eq!(report.findings(), [Finding::OldAlgorithm]);
    let reserved = Explainer::new(SchemeName::TrustooOpenApi, SECRET).unwrap().query("timestamp=1");
    let report = reserved.explain(&headers, b"", at);
    assert_eq!(report.findings(), [Finding::ReservedParameter, Finding::NothingFits]);
    let explainer = Explainer::new(SchemeName::TrustooShop, SECRET).unwrap().query("b=2&a=1");
    let report = explainer.explain(&headers, b"{}", at);
    let api = Finding::OtherScheme { scheme: SchemeName::TrustooOpenApi, fits: true };
    assert_eq!(report.findings(), [api, Finding::OldAlgorithm]);
}

/// Signatures that this crate did not make.
#[test]
fn what_openssl_signed_is_explained() {
    let explain = |secret: &str, digits: &str, body: &str| {
        let headers = [(LENS_TIME, NOW.to_string()), (LENS_SIGNATURE, format!("sha256={digits}"))];
        Explainer::new(SchemeName::TrustLens, secret).unwrap().explain(
            &headers,
            body.as_bytes(),
            now(),
        )
    };
    let body = r#"{"event":"test","url":"https://s.com"}"#;
    // printf %s '1780000000.{"event":"test","url":"https:\/\/s.com"}' |
    //     openssl dgst -sha256 -hmac whsec_5f0c1d
    let digits = "a26ad9e9e885ead9bb894cd1a64ed7aa24c86310dcbd535a6bf7d75cb3286b87";
    let report = explain(SECRET, digits, body);
    assert_eq!(report.findings(), [rewritten(&[Rewrite::SlashesUnescaped])]);
    // printf %s '{"event":"test","url":"https://s.com"}' | openssl dgst -sha256 -hmac whsec_5f0c1d
    let digits = "8d5aeac82b379780ed69c70db1e704bf1dae2a1a4686237c82193088488b102f";
    let report = explain(SECRET, digits, body);
    let v1 = Finding::OtherScheme { scheme: SchemeName::TrustLensV1, fits: true };
    assert_eq!(report.findings(), [v1]);
    // printf %s '1780000000.{"event":"test","url":"https://s.com"}' |
    //     openssl dgst -sha256 -mac HMAC -macopt hexkey:a5a5a5a5a5a5a5a5
    let digits = "81198897f4b22982b75f59471f4f03dfb83a93643eb00a3c1820f2b5df1f97a6";
    let report = explain("a5a5a5a5a5a5a5a5", digits, body);
    assert_eq!(report.findings(), [Finding::SecretHex { given_as_text: true }]);
}

#[test]
fn a_genuine_request_has_no_finding() {
    for scheme in SchemeName::ALL {
        for body in [PHP, PLAIN, "", "not JSON", "\u{feff}x\r\n"] {
            let report = Case::of(scheme, body).explain();
            assert!(report.verdict().is_ok(), "{scheme:?}");
            assert!(report.findings().is_empty(), "{scheme:?}");
            assert!(report.recomputed());
            assert_eq!(report.macs(), 0);
        }
    }
}

/// So many faults at once are not looked for: each more would multiply the work.
#[test]
fn three_faults_are_too_many() {
    let three = lens().body(format!("{PHP}\n")).secret("another endpoint's");
    let explainer = three.explainer().previous("\"whsec_5f0c1d\"");
    assert_eq!(three.explain_by(&explainer).findings(), [Finding::NothingFits]);
}

#[test]
fn two_faults_give_both() {
    let newline = Finding::SecretWhiteSpace { given: true };
    let plain = rewritten(&[Rewrite::SlashesUnescaped, Rewrite::UnicodeUnescaped]);
    let spoilt = lens().secret("whsec_5f0c1d\n");
    let cases = [
        (spoilt.clone().later(7200), vec![Finding::WholeHours { minutes: 120 }, newline.clone()]),
        (spoilt.clone().body(PLAIN), vec![newline.clone(), plain.clone()]),
        (
            spoilt.clone().change(LENS_SIGNATURE, to_base64),
            vec![Finding::SignatureBase64, newline.clone()],
        ),
        (
            Case::of(SchemeName::TrustLensV1, PHP).at(SchemeName::TrustLens).body(PLAIN),
            vec![
                Finding::OtherScheme { scheme: SchemeName::TrustLensV1, fits: true },
                plain.clone(),
            ],
        ),
        (
            lens().later(420).body(PLAIN).change(LENS_SIGNATURE, |value| value[7..].to_owned()),
            vec![Finding::PrefixMissing, Finding::Late { age: Duration::from_secs(420) }, plain],
        ),
    ];
    for (case, findings) in cases {
        let report = case.explain();
        assert_eq!(report.findings(), findings);
        assert!(report.recomputed());
    }
    // The one that shows, and that it is not all.
    let report = lens().secret("x").change(LENS_SIGNATURE, str::to_uppercase).explain();
    assert_eq!(report.findings(), [Finding::UpperCase, Finding::NothingFits]);
    let report = lens().secret("x").later(420).explain();
    assert_eq!(
        report.findings(),
        [Finding::Late { age: Duration::from_secs(420) }, Finding::NothingFits]
    );
    assert!(!report.recomputed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// No request without the secret is explained as genuine.
    #[test]
    fn a_forgery_is_never_explained_as_genuine(
        scheme in prop::sample::select(SchemeName::ALL.to_vec()),
        made_for in prop::sample::select(SchemeName::ALL.to_vec()),
        mac in any::<[u8; 32]>(),
        shape in prop::sample::select(vec!["hex", "upper", "base64", "sha256=", "joined"]),
        body in prop_oneof![Just(PHP.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..200)],
        later in -100_000_i64..100_000,
        previous in prop::option::of("[a-f0-9]{8}"),
        method in prop::sample::select(vec!["POST", "GET", "PUT"]),
        target in prop::sample::select(vec!["/", "/x?b=2&a=%20+&flag&c=", "/x?timestamp=1"]),
    ) {
        let mut case = Case::of(made_for, &body).at(scheme).later(later);
        let digits = hex::encode(mac);
        let value = match shape {
            "upper" => digits.to_uppercase(),
            "base64" => BASE64_STANDARD.encode(mac),
            "sha256=" => format!("sha256={digits}"),
            "joined" => format!("{digits}, {digits}"),
            _ => digits,
        };
        case.headers.last_mut().unwrap().1 = value.into_bytes();
        let mut explainer = case.explainer();
        if let Some(previous) = previous {
            explainer = explainer.previous(previous);
        }
        let capture = Capture {
            method: Some(method.to_owned()),
            target: target.to_owned(),
            headers: case.headers.clone(),
            body: case.body.clone(),
            is_exact: true,
        };
        let report = explainer.explain_capture(&capture, Timestamp::from_unix(case.now));
        prop_assert!(report.verdict().is_err());
        prop_assert!(!report.recomputed());
        prop_assert!(!report.findings().is_empty());
        for finding in report.findings() {
            prop_assert!(
                !matches!(finding.code().split('_').next(), Some("secret" | "previous" | "old")),
                "{finding:?}"
            );
            let fits = matches!(finding, Finding::OtherScheme { fits: true, .. });
            prop_assert!(!fits);
        }
    }

    /// Nothing that can be sent makes it panic or work without end.
    #[test]
    fn anything_can_be_explained(
        scheme in prop::sample::select(SchemeName::ALL.to_vec()),
        time in prop_oneof!["[0-9+., \"-]{0,24}", "\\PC{0,8}"],
        signature in prop_oneof!["(sha256=|SHA256=)?[0-9a-fA-F, =\"+/]{0,140}", "\\PC{0,80}"],
        body in prop_oneof!["[\\[\\]{}:,\"\\\\/u0-9a \n]{0,60}", "\\PC{0,40}"],
        secret in "\\PC{1,20}",
        query in "(a=1|timestamp=1|&|%){0,3}",
    ) {
        let names = [
            LENS_TIME, LENS_SIGNATURE, SHOP_SIGNATURE, "open-trustoo-webhook-timestamp",
            "x-trustoo-signature", "sign", "timestamp",
        ];
        let headers: Vec<_> = names
            .iter()
            .map(|name| (*name, if name.contains("time") { &time } else { &signature }))
            .collect();
        let explainer = Explainer::new(scheme, secret).unwrap().query(query);
        let report = explainer.explain(&headers, body.as_bytes(), now());
        prop_assert!(report.macs() <= MAX_MACS);
        prop_assert!(!report.recomputed());
        prop_assert!(!report.findings().is_empty());
    }
}

#[test]
fn the_work_is_bounded() {
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    let long = |length: usize| format!(r#"{{"a":"{}"}}"#, "/é".repeat(length / 3));
    let by_many_keys = |body: &str| {
        let case = Case::signed(SchemeName::TrustLens, "not known", body);
        let explainer = (0..20)
            .fold(case.explainer(), |explainer, i| explainer.previous(format!("\"{i:08}\"\n")));
        case.explain_by(&explainer)
    };
    for (body, code) in [
        // All single faults were tried, and so many pairs as there was room for.
        (PHP.to_owned(), "nothing_fits"),
        (nested(60), "nothing_fits"),
        (long(20_000), "nothing_fits"),
        (nested(30_000), "search_ended"),
        (long(1_200_000), "search_ended"),
    ] {
        let report = by_many_keys(&body);
        let codes: Vec<_> = report.findings().iter().map(Finding::code).collect();
        assert_eq!(codes, [code], "{} bytes", body.len());
        assert!(report.macs() >= 16, "{}", report.macs());
        if body.len() > 1_000_000 {
            assert!(report.macs() <= 32, "{}", report.macs());
        }
    }
    // Indented, this would be a hundred times as long; then little else could be tried.
    let deep = ["[".repeat(62), vec!["1"; 30_000].join(","), "]".repeat(62)].concat();
    let report = by_many_keys(&deep);
    assert_eq!(report.findings()[0].code(), "search_ended");
    assert!(report.macs() > 100, "{}", report.macs());
    // Of a long query or path, only the scheme's own reading is tried.
    let case = Case::signed(SchemeName::TrustooOpenApi, "not known", "{}");
    let code = |path: usize, query: usize| {
        let target = format!("/{}?{}", "p".repeat(path), "q".repeat(query));
        let request = Capture {
            target,
            method: Some("POST".to_owned()),
            headers: case.headers.clone(),
            body: case.body.clone(),
            is_exact: true,
        };
        case.explainer().explain_capture(&request, now()).findings()[0].code()
    };
    assert_eq!(code(1, 1), "nothing_fits");
    assert_eq!(code(8 * 1024, 1), "search_ended");
    assert_eq!(code(1, 8 * 1024 + 1), "search_ended");

    // A bomb is inflated to a length that can be hashed, and no further.
    let bomb = gzip(&vec![b' '; 50_000_000]);
    let report = Case::signed(SchemeName::TrustLens, "not known", &bomb).explain();
    assert_eq!(report.findings()[0].code(), "search_ended");
    assert!(report.macs() <= 400, "{}", report.macs());
}

/// Secrets, MACs and bodies have marks that no text may show.
#[test]
fn nothing_shows_a_secret_a_mac_or_a_body() {
    let mut shown = String::new();
    let mut marks = vec!["whsec_".to_owned(), "5f0c1d".to_owned(), "yourstore".to_owned()];
    let mut show = |report: &Report| {
        let json = serde_json::to_string(report).unwrap();
        writeln!(shown, "{report}\n{}\n{report:?}\n{report:#?}\n{json}", report.colored()).unwrap();
        for finding in report.findings() {
            writeln!(shown, "{} {} {}", finding.seen(), finding.why(), finding.fix()).unwrap();
        }
    };
    for (_, case, _) in recomputed().into_iter().chain(unaccountable()) {
        // The string that was sent, and the right one.
        let expected = sign(case.scheme, SECRET, &case.body, NOW);
        for (_, value) in pairs(&expected).into_iter().chain(case.headers.clone()) {
            let value = String::from_utf8_lossy(&value).into_owned();
            marks.extend((value.len() >= 40).then(|| value[value.len() - 40..].to_owned()));
        }
        show(&case.explain());
        show(&case.explain_by(&case.explainer().previous("whsec_older")));
    }
    show(&lens().explain());
    write!(shown, "{:?}", lens().explainer().previous("whsec_older")).unwrap();
    for mark in marks {
        assert!(!shown.contains(&mark), "{mark} is shown");
    }
    assert!(shown.contains("body_rewritten"));
}

#[test]
fn a_report_is_text_and_json() {
    let report = lens().secret("whsec_5f0c1d\n").later(7200).explain();
    let text = "\
refused by the rules of TrustLens: expired
signed 7200s ago, the replay window allows 300s

1. whole_hours
   seen  signed 2 h 00 min behind this clock's time, to the minute
   why   it is older than the replay window allows: a clock that shows local time as UTC, or a delivery that was held or sent again that much later; both look the same
   fix   if fresh deliveries are refused too, set the system clock to UTC and configure the time zone separately; if only this one is, it was late: wait for the vendor's retry, or judge it at the time of its arrival (`--now`)

2. secret_white_space
   seen  the signature fits the secret without the white space in it or around it
   why   files end with a line break, and pasted text brings spaces along; they became part of the key
   fix   trim the secret where it is read, or store it without (`printf %s`, not `echo`)

Once all of these are fixed, the signature matches.";
    assert_eq!(report.to_string(), text);
    let colored = report.colored().to_string();
    assert!(colored.contains("\x1b[31mrefused\x1b[0m"));
    let codes = ["\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"];
    assert_eq!(codes.iter().fold(colored, |text, code| text.replace(code, "")), text);

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["scheme"], "trustlens");
    assert_eq!(json["verdict"], "expired");
    assert_eq!(json["recomputed"], true);
    assert_eq!(json["findings"][0]["code"], "whole_hours");
    assert_eq!(json["findings"][1]["code"], "secret_white_space");
    assert_eq!(json["findings"].as_array().unwrap().len(), 2);

    let report = lens().secret("whsec_5f0c1d\n").explain().to_string();
    assert!(report.ends_with("\nOnce this is fixed, the signature matches."), "{report}");

    let report = lens().explain();
    assert_eq!(report.to_string(), "verified by the rules of TrustLens");
    assert_eq!(serde_json::to_value(&report).unwrap()["verdict"], "ok");
}

#[test]
fn strings_differ_where_the_first_byte_does() {
    let differ = |expected: &str, signed: Option<&str>| {
        let signed = signed.map(|signed| signed.as_bytes().to_vec());
        Strings { expected: expected.as_bytes().to_vec(), signed }.difference()
    };
    assert_eq!(differ("abc", Some("abd")), Some(2));
    assert_eq!(differ("abc", Some("abcd")), Some(3));
    assert_eq!(differ("abcd", Some("ab")), Some(2));
    assert_eq!(differ("", Some("a")), Some(0));
    assert_eq!(differ("abc", Some("abc")), None);
    assert_eq!(differ("abc", None), None);
    let strings = Strings { expected: b"marked".to_vec(), signed: None };
    let shown = format!("{strings:?}");
    assert!(shown.contains('6') && !shown.contains("marked"), "{shown}");
}

#[test]
fn schemes_are_read_by_their_codes() {
    for scheme in SchemeName::ALL {
        assert_eq!(scheme.code().parse(), Ok(scheme));
    }
    assert!("TrustLens".parse::<SchemeName>().is_err());
    assert!(Explainer::new(SchemeName::TrustLens, "").is_err());
}

#[test]
fn a_scheme_is_known_by_what_its_vendor_sends() {
    use SchemeName::{TrustLens, TrustLensV1, TrustooOpenApi, TrustooShop, TrustooSystem};
    for (headers, scheme) in [
        (&["x-trustlens-signature", "x-trustlens-timestamp"][..], Some(TrustLens)),
        (&["HTTP_X_TRUSTLENS_SIGNATURE", "HTTP_X_TRUSTLENS_TIMESTAMP"], Some(TrustLens)),
        (&["x-trustlens-signature"], Some(TrustLensV1)),
        (&["HTTP_X_TRUSTLENS_SIGNATURE"], Some(TrustLensV1)),
        (&["open-trustoo-webhook-sign"], Some(TrustooShop)),
        (&["X-Trustoo-Signature", "timestamp"], Some(TrustooSystem)),
        (&["sign"], Some(TrustooOpenApi)),
        // Without the signature.
        (&["x-trustlens-timestamp"], Some(TrustLens)),
        (&["x-trustlens-event"], Some(TrustLens)),
        (&["open-trustoo-webhook-public-token"], Some(TrustooShop)),
        (&["open-trustoo-webhook-timestamp"], Some(TrustooShop)),
        (&["public-token"], Some(TrustooOpenApi)),
        // Anyone may send these.
        (&["timestamp"], None),
        (&["accept", "x-signature"], None),
        (&[], None),
    ] {
        let pairs: Vec<_> = headers.iter().map(|name| (*name, "00")).collect();
        assert_eq!(SchemeName::of(&pairs), scheme, "{headers:?}");
    }
}

/// Every finding in words, as kept in a file, so that a change is seen in review.
#[test]
fn every_finding_in_words() {
    let header = LENS_SIGNATURE;
    let scheme = SchemeName::TrustooSystem;
    let mut findings = vec![
        Finding::OtherScheme { scheme, fits: true },
        Finding::OtherScheme { scheme, fits: false },
        Finding::OldAlgorithm,
        Finding::HeaderMissing { header },
        Finding::HeaderRenamed { header, found: "x_trustlens_signature" },
        Finding::HeaderRepeated { header, times: 2 },
        Finding::HeaderJoined { header, values: 3 },
        Finding::HeaderPadded { header },
        Finding::OtherPublicToken,
        Finding::ReservedParameter,
        Finding::PrefixMissing,
        Finding::PrefixAdded,
        Finding::UpperCase,
        Finding::SignatureBase64,
        Finding::SignatureMalformed { length: 40 },
        Finding::TimestampMalformed { header: LENS_TIME },
        Finding::Milliseconds,
    ];
    findings.extend([-330, 120].map(|minutes| Finding::WholeHours { minutes }));
    findings.extend(
        [400, 2000, 7_210, 2 * 86_400 - 1, 200_000]
            .map(|age| Finding::Late { age: Duration::from_secs(age) }),
    );
    findings.push(Finding::Early { ahead: Duration::from_secs(400) });
    for way in [true, false] {
        findings.extend([
            Finding::SecretWhiteSpace { given: way },
            Finding::SecretQuoted { given: way },
            Finding::SecretHex { given_as_text: way },
            Finding::SecretBase64 { given_as_text: way },
            Finding::SecretEntities { given: way },
            Finding::SecretSlashes { given: way },
            Finding::SecretUrlEncoded { given: way },
            Finding::SecretByteOrderMark { given: way },
            Finding::SecretPrefix { given: way },
            Finding::SecretEscapes { given: way },
            Finding::SecretCharset { given: way },
            Finding::BodyEntities { added: way },
            Finding::BodySlashes { added: way },
            Finding::BodyUrlEncoded { added: way },
            Finding::BodyNewline { added: way },
            Finding::BodyByteOrderMark { added: way },
        ]);
    }
    findings.push(Finding::SecretAssignment);
    findings.extend([0, 1].map(|index| Finding::PreviousSecret { index }));
    findings.extend([
        Finding::BodyEmpty,
        rewritten(&[]),
        rewritten(&[
            Rewrite::Compacted,
            Rewrite::Spaced,
            Rewrite::KeysReordered,
            Rewrite::SlashesUnescaped,
            Rewrite::SlashesEscaped,
            Rewrite::UnicodeUnescaped,
            Rewrite::UnicodeEscaped,
            Rewrite::HtmlUnescaped,
            Rewrite::HtmlEscaped,
            Rewrite::EscapeCase,
            Rewrite::EmptyExchanged,
        ]),
        Finding::BodyCharset { signed: Encoding::Utf8, received: Encoding::Windows1252 },
        Finding::BodyMojibake { read_as: Encoding::Latin1 },
        Finding::BodyTypography,
        Finding::BodyWrapped,
        Finding::BodyUnwrapped,
        Finding::BodyParsed,
        Finding::BodyReplaced,
        Finding::BearerToken,
        Finding::SearchEnded { macs: 400 },
        Finding::BodyLineEndings,
        Finding::BodyBase64,
        Finding::BodyCompressed,
        Finding::BodyDecompressed,
        Finding::BodyLength { announced: 330, received: 40 },
        Finding::NothingFits,
    ]);
    findings.extend(VARIATIONS.map(|how| Finding::SignedOtherwise { how }));
    let mut words = String::new();
    for finding in &findings {
        let (code, seen) = (finding.code(), finding.seen());
        writeln!(
            words,
            "{code}\n  seen  {seen}\n  why   {}\n  fix   {}\n",
            finding.why(),
            finding.fix()
        )
        .unwrap();
        let json = serde_json::to_value(finding).unwrap();
        assert_eq!((&json["code"], &json["seen"]), (&code.into(), &seen.into()));
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write("tests/findings.txt", &words).unwrap();
    }
    assert_eq!(words, std::fs::read_to_string("tests/findings.txt").unwrap());
}
