//! Futures that a test polls by hand, and wakers that it can ask.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// A future in a test's hand, with a waker that counts.
pub(crate) struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    wakes: Arc<WakeCount>,
}

impl<'a, T> Hand<'a, T> {
    /// Takes a future without polling it.
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.poll_with(&waker)
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<T> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// Polls it, and gives the message of the panic that this must lead to.
    pub(crate) fn poll_panics(&mut self) -> String {
        let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.poll().is_ready())) else {
            panic!("the poll did not panic");
        };
        message_of(&*payload)
    }

    /// Returns how many wakes it got since the beginning.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(SeqCst)
    }

    /// Takes a future and polls it once, which must leave it waiting.
    #[track_caller]
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut hand = Self::new(future);
        hand.still_waits();
        hand
    }

    /// Polls it, which must leave it waiting.
    #[track_caller]
    pub(crate) fn still_waits(&mut self) {
        assert!(self.poll().is_pending(), "ready too early");
    }

    /// Polls it, which must complete it.
    #[track_caller]
    pub(crate) fn output(mut self) -> T {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("still waiting"),
        }
    }

    /// Polls it once and then whenever it is woken, which must complete it.
    #[track_caller]
    pub(crate) fn finished(mut self) -> T {
        loop {
            let wakes = self.wakes();
            match self.poll() {
                Poll::Ready(output) => return output,
                Poll::Pending => assert!(self.wakes() > wakes, "still waiting"),
            }
        }
    }
}

/// Polls a fresh future once, which must complete it.
#[track_caller]
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    Hand::new(future).output()
}

/// Makes a waker of a closure.
pub(crate) fn on_wake(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnWake(f)))
}

/// Makes a waker that runs a closure when its last clone is dropped.
pub(crate) fn on_waker_drop(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnDrop(f)))
}

/// Returns what a panic said.
pub(crate) fn message_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

#[derive(Default)]
struct WakeCount(AtomicUsize);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnDrop<F> {
    fn wake(self: Arc<Self>) {}
}

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
