//! A receiver as an AWS Lambda function behind an API gateway or a function URL.
//!
//! ```text
//! TRUSTOO_PRIVATE_TOKEN=… cargo run -p trusthooks-lambda
//! ```
//!
//! Gateways hand over a body as text or, when they take it for binary, as base64. `lambda_http`
//! decodes the latter, so that what is verified is what was sent. In a function without it: decode
//! where `isBase64Encoded` says so, before anything else.

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use trusthooks::{
    Secret, Verify,
    trustoo::{self, shop},
};

fn receive(verifier: &shop::Verifier, request: &Request) -> Response<Body> {
    let delivery = match verifier.verify(request.headers(), request.body()) {
        Ok(delivery) => delivery,
        Err(error) => {
            eprintln!("refused: {}", error.code());
            let mut answer = Response::new(Body::Empty);
            *answer.status_mut() = error.status();
            return answer;
        }
    };
    match delivery.event() {
        Ok(event) => println!("{} in shop {}", event.name(), event.shop_id),
        Err(error) => eprintln!("genuine delivery not understood: {error}"),
    }
    trustoo::ack().map(Body::from)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let token =
        std::env::var("TRUSTOO_PRIVATE_TOKEN").map_err(|_| "TRUSTOO_PRIVATE_TOKEN is not set")?;
    let verifier = shop::Verifier::new(Secret::new(token)?);
    let verifier = &verifier;
    run(service_fn(async move |request: Request| Ok::<_, Error>(receive(verifier, &request)))).await
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
            let answer = receive(&verifier, &event(&signer, body.as_bytes(), text, is_base64));
            assert_eq!(answer.status(), status, "{text}");
            let acknowledged =
                matches!(answer.body(), Body::Text(text) if text == trustoo::ACK_BODY);
            assert_eq!(acknowledged, status == 200);
        }
    }
}
