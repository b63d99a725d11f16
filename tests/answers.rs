//! Answers of the Open API, and the scopes that they are about.

use serde::{Deserialize, de::IgnoredAny};
use trusthooks::{
    EventErrorKind, Timestamp,
    trustoo::{
        open_api::{Answer, AnswerError, ApiError, Scope, Scopes, Status},
        shop::Topic,
    },
};

#[derive(Debug, PartialEq, Deserialize)]
struct Webhook {
    id: String,
}

fn read<T: serde::de::DeserializeOwned>(body: &str) -> Result<Answer<T>, AnswerError> {
    Answer::from_bytes(body.as_bytes())
}

fn refused(body: &str) -> ApiError {
    match read::<Webhook>(body) {
        Err(AnswerError::Refused(error)) => error,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn the_documented_answers_are_read() {
    // "Create Shop Webhook" and Quick Start, 5, to the letter.
    let created = r#"{
    "code": 0,
    "message": "success",
    "time": 1750417608,
    "request_id": "dbf9af0f0436ee4f86ebee64e3828555",
    "data": {
        "id": "19",
        "topic": "review/created",
        "url": "https://api.example.com/webhook",
        "created_at": "2025-06-20T11:06:48Z",
        "updated_at": "2025-06-20T11:06:48Z"
    }
}"#;
    let answer = read::<Webhook>(created).unwrap();
    assert_eq!(answer.data, Webhook { id: "19".to_owned() });
    assert_eq!(answer.request_id, "dbf9af0f0436ee4f86ebee64e3828555");
    assert_eq!(answer.time, Some(Timestamp::from_unix(1_750_417_608)));

    let quick_start = r#"{
  "code": 0,
  "reason_code": 0,
  "message": "success",
  "data": {},
  "request_id": "abc123",
  "time": 1732180800
}"#;
    assert_eq!(read::<IgnoredAny>(quick_start).unwrap().request_id, "abc123");
    // Older answers say this for success.
    assert_eq!(read::<Webhook>(r#"{"code":2000,"data":{"id":"1"}}"#).unwrap().data.id, "1");
}

#[test]
fn every_documented_code_but_success_is_an_error() {
    let documented = [
        (1, Status::Canceled),
        (2, Status::Unknown),
        (3, Status::InvalidArgument),
        (4, Status::DeadlineExceeded),
        (5, Status::NotFound),
        (6, Status::AlreadyExists),
        (7, Status::PermissionDenied),
        (8, Status::ResourceExhausted),
        (11, Status::OutOfRange),
        (13, Status::Internal),
        (16, Status::Unauthenticated),
        (-1, Status::Other(-1)),
        (9, Status::Other(9)),
        (2001, Status::Other(2001)),
    ];
    for (code, status) in documented {
        // `data` does not matter then, even if it is what was asked for.
        for data in ["null", "{}", r#"{"id":"1"}"#, "7", "[[[]]]"] {
            let body = format!(
                r#"{{"data":{data},"code":{code},"message":"Sorry","request_id":"r1","time":9}}"#
            );
            let error = refused(&body);
            assert_eq!(error.status, status);
            assert_eq!((&*error.message, &*error.request_id), ("Sorry", "r1"));
            assert_eq!(error.time, Some(Timestamp::from_unix(9)));
        }
    }
}

#[test]
fn what_is_odd_but_clear_is_read() {
    for body in [
        r#"{"code":"0","time":"1732180800","request_id":77,"data":{"id":"1"}}"#,
        r#"{"code":0.0,"time":1732180800.9,"request_id":"77","data":{"id":"1"}}"#,
        r#"{"code":" +0","time":1732180800000,"request_id":"77","data":{"id":"1"},"data2":[1]}"#,
        r#"{"code":4,"time":1732180800,"request_id":"77","data":{"id":"1"},"code":0}"#,
        "\u{feff}{\"code\":0,\"time\":1732180800,\"request_id\":\"77\",\"\\u0064ata\":{\"id\":\"1\"}}",
    ] {
        let answer = read::<Webhook>(body).unwrap();
        assert_eq!(answer.data.id, "1", "{body}");
        assert_eq!(answer.time, Some(Timestamp::from_unix(1_732_180_800)), "{body}");
        assert_eq!(answer.request_id, "77", "{body}");
    }
    // No time, or none that is one, costs nothing else.
    for time in ["null", "-5", "\"soon\"", "[]", "1e300"] {
        let body = format!(r#"{{"code":0,"time":{time},"message":null,"data":{{"id":"1"}}}}"#);
        let answer = read::<Webhook>(&body).unwrap();
        assert_eq!((answer.time, &*answer.request_id), (None, ""), "{body}");
    }
}

#[test]
fn no_data_is_none() {
    for body in [r#"{"code":0,"data":null}"#, r#"{"code":0}"#] {
        assert_eq!(read::<Option<Webhook>>(body).unwrap().data, None);
        read::<()>(body).unwrap();
        read::<IgnoredAny>(body).unwrap();
        let error = read::<Webhook>(body).unwrap_err();
        assert!(matches!(error, AnswerError::Unreadable(_)), "{error:?}");
    }
}

#[test]
fn what_is_no_answer_says_where() {
    let kind = |body: &str| match read::<Webhook>(body) {
        Err(AnswerError::Unreadable(error)) => (error.kind(), error.path().to_owned()),
        other => panic!("{body}: {other:?}"),
    };
    assert_eq!(kind("<html>502</html>").0, EventErrorKind::Syntax);
    assert_eq!(kind("").0, EventErrorKind::Eof);
    assert_eq!(kind(r#"{"code":0,"data":{"id":"#).0, EventErrorKind::Eof);
    assert_eq!(kind(&"[".repeat(100_000)).0, EventErrorKind::Syntax);
    for body in ["{}", r#"{"code":null}"#, r#"{"code":"ok"}"#, r#"{"code":1.5}"#, r#"{"code":[]}"#]
    {
        assert_eq!(kind(body), (EventErrorKind::Data, "code".to_owned()), "{body}");
    }
    assert_eq!(kind("[0]").0, EventErrorKind::Data);

    let Err(AnswerError::Unreadable(error)) = read::<Webhook>(r#"{"code":0,"data":{"id":5}}"#)
    else {
        panic!()
    };
    assert_eq!(error.position(), Some((1, 24)));
}

#[test]
fn errors_can_be_logged() {
    let body = r#"{"code":3,"message":"no customer jane@example.com","data":{"email":"jane@example.com"},
        "request_id":"line\nbreak\u001b[31m"}"#;
    let error = read::<Webhook>(body).unwrap_err();
    assert_eq!(error.to_string(), r"InvalidArgument (3), request line\nbreak\u{1b}[31m");
    assert!(!format!("{error:?}").contains("jane"), "{error:?}");
    assert!(!format!("{error:?}").contains('\n'), "{error:?}");

    let long = format!(r#"{{"code":3,"request_id":"{}"}}"#, "x".repeat(100_000));
    assert!(refused(&long).to_string().len() < 100);
    let shown = format!("{:?}", refused(r#"{"code":3,"request_id":"a\tb","time":1780000000}"#));
    let expected = r#"ApiError { status: InvalidArgument, request_id: "a\tb", time: Some(Timestamp(1780000000)), .. }"#;
    assert_eq!(shown, expected);
    assert_eq!(refused(r#"{"code":3}"#).to_string(), "InvalidArgument (3)");

    let error = read::<Webhook>(r#"{"code":0,"data":{"id":["jane@example.com"]}}"#).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(!format!("{error} {source} {error:?}").contains("jane"));
}

#[test]
fn scopes_are_as_documented() {
    let names = Scope::ALL.map(|scope| scope.as_str().to_owned());
    assert_eq!(
        names,
        [
            "read_reviews",
            "write_reviews",
            "read_orders",
            "read_customer_events",
            "read_customers",
            "write_customers",
            "read_shop_install_status"
        ]
    );
    for scope in Scope::ALL {
        for other in Scope::ALL {
            let documented = matches!(
                (scope.as_str(), other.as_str()),
                ("write_reviews", "read_reviews") | ("write_customers", "read_customers")
            );
            assert_eq!(scope.includes(&other), documented || scope == other, "{scope} {other}");
        }
    }
    for (topic, scope) in [
        ("review/created", Some("write_reviews")),
        ("review/updated", Some("write_reviews")),
        ("review/deleted", Some("write_reviews")),
        ("customer_event/created", Some("read_customer_events")),
        ("order/created", None),
    ] {
        let required = Topic::from(topic).required_scope();
        assert_eq!(required.as_ref().map(Scope::as_str), scope, "{topic}");
    }
}

#[test]
fn a_set_of_scopes_is_written_and_read() {
    let scopes: Scopes = Scope::ALL.into_iter().chain(Scope::ALL).collect();
    let text = scopes.to_string();
    assert_eq!(text.split(',').count(), 7);
    assert_eq!(Scopes::from(&*text), scopes);
    let granted = Scopes::from(" write_customers  read_orders,,new_scope,");
    assert_eq!(granted.to_string(), "write_customers,read_orders,new_scope");
    assert!(granted.include(&Scope::ReadCustomers));
    assert!(granted.include(&Scope::from("new_scope")));
    assert!(!granted.include(&Scope::ReadReviews));
    let names: Vec<_> = granted.iter().map(Scope::as_str).collect();
    assert_eq!(names, ["write_customers", "read_orders", "new_scope"]);
    assert_eq!(Scopes::default().to_string(), "");
    assert_eq!(Scopes::from(""), Scopes::default());
}
