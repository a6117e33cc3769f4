//! The peers, one file each, and the order in which they stand in the tables.

pub mod async_graphql;
pub mod batch_aint_one;
pub mod caches;
pub mod dataloader;
pub mod floor;
pub mod forebay;
pub mod javascript;
pub mod scuffle;
pub mod ultra_batch;

use self::async_graphql::{AsyncGraphql, AsyncGraphqlCached, AsyncGraphqlTuned};
use self::batch_aint_one::{
    BatchAintOne, BatchAintOneBalanced, BatchAintOneEarlyBound, BatchAintOneLateBound,
    BatchAintOneTuned,
};
use self::caches::{MapGet, MokaGet, QuickCacheGet};
use self::dataloader::{Dataloader, DataloaderCached, DataloaderTuned};
use self::floor::{Bare, Unbatched};
use self::forebay::{
    Forebay, ForebayBisect, ForebayCached, ForebayEarlyBound, ForebayInline, ForebayLateBound,
    ForebaySerial,
};
use self::scuffle::{Scuffle, ScuffleTuned};
use self::ultra_batch::{UltraBatch, UltraBatchTuned};

use crate::batch::check::check;
use crate::batch::peer::Peer;
use crate::entry::{Entry, Kind};

/// How many values a cache may keep: more than any question of caches loads.
pub const CACHE_CAPACITY: usize = 16_384;

/// What a question does to each peer.
pub trait Probe {
    /// Runs the workload against `P` once, and returns a figure for each column of the table;
    /// `None` where the peer cannot do what the column asks.
    fn probe<P: Peer>(&self) -> Vec<Option<f64>>;
}

/// Returns the entry of `P`.
#[must_use]
pub fn entry<P: Peer, Q: Probe>() -> Entry<Q> {
    Entry {
        name: P::NAME,
        settings: P::SETTINGS,
        kind: P::KIND,
        check: check::<P>,
        probe: |question| question.probe::<P>(),
    }
}

/// Returns every library, with its defaults and in its best setting, and the floors.
#[must_use]
pub fn all<Q: Probe>() -> Vec<Entry<Q>> {
    let mut entries = libraries();
    entries.extend([entry::<Bare, _>(), entry::<Unbatched, _>()]);
    entries
}

/// Returns every library, ours included, with its defaults and in its best setting.
#[must_use]
pub fn libraries<Q: Probe>() -> Vec<Entry<Q>> {
    let mut entries = vec![entry::<Forebay, _>(), entry::<ForebayInline, _>()];
    entries.extend(others());
    entries
}

/// Returns the row of a library that cannot be compared, so that it does not seem forgotten.
#[must_use]
pub fn left_out<Q>() -> Entry<Q> {
    Entry {
        name: "batched 0.3.2",
        settings: "NOT MEASURED: it builds on nightly toolchains only",
        kind: Kind::Foreign,
        check: || (),
        probe: |_| Vec::new(),
    }
}

/// Returns every library but ours.
fn others<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<BatchAintOne, _>(),
        entry::<BatchAintOneTuned, _>(),
        entry::<BatchAintOneBalanced, _>(),
        entry::<AsyncGraphql, _>(),
        entry::<AsyncGraphqlTuned, _>(),
        entry::<Dataloader, _>(),
        entry::<DataloaderTuned, _>(),
        entry::<Scuffle, _>(),
        entry::<ScuffleTuned, _>(),
        entry::<UltraBatch, _>(),
        entry::<UltraBatchTuned, _>(),
    ]
}

/// Returns every library that can keep answers, and bare caches.
#[must_use]
pub fn remembering<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<ForebayCached, _>().as_kind(Kind::Ours),
        entry::<DataloaderCached, _>(),
        entry::<AsyncGraphqlCached, _>(),
        entry::<UltraBatch, _>(),
        entry::<MokaGet, _>(),
        entry::<QuickCacheGet, _>(),
        entry::<MapGet, _>(),
    ]
}

/// Returns the libraries and the floor where calls take their time and their number in flight
/// matters.
#[must_use]
pub fn in_flight<Q: Probe>() -> Vec<Entry<Q>> {
    let mut entries = libraries();
    entries.insert(1, entry::<ForebaySerial, _>());
    entries.push(entry::<Unbatched, _>());
    entries
}

/// Returns those that know of calls in flight, with as many as there are connections and with more.
#[must_use]
pub fn over_estimated<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<ForebaySerial, _>().as_kind(Kind::Ours),
        entry::<Forebay, _>().as_kind(Kind::OursVariant),
        entry::<ForebayEarlyBound, _>(),
        entry::<ForebayLateBound, _>(),
        entry::<BatchAintOneTuned, _>(),
        entry::<BatchAintOneEarlyBound, _>(),
        entry::<BatchAintOneLateBound, _>(),
    ]
}

/// Returns the libraries where calls fail, ours also with what it can do about it.
#[must_use]
pub fn bisecting<Q: Probe>() -> Vec<Entry<Q>> {
    let mut entries = vec![
        entry::<ForebayBisect, _>().as_kind(Kind::Ours),
        entry::<Forebay, _>().as_kind(Kind::OursVariant),
    ];
    entries.extend(others());
    entries
}

/// Returns every library with its defaults, with its cache too where it is another loader.
#[must_use]
pub fn defaults<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<Forebay, _>(),
        entry::<ForebayCached, _>(),
        entry::<ForebayInline, _>(),
        entry::<BatchAintOne, _>(),
        entry::<AsyncGraphql, _>(),
        entry::<AsyncGraphqlCached, _>(),
        entry::<Dataloader, _>(),
        entry::<DataloaderCached, _>(),
        entry::<Scuffle, _>(),
        entry::<UltraBatch, _>(),
    ]
}
