//! A backend whose loads complete when the test says so.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Loads in the order in which they started, numbered from zero.
pub(crate) struct Backend<T> {
    loads: Arc<Mutex<Vec<State<T>>>>,
}

struct State<T> {
    step: Option<Step<T>>,
    waker: Option<Waker>,
    running: bool,
}

enum Step<T> {
    Answer(T),
    Panic(&'static str),
}

/// One load; it counts as started when it is made, and runs until it is dropped.
pub(crate) struct BackendLoad<T> {
    backend: Backend<T>,
    number: usize,
}

impl<T> Backend<T> {
    pub(crate) fn new() -> Self {
        Self {
            loads: Arc::default(),
        }
    }

    pub(crate) fn load(&self) -> BackendLoad<T> {
        let mut loads = self.lock();
        loads.push(State {
            step: None,
            waker: None,
            running: true,
        });
        BackendLoad {
            backend: self.clone(),
            number: loads.len() - 1,
        }
    }

    /// Returns how many loads were started.
    pub(crate) fn started(&self) -> usize {
        self.lock().len()
    }

    /// Returns how many loads are neither complete nor dropped.
    pub(crate) fn running(&self) -> usize {
        self.lock().iter().filter(|load| load.running).count()
    }

    /// Lets the next poll of this load give an answer.
    pub(crate) fn answer(&self, number: usize, answer: T) {
        self.step(number, Step::Answer(answer));
    }

    /// Lets the next poll of this load panic.
    pub(crate) fn panic(&self, number: usize, message: &'static str) {
        self.step(number, Step::Panic(message));
    }

    fn step(&self, number: usize, step: Step<T>) {
        let waker = {
            let load = &mut self.lock()[number];
            load.step = Some(step);
            load.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<State<T>>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Backend<T> {
    fn clone(&self) -> Self {
        Self {
            loads: Arc::clone(&self.loads),
        }
    }
}

impl<T> Future for BackendLoad<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let step = {
            let load = &mut self.backend.lock()[self.number];
            load.waker = Some(cx.waker().clone());
            load.step.take()
        };
        match step {
            Some(Step::Answer(answer)) => Poll::Ready(answer),
            // Past the panic hook, which would print a report of what the test wants.
            Some(Step::Panic(message)) => resume_unwind(Box::new(message)),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for BackendLoad<T> {
    fn drop(&mut self) {
        self.backend.lock()[self.number].running = false;
    }
}
