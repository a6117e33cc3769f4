//! The least that waking all readers of a log takes: one `AtomicWaker` for each of them and a
//! counter, and no events.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The row of the floor.
pub const NAME: &str = "floor: AtomicWaker";

/// The floor.
#[derive(Debug)]
pub struct Wakers;

impl Peer for Wakers {
    const NAME: &'static str = NAME;
    const SETTINGS: &'static str = "one for each reader, a counter, no events";
    const KIND: Kind = Kind::Floor;
    const CARRIES: bool = false;

    type Log<T: Payload> = Bells;
}

/// The writer's side.
#[derive(Debug, Default)]
pub struct Bells {
    shared: Arc<Shared>,
    readers: Vec<Arc<AtomicWaker>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Twice the number of events, and one once the log has ended.
    published: AtomicU64,
}

/// A reader that makes the numbers up that it was not sent.
#[derive(Debug)]
pub struct Counter {
    shared: Arc<Shared>,
    own: Arc<AtomicWaker>,
    read: u64,
}

impl Bells {
    fn publish(&self, more: u64) {
        self.shared.published.fetch_add(more, Ordering::Release);
        self.readers.iter().for_each(|reader| reader.wake());
    }
}

impl Drop for Bells {
    fn drop(&mut self) {
        self.publish(1);
    }
}

impl<T: Payload> Log<T> for Bells {
    type Reader = Counter;

    fn holding(_events: usize) -> Self {
        Self::default()
    }

    fn append(&mut self, _event: T) {
        self.publish(2);
    }

    fn subscribe(&mut self) -> Counter {
        let own = Arc::new(AtomicWaker::new());
        self.readers.push(Arc::clone(&own));
        Counter {
            own,
            read: self.shared.published.load(Ordering::Acquire) / 2,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Counter {
    fn advance<S: Sight>(&mut self, sight: &mut S) -> Option<Result<(), Stop>> {
        let published = self.shared.published.load(Ordering::Acquire);
        if self.read < published / 2 {
            sight.see(self.read);
            self.read += 1;
            return Some(Ok(()));
        }
        (published % 2 == 1).then_some(Err(Stop::Ended))
    }

    fn poll<S: Sight>(&mut self, cx: &Context<'_>, sight: &mut S) -> Poll<Result<(), Stop>> {
        if let Some(outcome) = self.advance(sight) {
            return Poll::Ready(outcome);
        }
        self.own.register(cx.waker());
        self.advance(sight).map_or(Poll::Pending, Poll::Ready)
    }
}

impl Reader for Counter {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            poll_fn(|cx| self.poll(cx, &mut sight)).await?;
        }
        Ok(sight)
    }
}
