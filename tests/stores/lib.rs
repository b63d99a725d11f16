//! This package is its tests, and here the code in the documents compiles.

#[cfg(doctest)]
#[doc = include_str!("../../docs/replay.md")]
struct Documents;
