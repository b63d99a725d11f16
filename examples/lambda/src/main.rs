//! A receiver as an AWS Lambda function behind an API gateway or a function URL.
//!
//! ```text
//! TRUSTOO_PRIVATE_TOKEN=… cargo run -p trusthooks-lambda
//! ```
//!
//! A genuine delivery that is no event is kept in the folder `SPOOL` (a mounted file system; `/tmp`
//! by default, which lasts as long as the instance), at most 1,000 of them, and answered with 422, so
//! that Trustoo sends it again and somebody notices.
//!
//! Gateways hand over a body as text or, when they take it for binary, as base64. `lambda_http`
//! decodes the latter, so that what is verified is what was sent. In a function without it: decode
//! where `isBase64Encoded` says so, before anything else.

use std::{env, fs, io, path::Path};

use lambda_http::{Body, Error, Request, Response, http::StatusCode, run, service_fn};
use trusthooks::{
    Delivery, Secret, Verify,
    trustoo::{self, shop},
};

/// More deliveries that cannot be read are not kept.
const KEPT: usize = 1000;

fn receive(verifier: &shop::Verifier, spool: &Path, request: &Request) -> Response<Body> {
    let delivery = match verifier.verify(request.headers(), request.body().as_ref()) {
        Ok(delivery) => delivery,
        Err(error) => {
            eprintln!("refused: {}", error.code());
            return empty(error.status());
        }
    };
    match delivery.event() {
        Ok(event) => {
            for mismatch in event.mismatches() {
                eprintln!("{mismatch}");
            }
            println!("{} in shop {}", event.name(), event.shop_id);
            trustoo::ack().map(Body::from)
        }
        Err(error) => {
            let kept = keep(spool, &delivery);
            eprintln!("genuine delivery not understood: {error}; kept: {kept:?}");
            empty(StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = status;
    answer
}

/// Writes the body to a file that is called by its fingerprint.
fn keep<E>(spool: &Path, delivery: &Delivery<E, &[u8]>) -> io::Result<()> {
    fs::create_dir_all(spool)?;
    if fs::read_dir(spool)?.count() >= KEPT {
        return Err(io::Error::other("the folder is full"));
    }
    fs::write(spool.join(delivery.receipt().fingerprint().to_string()), delivery.body())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let token =
        env::var("TRUSTOO_PRIVATE_TOKEN").map_err(|_| "TRUSTOO_PRIVATE_TOKEN is not set")?;
    let secret = Secret::new(token).map_err(|error| format!("TRUSTOO_PRIVATE_TOKEN: {error}"))?;
    let verifier = shop::Verifier::new(secret);
    let spool = env::var_os("SPOOL").unwrap_or_else(|| "/tmp/unread".into());
    let (verifier, spool) = (&verifier, Path::new(&spool));
    run(service_fn(async move |request: Request| {
        Ok::<_, Error>(receive(verifier, spool, &request))
    }))
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trusthooks::Timestamp;

    use super::*;

    /// An event of an HTTP API as the gateway hands it over (payload format 2.0).
    fn event(headers: &shop::Signer, signed: &[u8], body: &str, base64: bool) -> Request {
        let headers: serde_json::Map<_, _> = headers
            .sign_at(signed, Timestamp::now())
            .iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
            "headers": headers, "isBase64Encoded": base64, "body": body,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "example.com", "domainPrefix": "example",
                "requestId": "r", "routeKey": "$default", "stage": "$default",
                "time": "21/Nov/2026:00:00:00 +0000", "timeEpoch": 1,
                "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t" },
            },
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn text_and_base64_are_the_same_delivery() {
        let secret = Secret::new("private").unwrap();
        let verifier = shop::Verifier::new(secret.clone());
        let signer = shop::Signer::new("public", secret);
        let body = r#"{"event":"review/deleted","shop_id":"1","data":{"id":"2"}}"#;
        // printf %s "$body" | base64
        let base64 =
            "eyJldmVudCI6InJldmlldy9kZWxldGVkIiwic2hvcF9pZCI6IjEiLCJkYXRhIjp7ImlkIjoiMiJ9fQ==";
        for (text, is_base64, status) in
            [(body, false, 200), (base64, true, 200), (base64, false, 401), ("{}", false, 401)]
        {
            let request = event(&signer, body.as_bytes(), text, is_base64);
            let answer = receive(&verifier, Path::new("unused"), &request);
            assert_eq!(answer.status(), status, "{text}");
            let acknowledged =
                matches!(answer.body(), Body::Text(text) if text == trustoo::ACK_BODY);
            assert_eq!(acknowledged, status == 200);
        }
    }

    #[test]
    fn a_delivery_that_is_no_event_is_kept_and_not_acknowledged() {
        let secret = Secret::new("private").unwrap();
        let verifier = shop::Verifier::new(secret.clone());
        let signer = shop::Signer::new("public", secret);
        let spool = env::temp_dir().join(format!("trusthooks-lambda-{}", std::process::id()));
        let request = event(&signer, b"no JSON", "no JSON", false);
        assert_eq!(receive(&verifier, &spool, &request).status(), 422);
        let kept: Vec<_> = fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(fs::read(&kept[0]).unwrap(), b"no JSON");
        fs::remove_dir_all(&spool).unwrap();
    }
}
