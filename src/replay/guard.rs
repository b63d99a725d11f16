//! What one process remembers.

use alloc::{collections::BTreeSet, sync::Arc};
use core::fmt;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{RETENTION, ReplayError, ReplayKey, ReplayStore, terms};
use crate::{time::Timestamp, verify::Receipt};

/// Remembers deliveries in memory, for one process. Clones share the memory.
///
/// It holds at most `capacity` deliveries, drops only what has expired, and refuses rather than
/// forget. Size it as deliveries per second × seconds remembered: a TrustLens request is remembered
/// until its window closes (300 s after it was signed, at most 600 s in all), one without a signed
/// time or with a derived key for [`RETENTION`].
#[derive(Clone)]
pub struct ReplayGuard {
    memory: Arc<Mutex<Memory>>,
}

struct Memory {
    capacity: usize,
    known: HashMap<ReplayKey, Known>,
    /// The keys of `known` by when they may be dropped.
    by_expiry: BTreeSet<(Timestamp, ReplayKey)>,
    /// The latest expiry among what was dropped: what expires no later may have been known. Not the
    /// latest time that was seen, so that a clock that once jumped ahead does not shut the guard.
    forgotten: Option<Timestamp>,
    claims: u64,
}

struct Known {
    until: Timestamp,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    /// Being processed, under the claim of this number.
    Claimed(u64),
    Processed,
}

impl ReplayGuard {
    /// An empty guard for at most `capacity` deliveries. Memory is taken as they come.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let memory = Memory {
            capacity,
            known: HashMap::new(),
            by_expiry: BTreeSet::new(),
            forgotten: None,
            claims: 0,
        };
        Self { memory: Arc::new(Mutex::new(memory)) }
    }

    /// Claims a delivery by its fingerprint.
    ///
    /// # Errors
    /// [`ReplayError::Duplicate`], [`InFlight`](ReplayError::InFlight),
    /// [`Full`](ReplayError::Full) or [`Expired`](ReplayError::Expired); then it must not be
    /// processed.
    pub fn claim(&self, receipt: &Receipt, now: Timestamp) -> Result<Claim, ReplayError> {
        let (key, until) = terms(receipt, now);
        self.claim_until(key, until, now)
    }

    /// Claims a delivery by a key that was derived from its event, to be remembered for
    /// [`RETENTION`].
    ///
    /// # Errors
    /// Like [`claim`](Self::claim).
    pub fn claim_key(&self, key: ReplayKey, now: Timestamp) -> Result<Claim, ReplayError> {
        self.claim_until(key, now.saturating_add(RETENTION), now)
    }

    fn claim_until(
        &self,
        key: ReplayKey,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        let number = self.memory().claim(key, until, now)?;
        Ok(Claim { guard: self.clone(), key, number })
    }

    /// How many deliveries are remembered, those that are being processed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory().known.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing that runs under the lock can panic half-way, so a poisoned one is as good as new.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReplayGuard {
    /// How many there are, and not each of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory();
        f.debug_struct("ReplayGuard")
            .field("len", &memory.known.len())
            .field("capacity", &memory.capacity)
            .finish()
    }
}

impl Memory {
    fn claim(
        &mut self,
        key: ReplayKey,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<u64, ReplayError> {
        self.drop_expired(now);
        if until < now || Some(until) <= self.forgotten {
            return Err(ReplayError::Expired);
        }
        let full = self.known.len() >= self.capacity;
        match self.known.entry(key) {
            Entry::Occupied(known) => Err(match known.get().state {
                State::Claimed(_) => ReplayError::InFlight,
                State::Processed => ReplayError::Duplicate,
            }),
            Entry::Vacant(_) if full => Err(ReplayError::Full),
            Entry::Vacant(vacant) => {
                self.claims = self.claims.wrapping_add(1);
                vacant.insert(Known { until, state: State::Claimed(self.claims) });
                self.by_expiry.insert((until, key));
                Ok(self.claims)
            }
        }
    }

    /// What expired can only be refused as expired, so it need not be known.
    fn drop_expired(&mut self, now: Timestamp) {
        while let Some((until, key)) = self.by_expiry.first().copied() {
            if until >= now {
                break;
            }
            self.by_expiry.pop_first();
            self.known.remove(&key);
            self.forgotten = self.forgotten.max(Some(until));
        }
    }

    /// The delivery, where it is still under the claim of this number.
    fn claimed(&mut self, key: ReplayKey, number: u64) -> Option<&mut Known> {
        self.known.get_mut(&key).filter(|known| known.state == State::Claimed(number))
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
#[derive(Debug)]
#[must_use = "dropping a claim gives it back"]
pub struct Claim {
    guard: ReplayGuard,
    key: ReplayKey,
    number: u64,
}

impl Claim {
    /// Marks the delivery as processed: from now on it is a [`ReplayError::Duplicate`].
    pub fn commit(self) {
        if let Some(known) = self.guard.memory().claimed(self.key, self.number) {
            known.state = State::Processed;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut memory = self.guard.memory();
        if let Some(until) = memory.claimed(self.key, self.number).map(|known| known.until) {
            memory.known.remove(&self.key);
            memory.by_expiry.remove(&(until, self.key));
        }
    }
}

impl ReplayStore for ReplayGuard {
    type Claim = Claim;

    async fn claim(
        &self,
        key: ReplayKey,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Claim, ReplayError> {
        self.claim_until(key, until, now)
    }

    async fn commit(&self, claim: Claim) -> Result<(), ReplayError> {
        claim.commit();
        Ok(())
    }

    async fn release(&self, claim: Claim) {
        drop(claim);
    }
}
