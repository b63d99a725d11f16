//! Verifies, stores, acknowledges.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use tokio::{net::TcpListener, time::timeout};
use trusthooks::{
    Secret, Verify,
    axum::Webhook,
    trustlens,
    trustoo::{self, shop, system},
};

use crate::{
    BoxError, causes,
    store::{New, Store},
    variable,
};

/// Trustoo waits for 5 seconds, TrustLens for 10. A store that takes longer is one that is down.
const PATIENCE: Duration = Duration::from_secs(4);

struct App<V, S> {
    verifier: Arc<V>,
    store: Arc<S>,
    endpoint: &'static str,
}

impl<V, S> Clone for App<V, S> {
    fn clone(&self) -> Self {
        let Self { verifier, store, endpoint } = self;
        Self { verifier: Arc::clone(verifier), store: Arc::clone(store), endpoint }
    }
}

impl<V, S> FromRef<App<V, S>> for Arc<V> {
    fn from_ref(app: &App<V, S>) -> Self {
        Self::clone(&app.verifier)
    }
}

/// Stores any genuine body. One that cannot be read fails later, is put aside and can be looked at. A
/// duplicate is acknowledged like the first.
async fn receive<V, S>(
    State(App { store, endpoint, .. }): State<App<V, S>>,
    Webhook(delivery): Webhook<Arc<V>>,
) -> Response
where
    V: Verify + Send + Sync + 'static,
    S: Store,
{
    let (key, _) = delivery.replay_key(endpoint);
    let new = New { key, endpoint, body: delivery.body().to_vec() };
    match timeout(PATIENCE, store.insert(new)).await {
        Ok(Ok(())) if V::ACK_BODY.is_empty() => StatusCode::NO_CONTENT.into_response(),
        Ok(Ok(())) => trustoo::ack().map(Body::from),
        Ok(Err(error)) => {
            println!("not stored: {}", causes(&*error));
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(_) => {
            println!("not stored: the store takes too long");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

pub(crate) async fn serve<S: Store>(store: Arc<S>) -> Result<(), BoxError> {
    let mut app = Router::new();
    if let Some(secret) = secret("TRUSTLENS_SECRET")? {
        app = route(app, "/trustlens", trustlens::Verifier::new(secret), &store);
    }
    if let Some(secret) = secret("TRUSTOO_PRIVATE_TOKEN")? {
        app = route(app, "/trustoo/shop", shop::Verifier::new(secret), &store);
    }
    if let Some(secret) = secret("TRUSTOO_CLIENT_SECRET")? {
        app = route(app, "/trustoo/system", system::Verifier::new(secret), &store);
    }
    if !app.has_routes() {
        return Err("set TRUSTLENS_SECRET, TRUSTOO_PRIVATE_TOKEN or TRUSTOO_CLIENT_SECRET".into());
    }
    let address: SocketAddr =
        variable("LISTEN").unwrap_or_else(|| "127.0.0.1:8787".to_owned()).parse()?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

fn route<V, S>(app: Router, endpoint: &'static str, verifier: V, store: &Arc<S>) -> Router
where
    V: Verify + Send + Sync + 'static,
    S: Store,
{
    let state = App { verifier: Arc::new(verifier), store: Arc::clone(store), endpoint };
    app.route(endpoint, post(receive::<V, S>).with_state(state))
}

fn secret(name: &str) -> Result<Option<Secret>, BoxError> {
    let Some(text) = variable(name) else { return Ok(None) };
    Ok(Some(Secret::new(text).map_err(|error| format!("{name}: {error}"))?))
}
