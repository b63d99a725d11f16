//! Common to every event: the trait, and the values that both vendors send.
//!
//! A body is read in two steps. [`json`](crate::json) parses it into a tree. Then each record takes
//! its fields out of the tree by name ([`read`]), and the rest becomes `extra`. A value that does
//! not fit its field goes there too, and is listed as a [`Mismatch`].

use core::fmt;

#[cfg(feature = "json")]
use crate::fingerprint::ReplayKey;

#[cfg(feature = "json")]
mod extra;
#[cfg(feature = "json")]
mod mismatch;
#[cfg(feature = "json")]
mod money;
#[cfg(feature = "json")]
mod personal;
#[cfg(feature = "json")]
pub(crate) mod read;
#[cfg(feature = "json")]
mod scalar;
#[cfg(feature = "json")]
mod time;

#[cfg(feature = "json")]
pub use {extra::Extra, mismatch::Mismatch, money::Money, personal::Personal, time::EventTime};

/// The content of a delivery: the event of one of the schemes.
///
/// Sealed: the events are [`trustlens::Event`](crate::trustlens::Event),
/// [`trustoo::shop::Event`](crate::trustoo::shop::Event) and
/// [`trustoo::system::Event`](crate::trustoo::system::Event). They have these methods themselves;
/// the trait is for code that serves several schemes. Without the feature `json` it has none.
pub trait Event: sealed::FromJson + Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// The fields that were sent and do not fit, at most 64 of them.
    ///
    /// Each of them is `None` (a list keeps the items that fit), and its value is in the `extra` of
    /// its object. Log them and go on: the rest of the event is as it was sent.
    #[cfg(feature = "json")]
    fn mismatches(&self) -> &[Mismatch];

    /// The key that this delivery shares with its re-signed retries; `None` if a retry is the same
    /// bytes, or if there is no key.
    #[cfg(feature = "json")]
    fn retry_key(&self) -> Option<ReplayKey>;
}

#[cfg(feature = "json")]
pub(crate) mod sealed {
    use crate::{error::EventError, json::Json};

    pub trait FromJson: serde::Serialize + serde::de::DeserializeOwned {
        fn from_json(json: Json<'_>) -> Result<Self, EventError>;
    }
}

#[cfg(not(feature = "json"))]
pub(crate) mod sealed {
    pub trait FromJson {}
}

/// The event of a scheme without the feature `json`: it only names the scheme.
#[cfg(not(feature = "json"))]
macro_rules! unread_event {
    () => {
        /// The event of this scheme. Its contents need the feature `json`.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Event {}

        impl crate::event::sealed::FromJson for Event {}
        impl crate::event::Event for Event {}
    };
}

#[cfg(not(feature = "json"))]
pub(crate) use unread_event;
