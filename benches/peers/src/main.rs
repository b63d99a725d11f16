//! The same delivery checked by this crate and by what one would use instead, in one run.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` (and `--features aws-lc-rs`)
//!
//! Every row is called in short batches, in turn with all the others of its table, so that what
//! else the machine does falls on all of them alike; a figure is the median over its batches. Every
//! verdict is asserted.

mod contenders;
mod race;

use std::{
    borrow::Cow,
    collections::HashMap,
    hint::black_box,
    time::{SystemTime, UNIX_EPOCH},
};

use contenders::Request;
use race::Race;
use trusthooks::{Secret, Secrets, Timestamp, Verify, VerifyError, trustlens, trustoo::shop};

const SIZES: [(usize, &str); 3] = [(256, "256 B"), (1024, "1 KiB"), (16 * 1024, "16 KiB")];
const SECRET: &str = "whsec-0123456789abcdef0123456789";

const THIS: &str = "trusthooks";
const THIS_BY_CLOCK: &str = "trusthooks, reading the clock";
const FLOOR: &str = "the floor: compress256";
const STANDARDWEBHOOKS: &str = "standardwebhooks, reading the clock";
const WEBHOOK_VERIFY: &str = "webhook-verify, reading the clock";
const HMAC: &str = "hmac + sha2 by hand";
const RING: &str = "ring by hand";
const AWS_LC: &str = "aws-lc-rs by hand";

fn main() {
    let build = if cfg!(feature = "aws-lc-rs") { "aws-lc-rs" } else { "default" };
    println!("trusthooks: {build} build\n");
    // The deliveries have to be fresh by the system clock, since some of the peers read it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let medians = whole_checks(now);
    targets(&medians);
    refusals(now);
    secrets(now);
    shops(now);
}

/// Medians in nanoseconds, per size, by row.
type Medians = [HashMap<&'static str, f64>; 3];

fn whole_checks(now: u64) -> Medians {
    println!("## A genuine delivery, ns (median)\n");
    let medians = SIZES.map(|(size, _)| {
        let request = Request::new(SECRET, size, now);
        let verifier = trustlens::Verifier::new(Secret::new(SECRET).expect("not empty"));
        let at = Timestamp::from_unix(now);
        let mut race = Race::new();
        race.enter(THIS, || {
            let Request { headers, body, .. } = black_box(&request);
            assert!(black_box(&verifier).verify_at(headers, body, black_box(at)).is_ok());
        });
        race.enter(THIS_BY_CLOCK, || {
            let Request { headers, body, .. } = black_box(&request);
            assert!(black_box(&verifier).verify(headers, body).is_ok());
        });
        race.enter(FLOOR, contenders::floor(&request));
        race.enter(STANDARDWEBHOOKS, contenders::standardwebhooks(&request));
        race.enter(WEBHOOK_VERIFY, contenders::webhook_verify(&request));
        race.enter(HMAC, contenders::hmac(&request, now));
        race.enter(RING, contenders::ring(&request, now));
        race.enter(AWS_LC, contenders::aws_lc(&request, now));
        race.run().into_iter().collect::<HashMap<_, _>>()
    });

    let rows = [FLOOR, THIS, THIS_BY_CLOCK, STANDARDWEBHOOKS, WEBHOOK_VERIFY, HMAC, RING, AWS_LC];
    println!("| row | {} | {} | {} |", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    println!("|---|---|---|---|");
    for row in rows {
        let [small, medium, large] = [0, 1, 2].map(|size| medians[size][row]);
        println!("| {row} | {small:.0} | {medium:.0} | {large:.0} |");
    }
    medians
}

fn targets(medians: &Medians) {
    println!("\n## Ratios of medians (at most)\n");
    println!("| this crate to | {} | {} | {} |", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    println!("|---|---|---|---|");
    let print = |to: &str, ours: &str, theirs: &[&str], targets: [Option<f64>; 3]| {
        let cells = [0, 1, 2].map(|size| {
            let fastest = theirs.iter().map(|row| medians[size][row]).fold(f64::MAX, f64::min);
            let ratio = medians[size][ours] / fastest;
            match targets[size] {
                Some(target) if ratio > target => format!("**{ratio:.3}** ({target})"),
                Some(target) => format!("{ratio:.3} ({target})"),
                None => format!("{ratio:.3}"),
            }
        });
        println!("| {to} | {} |", cells.join(" | "));
    };
    let none = [None; 3];
    if cfg!(feature = "aws-lc-rs") {
        let fastest = [RING, AWS_LC];
        print("the faster of ring and aws-lc-rs", THIS, &fastest, [1.08, 1.05, 1.03].map(Some));
        print(FLOOR, THIS, &[FLOOR], none);
    } else {
        print(FLOOR, THIS, &[FLOOR], [1.20, 1.08, 1.03].map(Some));
        print(WEBHOOK_VERIFY, THIS_BY_CLOCK, &[WEBHOOK_VERIFY], [0.58, 0.77, 1.0].map(Some));
        print(STANDARDWEBHOOKS, THIS_BY_CLOCK, &[STANDARDWEBHOOKS], [0.53, 0.70, 1.0].map(Some));
        print(HMAC, THIS, &[HMAC], none);
        print(RING, THIS, &[RING], none);
        print(AWS_LC, THIS, &[AWS_LC], none);
    }
}

fn refusals(now: u64) {
    println!("\n## Refusals before the body, ns (under 200)\n");
    println!("| what | 1 B | 10 MB |\n|---|---|---|");
    let mut rows: [Vec<String>; 3] = Default::default();
    for size in [1, 10_000_000] {
        let request = Request::new(SECRET, size, now);
        let mut malformed = request.headers.clone();
        malformed.insert("x-trustlens-signature", http::HeaderValue::from_static("sha256=beef"));
        let missing = http::HeaderMap::new();
        let verifier = trustlens::Verifier::new(Secret::new(SECRET).expect("not empty"));
        let at = Timestamp::from_unix(now);
        let late = Timestamp::from_unix(now + 301);
        let mut race = Race::new();
        race.enter("stale", || {
            let Request { headers, body, .. } = black_box(&request);
            let verdict = black_box(&verifier).verify_at(headers, body, black_box(late));
            assert!(matches!(verdict, Err(VerifyError::Expired { .. })));
        });
        race.enter("malformed signature", || {
            let verdict = black_box(&verifier).verify_at(
                black_box(&malformed),
                black_box(&request.body),
                black_box(at),
            );
            assert!(matches!(verdict, Err(VerifyError::MalformedSignature { .. })));
        });
        race.enter("missing header", || {
            let verdict = black_box(&verifier).verify_at(
                black_box(&missing),
                black_box(&request.body),
                black_box(at),
            );
            assert!(matches!(verdict, Err(VerifyError::MissingHeader { .. })));
        });
        for (row, (name, median)) in rows.iter_mut().zip(race.run()) {
            if row.is_empty() {
                row.push(name.to_owned());
            }
            row.push(format!("{median:.0}"));
        }
    }
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

fn secrets(now: u64) {
    println!("\n## Two secrets to one (at most 1.08 where the first fits)\n");
    println!(
        "| which fits | {} | {} | {} |\n|---|---|---|---|",
        SIZES[0].1, SIZES[1].1, SIZES[2].1
    );
    let secret = |text: &str| Secret::new(text).expect("not empty");
    let other = "whsec-another-another-another-00";
    let one = trustlens::Verifier::new(secret(SECRET));
    let first = trustlens::Verifier::new(Secrets::from(secret(SECRET)).and(secret(other)));
    let second = trustlens::Verifier::new(Secrets::from(secret(other)).and(secret(SECRET)));
    let at = Timestamp::from_unix(now);
    let ratios = SIZES.map(|(size, _)| {
        let request = Request::new(SECRET, size, now);
        let mut race = Race::new();
        for (name, verifier, index) in
            [("one", &one, 0), ("the first of two", &first, 0), ("the second of two", &second, 1)]
        {
            let request = &request;
            race.enter(name, move || {
                let Request { headers, body, .. } = black_box(request);
                let delivery = black_box(verifier).verify_at(headers, body, black_box(at));
                assert_eq!(delivery.expect("genuine").receipt().secret_index(), index);
            });
        }
        let medians = race.run();
        [medians[1].1 / medians[0].1, medians[2].1 / medians[0].1]
    });
    for (row, name) in ["the first", "the second"].into_iter().enumerate() {
        let [small, medium, large] = ratios.map(|ratios| ratios[row]);
        println!("| {name} | {small:.3} | {medium:.3} | {large:.3} |");
    }
}

/// Shops in a map, each with a token of its own.
struct Shops(HashMap<String, Secrets>);

impl Shops {
    fn new(count: usize) -> Self {
        let shop = |index| {
            let secret = Secret::new(Self::private_token(index)).expect("not empty");
            (Self::public_token(index), Secrets::from(secret))
        };
        Self((0..count).map(shop).collect())
    }

    fn public_token(index: usize) -> String {
        format!("GfKu22TCaj4gULtr{index:06}==")
    }

    fn private_token(index: usize) -> String {
        format!("private-token-private-{index:06}")
    }
}

impl shop::SecretStore for Shops {
    fn secrets(&self, public_token: &str) -> Option<Cow<'_, Secrets>> {
        self.0.get(public_token).map(Cow::Borrowed)
    }
}

fn shops(now: u64) {
    println!("\n## Many shops to one (at most 1.15 for 100,000)\n");
    println!("| requests | {} | {} | {} |\n|---|---|---|---|", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    let counts = [1, 1_000, 100_000];
    let names = ["1", "1,000", "100,000"];
    let verifiers = counts.map(|count| shop::Verifier::with_store(Shops::new(count)));
    let at = Timestamp::from_unix(now);
    // As many requests as were under way at once, the same number for every count.
    const UNDER_WAY: usize = 64;
    let mut table = [(); 4].map(|()| Vec::new());
    for (size, _) in SIZES {
        // One shop, whatever their number: what the look-up costs.
        // Another shop each time, drawn anew for every batch: what the caches cost on top.
        for (row, spread) in [(0, false), (2, true)] {
            let mut race = Race::new();
            for ((count, name), verifier) in counts.iter().zip(names).zip(&verifiers) {
                let mut draw = 0x2545_F491_4F6C_DD1D_u64;
                race.enter_prepared(
                    name,
                    move || {
                        let mut index = || {
                            draw ^= draw << 13;
                            draw ^= draw >> 7;
                            draw ^= draw << 17;
                            if spread { (draw % *count as u64) as usize } else { 0 }
                        };
                        (0..UNDER_WAY)
                            .map(|_| {
                                let index = index();
                                let secret =
                                    Secret::new(Shops::private_token(index)).expect("not empty");
                                let signer = shop::Signer::new(Shops::public_token(index), secret);
                                Request::of_shop(&signer, size, now)
                            })
                            .collect::<Vec<_>>()
                    },
                    move |requests| {
                        for Request { headers, body, .. } in requests {
                            assert!(black_box(verifier).verify_at(headers, body, at).is_ok());
                        }
                    },
                );
            }
            let medians = race.run();
            for many in [1, 2] {
                table[row + many - 1].push(medians[many].1 / medians[0].1);
            }
        }
    }
    let rows = ["one shop of 1,000", "one shop of 100,000", "any of 1,000", "any of 100,000"];
    for (name, ratios) in rows.into_iter().zip(table) {
        let ratios: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
        println!("| {name} | {} |", ratios.join(" | "));
    }
}
