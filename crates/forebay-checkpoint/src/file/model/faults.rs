//! Every call of what a store is for fails once, in every way.
//!
//! * What was acknowledged is there afterwards, what failed as not committed is not, and what failed
//!   as unknown is there whole or not at all: for the processes that go on, for those that come new,
//!   and after any crash.
//! * When nothing fails any more the store works again, without being opened anew.
//! * The same holds where a second call fails, as long as whoever knows of the first is alive.

use std::io::ErrorKind::{Interrupted, Other, StorageFull};

use crate::file::counters::Counters;
use crate::file::model::crashes::outcomes;
use crate::file::model::scripts::{SCRIPTS, Script};
use crate::file::model::stage::Stage;
use crate::file::sim::{Dice, Fault};

const FAULTS: [Fault; 6] = [
    Fault::Error(Other),
    Fault::Error(StorageFull),
    Fault::Error(Interrupted),
    Fault::Partial(Other),
    Fault::Partial(StorageFull),
    Fault::Short,
];

/// So many states after a crash are looked at for each fault.
const STATES: u64 = 4;

/// Returns how many calls the script made.
fn play(script: Script, faults: &[(u64, Fault)]) -> Result<u64, String> {
    let mut stage = Stage::new(faults);
    script(&mut stage);
    let calls = stage.calls();
    stage.violation()?;
    crash(&stage, calls)?;
    stage.recover()?;
    crash(&stage, calls)?;
    Ok(calls)
}

fn crash(stage: &Stage, seed: u64) -> Result<(), String> {
    let mut files = stage.world.files();
    files.drop_nameless();
    let mut all = outcomes(&files, STATES, seed).into_iter();
    all.try_for_each(|left| stage.restarted(left))
}

#[test]
fn scripts_do_what_they_are_called() {
    let mut counted = Vec::new();
    for (name, script) in SCRIPTS {
        let mut stage = Stage::new(&[]);
        script(&mut stage);
        let counters: [fn(&Counters) -> u64; 4] = [
            |of| of.salvages,
            |of| of.torn_tails,
            |of| of.failures,
            |of| of.foreign_blocks,
        ];
        counted.push((name, counters.map(|of| stage.sum(of))));
    }
    let of = |wanted: &str| {
        let found = counted.iter().find(|(name, _)| *name == wanted);
        found.unwrap().1
    };
    assert_eq!(of("commit"), [0; 4]);
    assert_eq!(of("salvage")[0], 1);
    assert_eq!(of("torn tail")[1], 1);
    assert_eq!(of("replacement of a torn file")[1], 1);
    assert_eq!(of("healing")[2], 1);
    assert_eq!(of("healing at a mount point")[2], 1);
    assert!(of("foreign block that was not synced")[3] > 1);
}

#[test]
fn every_single_call_may_fail_in_every_way() {
    for (name, script) in SCRIPTS {
        let calls = play(script, &[]).unwrap();
        for fault in (0..calls).flat_map(|call| FAULTS.map(|fault| (call, fault))) {
            assert_eq!(play(script, &[fault]).err(), None, "{name}, {fault:?}");
        }
    }
}

#[test]
fn any_two_calls_may_fail() {
    let mut dice = Dice::new(1);
    for (name, script) in SCRIPTS {
        let calls = play(script, &[]).unwrap();
        for _ in 0..super::seeds().end / 10 {
            // What is done about the first makes more calls.
            let first = dice.below(calls);
            let second = first + 1 + dice.below(calls);
            let faults = [first, second].map(|call| (call, FAULTS[dice.below(6) as usize]));
            assert_eq!(play(script, &faults).err(), None, "{name}, {faults:?}");
        }
    }
}
