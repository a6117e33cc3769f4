use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::events::delivery::{Desk, Event, Losses, Subscriber, Taken, Writer, one_by_one};
use crate::events::fanout::Fanout;

/// A queue of one's own for everybody.
pub(super) const FANOUT: Fanout = Fanout {
    name: "mpsc",
    summary: "one unbounded tokio mpsc channel for each subscriber",
    losses: Losses::Never,
    measure: |delivery| delivery.measure(|| Queues(Vec::with_capacity(delivery.subscribers()))),
};

struct Queues(Vec<UnboundedSender<Event>>);

struct Reader {
    events: UnboundedReceiver<Event>,
    /// What was there when it was waited for.
    first: Option<Option<Event>>,
}

impl Writer for Queues {
    type Subscriber = Reader;

    fn subscribe(&mut self) -> Reader {
        let (sender, events) = mpsc::unbounded_channel();
        self.0.push(sender);
        Reader {
            events,
            first: None,
        }
    }

    fn publish(&mut self, event: Event) {
        for queue in &self.0 {
            // It fails if the subscriber is gone, which is fine.
            let _ = queue.send(event.clone());
        }
    }

    fn close(self) {}
}

impl Subscriber for Reader {
    const BYTES: usize = size_of::<UnboundedReceiver<Event>>();

    async fn ready(&mut self) {
        self.first = Some(self.events.recv().await);
    }

    fn take(&mut self, desk: &mut Desk<'_>) -> Taken {
        one_by_one(desk, |desk| {
            let next = match self.first.take() {
                Some(first) => first.ok_or(TryRecvError::Disconnected),
                None => self.events.try_recv(),
            };
            match next {
                Ok(event) => desk.event(&event),
                Err(TryRecvError::Empty) => return Some(Taken::All),
                Err(TryRecvError::Disconnected) => return Some(Taken::End),
            }
            None
        })
    }
}
