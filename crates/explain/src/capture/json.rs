//! JSON with a request in it, from any recorder.
//!
//! Recorders agree on little more than that a request has headers and a body, so that is what is
//! looked for: an object with headers, and beside them the body, the method and the URL under the
//! names that are in use.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Beside the body in what Postman, HAR archives, Lambda at the edge and Charles write.
const OF_WRAPPERS: [&str; 6] = ["mode", "mimeType", "encoding", "action", "charset", "params"];

use self::document::{Kind, Map, Value};
use super::{Capture, CaptureError, Reader, body_of, http, text::shown};
use crate::{header::is_token, scheme::SchemeName};

mod document;

type Result<T> = std::result::Result<T, CaptureError>;

/// More requests than this in one file are not looked at.
const MAX_REQUESTS: usize = 10_000;

const HEADERS: [&str; 8] = [
    "multiValueHeaders",
    "rawHeaders",
    "headers",
    "header",
    "requestHeaders",
    "request_headers",
    "headersMap",
    "http_headers",
];
const BODIES: [&str; 14] = [
    "rawBody",
    "raw_body",
    "bodyRaw",
    "body_raw",
    "rawRequestBody",
    "body",
    "postData",
    "content",
    "requestBody",
    "request_body",
    "data",
    "payload",
    "rawData",
    "text",
];
const METHODS: [&str; 5] =
    ["method", "httpMethod", "http_method", "requestMethod", "REQUEST_METHOD"];
const URLS: [&str; 8] =
    ["rawPath", "originalUrl", "original_url", "url", "uri", "requestUri", "REQUEST_URI", "path"];
const QUERIES: [&str; 9] = [
    "rawQueryString",
    "queryString",
    "query_string",
    "querystring",
    "QUERY_STRING",
    "multiValueQueryStringParameters",
    "queryStringParameters",
    "query",
    "parameters",
];

/// The characters that a parameter must not hold unescaped.
const PARAMETER: &AsciiSet = &CONTROLS.add(b' ').add(b'&').add(b'=').add(b'+').add(b'%').add(b'#');

/// Every request of a document, in order.
pub(super) fn read(text: &[u8], reader: &Reader<'_>) -> Result<Vec<Result<Capture>>> {
    let text = str::from_utf8(text).map_err(|error| {
        CaptureError::new(format!("the JSON is not UTF-8 from byte {} on", error.valid_up_to()))
    })?;
    let document = document::read(text)?;
    let mut requests = Vec::new();
    find(&document, reader, &mut requests);
    if requests.is_empty() {
        let keys: Vec<_> = match &document.kind {
            Kind::Map(entries) => entries.iter().take(8).map(|(key, _)| shown(key)).collect(),
            _ => Vec::new(),
        };
        let has = match keys.as_slice() {
            [] => String::new(),
            keys => format!(" (it has {})", keys.join(", ")),
        };
        return Err(CaptureError::new(format!(
            "the JSON has no request in it: an object with `headers` and a body is expected, as in \
             a HAR archive, a gateway's event or a request inspector's export{has}"
        )));
    }
    Ok(requests)
}

fn find(value: &Value<'_>, reader: &Reader<'_>, requests: &mut Vec<Result<Capture>>) {
    if requests.len() >= MAX_REQUESTS {
        return;
    }
    match &value.kind {
        Kind::List(items) => items.iter().for_each(|item| find(item, reader, requests)),
        Kind::Map(entries) => {
            let map = Map(entries);
            match request(map, reader) {
                Some(request) => requests.push(request),
                None => entries
                    .iter()
                    .filter(|(key, _)| !matches!(&**key, "response" | "responses"))
                    .for_each(|(_, value)| find(value, reader, requests)),
            }
        }
        _ => {}
    }
}

/// The requests of a log with a JSON document to each line, with or without words before it.
pub(super) fn read_lines(text: &[u8], reader: &Reader<'_>) -> Option<Vec<Result<Capture>>> {
    let mut requests = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b'{');
        let document = at.and_then(|at| line.get(at..));
        requests.extend(document.and_then(|text| read(text, reader).ok()).into_iter().flatten());
    }
    (!requests.is_empty()).then_some(requests)
}

/// The request that an object is, if it is one.
fn request(map: Map<'_, '_>, reader: &Reader<'_>) -> Option<Result<Capture>> {
    // Tunnels and logs keep the whole of it.
    let text = map.text(&["raw", "log", "message"]).unwrap_or_default();
    let decoded = BASE64_STANDARD.decode(text).unwrap_or_default();
    let is_whole = |raw: &&[u8]| {
        http::is_start(raw.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii())
    };
    if let Some(raw) = [&*decoded, text.as_bytes()].into_iter().find(is_whole) {
        return Some(http::read(raw));
    }
    let mut capture = Capture::default();
    let named = HEADERS.iter().filter_map(|name| map.get(name));
    let headers =
        named.map(|value| headers(value, &mut capture)).find(|headers| !headers.is_empty());
    capture.headers = match headers {
        Some(headers) => headers,
        None => bare_headers(map)?,
    };
    let context = map.get("requestContext").and_then(Value::as_map);
    let http = context.and_then(|context| context.get("http")).and_then(Value::as_map);
    let method = map
        .text(&METHODS)
        .or_else(|| http.and_then(|http| http.text(&["method"])))
        .or_else(|| context.and_then(|context| context.text(&["httpMethod"])));
    if let Some(method) = method {
        capture.method = Some(method.to_ascii_uppercase());
    }
    let target = target(map);
    if !target.is_empty() {
        capture.target = target;
    }
    Some(match body(map) {
        Body::Bytes(bytes) => Ok(Capture { body: bytes, ..capture }),
        Body::Parsed(text) => Ok(Capture { body: text.into_bytes(), is_exact: false, ..capture }),
        Body::Bad(problem) => Err(CaptureError::new(problem)),
        Body::Missing if map.get("queryString").is_some() || map.get("cookies").is_some() => {
            // A HAR archive leaves out an empty body.
            Ok(capture)
        }
        Body::Missing => body_of(capture, reader.body.clone(), "the JSON has a request's headers"),
    })
}

/// Headers in any of the forms that recorders give them.
fn headers(value: &Value<'_>, capture: &mut Capture) -> Vec<(String, Vec<u8>)> {
    let mut headers = Vec::new();
    match &value.kind {
        Kind::Map(entries) => {
            let map = Map(entries);
            // Charles'.
            if let Some(inner) = map.get("headers").filter(|inner| inner.scalar().is_none()) {
                let line = map.text(&["firstLine"]).unwrap_or_default();
                if let Ok(Some((method, target))) = http::request_line(line.as_bytes()) {
                    (capture.method, capture.target) = (Some(method), target);
                }
                return self::headers(inner, capture);
            }
            for (name, value) in entries {
                match (name.strip_prefix(':'), value.scalar()) {
                    (Some("method"), Some(method)) => capture.method = Some(method),
                    (Some("path"), Some(path)) => capture.target = path,
                    (Some(_), _) => {}
                    (None, _) => push(&mut headers, name, value),
                }
            }
        }
        // Lines.
        Kind::Text(text) => {
            let mut read = Capture::default();
            for line in text.lines() {
                let _ = http::header_line(line.trim().as_bytes(), &mut read);
            }
            headers = read.headers;
        }
        Kind::List(items) => {
            // `[name, value, name, value]`, as Node keeps them.
            let texts: Vec<_> = items.iter().filter_map(Value::as_text).collect();
            if texts.len() == items.len() && !texts.iter().any(|text| text.contains(": ")) {
                for pair in texts.chunks_exact(2) {
                    if let [name, value] = pair
                        && is_token(name)
                    {
                        headers.push(((*name).to_owned(), value.trim().into()));
                    }
                }
                return headers;
            }
            for item in items {
                match &item.kind {
                    Kind::Text(line) => {
                        let mut read = Capture::default();
                        let _ = http::header_line(line.trim().as_bytes(), &mut read);
                        headers.append(&mut read.headers);
                    }
                    Kind::List(pair) => {
                        if let [name, value] = pair.as_slice()
                            && let Some(name) = name.as_text()
                        {
                            push(&mut headers, name, value);
                        }
                    }
                    Kind::Map(entries) => {
                        let map = Map(entries);
                        let is_off = map.get("disabled").is_some_and(|off| off.raw == "true");
                        if let Some(name) = map.text(&["name", "key"])
                            && let Some(value) = map.get("value").filter(|_| !is_off)
                        {
                            match name.strip_prefix(':') {
                                Some("method") => capture.method = value.scalar(),
                                Some("path") => {
                                    capture.target = value.scalar().unwrap_or_default();
                                }
                                Some(_) => {}
                                None => push(&mut headers, name, value),
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    headers
}

/// One header, with as many values as it has.
fn push(headers: &mut Vec<(String, Vec<u8>)>, name: &str, value: &Value<'_>) {
    if !is_token(name) {
        return;
    }
    match &value.kind {
        Kind::List(values) => values.iter().for_each(|value| push(headers, name, value)),
        // Lambda at the edge.
        Kind::Map(entries) => {
            if let Some(value) = Map(entries).get("value") {
                push(headers, name, value);
            }
        }
        _ => {
            if let Some(value) = value.scalar() {
                headers.push((name.to_owned(), value.trim().into()));
            }
        }
    }
}

/// The headers of a recorder that writes them beside the body, or as a CGI environment.
fn bare_headers(map: Map<'_, '_>) -> Option<Vec<(String, Vec<u8>)>> {
    let is_signature = |(name, _): &(String, _)| SchemeName::has_signature_name(name);
    map.0.iter().any(is_signature).then(|| {
        let mut headers = Vec::new();
        for (name, value) in map.0 {
            if value.scalar().is_some() && !BODIES.contains(&&**name) {
                push(&mut headers, name, value);
            }
        }
        headers
    })
}

/// The path and the query.
fn target(map: Map<'_, '_>) -> String {
    let url = URLS.iter().find_map(|name| map.get(name)).map(|value| match &value.kind {
        // Postman's.
        Kind::Map(entries) => Map(entries).text(&["raw", "url"]).unwrap_or_default().to_owned(),
        _ => value.scalar().unwrap_or_default(),
    });
    let mut target = url.unwrap_or_default();
    if let Some((_, rest)) = target.split_once("://") {
        target = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at).1.to_owned(),
            None => "/".to_owned(),
        };
    }
    if let Some(at) = target.find('#') {
        target.truncate(at);
    }
    if target.contains('?') {
        return target;
    }
    // A load balancer hands the parameters over as they were sent.
    let context = map.get("requestContext").and_then(Value::as_map);
    let is_encoded = context.is_some_and(|context| context.get("elb").is_some());
    let query = QUERIES.iter().filter_map(|name| map.get(name)).find_map(|value| {
        let query = match &value.kind {
            Kind::Text(query) => query.strip_prefix('?').unwrap_or(query).to_owned(),
            Kind::Map(entries) => parameters(entries, is_encoded),
            Kind::List(items) => {
                let pairs: Vec<_> = items
                    .iter()
                    .filter_map(Value::as_map)
                    .filter_map(|map| {
                        Some((map.text(&["name", "key"])?.to_owned(), map.get("value")?.clone()))
                    })
                    .collect();
                // A HAR archive has them in the URL too, and there as they were sent.
                parameters(&pairs, is_encoded)
            }
            _ => String::new(),
        };
        Some(query).filter(|query| !query.is_empty())
    });
    if let Some(query) = query {
        target.push('?');
        target.push_str(&query);
    }
    target
}

/// Parameters that a recorder decoded.
fn parameters(entries: &[(String, Value<'_>)], is_encoded: bool) -> String {
    let encode = |text: &str| {
        if is_encoded { text.to_owned() } else { utf8_percent_encode(text, PARAMETER).to_string() }
    };
    let mut pieces = Vec::new();
    for (name, value) in entries {
        let values = match &value.kind {
            Kind::List(values) => values.iter().collect(),
            _ => vec![value],
        };
        for value in values.into_iter().filter_map(Value::scalar) {
            pieces.push(format!("{}={}", encode(name), encode(&value)));
        }
    }
    pieces.join("&")
}

enum Body {
    Bytes(Vec<u8>),
    /// The recorder parsed it, so its spelling is the recorder's.
    Parsed(String),
    Bad(String),
    Missing,
}

fn body(map: Map<'_, '_>) -> Body {
    let says_base64 = ["isBase64Encoded", "is_base64_encoded", "base64Encoded", "isBase64"]
        .iter()
        .any(|name| map.get(name).is_some_and(|value| value.raw == "true"))
        || ["bodyEncoding", "body_encoding", "contentEncoding", "encoding"]
            .iter()
            .any(|name| map.text(&[name]) == Some("base64"));
    let mut empty = None;
    for name in BODIES {
        let Some(value) = map.get(name) else { continue };
        match whole(value, says_base64, name == "postData") {
            // Another field may have it.
            Body::Bytes(bytes) if bytes.is_empty() => empty = Some(Body::Bytes(bytes)),
            Body::Missing => {}
            body => return body,
        }
    }
    empty.unwrap_or(Body::Missing)
}

fn whole(value: &Value<'_>, says_base64: bool, is_post_data: bool) -> Body {
    let decoded = |text: &str| match BASE64_STANDARD.decode(text.trim()) {
        Ok(bytes) => Body::Bytes(bytes),
        Err(_) => Body::Bad("the body is said to be base64 and is not".to_owned()),
    };
    match &value.kind {
        Kind::Null => Body::Bytes(Vec::new()),
        Kind::Text(text) if says_base64 => decoded(text),
        Kind::Text(text) => Body::Bytes(text.clone().into_bytes()),
        Kind::Map(entries) => {
            let map = Map(entries);
            // Node's Buffer.
            if map.text(&["type"]) == Some("Buffer")
                && let Some(Kind::List(items)) = map.get("data").map(|data| &data.kind)
            {
                let bytes = items.iter().map(|item| item.raw.parse().ok());
                return match bytes.collect::<Option<Vec<u8>>>() {
                    Some(bytes) => Body::Bytes(bytes),
                    None => Body::Bad("a Buffer in the JSON holds what is no byte".to_owned()),
                };
            }
            let is_base64 = says_base64 || map.text(&["encoding"]) == Some("base64");
            let is_wrapper =
                is_post_data || entries.iter().any(|(name, _)| OF_WRAPPERS.contains(&&**name));
            if is_wrapper {
                if let Some(encoded) = map.text(&["encoded"]) {
                    return decoded(encoded);
                }
                return match map.text(&["raw", "text", "data"]) {
                    Some(text) if is_base64 => decoded(text),
                    Some(text) => Body::Bytes(text.as_bytes().to_vec()),
                    None if is_post_data && map.get("params").is_none() => Body::Bytes(Vec::new()),
                    None => Body::Bad(
                        "the capture has the body in pieces, as a form; the bytes that were signed \
                         are not in it"
                            .to_owned(),
                    ),
                };
            }
            Body::Parsed(document::compact(value.raw))
        }
        Kind::List(_) => Body::Parsed(document::compact(value.raw)),
        Kind::Plain => Body::Missing,
    }
}
