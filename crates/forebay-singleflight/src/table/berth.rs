//! What a call says to its flight's shard, and what it hears.

use std::sync::Arc;
use std::task::Waker;

use crate::policy::Cancel;
use crate::table::flight::Flight;
use crate::table::waiters::{NOWHERE, Place};

/// Where a flight is, as its members remember it.
#[derive(Clone, Copy)]
pub(crate) struct Berth {
    pub(crate) hash: u64,
    pub(crate) id: u64,
    /// The member's place among the waiters, if it has one.
    pub(crate) place: Place,
}

impl Berth {
    /// Before a call has joined.
    pub(crate) const NOWHERE: Self = Self {
        hash: 0,
        id: 0,
        place: NOWHERE,
    };
}

/// How a call wants to join.
pub(crate) struct Ask<'a> {
    /// `None`: it is not being polled yet.
    pub(crate) waker: Option<&'a Waker>,
    pub(crate) deadline: u64,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Mode {
    /// The caller loads in its own task.
    InPlace,
    /// The same, but only if nobody else is loading.
    Claim,
    /// In its own task, and it is to be told when another load lands the flight first.
    Watching,
    /// The caller follows a load that runs in a task of its own.
    Detached(Cancel),
}

impl Mode {
    /// Whether a load is to be told when its flight ends without it.
    pub(crate) const fn is_watched(self) -> bool {
        matches!(self, Self::Watching | Self::Detached(_))
    }
}

/// What joining came to.
///
/// A verdict and what goes with it, rather than an enum of the two, and no berth in it, whose two
/// numbers a processor would copy as one, just after they were written apart, and wait.
pub(crate) struct Joined<V, E> {
    pub(crate) verdict: Verdict,
    pub(crate) id: u64,
    pub(crate) place: Place,
    /// The place of a load that is to be spawned.
    pub(crate) leader: Place,
    /// Whether the caller took over a flight that another call had begun.
    pub(crate) promoted: bool,
    /// Where another call's outcome appears: for a follower, and for a leader that is to be told.
    pub(crate) flight: Option<Arc<Flight<V, E>>>,
}

impl<V, E> Joined<V, E> {
    /// The berth of a call whose key has this hash.
    pub(crate) const fn berth(&self, hash: u64) -> Berth {
        Berth {
            hash,
            id: self.id,
            place: self.place,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    Lead,
    Follow,
    /// The caller follows, and is to spawn the load, which has a place of its own.
    Spawn,
    /// Somebody else is loading, and the caller wanted to be the only one.
    Busy,
    /// The caller would wait for itself.
    Cycle,
}

/// What a follower learns when it is polled.
pub(crate) enum Followed {
    /// Nothing yet; it will be woken, at this time at the latest.
    Waiting(u64),
    /// The flight has landed.
    Landed,
    /// The follower is the leader now.
    Promoted,
    /// The follower goes on following and is to spawn the load, which has this berth.
    Spawn(Berth),
    /// The follower loads beside the leader now.
    Hedge,
    /// Its bound on waiting has passed, and it has left the flight.
    Expired,
}

/// Why a follower leaves.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Left {
    Dropped,
    TimedOut,
}

/// How a follower's deadlines are to be taken.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// When it gives up.
    pub(crate) deadline: u64,
    /// How many extra loads the flight may have, of which it can begin one before that.
    pub(crate) hedges_max: usize,
    /// How it loads once it is promoted.
    pub(crate) mode: Mode,
}
