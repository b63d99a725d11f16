//! What this version does not know.

use alloc::string::String;
use core::{fmt, ops};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The fields that this version does not know, by name, as JSON.
///
/// It can be used like the [`serde_json::Map`] that it holds. `Debug` shows only how many
/// there are: a new field may hold a customer's address.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(Map<String, Value>);

impl Extra {
    pub(crate) fn keep<'de, D: Deserializer<'de>>(
        &mut self,
        key: &str,
        value: D,
    ) -> Result<(), D::Error> {
        self.insert(key.into(), Value::deserialize(value)?);
        Ok(())
    }

    pub(crate) fn put<T: Serialize>(&mut self, key: &str, value: &T) {
        // What was read from JSON can be written as JSON.
        if let Ok(value) = serde_json::to_value(value) {
            self.insert(key.into(), value);
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.contains_key(key)
    }

    pub(crate) fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }
}

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

impl From<Extra> for Value {
    fn from(extra: Extra) -> Self {
        Self::Object(extra.0)
    }
}

impl IntoIterator for Extra {
    type Item = (String, Value);
    type IntoIter = serde_json::map::IntoIter;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}
