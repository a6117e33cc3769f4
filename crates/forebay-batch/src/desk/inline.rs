//! Drivers that are carried out by those who wait for them, where nothing is to be spawned.
//!
//! Whoever is polled while waiting polls the drivers that were woken. A driver that is woken wakes
//! one of those who wait; who was woken and then leaves passes that on. What goes on although nobody
//! waits for it any more, the runtime looks after, if there is one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use forebay_rt::sync::{Mutex, lock};
use forebay_rt::{BoxFuture, Runtime};
use slab::Slab;

/// Those who wait.
pub(crate) trait Crowd: Send + Sync {
    /// Wakes one of them; returns whether anybody waits at all.
    fn wake_one(&self) -> bool;

    fn is_waited_for(&self) -> bool;

    /// Makes one more of them, who waits until nothing is left to carry out.
    fn tend(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// The drivers of one batcher.
pub(crate) struct Inline {
    state: Arc<Mutex<State>>,
    crowd: Weak<dyn Crowd>,
}

struct State {
    drivers: Slab<Driver>,
    /// The drivers that were woken, each once.
    woken: VecDeque<usize>,
    /// Nobody can come any more.
    is_forsaken: bool,
}

struct Driver {
    /// `None` while it is being polled.
    future: Option<BoxFuture<'static, ()>>,
    is_woken: bool,
    waker: Waker,
}

struct DriverWaker {
    driver: usize,
    state: Weak<Mutex<State>>,
    crowd: Weak<dyn Crowd>,
}

impl Inline {
    pub(crate) fn new(crowd: Weak<dyn Crowd>) -> Self {
        let state = State {
            drivers: Slab::new(),
            woken: VecDeque::new(),
            is_forsaken: false,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            crowd,
        }
    }

    /// Takes a driver, and wakes one of those who wait to poll it: after all who are ready to run
    /// and may bring more.
    pub(crate) fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut state = lock(&self.state);
        let entry = state.drivers.vacant_entry();
        let driver = entry.key();
        let waker = Waker::from(Arc::new(DriverWaker {
            driver,
            state: Arc::downgrade(&self.state),
            crowd: Weak::clone(&self.crowd),
        }));
        entry.insert(Driver {
            future: Some(future),
            is_woken: true,
            waker,
        });
        state.woken.push_back(driver);
        drop(state);
        if let Some(crowd) = self.crowd.upgrade() {
            crowd.wake_one();
        }
    }

    /// Polls each driver that was woken once; if some were woken meanwhile, `helper` is woken to do
    /// it again, since nobody else may have been there to be woken.
    pub(crate) fn help(&self, helper: &Waker) {
        let count = lock(&self.state).woken.len();
        for _ in 0..count {
            let Some((driver, mut future, waker)) = lock(&self.state).take() else {
                break;
            };
            let poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
            // A driver that panics is over; what it held it gives back when it is dropped.
            let poll = catch_unwind(AssertUnwindSafe(poll));
            if !poll.is_ok_and(|poll| poll.is_pending()) {
                let ended = lock(&self.state).drivers.try_remove(driver);
                let _ = catch_unwind(AssertUnwindSafe(|| drop((ended, future))));
                continue;
            }
            let (is_missed, garbage) = lock(&self.state).put_back(driver, future);
            drop(garbage);
            if is_missed && let Some(crowd) = self.crowd.upgrade() {
                crowd.wake_one();
            }
        }
        if !lock(&self.state).woken.is_empty() {
            helper.wake_by_ref();
        }
    }

    /// Wakes another one of those who wait, if there is something to do; does it where nobody waits
    /// any more, so that calls end that nobody waits for.
    pub(crate) fn pass_on(&self) {
        for _ in 0..LAST_ROUNDS {
            if lock(&self.state).woken.is_empty() {
                return;
            }
            let is_waited_for = self.crowd.upgrade().is_some_and(|crowd| crowd.wake_one());
            if is_waited_for {
                return;
            }
            self.help(Waker::noop());
        }
    }

    /// Has the runtime carry on what nobody waits for any more. Where it does not, whoever comes next
    /// does.
    pub(crate) fn look_after(&self, runtime: &dyn Runtime) {
        if lock(&self.state).drivers.is_empty() {
            return;
        }
        if let Some(crowd) = self.crowd.upgrade()
            && !crowd.is_waited_for()
        {
            let _ = runtime.spawn(crowd.tend());
        }
    }

    /// Notes that nobody can come any more.
    pub(crate) fn forsake(&self) {
        lock(&self.state).is_forsaken = true;
        self.drop_forsaken();
    }

    /// Drops the drivers that nobody can carry on any more. They hold what holds them, so they would
    /// stay for ever.
    pub(crate) fn drop_forsaken(&self) {
        if !lock(&self.state).is_forsaken
            || self
                .crowd
                .upgrade()
                .is_some_and(|crowd| crowd.is_waited_for())
        {
            return;
        }
        let drivers = {
            let mut state = lock(&self.state);
            state.woken.clear();
            std::mem::take(&mut state.drivers)
        };
        drop(drivers);
    }
}

impl State {
    fn take(&mut self) -> Option<(usize, BoxFuture<'static, ()>, Waker)> {
        while let Some(number) = self.woken.pop_front() {
            let Some(driver) = self.drivers.get_mut(number) else {
                // It was woken while it came to its end.
                continue;
            };
            driver.is_woken = false;
            if let Some(future) = driver.future.take() {
                return Some((number, future, driver.waker.clone()));
            }
            // Somebody polls it just now, and will find it woken.
            driver.is_woken = true;
        }
        None
    }

    /// Returns whether the driver was woken while it was polled and somebody has looked for it. Gives
    /// it back if it has no place any more, to be dropped outside of the lock.
    fn put_back(
        &mut self,
        number: usize,
        future: BoxFuture<'static, ()>,
    ) -> (bool, Option<BoxFuture<'static, ()>>) {
        let Some(driver) = self.drivers.get_mut(number) else {
            return (false, Some(future));
        };
        driver.future = Some(future);
        let is_missed = driver.is_woken && !self.woken.contains(&number);
        if is_missed {
            self.woken.push_back(number);
        }
        (is_missed, None)
    }
}

impl Wake for DriverWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        {
            let mut state = lock(&state);
            let Some(driver) = state.drivers.get_mut(self.driver) else {
                return;
            };
            if std::mem::replace(&mut driver.is_woken, true) {
                return;
            }
            state.woken.push_back(self.driver);
        }
        if let Some(crowd) = self.crowd.upgrade() {
            crowd.wake_one();
        }
    }
}

/// How often drivers are polled where nobody waits any more. What is to end does so within a few
/// polls, and what wakes itself again and again must not hold up who leaves.
const LAST_ROUNDS: usize = 8;
