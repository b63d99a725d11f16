//! Replay protection that several machines share.

use alloc::{
    format,
    string::{String, ToString as _},
    sync::Arc,
};
use core::{
    fmt,
    hash::{BuildHasher as _, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use std::hash::RandomState;

use redis::{RedisError, aio::ConnectionLike, cmd};

use crate::{
    replay::{ReplayError, ReplayKey, ReplayStore, Retention},
    time::Timestamp,
};

/// What stands under the key of a delivery that was processed; a claim has its owner's name there.
const PROCESSED: &str = "processed";

/// How much longer a delivery is remembered than this machine would let it in: another one's clock
/// may be behind.
const SKEW: Duration = Duration::from_secs(60);

/// Deletes a key where it still has the value that is given.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Remembers deliveries in Redis 6.2 or later, or in what speaks its protocol.
///
/// A claim is `SET key owner NX PX lease`. Committing it sets the key for as long as the delivery is
/// to be remembered; releasing it deletes the key where it is still the owner's. A claim that is
/// dropped without either, because the request was cancelled, the handler panicked or the machine
/// died, becomes free when its lease runs out. So must a handler be done before: one that takes
/// longer than the lease can be joined by another for the same delivery.
///
/// Where Redis cannot be reached, a claim fails with [`ReplayError::Unavailable`] and nothing is
/// processed. What Redis forgets (evicted, or lost in a restart without `appendonly`) can be
/// processed again within its window: give it a policy of `noeviction`.
///
/// `C` is a connection that clones cheaply and reconnects, such as
/// [`redis::aio::ConnectionManager`](https://docs.rs/redis/1/redis/aio/struct.ConnectionManager.html).
/// Set its response timeout below the vendor's patience (5 s for Trustoo).
pub struct RedisStore<C> {
    connection: C,
    prefix: Arc<str>,
    lease: Duration,
    owners: Arc<Owners>,
}

/// Names that no two claims share, whichever machine they are made on.
struct Owners {
    /// Random for each store.
    store: u128,
    claims: AtomicU64,
}

impl<C> RedisStore<C> {
    /// Claims for 60 s, under keys that start with `trusthooks:`.
    pub fn new(connection: C) -> Self {
        // The seeds of the standard library's hasher come from the operating system.
        let random = || u128::from(RandomState::new().build_hasher().finish());
        let owners = Owners { store: random() << 64 | random(), claims: AtomicU64::new(0) };
        Self {
            connection,
            prefix: Arc::from("trusthooks:"),
            lease: Duration::from_secs(60),
            owners: Arc::new(owners),
        }
    }

    /// Starts keys with something else, to keep several uses of one Redis apart.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = Arc::from(prefix);
        self
    }

    /// Claims for longer or shorter: more than a handler ever takes. At least a millisecond.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(1));
        self
    }
}

impl<C: Clone> Clone for RedisStore<C> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            prefix: Arc::clone(&self.prefix),
            lease: self.lease,
            owners: Arc::clone(&self.owners),
        }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// The right to process one delivery, until its lease runs out.
#[derive(Debug)]
#[must_use = "a claim that is neither committed nor released blocks retries until its lease ends"]
pub struct RedisClaim {
    key: String,
    owner: String,
    remember: Duration,
}

impl<C> ReplayStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync,
{
    type Claim = RedisClaim;

    async fn claim(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<RedisClaim, ReplayError> {
        let left = retention.left(now).ok_or(ReplayError::Expired)?;
        let remember = left.saturating_add(SKEW);
        let key = format!("{}{}", self.prefix, hex::encode(key.as_bytes()));
        let number = self.owners.claims.fetch_add(1, Ordering::Relaxed);
        let owner = format!("{:032x}-{number}", self.owners.store);

        let mut connection = self.connection.clone();
        let claimed: Option<String> = cmd("SET")
            .arg(&[key.as_str(), owner.as_str(), "NX", "PX", &milliseconds(self.lease)])
            .query_async(&mut connection)
            .await
            .map_err(unavailable)?;
        if claimed.is_some() {
            return Ok(RedisClaim { key, owner, remember });
        }
        let holder: Option<String> =
            cmd("GET").arg(&key).query_async(&mut connection).await.map_err(unavailable)?;
        // None: it was given back in between. The vendor's retry will find it free.
        Err(match holder.as_deref() {
            Some(PROCESSED) => ReplayError::Duplicate,
            _ => ReplayError::InFlight,
        })
    }

    /// Whoever holds the key by now: the delivery was processed, and that is what must be known.
    async fn commit(&self, claim: RedisClaim) -> Result<(), ReplayError> {
        cmd("SET")
            .arg(&[claim.key.as_str(), PROCESSED, "PX", &milliseconds(claim.remember)])
            .query_async(&mut self.connection.clone())
            .await
            .map_err(unavailable)
    }

    /// Where Redis cannot be reached, the lease does it.
    async fn release(&self, claim: RedisClaim) {
        let _: Result<i64, RedisError> = cmd("EVAL")
            .arg(&[RELEASE, "1", &claim.key, &claim.owner])
            .query_async(&mut self.connection.clone())
            .await;
    }
}

/// At most what Redis can add to its clock.
fn milliseconds(span: Duration) -> String {
    span.as_millis().min(1 << 52).to_string()
}

fn unavailable(error: RedisError) -> ReplayError {
    ReplayError::Unavailable(Arc::new(error))
}
