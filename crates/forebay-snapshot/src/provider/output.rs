use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Anchor, Message, StateError};

/// What goes through the log so that every peer takes a snapshot at one position.
///
/// The host puts it into a command of its own, and hands it to its provider wherever that command is
/// applied.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Marker<P> {
    /// Who asked for a snapshot.
    pub requester: P,
    /// The number of the request.
    pub nonce: u64,
}

impl<P> Marker<P> {
    /// Creates the marker for the request of a peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Marker;
    ///
    /// assert_eq!(Marker::new("laggard", 7).requester, "laggard");
    /// ```
    #[must_use]
    pub const fn new(requester: P, nonce: u64) -> Self {
        Self { requester, nonce }
    }
}

/// What a provider wants of its host.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProviderOutput<P> {
    /// Send a message. If it cannot be sent, tell
    /// [`handle_unsent`](crate::Provider::handle_unsent).
    Send {
        /// To whom.
        to: P,
        /// What.
        message: Message<P>,
    },
    /// Put a marker into the log. If the log does not take it, tell
    /// [`handle_unfed`](crate::Provider::handle_unfed).
    Feed(Marker<P>),
    /// Something happened that somebody may want to know.
    Event(ProviderEvent<P>),
}

/// What happened in a provider.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProviderEvent<P> {
    /// A message came from this peer itself; it was dropped.
    FromSelf,
    /// A marker was applied too late for whoever asked; no snapshot was kept.
    StaleMarker {
        /// Where it stands in the log.
        anchor: Anchor,
    },
    /// Two snapshots of one anchor differ, so the state does not follow from the log alone. The first
    /// one was kept.
    Divergence {
        /// Where they were taken.
        anchor: Anchor,
    },
    /// A snapshot cannot be sent, and was dropped.
    Unusable {
        /// Where it was taken.
        anchor: Anchor,
        /// Why not.
        why: StateError,
    },
    /// A snapshot was not kept, since all others are being fetched.
    NoRoom {
        /// Where it was taken.
        anchor: Anchor,
    },
    /// A snapshot can be fetched from now on.
    Ready {
        /// Where it was taken.
        anchor: Anchor,
    },
    /// A snapshot was dropped, since nobody fetched from it or its time was over.
    Expired {
        /// Where it was taken.
        anchor: Anchor,
    },
    /// A snapshot was dropped for the sake of a newer one.
    Evicted {
        /// Where it was taken.
        anchor: Anchor,
    },
    /// A message could not be sent, and was dropped.
    Unsent {
        /// To whom it was to go.
        to: P,
    },
}

/// A message that a machine has not taken, and gives back.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NotTaken<P> {
    /// It is an answer, and belongs to the session of this peer.
    ForSession(Message<P>),
    /// It asks something of a provider, and belongs to that of this peer.
    ForProvider(Message<P>),
    /// Too many messages wait to be sent. Take outputs, then hand it in again.
    Full(Message<P>),
}

impl<P> fmt::Display for NotTaken<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForSession(_) => "message belongs to a session",
            Self::ForProvider(_) => "message belongs to a provider",
            Self::Full(_) => "too many messages wait to be sent",
        })
    }
}

impl<P: fmt::Debug> Error for NotTaken<P> {}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unsent {
    /// There is no room for it now; it is handed out again a little later.
    Full,
    /// It has more bytes than can be sent to that peer; it gets less at once from now on.
    TooLarge,
    /// That peer cannot be reached; it is taken for gone.
    Closed,
}
