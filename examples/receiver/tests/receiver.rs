//! The receiver as a program: started, sent to over sockets, and stopped.

#[path = "../../../tests/common/process.rs"]
mod process;
#[path = "../../../tests/common/server.rs"]
mod server;

use process::{Program, example};
use server::{Answer, exchange};
use trusthooks::{
    Secret, SignedHeaders, Timestamp, trustlens,
    trustoo::{shop, system},
};

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn post_to(path: &str, signed: &SignedHeaders, body: &[u8]) -> Vec<u8> {
    let request = server::post(signed, body);
    let path = format!("POST {path} ");
    [path.as_bytes(), request.strip_prefix(b"POST / ").unwrap()].concat()
}

const ACK: &str = r#"{"code":0,"message":"success"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_serves_both_vendors() {
    let spool = std::env::temp_dir().join(format!("receiver-spool-{}", std::process::id()));
    let mut command = example(env!("CARGO_BIN_EXE_trusthooks-receiver"));
    command
        .env("TRUSTLENS_SECRET", "risk")
        .env("TRUSTLENS_SECRET_PREVIOUS", "older risk")
        .env("SPOOL", &spool)
        .env("TRUSTOO_PUBLIC_TOKEN", "public")
        .env("TRUSTOO_PRIVATE_TOKEN", "private")
        .env("TRUSTOO_CLIENT_SECRET", "client");
    let mut receiver = Program::start(command);
    let port = receiver.port();
    let answer = |status, body: &str| Answer { status, body: body.to_owned() };
    let now = Timestamp::now();

    let health = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(port, health).await, answer(200, "ok"));

    let body = include_bytes!("../../../tests/events/trustlens_high_risk_order.json");
    let signed = trustlens::Signer::new(secret("risk")).sign_at(body, now);
    let request = post_to("/trustlens", &signed, body);
    assert_eq!(exchange(port, &request).await, answer(204, ""));
    let line = receiver.line_with("high-risk order");
    assert!(line.contains("order=4821") && line.contains("customer=\"a3f2"), "{line}");
    assert_eq!(exchange(port, &request).await, answer(200, ""));
    receiver.line_with("code=\"replay_duplicate\"");

    // A rule's retry: re-signed, with the previous secret, and the same delivery all the same.
    let body =
        include_bytes!("../../../tests/events/trustlens_rule_envelope_chargeback_filed.json");
    let earlier = Timestamp::from_unix(now.as_unix() - 60);
    let first = trustlens::Signer::new(secret("older risk")).sign_at(body, earlier);
    let retry = trustlens::Signer::new(secret("risk")).sign_at(body, now);
    assert_eq!(exchange(port, &post_to("/trustlens", &first, body)).await, answer(204, ""));
    assert_eq!(exchange(port, &post_to("/trustlens", &retry, body)).await, answer(200, ""));

    let body = include_bytes!("../../../tests/events/trustoo_review_created.json");
    let signer = shop::Signer::new("public", secret("private"));
    let request = post_to("/trustoo/shop", &signer.sign_at(body, now), body);
    assert_eq!(exchange(port, &request).await, answer(200, ACK));
    let line = receiver.line_with("review=\"57748\"");
    assert!(line.contains("rating=5") && !line.contains("John"), "{line}");
    let request = post_to("/trustoo/shop", &signer.sign_at(body, earlier), body);
    assert_eq!(exchange(port, &request).await, answer(200, ACK));
    receiver.line_with("code=\"replay_duplicate\"");

    // A system event signs its own time: one of today is taken, one of last year is not.
    let signer = system::Signer::new(secret("client"));
    let event = |at: u64| {
        format!(r#"{{"event":"app/authorized","shop_id":1,"timestamp":{at}}}"#).into_bytes()
    };
    let body = event(now.as_unix() - 8_000);
    let request = post_to("/trustoo/system", &signer.sign_at(&body, now), &body);
    assert_eq!(exchange(port, &request).await, answer(200, ACK));
    receiver.line_with("app/authorized");
    let body = event(now.as_unix() - 365 * 86_400);
    let request = post_to("/trustoo/system", &signer.sign_at(&body, now), &body);
    assert_eq!(exchange(port, &request).await, answer(401, ""));
    receiver.line_with("code=\"expired\"");

    let forged = system::Signer::new(secret("guess")).sign_at(&body, now);
    assert_eq!(exchange(port, &post_to("/trustoo/system", &forged, &body)).await, answer(401, ""));
    receiver.line_with("code=\"signature_mismatch\"");
    // Genuine, and not as documented: one odd field is logged by its path, and does no harm.
    let body =
        br#"{"event":"score_updated","new_score":"very high","customer":{"email_hash":"ab"}}"#;
    let signed = trustlens::Signer::new(secret("risk")).sign_at(body, now);
    assert_eq!(exchange(port, &post_to("/trustlens", &signed, body)).await, answer(204, ""));
    let line = receiver.line_with("does not fit");
    assert!(line.contains("path=\"new_score\"") && !line.contains("very high"), "{line}");
    receiver.line_with("score updated");
    // A body of which nothing can be made is kept.
    let body = br#"{"new_score":34}"#;
    let signed = trustlens::Signer::new(secret("risk")).sign_at(body, now);
    assert_eq!(exchange(port, &post_to("/trustlens", &signed, body)).await, answer(422, ""));
    let line = receiver.line_with("not understood");
    assert!(line.contains("event: expected text"), "{line}");
    let kept: Vec<_> =
        std::fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), body);
    std::fs::remove_dir_all(&spool).unwrap();

    let scrape = b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let metrics = exchange(port, scrape).await.body;
    for line in [
        r#"webhooks_total{scheme="trustlens",verdict="processed"} 3"#,
        r#"webhooks_total{scheme="trustlens",verdict="replay_duplicate"} 2"#,
        r#"webhooks_total{scheme="trustlens",verdict="failed"} 1"#,
        r#"webhooks_total{scheme="trustoo-shop",verdict="processed"} 1"#,
        r#"webhooks_total{scheme="trustoo-shop",verdict="replay_duplicate"} 1"#,
        r#"webhooks_total{scheme="trustoo-system",verdict="processed"} 1"#,
        r#"webhooks_total{scheme="trustoo-system",verdict="failed"} 1"#,
        r#"webhooks_total{scheme="trustoo-system",verdict="signature_mismatch"} 1"#,
        r#"webhooks_previous_secret_total{scheme="trustlens"} 1"#,
        r#"webhook_seconds_count{scheme="trustlens"} 6"#,
        "# TYPE webhooks_total counter",
    ] {
        assert!(metrics.lines().any(|there| there == line), "{line} in {metrics}");
    }
    let lines = receiver.lines_so_far();
    let warned = lines.iter().filter(|line| line.contains("a previous secret is still in use"));
    assert_eq!(warned.count(), 1);

    receiver.signal("TERM");
    receiver.line_with("stopped");
    assert!(receiver.succeeds());
}

#[test]
fn the_receiver_says_what_it_is_missing() {
    for (variables, words) in [
        (vec![], "set TRUSTLENS_SECRET"),
        (vec![("TRUSTLENS_SECRET", "")], "TRUSTLENS_SECRET: the secret is empty"),
        (vec![("TRUSTOO_PRIVATE_TOKEN", "p")], "needs TRUSTOO_PUBLIC_TOKEN"),
        (
            vec![
                ("TRUSTOO_PRIVATE_TOKEN", "p"),
                ("TRUSTOO_PUBLIC_TOKEN", "t"),
                ("TRUSTOO_PUBLIC_TOKEN_PREVIOUS", "u"),
            ],
            "needs TRUSTOO_PRIVATE_TOKEN_PREVIOUS",
        ),
        (vec![("TRUSTLENS_SECRET", "s"), ("LISTEN", "nowhere")], "LISTEN: invalid socket address"),
    ] {
        let output =
            example(env!("CARGO_BIN_EXE_trusthooks-receiver")).envs(variables).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn the_receiver_explains_a_refusal_in_its_log_and_nowhere_else() {
    let body = include_bytes!("../../../tests/events/trustlens_score_updated.json");
    let signed = trustlens::Signer::new(secret("risk")).sign_at(body, Timestamp::now());
    let request = post_to("/trustlens", &signed, body);
    for explain in ["1", "0"] {
        let mut command = example(env!("CARGO_BIN_EXE_trusthooks-receiver"));
        command
            .env("TRUSTLENS_SECRET", "risk\n")
            .env("TRUSTHOOKS_EXPLAIN", explain)
            .env("LOG", "debug");
        let receiver = Program::start(command);
        let port = receiver.port();
        let refused = Answer { status: 401, body: String::new() };
        assert_eq!(exchange(port, &request).await, refused);
        let line = receiver.line_with("refused");
        assert!(line.contains("signature_mismatch"), "{line}");
        if explain == "1" {
            receiver.line_with("secret_white_space");
        } else {
            // There is nothing that could still come: the next refusal is the next line.
            exchange(port, &request).await;
            receiver.line_with("refused");
            let lines = receiver.lines_so_far();
            assert!(!lines.iter().any(|line| line.contains("explained")), "{lines:?}");
        }
    }
}

/// Why the store does not answer is in the log, and not only that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_logs_the_cause_of_a_store_that_is_down() {
    let body = include_bytes!("../../../tests/events/trustlens_score_updated.json");
    let signed = trustlens::Signer::new(secret("risk")).sign_at(body, Timestamp::now());
    // A port on which nobody listens.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = example(env!("CARGO_BIN_EXE_trusthooks-receiver"));
    command.env("TRUSTLENS_SECRET", "risk").env("REDIS_URL", format!("redis://127.0.0.1:{port}"));
    let receiver = Program::start(command);
    let answer = exchange(receiver.port(), &post_to("/trustlens", &signed, body)).await;
    assert_eq!(answer.status, 503);
    let line = receiver.line_with("code=\"replay_unavailable\"");
    assert!(
        line.contains("the replay store is unavailable: ") && line.contains("refused"),
        "{line}"
    );
}

/// A captured delivery of a shop whose tokens were rotated is not new under the next token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_under_the_other_token_of_a_shop_is_refused() {
    let mut command = example(env!("CARGO_BIN_EXE_trusthooks-receiver"));
    command
        .env("TRUSTOO_PUBLIC_TOKEN", "public")
        .env("TRUSTOO_PRIVATE_TOKEN", "private")
        .env("TRUSTOO_PUBLIC_TOKEN_PREVIOUS", "older public")
        .env("TRUSTOO_PRIVATE_TOKEN_PREVIOUS", "older private");
    let receiver = Program::start(command);
    let port = receiver.port();
    let body = include_bytes!("../../../tests/events/trustoo_review_created.json");
    for (token, private, other) in
        [("public", "private", "older public"), ("older public", "older private", "public")]
    {
        let deliver = async |token: &str| {
            let signer = shop::Signer::new(token, secret(private));
            let signed = signer.sign_at(body, Timestamp::now());
            exchange(port, &post_to("/trustoo/shop", &signed, body)).await.status
        };
        assert_eq!(deliver(token).await, 200);
        assert_eq!(deliver(other).await, 401);
    }
}
