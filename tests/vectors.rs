//! The vector files: every case gets the verdict, and every canonical string the bytes, that stand
//! there. Nothing here is computed by the crate and then expected of it.

mod common;

use common::{base64, cases, hard_verify_cases, verdict, verify_cases};
use serde::Deserialize;
use trusthooks::{
    Secret, SignError, Timestamp, Verify, VerifyError,
    trustoo::{open_api, system},
};

#[test]
fn every_case_has_its_verdict_from_plain_pairs() {
    let (cases, hard) = (verify_cases(), hard_verify_cases());
    assert_eq!((cases.len(), hard.len()), (600, 1167));
    for case in cases.iter().chain(&hard) {
        let result = case.verifier().whole(&case.pairs(), &case.body(), case.now());
        assert_eq!(verdict(result), case.expect, "{} ({})", case.id, case.note);
    }
}

#[test]
fn every_case_has_its_verdict_from_a_header_map() {
    for case in verify_cases() {
        let headers = case.header_map().unwrap();
        let result = case.verifier().whole(&headers, &case.body(), case.now());
        assert_eq!(verdict(result), case.expect, "{} ({})", case.id, case.note);
    }

    // Some of the hard ones hold bytes that HTTP does not allow and `http` does not hold.
    let mut unrepresentable = 0;
    for case in hard_verify_cases() {
        let Some(headers) = case.header_map() else {
            unrepresentable += 1;
            assert_ne!(case.expect, "ok", "{} ({})", case.id, case.note);
            continue;
        };
        let result = case.verifier().whole(&headers, &case.body(), case.now());
        assert_eq!(verdict(result), case.expect, "{} ({})", case.id, case.note);
    }
    assert!(unrepresentable < 40, "{unrepresentable} hard cases never reached the verifier");
}

#[test]
fn every_case_has_its_verdict_in_pieces() {
    for case in verify_cases().into_iter().chain(hard_verify_cases()) {
        let (headers, body) = (case.pairs(), case.body());
        for size in [1, 3, 63, 64, 65, 1000] {
            let result = case.verifier().streamed(&headers, body.chunks(size), case.now());
            assert_eq!(verdict(result), case.expect, "{} in pieces of {size}", case.id);
        }
        // Empty pieces anywhere change nothing, an empty body least of all.
        let (head, tail) = body.split_at(body.len() / 2);
        let pieces: [&[u8]; 5] = [b"", head, b"", tail, b""];
        let result = case.verifier().streamed(&headers, pieces, case.now());
        assert_eq!(verdict(result), case.expect, "{} with empty pieces", case.id);
    }
}

#[test]
fn the_older_secret_is_named_by_its_index() {
    let mut seen = 0;
    for case in verify_cases().iter().filter(|case| case.note == "rotation: older secret signed") {
        let receipt = case.verifier().whole(&case.pairs(), &case.body(), case.now()).unwrap();
        assert_ne!(receipt.secret_index(), 0, "{}", case.id);
        let streamed =
            case.verifier().streamed(&case.pairs(), [&*case.body()], case.now()).unwrap();
        assert_eq!(streamed.secret_index(), receipt.secret_index(), "{}", case.id);
        seen += 1;
    }
    assert_eq!(seen, 23);
}

/// A line of `vectors/open_api.json` and of `vectors/hard_open_api.json`.
#[derive(Deserialize)]
struct CanonicalCase {
    id: String,
    query: String,
    timestamp: u64,
    private_token: String,
    body_b64: String,
    decoded: Expected,
    as_sent: Expected,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Signed { canonical_b64: String, sign: String },
    Refused { error: String },
}

#[test]
fn every_canonical_string_and_its_signature() {
    let cases: Vec<CanonicalCase> = cases(include_str!("vectors/open_api.json"));
    let hard: Vec<CanonicalCase> = common::cases(include_str!("vectors/hard_open_api.json"));
    assert_eq!((cases.len(), hard.len()), (150, 398));
    for case in cases.into_iter().chain(hard) {
        let at = Timestamp::from_unix(case.timestamp);
        let body = base64(&case.body_b64);
        let decoded = open_api::Signer::new("public", Secret::new(&case.private_token).unwrap());
        let as_sent = decoded.clone().as_sent();
        let verifier = open_api::Verifier::new(Secret::new(&case.private_token).unwrap());
        let strings = [
            open_api::CanonicalString::new(&case.query, Some(&body), at),
            open_api::CanonicalString::as_sent(&case.query, Some(&body), at),
        ];
        let signers = [decoded, as_sent];
        let verifiers = [verifier.clone(), verifier.as_sent()];
        for (i, expected) in [case.decoded, case.as_sent].into_iter().enumerate() {
            let signed = signers[i].sign_at(&case.query, Some(&body), at);
            match expected {
                Expected::Signed { canonical_b64, sign } => {
                    let string = strings[i].as_ref().unwrap();
                    assert_eq!(string.as_bytes(), base64(&canonical_b64), "{}", case.id);
                    let signed = signed.unwrap();
                    let headers: Vec<_> = signed.iter().collect();
                    assert_eq!(headers[2], ("sign", sign.as_str()), "{}", case.id);
                    // The server's side takes exactly this.
                    assert!(verifiers[i].verify_at(&headers, &case.query, Some(&body), at).is_ok());
                }
                Expected::Refused { error } => {
                    assert_eq!(error, "reserved_parameter");
                    assert_eq!(signed.unwrap_err(), SignError::ReservedParameter, "{}", case.id);
                    assert_eq!(strings[i], Err(SignError::ReservedParameter), "{}", case.id);
                    let headers =
                        [("Timestamp", case.timestamp.to_string()), ("Sign", "0".repeat(64))];
                    assert_eq!(
                        verifiers[i].verify_at(&headers, &case.query, Some(&body), at).unwrap_err(),
                        VerifyError::ReservedParameter
                    );
                }
            }
        }
    }
}

#[test]
fn the_documented_canonical_strings() {
    let at = Timestamp::from_unix(1_732_180_800);
    let get =
        open_api::CanonicalString::new("product_ids=9228589138176&page_size=20&page=1", None, at);
    assert_eq!(
        get.unwrap().to_string(),
        "page=1&page_size=20&product_ids=9228589138176&timestamp=1732180800"
    );
    let body = br#"{"topic":"review/created","url":"https://your-webhook-url.com"}"#;
    let post = open_api::CanonicalString::new("", Some(body), at);
    assert_eq!(
        post.unwrap().to_string(),
        r#"timestamp=1732180800|{"topic":"review/created","url":"https://your-webhook-url.com"}"#
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wycheproof {
    test_groups: Vec<MacGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacGroup {
    tag_size: usize,
    tests: Vec<MacTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacTest {
    tc_id: u32,
    key: String,
    msg: String,
    tag: String,
    result: String,
}

/// System webhooks sign the body and nothing else, so they show the bare MAC.
#[test]
fn wycheproof_hmac_sha256() {
    let suite: Wycheproof =
        serde_json::from_str(include_str!("vectors/wycheproof_hmac_sha256.json")).unwrap();
    let now = Timestamp::from_unix(0);
    let mut ran = 0;
    for group in suite.test_groups {
        for test in group.tests {
            let message = hex::decode(&test.msg).unwrap();
            let secret = Secret::new(hex::decode(&test.key).unwrap()).unwrap();
            let valid = test.result == "valid";

            let signed = system::Signer::new(secret.clone()).sign_at(&message, now);
            let (_, computed) = signed.iter().next().unwrap();
            assert_eq!(computed.starts_with(&test.tag), valid, "tcId {}", test.tc_id);

            let verifier = system::Verifier::new(secret);
            let headers = [("X-Trustoo-Signature", &test.tag)];
            let result =
                verifier.verify_at(&headers, &message, now).map(|delivery| *delivery.receipt());
            let expected = match (group.tag_size, valid) {
                (256, true) => "ok",
                (256, false) => "signature_mismatch",
                // A truncated tag is never one, however right its digits are.
                _ => "malformed_signature",
            };
            assert_eq!(verdict(result), expected, "tcId {}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 174);
}

/// RFC 4231, section 4. Case 5 gives the first 128 bits only.
#[test]
fn rfc_4231() {
    let cases: [(Vec<u8>, Vec<u8>, &str); 7] = [
        (vec![0x0b; 20], b"Hi There".to_vec(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe".to_vec(), b"what do ya want for nothing?".to_vec(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (vec![0xaa; 20], vec![0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ((1..=25).collect(), vec![0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (vec![0x0c; 20], b"Test With Truncation".to_vec(), "a3b6167473100ee06e0c796c2955552b"),
        (vec![0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        (vec![0xaa; 131], b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.".to_vec(), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ];
    for (key, message, mac) in cases {
        let signer = system::Signer::new(Secret::new(key).unwrap());
        let signed = signer.sign_at(&message, Timestamp::from_unix(0));
        let (name, computed) = signed.iter().next().unwrap();
        assert_eq!(name, "x-trustoo-signature");
        assert_eq!(computed.get(..mac.len()), Some(mac));
    }
}
