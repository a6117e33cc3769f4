//! All that a store asks of the outside, so that a simulated one can take its place.

use std::io;
use std::path::Path;

/// A file system, a source of randomness, and locks. Every call may fail with any error, and an
/// interrupted one is made again by whoever called.
pub(crate) trait Io: Send + Sync + 'static {
    type File: Send + Sync + 'static;

    /// Opens a file that is there, to read and to write.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Creates a file that is not there; fails with `AlreadyExists` where something is.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Self::File>;

    fn stat_path(&self, path: &Path) -> io::Result<Stat>;

    fn stat(&self, file: &Self::File) -> io::Result<Stat>;

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in the directory of `path` durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Reads up to as many bytes as there is room for; none at the end of the file.
    fn read_at(&self, file: &Self::File, bytes: &mut [u8], at: u64) -> io::Result<usize>;

    fn write_at(&self, file: &Self::File, bytes: &[u8], at: u64) -> io::Result<usize>;

    /// Makes what was written, and the length, durable.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    fn set_len(&self, file: &Self::File, len: u64) -> io::Result<()>;

    /// Gives `file` the mode and, as far as that is allowed, the owner of another one.
    fn copy_rights(&self, file: &Self::File, from: &Stat) -> io::Result<()>;

    /// Waits for the lock on `file`, which every opening of it has apart.
    fn lock(&self, file: &Self::File) -> io::Result<()>;

    /// Takes the lock if it is free; returns whether it was.
    fn try_lock(&self, file: &Self::File) -> io::Result<bool>;

    fn unlock(&self, file: &Self::File) -> io::Result<()>;

    /// Waits for the first place in the line of those processes that want the lock. It guards
    /// nothing: whoever fails to get it, or loses it, may take the lock all the same.
    fn line_up(&self, _file: &Self::File) -> io::Result<()> {
        Ok(())
    }

    /// Takes the first place if nobody has it; returns whether that was so.
    fn try_line_up(&self, _file: &Self::File) -> io::Result<bool> {
        Ok(true)
    }

    fn leave_line(&self, _file: &Self::File) {}

    /// Returns what the file system of `file` is called if locks on it may not reach every writer.
    fn remote(&self, file: &Self::File) -> io::Result<Option<&'static str>>;

    fn random(&self) -> [u8; 16];
}

/// Device and inode: which file it is, whatever its name.
pub(crate) type Identity = (u64, u64);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stat {
    pub(crate) identity: Identity,
    pub(crate) len: u64,
    pub(crate) links: u64,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    pub(crate) is_file: bool,
}

/// Makes a call until it is not interrupted.
pub(crate) fn retried<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads from `at` to the end of the file, appending to `bytes`.
pub(crate) fn read_rest<I: Io>(
    io: &I,
    file: &I::File,
    at: u64,
    len: u64,
    bytes: &mut Vec<u8>,
) -> io::Result<()> {
    let start = bytes.len();
    let more = len.saturating_sub(at) as usize;
    if bytes.is_empty() {
        // Zeros that the system gives need not be written first.
        *bytes = vec![0; more];
    } else {
        bytes.resize(start + more, 0);
    }
    let mut read = start;
    while read < bytes.len() {
        let offset = at + (read - start) as u64;
        let count = retried(|| io.read_at(file, &mut bytes[read..], offset))?;
        if count == 0 {
            break;
        }
        read += count;
    }
    bytes.truncate(read);
    Ok(())
}

/// Reads as many bytes as there is room for, unless the file ends before; returns how many.
pub(crate) fn read_into<I: Io>(
    io: &I,
    file: &I::File,
    at: u64,
    bytes: &mut [u8],
) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        let count = retried(|| io.read_at(file, rest, at + read as u64))?;
        if count == 0 {
            break;
        }
        read += count;
    }
    Ok(read)
}

/// Writes all of `bytes`, in one call unless the system does not take them in one.
pub(crate) fn write_all<I: Io>(io: &I, file: &I::File, bytes: &[u8], at: u64) -> io::Result<()> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        let count = retried(|| io.write_at(file, rest, at + written as u64))?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        written += count;
    }
    Ok(())
}
