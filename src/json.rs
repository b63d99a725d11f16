//! Reading JSON the way PHP writes it, and the buffer for what comes before `event`.
//!
//! Everything goes through [`Read`], one visitor that takes any JSON value and asks the wanted
//! type, by [`Lenient`], whether it can be made of it.

use alloc::{
    borrow::{Cow, ToOwned},
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
        Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
};

#[cfg(feature = "json")]
pub(crate) use crate::value::Extra as Leftovers;
#[cfg(feature = "json")]
pub(crate) use body::from_slice;

/// A JSON value that is neither an object, an array nor `null`.
#[derive(Clone, Copy)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(&'a str),
}

impl Scalar<'_> {
    fn integer(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Negative(value), Self::Unsigned)
    }

    /// A number from its text.
    fn number(text: &str) -> Option<Self> {
        let integer = text.parse().map(Self::Unsigned).ok();
        integer
            .or_else(|| text.parse().map(Self::integer).ok())
            .or_else(|| text.parse().map(Self::Float).ok())
    }

    /// What serde's messages call it. The error drops that part, since it quotes the value.
    fn unexpected(&self) -> Unexpected<'_> {
        match *self {
            Self::Bool(value) => Unexpected::Bool(value),
            Self::Unsigned(value) => Unexpected::Unsigned(value),
            Self::Negative(value) => Unexpected::Signed(value),
            Self::Float(value) => Unexpected::Float(value),
            Self::Text(value) => Unexpected::Str(value),
        }
    }
}

/// A type that is read from JSON as PHP writes it.
pub(crate) trait Lenient: Sized {
    const EXPECTED: &'static str;

    fn from_scalar(_: Scalar<'_>) -> Option<Self> {
        None
    }

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        // With serde_json's feature `arbitrary_precision`, which any crate of a build may turn on
        // for all, a number arrives as an object of this one key.
        if let Some("$serde_json::private::Number") = map.next_key::<String>()?.as_deref() {
            let number: String = map.next_value()?;
            if let Some(value) = Scalar::number(&number).and_then(Self::from_scalar) {
                return Ok(value);
            }
        }
        Err(Error::invalid_type(Unexpected::Map, &Self::EXPECTED))
    }

    fn from_seq<'de, A: SeqAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(Error::invalid_type(Unexpected::Seq, &Self::EXPECTED))
    }
}

/// Reads a value; `null` is `None`.
pub(crate) fn optional<'de, T: Lenient, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Read::new(false))
}

/// Reads a value that must not be `null`.
pub(crate) fn required<'de, T: Lenient, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    // The visitor refuses a null itself, as only there the error gets the null's place.
    let value = deserializer.deserialize_any(Read::new(true))?;
    value.ok_or_else(|| Error::invalid_type(Unexpected::Unit, &T::EXPECTED))
}

/// Reads a list; `null` is an empty one.
pub(crate) fn list<'de, T: Lenient, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(optional::<List<T>, D>(deserializer)?.map_or_else(Vec::new, |list| list.0))
}

/// Reads an object; `[]` is an empty one, since PHP writes it so.
pub(crate) fn object_from_seq<'de, T: Lenient + Deserialize<'de>, A: SeqAccess<'de>>(
    mut seq: A,
) -> Result<T, A::Error> {
    match seq.next_element::<IgnoredAny>()? {
        None => T::deserialize(MapDeserializer::new(core::iter::empty::<(&str, &str)>())),
        Some(_) => Err(Error::invalid_type(Unexpected::Seq, &T::EXPECTED)),
    }
}

struct Read<T> {
    required: bool,
    of: PhantomData<T>,
}

impl<T: Lenient> Read<T> {
    fn new(required: bool) -> Self {
        Self { required, of: PhantomData }
    }

    fn null<E: Error>(self) -> Result<Option<T>, E> {
        if self.required {
            return Err(E::invalid_type(Unexpected::Unit, &self));
        }
        Ok(None)
    }

    fn scalar<E: Error>(scalar: Scalar<'_>) -> Result<Option<T>, E> {
        match T::from_scalar(scalar) {
            None => Err(E::invalid_value(scalar.unexpected(), &T::EXPECTED)),
            value => Ok(value),
        }
    }
}

impl<'de, T: Lenient> Visitor<'de> for Read<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.null()
    }
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.null()
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Self::scalar(Scalar::Bool(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::scalar(Scalar::Unsigned(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::scalar(Scalar::integer(value))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Self::scalar(Scalar::Float(value))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::scalar(Scalar::Text(value))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_map(map).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::from_seq(seq).map(Some)
    }
}

/// [`required`] as a type.
pub(crate) struct Required<T>(pub(crate) T);

impl<'de, T: Lenient> Deserialize<'de> for Required<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer).map(Self)
    }
}

struct List<T>(Vec<T>);

impl<T: Lenient> Lenient for List<T> {
    const EXPECTED: &'static str = "an array";

    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(Required(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Self(items))
    }
}

impl Lenient for String {
    const EXPECTED: &'static str = "a string";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => Some(text.to_owned()),
            Scalar::Unsigned(number) => Some(number.to_string()),
            Scalar::Negative(number) => Some(number.to_string()),
            Scalar::Bool(_) | Scalar::Float(_) => None,
        }
    }
}

impl Lenient for bool {
    const EXPECTED: &'static str = "a boolean, 0 or 1";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Bool(value) => Some(value),
            Scalar::Unsigned(0) | Scalar::Text("0") => Some(false),
            Scalar::Unsigned(1) | Scalar::Text("1") => Some(true),
            _ => None,
        }
    }
}

impl Lenient for u64 {
    const EXPECTED: &'static str = "an unsigned integer";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Unsigned(number) => Some(number),
            Scalar::Float(number) => whole(number),
            Scalar::Text(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            Scalar::Bool(_) | Scalar::Negative(_) => None,
        }
    }
}

impl Lenient for u32 {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        u64::from_scalar(scalar)?.try_into().ok()
    }
}

/// `34.0` is 34, while a float so large that it may have been rounded is no integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "the casts are exact in the range, and the comparison finds a fraction"
)]
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    ((0.0..=EXACT).contains(&number) && number as u64 as f64 == number).then_some(number as u64)
}

impl Lenient for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        let number = match scalar {
            Scalar::Float(number) => number,
            #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
            Scalar::Unsigned(number) => number as Self,
            #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
            Scalar::Negative(number) => number as Self,
            Scalar::Text(text) => text.parse().ok()?,
            Scalar::Bool(_) => return None,
        };
        // "inf" and "nan" are numbers to Rust, but could not be written as JSON again.
        number.is_finite().then_some(number)
    }
}

/// Any JSON value, kept until the event's name is known.
#[derive(Debug)]
pub(crate) enum Buffered {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(String),
    Seq(Vec<Buffered>),
    Map(Vec<(String, Buffered)>),
}

impl<'de> Deserialize<'de> for Buffered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BufferedVisitor;

        impl<'de> Visitor<'de> for BufferedVisitor {
            type Value = Buffered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Buffered, E> {
                Ok(Buffered::Null)
            }
            fn visit_none<E>(self) -> Result<Buffered, E> {
                Ok(Buffered::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<Buffered, D::Error> {
                Buffered::deserialize(some)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Buffered, E> {
                Ok(Buffered::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Buffered, E> {
                Ok(Buffered::Unsigned(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Buffered, E> {
                Ok(Buffered::Negative(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Buffered, E> {
                Ok(Buffered::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Buffered, E> {
                Ok(Buffered::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Buffered, E> {
                Ok(Buffered::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Buffered, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Buffered::Seq(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Buffered, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Buffered::Map(entries))
            }
        }

        deserializer.deserialize_any(BufferedVisitor)
    }
}

impl Buffered {
    /// Of fields that an object repeats keeps the last, here and further down; not inside a list,
    /// which no record is read from.
    pub(crate) fn keep_last_of_repeated(&mut self) {
        if let Self::Map(entries) = self {
            let mut last = BTreeMap::new();
            for (key, mut value) in core::mem::take(entries) {
                value.keep_last_of_repeated();
                last.insert(key, value);
            }
            entries.extend(last);
        }
    }

    pub(crate) fn read<E>(&self) -> BufferedReader<'_, E> {
        BufferedReader(self, PhantomData)
    }
}

pub(crate) struct BufferedReader<'a, E>(&'a Buffered, PhantomData<E>);

impl<'de, E: Error> Deserializer<'de> for BufferedReader<'_, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            Buffered::Null => visitor.visit_unit(),
            Buffered::Bool(value) => visitor.visit_bool(*value),
            Buffered::Unsigned(value) => visitor.visit_u64(*value),
            Buffered::Negative(value) => visitor.visit_i64(*value),
            Buffered::Float(value) => visitor.visit_f64(*value),
            Buffered::Text(value) => visitor.visit_str(value),
            Buffered::Seq(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(Buffered::read)))
            }
            Buffered::Map(entries) => visitor.visit_map(MapDeserializer::new(
                entries.iter().map(|(key, value)| (key.as_str(), value.read())),
            )),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<E: Error> IntoDeserializer<'_, E> for BufferedReader<'_, E> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a key: one of the names without allocating, any other as it is.
pub(crate) struct Key(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'static, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Cow<'static, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let name = self.0.iter().find(|name| **name == key);
        Ok(name.map_or_else(|| Cow::Owned(key.to_owned()), |name| Cow::Borrowed(*name)))
    }
}

/// Without the feature `json` there is no type to keep unknown fields in: they are skipped.
#[cfg(not(feature = "json"))]
#[derive(Default)]
pub(crate) struct Leftovers(());

#[cfg(not(feature = "json"))]
#[expect(clippy::unused_self, reason = "the interface of the type that keeps them")]
impl Leftovers {
    pub(crate) fn keep<'de, D: Deserializer<'de>>(
        &mut self,
        _: &str,
        value: D,
    ) -> Result<(), D::Error> {
        IgnoredAny::deserialize(value).map(drop)
    }
    pub(crate) fn forget(&mut self, _: &str) {}
    pub(crate) fn put<T>(&mut self, _: &str, _: &T) {}
    pub(crate) fn has(&self, _: &str) -> bool {
        false
    }
}

/// As the seed of a map's value: keeps it as a leftover.
pub(crate) struct Keep<'a>(pub(crate) &'a mut Leftovers, pub(crate) &'a str);

impl<'de> DeserializeSeed<'de> for Keep<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.keep(self.1, deserializer)
    }
}

pub(crate) fn record_from_map<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    map: A,
) -> Result<T, A::Error> {
    T::deserialize(MapAccessDeserializer::new(map))
}

/// An object of a vendor. Each field may be absent or `null`, and unknown ones are kept in
/// `extra`; those in brackets state their own rules.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $([$($own:tt)*])?
            $($(#[$field_meta:meta])* pub $field:ident: Option<$type:ty>,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $($($own)*)?
            $(
                $(#[$field_meta])*
                #[serde(
                    default,
                    deserialize_with = "crate::json::optional",
                    skip_serializing_if = "Option::is_none"
                )]
                pub $field: Option<$type>,
            )*
            /// Fields that this version does not know.
            #[cfg(feature = "json")]
            #[serde(flatten)]
            pub extra: crate::Extra,
        }

        impl crate::json::Lenient for $name {
            const EXPECTED: &'static str = "an object";

            fn from_map<'de, A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
                crate::json::record_from_map(map)
            }
            fn from_seq<'de, A: serde::de::SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
                crate::json::object_from_seq(seq)
            }
        }
    };
}

/// A set of strings that the vendor may add to.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
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

        impl crate::json::Lenient for $name {
            const EXPECTED: &'static str = "a string";

            fn from_scalar(scalar: crate::json::Scalar<'_>) -> Option<Self> {
                match scalar {
                    crate::json::Scalar::Text(text) => Some(text.into()),
                    other => alloc::string::String::from_scalar(other).map(Self::Other),
                }
            }
        }

        crate::json::deserialize_required!($name);
    };
}

/// `Deserialize` for a type that is [`Lenient`].
macro_rules! deserialize_required {
    ($($name:ty),*) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::json::required(deserializer)
            }
        }
    )*};
}

pub(crate) use {deserialize_required, open_enum, record};

#[cfg(feature = "json")]
mod body {
    use crate::error::EventError;
    use alloc::string::String;
    use core::fmt;
    use serde::{
        Deserialize, Deserializer,
        de::{DeserializeOwned, DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess, Visitor},
    };
    use serde_path_to_error::Track;

    /// Reads a body. A UTF-8 byte order mark before it is skipped.
    pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, EventError> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        serde_json::from_slice(body).map_err(|error| explain::<T>(body, &error))
    }

    #[derive(Deserialize)]
    struct Name {
        event: String,
    }

    /// Reads a body that is known to be wrong again, now noting where one is: so nothing that is
    /// right pays for it.
    #[cold]
    fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> EventError {
        let json = || serde_json::Deserializer::from_slice(body);
        let Err(tracked) = serde_path_to_error::deserialize::<_, T>(&mut json()) else {
            // Only what follows the JSON is wrong.
            return EventError::new(error, &Track::new().path());
        };
        let tracked_error = || EventError::new(tracked.inner(), tracked.path());
        if tracked.path().iter().next().is_some() {
            return tracked_error();
        }
        // A field that stands before `event` is read from the buffer, where no path is known: so
        // the event's name is given first.
        let Ok(Name { event }) = serde_json::from_slice(body) else {
            return tracked_error();
        };
        let first = EventFirst { inner: &mut json(), event: &event };
        match serde_path_to_error::deserialize::<_, T>(first) {
            Err(error) => EventError::new(error.inner(), error.path()),
            Ok(_) => tracked_error(),
        }
    }

    /// A deserializer, visitor and map that gives the entry `event` before all others.
    struct EventFirst<'a, T> {
        inner: T,
        event: &'a str,
    }

    impl<'de, D: Deserializer<'de>> Deserializer<'de> for EventFirst<'_, D> {
        type Error = D::Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.deserialize_any(EventFirst { inner: visitor, event: self.event })
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
            option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
            identifier ignored_any
        }
    }

    impl<'de, V: Visitor<'de>> Visitor<'de> for EventFirst<'_, V> {
        type Value = V::Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.inner.expecting(f)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
            self.inner.visit_map(EventFirstMap { map, event: self.event, at: At::Start })
        }
    }

    struct EventFirstMap<'a, A> {
        map: A,
        event: &'a str,
        at: At,
    }

    enum At {
        Start,
        Event,
        Rest,
    }

    impl<'de, A: MapAccess<'de>> MapAccess<'de> for EventFirstMap<'_, A> {
        type Error = A::Error;

        fn next_key_seed<K: DeserializeSeed<'de>>(
            &mut self,
            seed: K,
        ) -> Result<Option<K::Value>, A::Error> {
            if let At::Start = self.at {
                self.at = At::Event;
                return seed.deserialize("event".into_deserializer()).map(Some);
            }
            while let Some(key) = self.map.next_key::<String>()? {
                if key != "event" {
                    return seed.deserialize(key.into_deserializer()).map(Some);
                }
                self.map.next_value::<IgnoredAny>()?;
            }
            Ok(None)
        }

        fn next_value_seed<V: DeserializeSeed<'de>>(
            &mut self,
            seed: V,
        ) -> Result<V::Value, A::Error> {
            if let At::Event = self.at {
                self.at = At::Rest;
                return seed.deserialize(self.event.into_deserializer());
            }
            self.map.next_value_seed(seed)
        }
    }
}
