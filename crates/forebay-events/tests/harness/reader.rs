//! A subscriber that a test polls by hand.

use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_events::{Publisher, RecvError, Subscription};

use crate::wakers::Wakes;

pub(crate) type Error = &'static str;
pub(crate) type Log = Publisher<u64, Error>;
pub(crate) type End = RecvError<Error>;

/// One event as a reader gets it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) sequence: u64,
    pub(crate) event: u64,
    pub(crate) is_last: bool,
}

pub(crate) struct Reader {
    pub(crate) subscription: Subscription<u64, Error>,
    pub(crate) wakes: Arc<Wakes>,
    /// How many wakes there had been when it was last polled.
    seen: usize,
}

impl Reader {
    pub(crate) fn new(subscription: Subscription<u64, Error>) -> Self {
        Self {
            subscription,
            wakes: Arc::default(),
            seen: 0,
        }
    }

    /// Subscribes to what `log` will publish from now on.
    pub(crate) fn of(log: &Log) -> Self {
        Self::new(log.source().subscribe())
    }

    /// Subscribes to what `log` will publish, and waits for it.
    #[track_caller]
    pub(crate) fn waiting(log: &Log) -> Self {
        let mut reader = Self::of(log);
        reader.waits();
        reader
    }

    pub(crate) fn poll(&mut self) -> Poll<Result<Seen, End>> {
        let waker = self.wakes.waker();
        let mut cx = Context::from_waker(&waker);
        self.seen = self.wakes.count();
        loop {
            match self.subscription.poll_ready(&mut cx) {
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(end)) => return Poll::Ready(Err(end)),
                // It only lets others have their turn.
                Poll::Pending if self.is_woken() => self.seen = self.wakes.count(),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(
            self.try_next()
                .map(|seen| seen.expect("it said it is ready")),
        )
    }

    pub(crate) fn try_next(&mut self) -> Result<Option<Seen>, End> {
        let entry = self.subscription.try_next()?;
        Ok(entry.map(|entry| Seen {
            sequence: entry.sequence().get(),
            event: *entry.event(),
            is_last: entry.is_last(),
        }))
    }

    /// Returns whether it was woken since it was last polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.wakes.count() > self.seen
    }

    /// Polls it, which must leave it waiting.
    #[track_caller]
    pub(crate) fn waits(&mut self) {
        assert_eq!(self.poll(), Poll::Pending);
    }

    /// Takes the event that is there.
    #[track_caller]
    pub(crate) fn event(&mut self) -> Seen {
        match self.poll() {
            Poll::Ready(Ok(seen)) => seen,
            other => panic!("{other:?} instead of an event"),
        }
    }

    /// Takes the events that are there, with their sequences, and leaves it where it would wait or
    /// where it has ended.
    #[track_caller]
    pub(crate) fn all(&mut self) -> Vec<(u64, u64)> {
        let mut all = Vec::new();
        while let Ok(Some(seen)) = self.try_next() {
            all.push((seen.sequence, seen.event));
        }
        all
    }

    /// As `all`, without the sequences.
    #[track_caller]
    pub(crate) fn events(&mut self) -> Vec<u64> {
        self.all().into_iter().map(|(_, event)| event).collect()
    }

    /// Polls it a few times, which must say the same end each time.
    #[track_caller]
    pub(crate) fn end(&mut self) -> End {
        let Poll::Ready(Err(end)) = self.poll() else {
            panic!("it goes on");
        };
        assert_eq!(self.poll(), Poll::Ready(Err(end.clone())));
        assert_eq!(self.try_next(), Err(end.clone()));
        end
    }
}

/// Appends the events, each with a sequence of its own, the event's own number.
pub(crate) fn append_each(log: &mut Log, events: impl IntoIterator<Item = u64>) {
    for event in events {
        log.append(event, event).expect("the numbers rise");
    }
}
