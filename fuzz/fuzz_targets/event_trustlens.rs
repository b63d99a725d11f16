//! No body panics. What is an event at all is the same event when written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::trustlens::Event;

fuzz_target!(|data: &[u8]| trusthooks_fuzz::round_trip::<Event>(data));
