//! Captures as people have them: how they are read, and that what is said of them is right.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde::Deserialize;
use trusthooks::Timestamp;
use trusthooks_explain::{
    Explainer, SchemeName,
    capture::{Capture, MAX_LENGTH, Reader},
};

const NOW: Timestamp = Timestamp::from_unix(1_780_000_010);

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

/// A capture, and what must be said of it.
#[derive(Deserialize)]
struct Case {
    file: String,
    scheme: String,
    secret: String,
    /// 0 verified, 1 refused, 2 unusable.
    exit: Vec<u8>,
    recomputed: Option<bool>,
    /// Codes that would be false.
    #[serde(default)]
    not: Vec<String>,
}

fn cases(name: &str) -> Vec<Case> {
    serde_json::from_slice(&fs::read(folder(name).join("manifest.json")).unwrap()).unwrap()
}

fn check(name: &str) {
    let mut wrong = Vec::new();
    for case in cases(name) {
        let bytes = fs::read(folder(name).join(&case.file)).unwrap();
        let scheme: SchemeName = case.scheme.parse().unwrap();
        let explainer = Explainer::new(scheme, &case.secret).unwrap();
        let (exit, recomputed, codes) = match Reader::new().read(&bytes) {
            Err(error) => (2, None, vec![error.to_string()]),
            Ok(capture) => {
                let report = explainer.explain_capture(&capture, NOW);
                let codes = report.findings().iter().map(|it| it.code().to_owned()).collect();
                (u8::from(report.verdict().is_err()), Some(report.recomputed()), codes)
            }
        };
        let is_right = case.exit.contains(&exit)
            && (case.recomputed.is_none() || case.recomputed == recomputed)
            && !codes.iter().any(|code| case.not.contains(code));
        if !is_right {
            wrong.push(format!("{}: {exit} {recomputed:?} {codes:?}", case.file));
        }
        eprintln!("{}: {exit} {recomputed:?} {codes:?}", case.file);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_handed_captures_come_out_right() {
    check("handed");
}

fn read(text: impl AsRef<[u8]>) -> Result<Capture, String> {
    let files = |path: &str| match path {
        "body.json" => Ok(b"{\n\"a\": 1}\n".to_vec()),
        "headers.txt" => Ok(b"A: 1\r\n\r\nB: 2\n".to_vec()),
        _ => Err(format!("{path}: not found")),
    };
    Reader::new().files(&files).read(text.as_ref()).map_err(|error| error.to_string())
}

fn body(text: impl AsRef<[u8]>) -> String {
    let capture = read(text.as_ref());
    let shown = String::from_utf8_lossy(text.as_ref()).into_owned();
    String::from_utf8(capture.unwrap_or_else(|error| panic!("{error}: {shown}")).body).unwrap()
}

fn refused(cases: &[(&str, &str)]) {
    for (text, error) in cases {
        let said = read(text).expect_err(text);
        assert!(said.contains(error), "{text:?}: {said}");
    }
}

#[test]
fn raw_requests() {
    let capture = read("POST /hooks?a=1&b=2#c HTTP/1.1\nA: 1\nb:  2 \n\n{}\n").unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    assert_eq!(capture.headers, [pair("A", "1"), pair("b", "2")]);
    assert_eq!((capture.path(), capture.query()), ("/hooks", "a=1&b=2#c"));
    assert_eq!(capture.method.as_deref(), Some("POST"));
    assert_eq!(capture.body, b"{}\n");
    for (text, expected) in [
        // A length, or chunks, that account for all of the body.
        ("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}\n", "{}"),
        ("Transfer-Encoding: chunked\n\n2;x\r\n{}\r\n0\r\n\r\n", "{}"),
        ("Transfer-Encoding: chunked\n\n2\n{}\n0\n\n", "{}"),
        // Headers that a recorder left behind.
        ("content-length: 9\n\n{}", "{}"),
        ("content-length: 1\n\n{}", "{}"),
        ("Transfer-Encoding: chunked\n\n{}", "{}"),
        ("Transfer-Encoding: chunked\n\nff\r\n{}", "ff\r\n{}"),
        ("a: 1\n\n2\n{}\n0\n\n", "2\n{}\n0\n\n"),
        ("a: 1", ""),
        ("POST /x\na: 1\n\n{}", "{}"),
        ("POST https://h/x?y HTTP/2\na: 1\n\n{}", "{}"),
        (":method: POST\n:path: /x\n:scheme: https\na: 1\n\n{}", "{}"),
        ("\u{feff}POST / HTTP/1.1\na: 1\n\n{}", "{}"),
        ("\n\n  POST / HTTP/1.1\n  a: 1\n\n  {}", "{}"),
        ("\tPOST / HTTP/1.1\n\ta: 1\n\t\n\t{}", "{}"),
        ("```http\nPOST / HTTP/1.1\na: 1\n\n{}\n```\n", "{}"),
    ] {
        assert_eq!(body(text), expected, "{text:?}");
    }
    let text = "POST / HTTP/1.1\r\nA: 1\r\n\r\n{\"m\":\"é\"}";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for utf16 in [&little, &[b"\xff\xfe", &*little].concat(), &big, &[b"\xfe\xff", &*big].concat()]
    {
        assert_eq!(body(utf16), "{\"m\":\"é\"}");
    }
    let capture = read(":method: GET\n:path: /x?y=1\na: 1\n\n").unwrap();
    assert_eq!((capture.method.as_deref(), capture.query()), (Some("GET"), "y=1"));
    assert_eq!(read("GET http://h?y=1 HTTP/1.1\na: 1\n\n").unwrap().query(), "y=1");
    assert_eq!(read("OPTIONS * HTTP/1.1\na: 1\n\n").unwrap().target, "*");
    refused(&[
        ("", "the capture is empty"),
        (" \n", "the capture is empty"),
        ("POST / HTTP/1.1\n\n{}", "there are no headers"),
        ("A: 1\nno header\n\n{}", "line 2 is not a header"),
        ("POST /x other\nA: 1\n\n{}", "line 1 is not a header"),
        ("post /x HTTP/1.1\nA: 1\n\n{}", "line 1 is not a header"),
        ("POST x HTTP/1.1\nA: 1\n\n{}", "line 1 is not a header"),
        ("A: 1\nno header: 1\n\n{}", "line 2 is not a header"),
        ("A: 1\n{\"a\": 1}", "line 2 looks like the body: a blank line is missing before it"),
        ("A: 1\n continued\n\n{}", "line 2 continues the header before it"),
        ("HTTP/1.1 200 OK\nA: 1\n\n{}", "this is an answer, not a request"),
        ("<?xml version=\"1.0\"?>", "this is XML"),
        ("fetch(\"https://h/\", {", "this is JavaScript's fetch"),
        ("Invoke-WebRequest -Uri x", "this is PowerShell's Invoke-WebRequest"),
        ("wget http://h/", "this is a wget command"),
        ("\x1f\u{8b}", "is not a header"),
    ]);
    assert!(read(b"\x1f\x8b\x08").unwrap_err().contains("this is gzip"));
    assert!(read(b"\xff\xfeA").unwrap_err().contains("UTF-16"));
}

#[test]
fn the_body_may_be_given_beside_the_headers() {
    let reader = Reader::new().body("{}");
    let capture = reader.read(b"POST /x HTTP/1.1\nA: 1\n\n").unwrap();
    assert_eq!((capture.path(), &*capture.body), ("/x", &b"{}"[..]));
    let error = reader.read(b"POST /x HTTP/1.1\nA: 1\n\n[]").unwrap_err();
    assert!(error.to_string().contains("something follows the headers"), "{error}");
}

#[test]
fn an_error_shows_nothing_that_a_terminal_obeys() {
    let error = read("A: 1\nno \u{1b}[31mheader\u{202e}\u{7}\n\n{}").unwrap_err();
    assert!(error.contains("line 2 is not a header"), "{error}");
    assert!(!error.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{error:?}");
}

#[test]
fn captures_are_limited() {
    let error = |length| Reader::new().read(&vec![b' '; length]).unwrap_err().to_string();
    assert_eq!(error(MAX_LENGTH), "the capture is empty");
    assert!(error(MAX_LENGTH + 1).contains("longer than 32 MiB"));
}

#[test]
fn a_capture_shows_no_value() {
    let capture = read("POST /x?mail=1 HTTP/1.1\nA: marked\n\n{\"marked\": 1}").unwrap();
    let shown = format!("{capture:?}");
    assert!(shown.contains("POST") && !shown.contains("mail") && !shown.contains("marked"));
    let shown = format!("{:?}", Reader::new().entry(7).body("marked"));
    assert!(shown.contains('7') && !shown.contains("marked"), "{shown}");
}

/// Text that people paste together with a request.
#[test]
fn requests_among_other_text() {
    let request = "POST /h HTTP/1.1\nTimestamp: 1\nSign: ab\n\n{\"a\":1}";
    for text in [
        // Its answer, and another request.
        format!("{request}\n\nHTTP/1.1 401 Unauthorized\ncontent-length: 0\n\n"),
        format!("{request}\r\n\r\nHTTP/2 200\r\n\r\n{{}}"),
        format!("{request}\n{request}"),
        format!("GET /other HTTP/1.1\nHost: a\n\n{request}\n\nGET /other HTTP/1.1\nHost: a\n"),
        // As editors have several requests in a file.
        format!("### first\n{request}\n\n### second\nGET https://example.com/ HTTP/1.1\n"),
        // Words around it.
        format!("It is refused:\n\n```http\n{request}\n```\n\nWhy?"),
        format!("It is refused:\n~~~\n{request}\n~~~\n"),
        format!("With ``` in a line:\n```\n{request}\n```\n"),
        // Prefixes of log lines.
        format!("web_1  | {}", request.replace('\n', "\nweb_1  | ")),
        format!("2026-06-01T00:00:10Z {}", request.replace('\n', "\n2026-06-01T00:00:11Z ")),
        format!("[10:00:00] {}", request.replace('\n', "\n[10:00:01] ")),
        format!("web_1|{}", request.replace('\n', "\nweb_1|")),
        format!("web | {}", request.replace('\n', "\nweb | ").replace("| \n", "|\n")),
        format!("web | {}", request.replace('\n', "\nweb | ").replace("web | \n", "\n")),
    ] {
        let capture = read(&text).unwrap();
        assert_eq!(capture.target, "/h", "{text}");
        assert_eq!(capture.headers.len(), 2, "{text}");
        assert_eq!(String::from_utf8_lossy(&capture.body), "{\"a\":1}", "{text}");
    }
    // As logs have it: in JSON, a document to each line, with or without words before it.
    let json = r#"{"path":"/h","headers":{"Timestamp":"1","Sign":"ab"},"body":"{\"a\":1}"}"#;
    let raw = serde_json::json!({ "stream": "stdout", "log": request }).to_string();
    let command = "curl -H Timestamp:1 -H 'Sign: ab' --data-raw '{\"a\":1}' https://example.com/h";
    for text in [
        format!("{{\"msg\":\"start\"}}\n{json}\n{{\"msg\":\"end\"}}\n"),
        format!("[2026-06-01 00:00:00] local.INFO: hook {json}\n"),
        format!("start {{}}\n2026-06-01T00:00:00Z INFO hook {json}\nend\n"),
        raw,
        // A program for the answer, in an editor's file.
        format!("### hook\n{request}\n\n> {{% client.log(\"x\") %}}\n"),
        // Words and prompts before a command.
        format!("This fails for us:\n\n{command}\n"),
        format!("~/src ❯ {command}"),
    ] {
        let capture = read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(capture.target, "/h", "{text}");
        assert_eq!(capture.header("sign"), Some("ab"), "{text}");
        assert_eq!(String::from_utf8_lossy(&capture.body), "{\"a\":1}", "{text}");
    }
    // Headers alone, indented.
    assert_eq!(body("  A: 1\n  B: 2\n\n  {\n    \"a\": 1}"), "{\n  \"a\": 1}");
    // One fence, and one in three, are part of a body.
    for fences in ["```\n", "```\n```\n```\n"] {
        assert_eq!(body(format!("A: 1\n\n{fences}x")), format!("{fences}x"));
    }
    // An answer is no entry of its own.
    let text = format!("{request}\n\nHTTP/2 200\r\n\r\n{{}}\n\nGET /other HTTP/1.1\nHost: a\n");
    assert_eq!(Reader::new().entry(2).read(text.as_bytes()).unwrap().target, "/other");
    // Bodies may hold what other captures are known by.
    assert_eq!(body("POST /h HTTP/1.1\nA: 1\n\nheaders:\n  a: 1"), "headers:\n  a: 1");
    let json = serde_json::json!({ "headers": { "Sign": "0" }, "body": "{\"a\"=>1}" });
    assert_eq!(body(json.to_string()), "{\"a\"=>1}");
    // A body that is no JSON may hold such lines.
    for line in ["POST /x HTTP/1.1", "HTTP/1.1 200 OK", "###", "```"] {
        let text = format!("POST /h HTTP/1.1\nSign: ab\n\nfirst\n{line}\nlast");
        assert_eq!(body(&text), format!("first\n{line}\nlast"));
    }
    refused(&[
        ("$headers = @{\n  \"Sign\" = \"ab\"\n}", "PowerShell"),
        ("Array\n(\n    [Sign] => ab\n)", "PHP"),
        ("array(1) {\n", "PHP"),
        ("{'headers': {'Sign': 'ab'}}", "Python"),
        (r#"{"headers"=>{"Sign"=>"ab"}}"#, "Ruby"),
        (r#"{"headers" => {"Sign" => "ab"}}"#, "Ruby"),
        ("map[Sign:[ab]]\n{}", "Go"),
        ("Request URL\nhttps://h/", "a browser's tools"),
        ("meta {\n  name: x\n}", "Bruno"),
        ("type: collection.insomnia.rest/5.0\n", "Insomnia"),
        ("method: POST\nheaders:\n  Sign: ab\nbody: '{}'\n", "YAML"),
        ("curl h -H ‘Sign: ab’ -d ‘{}’", "curly quotes"),
        ("curl h -H “Sign: ab” -d “{}”", "curly quotes"),
    ]);
}

#[test]
fn curl_commands() {
    for (command, expected) in [
        (r#"curl -H 'A: 1' -d '{"a":1}' http://h/"#, r#"{"a":1}"#),
        ("curl -H A:1 -d 'a “quote”' http://h/", "a “quote”"),
        ("curl -HA:1 --data-raw x http://h/", "x"),
        ("curl -sSkLd x -HA:1 http://h/", "x"),
        ("curl -H A:1 --no-keepalive --data-bin x http://h/", "x"),
        ("curl -H A:1 --data-raw @body.json", "@body.json"),
        ("curl -H A:1 --data-binary @body.json", "{\n\"a\": 1}\n"),
        ("curl -H A:1 -d @body.json", "{\"a\": 1}"),
        ("curl -H A:1 -d a=1 -d b=2", "a=1&b=2"),
        ("curl -H A:1 --json '{' --json '}' --compressed", "{}"),
        ("curl -H A:1 --data-urlencode 'a=b c&d'", "a=b+c%26d"),
        ("curl -H A:1 --data-urlencode =é", "%C3%A9"),
        (r#"curl -H A:1 -d "\"\$x\" \/ \\""#, r#""$x" \/ \"#),
        (r"curl -H A:1 --data-raw $'it\'s \\/ \u00fc\x21\n'", "it's \\/ ü!\n"),
        (r"curl -H A:1 -d $'\U1f600\101\0471\e'", "😀A'1\u{1b}"),
        ("curl -X POST \\\n -H A:1 \\\r\n -d {}", "{}"),
        ("curl -H A:1 -d {} http://h/ --max-time 5 | jq .", "{}"),
        ("curl -H A:1 -d {} http://h/ > out 2>&1", "{}"),
        ("curl -H A:1 http://h/ -o x 2>/dev/null -d {} && echo done", "{}"),
        ("$ curl -H A:1 -d {} http://h/\nHTTP/1.1 200 OK", "{}"),
        ("# replay\nBODY='{}'\ncurl -H A:1 -d \"$BODY\" http://h/", "{}"),
        ("curl -H A:1 -d @- http://h/ <<'EOF'\n{\"a\":1}\nEOF\n", "{\"a\":1}"),
        ("curl -H A:1 --data-binary @- http://h/ <<EOF\n{}\nEOF\n", "{}\n"),
        ("curl -H A:1 --data-binary @- http://h/ <<< '{}'", "{}\n"),
        ("/usr/bin/curl -H A:1 -d {}", "{}"),
        ("sudo env B=2 curl -H A:1 -d {}", "{}"),
        ("B=2 /usr/bin/curl -H A:1 -d {}", "{}"),
        ("root@host:~# curl -H A:1 -d {}", "{}"),
        ("C:\\> curl.exe -H A:1 -d x", "x"),
        ("curl -H A:1 -T body.json h", "{\n\"a\": 1}\n"),
        // cmd, as Chrome writes it and as people do.
        (
            "curl ^\"http://h/^\" ^\r\n  -H ^\"A: 1^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":1^}^\"",
            "{\"a\":1}",
        ),
        ("curl \"http://h/\" ^\n -H \"A: 1\" ^\n -d \"{\\\"a\\\":1}\"", "{\"a\":1}"),
        ("curl ^\"http://h/^\" -H ^\"A: 1^\" --data-raw ^\"one^\n\ntwo^\"", "one\ntwo"),
        // In quotes, a caret and an operator stand for themselves.
        ("curl \"http://h/\" -H \"A: 1\" ^\n -d \"a^b|c\" ^\n -o x", "a^b|c"),
        ("curl \"http://h/\" ^\n -H \"A: 1\" ^\n -d x & echo -d y", "x"),
        ("curl \"http://h/\" -H \"A: 1\" ^\n -d \"a\"\"b\"", "a\"b"),
        ("curl \"http://h/\" -H \"A: 1\" ^\n -d \"\"", ""),
        // Chrome doubles backslashes; people do not.
        ("curl ^\"http://h/^\" -H ^\"A: 1^\" --data-raw ^\"a^\\^\\b^\"", r"a\b"),
        ("curl ^\"http://h/^\" -H ^\"A: 1^\" --data-raw ^\"a^\\b^\"", r"a\b"),
        ("curl ^\"http://h/^\" -H ^\"A: 1^\" --data-raw ^\"a^\\^\\^\\b^\\^\\c^\"", r"a\\\b\\c"),
        (
            "curl ^\"http://h/^\" -H ^\"A: 1^\" --data-raw ^\"^\\^\"a^\\^\\^\\^\\b^\\^\"^\"",
            "\"a\\\\b\"",
        ),
        // PowerShell, before 7.3 and after.
        ("curl.exe -H 'A: 1' `\n -d '{\\\"a\\\":1}' http://h/", "{\"a\":1}"),
        ("curl.exe -H 'A: 1' `\r\n -d '{\"a\":\"it''s\"}' http://h/", "{\"a\":\"it's\"}"),
        ("curl.exe -H \"A: 1\" -d \"{`\"a`\":1}\" http://h/", "{\"a\":1}"),
        ("curl -H \"A: 1\" -d \"{`\"a`\":1}\" http://h/", "{\"a\":1}"),
        ("curl.exe -H 'A: 1' -d 'it''s' http://h/", "it's"),
        ("curl -H 'A: 1' `\n -d 'it''s' http://h/", "it's"),
        ("curl.exe -H 'A: 1' -d @'\n{\"a\":\n1}\n'@ http://h/", "{\"a\":\n1}"),
        ("curl.exe -H 'A: 1' -d @\"\r\n[1]\r\n\"@ http://h/", "[1]"),
        ("curl.exe -H 'A: 1' -d @body.json http://h/", "{\"a\": 1}"),
        ("curl.exe -H 'A: 1' -d \"$5 `$x `n\" http://h/", "$5 $x \n"),
        ("curl.exe -H 'A: 1' -d '$body' http://h/", "$body"),
        ("curl.exe -H 'A: 1' -d 'a`nb' http://h/", "a`nb"),
        ("curl.exe -H 'A: 1' -d a`b`\nc http://h/", "abc"),
        ("curl.exe -H 'A: 1' -d a; echo -d b", "a"),
    ] {
        assert_eq!(body(command), expected, "{command}");
    }
    for (command, method, target) in [
        ("curl 'https://h/p?q=1' -H A:1", "GET", "/p?q=1"),
        ("curl -G https://h/p -d a=1 -d b=2 -HA:1", "GET", "/p?a=1&b=2"),
        ("curl -G 'https://h/p?x=0' -d a=1 -HA:1", "GET", "/p?x=0&a=1"),
        ("curl https://h/p --url-query a=1 --url-query 'b=c d' -HA:1", "GET", "/p?a=1&b=c+d"),
        ("curl --url https://h/p -HA:1 -d x", "POST", "/p"),
        ("curl -T body.json h/p -HA:1", "PUT", "/p"),
        ("curl -HA:1 -- -h/p", "GET", "/p"),
        ("curl -HA:1 -- --h/p", "GET", "/p"),
        ("curl h/p#f -HA:1 -I", "HEAD", "/p"),
        ("curl -XPUT h?y -HA:1 -d x", "PUT", "/?y"),
        ("curl h/p -HA:1 --connect-timeout 10 -x proxy:1 -o out", "GET", "/p"),
        ("curl -HA:1 -- h/p", "GET", "/p"),
        ("curl -HA:1 h/p --request-target /other", "GET", "/other"),
    ] {
        let capture = read(command).unwrap();
        assert_eq!(
            (capture.method.as_deref(), &*capture.target),
            (Some(method), target),
            "{command}"
        );
    }
}

#[test]
fn headers_of_curl_commands() {
    let header = |command: &str, name: &str| read(command).unwrap().header(name).map(str::to_owned);
    assert_eq!(header("curl h -u a:b", "authorization").as_deref(), Some("Basic YTpi"));
    assert_eq!(header("curl h --oauth2-bearer x", "authorization").as_deref(), Some("Bearer x"));
    assert_eq!(header("curl h -H 'A;'", "a").as_deref(), Some(""));
    assert_eq!(header("curl h -H 'A: 1;'", "a").as_deref(), Some("1;"));
    assert_eq!(header("curl h -H @headers.txt", "a").as_deref(), Some("1"));
    assert_eq!(header("curl h -H @headers.txt", "b").as_deref(), Some("2"));
    assert_eq!(header("curl h -A x", "user-agent").as_deref(), Some("x"));
    assert_eq!(header("curl h -e x", "referer").as_deref(), Some("x"));
    assert_eq!(header("curl h -b a=1", "cookie").as_deref(), Some("a=1"));
    // Without `=`, it names a file.
    assert_eq!(header("curl h -H A:1 -b jar.txt", "cookie"), None);
    assert_eq!(header("curl h -H B:1 -H 'A:'", "a"), None);
    assert_eq!(
        header("curl h -d x", "content-type").as_deref(),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(header("curl h -H B:1 --next h -H A:2", "b").as_deref(), Some("1"));
}

#[test]
fn curl_commands_that_do_not_say_what_was_sent() {
    refused(&[
        ("curl http://h/", "has no headers"),
        ("curl -H 'A: 1", "a single quote in the command is not closed"),
        ("curl -H \"A: 1", "a double quote in the command is not closed"),
        ("curl -H $'A: 1", "a $'…' in the command is broken or not closed"),
        ("curl -H", "-H has no value"),
        ("curl --header", "--header has no value"),
        ("curl -H A", "is not a header"),
        ("curl -H A:1 --data-binary @no.json", "no.json: not found"),
        ("curl -H A:1 --frobnicate", "curl has no option `--frobnicate`"),
        ("curl -H A:1 -d \"$BODY\"", "the command uses $BODY, whose value is not in it"),
        ("curl -H A:1 -d \"$(cat body.json)\"", "the command uses $(cat body.json)"),
        ("curl -H A:1 -F a=@b", "the command sends a form"),
        ("curl -H A:1 -K conf", "takes options from a file"),
        ("echo '{}' | curl -H A:1 -d @-", "takes its body from another command"),
        ("curl -H A:1 -d @-", "takes its body from standard input"),
        ("curl -Uri http://h/ -Method POST", "Invoke-WebRequest"),
        ("curl.exe -H 'A: 1' -d \"$body\" http://h/", "a variable of PowerShell"),
        ("curl.exe -H 'A: 1' -d \"$(date)\" http://h/", "a variable of PowerShell"),
        ("curl.exe -H 'A: 1' -d \"${body}\" http://h/", "a variable of PowerShell"),
    ]);
    let plain = Reader::new().read(b"curl -H A:1 -d @/etc/passwd h").unwrap_err().to_string();
    assert!(plain.contains("opened only when asked for"), "{plain}");
    let given = Reader::new().body("{}").read(b"curl -H A:1 -d @/etc/passwd h").unwrap();
    assert_eq!(given.body, b"{}");
}

#[test]
fn har_archives() {
    let request = |method: &str, data: &str| {
        format!(
            r#"{{"method":"{method}","url":"http://h/?q=1","headers":[{{"name":"A","value":"1"}}],"queryString":[{{"name":"q","value":"1"}}],"cookies":null{data}}}"#
        )
    };
    let post = request("POST", r#","postData":{"mimeType":"x","text":"{}","params":null}"#);
    let coded = request("POST", r#","postData":{"text":"e30=","encoding":"base64"}"#);
    let entry = format!(
        r#"{{"startedDateTime":"t","request":{post},"response":{{"headers":[{{"name":"B","value":"2"}}]}}}}"#
    );
    for text in [&post, &coded, &entry, &format!(r#"{{"log":{{"entries":[{entry}]}}}}"#)] {
        let capture = read(text).unwrap();
        assert_eq!((&*capture.body, capture.query()), (&b"{}"[..], "q=1"), "{text}");
        assert_eq!(capture.headers.len(), 1);
    }
    assert_eq!(body(request("POST", "")), "");
    assert_eq!(body(request("POST", r#","postData":null"#)), "");
    assert_eq!(body(request("POST", r#","postData":{"mimeType":"x"}"#)), "");
    // The first with a signature, or the first POST, or the one that is asked for.
    let get = request("GET", "");
    let archive = format!(r#"{{"log":{{"entries":[{{"request":{get}}},{{"request":{post}}}]}}}}"#);
    assert_eq!(read(&archive).unwrap().method.as_deref(), Some("POST"));
    let first = Reader::new().entry(1).read(archive.as_bytes()).unwrap();
    assert_eq!(first.method.as_deref(), Some("GET"));
    let signed = archive.replacen("\"A\"", "\"sign\"", 1);
    assert_eq!(read(&signed).unwrap().method.as_deref(), Some("GET"));
    let none = Reader::new().entry(3).read(archive.as_bytes()).unwrap_err().to_string();
    assert_eq!(none, "there is no entry 3; the capture has 2");
    refused(&[
        (r#"{"log":{"entries":[]}}"#, "the JSON has no request in it"),
        (&coded.replace("e30=", "%"), "said to be base64"),
        ("{\n", "not JSON (line 2)"),
        ("{}", "the JSON has no request in it"),
        (r#"{"a":1,"b":2}"#, "it has a, b"),
    ]);
}

/// Each recorder's way to write the same request.
#[test]
fn other_json() {
    let raw = r#"POST /h?q=1 HTTP/1.1\r\nX-Trustoo-Signature: 00\r\n\r\n{\"a\":1}"#;
    let raw: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
    let ngrok = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, raw);
    for (what, json) in [
        ("API Gateway 1", r#"{"httpMethod":"POST","path":"/h","headers":{"X-Trustoo-Signature":"00"},"multiValueHeaders":{"X-Trustoo-Signature":["00"]},"queryStringParameters":{"q":"1"},"multiValueQueryStringParameters":{"q":["1"]},"body":"{\"a\":1}","isBase64Encoded":false}"#.to_owned()),
        ("API Gateway 2", r#"{"version":"2.0","rawPath":"/h","rawQueryString":"q=1","headers":{"x-trustoo-signature":"00"},"requestContext":{"http":{"method":"POST"}},"body":"eyJhIjoxfQ==","isBase64Encoded":true}"#.to_owned()),
        ("webhook.site", r#"{"uuid":"u","method":"POST","url":"https://w/h?q=1","headers":{"x-trustoo-signature":["00"]},"query":{"q":"1"},"content":"{\"a\":1}"}"#.to_owned()),
        ("ngrok", format!(r#"{{"requests":[{{"id":"r","request":{{"method":"POST","uri":"/h?q=1","headers":{{"X-Trustoo-Signature":["00"]}},"raw":"{ngrok}"}},"response":{{"raw":"{ngrok}"}}}}]}}"#)),
        ("Express", r#"{"method":"POST","originalUrl":"/h?q=1","headers":{"x-trustoo-signature":"00"},"body":{"a":1}}"#.to_owned()),
        ("Express, raw", r#"{"method":"POST","url":"/h?q=1","rawHeaders":["X-Trustoo-Signature","00","A","1"],"headers":{},"rawBody":{"type":"Buffer","data":[123,34,97,34,58,49,125]},"body":{"b":2}}"#.to_owned()),
        ("Postman", r#"{"info":{},"item":[{"name":"x","item":[{"request":{"method":"POST","header":[{"key":"X-Trustoo-Signature","value":"00","disabled":false},{"key":"off","value":"1","disabled":true}],"body":{"mode":"raw","raw":"{\"a\":1}"},"url":{"raw":"https://h/h?q=1","query":[{"key":"q","value":"1"}]}}}]}]}"#.to_owned()),
        ("Lambda at the edge", r#"{"Records":[{"cf":{"request":{"method":"POST","uri":"/h","querystring":"q=1","headers":{"x-trustoo-signature":[{"key":"X","value":"00"}]},"body":{"action":"read-only","data":"eyJhIjoxfQ==","encoding":"base64"}}}}]}"#.to_owned()),
        ("smee", r#"{"x-trustoo-signature":"00","url":"/h?q=1","method":"POST","body":{"a":1},"query":{}}"#.to_owned()),
        ("Sentry", r#"{"request":{"method":"POST","url":"https://h/h","query_string":"q=1","data":"{\"a\":1}","headers":[["X-Trustoo-Signature","00"]]}}"#.to_owned()),
        ("header lines", r#"[{"method":"POST","path":"/h","query":"?q=1","headers":"X-Trustoo-Signature: 00\r\nA: b","payload":"{\"a\":1}"}]"#.to_owned()),
        ("a list of lines", r#"{"method":"POST","url":"/h?q=1","headers":["X-Trustoo-Signature: 00","A: b"],"body":"{\"a\":1}"}"#.to_owned()),
        ("a list of parameters", r#"{"method":"POST","url":"/h","query":[{"name":"q","value":"1"}],"headers":{"X-Trustoo-Signature":"00"},"body":"{\"a\":1}"}"#.to_owned()),
        ("the body in the second field", r#"{"method":"POST","url":"/h?q=1","headers":{"X-Trustoo-Signature":"00"},"rawBody":"","body":"{\"a\":1}"}"#.to_owned()),
        ("Charles", r#"[{"status":"COMPLETE","method":"POST","path":"/h","query":"q=1","request":{"sizes":{},"header":{"firstLine":"POST /h?q=1 HTTP/1.1","headers":[{"name":"X-Trustoo-Signature","value":"00"}]},"body":{"text":"{\"a\":1}","charset":"utf-8"}},"response":{}}]"#.to_owned()),
        ("indented", "{\n  \"method\": \"POST\",\n  \"url\": \"/h?q=1\",\n  \"headers\": {\n    \"X-Trustoo-Signature\": \"00\"\n  },\n  \"body\": {\n    \"a\": 1\n  }\n}".to_owned()),
    ] {
        let capture = read(&json).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(capture.header("x-trustoo-signature"), Some("00"), "{what}");
        assert_eq!(String::from_utf8_lossy(&capture.body), r#"{"a":1}"#, "{what}");
        assert_eq!((capture.method.as_deref(), &*capture.target), (Some("POST"), "/h?q=1"), "{what}");
    }
    let env = r#"{"REQUEST_METHOD":"POST","REQUEST_URI":"/h","HTTP_X_TRUSTOO_SIGNATURE":"00","body":"{}"}"#;
    assert_eq!(read(env).unwrap().header("HTTP_X_TRUSTOO_SIGNATURE"), Some("00"));
    assert_eq!(read(env).unwrap().header("body"), None);
    let repeated = r#"{"path":"/h","headers":{"sign":"0"},"multiValueQueryStringParameters":{"q":["1","a b"]},"body":""}"#;
    assert_eq!(read(repeated).unwrap().target, "/h?q=1&q=a%20b");
    assert!(!read(r#"{"headers":{"sign":"0"},"body":{"a":1}}"#).unwrap().is_exact);
    // What is no name of a header is none.
    let odd = r#"{"headers":{"Sign":"0","no name":"1","":"2"},"body":""}"#;
    assert_eq!(read(odd).unwrap().headers.len(), 1);
    let odd = r#"{"rawHeaders":["Sign","0","no name","1","","2"],"body":""}"#;
    assert_eq!(read(odd).unwrap().headers.len(), 1);
    // A header that came twice stays two.
    let twice = r#"{"headers":{"Sign":"0","sign":"1"},"body":""}"#;
    assert_eq!(read(twice).unwrap().headers.len(), 2);
    refused(&[
        (r#"{"headers":{"sign":"0"}}"#, "but not the body that was sent"),
        (
            r#"{"headers":{"sign":"0"},"body":{"mode":"formdata","formdata":[]}}"#,
            "the body in pieces",
        ),
    ]);
    assert_eq!(Reader::new().body("{}").read(br#"{"headers":{"sign":"0"}}"#).unwrap().body, b"{}");
    assert!(read("[".repeat(200)).unwrap_err().contains("less nesting"));
    assert!(read(format!("[{}1]", "1,".repeat(600_000))).unwrap_err().contains("too many values"));
}

#[test]
fn what_curl_prints() {
    let text = "* Connected\n> GET /x?a=1 HTTP/2\n> Host: h\n> Sign: 00\n> \n* ok\n< HTTP/2 200\n< sign: 11\n< \n{}";
    let capture = read(text).unwrap();
    assert_eq!((capture.method.as_deref(), &*capture.target), (Some("GET"), "/x?a=1"));
    assert_eq!((capture.header("sign"), &*capture.body), (Some("00"), &b""[..]));
    let post = text.replace("GET", "POST");
    assert!(
        read(&post)
            .unwrap_err()
            .contains("this is what `curl -v` prints, 2 headers, but not the body")
    );
    assert_eq!(Reader::new().body("{}").read(post.as_bytes()).unwrap().body, b"{}");
}

/// Real curl sends the same bytes that are read from the command.
/// In place of curl, bash runs a function that prints the body.
#[test]
fn words_are_those_of_bash() {
    const CURL: &str = r#"exec 3>&1
curl() {
    while (($#)); do
        case $1 in
            --data-raw) printf %s "$2" >&3; return ;;
            @-) cat >&3; return ;;
        esac
        shift
    done
}
"#;
    // macOS has bash 3, which lacks some of it.
    let recent = Command::new("bash").args(["-c", "((BASH_VERSINFO >= 5))"]).status();
    if !recent.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "bash 5 is not installed");
        eprintln!("skipped: bash 5 is not installed");
        return;
    }
    let raw = [
        r"a#b",
        "a # --data-raw b",
        r"a\ b\#\$c",
        "a\\\nb",
        "\"a\\\nb\"",
        r#""a\\b\"c\`d\q\n\$e""#,
        r#""$ a$""#,
        "a$",
        r#"$"a b""#,
        r#""$'a'""#,
        r"$'\x41\u00e9\101\1012\0\?\q\'\\\a\e\v'",
        r"$'\x4142\u00e9a\xff\U0001f6000'",
        r"$'\x9\xzz\u41\uzz\ca\c[\777'",
        r"$'\b\f\n\r\t\E\U1f600'",
        "'a'\"b\"c$'d'",
        "a 2>/dev/null",
        "a2>/dev/null",
        "2>/dev/null a",
        "a>/dev/null 2>&1",
        "a >|/dev/null",
        "a&>/dev/null",
        "a &>>/dev/null -o b",
        "a&&true",
        "a||true",
        "a|cat",
        "a|&cat",
        "a;true",
        "a&wait",
    ];
    let whole = [
        "B=1; curl -H A:1 --data-raw \"${B}2$B\"3$B",
        "A=1 && B=2 && curl -H A:1 --data-raw $A$B",
        "B='a b'\nexport C_2=\"$B\"\nD=$B\ncurl -H A:1 --data-raw \"$C_2$D\"",
        "A=1 B=2\ncurl -H A:1 --data-raw $A$B",
        "B=1\nB=2\ncurl -H A:1 --data-raw $B",
        "curl -H A:1 --data-binary @- <<EOF\n{\"a\":\n \t1}\nEOF\n",
        "B=1\ncurl -H A:1 --data-binary @- <<EOF | cat\n$B \\$B \\\\ \\\" \"'$B'\" a\\\nb\nEOF\n",
        "B=1\ncurl -H A:1 --data-binary @- <<'EOF'\n$B `x` \\$B \\\\\nEOF\n",
        "B=1\ncurl -H A:1 --data-binary @- << \"E F\"\n$B\nE F\n",
        "B=1\ncurl -H A:1 --data-binary @- <<\\EOF\n$B\nEOF\n",
        "curl -H A:1 --data-binary @- <<-EOF\n\t{\n\t  \t1}\n\tEOF\n",
        "B=1\ncurl -H A:1 --data-binary @- <<<\"$B\"",
        "curl -H A:1 --data-binary @- <<< a",
    ];
    let raw = raw.map(|word| format!("curl -H A:1 --data-raw {word}"));
    for command in raw.iter().map(String::as_str).chain(whole) {
        let bash =
            Command::new("bash").args(["-c", &format!("{CURL}{command}\n")]).output().unwrap();
        assert!(bash.status.success() && !bash.stdout.is_empty(), "{command}: {bash:?}");
        let capture = read(command).unwrap_or_else(|error| panic!("{error}: {command}"));
        let [read, ran] = [&capture.body, &bash.stdout].map(|body| body.escape_ascii().to_string());
        assert_eq!(read, ran, "{command}");
    }
    // What only the shell knows is not made up.
    for unknown in ["\"$B\"", "$1", "\"$?\"", "`date`", "${B:-1}", "$(date)"] {
        let raw = format!("curl -H A:1 --data-raw {unknown}");
        let here = format!("curl -H A:1 -d @- <<< {unknown}");
        let document = format!("curl -H A:1 -d @- <<EOF\n{}\nEOF", unknown.replace('"', ""));
        for command in [raw, here, document] {
            let error = read(&command).expect_err(&command);
            assert!(error.contains("the command uses"), "{command}: {error}");
        }
    }
}

#[test]
fn curl_sends_what_is_read() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        eprintln!("skipped: curl is not installed");
        return;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let handed =
        ["joined_flags", "joined_header", "octal", "get_data", "option_after_url", "piped"];
    let handed = handed
        .map(|name| fs::read_to_string(folder("handed").join(format!("{name}.curl"))).unwrap());
    let own = [
        "curl http://h/p -H A:1 --json '{' --json '}'",
        "curl http://h/p?x=0 -H A:1 -G -d 'a=b%20c' --data-urlencode 'd=e f&g'",
        "curl http://h/p -H A:1 --url-query 'a=b c' --url-query +d=e",
        "curl http://h/p -H A:1 -d a=1 -d '' -d =2 --data-raw @x --data-urlencode '=é ü'",
        "curl http://h/p -H A:1 -H 'B;' -H 'C:' -u a:b -X PATCH -d x",
        r#"curl http://h/p -sSH A:1 --data-binary @- <<< '{"a":  1}'"#,
        "curl http://h/p -H A:1 -d @- <<'EOF'\n{\n \"a\": 1}\nEOF\n",
        r#"curl http://h/p -H A:1 -d $'\x7b\175\u00e9\U0001f600\'\"\\' | cat"#,
        r#"curl http://h/p -H A:1 -d "\"q\" \\ \/ \n""#,
        "curl http://h -H A:1 -I",
    ];
    for command in handed.iter().map(String::as_str).chain(own) {
        let capture = read(command).unwrap();
        // The same command, to this server.
        let here = ["https://h/", "https://rapi.trustoo.io/", "http://h/"]
            .iter()
            .fold(command.to_owned(), |text, url| {
                text.replace(url, &format!("http://127.0.0.1:{port}/"))
            });
        let here =
            here.replace("http://h ", &format!("http://127.0.0.1:{port} ")).replace("| jq .", "");
        let mut child = Command::new("bash")
            .args(["-c", &here])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) if child.try_wait().unwrap().is_none() => {
                    thread::sleep(Duration::from_millis(2));
                }
                // It may have connected before it ended.
                Err(_) => match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(error) => panic!("curl sent nothing ({error}): {here}"),
                },
            }
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let seen = receive(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        drop(stream);
        child.wait().unwrap();
        let sent = read(&seen).unwrap();
        assert_eq!(sent.method, capture.method, "{command}");
        assert_eq!(sent.target, capture.target, "{command}");
        assert_eq!(sent.body, capture.body, "{command}");
        for (name, value) in &capture.headers {
            let sent = sent.header(name).map(str::as_bytes);
            assert_eq!(sent, Some(&**value), "{command}: {name}");
        }
    }
}

/// A whole request off the wire.
fn receive(stream: &mut impl Read) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).unwrap();
        seen.extend_from_slice(&piece[..length]);
        let head = seen.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
            let length = text
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            if seen.len() >= head + 4 + length {
                return seen;
            }
        }
        assert!(length > 0, "the connection ended early");
    }
}
