//! A receiver in actix-web.
//!
//! ```text
//! TRUSTLENS_SECRET=… cargo run -p trusthooks-actix
//! ```
//!
//! actix has header types of its own, so the headers are handed over as pairs; all of them, so that
//! one that was sent twice is seen twice.

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{StatusCode, header::HeaderMap},
    web::{self, Bytes, Data, PayloadConfig},
};
use trusthooks::{Secret, Verify, VerifyError, trustlens};

async fn on_trustlens(
    verifier: Data<trustlens::Verifier>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let delivery = match verifier.verify(&pairs(request.headers()), body) {
        Ok(delivery) => delivery,
        Err(error) => {
            eprintln!("refused: {}", error.code());
            return HttpResponse::build(status(error)).finish();
        }
    };
    match delivery.event() {
        Ok(event) => println!("{}", event.name()),
        Err(error) => eprintln!("genuine delivery not understood: {error}"),
    }
    HttpResponse::NoContent().finish()
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// 400 for what is missing or malformed, 401 for the rest.
fn status(error: VerifyError) -> StatusCode {
    match error {
        VerifyError::MissingHeader { .. }
        | VerifyError::RepeatedHeader { .. }
        | VerifyError::MalformedTimestamp { .. }
        | VerifyError::MalformedSignature { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNAUTHORIZED,
    }
}

fn routes(verifier: trustlens::Verifier) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let verifier = Data::new(verifier);
    move |config| {
        config
            .app_data(verifier.clone())
            .app_data(PayloadConfig::new(1024 * 1024))
            .route("/trustlens", web::post().to(on_trustlens));
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("TRUSTLENS_SECRET").map_err(|_| "TRUSTLENS_SECRET is not set")?;
    let routes = routes(trustlens::Verifier::new(Secret::new(secret)?));
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    Ok(server.bind(("127.0.0.1", 8787))?.run().await?)
}

#[cfg(test)]
mod tests {
    use actix_web::test;
    use trusthooks::Timestamp;

    use super::*;

    #[actix_web::test]
    async fn genuine_is_taken_and_forged_is_not() {
        let secret = Secret::new("s").unwrap();
        let app = App::new().configure(routes(trustlens::Verifier::new(secret.clone())));
        let app = test::init_service(app).await;
        let body = r#"{"event":"test"}"#;
        let signed = trustlens::Signer::new(secret).sign_at(body.as_bytes(), Timestamp::now());
        let request = || {
            signed.iter().fold(test::TestRequest::post().uri("/trustlens"), |request, header| {
                request.append_header(header)
            })
        };
        let large = "x".repeat(1024 * 1024 + 1);
        let repeated = request().append_header(signed.iter().last().unwrap());
        for (request, body, status) in [
            (request(), body, 204),
            (request(), "{}", 401),
            (repeated, body, 400),
            (test::TestRequest::post().uri("/trustlens"), body, 400),
            (request(), &large, 413),
        ] {
            let request = request.set_payload(body.to_owned()).to_request();
            let answer = test::call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status);
        }
    }
}
