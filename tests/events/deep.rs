//! Arrays and objects inside one another: 127 levels are read, 128 are an error.

use serde_json::Value;
use trusthooks::{
    EventErrorKind, trustlens,
    trustoo::{shop, system},
};

use super::{Delivered, customer_event, error, event, paths};

/// So many levels around `core`, of arrays, of objects and of both.
fn nested(levels: usize, core: &str) -> [String; 3] {
    let around = |open: [&str; 2], close: [&str; 2]| {
        let opened: String = (0..levels).map(|level| open[level % 2]).collect();
        let closed: String = (0..levels).rev().map(|level| close[level % 2]).collect();
        format!("{opened}{core}{closed}")
    };
    [
        around(["[", "["], ["]", "]"]),
        around([r#"{"a":"#, r#"{"a":"#], ["}", "}"]),
        around([r#"{"a":"#, "["], ["}", "]"]),
    ]
}

/// With the deepest value at the 127th level, and one deeper.
fn limit<E: Delivered>(template: &str, around: usize) {
    for core in ["1", "-1.5", "null", "true", r#""x""#, r#""\n""#, "18446744073709551616"] {
        for deep in nested(127 - around, core) {
            event::<E>(&template.replace('@', &deep));
        }
        for deep in nested(128 - around, core) {
            let body = template.replace('@', &deep);
            let error = error::<E>(&body);
            assert_eq!(error.kind(), EventErrorKind::Syntax);
            assert!(error.to_string().contains("recursion limit exceeded"), "{error}");
        }
    }
    // Empty ones are levels too.
    for core in ["[]", "{}"] {
        for deep in nested(126 - around, core) {
            event::<E>(&template.replace('@', &deep));
        }
        for deep in nested(127 - around, core) {
            error::<E>(&template.replace('@', &deep));
        }
    }
}

#[test]
fn in_any_place() {
    limit::<trustlens::Event>(r#"{"event":"test","x":@}"#, 1);
    limit::<trustlens::Event>(r#"{"x":@,"event":"novel"}"#, 1);
    limit::<trustlens::Event>(r#"{"event":"test","data":{"x":@}}"#, 2);
    limit::<trustlens::Event>(r#"{"event":"test","customer":{"x":@}}"#, 2);
    limit::<trustlens::Event>(r#"{"event":"test","customer":{"trust_score":@}}"#, 2);
    limit::<trustlens::Event>(r#"{"event":"novel","data":{"order":{"total":@}}}"#, 3);
    limit::<shop::Event>(r#"{"event":"novel","shop_id":"1","data":@}"#, 1);
    limit::<shop::Event>(r#"{"event":"review/created","shop_id":"1","data":{"id":"1","x":@}}"#, 2);
    limit::<shop::Event>(
        r#"{"event":"review/created","shop_id":"1","data":{"id":"1","media":[{"x":@},1]}}"#,
        4,
    );
    limit::<shop::Event>(
        r#"{"event":"customer_event/created","shop_id":"1","data":{"properties":@}}"#,
        2,
    );
    limit::<system::Event>(r#"{"event":"novel","shop_id":1,"timestamp":1,"x":@}"#, 1);
}

#[test]
fn where_the_error_is() {
    // 20 bytes, then 127 brackets, of which the last is one too many.
    let body = format!(r#"{{"event":"test","x":{}1{}}}"#, "[".repeat(127), "]".repeat(127));
    assert_eq!(error::<trustlens::Event>(&body).position(), Some((1, 147)));
    let objects = r#"{"a":"#.repeat(127);
    let body = format!(r#"{{"event":"test","x":{objects}1{}}}"#, "}".repeat(127));
    assert_eq!(error::<trustlens::Event>(&body).position(), Some((1, 20 + 126 * 5 + 1)));
}

#[test]
fn in_the_text_of_properties() {
    let read = |text: &str| {
        let body = format!(
            r#"{{"event":"customer_event/created","shop_id":"1","data":{{"properties":{}}}}}"#,
            Value::from(text)
        );
        customer_event(event::<shop::Event>(&body)).properties_json()
    };
    for core in ["1", "null", r#""x""#] {
        for deep in nested(127, core) {
            assert!(read(&deep).is_ok());
        }
        for deep in nested(128, core) {
            assert_eq!(read(&deep).unwrap_err().kind(), EventErrorKind::Syntax);
        }
    }
    for deep in nested(100_000, "1") {
        assert_eq!(read(&deep).unwrap_err().kind(), EventErrorKind::Syntax);
    }
}

#[test]
fn very_deep() {
    for deep in nested(100_000, "1") {
        for body in [
            format!("{{\"event\":\"test\",\"x\":{deep}}}"),
            format!("{{\"x\":{deep},\"event\":\"test\"}}"),
            format!("{{\"event\":\"novel\",\"customer\":{deep}}}"),
            format!("{{\"event\":\"novel\",\"shop_id\":1,\"timestamp\":1,\"data\":{deep}}}"),
            deep,
        ] {
            assert_eq!(error::<trustlens::Event>(&body).kind(), EventErrorKind::Syntax);
            assert_eq!(error::<shop::Event>(&body).kind(), EventErrorKind::Syntax);
            assert_eq!(error::<system::Event>(&body).kind(), EventErrorKind::Syntax);
        }
    }
}

/// Text under a key of `serde_json`'s is never read again, however often it is nested: in the build
/// of others that took 84 KB to overflow the stack.
#[test]
fn texts_within_texts() {
    for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
        let mut deep = "1".to_owned();
        for _ in 0..5 {
            let [arrays, ..] = nested(20, &deep);
            deep = format!("{{{}:{}}}", Value::from(key), Value::from(arrays));
        }
        let lens = event::<trustlens::Event>(&format!(r#"{{"event":"test","x":{deep}}}"#));
        assert!(lens.extra["x"][key].is_string());
        assert!(paths(&lens).is_empty());
        let body = format!(r#"{{"event":"novel","shop_id":"1","data":{deep}}}"#);
        let shop::EventKind::Other { data, .. } = event::<shop::Event>(&body).kind else {
            panic!()
        };
        assert!(data[key].is_string());
    }
}
