use std::fmt;

use forebay_core::Checkpoint;
use futures_core::Stream;

use crate::error::FollowError;
use crate::follow::items::Items;
use crate::follow::{Follow, Step};

/// Makes a [`Follow`] of a closure that opens the stream: after a position, or for somebody new.
///
/// It is called once at the start, and once again after each error that lets it. It knows no
/// [head](Follow::head), so [`Stats::lag`](crate::Stats::lag) is unknown.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_consumer::{FollowError, Received, Step, follow_fn};
/// use forebay_core::{Checkpoint, Cursor, LogId};
///
/// # fn is_follow<F: forebay_consumer::Follow>(_: &F) {}
/// // Whoever is new gets three numbers, and whoever was here before nothing.
/// let numbers = follow_fn(|from: Option<Checkpoint>| async move {
///     let end = Cursor::new(LogId::new(1), 1.into());
///     let all = from.is_none().then(|| Received::from(vec![1, 2, 3]).reaching(end));
///     let steps = all.map(|all| Ok::<_, FollowError<Infallible>>(Step::Items(all)));
///     Ok(futures::stream::iter(steps))
/// });
/// # is_follow(&numbers);
/// ```
pub const fn follow_fn<F>(f: F) -> FollowFn<F> {
    FollowFn { f }
}

/// A closure as a [`Follow`], made by [`follow_fn`].
#[derive(Clone, Copy)]
pub struct FollowFn<F> {
    f: F,
}

impl<F, Fut, S, I, E> Follow for FollowFn<F>
where
    F: Fn(Option<Checkpoint>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, FollowError<E>>> + Send,
    S: Stream<Item = Result<Step<I>, FollowError<E>>> + Send,
    I: Items,
    E: fmt::Display + Send,
{
    type Items = I;
    type Error = E;
    type Steps = S;

    fn follow(
        &self,
        from: Option<&Checkpoint>,
    ) -> impl Future<Output = Result<S, FollowError<E>>> + Send {
        (self.f)(from.cloned())
    }
}

impl<F> fmt::Debug for FollowFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowFn").finish_non_exhaustive()
    }
}
