//! Compares forebay with the other libraries of its field: the same workloads, the same checks and
//! the same tables for all of them, losses included.
//!
//! * [`singleflight`], the libraries that give concurrent calls of one key a single load.
//! * [`batch`], the libraries that turn loads of different keys into one backend call.
//! * [`events`], the libraries with which one writer tells many readers what happens.
//! * [`entry::Entry`], a contestant that a [`question::Question`] measures in [`rounds`], on one
//!   of the [`runtime`]s.
//! * [`table::Table`], the figures side by side, and [`goal::Goal`], what ours should reach.
#![deny(unsafe_code)]

pub mod batch;
pub mod events;
pub mod singleflight;

pub mod entry;
pub mod failure;
pub mod goal;
pub mod question;
pub mod rounds;
pub mod runtime;
pub mod table;

mod allocation;
mod clock;
mod random;
