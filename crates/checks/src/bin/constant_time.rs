//! Run by `crates/checks/constant-time.sh` under valgrind.
//!
//! `constant_time verdict`: a check whose secret, and with it everything computed from the secret,
//! memcheck takes for undefined. It reports every branch and every address that depends on it.
//! `constant_time control`: the same comparison with `==`, which must be caught.
//! `constant_time count <position|all|none>`: one check, for callgrind to count its instructions.

use std::{env, ffi::c_void, hint::black_box, mem};

use crabgrind::memcheck::{self, MemState};
use trusthooks::{Secret, Secrets, SignedHeaders, Timestamp, Verify, VerifyError, trustlens};

const SECRET: &str = "a secret of usual length, 32 byte";
const BODY: &[u8] = &[b'x'; 300];
const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["verdict"] => verdict(),
        ["control"] => control(),
        ["count", which] => count(which),
        _ => panic!("verdict, control, or count with a position"),
    }
}

/// Genuine headers, with the signature's hex digits at hand.
fn signed() -> (String, String) {
    let signed = trustlens::Signer::new(Secret::new(SECRET).expect("not empty"));
    let signed: SignedHeaders = signed.sign_at(BODY, NOW);
    let value = |wanted| {
        let found = signed.iter().find(|(name, _)| *name == wanted).expect("signed");
        found.1.to_owned()
    };
    (value("x-trustlens-timestamp"), value("x-trustlens-signature"))
}

fn verdict() {
    let (timestamp, genuine) = signed();
    let forged = format!("sha256={}", "0".repeat(64));
    for (signature, fits) in [(genuine, true), (forged, false)] {
        // The bytes of the secret are undefined before they are keyed. So is everything that the HMAC
        // makes of them, wherever it keeps it.
        let text: [u8; SECRET.len()] = SECRET.as_bytes().try_into().expect("its own length");
        let text = black_box(text);
        undefined(&text);
        let secret = Secret::new(text).expect("not empty");
        let verifier = trustlens::Verifier::new(Secrets::from(secret));
        let headers =
            [("x-trustlens-timestamp", &timestamp), ("x-trustlens-signature", &signature)];
        let verdict = verifier.verify_at(&headers, BODY, NOW);
        // The verdict is out, and not a secret any more.
        let fitted = verdict.is_ok();
        defined(&fitted);
        assert_eq!(fitted, fits);
        mem::forget((verdict, verifier));
    }
}

fn control() {
    let computed = black_box([7_u8; 32]);
    let sent = black_box([7_u8; 32]);
    undefined(&computed);
    let equal = compare_as_one_should_not(&computed, &sent);
    defined(&equal);
    assert!(equal);
}

#[inline(never)]
fn compare_as_one_should_not(computed: &[u8; 32], sent: &[u8; 32]) -> bool {
    computed.iter().zip(sent).all(|(one, other)| one == other)
}

fn count(which: &str) {
    let (timestamp, mut signature) = signed();
    let mut wrong = |digit: usize| {
        let digit = "sha256=".len() + digit;
        let other = if &signature[digit..=digit] == "0" { "1" } else { "0" };
        signature.replace_range(digit..=digit, other);
    };
    match which {
        "all" => (0..64).for_each(&mut wrong),
        byte => wrong(2 * byte.parse::<usize>().expect("a byte's position")),
    }
    let verifier = trustlens::Verifier::new(Secret::new(SECRET).expect("not empty"));
    let headers = [("x-trustlens-timestamp", timestamp), ("x-trustlens-signature", signature)];
    let check = || {
        let verdict = black_box(&verifier).verify_at(black_box(&headers), black_box(BODY), NOW);
        assert_eq!(verdict.err(), Some(VerifyError::SignatureMismatch));
    };
    // The first one finds out what the processor can do, and has symbols resolved.
    check();
    crabgrind::callgrind::zero_stats();
    crabgrind::callgrind::toggle_collect();
    check();
    crabgrind::callgrind::toggle_collect();
}

fn undefined<T>(value: &T) {
    mark(value, MemState::Undefined);
}

fn defined<T>(value: &T) {
    mark(value, MemState::Defined);
}

fn mark<T>(value: &T, state: MemState) {
    let start: *const T = value;
    memcheck::mark_memory(start.cast::<c_void>(), size_of::<T>(), state).expect("under valgrind");
}
