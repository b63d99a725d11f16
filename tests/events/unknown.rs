//! Events, fields and names that this version does not know; and the two places of a TrustLens
//! field (rule 12).

use serde_json::{Value, json};
use trusthooks::{
    Extra, Personal,
    trustlens::{self, EventKind, Segment},
    trustoo::shop,
};

use super::{event, lens, paths, shop_event, text};

#[test]
fn unknown_fields_are_kept() {
    let event = lens(&json!({
        "event": "score_updated", "mood": "good", "reason": "r",
        "customer": {"trust_score": 5, "karma": {"x": 1}},
        "data": {"old_mood": "bad", "new_score": 7},
    }));
    assert_eq!(event.extra["mood"], "good");
    assert_eq!(event.extra["old_mood"], "bad");
    assert_eq!(event.extra.len(), 2);
    // A field of another event is a field.
    assert_eq!(event.reason, text("r"));
    assert_eq!(event.customer.unwrap().extra["karma"], json!({"x": 1}));
    assert_eq!(event.new_score, Some(7));

    let event = lens(&json!({"event": "novel", "timestamp": 1,
        "data": {"old_segment": "vip", "new_segment": "risk", "customer": {"trust_score": 3}}}));
    assert_eq!(event.kind, EventKind::Other("novel".into()));
    assert_eq!(event.old_segment, Some(Segment::Vip));
    assert_eq!(event.new_segment, Some(Segment::Risk));
    assert_eq!(event.customer.unwrap().trust_score, Some(3));
    assert!(event.extra.is_empty());
}

#[test]
fn an_unknown_event_may_have_any_shape() {
    for odd in [json!("x"), json!(5), json!([1]), json!(true), json!({"id": "no number"})] {
        for name in ["timestamp", "delivery_id", "order", "rule", "action", "site"] {
            for inside in [false, true] {
                let fields = json!({name: odd, "customer": {"trust_score": 1}});
                let mut body = if inside { json!({ "data": fields }) } else { fields };
                body["event"] = json!("novel");
                let event = lens(&body);
                assert_eq!(event.customer.as_ref().unwrap().trust_score, Some(1));
            }
        }
        let event = shop_event(&json!({"event": "novel", "shop_id": "1", "data": odd}));
        let shop::EventKind::Other { name, data, .. } = &event.kind else { panic!() };
        assert_eq!(name, "novel");
        assert_eq!(**data, odd);
    }
    let event = lens(&json!({"event": "novel", "order": "4821", "customer": 7}));
    assert_eq!((event.order, event.customer), (None, None));
    assert_eq!(event.extra["order"], "4821");
    assert_eq!(event.extra["customer"], 7);
    let event = lens(&json!({"event": "novel", "data": {"customer": 7}}));
    assert_eq!(event.extra["customer"], 7);
    assert_eq!(paths(&event), ["customer"]);
    let event = shop_event(&json!({"event": "novel", "shop_id": "1", "extra": 1}));
    assert_eq!(event.extra["extra"], 1);
    let written = serde_json::to_value(&event).unwrap();
    assert_eq!(written, json!({"event": "novel", "shop_id": "1", "extra": 1}));
    assert_eq!(event.name(), "novel");
    assert_eq!(event.topic(), shop::Topic::Other("novel".into()));
}

#[test]
fn extra_can_be_made_and_hides_its_values() {
    let mut fields = serde_json::Map::new();
    fields.insert("new".to_owned(), json!("a@example.com"));
    let extra = Extra::from(fields);
    assert_eq!(extra["new"], "a@example.com");
    assert_eq!(format!("{extra:?}"), "[1 fields]");
    assert_eq!(Personal::from("a@example.com".to_owned()).as_str(), "a@example.com");
    let event = shop_event(&json!({ "event": "novel", "shop_id": "5", "data": "a@example.com" }));
    let shown = format!("{:?}", event.kind);
    assert!(shown.contains("novel") && !shown.contains("example"), "{shown}");
}

// --- Rule 12: at the top, or in `data` ---

#[test]
fn the_top_comes_before_data() {
    for name in ["high_risk_order", "order_refunded"] {
        let event = lens(&json!({
            "event": name, "order": {"id": 1}, "note": "top", "rule": null, "reason": "top",
            "data": {"order": {"id": 2}, "note": "in data", "rule": {"id": 3}, "data": 4,
                "event": 5, "reason": "in data", "action": "in data"},
        }));
        assert_eq!(event.order.as_ref().unwrap().id, Some(1), "{name}");
        assert_eq!(event.rule.as_ref().unwrap().id, Some(3));
        assert_eq!((event.reason, event.action), (text("top"), text("in data")));
        assert_eq!(event.extra["note"], "top");
        assert_eq!(
            event.extra["data"],
            json!({"order": {"id": 2}, "note": "in data", "data": 4, "event": 5, "reason": "in data"})
        );
        assert_eq!(event.extra.len(), 2);
    }
}

#[test]
fn what_says_nothing_at_the_top_gives_way() {
    let said = json!({"segment": "risk", "trust_score": 3});
    for nothing in [
        json!(null),
        json!(""),
        json!(false),
        json!([]),
        json!({}),
        json!({"segment": null}),
        json!({"segment": "", "trust_score": false, "email": null, "return_rate": ""}),
        json!({"new": 1}),
        json!({"new": {"segment": "vip"}}),
    ] {
        for name in ["high_risk_order", "novel"] {
            let event =
                lens(&json!({"event": name, "customer": nothing, "data": {"customer": said}}));
            let customer = event.customer.as_ref().unwrap();
            assert_eq!(customer.segment, Some(Segment::Risk), "{nothing}");
            assert_eq!(customer.trust_score, Some(3));
            assert!(paths(&event).is_empty(), "{nothing}");
            // What else the top had is not lost.
            if nothing.get("new").is_some() {
                let written = serde_json::to_string(&event).unwrap();
                assert!(written.contains(r#""new":"#), "{written}");
            }
        }
    }
    for (field, nothing, said) in [
        ("reason", json!(""), json!("r")),
        ("message", json!(false), json!("m")),
        ("email", json!(null), json!("e")),
        ("order_id", json!(""), json!(7)),
        ("score_delta", json!(false), json!(-7)),
        ("new_segment", json!(""), json!("vip")),
        ("timestamp", json!(""), json!(1_780_000_000)),
        ("delivery_id", json!(""), json!("d")),
        ("site", json!([]), json!({"url": "u"})),
        ("rule", json!({"id": null}), json!({"id": 3})),
        ("dispute", json!({}), json!({"id": "dp_1"})),
        ("order", json!({"id": ""}), json!({"id": 7})),
    ] {
        let event = lens(&json!({"event": "novel", field: nothing, "data": {field: said}}));
        assert_eq!(serde_json::to_value(&event).unwrap()[field], said, "{field}");
        // And the other way round.
        let event = lens(&json!({"event": "novel", field: said, "data": {field: nothing}}));
        assert_eq!(serde_json::to_value(&event).unwrap()[field], said, "{field}");
        assert!(paths(&event).is_empty(), "{field}");
    }
}

/// One value is enough to stay, as is one that does not fit.
#[test]
fn what_says_something_at_the_top_stays() {
    for said in [
        json!({"trust_score": 0}),
        json!({"is_blocked": false}),
        json!({"is_blocked": ""}),
        json!({"total_orders": "0"}),
        json!({"email_hash": "a3"}),
    ] {
        let event = lens(
            &json!({"event": "novel", "customer": said, "data": {"customer": {"segment": "vip"}}}),
        );
        assert_eq!(event.customer.unwrap().segment, None, "{said}");
        assert_eq!(event.extra["data"], json!({"customer": {"segment": "vip"}}), "{said}");
    }
    for (field, said) in
        [("order_id", json!(0)), ("message", json!(" ")), ("score_delta", json!("0"))]
    {
        let event = lens(&json!({"event": "novel", field: said, "data": {field: 5}}));
        assert_eq!(event.extra["data"], json!({field: 5}), "{field}");
    }
    for odd in [json!(5), json!("x"), json!([1]), json!(true)] {
        let event = lens(
            &json!({"event": "novel", "customer": odd, "data": {"customer": {"segment": "vip"}}}),
        );
        assert_eq!(paths(&event), ["customer"]);
        assert_eq!((&event.customer, &event.extra["customer"]), (&None, &odd));
        assert_eq!(event.extra["data"], json!({"customer": {"segment": "vip"}}));
    }
}

/// An odd field of an object that gives way is listed, wherever it is kept.
#[test]
fn an_odd_field_of_what_gives_way_is_listed() {
    let event = lens(&json!({"event": "novel", "customer": {"trust_score": "n/a"},
        "data": {"customer": {"segment": "vip"}}}));
    assert_eq!(event.customer.as_ref().unwrap().segment, Some(Segment::Vip));
    assert!(!paths(&event).is_empty());
    let written = serde_json::to_string(&event).unwrap();
    assert!(written.contains("n/a"), "{written}");
}

/// Neither says anything, and both have something that is unknown.
#[test]
fn two_objects_that_say_nothing_come_back() {
    for (top, data) in [
        (json!({"x": 1}), json!({"y": 2})),
        (json!({"x": 1}), json!({"x": 2})),
        (json!({"trust_score": "n/a"}), json!({"y": 2})),
        (json!({"trust_score": "n/a"}), json!({"trust_score": []})),
        (json!({}), json!({"y": 2})),
        (json!({"x": 1}), json!({})),
        (json!({"email": ""}), json!({"y": 2})),
    ] {
        let body = json!({"event": "novel", "customer": top, "data": {"customer": data}});
        let event: trustlens::Event = super::read(body.to_string().as_bytes()).unwrap();
        let written = serde_json::to_vec(&event).unwrap();
        assert_eq!(super::read::<trustlens::Event>(&written).unwrap(), event, "{body}");
    }
}

#[test]
fn empty_text_is_kept_where_nothing_else_is_said() {
    for data in
        [json!({}), json!({"reason": null}), json!({"reason": false}), json!({"reason": ""})]
    {
        let event = lens(&json!({"event": "novel", "reason": "", "data": data}));
        assert_eq!(event.reason, text(""), "{data}");
    }
}

#[test]
fn unknown_fields_of_data_move_to_the_top() {
    let event = event::<trustlens::Event>(
        r#"{"event":"novel","data":{"fingerprint":{"hash":"f"},"extra":[1],"data":{"a":1},"event":"x"},"new":null}"#,
    );
    assert_eq!(event.extra["fingerprint"], json!({"hash": "f"}));
    assert_eq!(event.extra["extra"], json!([1]));
    assert_eq!(event.extra["new"], Value::Null);
    // These two would mean something there.
    assert_eq!(event.extra["data"], json!({"data": {"a": 1}, "event": "x"}));
}
