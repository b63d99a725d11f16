//! Moments (rule 8), and the age of events by them.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use trusthooks::{
    EventTime, ReplayWindow, Timestamp, Verify as _, VerifyError, trustlens,
    trustoo::{shop, system},
};

use super::{
    LENS, NOW, SYSTEM, customer_event, event, lens, paths,
    places::{Outcome::Mismatch, TIMES, check, fits},
    read, review, secret, shop_event, system_event, time,
};

fn unix(text: &str) -> Option<i64> {
    EventTime::from(text).as_unix()
}

#[test]
fn times_are_kept_as_they_came() {
    check(
        TIMES,
        &[
            ("1780000000", fits(1_780_000_000)),
            ("-5", fits(-5)),
            ("0", fits(0)),
            ("1780669380123", fits(1_780_669_380_123_i64)),
            ("1546079388.123", fits(1_546_079_388)),
            ("1546079388.999", fits(1_546_079_388)),
            ("9007199254740991.0", fits(9_007_199_254_740_991_i64)),
            ("9223372036854775807", fits(i64::MAX)),
            (r#""1780000000""#, fits("1780000000")),
            (r#""2025-03-12 09:14:00""#, fits("2025-03-12 09:14:00")),
            (r#""2026-06-05T14:23:00+00:00""#, fits("2026-06-05T14:23:00+00:00")),
            (r#""yesterday""#, fits("yesterday")),
            ("true", Mismatch),
            ("[]", Mismatch),
            ("[1780000000]", Mismatch),
            (r#"{"date":"2026-06-05"}"#, Mismatch),
        ],
    );
}

/// Any number is a number of seconds, however useless (rule 8: from 10^14 on it is no moment).
#[test]
fn numbers_too_large_for_a_moment_fit() {
    for sent in ["18446744073709551615", "9007199254740992.0", "1e300", "-1e300"] {
        let event = event::<trustlens::Event>(&format!(r#"{{"event":"test","timestamp":{sent}}}"#));
        assert!(paths(&event).is_empty(), "{sent} is a mismatch");
        let written = serde_json::to_value(&event).unwrap();
        assert_eq!(written["timestamp"], serde_json::from_str::<Value>(sent).unwrap());
        assert_eq!(event.time.unwrap().as_unix(), None);
    }
}

#[test]
fn moments_of_numbers() {
    for (number, expected) in [
        (0, Some(0)),
        (-1, Some(-1)),
        (1_780_669_380, Some(1_780_669_380)),
        (99_999_999_999, Some(99_999_999_999)),
        (100_000_000_000, Some(100_000_000)),
        (1_780_669_380_123, Some(1_780_669_380)),
        (99_999_999_999_999, Some(99_999_999_999)),
        (100_000_000_000_000, None),
        (1_780_669_380_123_456, None),
        (i64::MAX, None),
        (i64::MIN, None),
    ] {
        assert_eq!(EventTime::from(number).as_unix(), expected, "{number}");
        assert_eq!(unix(&number.to_string()), expected, "text of {number}");
    }
    for (text, expected) in [
        (" 1780000000", Some(1_780_000_000)),
        ("1780000000\n", Some(1_780_000_000)),
        ("+1780000000", Some(1_780_000_000)),
        ("1546079388.123", Some(1_546_079_388)),
        ("1546079388.999", Some(1_546_079_388)),
        ("99999999999999999999999", None),
        ("1,780,000,000", None),
        ("inf", None),
        ("nan", None),
    ] {
        assert_eq!(unix(text), expected, "{text}");
    }
    let event = event::<trustlens::Event>(r#"{"event":"test","timestamp":1546079388.123}"#);
    assert_eq!(event.time, Some(EventTime::from(1_546_079_388)));
}

#[test]
fn moments_of_texts() {
    // date -ud '2026-06-05 14:23:00' +%s
    for text in [
        "2026-06-05T14:23:00+00:00",
        "2026-06-05T16:23:00+02:00",
        "2026-06-05T08:53:00-05:30",
        "2026-06-05T14:23:00Z",
        "2026-06-05t14:23:00z",
        "2026-06-05T14:23:00-00:00",
        "2026-06-05T14:23:00.999Z",
        "2026-06-05T14:23:00.999999999999Z",
        "2026-06-05T14:23:00.5+00:00",
        // What ISO 8601 and PHP add.
        "2026-06-05T14:23:00+0000",
        "2026-06-05T16:23:00+0200",
        "2026-06-05T08:53:00-0530",
        "2026-06-05T16:23:00+02",
        "2026-06-05T14:23Z",
        "2026-06-05T16:23+02:00",
        "2026-06-05T16:23+0200",
        "2026-06-05 16:23+02",
        "2026-06-05T14:23:00,5Z",
        "2026-06-05 14:23:00,25+0000",
        "2026-06-05 14:23:00Z",
        "2026-06-05 14:23:00+00:00",
        "2026-06-05 14:23:00 UTC",
        "2026-06-05 14:23:00 GMT",
        "2026-06-05T14:23:00 UTC",
        "2026-06-05T14:23:00.5 GMT",
        "2026-06-05 14:23 UTC",
    ] {
        assert_eq!(unix(text), Some(1_780_669_380), "{text}");
        let trustoo = shop_event(
            &json!({"event": "review/deleted", "shop_id": 1, "data": {"id": 1, "deleted_at": text}}),
        );
        let shop::EventKind::ReviewDeleted(review) = trustoo.kind else { panic!() };
        assert_eq!(review.deleted_at.unwrap().as_unix(), Some(1_780_669_380), "{text}");
    }
    // date -ud '2024-02-29 23:59:59' +%s
    for (text, expected) in [
        ("2024-02-29T23:59:59Z", 1_709_251_199),
        ("2000-02-29t00:00:00.999z", 951_782_400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("1969-12-31T23:59:59.5Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2026-06-05T14:23:00+23:59", 1_780_669_380 - 86_340),
    ] {
        assert_eq!(unix(text), Some(expected), "{text}");
    }
}

#[test]
fn texts_that_are_no_moment() {
    for text in [
        "",
        " ",
        "yesterday",
        "2026-06-05",
        "14:23:00Z",
        "2026-06-05T14Z",
        "2026-06-05T14:23:00+24:00",
        "2026-06-05T14:23:00+02:60",
        "2026-06-05T14:23:00+0260",
        "2026-06-05T14:23:00+2400",
        "2026-06-05T14:23:00+2",
        "2026-06-05T14:23:00+020",
        "2026-06-05T14:23:00+02:",
        "2026-06-05T14:23:00+02:0",
        "2026-06-05T14:23:00+2:00",
        "2026-06-05T14:23:00+02000",
        "2026-06-05T14:23:00+02:000",
        "2026-06-05T14:23:00*02:00",
        "2026-06-05T14:23:00ZZ",
        "2026-06-05T14:23:00+",
        "2026-06-05T14:23:00-",
        "2026-06-05T14:23:00+ UTC",
        "2026-06-05T14:23:00- UTC",
        "2026-06-05T14:23:00+02:00 UTC",
        "2026-06-05T14:23:00UTC",
        "2026-06-05T14:23:00 CET",
        "2026-06-05T14:23:00 Europe/Berlin",
        "2026-13-05T14:23:00Z",
        "2026-00-05T14:23:00Z",
        "2026-06-31T14:23:00Z",
        "2026-06-00T14:23:00Z",
        "2026-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-06-05T24:00:00Z",
        "2026-06-05T14:60:00Z",
        "2026-06-05T14:23:61Z",
        "2026-06-05T14:23:.5Z",
        "2026-06-05T14:23:00.Z",
        "2026-06-05T14:23:00,Z",
        "2026-06-05T14:23:00.x+02:00",
        "2026-06-05T14:23:00;5Z",
        "2026-06-05  14:23:00Z",
        "2026-06-05_14:23:00Z",
        "2026/06/05T14:23:00Z",
        "2026-6-5T14:23:00Z",
        "26-06-05T14:23:00Z",
        "+026-06-05T14:23:00Z",
        "2026-06-05T14:23:00+02:0é",
        "２０２６-06-05T14:23:00Z",
    ] {
        assert_eq!(unix(text), None, "{text}");
        let event = shop_event(
            &json!({"event": "customer_event/created", "shop_id": 1, "data": {"id": 1, "created_at": text}}),
        );
        assert_eq!(customer_event(event).created_at.and_then(|t| t.as_unix()), None, "{text}");
    }
}

#[test]
fn without_a_zone() {
    for text in ["2025-06-20 11:06:48", "2025-06-20T11:06:48", "2025-06-20 11:06:48.75"] {
        assert_eq!(unix(text), None);
        let event = lens(&json!({"event": "novel", "timestamp": text,
            "customer": {"last_order_date": text}, "data": {"order": {"created_at": text}}}));
        assert_eq!(event.time.unwrap().as_unix(), None, "{text}");
        assert_eq!(event.customer.unwrap().last_order_date.unwrap().as_unix(), None);
        assert_eq!(event.order.unwrap().created_at.unwrap().as_unix(), None);

        // date -ud '2025-06-20 11:06:48' +%s
        let expected = Some(1_750_417_608);
        let data = json!({"id": "1", "commented_at": text, "created_at": text, "updated_at": text,
            "deleted_at": text, "reply": {"reply_at": text}});
        let of = |name: &str| shop_event(&json!({"event": name, "shop_id": "1", "data": data}));
        for name in ["review/created", "review/updated"] {
            let review = review(of(name));
            let reply = review.reply.unwrap().reply_at;
            for time in [review.commented_at, review.created_at, review.updated_at, reply] {
                assert_eq!(time.unwrap().as_unix(), expected, "{text}");
            }
        }
        let shop::EventKind::ReviewDeleted(deleted) = of("review/deleted").kind else { panic!() };
        assert_eq!(deleted.deleted_at.unwrap().as_unix(), expected);
        let created = customer_event(of("customer_event/created")).created_at;
        assert_eq!(created.as_ref().unwrap().as_unix(), expected);
        // The same was sent, so they are equal.
        assert_eq!(created, time(text));
    }
    assert_ne!(time("2025-06-20 11:06:48"), time("2025-06-20T11:06:48"));
    assert_ne!(EventTime::from("5"), EventTime::from(5));
    assert_eq!(EventTime::from("2026-06-05").to_string(), "2026-06-05");
    assert_eq!(EventTime::from(-5).to_string(), "-5");
}

#[test]
fn with_the_fraction() {
    let jiff = |time: EventTime| time.to_jiff();
    let at = |second, nanosecond| Some(jiff::Timestamp::new(second, nanosecond).unwrap());
    assert_eq!(jiff("2026-06-05T14:23:00.5Z".into()), at(1_780_669_380, 500_000_000));
    assert_eq!(jiff("2026-06-05T14:23:00,123456789123Z".into()), at(1_780_669_380, 123_456_789));
    assert_eq!(jiff("1969-12-31T23:59:59.25Z".into()), at(-1, 250_000_000));
    assert_eq!(jiff(1_780_669_380_123.into()), at(1_780_669_380, 123_000_000));
    assert_eq!(jiff(1_780_669_380.into()), at(1_780_669_380, 0));
    assert_eq!(jiff("2026-06-05 14:23:00".into()), None);
    assert_eq!(jiff("yesterday".into()), None);
    assert_eq!(jiff(i64::MAX.into()), None);
}

// --- The age of events ---

const HOUR: Duration = Duration::new(3_600, 0);
const AT: u64 = 1_780_669_380;

fn ages(check: impl Fn(&ReplayWindow, Timestamp) -> Result<(), VerifyError>) {
    let window = ReplayWindow::new(HOUR, Duration::new(60, 0));
    let at = |seconds| check(&window, Timestamp::from_unix(seconds));
    for inside in [AT, AT + 3600, AT - 60, AT + 1] {
        assert_eq!(at(inside), Ok(()));
    }
    assert!(matches!(at(AT + 3601), Err(VerifyError::Expired { .. })));
    assert!(matches!(at(AT - 61), Err(VerifyError::FromFuture { .. })));
    assert!(matches!(at(0), Err(VerifyError::FromFuture { .. })));
    assert!(matches!(at(u64::MAX), Err(VerifyError::Expired { .. })));
}

fn no_age(check: impl Fn(&ReplayWindow, Timestamp) -> Result<(), VerifyError>) {
    for window in [ReplayWindow::symmetric(HOUR), ReplayWindow::UNBOUNDED] {
        assert_eq!(check(&window, Timestamp::from_unix(AT)), Err(VerifyError::UnknownTime));
    }
}

#[test]
fn the_age_of_a_trustlens_event() {
    for time in [
        json!(AT),
        json!(AT.to_string()),
        json!(AT * 1000 + 999),
        json!("2026-06-05T14:23:00+00:00"),
        json!("2026-06-05T14:23:00.999Z"),
        json!("2026-06-05 16:23+02"),
    ] {
        let event = lens(&json!({"event": "test", "timestamp": time}));
        ages(|window, now| event.check_age(window, now));
        let event = lens(&json!({"event": "novel", "data": {"timestamp": time}}));
        ages(|window, now| event.check_age(window, now));
    }
    for time in [
        json!(null),
        json!(""),
        json!([]),
        json!("yesterday"),
        json!("2026-06-05 14:23:00"),
        json!(100_000_000_000_000_u64),
    ] {
        let event = lens(&json!({"event": "test", "timestamp": time}));
        no_age(|window, now| event.check_age(window, now));
    }
    // Before 1970 is old.
    let event = lens(&json!({"event": "test", "timestamp": -1}));
    let age = event.check_age(&ReplayWindow::symmetric(HOUR), Timestamp::from_unix(AT));
    assert!(matches!(age, Err(VerifyError::Expired { .. })));
}

#[test]
fn the_age_of_a_shop_event() {
    let text = "2026-06-05T14:23:00Z";
    let other = "2020-01-01T00:00:00Z";
    let event = |name: &str, data: Value| {
        let mut data = data;
        data["id"] = json!("1");
        shop_event(&json!({"event": name, "shop_id": "1", "data": data}))
    };
    for (name, data) in [
        ("review/created", json!({"updated_at": text, "created_at": other, "commented_at": other})),
        ("review/updated", json!({"updated_at": text, "created_at": other})),
        ("review/updated", json!({"updated_at": "2026-06-05 14:23:00"})),
        ("review/created", json!({"created_at": text})),
        ("review/updated", json!({"created_at": text, "updated_at": null})),
        ("review/deleted", json!({"deleted_at": text})),
        ("review/deleted", json!({"deleted_at": AT})),
        ("customer_event/created", json!({"created_at": text})),
    ] {
        let event = event(name, data);
        ages(|window, now| event.check_age(window, now));
    }
    for (name, data) in [
        ("review/created", json!({})),
        ("review/updated", json!({"updated_at": "yesterday"})),
        ("review/deleted", json!({"created_at": text})),
        ("customer_event/created", json!({"created_at": {}})),
        ("novel", json!({"created_at": text, "updated_at": text})),
    ] {
        let event = event(name, data);
        no_age(|window, now| event.check_age(window, now));
    }
}

#[test]
fn the_age_of_a_system_event() {
    let sample: system::Event = read(SYSTEM).unwrap();
    let window = ReplayWindow::symmetric(HOUR);
    let at = |seconds| sample.check_age(&window, Timestamp::from_unix(seconds));
    assert_eq!((at(1_732_180_800), at(1_732_184_400), at(1_732_177_200)), (Ok(()), Ok(()), Ok(())));
    assert!(matches!(at(1_732_184_401), Err(VerifyError::Expired { .. })));
    assert!(matches!(at(1_732_177_199), Err(VerifyError::FromFuture { .. })));
    for time in [json!(AT), json!(AT.to_string()), json!(format!(" {AT}.5 ")), json!(AT * 1000)] {
        for name in ["app/uninstalled", "novel"] {
            let event = system_event(&json!({"event": name, "shop_id": 1, "timestamp": time}));
            ages(|window, now| event.check_age(window, now));
        }
    }
    let event = system_event(
        &json!({"event": "app/authorized", "shop_id": 1, "timestamp": 100_000_000_000_000_u64}),
    );
    no_age(|window, now| event.check_age(window, now));
}

/// The headers of v1 sign no time. The body of an envelope does.
#[test]
fn a_replayed_v1_envelope_is_told() {
    let body = LENS[3];
    let signed = trustlens::v1::Signer::new(secret()).sign_at(body, NOW);
    let headers: Vec<_> = signed.iter().collect();
    let verifier = trustlens::v1::Verifier::new(secret());
    let window = ReplayWindow::symmetric(Duration::new(300, 0));
    for (later, expired) in [(0, false), (300, false), (301, true), (86_400, true)] {
        let now = Timestamp::from_unix(NOW.as_unix() + later);
        let event = verifier.verify_at(&headers, body, now).unwrap().event().unwrap();
        let age = event.check_age(&window, now);
        assert_eq!(matches!(age, Err(VerifyError::Expired { .. })), expired, "{later} s later");
        assert_eq!(age.is_ok(), !expired);
    }
}

// --- Held against a date library ---

proptest! {
    /// Over nine thousand years, any fraction and any offset.
    #[test]
    fn moments_are_read_as_a_date_library_reads_them(second in -60_000_000_000_i64..253_000_000_000, nano in 0_i32..1_000_000_000, offset in -86_000_i32..86_000) {
        let moment = jiff::Timestamp::new(second, 0).unwrap();
        let offset = jiff::tz::Offset::from_seconds(offset / 60 * 60).unwrap();
        let text = moment.display_with_offset(offset).to_string();
        prop_assert_eq!(unix(&text), Some(second), "{}", text);
        let fraction = format!("{}.{nano:09}{}", &text[..19], &text[19..]);
        prop_assert_eq!(unix(&fraction), Some(second), "{}", fraction);
        let exact = jiff::Timestamp::new(second, nano).unwrap();
        prop_assert_eq!(EventTime::from(&*fraction).to_jiff(), Some(exact), "{}", fraction);
        // In the other spellings.
        let bare = text.replace('T', " ").replacen(':', "", text.matches(':').count());
        prop_assert_eq!(unix(&bare), None, "{}", bare);
        let (local, zone) = text.split_at(19);
        let zone = zone.replace(':', "");
        let comma = format!("{},{nano:09}{zone}", local.replace('T', " "));
        prop_assert_eq!(unix(&comma), Some(second), "{}", comma);
    }

    #[test]
    fn any_text_is_a_moment_or_none(text in "\\PC{0,30}", like in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,9})?(Z|[+-][0-9]{2}:[0-9]{2})?") {
        let _ = unix(&text);
        let _ = EventTime::from(&*text).to_jiff();
        // What both read, both read alike; the date library refuses offsets past a day.
        if let Ok(theirs) = like.parse::<jiff::Timestamp>() {
            let floor = theirs.as_second() - i64::from(theirs.subsec_nanosecond() < 0);
            // A leap second is the 59th to that library, and the next minute's first in Unix time.
            let leap = i64::from(&like[17..19] == "60");
            prop_assert_eq!(unix(&like), Some(floor + leap), "{}", like);
        }
    }
}
