//! Futures that a test polls by hand, and wakers that it can ask.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// A future in a test's hand, with a waker that counts.
pub(crate) struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    wakes: Arc<WakeCount>,
    /// How many wakes there had been when it was last polled, if it was.
    seen: Option<usize>,
}

impl<'a, T> Hand<'a, T> {
    /// Takes a future without polling it.
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
            seen: None,
        }
    }

    /// Takes a future and polls it once, which must leave it waiting.
    #[track_caller]
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut hand = Self::new(future);
        hand.still_waits();
        hand
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.poll_with(&waker)
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<T> {
        self.seen = Some(self.wakes());
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// Returns how many wakes it got since the beginning.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(SeqCst)
    }

    /// Returns whether it was woken since it was last polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.seen.is_some_and(|seen| self.wakes() > seen)
    }

    /// Returns whether an executor would poll it: it is new, or woken.
    pub(crate) fn is_due(&self) -> bool {
        self.seen.is_none() || self.is_woken()
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

    /// Checks that it was woken and then polls it, which must complete it.
    #[track_caller]
    pub(crate) fn woken(self) -> T {
        assert!(self.is_woken(), "not woken");
        self.output()
    }

    /// Polls it once and then whenever it is woken, which must complete it.
    #[track_caller]
    pub(crate) fn finished(mut self) -> T {
        loop {
            match self.poll() {
                Poll::Ready(output) => return output,
                Poll::Pending => assert!(self.is_woken(), "still waiting"),
            }
        }
    }
}

/// Polls what is due, and nothing else, until all are complete.
#[track_caller]
pub(crate) fn settle<T>(hands: Vec<Hand<'_, T>>) -> Vec<T> {
    let mut outputs: Vec<_> = hands.iter().map(|_| None).collect();
    let mut hands: Vec<_> = hands.into_iter().map(Some).collect();
    while outputs.iter().any(Option::is_none) {
        let mut is_stuck = true;
        for (place, output) in hands.iter_mut().zip(&mut outputs) {
            let Some(hand) = place.as_mut().filter(|hand| hand.is_due()) else {
                continue;
            };
            is_stuck = false;
            if let Poll::Ready(ready) = hand.poll() {
                *output = Some(ready);
                *place = None;
            }
        }
        assert!(!is_stuck, "those who wait are not woken");
    }
    outputs.into_iter().flatten().collect()
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
