//! What one process remembers.

use alloc::{boxed::Box, sync::Arc};
use core::{
    fmt,
    hash::BuildHasher as _,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{
    hash::RandomState,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{RETENTION, ReplayError, ReplayKey, ReplayStore, Retention};
use crate::{time::Timestamp, verify::Receipt};

mod clock;
mod memory;
mod slab;
#[cfg(test)]
mod tests;

use clock::{Moment, SteadyClock};
use memory::{Memory, Ticket};

/// Locks among which the keys of a guard are spread, so that threads rarely meet.
const SHARDS: usize = 64;

/// A guard for fewer has one lock.
const SHARDED: usize = 4096;

/// Remembers deliveries in memory, for one process. Clones share the memory.
///
/// It holds at most `capacity` deliveries, drops only what has expired, and refuses rather than
/// forget. Size it as deliveries per second × seconds remembered: a TrustLens request is remembered
/// until its window closes (300 s after it was signed, at most 600 s in all), one without a signed
/// time or with a derived key for [`RETENTION`]. An entry takes up to 96 bytes.
///
/// What no window limits counts on the system's monotonic clock, whatever `now` says: a clock that
/// steps, ahead or back, forgets nothing and refuses nothing that is new. (Where Rust has no
/// monotonic clock, on `wasm32-unknown-unknown`, it counts by `now`.)
#[derive(Clone)]
pub struct ReplayGuard {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    len: AtomicUsize,
    clock: SteadyClock,
    /// Keys are hashes, but a sender may have a choice of many; it cannot know these.
    seed: [u64; 2],
    /// Their number is a power of two, and the mask one less.
    shards: Box<[Shard]>,
    mask: usize,
}

/// On cache lines of its own.
#[repr(align(128))]
struct Shard(Mutex<Memory>);

impl ReplayGuard {
    /// An empty guard for at most `capacity` deliveries. Memory is taken as they come.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let shards = if capacity < SHARDED { 1 } else { SHARDS };
        // The seeds of the standard library's hasher come from the operating system.
        let random = RandomState::new();
        let shared = Shared {
            capacity,
            len: AtomicUsize::new(0),
            clock: SteadyClock::start(),
            seed: [random.hash_one(0), random.hash_one(1)],
            shards: (0..shards).map(|_| Shard(Mutex::default())).collect(),
            mask: shards.wrapping_sub(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Claims a delivery by its fingerprint.
    ///
    /// # Errors
    /// [`ReplayError::Duplicate`], [`InFlight`](ReplayError::InFlight),
    /// [`Full`](ReplayError::Full) or [`Expired`](ReplayError::Expired); then it must not be
    /// processed.
    pub fn claim(&self, receipt: &Receipt, now: Timestamp) -> Result<Claim, ReplayError> {
        let retention = Retention::of_fingerprint(receipt);
        self.claim_for(receipt.fingerprint().into(), retention, now)
    }

    /// Claims a delivery by a key that was derived from its event, to be remembered for
    /// [`RETENTION`].
    ///
    /// # Errors
    /// Like [`claim`](Self::claim).
    pub fn claim_key(&self, key: ReplayKey, now: Timestamp) -> Result<Claim, ReplayError> {
        self.claim_for(key, Retention::span(RETENTION), now)
    }

    fn claim_for(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        let shared = &*self.shared;
        let now = shared.clock.moment(now);
        let (shard, _) = shared.place(&key);
        let claim = || shared.memory(shard).claim(key, retention, now, shared);
        let ticket = match claim() {
            // Another shard may hold what has expired.
            Err(ReplayError::Full) if shared.make_room(now) => claim(),
            result => result,
        }?;
        Ok(Claim { guard: self.clone(), shard, ticket: Some(ticket) })
    }

    /// How many deliveries are remembered, those that are being processed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len.load(Ordering::Relaxed)
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shared {
    /// The shard of a key, and its hash within that.
    fn place(&self, key: &ReplayKey) -> (usize, u32) {
        let [a, b] = key.halves();
        let [s, t] = self.seed;
        let product = u128::from(a ^ s).wrapping_mul(u128::from(b ^ t));
        #[expect(clippy::cast_possible_truncation, reason = "both halves, folded into one")]
        let mixed = (product as u64) ^ ((product >> 64) as u64);
        let [shard, _, _, _, rest @ ..] = mixed.to_le_bytes();
        (usize::from(shard) & self.mask, u32::from_le_bytes(rest))
    }

    /// Nothing that runs under the lock can panic half-way, so a poisoned one is as good as new.
    #[expect(
        clippy::indexing_slicing,
        reason = "every number of a shard comes from `place` or from a range over all"
    )]
    fn memory(&self, shard: usize) -> MutexGuard<'_, Memory> {
        let Shard(memory) = &self.shards[shard];
        memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what has expired in the first shard that holds such; whether there was any.
    fn make_room(&self, now: Moment) -> bool {
        (0..self.shards.len()).any(|shard| self.memory(shard).make_room(now, self))
    }

    /// Counts one entry more, where there may be one more.
    fn take_room(&self) -> bool {
        let more = |len: usize| len.checked_add(1).filter(|len| *len <= self.capacity);
        self.len.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_room_back(&self) {
        self.len.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for ReplayGuard {
    /// How many there are, and not each of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("len", &self.len())
            .field("capacity", &self.shared.capacity)
            .finish()
    }
}

/// The right to process one delivery. Dropping it gives it back, and committing it uses it up:
///
/// ```compile_fail,E0382
/// use trusthooks::Claim;
///
/// fn finish(claim: Claim) {
///     claim.commit();
///     claim.commit();
/// }
/// ```
#[must_use = "dropping a claim gives it back"]
pub struct Claim {
    guard: ReplayGuard,
    shard: usize,
    /// `None` once it is used up.
    ticket: Option<Ticket>,
}

impl Claim {
    /// Marks the delivery as processed: from now on it is a [`ReplayError::Duplicate`].
    pub fn commit(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.guard.shared.memory(self.shard).commit(ticket);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let shared = &*self.guard.shared;
            shared.memory(self.shard).release(ticket, shared);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl ReplayStore for ReplayGuard {
    type Claim = Claim;

    async fn claim(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        self.claim_for(key, retention, now)
    }

    async fn commit(&self, claim: Claim) -> Result<(), ReplayError> {
        claim.commit();
        Ok(())
    }

    async fn release(&self, claim: Claim) {
        drop(claim);
    }
}
