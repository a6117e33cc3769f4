use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;

use crate::Hash;

/// Where verified chunks wait until they are installed, and for the next session after a crash.
///
/// The session decides how much may be in it; see
/// [`SessionConfig::spool_bytes_max`](crate::SessionConfig::spool_bytes_max). A spool may forget:
/// what it does not give back is fetched again.
pub trait Spool: Send {
    /// Keeps a chunk. One with this name may be there already, and is the same then.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if it cannot be kept. The session fails with it.
    fn put(&mut self, hash: Hash, bytes: Bytes) -> Result<(), SpoolError>;

    /// Returns a chunk, unless it is not there.
    fn get(&self, hash: &Hash) -> Option<Bytes>;

    /// Forgets a chunk, if it is there.
    fn remove(&mut self, hash: &Hash);

    /// Returns whether the bytes are those that were put in, for certain.
    ///
    /// Files rot, so chunks out of them are verified when they are read. Memory does not.
    fn is_memory(&self) -> bool {
        false
    }
}

/// Keeps chunks in memory. It can be handed from one session to the next.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use forebay_snapshot::{Hash, MemorySpool, Spool};
///
/// let mut spool = MemorySpool::new();
/// let hash = Hash::of(b"a chunk");
/// spool.put(hash, Bytes::from_static(b"a chunk"))?;
/// assert_eq!(spool.get(&hash).unwrap(), "a chunk");
/// # Ok::<(), forebay_snapshot::SpoolError>(())
/// ```
#[derive(Clone, Default)]
pub struct MemorySpool {
    chunks: BTreeMap<Hash, Bytes>,
}

impl MemorySpool {
    /// Creates a spool that is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::MemorySpool;
    ///
    /// assert!(MemorySpool::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            chunks: BTreeMap::new(),
        }
    }

    /// Returns how many chunks are in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Hash, MemorySpool, Spool};
    ///
    /// let mut spool = MemorySpool::new();
    /// spool.put(Hash::of(b"a chunk"), "a chunk".into())?;
    /// assert_eq!(spool.len(), 1);
    /// # Ok::<(), forebay_snapshot::SpoolError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Returns whether nothing is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Hash, MemorySpool, Spool};
    ///
    /// let mut spool = MemorySpool::new();
    /// let hash = Hash::of(b"a chunk");
    /// spool.put(hash, "a chunk".into())?;
    /// spool.remove(&hash);
    /// assert!(spool.is_empty());
    /// # Ok::<(), forebay_snapshot::SpoolError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

impl Spool for MemorySpool {
    fn put(&mut self, hash: Hash, bytes: Bytes) -> Result<(), SpoolError> {
        self.chunks.insert(hash, bytes);
        Ok(())
    }

    fn get(&self, hash: &Hash) -> Option<Bytes> {
        self.chunks.get(hash).cloned()
    }

    fn remove(&mut self, hash: &Hash) {
        self.chunks.remove(hash);
    }

    fn is_memory(&self) -> bool {
        true
    }
}

/// It shows how much is in it, not what.
impl fmt::Debug for MemorySpool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySpool")
            .field("len", &self.chunks.len())
            .finish_non_exhaustive()
    }
}

/// A spool that did not keep a chunk, such as a file on a disk that is full.
#[derive(Debug)]
pub struct SpoolError {
    source: io::Error,
}

impl SpoolError {
    /// Creates the error from its cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    /// use std::io;
    ///
    /// use forebay_snapshot::SpoolError;
    ///
    /// let error = SpoolError::new(io::ErrorKind::StorageFull.into());
    /// assert!(error.source().is_some());
    /// ```
    #[must_use]
    pub const fn new(source: io::Error) -> Self {
        Self { source }
    }
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chunk was not kept")
    }
}

impl Error for SpoolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
