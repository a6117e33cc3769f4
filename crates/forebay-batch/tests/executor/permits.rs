//! What a call has to wait for before it takes its values.
//!
//! * Values that come while a call waits for its permit go along, up to the maximum.
//! * A permit is held until its call has ended, and no longer.
//! * A batch that empties needs none; who waits for one stops.
//! * A permit that fails or panics fails the values that would have left, which are not sent; the
//!   others are.

use forebay_batch::{ExecuteError, ExecutorBuilder};
use forebay_core::LoadError;

use crate::mutations::{Counter, Ledger, Step, done, failed, lost};
use crate::pool::Pool;

fn before(
    pool: &Pool,
) -> impl FnOnce(ExecutorBuilder<Ledger, u32>) -> ExecutorBuilder<Ledger, u32> {
    let pool = pool.clone();
    move |builder| builder.permits(move || pool.clone().take())
}

#[test]
fn values_that_come_while_a_permit_is_waited_for_go_along() {
    let pool = Pool::new(0);
    let counter = Counter::new(|builder| before(&pool)(builder).max_batch(4).max_in_flight(9));
    let _first = counter.each(&[1, 2]);
    counter.run();
    assert_eq!(pool.waiting(), 1);
    let _more = counter.each(&[3, 4, 5]);
    counter.run();
    pool.add(1);
    counter.run();
    assert_eq!(counter.ledger.calls(), [[1, 2, 3, 4]]);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [vec![1, 2, 3, 4], vec![5]]);
    assert_eq!(counter.ledger.running_max(), 1);
    counter.is_over();
}

#[test]
fn permit_is_held_until_its_call_has_ended() {
    let pool = Pool::new(1);
    let counter = Counter::new(before(&pool));
    for step in [Step::Execute, Step::Fail("refused"), Step::Panic("broken")] {
        let submission = counter.execute(1);
        counter.run();
        assert_eq!(pool.free(), 0);
        drop(submission);
        counter.run();
        assert_eq!(pool.free(), 0);
        let call = counter.ledger.undecided()[0];
        counter.ledger.step(call, step);
        counter.run();
        assert_eq!(pool.free(), 1);
    }
    counter.is_over();
}

#[test]
fn batch_that_empties_needs_no_permit() {
    let pool = Pool::new(0);
    let counter = Counter::new(before(&pool));
    drop(counter.execute(1));
    counter.run();
    assert_eq!(pool.asked(), 0);

    let submissions = counter.each(&[1, 2]);
    counter.run();
    assert_eq!(pool.waiting(), 1);
    drop(submissions);
    counter.run();
    assert_eq!(pool.waiting(), 0);
    assert_eq!(counter.runtime.tasks(), 0);
    assert_eq!(counter.ledger.calls().len(), 0);

    // Who comes next has the place.
    let next = counter.execute(3);
    pool.add(1);
    counter.finish();
    assert_eq!(next.woken(), done(3, 0));
    assert_eq!(pool.free(), 1);
    counter.is_over();
}

#[test]
fn what_was_taken_back_while_a_permit_was_waited_for_is_not_sent() {
    let pool = Pool::new(0);
    let counter = Counter::new(before(&pool));
    let mut submissions = counter.each(&[1, 2, 3]);
    counter.run();
    drop(submissions.remove(1));
    pool.add(1);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[1, 3]]);
    counter.is_over();
}

#[test]
fn permit_that_fails_fails_what_would_have_left() {
    let pool = Pool::new(0);
    let counter = Counter::new(|builder| before(&pool)(builder).max_batch(2));
    let submissions = counter.each(&[1, 2]);
    let many = counter.many(&[3, 4]);
    counter.run();
    pool.fail("no connection");
    counter.run();
    for submission in submissions {
        assert_eq!(submission.woken(), failed("no connection"));
    }
    pool.add(1);
    counter.finish();
    assert_eq!(counter.ledger.calls(), [[3, 4]]);
    assert_eq!(many.woken(), [done(3, 0), done(4, 0)]);
    let stats = counter.executor.stats();
    assert_eq!((stats.calls, stats.keys), (1, 2));
    counter.is_over();
}

#[test]
fn permit_that_panics_fails_what_would_have_left() {
    use std::panic::resume_unwind;

    // While it is asked for, and while it is waited for.
    let asking = Counter::new(|builder| {
        builder.permits(|| -> std::future::Ready<Result<(), _>> {
            resume_unwind(Box::new("no pool"));
        })
    });
    let waiting = Counter::new(|builder| {
        builder.permits(|| async { resume_unwind(Box::new("no pool")) as Result<(), _> })
    });
    for counter in [asking, waiting] {
        let submissions = counter.each(&[1, 2]);
        counter.run();
        for submission in submissions {
            let panicked = lost(LoadError::Panicked("no pool".into()));
            assert_eq!(submission.woken(), panicked);
        }
        assert_eq!(counter.ledger.calls().len(), 0);
        counter.is_over();
    }
}

#[test]
fn permit_that_is_refused_for_many_fails_call_by_call() {
    let pool = Pool::new(0);
    let counter = Counter::new(|builder| before(&pool)(builder).max_batch(2));
    let many = counter.many(&[1, 2, 3]);
    counter.run();
    pool.fail("first");
    counter.run();
    pool.fail("second");
    counter.run();
    let errors: Vec<_> = many
        .finished()
        .into_iter()
        .map(|outcome| match outcome {
            Err(ExecuteError::Failed(LoadError::Backend(error))) => *error,
            outcome => panic!("{outcome:?}"),
        })
        .collect();
    assert_eq!(errors, ["first", "first", "second"]);
    counter.is_over();
}
