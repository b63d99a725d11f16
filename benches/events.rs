//! A typed event against `serde_json::Value`, from the same bytes.
use criterion::{Criterion, Throughput, criterion_group};
use serde_json::Value;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use trusthooks::{trustlens, trustoo};

const REVIEW: &[u8] = include_bytes!("../tests/events/trustoo_review_created.json");
const SCORE: &[u8] = br#"{"event":"score_updated","timestamp":"2026-06-05T14:23:00+00:00","customer":{"email_hash":"a3f2c1d4e5b60718","trust_score":34,"segment":"risk","total_orders":12,"total_refunds":5,"return_rate":41.7,"is_blocked":false},"new_score":34,"new_segment":"risk","site":{"url":"https://shop.example","name":"Shop"}}"#;

fn review(body: &[u8]) -> trustoo::shop::Event {
    serde_json::from_slice(body).expect("a review")
}

fn score(body: &[u8]) -> trustlens::Event {
    serde_json::from_slice(body).expect("a score update")
}

fn value(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

fn events(c: &mut Criterion) {
    assert_eq!(review(REVIEW).name(), "review/created");
    assert_eq!(score(SCORE).name(), "score_updated");

    let mut group = c.benchmark_group("review");
    group.throughput(Throughput::Bytes(REVIEW.len() as u64));
    group.bench_function("typed", |b| b.iter(|| review(black_box(REVIEW))));
    group.bench_function("value", |b| b.iter(|| value(black_box(REVIEW))));
    group.finish();

    let mut group = c.benchmark_group("score_updated");
    group.throughput(Throughput::Bytes(SCORE.len() as u64));
    group.bench_function("typed", |b| b.iter(|| score(black_box(SCORE))));
    group.bench_function("value", |b| b.iter(|| value(black_box(SCORE))));
    group.finish();
}

/// The best of many short rounds taken in turn, so that a busy machine slows both alike.
fn ratio<T>(name: &str, body: &[u8], typed: fn(&[u8]) -> T) {
    fn round<T>(body: &[u8], read: fn(&[u8]) -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..1_000 {
            black_box(read(black_box(body)));
        }
        start.elapsed()
    }
    let (mut best_typed, mut best_value) = (Duration::MAX, Duration::MAX);
    for _ in 0..200 {
        best_typed = best_typed.min(round(body, typed));
        best_value = best_value.min(round(body, value));
    }
    let ratio = best_typed.as_secs_f64() / best_value.as_secs_f64();
    println!(
        "{name} ({} B): typed {best_typed:?}, Value {best_value:?} for 1000; typed takes {ratio:.2} of Value's time",
        body.len()
    );
}

criterion_group!(benches, events);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // Not where `cargo test` only wants to see it run.
    if std::env::args().any(|argument| argument == "--bench") {
        ratio("review", REVIEW, review);
        ratio("score_updated", SCORE, score);
    }
}
