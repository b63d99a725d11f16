#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod error;
mod headers;
mod secret;
mod signature;
mod time;
pub mod trustlens;
pub mod trustoo;
mod verify;

pub use error::{SecretError, SignError, TimestampError, VerifyError};
pub use headers::{Headers, SignedHeaders};
pub use secret::{Secret, Secrets};
pub use time::{ReplayWindow, Timestamp};
pub use verify::{Delivery, Fingerprint, Receipt, Verification, Verify};
