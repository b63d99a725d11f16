//! Verification in WebAssembly, for Workers and other hosts without a clock of the crate's kind:
//! the host passes the time in.
//!
//! The host writes secret, timestamp header, signature header and body one after another into the
//! memory that [`input`] gives it, and calls [`verify`] with their lengths and its clock. A real
//! Worker would leave this to `wasm-bindgen`; here it is bare, so that it can be read.

use std::cell::RefCell;

use trusthooks::{Secret, Timestamp, Verify, trustlens};

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Memory for `len` bytes of input, valid until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(len, 0);
        input.as_mut_ptr()
    })
}

/// Verifies a TrustLens delivery. The answer, `ok` and the event's name or the verdict's code, is
/// at [`output`]; its length is returned.
#[unsafe(no_mangle)]
pub extern "C" fn verify(
    secret: usize,
    timestamp: usize,
    signature: usize,
    unix_seconds: f64,
) -> usize {
    let answer = INPUT.with_borrow(|input| {
        let (secret, rest) = input.split_at_checked(secret)?;
        let (timestamp, rest) = rest.split_at_checked(timestamp)?;
        let (signature, body) = rest.split_at_checked(signature)?;
        let headers = [("x-trustlens-timestamp", timestamp), ("x-trustlens-signature", signature)];
        let verifier = trustlens::Verifier::new(Secret::new(secret).ok()?);
        // Whole seconds, as JavaScript's clock gives them when divided by 1000.
        let now = Timestamp::from_unix(unix_seconds as u64);
        Some(match verifier.verify_at(&headers, body, now) {
            Ok(delivery) => match delivery.event() {
                Ok(event) => format!("ok {}", event.name()),
                Err(error) => format!("ok, but {error}"),
            },
            Err(error) => error.code().to_owned(),
        })
    });
    OUTPUT.with_borrow_mut(|output| {
        *output = answer.unwrap_or_else(|| "bad call".to_owned()).into_bytes();
        output.len()
    })
}

/// Where the last answer is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}
