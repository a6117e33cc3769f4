//! What one simulated process sees of the world.

use std::io;
use std::path::Path;
use std::sync::{Arc, MutexGuard};

use crate::file::io::{Io, Stat};
use crate::file::sim::inode::Inode;
use crate::file::sim::{Fault, NameChange, State, World};

pub(crate) struct SimIo {
    pub(super) world: Arc<World>,
    pub(super) process: u32,
}

pub(crate) struct SimFile {
    world: Arc<World>,
    inode: u64,
    opening: u64,
    process: u32,
}

impl SimIo {
    /// What every call begins with. A call that is to stop half way gets a share to do before.
    fn begin(&self) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let hook = {
            let mut state = self.world.state();
            state.expect_alive(self.process)?;
            let call = state.calls;
            state.hooks.remove(&call)
        };
        if let Some(hook) = hook {
            hook();
        }
        let mut state = self.world.state();
        state.expect_alive(self.process)?;
        let call = state.calls;
        state.calls += 1;
        let fault = state.faults.remove(&call);
        Ok((state, fault))
    }

    /// A call that is done whole or not at all; one that dies does either.
    fn whole(&self) -> io::Result<MutexGuard<'_, State>> {
        let (mut state, fault) = self.begin()?;
        match fault {
            None => Ok(state),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    fn die(&self, state: &mut State, fault: Fault) -> io::Error {
        state.dead.insert(self.process);
        state.lost_power |= fault == Fault::PowerLoss;
        let process = self.process;
        state.locks.retain(|_, (_, holder)| *holder != process);
        io::Error::other("died")
    }

    fn file(&self, state: &mut State, inode: u64) -> SimFile {
        SimFile {
            world: Arc::clone(&self.world),
            inode,
            opening: state.fresh(),
            process: self.process,
        }
    }
}

fn stat_of(state: &State, number: u64) -> io::Result<Stat> {
    let inode = state.inodes.get(&number).ok_or(io::ErrorKind::NotFound)?;
    Ok(Stat {
        identity: (1, number),
        len: inode.cached.len() as u64,
        links: 1,
        mode: 0o600,
        owner: (0, 0),
        is_file: true,
    })
}

impl Io for SimIo {
    type File = SimFile;

    fn open(&self, path: &Path) -> io::Result<SimFile> {
        let mut state = self.whole()?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(&mut state, inode))
    }

    fn create(&self, path: &Path, _: u32) -> io::Result<SimFile> {
        let mut state = self.whole()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.fresh();
        state.inodes.insert(inode, Inode::default());
        state.names.insert(path.to_owned(), inode);
        let change = NameChange::Put(path.to_owned(), inode);
        state.name_changes.push(change);
        Ok(self.file(&mut state, inode))
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        let state = self.whole()?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        stat_of(&state, inode)
    }

    fn stat(&self, file: &SimFile) -> io::Result<Stat> {
        stat_of(&*self.whole()?, file.inode)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.whole()?;
        if state.cannot_rename {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let inode = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), inode);
        let change = NameChange::Rename(from.to_owned(), to.to_owned(), inode);
        state.name_changes.push(change);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.whole()?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        let change = NameChange::Remove(path.to_owned());
        state.name_changes.push(change);
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let (mut state, fault) = self.begin()?;
        if state.syncs_lie {
            return Ok(());
        }
        if fault.is_some_and(Fault::is_interruption) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if let Some(fault @ (Fault::Kill | Fault::PowerLoss)) = fault {
            return Err(self.die(&mut state, fault));
        }
        let keeps_all = fault.is_none();
        for change in std::mem::take(&mut state.name_changes) {
            if keeps_all || state.below(2) == 0 {
                change.apply(&mut state.durable_names);
            }
        }
        match fault {
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn read_at(&self, file: &SimFile, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let state = self.whole()?;
        let inode = state
            .inodes
            .get(&file.inode)
            .ok_or(io::ErrorKind::NotFound)?;
        let rest = inode.cached.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, file: &SimFile, bytes: &[u8], at: u64) -> io::Result<usize> {
        let (mut state, fault) = self.begin()?;
        let count = match fault {
            None => bytes.len(),
            Some(Fault::Error(_)) => 0,
            Some(_) => state.below(bytes.len() as u64 + 1) as usize,
        };
        let inode = state.inodes.get_mut(&file.inode);
        inode
            .ok_or(io::ErrorKind::NotFound)?
            .write(&bytes[..count], at as usize);
        match fault {
            None => Ok(count),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    fn sync(&self, file: &SimFile) -> io::Result<()> {
        let (mut state, fault) = self.begin()?;
        if state.syncs_lie {
            return Ok(());
        }
        let mut inode = state.inodes.remove(&file.inode).unwrap_or_default();
        match fault {
            None => inode.sync(),
            // Nothing has happened yet, and what a crash leaves is drawn then.
            Some(Fault::Kill | Fault::PowerLoss) => {}
            Some(fault) if fault.is_interruption() => {}
            Some(_) => inode.settle(|below| state.below(below)),
        }
        state.inodes.insert(file.inode, inode);
        match fault {
            None => Ok(()),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    fn set_len(&self, file: &SimFile, len: u64) -> io::Result<()> {
        let mut state = self.whole()?;
        let inode = state.inodes.get_mut(&file.inode);
        inode.ok_or(io::ErrorKind::NotFound)?.set_len(len as usize);
        Ok(())
    }

    fn copy_rights(&self, _: &SimFile, _: &Stat) -> io::Result<()> {
        self.whole().map(drop)
    }

    fn lock(&self, file: &SimFile) -> io::Result<()> {
        match self.try_lock(file)? {
            true => Ok(()),
            false => Err(io::Error::other("one thread cannot wait for itself")),
        }
    }

    fn try_lock(&self, file: &SimFile) -> io::Result<bool> {
        let mut state = self.whole()?;
        let this = (file.opening, file.process);
        let holder = *state.locks.entry(file.inode).or_insert(this);
        Ok(holder == this)
    }

    fn unlock(&self, file: &SimFile) -> io::Result<()> {
        let mut state = self.whole()?;
        file.release(&mut state);
        Ok(())
    }

    fn remote(&self, _: &SimFile) -> io::Result<Option<&'static str>> {
        Ok(self.world.state().remote)
    }

    fn random(&self) -> [u8; 16] {
        let mut state = self.world.state();
        let mut bytes = [0; 16];
        bytes.fill_with(|| state.below(256) as u8);
        bytes
    }
}

impl SimFile {
    fn release(&self, state: &mut State) {
        if state.locks.get(&self.inode) == Some(&(self.opening, self.process)) {
            state.locks.remove(&self.inode);
        }
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let world = Arc::clone(&self.world);
        self.release(&mut world.state());
    }
}
