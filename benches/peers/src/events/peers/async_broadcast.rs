//! async-broadcast: a ring behind one lock; it overwrites what not everybody has read, or makes the
//! writer wait. An inactive receiver keeps it open while nobody reads.

use async_broadcast::{InactiveReceiver, Receiver, RecvError, Sender, broadcast};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct AsyncBroadcast;

impl Peer for AsyncBroadcast {
    const NAME: &'static str = "async-broadcast 0.7.2";
    const SETTINGS: &'static str = "ring that holds the backlog, overwriting";
    const KIND: Kind = Kind::Library;
    const CLOSES: bool = true;

    type Log<T: Payload> = Ring<T>;
}

/// Its two halves that stay with the writer.
#[derive(Debug)]
pub struct Ring<T> {
    sender: Sender<T>,
    receivers: InactiveReceiver<T>,
}

impl<T: Payload> Log<T> for Ring<T> {
    type Reader = Receiver<T>;

    fn holding(events: usize) -> Self {
        let (mut sender, receiver) = broadcast(events);
        sender.set_overflow(true);
        sender.set_await_active(false);
        Self {
            sender,
            receivers: receiver.deactivate(),
        }
    }

    fn append(&mut self, event: T) {
        // Without readers there is nobody to miss it.
        let _ = self.sender.try_broadcast(event);
    }

    fn subscribe(&mut self) -> Receiver<T> {
        self.receivers.activate_cloned()
    }

    fn close(self) {
        self.sender.close();
    }
}

impl<T: Payload> Reader for Receiver<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            match self.recv_direct().await {
                Ok(event) => sight.see(event.number()),
                Err(RecvError::Overflowed(missed)) => return Err(Stop::Lagged(missed)),
                Err(RecvError::Closed) => return Err(Stop::Ended),
            }
        }
        Ok(sight)
    }
}
