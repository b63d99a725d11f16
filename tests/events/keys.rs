//! By which key a delivery is known together with its retries.

use std::collections::HashSet;

use serde_json::json;
use trusthooks::{ReplayKey, trustlens, trustoo::shop};

use super::{LENS, SHOP, SYSTEM, event, lens, read, system_event};

#[test]
fn trustlens_by_the_delivery_id() {
    let of = |id: &str, time: u64| {
        lens(&json!({"event": "novel", "delivery_id": id, "timestamp": time})).retry_key()
    };
    // A retry has a fresh time.
    assert!(of("6f0d2a52", 1).is_some());
    assert_eq!(of("6f0d2a52", 1), of("6f0d2a52", 2));
    assert_ne!(of("6f0d2a52", 1), of("6f0d2a53", 1));
    let inside = lens(&json!({"event": "novel", "data": {"delivery_id": "6f0d2a52"}}));
    assert_eq!(inside.retry_key(), of("6f0d2a52", 1));
    for none in [json!(null), json!(""), json!(false), json!([]), json!({"a": 1})] {
        assert_eq!(lens(&json!({"event": "test", "delivery_id": none})).retry_key(), None);
    }
    // Settings webhooks have none.
    for body in LENS {
        let event: trustlens::Event = read(body).unwrap();
        assert_eq!(event.retry_key().is_some(), event.name() == "chargeback_filed");
    }
}

#[test]
fn shop_events_by_what_they_say() {
    let bodies = [
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1"}}"#,
        r#"{"event":"review/created","shop_id":"2","data":{"id":"1"}}"#,
        r#"{"event":"review/updated","shop_id":"1","data":{"id":"1"}}"#,
        r#"{"event":"review/deleted","shop_id":"1","data":{"id":"1"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","rating":5}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","rating":"x"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","rating":"y"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","updated_at":"2023-11-21T12:45:00Z"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","updated_at":"2023-11-21T12:45:01Z"}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","new":1}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","media":[{"url":"a"}]}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","media":[{"url":"a"},1]}}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1"},"new":1}"#,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","author":"A"}}"#,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"1"}}"#,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"1","properties":"{}"}}"#,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"1","properties":{}}}"#,
        r#"{"event":"customer_event/created","shop_id":"1","data":5}"#,
        r#"{"event":"novel","shop_id":"1"}"#,
        r#"{"event":"novel","shop_id":"1","data":{"a":1}}"#,
        r#"{"event":"novel","shop_id":"1","data":{"a":2}}"#,
    ];
    let key = |body: &str| -> ReplayKey { event::<shop::Event>(body).retry_key().unwrap() };
    let keys: HashSet<_> = bodies.into_iter().map(key).collect();
    assert_eq!(keys.len(), bodies.len(), "another body, another key");
    for body in bodies {
        assert_eq!(key(body), key(body));
    }
    for body in SHOP {
        let first: shop::Event = read(body).unwrap();
        let again: shop::Event = read(body).unwrap();
        assert!(first.retry_key().is_some());
        assert_eq!(first.retry_key(), again.retry_key());
    }
}

#[test]
fn system_events_by_nothing() {
    let sample: trusthooks::trustoo::system::Event = read(SYSTEM).unwrap();
    assert_eq!(sample.retry_key(), None);
    let event =
        system_event(&json!({"event": "novel", "shop_id": 1, "timestamp": 2, "delivery_id": "d"}));
    assert_eq!(event.retry_key(), None);
    assert_eq!(trusthooks::Event::retry_key(&event), None);
}
