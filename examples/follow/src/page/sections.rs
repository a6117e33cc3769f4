//! What the page is told, in parts.

use std::cmp::Reverse;

use forebay_core::{LogId, Sequence};
use serde::Serialize;

use crate::page::positions::Positions;
use crate::status::{
    Receiving, ReplicaStatus, Status, SubscriberStatus, TopicStatus, WorkerStatus,
};

/// Nobody reads more rows than this, and each is sent several times a second.
const ROWS_MAX: usize = 20;

/// A watcher is slow if it is this far behind.
const SLOW_FROM: u64 = 100;

/// A part of what is shown. An event has the whole of one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// The service and its log.
    Service(Service),
    /// What can be watched.
    Topics(Rows<TopicStatus>),
    /// Those who watch, the slow ones first.
    Watchers(Watchers),
    /// What the checkpoint file says.
    Positions(Positions),
    /// What workers say of themselves.
    Workers(Rows<WorkerStatus>),
    /// What replicas say of themselves.
    Replicas(Rows<ReplicaStatus>),
}

/// Which section it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// [`Section::Service`].
    Service,
    /// [`Section::Topics`].
    Topics,
    /// [`Section::Watchers`].
    Watchers,
    /// [`Section::Positions`].
    Positions,
    /// [`Section::Workers`].
    Workers,
    /// [`Section::Replicas`].
    Replicas,
}

/// The service and its log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Service {
    /// The log that sequences are of.
    pub log: LogId,
    /// The last entry.
    pub head: Sequence,
    /// The first entry that is kept.
    pub oldest: Sequence,
    /// How many keys are set.
    pub keys: usize,
    /// How many changes were made since the service was started.
    pub changes: u64,
    /// How many changes a watcher may be behind before it is cut off.
    pub behind_max: u64,
    /// For how long the service runs. It differs each second, so the page is told something each
    /// second as long as the connection stands.
    pub uptime_seconds: u64,
}

/// Some of many.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Rows<T> {
    /// How many there are.
    pub total: usize,
    /// The first of them.
    pub shown: Vec<T>,
}

/// Those who watch.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Watchers {
    /// How many are slow.
    pub slow: usize,
    /// The slowest, and then the others by name.
    #[serde(flatten)]
    pub rows: Rows<Watcher>,
}

/// Somebody who watches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Watcher {
    /// Whether it is far behind.
    pub is_slow: bool,
    /// What the service says of it.
    #[serde(flatten)]
    pub status: SubscriberStatus,
}

impl Section {
    /// Parts what is known into sections.
    #[must_use]
    pub fn all(status: Status, positions: Positions, uptime_seconds: u64) -> [Self; 6] {
        let service = Service {
            log: status.log,
            head: status.head,
            oldest: status.oldest,
            keys: status.keys,
            changes: status.changes,
            behind_max: status.behind_max,
            uptime_seconds,
        };
        [
            Self::Service(service),
            Self::Topics(Rows::first(status.topics)),
            Self::Watchers(Watchers::slowest_first(status.subscribers)),
            Self::Positions(positions),
            Self::Workers(Rows::first(status.workers)),
            Self::Replicas(Rows::first(status.replicas)),
        ]
    }

    /// Returns which section it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Service(_) => Kind::Service,
            Self::Topics(_) => Kind::Topics,
            Self::Watchers(_) => Kind::Watchers,
            Self::Positions(_) => Kind::Positions,
            Self::Workers(_) => Kind::Workers,
            Self::Replicas(_) => Kind::Replicas,
        }
    }
}

impl<T> Rows<T> {
    fn first(mut all: Vec<T>) -> Self {
        let total = all.len();
        all.truncate(ROWS_MAX);
        Self { total, shown: all }
    }
}

impl Watchers {
    fn slowest_first(all: Vec<SubscriberStatus>) -> Self {
        let mut all: Vec<_> = all
            .into_iter()
            .map(|status| Watcher {
                // What is left of a snapshot says nothing of that.
                is_slow: status.phase == Receiving::Following && status.lag >= SLOW_FROM,
                status,
            })
            .collect();
        // Among those who keep up, a change more or less does not change the order.
        all.sort_by_key(|watcher| Reverse(watcher.is_slow.then_some(watcher.status.lag)));
        Self {
            slow: all.iter().filter(|watcher| watcher.is_slow).count(),
            rows: Rows::first(all),
        }
    }
}
