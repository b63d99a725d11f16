//! Whatever a capture holds: it is read or refused without a panic, within bounds, names of headers
//! are tokens, and what is said is safe at a terminal. What was read is explained within the bound on
//! work, and never as genuine: nobody who made it knew the secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::Timestamp;
use trusthooks_explain::{Explainer, MAX_MACS, SchemeName, capture::Reader};

fn is_harmless(text: &str) -> bool {
    let is_harmful =
        |char: char| (char.is_control() && char != '\n') || matches!(char, '\u{202a}'..='\u{202e}');
    !text.contains(is_harmful)
}

fuzz_target!(|data: &[u8]| {
    let capture = match Reader::new().read(data) {
        Ok(capture) => capture,
        Err(error) => {
            assert!(is_harmless(&error.to_string()), "{error:?}");
            return;
        }
    };
    // Percent-encoding makes three bytes of one, and variables are replaced up to a mebibyte.
    let room = 4 * data.len() + 1024 * 1024 + 4096;
    assert!(capture.body.len() <= room && capture.target.len() <= room);
    for (name, value) in &capture.headers {
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        assert!(!name.contains([':', '{', '"', '(', '[', '/']), "{name:?}");
        assert_eq!(value.trim_ascii(), &**value);
    }
    let scheme = SchemeName::of(&capture.headers).unwrap_or(SchemeName::TrustooOpenApi);
    let explainer = Explainer::new(scheme, "a secret that no input has").unwrap();
    let report = explainer.explain_capture(&capture, Timestamp::from_unix(1_780_000_000));
    assert!(report.macs() <= MAX_MACS);
    assert!(report.verdict().is_err() && !report.recomputed());
    assert!(!report.findings().is_empty());
    assert!(is_harmless(&report.to_string()));
});
