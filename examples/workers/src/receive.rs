//! Verifies a request and decides on the answer. Knows nothing of the host.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use trusthooks::{Timestamp, Verify as _, trustlens};

/// Longer bodies are refused.
const LIMIT: usize = 1024 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The answer, lines for the log, and a body to keep under a name.
pub(crate) struct Judged {
    pub(crate) answer: Response<Full<Bytes>>,
    pub(crate) log: Vec<String>,
    pub(crate) unread: Option<(String, Bytes)>,
}

fn answered(status: StatusCode, log: Vec<String>) -> Judged {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    Judged { answer, log, unread: None }
}

/// Verifies a request, and reads its event.
pub(crate) async fn judge<B>(
    verifier: &trustlens::Verifier,
    request: Request<B>,
    clock: impl Fn() -> Timestamp,
) -> Judged
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    // Stale or malformed: refused before the body is read.
    if let Err(error) = verifier.begin(request.headers(), clock()) {
        return answered(error.status(), vec![format!("refused: {}", error.code())]);
    }
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return answered(StatusCode::PAYLOAD_TOO_LARGE, vec!["refused: too large".into()]);
        }
        Err(_) => return answered(StatusCode::BAD_REQUEST, vec!["refused: no whole body".into()]),
    };
    // By the clock of now: the body may have been held back.
    let delivery = match verifier.verify_at(&parts.headers, body, clock()) {
        Ok(delivery) => delivery,
        Err(error) => return answered(error.status(), vec![format!("refused: {}", error.code())]),
    };
    match delivery.event() {
        Ok(event) => {
            let mut log: Vec<_> = event.mismatches().iter().map(ToString::to_string).collect();
            log.push(format!("{}: processed", event.name()));
            answered(StatusCode::NO_CONTENT, log)
        }
        Err(error) => {
            let name = delivery.receipt().fingerprint().to_string();
            let log = vec![format!("genuine, and no event: {error}")];
            Judged {
                unread: Some((name, delivery.into_body())),
                ..answered(StatusCode::UNPROCESSABLE_ENTITY, log)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use trusthooks::Secret;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_780_000_000);

    fn verifier() -> trustlens::Verifier {
        trustlens::Verifier::new(Secret::new("the secret").unwrap())
    }

    fn request(body: &[u8], at: Timestamp) -> Request<Full<Bytes>> {
        let signer = trustlens::Signer::new(Secret::new("the secret").unwrap());
        let mut request = Request::post("/").body(Full::from(body.to_vec())).unwrap();
        signer.sign_at(body, at).apply(request.headers_mut()).unwrap();
        request
    }

    async fn judged(request: Request<Full<Bytes>>) -> Judged {
        judge(&verifier(), request, || NOW).await
    }

    #[tokio::test]
    async fn an_event_is_processed_and_what_does_not_fit_is_logged() {
        let body = br#"{"event":"score_updated","new_score":"high"}"#;
        let Judged { answer, log, unread } = judged(request(body, NOW)).await;
        assert_eq!((answer.status(), unread), (StatusCode::NO_CONTENT, None));
        assert_eq!(log.len(), 2);
        assert!(log[0].contains("new_score") && !log[0].contains("high"), "{log:?}");
        assert_eq!(log[1], "score_updated: processed");
    }

    #[tokio::test]
    async fn a_body_that_is_no_event_is_kept_under_a_name_of_its_own() {
        let one = judged(request(b"not JSON", NOW)).await;
        assert_eq!(one.answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let (name, body) = one.unread.unwrap();
        assert_eq!((name.len(), &body[..]), (64, &b"not JSON"[..]));
        let (other, _) = judged(request(b"nor this", NOW)).await.unread.unwrap();
        assert_ne!(name, other);
    }

    #[tokio::test]
    async fn what_is_not_genuine_is_neither_kept_nor_read() {
        let mut forged = request(b"not JSON", NOW);
        *forged.body_mut() = Full::from("not the same");
        let long = vec![b' '; LIMIT + 1];
        for (request, status) in [
            (forged, 401),
            (request(b"not JSON", Timestamp::from_unix(1)), 401),
            (request(&long, NOW), 413),
            (Request::post("/").body(Full::default()).unwrap(), 400),
        ] {
            let Judged { answer, log, unread } = judged(request).await;
            assert_eq!((answer.status().as_u16(), unread), (status, None), "{log:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_was_held_back_is_stale() {
        let times = std::cell::Cell::new(0);
        let clock = || {
            times.set(times.get() + 301);
            Timestamp::from_unix(NOW.as_unix() + times.get() - 301)
        };
        let judged = judge(&verifier(), request(b"{}", NOW), clock).await;
        assert_eq!(judged.log, ["refused: expired"]);
        assert_eq!(times.get(), 602);
    }
}
