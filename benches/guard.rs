//! The replay guard with a million live entries: the time of a claim, its memory, and what a second
//! thread does to it.
//!
//! ```text
//! cargo bench --bench guard
//! ```

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use trusthooks::{ReplayGuard, ReplayKey, Timestamp};

const LIVE: u64 = 1_000_000;
const BATCH: u64 = 10_000;
const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

fn key(n: u64) -> ReplayKey {
    ReplayKey::derive([n.to_be_bytes()])
}

/// Claims and commits keys that are new; the time of one, keys made beforehand.
fn claim_new(guard: &ReplayGuard, keys: &[ReplayKey]) -> Duration {
    let start = Instant::now();
    for key in keys {
        guard.claim_key(*key, NOW).expect("new").commit();
    }
    start.elapsed() / u32::try_from(keys.len()).expect("a batch")
}

/// Claims keys that are known; the time of one.
fn claim_known(guard: &ReplayGuard, keys: &[ReplayKey]) -> Duration {
    let start = Instant::now();
    for key in keys {
        assert_eq!(black_box(guard.claim_key(*key, NOW)).expect_err("known").code(), "duplicate");
    }
    start.elapsed() / u32::try_from(keys.len()).expect("a batch")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn main() {
    // Not where `cargo test` only wants to see it compile.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let guard = ReplayGuard::new(usize::MAX);
    let before = resident();
    let mut small = Vec::new();
    for batch in 0..LIVE / BATCH {
        let keys: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(key).collect();
        let time = claim_new(&guard, &keys);
        if batch < 10 {
            small.push(time);
        }
    }
    assert_eq!(guard.len() as u64, LIVE);
    println!("claim and commit, up to {} live entries: {:?}", 10 * BATCH, median(small));
    if let (Some(before), Some(after)) = (before, resident()) {
        println!("memory for {LIVE} entries: {} bytes each", (after - before) / LIVE);
    }

    // Keys spread over all that is known, so that the caches do not help.
    let known: Vec<Vec<_>> = (0..20)
        .map(|batch| (0..BATCH).map(|i| key((i * 97 + batch * 31) % LIVE)).collect())
        .collect();
    let duplicates = median(known.iter().map(|keys| claim_known(&guard, keys)).collect());
    println!("a duplicate among {LIVE}: {duplicates:?}");

    let mut next = LIVE;
    let mut fresh = || -> Vec<_> {
        next += BATCH;
        (next - BATCH..next).map(key).collect()
    };
    // Two threads at once, each with keys of its own. Their cores may be two threads of one core, so
    // what two threads can do here at most is measured too: with a guard each, and without any memory.
    let other = ReplayGuard::new(usize::MAX);
    for batch in 0..LIVE / BATCH {
        let keys: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(key).collect();
        claim_new(&other, &keys);
    }
    let pair = |guards: [&ReplayGuard; 2], keys: [Vec<ReplayKey>; 2]| {
        let [left, right] = [0, 1].map(|at| (guards[at].clone(), keys[at].clone()));
        let threads =
            [left, right].map(|(guard, keys)| thread::spawn(move || claim_new(&guard, &keys)));
        threads.map(|thread| thread.join().expect("no panic"))
    };
    let [mut alone, mut shared, mut apart, mut counting, mut counting_two] =
        [(); 5].map(|()| Vec::new());
    for _ in 0..20 {
        alone.push(claim_new(&guard, &fresh()));
        shared.extend(pair([&guard, &guard], [fresh(), fresh()]));
        apart.extend(pair([&guard, &other], [fresh(), fresh()]));
        counting.push(count());
        counting_two
            .extend([(); 2].map(|()| thread::spawn(count)).map(|it| it.join().expect("no panic")));
    }
    let [alone, shared, apart, counting, counting_two] =
        [alone, shared, apart, counting, counting_two].map(median);
    println!("claim and commit among {LIVE}: {alone:?}");
    let of_one = |one: Duration, two: Duration| 2.0 * one.as_secs_f64() / two.as_secs_f64();
    println!("two threads, of one thread's rate in all:");
    println!("  arithmetic in registers: {:.2}", of_one(counting, counting_two));
    println!("  a guard each: {:.2}", of_one(alone, apart));
    println!("  one guard for both: {:.2}", of_one(alone, shared));
}

/// Arithmetic that meets no memory.
fn count() -> Duration {
    let start = Instant::now();
    let mut number = black_box(1_u64);
    for step in 0..3_000_000_u64 {
        number = (number ^ step).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(13);
    }
    black_box(number);
    start.elapsed()
}
