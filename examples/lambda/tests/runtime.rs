//! The function as a process, under the interface that AWS Lambda has for its runtimes.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Map, Value, json};
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::timeout,
};
use trusthooks::{Secret, Timestamp, trustoo::shop};

type Events = Arc<Mutex<UnboundedReceiver<Value>>>;
type Answers = UnboundedSender<(String, Value)>;

/// The next event; waits for one.
async fn next(
    State((events, _)): State<(Events, Answers)>,
) -> ([(&'static str, String); 3], Json<Value>) {
    let Some(event) = events.lock().await.recv().await else { std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "request".to_owned()),
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:1:function:f".to_owned()),
    ];
    (headers, Json(event))
}

async fn answer(
    State((_, answers)): State<(Events, Answers)>,
    Path((_, kind)): Path<(String, String)>,
    answer: Bytes,
) -> StatusCode {
    answers.send((kind, serde_json::from_slice(&answer).unwrap())).unwrap();
    StatusCode::ACCEPTED
}

/// A request as a gateway hands it over, in the payload formats 1.0 and 2.0.
fn invocations(signer: &shop::Signer, body: &str, signed: &str) -> [Value; 2] {
    let signed = signer.sign_at(signed.as_bytes(), Timestamp::now());
    let headers: Map<_, _> =
        signed.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let lists: Map<_, _> =
        headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    [
        json!({
            "resource": "/", "path": "/", "httpMethod": "POST", "headers": headers,
            "multiValueHeaders": lists, "isBase64Encoded": false, "body": body,
            "requestContext": { "resourcePath": "/", "httpMethod": "POST", "requestId": "r" },
        }),
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
            "headers": headers, "isBase64Encoded": false, "body": body,
            "requestContext": {
                "requestId": "r", "routeKey": "$default", "stage": "$default", "timeEpoch": 1,
                "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1" },
            },
        }),
    ]
}

#[tokio::test]
async fn a_process_answers_what_the_gateway_hands_over() {
    let (to_function, events) = unbounded_channel();
    let (to_test, mut answers) = unbounded_channel();
    let interface = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
        .with_state((Arc::new(Mutex::new(events)), to_test));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, interface).await });

    let spool = std::env::temp_dir().join(format!("trusthooks-function-{}", std::process::id()));
    let _function = Command::new(env!("CARGO_BIN_EXE_trusthooks-lambda"))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "s")
        .env("TRUSTOO_PRIVATE_TOKEN", "private")
        .env("SPOOL", &spool)
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let signer = shop::Signer::new("public", Secret::new("private").unwrap());
    let event = r#"{"event":"review/deleted","shop_id":"1","data":{"id":"2"}}"#;
    for (body, signed, status, text) in [
        (event, event, 200, Some(r#"{"code":0,"message":"success"}"#)),
        (event, "{}", 401, None),
        ("no JSON", "no JSON", 422, None),
    ] {
        for invocation in invocations(&signer, body, signed) {
            to_function.send(invocation).unwrap();
            let answer = timeout(Duration::from_secs(30), answers.recv()).await.unwrap();
            let (kind, answer) = answer.unwrap();
            assert_eq!((&*kind, &answer["statusCode"]), ("response", &json!(status)), "{answer}");
            let said = answer["body"].as_str().filter(|text| !text.is_empty());
            assert_eq!(said, text, "{answer}");
        }
    }
    let kept: Vec<_> =
        std::fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!kept.is_empty());
    for file in kept {
        assert_eq!(std::fs::read(file).unwrap(), b"no JSON");
    }
    std::fs::remove_dir_all(&spool).unwrap();
}
