use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use forebay_snapshot::Trust;

use crate::cluster::Cluster;
use crate::network::DROP_PERCENT_MAX;
use crate::tally::Tally;

/// How many runs of each kind there are unless it is said otherwise.
const SEEDS: u64 = 150;

/// Runs what is given for many seeds, and says which one failed.
fn for_seeds(run: impl Fn(u64)) {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|value: String| value.parse().unwrap())
    };
    let seeds = match number("FOREBAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FOREBAY_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            println!("failed with FOREBAY_SEED={seed}");
            resume_unwind(panic);
        }
    }
}

fn assert_catches_up(mut cluster: Cluster) {
    cluster.run();
    assert!(matches!(cluster.follower.ended, Some(Ok(_)) | Some(Err(_))));
    if let Some(Err(error)) = &cluster.follower.ended {
        // The host failed to install it twice; all else is no reason to give up.
        assert!(
            matches!(error, forebay_snapshot::SessionError::Install),
            "{error}"
        );
    }
}

#[test]
fn whoever_trusts_any_provider_catches_up() {
    for_seeds(|seed| assert_catches_up(Cluster::new(seed, Trust::Crash, 2 + (seed % 4) as u8, 0)));
}

#[test]
fn whoever_trusts_a_majority_catches_up() {
    for_seeds(|seed| assert_catches_up(Cluster::new(seed, Trust::Quorum, 4 + (seed % 3) as u8, 0)));
}

#[test]
fn a_lying_minority_neither_deceives_nor_stops_whoever_trusts_a_majority() {
    for_seeds(|seed| {
        let (members, liars) = [(5, 1), (6, 1), (7, 2)][(seed % 3) as usize];
        assert_catches_up(Cluster::new(seed, Trust::Quorum, members, liars));
    });
}

#[test]
fn a_minority_that_is_too_large_to_catch_up_without_deceives_nobody() {
    for_seeds(|seed| {
        let (members, liars) = [(5, 2), (7, 3)][(seed % 2) as usize];
        let mut cluster = Cluster::new(seed, Trust::Quorum, members, liars);
        while cluster.now < cluster.chaos.until + Duration::from_secs(10) {
            cluster.step_on();
        }
    });
}

/// What can go wrong at all, and what each machine may have to answer it with.
const TROUBLE: [&str; 41] = [
    "banned",
    "caught up",
    "disconnected",
    "divergence",
    "entries lost",
    "fell behind again",
    "follower lost everything",
    "follower restarted",
    "gap in the log",
    "gave up",
    "gone: busy",
    "gone: expired",
    "gone: out of range",
    "gone: root mismatch",
    "gone: unknown",
    "ignored: banned",
    "ignored: duplicate",
    "ignored: no member",
    "ignored: unasked",
    "leader changed",
    "member came back",
    "member left",
    "no room for a snapshot",
    "no room to be sent",
    "overtaken",
    "pestered",
    "provider started",
    "provider stopped",
    "refused: busy",
    "refused: not leader",
    "refused: superseded",
    "refused: unavailable",
    "restart: log moved",
    "restart: no provider",
    "restart: stalled",
    "reused bytes",
    "snapshot evicted",
    "snapshot expired",
    "stale marker",
    "timed out",
    "too large to be sent",
];

#[test]
fn everything_that_can_go_wrong_does() {
    let mut all = Tally::default();
    let mut worst = 0;
    for seed in 0..SEEDS {
        let members = 5 + 2 * (seed % 2) as u8;
        for (trust, liars) in [(Trust::Crash, 0), (Trust::Quorum, 1)] {
            let mut cluster = Cluster::new(seed, trust, members, liars);
            cluster.run();
            let tally = cluster.tally();
            worst = worst.max(100 * tally.count("lost") / tally.count("sent"));
            all.merge(&tally);
        }
    }
    for what in TROUBLE {
        assert!(all.count(what) > 0, "{what}");
    }
    // How much a run loses is by chance, around what its weather says.
    assert!(
        (DROP_PERCENT_MAX..DROP_PERCENT_MAX + 15).contains(&worst),
        "{worst}"
    );
    let percent = |what| 100 * all.count(what) / all.count("sent");
    assert!(percent("lost") > 5 && percent("sent twice") > 5 && percent("overtaken") > 5);
}

#[test]
fn a_run_can_be_repeated() {
    let run = |seed| {
        let mut cluster = Cluster::new(seed, Trust::Quorum, 5, 1);
        cluster.run();
        let usage = cluster.follower.session.usage();
        (cluster.now, cluster.log.len(), usage)
    };
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed));
    }
}
