//! The store in a file.
//!
//! * It does what every checkpoint store must, claims and reopening included: [`conforming`].
//! * Whatever stands at the path is used, or refused for what it is, and nothing of it is lost:
//!   [`paths`].
//! * What an older client left is taken over where that is asked for: [`importing`].
//! * A file that somebody damages is refused, also by those who have it open: [`damage`].
//! * The format is what its description says: [`described`], by the second [`reader`].
//! * Calls that are dropped, time out or find no room leave memory and file the same: [`calling`].
//! * Handles to one file share it, each with its own settings, until the last is gone: [`handles`].
//! * Durabilities, flushing, closing and watching: [`living`].
//! * What was done, and what salvage could not tell, is counted and named: [`counting`].
//! * Whoever only looks takes no lock and changes nothing: [`looking`].
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
#[path = "../harness/fixture.rs"]
mod fixture;

mod calling;
mod conforming;
mod counting;
mod damage;
mod described;
mod handles;
mod importing;
mod living;
mod looking;
#[path = "../harness/path.rs"]
mod path;
mod paths;
mod reader;

use crate::path::{KEY, OTHER_KEY, at, names, nowhere};
