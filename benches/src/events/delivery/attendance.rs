use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::events::delivery::channel::{Subscriber, Taken};
use crate::events::delivery::desk::{Desk, Seat};
use crate::events::delivery::losses::Losses;
use crate::events::delivery::tally::Tally;
use crate::harness::clock::Clock;
use crate::harness::shards::Shards;
use crate::harness::under_way::{Guest, UnderWay};

/// How often it is looked whether all subscribers have begun.
const LOOK: Duration = Duration::from_micros(100);

/// All subscribers of one run, and what they got.
#[derive(Debug)]
pub(super) struct Attendance {
    clock: Clock,
    losses: Losses,
    pause: Duration,
    tallies: Shards<Tally>,
    begun: AtomicUsize,
    /// How many events there were, once there will be no more.
    published: AtomicU64,
    under_way: Arc<UnderWay>,
}

impl Attendance {
    pub(super) fn new(clock: Clock, losses: Losses, pause: Duration, threads: usize) -> Self {
        Self {
            clock,
            losses,
            pause,
            tallies: Shards::new(threads),
            begun: AtomicUsize::new(0),
            published: AtomicU64::new(0),
            under_way: Arc::default(),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Counts a subscriber until the guest is dropped.
    pub(super) fn guest(&self) -> Guest {
        Guest::new(&self.under_way)
    }

    /// Returns once so many subscribers have begun.
    pub(super) fn wait_for(&self, subscribers: usize) {
        // Nothing is read that they wrote.
        while self.begun.load(Ordering::Relaxed) < subscribers {
            thread::sleep(LOOK);
        }
    }

    /// Says how many events there were. Called before the writer closes, which is what orders it
    /// before the subscribers' ends.
    pub(super) fn close(&self, published: u64) {
        self.published.store(published, Ordering::Relaxed);
    }

    /// Returns once no subscriber is left.
    ///
    /// # Cancel safety
    ///
    /// Nobody is lost: it can be called again.
    pub(super) async fn all_left(&self) {
        self.under_way.none_left().await;
    }

    /// Returns what all got, once none is left.
    pub(super) fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.tallies.each(|tally| total.add(tally));
        total
    }

    fn desk<'a>(&'a self, seat: &'a mut Seat) -> Desk<'a> {
        Desk::new(self.tallies.own(), seat, self.clock.now_ns())
    }
}

/// Takes events until there are no more.
///
/// # Cancel safety
///
/// A subscriber that is dropped before its end is missing in the total.
pub(super) async fn attend<S: Subscriber>(
    attendance: Arc<Attendance>,
    mut subscriber: S,
    is_slow: bool,
    guest: Guest,
) {
    let mut seat = Seat::new(is_slow, attendance.losses);
    let mut wakes = 0;
    attendance.begun.fetch_add(1, Ordering::Relaxed);
    loop {
        counted(subscriber.ready(), &mut wakes).await;
        let taken = subscriber.take(&mut attendance.desk(&mut seat));
        match taken {
            Taken::Some => {}
            Taken::All if is_slow => tokio::time::sleep(attendance.pause).await,
            Taken::All => {}
            Taken::End => break,
        }
    }
    let published = attendance.published.load(Ordering::Relaxed);
    attendance.desk(&mut seat).end(published, wakes);
    // Last, as whoever counts the tallies waits for it.
    drop((subscriber, guest));
}

/// Waits for something, and counts how many times that put the task to sleep.
async fn counted<F: Future>(future: F, sleeps: &mut u64) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        *sleeps += u64::from(polled.is_pending());
        polled
    })
    .await
}
