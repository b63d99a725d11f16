//! The two shapes of a body: all at the top level, or in an envelope's `data`.

use super::event::{Customer, Event};
use crate::{
    error::EventError,
    event::{
        read::{Read as _, Reader, Record as _, Spec, Zone, is_nothing, named_object},
        sealed,
    },
    json::{self, Json, Object},
};

/// Reads the top level and `data` as one object.
impl sealed::FromJson for Event {
    fn from_json(json: Json<'_>) -> Result<Self, EventError> {
        let (_, mut top) = named_object(json)?;
        let mut reader = Reader::new(Zone::Unknown);
        let mut rest = Object::new();
        let unknown = match json::take(&mut top, "data") {
            Json::Object(mut data) => {
                merge(&mut top, &mut data, &mut rest, &mut reader);
                data
            }
            data if is_nothing::<Customer>(&data) => Object::new(),
            data => {
                reader.field("data", |reader| reader.mismatch(Customer::EXPECTED));
                top.push(("data".into(), data));
                Object::new()
            }
        };
        let mut event = Self::default();
        event.fill(top, &mut reader);
        for (key, json) in json::consume(unknown) {
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

/// Moves the fields of `data` to the top level if they say more. If both have a field, its other
/// value goes to `rest`. Entries that are not fields stay in `data`.
fn merge<'a>(
    top: &mut Object<'a>,
    data: &mut Object<'a>,
    rest: &mut Object<'a>,
    reader: &mut Reader,
) {
    let field_of = |key: &str| Event::FIELDS.iter().find(|field| field.name == key);
    let fields: Object<'a> = data.extract_if(.., |(key, _)| field_of(key).is_some()).collect();
    for (key, mut json) in fields {
        let at_top = top.iter_mut().find(|(name, _)| *name == key);
        let (Some((_, at_top)), Some(field)) = (at_top, field_of(&key)) else {
            top.push((key, json));
            continue;
        };
        if says(field, at_top) < says(field, &json) {
            core::mem::swap(at_top, &mut json);
        }
        if says(field, &json) > Says::Nothing {
            reader.field("data", |reader| read(field, &json, reader));
            rest.push((key, json));
        }
    }
}

#[derive(PartialEq, PartialOrd)]
enum Says {
    Nothing,
    /// An object that has no value in a known field, so it gives way, but has other entries.
    Unknown,
    Something,
}

/// Weighs a value as this field.
fn says(field: &'static Spec<Event>, json: &Json<'_>) -> Says {
    let mut scratch = Reader::new(Zone::Unknown);
    match json {
        _ if !read(field, json, &mut scratch) || scratch.said => Says::Something,
        Json::Object(object) if !object.is_empty() => Says::Unknown,
        _ => Says::Nothing,
    }
}

/// Reads a value as this field; `false` if it does not fit.
fn read(field: &'static Spec<Event>, json: &Json<'_>, reader: &mut Reader) -> bool {
    let (mut event, mut json) = (Event::default(), json.clone());
    reader.field(field.name, |reader| (field.fill)(&mut event, &mut json, reader));
    json.is_taken()
}
