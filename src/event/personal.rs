//! What is about a person.

use alloc::string::String;
use core::fmt;

use serde::{Serialize, Serializer};

use super::read::{Read, Reader, Zone, deserialize_for};
use crate::json::Json;

/// Something about a person: an e-mail address, a phone number, a name.
///
/// `Debug` shows `[redacted]` and there is no `Display`, so that it gets into no log by accident.
/// [`as_str`](Self::as_str) gives it. Serializing an event writes it in full.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Personal(String);

impl Personal {
    /// The value itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value itself, taken out.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl AsRef<str> for Personal {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Personal {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Personal {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl Serialize for Personal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Read for Personal {
    const EXPECTED: &'static str = String::EXPECTED;

    fn is_nothing(json: &Json<'_>) -> bool {
        String::is_nothing(json)
    }

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        String::read(json, reader).map(Self)
    }

    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

deserialize_for!(Zone::Unknown; Personal);
