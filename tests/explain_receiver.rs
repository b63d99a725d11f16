//! A receiver that explains its refusals in the log and nowhere else.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::post,
};
use trusthooks::{
    Secret, Timestamp, VerifyError,
    explain::{Explainer, Finding, Scheme},
    tower::VerifyLayer,
    trustlens,
};

#[path = "common/server.rs"]
#[allow(dead_code, reason = "not every test takes everything")]
mod server;

/// What explains, and the log.
type Explained = Arc<(Explainer, Mutex<Vec<Finding>>)>;

/// Keeps the body at hand while the request is verified, and explains a refusal.
async fn explain(State(explained): State<Explained>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 64 * 1024).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = parts.headers.clone();
    let answer = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    if answer.extensions().get::<VerifyError>().is_some() {
        let (explainer, log) = &*explained;
        let report = explainer.explain(&headers, &body, Timestamp::now());
        log.lock().unwrap().extend(report.findings().first().cloned());
    }
    answer
}

#[tokio::test]
async fn a_refusal_is_explained_in_the_log_and_not_in_the_answer() {
    let secret = "whsec_5f0c1d";
    let explained: Explained =
        Arc::new((Explainer::new(Scheme::TrustLens, secret).unwrap(), Mutex::default()));
    let verifier = trustlens::Verifier::new(Secret::new(secret).unwrap());
    let app = Router::new()
        .route("/", post(async || StatusCode::NO_CONTENT))
        .layer(VerifyLayer::new(verifier))
        .layer(from_fn_with_state(Arc::clone(&explained), explain));
    let port = server::serve(app).await;

    let signed = |secret: &str| {
        trustlens::Signer::new(Secret::new(secret).unwrap()).sign_at(b"{}", Timestamp::now())
    };
    let answer = server::exchange(port, &server::post(&signed(secret), b"{}")).await;
    assert_eq!(answer.status, 204);
    assert!(explained.1.lock().unwrap().is_empty());

    let answer = server::exchange(port, &server::post(&signed("whsec_5f0c1d\n"), b"{}")).await;
    assert_eq!((answer.status, &*answer.body), (401, ""));
    let answer = server::exchange(port, &server::post(&signed(secret), b"{} ")).await;
    assert_eq!((answer.status, &*answer.body), (401, ""));
    let log = explained.1.lock().unwrap();
    let [white_space, newline] =
        [Finding::SecretWhiteSpace { given: false }, Finding::BodyNewline { added: true }];
    assert_eq!(*log, [white_space, newline]);
}
