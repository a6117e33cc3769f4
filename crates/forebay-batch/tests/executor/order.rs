//! Which values are sent together, and in which order.
//!
//! * Values are sent in the order of submission, within a call and from one call to the next.
//! * Nothing is merged: equal values are sent as often as they were submitted.
//! * Many values that are submitted together follow one another, and are cut in order where they are
//!   more than one call takes.
//! * No values are no call and no wait.
//! * A future that was not polled has submitted nothing.

use crate::hand::{Hand, at_once};
use crate::mutations::{Counter, done};

#[test]
fn values_are_sent_in_the_order_of_submission() {
    let counter = Counter::held();
    let _submissions = counter.each(&[5, 3, 9, 1]);
    let _many = counter.many(&[8, 2]);
    let _late = counter.execute(7);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[5, 3, 9, 1, 8, 2, 7]]);
}

#[test]
fn order_holds_from_one_call_to_the_next() {
    let counter = Counter::new(|builder| builder.max_batch(3));
    let values: Vec<u32> = (0..20).rev().collect();
    let submissions = counter.each(&values);
    counter.run();
    let late = counter.each(&[90, 91]);
    counter.finish();
    let calls = counter.ledger.calls();
    let submitted = [&values[..], &[90, 91]].concat();
    assert_eq!(calls, submitted.chunks(3).collect::<Vec<_>>());
    // One at a time is what keeps the order.
    assert_eq!(counter.ledger.running_max(), 1);
    for (place, submission) in submissions.into_iter().chain(late).enumerate() {
        assert_eq!(submission.woken(), done(submitted[place], place / 3));
    }
    counter.is_over();
}

#[test]
fn more_calls_overlap_only_when_told_to() {
    let counter = Counter::new(|builder| builder.max_batch(1).max_in_flight(3));
    let submissions = counter.each(&[1, 2, 3, 4]);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1], [2], [3]]);
    counter.ledger.execute(1);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1], [2], [3], [4]]);
    counter.finish();
    assert_eq!(counter.ledger.running_max(), 3);
    drop(submissions);
    counter.is_over();
}

#[test]
fn what_comes_while_a_call_runs_goes_together_in_the_next() {
    let counter = Counter::held();
    let _first = counter.execute(1);
    counter.run();
    let _rest = counter.each(&[2, 3]);
    counter.run();
    let _more = counter.many(&[4, 5]);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1]]);
    counter.ledger.execute(0);
    counter.run();
    assert_eq!(counter.ledger.calls(), [vec![1], vec![2, 3, 4, 5]]);
}

#[test]
fn equal_values_are_sent_as_often_as_they_came() {
    let counter = Counter::held();
    let submissions = counter.each(&[7, 7, 7]);
    let many = counter.many(&[7, 7]);
    counter.finish();
    let late = counter.execute(7);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![7; 5], vec![7]]);
    for submission in submissions {
        assert_eq!(submission.woken(), done(7, 0));
    }
    assert_eq!(many.woken(), [done(7, 0), done(7, 0)]);
    assert_eq!(late.woken(), done(7, 1));
    assert_eq!(counter.executor.stats().joins, 0);
}

#[test]
fn many_values_follow_one_another() {
    let counter = Counter::held();
    let _before = counter.execute(1);
    let many = counter.many(&[2, 3, 4]);
    let _after = counter.execute(5);
    let _more = counter.many(&[6, 7]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[1, 2, 3, 4, 5, 6, 7]]);
    assert_eq!(many.woken(), [done(2, 0), done(3, 0), done(4, 0)]);
}

#[test]
fn many_values_are_cut_in_order() {
    let counter = Counter::new(|builder| builder.max_batch(4));
    let before = counter.execute(100);
    let values: Vec<u32> = (0..10).collect();
    let many = counter.many(&values);
    let after = counter.execute(200);
    counter.finish();
    assert_eq!(
        counter.ledger.calls(),
        [vec![100, 0, 1, 2], vec![3, 4, 5, 6], vec![7, 8, 9, 200]]
    );
    let expected: Vec<_> = values
        .iter()
        .map(|value| done(*value, (*value as usize + 1) / 4))
        .collect();
    assert_eq!(many.woken(), expected);
    assert_eq!(before.woken(), done(100, 0));
    assert_eq!(after.woken(), done(200, 2));
    counter.is_over();
}

#[test]
fn ten_thousand_values_are_ten_calls() {
    let counter = Counter::executing(|builder| builder);
    let values: Vec<u32> = (0..10_000).collect();
    let many = counter.many(&values);
    counter.run();
    assert_eq!(
        counter.ledger.calls(),
        values.chunks(1_000).collect::<Vec<_>>()
    );
    for (value, outcome) in values.iter().zip(many.finished()) {
        assert_eq!(outcome, done(*value, *value as usize / 1_000));
    }
    counter.is_over();
}

#[test]
fn no_values_are_no_call() {
    let counter = Counter::held();
    assert_eq!(at_once(counter.executor.execute_many(Vec::new())), []);
    assert_eq!(at_once(counter.executor.execute_whole(Vec::new())), []);
    counter.run();
    assert_eq!(counter.ledger.calls().len(), 0);
    assert_eq!(counter.runtime.spawned(), 0);
    // Not even where a value would be refused.
    counter.executor.close();
    assert_eq!(at_once(counter.executor.execute_many(Vec::new())), []);
}

#[test]
fn nothing_is_submitted_before_the_first_poll() {
    let counter = Counter::held();
    let first = Hand::new(counter.executor.execute(1));
    let mut second = Hand::new(counter.executor.execute(2));
    let dropped = Hand::new(counter.executor.execute_many(vec![3, 4]));
    assert_eq!(counter.counts(), (0, 0));
    second.still_waits();
    drop(dropped);
    let mut first = first;
    first.still_waits();
    counter.run();
    assert_eq!(counter.ledger.calls(), [[2, 1]]);
}
