//! What one step answers where something of it goes wrong, over a file system that fails.

use std::path::Path;
use std::sync::{Arc, RwLock};

use forebay_core::{Checkpoint, Cursor, LogId, Outcome, ResumeKey, Sequence, StoreError};

use crate::error::CheckpointError;
use crate::file::decide::{What, Wish};
use crate::file::engine::{Engine, Entered, Settings, read};
use crate::file::io::{Io, write_all};
use crate::file::job::Job;
use crate::file::sim::{Fault, SimIo, World};
use crate::file::table::Table;

const PATH: &str = "/store";
const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([8; 32]);

struct Store {
    io: Arc<SimIo>,
    engine: Engine<SimIo>,
    published: Arc<RwLock<Table>>,
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

fn commit(key: ResumeKey, sequence: u64) -> Job {
    let what = What::Commit(at(sequence));
    Job::new(
        vec![Wish {
            key,
            what,
            claim: None,
        }],
        true,
    )
}

impl Store {
    fn open(world: &Arc<World>, salvage: bool) -> Self {
        let io = world.process();
        let published = Arc::default();
        let settings = Settings {
            salvage,
            ..Settings::default()
        };
        let path = Arc::from(Path::new(PATH));
        let engine = Engine::new(
            Arc::clone(&io),
            path,
            settings,
            Arc::clone(&published),
            Arc::default(),
        );
        Self {
            io,
            engine,
            published,
        }
    }

    fn step(&mut self, jobs: &mut [Job], sync: bool) -> Result<(), CheckpointError> {
        assert!(matches!(self.engine.enter(true)?, Entered::Locked));
        let worked = self.engine.work(jobs, sync);
        self.engine.leave();
        worked
    }

    fn value(&self, key: &ResumeKey) -> Option<Checkpoint> {
        read(&self.published).value(key).cloned()
    }

    /// Has the call fail that is so many after the lock.
    fn fails(&mut self, world: &World, jobs: &mut [Job], call: u64) -> Result<(), CheckpointError> {
        assert!(matches!(self.engine.enter(true)?, Entered::Locked));
        let fault = Fault::Error(std::io::ErrorKind::Other);
        world.fail(world.calls() + call, fault);
        let worked = self.engine.work(jobs, true);
        self.engine.leave();
        worked
    }
}

#[test]
fn a_flush_beside_a_write_that_was_made_up_for_succeeds() {
    // After two looks at the tail come the write and the sync.
    for call in [2, 3] {
        let world = World::new(1);
        let mut store = Store::open(&world, false);
        store.step(&mut [commit(KEY, 1)], true).unwrap();
        let mut jobs = [commit(KEY, 2), commit(KEY, 1)];
        let flushed = store.fails(&world, &mut jobs, call);
        assert!(flushed.is_ok(), "{call}: {flushed:?}");
        let [failed, unchanged] = jobs.map(|job| job.result.unwrap());
        let outcome = failed.unwrap_err().outcome();
        assert_eq!(outcome, Outcome::NotCommitted, "{call}");
        // It was decided after the one that failed.
        assert!(unchanged.is_err(), "{call}");
        assert_eq!(store.value(&KEY), Some(at(1)));
        assert_eq!(store.engine.counters().healed, 1);
    }
}

#[test]
fn a_mount_point_heals_where_it_stands() {
    let world = World::new(1);
    drop(world.process().create(Path::new(PATH), 0o600).unwrap());
    world.process().sync_directory(Path::new(PATH)).unwrap();
    world.forbid_renames();
    let mut store = Store::open(&world, false);
    store.step(&mut [commit(KEY, 1)], true).unwrap();
    let mut jobs = [commit(KEY, 2)];
    assert!(store.fails(&world, &mut jobs, 3).is_ok());
    let [failed] = jobs.map(|job| job.result.unwrap());
    assert_eq!(failed.unwrap_err().outcome(), Outcome::NotCommitted);
    let mut jobs = [commit(KEY, 3)];
    store.step(&mut jobs, true).unwrap();
    assert!(jobs[0].result.as_ref().unwrap().is_ok());
    world.restart();
    let mut store = Store::open(&world, false);
    store.step(&mut [], true).unwrap();
    assert_eq!(store.value(&KEY), Some(at(3)));
}

#[test]
fn a_file_that_is_overwritten_under_a_live_store_is_damaged() {
    for salvage in [false, true] {
        let world = World::new(1);
        let mut store = Store::open(&world, salvage);
        store.step(&mut [commit(KEY, 1)], true).unwrap();
        let file = store.io.open(Path::new(PATH)).unwrap();
        let len = store.io.stat(&file).unwrap().len;
        write_all(&*store.io, &file, &vec![0; len as usize], 0).unwrap();
        let mut jobs = [commit(OTHER_KEY, 5)];
        let worked = store.step(&mut jobs, true);
        if !salvage {
            assert!(matches!(worked, Err(CheckpointError::Corrupt { .. })));
            continue;
        }
        worked.unwrap();
        let mut store = Store::open(&world, false);
        store.step(&mut [], true).unwrap();
        assert_eq!(store.value(&KEY), Some(at(1)));
        assert_eq!(store.value(&OTHER_KEY), Some(at(5)));
    }
}
