//! `broadcast` of tokio: a ring with a lock for each slot; who falls behind by more than the ring
//! holds is told how much it has lost.

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The row of it, which the others are compared with.
pub const NAME: &str = "tokio broadcast";

/// The peer.
#[derive(Debug)]
pub struct TokioBroadcast;

impl Peer for TokioBroadcast {
    const NAME: &'static str = NAME;
    const SETTINGS: &'static str = "1.54.1, ring that holds the backlog";
    const KIND: Kind = Kind::Library;

    type Log<T: Payload> = Sender<T>;
}

impl<T: Payload> Log<T> for Sender<T> {
    type Reader = Receiver<T>;

    fn holding(events: usize) -> Self {
        channel(events).0
    }

    fn append(&mut self, event: T) {
        // Without readers there is nobody to miss it.
        let _ = self.send(event);
    }

    fn subscribe(&mut self) -> Receiver<T> {
        Self::subscribe(self)
    }
}

impl<T: Payload> Reader for Receiver<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            match self.recv().await {
                Ok(event) => sight.see(event.number()),
                Err(RecvError::Lagged(missed)) => return Err(Stop::Lagged(missed)),
                Err(RecvError::Closed) => return Err(Stop::Ended),
            }
        }
        Ok(sight)
    }
}
