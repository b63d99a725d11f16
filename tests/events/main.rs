//! What a genuine delivery says. No expectation here is computed by the crate.

mod cases;

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use trusthooks::{
    Delivery, Event, EventError, Secret, SignedHeaders, Timestamp, Verify, trustlens,
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
fn round_trip<E: Delivered + Debug>(event: &E) {
    let bytes = serde_json::to_vec(event).unwrap();
    assert_eq!(&read::<E>(&bytes).unwrap(), event);
    assert_eq!(&serde_json::from_slice::<E>(&bytes).unwrap(), event);
    assert_eq!(&serde_json::from_value::<E>(serde_json::to_value(event).unwrap()).unwrap(), event);
}
