//! Each sample and each documented payload, field by field.
#![allow(clippy::too_many_lines, reason = "one assertion for each field")]

use serde_json::{Value, json};
use trusthooks::{
    EventTime, Money,
    trustlens::{self, EventKind, Segment},
    trustoo::{ShopId, open_api, shop, system},
};

use super::{
    LENS, SHOP, SYSTEM, customer_event, lens, money, paths, personal, read, round_trip, sample,
    shop_event, system_event, text, time,
};

const HASH: &str = "a3f2c1d4e5b60718293a4b5c6d7e8f90a3f2c1d4e5b60718293a4b5c6d7e8f90";

#[test]
fn samples_fit_and_come_back() {
    for body in LENS {
        let event = read::<trustlens::Event>(body).unwrap();
        assert!(paths(&event).is_empty());
        round_trip(&event);
    }
    for body in SHOP {
        let event = read::<shop::Event>(body).unwrap();
        assert!(paths(&event).is_empty());
        round_trip(&event);
    }
    let event = read::<system::Event>(SYSTEM).unwrap();
    assert!(paths(&event).is_empty());
    round_trip(&event);
    // A settings webhook comes back as the vendor wrote it, but for what means the same.
    let event: trustlens::Event = read(sample!("trustlens_score_updated")).unwrap();
    let sent: Value = serde_json::from_slice(sample!("trustlens_score_updated")).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap(), sent);
}

#[test]
fn trustlens_score_updated() {
    let event: trustlens::Event = read(sample!("trustlens_score_updated")).unwrap();
    assert_eq!(event.name(), "score_updated");
    assert_eq!(event.kind, EventKind::ScoreUpdated);
    assert_eq!(event.new_score, Some(34));
    assert_eq!(event.new_segment, Some(Segment::Risk));
    assert_eq!((event.old_score, event.old_segment, event.score_delta), (None, None, None));
    assert_eq!(event.time, time("2026-06-05T14:23:00+00:00"));
    assert_eq!(event.time.unwrap().as_unix(), Some(1_780_669_380));
    let customer = event.customer.unwrap();
    assert_eq!(customer.email_hash, text(HASH));
    assert_eq!(customer.email, personal("buyer@example.com"));
    assert_eq!(customer.trust_score, Some(34));
    assert_eq!(customer.segment, Some(Segment::Risk));
    assert_eq!(customer.total_orders, Some(12));
    assert_eq!(customer.total_refunds, Some(5));
    assert_eq!(customer.return_rate, Some(41.7));
    assert_eq!(customer.is_blocked, Some(false));
    assert_eq!(customer.is_allowlisted, Some(false));
    assert_eq!(customer.total_disputes, None);
    assert!(customer.extra.is_empty());
    let site = event.site.unwrap();
    assert_eq!(site.url, text("https://yourstore.com"));
    assert_eq!(site.name, text("Your Store"));
    assert_eq!(event.delivery_id, None);
    assert_eq!(event.order, None);
    assert_eq!(event.rule, None);
    assert_eq!(event.action, None);
    assert_eq!(event.dispute, None);
    assert!(event.extra.is_empty());
}

#[test]
fn trustlens_checkout_blocked() {
    let event: trustlens::Event = read(sample!("trustlens_checkout_blocked")).unwrap();
    assert_eq!(event.kind, EventKind::CheckoutBlocked);
    assert_eq!(event.email, personal("buyer@example.com"));
    let customer = event.customer.unwrap();
    assert_eq!(customer.email, None);
    assert_eq!(customer.return_rate, Some(100.0));
    assert_eq!(customer.segment, Some(Segment::Critical));
    assert_eq!(customer.is_blocked, Some(true));
    let site = event.site.unwrap();
    assert_eq!(site.url, text("https://yourstore.com"));
    assert_eq!(site.name, text("Café Store"));
}

#[test]
fn trustlens_high_risk_order() {
    let event: trustlens::Event = read(sample!("trustlens_high_risk_order")).unwrap();
    assert_eq!(event.kind, EventKind::HighRiskOrder);
    let order = event.order.unwrap();
    assert_eq!(order.id, Some(4821));
    assert_eq!(order.number, text("4821"));
    assert_eq!(order.total, Some(Money::from(249)));
    assert_eq!(order.total.unwrap().minor_units(2), Some(24_900));
    assert_eq!(order.currency, text("USD"));
    assert_eq!(order.status, text("processing"));
    assert_eq!(event.customer.unwrap().return_rate, Some(100.0));
}

#[test]
fn trustlens_automation_triggered() {
    let event: trustlens::Event = read(sample!("trustlens_automation_triggered")).unwrap();
    assert_eq!(event.kind, EventKind::AutomationTriggered);
    assert_eq!(event.order_id, Some(4821));
    let rule = event.rule.unwrap();
    assert_eq!(rule.id, Some(42));
    assert_eq!(rule.name, text("Hold big risky orders"));
    assert_eq!(rule.trigger, text("order_placed"));
    assert_eq!(event.action, text("send_webhook"));
    assert_eq!(event.customer.unwrap().trust_score, Some(28));
}

#[test]
fn trustlens_test() {
    let event: trustlens::Event = read(sample!("trustlens_test")).unwrap();
    assert_eq!(event.kind, EventKind::Test);
    assert_eq!(event.message, text("This is a test webhook from TrustLens."));
    assert_eq!(event.customer, None);
}

#[test]
fn trustlens_envelope() {
    let event: trustlens::Event =
        read(sample!("trustlens_rule_envelope_chargeback_filed")).unwrap();
    assert_eq!(event.kind, EventKind::Other("chargeback_filed".into()));
    assert_eq!(event.name(), "chargeback_filed");
    assert_eq!(event.delivery_id, text("6f0d2a52-6e6b-4b0e-9d7b-0f6f2f1f7c11"));
    assert_eq!(event.time, Some(EventTime::from(1_780_000_000)));
    assert_eq!(event.time.unwrap().as_unix(), Some(1_780_000_000));
    let rule = event.rule.unwrap();
    assert_eq!((rule.id, rule.name, rule.trigger), (Some(42), text("Auto-block on dispute"), None));
    let customer = event.customer.unwrap();
    assert_eq!(customer.email_hash, text(HASH));
    assert_eq!(customer.email.unwrap().as_str(), "buyer@example.com");
    assert_eq!(customer.trust_score, Some(47));
    assert_eq!(customer.segment, Some(Segment::Caution));
    assert_eq!(customer.is_blocked, Some(false));
    assert_eq!(customer.is_allowlisted, Some(false));
    assert_eq!(customer.total_orders, Some(12));
    assert_eq!(customer.total_refunds, Some(3));
    assert_eq!(customer.return_rate, Some(25.0));
    assert_eq!(customer.total_disputes, Some(1));
    assert_eq!(customer.linked_accounts_count, Some(0));
    assert_eq!(customer.first_order_date, time("2023-04-15T10:30:00Z"));
    assert_eq!(customer.last_order_date, time("2024-03-10T14:22:00Z"));
    assert!(customer.extra.is_empty());
    let order = event.order.unwrap();
    assert_eq!(order.id, Some(5432));
    assert_eq!(order.number, None);
    assert_eq!(order.total, money("159.99"));
    assert_eq!(order.total.unwrap().minor_units(2), Some(15_999));
    assert_eq!(order.subtotal, money("145"));
    assert_eq!(order.shipping_total, money("9.99"));
    assert_eq!(order.tax_total, money("5.00"));
    assert_eq!(order.coupon_total, money("0"));
    assert_eq!(order.currency, text("USD"));
    assert_eq!(order.item_count, Some(3));
    assert_eq!(order.payment_method, text("stripe"));
    assert_eq!(order.shipping_country, text("US"));
    assert_eq!(order.billing_country, text("US"));
    assert_eq!(order.status, text("processing"));
    assert_eq!(order.created_at, time("2024-03-15T12:00:00Z"));
    assert!(order.extra.is_empty());
    let dispute = event.dispute.unwrap();
    assert_eq!(dispute.id, text("dp_1"));
    assert_eq!(dispute.reason, text("fraudulent"));
    assert!(event.extra.is_empty());
}

#[test]
fn trustlens_all_nine_names() {
    let customer = json!({"trust_score": 1});
    let event = |name: &str, own: (&str, Value)| {
        lens(&json!({"event": name, "customer": customer.clone(), own.0: own.1}))
    };
    let none = || ("ignore", json!(null));
    let blocked = event("customer_blocked", ("reason", json!("chargebacks")));
    assert_eq!(blocked.kind, EventKind::CustomerBlocked);
    assert_eq!(blocked.reason, text("chargebacks"));
    assert_eq!(event("customer_unblocked", none()).kind, EventKind::CustomerUnblocked);
    assert_eq!(event("customer_allowlisted", none()).kind, EventKind::CustomerAllowlisted);
    let removed = event("customer_allowlist_removed", none());
    assert_eq!(removed.kind, EventKind::CustomerAllowlistRemoved);
    assert_eq!(removed.customer.unwrap().trust_score, Some(1));
    for name in [
        "score_updated",
        "customer_blocked",
        "customer_unblocked",
        "customer_allowlisted",
        "customer_allowlist_removed",
        "checkout_blocked",
        "high_risk_order",
        "automation_triggered",
        "test",
    ] {
        let event = event(name, none());
        assert_eq!(event.name(), name);
        assert!(!matches!(event.kind, EventKind::Other(_)), "{name}");
    }
}

#[test]
fn trustlens_segments() {
    for (name, segment) in [
        ("vip", Segment::Vip),
        ("trusted", Segment::Trusted),
        ("normal", Segment::Normal),
        ("caution", Segment::Caution),
        ("risk", Segment::Risk),
        ("critical", Segment::Critical),
        ("platinum", Segment::Other("platinum".into())),
    ] {
        let event = lens(&json!({"event": "score_updated", "new_segment": name}));
        assert_eq!(event.new_segment.as_ref(), Some(&segment));
        assert_eq!(segment.as_str(), name);
        assert_eq!(segment.to_string(), name);
    }
}

#[test]
fn trustoo_review_created() {
    let event: shop::Event = read(sample!("trustoo_review_created")).unwrap();
    assert_eq!(event.name(), "review/created");
    assert_eq!(event.topic(), shop::Topic::ReviewCreated);
    assert_eq!(event.shop_id.as_str(), "59730165893");
    assert!(event.extra.is_empty());
    let shop::EventKind::ReviewCreated(review) = event.kind else { panic!() };
    assert_eq!(review.id, "57748");
    assert_eq!(review.rating, Some(5));
    assert_eq!(review.author, personal("John Doe"));
    assert_eq!(review.author_email, personal("john@example.com"));
    assert_eq!(review.author_phone, personal("+1234567890"));
    assert_eq!(review.author_country, text("US"));
    assert_eq!(review.title, text("Great product!"));
    assert_eq!(review.content, text("This is an amazing product, highly recommend!"));
    assert_eq!(review.commented_at, time("2023-11-21T12:34:56Z"));
    assert_eq!(review.commented_at.unwrap().as_unix(), Some(1_700_570_096));
    assert_eq!(review.item_type, text("product"));
    assert_eq!(review.order_id, text("1001"));
    assert_eq!(review.variant_id, text("789"));
    assert_eq!(review.source, Some(shop::ReviewSource::Email));
    assert_eq!(review.is_verified, Some(true));
    assert_eq!(review.is_featured, Some(false));
    assert_eq!(review.is_published, Some(true));
    assert_eq!(review.is_top, Some(false));
    assert_eq!(review.tag, text(""));
    assert_eq!(review.media_type, Some(shop::MediaType::Image));
    let [image, video] = review.media.as_slice() else { panic!() };
    assert_eq!(image.url, text("https://cdn.example.com/image1.jpg"));
    assert_eq!(image.thumbnail_url, text("https://cdn.example.com/thumb1.jpg"));
    assert_eq!(image.media_type, Some(shop::MediaType::Image));
    assert_eq!(image.is_published, Some(true));
    assert_eq!(video.url, text("https://cdn.example.com/video1.mp4"));
    assert_eq!(video.thumbnail_url, text("https://cdn.example.com/thumb2.jpg"));
    assert_eq!(video.media_type, Some(shop::MediaType::Video));
    assert_eq!(video.is_published, Some(true));
    let reply = review.reply.unwrap();
    assert_eq!(reply.id, text("reply_001"));
    assert_eq!(reply.content, text("Thank you for your review!"));
    assert_eq!(reply.reply_at, time("2023-11-22T09:00:00Z"));
    let product = review.product.unwrap();
    assert_eq!(product.id, text("789"));
    assert_eq!(product.title, text("Awesome Product"));
    assert_eq!(product.handle, text("awesome-product"));
    assert_eq!(product.image_src, text("https://cdn.example.com/product.jpg"));
    assert_eq!(product.url, text("https://example.myshopify.com/products/awesome-product"));
    assert_eq!(review.created_at, time("2023-11-21T12:34:56Z"));
    assert_eq!(review.updated_at, time("2023-11-21T12:45:00Z"));
    assert!(review.extra.is_empty());
}

#[test]
fn trustoo_review_updated_is_a_review() {
    let event =
        shop_event(&json!({"event": "review/updated", "shop_id": "1", "data": {"id": "9"}}));
    let shop::EventKind::ReviewUpdated(review) = &event.kind else { panic!() };
    assert_eq!(review.id, "9");
    assert_eq!(event.topic(), shop::Topic::ReviewUpdated);
}

#[test]
fn trustoo_review_deleted() {
    let event: shop::Event = read(sample!("trustoo_review_deleted")).unwrap();
    assert_eq!(event.topic(), shop::Topic::ReviewDeleted);
    let shop::EventKind::ReviewDeleted(review) = event.kind else { panic!() };
    assert_eq!(review.id, "57853");
    assert_eq!(review.deleted_at, time("2026-05-19T06:58:30Z"));
}

#[test]
fn trustoo_customer_event_created() {
    let event: shop::Event = read(sample!("trustoo_customer_event_created")).unwrap();
    assert_eq!(event.topic(), shop::Topic::CustomerEventCreated);
    let event = customer_event(event);
    assert_eq!(event.id, text("12345"));
    assert_eq!(event.client_id, text("cli_abc123"));
    assert_eq!(event.event_type, Some(shop::CustomerEventType::ViewReview));
    assert_eq!(event.event_source, Some(shop::EventSource::Storefront));
    assert_eq!(event.device_type, Some(shop::DeviceType::Mobile));
    assert_eq!(event.os_type, Some(shop::OsType::Ios));
    assert_eq!(event.page_url, text("https://example.myshopify.com/products/awesome-product"));
    assert_eq!(event.created_at, time("2023-11-21T14:30:00Z"));
    assert_eq!(
        event.properties_json().unwrap(),
        Some(json!({"review_id": "57748", "product_id": "789"}))
    );
    assert_eq!(*event.properties.unwrap(), r#"{"review_id":"57748","product_id":"789"}"#);
}

#[test]
fn trustoo_system() {
    let event: system::Event = read(SYSTEM).unwrap();
    assert_eq!(event.kind, system::EventKind::AppAuthorized);
    assert_eq!(event.shop_id, ShopId::from("59730165893"));
    assert_eq!(event.platform, text("instafeed"));
    assert_eq!(event.timestamp, EventTime::from(1_732_180_800));
    for (name, kind) in [
        ("integration/disconnected", system::EventKind::IntegrationDisconnected),
        ("app/uninstalled", system::EventKind::AppUninstalled),
        ("app/renamed", system::EventKind::Other("app/renamed".into())),
    ] {
        let event =
            system_event(&json!({"event": name, "shop_id": 1, "timestamp": 2, "plan": "pro"}));
        assert_eq!(event.kind, kind);
        assert_eq!(event.kind.as_str(), name);
        assert_eq!(event.extra["plan"], "pro");
    }
}

#[test]
fn topics_and_scopes() {
    for (topic, scope) in [
        ("review/created", Some("write_reviews")),
        ("review/updated", Some("write_reviews")),
        ("review/deleted", Some("write_reviews")),
        ("customer_event/created", Some("read_customer_events")),
        ("order/created", None),
    ] {
        let needed = shop::Topic::from(topic).required_scope();
        assert_eq!(needed.as_ref().map(open_api::Scope::as_str), scope);
        assert_eq!(shop::Topic::from(topic).as_str(), topic);
    }
}

#[test]
fn sets_of_trustoo_stay_open() {
    let of = |field: &str, value: Value| {
        let mut data = json!({"id": "1"});
        data[field] = value;
        let event =
            shop_event(&json!({"event": "customer_event/created", "shop_id": 1, "data": data}));
        customer_event(event)
    };
    for name in ["VIEW_REVIEW", "EXPAND_CONTENT", "SUBMIT_REVIEW", "CLICK_REVIEW", "LIKE"] {
        let kind = of("event_type", json!(name)).event_type.unwrap();
        assert_eq!(kind.as_str(), name);
        assert_eq!(matches!(kind, shop::CustomerEventType::Other(_)), name == "LIKE");
    }
    for name in ["STOREFRONT", "EMAIL", "ADMIN", "APP"] {
        let source = of("event_source", json!(name)).event_source.unwrap();
        assert_eq!(source.as_str(), name);
        assert_eq!(matches!(source, shop::EventSource::Other(_)), name == "APP");
    }
    for name in ["Desktop", "Mobile", "Tablet", "Watch"] {
        let device = of("device_type", json!(name)).device_type.unwrap();
        assert_eq!(device.as_str(), name);
        assert_eq!(matches!(device, shop::DeviceType::Other(_)), name == "Watch");
    }
    for name in ["IOS", "ANDROID", "WINDOWS", "LINUX"] {
        let os = of("os_type", json!(name)).os_type.unwrap();
        assert_eq!(os.as_str(), name);
        assert_eq!(matches!(os, shop::OsType::Other(_)), name == "LINUX");
    }
    let review = |field: &str, value: Value| {
        let mut data = json!({"id": "1"});
        data[field] = value;
        let event = shop_event(&json!({"event": "review/created", "shop_id": 1, "data": data}));
        super::review(event)
    };
    for name in ["email", "storefront", "admin", "import"] {
        let source = review("source", json!(name)).source.unwrap();
        assert_eq!(source.as_str(), name);
        assert_eq!(matches!(source, shop::ReviewSource::Other(_)), name == "import");
    }
    assert_eq!(review("media_type", json!(2)).media_type, Some(shop::MediaType::Video));
    assert_eq!(review("media_type", json!(7)).media_type, Some(shop::MediaType::Other(7)));
    assert_eq!(review("shiny", json!([1])).extra["shiny"], json!([1]));
}

/// The triggers of rules (TrustLens, "API and Webhooks"), which the guide does not show.
#[test]
fn trustlens_score_and_segment_changed() {
    for inside in [false, true] {
        let event = |name: &str, fields: Value| {
            let mut body = if inside { json!({ "data": fields }) } else { fields };
            body["event"] = json!(name);
            lens(&body)
        };
        let changed = json!({"old_score": 60, "new_score": 34, "score_delta": -26});
        let changed = event("score_changed", changed);
        assert_eq!(changed.kind, EventKind::ScoreChanged);
        assert_eq!((changed.old_score, changed.new_score), (Some(60), Some(34)));
        assert_eq!(changed.score_delta, Some(-26));
        assert!(changed.extra.is_empty());
        let changed = json!({"old_segment": "trusted", "new_segment": "critical"});
        let changed = event("segment_changed", changed);
        assert_eq!(changed.kind, EventKind::SegmentChanged);
        assert_eq!(changed.old_segment, Some(Segment::Trusted));
        assert_eq!(changed.new_segment, Some(Segment::Critical));
        assert!(changed.extra.is_empty());
        let fingerprint = event("card_testing", json!({"fingerprint": {"hash": "f"}}));
        assert_eq!(fingerprint.extra["fingerprint"], json!({"hash": "f"}));
    }
}

/// A customer of the REST API (TrustLens webhooks guide, "Looking Up a Customer").
#[test]
fn trustlens_customer_of_the_rest_api() {
    let customer = json!({
        "id": 412, "email_hash": HASH, "trust_score": 34, "segment": "risk",
        "segment_label": "Risk", "total_orders": 12, "total_refunds": 5, "return_rate": 41.7,
        "total_order_value": 1380.00, "total_refund_value": 575.00, "is_blocked": false,
        "is_allowlisted": false, "first_order_date": "2025-03-12 09:14:00",
        "last_order_date": "2026-05-28 16:42:00", "created_at": "2025-03-12 09:14:00",
        "updated_at": "2026-06-04 11:07:00",
    });
    let alone: trustlens::Customer = serde_json::from_value(customer.clone()).unwrap();
    let event = lens(&json!({"event": "test", "customer": customer}));
    assert_eq!(event.customer, Some(alone.clone()));
    assert_eq!(alone.id, Some(412));
    assert_eq!(alone.email_hash, text(HASH));
    assert_eq!(alone.trust_score, Some(34));
    assert_eq!(alone.segment, Some(Segment::Risk));
    assert_eq!(alone.segment_label, text("Risk"));
    assert_eq!(alone.total_orders, Some(12));
    assert_eq!(alone.total_refunds, Some(5));
    assert_eq!(alone.return_rate, Some(41.7));
    assert_eq!(alone.total_order_value, money("1380"));
    assert_eq!(alone.total_refund_value, money("575"));
    assert_eq!((alone.is_blocked, alone.is_allowlisted), (Some(false), Some(false)));
    assert_eq!(alone.first_order_date, time("2025-03-12 09:14:00"));
    assert_eq!(alone.last_order_date, time("2026-05-28 16:42:00"));
    assert_eq!(alone.created_at, time("2025-03-12 09:14:00"));
    assert_eq!(alone.updated_at, time("2026-06-04 11:07:00"));
    assert!(alone.extra.is_empty());
}

#[test]
fn customer_events_of_more_types() {
    for name in ["PAGINATION", "FILTER_REVIEW", "SORT_REVIEW", "CLICK_MEDIA", "CLOSE_VIDEO_POPUP"] {
        let event = shop_event(&json!({"event": "customer_event/created", "shop_id": "1",
            "data": {"id": "1", "event_type": name}}));
        assert_eq!(customer_event(event).event_type.unwrap().as_str(), name);
    }
}
