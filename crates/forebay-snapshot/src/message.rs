use std::time::Duration;

use bytes::Bytes;
use forebay_core::Sequence;
use serde::{Deserialize, Serialize};

use crate::{Anchor, Hash};

/// What peers say to each other. `P` names a peer.
///
/// A session asks, with [`Request`](Self::Request) and [`Fetch`](Self::Fetch), and a provider gives
/// each of them one answer, which carries the number of what it answers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Message<P> {
    /// Somebody fell behind and wants a snapshot.
    Request {
        /// What the answers will carry. Asked again with the same number, it is the same request.
        nonce: u64,
        /// The first entry of the log that the asker has received since; an anchor before the entry
        /// right in front of it is of no use. `None` where it has received none.
        reconnect: Option<Sequence>,
    },
    /// A snapshot that can be fetched here.
    Offer {
        /// The number of the request.
        nonce: u64,
        /// Where it was taken. With the root, it names the snapshot.
        anchor: Anchor,
        /// The hash of its index.
        root: Hash,
        /// How many items it has.
        items: u64,
        /// How many bytes its chunks have together.
        bytes: u64,
        /// How many chunks it has.
        chunks: u64,
        /// How long it stays here if nobody fetches any of it.
        ttl: Duration,
    },
    /// There is no snapshot for that request.
    Refuse {
        /// The number of the request.
        nonce: u64,
        /// Why there is none.
        why: Refusal<P>,
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// Somebody wants a part of a snapshot.
    Fetch {
        /// What the answer will carry.
        id: u64,
        /// Where the snapshot was taken.
        anchor: Anchor,
        /// The hash of its index.
        root: Hash,
        /// Which part.
        piece: Piece,
    },
    /// What was fetched.
    Data {
        /// The number of the fetch.
        id: u64,
        /// The index, the page, or whole chunks, one after the other. Of several chunks these may be
        /// fewer than were asked for, but at least the first.
        bytes: Bytes,
    },
    /// That cannot be fetched.
    Gone {
        /// The number of the fetch.
        id: u64,
        /// Why not.
        why: Absence,
    },
    /// Somebody needs nothing more of a snapshot, having installed or abandoned it.
    Done {
        /// Where the snapshot was taken.
        anchor: Anchor,
        /// The hash of its index.
        root: Hash,
    },
}

impl<P> Message<P> {
    /// Returns whether it asks something of a provider. Otherwise it is for a session.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Message;
    ///
    /// let message = Message::<u64>::Request { nonce: 7, reconnect: None };
    /// assert!(message.is_for_provider());
    /// let message = Message::<u64>::Data { id: 7, bytes: "a chunk".into() };
    /// assert!(!message.is_for_provider());
    /// ```
    #[must_use]
    pub const fn is_for_provider(&self) -> bool {
        matches!(
            self,
            Self::Request { .. } | Self::Fetch { .. } | Self::Done { .. }
        )
    }

    /// How many bytes of data it keeps.
    pub(crate) const fn held(&self) -> usize {
        match self {
            Self::Data { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }
}

/// A part of a snapshot that can be fetched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Piece {
    /// The index: totals, and the hashes of the pages. Its own hash is the root.
    Index,
    /// The page with this number: the hashes and sizes of some chunks.
    Page(u32),
    /// Chunks: encoded items.
    Chunks {
        /// The number of the first one.
        first: u64,
        /// How many at most.
        count: u32,
    },
}

/// Why a request got no snapshot.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Refusal<P> {
    /// Only the leader takes requests.
    NotLeader {
        /// Who that is, as far as is known.
        leader: Option<P>,
    },
    /// Whoever asked is not a member.
    NotMember,
    /// The log did not take the marker, or nothing came of it.
    Unavailable,
    /// There are as many followers or snapshots as there may be.
    Busy,
    /// An item is larger than a piece may be, so this state cannot be sent.
    ItemTooLarge,
    /// The same peer has asked again with another number, and that request will be answered.
    Superseded,
}

/// Why a part of a snapshot cannot be fetched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Absence {
    /// No snapshot of that anchor is here.
    Unknown,
    /// It was here, and nobody fetched any of it for too long.
    Expired,
    /// The snapshot of that anchor has another root here.
    RootMismatch,
    /// No chunks were asked for, or those after the last one.
    Empty,
    /// It has fewer pages or chunks than that.
    OutOfRange {
        /// How many there are.
        len: u64,
    },
    /// There is more to do than is allowed at once.
    Busy {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// The piece is larger than what can be sent to that follower.
    ItemTooLarge,
    /// Whoever asked is not a member.
    NotMember,
}
