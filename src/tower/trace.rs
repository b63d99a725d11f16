//! The outcome of a request, for `tracing`.

use alloc::string::{String, ToString as _};
use core::error::Error;

use tracing::{Span, error, info, warn};

use super::{Outcome, Verdict};
use crate::replay::ReplayError;

/// The target of all events, so that a filter need not know modules.
const TARGET: &str = "trusthooks";

/// Records the facts as fields of `span`, and a refusal as one event within it.
pub(super) fn record(span: &Span, outcome: &Outcome) {
    let code = outcome.verdict.code();
    let scheme = outcome.scheme.map(crate::Scheme::name);
    let status = outcome.status.map(|status| status.as_u16());
    span.record("webhook.verdict", code);
    span.record("webhook.scheme", scheme);
    span.record("webhook.status", status);
    span.record("webhook.age_seconds", outcome.age.map(|age| age.as_secs()));
    span.record("webhook.secret_index", outcome.secret_index);
    span.record("webhook.body_length", outcome.body_length);
    span.record("webhook.took_seconds", outcome.took.as_secs_f64());

    let _entered = span.enter();
    macro_rules! event {
        ($level:ident, $text:literal, $error:expr) => {
            $level!(target: TARGET, scheme, code, status, error = $error, $text)
        };
    }
    match &outcome.verdict {
        // No refusal. The service can log a failure of its own.
        Verdict::Processed | Verdict::Failed | Verdict::Cancelled => {}
        Verdict::Method => event!(warn, "webhook refused", "not a POST"),
        Verdict::Unverified(error) => event!(warn, "webhook refused", error.to_string()),
        Verdict::Body(error) => event!(warn, "webhook refused", error.to_string()),
        Verdict::Replay(error @ (ReplayError::Duplicate | ReplayError::InFlight)) => {
            event!(info, "webhook not processed again", error.to_string());
        }
        Verdict::Replay(error) => event!(error, "webhook not processed", with_causes(error)),
        Verdict::Unmarked(error) => {
            event!(error, "webhook processed, and not marked as processed", with_causes(error));
        }
    }
}

/// An error of the store and its causes. The sender wrote none of it.
fn with_causes(error: &ReplayError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
