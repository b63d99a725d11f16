//! TrustLens' REST API: its key, and the answer of a lookup.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use trusthooks::{
    SignError,
    trustlens::{ApiKey, ApiKeyHash, Customer, Segment},
};

/// The guide's sample of `GET /customers/lookup`, to the letter.
const LOOKUP: &str = r#"{
"id": 412,
"email_hash": "a3f2...64 chars",
"trust_score": 34,
"segment": "risk",
"segment_label": "Risk",
"total_orders": 12,
"total_refunds": 5,
"return_rate": 41.7,
"total_order_value": 1380.00,
"total_refund_value": 575.00,
"is_blocked": false,
"is_allowlisted": false,
"first_order_date": "2025-03-12 09:14:00",
"last_order_date": "2026-05-28 16:42:00",
"created_at": "2025-03-12 09:14:00",
"updated_at": "2026-06-04 11:07:00"
}"#;

#[test]
fn the_lookups_answer_is_a_customer() {
    let customer: Customer = serde_json::from_str(LOOKUP).unwrap();
    assert_eq!(customer.id, Some(412));
    assert_eq!(customer.email_hash.as_deref(), Some("a3f2...64 chars"));
    assert_eq!(customer.email, None);
    assert_eq!(customer.trust_score, Some(34));
    assert_eq!(customer.segment, Some(Segment::Risk));
    assert_eq!(customer.segment_label.as_deref(), Some("Risk"));
    assert_eq!((customer.total_orders, customer.total_refunds), (Some(12), Some(5)));
    assert_eq!(customer.return_rate, Some(41.7));
    let money = |money: &Option<trusthooks::Money>| money.as_ref().unwrap().to_string();
    assert_eq!(money(&customer.total_order_value), "1380");
    assert_eq!(money(&customer.total_refund_value), "575");
    assert_eq!((customer.is_blocked, customer.is_allowlisted), (Some(false), Some(false)));
    for (time, text) in [
        (&customer.first_order_date, "2025-03-12 09:14:00"),
        (&customer.last_order_date, "2026-05-28 16:42:00"),
        (&customer.created_at, "2025-03-12 09:14:00"),
        (&customer.updated_at, "2026-06-04 11:07:00"),
    ] {
        let time = time.as_ref().unwrap();
        assert_eq!(serde_json::to_value(time).unwrap(), text);
        // In the zone of the site, which is not said.
        assert_eq!(time.as_unix(), None);
    }
    assert!(customer.extra.is_empty(), "{:?}", customer.extra);
}

#[test]
fn the_key_goes_into_its_header_and_nowhere_else() {
    let key = ApiKey::new("tl_live_1234");
    let mut headers = http::HeaderMap::new();
    headers.append("X-TrustLens-API-Key", "another".parse().unwrap());
    headers.append("X-TrustLens-API-Key", "and another".parse().unwrap());
    key.apply(&mut headers).unwrap();
    let values: Vec<_> = headers.get_all("X-TrustLens-API-Key").iter().collect();
    assert_eq!(values, ["tl_live_1234"]);
    assert!(values[0].is_sensitive());

    // The hash that the plugin stores admits the key.
    let stored = ApiKeyHash::from_sha256(Sha256::digest("tl_live_1234").into());
    assert!(stored.matches(values[0].as_bytes()));

    let mut shown = String::new();
    write!(shown, "{key:?} {key:#?} {headers:?}").unwrap();
    assert!(!shown.contains("tl_live"), "{shown}");

    let before = headers.clone();
    for unfit in ["", "a\nb", "a\r\nX-Admin: 1", "\0"] {
        let error = ApiKey::new(unfit).apply(&mut headers).unwrap_err();
        assert_eq!(error, SignError::InvalidHeaderValue { header: "x-trustlens-api-key" });
    }
    assert_eq!(headers, before);
}
