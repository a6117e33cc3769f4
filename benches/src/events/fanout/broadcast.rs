use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::events::delivery::{Desk, Event, Losses, Subscriber, Taken, Writer, one_by_one};
use crate::events::fanout::Fanout;

/// Tokio's ring, from which everybody clones.
pub(super) const FANOUT: Fanout = Fanout {
    name: "broadcast",
    summary: "tokio's broadcast channel, of --capacity events",
    losses: Losses::Announced,
    measure: |delivery| delivery.measure(|| Ring(broadcast::channel(delivery.capacity()).0)),
};

struct Ring(Sender<Event>);

struct Reader {
    events: Receiver<Event>,
    /// What was there when it was waited for.
    first: Option<Result<Event, RecvError>>,
}

impl Writer for Ring {
    type Subscriber = Reader;

    fn subscribe(&mut self) -> Reader {
        Reader {
            events: self.0.subscribe(),
            first: None,
        }
    }

    fn publish(&mut self, event: Event) {
        // It fails if nobody listens, which is fine.
        let _ = self.0.send(event);
    }

    fn close(self) {}
}

impl Subscriber for Reader {
    const BYTES: usize = size_of::<Receiver<Event>>();

    async fn ready(&mut self) {
        self.first = Some(self.events.recv().await);
    }

    fn take(&mut self, desk: &mut Desk<'_>) -> Taken {
        one_by_one(desk, |desk| {
            let next = match self.first.take() {
                Some(first) => first.map_err(as_tried),
                None => self.events.try_recv(),
            };
            match next {
                Ok(event) => desk.event(&event),
                Err(TryRecvError::Lagged(missed)) => desk.missed(missed),
                Err(TryRecvError::Empty) => return Some(Taken::All),
                Err(TryRecvError::Closed) => return Some(Taken::End),
            }
            None
        })
    }
}

/// Returns what a receiver says that waited as one says it that did not.
fn as_tried(error: RecvError) -> TryRecvError {
    match error {
        RecvError::Lagged(missed) => TryRecvError::Lagged(missed),
        RecvError::Closed => TryRecvError::Closed,
    }
}
