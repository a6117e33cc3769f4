use tokio::sync::watch::{self, Receiver, Sender};

use crate::events::delivery::{Desk, Event, Losses, Subscriber, Taken, Writer};
use crate::events::fanout::Fanout;

/// The latest event only.
pub(super) const FANOUT: Fanout = Fanout {
    name: "watch",
    summary: "tokio's watch channel, which keeps the latest event only",
    losses: Losses::Silent,
    measure: |delivery| delivery.measure(|| Latest(watch::channel(Event::default()).0)),
};

struct Latest(Sender<Event>);

struct Reader {
    latest: Receiver<Event>,
    is_closed: bool,
}

impl Writer for Latest {
    type Subscriber = Reader;

    fn subscribe(&mut self) -> Reader {
        Reader {
            latest: self.0.subscribe(),
            is_closed: false,
        }
    }

    fn publish(&mut self, event: Event) {
        self.0.send_replace(event);
    }

    fn close(self) {}
}

impl Subscriber for Reader {
    const BYTES: usize = size_of::<Receiver<Event>>();

    async fn ready(&mut self) {
        self.is_closed = self.latest.changed().await.is_err();
    }

    fn take(&mut self, desk: &mut Desk<'_>) -> Taken {
        if self.is_closed {
            return Taken::End;
        }
        desk.event(&self.latest.borrow_and_update());
        Taken::All
    }
}
