//! The engine against a simple model, over a file system that loses, fails and stops.
//!
//! * What was acknowledged is there after any crash, and nothing that was not asked for.
//! * What was refused, or failed as not committed, is not there; what failed as unknown is there
//!   whole or not at all.
//! * A key goes back only where it was reset or removed, and a claim is fenced by whoever came after.
//! * A sync that does nothing is noticed by this test.

mod crashes;
mod damage;
mod dropped;
mod faults;
mod naive;
mod processes;
mod promise;
mod run;
mod scripts;
mod stage;

use std::path::Path;
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::{Engine, Settings};
use crate::file::model::crashes::{Count, Crashes, Depth};
use crate::file::model::run::{Plan, Run};
use crate::file::model::stage::{Stage, commit};
use crate::file::sim::{Fault, Without, World};

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

/// Returns the number in an environment variable.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Which seeds each test tries; a longer run sets how many, and one that failed is played again.
fn seeds() -> std::ops::Range<u64> {
    match asked("FOREBAY_CHECKPOINT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked("FOREBAY_CHECKPOINT_SEEDS").unwrap_or(1_500),
    }
}

fn holds(plan: Plan) {
    assert_eq!(first_violation(seeds(), plan), None);
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
    for seed in seeds().step_by(300) {
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

/// It would not look at the path otherwise, and the old file stays as it is.
#[test]
fn who_only_looks_sees_that_the_file_was_replaced() {
    let mut stage = Stage::new(&[]);
    stage.set(|settings| settings.compact_from = 1 << 20);
    stage.work(0, (1..9).map(|sequence| commit(0, sequence)).collect());
    stage.turn(1, Vec::new(), true);
    assert!(!stage.sees_something(1));
    stage.set(|settings| settings.compact_from = 400);
    stage.turn(2, Vec::new(), true);
    assert!(stage.sum(|counters| counters.replacements) > 1);
    assert!(stage.sees_something(1));
    stage.violation().unwrap();
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
        without: &[Without::Syncs],
        power_losses: true,
        ..Plan::default()
    };
    assert!(first_violation(0..1_500, plan).is_some());
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

/// Explores runs until so many states were seen; every fourth run is of another kind.
fn explore(states: u64, without: &'static [Without]) -> Result<Count, String> {
    let power = Plan {
        power_losses: true,
        ..Plan::default()
    };
    let kills = Plan {
        kills: true,
        ..power
    };
    let errors = Plan {
        errors: true,
        ..Plan::default()
    };
    let weak = Plan {
        weak: true,
        ..kills
    };
    let plans = [Plan::default(), kills, errors, weak];
    let mut crashes = Crashes::new(Depth::default(), without);
    let only = asked("FOREBAY_CHECKPOINT_SEED");
    for seed in only.map_or(0..u64::MAX, |seed| seed..seed + 1) {
        if crashes.count.states() >= states {
            break;
        }
        let plan = plans[(seed / 4 % 4) as usize];
        let explored = crashes.explore(seed, plan);
        explored.map_err(|found| format!("seed {seed}: {found}"))?;
    }
    Ok(crashes.count)
}

#[test]
#[expect(clippy::print_stdout, reason = "says how much was looked at")]
fn no_crash_loses_or_makes_up_anything() {
    let states = asked("FOREBAY_CHECKPOINT_STATES").unwrap_or(20_000);
    let count = explore(states, &[]);
    println!(
        "{} different crash states: {count:?}",
        count.as_ref().map_or(0, Count::states)
    );
    assert!(count.is_ok(), "{count:?}");
}

/// Most of them are found much sooner.
const STATES_BEFORE_A_VIOLATION: u64 = 60_000;

#[test]
fn crashes_without_syncs_are_noticed() {
    assert!(explore(STATES_BEFORE_A_VIOLATION, &[Without::Syncs]).is_err());
}

#[test]
fn crashes_without_syncs_of_directories_are_noticed() {
    assert!(explore(STATES_BEFORE_A_VIOLATION, &[Without::DirectorySyncs]).is_err());
}

#[test]
fn crashes_without_syncs_of_what_others_wrote_are_noticed() {
    assert!(explore(STATES_BEFORE_A_VIOLATION, &[Without::ForeignSyncs]).is_err());
}

/// A writer dies, the next one goes on, and both blocks may be torn apart by one crash and the next.
fn explore_inheritance(without: &'static [Without], texts: [&str; 2]) -> Result<Count, String> {
    let depth = Depth {
        states: 512,
        one_stops_again: 1,
        states_again: 32,
    };
    let mut crashes = Crashes::new(depth, without);
    for call in 0..12 {
        let explored = crashes.explore_inheritance(call, texts);
        explored.map_err(|found| format!("killed at call {call}: {found}"))?;
    }
    Ok(crashes.count)
}

#[test]
fn what_a_crash_tore_never_becomes_whole() {
    let count = explore_inheritance(&[], ["e", "e"]).unwrap();
    // Some of them would be taken for damage, if they did not say how much was not durable.
    assert!(count.spared > 0, "{count:?}");
}

/// The sectors in which two blocks are the same make one of them whole again.
#[test]
fn crashes_without_syncs_of_cuts_are_noticed() {
    assert!(explore_inheritance(&[Without::CutSyncs], ["e", "e"]).is_err());
}

/// Where cuts are not synced, one thing is left that keeps a block apart from the same one before
/// it, behind which another stands.
#[test]
fn crashes_with_blocks_that_cannot_be_told_apart_are_noticed() {
    let without = &[Without::CutSyncs];
    explore_inheritance(without, ["e", "f"]).unwrap();
    let without = &[Without::CutSyncs, Without::Randomness];
    assert!(explore_inheritance(without, ["e", "f"]).is_err());
}
