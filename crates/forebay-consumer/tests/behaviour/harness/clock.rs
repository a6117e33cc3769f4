//! A clock in the test's hand.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_consumer::{BoxFuture, Runtime, RuntimeGone};

#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: Vec<(Duration, Waker)>,
    is_broken: bool,
}

impl Clock {
    /// Moves on, and wakes whose time has come.
    pub(crate) fn advance(&self, by: Duration) {
        let due: Vec<_> = {
            let mut state = self.0.lock().unwrap();
            state.now += by;
            let now = state.now;
            let all = mem::take(&mut state.sleepers);
            let (due, later) = all.into_iter().partition(|(at, _)| *at <= now);
            state.sleepers = later;
            due
        };
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Lets timers panic, as tokio's do where a runtime was built without them.
    pub(crate) fn break_timers(&self) {
        self.0.lock().unwrap().is_broken = true;
    }
}

impl Runtime for Clock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep {
            clock: self.clone(),
            deadline,
        })
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        panic!("a consumer spawns nothing");
    }
}

struct Sleep {
    clock: Clock,
    deadline: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.0.lock().unwrap();
        if state.is_broken {
            drop(state);
            panic!("there is no timer");
        }
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.sleepers.push((self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}
