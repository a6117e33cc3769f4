//! Readers that wait, and what it takes to wake all of them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::clock::{process_time, thread_time};
use crate::events::peer::{Log, Peer, Reader};
use crate::events::sight::Tally;
use crate::runtime::workers;

/// How long the workers are left alone so that they go to sleep; the system also adds up what
/// another thread has used only when it stops running or at its next tick.
const SETTLING: Duration = Duration::from_millis(5);

/// How long the readers may take to wait again.
const GIVE_UP: Duration = Duration::from_secs(60);

/// A log whose readers wait in tasks on two workers, while its writer is on a thread of its own.
pub(super) struct Parking<P: Peer> {
    log: P::Log<u64>,
    lounge: Arc<Lounge>,
    appended: u64,
    // The last to go, for tasks may not end with the log.
    _runtime: Runtime,
}

/// What an append was.
pub(super) struct Lap {
    /// The processor time of the writer's thread.
    pub(super) writer: Duration,
    /// The processor time of the process, until every reader waits again.
    pub(super) all: Duration,
    /// How long after the beginning of the append each reader had the event.
    pub(super) wakes: Vec<Duration>,
}

/// Where the readers wait.
struct Lounge {
    opening: Instant,
    places: Vec<Place>,
}

/// What a reader says of itself.
struct Place {
    /// After how many events it waits; [`NONE`] before it does for the first time.
    waits_after: AtomicU64,
    /// When it had its last event, in nanoseconds since the opening.
    woken: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl<P: Peer> Parking<P> {
    /// Returns a log with this many readers, of which each waits.
    pub(super) fn with(readers: usize) -> Self {
        let runtime = workers(2);
        let _entered = runtime.enter();
        let mut log = P::Log::<u64>::holding(1_024);
        let lounge = Arc::new(Lounge {
            opening: Instant::now(),
            places: (0..readers).map(|_| Place::new()).collect(),
        });
        for index in 0..readers {
            runtime.spawn(Arc::clone(&lounge).seat(index, log.subscribe()));
        }
        let parking = Self {
            log,
            lounge,
            appended: 0,
            _runtime: runtime,
        };
        parking.wait();
        parking
    }

    /// Appends an event, and waits until every reader had it and waits again.
    ///
    /// # Panics
    ///
    /// When one of them never does.
    pub(super) fn lap(&mut self) -> Lap {
        let before = process_time();
        let start = Instant::now();
        let writer_before = thread_time();
        self.log.append(self.appended);
        let writer = thread_time().saturating_sub(writer_before);
        self.appended += 1;
        self.wait();
        let start = start.saturating_duration_since(self.lounge.opening);
        let since_start = |place: &Place| {
            let woken = Duration::from_nanos(place.woken.load(Ordering::Acquire));
            assert!(woken > start, "{}: a reader slept on", P::NAME);
            woken.saturating_sub(start)
        };
        Lap {
            writer: writer.saturating_sub(clock_cost()),
            all: process_time().saturating_sub(before),
            wakes: self.lounge.places.iter().map(since_start).collect(),
        }
    }

    /// Waits until every reader has read all there is and waits, and the workers sleep.
    fn wait(&self) {
        let start = Instant::now();
        let waits = |place: &Place| place.waits_after.load(Ordering::Acquire) == self.appended;
        while !self.lounge.places.iter().all(waits) {
            assert!(start.elapsed() < GIVE_UP, "{}: a reader is lost", P::NAME);
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(SETTLING);
    }
}

impl Lounge {
    /// Reads whatever comes, and notes when.
    async fn seat<R: Reader>(self: Arc<Self>, index: usize, mut reader: R) {
        let place = &self.places[index];
        for read_so_far in 0.. {
            let outcome = {
                let mut read = pin!(reader.read(1, Tally::default()));
                let noting = poll_fn(|cx| {
                    let polled = read.as_mut().poll(cx);
                    if polled.is_pending() {
                        place.waits_after.store(read_so_far, Ordering::Release);
                    }
                    polled
                });
                noting.await
            };
            let now = self.opening.elapsed();
            if outcome.is_err() {
                return;
            }
            let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
            place.woken.store(nanoseconds, Ordering::Release);
        }
    }
}

impl Place {
    fn new() -> Self {
        Self {
            waits_after: AtomicU64::new(NONE),
            woken: AtomicU64::new(0),
        }
    }
}

/// Returns what it takes to read the clock of a thread twice, of which one part is in a figure.
fn clock_cost() -> Duration {
    let pairs = (0..64).map(|_| {
        let before = thread_time();
        thread_time().saturating_sub(before)
    });
    pairs.min().unwrap_or_default()
}
