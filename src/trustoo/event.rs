//! The events of Trustoo: one file for each kind of webhook, and what they share.

pub(super) mod shop;
pub(super) mod system;

use alloc::string::{String, ToString as _};
use core::fmt;

use serde::{Serialize, Serializer};

use crate::{
    event::read::{Read, Reader, Required, Zone, deserialize_for},
    json::Json,
};

/// The Shopify ID of a shop (Trustoo Open API quick start).
///
/// Shop webhooks send it as a string, system webhooks as an integer: both are the same id here,
/// and equal if they have the same digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShopId(String);

impl ShopId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for ShopId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ShopId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<u64> for ShopId {
    fn from(id: u64) -> Self {
        Self(id.to_string())
    }
}

/// As shop webhooks send it.
impl Serialize for ShopId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A shop's id as system webhooks send it: an integer, unless it is none.
struct Integer<'a>(&'a ShopId);

impl Serialize for Integer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_str();
        match text.parse::<u64>() {
            // Not "007", which would come back as another id.
            Ok(id) if id.to_string() == text => serializer.serialize_u64(id),
            _ => serializer.serialize_str(text),
        }
    }
}

impl Read for ShopId {
    const EXPECTED: &'static str = String::EXPECTED;

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        String::read(json, reader).map(Self)
    }
}

impl Required for ShopId {}

deserialize_for!(Zone::Utc; ShopId);
