//! The two clocks of a guard.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::Instant;

use crate::time::Timestamp;

/// The same moment on both clocks.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// As the caller says, in Unix seconds; it may step.
    pub(super) wall: u64,
    /// Whole seconds since the guard was made; they never step.
    pub(super) steady: u32,
}

/// Counts seconds without steps.
pub(super) struct SteadyClock {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    start: Instant,
    #[cfg(test)]
    pub(super) skipped: core::sync::atomic::AtomicU32,
}

impl SteadyClock {
    pub(super) fn start() -> Self {
        Self {
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            start: Instant::now(),
            #[cfg(test)]
            skipped: core::sync::atomic::AtomicU32::new(0),
        }
    }

    pub(super) fn moment(&self, now: Timestamp) -> Moment {
        let wall = now.as_unix();
        // `Instant::now` panics there.
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        let seconds = wall;
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        let seconds = self.start.elapsed().as_secs();
        let steady = u32::try_from(seconds).unwrap_or(u32::MAX);
        #[cfg(test)]
        let steady =
            steady.saturating_add(self.skipped.load(core::sync::atomic::Ordering::Relaxed));
        Moment { wall, steady }
    }
}
