use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone};

use crate::reads::backend::Model;
use crate::reads::trial::executor::timers::{Timer, Timers};

/// All that a run in virtual time consists of but its loads: the line of tasks that can go on, the
/// tasks that were spawned, the timers, and the modelled backend, whose time is everybody's.
pub(super) struct World {
    model: Arc<Model>,
    ready: Arc<Ready>,
    spawned: Mutex<Spawned>,
    timers: Timers,
}

/// The places whose tasks can go on, in the order in which they were woken.
#[derive(Debug, Default)]
struct Ready(Mutex<VecDeque<Place>>);

/// Where a task is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// Among the loads of the executor.
    Load(usize),
    /// Among the tasks that strategies spawned.
    Spawned(usize),
}

/// What strategies spawned, each in a place that is used again once its task has ended.
#[derive(Default)]
struct Spawned {
    tasks: Vec<Background>,
    free: Vec<usize>,
    /// The run is over, and whoever wants to spawn another task is told so.
    over: bool,
}

struct Background {
    /// `None` while it is polled, and after it has ended.
    future: Option<BoxFuture<'static, ()>>,
    alarm: Arc<Alarm>,
}

/// Wakes one place, once until it has run.
#[derive(Debug)]
pub(super) struct Alarm {
    place: Place,
    rung: AtomicBool,
    ready: Arc<Ready>,
}

impl World {
    /// Adds an alarm for a place.
    pub(super) fn alarm(&self, place: Place) -> Arc<Alarm> {
        Arc::new(Alarm {
            place,
            rung: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        })
    }

    /// Returns the next place whose task can go on.
    pub(super) fn pop(&self) -> Option<Place> {
        self.ready.places().pop_front()
    }

    /// Returns when something is due that lets time pass.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let due = [self.model.next_ns(), self.timers.next_ns()];
        due.into_iter().flatten().min()
    }

    /// Lets time pass up to what is due next, an answer before a timer; returns whether there was
    /// anything.
    pub(super) fn advance(&self) -> bool {
        let answer_ns = self.model.next_ns().unwrap_or(u64::MAX);
        if self.timers.next_ns().is_none_or(|ns| ns >= answer_ns) {
            return self.model.advance();
        }
        let Some((due_ns, waker)) = self.timers.pop() else {
            return false;
        };
        self.wait_until(due_ns.max(self.model.now_ns()));
        waker.wake();
        true
    }

    /// Lets time pass up to `now_ns`, before which nothing may be due.
    pub(super) fn wait_until(&self, now_ns: u64) {
        self.model.wait_until(now_ns);
    }

    /// Polls a task that was spawned. It may spawn others meanwhile, so it is taken out.
    pub(super) fn run(&self, place: usize) {
        let (taken, alarm) = {
            let task = &mut self.spawned().tasks[place];
            task.alarm.clear();
            (task.future.take(), Arc::clone(&task.alarm))
        };
        // A place may be woken once more after its task has ended.
        let Some(mut future) = taken else { return };
        let waker = Waker::from(alarm);
        let ended = future.as_mut().poll(&mut Context::from_waker(&waker));
        if ended.is_ready() {
            drop(future);
            self.spawned().free.push(place);
        } else {
            self.spawned().tasks[place].future = Some(future);
        }
    }

    /// Drops every task that has not ended, and takes no other.
    pub(super) fn close(&self) {
        let mut spawned = self.spawned();
        spawned.over = true;
        let tasks = mem::take(&mut spawned.tasks);
        drop(spawned);
        // Outside of the lock, as what they hold may want to spawn when it is dropped.
        drop(tasks);
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        let mut spawned = self.spawned();
        if spawned.over {
            return Err(RuntimeGone::new());
        }
        let place = match spawned.free.pop() {
            Some(place) => place,
            None => {
                let place = spawned.tasks.len();
                let alarm = self.alarm(Place::Spawned(place));
                spawned.tasks.push(Background {
                    future: None,
                    alarm,
                });
                place
            }
        };
        let task = &mut spawned.tasks[place];
        task.future = Some(future);
        let alarm = Arc::clone(&task.alarm);
        drop(spawned);
        alarm.wake_by_ref();
        Ok(())
    }

    fn spawned(&self) -> MutexGuard<'_, Spawned> {
        self.spawned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.spawned().tasks.len();
        let mut debug = f.debug_struct("World");
        debug.field("now_ns", &self.model.now_ns());
        debug.field("spawned_max", &places).finish_non_exhaustive()
    }
}

impl Ready {
    fn places(&self) -> MutexGuard<'_, VecDeque<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Alarm {
    /// Lets it ring again.
    pub(super) fn clear(&self) {
        self.rung.store(false, Ordering::Relaxed);
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Relaxed, as everything runs on one thread.
        if !self.rung.swap(true, Ordering::Relaxed) {
            self.ready.places().push_back(self.place);
        }
    }
}

/// Virtual time, and tasks that run in it, for the strategies of one run.
#[derive(Clone, Debug)]
pub(crate) struct VirtualRuntime(Arc<World>);

impl VirtualRuntime {
    /// Creates the world of one run, at the model's time.
    pub(crate) fn new(model: &Arc<Model>) -> Self {
        Self(Arc::new(World {
            model: Arc::clone(model),
            ready: Arc::default(),
            spawned: Mutex::default(),
            timers: Timers::default(),
        }))
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.0.model.now_ns()
    }

    pub(super) fn world(&self) -> &Arc<World> {
        &self.0
    }
}

impl Runtime for VirtualRuntime {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.now_ns())
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep {
            world: Arc::clone(&self.0),
            due_ns: u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX),
            timer: None,
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.0.spawn(task)
    }
}

/// Waits for a moment in virtual time.
#[derive(Debug)]
struct Sleep {
    world: Arc<World>,
    due_ns: u64,
    timer: Option<Timer>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.world.model.now_ns() >= self.due_ns {
            return Poll::Ready(());
        }
        let (due_ns, waker) = (self.due_ns, cx.waker().clone());
        match self.timer {
            Some(timer) => self.world.timers.redirect(timer, waker),
            None => self.timer = Some(self.world.timers.add(due_ns, waker)),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.world.timers.remove(timer);
        }
    }
}
