//! When something was signed, and whether that is recent enough.

use core::{fmt, str::FromStr, time::Duration};

use crate::error::{TimestampError, VerifyError};

/// A moment in Unix seconds.
///
/// ```
/// use trusthooks::Timestamp;
///
/// let at: Timestamp = "1780000000".parse()?;
/// assert_eq!(at, Timestamp::from_unix(1_780_000_000));
///
/// // One spelling only: two texts never mean the same moment.
/// for odd in ["+1780000000", "01780000000", " 1780000000", "1780000000.0", "-1", ""] {
///     assert!(odd.parse::<Timestamp>().is_err());
/// }
/// # Ok::<(), trusthooks::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// Receivers read timestamps up to 2⁶³−1, so nothing later should be signed.
    #[must_use]
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_unix(self) -> u64 {
        self.0
    }

    /// The system clock, cut to whole seconds. A clock set before 1970 reads as 1970.
    ///
    /// This is the only place where the crate reads the system clock. If there is none, pass the
    /// time to the `*_at` functions instead. (On `wasm32-unknown-unknown`, for example, the
    /// standard library's clock panics.)
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since_epoch.map_or(0, |elapsed| elapsed.as_secs()))
    }

    /// The one spelling: no sign, no space, no leading zero, no fraction.
    #[inline]
    pub(crate) fn from_decimal(text: &[u8]) -> Option<Self> {
        // Nineteen digits always fit into 64 bits.
        let leading_zero = text.starts_with(b"0") && text.len() > 1;
        if text.is_empty() || text.len() > 19 || leading_zero {
            return None;
        }
        let seconds = text.iter().try_fold(0_u64, |seconds, digit| match digit {
            b'0'..=b'9' => Some(seconds.wrapping_mul(10).wrapping_add(u64::from(digit & 0x0f))),
            _ => None,
        })?;
        i64::try_from(seconds).ok()?;
        Some(Self(seconds))
    }

    /// This moment and `span` later, or the last representable one.
    pub(crate) const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads `0` or `[1-9][0-9]*` up to 2⁶³−1.
    ///
    /// # Errors
    /// Any other text, among them a sign, white space, a leading zero and a fraction.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::from_decimal(text.as_bytes()).ok_or(TimestampError)
    }
}

impl fmt::Display for Timestamp {
    /// The decimal number of seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How old a signature may be, and how far ahead of this clock. Both limits are inclusive.
///
/// The defaults come with each verifier: 300 s both ways for TrustLens (webhooks guide: 5 minutes
/// in both directions, more than 15 is not advisable), 900 s both ways for Trustoo (Open API quick
/// start: 15 minutes).
///
/// ```
/// use std::time::Duration;
/// use trusthooks::{ReplayWindow, Timestamp, VerifyError};
///
/// let window = ReplayWindow::new(Duration::from_secs(300), Duration::from_secs(30));
/// let now = Timestamp::from_unix(1_780_000_000);
///
/// assert_eq!(window.check(Timestamp::from_unix(1_779_999_700), now), Ok(()));
/// assert!(matches!(
///     window.check(Timestamp::from_unix(1_780_000_031), now),
///     Err(VerifyError::FromFuture { .. })
/// ));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplayWindow {
    past: Duration,
    future: Duration,
}

impl ReplayWindow {
    /// Accepts any timestamp. A captured request can then be replayed at any time. Use it to read
    /// archives, and for schemes that have other protection.
    pub const UNBOUNDED: Self = Self::symmetric(Duration::MAX);

    /// The same length in both directions.
    #[must_use]
    pub const fn symmetric(length: Duration) -> Self {
        Self::new(length, length)
    }

    /// Up to `past` old, and up to `future` ahead of this clock.
    #[must_use]
    pub const fn new(past: Duration, future: Duration) -> Self {
        Self { past, future }
    }

    /// Whether something signed at `signed_at` is acceptable at `now`.
    ///
    /// # Errors
    /// [`VerifyError::Expired`] or [`VerifyError::FromFuture`].
    #[inline]
    pub fn check(&self, signed_at: Timestamp, now: Timestamp) -> Result<(), VerifyError> {
        let age = Duration::from_secs(now.0.saturating_sub(signed_at.0));
        if age > self.past {
            return Err(VerifyError::Expired { age, window: self.past });
        }
        let ahead = Duration::from_secs(signed_at.0.saturating_sub(now.0));
        if ahead > self.future {
            return Err(VerifyError::FromFuture { ahead, window: self.future });
        }
        Ok(())
    }

    /// From the first moment at which something signed is acceptable to the last.
    pub(crate) const fn length(&self) -> Duration {
        self.past.saturating_add(self.future)
    }

    /// The last moment at which something signed at `signed_at` is acceptable.
    #[inline]
    pub(crate) const fn expires_at(&self, signed_at: Timestamp) -> Timestamp {
        signed_at.saturating_add(self.past)
    }
}
