use std::path::Path;
use std::time::Duration;

use forebay_checkpoint::{FileReader, FileStore, Options};

use crate::failure::Failure;

/// What holds for a command whatever it does.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) json: bool,
    pub(crate) lock_timeout: Duration,
    options: Options,
}

/// Whether a command begins a file that is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Create {
    Never,
    /// It can, and was asked to, or was not.
    OnRequest(bool),
}

impl Session {
    pub(crate) fn new(json: bool, lock_timeout: Duration, allow_remote: bool) -> Self {
        let options = FileStore::options()
            .lock_timeout(Some(lock_timeout))
            .allow_remote(allow_remote);
        Self {
            json,
            lock_timeout,
            options,
        }
    }

    /// Opens a file to look at it.
    pub(crate) fn read(&self, file: &Path) -> Result<FileReader, Failure> {
        Ok(FileReader::open(file)?)
    }

    /// Opens a file to change it. One that is not there is a path that is spelt wrong, as far as is
    /// known here, unless it is to be created.
    pub(crate) fn open(&self, file: &Path, create: Create) -> Result<FileStore, Failure> {
        let exists = file.try_exists();
        let exists = exists.map_err(|error| Failure::io("open", file, error))?;
        match create {
            Create::Never if !exists => Err(Failure::missing(file)),
            Create::OnRequest(false) if !exists => Err(Failure::not_created(file)),
            _ => Ok(self.options().open(file)?),
        }
    }

    pub(crate) fn options(&self) -> Options {
        self.options.clone()
    }
}
