//! Whatever is claimed, committed and released, in whatever order and at whatever times, the guard
//! answers as a list would that is searched from the start: nothing is processed twice, and nothing
//! is refused that is neither known, nor late, nor one too many.
#![no_main]

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use libfuzzer_sys::fuzz_target;
use trusthooks::{
    Claim, ReplayError, ReplayGuard, ReplayKey, ReplayStore, Timestamp, replay::RETENTION,
};

struct Entry {
    key: u8,
    until: u64,
    claim: usize,
    processed: bool,
}

#[derive(Default)]
struct Model {
    capacity: usize,
    entries: Vec<Entry>,
    forgotten: Option<u64>,
    claims: usize,
}

impl Model {
    fn claim(&mut self, key: u8, until: u64, now: u64) -> Result<usize, &'static str> {
        let late = self.entries.iter().map(|entry| entry.until).filter(|until| *until < now).max();
        self.forgotten = self.forgotten.max(late);
        self.entries.retain(|entry| entry.until >= now);
        if until < now || Some(until) <= self.forgotten {
            return Err("expired");
        }
        if let Some(known) = self.entries.iter().find(|entry| entry.key == key) {
            return Err(if known.processed { "duplicate" } else { "in_flight" });
        }
        if self.entries.len() >= self.capacity {
            return Err("full");
        }
        self.claims += 1;
        self.entries.push(Entry { key, until, claim: self.claims, processed: false });
        Ok(self.claims)
    }

    fn commit(&mut self, claim: usize) {
        for entry in self.entries.iter_mut().filter(|entry| entry.claim == claim) {
            entry.processed = true;
        }
    }

    fn release(&mut self, claim: usize) {
        self.entries.retain(|entry| entry.claim != claim || entry.processed);
    }
}

/// The guard waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the guard waits"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((capacity, steps)) = data.split_first() else { return };
    let capacity = usize::from(*capacity % 8);
    let guard = ReplayGuard::new(capacity);
    let mut model = Model { capacity, ..Model::default() };
    let mut held: Vec<(Claim, usize)> = Vec::new();
    let mut now: u64 = 1000;

    for step in steps.chunks_exact(3) {
        let [what, one, two] = *step else { unreachable!() };
        match what % 6 {
            // By a key of an event, to be remembered for a day; or until any moment.
            kind @ 0..=2 => {
                let key = one % 16;
                let until = match kind {
                    0 => now.saturating_add(RETENTION.as_secs()),
                    _ => now.saturating_add(u64::from(two)).saturating_sub(20),
                };
                let replay_key = ReplayKey::derive([[key]]);
                let (until_at, now_at) = (Timestamp::from_unix(until), Timestamp::from_unix(now));
                let found = match kind {
                    0 => guard.claim_key(replay_key, now_at),
                    _ => ready(ReplayStore::claim(&guard, replay_key, until_at, now_at)),
                };
                let expected = model.claim(key, until, now);
                match (found, expected) {
                    (Ok(claim), Ok(number)) => {
                        held.push((claim, number));
                        assert_eq!(guard.len(), model.entries.len());
                    }
                    (found, expected) => {
                        let found = found.map(drop).map_err(|error: ReplayError| error.code());
                        assert_eq!(found, expected.map(drop));
                    }
                }
            }
            3 | 4 if !held.is_empty() => {
                let (claim, number) = held.swap_remove(usize::from(one) % held.len());
                if what % 6 == 3 {
                    claim.commit();
                    model.commit(number);
                } else {
                    drop(claim);
                    model.release(number);
                }
            }
            // On and, at times, back.
            5 if two % 8 == 0 => now = now.saturating_sub(u64::from(one)),
            5 if two % 8 == 1 => now = now.saturating_add(RETENTION.as_secs()),
            5 => now = now.saturating_add(u64::from(one)),
            _ => {}
        }
        assert!(guard.len() <= capacity);
    }
});
