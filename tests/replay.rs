//! The guard in memory: once and only once, whatever fails, and never by forgetting.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use trusthooks::{
    Claim, Receipt, ReplayError, ReplayGuard, ReplayKey, ReplayWindow, Secret, Timestamp, Verify,
    replay::{RETENTION, Retention},
    trustlens,
    trustoo::{shop, system},
};

const NOW: u64 = 1_780_000_000;

fn at(unix: u64) -> Timestamp {
    Timestamp::from_unix(unix)
}

/// A TrustLens delivery of `body` that was signed at `signed_at`, as verified then.
fn receipt(body: &str, signed_at: u64) -> Receipt {
    receipt_within(body, signed_at, ReplayWindow::symmetric(Duration::from_secs(300)), signed_at)
}

fn receipt_within(body: &str, signed_at: u64, window: ReplayWindow, now: u64) -> Receipt {
    let secret = Secret::new("s").unwrap();
    let signed = trustlens::Signer::new(secret.clone()).sign_at(body.as_bytes(), at(signed_at));
    let headers: Vec<_> = signed.iter().collect();
    let verifier = trustlens::Verifier::new(secret).with_window(window);
    *verifier.verify_at(&headers, body, at(now)).unwrap().receipt()
}

fn system_receipt(body: &str) -> Receipt {
    let secret = Secret::new("s").unwrap();
    let signed = system::Signer::new(secret.clone()).sign_at(body.as_bytes(), at(0));
    let headers: Vec<_> = signed.iter().collect();
    *system::Verifier::new(secret).verify_at(&headers, body, at(0)).unwrap().receipt()
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

#[test]
fn a_delivery_is_processed_once() {
    let guard = ReplayGuard::new(10);
    assert!(guard.is_empty());
    let (one, other) = (receipt("one", NOW), receipt("other", NOW));
    assert_eq!(code(guard.claim(&one, at(NOW))), "processed");
    assert_eq!(code(guard.claim(&one, at(NOW + 1))), "duplicate");
    assert_eq!(code(guard.claim(&other, at(NOW + 1))), "processed");
    assert_eq!(code(guard.clone().claim(&other, at(NOW + 1))), "duplicate");
    assert_eq!(guard.len(), 2);
    assert!(!guard.is_empty());
}

#[test]
fn a_claim_that_is_dropped_lets_the_retry_in() {
    let guard = ReplayGuard::new(10);
    let receipt = receipt("", NOW);
    let claim = guard.claim(&receipt, at(NOW)).unwrap();
    assert_eq!(format!("{claim:?}"), "Claim { .. }");
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "in_flight");
    drop(claim);
    assert!(guard.is_empty());
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "processed");

    // A handler that panics drops its claim too.
    let other = system_receipt("");
    let crash = thread::spawn({
        let guard = guard.clone();
        move || {
            let _claim = guard.claim(&other, at(NOW)).unwrap();
            panic!("the handler failed");
        }
    });
    assert!(crash.join().is_err());
    assert_eq!(code(guard.claim(&other, at(NOW))), "processed");
}

#[test]
fn a_full_guard_refuses_and_forgets_nothing() {
    let guard = ReplayGuard::new(2);
    let receipts = ["a", "b", "c"].map(|body| receipt(body, NOW));
    assert_eq!(code(guard.claim(&receipts[0], at(NOW))), "processed");
    let claim = guard.claim(&receipts[1], at(NOW)).unwrap();
    assert_eq!(code(guard.claim(&receipts[2], at(NOW))), "full");
    // What it knows it still tells apart.
    assert_eq!(code(guard.claim(&receipts[0], at(NOW))), "duplicate");
    assert_eq!(code(guard.claim(&receipts[1], at(NOW))), "in_flight");
    // Given back is room; expired is room.
    drop(claim);
    assert_eq!(code(guard.claim(&receipts[2], at(NOW))), "processed");
    assert_eq!(code(guard.claim(&receipt("d", NOW + 300), at(NOW + 300))), "full");
    assert_eq!(code(guard.claim(&receipt("d", NOW + 301), at(NOW + 301))), "processed");
    assert_eq!(guard.len(), 1);
    assert_eq!(code(ReplayGuard::new(0).claim(&receipts[0], at(NOW))), "full");
}

/// Known for exactly as long as the verifier would accept it.
#[test]
fn a_delivery_is_known_until_its_window_closes() {
    let guard = ReplayGuard::new(10);
    let receipt = receipt("", NOW);
    assert_eq!(receipt.expires_at(), Some(at(NOW + 300)));
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "processed");
    assert_eq!(code(guard.claim(&receipt, at(NOW + 300))), "duplicate");
    // Past it the guard says so rather than take it for new; and it still knows it, should the clock
    // have been ahead.
    assert_eq!(code(guard.claim(&receipt, at(NOW + 301))), "expired");
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "duplicate");
}

/// 25 hours ahead and back: nothing is forgotten, and nothing that is new is refused.
#[test]
fn a_clock_that_steps_ahead_and_back_changes_nothing() {
    let ahead = NOW + 25 * 3600;
    let guard = ReplayGuard::new(100);
    let (signed, unsigned) = (receipt("signed", NOW), system_receipt("unsigned"));
    let key = ReplayKey::derive(["an event"]);
    assert_eq!(code(guard.claim(&signed, at(NOW))), "processed");
    assert_eq!(code(guard.claim(&unsigned, at(NOW))), "processed");
    assert_eq!(code(guard.claim_key(key, at(NOW))), "processed");

    for number in 0..10 {
        let ahead_too = system_receipt(&format!("while it is ahead {number}"));
        assert_eq!(code(guard.claim(&ahead_too, at(ahead))), "processed");
    }
    assert_eq!(code(guard.claim(&unsigned, at(ahead))), "duplicate");
    assert_eq!(code(guard.claim_key(key, at(ahead))), "duplicate");

    for now in [NOW, NOW + 10] {
        assert_eq!(code(guard.claim(&signed, at(now))), "duplicate");
        assert_eq!(code(guard.claim(&unsigned, at(now))), "duplicate");
        assert_eq!(code(guard.claim_key(key, at(now))), "duplicate");
        assert_eq!(code(guard.claim(&receipt(&format!("new {now}"), now), at(now))), "processed");
    }
    // Not even what was signed in the same second, or before, and is new.
    assert_eq!(code(guard.claim(&receipt("in the same second", NOW), at(NOW))), "processed");
    assert_eq!(code(guard.claim(&receipt("delayed", NOW - 200), at(NOW))), "processed");
}

/// A machine that boots in 1970 and learns the time afterwards.
#[test]
fn a_clock_that_starts_in_1970_changes_nothing() {
    let guard = ReplayGuard::new(10);
    let first = system_receipt("at boot");
    assert_eq!(code(guard.claim(&first, at(0))), "processed");
    assert_eq!(code(guard.claim(&first, at(NOW))), "duplicate");
    assert_eq!(code(guard.claim(&receipt("fresh", NOW), at(NOW))), "processed");
    assert_eq!(code(guard.claim(&receipt("delayed", NOW - 299), at(NOW))), "processed");
    assert_eq!(code(guard.claim(&first, at(NOW + 25 * 3600))), "duplicate");
}

/// A full guard drops what has expired by the wall clock; what that could have been is refused as
/// expired should the clock go back, and nothing else is.
#[test]
fn a_full_guard_lets_go_of_what_its_clock_calls_expired() {
    let guard = ReplayGuard::new(1);
    let first = receipt("first", NOW);
    assert_eq!(code(guard.claim(&first, at(NOW))), "processed");
    assert_eq!(code(guard.claim(&system_receipt("{}"), at(NOW + 301))), "processed");
    drop(guard);

    let guard = ReplayGuard::new(2);
    assert_eq!(code(guard.claim(&first, at(NOW))), "processed");
    let claim = guard.claim(&system_receipt("{}"), at(NOW)).unwrap();
    let other = guard.claim(&system_receipt("[]"), at(NOW + 301)).unwrap();
    drop((claim, other));
    assert_eq!(code(guard.claim(&first, at(NOW + 60))), "expired");
    assert_eq!(code(guard.claim(&receipt("before", NOW - 1), at(NOW + 60))), "expired");
    assert_eq!(code(guard.claim(&receipt("after", NOW + 1), at(NOW + 60))), "processed");
    // A window of another length is another matter.
    let wide = ReplayWindow::new(Duration::from_secs(200), Duration::ZERO);
    let wide = receipt_within("wide", NOW, wide, NOW);
    assert_eq!(code(guard.claim(&wide, at(NOW + 60))), "processed");
}

#[test]
fn without_a_signed_time_the_wall_clock_does_not_count() {
    let day = RETENTION.as_secs();
    assert_eq!(day, 86_400);
    let guard = ReplayGuard::new(10);
    let receipt = system_receipt(r#"{"event":"app/authorized"}"#);
    assert_eq!(receipt.expires_at(), None);
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "processed");
    for now in [NOW + 135 * 60, NOW + day, NOW + day + 1, NOW + 100 * day, 0] {
        assert_eq!(code(guard.claim(&receipt, at(now))), "duplicate");
    }
}

/// A retry that was re-signed has another fingerprint, and the same key.
#[test]
fn a_key_from_the_event_knows_a_retry() {
    let secret = Secret::new("private").unwrap();
    let body = r#"{"event":"review/deleted","shop_id":"1","data":{"id":"57853","deleted_at":"2026-05-19T06:58:30Z"}}"#;
    let guard = ReplayGuard::new(10);
    let verifier = shop::Verifier::new(secret.clone());
    let deliver = |now: u64| {
        let signed = shop::Signer::new("public", secret.clone()).sign_at(body.as_bytes(), at(now));
        let headers: Vec<_> = signed.iter().collect();
        *verifier.verify_at(&headers, body, at(now)).unwrap().receipt()
    };
    let (first, retry) = (deliver(NOW), deliver(NOW + 180));
    assert_ne!(first.fingerprint(), retry.fingerprint());
    let key = || ReplayKey::derive(["review/deleted", "57853", "2026-05-19T06:58:30Z"]);
    assert_eq!(code(guard.claim_key(key(), at(NOW))), "processed");
    assert_eq!(code(guard.claim_key(key(), at(NOW + 180))), "duplicate");
    assert_eq!(code(guard.claim_key(key(), at(NOW + 86_400))), "duplicate");
}

/// A window may allow more ahead of the clock than behind it.
#[test]
fn a_key_is_remembered_for_as_long_as_its_request_is_accepted() {
    const HOUR: u64 = 3600;
    let window = ReplayWindow::new(Duration::from_secs(HOUR), Duration::from_secs(48 * HOUR));
    let retention = Retention::of_key(&receipt_within("", NOW + 48 * HOUR, window, NOW));
    assert_eq!(retention.left(at(NOW)), Some(Duration::from_secs(49 * HOUR)));
    assert_eq!(retention.until(at(NOW)), at(NOW + 49 * HOUR));
}

#[test]
fn keys_part_where_they_were_parted() {
    let keys = [
        ReplayKey::derive(["ab", "c"]),
        ReplayKey::derive(["a", "bc"]),
        ReplayKey::derive(["abc"]),
        ReplayKey::derive(["abc", ""]),
        ReplayKey::derive(["", "abc"]),
        ReplayKey::derive::<&str>([]),
    ];
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(i));
    }
    let fingerprint = receipt("", NOW).fingerprint();
    assert_eq!(ReplayKey::from(fingerprint).as_bytes(), fingerprint.as_bytes());
}

#[test]
fn an_unbounded_window_is_never_forgotten() {
    let receipt = receipt_within("", 1, ReplayWindow::UNBOUNDED, NOW);
    let guard = ReplayGuard::new(1);
    assert_eq!(code(guard.claim(&receipt, at(NOW))), "processed");
    assert_eq!(code(guard.claim(&receipt, at(u64::MAX))), "duplicate");
}

#[test]
fn sixty_four_threads_one_processes() {
    let guard = ReplayGuard::new(1000);
    for round in 0..20 {
        let receipt = receipt(&round.to_string(), NOW);
        let (barrier, processed) = (Arc::new(Barrier::new(64)), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..64)
            .map(|_| {
                let (guard, barrier, processed) =
                    (guard.clone(), Arc::clone(&barrier), Arc::clone(&processed));
                thread::spawn(move || {
                    barrier.wait();
                    if let Ok(claim) = guard.claim(&receipt, at(NOW)) {
                        processed.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(1));
                        claim.commit();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(processed.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_key_is_shown_as_hex() {
    let key = ReplayKey::derive(["one"]);
    let digits = hex::encode(key.as_bytes());
    assert_eq!(key.to_string(), digits);
    assert_eq!(digits.len(), 64);
}
