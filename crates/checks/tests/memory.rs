//! Reading an event never takes more memory at its peak than `serde_json::Value` of the same body,
//! however the body is made.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use serde_json::Value;
use trusthooks::{
    Delivery, Event, Secret, SignedHeaders, Timestamp, Verify, trustlens, trustoo::shop,
};

/// Counts the bytes that this thread holds.
struct Counting;

/// An allocator may grow memory where it is, or have to copy it; both are counted.
#[derive(Clone, Copy, Debug, Default)]
struct Peaks {
    in_place: usize,
    copying: usize,
}

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAKS: Cell<Peaks> = const { Cell::new(Peaks { in_place: 0, copying: 0 }) };
}

fn note(live: usize, copying: usize) {
    LIVE.set(live);
    let peaks = PEAKS.get();
    PEAKS.set(Peaks { in_place: peaks.in_place.max(live), copying: peaks.copying.max(copying) });
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.get() + layout.size();
        note(live, live);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // This thread may free memory that another one allocated.
        LIVE.set(LIVE.get().saturating_sub(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let live = LIVE.get();
        note(live.saturating_sub(layout.size()) + size, live + size);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that is held while this runs, above what was held before.
fn peaks<T>(run: impl FnOnce() -> T) -> Peaks {
    let before = LIVE.get();
    PEAKS.set(Peaks { in_place: before, copying: before });
    drop(run());
    let peaks = PEAKS.get();
    Peaks { in_place: peaks.in_place - before, copying: peaks.copying - before }
}

const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const SIZE: usize = 1024 * 1024;

fn secret() -> Secret {
    Secret::new("s").unwrap()
}

fn event_peaks<V: Verify>(verifier: V, signed: &SignedHeaders, body: &[u8]) -> Peaks
where
    V::Event: Event,
{
    let headers: Vec<_> = signed.iter().collect();
    let delivery: Delivery<V::Event, &[u8]> = verifier.verify_at(&headers, body, NOW).unwrap();
    peaks(|| delivery.event().unwrap())
}

/// As often as it fits into a body.
fn list(item: &str) -> String {
    let items = vec![item; (SIZE - 256) / (item.len() + 1)];
    format!("[{}]", items.join(","))
}

fn nested(open: &str, close: &str) -> String {
    list(&format!("{}1{}", open.repeat(120), close.repeat(120)))
}

/// Different keys with the same value.
fn wide(value: &str) -> String {
    let mut object = String::from("{");
    for n in 0.. {
        let entry = format!("\"{n:x}\":{value},");
        if object.len() + entry.len() > SIZE - 256 {
            break;
        }
        object += &entry;
    }
    object.pop();
    object + "}"
}

#[test]
fn the_counter_counts() {
    let peaks = peaks(|| {
        let mut bytes = Vec::<u8>::with_capacity(1000);
        bytes.reserve_exact(3000);
        bytes
    });
    assert_eq!((peaks.in_place, peaks.copying), (3000, 4000));
}

/// The memory of the event itself, beside its content: a few boxes and names.
const OWN: usize = 4096;

type Read<'a> = &'a dyn Fn(&[u8]) -> Peaks;

#[test]
fn never_more_than_a_value() {
    let contents = [
        ("objects in objects", nested("{\"a\":", "}")),
        ("arrays in arrays", nested("[", "]")),
        ("numbers", list("1")),
        ("empty texts", list("\"\"")),
        ("short texts", list("\"abc\"")),
        ("texts with an escape", list("\"a\\n\"")),
        ("empty objects", list("{}")),
        ("empty arrays", list("[]")),
        ("objects of one", list("{\"a\":1}")),
        ("objects of two", list("{\"a\":1,\"b\":2}")),
        ("media", list(r#"{"url":"https://cdn.example.com/1.jpg","type":1}"#)),
        ("odd media", list(r#"{"url":["u"],"type":"x"}"#)),
        ("wide", wide("1")),
        ("wide with empty objects", wide("{}")),
        ("wide with objects", wide("{\"url\":\"a\"}")),
        ("one text with an escape", format!("\"{}\\n\"", "x".repeat(SIZE - 256))),
    ];
    let lens = |body: &[u8]| {
        let signed = trustlens::Signer::new(secret()).sign_at(body, NOW);
        event_peaks(trustlens::Verifier::new(secret()), &signed, body)
    };
    let shop = |body: &[u8]| {
        let signed = shop::Signer::new("public", secret()).sign_at(body, NOW);
        event_peaks(shop::Verifier::new(secret()), &signed, body)
    };
    let places: [(&str, &str, Read<'_>); 7] = [
        ("TrustLens, unknown", r#"{"event":"test","x":@}"#, &lens),
        ("TrustLens, data", r#"{"event":"novel","data":@}"#, &lens),
        ("TrustLens, unknown in data", r#"{"event":"novel","x":1,"data":{"x":@}}"#, &lens),
        (
            "TrustLens, two customers",
            r#"{"event":"novel","customer":{},"data":{"customer":@}}"#,
            &lens,
        ),
        ("shop, unknown data", r#"{"event":"novel","shop_id":1,"data":@}"#, &shop),
        (
            "shop, media",
            r#"{"event":"review/created","shop_id":1,"data":{"id":1,"media":@}}"#,
            &shop,
        ),
        (
            "shop, media beside an odd one",
            r#"{"event":"review/created","shop_id":1,"data":{"id":1,"media":[1,@]}}"#,
            &shop,
        ),
    ];
    // Above 100: where the content becomes typed values that are larger than what was sent (an empty
    // object in a list of media), where it is held twice to be compared, and where a map grows while
    // the entries that it takes are freed in steps.
    let most_percent = |content: &str, place: &str| match place {
        "shop, media" if content.contains("object") || content.contains("media") => 450,
        "shop, media" | "shop, media beside an odd one" if content.starts_with("wide") => 250,
        "TrustLens, two customers" => 225,
        _ if content.starts_with("wide") => 125,
        _ => 100,
    };
    let mut more = Vec::new();
    for (content, json) in &contents {
        for (place, template, read) in &places {
            let body = template.replace('@', json);
            assert!(body.len() <= SIZE);
            let ours = read(body.as_bytes());
            let value = peaks(|| serde_json::from_slice::<Value>(body.as_bytes()).unwrap());
            let compared = |ours: usize, value: usize| {
                let percent = ours * 100 / value;
                format!("{ours:>10} to {value:>10} ({percent:>3} %)")
            };
            let line = format!(
                "{content:24} {place:30} in place {}, copying {}",
                compared(ours.in_place, value.in_place),
                compared(ours.copying, value.copying),
            );
            println!("{line}");
            let most = |value: usize| value / 100 * most_percent(content, place) + OWN;
            if ours.in_place > most(value.in_place) || ours.copying > most(value.copying) {
                more.push(line);
            }
        }
    }
    assert!(more.is_empty(), "more than a Value:\n{}", more.join("\n"));
}
