//! Signatures made by Python, Node and PHP are accepted here, and those made here are accepted
//! there.

mod common;

use common::{Chance, answers, to_base64};
use serde_json::{Value, json};
use trusthooks::{
    Secret, SignedHeaders, Timestamp, Verify, VerifyError, trustlens,
    trustoo::{open_api, shop, system},
};

const SCHEMES: [&str; 5] =
    ["trustlens", "trustlens_v1", "trustoo_shop", "trustoo_system", "trustoo_open_api"];
const SECRETS: [&[u8]; 8] = [
    b"s",
    b"line break\n",
    b"NUL\0inside",
    "clé-🔑".as_bytes(),
    b"\xff\xfe",
    &[b'k'; 64],
    &[b'k'; 65],
    &[b'k'; 1000],
];
const BODIES: [&[u8]; 7] = [
    b"",
    br#"{"event":"test"}"#,
    br#"{"url":"https:\/\/example.com\/","name":"Caf\u00e9"}"#,
    b"\xef\xbb\xbf{}\r\n",
    b"\0\xff|&=%",
    b"|",
    &[b'x'; 4096],
];
const QUERIES: &[&str] = &[
    "",
    "page=1&page_size=20&product_ids=9228589138176",
    "b=2&a=1&b=1&&a",
    "10=a&9=b&Timestamp=1&timestampa=2&time=3",
    "=v&==&x",
    "a=1+2&b=%2B&c=%252B",
    "a=%&b=%7&c=%zz&%61=4&d=%%41",
    "a%3D=%26&%C3%A9=%ff%FE&%00=1",
    "é=😀&a[]=2&a[]=1",
];

/// One request, to be signed on either side.
struct Request {
    scheme: &'static str,
    secret: Vec<u8>,
    at: Timestamp,
    query: &'static str,
    body: Vec<u8>,
}

impl Request {
    fn line(&self) -> Value {
        json!({
            "do": "sign",
            "scheme": self.scheme,
            "secret_b64": to_base64(&self.secret),
            "timestamp": self.at.to_string(),
            "query": self.query,
            "body_b64": to_base64(&self.body),
        })
    }

    fn sign(&self) -> SignedHeaders {
        let secret = Secret::new(&self.secret).unwrap();
        let (body, at) = (&self.body, self.at);
        match self.scheme {
            "trustlens" => trustlens::Signer::new(secret).sign_at(body, at),
            "trustlens_v1" => trustlens::v1::Signer::new(secret).sign_at(body, at),
            "trustoo_shop" => shop::Signer::new("public", secret).sign_at(body, at),
            "trustoo_system" => system::Signer::new(secret).sign_at(body, at),
            _ => {
                open_api::Signer::new("public", secret).sign_at(self.query, Some(body), at).unwrap()
            }
        }
    }

    fn verify(&self, signature: &str) -> Result<(), VerifyError> {
        let secret = Secret::new(&self.secret).unwrap();
        let (body, at) = (self.body.as_slice(), self.at);
        let time = at.to_string();
        match self.scheme {
            "trustlens" | "trustlens_v1" => {
                let headers =
                    [("X-TrustLens-Timestamp", &*time), ("X-TrustLens-Signature", signature)];
                if self.scheme == "trustlens" {
                    trustlens::Verifier::new(secret).verify_at(&headers, body, at).map(drop)
                } else {
                    trustlens::v1::Verifier::new(secret).verify_at(&headers, body, at).map(drop)
                }
            }
            "trustoo_shop" => {
                let headers = [
                    ("Open-Trustoo-Webhook-Timestamp", &*time),
                    ("Open-Trustoo-Webhook-Sign", signature),
                ];
                shop::Verifier::new(secret).verify_at(&headers, body, at).map(drop)
            }
            "trustoo_system" => {
                let headers = [("X-Trustoo-Signature", signature)];
                system::Verifier::new(secret).verify_at(&headers, body, at).map(drop)
            }
            _ => {
                let headers = [("Timestamp", &*time), ("Sign", signature)];
                let verifier = open_api::Verifier::new(secret);
                verifier.verify_at(&headers, self.query, Some(body), at).map(drop)
            }
        }
    }
}

fn requests() -> Vec<Request> {
    let mut chance = Chance(11);
    let mut requests = Vec::new();
    for scheme in SCHEMES {
        for secret in SECRETS {
            for body in BODIES {
                let anywhere = chance.number() >> 1;
                let at = chance.pick(&[1_780_000_000, 0, i64::MAX as u64, anywhere]);
                requests.push(Request {
                    scheme,
                    secret: secret.to_vec(),
                    at: Timestamp::from_unix(at),
                    query: chance.pick(QUERIES),
                    body: body.to_vec(),
                });
            }
        }
        for _ in 0..150 {
            let mut secret = chance.bytes(150);
            secret.push(b'.');
            requests.push(Request {
                scheme,
                secret,
                at: Timestamp::from_unix(chance.number() >> 1),
                query: chance.pick(QUERIES),
                body: chance.bytes(300),
            });
        }
    }
    requests
}

fn both_ways(program: &str, script: &str) {
    let requests = requests();
    let lines: Vec<_> = requests.iter().map(|request| request.line().to_string()).collect();
    let Some(theirs) = answers(program, &[script], &lines.join("\n")) else { return };
    let theirs: Vec<_> = theirs.lines().collect();
    assert_eq!(theirs.len(), requests.len());
    for (request, signature) in requests.iter().zip(theirs) {
        assert_eq!(request.verify(signature), Ok(()), "{program}: {}", request.line());
    }

    // Ours, whole, and with one bit of the body flipped.
    let mut lines = Vec::new();
    for request in &requests {
        let mut line = request.line();
        line["do"] = json!("check");
        line["signature"] = json!(request.sign().iter().last().unwrap().1);
        lines.push(line.to_string());
        let mut body = request.body.clone();
        match body.last_mut() {
            Some(last) => *last ^= 1,
            None => body.push(b' '),
        }
        line["body_b64"] = json!(to_base64(body));
        lines.push(line.to_string());
    }
    let fits = answers(program, &[script], &lines.join("\n")).unwrap();
    let fits: Vec<_> = fits.lines().collect();
    assert_eq!(fits.len(), 2 * requests.len());
    for (request, fits) in requests.iter().zip(fits.chunks(2)) {
        assert_eq!(fits, ["true", "false"], "{program}: {}", request.line());
    }
}

#[test]
fn python() {
    both_ways("python3", "sign.py");
}

#[test]
fn node() {
    both_ways("node", "sign.js");
}

#[test]
fn php() {
    both_ways("php", "sign.php");
}

/// Clients of the Open API in TypeScript sign the values before they encode them in the URL.
#[test]
fn typescript_clients() {
    let parameters = [
        json!({}),
        json!({ "page": 1, "page_size": 20, "product_ids": "9228589138176" }),
        json!({ "product_ids[1]": 2, "product_ids[0]": 1, "ratings[0]": "5", "sort_by": "created-descending" }),
        json!({ "keyword": "blue shoes & socks", "a": "1+1=2", "b": "100%", "c": "a%20b", "d": "" }),
        json!({ "keyword": "Größe 🎉 \"l'été\" (*!~_-.)", "z|": "a|b", "Z": "/?#[]@:;,\u{0}\r\n" }),
    ];
    let bodies = ["", r#"{"topic":"review/created","url":"https://example.com/ü"}"#];
    let mut lines = String::new();
    for parameters in &parameters {
        for body in bodies {
            for encoder in ["URLSearchParams", "encodeURIComponent"] {
                let line = json!({ "parameters": parameters, "body": body, "encoder": encoder });
                lines += &line.to_string();
                lines.push('\n');
            }
        }
    }
    let Some(signed) = answers("node", &["call.js"], &lines) else { return };
    let verifier = open_api::Verifier::new(Secret::new("private token").unwrap());
    let at = Timestamp::from_unix(1_732_180_800);
    let mut count = 0;
    for (line, signed) in lines.lines().zip(signed.lines()) {
        let signed: Value = serde_json::from_str(signed).unwrap();
        let (query, sign) = (signed["query"].as_str().unwrap(), signed["sign"].as_str().unwrap());
        let body = signed["body"].as_str().unwrap().as_bytes();
        let headers = [("Timestamp", "1732180800"), ("Sign", sign)];
        let verdict = verifier.verify_at(&headers, query, Some(body), at);
        assert!(verdict.is_ok(), "{line}: {query}");
        let other = format!("{query}&x=");
        assert!(verifier.verify_at(&headers, &other, Some(body), at).is_err(), "{line}");
        count += 1;
    }
    assert_eq!(count, 20);
}
