//! forebay, event by event and in slices, with its pump and without.

use forebay_events::{Publisher, RecvError, Retention, Subscription};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;
use crate::failure::Failure;

/// The row in which forebay reads slices.
pub const SLICES: &str = "forebay, slices";

/// The row without a pump.
pub const INLINE: &str = "forebay, inline";

/// How many events readers may keep where that is bounded.
pub const LIMIT: usize = 1_024;

/// forebay with its defaults, read with `next`.
#[derive(Debug)]
pub struct Forebay;

/// The same, read with `next_slice`.
#[derive(Debug)]
pub struct ForebaySlices;

/// Its writer wakes everybody itself.
#[derive(Debug)]
pub struct ForebayInline;

/// Readers that are too far behind are cut off.
#[derive(Debug)]
pub struct ForebayBounded;

impl Peer for Forebay {
    const NAME: &'static str = "forebay";
    const SETTINGS: &'static str = "defaults, next";
    const KIND: Kind = Kind::Ours;
    const APPENDS_MANY: bool = true;
    const CLOSES: bool = true;
    const FAILS: bool = true;

    type Log<T: Payload> = Publisher<T, Failure>;
}

impl Peer for ForebaySlices {
    const NAME: &'static str = SLICES;
    const SETTINGS: &'static str = "defaults, next_slice";
    const KIND: Kind = Kind::OursVariant;
    const APPENDS_MANY: bool = true;
    const CLOSES: bool = true;
    const FAILS: bool = true;

    type Log<T: Payload> = Sliced<T>;
}

impl Peer for ForebayInline {
    const NAME: &'static str = INLINE;
    const SETTINGS: &'static str = "no pump, next";
    const KIND: Kind = Kind::OursVariant;
    const APPENDS_MANY: bool = true;
    const CLOSES: bool = true;
    const FAILS: bool = true;

    type Log<T: Payload> = Inline<T>;
}

impl Peer for ForebayBounded {
    const NAME: &'static str = "forebay";
    const SETTINGS: &'static str = "for readers up to 1,024 behind";
    const KIND: Kind = Kind::Ours;
    const APPENDS_MANY: bool = true;
    const CLOSES: bool = true;
    const FAILS: bool = true;

    type Log<T: Payload> = Bounded<T>;
}

/// A log whose readers read slices.
#[derive(Debug)]
pub struct Sliced<T: Payload>(Publisher<T, Failure>);

/// A reader of slices.
#[derive(Debug)]
pub struct Slices<T>(Subscription<T, Failure>);

/// A log that keeps a bounded number of events for readers.
#[derive(Debug)]
pub struct Bounded<T: Payload>(Publisher<T, Failure>);

/// A log without a pump.
#[derive(Debug)]
pub struct Inline<T: Payload>(Publisher<T, Failure>);

impl<T: Payload> Log<T> for Publisher<T, Failure> {
    type Reader = Subscription<T, Failure>;

    fn holding(_events: usize) -> Self {
        Self::new()
    }

    fn append(&mut self, event: T) {
        let appended = self.push(event);
        assert!(appended.is_ok(), "sequences last for longer than that");
    }

    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        let sequence = self.head().next().unwrap_or_default();
        let appended = Self::append_all(self, sequence, events);
        assert!(appended.is_ok(), "sequences last for longer than that");
    }

    fn subscribe(&mut self) -> Self::Reader {
        self.source().subscribe()
    }

    fn close(self) {
        Self::close(self);
    }

    fn fail(self) {
        Self::fail(self, Failure);
    }
}

impl<T: Payload> Log<T> for Sliced<T> {
    type Reader = Slices<T>;

    fn holding(events: usize) -> Self {
        Self(Log::holding(events))
    }

    fn append(&mut self, event: T) {
        Log::append(&mut self.0, event);
    }

    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        Log::append_all(&mut self.0, events);
    }

    fn subscribe(&mut self) -> Slices<T> {
        Slices(Log::subscribe(&mut self.0))
    }

    fn close(self) {
        self.0.close();
    }

    fn fail(self) {
        Log::fail(self.0);
    }
}

impl<T: Payload> Log<T> for Inline<T> {
    type Reader = Subscription<T, Failure>;

    fn holding(_events: usize) -> Self {
        let publisher = Publisher::builder().inline().build();
        Self(publisher.expect("nothing is wrong with the settings"))
    }

    fn append(&mut self, event: T) {
        Log::append(&mut self.0, event);
    }

    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        Log::append_all(&mut self.0, events);
    }

    fn subscribe(&mut self) -> Self::Reader {
        Log::subscribe(&mut self.0)
    }

    fn close(self) {
        self.0.close();
    }

    fn fail(self) {
        Log::fail(self.0);
    }
}

impl<T: Payload> Log<T> for Bounded<T> {
    type Reader = Subscription<T, Failure>;

    fn holding(_events: usize) -> Self {
        let publisher = Publisher::builder().retention(Retention::readers_up_to(LIMIT));
        Self(
            publisher
                .build()
                .expect("nothing is wrong with the settings"),
        )
    }

    fn append(&mut self, event: T) {
        Log::append(&mut self.0, event);
    }

    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        Log::append_all(&mut self.0, events);
    }

    fn subscribe(&mut self) -> Self::Reader {
        Log::subscribe(&mut self.0)
    }

    fn close(self) {
        self.0.close();
    }

    fn fail(self) {
        Log::fail(self.0);
    }
}

impl<T: Payload> Reader for Subscription<T, Failure> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            let entry = self.next().await.map_err(stop)?;
            sight.see(entry.event().number());
        }
        Ok(sight)
    }
}

impl<T: Payload> Reader for Slices<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        let mut seen = 0;
        while seen < count {
            let events = self.0.next_slice().await.map_err(stop)?.events();
            events.iter().for_each(|event| sight.see(event.number()));
            seen += events.len() as u64;
        }
        Ok(sight)
    }
}

fn stop(error: RecvError<Failure>) -> Stop {
    match error {
        RecvError::Closed => Stop::Closed,
        RecvError::PublisherLost => Stop::WriterLost,
        RecvError::Failed(Failure) => Stop::Failed,
        RecvError::Lagged { missed } => Stop::Lagged(missed),
        _ => Stop::Other,
    }
}
