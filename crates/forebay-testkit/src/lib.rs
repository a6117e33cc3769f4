//! What every implementation of a forebay trait must do, as checks that anybody can run, and a
//! runtime for tests.
//!
//! The traits of `forebay-core` are promises of behaviour, which no compiler holds. Who implements
//! one runs the checks of that trait from a test: each has a name that says what must be so, and
//! all that are broken are reported at once. They need no runtime of their own, and whatever
//! executes their futures will do. They hold what the trait promises and nothing more: not how fast
//! a store is, nor what it does with a full disk or a damaged file, which needs tests of its own.
//!
//! * [`checkpoint_store`], what every `CheckpointStore` must do. The README has a whole store, and
//!   its checks.
//! * [`HandRuntime`], a `Runtime` whose clock moves and whose tasks are polled when it is told to,
//!   until it is [`Gone`].
//!
//! # Examples
//!
//! In a test, with a fixture that hands out stores to check, and any executor:
//!
//! ```
//! # mod shelf {
//! #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
//! # }
//! # use shelf::Shelves;
//! use forebay_testkit::checkpoint_store::violations;
//!
//! let violations = futures::executor::block_on(violations(&Shelves::default()));
//! assert!(violations.is_empty(), "{violations:#?}");
//! ```
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

pub mod checkpoint_store;
mod gone;
mod hand_runtime;

pub use crate::gone::Gone;
pub use crate::hand_runtime::HandRuntime;
