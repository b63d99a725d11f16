//! The order of the verdicts, their names and statuses, and the edges of the windows.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    error::Error,
    io,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use trusthooks::{
    Headers, Money, ReplayError, ReplayWindow, Secret, Secrets, SignError, Timestamp, Verify,
    VerifyError,
    trustlens::{self, ApiKeyHash, Unsigned},
    trustoo::{self, open_api, shop, system},
};

const NOW: u64 = 1_780_000_000;
const BODY: &[u8] = br#"{"event":"test"}"#;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// The messages that are logged, word by word.
#[test]
fn each_error_says_what_is_wrong() {
    let header = "x-trustoo-signature";
    let (hour, window) = (Duration::from_secs(3600), Duration::from_secs(300));
    let unavailable = ReplayError::Unavailable(Arc::new(io::Error::other("refused")));
    assert_eq!(unavailable.source().unwrap().to_string(), "refused");
    assert!(ReplayError::Full.source().is_none());
    let table: [(&dyn Error, &str); 25] = [
        (&VerifyError::MissingHeader { header }, "missing header `x-trustoo-signature`"),
        (
            &VerifyError::RepeatedHeader { header },
            "header `x-trustoo-signature` sent more than once",
        ),
        (
            &VerifyError::MalformedTimestamp { header },
            "header `x-trustoo-signature` is not a Unix timestamp in seconds",
        ),
        (
            &VerifyError::MalformedSignature { header },
            "header `x-trustoo-signature` is not a hex-encoded HMAC-SHA256 in the vendor's form",
        ),
        (
            &VerifyError::ReservedParameter,
            "the query has a parameter `timestamp`, which the signature reserves",
        ),
        (
            &VerifyError::AmbiguousQuery,
            "the query has a key or value that could be signed for another request",
        ),
        (&VerifyError::UnknownPublicToken, "the public token belongs to no configured shop"),
        (&VerifyError::UnknownWebhookId, "the webhook id belongs to no configured endpoint"),
        (
            &VerifyError::Expired { age: hour, window },
            "signed 3600s ago, the replay window allows 300s",
        ),
        (
            &VerifyError::FromFuture { ahead: hour, window },
            "signed 3600s ahead of this clock, the replay window allows 300s",
        ),
        (&VerifyError::UnknownTime, "the event has no time that can be read"),
        (
            &VerifyError::SignatureMismatch,
            "no configured secret made this signature over these bytes",
        ),
        (&ReplayError::Duplicate, "the delivery was processed before"),
        (&ReplayError::InFlight, "the delivery is being processed"),
        (&ReplayError::Full, "the replay guard is full"),
        (&ReplayError::Expired, "the delivery's window has closed"),
        (&unavailable, "the replay store is unavailable"),
        (
            &SignError::ReservedParameter,
            "the query has a parameter `timestamp`, which the signature reserves",
        ),
        (&SignError::NotAQuery, "not a query: it starts with `?` or holds a `#`"),
        (
            &SignError::InvalidHeaderValue { header },
            "the token for header `x-trustoo-signature` is empty or holds bytes that no header can carry",
        ),
        (
            &SignError::Authorization,
            "the request has an `authorization` header, so the server would ignore a signature",
        ),
        (
            &"01".parse::<Timestamp>().unwrap_err(),
            "not a Unix timestamp in seconds: `0` or `[1-9][0-9]*`, at most 2^63-1",
        ),
        (&"a lot".parse::<Money>().unwrap_err(), "not a decimal number of at most 38 digits"),
        (&Secret::new("").unwrap_err(), "the secret is empty"),
        (&Secret::new("\0").unwrap_err(), "the secret is nothing but NUL bytes"),
    ];
    for (error, message) in table {
        assert_eq!(error.to_string(), message);
    }
}

/// Headers that have every fault at once; the faults are mended in the order of the verdicts.
#[test]
fn the_first_fault_in_the_order_of_the_protocol_is_the_verdict() {
    let store = HashMap::from([("shop".to_owned(), Secrets::from(secret("private")))]);
    let verifier = shop::Verifier::with_store(store);
    let genuine = shop::Signer::new("shop", secret("private")).sign_at(BODY, now());
    let sign = genuine.iter().last().unwrap().1;

    let token = "Open-Trustoo-Webhook-Public-Token";
    let timestamp = "Open-Trustoo-Webhook-Timestamp";
    let signature = "Open-Trustoo-Webhook-Sign";
    let old = (NOW - 901).to_string();
    let ahead = (NOW + 901).to_string();
    let right = NOW.to_string();
    let wrong = "0".repeat(64);

    let steps: [(&[(&str, &str)], &str); 13] = [
        (
            &[(timestamp, "x"), (timestamp, "x"), (signature, "x"), (signature, "x")],
            "missing_header open-trustoo-webhook-public-token",
        ),
        (
            &[(token, "?"), (token, "?"), (signature, "x"), (signature, "x")],
            "repeated_header open-trustoo-webhook-public-token",
        ),
        (
            &[(token, "?"), (signature, "x"), (signature, "x")],
            "missing_header open-trustoo-webhook-timestamp",
        ),
        (
            &[(token, "?"), (timestamp, "x"), (timestamp, "x"), (signature, "x"), (signature, "x")],
            "repeated_header open-trustoo-webhook-timestamp",
        ),
        (&[(token, "?"), (timestamp, "x")], "missing_header open-trustoo-webhook-sign"),
        (
            &[(token, "?"), (timestamp, "x"), (signature, sign), (signature, sign)],
            "repeated_header open-trustoo-webhook-sign",
        ),
        (
            &[(token, "?"), (timestamp, "x"), (signature, "x")],
            "malformed_timestamp open-trustoo-webhook-timestamp",
        ),
        (
            &[(token, "?"), (timestamp, &old), (signature, "x")],
            "malformed_signature open-trustoo-webhook-sign",
        ),
        (&[(token, "?"), (timestamp, &old), (signature, &wrong)], "unknown_public_token"),
        (&[(token, "shop"), (timestamp, &old), (signature, &wrong)], "expired"),
        (&[(token, "shop"), (timestamp, &ahead), (signature, &wrong)], "from_future"),
        (&[(token, "shop"), (timestamp, &right), (signature, &wrong)], "signature_mismatch"),
        (&[(token, "shop"), (timestamp, &right), (signature, sign)], "ok"),
    ];
    for (headers, expected) in steps {
        let verdict = match verifier.verify_at(headers, BODY, now()) {
            Ok(_) => "ok".to_owned(),
            Err(
                error @ (VerifyError::MissingHeader { header }
                | VerifyError::RepeatedHeader { header }
                | VerifyError::MalformedTimestamp { header }
                | VerifyError::MalformedSignature { header }),
            ) => format!("{} {header}", error.code()),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(verdict, expected);
    }
}

#[test]
fn names_and_statuses() {
    let header = "h";
    let (age, window) = (Duration::from_secs(301), Duration::from_secs(300));
    let table = [
        (VerifyError::MissingHeader { header }, "missing_header", 400),
        (VerifyError::RepeatedHeader { header }, "repeated_header", 400),
        (VerifyError::MalformedTimestamp { header }, "malformed_timestamp", 400),
        (VerifyError::MalformedSignature { header }, "malformed_signature", 400),
        (VerifyError::ReservedParameter, "reserved_parameter", 400),
        (VerifyError::AmbiguousQuery, "ambiguous_query", 400),
        (VerifyError::UnknownPublicToken, "unknown_public_token", 401),
        (VerifyError::UnknownWebhookId, "unknown_webhook_id", 401),
        (VerifyError::Expired { age, window }, "expired", 401),
        (VerifyError::FromFuture { ahead: age, window }, "from_future", 401),
        (VerifyError::UnknownTime, "unknown_time", 401),
        (VerifyError::SignatureMismatch, "signature_mismatch", 401),
    ];
    for (error, code, status) in table {
        assert_eq!((error.code(), error.status().as_u16()), (code, status));
        assert_eq!(error.status_code(), status);
    }
}

/// Stands in for a request signed `offset` seconds from now; the defaults of each vendor.
#[test]
fn windows_include_their_edges() {
    let trustlens = |offset: i64, verifier: &trustlens::Verifier| {
        let at = Timestamp::from_unix(NOW.checked_add_signed(offset).unwrap());
        let signed = trustlens::Signer::new(secret("s")).sign_at(BODY, at);
        let headers: Vec<_> = signed.iter().collect();
        verifier.verify_at(&headers, BODY, now()).map(|_| ()).map_err(|error| error.code())
    };
    let verifier = trustlens::Verifier::new(secret("s"));
    assert_eq!(trustlens(-300, &verifier), Ok(()));
    assert_eq!(trustlens(-301, &verifier), Err("expired"));
    assert_eq!(trustlens(300, &verifier), Ok(()));
    assert_eq!(trustlens(301, &verifier), Err("from_future"));

    let lopsided = ReplayWindow::new(Duration::from_secs(10), Duration::ZERO);
    let verifier = verifier.with_window(lopsided);
    assert_eq!(trustlens(-10, &verifier), Ok(()));
    assert_eq!(trustlens(-11, &verifier), Err("expired"));
    assert_eq!(trustlens(0, &verifier), Ok(()));
    assert_eq!(trustlens(1, &verifier), Err("from_future"));

    let verifier = verifier.with_window(ReplayWindow::UNBOUNDED);
    assert_eq!(trustlens(-1_780_000_000, &verifier), Ok(()));

    let shop = |offset: i64| {
        let at = Timestamp::from_unix(NOW.checked_add_signed(offset).unwrap());
        let signed = shop::Signer::new("t", secret("s")).sign_at(BODY, at);
        let headers: Vec<_> = signed.iter().collect();
        let result = shop::Verifier::new(secret("s")).verify_at(&headers, BODY, now());
        result
            .map(|delivery| delivery.receipt().expires_at().unwrap().as_unix())
            .map_err(|error| error.code())
    };
    assert_eq!(shop(-900), Ok(NOW));
    assert_eq!(shop(-901), Err("expired"));
    assert_eq!(shop(900), Ok(NOW + 1800));
    assert_eq!(shop(901), Err("from_future"));
}

#[test]
fn ages_are_told_in_seconds() {
    let window = ReplayWindow::symmetric(Duration::from_secs(300));
    let at = |unix| Timestamp::from_unix(unix);
    assert_eq!(
        window.check(at(0), at(1000)),
        Err(VerifyError::Expired {
            age: Duration::from_secs(1000),
            window: Duration::from_secs(300)
        })
    );
    assert_eq!(
        window.check(at((1 << 63) - 1), at(0)),
        Err(VerifyError::FromFuture {
            ahead: Duration::from_secs((1 << 63) - 1),
            window: Duration::from_secs(300)
        })
    );
}

#[test]
fn an_empty_secret_is_refused() {
    assert_eq!(Secret::new("").unwrap_err(), trusthooks::SecretError::Empty);
    assert_eq!(Secret::new([]).unwrap_err().to_string(), "the secret is empty");
}

/// `openssl dgst -sha256 -mac HMAC -macopt hexkey:00` gives what the empty key gives.
#[test]
fn a_secret_of_nul_bytes_is_refused() {
    for length in [1, 2, 63, 64, 65, 1000] {
        let error = Secret::new(vec![0; length]).unwrap_err();
        assert_eq!(error, trusthooks::SecretError::Nul, "{length}");
    }
    assert_eq!(Secret::new("\0").unwrap_err().to_string(), "the secret is nothing but NUL bytes");
    for sound in [b"\0k".as_slice(), b"k\0", &[0, 0, 1]] {
        assert!(Secret::new(sound).is_ok(), "{sound:?}");
    }
}

#[test]
fn secrets_are_taken_as_they_are() {
    let sign = |text: &str| {
        let signed = system::Signer::new(secret(text)).sign_at(BODY, now());
        signed.iter().last().unwrap().1.to_owned()
    };
    // Neither trimmed nor decoded: these are five keys.
    let spellings = ["6b6579", "key", "a2V5", "key ", "key\n"];
    for (i, one) in spellings.iter().enumerate() {
        for other in &spellings[i + 1..] {
            assert_ne!(sign(one), sign(other));
        }
    }
}

/// A second secret is not even started while the first fits; a stream runs both.
#[test]
fn the_secret_that_fitted_is_named() {
    let signed = trustlens::Signer::new(secret("last month's")).sign_at(BODY, now());
    let headers: Vec<_> = signed.iter().collect();
    let rotated =
        Secrets::from(secret("this month's")).and(secret("last month's")).and(secret("older"));
    let verifier = trustlens::Verifier::new(rotated);
    assert_eq!(verifier.verify_at(&headers, BODY, now()).unwrap().receipt().secret_index(), 1);
    let mut verification = verifier.begin(&headers, now()).unwrap();
    verification.update(BODY);
    assert_eq!(verification.finish().unwrap().secret_index(), 1);
}

#[test]
fn a_store_is_asked_only_when_it_matters() {
    struct Locked(RwLock<BTreeMap<String, Secrets>>, Arc<AtomicUsize>);
    impl shop::SecretStore for Locked {
        fn secrets(&self, public_token: &str) -> Option<Secrets> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.secrets(public_token)
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let shops = BTreeMap::from([
        ("one".to_owned(), Secrets::from(secret("first"))),
        ("two".to_owned(), Secrets::from(secret("second"))),
    ]);
    let verifier =
        shop::Verifier::with_store(Locked(RwLock::new(shops.clone()), Arc::clone(&asked)));

    for (token, key, expected) in [
        ("one", "first", "ok"),
        ("two", "second", "ok"),
        ("one", "second", "signature_mismatch"),
        ("three", "first", "unknown_public_token"),
    ] {
        let signed = shop::Signer::new(token, secret(key)).sign_at(BODY, now());
        let headers: Vec<_> = signed.iter().collect();
        for verifier in [&verifier, &shop::Verifier::with_store(shops.clone())] {
            let verdict = verifier
                .verify_at(&headers, BODY, now())
                .map_or_else(|error| error.code(), |_| "ok");
            assert_eq!(verdict, expected);
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    // A header that is not UTF-8 belongs to no shop; malformed requests never reach the store.
    let signed = shop::Signer::new("one", secret("first")).sign_at(BODY, now());
    let mut headers: Vec<(&str, &[u8])> =
        signed.iter().map(|(name, value)| (name, value.as_bytes())).collect();
    headers[0].1 = b"\xff";
    assert_eq!(
        verifier.verify_at(&headers, BODY, now()).unwrap_err(),
        VerifyError::UnknownPublicToken
    );
    headers[2].1 = b"abc";
    assert_eq!(
        verifier.verify_at(&headers, BODY, now()).unwrap_err().code(),
        "malformed_signature"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

/// One byte that is no digit is as bad as two of a kind, or any number of them.
#[test]
fn a_signature_has_digits_only() {
    let verifier = system::Verifier::new(secret("client"));
    let signed = system::Signer::new(secret("client")).sign_at(BODY, now());
    let genuine = signed.iter().next().unwrap().1.to_owned();
    let verdict =
        |signature: &str| verifier.verify_at(&[("X-Trustoo-Signature", signature)], BODY, now());
    assert!(verdict(&genuine).is_ok());
    for wrong in ["g", "G", "/", ":", "`", "\0", "\u{7f}"] {
        for at in 0..64 {
            for places in [vec![at], vec![at, 63 - at], (0..=at).collect()] {
                let mut signature = genuine.clone();
                for place in places {
                    signature.replace_range(place..=place, wrong);
                }
                assert_eq!(verdict(&signature).unwrap_err().code(), "malformed_signature");
            }
        }
    }
}

#[test]
fn the_receivers_query_takes_part_when_asked_to() {
    // printf %s 'a=1&timestamp=1780000000&z=2|{"event":"test"}' | openssl dgst -sha256 -hmac private
    let headers = [
        ("Open-Trustoo-Webhook-Timestamp", "1780000000"),
        (
            "Open-Trustoo-Webhook-Sign",
            "58949a4ad996464233a2734915b0f1cc5236646963daf7694d6ac4307d777c07",
        ),
    ];
    let verifier = shop::Verifier::new(secret("private"));
    assert_eq!(
        verifier.verify_at(&headers, BODY, now()).unwrap_err(),
        VerifyError::SignatureMismatch
    );
    let verifier = verifier.with_query("z=2&a=1").unwrap();
    assert!(verifier.verify_at(&headers, BODY, now()).is_ok());
    assert!(verifier.with_query("timestamp=1").is_err());
}

/// v1 and v2 share a header and a prefix, and never each other's signatures.
#[test]
fn no_scheme_accepts_anothers_signature() {
    let key = || secret("shared by mistake");
    let v2 = trustlens::Signer::new(key()).sign_at(BODY, now());
    let v1 = trustlens::v1::Signer::new(key()).sign_at(BODY, now());
    let with_time: Vec<_> = v1.iter().chain([("x-trustlens-timestamp", "1780000000")]).collect();
    let v2: Vec<_> = v2.iter().collect();
    let mismatch = VerifyError::SignatureMismatch;
    assert_eq!(
        trustlens::Verifier::new(key()).verify_at(&with_time, BODY, now()).unwrap_err(),
        mismatch
    );
    assert_eq!(
        trustlens::v1::Verifier::new(key()).verify_at(&v2, BODY, now()).unwrap_err(),
        mismatch
    );

    let shop = shop::Signer::new("t", key()).sign_at(BODY, now());
    let moved = [("x-trustoo-signature", shop.iter().last().unwrap().1)];
    assert_eq!(system::Verifier::new(key()).verify_at(&moved, BODY, now()).unwrap_err(), mismatch);
}

/// No signature is a refusal, also where no secret was set at the sender.
#[test]
fn an_unsigned_delivery_is_refused() {
    let headers = [("X-TrustLens-Timestamp", "1780000000"), ("X-TrustLens-Event", "test")];
    assert_eq!(
        trustlens::Verifier::new(secret("s")).verify_at(&headers, BODY, now()).unwrap_err(),
        VerifyError::MissingHeader { header: "x-trustlens-signature" }
    );
}

/// A store that is shared, and may be asked by others meanwhile.
#[test]
fn a_shared_store_knows_its_shops() {
    let shops = HashMap::from([("known".to_owned(), Secrets::from(secret("s")))]);
    let verifier = shop::Verifier::with_store(Arc::new(shops));
    for (token, expected) in [("known", "ok"), ("unknown", "unknown_public_token")] {
        let signed = shop::Signer::new(token, secret("s")).sign_at(BODY, now());
        let headers: Vec<_> = signed.iter().collect();
        let found = verifier.verify_at(&headers, BODY, now());
        assert_eq!(found.map_or_else(|error| error.code(), |_| "ok"), expected);
    }
}

/// The ids stand where the protocol has them, for a request that has every fault at once.
#[test]
fn a_webhook_id_is_judged_in_its_place() {
    let store = HashMap::from([("endpoint", Secrets::from(secret("first")))]);
    let verifier = trustlens::Verifier::with_store(store);
    let genuine = trustlens::Signer::new(secret("first")).sign_at(BODY, now());
    let sign = genuine.iter().last().unwrap().1;

    let id = "X-TrustLens-Webhook-ID";
    let (timestamp, signature) = ("X-TrustLens-Timestamp", "X-TrustLens-Signature");
    let (old, right) = ((NOW - 301).to_string(), NOW.to_string());
    let wrong = format!("sha256={}", "0".repeat(64));
    let header = "x-trustlens-webhook-id";
    let steps: [(&[(&str, &str)], _); 8] = [
        (&[(timestamp, "x"), (signature, "x")], Err(VerifyError::MissingHeader { header })),
        (
            &[(id, "endpoint"), (id, "endpoint"), (timestamp, "x")],
            Err(VerifyError::RepeatedHeader { header }),
        ),
        (
            &[(id, "?"), (signature, "x")],
            Err(VerifyError::MissingHeader { header: "x-trustlens-timestamp" }),
        ),
        (
            &[(id, "?"), (timestamp, &old), (signature, "x")],
            Err(VerifyError::MalformedSignature { header: "x-trustlens-signature" }),
        ),
        (&[(id, "?"), (timestamp, &old), (signature, &wrong)], Err(VerifyError::UnknownWebhookId)),
        (
            &[(id, "endpoint"), (timestamp, &old), (signature, &wrong)],
            Err(VerifyError::Expired {
                age: Duration::from_secs(301),
                window: Duration::from_secs(300),
            }),
        ),
        (
            &[(id, "endpoint"), (timestamp, &right), (signature, &wrong)],
            Err(VerifyError::SignatureMismatch),
        ),
        (&[(id, "endpoint"), (timestamp, &right), (signature, sign)], Ok(Some("endpoint"))),
    ];
    for (headers, expected) in steps {
        let verdict = verifier.verify_at(headers, BODY, now());
        assert_eq!(verdict.as_ref().map(|delivery| delivery.key_id()).map_err(|e| *e), expected);
    }
}

/// The id selects the secret and proves nothing; one secret under two ids tells them apart.
#[test]
fn a_delivery_says_by_which_id_its_secret_was_found() {
    let long = "x".repeat(200);
    let ids = ["6f0d2a52-6e6b-4b0e-9d7b-0f6f2f1f7c11", "", "\u{e9}", &long];
    let mut store: BTreeMap<_, _> =
        ids.map(|id| (id.to_owned(), Secrets::from(secret("shared")))).into();
    store.insert("other".to_owned(), Secrets::from(secret("other")));
    let trustlens = trustlens::Verifier::with_store(store.clone());
    let shop = shop::Verifier::with_store(store);
    for id in ids {
        let signed = trustlens::Signer::new(secret("shared")).sign_at(BODY, now());
        let mut headers: Vec<_> = signed.iter().collect();
        headers.push(("X-TrustLens-Webhook-ID", id));
        let delivery = trustlens.verify_at(&headers, BODY, now()).unwrap();
        assert_eq!(delivery.key_id(), Some(id));
        assert_eq!(delivery.clone().key_id(), Some(id));
        headers.last_mut().unwrap().1 = "other";
        let verdict = trustlens.verify_at(&headers, BODY, now());
        assert_eq!(verdict.unwrap_err(), VerifyError::SignatureMismatch);

        let signed = shop::Signer::new(id, secret("shared")).sign_at(BODY, now());
        let headers: Vec<_> = signed.iter().collect();
        assert_eq!(shop.verify_at(&headers, BODY, now()).unwrap().key_id(), Some(id));
        // One shop, no store: the header is not looked at.
        let one = shop::Verifier::new(secret("shared"));
        assert_eq!(one.verify_at(&headers, BODY, now()).unwrap().key_id(), None);
    }
}

/// A secret that is added, replaced and taken away while the verifier is in use.
#[test]
fn a_store_behind_a_lock_changes_under_the_verifier() {
    let store = Arc::new(RwLock::new(HashMap::<String, Secrets>::new()));
    let verifier = trustlens::Verifier::with_store(Arc::clone(&store));
    let verdict = |key: &str| {
        let signed = trustlens::Signer::new(secret(key)).sign_at(BODY, now());
        let mut headers: Vec<_> = signed.iter().collect();
        headers.push(("x-trustlens-webhook-id", "endpoint"));
        let verdict = verifier.verify_at(&headers, BODY, now());
        verdict.map(|delivery| delivery.receipt().secret_index()).map_err(|error| error.code())
    };
    let insert = |secrets| store.write().unwrap().insert("endpoint".to_owned(), secrets);

    assert_eq!(verdict("old"), Err("unknown_webhook_id"));
    insert(Secrets::from(secret("old")));
    assert_eq!(verdict("old"), Ok(0));
    insert(Secrets::from(secret("new")).and(secret("old")));
    assert_eq!((verdict("new"), verdict("old")), (Ok(0), Ok(1)));
    store.write().unwrap().remove("endpoint");
    assert_eq!(verdict("new"), Err("unknown_webhook_id"));

    // A panic under the lock takes no endpoint down.
    insert(Secrets::from(secret("new")));
    let shared = Arc::clone(&store);
    let panicked = std::thread::spawn(move || {
        let _guard = shared.write().unwrap();
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert!(store.is_poisoned());
    assert_eq!(verdict("new"), Ok(0));
}

/// A sender who holds the body back until the window has closed gains nothing.
#[test]
fn the_window_is_checked_again_when_the_body_is_there() {
    let signed = trustlens::Signer::new(secret("s")).sign_at(BODY, now());
    let headers: Vec<_> = signed.iter().collect();
    let verifier = trustlens::Verifier::new(secret("s"));
    let finished = |body: &[u8], seconds: i64| {
        let later = Timestamp::from_unix(NOW.checked_add_signed(seconds).unwrap());
        let mut verification = verifier.begin(&headers, now()).unwrap();
        verification.update(body);
        verification.finish_at(later).map(|receipt| receipt.signed_at()).map_err(|e| e.code())
    };
    assert_eq!(finished(BODY, 0), Ok(Some(now())));
    assert_eq!(finished(BODY, 300), Ok(Some(now())));
    assert_eq!(finished(BODY, 301), Err("expired"));
    assert_eq!(finished(b"forged", 301), Err("expired"));
    assert_eq!(finished(b"forged", 300), Err("signature_mismatch"));
    // The clock was set back meanwhile.
    assert_eq!(finished(BODY, -300), Ok(Some(now())));
    assert_eq!(finished(BODY, -301), Err("from_future"));

    // Without a body too, and never where no time is signed.
    let signed = trustlens::Signer::new(secret("s")).sign_at(b"", now());
    let headers: Vec<_> = signed.iter().collect();
    let late = Timestamp::from_unix(NOW + 301);
    let verification = verifier.begin(&headers, now()).unwrap();
    assert_eq!(verification.finish_at(late).unwrap_err().code(), "expired");
    let signed = system::Signer::new(secret("s")).sign_at(b"", now());
    let headers: Vec<_> = signed.iter().collect();
    let verifier = system::Verifier::new(secret("s"));
    assert!(verifier.begin(&headers, now()).unwrap().finish_at(late).is_ok());
}

/// What an outside tool builds on; the names are those of the vendors' documents.
#[test]
fn schemes_describe_themselves() {
    fn named(verifier: &impl Verify) -> &'static str {
        verifier.scheme().unwrap().name()
    }
    let schemes = [
        &trustlens::SCHEME,
        &trustlens::v1::SCHEME,
        &shop::SCHEME,
        &system::SCHEME,
        &open_api::SCHEME,
    ];
    let described = schemes.map(|scheme| {
        let id = scheme.id().map(ToString::to_string);
        let timestamp = scheme.timestamp().map(ToString::to_string);
        let window = ReplayWindow::symmetric(Duration::from_secs(300));
        let window = if scheme.window() == window { 300 } else { 900 };
        let window = timestamp.is_some().then_some(window);
        assert_eq!(scheme.window() == ReplayWindow::UNBOUNDED, window.is_none());
        let signature = scheme.signature();
        assert_eq!(signature.as_http().as_str(), signature.as_str());
        (scheme.name(), id, timestamp, format!("{signature}: {}", scheme.prefix()), window)
    });
    let some = |text: &str| Some(text.to_owned());
    let v2 = "x-trustlens-signature: sha256=".to_owned();
    let expected = [
        (
            "trustlens",
            some("x-trustlens-webhook-id"),
            some("x-trustlens-timestamp"),
            v2.clone(),
            Some(300),
        ),
        ("trustlens-v1", None, None, v2, None),
        (
            "trustoo-shop",
            some("open-trustoo-webhook-public-token"),
            some("open-trustoo-webhook-timestamp"),
            "open-trustoo-webhook-sign: ".to_owned(),
            Some(900),
        ),
        ("trustoo-system", None, None, "x-trustoo-signature: ".to_owned(), None),
        (
            "trustoo-open-api",
            some("public-token"),
            some("timestamp"),
            "sign: ".to_owned(),
            Some(900),
        ),
    ];
    assert_eq!(described, expected);
    assert_eq!(named(&trustlens::Verifier::new(secret("s"))), "trustlens");
    assert_eq!(named(&trustlens::v1::Verifier::new(secret("s"))), "trustlens-v1");
    assert_eq!(named(&shop::Verifier::new(secret("s"))), "trustoo-shop");
    assert_eq!(named(&Arc::new(system::Verifier::new(secret("s")))), "trustoo-system");
}

#[test]
fn the_receipt_says_which_of_three_secrets_fitted() {
    let names = ["this month's", "last month's", "the one before"];
    let [current, last, before] = names.map(secret);
    let verifier = system::Verifier::new(Secrets::from(current).and(last).and(before));
    for (index, name) in names.into_iter().enumerate() {
        let signed = system::Signer::new(secret(name)).sign_at(BODY, now());
        let headers: Vec<_> = signed.iter().collect();
        let delivery = verifier.verify_at(&headers, BODY, now()).unwrap();
        assert_eq!(delivery.receipt().secret_index(), index);
        let mut verification = verifier.begin(&headers, now()).unwrap();
        verification.update(BODY);
        assert_eq!(verification.finish().unwrap().secret_index(), index);
    }
}

/// The headers decide alone: nothing asks for the body, and a second look is not taken.
#[test]
fn each_header_is_looked_up_once() {
    struct Counted<'a>(&'a [(&'a str, &'a str)], Cell<usize>);
    impl Headers for Counted<'_> {
        fn values<'h>(&'h self, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
            self.1.set(self.1.get() + 1);
            self.0.values(name)
        }
    }
    let signed = trustlens::Signer::new(secret("s")).sign_at(BODY, now());
    let headers: Vec<_> = signed.iter().collect();
    let counted = Counted(&headers, Cell::new(0));
    assert!(trustlens::Verifier::new(secret("s")).verify_at(&counted, BODY, now()).is_ok());
    assert_eq!(counted.1.get(), 2);
}

#[test]
fn unsigned_headers_say_what_they_claim() {
    let mut headers = vec![
        ("X-TrustLens-Event", "score_updated".as_bytes()),
        ("x-trustlens-delivery", b"6f0d2a52-6e6b-4b0e-9d7b-0f6f2f1f7c11"),
        ("X-TRUSTLENS-WEBHOOK-ID", b"b1c5"),
    ];
    let claims = Unsigned::from_headers(&headers);
    assert_eq!(claims.event(), Some("score_updated"));
    assert_eq!(claims.delivery_id(), Some("6f0d2a52-6e6b-4b0e-9d7b-0f6f2f1f7c11"));
    assert_eq!(claims.webhook_id(), Some("b1c5"));
    headers.push(("X-TrustLens-Event", b"customer_blocked"));
    headers[1].1 = b"\xff";
    let claims = Unsigned::from_headers(&headers);
    assert_eq!((claims.event(), claims.delivery_id()), (None, None));
}

#[test]
fn unsigned_headers_of_a_shop_say_what_they_claim() {
    let mut headers = vec![
        ("Open-Trustoo-Webhook-Public-Token", "GfKu22TCaj4gULtrA3/OgA==".as_bytes()),
        ("open-trustoo-webhook-requestid", b"b1c5"),
    ];
    let claims = shop::Unsigned::from_headers(&headers);
    assert_eq!(claims.public_token(), Some("GfKu22TCaj4gULtrA3/OgA=="));
    assert_eq!(claims.request_id(), Some("b1c5"));
    headers.push(("Open-Trustoo-Webhook-Public-Token", b"another"));
    headers[1].1 = b"\xff";
    let claims = shop::Unsigned::from_headers(&headers);
    assert_eq!((claims.public_token(), claims.request_id()), (None, None));
}

/// `printf %s tl_live_1234 | sha256sum`
#[test]
fn api_keys_are_compared_by_their_hash() {
    let mut stored = [0; 32];
    hex::decode_to_slice(
        "957f888184eeda2e6128b5cc68d5eaf14b0479a99c469de4669ee4bcbfa503d0",
        &mut stored,
    )
    .unwrap();
    let stored = ApiKeyHash::from_sha256(stored);
    assert!(stored.matches(b"tl_live_1234"));
    for other in [
        "tl_live_1235",
        "",
        "tl_live_1234 ",
        "957f888184eeda2e6128b5cc68d5eaf14b0479a99c469de4669ee4bcbfa503d0",
    ] {
        assert!(!stored.matches(other.as_bytes()), "{other}");
    }
}

#[test]
fn the_acknowledgement_is_what_trustoo_takes_as_success() {
    let answer = trustoo::ack();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(*answer.body(), "{\"code\":0,\"message\":\"success\"}");
    assert_eq!(trustoo::ACK_BODY, *answer.body());
}

#[test]
fn fingerprints_tell_requests_apart() {
    let verifier = trustlens::Verifier::new(secret("s"));
    let fingerprint = |body: &[u8], at: u64| {
        let signed = trustlens::Signer::new(secret("s")).sign_at(body, Timestamp::from_unix(at));
        let headers: Vec<_> = signed.iter().collect();
        verifier.verify_at(&headers, body, now()).unwrap().receipt().fingerprint()
    };
    let first = fingerprint(BODY, NOW);
    assert_eq!(first, fingerprint(BODY, NOW));
    assert_ne!(first, fingerprint(BODY, NOW + 1));
    assert_ne!(first, fingerprint(b"{}", NOW));
    assert_eq!(first.to_string(), hex::encode(first.as_bytes()));
}

#[test]
fn public_types_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    crosses::<Secret>();
    crosses::<Secrets>();
    crosses::<Timestamp>();
    crosses::<ReplayWindow>();
    crosses::<VerifyError>();
    crosses::<SignError>();
    crosses::<trusthooks::SecretError>();
    crosses::<trusthooks::TimestampError>();
    crosses::<trusthooks::SignedHeaders>();
    crosses::<trusthooks::Verification<'static>>();
    crosses::<trusthooks::Receipt>();
    crosses::<trusthooks::Fingerprint>();
    crosses::<trusthooks::Delivery<trustlens::Event, Vec<u8>>>();
    crosses::<trustlens::Verifier>();
    crosses::<trustlens::v1::Verifier>();
    crosses::<trustlens::Signer>();
    crosses::<ApiKeyHash>();
    crosses::<trustlens::Event>();
    crosses::<shop::Verifier>();
    crosses::<shop::Signer>();
    crosses::<shop::Event>();
    crosses::<system::Verifier>();
    crosses::<system::Event>();
    crosses::<open_api::Signer>();
    crosses::<open_api::Verifier>();
    crosses::<open_api::CanonicalString>();
    crosses::<open_api::Bearer>();
    crosses::<open_api::Status>();
    wiped::<Secret>();
}
