//! A receiver as one would run it: both vendors, replay protection, logs, metrics, graceful shutdown.
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
//! | `CAPACITY` | how many deliveries are remembered in memory, 1,000,000 by default |
//! | `SPOOL` | keeps bodies that cannot be read in this folder, `spool` by default |
//! | `LOG` | `error`, `warn`, `info` (the default), `debug` or `trace` |
//! | `TRUSTHOOKS_EXPLAIN` | `1` logs at `debug` why a request was refused; for development |
//!
//! `GET /healthz` says that it runs. `GET /metrics` counts what became of the webhooks; keep that path
//! from strangers.

use std::{
    collections::HashMap,
    env,
    error::Error,
    fmt::Display,
    fs::{self, File},
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tokio::{net::TcpListener, signal, task};
use tower_http::timeout::TimeoutLayer;
use tracing::{debug, error, info, level_filters::LevelFilter, warn};
use trusthooks::{
    Delivery, Event, ReplayGuard, ReplayKey, ReplayStore, ReplayWindow, Secret, Secrets, Timestamp,
    Verify, VerifyError,
    redis::RedisStore,
    tower::VerifyLayer,
    trustlens,
    trustoo::{self, shop, system},
};
use trusthooks_explain::{Explainer, SchemeName};

mod metrics;

use metrics::Metrics;

type BoxError = Box<dyn Error + Send + Sync>;

// ---- What to do with a delivery. ----------------------------------------------------------------

async fn on_trustlens(
    Extension(delivery): Extension<Delivery<trustlens::Event, Bytes>>,
) -> Response {
    use trustlens::EventKind::{CustomerBlocked, HighRiskOrder, Other, ScoreUpdated};

    let event = match read(&delivery).await {
        Ok(event) => event,
        Err(answer) => return answer,
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

    let event = match read(&delivery).await {
        Ok(event) => event,
        Err(answer) => return answer,
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

/// The last retry comes after 135 minutes. What is older may have been processed and forgotten.
const SYSTEM_WINDOW: ReplayWindow =
    ReplayWindow::new(Duration::from_secs(180 * 60), Duration::from_secs(15 * 60));

async fn on_system(Extension(delivery): Extension<Delivery<system::Event, Bytes>>) -> Response {
    let event = match read(&delivery).await {
        Ok(event) => event,
        Err(answer) => return answer,
    };
    // System webhooks sign no time but that of the event.
    if let Err(refusal) = event.check_age(&SYSTEM_WINDOW, Timestamp::now()) {
        warn!(code = refusal.code(), "system event refused: {refusal}");
        return refusal.status().into_response();
    }
    info!(shop = event.shop_id.as_str(), name = event.kind.as_str(), "authorization changed");
    trustoo::ack().map(Body::from)
}

// ---- What to do with one that is not as documented. ---------------------------------------------

/// The event. A field that does not fit is logged by its path, without the value, and does no harm. A
/// body of which nothing can be made is kept in a folder; the answer says that it failed, so that it
/// is seen at the vendor's end as well, and somebody must look.
async fn read<E: Event>(delivery: &Delivery<E, Bytes>) -> Result<E, Response> {
    match delivery.event() {
        Ok(event) => {
            for mismatch in event.mismatches() {
                warn!(path = mismatch.path(), expected = mismatch.expected(), "does not fit");
            }
            Ok(event)
        }
        Err(error) => {
            let body = Bytes::copy_from_slice(delivery.body());
            let kept = task::spawn_blocking(move || keep(&body)).await;
            Err(match kept.map_err(Into::into).and_then(|kept| kept) {
                Ok(file) => {
                    error!(%error, %file, "genuine delivery not understood, kept");
                    StatusCode::UNPROCESSABLE_ENTITY
                }
                Err(failure) => {
                    let failure = causes(&*failure);
                    error!(%error, %failure, "genuine delivery not understood, and NOT kept");
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            }
            .into_response())
        }
    }
}

/// How many files the folder may hold: a vendor that changes everything must not fill the disk.
const KEPT: usize = 10_000;

/// Writes a body to a file. A retry has the same name, which is made of what it says.
fn keep(body: &[u8]) -> Result<String, BoxError> {
    let folder = PathBuf::from(variable("SPOOL").unwrap_or_else(|| "spool".to_owned()));
    fs::create_dir_all(&folder)?;
    if fs::read_dir(&folder)?.count() >= KEPT {
        return Err(format!("{} is full", folder.display()).into());
    }
    let path = folder.join(format!("{}.json", ReplayKey::derive([body])));
    let mut file = File::create(&path)?;
    file.write_all(body)?;
    file.sync_all()?;
    Ok(path.display().to_string())
}

// ---- How it hangs together. ---------------------------------------------------------------------

fn app<S: ReplayStore + Clone + 'static>(store: &S) -> Result<Router, BoxError> {
    let metrics = Metrics::new()?;
    let mut app = Router::new();
    if let Some(secrets) = secrets("TRUSTLENS_SECRET")? {
        let route = post(on_trustlens).layer(layer(
            trustlens::Verifier::new(secrets),
            store,
            "/trustlens",
            &metrics,
        ));
        let route = explained(route, SchemeName::TrustLens, "TRUSTLENS_SECRET", None)?;
        app = app.route("/trustlens", route);
        info!("serving /trustlens");
    }
    if let Some(secrets) = secrets("TRUSTOO_PRIVATE_TOKEN")? {
        let route = post(on_shop).layer(layer(
            shop::Verifier::with_store(shops(secrets)?),
            store,
            "/trustoo/shop",
            &metrics,
        ));
        let token = variable("TRUSTOO_PUBLIC_TOKEN");
        let route = explained(route, SchemeName::TrustooShop, "TRUSTOO_PRIVATE_TOKEN", token)?;
        app = app.route("/trustoo/shop", route);
        info!("serving /trustoo/shop");
    }
    if let Some(secrets) = secrets("TRUSTOO_CLIENT_SECRET")? {
        let route = post(on_system).layer(layer(
            system::Verifier::new(secrets),
            store,
            "/trustoo/system",
            &metrics,
        ));
        let route = explained(route, SchemeName::TrustooSystem, "TRUSTOO_CLIENT_SECRET", None)?;
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
        .route("/healthz", get(|| async { "ok" }))
        .route("/metrics", get(move || async move { scrape(&metrics) })))
}

/// Verification of one endpoint. With its feature `tracing` the layer logs each refusal.
fn layer<V: Verify, S: ReplayStore + Clone>(
    verifier: V,
    store: &S,
    path: &str,
    metrics: &Metrics,
) -> VerifyLayer<V, S> {
    let metrics = metrics.clone();
    VerifyLayer::new(verifier)
        .store(store.clone())
        .scope(path)
        .on_outcome(move |outcome| metrics.count(outcome))
}

fn scrape(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An error and what caused it.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// With `TRUSTHOOKS_EXPLAIN=1`, a route whose refusals are explained, in the log and nowhere else.
fn explained(
    route: MethodRouter,
    scheme: SchemeName,
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
        // Explaining hashes a lot: not on a thread that serves.
        task::spawn_blocking(move || {
            let report = explainer.explain(&headers, &body, Timestamp::now());
            if let Some(finding) = report.findings().first() {
                let (code, seen, fix) = (finding.code(), finding.seen(), finding.fix());
                debug!(code, seen, fix, "explained");
            }
        });
    }
    answer
}

/// The shop, and what it was before its tokens were rotated. A public token is not signed: were one
/// private token good for two of them, a captured delivery could be sent again under the other.
fn shops(secrets: Secrets) -> Result<HashMap<String, Secrets>, BoxError> {
    let token = variable("TRUSTOO_PUBLIC_TOKEN")
        .ok_or("TRUSTOO_PRIVATE_TOKEN needs TRUSTOO_PUBLIC_TOKEN beside it")?;
    let Some(previous_token) = variable("TRUSTOO_PUBLIC_TOKEN_PREVIOUS") else {
        return Ok([(token, secrets)].into());
    };
    let previous = variable("TRUSTOO_PRIVATE_TOKEN_PREVIOUS")
        .ok_or("TRUSTOO_PUBLIC_TOKEN_PREVIOUS needs TRUSTOO_PRIVATE_TOKEN_PREVIOUS beside it")?;
    let current = variable("TRUSTOO_PRIVATE_TOKEN").unwrap_or_default();
    let [current, previous] = [Secret::new(current)?, Secret::new(previous)?].map(Secrets::from);
    Ok([(token, current), (previous_token, previous)].into())
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
        None => app(&ReplayGuard::new(parsed("CAPACITY", "1000000")?))?,
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
