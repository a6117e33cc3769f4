use async_broadcast::{
    InactiveReceiver, Receiver, RecvError, Sender, TryRecvError, TrySendError, broadcast,
};

use crate::events::delivery::{Desk, Event, Losses, Subscriber, Taken, Writer, one_by_one};
use crate::events::fanout::Fanout;

/// A ring whose writer waits for the slowest.
pub(super) const WAITING: Fanout = Fanout {
    name: "async-broadcast",
    summary: "async-broadcast, of --capacity events, whose writer waits for the slowest subscriber",
    losses: Losses::Never,
    measure: |delivery| delivery.measure(|| Ring::new(delivery.capacity(), false)),
};

/// A ring that overwrites what the slowest have not seen.
pub(super) const OVERFLOWING: Fanout = Fanout {
    name: "async-overflow",
    summary: "async-broadcast, of --capacity events, which drops the oldest",
    losses: Losses::Announced,
    measure: |delivery| delivery.measure(|| Ring::new(delivery.capacity(), true)),
};

struct Ring {
    sender: Sender<Event>,
    /// Without any receiver, the channel would be closed.
    receiver: InactiveReceiver<Event>,
}

impl Ring {
    fn new(capacity: usize, overflow: bool) -> Self {
        let (mut sender, receiver) = broadcast(capacity);
        sender.set_overflow(overflow);
        sender.set_await_active(false);
        Self {
            sender,
            receiver: receiver.deactivate(),
        }
    }
}

struct Reader {
    events: Receiver<Event>,
    /// What was there when it was waited for.
    first: Option<Result<Event, RecvError>>,
}

impl Writer for Ring {
    type Subscriber = Reader;

    fn subscribe(&mut self) -> Reader {
        Reader {
            events: self.receiver.activate_cloned(),
            first: None,
        }
    }

    fn publish(&mut self, event: Event) {
        if let Err(TrySendError::Full(event)) = self.sender.try_broadcast(event) {
            let _ = self.sender.broadcast_blocking(event);
        }
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
                Err(TryRecvError::Overflowed(missed)) => desk.missed(missed),
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
        RecvError::Overflowed(missed) => TryRecvError::Overflowed(missed),
        RecvError::Closed => TryRecvError::Closed,
    }
}
