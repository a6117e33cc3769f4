use std::sync::Arc;
use std::time::Duration;

use forebay_rt::Runtime;

use crate::consumer::builder::Builder;
use crate::retry::Retry;
use crate::retry::retrying::Retrying;

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

impl Default for Settings {
    fn default() -> Self {
        Self {
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
        }
    }
}

/// Each setting has a default that does.
impl<F, K, H> Builder<F, K, H> {
    /// Names the consumer in metrics and events. It is `consumer` unless it is named.
    ///
    /// Consumers of one name add up in the counters, and the gauge is that of whoever committed last.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Commits once so many items were applied since the last commit was begun, 1,000 by default. A
    /// position that is reached without an item counts as one.
    ///
    /// That many items and a batch come twice after a crash, if the store keeps up. Where a commit
    /// takes longer than that many items take, the next one is for all that were applied meanwhile.
    ///
    /// # Examples
    ///
    /// A commit after every second order, and one at the end:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use forebay_consumer::Consumer;
    ///
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill())
    ///     .commit_every(2)
    /// #   .runtime(clock())
    ///     .build()?;
    /// let handle = consumer.handle();
    /// consumer.run().await?;
    /// assert_eq!(handle.stats().commits, 3);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn commit_every(mut self, items: u64) -> Self {
        self.settings.commit_every = items;
        self
    }

    /// Commits so long after a position was reached even if there are fewer items, a second by
    /// default. A handler that takes longer for a batch is not interrupted.
    ///
    /// On a quiet log this is how much of its time comes twice after a crash. Zero commits after
    /// every batch, and [`Duration::MAX`] leaves it to [`commit_every`](Self::commit_every) and the
    /// end.
    ///
    /// # Examples
    ///
    /// Five letters, of which none is to be sent twice because of the four others:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::time::Duration;
    ///
    /// use forebay_consumer::Consumer;
    ///
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill())
    ///     .commit_interval(Duration::ZERO)
    ///     .batch_max(1)
    /// #   .runtime(clock())
    ///     .build()?;
    /// let handle = consumer.handle();
    /// consumer.run().await?;
    /// assert_eq!(handle.stats().commits, 5);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn commit_interval(mut self, interval: Duration) -> Self {
        self.settings.commit_interval = interval;
        self
    }

    /// Applies nothing more while so many items are applied and not committed, 65,536 by default: so
    /// many and a batch at most are applied twice after a crash, however slow the store is.
    ///
    /// One that is less than [`commit_every`](Self::commit_every) makes a commit due as well. A single
    /// sequence, or a snapshot, that has more is applied all the same, since nothing can be committed
    /// in its middle.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn uncommitted_max(mut self, items: u64) -> Self {
        self.settings.uncommitted_max = items;
        self
    }

    /// Gives a handler at most so many items at once, 512 by default, and never more than those after
    /// which a commit is due, nor than [it takes](crate::Handler::batch_max).
    ///
    /// It does not wait for a batch to be full: what has come in one piece is applied, and a batch
    /// ends at the last position in it.
    ///
    /// # Examples
    ///
    /// A statement has room for two rows:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// let mut statements = Vec::new();
    /// let insert = batches(|rows: Batch<'_, u64>| {
    ///     statements.push(rows.len());
    ///     ready(Ok::<_, Infallible>(()))
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), insert)
    ///     .batch_max(2)
    /// #   .runtime(clock())
    ///     .build()?;
    /// consumer.run().await?;
    /// assert_eq!(statements, [2, 2, 1]);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn batch_max(mut self, items: usize) -> Self {
        self.settings.batch_max = items;
        self
    }

    /// Waits so long at most, once it was stopped or the log has ended, for the batch that is being
    /// applied and the last commit; 10 seconds by default.
    ///
    /// Make it less than what is waited for the process before it is killed. [`Duration::MAX`] waits
    /// for ever. A handler that never awaits anything cannot be dropped, and is waited for.
    ///
    /// # Examples
    ///
    /// A handler that hangs does not keep a service from ending:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::future::pending;
    /// use std::time::Duration;
    ///
    /// use forebay_consumer::{Consumer, End, each};
    ///
    /// let hangs = each(|_: &u64| pending::<Result<(), Infallible>>());
    /// let consumer = Consumer::builder(orders(1..=5), position(), hangs)
    ///     .shutdown_timeout(Duration::from_secs(5))
    /// #   .runtime(clock())
    ///     .build()?;
    /// let handle = consumer.handle();
    /// let (summary, ()) = futures::join!(consumer.run(), async { handle.stop() });
    /// let summary = summary?;
    /// assert_eq!((summary.end, summary.applied), (End::TimedOut, 0));
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown_timeout = timeout;
        self
    }

    /// Decides what to do where something is missing; [`OnGap::Stop`] by default.
    ///
    /// # Examples
    ///
    /// The log was lost and made anew, and the position that is stored is one of the old log:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use forebay_consumer::{Cause, Consumer, OnGap};
    /// use forebay_core::{CheckpointStore, Cursor, LogId};
    ///
    /// let (store, key) = position();
    /// let old = Cursor::new(LogId::new(9), 400.into());
    /// store.commit(&key, old.into()).await?;
    /// let consumer = |on_gap| {
    ///     Consumer::builder(orders(1..=5), (store.clone(), key), bill())
    ///         .on_gap(on_gap)
    /// #       .runtime(clock())
    ///         .build()
    /// };
    /// let error = consumer(OnGap::Stop)?.run().await.unwrap_err();
    /// assert!(matches!(error.cause, Cause::Gap(_)));
    ///
    /// let summary = consumer(OnGap::BeginAnew)?.run().await?;
    /// assert_eq!(summary.applied, 5);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.settings.on_gap = on_gap;
        self
    }

    /// Takes the time from `runtime`. The consumer spawns nothing on it.
    ///
    /// With the feature `tokio` it is tokio's clock unless it is told otherwise; without, there is none.
    ///
    /// # Examples
    ///
    /// See [`Runtime`] for one of your own.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }
}
