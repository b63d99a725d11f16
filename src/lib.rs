#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The README's links to pages lead to `guide` here: the first definition of a link counts.
#![doc = "[assurance]: crate::guide::assurance"]
#![doc = "[explain]: crate::guide::explain"]
#![doc = "[open_api]: crate::guide::open_api"]
#![doc = "[performance]: crate::guide::performance"]
#![doc = "[replay]: crate::guide::replay"]
#![doc = "[security]: crate::guide::security"]
#![doc = ""]
#![doc = include_str!("../README.md")]
// No input may cause a panic.
#![warn(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
// `no_std` first, and a library does not print.
#![warn(
    clippy::alloc_instead_of_core,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(any(feature = "axum", feature = "tower"))]
mod drain;
mod error;
mod event;
mod fingerprint;
mod headers;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod replay;
mod scheme;
mod secret;
mod signature;
mod time;
#[cfg(feature = "tower")]
pub mod tower;
pub mod trustlens;
pub mod trustoo;
mod verify;

#[cfg(feature = "json")]
pub use error::{EventError, EventErrorKind, MoneyError};
pub use error::{SecretError, SignError, TimestampError, VerifyError};
pub use event::Event;
#[cfg(feature = "json")]
pub use event::{EventTime, Extra, Mismatch, Money, Personal};
pub use fingerprint::{Fingerprint, ReplayKey};
pub use headers::{HeaderName, Headers, SignedHeaders};
#[cfg(feature = "std")]
pub use replay::{Claim, ReplayGuard};
pub use replay::{ReplayError, ReplayStore};
pub use scheme::Scheme;
pub use secret::{Secret, SecretStore, Secrets};
pub use time::{ReplayWindow, Timestamp};
pub use verify::{Delivery, Receipt, Verification, Verify};

#[cfg(any(doc, doctest))]
pub mod guide;
