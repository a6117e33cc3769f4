//! What this thread is polling.
//!
//! * A load is known for as long as its poll runs, also when that panics, and on its thread only.
//! * `innermost` finds the load of a stage that is nearest to the caller, whatever lies between.
//! * Both hold however many loads are polled one within another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use forebay_rt::polling::{Frame, NOBODY, innermost, is_polling, polling};

/// More than are noted without touching the heap.
const DEEP: u64 = 20;

/// Runs `f` within the polls of `depth` loads of the stage `owner`, numbered from zero.
fn within(owner: usize, depth: u64, f: &dyn Fn()) {
    fn descend(owner: usize, number: u64, depth: u64, f: &dyn Fn()) {
        if number == depth {
            return f();
        }
        polling((owner, 0, number), || {
            descend(owner, number + 1, depth, f);
        });
    }
    descend(owner, 0, depth, f);
}

#[test]
fn load_is_known_while_it_is_polled() {
    let load: Frame = (1, 2, 3);
    assert!(!is_polling(load));
    let answer = polling(load, || {
        assert!(is_polling(load));
        for other in [(4, 2, 3), (1, 4, 3), (1, 2, 4)] {
            assert!(!is_polling(other), "{other:?}");
        }
        7
    });
    assert_eq!(answer, 7);
    assert!(!is_polling(load));
}

#[test]
fn load_that_panicked_is_forgotten() {
    for depth in [0, DEEP] {
        within(1, depth, &|| {
            let inner: Frame = (2, 0, 0);
            let poll = || polling(inner, || panic!("the load failed"));
            assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
            assert!(!is_polling(inner));
            assert_eq!(innermost(2), None);
            let above = depth.checked_sub(1).map(|number| (1, 0, number));
            assert_eq!(innermost(1), above);
        });
    }
}

#[test]
fn load_is_known_on_its_thread_only() {
    polling((1, 2, 3), || {
        let other = thread::spawn(|| (is_polling((1, 2, 3)), innermost(1)));
        assert_eq!(other.join().unwrap(), (false, None));
    });
}

#[test]
fn innermost_is_the_nearest_load_of_its_stage() {
    assert_eq!(innermost(1), None);
    polling((1, 0, 0), || {
        polling((1, 0, 1), || {
            assert_eq!(innermost(1), Some((1, 0, 1)));
            polling((2, 0, 2), || {
                assert_eq!(innermost(1), Some((1, 0, 1)));
                assert_eq!(innermost(2), Some((2, 0, 2)));
                assert_eq!(innermost(3), None);
            });
            assert_eq!(innermost(2), None);
        });
        assert_eq!(innermost(1), Some((1, 0, 0)));
    });
    assert_eq!(innermost(1), None);
}

#[test]
fn load_of_nobody_belongs_to_no_stage() {
    polling((1, 0, 0), || {
        polling(NOBODY, || assert_eq!(innermost(1), Some((1, 0, 0))));
    });
}

#[test]
fn loads_are_known_however_deep_they_are() {
    for depth in 1..=DEEP {
        within(1, depth, &|| {
            assert!((0..depth).all(|number| is_polling((1, 0, number))));
            assert!(!is_polling((1, 0, depth)));
        });
    }
    assert!(!is_polling((1, 0, 0)));
}

#[test]
fn innermost_is_found_however_deep_it_is() {
    for depth in 1..=DEEP {
        within(1, depth, &|| {
            assert_eq!(innermost(1), Some((1, 0, depth - 1)));
            // Far below the load that is asked for.
            within(2, DEEP, &|| {
                assert_eq!(innermost(1), Some((1, 0, depth - 1)));
                assert_eq!(innermost(2), Some((2, 0, DEEP - 1)));
                assert_eq!(innermost(3), None);
            });
            assert_eq!(innermost(2), None);
        });
    }
    assert_eq!(innermost(1), None);
}
