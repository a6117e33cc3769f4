//! A configuration service: its changes are watched, applied by a worker, and replicated.
//!
//! * [`config`]: what all processes know: keys, changes, entries of the log.
//! * [`database`]: where the service keeps everything, and [`writer`], through which all writes go;
//!   [`view`]: what readers see of it.
//! * [`service`]: the routes, and [`failure`], which failure is which status.
//! * [`sse`]: a feed of a hub as a response, and [`tail`], the log as one.
//! * [`client`]: one connection to the service, and events that come over it.
//! * [`worker`]: applies changes to a file and commits how far it is.
//! * [`replica`]: follows the log in memory, and catches up by snapshot; [`peers`] has what a
//!   service does for that.
//! * [`status`]: what the service knows of those who follow it, [`board`], where it keeps that, and
//!   [`page`], which shows it.
//! * [`show`]: all of it at once, in a terminal.
#![forbid(unsafe_code)]

pub mod config;
pub mod database;
pub mod view;
pub mod writer;
pub mod service;
pub mod failure;
pub mod sse;
pub mod tail;
pub mod client;
pub mod worker;
pub mod replica;
pub mod peers;
pub mod status;
pub mod board;
pub mod page;
pub mod show;
