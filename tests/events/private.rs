//! Keys that `serde_json` gives a meaning of its own, where a crate of the build turns on
//! `arbitrary_precision` or `raw_value`, have none here (rule 13).

use serde::Deserialize;
use serde_json::{Map, Value, json};
use trusthooks::{trustlens, trustoo::shop};

use super::{
    customer_event, event, paths,
    places::{BOOLEAN, FRACTION, LISTS, MONEY, NAMES, OBJECTS, TEXT, TIMES, UNTYPED, WHOLE, plain},
};

const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

/// As JSON, and as the `Value` that it is: made by hand, since `serde_json` may read it otherwise.
fn objects() -> Vec<(String, Value)> {
    let one = |key: &str, text: &str, value: Value| {
        let map = Map::from_iter([(key.to_owned(), value)]);
        (format!(r#"{{"{key}":{text}}}"#), Value::Object(map))
    };
    let mut objects = Vec::new();
    for key in [NUMBER, RAW] {
        for (text, value) in [
            (r#""7""#, json!("7")),
            (r#""\u0037""#, json!("7")),
            (r#""1e400""#, json!("1e400")),
            (r#""oops""#, json!("oops")),
            (r#""{\"a\":1}""#, json!(r#"{"a":1}"#)),
            ("7", json!(7)),
            ("-7.5", json!(-7.5)),
            ("null", json!(null)),
            ("true", json!(true)),
            ("[7]", json!([7])),
            ("{}", json!({})),
        ] {
            objects.push(one(key, text, value));
        }
        // Spelled with an escape, beside another key, and within itself.
        let escaped = key.replace('$', "\\u0024");
        objects.push((format!(r#"{{"{escaped}":"7"}}"#), one(key, "", json!("7")).1));
        let both = Map::from_iter([(key.to_owned(), json!("7")), ("b".to_owned(), json!(1))]);
        objects.push((format!(r#"{{"{key}":"7","b":1}}"#), Value::Object(both.clone())));
        objects.push((format!(r#"{{"b":1,"{key}":"7"}}"#), Value::Object(both)));
        let inner = one(key, "", json!("7")).1;
        objects.push(one(key, &format!(r#"{{"{key}":"7"}}"#), inner));
        let last = one(key, "", json!("8")).1;
        objects.push((format!(r#"{{"{key}":"7","{key}":"8"}}"#), last));
    }
    objects
}

#[test]
fn where_there_is_no_type() {
    for (sent, value) in objects() {
        for place in UNTYPED {
            let (paths, found) = place.read(&sent);
            assert_eq!(found.map(plain), Some(value.clone()), "{}", place.body(&sent));
            assert!(paths.is_empty(), "{}", place.body(&sent));
            let (_, found) = place.read(&format!("[{sent}]"));
            assert_eq!(found.map(plain), Some(Value::Array(vec![value.clone()])));
        }
    }
}

#[test]
fn where_there_is_one_they_do_not_fit() {
    for (sent, value) in objects() {
        for places in [WHOLE, FRACTION, MONEY, BOOLEAN, TEXT, NAMES, TIMES] {
            for place in places {
                let (listed, found) = place.read(&sent);
                assert_eq!(listed.len(), 1, "{}", place.body(&sent));
                assert_eq!(found.map(plain), Some(value.clone()), "{}", place.body(&sent));
            }
        }
    }
}

#[test]
fn as_an_object_and_as_a_list() {
    for (sent, value) in objects() {
        for place in OBJECTS {
            let (listed, found) = place.read(&sent);
            assert_eq!(found.map(plain), Some(value.clone()), "{}", place.body(&sent));
            assert!(listed.is_empty(), "{}", place.body(&sent));
        }
    }
    let item = format!(r#"{{"{NUMBER}":{{"url":"a"}}}}"#);
    for place in LISTS {
        let (listed, found) = place.read(&item);
        assert_eq!(found, Some(json!([{"url": "a"}])));
        assert!(listed.is_empty());
        let (listed, _) = place.read(&format!(r#"{{"{NUMBER}":"7"}}"#));
        assert_eq!(listed.len(), 1);
    }
}

#[test]
fn as_a_body_and_as_properties() {
    for (sent, value) in objects() {
        let body = format!(
            r#"{{"event":"customer_event/created","shop_id":"1","data":{{"properties":{sent}}}}}"#
        );
        let properties = customer_event(event::<shop::Event>(&body)).properties_json().unwrap();
        assert_eq!(properties.map(plain), Some(value.clone()), "{sent}");
        let body = format!(
            r#"{{"event":"customer_event/created","shop_id":"1","data":{{"properties":{}}}}}"#,
            Value::from(&*sent)
        );
        let properties = customer_event(event::<shop::Event>(&body)).properties_json().unwrap();
        assert_eq!(properties.map(plain), Some(value), "{sent}");
    }
    for key in [NUMBER, RAW] {
        let body = format!(r#"{{"{key}":"{{\"event\":\"test\"}}"}}"#);
        assert_eq!(super::error::<trustlens::Event>(&body).path(), "event");
        let body = format!(r#"{{"{key}":"7","event":"test"}}"#);
        assert_eq!(event::<trustlens::Event>(&body).extra[key], "7");
    }
}

/// Numbers are numbers, in every build.
#[test]
fn numbers_are_no_objects() {
    for sent in ["7", "-7", "7.5", "0.1", "1e20", "-0.0", "18446744073709551615"] {
        let lens = event::<trustlens::Event>(&format!(
            r#"{{"event":"test","x":{sent},"y":[{sent}],"z":{{"a":{sent}}}}}"#
        ));
        let expected: f64 = sent.parse().unwrap();
        for value in [&lens.extra["x"], &lens.extra["y"][0], &lens.extra["z"]["a"]] {
            assert!(value.is_number(), "{sent}");
            assert_eq!(value.as_f64(), Some(expected));
        }
    }
}

/// An event inside a caller's type that serde buffers.
#[test]
fn inside_an_untagged_type() {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Shop(Box<shop::Event>),
        Lens(Box<trustlens::Event>),
    }

    let Any::Lens(lens) = serde_json::from_str(
        r#"{"event":"test","order_id":7,"customer":{"return_rate":41.7},"x":"\n","score_delta":-7}"#,
    )
    .unwrap() else {
        panic!()
    };
    assert_eq!((lens.order_id, lens.score_delta), (Some(7), Some(-7)));
    let customer = lens.customer.as_ref().unwrap();
    if customer.return_rate != Some(41.7) {
        // With `arbitrary_precision` serde's buffer makes a fraction an object of text. It does not
        // fit, and is listed and kept.
        let one = serde_json::from_str::<Value>("1.00").unwrap();
        assert_eq!(format!("{one}"), "1.00");
        assert_eq!(paths(&*lens), ["customer.return_rate"]);
        assert!(customer.extra["return_rate"].to_string().contains("41.7"));
    }
    let Any::Shop(shop) =
        serde_json::from_str(r#"{"event":"review/created","shop_id":5,"data":{"id":7}}"#).unwrap()
    else {
        panic!()
    };
    assert_eq!(shop.shop_id.as_str(), "5");
}

#[test]
fn from_values_and_readers() {
    for (sent, value) in objects() {
        let body = format!(r#"{{"event":"test","x":{sent}}}"#);
        let read: trustlens::Event = serde_json::from_reader(body.as_bytes()).unwrap();
        assert_eq!(plain(read.extra["x"].clone()), value, "{sent}");
        let whole = json!({"event": "test"});
        let mut whole = whole.as_object().unwrap().clone();
        whole.insert("x".to_owned(), value.clone());
        let read = trustlens::Event::deserialize(&Value::Object(whole.clone())).unwrap();
        assert_eq!(plain(read.extra["x"].clone()), value, "{sent}");
        let read: trustlens::Event = serde_json::from_value(Value::Object(whole)).unwrap();
        assert_eq!(plain(read.extra["x"].clone()), value, "{sent}");
    }
}
