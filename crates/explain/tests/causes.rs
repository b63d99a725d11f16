//! Each cause that is looked for, with two requests of other values: it is found, first and alone.
//!
//! The strings that are signed stand here as they are; no code of the crate makes them.

#![allow(clippy::too_many_lines, reason = "a table of causes")]

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use trusthooks::Timestamp;
use trusthooks_explain::{Explainer, Finding, SchemeName, capture::Capture};

/// A request with one thing wrong about it.
struct Case {
    scheme: SchemeName,
    /// The secret that the receiver has, and the key that signed.
    secret: Vec<u8>,
    key: Vec<u8>,
    at: &'static str,
    signed: Vec<u8>,
    method: &'static str,
    target: String,
    body: Vec<u8>,
    code: &'static str,
}

impl Case {
    fn new(scheme: SchemeName, code: &'static str, signed: impl AsRef<[u8]>) -> Self {
        Self {
            scheme,
            secret: b"s3cret".to_vec(),
            key: b"s3cret".to_vec(),
            at: "1780000000",
            signed: signed.as_ref().to_vec(),
            method: "POST",
            target: "/hooks".to_owned(),
            body: Vec::new(),
            code,
        }
    }

    /// A webhook of TrustLens.
    fn lens(code: &'static str, signed: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        let signed = [b"1780000000.", signed.as_ref()].concat();
        Self { body: body.as_ref().to_vec(), ..Self::new(SchemeName::TrustLens, code, signed) }
    }

    /// A genuine body under another secret than the one that is known.
    fn secret(code: &'static str, secret: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        Self {
            secret: secret.as_ref().to_vec(),
            key: key.as_ref().to_vec(),
            ..Self::lens(code, r#"{"event":"test"}"#, r#"{"event":"test"}"#)
        }
    }

    /// A GET of the Open API.
    fn api(code: &'static str, target: &str, signed: &str) -> Self {
        let base = Self::new(SchemeName::TrustooOpenApi, code, signed);
        Self { method: "GET", target: target.to_owned(), ..base }
    }

    fn post(code: &'static str, target: &str, body: &str, signed: &str) -> Self {
        Self { method: "POST", body: body.into(), ..Self::api(code, target, signed) }
    }

    fn shop(code: &'static str, target: &str, body: &str, signed: &str) -> Self {
        let base = Self::new(SchemeName::TrustooShop, code, signed);
        Self { target: target.to_owned(), body: body.into(), ..base }
    }

    fn capture(&self) -> Capture {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(&self.signed);
        let digits = hex::encode(mac.finalize().into_bytes());
        let headers: &[(&str, String)] = &match self.scheme {
            SchemeName::TrustLens => [
                ("X-TrustLens-Timestamp", self.at.to_owned()),
                ("X-TrustLens-Signature", format!("sha256={digits}")),
            ],
            SchemeName::TrustooShop => [
                ("Open-Trustoo-Webhook-Timestamp", self.at.to_owned()),
                ("Open-Trustoo-Webhook-Sign", digits),
            ],
            _ => [("Timestamp", self.at.to_owned()), ("Sign", digits)],
        };
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into()));
        Capture {
            method: Some(self.method.to_owned()),
            target: self.target.clone(),
            headers: headers.chain([("Host".to_owned(), b"rapi.trustoo.io".to_vec())]).collect(),
            body: self.body.clone(),
            is_exact: true,
        }
    }
}

fn cases() -> Vec<Case> {
    let latin = |text: &str| text.chars().map(|char| char as u8).collect::<Vec<_>>();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let mut cases = vec![
        // Secrets.
        Case::secret("secret_entities", "long&secret", "long&amp;secret"),
        Case::secret("secret_entities", "a<b>\"c'd", "a&lt;b&gt;&quot;c&#039;d"),
        Case::secret("secret_entities", "long&amp;secret", "long&secret"),
        Case::secret("secret_entities", "it&#039;s &quot;x&quot;", "it's \"x\""),
        Case::secret("secret_slashes", "O'Brien", r"O\'Brien"),
        Case::secret("secret_slashes", r#"say "hi""#, r#"say \"hi\""#),
        Case::secret("secret_slashes", r"O\'Brien", "O'Brien"),
        Case::secret("secret_slashes", r#"a\"b\\c"#, r#"a"b\c"#),
        Case::secret("secret_url_encoded", "a+b/c==", "a%2Bb%2Fc%3D%3D"),
        Case::secret("secret_url_encoded", "two words", "two+words"),
        Case::secret("secret_url_encoded", "a%2Bb%2Fc%3D", "a+b/c="),
        Case::secret("secret_url_encoded", "two%20words", "two words"),
        Case::secret("secret_byte_order_mark", "\u{feff}s3cret", "s3cret"),
        Case::secret("secret_byte_order_mark", "\u{feff}another\n", "another"),
        Case::secret("secret_byte_order_mark", "s3cret", "\u{feff}s3cret"),
        Case::secret("secret_byte_order_mark", "another", "\u{feff}another"),
        Case::secret("secret_white_space", "s3cret\u{a0}", "s3cret"),
        Case::secret("secret_white_space", "s3c\u{200b}ret", "s3cret"),
        Case::secret("secret_white_space", "s3cret", "s3cret "),
        Case::secret("secret_white_space", "another", "another\u{a0}"),
        Case::secret("secret_assignment", "TRUSTLENS_SECRET=s3cret", "s3cret"),
        Case::secret("secret_assignment", "export SECRET='an other'\n", "an other"),
        Case::secret("secret_prefix", "whsec_5f0c1d", "5f0c1d"),
        Case::secret("secret_prefix", "5f0c1d", "whsec_5f0c1d"),
        Case::secret("secret_escapes", r"cl\u00e9", "clé"),
        Case::secret("secret_escapes", r"\ud83d\udd11 key", "🔑 key"),
        Case::secret("secret_escapes", "clé", r"cl\u00e9"),
        Case::secret("secret_escapes", "🔑", r"\ud83d\udd11"),
        Case::secret("secret_charset", "clé", latin("clé")),
        Case::secret("secret_charset", "5 €", b"5 \x80"),
        Case::secret("secret_charset", latin("señor"), "señor"),
        Case::secret("secret_charset", utf16("\u{feff}s3cret"), "s3cret"),
        // Bodies: character sets.
        Case::lens("body_charset", "{\"m\":\"Café\"}", latin("{\"m\":\"Café\"}")),
        Case::lens("body_charset", "{\"m\":\"Señor\"}", latin("{\"m\":\"Señor\"}")),
        Case::lens("body_charset", latin("{\"m\":\"Über\"}"), "{\"m\":\"Über\"}"),
        Case::lens("body_charset", b"{\"m\":\"5 \x80\"}", "{\"m\":\"5 €\"}"),
        Case::lens("body_charset", "{\"m\":\"x\"}", utf16("{\"m\":\"x\"}")),
        Case::lens("body_charset", "{\"m\":\"ü\"}", utf16("\u{feff}{\"m\":\"ü\"}")),
        Case::lens("body_charset", utf16("{\"m\":\"x\"}"), "{\"m\":\"x\"}"),
        Case::lens("body_charset", utf16("\u{feff}{\"m\":\"ü\"}"), "{\"m\":\"ü\"}"),
        Case::lens("body_mojibake", "{\"m\":\"Café ñ\"}", "{\"m\":\"CafÃ© Ã±\"}"),
        Case::lens("body_mojibake", "{\"m\":\"“so”\"}", "{\"m\":\"â€œsoâ€\u{9d}\"}"),
        // Bodies: JSON written again.
        Case::lens("body_rewritten", r#"{"a":{},"b":[]}"#, r#"{"a":[],"b":[]}"#),
        Case::lens("body_rewritten", r#"{"x":{"t":[]},"u":"\/"}"#, r#"{"x":{"t":{}},"u":"/"}"#),
        Case::lens("body_rewritten", r#"{"m":"\u00C9t\u00E9"}"#, r#"{"m":"Été"}"#),
        Case::lens("body_rewritten", r#"{"m":"\u00e9"}"#, r#"{"m":"\u00E9"}"#),
        Case::lens("body_rewritten", r#"{"m":"\u003Cb\u003E"}"#, r#"{"m":"<b>"}"#),
        Case::lens("body_rewritten", r#"{"m":"it\u0027s \u0022x\u0022"}"#, r#"{"m":"it's \"x\""}"#),
        // Bodies: what stands around them, and other escapes.
        Case::lens("body_wrapped", r#"{"a":1}"#, r#"{"body":"{\"a\":1}","id":7}"#),
        Case::lens("body_wrapped", r#"{"b":"\/"}"#, r#""{\"b\":\"\\\/\"}""#),
        Case::lens("body_wrapped", r#"{"a":1}"#, r#"{"payload": {"a": 1}}"#),
        Case::lens(
            "body_wrapped",
            r#"{"a":1}"#,
            r#"{"body":"eyJhIjoxfQ==","isBase64Encoded":true}"#,
        ),
        Case::lens("body_unwrapped", r#""{\"a\":1}""#, r#"{"a":1}"#),
        Case::lens("body_unwrapped", r#""{\"u\":\"\/x\"}""#, r#"{"u":"/x"}"#),
        Case::lens("body_entities", r#"{"a":"b & c"}"#, "{&quot;a&quot;:&quot;b &amp; c&quot;}"),
        Case::lens("body_entities", r#"{"m":"it's"}"#, r#"{"m":"it&#039;s"}"#),
        Case::lens("body_entities", r#"{"a":"b &amp; c"}"#, r#"{"a":"b & c"}"#),
        Case::lens("body_entities", "{&quot;m&quot;:1}", r#"{"m":1}"#),
        Case::lens("body_slashes", r#"{"a":"b"}"#, r#"{\"a\":\"b\"}"#),
        Case::lens("body_slashes", r#"{"m":"it's"}"#, r#"{\"m\":\"it\'s\"}"#),
        Case::lens("body_slashes", r#"{\"a\":1}"#, r#"{"a":1}"#),
        Case::lens("body_slashes", r#"{\"b\":2}"#, r#"{"b":2}"#),
        Case::lens("body_typography", r#"{"a":"b"}"#, "{“a”:„b”}"),
        Case::lens("body_typography", r#"{"a":"it’s"}"#, "{”a”:”it’s”}"),
        Case::lens("body_typography", r#"{"a":"it's"}"#, "{“a”:“it’s”}"),
        Case::lens("body_typography", r#"{"a": "it's"}"#, "{“a”:\u{a0}“it‘s”}"),
        Case::lens("body_url_encoded", r#"{"a":1}"#, "%7B%22a%22%3A1%7D"),
        Case::lens("body_url_encoded", r#"{"a":"b c"}"#, "payload=%7B%22a%22%3A%22b+c%22%7D"),
        Case::lens("body_url_encoded", "%7B%22a%22%3A1%7D", r#"{"a":1}"#),
        Case::lens("body_url_encoded", "%5B1%5D", "[1]"),
        Case::lens("body_newline", r#"{"a":1} "#, r#"{"a":1}"#),
        Case::lens("body_newline", r#"{"a":1}"#, "{\"a\":1}  \n"),
        Case::lens("body_line_endings", "[1,\n2]", "[1,\r2]"),
        Case::lens("body_line_endings", "[1,\r\n2]", "[1,\n2]"),
        // The string around a body.
        Case::new(SchemeName::TrustLens, "separator_missing", "1780000000{}"),
        Case::new(SchemeName::TrustLens, "separator_other", "1780000000|{}"),
        Case::new(SchemeName::TrustLens, "separator_other", "1780000000:{}"),
        Case::new(SchemeName::TrustLens, "timestamp_last", "{}.1780000000"),
        Case::new(SchemeName::TrustLens, "timestamp_last", "{}1780000000"),
        Case::new(SchemeName::TrustLens, "body_left_out", "1780000000."),
        Case::new(SchemeName::TrustLens, "timestamp_left_out", ".{}"),
    ];
    for case in &mut cases {
        if case.body.is_empty() {
            case.body = b"{}".to_vec();
        }
    }
    let with_at = |at, case: Case| Case { at, ..case };
    let lens = |code, signed: &str| {
        let base = Case::new(SchemeName::TrustLens, code, signed);
        Case { body: b"[2]".to_vec(), ..base }
    };
    cases.extend([
        // The time, signed as it was sent.
        with_at("1780000000.5", lens("timestamp_malformed", "1780000000.5.[2]")),
        with_at("+1780000000", lens("timestamp_malformed", "+1780000000.[2]")),
        with_at("01780000000", lens("timestamp_malformed", "1780000000.[2]")),
        with_at("1780000000123", lens("milliseconds", "1780000000123.[2]")),
        with_at("1780000000123", lens("milliseconds", "1780000000.[2]")),
        lens("separator_missing", "1780000000[2]"),
        lens("timestamp_left_out", ".[2]"),
        lens("body_left_out", "1780000000"),
        // Shop webhooks.
        Case::shop("separator_missing", "/h", "{}", "timestamp=1780000000{}"),
        Case::shop("separator_missing", "/h", "[1]", "timestamp=1780000000[1]"),
        Case::shop("separator_other", "/h", "{}", "timestamp=1780000000&{}"),
        Case::shop("separator_other", "/h", "[1]", "timestamp=1780000000.[1]"),
        Case::shop("separator_added", "/h", "", "timestamp=1780000000|"),
        Case::shop("timestamp_bare", "/h", "{}", "1780000000|{}"),
        Case::shop("timestamp_bare", "/h", "[1]", "1780000000|[1]"),
        Case::shop("timestamp_last", "/h", "{}", "{}|timestamp=1780000000"),
        Case::shop("timestamp_left_out", "/h", "{}", "|{}"),
        Case::shop("body_left_out", "/h", "{}", "timestamp=1780000000"),
        Case::shop("query_included", "/h?b=2&a=1", "{}", "a=1&b=2&timestamp=1780000000|{}"),
        Case::shop("query_included", "/h?z=%20", "[1]", "timestamp=1780000000&z= |[1]"),
        Case::shop("query_included", "/h?z=%20", "{}", "timestamp=1780000000&z=%20|{}"),
        // The Open API.
        Case::api(
            "parameters_unsorted",
            "/x?page_size=20&page=1",
            "page_size=20&page=1&timestamp=1780000000",
        ),
        Case::api("parameters_unsorted", "/x?b=1&a=2", "b=1&a=2&timestamp=1780000000"),
        Case::api("parameters_as_sent", "/x?q=a%20b", "q=a%20b&timestamp=1780000000"),
        Case::api(
            "parameters_as_sent",
            "/x?ids%5B0%5D=7&z=1",
            "ids%5B0%5D=7&timestamp=1780000000&z=1",
        ),
        Case::api("parameters_encoded", "/x?q=a,b", "q=a%2Cb&timestamp=1780000000"),
        Case::api("parameters_encoded", "/x?q=a:b%20c", "q=a%3Ab%20c&timestamp=1780000000"),
        Case::api("plus_literal", "/x?q=a+b%20c", "q=a+b c&timestamp=1780000000"),
        Case::api("plus_literal", "/x?q=1+%2F", "q=1+/&timestamp=1780000000"),
        Case::api("timestamp_last", "/x?page=1&variant=2", "page=1&variant=2&timestamp=1780000000"),
        Case::api("timestamp_last", "/x?a=1&z=2", "a=1&z=2&timestamp=1780000000"),
        Case::api("timestamp_first", "/x?page=1", "timestamp=1780000000&page=1"),
        Case::api("timestamp_first", "/x?a=1&b=2", "timestamp=1780000000&a=1&b=2"),
        Case::api("timestamp_left_out", "/x?page=1", "page=1"),
        Case::api("timestamp_left_out", "/x?b=2&a=1", "a=1&b=2"),
        Case::api("empty_left_out", "/x?a=&b=2", "b=2&timestamp=1780000000"),
        Case::api("empty_left_out", "/x?page=1&q=", "page=1&timestamp=1780000000"),
        Case::api("bare_parameter", "/x?flag&page=1", "flag&page=1&timestamp=1780000000"),
        Case::api("bare_parameter", "/x?a", "a&timestamp=1780000000"),
        Case::api("question_mark", "/x?page=1", "?page=1&timestamp=1780000000"),
        Case::api("question_mark", "/x", "?timestamp=1780000000"),
        Case::api("path_included", "/x/y?page=1", "/x/y?page=1&timestamp=1780000000"),
        Case::api("path_included", "/z?page=1", "/zpage=1&timestamp=1780000000"),
        Case::api(
            "url_included",
            "/x?page=1",
            "https://rapi.trustoo.io/x?page=1&timestamp=1780000000",
        ),
        Case::api("url_included", "/y", "https://rapi.trustoo.io/y?timestamp=1780000000"),
        Case::api("separator_added", "/x?page=1", "page=1&timestamp=1780000000|"),
        Case::api("separator_added", "/x", "timestamp=1780000000|"),
        Case::api("sorted_otherwise", "/x?Z=1&a=2", "a=2&timestamp=1780000000&Z=1"),
        Case::api("sorted_otherwise", "/x?a=2&a=1", "a=1&a=2&timestamp=1780000000"),
        Case {
            body: b"{}".to_vec(),
            ..Case::api("body_included", "/x?a=1", "a=1&timestamp=1780000000|{}")
        },
        Case {
            body: b"[1]".to_vec(),
            ..Case::api("body_included", "/x", "timestamp=1780000000|[1]")
        },
        Case::post("body_left_out", "/x", "{}", "timestamp=1780000000"),
        Case::post("body_left_out", "/x?a=1", "[1]", "a=1&timestamp=1780000000"),
        Case::post("separator_missing", "/x", "{}", "timestamp=1780000000{}"),
        Case::post("separator_missing", "/x?a=1", "[1]", "a=1&timestamp=1780000000[1]"),
        Case::post("separator_other", "/x", "{}", "timestamp=1780000000&{}"),
        Case::post("separator_other", "/x?a=1", "[1]", "a=1&timestamp=1780000000\n[1]"),
        Case::post("separator_added", "/x", "", "timestamp=1780000000|"),
    ]);
    cases
}

#[test]
fn each_cause_is_found_first_and_alone() {
    let now = Timestamp::from_unix(1_780_000_010);
    let mut wrong = Vec::new();
    for case in cases() {
        let explainer = Explainer::new(case.scheme, &case.secret).unwrap();
        let report = explainer.explain_capture(&case.capture(), now);
        // Milliseconds are far ahead of any clock; that is said once.
        let codes: Vec<_> = report.findings().iter().map(Finding::code).collect();
        if codes != [case.code] || !report.recomputed() {
            let signed = String::from_utf8_lossy(&case.signed).into_owned();
            wrong.push(format!("{} {signed:?}: {codes:?}", case.code));
        }
        // The string that is shown is the one that was signed.
        let strings = report.strings().unwrap();
        if strings.signed.as_ref() != Some(&case.signed) {
            wrong.push(format!("{}: another string is shown", case.code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A genuine request is verified, and one thing that counts for the Open API alone is looked at.
#[test]
fn the_method_and_authorization_count_for_the_open_api() {
    let now = Timestamp::from_unix(1_780_000_010);
    let explain = |case: Case, more: &[(&str, &str)]| {
        let mut capture = case.capture();
        capture.headers.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let explainer = Explainer::new(case.scheme, &case.secret).unwrap();
        explainer.explain_capture(&capture, now)
    };
    let post = || Case::post("ok", "/x?a=1", "{}", "a=1&timestamp=1780000000|{}");
    assert!(explain(post(), &[]).verdict().is_ok());
    assert!(explain(post(), &[("Authorization", "")]).verdict().is_ok());
    let report = explain(post(), &[("Authorization", "Bearer x")]);
    assert_eq!(report.verdict().unwrap_err().code(), "bearer_token");
    assert!(report.recomputed());
    assert_eq!(report.findings(), [Finding::BearerToken]);
    // The server never looks at the signature, so it does not matter that none fits.
    let unfit = Case::post("ok", "/x?a=1", "{}", "something else");
    let report = explain(unfit, &[("Authorization", "Bearer x")]);
    assert_eq!(report.findings(), [Finding::BearerToken]);
    let get =
        || Case { body: b"{}".to_vec(), ..Case::api("ok", "/x?a=1", "a=1&timestamp=1780000000") };
    assert!(explain(get(), &[]).verdict().is_ok());
    let shop = Case::shop("ok", "/x", "{}", "timestamp=1780000000|{}");
    assert!(explain(shop, &[("Authorization", "Bearer x")]).verdict().is_ok());
}

/// A request whose signature fits nothing that is tried.
fn unfit(body: &[u8], more: &[(&str, &str)], is_exact: bool) -> Vec<Finding> {
    let case =
        Case { body: body.to_vec(), ..Case::new(SchemeName::TrustLens, "", "something else") };
    let mut capture = case.capture();
    capture.is_exact = is_exact;
    capture.headers.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let explainer = Explainer::new(case.scheme, &case.secret).unwrap();
    explainer.explain_capture(&capture, Timestamp::from_unix(1_780_000_010)).findings().to_vec()
}

#[test]
fn where_nothing_fits_the_body_says_why() {
    let json = br#"{"event":"test"}"#;
    assert_eq!(unfit(json, &[], true), [Finding::NothingFits]);
    assert_eq!(unfit(json, &[], false), [Finding::BodyParsed]);
    assert_eq!(unfit(b"", &[], true), [Finding::BodyEmpty]);
    let replaced = "{\"name\":\"M\u{fffd}ller\"}";
    assert_eq!(unfit(replaced.as_bytes(), &[], true), [Finding::BodyReplaced]);
    let gzip = [("Content-Encoding", "GZIP")];
    assert_eq!(unfit(json, &gzip, true), [Finding::BodyDecompressed]);
    assert_eq!(unfit(b"\x1f\x8b", &gzip, true), [Finding::NothingFits]);
    let length = [("Content-Length", "17")];
    assert_eq!(unfit(json, &length, true), [Finding::BodyLength { announced: 17, received: 16 }],);
    assert_eq!(unfit(json, &[("Content-Length", "16")], true), [Finding::NothingFits]);
}

/// Strings are kept for bodies up to a mebibyte.
#[test]
fn strings_of_long_bodies_are_not_kept() {
    let now = Timestamp::from_unix(1_780_000_010);
    for (length, kept) in [(1024 * 1024, true), (1024 * 1024 + 8192, false)] {
        let body = "x".repeat(length);
        let case = Case::shop("ok", "/x", &body, &format!("timestamp=1780000000|{body}"));
        let explainer = Explainer::new(case.scheme, &case.secret).unwrap();
        let report = explainer.explain_capture(&case.capture(), now);
        assert!(report.verdict().is_ok());
        assert_eq!(report.strings().is_some(), kept, "{length} bytes");
    }
}
