//! Does the time of a refusal tell where a forged signature differs? After dudect (Reparaz, Balasch,
//! Verbauwhede: "Dude, is my code constant time?"); `docs/performance.md` says how to read it.
//!
//! `cargo bench --manifest-path checks/Cargo.toml --bench timing`

use dudect_bencher::{
    BenchRng, Class, CtRunner, ctbench_main,
    rand::{Rng as _, RngExt as _},
};
use trusthooks::{Secret, Timestamp, Verify, trustlens};

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const BODY: &[u8] = &[b'x'; 256];
const SAMPLES: usize = 200_000;

fn genuine() -> String {
    let signer = trustlens::Signer::new(Secret::new("a secret").expect("not empty"));
    let signed = signer.sign_at(BODY, NOW);
    signed.iter().last().expect("the signature comes last").1.to_owned()
}

/// A genuine signature with one byte changed.
fn changed_at(byte: usize) -> String {
    let mut text = genuine();
    let digit = "sha256=".len() + 2 * byte;
    let other = if &text[digit..=digit] == "a" { "b" } else { "a" };
    text.replace_range(digit..=digit, other);
    text
}

fn random(rng: &mut BenchRng) -> String {
    let digits: String = (0..32).map(|_| format!("{:02x}", rng.next_u32() as u8)).collect();
    format!("sha256={digits}")
}

fn race(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    left: impl Fn(&mut BenchRng) -> String,
    right: impl Fn(&mut BenchRng) -> String,
) {
    let verifier = trustlens::Verifier::new(Secret::new("a secret").expect("not empty"));
    let timestamp = NOW.to_string();
    let samples: Vec<_> = (0..SAMPLES)
        .map(|_| if rng.random() { (Class::Left, left(rng)) } else { (Class::Right, right(rng)) })
        .collect();
    for (class, signature) in samples {
        let headers = [("x-trustlens-timestamp", &timestamp), ("x-trustlens-signature", &signature)];
        runner.run_one(class, || verifier.verify_at(&headers, BODY, NOW).is_ok());
    }
}

fn first_byte_or_last(runner: &mut CtRunner, rng: &mut BenchRng) {
    race(runner, rng, |_| changed_at(0), |_| changed_at(31));
}

fn one_byte_or_all(runner: &mut CtRunner, rng: &mut BenchRng) {
    race(runner, rng, |_| changed_at(0), random);
}

/// What a leak looks like: a comparison that stops at the first difference.
fn control(runner: &mut CtRunner, rng: &mut BenchRng) {
    let genuine = genuine();
    let samples: Vec<_> = (0..SAMPLES)
        .map(|_| {
            if rng.random() { (Class::Left, changed_at(0)) } else { (Class::Right, changed_at(31)) }
        })
        .collect();
    for (class, signature) in samples {
        runner.run_one(class, || genuine.bytes().zip(signature.bytes()).all(|(a, b)| a == b));
    }
}

ctbench_main!(first_byte_or_last, one_byte_or_all, control);
