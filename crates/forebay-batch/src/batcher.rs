pub(crate) mod builder;
pub(crate) mod call;
pub(crate) mod call_many;
pub(crate) mod loading;
pub(crate) mod loads;
mod asking;
mod ending;
mod halving;
mod hits;
mod remembered;
mod twins;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use forebay_core::{Load, LoadBatch, LoadError, LoadResult};

use crate::batcher::builder::Builder;
use crate::batcher::call::{Ask, Call};
use crate::batcher::call_many::CallMany;
use crate::batcher::loading::Shared;
use crate::policy::Join;
use crate::stats::Stats;

/// Loads of different keys in few calls of the backend.
///
/// Cloning shares the batcher. When the last clone and the last load are dropped, everything ends.
/// `G` is the group of a key where keys may not be mixed, see [`Builder::group_by`].
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_batch::Batcher;
/// use forebay_core::{Answers, LoadBatch};
///
/// struct Users;
///
/// impl LoadBatch<u64> for Users {
///     type Value = String;
///     type Error = Infallible;
///
///     async fn load_batch(
///         &self,
///         ids: &[u64],
///         answers: &mut Answers<'_, u64, String, Infallible>,
///     ) -> Result<(), Infallible> {
///         // SELECT name FROM users WHERE id = ANY(ids)
///         for id in ids {
///             answers.insert(id, format!("user {id} of {}", ids.len()));
///         }
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let users = Batcher::builder(Users).inline().build()?;
/// let three = async { futures::join!(users.load(&1), users.load(&2), users.load(&1)) };
/// let (one, two, again) = futures::executor::block_on(three);
/// assert_eq!(one, Ok(Some("user 1 of 2".to_owned())));
/// assert_eq!(two, Ok(Some("user 2 of 2".to_owned())));
/// assert_eq!(again, one);
/// # Ok(())
/// # }
/// ```
pub struct Batcher<K, V, E, G = ()> {
    shared: Arc<Shared<K, V, E, G>>,
}

impl<K, V, E> Batcher<K, V, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Creates a batcher with the default settings before `backend`.
    ///
    /// Calls run on the tokio runtime of the loads that start them.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # mod example {
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::Batcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub async fn main() {
    /// let users = Batcher::new(Users);
    /// assert_eq!(users.load(&7).await.unwrap().as_deref(), Some("user 7"));
    /// # }
    /// # }
    /// # #[cfg(feature = "tokio")]
    /// # example::main();
    /// ```
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn new<L>(backend: L) -> Self
    where
        L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
    {
        Builder::new(backend).build_unchecked()
    }

    /// Begins a batcher with settings of its own before `backend`.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn builder<L>(backend: L) -> Builder<L, K>
    where
        L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
    {
        Builder::new(backend)
    }
}

impl<K, V, E, G> Batcher<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    pub(crate) const fn from_shared(shared: Arc<Shared<K, V, E, G>>) -> Self {
        Self { shared }
    }

    /// Loads the value of `key`, in one call of the backend with the keys of others.
    ///
    /// A cached answer is given at once. A key that waits already, or is in a call in flight, is
    /// joined as [`Builder::join`] says. The key is cloned when it is the first of its kind.
    ///
    /// # Errors
    ///
    /// [`Backend`](LoadError::Backend) when the call failed before it answered this key, or this key
    /// alone failed; all who asked for it share the error. [`Panicked`](LoadError::Panicked) when
    /// the backend, a hook or the key's own code panicked, [`TimedOut`](LoadError::TimedOut) when
    /// the call took longer than [`Builder::call_timeout`], [`Rejected`](LoadError::Rejected) when
    /// too many keys wait, [`Abandoned`](LoadError::Abandoned) when the runtime that carried out
    /// the call ended, [`Closed`](LoadError::Closed) after [`close`](Batcher::close) and where there
    /// is no runtime, [`Cycle`](LoadError::Cycle) when the backend's call would wait for itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future costs nobody else anything. A key that nobody wants any more is taken
    /// out of a batch that still waits, and a call that nobody waits for is dropped.
    ///
    /// # Examples
    ///
    /// See [`Batcher`].
    pub fn load<'a>(&'a self, key: &'a K) -> Call<'a, K, V, E, G> {
        Call::new(&self.shared, key, self.ask())
    }

    /// Loads the value of `key` as it is from now on: neither the cache nor a call that has begun
    /// before may answer.
    ///
    /// Loads that come later join this one.
    ///
    /// # Errors
    ///
    /// As [`load`](Batcher::load).
    ///
    /// # Cancel safety
    ///
    /// As [`load`](Batcher::load).
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::{Batcher, PerRequest};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).cache(PerRequest::new()).inline().build()?;
    /// users.load(&7).await?;
    /// users.load(&7).await?;
    /// assert_eq!(users.stats().calls, 1);
    /// users.load_fresh(&7).await?;
    /// assert_eq!(users.stats().calls, 2);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn load_fresh<'a>(&'a self, key: &'a K) -> Call<'a, K, V, E, G> {
        Call::new(&self.shared, key, self.ask_fresh())
    }

    /// Loads many keys and returns their results in the order of `keys`, which may hold a key more
    /// than once.
    ///
    /// It costs far less than a load for each: one wake for each call of the backend, and no memory
    /// for each key but its result.
    ///
    /// # Errors
    ///
    /// The future itself does not fail: each key has a result of its own, as of
    /// [`load`](Batcher::load).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the loads of all keys, each as in [`load`](Batcher::load).
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::Batcher;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).inline().build()?;
    /// let found = users.load_many(&[7, 700, 7]).await;
    /// assert_eq!(found[0].as_ref().unwrap().as_deref(), Some("user 7"));
    /// assert!(matches!(found[1], Ok(None)));
    /// assert_eq!((users.stats().calls, users.stats().keys), (1, 2));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn load_many<'a, I>(&'a self, keys: I) -> CallMany<'a, K, V, E, G>
    where
        I: IntoIterator<Item = &'a K>,
    {
        CallMany::new(&self.shared, keys.into_iter().collect(), self.ask())
    }

    /// Loads many keys, all of which have to succeed.
    ///
    /// # Errors
    ///
    /// The first failure in the order of `keys`, with its position.
    ///
    /// # Cancel safety
    ///
    /// As [`load_many`](Batcher::load_many).
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::Batcher;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).max_batch(1).inline().build()?;
    /// assert_eq!(users.try_load_many(&[7, 8]).await.unwrap().len(), 2);
    /// let (position, error) = users.try_load_many(&[7, 0]).await.unwrap_err();
    /// assert_eq!(position, 1);
    /// assert!(error.backend().is_some());
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub async fn try_load_many<'a, I>(
        &'a self,
        keys: I,
    ) -> Result<Vec<Option<V>>, (usize, LoadError<E>)>
    where
        I: IntoIterator<Item = &'a K>,
    {
        let results = self.load_many(keys).await.into_iter().enumerate();
        results
            .map(|(position, result)| result.map_err(|error| (position, error)))
            .collect()
    }

    /// Lets all keys go that wait, without regard to the policy; returns how many they are.
    ///
    /// They leave as soon as calls may start.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::{Batcher, Dispatch};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).dispatch(Dispatch::Manual).inline().build()?;
    /// let (user, dispatched) = futures::join!(users.load(&7), async { users.dispatch() });
    /// assert_eq!(dispatched, 1);
    /// assert_eq!(user?.as_deref(), Some("user 7"));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn dispatch(&self) -> usize {
        self.shared.dispatch()
    }

    /// Returns what the batcher has done so far, and what it is doing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::Batcher;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).inline().build()?;
    /// users.load_many(&[1, 2, 3]).await;
    /// let stats = users.stats();
    /// assert_eq!((stats.calls, stats.keys, stats.waiting), (1, 3, 0));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    fn ask(&self) -> Ask {
        Ask {
            cached: true,
            join: self.shared.own.join,
        }
    }

    fn ask_fresh(&self) -> Ask {
        let join = match self.shared.own.join {
            Join::Off => Join::Off,
            Join::InFlight | Join::SameBatch => Join::SameBatch,
        };
        Ask {
            cached: false,
            join,
        }
    }
}

impl<K, V, E, G> Load<K> for Batcher<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Value = V;
    type Error = E;

    async fn load(&self, key: &K) -> LoadResult<V, E> {
        Self::load(self, key).await
    }

    fn load_many<'a, I>(&'a self, keys: I) -> impl Future<Output = Vec<LoadResult<V, E>>> + Send
    where
        I: IntoIterator<Item = &'a K>,
        K: 'a,
    {
        Self::load_many(self, keys)
    }

    fn clear(&self, key: &K) {
        Self::clear(self, key);
    }

    fn clear_all(&self) {
        Self::clear_all(self);
    }
}

impl<K, V, E, G> Clone for Batcher<K, V, E, G> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K, V, E, G> fmt::Debug for Batcher<K, V, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waiting, running) = self.shared.load_counts();
        f.debug_struct("Batcher")
            .field("waiting", &waiting)
            .field("running", &running)
            .finish_non_exhaustive()
    }
}
