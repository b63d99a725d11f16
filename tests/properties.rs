//! What holds for every delivery, whatever its secret, time and body.

mod common;

use common::verdict;
use proptest::{collection::vec, prelude::*, sample::Index};
use trusthooks::{
    Headers, Receipt, ReplayWindow, Secret, SignedHeaders, Timestamp, Verify, VerifyError,
    trustlens,
    trustoo::{open_api, shop, system},
};

/// The four schemes that verify a delivery, each with its signer.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    TrustLens,
    TrustLensV1,
    Shop,
    System,
}

use Scheme::{Shop, System, TrustLens, TrustLensV1};

impl Scheme {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![Just(TrustLens), Just(TrustLensV1), Just(Shop), Just(System)]
    }

    fn signs_the_time(self) -> bool {
        matches!(self, TrustLens | Shop)
    }

    fn sign(self, secret: &[u8], body: &[u8], at: Timestamp) -> SignedHeaders {
        let secret = Secret::new(secret).unwrap();
        match self {
            TrustLens => trustlens::Signer::new(secret).sign_at(body, at),
            TrustLensV1 => trustlens::v1::Signer::new(secret).sign_at(body, at),
            Shop => shop::Signer::new("public", secret).sign_at(body, at),
            System => system::Signer::new(secret).sign_at(body, at),
        }
    }

    fn verify<H: Headers>(
        self,
        secret: &[u8],
        headers: &H,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Receipt, VerifyError> {
        let secret = Secret::new(secret).unwrap();
        let pieces = [body];
        match self {
            TrustLens => pieced(&trustlens::Verifier::new(secret), headers, pieces, now),
            TrustLensV1 => pieced(&trustlens::v1::Verifier::new(secret), headers, pieces, now),
            Shop => pieced(&shop::Verifier::new(secret), headers, pieces, now),
            System => pieced(&system::Verifier::new(secret), headers, pieces, now),
        }
    }
}

/// In one go, and in the pieces given; both must say the same.
fn pieced<'b, V: Verify, H: Headers>(
    verifier: &V,
    headers: &H,
    pieces: impl IntoIterator<Item = &'b [u8]>,
    now: Timestamp,
) -> Result<Receipt, VerifyError> {
    let pieces: Vec<_> = pieces.into_iter().collect();
    let whole =
        verifier.verify_at(headers, pieces.concat(), now).map(|delivery| *delivery.receipt());
    let streamed = verifier.begin(headers, now).and_then(|mut verification| {
        for piece in pieces {
            verification.update(piece);
        }
        verification.finish()
    });
    assert_eq!(verdict(whole), verdict(streamed));
    if let (Ok(whole), Ok(streamed)) = (whole, streamed) {
        assert_eq!(whole.fingerprint(), streamed.fingerprint());
        assert_eq!(whole.secret_index(), streamed.secret_index());
    }
    whole
}

fn owned(signed: &SignedHeaders) -> Vec<(String, Vec<u8>)> {
    signed.iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
}

fn secret() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..150).prop_filter("NUL bytes alone", |secret| secret.iter().any(|b| *b != 0))
}

/// Any time that a receiver reads, with room for a window on either side.
fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![0..=4_000_000_000_u64, 0..=(1_u64 << 63) - 1_000].prop_map(Timestamp::from_unix)
}

fn flip(bytes: &mut [u8], at: Index, bit: u8) {
    let at = at.index(bytes.len());
    bytes[at] ^= 1 << bit;
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted(scheme in Scheme::any(), secret in secret(), body in vec(any::<u8>(), 0..300), at in time()) {
        let headers = owned(&scheme.sign(&secret, &body, at));
        let receipt = scheme.verify(&secret, &headers, &body, at).unwrap();
        prop_assert_eq!(receipt.signed_at(), scheme.signs_the_time().then_some(at));
    }

    #[test]
    fn one_flipped_bit_of_the_body_is_refused(scheme in Scheme::any(), secret in secret(), mut body in vec(any::<u8>(), 1..300), at in time(), index: Index, bit in 0_u8..8) {
        let headers = owned(&scheme.sign(&secret, &body, at));
        flip(&mut body, index, bit);
        let result = scheme.verify(&secret, &headers, &body, at);
        prop_assert_eq!(result.unwrap_err(), VerifyError::SignatureMismatch);
    }

    #[test]
    fn one_flipped_bit_of_the_secret_is_refused(scheme in Scheme::any(), mut secret in secret(), body in vec(any::<u8>(), 0..300), at in time(), index: Index, bit in 0_u8..8) {
        let headers = owned(&scheme.sign(&secret, &body, at));
        let original = secret.clone();
        flip(&mut secret, index, bit);
        // HMAC pads short keys with zeros, so trailing zeros do not make another key.
        let significant = |key: &[u8]| key.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        prop_assume!(original[..significant(&original)] != secret[..significant(&secret)]);
        let result = scheme.verify(&secret, &headers, &body, at);
        prop_assert_eq!(result.unwrap_err(), VerifyError::SignatureMismatch);
    }

    #[test]
    fn one_flipped_bit_of_a_header_is_refused(scheme in Scheme::any(), secret in secret(), body in vec(any::<u8>(), 0..300), at in time(), header: Index, index: Index, bit in 0_u8..8) {
        let mut headers = owned(&scheme.sign(&secret, &body, at));
        headers.retain(|(name, _)| !name.ends_with("public-token"));
        let header = header.index(headers.len());
        flip(&mut headers[header].1, index, bit);
        prop_assert!(scheme.verify(&secret, &headers, &body, at).is_err());
    }

    #[test]
    fn another_time_is_refused_however_wide_the_window(secret in secret(), body in vec(any::<u8>(), 0..300), at in 0..4_000_000_000_u64, by in 1..1_000_u64) {
        let (at, other) = (Timestamp::from_unix(at), Timestamp::from_unix(at + by));
        for scheme in [TrustLens, Shop] {
            let mut headers = owned(&scheme.sign(&secret, &body, at));
            for (name, value) in &mut headers {
                if name.ends_with("timestamp") {
                    *value = other.to_string().into_bytes();
                }
            }
            let key = Secret::new(&secret).unwrap();
            let window = ReplayWindow::UNBOUNDED;
            let result = match scheme {
                TrustLens => pieced(&trustlens::Verifier::new(key).with_window(window), &headers, [&*body], at),
                _ => pieced(&shop::Verifier::new(key).with_window(window), &headers, [&*body], at),
            };
            prop_assert_eq!(result.unwrap_err(), VerifyError::SignatureMismatch);
        }
    }

    #[test]
    fn any_split_says_what_the_whole_says(secret in secret(), other in secret(), body in vec(any::<u8>(), 0..300), at in time(), mut cuts in vec(any::<Index>(), 0..8), tampered: bool) {
        let mut cuts: Vec<_> = cuts.drain(..).map(|cut| cut.index(body.len() + 1)).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let mut sent = body.clone();
        if tampered {
            sent.push(b' ');
            cuts.push(sent.len());
        }
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &sent[cut[0]..cut[1]]).collect();
        let secrets = || trusthooks::Secrets::from(Secret::new(&other).unwrap()).and(Secret::new(&secret).unwrap());
        for scheme in [TrustLens, TrustLensV1, Shop, System] {
            let headers = owned(&scheme.sign(&secret, &body, at));
            let result = match scheme {
                TrustLens => pieced(&trustlens::Verifier::new(secrets()), &headers, pieces.clone(), at),
                TrustLensV1 => pieced(&trustlens::v1::Verifier::new(secrets()), &headers, pieces.clone(), at),
                Shop => pieced(&shop::Verifier::new(secrets()), &headers, pieces.clone(), at),
                System => pieced(&system::Verifier::new(secrets()), &headers, pieces.clone(), at),
            };
            prop_assert_eq!(result.is_err(), tampered);
        }
    }

    /// Any header names and bytes, any body, any time: a verdict, never a panic, never a pass.
    #[test]
    fn junk_is_refused(
        scheme in Scheme::any(),
        values in vec((0..6_usize, vec(any::<u8>(), 0..80)), 0..8),
        digits in "[0-9]{0,40}",
        body in vec(any::<u8>(), 0..100),
        now: u64,
    ) {
        const NAMES: [&str; 6] = [
            "x-trustlens-timestamp", "X-TrustLens-Signature", "Open-Trustoo-Webhook-Timestamp",
            "open-trustoo-webhook-sign", "X-TRUSTOO-SIGNATURE", "open-trustoo-webhook-public-token",
        ];
        let mut headers: Vec<_> = values.into_iter().map(|(name, value)| (NAMES[name], value)).collect();
        headers.push((NAMES[0], digits.clone().into_bytes()));
        headers.push((NAMES[2], digits.into_bytes()));
        prop_assert!(scheme.verify(b"secret", &headers, &body, Timestamp::from_unix(now)).is_err());
    }

    /// Exactly the texts that the grammar names are timestamps, and they print as they were read.
    #[test]
    fn timestamps_have_one_spelling(text in "[+-]?[0-9 ]{0,3}[0-9]{0,38}\\.?") {
        let canonical = text == "0" || (text.starts_with(|c| ('1'..='9').contains(&c)) && text.bytes().all(|b| b.is_ascii_digit()));
        let expected = text.parse::<i64>().ok().filter(|_| canonical);
        match text.parse::<Timestamp>() {
            Ok(read) => {
                prop_assert_eq!(Some(read.as_unix()), expected.and_then(|value| u64::try_from(value).ok()));
                prop_assert_eq!(read.to_string(), text);
            }
            Err(_) => prop_assert_eq!(expected, None),
        }
    }

    /// Parameters sign the same in whatever order they stand, as long as no key repeats.
    #[test]
    fn the_order_of_parameters_does_not_matter(
        pairs in proptest::collection::btree_map("[a-z]{1,4}", "[ -~é]{0,6}", 0..6),
        seed in vec(any::<u32>(), 6),
    ) {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut pieces: Vec<_> = pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        let at = Timestamp::from_unix(1_780_000_000);
        let sorted = open_api::CanonicalString::new(&pieces.join("&"), None, at).unwrap();
        for (i, swap) in seed.iter().enumerate().take(pieces.len()) {
            let other = *swap as usize % pieces.len();
            pieces.swap(i, other);
        }
        let shuffled = open_api::CanonicalString::new(&pieces.join("&&"), None, at).unwrap();
        prop_assert_eq!(&sorted, &shuffled);
        // What is signed are the values as they were meant.
        for (key, value) in &pairs {
            let meant = format!("{key}={value}");
            prop_assert!(sorted.to_string().contains(&meant));
        }
    }

    #[test]
    fn any_query_signs_or_is_refused(query in "\\PC{0,60}", spelled in "([a-c%=&+0-9A-F]|%74|timestamp){0,20}", body in vec(any::<u8>(), 0..20)) {
        let at = Timestamp::from_unix(1_780_000_000);
        let signer = open_api::Signer::new("public", Secret::new("private").unwrap());
        let verifier = open_api::Verifier::new(Secret::new("private").unwrap());
        for query in [query, spelled] {
            for (signer, verifier) in [
                (signer.clone(), verifier.clone()),
                (signer.clone().as_sent(), verifier.clone().as_sent()),
            ] {
                if let Ok(signed) = signer.sign_at(&query, Some(&body), at) {
                    let headers = owned(&signed);
                    prop_assert!(verifier.verify_at(&headers, &query, Some(&body), at).is_ok());
                    let longer = format!("{query}&x=1");
                    prop_assert!(verifier.verify_at(&headers, &longer, Some(&body), at).is_err());
                }
            }
        }
    }
}
