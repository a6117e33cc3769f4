//! The single-writer queue of chute: blocks of plain slots that readers look into. Nobody can wait.

use chute::LendingReader;
use chute::spmc::{Queue, Reader as QueueReader};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct Chute;

impl Peer for Chute {
    const NAME: &'static str = "chute 0.2.1";
    const SETTINGS: &'static str = "spmc; readers cannot wait";
    const KIND: Kind = Kind::Library;
    const PARKS: bool = false;

    type Log<T: Payload> = Blocks<T>;
}

/// The queue.
pub struct Blocks<T>(Queue<T>);

impl<T> std::fmt::Debug for Blocks<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").finish_non_exhaustive()
    }
}

/// A place in the queue.
pub struct Place<T>(QueueReader<T>);

impl<T> std::fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

impl<T: Payload> Log<T> for Blocks<T> {
    type Reader = Place<T>;

    fn holding(_events: usize) -> Self {
        Self(Queue::new())
    }

    fn append(&mut self, event: T) {
        self.0.push(event);
    }

    fn subscribe(&mut self) -> Place<T> {
        Place(self.0.reader())
    }
}

impl<T: Payload> Reader for Place<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            let event = self.0.next().ok_or(Stop::Other)?;
            sight.see(event.number());
        }
        Ok(sight)
    }
}
