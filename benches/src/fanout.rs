//! The strategies of the follow path, as values of one table: ways to give every event of one writer
//! to every subscriber.
//!
//! A strategy is a name, what it may lose, and a function that builds its writer and hands it to a
//! [`Delivery`]. To add one, write a file beside the others and add its value to [`ALL`].

mod async_broadcast;
mod broadcast;
mod forebay;
mod mpsc;
mod watch;

use std::fmt;

use crate::delivery::{Delivery, Desk, Event, Measured};

/// One way to give every event to every subscriber.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Fanout {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it may lose. A run in which it loses more fails.
    pub losses: Losses,
    /// Builds it and measures it.
    pub measure: fn(&Delivery<'_>) -> Measured,
}

/// What a subscriber who is behind may lose. Nobody may lose the last event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Losses {
    /// Nothing.
    Never,
    /// Events that it is told of, as many as it is told.
    Announced,
    /// Any event that another one follows, without a word.
    Silent,
}

/// The writer's end of a strategy.
pub trait Writer {
    /// The other end.
    type Subscriber: Subscriber;

    /// Makes a subscription to what is published from now on.
    fn subscribe(&mut self) -> Self::Subscriber;

    /// Publishes an event; waits where the strategy makes its writer wait.
    fn publish(&mut self, event: Event);

    /// Says that there will be no more events.
    fn close(self);
}

/// A subscriber's end of a strategy.
pub trait Subscriber: Send + 'static {
    /// What the library's own subscription takes, without what it points to.
    const BYTES: usize;

    /// Waits until there is something to [`take`](Subscriber::take).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    fn ready(&mut self) -> impl Future<Output = ()> + Send;

    /// Puts what there is on the desk, without waiting, and about [`BURST`] events at most.
    fn take(&mut self, desk: &mut Desk<'_>) -> Taken;
}

/// What is left when a subscriber has taken something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a subscriber's loop handles each in its own way"
)]
pub enum Taken {
    /// There may be more.
    Some,
    /// There was no more.
    All,
    /// There will never be more.
    End,
}

/// How many events are taken at a time: few enough that one clock reading serves them all.
pub const BURST: usize = 64;

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fanout").field(&self.name).finish()
    }
}

/// Every strategy, in the order in which reports show them.
pub const ALL: &[Fanout] = &[
    forebay::SINGLY,
    forebay::SLICES,
    forebay::BOUNDED,
    broadcast::FANOUT,
    mpsc::FANOUT,
    watch::FANOUT,
    async_broadcast::WAITING,
    async_broadcast::OVERFLOWING,
];

/// Returns the strategy of this name.
///
/// # Examples
///
/// ```
/// use forebay_bench::fanout;
///
/// assert_eq!(fanout::find("mpsc").map(|found| found.name), Some("mpsc"));
/// assert!(fanout::find("luck").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<Fanout> {
    ALL.iter().copied().find(|fanout| fanout.name == name)
}

/// Takes events one by one until there are enough: what every strategy does whose subscribers get one
/// at a time.
fn one_by_one(desk: &mut Desk<'_>, mut next: impl FnMut(&mut Desk<'_>) -> Option<Taken>) -> Taken {
    for _ in 0..BURST {
        if let Some(taken) = next(desk) {
            return taken;
        }
    }
    Taken::Some
}
