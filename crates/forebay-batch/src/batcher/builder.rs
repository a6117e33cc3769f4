use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::{ConfigError, LoadBatch};
use forebay_rt::Runtime;

use crate::batcher::Batcher;
use crate::batcher::asking::Backend;
use crate::batcher::hits::Hits;
use crate::batcher::loading::{Own, Store};
use crate::batcher::loads::{Loads, Unsettled};
use crate::cache::Cache;
use crate::desk::Desk;
use crate::desk::hooks::{GroupBy, Hooks, Permits, Weigh};
use crate::desk::settings::Settings;
use crate::policy::{Dispatch, Join, OnError};
use crate::queue::Rules;

/// Builds a [`Batcher`] with settings of its own.
///
/// # Examples
///
/// A pool of eight connections, two hundred rows in each query, and a cache that lives as long as
/// the batcher:
///
/// ```
/// # use std::convert::Infallible;
/// # use forebay_core::{Answers, LoadBatch};
/// # struct Users;
/// # impl LoadBatch<u64> for Users {
/// #     type Value = u64;
/// #     type Error = Infallible;
/// #     async fn load_batch(
/// #         &self,
/// #         ids: &[u64],
/// #         answers: &mut Answers<'_, u64, u64, Infallible>,
/// #     ) -> Result<(), Infallible> {
/// #         ids.iter().for_each(|id| { answers.insert(id, *id); });
/// #         Ok(())
/// #     }
/// # }
/// use forebay_batch::{Batcher, PerRequest};
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let users = Batcher::builder(Users)
///     .name("users")
///     .max_batch(200)
///     .max_in_flight(8)
///     .cache(PerRequest::new())
///     .inline()
///     .build()?;
/// # futures::executor::block_on(users.load(&7)).unwrap();
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Builder<L, K, G = (), S = RandomState>
where
    L: LoadBatch<K>,
{
    backend: L,
    hasher: S,
    group: Option<GroupBy<K, G>>,
    weigh: Option<Weigh<K>>,
    cache: Option<SharedCache<K, L>>,
    cache_missing: Option<bool>,
    cache_errors: bool,
    join: Join,
    on_error: OnError,
    keep_abandoned: bool,
    rules: Rules,
    settings: Settings<L::Error>,
}

type SharedCache<K, L> = Arc<dyn Cache<K, <L as LoadBatch<K>>::Value, <L as LoadBatch<K>>::Error>>;

impl<L, K> Builder<L, K>
where
    L: LoadBatch<K>,
{
    pub(crate) fn new(backend: L) -> Self {
        Self {
            backend,
            hasher: RandomState::default(),
            group: None,
            weigh: None,
            cache: None,
            cache_missing: None,
            cache_errors: false,
            join: Join::InFlight,
            on_error: OnError::FailAll,
            keep_abandoned: false,
            rules: Rules::default(),
            settings: Settings::new("batch"),
        }
    }

    /// Keeps keys of different groups in different calls: those of two tenants, shards or tables.
    ///
    /// Each group batches for itself, by the same policy; the bound on calls in flight holds for all
    /// of them together. A group costs memory only while keys of it wait or run.
    pub fn group_by<G>(self, group: impl Fn(&K) -> G + Send + Sync + 'static) -> Builder<L, K, G> {
        let group: GroupBy<K, G> = Box::new(group);
        Builder {
            group: Some(group),
            backend: self.backend,
            hasher: self.hasher,
            weigh: self.weigh,
            cache: self.cache,
            cache_missing: self.cache_missing,
            cache_errors: self.cache_errors,
            join: self.join,
            on_error: self.on_error,
            keep_abandoned: self.keep_abandoned,
            rules: self.rules,
            settings: self.settings,
        }
    }
}

impl<L, K, G, S> Builder<L, K, G, S>
where
    L: LoadBatch<K>,
{
    /// Sets the largest weight of the keys in one call, which is their number unless they are
    /// [weighed](Builder::weigh). By default 1,000. No call is ever larger, but that of a single key
    /// which alone weighs more.
    pub const fn max_batch(mut self, max: usize) -> Self {
        self.rules.batch_max = max;
        self
    }

    /// Sets how many calls may be in flight at once. By default 4.
    ///
    /// Take the number of connections, or any larger one with [`permits`](Builder::permits). A call
    /// that another one waits for, because the backend loads through its own batcher, comes on top.
    pub const fn max_in_flight(mut self, max: usize) -> Self {
        self.rules.calls_max = max;
        self
    }

    /// Sets when waiting keys leave. By default [`Dispatch::Natural`].
    pub const fn dispatch(mut self, policy: Dispatch) -> Self {
        self.rules.dispatch = policy;
        self
    }

    /// Sets how many rounds of its executor a call waits at most for further keys to come, before
    /// it starts. By default 8; none with 0.
    ///
    /// It waits for one round, and for another one as long as the last one brought something. A
    /// round takes no longer than the tasks that are ready to run, so a load that is alone does not
    /// notice, and keys from tasks that were woken together leave together.
    pub const fn gather(mut self, rounds: u32) -> Self {
        self.settings.rounds = rounds;
        self
    }

    /// Bounds how many keys may wait; further ones are
    /// [`Rejected`](forebay_core::LoadError::Rejected) at once. By default they are not bounded.
    /// Loads that join a key which waits already do not count.
    pub const fn max_waiting(mut self, max: usize) -> Self {
        self.rules.waiting_max = max;
        self
    }

    /// Sets the cache that is asked before the backend. By default there is none.
    pub fn cache(mut self, cache: impl Cache<K, L::Value, L::Error>) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Sets whether it is cached that there is nothing for a key. By default as the
    /// [cache](Cache::keeps_missing) has it.
    pub const fn cache_missing(mut self, cache: bool) -> Self {
        self.cache_missing = Some(cache);
        self
    }

    /// Sets whether failures are cached. By default they are not.
    pub const fn cache_errors(mut self, cache: bool) -> Self {
        self.cache_errors = cache;
        self
    }

    /// Sets which loads of a key may share an answer. By default [`Join::InFlight`].
    pub const fn join(mut self, join: Join) -> Self {
        self.join = join;
        self
    }

    /// Bounds how long one call of the backend may take. By default it is not bounded.
    ///
    /// A call that takes longer is dropped, its place is free for the next one, and its loads fail
    /// with [`TimedOut`](forebay_core::LoadError::TimedOut). Time that keys wait before does not
    /// count.
    pub const fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// Sets what happens to the keys of a call that failed. By default [`OnError::FailAll`].
    pub const fn on_error(mut self, policy: OnError) -> Self {
        self.on_error = policy;
        self
    }

    /// Sets whether a call goes on when nobody waits for it any more, to fill the cache or because
    /// it must not be stopped half-way. By default it is dropped. It has no effect with
    /// [`inline`](Builder::inline).
    pub const fn keep_abandoned(mut self, keep: bool) -> Self {
        self.keep_abandoned = keep;
        self
    }

    /// Sets where calls run and time comes from. With the feature `tokio` it is `TokioRuntime` unless
    /// told otherwise: the tokio runtime of the load that starts a call.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.settings.runtime = Some(Arc::new(runtime));
        self
    }

    /// Lets those who wait carry out the calls, instead of tasks of a runtime.
    ///
    /// Nothing is spawned, so it works on any executor, and a load that is alone is quicker. But a
    /// call goes on only while somebody who waits is polled: a task that holds a load and does not
    /// poll it can keep the others waiting.
    pub const fn inline(mut self) -> Self {
        self.settings.inline = true;
        self
    }

    /// Sets what a key weighs against [`max_batch`](Builder::max_batch): bytes, parameters of a
    /// statement, cost. At least 1 is counted. By default every key weighs 1.
    pub fn weigh(mut self, weigh: impl Fn(&K) -> usize + Send + Sync + 'static) -> Self {
        self.weigh = Some(Box::new(weigh));
        self
    }

    /// Sets what a call has to wait for before it takes its keys, such as a connection of a pool;
    /// what it got is held until the call has ended.
    ///
    /// Keys that come while a call waits for its permit go along, so a bound on calls in flight that
    /// is too large does no harm. If it fails, the keys that would have left do. Nothing is asked
    /// for when there is nothing to load any more, and calls that another call waits for go without.
    pub fn permits<F, Fut, P>(mut self, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<P, L::Error>> + Send + 'static,
        P: Send + 'static,
        L::Error: 'static,
    {
        self.settings.permits = Some(Permits::new(ask));
        self
    }

    /// Sets how keys are hashed. By default by foldhash, seeded for each batcher: fast, and good
    /// against accidents; take a keyed hash such as std's `RandomState` where keys come from an
    /// attacker who can see timings.
    pub fn hasher<T>(self, hasher: T) -> Builder<L, K, G, T> {
        Builder {
            hasher,
            backend: self.backend,
            group: self.group,
            weigh: self.weigh,
            cache: self.cache,
            cache_missing: self.cache_missing,
            cache_errors: self.cache_errors,
            join: self.join,
            on_error: self.on_error,
            keep_abandoned: self.keep_abandoned,
            rules: self.rules,
            settings: self.settings,
        }
    }

    /// Names the batcher in spans and metrics.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into().into_boxed_str();
        self
    }

    /// Builds the batcher. No runtime is needed for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that make no sense: a maximum or a time of zero, or nothing to
    /// run calls or timers on.
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

impl<L, K, G, S> fmt::Debug for Builder<L, K, G, S>
where
    L: LoadBatch<K>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.settings.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
