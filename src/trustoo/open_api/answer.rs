//! Answers of the Open API.

use alloc::{borrow::Cow, string::String};
use core::{error::Error, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::UnitDeserializer},
};

use super::Status;
use crate::{
    error::EventError,
    event::{
        EventTime,
        read::{Read, Reader, Zone, is_nothing},
    },
    json::{self, Json},
    time::Timestamp,
};

/// The Open API's answer to a request that succeeded (Quick Start, 5).
///
/// ```
/// use trusthooks::trustoo::open_api::{Answer, AnswerError, Status};
///
/// #[derive(serde::Deserialize)]
/// struct Webhook {
///     id: String,
/// }
///
/// let body = br#"{"code":0,"message":"success","time":1750417608,"request_id":"dbf9af0f",
///     "data":{"id":"19","topic":"review/created","created_at":"2025-06-20T11:06:48Z"}}"#;
/// let answer = Answer::<Webhook>::from_bytes(body)?;
/// assert_eq!(answer.data.id, "19");
///
/// let body = br#"{"code":7,"message":"Sorry, no permission.","data":null,"request_id":"dbf9af0f"}"#;
/// let Err(AnswerError::Refused(error)) = Answer::<Webhook>::from_bytes(body) else { panic!() };
/// assert_eq!(error.status, Status::PermissionDenied);
/// assert_eq!(error.to_string(), "PermissionDenied (7), request dbf9af0f");
/// # Ok::<(), AnswerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The data that was asked for.
    pub data: T,
    /// The vendor's trace id; empty where the answer has none.
    pub request_id: String,
    /// When the server answered, by its clock.
    #[cfg_attr(feature = "std", doc = "For [`Clock::observe`](super::Clock::observe).")]
    pub time: Option<Timestamp>,
}

impl<T: DeserializeOwned> Answer<T> {
    /// Reads an answer's body.
    ///
    /// Success is code 0, or 2000 in answers of an older version. `code` and `time` may be text, and
    /// undocumented fields are skipped. An absent `data` counts as `null`: use an `Option` if there
    /// may be none, and [`serde::de::IgnoredAny`] if it does not matter.
    ///
    /// # Errors
    /// [`AnswerError::Refused`] if the answer says that the request failed, even if its `data` is
    /// not a `T`; [`AnswerError::Unreadable`] if it is not JSON, has no `code`, or its `data` is
    /// not a `T`.
    pub fn from_bytes(body: &[u8]) -> Result<Self, AnswerError> {
        let Head { status, message, request_id, time } = Head::read(body)?;
        if !status.is_ok() {
            return Err(ApiError { status, message, request_id, time }.into());
        }
        let Data(data) = json::parse_as(body)?;
        Ok(Self { data, request_id, time })
    }
}

/// Why there is no [`Answer`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The server answered that the request failed.
    Refused(ApiError),

    /// The body is not an answer of the Open API with the data that was asked for. The answer of a
    /// proxy between client and server, usually a page of HTML, gives this error too. Look at the
    /// HTTP status first: the Open API leaves it at 200.
    Unreadable(EventError),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Unreadable(_) => f.write_str("the answer could not be read"),
        }
    }
}

impl Error for AnswerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Unreadable(cause) => Some(cause),
        }
    }
}

impl From<ApiError> for AnswerError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<EventError> for AnswerError {
    fn from(error: EventError) -> Self {
        Self::Unreadable(error)
    }
}

/// An answer that says that the request failed (Quick Start, 5).
///
/// `Display` and `Debug` show everything but the message, so both may be logged.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// Why, for programs.
    pub status: Status,
    /// Why, for people, in the vendor's words. It may repeat what was sent.
    pub message: String,
    /// The vendor's trace id, for the vendor's support; empty where the answer has none.
    pub request_id: String,
    /// When the server answered, by its clock.
    #[cfg_attr(feature = "std", doc = "For [`Clock::observe`](super::Clock::observe).")]
    pub time: Option<Timestamp>,
}

/// The request id in a form that is safe to log.
struct Loggable<'a>(&'a str);

impl fmt::Display for Loggable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Twice the length of the vendor's.
        const MOST: usize = 64;

        self.0.chars().take(MOST).try_for_each(|char| char.escape_default().fmt(f))
    }
}

impl fmt::Debug for Loggable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.request_id.is_empty() {
            write!(f, ", request {}", Loggable(&self.request_id))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("request_id", &Loggable(&self.request_id))
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl Error for ApiError {}

/// Every field of an answer but its data.
pub(crate) struct Head {
    pub(crate) status: Status,
    message: String,
    request_id: String,
    pub(crate) time: Option<Timestamp>,
}

impl Head {
    pub(crate) fn read(body: &[u8]) -> Result<Self, EventError> {
        let Json::Object(mut object) = json::parse(body)? else {
            return Err(EventError::field("", "an object"));
        };
        let code = field::<i64>(&mut json::take(&mut object, "code"));
        let status = code.ok_or_else(|| EventError::field("code", i64::EXPECTED))?.into();
        let mut text = |name| field(&mut json::take(&mut object, name)).unwrap_or_default();
        let (message, request_id) = (text("message"), text("request_id"));
        let time = field::<EventTime>(&mut json::take(&mut object, "time"));
        let time = time.and_then(|time| time.as_unix()?.try_into().ok());
        Ok(Self { status, message, request_id, time: time.map(Timestamp::from_unix) })
    }
}

/// A field that does not fit counts as absent.
fn field<T: Read>(json: &mut Json<'_>) -> Option<T> {
    if is_nothing::<T>(json) { None } else { T::read(json, &mut Reader::new(Zone::Utc)) }
}

/// The `data` of an answer. (Read from the text, so that an error says where in it.)
struct Data<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Data<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Data<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data<T>, A::Error> {
                let mut data = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if key == "data" {
                        data = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                let absent = || T::deserialize(UnitDeserializer::new());
                data.map_or_else(absent, Ok).map(Data)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}
