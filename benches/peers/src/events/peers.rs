//! The peers, one file each, and the order in which they stand in the tables.

pub mod async_broadcast;
pub mod asyncband;
pub mod chain;
pub mod chute;
pub mod floor;
pub mod forebay;
pub mod mpsc;
pub mod seed;
pub mod tokio_broadcast;
pub mod watch;

use self::async_broadcast::AsyncBroadcast;
use self::asyncband::Asyncband;
use self::chain::ArcChain;
use self::chute::Chute;
use self::floor::Wakers;
use self::forebay::{Forebay, ForebayInline, ForebaySlices};
use self::mpsc::TokioMpsc;
use self::seed::Seed;
use self::tokio_broadcast::TokioBroadcast;
use self::watch::TokioWatch;

use crate::entry::Entry;
use crate::events::check::check;
use crate::events::peer::Peer;
use crate::goal::Against;

/// The row that most goals are set against.
pub const TOKIO: Against = Against::Row(tokio_broadcast::NAME);

/// The row of the seed.
pub const SEED: Against = Against::Row(seed::NAME);

/// The row of the least that waking takes.
pub const FLOOR: Against = Against::Row(floor::NAME);

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

/// Returns every peer.
#[must_use]
pub fn all<Q: Probe>() -> Vec<Entry<Q>> {
    let mut entries = vec![
        entry::<Forebay, _>(),
        entry::<ForebaySlices, _>(),
        entry::<ForebayInline, _>(),
    ];
    entries.extend(others());
    entries
}

/// Returns every peer but forebay.
#[must_use]
pub fn others<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<TokioBroadcast, _>(),
        entry::<AsyncBroadcast, _>(),
        entry::<Asyncband, _>(),
        entry::<Chute, _>(),
        entry::<TokioMpsc, _>(),
        entry::<TokioWatch, _>(),
        entry::<Seed, _>(),
        entry::<ArcChain, _>(),
        entry::<Wakers, _>(),
    ]
}
