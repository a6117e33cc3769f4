use std::error::Error;
use std::fmt;

use forebay_events::{FeedError, Reason, RecvError, Stale, SubscribeError};

use crate::error::FollowError;

/// Why a log in memory is not followed, or no longer.
///
/// As a [`FollowError`], a position that cannot be resumed from and a reader that was cut off are
/// [`Stale`](FollowError::Stale), and any end but that of a closed log is
/// [`Refused`](FollowError::Refused).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SourceError<E> {
    /// The position cannot be resumed from.
    Stale(Stale),
    /// The log has ended without being closed, or the consumer was too slow for its retention.
    Ended(RecvError<E>),
}

impl<E> SourceError<E> {
    pub(super) const fn stale(stale: Stale) -> FollowError<Self> {
        FollowError::Stale(Self::Stale(stale))
    }

    pub(super) fn ended(error: RecvError<E>) -> FollowError<Self> {
        match error {
            RecvError::Closed => FollowError::Closed,
            lagged @ RecvError::Lagged { .. } => FollowError::Stale(Self::Ended(lagged)),
            // A log that has ended stays so, however often it is asked.
            other => FollowError::Refused(Self::Ended(other)),
        }
    }
}

impl<E> fmt::Display for SourceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(stale) => stale.fmt(f),
            Self::Ended(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for SourceError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Stale(stale) => stale.source(),
            Self::Ended(error) => error.source(),
        }
    }
}

/// Why a hub is not followed, or no longer.
///
/// As a [`FollowError`], what another subscription may mend is [`Interrupted`](FollowError::Interrupted):
/// a feed that was cut off or refreshed, a snapshot that failed. The hub then says by itself, with a new
/// snapshot, whether something is missing. Everything else is [`Refused`](FollowError::Refused).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HubError<E> {
    /// The hub takes no subscribers.
    Subscribe(SubscribeError<E>),
    /// The feed has ended.
    Feed(FeedError<E>),
}

impl<E> HubError<E> {
    pub(super) fn subscribe(error: SubscribeError<E>) -> FollowError<Self> {
        match error {
            SubscribeError::Closed => FollowError::Closed,
            other => FollowError::Refused(Self::Subscribe(other)),
        }
    }

    /// A hub that is asked again says itself, by a new snapshot, that something is missing.
    pub(super) fn feed(error: FeedError<E>) -> FollowError<Self> {
        match error {
            FeedError::Closed => FollowError::Closed,
            again @ (FeedError::Lagged { .. }
            | FeedError::Snapshot(_)
            | FeedError::SnapshotBehind { .. }
            | FeedError::ForceClosed(Reason::Refreshed)) => {
                FollowError::Interrupted(Self::Feed(again))
            }
            other => FollowError::Refused(Self::Feed(other)),
        }
    }
}

impl<E> fmt::Display for HubError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe(error) => error.fmt(f),
            Self::Feed(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for HubError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Subscribe(error) => error.source(),
            Self::Feed(error) => error.source(),
        }
    }
}
