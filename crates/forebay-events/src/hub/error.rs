use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_core::{LoadError, Sequence};

use crate::Reason;

/// Why a hub takes no further subscribers.
#[derive(Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SubscribeError<E> {
    /// The publisher closed the hub. There is nothing more to follow.
    Closed,

    /// The publisher was dropped without closing the hub: whoever published is gone, and what it had
    /// still to say is unknown.
    PublisherLost,

    /// The publisher failed, with this error.
    Failed(Arc<E>),

    /// The hub was shut down. Ask another one.
    ShuttingDown,
}

/// Why a feed ended. Whatever it is, the feed gives the same from then on.
#[derive(Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FeedError<E> {
    /// The publisher closed the hub, and everything that it published was delivered.
    Closed,

    /// The publisher was dropped without closing the hub. What it published was delivered.
    PublisherLost,

    /// The publisher failed with this error, after everything that it published was delivered.
    Failed(Arc<E>),

    /// The feed was closed from outside, whatever there was left to deliver. The reason says
    /// whether to subscribe again.
    ForceClosed(Reason),

    /// The subscriber was further behind than the hub's retention allows. Subscribe again with the
    /// feed's cursor.
    Lagged {
        /// How many events it missed.
        missed: u64,
    },

    /// The snapshot could not be built. The error tells whether to subscribe again; it came to
    /// those only who waited for this snapshot.
    Snapshot(LoadError<E>),

    /// The snapshot was older than the oldest event that the hub still had, each time it was built.
    /// Its source lags behind what is published; subscribe again later.
    SnapshotBehind {
        /// What the last of the snapshots showed.
        snapshot: Sequence,
        /// Up to where events were gone.
        gone: Sequence,
    },
}

/// `E` is behind an `Arc`, so it need not be `Clone`, which a derive would ask for.
impl<E> Clone for SubscribeError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Closed => Self::Closed,
            Self::PublisherLost => Self::PublisherLost,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::ShuttingDown => Self::ShuttingDown,
        }
    }
}

impl<E> Clone for FeedError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Closed => Self::Closed,
            Self::PublisherLost => Self::PublisherLost,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::ForceClosed(reason) => Self::ForceClosed(reason.clone()),
            Self::Lagged { missed } => Self::Lagged { missed: *missed },
            Self::Snapshot(error) => Self::Snapshot(error.clone()),
            Self::SnapshotBehind { snapshot, gone } => Self::SnapshotBehind {
                snapshot: *snapshot,
                gone: *gone,
            },
        }
    }
}

impl<E> fmt::Display for SubscribeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the hub is closed",
            Self::PublisherLost => "the publisher of the hub is gone",
            Self::Failed(_) => "the publisher of the hub failed",
            Self::ShuttingDown => "the hub is shut down",
        })
    }
}

impl<E> fmt::Display for FeedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the hub is closed"),
            Self::PublisherLost => f.write_str("the publisher of the hub is gone"),
            Self::Failed(_) => f.write_str("the publisher of the hub failed"),
            Self::ForceClosed(reason) => write!(f, "the feed was closed: {reason}"),
            Self::Lagged { missed } => write!(f, "the feed fell behind and missed {missed} events"),
            Self::Snapshot(_) => f.write_str("the snapshot could not be built"),
            Self::SnapshotBehind { snapshot, gone } => write!(
                f,
                "the snapshot shows sequence {snapshot}, but events up to {gone} are gone"
            ),
        }
    }
}

impl<E: Error + 'static> Error for SubscribeError<E> {
    /// Returns the publisher's error itself and not the `Arc` around it, so that it downcasts.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}

impl<E: Error + 'static> Error for FeedError<E> {
    /// Returns the error of the publisher or of the snapshot's source itself, so that it downcasts;
    /// where the source did not fail by itself, what happened to it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) | Self::Snapshot(LoadError::Backend(error)) => Some(&**error),
            Self::Snapshot(error) => Some(error),
            _ => None,
        }
    }
}
