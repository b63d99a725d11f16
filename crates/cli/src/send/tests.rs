//! The faults are what a strict verifier says they are, and what `explain` finds.

use trusthooks::Timestamp;
use trusthooks_explain::{Explainer, SchemeName};

use super::{
    delivery::{Account, Delivery, EVENTS, events},
    fault::{FAULTS, Fault},
};

const NOW: u64 = 1_780_000_000;
const SCHEMES: [SchemeName; 3] =
    [SchemeName::TrustLens, SchemeName::TrustooShop, SchemeName::TrustooSystem];

fn account() -> Account {
    Account { secret: b"secret".to_vec(), public_token: "public".to_owned() }
}

/// The verdict, and the first finding.
fn judge(delivery: &Delivery) -> (&'static str, Option<&'static str>) {
    let explainer = Explainer::new(delivery.scheme, "secret").unwrap().public_token("public");
    let explainer = explainer.previous("secret of last month");
    let report = explainer.explain(&delivery.headers, &delivery.body, Timestamp::from_unix(NOW));
    let verdict = report.verdict().map_or_else(|error| error.code(), |_| "ok");
    (verdict, report.findings().first().map(trusthooks_explain::Finding::code))
}

#[test]
fn every_sample_event_is_genuine_for_every_scheme() {
    for scheme in SCHEMES.into_iter().chain([SchemeName::TrustLensV1]) {
        for event in events(scheme) {
            let mut delivery = Delivery::new(scheme, &account(), event, NOW);
            delivery.sign().unwrap();
            assert_eq!(judge(&delivery), ("ok", None), "{scheme:?} {}", event.0);
        }
    }
    assert_eq!(EVENTS.len(), 10);
}

#[test]
fn every_fault_has_its_verdict_and_is_explained_by_its_name() {
    for scheme in SCHEMES {
        for fault in FAULTS.iter().filter(|fault| fault.is_of(scheme)) {
            let event = events(scheme).next().unwrap();
            let delivery = fault.make(Delivery::new(scheme, &account(), event, NOW)).unwrap();
            let (verdict, finding) = judge(&delivery);
            assert_eq!(verdict, fault.verdict, "{scheme:?} {}", fault.name);
            // The first faults are named after verdicts.
            let expected = match fault.name {
                "missing_signature" | "missing_timestamp" | "missing_public_token" => {
                    "header_missing"
                }
                "repeated_signature" | "repeated_timestamp" | "repeated_public_token" => {
                    "header_repeated"
                }
                "malformed_timestamp" => "timestamp_malformed",
                "malformed_signature" => "signature_malformed",
                "unknown_public_token" => "other_public_token",
                "expired" => "late",
                "from_future" => "early",
                // A body that was cut off comes with its new length.
                "signature_mismatch" | "tampered_body" | "tampered_timestamp" | "body_length" => {
                    "nothing_fits"
                }
                "open_api" => "other_scheme",
                name => name,
            };
            assert_eq!(finding, Some(expected), "{scheme:?} {}", fault.name);
        }
    }
}

#[test]
fn every_finding_and_every_verdict_has_a_fault() {
    for name in ["header_missing", "header_repeated", "nothing_fits", "other_public_token"] {
        assert!(Fault::named(name).is_none(), "{name} has a name of its own");
    }
    for verdict in [
        "missing_header",
        "repeated_header",
        "malformed_timestamp",
        "malformed_signature",
        "unknown_public_token",
        "expired",
        "from_future",
        "signature_mismatch",
    ] {
        let fault = FAULTS.iter().find(|fault| fault.verdict == verdict).unwrap();
        assert!(matches!(fault.status(), 400 | 401));
    }
}
