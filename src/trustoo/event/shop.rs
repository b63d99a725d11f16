//! The events of shop webhooks: what a shop has subscribed to.

use super::ShopId;
use crate::{
    EventTime, Personal,
    json::{
        Buffered, Keep, Key, Leftovers, Lenient, Scalar, deserialize_required, open_enum, record,
    },
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
    ser::SerializeMap,
};

open_enum! {
    /// What a shop can subscribe to (Trustoo Open API quick start, "Supported Event Types").
    pub enum Topic {
        /// A review was written.
        ReviewCreated = "review/created",
        /// A review was changed.
        ReviewUpdated = "review/updated",
        /// A review was deleted.
        ReviewDeleted = "review/deleted",
        /// A customer did something with the reviews.
        CustomerEventCreated = "customer_event/created",
    }
}

impl Topic {
    /// The OAuth scope that a platform needs to subscribe to it (Trustoo, "Create Shop Webhook"),
    /// if it is known here.
    #[must_use]
    pub fn required_scope(&self) -> Option<&'static str> {
        match self {
            Self::ReviewCreated | Self::ReviewUpdated | Self::ReviewDeleted => {
                Some("write_reviews")
            }
            Self::CustomerEventCreated => Some("read_customer_events"),
            Self::Other(_) => None,
        }
    }
}

/// An event of a shop webhook (Trustoo Open API quick start, "Subscription Webhooks").
///
/// An event that this version does not know is [`EventKind::Other`], whatever its `data` looks
/// like; every event must have a `shop_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The shop it happened in.
    pub shop_id: ShopId,
    /// Fields beside `event`, `shop_id` and `data`, of which none is known to this version.
    #[cfg(feature = "json")]
    pub extra: crate::Extra,
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
}

/// What happened in a shop, with the event's `data`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `review/created`: a review was written.
    ReviewCreated(Review),
    /// `review/updated`: a review was changed; this is what it says now.
    ReviewUpdated(Review),
    /// `review/deleted`: a review was deleted.
    ReviewDeleted(DeletedReview),
    /// `customer_event/created`: a customer did something with the reviews.
    CustomerEventCreated(CustomerEvent),
    /// One that this version does not know.
    #[non_exhaustive]
    Other {
        /// As the vendor writes it.
        name: String,
        /// Its `data`, or `null` if it has none. `Debug` does not show it.
        #[cfg(feature = "json")]
        data: serde_json::Value,
    },
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReviewCreated(data) => f.debug_tuple("ReviewCreated").field(data).finish(),
            Self::ReviewUpdated(data) => f.debug_tuple("ReviewUpdated").field(data).finish(),
            Self::ReviewDeleted(data) => f.debug_tuple("ReviewDeleted").field(data).finish(),
            Self::CustomerEventCreated(data) => {
                f.debug_tuple("CustomerEventCreated").field(data).finish()
            }
            // Without the data: it may hold a customer's address.
            Self::Other { name, .. } => {
                f.debug_struct("Other").field("name", name).finish_non_exhaustive()
            }
        }
    }
}

record! {
    /// A review (Trustoo Open API quick start, `review/created` and `review/updated`).
    #[derive(Eq)]
    pub struct Review {
        [
            /// The review's id.
            #[serde(deserialize_with = "crate::json::required")]
            pub id: String,
            /// The pictures and videos that came with it.
            #[serde(
                default,
                deserialize_with = "crate::json::list",
                skip_serializing_if = "Vec::is_empty"
            )]
            pub media: Vec<Media>,
        ]
        /// Stars, from 1 to 5.
        pub rating: Option<u32>,
        /// The reviewer's name.
        pub author: Option<Personal>,
        /// The reviewer's e-mail address.
        pub author_email: Option<Personal>,
        /// The reviewer's phone number.
        pub author_phone: Option<Personal>,
        /// The reviewer's country, as its code of two letters (ISO 3166-1).
        pub author_country: Option<String>,
        /// The title.
        pub title: Option<String>,
        /// The text.
        pub content: Option<String>,
        /// When the review was written.
        pub commented_at: Option<EventTime>,
        /// What was reviewed, such as `product`.
        pub item_type: Option<String>,
        /// The order it belongs to.
        pub order_id: Option<String>,
        /// The product's variant.
        pub variant_id: Option<String>,
        /// How the review came in.
        pub source: Option<ReviewSource>,
        /// Whether the purchase is verified.
        pub is_verified: Option<bool>,
        /// Whether it is featured.
        pub is_featured: Option<bool>,
        /// Whether it is published.
        pub is_published: Option<bool>,
        /// Whether it is pinned to the top.
        pub is_top: Option<bool>,
        /// The label.
        pub tag: Option<String>,
        /// What sort of media it has.
        pub media_type: Option<MediaType>,
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
    /// How a review came in.
    pub enum ReviewSource {
        /// By a request that was mailed.
        Email = "email",
        /// In the shop.
        Storefront = "storefront",
        /// By the merchant.
        Admin = "admin",
    }
}

record! {
    /// A picture or video of a review.
    #[derive(Eq)]
    pub struct Media {
        /// Where it is.
        pub url: Option<String>,
        /// Where its thumbnail is.
        pub thumbnail_url: Option<String>,
        /// Picture or video: `type` in JSON.
        #[serde(rename = "type")]
        pub media_type: Option<MediaType>,
        /// Whether it is published.
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

impl Lenient for MediaType {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        Some(match u64::from_scalar(scalar)? {
            1 => Self::Image,
            2 => Self::Video,
            number => Self::Other(number),
        })
    }
}

deserialize_required!(MediaType);

record! {
    /// The merchant's reply to a review.
    #[derive(Eq)]
    pub struct Reply {
        /// The reply's id.
        pub id: Option<String>,
        /// The text.
        pub content: Option<String>,
        /// When it was written.
        pub reply_at: Option<EventTime>,
    }
}

record! {
    /// The product that a review is about.
    #[derive(Eq)]
    pub struct Product {
        /// The product's id.
        pub id: Option<String>,
        /// Its title.
        pub title: Option<String>,
        /// Its name in URLs.
        pub handle: Option<String>,
        /// Where its picture is.
        pub image_src: Option<String>,
        /// Where its page is.
        pub url: Option<String>,
    }
}

record! {
    /// What is left of a review (Trustoo Open API quick start, `review/deleted`).
    #[derive(Eq)]
    pub struct DeletedReview {
        [
            /// The review's id.
            #[serde(deserialize_with = "crate::json::required")]
            pub id: String,
        ]
        /// When it was deleted.
        pub deleted_at: Option<EventTime>,
    }
}

record! {
    /// What a customer did (Trustoo Open API quick start, `customer_event/created`).
    #[derive(Eq)]
    pub struct CustomerEvent {
        [
            /// The event's id.
            #[serde(deserialize_with = "crate::json::required")]
            pub id: String,
        ]
        /// The client (a browser, not a person).
        pub client_id: Option<String>,
        /// What was done.
        pub event_type: Option<CustomerEventType>,
        /// Where it was done.
        pub event_source: Option<EventSource>,
        /// On which sort of device.
        pub device_type: Option<DeviceType>,
        /// On which operating system.
        pub os_type: Option<OsType>,
        /// On which page.
        pub page_url: Option<String>,
        /// When.
        pub created_at: Option<EventTime>,
        /// The details, which depend on the type: JSON in a string, as it was sent. `Debug` does
        /// not show them.
        pub properties: Option<Personal>,
    }
}

impl CustomerEvent {
    /// The [`properties`](Self::properties) as JSON; `None` if there are none, or an empty string.
    ///
    /// # Errors
    ///
    /// [`EventError`](crate::EventError), with lines and columns of the string, if they are no
    /// JSON.
    #[cfg(feature = "json")]
    pub fn properties_json(&self) -> Result<Option<serde_json::Value>, crate::EventError> {
        self.properties
            .as_ref()
            .filter(|text| !text.as_str().is_empty())
            .map(|text| crate::json::from_slice(text.as_str().as_bytes()))
            .transpose()
    }
}

open_enum! {
    /// What a customer did.
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
    /// Where a customer did something.
    pub enum EventSource {
        /// In the shop.
        Storefront = "STOREFRONT",
        /// In a mail.
        Email = "EMAIL",
        /// In the admin.
        Admin = "ADMIN",
    }
}

open_enum! {
    /// A sort of device.
    pub enum DeviceType {
        /// A computer.
        Desktop = "Desktop",
        /// A phone.
        Mobile = "Mobile",
        /// A tablet.
        Tablet = "Tablet",
    }
}

open_enum! {
    /// An operating system.
    pub enum OsType {
        /// iOS.
        Ios = "IOS",
        /// Android.
        Android = "ANDROID",
        /// Windows.
        Windows = "WINDOWS",
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut topic = None;
        let mut shop_id = None;
        let mut kind = None;
        let mut early = None;
        let mut extra = Leftovers::default();
        while let Some(key) = map.next_key_seed(Key(&["event", "shop_id", "data"]))? {
            match (&*key, &topic) {
                ("event", None) => topic = Some(map.next_value::<Topic>()?),
                ("event", Some(_)) => return Err(Error::duplicate_field("event")),
                ("shop_id", _) if shop_id.is_some() => {
                    return Err(Error::duplicate_field("shop_id"));
                }
                ("shop_id", _) => shop_id = Some(map.next_value()?),
                ("data", _) if kind.is_some() || early.is_some() => {
                    return Err(Error::duplicate_field("data"));
                }
                ("data", Some(topic)) => kind = Some(map.next_value_seed(Data(topic))?),
                // What it means is not known before the event's name is.
                ("data", None) => early = Some(map.next_value::<Buffered>()?),
                _ => map.next_value_seed(Keep(&mut extra, &key))?,
            }
        }
        let topic = topic.ok_or_else(|| Error::missing_field("event"))?;
        let kind = match (kind, early) {
            (Some(kind), _) => kind,
            (None, Some(data)) => Data(&topic).deserialize(data.read())?,
            (None, None) if matches!(topic, Topic::Other(_)) => {
                Data(&topic).deserialize(Buffered::Null.read())?
            }
            (None, None) => return Err(Error::missing_field("data")),
        };
        Ok(Event {
            kind,
            shop_id: shop_id.ok_or_else(|| Error::missing_field("shop_id"))?,
            #[cfg(feature = "json")]
            extra,
        })
    }
}

/// Reads the `data` of a topic.
struct Data<'a>(&'a Topic);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = EventKind;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<EventKind, D::Error> {
        use crate::json::required;

        Ok(match self.0 {
            Topic::ReviewCreated => EventKind::ReviewCreated(required(data)?),
            Topic::ReviewUpdated => EventKind::ReviewUpdated(required(data)?),
            Topic::ReviewDeleted => EventKind::ReviewDeleted(required(data)?),
            Topic::CustomerEventCreated => EventKind::CustomerEventCreated(required(data)?),
            Topic::Other(name) => {
                #[cfg(not(feature = "json"))]
                serde::de::IgnoredAny::deserialize(data)?;
                EventKind::Other {
                    name: name.to_owned(),
                    #[cfg(feature = "json")]
                    data: serde_json::Value::deserialize(data)?,
                }
            }
        })
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name())?;
        map.serialize_entry("shop_id", &self.shop_id)?;
        match &self.kind {
            EventKind::ReviewCreated(data) | EventKind::ReviewUpdated(data) => {
                map.serialize_entry("data", data)?;
            }
            EventKind::ReviewDeleted(data) => map.serialize_entry("data", data)?,
            EventKind::CustomerEventCreated(data) => map.serialize_entry("data", data)?,
            #[cfg(feature = "json")]
            EventKind::Other { data, .. } => map.serialize_entry("data", data)?,
            #[cfg(not(feature = "json"))]
            EventKind::Other { .. } => {}
        }
        #[cfg(feature = "json")]
        for (key, value) in self.extra.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
