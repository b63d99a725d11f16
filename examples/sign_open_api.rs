//! Signs two requests to the Trustoo Open API and shows all that goes into them:
//!
//! ```text
//! TRUSTOO_PUBLIC_TOKEN=… TRUSTOO_PRIVATE_TOKEN=… cargo run --example sign_open_api
//! ```
//!
//! Without the variables it signs with made-up tokens, which the server refuses with code 16. The
//! curl lines work for 15 minutes. An argument replaces the base URL, to try a mock.

use std::{env, error::Error, fmt::Write};

use http::{Method, Request};
use trusthooks::{
    Secret, Timestamp,
    trustoo::open_api::{CanonicalString, Signer},
};

fn main() -> Result<(), Box<dyn Error>> {
    let base = env::args().nth(1).unwrap_or_else(|| "https://rapi.trustoo.io".to_owned());
    let token = |name, made_up: &str| env::var(name).unwrap_or_else(|_| made_up.to_owned());
    let public_token = token("TRUSTOO_PUBLIC_TOKEN", "GfKu22TCaj4gULtrA3/OgA==");
    let private_token = token("TRUSTOO_PRIVATE_TOKEN", "made-up private token");

    let signer = Signer::new(public_token, Secret::new(private_token)?);
    let now = Timestamp::now();

    let path = "/api/v1/openapi/get_reviews?product_ids=9228589138176&page_size=20&page=1";
    show(&signer, Request::get(format!("{base}{path}")).body(String::new())?, now)?;

    let body = r#"{"topic":"review/created","url":"https://your-webhook-url.com"}"#;
    let request = Request::post(format!("{base}/api/v1/openapi/create_shop_webhook"))
        .header("content-type", "application/json")
        .body(body.to_owned())?;
    show(&signer, request, now)
}

fn show(
    signer: &Signer,
    mut request: Request<String>,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    signer.sign_request_at(&mut request, now)?;

    let query = request.uri().query().unwrap_or_default();
    let body = (request.method() == Method::POST).then(|| request.body().as_bytes());
    println!("{} {}\n", request.method(), request.uri().path());
    println!("  canonical string\n    {}\n", CanonicalString::new(query, body, now)?);

    println!("  headers");
    let mut curl =
        format!("curl --request {} {}", request.method(), quoted(&request.uri().to_string()));
    for (name, value) in request.headers() {
        let line = format!("{name}: {}", value.to_str()?);
        println!("    {line}");
        write!(curl, " \\\n      --header {}", quoted(&line))?;
    }
    if body.is_some() {
        write!(curl, " \\\n      --data-binary {}", quoted(request.body()))?;
    }
    println!("\n  as a command\n    {curl}\n");
    Ok(())
}

/// Any text as one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
