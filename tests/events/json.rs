//! A body as a type of the caller's own, and events through `serde_json`.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use trusthooks::{
    EventError, EventErrorKind, EventTime, Money, Personal, trustlens,
    trustoo::{ShopId, shop, system},
};

use super::{Delivered, LENS, SHOP, SYSTEM, money, paths, read, sample};

fn as_type<T: DeserializeOwned>(body: &[u8]) -> Result<T, EventError> {
    system::Event::deliver(body).json()
}

#[test]
fn a_delivery_gives_its_body_as_any_type() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Mine {
        event: String,
        n: Option<u8>,
    }

    let mine: Mine = as_type(br#"{"event":"test","n":5,"more":[]}"#).unwrap();
    assert_eq!(mine, Mine { event: "test".into(), n: Some(5) });
    let marked = as_type::<Mine>(b"\xEF\xBB\xBF{\"event\":\"test\"}").unwrap();
    assert_eq!(marked.n, None);
    assert_eq!(as_type::<Value>(b"[1]").unwrap(), json!([1]));
    let event: trustlens::Event = as_type(LENS[0]).unwrap();
    assert_eq!(event, read(LENS[0]).unwrap());

    // A body that is JSON and no `T`: only where reading stopped, since serde quotes the value.
    for (body, line) in [
        ("{\"event\":\"test\",\n\"n\":\"marker\"}", 2),
        ("{\"event\":\"test\",\"n\":300}", 1),
        ("{\"n\":5}", 1),
        ("[\"marker\"]", 1),
    ] {
        let error = as_type::<Mine>(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), EventErrorKind::Data, "{body}");
        assert_eq!((error.path(), error.expected()), ("", None));
        assert_eq!(error.position().unwrap().0, line, "{body}");
        assert!(!format!("{error} {error:?}").contains("marker"), "{error}");
    }
    let error = as_type::<Mine>(b"{\"event\":\"test\",\n\"n\":\"marker\"}").unwrap_err();
    assert_eq!(error.position(), Some((2, 12)));
    // One that is no JSON.
    let error = as_type::<Mine>(b"{\"event\":\"test\",}").unwrap_err();
    assert_eq!((error.kind(), error.position()), (EventErrorKind::Syntax, Some((1, 17))));
    assert_eq!(as_type::<Mine>(b"{\"event\":").unwrap_err().kind(), EventErrorKind::Eof);
}

/// Every value of the types in question, the wrong ones with the marker in them.
#[test]
fn no_error_of_a_type_shows_a_value() {
    type Map = BTreeMap<String, u32>;
    #[derive(Debug, Deserialize)]
    enum Choice {
        #[allow(dead_code, reason = "never read")]
        A,
    }
    #[derive(Debug, Deserialize)]
    enum Never {}
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {}

    fn check<T: DeserializeOwned + std::fmt::Debug>(body: &Value) {
        let error = as_type::<T>(body.to_string().as_bytes()).unwrap_err();
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains("marker") && !shown.contains("secret"), "{shown}");
        assert!(error.position().is_some());
    }
    for value in [
        json!("marker@example.com"),
        json!("marker, expected secret"),
        json!("marker` at line 1 column 1, expected secret"),
        json!(["marker"]),
        json!({"marker": "secret"}),
    ] {
        check::<u64>(&value);
        check::<bool>(&value);
        check::<Choice>(&value);
        check::<Never>(&value);
        check::<Map>(&json!({"marker": value}));
        check::<Strict>(&json!({"marker, expected secret": value}));
        check::<trustlens::Event>(&json!({"event": [value]}));
        check::<shop::Event>(&json!({"event": "novel", "shop_id": [value]}));
        check::<Money>(&json!([value]));
        check::<ShopId>(&json!([value]));
        check::<EventTime>(&json!([value]));
    }
}

#[test]
fn events_are_read_by_serde_alike() {
    fn alike<E: Delivered>(body: &[u8]) {
        let event: E = read(body).unwrap();
        assert_eq!(serde_json::from_slice::<E>(body).unwrap(), event);
        assert_eq!(serde_json::from_reader::<_, E>(body).unwrap(), event);
        let value: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(E::deserialize(&value).unwrap(), event);
        assert_eq!(serde_json::from_value::<E>(value).unwrap(), event);
        let text = std::str::from_utf8(body).unwrap();
        assert_eq!(serde_json::from_str::<Vec<E>>(&format!("[{text}]")).unwrap(), [event]);
    }
    LENS.into_iter().for_each(alike::<trustlens::Event>);
    SHOP.into_iter().for_each(alike::<shop::Event>);
    alike::<system::Event>(SYSTEM);
    // With the same mismatches, and the same time zones.
    let body = r#"{"event":"test","site":5,"order":{"total":"1,2"}}"#;
    let event: trustlens::Event = serde_json::from_str(body).unwrap();
    assert_eq!(paths(&event), ["site", "order.total"]);
    let body = r#"{"event":"review/deleted","shop_id":1,"data":{"id":1,"deleted_at":"2025-06-20 11:06:48"}}"#;
    let event: shop::Event = serde_json::from_str(body).unwrap();
    let shop::EventKind::ReviewDeleted(review) = event.kind else { panic!() };
    assert_eq!(review.deleted_at.unwrap().as_unix(), Some(1_750_417_608));
    let error = serde_json::from_str::<shop::Event>(r#"{"event":"novel"}"#).unwrap_err();
    assert!(error.to_string().contains("shop_id"), "{error}");
}

#[test]
fn the_parts_of_an_event_are_types_of_their_own() {
    let customer: trustlens::Customer =
        serde_json::from_str(r#"{"trust_score":"34","segment":5.5,"new":1}"#).unwrap();
    assert_eq!((customer.trust_score, &customer.segment), (Some(34), &None));
    assert_eq!(customer.extra["segment"], 5.5);
    let written = serde_json::to_value(&customer).unwrap();
    assert_eq!(written, json!({"trust_score": 34, "segment": 5.5, "new": 1}));
    let order: trustlens::Order = serde_json::from_str(r#"{"total":"5.00"}"#).unwrap();
    assert_eq!(order.total, money("5"));
    assert!(serde_json::from_str::<trustlens::Order>("5").is_err());
    assert!(serde_json::from_str::<shop::Review>("{}").is_err());
    let review: shop::Review = serde_json::from_str(r#"{"id":7,"media":{"1":{}}}"#).unwrap();
    assert_eq!((review.id.as_str(), review.media.len()), ("7", 1));
    assert_eq!(serde_json::from_str::<Personal>("5").unwrap().as_str(), "5");
    assert_eq!(serde_json::from_str::<EventTime>("-5").unwrap(), EventTime::from(-5));
    for number in [1, 2, 7] {
        let kind: shop::MediaType = serde_json::from_value(json!(number)).unwrap();
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(number));
    }
    let _: trustlens::Event = serde_json::from_slice(sample!("trustlens_test")).unwrap();
}
