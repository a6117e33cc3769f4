//! The formats of a report, and what is made of two of them.
//!
//! * [`goldens`]: the terminal table, Markdown and JSON are byte for byte what they were.
//! * [`roundtrip`]: what is written is read back unrounded, and no input makes a format panic.
//! * [`refusals`]: what a report may not hold is refused, with the place and what is expected.
//! * [`page`]: the HTML page loads nothing, escapes everything, and shows its numbers.
//! * [`files`]: a report's files are replaced whole or left alone.
//! * [`changes`]: two reports are compared only where their ratio means something.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changes;
mod files;
mod follow;
mod goldens;
mod keep;
mod page;
mod refusals;
mod roundtrip;
mod sample;
