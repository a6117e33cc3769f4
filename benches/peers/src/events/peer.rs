//! What a library must offer to be compared: a trait for its settings, one for its log and one for
//! those who read it.

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::sight::Sight;

/// A library in one setting, or a floor, that stands in the tables.
pub trait Peer: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// How it is set.
    const SETTINGS: &'static str;

    /// What it is, which decides what it is compared with.
    const KIND: Kind;

    /// Whether a reader can wait for an event without spinning.
    const PARKS: bool = true;

    /// Whether a reader that is behind gets every event, as long as the log holds them.
    const KEEPS: bool = true;

    /// Whether it carries events at all, rather than their number only.
    const CARRIES: bool = true;

    /// Whether an append copies the event for each reader.
    const COPIES: bool = false;

    /// Whether it takes many events in one call.
    const APPENDS_MANY: bool = false;

    /// Whether there is a way to end the log on purpose other than dropping its writer.
    const CLOSES: bool = false;

    /// Whether the log can end with an error that its readers get.
    const FAILS: bool = false;

    /// Its log.
    type Log<T: Payload>: Log<T>;
}

/// The writer's side. There is one writer.
pub trait Log<T: Payload>: Send + Sized + 'static {
    /// Who reads it.
    type Reader: Reader;

    /// Returns an empty log. One with a bound holds at least this many events; a runtime that is
    /// entered may be used for what happens in the background.
    fn holding(events: usize) -> Self;

    /// Appends an event.
    fn append(&mut self, event: T);

    /// Appends many events in one call, where the library has one.
    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        events.for_each(|event| self.append(event));
    }

    /// Returns a reader of all events from now on.
    fn subscribe(&mut self) -> Self::Reader;

    /// Ends the log on purpose.
    fn close(self) {
        drop(self);
    }

    /// Ends the log with an error.
    fn fail(self) {
        drop(self);
    }
}

/// Someone who follows the log at a pace of their own.
pub trait Reader: Send + 'static {
    /// Reads this many events, waiting for each that is not there yet, and shows them to `sight`,
    /// which it gives back; where one call of the library's gives several events, they may be more.
    ///
    /// The loop is in here, so that no more stands between two calls of the library's than in a
    /// program.
    fn read<S: Sight>(
        &mut self,
        count: u64,
        sight: S,
    ) -> impl Future<Output = Result<S, Stop>> + Send;
}

/// Who reads the log of a peer.
pub type ReaderOf<P, T> = <<P as Peer>::Log<T> as Log<T>>::Reader;

/// Why there is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The log was ended on purpose.
    Closed,
    /// The log has ended, by whatever way.
    Ended,
    /// The writer was lost.
    WriterLost,
    /// The log ended with an error.
    Failed,
    /// So many events were lost.
    Lagged(u64),
    /// This was closed by somebody else, or something that no question provokes.
    Other,
}
