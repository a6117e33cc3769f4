//! The orderly end of a batcher.

use std::hash::Hash;

use crate::batcher::Batcher;
use crate::drain::Drain;

impl<K, V, E, G> Batcher<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    /// Takes no further loads: they fail with
    /// [`Closed`](forebay_core::LoadError::Closed). What waits is let go.
    ///
    /// What is cached is still given.
    ///
    /// # Examples
    ///
    /// See [`drain`](Batcher::drain).
    pub fn close(&self) {
        self.shared.close();
    }

    /// Waits until no key waits and no call is in flight; loads that come meanwhile count.
    ///
    /// With [`close`](Batcher::close) before it, this is a graceful shutdown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/users.rs"));
    /// use forebay_batch::Batcher;
    /// use forebay_core::LoadError;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # futures::executor::block_on(async {
    /// let users = Batcher::builder(Users).inline().build()?;
    /// users.close();
    /// users.drain().await;
    /// assert!(matches!(users.load(&7).await, Err(LoadError::Closed)));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn drain(&self) -> Drain<'_> {
        Drain::new(&*self.shared)
    }
}
