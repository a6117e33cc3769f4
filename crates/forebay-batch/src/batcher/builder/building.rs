//! What a builder comes to.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use forebay_core::{ConfigError, LoadBatch};

use crate::batcher::Batcher;
use crate::batcher::asking::Backend;
use crate::batcher::builder::Builder;
use crate::batcher::hits::Hits;
use crate::batcher::loading::{Own, Store};
use crate::batcher::loads::{Loads, Unsettled};
use crate::desk::Desk;
use crate::desk::hooks::Hooks;

impl<L, K, G, S> Builder<L, K, G, S>
where
    L: LoadBatch<K>,
{
    /// Builds the batcher. No runtime is needed for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that make no sense: a maximum or a time of zero, or nothing to
    /// run calls or timers on.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn build(self) -> Result<Batcher<K, L::Value, L::Error, G>, ConfigError>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        L: Send + Sync + 'static,
        L::Value: Clone + Send + Sync + 'static,
        L::Error: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
        S: BuildHasher + Clone + Send + Sync + 'static,
    {
        self.settings.check(&self.rules)?;
        Ok(self.build_unchecked())
    }

    pub(crate) fn build_unchecked(self) -> Batcher<K, L::Value, L::Error, G>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        L: Send + Sync + 'static,
        L::Value: Clone + Send + Sync + 'static,
        L::Error: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
        S: BuildHasher + Clone + Send + Sync + 'static,
    {
        let unsettled = Arc::new(Unsettled::new());
        let store = self.cache.map(|cache| Store {
            missing: self.cache_missing.unwrap_or_else(|| cache.keeps_missing()),
            errors: self.cache_errors,
            unsettled: Arc::clone(&unsettled),
            hits: Hits::new(),
            cache,
        });
        let own = Own {
            hooks: Hooks::new(self.hasher.clone(), self.group, self.weigh),
            hash: Box::new(move |key| self.hasher.hash_one(key)),
            join: self.join,
            on_error: self.on_error,
            keep_abandoned: self.keep_abandoned && !self.settings.inline,
            store,
        };
        let loads = Loads::new(self.rules, unsettled);
        let carrier = Arc::new(Backend(Arc::new(self.backend)));
        let window = self.rules.window();
        Batcher::from_shared(Desk::open(loads, own, carrier, window, self.settings))
    }
}
