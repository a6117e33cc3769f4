//! What every implementation of a forebay trait must do, as checks that anybody can run.
#![forbid(unsafe_code)]
