//! What dropping a submission does.
//!
//! * A value is taken back as long as it was not sent; what was sent runs to its end, although
//!   nobody waits for it any more.
//! * A batch of which nothing is left makes no call, and its place is free.
//! * The results of the others are theirs, whoever has left.
//! * A value that is taken back is dropped there and then, and outside of every lock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_batch::{Dispatch, Execute, Executor};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;

use crate::hand::Hand;
use crate::mutations::{Counter, End, Step, done, lost};

#[test]
fn value_that_was_not_sent_is_taken_back() {
    let counter = Counter::held();
    let mut submissions = counter.each(&[1, 2, 3, 4]);
    drop(submissions.remove(1));
    drop(submissions.remove(0));
    assert_eq!(counter.counts(), (2, 0));
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[3, 4]]);
    for (submission, value) in submissions.into_iter().zip([3, 4]) {
        assert_eq!(submission.woken(), done(value, 0));
    }
    let stats = counter.executor.stats();
    assert_eq!((stats.cancelled, stats.withdrawn), (2, 2));
    counter.is_over();
}

#[test]
fn what_was_sent_runs_to_its_end() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2]);
    let many = counter.many(&[3, 4]);
    counter.run();
    drop(submissions);
    drop(many);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Running]);
    counter.ledger.step(0, Step::Yield);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Running]);
    counter.ledger.execute(0);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Ended]);
    let stats = counter.executor.stats();
    assert_eq!((stats.cancelled, stats.withdrawn), (4, 0));
    assert_eq!((stats.abandoned, stats.lost), (0, 0));
    counter.is_over();
}

#[test]
fn what_was_sent_runs_to_its_end_without_the_executor() {
    let counter = Counter::held();
    let submission = counter.execute(1);
    counter.run();
    drop(submission);
    let Counter {
        ledger,
        runtime,
        executor,
    } = counter;
    drop(executor);
    runtime.run();
    assert_eq!(ledger.ends(), [End::Running]);
    ledger.execute(0);
    runtime.run();
    assert_eq!(ledger.ends(), [End::Ended]);
    assert_eq!(runtime.tasks(), 0);
}

#[test]
fn caller_who_leaves_changes_nobody_elses_result() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2, 3]);
    counter.run();
    let mut submissions = submissions.into_iter();
    drop(submissions.next());
    counter.ledger.execute(0);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1, 2, 3]]);
    for (submission, value) in submissions.zip([2, 3]) {
        assert_eq!(submission.woken(), done(value, 0));
    }
}

#[test]
fn part_of_many_is_sent_and_the_rest_is_taken_back() {
    let counter = Counter::new(|builder| builder.max_batch(2));
    let many = counter.many(&[1, 2, 3, 4, 5]);
    let other = counter.execute(6);
    counter.run();
    drop(many);
    assert_eq!(counter.counts(), (1, 2));
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2], vec![6]]);
    assert_eq!(other.woken(), done(6, 1));
    let stats = counter.executor.stats();
    assert_eq!((stats.cancelled, stats.withdrawn), (5, 3));
    counter.is_over();
}

#[test]
fn values_for_one_call_are_taken_back_together_or_not_at_all() {
    let counter = Counter::held();
    let whole = counter.whole(&[1, 2, 3]);
    drop(whole);
    assert_eq!(counter.counts(), (0, 0));
    let whole = counter.whole(&[4, 5, 6]);
    counter.run();
    drop(whole);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[4, 5, 6]]);
    assert_eq!(counter.ledger.ends(), [End::Ended]);
    counter.is_over();
}

#[test]
fn batch_of_which_nothing_is_left_makes_no_call() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2]);
    drop(submissions);
    counter.run();
    assert_eq!(counter.ledger.calls().len(), 0);
    assert_eq!(counter.executor.stats().calls, 0);
    counter.is_over();
    // Nor does it keep the place of the one call that may be in flight.
    let next = counter.execute(3);
    counter.finish();
    assert_eq!(next.woken(), done(3, 0));
}

#[test]
fn batch_that_empties_behind_a_call_makes_none() {
    let counter = Counter::new(|builder| builder.max_batch(2));
    let first = counter.each(&[1, 2]);
    let second = counter.each(&[3, 4]);
    let third = counter.execute(5);
    counter.run();
    drop(second);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2], vec![5]]);
    assert_eq!(third.woken(), done(5, 1));
    drop(first);
    counter.is_over();
}

#[test]
fn caller_who_leaves_after_the_wake_costs_nobody_anything() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2]);
    counter.finish();
    let mut submissions = submissions.into_iter();
    let first = submissions.next();
    assert!(first.as_ref().is_some_and(Hand::is_woken));
    drop(first);
    assert_eq!(submissions.next().map(Hand::woken), Some(done(2, 0)));
    assert_eq!(counter.executor.stats().cancelled, 0);
    counter.is_over();
}

#[test]
fn room_of_values_that_were_taken_back_is_free() {
    let counter = Counter::new(|builder| builder.max_waiting(2));
    let submissions = counter.each(&[1, 2]);
    let refused = crate::hand::at_once(counter.executor.execute(3));
    assert_eq!(refused, lost(LoadError::Rejected));
    drop(submissions);
    let _next = counter.each(&[4, 5]);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[4, 5]]);
}

#[test]
fn time_of_a_value_that_was_taken_back_does_not_count() {
    let second = Duration::from_secs(1);
    let counter = Counter::new(|builder| builder.dispatch(Dispatch::Window(second * 10)));
    let oldest = counter.execute(1);
    counter.runtime.advance(second * 4);
    let _left = counter.execute(2);
    counter.runtime.advance(second * 4);
    drop(oldest);
    let _younger = counter.execute(3);
    counter.runtime.advance(second * 5);
    assert_eq!(counter.ledger.calls().len(), 0);
    counter.runtime.advance(second);
    assert_eq!(counter.ledger.calls(), [[2, 3]]);
}

/// A value that asks its executor how much waits while it is dropped, which would never end under a
/// lock.
struct Curious {
    executor: Arc<Mutex<Option<Executor<Self, (), ()>>>>,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl Drop for Curious {
    fn drop(&mut self) {
        let executor = self.executor.lock().expect("nobody panics").clone();
        if let Some(executor) = executor {
            let waiting = executor.stats().waiting;
            self.seen.lock().expect("nobody panics").push(waiting);
        }
    }
}

struct Dropping;

impl Execute<Curious> for Dropping {
    type Output = ();
    type Error = ();

    async fn execute(&self, values: Vec<Curious>) -> Result<Vec<Result<(), ()>>, ()> {
        Ok(values.into_iter().map(|_| Ok(())).collect())
    }
}

#[test]
fn values_are_dropped_outside_of_every_lock() {
    let runtime = HandRuntime::default();
    let (place, seen) = (Arc::default(), Arc::<Mutex<Vec<usize>>>::default());
    let value = || Curious {
        executor: Arc::clone(&place),
        seen: Arc::clone(&seen),
    };
    let executor = Executor::builder(Dropping)
        .runtime(runtime.clone())
        .max_waiting(2)
        .weigh(|_| 1)
        .build()
        .expect("the settings are right");
    *place.lock().expect("nobody panics") = Some(executor.clone());
    let seen = || std::mem::take(&mut *seen.lock().expect("nobody panics"));

    let taken_back = Hand::waiting(executor.execute_many(vec![value(), value()]));
    let refused = Hand::new(executor.execute_many(vec![value(), value()]));
    assert_eq!(refused.output().len(), 2);
    assert_eq!(seen(), [2, 2]);
    let refused = Hand::new(executor.execute_whole(vec![value(), value()]));
    assert_eq!(refused.output().len(), 2);
    assert_eq!(seen(), [2, 2]);
    drop(taken_back);
    assert_eq!(seen(), [0, 0]);
    let sent = Hand::waiting(executor.execute(value()));
    runtime.run();
    assert_eq!(seen(), [0]);
    assert_eq!(sent.woken(), Ok(()));
    executor.close();
    assert!(Hand::new(executor.execute(value())).output().is_err());
    assert_eq!(seen(), [0]);
    // The values hold the executor that holds them.
    *place.lock().expect("nobody panics") = None;
}
