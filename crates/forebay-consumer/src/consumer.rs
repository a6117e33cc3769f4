pub(crate) mod builder;
#[cfg(feature = "tokio")]
mod consume;
pub(crate) mod handle;
pub(crate) mod shared;
pub(crate) mod stats;
pub(crate) mod summary;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use forebay_rt::Runtime;

use crate::consumer::builder::Settings;
use crate::consumer::shared::Shared;
use crate::desk::Desk;
use crate::error::ConsumeError;
use crate::follow::Follow;
use crate::follow::items::Items;
use crate::handler::Handler;
use crate::keep::Keep;
use crate::run::Run;

pub use self::builder::{Builder, OnGap};
#[cfg(feature = "tokio")]
pub use self::consume::consume;
pub use self::handle::Handle;
pub use self::stats::{Phase, Stats};
pub use self::summary::{End, Summary};

/// How a consumer ends: by the errors of what it follows, where it keeps its position, and its
/// handler.
pub type Consumed<F, K, H> = Result<
    Summary,
    ConsumeError<
        <F as Follow>::Error,
        <K as Keep>::Error,
        <H as Handler<<<F as Follow>::Items as Items>::Item>>::Error,
    >,
>;

/// Follows something, applies what comes, and keeps where it is, until that ends, it is stopped, or
/// something fails for good.
///
/// It spawns nothing: [`run`](Self::run) is a future that does it all, and takes nothing of its
/// runtime but the time.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "events", feature = "tokio"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use std::future::ready;
///
/// use forebay_checkpoint::{KeyParts, MemoryStore};
/// use forebay_consumer::{Consumer, End, each};
/// use forebay_events::{Publisher, Retention};
///
/// let mut orders = Publisher::<&str>::builder().retention(Retention::window(1_000)).build()?;
/// orders.append(1, "first")?;
/// orders.append(2, "second")?;
/// let source = orders.source();
/// orders.close();
///
/// let key = KeyParts::new().part("topic", "orders").part("consumer", "billing").key()?;
/// let mut billed = Vec::new();
/// let bill = each(|order: &&'static str| {
///     billed.push(*order);
///     ready(Ok::<_, Infallible>(()))
/// });
/// let consumer = Consumer::builder(source, (MemoryStore::new(), key), bill).build()?;
/// let summary = consumer.run().await?;
/// assert_eq!((summary.end, summary.uncommitted), (End::Closed, 0));
/// assert_eq!(billed, ["first", "second"]);
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "events", feature = "tokio")))]
/// # fn main() {}
/// ```
#[must_use = "it does nothing before it is run"]
pub struct Consumer<F, K: Keep, H> {
    run: Run<F, K, H>,
}

impl<F, K, H> Consumer<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<<F::Items as Items>::Item>,
{
    /// Begins to build a consumer: of what it follows, where it keeps its position, and what it does
    /// with what comes.
    ///
    /// # Examples
    ///
    /// See [`Consumer`], and [`Builder`] for the settings.
    pub fn builder(follow: F, keep: K, handler: H) -> Builder<F, K, H> {
        Builder::new(follow, keep, handler)
    }

    pub(crate) fn new(
        settings: Settings,
        runtime: Arc<dyn Runtime>,
        seed: u64,
        follow: F,
        keep: K,
        handler: H,
    ) -> Self {
        let follow = Arc::new(follow);
        // Handles outlive the consumer, and shall keep nothing of its user's alive.
        let asked = Arc::downgrade(&follow);
        let shared = Arc::new(Shared::new(move || asked.upgrade()?.head()));
        let desk = Desk::new(settings, runtime, seed, shared, keep);
        Self {
            run: Run::new(follow, handler, desk),
        }
    }

    /// Returns a handle that stops the consumer, and tells how far it is.
    ///
    /// It may outlive the consumer, and keeps nothing of it alive but its statistics.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "events", feature = "tokio"))]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::convert::Infallible;
    /// # use std::future::ready;
    /// # use forebay_checkpoint::MemoryStore;
    /// # use forebay_consumer::{Consumer, End, batches, Batch};
    /// # use forebay_core::ResumeKey;
    /// # use forebay_events::Publisher;
    /// let orders = Publisher::<u64>::new();
    /// # let key = ResumeKey::from_bytes([7; 32]);
    /// # let bill = batches(|_: Batch<'_, u64>| ready(Ok::<_, Infallible>(())));
    /// let consumer =
    ///     Consumer::builder(orders.source(), (MemoryStore::new(), key), bill).build()?;
    /// let handle = consumer.handle();
    /// assert_eq!(handle.stats().lag(), Some(0));
    ///
    /// handle.stop();
    /// assert_eq!(consumer.run().await?.end, End::Stopped);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "events", feature = "tokio")))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.run.shared())
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// [`ConsumeError`], whose cause says what failed for good. What was reached before is committed
    /// all the same, where that is possible: not after a panic, nor where the store itself has failed.
    ///
    /// A stop that has timed out is no error, but [`End::TimedOut`].
    ///
    /// # Panics
    ///
    /// Where what it follows, the store, the runtime or [`Builder::on_retry`] panics. That is as a
    /// crash: nothing is missed. A panic of the handler is [`Cause::Panicked`](crate::Cause::Panicked).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the consumer at once, as a crash does: what was applied after the
    /// last commit is applied again by whoever goes on, and nothing is missed. A commit that was under
    /// way may happen. To end without that, [`stop`](Handle::stop) it and await its end.
    ///
    /// # Examples
    ///
    /// One consumer ends in the middle, and the next one goes on there:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Consumer, Retry, each};
    ///
    /// let position = position();
    /// let mut billed = Vec::new();
    /// for last in [3, 5] {
    ///     let bill = each(|order: &u64| {
    ///         let is_open = *order <= last;
    ///         billed.extend(is_open.then_some(*order));
    ///         ready(if is_open { Ok(()) } else { Err("closed for today") })
    ///     });
    ///     let consumer = Consumer::builder(orders(1..=5), position.clone(), bill)
    ///         .handler_retry(Retry::never())
    /// #       .runtime(clock())
    ///         .build()?;
    ///     match consumer.run().await {
    ///         Ok(summary) => assert_eq!(summary.applied, 2),
    ///         Err(error) => assert_eq!(error.summary.applied, 3),
    ///     }
    /// }
    /// assert_eq!(billed, [1, 2, 3, 4, 5]);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn run(self) -> Consumed<F, K, H> {
        self.run.run().await
    }

    /// Runs it until `signal` is there, and then stops it as [`Handle::stop`] does.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "events", feature = "tokio"))]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::convert::Infallible;
    /// # use std::future::ready;
    /// # use forebay_checkpoint::MemoryStore;
    /// # use forebay_consumer::{Consumer, End, batches, Batch};
    /// # use forebay_core::ResumeKey;
    /// # use forebay_events::Publisher;
    /// # let orders = Publisher::<u64>::new();
    /// # let key = ResumeKey::from_bytes([7; 32]);
    /// # let bill = batches(|_: Batch<'_, u64>| ready(Ok::<_, Infallible>(())));
    /// # let consumer =
    /// #     Consumer::builder(orders.source(), (MemoryStore::new(), key), bill).build()?;
    /// // In a service, this is what waits for a signal of the system.
    /// let signal = std::future::ready(());
    /// assert_eq!(consumer.run_until(signal).await?.end, End::Stopped);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(all(feature = "events", feature = "tokio")))]
    /// # fn main() {}
    /// ```
    pub async fn run_until(self, signal: impl Future<Output = ()>) -> Consumed<F, K, H> {
        let handle = self.handle();
        let mut signal = pin!(signal);
        let mut run = pin!(self.run());
        let mut is_signalled = false;
        poll_fn(|cx| {
            if !is_signalled && signal.as_mut().poll(cx) == Poll::Ready(()) {
                is_signalled = true;
                handle.stop();
            }
            run.as_mut().poll(cx)
        })
        .await
    }
}

impl<F, K: Keep, H> fmt::Debug for Consumer<F, K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").finish_non_exhaustive()
    }
}
