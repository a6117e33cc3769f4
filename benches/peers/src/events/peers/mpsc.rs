//! A channel of tokio's for each reader, into which the writer copies every event.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct TokioMpsc;

impl Peer for TokioMpsc {
    const NAME: &'static str = "n × tokio mpsc";
    const SETTINGS: &'static str = "1.54.1, unbounded, one for each reader";
    const KIND: Kind = Kind::Library;
    const COPIES: bool = true;

    type Log<T: Payload> = Channels<T>;
}

/// The sending halves.
#[derive(Debug)]
pub struct Channels<T>(Vec<UnboundedSender<T>>);

impl<T: Payload> Log<T> for Channels<T> {
    type Reader = UnboundedReceiver<T>;

    fn holding(_events: usize) -> Self {
        Self(Vec::new())
    }

    fn append(&mut self, event: T) {
        // Who has left is forgotten.
        self.0.retain(|sender| sender.send(event.clone()).is_ok());
    }

    fn subscribe(&mut self) -> UnboundedReceiver<T> {
        let (sender, receiver) = unbounded_channel();
        self.0.push(sender);
        receiver
    }
}

impl<T: Payload> Reader for UnboundedReceiver<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            let event = self.recv().await.ok_or(Stop::Ended)?;
            sight.see(event.number());
        }
        Ok(sight)
    }
}
