//! The unbounded broadcast channel of asyncband: a backlog behind one lock, kept for as long as
//! somebody still has to read it.

use asyncband::broadcast::mpmc::{UnboundedReceiver, UnboundedSender, unbounded};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct Asyncband;

impl Peer for Asyncband {
    const NAME: &'static str = "asyncband 0.7.4";
    const SETTINGS: &'static str = "unbounded";
    const KIND: Kind = Kind::Library;

    type Log<T: Payload> = UnboundedSender<T>;
}

impl<T: Payload> Log<T> for UnboundedSender<T> {
    type Reader = UnboundedReceiver<T>;

    fn holding(_events: usize) -> Self {
        unbounded().0
    }

    fn append(&mut self, event: T) {
        self.send(event);
    }

    fn subscribe(&mut self) -> UnboundedReceiver<T> {
        Self::subscribe(self)
    }
}

impl<T: Payload> Reader for UnboundedReceiver<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            let event = self.recv().await.map_err(|_| Stop::Ended)?;
            sight.see(event.number());
        }
        Ok(sight)
    }
}
