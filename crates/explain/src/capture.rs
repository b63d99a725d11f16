//! A request as people have it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// What of a request is signed, or says how.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Capture {
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// What stands after the `?` in the URL.
    pub query: String,
}

type Result<T> = std::result::Result<T, String>;

impl Capture {
    /// Reads a curl command, a HAR archive or a raw request, whichever `text` is. `entry` counts
    /// from 1; `read` gives a file that a curl command names.
    pub fn read(
        text: &[u8],
        entry: Option<usize>,
        read: impl Fn(&str) -> Result<Vec<u8>>,
    ) -> Result<Self> {
        let start = text.trim_ascii_start();
        if start.is_empty() {
            return Err("the capture is empty".to_owned());
        }
        if let Some(arguments) = start.strip_prefix(b"curl").filter(|rest| starts_blank(rest)) {
            return Self::from_curl(arguments, read);
        }
        if start.starts_with(b"{") || start.starts_with(b"[") {
            return Self::from_har(start, entry);
        }
        Self::from_http(text)
    }

    /// Header lines, with or without the request line before them, and the body from elsewhere.
    pub fn from_parts(head: &[u8], body: Vec<u8>) -> Result<Self> {
        let (mut capture, rest) = Self::from_head(head)?;
        if !rest.trim_ascii().is_empty() {
            return Err("something follows the headers, and --body gives the body".to_owned());
        }
        capture.body = body;
        Ok(capture)
    }

    fn from_http(text: &[u8]) -> Result<Self> {
        let (mut capture, rest) = Self::from_head(text)?;
        capture.body = if capture.is("transfer-encoding", "chunked") {
            unchunk(rest).ok_or("the chunked body is broken or cut off")?
        } else {
            // What an editor put after the body is not part of the request.
            let announced = capture.header("content-length").and_then(|text| text.parse().ok());
            rest.get(..announced.unwrap_or(rest.len())).unwrap_or(rest).to_vec()
        };
        Ok(capture)
    }

    /// The request line, if there is one, and the headers; gives what follows the blank line.
    fn from_head(text: &[u8]) -> Result<(Self, &[u8])> {
        let mut capture = Self::default();
        let mut rest = text;
        let mut number = 0_usize;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            number = number.saturating_add(1);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if number == 1 && is_request_line(line) {
                let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
                capture.query = query(&String::from_utf8_lossy(target));
                continue;
            }
            capture.push(line).map_err(|problem| format!("line {number}: {problem}"))?;
        }
        if capture.headers.is_empty() {
            return Err("there are no headers".to_owned());
        }
        Ok((capture, rest))
    }

    /// A header line.
    fn push(&mut self, line: &[u8]) -> Result<()> {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon
            .filter(|colon| *colon > 0)
            .and_then(|colon| Some((line.get(..colon)?, line.get(colon.checked_add(1)?..)?)))
            .ok_or("not a header: a name, a colon and a value are expected")?;
        let name = str::from_utf8(name).ok().filter(|name| !name.contains(char::is_whitespace));
        let name = name.ok_or("the header's name has white space in it or is not text")?;
        self.headers.push((name.to_owned(), value.trim_ascii().to_vec()));
        Ok(())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(sent, _): &&(String, Vec<u8>)| sent.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).and_then(|(_, value)| str::from_utf8(value).ok())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|sent| sent.eq_ignore_ascii_case(value))
    }

    fn from_curl(arguments: &[u8], read: impl Fn(&str) -> Result<Vec<u8>>) -> Result<Self> {
        let mut capture = Self::default();
        let mut words = words(arguments)?.into_iter();
        while let Some(word) = words.next() {
            let (option, attached) = match &*word {
                [b'-', b'-', ..] => match word.iter().position(|byte| *byte == b'=') {
                    Some(at) => (&word[..at], Some(word[at..][1..].to_vec())),
                    None => (&*word, None),
                },
                [b'-', _, value @ ..] if !value.is_empty() => (&word[..2], Some(value.to_vec())),
                _ => (&*word, None),
            };
            let mut value = || {
                let missing = || format!("{} has no value", String::from_utf8_lossy(option));
                attached.clone().or_else(|| words.next()).ok_or_else(missing)
            };
            match option {
                b"-H" | b"--header" => capture.push(&value()?)?,
                b"-d" | b"--data" | b"--data-ascii" | b"--data-raw" | b"--data-binary"
                | b"--json" => {
                    let data = value()?;
                    let data = match data.strip_prefix(b"@") {
                        Some(path) if option != b"--data-raw" => {
                            let mut data = read(&String::from_utf8_lossy(path))?;
                            if !matches!(option, b"--data-binary" | b"--json") {
                                data.retain(|byte| !matches!(byte, b'\r' | b'\n'));
                            }
                            data
                        }
                        _ => data,
                    };
                    if !capture.body.is_empty() && option != b"--json" {
                        capture.body.push(b'&');
                    }
                    capture.body.extend(data);
                }
                b"--url" => capture.query = query(&String::from_utf8_lossy(&value()?)),
                b"-X" | b"--request" | b"-o" | b"--output" | b"-A" | b"--user-agent" | b"-m"
                | b"--max-time" | b"-u" | b"--user" | b"-b" | b"--cookie" => drop(value()?),
                [b'-', ..] => {}
                url => capture.query = query(&String::from_utf8_lossy(url)),
            }
        }
        if capture.headers.is_empty() {
            return Err("the curl command has no headers".to_owned());
        }
        Ok(capture)
    }

    fn from_har(text: &[u8], entry: Option<usize>) -> Result<Self> {
        let json: serde_json::Value = serde_json::from_slice(text)
            .map_err(|error| format!("not JSON (line {})", error.line()))?;
        let har: Har = serde_json::from_value(json)
            .map_err(|_| "neither a HAR archive nor an entry of one")?;
        let mut requests: Vec<_> = match har {
            Har::Archive { log } => log.entries.into_iter().map(|entry| entry.request).collect(),
            Har::Entry(entry) => vec![entry.request],
            Har::Request(request) => vec![request],
        };
        let count = requests.len();
        let index = match entry {
            Some(entry) => entry.checked_sub(1).filter(|index| *index < count),
            None => requests.iter().position(|request| request.method == "POST"),
        };
        let missing = || match entry {
            Some(entry) => format!("there is no entry {entry}, the archive has {count}"),
            None => "the archive has no POST; choose an entry with --entry".to_owned(),
        };
        let request = requests.swap_remove(index.ok_or_else(missing)?);

        let body = match request.post_data {
            None => Vec::new(),
            Some(data) if data.encoding.as_deref() == Some("base64") => BASE64_STANDARD
                .decode(data.text)
                .map_err(|_| "the entry's body is said to be base64 and is not".to_owned())?,
            Some(data) => data.text.into_bytes(),
        };
        let headers = request.headers.into_iter().map(|header| (header.name, header.value.into()));
        Ok(Self { headers: headers.collect(), body, query: query(&request.url) })
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Har {
    Archive { log: Log },
    Entry(Entry),
    Request(Request),
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Header>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: String,
    encoding: Option<String>,
}

fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    matches!(words.as_slice(), [method, _, version]
        if method.iter().all(u8::is_ascii_uppercase) && version.starts_with(b"HTTP/"))
}

/// What stands after the `?` of a URL.
fn query(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once('?').map_or("", |(_, query)| query).to_owned()
}

fn starts_blank(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_whitespace)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let size = str::from_utf8(rest.get(..end)?).ok()?;
        let size = size.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = rest.get(end.checked_add(1)?..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?;
        rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    }
}

/// Splits a command as a POSIX shell does, with bash's `$'…'`, and without expanding anything.
fn words(command: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = command.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'\n') | None => {}
                Some(b'\r') if bytes.peek() == Some(&b'\n') => drop(bytes.next()),
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next().ok_or("a single quote is not closed")? {
                        b'\'' => break,
                        byte => word.push(byte),
                    }
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next().ok_or("a double quote is not closed")? {
                        b'"' => break,
                        b'\\' => match bytes.next().ok_or("a double quote is not closed")? {
                            b'\n' => {}
                            byte @ (b'"' | b'\\' | b'$' | b'`') => word.push(byte),
                            byte => word.extend([b'\\', byte]),
                        },
                        byte => word.push(byte),
                    }
                }
            }
            b'$' if bytes.peek() == Some(&b'\'') => {
                bytes.next();
                let word = word.get_or_insert_default();
                ansi_c(&mut bytes, word).ok_or("a $'…' is broken or not closed")?;
            }
            b' ' | b'\t' | b'\r' | b'\n' => words.extend(word.take()),
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The inside of `$'…'`, as browsers write a body that has a quote in it.
fn ansi_c(
    bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>,
    word: &mut Vec<u8>,
) -> Option<()> {
    loop {
        match bytes.next()? {
            b'\'' => return Some(()),
            b'\\' => match bytes.next()? {
                b'n' => word.push(b'\n'),
                b'r' => word.push(b'\r'),
                b't' => word.push(b'\t'),
                kind @ (b'x' | b'u') => {
                    let most = if kind == b'x' { 2 } else { 4 };
                    let mut code = 0_u32;
                    for _ in 0..most {
                        let Some(digit) =
                            bytes.peek().and_then(|byte| char::from(*byte).to_digit(16))
                        else {
                            break;
                        };
                        code = code.checked_mul(16)?.checked_add(digit)?;
                        bytes.next();
                    }
                    match kind {
                        b'x' => word.push(u8::try_from(code).ok()?),
                        _ => word.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes()),
                    }
                }
                byte => word.push(byte),
            },
            byte => word.push(byte),
        }
    }
}
