//! The status of a request, as its answer gives it.

use core::fmt;

/// The `code` of an answer of the Open API. The HTTP status is 200 either way.
///
#[cfg_attr(
    feature = "json",
    doc = "[`Answer`](super::Answer) reads it with the rest of an answer."
)]
/// Alone, it reads and writes as the number:
///
/// ```
/// use trusthooks::trustoo::open_api::Status;
///
/// let status: Status = serde_json::from_str("4")?;
/// assert_eq!(status, Status::DeadlineExceeded);
/// assert_eq!(status.to_string(), "DeadlineExceeded (4)");
/// assert!(status.advice().starts_with("set the clock"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Source: Quick Start, 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// 0: the request succeeded.
    Ok,
    /// 1: the operation was cancelled.
    Canceled,
    /// 2: unknown error.
    Unknown,
    /// 3: a parameter is missing or has the wrong form, or the webhook topic does not exist.
    InvalidArgument,
    /// 4: the timestamp is more than 15 minutes off.
    DeadlineExceeded,
    /// 5: no such shop, review or other thing.
    NotFound,
    /// 6: it exists already, such as a second webhook for one topic.
    AlreadyExists,
    /// 7: a scope is missing, or the shop did not authorize the platform.
    PermissionDenied,
    /// 8: a resource limit was hit.
    ResourceExhausted,
    /// 11: the data is larger than allowed.
    OutOfRange,
    /// 13: the server failed.
    Internal,
    /// 16: the signature is wrong, the token has expired, or there is neither.
    Unauthenticated,
    /// Any other code.
    Other(i64),
}

impl Status {
    /// Whether the request succeeded: code 0, or 2000, the success of an older version of the API.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok | Self::Other(2000))
    }

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Ok => 0,
            Self::Canceled => 1,
            Self::Unknown => 2,
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::OutOfRange => 11,
            Self::Internal => 13,
            Self::Unauthenticated => 16,
            Self::Other(code) => code,
        }
    }

    /// Advice on the next step, in a sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Ok | Self::Other(2000) => "nothing: the request succeeded",
            Self::InvalidArgument => {
                "check the parameters: required fields, their form, and the webhook topic"
            }
            Self::DeadlineExceeded => {
                "set the clock: the timestamp is more than 15 minutes off; re-sign each request"
            }
            Self::NotFound => "check the id: there is no such thing in this shop",
            Self::AlreadyExists => "use or update what exists: it was created before",
            Self::PermissionDenied => {
                "ask the merchant to authorize the platform again with the scope that the call needs"
            }
            Self::ResourceExhausted => "wait, then send less at a time",
            Self::OutOfRange => "send less: the data is larger than allowed",
            Self::Unauthenticated => {
                "check the signature: the private token and the canonical string; or refresh the access token"
            }
            Self::Canceled | Self::Unknown | Self::Internal => {
                "try again later; if it stays, ask the vendor with the answer's request_id"
            }
            Self::Other(_) => "an undocumented code: ask the vendor with the answer's request_id",
        }
    }
}

impl From<i64> for Status {
    fn from(code: i64) -> Self {
        match code {
            0 => Self::Ok,
            1 => Self::Canceled,
            2 => Self::Unknown,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            11 => Self::OutOfRange,
            13 => Self::Internal,
            16 => Self::Unauthenticated,
            other => Self::Other(other),
        }
    }
}

impl From<Status> for i64 {
    fn from(status: Status) -> Self {
        status.code()
    }
}

#[cfg(feature = "json")]
impl serde::Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.code())
    }
}

#[cfg(feature = "json")]
impl<'de> serde::Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Display for Status {
    /// The name in the documents and the code, such as `DeadlineExceeded (4)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) => write!(f, "code {code}"),
            documented => write!(f, "{documented:?} ({})", documented.code()),
        }
    }
}
