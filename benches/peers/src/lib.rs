//! Compares forebay with the other libraries of its field: the same workloads, the same checks and
//! the same tables for all of them, losses included.
//!
//! * [`peer::Peer`], what a library must offer to be compared; [`peers`] has one file for each.
//! * [`questions`], one file for each question, and what forebay's answer to it should reach.
//! * [`table::Table`], the figures side by side.
#![deny(unsafe_code)]

pub mod peer;
pub mod peers;
pub mod questions;

pub mod check;
pub mod goal;
pub mod rounds;
pub mod table;

mod allocation;
mod clock;
mod gate;
mod seats;
mod zipf;
