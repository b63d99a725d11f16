//! However a body is cut into pieces, the verdict and the receipt are those of the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::Verify;
use trusthooks_fuzz::input::{Judge, Request};

struct Pieces<'r> {
    request: &'r Request,
    /// The lengths of the pieces, over and over.
    cuts: &'r [u8],
}

impl Judge for Pieces<'_> {
    fn judge<V: Verify>(&self, verifier: &V) {
        let Self { request, cuts } = self;
        let whole = verifier.verify_at(&request.headers, &request.body, request.now());
        let streamed =
            verifier.begin(&request.headers, request.now()).and_then(|mut verification| {
                let mut rest = request.body.as_slice();
                let mut lengths = cuts.iter().cycle();
                while !rest.is_empty() {
                    let length = lengths.next().map_or(rest.len(), |length| usize::from(*length));
                    // A whole round of empty pieces would not get on.
                    let length = if cuts.iter().all(|cut| *cut == 0) { rest.len() } else { length };
                    let (piece, left) = rest.split_at(length.min(rest.len()));
                    verification.update(piece);
                    rest = left;
                }
                verification.update(b"");
                verification.finish()
            });
        match (whole, streamed) {
            (Ok(whole), Ok(streamed)) => {
                let whole = whole.receipt();
                assert_eq!(whole.fingerprint(), streamed.fingerprint());
                assert_eq!(whole.secret_index(), streamed.secret_index());
                assert_eq!(whole.signed_at(), streamed.signed_at());
                assert_eq!(whole.expires_at(), streamed.expires_at());
            }
            (whole, streamed) => assert_eq!(whole.map(drop), streamed.map(drop)),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((count, rest)) = data.split_first() else { return };
    let Some((cuts, rest)) = rest.split_at_checked(usize::from(*count % 16)) else { return };
    let request = Request::read(rest);
    request.judge(Pieces { request: &request, cuts });
});
