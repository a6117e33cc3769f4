use std::fmt;
use std::sync::Arc;

use crate::consumer::shared::Shared;
use crate::consumer::stats::Stats;

/// Stops a consumer, and tells how far it is. Clones are of the same consumer.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Lets the consumer finish what it has taken, commit, and end; at once, if it was not started
    /// yet. It returns before that has happened.
    ///
    /// # Examples
    ///
    /// See [`Consumer::handle`](crate::Consumer::handle).
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Returns what the consumer does and how far it is, during its life and after it.
    ///
    /// # Examples
    ///
    /// See [`Consumer::handle`](crate::Consumer::handle).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
