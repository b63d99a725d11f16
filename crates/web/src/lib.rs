//! `trusthooks_explain` in a browser.
//!
//! The page writes its settings (JSON), a capture and a body one after another into the memory that
//! [`input`] gives it, and calls [`explain`] with their lengths. The answer, JSON, is at [`output`].

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::{Value, json};
use trusthooks::Timestamp;
use trusthooks_explain::{Explainer, Report, SchemeName, capture::Reader};

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A question of the page. Empty texts are fields that were left empty.
#[derive(Deserialize)]
struct Settings {
    scheme: String,
    secret: String,
    previous: String,
    public_token: String,
    /// Unix seconds; there is no clock here.
    now: String,
    has_body: bool,
}

/// Memory for `len` bytes of input, valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(len, 0);
        input.as_mut_ptr()
    })
}

/// Explains a capture. The answer is at [`output`]; its length is returned. The input is wiped.
#[unsafe(no_mangle)]
pub extern "C" fn explain(settings: usize, capture: usize) -> usize {
    let answer = INPUT.with_borrow_mut(|input| {
        let answer = input.split_at_checked(settings).and_then(|(settings, rest)| {
            let (capture, body) = rest.split_at_checked(capture)?;
            let settings = serde_json::from_slice(settings).ok()?;
            Some(answer(&settings, capture, body))
        });
        input.fill(0);
        answer
    });
    let answer = match answer {
        None => json!({ "error": "the page and its module do not fit together" }),
        Some(Err(problem)) => json!({ "error": problem }),
        Some(Ok(answer)) => answer,
    };
    OUTPUT.with_borrow_mut(|output| {
        *output = answer.to_string().into_bytes();
        output.len()
    })
}

/// Where the last answer is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

fn answer(settings: &Settings, capture: &[u8], body: &[u8]) -> Result<Value, String> {
    let mut reader = Reader::new();
    if settings.has_body {
        reader = reader.body(body);
    }
    let capture = reader.read(capture).map_err(|error| error.to_string())?;
    if settings.secret.is_empty() {
        return Err("the secret is missing".to_owned());
    }
    let now: Timestamp = settings
        .now
        .trim()
        .parse()
        .map_err(|_| "the time of arrival is not Unix seconds in plain digits".to_owned())?;
    let explain = |scheme: SchemeName| -> Result<Report, String> {
        let explainer = Explainer::new(scheme, &settings.secret);
        let mut explainer = explainer.map_err(|error| error.to_string())?;
        if !settings.previous.is_empty() {
            explainer = explainer.previous(&settings.previous);
        }
        if !settings.public_token.is_empty() {
            explainer = explainer.public_token(&*settings.public_token);
        }
        Ok(explainer.explain_capture(&capture, now))
    };
    let report = if settings.scheme.is_empty() {
        let scheme = SchemeName::of(&capture.headers).ok_or(
            "no header of the capture is a signature of TrustLens or Trustoo; choose the scheme",
        )?;
        match (scheme, explain(scheme)?) {
            // A request of today that lost its time looks the same as one of before 1.2.3.
            (SchemeName::TrustLensV1, report) if report.verdict().is_err() => {
                explain(SchemeName::TrustLens)?
            }
            (_, report) => report,
        }
    } else {
        explain(settings.scheme.parse().map_err(|_| "no such scheme".to_owned())?)?
    };
    let mut answer = serde_json::to_value(&report).map_err(|error| error.to_string())?;
    answer["rules"] = json!(report.scheme().to_string());
    answer["message"] = json!(report.verdict().err().map(|refusal| refusal.to_string()));
    if let Some(strings) = report.strings() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // Split where the two differ, so that the page need not count bytes.
        let parts = |bytes: &[u8]| {
            let at = strings.difference().unwrap_or(bytes.len());
            let (same, other) = bytes.split_at_checked(at).unwrap_or((bytes, b""));
            json!([text(same), text(other)])
        };
        answer["strings"] = json!({
            "expected": parts(&strings.expected),
            "signed": strings.signed.as_deref().map(parts),
            "differ_at": strings.difference(),
        });
    }
    Ok(answer)
}
