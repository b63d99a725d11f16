//! A receiver for many shops, whose secrets change while it runs:
//!
//! ```text
//! echo '{"a public token": ["its private token"]}' > shops.json
//! cargo run -p trusthooks-rotation shops.json
//! ```
//!
//! To replace a private token, write the new one in front of the old one, `["new", "old"]`, and send
//! SIGHUP; then set it in the shop. Once nothing is signed with the old one any more (the log says
//! when it is used), take it out and send SIGHUP again. A file that cannot be read changes nothing.

use std::{
    collections::HashMap,
    env,
    error::Error,
    fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{Router, body::Body, routing::post};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use trusthooks::{
    Secret, Secrets,
    tower::VerifyLayer,
    trustoo::{self, shop},
};

type Shops = HashMap<String, Secrets>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: trusthooks-rotation FILE")?;
    let shops = Arc::new(RwLock::new(load(path.as_ref())?));
    let mut hangup = signal(SignalKind::hangup())?;

    let verifier = shop::Verifier::with_store(Arc::clone(&shops));
    let layer = VerifyLayer::new(verifier).on_outcome(|outcome| {
        if outcome.secret_index.is_some_and(|index| index > 0) {
            eprintln!("a previous secret is still in use");
        }
    });
    let app = Router::new().route("/", post(async || trustoo::ack().map(Body::from)).layer(layer));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });

    while hangup.recv().await.is_some() {
        match load(path.as_ref()) {
            Ok(new) => {
                let count = new.len();
                // Requests that are being verified have their secrets already.
                *shops.write().unwrap_or_else(PoisonError::into_inner) = new;
                println!("loaded {count} shops");
            }
            Err(error) => println!("kept what there was: {error}"),
        }
    }
    Ok(())
}

/// The secrets of each shop by its public token, the current one first.
fn load(path: &Path) -> Result<Shops, Box<dyn Error>> {
    let texts: HashMap<String, Vec<String>> = serde_json::from_slice(&fs::read(path)?)
        .map_err(|_| "the file is no map from public tokens to lists of private tokens")?;
    texts.into_iter().map(|(token, texts)| Ok((token, secrets(&texts)?))).collect()
}

fn secrets(texts: &[String]) -> Result<Secrets, Box<dyn Error>> {
    let (current, previous) = texts.split_first().ok_or("a shop without a private token")?;
    let current = Secrets::from(Secret::new(current)?);
    previous.iter().try_fold(current, |secrets, text| Ok(secrets.and(Secret::new(text)?)))
}
