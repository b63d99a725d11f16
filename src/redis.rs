//! Replay protection that several machines share.
//!
//! [`RedisStore`] keeps claims in Redis. It connects through [`Connect`], and connects again when
//! the server fails over.

use alloc::{
    format,
    string::{String, ToString as _},
    sync::Arc,
};
use core::{
    fmt,
    future::Future,
    hash::{BuildHasher as _, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use std::hash::RandomState;

use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind,
    aio::{ConnectionLike, MultiplexedConnection},
    cmd,
};
use tokio::sync::Mutex;

use crate::{
    fingerprint::ReplayKey,
    replay::{ReplayError, ReplayStore, Retention},
    time::Timestamp,
};

/// The value of a delivery that was processed. While it is claimed, the value is its owner's name.
const PROCESSED: &str = "processed";

/// Extends the time for which a delivery is remembered, since another machine's clock may be
/// behind.
const SKEW: Duration = Duration::from_secs(60);

/// Deletes a key if it still has the given value.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Connects to the server that accepts writes at this moment.
///
/// [`redis::Client`] implements it, and so does any function that returns a connection. With
/// Sentinel, the function asks for the primary each time:
///
/// ```ignore
/// let sentinel = Arc::new(tokio::sync::Mutex::new(SentinelClient::build(
///     vec!["redis://sentinel-1:26379", "redis://sentinel-2:26379", "redis://sentinel-3:26379"],
///     "primary".to_owned(),
///     None,
///     SentinelServerType::Master,
/// )?));
/// let store = RedisStore::new(move || {
///     let sentinel = Arc::clone(&sentinel);
///     async move { sentinel.lock().await.get_async_connection().await }
/// });
/// ```
///
/// With a cluster, the function returns clones of a `ClusterConnection`. The response timeout of a
/// connection should be shorter than the vendor waits (5 s for Trustoo). The default of `redis` is
/// 0.5 s.
pub trait Connect: Send + Sync {
    /// A connection that clones cheaply.
    type Connection: ConnectionLike + Clone + Send + Sync;

    /// Makes a new connection.
    ///
    /// # Errors
    /// Those of Redis.
    fn connect(&self) -> impl Future<Output = RedisResult<Self::Connection>> + Send;
}

impl Connect for Client {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.get_multiplexed_async_connection().await
    }
}

impl<F, T, C> Connect for F
where
    F: Fn() -> T + Send + Sync,
    T: Future<Output = RedisResult<C>> + Send,
    C: ConnectionLike + Clone + Send + Sync,
{
    type Connection = C;

    fn connect(&self) -> impl Future<Output = RedisResult<C>> + Send {
        self()
    }
}

/// Remembers deliveries in Redis 6.2 or later, or in a server that is compatible.
///
/// ```no_run
/// use trusthooks::{Secret, redis::RedisStore, tower::VerifyLayer, trustlens};
///
/// let store = RedisStore::new(redis::Client::open("redis://127.0.0.1")?);
/// let verifier = trustlens::Verifier::new(Secret::new("the endpoint's signing secret")?);
/// let layer = VerifyLayer::new(verifier).store(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A claim is `SET key owner NX PX lease`. Committing it sets the key for as long as the delivery
/// is to be remembered. Releasing it deletes the key if it is still the owner's. A claim that is
/// dropped without either, because the request was cancelled, the handler panicked or the machine
/// died, becomes free when its lease runs out. Handlers must finish within the lease; otherwise a
/// second one may process the same delivery.
///
/// If Redis cannot be reached, a claim fails with [`ReplayError::Unavailable`] and nothing is
/// processed; the cause is the error's source. After a broken connection, a timeout, or an answer
/// from a server that is no longer the primary (`READONLY`), the store makes a new connection. A
/// delivery that Redis forgets can be processed again within its window. Redis forgets keys that it
/// evicts (set the policy `noeviction`), keys that a restart without `appendonly` loses, and the
/// last moments before a failover, since it replicates asynchronously.
///
/// Deployments that share a server must not share keys: give each a
/// [prefix](RedisStore::with_prefix) of its own.
pub struct RedisStore<C: Connect> {
    shared: Arc<Shared<C>>,
    prefix: Arc<str>,
    lease: Duration,
}

struct Shared<C: Connect> {
    connect: C,
    link: Mutex<Link<C::Connection>>,
    /// The number of connections that were tried.
    attempts: AtomicU64,
    /// Random for each store, so that no two claims have one owner's name.
    name: u128,
    claims: AtomicU64,
}

/// The connection that all claims use.
enum Link<C> {
    /// With the attempt that made it.
    Up(C, u64),
    Down(Option<RedisError>),
}

impl<C: Connect> RedisStore<C> {
    /// Claims for 60 s, under keys that start with `trusthooks:`. Connects at the first claim.
    pub fn new(connect: C) -> Self {
        // The seeds of the standard library's hasher come from the operating system.
        let random = || u128::from(RandomState::new().build_hasher().finish());
        let shared = Shared {
            connect,
            link: Mutex::new(Link::Down(None)),
            attempts: AtomicU64::new(0),
            name: random() << 64 | random(),
            claims: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
            prefix: Arc::from("trusthooks:"),
            lease: Duration::from_secs(60),
        }
    }

    /// Starts keys with something else: the name of the deployment, where several share a server.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = Arc::from(prefix);
        self
    }

    /// Claims for this long, and at least a millisecond. The lease must be longer than a handler
    /// ever takes.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(1));
        self
    }
}

impl<C: Connect> Shared<C> {
    /// Runs a command that may run twice. If the connection is lost, it runs once more on a new
    /// one, but not after a timeout, since the vendor waits.
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ReplayError> {
        let mut first = true;
        loop {
            let (mut connection, attempt) = self.connection().await.map_err(unavailable)?;
            let error = match command.query_async(&mut connection).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !is_lost(&error) {
                return Err(unavailable(error));
            }
            self.retire(attempt).await;
            if !first || error.is_timeout() {
                return Err(unavailable(error));
            }
            first = false;
        }
    }

    /// The connection, or a new one. If several callers find it down, one of them connects and the
    /// others share the result, so that none waits for more than one attempt.
    async fn connection(&self) -> RedisResult<(C::Connection, u64)> {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut link = self.link.lock().await;
        match &*link {
            Link::Up(connection, attempt) => return Ok((connection.clone(), *attempt)),
            Link::Down(Some(error)) if self.attempts.load(Ordering::Acquire) != seen => {
                return Err(error.clone());
            }
            Link::Down(_) => {}
        }
        let connected = self.connect.connect().await;
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        match connected {
            Ok(connection) => {
                *link = Link::Up(connection.clone(), attempt);
                Ok((connection, attempt))
            }
            Err(error) => {
                *link = Link::Down(Some(error.clone()));
                Err(error)
            }
        }
    }

    /// Uses the connection of this attempt no longer.
    async fn retire(&self, attempt: u64) {
        let mut link = self.link.lock().await;
        if matches!(&*link, Link::Up(_, current) if *current == attempt) {
            *link = Link::Down(None);
        }
    }
}

/// Whether another connection may do better.
fn is_lost(error: &RedisError) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};

    error.is_unrecoverable_error()
        || error.is_io_error()
        || matches!(error.kind(), ErrorKind::Server(ReadOnly | MasterDown))
}

impl<C: Connect> Clone for RedisStore<C> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            prefix: Arc::clone(&self.prefix),
            lease: self.lease,
        }
    }
}

impl<C: Connect> fmt::Debug for RedisStore<C> {
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

impl<C: Connect> ReplayStore for RedisStore<C> {
    type Claim = RedisClaim;

    async fn claim(
        &self,
        key: ReplayKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<RedisClaim, ReplayError> {
        let left = retention.left(now).ok_or(ReplayError::Expired)?;
        let key = format!("{}{}", self.prefix, hex::encode(key.as_bytes()));
        let number = self.shared.claims.fetch_add(1, Ordering::Relaxed);
        let owner = format!("{:032x}-{number}", self.shared.name);
        let claim = RedisClaim { key, owner, remember: left.saturating_add(SKEW) };

        let mut set = cmd("SET");
        set.arg(&[claim.key.as_str(), &claim.owner, "NX", "PX", &milliseconds(self.lease)]);
        let claimed: Option<String> = self.shared.query(&set).await?;
        if claimed.is_some() {
            return Ok(claim);
        }
        let holder: Option<String> = self.shared.query(cmd("GET").arg(&claim.key)).await?;
        match holder.as_deref() {
            // The answer to a first `SET` was lost, and this was the second.
            Some(owner) if owner == claim.owner => Ok(claim),
            Some(PROCESSED) => Err(ReplayError::Duplicate),
            // None: it was given back in between. The vendor's retry will find it free.
            _ => Err(ReplayError::InFlight),
        }
    }

    /// Sets the key even if another claim holds it by now: the delivery was processed, and that
    /// must be known.
    async fn commit(&self, claim: RedisClaim) -> Result<(), ReplayError> {
        let mut set = cmd("SET");
        set.arg(&[claim.key.as_str(), PROCESSED, "PX", &milliseconds(claim.remember)]);
        self.shared.query(&set).await
    }

    /// If Redis cannot be reached, the claim becomes free when its lease runs out.
    async fn release(&self, claim: RedisClaim) {
        let mut release = cmd("EVAL");
        release.arg(&[RELEASE, "1", &claim.key, &claim.owner]);
        let _: Result<i64, ReplayError> = self.shared.query(&release).await;
    }
}

/// At most what Redis can add to its clock.
fn milliseconds(span: Duration) -> String {
    span.as_millis().min(1 << 52).to_string()
}

fn unavailable(error: RedisError) -> ReplayError {
    ReplayError::Unavailable(Arc::new(error))
}
