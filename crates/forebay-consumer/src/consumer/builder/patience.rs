use crate::consumer::builder::Builder;
use crate::retry::Retry;
use crate::retry::retrying::Retrying;

/// How patient it is: by default ten attempts for each, in less than a minute.
impl<F, K, H> Builder<F, K, H> {
    /// Decides how often the handler, the store and what is followed are tried again.
    ///
    /// # Examples
    ///
    /// A supervisor starts the process again anyway, so the consumer does not give up by itself:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, Retry, batches};
    ///
    /// let busy = batches(|batch: Batch<'_, u64>| {
    ///     ready(if batch.attempt() < 50 { Err("busy") } else { Ok(()) })
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), busy)
    ///     .retry(Retry::default().forever())
    /// #   .runtime(clock())
    ///     .build()?;
    /// assert_eq!(consumer.run().await.map(|summary| summary.applied).ok(), Some(5));
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn retry(self, retry: Retry) -> Self {
        self.handler_retry(retry)
            .store_retry(retry)
            .follow_retry(retry)
    }

    /// Decides how often a batch, a flush and a new beginning are tried again.
    ///
    /// What counts is how often in a row the same call has failed. Errors that are
    /// [fatal](crate::Handler::is_fatal) are not tried again, whatever this says.
    ///
    /// # Examples
    ///
    /// An order that cannot be billed ends the consumer before it, and what came before it counts:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Cause, Consumer, Retry, each};
    ///
    /// let mut attempts = 0;
    /// let bill = each(|order: &u64| {
    ///     attempts += u32::from(*order == 3);
    ///     ready(if *order == 3 { Err("no such customer") } else { Ok(()) })
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill)
    ///     .handler_retry(Retry::default().attempts(4))
    /// #   .runtime(clock())
    ///     .build()?;
    /// let error = consumer.run().await.unwrap_err();
    /// assert!(matches!(error.cause, Cause::Handler("no such customer")));
    /// assert_eq!(error.summary.committed.map(|it| it.sequence().get()), Some(2));
    /// assert_eq!(attempts, 4);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn handler_retry(mut self, retry: Retry) -> Self {
        self.settings.handler_retry = retry;
        self
    }

    /// Decides how often a load, a commit and a reset are tried again. Commits are tried again while
    /// items are applied.
    ///
    /// What counts is how often in a row any of them has failed. Errors that
    /// [cannot pass](forebay_core::StoreError::is_retryable) are not tried again.
    ///
    /// # Examples
    ///
    /// See [`retry`](Self::retry) and [`Builder`].
    pub const fn store_retry(mut self, retry: Retry) -> Self {
        self.settings.store_retry = retry;
        self
    }

    /// Decides how often what is followed is opened again; what counts is how often in a row no
    /// position was reached.
    ///
    /// # Examples
    ///
    /// See [`retry`](Self::retry) and [`Builder`].
    pub const fn follow_retry(mut self, retry: Retry) -> Self {
        self.settings.follow_retry = retry;
        self
    }

    /// Tells of everything that failed and is tried again, for a line in a log. It is called by the
    /// consumer, which waits for it; what is not tried again ends the consumer, which says it itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    /// use std::sync::mpsc;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// let busy = batches(|batch: Batch<'_, u64>| {
    ///     ready(if batch.attempt() < 2 { Err("the database is busy") } else { Ok(()) })
    /// });
    /// let (lines, written) = mpsc::sync_channel(100);
    /// let consumer = Consumer::builder(orders(1..=5), position(), busy)
    ///     .on_retry(move |retrying| _ = lines.try_send(retrying.to_string()))
    /// #   .runtime(clock())
    ///     .build()?;
    /// assert!(consumer.run().await.is_ok());
    /// let line = written.try_recv()?;
    /// assert!(line.starts_with("cannot apply a batch: the database is busy; failed once"));
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn on_retry(mut self, told: impl Fn(&Retrying<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_retry = Some(Box::new(told));
        self
    }

    /// Makes the waits between attempts repeatable, for tests. Without a seed they are others each
    /// time, so that consumers that lost the same service do not come back at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// let mut runs: Vec<Vec<Duration>> = Vec::new();
    /// for seed in [7, 7, 8] {
    ///     let (waits, waited) = mpsc::sync_channel(100);
    ///     let consumer = Consumer::builder(
    ///         orders(1..=5),
    ///         position(),
    ///         batches(|_: Batch<'_, u64>| ready(Err::<(), _>("busy"))),
    ///     )
    ///     .on_retry(move |retrying| _ = waits.try_send(retrying.wait))
    ///     .seed(seed)
    /// #   .runtime(clock())
    ///     .build()?;
    ///     assert!(consumer.run().await.is_err());
    ///     runs.push(waited.try_iter().collect());
    /// }
    /// assert!(runs[0] == runs[1] && runs[1] != runs[2]);
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}
