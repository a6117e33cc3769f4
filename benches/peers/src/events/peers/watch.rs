//! `watch` of tokio: the newest value alone.

use tokio::sync::watch::{Receiver, Sender, channel};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct TokioWatch;

impl Peer for TokioWatch {
    const NAME: &'static str = "tokio watch";
    const SETTINGS: &'static str = "1.54.1, the newest value alone";
    const KIND: Kind = Kind::Library;
    const KEEPS: bool = false;

    type Log<T: Payload> = Sender<T>;
}

impl<T: Payload> Log<T> for Sender<T> {
    type Reader = Receiver<T>;

    fn holding(_events: usize) -> Self {
        channel(T::numbered(0)).0
    }

    fn append(&mut self, event: T) {
        self.send_replace(event);
    }

    fn subscribe(&mut self) -> Receiver<T> {
        Self::subscribe(self)
    }
}

impl<T: Payload> Reader for Receiver<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            self.changed().await.map_err(|_| Stop::Ended)?;
            sight.see(self.borrow_and_update().number());
        }
        Ok(sight)
    }
}
