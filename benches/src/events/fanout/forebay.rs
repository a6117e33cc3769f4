use std::future::poll_fn;

use forebay_events::{Publisher, RecvError, Retention, Source, Subscription};

use crate::events::delivery::{
    Delivery, Desk, Event, Losses, Subscriber, Taken, Writer, one_by_one,
};
use crate::events::fanout::Fanout;

/// Our log, which keeps what somebody has not read, one event at a time.
pub(super) const SINGLY: Fanout = Fanout {
    name: "forebay",
    summary: "forebay's log, which keeps what some subscriber has not read",
    losses: Losses::Never,
    measure: |delivery| delivery.measure(|| Log::<false>::new(delivery, Retention::READERS)),
};

/// The same, many events at a time.
pub(super) const SLICES: Fanout = Fanout {
    name: "forebay-slices",
    summary: "the same, whose subscribers take all events that lie side by side at once",
    losses: Losses::Never,
    measure: |delivery| delivery.measure(|| Log::<true>::new(delivery, Retention::READERS)),
};

/// Our log with a bound for those who are behind.
pub(super) const BOUNDED: Fanout = Fanout {
    name: "forebay-bounded",
    summary: "forebay's log, which keeps about --capacity events for subscribers who are behind",
    losses: Losses::Announced,
    measure: |delivery| {
        let retention = Retention::readers_up_to(delivery.capacity());
        delivery.measure(|| Log::<false>::new(delivery, retention))
    },
};

struct Log<const IN_SLICES: bool> {
    publisher: Publisher<Event>,
    source: Source<Event>,
}

struct Reader<const IN_SLICES: bool>(Subscription<Event>);

impl<const IN_SLICES: bool> Log<IN_SLICES> {
    fn new(delivery: &Delivery<'_>, retention: Retention) -> Self {
        // Where the log's own task is to run.
        let _inside = delivery.runtime().enter();
        let built = Publisher::builder().retention(retention).build();
        let publisher = built.expect("every bound is allowed");
        Self {
            source: publisher.source(),
            publisher,
        }
    }
}

impl<const IN_SLICES: bool> Writer for Log<IN_SLICES> {
    type Subscriber = Reader<IN_SLICES>;

    fn subscribe(&mut self) -> Reader<IN_SLICES> {
        Reader(self.source.subscribe())
    }

    fn publish(&mut self, event: Event) {
        // There are always sequences left. What was lost with one would be missed by everybody.
        let _ = self.publisher.push(event);
    }

    fn close(self) {
        self.publisher.close();
    }
}

impl<const IN_SLICES: bool> Subscriber for Reader<IN_SLICES> {
    const BYTES: usize = size_of::<Subscription<Event>>();

    async fn ready(&mut self) {
        // An error is found again by whoever takes.
        let _ = poll_fn(|cx| self.0.poll_ready(cx)).await;
    }

    fn take(&mut self, desk: &mut Desk<'_>) -> Taken {
        if IN_SLICES {
            return match self.0.try_next_slice() {
                Ok(Some(events)) => {
                    events.iter().for_each(|event| desk.event(&event));
                    Taken::Some
                }
                Ok(None) => Taken::All,
                Err(end) => self.ended(end, desk).unwrap_or(Taken::Some),
            };
        }
        one_by_one(desk, |desk| {
            match self.0.try_next() {
                Ok(Some(event)) => desk.event(&event),
                Ok(None) => return Some(Taken::All),
                Err(end) => return self.ended(end, desk),
            }
            None
        })
    }
}

impl<const IN_SLICES: bool> Reader<IN_SLICES> {
    /// Goes on after a gap; returns the end where there is nothing to go on with.
    fn ended(
        &mut self,
        end: RecvError<std::convert::Infallible>,
        desk: &mut Desk<'_>,
    ) -> Option<Taken> {
        match end {
            RecvError::Lagged { .. } => {
                desk.missed(self.0.skip_to_oldest());
                None
            }
            _ => Some(Taken::End),
        }
    }
}
