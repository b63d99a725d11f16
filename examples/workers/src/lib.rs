//! A receiver as a Cloudflare Worker, with the types of the `worker` crate.
//!
//! ```text
//! npx wrangler secret put TRUSTLENS_SECRET      # the endpoint's signing secret
//! npx wrangler kv namespace create UNREAD       # bind it as UNREAD
//! npx wrangler deploy                           # builds with `worker-build --release`
//! ```
//!
//! `scripts/worker` runs it on this machine, in the runtime that Cloudflare uses, and sends it requests.
//!
//! A genuine delivery that is no event is kept in the KV namespace `UNREAD`, up to 1 MiB each, for 30
//! days. It is answered with 422, so that somebody notices.
//!
//! KV cannot claim: two Workers can read "not there" at once. To process each delivery once, claim its
//! `replay_key` in a Durable Object or in the database that the work goes to.

mod receive;

use bytes::Bytes;
use http_body_util::Full;
use receive::{Judged, judge};
use trusthooks::{Secret, Timestamp, trustlens};
use worker::{Context, Date, Env, HttpRequest, console_error, console_log, event};

/// How long an unread body is kept, in seconds.
const KEPT: u64 = 30 * 24 * 60 * 60;

/// Whole seconds, by the host's clock. The standard library has none here.
fn now() -> Timestamp {
    Timestamp::from_unix(Date::now().as_millis() / 1000)
}

#[event(fetch)]
async fn fetch(
    request: HttpRequest,
    env: Env,
    _: Context,
) -> worker::Result<http::Response<Full<Bytes>>> {
    let secret = env.secret("TRUSTLENS_SECRET")?.to_string();
    let secret = Secret::new(secret).map_err(|error| format!("TRUSTLENS_SECRET: {error}"))?;
    let verifier = trustlens::Verifier::new(secret);

    let Judged { mut answer, log, unread } = judge(&verifier, request, now).await;
    for line in log {
        console_log!("{line}");
    }
    if let Some((name, body)) = unread {
        let kept = async {
            env.kv("UNREAD")?.put_bytes(&name, &body)?.expiration_ttl(KEPT).execute().await?;
            Ok::<_, worker::Error>(())
        };
        match kept.await {
            Ok(()) => console_log!("kept as {name}"),
            Err(error) => {
                // Not kept: a 5xx, so that a rule's webhook comes again.
                console_error!("{name} could not be kept: {error}");
                *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            }
        }
    }
    Ok(answer)
}
