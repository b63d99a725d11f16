//! A part of what a guard remembers, behind a lock of its own.
//!
//! Entries lie in a slab and do not move. An index finds them by key, and two schedules know when
//! each may be dropped. A claim drops a few entries that have expired and leaves the rest to the
//! next, so that none pays for many.

use alloc::collections::BTreeMap;

use hashbrown::HashTable;

use super::{
    Common,
    clock::Moment,
    slab::{Schedule, Slab, Slot},
};
use crate::replay::{ReplayError, ReplayKey, Retention};

/// The most expired entries that a claim drops: more than one, so that they do not pile up.
const DROPPED_AT_ONCE: usize = 4;

/// Entries that are kept for long need not be dropped at the exact second. This saves lists.
const COARSE: u32 = 64;
const LONG: u32 = 3600;

#[derive(Default)]
pub(super) struct Memory {
    index: HashTable<Place>,
    entries: Slab,
    /// Entries that a window limits, by the second of the wall clock after which they may go.
    by_window: Schedule,
    /// All others, by that of the steady clock.
    by_span: Schedule,
    /// For each length of window, the latest closing time of an entry that was dropped. A request
    /// that closes no later may have been known; it looks open only if the clock was set back.
    /// There is one for each length: otherwise a long window would shut out new requests with a
    /// short one.
    forgotten: BTreeMap<u32, u64>,
    claims: u32,
}

/// An entry's place. The hash avoids looking at other entries.
struct Place {
    hash: u32,
    slot: Slot,
}

/// The claim of an entry.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    slot: Slot,
    number: u32,
}

/// 64 bytes in the slab.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    key: ReplayKey,
    /// When its window closes; 0 where there is none.
    closes: u64,
    /// From signing to closing, in seconds.
    length: u32,
    /// The second of the steady clock after which it may go.
    deadline: u32,
    /// [`PROCESSED`], or the number of the claim under which it is being processed.
    state: u32,
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Until its window has closed.
    ForWindow,
    /// For a span, whether or not it has a window.
    ForSpan,
}

const PROCESSED: u32 = 0;
const FIRST_CLAIM: u32 = 1;

impl Memory {
    pub(super) fn claim(
        &mut self,
        hash: u64,
        key: ReplayKey,
        retention: Retention,
        now: Moment,
        common: &Common,
    ) -> Result<Ticket, ReplayError> {
        let entry = Entry::new(key, retention, now).ok_or(ReplayError::Expired)?;
        self.drop_expired(now, common);

        let hash = lower(hash);
        if let Some((slot, known)) = self.find(hash, &key) {
            if !known.has_expired(now) {
                return Err(match known.state {
                    PROCESSED => ReplayError::Duplicate,
                    _ => ReplayError::InFlight,
                });
            }
            self.forget(slot, common);
        }
        if entry.closes != 0 && self.forgotten.get(&entry.length) >= Some(&entry.closes) {
            return Err(ReplayError::Expired);
        }

        let room = common.take_room() || (self.make_room(now, common) && common.take_room());
        if !room {
            return Err(ReplayError::Full);
        }
        self.claims = self.claims.checked_add(1).unwrap_or(FIRST_CLAIM);
        let number = self.claims;
        let Some(slot) = self.entries.insert(Entry { state: number, ..entry }) else {
            common.give_room_back();
            return Err(ReplayError::Full);
        };
        let schedule = match entry.kept {
            Kept::ForWindow => &mut self.by_window,
            Kept::ForSpan => &mut self.by_span,
        };
        schedule.insert(entry.due(), slot, &mut self.entries);
        self.index.insert_unique(spread(hash), Place { hash, slot }, |place| spread(place.hash));
        Ok(Ticket { slot, number })
    }

    pub(super) fn commit(&mut self, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(ticket.slot)
            && entry.state == ticket.number
        {
            entry.state = PROCESSED;
        }
    }

    pub(super) fn release(&mut self, ticket: Ticket, common: &Common) {
        if self.entries.get(ticket.slot).is_some_and(|entry| entry.state == ticket.number) {
            self.remove(ticket.slot, common);
        }
    }

    #[cfg(test)]
    pub(super) const fn places(&self) -> u32 {
        self.entries.used()
    }

    /// Drops a few entries whose window has closed by the wall clock alone; `false` if there were
    /// none. Only a full guard does so: if that clock is wrong, the entries are still needed.
    pub(super) fn make_room(&mut self, now: Moment, common: &Common) -> bool {
        let before = self.entries.len();
        self.drop_expired(now, common);
        for _ in 0..DROPPED_AT_ONCE {
            let Some(slot) = self.by_window.first_before(now.wall) else { break };
            self.forget(slot, common);
        }
        self.entries.len() < before
    }

    /// Drops a few entries that have expired by all of their clocks.
    fn drop_expired(&mut self, now: Moment, common: &Common) {
        for _ in 0..DROPPED_AT_ONCE {
            let Some(slot) = self.by_span.first_before(u64::from(now.steady)) else { break };
            self.forget(slot, common);
        }
        for _ in 0..DROPPED_AT_ONCE {
            let Some(slot) = self.by_window.first_before(now.wall) else { break };
            // The wall clock may be ahead.
            if self.entries.get(slot).is_some_and(|entry| now.steady <= entry.deadline) {
                break;
            }
            self.forget(slot, common);
        }
    }

    /// Removes an entry that has expired.
    fn forget(&mut self, slot: Slot, common: &Common) {
        if let Some(entry) = self.remove(slot, common)
            && entry.closes != 0
        {
            let latest = self.forgotten.entry(entry.length).or_default();
            *latest = entry.closes.max(*latest);
        }
    }

    fn remove(&mut self, slot: Slot, common: &Common) -> Option<Entry> {
        let entry = *self.entries.get(slot)?;
        let schedule = match entry.kept {
            Kept::ForWindow => &mut self.by_window,
            Kept::ForSpan => &mut self.by_span,
        };
        schedule.remove(entry.due(), slot, &mut self.entries);
        self.entries.remove(slot);
        let hash = lower(common.hash(&entry.key));
        if let Ok(place) = self.index.find_entry(spread(hash), |place| place.slot == slot) {
            place.remove();
        }
        common.give_room_back();
        Some(entry)
    }

    fn find(&self, hash: u32, key: &ReplayKey) -> Option<(Slot, Entry)> {
        let known = |place: &Place| {
            place.hash == hash
                && self.entries.get(place.slot).is_some_and(|known| known.key == *key)
        };
        let slot = self.index.find(spread(hash), known)?.slot;
        Some((slot, *self.entries.get(slot)?))
    }
}

impl Entry {
    /// `None` where its window has closed.
    fn new(key: ReplayKey, retention: Retention, now: Moment) -> Option<Self> {
        let (window, span) = retention.parts();
        let (closes, length) = window.map_or((0, 0), |w| (w.closes.as_unix(), w.length));
        let (kept, seconds) = match span {
            Some(span) => (Kept::ForSpan, span.as_secs()),
            // For the length of the window at least, since the wall clock may be ahead.
            None => (Kept::ForWindow, closes.checked_sub(now.wall)?.max(length)),
        };
        let capped = |seconds: u64| u32::try_from(seconds).unwrap_or(u32::MAX);
        let deadline = now.steady.saturating_add(capped(seconds)).saturating_add(1);
        Some(Self { key, closes, length: capped(length), deadline, state: PROCESSED, kept })
    }

    fn has_expired(&self, now: Moment) -> bool {
        self.kept == Kept::ForSpan && self.deadline < now.steady
    }

    /// The second after which it may go, by the clock of its schedule.
    fn due(&self) -> u64 {
        match self.kept {
            Kept::ForWindow if self.length > LONG => self.closes | u64::from(COARSE - 1),
            Kept::ForWindow => self.closes,
            Kept::ForSpan => u64::from(self.deadline | (COARSE - 1)),
        }
    }
}

/// The half of a hash that did not choose the shard.
#[expect(clippy::cast_possible_truncation, reason = "the other half")]
const fn lower(hash: u64) -> u32 {
    hash as u32
}

/// Repeats the hash in the high and the low bits, since the table uses both ends.
const fn spread(hash: u32) -> u64 {
    (hash as u64) << 32 | hash as u64
}
