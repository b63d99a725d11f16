//! A receiver in actix-web.
//!
//! ```text
//! TRUSTLENS_SECRET=… TRUSTOO_PRIVATE_TOKEN=… cargo run -p trusthooks-actix
//! ```

use std::{env, error::Error};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data},
};
use trusthooks::{
    Event, ReplayGuard, Secret, Verify,
    actix::{BodyLimit, Webhook, WebhookError},
    trustlens,
    trustoo::shop,
};

/// Takes a delivery of either vendor, once.
async fn on<V: Verify>(
    guard: Data<ReplayGuard>,
    webhook: Webhook<V>,
) -> Result<HttpResponse, WebhookError> {
    let claim = webhook.claim(&**guard, "").await?;
    match webhook.0.event() {
        Ok(event) => {
            for mismatch in event.mismatches() {
                eprintln!("{}: expected {}", mismatch.path(), mismatch.expected());
            }
            println!("{} bytes of {}", webhook.0.body().len(), std::any::type_name::<V::Event>());
        }
        Err(error) => {
            // Kept, since a settings webhook is sent once. Dropping the claim lets a retry in.
            let file = format!("trusthooks-unread-{}", webhook.0.receipt().fingerprint());
            let kept = std::fs::write(std::env::temp_dir().join(&file), webhook.0.body());
            eprintln!("genuine delivery not understood: {error}; kept as {file}: {kept:?}");
            return Ok(HttpResponse::UnprocessableEntity().finish());
        }
    }
    claim.commit();
    Ok(webhook.ack())
}

fn routes(
    trustlens: trustlens::Verifier,
    shop: shop::Verifier,
) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let (trustlens, shop) = (Data::new(trustlens), Data::new(shop));
    let guard = Data::new(ReplayGuard::new(100_000));
    move |config| {
        config
            .app_data(trustlens.clone())
            .app_data(shop.clone())
            .app_data(guard.clone())
            .app_data(BodyLimit(1024 * 1024))
            .route("/trustlens", web::to(on::<trustlens::Verifier>))
            .route("/trustoo", web::to(on::<shop::Verifier>));
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = |name| {
        let value = env::var(name).map_err(|_| format!("{name} is not set"))?;
        Secret::new(value).map_err(|error| format!("{name}: {error}"))
    };
    let trustlens = trustlens::Verifier::new(secret("TRUSTLENS_SECRET")?);
    let routes = routes(trustlens, shop::Verifier::new(secret("TRUSTOO_PRIVATE_TOKEN")?));
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    Ok(server.bind(("127.0.0.1", 8787))?.run().await?)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{Shutdown, TcpListener, TcpStream},
        sync::Arc,
        time::Duration,
    };

    use actix_web::rt;
    use flate2::{Compression, write::GzEncoder};
    use trusthooks::{
        ReplayError, ReplayKey, ReplayStore, SignedHeaders, Timestamp, replay::Retention,
    };

    use super::*;

    const BODY: &[u8] = br#"{"event":"review/deleted","shop_id":"1","data":{"id":"2"}}"#;

    fn secret() -> Secret {
        Secret::new("s").unwrap()
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    /// The server on a port of its own.
    fn serve() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let routes = routes(trustlens::Verifier::new(secret()), shop::Verifier::new(secret()));
            let server = HttpServer::new(move || App::new().configure(routes.clone()));
            rt::System::new().block_on(server.workers(1).listen(listener).unwrap().run()).unwrap();
        });
        port
    }

    fn shop(body: &[u8]) -> SignedHeaders {
        shop::Signer::new("public", secret()).sign_at(body, Timestamp::now())
    }

    /// Sends a request and gives the answer as it comes: the status and the body.
    fn send(
        port: u16,
        line: &str,
        signed: &SignedHeaders,
        extra: &[(&'static str, &str)],
        body: &[u8],
    ) -> (u16, String) {
        let mut head = format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
        for (name, value) in signed.iter().chain(extra.iter().copied()) {
            head += &format!("{name}: {value}\r\n");
        }
        if !extra.iter().any(|(name, _)| matches!(*name, "content-length" | "transfer-encoding")) {
            head += &format!("content-length: {}\r\n", body.len());
        }
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
        if extra.iter().any(|(name, _)| *name == "content-length") {
            // That much does not follow.
            stream.shutdown(Shutdown::Write).unwrap();
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        (status, body.to_owned())
    }

    const ACK: &str = r#"{"code":0,"message":"success"}"#;

    #[test]
    fn what_was_sent_is_verified_whatever_it_is_encoded_in() {
        let port = serve();
        let packed = gzip(BODY);
        let encoded = [("content-encoding", "gzip")];
        let post = |signed: &SignedHeaders, extra: &[_], body: &[u8]| {
            send(port, "POST /trustoo", signed, extra, body)
        };
        assert_eq!(post(&shop(BODY), &[], BODY), (200, ACK.to_owned()));
        // The wire carries the gzip, and the gzip is what was signed: genuine, and no JSON.
        assert_eq!(post(&shop(&packed), &encoded, &packed).0, 422);
        // The signature is over what the gzip holds, which nobody sent in this form.
        assert_eq!(post(&shop(BODY), &encoded, &packed), (401, String::new()));
        // A lie about the encoding changes nothing.
        let other = br#"{"event":"review/deleted","shop_id":"1","data":{"id":"3"}}"#;
        assert_eq!(post(&shop(other), &encoded, other), (200, ACK.to_owned()));
    }

    #[test]
    fn genuine_is_taken_once_and_forged_is_not() {
        let port = serve();
        let signed = shop(BODY);
        let post = |signed: &SignedHeaders, extra: &[_], body: &[u8]| {
            send(port, "POST /trustoo", signed, extra, body)
        };
        assert_eq!(post(&signed, &[], BODY), (200, ACK.to_owned()));
        assert_eq!(post(&signed, &[], BODY), (200, ACK.to_owned()), "a duplicate");
        assert_eq!(post(&signed, &[], b"{}"), (401, String::new()));
        let repeated = [("open-trustoo-webhook-sign", "00")];
        assert_eq!(post(&signed, &repeated, BODY), (400, String::new()));
        let stale = Timestamp::from_unix(Timestamp::now().as_unix() - 1000);
        let stale = shop::Signer::new("public", secret()).sign_at(BODY, stale);
        assert_eq!(post(&stale, &[], BODY), (401, String::new()));
        assert_eq!(send(port, "PUT /trustoo", &signed, &[], BODY), (405, String::new()));

        let body = br#"{"event":"test"}"#;
        let signed = trustlens::Signer::new(secret()).sign_at(body, Timestamp::now());
        assert_eq!(send(port, "POST /trustlens", &signed, &[], body), (200, String::new()));
        assert_eq!(send(port, "POST /trustoo", &signed, &[], body).0, 400);
    }

    #[test]
    fn bodies_are_limited_and_the_refusal_arrives() {
        let port = serve();
        let large = vec![b'x'; 1024 * 1024 + 1];
        let signed = shop(&large);
        assert_eq!(send(port, "POST /trustoo", &signed, &[], &large), (413, String::new()));
        // The same without a length in the head.
        let mut chunked = format!("{:x}\r\n", large.len()).into_bytes();
        chunked.extend_from_slice(&large);
        chunked.extend_from_slice(b"\r\n0\r\n\r\n");
        let extra = [("transfer-encoding", "chunked")];
        assert_eq!(send(port, "POST /trustoo", &signed, &extra, &chunked), (413, String::new()));
        let most = &large[1..];
        assert_eq!(send(port, "POST /trustoo", &shop(most), &[], most).0, 422);
        // Refused by its headers, and told so though all of it was written first.
        let stale = shop::Signer::new("public", secret()).sign_at(&large, Timestamp::from_unix(1));
        let four = large.repeat(4);
        assert_eq!(send(port, "POST /trustoo", &stale, &[], &four), (401, String::new()));
        // Cut off.
        let length = [("content-length", "100")];
        assert_ne!(send(port, "POST /trustoo", &shop(BODY), &length, BODY).0, 200);
    }

    #[test]
    fn errors_say_what_is_wrong_and_why() {
        use actix_web::{ResponseError as _, error::PayloadError};
        use trusthooks::actix::WebhookError;

        let answer = WebhookError::Method.error_response();
        assert_eq!(answer.status().as_u16(), 405);
        assert_eq!(answer.headers().get("allow").unwrap(), "POST");
        assert_eq!(WebhookError::Method.to_string(), "the request is no POST");
        assert!(WebhookError::Method.source().is_none());

        let cut = WebhookError::Unreadable(PayloadError::Overflow);
        assert_eq!(cut.to_string(), "the body could not be read to its end");
        assert_eq!(cut.source().unwrap().to_string(), PayloadError::Overflow.to_string());
    }

    /// A store that cannot be reached.
    struct Down;

    impl ReplayStore for Down {
        type Claim = ();

        async fn claim(&self, _: ReplayKey, _: Retention, _: Timestamp) -> Result<(), ReplayError> {
            Err(ReplayError::Unavailable(Arc::from(Box::from("no route to the store"))))
        }

        async fn commit(&self, (): ()) -> Result<(), ReplayError> {
            Ok(())
        }

        async fn release(&self, (): ()) {}
    }

    #[actix_web::test]
    async fn the_cause_of_a_failed_claim_is_kept() {
        use actix_web::{FromRequest as _, ResponseError as _, test::TestRequest};

        let verifier = Data::new(shop::Verifier::new(secret()));
        let mut request = TestRequest::post().app_data(verifier).set_payload(BODY);
        for header in shop(BODY).iter() {
            request = request.insert_header(header);
        }
        let (request, mut payload) = request.to_http_parts();
        let webhook = Webhook::<shop::Verifier>::from_request(&request, &mut payload);
        let error = webhook.await.unwrap().claim(&Down, "").await.unwrap_err();
        assert_eq!(error.status_code().as_u16(), 503);
        assert_eq!(error.to_string(), "the replay store is unavailable");
        assert_eq!(error.source().unwrap().to_string(), "no route to the store");
    }

    /// actix's own extractor decompresses: what the feature of this package is there to show.
    #[actix_web::test]
    async fn the_build_is_the_one_that_the_tests_are_about() {
        use actix_web::{FromRequest as _, test::TestRequest};

        let request = TestRequest::post().insert_header(("content-encoding", "gzip"));
        let (request, mut payload) = request.set_payload(gzip(BODY)).to_http_parts();
        let bytes = web::Bytes::from_request(&request, &mut payload).await.unwrap();
        assert_eq!(bytes == BODY, cfg!(feature = "compress"));
    }
}
