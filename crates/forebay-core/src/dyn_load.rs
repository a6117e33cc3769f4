use std::fmt;
use std::pin::Pin;

use crate::{Load, LoadResult};

/// A future behind a pointer, as object-safe traits return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe twin of [`Load`], for loaders that are chosen at run time.
///
/// Every [`Load`] is a `DynLoad`, and a `dyn DynLoad` is a [`Load`] again: each load through it
/// costs one allocation. Call the methods of [`Load`] on it, and implement [`Load`] rather than
/// this.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use forebay_core::{DynLoad, Load, load_fn};
///
/// type Lengths = dyn DynLoad<str, Value = usize, Error = Infallible> + Send + Sync;
///
/// let lengths: Arc<Lengths> = Arc::new(load_fn(|key: &str| {
///     let length = key.len();
///     async move { Ok::<_, Infallible>(Some(length)) }
/// }));
///
/// assert_eq!(futures::executor::block_on(lengths.load("abc")), Ok(Some(3)));
/// ```
pub trait DynLoad<K: ?Sized> {
    /// See [`Load::Value`].
    type Value: Send;

    /// See [`Load::Error`].
    type Error: Send + Sync;

    /// See [`Load::load`].
    ///
    /// # Errors
    ///
    /// As [`Load::load`].
    ///
    /// # Cancel safety
    ///
    /// As [`Load::load`].
    fn load_dyn<'a>(&'a self, key: &'a K) -> BoxFuture<'a, LoadResult<Self::Value, Self::Error>>;

    /// See [`Load::load_many`].
    ///
    /// # Errors
    ///
    /// As [`Load::load_many`].
    ///
    /// # Cancel safety
    ///
    /// As [`Load::load_many`].
    fn load_many_dyn<'a>(
        &'a self,
        keys: Vec<&'a K>,
    ) -> BoxFuture<'a, Vec<LoadResult<Self::Value, Self::Error>>>;

    /// See [`Load::clear`].
    fn clear_dyn(&self, key: &K);

    /// See [`Load::clear_all`].
    fn clear_all_dyn(&self);
}

impl<K: ?Sized, L: Load<K>> DynLoad<K> for L {
    type Value = L::Value;
    type Error = L::Error;

    fn load_dyn<'a>(&'a self, key: &'a K) -> BoxFuture<'a, LoadResult<Self::Value, Self::Error>> {
        Box::pin(self.load(key))
    }

    fn load_many_dyn<'a>(
        &'a self,
        keys: Vec<&'a K>,
    ) -> BoxFuture<'a, Vec<LoadResult<Self::Value, Self::Error>>> {
        Box::pin(self.load_many(keys))
    }

    fn clear_dyn(&self, key: &K) {
        self.clear(key);
    }

    fn clear_all_dyn(&self) {
        self.clear_all();
    }
}

impl<K, V, E> Load<K> for dyn DynLoad<K, Value = V, Error = E> + Send + Sync + '_
where
    K: Sync + ?Sized,
    V: Send,
    E: Send + Sync,
{
    type Value = V;
    type Error = E;

    async fn load(&self, key: &K) -> LoadResult<V, E> {
        self.load_dyn(key).await
    }

    fn load_many<'a, I>(&'a self, keys: I) -> impl Future<Output = Vec<LoadResult<V, E>>> + Send
    where
        I: IntoIterator<Item = &'a K>,
        K: 'a,
    {
        self.load_many_dyn(keys.into_iter().collect())
    }

    fn clear(&self, key: &K) {
        self.clear_dyn(key);
    }

    fn clear_all(&self) {
        self.clear_all_dyn();
    }
}

impl<K: ?Sized, V, E> fmt::Debug for dyn DynLoad<K, Value = V, Error = E> + Send + Sync + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynLoad").finish_non_exhaustive()
    }
}
