//! What the tests share: the vector files, and a verifier for each scheme of theirs.
#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use std::{
    collections::HashMap,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use trusthooks::{
    Headers, Receipt, ReplayWindow, Secret, Secrets, Timestamp, Verify, VerifyError, trustlens,
    trustoo,
};

/// `{"cases": […]}`
#[derive(Deserialize)]
struct Cases<T> {
    cases: Vec<T>,
}

pub fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str::<Cases<T>>(json).unwrap().cases
}

pub fn base64(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap()
}

/// A line of `vectors/verify.json` and of `vectors/hard_verify.json`.
#[derive(Deserialize)]
pub struct Case {
    pub id: String,
    pub note: String,
    pub scheme: String,
    secrets: Vec<String>,
    now: u64,
    window: Option<(u64, u64)>,
    store: Option<HashMap<String, Vec<String>>>,
    headers_b64: Vec<(String, String)>,
    body_b64: String,
    pub expect: String,
}

pub fn verify_cases() -> Vec<Case> {
    cases(include_str!("../vectors/verify.json"))
}

pub fn hard_verify_cases() -> Vec<Case> {
    cases(include_str!("../vectors/hard_verify.json"))
}

/// What a program of another language answers to these lines; `None` where it is not installed.
/// Then the test that asked says so and passes, but for `CI=true`, where it must be there.
pub fn answers(program: &str, arguments: &[&str], lines: &str) -> Option<String> {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{program} is not installed");
        eprintln!("skipped: {program} is not installed");
        return None;
    }
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // In a thread of its own: the answers begin before the last line is written.
        scope.spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{program} {arguments:?}: {}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Numbers that look like chance and are the same in every run: `SplitMix64`.
pub struct Chance(pub u64);

impl Chance {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() % bound as u64).unwrap()
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Fewer than `bound` bytes, of any value.
    pub fn bytes(&mut self, bound: usize) -> Vec<u8> {
        let length = self.below(bound);
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }
}

pub fn to_base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn secrets(texts: &[String]) -> Secrets {
    let mut texts = texts.iter().map(|text| Secret::new(text).unwrap());
    let current = Secrets::from(texts.next().unwrap());
    texts.fold(current, Secrets::and)
}

/// The four webhook verifiers behind one type, for tables of cases.
pub enum AnyVerifier {
    TrustLens(trustlens::Verifier),
    TrustLensV1(trustlens::v1::Verifier),
    Shop(trustoo::shop::Verifier),
    System(trustoo::system::Verifier),
}

pub fn verdict(result: Result<Receipt, VerifyError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

impl AnyVerifier {
    /// In one go.
    pub fn whole<H: Headers>(
        &self,
        headers: &H,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Receipt, VerifyError> {
        fn go<V: Verify, H: Headers>(
            verifier: &V,
            headers: &H,
            body: &[u8],
            now: Timestamp,
        ) -> Result<Receipt, VerifyError> {
            let delivery = verifier.verify_at(headers, body, now)?;
            assert_eq!(delivery.body(), body);
            Ok(*delivery.receipt())
        }
        match self {
            Self::TrustLens(verifier) => go(verifier, headers, body, now),
            Self::TrustLensV1(verifier) => go(verifier, headers, body, now),
            Self::Shop(verifier) => go(verifier, headers, body, now),
            Self::System(verifier) => go(verifier, headers, body, now),
        }
    }

    /// In pieces.
    pub fn streamed<'b, H: Headers>(
        &self,
        headers: &H,
        pieces: impl IntoIterator<Item = &'b [u8]>,
        now: Timestamp,
    ) -> Result<Receipt, VerifyError> {
        fn go<'b, V: Verify, H: Headers>(
            verifier: &V,
            headers: &H,
            pieces: impl IntoIterator<Item = &'b [u8]>,
            now: Timestamp,
        ) -> Result<Receipt, VerifyError> {
            let mut verification = verifier.begin(headers, now)?;
            for piece in pieces {
                verification.update(piece);
            }
            verification.finish()
        }
        match self {
            Self::TrustLens(verifier) => go(verifier, headers, pieces, now),
            Self::TrustLensV1(verifier) => go(verifier, headers, pieces, now),
            Self::Shop(verifier) => go(verifier, headers, pieces, now),
            Self::System(verifier) => go(verifier, headers, pieces, now),
        }
    }
}

impl Case {
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now)
    }

    pub fn body(&self) -> Vec<u8> {
        base64(&self.body_b64)
    }

    pub fn pairs(&self) -> Vec<(String, Vec<u8>)> {
        self.headers_b64.iter().map(|(name, value)| (name.clone(), base64(value))).collect()
    }

    /// `None` where a value is one that HTTP does not allow and `http` does not hold.
    pub fn header_map(&self) -> Option<http::HeaderMap> {
        let mut map = http::HeaderMap::new();
        for (name, value) in self.pairs() {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, http::HeaderValue::from_bytes(&value).ok()?);
        }
        Some(map)
    }

    pub fn verifier(&self) -> AnyVerifier {
        let window = self.window.map(|(past, future)| {
            ReplayWindow::new(Duration::from_secs(past), Duration::from_secs(future))
        });
        match self.scheme.as_str() {
            "trustlens" => {
                let verifier = trustlens::Verifier::new(secrets(&self.secrets));
                AnyVerifier::TrustLens(match window {
                    Some(window) => verifier.with_window(window),
                    None => verifier,
                })
            }
            "trustlens_v1" => {
                AnyVerifier::TrustLensV1(trustlens::v1::Verifier::new(secrets(&self.secrets)))
            }
            "trustoo_shop" => {
                let verifier = match &self.store {
                    None => trustoo::shop::Verifier::new(secrets(&self.secrets)),
                    Some(store) => trustoo::shop::Verifier::with_store(
                        store
                            .iter()
                            .map(|(token, texts)| (token.clone(), secrets(texts)))
                            .collect::<HashMap<_, _>>(),
                    ),
                };
                AnyVerifier::Shop(match window {
                    Some(window) => verifier.with_window(window),
                    None => verifier,
                })
            }
            "trustoo_system" => {
                AnyVerifier::System(trustoo::system::Verifier::new(secrets(&self.secrets)))
            }
            other => panic!("unknown scheme {other}"),
        }
    }
}
