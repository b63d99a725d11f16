//! Fields, and how they are read from JSON and written again.

use alloc::{borrow::Cow, boxed::Box, format, string::String, vec::Vec};
use core::iter;

use serde::{Deserializer, Serialize, de::Error as _, ser::SerializeMap};

pub(crate) use super::time::Zone;
use super::{Extra, Mismatch};
use crate::{
    error::EventError,
    json::{self, Json, Object},
};

/// The notes made while an event is read.
pub(crate) struct Reader {
    /// The zone of a time that names none.
    pub(crate) zone: Zone,
    /// Whether any field had a value other than empty text.
    pub(crate) said: bool,
    path: Vec<Step>,
    mismatches: Mismatches,
    /// The error of the first required field that is missing.
    missing: Option<EventError>,
}

#[derive(Clone, Copy)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Reader {
    pub(crate) fn new(zone: Zone) -> Self {
        let mismatches = Mismatches::default();
        Self { zone, said: false, path: Vec::new(), mismatches, missing: None }
    }

    /// Reads the field of this name.
    pub(crate) fn field<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(Step::Field(name), read)
    }

    fn inside<T>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let value = read(self);
        self.path.pop();
        value
    }

    /// Notes a value that does not fit.
    pub(crate) fn mismatch(&mut self, expected: &'static str) {
        if self.mismatches.0.len() < Mismatches::MOST {
            self.mismatches.0.push(Mismatch { path: self.path(), expected });
        }
    }

    /// Notes a required field that is missing.
    fn missing(&mut self, expected: &'static str) {
        if self.missing.is_none() {
            self.missing = Some(EventError::field(self.path(), expected));
        }
    }

    /// Such as `data.media[1].type`.
    fn path(&self) -> String {
        self.path.iter().fold(String::new(), |path, step| match step {
            Step::Field(name) if path.is_empty() => (*name).into(),
            Step::Field(name) => format!("{path}.{name}"),
            Step::Item(index) => format!("{path}[{index}]"),
        })
    }

    /// The mismatches that were noted, or the reason why there is no event.
    pub(crate) fn finish(self) -> Result<Mismatches, EventError> {
        self.missing.map_or(Ok(self.mismatches), Err)
    }
}

/// The mismatches of an event. They are ignored when events are compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mismatches(pub(crate) Vec<Mismatch>);

impl Mismatches {
    /// More are not listed.
    const MOST: usize = 64;
}

impl PartialEq for Mismatches {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Mismatches {}

/// A type that is read from JSON as PHP and Go write it.
pub(crate) trait Read: Sized {
    const EXPECTED: &'static str;

    /// Whether senders write this value for an absent one. (`null` is absent for every type.)
    fn is_nothing(json: &Json<'_>) -> bool {
        matches!(json, Json::Bool(false)) || json.is_empty_text()
    }

    /// Takes the value out of the tree, or leaves it there as it does not fit.
    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self>;

    /// Whether the value says something by itself. Empty text does not, nor does an object without
    /// fields.
    fn says(&self) -> bool {
        true
    }
}

/// A field of a record: `Option`, `Vec`, or a type that must be there.
pub(crate) trait Field: Default {
    /// The expected kind of value, if it must be there.
    const REQUIRED: Option<&'static str> = None;

    /// Takes the field's value out of the tree. What stays there goes to `extra`.
    fn fill(&mut self, json: &mut Json<'_>, reader: &mut Reader);

    fn is_written(&self) -> bool;
}

pub(crate) fn is_nothing<T: Read>(json: &Json<'_>) -> bool {
    matches!(json, Json::Taken | Json::Null) || T::is_nothing(json)
}

impl<T: Read> Field for Option<T> {
    fn fill(&mut self, json: &mut Json<'_>, reader: &mut Reader) {
        if !is_nothing::<T>(json) {
            *self = T::read(json, reader);
            let Some(value) = self else { return reader.mismatch(T::EXPECTED) };
            reader.said |= value.says();
        }
        *json = Json::Taken;
    }

    fn is_written(&self) -> bool {
        self.is_some()
    }
}

/// A type whose fields must be there.
pub(crate) trait Required: Read + Default {}

impl<T: Required> Field for T {
    const REQUIRED: Option<&'static str> = Some(T::EXPECTED);

    fn fill(&mut self, json: &mut Json<'_>, reader: &mut Reader) {
        if let Some(value) = T::read(json, reader) {
            reader.said |= value.says();
            (*self, *json) = (value, Json::Taken);
        }
    }

    fn is_written(&self) -> bool {
        true
    }
}

/// A list of records. PHP writes one with gaps as an object.
impl<T: Record> Field for Vec<T> {
    fn fill(&mut self, json: &mut Json<'_>, reader: &mut Reader) {
        let fits = |item: &mut Json<'_>| is_nothing::<T>(item) || matches!(item, Json::Object(_));
        let Some(all_fit) = items(json, false).map(|mut items| items.all(fits)) else {
            return reader.mismatch("a list");
        };
        for (index, item) in items(json, !all_fit).into_iter().flatten().enumerate() {
            if is_nothing::<T>(item) {
                continue;
            }
            reader.inside(Step::Item(index), |reader| match item {
                Json::Object(_) if all_fit => self.extend(T::read(item, reader)),
                // The list stays as it was sent.
                Json::Object(_) => self.extend(T::read(&mut item.clone(), reader)),
                _ => reader.mismatch(T::EXPECTED),
            });
        }
        if all_fit {
            *json = Json::Taken;
        }
    }

    fn is_written(&self) -> bool {
        !self.is_empty()
    }
}

/// The items of a list: no items if nothing was sent, and `None` if it is not a list. With
/// `by_number`, the items of an object are sorted by their numbers, since `extra` may not keep
/// their order.
fn items<'j, 'a>(
    json: &'j mut Json<'a>,
    by_number: bool,
) -> Option<Box<dyn Iterator<Item = &'j mut Json<'a>> + 'j>> {
    match json {
        Json::List(items) => Some(Box::new(items.iter_mut())),
        Json::Object(object) => {
            let mut entries: Vec<_> = object.iter_mut().collect();
            if by_number {
                entries.sort_by_key(|(key, _)| (key.parse().unwrap_or(u64::MAX), key.clone()));
            }
            Some(Box::new(entries.into_iter().map(|(_, item)| item)))
        }
        Json::Null | Json::Bool(false) => Some(Box::new(iter::empty())),
        json if json.is_empty_text() => Some(Box::new(iter::empty())),
        _ => None,
    }
}

/// A field of a record: its name, and how it is read.
pub(crate) struct Spec<T> {
    pub(crate) name: &'static str,
    pub(crate) required: Option<&'static str>,
    pub(crate) fill: fn(&mut T, &mut Json<'_>, &mut Reader),
}

/// An object of a vendor, made by [`record!`].
pub(crate) trait Record: Default + 'static {
    const FIELDS: &'static [Spec<Self>];

    fn extra(&mut self) -> &mut Extra;

    /// Writes the fields, and what is in `extra`.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;

    /// Takes the fields out of an object, and what is left as `extra`.
    fn fill(&mut self, mut object: Object<'_>, reader: &mut Reader) {
        let mut next = 0;
        for (key, json) in &mut object {
            let Some((index, field)) = find(Self::FIELDS, key, next) else { continue };
            next = index.saturating_add(1);
            reader.field(field.name, |reader| (field.fill)(self, json, reader));
        }
        for Spec { name, required, .. } in Self::FIELDS {
            let taken = || object.iter().any(|(key, json)| key == name && json.is_taken());
            if let Some(expected) = required.filter(|_| !taken()) {
                reader.field(name, |reader| reader.missing(expected));
            }
        }
        *self.extra() = json::into_map(object).into();
    }
}

/// Finds a field by name. Senders keep to an order, so the one after the last is tried first.
fn find<T>(
    fields: &'static [Spec<T>],
    name: &str,
    next: usize,
) -> Option<(usize, &'static Spec<T>)> {
    match fields.get(next) {
        Some(field) if field.name == name => Some((next, field)),
        _ => fields.iter().enumerate().find(|(_, field)| field.name == name),
    }
}

impl<T: Record> Read for T {
    const EXPECTED: &'static str = "an object";

    /// PHP writes an empty object as `[]`.
    fn is_nothing(json: &Json<'_>) -> bool {
        matches!(json, Json::Bool(false))
            || matches!(json, Json::List(items) if items.is_empty())
            || json.is_empty_text()
    }

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        let Json::Object(object) = json else { return None };
        let mut record = Self::default();
        record.fill(core::mem::take(object), reader);
        Some(record)
    }

    fn says(&self) -> bool {
        false
    }
}

/// The object of an event, and the event's name, which stays in it.
pub(crate) fn named_object(json: Json<'_>) -> Result<(Cow<'_, str>, Object<'_>), EventError> {
    let Json::Object(object) = json else {
        return Err(EventError::field("", "an object"));
    };
    let name = object.iter().find_map(|(key, json)| match json {
        Json::Text(name) if key == "event" => Some(name.clone()),
        _ => None,
    });
    Ok((name.ok_or_else(|| EventError::field("event", "text"))?, object))
}

/// Writes a field. One whose value is in `extra` is written from there.
pub(crate) fn write<F: Field, M: SerializeMap>(
    (name, field): (&'static str, &F),
    written: &impl Serialize,
    extra: &Extra,
    map: &mut M,
) -> Result<(), M::Error> {
    if !field.is_written() || extra.contains_key(name) {
        return Ok(());
    }
    map.serialize_entry(name, written)
}

/// Reads a value from any format, as part of a type of the caller's.
pub(crate) fn deserialize<'de, T: Read, D: Deserializer<'de>>(
    deserializer: D,
    zone: Zone,
) -> Result<T, D::Error> {
    let mut reader = Reader::new(zone);
    let value = T::read(&mut json::tree(deserializer)?, &mut reader);
    reader.finish().map_err(D::Error::custom)?;
    value.ok_or_else(|| D::Error::custom(EventError::field("", T::EXPECTED)))
}

/// An object of a vendor: its fields, how they are read and how they are written.
///
/// A field's JSON name is its own, or stands behind `=`. `as` names a view that is written in place
/// of the field. Members in brackets are not read by name.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $([
            $($(#[$head_meta:meta])* $head_vis:vis $head:ident: $head_type:ty,)*
        ])? {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident: $type:ty $(= $json:literal)? $(as $view:path)?,
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($($(#[$head_meta])* $head_vis $head: $head_type,)*)?
            $(
                $(#[$field_meta])*
                #[doc = concat!("Sent as `", crate::event::read::record!(@name $field $($json)?), "`.")]
                pub $field: $type,
            )*
            /// The rest of what was sent, by name: fields that this version does not know, and
            /// those whose value did not fit.
            pub extra: crate::Extra,
        }

        impl crate::event::read::Record for $name {
            const FIELDS: &'static [crate::event::read::Spec<Self>] =
                &[$(crate::event::read::Spec {
                    name: crate::event::read::record!(@name $field $($json)?),
                    required: <$type as crate::event::read::Field>::REQUIRED,
                    fill: |record, json, reader| {
                        crate::event::read::Field::fill(&mut record.$field, json, reader);
                    },
                },)*];

            fn extra(&mut self) -> &mut crate::Extra {
                &mut self.extra
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $(crate::event::read::write(
                    (crate::event::read::record!(@name $field $($json)?), &self.$field),
                    &$($view)?(&self.$field),
                    &self.extra,
                    map,
                )?;)*
                self.extra.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $json:literal) => { $json };
}

/// `Serialize` for records.
macro_rules! serialize_for {
    ($($name:ident)*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;

                let mut map = serializer.serialize_map(None)?;
                crate::event::read::Record::write(self, &mut map)?;
                map.end()
            }
        }
    )*};
}

/// `Deserialize` for types that are [`Read`].
macro_rules! deserialize_for {
    ($zone:expr; $($name:ident)*) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::event::read::deserialize(deserializer, $zone)
            }
        }
    )*};
}

/// The parts that all events share.
macro_rules! event {
    ($name:ident) => {
        impl $name {
            /// The fields that were sent and do not fit, at most 64 of them; see
            /// [`Event::mismatches`](crate::Event::mismatches).
            #[must_use]
            pub fn mismatches(&self) -> &[crate::Mismatch] {
                &self.mismatches.0
            }
        }

        impl crate::Event for $name {
            fn mismatches(&self) -> &[crate::Mismatch] {
                self.mismatches()
            }

            fn retry_key(&self) -> Option<crate::ReplayKey> {
                self.retry_key()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = crate::json::tree(deserializer)?;
                crate::event::sealed::FromJson::from_json(json).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A set of names that the vendor may add to.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* #[doc = concat!("Sent as `", $text, "`.")] $variant,)*
            /// One that this version does not know, as it was sent.
            Other(alloc::string::String),
        }

        impl $name {
            /// As the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(alloc::string::String::new())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text.into()),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::event::read::Read for $name {
            const EXPECTED: &'static str = "a name";

            fn read(
                json: &mut crate::json::Json<'_>,
                reader: &mut crate::event::read::Reader,
            ) -> Option<Self> {
                match json {
                    crate::json::Json::Text(text) => Some((&**text).into()),
                    _ => alloc::string::String::read(json, reader).map(Self::Other),
                }
            }
        }

        crate::event::read::deserialize_for!(crate::event::read::Zone::Unknown; $name);
    };
}

pub(crate) use {deserialize_for, event, open_enum, record, serialize_for};
