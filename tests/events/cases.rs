//! Bodies from real reports, with what must come of each (`cases.json`).

use serde::Deserialize;
use serde_json::Value;
use trusthooks::{
    trustlens,
    trustoo::shop::{self, EventKind},
};

use crate::{Delivered, read, round_trip};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: u64,
    scheme: String,
    body: String,
    #[serde(default)]
    error: bool,
    #[serde(default)]
    fields: serde_json::Map<String, Value>,
    mismatches: Option<Vec<String>>,
    unix: Option<i64>,
    properties: Option<Value>,
}

/// Reads the case's body and looks at what every event has.
fn check<E: Delivered>(case: &Case) -> Option<E> {
    let event = match read::<E>(case.body.as_bytes()) {
        Ok(event) => event,
        Err(error) => {
            assert!(case.error, "case {}: {error}", case.id);
            return None;
        }
    };
    assert!(!case.error, "case {} is read", case.id);
    let written = serde_json::to_value(&event).unwrap();
    for (path, expected) in &case.fields {
        let found = path.split('.').try_fold(&written, |value, name| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        });
        assert_eq!(found, Some(expected), "case {}: {path}", case.id);
    }
    if let Some(mismatches) = &case.mismatches {
        let listed: Vec<_> = event.mismatches().iter().map(trusthooks::Mismatch::path).collect();
        assert_eq!(listed, *mismatches, "case {}", case.id);
    }
    round_trip(&event);
    Some(event)
}

#[test]
fn each_case_is_read_as_it_must_be() {
    let cases: Cases = serde_json::from_slice(include_bytes!("cases.json")).unwrap();
    assert_eq!(cases.cases.len(), 33);
    for case in &cases.cases {
        match &*case.scheme {
            "trustlens" => {
                let event = check::<trustlens::Event>(case);
                if case.unix.is_some() {
                    let time = event.and_then(|event| event.time);
                    assert_eq!(time.and_then(|time| time.as_unix()), case.unix, "case {}", case.id);
                }
            }
            "trustoo_shop" => {
                let event = check::<shop::Event>(case);
                if case.properties.is_some() {
                    let EventKind::CustomerEventCreated(event) = event.unwrap().kind else {
                        panic!("case {}", case.id)
                    };
                    assert_eq!(event.properties_json().unwrap(), case.properties);
                }
            }
            other => panic!("{other}"),
        }
    }
}
