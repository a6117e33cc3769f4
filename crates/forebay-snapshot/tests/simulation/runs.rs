use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use forebay_snapshot::Trust;

use crate::cluster::Cluster;

/// How many runs of each kind there are unless it is said otherwise.
const SEEDS: u64 = 300;

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
