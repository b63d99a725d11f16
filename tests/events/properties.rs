//! What holds for any body.

use proptest::prelude::*;
use serde_json::{Value, json};
use trusthooks::{
    EventErrorKind, Money, trustlens,
    trustoo::{shop, system},
};

use super::{Delivered, LENS, SHOP, SYSTEM, read, round_trip};

/// The object's text with its keys, also those of the objects in it, in an order of the seed's.
///
/// But for the values of `media`: an object there is a list, and its order that of the list.
fn shuffled(value: &Value, seed: &mut u64) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<String> = map
                .iter()
                .map(|(key, value)| {
                    let value = match value {
                        list @ Value::Object(_) if key == "media" => list.to_string(),
                        other => shuffled(other, seed),
                    };
                    format!("{}:{value}", json!(key))
                })
                .collect();
            for i in (1..entries.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                entries.swap(i, usize::try_from(*seed >> 33).unwrap() % (i + 1));
            }
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| shuffled(item, seed)).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|cents| json!(f64::from(cents) / 100.0)),
        prop::num::f64::NORMAL.prop_map(Value::from),
        (0_u32..40).prop_map(Value::from),
        "[0-9]{1,3}(\\.[0-9]{2})?".prop_map(Value::from),
        "[ +-]{0,2}[0-9]{1,20}(\\.[0-9]{0,20})?(e[0-9]{1,2})?".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("")),
        Just(json!("vip")),
        Just(json!("yes")),
        Just(json!("2026-06-05T14:23:00+00:00")),
        Just(json!([])),
        Just(json!({})),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            2 => fields(inner),
        ]
    })
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        8 => prop::sample::select(vec![
            "event", "timestamp", "delivery_id", "customer", "order", "dispute", "rule", "action",
            "site", "data", "old_score", "new_score", "score_delta", "new_segment", "reason",
            "email", "order_id", "message", "id", "name", "total", "number", "trust_score",
            "return_rate", "is_blocked", "segment", "media", "reply", "product", "rating", "type",
            "url", "properties", "created_at", "shop_id", "platform", "extra",
            "$serde_json::private::Number", "$serde_json::private::RawValue",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::btree_map(name, value, 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

const NAMES: [&str; 20] = [
    "score_updated",
    "score_changed",
    "segment_changed",
    "customer_blocked",
    "customer_unblocked",
    "customer_allowlisted",
    "customer_allowlist_removed",
    "checkout_blocked",
    "high_risk_order",
    "automation_triggered",
    "test",
    "review/created",
    "review/updated",
    "review/deleted",
    "customer_event/created",
    "app/authorized",
    "integration/disconnected",
    "app/uninstalled",
    "novel",
    "",
];

/// It is an event, comes back, and says the same in any order of its keys.
fn is_read<E: Delivered>(body: &str, other_order: &str) -> Result<(), TestCaseError> {
    let event = read::<E>(body.as_bytes());
    prop_assert!(event.is_ok(), "{:?}", event);
    let event = event.unwrap();
    prop_assert!(event.mismatches().len() <= 64);
    round_trip(&event);
    prop_assert_eq!(event, read(other_order.as_bytes()).unwrap());
    Ok(())
}

/// It is an event, or lacks one of these.
fn lacks<E: Delivered>(body: &str, paths: &[&str]) -> Result<(), TestCaseError> {
    match read::<E>(body.as_bytes()) {
        Ok(event) => round_trip(&event),
        Err(error) => {
            prop_assert_eq!(error.kind(), EventErrorKind::Data);
            prop_assert!(paths.contains(&error.path()), "{}", error);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_object_is_an_event(
        mut body in fields(any_json()),
        data in prop::option::weighted(0.8, fields(any_json())),
        name in prop::sample::select(&NAMES[..]),
        seed: u64,
    ) {
        body["event"] = json!(name);
        body["shop_id"] = json!(seed);
        body["timestamp"] = json!(seed >> 20);
        if let Some(data) = data {
            body["data"] = data;
        }
        let mut state = seed;
        let lens = (body.to_string(), shuffled(&body, &mut state));
        is_read::<trustlens::Event>(&lens.0, &lens.1)?;
        is_read::<system::Event>(&lens.0, &lens.1)?;
        // A review must have its id.
        if name.starts_with("review/") {
            if !body["data"].is_object() {
                body["data"] = json!({});
            }
            body["data"]["id"] = json!(seed);
        }
        let shop = (body.to_string(), shuffled(&body, &mut state));
        is_read::<shop::Event>(&shop.0, &shop.1)?;
    }

    /// An error only where rule 1 says: what must be there is not.
    #[test]
    fn any_json_is_an_event_or_lacks_something(body in any_json(), name in prop::sample::select(&NAMES[..])) {
        let mut body = body;
        if body.is_object() {
            body["event"] = json!(name);
        }
        let body = body.to_string();
        lacks::<trustlens::Event>(&body, &[""])?;
        lacks::<shop::Event>(&body, if name.starts_with("review/") { &["", "shop_id", "data", "data.id"] } else { &["", "shop_id"] })?;
        lacks::<system::Event>(&body, &["", "shop_id", "timestamp"])?;
    }

    #[test]
    fn samples_in_any_order(seed: u64) {
        fn same<E: Delivered>(body: &[u8], state: &mut u64) -> Result<(), TestCaseError> {
            let other = shuffled(&serde_json::from_slice(body).unwrap(), state);
            prop_assert_eq!(read::<E>(body).unwrap(), read::<E>(other.as_bytes()).unwrap());
            Ok(())
        }
        let mut state = seed;
        for body in LENS {
            same::<trustlens::Event>(body, &mut state)?;
        }
        for body in SHOP {
            same::<shop::Event>(body, &mut state)?;
        }
        same::<system::Event>(SYSTEM, &mut state)?;
    }

    /// Cents go through a JSON number and a string unharmed, up to 15 digits and 38 digits.
    #[test]
    fn any_cents(cents in -999_999_999_999_999_i64..=999_999_999_999_999, long: i64, scale in 0_u8..19) {
        let sign = if cents < 0 { "-" } else { "" };
        let json = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        let money: Money = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(money.minor_units(2), Some(cents));
        prop_assert_eq!(json.parse(), Ok(money.clone()));
        prop_assert_eq!(format!("{money:.2}").parse(), Ok(money.clone()));
        let again: Money = serde_json::from_str(&serde_json::to_string(&money).unwrap()).unwrap();
        prop_assert_eq!(again, money);
        let exact: Money = format!("{long}e-{scale}").parse().unwrap();
        prop_assert_eq!(exact.minor_units(scale), Some(long));
        let again: Money = serde_json::from_str(&serde_json::to_string(&exact).unwrap()).unwrap();
        prop_assert_eq!(again, exact);
    }

    /// A sum of floats, as PHP computes it, is still the cents that it means.
    #[test]
    fn sums_of_floats_keep_their_cents(items in prop::collection::vec(0_u32..100_000, 1..20)) {
        let cents: u32 = items.iter().sum();
        let sum: f64 = items.iter().map(|cents| f64::from(*cents) / 100.0).sum();
        let money: Money = serde_json::from_value(json!(sum)).unwrap();
        prop_assert_eq!(money.minor_units(2), Some(cents.into()), "{}", sum);
    }

    /// A decimal library that is not this crate's reads the same.
    #[test]
    fn decimals_are_those_that_are_shown(long: i64, scale in 0_u8..19) {
        let money: Money = format!("{long}e-{scale}").parse().unwrap();
        let decimal = money.to_decimal().unwrap();
        prop_assert_eq!(decimal.normalize().to_string(), money.to_string());
        prop_assert_eq!(decimal.is_zero(), long == 0);
    }

    #[test]
    fn any_bytes(body: Vec<u8>) {
        let _ = read::<trustlens::Event>(&body);
        let _ = read::<shop::Event>(&body);
        let _ = read::<system::Event>(&body);
    }
}
