//! The adapter as a program: started, sent to over sockets, with a server in Slack's place.

#[path = "../../../tests/common/process.rs"]
mod process;
#[path = "../../../tests/common/server.rs"]
mod server;

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::StatusCode, routing::post};
use process::{Program, example};
use serde_json::{Value, json};
use server::{exchange, serve};
use trusthooks::{Secret, Timestamp, trustlens};

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slack_adapter_posts_what_slack_reads() {
    let posted = Arc::new(Mutex::new(Vec::<Value>::new()));
    let slack = {
        let posted = Arc::clone(&posted);
        post(async move |Json(message): Json<Value>| {
            let mut posted = posted.lock().unwrap();
            posted.push(message);
            // It is down for the second message.
            if posted.len() == 2 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        })
    };
    let slack = serve(Router::new().route("/", slack)).await;
    let mut command = example(env!("CARGO_BIN_EXE_trusthooks-slack-adapter"));
    command
        .env("TRUSTLENS_SECRET", "risk")
        .env("SLACK_WEBHOOK_URL", format!("http://127.0.0.1:{slack}/"));
    let adapter = Program::start(command);
    let port = adapter.port();
    let deliver = async |body: &[u8], key: &str| {
        let signed = trustlens::Signer::new(secret(key)).sign_at(body, Timestamp::now());
        exchange(port, &server::post(&signed, body)).await.status
    };

    assert_eq!(
        deliver(include_bytes!("../../../tests/events/trustlens_high_risk_order.json"), "risk")
            .await,
        204
    );
    let blocked = br#"{"event":"customer_blocked","customer":{"trust_score":3,"segment":"risk"},"reason":"<3 refunds & more>"}"#;
    assert_eq!(deliver(blocked, "risk").await, 502);
    assert_eq!(deliver(blocked, "risk").await, 204);
    assert_eq!(
        deliver(include_bytes!("../../../tests/events/trustlens_test.json"), "risk").await,
        204
    );
    assert_eq!(deliver(blocked, "a guess").await, 401);

    let blocks =
        |text: &str| json!([{ "type": "section", "text": { "type": "mrkdwn", "text": text } }]);
    let blocked = json!({
        "text": ":warning: Customer blocked",
        "blocks": blocks("Customer (score *3*, segment *risk*) blocked.\nReason: &lt;3 refunds &amp; more&gt;"),
    });
    assert_eq!(
        *posted.lock().unwrap(),
        [
            json!({
                "text": ":rotating_light: High-risk order placed",
                "blocks": blocks("*Order #4821* — USD 249.00\nCustomer: score *12*, segment *critical*\nReturn rate: 100% over 3 orders"),
            }),
            blocked.clone(),
            blocked,
            json!({ "text": "TrustLens event: test" }),
        ]
    );
}
