//! Processes that take turns, and what they tell the model.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use forebay_core::{Outcome, ResumeKey, StoreError};

use crate::error::CheckpointError;
use crate::file::engine::{Engine, Entered, Settings, read};
use crate::file::job::Job;
use crate::file::model::promise::Promise;
use crate::file::sim::{SimFile, SimIo, World};
use crate::file::table::{Known, Table};

pub(crate) const PATH: &str = "/store";

/// So short that files are replaced often.
const COMPACT_FROM: u64 = 400;

pub(crate) struct Process {
    pub(crate) io: Arc<SimIo>,
    pub(crate) engine: Engine<SimIo>,
    pub(crate) published: Arc<RwLock<Table>>,
    waits_for: Option<Arc<SimFile>>,
}

/// How a process gets in.
enum Way {
    In,
    Out,
    Nothing,
}

impl Process {
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let settings = Settings {
            compact_from: COMPACT_FROM,
            ahead_bytes: 1 << 10,
            ..Settings::default()
        };
        Self::start_with(world, settings)
    }

    pub(crate) fn start_with(world: &Arc<World>, settings: Settings) -> Self {
        let io = world.process();
        let published = Arc::new(RwLock::new(Table::default()));
        let engine = Engine::new(
            Arc::clone(&io),
            Arc::from(Path::new(PATH)),
            settings,
            Arc::clone(&published),
            Arc::default(),
        );
        Self {
            io,
            engine,
            published,
            waits_for: None,
        }
    }

    fn shown(&self) -> BTreeMap<ResumeKey, Known> {
        let table = read(&self.published);
        let known = table.iter();
        known.map(|(key, known)| (*key, known.clone())).collect()
    }

    /// Tries to get in; one that had to wait goes on with the file it waited for.
    fn enter(&mut self, create: bool) -> Result<Way, CheckpointError> {
        use crate::file::io::Io;
        if let Some(file) = self.waits_for.take() {
            match self.io.try_lock(&file) {
                Ok(true) => {
                    if self.engine.confirm()? {
                        return Ok(Way::In);
                    }
                }
                _ => {
                    self.waits_for = Some(file);
                    return Ok(Way::Out);
                }
            }
        }
        Ok(match self.engine.enter(create)? {
            Entered::Locked => Way::In,
            Entered::Busy(file) => {
                self.waits_for = Some(file);
                Way::Out
            }
            Entered::Nothing => Way::Nothing,
        })
    }

    /// Does `jobs`, if it gets in, and tells `promise` what came of them. With `sync`, it makes
    /// durable what was there before. Returns whether another process was in the way.
    pub(crate) fn turn(
        &mut self,
        world: &World,
        promise: &Mutex<Promise>,
        mut jobs: Vec<Job>,
        sync: bool,
    ) -> bool {
        let failed = world.failed();
        match self.enter(!jobs.is_empty()) {
            Ok(Way::In) => {}
            Ok(Way::Out) => return true,
            Ok(Way::Nothing) => {
                self.engine.publish_nothing();
                let mut promise = promise.lock().unwrap();
                promise.observe(&read(&self.published), false);
                return false;
            }
            Err(error) => {
                self.engine.leave();
                let excused = world.failed() > failed;
                let sure = error.outcome() == Outcome::NotCommitted;
                let holds = world.is_dead(&self.io) || (excused && sure);
                let mut promise = promise.lock().unwrap();
                promise.expect(holds, || format!("could not enter: {error:?}"));
                return false;
            }
        }
        let number = self.io.number();
        promise.lock().unwrap().begin(number, &jobs);
        let before = self.shown();
        let worked = self.engine.work(&mut jobs, sync);
        let mut promise = promise.lock().unwrap();
        if world.is_dead(&self.io) {
            for job in &mut jobs {
                job.result = None;
            }
            promise.end(number, &jobs, false);
            return false;
        }
        let kept = |job: &Job| job.durable && matches!(job.result, Some(Ok(_)));
        let synced = jobs.iter().any(kept) || (worked.is_ok() && sync);
        promise.end(number, &jobs, synced);
        match worked {
            Ok(()) => promise.observe(&read(&self.published), synced),
            Err(error) => {
                // Where a file cannot be replaced, a crash in its first commit leaves zeros, which
                // are never taken for an empty store.
                let begun = world.forbids_renames() && promise.may_be_empty();
                let zeros = begun && matches!(error, CheckpointError::NotAStore { .. });
                // Nor can two failures be made up for there: that takes another file.
                let stuck = world.forbids_renames() && world.failed() > 1;
                let excused = zeros || stuck || world.failed() > failed;
                promise.expect(excused, || format!("fails for nothing: {error:?}"));
                let same = self.shown() == before;
                promise.expect(same, || format!("shows more, but: {error:?}"));
            }
        }
        drop(promise);
        if self.engine.needs_tending() {
            self.engine.tend();
        }
        self.engine.leave();
        false
    }
}

/// Lets a process take a turn, unless it is in the middle of one.
pub(crate) fn turn(
    world: &World,
    process: &Mutex<Process>,
    promise: &Mutex<Promise>,
    jobs: Vec<Job>,
    sync: bool,
) {
    if let Ok(mut process) = process.try_lock() {
        process.turn(world, promise, jobs, sync);
    }
}
