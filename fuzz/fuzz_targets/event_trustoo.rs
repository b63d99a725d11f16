//! No body panics. What is an event at all is the same event when written and read again, of a shop
//! as of the system.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::trustoo::{shop, system};

fuzz_target!(|data: &[u8]| {
    trusthooks_fuzz::round_trip::<shop::Event>(data);
    trusthooks_fuzz::round_trip::<system::Event>(data);
});
