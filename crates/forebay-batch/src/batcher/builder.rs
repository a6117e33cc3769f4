mod building;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::LoadBatch;
use forebay_rt::Runtime;

use crate::cache::Cache;
use crate::desk::hooks::{GroupBy, Permits, Weigh};
use crate::desk::settings::Settings;
use crate::policy::{Dispatch, Join, OnError};
use crate::queue::Rules;

/// Builds a [`Batcher`](crate::Batcher) with settings of its own.
///
/// # Examples
///
/// Settings that need no runtime:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
/// use std::hash::RandomState;
///
/// use forebay_batch::{Batcher, Dispatch, Join, OnError, PerRequest};
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let users = Batcher::builder(Users)
///     .name("users")
///     .max_batch(200)
///     .weigh(|id| if *id < 10 { 5 } else { 1 })
///     .max_in_flight(8)
///     .max_waiting(10_000)
///     .dispatch(Dispatch::MinSize(4))
///     .gather(2)
///     .join(Join::InFlight)
///     .on_error(OnError::Bisect { max_calls: 16 })
///     .cache(PerRequest::new())
///     .cache_missing(true)
///     .cache_errors(false)
///     .hasher(RandomState::new())
///     .inline()
///     .build()?;
/// # futures::executor::block_on(users.load(&7)).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// And those that do: a pool of eight connections whose calls may hang, for two tenants.
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # mod example {
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use forebay_batch::{Batcher, TokioRuntime};
/// use tokio::sync::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub async fn main() {
/// let pool = Arc::new(Semaphore::new(8));
/// let users = Batcher::builder(Users)
///     .runtime(TokioRuntime::new())
///     .permits(move || {
///         let pool = Arc::clone(&pool);
///         async move { pool.acquire_owned().await.map_err(std::io::Error::other) }
///     })
///     .call_timeout(Duration::from_secs(2))
///     .keep_abandoned(true)
///     .group_by(|id| id % 2)
///     .build()
///     .unwrap();
/// assert_eq!(users.load(&7).await.unwrap().as_deref(), Some("user 7"));
/// # }
/// # }
/// # #[cfg(feature = "tokio")]
/// # example::main();
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn max_batch(mut self, max: usize) -> Self {
        self.rules.batch_max = max;
        self
    }

    /// Sets how many calls may be in flight at once. By default 4.
    ///
    /// Take the number of connections, or any larger one with [`permits`](Builder::permits). A call
    /// that another one waits for, because the backend loads through its own batcher, comes on top.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn max_in_flight(mut self, max: usize) -> Self {
        self.rules.calls_max = max;
        self
    }

    /// Sets when waiting keys leave. By default [`Dispatch::Natural`].
    ///
    /// # Examples
    ///
    /// See [`Builder`].
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn gather(mut self, rounds: u32) -> Self {
        self.settings.rounds = rounds;
        self
    }

    /// Bounds how many keys may wait; further ones are
    /// [`Rejected`](forebay_core::LoadError::Rejected) at once. By default they are not bounded.
    /// Loads that join a key which waits already do not count.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn max_waiting(mut self, max: usize) -> Self {
        self.rules.waiting_max = max;
        self
    }

    /// Sets the cache that is asked before the backend. By default there is none.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn cache(mut self, cache: impl Cache<K, L::Value, L::Error>) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Sets whether it is cached that there is nothing for a key. By default as the
    /// [cache](Cache::keeps_missing) has it.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn cache_missing(mut self, cache: bool) -> Self {
        self.cache_missing = Some(cache);
        self
    }

    /// Sets whether failures are cached. By default they are not.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn cache_errors(mut self, cache: bool) -> Self {
        self.cache_errors = cache;
        self
    }

    /// Sets which loads of a key may share an answer. By default [`Join::InFlight`].
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn join(mut self, join: Join) -> Self {
        self.join = join;
        self
    }

    /// Bounds how long one call of the backend may take. By default it is not bounded.
    ///
    /// A call that takes longer is dropped, its place is free for the next one, and its loads fail
    /// with [`TimedOut`](forebay_core::LoadError::TimedOut). Time that keys wait before does not
    /// count.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// Sets what happens to the keys of a call that failed. By default [`OnError::FailAll`].
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn on_error(mut self, policy: OnError) -> Self {
        self.on_error = policy;
        self
    }

    /// Sets whether a call goes on when nobody waits for it any more, to fill the cache or because
    /// it must not be stopped half-way. By default it is dropped. It has no effect with
    /// [`inline`](Builder::inline).
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn keep_abandoned(mut self, keep: bool) -> Self {
        self.keep_abandoned = keep;
        self
    }

    /// Sets where calls run and time comes from. With the feature `tokio` it is `TokioRuntime` unless
    /// told otherwise: the tokio runtime of the load that starts a call.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.settings.runtime = Some(Arc::new(runtime));
        self
    }

    /// Lets those who wait carry out the calls, instead of tasks of a runtime.
    ///
    /// Nothing is spawned, so it works on any executor, and a load that is alone is quicker. But a
    /// call goes on only while somebody who waits is polled: a task that holds a load and does not
    /// poll it can keep the others waiting.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn inline(mut self) -> Self {
        self.settings.inline = true;
        self
    }

    /// Sets what a key weighs against [`max_batch`](Builder::max_batch): bytes, parameters of a
    /// statement, cost. At least 1 is counted. By default every key weighs 1.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
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
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into().into_boxed_str();
        self
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
