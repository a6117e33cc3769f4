use std::sync::Arc;
use std::time::Duration;

use forebay_core::{LogId, Sequence};
use forebay_rt::Runtime;

use crate::hub::ledger::line::Line;
use crate::hub::snapshot::build::Build;
use crate::log::Log;
use crate::publisher::builder::fresh_id;
use crate::{Position, Publisher, Retention};

/// What the builder of a hub was told.
pub(crate) struct Settings<T: Send + Sync + 'static> {
    /// What all logs of the hub have in common.
    pub(crate) log: Arc<Log<T>>,
    pub(crate) retention: Retention,
    /// For how long a snapshot is kept, if it is.
    pub(crate) cache: Option<Duration>,
    pub(crate) snapshot_timeout: Option<Duration>,
    pub(crate) remembered_max: usize,
    pub(crate) idle_max: usize,
    /// How many events may come while a snapshot is built that nobody waits for.
    pub(crate) unread_max: u64,
    pub(crate) runtime: Arc<dyn Runtime>,
}

impl<T: Send + Sync + 'static> Settings<T> {
    /// Opens a line that goes on after `last`, and returns its beginning as well.
    pub(crate) fn open(&self, id: LogId, last: Sequence) -> (Arc<Line<T>>, Position<T>) {
        let publisher = self.publisher(id, self.retention, last);
        let beginning = publisher.position();
        (Arc::new(Line::new(publisher)), beginning)
    }

    /// Opens the log of a snapshot, and returns its beginning as well.
    pub(crate) fn begin_build<E>(&self) -> (Arc<Build<T, E>>, Position<T>) {
        let publisher = self.publisher(fresh_id(), Retention::READERS, Sequence::ZERO);
        let beginning = publisher.position();
        (Arc::new(Build::new(publisher)), beginning)
    }

    /// How many events after a snapshot that is kept are sure not to have been cut off.
    pub(crate) fn replay_max(&self) -> u64 {
        self.retention.readers_max().unwrap_or(u64::MAX)
    }

    fn publisher(&self, id: LogId, retention: Retention, before: Sequence) -> Publisher<T> {
        Publisher::with_log(id, Arc::clone(&self.log), retention.rules(), before)
    }
}
