//! Storage for entries, and the lists that run through them.

use alloc::{collections::BTreeMap, vec::Vec};
use core::num::NonZeroU32;

use super::memory::Entry;

/// Entries that are allocated together, 32 KiB.
const CHUNK: usize = 512;

/// The number of an entry, from 1.
pub(super) type Slot = NonZeroU32;

/// Entries that never move, so that growing copies nothing.
#[derive(Default)]
pub(super) struct Slab {
    chunks: Vec<Vec<Node>>,
    /// The first of those that are free; their `next` is the next one.
    free: Option<Slot>,
    /// The number of entries that were ever in use.
    used: u32,
    len: usize,
}

/// An entry and its neighbours among those that are due at the same time.
#[derive(Clone, Copy)]
struct Node {
    entry: Option<Entry>,
    previous: Option<Slot>,
    next: Option<Slot>,
}

const EMPTY: Node = Node { entry: None, previous: None, next: None };

impl Slab {
    #[cfg(test)]
    pub(super) const fn used(&self) -> u32 {
        self.used
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Entry> {
        let (chunk, place) = place(slot);
        self.chunks.get(chunk)?.get(place)?.entry.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.node(slot)?.entry.as_mut()
    }

    /// `None` past four billion entries.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Slot> {
        let node = Node { entry: Some(entry), ..EMPTY };
        let slot = match self.free {
            Some(slot) => {
                let free = self.node(slot)?;
                let next = free.next;
                *free = node;
                self.free = next;
                slot
            }
            None => {
                let slot = Slot::new(self.used.checked_add(1)?)?;
                match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                    Some(chunk) => chunk.push(node),
                    None => {
                        let mut chunk = Vec::with_capacity(CHUNK);
                        chunk.push(node);
                        self.chunks.push(chunk);
                    }
                }
                self.used = slot.get();
                slot
            }
        };
        self.len = self.len.saturating_add(1);
        Some(slot)
    }

    /// An entry that is in no schedule any more.
    pub(super) fn remove(&mut self, slot: Slot) {
        let free = self.free;
        if let Some(node) = self.node(slot) {
            *node = Node { next: free, ..EMPTY };
            self.free = Some(slot);
            self.len = self.len.saturating_sub(1);
        }
    }

    fn node(&mut self, slot: Slot) -> Option<&mut Node> {
        let (chunk, place) = place(slot);
        self.chunks.get_mut(chunk)?.get_mut(place)
    }
}

fn place(slot: Slot) -> (usize, usize) {
    let index = slot.get().wrapping_sub(1) as usize;
    (index / CHUNK, index % CHUNK)
}

/// Entries by the second after which they may go: the first of a list for each such second.
#[derive(Default)]
pub(super) struct Schedule(BTreeMap<u64, Slot>);

impl Schedule {
    pub(super) fn insert(&mut self, due: u64, slot: Slot, entries: &mut Slab) {
        let next = self.0.insert(due, slot);
        if let Some(node) = entries.node(slot) {
            node.next = next;
        }
        if let Some(node) = next.and_then(|next| entries.node(next)) {
            node.previous = Some(slot);
        }
    }

    pub(super) fn remove(&mut self, due: u64, slot: Slot, entries: &mut Slab) {
        let Some(&mut Node { previous, next, .. }) = entries.node(slot) else { return };
        if let Some(node) = next.and_then(|next| entries.node(next)) {
            node.previous = previous;
        }
        match (previous.and_then(|previous| entries.node(previous)), next) {
            (Some(node), next) => node.next = next,
            (None, Some(next)) => drop(self.0.insert(due, next)),
            (None, None) => drop(self.0.remove(&due)),
        }
    }

    /// The first entry of the earliest second, if that is before `now`.
    pub(super) fn first_before(&self, now: u64) -> Option<Slot> {
        self.0.first_key_value().filter(|(due, _)| **due < now).map(|(_, slot)| *slot)
    }
}
