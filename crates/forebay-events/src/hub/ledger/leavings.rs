use std::sync::Arc;

use crate::Position;
use crate::hub::ledger::account::{Account, Offer};
use crate::hub::snapshot::build::Build;

/// What was taken out of a ledger, to be ended and dropped once its lock is free.
pub(crate) struct Leavings<K, T: Send + Sync + 'static, E> {
    pub(crate) keys: Vec<K>,
    pub(crate) accounts: Vec<Account<T, E>>,
    pub(crate) offers: Vec<Offer<T, E>>,
    pub(crate) positions: Vec<Position<T>>,
    /// Builds that nobody waits for any more.
    pub(crate) builds: Vec<Arc<Build<T, E>>>,
}

impl<K, T: Send + Sync + 'static, E> Leavings<K, T, E> {
    pub(crate) const fn new() -> Self {
        Self {
            keys: Vec::new(),
            accounts: Vec::new(),
            offers: Vec::new(),
            positions: Vec::new(),
            builds: Vec::new(),
        }
    }

    /// Ends the builds, drops everything, and returns how many builds that were.
    pub(crate) fn dispose(self) -> usize {
        for build in &self.builds {
            build.cancel();
        }
        self.builds.len()
    }
}
