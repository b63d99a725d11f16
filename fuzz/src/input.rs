//! A request as bytes: what the fuzzer mutates and `fuzz/seed_corpus.py` writes.
//!
//! ```text
//! scheme u8 | flags u8 | now u64 | past u64 | future u64 | keys | headers | body
//! keys     n u8, n times: token, m u8, m times: secret
//! headers  n u8, n times: name, value
//! token, secret, name, value: length u8 or, from 255, 255 and u16; bytes
//! ```
//!
//! Little-endian; what is missing at the end is zero or empty, so all bytes are a request.

use std::{collections::BTreeMap, time::Duration};

use trusthooks::{ReplayWindow, Secret, Secrets, Timestamp, Verify, trustlens, trustoo};

use crate::model::{self, Scheme};

/// The signature header holds what the model signs with the first secret, whatever was read.
const SIGNED: u8 = 1;
/// There is a window; otherwise the scheme's own applies.
const WINDOW: u8 = 2;
/// Several shops, by public token; otherwise the first one's secrets are all there are.
const STORE: u8 = 4;

pub struct Request {
    pub scheme: Scheme,
    pub now: u64,
    pub window: Option<(u64, u64)>,
    pub store: bool,
    pub keys: Vec<(String, Vec<Vec<u8>>)>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = match self.number(1) {
            255 => self.number(2),
            short => short,
        };
        self.take(length as usize)
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Request {
    pub fn read(data: &[u8]) -> Self {
        let mut reader = Reader(data);
        let scheme = Scheme::ALL[reader.number(1) as usize % Scheme::ALL.len()];
        let flags = reader.number(1) as u8;
        let now = reader.number(8);
        let (past, future) = (reader.number(8), reader.number(8));
        let mut keys = Vec::new();
        for _ in 0..reader.number(1) % 4 {
            let token = reader.text();
            let secrets: Vec<_> = (0..=reader.number(1) % 4)
                .map(|_| reader.bytes())
                .map(|secret| if Secret::new(&secret).is_err() { b"s".to_vec() } else { secret })
                .collect();
            if keys.iter().all(|(known, _)| *known != token) {
                keys.push((token, secrets));
            }
        }
        if keys.is_empty() {
            keys.push(("one shop".to_owned(), vec![b"s".to_vec()]));
        }
        let mut headers = Vec::new();
        for _ in 0..reader.number(1) % 8 {
            headers.push((reader.text(), reader.bytes()));
        }
        let store = flags & STORE != 0 && scheme == Scheme::Shop;
        let window = (flags & WINDOW != 0).then_some((past, future));
        let body = reader.0.to_vec();
        let mut request = Self { scheme, now, window, store, keys, headers, body };
        if flags & SIGNED != 0 {
            request.sign();
        }
        request
    }

    /// Puts the signature in that the model makes over the time that the request claims.
    fn sign(&mut self) {
        let names = self.scheme.names();
        let seconds = names.timestamp.and_then(|name| {
            let (_, value) =
                self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name))?;
            model::timestamp(value)
        });
        let key = &self.keys[self.keys.len() - 1].1;
        let key = &key[key.len() - 1];
        let mac = model::hmac(key, &self.scheme.message(seconds.unwrap_or(0), &self.body));
        let text = names.prefix.iter().copied().chain(model::hex(&mac)).collect::<Vec<_>>();
        for (name, value) in &mut self.headers {
            if name.eq_ignore_ascii_case(names.signature) {
                value.clone_from(&text);
            }
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now)
    }

    /// The headers as `http` holds them; `None` where it cannot hold them.
    pub fn header_map(&self) -> Option<http::HeaderMap> {
        let mut map = http::HeaderMap::new();
        for (name, value) in &self.headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).ok()?;
            map.append(name, http::HeaderValue::from_bytes(value).ok()?);
        }
        Some(map)
    }

    /// Hands the verifier that the request asks for to `judge`.
    pub fn judge(&self, judge: impl Judge) {
        let shops = self.keys.iter().map(|(token, texts)| (token.clone(), secrets(texts)));
        let current = secrets(&self.keys[0].1);
        let window = self.window.map(|(past, future)| {
            ReplayWindow::new(Duration::from_secs(past), Duration::from_secs(future))
        });
        match self.scheme {
            Scheme::TrustLens => {
                let verifier = trustlens::Verifier::new(current);
                judge.judge(&match window {
                    Some(window) => verifier.with_window(window),
                    None => verifier,
                });
            }
            Scheme::TrustLensV1 => judge.judge(&trustlens::v1::Verifier::new(current)),
            Scheme::Shop => {
                let verifier = if self.store {
                    trustoo::shop::Verifier::with_store(shops.collect::<BTreeMap<_, _>>())
                } else {
                    trustoo::shop::Verifier::new(current)
                };
                judge.judge(&match window {
                    Some(window) => verifier.with_window(window),
                    None => verifier,
                });
            }
            Scheme::System => judge.judge(&trustoo::system::Verifier::new(current)),
        }
    }
}

/// What is asked of a verifier, of whichever scheme.
pub trait Judge {
    fn judge<V: Verify>(&self, verifier: &V);
}

fn secrets(texts: &[Vec<u8>]) -> Secrets {
    let mut keys = texts.iter().map(|text| Secret::new(text).unwrap());
    let current = Secrets::from(keys.next().unwrap());
    keys.fold(current, Secrets::and)
}
