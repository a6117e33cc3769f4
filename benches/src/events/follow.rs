//! A log and its readers, polled by hand: what the benches time and count.
//!
//! There is no scheduler and no clock in it, so that what is left is the cost of the log.

use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use forebay_core::{Cursor, LogId};
use forebay_events::{Publisher, Retention, Source, Subscription};

use crate::harness::drivers::Drivers;

/// A log of numbers, each one more than the last, and readers of it.
pub struct Follow {
    publisher: Publisher<u64>,
    source: Source<u64>,
    readers: Vec<Subscription<u64>>,
    drivers: &'static Drivers,
    next: u64,
}

impl Follow {
    /// Creates a log whose many readers are woken, and whose memory is freed, by a task.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::events::follow::Follow;
    ///
    /// let mut log = Follow::new(100);
    /// log.park();
    /// log.append();
    /// log.wake();
    /// assert_eq!(log.take(), 100);
    /// ```
    #[must_use]
    pub fn new(readers: usize) -> Self {
        Self::with(readers, Retention::READERS)
    }

    /// Creates a log that keeps so many events, and publishes as many.
    #[must_use]
    pub fn window(events: usize) -> Self {
        let mut log = Self::with(0, Retention::window(events));
        log.fill(events);
        log
    }

    /// Creates a log with a reader that has not read so many events.
    #[must_use]
    pub fn backlog(events: usize) -> Self {
        let mut log = Self::new(1);
        log.fill(events);
        log
    }

    fn with(readers: usize, retention: Retention) -> Self {
        let drivers: &'static Drivers = Box::leak(Box::default());
        let builder = Publisher::builder().log_id(LogId::new(1));
        let built = builder.retention(retention).runtime(drivers).build();
        let publisher = built.expect("the settings are valid");
        let source = publisher.source();
        let mut log = Self {
            readers: (0..readers).map(|_| source.subscribe()).collect(),
            publisher,
            source,
            drivers,
            next: 1,
        };
        // So that what is made with the first event is there.
        log.append();
        log.readers.iter_mut().for_each(|reader| {
            let _ = reader.try_next();
        });
        log
    }

    /// Appends one event.
    pub fn append(&mut self) {
        let _ = self.publisher.push(self.next);
        self.next += 1;
    }

    /// Appends so many events at once.
    pub fn append_all(&mut self, events: u64) {
        let events = self.next..self.next + events;
        self.next = events.end;
        let _ = self.publisher.append_all(events.end, events);
    }

    /// Appends so many events, each for itself.
    pub fn fill(&mut self, events: usize) {
        (0..events).for_each(|_| self.append());
    }

    /// Lets the first reader take an event that is there.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn take_next(&mut self) -> u64 {
        let next = pin!(self.readers[0].next());
        match poll(next) {
            Poll::Ready(Ok(event)) => *event,
            other => panic!("an event that is there came as {other:?}"),
        }
    }

    /// Lets the first reader take events that are there and lie side by side; returns how many.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn take_slice(&mut self) -> usize {
        let next = pin!(self.readers[0].next_slice());
        match poll(next) {
            Poll::Ready(Ok(events)) => events.len(),
            other => panic!("events that are there came as {other:?}"),
        }
    }

    /// Lets the first reader take all that is there, one by one; returns the sum.
    pub fn drain(&mut self) -> u64 {
        let mut sum = 0;
        while let Ok(Some(event)) = self.readers[0].try_next() {
            sum += *event;
        }
        sum
    }

    /// Lets the first reader take all that is there, as it lies side by side; returns the sum.
    pub fn drain_slices(&mut self) -> u64 {
        let mut sum = 0;
        while let Ok(Some(events)) = self.readers[0].try_next_slice() {
            sum += events.iter().map(|event| *event).sum::<u64>();
        }
        sum
    }

    /// Lets every reader wait.
    ///
    /// # Panics
    ///
    /// If there is something to read.
    pub fn park(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for reader in &mut self.readers {
            assert!(reader.poll_ready(&mut cx).is_pending(), "nothing is there");
        }
    }

    /// Lets the task wake those whom it was to wake.
    pub fn wake(&mut self) {
        self.drivers.drive();
    }

    /// Lets every reader take one event; returns how many did.
    pub fn take(&mut self) -> usize {
        let readers = self.readers.iter_mut();
        let taken = readers.filter_map(|reader| reader.try_next().ok()?.map(|_| ()));
        taken.count()
    }

    /// Lets every reader go on with what is appended from now on, and frees what they kept.
    pub fn catch_up(&mut self) {
        for reader in &mut self.readers {
            *reader = self.source.subscribe();
        }
        self.drivers.drive();
    }

    /// Lets go of the log and of all its readers, and frees what they kept.
    pub fn free(self) {
        let drivers = self.drivers;
        drop(self);
        drivers.drive();
    }

    /// Adds a reader of what is appended from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<u64> {
        self.source.subscribe()
    }

    /// Adds a reader of what came after the event so many before the newest.
    ///
    /// # Panics
    ///
    /// If the log does not keep that any more.
    #[must_use]
    pub fn resume(&self, back: u64) -> Subscription<u64> {
        let from = Cursor::new(LogId::new(1), (self.next - 1 - back).into());
        self.source.resume(from).expect("the window holds it")
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Follow");
        debug.field("readers", &self.readers.len());
        debug.field("next", &self.next).finish_non_exhaustive()
    }
}

/// Polls once, for nobody.
fn poll<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
