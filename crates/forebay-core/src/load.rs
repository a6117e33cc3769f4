use std::sync::Arc;

use crate::LoadResult;
use crate::join_all::JoinAll;

/// Loads the value of one key.
///
/// Backends implement it, and so does every stage of the read path, so stages nest in any order
/// and can be exchanged for one another.
///
/// # Semantics
///
/// * `Ok(None)` means that there is no such thing. It is an answer, never an error.
/// * The key is taken by reference: a stage clones it only when it must store it.
/// * Nothing happens before the first poll of the future; a stage that joins callers joins them
///   then, in the order of their first polls.
/// * An outer stage passes an inner stage's [`LoadError`](crate::LoadError) through unchanged.
/// * Answers may be shared among callers, so whatever tells tenants or permissions apart belongs
///   in the key.
///
/// # Examples
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
///
/// use forebay_core::{Load, LoadResult};
///
/// struct Table(HashMap<String, u32>);
///
/// impl Load<str> for Table {
///     type Value = u32;
///     type Error = Infallible;
///
///     async fn load(&self, key: &str) -> LoadResult<u32, Infallible> {
///         Ok(self.0.get(key).copied())
///     }
/// }
///
/// let table = Table(HashMap::from([("a".to_owned(), 1)]));
/// let both = futures::executor::block_on(table.load_many(["a", "b"]));
/// assert_eq!(both, [Ok(Some(1)), Ok(None)]);
/// ```
pub trait Load<K: ?Sized> {
    /// What a key stands for. Cheap to clone where stages share it: an `Arc` for large values.
    type Value: Send;

    /// How the backend fails. It is shared in an `Arc`, so it need not be `Clone`.
    type Error: Send + Sync;

    /// Loads the value of `key`.
    ///
    /// # Errors
    ///
    /// [`LoadError::Backend`](crate::LoadError::Backend) when the backend failed; each stage on
    /// the way documents which of the other variants it adds.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time. This call's answer is lost; what happens to a load
    /// that others wait for is the stage's to say, but they still get an answer.
    fn load(&self, key: &K) -> impl Future<Output = LoadResult<Self::Value, Self::Error>> + Send;

    /// Loads many keys at once and returns their results in the order of `keys`.
    ///
    /// The provided method polls one [`load`](Load::load) for each key within the calling task, so
    /// a stage below that batches sees them together. It allocates twice for each key, and polls
    /// again only the loads that were woken.
    ///
    /// # Errors
    ///
    /// The future itself does not fail: each key has a result of its own.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the loads of all keys, each as in [`load`](Load::load).
    fn load_many<'a, I>(
        &'a self,
        keys: I,
    ) -> impl Future<Output = Vec<LoadResult<Self::Value, Self::Error>>> + Send
    where
        I: IntoIterator<Item = &'a K>,
        K: 'a,
    {
        JoinAll::new(keys.into_iter().map(|key| self.load(key)))
    }

    /// Makes every stage from here down to the backend forget what it knows of `key`.
    ///
    /// A load that starts after `clear` has returned never gets an answer that was read before:
    /// call it after a write and the writer reads what it wrote. Loads already under way keep
    /// their answer. A stage clears the stage below first and itself last; a backend that
    /// remembers nothing keeps the provided method, which does nothing.
    fn clear(&self, key: &K) {
        let _ = key;
    }

    /// Does for all keys what [`clear`](Load::clear) does for one.
    fn clear_all(&self) {}
}

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<K: ?Sized, L: Load<K> + ?Sized> Load<K> for $pointer {
            type Value = L::Value;
            type Error = L::Error;

            fn load(
                &self,
                key: &K,
            ) -> impl Future<Output = LoadResult<Self::Value, Self::Error>> + Send {
                (**self).load(key)
            }

            fn load_many<'a, I>(
                &'a self,
                keys: I,
            ) -> impl Future<Output = Vec<LoadResult<Self::Value, Self::Error>>> + Send
            where
                I: IntoIterator<Item = &'a K>,
                K: 'a,
            {
                (**self).load_many(keys)
            }

            fn clear(&self, key: &K) {
                (**self).clear(key);
            }

            fn clear_all(&self) {
                (**self).clear_all();
            }
        }
    )*};
}

forward_to_pointee!(&L, Arc<L>, Box<L>);
