//! Loads that fail.
//!
//! * One failure is shared by all, as one `Arc`, and `source()` leads to the backend's own error.
//! * With `on_error(Promote)` at most `max` more loads are made in one flight.
//! * A load that gives nothing has answered.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_core::LoadError;
use forebay_singleflight::{OnFailure, Role, Singleflight};

use crate::backend::Backend;
use crate::hand::{Hand, at_once};

/// An error that cannot be cloned.
#[derive(Debug, Eq, PartialEq)]
struct Refused(usize);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl Error for Refused {}

type Failing = Singleflight<String, u64, Refused>;

fn error_of(answer: Result<u64, LoadError<Refused>>) -> Arc<Refused> {
    match answer {
        Err(LoadError::Backend(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_failure_serves_all_callers() {
    let group = Failing::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let followers: Vec<_> = (0..99)
        .map(|_| Hand::waiting(group.try_work("k", || backend.load())))
        .collect();
    backend.answer(0, Err(Refused(1)));
    let shared = error_of(leader.output());
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert!(Arc::ptr_eq(&shared, &error_of(follower.output())));
    }
    assert_eq!((backend.started(), group.in_flight()), (1, 0));
    assert_eq!(at_once(group.try_work("k", async || Ok(7))), Ok(7));
}

#[test]
fn failure_leads_to_the_backends_error() {
    let group = Failing::new();
    let failed = at_once(group.try_work("k", async || Err(Refused(7))));
    let error = failed.unwrap_err();
    let cause = error.source().unwrap().downcast_ref::<Refused>();
    assert_eq!(cause, Some(&Refused(7)));
}

#[test]
fn retries_are_bounded_for_each_flight() {
    let group = Failing::builder()
        .on_error(OnFailure::Promote { max: 2 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.try_work("k", || backend.load()));
    let mut followers: Vec<_> = (0..99)
        .map(|_| Hand::waiting(group.try_work("k", || backend.load())))
        .collect();
    for load in 0..2 {
        backend.answer(load, Err(Refused(load)));
        assert_eq!(*error_of(leader.output()), Refused(load));
        assert_eq!(followers.iter().filter(|call| call.wakes() > 0).count(), 1);
        leader = followers.pop().unwrap();
        leader.still_waits();
    }
    backend.answer(2, Err(Refused(2)));
    let shared = error_of(leader.output());
    for follower in followers {
        assert!(Arc::ptr_eq(&shared, &error_of(follower.output())));
    }
    assert_eq!((backend.started(), group.in_flight()), (3, 0));

    // The next flight has its own retries.
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let mut follower = Hand::waiting(group.try_work("k", || backend.load()));
    backend.answer(3, Err(Refused(3)));
    error_of(leader.output());
    follower.still_waits();
    backend.answer(4, Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn retry_serves_the_followers() {
    let group = Failing::builder()
        .on_error(OnFailure::Promote { max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let follower = Hand::waiting(group.try_work("k", || backend.load()));
    let mut promoted = Hand::waiting(group.try_work("k", || backend.load()).with_info());
    backend.answer(0, Err(Refused(0)));
    assert_eq!(*error_of(leader.output()), Refused(0));
    assert_eq!((follower.wakes(), promoted.wakes()), (0, 1));
    promoted.still_waits();
    backend.answer(1, Ok(7));
    let (answer, info) = promoted.output();
    assert_eq!((answer, info.role), (Ok(7), Role::Promoted));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn losses_do_not_count_as_retries() {
    let group = Failing::builder()
        .on_error(OnFailure::Promote { max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let mut third = Hand::waiting(group.try_work("k", || backend.load()));
    let mut second = Hand::waiting(group.try_work("k", || backend.load()));
    drop(leader);
    second.still_waits();
    backend.answer(1, Err(Refused(1)));
    error_of(second.output());
    third.still_waits();
    backend.answer(2, Ok(7));
    assert_eq!(third.output(), Ok(7));
}

#[test]
fn failure_without_followers_removes_the_entry() {
    let group = Failing::builder()
        .on_error(OnFailure::Promote { max: 1 })
        .build()
        .unwrap();
    let failed = at_once(group.try_work("k", async || Err(Refused(0))));
    assert_eq!(*error_of(failed), Refused(0));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn nothing_found_is_an_answer() {
    let group = Singleflight::<String, Option<u64>, Refused>::builder()
        .on_error(OnFailure::Promote { max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let follower = Hand::waiting(group.try_work("k", || backend.load()));
    backend.answer(0, Ok(None));
    assert_eq!(leader.output(), Ok(None));
    assert_eq!(follower.output(), Ok(None));
    assert_eq!(backend.started(), 1);
}

#[test]
fn plain_and_fallible_calls_share_a_flight() {
    let group = Failing::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.try_work("k", || backend.load()));
    let plain = Hand::waiting(group.work("k", async || 1));
    let owned = Hand::waiting(group.try_work_owned("k".to_owned(), || backend.load()));
    backend.answer(0, Err(Refused(3)));
    assert_eq!(*error_of(leader.output()), Refused(3));
    assert_eq!(*error_of(plain.output()), Refused(3));
    assert_eq!(*error_of(owned.output()), Refused(3));
}
