//! The memory of one process.

use alloc::sync::Arc;
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
use crate::{
    event::Event,
    time::Timestamp,
    verify::{Delivery, Receipt},
};

mod clock;
mod memory;
mod slab;
#[cfg(test)]
mod tests;

use clock::{Moment, SteadyClock};
use memory::{Memory, Ticket};

/// The number of locks. Keys are spread among them, so that threads rarely wait.
const SHARDS: usize = 64;

/// A guard for fewer deliveries has one lock.
const SHARDED: usize = 4096;

/// Remembers deliveries in memory, for one process. Clones share the memory.
///
/// It holds at most `capacity` deliveries, drops only what has expired, and refuses rather than
/// forget. Size it as deliveries per second × seconds remembered: a TrustLens request is remembered
/// until its window closes (300 s after it was signed, at most 600 s in all), one without a signed
/// time or with a derived key for [`RETENTION`]. An entry takes up to 96 bytes.
///
/// Entries without a window expire by the system's monotonic clock, independent of `now`. So if a
/// clock steps, ahead or back, the guard forgets nothing and refuses nothing that is new.
/// (`wasm32-unknown-unknown` has no monotonic clock; there they expire by `now`.)
#[derive(Clone)]
pub struct ReplayGuard {
    common: Arc<Common>,
    shards: Arc<[Arc<Shard>]>,
}

/// The same for all shards of a guard.
struct Common {
    capacity: usize,
    len: AtomicUsize,
    clock: SteadyClock,
    /// Senders do not know these; otherwise they could choose keys that collide.
    seed: [u64; 2],
}

/// A lock and what is behind it, on cache lines of its own.
#[repr(align(128))]
struct Shard {
    memory: Mutex<Memory>,
    common: Arc<Common>,
}

impl ReplayGuard {
    /// An empty guard for at most `capacity` deliveries. It takes memory as they come.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        // The seeds of the standard library's hasher come from the operating system.
        let random = RandomState::new();
        let common = Arc::new(Common {
            capacity,
            len: AtomicUsize::new(0),
            clock: SteadyClock::start(),
            seed: [random.hash_one(0), random.hash_one(1)],
        });
        let shard = |_| Arc::new(Shard { memory: Mutex::default(), common: Arc::clone(&common) });
        let shards = (0..if capacity < SHARDED { 1 } else { SHARDS }).map(shard).collect();
        Self { common, shards }
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

    /// Claims a delivery as the layer does, by its [key](Delivery::replay_key) within `scope`.
    ///
    /// # Errors
    /// Like [`claim`](Self::claim).
    pub fn claim_delivery<E: Event, B: AsRef<[u8]>>(
        &self,
        delivery: &Delivery<E, B>,
        scope: &str,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        let (key, retention) = delivery.replay_key(scope);
        self.claim_for(key, retention, now)
    }

    /// Claims a delivery by a key that was derived from its event, to be remembered for
    /// [`RETENTION`].
    ///
    /// # Errors
    /// Like [`claim`](Self::claim).
    pub fn claim_key(&self, key: ReplayKey, now: Timestamp) -> Result<Claim, ReplayError> {
        self.claim_for(key, Retention::span(RETENTION), now)
    }

    /// Claims the delivery with this `key`, to be remembered for `retention`.
    ///
    /// # Errors
    /// Like [`claim`](Self::claim).
    pub fn claim_for(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        let now = self.common.clock.moment(now);
        let hash = self.common.hash(&key);
        let shard = self.shard(hash).ok_or(ReplayError::Full)?;
        let ticket = match shard.claim(hash, key, retention, now) {
            // Another shard may hold entries that have expired.
            Err(ReplayError::Full) if self.shards.iter().any(|shard| shard.make_room(now)) => {
                shard.claim(hash, key, retention, now)
            }
            result => result,
        }?;
        Ok(Claim { shard: Arc::clone(shard), ticket: Some(ticket) })
    }

    /// Never `None`: there always is one.
    fn shard(&self, hash: u64) -> Option<&Arc<Shard>> {
        let number = (hash >> 32) as usize & self.shards.len().wrapping_sub(1);
        self.shards.get(number)
    }

    /// The number of deliveries that are remembered, those that are being processed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.common.len.load(Ordering::Relaxed)
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shard {
    fn claim(
        &self,
        hash: u64,
        key: ReplayKey,
        retention: Retention,
        now: Moment,
    ) -> Result<Ticket, ReplayError> {
        self.memory().claim(hash, key, retention, now, &self.common)
    }

    fn make_room(&self, now: Moment) -> bool {
        self.memory().make_room(now, &self.common)
    }

    /// Nothing that runs under the lock can panic half-way, so a poisoned one is as good as new.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Common {
    #[expect(clippy::cast_possible_truncation, reason = "both halves, folded into one")]
    fn hash(&self, key: &ReplayKey) -> u64 {
        let [a, b] = key.halves();
        let [s, t] = self.seed;
        let product = u128::from(a ^ s).wrapping_mul(u128::from(b ^ t));
        (product as u64) ^ ((product >> 64) as u64)
    }

    /// Counts one more entry if there is room for it; `false` if there is none.
    fn take_room(&self) -> bool {
        let room = self.len.fetch_add(1, Ordering::Relaxed) < self.capacity;
        if !room {
            self.give_room_back();
        }
        room
    }

    fn give_room_back(&self) {
        self.len.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for ReplayGuard {
    /// Shows the number of entries, and none of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("len", &self.len())
            .field("capacity", &self.common.capacity)
            .finish_non_exhaustive()
    }
}

/// The right to process one delivery. Dropping it releases the delivery; committing consumes it:
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
    shard: Arc<Shard>,
    /// `None` once it is used up.
    ticket: Option<Ticket>,
}

impl Claim {
    /// Marks the delivery as processed: from now on it is a [`ReplayError::Duplicate`].
    pub fn commit(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shard.memory().commit(ticket);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shard.memory().release(ticket, &self.shard.common);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
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
