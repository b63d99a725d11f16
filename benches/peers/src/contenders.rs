//! A delivery, and the ways of checking it that this crate is measured against.

use std::{hint::black_box, time::Duration};

use ::hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Sha256, block_api::compress256};
use subtle::ConstantTimeEq as _;
use trusthooks::{Secret, SignedHeaders, Timestamp, trustlens, trustoo::shop};

const TIMESTAMP: &str = "x-trustlens-timestamp";
const SIGNATURE: &str = "x-trustlens-signature";
const PREFIX: &str = "sha256=";
const WINDOW: u64 = 300;

/// A request as it comes in: what every client sends, and what this vendor adds.
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    secret: &'static str,
    timestamp: u64,
}

impl Request {
    /// A TrustLens delivery, signed now.
    pub(crate) fn new(secret: &'static str, size: usize, now: u64) -> Self {
        let body = body(size);
        let signer = trustlens::Signer::new(Secret::new(secret).expect("not empty"));
        let signed = signer.sign_at(&body, Timestamp::from_unix(now));
        let mut headers = with_common_headers(&signed);
        headers.insert("x-trustlens-event", HeaderValue::from_static("score_updated"));
        let uuid = HeaderValue::from_static("6f0d2a52-9d4c-4c8e-8a39-0d8c5b1a7e21");
        headers.insert("x-trustlens-delivery", uuid.clone());
        headers.insert("x-trustlens-webhook-id", uuid);
        Self { headers, body, secret, timestamp: now }
    }

    /// A delivery of one of Trustoo's shops.
    pub(crate) fn of_shop(signer: &shop::Signer, size: usize, now: u64) -> Self {
        let body = body(size);
        let signed = signer.sign_at(&body, Timestamp::from_unix(now));
        Self { headers: with_common_headers(&signed), body, secret: "", timestamp: now }
    }
}

/// JSON of this many bytes.
fn body(size: usize) -> Vec<u8> {
    let mut body = br#"{"event":"score_updated","data":""#.to_vec();
    body.resize(size.saturating_sub(2), b'x');
    body.extend_from_slice(b"\"}");
    body.truncate(size);
    body
}

fn with_common_headers(signed: &SignedHeaders) -> HeaderMap {
    let mut headers = common_headers();
    signed.apply(&mut headers).expect("values that headers can carry");
    headers
}

fn common_headers() -> HeaderMap {
    [
        (header::HOST, "hooks.example.com"),
        (header::USER_AGENT, "WordPress/6.8; https://shop.example.com"),
        (header::ACCEPT, "*/*"),
        (header::ACCEPT_ENCODING, "deflate, gzip, br"),
        (header::REFERER, "https://hooks.example.com/in"),
        (header::CONNECTION, "close"),
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_LENGTH, "1024"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}

/// What of a check cannot be avoided once the key block is behind: the compressions of the inner
/// hash over the time, the body and the padding, and the one of the outer hash. Everything else is
/// laid out beforehand.
pub(crate) fn floor(request: &Request) -> impl FnMut() {
    let mut key = [0; 64];
    key[..request.secret.len()].copy_from_slice(request.secret.as_bytes());
    let [inner, outer] = [0x36, 0x5c].map(|pad| {
        let mut state = INITIAL;
        compress256(&mut state, &[key.map(|byte| byte ^ pad)]);
        state
    });
    let text = [format!("{}.", request.timestamp).as_bytes(), &request.body].concat();
    let blocks = padded(&text);
    let mac = request.headers[SIGNATURE].as_bytes()[PREFIX.len()..].to_vec();
    let mac: [u8; 32] = hex::decode(mac).expect("hex").try_into().expect("32 bytes");
    let expected: [u32; 8] =
        std::array::from_fn(|i| u32::from_be_bytes(*mac[i * 4..].first_chunk().expect("4 bytes")));
    let [mut last] = *padded(&[0; 32]).as_array::<1>().expect("one block");
    move || {
        let mut state = *black_box(&inner);
        compress256(&mut state, black_box(&blocks));
        for (bytes, word) in last.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        let mut state = *black_box(&outer);
        compress256(&mut state, &[last]);
        assert_eq!(state, expected);
    }
}

/// A part of a check: the MAC, by the library that this crate has it from.
pub(crate) fn mac(request: &Request) -> impl FnMut() {
    let keyed = Hmac::<Sha256>::new_from_slice(request.secret.as_bytes()).expect("any length");
    let timestamp = request.timestamp.to_string();
    let body = &request.body;
    move || {
        let mut mac = black_box(&keyed).clone();
        mac.update(black_box(timestamp.as_bytes()));
        mac.update(b".");
        mac.update(black_box(body));
        black_box(mac.finalize());
    }
}

/// A part of a check: finding its two headers, by names that were parsed beforehand.
pub(crate) fn look_ups(request: &Request) -> impl FnMut() {
    let names = [TIMESTAMP, SIGNATURE].map(HeaderName::from_static);
    let headers = &request.headers;
    move || {
        for name in black_box(&names) {
            let mut values = black_box(headers).get_all(name).iter();
            assert!(black_box(values.next()).is_some() && values.next().is_none());
        }
    }
}

/// SHA-256's initial state.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The blocks of what follows a key block.
fn padded(text: &[u8]) -> Vec<[u8; 64]> {
    let mut bytes = text.to_vec();
    bytes.push(0x80);
    bytes.resize((bytes.len() + 8).next_multiple_of(64) - 8, 0);
    bytes.extend_from_slice(&((text.len() as u64 + 64) * 8).to_be_bytes());
    bytes.as_chunks().0.to_vec()
}

/// Its own scheme, the nearest there is: an id is signed too, and the signature is base64.
pub(crate) fn standardwebhooks(request: &Request) -> impl FnMut() {
    let webhook =
        standardwebhooks::Webhook::from_bytes(request.secret.as_bytes().to_vec()).expect("a key");
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature =
        webhook.sign(id, request.timestamp as i64, &request.body).expect("a body of text");
    let mut headers = common_headers();
    for (name, value) in [
        ("webhook-id", id),
        ("webhook-timestamp", &request.timestamp.to_string()),
        ("webhook-signature", &signature),
    ] {
        headers.insert(HeaderName::from_static(name), value.parse().expect("a header's value"));
    }
    let body = request.body.clone();
    move || {
        assert!(black_box(&webhook).verify(black_box(&body), black_box(&headers)).is_ok());
    }
}

/// The very same delivery: its custom scheme can describe TrustLens'.
pub(crate) fn webhook_verify(request: &Request) -> impl FnMut() {
    use webhook_verify::{CustomScheme, Encoding, HashAlg, Provider, Secret, VerifyOptions};

    let scheme = Provider::Custom(CustomScheme {
        hash: HashAlg::Sha256,
        signature_header: SIGNATURE,
        timestamp_header: Some(TIMESTAMP),
        encoding: Encoding::Hex,
        prefix: Some(PREFIX),
        signed_string: |headers, body| {
            let timestamp = headers.get(TIMESTAMP).unwrap_or_default();
            [timestamp.as_bytes(), b".", body].concat()
        },
    });
    let secret = Secret::new(request.secret);
    let Request { headers, body, .. } = request;
    move || {
        let options = VerifyOptions::default().with_max_age(Some(Duration::from_secs(WINDOW)));
        let (headers, body) = (black_box(headers), black_box(body));
        let verdict =
            webhook_verify::verify(*black_box(&scheme), headers, body, black_box(&secret), options);
        assert!(verdict.is_ok());
    }
}

/// What every check by hand begins with: time and signature, as text, within the window.
fn claimed(headers: &HeaderMap, now: u64) -> Option<(&str, &str)> {
    let timestamp = headers.get(TIMESTAMP)?.to_str().ok()?;
    let signature = headers.get(SIGNATURE)?.to_str().ok()?.strip_prefix(PREFIX)?;
    let fresh = timestamp.parse::<u64>().ok()?.abs_diff(now) <= WINDOW;
    fresh.then_some((timestamp, signature))
}

/// The way that most examples show.
pub(crate) fn hmac(request: &Request, now: u64) -> impl FnMut() {
    fn check(secret: &str, headers: &HeaderMap, body: &[u8], now: u64) -> Option<()> {
        let (timestamp, signature) = claimed(headers, now)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        let expected = hex::encode(mac.finalize().into_bytes());
        bool::from(expected.as_bytes().ct_eq(signature.as_bytes())).then_some(())
    }
    let Request { headers, body, secret, .. } = request;
    move || {
        let (headers, body) = (black_box(headers), black_box(body));
        assert!(check(black_box(secret), headers, body, black_box(now)).is_some());
    }
}

/// With care: the key is set up once, the text is fed in pieces, nothing is allocated.
pub(crate) fn ring(request: &Request, now: u64) -> impl FnMut() {
    use ring::hmac::{Context, HMAC_SHA256, Key};

    fn check(key: &Key, headers: &HeaderMap, body: &[u8], now: u64) -> Option<()> {
        let (timestamp, signature) = claimed(headers, now)?;
        let mut sent = [0; 32];
        hex::decode_to_slice(signature, &mut sent).ok()?;
        let mut mac = Context::with_key(key);
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        bool::from(mac.sign().as_ref().ct_eq(&sent)).then_some(())
    }
    let key = Key::new(HMAC_SHA256, request.secret.as_bytes());
    let Request { headers, body, .. } = request;
    move || {
        let (headers, body) = (black_box(headers), black_box(body));
        assert!(check(black_box(&key), headers, body, black_box(now)).is_some());
    }
}

/// The same with aws-lc-rs.
pub(crate) fn aws_lc(request: &Request, now: u64) -> impl FnMut() {
    use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

    fn check(key: &Key, headers: &HeaderMap, body: &[u8], now: u64) -> Option<()> {
        let (timestamp, signature) = claimed(headers, now)?;
        let mut sent = [0; 32];
        hex::decode_to_slice(signature, &mut sent).ok()?;
        let mut mac = Context::with_key(key);
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        bool::from(mac.sign().as_ref().ct_eq(&sent)).then_some(())
    }
    let key = Key::new(HMAC_SHA256, request.secret.as_bytes());
    let Request { headers, body, .. } = request;
    move || {
        let (headers, body) = (black_box(headers), black_box(body));
        assert!(check(black_box(&key), headers, body, black_box(now)).is_some());
    }
}

/// A canonical string of the Open API, as a straightforward program makes it: decode, sort, join.
pub(crate) fn canonical_string(query: &str, now: u64) -> String {
    let mut parameters: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    parameters.push(("timestamp".to_owned(), now.to_string()));
    parameters.sort();
    let pairs: Vec<_> = parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join("&")
}

/// Its signature: `hmac` keyed per request.
pub(crate) fn sign(private_token: &str, query: &str, now: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(private_token.as_bytes()).expect("any length");
    mac.update(canonical_string(query, now).as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// The three headers of a request.
pub(crate) fn headers(
    public_token: &str,
    private_token: &str,
    query: &str,
    now: u64,
) -> [(&'static str, String); 3] {
    [
        ("Public-Token", public_token.to_owned()),
        ("Timestamp", now.to_string()),
        ("Sign", sign(private_token, query, now)),
    ]
}
