//! The peers, one file each, and the order in which they stand in the tables.

pub mod async_singleflight;
pub mod floor;
pub mod forebay;
pub mod foyer;
pub mod moka;
pub mod quick_cache;
pub mod rs_singleflight;
pub mod seed;
pub mod singleflight_async;
pub mod uniflight;

use self::async_singleflight::AsyncSingleflight;
use self::floor::{Direct, Marked, Notified};
use self::forebay::{Forebay, ForebayBounded, ForebayTimer};
use self::foyer::Foyer;
use self::moka::Moka;
use self::quick_cache::QuickCache;
use self::rs_singleflight::RsSingleflight;
use self::seed::Seed;
use self::singleflight_async::SingleflightAsync;
use self::uniflight::Uniflight;

use crate::singleflight::check::check;
use crate::singleflight::peer::{Kind, Peer};

/// How many values a cache may keep: more than any question of caches loads.
pub const CACHE_CAPACITY: u64 = 16_384;

/// What a question does to each peer.
pub trait Probe {
    /// Runs the workload against `P` once, and returns a figure for each column of the table;
    /// `None` where the peer cannot do what the column asks.
    fn probe<P: Peer>(&self) -> Vec<Option<f64>>;
}

/// A peer, ready to be probed.
#[derive(Debug)]
pub struct Entry<Q> {
    /// The name of its row.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Checks that it gives right answers.
    pub check: fn(),
    /// Runs the question's workload against it.
    pub probe: fn(&Q) -> Vec<Option<f64>>,
}

impl<Q: Probe> Entry<Q> {
    /// Returns the entry of `P`.
    #[must_use]
    pub fn of<P: Peer>() -> Self {
        Self {
            name: P::NAME,
            kind: P::KIND,
            check: check::<P>,
            probe: |question| question.probe::<P>(),
        }
    }
}

/// Returns every peer and floor.
#[must_use]
pub fn all<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        Entry::of::<Forebay>(),
        Entry::of::<Uniflight>(),
        Entry::of::<AsyncSingleflight>(),
        Entry::of::<SingleflightAsync>(),
        Entry::of::<RsSingleflight>(),
        Entry::of::<Moka>(),
        Entry::of::<QuickCache>(),
        Entry::of::<Foyer>(),
        Entry::of::<Seed>(),
        Entry::of::<Notified>(),
        Entry::of::<Marked>(),
        Entry::of::<Direct>(),
    ]
}

/// Returns those that bound a follower's wait, and what they are held against.
#[must_use]
pub fn bounded<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        Entry::of::<Forebay>(),
        Entry::of::<ForebayBounded>(),
        Entry::of::<ForebayTimer>(),
        Entry::of::<Seed>(),
    ]
}
