//! Text is a timestamp if and only if it has the one spelling, and then it is printed as it was
//! read; every moment that a receiver reads comes back from its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::{ReplayWindow, Secret, Timestamp, Verify, VerifyError, trustlens};
use trusthooks_fuzz::model;

fuzz_target!(|data: &[u8]| {
    let expected = model::timestamp(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let read = text.parse::<Timestamp>().ok();
        assert_eq!(read.map(Timestamp::as_unix), expected);
        if let Some(read) = read {
            assert_eq!(read.to_string(), text);
        }
    }
    // The same grammar in a header, where bytes need not be text.
    let zeros = format!("sha256={}", "0".repeat(64));
    let headers = [("X-TrustLens-Timestamp", data), ("X-TrustLens-Signature", zeros.as_bytes())];
    let verifier =
        trustlens::Verifier::new(Secret::new("s").unwrap()).with_window(ReplayWindow::UNBOUNDED);
    let begun = verifier.begin(&headers, Timestamp::from_unix(0)).map(drop);
    let malformed = VerifyError::MalformedTimestamp { header: "x-trustlens-timestamp" };
    assert_eq!(begun, if expected.is_some() { Ok(()) } else { Err(malformed) });

    if let Some(number) = data.first_chunk() {
        let number = u64::from_le_bytes(*number);
        let again = Timestamp::from_unix(number).to_string().parse().map(Timestamp::as_unix);
        assert_eq!(again.ok(), i64::try_from(number).is_ok().then_some(number));
    }
});
