//! The example receiver's TrustLens endpoint without its verification: what it is measured against.

use std::{env, error::Error, time::Duration};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use tokio::net::TcpListener;
use tower_http::timeout::TimeoutLayer;
use trusthooks::trustlens::Event;

async fn on_trustlens(body: Bytes) -> StatusCode {
    match serde_json::from_slice::<Event>(&body) {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let patience =
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(4));
    let app = Router::new().route("/trustlens", post(on_trustlens)).layer(patience);
    let listener = TcpListener::bind(env::var("LISTEN")?).await?;
    Ok(axum::serve(listener, app).await?)
}
