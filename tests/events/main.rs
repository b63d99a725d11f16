//! What a genuine delivery says: each documented field, what PHP makes of it, what is new and what
//! is broken. No expectation here is computed by the crate.
#![allow(clippy::unnecessary_wraps, reason = "helpers that give what fields are")]

mod broken;
mod cases;
mod deep;
mod json;
mod keys;
mod mismatches;
mod money;
mod php;
mod places;
mod private;
mod properties;
mod repeated;
mod samples;
mod secrecy;
mod time;
mod unknown;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use trusthooks::{
    Delivery, Event, EventError, EventTime, Money, Personal, Secret, SignedHeaders, Timestamp,
    Verify, trustlens,
    trustoo::{shop, system},
};

/// An event whose delivery can be made here.
trait Delivered: Event + Serialize + DeserializeOwned {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]>;
}

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

fn secret() -> Secret {
    Secret::new("s").unwrap()
}

fn verify<'b, V: Verify>(
    verifier: &V,
    signed: &SignedHeaders,
    body: &'b [u8],
) -> Delivery<V::Event, &'b [u8]> {
    let headers: Vec<_> = signed.iter().collect();
    verifier.verify_at(&headers, body, NOW).unwrap()
}

impl Delivered for trustlens::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = trustlens::Signer::new(secret()).sign_at(body, NOW);
        verify(&trustlens::Verifier::new(secret()), &signed, body)
    }
}

impl Delivered for shop::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = shop::Signer::new("public token", secret()).sign_at(body, NOW);
        verify(&shop::Verifier::new(secret()), &signed, body)
    }
}

impl Delivered for system::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = system::Signer::new(secret()).sign_at(body, NOW);
        verify(&system::Verifier::new(secret()), &signed, body)
    }
}

/// What a receiver reads of a delivery with this body.
fn read<E: Delivered>(body: &[u8]) -> Result<E, EventError> {
    E::deliver(body).event()
}

/// Written and read again it is the same, as text and as a `Value`, which has each key once.
fn round_trip<E: Delivered>(event: &E) {
    let bytes = serde_json::to_vec(event).unwrap();
    assert_eq!(&read::<E>(&bytes).unwrap(), event);
    assert_eq!(&serde_json::from_slice::<E>(&bytes).unwrap(), event);
    assert_eq!(&serde_json::from_value::<E>(serde_json::to_value(event).unwrap()).unwrap(), event);
}

fn paths<E: Event>(event: &E) -> Vec<&str> {
    event.mismatches().iter().map(trusthooks::Mismatch::path).collect()
}

/// Reads a body that must be an event, and makes sure that it comes back.
fn event<E: Delivered>(body: &str) -> E {
    let event = read::<E>(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
    round_trip(&event);
    event
}

fn error<E: Delivered>(body: &str) -> EventError {
    match read::<E>(body.as_bytes()) {
        Ok(event) => panic!("{body} is read as {event:?}"),
        Err(error) => error,
    }
}

fn lens(body: &Value) -> trustlens::Event {
    event(&body.to_string())
}

fn shop_event(body: &Value) -> shop::Event {
    event(&body.to_string())
}

fn system_event(body: &Value) -> system::Event {
    event(&body.to_string())
}

fn review(event: shop::Event) -> shop::Review {
    match event.kind {
        shop::EventKind::ReviewCreated(review) | shop::EventKind::ReviewUpdated(review) => review,
        other => panic!("{other:?}"),
    }
}

fn customer_event(event: shop::Event) -> shop::CustomerEvent {
    match event.kind {
        shop::EventKind::CustomerEventCreated(event) => event,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn personal(text: &str) -> Option<Personal> {
    Some(text.into())
}

fn time(text: &str) -> Option<EventTime> {
    Some(text.into())
}

fn money(text: &str) -> Option<Money> {
    Some(text.parse().unwrap())
}

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!($name, ".json")).as_slice().trim_ascii_end()
    };
}
use sample;

const LENS: [&[u8]; 6] = [
    sample!("trustlens_automation_triggered"),
    sample!("trustlens_checkout_blocked"),
    sample!("trustlens_high_risk_order"),
    sample!("trustlens_rule_envelope_chargeback_filed"),
    sample!("trustlens_score_updated"),
    sample!("trustlens_test"),
];
const SHOP: [&[u8]; 3] = [
    sample!("trustoo_customer_event_created"),
    sample!("trustoo_review_created"),
    sample!("trustoo_review_deleted"),
];
const SYSTEM: &[u8] = sample!("trustoo_app_authorized");
