//! Reading a whole file, once or until it makes sense, without a lock.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use forebay_core::Outcome;

use crate::error::CheckpointError;
use crate::file::disk::Disk;
use crate::file::engine::JSON_FIRST;
use crate::file::format::header::{Header, Unreadable};
use crate::file::format::replay::{End, Place, load};
use crate::file::io::{Identity, read_rest, retried};
use crate::file::table::Table;

/// A whole file, as it was read once without a lock.
pub(super) struct Scan {
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) bytes: Vec<u8>,
    pub(super) content: Result<Content, Fault>,
}

#[allow(clippy::large_enum_variant, reason = "a reader has one of it")]
pub(super) enum Content {
    /// A store without keys.
    Empty,
    Chain(Chain),
}

pub(super) struct Chain {
    pub(super) header: Header,
    pub(super) table: Table,
    pub(super) place: Place,
    pub(super) end: End,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    Damaged { offset: u64 },
    Json,
    Unreadable(Unreadable),
}

impl Scan {
    /// Reads a file until what is wrong about it is what was wrong the time before.
    ///
    /// Reading is not one step. Where somebody writes meanwhile, the place of a block may be read
    /// before that is written, and a later block behind it: the same as damage, but that it is
    /// gone the next time, since what is read then was written before.
    pub(super) fn settled(path: &Arc<Path>) -> Result<Self, CheckpointError> {
        settle(|| Self::once(path), Self::fault)
    }

    fn once(path: &Arc<Path>) -> Result<Self, CheckpointError> {
        let failed = |error| io_error(path, error);
        // Opening a pipe would wait for somebody to write into it.
        if !retried(|| std::fs::metadata(path))
            .map_err(failed)?
            .is_file()
        {
            let path = Arc::clone(path);
            return Err(CheckpointError::NotAFile { path });
        }
        let file = retried(|| File::open(path)).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mut bytes = Vec::new();
        read_rest(&Disk, &file, 0, metadata.len(), &mut bytes).map_err(failed)?;
        Ok(Self {
            identity: identity(&metadata),
            content: Content::of(&bytes),
            file,
            bytes,
        })
    }

    /// What is wrong, and in which file.
    pub(super) fn fault(&self) -> Option<(Identity, Fault)> {
        let fault = match &self.content {
            Err(fault) => Some(*fault),
            Ok(Content::Chain(Chain {
                place,
                end: End::Damaged { .. } | End::Nonsense,
                ..
            })) => {
                let offset = place.tail;
                Some(Fault::Damaged { offset })
            }
            Ok(_) => None,
        };
        fault.map(|fault| (self.identity, fault))
    }
}

impl Content {
    fn of(bytes: &[u8]) -> Result<Self, Fault> {
        match bytes.first() {
            None => return Ok(Self::Empty),
            Some(&JSON_FIRST) => return Err(Fault::Json),
            Some(_) => {}
        }
        let (header, seed) = Header::decode(bytes).map_err(|why| match why {
            Unreadable::Damaged { .. } => Fault::Damaged { offset: 0 },
            why => Fault::Unreadable(why),
        })?;
        let (table, place, end) = load(&header, seed, bytes);
        Ok(Self::Chain(Chain {
            header,
            table,
            place,
            end,
        }))
    }
}

impl Fault {
    pub(super) fn error(self, path: &Arc<Path>) -> CheckpointError {
        let path = Arc::clone(path);
        match self {
            Self::Damaged { offset } => CheckpointError::Corrupt { path, offset },
            Self::Unreadable(Unreadable::Damaged { .. }) => {
                CheckpointError::Corrupt { path, offset: 0 }
            }
            Self::Json => CheckpointError::JsonV1 { path },
            Self::Unreadable(Unreadable::NotAStore) => CheckpointError::NotAStore { path },
            Self::Unreadable(Unreadable::Format(found)) => {
                CheckpointError::UnsupportedVersion { path, found }
            }
            Self::Unreadable(Unreadable::KeyFormat(found)) => {
                CheckpointError::KeyFormat { path, found }
            }
        }
    }
}

/// Makes something until it has no fault, or the same one twice running.
fn settle<T, F: PartialEq>(
    mut make: impl FnMut() -> Result<T, CheckpointError>,
    fault_of: impl Fn(&T) -> Option<F>,
) -> Result<T, CheckpointError> {
    let mut before = None;
    loop {
        let made = make()?;
        let fault = fault_of(&made);
        if fault.is_none() || fault == before {
            return Ok(made);
        }
        before = fault;
    }
}

pub(super) fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

pub(super) fn io_error(path: &Arc<Path>, source: io::Error) -> CheckpointError {
    CheckpointError::Io {
        doing: "read",
        path: Arc::clone(path),
        source: Arc::new(source),
        outcome: Outcome::NotCommitted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_believed_when_it_is_found_twice_running() {
        // Each fault by its name; the last is what comes of it.
        for (faults, wanted) in [
            (&[None][..], 1),
            (&[Some('a'), None], 2),
            (&[Some('a'), Some('a')], 2),
            (&[Some('a'), Some('b'), Some('a'), None], 4),
            (&[Some('a'), Some('b'), Some('b')], 3),
        ] {
            let mut made = 0;
            let make = || {
                made += 1;
                Ok(faults[made - 1])
            };
            let settled = settle(make, |fault| *fault).unwrap();
            assert_eq!((settled, made), (faults[wanted - 1], wanted));
        }
    }
}
