//! A replica whose log has a gap catches up, whenever the gap shows.
//!
//! * After a session has ended: the log does not go on any more from where the state was taken.
//! * While it follows: an entry is not the one after the last.
//! * While a session is under way: what that has kept of the log is not connected to what comes.
//!
//! The service is the test itself, so it decides what each request for the log is answered with, and
//! when. Every request and every marker is waited for and counted.

mod service;
mod replica;
