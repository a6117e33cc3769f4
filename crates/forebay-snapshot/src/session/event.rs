use std::time::Duration;

use crate::session::buffer::LogEntry;
use crate::session::error::SessionError;
use crate::{Anchor, Hash, Message, Piece, PieceError, Refusal};

/// What a session wants done. Each is given out once, in order, by
/// [`poll_output`](crate::Session::poll_output).
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionOutput<S, P, E> {
    /// A message to a peer. It may be lost.
    Send {
        /// Who gets it.
        to: P,
        /// What it says.
        message: Message<P>,
    },
    /// The state is whole: put it in the place of the old one, then say how that went, with
    /// [`handle_installed`](crate::Session::handle_installed) or
    /// [`handle_install_failed`](crate::Session::handle_install_failed).
    Install {
        /// The last entry of the log that the state holds.
        anchor: Anchor,
        /// The state.
        state: S,
    },
    /// The state is installed: apply these entries to it, and follow the log from there.
    Done {
        /// The last entry of the log that the state holds.
        anchor: Anchor,
        /// The entries after it that arrived in the meantime, without a gap.
        replay: Vec<LogEntry<E>>,
    },
    /// The session has ended without a state.
    Failed(SessionError),
    /// How far it is. Only the latest is given out.
    Progress(Progress),
    /// Something happened that an operator may want to know.
    Event(SessionEvent<P>),
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Phase {
    /// It asks for a snapshot, again and again.
    Requesting,
    /// It has offers, and waits for more of them.
    Choosing,
    /// It fetches the index and the pages.
    Listing,
    /// It fetches chunks.
    Fetching,
    /// It waits for the state to be installed.
    Installing,
    /// The state is installed.
    Done,
    /// It has given up.
    Failed,
}

impl Phase {
    /// Returns whether nothing more will come of the session.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Phase;
    ///
    /// assert!(Phase::Done.is_final() && Phase::Failed.is_final());
    /// assert!(!Phase::Installing.is_final());
    /// ```
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    pub(crate) const fn is_asking(self) -> bool {
        matches!(self, Self::Requesting | Self::Choosing)
    }

    pub(crate) const fn is_fetching(self) -> bool {
        matches!(self, Self::Listing | Self::Fetching)
    }
}

/// How far a session is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// How many items were verified.
    pub items: u64,
    /// How many items there are, once that is known.
    pub items_total: Option<u64>,
    /// How many bytes of chunks were verified.
    pub bytes: u64,
    /// How many bytes of chunks there are, once that is known.
    pub bytes_total: Option<u64>,
    /// How many providers it fetches from.
    pub providers: usize,
}

/// What an operator may want to know of a session.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SessionEvent<P> {
    /// Peers name different roots for one anchor: some lie, or the state does not follow from the
    /// log alone.
    Divergence {
        /// The anchor.
        anchor: Anchor,
        /// The roots that are named for it.
        roots: Vec<Hash>,
    },
    /// A provider sent what cannot belong to the snapshot, and is not listened to any more.
    Banned {
        /// The provider.
        peer: P,
        /// What it was asked for.
        piece: Piece,
        /// What is wrong with the answer.
        error: PieceError,
    },
    /// A peer does not offer anything.
    Refused {
        /// The peer.
        peer: P,
        /// Why not.
        why: Refusal<P>,
    },
    /// A provider did not answer in time. It is asked again after a rest.
    TimedOut {
        /// The provider.
        peer: P,
    },
    /// A message was left out of account.
    Ignored {
        /// Who sent it.
        peer: P,
        /// Why it was.
        why: Ignored,
    },
    /// Another snapshot is looked for. What was verified is kept.
    Restarted {
        /// The anchor that is given up, for now.
        anchor: Anchor,
        /// Why it is.
        why: Restart,
    },
    /// The state has been waiting to be installed.
    InstallPending {
        /// For how long.
        since: Duration,
    },
}

/// Why a message was left out of account.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ignored {
    /// It came from a peer that does not vote, or from this one.
    NotMember,
    /// Its sender was banned.
    Banned,
    /// It answers nothing that this peer was asked.
    Unasked,
    /// What it brings is there already.
    Duplicate,
}

/// Why another snapshot is looked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Restart {
    /// Nobody has the snapshot any more.
    NoProvider,
    /// Nothing was verified for too long.
    Stalled,
    /// The log does not go on from its anchor.
    LogMoved,
}

/// How much a session holds, and what it has cost so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionUsage {
    /// Bytes of chunks in the spool.
    pub spool_bytes: u64,
    /// Bytes of chunks that were asked for and have not come.
    pub requested_bytes: u64,
    /// Entries of the log that wait.
    pub entries: usize,
    /// Offers that are remembered.
    pub offers: usize,
    /// Fetches that are under way.
    pub fetches: usize,
    /// Outputs that wait to be polled.
    pub outputs: usize,
    /// Bytes of all the answers to fetches.
    pub fetched_bytes: u64,
    /// Bytes of answers that were of no use.
    pub wasted_bytes: u64,
    /// Bytes of chunks that were there already when they were listed.
    pub reused_bytes: u64,
    /// Events that were dropped because nobody took them.
    pub events_dropped: u64,
}
