//! The events of system webhooks: the OAuth life cycle of a shop.

use alloc::string::String;

use super::{Integer, ShopId};
use crate::{
    error::{EventError, VerifyError},
    event::{
        EventTime,
        read::{
            self, Mismatches, Reader, Record as _, Required, Zone, event, open_enum, record,
            serialize_for,
        },
        sealed,
    },
    fingerprint::ReplayKey,
    json::Json,
    time::{ReplayWindow, Timestamp},
};

open_enum! {
    /// The kinds of system events (Trustoo Open API quick start, "OAuth Lifecycle Webhooks").
    pub enum EventKind {
        /// A merchant authorized your platform.
        AppAuthorized = "app/authorized",
        /// The platform's authorization for the shop was revoked.
        IntegrationDisconnected = "integration/disconnected",
        /// The merchant uninstalled the Trustoo app: all authorizations of the shop are revoked.
        AppUninstalled = "app/uninstalled",
    }
}

record! {
    /// An event of a system webhook (Trustoo Open API quick start, "OAuth Lifecycle Webhooks").
    ///
    /// An event that this version does not know is [`EventKind::Other`]. Every event has a
    /// `shop_id` and a `timestamp`; any other field that does not fit is `None`, see
    /// [`mismatches`](Self::mismatches).
    #[derive(Eq)]
    pub struct Event [mismatches: Mismatches,] {
        /// The kind of event.
        pub kind: EventKind = "event",
        /// The shop it happened in.
        pub shop_id: ShopId as Integer,
        /// The platform's `client_id`.
        pub platform: Option<String>,
        /// When it happened, in Unix seconds. A retry repeats it.
        pub timestamp: EventTime,
    }
}

impl Event {
    /// The event's name as the vendor writes it, such as `app/authorized`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kind.as_str()
    }

    /// `None`: a retry is the same bytes, so the delivery's fingerprint tells it.
    #[must_use]
    pub fn retry_key(&self) -> Option<ReplayKey> {
        None
    }

    /// Refuses an event whose [`timestamp`](Self::timestamp) the window does not hold.
    ///
    /// System webhooks sign no other time. Retries repeat it, so the window must be wide enough for
    /// the last of them, which comes after 135 minutes.
    ///
    /// # Errors
    /// As [`ReplayWindow::check`]; [`VerifyError::UnknownTime`] for a number beyond any date.
    pub fn check_age(&self, window: &ReplayWindow, now: Timestamp) -> Result<(), VerifyError> {
        EventTime::check(Some(&self.timestamp), window, now)
    }
}

impl sealed::FromJson for Event {
    fn from_json(json: Json<'_>) -> Result<Self, EventError> {
        let mut reader = Reader::new(Zone::Utc);
        let (_, object) = read::named_object(json)?;
        let mut event = Self::default();
        event.fill(object, &mut reader);
        event.mismatches = reader.finish()?;
        if !event.timestamp.is_number() {
            return Err(EventError::field("timestamp", "a number of seconds"));
        }
        Ok(event)
    }
}

impl Required for EventKind {}
serialize_for!(Event);
event!(Event);
