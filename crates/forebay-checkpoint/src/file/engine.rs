//! The commit engine: one file, driven step by step by whoever owns it, without threads.
//!
//! Whoever drives it calls [`enter`](Engine::enter) until the lock is there, [`work`](Engine::work)
//! with what is to be done, [`tend`](Engine::tend) when that has been answered and there is
//! something to tend, and [`leave`](Engine::leave).
//!
//! What holds is, from the top: what this step changes, what others have appended, the table of a
//! file that took the place of another, the published table. Everything but the last is seen by
//! nobody else, and becomes it once it is durable.

mod append;
mod chain;
mod enter;
mod import;
mod refresh;
mod replace;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::task::Waker;

use forebay_core::{LogId, Outcome, ResumeKey};

use crate::error::CheckpointError;
use crate::file::counters::Counters;
use crate::file::decide::Refusal;
use crate::file::engine::chain::Chain;
pub(crate) use crate::file::engine::chain::{MARK_BYTES, Mark};
pub(crate) use crate::file::engine::enter::Entered;
pub(crate) use crate::file::engine::import::JSON_FIRST;
use crate::file::engine::import::OlderLock;
use crate::file::io::{Identity, Io, Stat, retried};
use crate::file::job::Job;
use crate::file::observe;
use crate::file::stats::Salvage;
use crate::file::table::{Change, Known, Staged, Table};
use crate::watch::Watchers;

/// What the user can choose about a file.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The mode of a file that is created.
    pub(crate) mode: u32,
    /// The length from which a file may be replaced.
    pub(crate) compact_from: u64,
    /// So many zeros are written ahead at a time.
    pub(crate) ahead_bytes: usize,
    /// Whether a file may be on a file system that is not local.
    pub(crate) remote: bool,
    /// Whether a damaged file is replaced by what can be read of it.
    pub(crate) salvage: bool,
    /// The log of the positions in a file of an older client, where it is to be taken over.
    pub(crate) import: Option<LogId>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: 0o600,
            compact_from: 256 << 10,
            ahead_bytes: 64 << 10,
            remote: false,
            salvage: false,
            import: None,
        }
    }
}

pub(crate) struct Engine<I: Io> {
    io: Arc<I>,
    path: Arc<Path>,
    settings: Settings,
    published: Arc<RwLock<Table>>,
    watchers: Arc<Watchers>,
    /// Who waits for what was published, and is to be woken without the lock.
    woken: Vec<Waker>,
    open: Option<Open<I::File>>,
    older: OlderLock<I::File>,
    base: Option<Table>,
    foreign: Staged,
    own: Staged,
    /// Whether what was written last may be lost, or found, after a crash, whatever a sync says.
    /// Nothing is committed before the file was replaced.
    suspect: bool,
    /// Tells blocks of equal records apart; another one for each writer and after each failure.
    nonce: u32,
    /// The length from which replacing is tried again, where it was not possible. Zero as long as
    /// nobody was told that it is not.
    replace_from: u64,
    counters: Counters,
    /// What came of the last damage.
    salvaged: Option<Arc<Salvage>>,
    buffer: Vec<u8>,
}

/// The file that the path named when it was last looked at.
struct Open<F> {
    file: Arc<F>,
    /// As it was when the lock was taken.
    stat: Stat,
    /// Nothing is in an empty file.
    chain: Option<Chain>,
    /// Whether its name is durable, as far as is known here: whoever gave it may have died before
    /// that.
    named: bool,
}

impl<I: Io> Engine<I> {
    pub(crate) fn new(
        io: Arc<I>,
        path: Arc<Path>,
        settings: Settings,
        published: Arc<RwLock<Table>>,
        watchers: Arc<Watchers>,
    ) -> Self {
        let nonce = nonce(&*io);
        Self {
            io,
            path,
            settings,
            published,
            watchers,
            woken: Vec::new(),
            open: None,
            older: OlderLock::None,
            base: None,
            foreign: Staged::default(),
            own: Staged::default(),
            suspect: false,
            nonce,
            replace_from: 0,
            counters: Counters::default(),
            salvaged: None,
            buffer: Vec::new(),
        }
    }

    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) const fn salvaged(&self) -> Option<&Arc<Salvage>> {
        self.salvaged.as_ref()
    }

    /// Returns the file, its tail, and what stands before that: as long as it does, and nothing
    /// behind it, nothing new was committed.
    pub(crate) fn tail(&self) -> Option<(Arc<I::File>, u64, Mark)> {
        let open = self.open.as_ref()?;
        let chain = open.chain.as_ref()?;
        Some((Arc::clone(&open.file), chain.place.tail, chain.mark))
    }

    /// Returns the file that the path named when it was last looked at, and which file that is.
    pub(crate) fn file(&self) -> Option<(Arc<I::File>, Identity)> {
        let open = self.open.as_ref()?;
        Some((Arc::clone(&open.file), open.stat.identity))
    }

    /// Whether something was written, or read, that is not known to be durable.
    pub(crate) fn is_unsynced(&self) -> bool {
        let chain = self.open.as_ref().and_then(|open| open.chain.as_ref());
        self.suspect || chain.is_some_and(|chain| chain.durable < chain.place.tail)
    }

    /// Does all of `jobs`, under the lock; afterwards each has its result, and what holds is
    /// published. With `sync`, what was published before is durable as well. An error is one of all
    /// of them: those that only some have are in their results.
    pub(crate) fn work(&mut self, jobs: &mut [Job], sync: bool) -> Result<(), CheckpointError> {
        let must_sync = sync || jobs.iter().any(|job| job.durable);
        let ready = self
            .refresh()
            .and_then(|()| self.recover())
            .and_then(|()| if must_sync { self.sync_name() } else { Ok(()) });
        if let Err(error) = ready {
            fail(jobs, &error, |_| true);
            self.counters.count(jobs);
            return Err(error);
        }
        for job in &mut *jobs {
            self.decide(job);
        }
        let written = if self.own.is_empty() {
            Ok(())
        } else {
            self.append_own(must_sync)
        };
        if let Err(error) = &written {
            fail(jobs, error, |job| job.depends);
        }
        let result = match written {
            Err(error) if self.suspect => Err(error),
            // What others wrote may not be durable either, and the answers build on it.
            _ if must_sync => self.sync(),
            _ => Ok(()),
        };
        if let Err(error) = &result {
            fail(jobs, error, |_| true);
        }
        self.counters.count(jobs);
        if !self.suspect {
            self.publish();
        }
        result
    }

    /// Gives back the lock.
    pub(crate) fn leave(&mut self) {
        self.give_back();
        self.leave_older();
    }

    /// Gives back the lock on the open file.
    fn give_back(&self) {
        if let Some(open) = &self.open {
            // There is nothing to be done if it fails; the lock ends with the file at the latest.
            let _ = retried(|| self.io.unlock(&open.file));
        }
    }

    fn decide(&mut self, job: &mut Job) {
        let mut answers = Vec::with_capacity(job.wishes.len());
        for wish in &job.wishes {
            let now = match self.own.get(&wish.key) {
                Some(known) => {
                    job.depends = true;
                    known.clone()
                }
                None => self.known(&wish.key),
            };
            match wish.decide(&now) {
                Ok(decision) => {
                    if let Some(known) = decision.known {
                        job.depends = true;
                        self.own.put(Change {
                            key: wish.key,
                            state_changed: known.state != now.state,
                            label_changed: known.label != now.label,
                            known,
                        });
                    }
                    answers.push(decision.answer);
                }
                Err(refusal) => {
                    self.own.roll_back();
                    job.result = Some(Err(refused(wish.key, refusal)));
                    return;
                }
            }
        }
        self.own.settle();
        job.result = Some(Ok(answers));
    }

    /// What holds but for this step's own changes.
    fn known(&self, key: &ResumeKey) -> Known {
        if let Some(known) = self.foreign.get(key) {
            return known.clone();
        }
        match &self.base {
            Some(base) => base.get(key),
            None => read(&self.published).get(key),
        }
    }

    fn publish(&mut self) {
        if self.base.is_none() && self.foreign.is_empty() && self.own.is_empty() {
            return;
        }
        let mut published = write(&self.published);
        let before = self.base.take().map(|mut base| {
            std::mem::swap(&mut *published, &mut base);
            base
        });
        if let Some(before) = &before {
            for key in self.watchers.keys() {
                let now = published.value(&key);
                if now != before.value(&key) {
                    self.watchers.publish(&key, now, &mut self.woken);
                }
            }
        }
        for staged in [&mut self.foreign, &mut self.own] {
            for change in staged.changes() {
                let (key, value) = (&change.key, change.known.state.value.as_ref());
                if published.value(key) != value {
                    self.watchers.publish(key, value, &mut self.woken);
                }
            }
            staged.publish(&mut published);
        }
        drop(published);
        drop(before);
    }

    /// Returns who is to be woken since something was published.
    pub(crate) fn take_woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    fn io_error(&self, doing: &'static str, source: io::Error) -> CheckpointError {
        self.failed(doing, source, Outcome::NotCommitted)
    }

    fn failed(&self, doing: &'static str, source: io::Error, outcome: Outcome) -> CheckpointError {
        CheckpointError::Io {
            doing,
            path: Arc::clone(&self.path),
            source: Arc::new(source),
            outcome,
        }
    }

    fn corrupt(&self, offset: u64) -> CheckpointError {
        observe::damaged(&self.path, offset);
        CheckpointError::Corrupt {
            path: Arc::clone(&self.path),
            offset,
        }
    }
}

fn fail(jobs: &mut [Job], error: &CheckpointError, whom: impl Fn(&Job) -> bool) {
    for job in jobs.iter_mut().filter(|job| whom(job)) {
        job.result = Some(Err(error.clone()));
    }
}

fn refused(key: ResumeKey, refusal: Refusal) -> CheckpointError {
    match refusal {
        Refusal::OtherLog(stored) => CheckpointError::OtherLog { key, stored },
        Refusal::Fenced(epoch) => CheckpointError::Fenced { epoch },
    }
}

fn nonce(io: &impl Io) -> u32 {
    let [a, b, c, d, ..] = io.random();
    u32::from_le_bytes([a, b, c, d])
}

/// A reader that panics leaves the table as it is.
pub(crate) fn read(table: &RwLock<Table>) -> std::sync::RwLockReadGuard<'_, Table> {
    table
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write(table: &RwLock<Table>) -> std::sync::RwLockWriteGuard<'_, Table> {
    table
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
