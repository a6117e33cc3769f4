//! What the cache of a batcher knows, and what is done about it.

use std::hash::Hash;

use forebay_core::LoadResult;

use crate::batcher::Batcher;

impl<K, V, E, G> Batcher<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    /// Returns the answer that the cache has for `key`, if it has one.
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
    /// assert!(users.peek(&7).is_none());
    /// users.load(&7).await?;
    /// assert!(matches!(users.peek(&7), Some(Ok(Some(_)))));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<LoadResult<V, E>> {
        self.shared.peek(key)
    }

    /// Puts a value into the cache unless it has one for this key; returns whether it was put in.
    ///
    /// Later loads get it. A call in flight for the key goes on, answers those who wait for it, and
    /// does not replace the value. `false` as well where there is no cache.
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
    /// // It came with another query.
    /// assert!(users.prime(7, Some("Ada".to_owned())));
    /// assert!(!users.prime(7, Some("Grace".to_owned())));
    /// assert_eq!(users.load(&7).await?.as_deref(), Some("Ada"));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn prime(&self, key: K, value: Option<V>) -> bool {
        self.shared.prime(key, value)
    }

    /// Puts a value into the cache in place of the one that it has, in one step: no load in between
    /// finds neither. Without a cache it is a [`clear`](Batcher::clear).
    ///
    /// A call in flight for the key goes on, answers those who wait for it, and does not replace the
    /// value.
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
    /// // UPDATE users SET name = 'Ada' WHERE id = 7
    /// users.replace(7, Some("Ada".to_owned()));
    /// assert_eq!(users.load(&7).await?.as_deref(), Some("Ada"));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn replace(&self, key: K, value: Option<V>) {
        self.shared.replace(key, value);
    }

    /// Forgets the answer of `key`: a load that starts after this never gets one from before.
    ///
    /// A call in flight for the key goes on and answers those who wait for it.
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
    /// users.clear(&7);
    /// users.load(&7).await?;
    /// assert_eq!(users.stats().calls, 2);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn clear(&self, key: &K) {
        self.shared.clear(key);
    }

    /// Does for all keys what [`clear`](Batcher::clear) does for one.
    ///
    /// # Examples
    ///
    /// As for [`clear`](Batcher::clear).
    pub fn clear_all(&self) {
        self.shared.clear_all();
    }
}
