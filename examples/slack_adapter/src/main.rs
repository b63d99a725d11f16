//! TrustLens in, Slack message out: the small layer between the two that the vendor's webhooks guide
//! describes ("Slack: real-time alerts for high-risk events").
//!
//! ```text
//! TRUSTLENS_SECRET=… SLACK_WEBHOOK_URL=https://hooks.slack.com/… cargo run -p trusthooks-slack-adapter
//! ```
//!
//! Point a TrustLens endpoint at `POST /` of `LISTEN` (127.0.0.1:8788 by default), subscribed to
//! `high_risk_order` and `customer_blocked`. What Slack does not take within 8 seconds is answered
//! with 502, so that an automation rule sends it again. A body that cannot be read is kept in the
//! folder `SPOOL` (`spool` by default) and answered with 422.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task};
use trusthooks::{
    ReplayGuard, ReplayKey, Secret,
    axum::{Webhook, WebhookRejection},
    trustlens::{Customer, Event, EventKind, Segment, Verifier},
};

/// TrustLens waits for 10 seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Posts to Slack. The address is a secret too: anyone who has it can post.
struct Slack {
    url: String,
    http: ureq::Agent,
    spool: String,
}

#[derive(Clone)]
struct App {
    verifier: Arc<Verifier>,
    guard: ReplayGuard,
    slack: Arc<Slack>,
}

impl FromRef<App> for Arc<Verifier> {
    fn from_ref(app: &App) -> Self {
        Self::clone(&app.verifier)
    }
}

/// Claims, posts, commits. From the claim on it runs as a task of its own: when the vendor hangs up,
/// the post goes on, so the claim must too. Otherwise its retry would post once more.
async fn forward(
    State(App { guard, slack, .. }): State<App>,
    webhook: Webhook<Arc<Verifier>>,
) -> Result<StatusCode, WebhookRejection> {
    let claim = webhook.claim(&guard, "slack").await?;
    let Webhook(delivery) = webhook;
    let work = move || {
        let status = match delivery.event() {
            Ok(event) => slack.post(&event),
            Err(error) => {
                eprintln!("genuine delivery not understood: {error}");
                slack.keep(delivery.body())
            }
        };
        if status.is_success() {
            claim.commit();
        }
        status
    };
    Ok(task::spawn_blocking(work).await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

impl Slack {
    fn post(&self, event: &Event) -> StatusCode {
        for mismatch in event.mismatches() {
            eprintln!("`{}` is not {}", mismatch.path(), mismatch.expected());
        }
        let request = self.http.post(&self.url).header("content-type", "application/json");
        match request.send(message(event).to_string()) {
            Ok(_) => StatusCode::NO_CONTENT,
            Err(error) => {
                // A kind of failure, and not the address, which an error of another kind may name.
                let kind = match error {
                    ureq::Error::StatusCode(status) => format!("it answered {status}"),
                    ureq::Error::Timeout(_) => "it takes too long".to_owned(),
                    _ => "it cannot be reached".to_owned(),
                };
                eprintln!("not posted to Slack: {kind}");
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// Keeps a body that cannot be read. The answer is no success, so that it is seen at the
    /// vendor's end as well.
    fn keep(&self, body: &[u8]) -> StatusCode {
        let path = Path::new(&self.spool).join(format!("{}.json", ReplayKey::derive([body])));
        let write = || {
            fs::create_dir_all(&self.spool)?;
            let mut file = File::create(&path)?;
            file.write_all(body)?;
            file.sync_all()
        };
        match write() {
            Ok(()) => {
                eprintln!("kept as {}", path.display());
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Err(error) => {
                eprintln!("NOT kept: {error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

/// The event as a Slack message, with a plain text for notifications.
fn message(event: &Event) -> Value {
    let Some(customer) = &event.customer else {
        return json!({ "text": format!("TrustLens event: {}", escaped(event.name(), 200)) });
    };
    let (title, details) = match &event.kind {
        EventKind::HighRiskOrder => ("High-risk order placed", order(event, customer)),
        EventKind::CustomerBlocked => {
            let reason = event.reason.as_deref().unwrap_or("not specified");
            let details = format!(
                "Customer ({}) blocked.\nReason: {}",
                standing(customer),
                escaped(reason, 2000)
            );
            ("Customer blocked", details)
        }
        _ => return json!({ "text": format!("TrustLens event: {}", escaped(event.name(), 200)) }),
    };
    let alarm =
        if customer.segment == Some(Segment::Critical) { ":rotating_light:" } else { ":warning:" };
    json!({
        "text": format!("{alarm} {title}"),
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": details } }],
    })
}

fn order(event: &Event, customer: &Customer) -> String {
    let mut lines = Vec::new();
    if let Some(order) = &event.order {
        let number =
            order.number.clone().or_else(|| Some(order.id?.to_string())).unwrap_or_default();
        let currency = order.currency.as_deref().unwrap_or_default();
        let total = order.total.as_ref().map(|total| format!("{total:.2}")).unwrap_or_default();
        lines.push(format!(
            "*Order #{}* — {} {total}",
            escaped(&number, 200),
            escaped(currency, 50)
        ));
    }
    lines.push(format!("Customer: {}", standing(customer)));
    if let (Some(rate), Some(orders)) = (customer.return_rate, customer.total_orders) {
        lines.push(format!("Return rate: {rate}% over {orders} orders"));
    }
    lines.join("\n")
}

fn standing(customer: &Customer) -> String {
    let segment = customer.segment.as_ref().map_or("unknown", Segment::as_str);
    let score = customer.trust_score.map_or("unknown".to_owned(), |score| score.to_string());
    format!("score *{score}*, segment *{}*", escaped(segment, 200))
}

/// Text of the event as Slack shows it: on one line, without a meaning, and with at most so many
/// characters. A section holds 3,000 in all.
///
/// Three characters are escaped as Slack says. What it takes for formatting cannot be escaped, so a
/// character that looks alike stands in its place.
fn escaped(text: &str, limit: usize) -> String {
    let mut escaped = String::new();
    let mut length = 0;
    for character in text.chars() {
        let mut itself = [0; 4];
        let shown = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '*' => "\u{2217}",
            '_' => "\u{ff3f}",
            '~' => "\u{223c}",
            '`' => "\u{2019}",
            _ if character.is_control() || character.is_whitespace() => " ",
            // These turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => " ",
            _ => character.encode_utf8(&mut itself),
        };
        length += shown.chars().count();
        if length >= limit {
            escaped.push('…');
            break;
        }
        escaped.push_str(shown);
    }
    escaped
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let required = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let verifier = Verifier::new(Secret::new(required("TRUSTLENS_SECRET")?)?);
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
    let slack = Slack {
        url: required("SLACK_WEBHOOK_URL")?,
        http: config.into(),
        spool: env::var("SPOOL").unwrap_or_else(|_| "spool".to_owned()),
    };

    let app = App {
        verifier: Arc::new(verifier),
        guard: ReplayGuard::new(100_000),
        slack: Arc::new(slack),
    };
    let app = Router::new().route("/", post(forward)).with_state(app);
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8788".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
