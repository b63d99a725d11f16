//! Pages on single subjects, and the examples by their source. Only the documentation has them.

#[doc = "[performance]: crate::guide::performance"]
#[doc = ""]
#[doc = include_str!("../docs/assurance.md")]
pub mod assurance {}

// Its code needs the crate `trusthooks-explain`, which compiles it.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/explain.md")]
pub mod explain {}

#[doc = include_str!("../docs/open-api.md")]
pub mod open_api {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

// Its code needs what `trusthooks-stores` has, which compiles it.
#[cfg(not(doctest))]
#[doc = "[performance]: crate::guide::performance"]
#[doc = ""]
#[doc = include_str!("../docs/replay.md")]
pub mod replay {}

#[doc = "[assurance]: crate::guide::assurance"]
#[doc = ""]
#[doc = include_str!("../SECURITY.md")]
pub mod security {}

/// The programs in `examples/`, whole.
pub mod examples {
    #[doc = concat!("```rust,ignore\n", include_str!("../examples/demo.rs"), "\n```")]
    pub mod demo {}

    #[doc = concat!("```rust,ignore\n", include_str!("../examples/sign_open_api.rs"), "\n```")]
    pub mod sign_open_api {}
}
