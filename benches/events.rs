//! Verify and read: a typed event beside `serde_json::Value` and beside plain structs with serde's
//! derive, from the same delivery. Plain structs are strict: one odd field, and the event is lost.
//!
//! ```text
//! cargo bench --bench events
//! ```

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use http::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use trusthooks::{Delivery, Secret, SignedHeaders, Timestamp, Verify, trustlens, trustoo::shop};

const REVIEW: &[u8] = include_bytes!("../tests/events/trustoo_review_created.json");
const SCORE: &[u8] = br#"{"event":"score_updated","timestamp":"2026-06-05T14:23:00+00:00","customer":{"email_hash":"a3f2c1d4e5b60718","trust_score":34,"segment":"risk","total_orders":12,"total_refunds":5,"return_rate":41.7,"is_blocked":false},"new_score":34,"new_segment":"risk","site":{"url":"https://shop.example","name":"Shop"}}"#;

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

// What a receiver would write for these two bodies: all fields, each of one type.

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, like the typed events, and not looked at")]
struct PlainReview {
    event: String,
    shop_id: String,
    data: PlainReviewData,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainReviewData {
    id: String,
    rating: u8,
    author: String,
    author_email: String,
    author_phone: String,
    author_country: String,
    title: String,
    content: String,
    commented_at: String,
    item_type: String,
    order_id: String,
    variant_id: String,
    source: String,
    is_verified: u8,
    is_featured: u8,
    is_published: u8,
    is_top: u8,
    tag: String,
    media_type: u8,
    media: Vec<PlainMedia>,
    reply: PlainReply,
    product: PlainProduct,
    created_at: String,
    updated_at: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainMedia {
    url: String,
    thumbnail_url: String,
    r#type: u8,
    is_published: u8,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainReply {
    id: String,
    content: String,
    reply_at: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainProduct {
    id: String,
    title: String,
    handle: String,
    image_src: String,
    url: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainScore {
    event: String,
    timestamp: String,
    customer: PlainCustomer,
    new_score: i64,
    new_segment: String,
    site: PlainSite,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainCustomer {
    email_hash: String,
    trust_score: i64,
    segment: String,
    total_orders: u64,
    total_refunds: u64,
    return_rate: f64,
    is_blocked: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "as above")]
struct PlainSite {
    url: String,
    name: String,
}

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

    fn read_as<T: DeserializeOwned>(&self) -> T {
        self.delivery().json().expect("JSON of this type")
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

/// The best of many short rounds taken in turn, so that a busy machine slows all alike.
fn compare<V: Verify, P: DeserializeOwned>(name: &str, sent: &Sent<V>) {
    fn round<T>(read: impl Fn() -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..1_000 {
            black_box(read());
        }
        start.elapsed() / 1_000
    }
    let [mut typed, mut value, mut plain] = [Duration::MAX; 3];
    for _ in 0..200 {
        typed = typed.min(round(|| black_box(sent).typed()));
        value = value.min(round(|| black_box(sent).read_as::<Value>()));
        plain = plain.min(round(|| black_box(sent).read_as::<P>()));
    }
    let to = |other: Duration| typed.as_secs_f64() / other.as_secs_f64();
    println!(
        "| {name}, {} B | {:.2} | {:.2} | {typed:.2?} | {value:.2?} | {plain:.2?} |",
        sent.body.len(),
        to(value),
        to(plain),
    );
}

fn main() {
    assert_eq!(review().typed().name(), "review/created");
    assert_eq!(review().read_as::<PlainReview>().data.rating, 5);
    assert_eq!(score().typed().name(), "score_updated");
    assert_eq!(score().read_as::<PlainScore>().new_score, 34);
    // Not where `cargo test` only wants to see it run.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "| verified and read | typed to `Value` | typed to plain structs | typed | `Value` | plain |"
    );
    println!("|---|---|---|---|---|---|");
    compare::<_, PlainReview>("a review", &review());
    compare::<_, PlainScore>("a score update", &score());
}
