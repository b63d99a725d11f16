//! The way of a request: headers, body, verdict.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    error::VerifyError,
    event::Event,
    fingerprint::Fingerprint,
    headers::Headers,
    scheme::{Presented, Scheme},
    secret::{KeyId, Keys, Selected},
    signature::{Mac, Preamble, Signature},
    time::{ReplayWindow, Timestamp},
};

/// A scheme that can tell a genuine delivery from any other request.
///
/// Every webhook verifier of this crate implements it. Use it as a bound in receivers for several
/// schemes. ([`open_api::Verifier`](crate::trustoo::open_api::Verifier) does not implement it,
/// since Open API requests sign their query too.) Verifiers are cheap to share: keep one per
/// endpoint, in an `Arc` or a `static`, and give it every request.
pub trait Verify {
    /// The event of a delivery of this scheme.
    type Event: Event;

    /// The body of a success answer, as the vendor expects it. For TrustLens it is empty.
    const ACK_BODY: &'static str = "";

    /// The scheme, for metrics. `None` by default, for types of your own that wrap a verifier.
    fn scheme(&self) -> Option<&'static Scheme> {
        None
    }

    /// Judges the headers, before the body is read and without hashing anything.
    ///
    /// Use it if bodies arrive in pieces, or are large enough to be worth refusing early.
    /// Otherwise use [`verify`](Self::verify).
    ///
    /// # Errors
    /// Every verdict but [`VerifyError::SignatureMismatch`], in the order of the variants.
    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized;

    /// Verifies a request at a given time.
    ///
    /// `body` is the body as it came over the wire: not parsed, not re-serialized, not trimmed, not
    /// decompressed. Borrowed or owned, it comes back in the [`Delivery`].
    ///
    /// # Errors
    /// The first [`VerifyError`] that applies, in the order of the variants.
    #[inline]
    fn verify_at<H, B>(
        &self,
        headers: &H,
        body: B,
        now: Timestamp,
    ) -> Result<Delivery<Self::Event, B>, VerifyError>
    where
        H: Headers + ?Sized,
        B: AsRef<[u8]>,
    {
        // By reference, since `?` would copy the whole of the verification.
        match &self.begin(headers, now) {
            Ok(verification) => verification.deliver(body),
            Err(error) => Err(*error),
        }
    }

    /// Verifies a request by the system clock; otherwise like [`verify_at`](Self::verify_at).
    ///
    /// # Errors
    /// The first [`VerifyError`] that applies, in the order of the variants.
    #[cfg(feature = "std")]
    fn verify<H, B>(&self, headers: &H, body: B) -> Result<Delivery<Self::Event, B>, VerifyError>
    where
        H: Headers + ?Sized,
        B: AsRef<[u8]>,
    {
        self.verify_at(headers, body, Timestamp::now())
    }
}

/// Verifies like the verifier inside, so that one verifier serves many tasks.
impl<V: Verify + ?Sized> Verify for Arc<V> {
    type Event = V::Event;
    const ACK_BODY: &'static str = V::ACK_BODY;

    fn scheme(&self) -> Option<&'static Scheme> {
        (**self).scheme()
    }

    fn begin<H>(&self, headers: &H, now: Timestamp) -> Result<Verification<'_>, VerifyError>
    where
        H: Headers + ?Sized,
    {
        (**self).begin(headers, now)
    }
}

/// A request whose headers passed and whose body is on its way.
///
/// It proves nothing yet. Only [`finish_at`](Self::finish_at) and [`finish`](Self::finish) give a
/// [`Receipt`]. Use `finish_at` if you waited for the body.
///
/// ```
/// use trusthooks::{Secret, Timestamp, Verify, trustoo::system};
///
/// let secret = Secret::new("client secret")?;
/// let now = Timestamp::from_unix(1_780_000_000);
/// let signed = system::Signer::new(secret.clone()).sign_at(b"in two pieces", now);
/// let headers: Vec<_> = signed.iter().collect();
///
/// let verifier = system::Verifier::new(secret);
/// let mut verification = verifier.begin(&headers, now)?;
/// verification.update(b"in two ");
/// verification.update(b"pieces");
/// let receipt = verification.finish_at(Timestamp::now())?;
/// assert_eq!(receipt.secret_index(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// ```compile_fail,E0308
/// use trusthooks::{Claim, ReplayError, ReplayGuard, Timestamp, Verification};
///
/// fn claim(guard: &ReplayGuard, request: &Verification<'_>) -> Result<Claim, ReplayError> {
///     guard.claim(request, Timestamp::now())
/// }
/// ```
#[must_use = "nothing is verified before `finish_at`"]
pub struct Verification<'a> {
    scheme: &'static str,
    key: Selected<'a>,
    sent: Signature,
    preamble: Preamble<'a>,
    window: &'a ReplayWindow,
    /// One MAC per secret, fed side by side; none before the body's first byte.
    running: Vec<Mac>,
}

impl<'a> Verification<'a> {
    /// Goes from the headers to the body: selects the key and checks the window.
    #[inline]
    pub(crate) fn start(
        presented: &Presented<'_>,
        keys: &'a Keys,
        window: &'a ReplayWindow,
        preamble: Preamble<'a>,
        now: Timestamp,
    ) -> Result<Self, VerifyError> {
        let Presented { scheme, id, signed_at, signature: sent } = *presented;
        let key = keys.select(id)?;
        if let Some(signed_at) = signed_at {
            window.check(signed_at, now)?;
        }
        let preamble = Preamble { signed_at, ..preamble };
        Ok(Self { scheme, key, sent, preamble, window, running: Vec::new() })
    }

    fn check_window(&self, now: Timestamp) -> Result<(), VerifyError> {
        self.preamble.signed_at.map_or(Ok(()), |signed_at| self.window.check(signed_at, now))
    }

    /// Takes the next piece of the body; pieces may be of any length, empty ones included.
    pub fn update(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        if self.running.is_empty() {
            let preamble = self.preamble;
            self.running.extend(self.key.secrets().iter().map(|secret| {
                let mut mac = secret.key().mac();
                preamble.feed(piece, |bytes| mac.update(bytes));
                mac
            }));
            return;
        }
        for mac in &mut self.running {
            mac.update(piece);
        }
    }

    /// The verdict over the whole body, at the time when its last piece arrived.
    ///
    /// The window is checked again, so that a body is refused if it was held back until the window
    /// had closed.
    ///
    /// # Errors
    /// [`VerifyError::Expired`], or [`VerifyError::FromFuture`] where the clock was set back;
    /// then [`VerifyError::SignatureMismatch`].
    pub fn finish_at(self, now: Timestamp) -> Result<Receipt, VerifyError> {
        self.check_window(now)?;
        self.finish()
    }

    /// The verdict over the whole body, at the time that was given to [`begin`](Verify::begin). Use
    /// it if the body was complete by then. Use [`finish_at`](Self::finish_at) if you waited for
    /// it.
    ///
    /// # Errors
    /// [`VerifyError::SignatureMismatch`].
    pub fn finish(mut self) -> Result<Receipt, VerifyError> {
        if self.running.is_empty() {
            return self.finish_with(b"");
        }
        let running = core::mem::take(&mut self.running);
        self.verdict(running.into_iter().map(Mac::finish))
    }

    /// The verdict over a complete body. The next secret is tried only if the last did not fit.
    pub(crate) fn finish_with(&self, body: &[u8]) -> Result<Receipt, VerifyError> {
        let secrets = self.key.secrets().iter();
        self.verdict(secrets.map(|secret| self.preamble.sign(secret.key(), body)))
    }

    /// The same, with the delivery.
    #[inline]
    fn deliver<E, B: AsRef<[u8]>>(&self, body: B) -> Result<Delivery<E, B>, VerifyError> {
        let receipt = self.finish_with(body.as_ref())?;
        Ok(Delivery::new(receipt, self.key.id().cloned(), body))
    }

    /// A delivery whose body was waited for, and went to [`update`](Self::update) piece by piece.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn deliver_fed<E, B>(
        self,
        body: B,
        now: Timestamp,
    ) -> Result<Delivery<E, B>, VerifyError> {
        let key_id = self.key.id().cloned();
        let receipt = self.finish_at(now)?;
        Ok(Delivery::new(receipt, key_id, body))
    }

    /// A delivery whose body was waited for, and did not go to [`update`](Self::update) at all.
    #[cfg(any(feature = "axum", feature = "tower"))]
    pub(crate) fn deliver_whole<E, B: AsRef<[u8]>>(
        &self,
        body: B,
        now: Timestamp,
    ) -> Result<Delivery<E, B>, VerifyError> {
        self.check_window(now)?;
        self.deliver(body)
    }

    /// The one place where a MAC is compared, and the only one that makes a [`Receipt`].
    ///
    /// The index of the secret that fitted, and so the number of secrets tried, is not secret. Only
    /// a holder of one of the secrets can learn it from the timing.
    fn verdict(&self, computed: impl Iterator<Item = Signature>) -> Result<Receipt, VerifyError> {
        for (secret_index, computed) in computed.enumerate() {
            if computed.ct_eq(&self.sent).into() {
                let Self { scheme, sent: mac, window: &window, .. } = *self;
                let signed_at = self.preamble.signed_at;
                return Ok(Receipt { scheme, mac, signed_at, window, secret_index });
            }
        }
        Err(VerifyError::SignatureMismatch)
    }
}

impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("signed_at", &self.preamble.signed_at)
            .finish_non_exhaustive()
    }
}

/// The facts about a request whose MAC was checked, apart from its body.
///
/// Only verifying makes one:
///
/// ```compile_fail,E0451
/// use trusthooks::{Receipt, Timestamp};
///
/// fn accept(honest: Receipt) -> Receipt {
///     Receipt { signed_at: Some(Timestamp::from_unix(0)), ..honest }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Receipt {
    scheme: &'static str,
    // Invariant: it was sent with the request, and a configured secret makes it over the request.
    mac: Signature,
    signed_at: Option<Timestamp>,
    window: ReplayWindow,
    secret_index: usize,
}

impl Receipt {
    /// When the vendor signed the request; `None` for schemes that sign no time (TrustLens v1,
    /// Trustoo system webhooks).
    #[must_use]
    pub const fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// The last moment at which this request would have been accepted: afterwards a replay of it is
    /// refused as expired. `None` for schemes that sign no time, whose requests never expire.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match self.signed_at {
            Some(signed_at) => Some(self.window.expires_at(signed_at)),
            None => None,
        }
    }

    /// The window that it was judged by.
    pub(crate) const fn window(&self) -> &ReplayWindow {
        &self.window
    }

    /// A hash of the MAC: the same for a byte-identical repeat, and another for any other request.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::new().chain_update(self.mac.as_bytes()).chain_update(self.scheme);
        Fingerprint::new(digest.finalize().into())
    }

    /// The name of the scheme that verified it.
    pub(crate) const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Which of the configured secrets fitted: 0 for the current one, then the previous ones in the
    /// order of [`Secrets::and`](crate::Secrets::and).
    #[must_use]
    pub const fn secret_index(&self) -> usize {
        self.secret_index
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("signed_at", &self.signed_at)
            .field("expires_at", &self.expires_at())
            .field("secret_index", &self.secret_index)
            .finish_non_exhaustive()
    }
}

/// A request that the vendor sent: proof that a MAC was checked, and the content that it covered.
///
/// `E` is the scheme's event, so that a delivery of one vendor is never taken for another's; `B`
/// is the body as the caller gave it. There is no constructor:
///
/// ```compile_fail
/// use trusthooks::{Delivery, trustlens};
///
/// let forged: Delivery<trustlens::Event, &[u8]> = Delivery { body: b"{}" };
/// ```
///
/// A function that takes one vendor's delivery does not accept another's:
///
/// ```compile_fail,E0308
/// use trusthooks::{Delivery, trustlens, trustoo::shop};
///
/// fn publish(review: &Delivery<shop::Event, Vec<u8>>) {}
///
/// fn receive(delivery: &Delivery<trustlens::Event, Vec<u8>>) {
///     publish(delivery);
/// }
/// ```
///
/// All data in it was covered by the MAC, or selected the key that fitted.
/// [`trustlens::Unsigned`](crate::trustlens::Unsigned) and
/// [`shop::Unsigned`](crate::trustoo::shop::Unsigned) read headers that the vendor does not sign.
pub struct Delivery<E, B> {
    // Invariant: the receipt is of this very body, by a secret that a store has under this id.
    receipt: Receipt,
    key_id: Option<KeyId>,
    body: B,
    event: Kept<E>,
}

/// The event that was read from a body, if it is kept. All clones of a delivery share it.
struct Kept<E> {
    #[cfg(all(feature = "json", feature = "std"))]
    once: Option<Arc<std::sync::OnceLock<Result<E, crate::EventError>>>>,
    #[cfg(not(all(feature = "json", feature = "std")))]
    never: core::marker::PhantomData<fn() -> E>,
}

impl<E> Kept<E> {
    const fn nothing() -> Self {
        Self {
            #[cfg(all(feature = "json", feature = "std"))]
            once: None,
            #[cfg(not(all(feature = "json", feature = "std")))]
            never: core::marker::PhantomData,
        }
    }

    #[cfg(all(feature = "json", feature = "std"))]
    fn get_or_read(
        &self,
        read: impl FnOnce() -> Result<E, crate::EventError>,
    ) -> Option<&Result<E, crate::EventError>> {
        self.once.as_ref().map(|once| once.get_or_init(read))
    }
}

impl<E> Clone for Kept<E> {
    fn clone(&self) -> Self {
        Self {
            #[cfg(all(feature = "json", feature = "std"))]
            once: self.once.clone(),
            #[cfg(not(all(feature = "json", feature = "std")))]
            never: core::marker::PhantomData,
        }
    }
}

impl<E, B> Delivery<E, B> {
    #[inline]
    fn new(receipt: Receipt, key_id: Option<KeyId>, body: B) -> Self {
        Self { receipt, key_id, body, event: Kept::nothing() }
    }

    /// The same, with an event that is read only once.
    #[cfg(any(feature = "actix", feature = "tower", feature = "axum"))]
    pub(crate) fn keeping_its_event(self) -> Self {
        #[cfg(feature = "json")]
        let this = Self { event: Kept { once: Some(Arc::default()) }, ..self };
        #[cfg(not(feature = "json"))]
        let this = self;
        this
    }

    /// Takes the body out, as the caller gave it.
    #[must_use]
    pub fn into_body(self) -> B {
        self.body
    }

    /// The facts about the request, apart from its body.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The id by which the [store](crate::SecretStore) selected the secret that fitted: Trustoo's
    /// public token or TrustLens' webhook id. `None` for a verifier without a store.
    ///
    /// It tells whose delivery this is. The body does not: a tenant can sign an event that names
    /// another tenant's shop.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_ref().map(KeyId::as_str)
    }
}

impl<E, B: AsRef<[u8]>> Delivery<E, B> {
    /// The exact bytes that were signed.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.as_ref()
    }

    /// The event of the delivery. A delivery from the layer or an extractor reads its body once and
    /// gives clones.
    ///
    /// Unknown events, fields and values are kept; they are never errors. A field that does not fit
    /// is `None`, and [`Event::mismatches`] lists it: log that and go on.
    ///
    /// # Errors
    /// [`EventError`](crate::EventError) if the body is not JSON, is not an object, or lacks
    /// `event`. (Trustoo's events also need `shop_id`, its reviews `id`, and its system events
    /// `timestamp`.) The delivery is genuine nevertheless. Keep its [`body`](Self::body), and
    /// answer with an error that somebody notices.
    #[cfg(feature = "json")]
    pub fn event(&self) -> Result<E, crate::EventError>
    where
        E: Event,
    {
        #[cfg(feature = "std")]
        if let Some(kept) = self.event.get_or_read(|| self.read_event()) {
            return kept.clone();
        }
        self.read_event()
    }

    /// The key that the event shares with its retries, where it can be read and has one.
    #[cfg(feature = "json")]
    pub(crate) fn retry_key(&self) -> Option<crate::ReplayKey>
    where
        E: Event,
    {
        #[cfg(feature = "std")]
        if let Some(kept) = self.event.get_or_read(|| self.read_event()) {
            return kept.as_ref().ok()?.retry_key();
        }
        self.read_event().ok()?.retry_key()
    }

    #[cfg(feature = "json")]
    fn read_event(&self) -> Result<E, crate::EventError>
    where
        E: Event,
    {
        E::from_json(crate::json::parse(self.body())?)
    }

    /// The body as a type of your own.
    ///
    /// The body is read by `T` alone, so one field that does not fit is an error. The result also
    /// depends on the features of `serde_json` that any crate of the build turns on. With
    /// `raw_value` or `arbitrary_precision`, keys that begin with `$serde_json::private::` have a
    /// meaning, and a `T` that holds a [`serde_json::Value`] reads text under such a key again,
    /// with a depth limit of its own. A genuine body can hold such keys, since shoppers write some
    /// of it. [`event`](Self::event) is exposed to none of this.
    ///
    /// # Errors
    /// [`EventError`](crate::EventError) where the body is not JSON or not a `T`.
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, crate::EventError> {
        crate::json::parse_as(self.body())
    }
}

// Not derived: that would require `E: Clone`, and clones share the event.
impl<E, B: Clone> Clone for Delivery<E, B> {
    fn clone(&self) -> Self {
        let (receipt, key_id) = (self.receipt, self.key_id.clone());
        Self { receipt, key_id, body: self.body.clone(), event: self.event.clone() }
    }
}

impl<E, B: AsRef<[u8]>> fmt::Debug for Delivery<E, B> {
    /// The body's length, not the body: it holds customers' data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("receipt", &self.receipt)
            .field("body_len", &self.body().len())
            .finish_non_exhaustive()
    }
}
