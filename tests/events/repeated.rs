//! Of repeated fields the last counts, at every depth (rule 11).

use serde_json::json;
use trusthooks::{
    EventTime,
    trustlens::{self, EventKind, Segment},
    trustoo::{ShopId, shop, system},
};

use super::{customer_event, event, paths, review, text};

#[test]
fn in_trustlens() {
    let lens = event::<trustlens::Event>;
    for (first, last) in [("test", "novel"), ("novel", "test")] {
        let event = lens(&format!(r#"{{"event":"{first}","event":"{last}","message":"m"}}"#));
        assert_eq!(event.name(), last);
        assert_eq!(event.message, text("m"));
        assert!(event.extra.is_empty());
    }
    for name in ["high_risk_order", "novel"] {
        let event = lens(&format!(
            r#"{{"order":{{"id":1}},"order":{{"id":2,"id":3}},"event":"{name}","x":1,"x":[{{"a":1,"a":2}}]}}"#
        ));
        assert_eq!(event.order.unwrap().id, Some(3));
        assert_eq!(event.extra["x"], json!([{ "a": 2 }]));
        assert_eq!(event.extra.len(), 1);

        let event = lens(&format!(
            r#"{{"event":"{name}","data":{{"order":{{"id":1}},"y":1}},"data":{{"order":{{"number":"2"}},"rule":{{"id":1,"id":2}}}}}}"#
        ));
        let order = event.order.unwrap();
        assert_eq!((order.id, order.number), (None, text("2")));
        assert_eq!(event.rule.unwrap().id, Some(2));
        assert!(event.extra.is_empty());

        // The last counts, though it does not fit, or says nothing.
        let event = lens(&format!(r#"{{"event":"{name}","order":{{"id":1}},"order":"x"}}"#));
        assert_eq!((&event.order, &event.extra["order"]), (&None, &json!("x")));
        assert_eq!(paths(&event), ["order"]);
        let event = lens(&format!(r#"{{"event":"{name}","order":"x","order":{{"id":1}}}}"#));
        assert_eq!(event.order.as_ref().unwrap().id, Some(1));
        assert!(paths(&event).is_empty() && event.extra.is_empty());
        let event = lens(&format!(r#"{{"event":"{name}","message":"m","message":null}}"#));
        assert_eq!(event.message, None);
        let event = lens(&format!(r#"{{"event":"{name}","timestamp":1,"timestamp":2}}"#));
        assert_eq!(event.time, Some(EventTime::from(2)));
        // Escaped or not, it is the same name.
        let event = lens(&format!(r#"{{"event":"{name}","message":"a","m\u0065ssage":"b"}}"#));
        assert_eq!(event.message, text("b"));
        let event = lens(&format!(r#"{{"event":"{name}","m\u0065ssage":"b","message":"a"}}"#));
        assert_eq!(event.message, text("a"));
    }
    let event =
        lens(r#"{"event":1,"event":"segment_changed","new_segment":"x","new_segment":"vip"}"#);
    assert_eq!(event.kind, EventKind::SegmentChanged);
    assert_eq!(event.new_segment, Some(Segment::Vip));
}

#[test]
fn in_trustoo() {
    let shop = event::<shop::Event>;
    let event = shop(
        r#"{"event":"novel","shop_id":"1","data":5,"shop_id":"2","event":"review/created","data":{"id":"1","id":"2","media":[],"media":[{"url":"a","url":"b"}],"reply":{"id":"1"},"reply":{"content":"c","content":"d"}}}"#,
    );
    assert_eq!(event.shop_id, ShopId::from("2"));
    let review = review(event);
    assert_eq!(review.id, "2");
    assert_eq!(review.media[0].url, text("b"));
    let reply = review.reply.unwrap();
    assert_eq!((reply.id, reply.content), (None, text("d")));

    let event =
        shop(r#"{"event":"novel","shop_id":1,"data":{"a":1,"a":{"b":1,"b":2}},"n":1,"n":2}"#);
    let shop::EventKind::Other { data, .. } = event.kind else { panic!() };
    assert_eq!(*data, json!({"a": {"b": 2}}));
    assert_eq!(event.extra["n"], 2);

    let event = customer_event(shop(
        r#"{"event":"customer_event/created","shop_id":1,"data":{"id":1,"properties":"{}","properties":{"a":1,"a":2}}}"#,
    ));
    assert_eq!(event.properties_json().unwrap(), Some(json!({"a": 2})));
}

#[test]
fn in_system_events() {
    let event = event::<system::Event>(
        r#"{"timestamp":1,"shop_id":1,"event":"novel","shop_id":2,"timestamp":3,"event":"app/authorized","platform":"p","platform":"q","x":1,"x":2}"#,
    );
    assert_eq!(event.kind, system::EventKind::AppAuthorized);
    assert_eq!(event.shop_id, ShopId::from(2));
    assert_eq!(event.timestamp, EventTime::from(3));
    assert_eq!(event.platform, text("q"));
    assert_eq!(event.extra["x"], 2);
}

/// The same however many keys an object has, and wherever the repeated one stands.
#[test]
fn in_objects_of_any_width() {
    for width in [0, 1, 2, 44, 45, 46, 47, 48, 49, 50, 100, 5_000] {
        let others: Vec<_> = (0..width).map(|n| format!(r#""k{n}":{n}"#)).collect();
        for at in [0, width / 2, width] {
            let mut entries = others.clone();
            entries.insert(at, r#""twice":"last""#.to_owned());
            for first in [0, at / 2, at] {
                let mut entries = entries.clone();
                entries.insert(first, r#""twice":"first""#.to_owned());
                let body = format!(r#"{{"event":"test",{}}}"#, entries.join(","));
                let event = event::<trustlens::Event>(&body);
                assert_eq!(event.extra["twice"], "last", "{width} {at} {first}");
                assert_eq!(event.extra.len(), width + 1);
            }
        }
    }
}
