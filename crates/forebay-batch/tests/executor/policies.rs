//! When waiting values leave.
//!
//! * An idle executor sends at once, with whatever comes in the same round of its executor.
//! * A window begins with the oldest value that waits and is never extended.
//! * With a least size, values wait for company only while a call runs.
//! * By hand, nothing leaves before it is told to, and then all of it does.
//! * A full batch leaves as soon as a call may start, unless that is done by hand.

use std::time::Duration;

use forebay_batch::Dispatch;

use crate::mutations::{Counter, done};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn idle_executor_sends_at_once() {
    let counter = Counter::held();
    let submission = counter.execute(1);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1]]);
    counter.ledger.execute(0);
    counter.run();
    assert_eq!(submission.woken(), done(1, 0));
    assert_eq!(counter.runtime.sleepers(), 0);
}

#[test]
fn values_that_tasks_bring_in_the_same_round_go_together() {
    let counter = Counter::held();
    for value in 0..4 {
        let executor = counter.executor.clone();
        counter.runtime.spawn_task(async move {
            let _ = executor.execute(value).await;
        });
    }
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[0, 1, 2, 3]]);
    counter.is_over();
}

#[test]
fn without_rounds_to_gather_nothing_is_waited_for() {
    let counter = Counter::new(|builder| builder.gather(0));
    let first = counter.execute(1);
    counter.runtime.step();
    let second = counter.execute(2);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[1], [2]]);
    assert_eq!(first.woken(), done(1, 0));
    assert_eq!(second.woken(), done(2, 1));
}

#[test]
fn window_begins_with_the_oldest_value() {
    let counter = Counter::new(|builder| builder.dispatch(Dispatch::Window(10 * SECOND)));
    let mut submissions = Vec::new();
    for value in 0..10 {
        submissions.push(counter.execute(value));
        assert_eq!(counter.ledger.calls().len(), 0);
        counter.runtime.advance(SECOND);
    }
    let values: Vec<u32> = (0..10).collect();
    assert_eq!(counter.ledger.calls(), [values]);
    let _later = counter.execute(10);
    counter.finish();
    counter
        .runtime
        .advance(10 * SECOND - Duration::from_nanos(1));
    assert_eq!(counter.ledger.calls().len(), 1);
    counter.runtime.advance(Duration::from_nanos(1));
    counter.finish();
    assert_eq!(counter.ledger.calls().len(), 2);
    counter.is_over();
}

#[test]
fn window_of_what_is_left_over_begins_when_it_came() {
    let window = Dispatch::Window(10 * SECOND);
    let counter = Counter::new(|builder| builder.dispatch(window).max_batch(2).max_in_flight(2));
    let many = counter.many(&[1, 2, 3]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[1, 2]]);
    counter.runtime.advance(10 * SECOND);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2], vec![3]]);
    assert_eq!(many.woken(), [done(1, 0), done(2, 0), done(3, 1)]);
    counter.is_over();
}

#[test]
fn values_wait_for_company_only_while_a_call_runs() {
    let size = Dispatch::MinSize(3);
    let counter = Counter::new(|builder| builder.dispatch(size).max_in_flight(2));
    let _first = counter.execute(1);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1]]);
    let _two = counter.each(&[2, 3]);
    counter.run();
    assert_eq!(counter.ledger.calls().len(), 1);
    let _third = counter.execute(4);
    counter.run();
    assert_eq!(counter.ledger.calls(), [vec![1], vec![2, 3, 4]]);
    let _few = counter.execute(5);
    counter.finish();
    assert_eq!(counter.ledger.calls().last(), Some(&vec![5]));
    counter.is_over();
}

#[test]
fn by_hand_nothing_leaves_before_it_is_told_to() {
    let settings = |builder: forebay_batch::ExecutorBuilder<_, u32>| {
        builder.dispatch(Dispatch::Manual).max_batch(2)
    };
    let counter = Counter::new(settings);
    let many = counter.many(&[1, 2, 3, 4, 5]);
    counter.finish();
    assert_eq!(counter.ledger.calls().len(), 0);
    assert_eq!(counter.executor.dispatch(), 5);
    counter.run();
    // What comes now was not told to.
    let later = counter.execute(6);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2], vec![3, 4], vec![5]]);
    assert!(many.finished().iter().all(Result::is_ok));
    assert_eq!(counter.executor.dispatch(), 1);
    counter.finish();
    assert_eq!(later.woken(), done(6, 3));
    assert_eq!(counter.executor.dispatch(), 0);
    counter.is_over();
}

#[test]
fn full_batch_leaves_as_soon_as_a_call_may_start() {
    for policy in [
        Dispatch::Natural,
        Dispatch::Window(SECOND),
        Dispatch::MinSize(100),
    ] {
        let counter = Counter::new(|builder| builder.dispatch(policy).max_batch(2));
        let _submissions = counter.each(&[1, 2, 3, 4]);
        counter.run();
        assert_eq!(counter.ledger.calls(), [[1, 2]], "{policy:?}");
        counter.ledger.execute(0);
        counter.run();
        assert_eq!(counter.ledger.calls(), [[1, 2], [3, 4]], "{policy:?}");
    }
}
