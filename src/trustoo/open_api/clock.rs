//! The server's clock, as far as it is known here.

use alloc::{boxed::Box, sync::Arc};
use core::{fmt, time::Duration};
use std::sync::{Mutex, PoisonError};

use crate::time::Timestamp;

/// The server's time, by which it judges requests, even if this machine's clock is wrong.
///
/// It starts as this machine's clock. The time in each answer [corrects](Self::observe) it. Clones
/// share one correction: keep one clock per server.
///
/// - The server's time is compared with the middle between sending and receiving.
/// - A difference of up to 4 minutes beyond the round trip changes nothing: the server allows 15
///   minutes (Quick Start, 1.1), and slow answers do not move the clock back and forth.
/// - Corrections of more than 24 hours are ignored. Otherwise a false answer could obtain
///   signatures for a future time.
/// - It never goes back, even if the clock of this machine does, unless an answer says that it is
///   ahead of the server.
///
/// ```
/// use trusthooks::{Timestamp, trustoo::open_api::Clock};
///
/// let noon = Timestamp::from_unix(1_780_000_000);
/// let clock = Clock::from_fn(move || noon); // Clock::new() takes the system's.
/// assert_eq!(clock.now(), noon);
///
/// // An answer, refused with code 4, says that it is twenty minutes past.
/// let server = Timestamp::from_unix(1_780_001_200);
/// clock.observe(server);
/// assert_eq!(clock.now(), server);
/// ```
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    local: Box<Local>,
    correction: Mutex<Correction>,
}

type Local = dyn Fn() -> Timestamp + Send + Sync;

impl Clock {
    /// The difference to the server's clock that is left alone, in seconds.
    const TOLERANCE: u64 = 4 * 60;
    /// The largest correction, in seconds.
    const MOST: u64 = 24 * 60 * 60;

    /// Corrects the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::from_fn(Timestamp::now)
    }

    /// Corrects another clock than the system's: that of a host without one, or of a test.
    #[must_use]
    pub fn from_fn(local: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let correction = Mutex::default();
        Self(Arc::new(Shared { local: Box::new(local), correction }))
    }

    /// The server's time, to sign with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let local = self.local();
        self.with(|correction| correction.now(local))
    }

    /// Corrects the clock by the time in an answer that has just arrived.
    pub fn observe(&self, server_time: Timestamp) {
        self.observe_within(server_time, Duration::ZERO);
    }

    /// The same, for a request that was sent `round_trip` before its answer came.
    pub fn observe_within(&self, server_time: Timestamp, round_trip: Duration) {
        let received = self.local();
        let sent = received.as_unix().saturating_sub(round_trip.as_secs());
        self.observe_between(server_time, Timestamp::from_unix(sent), received);
    }

    /// The same, where both are times of the clock that is corrected.
    pub(crate) fn observe_between(
        &self,
        server_time: Timestamp,
        sent: Timestamp,
        received: Timestamp,
    ) {
        self.with(|correction| correction.observe(server_time, sent, received));
    }

    /// The time before correction.
    pub(crate) fn local(&self) -> Timestamp {
        (self.0.local)()
    }

    /// Whether a time is so far from the server's that a request may be refused for it.
    #[cfg(all(feature = "tower", feature = "json"))]
    pub(crate) fn contradicts(&self, time: Timestamp) -> bool {
        self.now().as_unix().abs_diff(time.as_unix()) > Self::TOLERANCE
    }

    fn with<T>(&self, act: impl FnOnce(&mut Correction) -> T) -> T {
        act(&mut self.0.correction.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.with(|correction| correction.seconds);
        f.debug_struct("Clock").field("correction_seconds", &seconds).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Correction {
    /// The seconds to add to the local time.
    seconds: i64,
    /// The latest time that was given; the next one is never before it.
    latest: u64,
}

impl Correction {
    fn now(&mut self, local: Timestamp) -> Timestamp {
        let now = local.as_unix().saturating_add_signed(self.seconds);
        self.latest = self.latest.max(now);
        Timestamp::from_unix(self.latest)
    }

    fn observe(&mut self, server: Timestamp, sent: Timestamp, received: Timestamp) {
        // The server made its answer somewhere between the two.
        let least = ahead(server, received);
        let most = ahead(server, sent).max(least);
        let middle = least.midpoint(most);
        if middle.unsigned_abs() > Clock::MOST {
            return;
        }
        let explained = least.saturating_sub_unsigned(Clock::TOLERANCE)
            ..=most.saturating_add_unsigned(Clock::TOLERANCE);
        if !explained.contains(&self.seconds) {
            self.seconds = middle;
        }
        if self.latest > server.as_unix().saturating_add(Clock::TOLERANCE) {
            self.latest = 0;
        }
    }
}

/// By how many seconds one time is ahead of another.
fn ahead(one: Timestamp, other: Timestamp) -> i64 {
    let signed = |time: Timestamp| i64::try_from(time.as_unix()).unwrap_or(i64::MAX);
    signed(one).saturating_sub(signed(other))
}
