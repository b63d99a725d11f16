//! What does not fit: where it is listed, and where it is kept (rule 2).

use serde_json::{Value, json};
use trusthooks::{
    trustlens,
    trustoo::{shop, system},
};

use super::{
    Delivered, event, lens, paths, read, review, round_trip, shop_event, system_event, text,
};

/// One that fits no field.
fn odd() -> Value {
    json!([[1]])
}

#[test]
fn every_field_of_trustlens_says_where() {
    let fields = [
        "timestamp",
        "delivery_id",
        "customer",
        "order",
        "dispute",
        "rule",
        "action",
        "site",
        "old_score",
        "new_score",
        "score_delta",
        "old_segment",
        "new_segment",
        "reason",
        "email",
        "order_id",
        "message",
        "customer.id",
        "customer.email_hash",
        "customer.email",
        "customer.trust_score",
        "customer.segment",
        "customer.segment_label",
        "customer.total_orders",
        "customer.total_refunds",
        "customer.return_rate",
        "customer.total_order_value",
        "customer.total_refund_value",
        "customer.is_blocked",
        "customer.is_allowlisted",
        "customer.total_disputes",
        "customer.linked_accounts_count",
        "customer.first_order_date",
        "customer.last_order_date",
        "customer.created_at",
        "customer.updated_at",
        "order.id",
        "order.number",
        "order.total",
        "order.subtotal",
        "order.shipping_total",
        "order.tax_total",
        "order.coupon_total",
        "order.currency",
        "order.item_count",
        "order.payment_method",
        "order.shipping_country",
        "order.billing_country",
        "order.status",
        "order.created_at",
        "dispute.id",
        "dispute.reason",
        "rule.id",
        "rule.name",
        "rule.trigger",
        "site.url",
        "site.name",
    ];
    for name in ["score_updated", "high_risk_order", "test", "novel"] {
        for field in fields {
            for inside in [false, true] {
                let mut fields = match field.split_once('.') {
                    None => json!({ field: odd() }),
                    Some((object, field)) => json!({object: {field: odd(), "new": 1}}),
                };
                if inside {
                    fields = json!({ "data": fields });
                }
                fields["event"] = json!(name);
                let event = lens(&fields);
                assert_eq!(paths(&event), [field], "{fields}");
                let written = serde_json::to_value(&event).unwrap();
                let kept = field.split('.').fold(&written, |value, name| &value[name]);
                assert_eq!(*kept, odd(), "{fields}");
                match field.split_once('.') {
                    None => assert_eq!(event.extra[field], odd()),
                    Some((object, _)) => {
                        assert!(event.extra.is_empty(), "{fields}");
                        assert_eq!(written[object]["new"], 1);
                    }
                }
            }
        }
    }
}

#[test]
fn every_field_of_trustoo_says_where() {
    let fields = [
        "rating",
        "author",
        "author_email",
        "author_phone",
        "author_country",
        "title",
        "content",
        "commented_at",
        "item_type",
        "order_id",
        "variant_id",
        "source",
        "is_verified",
        "is_featured",
        "is_published",
        "is_top",
        "tag",
        "media_type",
        "reply",
        "product",
        "created_at",
        "updated_at",
        "reply.id",
        "reply.content",
        "reply.reply_at",
        "product.id",
        "product.title",
        "product.handle",
        "product.image_src",
        "product.url",
    ];
    for name in ["review/created", "review/updated"] {
        for field in fields {
            let mut data = match field.split_once('.') {
                None => json!({ field: odd() }),
                Some((object, field)) => json!({object: {field: odd()}}),
            };
            data["id"] = json!("1");
            let event = shop_event(&json!({"event": name, "shop_id": "1", "data": data}));
            assert_eq!(paths(&event), [format!("data.{field}")]);
            assert!(event.extra.is_empty());
            assert_eq!(serde_json::to_value(&event).unwrap()["data"], data);
        }
        for field in ["url", "thumbnail_url", "type", "is_published"] {
            let data = json!({"id": "1", "media": [{"new": 1}, null, {field: odd()}]});
            let event = shop_event(&json!({"event": name, "shop_id": "1", "data": data}));
            assert_eq!(paths(&event), [format!("data.media[2].{field}")]);
            assert_eq!(review(event).media[1].extra[field], odd());
        }
    }
    let customer = [
        "id",
        "client_id",
        "event_type",
        "event_source",
        "device_type",
        "os_type",
        "page_url",
        "created_at",
    ];
    let deleted = ["deleted_at"];
    for (name, fields) in
        [("customer_event/created", &customer[..]), ("review/deleted", &deleted[..])]
    {
        for field in fields {
            let mut data = json!({ *field: odd() });
            if *field != "id" {
                data["id"] = json!("1");
            }
            let event = shop_event(&json!({"event": name, "shop_id": "1", "data": data}));
            assert_eq!(paths(&event), [format!("data.{field}")]);
            assert_eq!(serde_json::to_value(&event).unwrap()["data"], data);
        }
    }
    for name in ["app/authorized", "novel"] {
        let event =
            system_event(&json!({"event": name, "shop_id": 1, "timestamp": 2, "platform": odd()}));
        assert_eq!(paths(&event), ["platform"]);
        assert_eq!(event.extra["platform"], odd());
    }
}

/// A field's name means something only where the vendor puts it.
#[test]
fn what_is_no_field_here_fits() {
    let event = shop_event(&json!({"event": "novel", "shop_id": "1", "rating": odd(),
        "data": {"rating": odd(), "media": 5, "id": odd()}}));
    assert!(paths(&event).is_empty());
    let event = lens(&json!({"event": "test", "trust_score": odd(), "customer": {"total": odd()}}));
    assert!(paths(&event).is_empty());
    let event = system_event(&json!({"event": "novel", "shop_id": "1", "timestamp": 1,
        "data": {"platform": odd()}}));
    assert!(paths(&event).is_empty());
}

#[test]
fn what_was_expected_is_said() {
    let event = lens(&json!({
        "event": "high_risk_order", "order": {"total": "1,234.50", "item_count": 2.5},
        "customer": {"is_blocked": "maybe", "return_rate": "n/a", "segment": [1], "email": [1]},
        "site": "shop", "timestamp": {},
    }));
    let list: Vec<_> = event.mismatches().iter().map(ToString::to_string).collect();
    assert_eq!(list.len(), 8);
    for mismatch in event.mismatches() {
        assert!(mismatch.expected().len() > 3);
        let shown = mismatch.to_string();
        assert!(shown.contains(mismatch.path()) && shown.contains(mismatch.expected()), "{shown}");
    }
    let of = |path: &str| {
        event.mismatches().iter().find(|it| it.path() == path).unwrap().expected().to_owned()
    };
    assert!(of("order.item_count").contains("whole number"));
    assert!(of("order.total").contains("38 digits"));
    assert!(of("customer.return_rate").contains("number"));
    assert!(of("customer.email").contains("text"));
    assert!(of("site").contains("object"));
    assert!(of("timestamp").contains("date"));
}

fn with_odd_media(items: usize) -> String {
    let items = vec!["1"; items].join(",");
    format!(
        r#"{{"event":"review/created","shop_id":"1","data":{{"id":"1","media":[{items}],"rating":"x"}}}}"#
    )
}

#[test]
fn the_first_64_are_listed() {
    for (items, listed) in [(62, 63), (63, 64), (64, 64), (65, 64), (100_000, 64)] {
        let event = read::<shop::Event>(with_odd_media(items).as_bytes()).unwrap();
        let paths = paths(&event);
        assert_eq!(paths.len(), listed);
        for (at, path) in paths.iter().enumerate().take(items) {
            assert_eq!(*path, format!("data.media[{at}]"));
        }
        if items < 64 {
            assert_eq!(paths[items], "data.rating");
        }
        // The others are kept all the same.
        let review = review(event);
        assert_eq!(review.extra["media"].as_array().unwrap().len(), items);
        assert_eq!((review.rating, &review.extra["rating"]), (None, &json!("x")));
    }
}

#[test]
fn lists_of_mismatches_make_no_difference() {
    fn same<E: Delivered>(first: &str, second: &str) -> (Vec<String>, Vec<String>) {
        let (first, second): (E, E) = (event(first), event(second));
        assert_eq!(first, second);
        let list = |event: &E| paths(event).into_iter().map(str::to_owned).collect();
        (list(&first), list(&second))
    }
    let (first, second) = same::<trustlens::Event>(
        r#"{"event":"test","site":5,"order":{"total":"x"}}"#,
        r#"{"order":{"total":"x"},"site":5,"event":"test"}"#,
    );
    assert_ne!(first, second, "in the order in which they came");
    let (first, second) = same::<shop::Event>(
        r#"{"event":"review/deleted","shop_id":1,"data":{"id":1,"deleted_at":[]}}"#,
        r#"{"event":"review/deleted","shop_id":"1","data":{"deleted_at":[],"id":"1"}}"#,
    );
    assert_eq!((&first, &second), (&vec!["data.deleted_at".to_owned()], &first));
    // Another value that does not fit is another event.
    for (first, second) in [
        (json!({"event": "test", "site": 5}), json!({"event": "test", "site": 6})),
        (json!({"event": "test", "site": 5}), json!({"event": "test"})),
    ] {
        assert_ne!(lens(&first), lens(&second));
    }
}

/// One odd field costs nothing but itself, in a known event and in an unknown one.
#[test]
fn one_odd_number_does_not_cost_the_customer() {
    for name in ["score_updated", "segment_changed", "novel"] {
        for inside in [false, true] {
            let fields = json!({"customer": {"trust_score": "n/a", "segment": "critical",
                "email": "a@example.com", "total_orders": 3}, "order": {"id": 7, "total": "$5"}});
            let mut body = if inside { json!({ "data": fields }) } else { fields };
            body["event"] = json!(name);
            let event = lens(&body);
            assert_eq!(paths(&event), ["customer.trust_score", "order.total"]);
            let (customer, order) = (event.customer.unwrap(), event.order.unwrap());
            assert_eq!(customer.segment, Some(trustlens::Segment::Critical));
            assert_eq!(customer.total_orders, Some(3));
            assert_eq!((customer.trust_score, order.id), (None, Some(7)));
            assert_eq!(customer.extra["trust_score"], "n/a");
            assert_eq!(order.extra["total"], "$5");
        }
    }
}

#[test]
fn through_the_trait() {
    fn listed<E: trusthooks::Event>(event: &E) -> usize {
        event.mismatches().len()
    }
    assert_eq!(listed(&lens(&json!({"event": "test", "site": 5}))), 1);
    let body = br#"{"event":"novel","shop_id":1,"timestamp":"2","platform":[]}"#;
    assert_eq!(listed(&read::<system::Event>(body).unwrap()), 1);
    let event = lens(&json!({"event": "test", "message": "m"}));
    assert_eq!((listed(&event), event.message.clone()), (0, text("m")));
    assert_eq!(trusthooks::Event::mismatches(&event), event.mismatches());
    round_trip(&event);
}

/// What an application changes is what it writes.
#[test]
fn a_value_that_was_mended_is_written() {
    let mut event = lens(&json!({"event": "high_risk_order", "order": {"id": "x"}}));
    let order = event.order.as_mut().unwrap();
    assert_eq!(order.extra.remove("id"), Some(json!("x")));
    order.id = Some(7);
    assert_eq!(serde_json::to_value(&event).unwrap()["order"], json!({"id": 7}));
}
