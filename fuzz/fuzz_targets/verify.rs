//! A whole request gets the verdict of the model; and where it is accepted, the receipt says which
//! secret fitted and when it was signed, and the delivery hands out this very body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use trusthooks::Verify;
use trusthooks_fuzz::{
    input::{Judge, Request},
    model,
};

struct Whole<'r>(&'r Request);

impl Judge for Whole<'_> {
    fn judge<V: Verify>(&self, verifier: &V) {
        let Self(request) = self;
        let found = verifier.verify_at(&request.headers, &request.body, request.now());
        match (found, model::verify(request)) {
            (Ok(delivery), Ok((begun, index))) => {
                let receipt = delivery.receipt();
                assert_eq!(receipt.secret_index(), index);
                assert_eq!(receipt.signed_at().map(|at| at.as_unix()), begun.seconds);
                let mac = model::hmac(
                    &begun.secrets[index],
                    &request.scheme.message(begun.seconds.unwrap_or(0), &request.body),
                );
                let name = verifier.scheme().unwrap().name();
                let digest = Sha256::digest([&mac[..], name.as_bytes()].concat());
                assert_eq!(receipt.fingerprint().as_bytes()[..], digest[..]);
                assert_eq!(delivery.body(), request.body);
            }
            (found, expected) => assert_eq!(found.map(drop), expected.map(drop)),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let request = Request::read(data);
    request.judge(Whole(&request));
});
