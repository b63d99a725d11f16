//! Requests as they stand on the wire, or nearly so.

use super::{Capture, CaptureError, body_of, text::shown};

type Result<T> = std::result::Result<T, CaptureError>;

/// A request line and headers, or headers alone, then a blank line and the body.
pub(super) fn read(text: &[u8]) -> Result<Capture> {
    let (mut capture, rest) = head(text)?;
    capture.body = body(&capture, rest);
    Ok(capture)
}

/// All requests of a text. Answers are skipped. So is what editors have between requests: lines of
/// `###`, and programs for the answer.
pub(super) fn read_all(text: &[u8]) -> Vec<Result<Capture>> {
    let mut requests = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (message, others) = first_message(rest);
        rest = others;
        let message = match message.strip_prefix(b"###") {
            Some(titled) => titled.get(line_end(titled)..).unwrap_or_default(),
            None => message,
        };
        let is_of_answer = message.starts_with(b"HTTP/") || message.starts_with(b"> {%");
        let is_answer = is_of_answer && !requests.is_empty();
        if !message.trim_ascii().is_empty() && !is_answer {
            requests.push(read(message));
        }
    }
    if requests.is_empty() { vec![read(text)] } else { requests }
}

/// How many lines are looked at as the start of another message.
const STARTS: usize = 16;

/// The first message, without the line breaks after it, and the rest. It ends before a line that starts
/// another message, if its body up to there is JSON or empty. Any other body may hold such a line.
fn first_message(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut at, mut starts) = (line_end(text), 0..STARTS);
    for line in text.get(at..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        let is_answer = bare.starts_with(b"HTTP/1.") || bare.starts_with(b"HTTP/2 ");
        let is_editors = bare.starts_with(b"###") || bare.starts_with(b"> {%");
        if (is_answer || is_editors || is_start(bare))
            && starts.next().is_some()
            && let Some((message, rest)) = text.split_at_checked(at)
        {
            let message = message.trim_ascii_end();
            let body = head(message).map_or(&b""[..], |(_, body)| body);
            let is_whole = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
            if body.is_empty() || is_whole {
                return (message, rest);
            }
        }
        at = at.saturating_add(line.len());
    }
    (text, b"")
}

/// Whether a line starts a request, with its version.
pub(super) fn is_start(line: &[u8]) -> bool {
    line.windows(6).any(|window| window == b" HTTP/") && matches!(request_line(line), Ok(Some(_)))
}

/// Where the first line that is not blank ends.
fn line_end(text: &[u8]) -> usize {
    let blank = text.len().saturating_sub(text.trim_ascii_start().len());
    let rest = text.get(blank..).unwrap_or_default();
    let length =
        rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at.saturating_add(1));
    blank.saturating_add(length)
}

/// The request line, if there is one, and the headers; gives what follows the blank line.
pub(super) fn head(text: &[u8]) -> Result<(Capture, &[u8])> {
    let mut capture = Capture::default();
    let mut rest = text;
    let (mut number, mut started) = (0_usize, false);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        number = number.saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            if started {
                break;
            }
            continue;
        }
        if !started && let Some((method, target)) = request_line(line)? {
            capture.method = Some(method);
            capture.target = target;
        } else {
            let said = |problem| CaptureError::new(format!("line {number} {problem}"));
            header_line(line, &mut capture).map_err(said)?;
        }
        started = true;
    }
    if capture.headers.is_empty() {
        return Err(CaptureError::new(
            "there are no headers; a request line, header lines, a blank line and the body are \
             expected, or a curl command, a HAR archive or other JSON with headers and a body",
        ));
    }
    Ok((capture, rest))
}

/// The method and the target, with or without a version after them.
pub(super) fn request_line(line: &[u8]) -> Result<Option<(String, String)>> {
    if line.starts_with(b"HTTP/") {
        return Err(CaptureError::new(
            "this is an answer, not a request: it starts with a status line; capture what the \
             sender sent",
        ));
    }
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let (method, target) = match words.as_slice() {
        [method, target] => (method, target),
        [method, target, version] if version.starts_with(b"HTTP/") => (method, target),
        _ => return Ok(None),
    };
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
    let is_target = target.starts_with(b"/") || target.starts_with(b"http") || *target == b"*";
    Ok((is_method && is_target).then(|| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(method), text(target))
    }))
}

/// One header, or one of the pseudo-headers of HTTP/2.
pub(super) fn header_line(line: &[u8], capture: &mut Capture) -> std::result::Result<(), String> {
    if let Some(pseudo) = line.strip_prefix(b":") {
        let mut parts = pseudo.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = String::from_utf8_lossy(parts.next().unwrap_or_default().trim_ascii());
        match name {
            b"method" => capture.method = Some(value.into_owned()),
            b"path" => capture.target = value.into_owned(),
            _ => {}
        }
        return Ok(());
    }
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("continues the header before it; write that header on one line".to_owned());
    }
    let mut parsed = [httparse::EMPTY_HEADER; 1];
    let whole = [line, b"\r\n\r\n"].concat();
    match httparse::parse_headers(&whole, &mut parsed) {
        Ok(httparse::Status::Complete((_, [header]))) => {
            capture.headers.push((header.name.to_owned(), header.value.trim_ascii().to_vec()));
            Ok(())
        }
        _ if matches!(line.first(), Some(b'{' | b'[')) => {
            Err("looks like the body: a blank line is missing before it".to_owned())
        }
        _ => Err(format!(
            "is not a header (a name, a colon and a value are expected): {}",
            shown(line)
        )),
    }
}

/// The body among the bytes after the head. A length or chunks count only if they account for all of
/// them: recorders leave headers that no longer apply.
fn body(capture: &Capture, rest: &[u8]) -> Vec<u8> {
    if capture.has("transfer-encoding", "chunked")
        && let Some(body) = unchunked(rest)
    {
        return body;
    }
    let announced = capture.header("content-length").and_then(|length| length.trim().parse().ok());
    match announced.and_then(|length| rest.split_at_checked(length)) {
        // Editors add line breaks after the body.
        Some((body, rest)) if rest.trim_ascii().is_empty() => body.to_vec(),
        _ => rest.to_vec(),
    }
}

/// The content of chunks that go to the end of the text.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            _ => lenient_size(rest)?,
        };
        rest = rest.get(start..)?;
        let size = usize::try_from(size).ok()?;
        if size == 0 {
            // Trailers are no part of a body.
            return rest
                .iter()
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
                .then_some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?;
        rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    }
}

/// The same for lines that end with a line feed alone.
fn lenient_size(rest: &[u8]) -> Option<(usize, u64)> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let size = str::from_utf8(rest.get(..end)?).ok()?.split(';').next()?.trim();
    Some((end.checked_add(1)?, u64::from_str_radix(size, 16).ok()?))
}

/// The output of `curl -v`: the head that was sent, behind `>`. It has no body.
pub(super) fn read_verbose(text: &[u8], given: Option<Vec<u8>>) -> Result<Capture> {
    let lines = text.split(|byte| *byte == b'\n');
    let sent = lines.filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(b">")?;
        Some(line.strip_prefix(b" ").unwrap_or(line))
    });
    let head_text = sent.collect::<Vec<_>>().join(&b'\n');
    let (capture, rest) = head(&head_text)?;
    // It prints no body, so this is a request that somebody quoted.
    if !rest.trim_ascii().is_empty() {
        return read(&head_text);
    }
    body_of(capture, given, "this is what `curl -v` prints")
}

/// Whether a text is what `curl -v` prints.
pub(super) fn is_verbose(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').take(200).any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let sent = line.strip_prefix(b"> ").map(request_line);
        matches!(sent, Some(Ok(Some(_))))
    })
}
