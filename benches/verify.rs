//! What a check costs, by scheme and size of the body; what a refusal costs; how the cost grows with
//! secrets and shops. `cargo bench --bench verify`
//!
//! Every verdict is asserted.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::similar_names,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)]

use std::{collections::HashMap, hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue};
use trusthooks::{
    Secret, Secrets, SignedHeaders, Timestamp, Verify, VerifyError, trustlens,
    trustoo::{open_api, shop, system},
};

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const LATE: Timestamp = Timestamp::from_unix(1_780_000_301);
const SIZES: [usize; 5] = [0, 256, 1024, 16 * 1024, 1024 * 1024];

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn body(size: usize) -> Vec<u8> {
    vec![b'x'; size]
}

/// The headers of a signed request, among so many in all.
fn headers(signed: &SignedHeaders, count: usize) -> HeaderMap {
    let mut map = HeaderMap::new();
    signed.apply(&mut map).unwrap();
    for number in map.len()..count {
        let name = HeaderName::try_from(format!("x-another-header-{number:02}")).unwrap();
        map.insert(name, HeaderValue::from_static("value"));
    }
    map
}

/// One row: a genuine request, checked over and over.
fn genuine<V: Verify>(
    criterion: &mut Criterion,
    scheme: &str,
    verifier: &V,
    sign: impl Fn(&[u8]) -> SignedHeaders,
) {
    let mut group = criterion.benchmark_group(scheme);
    for size in SIZES {
        let body = body(size);
        let headers = headers(&sign(&body), 12);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let verdict = verifier.verify_at(black_box(&headers), black_box(&body), NOW);
                assert!(verdict.is_ok());
            });
        });
    }
    group.finish();
}

fn schemes(criterion: &mut Criterion) {
    let key = || secret("a secret of 32 bytes, as is usual");
    let signer = trustlens::Signer::new(key());
    let sign = |body: &[u8]| signer.sign_at(body, NOW);
    genuine(criterion, "trustlens", &trustlens::Verifier::new(key()), sign);

    let signer = trustlens::v1::Signer::new(key());
    let sign = |body: &[u8]| signer.sign_at(body, NOW);
    genuine(criterion, "trustlens_v1", &trustlens::v1::Verifier::new(key()), sign);

    let signer = shop::Signer::new("GfKu22TCaj4gULtrA3/OgA==", key());
    let sign = |body: &[u8]| signer.sign_at(body, NOW);
    genuine(criterion, "trustoo_shop", &shop::Verifier::new(key()), sign);

    let signer = system::Signer::new(key());
    let sign = |body: &[u8]| signer.sign_at(body, NOW);
    genuine(criterion, "trustoo_system", &system::Verifier::new(key()), sign);

    let mut group = criterion.benchmark_group("trustoo_open_api");
    let query = "page=1&page_size=20&product_ids=9228589138176";
    let signer = open_api::Signer::new("GfKu22TCaj4gULtrA3/OgA==", key());
    let verifier = open_api::Verifier::new(key());
    for size in SIZES {
        let body = body(size);
        let headers = headers(&signer.sign_at(query, Some(&body), NOW).unwrap(), 12);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let (headers, body) = (black_box(&headers), black_box(&body));
                assert!(verifier.verify_at(headers, query, Some(body), NOW).is_ok());
            });
        });
    }
    group.finish();
}

fn refusals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refusal");
    let body = body(1024);
    let signer = trustlens::Signer::new(secret("current"));
    let verifier = trustlens::Verifier::new(secret("current"));
    let good = headers(&signer.sign_at(&body, NOW), 12);
    let with = |name: &'static str, value: &'static str| {
        let mut headers = good.clone();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    };
    let mut missing = good.clone();
    missing.remove("x-trustlens-signature");
    let zeros = "sha256=0000000000000000000000000000000000000000000000000000000000000000";

    let mut refuse = |name: &str, headers: &HeaderMap, now, code: &str| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let verdict = verifier.verify_at(black_box(headers), black_box(&body), now);
                assert_eq!(verdict.unwrap_err().code(), code);
            });
        });
    };
    refuse("missing header", &missing, NOW, "missing_header");
    refuse("stale", &good, LATE, "expired");
    let malformed = with("x-trustlens-timestamp", "+1780000000");
    refuse("malformed timestamp", &malformed, NOW, "malformed_timestamp");
    let malformed = with("x-trustlens-signature", "sha256=beef");
    refuse("malformed signature", &malformed, NOW, "malformed_signature");
    let wrong = with("x-trustlens-signature", zeros);
    refuse("wrong signature", &wrong, NOW, "signature_mismatch");

    let shops = HashMap::from([("known".to_owned(), Secrets::from(secret("current")))]);
    let verifier = shop::Verifier::with_store(shops);
    let signed = shop::Signer::new("unknown", secret("current")).sign_at(&body, NOW);
    let headers = headers(&signed, 12);
    group.bench_function("unknown shop", |bencher| {
        bencher.iter(|| {
            let verdict = verifier.verify_at(black_box(&headers), black_box(&body), NOW);
            assert_eq!(verdict.err(), Some(VerifyError::UnknownPublicToken));
        });
    });
    group.finish();
}

fn secrets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("secrets");
    let (current, other) = (|| secret("current"), || secret("another"));
    let body = body(1024);
    let headers = headers(&trustlens::Signer::new(current()).sign_at(&body, NOW), 12);
    for (name, secrets, index) in [
        ("one", Secrets::from(current()), 0),
        ("first of two", Secrets::from(current()).and(other()), 0),
        ("second of two", Secrets::from(other()).and(current()), 1),
    ] {
        let verifier = trustlens::Verifier::new(secrets);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let verdict = verifier.verify_at(black_box(&headers), black_box(&body), NOW);
                assert_eq!(verdict.unwrap().receipt().secret_index(), index);
            });
        });
    }
    group.finish();
}

fn shops(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("shops");
    let body = body(1024);
    for count in [1, 1_000, 100_000] {
        let shops = (0..count).map(|shop| {
            (format!("public-{shop:06}"), Secrets::from(secret(&format!("private-{shop:06}"))))
        });
        let verifier = shop::Verifier::with_store(shops.collect::<HashMap<_, _>>());
        // A different shop each time, as many as fit into a hundred requests.
        let requests: Vec<_> = (0..count)
            .step_by((count / 100).max(1))
            .map(|shop| {
                let secret = secret(&format!("private-{shop:06}"));
                let signer = shop::Signer::new(format!("public-{shop:06}"), secret);
                headers(&signer.sign_at(&body, NOW), 12)
            })
            .collect();
        let mut next = requests.iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let headers = black_box(next.next().unwrap());
                assert!(verifier.verify_at(headers, black_box(&body), NOW).is_ok());
            });
        });
    }
    group.finish();
}

fn signing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("signing");
    let signer = open_api::Signer::new("public", secret("private"));
    for count in [3, 30] {
        let query: Vec<_> =
            (0..count).rev().map(|number| format!("parameter{number:02}=value")).collect();
        let query = query.join("&");
        group.throughput(Throughput::Bytes(query.len() as u64));
        group.bench_function(BenchmarkId::new("canonical string", count), |bencher| {
            bencher.iter(|| {
                let canonical = open_api::CanonicalString::new(black_box(&query), None, NOW);
                let length = query.len() + "&timestamp=1780000000".len();
                assert_eq!(canonical.unwrap().as_bytes().len(), length);
            });
        });
        group.bench_function(BenchmarkId::new("request", count), |bencher| {
            bencher.iter(|| {
                let signed = signer.sign_at(black_box(&query), None, NOW).unwrap();
                assert_eq!(signed.iter().count(), 3);
            });
        });
    }
    group.finish();
}

fn streamed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("streamed in 4 KiB");
    let signer = trustlens::Signer::new(secret("current"));
    let verifier = trustlens::Verifier::new(secret("current"));
    for size in [16 * 1024, 1024 * 1024] {
        let body = body(size);
        let headers = headers(&signer.sign_at(&body, NOW), 12);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let mut verification = verifier.begin(black_box(&headers), NOW).unwrap();
                black_box(&body).chunks(4096).for_each(|piece| verification.update(piece));
                assert!(verification.finish().is_ok());
            });
        });
    }
    group.finish();
}

/// A stale request, refused once its two headers were found and read.
fn look_ups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("header");
    let signed = trustlens::Signer::new(secret("current")).sign_at(b"", NOW);
    let verifier = trustlens::Verifier::new(secret("current"));
    for count in [5, 50] {
        let map = headers(&signed, count);
        let pairs: Vec<_> =
            map.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        group.bench_function(BenchmarkId::new("HeaderMap", count), |bencher| {
            bencher.iter(|| assert!(verifier.begin(black_box(&map), LATE).is_err()));
        });
        group.bench_function(BenchmarkId::new("pairs", count), |bencher| {
            bencher.iter(|| assert!(verifier.begin(black_box(&pairs), LATE).is_err()));
        });
    }
    group.finish();
}

/// The whole refusal of an empty body; the comparison is what differs between the rows.
fn mismatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mismatch at byte");
    let signed = trustlens::v1::Signer::new(secret("current")).sign_at(b"", NOW);
    let verifier = trustlens::v1::Verifier::new(secret("current"));
    let (_, genuine) = signed.iter().next().unwrap();
    for byte in 0..32 {
        let mut forged = genuine.to_owned();
        let digit = "sha256=".len() + 2 * byte;
        let other = if forged[digit..].starts_with('0') { "1" } else { "0" };
        forged.replace_range(digit..=digit, other);
        let headers = [("x-trustlens-signature", forged)];
        group.bench_function(BenchmarkId::from_parameter(byte), |bencher| {
            bencher.iter(|| {
                let verdict = verifier.verify_at(black_box(&headers), b"", NOW);
                assert_eq!(verdict.err(), Some(VerifyError::SignatureMismatch));
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = schemes, refusals, secrets, shops, signing, streamed, look_ups, mismatch
}
criterion_main!(benches);
