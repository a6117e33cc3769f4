//! Bounds on how long a call may take.
//!
//! * A call that takes longer is dropped, its loads are told, and its place is free.
//! * What it had answered by then is delivered. Time before the call does not count.
//! * An answer that comes in time ends the timer.

use std::time::Duration;

use forebay_batch::OnError;
use forebay_core::LoadError;

use crate::backend::Step;
use crate::hand::Hand;
use crate::pool::Pool;
use crate::scene::{Scene, read};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn call_that_takes_too_long_is_dropped() {
    let scene = Scene::new(|builder| builder.call_timeout(SECOND).max_in_flight(1));
    let slow = scene.loads(&[1, 2, 1]);
    scene.run();
    let next = scene.load(&3);
    scene.runtime.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(scene.backend.running(), [0]);
    scene.runtime.advance(Duration::from_nanos(1));
    for load in slow {
        assert_eq!(load.woken(), Err(LoadError::TimedOut));
    }
    assert_eq!(scene.backend.running(), [1]);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(next.woken(), read(3, 1));
    assert_eq!(scene.batcher.stats().timeouts, 1);
    scene.is_over();
}

#[test]
fn answer_that_comes_in_time_ends_the_timer() {
    let scene = Scene::new(|builder| builder.call_timeout(SECOND));
    let load = scene.load(&1);
    scene.run();
    assert_eq!(scene.runtime.sleepers(), 1);
    scene.backend.answer(0);
    scene.run();
    assert_eq!((scene.runtime.sleepers(), load.woken()), (0, read(1, 0)));
}

#[test]
fn answer_that_comes_in_the_last_moment_counts() {
    let scene = Scene::new(|builder| builder.call_timeout(SECOND));
    let load = scene.load(&1);
    scene.run();
    scene.runtime.pass(SECOND);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn time_before_the_call_does_not_count() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::new(|builder| {
            builder
                .call_timeout(SECOND)
                .permits(move || pool.clone().take())
        })
    };
    let load = scene.load(&1);
    scene.run();
    scene.runtime.advance(10 * SECOND);
    pool.add(1);
    scene.run();
    scene.runtime.advance(SECOND / 2);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn key_can_be_asked_for_again_after_it_timed_out() {
    let scene = Scene::new(|builder| builder.call_timeout(SECOND));
    let load = scene.load(&1);
    scene.run();
    scene.runtime.advance(SECOND);
    assert_eq!(load.woken(), Err(LoadError::TimedOut));
    let again = scene.load(&1);
    scene.finish();
    assert_eq!(again.woken(), read(1, 1));
}

#[test]
fn call_that_takes_too_long_is_not_bisected() {
    let settings = OnError::Bisect { max_calls: 100 };
    let scene = Scene::new(|builder| builder.call_timeout(SECOND).on_error(settings));
    let loads = scene.loads(&[1, 2, 3]);
    scene.run();
    scene.runtime.advance(SECOND);
    assert_eq!(scene.backend.begun(), 1);
    for load in loads {
        assert_eq!(load.woken(), Err(LoadError::TimedOut));
    }
}

#[test]
fn each_further_call_has_its_own_time() {
    let settings = OnError::Bisect { max_calls: 100 };
    let scene = Scene::new(|builder| builder.call_timeout(SECOND).on_error(settings));
    let loads = scene.loads(&[1, 2]);
    scene.run();
    scene.runtime.advance(SECOND / 2);
    scene.backend.fail(0, "locked");
    scene.run();
    assert_eq!(scene.backend.running(), [1]);
    scene.runtime.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(scene.backend.running(), [1]);
    scene.runtime.advance(Duration::from_nanos(1));
    scene.backend.step(2, Step::Answer);
    scene.run();
    let outputs: Vec<_> = loads.into_iter().map(Hand::woken).collect();
    assert_eq!(outputs, [Err(LoadError::TimedOut), read(2, 2)]);
    scene.is_over();
}
