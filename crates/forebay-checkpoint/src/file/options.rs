use std::path::Path;
use std::time::Duration;

use forebay_core::LogId;

use crate::error::CheckpointError;
use crate::file::engine::Settings;
use crate::file::queue::Pace;
use crate::file::store::FileStore;

/// When what was committed is durable.
///
/// A batch that several handles share is as durable as the strictest of them wants it. Claims are
/// durable before they are given, whatever is set, so that no two have one epoch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Durability {
    /// Before it is acknowledged, or seen by anybody. It outlasts a loss of power.
    #[default]
    Sync,
    /// At most so long after it was acknowledged. Until then it outlasts the process, and may be
    /// seen, but not a loss of power.
    Interval(Duration),
    /// When the system likes, or somebody calls [`flush`](FileStore::flush). It outlasts the
    /// process.
    Os,
}

/// What is done with a file that is damaged where it was durable.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnCorrupt {
    /// Nothing is read and nothing is written: every call fails with
    /// [`CheckpointError::Corrupt`].
    #[default]
    Refuse,
    /// What can be read takes its place, and the damaged file is kept beside it, with `.damaged`
    /// in its name. What stood in the damage alone is gone, so keys may be behind what was
    /// acknowledged, and never ahead of it.
    Salvage,
}

/// How a file is opened.
///
/// Where a process opens one file several times, each handle has its own durability and lock timeout;
/// of the rest, what the first one was opened with holds for all.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_checkpoint::{Durability, FileStore};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("offsets");
/// let store = FileStore::options()
///     .durability(Durability::Interval(Duration::from_millis(100)))
///     .lock_timeout(Some(Duration::from_secs(5)))
///     .open(path)?;
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) durability: Durability,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) queue_len_max: usize,
    pub(crate) look_every: Option<Duration>,
    pub(crate) settings: Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            lock_timeout: Some(Duration::from_secs(30)),
            queue_len_max: 65_536,
            look_every: Some(Duration::from_millis(50)),
            settings: Settings::default(),
        }
    }
}

impl Options {
    /// Sets when what this handle commits is durable; [`Durability::Sync`] unless it is set.
    ///
    /// # Examples
    ///
    /// See [`Options`].
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how long a call waits while another process has the lock; half a minute unless it is
    /// set. With `None` it waits for as long as that takes.
    ///
    /// # Examples
    ///
    /// See [`Options`].
    #[must_use]
    pub const fn lock_timeout(mut self, lock_timeout: Option<Duration>) -> Self {
        self.lock_timeout = lock_timeout;
        self
    }

    /// Sets how many calls may wait to be written; 65,536 unless it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    ///
    /// let options = FileStore::options().queue_len_max(1_000);
    /// # drop(options);
    /// ```
    #[must_use]
    pub const fn queue_len_max(mut self, queue_len_max: usize) -> Self {
        self.queue_len_max = if queue_len_max == 0 { 1 } else { queue_len_max };
        self
    }

    /// Sets how often is looked, while somebody watches a key, whether another process has
    /// written; 50 milliseconds unless it is set. With `None` a watch sees what others write only
    /// when this process writes or loads anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_checkpoint::FileStore;
    ///
    /// // Nobody else writes, so nobody need look.
    /// let alone = FileStore::options().look_every(None);
    /// let eager = FileStore::options().look_every(Some(Duration::from_millis(1)));
    /// # drop((alone, eager));
    /// ```
    #[must_use]
    pub const fn look_every(mut self, look_every: Option<Duration>) -> Self {
        self.look_every = look_every;
        self
    }

    /// Sets the permissions of a file that is created; only its owner's unless they are set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::fs::PermissionsExt;
    ///
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// let store = FileStore::options().mode(0o640).open(&path)?;
    /// let at = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
    /// store.commit_blocking(&ResumeKey::from_bytes([7; 32]), at)?;
    /// assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    #[must_use]
    pub const fn mode(mut self, mode: u32) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Sets from which length a file is replaced by a shorter one, if it is also four times as long
    /// as what its keys take; 256 KiB unless it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    ///
    /// let frugal = FileStore::options().compact_from(64 << 10);
    /// # drop(frugal);
    /// ```
    #[must_use]
    pub const fn compact_from(mut self, bytes: u64) -> Self {
        self.settings.compact_from = bytes;
        self
    }

    /// Allows file systems that are not local, on which a lock may not reach every writer. Then
    /// let one process alone write.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    ///
    /// let options = FileStore::options().allow_remote(true);
    /// # drop(options);
    /// ```
    #[must_use]
    pub const fn allow_remote(mut self, allow: bool) -> Self {
        self.settings.remote = allow;
        self
    }

    /// Sets what is done with a damaged file; it is refused unless that is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{CheckpointError, FileStore, OnCorrupt};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// std::fs::write(&path, [0; 4096]).unwrap();
    /// let refused = FileStore::open(&path);
    /// assert!(matches!(refused, Err(CheckpointError::NotAStore { .. })));
    ///
    /// let salvaged = FileStore::options().on_corrupt(OnCorrupt::Salvage).open(&path)?;
    /// assert!(salvaged.rows().is_empty());
    /// // What was there is kept beside it.
    /// assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    /// # Ok::<(), CheckpointError>(())
    /// ```
    #[must_use]
    pub const fn on_corrupt(mut self, on_corrupt: OnCorrupt) -> Self {
        self.settings.salvage = matches!(on_corrupt, OnCorrupt::Salvage);
        self
    }

    /// Takes over the JSON file of an older client, if there is one at the path, as positions of
    /// `log`; without that it is refused as [`JsonV1`](CheckpointError::JsonV1).
    ///
    /// It happens while the file is opened, under the lock of older clients, `<path>.lock`, as well
    /// as that of this store. The JSON is kept as `<path>.v1-backup`, or with a number behind that
    /// where another file has the name. Whatever interrupts it, either the JSON is there or all of
    /// it was taken over. Older clients refuse the file afterwards; `export_json_v1` writes one for
    /// them. Where the path is a symbolic link, its target is taken over, and the lock file is the
    /// one beside the target.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let older = format!(
    ///     r#"{{"version": 1, "key_format_version": 1, "checkpoints": {{"{key}":
    ///         {{"last_committed_sequence": 42, "last_event_id": null}}}}}}"#
    /// );
    /// std::fs::write(&path, older).unwrap();
    ///
    /// let store = FileStore::options().import_json_v1(LogId::new(1)).open(&path)?;
    /// let stored = store.load_now(&key).map(|checkpoint| checkpoint.sequence());
    /// assert_eq!(stored, Some(Sequence::new(42)));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    #[must_use]
    pub const fn import_json_v1(mut self, log: LogId) -> Self {
        self.settings.import = Some(log);
        self
    }

    /// Opens the store in the file at `path`, as [`FileStore::open`] does, waiting in the calling
    /// thread.
    ///
    /// # Errors
    ///
    /// As [`FileStore::open`].
    ///
    /// # Examples
    ///
    /// See [`Options`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<FileStore, CheckpointError> {
        FileStore::open_with(path.as_ref(), self)
    }
}

impl Durability {
    pub(crate) const fn pace(self) -> Pace {
        match self {
            Self::Sync => Pace::BeforeAnswer,
            Self::Interval(within) => Pace::Within(within),
            Self::Os => Pace::Whenever,
        }
    }
}
