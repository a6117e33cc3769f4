pub(crate) mod builder;
pub(crate) mod execution;
mod values;
mod outbox;
mod sending;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::drain::Drain;
use crate::execute::Execute;
use crate::executor::builder::ExecutorBuilder;
use crate::executor::execution::{Execution, ExecutionMany, Unity};
use crate::executor::values::Shared;
use crate::stats::Stats;

/// Mutations in few calls of the backend, in the order in which they were submitted.
///
/// Nothing is merged, sent twice or left out: each value that is sent is sent once, in one call,
/// and its result is its own. One call is in flight at a time unless
/// [`ExecutorBuilder::max_in_flight`] says otherwise, since calls that overlap may overtake one
/// another.
///
/// Cloning shares the executor. When the last clone and the last submission are dropped, what was
/// sent runs to its end as long as there is a runtime, and everything else goes.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_batch::{Execute, Executor};
///
/// struct Lengths;
///
/// impl Execute<&'static str> for Lengths {
///     type Output = (usize, usize);
///     type Error = Infallible;
///
///     async fn execute(
///         &self,
///         words: Vec<&'static str>,
///     ) -> Result<Vec<Result<(usize, usize), Infallible>>, Infallible> {
///         Ok(words.iter().map(|word| Ok((word.len(), words.len()))).collect())
///     }
/// }
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let lengths = Executor::builder(Lengths).inline().build()?;
/// let both = async { futures::join!(lengths.execute("water"), lengths.execute("mill")) };
/// let (water, mill) = futures::executor::block_on(both);
/// assert_eq!((water, mill), (Ok((5, 2)), Ok((4, 2))));
/// # Ok(())
/// # }
/// ```
pub struct Executor<T, O, E, G = ()> {
    handle: Arc<Handle<T, O, E, G>>,
}

/// What all clones of an executor hold, and nothing else does.
struct Handle<T, O, E, G> {
    shared: Arc<Shared<T, O, E, G>>,
}

impl<T, O, E> Executor<T, O, E>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// Creates an executor with the default settings before `backend`.
    ///
    /// Calls run on the tokio runtime of the submissions that start them.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # mod example {
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
    /// use forebay_batch::Executor;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub async fn main() {
    /// let inserts = Executor::new(Inserts);
    /// assert_eq!(inserts.execute("Ada").await.unwrap(), 0);
    /// # }
    /// # }
    /// # #[cfg(feature = "tokio")]
    /// # example::main();
    /// ```
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn new<X>(backend: X) -> Self
    where
        X: Execute<T, Output = O, Error = E> + Send + Sync + 'static,
    {
        ExecutorBuilder::new(backend).build_unchecked()
    }

    /// Begins an executor with settings of its own before `backend`.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub fn builder<X>(backend: X) -> ExecutorBuilder<X, T>
    where
        X: Execute<T, Output = O, Error = E> + Send + Sync + 'static,
    {
        ExecutorBuilder::new(backend)
    }
}

impl<T, O, E, G> Executor<T, O, E, G>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    pub(crate) fn from_shared(shared: Arc<Shared<T, O, E, G>>) -> Self {
        let handle = Arc::new(Handle { shared });
        Self { handle }
    }

    /// Carries out `value`, in one call of the backend with the values of others.
    ///
    /// # Errors
    ///
    /// [`Failed`](crate::ExecuteError::Failed) when the backend failed for this value or for the
    /// whole call, panicked or took too long, when too many values wait, and after
    /// [`close`](Executor::close); [`WrongLength`](crate::ExecuteError::WrongLength) when the
    /// backend's results cannot be told apart. [`may_have_run`](crate::ExecuteError::may_have_run)
    /// says whether it may have happened all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the value back if it was not sent yet. What was sent runs to its
    /// end, and only its result is lost.
    ///
    /// # Examples
    ///
    /// See [`Executor`].
    pub fn execute(&self, value: T) -> Execution<'_, T, O, E, G> {
        Execution::new(&self.handle.shared, value)
    }

    /// Carries out many values, and returns their results in the order of `values`.
    ///
    /// They follow one another with nobody else's values between them, and are split in order where
    /// they are more than one call takes. No values are no call.
    ///
    /// # Errors
    ///
    /// The future itself does not fail: each value has a result of its own, as of
    /// [`execute`](Executor::execute).
    ///
    /// # Cancel safety
    ///
    /// As [`execute`](Executor::execute), for each value by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
    /// use forebay_batch::Executor;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let inserts = Executor::builder(Inserts).inline().build()?;
    /// let results = inserts.execute_many(vec!["Ada", "", "Grace"]).await;
    /// assert_eq!((results[0].as_ref().unwrap(), results[2].as_ref().unwrap()), (&0, &2));
    /// assert!(results[1].as_ref().unwrap_err().backend().is_some());
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn execute_many(&self, values: Vec<T>) -> ExecutionMany<'_, T, O, E, G> {
        ExecutionMany::new(&self.handle.shared, values, Unity::Split)
    }

    /// Carries out many values within one call, or none of them.
    ///
    /// That makes them one unit only as far as the backend makes a unit of its call, such as a
    /// transaction.
    ///
    /// # Errors
    ///
    /// As [`execute_many`](Executor::execute_many). Every value is
    /// [`Rejected`](forebay_core::LoadError::Rejected) where they are more than one call takes or of
    /// more than one group.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes all values back, or none if they were sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
    /// use forebay_batch::Executor;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let inserts = Executor::builder(Inserts).max_batch(2).inline().build()?;
    /// let results = inserts.execute_whole(vec!["Ada", "Grace"]).await;
    /// assert!(results.iter().all(Result::is_ok));
    /// // More than one call takes: nothing is sent.
    /// let results = inserts.execute_whole(vec!["Ada", "Grace", "Barbara"]).await;
    /// assert!(results.iter().all(|result| !result.as_ref().unwrap_err().may_have_run()));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn execute_whole(&self, values: Vec<T>) -> ExecutionMany<'_, T, O, E, G> {
        ExecutionMany::new(&self.handle.shared, values, Unity::Whole)
    }

    /// Lets all values go that wait, without regard to the policy; returns how many they are.
    ///
    /// # Examples
    ///
    /// As for [`Batcher::dispatch`](crate::Batcher::dispatch).
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn dispatch(&self) -> usize {
        self.handle.shared.dispatch()
    }

    /// Returns what the executor has done so far, and what it is doing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
    /// use forebay_batch::Executor;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let inserts = Executor::builder(Inserts).inline().build()?;
    /// inserts.execute_many(vec!["Ada", "Grace"]).await;
    /// assert_eq!((inserts.stats().calls, inserts.stats().keys), (1, 2));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle.shared.work().queue.stats()
    }

    /// Takes no further values: they fail with [`Closed`](forebay_core::LoadError::Closed). What
    /// waits is let go.
    ///
    /// # Examples
    ///
    /// See [`drain`](Executor::drain).
    pub fn close(&self) {
        self.handle.shared.close();
    }

    /// Waits until no value waits and no call is in flight; values that come meanwhile count.
    ///
    /// With [`close`](Executor::close) before it, this is a graceful shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
    /// use forebay_batch::Executor;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let inserts = Executor::builder(Inserts).inline().build()?;
    /// inserts.close();
    /// inserts.drain().await;
    /// let late = inserts.execute("Ada").await.unwrap_err();
    /// assert!(!late.may_have_run());
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn drain(&self) -> Drain<'_> {
        Drain::new(&*self.handle.shared)
    }
}

impl<T, O, E, G> Clone for Executor<T, O, E, G> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<T, O, E, G> Drop for Handle<T, O, E, G> {
    fn drop(&mut self) {
        self.shared.driving.forsake();
    }
}

impl<T, O, E, G> fmt::Debug for Executor<T, O, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waiting, running) = {
            let values = self.handle.shared.work();
            (values.queue.waiting(), values.queue.running())
        };
        f.debug_struct("Executor")
            .field("waiting", &waiting)
            .field("running", &running)
            .finish_non_exhaustive()
    }
}
