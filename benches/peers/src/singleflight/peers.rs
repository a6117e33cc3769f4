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

use crate::entry::{Entry, Kind};
use crate::goal::Against;
use crate::singleflight::check::check;
use crate::singleflight::peer::Peer;

/// How many values a cache may keep: more than any question of caches loads.
pub const CACHE_CAPACITY: u64 = 16_384;

/// What a question does to each peer.
pub trait Probe {
    /// Runs the workload against `P` once, and returns a figure for each column of the table;
    /// `None` where the peer cannot do what the column asks.
    fn probe<P: Peer>(&self) -> Vec<Option<f64>>;
}

/// What a goal is held against that should undercut the libraries for nothing but singleflight.
pub const BEST_SINGLEFLIGHT: Against =
    Against::Best(&[Kind::Library], "best single-flight library");

/// Returns the entry of `P`.
#[must_use]
pub fn entry<P: Peer, Q: Probe>() -> Entry<Q> {
    Entry {
        name: P::NAME,
        settings: "",
        kind: P::KIND,
        check: check::<P>,
        probe: |question| question.probe::<P>(),
    }
}

/// Returns every peer and floor.
#[must_use]
pub fn all<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<Forebay, _>(),
        entry::<Uniflight, _>(),
        entry::<AsyncSingleflight, _>(),
        entry::<SingleflightAsync, _>(),
        entry::<RsSingleflight, _>(),
        entry::<Moka, _>(),
        entry::<QuickCache, _>(),
        entry::<Foyer, _>(),
        entry::<Seed, _>(),
        entry::<Notified, _>(),
        entry::<Marked, _>(),
        entry::<Direct, _>(),
    ]
}

/// Returns those that bound a follower's wait, and what they are held against.
#[must_use]
pub fn bounded<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<Forebay, _>(),
        entry::<ForebayBounded, _>(),
        entry::<ForebayTimer, _>(),
        entry::<Seed, _>(),
    ]
}
