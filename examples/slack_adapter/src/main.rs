//! TrustLens in, Slack message out: the small layer between the two that the vendor's webhooks guide
//! describes ("Slack: real-time alerts for high-risk events").
//!
//! ```text
//! TRUSTLENS_SECRET=… SLACK_WEBHOOK_URL=https://hooks.slack.com/… cargo run -p trusthooks-slack-adapter
//! ```
//!
//! Point a TrustLens endpoint at `POST /` of `LISTEN` (127.0.0.1:8788 by default), subscribed to
//! `high_risk_order` and `customer_blocked`. What Slack does not take is answered with 502, so that
//! an automation rule sends it again.

use std::{env, error::Error, sync::Arc};

use axum::{Extension, Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task};
use trusthooks::{
    Delivery, ReplayGuard, Secret,
    tower::VerifyLayer,
    trustlens::{self, Customer, Event, EventKind, Segment},
};

/// The address is a secret too: who knows it can post.
struct Slack {
    url: String,
    http: ureq::Agent,
}

async fn forward(
    State(slack): State<Arc<Slack>>,
    Extension(delivery): Extension<Delivery<Event, Bytes>>,
) -> StatusCode {
    let event = match delivery.event() {
        Ok(event) => event,
        Err(error) => {
            eprintln!("genuine delivery not understood: {error}");
            return StatusCode::UNPROCESSABLE_ENTITY;
        }
    };
    let message = message(&event).to_string();
    let post = move || {
        let request = slack.http.post(&slack.url).header("content-type", "application/json");
        request.send(message).is_ok()
    };
    match task::spawn_blocking(post).await {
        Ok(true) => StatusCode::NO_CONTENT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// The event as a Slack message, with a plain text for notifications.
fn message(event: &Event) -> Value {
    let Some(customer) = &event.customer else {
        return json!({ "text": format!("TrustLens event: {}", escaped(event.name())) });
    };
    let (title, details) = match &event.kind {
        EventKind::HighRiskOrder => ("High-risk order placed", order(event, customer)),
        EventKind::CustomerBlocked => {
            let reason = event.reason.as_deref().unwrap_or("not specified");
            let details =
                format!("Customer ({}) blocked.\nReason: {}", standing(customer), escaped(reason));
            ("Customer blocked", details)
        }
        _ => return json!({ "text": format!("TrustLens event: {}", escaped(event.name())) }),
    };
    let alarm =
        if customer.segment == Some(Segment::Critical) { ":rotating_light:" } else { ":warning:" };
    json!({
        "text": format!("{alarm} {title}"),
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": details } }],
    })
}

fn order(event: &Event, customer: &Customer) -> String {
    let mut lines = Vec::new();
    if let Some(order) = &event.order {
        let number =
            order.number.clone().or_else(|| Some(order.id?.to_string())).unwrap_or_default();
        let currency = order.currency.as_deref().unwrap_or_default();
        let total = order.total.as_ref().map(|total| format!("{total:.2}")).unwrap_or_default();
        lines.push(format!("*Order #{}* — {} {total}", escaped(&number), escaped(currency)));
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
    format!("score *{score}*, segment *{}*", escaped(segment))
}

/// The three characters that mean something to Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let required = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let verifier = trustlens::Verifier::new(Secret::new(required("TRUSTLENS_SECRET")?)?);
    let slack =
        Slack { url: required("SLACK_WEBHOOK_URL")?, http: ureq::Agent::new_with_defaults() };

    let app = Router::new()
        .route("/", post(forward))
        .layer(VerifyLayer::new(verifier).store(ReplayGuard::new(100_000)))
        .with_state(Arc::new(slack));
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8788".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
