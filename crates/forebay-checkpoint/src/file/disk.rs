//! The real file system.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

#[cfg(target_os = "linux")]
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::fs::{Gid, Uid, fchown, fstatfs};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::file::io::{Io, Stat};

/// Locks are those of `flock`, which belong to an opening of a file. The line in front of them is a
/// lock of `fcntl`, which belongs to a process; on Linux neither knows of the other. Elsewhere they
/// may be one and the same, so there is no line.
pub(crate) struct Disk;

/// The numbers by which Linux tells what is mounted, where that is not on this machine alone.
const REMOTE: [(u64, &str); 9] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "afs"),
    (0x00c3_6400, "ceph"),
    (0x4750_4653, "gpfs"),
];

impl Io for Disk {
    type File = File;

    fn open(&self, path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).open(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        std::fs::metadata(path).map(|metadata| stat_of(&metadata))
    }

    fn stat(&self, file: &File) -> io::Result<Stat> {
        file.metadata().map(|metadata| stat_of(&metadata))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(parent(path))?.sync_all()
    }

    fn read_at(&self, file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        file.read_at(bytes, at)
    }

    fn write_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        file.write_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn copy_rights(&self, file: &File, from: &Stat) -> io::Result<()> {
        let now = self.stat(file)?;
        if now.owner != from.owner {
            let (user, group) = from.owner;
            // Who may not give files away keeps the group at least, or neither.
            let user = Some(Uid::from_raw(user));
            let group = Some(Gid::from_raw(group));
            let _ = fchown(file, user, group).or_else(|_| fchown(file, None, group));
        }
        file.set_permissions(std::fs::Permissions::from_mode(from.mode))
    }

    fn lock(&self, file: &File) -> io::Result<()> {
        file.lock()
    }

    fn try_lock(&self, file: &File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self, file: &File) -> io::Result<()> {
        file.unlock()
    }

    #[cfg(target_os = "linux")]
    fn line_up(&self, file: &File) -> io::Result<()> {
        Ok(fcntl_lock(file, FlockOperation::LockExclusive)?)
    }

    #[cfg(target_os = "linux")]
    fn try_line_up(&self, file: &File) -> io::Result<bool> {
        match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(target_os = "linux")]
    fn leave_line(&self, file: &File) {
        // It ends with the process at the latest.
        let _ = fcntl_lock(file, FlockOperation::Unlock);
    }

    fn remote(&self, file: &File) -> io::Result<Option<&'static str>> {
        let kind = fstatfs(file)?.f_type as u64 & 0xffff_ffff;
        let found = REMOTE.iter().find(|(number, _)| *number == kind);
        Ok(found.map(|(_, name)| *name))
    }

    /// Early in the life of a machine there may be none; a file is then as unlike others as its
    /// time and process are.
    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if getrandom(&mut bytes, GetRandomFlags::NONBLOCK) != Ok(bytes.len()) {
            use std::hash::{BuildHasher, RandomState};
            let (one, other) = (RandomState::new(), RandomState::new());
            let now = std::time::SystemTime::now();
            let words = [one.hash_one((now, std::process::id())), other.hash_one(now)];
            bytes[..8].copy_from_slice(&words[0].to_le_bytes());
            bytes[8..].copy_from_slice(&words[1].to_le_bytes());
        }
        bytes
    }
}

/// Returns the directory that the name of `path` is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn stat_of(metadata: &std::fs::Metadata) -> Stat {
    Stat {
        identity: (metadata.dev(), metadata.ino()),
        len: metadata.len(),
        links: metadata.nlink(),
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
        is_file: metadata.is_file(),
    }
}
