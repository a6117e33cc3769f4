use std::fmt;

use crate::handler::{Batch, Handler};

/// Makes a [`Handler`] of a closure that applies one item.
///
/// Items are retried one by one, and a consumer stops between any two. Each is a batch, which costs a
/// look at the clock and a short lock; [`batches`] shares that. The future must not borrow the item, so
/// copy or clone what it needs.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use forebay_consumer::each;
///
/// let print = each(|order: &u64| {
///     let order = *order;
///     async move {
///         println!("order {order}");
///         Ok::<_, io::Error>(())
///     }
/// });
/// # let _ = print;
/// ```
pub const fn each<F>(f: F) -> Each<F> {
    Each { f }
}

/// Makes a [`Handler`] of a closure that applies many items in one go.
///
/// The future must not borrow the items; to do that, implement [`Handler`].
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::future::ready;
///
/// use forebay_consumer::{Batch, batches};
///
/// let mut total = 0;
/// let sum = batches(|batch: Batch<'_, u64>| {
///     total += batch.iter().sum::<u64>();
///     ready(Ok::<_, Infallible>(()))
/// });
/// # let _ = sum;
/// ```
pub const fn batches<F>(f: F) -> Batches<F> {
    Batches { f }
}

/// A closure that applies one item, as a [`Handler`]; made by [`each`].
#[derive(Clone, Copy)]
pub struct Each<F> {
    f: F,
}

/// A closure that applies many items, as a [`Handler`]; made by [`batches`].
#[derive(Clone, Copy)]
pub struct Batches<F> {
    f: F,
}

impl<T, F, Fut, E> Handler<T> for Each<F>
where
    T: Sync,
    F: FnMut(&T) -> Fut + Send,
    Fut: Future<Output = Result<(), E>> + Send,
    E: fmt::Display + Send,
{
    type Error = E;

    async fn apply(&mut self, batch: Batch<'_, T>) -> Result<(), E> {
        for item in batch.items() {
            (self.f)(item).await?;
        }
        Ok(())
    }

    fn batch_max(&self) -> usize {
        1
    }
}

impl<T, F, Fut, E> Handler<T> for Batches<F>
where
    T: Sync,
    F: FnMut(Batch<'_, T>) -> Fut + Send,
    Fut: Future<Output = Result<(), E>> + Send,
    E: fmt::Display + Send,
{
    type Error = E;

    fn apply(&mut self, batch: Batch<'_, T>) -> impl Future<Output = Result<(), E>> + Send {
        (self.f)(batch)
    }
}

impl<F> fmt::Debug for Each<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Batches<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}
