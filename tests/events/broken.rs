//! Bodies that are no event (rule 1), and what is said about them.

use std::fmt::Write as _;

use trusthooks::{
    EventErrorKind, EventTime, trustlens,
    trustoo::{ShopId, shop, system},
};

use super::{Delivered, LENS, SHOP, SYSTEM, error, event, read, review, round_trip, sample};

// --- What an event must have ---

/// A field that must be there: `(body, path)`.
fn lacks<E: Delivered>(bodies: &[(&str, &str)]) {
    for (body, path) in bodies {
        let error = error::<E>(body);
        assert_eq!(error.kind(), EventErrorKind::Data, "{body}");
        assert_eq!(error.path(), *path, "{body}");
        let expected = error.expected().unwrap();
        assert!(!expected.is_empty());
        assert_eq!(error.position(), None);
        let said = if path.is_empty() {
            format!("expected {expected}")
        } else {
            format!("{path}: expected {expected}")
        };
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn an_event_is_an_object_with_a_name() {
    const BODIES: &[(&str, &str)] = &[
        ("[]", ""),
        ("5", ""),
        ("null", ""),
        ("true", ""),
        (r#""event""#, ""),
        (r#"[{"event":"test","shop_id":1,"timestamp":1}]"#, ""),
        ("{}", "event"),
        (r#"{"shop_id":1,"timestamp":1,"data":{"event":"test"}}"#, "event"),
        (r#"{"event":null,"shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"event":7,"shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"event":false,"shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"event":["test"],"shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"event":{},"shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"Event":"test","shop_id":1,"timestamp":1}"#, "event"),
        (r#"{"event":"test","event":null,"shop_id":1,"timestamp":1}"#, "event"),
    ];
    lacks::<trustlens::Event>(BODIES);
    lacks::<shop::Event>(BODIES);
    lacks::<system::Event>(BODIES);
    // Just enough.
    for name in ["", " ", "test", "x"] {
        let body = format!(r#"{{"event":"{name}"}}"#);
        assert_eq!(event::<trustlens::Event>(&body).name(), name);
        let body = format!(r#"{{"event":"{name}","shop_id":""}}"#);
        assert_eq!(event::<shop::Event>(&body).name(), name);
        let body = format!(r#"{{"event":"{name}","shop_id":"","timestamp":0}}"#);
        assert_eq!(event::<system::Event>(&body).name(), name);
    }
}

#[test]
fn trustoo_events_have_a_shop() {
    for odd in ["null", "false", "true", "1.5", "[]", "{}", "[1]", "1e300", "18446744073709551616"]
    {
        let bodies = [
            format!(r#"{{"event":"review/created","shop_id":{odd},"data":{{"id":"1"}}}}"#),
            format!(r#"{{"event":"novel","shop_id":{odd},"timestamp":1}}"#),
            format!(r#"{{"event":"novel","shop_id":"1","shop_id":{odd},"timestamp":1}}"#),
        ];
        for body in &bodies {
            lacks::<shop::Event>(&[(body, "shop_id")]);
        }
        lacks::<system::Event>(&[(&bodies[1], "shop_id"), (&bodies[2], "shop_id")]);
    }
    lacks::<shop::Event>(&[
        (r#"{"event":"review/created","data":{"id":"1","shop_id":"1"}}"#, "shop_id"),
        (r#"{"event":"novel"}"#, "shop_id"),
    ]);
    lacks::<system::Event>(&[(r#"{"event":"app/authorized","timestamp":1}"#, "shop_id")]);
    for (sent, id) in [
        ("5", "5"),
        ("5.0", "5"),
        ("-5", "-5"),
        (r#""5""#, "5"),
        (r#""gid://shopify/Shop/5""#, "gid://shopify/Shop/5"),
        (r#""""#, ""),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let body = format!(r#"{{"event":"novel","shop_id":{sent},"timestamp":1}}"#);
        assert_eq!(event::<shop::Event>(&body).shop_id, ShopId::from(id));
        assert_eq!(event::<system::Event>(&body).shop_id, ShopId::from(id));
    }
    // TrustLens has none.
    event::<trustlens::Event>(r#"{"event":"novel","shop_id":[]}"#);
}

#[test]
fn reviews_have_an_id() {
    for name in ["review/created", "review/updated", "review/deleted"] {
        for odd in ["null", "false", "true", "1.5", "[]", "{}", "1e300"] {
            let body = format!(r#"{{"event":"{name}","shop_id":"1","data":{{"id":{odd}}}}}"#);
            lacks::<shop::Event>(&[(&body, "data.id")]);
        }
        for data in ["{}", r#"{"rating":5,"product":{"id":"1"}}"#, r#"{"id":"1","id":null}"#] {
            let body = format!(r#"{{"event":"{name}","shop_id":"1","data":{data}}}"#);
            lacks::<shop::Event>(&[(&body, "data.id")]);
        }
        // Without an object for it, it has none either.
        for data in ["null", "false", "[]", "5", r#""x""#, r#"[{"id":"1"}]"#] {
            let body = format!(r#"{{"event":"{name}","shop_id":"1","data":{data}}}"#);
            let error = error::<shop::Event>(&body);
            assert!(["data", "data.id"].contains(&error.path()), "{error}");
            assert_eq!(error.kind(), EventErrorKind::Data);
        }
        let error =
            error::<shop::Event>(&format!(r#"{{"event":"{name}","shop_id":"1","id":"1"}}"#));
        assert!(["data", "data.id"].contains(&error.path()), "{error}");
        for id in [r#""1""#, "1", "1.0", r#""""#, "-1", r#""x""#] {
            let body = format!(r#"{{"event":"{name}","shop_id":"1","data":{{"id":{id}}}}}"#);
            event::<shop::Event>(&body);
        }
    }
    // Nothing else has to have one.
    for name in ["customer_event/created", "novel"] {
        let body = format!(r#"{{"event":"{name}","shop_id":"1","data":{{"id":[1]}}}}"#);
        event::<shop::Event>(&body);
    }
}

#[test]
fn system_events_have_a_time() {
    for name in ["app/authorized", "app/uninstalled", "novel"] {
        for odd in [
            "null",
            "false",
            "true",
            r#""""#,
            r#"" ""#,
            r#""yesterday""#,
            "[]",
            "{}",
            "[1]",
            r#""2026-06-05T14:23:00Z""#,
            r#""1,780""#,
            r#""inf""#,
            r#""nan""#,
        ] {
            let body = format!(r#"{{"event":"{name}","shop_id":1,"timestamp":{odd}}}"#);
            lacks::<system::Event>(&[(&body, "timestamp")]);
        }
        let body = format!(r#"{{"event":"{name}","shop_id":1}}"#);
        lacks::<system::Event>(&[(&body, "timestamp")]);
        for (sent, time) in [
            ("1732180800", EventTime::from(1_732_180_800)),
            ("0", EventTime::from(0)),
            ("-5", EventTime::from(-5)),
            ("1732180800.75", EventTime::from(1_732_180_800)),
            ("1732180800000", EventTime::from(1_732_180_800_000)),
            (r#""1732180800""#, EventTime::from("1732180800")),
            (r#"" 1732180800.5 ""#, EventTime::from(" 1732180800.5 ")),
            (r#""+5""#, EventTime::from("+5")),
        ] {
            let body = format!(r#"{{"event":"{name}","shop_id":1,"timestamp":{sent}}}"#);
            assert_eq!(event::<system::Event>(&body).timestamp, time);
        }
    }
    // TrustLens and shops need none.
    event::<trustlens::Event>(r#"{"event":"test","timestamp":[]}"#);
    event::<shop::Event>(r#"{"event":"novel","shop_id":1,"timestamp":[]}"#);
}

/// A number beyond 64 bits is a number.
#[test]
fn system_events_with_a_huge_time() {
    for sent in ["18446744073709551615", "1e300", r#""18446744073709551615""#, r#""1e300""#] {
        let body = format!(r#"{{"event":"app/authorized","shop_id":1,"timestamp":{sent}}}"#);
        let event = event::<system::Event>(&body);
        assert_eq!(event.timestamp.as_unix(), None, "{sent}");
    }
}

// --- What is no JSON ---

#[test]
fn errors_of_syntax_say_where() {
    // (body, line, column, words)
    for (body, line, column, words) in [
        (r#"{"event":"test",}"#, 1, 17, "trailing comma"),
        (r#"{"event":"test"} x"#, 1, 18, "trailing characters"),
        ("{\"event\":\n \"test\"\n \"x\"}", 3, 2, "expected `,` or `}`"),
        (r#"{"event" "test"}"#, 1, 10, "expected `:`"),
        (r#"{event:"test"}"#, 1, 2, "key must be a string"),
        (r#"{"event":'test'}"#, 1, 10, "expected value"),
        (r#"{"event":"test","x":01}"#, 1, 22, "invalid number"),
        (r#"{"event":"test","x":1.}"#, 1, 23, "invalid number"),
        (r#"{"event":"test","x":-}"#, 1, 22, "invalid number"),
        (r#"{"event":"test","x":+1}"#, 1, 21, "expected value"),
        (r#"{"event":"test","x":NaN}"#, 1, 21, "expected value"),
        (r#"{"event":"test","x":tru}"#, 1, 24, "expected ident"),
        (r#"{"event":"te\xst"}"#, 1, 14, "invalid escape"),
        ("{\"event\":\"te\nst\"}", 2, 0, "control character"),
        ("\u{feff}\u{feff}{}", 1, 1, "expected value"),
    ] {
        for error in [
            error::<trustlens::Event>(body),
            error::<shop::Event>(body),
            error::<system::Event>(body),
        ] {
            assert_eq!(error.kind(), EventErrorKind::Syntax, "{body}");
            assert_eq!(error.position(), Some((line, column)), "{body}: {error}");
            assert_eq!((error.path(), error.expected()), ("", None));
            let shown = error.to_string();
            let place = format!("at line {line} column {column}");
            assert!(shown.contains(words) && shown.ends_with(&place), "{body}: {shown}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_not_counted() {
    let error = read::<trustlens::Event>(b"\xEF\xBB\xBF{\"event\":\"test\",}").unwrap_err();
    assert_eq!(error.position(), Some((1, 17)));
}

#[test]
fn numbers_beyond_a_double_are_no_json() {
    for number in ["1e400", "-1e400", "1e309", "1.8e308", "123456789e301", "1e99999999999999999999"]
    {
        for body in [
            format!(r#"{{"event":"test","x":{number}}}"#),
            format!(r#"{{"shop_id":1,"timestamp":1,"data":{{"id":{number}}},"event":"novel"}}"#),
            format!(r#"{{"event":"test","customer":{{"trust_score":[{number}]}}}}"#),
        ] {
            for error in [
                error::<trustlens::Event>(&body),
                error::<shop::Event>(&body),
                error::<system::Event>(&body),
            ] {
                assert_eq!(error.kind(), EventErrorKind::Syntax, "{body}");
                assert!(error.to_string().contains("number out of range"), "{error}");
            }
        }
        // The column at which the number ends; an exponent that overflows is not read to its end.
        if number.len() > 15 {
            continue;
        }
        let body = format!(r#"{{"event":"test","x":{number}}}"#);
        assert_eq!(error::<trustlens::Event>(&body).position(), Some((1, 20 + number.len())));
    }
    for number in
        ["1e308", "1.7e308", "-1e308", "1e-400", "123456789e-400", "0e99999999999999999999"]
    {
        event::<trustlens::Event>(&format!(r#"{{"event":"test","x":{number}}}"#));
    }
}

/// The position is in the number: where its exponent overflows or, in a build with
/// `arbitrary_precision`, where it ends.
#[test]
fn an_exponent_that_overflows() {
    let error = error::<trustlens::Event>(r#"{"event":"test","x":1e99999999999999999999}"#);
    assert_eq!(error.kind(), EventErrorKind::Syntax);
    let (line, column) = error.position().unwrap();
    assert!(line == 1 && (21..=42).contains(&column), "{column}");
}

#[test]
fn bodies_that_end_too_early() {
    for body in
        ["", " ", "{", "[", "\"", "{\"event\"", "{\"event\":\"test\"", "tru", "-", "1e", "1."]
    {
        let error = error::<trustlens::Event>(body);
        assert_eq!(error.kind(), EventErrorKind::Eof, "{body}");
        assert!(error.position().is_some());
    }
    assert_eq!(error::<trustlens::Event>("").position(), Some((1, 0)));
    let error = read::<trustlens::Event>(b"\xEF\xBB\xBF").unwrap_err();
    assert_eq!(error.kind(), EventErrorKind::Eof);
}

#[test]
fn bytes_that_are_no_text() {
    for body in [
        b"{\"event\":\"\xff\"}".as_slice(),
        b"{\"event\":\"test\",\"x\":\"\xc3\x28\"}",
        b"{\"event\":\"test\",\"\xff\":1}",
        br#"{"event":"\ud800"}"#,
        br#"{"event":"test","x":"\udc00"}"#,
        br#"{"event":"test","\ud800":1}"#,
        b"\xff\xfe{\0}\0",
    ] {
        let error = read::<trustlens::Event>(body).unwrap_err();
        assert_eq!(error.kind(), EventErrorKind::Syntax, "{error}");
        assert!(error.position().is_some());
    }
    // Private, unassigned and zero characters are text.
    event::<trustlens::Event>(r#"{"event":"\u0000\uffff\ue000"}"#);
}

fn broken<E: Delivered>(body: &[u8]) {
    for end in 0..body.len() {
        let error = read::<E>(&body[..end]).unwrap_err();
        assert_eq!(error.kind(), EventErrorKind::Eof, "at {end}");
    }
    let mut mutant = body.to_vec();
    for i in 0..body.len() {
        for byte in *b"\0\"0{}[],:\\-.e \xff" {
            mutant[i] = byte;
            // Coming back takes long; every seventh byte is enough for it.
            match read::<E>(&mutant) {
                Ok(event) if i % 7 == 0 => round_trip(&event),
                _ => {}
            }
        }
        mutant[i] = body[i];
        // One byte less, and one twice.
        let _ = read::<E>(&[&body[..i], &body[i + 1..]].concat());
        let _ = read::<E>(&[&body[..=i], &body[i..]].concat());
    }
}

#[test]
fn a_broken_sample_never_panics() {
    LENS.into_iter().for_each(broken::<trustlens::Event>);
    SHOP.into_iter().for_each(broken::<shop::Event>);
    broken::<system::Event>(SYSTEM);
    // And read as another vendor's.
    broken::<trustlens::Event>(SYSTEM);
}

// --- Long and wide ---

#[test]
fn long_and_wide_bodies() {
    let long = "x".repeat(10_000_000);
    let event = read::<trustlens::Event>(
        format!("{{\"event\":\"test\",\"message\":\"{long}\"}}").as_bytes(),
    );
    assert_eq!(event.unwrap().message, Some(long.clone()));
    let body = format!("{{\"customer\":{{\"trust_score\":\"{long}\"}},\"event\":\"test\"}}");
    let event = read::<trustlens::Event>(body.as_bytes()).unwrap();
    assert_eq!(event.mismatches()[0].path(), "customer.trust_score");
    assert!(event.mismatches()[0].to_string().len() < 100);
    // Many keys, also repeated ones, and one that does not fit at the end.
    let mut wide = String::from("{");
    for i in 0..200_000 {
        write!(wide, "\"k{}\":{i},", i / 2).unwrap();
    }
    for event in ["test", "novel"] {
        let body = format!("{wide}\"event\":\"{event}\",\"site\":1}}");
        let event: trustlens::Event = read(body.as_bytes()).unwrap();
        assert_eq!(event.extra.len(), 100_001);
        assert_eq!(event.extra["k7"], 15);
        assert_eq!(event.mismatches()[0].path(), "site");
    }
    // The same in `data`, under keys that the top has as well.
    let data = &wide[..wide.len() - 1];
    let body = format!("{wide}\"event\":\"test\",\"data\":{data}}}}}");
    let event: trustlens::Event = read(body.as_bytes()).unwrap();
    assert_eq!(event.extra.len(), 100_001);
    assert_eq!(event.extra["data"].as_object().unwrap().len(), 100_000);
}

#[test]
fn a_sample_with_everything_odd_is_still_an_event() {
    let mut body: serde_json::Value =
        serde_json::from_slice(sample!("trustoo_review_created")).unwrap();
    let data = body["data"].as_object_mut().unwrap();
    let names: Vec<_> = data.keys().filter(|name| *name != "id").cloned().collect();
    for name in &names {
        data[name] = serde_json::json!([[0.5]]);
    }
    let event: shop::Event = event(&body.to_string());
    assert_eq!(event.mismatches().len(), names.len());
    let review = review(event);
    assert_eq!(review.id, "57748");
    assert_eq!((review.title, review.extra.len()), (None, names.len()));
}
