//! The unknown `data` of an event is what `serde_json::Value` says of the same text, but that numbers
//! are doubles, and that no key has a meaning.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use trusthooks::trustoo::shop::{Event, EventKind};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let keys = Keys::of(text);
    if keys.private {
        return;
    }
    let body = format!(r#"{{"event":"novel","shop_id":"1","data":{text}}}"#);
    match trusthooks_fuzz::read::<Event>(body.as_bytes()) {
        Ok(event) => {
            let EventKind::Other { data, .. } = event.kind else { panic!("{body}") };
            assert_eq!(Some(&*data), plain(value).as_ref(), "{body}");
        }
        // The body's own object is one more level. Of a repeated key, the first value may be at fault.
        Err(error) => {
            let refused = depth(&value) >= 127 || plain(value).is_none() || keys.repeated;
            assert!(refused, "{error} in {body}");
        }
    }
});

/// What is remarkable about the texts in a JSON text.
#[derive(Default)]
struct Keys {
    /// One has a meaning for `serde_json`.
    private: bool,
    /// One stands twice, in whichever object.
    repeated: bool,
}

impl Keys {
    fn of(json: &str) -> Self {
        let (mut found, mut seen) = (Self::default(), HashSet::new());
        let mut rest = json;
        while let Some(start) = rest.find('"') {
            let from = &rest[start..];
            let mut escaped = false;
            let end = from[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let Some(end) = end else { break };
            let (text, behind) = from.split_at(end + 2);
            let text: String = serde_json::from_str(text).unwrap();
            found.private |= text.starts_with("$serde_json::private::");
            found.repeated |= !seen.insert(text);
            rest = behind;
        }
        found
    }
}

/// Arrays and objects inside one another.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Numbers as they are without `arbitrary_precision`; `None` where one is beyond a double.
fn plain(value: Value) -> Option<Value> {
    Some(match value {
        Value::Number(number) if number.to_string() == "-0" => (-0.0).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (_, Some(number)) => number.into(),
            _ => number.as_f64().filter(|number| number.is_finite())?.into(),
        },
        Value::Array(items) => items.into_iter().map(plain).collect::<Option<_>>()?,
        Value::Object(map) => {
            let map = map.into_iter().map(|(key, value)| Some((key, plain(value)?)));
            Value::Object(map.collect::<Option<_>>()?)
        }
        other => other,
    })
}
