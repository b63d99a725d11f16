//! Numbers, truth, text, lists and nothing, as PHP and Go write them.

use serde_json::{Value, json};
use trusthooks::{
    Money,
    trustlens::{self, Segment},
    trustoo::{ShopId, shop, system},
};

use super::{
    error, event, lens, paths, personal,
    places::{
        BOOLEAN, FRACTION, LISTS, MONEY, NAMES, OBJECTS,
        Outcome::{Mismatch, Missing},
        Place, TEXT, TIMES, UNTYPED, WHOLE, check, fits,
    },
    read, review, shop_event, text,
};

// --- Rule 3: what is missing ---

#[test]
fn nothing_by_type() {
    // (where, "", false, [], {}); null is missing everywhere, and so is what is absent.
    let table: [(&[Place], [bool; 4]); 8] = [
        (WHOLE, [true, true, false, false]),
        (FRACTION, [true, true, false, false]),
        (MONEY, [true, true, false, false]),
        (TIMES, [true, true, false, false]),
        (NAMES, [true, true, false, false]),
        (TEXT, [false, true, false, false]),
        (OBJECTS, [true, true, true, false]),
        (LISTS, [true, true, false, true]),
    ];
    for (places, missing) in table {
        check(places, &[("null", Missing), (" null ", Missing)]);
        for (sent, missing) in [r#""""#, "false", "[]", "{}"].into_iter().zip(missing) {
            if missing {
                check(places, &[(sent, Missing)]);
            }
        }
    }
    // What the others are, where they are not missing.
    check(TEXT, &[(r#""""#, fits("")), ("[]", Mismatch), ("{}", Mismatch)]);
    for places in [WHOLE, FRACTION, MONEY, TIMES, NAMES] {
        check(places, &[("[]", Mismatch), ("{}", Mismatch), ("true", Mismatch)]);
    }
    check(OBJECTS, &[("{}", fits(json!({}))), ("true", Mismatch), ("[[]]", Mismatch)]);
    check(
        BOOLEAN,
        &[("null", Missing), (r#""""#, fits(false)), ("[]", Mismatch), ("{}", Mismatch)],
    );
    check(LISTS, &[("[]", Missing), ("true", Mismatch), (r#""x""#, Mismatch), ("5", Mismatch)]);
}

/// Neighbours of nothing.
#[test]
fn almost_nothing_is_something() {
    for places in [WHOLE, FRACTION, MONEY] {
        check(places, &[(r#"" ""#, Mismatch), (r#""null""#, Mismatch), (r#""false""#, Mismatch)]);
    }
    check(
        OBJECTS,
        &[("0", Mismatch), (r#"" ""#, Mismatch), ("[null]", Mismatch), (r#"["a"]"#, Mismatch)],
    );
    check(LISTS, &[("0", Mismatch), (r#"" ""#, Mismatch)]);
    check(TEXT, &[(r#"" ""#, fits(" ")), (r#""false""#, fits("false")), ("0", fits("0"))]);
    check(NAMES, &[(r#"" ""#, fits(" "))]);
    check(TIMES, &[(r#"" ""#, fits(" ")), ("0", fits(0))]);
}

#[test]
fn what_has_no_type_stays_as_it_is() {
    for sent in ["null", "false", "true", r#""""#, "[]", "{}", "0", "-1.5", r#"[null,{"a":[]}]"#] {
        let value: Value = serde_json::from_str(sent).unwrap();
        check(UNTYPED, &[(sent, fits(value))]);
    }
}

#[test]
fn null_and_absent_are_none() {
    for body in [
        json!({"event": "customer_blocked", "customer": null, "order": null, "dispute": null,
            "rule": null, "action": null, "site": null, "timestamp": null, "delivery_id": null,
            "reason": null, "data": null}),
        json!({"event": "customer_blocked"}),
    ] {
        let event = lens(&body);
        assert_eq!(event.customer, None);
        assert_eq!(event.order, None);
        assert_eq!(event.time, None);
        assert_eq!(event.reason, None);
        assert!(event.extra.is_empty());
        assert_eq!(serde_json::to_value(event).unwrap(), json!({"event": "customer_blocked"}));
    }
    let review = review(shop_event(&json!({"event": "review/created", "shop_id": "1", "data": {
        "id": "2", "reply": null, "media": null, "product": null, "rating": null, "source": null,
    }})));
    assert_eq!(review.reply, None);
    assert_eq!(review.media, []);
    assert_eq!(review.rating, None);
    assert_eq!(serde_json::to_value(review).unwrap(), json!({"id": "2"}));
}

/// `data` of TrustLens is an object; nothing else was sent where it is missing.
#[test]
fn missing_data() {
    for data in [json!(null), json!(""), json!(false), json!([])] {
        let event = lens(&json!({"event": "test", "data": data}));
        assert!(paths(&event).is_empty() && event.extra.is_empty(), "{data}");
    }
    for data in [json!("x"), json!(5), json!(true), json!([1]), json!([[]])] {
        let event = lens(&json!({"event": "test", "data": data, "message": "m"}));
        assert_eq!(paths(&event), ["data"], "{data}");
        assert_eq!(event.extra["data"], data);
        assert_eq!(event.message, text("m"));
    }
}

/// Rule 10 of a customer event, whose other fields may all be missing.
#[test]
fn a_customer_event_without_data() {
    for data in ["null", r#""""#, "false", "[]", "{}"] {
        let body = format!(r#"{{"event":"customer_event/created","shop_id":"1","data":{data}}}"#);
        let event = event::<shop::Event>(&body);
        assert!(paths(&event).is_empty(), "{body}: {event:?}");
    }
    let event = event::<shop::Event>(r#"{"event":"customer_event/created","shop_id":"1"}"#);
    assert!(paths(&event).is_empty(), "absent: {:?}", paths(&event));
    for data in [json!("x"), json!(5), json!(true), json!([1]), json!([{}])] {
        let event =
            shop_event(&json!({"event": "customer_event/created", "shop_id": "1", "data": data}));
        assert_eq!(paths(&event), ["data"]);
        let shop::EventKind::Other { name, data: kept, .. } = &event.kind else { panic!() };
        assert_eq!((&**name, &**kept), ("customer_event/created", &data));
        assert_eq!(event.name(), "customer_event/created");
        assert_eq!(event.topic(), shop::Topic::CustomerEventCreated);
    }
}

// --- Rule 4: numbers ---

#[test]
fn whole_numbers() {
    check(
        WHOLE,
        &[
            ("34", fits(34)),
            ("0", fits(0)),
            ("-0", fits(0)),
            ("34.0", fits(34)),
            ("3.4e1", fits(34)),
            ("340e-1", fits(34)),
            (r#""34""#, fits(34)),
            (r#""34.0""#, fits(34)),
            (r#""+34""#, fits(34)),
            (r#"" 34""#, fits(34)),
            (r#""34 ""#, fits(34)),
            (r#""\t34\r\n""#, fits(34)),
            (r#"" +34 ""#, fits(34)),
            (r#""3.4e1""#, fits(34)),
            ("2147483647", fits(2_147_483_647)),
            ("34.5", Mismatch),
            ("0.1", Mismatch),
            (r#""34.5""#, Mismatch),
            ("1e300", Mismatch),
            (r#""1e300""#, Mismatch),
            (r#""1e400""#, Mismatch),
            ("18446744073709551616", Mismatch),
            (r#""18446744073709551616""#, Mismatch),
            ("9007199254740992.0", Mismatch),
            ("9007199254740993.0", Mismatch),
            (r#""9007199254740993.0""#, Mismatch),
            (r#""1,234""#, Mismatch),
            (r#""1 234""#, Mismatch),
            (r#""+ 34""#, Mismatch),
            (r#""+-34""#, Mismatch),
            (r#""--34""#, Mismatch),
            (r#""++34""#, Mismatch),
            (r#""34%""#, Mismatch),
            (r#""0x22""#, Mismatch),
            (r#""1_000""#, Mismatch),
            (r#""high""#, Mismatch),
            (r#""inf""#, Mismatch),
            (r#""nan""#, Mismatch),
            (r#""INF""#, Mismatch),
            (r#""infinity""#, Mismatch),
            (r#""e""#, Mismatch),
            (r#""+""#, Mismatch),
            (r#""٣٤""#, Mismatch),
            ("true", Mismatch),
            ("[34]", Mismatch),
            (r#"{"a":34}"#, Mismatch),
        ],
    );
}

#[test]
fn the_bounds_of_whole_numbers() {
    let at = |field: &str, sent: &str| {
        let body = format!(r#"{{"event":"test","{field}":{sent}}}"#);
        let event = event::<trustlens::Event>(&body);
        let written = serde_json::to_value(&event).unwrap()[field].clone();
        (written, paths(&event).is_empty())
    };
    for (field, sent, written) in [
        ("order_id", "18446744073709551615", json!(u64::MAX)),
        ("order_id", r#""18446744073709551615""#, json!(u64::MAX)),
        ("order_id", "9007199254740991.0", json!(9_007_199_254_740_991_u64)),
        ("order_id", "9007199254740993", json!(9_007_199_254_740_993_u64)),
        ("score_delta", "-1", json!(-1)),
        ("score_delta", "-26.0", json!(-26)),
        ("score_delta", r#""-26""#, json!(-26)),
        ("score_delta", "-9007199254740991.0", json!(-9_007_199_254_740_991_i64)),
        ("score_delta", "-9223372036854775808", json!(i64::MIN)),
        ("score_delta", "9223372036854775807", json!(i64::MAX)),
        ("new_score", "4294967295", json!(u32::MAX)),
    ] {
        assert_eq!(at(field, sent), (written, true), "{field}: {sent}");
    }
    for (field, sent) in [
        ("order_id", "-1"),
        ("order_id", r#""-1""#),
        ("order_id", "-1.0"),
        ("new_score", "-1"),
        ("score_delta", "9223372036854775808"),
        ("score_delta", "-9223372036854775809"),
        ("score_delta", "-9007199254740992.0"),
        ("new_score", "4294967296"),
    ] {
        assert!(!at(field, sent).1, "{field}: {sent}");
    }
}

#[test]
fn fractions() {
    check(
        FRACTION,
        &[
            ("41.7", fits(41.7)),
            (r#""41.7""#, fits(41.7)),
            (r#"" +41.7\n""#, fits(41.7)),
            ("100", fits(100.0)),
            ("-2", fits(-2.0)),
            ("0", fits(0.0)),
            ("1e300", fits(1e300)),
            (r#""1e300""#, fits(1e300)),
            ("1e-7", fits(1e-7)),
            // As PHP writes a quotient; a reader that is off by one bit would not get it back.
            ("41.666666666666664", fits(41.666_666_666_666_664)),
            ("55.393536131272924", fits(55.393_536_131_272_924)),
            ("19.844004278856286", fits(19.844_004_278_856_286)),
            (r#""1e400""#, Mismatch),
            (r#""-1e400""#, Mismatch),
            (r#""inf""#, Mismatch),
            (r#""NaN""#, Mismatch),
            (r#""41,7""#, Mismatch),
            (r#""41.7%""#, Mismatch),
            (r#""0x1p3""#, Mismatch),
            ("true", Mismatch),
        ],
    );
}

// --- Rule 6: booleans ---

#[test]
fn truth() {
    for sent in [
        "true",
        "1",
        "1.0",
        r#""1""#,
        r#""true""#,
        r#""TRUE""#,
        r#""True""#,
        r#""yes""#,
        r#""YES""#,
        r#""Yes""#,
        r#""on""#,
        r#""On""#,
    ] {
        check(BOOLEAN, &[(sent, fits(true))]);
    }
    for sent in [
        "false",
        "0",
        "0.0",
        r#""0""#,
        r#""false""#,
        r#""FALSE""#,
        r#""no""#,
        r#""No""#,
        r#""off""#,
        r#""OFF""#,
        r#""""#,
    ] {
        check(BOOLEAN, &[(sent, fits(false))]);
    }
    for sent in [
        "2",
        "-1",
        "0.5",
        "1.5",
        "10",
        r#""2""#,
        r#""-1""#,
        r#""10""#,
        r#""y""#,
        r#""n""#,
        r#""t""#,
        r#""yess""#,
        r#""maybe""#,
        r#""null""#,
        r#""1.0""#,
        "[true]",
        r#"{"a":1}"#,
        "18446744073709551615",
    ] {
        check(BOOLEAN, &[(sent, Mismatch)]);
    }
}

// --- Rule 7: text ---

#[test]
fn texts() {
    check(
        TEXT,
        &[
            (r#""x""#, fits("x")),
            (r#""https:\/\/shop.example\/""#, fits("https://shop.example/")),
            (r#""\u00c4\ud83d\ude00""#, fits("Ä😀")),
            ("12345", fits("12345")),
            ("12345.0", fits("12345")),
            ("1e3", fits("1000")),
            ("0", fits("0")),
            ("-5", fits("-5")),
            ("18446744073709551615", fits("18446744073709551615")),
            ("9007199254740991.0", fits("9007199254740991")),
            ("9007199254740992.0", Mismatch),
            ("18446744073709551616", Mismatch),
            ("1.5", Mismatch),
            ("true", Mismatch),
            (r#"["a"]"#, Mismatch),
            (r#"{"a":"b"}"#, Mismatch),
        ],
    );
    check(NAMES, &[(r#""brand new""#, fits("brand new")), ("[1]", Mismatch), ("1.5", Mismatch)]);
}

#[test]
fn escapes_and_a_byte_order_mark() {
    let body = br#"{"event":"test","site":{"url":"https:\/\/shop.example\/","name":"\u00c4\ud83d\ude00"}}"#;
    let site = read::<trustlens::Event>(body).unwrap().site.unwrap();
    assert_eq!(site.url, text("https://shop.example/"));
    assert_eq!(site.name, text("Ä😀"));
    let marked = [b"\xEF\xBB\xBF".as_slice(), body].concat();
    assert_eq!(read::<trustlens::Event>(&marked).unwrap(), read::<trustlens::Event>(body).unwrap());
    // The names of fields may be escaped as well.
    let event = event::<trustlens::Event>(
        r#"{"\u0065vent":"test","d\u0061ta":{"\u006fr\u0064er":{"\u0069d":7}}}"#,
    );
    assert_eq!(event.order.unwrap().id, Some(7));
    assert!(event.extra.is_empty());
}

#[test]
fn numbers_may_be_strings_and_booleans_numbers() {
    let customer = lens(&json!({"event": "test", "customer": {
        "trust_score": "34", "total_orders": 12.0, "total_refunds": "5.0", "return_rate": "41.7",
        "is_blocked": 1, "is_allowlisted": "0", "total_disputes": -0.0, "email": 12345,
        "segment": "vip",
    }}))
    .customer
    .unwrap();
    assert_eq!(customer.trust_score, Some(34));
    assert_eq!(customer.total_orders, Some(12));
    assert_eq!(customer.total_refunds, Some(5));
    assert_eq!(customer.return_rate, Some(41.7));
    assert_eq!(customer.is_blocked, Some(true));
    assert_eq!(customer.is_allowlisted, Some(false));
    assert_eq!(customer.total_disputes, Some(0));
    assert_eq!(customer.email, personal("12345"));
    assert_eq!(customer.segment, Some(Segment::Vip));
    let order = lens(&json!({"event": "high_risk_order", "order": {
        "id": "4821", "number": 4821, "total": "249.00", "item_count": "3",
    }}))
    .order
    .unwrap();
    assert_eq!(order.id, Some(4821));
    assert_eq!(order.number, text("4821"));
    assert_eq!(order.total, Some(Money::from(249)));
    assert_eq!(order.item_count, Some(3));
    let event =
        shop_event(&json!({"event": "review/created", "shop_id": 59_730_165_893_u64, "data": {
            "id": 57748, "rating": "5", "is_verified": true, "media_type": "1",
        }}));
    assert_eq!(event.shop_id, ShopId::from("59730165893"));
    let review = review(event);
    assert_eq!(review.id, "57748");
    assert_eq!(review.rating, Some(5));
    assert_eq!(review.is_verified, Some(true));
    assert_eq!(review.media_type, Some(shop::MediaType::Image));
}

// --- Rule 9: lists ---

fn media(sent: &str) -> (shop::Review, Vec<String>) {
    let body =
        format!(r#"{{"event":"review/created","shop_id":"1","data":{{"id":"2","media":{sent}}}}}"#);
    let event = event::<shop::Event>(&body);
    let paths = paths(&event).into_iter().map(str::to_owned).collect();
    (review(event), paths)
}

fn urls(review: &shop::Review) -> Vec<&str> {
    review.media.iter().map(|media| media.url.as_deref().unwrap_or("-")).collect()
}

#[test]
fn lists_with_gaps_and_missing_items() {
    for (sent, expected) in [
        (r#"[{"url":"a"},{"url":"b"}]"#, vec!["a", "b"]),
        (r#"{"0":{"url":"a"},"2":{"url":"b"}}"#, vec!["a", "b"]),
        (r#"{"7":{"url":"b"},"3":{"url":"a"}}"#, vec!["b", "a"]),
        (r#"{"first":{"url":"a"}}"#, vec!["a"]),
        (r#"[null,{"url":"c"}]"#, vec!["c"]),
        (r#"["",false,[],{"url":"c"},null]"#, vec!["c"]),
        (r#"{"0":null,"1":{"url":"c"},"2":""}"#, vec!["c"]),
        // An empty object is an item that says nothing.
        (r#"[{},{"url":"a"}]"#, vec!["-", "a"]),
        (r#"[[],"",null]"#, vec![]),
        (r#"{"0":{"url":"a"},"0":{"url":"b"}}"#, vec!["b"]),
    ] {
        let (review, paths) = media(sent);
        assert_eq!(urls(&review), expected, "{sent}");
        assert!(paths.is_empty() && review.extra.is_empty(), "{sent}: {paths:?}");
    }
}

#[test]
fn lists_with_items_that_do_not_fit() {
    for (sent, fitting, listed) in [
        ("[1]", vec![], vec!["data.media[0]"]),
        (
            r#"[{"url":"a"},1,{"url":"b"},"x"]"#,
            vec!["a", "b"],
            vec!["data.media[1]", "data.media[3]"],
        ),
        (r#"[null,{"url":"a"},true]"#, vec!["a"], vec!["data.media[2]"]),
        (r#"["",[1],{"url":"a"}]"#, vec!["a"], vec!["data.media[1]"]),
        (r#"[" "]"#, vec![], vec!["data.media[0]"]),
        (r#"{"0":{"url":"a"},"1":5}"#, vec!["a"], vec!["data.media[1]"]),
        // A record where a list belongs is a list of its values.
        (r#"{"url":"a","type":1}"#, vec![], vec!["data.media[0]", "data.media[1]"]),
        (r#"[{"url":"a","type":"x"},1]"#, vec!["a"], vec!["data.media[0].type", "data.media[1]"]),
    ] {
        let (review, paths) = media(sent);
        assert_eq!(urls(&review), fitting, "{sent}");
        assert_eq!(paths, listed, "{sent}");
        // The whole list, and it is written from there.
        let whole: Value = serde_json::from_str(sent).unwrap();
        assert_eq!(review.extra["media"], whole);
        assert_eq!(serde_json::to_value(&review).unwrap()["media"], whole);
    }
    // An odd field of an item is that item's.
    let (review, paths) = media(r#"[null,{"url":"a","type":"x"},{"url":["u"],"type":2}]"#);
    assert_eq!(paths, ["data.media[1].type", "data.media[2].url"]);
    assert!(review.extra.is_empty());
    assert_eq!(review.media[0].extra["type"], "x");
    assert_eq!(review.media[1].extra["url"], json!(["u"]));
    assert_eq!(review.media[1].media_type, Some(shop::MediaType::Video));
}

/// The order in which the items were sent outlives one that does not fit.
#[test]
fn a_list_with_gaps_keeps_its_order() {
    let sent = r#"{"2":{"url":"b"},"10":{"url":"a"},"11":5}"#;
    let body =
        format!(r#"{{"event":"review/created","shop_id":"1","data":{{"id":"2","media":{sent}}}}}"#);
    let first = read::<shop::Event>(body.as_bytes()).unwrap();
    assert_eq!(urls(&review(first.clone())), ["b", "a"]);
    let again = read::<shop::Event>(&serde_json::to_vec(&first).unwrap()).unwrap();
    assert_eq!(urls(&review(again)), ["b", "a"]);
}

// --- Rule 10: properties ---

#[test]
fn properties() {
    let of = |sent: &str| {
        let body = format!(
            r#"{{"event":"customer_event/created","shop_id":"1","data":{{"id":"1","properties":{sent}}}}}"#
        );
        let event = event::<shop::Event>(&body);
        assert!(paths(&event).is_empty(), "{body}");
        super::customer_event(event)
    };
    for (sent, json) in [
        ("null", None),
        (r#""""#, None),
        (r#""[]""#, Some(json!([]))),
        (r#""{\"review_id\":\"57748\"}""#, Some(json!({"review_id": "57748"}))),
        (r#"" {\"a\": [1, null]} ""#, Some(json!({"a": [1, null]}))),
        (r#"{"review_id":"57748"}"#, Some(json!({"review_id": "57748"}))),
        (r#"[1,"x"]"#, Some(json!([1, "x"]))),
        ("{}", Some(json!({}))),
        ("[]", Some(json!([]))),
        ("5", Some(json!(5))),
        ("true", Some(json!(true))),
        (r#""5""#, Some(json!(5))),
        (r#""{\"a\":1,\"a\":2}""#, Some(json!({"a": 2}))),
        (r#"{"a":1,"a":2}"#, Some(json!({"a": 2}))),
    ] {
        let event = of(sent);
        assert_eq!(event.properties_json().unwrap(), json, "{sent}");
        assert!(event.extra.is_empty());
    }
    assert_eq!(of("null").properties, None);
    for (sent, position) in [(r#""{\"a\":""#, (1, 5)), (r#""x""#, (1, 1)), (r#""{\n]""#, (2, 1))] {
        let error = of(sent).properties_json().unwrap_err();
        assert_eq!(error.position(), Some(position), "{sent}");
    }
    // Text that is no JSON is text all the same.
    assert_eq!(of(r#""x""#).properties, Some(json!("x").into()));
}

// --- The ids of shops ---

#[test]
fn shop_ids_are_one_type() {
    let id = |json: &str| serde_json::from_str::<ShopId>(json);
    assert_eq!(id("\"59730165893\"").unwrap(), id("59730165893").unwrap());
    assert_eq!(id("5").unwrap(), ShopId::from(5));
    assert_eq!(id("5.0").unwrap(), ShopId::from(5));
    assert_eq!(id("1e3").unwrap(), ShopId::from(1000));
    assert_eq!(id("5").unwrap().to_string(), "5");
    assert_eq!(id("5").unwrap().as_ref(), "5");
    assert_ne!(id("\"05\"").unwrap(), id("5").unwrap());
    for wrong in ["true", "null", "1.5", "[]", "{}", "18446744073709551616", "9007199254740992.0"] {
        assert!(id(wrong).is_err(), "{wrong}");
        let body = format!(r#"{{"event":"review/deleted","shop_id":{wrong},"data":{{"id":"1"}}}}"#);
        assert_eq!(error::<shop::Event>(&body).path(), "shop_id");
        let body = format!(r#"{{"event":"novel","shop_id":{wrong},"timestamp":1}}"#);
        assert_eq!(error::<system::Event>(&body).path(), "shop_id");
    }
    for (sent, written) in [
        (json!(59_730_165_893_u64), json!(59_730_165_893_u64)),
        (json!("59730165893"), json!(59_730_165_893_u64)),
        (json!("007"), json!("007")),
        (json!("+7"), json!("+7")),
        (json!(-7), json!("-7")),
        (json!(""), json!("")),
        (json!("gid://shopify/Shop/1"), json!("gid://shopify/Shop/1")),
    ] {
        let body = json!({"event": "app/authorized", "shop_id": sent, "timestamp": 1}).to_string();
        let event: system::Event = event(&body);
        assert_eq!(serde_json::to_value(&event).unwrap()["shop_id"], written);
    }
    let event: shop::Event = read(super::sample!("trustoo_review_deleted")).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap()["shop_id"], "59730165893");
}
