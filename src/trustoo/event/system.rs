//! The events of system webhooks: the OAuth life cycle of a shop.

use super::ShopId;
use crate::{
    ReplayWindow, Timestamp, VerifyError,
    json::{Lenient, Scalar, open_enum},
};
use alloc::string::String;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

open_enum! {
    /// What happened (Trustoo Open API quick start, "OAuth Lifecycle Webhooks").
    pub enum EventKind {
        /// A merchant authorized your platform.
        AppAuthorized = "app/authorized",
        /// The platform's authorization for the shop was revoked.
        IntegrationDisconnected = "integration/disconnected",
        /// The merchant uninstalled the Trustoo app: all authorizations of the shop are revoked.
        AppUninstalled = "app/uninstalled",
    }
}

/// An event of a system webhook (Trustoo Open API quick start, "OAuth Lifecycle Webhooks").
///
/// An event that this version does not know is [`EventKind::Other`]; every event must have a
/// `shop_id` and a `timestamp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    #[serde(rename = "event")]
    pub kind: EventKind,
    /// The shop it happened in.
    #[serde(serialize_with = "ShopId::serialize_integer")]
    pub shop_id: ShopId,
    /// The platform's `client_id`.
    #[serde(
        default,
        deserialize_with = "crate::json::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub platform: Option<String>,
    /// When it happened, in Unix seconds. A retry repeats it.
    #[serde(deserialize_with = "read_timestamp", serialize_with = "write_timestamp")]
    pub timestamp: Timestamp,
    /// Fields that this version does not know.
    #[cfg(feature = "json")]
    #[serde(flatten)]
    pub extra: crate::Extra,
}

impl Event {
    /// Refuses an event that is older (or newer) than the window allows.
    ///
    /// A system webhook has no timestamp in its headers: the event's time is all there is to tell
    /// an old one. Since retries repeat it, the window must be wide enough for the last of them.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] as [`ReplayWindow::check`] gives it.
    pub fn check_age(&self, window: &ReplayWindow, now: Timestamp) -> Result<(), VerifyError> {
        window.check(self.timestamp, now)
    }
}

struct UnixSeconds(u64);

impl Lenient for UnixSeconds {
    const EXPECTED: &'static str = "Unix seconds";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        u64::from_scalar(scalar).map(Self)
    }
}

fn read_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let UnixSeconds(seconds) = crate::json::required(deserializer)?;
    Ok(Timestamp::from_unix(seconds))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn write_timestamp<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_unix())
}
