use std::fmt;
use std::sync::Arc;

use crate::consumer::shared::Shared;
use crate::consumer::stats::Stats;

/// Stops a consumer, and tells how far it is. Clones are of the same consumer.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Lets the consumer finish what it has taken, commit, and end; at once, if it was not started
    /// yet. It returns before that has happened: await what [`run`](crate::Consumer::run) returns.
    ///
    /// It costs one short lock, may be called from anywhere, a destructor or a signal's task, and means
    /// nothing the second time. How long the end may take is
    /// [a setting](crate::Builder::shutdown_timeout).
    ///
    /// # Examples
    ///
    /// A batch that is being applied is finished and committed, and nothing else is begun:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::sync::OnceLock;
    ///
    /// use forebay_consumer::{Consumer, End, Handle, each};
    ///
    /// let stopped: OnceLock<Handle> = OnceLock::new();
    /// let bill = each(|_: &u64| {
    ///     let handle = stopped.get();
    ///     async move {
    ///         handle.inspect(|handle| handle.stop());
    ///         Ok::<_, Infallible>(())
    ///     }
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill);
    /// let consumer = consumer.runtime(clock()).build()?;
    /// stopped.get_or_init(|| consumer.handle());
    /// let summary = consumer.run().await?;
    /// assert_eq!((summary.end, summary.applied), (End::Stopped, 1));
    /// assert_eq!(summary.committed.map(|it| it.sequence().get()), Some(1));
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Returns what the consumer does and how far it is, during its life and after it.
    ///
    /// It costs one short lock and a copy of some numbers, and asks what is followed for its
    /// [head](crate::Follow::head). What it shows belongs together, but for that head, which may have
    /// moved on.
    ///
    /// # Examples
    ///
    /// For a page that shows whether anything is wrong:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, Phase, batches};
    ///
    /// let busy = batches(|batch: Batch<'_, u64>| {
    ///     ready(if batch.attempt() < 3 { Err("the database is busy") } else { Ok(()) })
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), busy);
    /// let consumer = consumer.runtime(clock()).build()?;
    /// let handle = consumer.handle();
    /// assert_eq!(handle.stats().phase, Phase::Loading);
    ///
    /// assert!(consumer.run().await.is_ok());
    /// let stats = handle.stats();
    /// assert_eq!((stats.phase, stats.applied, stats.handler_failures), (Phase::Ended, 5, 2));
    /// assert_eq!(stats.last_error.as_deref(), Some("the database is busy"));
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
