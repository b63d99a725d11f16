//! A signature header is read if and only if it has its one spelling, and it is accepted if and only
//! if it is, to the letter, what the signer wrote.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trusthooks::{Secret, Timestamp, Verify, VerifyError, trustlens::v1, trustoo::system};
use trusthooks_fuzz::model;

const BODY: &[u8] = b"{}";
const NOW: Timestamp = Timestamp::from_unix(0);

fn judge<V: Verify>(verifier: &V, header: &'static str, prefix: &str, genuine: &str, text: &[u8]) {
    let headers = [(header, text)];
    let read = verifier.begin(&headers, NOW);
    assert_eq!(read.is_ok(), model::signature(text, prefix.as_bytes()).is_some());
    match verifier.verify_at(&headers, BODY, NOW) {
        Ok(_) => assert_eq!(text, genuine.as_bytes()),
        Err(VerifyError::MalformedSignature { header: named }) => {
            assert!(read.is_err() && named == header);
        }
        Err(error) => {
            assert_eq!(error, VerifyError::SignatureMismatch);
            assert!(read.is_ok() && text != genuine.as_bytes());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let secret = Secret::new("s").unwrap();
    let lens = v1::Signer::new(secret.clone()).sign_at(BODY, NOW);
    let oo = system::Signer::new(secret.clone()).sign_at(BODY, NOW);
    let (lens, oo) = (lens.iter().last().unwrap(), oo.iter().last().unwrap());
    let (lens_verifier, oo_verifier) =
        (v1::Verifier::new(secret.clone()), system::Verifier::new(secret));

    // The bytes as they are, and put over a part of a genuine header.
    let mut texts = vec![data.to_vec()];
    if let [place, rest @ ..] = data {
        for genuine in [lens.1, oo.1] {
            let mut text = genuine.as_bytes().to_vec();
            let start = usize::from(*place) % (text.len() + 1);
            let end = (start + rest.len()).min(text.len());
            text.splice(start..end, rest.iter().copied());
            texts.push(text);
        }
    }
    texts.push(lens.1.as_bytes().to_vec());
    texts.push(oo.1.as_bytes().to_vec());
    for text in texts {
        judge(&lens_verifier, lens.0, "sha256=", lens.1, &text);
        judge(&oo_verifier, oo.0, "", oo.1, &text);
    }
});
