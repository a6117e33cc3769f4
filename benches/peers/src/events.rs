//! Libraries with which one writer tells many readers what happens.
//!
//! * [`peer::Peer`], what such a library must offer to be compared; [`peers`] has one file for each.
//! * [`payload::Payload`], what is published, and [`sight::Sight`], what readers do with it.
//! * [`questions`], one file for each question, and what forebay's answer to it should reach.

pub mod payload;
pub mod peer;
pub mod peers;
pub mod questions;
pub mod sight;

pub mod check;

mod parking;
