//! A task that does for a log what would make its writer, or a reader, wait: wake many, and free
//! much.
//!
//! It wakes some and lets others run, and frees a little and lets others run. If its runtime ends,
//! it wakes all at once.

use std::collections::VecDeque;
use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::vec::IntoIter;

use forebay_rt::sync::{Mutex, lock};
use forebay_rt::{Runtime, wake_all};

use crate::chain::waiters::Seat;

/// So many are woken before other tasks may run.
const WAKES_MAX: usize = 128;

/// Where some wait to be woken by the pump.
pub(crate) trait Awaited: Send + Sync {
    fn take_handed(&self) -> Vec<Seat>;
}

/// What nobody can reach any more.
pub(crate) trait Backlog: Send {
    /// Frees a little; returns whether that was all.
    fn free(&mut self) -> bool;
}

pub(crate) struct Pump {
    runtime: Arc<dyn Runtime>,
    queue: Arc<Mutex<Queue>>,
}

struct Queue {
    calls: VecDeque<Arc<dyn Awaited>>,
    backlogs: VecDeque<Box<dyn Backlog>>,
    task: Option<Waker>,
    running: bool,
    closed: bool,
}

impl Pump {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Self {
        let queue = Queue {
            calls: VecDeque::new(),
            backlogs: VecDeque::new(),
            task: None,
            running: false,
            closed: false,
        };
        Self {
            runtime,
            queue: Arc::new(Mutex::new(queue)),
        }
    }

    /// Has those woken who were handed over there.
    pub(crate) fn wake(&self, awaited: Arc<dyn Awaited>) {
        self.work(|queue| queue.calls.push_back(awaited));
    }

    pub(crate) fn free(&self, backlog: Box<dyn Backlog>) {
        self.work(|queue| queue.backlogs.push_back(backlog));
    }

    fn work(&self, put: impl FnOnce(&mut Queue)) {
        let (start, wake) = {
            let mut queue = lock(&self.queue);
            put(&mut queue);
            let start = !std::mem::replace(&mut queue.running, true);
            (start, queue.task.take())
        };
        wake_all(wake);
        if start {
            let task = Task {
                queue: Arc::clone(&self.queue),
                seats: Vec::new().into_iter(),
                backlog: None,
            };
            // Where there is no runtime, the task is dropped, which does the work.
            let _ = self.runtime.spawn(Box::pin(task));
        }
    }
}

impl Drop for Pump {
    /// Ends the task.
    fn drop(&mut self) {
        let task = {
            let mut queue = lock(&self.queue);
            queue.closed = true;
            queue.task.take()
        };
        wake_all(task);
    }
}

struct Task {
    queue: Arc<Mutex<Queue>>,
    /// Those who are being woken.
    seats: IntoIter<Seat>,
    /// What is being freed.
    backlog: Option<Box<dyn Backlog>>,
}

enum Work {
    Wake(Arc<dyn Awaited>),
    Free(Box<dyn Backlog>),
    Nothing,
    Closed,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            if !this.seats.as_slice().is_empty() {
                wake_all(seated(this.seats.by_ref().take(WAKES_MAX)));
                break;
            }
            match take_work(&this.queue, this.backlog.is_some(), cx.waker()) {
                Work::Wake(awaited) => this.seats = awaited.take_handed().into_iter(),
                Work::Free(backlog) => this.backlog = Some(backlog),
                Work::Nothing => match &mut this.backlog {
                    Some(backlog) => {
                        if backlog.free() {
                            this.backlog = None;
                        }
                        break;
                    }
                    None => return Poll::Pending,
                },
                Work::Closed => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Takes what is to be done next: wakes before anything else.
fn take_work(queue: &Mutex<Queue>, freeing: bool, task: &Waker) -> Work {
    let mut queue = lock(queue);
    if let Some(awaited) = queue.calls.pop_front() {
        return Work::Wake(awaited);
    }
    if freeing {
        return Work::Nothing;
    }
    if let Some(backlog) = queue.backlogs.pop_front() {
        return Work::Free(backlog);
    }
    if queue.closed {
        return Work::Closed;
    }
    let garbage = queue.task.replace(task.clone());
    drop(queue);
    drop(garbage);
    Work::Nothing
}

fn seated(seats: impl Iterator<Item = Seat>) -> impl Iterator<Item = Waker> {
    seats.filter_map(Seat::into_waker)
}

impl Drop for Task {
    /// The runtime has ended, or never was: nobody must wait for it.
    fn drop(&mut self) {
        let (task, calls, backlogs) = {
            let mut queue = lock(&self.queue);
            queue.running = false;
            let task = queue.task.take();
            (task, take(&mut queue.calls), take(&mut queue.backlogs))
        };
        drop(task);
        wake_all(seated(self.seats.by_ref()));
        for awaited in calls {
            wake_all(seated(awaited.take_handed().into_iter()));
        }
        for mut backlog in self.backlog.take().into_iter().chain(backlogs) {
            while !backlog.free() {}
        }
    }
}
