//! No heap allocation from `begin` to the verdict; behind the layer, an event is read once.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    convert::Infallible,
    future::{Future as _, Ready, ready},
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;
use trusthooks::{
    Delivery, ReplayGuard, Secret, Secrets, SignedHeaders, Timestamp, Verify, VerifyError,
    tower::VerifyLayer,
    trustlens,
    trustoo::{shop, system},
};

/// Counts what this thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As long as the vendor's ids are.
const ENDPOINT: &str = "6f0d2a52-6e6b-4b0e-9d7b-0f6f2f1f7c11";
const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);
const LATE: Timestamp = Timestamp::from_unix(1_790_000_000);

fn allocations<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = ALLOCATIONS.get();
    let result = run();
    (ALLOCATIONS.get() - before, result)
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn one() -> Secrets {
    Secrets::from(secret("current"))
}

/// The one that fits comes second.
fn two() -> Secrets {
    Secrets::from(secret("another")).and(secret("current"))
}

fn none_fits() -> Secrets {
    Secrets::from(secret("another")).and(secret("yet another"))
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1)).0, 1);
    assert_eq!(allocations(|| vec![0_u8; 100]).0, 1);
}

#[test]
fn trustlens_allocates_nothing() {
    let signer = trustlens::Signer::new(secret("current"));
    never(trustlens::Verifier::new, |body| signer.sign_at(body, NOW), true);
}

#[test]
fn trustlens_v1_allocates_nothing() {
    let signer = trustlens::v1::Signer::new(secret("current"));
    never(trustlens::v1::Verifier::new, |body| signer.sign_at(body, NOW), false);
}

#[test]
fn one_shop_allocates_nothing() {
    let signer = shop::Signer::new("public", secret("current"));
    never(shop::Verifier::new, |body| signer.sign_at(body, NOW), true);
}

#[test]
fn several_shops_allocate_nothing() {
    let signer = shop::Signer::new("public", secret("current"));
    let store = |secrets| {
        let shops = (0..1000).map(|shop| (format!("shop {shop}"), one()));
        let shops = shops.chain([("public".to_owned(), secrets)]);
        shop::Verifier::with_store(shops.collect::<std::collections::HashMap<_, _>>())
    };
    never(store, |body| signer.sign_at(body, NOW), true);
}

#[test]
fn several_endpoints_allocate_nothing() {
    let signer = trustlens::Signer::new(secret("current"));
    let store = |secrets| {
        let endpoints = (0..1000).map(|endpoint| (endpoint.to_string(), one()));
        let endpoints = endpoints.chain([(ENDPOINT.to_owned(), secrets)]);
        trustlens::Verifier::with_store(endpoints.collect::<std::collections::HashMap<_, _>>())
    };
    never(store, |body| signer.sign_at(body, NOW), true);
}

#[test]
fn system_webhooks_allocate_nothing() {
    let signer = system::Signer::new(secret("current"));
    never(system::Verifier::new, |body| signer.sign_at(body, NOW), false);
}

/// Accepted and refused, in a `HeaderMap` and in pairs, at every size.
fn never<V: Verify>(
    verifier: impl Fn(Secrets) -> V,
    sign: impl Fn(&[u8]) -> SignedHeaders,
    has_window: bool,
) {
    let sizes = (0..130).chain([255, 256, 1024, 4096, 16 * 1024, 64 * 1024, 1024 * 1024]);
    let verifiers = [(verifier(one()), 0), (verifier(two()), 1)];
    let stranger = verifier(none_fits());
    for size in sizes {
        let body = vec![b'x'; size];
        let signed = sign(&body);
        let endpoint = [("x-trustlens-webhook-id", ENDPOINT)];
        let pairs: Vec<_> = signed.iter().chain(endpoint).collect();
        let mut map = HeaderMap::new();
        map.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in &pairs {
            map.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let none: [(&str, &str); 0] = [];

        for (verifier, index) in &verifiers {
            for (count, verdict) in [
                allocations(|| verifier.verify_at(&map, &body, NOW)),
                allocations(|| verifier.verify_at(&pairs, &body, NOW)),
            ] {
                assert_eq!(verdict.unwrap().receipt().secret_index(), *index);
                assert_eq!(count, 0, "accepted, {size} bytes");
            }
            let (count, verdict) = allocations(|| verifier.verify_at(&none, &body, NOW));
            assert!(matches!(verdict, Err(VerifyError::MissingHeader { .. })));
            assert_eq!(count, 0, "missing header, {size} bytes");
            if has_window {
                let (count, verdict) = allocations(|| verifier.verify_at(&map, &body, LATE));
                assert!(matches!(verdict, Err(VerifyError::Expired { .. })));
                assert_eq!(count, 0, "stale, {size} bytes");
            }
        }
        for (count, verdict) in [
            allocations(|| stranger.verify_at(&map, &body, NOW)),
            allocations(|| stranger.verify_at(&pairs, &body, NOW)),
        ] {
            assert_eq!(verdict.err(), Some(VerifyError::SignatureMismatch));
            assert_eq!(count, 0, "refused, {size} bytes");
        }
    }
}

/// Asks for the event three times, and tells what each of that took.
#[derive(Clone)]
struct Asks(mpsc::Sender<[usize; 3]>);

impl Service<Request<Full<Bytes>>> for Asks {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let delivery: &Delivery<trustlens::Event, Bytes> = request.extensions().get().unwrap();
        let (first, event) = allocations(|| delivery.event().unwrap());
        let (copy, _) = allocations(|| event.clone());
        // Clones of the delivery, as an extractor makes them, share what was read.
        let (again, _) = allocations(|| delivery.clone().event().unwrap());
        self.0.send([first, again, copy]).unwrap();
        ready(Ok(Response::new(Full::default())))
    }
}

/// However many ask, and whether or not the layer has asked before, for the retry key.
#[test]
fn behind_the_layer_an_event_is_read_once() {
    fn asked(layer: impl Layer<Asks, Service: Service<Request<Full<Bytes>>>>) -> [usize; 3] {
        let body: &[u8] = include_bytes!("../../../tests/events/trustlens_high_risk_order.json");
        let mut request = Request::post("/").body(Full::new(Bytes::from_static(body))).unwrap();
        let signed = trustlens::Signer::new(secret("current")).sign_at(body, Timestamp::now());
        signed.apply(request.headers_mut()).unwrap();
        let (sender, seen) = mpsc::channel();
        let future = pin!(layer.layer(Asks(sender)).call(request));
        assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        seen.recv().unwrap()
    }

    let layer = || VerifyLayer::new(trustlens::Verifier::new(one()));
    let [first, again, copy] = asked(layer());
    assert!(first > copy, "reading takes more than a copy: {first}, {copy}");
    assert_eq!(again, copy);
    let [first, again, copy] = asked(layer().store(ReplayGuard::new(10)));
    assert_eq!([first, again], [copy, copy]);
}
