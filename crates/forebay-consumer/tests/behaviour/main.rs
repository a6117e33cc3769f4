//! What a consumer promises, over a log, a store and a handler that a test has in its hand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness {
    pub(crate) mod clock;
    pub(crate) mod scene;
    pub(crate) mod script;
    pub(crate) mod shelf;
    pub(crate) mod worker;
}

mod committing;
mod ending;
mod failing;
mod gaps;
mod positions;
mod settings;
mod stopping;
mod telling;
