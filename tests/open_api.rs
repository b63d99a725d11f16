//! Requests to the Open API: signed whole, taken whole, and the answers that come back.

use std::collections::HashMap;

use http::{HeaderMap, Request};
use trusthooks::{
    Secret, Secrets, SignError, Timestamp, VerifyError,
    trustoo::open_api::{Authentication, Bearer, Signer, Status, Verifier},
};

const NOW: Timestamp = Timestamp::from_unix(1_732_180_800);
const POST_BODY: &str = r#"{"topic":"review/created","url":"https://your-webhook-url.com"}"#;

fn private() -> Secret {
    Secret::new("private token").unwrap()
}

fn signer() -> Signer {
    Signer::new("GfKu22TCaj4gULtrA3/OgA==", private())
}

fn get(uri: &str) -> Request<String> {
    Request::get(uri).body("ignored".to_owned()).unwrap()
}

fn post(uri: &str) -> Request<String> {
    Request::post(uri).body(POST_BODY.to_owned()).unwrap()
}

#[test]
fn a_get_is_signed_by_its_query_alone() {
    let mut request = get(
        "https://rapi.trustoo.io/api/v1/openapi/get_reviews?product_ids=9228589138176&page_size=20&page=1",
    );
    signer().sign_request_at(&mut request, NOW).unwrap();
    let headers = request.headers();
    assert_eq!(headers["public-token"], "GfKu22TCaj4gULtrA3/OgA==");
    assert_eq!(headers["timestamp"], "1732180800");
    // printf %s 'page=1&page_size=20&product_ids=9228589138176&timestamp=1732180800' |
    //     openssl dgst -sha256 -hmac 'private token'
    assert_eq!(headers["sign"], "ec03eec9dac099adf8f3e39f3ef3b9b44cd76d1f819116b8006ad00254cfbb73");
    assert!(headers["sign"].is_sensitive());
    assert!(!headers["timestamp"].is_sensitive());

    let verifier = Verifier::new(private());
    assert!(verifier.verify_request_at(&request, NOW).is_ok());
    "anything".clone_into(request.body_mut());
    assert!(verifier.verify_request_at(&request, NOW).is_ok());
}

#[test]
fn a_post_is_signed_with_its_body() {
    let mut request = post("https://rapi.trustoo.io/api/v1/openapi/create_shop_webhook");
    signer().sign_request_at(&mut request, NOW).unwrap();
    // printf %s 'timestamp=1732180800|{"topic":"review/created","url":"https://your-webhook-url.com"}' |
    //     openssl dgst -sha256 -hmac 'private token'
    assert_eq!(
        request.headers()["sign"],
        "a01815544b130ca7d7cac4386f99ec4fdedb66ee09ff358bd638e0c90116a164"
    );

    let verifier = Verifier::new(private());
    assert!(verifier.verify_request_at(&request, NOW).is_ok());
    request.body_mut().push(' ');
    assert_eq!(
        verifier.verify_request_at(&request, NOW).unwrap_err(),
        VerifyError::SignatureMismatch
    );
}

#[test]
fn signing_again_replaces_the_headers() {
    let mut request = post("/api/v1/openapi/create_review?a=1");
    signer().sign_request_at(&mut request, Timestamp::from_unix(1)).unwrap();
    signer().sign_request_at(&mut request, NOW).unwrap();
    assert_eq!(request.headers().len(), 3);
    assert!(Verifier::new(private()).verify_request_at(&request, NOW).is_ok());
}

#[test]
fn what_cannot_be_signed_is_left_as_it_was() {
    let mut request = get("/get_reviews?page=1&timestamp=5");
    assert_eq!(signer().sign_request_at(&mut request, NOW), Err(SignError::ReservedParameter));
    assert!(request.headers().is_empty());

    let mut request = get("/get_reviews");
    let torn = Signer::new("two\nlines", private());
    assert_eq!(
        torn.sign_request_at(&mut request, NOW),
        Err(SignError::InvalidHeaderValue { header: "public-token" })
    );
    assert!(request.headers().is_empty());

    let mut request = get("/get_reviews");
    Bearer::new("token").apply(request.headers_mut()).unwrap();
    assert_eq!(signer().sign_request_at(&mut request, NOW), Err(SignError::Authorization));
    assert_eq!(request.headers().len(), 1);
}

#[test]
fn what_is_no_query_is_not_signed() {
    for query in ["?page=1", "?", "page=1#top", "#", "a=%23#b"] {
        assert_eq!(signer().sign_at(query, None, NOW).unwrap_err(), SignError::NotAQuery);
    }
    // Both are fine where they belong: later in the query, and escaped.
    for query in ["a=?", "a=1&?b=2", "tag=%23sale", ""] {
        assert!(signer().sign_at(query, None, NOW).is_ok(), "{query}");
    }
    // A URL's fragment never reaches the server, and takes no part.
    let mut request = get("https://rapi.trustoo.io/get_rating?product_id=1#top");
    signer().sign_request_at(&mut request, NOW).unwrap();
    let signed = signer().sign_at("product_id=1", None, NOW).unwrap();
    assert_eq!(request.headers()["sign"], signed.iter().last().unwrap().1);
}

/// One signature fits several requests, unless the verifier refuses what makes it possible.
#[test]
fn ambiguous_queries_can_be_refused() {
    let lenient = Verifier::new(private());
    let strict = Verifier::new(private()).refuse_ambiguous();
    let verdict = |verifier: &Verifier, signed: &str, sent: &str, body: Option<&[u8]>| {
        let signed = signer().sign_at(signed, None, NOW).unwrap();
        let headers: Vec<_> = signed.iter().collect();
        verifier.verify_at(&headers, sent, body, NOW).map_err(|error| error.code()).map(drop)
    };
    for (signed, sent, body) in [
        ("a=1%26b%3D2", "a=1&b=2", None),
        ("a=1&b=2", "a=1%26b%3D2", None),
        ("filter=x%3Dy", "filter%3Dx=y", None),
        ("zone=a%7Cb", "zone=a", Some(b"b".as_slice())),
        ("z=%7Cone=a", "z", Some(b"one=a".as_slice())),
        ("a%3D1%26b=2", "a=1&b=2", None),
    ] {
        let either = [verdict(&strict, signed, signed, None), verdict(&strict, sent, sent, body)];
        assert!(either.contains(&Err("ambiguous_query")), "{signed} and {sent}");
        assert_eq!(verdict(&lenient, signed, sent, body), Ok(()), "{signed} and {sent}");
    }
    for plain in ["", "a=1&b=2", "filter=x%3Dy", "q=x=y", "a", "tag=%23sale", "z=%25&%C3%A9=+"] {
        assert_eq!(verdict(&strict, plain, plain, None), Ok(()), "{plain}");
    }
    // The body may hold what it likes.
    let signed = signer().sign_at("a=1", Some(b"x|y&z=1"), NOW).unwrap();
    let headers: Vec<_> = signed.iter().collect();
    assert!(strict.verify_at(&headers, "a=1", Some(b"x|y&z=1"), NOW).is_ok());
    // As they stand, keys and values hold what is not escaped.
    let as_sent = Verifier::new(private()).as_sent().refuse_ambiguous();
    let signed = signer().as_sent().sign_at("a=1%26b&c=x|y", None, NOW).unwrap();
    let headers: Vec<_> = signed.iter().collect();
    let verdict = as_sent.verify_at(&headers, "a=1%26b&c=x|y", None, NOW);
    assert_eq!(verdict.unwrap_err(), VerifyError::AmbiguousQuery);
    let signed = signer().as_sent().sign_at("a=1%26b", None, NOW).unwrap();
    let headers: Vec<_> = signed.iter().collect();
    assert!(as_sent.verify_at(&headers, "a=1%26b", None, NOW).is_ok());
}

#[test]
fn the_server_knows_several_shops_and_its_window() {
    let shops = HashMap::from([("GfKu22TCaj4gULtrA3/OgA==".to_owned(), Secrets::from(private()))]);
    let verifier = Verifier::with_store(shops);
    let mut request = get("/get_rating?product_id=1");
    assert_eq!(
        verifier.verify_request_at(&request, NOW).unwrap_err(),
        VerifyError::MissingHeader { header: "public-token" }
    );
    signer().sign_request_at(&mut request, NOW).unwrap();
    let at = |offset: i64| Timestamp::from_unix(NOW.as_unix().checked_add_signed(offset).unwrap());
    assert!(verifier.verify_request_at(&request, at(900)).is_ok());
    assert!(verifier.verify_request_at(&request, at(-900)).is_ok());
    assert_eq!(verifier.verify_request_at(&request, at(901)).unwrap_err().code(), "expired");
    assert_eq!(verifier.verify_request_at(&request, at(-901)).unwrap_err().code(), "from_future");

    let mut stranger = get("/get_rating?product_id=1");
    Signer::new("somebody", private()).sign_request_at(&mut stranger, NOW).unwrap();
    assert_eq!(
        verifier.verify_request_at(&stranger, NOW).unwrap_err(),
        VerifyError::UnknownPublicToken
    );
}

#[test]
fn a_non_empty_authorization_means_bearer() {
    let mut request = get("/get_rating");
    signer().sign_request_at(&mut request, NOW).unwrap();
    assert_eq!(Authentication::of(request.headers()), Authentication::Signature);
    request.headers_mut().insert("authorization", "".parse().unwrap());
    assert_eq!(Authentication::of(request.headers()), Authentication::Signature);
    request.headers_mut().insert("authorization", "Basic eDp5".parse().unwrap());
    assert_eq!(Authentication::of(request.headers()), Authentication::Bearer);
    // A second, empty one does not hide the first.
    request.headers_mut().append("authorization", "".parse().unwrap());
    assert_eq!(Authentication::of(request.headers()), Authentication::Bearer);
}

#[test]
fn a_bearer_token_is_marked_sensitive() {
    let mut headers = HeaderMap::new();
    Bearer::new("4Nv0").apply(&mut headers).unwrap();
    assert_eq!(headers["authorization"], "Bearer 4Nv0");
    assert!(headers["authorization"].is_sensitive());
    for unfit in ["", "a\r\nHost: b"] {
        let error = Bearer::new(unfit).apply(&mut headers).unwrap_err();
        assert_eq!(error, SignError::InvalidHeaderValue { header: "authorization" });
    }
    assert_eq!(headers["authorization"], "Bearer 4Nv0");
}

#[test]
fn statuses_say_what_to_do() {
    let documented = [
        (0, Status::Ok, "nothing"),
        (1, Status::Canceled, "again"),
        (2, Status::Unknown, "again"),
        (3, Status::InvalidArgument, "parameters"),
        (4, Status::DeadlineExceeded, "clock"),
        (5, Status::NotFound, "id"),
        (6, Status::AlreadyExists, "exists"),
        (7, Status::PermissionDenied, "scope"),
        (8, Status::ResourceExhausted, "wait"),
        (11, Status::OutOfRange, "larger"),
        (13, Status::Internal, "again"),
        (16, Status::Unauthenticated, "signature"),
    ];
    for (code, status, word) in documented {
        assert_eq!(Status::from(code), status);
        assert_eq!(status.code(), code);
        assert_eq!(i64::from(status), code);
        assert!(status.advice().contains(word), "{status}: {}", status.advice());
        assert_eq!(status.is_ok(), code == 0);
        assert_eq!(serde_json::to_string(&status).unwrap(), code.to_string());
        assert_eq!(serde_json::from_str::<Status>(&code.to_string()).unwrap(), status);
    }
    for code in [-1, 9, 10, 12, 14, 15, 17, i64::MAX] {
        assert_eq!(Status::from(code), Status::Other(code));
        assert_eq!(Status::from(code).code(), code);
        assert!(!Status::from(code).is_ok());
    }
    assert_eq!(Status::DeadlineExceeded.to_string(), "DeadlineExceeded (4)");
    assert_eq!(Status::Other(9).to_string(), "code 9");
}
