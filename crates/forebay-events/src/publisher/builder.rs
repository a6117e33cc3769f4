use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;

use forebay_core::{ConfigError, LogId, Sequence};
use forebay_rt::Runtime;

use crate::log::Log;
use crate::observe::Observer;
use crate::publisher::Publisher;
use crate::pump::Pump;
use crate::retention::Retention;

/// Settings of a log.
///
/// # Examples
///
/// ```
/// use forebay_events::{Publisher, Retention};
///
/// let mut log = Publisher::<u64>::builder()
///     .name("prices")
///     .retention(Retention::window(1_000))
///     .build()?;
/// # log.append(1, 1).unwrap();
/// # Ok::<(), forebay_events::ConfigError>(())
/// ```
pub struct Builder<T, E = std::convert::Infallible> {
    retention: Retention,
    runtime: Option<Arc<dyn Runtime>>,
    id: Option<LogId>,
    after: Sequence,
    name: Box<str>,
    log: PhantomData<fn(T, E)>,
}

impl<T, E> Builder<T, E> {
    pub(crate) fn new() -> Self {
        Self {
            retention: Retention::READERS,
            runtime: default_runtime(),
            id: None,
            after: Sequence::ZERO,
            name: Box::from("log"),
            log: PhantomData,
        }
    }

    /// Sets what the log keeps. Unless told otherwise, that is [`Retention::READERS`].
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets where the task runs that wakes many readers and frees much memory, and where the time
    /// comes from. With the feature `tokio` it is `TokioRuntime`, unless told otherwise.
    ///
    /// The task is started when there is something to do for it first. If its runtime ends, those
    /// who publish do its work, and try to start it again.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")] {
    /// use forebay_events::{Publisher, TokioRuntime};
    ///
    /// let log = Publisher::<u64>::builder().runtime(TokioRuntime::new()).build()?;
    /// # let _ = log;
    /// # }
    /// # Ok::<(), forebay_events::ConfigError>(())
    /// ```
    #[must_use]
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Does without a task: whoever publishes wakes all who wait, and whoever is the last to hold
    /// events frees them.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let log = Publisher::<u64>::builder().inline().build()?;
    /// # let _ = log;
    /// # Ok::<(), forebay_events::ConfigError>(())
    /// ```
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.runtime = None;
        self
    }

    /// Sets the label `name` of the log's metrics. Unless told otherwise, that is `log`.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into().into_boxed_str();
        self
    }

    /// Sets by what cursors tell this log from others. Unless told otherwise, that is a random
    /// number.
    ///
    /// A log that is recreated with the same events under the same sequences, such as from a table,
    /// can keep its name, and readers the cursors they had. Where it does not have them all again,
    /// [`after`](Builder::after) says from where on.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::LogId;
    /// use forebay_events::Publisher;
    ///
    /// // The number of the table from which the log is read again after a restart.
    /// let log = Publisher::<u64>::builder().log_id(LogId::new(7)).build()?;
    /// assert_eq!(log.source().log_id(), LogId::new(7));
    /// # Ok::<(), forebay_events::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn log_id(mut self, id: LogId) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets what the log comes after: sequences begin after this one, and a cursor from before it is
    /// stale, as what it asks for was published elsewhere. Unless told otherwise, that is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{Cursor, Sequence};
    /// use forebay_events::{Publisher, Stale};
    ///
    /// // Whatever came before was published by the process before.
    /// let mut log = Publisher::<&str>::builder().after(Sequence::new(100)).build()?;
    /// assert_eq!(log.push("the next").unwrap().get(), 101);
    ///
    /// let source = log.source();
    /// let before = Cursor::new(source.log_id(), Sequence::new(99));
    /// assert!(matches!(source.resume(before).unwrap_err(), Stale::Gap { .. }));
    /// # Ok::<(), forebay_events::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn after(mut self, sequence: Sequence) -> Self {
        self.after = sequence;
        self
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Builder<T, E> {
    /// Creates the log.
    ///
    /// # Errors
    ///
    /// [`ConfigError::RuntimeMissing`], if the retention has a grace and there is no runtime to
    /// measure it with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use forebay_events::{ConfigError, Publisher, Retention};
    ///
    /// let patient = Retention::readers_up_to(1_000).grace(Duration::from_secs(1));
    /// let builder = Publisher::<u64>::builder().inline().retention(patient);
    /// assert_eq!(builder.build().unwrap_err(), ConfigError::RuntimeMissing);
    /// ```
    pub fn build(self) -> Result<Publisher<T, E>, ConfigError> {
        if self.retention.rules().needs_clock() && self.runtime.is_none() {
            return Err(ConfigError::RuntimeMissing);
        }
        Ok(self.build_unchecked())
    }

    pub(crate) fn build_unchecked(self) -> Publisher<T, E> {
        let rules = self.retention.rules();
        let clock = self.runtime.clone().filter(|_| rules.needs_clock());
        let log = Log::new(
            self.runtime.map(Pump::new),
            clock,
            Observer::new(&self.name),
        );
        let id = self.id.unwrap_or_else(fresh_id);
        Publisher::with_log(id, Arc::new(log), rules, self.after)
    }
}

impl<T, E> fmt::Debug for Builder<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("retention", &self.retention)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Returns a number that no other log has, of this process or of another.
pub(crate) fn fresh_id() -> LogId {
    // The standard library's seed comes from the system once for each thread, and is counted up
    // for each use.
    LogId::new(RandomState::new().hash_one(()))
}

#[cfg(feature = "tokio")]
pub(crate) fn default_runtime() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(forebay_rt::TokioRuntime::new()))
}

#[cfg(not(feature = "tokio"))]
pub(crate) const fn default_runtime() -> Option<Arc<dyn Runtime>> {
    None
}
