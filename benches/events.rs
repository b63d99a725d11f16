//! Verify and read: a typed event against `serde_json::Value`, from the same delivery.
//!
//! ```text
//! cargo bench --bench events
//! ```

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group};
use http::HeaderMap;
use serde_json::Value;
use trusthooks::{Delivery, Secret, SignedHeaders, Timestamp, Verify, trustlens, trustoo::shop};

const REVIEW: &[u8] = include_bytes!("../tests/events/trustoo_review_created.json");
const SCORE: &[u8] = br#"{"event":"score_updated","timestamp":"2026-06-05T14:23:00+00:00","customer":{"email_hash":"a3f2c1d4e5b60718","trust_score":34,"segment":"risk","total_orders":12,"total_refunds":5,"return_rate":41.7,"is_blocked":false},"new_score":34,"new_segment":"risk","site":{"url":"https://shop.example","name":"Shop"}}"#;

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

/// A delivery as it arrives, and its verifier.
struct Sent<V> {
    verifier: V,
    headers: HeaderMap,
    body: &'static [u8],
}

impl<V: Verify> Sent<V> {
    fn new(verifier: V, signed: &SignedHeaders, body: &'static [u8]) -> Self {
        let mut headers = HeaderMap::new();
        signed.apply(&mut headers).expect("plain headers");
        Self { verifier, headers, body }
    }

    fn delivery(&self) -> Delivery<V::Event, &'static [u8]> {
        self.verifier.verify_at(&self.headers, self.body, NOW).expect("genuine")
    }

    fn typed(&self) -> V::Event {
        self.delivery().event().expect("an event")
    }

    fn value(&self) -> Value {
        self.delivery().json().expect("JSON")
    }
}

fn review() -> Sent<shop::Verifier> {
    let secret = Secret::new("private token").expect("a secret");
    let signed = shop::Signer::new("public token", secret.clone()).sign_at(REVIEW, NOW);
    Sent::new(shop::Verifier::new(secret), &signed, REVIEW)
}

fn score() -> Sent<trustlens::Verifier> {
    let secret = Secret::new("signing secret").expect("a secret");
    let signed = trustlens::Signer::new(secret.clone()).sign_at(SCORE, NOW);
    Sent::new(trustlens::Verifier::new(secret), &signed, SCORE)
}

fn group<V: Verify>(c: &mut Criterion, name: &str, sent: &Sent<V>) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(sent.body.len() as u64));
    group.bench_function("typed", |b| b.iter(|| black_box(sent).typed()));
    group.bench_function("value", |b| b.iter(|| black_box(sent).value()));
    group.finish();
}

fn events(c: &mut Criterion) {
    assert_eq!(review().typed().name(), "review/created");
    assert_eq!(score().typed().name(), "score_updated");
    group(c, "review", &review());
    group(c, "score_updated", &score());
}

/// The best of many short rounds taken in turn, so that a busy machine slows both alike.
fn ratio<V: Verify>(name: &str, sent: &Sent<V>) {
    fn round<T>(read: impl Fn() -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..1_000 {
            black_box(read());
        }
        start.elapsed()
    }
    let (mut typed, mut value) = (Duration::MAX, Duration::MAX);
    for _ in 0..200 {
        typed = typed.min(round(|| black_box(sent).typed()));
        value = value.min(round(|| black_box(sent).value()));
    }
    let ratio = typed.as_secs_f64() / value.as_secs_f64();
    println!(
        "{name} ({} B), verified and read: typed {:?}, Value {:?}; typed takes {ratio:.2} of Value's time",
        sent.body.len(),
        typed / 1000,
        value / 1000,
    );
}

criterion_group!(benches, events);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // Not where `cargo test` only wants to see it run.
    if std::env::args().any(|argument| argument == "--bench") {
        ratio("review", &review());
        ratio("score_updated", &score());
    }
}
