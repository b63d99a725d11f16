//! Counts outcomes for Prometheus.

use prometheus::{Error, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use tracing::warn;
use trusthooks::tower::Outcome;

/// Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Registry,
    outcomes: IntCounterVec,
    previous_secret: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, Error> {
        let outcomes =
            Opts::new("webhooks_total", "Requests, by scheme and by what became of them.");
        let previous = Opts::new(
            "webhooks_previous_secret_total",
            "Signed with a secret that is being replaced.",
        );
        let seconds = HistogramOpts::new("webhook_seconds", "Time taken, by scheme.");
        let metrics = Self {
            registry: Registry::new(),
            outcomes: IntCounterVec::new(outcomes, &["scheme", "verdict"])?,
            previous_secret: IntCounterVec::new(previous, &["scheme"])?,
            seconds: HistogramVec::new(seconds, &["scheme"])?,
        };
        metrics.registry.register(Box::new(metrics.outcomes.clone()))?;
        metrics.registry.register(Box::new(metrics.previous_secret.clone()))?;
        metrics.registry.register(Box::new(metrics.seconds.clone()))?;
        Ok(metrics)
    }

    /// Counts an outcome. The labels are the crate's own words, so their number is small.
    pub(crate) fn count(&self, outcome: &Outcome) {
        let scheme = outcome.scheme.map_or("other", |scheme| scheme.name());
        self.outcomes.with_label_values(&[scheme, outcome.verdict.code()]).inc();
        self.seconds.with_label_values(&[scheme]).observe(outcome.took.as_secs_f64());
        if outcome.secret_index > Some(0) {
            let previous = self.previous_secret.with_label_values(&[scheme]);
            previous.inc();
            // Rarer and rarer: at the first request, the second, the fourth, the eighth.
            let requests = previous.get();
            if requests.is_power_of_two() {
                warn!(scheme, requests, "a previous secret is still in use");
            }
        }
    }

    /// The text that Prometheus scrapes.
    pub(crate) fn text(&self) -> Result<String, Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
