//! Resume positions that never go back.
#![forbid(unsafe_code)]

mod error;
mod entry;
mod json;
mod json_v1;
mod key;
mod limits;
mod memory;
mod watch;
mod file;

pub use crate::entry::Entry;
pub use crate::error::CheckpointError;
pub use crate::json::JsonError;
pub use crate::json_v1::error::ImportError;
pub use crate::json_v1::{export_json_v1, import_json_v1};
pub use crate::key::KeyParts;
pub use crate::key::error::KeyError;
pub use crate::key::v1::KeyV1;
pub use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};
pub use crate::memory::MemoryStore;
pub use crate::memory::claim::MemoryClaim;
pub use crate::memory::stats::MemoryStats;
pub use crate::watch::Watch;
