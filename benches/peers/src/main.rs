//! The same delivery checked by this crate and by what one would use instead, in one run.
//!
//! `cargo run --release -p peers` (and `--features aws-lc-rs`)
//!
//! Every row is called in short batches, in turn with all the others of its table, so that what
//! else the machine does falls on all of them alike; a figure is the median over its batches. Every
//! verdict is asserted.

mod contenders;
mod race;

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use contenders::Request;
use race::{Race, Time};
use trusthooks::{
    Secret, Secrets, Timestamp, Verify, VerifyError, trustlens,
    trustoo::{
        open_api::{self, CanonicalString},
        shop,
    },
};

const SIZES: [(usize, &str); 3] = [(256, "256 B"), (1024, "1 KiB"), (16 * 1024, "16 KiB")];
const SECRET: &str = "whsec-0123456789abcdef0123456789";

const THIS: &str = "trusthooks";
const THIS_BY_CLOCK: &str = "trusthooks, reading the clock";
const FLOOR: &str = "the floor: compress256";
const STANDARDWEBHOOKS: &str = "standardwebhooks, reading the clock";
const WEBHOOK_VERIFY: &str = "webhook-verify, reading the clock";
const MAC: &str = "part: `hmac` alone, keyed beforehand";
const LOOK_UPS: &str = "part: two look-ups in the `HeaderMap`";
const HMAC: &str = "hmac + sha2 by hand";
const RING: &str = "ring by hand";
const AWS_LC: &str = "aws-lc-rs by hand";

fn main() {
    let build = if cfg!(feature = "aws-lc-rs") { "aws-lc-rs" } else { "default" };
    println!("trusthooks: {build} build\n");
    // The deliveries have to be fresh by the system clock, since some of the peers read it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let times = whole_checks(now);
    ratios(&times);
    refusals(now);
    secrets(now);
    shops(now);
    signing(now);
}

/// Per size, by row.
type Times = [HashMap<&'static str, Time>; 3];

fn whole_checks(now: u64) -> Times {
    println!("## A genuine delivery, ns (median)\n");
    let times = SIZES.map(|(size, _)| {
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
        race.enter(MAC, contenders::mac(&request));
        race.enter(LOOK_UPS, contenders::look_ups(&request));
        race.enter(STANDARDWEBHOOKS, contenders::standardwebhooks(&request));
        race.enter(WEBHOOK_VERIFY, contenders::webhook_verify(&request));
        race.enter(HMAC, contenders::hmac(&request, now));
        race.enter(RING, contenders::ring(&request, now));
        race.enter(AWS_LC, contenders::aws_lc(&request, now));
        race.run().into_iter().collect::<HashMap<_, _>>()
    });

    let rows = [
        FLOOR,
        MAC,
        LOOK_UPS,
        THIS,
        THIS_BY_CLOCK,
        STANDARDWEBHOOKS,
        WEBHOOK_VERIFY,
        HMAC,
        RING,
        AWS_LC,
    ];
    println!("| row | {} | {} | {} |", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    println!("|---|---|---|---|");
    for row in rows {
        let [small, medium, large] = [0, 1, 2].map(|size| times[size][row].median);
        println!("| {row} | {small:.0} | {medium:.0} | {large:.0} |");
    }
    times
}

/// Prints a ratio, bold where it is above the most that it should be.
fn at_most(ratio: f64, bound: f64) -> String {
    if ratio > bound {
        format!("**{ratio:.3}** ({bound})")
    } else {
        format!("{ratio:.3} ({bound})")
    }
}

fn ratios(times: &Times) {
    println!("\n## Ratios of medians (at most)\n");
    println!("| this crate to | {} | {} | {} |", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    println!("|---|---|---|---|");
    for (ours, theirs) in [
        (THIS_BY_CLOCK, WEBHOOK_VERIFY),
        (THIS_BY_CLOCK, STANDARDWEBHOOKS),
        (THIS, HMAC),
        (THIS, RING),
        (THIS, AWS_LC),
    ] {
        let [small, medium, large] = [0, 1, 2]
            .map(|size| at_most(times[size][ours].median / times[size][theirs].median, 1.0));
        println!("| {theirs} | {small} | {medium} | {large} |");
    }
    println!("\nTo the floor, undisturbed (in the fastest twentieth of the batches):\n");
    println!("| | {} | {} | {} |\n|---|---|---|---|", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    for row in [THIS, MAC] {
        let [small, medium, large] = [(0, 1.75), (1, 1.25), (2, 1.03)].map(|(size, bound)| {
            let times = &times[size];
            at_most(times[row].undisturbed / times[FLOOR].undisturbed, bound)
        });
        println!("| {row} | {small} | {medium} | {large} |");
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
        for (row, (name, time)) in rows.iter_mut().zip(race.run()) {
            if row.is_empty() {
                row.push(name.to_owned());
            }
            row.push(format!("{:.0}", time.median));
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
        let times = race.run();
        [1, 2].map(|two| times[two].1.median / times[0].1.median)
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
    fn secrets(&self, public_token: &str) -> Option<Secrets> {
        self.0.get(public_token).cloned()
    }
}

/// As many requests as were under way at once, the same number for every count of shops.
const UNDER_WAY: usize = 64;

/// Indices of shops: the same one always, or one of `count` drawn again each time.
fn indices(count: usize, spread: bool) -> impl FnMut() -> usize {
    let mut draw = 0x2545_F491_4F6C_DD1D_u64;
    move || {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        if spread { (draw % count as u64) as usize } else { 0 }
    }
}

fn shops(now: u64) {
    println!("\n## Many shops to one (at most 1.15 for 100,000)\n");
    println!("| requests | {} | {} | {} |\n|---|---|---|---|", SIZES[0].1, SIZES[1].1, SIZES[2].1);
    let counts = [1, 1_000, 100_000];
    let names = ["1", "1,000", "100,000"];
    let stores = counts.map(|count| Arc::new(Shops::new(count)));
    let verifiers = stores.each_ref().map(|store| shop::Verifier::with_store(Arc::clone(store)));
    let at = Timestamp::from_unix(now);
    let mut table = [(); 4].map(|()| Vec::new());
    for (size, _) in SIZES {
        // One shop, whatever their number: what the look-up costs.
        // Another shop each time, drawn again for every batch: what the caches cost on top.
        for (row, spread) in [(0, false), (2, true)] {
            let mut race = Race::new();
            for ((count, name), verifier) in counts.iter().zip(names).zip(&verifiers) {
                let mut index = indices(*count, spread);
                let request = move |index| {
                    let secret = Secret::new(Shops::private_token(index)).expect("not empty");
                    let signer = shop::Signer::new(Shops::public_token(index), secret);
                    Request::of_shop(&signer, size, now)
                };
                race.enter_prepared(
                    name,
                    move || (0..UNDER_WAY).map(|_| request(index())).collect(),
                    move |requests| {
                        for Request { headers, body, .. } in requests {
                            assert!(black_box(verifier).verify_at(headers, body, at).is_ok());
                        }
                    },
                );
            }
            let times = race.run();
            for many in [1, 2] {
                table[row + many - 1].push(times[many].1.median / times[0].1.median);
            }
        }
    }
    let rows = ["one shop of 1,000", "one shop of 100,000", "any of 1,000", "any of 100,000"];
    for (name, ratios) in rows.into_iter().zip(table) {
        let ratios: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
        println!("| {name} | {} |", ratios.join(" | "));
    }

    println!(
        "\nThe memory alone: an entry of 128 bytes, found by its number; and the map alone:\n"
    );
    println!("| shops | memory, ns | map, ns |\n|---|---|---|");
    let mut table = [[0.0; 2]; 3];
    // As much memory beside each number and token as a request has, so that the caches are as full.
    let request = [1_u8; 4096];
    let mut memory = Race::new();
    let mut map = Race::new();
    for ((count, name), store) in counts.iter().zip(names).zip(&stores) {
        let entries = vec![[1_u64; 16]; *count];
        let mut index = indices(*count, true);
        memory.enter_prepared(
            name,
            move || (0..UNDER_WAY).map(|_| (index(), request)).collect(),
            move |numbers| {
                // The number of the next entry is not known before this one is read.
                let mut last = 0;
                for (number, _) in numbers {
                    let entry = black_box(&entries)[(number + last) % count];
                    last = usize::from(entry.iter().sum::<u64>() != 16);
                }
                assert_eq!(last, 0);
            },
        );
        // Of the same size as `Secrets`, which cannot be read from outside.
        let secrets: HashMap<String, [u64; 13]> =
            store.0.keys().map(|token| (token.clone(), [1; 13])).collect();
        let mut index = indices(*count, true);
        map.enter_prepared(
            name,
            move || (0..UNDER_WAY).map(|_| (Shops::public_token(index()), request)).collect(),
            move |tokens| {
                for (token, _) in tokens {
                    let found = black_box(&secrets).get(black_box(token.as_str()));
                    assert_eq!(found.map(|secrets| secrets.iter().sum()), Some(13_u64));
                }
            },
        );
    }
    for (column, race) in [memory, map].into_iter().enumerate() {
        for (row, (_, time)) in race.run().into_iter().enumerate() {
            table[row][column] = time.median;
        }
    }
    for (name, [memory, map]) in names.into_iter().zip(table) {
        println!("| {name} | {memory:.0} | {map:.0} |");
    }
}

fn signing(now: u64) {
    println!("\n## Signing a request to the Open API, ns (at most, to that by hand)\n");
    println!("| | 3 parameters | 30 parameters |\n|---|---|---|");
    let token = "private-token-private-token";
    let signer = open_api::Signer::new("public-token", Secret::new(token).expect("not empty"));
    let at = Timestamp::from_unix(now);
    let [few, many] = [3, 30].map(|count| {
        let query: Vec<_> =
            (0..count).rev().map(|number| format!("parameter{number:02}=a%20value")).collect();
        let query = query.join("&");
        // Both sign the same string, and so the same.
        let string = contenders::canonical_string(&query, now);
        let canonical = CanonicalString::new(&query, None, at).expect("a query");
        assert_eq!(canonical.as_bytes(), string.as_bytes());
        let sign = contenders::sign(token, &query, now);
        let signed = signer.sign_at(&query, None, at).expect("a query");
        assert!(signed.iter().any(|(_, value)| value == sign));

        let mut race = Race::new();
        race.enter("canonical string", || {
            black_box(CanonicalString::new(black_box(&query), None, at).expect("a query"));
        });
        race.enter("canonical string by hand", || {
            black_box(contenders::canonical_string(black_box(&query), now));
        });
        race.enter("headers", || {
            black_box(black_box(&signer).sign_at(black_box(&query), None, at).expect("a query"));
        });
        race.enter("headers by hand", || {
            black_box(contenders::headers(
                "public-token",
                black_box(token),
                black_box(&query),
                now,
            ));
        });
        race.run()
    });
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        println!("| {name} | {:.0} | {:.0} |", few.median, many.median);
    }
    for (what, ours) in [("canonical string", 0), ("headers", 2)] {
        let [few, many] =
            [&few, &many].map(|rows| at_most(rows[ours].1.median / rows[ours + 1].1.median, 1.0));
        println!("| {what}, to that by hand | {few} | {many} |");
    }
}
