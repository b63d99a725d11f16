//! This crate's own JSON tree. Its depth is bounded, an object has each key once, and it is the
//! same with any features of `serde_json`.

use alloc::{
    borrow::{Cow, ToOwned},
    collections::BTreeSet,
    string::String,
    vec::Vec,
};
use core::{cell::Cell, fmt, iter};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::EventError;

/// Arrays and objects inside one another; one more is an error, as in `serde_json`.
const MAX_DEPTH: u8 = 127;

const TOO_DEEP: &str = "recursion limit exceeded";

/// The key under which `serde_json` with `arbitrary_precision` passes a number.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// A JSON value. Text is borrowed from the body where it holds no escapes.
#[derive(Clone, Debug, Default)]
pub enum Json<'a> {
    /// Was taken out by a reader.
    #[default]
    Taken,
    Null,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// The entries of an object in the order in which they were sent.
// Invariant: no key stands twice.
pub(crate) type Object<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// Reads JSON text. A UTF-8 byte order mark before it is skipped.
pub(crate) fn parse(text: &[u8]) -> Result<Json<'_>, EventError> {
    let text = without_mark(text);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let json = tree(&mut deserializer).map_err(|error| EventError::syntax(&error))?;
    deserializer.end().map_err(|error| EventError::syntax(&error))?;
    Ok(json)
}

/// Reads JSON text as a type of the caller's.
pub(crate) fn parse_as<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, EventError> {
    serde_json::from_slice(without_mark(text)).map_err(|error| EventError::of_type(&error))
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// Reads a value from any format.
pub(crate) fn tree<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json<'de>, D::Error> {
    Tree::ROOT.deserialize(deserializer)
}

impl Json<'_> {
    pub(crate) fn is_empty_text(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Taken)
    }

    /// The same value for the world outside. What was taken out is left out.
    ///
    /// Consumes the tree as it goes, so that the two together never take more memory than a parser
    /// that makes the result at once.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Taken | Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Unsigned(number) => number.into(),
            Self::Negative(number) => number.into(),
            // Only a finite number gets into a tree.
            Self::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
            Self::Text(text) => Value::String(text.into_owned()),
            // In place: the two types have the same size.
            Self::List(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(object) => Value::Object(into_map(object)),
        }
    }
}

/// The rest of an object after its fields were taken out.
pub(crate) fn into_map(object: Object<'_>) -> Map<String, Value> {
    let mut map = Map::new();
    // Not `collect`: that would gather all entries once more.
    for (key, value) in consume(object) {
        map.insert(key.into_owned(), value.into_value());
    }
    map
}

/// The entries that were not taken out. Memory is freed on the way.
pub(crate) fn consume(mut object: Object<'_>) -> impl Iterator<Item = (Cow<'_, str>, Json<'_>)> {
    /// Each time so many entries are gone.
    const STEP: usize = 4096;

    object.retain(|(_, value)| !value.is_taken());
    object.reverse();
    iter::from_fn(move || {
        let entry = object.pop();
        if object.len().is_multiple_of(STEP) {
            object.shrink_to_fit();
        }
        entry
    })
}

/// Takes the entry with this key out.
pub(crate) fn take<'a>(object: &mut Object<'a>, key: &str) -> Json<'a> {
    let entry = object.iter_mut().find(|(name, _)| name == key);
    entry.map_or(Json::Taken, |(_, value)| core::mem::take(value))
}

/// Keeps the last entry of each key.
fn keep_last(object: &mut Object<'_>) {
    if has_repeated_keys(object) {
        let mut seen = BTreeSet::new();
        let last: Vec<_> = object.iter().rev().map(|(key, _)| seen.insert(&**key)).collect();
        let mut last = last.into_iter().rev();
        object.retain(|_| last.next() == Some(true));
    }
}

/// `true` also where an object is too wide to look key by key.
fn has_repeated_keys(object: &Object<'_>) -> bool {
    // Marks are compared many at a time; keys only where the marks are equal.
    let mut marks = [0_u32; 48];
    for (at, (key, _)) in object.iter().enumerate() {
        let byte = |at| key.as_bytes().get(at).copied().unwrap_or_default();
        let length = u8::try_from(key.len()).unwrap_or(u8::MAX);
        let last = byte(key.len().saturating_sub(1));
        let mark = u32::from_be_bytes([length, byte(0), byte(4), last]);
        let Some((earlier, [slot, ..])) = marks.split_at_mut_checked(at) else { return true };
        if earlier.contains(&mark) && object.iter().take(at).any(|(earlier, _)| earlier == key) {
            return true;
        }
        *slot = mark;
    }
    false
}

/// A value at a depth, as a seed and its visitor.
#[derive(Clone, Copy)]
struct Tree<'c> {
    /// The number of arrays and objects around it.
    depth: u8,
    /// Where the value of [`NUMBER_KEY`] is read: set where it proves to be a number's digits.
    digits: Option<&'c Cell<bool>>,
}

impl Tree<'_> {
    const ROOT: Self = Self { depth: 0, digits: None };

    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH { Ok(self.deeper()) } else { Err(E::custom(TOO_DEEP)) }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), digits: None }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Unsigned(number))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(u64::try_from(number).map_or(Json::Negative(number), Json::Unsigned))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        if number.is_finite() {
            Ok(Json::Float(number))
        } else {
            Err(E::custom("number out of range"))
        }
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_string<E: Error>(self, text: String) -> Result<Json<'de>, E> {
        if let Some(digits) = self.digits {
            digits.set(true);
            return self.number(&text);
        }
        Ok(Json::Text(Cow::Owned(text)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        if self.depth > MAX_DEPTH {
            return Err(A::Error::custom(TOO_DEEP));
        }
        let mut object = Object::new();
        while let Some(key) = map.next_key_seed(self.deeper())? {
            let Json::Text(key) = key else { return Err(A::Error::custom("a key is no text")) };
            // With `arbitrary_precision`, a number comes as an object with this one key: the key as
            // a constant, its value as a `String`. If a body or a `Value` itself has that key, it
            // comes in another form.
            let digits = Cell::new(false);
            let mut seed = self.deeper();
            if object.is_empty() && matches!(key, Cow::Borrowed(NUMBER_KEY)) {
                seed.digits = Some(&digits);
            } else {
                self.inside()?;
            }
            let value = map.next_value_seed(seed)?;
            if digits.get() {
                return Ok(value);
            }
            object.push((key, value));
        }
        self.inside()?;
        keep_last(&mut object);
        Ok(Json::Object(object))
    }
}

impl Tree<'_> {
    /// The number of these digits, as `serde_json` reads it without `arbitrary_precision`.
    fn number<'de, E: Error>(self, digits: &str) -> Result<Json<'de>, E> {
        if let Ok(number) = digits.parse() {
            return Ok(Json::Unsigned(number));
        }
        match digits.parse() {
            Ok(0) => Ok(Json::Float(-0.0)),
            Ok(number) => Ok(Json::Negative(number)),
            Err(_) => match digits.parse() {
                Ok(number) => self.visit_f64(number),
                Err(_) => Err(E::custom("invalid number")),
            },
        }
    }
}
