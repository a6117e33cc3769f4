//! The behaviour of `forebay-rt` through what it offers to the stages.
//!
//! Time passes and tasks run when the test says so. Each module lists the properties it holds.

mod alarm;
mod clock;
mod panic_message;
mod polling;
#[cfg(feature = "tokio")]
mod tokio_runtime;
mod wake_all;
