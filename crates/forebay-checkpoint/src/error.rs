use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use forebay_core::{Checkpoint, Outcome, ResumeKey, StoreError};

use crate::json_v1::error::ImportError;
use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};

/// Why a store did not do what was asked for.
///
/// Both stores have it, so that a program can choose between them when it starts. It is cloned
/// where a failed write was that of many, and cloning copies pointers.
///
/// [`outcome`](StoreError::outcome) is [`NotCommitted`](Outcome::NotCommitted) for every variant but
/// [`Io`](Self::Io), which says so itself.
///
/// # Examples
///
/// What a consumer does about a commit that failed:
///
/// ```
/// use forebay_checkpoint::{CheckpointError, FileStore};
/// use forebay_core::{CheckpointStore, Cursor, Outcome, ResumeKey, StoreError};
///
/// /// Returns whether to go on.
/// async fn keep(store: &FileStore, key: &ResumeKey, reached: Cursor) -> bool {
///     match store.commit(key, reached.into()).await {
///         Ok(_) => true,
///         // The log was made anew, as this consumer knows: what is stored is of the old one.
///         Err(CheckpointError::OtherLog { .. }) => store.reset(key, reached.into()).await.is_ok(),
///         // Later commits make up for this one, whatever became of it.
///         Err(error @ CheckpointError::Io { .. }) => {
///             eprintln!("{error}: {}", error.outcome() == Outcome::NotCommitted);
///             true
///         }
///         Err(_) => false,
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The commit is in another log than what is stored, so which of both is further cannot be
    /// said. Where the log was made anew, reset the key.
    OtherLog {
        /// The key.
        key: ResumeKey,
        /// What is stored under it.
        stored: Checkpoint,
    },

    /// Somebody else has claimed, reset or removed the key since this claim was given. Stop: what
    /// this consumer does now, another one does as well.
    Fenced {
        /// The epoch that the key has now.
        epoch: u64,
    },

    /// The event id is longer than [`EVENT_ID_BYTES_MAX`].
    EventIdTooLong {
        /// How many bytes it has.
        bytes: usize,
    },

    /// The label is longer than [`LABEL_BYTES_MAX`].
    LabelTooLong {
        /// How many bytes it has.
        bytes: usize,
    },

    /// These commits are more than one write may have. Commit them in several calls.
    BatchTooLarge {
        /// How many bytes they take.
        bytes: usize,
        /// How many they may take.
        bytes_max: usize,
    },

    /// As many changes wait to be written as may wait. Wait for some of them.
    Full,

    /// The store is closed, and so is every handle to it.
    Closed,

    /// Reading or writing failed. Look into the cause; a change that was
    /// [not committed](Outcome::NotCommitted) can be asked for again once that is gone.
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file it was tried with.
        path: Arc<Path>,
        /// Why it failed.
        source: Arc<io::Error>,
        /// What became of the change, if it was one.
        outcome: Outcome,
    },

    /// What was durable is damaged here. Salvage reads what there is before and behind it.
    Corrupt {
        /// The file.
        path: Arc<Path>,
        /// Where the damage begins, in bytes.
        offset: u64,
    },

    /// This is a file of another kind, or one of which nothing can be told any more. Open another
    /// path.
    NotAStore {
        /// The file.
        path: Arc<Path>,
    },

    /// This is the JSON file of an older client. Say in the options of which log its positions are,
    /// and it is taken over when it is opened.
    JsonV1 {
        /// The file.
        path: Arc<Path>,
    },

    /// The JSON file of an older client is not as it must be. It is as it was, and nothing of it was
    /// imported.
    Import {
        /// The file.
        path: Arc<Path>,
        /// What is wrong about it.
        source: ImportError,
    },

    /// The file is in a format of a newer release than this one. Update this program to read it.
    UnsupportedVersion {
        /// The file.
        path: Arc<Path>,
        /// The lowest format that its reader must know.
        found: u16,
    },

    /// The keys of the file are of a form that is not known here, but to a newer release.
    KeyFormat {
        /// The file.
        path: Arc<Path>,
        /// The form of its keys.
        found: u32,
    },

    /// Another process held the lock for longer than this one waits. Nothing waits any more, and
    /// nothing has changed: try again, and look for a process that was stopped in the middle.
    LockTimeout {
        /// The file.
        path: Arc<Path>,
    },

    /// The file is on a file system on which locks do not reach every writer. Put it on a local
    /// one, or allow this one in the options.
    NotLocal {
        /// The file.
        path: Arc<Path>,
        /// What the file system is called.
        filesystem: &'static str,
    },

    /// The file was replaced where it has another name, and this path, a mount point, cannot see the
    /// new one: what is written here is lost. Mount the directory instead of the file.
    Replaced {
        /// The file.
        path: Arc<Path>,
    },

    /// This is a directory, a device or something else that is no file. Open another path.
    NotAFile {
        /// What it was that was to be opened.
        path: Arc<Path>,
    },

    /// The process is a fork of the one that opened the store. Open it anew.
    Forked,
}

impl StoreError for CheckpointError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Io { outcome, .. } => *outcome,
            _ => Outcome::NotCommitted,
        }
    }

    fn other_log(&self) -> Option<&Checkpoint> {
        match self {
            Self::OtherLog { stored, .. } => Some(stored),
            _ => None,
        }
    }

    /// A write that failed, a lock that is held and a queue that is full pass. Everything else needs
    /// somebody to mend it, or stays as it is.
    fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Io { .. } | Self::LockTimeout { .. } | Self::Full
        )
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLog { key, stored } => {
                write!(f, "key {key} is at {}, in another log", stored.cursor())
            }
            Self::Fenced { epoch } => write!(f, "another one claimed it later, with epoch {epoch}"),
            Self::EventIdTooLong { bytes } => {
                write!(
                    f,
                    "the event id has {bytes} bytes, more than {EVENT_ID_BYTES_MAX}"
                )
            }
            Self::LabelTooLong { bytes } => {
                write!(
                    f,
                    "the label has {bytes} bytes, more than {LABEL_BYTES_MAX}"
                )
            }
            Self::BatchTooLarge { bytes, bytes_max } => {
                write!(f, "the commits take {bytes} bytes, more than {bytes_max}")
            }
            Self::Full => f.write_str("too many changes wait to be written"),
            Self::Closed => f.write_str("the store is closed"),
            Self::Io { doing, path, .. } => write!(f, "cannot {doing} {}", path.display()),
            Self::Corrupt { path, offset } => {
                write!(f, "{} is damaged at byte {offset}", path.display())
            }
            Self::NotAStore { path } => write!(f, "{} is no checkpoint file", path.display()),
            Self::JsonV1 { path } => {
                write!(f, "{} is the JSON file of an older client", path.display())
            }
            Self::Import { path, .. } => write!(f, "cannot import {}", path.display()),
            Self::UnsupportedVersion { path, found } => {
                write!(f, "{} needs a reader of format {found}", path.display())
            }
            Self::KeyFormat { path, found } => {
                write!(f, "{} has keys of unknown form {found}", path.display())
            }
            Self::LockTimeout { path } => {
                write!(f, "another process keeps the lock on {}", path.display())
            }
            Self::NotLocal { path, filesystem } => {
                write!(
                    f,
                    "{} is on {filesystem}, which is not local",
                    path.display()
                )
            }
            Self::Replaced { path } => {
                write!(f, "{} was replaced behind its mount point", path.display())
            }
            Self::NotAFile { path } => write!(f, "{} is no file", path.display()),
            Self::Forked => f.write_str("the store was opened by the parent process"),
        }
    }
}

impl Error for CheckpointError {
    /// Returns the cause itself and not the `Arc` around it, so that it downcasts.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(&**source),
            Self::Import { source, .. } => Some(source),
            _ => None,
        }
    }
}
