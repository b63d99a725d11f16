//! The events of shop webhooks: what a shop has subscribed to.

use alloc::{string::String, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use super::ShopId;
use crate::{
    error::{EventError, VerifyError},
    event::{
        EventTime, Personal,
        read::{
            self, Field as _, Mismatches, Read, Reader, Record, Zone, deserialize_for, event,
            open_enum, record, serialize_for,
        },
        sealed,
    },
    fingerprint::ReplayKey,
    json::{self, Json},
    time::{ReplayWindow, Timestamp},
    trustoo::shop::Topic,
};

record! {
    /// An event of a shop webhook (Trustoo Open API quick start, "Subscription Webhooks").
    ///
    /// An event that this version does not know is [`EventKind::Other`], with any `data`. Every
    /// event has a `shop_id`, and every review its `id`; any other field that does not fit is
    /// `None`, see [`mismatches`](Self::mismatches).
    #[derive(Eq)]
    pub struct Event [
        /// The event, with its `data`.
        pub kind: EventKind,
        mismatches: Mismatches,
    ] {
        /// The shop it happened in.
        pub shop_id: ShopId,
    }
}

/// The kinds of shop events, each with its `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `review/created`: a review was written.
    ReviewCreated(Review),
    /// `review/updated`: a review was changed; this is what it says now.
    ReviewUpdated(Review),
    /// `review/deleted`: a review was deleted, or hidden.
    ReviewDeleted(DeletedReview),
    /// `customer_event/created`: a customer did something with the reviews.
    CustomerEventCreated(CustomerEvent),
    /// One that this version does not know, or a customer event whose `data` is no object.
    #[non_exhaustive]
    Other {
        /// As the vendor writes it.
        name: String,
        /// Its `data`, or `null` if it has none.
        data: Personal<Value>,
    },
}

impl Default for EventKind {
    fn default() -> Self {
        Self::Other { name: String::new(), data: Value::Null.into() }
    }
}

impl EventKind {
    fn read(name: String, mut data: Json<'_>, reader: &mut Reader) -> Self {
        match &*name {
            "review/created" => Self::ReviewCreated(record(&mut data, reader)),
            "review/updated" => Self::ReviewUpdated(record(&mut data, reader)),
            "review/deleted" => Self::ReviewDeleted(record(&mut data, reader)),
            "customer_event/created" => {
                let mut event = None::<CustomerEvent>;
                event.fill(&mut data, reader);
                if data.is_taken() {
                    return Self::CustomerEventCreated(event.unwrap_or_default());
                }
                Self::Other { name, data: data.into_value().into() }
            }
            _ => Self::Other { name, data: data.into_value().into() },
        }
    }
}

/// A record with a field that must be there, so that what is no object is an error.
fn record<T: Record>(data: &mut Json<'_>, reader: &mut Reader) -> T {
    let mut record = T::default();
    let object = if let Json::Object(object) = data { core::mem::take(object) } else { Vec::new() };
    record.fill(object, reader);
    record
}

impl Event {
    /// The event's name as the vendor writes it, such as `review/created`.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.kind {
            EventKind::ReviewCreated(_) => "review/created",
            EventKind::ReviewUpdated(_) => "review/updated",
            EventKind::ReviewDeleted(_) => "review/deleted",
            EventKind::CustomerEventCreated(_) => "customer_event/created",
            EventKind::Other { name, .. } => name,
        }
    }

    /// The topic that it was sent for.
    #[must_use]
    pub fn topic(&self) -> Topic {
        self.name().into()
    }

    /// The key that this delivery shares with its retries, from all that it says: a retry repeats
    /// the body under a fresh timestamp.
    #[must_use]
    pub fn retry_key(&self) -> Option<ReplayKey> {
        let said = serde_json::to_vec(self).ok()?;
        Some(ReplayKey::derive(["trustoo/shop".as_bytes(), &said]))
    }

    /// Refuses an event whose time is outside the window. The time of a review is its last change;
    /// otherwise it is the creation or deletion. Retries repeat it. The time of each attempt is in
    /// the headers, and the verifier checks it.
    ///
    /// # Errors
    /// As [`ReplayWindow::check`]; [`VerifyError::UnknownTime`] where there is no time.
    pub fn check_age(&self, window: &ReplayWindow, now: Timestamp) -> Result<(), VerifyError> {
        let time = match &self.kind {
            EventKind::ReviewCreated(review) | EventKind::ReviewUpdated(review) => {
                review.updated_at.as_ref().or(review.created_at.as_ref())
            }
            EventKind::ReviewDeleted(review) => review.deleted_at.as_ref(),
            EventKind::CustomerEventCreated(event) => event.created_at.as_ref(),
            EventKind::Other { .. } => None,
        };
        EventTime::check(time, window, now)
    }
}

impl sealed::FromJson for Event {
    fn from_json(json: Json<'_>) -> Result<Self, EventError> {
        let mut reader = Reader::new(Zone::Utc);
        let (name, mut object) = read::named_object(json)?;
        json::take(&mut object, "event");
        let data = json::take(&mut object, "data");
        let mut event = Self::default();
        event.fill(object, &mut reader);
        event.kind = reader.field("data", |reader| EventKind::read(name.into(), data, reader));
        event.mismatches = reader.finish()?;
        Ok(event)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name())?;
        match &self.kind {
            EventKind::ReviewCreated(data) | EventKind::ReviewUpdated(data) => {
                map.serialize_entry("data", data)?;
            }
            EventKind::ReviewDeleted(data) => map.serialize_entry("data", data)?,
            EventKind::CustomerEventCreated(data) => map.serialize_entry("data", data)?,
            EventKind::Other { data, .. } if data.is_null() => {}
            EventKind::Other { data, .. } => map.serialize_entry("data", data)?,
        }
        self.write(&mut map)?;
        map.end()
    }
}

event!(Event);

record! {
    /// A review (Trustoo Open API quick start, `review/created` and `review/updated`).
    #[derive(Eq)]
    pub struct Review {
        /// The review's id.
        pub id: String,
        /// Stars, from 1 to 5.
        pub rating: Option<u32>,
        pub author: Option<Personal>,
        pub author_email: Option<Personal>,
        pub author_phone: Option<Personal>,
        /// The reviewer's country, as its code of two letters (ISO 3166-1).
        pub author_country: Option<String>,
        pub title: Option<String>,
        pub content: Option<String>,
        /// When the review was written.
        pub commented_at: Option<EventTime>,
        /// The kind of item that was reviewed, such as `product`.
        pub item_type: Option<String>,
        pub order_id: Option<String>,
        /// The product's variant.
        pub variant_id: Option<String>,
        /// The channel that the review came in by.
        pub source: Option<ReviewSource>,
        /// Whether the purchase is verified.
        pub is_verified: Option<bool>,
        pub is_featured: Option<bool>,
        pub is_published: Option<bool>,
        /// Whether it is pinned to the top.
        pub is_top: Option<bool>,
        pub tag: Option<String>,
        /// The kind of media that it has.
        pub media_type: Option<MediaType>,
        /// The pictures and videos that came with it, as far as they fit.
        pub media: Vec<Media>,
        /// The merchant's reply.
        pub reply: Option<Reply>,
        /// The product that was reviewed.
        pub product: Option<Product>,
        /// When the review was made in Trustoo.
        pub created_at: Option<EventTime>,
        /// When it was last changed there.
        pub updated_at: Option<EventTime>,
    }
}

open_enum! {
    /// A channel by which reviews come in.
    pub enum ReviewSource {
        /// By a request that was mailed.
        Email = "email",
        Storefront = "storefront",
        Admin = "admin",
    }
}

record! {
    /// A picture or video of a review.
    #[derive(Eq)]
    pub struct Media {
        pub url: Option<String>,
        pub thumbnail_url: Option<String>,
        /// Picture or video: `type` in JSON.
        pub media_type: Option<MediaType> = "type",
        pub is_published: Option<bool>,
    }
}

/// Picture or video, a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaType {
    /// 1
    Image,
    /// 2
    Video,
    /// One that this version does not know.
    Other(u64),
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(match self {
            Self::Image => 1,
            Self::Video => 2,
            Self::Other(number) => *number,
        })
    }
}

impl Read for MediaType {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        Some(match u64::read(json, reader)? {
            1 => Self::Image,
            2 => Self::Video,
            number => Self::Other(number),
        })
    }
}

deserialize_for!(Zone::Utc; MediaType);

record! {
    /// The merchant's reply to a review.
    #[derive(Eq)]
    pub struct Reply {
        /// The reply's id.
        pub id: Option<String>,
        pub content: Option<String>,
        pub reply_at: Option<EventTime>,
    }
}

record! {
    /// The product that a review is about.
    #[derive(Eq)]
    pub struct Product {
        /// The product's id.
        pub id: Option<String>,
        pub title: Option<String>,
        pub handle: Option<String>,
        pub image_src: Option<String>,
        pub url: Option<String>,
    }
}

record! {
    /// A review that was deleted (Trustoo Open API quick start, `review/deleted`).
    #[derive(Eq)]
    pub struct DeletedReview {
        /// The review's id.
        pub id: String,
        pub deleted_at: Option<EventTime>,
    }
}

record! {
    /// An action of a customer (Trustoo Open API quick start, `customer_event/created`).
    #[derive(Eq)]
    pub struct CustomerEvent {
        /// The event's id.
        pub id: Option<String>,
        /// The client (a browser, not a person).
        pub client_id: Option<String>,
        /// The kind of action.
        pub event_type: Option<CustomerEventType>,
        /// The place where it was done.
        pub event_source: Option<EventSource>,
        pub device_type: Option<DeviceType>,
        pub os_type: Option<OsType>,
        /// The page on which it was done.
        pub page_url: Option<String>,
        /// The time at which it was done.
        pub created_at: Option<EventTime>,
        /// The details, which depend on the type: JSON in a text, as it was sent, or the JSON
        /// itself.
        pub properties: Option<Personal<Value>>,
    }
}

impl CustomerEvent {
    /// The [`properties`](Self::properties) as JSON; `None` if there are none, or an empty text.
    ///
    /// # Errors
    /// [`EventError`], with the line and column in the text, if they are text that is no JSON.
    pub fn properties_json(&self) -> Result<Option<Value>, EventError> {
        match self.properties.as_deref() {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(json::parse(text.as_bytes())?.into_value())),
            Some(json) => Ok(Some(json.clone())),
        }
    }
}

open_enum! {
    /// A kind of action by a customer.
    pub enum CustomerEventType {
        /// Saw a review.
        ViewReview = "VIEW_REVIEW",
        /// Opened the whole text.
        ExpandContent = "EXPAND_CONTENT",
        /// Sent a review.
        SubmitReview = "SUBMIT_REVIEW",
        /// Clicked on a review.
        ClickReview = "CLICK_REVIEW",
    }
}

open_enum! {
    /// The place of a customer's action.
    pub enum EventSource {
        Storefront = "STOREFRONT",
        Email = "EMAIL",
        Admin = "ADMIN",
    }
}

open_enum! {
    /// A sort of device.
    pub enum DeviceType {
        Desktop = "Desktop",
        Mobile = "Mobile",
        Tablet = "Tablet",
    }
}

open_enum! {
    /// An operating system.
    pub enum OsType {
        Ios = "IOS",
        Android = "ANDROID",
        Windows = "WINDOWS",
    }
}

serialize_for!(Review Media Reply Product DeletedReview CustomerEvent);
deserialize_for!(Zone::Utc; Review Media Reply Product DeletedReview CustomerEvent);
