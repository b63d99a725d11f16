//! Fields that do not fit.

use alloc::string::String;
use core::fmt;

/// A field that was sent and does not fit: where, and what was expected. Never the value, so it may
/// be logged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mismatch {
    pub(super) path: String,
    pub(super) expected: &'static str,
}

impl Mismatch {
    /// The path of the field, such as `order.total` or `data.media[1].type`. It is the place in the
    /// event as this crate writes it; an item of a list has the index at which it was sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The expected kind of value, such as `a whole number`.
    #[must_use]
    pub fn expected(&self) -> &str {
        self.expected
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.path, self.expected)
    }
}
