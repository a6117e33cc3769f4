//! Resume positions that never go back.
#![forbid(unsafe_code)]

mod error;
mod entry;
mod limits;

pub use crate::entry::Entry;
pub use crate::error::CheckpointError;
pub use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};
