//! The checks of checkpoint stores find what is wrong, and nothing else.
//!
//! * A store that does what it must breaks none.
//! * Every fault that a store can have breaks the check that is named after it, and the scripts
//!   find it as well, where it shows in answers to one handle at a time.
//! * Scripts are made of any bytes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fault;
mod faulty;
mod state;
mod watch;

use std::collections::BTreeSet;

use forebay_testkit::checkpoint_store::{
    Script, Step, checks, listing_violations, replay, violations, watching_violations,
};
use futures::executor::block_on;

use crate::fault::Fault;
use crate::faulty::Faulty;

/// So many scripts meet every fault that they can meet.
const SCRIPTS: usize = 1_000;

/// Returns the names of the checks that this fault breaks.
fn broken_by(fault: Option<Fault>) -> Vec<&'static str> {
    let faulty = Faulty(fault);
    let found = [
        block_on(violations(&faulty)),
        block_on(listing_violations(&faulty)),
        block_on(watching_violations(&faulty)),
    ];
    let found = found.iter().flatten();
    found.map(|violation| violation.check()).collect()
}

/// Returns scripts that are long enough to meet every fault, always the same ones.
fn scripts() -> impl Iterator<Item = Script> {
    let mut state = 1_u64;
    let mut byte = move || {
        // A linear congruential generator; its upper bits are the better ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    };
    (0..SCRIPTS).map(move |_| {
        let bytes: Vec<_> = (0..300).map(|_| byte()).collect();
        Script::from_bytes(&bytes)
    })
}

fn is_found_by_scripts(fault: Option<Fault>, scripts_max: usize) -> bool {
    let mut scripts = scripts().take(scripts_max);
    scripts.any(|script| block_on(replay(&Faulty(fault), &script)).is_err())
}

#[test]
fn a_store_without_faults_breaks_nothing() {
    assert_eq!(broken_by(None), Vec::<&str>::new());
    assert!(!is_found_by_scripts(None, SCRIPTS));
}

/// A check that no fault breaks may check nothing.
#[test]
fn every_fault_breaks_its_check_and_every_check_is_broken() {
    let mut unbroken: BTreeSet<_> = checks().collect();
    for (fault, check, _) in Fault::ALL {
        let broken = broken_by(Some(*fault));
        assert!(broken.contains(check), "{fault:?}: {broken:?}");
        unbroken.retain(|check| !broken.contains(check));
    }
    assert_eq!(unbroken, BTreeSet::new());
}

#[test]
fn scripts_find_every_fault_that_shows_in_answers() {
    for (fault, _, is_found) in Fault::ALL {
        // The others are the kind that no script comes upon, however many there are.
        let scripts_max = if *is_found { SCRIPTS } else { 20 };
        let found = is_found_by_scripts(Some(*fault), scripts_max);
        assert_eq!(found, *is_found, "{fault:?}");
    }
}

#[test]
fn a_violation_says_what_was_found_instead() {
    let violations = block_on(violations(&Faulty(Some(Fault::LowerAdvances))));
    let violation = &violations[0];
    assert_eq!(violation.check(), "a_lower_commit_changes_nothing");
    assert!(violation.found().starts_with("commit gave Advanced"));
    let text = violation.to_string();
    assert!(text.starts_with("a_lower_commit_changes_nothing: commit gave"));
}

#[test]
fn a_replay_names_the_step_that_differs() {
    let script = Script::from_bytes(&[2, 0, 5, 2, 0, 3]);
    let violation = block_on(replay(&Faulty(Some(Fault::LowerAdvances)), &script)).unwrap_err();
    assert!(violation.found().contains("step 1, Commit"), "{violation}");
}

#[test]
fn any_bytes_are_a_script_and_longer_ones_only_add_steps() {
    for script in scripts().take(20) {
        assert!(script.steps().len() > 50);
    }
    let bytes: Vec<_> = (0..=255).collect();
    let whole = Script::from_bytes(&bytes);
    for length in 0..bytes.len() {
        let part = Script::from_bytes(&bytes[..length]);
        assert!(whole.steps().starts_with(part.steps()), "{length}");
    }
    let kinds = [0, 2, 6, 8, 9, 10, 11, 13, 14, 15];
    for kind in kinds {
        let script = Script::from_bytes(&[kind, 0, 0, 0]);
        assert!(!script.steps().is_empty(), "{kind}");
    }
    assert_eq!(Script::from_bytes(&[15]).steps(), [Step::Reopen]);
}
