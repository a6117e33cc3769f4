//! What is left to do once a shard's lock is released.

use std::sync::Arc;
use std::task::Waker;

use forebay_rt::wake_all;

use crate::table::flight::{Entry, Flight, Outcome};

/// What became of a load's outcome.
pub(crate) enum Landing<K, V, E> {
    /// Nobody shares it.
    Alone(Outcome<V, E>, After<K, V, E>),
    /// The followers have it, and here is where it is.
    Shared(Arc<Flight<V, E>>, After<K, V, E>),
}

/// What to do once the lock is released.
#[must_use]
pub(crate) struct After<K, V, E> {
    pub(crate) wake: Option<Waker>,
    pub(crate) wake_all: Vec<Waker>,
    pub(crate) garbage: Option<Waker>,
    pub(crate) removed: Option<Entry<K, V, E>>,
}

impl<K, V, E> After<K, V, E> {
    pub(crate) const NOTHING: Self = Self {
        wake: None,
        wake_all: Vec::new(),
        garbage: None,
        removed: None,
    };

    pub(crate) fn run(self) {
        wake_all(self.wake);
        wake_all(self.wake_all);
        if let Some(entry) = self.removed {
            entry.disband();
        }
        drop(self.garbage);
    }
}
