use std::sync::atomic::{AtomicU8, Ordering};

use crate::hub::writer::Writer;
use crate::{Publisher, Reason, Source};

/// The log of one key, or of a whole topic, for as long as somebody follows it.
///
/// A hub has many of them, so it is kept small.
pub(crate) struct Line<T: Send + Sync + 'static> {
    pub(crate) writer: Writer<T>,
    pub(crate) source: Source<T>,
    /// Whether its feeds end at once, and why.
    forced: AtomicU8,
}

/// Why all feeds of a line end at once.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Force {
    Refresh = 1,
    Shutdown = 2,
}

impl<T: Send + Sync + 'static> Line<T> {
    pub(crate) fn new(publisher: Publisher<T>) -> Self {
        Self {
            source: publisher.source(),
            writer: Writer::new(publisher),
            forced: AtomicU8::new(0),
        }
    }

    /// Returns why its feeds end at once, whatever there is left to deliver.
    #[inline]
    pub(crate) fn forced(&self) -> Option<Reason> {
        // Acquire: pairs with `force`.
        match self.forced.load(Ordering::Acquire) {
            0 => None,
            code if code == Force::Refresh as u8 => Some(Reason::Refreshed),
            _ => Some(Reason::ShuttingDown),
        }
    }

    /// Ends all feeds at once.
    pub(crate) fn force(&self, force: Force) {
        // Release: pairs with `forced`. It comes before the log is closed, so whom that wakes finds
        // it; a feed that polls without being woken finds it now or is woken later.
        self.forced.store(force as u8, Ordering::Release);
        self.writer.close();
    }
}
