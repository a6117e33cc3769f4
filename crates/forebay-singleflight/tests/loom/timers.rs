//! Bounds on waiting, with the timer in a thread of its own.
//!
//! * A follower whose bound passes is woken, whatever the timer was doing when it joined.
//! * A slow leader is woken when an extra load answers its flight.

use std::future::{pending, poll_fn};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_core::BoxFuture;
use forebay_singleflight::{OnTimeout, Runtime, RuntimeGone};
use loom::future::{AtomicWaker, block_on};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use loom::thread;

use crate::{builder, model};

/// Runs tasks in threads of the model, and has a clock that the model moves.
#[derive(Clone)]
struct ModelRuntime {
    seconds: Arc<AtomicU64>,
    sleeper: Arc<AtomicWaker>,
}

impl ModelRuntime {
    fn new() -> Self {
        Self {
            seconds: Arc::new(AtomicU64::new(0)),
            sleeper: Arc::new(AtomicWaker::new()),
        }
    }

    fn advance_to(&self, seconds: u64) {
        self.seconds.store(seconds, SeqCst);
        self.sleeper.wake();
    }
}

impl Runtime for ModelRuntime {
    fn now(&self) -> Duration {
        Duration::from_secs(self.seconds.load(SeqCst))
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let runtime = self.clone();
        Box::pin(poll_fn(move |cx| {
            // First the waker and then the look, or a move of the clock in between is missed.
            runtime.sleeper.register_by_ref(cx.waker());
            if runtime.now() < deadline {
                return Poll::Pending;
            }
            Poll::Ready(())
        }))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        thread::spawn(move || block_on(task));
        Ok(())
    }
}

#[test]
fn slow_leader_is_woken_by_an_extra_load() {
    const SECOND: Duration = Duration::from_secs(1);

    model(|| {
        let runtime = ModelRuntime::new();
        let hedge = OnTimeout::Hedge {
            after: SECOND,
            max: 1,
        };
        let builder = builder().runtime(runtime.clone()).on_timeout(hedge);
        let group = builder.build().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut slow = Box::pin(group.work_owned(0, pending));
        assert!(slow.as_mut().poll(&mut cx).is_pending());
        let mut extra = Box::pin(group.work(&0, async || 7));
        assert!(extra.as_mut().poll(&mut cx).is_pending());

        let slow = thread::spawn(move || assert_eq!(block_on(slow), Ok(7)));
        runtime.advance_to(1);
        assert_eq!(block_on(extra), Ok(7));
        slow.join().unwrap();
        assert_eq!(group.in_flight(), 0);
    });
}

/// A task that only notes that it was woken, and another one that waits for that.
#[derive(Default)]
struct Noted {
    woken: AtomicBool,
    watcher: AtomicWaker,
}

impl Noted {
    async fn woken(&self) {
        poll_fn(|cx| {
            self.watcher.register_by_ref(cx.waker());
            if self.woken.load(SeqCst) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Wake for Noted {
    fn wake(self: std::sync::Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.watcher.wake();
    }
}

#[test]
fn follower_that_joins_while_the_timer_sweeps_is_woken_in_time() {
    const SECOND: Duration = Duration::from_secs(1);

    model(|| {
        let runtime = ModelRuntime::new();
        let group = builder().runtime(runtime.clone()).build().unwrap();
        let _leader = group.claim(&0).unwrap();
        let mut calls = [(); 2].map(|()| Box::pin(group.work(&0, pending).timeout(SECOND)));
        let noted = [(); 2].map(|()| std::sync::Arc::<Noted>::default());
        for (number, (call, noted)) in (1..).zip(calls.iter_mut().zip(&noted)) {
            let waker = Waker::from(noted.clone());
            let mut cx = Context::from_waker(&waker);
            assert!(call.as_mut().poll(&mut cx).is_pending());
            runtime.advance_to(number * 10);
        }
        for noted in noted {
            block_on(noted.woken());
        }
    });
}
