//! Getting the lock on the file that the path names.

use std::io;
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::import::OlderLock;
use crate::file::engine::{Engine, Open};
use crate::file::io::{Io, Stat, retried};
use crate::file::observe;
use crate::file::table::Table;

/// What came of trying to get in.
pub(crate) enum Entered<F> {
    /// The lock is held, and the file is the one at the path.
    Locked,
    /// Somebody else has a lock that is needed. Wait for it on this file, then [`Engine::confirm`].
    Busy(Arc<F>),
    /// There is no file.
    Nothing,
}

impl<I: Io> Engine<I> {
    /// Tries to get the lock; creates the file, where it is not there, only with `create`.
    pub(crate) fn enter(&mut self, create: bool) -> Result<Entered<I::File>, CheckpointError> {
        if let OlderLock::Awaited(_) = self.older {
            // The wait for it has failed.
            self.older = OlderLock::None;
        }
        let entered = self.get_in(create);
        if !matches!(entered, Ok(Entered::Locked | Entered::Busy(_))) {
            self.leave();
        }
        entered
    }

    fn get_in(&mut self, create: bool) -> Result<Entered<I::File>, CheckpointError> {
        loop {
            if self.open.is_none() && !self.open(create)? {
                self.forget();
                return Ok(Entered::Nothing);
            }
            let Some(open) = &self.open else { continue };
            match retried(|| self.io.try_lock(&open.file)) {
                Ok(true) => {
                    if !self.confirm()? {
                        continue;
                    }
                    if self.has_older_lock() || !self.is_json()? {
                        return Ok(Entered::Locked);
                    }
                    if let Some(busy) = self.lock_older()? {
                        return Ok(busy);
                    }
                }
                Ok(false) => return Ok(Entered::Busy(Arc::clone(&open.file))),
                Err(error) => return Err(self.io_error("lock", error)),
            }
        }
    }

    /// Looks, with the lock on the open file, whether it is still the one at the path; if it is
    /// not, gives it back, and [`enter`](Self::enter) goes on with the other.
    pub(crate) fn confirm(&mut self) -> Result<bool, CheckpointError> {
        if let OlderLock::Awaited(_) = self.older {
            return self.confirm_older().map(|()| false);
        }
        let mut found = self.look_up()?;
        if found.is_some_and(|stat| stat.links == 0) {
            // It may have been replaced while it was looked up; a mount point goes on naming what is
            // nowhere else.
            found = self.look_up()?;
        }
        if found.is_some_and(|stat| stat.links == 0) {
            self.leave();
            let path = Arc::clone(&self.path);
            return Err(CheckpointError::Replaced { path });
        }
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        match found {
            Some(stat) if stat.identity == open.stat.identity => {
                open.stat = stat;
                Ok(true)
            }
            _ => {
                observe::moved(&self.path);
                self.give_back();
                self.open = None;
                Ok(false)
            }
        }
    }

    fn look_up(&mut self) -> Result<Option<Stat>, CheckpointError> {
        match retried(|| self.io.stat_path(&self.path)) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                self.leave();
                Err(self.io_error("look up", error))
            }
        }
    }

    fn open(&mut self, create: bool) -> Result<bool, CheckpointError> {
        loop {
            match retried(|| self.io.stat_path(&self.path)) {
                Ok(stat) if !stat.is_file => {
                    let path = Arc::clone(&self.path);
                    return Err(CheckpointError::NotAFile { path });
                }
                Ok(_) => match retried(|| self.io.open(&self.path)) {
                    Ok(file) => return self.opened(file).map(|()| true),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(self.io_error("open", error)),
                },
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.io_error("open", error));
                }
                Err(_) if !create => return Ok(false),
                Err(_) => match retried(|| self.io.create(&self.path, self.settings.mode)) {
                    Ok(file) => return self.opened(file).map(|()| true),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(self.io_error("create", error)),
                },
            }
        }
    }

    fn opened(&mut self, file: I::File) -> Result<(), CheckpointError> {
        let stat = retried(|| self.io.stat(&file)).map_err(|error| self.io_error("open", error))?;
        if !self.settings.remote {
            let remote = retried(|| self.io.remote(&file));
            if let Some(filesystem) = remote.map_err(|error| self.io_error("open", error))? {
                let path = Arc::clone(&self.path);
                return Err(CheckpointError::NotLocal { path, filesystem });
            }
        }
        if stat.links > 1 {
            observe::has_several_names(&self.path, stat.links);
        }
        self.forget();
        self.open = Some(Open {
            file: Arc::new(file),
            stat,
            chain: None,
            named: false,
        });
        Ok(())
    }

    /// What another file held says nothing of the one at the path.
    fn forget(&mut self) {
        self.foreign.clear();
        self.base = Some(Table::default());
        self.suspect = false;
        self.replace_from = 0;
    }

    /// Publishes that there is no file.
    pub(crate) fn publish_nothing(&mut self) {
        self.publish();
    }
}
