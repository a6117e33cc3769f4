use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::ConfigError;
use forebay_rt::Runtime;

use crate::consumer::Consumer;
use crate::follow::Follow;
use crate::follow::items::Items;
use crate::handler::Handler;
use crate::keep::Keep;
use crate::retry::Retry;
use crate::retry::retrying::Retrying;

/// Builds a [`Consumer`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_consumer::{Consumer, OnGap, Retry};
///
/// # fn example<F, K, H, T>(orders: F, position: K, bill: H) -> Result<(), forebay_core::ConfigError>
/// # where
/// #     F: forebay_consumer::Follow<Items = forebay_consumer::Received<T>>,
/// #     K: forebay_consumer::Keep,
/// #     H: forebay_consumer::Handler<T>,
/// #     T: Send + Sync,
/// # {
/// let consumer = Consumer::builder(orders, position, bill)
///     .name("billing")
///     .commit_every(100)
///     .commit_interval(Duration::from_millis(500))
///     .on_gap(OnGap::BeginAnew)
///     .store_retry(Retry::default().forever())
///     .on_retry(|retrying| eprintln!("{retrying}"))
///     .build()?;
/// # let _ = consumer;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Builder<F, K, H> {
    follow: F,
    keep: K,
    handler: H,
    settings: Settings,
    runtime: Option<Arc<dyn Runtime>>,
    seed: Option<u64>,
}

/// What to do where something between what was applied and what comes is missing.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OnGap {
    /// Commit what was reached, and fail with [`Cause::Gap`](crate::Cause::Gap). Nobody forgets
    /// anything unasked.
    #[default]
    Stop,

    /// Have the handler forget what it applied, and begin as somebody new: with a snapshot where
    /// there are snapshots, and with the oldest there is where not.
    BeginAnew,
}

pub(crate) struct Settings {
    pub(crate) name: Arc<str>,
    pub(crate) commit_every: u64,
    pub(crate) commit_interval: Duration,
    pub(crate) uncommitted_max: u64,
    pub(crate) batch_max: usize,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) on_gap: OnGap,
    pub(crate) handler_retry: Retry,
    pub(crate) store_retry: Retry,
    pub(crate) follow_retry: Retry,
    pub(crate) on_retry: Option<OnRetry>,
}

type OnRetry = Box<dyn Fn(&Retrying<'_>) + Send + Sync>;

impl<F, K, H> Builder<F, K, H> {
    pub(crate) fn new(follow: F, keep: K, handler: H) -> Self {
        Self {
            follow,
            keep,
            handler,
            settings: Settings {
                name: Arc::from("consumer"),
                commit_every: 1_000,
                commit_interval: Duration::from_secs(1),
                uncommitted_max: 65_536,
                batch_max: 512,
                shutdown_timeout: Duration::from_secs(10),
                on_gap: OnGap::Stop,
                handler_retry: Retry::default(),
                store_retry: Retry::default(),
                follow_retry: Retry::default(),
                on_retry: None,
            },
            runtime: None,
            seed: None,
        }
    }

    /// Names the consumer in metrics and events. It is `consumer` unless it is named.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Commits once so many items were applied since the last commit was begun, 1,000 by default. A
    /// position that is reached without an item counts as one.
    ///
    /// Where a commit takes longer than that many items take, the next one is for all that were
    /// applied meanwhile.
    pub const fn commit_every(mut self, items: u64) -> Self {
        self.settings.commit_every = items;
        self
    }

    /// Commits so long after a position was reached even if there are fewer items, a second by
    /// default. A handler that takes longer for a batch is not interrupted.
    pub const fn commit_interval(mut self, interval: Duration) -> Self {
        self.settings.commit_interval = interval;
        self
    }

    /// Applies nothing more while so many items are applied and not committed, 65,536 by default: so
    /// many and a batch at most are applied twice after a crash, however slow the store is.
    ///
    /// A single sequence, or a snapshot, that has more is applied all the same, since nothing can be
    /// committed in its middle.
    pub const fn uncommitted_max(mut self, items: u64) -> Self {
        self.settings.uncommitted_max = items;
        self
    }

    /// Gives a handler at most so many items at once, 512 by default, and never more than those after
    /// which a commit is due.
    pub const fn batch_max(mut self, items: usize) -> Self {
        self.settings.batch_max = items;
        self
    }

    /// Waits so long at most, once it was stopped or the log has ended, for the batch that is being
    /// applied and the last commit; 10 seconds by default.
    pub const fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown_timeout = timeout;
        self
    }

    /// Decides what to do where something is missing; [`OnGap::Stop`] by default.
    pub const fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.settings.on_gap = on_gap;
        self
    }

    /// Decides how often the handler, the store and what is followed are tried again.
    pub const fn retry(self, retry: Retry) -> Self {
        self.handler_retry(retry)
            .store_retry(retry)
            .follow_retry(retry)
    }

    /// Decides how often a batch, a flush and a new beginning are tried again.
    pub const fn handler_retry(mut self, retry: Retry) -> Self {
        self.settings.handler_retry = retry;
        self
    }

    /// Decides how often a load, a commit and a reset are tried again. Commits are tried again while
    /// items are applied.
    pub const fn store_retry(mut self, retry: Retry) -> Self {
        self.settings.store_retry = retry;
        self
    }

    /// Decides how often what is followed is opened again; what counts is how often in a row no
    /// position was reached.
    pub const fn follow_retry(mut self, retry: Retry) -> Self {
        self.settings.follow_retry = retry;
        self
    }

    /// Tells of everything that failed and is tried again, for a line in a log. It is called by the
    /// consumer, which waits for it.
    pub fn on_retry(mut self, told: impl Fn(&Retrying<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_retry = Some(Box::new(told));
        self
    }

    /// Makes the waits between attempts repeatable. Without a seed they are others each time.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Takes the time from `runtime`. The consumer spawns nothing on it.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Builds the consumer.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] where a number of items is zero, so that nothing would ever be applied, and
    /// [`ConfigError::RuntimeMissing`] without a runtime.
    ///
    /// # Examples
    ///
    /// See [`Consumer`].
    pub fn build(mut self) -> Result<Consumer<F, K, H>, ConfigError>
    where
        F: Follow,
        K: Keep,
        H: Handler<<F::Items as Items>::Item>,
    {
        let settings = &self.settings;
        let counts = [
            ("batch_max", settings.batch_max as u64),
            ("commit_every", settings.commit_every),
            ("uncommitted_max", settings.uncommitted_max),
        ];
        if let Some((setting, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ConfigError::Zero { setting });
        }
        let runtime = self.runtime.take().or_else(default_runtime);
        let runtime = runtime.ok_or(ConfigError::RuntimeMissing)?;
        Ok(self.build_on(runtime))
    }

    /// Builds the consumer of settings that make sense.
    pub(crate) fn build_on(mut self, runtime: Arc<dyn Runtime>) -> Consumer<F, K, H>
    where
        F: Follow,
        K: Keep,
        H: Handler<<F::Items as Items>::Item>,
    {
        let every = usize::try_from(self.settings.commit_every).unwrap_or(usize::MAX);
        let batch_max = self.settings.batch_max.min(every);
        self.settings.batch_max = batch_max.min(self.handler.batch_max().max(1));
        let chance = || RandomState::default().hash_one(0);
        let seed = self.seed.unwrap_or_else(chance);
        Consumer::new(
            self.settings,
            runtime,
            seed,
            self.follow,
            self.keep,
            self.handler,
        )
    }
}

#[cfg(feature = "tokio")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "without the feature there is none"
)]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(forebay_rt::TokioRuntime::new()))
}

#[cfg(not(feature = "tokio"))]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    None
}

impl<F, K, H> fmt::Debug for Builder<F, K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}
