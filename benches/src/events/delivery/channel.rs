use crate::events::delivery::desk::Desk;
use crate::events::delivery::event::Event;

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

/// How many events are taken at a time: few enough that one look at the clock serves them all.
pub const BURST: usize = 64;

/// Takes events one by one until there are enough: what every strategy does whose subscribers get one
/// at a time.
pub(crate) fn one_by_one(
    desk: &mut Desk<'_>,
    mut next: impl FnMut(&mut Desk<'_>) -> Option<Taken>,
) -> Taken {
    for _ in 0..BURST {
        if let Some(taken) = next(desk) {
            return taken;
        }
    }
    Taken::Some
}
