use std::fmt;
use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;
use foldhash::fast::RandomState;
use forebay_core::{Load, LoadResult};

use crate::singleflight::Singleflight;
use crate::work::Work;
use crate::work::handle::{Borrowed, Staged};

/// A loader in front of which concurrent loads of one key become one.
///
/// Made by [`Singleflight::layer`] and [`Builder::layer`](crate::Builder::layer). It is a
/// [`Load`] itself, so stages nest:
///
/// * Loads run in place, in the task of the call that leads.
/// * An error of the stage below is passed through unchanged; this one adds
///   [`Panicked`](forebay_core::LoadError::Panicked),
///   [`Abandoned`](forebay_core::LoadError::Abandoned),
///   [`TimedOut`](forebay_core::LoadError::TimedOut),
///   [`Rejected`](forebay_core::LoadError::Rejected),
///   [`Closed`](forebay_core::LoadError::Closed) and
///   [`Cycle`](forebay_core::LoadError::Cycle).
/// * [`clear`](Load::clear) clears the stage below and then forgets the flight of the key, so a load
///   that starts afterwards never gets an answer from before.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_core::{Load, load_fn};
/// use forebay_singleflight::Singleflight;
///
/// let users = load_fn(|id: &u64| {
///     let user = format!("user {id}");
///     async move { Ok::<_, Infallible>(Some(user)) }
/// });
/// let users = Singleflight::layer(users);
///
/// let user = futures::executor::block_on(users.load(&7));
/// assert_eq!(user, Ok(Some("user 7".to_owned())));
/// assert_eq!(users.group().stats().leads, 1);
///
/// // The stage below, as if nobody else asked.
/// let user = futures::executor::block_on(users.inner().load(&8));
/// assert_eq!(user, Ok(Some("user 8".to_owned())));
/// ```
pub struct Coalesced<L, K, V, E, S = RandomState> {
    group: Singleflight<K, Option<V>, E, S>,
    inner: L,
}

impl<L, K, V, E, S> Coalesced<L, K, V, E, S> {
    pub(crate) const fn new(group: Singleflight<K, Option<V>, E, S>, inner: L) -> Self {
        Self { group, inner }
    }

    /// Returns the group that joins the loads.
    ///
    /// # Examples
    ///
    /// See [`Coalesced`].
    #[must_use]
    pub const fn group(&self) -> &Singleflight<K, Option<V>, E, S> {
        &self.group
    }

    /// Returns the stage below.
    ///
    /// # Examples
    ///
    /// See [`Coalesced`].
    #[must_use]
    pub const fn inner(&self) -> &L {
        &self.inner
    }
}

impl<Q, L, K, V, E, S> Load<Q> for Coalesced<L, K, V, E, S>
where
    Q: Equivalent<K> + Hash + Sync + ToOwned<Owned = K> + ?Sized,
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
    L: Load<Q, Value = V, Error = E> + Sync,
{
    type Value = V;
    type Error = E;

    fn load(&self, key: &Q) -> impl Future<Output = LoadResult<V, E>> + Send {
        let handle = Borrowed {
            group: self.group.group(),
            key,
        };
        Work::<_, Staged, _, _>::new(handle, || self.inner.load(key))
    }

    fn clear(&self, key: &Q) {
        self.inner.clear(key);
        self.group.forget(key);
    }

    fn clear_all(&self) {
        self.inner.clear_all();
        self.group.forget_all();
    }
}

impl<L: Clone, K, V, E, S> Clone for Coalesced<L, K, V, E, S> {
    /// Clones the stage below; the group is shared.
    fn clone(&self) -> Self {
        Self {
            group: self.group.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<L, K, V, E, S> fmt::Debug for Coalesced<L, K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalesced")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
