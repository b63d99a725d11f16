//! Does the time of a refusal tell where a forged signature differs? After dudect (Reparaz, Balasch,
//! Verbauwhede: "Dude, is my code constant time?"); `docs/performance.md` says how to read it.
//!
//! `cargo bench -p checks --bench timing`

use std::ops::Range;

use dudect_bencher::{
    BenchRng, Class, CtRunner,
    ctbench::{BenchFn, BenchMetadata, BenchName, BenchOpts, run_benches_console},
    rand::RngExt as _,
};
use trusthooks::{Secret, Timestamp, Verify, trustlens};

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const BODY: &[u8] = &[b'x'; 256];
const SAMPLES: usize = 200_000;

/// `sha256=` and 64 digits.
type Signature = [u8; 71];

fn genuine() -> Signature {
    let signer = trustlens::Signer::new(Secret::new("a secret").expect("not empty"));
    let signed = signer.sign_at(BODY, NOW);
    let (_, signature) = signed.iter().last().expect("the signature comes last");
    signature.as_bytes().try_into().expect("71 bytes")
}

/// A genuine signature with these bytes changed.
fn changed(bytes: Range<usize>) -> Signature {
    let mut signature = genuine();
    for byte in bytes {
        let digit = &mut signature["sha256=".len() + 2 * byte];
        *digit = if *digit == b'a' { b'b' } else { b'a' };
    }
    signature
}

/// Both classes lie in memory alike; nothing but their bytes tells one from the other.
fn race(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    left: Signature,
    right: Signature,
    check: impl Fn(&Signature) -> bool,
) {
    let samples: Vec<_> = (0..SAMPLES)
        .map(|_| if rng.random() { (Class::Left, left) } else { (Class::Right, right) })
        .collect();
    for (class, signature) in &samples {
        runner.run_one(*class, || check(signature));
    }
}

fn refused() -> impl Fn(&Signature) -> bool {
    let verifier = trustlens::Verifier::new(Secret::new("a secret").expect("not empty"));
    let timestamp = NOW.to_string();
    move |signature| {
        let headers =
            [("x-trustlens-timestamp", timestamp.as_bytes()), ("x-trustlens-signature", signature)];
        verifier.verify_at(&headers, BODY, NOW).is_ok()
    }
}

fn first_byte_or_last(runner: &mut CtRunner, rng: &mut BenchRng) {
    race(runner, rng, changed(0..1), changed(31..32), refused());
}

fn one_byte_or_all(runner: &mut CtRunner, rng: &mut BenchRng) {
    race(runner, rng, changed(0..1), changed(0..32), refused());
}

/// A leak, for the control: a comparison that stops at the first difference.
fn control(runner: &mut CtRunner, rng: &mut BenchRng) {
    let genuine = genuine();
    race(runner, rng, changed(0..1), changed(31..32), |signature| {
        genuine.iter().zip(signature).all(|(one, other)| one == other)
    });
}

fn main() {
    // `cargo bench` passes arguments that `ctbench_main!` would not take.
    let benches: [(_, BenchFn); 3] = [
        ("first byte or last", first_byte_or_last),
        ("one byte or all", one_byte_or_all),
        ("control", control),
    ];
    let benches = benches.map(|(name, benchfn)| {
        let seed = None;
        BenchMetadata { name: BenchName(name), seed, benchfn }
    });
    let options = BenchOpts { continuous: false, filter: None, file_out: None };
    run_benches_console(options, benches.into()).expect("written to the terminal");
}
