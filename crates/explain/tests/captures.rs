//! Captures as people have them: how they are read, and that what is said of them is right.

use std::{fs, path::PathBuf};

use serde::Deserialize;
use trusthooks::Timestamp;
use trusthooks_explain::{Explainer, Scheme, capture::Reader};

const NOW: Timestamp = Timestamp::from_unix(1_780_000_010);

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

/// A capture, and what must be said of it.
#[derive(Deserialize)]
struct Case {
    file: String,
    scheme: String,
    secret: String,
    /// 0 verified, 1 refused, 2 unusable.
    exit: Vec<u8>,
    recomputed: Option<bool>,
    /// Codes that would be false.
    #[serde(default)]
    not: Vec<String>,
}

fn cases(name: &str) -> Vec<Case> {
    serde_json::from_slice(&fs::read(folder(name).join("manifest.json")).unwrap()).unwrap()
}

fn check(name: &str) {
    let mut wrong = Vec::new();
    for case in cases(name) {
        let bytes = fs::read(folder(name).join(&case.file)).unwrap();
        let scheme: Scheme = case.scheme.parse().unwrap();
        let explainer = Explainer::new(scheme, &case.secret).unwrap();
        let (exit, recomputed, codes) = match Reader::new().read(&bytes) {
            Err(error) => (2, None, vec![error.to_string()]),
            Ok(capture) => {
                let report = explainer.explain_capture(&capture, NOW);
                let codes = report.findings().iter().map(|it| it.code().to_owned()).collect();
                (u8::from(report.verdict().is_err()), Some(report.recomputed()), codes)
            }
        };
        let is_right = case.exit.contains(&exit)
            && (case.recomputed.is_none() || case.recomputed == recomputed)
            && !codes.iter().any(|code| case.not.contains(code));
        if !is_right {
            wrong.push(format!("{}: {exit} {recomputed:?} {codes:?}", case.file));
        }
        eprintln!("{}: {exit} {recomputed:?} {codes:?}", case.file);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_handed_captures_come_out_right() {
    check("handed");
}
