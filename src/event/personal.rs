//! Personal data, which `Debug` does not show.

use alloc::string::String;
use core::{fmt, ops};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::read::{Read, Reader, Zone, deserialize_for};
use crate::json::Json;

/// Data about a person, such as an e-mail address, a phone number or a name, or JSON that may hold
/// such data.
///
/// `Debug` shows `[redacted]` and there is no `Display`, so that it gets into no log by accident.
/// It can be used like the `T` that it holds. Serializing an event writes it in full.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Personal<T = String>(T);

impl<T> Personal<T> {
    /// The value itself, taken out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> ops::Deref for Personal<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Personal {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Read> Read for Personal<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn is_nothing(json: &Json<'_>) -> bool {
        T::is_nothing(json)
    }

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        T::read(json, reader).map(Self)
    }

    fn says(&self) -> bool {
        self.0.says()
    }
}

/// Takes anything; only `false` is nothing, as for text.
impl Read for Value {
    const EXPECTED: &'static str = "JSON";

    fn is_nothing(json: &Json<'_>) -> bool {
        String::is_nothing(json)
    }

    fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
        Some(core::mem::take(json).into_value())
    }
}

deserialize_for!(Zone::Unknown; Personal);
