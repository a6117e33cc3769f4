//! What a hub counts, as metrics.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_events::{HubStats, Token};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::scene::Scene;
use crate::source::Source;

/// Plays a history with everything in it that is counted.
fn play() -> HubStats {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(9));
    let mut scene = Scene::with(Source::by_hand(), settings);
    let token = Token::from("session");
    scene.publish(5, 8);
    let first = scene.subscribe(Scene::request(8).token(&token));
    let shared = scene.follow(8);
    scene.build(0).end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    let mut reused = scene.follow(8);
    reused.all();
    let resumed = scene.resume(8, reused.cursor());
    let stale = scene.resume(7, reused.cursor());
    scene.build(2).fail("disk");
    scene.runtime.run();
    scene.publish(6, 8);
    scene.hub.force_close(&token);
    let cancelled = scene.follow(9);
    scene.hub.shutdown();
    drop((first, shared, reused, resumed, stale, cancelled));
    scene.stats()
}

#[test]
fn metrics_count_what_the_stats_count() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let stats = metrics::with_local_recorder(&recorder, play);
    let counted: BTreeMap<_, _> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => Some((key.key().name().to_owned(), count)),
            _ => None,
        })
        .collect();
    let expected = [
        ("published", stats.published, 2),
        ("unfollowed", stats.unfollowed, 1),
        ("resumed", stats.resumed, 1),
        ("stale", stats.stale, 1),
        ("snapshots", stats.snapshots, 3),
        ("snapshots_shared", stats.shared, 1),
        ("snapshots_reused", stats.reused, 1),
        ("snapshots_retried", stats.retried, 1),
        ("snapshots_failed", stats.failed, 1),
        ("snapshots_cancelled", stats.cancelled, 1),
        ("force_closed", stats.force_closed, 1),
    ];
    for (name, of_stats, count) in expected {
        let metric = format!("forebay_events_hub_{name}_total");
        assert_eq!((of_stats, counted[&metric]), (count, count), "{name}");
    }
}
