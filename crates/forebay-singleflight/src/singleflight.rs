#![cfg_attr(doctest, doc = include_str!("../README.md"))]

use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use equivalent::Equivalent;
use foldhash::fast::RandomState;

use crate::builder::Builder;
use crate::coalesced::Coalesced;
use crate::group::Group;
use crate::stats::Stats;
use crate::work::Work;
use crate::work::handle::{Borrowed, Fallible, Owned, Value};

/// A group of calls in which concurrent loads of one key become one.
///
/// Cloning shares the group. `V` is cloned for each follower, and not at all for a call that is
/// alone: put large values into an `Arc`. `E` is the backend's error where loads can fail.
///
/// # Examples
///
/// ```
/// use forebay_singleflight::Singleflight;
///
/// let group = Singleflight::<String, usize>::new();
/// let length = futures::executor::block_on(group.work("forebay", || async { 7 }));
/// assert_eq!(length, Ok(7));
/// ```
pub struct Singleflight<K, V, E = Infallible, S = RandomState> {
    pub(crate) group: Arc<Group<K, V, E, S>>,
}

impl<K: Eq + Hash, V, E> Singleflight<K, V, E> {
    /// Creates a group with the default settings.
    ///
    /// # Examples
    ///
    /// See [`Singleflight`].
    #[must_use]
    pub fn new() -> Self {
        Builder::new().build_unchecked()
    }

    /// Begins a group with settings of its own.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn builder() -> Builder<K, V, E> {
        Builder::new()
    }
}

impl<K: Eq + Hash, V, E> Singleflight<K, Option<V>, E> {
    /// Puts a group with the default settings in front of `inner`.
    ///
    /// [`Builder::layer`] does it with other settings, and the example is at [`Coalesced`].
    ///
    /// # Examples
    ///
    /// See [`Coalesced`].
    #[must_use]
    pub fn layer<L>(inner: L) -> Coalesced<L, K, V, E> {
        Coalesced::new(Self::new(), inner)
    }
}

impl<K, V, E, S> Singleflight<K, V, E, S> {
    pub(crate) const fn from_group(group: Arc<Group<K, V, E, S>>) -> Self {
        Self { group }
    }

    pub(crate) fn group(&self) -> &Group<K, V, E, S> {
        &self.group
    }

    /// Returns how many flights there are now.
    ///
    /// Flights that were forgotten count as long as somebody follows them.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let claim = group.claim(&7);
    /// assert_eq!((group.in_flight(), group.followers(&7)), (1, Some(0)));
    /// drop(claim);
    /// assert_eq!((group.in_flight(), group.followers(&7)), (0, None));
    /// ```
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.group.in_flight()
    }

    /// Makes later calls of every key load anew, see [`forget`](Singleflight::forget); returns how
    /// many flights that was.
    ///
    /// For a write whose keys are not known, or a failover of the backend. It takes the locks one
    /// after another, so a flight that begins meanwhile may be hidden or not.
    ///
    /// # Examples
    ///
    /// See [`forget`](Singleflight::forget).
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn forget_all(&self) -> usize {
        self.group.forget_all()
    }

    /// Returns what the group has done so far.
    ///
    /// # Examples
    ///
    /// See [`work`](Singleflight::work).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.group.stats()
    }
}

impl<K, V, E, S> Singleflight<K, V, E, S>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Gives the value of `key`: by `load`, or by the load of another call that is under way.
    ///
    /// The closure is called by leaders only, and its future runs in the caller's task, so both may
    /// borrow. The key is cloned only by a call that leads.
    ///
    /// # Errors
    ///
    /// [`Panicked`](forebay_core::LoadError::Panicked) for the followers of a load that panicked;
    /// the leader gets the panic. [`Abandoned`](forebay_core::LoadError::Abandoned),
    /// [`TimedOut`](forebay_core::LoadError::TimedOut) and
    /// [`Rejected`](forebay_core::LoadError::Rejected) only with the settings that bring them,
    /// [`Closed`](forebay_core::LoadError::Closed) if a bound on waiting has no runtime,
    /// [`Cycle`](forebay_core::LoadError::Cycle) if a load waits for itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future of a follower costs nobody else anything. If it was the leader, its load
    /// is dropped and the youngest follower loads in its stead.
    ///
    /// # Examples
    ///
    /// Three requests and one load:
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use std::future::poll_fn;
    /// use std::task::Poll;
    ///
    /// use forebay_singleflight::Singleflight;
    ///
    /// /// Lets others run, as a database would.
    /// async fn step_back() {
    ///     let mut stepped = false;
    ///     poll_fn(|cx| {
    ///         cx.waker().wake_by_ref();
    ///         if std::mem::replace(&mut stepped, true) { Poll::Ready(()) } else { Poll::Pending }
    ///     })
    ///     .await;
    /// }
    ///
    /// let group = Singleflight::<u64, u64>::new();
    /// let load = || async {
    ///     step_back().await;
    ///     49
    /// };
    /// let (a, b, c) =
    ///     futures::join!(group.work(&7, load), group.work(&7, load), group.work(&7, load));
    /// assert_eq!((a, b, c), (Ok(49), Ok(49), Ok(49)));
    /// assert_eq!((group.stats().leads, group.stats().joins), (1, 2));
    /// # });
    /// ```
    pub fn work<'g, 'k, Q, F, Fut>(
        &'g self,
        key: &'k Q,
        load: F,
    ) -> Work<Borrowed<'g, 'k, K, V, E, S, Q>, Value, F, Fut>
    where
        Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        Work::new(
            Borrowed {
                group: &self.group,
                key,
            },
            load,
        )
    }

    /// Does what [`work`](Singleflight::work) does, with a load that can fail.
    ///
    /// # Errors
    ///
    /// As [`work`](Singleflight::work), and [`Backend`](forebay_core::LoadError::Backend) with the
    /// load's error, which all callers share.
    ///
    /// # Cancel safety
    ///
    /// As [`work`](Singleflight::work).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String, io::Error>::new();
    /// let call = group.try_work(&7, || async { Err(io::ErrorKind::NotConnected.into()) });
    /// let error = futures::executor::block_on(call).unwrap_err();
    /// assert_eq!(error.backend().unwrap().kind(), io::ErrorKind::NotConnected);
    /// ```
    pub fn try_work<'g, 'k, Q, F, Fut>(
        &'g self,
        key: &'k Q,
        load: F,
    ) -> Work<Borrowed<'g, 'k, K, V, E, S, Q>, Fallible, F, Fut>
    where
        Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        Work::new(
            Borrowed {
                group: &self.group,
                key,
            },
            load,
        )
    }

    /// Does what [`work`](Singleflight::work) does, with a future that borrows nothing of the
    /// group, so that it can be spawned.
    ///
    /// # Errors
    ///
    /// As [`work`](Singleflight::work).
    ///
    /// # Cancel safety
    ///
    /// As [`work`](Singleflight::work).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, u64>::new();
    /// let call = group.work_owned(7, || async { 49 });
    /// // It can be spawned, as it borrows nothing.
    /// let answer = std::thread::spawn(|| futures::executor::block_on(call)).join().unwrap();
    /// assert_eq!(answer, Ok(49));
    /// ```
    pub fn work_owned<F, Fut>(&self, key: K, load: F) -> Work<Owned<K, V, E, S>, Value, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        Work::new(self.owned(key), load)
    }

    /// Does what [`try_work`](Singleflight::try_work) does, with a future that borrows nothing of
    /// the group, so that it can be spawned.
    ///
    /// # Errors
    ///
    /// As [`try_work`](Singleflight::try_work).
    ///
    /// # Cancel safety
    ///
    /// As [`work`](Singleflight::work).
    ///
    /// # Examples
    ///
    /// See [`work_owned`](Singleflight::work_owned).
    pub fn try_work_owned<F, Fut>(
        &self,
        key: K,
        load: F,
    ) -> Work<Owned<K, V, E, S>, Fallible, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        Work::new(self.owned(key), load)
    }

    /// Makes later calls of `key` load anew; returns whether there was a flight to forget.
    ///
    /// Calls that have joined keep the old flight and get its answer, so two loads of the key may
    /// overlap from here on. Call it after a write, and a call that starts afterwards never gets an
    /// answer from before.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let _claim = group.claim(&7);
    /// assert!(group.forget(&7));
    /// let after_a_write = group.claim(&7);
    /// assert!(after_a_write.is_some());
    /// assert_eq!(group.forget_all(), 1);
    /// ```
    pub fn forget<Q>(&self, key: &Q) -> bool
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.group.forget(key, true)
    }

    /// Does what [`forget`](Singleflight::forget) does, unless somebody follows the flight. Returns
    /// whether it did.
    ///
    /// For a leader that has become useless, such as one whose caller is about to leave: where
    /// nobody waits, the next caller need not join it; where somebody does, two loads of the key
    /// would only add to the backend's work.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let (leader, follower) = (group.join(&7), group.join(&7));
    /// assert!(!group.forget_unshared(&7));
    /// # drop((leader, follower));
    /// ```
    pub fn forget_unshared<Q>(&self, key: &Q) -> bool
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.group.forget(key, false)
    }

    /// Returns how many calls follow the flight of `key`, or `None` where there is no flight.
    /// As of this moment: by the time it is read, others may have come or gone.
    ///
    /// # Examples
    ///
    /// See [`in_flight`](Singleflight::in_flight).
    pub fn followers<Q>(&self, key: &Q) -> Option<usize>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.group.followers_of(key)
    }

    pub(crate) fn owned(&self, key: K) -> Owned<K, V, E, S> {
        Owned {
            group: Arc::clone(&self.group),
            key: Some(key),
        }
    }
}

impl<K, V, E, S> Clone for Singleflight<K, V, E, S> {
    fn clone(&self) -> Self {
        Self {
            group: Arc::clone(&self.group),
        }
    }
}

impl<K: Eq + Hash, V, E> Default for Singleflight<K, V, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V, E, S> fmt::Debug for Singleflight<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Singleflight")
            .field("name", &self.group.name)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
