//! No error, no mismatch and no `Debug` shows what a body says.

use serde_json::{Value, json};
use trusthooks::{
    trustlens,
    trustoo::{shop, system},
};

use super::{
    Delivered, LENS, customer_event, event, lens, paths, personal, read, sample, shop_event,
};

const MARKER: &str = "marker@example.com";
const PHONE: &str = "+15550100";

fn hidden(shown: &str) {
    for secret in ["marker", PHONE, "15550100", "buyer@example.com"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Whatever comes of the body, none of what it says is shown with it.
fn shows_nothing<E: Delivered>(body: &str) {
    let delivery = E::deliver(body.as_bytes());
    hidden(&format!("{delivery:?} {delivery:#?}"));
    match delivery.event() {
        Ok(event) => {
            for mismatch in event.mismatches() {
                hidden(&format!("{mismatch} {mismatch:?} {mismatch:#?}"));
                hidden(&format!("{} {}", mismatch.path(), mismatch.expected()));
            }
        }
        Err(error) => {
            hidden(&format!("{error} {error:?} {error:#?}"));
            hidden(&format!("{} {:?}", error.path(), error.expected()));
            assert!(std::error::Error::source(&error).is_none());
        }
    }
}

fn values() -> Vec<Value> {
    vec![
        json!(MARKER),
        json!(format!("{MARKER}, expected secret")),
        json!(format!("{MARKER}` at line 1 column 1")),
        json!([MARKER]),
        json!([[MARKER]]),
        json!({MARKER: MARKER}),
        json!({PHONE: [PHONE]}),
        json!(15_550_100),
        json!(15_550_100.5),
    ]
}

#[test]
fn errors_and_mismatches_show_nothing() {
    for value in values() {
        for field in
            ["timestamp", "customer", "order_id", "site", "data", "event", "new_segment", "message"]
        {
            shows_nothing::<trustlens::Event>(&json!({"event": "test", field: value}).to_string());
            shows_nothing::<trustlens::Event>(
                &json!({"event": "test", "data": {field: value}}).to_string(),
            );
        }
        for field in ["trust_score", "email", "is_blocked", "total_order_value", "first_order_date"]
        {
            let customer = json!({field: value});
            let body = json!({"event": "test", "customer": customer}).to_string();
            shows_nothing::<trustlens::Event>(&body);
            shows_nothing::<trustlens::Event>(&body[..body.len() - 1]);
            shows_nothing::<trustlens::Event>(&body.replace(':', ";"));
            shows_nothing::<trustlens::Event>(&body.replacen('"', "'", 5));
            shows_nothing::<trustlens::Event>(&body.replace("marker", "marker\\x"));
        }
        for field in [
            "id",
            "rating",
            "author",
            "media",
            "reply",
            "product",
            "source",
            "properties",
            "created_at",
        ] {
            for name in ["review/created", "review/deleted", "customer_event/created", "novel"] {
                let mut data = json!({"id": "1"});
                data[field] = value.clone();
                shows_nothing::<shop::Event>(
                    &json!({"event": name, "shop_id": "1", "data": data}).to_string(),
                );
            }
        }
        let data = json!({"id": "1", "media": [{"type": value}, value]});
        shows_nothing::<shop::Event>(
            &json!({"event": "review/created", "shop_id": 1, "data": data}).to_string(),
        );
        for field in ["event", "shop_id", "timestamp", "platform", "data"] {
            let mut body = json!({"event": "novel", "shop_id": 1, "timestamp": 1});
            body[field] = value.clone();
            shows_nothing::<system::Event>(&body.to_string());
            shows_nothing::<shop::Event>(&body.to_string());
        }
    }
    // Keys may be data: a customer's address, or a phone number.
    for body in [
        format!(r#"{{"{MARKER}":1,"{MARKER}":2,"event":[]}}"#),
        format!(r#"{{"event":"test","customer":{{"{MARKER}":{{"{PHONE}":[}}}}}}"#),
        format!(r#"{{"event":"test","{MARKER}\ud800":1}}"#),
        format!(r#"{{"event":"{MARKER}""#),
        format!(r#"{{"event":"test","x":{PHONE}}}"#),
        r#"{"event":"test","x":15550100e15550100}"#.to_owned(),
    ] {
        shows_nothing::<trustlens::Event>(&body);
    }
}

#[test]
fn properties_that_are_no_json_show_nothing() {
    for text in [MARKER, "{\"marker@example.com\":}", "[\"marker\"", "+15550100", "\"\\xmarker\""] {
        let event = customer_event(shop_event(&json!({"event": "customer_event/created",
            "shop_id": "1", "data": {"properties": text}})));
        let error = event.properties_json().unwrap_err();
        hidden(&format!("{error} {error:?} {error:#?} {event:?}"));
    }
}

#[test]
fn debug_shows_nothing_personal() {
    let bodies = [
        json!({"event": "checkout_blocked", "email": MARKER, "customer": {"email": MARKER, "phone": PHONE}}),
        json!({"event": "novel", "email": MARKER, "phone": PHONE, "customer": MARKER}),
        json!({"event": "novel", "data": {"customer": {"email": MARKER}, "email": MARKER, "billing": {"phone": PHONE}}}),
        json!({"event": "test", "order": {"billing_email": MARKER}, "site": {"admin": MARKER},
            "rule": {"by": MARKER}, "dispute": {"by": MARKER}}),
        // What does not fit is kept, and hidden as well.
        json!({"event": "test", "order": {"id": MARKER, "total": [PHONE]}, "site": MARKER,
            "rule": [MARKER], "timestamp": [PHONE], "order_id": MARKER}),
        json!({"event": "test", "email": "a", "data": {"email": MARKER, "customer": {"x": PHONE}}}),
    ];
    for body in bodies {
        let event = lens(&body);
        hidden(&format!("{event:?} {event:#?}"));
    }
    let review = json!({"id": "1", "author": MARKER, "author_email": MARKER, "author_phone": PHONE, "ip": MARKER,
        "reply": {"by": MARKER}, "product": {"vendor": MARKER}, "media": [{"by": MARKER}, MARKER],
        "rating": MARKER});
    for (name, data) in [
        ("review/created", review.clone()),
        ("review/updated", review.clone()),
        ("review/deleted", review),
        ("customer_event/created", json!({"id": "1", "properties": MARKER, "email": MARKER})),
        ("customer_event/created", json!({"id": "1", "properties": {"email": MARKER}})),
        ("customer_event/created", json!(MARKER)),
        ("novel", json!({"email": MARKER, "phone": PHONE})),
    ] {
        let event =
            shop_event(&json!({"event": name, "shop_id": "1", "data": data, "email": MARKER}));
        hidden(&format!("{event:?} {event:#?}"));
    }
    let body = json!({"event": "novel", "shop_id": 1, "timestamp": 1, "email": MARKER,
        "platform": [MARKER]})
    .to_string();
    let event: system::Event = event(&body);
    hidden(&format!("{event:?}"));
    for body in LENS {
        let event: trustlens::Event = read(body).unwrap();
        hidden(&format!("{event:?} {event:#?}"));
    }
    // And this is the way to get it.
    let event: trustlens::Event = read(sample!("trustlens_score_updated")).unwrap();
    let email = event.customer.unwrap().email.unwrap();
    assert_eq!(format!("{email:?}"), "[redacted]");
    assert_eq!(email.as_str(), "buyer@example.com");
    assert_eq!(email.into_inner(), "buyer@example.com");
}

/// An address weighs like other text, where the top level and `data` both have a place for one.
#[test]
fn of_two_places_the_one_with_an_address_counts() {
    let address = r#""a@example.com""#;
    for empty in [r#""""#, "null", "false"] {
        for [top, data] in [[empty, address], [address, empty]] {
            let body = format!(r#"{{"event":"test","email":{top},"data":{{"email":{data}}}}}"#);
            assert_eq!(event::<trustlens::Event>(&body).email, personal("a@example.com"), "{body}");
        }
    }
    let [empty, other, known] = [r#"{"email":""}"#, r#"{"new":1}"#, r#"{"email":"a@example.com"}"#];
    for [top, data] in [[empty, known], [known, empty], [other, known], [known, other]] {
        let body = format!(r#"{{"event":"test","customer":{top},"data":{{"customer":{data}}}}}"#);
        let customer = event::<trustlens::Event>(&body).customer.unwrap();
        assert_eq!(customer.email, personal("a@example.com"), "{body}");
    }
}

#[test]
fn false_is_no_address_and_no_mismatch() {
    let event: trustlens::Event = event(r#"{"event":"test","email":false}"#);
    assert_eq!((event.email.clone(), paths(&event)), (None, vec![]));
    let body = r#"{"event":"customer_event/created","shop_id":"1","data":{"properties":false}}"#;
    let event: shop::Event = super::event(body);
    assert_eq!(paths(&event), [""; 0]);
    assert_eq!(customer_event(event).properties, None);
}
