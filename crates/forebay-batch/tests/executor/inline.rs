//! Executors whose callers carry out the calls themselves.
//!
//! * Nothing is spawned as long as somebody waits, and no runtime is needed but for time.
//! * Whoever waits and is polled when woken gets a result, although others are not polled or leave.
//! * What was sent and that nobody waits for any more is carried on by the runtime; where there is
//!   none, by the next submission or by who drains.
//! * With the last handle, calls go that nobody can carry on any more.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use forebay_batch::{Execute, ExecuteResults, Executor, ExecutorBuilder};
use forebay_core::LoadError;
use forebay_testkit::{Gone, HandRuntime};

use crate::hand::{Hand, settle};
use crate::mutations::{Counter, End, Ledger, Outcome, Receipt, Step, done, lost};

type Plain = Executor<u32, Receipt, &'static str>;

/// An executor without any runtime.
fn without_runtime(
    ledger: &Ledger,
    settings: impl FnOnce(ExecutorBuilder<Ledger, u32>) -> ExecutorBuilder<Ledger, u32>,
) -> Plain {
    let builder = Executor::builder(ledger.clone()).inline();
    settings(builder).build().expect("the settings are right")
}

/// Polls each once and then whoever is woken, until nobody is.
fn begin(submissions: &mut [Hand<'_, Outcome>]) {
    while let Some(submission) = submissions.iter_mut().find(|one| one.is_due()) {
        submission.still_waits();
    }
}

/// Submits values whose call begins and waits to be told how to end.
fn sent<'a>(executor: &'a Plain, values: &[u32]) -> Vec<Hand<'a, Outcome>> {
    let values = values.iter();
    let mut submissions: Vec<_> = values
        .map(|value| Hand::waiting(executor.execute(*value)))
        .collect();
    begin(&mut submissions);
    submissions
}

#[test]
fn nothing_is_spawned() {
    let counter = Counter::executing(|builder| builder.inline());
    let alone = Hand::new(counter.executor.execute(1)).finished();
    assert_eq!(alone, done(1, 0));
    let many = Hand::new(counter.executor.execute_many(vec![2, 3])).finished();
    assert_eq!(many, [done(2, 1), done(3, 1)]);
    assert_eq!(counter.runtime.spawned(), 0);
    counter.is_over();
}

#[test]
fn no_runtime_is_needed() {
    let executor = without_runtime(&Ledger::executing(), |builder| builder);
    let alone = Hand::new(executor.execute(1)).finished();
    assert_eq!(alone, done(1, 0));
}

#[test]
fn values_that_wait_together_leave_together_and_in_order() {
    let counter = Counter::executing(|builder| builder.inline().max_batch(40));
    let values: Vec<u32> = (0..100).rev().collect();
    let submissions = values
        .iter()
        .map(|value| Hand::new(counter.executor.execute(*value)));
    let outcomes = settle(submissions.collect());
    assert_eq!(
        counter.ledger.calls(),
        values.chunks(40).collect::<Vec<_>>()
    );
    for (place, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome, done(values[place], place / 40));
    }
    assert_eq!(counter.ledger.running_max(), 1);
    counter.is_over();
}

#[test]
fn call_that_goes_on_bit_by_bit_comes_to_its_end() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    let submissions = sent(&executor, &[1, 2]);
    for step in [Step::Yield, Step::Yield, Step::Yield, Step::Execute] {
        ledger.step(0, step);
    }
    assert_eq!(settle(submissions), [done(1, 0), done(2, 0)]);
}

#[test]
fn who_is_woken_and_leaves_passes_it_on() {
    for leaving in 0..3 {
        let ledger = Ledger::held();
        let executor = without_runtime(&ledger, |builder| builder);
        let mut submissions = sent(&executor, &[1, 2, 3]);
        ledger.execute(0);
        for _ in 0..leaving {
            let woken = submissions.iter().position(Hand::is_woken);
            drop(submissions.remove(woken.expect("somebody is")));
        }
        assert_eq!(settle(submissions).len(), 3 - leaving);
        assert_eq!(ledger.ends(), [End::Ended]);
    }
}

#[test]
fn who_is_woken_for_another_call_and_leaves_passes_it_on() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder.max_batch(1).max_in_flight(2));
    let mut submissions = sent(&executor, &[1, 2]);
    assert_eq!(ledger.running(), 2);
    // One of them is woken for the call of the other, and then its own call ends too.
    ledger.step(1, Step::Yield);
    let woken = submissions.iter().position(Hand::is_woken);
    let woken = submissions.remove(woken.expect("somebody is"));
    let mut other = submissions.remove(0);
    ledger.execute(0);
    ledger.execute(1);
    if other.is_woken() {
        // It carries out both calls, so the first one has its result without being polled.
        let _ = other.poll();
    }
    drop(woken);
    assert_eq!(settle(vec![other]).len(), 1);
}

#[test]
fn panic_fails_its_call_only() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    let submissions = sent(&executor, &[1, 2]);
    ledger.step(0, Step::Panic("broken"));
    let panicked = || lost(LoadError::Panicked("broken".into()));
    assert_eq!(settle(submissions), [panicked(), panicked()]);
    let submissions = sent(&executor, &[3]);
    ledger.execute(1);
    assert_eq!(settle(submissions), [done(3, 1)]);
}

/// Panics when its call is dropped, and carries out values at once when it is told not to.
struct Clumsy(Arc<AtomicBool>);

struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        resume_unwind(Box::new("broken while it was put away"));
    }
}

impl Execute<u32> for Clumsy {
    type Output = u32;
    type Error = &'static str;

    async fn execute(&self, values: Vec<u32>) -> ExecuteResults<u32, &'static str> {
        if self.0.swap(false, SeqCst) {
            let _fragile = Fragile;
            std::future::pending::<()>().await;
        }
        Ok(values.into_iter().map(Ok).collect())
    }
}

#[test]
fn panic_while_a_call_is_dropped_reaches_nobody_who_carries_it_out() {
    let second = Duration::from_secs(1);
    let runtime = HandRuntime::default();
    let executor = Executor::builder(Clumsy(Arc::new(AtomicBool::new(true))))
        .runtime(runtime.clone())
        .call_timeout(second)
        .inline()
        .build()
        .expect("the settings are right");
    let mut submission = Hand::waiting(executor.execute(1));
    while submission.is_woken() {
        submission.still_waits();
    }
    runtime.advance(second);
    let error = submission.finished().expect_err("its call was dropped");
    assert!(error.may_have_run());
    assert_eq!(Hand::new(executor.execute(2)).finished(), Ok(2));
    let stats = executor.stats();
    assert_eq!((stats.waiting, stats.running, stats.lost), (0, 0, 1));
}

#[test]
fn what_was_sent_is_carried_on_by_the_runtime() {
    let counter = Counter::new(|builder| builder.inline());
    drop(sent(&counter.executor, &[1, 2]));
    assert_eq!(counter.ledger.ends(), [End::Running]);
    counter.run();
    counter.ledger.step(0, Step::Yield);
    counter.run();
    counter.ledger.execute(0);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Ended]);
    counter.is_over();
}

#[test]
fn what_was_sent_and_woken_before_its_caller_left_is_carried_on() {
    for steps in 0..3 {
        let counter = Counter::new(|builder| builder.inline());
        let submissions = sent(&counter.executor, &[1, 2]);
        (0..steps).for_each(|_| counter.ledger.step(0, Step::Yield));
        drop(submissions);
        counter.run();
        assert_eq!(counter.ledger.ends(), [End::Running]);
        counter.ledger.execute(0);
        counter.run();
        assert_eq!(counter.ledger.ends(), [End::Ended]);
        counter.is_over();
    }
}

#[test]
fn call_that_wakes_itself_again_and_again_holds_nobody_up_who_leaves() {
    let counter = Counter::new(|builder| builder.inline());
    let submissions = sent(&counter.executor, &[1]);
    for _ in 0..1_000 {
        counter.ledger.step(0, Step::Yield);
    }
    counter.ledger.execute(0);
    drop(submissions);
    assert_eq!(counter.ledger.ends(), [End::Running]);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Ended]);
    counter.is_over();
}

#[test]
fn one_who_has_a_result_leaves_the_other_calls_to_the_runtime() {
    let counter = Counter::new(|builder| builder.inline().max_batch(1).max_in_flight(2));
    let mut submissions = sent(&counter.executor, &[1, 2]);
    drop(submissions.remove(1));
    assert_eq!(counter.runtime.spawned(), 0);
    counter.ledger.execute(0);
    assert_eq!(settle(submissions), [done(1, 0)]);
    assert_eq!(counter.ledger.ends(), [End::Ended, End::Running]);
    counter.run();
    counter.ledger.execute(1);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Ended, End::Ended]);
    counter.is_over();
}

#[test]
fn what_was_sent_is_carried_on_by_the_runtime_without_the_executor() {
    let counter = Counter::new(|builder| builder.inline());
    drop(sent(&counter.executor, &[1]));
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
fn who_comes_next_carries_on_what_the_runtime_carries_on() {
    let counter = Counter::new(|builder| builder.inline());
    drop(sent(&counter.executor, &[1]));
    counter.run();
    let mut submissions = sent(&counter.executor, &[2]);
    counter.ledger.execute(0);
    begin(&mut submissions);
    counter.run();
    assert_eq!(counter.ledger.ends(), [End::Ended, End::Running]);
    counter.ledger.execute(1);
    assert_eq!(settle(submissions), [done(2, 1)]);
    counter.is_over();
}

#[test]
fn without_a_runtime_the_next_submission_carries_on_what_was_sent() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    drop(sent(&executor, &[1]));
    ledger.execute(0);
    assert_eq!(ledger.ends(), [End::Running]);
    let submissions = sent(&executor, &[2]);
    assert_eq!(ledger.ends(), [End::Ended, End::Running]);
    ledger.execute(1);
    assert_eq!(settle(submissions), [done(2, 1)]);
}

#[test]
fn who_drains_carries_on_what_was_sent() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    drop(sent(&executor, &[1]));
    let mut drain = Hand::waiting(executor.drain());
    for _ in 0..3 {
        ledger.step(0, Step::Yield);
        assert!(drain.is_woken());
        while drain.is_woken() {
            drain.still_waits();
        }
    }
    ledger.execute(0);
    drain.woken();
    assert_eq!(ledger.ends(), [End::Ended]);
}

#[test]
fn who_drains_and_leaves_passes_it_on() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    drop(sent(&executor, &[1]));
    let mut drains = vec![
        Hand::waiting(executor.drain()),
        Hand::waiting(executor.drain()),
    ];
    ledger.execute(0);
    let woken = drains.iter().position(Hand::is_woken);
    drop(drains.remove(woken.expect("somebody is")));
    settle(drains);
    assert_eq!(ledger.ends(), [End::Ended]);
}

#[test]
fn calls_go_with_the_last_handle_where_nobody_can_carry_them_on() {
    let ledger = Ledger::held();
    let executor = without_runtime(&ledger, |builder| builder);
    let copy = executor.clone();
    drop(sent(&executor, &[1]));
    drop(executor);
    assert_eq!(ledger.ends(), [End::Running]);
    drop(copy);
    assert_eq!(ledger.ends(), [End::Dropped]);
}

#[test]
fn calls_go_with_the_runtime_where_the_handles_are_gone() {
    for end in [Gone::Refuses, Gone::Drops] {
        for is_polled in [false, true] {
            let counter = Counter::new(|builder| builder.inline());
            drop(sent(&counter.executor, &[1]));
            if is_polled {
                counter.run();
            }
            let (ledger, runtime) = (counter.ledger.clone(), counter.runtime.clone());
            drop(counter);
            assert_eq!(ledger.ends(), [End::Running]);
            runtime.shut_down(end);
            assert_eq!(ledger.ends(), [End::Dropped], "{end:?}");
        }
    }
}

#[test]
fn what_the_runtime_does_not_take_waits_for_the_next_submission() {
    for end in [Gone::Refuses, Gone::Drops] {
        let counter = Counter::new(|builder| builder.inline());
        let submissions = sent(&counter.executor, &[1]);
        counter.runtime.shut_down(end);
        drop(submissions);
        assert_eq!(counter.ledger.ends(), [End::Running]);
        counter.ledger.execute(0);
        let submissions = sent(&counter.executor, &[2]);
        assert_eq!(counter.ledger.ends(), [End::Ended, End::Running]);
        counter.ledger.execute(1);
        assert_eq!(settle(submissions), [done(2, 1)]);
    }
}
