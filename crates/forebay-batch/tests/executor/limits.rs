//! How much a call takes, what may not be mixed, and how much may wait.
//!
//! * No call is heavier than the maximum, but that of a value which alone is.
//! * Values of different groups never share a call; each group has an order of its own, and the bound
//!   on calls holds for all of them together.
//! * Values that are submitted as a whole go in one call with or without others, or are refused
//!   altogether: where they are too heavy, of more than one group, or more than may wait.
//! * What does not fit among those that wait is rejected at once, and nothing else is.

use forebay_core::LoadError;

use crate::hand::{Hand, at_once};
use crate::mutations::{Counter, Outcome, done, lost};

fn rejected(count: usize) -> Vec<Outcome> {
    (0..count).map(|_| lost(LoadError::Rejected)).collect()
}

#[test]
fn maximum_counts_weight() {
    let counter = Counter::new(|builder| builder.max_batch(10).weigh(|value| *value as usize));
    let values = [4, 3, 2, 5, 6, 1, 99, 2, 8];
    let many = counter.many(&values);
    counter.finish();
    let calls = [vec![4, 3, 2], vec![5], vec![6, 1], vec![99], vec![2, 8]];
    assert_eq!(counter.ledger.calls(), calls);
    assert!(many.finished().iter().all(Result::is_ok));
    counter.is_over();
}

#[test]
fn value_weighs_at_least_one() {
    let counter = Counter::new(|builder| builder.max_batch(2).weigh(|_| 0));
    let _many = counter.many(&[1, 2, 3]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2], vec![3]]);
}

#[test]
fn weights_beyond_any_number_are_taken_back_without_harm() {
    let settings = |builder: forebay_batch::ExecutorBuilder<_, u32>| {
        builder.max_batch(usize::MAX).weigh(|_| usize::MAX - 1)
    };
    let counter = Counter::new(settings);
    let mut submissions = counter.each(&[1, 2, 3]);
    drop(submissions.remove(0));
    drop(submissions.remove(0));
    counter.finish();
    assert_eq!(submissions.remove(0).woken(), done(3, 0));
    counter.is_over();
}

#[test]
fn groups_share_no_call() {
    let counter = Counter::new(|builder| builder.group_by(|value| value % 3).max_in_flight(3));
    let many = counter.many(&[0, 1, 2, 3, 4, 5, 6]);
    counter.run();
    assert_eq!(
        counter.ledger.calls(),
        [vec![0, 3, 6], vec![1, 4], vec![2, 5]]
    );
    counter.finish();
    let calls = [0, 1, 2, 0, 1, 2, 0];
    let expected: Vec<_> = (0..7)
        .zip(calls)
        .map(|(value, call)| done(value, call))
        .collect();
    assert_eq!(many.woken(), expected);
    counter.is_over();
}

#[test]
fn bound_on_calls_holds_for_all_groups_together() {
    let counter = Counter::new(|builder| builder.group_by(|value| *value));
    let _submissions = counter.each(&[3, 1, 2, 1]);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[3]]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![3], vec![1, 1], vec![2]]);
    assert_eq!(counter.ledger.running_max(), 1);
    counter.is_over();
}

#[test]
fn order_holds_within_a_group() {
    let counter = Counter::new(|builder| builder.group_by(|value| value % 2).max_batch(2));
    let _submissions = counter.each(&[1, 2, 3, 4, 5, 6, 7]);
    counter.finish();
    let calls = counter.ledger.calls();
    let of = |group: u32| {
        let calls = calls.concat().into_iter();
        calls.filter(|value| value % 2 == group).collect::<Vec<_>>()
    };
    assert_eq!(of(1), [1, 3, 5, 7]);
    assert_eq!(of(0), [2, 4, 6]);
    assert!(
        calls
            .iter()
            .all(|call| call.iter().all(|value| value % 2 == call[0] % 2))
    );
}

#[test]
fn whole_goes_along_with_others_where_it_fits() {
    let counter = Counter::new(|builder| builder.max_batch(5));
    let _before = counter.each(&[1, 2]);
    let whole = counter.whole(&[3, 4, 5]);
    let _after = counter.execute(6);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2, 3, 4, 5], vec![6]]);
    assert_eq!(whole.woken(), [done(3, 0), done(4, 0), done(5, 0)]);
    counter.is_over();
}

#[test]
fn whole_begins_a_call_where_it_does_not_fit() {
    let counter = Counter::new(|builder| builder.max_batch(5));
    let _before = counter.each(&[1, 2, 3]);
    let whole = counter.whole(&[4, 5, 6]);
    let _after = counter.each(&[7, 8, 9]);
    counter.finish();
    assert_eq!(
        counter.ledger.calls(),
        [vec![1, 2, 3], vec![4, 5, 6, 7, 8], vec![9]]
    );
    assert_eq!(whole.woken(), [done(4, 1), done(5, 1), done(6, 1)]);
}

#[test]
fn whole_that_is_too_heavy_is_refused() {
    let counter = Counter::new(|builder| builder.max_batch(5));
    let refused = at_once(counter.executor.execute_whole((0..6).collect()));
    assert_eq!(refused, rejected(6));
    let whole = counter.whole(&[1, 2, 3, 4, 5]);
    counter.finish();
    assert!(whole.woken().iter().all(Result::is_ok));
    assert_eq!(counter.ledger.calls(), [[1, 2, 3, 4, 5]]);
    assert_eq!(counter.executor.stats().rejected, 6);

    let counter = Counter::new(|builder| builder.max_batch(10).weigh(|value| *value as usize));
    let refused = at_once(counter.executor.execute_whole(vec![5, 6]));
    assert_eq!(refused, rejected(2));
    // A single value is whole whatever it weighs.
    let alone = counter.whole(&[11]);
    counter.finish();
    assert_eq!(alone.woken(), [done(11, 0)]);
}

#[test]
fn whole_of_two_groups_is_refused() {
    let counter = Counter::new(|builder| builder.group_by(|value| value % 2));
    let refused = at_once(counter.executor.execute_whole(vec![1, 3, 2]));
    assert_eq!(refused, rejected(3));
    let _other = counter.execute(2);
    let whole = counter.whole(&[1, 3, 5]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![2], vec![1, 3, 5]]);
    assert_eq!(whole.woken(), [done(1, 1), done(3, 1), done(5, 1)]);
    counter.is_over();
}

#[test]
fn whole_waits_only_where_there_is_room_for_all() {
    let counter = Counter::new(|builder| builder.max_waiting(4));
    let _waiting = counter.each(&[1, 2]);
    let refused = at_once(counter.executor.execute_whole(vec![3, 4, 5]));
    assert_eq!(refused, rejected(3));
    assert_eq!(counter.counts(), (2, 0));
    let _whole = counter.whole(&[6, 7]);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1, 2, 6, 7]]);
}

#[test]
fn whole_after_close_is_closed() {
    let counter = Counter::new(|builder| builder.max_batch(2));
    counter.executor.close();
    for count in [1, 2, 3] {
        let refused = at_once(counter.executor.execute_whole(vec![7; count]));
        let closed: Vec<_> = (0..count).map(|_| lost(LoadError::Closed)).collect();
        assert_eq!(refused, closed);
    }
}

#[test]
fn what_has_no_room_is_rejected_at_once() {
    let counter = Counter::new(|builder| builder.max_waiting(3));
    let first = counter.execute(1);
    counter.run();
    // What runs does not wait.
    let waiting = counter.each(&[2, 3]);
    let mut many = Hand::new(counter.executor.execute_many(vec![4, 5, 6]));
    many.still_waits();
    assert_eq!(
        at_once(counter.executor.execute(7)),
        lost(LoadError::Rejected)
    );
    assert_eq!(counter.executor.stats().rejected, 3);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1], vec![2, 3, 4]]);
    assert_eq!(
        many.woken(),
        [
            done(4, 1),
            lost(LoadError::Rejected),
            lost(LoadError::Rejected)
        ]
    );
    assert_eq!(first.woken(), done(1, 0));
    drop(waiting);
    let rejected = lost(LoadError::Rejected).expect_err("it is one");
    assert!(!rejected.may_have_run());
    counter.is_over();
}
