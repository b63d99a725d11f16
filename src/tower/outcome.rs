//! The outcome of a request, for metrics.

use alloc::sync::Arc;
use core::time::Duration;
use std::time::Instant;

use http::StatusCode;

use super::BodyError;
use crate::{
    error::VerifyError, replay::ReplayError, scheme::Scheme, time::Timestamp, verify::Receipt,
};

/// The outcome of a request: facts for metrics, and no text that the sender wrote.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The scheme; `None` where the verifier does not [say](crate::Verify::scheme).
    pub scheme: Option<&'static Scheme>,
    /// The way in which it ended.
    pub verdict: Verdict,
    /// The status of the answer; `None` where there is none, since the service failed or the
    /// request was cancelled.
    pub status: Option<StatusCode>,
    /// Its age when it was verified, counted from signing. `None` for a request that was not
    /// verified, that signs no time, or that was signed ahead of this clock.
    pub age: Option<Duration>,
    /// The index of the secret that fitted: above 0 it is a previous one, still in use.
    pub secret_index: Option<usize>,
    /// The number of bytes of the body that were read to verify it.
    pub body_length: usize,
    /// The time from the request's arrival at the layer until its answer leaves it.
    pub took: Duration,
}

/// The end of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// It was verified, and the service answered 2xx.
    Processed,
    /// It was verified, and the service answered something else, or failed.
    Failed,
    /// It was no POST.
    Method,
    /// It could not be verified.
    Unverified(VerifyError),
    /// Its body was too large or could not be read.
    Body(BodyError),
    /// It was verified, and the store refused it: a duplicate, for example.
    Replay(ReplayError),
    /// It was verified, and the service answered 2xx. Then the store failed to mark it, so a retry
    /// will be processed too.
    Unmarked(ReplayError),
    /// The client went away, a timeout in front ended it, or the service panicked.
    Cancelled,
}

impl Verdict {
    /// The verdict's name: `processed`, `failed`, `method`, the [code](VerifyError::code) of the
    /// verifier's error, `body_too_large`, `body_unreadable`, `replay_` and the
    /// [code](ReplayError::code) of the store's error, `unmarked`, or `cancelled`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Failed => "failed",
            Self::Method => "method",
            Self::Unverified(error) => error.code(),
            Self::Body(BodyError::TooLarge { .. }) => "body_too_large",
            Self::Body(BodyError::Unreadable(_)) => "body_unreadable",
            Self::Replay(ReplayError::Duplicate) => "replay_duplicate",
            Self::Replay(ReplayError::InFlight) => "replay_in_flight",
            Self::Replay(ReplayError::Full) => "replay_full",
            Self::Replay(ReplayError::Expired) => "replay_expired",
            Self::Replay(ReplayError::Unavailable(_)) => "replay_unavailable",
            Self::Unmarked(_) => "unmarked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Called with the outcome of each request.
pub(super) type Observer = dyn Fn(&Outcome) + Send + Sync;

/// Follows a request to its end, even if it is dropped. Without an observer and
/// without the feature `tracing` it does nothing.
pub(super) struct Watch(Option<Watched>);

struct Watched {
    observer: Option<Arc<Observer>>,
    /// The span that the request arrived in. It may be dropped in another.
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    start: Instant,
    outcome: Outcome,
}

impl Watch {
    pub(super) fn start(observer: Option<&Arc<Observer>>, scheme: Option<&'static Scheme>) -> Self {
        let told = observer.is_some() || cfg!(feature = "tracing");
        Self(told.then(|| Watched {
            observer: observer.cloned(),
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
            start: Instant::now(),
            outcome: Outcome {
                scheme,
                verdict: Verdict::Cancelled,
                status: None,
                age: None,
                secret_index: None,
                body_length: 0,
                took: Duration::ZERO,
            },
        }))
    }

    pub(super) fn read(&mut self, length: usize) {
        if let Some(Watched { outcome, .. }) = &mut self.0 {
            outcome.body_length = length;
        }
    }

    pub(super) fn verified(&mut self, receipt: &Receipt, now: Timestamp) {
        if let Some(Watched { outcome, .. }) = &mut self.0 {
            let ago = |at: Timestamp| now.as_unix().checked_sub(at.as_unix());
            outcome.age = receipt.signed_at().and_then(ago).map(Duration::from_secs);
            outcome.secret_index = Some(receipt.secret_index());
        }
    }

    pub(super) fn ended(&mut self, verdict: Verdict, status: Option<StatusCode>) {
        if let Some(Watched { outcome, .. }) = &mut self.0 {
            outcome.verdict = verdict;
            outcome.status = status;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(watched) = &mut self.0 {
            watched.outcome.took = watched.start.elapsed();
            if let Some(observer) = &watched.observer {
                observer(&watched.outcome);
            }
            #[cfg(feature = "tracing")]
            super::trace::record(&watched.span, &watched.outcome);
        }
    }
}
