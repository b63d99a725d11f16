//! Lists a shop's reviews page by page:
//!
//! ```text
//! TRUSTOO_PUBLIC_TOKEN=… TRUSTOO_PRIVATE_TOKEN=… cargo run --manifest-path examples/reviews/Cargo.toml
//! ```
//!
//! Without the variables it asks a server of its own, which has a bad day: its clock is 20 minutes
//! off, it is down at first, and it limits. A line for each review goes to the standard output, the
//! progress to a terminal.

mod server;

use std::{env, error::Error, time::Duration};

use http::{Request, StatusCode, header::RETRY_AFTER};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Body;
use serde::Deserialize;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use trusthooks::{
    Secret,
    tower::SignLayer,
    trustoo::{
        open_api::{Answer, AnswerError, Signer, Status},
        shop::Review,
    },
};

type BoxError = Box<dyn Error + Send + Sync>;
type Response = http::Response<axum::body::Bytes>;

/// A page of reviews, as the API's `get_reviews` answers.
#[derive(Deserialize)]
struct Reviews {
    page: Page,
    list: Vec<Review>,
}

#[derive(Deserialize)]
struct Page {
    total_page: u64,
    count: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let (base, public, private) = match (variable("PUBLIC"), variable("PRIVATE")) {
        (Some(public), Some(private)) => ("https://rapi.trustoo.io".to_owned(), public, private),
        (None, None) => (server::start().await?, "made-up".to_owned(), server::SECRET.to_owned()),
        _ => return Err("set both TRUSTOO_PUBLIC_TOKEN and TRUSTOO_PRIVATE_TOKEN".into()),
    };
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let http = service_fn(move |request: Request<Body>| {
        let http = http.clone();
        async move { http.execute(request.try_into()?).await.map(http::Response::from) }
    });
    let mut api = SignLayer::new(Signer::new(public, Secret::new(private)?)).layer(http);

    let style = "{bar:40} {pos} of {len} reviews, {eta} left {msg}";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?);
    for page in 1.. {
        let url = format!("{base}/api/v1/openapi/get_reviews?page={page}&page_size=20");
        let reviews: Reviews = get(&mut api, &url, &bar).await?;
        bar.set_length(reviews.page.count);
        for review in &reviews.list {
            let rating = review.rating.unwrap_or_default();
            bar.suspend(|| println!("{} {}", review.id, "★".repeat(rating.min(5) as usize)));
            bar.inc(1);
        }
        if page >= reviews.page.total_page || reviews.list.is_empty() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    env::var(format!("TRUSTOO_{name}_TOKEN")).ok().filter(|value| !value.is_empty())
}

/// Asks until there is an answer, each time a little later, five times at most.
async fn get<S>(api: &mut S, url: &str, bar: &ProgressBar) -> Result<Reviews, BoxError>
where
    S: Service<Request<Body>, Response = Response, Error = BoxError>,
{
    let mut wait = Duration::from_millis(250);
    for attempt in 1.. {
        let request = Request::get(url).body(Body::default())?;
        let answer = api.ready().await?.call(request).await?;
        let problem = match answer.status() {
            StatusCode::OK => match Answer::from_bytes(answer.body()) {
                Ok(answer) => return Ok(answer.data),
                Err(AnswerError::Refused(error)) if is_passing(error.status) => error.to_string(),
                Err(AnswerError::Refused(error)) => {
                    return Err(format!("{error}: {}", error.status.advice()).into());
                }
                Err(error) => return Err(error.into()),
            },
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
                status.to_string()
            }
            status => return Err(status.to_string().into()),
        };
        if attempt == 5 {
            return Err(problem.into());
        }
        let asked =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        // A server may ask for patience, but not for all day.
        let pause =
            asked.map_or(wait, |seconds| Duration::from_secs(seconds).min(Duration::from_secs(60)));
        bar.suspend(|| eprintln!("{problem}; again in {pause:?}"));
        tokio::time::sleep(pause).await;
        wait *= 2;
    }
    unreachable!("the loop ends by itself")
}

/// Whether a refusal may be another one, or none, in a moment.
fn is_passing(status: Status) -> bool {
    matches!(status, Status::ResourceExhausted | Status::Internal | Status::DeadlineExceeded)
}
