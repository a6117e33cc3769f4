use std::collections::BTreeMap;
use std::time::Instant;

use forebay_core::Sequence;

use crate::chunk::{Builder, Table};
use crate::provider::bucket::Bucket;
use crate::{Anchor, Hash, Refusal, Snapshot};

/// How many answered fetches of a follower are remembered, to know one that came twice.
const ANSWERED_MAX: usize = 16;

/// A snapshot that is kept.
#[derive(Debug)]
pub(crate) struct Slot<S: Snapshot, P> {
    /// Names the slot in timers and caches; no other one ever had it.
    pub(crate) number: u64,
    pub(crate) contents: Contents<S>,
    /// A second snapshot of the same anchor, of which only the root is wanted.
    pub(crate) twin: Option<Box<Builder<S>>>,
    /// Those who get an offer because a marker names them, once there is a root.
    pub(crate) named: BTreeMap<P, u64>,
    /// Until when each follower counts as fetching.
    pub(crate) leases: BTreeMap<P, Instant>,
    /// When it expires if nobody fetches.
    pub(crate) deadline: Instant,
    /// When it expires whoever fetches.
    pub(crate) end: Instant,
    /// Grows from fetch to fetch, over all slots.
    pub(crate) served: u64,
}

#[derive(Debug)]
pub(crate) enum Contents<S: Snapshot> {
    Building(Box<Builder<S>>),
    Ready(Table<S>),
}

impl<S: Snapshot, P: Ord> Slot<S, P> {
    /// When it expires as things are. What is still being built cannot be fetched, so it cannot expire
    /// for want of fetches.
    pub(crate) fn expires_at(&self) -> Instant {
        match self.contents {
            Contents::Building(_) => self.end,
            Contents::Ready(_) => self.deadline.min(self.end),
        }
    }

    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        now < self.expires_at()
    }

    pub(crate) fn revive(&mut self, until: Instant) {
        self.deadline = self.deadline.max(until);
    }

    pub(crate) fn lease(&mut self, peer: &P, until: Instant) -> Instant
    where
        P: Clone,
    {
        let until = until.min(self.end);
        match self.leases.get_mut(peer) {
            Some(lease) => *lease = until,
            None => {
                self.leases.insert(peer.clone(), until);
            }
        }
        until
    }

    pub(crate) fn has_lease(&self, now: Instant) -> bool {
        self.leases.values().any(|&until| now < until)
    }

    pub(crate) const fn table(&self) -> Option<&Table<S>> {
        match &self.contents {
            Contents::Building(_) => None,
            Contents::Ready(table) => Some(table),
        }
    }

    pub(crate) fn root(&self) -> Option<Hash> {
        self.table().map(Table::root)
    }

    pub(crate) fn len(&self) -> u64 {
        match &self.contents {
            Contents::Building(builder) => builder.snapshot().len(),
            Contents::Ready(table) => table.index().items(),
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        self.table().is_none() || self.twin.is_some()
    }

    pub(crate) fn table_bytes(&self) -> usize {
        let contents = match &self.contents {
            Contents::Building(builder) => builder.held_bytes(),
            Contents::Ready(table) => table.bytes(),
        };
        let twin = self.twin.as_ref().map_or(0, |twin| twin.held_bytes());
        contents.saturating_add(twin)
    }
}

/// Somebody who fetches.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) bucket: Bucket,
    /// Until when it counts as fetching something.
    pub(crate) until: Instant,
    /// How many bytes an answer may have. Less than the limit once one was too large to be sent.
    pub(crate) data_bytes_max: usize,
    /// How many bytes a single piece may have, which cannot be less than it is: as many as were not
    /// found to be too large.
    pub(crate) piece_bytes_max: usize,
    answered: [Option<u64>; ANSWERED_MAX],
    answered_next: usize,
}

impl Follower {
    pub(crate) fn new(until: Instant, piece_bytes_max: usize) -> Self {
        Self {
            bucket: Bucket::default(),
            until,
            data_bytes_max: piece_bytes_max,
            piece_bytes_max,
            answered: [None; ANSWERED_MAX],
            answered_next: 0,
        }
    }

    /// Remembers a fetch as answered, and says whether it already was.
    pub(crate) fn answer(&mut self, id: u64) -> bool {
        if self.answered.contains(&Some(id)) {
            return true;
        }
        if let Some(place) = self.answered.get_mut(self.answered_next) {
            *place = Some(id);
        }
        self.answered_next = self.answered_next.wrapping_add(1) % ANSWERED_MAX;
        false
    }

    /// When nothing of it needs to be remembered any more. Its debt outlasts its leases, or it could
    /// get rid of it by beginning anew.
    pub(crate) fn forget_at(&self) -> Instant {
        let paid_at = self.bucket.paid_at();
        paid_at.map_or(self.until, |paid_at| paid_at.max(self.until))
    }
}

/// The last request of a peer.
#[derive(Clone, Debug)]
pub(crate) struct Asker<P> {
    pub(crate) nonce: u64,
    pub(crate) reconnect: Option<Sequence>,
    pub(crate) state: AskerState<P>,
    /// When its answer is forgotten.
    pub(crate) until: Instant,
}

#[derive(Clone, Debug)]
pub(crate) enum AskerState<P> {
    /// It gets the snapshot that is taken at the marker under way.
    AwaitsMarker {
        /// Whether that was under way already when it asked, and so may stand too early in the log.
        is_early: bool,
    },
    /// It gets this snapshot, which is being built.
    AwaitsTable(Anchor),
    /// It has been offered this one.
    Offered(Anchor),
    /// It has been refused.
    Refused(Refusal<P>),
}

impl<P> Asker<P> {
    pub(crate) const fn is_waiting(&self) -> bool {
        matches!(
            self.state,
            AskerState::AwaitsMarker { .. } | AskerState::AwaitsTable(_)
        )
    }

    pub(crate) fn awaits(&self, anchor: Anchor) -> bool {
        matches!(self.state, AskerState::AwaitsTable(awaited) if awaited == anchor)
    }
}
