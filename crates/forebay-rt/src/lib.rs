//! Parts that the forebay stages are built from. It has no stable interface.
//!
//! Nobody but the forebay crates should depend on it: anything here may change or go in any
//! release. A stage re-exports what its users need of it, which is [`Runtime`] and what goes with
//! that.
//!
//! * [`Runtime`], where time comes from and tasks go, with [`BoxFuture`] and [`RuntimeGone`].
//! * With the feature `tokio`, `TokioRuntime`.
//! * [`alarm`], one timer for all deadlines of a stage.
//! * [`polling`], what this thread is polling right now.
//! * [`wake_all`], which wakes everybody, whatever a waker does.
//! * [`panic_message`], what a panic said.
//! * [`sync`], locks and atomics, from std or, in models, from loom.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `tokio`: `TokioRuntime`.
#![forbid(unsafe_code)]

mod runtime;
pub mod alarm;
pub mod polling;
mod panic;
mod wake;
pub mod sync;

pub use crate::panic::panic_message;
#[cfg(feature = "tokio")]
pub use crate::runtime::TokioRuntime;
pub use crate::runtime::{BoxFuture, Runtime, RuntimeGone};
pub use crate::wake::wake_all;
