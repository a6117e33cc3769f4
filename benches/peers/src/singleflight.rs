//! Libraries that give concurrent calls of one key a single load.
//!
//! * [`peer::Peer`], what such a library must offer to be compared; [`peers`] has one file for each.
//! * [`questions`], one file for each question, and what forebay's answer to it should reach.

pub mod peer;
pub mod peers;
pub mod questions;

pub mod check;

mod gate;
mod seats;
mod zipf;
