//! An Open API on a bad day.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    extract::Query,
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trusthooks::{Secret, Timestamp, VerifyError, trustoo::open_api::Verifier};

/// The private token of its shop.
pub const SECRET: &str = "made-up private token";

const REVIEWS: u64 = 95;
const OFF: u64 = 20 * 60;

#[derive(Deserialize)]
struct Asked {
    page: u64,
    page_size: u64,
}

/// Serves on a loopback port as long as the program runs; gives the base URL.
pub async fn start() -> io::Result<String> {
    let secret = Secret::new(SECRET).map_err(io::Error::other)?;
    let verifier = Arc::new(Verifier::new(secret));
    let calls = Arc::new(AtomicUsize::new(0));
    let reviews = move |asked: Query<Asked>, request: Request<axum::body::Body>| {
        let answer = answer(&verifier, calls.fetch_add(1, Ordering::Relaxed), &asked, &request);
        async move { answer }
    };
    let app = Router::new().route("/api/v1/openapi/get_reviews", get(reviews));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(base)
}

fn answer(
    verifier: &Verifier,
    call: usize,
    asked: &Asked,
    request: &Request<axum::body::Body>,
) -> Response {
    match call {
        0 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        3 => return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        _ => {}
    }
    let now = Timestamp::from_unix(Timestamp::now().as_unix() + OFF);
    let query = request.uri().query().unwrap_or_default();
    let (code, data) = match verifier.verify_at(request.headers(), query, None, now) {
        Ok(_) => (0, page(asked)),
        Err(VerifyError::Expired { .. } | VerifyError::FromFuture { .. }) => (4, Value::Null),
        Err(_) => (16, Value::Null),
    };
    let (time, request_id) = (now.as_unix(), format!("call-{call}"));
    let answer = json!({ "code": code, "data": data, "request_id": request_id, "time": time });
    answer.to_string().into_response()
}

fn page(&Asked { page, page_size }: &Asked) -> Value {
    let page_size = page_size.clamp(1, 100);
    let first = page.saturating_sub(1).saturating_mul(page_size);
    let ids = first.min(REVIEWS)..first.saturating_add(page_size).min(REVIEWS);
    let list: Vec<_> =
        ids.map(|id| json!({ "id": id.to_string(), "rating": 5 - id % 3 })).collect();
    let pages = REVIEWS.div_ceil(page_size);
    let page =
        json!({ "page": page, "page_size": page_size, "total_page": pages, "count": REVIEWS });
    json!({ "page": page, "list": list })
}
