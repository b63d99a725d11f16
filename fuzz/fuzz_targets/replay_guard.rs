//! Whatever is claimed, committed and released, in whatever order and whatever the wall clock says,
//! the guard answers as a list would that is searched from the start: nothing is processed twice, and
//! nothing is refused that is neither known nor one too many. No time passes here by the monotonic
//! clock, so nothing expires.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::{Claim, ReplayError, ReplayGuard, ReplayKey, Timestamp};

struct Entry {
    key: u8,
    claim: usize,
    processed: bool,
}

#[derive(Default)]
struct Model {
    capacity: usize,
    entries: Vec<Entry>,
    claims: usize,
}

impl Model {
    fn claim(&mut self, key: u8) -> Result<usize, &'static str> {
        if let Some(known) = self.entries.iter().find(|entry| entry.key == key) {
            return Err(if known.processed { "duplicate" } else { "in_flight" });
        }
        if self.entries.len() >= self.capacity {
            return Err("full");
        }
        self.claims += 1;
        self.entries.push(Entry { key, claim: self.claims, processed: false });
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
            0..=2 => {
                let key = one % 16;
                let found = guard.claim_key(ReplayKey::derive([[key]]), Timestamp::from_unix(now));
                match (found, model.claim(key)) {
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
            // The wall clock steps, days ahead and back.
            5 if two % 2 == 0 => now = now.saturating_sub(u64::from(one) << (two % 32)),
            5 => now = now.saturating_add(u64::from(one) << (two % 32)),
            _ => {}
        }
        assert!(guard.len() <= capacity);
    }
});
