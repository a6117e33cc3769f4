//! Runs tasks in virtual time, on one thread, in an order that is always the same.
//!
//! Tasks run in the order in which they were woken, until none can go on; then time passes up to
//! whatever is due next, an answer of the modelled backend or a timer. Nothing depends on the
//! machine: no clock, no second thread, no address, no random seed.
//!
//! There are two kinds of tasks. Loads are all of one type and are kept in place, so that what the
//! harness does allocates nothing for each of them. What a strategy spawns is of any type and comes
//! in a box of the strategy's own; see [`World`]. Both stand in one line.

mod timers;
mod world;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::harness::interrupt;
pub(crate) use crate::reads::trial::executor::world::VirtualRuntime;
use crate::reads::trial::executor::world::{Alarm, Place, World};

/// The tasks of one run, all of one kind.
#[derive(Debug)]
pub(crate) struct Executor<F> {
    world: Arc<World>,
    tasks: Vec<Task<F>>,
    free: Vec<usize>,
}

/// A place for a task, kept for the next one when its task has ended, so that a run allocates no
/// more places than were ever taken at once.
#[derive(Debug)]
struct Task<F> {
    future: Pin<Box<Option<F>>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

impl<F: Future<Output = ()>> Executor<F> {
    /// Creates an executor for one run in the world of `runtime`.
    pub(crate) fn new(runtime: &VirtualRuntime) -> Self {
        Self {
            world: Arc::clone(runtime.world()),
            tasks: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Runs tasks that are all there from the start.
    pub(crate) fn run(mut self, tasks: impl Iterator<Item = F>) {
        tasks.for_each(|task| self.spawn(task));
        self.settle();
        self.drain();
    }

    /// Runs tasks that come at times of their own, those of one instant together. Answers that are
    /// due at the same instant come first, and timers next.
    pub(crate) fn run_arrivals(mut self, arrivals: impl Iterator<Item = (u64, F)>) {
        let mut arrivals = arrivals.peekable();
        while let Some((time_ns, task)) = arrivals.next() {
            while self.world.next_ns().is_some_and(|due_ns| due_ns <= time_ns) {
                self.world.advance();
                self.settle();
            }
            if interrupt::requested() {
                break;
            }
            self.world.wait_until(time_ns);
            self.spawn(task);
            while let Some((_, task)) = arrivals.next_if(|next| next.0 == time_ns) {
                self.spawn(task);
            }
            self.settle();
        }
        self.drain();
    }

    fn drain(&mut self) {
        while self.world.advance() {
            self.settle();
        }
    }

    fn spawn(&mut self, task: F) {
        let place = self.free.pop().unwrap_or_else(|| {
            let place = self.tasks.len();
            self.tasks
                .push(Task::new(self.world.alarm(Place::Load(place))));
            place
        });
        self.tasks[place].future.set(Some(task));
        self.tasks[place].waker.wake_by_ref();
    }

    /// Lets tasks run until none of them can go on.
    fn settle(&mut self) {
        while let Some(place) = self.world.pop() {
            match place {
                Place::Load(place) if self.tasks[place].run() => self.free.push(place),
                Place::Load(_) => {}
                Place::Spawned(place) => self.world.run(place),
            }
        }
    }
}

impl<F> Drop for Executor<F> {
    /// Drops what was spawned and never ended: it may hold on to the world, which holds it.
    fn drop(&mut self) {
        self.world.close();
    }
}

impl<F: Future<Output = ()>> Task<F> {
    fn new(alarm: Arc<Alarm>) -> Self {
        Self {
            future: Box::pin(None),
            waker: Waker::from(Arc::clone(&alarm)),
            alarm,
        }
    }

    /// Polls the task and returns whether it has ended just now.
    fn run(&mut self) -> bool {
        self.alarm.clear();
        // A place may be woken once more after its task has ended.
        let Some(future) = self.future.as_mut().as_pin_mut() else {
            return false;
        };
        let mut cx = Context::from_waker(&self.waker);
        let ended = future.poll(&mut cx) == Poll::Ready(());
        if ended {
            self.future.set(None);
        }
        ended
    }
}

#[cfg(test)]
mod tests;
