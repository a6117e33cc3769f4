//! Panics, calls that take too long, and code of the user that misbehaves.
//!
//! * A panic of the backend fails its call, with its message; a panic of the code that weighs, groups
//!   or compares fails the value it was asked for. The executor goes on.
//! * A call that takes too long is dropped, its place is free, and its values may have been carried
//!   out.
//! * An error says whether its value may have been carried out all the same; `no` is certain.

use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::time::Duration;

use forebay_batch::{BoxFuture, ExecuteError, Executor, Runtime, RuntimeGone};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;

use crate::hand::{Hand, at_once};
use crate::mutations::{Counter, End, Ledger, Step, done, lost};

const SECOND: Duration = Duration::from_secs(1);

fn panicked(message: &str) -> crate::mutations::Outcome {
    lost(LoadError::Panicked(message.into()))
}

#[test]
fn panic_fails_its_call_only() {
    let counter = Counter::new(|builder| builder.max_batch(2));
    let submissions = counter.each(&[1, 2]);
    let many = counter.many(&[3, 4]);
    counter.run();
    counter.ledger.step(0, Step::Panic("out of range"));
    counter.finish();
    for submission in submissions {
        assert_eq!(submission.woken(), panicked("out of range"));
    }
    assert_eq!(many.woken(), [done(3, 1), done(4, 1)]);
    assert_eq!(counter.executor.stats().panics, 1);
    counter.is_over();
}

#[test]
fn panic_in_the_middle_of_a_call_fails_it() {
    let counter = Counter::held();
    counter
        .ledger
        .script([Step::Yield, Step::Yield, Step::Panic("half done")]);
    let submission = counter.execute(1);
    counter.run();
    let outcome = submission.woken();
    assert_eq!(outcome, panicked("half done"));
    assert!(outcome.is_err_and(|error| error.may_have_run()));
    counter.is_over();
}

#[test]
fn panic_while_a_value_is_weighed_fails_that_value() {
    let counter = Counter::new(|builder| {
        builder.weigh(|value| match value {
            13 => resume_unwind(Box::new("unlucky")),
            _ => 1,
        })
    });
    let many = counter.many(&[1, 13, 2]);
    assert_eq!(at_once(counter.executor.execute(13)), panicked("unlucky"));
    let refused = at_once(counter.executor.execute_whole(vec![3, 13, 4]));
    assert!(
        refused
            .iter()
            .all(|outcome| *outcome == panicked("unlucky"))
    );
    assert_eq!(refused.len(), 3);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[1, 2]]);
    assert_eq!(many.woken(), [done(1, 0), panicked("unlucky"), done(2, 0)]);
    counter.is_over();
}

/// A group that panics when it is compared with 13.
#[derive(Debug)]
struct Group(u32);

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        if [self.0, other.0].contains(&13) {
            resume_unwind(Box::new("incomparable"));
        }
        self.0 == other.0
    }
}

impl Eq for Group {}

impl Hash for Group {
    /// All of them meet in one place, and are compared.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn panic_while_groups_are_compared_fails_that_value() {
    let counter = Counter::new(|builder| builder.group_by(|value| Group(*value)));
    let first = counter.execute(1);
    // The start that the second value brings must not be lost with the third.
    let many = counter.many(&[2, 13, 1]);
    let refused = at_once(counter.executor.execute_whole(vec![2, 13]));
    assert_eq!(
        refused,
        [panicked("incomparable"), panicked("incomparable")]
    );
    counter.finish();
    assert_eq!(first.woken(), done(1, 0));
    let outcomes = many.woken();
    assert_eq!(outcomes[1], panicked("incomparable"));
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    counter.is_over();
    let next = counter.execute(3);
    counter.finish();
    assert!(next.woken().is_ok());
}

#[test]
fn call_that_takes_too_long_is_dropped() {
    let counter = Counter::new(|builder| builder.call_timeout(SECOND).max_batch(2));
    let submissions = counter.each(&[1, 2]);
    let waiting = counter.execute(3);
    counter.run();
    counter.runtime.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(counter.ledger.ends(), [End::Running]);
    counter.runtime.advance(Duration::from_nanos(1));
    assert_eq!(counter.ledger.ends(), [End::Dropped, End::Running]);
    for submission in submissions {
        let outcome = submission.woken();
        assert_eq!(outcome, lost(LoadError::TimedOut));
        assert!(outcome.is_err_and(|error| error.may_have_run()));
    }
    counter.finish();
    assert_eq!(waiting.woken(), done(3, 1));
    let stats = counter.executor.stats();
    assert_eq!((stats.timeouts, stats.calls), (1, 2));
    counter.is_over();
}

#[test]
fn call_that_nobody_waits_for_has_its_time_too() {
    let counter = Counter::new(|builder| builder.call_timeout(SECOND));
    drop({
        let submission = counter.execute(1);
        counter.run();
        submission
    });
    counter.runtime.advance(SECOND);
    assert_eq!(counter.ledger.ends(), [End::Dropped]);
    counter.is_over();
}

#[test]
fn time_that_a_value_waits_does_not_count() {
    let counter = Counter::new(|builder| builder.call_timeout(SECOND).max_batch(1));
    let submissions = counter.each(&[1, 2]);
    counter.run();
    counter.runtime.pass(SECOND / 2);
    counter.ledger.execute(0);
    counter.run();
    counter.runtime.advance(SECOND / 2);
    assert_eq!(counter.ledger.ends(), [End::Ended, End::Running]);
    counter.finish();
    drop(submissions);
    counter.is_over();
}

/// A runtime whose timers panic, as tokio's do where a runtime was built without them.
#[derive(Clone, Default)]
struct Timeless(HandRuntime);

impl Runtime for Timeless {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        resume_unwind(Box::new("no timers"))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.0.spawn(task)
    }
}

#[test]
fn call_without_a_clock_to_bound_it_may_have_run() {
    let runtime = Timeless::default();
    let ledger = Ledger::held();
    let executor = Executor::builder(ledger.clone())
        .runtime(runtime.clone())
        .call_timeout(SECOND)
        .build()
        .expect("the settings are right");
    let submission = Hand::waiting(executor.execute(1));
    runtime.0.run();
    assert_eq!(ledger.ends(), [End::Dropped]);
    let outcome = submission.woken();
    assert_eq!(outcome, lost(LoadError::Abandoned));
    assert!(outcome.is_err_and(|error| error.may_have_run()));
}

#[test]
fn errors_say_whether_a_value_may_have_been_carried_out() {
    let may: [ExecuteError<&str>; 5] = [
        LoadError::from("duplicate").into(),
        LoadError::Panicked("broken".into()).into(),
        LoadError::Abandoned.into(),
        LoadError::TimedOut.into(),
        ExecuteError::WrongLength { sent: 1, got: 2 },
    ];
    assert!(may.iter().all(ExecuteError::may_have_run));
    let may_not: [ExecuteError<&str>; 2] = [LoadError::Rejected.into(), LoadError::Closed.into()];
    assert!(!may_not.iter().any(ExecuteError::may_have_run));
}
