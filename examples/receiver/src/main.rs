//! A receiver as one would run it: both vendors, replay protection, logs, graceful shutdown.
//!
//! ```text
//! TRUSTLENS_SECRET=… cargo run -p trusthooks-receiver
//! ```
//!
//! | variable | meaning |
//! |---|---|
//! | `TRUSTLENS_SECRET` | serves `POST /trustlens` |
//! | `TRUSTOO_PUBLIC_TOKEN`, `TRUSTOO_PRIVATE_TOKEN` | serve `POST /trustoo/shop` |
//! | `TRUSTOO_CLIENT_SECRET` | serves `POST /trustoo/system` |
//! | each with `_PREVIOUS` | is accepted too, while a secret is rotated |
//! | `LISTEN` | address, 127.0.0.1:8787 by default |
//! | `REDIS_URL` | remembers deliveries there instead of in memory |
//! | `LOG` | `error`, `warn`, `info` (the default), `debug` or `trace` |
//! | `TRUSTHOOKS_EXPLAIN` | `1` logs at `debug` why a request was refused; for development |

use std::{
    collections::HashMap, env, error::Error, fmt::Display, net::SocketAddr, process::ExitCode,
    str::FromStr, sync::Arc, time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tokio::{net::TcpListener, signal};
use tower_http::timeout::TimeoutLayer;
use tracing::{debug, error, info, level_filters::LevelFilter, warn};
use trusthooks::{
    Delivery, Event, EventError, ReplayError, ReplayGuard, ReplayKey, ReplayStore, Secret, Secrets,
    Timestamp, VerifyError,
    redis::RedisStore,
    tower::{BodyError, VerifyLayer},
    trustlens,
    trustoo::{self, shop, system},
};
use trusthooks_explain::{Explainer, Scheme};

type BoxError = Box<dyn Error + Send + Sync>;

// ---- What to do with a delivery. ----------------------------------------------------------------

async fn on_trustlens(
    Extension(delivery): Extension<Delivery<trustlens::Event, Bytes>>,
) -> Response {
    use trustlens::EventKind::{CustomerBlocked, HighRiskOrder, Other, ScoreUpdated};

    let event = match delivery.event() {
        Ok(event) => event,
        Err(error) => return unreadable(&error),
    };
    // Pseudonyms, ids and amounts may be logged; addresses and names are for the CRM only.
    let customer = event.customer.as_ref().and_then(|customer| customer.email_hash.as_deref());
    match &event.kind {
        ScoreUpdated => info!(customer, score = event.new_score, "score updated"),
        CustomerBlocked => info!(customer, "customer blocked"),
        HighRiskOrder => {
            let order = event.order.as_ref().and_then(|order| order.id);
            info!(customer, order, "high-risk order");
        }
        Other(name) => info!(customer, name, "an event that is new to us"),
        _ => info!(customer, name = event.name(), "event"),
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn on_shop(Extension(delivery): Extension<Delivery<shop::Event, Bytes>>) -> Response {
    use shop::EventKind::{CustomerEventCreated, ReviewCreated, ReviewDeleted, ReviewUpdated};

    let event = match delivery.event() {
        Ok(event) => event,
        Err(error) => return unreadable(&error),
    };
    let (name, shop) = (event.name(), event.shop_id.as_str());
    match &event.kind {
        ReviewCreated(review) | ReviewUpdated(review) => {
            info!(shop, name, review = review.id, rating = review.rating, "review");
        }
        ReviewDeleted(review) => info!(shop, name, review = review.id, "review deleted"),
        CustomerEventCreated(event) => {
            info!(shop, name, event = event.id.as_deref(), "customer event");
        }
        _ => info!(shop, name, "an event that is new to us"),
    }
    trustoo::ack().map(Body::from)
}

async fn on_system(Extension(delivery): Extension<Delivery<system::Event, Bytes>>) -> Response {
    let event = match delivery.event() {
        Ok(event) => event,
        Err(error) => return unreadable(&error),
    };
    info!(shop = event.shop_id.as_str(), name = event.kind.as_str(), "authorization changed");
    trustoo::ack().map(Body::from)
}

/// Genuine, but not as documented: the vendor changed something, and somebody must look.
fn unreadable(error: &EventError) -> Response {
    error!(%error, "genuine delivery not understood");
    StatusCode::UNPROCESSABLE_ENTITY.into_response()
}

// ---- What makes a retry a retry. ----------------------------------------------------------------

fn retry_key<E: Event>(delivery: &Delivery<E, Bytes>) -> Option<ReplayKey> {
    delivery.event().ok()?.retry_key()
}

// ---- How it hangs together. ---------------------------------------------------------------------

fn app<S: ReplayStore + Clone + 'static>(store: &S) -> Result<Router, BoxError> {
    let mut app = Router::new();
    if let Some(secrets) = secrets("TRUSTLENS_SECRET")? {
        let verifier = trustlens::Verifier::new(secrets);
        let layer = VerifyLayer::new(verifier).store(store.clone()).key(retry_key);
        let route = explained(
            post(on_trustlens).layer(layer),
            Scheme::TrustLens,
            "TRUSTLENS_SECRET",
            None,
        )?;
        app = app.route("/trustlens", route);
        info!("serving /trustlens");
    }
    if let Some(secrets) = secrets("TRUSTOO_PRIVATE_TOKEN")? {
        let tokens = ["TRUSTOO_PUBLIC_TOKEN", "TRUSTOO_PUBLIC_TOKEN_PREVIOUS"].map(variable);
        let shops: HashMap<_, _> =
            tokens.into_iter().flatten().map(|token| (token, secrets.clone())).collect();
        if shops.is_empty() {
            return Err("TRUSTOO_PRIVATE_TOKEN needs TRUSTOO_PUBLIC_TOKEN beside it".into());
        }
        let verifier = shop::Verifier::with_store(shops);
        let layer = VerifyLayer::new(verifier).store(store.clone()).key(retry_key);
        let token = variable("TRUSTOO_PUBLIC_TOKEN");
        let route = explained(
            post(on_shop).layer(layer),
            Scheme::TrustooShop,
            "TRUSTOO_PRIVATE_TOKEN",
            token,
        )?;
        app = app.route("/trustoo/shop", route);
        info!("serving /trustoo/shop");
    }
    if let Some(secrets) = secrets("TRUSTOO_CLIENT_SECRET")? {
        let layer = VerifyLayer::new(system::Verifier::new(secrets)).store(store.clone());
        let route = explained(
            post(on_system).layer(layer),
            Scheme::TrustooSystem,
            "TRUSTOO_CLIENT_SECRET",
            None,
        )?;
        app = app.route("/trustoo/system", route);
        info!("serving /trustoo/system");
    }
    if !app.has_routes() {
        return Err("set TRUSTLENS_SECRET, TRUSTOO_PRIVATE_TOKEN or TRUSTOO_CLIENT_SECRET".into());
    }
    // Trustoo waits for 5 seconds, TrustLens for 10.
    let patience =
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(4));
    Ok(app
        .layer(patience)
        .layer(middleware::from_fn(log_refusals))
        .route("/healthz", get(|| async { "ok" })))
}

/// The verdict's code and nothing that a stranger sent.
async fn log_refusals(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let answer = next.run(request).await;
    let (status, extensions) = (answer.status().as_u16(), answer.extensions());
    if let Some(refusal) = extensions.get::<VerifyError>() {
        warn!(path, status, code = refusal.code(), "refused: {refusal}");
    } else if let Some(refusal) = extensions.get::<BodyError>() {
        warn!(path, status, code = "body", "refused: {refusal}");
    } else if let Some(refusal) = extensions.get::<ReplayError>() {
        info!(path, status, code = refusal.code(), "not processed: {refusal}");
    }
    answer
}

/// With `TRUSTHOOKS_EXPLAIN=1`, a route whose refusals are explained, in the log and nowhere else.
fn explained(
    route: MethodRouter,
    scheme: Scheme,
    secret: &str,
    public_token: Option<String>,
) -> Result<MethodRouter, BoxError> {
    if variable("TRUSTHOOKS_EXPLAIN").as_deref() != Some("1") {
        return Ok(route);
    }
    let mut explainer = Explainer::new(scheme, variable(secret).unwrap_or_default())?;
    if let Some(previous) = variable(&format!("{secret}_PREVIOUS")) {
        explainer = explainer.previous(previous);
    }
    if let Some(token) = public_token {
        explainer = explainer.public_token(token);
    }
    Ok(route.layer(middleware::from_fn_with_state(Arc::new(explainer), explain)))
}

/// Keeps the body, since it is gone once the request was refused.
async fn explain(
    State(explainer): State<Arc<Explainer>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 1024 * 1024).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = parts.headers.clone();
    let answer = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    if answer.extensions().get::<VerifyError>().is_some() {
        let report = explainer.explain(&headers, &body, Timestamp::now());
        if let Some(finding) = report.findings().first() {
            debug!(code = finding.code(), seen = finding.seen(), fix = finding.fix(), "explained");
        }
    }
    answer
}

/// A secret and the one it replaces; `None` where the variable is not set.
fn secrets(name: &str) -> Result<Option<Secrets>, BoxError> {
    let secret = |name: &str| -> Result<Option<Secret>, BoxError> {
        let Some(text) = variable(name) else { return Ok(None) };
        Ok(Some(Secret::new(text).map_err(|error| format!("{name}: {error}"))?))
    };
    let Some(current) = secret(name)? else { return Ok(None) };
    let secrets = Secrets::from(current);
    Ok(Some(match secret(&format!("{name}_PREVIOUS"))? {
        Some(previous) => secrets.and(previous),
        None => secrets,
    }))
}

/// A variable as something other than text.
fn parsed<T: FromStr<Err: Display>>(name: &str, default: &str) -> Result<T, BoxError> {
    let text = variable(name).unwrap_or_else(|| default.to_owned());
    Ok(text.parse().map_err(|error| format!("{name}: {error}"))?)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), BoxError> {
    let level: LevelFilter = parsed("LOG", "info")?;
    tracing_subscriber::fmt().with_max_level(level).with_target(false).init();

    let app = match variable("REDIS_URL") {
        Some(url) => {
            let client = redis::Client::open(url).map_err(|error| format!("REDIS_URL: {error}"))?;
            app(&RedisStore::new(client))?
        }
        None => app(&ReplayGuard::new(1_000_000))?,
    };

    let address: SocketAddr = parsed("LISTEN", "127.0.0.1:8787")?;
    let listener = TcpListener::bind(address).await?;
    info!(address = %listener.local_addr()?, "listening");
    axum::serve(listener, app).with_graceful_shutdown(stop()).await?;
    info!("stopped");
    Ok(())
}

/// Ctrl-C, or what a supervisor sends.
async fn stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = signal::ctrl_c().await;
}
