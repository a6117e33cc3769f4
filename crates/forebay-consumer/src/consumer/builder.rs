mod patience;
mod settings;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::ConfigError;
use forebay_rt::Runtime;

use crate::consumer::Consumer;
use crate::follow::Follow;
use crate::follow::items::Items;
use crate::handler::Handler;
use crate::keep::Keep;

pub use self::settings::OnGap;
pub(crate) use self::settings::Settings;

/// Builds a [`Consumer`].
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
/// use std::time::Duration;
///
/// use forebay_consumer::{Consumer, OnGap, Retry};
///
/// let consumer = Consumer::builder(orders(1..=5), position(), bill())
///     .name("billing")
///     .commit_every(100)
///     .commit_interval(Duration::from_millis(500))
///     .uncommitted_max(10_000)
///     .on_gap(OnGap::BeginAnew)
///     .store_retry(Retry::default().forever())
///     .follow_retry(Retry::exponential(Duration::from_secs(1), Duration::from_secs(60)))
///     .on_retry(|retrying| eprintln!("{retrying}"))
/// #   .runtime(clock())
///     .build()?;
/// assert_eq!(consumer.run().await?.applied, 5);
/// # Ok(())
/// # }) }
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

impl<F, K, H> Builder<F, K, H> {
    pub(crate) fn new(follow: F, keep: K, handler: H) -> Self {
        Self {
            follow,
            keep,
            handler,
            settings: Settings::default(),
            runtime: None,
            seed: None,
        }
    }

    /// Builds the consumer. Nothing is called before it is run but the handler, for how many items it
    /// takes at once.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] where a number of items is zero, so that nothing would ever be applied, and
    /// [`ConfigError::RuntimeMissing`] without a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() {
    /// use forebay_consumer::{ConfigError, Consumer};
    ///
    /// let never = Consumer::builder(orders(1..=5), position(), bill()).commit_every(0);
    /// let error = never.build().err();
    /// assert_eq!(error, Some(ConfigError::Zero { setting: "commit_every" }));
    /// # }
    /// ```
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
