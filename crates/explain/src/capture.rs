//! A request as people have it: raw HTTP, a curl command, JSON that a browser, a gateway or a
//! request inspector wrote, or what `curl -v` printed.
//!
//! ```
//! use trusthooks_explain::capture::Reader;
//!
//! let capture = Reader::new().read(b"POST /hooks?a=1 HTTP/1.1\nSign: 00\n\n{}")?;
//! assert_eq!(capture.method.as_deref(), Some("POST"));
//! assert_eq!((capture.query(), &*capture.body), ("a=1", &b"{}"[..]));
//! # Ok::<(), trusthooks_explain::capture::CaptureError>(())
//! ```
//!
//! Captures come from strangers: nothing is opened that the caller did not ask for, nothing panics,
//! and what an error quotes is safe to show at a terminal.

use std::{borrow::Cow, fmt};

use crate::scheme::SchemeName;

mod curl;
mod http;
mod json;
mod options;
mod shell;
mod text;

/// Longer captures are not read.
pub const MAX_LENGTH: usize = 32 * 1024 * 1024;

/// A request: what of it is signed, or says how.
#[derive(Clone, PartialEq, Eq)]
pub struct Capture {
    /// The method, in upper case; `None` where the capture does not say.
    pub method: Option<String>,
    /// The path and the query, as they were sent; empty where the capture does not say.
    pub target: String,
    /// Names as they were sent, and values without white space around them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether these are the bytes that were sent. `false` if the recorder parsed the body,
    /// so that its spelling is the recorder's.
    pub is_exact: bool,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            method: None,
            target: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            is_exact: true,
        }
    }
}

impl fmt::Debug for Capture {
    /// Method, names and lengths: values may be a customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("is_exact", &self.is_exact)
            .finish_non_exhaustive()
    }
}

impl Capture {
    /// The part of the target after the `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The part of the target before the `?`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first value of a header that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(sent, _): &&(String, Vec<u8>)| sent.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).and_then(|(_, value)| str::from_utf8(value).ok())
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|sent| sent.eq_ignore_ascii_case(value))
    }
}

/// Why a capture could not be read: what was recognized, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaptureError(String);

impl CaptureError {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

/// Gives the content of a file, or says why not.
type ReadFile = dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Reads captures.
#[derive(Default)]
pub struct Reader<'f> {
    entry: Option<usize>,
    body: Option<Vec<u8>>,
    files: Option<&'f ReadFile>,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl<'f> Reader<'f> {
    /// Reads what a capture holds, and no file that it names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes this request of several, counted from 1. Otherwise it is the first with a signature,
    /// or else the first POST.
    #[must_use]
    pub fn entry(mut self, entry: usize) -> Self {
        self.entry = Some(entry);
        self
    }

    /// The body, for captures that have the headers alone.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Reads files that a curl command names with `@`.
    #[must_use]
    pub fn files(mut self, read: &'f ReadFile) -> Self {
        self.files = Some(read);
        self
    }

    /// Reads a capture.
    ///
    /// # Errors
    /// [`CaptureError`] says what was recognized and what to do.
    pub fn read(&self, bytes: &[u8]) -> Result<Capture, CaptureError> {
        if bytes.len() > MAX_LENGTH {
            return Err(CaptureError::new(
                "the capture is longer than 32 MiB; cut the request out",
            ));
        }
        let mut text = text::plain(bytes)?;
        if let Some(bare) = text::without_prefix(&text, http::is_start) {
            text = Cow::Owned(bare);
        }
        let start = text.trim_ascii_start();
        if start.is_empty() {
            return Err(CaptureError::new("the capture is empty"));
        }
        let mut capture = if let Some(command) = curl::start(start) {
            self.choose(curl::read(command, self)?.into_iter().map(Ok).collect())?
        } else if start.starts_with(b"{") || start.starts_with(b"[") {
            let requests = match json::read(start, self) {
                Ok(requests) => requests,
                Err(error) => {
                    let error = printed(start).map_or(error, CaptureError::new);
                    json::read_lines(start, self).ok_or(error)?
                }
            };
            self.choose(requests)?
        } else if http::is_verbose(start) {
            http::read_verbose(start, self.body.clone())?
        } else if let Some(problem) = unreadable(start) {
            return Err(CaptureError::new(problem));
        } else if let Some(body) = &self.body {
            let (capture, rest) = http::head(start)?;
            if !rest.trim_ascii().is_empty() {
                return Err(CaptureError::new(
                    "something follows the headers, and --body gives the body",
                ));
            }
            Capture { body: body.clone(), ..capture }
        } else {
            let mut requests = http::read_all(start);
            if !requests.iter().any(Result::is_ok) {
                if let Some(logged) = json::read_lines(start, self) {
                    requests = logged;
                } else if is_yaml(start) {
                    return Err(CaptureError::new(
                        "this is YAML; write it as JSON, or the request as raw HTTP",
                    ));
                }
            }
            self.choose(requests)?
        };
        if let Some((_, rest)) = capture.target.split_once("://") {
            let at = rest.find(['/', '?']).unwrap_or(rest.len());
            capture.target = rest.split_at(at).1.to_owned();
        }
        Ok(capture)
    }

    /// One of several requests.
    fn choose(
        &self,
        mut requests: Vec<Result<Capture, CaptureError>>,
    ) -> Result<Capture, CaptureError> {
        let count = requests.len();
        let index = match self.entry {
            Some(entry) => entry.checked_sub(1),
            None => {
                let is_signed = |request: &Result<Capture, _>| {
                    request.as_ref().is_ok_and(|request| {
                        request.headers.iter().any(|(name, _)| SchemeName::has_signature_name(name))
                    })
                };
                let is_post = |request: &Result<Capture, _>| {
                    request.as_ref().is_ok_and(|it| it.method.as_deref() == Some("POST"))
                };
                let position = requests.iter().position(is_signed);
                position.or_else(|| requests.iter().position(is_post)).or(Some(0))
            }
        };
        let missing = || {
            let entry = self.entry.unwrap_or_default();
            CaptureError::new(format!("there is no entry {entry}; the capture has {count}"))
        };
        requests.swap_remove(index.filter(|index| *index < count).ok_or_else(missing)?)
    }

    /// The content of a file that a command names.
    fn file(&self, path: &[u8]) -> Result<Vec<u8>, CaptureError> {
        let path = String::from_utf8_lossy(path);
        match (&self.body, self.files) {
            (Some(body), _) => Ok(body.clone()),
            (None, Some(read)) => read(&path).map_err(CaptureError::new),
            (None, None) => Err(CaptureError::new(format!(
                "the command names a file, @{}, and files are opened only when asked for: pass \
                 --files, or the body with --body FILE",
                text::shown(&*path)
            ))),
        }
    }
}

/// A capture whose body is not in it: the one that is given, or none where the request has none.
fn body_of(
    mut capture: Capture,
    given: Option<Vec<u8>>,
    what: &str,
) -> Result<Capture, CaptureError> {
    let is_empty = capture.header("content-length") == Some("0")
        || capture.header("content-length").is_none()
            && matches!(capture.method.as_deref(), Some("GET" | "HEAD" | "DELETE" | "OPTIONS"));
    match given {
        Some(body) => capture.body = body,
        None if is_empty => {}
        None => {
            return Err(CaptureError::new(format!(
                "{what}, {} headers, but not the body that was sent; pass it with --body FILE",
                capture.headers.len()
            )));
        }
    }
    Ok(capture)
}

const PHP_DUMP: &str = "this is how PHP prints an array; print the headers with `json_encode`, and the \
     body as it came from `php://input`";

/// Recognizes a dictionary as a language prints it, in place of JSON.
fn printed(text: &[u8]) -> Option<&'static str> {
    let has = |piece: &[u8]| text.windows(piece.len()).any(|window| window == piece);
    if text.starts_with(b"{'") {
        Some("this is how Python prints a dictionary; write it with `json.dumps`")
    } else if has(b"\"=>") || has(b"\" =>") {
        Some("this is how Ruby prints a hash; write it with `to_json`")
    } else {
        None
    }
}

fn is_yaml(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_end() == b"headers:")
}

/// Recognizes a text that is none of the captures that can be read, and says what to do.
fn unreadable(text: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "this is gzip; unpack it first"),
        (
            b"PK\x03\x04",
            "this is a ZIP archive (Fiddler's, for one); export the request as HAR or raw",
        ),
        (b"\xd4\xc3\xb2\xa1", "this is a packet capture; follow the HTTP stream and save that"),
        (b"\x0a\x0d\x0d\x0a", "this is a packet capture; follow the HTTP stream and save that"),
        (b"<", "this is XML or HTML; export the request as HAR or raw"),
        (b"Invoke-WebRequest", "this is PowerShell's Invoke-WebRequest; copy as cURL or HAR"),
        (b"Invoke-RestMethod", "this is PowerShell's Invoke-RestMethod; copy as cURL or HAR"),
        (b"$session", "this is PowerShell's Invoke-WebRequest; copy as cURL or HAR"),
        (b"$headers", "this is PowerShell; copy as cURL or HAR"),
        (b"Array\n(", PHP_DUMP),
        (b"Array\r\n(", PHP_DUMP),
        (b"array(", PHP_DUMP),
        (b"array (", PHP_DUMP),
        (b"iwr ", "this is PowerShell's Invoke-WebRequest; copy as cURL or HAR"),
        (b"fetch(", "this is JavaScript's fetch; copy as cURL or HAR"),
        (b"await fetch(", "this is JavaScript's fetch; copy as cURL or HAR"),
        (b"map[", "this is how Go prints a map; write it with `json.Marshal`"),
        (b"wget ", "this is a wget command; write it as curl"),
        (b"Request URL", "this is the view of a browser's tools; copy as cURL or HAR"),
        (b"meta {", "this is a request of Bruno's; export it as curl, or write it as raw HTTP"),
        (
            b"type: collection.insomnia",
            "this is YAML of Insomnia's; export version 4, which is JSON",
        ),
        (b"http POST", "this is an HTTPie command; write it as curl"),
        (b"import requests", "this is Python; write it as curl"),
        (b"requests.", "this is Python; write it as curl"),
        (b"== Info:", "this is what `curl --trace` prints; use `curl -v`, and --body for the body"),
        (b"=> Send", "this is what `curl --trace` prints; use `curl -v`, and --body for the body"),
    ];
    let is_piped = |text: &[u8]| {
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.windows(7).any(|window| window == b"| curl ")
    };
    if is_piped(text) {
        return Some(
            "the curl command takes its body from another command; pass the curl command alone, \
             and the body with --body FILE",
        );
    }
    KNOWN.iter().find(|(start, _)| text.starts_with(start)).map(|(_, problem)| *problem)
}
