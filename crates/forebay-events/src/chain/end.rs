use std::sync::Arc;

use crate::chain::place::Place;
use crate::pump::{Backlog, Pump};

/// What comes after the last event of a chain.
pub(crate) enum End<T, E> {
    Closed,
    /// The publisher was dropped without an ending.
    Lost,
    Failed(E),
    /// It goes on elsewhere.
    Splice(Splice<T, E>),
}

/// Where a chain goes on.
pub(crate) struct Splice<T, E> {
    pub(crate) to: Place<T, E>,
    /// Gives the pump what is too much to let go of at once; as in `Log`, a pointer because of what
    /// it needs `T` and `E` to be.
    defer: fn(&Pump, Abandoned<T, E>),
}

impl<T, E> Splice<T, E>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) fn new(to: Place<T, E>) -> Self {
        Self {
            to,
            defer: |pump, abandoned| pump.free(Box::new(abandoned)),
        }
    }
}

/// A splice out of a chain that nobody holds any more. The chain after it may be held by nobody
/// else either, and lead to another, and so on.
pub(crate) struct Abandoned<T, E>(Option<Splice<T, E>>);

impl<T, E> Abandoned<T, E> {
    /// Lets go of it; whatever is more than one chain is the pump's, if there is one.
    pub(crate) fn let_go(splice: Splice<T, E>) {
        let log = Arc::clone(splice.to.chain().log());
        let defer = splice.defer;
        let mut abandoned = Self(Some(splice));
        if !abandoned.free_one()
            && let Some(pump) = &log.pump
        {
            defer(pump, abandoned);
        }
    }

    /// Lets go of one chain; returns whether that was all.
    ///
    /// One after the other: any number of splices takes no more stack than one.
    fn free_one(&mut self) -> bool {
        if let Some(Splice { to, .. }) = self.0.take() {
            self.0 = Arc::into_inner(to.into_chain()).and_then(|mut chain| {
                chain.dismantle();
                chain.take_splice()
            });
        }
        self.0.is_none()
    }
}

impl<T: Send + Sync, E: Send + Sync> Backlog for Abandoned<T, E> {
    fn free(&mut self) -> bool {
        self.free_one()
    }
}

impl<T, E> Drop for Abandoned<T, E> {
    fn drop(&mut self) {
        while !self.free_one() {}
    }
}
