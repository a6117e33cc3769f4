use std::hash::Hash;
use std::sync::Arc;

use crate::hub::feed::closing::Closing;
use crate::hub::ledger::Ledger;
use crate::hub::ledger::account::AccountId;
use crate::hub::ledger::line::Line;
use crate::hub::shared::Shared;
use crate::hub::snapshot::build::Build;
use crate::hub::tokens::Badge;

/// A feed's place in its hub; dropping it gives up everything that is kept for the feed alone.
pub(crate) struct Membership<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) shared: Arc<Shared<K, T, E>>,
    pub(crate) ledger: Arc<Ledger<K, T, E>>,
    pub(crate) id: AccountId,
    pub(crate) line: Arc<Line<T>>,
    /// The build whose snapshot it reads, until it has read it.
    pub(crate) reads: Option<Arc<Build<T, E>>>,
    pub(crate) closing: Option<Arc<Closing>>,
    pub(crate) badge: Option<Badge>,
}

impl<K, T, E> Drop for Membership<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn drop(&mut self) {
        if let Some(closing) = &self.closing {
            closing.leave();
        }
        if let Some(badge) = &self.badge {
            self.shared.tokens.remove(badge);
        }
        let cancelled = self.ledger.leave(self.id, &self.line, self.reads.as_ref());
        self.shared.counters.cancelled.add(cancelled);
    }
}
