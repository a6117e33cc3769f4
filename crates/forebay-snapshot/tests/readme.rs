//! The README names every metric, and no other.
#![cfg(all(feature = "metrics", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "time is virtual, but has to begin somewhere"
)]

use std::collections::BTreeSet;
use std::time::Instant;

use forebay_snapshot::driver::{Driver, DriverConfig, DriverHost, NotInstalled};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig, Session,
    SessionConfig, SliceSnapshot,
};
use metrics_util::debugging::DebuggingRecorder;

struct Replica;

impl DriverHost for Replica {
    type State = SliceSnapshot<u64>;
    type Peer = u32;
    type Entry = u64;
    type Spool = MemorySpool;

    fn feed(&mut self, _: Marker<u32>) -> Result<(), Marker<u32>> {
        Ok(())
    }

    fn install(&mut self, _: Anchor, _: Self::State) -> Result<(), NotInstalled> {
        Ok(())
    }

    fn done(&mut self, _: Anchor, _: Vec<LogEntry<u64>>) {}
}

/// The names in the table, of which only the first of a row is written in full.
fn named() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in include_str!("../README.md").lines() {
        let Some(first) = row.strip_prefix("| `forebay_snapshot_") else {
            continue;
        };
        let machine = first.split('_').next().unwrap();
        let cell = row.split('|').nth(1).unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            let rest = name.trim_start_matches('…');
            let rest = rest.strip_prefix("forebay_snapshot_").unwrap_or(rest);
            let rest = rest.strip_prefix(machine).unwrap_or(rest);
            names.insert(format!("forebay_snapshot_{machine}{rest}"));
        }
    }
    names
}

#[test]
fn metrics_are_those_of_the_table() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let members = Membership::new(1, [1, 2]);
        let (config, now) = (SessionConfig::new(), Instant::now());
        Session::<SliceSnapshot<u64>, _, u64>::start(now, config, members.clone(), 7).unwrap();
        let provider = Provider::new(ProviderConfig::new(), members).unwrap();
        let _driver = Driver::new(DriverConfig::new(), provider, Replica).unwrap();
    });
    let told = snapshotter.snapshot().into_vec().into_iter();
    let told: BTreeSet<_> = told.map(|(key, ..)| key.key().name().to_owned()).collect();
    assert_eq!(told, named());
}
