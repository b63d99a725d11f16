//! Tests that need a clock that can be moved.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use alloc::{format, sync::Arc, vec::Vec};
use core::{sync::atomic::Ordering, time::Duration};

use super::{Claim, ReplayGuard};
use crate::{
    replay::{RETENTION, ReplayError, ReplayKey, Retention, Window},
    time::Timestamp,
};

const NOW: u64 = 1_780_000_000;
const DAY: u32 = 86_400;

fn at(unix: u64) -> Timestamp {
    Timestamp::from_unix(unix)
}

fn key(name: &str) -> ReplayKey {
    ReplayKey::derive([name])
}

/// A request that was signed at `signed_at` under a window of 300 s.
fn window(signed_at: u64) -> Retention {
    let window = Window { closes: at(signed_at + 300), length: 300 };
    Retention { window: Some(window), span: None }
}

fn code(result: Result<Claim, ReplayError>) -> &'static str {
    match result {
        Ok(claim) => {
            claim.commit();
            "processed"
        }
        Err(error) => error.code(),
    }
}

impl ReplayGuard {
    fn skip(&self, seconds: u32) {
        self.common.clock.skipped.fetch_add(seconds, Ordering::Relaxed);
    }
}

#[test]
fn a_span_ends_by_the_steady_clock() {
    let guard = ReplayGuard::new(1);
    assert_eq!(code(guard.claim_key(key("a"), at(NOW))), "processed");
    guard.skip(DAY);
    assert_eq!(code(guard.claim_key(key("a"), at(NOW))), "duplicate");
    assert_eq!(code(guard.claim_key(key("b"), at(NOW))), "full");
    // Its own key is free at once; room for another is made within about a minute.
    guard.skip(3);
    assert_eq!(code(guard.claim_key(key("a"), at(NOW))), "processed");
    guard.skip(DAY + 100);
    assert_eq!(code(guard.claim_key(key("b"), at(0))), "processed");
    assert_eq!(guard.len(), 1);
}

#[test]
fn a_window_ends_by_both_clocks() {
    let guard = ReplayGuard::new(10);
    let signed = || guard.claim_for(key("a"), window(NOW), at(NOW));
    assert_eq!(code(signed()), "processed");
    // The wall clock alone, and the steady clock alone.
    assert_eq!(code(guard.claim_key(key("b"), at(NOW + 301))), "processed");
    assert_eq!(code(signed()), "duplicate");
    guard.skip(400);
    assert_eq!(code(guard.claim_key(key("c"), at(NOW))), "processed");
    assert_eq!(code(signed()), "duplicate");
    // Both.
    for number in 0..1000 {
        assert!(guard.claim_key(key(&format!("{number}")), at(NOW + 301)).is_ok());
    }
    assert_eq!(guard.len(), 2, "b and c");
    // After the wall clock is set back, the request looks fresh again.
    assert_eq!(code(signed()), "expired");
}

/// A day after it was claimed by its key, with the wall clock set back by as much.
#[test]
fn a_key_whose_span_is_over_is_not_new_in_its_window() {
    let guard = ReplayGuard::new(10);
    let keyed = |signed_at| Retention { span: Some(RETENTION), ..window(signed_at) };
    assert_eq!(code(guard.claim_for(key("a"), keyed(NOW), at(NOW))), "processed");
    guard.skip(DAY + 100);
    assert_eq!(code(guard.claim_for(key("a"), keyed(NOW), at(NOW))), "expired");
    let later = NOW + u64::from(DAY) + 100;
    assert_eq!(code(guard.claim_for(key("a"), keyed(later), at(later))), "processed");
}

/// A claim that outlived its own entry must not touch a later one of the same key.
#[test]
fn a_late_claim_releases_only_itself() {
    let guard = ReplayGuard::new(10);
    let late = guard.claim_key(key("k"), at(NOW)).unwrap();
    guard.skip(DAY + 100);
    let next = guard.claim_key(key("k"), at(NOW)).unwrap();
    drop(late);
    assert_eq!(code(guard.claim_key(key("k"), at(NOW))), "in_flight");
    next.commit();
    assert_eq!(code(guard.claim_key(key("k"), at(NOW))), "duplicate");

    let late = guard.claim_key(key("l"), at(NOW)).unwrap();
    guard.skip(DAY + 100);
    let next = guard.claim_key(key("l"), at(NOW)).unwrap();
    late.commit();
    assert_eq!(code(guard.claim_key(key("l"), at(NOW))), "in_flight");
    drop(next);
    assert!(guard.claim_key(key("l"), at(NOW)).is_ok());
}

/// However many have expired, a claim drops a few, and all are gone in the end.
#[test]
fn no_claim_pays_for_many_that_expired() {
    let guard = ReplayGuard::new(20_000);
    for number in 0..10_000 {
        let name = format!("{number}");
        let retention = if number % 2 == 0 { window(NOW) } else { Retention::span(RETENTION) };
        assert_eq!(code(guard.claim_for(key(&name), retention, at(NOW))), "processed");
    }
    guard.skip(2 * DAY);
    let mut before = guard.len();
    for number in 10_000..20_000 {
        let name = format!("{number}");
        assert_eq!(code(guard.claim_key(key(&name), at(NOW + 301))), "processed");
        assert!(before + 1 - guard.len() <= 8, "{before} and then {}", guard.len());
        before = guard.len();
    }
    assert_eq!(guard.len(), 10_000);
}

#[test]
fn a_window_of_hours_is_remembered_to_its_end() {
    // Closes in the last second that the schedule rounds up to.
    let length = 7231;
    assert_eq!((NOW + length) % 64, 63);
    let closes = at(NOW + length);
    let retention = Retention { window: Some(Window { closes, length }), span: None };
    let guard = ReplayGuard::new(1);
    assert_eq!(code(guard.claim_for(key("a"), retention, at(NOW))), "processed");
    assert_eq!(code(guard.claim_key(key("b"), closes)), "full");
    assert_eq!(code(guard.claim_for(key("a"), retention, closes)), "duplicate");
    assert_eq!(code(guard.claim_key(key("b"), at(closes.as_unix() + 1))), "processed");
}

/// More than are allocated together.
#[test]
fn each_of_many_is_known() {
    let guard = ReplayGuard::new(4000);
    for expected in ["processed", "duplicate"] {
        for number in 0..4000 {
            assert_eq!(code(guard.claim_key(key(&format!("{number}")), at(NOW))), expected);
        }
    }
}

/// The expired entry may lie behind another lock than the one that needs its room.
#[test]
fn an_expired_entry_makes_room_for_any_key() {
    let guard = ReplayGuard::new(4096);
    assert_eq!(code(guard.claim_for(key("old"), window(NOW), at(NOW))), "processed");
    for number in 1..4096 {
        assert_eq!(code(guard.claim_key(key(&format!("{number}")), at(NOW))), "processed");
    }
    let shard = |name: &str| Arc::as_ptr(guard.shard(guard.common.hash(&key(name))).unwrap());
    let elsewhere = (0..).map(|number| format!("elsewhere {number}"));
    let mut elsewhere = elsewhere.filter(|name| shard(name) != shard("old"));
    let mut claim = || code(guard.claim_key(key(&elsewhere.next().unwrap()), at(NOW + 301)));
    assert_eq!(claim(), "processed");
    assert_eq!(claim(), "full");
}

/// Compares the guard with a plain list that forgets nothing, over claims, commits, releases and
/// clock times in any order.
#[test]
fn nothing_is_forgotten_and_every_place_is_used_again() {
    struct Known {
        name: u64,
        ends: u64,
        claim: Option<Claim>,
    }

    let mut state = 7_u64;
    let mut chance = |bound: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let guard = ReplayGuard::new(50);
    let mut known: Vec<Known> = Vec::new();
    let mut steady = 0;
    for _ in 0..50_000 {
        let name = chance(80);
        let span = Duration::from_secs(10 + chance(1000));
        let claimed =
            guard.claim_for(key(&format!("{name}")), Retention::span(span), at(chance(NOW)));
        let one = known.iter_mut().find(|known| known.name == name && known.ends >= steady);
        match (claimed, one) {
            (Ok(claim), None) => {
                known.retain(|known| known.name != name);
                let ends = steady + span.as_secs();
                match chance(3) {
                    0 => drop(claim),
                    1 => known.push(Known { name, ends, claim: Some(claim) }),
                    _ => {
                        claim.commit();
                        known.push(Known { name, ends, claim: None });
                    }
                }
            }
            (Err(ReplayError::Duplicate), Some(known)) => assert!(known.claim.is_none()),
            (Err(ReplayError::InFlight), Some(known)) => match chance(2) {
                0 => known.claim.take().unwrap().commit(),
                _ => {
                    known.claim = None;
                    known.ends = 0;
                }
            },
            // For about a minute after its end it may still be known.
            (Err(ReplayError::Duplicate | ReplayError::InFlight), None) => {
                assert!(known.iter().any(|known| known.name == name && known.ends + 2 >= steady));
            }
            (Err(ReplayError::Full), _) => {
                assert!(known.iter().filter(|known| known.ends + 66 >= steady).count() >= 50);
            }
            (result, _) => panic!("{:?}", result.err()),
        }
        assert!(guard.len() <= 50);
        if chance(10) == 0 {
            let seconds = chance(60);
            steady += seconds;
            guard.skip(u32::try_from(seconds).unwrap());
        }
    }
    known.clear();
    guard.skip(10_000);
    for number in 0..1000 {
        drop(guard.claim_key(key(&format!("last {number}")), at(NOW)));
    }
    assert!(guard.is_empty());
    let places: u32 = guard.shards.iter().map(|shard| shard.memory().places()).sum();
    assert!(places <= 50, "{places}");
}
