//! Brings a replica that fell behind up to date, in verified pieces, from several peers at once.
#![forbid(unsafe_code)]

mod anchor;
mod hash;
mod message;
mod snapshot;
mod chunk;
mod provider;
mod session;
mod wire;
mod error;

pub use crate::anchor::Anchor;
pub use crate::chunk::Limits;
pub use crate::error::{ConfigError, PieceError, StateError, WireError};
pub use crate::hash::Hash;
pub use crate::message::{Absence, Message, Piece, Refusal};
pub use crate::provider::config::ProviderConfig;
pub use crate::provider::output::{Marker, NotTaken, ProviderEvent, ProviderOutput, Unsent};
pub use crate::provider::{Provider, ProviderUsage};
pub use crate::session::Session;
pub use crate::session::buffer::LogEntry;
pub use crate::session::config::SessionConfig;
pub use crate::session::error::SessionError;
pub use crate::session::event::{
    Ignored, Phase, Progress, Restart, SessionEvent, SessionOutput, SessionUsage,
};
pub use crate::session::membership::{Membership, Trust};
pub use crate::session::resume::ResumeState;
pub use crate::session::spool::{MemorySpool, Spool, SpoolError};
pub use crate::snapshot::cell::{CellBuilder, CellSnapshot};
#[cfg(feature = "imbl")]
pub use crate::snapshot::ord::{OrdBuilder, OrdSnapshot};
pub use crate::snapshot::slice::{SliceBuilder, SliceEntry, SliceSnapshot};
#[cfg(feature = "imbl")]
pub use crate::snapshot::vec::{VecBuilder, VecSnapshot};
pub use crate::snapshot::{Build, OutOfOrder, Snapshot};
pub use crate::wire::{Frame, decode, encode};
