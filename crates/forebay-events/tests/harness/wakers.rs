//! Wakers that a test can ask, and futures that it polls by hand.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Makes a waker of a closure.
pub(crate) fn on_wake(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnWake(f)))
}

struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// A future in a test's hand, with a waker that counts.
pub(crate) struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    wakes: Arc<Wakes>,
    seen: usize,
}

impl<'a, T> Hand<'a, T> {
    /// Takes a future without polling it.
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
            seen: 0,
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        self.seen = self.wakes.count();
        let waker = self.wakes.waker();
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Returns whether it was woken since its last poll began.
    pub(crate) fn is_woken(&self) -> bool {
        self.wakes.count() > self.seen
    }

    /// Polls it, which must leave it waiting.
    #[track_caller]
    pub(crate) fn waits(&mut self) {
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
}

/// Polls a fresh future once and then as often as it wakes itself, which must complete it.
#[track_caller]
pub(crate) fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut hand = Hand::new(future);
    loop {
        match hand.poll() {
            Poll::Ready(output) => return output,
            Poll::Pending => assert!(hand.is_woken(), "still waiting"),
        }
    }
}

/// Polls a fresh future once, which must complete it.
#[track_caller]
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    Hand::new(future).output()
}
