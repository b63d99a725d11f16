//! What the fuzz targets share: how a request is read from bytes, and a straightforward model of
//! what a strict verifier answers to it.

pub mod input;
pub mod model;

use serde::{Serialize, de::DeserializeOwned};
use trusthooks::{EventError, Secret, Timestamp, Verify, trustoo::system};

/// What a receiver reads of a genuine delivery with this body.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, EventError> {
    let (secret, now) = (Secret::new("s").unwrap(), Timestamp::from_unix(0));
    let signed = system::Signer::new(secret.clone()).sign_at(body, now);
    let headers: Vec<_> = signed.iter().collect();
    system::Verifier::new(secret).verify_at(&headers, body, now).unwrap().json()
}

/// Whatever is an event at all is the same event when it was written and read again; and whatever
/// is none is an error that can be shown.
pub fn round_trip<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(body: &[u8]) {
    match read::<T>(body) {
        Ok(event) => {
            let written = serde_json::to_vec(&event).unwrap();
            let again = read::<T>(&written).unwrap_or_else(|error| {
                panic!("{error} in {}", String::from_utf8_lossy(&written));
            });
            assert_eq!(again, event);
            // Once written, it is written the same for ever.
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
