//! The adapter as a program: started, sent to over sockets, with a server in Slack's place.

#[path = "../../../tests/common/process.rs"]
mod process;
#[path = "../../../tests/common/server.rs"]
mod server;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use process::{Program, example};
use serde_json::{Value, json};
use server::{exchange, serve, within};
use tokio::io::AsyncWriteExt as _;
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

    let blocks = |text: &str| json!([{ "type": "section", "text": { "type": "mrkdwn", "verbatim": true, "text": text } }]);
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

/// A Slack that takes its time, and what it was sent.
async fn slow_slack(wait: Duration) -> (u16, Arc<Mutex<Vec<Value>>>) {
    let posted = Arc::new(Mutex::new(Vec::<Value>::new()));
    let slack = {
        let posted = Arc::clone(&posted);
        post(async move |Json(message): Json<Value>| {
            posted.lock().unwrap().push(message);
            tokio::time::sleep(wait).await;
        })
    };
    (serve(Router::new().route("/", slack)).await, posted)
}

fn adapter(slack: u16, spool: &std::path::Path) -> Program {
    let mut command = example(env!("CARGO_BIN_EXE_trusthooks-slack-adapter"));
    command
        .env("TRUSTLENS_SECRET", "risk")
        .env("SPOOL", spool)
        .env("SLACK_WEBHOOK_URL", format!("http://127.0.0.1:{slack}/"));
    Program::start(command)
}

fn request(body: &[u8], age: u64) -> Vec<u8> {
    let at = Timestamp::from_unix(Timestamp::now().as_unix() - age);
    server::post(&trustlens::Signer::new(secret("risk")).sign_at(body, at), body)
}

const RULE: &[u8] = br#"{"event":"customer_blocked","delivery_id":"d1","timestamp":1780000000,"rule":{},"data":{"customer":{"trust_score":3,"segment":"risk"}}}"#;

/// The vendor hangs up while the post is on its way, and tries again, re-signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_request_is_not_posted_again() {
    let (slack, posted) = slow_slack(Duration::from_millis(1500)).await;
    let adapter = adapter(slack, &std::env::temp_dir());
    let port = adapter.port();
    let mut statuses = Vec::new();
    for age in [60, 45, 30, 15] {
        let mut stream = server::connect(port).await;
        stream.write_all(&request(RULE, age)).await.unwrap();
        within(async {
            while posted.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(stream);
        statuses.push(exchange(port, &request(RULE, age - 1)).await.status);
    }
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    within(async {
        while exchange(port, &request(RULE, 0)).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(posted.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_slack_for_long() {
    let (slack, _) = slow_slack(Duration::from_secs(1000)).await;
    let adapter = adapter(slack, &std::env::temp_dir());
    let request = request(RULE, 0);
    let answer = exchange(adapter.port(), &request);
    assert_eq!(tokio::time::timeout(Duration::from_secs(25), answer).await.unwrap().status, 502);
}

/// Any reason becomes one line of text that Slack accepts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_has_no_meaning_to_slack() {
    let (slack, posted) = slow_slack(Duration::ZERO).await;
    let adapter = adapter(slack, &std::env::temp_dir());
    let port = adapter.port();
    let long = "<&>*".repeat(3000);
    for reason in [
        "refunds\n*Approved by* _the owner_ ~not~ `code`\r\n> quote\u{2028}<!channel> <https://evil|ok>",
        &long,
        &"x".repeat(10_000),
    ] {
        let body = json!({
            "event": "customer_blocked",
            "reason": reason,
            "customer": { "segment": format!("risk*\n{reason}") },
        });
        let body = body.to_string();
        assert_eq!(exchange(port, &request(body.as_bytes(), 0)).await.status, 204);
        let message = posted.lock().unwrap().pop().unwrap();
        let text = message["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(text.chars().count() <= 3000, "{}", text.chars().count());
        // Two lines of ours, and two words of ours in bold.
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(text.matches('*').count(), 4, "{text}");
        assert!(!text.contains(['<', '>', '_', '~', '`', '\u{2028}']), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_cannot_be_read_is_kept() {
    let (slack, posted) = slow_slack(Duration::ZERO).await;
    let spool = std::env::temp_dir().join(format!("slack-spool-{}", std::process::id()));
    let adapter = adapter(slack, &spool);
    let port = adapter.port();
    for _ in 0..2 {
        assert_eq!(exchange(port, &request(b"[1]", 0)).await.status, 422);
    }
    let kept: Vec<_> =
        std::fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), b"[1]");
    assert!(posted.lock().unwrap().is_empty());
    std::fs::remove_dir_all(&spool).unwrap();
}
