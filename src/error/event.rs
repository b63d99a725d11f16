//! Why a genuine body could not be read.

use alloc::string::{String, ToString as _};
use core::fmt;

/// Why a body is not an event, or not the type it was asked to be.
///
/// An event is refused only if the body is not JSON, or lacks a field that every event has (see
/// [`Delivery::event`](crate::Delivery::event)). A field that does not fit is no error but a
/// [`Mismatch`](crate::Mismatch).
///
/// The error says where, and what was expected. Neither `Display` nor `Debug` shows any value of
/// the body, so both may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventError(Problem);

/// The kinds of [`EventError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventErrorKind {
    /// The body is not JSON, nests deeper than 127 levels, or has a number beyond `f64`.
    Syntax,
    /// The body ends too early to be JSON.
    Eof,
    /// The body is JSON, but lacks a field that every event has, or is not of the caller's type.
    Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// With the parser's words, which are constants of it.
    Syntax {
        eof: bool,
        words: String,
        line: usize,
        column: usize,
    },
    Field {
        path: String,
        expected: &'static str,
    },
    /// Without the parser's words: they quote the value.
    Type {
        line: usize,
        column: usize,
    },
}

impl EventError {
    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> EventErrorKind {
        match self.0 {
            Problem::Syntax { eof: false, .. } => EventErrorKind::Syntax,
            Problem::Syntax { eof: true, .. } => EventErrorKind::Eof,
            Problem::Field { .. } | Problem::Type { .. } => EventErrorKind::Data,
        }
    }

    /// The field, such as `shop_id` or `data.id`; empty for the body as a whole, and where only a
    /// line and column are known.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.0 {
            Problem::Field { path, .. } => path,
            _ => "",
        }
    }

    /// The expected kind of value, such as `a string`, where [`path`](Self::path) names a field.
    #[must_use]
    pub fn expected(&self) -> Option<&'static str> {
        match self.0 {
            Problem::Field { expected, .. } => Some(expected),
            _ => None,
        }
    }

    /// The line, from 1, and the byte in it, from 1, at which reading stopped; `None` for a field.
    /// A byte order mark is not counted.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        match self.0 {
            Problem::Syntax { line, column, .. } | Problem::Type { line, column } => {
                Some((line, column))
            }
            Problem::Field { .. } => None,
        }
    }

    /// The body is not JSON: it could not be parsed even as a tree, which takes any JSON.
    #[cold]
    pub(crate) fn syntax(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self(Problem::Syntax { eof: error.is_eof(), words: error.to_string(), line, column })
    }

    /// The body could not be parsed as a type of the caller's.
    #[cold]
    pub(crate) fn of_type(error: &serde_json::Error) -> Self {
        if error.is_data() {
            return Self(Problem::Type { line: error.line(), column: error.column() });
        }
        Self::syntax(error)
    }

    #[cold]
    pub(crate) fn field(path: impl Into<String>, expected: &'static str) -> Self {
        Self(Problem::Field { path: path.into(), expected })
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Syntax { words, .. } => write!(f, "not JSON: {words}"),
            Problem::Field { path, expected } if path.is_empty() => {
                write!(f, "expected {expected}")
            }
            Problem::Field { path, expected } => write!(f, "{path}: expected {expected}"),
            Problem::Type { line, column } => {
                write!(f, "not of the expected type at line {line} column {column}")
            }
        }
    }
}

impl core::error::Error for EventError {}
