//! Values that both vendors send.

mod event_time;
#[cfg(feature = "json")]
mod extra;
mod money;
mod personal;

pub use event_time::EventTime;
#[cfg(feature = "json")]
pub use extra::Extra;
pub use money::Money;
pub use personal::Personal;
