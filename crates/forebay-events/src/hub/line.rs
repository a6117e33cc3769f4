use std::sync::OnceLock;

use crate::hub::writer::Writer;
use crate::{Publisher, Reason, Source};

/// The log of one key, or of a whole topic, for as long as somebody follows it.
pub(crate) struct Line<T: Send + Sync + 'static> {
    pub(crate) writer: Writer<T>,
    pub(crate) source: Source<T>,
    /// Why its feeds end at once. Boxed, because a hub has many lines and seldom a reason.
    forced: OnceLock<Box<Reason>>,
}

impl<T: Send + Sync + 'static> Line<T> {
    pub(crate) fn new(publisher: Publisher<T>) -> Self {
        Self {
            source: publisher.source(),
            writer: Writer::new(publisher),
            forced: OnceLock::new(),
        }
    }

    /// Returns why its feeds end at once, whatever there is left to deliver.
    #[inline]
    pub(crate) fn forced(&self) -> Option<&Reason> {
        self.forced.get().map(|reason| &**reason)
    }

    /// Ends all feeds at once.
    ///
    /// The reason is there before the log is closed, which wakes those who wait.
    pub(crate) fn force(&self, reason: Reason) {
        let _ = self.forced.set(Box::new(reason));
        self.writer.close();
    }
}
