//! Why a genuine body could not be read.

use alloc::{borrow::ToOwned, string::String};
use core::fmt::{self, Write as _};

/// Why a body is not the event (or the type) it was asked to be.
///
/// It says where and what was expected, and never what stood there: neither `Display` nor
/// `Debug` shows any value of the body, so both may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventError {
    kind: EventErrorKind,
    problem: Problem,
    path: String,
    line: usize,
    column: usize,
}

/// What sort of error an [`EventError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventErrorKind {
    /// The body is not JSON (or nests deeper than 128 levels, or has a number beyond `f64`).
    Syntax,
    /// The body ends too early.
    Eof,
    /// The body is JSON, but a field is missing, stands twice or has the wrong type.
    Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Expected(String),
    Missing,
    Duplicate,
    /// A fixed text of the JSON parser.
    Syntax(String),
    /// A message in a form that could hold a value of the body, so it was dropped.
    Unsaid,
}

impl EventError {
    /// Where in the body, such as `customer.trust_score` or `data.media[1].type`; empty for
    /// the body as a whole.
    ///
    /// A key that does not look like a field's name (it may be a customer's address or phone
    /// number) is shown as `?`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The byte in the line, from 1, at which reading stopped: the end of a wrong value. A
    /// byte order mark is not counted.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// What should have stood there, such as `an integer`, where a value was of a wrong type.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        match &self.problem {
            Problem::Expected(expected) => Some(expected),
            _ => None,
        }
    }

    /// What sort of error this is.
    #[must_use]
    pub fn kind(&self) -> EventErrorKind {
        self.kind
    }

    pub(crate) fn new(error: &serde_json::Error, path: &serde_path_to_error::Path) -> Self {
        use serde_json::error::Category;

        let message = alloc::format!("{error}");
        let position = alloc::format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&position).unwrap_or(&message);
        let mut path = printable(path);
        let (kind, problem) = match error.classify() {
            // These texts are constants of serde_json.
            Category::Syntax | Category::Io => {
                (EventErrorKind::Syntax, Problem::Syntax(message.to_owned()))
            }
            Category::Eof => (EventErrorKind::Eof, Problem::Syntax(message.to_owned())),
            Category::Data => (EventErrorKind::Data, problem(message, &mut path)),
        };
        Self { kind, problem, path, line: error.line(), column: error.column() }
    }
}

/// What may be repeated of a message that quotes the value it complains about.
fn problem(message: &str, path: &mut String) -> Problem {
    const QUOTING: [&str; 5] = [
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
        "unknown variant `",
        "unknown field `",
    ];
    let name = |prefix| {
        let name = message.strip_prefix(prefix)?.strip_suffix('`')?;
        is_name(name).then_some(name)
    };
    if let Some(name) = name("missing field `") {
        push_name(path, name);
        return Problem::Missing;
    }
    if let Some(name) = name("duplicate field `") {
        // It is found at the key or, where keys have no type of their own, at the value.
        if path.rsplit('.').next() != Some(name) {
            push_name(path, name);
        }
        return Problem::Duplicate;
    }
    // A type without variants (or fields) expects nothing: there, what follows a ", expected "
    // would be part of the value.
    let nothing =
        message.ends_with(", there are no variants") || message.ends_with(", there are no fields");
    match message.rsplit_once(", expected ") {
        // The last one: the value that is quoted before it may hold the same words.
        Some((_, expected)) if !nothing && QUOTING.iter().any(|q| message.starts_with(q)) => {
            Problem::Expected(expected.to_owned())
        }
        _ => Problem::Unsaid,
    }
}

fn printable(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                // Writing to a String cannot fail.
                let _ = write!(text, "[{index}]");
            }
            Segment::Map { key } => push_name(&mut text, key),
            Segment::Enum { variant } => push_name(&mut text, variant),
            Segment::Unknown => {}
        }
    }
    text
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(if is_name(name) { name } else { "?" });
}

/// Whether a key looks like a field's name, rather than like data used as a key.
fn is_name(key: &str) -> bool {
    key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.problem {
            Problem::Expected(expected) => write!(f, "expected {expected}")?,
            Problem::Missing => f.write_str("missing field")?,
            Problem::Duplicate => f.write_str("duplicate field")?,
            Problem::Syntax(text) => f.write_str(text)?,
            Problem::Unsaid => f.write_str("invalid value")?,
        }
        write!(f, " at line {} column {}", self.line, self.column)
    }
}

impl core::error::Error for EventError {}
