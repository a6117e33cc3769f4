//! Tasks that run when they are told to, so that what they cost can be told from the rest.

use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone};

/// A runtime whose tasks run when it is told so.
#[derive(Default)]
pub(crate) struct Drivers {
    tasks: Mutex<Vec<BoxFuture<'static, ()>>>,
    bell: Arc<Bell>,
}

/// Notes that a task wants to go on.
#[derive(Debug, Default)]
struct Bell(AtomicBool);

impl Drivers {
    /// Polls each task until it waits for something; returns whether there was any.
    pub(crate) fn drive(&self) -> bool {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut cx = Context::from_waker(&waker);
        let mut waiting = Vec::new();
        let mut ran = false;
        while let Some(mut task) = self.pop() {
            ran = true;
            loop {
                self.bell.0.store(false, Ordering::Relaxed);
                if task.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
                if !self.bell.0.load(Ordering::Relaxed) {
                    waiting.push(task);
                    break;
                }
            }
        }
        self.tasks().append(&mut waiting);
        ran
    }

    fn pop(&self) -> Option<BoxFuture<'static, ()>> {
        self.tasks().pop()
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<BoxFuture<'static, ()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.tasks().len();
        f.debug_struct("Drivers")
            .field("tasks", &tasks)
            .finish_non_exhaustive()
    }
}

impl Runtime for &'static Drivers {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.tasks().push(task);
        Ok(())
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
