//! Trustoo, the review app for Shopify shops.
//!
//! | | [`shop`] webhooks | [`system`] webhooks | [`open_api`] requests |
//! |---|---|---|---|
//! | sender | Trustoo | Trustoo | you |
//! | subject | reviews, customer events | the OAuth lifecycle | anything |
//! | key | the shop's private token | the platform's client secret | the shop's private token |
//! | signed | `timestamp=<t>`, then `\|` and the body | the body | all parameters and the time, then `\|` and the body of a POST |
//! | window | 900 s both ways | none | 900 s both ways |
//!
//! Answer every webhook with [`ack`]. Source: the vendor's "Trustoo Open API — Quick Start".

use core::time::Duration;

use crate::time::ReplayWindow;

pub(crate) mod canonical;
#[cfg(feature = "json")]
mod event;
pub mod open_api;
pub mod shop;
pub mod system;

#[cfg(feature = "json")]
pub use event::ShopId;

/// The body of the answer that Trustoo takes as success.
pub const ACK_BODY: &str = r#"{"code":0,"message":"success"}"#;

/// The answer that Trustoo takes as success: HTTP 200 exactly, with [`ACK_BODY`].
///
/// It must arrive within 5 seconds. Anything else, a 204 too, is retried: ten attempts over 135
/// minutes (Quick Start, 3.1 and 3.3).
///
/// ```
/// let answer = trusthooks::trustoo::ack();
/// assert_eq!(answer.status(), 200);
/// assert_eq!(*answer.body(), r#"{"code":0,"message":"success"}"#);
/// ```
#[cfg(feature = "http")]
#[must_use]
pub fn ack() -> http::Response<&'static str> {
    let mut answer = http::Response::new(ACK_BODY);
    let json = http::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    answer
}

/// 15 minutes in both directions: the documents give the length, not the direction.
const WINDOW: ReplayWindow = ReplayWindow::symmetric(Duration::from_secs(900));
