//! What one simulated process sees of the world.

use std::io;
use std::path::Path;
use std::sync::{Arc, MutexGuard};

use crate::file::io::{Io, Stat};
use crate::file::sim::files::NameChange;
use crate::file::sim::inode::Inode;
use crate::file::sim::{Fault, State, Without, World};

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
    pub(crate) const fn number(&self) -> u32 {
        self.process
    }

    /// What every call begins with. A call that is to stop half way gets a share to do before.
    fn begin(&self) -> io::Result<(MutexGuard<'_, State>, Option<Fault>)> {
        let (hook, witness) = {
            let mut state = self.world.state();
            state.expect_alive(self.process)?;
            let call = state.calls;
            (state.hooks.remove(&call), state.witness.clone())
        };
        if let Some(witness) = witness {
            witness(&self.world);
        }
        if let Some(hook) = hook {
            hook();
        }
        let mut state = self.world.state();
        state.expect_alive(self.process)?;
        let call = state.calls;
        state.calls += 1;
        let fault = state.faults.remove(&call);
        state.failed += u64::from(fault.is_some_and(Fault::is_failure));
        Ok((state, fault))
    }

    /// A call that is done whole or not at all; one that dies does either.
    fn whole(&self) -> io::Result<MutexGuard<'_, State>> {
        let (mut state, fault) = self.begin()?;
        match fault {
            None | Some(Fault::Short) => Ok(state),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    /// The same for a call that changes files or names.
    fn changing(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.whole()?;
        state.changes += 1;
        Ok(state)
    }

    fn die(&self, state: &mut State, fault: Fault) -> io::Error {
        state.dead.insert(self.process);
        state.lost_power |= fault == Fault::PowerLoss;
        let process = self.process;
        state.locks.retain(|_, (_, holder)| *holder != process);
        io::Error::other("died")
    }

    fn file(&self, state: &mut State, inode: u64) -> SimFile {
        *state.opened.entry(inode).or_default() += 1;
        SimFile {
            world: Arc::clone(&self.world),
            inode,
            opening: state.fresh(),
            process: self.process,
        }
    }
}

fn stat_of(state: &State, number: u64) -> io::Result<Stat> {
    let inode = state.files.inodes.get(&number);
    let inode = inode.ok_or(io::ErrorKind::NotFound)?;
    Ok(Stat {
        identity: (1, inode.identity),
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
        let inode = *state.files.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(&mut state, inode))
    }

    fn create(&self, path: &Path, _: u32) -> io::Result<SimFile> {
        let mut state = self.changing()?;
        if state.files.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = state.fresh();
        let inode = Inode::durable(state.free_identity(), &[]);
        state.files.inodes.insert(number, inode);
        state.files.names.insert(path.to_owned(), number);
        let change = NameChange::Put(path.to_owned(), number);
        state.files.name_changes.push(change);
        Ok(self.file(&mut state, number))
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        let state = self.whole()?;
        let inode = *state.files.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        stat_of(&state, inode)
    }

    fn stat(&self, file: &SimFile) -> io::Result<Stat> {
        stat_of(&*self.whole()?, file.inode)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.changing()?;
        if state.cannot_rename {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let files = &mut state.files;
        let inode = files.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.names.insert(to.to_owned(), inode);
        let change = NameChange::Rename(from.to_owned(), to.to_owned(), inode);
        files.name_changes.push(change);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.changing()?;
        let files = &mut state.files;
        files.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        files.name_changes.push(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let (mut state, fault) = self.begin()?;
        if state.leaves_out(Without::Syncs) || state.leaves_out(Without::DirectorySyncs) {
            return Ok(());
        }
        if fault.is_some_and(Fault::is_interruption) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if let Some(fault) = fault.filter(|fault| fault.is_deadly()) {
            return Err(self.die(&mut state, fault));
        }
        let fails = matches!(fault, Some(Fault::Error(_) | Fault::Partial(_)));
        let State { files, dice, .. } = &mut *state;
        files.sync_names(fails, |below| dice.below(below));
        state.changes += 1;
        match fault {
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn read_at(&self, file: &SimFile, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let (mut state, fault) = self.begin()?;
        match fault {
            None | Some(Fault::Short) => {}
            Some(Fault::Error(kind) | Fault::Partial(kind)) => return Err(kind.into()),
            Some(fault) => return Err(self.die(&mut state, fault)),
        }
        let inode = state.files.inodes.get(&file.inode);
        let inode = inode.ok_or(io::ErrorKind::NotFound)?;
        let rest = inode.cached.get(at as usize..).unwrap_or_default();
        let mut count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        if fault.is_some() && count > 1 {
            count = 1 + state.dice.below(count as u64 - 1) as usize;
        }
        Ok(count)
    }

    fn write_at(&self, file: &SimFile, bytes: &[u8], at: u64) -> io::Result<usize> {
        let (mut state, fault) = self.begin()?;
        let most = bytes.len() as u64;
        let count = match fault {
            None => bytes.len(),
            Some(Fault::Error(_)) => 0,
            Some(Fault::Short) => (1 + state.dice.below(most)).min(most) as usize,
            Some(_) => state.dice.below(most + 1) as usize,
        };
        state.changes += 1;
        state.written.insert((file.inode, self.process));
        state.cut.remove(&file.inode);
        let inode = state.files.inodes.get_mut(&file.inode);
        inode
            .ok_or(io::ErrorKind::NotFound)?
            .write(&bytes[..count], at as usize);
        match fault {
            None | Some(Fault::Short) => Ok(count),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    fn sync(&self, file: &SimFile) -> io::Result<()> {
        let (mut state, fault) = self.begin()?;
        let wrote = state.written.remove(&(file.inode, self.process));
        let cut = state.cut.remove(&file.inode);
        if state.leaves_out(Without::Syncs)
            || (!wrote && state.leaves_out(Without::ForeignSyncs))
            || (cut && state.leaves_out(Without::CutSyncs))
        {
            return Ok(());
        }
        state.changes += 1;
        let State { files, dice, .. } = &mut *state;
        let Some(inode) = files.inodes.get_mut(&file.inode) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match fault {
            None | Some(Fault::Short) => inode.sync(),
            // Nothing has happened yet, and what a crash leaves is drawn then.
            Some(fault) if fault.is_deadly() || fault.is_interruption() => {}
            Some(_) => inode.settle(|below| dice.below(below)),
        }
        match fault {
            None | Some(Fault::Short) => Ok(()),
            Some(Fault::Error(kind) | Fault::Partial(kind)) => Err(kind.into()),
            Some(fault) => Err(self.die(&mut state, fault)),
        }
    }

    fn set_len(&self, file: &SimFile, len: u64) -> io::Result<()> {
        let mut state = self.changing()?;
        state.written.insert((file.inode, self.process));
        state.cut.insert(file.inode);
        let inode = state.files.inodes.get_mut(&file.inode);
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
        if !state.leaves_out(Without::Randomness) {
            bytes.fill_with(|| state.dice.below(256) as u8);
        }
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
        let mut state = world.state();
        self.release(&mut state);
        if let Some(count) = state.opened.get_mut(&self.inode) {
            *count -= 1;
            if *count == 0 {
                state.opened.remove(&self.inode);
            }
        }
    }
}
