//! The events of Trustoo: one file for each kind of webhook, and what they share.

pub(super) mod shop;
pub(super) mod system;

use crate::json::{Lenient, Scalar, deserialize_required};
use alloc::string::{String, ToString};
use core::fmt;
use serde::{Serialize, Serializer};

/// The Shopify ID of a shop (Trustoo Open API quick start).
///
/// Shop webhooks send it as a string, system webhooks as an integer: both are the same id here,
/// and equal if they have the same digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ShopId(String);

impl ShopId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As system webhooks send it: an integer, unless it is none.
    fn serialize_integer<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<u64>() {
            // Not "007", which would come back as another id.
            Ok(id) if id.to_string() == self.0 => serializer.serialize_u64(id),
            _ => serializer.serialize_str(&self.0),
        }
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

impl Lenient for ShopId {
    const EXPECTED: &'static str = "a shop id as a string or an integer";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        String::from_scalar(scalar).map(Self)
    }
}

deserialize_required!(ShopId);
