//! The two shapes of a body: all at the top level, or in an envelope's `data`.

use super::event::{Customer, Event};
use crate::{
    error::EventError,
    event::{
        read::{self, Read as _, Reader, Record as _, Zone},
        sealed,
    },
    json::{self, Json, Object},
};

/// Reads the top level and `data` as one object.
impl sealed::FromJson for Event {
    fn from_json(json: Json<'_>) -> Result<Self, EventError> {
        let (_, mut top) = read::named_object(json)?;
        let mut reader = Reader::new(Zone::Unknown);
        let mut rest = Object::new();
        let unknown = match json::take(&mut top, "data") {
            Json::Object(data) => merge(&mut top, data, &mut rest),
            data if read::is_nothing::<Customer>(&data) => Object::new(),
            data => {
                reader.field("data", |reader| reader.mismatch(Customer::EXPECTED));
                top.push(("data".into(), data));
                Object::new()
            }
        };
        let mut event = Self::default();
        event.fill(top, &mut reader);
        for (key, json) in unknown {
            // `data` would mean something at the top.
            if key == "data" || event.extra.contains_key(&*key) {
                rest.push((key, json));
            } else {
                event.extra.insert(key.into(), json.into_value());
            }
        }
        if !rest.is_empty() {
            event.extra.insert("data".into(), Json::Object(rest).into_value());
        }
        event.mismatches = reader.finish()?;
        Ok(event)
    }
}

/// Moves the fields of `data` to the top level where they say more. Of a field that both have, the
/// other value goes to `rest`. What is no field is given back.
fn merge<'a>(top: &mut Object<'a>, data: Object<'a>, rest: &mut Object<'a>) -> Object<'a> {
    let mut unknown = Object::new();
    for (key, mut json) in data {
        if !Event::FIELDS.iter().any(|field| field.name == key) {
            unknown.push((key, json));
        } else if let Some((_, at_top)) = top.iter_mut().find(|(name, _)| *name == key) {
            if says(&key, at_top) < says(&key, &json) {
                core::mem::swap(at_top, &mut json);
            }
            if says(&key, &json) > Says::Nothing {
                rest.push((key, json));
            }
        } else {
            top.push((key, json));
        }
    }
    unknown
}

#[derive(PartialEq, PartialOrd)]
enum Says {
    Nothing,
    /// In an object none of whose fields has a value, which thus gives way.
    Unknown,
    Something,
}

/// How much a value says as the field of this name.
fn says(name: &str, json: &Json<'_>) -> Says {
    let (mut event, mut reader) = (Event::default(), Reader::new(Zone::Unknown));
    event.fill([(name.into(), json.clone())].into(), &mut reader);
    match json {
        _ if reader.said || event.extra.contains_key(name) || name == "event" => Says::Something,
        Json::Object(object) if !object.is_empty() => Says::Unknown,
        _ => Says::Nothing,
    }
}
