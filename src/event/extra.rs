//! The parts of an object that no field took.

use alloc::string::String;
use core::{fmt, ops};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The fields of an object that this version does not know, and those whose value did not fit, by
/// name and as they were sent.
///
/// It can be used like the [`serde_json::Map`] that it holds. `Debug` shows only how many there
/// are: a new field may hold a customer's address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extra(Map<String, Value>);

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} fields]", self.0.len())
    }
}

impl ops::Deref for Extra {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl ops::DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}
