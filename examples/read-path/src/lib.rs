//! A web service as an application would write it: handlers ask for one row at a time, and forebay
//! makes few statements of that. The README says how to run it.

pub mod client;
pub mod database;
pub mod exit;
pub mod load;
pub mod loaders;
pub mod report;
pub mod service;
