use std::convert::Infallible;

use forebay_core::{Cursor, Sequence};

use crate::RecvError;
use crate::hub::error::FeedError;

/// What a feed is doing.
pub(crate) enum Phase<E> {
    Snapshot(Progress),
    /// Events that the subscriber knows are left out until there is one that it does not know.
    Follow {
        is_skipping: bool,
    },
    /// With the cursor that the feed had.
    Ended(FeedError<E>, Option<Cursor>),
}

/// How far a feed has read a snapshot.
pub(crate) struct Progress {
    /// Whether the subscriber is to be told first that a snapshot begins.
    pub(crate) announces: bool,
    /// The attempt whose pieces are being read.
    attempt: u16,
    /// Whether the subscriber was given pieces of it.
    pub(crate) has_pieces: bool,
}

/// What a feed gives next.
pub(crate) enum Step {
    NewSnapshot,
    Piece,
    EndOfSnapshot(Sequence),
    Event,
}

impl Progress {
    pub(crate) const fn new(announces: bool) -> Self {
        Self {
            announces,
            attempt: 0,
            has_pieces: false,
        }
    }

    /// Goes on with what `attempt` has written; returns whether it can be given at once. It cannot
    /// where the subscriber has pieces of an attempt before, which it has to forget.
    pub(crate) const fn enter(&mut self, attempt: u16) -> bool {
        if attempt != self.attempt {
            self.attempt = attempt;
            self.announces = self.has_pieces;
            self.has_pieces = false;
        }
        !self.announces
    }
}

/// What the end of a log is to a feed.
pub(crate) fn feed_error<E>(error: RecvError<Infallible>) -> FeedError<E> {
    match error {
        RecvError::Closed => FeedError::Closed,
        RecvError::ForceClosed(reason) => FeedError::ForceClosed(reason),
        RecvError::Lagged { missed } => FeedError::Lagged { missed },
        RecvError::Failed(never) => match never {},
        _ => FeedError::PublisherLost,
    }
}
