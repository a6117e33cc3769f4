//! Who gets which result.
//!
//! * Results go by position, each to its own caller, who becomes its owner.
//! * A failure of one value reaches its caller only; one of the whole call reaches everybody in it,
//!   who share it.
//! * A backend that returns too few results, too many or none fails everybody in the call with the
//!   two numbers: nobody gets a result that may be another one's.
//! * Nothing is sent again because of a failure.
//! * A caller is woken once, when its results are there.

use std::error::Error as _;
use std::sync::Arc;

use forebay_batch::{Execute, ExecuteError, Executor};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;

use crate::hand::Hand;
use crate::mutations::{Counter, Receipt, Step, done, failed};

#[test]
fn each_result_goes_to_its_own_caller() {
    let counter = Counter::held();
    let submissions = counter.each(&[30, 10, 20]);
    let many = counter.many(&[40, 10]);
    counter.run();
    counter.ledger.execute(0);
    counter.run();
    for (submission, value) in submissions.into_iter().zip([30, 10, 20]) {
        assert_eq!(submission.wakes(), 1);
        assert_eq!(submission.woken(), done(value, 0));
    }
    assert_eq!(many.wakes(), 1);
    assert_eq!(many.woken(), [done(40, 0), done(10, 0)]);
    counter.is_over();
}

#[test]
fn results_go_by_position_whatever_they_say() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2, 3]);
    counter.run();
    let crossed = Step::end(|call, values| {
        let values = values.iter().rev();
        Ok(values
            .map(|value| {
                Ok(Receipt {
                    value: *value,
                    call,
                })
            })
            .collect())
    });
    counter.ledger.step(0, crossed);
    counter.run();
    for (submission, value) in submissions.into_iter().zip([3, 2, 1]) {
        assert_eq!(submission.woken(), done(value, 0));
    }
}

#[test]
fn failure_of_one_value_reaches_its_caller_only() {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2, 3]);
    let many = counter.many(&[4, 5]);
    counter.run();
    let end = Step::end(|call, values| {
        let result = |value: &u32| match *value {
            2 => Err("duplicate"),
            5 => Err("too long"),
            value => Ok(Receipt { value, call }),
        };
        Ok(values.iter().map(result).collect())
    });
    counter.ledger.step(0, end);
    counter.run();
    let outcomes: Vec<_> = submissions.into_iter().map(Hand::woken).collect();
    assert_eq!(outcomes, [done(1, 0), failed("duplicate"), done(3, 0)]);
    assert_eq!(many.woken(), [done(4, 0), failed("too long")]);
    let stats = counter.executor.stats();
    assert_eq!((stats.calls, stats.keys, stats.errors), (1, 5, 0));
}

#[test]
fn failure_of_the_call_is_shared_by_everybody_in_it() {
    let counter = Counter::new(|builder| builder.max_batch(3));
    let submissions = counter.each(&[1, 2, 3]);
    let other = counter.execute(4);
    counter.run();
    counter.ledger.step(0, Step::Fail("refused"));
    counter.finish();
    let errors: Vec<_> = submissions
        .into_iter()
        .map(|submission| match submission.woken() {
            Err(ExecuteError::Failed(LoadError::Backend(error))) => error,
            outcome => panic!("{outcome:?}"),
        })
        .collect();
    assert_eq!(*errors[0], "refused");
    assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
    assert_eq!(other.woken(), done(4, 1));
    assert_eq!(counter.executor.stats().errors, 1);
}

#[test]
fn too_few_results_are_an_error_for_everybody() {
    wrong_length(1);
    wrong_length(3);
}

#[test]
fn too_many_results_are_an_error_for_everybody() {
    wrong_length(5);
    wrong_length(100);
}

#[test]
fn no_results_are_an_error_for_everybody() {
    wrong_length(0);
}

/// Four values of three callers get this many results.
#[track_caller]
fn wrong_length(got: usize) {
    let counter = Counter::held();
    let submissions = counter.each(&[1, 2]);
    let many = counter.many(&[3, 4]);
    let gone = counter.execute(5);
    drop(gone);
    counter.run();
    counter.ledger.step(0, Step::results(got));
    counter.run();
    let wrong = || Err(ExecuteError::WrongLength { sent: 4, got });
    for submission in submissions {
        assert_eq!(submission.woken(), wrong());
    }
    assert_eq!(many.woken(), [wrong(), wrong()]);
    assert_eq!(counter.executor.stats().errors, 1);

    // The executor goes on.
    let next = counter.execute(5);
    counter.finish();
    assert_eq!(next.woken(), done(5, 1));
    counter.is_over();
}

#[test]
fn one_value_with_two_results_gets_neither() {
    let counter = Counter::held();
    let submission = counter.execute(1);
    counter.run();
    counter.ledger.step(0, Step::results(2));
    counter.run();
    let outcome = submission.woken();
    assert_eq!(outcome, Err(ExecuteError::WrongLength { sent: 1, got: 2 }));
    let error = outcome.expect_err("it was seen to be one");
    assert!(error.may_have_run());
    assert_eq!(error.backend(), None);
    assert_eq!(
        error.to_string(),
        "the backend returned 2 results for 1 values"
    );
}

#[test]
fn nothing_is_sent_again_after_a_failure() {
    let counter = Counter::held();
    let ends = || {
        [
            Step::Fail("refused"),
            Step::Panic("out of range"),
            Step::results(0),
            Step::end(|_, values| Ok(values.iter().map(|_| Err("duplicate")).collect())),
        ]
    };
    for (call, end) in ends().into_iter().enumerate() {
        let values = [call as u32, 50];
        let submissions = counter.each(&values);
        counter.run();
        counter.ledger.step(call, end);
        counter.run();
        for submission in submissions {
            let error = submission.woken().expect_err("the call failed");
            assert!(error.may_have_run(), "{error:?}");
        }
    }
    let calls: Vec<_> = (0..4).map(|call| vec![call, 50]).collect();
    assert_eq!(counter.ledger.calls(), calls);
    assert_eq!(counter.executor.stats().bisections, 0);
    counter.is_over();
}

#[test]
fn value_that_failed_can_be_submitted_again_at_once() {
    let counter = Counter::held();
    let submission = counter.execute(1);
    counter.run();
    counter.ledger.step(0, Step::Fail("refused"));
    counter.run();
    assert_eq!(submission.woken(), failed("refused"));
    let again = counter.execute(1);
    counter.finish();
    assert_eq!(again.woken(), done(1, 1));
}

#[test]
fn cause_of_a_failure_is_the_error_of_the_backend() {
    struct Refusing;

    impl Execute<u8> for Refusing {
        type Output = ();
        type Error = std::num::ParseIntError;

        async fn execute(&self, _: Vec<u8>) -> Result<Vec<Result<(), Self::Error>>, Self::Error> {
            "x".parse::<u8>().map(|_| Vec::new())
        }
    }

    let runtime = HandRuntime::default();
    let executor = Executor::builder(Refusing).runtime(runtime.clone()).build();
    let executor = executor.expect("the settings are right");
    let submission = Hand::waiting(executor.execute(1));
    runtime.run();
    let error = submission.woken().expect_err("the call failed");
    assert!(error.backend().is_some());
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    assert_eq!(cause, "x".parse::<u8>().err().as_ref());
}

#[test]
fn results_that_nobody_took_are_dropped_with_the_last_caller() {
    let counter = Counter::held();
    let taken = counter.execute(1);
    let left = counter.many(&[2, 3]);
    counter.finish();
    drop(left);
    assert_eq!(taken.woken(), done(1, 0));
    counter.is_over();
}

#[test]
fn future_that_is_polled_after_its_end_says_so() {
    let counter = Counter::executing(|builder| builder);
    let mut submission = counter.execute(1);
    counter.run();
    assert!(submission.poll().is_ready());
    let again = crate::mutations::lost(LoadError::Closed);
    assert_eq!(submission.poll(), std::task::Poll::Ready(again));
    assert_eq!(counter.ledger.calls(), [[1]]);
}
