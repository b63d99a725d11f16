//! The server's clock as it is known here, with the time as an argument.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use trusthooks::{Timestamp, trustoo::open_api::Clock};

const NOON: u64 = 1_780_000_000;
const DAY: u64 = 24 * 60 * 60;

/// A clock over a local time that the test sets.
fn clock(local: u64) -> (Clock, impl Fn(u64)) {
    let time = Arc::new(AtomicU64::new(local));
    let read = Arc::clone(&time);
    let clock = Clock::from_fn(move || Timestamp::from_unix(read.load(Ordering::SeqCst)));
    (clock, move |local| time.store(local, Ordering::SeqCst))
}

fn at(unix: u64) -> Timestamp {
    Timestamp::from_unix(unix)
}

#[test]
fn a_small_difference_changes_nothing() {
    let (clock, _) = clock(NOON);
    for server in [NOON, NOON - 240, NOON + 240] {
        clock.observe(at(server));
        assert_eq!(clock.now(), at(NOON));
    }
    clock.observe(at(NOON + 241));
    assert_eq!(clock.now(), at(NOON + 241));
    // That is close enough to the truth again.
    clock.observe(at(NOON + 1));
    assert_eq!(clock.now(), at(NOON + 241));
    clock.observe(at(NOON));
    assert_eq!(clock.now(), at(NOON));
}

#[test]
fn the_middle_of_the_round_trip_counts() {
    let observe = |server: u64, round_trip| {
        let (clock, _) = clock(NOON);
        clock.observe_within(at(server), Duration::from_secs(round_trip));
        clock.now().as_unix().cast_signed() - NOON.cast_signed()
    };
    // Sent at noon less 100: between 1100 and 1200 behind, or between 1200 and 1300 ahead.
    assert_eq!(observe(NOON - 1200, 100), -1150);
    assert_eq!(observe(NOON + 1200, 100), 1250);
    // An answer that was long on its way says little.
    assert_eq!(observe(NOON - 1200, 1200), 0);
    assert_eq!(observe(NOON - 1440, 1200), 0);
    assert_eq!(observe(NOON - 1441, 1200), -841);
    assert_eq!(observe(NOON + 240, 1200), 0);
}

#[test]
fn an_answer_that_was_long_on_its_way_undoes_nothing() {
    let (clock, set) = clock(NOON);
    clock.observe(at(NOON + 1200));
    set(NOON + 600);
    // Sent at noon, answered at once by the server's clock, received now.
    clock.observe_within(at(NOON + 1200), Duration::from_secs(600));
    assert_eq!(clock.now(), at(NOON + 1800));
}

#[test]
fn it_never_goes_back_but_for_the_server() {
    let (clock, set) = clock(NOON);
    assert_eq!(clock.now(), at(NOON));
    // Somebody sets the local clock back while a request is retried.
    set(NOON - 600);
    assert_eq!(clock.now(), at(NOON));
    clock.observe(at(NOON + 3));
    assert_eq!(clock.now(), at(NOON + 3));
    // The server is behind what was told: it is the server that judges.
    clock.observe(at(NOON - 1200));
    assert_eq!(clock.now(), at(NOON - 1200));
}

#[test]
fn a_local_clock_that_was_far_ahead_and_was_set_right_is_followed() {
    let (clock, set) = clock(NOON + 400 * DAY);
    assert_eq!(clock.now(), at(NOON + 400 * DAY));
    clock.observe(at(NOON));
    set(NOON);
    assert_eq!(clock.now(), at(NOON + 400 * DAY));
    clock.observe(at(NOON + 1));
    assert_eq!(clock.now(), at(NOON));
    // And one that was far behind, as at the start of a machine without a battery.
    set(0);
    clock.observe(at(NOON));
    set(NOON + 5);
    assert_eq!(clock.now(), at(NOON + 5));
}

#[test]
fn no_answer_moves_it_by_more_than_a_day() {
    for (server, expected) in [
        (NOON + DAY, NOON + DAY),
        (NOON + DAY + 1, NOON),
        (NOON - DAY, NOON - DAY),
        (NOON - DAY - 1, NOON),
        (0, NOON),
        (u64::MAX, NOON),
    ] {
        let (clock, _) = clock(NOON);
        clock.observe(at(server));
        assert_eq!(clock.now(), at(expected), "{server}");
    }
    for local in [0, 1, i64::MAX as u64, u64::MAX] {
        for server in [0, 1, i64::MAX as u64, u64::MAX] {
            let (clock, _) = clock(local);
            clock.observe_within(at(server), Duration::MAX);
            let _ = clock.now();
        }
    }
}

#[test]
fn clones_and_threads_share_one_correction() {
    let (clock, _) = clock(NOON);
    thread::scope(|scope| {
        for _ in 0..4 {
            let clock = clock.clone();
            scope.spawn(move || {
                for _ in 0..1000 {
                    clock.observe(at(NOON + 1200));
                    assert_eq!(clock.now(), at(NOON + 1200));
                }
            });
        }
    });
    assert_eq!(clock.now(), at(NOON + 1200));
    assert_eq!(format!("{clock:?}"), "Clock { correction_seconds: 1200, .. }");
}
