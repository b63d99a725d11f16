//! No message and no `Debug` shows a secret, an expected MAC or a body.

use std::{collections::HashMap, error::Error, fmt::Debug, fmt::Write};

use trusthooks::{
    Secret, Secrets, SignError, Timestamp, Verify, trustlens,
    trustoo::{open_api, shop, system},
};

const SECRET: &str = "marker-secret-0123456789";
const OLDER: &str = "marker-older-secret-9876543210";
const BODY: &[u8] = br#"{"event":"test","email":"marker@example.com"}"#;
const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

/// `printf %s "1780000000.$BODY" | openssl dgst -sha256 -hmac "$SECRET"`, and so on.
const MACS: [&str; 4] = [
    "261136caddea228b3cdc055d22f282835d9b0d928c86ae008df2a6a6c603bc08",
    "7660a5538416d73eb92403ba51b7a5b19f1c4acad983340c68dffdba955e998b",
    "33fe60a72923b21f4d961cd03b53fac83d34b485b9858ea0cabd26204f6f8b7b",
    "f794c61f56ecb4a3ed69c69407eef53894b9634635dab3f7c38abe2b1ae82ec5",
];

/// Everything that was shown, to be searched in one go.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, value: &impl Debug) {
        write!(self.0, "{value:?}\n{value:#?}\n").unwrap();
    }

    fn error(&mut self, error: &(dyn Error + 'static)) {
        write!(self.0, "{error}\n{error:?}\n{error:#?}\n").unwrap();
        if let Some(source) = error.source() {
            self.error(source);
        }
    }
}

#[test]
fn nothing_shows_a_secret_or_a_mac() {
    let mut shown = Shown::default();
    let secret = Secret::new(SECRET).unwrap();
    let secrets = Secrets::from(secret.clone()).and(Secret::new(OLDER).unwrap());
    shown.debug(&secret);
    shown.debug(&secrets);

    let store = HashMap::from([("public".to_owned(), secrets.clone())]);
    shown.debug(&store);
    let trustlens = trustlens::Verifier::new(secrets.clone());
    let v1 = trustlens::v1::Verifier::new(secrets.clone());
    let shop = shop::Verifier::new(secrets.clone());
    let shops = shop::Verifier::with_store(store.clone());
    let system = system::Verifier::new(secrets.clone());
    let api = open_api::Verifier::new(secrets);
    shown.debug(&(&trustlens, &v1, &shop, &shops, &system));
    shown.debug(&(&api, open_api::Verifier::with_store(store)));
    shown.debug(&trustlens::ApiKeyHash::from_sha256([0x5a; 32]));
    shown.debug(&open_api::Bearer::new(SECRET));
    shown.debug(&trustlens::ApiKey::new(SECRET));

    let trustlens_signer = trustlens::Signer::new(secret.clone());
    let v1_signer = trustlens::v1::Signer::new(secret.clone());
    let shop_signer = shop::Signer::new("public", secret.clone());
    let system_signer = system::Signer::new(secret.clone());
    let api_signer = open_api::Signer::new("public", secret);
    shown.debug(&(&trustlens_signer, &v1_signer, &shop_signer, &system_signer, &api_signer));

    let signed = [
        trustlens_signer.sign_at(BODY, NOW),
        v1_signer.sign_at(BODY, NOW),
        shop_signer.sign_at(BODY, NOW),
        system_signer.sign_at(BODY, NOW),
        api_signer.sign_at("a=1", Some(BODY), NOW).unwrap(),
    ];
    shown.debug(&signed);
    let pairs = |i: usize| signed.get(i).unwrap().iter().collect::<Vec<_>>();
    let mut map = http::HeaderMap::new();
    for signed in &signed {
        signed.apply(&mut map).unwrap();
    }
    open_api::Bearer::new(SECRET).apply(&mut map).unwrap();
    shown.debug(&map);

    // Accepted.
    let delivery = trustlens.verify_at(&pairs(0), BODY, NOW).unwrap();
    shown.debug(&delivery);
    shown.debug(&(delivery.receipt(), delivery.receipt().fingerprint()));
    shown.0.push_str(&delivery.receipt().fingerprint().to_string());
    shown.debug(&v1.verify_at(&pairs(1), BODY, NOW).unwrap());
    shown.debug(&shops.verify_at(&pairs(2), BODY, NOW).unwrap());
    shown.debug(&system.verify_at(&pairs(3), BODY, NOW).unwrap());
    shown.debug(&api.verify_at(&pairs(4), "a=1", Some(BODY), NOW).unwrap());
    shown.debug(&open_api::CanonicalString::new("a=1", Some(BODY), NOW).unwrap());
    let mut verification = trustlens.begin(&pairs(0), NOW).unwrap();
    verification.update(BODY);
    shown.debug(&verification);

    // Refused: the receiver has computed what the MAC should have been.
    let forged = [
        ("x-trustlens-timestamp", "1780000000".to_owned()),
        ("x-trustlens-signature", format!("sha256={}", "0".repeat(64))),
    ];
    shown.error(&trustlens.verify_at(&forged, BODY, NOW).unwrap_err());
    shown.error(&trustlens.verify_at(&pairs(3), BODY, NOW).unwrap_err());
    shown.error(&trustlens.verify_at(&pairs(0), BODY, Timestamp::from_unix(0)).unwrap_err());
    shown.error(
        &trustlens.verify_at(&pairs(0), BODY, Timestamp::from_unix(2_000_000_000)).unwrap_err(),
    );
    shown.error(&shops.verify_at(&[("Open-Trustoo-Webhook-Sign", SECRET)], BODY, NOW).unwrap_err());
    shown.error(&SignError::ReservedParameter);
    let unusable = open_api::Bearer::new(format!("{SECRET}\n")).apply(&mut map).unwrap_err();
    shown.error(&unusable);
    shown.error(&Secret::new("").unwrap_err());

    for marker in ["marker", "0123456789", "9876543210", "5a5a", "90, 90"].iter().chain(&MACS) {
        assert!(!shown.0.contains(marker), "{marker} is shown in:\n{}", shown.0);
    }
    // The search is not in vain: the MACs are those that were sent.
    for (i, mac) in [(0, MACS[0]), (1, MACS[1]), (2, MACS[2]), (3, MACS[1]), (4, MACS[3])] {
        assert!(pairs(i).iter().any(|(_, value)| value.ends_with(mac)), "scheme {i}");
    }
}

/// What is left out is said to be left out: a `Debug` that shows nothing would be no help.
#[test]
fn what_is_shown_instead() {
    let secret = Secret::new(SECRET).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let secrets = Secrets::from(secret.clone()).and(Secret::new(OLDER).unwrap());
    assert_eq!(format!("{secrets:?}"), "[Secret(..), Secret(..)]");
    assert_eq!(
        format!("{:?}", open_api::Verifier::new(secrets.clone())).split(',').next(),
        Some("Verifier { keys: One(..)")
    );
    let window = "window: ReplayWindow { past: 900s, future: 900s }";
    let store = HashMap::from([("public".to_owned(), secrets)]);
    assert_eq!(
        format!("{:?}", shop::Verifier::with_store(store)),
        format!("Verifier {{ keys: Store(..), {window}, .. }}")
    );
    assert_eq!(format!("{:?}", trustlens::ApiKeyHash::from_sha256([0; 32])), "ApiKeyHash(..)");
    assert_eq!(format!("{:?}", open_api::Bearer::new(SECRET)), "Bearer(..)");
    let string = open_api::CanonicalString::new("", None, NOW).unwrap();
    assert_eq!(format!("{string:?}"), "CanonicalString(20 bytes)");

    let signed = trustlens::Signer::new(secret.clone()).sign_at(BODY, NOW);
    assert_eq!(
        format!("{signed:?}"),
        r#"{"x-trustlens-timestamp": "1780000000", "x-trustlens-signature": ..}"#
    );
    let headers: Vec<_> = signed.iter().collect();
    let verifier = trustlens::Verifier::new(secret);
    assert_eq!(
        format!("{:?}", verifier.begin(&headers, NOW).unwrap()),
        "Verification { signed_at: Some(Timestamp(1780000000)), .. }"
    );
    let delivery = verifier.verify_at(&headers, BODY, NOW).unwrap();
    let receipt = "Receipt { signed_at: Some(Timestamp(1780000000)), \
                   expires_at: Some(Timestamp(1780000300)), secret_index: 0, .. }";
    assert_eq!(format!("{:?}", delivery.receipt()), receipt);
    assert_eq!(
        format!("{delivery:?}"),
        format!("Delivery {{ receipt: {receipt}, body_len: {}, .. }}", BODY.len())
    );
    let fingerprint = delivery.receipt().fingerprint();
    assert_eq!(format!("{fingerprint:?}"), format!("Fingerprint({fingerprint})"));
}
