use std::sync::Arc;

use forebay_core::{CheckpointStore, ResumeKey};
use forebay_rt::TokioRuntime;

use crate::consumer::{Consumed, Consumer};
use crate::follow::Follow;
use crate::follow::items::Items;
use crate::handler::Handler;

/// Follows `log` from where `key` is in `store`, and applies what comes, with the settings that a
/// [`Builder`](crate::Builder) begins with, until the log is closed.
///
/// # Errors
///
/// As [`Consumer::run`].
///
/// # Cancel safety
///
/// As [`Consumer::run`].
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "events")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use std::future::ready;
///
/// use forebay_checkpoint::MemoryStore;
/// use forebay_consumer::{consume, each};
/// use forebay_core::ResumeKey;
/// use forebay_events::{Publisher, Retention};
///
/// let mut log = Publisher::<u64>::builder().retention(Retention::window(1_000)).build()?;
/// log.append_all(1, [10, 20])?;
/// let source = log.source();
/// log.close();
///
/// let mut total = 0;
/// let sum = each(|number: &u64| {
///     total += *number;
///     ready(Ok::<_, Infallible>(()))
/// });
/// consume(source, MemoryStore::new(), ResumeKey::from_bytes([7; 32]), sum).await?;
/// assert_eq!(total, 30);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "events"))]
/// # fn main() {}
/// ```
pub async fn consume<F, S, H>(
    log: F,
    store: S,
    key: ResumeKey,
    handler: H,
) -> Consumed<F, (S, ResumeKey), H>
where
    F: Follow,
    S: CheckpointStore + 'static,
    H: Handler<<F::Items as Items>::Item>,
{
    let runtime = Arc::new(TokioRuntime::new());
    let consumer = Consumer::builder(log, (store, key), handler).build_on(runtime);
    consumer.run().await
}
