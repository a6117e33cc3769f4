//! Loads, calls that end, and loads that leave.
//!
//! * Every load gets exactly one answer, its own, whatever another one does meanwhile.
//! * Nothing is left when all loads are gone.

use std::sync::Mutex;
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone};
use forebay_core::LoadError;
use loom::future::block_on;
use loom::thread;

use crate::{Table, builder, is_over, model, poll_and_drop, spawn_load};

#[test]
fn loads_of_one_key_join_or_begin_anew() {
    model(3, || {
        let loads = builder(&Table::new(0)).build().unwrap();
        let other = spawn_load(&loads, 1);
        let answer = block_on(async { loads.load(&1).await });
        assert_eq!(answer, Ok(Some(10)));
        other.join().unwrap();
        is_over(&loads);
        assert!((1..=2).contains(&loads.stats().calls));
    });
}

#[test]
fn loads_of_two_keys_share_a_call_or_take_turns() {
    model(2, || {
        let loads = builder(&Table::new(0)).build().unwrap();
        let other = spawn_load(&loads, 1);
        let answer = block_on(async { loads.load(&2).await });
        assert_eq!(answer, Ok(Some(20)));
        other.join().unwrap();
        is_over(&loads);
    });
}

#[test]
fn load_that_leaves_while_its_batch_is_sealed_takes_nobody_along() {
    model(3, || {
        let loads = builder(&Table::new(0)).build().unwrap();
        let other = spawn_load(&loads, 1);
        poll_and_drop(&loads, 2);
        other.join().unwrap();
        is_over(&loads);
    });
}

#[test]
fn last_load_that_leaves_while_its_call_ends_takes_nobody_along() {
    model(3, || {
        let loads = builder(&Table::new(1)).build().unwrap();
        let other = spawn_load(&loads, 1);
        poll_and_drop(&loads, 1);
        other.join().unwrap();
        is_over(&loads);
    });
}

#[test]
fn loads_of_many_keys_get_their_own_answers() {
    model(2, || {
        let loads = builder(&Table::new(0)).max_batch(1).build().unwrap();
        let other = spawn_load(&loads, 2);
        let answers = block_on(async { loads.load_many(&[1, 2]).await });
        assert_eq!(answers, [Ok(Some(10)), Ok(Some(20))]);
        other.join().unwrap();
        is_over(&loads);
    });
}

/// Drops the first task, in a thread of its own, after so many polls.
struct Mortal(Mutex<Option<usize>>);

impl Runtime for Mortal {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, mut task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        let polls = self.0.lock().unwrap().take();
        thread::spawn(move || {
            let Some(polls) = polls else {
                return block_on(task);
            };
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..polls {
                let _ = task.as_mut().poll(&mut cx);
            }
        });
        Ok(())
    }
}

#[test]
fn task_that_is_lost_leaves_nobody_waiting() {
    for polls in 0..2 {
        model(2, move || {
            let table = Table::new(1);
            let runtime = Mortal(Mutex::new(Some(polls)));
            let loads = builder(&table).runtime(runtime).build().unwrap();
            // In one thread, since a model may have few.
            let answers = block_on(async {
                let first = loads.load(&1);
                let second = loads.load_many(&[1]);
                let (first, second) = futures::join!(first, second);
                [vec![first], second].concat()
            });
            for answer in answers {
                // A call that has begun is lost, one that has not is begun by those who wait, unless
                // they see that their runtime takes no tasks.
                let lost = if polls > 0 {
                    LoadError::Abandoned
                } else {
                    LoadError::Closed
                };
                assert!(answer == Err(lost) || answer == Ok(Some(10)), "{answer:?}");
            }
            is_over(&loads);
        });
    }
}
