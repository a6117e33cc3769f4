//! Runs tasks in virtual time, on one thread, in an order that is always the same.
//!
//! Tasks run in the order in which they were woken, until none can go on; then the modelled
//! backend lets time pass up to its next answer. Nothing depends on the machine: no timer, no
//! second thread, no address, no random seed.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::backend::Model;
use crate::interrupt;

/// The tasks of one run, all of one kind.
#[derive(Debug)]
pub(crate) struct Executor<'a, F> {
    model: &'a Model,
    tasks: Vec<Task<F>>,
    free: Vec<usize>,
    ready: Arc<Ready>,
}

/// A place for a task, kept for the next one when its task has ended, so that a run allocates no
/// more places than were ever taken at once.
#[derive(Debug)]
struct Task<F> {
    future: Pin<Box<Option<F>>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

/// The places whose tasks can go on, in the order in which they were woken.
#[derive(Debug, Default)]
struct Ready(Mutex<VecDeque<usize>>);

/// Wakes one place, once until it has run.
#[derive(Debug)]
struct Alarm {
    place: usize,
    rung: AtomicBool,
    ready: Arc<Ready>,
}

impl<'a, F: Future<Output = ()>> Executor<'a, F> {
    pub(crate) fn new(model: &'a Model) -> Self {
        Self {
            model,
            tasks: Vec::new(),
            free: Vec::new(),
            ready: Arc::default(),
        }
    }

    /// Runs tasks that are all there from the start.
    pub(crate) fn run(mut self, tasks: impl Iterator<Item = F>) {
        tasks.for_each(|task| self.spawn(task));
        self.settle();
        self.drain();
    }

    /// Runs tasks that come at times of their own. Answers that are due at the same instant come
    /// first.
    pub(crate) fn run_arrivals(mut self, arrivals: impl Iterator<Item = (u64, F)>) {
        for (time_ns, task) in arrivals {
            while self.model.next_ns().is_some_and(|due_ns| due_ns <= time_ns) {
                self.model.advance();
                self.settle();
            }
            if interrupt::requested() {
                break;
            }
            self.model.wait_until(time_ns);
            self.spawn(task);
            self.settle();
        }
        self.drain();
    }

    fn drain(&mut self) {
        while self.model.advance() {
            self.settle();
        }
    }

    fn spawn(&mut self, task: F) {
        let place = self.free.pop().unwrap_or_else(|| {
            let place = self.tasks.len();
            self.tasks.push(Task::new(place, &self.ready));
            place
        });
        self.tasks[place].future.set(Some(task));
        self.tasks[place].waker.wake_by_ref();
    }

    /// Lets tasks run until none of them can go on.
    fn settle(&mut self) {
        while let Some(place) = self.ready.pop() {
            if self.tasks[place].run() {
                self.free.push(place);
            }
        }
    }
}

impl<F: Future<Output = ()>> Task<F> {
    fn new(place: usize, ready: &Arc<Ready>) -> Self {
        let alarm = Arc::new(Alarm {
            place,
            rung: AtomicBool::new(false),
            ready: Arc::clone(ready),
        });
        Self {
            future: Box::pin(None),
            waker: Waker::from(Arc::clone(&alarm)),
            alarm,
        }
    }

    /// Polls the task and returns whether it has ended just now.
    fn run(&mut self) -> bool {
        self.alarm.rung.store(false, Ordering::Relaxed);
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

impl Ready {
    fn pop(&self) -> Option<usize> {
        self.places().pop_front()
    }

    fn places(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
