use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::ConfigError;
use forebay_rt::Runtime;

use crate::Retention;
use crate::hub::publisher::HubPublisher;
use crate::hub::settings::Settings;
use crate::hub::shared::Shared;
use crate::hub::snapshot::{AnySource, SnapshotSource};
use crate::log::Log;
use crate::observe::Observer;
use crate::publisher::builder::default_runtime;
use crate::pump::Pump;

/// Builds a hub with settings of its own.
///
/// # Examples
///
/// Snapshots that serve for a second, and ten thousand events for those who come back:
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # mod example {
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/services.rs"));
/// use std::time::Duration;
///
/// use forebay_events::{Hub, Retention, TokioRuntime};
///
/// # pub fn main() {
/// let publisher = Hub::builder(Services)
///     .retention(Retention::window(10_000))
///     .cache(Duration::from_secs(1))
///     .idle_keys(1_000)
///     .remembered_keys(100_000)
///     .snapshot_timeout(Duration::from_secs(30))
///     .runtime(TokioRuntime::new())
///     .build()
///     .unwrap();
/// # let _ = publisher;
/// # }
/// # }
/// # #[cfg(feature = "tokio")]
/// # example::main();
/// ```
#[must_use]
pub struct HubBuilder<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    source: Box<dyn AnySource<K, T, E>>,
    retention: Retention,
    cache: Option<Duration>,
    snapshot_timeout: Option<Duration>,
    remembered_max: usize,
    idle_max: usize,
    runtime: Option<Arc<dyn Runtime>>,
    publishes: PhantomData<fn(K, T) -> E>,
}

/// Of so many keys that nobody follows the last sequence is remembered, in each topic.
const REMEMBERED_MAX: usize = 10_000;

/// So many events may come while a snapshot is built that nobody waits for.
const UNREAD_MAX: u64 = 4_096;

impl<K, T, E> HubBuilder<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) fn new(source: impl SnapshotSource<K, T, Error = E>) -> Self {
        Self {
            source: Box::new(source),
            retention: Retention::READERS,
            cache: None,
            snapshot_timeout: None,
            remembered_max: REMEMBERED_MAX,
            idle_max: 0,
            runtime: None,
            publishes: PhantomData,
        }
    }

    /// Sets what is kept of the events of each key that somebody follows. By default what its feeds
    /// have not read, however much that is.
    ///
    /// With a window, a feed that comes back finds what it missed as long as the key is followed by
    /// others, or [idle](HubBuilder::idle_keys).
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Keeps each snapshot for this long after it was built, for subscribers that come later. By
    /// default, and with zero, a snapshot serves those only who came while it was built.
    ///
    /// A snapshot that is kept keeps the events after it as well, and its key even if nobody follows
    /// it. It is given up as soon as those events are more than its own pieces.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub fn cache(mut self, ttl: Duration) -> Self {
        self.cache = Some(ttl).filter(|ttl| !ttl.is_zero());
        self
    }

    /// Keeps the logs of so many keys of each topic that nobody follows any more, those that were
    /// followed most recently. By default 0.
    ///
    /// It is for those who come back: with a [window](Retention::window) they find what they missed.
    /// Without one it changes nothing.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub const fn idle_keys(mut self, max: usize) -> Self {
        self.idle_max = max;
        self
    }

    /// Sets of how many keys of each topic that nobody follows the last sequence is remembered. By
    /// default 10,000, of those that were published to most recently.
    ///
    /// Who comes back to a key that was not published to since needs no snapshot as long as the key
    /// is remembered.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub const fn remembered_keys(mut self, max: usize) -> Self {
        self.remembered_max = max;
        self
    }

    /// Bounds how long a snapshot may take; one that takes longer fails with
    /// [`TimedOut`](forebay_core::LoadError::TimedOut). By default nothing bounds it.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub const fn snapshot_timeout(mut self, timeout: Duration) -> Self {
        self.snapshot_timeout = Some(timeout);
        self
    }

    /// Sets where snapshots are built and where the time comes from. With the feature `tokio` that
    /// is by default the tokio runtime of whoever subscribes.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Builds the hub.
    ///
    /// # Errors
    ///
    /// [`ConfigError::RuntimeMissing`] if there is none: snapshots are built in the background.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub fn build(self) -> Result<HubPublisher<K, T, E>, ConfigError> {
        let runtime = self.runtime.or_else(default_runtime);
        let runtime = runtime.ok_or(ConfigError::RuntimeMissing)?;
        let rules = self.retention.rules();
        let clock = rules.needs_clock().then(|| Arc::clone(&runtime));
        let settings = Settings {
            log: Arc::new(Log::new(
                Some(Pump::new(Arc::clone(&runtime))),
                clock,
                Observer::none(),
            )),
            retention: self.retention,
            cache: self.cache,
            snapshot_timeout: self.snapshot_timeout,
            remembered_max: self.remembered_max,
            // A log that keeps nothing by itself says no more than the last sequence does.
            idle_max: if rules.is_needed() { self.idle_max } else { 0 },
            unread_max: UNREAD_MAX,
            runtime,
        };
        let shared = Shared::new(self.source, settings);
        Ok(HubPublisher::new(Arc::new(shared)))
    }
}

impl<K, T, E> fmt::Debug for HubBuilder<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubBuilder")
            .field("retention", &self.retention)
            .field("cache", &self.cache)
            .field("snapshot_timeout", &self.snapshot_timeout)
            .field("remembered_keys", &self.remembered_max)
            .field("idle_keys", &self.idle_max)
            .finish_non_exhaustive()
    }
}
