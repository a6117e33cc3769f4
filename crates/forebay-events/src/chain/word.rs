use std::sync::atomic::Ordering;

use forebay_rt::sync::AtomicU64;

/// Somebody waits for the next event.
const WAITING: u64 = 1;
/// The chain has ended.
const FINISHED: u64 = 1 << 1;
/// Woken readers were handed to the pump, which has not taken them yet.
const HANDED: u64 = 1 << 2;
/// Another chain goes on in this one.
const CONTINUES: u64 = 1 << 3;
const FLAGS: u32 = 4;

/// How many events of a chain are published, and what the writer must look after: the one word that
/// readers and the writer agree on.
pub(crate) struct Word(AtomicU64);

/// What the word was at one moment.
#[derive(Clone, Copy)]
pub(crate) struct State(u64);

impl Word {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    pub(crate) fn load(&self) -> State {
        // Acquire pairs with the Release of `publish` and `finish`: whoever sees an event counted
        // sees the event, the segments that lead to it, and how the chain ended.
        State(self.0.load(Ordering::Acquire))
    }

    /// Publishes `count` more events.
    #[inline]
    pub(crate) fn publish(&self, count: u64) -> State {
        // Release pairs with `load`. A reader that sets `WAITING` before this is seen here; one that
        // sets it later sees the events, as both change the same word.
        State(self.0.fetch_add(count << FLAGS, Ordering::Release))
    }

    /// Another chain is about to go on in this one.
    pub(crate) fn continues(&self) {
        // Relaxed: it is read under the lock under which it is set.
        self.0.fetch_or(CONTINUES, Ordering::Relaxed);
    }

    /// Ends the chain; returns what the word was.
    pub(crate) fn finish(&self) -> State {
        // Release: as in `publish`, for the end.
        State(self.0.fetch_or(FINISHED, Ordering::Release))
    }

    /// Asks to be woken. The caller holds the lock of those who wait.
    pub(crate) fn wait(&self) -> State {
        // Relaxed: whoever learns here that there is more goes back to `load`, which by then returns
        // nothing older.
        State(self.0.fetch_or(WAITING, Ordering::Relaxed))
    }

    /// Nobody waits any more. The caller holds the lock of those who wait and has taken them all.
    pub(crate) fn woken(&self) {
        // Relaxed: whoever waits next takes the lock first.
        self.0.fetch_and(!WAITING, Ordering::Relaxed);
    }

    /// Those who wait were handed to the pump. The caller holds the lock of those who wait.
    pub(crate) fn handed(&self) {
        // Relaxed: only the writer looks at it, which has set it, and the rest is under the lock.
        self.0.fetch_or(HANDED, Ordering::Relaxed);
    }

    /// Everybody who was handed over was taken. The caller holds the lock of those who wait.
    pub(crate) fn taken(&self) {
        // Relaxed: a writer that still sees the flag takes the lock and finds nobody.
        self.0.fetch_and(!HANDED, Ordering::Relaxed);
    }
}

impl State {
    /// How many events were published.
    #[inline]
    pub(crate) const fn published(self) -> u64 {
        self.0 >> FLAGS
    }

    #[inline]
    pub(crate) const fn is_finished(self) -> bool {
        self.0 & FINISHED != 0
    }

    /// Whether another chain goes on in this one.
    pub(crate) const fn is_continued(self) -> bool {
        self.0 & CONTINUES != 0
    }

    /// Whether somebody is to be woken.
    #[inline]
    pub(crate) const fn is_awaited(self) -> bool {
        self.0 & (WAITING | HANDED) != 0
    }
}
