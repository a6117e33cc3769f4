//! Ends of an executor, and of what it runs on.
//!
//! * After `close`, values are refused; those that wait are sent, whatever the policy.
//! * `drain` waits until nothing waits and nothing runs, however many wait for that.
//! * A runtime that ends in the middle of a call fails that call, which may have done its work. What
//!   was not sent is carried out by the next runtime of its callers, or fails as not sent.
//! * Outside of any runtime values fail at once, as not sent.
//! * With every handle and every submission gone, nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use forebay_batch::{BoxFuture, Dispatch, Executor, Runtime, RuntimeGone};
use forebay_core::LoadError;
use forebay_testkit::{Gone, HandRuntime};

use crate::hand::{Hand, at_once};
use crate::mutations::{Counter, End, Ledger, done, lost};

#[test]
fn values_are_refused_after_closing() {
    let counter = Counter::held();
    let running = counter.execute(1);
    counter.run();
    counter.executor.close();
    counter.executor.close();
    let refused = at_once(counter.executor.execute(2));
    assert_eq!(refused, lost(LoadError::Closed));
    let refused = at_once(counter.executor.clone().execute_many(vec![3, 4]));
    assert_eq!(refused, [lost(LoadError::Closed), lost(LoadError::Closed)]);
    counter.finish();
    assert_eq!(running.woken(), done(1, 0));
    assert_eq!(counter.ledger.calls(), [[1]]);
    counter.is_over();
}

#[test]
fn values_that_wait_are_sent_whatever_the_policy() {
    let hour = Duration::from_secs(3600);
    for policy in [
        Dispatch::Natural,
        Dispatch::Window(hour),
        Dispatch::MinSize(100),
        Dispatch::Manual,
    ] {
        let counter = Counter::new(|builder| builder.dispatch(policy).max_batch(2));
        let submissions = counter.each(&[5, 4, 3, 2, 1]);
        counter.executor.close();
        counter.finish();
        let calls = [vec![5, 4], vec![3, 2], vec![1]];
        assert_eq!(counter.ledger.calls(), calls, "{policy:?}");
        for (place, submission) in submissions.into_iter().enumerate() {
            assert_eq!(submission.woken(), done(5 - place as u32, place / 2));
        }
        drop(counter.executor);
        counter.runtime.run();
        assert_eq!(
            (counter.runtime.tasks(), counter.runtime.sleepers()),
            (0, 0)
        );
    }
}

#[test]
fn drain_waits_for_what_waits_and_what_runs() {
    let counter = Counter::held();
    let first = counter.execute(1);
    counter.run();
    let second = counter.execute(2);
    let mut drains = [(); 3].map(|()| Hand::waiting(counter.executor.drain()));
    counter.executor.close();
    counter.ledger.execute(0);
    counter.run();
    drains.iter_mut().for_each(Hand::still_waits);
    // Not even one that was sent and that nobody waits for may be left behind.
    drop((first, second));
    counter.run();
    drains.iter_mut().for_each(Hand::still_waits);
    let [dropped, drains @ ..] = drains;
    drop(dropped);
    counter.finish();
    assert_eq!(counter.ledger.ends(), [End::Ended, End::Ended]);
    for drain in drains {
        drain.woken();
    }
    at_once(counter.executor.drain());
    counter.is_over();
}

#[test]
fn drain_ends_when_what_waited_was_taken_back() {
    let counter = Counter::new(|builder| builder.dispatch(Dispatch::Manual));
    let submissions = counter.each(&[1, 2]);
    let drain = Hand::waiting(counter.executor.drain());
    drop(submissions);
    drain.woken();
    counter.is_over();
}

#[test]
fn runtime_that_ends_fails_what_was_sent_as_what_may_have_run() {
    for end in [Gone::Refuses, Gone::Drops] {
        let counter = Counter::new(|builder| builder.max_batch(2));
        let sent = counter.many(&[1, 2]);
        let waits = counter.execute(3);
        counter.run();
        counter.runtime.shut_down(end);
        assert_eq!(counter.ledger.ends(), [End::Dropped]);
        let outcomes = sent.woken();
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            assert_eq!(outcome, lost(LoadError::Abandoned), "{end:?}");
        }
        // Nothing is there to send it with, and it was not sent.
        assert_eq!(waits.finished(), lost(LoadError::Closed), "{end:?}");
        assert_eq!(counter.counts(), (0, 0));
        assert_eq!(counter.executor.stats().lost, 1);
        let refused = Hand::new(counter.executor.execute(4)).finished();
        assert_eq!(refused, lost(LoadError::Closed), "{end:?}");
        let refused = Hand::new(counter.executor.execute_many(vec![5, 6, 7])).finished();
        assert!(
            refused
                .iter()
                .all(|outcome| *outcome == lost(LoadError::Closed))
        );
        assert_eq!(counter.ledger.calls(), [[1, 2]]);
    }
}

#[test]
fn runtime_that_ends_with_a_window_fails_what_waits() {
    let second = Duration::from_secs(1);
    let counter = Counter::new(|builder| builder.dispatch(Dispatch::Window(second)));
    let waits = counter.many(&[1, 2]);
    counter.run();
    counter.runtime.shut_down(Gone::Refuses);
    let closed = [lost(LoadError::Closed), lost(LoadError::Closed)];
    assert_eq!(waits.finished(), closed);
    assert_eq!(counter.counts(), (0, 0));
}

/// The runtime of whoever polls, of which there may be none.
#[derive(Clone, Default)]
struct Visited {
    runtime: HandRuntime,
    is_away: Arc<AtomicBool>,
}

impl Runtime for Visited {
    fn now(&self) -> Duration {
        self.runtime.now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.runtime.sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        if self.is_away.load(SeqCst) {
            return Err(RuntimeGone::new());
        }
        self.runtime.spawn(task)
    }
}

#[test]
fn what_was_sent_is_waited_for_where_the_rest_cannot_be_sent() {
    let visited = Visited::default();
    let ledger = Ledger::held();
    let executor = Executor::builder(ledger.clone())
        .runtime(visited.clone())
        .group_by(|value| value % 2)
        .max_in_flight(2)
        .build()
        .expect("the settings are right");
    let mut first = Hand::waiting(executor.execute_many(vec![1, 3]));
    visited.runtime.run();
    assert_eq!(ledger.calls(), [[1, 3]]);
    visited.is_away.store(true, SeqCst);
    let mut second = Hand::waiting(executor.execute_many(vec![5, 2, 7]));
    assert_eq!(executor.stats().waiting, 2);
    assert_eq!(ledger.calls().len(), 1);
    ledger.execute(0);
    visited.runtime.run();
    assert_eq!(ledger.calls(), [[1, 3], [5, 7]]);
    assert!(first.poll().is_ready());
    second.still_waits();
    ledger.execute(1);
    visited.runtime.run();
    let outcomes = second.woken();
    assert_eq!(outcomes, [done(5, 1), lost(LoadError::Closed), done(7, 1)]);
    assert_eq!((executor.stats().waiting, executor.stats().running), (0, 0));
}

#[test]
fn what_one_runtime_could_not_send_the_next_one_does() {
    let (first, next) = (HandRuntime::default(), HandRuntime::default());
    let both = Both {
        first: first.clone(),
        next: next.clone(),
        is_next: Arc::default(),
    };
    let ledger = Ledger::executing();
    let executor = Executor::builder(ledger.clone()).runtime(both.clone());
    let executor = executor.build().expect("the settings are right");
    let mut submission = Hand::waiting(executor.execute(1));
    // The task that would have sent it ends before it has begun.
    first.shut_down(Gone::Refuses);
    assert!(submission.is_woken());
    both.is_next.store(true, SeqCst);
    submission.still_waits();
    next.run();
    assert_eq!(submission.woken(), done(1, 0));
    assert_eq!(ledger.calls(), [[1]]);
}

/// Two runtimes, as for a caller who moves from one to the other.
#[derive(Clone)]
struct Both {
    first: HandRuntime,
    next: HandRuntime,
    is_next: Arc<AtomicBool>,
}

impl Both {
    fn here(&self) -> &HandRuntime {
        if self.is_next.load(SeqCst) {
            &self.next
        } else {
            &self.first
        }
    }
}

impl Runtime for Both {
    fn now(&self) -> Duration {
        self.here().now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.here().sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.here().spawn(task)
    }
}

#[test]
fn outside_of_any_runtime_values_fail_as_not_sent() {
    let visited = Visited::default();
    visited.is_away.store(true, SeqCst);
    let ledger = Ledger::executing();
    let executor = Executor::builder(ledger.clone()).runtime(visited.clone());
    let executor = executor.build().expect("the settings are right");
    let outcome = at_once(executor.execute(1));
    assert_eq!(outcome, lost(LoadError::Closed));
    assert!(outcome.is_err_and(|error| !error.may_have_run()));
    let outcomes = at_once(executor.execute_many(vec![2, 3]));
    assert_eq!(outcomes, [lost(LoadError::Closed), lost(LoadError::Closed)]);
    assert_eq!(executor.stats().waiting, 0);
    // It is not closed for good.
    visited.is_away.store(false, SeqCst);
    let later = Hand::waiting(executor.execute(4));
    visited.runtime.run();
    assert_eq!(later.woken(), done(4, 0));
    assert_eq!(ledger.calls(), [[4]]);
}

#[test]
fn nothing_is_left_when_every_handle_is_gone() {
    let counter = Counter::held();
    let copy = counter.executor.clone();
    let Counter {
        ledger,
        runtime,
        executor,
    } = counter;
    drop(executor);
    let submission = Hand::waiting(copy.execute(1));
    runtime.run();
    ledger.execute(0);
    runtime.run();
    assert_eq!(submission.woken(), done(1, 0));
    drop(copy);
    assert_eq!((runtime.tasks(), runtime.sleepers()), (0, 0));
}
