//! A batcher, its callers and its drivers, all polled by hand: what the benches time and count.
//!
//! There is no scheduler and no clock in it, so that what is left is the cost of batching.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use foldhash::fast::FixedState;
use forebay_batch::{Batcher, Bounded, Call};
use forebay_core::{Answers, LoadBatch};

use crate::harness::drivers::Drivers;

/// One caller.
type Caller = Call<'static, u64, u64, Infallible>;

/// A batcher with the default settings and fixed hashes, before a backend whose rows are one more
/// than their keys.
///
/// It is made once for a bench and stays until the process ends, so that callers of any life can
/// borrow it.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    batcher: &'static Batcher<u64, u64, Infallible>,
    keys: &'static [u64],
    drivers: &'static Drivers,
    gate: &'static AtomicBool,
}

impl Hand {
    /// Creates a batcher for loads of the keys below `keys`.
    #[must_use]
    pub fn new(keys: u64) -> Self {
        Self::with_cache(keys, None)
    }

    /// Creates a batcher whose cache holds the rows of all keys.
    #[must_use]
    pub fn cached(keys: u64) -> Self {
        let cache = Bounded::with_hasher(2 * keys as usize, FixedState::default());
        let hand = Self::with_cache(keys, Some(cache));
        for key in hand.keys {
            hand.batcher.prime(*key, Some(key + 1));
        }
        hand
    }

    fn with_cache(keys: u64, cache: Option<Bounded<u64, u64, Infallible, FixedState>>) -> Self {
        let drivers: &'static Drivers = Box::leak(Box::default());
        let gate: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(true)));
        let builder = Batcher::builder(Rows { gate });
        let builder = builder.hasher(FixedState::default()).runtime(drivers);
        let batcher = match cache {
            Some(cache) => builder.cache(cache).build(),
            None => builder.build(),
        };
        let keys: Vec<u64> = (0..keys).collect();
        Self {
            batcher: Box::leak(Box::new(batcher.expect("the defaults are valid"))),
            keys: Vec::leak(keys),
            drivers,
            gate,
        }
    }

    /// Loads one key that nobody else asks for, from its first poll to its value.
    ///
    /// # Panics
    ///
    /// If it has no value in the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::hand::Hand;
    ///
    /// assert_eq!(Hand::new(1).alone(), 1);
    /// ```
    #[must_use]
    pub fn alone(&self) -> u64 {
        let mut call = self.batcher.load(&self.keys[0]);
        let first = poll(&mut call);
        assert!(first.is_pending(), "nothing is loaded at the first poll");
        self.drivers.drive();
        value(poll(&mut call))
    }

    /// Loads the key at a place, which is cached.
    ///
    /// # Panics
    ///
    /// If it is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::hand::Hand;
    ///
    /// assert_eq!(Hand::cached(10).hit(4), 5);
    /// ```
    #[must_use]
    pub fn hit(&self, place: usize) -> u64 {
        value(poll(&mut self.batcher.load(&self.keys[place])))
    }

    /// Loads all keys at once and returns the sum of their values.
    ///
    /// # Panics
    ///
    /// If they do not all have one in the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::hand::Hand;
    ///
    /// assert_eq!(Hand::new(1_000).many(), 500_500);
    /// ```
    #[must_use]
    pub fn many(&self) -> u64 {
        let mut calls = self.batcher.load_many(self.keys);
        loop {
            if let Poll::Ready(results) = poll(&mut calls) {
                return results
                    .into_iter()
                    .map(|result| value(Poll::Ready(result)))
                    .sum();
            }
            assert!(self.drivers.drive(), "somebody loads what is waited for");
        }
    }

    /// Lets so many keys wait, each with one caller.
    ///
    /// # Panics
    ///
    /// If there are not more keys than that.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::hand::Hand;
    ///
    /// let hand = Hand::new(4);
    /// let mut line = hand.line(3);
    /// line.cancel();
    /// line.enter();
    /// line.leave();
    /// assert_eq!(line.land(), 1 + 2 + 4);
    /// ```
    #[must_use]
    pub fn line(self, keys: usize) -> Line {
        self.gate.store(false, Ordering::Relaxed);
        // Room for the one that comes later is made now.
        let mut callers = Vec::with_capacity(keys + 1);
        for key in &self.keys[..keys] {
            let mut call = self.batcher.load(key);
            assert!(poll(&mut call).is_pending(), "the call has not left");
            callers.push(call);
        }
        Line {
            next: Some(self.batcher.load(&self.keys[keys])),
            follower: Some(self.batcher.load(&self.keys[0])),
            callers,
            hand: self,
        }
    }
}

/// Keys that wait, or are under way, and who waits for them.
pub struct Line {
    hand: Hand,
    callers: Vec<Caller>,
    /// A caller of another key, and one of the first key, who have not been polled.
    next: Option<Caller>,
    follower: Option<Caller>,
}

impl Line {
    /// Lets one more key enter.
    pub fn enter(&mut self) {
        Self::take_in(&mut self.callers, self.next.take());
    }

    /// Lets one more caller join the first key.
    pub fn join(&mut self) {
        Self::take_in(&mut self.callers, self.follower.take());
    }

    /// Drops the caller that came last.
    pub fn cancel(&mut self) {
        self.callers.pop();
    }

    /// Sends what waits, and leaves it under way.
    pub fn leave(&mut self) {
        self.hand.drivers.drive();
    }

    /// Answers what is under way, lets every caller take its value, and returns the sum.
    pub fn land(&mut self) -> u64 {
        self.hand.gate.store(true, Ordering::Relaxed);
        self.hand.drivers.drive();
        let callers = self.callers.iter_mut();
        callers.map(|caller| value(poll(caller))).sum()
    }

    fn take_in(callers: &mut Vec<Caller>, caller: Option<Caller>) {
        if let Some(mut caller) = caller {
            let _ = poll(&mut caller);
            callers.push(caller);
        }
    }
}

impl Drop for Line {
    /// Leaves the batcher idle for whoever is next.
    fn drop(&mut self) {
        self.callers.clear();
        self.hand.gate.store(true, Ordering::Relaxed);
        self.hand.drivers.drive();
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Line");
        debug
            .field("callers", &self.callers.len())
            .finish_non_exhaustive()
    }
}

/// The backend, which answers at once when its gate is open.
struct Rows {
    gate: &'static AtomicBool,
}

impl LoadBatch<u64> for Rows {
    type Value = u64;
    type Error = Infallible;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, u64, Infallible>,
    ) -> Result<(), Infallible> {
        std::future::poll_fn(|_| match self.gate.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, key + 1);
        }
        Ok(())
    }
}

/// Polls once, for nobody.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn value(polled: Poll<forebay_core::LoadResult<u64, Infallible>>) -> u64 {
    match polled {
        Poll::Ready(Ok(Some(value))) => value,
        other => panic!("a key that has a value ended as {other:?}"),
    }
}
