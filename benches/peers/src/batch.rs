//! Libraries that turn loads of different keys into one backend call.
//!
//! * [`peer::Peer`], what such a library must offer to be compared; [`peers`] has one file for each.
//! * [`backend::Backend`], what all of them ask.
//! * [`mutations`], the same for values that are carried out rather than loaded.
//! * [`questions`], one file for each question, and what forebay's answer to it should reach.

pub mod backend;
pub mod mutations;
pub mod peer;
pub mod peers;
pub mod questions;

pub mod check;

mod burst;
mod script;
mod simulation;
mod sqlite;
