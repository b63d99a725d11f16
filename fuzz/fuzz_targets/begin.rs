//! `begin` gives any list of headers the verdict of the model, down to the header that is named and
//! the lengths of time; from a `HeaderMap` too, wherever that can hold the list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::Verify;
use trusthooks_fuzz::{
    input::{Judge, Request},
    model,
};

struct Begin<'r>(&'r Request);

impl Judge for Begin<'_> {
    fn judge<V: Verify>(&self, verifier: &V) {
        let Self(request) = self;
        let expected = model::begin(request).map(drop);
        assert_eq!(verifier.begin(&request.headers, request.now()).map(drop), expected);
        if let Some(map) = request.header_map() {
            assert_eq!(verifier.begin(&map, request.now()).map(drop), expected);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let request = Request::read(data);
    request.judge(Begin(&request));
});
