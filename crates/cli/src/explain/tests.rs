//! What it reads, what it says, and how it ends.

use std::{env::VarError, fs, path::PathBuf};

use super::{Capture, run as run_with};

/// Every secret ends with the same digits, so that a text can be searched for all of them.
fn env(name: &str) -> Result<String, VarError> {
    match name {
        "TRUSTLENS_SECRET" => Ok("whsec_5f0c1d".to_owned()),
        "NEWLINE" => Ok("private-5f0c1d\n".to_owned()),
        "TRUSTOO_PRIVATE_TOKEN" => Ok("private-5f0c1d".to_owned()),
        "TRUSTOO_CLIENT_SECRET" => Ok("client-5f0c1d".to_owned()),
        "OTHER" => Ok("another-5f0c1d".to_owned()),
        "EMPTY" => Ok(String::new()),
        _ => Err(VarError::NotPresent),
    }
}

fn path(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../explain/tests/captures")
        .join(name)
        .display()
        .to_string()
}

/// Runs the command at the time of the captures; gives what it said, or its error.
fn run(args: &str) -> Result<(bool, String), String> {
    let mut out = Vec::new();
    let args = args.split(' ').map(|arg| match arg.strip_prefix('@') {
        Some(name) => path(name),
        None => arg.to_owned(),
    });
    let args = ["explain".to_owned()].into_iter().chain(args).skip(1);
    let verified = run_with(args, env, false, &mut out).map_err(|error| error.to_string())?;
    let said = String::from_utf8(out).unwrap();
    assert!(!said.contains("5f0c1d"), "a secret is shown in:\n{said}");
    Ok((verified, said))
}

/// The codes of the findings on a capture, the verdict before them.
fn codes(args: &str) -> Vec<String> {
    let (verified, json) = run(&format!("--now 1780000010 --json {args}")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let code = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let codes: Vec<_> = [code(&report["verdict"])]
        .into_iter()
        .chain(findings.map(|it| code(&it["code"])))
        .collect();
    assert_eq!(verified, codes == ["ok"]);
    codes
}

#[test]
fn each_capture_is_read_and_explained() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET";
    let cases: [(&str, &[&str]); 10] = [
        (&format!("{lens} @genuine.http"), &["ok"]),
        (&format!("{lens} @rewritten.http"), &["signature_mismatch", "body_rewritten"]),
        (&format!("{lens} @time_zone.http"), &["expired", "time_zone"]),
        (&format!("{lens} @v1.curl"), &["signature_mismatch", "other_scheme"]),
        ("--scheme trustlens-v1 --secret-env TRUSTLENS_SECRET @v1.curl", &["ok"]),
        ("--scheme trustoo-shop --secret-env TRUSTOO_PRIVATE_TOKEN @shop.har", &["ok"]),
        (
            "--scheme trustoo-shop --secret-env NEWLINE --entry 2 @shop.har",
            &["signature_mismatch", "secret_white_space"],
        ),
        (
            "--scheme trustoo-shop --secret-env OTHER --previous-env TRUSTOO_PRIVATE_TOKEN @shop.har",
            &["signature_mismatch", "previous_secret"],
        ),
        (
            "--scheme trustoo-shop --secret-env TRUSTOO_PRIVATE_TOKEN --public-token other @shop.har",
            &["unknown_public_token", "other_public_token"],
        ),
        (
            "--scheme trustoo-system --secret-env TRUSTOO_CLIENT_SECRET --body @system.json @system.headers",
            &["malformed_signature", "upper_case"],
        ),
    ];
    for (args, expected) in cases {
        assert_eq!(codes(args), expected, "{args}");
    }
}

#[test]
fn the_window_and_the_clock_can_be_chosen() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET @genuine.http";
    assert!(run(&format!("--now 1780000301 --window 301 {lens}")).unwrap().0);
    assert!(!run(&format!("--now 1780000301 {lens}")).unwrap().0);
    let (verified, said) = run(&format!("--now 1780259200 {lens}")).unwrap();
    assert!(!verified);
    assert!(said.contains("1. stale\n   seen  signed 3 days 0 h ago"), "{said}");
}

#[test]
fn what_cannot_be_used_is_said() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET";
    for (args, error) in [
        (String::new(), "--scheme is missing"),
        ("--scheme trustlens".into(), "--secret-env is missing"),
        (lens.into(), "CAPTURE is missing"),
        (format!("{lens} a b"), "unexpected argument"),
        (format!("{lens} @no.http"), "no.http: No such file"),
        (format!("{lens} --now soon @genuine.http"), "soon"),
        (format!("{lens} --entry 3 @shop.har"), "there is no entry 3, the archive has 2"),
        (format!("{lens} --body @no.json @system.headers"), "no.json: No such file"),
        (format!("{lens} --body @system.json @genuine.http"), "something follows the headers"),
        (format!("{lens} @system.json"), "neither a HAR archive"),
        ("--scheme stripe --secret-env X @genuine.http".into(), "not a scheme"),
        ("--scheme trustlens --secret-env UNSET @genuine.http".into(), "UNSET is not set"),
        ("--scheme trustlens --secret-env EMPTY @genuine.http".into(), "EMPTY is empty"),
    ] {
        let args = args.split(' ').filter(|arg| !arg.is_empty()).collect::<Vec<_>>().join(" ");
        let said = if args.is_empty() {
            run_with([""; 0], env, false, &mut Vec::new()).unwrap_err().to_string()
        } else {
            run(&args).unwrap_err()
        };
        assert!(said.contains(error), "{args}: {said}");
    }
    let (_, help) = run("--help").unwrap();
    assert!(help.contains("exit status: 0 verified, 1 refused, 2 unusable input"));
}

fn read(text: &str) -> Result<Capture, String> {
    Capture::read(text.as_bytes(), None, |path| match path {
        "body.json" => Ok(b"{\n\"a\": 1}\n".to_vec()),
        _ => Err(format!("{path}: not found")),
    })
}

fn body(text: &str) -> Result<String, String> {
    read(text).map(|capture| String::from_utf8(capture.body).unwrap())
}

#[test]
fn raw_requests() {
    let capture = read("POST /hooks?a=1&b=2#c HTTP/1.1\nA: 1\nb:  2 \n\n{}\n").unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    assert_eq!(capture.headers, [pair("A", "1"), pair("b", "2")]);
    assert_eq!(capture.query, "a=1&b=2");
    assert_eq!(capture.body, b"{}\n");
    // The length ends the body, where it can.
    assert_eq!(body("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}\n").unwrap(), "{}");
    assert_eq!(body("content-length: 9\n\n{}").unwrap(), "{}");
    assert_eq!(body("a: 1").unwrap(), "");
    assert_eq!(body("Transfer-Encoding: chunked\n\n2;x\r\n{}\r\n0\r\n\r\n").unwrap(), "{}");
    for (text, error) in [
        ("", "the capture is empty"),
        (" \n", "the capture is empty"),
        ("\nx", "there are no headers"),
        ("POST / HTTP/1.1\n\n{}", "there are no headers"),
        ("A: 1\nno header\n\n{}", "line 2: not a header"),
        ("A: 1\nno header: 1\n\n{}", "line 2: the header's name has white space"),
        ("transfer-encoding: chunked\n\nff\r\n{}", "the chunked body is broken or cut off"),
    ] {
        let said = read(text).unwrap_err();
        assert!(said.contains(error), "{text:?}: {said}");
    }
}

#[test]
fn curl_commands() {
    for (command, expected) in [
        (r#"curl -H 'A: 1' -d '{"a":1}' http://h/"#, r#"{"a":1}"#),
        ("curl -HA:1 --data-raw=x http://h/", "x"),
        ("curl -H A:1 --data-raw @body.json", "@body.json"),
        ("curl -H A:1 --data-binary @body.json", "{\n\"a\": 1}\n"),
        ("curl -H A:1 -d @body.json", "{\"a\": 1}"),
        ("curl -H A:1 -d a=1 -d b=2", "a=1&b=2"),
        ("curl -H A:1 --json '{}' --compressed", "{}"),
        (r#"curl -H A:1 -d "\"\$x\" \/ \\""#, r#""$x" \/ \"#),
        (r"curl -H A:1 --data-raw $'it\'s \\/ \u00fc\x21\n'", "it's \\/ ü!\n"),
        ("curl -X POST \\\n -H A:1 \\\r\n -d {}", "{}"),
    ] {
        assert_eq!(body(command).unwrap(), expected, "{command}");
    }
    assert_eq!(read("curl 'https://h/p?q=1' -H A:1").unwrap().query, "q=1");
    for (command, error) in [
        ("curl http://h/", "has no headers"),
        ("curl -H 'A: 1", "a single quote is not closed"),
        ("curl -H \"A: 1", "a double quote is not closed"),
        ("curl -H $'A: 1", "a $'…' is broken or not closed"),
        ("curl -H", "-H has no value"),
        ("curl -H A", "not a header"),
        ("curl -H A:1 --data-binary @no.json", "no.json: not found"),
    ] {
        let said = read(command).unwrap_err();
        assert!(said.contains(error), "{command}: {said}");
    }
}

#[test]
fn har_entries() {
    let request = |method: &str, data: &str| {
        format!(
            r#"{{"method":"{method}","url":"http://h/?q=1","headers":[{{"name":"A","value":"1"}}]{data}}}"#
        )
    };
    let post = request("POST", r#","postData":{"mimeType":"x","text":"{}"}"#);
    let coded = request("POST", r#","postData":{"text":"e30=","encoding":"base64"}"#);
    let entry = format!(r#"{{"startedDateTime":"t","request":{post}}}"#);
    for text in [&post, &coded, &entry, &format!(r#"{{"log":{{"entries":[{entry}]}}}}"#)] {
        let capture = read(text).unwrap();
        assert_eq!((&*capture.body, &*capture.query), (&b"{}"[..], "q=1"), "{text}");
    }
    assert_eq!(body(&request("POST", "")).unwrap(), "");
    for (text, error) in [
        (request("GET", ""), "the archive has no POST"),
        (r#"{"log":{"entries":[]}}"#.to_owned(), "the archive has no POST"),
        (coded.replace("e30=", "%"), "said to be base64"),
        ("{\n".to_owned(), "not JSON (line 2)"),
        ("{}".to_owned(), "neither a HAR archive"),
    ] {
        let said = read(&text).unwrap_err();
        assert!(said.contains(error), "{text}: {said}");
    }
}

#[test]
fn the_captures_are_as_they_were_made() {
    // Line ends are part of them.
    assert!(fs::read(path("genuine.http")).unwrap().windows(4).any(|bytes| bytes == b"\r\n\r\n"));
}
