//! A configuration service: its changes are watched, applied by a worker, and replicated.
//!
//! * [`config`]: what all processes know: keys, changes, entries of the log.
//! * [`database`]: where the service keeps everything, and [`writer`], through which all writes go;
//!   [`view`]: what readers see of it.
//! * [`service`]: the routes; [`reads`]: those that a replica has as well; [`failure`]: which
//!   failure is which status.
//! * [`sse`]: a feed of a hub as a response, and [`tail`], the log as one.
//! * [`client`]: one connection to the service, and [`remote`], the log as it comes over one;
//!   [`listener`] makes another when one ends.
//! * [`worker`]: applies changes and commits how far it is; [`applied`]: the file it applies them
//!   to.
//! * [`replica`]: follows the log in memory, and catches up by snapshot; [`peers`] has what a
//!   service does for that.
//! * [`reporter`]: tells the service how a process is.
//! * [`status`]: what the service knows of those who follow it, [`board`], where it keeps that,
//!   [`page`], which shows it, and [`metrics`], which says it to a machine.
//! * [`show`]: all of it at once, in a terminal; [`process`] and [`load`] are what it needs for
//!   that.
#![forbid(unsafe_code)]

pub mod config;
pub mod database;
pub mod view;
pub mod writer;
pub mod service;
pub mod reads;
pub mod failure;
pub mod sse;
pub mod tail;
pub mod client;
pub mod remote;
pub mod listener;
pub mod reporter;
pub mod worker;
pub mod applied;
pub mod replica;
pub mod peers;
pub mod status;
pub mod board;
pub mod page;
pub mod metrics;
pub mod show;
pub mod process;
pub mod load;
