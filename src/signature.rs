//! The MAC: the bytes that it is over, computing it, reading one that was sent, and comparing the
//! two.

use alloc::string::String;

use subtle::{Choice, ConstantTimeEq};

use crate::time::Timestamp;

/// An HMAC-SHA256, sent or computed.
///
/// It has no `Debug` and no `Display`: a forger is after a computed one.
#[derive(Clone, Copy)]
pub(crate) struct Signature([u8; Self::LENGTH]);

impl Signature {
    const LENGTH: usize = 32;

    /// Reads `prefix` and 64 lower-case hex digits, and nothing else.
    ///
    /// The text came over the wire. Its bytes and its length are not secret, so reading need not
    /// take constant time.
    pub(crate) fn from_hex(text: &[u8], prefix: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix.as_bytes())?;
        let digits: &[u8; 2 * Self::LENGTH] = digits.try_into().ok()?;
        // Decoded by hand and all at once, so that the compiler can use vectors. Byte by byte, with
        // a branch for each, this would cost as much as a third of a small body's MAC.
        let nibbles = digits.map(nibble);
        if nibbles.iter().fold(0, |seen, nibble| seen | nibble) > 0x0f {
            return None;
        }
        let mut bytes = [0; Self::LENGTH];
        for (byte, [high, low]) in bytes.iter_mut().zip(nibbles.as_chunks().0) {
            *byte = high << 4 | low;
        }
        Some(Self(bytes))
    }

    /// Writes `prefix` and 64 lower-case hex digits.
    pub(crate) fn to_hex(self, prefix: &str) -> String {
        let mut text = String::from(prefix);
        text.push_str(&hex::encode(self.0));
        text
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl ConstantTimeEq for Signature {
    /// Compares two MACs without letting the time tell where they differ.
    ///
    /// The computed MAC is secret until the verdict is out. The one that was sent is not secret,
    /// and neither is the length of both, which is 32 bytes by type.
    #[inline]
    fn ct_eq(&self, other: &Self) -> Choice {
        // Word by word, which is faster than byte by byte.
        const { assert!(Self::LENGTH.is_multiple_of(size_of::<u64>()), "no byte is left out") }
        let (words, others) = (self.0.as_chunks().0, other.0.as_chunks().0);
        let equal = words.iter().zip(others).fold(1, |equal, (word, other)| {
            equal & u64::from_ne_bytes(*word).ct_eq(&u64::from_ne_bytes(*other)).unwrap_u8()
        });
        Choice::from(equal)
    }
}

/// The value of a hex digit in lower case, and more than 15 for any other byte.
const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit & 0x0f,
        b'a'..=b'f' => (digit & 0x0f).wrapping_add(9),
        _ => u8::MAX,
    }
}

pub(crate) use engine::{Key, Mac};

/// HMAC-SHA256 of the crates `hmac` and `sha2`.
#[cfg(not(feature = "aws-lc-rs"))]
mod engine {
    use hmac::{
        KeyInit as _,
        block_api::HmacCore,
        digest::block_api::{Buffer, FixedOutputCore as _, UpdateCore as _},
    };
    use sha2::Sha256;

    use super::Signature;

    /// The state of HMAC-SHA256 after the key block: two hashes, and nothing of the key.
    ///
    /// Clones share nothing; each wipes its state when dropped.
    #[derive(Clone)]
    pub(crate) struct Key(HmacCore<Sha256>);

    impl Key {
        pub(crate) fn new(key: &[u8]) -> Self {
            #[expect(clippy::expect_used, reason = "HMAC is defined for keys of any length")]
            let state = HmacCore::new_from_slice(key).expect("HMAC takes a key of any length");
            Self(state)
        }

        /// A fresh MAC under this key.
        #[inline]
        pub(crate) fn mac(&self) -> Mac {
            Mac { core: self.0.clone(), buffer: Buffer::<HmacCore<Sha256>>::default() }
        }

        /// The MAC over the bytes that `feed` feeds. It stays where it is made: handing it on to
        /// [`Mac::finish`] would copy it, which costs as much as hashing half a block.
        #[inline]
        pub(crate) fn sign(&self, feed: impl FnOnce(&mut Mac)) -> Signature {
            let mut mac = self.mac();
            feed(&mut mac);
            mac.output()
        }
    }

    /// An HMAC-SHA256 in the making: the state after the key block, and all that was fed since.
    /// Wipes itself when dropped.
    pub(crate) struct Mac {
        core: HmacCore<Sha256>,
        buffer: Buffer<HmacCore<Sha256>>,
    }

    impl Mac {
        #[inline]
        pub(crate) fn update(&mut self, bytes: &[u8]) {
            self.buffer.digest_blocks(bytes, |blocks| self.core.update_blocks(blocks));
        }

        pub(crate) fn finish(mut self) -> Signature {
            self.output()
        }

        #[inline]
        fn output(&mut self) -> Signature {
            let mut mac = [0; Signature::LENGTH];
            self.core.finalize_fixed_core(&mut self.buffer, (&mut mac).into());
            Signature(mac)
        }
    }
}

/// HMAC-SHA256 of AWS-LC, with the same interface. The library wipes its contexts itself
/// (`HMAC_CTX_cleanup`, called when one is dropped, overwrites the whole of it).
#[cfg(feature = "aws-lc-rs")]
mod engine {
    use alloc::boxed::Box;

    use aws_lc_rs::hmac;

    use super::Signature;

    /// The state of HMAC-SHA256 after the key block: two hashes, and nothing of the key.
    ///
    /// Boxed, since it takes more than a kilobyte, and so that moving it leaves no copy behind.
    #[derive(Clone)]
    pub(crate) struct Key(Box<hmac::Key>);

    impl Key {
        pub(crate) fn new(key: &[u8]) -> Self {
            Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key)))
        }

        /// A fresh MAC under this key.
        #[inline]
        pub(crate) fn mac(&self) -> Mac {
            Mac(hmac::Context::with_key(&self.0))
        }

        /// The MAC over the bytes that `feed` feeds.
        #[inline]
        pub(crate) fn sign(&self, feed: impl FnOnce(&mut Mac)) -> Signature {
            let mut mac = self.mac();
            feed(&mut mac);
            mac.finish()
        }
    }

    /// An HMAC-SHA256 in the making: the state after the key block, and all that was fed since.
    pub(crate) struct Mac(hmac::Context);

    impl Mac {
        #[inline]
        pub(crate) fn update(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        #[inline]
        pub(crate) fn finish(self) -> Signature {
            let mut mac = [0; Signature::LENGTH];
            mac.copy_from_slice(self.0.sign().as_ref());
            Signature(mac)
        }
    }
}

/// The bytes that a scheme signs around the time, ahead of the body.
///
/// Fed piece by piece, so that nothing is ever joined into one buffer.
#[derive(Clone, Copy)]
pub(crate) struct Preamble<'a> {
    /// The bytes before the time.
    pub(crate) before: &'a [u8],
    /// The time of signing, where the scheme signs one.
    pub(crate) signed_at: Option<Timestamp>,
    /// The bytes after the time.
    pub(crate) after: &'a [u8],
    /// The bytes between all of this and a body; left out where the body is empty.
    pub(crate) separator: &'static [u8],
}

impl Preamble<'_> {
    /// For schemes that sign the body and nothing else.
    pub(crate) const EMPTY: Self =
        Self { before: b"", signed_at: None, after: b"", separator: b"" };

    /// The same, signed at `time`.
    pub(crate) const fn at(self, time: Timestamp) -> Self {
        Self { signed_at: Some(time), ..self }
    }

    /// Feeds the signed bytes up to the end of `body`: a whole one, or the first piece of one.
    #[inline]
    pub(crate) fn feed(&self, body: &[u8], mut sink: impl FnMut(&[u8])) {
        if !self.before.is_empty() {
            sink(self.before);
        }
        if let Some(signed_at) = self.signed_at {
            sink(itoa::Buffer::new().format(signed_at.as_unix()).as_bytes());
        }
        sink(self.after);
        if !body.is_empty() {
            sink(self.separator);
            sink(body);
        }
    }

    /// The MAC over the preamble and a whole body.
    #[inline]
    pub(crate) fn sign(&self, key: &Key, body: &[u8]) -> Signature {
        key.sign(|mac| self.feed(body, |bytes| mac.update(bytes)))
    }
}
