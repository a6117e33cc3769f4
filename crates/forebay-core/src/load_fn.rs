use std::fmt;

use crate::{Load, LoadError, LoadResult};

/// Makes a [`Load`] of a closure.
///
/// The closure gives the backend's own `Result<Option<V>, E>`; its future must not borrow the key,
/// so copy or clone what it needs. The closure is called by `load` itself, and only its future waits
/// for the first poll: put what costs something into the future.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use forebay_core::{Load, load_fn};
///
/// let lengths = load_fn(|key: &String| {
///     let length = key.len();
///     async move { Ok::<_, io::Error>(Some(length)) }
/// });
///
/// let length = futures::executor::block_on(lengths.load(&"forebay".to_owned()));
/// assert_eq!(length.unwrap(), Some(7));
/// ```
pub const fn load_fn<F>(f: F) -> LoadFn<F> {
    LoadFn { f }
}

/// A closure as a [`Load`], made by [`load_fn`].
#[derive(Clone, Copy)]
pub struct LoadFn<F> {
    f: F,
}

impl<K, V, E, F, Fut> Load<K> for LoadFn<F>
where
    K: ?Sized,
    V: Send,
    E: Send + Sync,
    F: Fn(&K) -> Fut,
    Fut: Future<Output = Result<Option<V>, E>> + Send,
{
    type Value = V;
    type Error = E;

    fn load(&self, key: &K) -> impl Future<Output = LoadResult<V, E>> + Send {
        let answer = (self.f)(key);
        async { answer.await.map_err(LoadError::from) }
    }
}

impl<F> fmt::Debug for LoadFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadFn").finish_non_exhaustive()
    }
}
