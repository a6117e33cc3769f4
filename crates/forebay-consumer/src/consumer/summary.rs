use forebay_core::Checkpoint;

/// How a consumer ended, and how far it was.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
/// use forebay_consumer::{Consumer, End};
///
/// let consumer = Consumer::builder(orders(1..=5), position(), bill());
/// let summary = consumer.runtime(clock()).build()?.run().await?;
/// match summary.end {
///     End::Closed => assert_eq!(summary.reached, summary.committed),
///     End::TimedOut => eprintln!("{} items will come again", summary.uncommitted),
///     _ => {}
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Why it ended; [`End::Failed`] where it is part of an error.
    pub end: End,

    /// The position that is known to be stored: the last commit that was acknowledged, or what was
    /// there at the start. A later one may be stored too, if its commit was not answered.
    pub committed: Option<Checkpoint>,

    /// The last position up to which everything was applied.
    pub reached: Option<Checkpoint>,

    /// How many items were applied in all.
    pub applied: u64,

    /// How many of them were applied after the last acknowledged commit: those that come again when
    /// the next consumer goes on there, besides a batch that was not finished.
    pub uncommitted: u64,
}

/// Why a consumer ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The log was closed. Everything in it was applied, and its end is committed.
    Closed,

    /// It was stopped. Everything that was taken was applied, and what was reached is committed.
    Stopped,

    /// It was stopped, or the log was closed, and its handler or the last commit was not finished in
    /// the time for that. What was not finished was dropped, and may have happened in part.
    TimedOut,

    /// It failed, and the error says why.
    Failed,
}
