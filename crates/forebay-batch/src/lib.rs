//! Loads of different keys become one backend call, with no waiting when idle; mutations too.
#![forbid(unsafe_code)]

mod cache;

#[cfg(feature = "cache")]
pub use crate::cache::Bounded;
#[cfg(all(feature = "cache", feature = "tokio"))]
pub use crate::cache::Ttl;
pub use crate::cache::{Cache, PerRequest};
