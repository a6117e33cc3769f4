//! What a state is cut into, read by nothing but the description of the format.
//!
//! * [`format`]: every piece is what the format says, within its bounds, and leads back to the state.
//! * [`roots`]: equal states have one root, whatever became of them before; others have others.
//! * [`sharing`]: a changed state shares most chunks with the one before.
#![cfg(feature = "imbl")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod format;
mod reader;
mod roots;
mod sharing;
