//! The engine against a simple model, over a file system that loses, fails and stops.
//!
//! * What was acknowledged is there after any crash, and nothing that was not asked for.
//! * What was refused, or failed as not committed, is not there; what failed as unknown is there
//!   whole or not at all.
//! * A key goes back only where it was reset or removed, and a claim is fenced by whoever came after.
//! * A sync that does nothing is noticed by this test.

mod naive;
mod processes;

use std::path::Path;
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::{Engine, Settings};
use crate::file::model::processes::{Plan, Run};
use crate::file::sim::{Fault, World};

/// Runs every seed until one of them finds something that must not be.
fn first_violation(seeds: std::ops::Range<u64>, plan: Plan) -> Option<String> {
    let mut runs = seeds.map(|seed| {
        let found = Run::new(seed, plan).go();
        found
            .err()
            .map(|violation| format!("seed {seed}: {violation}"))
    });
    runs.find_map(|found| found)
}

/// How many seeds each test tries; a longer run sets it higher.
fn seeds() -> u64 {
    let asked = std::env::var("FOREBAY_CHECKPOINT_SEEDS");
    asked
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_500)
}

fn holds(plan: Plan) {
    let found = first_violation(
        std::env::var("SD").map_or(0, |x| x.parse().unwrap())..seeds(),
        plan,
    );
    assert_eq!(found, None);
}

#[test]
fn nothing_goes_wrong_without_faults() {
    holds(Plan::default());
}

#[test]
fn power_lost_at_any_call_loses_nothing_acknowledged() {
    holds(Plan {
        power_losses: true,
        ..Plan::default()
    });
}

#[test]
fn processes_killed_at_any_call_lose_nothing_acknowledged() {
    holds(Plan {
        kills: true,
        power_losses: true,
        ..Plan::default()
    });
}

#[test]
fn errors_at_any_call_say_truly_what_became_of_the_change() {
    holds(Plan {
        errors: true,
        ..Plan::default()
    });
}

#[test]
fn errors_and_crashes_together_lose_nothing_acknowledged() {
    holds(Plan {
        errors: true,
        kills: true,
        power_losses: true,
        ..Plan::default()
    });
}

/// Not drawn at random: the same turns again and again, and each of their calls fails once in each
/// way.
#[test]
fn every_call_may_fail_in_every_way() {
    use std::io::ErrorKind::{Interrupted, Other, StorageFull};
    let faults = [
        Fault::Error(Other),
        Fault::Error(StorageFull),
        Fault::Error(Interrupted),
        Fault::Partial(StorageFull),
        Fault::Kill,
        Fault::PowerLoss,
    ];
    for seed in 0..seeds() / 300 {
        let calls = Run::new(seed, Plan::default()).go().unwrap();
        for only in (0..calls).flat_map(|call| faults.map(|fault| (call, fault))) {
            let plan = Plan {
                only: Some(only),
                ..Plan::default()
            };
            let found = Run::new(seed, plan).go().err();
            assert_eq!(found, None, "seed {seed}, {only:?}");
        }
    }
}

#[test]
fn a_path_that_cannot_be_renamed_over_works_in_place() {
    holds(Plan {
        mounted: true,
        power_losses: true,
        kills: true,
        ..Plan::default()
    });
}

#[test]
fn syncs_that_do_nothing_are_noticed() {
    let plan = Plan {
        lies: true,
        power_losses: true,
        ..Plan::default()
    };
    assert!(first_violation(0..seeds(), plan).is_some());
}

#[test]
fn a_file_system_that_is_not_local_is_refused_unless_allowed() {
    let world = World::new(1);
    world.make_remote("nfs");
    let enter = |remote| {
        let settings = Settings {
            remote,
            ..Settings::default()
        };
        let path = Arc::from(Path::new("/store"));
        let shared = (Arc::default(), Arc::default());
        let mut engine = Engine::new(world.process(), path, settings, shared.0, shared.1);
        engine.enter(true).map(|_| ())
    };
    let refused = enter(false);
    assert!(matches!(
        refused,
        Err(CheckpointError::NotLocal {
            filesystem: "nfs",
            ..
        })
    ));
    assert!(enter(true).is_ok());
}
