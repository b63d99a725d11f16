//! What the fuzz targets share: how a request is read from bytes, a straightforward model of what a
//! strict verifier answers to it, and events read from a body.

pub mod input;
pub mod model;

use serde::{Serialize, de::DeserializeOwned};
use trusthooks::{
    Delivery, Event, EventError, Secret, SignedHeaders, Timestamp, Verify, trustlens,
    trustoo::{shop, system},
};

/// An event whose delivery can be made here.
pub trait Delivered: Event + Serialize + DeserializeOwned {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]>;
}

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

fn secret() -> Secret {
    Secret::new("s").unwrap()
}

fn verify<'b, V: Verify>(
    verifier: V,
    signed: &SignedHeaders,
    body: &'b [u8],
) -> Delivery<V::Event, &'b [u8]> {
    let headers: Vec<_> = signed.iter().collect();
    verifier.verify_at(&headers, body, NOW).unwrap()
}

impl Delivered for trustlens::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = trustlens::Signer::new(secret()).sign_at(body, NOW);
        verify(trustlens::Verifier::new(secret()), &signed, body)
    }
}

impl Delivered for shop::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = shop::Signer::new("public token", secret()).sign_at(body, NOW);
        verify(shop::Verifier::new(secret()), &signed, body)
    }
}

impl Delivered for system::Event {
    fn deliver(body: &[u8]) -> Delivery<Self, &[u8]> {
        let signed = system::Signer::new(secret()).sign_at(body, NOW);
        verify(system::Verifier::new(secret()), &signed, body)
    }
}

/// What a receiver reads of a genuine delivery with this body.
pub fn read<E: Delivered>(body: &[u8]) -> Result<E, EventError> {
    E::deliver(body).event()
}

/// Whatever is an event at all is the same event when it was written and read again; and whatever
/// is none is an error that can be shown.
pub fn round_trip<E: Delivered>(body: &[u8]) {
    match read::<E>(body) {
        Ok(event) => {
            assert!(event.mismatches().len() <= 64);
            let written = serde_json::to_vec(&event).unwrap();
            let again = read::<E>(&written).unwrap_or_else(|error| {
                panic!("{error} in {}", String::from_utf8_lossy(&written));
            });
            assert_eq!(again, event);
            // Once written, it is written the same ever after.
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
